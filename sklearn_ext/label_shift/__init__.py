"""Classes of unlabelled rows from several domains whose mix of classes differs."""

from sklearn_ext._core._lazy import attach

_TABLE = {
    "LatentLabelShift": "_latent_label_shift",
    "class_prior_error": "_metrics",
    "clustering_accuracy": "_metrics",
    "make_latent_label_shift": "_generate",
}

__getattr__, __dir__, __all__ = attach(__name__, _TABLE)

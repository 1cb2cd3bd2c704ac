"""Labels with a distance: predict some that nobody has annotated."""

from sklearn_ext._core._lazy import attach

_TABLE = {
    "LokiClassifier": "_loki",
    "frechet_predict": "_frechet",
    "label_locus": "_locus",
    "make_label_distance_scorer": "_metrics",
    "mean_label_distance": "_metrics",
    "minimum_locus_cover": "_locus",
    "next_classes": "_annotation",
}

__getattr__, __dir__, __all__ = attach(__name__, _TABLE)

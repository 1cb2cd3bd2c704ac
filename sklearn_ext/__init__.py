"""Strong ideas from recent classification papers as scikit-learn estimators."""

from sklearn_ext._core._lazy import attach
from sklearn_ext._version import __version__

_TABLE = {
    "AnyLoss": "losses",
    "AnyLossClassifier": "heads",
    "AnyLossClassifierCV": "heads",
    "ClassSeparability": "separability",
    "CombinedLoss": "losses",
    "DiceLoss": "losses",
    "DiceLossClassifier": "heads",
    "FocalLoss": "losses",
    "FoldSE": "rules",
    "LatentLabelShift": "label_shift",
    "Lbl2Vec": "text",
    "Lbl2VecDisplay": "text",
    "LokiClassifier": "label_space",
    "NaiveBayesProbe": "probes",
    "ProbeLearningCurveDisplay": "probes",
    "ScoreOrientedLoss": "losses",
    "SeparabilityDisplay": "separability",
    "SeparabilityStopping": "separability",
    "ThermometerEncoder": "tsetlin",
    "TorchLossClassifier": "heads",
    "TsetlinMachineClassifier": "tsetlin",
    "TverskyLoss": "losses",
    "class_prior_error": "label_shift",
    "class_separability_score": "separability",
    "clustering_accuracy": "label_shift",
    "dice_loss": "losses",
    "fisher_discriminant_ratio": "separability",
    "focal_loss": "losses",
    "frechet_predict": "label_space",
    "label_locus": "label_space",
    "make_label_distance_scorer": "label_space",
    "make_latent_label_shift": "label_shift",
    "make_separability_scorer": "separability",
    "mean_label_distance": "label_space",
    "metric_loss": "losses",
    "minimum_locus_cover": "label_space",
    "next_classes": "label_space",
    "probe_learning_curve": "probes",
    "score_oriented_loss": "losses",
    "show_versions": "_core._show_versions",
    "soft_confusion_matrix": "losses",
    "thornton_index": "separability",
    "tversky_loss": "losses",
    "warm_up": "_core._warm_up",
}

__getattr__, __dir__, __all__ = attach(__name__, _TABLE)
__all__ += ["__version__"]

"""Strong ideas from recent classification papers as scikit-learn estimators."""

from sklearn_ext._core._lazy import attach
from sklearn_ext._version import __version__

_TABLE = {
    "AnyLoss": "losses",
    "AnyLossClassifier": "heads",
    "AnyLossClassifierCV": "heads",
    "CombinedLoss": "losses",
    "DiceLoss": "losses",
    "DiceLossClassifier": "heads",
    "FocalLoss": "losses",
    "FoldSE": "rules",
    "NaiveBayesProbe": "probes",
    "ProbeLearningCurveDisplay": "probes",
    "ScoreOrientedLoss": "losses",
    "ThermometerEncoder": "tsetlin",
    "TorchLossClassifier": "heads",
    "TsetlinMachineClassifier": "tsetlin",
    "TverskyLoss": "losses",
    "dice_loss": "losses",
    "focal_loss": "losses",
    "metric_loss": "losses",
    "probe_learning_curve": "probes",
    "score_oriented_loss": "losses",
    "show_versions": "_core._show_versions",
    "soft_confusion_matrix": "losses",
    "tversky_loss": "losses",
    "warm_up": "_core._warm_up",
}

__getattr__, __dir__, __all__ = attach(__name__, _TABLE)
__all__ += ["__version__"]

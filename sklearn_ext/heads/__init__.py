"""Classifiers trained on the metric that they are judged by."""

from sklearn_ext._core._lazy import attach

_TABLE = {
    "AnyLossClassifier": "_any_loss",
    "AnyLossClassifierCV": "_any_loss_cv",
    "DiceLossClassifier": "_dice_loss",
    "TorchLossClassifier": "_torch_loss",
}

__getattr__, __dir__, __all__ = attach(__name__, _TABLE)

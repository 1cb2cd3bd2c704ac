"""Classification metrics and set overlaps as differentiable losses for PyTorch."""

from sklearn_ext._core._lazy import attach

_TABLE = {
    "AnyLoss": "_any_loss",
    "CombinedLoss": "_combined",
    "DiceLoss": "_dice",
    "FocalLoss": "_focal",
    "ScoreOrientedLoss": "_any_loss",
    "TverskyLoss": "_dice",
    "dice_loss": "_dice",
    "focal_loss": "_focal",
    "metric_loss": "_any_loss",
    "score_oriented_loss": "_any_loss",
    "soft_confusion_matrix": "_any_loss",
    "tversky_loss": "_dice",
}

__getattr__, __dir__, __all__ = attach(__name__, _TABLE)

"""Classification metrics and set overlaps as differentiable losses for PyTorch."""

from sklearn_ext._core._lazy import attach

_TABLE = {
    "AnyLoss": "_any_loss",
    "CombinedLoss": "_combined",
    "DiceLoss": "_dice",
    "FocalLoss": "_focal",
    "ScoreOrientedLoss": "_score_oriented",
    "TverskyLoss": "_tversky",
    "dice_loss": "_dice",
    "focal_loss": "_focal",
    "metric_loss": "_any_loss",
    "score_oriented_loss": "_score_oriented",
    "soft_confusion_matrix": "_confusion",
    "tversky_loss": "_tversky",
}

__getattr__, __dir__, __all__ = attach(__name__, _TABLE)

from ._any_loss import (
    AnyLoss,
    ScoreOrientedLoss,
    metric_loss,
    score_oriented_loss,
    soft_confusion_matrix,
)
from ._combined import CombinedLoss
from ._dice import DiceLoss, TverskyLoss, dice_loss, tversky_loss
from ._focal import FocalLoss, focal_loss

__all__ = [
    "AnyLoss",
    "CombinedLoss",
    "DiceLoss",
    "FocalLoss",
    "ScoreOrientedLoss",
    "TverskyLoss",
    "dice_loss",
    "focal_loss",
    "metric_loss",
    "score_oriented_loss",
    "soft_confusion_matrix",
    "tversky_loss",
]

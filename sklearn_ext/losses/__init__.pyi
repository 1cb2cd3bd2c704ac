from ._any_loss import AnyLoss, metric_loss
from ._combined import CombinedLoss
from ._confusion import soft_confusion_matrix
from ._dice import DiceLoss, dice_loss
from ._focal import FocalLoss, focal_loss
from ._score_oriented import ScoreOrientedLoss, score_oriented_loss
from ._tversky import TverskyLoss, tversky_loss

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

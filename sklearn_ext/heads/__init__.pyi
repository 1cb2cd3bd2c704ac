from ._any_loss import AnyLossClassifier
from ._any_loss_cv import AnyLossClassifierCV
from ._dice_loss import DiceLossClassifier
from ._torch_loss import TorchLossClassifier

__all__ = [
    "AnyLossClassifier",
    "AnyLossClassifierCV",
    "DiceLossClassifier",
    "TorchLossClassifier",
]

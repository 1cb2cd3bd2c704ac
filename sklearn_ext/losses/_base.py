"""What all losses share: the forward pass, class weights, a readable repr."""

import inspect
from contextlib import nullcontext
from numbers import Integral, Real
from typing import TYPE_CHECKING

from sklearn_ext._core._optional import import_optional

from ._targets import MODES, canonical

if TYPE_CHECKING:
    import torch
else:
    torch = import_optional("torch", extra="torch", purpose="sklearn_ext.losses")

__all__ = [
    "Loss",
    "check_amplification",
    "check_at_least",
    "full_precision",
    "one_hot",
]


def check_at_least(low, strict=False, **parameters):
    """Raise unless each parameter is a finite number >= `low`, or > `low` if strict."""
    for name, value in parameters.items():
        bound = f"{'greater than' if strict else 'at least'} {low}"
        if isinstance(value, bool) or not isinstance(value, Real):
            raise TypeError(f"{name} must be a number {bound}, got {value!r}.")
        if not low <= value < float("inf") or (strict and value == low):
            raise ValueError(f"{name} must be finite and {bound}, got {value!r}.")


def check_amplification(amplification):
    """Raise unless the amplification is a number > 0, "auto" or None."""
    if isinstance(amplification, str):
        if amplification != "auto":
            raise ValueError(
                "amplification must be a number greater than 0, 'auto' or None, got "
                f"{amplification!r}."
            )
    elif amplification is not None:
        check_at_least(0, strict=True, amplification=amplification)


def one_hot(target, like):
    """Return targets as shares of the classes, in the shape and dtype of logits."""
    if target.dim() == like.dim():
        return target
    return torch.zeros_like(like).scatter_(1, target[:, None], 1)


def full_precision(tensor):
    """Return a context in which autocast does not touch sums over a batch."""
    device = tensor.device.type
    if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        return torch.autocast(device, enabled=False)
    return nullcontext()


def _same(value, default):
    """Whether a parameter is at its default, which is never an array."""
    return value is default or (type(value) is type(default) and value == default)


class Loss(torch.nn.Module):
    """A loss of a batch.

    `forward` checks and flattens; `_loss` computes, from tensors in the form that
    `canonical` gives them, for callers that have checked once.
    """

    def __init__(self, mode, class_weight, ignore_index):
        super().__init__()
        if mode not in MODES:
            raise ValueError(f"mode must be one of {list(MODES)}, got {mode!r}.")
        if isinstance(ignore_index, bool) or not isinstance(ignore_index, Integral):
            raise TypeError(f"ignore_index must be an int, got {ignore_index!r}.")
        self.mode = mode
        self.ignore_index = ignore_index
        self.class_weight = class_weight
        if class_weight is not None:
            weights = torch.as_tensor(class_weight, dtype=torch.float64)
            if weights.dim() != 1 or not ((weights >= 0) & weights.isfinite()).all():
                raise ValueError(
                    "class_weight must be one finite number >= 0 per class, got "
                    f"{class_weight!r}."
                )

    def forward(self, input, target, sample_weight=None):
        """Return the loss of a batch, a scalar.

        Parameters
        ----------
        input : tensor of shape (B,), (B, 1), (B, C) or (B, C, ...)
            Logits. Trailing dimensions are flattened into the batch.
        target : tensor of shape (B,), (B, ...) or that of `input`
            Class indices, 0 and 1, or one-hot or soft targets. Rows, or labels, with
            `ignore_index` do not count.
        sample_weight : tensor or array-like of shape (B,) or (B, ...), default=None
            Weights of rows; weight k is k repetitions and weight 0 none. None is ones.

        Returns
        -------
        loss : tensor of shape ()
            0, with zero gradient, for a batch without rows that count.
        """
        _, logits, target, weight = canonical(
            input, target, sample_weight, self.mode, self.ignore_index
        )
        if not len(logits):
            return logits.sum()
        with full_precision(logits):
            return self._loss(logits, target, weight)

    def _loss(self, logits, target, weight):
        """Return the loss of canonical tensors."""
        if logits.dim() == 1:
            return self._binary(logits, *self._weigh(logits, target, 2, weight))
        if self.mode == "multilabel":
            return self._multilabel(logits, target, weight)
        weighed = self._weigh(logits, target, logits.shape[1], weight)
        return self._multiclass(logits, *weighed)

    def _class_weight(self, logits, n_classes):
        """Return the weights of classes, or of labels, as a tensor or None."""
        if self.class_weight is None:
            return None
        if len(self.class_weight) != n_classes:
            raise ValueError(
                f"class_weight must have {n_classes} numbers for this input, got "
                f"{len(self.class_weight)}."
            )
        return torch.as_tensor(
            self.class_weight, dtype=logits.dtype, device=logits.device
        )

    def _weigh(self, logits, target, n_classes, weight):
        """Multiply the weights of rows by those of their classes.

        A soft target is as good as a row for each of its shares.
        """
        class_weight = self._class_weight(logits, n_classes)
        if class_weight is None:
            return target, weight
        if not target.is_floating_point():
            own = class_weight[target]
        elif target.dim() == 2:
            target = target * class_weight
            own = target.sum(1)
            target = target / own[:, None].clip(1e-30)
        else:
            own = torch.lerp(class_weight[0], class_weight[1], target)
            target = target * class_weight[1] / own.clip(1e-30)
        return target, own if weight is None else weight * own

    def extra_repr(self):
        """Return the parameters that are not at their defaults.

        Returns
        -------
        text : str
            What stands in the first line of the repr.
        """
        parameters = inspect.signature(type(self)).parameters.values()
        return ", ".join(
            f"{each.name}={value!r}"
            for each in parameters
            if not _same(value := getattr(self, each.name), each.default)
        )

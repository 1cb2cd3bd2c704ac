"""Overlaps of sets, which Dice and Tversky losses share.

Each class is a set of rows, true or predicted. Its loss is a ratio of sums, what is
missed over what there is, either over the rows of a batch or of each row for itself.
"""

from typing import TYPE_CHECKING

from sklearn_ext._core._optional import import_optional

from ._base import Loss, check_at_least, one_hot
from ._soft import amplified_sigmoid, amplified_softmax

if TYPE_CHECKING:
    import torch
else:
    torch = import_optional("torch", extra="torch", purpose="sklearn_ext.losses")

__all__ = ["SetLoss", "times"]

LEVELS = ("batch", "sample")
AVERAGES = ("macro", "weighted", "micro")
LEAST = 1e-30  # of a denominator


def times(values, weight):
    """Return values (N,) or (N, K) times weights (N,) or (N, K) or None."""
    if weight is None:
        return values
    return values * (weight[:, None] if weight.dim() < values.dim() else weight)


def _mean(values, weight):
    """Return the weighted mean over the rows."""
    if weight is None:
        return values.mean(0)
    total = times(torch.ones_like(values), weight).sum(0)
    return times(values, weight).sum(0) / total.clip(LEAST)


class SetLoss(Loss):
    """The mean loss of the classes.

    Subclasses give, in `_parts`, what is missed and what there is of each row; in
    `_weight_rows` they may change the weights of rows, and in `_shape` the losses.
    """

    def __init__(self, smooth, level, average, mode, class_weight, ignore_index):
        super().__init__(mode, class_weight, ignore_index)
        if level not in LEVELS:
            raise ValueError(f"level must be one of {list(LEVELS)}, got {level!r}.")
        if average not in AVERAGES:
            raise ValueError(
                f"average must be one of {list(AVERAGES)}, got {average!r}."
            )
        self.smooth = smooth
        self.level = level
        self.average = average
        self._smooth_pair()  # raises for what is no pair

    def _smooth_pair(self):
        """Return what is added to the numerator and the denominator of the overlap."""
        smooth = self.smooth
        pair = tuple(smooth) if isinstance(smooth, tuple | list) else (smooth, smooth)
        if len(pair) != 2:
            raise ValueError(
                "smooth must be a number or a pair (numerator, denominator), got "
                f"{smooth!r}."
            )
        for each in pair:
            check_at_least(0, smooth=each)
        return pair

    def _binary(self, logits, target, weight):
        p = amplified_sigmoid(logits)
        weight = self._weight_rows(logits, target, weight, is_softmax=False)
        parts = self._parts(logits, p, target, weight, is_softmax=False)
        if self.level == "sample":
            return _mean(self._ratio(*parts), weight)
        losses = self._ratio(*(times(part, weight).sum(0) for part in parts))
        return losses * (times(target, weight).sum(0) > 0)

    def _multiclass(self, logits, target, weight):
        shares = one_hot(target, logits)
        p = amplified_softmax(logits)
        return self._of_classes(logits, p, shares, weight, is_softmax=True)

    def _multilabel(self, logits, target, weight):
        p = amplified_sigmoid(logits)
        return self._of_classes(logits, p, target, weight, is_softmax=False)

    def _of_classes(self, logits, p, target, weight, is_softmax):
        """Return the average loss of the columns, each a set of its own."""
        weight = self._weight_rows(logits, target, weight, is_softmax)
        if is_softmax:
            label_weight = None  # classes have weighed the rows
        else:
            label_weight = self._class_weight(logits, logits.shape[1])
        parts = self._parts(logits, p, target, weight, is_softmax)
        if self.average == "micro":
            return self._of_all_classes(parts, weight, label_weight)
        if self.level == "sample":
            losses = _mean(self._ratio(*parts), weight)
        else:
            losses = self._ratio(*(times(part, weight).sum(0) for part in parts))
        support = times(target, weight).sum(0)
        share = support if self.average == "weighted" else (support > 0).to(support)
        if label_weight is not None:
            share = share * label_weight
        return losses @ share / share.sum().clip(LEAST)

    def _of_all_classes(self, parts, weight, label_weight):
        """Return the loss of the union of the columns."""
        if label_weight is not None:
            parts = [part * label_weight for part in parts]
        if self.level == "batch":
            return self._ratio(*(times(part, weight).sum() for part in parts))
        of_row = weight
        if weight is not None and weight.dim() == 2:
            of_row = weight.amax(1)
            parts = [part * (weight / of_row[:, None].clip(LEAST)) for part in parts]
        return _mean(self._ratio(*(part.sum(1) for part in parts)), of_row)

    def _ratio(self, missed, total):
        """Return the losses of sets."""
        above, below = self._smooth_pair()
        return self._shape((missed + (below - above)) / (total + below).clip(LEAST))

    def _weight_rows(self, logits, target, weight, is_softmax):
        return weight

    def _shape(self, losses):
        return losses

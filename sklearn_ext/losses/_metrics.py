"""Classification metrics as functions of a confusion matrix.

The formulas use operators and methods that NumPy arrays and torch tensors share, so the
metric that is differentiated and the one that is searched exactly are the same lines.
Class axes come last; leading axes (cuts, heads, labels) are free.
"""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

__all__ = ["METRICS", "ConfusionMetric", "Counts"]

AVERAGES = ("auto", "binary", "macro", "weighted", "micro", None)


@dataclass(frozen=True)
class Counts:
    """Confusion matrices by their margins.

    Parameters
    ----------
    hits : array of shape (..., n_classes)
        The diagonal.
    true, predicted : array of shape (..., n_classes)
        Row sums and column sums.
    matrix : array of shape (..., n_classes, n_classes) or None
        The whole, rows true; only for metrics that need it.
    """

    hits: Any
    true: Any
    predicted: Any
    matrix: Any = None

    @classmethod
    def of(cls, matrix):
        """Take the margins of whole matrices."""
        hits = matrix.diagonal(0, -2, -1)
        return cls(hits, matrix.sum(-1), matrix.sum(-2), matrix)

    def one_vs_rest(self, c=...):
        """Return (tp, fp, fn, tn) of each class, or of one, against the others."""
        total = self.true.sum(-1)
        if c is ...:
            tp, true, predicted = self.hits, self.true, self.predicted
            total = total[..., None]
        else:
            tp, true, predicted = (
                each[..., c] for each in (self.hits, self.true, self.predicted)
            )
        return tp, predicted - tp, true - tp, total - true - predicted + tp

    def shares(self):
        """Divide by the total, so that one `eps` suits every batch size."""
        total = self.true.sum(-1)[..., None].clip(1e-30)
        matrix = None if self.matrix is None else self.matrix / total[..., None]
        return Counts(
            self.hits / total, self.true / total, self.predicted / total, matrix
        )


def _divide(above, below, eps):
    return above / below.clip(eps)


def _least(shares, eps):
    """Return `eps`, or more where differences of shares are known less exactly."""
    dtype = str(shares.dtype).removeprefix("torch.")
    return max(eps, 8 * float(np.finfo(dtype).eps))


def _root(x, eps):
    """Square root; below `eps` it is 0 with gradient 0, where its slope explodes."""
    return x.clip(eps) ** 0.5 * (x > eps)


def _fbeta(tp, fp, fn, tn, beta, eps):
    b = beta * beta
    return _divide((1 + b) * tp, (1 + b) * tp + b * fn + fp, eps)


def _precision(tp, fp, fn, tn, beta, eps):
    return _divide(tp, tp + fp, eps)


def _recall(tp, fp, fn, tn, beta, eps):
    return _divide(tp, tp + fn, eps)


def _specificity(tp, fp, fn, tn, beta, eps):
    return _divide(tn, tn + fp, _least(tn, eps))


def _jaccard(tp, fp, fn, tn, beta, eps):
    return _divide(tp, tp + fp + fn, eps)


def _markedness(tp, fp, fn, tn, beta, eps):
    of_negatives = _divide(tn, tn + fn, _least(tn, eps))
    return _divide(tp, tp + fp, eps) + of_negatives - 1


def _fowlkes_mallows(tp, fp, fn, tn, beta, eps):
    return _divide(tp, _root((tp + fp) * (tp + fn), eps * eps), eps)


def _accuracy(counts, eps):
    return counts.hits.sum(-1)


def _recalls(counts, eps):
    """Recall of each class, and which classes are there."""
    present = counts.true > 0
    return _divide(counts.hits, counts.true, eps) * present, present


def _balanced_accuracy(counts, eps):
    recall, present = _recalls(counts, eps)
    return recall.sum(-1) / present.sum(-1).clip(1)


def _gmean(counts, eps):
    recall, present = _recalls(counts, eps)
    # torch divides by whole numbers in float32, so they take the dtype of the counts
    exponent = 1 / (present + 0.0 * counts.true).sum(-1).clip(1)
    factor = recall.clip(eps) * present + 1.0 * ~present
    nonzero = ((recall > eps) | ~present).all(-1)
    return (factor ** exponent[..., None]).prod(-1) * nonzero


def _informedness(counts, eps):
    chance = 1 / counts.hits.shape[-1]
    return (_balanced_accuracy(counts, eps) - chance) / (1 - chance)


def _covariance(counts):
    """Return sum(hits) - sum(true * predicted) of shares."""
    return counts.hits.sum(-1) - (counts.true * counts.predicted).sum(-1)


def _spread(share):
    """Return 1 - sum(share^2) from terms that do not cancel."""
    return 2 * (share[..., 1:] * share.cumsum(-1)[..., :-1]).sum(-1)


def _mcc(counts, eps):
    least = _least(counts.true, eps)
    spread = _spread(counts.true).clip(least)
    spread_predicted = _spread(counts.predicted).clip(least)
    return _covariance(counts) / (spread * spread_predicted) ** 0.5


def _kappa(counts, eps):
    chance = (counts.true * counts.predicted).sum(-1)
    return _divide(_covariance(counts), 1 - chance, _least(chance, eps))


# Metrics of one class against the rest, which are averaged over the classes.
_OF_A_CLASS = {
    "f1": _fbeta,
    "fbeta": _fbeta,
    "fowlkes_mallows": _fowlkes_mallows,
    "jaccard": _jaccard,
    "markedness": _markedness,
    "precision": _precision,
    "recall": _recall,
    "specificity": _specificity,
}
# Metrics of the whole matrix; with two classes they are the usual binary ones.
_OF_ALL = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "gmean": _gmean,
    "informedness": _informedness,
    "kappa": _kappa,
    "mcc": _mcc,
}
METRICS = tuple(sorted([*_OF_A_CLASS, *_OF_ALL, "cost"]))
# What a binary batch without positives still says something about.
WITHOUT_POSITIVES = ("accuracy", "cost", "specificity")


@dataclass(frozen=True)
class ConfusionMetric:
    """A metric, its average and its parameters; greater is better.

    Parameters
    ----------
    metric : str or callable
        One of `METRICS`; or a function of (tp, fp, fn, tn), or of the matrix if
        `average` is None. "cost" counts as 1 minus the mean cost.
    beta : float
        For "fbeta".
    average : {"auto", "binary", "macro", "weighted", "micro"} or None
        For metrics of a class: "auto" is "binary" for two classes, else "macro".
    pos_label : int
        Position of the positive class of "binary".
    cost : ndarray of shape (n_classes, n_classes) or None
        For "cost": the cost of predicting the column when the row is true.
    eps : float
        Least denominator, as a share of the total.
    """

    metric: str | Callable[..., Any] = "f1"
    beta: float = 1.0
    average: str | None = "auto"
    pos_label: int = 1
    cost: Any = None
    eps: float = 1e-8

    def __post_init__(self):
        if isinstance(self.metric, str):
            if self.metric not in METRICS:
                raise ValueError(
                    f"metric must be one of {list(METRICS)} or a callable, got "
                    f"{self.metric!r}."
                )
        elif not callable(self.metric):
            raise TypeError(f"metric must be a str or a callable, got {self.metric!r}.")
        if self.average not in AVERAGES:
            raise ValueError(
                f"average must be one of {list(AVERAGES)}, got {self.average!r}."
            )
        if self.average is None and isinstance(self.metric, str):
            raise ValueError(
                f"average=None is for a callable of the confusion matrix; the metric "
                f"{self.metric!r} takes 'auto', 'binary', 'macro', 'weighted' or "
                f"'micro'."
            )
        if isinstance(self.beta, bool) or not isinstance(self.beta, Real):
            raise TypeError(f"beta must be a number, got {self.beta!r}.")
        if not 0 < self.beta < np.inf:
            raise ValueError(
                f"beta must be finite and greater than 0, got {self.beta!r}."
            )
        if (self.cost is None) == (self.metric == "cost"):
            raise ValueError(
                "cost must be a matrix of shape (n_classes, n_classes) if "
                f"metric='cost' and None otherwise, got metric={self.metric!r} and "
                f"cost={self.cost!r}."
            )

    @property
    def needs_matrix(self):
        """Whether the margins are not enough."""
        return self.metric == "cost" or self.average is None

    def check(self, n_classes):
        """Raise ValueError if the metric does not suit the number of classes."""
        if self.average == "binary" and n_classes > 2:
            raise ValueError(
                f"average='binary' is for two classes, not {n_classes}; choose "
                f"'macro', 'weighted' or 'micro'."
            )
        if self.cost is not None and np.shape(self.cost) != (n_classes, n_classes):
            raise ValueError(
                f"cost must have the shape (n_classes, n_classes) = "
                f"{(n_classes, n_classes)}, got {np.shape(self.cost)}."
            )
        if self.cost is not None and not np.isfinite(self.cost).all():
            raise ValueError(f"cost must be finite, got {np.asarray(self.cost)}.")
        if self._is_binary(n_classes) and self.pos_label not in (0, 1):
            raise ValueError(
                f"pos_label must be the position 0 or 1 of the positive class, got "
                f"{self.pos_label!r}."
            )

    def _is_binary(self, n_classes):
        return self.average == "binary" or (self.average == "auto" and n_classes == 2)

    def __call__(self, counts):
        """Return the metric of each confusion matrix."""
        if self.average is None:
            return self.metric(counts.matrix)
        if callable(self.metric):
            return self._averaged(counts, self.metric)
        shares = counts.shares()
        if self.metric == "cost":
            cost = self.cost
            if hasattr(shares.matrix, "new_tensor"):
                cost = shares.matrix.new_tensor(cost)
            return 1 - (shares.matrix * cost).sum((-2, -1))
        if self.metric in _OF_ALL:
            return _OF_ALL[self.metric](shares, self.eps)
        function = _OF_A_CLASS[self.metric]
        beta = self.beta if self.metric == "fbeta" else 1.0
        return self._averaged(shares, lambda *four: function(*four, beta, self.eps))

    def _averaged(self, counts, function):
        if self._is_binary(counts.hits.shape[-1]):
            four = counts.one_vs_rest(self.pos_label)
            return function(*self._defined(four, counts.true[..., self.pos_label] > 0))
        four = counts.one_vs_rest()
        if self.average == "micro":
            return function(*(each.sum(-1) for each in four))
        present = counts.true > 0
        values = function(*self._defined(four, present))
        weight = counts.true if self.average == "weighted" else 1.0 * present
        return (values * weight).sum(-1) / weight.sum(-1).clip(1e-30)

    def _defined(self, four, present):
        """Spare the formula of a user classes that are absent, which do not count."""
        if not callable(self.metric):
            return four
        return (each * present + 1.0 * ~present for each in four)

    def loss(self, counts):
        """Return 1 minus the metric, or 0 where a binary batch has no positives."""
        loss = 1 - self(counts)
        if self._is_binary(counts.hits.shape[-1]) and (
            self.metric not in WITHOUT_POSITIVES
        ):
            loss = loss * (counts.true[..., self.pos_label] > 0)
        return loss

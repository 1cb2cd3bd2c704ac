"""The soft confusion matrix of a batch, in the layouts of scikit-learn."""

from typing import TYPE_CHECKING

from sklearn_ext._core._optional import import_optional

from ._base import check_amplification, full_precision, one_hot
from ._soft import (
    amplified_sigmoid,
    amplified_softmax,
    count_binary,
    count_classes,
    resolve_amplification,
)
from ._targets import canonical, check_shares

if TYPE_CHECKING:
    import torch
else:
    torch = import_optional("torch", extra="torch", purpose="sklearn_ext.losses")

__all__ = ["soft_confusion_matrix"]


def _amplify(p, amplification, is_softmax):
    """Return soft predictions of probabilities."""
    if amplification is None:
        return p
    if is_softmax:
        return (p * (amplification / 2)).softmax(1)
    return ((p - 0.5) * amplification).sigmoid()


def _check_probabilities(p, is_softmax):
    """Raise ValueError unless each value, or each row, is a probability."""
    if is_softmax:
        check_shares(p, "input with from_logits=False")
    elif p.numel():
        low, high = (bound.item() for bound in p.detach().aminmax())
        if not (low >= 0 and high <= 1):
            wrong = high if high > 1 else low
            raise ValueError(
                "input must hold probabilities from 0 to 1 if from_logits=False, got "
                f"{wrong}."
            )


def soft_confusion_matrix(
    input,
    target,
    *,
    sample_weight=None,
    amplification=None,
    from_logits=True,
    mode="auto",
    ignore_index=-100,
):
    """Count predictions by their probability instead of by their winner.

    Parameters
    ----------
    input : tensor of shape (B,), (B, 1), (B, C) or (B, C, ...)
        Logits, or probabilities. Trailing dimensions are flattened into the batch.
    target : tensor of shape (B,), (B, ...) or that of `input`
        Class indices, 0 and 1, or one-hot or soft targets.
    sample_weight : tensor or array-like of shape (B,) or (B, ...), default=None
        Weights of rows.
    amplification : float, "auto" or None, default=None
        How nearly hard the counts are, see :class:`AnyLoss`; None counts the
        probabilities themselves.
    from_logits : bool, default=True
        Whether `input` holds logits.
    mode : {"auto", "binary", "multiclass", "multilabel"}, default="auto"
        The task. "auto" is "binary" for one logit per row and else "multiclass".
    ignore_index : int, default=-100
        Target of rows, or labels, that do not count.

    Returns
    -------
    matrix : tensor of shape (C, C), (2, 2) or (K, 2, 2)
        Rows are true and columns predicted. For a binary task it is
        ``[[tn, fp], [fn, tp]]``, and for a multi-label task one such matrix per label.

    Raises
    ------
    ValueError
        If shapes do not fit or values are out of range.

    See Also
    --------
    AnyLoss : 1 minus a metric of this matrix.
    sklearn.metrics.confusion_matrix : The hard counts, in the same layout.

    Notes
    -----
    Time is O(B C^2) for C classes, as a matrix product, and O(B) for a binary task.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ext import soft_confusion_matrix
    >>> p = torch.tensor([0.1, 0.4, 0.8, 0.9])
    >>> soft_confusion_matrix(p, torch.tensor([0, 0, 1, 1]), from_logits=False)
    tensor([[1.5000, 0.5000],
            [0.3000, 1.7000]])
    """
    check_amplification(amplification)
    kind, logits, target, weight = canonical(
        input, target, sample_weight, mode, ignore_index, from_logits
    )
    amplification = resolve_amplification(amplification, logits.dtype)
    is_softmax = kind == "multiclass"
    with full_precision(logits):
        if not from_logits:
            _check_probabilities(logits, is_softmax)
            a = _amplify(logits, amplification, is_softmax)
        elif is_softmax:
            a = amplified_softmax(logits, amplification)
        else:
            a = amplified_sigmoid(logits, amplification)
        if is_softmax:
            target = one_hot(target, logits)
            return count_classes(a, target, weight, with_matrix=True).matrix
        return count_binary(a, target, weight, with_matrix=True).matrix

"""The self-adjusting Dice loss (arXiv 1911.02855), stable and for many classes."""

from typing import TYPE_CHECKING

from sklearn_ext._core._optional import import_optional

from ._base import check_at_least
from ._complement import log_complement
from ._sets import SetLoss, times

if TYPE_CHECKING:
    import torch
else:
    torch = import_optional("torch", extra="torch", purpose="sklearn_ext.losses")

__all__ = ["DiceLoss", "dice_loss"]

SELF_ADJUSTING = ("detach", "paper")


def _hardest(scores, target, weight, ratio):
    """Return weights that keep the positives and the negatives with the best scores.

    The kept negatives weigh the floor of `ratio` times the weight of the positives, in
    each column; of equal scores the earlier row is kept. The last one may be kept in
    part, as some of its repetitions.
    """
    positive = target > 0.5
    weight = times(torch.ones_like(target), weight).double()
    budget = torch.floor(ratio * (weight * positive).sum(0))
    order = scores.detach().masked_fill(positive, float("-inf"))
    order = order.argsort(dim=0, descending=True, stable=True)
    each = (weight * ~positive).gather(0, order)
    before = each.cumsum(0) - each
    kept = torch.minimum(each, (budget - before).clip(0))
    kept = torch.zeros_like(each).scatter_(0, order, kept)
    return torch.where(positive, weight, kept).to(target.dtype)


class DiceLoss(SetLoss):
    """The self-adjusting Dice loss: 1 minus a soft F1, with less weight on easy rows.

    Rows are weighted by ``(1 - p) ** alpha``, so that a row that is predicted well
    teaches less [1]_.

    Read more in the :ref:`User Guide <metric_losses>`.

    Parameters
    ----------
    alpha : float, default=0.0
        How much less easy rows count; 0 is plain Dice. The paper has 0.01 in most of
        its scripts; larger values make training slow.

    smooth : float or tuple of (float, float), default=1.0
        What is added to the numerator and the denominator, called gamma in [1]_, or a
        number for each. It matters for classes with few rows in a batch.

    squared : bool, default=False
        Whether the denominator sums squares.

    self_adjusting : {"detach", "paper"}, default="detach"
        How the weight enters. "detach" takes it as a constant that weighs predictions
        and targets alike, so that perfect predictions cost 0. "paper" weighs
        predictions only and has the gradient of the weight too: beyond
        p = 1 / (1 + alpha) a better prediction of a positive then costs more.

    level : {"batch", "sample"}, default="batch"
        Whether the set, for each class, is the batch or each row (and each position of
        trailing dimensions), of which the mean is taken.

    average : {"macro", "weighted", "micro"}, default="macro"
        How the classes become one number: their mean, that weighted by their rows, or
        one set of all pairs of row and class. Classes that the batch has no row of are
        left out of the first.

    ohem_ratio : float, default=0.0
        If greater than 0, each class keeps all of its positives and only this many
        times as many negatives, rounded down: those with the highest scores.

    mode : {"auto", "binary", "multiclass", "multilabel"}, default="auto"
        The task. "auto" is "binary" for input of shape (B,) or (B, 1), else
        "multiclass", also if the target is one-hot; "multilabel" must be asked for.

    class_weight : sequence of float of shape (n_classes,), default=None
        Weights of the classes, which multiply the weights of their rows. For labels
        instead the weights of the labels in the average.

    ignore_index : int, default=-100
        Target of rows, or labels, that do not count.

    See Also
    --------
    DiceLossClassifier : A classifier that is trained on this loss.
    TverskyLoss : Weighs false positives and false negatives.
    dice_loss : The same as a function.

    Notes
    -----
    With probabilities p, targets y, weights w = (1 - p)^alpha and the two numbers
    gamma of `smooth`, the loss of a set is
    ``1 - (2 sum(w p y) + gamma_n) / (sum(w p) + sum(w y) + gamma_d)``; "paper" has
    sum(y) instead of sum(w y). The weight is computed from log(1 - p), which does not
    round to log(0). Sets without any smoothing are scaled by their largest weight.

    A binary batch without positives has loss 0 and no gradient at level "batch"; at
    level "sample" a negative costs 1 - gamma_n / (w p + gamma_d). The average of more
    classes is their mean, not their sum, so that the learning rate does not depend on
    their number.

    The weight k of a row is k repetitions of it, also for `ohem_ratio`, which may keep
    a part of the weight of the last negative; only at level "sample" with average
    "micro" such a part is not a row. With weights that are no whole numbers it keeps
    the floor of the ratio times the weight of the positives. Soft targets above 1/2
    are positive there.

    Time and memory are O(B C) for B rows and C classes, and O(B log B C) time with
    `ohem_ratio`.

    References
    ----------
    .. [1] X. Li, X. Sun, Y. Meng, J. Liang, F. Wu, J. Li, "Dice Loss for
       Data-imbalanced NLP Tasks", ACL 2020, arXiv:1911.02855.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ext import DiceLoss
    >>> logits = torch.tensor([-2.0, -1.0, 0.5, 3.0], requires_grad=True)
    >>> target = torch.tensor([0, 1, 0, 1])
    >>> DiceLoss()(logits, target)
    tensor(0.3063, grad_fn=<MulBackward0>)

    The paper's settings for sentence pairs, with perfect predictions:

    >>> perfect = 100.0 * (2 * target - 1)
    >>> DiceLoss(alpha=0.01, squared=True)(perfect, target)
    tensor(0.)
    >>> DiceLoss(alpha=0.01, squared=True, self_adjusting="paper")(perfect, target)
    tensor(0.2443)
    """

    def __init__(
        self,
        *,
        alpha=0.0,
        smooth=1.0,
        squared=False,
        self_adjusting="detach",
        level="batch",
        average="macro",
        ohem_ratio=0.0,
        mode="auto",
        class_weight=None,
        ignore_index=-100,
    ):
        super().__init__(smooth, level, average, mode, class_weight, ignore_index)
        check_at_least(0, alpha=alpha, ohem_ratio=ohem_ratio)
        if self_adjusting not in SELF_ADJUSTING:
            raise ValueError(
                f"self_adjusting must be one of {list(SELF_ADJUSTING)}, got "
                f"{self_adjusting!r}."
            )
        self.alpha = alpha
        self.squared = squared
        self.self_adjusting = self_adjusting
        self.ohem_ratio = ohem_ratio

    def _weight_rows(self, logits, target, weight, is_softmax):
        if self.ohem_ratio == 0:
            return weight
        scores = logits.log_softmax(1) if is_softmax else logits
        return _hardest(scores, target, weight, self.ohem_ratio)

    def _parts(self, logits, p, target, weight, is_softmax):
        measure = None
        if self.alpha > 0:
            if self.self_adjusting == "paper":
                p = p * (self.alpha * log_complement(logits, is_softmax)).exp()
            else:
                measure = self._measure(logits.detach(), weight, is_softmax)
        if self.squared:
            missed, total = (p - target) ** 2, p**2 + target**2
        else:
            total = p + target
            missed = torch.addcmul(total, p, target, value=-2)
        return times(missed, measure), times(total, measure)

    def _measure(self, logits, weight, is_softmax):
        """Return (1 - p)^alpha; without smoothing, 1 for the largest of a set.

        A common factor of a set cancels then, and all of it may underflow.
        """
        log_weight = self.alpha * log_complement(logits, is_softmax)
        if self._smooth_pair() == (0, 0):
            if weight is not None:
                kept = times(torch.ones_like(logits), weight) > 0
                log_weight = log_weight.masked_fill(~kept, float("-inf"))
            rows = [0] if self.level == "batch" else []
            columns = [1] if self.average == "micro" and logits.dim() == 2 else []
            largest = log_weight
            if rows + columns:
                largest = log_weight.amax(rows + columns, keepdim=True)
            lowest = torch.finfo(logits.dtype).min
            log_weight = log_weight - largest.clip(lowest)
        return log_weight.exp()


def dice_loss(
    input,
    target,
    sample_weight=None,
    *,
    alpha=0.0,
    smooth=1.0,
    squared=False,
    self_adjusting="detach",
    level="batch",
    average="macro",
    ohem_ratio=0.0,
    mode="auto",
    class_weight=None,
    ignore_index=-100,
):
    """Return the loss of :class:`DiceLoss`.

    Parameters
    ----------
    input : tensor of shape (B,), (B, 1), (B, C) or (B, C, ...)
        Logits. Trailing dimensions are flattened into the batch.
    target : tensor of shape (B,), (B, ...) or that of `input`
        Class indices, 0 and 1, or one-hot or soft targets.
    sample_weight : tensor or array-like of shape (B,) or (B, ...), default=None
        Weights of rows.
    alpha : float, default=0.0
        How much less easy rows count.
    smooth : float or tuple of (float, float), default=1.0
        Added to numerator and denominator, or a number for each.
    squared : bool, default=False
        Whether the denominator sums squares.
    self_adjusting : {"detach", "paper"}, default="detach"
        How the weight of easy rows enters.
    level : {"batch", "sample"}, default="batch"
        Whether the set is the batch or each row.
    average : {"macro", "weighted", "micro"}, default="macro"
        How the classes become one number.
    ohem_ratio : float, default=0.0
        Kept negatives per positive; 0 keeps all.
    mode : {"auto", "binary", "multiclass", "multilabel"}, default="auto"
        The task. "auto" is "binary" for one logit per row, else "multiclass".
    class_weight : sequence of float of shape (n_classes,), default=None
        Weights of the classes, or of the labels in the average.
    ignore_index : int, default=-100
        Target of rows, or labels, that do not count.

    Returns
    -------
    loss : tensor of shape ()
        A scalar to differentiate.

    See Also
    --------
    DiceLoss : The module, with formulas.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ext import dice_loss
    >>> logits = torch.tensor([-2.0, -1.0, 0.5, 3.0])
    >>> dice_loss(logits, torch.tensor([0, 1, 0, 1]), smooth=0.0)
    tensor(0.3836)
    """
    loss = DiceLoss(
        alpha=alpha,
        smooth=smooth,
        squared=squared,
        self_adjusting=self_adjusting,
        level=level,
        average=average,
        ohem_ratio=ohem_ratio,
        mode=mode,
        class_weight=class_weight,
        ignore_index=ignore_index,
    )
    return loss(input, target, sample_weight)

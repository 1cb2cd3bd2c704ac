"""The Tversky loss, which weighs false positives and false negatives."""

from ._base import check_at_least
from ._sets import SetLoss

__all__ = ["TverskyLoss", "tversky_loss"]


class TverskyLoss(SetLoss):
    """The Tversky loss: Dice with weights for false positives and false negatives.

    Read more in the :ref:`User Guide <metric_losses>`.

    Parameters
    ----------
    alpha : float, default=0.5
        Weight of false positives.

    beta : float, default=0.5
        Weight of false negatives. More than `alpha` favours recall.

    smooth : float or tuple of (float, float), default=1.0
        What is added to the numerator and the denominator, or a number for each.

    focal_gamma : float, default=1.0
        Power of the loss of a set; above 1 badly predicted sets count more. Greater
        than 0.

    level : {"batch", "sample"}, default="batch"
        Whether the set, for each class, is the batch or each row, of which the mean is
        taken.

    average : {"macro", "weighted", "micro"}, default="macro"
        How the classes become one number: their mean, that weighted by their rows, or
        one set of all pairs of row and class. Classes that the batch has no row of are
        left out of the first.

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
    DiceLoss : The same with both weights 1/2 and twice the smoothing.
    tversky_loss : The same as a function.

    Notes
    -----
    The loss of a set is (1 - TI)^focal_gamma with
    ``TI = (TP + gamma_n) / (TP + alpha FP + beta FN + gamma_d)`` and soft counts
    TP = sum(p y), FP = sum(p (1 - y)) and FN = sum((1 - p) y). [1]_ sets
    beta = 1 - alpha. Batches without positives are as in :class:`DiceLoss`.

    Time and memory are O(B C) for B rows and C classes.

    References
    ----------
    .. [1] X. Li, X. Sun, Y. Meng, J. Liang, F. Wu, J. Li, "Dice Loss for
       Data-imbalanced NLP Tasks", ACL 2020, arXiv:1911.02855.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ext import TverskyLoss
    >>> logits = torch.tensor([-2.0, -1.0, 0.5, 3.0])
    >>> target = torch.tensor([0, 1, 0, 1])
    >>> TverskyLoss(alpha=0.3, beta=0.7)(logits, target)
    tensor(0.2568)
    """

    def __init__(
        self,
        *,
        alpha=0.5,
        beta=0.5,
        smooth=1.0,
        focal_gamma=1.0,
        level="batch",
        average="macro",
        mode="auto",
        class_weight=None,
        ignore_index=-100,
    ):
        super().__init__(smooth, level, average, mode, class_weight, ignore_index)
        check_at_least(0, alpha=alpha, beta=beta)
        check_at_least(0, strict=True, focal_gamma=focal_gamma)
        self.alpha = alpha
        self.beta = beta
        self.focal_gamma = focal_gamma

    def _parts(self, logits, p, target, weight, is_softmax):
        hit = p * target
        missed = self.alpha * (p - hit) + self.beta * (target - hit)
        return missed, hit + missed

    def _shape(self, losses):
        if self.focal_gamma == 1:
            return losses
        # a power below 1 has no slope at 0
        positive = losses > 0
        return losses.where(positive, 1) ** self.focal_gamma * positive


def tversky_loss(
    input,
    target,
    sample_weight=None,
    *,
    alpha=0.5,
    beta=0.5,
    smooth=1.0,
    focal_gamma=1.0,
    level="batch",
    average="macro",
    mode="auto",
    class_weight=None,
    ignore_index=-100,
):
    """Return the loss of :class:`TverskyLoss`.

    Parameters
    ----------
    input : tensor of shape (B,), (B, 1), (B, C) or (B, C, ...)
        Logits. Trailing dimensions are flattened into the batch.
    target : tensor of shape (B,), (B, ...) or that of `input`
        Class indices, 0 and 1, or one-hot or soft targets.
    sample_weight : tensor or array-like of shape (B,) or (B, ...), default=None
        Weights of rows.
    alpha : float, default=0.5
        Weight of false positives.
    beta : float, default=0.5
        Weight of false negatives.
    smooth : float or tuple of (float, float), default=1.0
        Added to numerator and denominator, or a number for each.
    focal_gamma : float, default=1.0
        Power of the loss of a set.
    level : {"batch", "sample"}, default="batch"
        Whether the set is the batch or each row.
    average : {"macro", "weighted", "micro"}, default="macro"
        How the classes become one number.
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
    TverskyLoss : The module, with formulas.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ext import tversky_loss
    >>> logits = torch.tensor([-2.0, -1.0, 0.5, 3.0])
    >>> tversky_loss(logits, torch.tensor([0, 1, 0, 1]), alpha=0.3, beta=0.7)
    tensor(0.2568)
    """
    loss = TverskyLoss(
        alpha=alpha,
        beta=beta,
        smooth=smooth,
        focal_gamma=focal_gamma,
        level=level,
        average=average,
        mode=mode,
        class_weight=class_weight,
        ignore_index=ignore_index,
    )
    return loss(input, target, sample_weight)

"""The focal loss, cross-entropy with less weight on what is easy."""

from numbers import Real
from typing import TYPE_CHECKING

from sklearn_ext._core._optional import import_optional

from ._base import Loss, check_at_least
from ._complement import log_complement, log_others

if TYPE_CHECKING:
    import torch
else:
    torch = import_optional("torch", extra="torch", purpose="sklearn_ext.losses")

__all__ = ["FocalLoss", "focal_loss"]


def _mean(losses, weight):
    """Return the weighted mean over everything."""
    if weight is None:
        return losses.mean()
    return (losses * weight).sum() / weight.sum().clip(1e-30)


class FocalLoss(Loss):
    """The focal loss: cross-entropy with less weight on rows that are predicted well.

    Read more in the :ref:`User Guide <metric_losses>`.

    Parameters
    ----------
    gamma : float, default=2.0
        Power of the weight (1 - p); 0 is cross-entropy.

    alpha : float or sequence of float of shape (n_classes,), default=None
        Weights of the classes, which the mean is not divided by. A number, from 0 to 1,
        is that of the positives, and negatives have 1 - alpha.

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
    DiceLoss : A loss of sets, with a similar weight of rows.
    focal_loss : The same as a function.

    Notes
    -----
    The loss is the weighted mean over the rows of -alpha (1 - p)^gamma log p, with the
    probability p of the true class [1]_. Soft targets take the mean over the classes,
    and labels are binary tasks.

    Time and memory are O(B C) for B rows and C classes.

    References
    ----------
    .. [1] T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollár, "Focal Loss for Dense
       Object Detection", ICCV 2017, arXiv:1708.02002.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ext import FocalLoss
    >>> logits = torch.tensor([-2.0, -1.0, 0.5, 3.0])
    >>> target = torch.tensor([0, 1, 0, 1])
    >>> FocalLoss(alpha=0.25)(logits, target)
    tensor(0.1150)
    """

    def __init__(
        self,
        *,
        gamma=2.0,
        alpha=None,
        mode="auto",
        class_weight=None,
        ignore_index=-100,
    ):
        super().__init__(mode, class_weight, ignore_index)
        check_at_least(0, gamma=gamma)
        self.gamma = gamma
        self.alpha = alpha
        if isinstance(alpha, Real):
            check_at_least(0, alpha=alpha)
            if alpha > 1:
                raise ValueError(
                    "alpha as a number is the weight of positives and must be from 0 "
                    f"to 1, got {alpha!r}; give a number per class instead."
                )
        elif alpha is not None:
            for each in torch.as_tensor(alpha).flatten().tolist():
                check_at_least(0, alpha=each)

    def _alpha(self, logits, n_classes):
        """Return the weight of each class, or None."""
        alpha = self.alpha
        if alpha is None:
            return None
        if isinstance(alpha, Real):
            if n_classes != 2:
                raise ValueError(
                    f"alpha={alpha!r} is for two classes; give one number for each "
                    f"of the {n_classes} classes."
                )
            alpha = (1 - alpha, alpha)
        alpha = torch.as_tensor(alpha, dtype=logits.dtype, device=logits.device)
        if alpha.shape != (n_classes,):
            raise ValueError(
                f"alpha must be a number for each of the {n_classes} classes, got "
                f"shape {tuple(alpha.shape)}."
            )
        return alpha

    def _dim(self, losses, log_rest):
        """Multiply by (1 - p)^gamma."""
        return losses if self.gamma == 0 else losses * (self.gamma * log_rest).exp()

    def _two_sided(self, logits, target):
        """Return the loss of each logit, a binary task."""
        log_p = torch.nn.functional.logsigmoid(logits)
        log_rest = torch.nn.functional.logsigmoid(-logits)
        alpha = self._alpha(logits, 2)
        negative, positive = (1, 1) if alpha is None else alpha
        return -(
            positive * target * self._dim(log_p, log_rest)
            + negative * (1 - target) * self._dim(log_rest, log_p)
        )

    def _binary(self, logits, target, weight):
        losses = self._two_sided(logits, target)
        return _mean(losses, weight)

    def _multilabel(self, logits, target, weight):
        losses = self._two_sided(logits, target)
        label_weight = self._class_weight(logits, logits.shape[1])
        if weight is not None and weight.dim() == 1:
            weight = weight[:, None]
        if label_weight is not None:
            weight = label_weight if weight is None else weight * label_weight
        return _mean(losses, None if weight is None else weight.expand_as(losses))

    def _multiclass(self, logits, target, weight):
        log_p = logits.log_softmax(1)
        alpha = self._alpha(logits, logits.shape[1])
        if target.dim() == 2:
            log_rest = log_complement(logits, True) if self.gamma > 0 else None
            losses = target * self._dim(log_p, log_rest)
            losses = losses.sum(1) if alpha is None else losses @ alpha
            return _mean(-losses, weight)
        index = target[:, None]
        log_rest = log_others(logits, index)[:, 0] if self.gamma > 0 else None
        losses = self._dim(log_p.gather(1, index)[:, 0], log_rest)
        if alpha is not None:
            losses = losses * alpha[target]
        return _mean(-losses, weight)


def focal_loss(
    input,
    target,
    sample_weight=None,
    *,
    gamma=2.0,
    alpha=None,
    mode="auto",
    class_weight=None,
    ignore_index=-100,
):
    """Return the loss of :class:`FocalLoss`.

    Parameters
    ----------
    input : tensor of shape (B,), (B, 1), (B, C) or (B, C, ...)
        Logits. Trailing dimensions are flattened into the batch.
    target : tensor of shape (B,), (B, ...) or that of `input`
        Class indices, 0 and 1, or one-hot or soft targets.
    sample_weight : tensor or array-like of shape (B,) or (B, ...), default=None
        Weights of rows.
    gamma : float, default=2.0
        Power of the weight (1 - p); 0 is cross-entropy.
    alpha : float or sequence of float of shape (n_classes,), default=None
        Weight of the positives, or of each class.
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
    FocalLoss : The module, with formulas.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ext import focal_loss
    >>> focal_loss(torch.tensor([-2.0, 1.0]), torch.tensor([0, 1]), gamma=0.0)
    tensor(0.2201)
    """
    loss = FocalLoss(
        gamma=gamma,
        alpha=alpha,
        mode=mode,
        class_weight=class_weight,
        ignore_index=ignore_index,
    )
    return loss(input, target, sample_weight)

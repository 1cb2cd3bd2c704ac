"""AnyLoss: confusion-matrix metrics as losses (arXiv 2405.14745)."""

from dataclasses import replace
from typing import TYPE_CHECKING

from sklearn_ext._core._optional import import_optional

from ._base import Loss, check_amplification, check_at_least, one_hot
from ._metrics import WITHOUT_POSITIVES, ConfusionMetric, Counts
from ._soft import binary_counts, class_counts, resolve_amplification

if TYPE_CHECKING:
    import torch
else:
    torch = import_optional("torch", extra="torch", purpose="sklearn_ext.losses")

__all__ = ["AnyLoss", "MetricLoss", "metric_loss"]


def _stack(counts):
    """Return all of counts in one tensor, to be kept between batches."""
    margins = torch.stack((counts.hits, counts.true, counts.predicted), -2)
    if counts.matrix is None:
        return margins
    return torch.cat((margins, counts.matrix), -2)


def _unstack(stacked):
    hits, true, predicted = stacked[..., :3, :].unbind(-2)
    matrix = stacked[..., 3:, :] if stacked.shape[-2] > 3 else None
    return Counts(hits, true, predicted, matrix)


class MetricLoss(Loss):
    """1 minus a metric of a soft confusion matrix.

    What a soft matrix is, subclasses say in `_soft_binary`, of logits (N, ...), and
    `_soft_classes`, of logits (N, C).
    """

    def __init__(
        self,
        metric,
        beta,
        average,
        pos_label,
        cost,
        momentum,
        eps,
        mode,
        class_weight,
        ignore_index,
    ):
        super().__init__(mode, class_weight, ignore_index)
        check_at_least(0, strict=True, beta=beta, eps=eps)
        if momentum is not None:
            check_at_least(0, strict=True, momentum=momentum)
            if momentum >= 1:
                raise ValueError(
                    f"momentum must be None or between 0 and 1, got {momentum!r}."
                )
        if pos_label not in (0, 1):
            raise ValueError(f"pos_label must be one of [0, 1], got {pos_label!r}.")
        self.metric = metric
        self.beta = beta
        self.average = average
        self.pos_label = pos_label
        self.cost = cost
        self.momentum = momentum
        self.eps = eps
        self._confusion_metric()  # raises for what does not fit together
        self.register_buffer("_running", None, persistent=False)

    def reset(self):
        """Forget the counts of earlier batches."""
        self._running = None

    def _confusion_metric(self):
        """Return the metric as a function of counts."""
        return ConfusionMetric(
            self.metric, self.beta, self.average, self.pos_label, self.cost, self.eps
        )

    def _with_earlier(self, counts):
        """Add the counts of earlier batches, if there is a momentum."""
        if self.momentum is None:
            return counts
        stacked = _stack(counts)
        if self._running is not None:
            if self._running.shape != stacked.shape:
                raise ValueError(
                    "the running counts are of another number of classes than this "
                    "batch; call reset() before the task changes."
                )
            stacked = stacked + self.momentum * self._running.to(stacked)
        if self.training:
            self._running = stacked.detach()
        return _unstack(stacked)

    def _binary(self, logits, target, weight):
        metric = self._confusion_metric()
        metric.check(2)
        counts = self._soft_binary(logits, target, weight, metric.needs_matrix)
        return metric.loss(self._with_earlier(counts))

    def _multiclass(self, logits, target, weight):
        metric = self._confusion_metric()
        metric.check(logits.shape[1])
        counts = self._soft_classes(
            logits, one_hot(target, logits), weight, metric.needs_matrix
        )
        return metric.loss(self._with_earlier(counts))

    def _multilabel(self, logits, target, weight):
        if self.average == "binary":
            raise ValueError(
                "average='binary' is for two classes, not for labels; choose 'macro', "
                "'weighted' or 'micro'."
            )
        metric = self._confusion_metric()
        counts = self._soft_binary(logits, target, weight, metric.needs_matrix)
        label_weight = self._class_weight(logits, logits.shape[1])
        return self._of_labels(metric, self._with_earlier(counts), label_weight)

    def _of_labels(self, metric, counts, label_weight=None):
        """Return the loss of counts (K, 2), one binary task per label."""
        if self.average is None:
            losses = 1 - metric(counts)
            return losses.mean() if label_weight is None else losses @ label_weight
        metric = replace(metric, average="binary")
        metric.check(2)
        if self.average == "micro":
            stacked = _stack(counts)
            if label_weight is not None:
                stacked = stacked * label_weight[:, None, None]
            return metric.loss(_unstack(stacked.sum(0)))
        support = counts.true[:, self.pos_label]
        if self.average == "weighted":
            share = support
        elif self.metric in WITHOUT_POSITIVES:
            share = torch.ones_like(support)
        else:
            share = (support > 0).to(support)
        if label_weight is not None:
            share = share * label_weight
        return metric.loss(counts) @ share / share.sum().clip(1e-30)


class AnyLoss(MetricLoss):
    """A metric of the confusion matrix as a loss.

    Each row counts as a soft prediction, `a = 1 / (1 + exp(-L (p - 1/2)))` of its
    probability p, and the loss is 1 minus the metric of the soft counts [1]_. A small
    amplification L counts probabilities, a large one nearly hard predictions.

    Read more in the :ref:`User Guide <metric_losses>`.

    Parameters
    ----------
    metric : str or callable, default="f1"
        "accuracy", "balanced_accuracy", "cost", "f1", "fbeta", "fowlkes_mallows",
        "gmean", "informedness", "jaccard", "kappa", "markedness", "mcc", "precision",
        "recall" or "specificity"; or a function of the tensors (tp, fp, fn, tn), one
        number per class if it is averaged, or, with ``average=None``, of the confusion
        matrix with the true classes in rows. Greater is better.

    beta : float, default=1.0
        Weight of the recall in "fbeta"; greater than 0.

    amplification : float, "auto" or None, default=10.0
        How steep soft predictions are at p = 1/2, called *L* in [1]_, which has 73.
        "auto" is the largest number whose soft predictions stay below 1: 73 in float64
        and 33 in float32. None counts the probabilities themselves.

    average : {"auto", "binary", "macro", "weighted", "micro"} or None, default="auto"
        How metrics of one class against the rest become one number. "auto" is "binary"
        for two classes and else "macro". Classes that the batch has no row of are left
        out of "macro". The metrics "accuracy", "balanced_accuracy", "cost", "gmean",
        "informedness", "kappa" and "mcc" are of all classes at once and ignore it. None
        is for callables of the matrix.

    pos_label : {0, 1}, default=1
        The positive class of "binary".

    cost : array-like of shape (n_classes, n_classes), default=None
        For ``metric="cost"``: the cost of predicting the column if the row is true. The
        loss is the mean cost.

    momentum : float or None, default=None
        Between 0 and 1: soft counts of earlier batches, times `momentum` for each
        batch since, are added to those of the batch, so that the metric of small
        batches is less biased. They have no gradient, are not in the state dict and are
        not updated in eval mode, where they still count; `reset` forgets them.

    eps : float, default=1e-8
        Least denominator, as a share of the weight of the batch.

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
    AnyLossClassifier : A classifier that is trained on this loss.
    DiceLoss : The same as a soft F1 without smoothing, with weights for easy rows.
    ScoreOrientedLoss : Soft predictions from a prior of the threshold.
    metric_loss : The same as a function.

    Notes
    -----
    With S = sum(a), T = sum(a y) and P = sum(y) over the B rows of the batch, all sums
    weighted, the counts are TP = T, FP = S - T, FN = P - T and TN = B - P - S + T; F1
    is 2 T / (P + S). For more classes the soft predictions are
    ``softmax(L / 2 * softmax(logits))``, which is the same for two classes, and the
    confusion matrix is that of class indicators times soft predictions. Labels are
    binary tasks, of which the average is taken.

    A binary batch without positives has loss 0 and no gradient, except for "accuracy",
    "cost" and "specificity". The metric of a batch is not that of the data: with
    several devices or accumulated gradients the counts are still those of each piece,
    so prefer large batches, or set `momentum`.

    Unlike the reference code the counts are those of the batch, not of the training
    set, and gradients stay above 0 where a or p round to 1. Probabilities learned this
    way are not calibrated.

    Time and memory are O(B C), and O(B C^2) time if the metric needs the whole matrix.

    References
    ----------
    .. [1] D. Han, N. Moniz, N. V. Chawla, "AnyLoss: Transforming Classification Metrics
       into Loss Functions", KDD 2024, arXiv:2405.14745.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ext import AnyLoss
    >>> logits = torch.tensor([-2.0, -1.0, 0.5, 3.0], requires_grad=True)
    >>> target = torch.tensor([0, 1, 0, 1])
    >>> loss = AnyLoss("f1")(logits, target)
    >>> loss
    tensor(0.4427, grad_fn=<MulBackward0>)
    >>> loss.backward()
    >>> logits.grad
    tensor([ 0.0032, -0.0601,  0.0593, -0.0018])

    A metric of one's own, of three classes:

    >>> def recall_of_the_worst(matrix):
    ...     return (matrix.diagonal() / matrix.sum(1)).min()
    >>> logits = torch.tensor([[2.0, 0.0, 0.0], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    >>> AnyLoss(recall_of_the_worst, average=None)(logits, torch.arange(3))
    tensor(0.3634)
    """

    def __init__(
        self,
        metric="f1",
        *,
        beta=1.0,
        amplification=10.0,
        average="auto",
        pos_label=1,
        cost=None,
        momentum=None,
        eps=1e-8,
        mode="auto",
        class_weight=None,
        ignore_index=-100,
    ):
        super().__init__(
            metric,
            beta,
            average,
            pos_label,
            cost,
            momentum,
            eps,
            mode,
            class_weight,
            ignore_index,
        )
        check_amplification(amplification)
        self.amplification = amplification

    def _soft_binary(self, logits, target, weight, with_matrix):
        amplification = resolve_amplification(self.amplification, logits.dtype)
        return binary_counts(logits, target, weight, amplification, with_matrix)

    def _soft_classes(self, logits, shares, weight, with_matrix):
        amplification = resolve_amplification(self.amplification, logits.dtype)
        return class_counts(logits, shares, weight, amplification, with_matrix)


def metric_loss(
    input,
    target,
    metric="f1",
    *,
    sample_weight=None,
    beta=1.0,
    amplification=10.0,
    average="auto",
    pos_label=1,
    cost=None,
    eps=1e-8,
    mode="auto",
    class_weight=None,
    ignore_index=-100,
):
    """Return the loss of :class:`AnyLoss`.

    Parameters
    ----------
    input : tensor of shape (B,), (B, 1), (B, C) or (B, C, ...)
        Logits. Trailing dimensions are flattened into the batch.
    target : tensor of shape (B,), (B, ...) or that of `input`
        Class indices, 0 and 1, or one-hot or soft targets.
    metric : str or callable, default="f1"
        The metric, see :class:`AnyLoss`.
    sample_weight : tensor or array-like of shape (B,) or (B, ...), default=None
        Weights of rows.
    beta : float, default=1.0
        Weight of the recall in "fbeta".
    amplification : float, "auto" or None, default=10.0
        How steep soft predictions are at p = 1/2.
    average : {"auto", "binary", "macro", "weighted", "micro"} or None, default="auto"
        How metrics of one class become one number.
    pos_label : {0, 1}, default=1
        The positive class of "binary".
    cost : array-like of shape (n_classes, n_classes), default=None
        Costs, for ``metric="cost"``.
    eps : float, default=1e-8
        Least denominator, as a share of the weight of the batch.
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
    AnyLoss : The module, with formulas.
    soft_confusion_matrix : What the metric is computed from.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ext import metric_loss
    >>> logits = torch.tensor([-2.0, -1.0, 0.5, 3.0])
    >>> metric_loss(logits, torch.tensor([0, 1, 0, 1]), "mcc")
    tensor(0.8572)
    """
    loss = AnyLoss(
        metric,
        beta=beta,
        amplification=amplification,
        average=average,
        pos_label=pos_label,
        cost=cost,
        eps=eps,
        mode=mode,
        class_weight=class_weight,
        ignore_index=ignore_index,
    )
    return loss(input, target, sample_weight)

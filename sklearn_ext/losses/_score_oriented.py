"""Score-oriented losses (arXiv 2103.15522): expected scores of a random threshold."""

from typing import TYPE_CHECKING

from sklearn_ext._core._optional import import_optional

from ._any_loss import MetricLoss
from ._base import check_at_least, one_hot
from ._soft import amplified_sigmoid, amplified_softmax, count_binary, count_classes

if TYPE_CHECKING:
    import torch
else:
    torch = import_optional("torch", extra="torch", purpose="sklearn_ext.losses")

__all__ = ["ScoreOrientedLoss", "score_oriented_loss"]

PRIORS = ("uniform", "cosine")


class ScoreOrientedLoss(MetricLoss):
    """The expected metric of a random threshold as a loss.

    The threshold of the probability has a prior; the soft prediction of a row is the
    chance that the threshold is below its probability, and the loss is 1 minus the
    metric of the soft counts [1]_.

    Read more in the :ref:`User Guide <metric_losses>`.

    Parameters
    ----------
    metric : str or callable, default="f1"
        The metric, see :class:`AnyLoss`.

    prior : {"uniform", "cosine"}, default="uniform"
        Distribution of the threshold. "uniform" makes the probability itself the soft
        prediction; "cosine" is a bump around `mu`.

    mu : float, default=0.5
        Centre of the bump.

    delta : float, default=0.1
        Half the width of the bump, outside of which there is no gradient.

    beta : float, default=1.0
        Weight of the recall in "fbeta"; greater than 0.

    average : {"auto", "binary", "macro", "weighted", "micro"} or None, default="auto"
        How metrics of one class against the rest become one number. "auto" is "binary"
        for two classes and else "macro". None is for callables of the matrix.

    pos_label : {0, 1}, default=1
        The positive class of "binary".

    cost : array-like of shape (n_classes, n_classes), default=None
        For ``metric="cost"``: the cost of predicting the column if the row is true.

    momentum : float or None, default=None
        Between 0 and 1: how much the soft counts of earlier batches count, see
        :class:`AnyLoss`.

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
    AnyLoss : Soft predictions by an amplification.
    score_oriented_loss : The same as a function.

    Notes
    -----
    The cosine prior has density 1 + cos(pi (t - mu) / delta), over 2 delta, between
    mu - delta and mu + delta. Each of more than two classes is a binary task against
    the rest, also for metrics such as "accuracy" and "mcc", of which the average over
    the classes is taken. Batches without positives are as in :class:`AnyLoss`.

    Time and memory are O(B C) for B rows and C classes.

    References
    ----------
    .. [1] F. Marchetti, S. Guastavino, M. Piana, C. Campi, "Score-Oriented Loss (SOL)
       Functions", Pattern Recognition 132, 2022, arXiv:2103.15522.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ext import ScoreOrientedLoss
    >>> logits = torch.tensor([-2.0, -1.0, 0.5, 3.0])
    >>> target = torch.tensor([0, 1, 0, 1])
    >>> ScoreOrientedLoss("f1")(logits, target)
    tensor(0.3836)
    >>> ScoreOrientedLoss("f1", prior="cosine", delta=0.3)(logits, target)
    tensor(0.4777)
    """

    def __init__(
        self,
        metric="f1",
        *,
        prior="uniform",
        mu=0.5,
        delta=0.1,
        beta=1.0,
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
        if prior not in PRIORS:
            raise ValueError(f"prior must be one of {list(PRIORS)}, got {prior!r}.")
        check_at_least(0, mu=mu)
        if mu > 1:
            raise ValueError(f"mu is a probability, from 0 to 1, got {mu!r}.")
        check_at_least(0, strict=True, delta=delta)
        self.prior = prior
        self.mu = mu
        self.delta = delta

    def _below(self, p):
        """Return the chance that the threshold is below p."""
        if self.prior == "uniform":
            return p
        x = ((p - self.mu) / self.delta).clip(-1, 1)
        return 0.5 * (1 + x + (torch.pi * x).sin() / torch.pi)

    def _soft_binary(self, logits, target, weight, with_matrix):
        a = self._below(amplified_sigmoid(logits))
        return count_binary(a, target, weight, with_matrix)

    def _multiclass(self, logits, target, weight):
        shares = one_hot(target, logits)
        metric = self._confusion_metric()
        metric.check(logits.shape[1])
        if logits.shape[1] == 2 and self.average in ("auto", "binary"):
            difference = logits[:, 1] - logits[:, 0]
            return self._binary(difference, shares[:, 1], weight)
        a = self._below(amplified_softmax(logits))
        if metric.needs_matrix:
            counts = count_classes(a, shares, weight, with_matrix=True)
            return metric.loss(self._with_earlier(counts))
        counts = self._with_earlier(count_binary(a, shares, weight))
        return self._of_labels(metric, counts)


def score_oriented_loss(
    input,
    target,
    metric="f1",
    *,
    sample_weight=None,
    prior="uniform",
    mu=0.5,
    delta=0.1,
    beta=1.0,
    average="auto",
    pos_label=1,
    cost=None,
    eps=1e-8,
    mode="auto",
    class_weight=None,
    ignore_index=-100,
):
    """Return the loss of :class:`ScoreOrientedLoss`.

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
    prior : {"uniform", "cosine"}, default="uniform"
        Distribution of the threshold.
    mu : float, default=0.5
        Centre of "cosine".
    delta : float, default=0.1
        Half the width of "cosine".
    beta : float, default=1.0
        Weight of the recall in "fbeta".
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
    ScoreOrientedLoss : The module, with formulas.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ext import score_oriented_loss
    >>> logits = torch.tensor([-2.0, -1.0, 0.5, 3.0])
    >>> score_oriented_loss(logits, torch.tensor([0, 1, 0, 1]), "recall")
    tensor(0.3892)
    """
    loss = ScoreOrientedLoss(
        metric,
        prior=prior,
        mu=mu,
        delta=delta,
        beta=beta,
        average=average,
        pos_label=pos_label,
        cost=cost,
        eps=eps,
        mode=mode,
        class_weight=class_weight,
        ignore_index=ignore_index,
    )
    return loss(input, target, sample_weight)

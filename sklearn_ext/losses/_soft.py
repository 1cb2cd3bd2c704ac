"""Soft predictions and soft confusion matrices of AnyLoss (arXiv 2405.14745).

The hot path of training: tensors come validated, nothing is checked. Rows are the first
axis, classes the last; axes between them (heads, labels) are free. Gradients reach the
logits and the soft predictions only.
"""

from typing import TYPE_CHECKING

from sklearn_ext._core._optional import import_optional

from ._metrics import Counts

if TYPE_CHECKING:
    import torch
else:
    torch = import_optional("torch", extra="torch", purpose="sklearn_ext.losses")

__all__ = [
    "amplified_sigmoid",
    "amplified_softmax",
    "binary_counts",
    "class_counts",
    "count_binary",
    "count_classes",
    "resolve_amplification",
]

# The largest whole L for which 1 / (1 + exp(-L / 2)) is still below 1.
SAFE_AMPLIFICATION = {torch.float64: 73.0, torch.float32: 33.0}


def resolve_amplification(amplification, dtype):
    """Return the number that "auto" stands for."""
    return SAFE_AMPLIFICATION[dtype] if amplification == "auto" else amplification


def _expand(rows, like):
    """Append axes to a tensor of rows until it broadcasts to `like`."""
    missing = like.dim() - rows.dim()
    return rows.reshape(rows.shape + (1,) * missing) if missing else rows


class _AmplifiedSigmoid(torch.autograd.Function):
    """a = sigmoid(L (p - 1/2)), p = sigmoid(z); a = p if L is None.

    A slope such as a (1 - a) is 0 once a rounds to 1, so the complements are sigmoids
    of their own.
    """

    @staticmethod
    def forward(ctx, z, amplification):
        p = z.sigmoid()
        a = p
        if amplification is not None:
            a = torch.sub(p, 0.5).mul_(amplification).sigmoid_()
        ctx.amplification = amplification
        ctx.save_for_backward(z, p, a)
        return a

    @staticmethod
    def backward(ctx, grad):
        z, p, a = ctx.saved_tensors
        amplification = ctx.amplification
        if torch.is_grad_enabled():  # a gradient of this gradient is wanted
            p = z.sigmoid()
            slope = p * (-z).sigmoid()
            if amplification is not None:
                u = (p - 0.5) * amplification
                slope = slope * u.sigmoid() * (-u).sigmoid() * amplification
            return grad * slope, None
        slope = torch.neg(z).sigmoid_().mul_(p)
        if amplification is not None:
            u = torch.rsub(p, 0.5).mul_(amplification).sigmoid_()
            slope.mul_(u).mul_(a).mul_(amplification)
        return slope.mul_(grad), None


def amplified_sigmoid(logits, amplification=None):
    """Return soft predictions of the positive class.

    `amplification` is a number, a tensor that broadcasts (one number per head), or None
    for the probability itself.
    """
    return _AmplifiedSigmoid.apply(logits, amplification)


def _half(amplification):
    """Return L / 2, with an axis for the classes if there is one L per head."""
    if amplification is None:
        return None
    half = amplification / 2
    return half[..., None] if isinstance(half, torch.Tensor) else half


def _softmax(z):
    """Return softmax(z) over the last axis.

    On a CPU torch's own is the slower one for few classes: by hand 100,000 rows of 10
    classes took a fifth of its time.
    """
    if z.device.type != "cpu" or z.shape[-1] > 32:
        return z.softmax(-1)
    e = (z - z.amax(-1, keepdim=True)).exp_()
    return e.div_(e.sum(-1, keepdim=True))


def _softmaxes(z, half):
    """Return p = softmax(z) and a = softmax(L / 2 p), or p again if L is None."""
    p = _softmax(z)
    return (p, p) if half is None else (p, _softmax(p * half))


def _through_softmax(grad, soft):
    """Return the gradient of the logits of `soft`, a softmax.

    The mean is taken off twice: once is not exact, and what remains of the gradient
    where `soft` rounds to 1 is smaller than the error.
    """
    grad = grad - (soft * grad).sum(-1, keepdim=True)
    return soft * (grad - (soft * grad).sum(-1, keepdim=True))


def _through_softmaxes_(grad, p, a, half):
    """Turn the gradient of `a` into that of z in place, as `_through_softmax` does."""
    product = torch.empty_like(grad)
    for soft, scale in ((p, None),) if half is None else ((a, half), (p, None)):
        for _ in range(2):
            grad.sub_(torch.mul(soft, grad, out=product).sum(-1, keepdim=True))
        grad.mul_(soft)
        if scale is not None:
            grad.mul_(scale)
    return grad


class _AmplifiedSoftmax(torch.autograd.Function):
    """The second of `_softmaxes`, with a gradient that stays alive."""

    @staticmethod
    def forward(ctx, z, half):
        p, a = _softmaxes(z, half)
        ctx.half = half
        ctx.save_for_backward(z, p, a)
        return a

    @staticmethod
    def backward(ctx, grad):
        z, p, a = ctx.saved_tensors
        if not torch.is_grad_enabled():
            return _through_softmaxes_(grad.clone(), p, a, ctx.half), None
        p = z.softmax(-1)  # a gradient of this gradient is wanted
        if ctx.half is not None:
            a = (p * ctx.half).softmax(-1)
            grad = _through_softmax(grad, a) * ctx.half
        return _through_softmax(grad, p), None


def amplified_softmax(logits, amplification=None):
    """Return soft predictions of the classes, which sum to 1 over the last axis.

    `amplification` is a number, a tensor that broadcasts to the axes before the last,
    or None for the probabilities themselves. With two classes the result is that of
    `amplified_sigmoid` for the difference of the logits.
    """
    return _AmplifiedSoftmax.apply(logits, _half(amplification))


def _sum_products(rows, values):
    """Sum rows * values over the first axis; either may lack the axes after it."""
    if rows.dim() > 1:
        return (rows * _expand(values, rows)).sum(0)
    return rows @ values if values.dim() < 3 else torch.tensordot(rows, values, 1)


def count_binary(a, positive, weight=None, with_matrix=False):
    """Return the confusion matrices of soft predictions as `Counts` of (..., 2).

    Parameters
    ----------
    a : tensor of shape (B, ...)
        Soft predictions of the positive class.
    positive : tensor of shape (B,) or (B, ...)
        0, 1 or between.
    weight : tensor of shape (B,) or (B, ...) or None
        Weights of rows.
    with_matrix : bool
        Whether to stack the matrices [[tn, fp], [fn, tp]] too.
    """
    # Not by differences from totals: a side without rows must be exactly 0.
    negative = 1 - positive
    if weight is None:
        weighted = a
        negatives, positives = negative.sum(0), positive.sum(0)
    else:
        weighted = a * _expand(weight, a)
        negatives = _sum_products(negative, weight)
        positives = _sum_products(positive, weight)
    fp, tp = _sum_products(negative, weighted), _sum_products(positive, weighted)
    negatives, positives = negatives.expand_as(fp), positives.expand_as(tp)
    tn, fn = negatives - fp, positives - tp
    matrix = None
    if with_matrix:
        matrix = torch.stack((tn, fp, fn, tp), -1).unflatten(-1, (2, 2))
    return Counts(
        torch.stack((tn, tp), -1),
        torch.stack((negatives, positives), -1),
        torch.stack((tn + fn, fp + tp), -1),
        matrix,
    )


def _between(one_hot, a):
    """Give one_hot (B, C) the middle axes of `a`."""
    middle = (1,) * (a.dim() - 2)
    return one_hot.reshape(len(a), *middle, one_hot.shape[-1]) if middle else one_hot


def _class_margins(a, one_hot, weight):
    """Return the column sums and the diagonals of the confusion matrices."""
    weighted = a if weight is None else a * _expand(weight, a)
    return weighted.sum(0), (weighted * _between(one_hot, a)).sum(0)


class _SoftClassMargins(torch.autograd.Function):
    """`_class_margins` of amplified logits, with less memory than in two steps."""

    @staticmethod
    def forward(ctx, z, half, one_hot, weight):
        p, a = _softmaxes(z, half)
        ctx.half = half
        ctx.save_for_backward(z, p, a, one_hot, weight)
        return _class_margins(a, one_hot, weight)

    @staticmethod
    def backward(ctx, of_predicted, of_hits):
        z, p, a, one_hot, weight = ctx.saved_tensors
        if torch.is_grad_enabled():  # a gradient of this gradient is wanted
            a = _AmplifiedSoftmax.apply(z, ctx.half)
            margins = _class_margins(a, one_hot, weight)
            grads = torch.autograd.grad(
                margins, z, (of_predicted, of_hits), create_graph=True
            )
            return *grads, None, None, None
        grad = (_between(one_hot, a) * of_hits).add_(of_predicted)
        if weight is not None:
            grad.mul_(_expand(weight, a))
        return _through_softmaxes_(grad, p, a, ctx.half), None, None, None


def _class_totals(one_hot, weight):
    if weight is None:
        return one_hot.sum(0)
    return torch.tensordot(weight, one_hot, ([0], [0]))


def count_classes(a, one_hot, weight=None, with_matrix=False):
    """Return the confusion matrices of soft predictions as `Counts` of (..., C).

    Parameters
    ----------
    a : tensor of shape (B, ..., C)
        Soft predictions of the classes.
    one_hot : tensor of shape (B, C)
        The classes; may be soft.
    weight : tensor of shape (B,) or (B, ...) or None
        Weights of rows.
    with_matrix : bool
        Whether to compute whole matrices, which takes O(B C^2) time.
    """
    true = _class_totals(one_hot, weight)
    if not with_matrix:
        predicted, hits = _class_margins(a, one_hot, weight)
        return Counts(hits, true.expand_as(hits), predicted)
    weighted = a if weight is None else a * _expand(weight, a)
    matrix = torch.tensordot(one_hot, weighted, ([0], [0])).movedim(0, -2)
    hits = matrix.diagonal(0, -2, -1)
    return Counts(hits, true.expand_as(hits), weighted.sum(0), matrix)


def binary_counts(logits, positive, weight, amplification, with_matrix=False):
    """Return `count_binary` of amplified logits of shape (B, ...)."""
    a = amplified_sigmoid(logits, amplification)
    return count_binary(a, positive, weight, with_matrix)


def class_counts(logits, one_hot, weight, amplification, with_matrix=False):
    """Return `count_classes` of amplified logits of shape (B, ..., C)."""
    half = _half(amplification)
    if with_matrix or one_hot.requires_grad:
        a = _AmplifiedSoftmax.apply(logits, half)
        return count_classes(a, one_hot, weight, with_matrix)
    predicted, hits = _SoftClassMargins.apply(logits, half, one_hot, weight)
    true = _class_totals(one_hot, weight)
    return Counts(hits, true.expand_as(hits), predicted)

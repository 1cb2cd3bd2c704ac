"""Sums and scores of the naive Bayes probe in torch, for rows that lie on a GPU.

Nothing here depends on the device: tests run it on a CPU.
"""

from contextlib import contextmanager
from weakref import WeakKeyDictionary

import numpy as np

from sklearn_ext._core._arrays import as_host
from sklearn_ext._core._optional import import_optional

from ._arrays import check_finite
from ._statistics import FLUSH, Statistics

__all__ = ["probabilities", "scores_in_torch", "statistics_in_torch"]

# Rows of a block, a multiple of FLUSH.
BLOCK_ROWS = 4096
# Classes up to which products with an indicator matrix beat sorting.
FEW_CLASSES = 512

# The linear rules of estimators on a device; outside of the estimators, which are to
# pickle and to stay as they are in predict.
_rules = WeakKeyDictionary()


def _torch():
    return import_optional("torch", extra="torch", purpose="NaiveBayesProbe on a GPU")


@contextmanager
def _full_precision():
    """Keep products of float32 from being rounded to TF32."""
    matmul = _torch().backends.cuda.matmul
    before = matmul.allow_tf32
    matmul.allow_tf32 = False
    try:
        yield
    finally:
        matmul.allow_tf32 = before


def _blocks(X, device, dtype, n_rows):
    """Yield ``(slice, tensor)`` over the rows of a tensor or ndarray."""
    torch = _torch()
    for start in range(0, X.shape[0], n_rows):
        rows = slice(start, start + n_rows)
        block = X[rows]
        if isinstance(block, np.ndarray):  # torch warns about memory that is read-only
            block = torch.from_numpy(np.array(block, order="C"))
        yield rows, block.detach().to(device=device, dtype=dtype)


def _float_type(X):
    torch = _torch()
    return (
        torch.float64 if str(X.dtype) in ("float64", "torch.float64") else torch.float32
    )


def statistics_in_torch(X, codes, weight, n_classes, *, shift, allow_nan, device):
    """Return the `Statistics` of rows, summed on a device, the same in every run.

    Parameters
    ----------
    X : tensor or ndarray of shape (n_samples, n_features)
    codes : ndarray of int of shape (n_samples,)
    weight : ndarray of float64 of shape (n_samples,) or None
    shift : ndarray of float64 of shape (n_features,)
    device : str or torch.device

    Raises
    ------
    ValueError
        scikit-learn's for infinity, and for NaN unless it is allowed.
    """
    torch = _torch()
    dtype = _float_type(X)
    centre = torch.from_numpy(shift).to(device=device, dtype=dtype)
    labels = torch.from_numpy(codes.astype(np.int64)).to(device)
    weights = None
    if weight is not None:
        weights = torch.from_numpy(weight).to(device=device, dtype=dtype)
    double = {"dtype": torch.float64, "device": device}
    sums = torch.zeros((n_classes, X.shape[1]), **double)
    squares = torch.zeros(X.shape[1], **double)
    lost = None
    with _full_precision():
        for rows, block in _blocks(X, device, dtype, BLOCK_ROWS):
            deviation = block - centre
            w = None if weights is None else weights[rows]
            if allow_nan and bool(torch.isnan(deviation).any()):
                missing = torch.isnan(deviation)
                deviation = deviation.masked_fill(missing, 0)
                lost = torch.zeros_like(sums) if lost is None else lost
                lost += _class_sums(missing.to(dtype), labels[rows], w, n_classes)
            sums += _class_sums(deviation, labels[rows], w, n_classes)
            squared = deviation**2
            squares += _partial_sums(squared if w is None else w[:, None] * squared)
    if not bool(torch.isfinite(squares).all()):
        check_finite(as_host(X), allow_nan)
        raise ValueError(
            "X holds numbers so large that their squares are infinite; scale it down."
        )
    count = np.bincount(codes, weight, n_classes).astype(np.float64)
    observed = None
    if lost is not None:
        observed = np.maximum(count[:, np.newaxis] - lost.cpu().numpy(), 0.0)
    used = centre.double().cpu().numpy()
    return Statistics(count, sums.cpu().numpy(), squares.cpu().numpy(), used, observed)


def _padded(values):
    """Return rows as (n_parts, FLUSH, n_columns), with rows of zeros at the end."""
    torch = _torch()
    n_rows = -len(values) % FLUSH
    values = torch.nn.functional.pad(values, (0, 0, 0, n_rows))
    return values.reshape(-1, FLUSH, values.shape[1])


def _partial_sums(values):
    """Return column sums, in double precision from FLUSH rows on."""
    return _padded(values).sum(dim=1).double().sum(dim=0)


def _class_sums(values, labels, weight, n_classes):
    """Return the weighted sums per class, float64 (n_classes, n_columns)."""
    torch = _torch()
    if n_classes <= FEW_CLASSES:
        classes = torch.arange(n_classes, device=labels.device)
        indicator = (labels[:, None] == classes).to(values.dtype)
        if weight is not None:
            indicator *= weight[:, None]
        parts = torch.bmm(_padded(indicator).transpose(1, 2), _padded(values))
        return parts.double().sum(dim=0)
    order = torch.argsort(labels, stable=True)
    values = values[order].double()
    if weight is not None:
        values *= weight[order].double()[:, None]
    lengths = torch.bincount(labels, minlength=n_classes)
    return torch.segment_reduce(values, "sum", lengths=lengths, initial=0.0)


def _rule_on(estimator, device, dtype):
    """Return the linear rule of an estimator, for centred rows, as tensors."""
    torch = _torch()
    cached = _rules.get(estimator)
    key = (str(device), dtype, estimator.missing)
    if cached is None or cached[0] is not estimator.coef_ or cached[1] != key:
        rule = estimator._rule()
        offset = rule.intercept + rule.weights @ rule.centre
        parts = (rule.weights, offset, rule.centre, rule.gains)
        tensors = [
            None if each is None else torch.tensor(each, device=device, dtype=dtype)
            for each in parts
        ]
        cached = _rules[estimator] = (estimator.coef_, key, tensors)
    return cached[2]


def scores_in_torch(estimator, X, device, n_rows):
    """Return the scores of rows, a tensor of shape (n_samples, n_scores) on `device`.

    Raises scikit-learn's ValueError for infinity, and for NaN where it is an error.
    """
    torch = _torch()
    dtype = _float_type(X)
    weights, offset, centre, gains = _rule_on(estimator, device, dtype)
    scores = torch.empty((X.shape[0], len(weights)), device=device, dtype=dtype)
    is_finite = torch.tensor(True, device=device)
    with _full_precision():
        for rows, block in _blocks(X, device, dtype, n_rows):
            deviation = block - centre
            if gains is not None:
                missing = torch.isnan(deviation)
                deviation = deviation.masked_fill(missing, 0)
            is_finite &= torch.isfinite(deviation).all()
            scores[rows] = deviation @ weights.T + offset
            if gains is not None:
                scores[rows] += missing.to(dtype) @ gains.T
    if not bool(is_finite):
        check_finite(as_host(X), gains is not None)
    return scores


def probabilities(scores, temperature, is_binary, *, log):
    """Return (log-)probabilities of scores (n_samples, n_scores)."""
    torch = _torch()
    scores = scores / temperature
    if is_binary:
        function = torch.nn.functional.logsigmoid if log else torch.sigmoid
        return function(torch.hstack([-scores, scores]))
    return torch.log_softmax(scores, 1) if log else torch.softmax(scores, 1)

"""Losses of logits by name, module or function, and their gradients."""

from copy import deepcopy
from functools import partial
from inspect import Parameter, signature

import numpy as np

from sklearn_ext import losses
from sklearn_ext._core._optional import import_optional
from sklearn_ext.losses._base import Loss
from sklearn_ext.losses._metrics import Counts

torch = import_optional("torch", extra="torch", purpose="Training a head")

__all__ = [
    "LOSSES",
    "as_function",
    "check_callable_metric",
    "differentiate",
    "log_loss",
]

LOSSES = {
    "any": "AnyLoss",
    "dice": "DiceLoss",
    "focal": "FocalLoss",
    "score_oriented": "ScoreOrientedLoss",
    "tversky": "TverskyLoss",
}


def log_loss(logits, target, weight):
    """Weighted mean of the logistic loss, of two classes (n,) or of more (n, C)."""
    functional = torch.nn.functional
    if logits.ndim == 1:
        each = functional.binary_cross_entropy_with_logits(
            logits, target, reduction="none"
        )
    else:
        each = functional.cross_entropy(logits, target, reduction="none")
    if weight is None:
        return each.mean()
    return (each @ weight) / weight.sum()


def _takes_weight(function):
    """Whether a callable takes a third positional argument."""
    try:
        parameters = signature(function).parameters.values()
    except ValueError:  # some that are built in do not tell
        return True
    places = [
        each
        for each in parameters
        if each.kind
        in (
            Parameter.POSITIONAL_ONLY,
            Parameter.POSITIONAL_OR_KEYWORD,
            Parameter.VAR_POSITIONAL,
        )
    ]
    return len(places) > 2 or any(p.kind is Parameter.VAR_POSITIONAL for p in places)


def _without_weight(function, logits, target, weight):
    if weight is not None:
        raise TypeError(
            f"The loss {function!r} takes no sample_weight, so neither sample_weight "
            f"nor class_weight can be given. Wrap it into a function of (input, "
            f"target, sample_weight)."
        )
    return function(logits, target)


def as_function(loss, device, n_classes):
    """Return a function of (logits, target, weight or None), with a scalar tensor.

    Parameters
    ----------
    loss : "log_loss", a key of `LOSSES`, module or callable
        A module is copied, so that its buffers stay as they are.
    device : str
    n_classes : int
    """
    if isinstance(loss, type):
        raise TypeError(f"loss must be an instance: {loss.__name__}(), not the class.")
    if isinstance(loss, str):
        if loss == "log_loss":
            return log_loss
        loss = getattr(losses, LOSSES[loss])()
    if not isinstance(loss, torch.nn.Module):
        return loss if _takes_weight(loss) else partial(_without_weight, loss)
    if n_classes == 2 and isinstance(loss, torch.nn.CrossEntropyLoss):
        raise ValueError(
            "loss=CrossEntropyLoss() is for a column per class; for two classes there "
            "is one logit per row. Use 'log_loss' or BCEWithLogitsLoss()."
        )
    loss = deepcopy(loss).to(device).train()
    is_ours = isinstance(loss, Loss) and type(loss).forward is Loss.forward
    if is_ours and loss.mode == "auto":  # targets are valid: no checks in each step
        return loss._loss
    return loss if _takes_weight(loss.forward) else partial(_without_weight, loss)


def check_callable_metric(metric, n_classes):
    """Raise ValueError unless a metric by the user suits arrays and tensors."""
    matrix = np.full((2, n_classes, n_classes), 1.0) + np.eye(n_classes)
    tensor = torch.tensor(matrix, requires_grad=True)
    try:
        values = np.asarray(metric(Counts.of(matrix)), np.float64)
        soft = metric(Counts.of(tensor))
        is_right = soft.requires_grad and tuple(soft.shape) == values.shape == (2,)
    except Exception as error:
        raise ValueError(
            f"metric={metric.metric!r} fails on counts, which are NumPy arrays when "
            f"predictions are judged and tensors in training: {error}"
        ) from error
    if not (is_right and np.isfinite(values).all()):
        raise ValueError(
            f"metric={metric.metric!r} must return one finite number for each of the "
            f"counts that it gets, and depend on them."
        )


def differentiate(function, logits, target, weight):
    """Return the value of a loss and its gradient with respect to the logits."""
    leaf = logits.detach().requires_grad_()
    flat = leaf[:, 0] if leaf.shape[1] == 1 else leaf
    value = function(flat, target, weight)
    if not isinstance(value, torch.Tensor) or value.ndim or not value.requires_grad:
        raise TypeError(
            f"loss must return a scalar tensor that depends on its input, got "
            f"{value!r}."
        )
    (gradient,) = torch.autograd.grad(value, leaf)
    return value.item(), gradient

"""Losses of logits by name, module or function, and their gradients."""

from copy import deepcopy
from functools import partial
from inspect import Parameter, signature

from sklearn_ext import losses
from sklearn_ext._core._optional import import_optional

torch = import_optional("torch", extra="torch", purpose="Training a head")

__all__ = ["LOSSES", "as_function", "differentiate", "log_loss"]

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
    places = [
        each
        for each in signature(function).parameters.values()
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


def as_function(loss, device):
    """Return a function of (logits, target, weight or None), with a scalar tensor.

    Parameters
    ----------
    loss : "log_loss", a key of `LOSSES`, module or callable
        A module is copied, so that its buffers stay as they are.
    device : str
    """
    if loss == "log_loss":
        return log_loss
    if isinstance(loss, str):
        loss = getattr(losses, LOSSES[loss])()
    if isinstance(loss, torch.nn.Module):
        loss = deepcopy(loss).to(device).train()
        if hasattr(loss, "_loss"):  # ours: targets are valid, so their checks are not
            return loss._loss
        return loss if _takes_weight(loss.forward) else partial(_without_weight, loss)
    return loss if _takes_weight(loss) else partial(_without_weight, loss)


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

"""Logits, targets and weights of a batch, checked and brought into one form.

Binary: logits (N,) and float targets (N,). Multi-class: logits (N, C) and int64 classes
(N,) or float shares (N, C). Multi-label: logits and float targets (N, K). Rows without
weight and ignored targets are gone; trailing dimensions are rows.
"""

from typing import TYPE_CHECKING

from sklearn_ext._core._optional import import_optional

if TYPE_CHECKING:
    import torch
else:
    torch = import_optional("torch", extra="torch", purpose="sklearn_ext.losses")

__all__ = ["MODES", "canonical", "check_shares"]

MODES = ("auto", "binary", "multiclass", "multilabel")
BINARY, MULTICLASS, MULTILABEL = MODES[1:]
TOLERANCE = 1e-3  # of shares that should sum to 1


def _check_input(input, from_logits):
    """Return `input` in a precision that has room for a sum over a batch.

    TypeError unless it is a tensor of floats.
    """
    what = "logits" if from_logits else "probabilities"
    if not isinstance(input, torch.Tensor):
        raise TypeError(
            f"input must be a tensor of {what}, got {type(input).__name__}; convert it "
            "with torch.as_tensor."
        )
    if not input.is_floating_point():
        raise TypeError(
            f"input must hold {what} of a floating dtype, got {input.dtype}; targets "
            "are the second argument."
        )
    if input.dtype in (torch.float16, torch.bfloat16):
        return input.float()
    return input


def _kind(input, mode):
    """Return which kind of task logits of this shape are for."""
    shape = tuple(input.shape)
    if not shape:
        raise ValueError("input must have a batch dimension, got a scalar.")
    one_column = len(shape) == 1 or shape[1] == 1
    if mode == "auto":
        return BINARY if one_column else MULTICLASS
    if mode == BINARY and not one_column:
        raise ValueError(
            f"mode='binary' takes input of shape (B,) or (B, 1, ...), got {shape}; for "
            "a column per class use mode='multiclass', per label 'multilabel'."
        )
    if mode == MULTICLASS and one_column:
        raise ValueError(
            f"mode='multiclass' takes input of shape (B, C, ...) with C >= 2, got "
            f"{shape}; one logit per row is for mode='binary'."
        )
    if mode == MULTILABEL and len(shape) < 2:
        raise ValueError(
            f"mode='multilabel' takes input of shape (B, K, ...), got {shape}."
        )
    return mode


def _shape_error(input, target, kind):
    """Return the error for shapes that do not fit."""
    ways = {
        BINARY: "a target for each logit",
        MULTICLASS: "class indices without the class dimension, or shares of input's "
        "shape",
        MULTILABEL: "targets of input's shape",
    }
    return ValueError(
        f"input of shape {tuple(input.shape)} and target of shape "
        f"{tuple(target.shape)} do not fit: {kind} losses take {ways[kind]}."
    )


def _columns_last(tensor):
    """Return (B, C, ...) as (N, C)."""
    if tensor.dim() > 2:
        tensor = tensor.movedim(1, -1)
    return tensor.reshape(-1, tensor.shape[-1])


def _as_weight(sample_weight, input, shapes):
    """Return weights as a tensor like `input`; ValueError for a wrong shape or sign."""
    weight = torch.as_tensor(sample_weight, dtype=input.dtype, device=input.device)
    if tuple(weight.shape) not in shapes:
        raise ValueError(
            f"sample_weight must have the shape {' or '.join(map(str, shapes))} of the "
            f"batch, got {tuple(weight.shape)}."
        )
    if weight.numel():
        low, high = weight.detach().aminmax()
        if not (low >= 0 and high < float("inf")):
            wrong = low.item() if not low >= 0 else high.item()
            raise ValueError(
                f"sample_weight must be finite and at least 0, got {wrong}."
            )
    return weight


def _flat_weight(sample_weight, input, trailing):
    """Return one weight per row of the flattened batch, or None."""
    if sample_weight is None:
        return None
    batch = (input.shape[0],)
    shapes = dict.fromkeys([batch, batch + trailing])
    weight = _as_weight(sample_weight, input, tuple(shapes))
    if weight.dim() == 1 and trailing:
        weight = weight.reshape(batch + (1,) * len(trailing))
        weight = weight.expand(batch + trailing)
    return weight.reshape(-1)


def _check_range(target, n_classes, ignore_index):
    """Raise ValueError for a target out of range; return whether any is ignored.

    Classes are in 0, ..., n_classes - 1; with n_classes None, shares are in [0, 1].
    """
    if not target.numel():
        return False
    last = 1 if n_classes is None else n_classes - 1
    low, high = (bound.item() for bound in target.detach().aminmax())
    inside = low >= 0 and high <= last
    if inside and not 0 <= ignore_index <= last:
        return False
    ignored = target == ignore_index
    wrong = target[~ignored & ~((target >= 0) & (target <= last))]
    if wrong.numel():
        allowed = (
            "values from 0 to 1"
            if n_classes is None
            else f"class indices from 0 to {last}, for {n_classes} classes"
        )
        raise ValueError(
            f"target must hold {allowed}, or ignore_index={ignore_index}; got "
            f"{wrong[0].item()}."
        )
    return bool(ignored.any())


def check_shares(shares, name):
    """Raise ValueError unless each row is a distribution over the classes."""
    if not shares.numel():
        return
    shares = shares.detach()
    total = shares.sum(1)
    worst = total[(total - 1).abs().argmax()].item()
    if not (shares.min() >= 0 and abs(worst - 1) <= TOLERANCE):
        raise ValueError(
            f"{name} must hold shares of the classes, at least 0 and with sum 1 in "
            f"each row; the least is {shares.min().item():g} and a row has the sum "
            f"{worst:g}. For labels that do not exclude each other use "
            "mode='multilabel'."
        )


def _keep(mask, *tensors):
    """Return the rows of tensors, or None, where the mask holds."""
    return [None if each is None else each[mask] for each in tensors]


def _without_zero_weights(logits, target, weight):
    if weight is not None and not bool(weight.all()):
        return _keep(weight != 0, logits, target, weight)
    return logits, target, weight


def _binary(input, target, sample_weight, ignore_index):
    shape = tuple(input.shape)
    without_column = shape[:1] + shape[2:]
    if tuple(target.shape) not in (shape, without_column):
        raise _shape_error(input, target, BINARY)
    logits = input.reshape(-1)
    target = target.reshape(-1).to(logits.dtype)
    weight = _flat_weight(sample_weight, input, shape[2:])
    if _check_range(target, None, ignore_index):
        mask = target != ignore_index
        logits, target, weight = _keep(mask, logits, target, weight)
    return _without_zero_weights(logits, target, weight)


def _multiclass(input, target, sample_weight, ignore_index):
    shape = tuple(input.shape)
    logits = _columns_last(input)
    weight = _flat_weight(sample_weight, input, shape[2:])
    if tuple(target.shape) == shape:
        target = _columns_last(target).to(logits.dtype)
        check_shares(target, "a target of input's shape")
        return _without_zero_weights(logits, target, weight)
    if tuple(target.shape) != shape[:1] + shape[2:]:
        raise _shape_error(input, target, MULTICLASS)
    if target.is_floating_point() or target.is_complex():
        raise TypeError(
            f"class indices must be integers, got a target of {target.dtype} and of "
            f"shape {tuple(target.shape)}; convert it with target.long()."
        )
    target = target.reshape(-1).long()
    if _check_range(target, shape[1], ignore_index):
        mask = target != ignore_index
        logits, target, weight = _keep(mask, logits, target, weight)
    return _without_zero_weights(logits, target, weight)


def _multilabel(input, target, sample_weight, ignore_index):
    shape = tuple(input.shape)
    if tuple(target.shape) != shape:
        raise _shape_error(input, target, MULTILABEL)
    logits = _columns_last(input)
    target = _columns_last(target).to(logits.dtype)
    weight = _flat_weight(sample_weight, input, shape[2:])
    logits, target, weight = _without_zero_weights(logits, target, weight)
    if _check_range(target, None, ignore_index):
        kept = target != ignore_index
        target = target * kept
        weight = kept.to(logits.dtype) if weight is None else weight[:, None] * kept
    return logits, target, weight


_OF_KIND = {BINARY: _binary, MULTICLASS: _multiclass, MULTILABEL: _multilabel}


def canonical(
    input, target, sample_weight, mode="auto", ignore_index=-100, from_logits=True
):
    """Return the kind of task, logits, targets and weights in canonical form.

    Parameters
    ----------
    input : tensor of shape (B,), (B, 1), (B, C) or (B, C, ...)
        Logits.
    target : tensor
        Classes, or shares of input's shape.
    sample_weight : tensor or array-like of shape (B,) or (B, ...) or None
        Weights of rows.
    mode : str
        One of `MODES`.
    ignore_index : int
        Target of what does not count.
    from_logits : bool
        Whether input holds logits, for messages.

    Returns
    -------
    kind : str
        "binary", "multiclass" or "multilabel".
    logits, target : tensor
        As the head of this file says.
    weight : tensor of shape (N,) or, for labels some of which are ignored, (N, K); or
        None for ones
        Weights.
    """
    input = _check_input(input, from_logits)
    if not isinstance(target, torch.Tensor):
        raise TypeError(
            f"target must be a tensor, got {type(target).__name__}; convert it with "
            "torch.as_tensor."
        )
    kind = _kind(input, mode)
    return kind, *_OF_KIND[kind](input, target, sample_weight, ignore_index)

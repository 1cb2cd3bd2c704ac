"""Logarithms of complements, log(1 - p), where p may round to 1."""

from typing import TYPE_CHECKING

from sklearn_ext._core._optional import import_optional

if TYPE_CHECKING:
    import torch
else:
    torch = import_optional("torch", extra="torch", purpose="sklearn_ext.losses")

__all__ = ["log_complement", "log_others"]

NOTHING = float("-inf")


def log_others(logits, index):
    """Return log(1 - p) of one class per row, index (N, 1): the share of the others."""
    others = logits.scatter(1, index, NOTHING).logsumexp(1, keepdim=True)
    return others - logits.logsumexp(1, keepdim=True)


def log_complement(logits, is_softmax):
    """Return log(1 - p) of all classes or labels, from logits (N,) or (N, K).

    Of a softmax only the winner can come near 1.
    """
    if not is_softmax:
        return torch.nn.functional.logsigmoid(-logits)
    winner = logits.argmax(1, keepdim=True)
    p = logits.log_softmax(1).scatter(1, winner, NOTHING).exp()
    return torch.log1p(-p).scatter(1, winner, log_others(logits, winner))

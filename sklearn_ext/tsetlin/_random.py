"""Random numbers with an address: a pure function of the seed and of what it is for.

So a result depends neither on threads, devices nor the order of evaluation, and whoever
needs no draw may skip it. All arithmetic is modulo 2^64. `_kernels.py` and `_torch.py`
have the same functions for their own kinds of numbers.
"""

import numpy as np

__all__ = [
    "FEEDBACK",
    "WEIGHT",
    "draw",
    "held_out",
    "inclusion_chance",
    "key",
    "negative_classes",
    "sample_order",
    "share_of_2_32",
    "sitting_out",
]

ORDER, NEGATIVE, FEEDBACK, WEIGHT, DROP, SPLIT = range(6)

GOLDEN = 0x9E3779B97F4A7C15
MASK_LEVELS = 24  # bits of precision of the probability 1 / specificity
HELD_OUT_SHARE = 0.1


def mix(z):
    """Return a full-strength hash of an array of uint64."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def draw(h, v):
    """Return the random uint64 numbers v >= 0 at the addresses h, broadcast."""
    h, v = np.atleast_1d(np.asarray(h, np.uint64), np.asarray(v, np.uint64))
    return mix(h + np.uint64(GOLDEN) * (v + np.uint64(1)))


def key(seed, *path):
    """Return the address of a path of numbers under the seed."""
    h = np.uint64(seed)
    for number in path:
        h = draw(h, number)[0]
    return h


def high_half(h):
    """Return the upper 32 bits."""
    return h >> np.uint64(32)


def share_of_2_32(share):
    """Return the limit below which a 32-bit draw lies with this probability."""
    return np.floor(np.asarray(share, np.float64) * 2.0**32).astype(np.uint64)


def sample_order(seed, epoch, n_samples):
    """Return the order in which an epoch visits the samples."""
    draws = draw(key(seed, ORDER, epoch), np.arange(n_samples))
    return np.argsort(draws, kind="stable")


def negative_classes(seed, epoch, labels, n_classes):
    """Return a class other than the label for each position of an epoch."""
    draws = high_half(draw(key(seed, NEGATIVE, epoch), np.arange(len(labels))))
    others = ((draws * np.uint64(n_classes - 1)) >> np.uint64(32)).astype(np.intp)
    return others + (others >= labels)


def sitting_out(seed, epoch, n_classes, n_clauses, clause_drop):
    """Return which clauses of each class take no part in an epoch."""
    classes = draw(key(seed, DROP, epoch), np.arange(n_classes))
    draws = high_half(draw(classes[:, None], np.arange(n_clauses)))
    return draws < share_of_2_32(clause_drop)


def held_out(seed, labels):
    """Return which samples early stopping keeps for itself, a tenth of each class."""
    draws = draw(key(seed, SPLIT), np.arange(len(labels)))
    held = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        n_held = int(np.ceil(HELD_OUT_SHARE * len(members)))
        held[members[np.argsort(draws[members], kind="stable")[:n_held]]] = True
    return held


def inclusion_chance(specificity):
    """Return 1 / specificity in units of 2^-24, at least one of them."""
    return max(1, int(np.floor(2**MASK_LEVELS / specificity + 0.5)))

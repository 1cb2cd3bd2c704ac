"""Mini-batches that hold all classes in equal shares."""

import numpy as np

__all__ = ["stratified_batches"]


def stratified_batches(codes, size, random_state):
    """Return the positions of the rows of each batch, in random order.

    The rows of a class are shuffled and laid evenly over the whole, so each batch has
    its share of each class to within one row, and the last is not a small rest.
    """
    n_rows = len(codes)
    shuffled = random_state.permutation(n_rows)
    order = np.argsort(codes[shuffled], kind="stable")  # by class, shuffled within
    sizes = np.bincount(codes)
    sizes = sizes[sizes > 0]
    rank = np.arange(n_rows) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    # A start of its own for each class: else those of one row would all come first.
    place = (rank + np.repeat(random_state.random(len(sizes)), sizes)) / np.repeat(
        sizes, sizes
    )
    rows = shuffled[order[np.argsort(place, kind="stable")]]
    return np.array_split(rows, -(-n_rows // size))

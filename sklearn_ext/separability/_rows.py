"""Rows and distances as the tree wants them, and why others are refused."""

import numpy as np
import scipy.sparse as sp

from sklearn_ext._core._arrays import as_host

__all__ = [
    "NUMBERS",
    "blocks",
    "check_distances",
    "dense_rows",
    "kept_dtype",
    "unit_rows",
]

BLOCK = 1 << 20  # numbers looked at together
SYMMETRY = 1e-6  # relative difference of two entries that are one distance
NUMBERS = [np.float64, np.float32]


def dense_rows(X, name):
    """Return X unless it is sparse; tensors as arrays."""
    if sp.issparse(X):
        raise TypeError(
            f"X is sparse, but {name} needs dense rows. Reduce it to some hundred "
            f"dimensions first, usually by sklearn.decomposition.TruncatedSVD; "
            f"X.toarray() is for small matrices."
        )
    return as_host(X)


def kept_dtype(X):
    """Return float32 for a frame of float32 columns, which may come as float64 else."""
    dtypes = [str(dtype).lower() for dtype in getattr(X, "dtypes", ())]
    return np.float32 if dtypes and set(dtypes) == {"float32"} else NUMBERS


def blocks(n_rows, n_columns):
    """Yield slices of rows that hold about `BLOCK` numbers."""
    step = max(1, BLOCK // max(1, n_columns))
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))


def unit_rows(X, rows):
    """Return the rows of X, which are `rows` of the given ones, with norm 1."""
    unit = np.empty(X.shape, X.dtype)
    for block in blocks(*X.shape):
        values = X[block].astype(np.float64)
        # largest entries in [0.5, 1), so that squares neither overflow nor vanish
        exponents = np.frexp(np.abs(values).max(axis=1))[1]
        values = np.ldexp(values, -exponents[:, None])
        norms = np.sqrt((values**2).sum(axis=1))
        if not norms.all():
            row = rows[block][norms.argmin()]
            raise ValueError(
                f"normalize=True cannot scale row {row} of X, which is all 0, to norm "
                f"1. Drop such rows, or use normalize=False."
            )
        unit[block] = values / norms[:, None]
    return unit


def _first(wrong, block):
    """Return where the first True of a block of rows is, in the whole matrix."""
    i, j = np.unravel_index(wrong.argmax(), wrong.shape)
    return block.start + i, j


def check_distances(distances, rows):
    """Refuse a matrix that is no distance matrix of `rows` of the given one."""
    n = len(distances)
    for block in blocks(n, n):
        negative = distances[block] < 0
        if negative.any():
            i, j = _first(negative, block)
            raise ValueError(
                f"Negative values in data: metric='precomputed' needs distances, but X "
                f"has the negative entry X[{rows[i]}, {rows[j]}] = {distances[i, j]}. "
                f"Similarities have to be turned into distances first."
            )
    diagonal = np.diagonal(distances)
    if diagonal.any():
        i = diagonal.nonzero()[0][0]
        raise ValueError(
            f"metric='precomputed' needs distances, but X has a non-zero diagonal: "
            f"X[{rows[i]}, {rows[i]}] = {diagonal[i]}. If that is rounding, use "
            f"np.fill_diagonal(X, 0)."
        )
    for block in blocks(n, n):
        values, mirrored = distances[block], distances[:, block].T
        asymmetric = np.abs(values - mirrored) > SYMMETRY * np.maximum(values, mirrored)
        if asymmetric.any():
            i, j = _first(asymmetric, block)
            raise ValueError(
                f"metric='precomputed' needs a symmetric matrix, but X is not "
                f"symmetric: X[{rows[i]}, {rows[j]}] = {distances[i, j]}, and its "
                f"mirror image is {distances[j, i]}. If that is rounding, use "
                f"(X + X.T) / 2."
            )

"""Rows that are copies of an earlier row with the same label."""

from hashlib import blake2b

import numpy as np
import pandas as pd
from scipy import sparse

from sklearn_ext._core._arrays import as_host

__all__ = ["first_copies"]

# Columns that are looked at first; rows that differ there are no copies.
N_COLUMNS = 16


def first_copies(X, codes):
    """Return the first copy of each row, int (n_rows,), or None if all are different.

    Parameters
    ----------
    X : ndarray, CSR or tensor of shape (n_rows, n_features)
    codes : ndarray of int of shape (n_rows,)
        The labels.
    """
    suspects = np.flatnonzero(pd.Series(_keys(X)).duplicated(keep=False))
    if not len(suspects):
        return None
    first = np.arange(len(codes))
    seen = {}
    for i in suspects.tolist():
        first[i] = seen.setdefault((codes[i], _digest(X, i)), i)
    return first if len(seen) < len(suspects) else None


def _keys(X):
    """Return a number for each row that is the same for equal rows."""
    if sparse.issparse(X):
        return X.astype(np.float64, copy=False) @ np.sin(np.arange(1.0, X.shape[1] + 1))
    start = max(0, (X.shape[1] - N_COLUMNS) // 2)
    part = as_host(X[:, start : start + N_COLUMNS]).astype(np.float64, order="C")
    # not a matrix product: that may round a row differently at another place
    return np.einsum("ij,j->i", part, np.sin(np.arange(1.0, part.shape[1] + 1)))


def _digest(X, i):
    """Return a fingerprint of row i."""
    digest = blake2b(digest_size=16)
    if sparse.issparse(X):
        stored = slice(X.indptr[i], X.indptr[i + 1])
        digest.update(X.indices[stored].tobytes())
        digest.update(X.data[stored].tobytes())
    else:
        digest.update(as_host(X[i]).tobytes())
    return digest.digest()

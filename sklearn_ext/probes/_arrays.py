"""Rows of any accepted kind, validated but not copied, and results of the same kind."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from sklearn_ext._core._arrays import as_host, is_foreign, is_tensor
from sklearn_ext._core._sklearn import assert_all_finite, validate_data

__all__ = ["Rows", "check_finite", "dense_blocks", "open_rows"]

FLOATS = [np.float64, np.float32, np.float16]
# Bytes of a block that is copied or converted.
BLOCK_BYTES = 2**24


@dataclass(frozen=True)
class Rows:
    """Validated rows.

    Parameters
    ----------
    X : ndarray, CSR, or tensor of shape (n_samples, n_features)
        float16, float32 or float64; NaN and infinity are not looked for yet.
    given : object
        What the caller passed.
    device : str, torch.device or None
        Where torch computes; None is NumPy.
    """

    X: Any
    given: Any
    device: Any = None

    @property
    def dtype(self):
        """Precision of the results: float32 for single and half precision."""
        is_double = str(self.X.dtype) in ("float64", "torch.float64")
        return np.float64 if is_double else np.float32

    def give(self, values):
        """Return a result in the namespace and on the device of the caller's rows.

        Labels that are not numbers stay in NumPy.
        """
        if is_tensor(self.given):
            if not is_tensor(values):
                if values.dtype.kind not in "biuf":
                    return values
                import torch

                values = torch.from_numpy(values)
            return values.to(self.given.device)
        values = as_host(values)
        if is_foreign(self.given) and values.dtype.kind in "biuf":
            xp = self.given.__array_namespace__()
            return xp.asarray(values, device=self.given.device)
        return values


def open_rows(estimator, X, y=None, *, device=None, with_y=False, reset=False):
    """Return `Rows`, and y as a NumPy array if it comes `with_y`.

    Sets or checks the features of `estimator`. Raises scikit-learn's errors for what is
    no table of numbers.
    """
    stays = device is not None and is_tensor(X)
    # A tensor that stays on its device is checked by its shape: zeros stand for it.
    host = np.broadcast_to(np.float32(0), tuple(X.shape)) if stays else as_host(X)
    validated = validate_data(
        estimator,
        host,
        **({"y": as_host(y)} if with_y else {}),
        reset=reset,
        accept_sparse="csr",
        dtype=FLOATS,
        ensure_all_finite=False,
    )
    host, y = validated if with_y else (validated, None)
    if stays:
        rows = Rows(_float_tensor(X), X, device)
    elif sparse.issparse(host):
        rows = Rows(_canonical(host), X)
    else:
        rows = Rows(host, X, device)
    return (rows, y) if with_y else rows


def _float_tensor(X):
    """Return a tensor of real numbers as one of floating point numbers."""
    if X.is_complex():
        raise ValueError("Complex data not supported: X is a complex tensor.")
    return X.detach() if X.is_floating_point() else X.detach().double()


def _canonical(X):
    """Return CSR with each entry stored once, perhaps in the same memory."""
    # a new object: what it finds out about its entries is written into it
    X = sparse.csr_array((X.data, X.indices, X.indptr), X.shape)
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X


def check_finite(X, allow_nan):
    """Raise scikit-learn's error for infinity, and for NaN unless it is allowed."""
    assert_all_finite(
        X.data if sparse.issparse(X) else X, allow_nan=allow_nan, input_name="X"
    )


def dense_blocks(X, dtype, n_rows=None):
    """Yield ``(slice, block)`` over the rows of an ndarray.

    Blocks are C-contiguous and of `dtype`, copied only where X is not. `n_rows` bounds
    their length; copies are bounded in bytes as well.
    """
    n_rows = n_rows or len(X)
    if X.dtype != dtype or not X.flags.c_contiguous:
        row_bytes = X.shape[1] * np.dtype(dtype).itemsize
        n_rows = max(1, min(n_rows, BLOCK_BYTES // row_bytes))
    for start in range(0, len(X), n_rows):
        rows = slice(start, start + n_rows)
        yield rows, np.ascontiguousarray(X[rows], dtype)

"""Rows of ones and zeros: as the positions of their ones, or as packed bits.

Sparse input stays sparse, so memory follows the ones; dense input becomes one bit per
entry: bit f % 64 of word f // 64 is feature f.
"""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

__all__ = ["WORD", "BinaryRows", "binary_rows", "n_words", "pack_bits"]

WORD = 64


class BinaryRows(NamedTuple):
    """Samples of binary features, either in `indptr`, `indices` or in `words`."""

    n_rows: int
    n_features: int
    indptr: np.ndarray  # int64 (n_rows + 1,), or empty
    indices: np.ndarray  # int32, sorted and unique within a row
    words: np.ndarray  # uint64 (n_rows, n_words(n_features)), or (0, ...)

    @property
    def is_packed(self):
        """Whether the rows are packed bits."""
        return len(self.indptr) == 0

    def in_kernel_form(self, plain_array):
        """Return the same rows in arrays for which no kernel is compiled anew."""
        return self._replace(
            indptr=plain_array(self.indptr),
            indices=plain_array(self.indices),
            words=plain_array(self.words),
        )

    def take(self, rows):
        """Return these rows, in this order."""
        if self.is_packed:
            words = self.words[rows]
            return self._replace(n_rows=len(words), words=words)
        ones = sp.csr_array(
            (np.ones(len(self.indices), np.int8), self.indices, self.indptr),
            shape=(self.n_rows, self.n_features),
        )[rows]
        return _sparse_rows(ones)

    def feature_counts(self):
        """Return in how many rows each feature is one."""
        if self.is_packed:
            bits = unpack_bits(self.words, self.n_features)
            return bits.sum(axis=0, dtype=np.int64)
        return np.bincount(self.indices, minlength=self.n_features)


def n_words(n_bits):
    """Return how many words hold so many bits."""
    return -(-n_bits // WORD)


def pack_bits(bits):
    """Return rows of bool as rows of uint64, the unused bits zero."""
    n_rows, n_bits = bits.shape
    octets = np.zeros((n_rows, n_words(n_bits) * 8), np.uint8)
    octets[:, : -(-n_bits // 8)] = np.packbits(bits, axis=1, bitorder="little")
    return octets.view("<u8").astype(np.uint64, copy=False)


def unpack_bits(words, n_bits):
    """Return the first bits of rows of uint64 as uint8."""
    octets = np.ascontiguousarray(words).astype("<u8", copy=False).view(np.uint8)
    return np.unpackbits(octets, axis=-1, count=n_bits, bitorder="little")


def binary_rows(X, binarize):
    """Return the rows of a validated array or sparse matrix as bits ``X > binarize``.

    Raises ValueError for what is neither 0 nor 1 if `binarize` is None, and for sparse
    input whose zeros would become ones.
    """
    # a float64, or NumPy would round it to the dtype of float32 input
    limit = np.float64(0 if binarize is None else binarize)
    if not sp.issparse(X):
        if binarize is None:
            _check_binary(X, X)
        bits = np.greater(X, limit)
        empty = np.empty(0, np.int64)
        words = pack_bits(bits)
        return BinaryRows(*bits.shape, empty, empty.astype(np.int32), words)

    if binarize is not None and binarize < 0:
        raise ValueError(
            f"binarize={binarize!r} would make ones of the zeros of sparse X; give "
            "binarize >= 0, or dense X."
        )
    ones = sp.csr_array(X)
    if not ones.has_canonical_format:
        ones = ones.copy()
        ones.sum_duplicates()
    if binarize is None:
        _check_binary(ones.data, ones)
    is_one = ones.data > limit
    if not is_one.all():
        kept = np.concatenate([[0], np.cumsum(is_one)])
        indptr, indices = kept[ones.indptr], ones.indices[is_one]
        ones = sp.csr_array((is_one[is_one], indices, indptr), shape=ones.shape)
    return _sparse_rows(ones)


def _sparse_rows(ones):
    n_rows, n_features = ones.shape
    return BinaryRows(
        n_rows,
        n_features,
        np.asarray(ones.indptr, np.int64),
        np.asarray(ones.indices, np.int32),
        np.empty((0, n_words(n_features)), np.uint64),
    )


def _check_binary(values, X):
    """Raise ValueError for the first value that is neither 0 nor 1."""
    wrong = (values != 0) & (values != 1)
    if not wrong.any():
        return
    if sp.issparse(X):
        place = int(np.flatnonzero(wrong)[0])
        row = int(np.searchsorted(X.indptr, place, side="right")) - 1
        column, value = int(X.indices[place]), values[place]
    else:
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        value = values[row, column]
    raise ValueError(
        f"binarize=None takes only zeros and ones, but X[{row}, {column}] is {value}. "
        "Give binarize=0.0 to take what is above 0 as one, make presence bits with "
        "CountVectorizer(binary=True), or bits of numbers with ThermometerEncoder()."
    )

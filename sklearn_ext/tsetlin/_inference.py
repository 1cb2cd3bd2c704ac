"""Votes and outputs of clauses, from sparse or packed rows, block by block."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from sklearn_ext._core._arrays import plain_array

from ._kernels_inference import (
    add_votes,
    assign_slots,
    count_outputs,
    fill_columns,
    list_outputs,
)
from ._pack import n_words

__all__ = ["ClauseBank", "class_votes", "clause_outputs"]

BLOCK = 4096  # rows whose columns are in cache together


class ClauseBank(NamedTuple):
    """Clauses as CSR over the 2F literals, with their classes and signed votes."""

    indptr: np.ndarray
    indices: np.ndarray
    owner: np.ndarray
    votes: np.ndarray
    n_features: int
    n_classes: int

    @classmethod
    def of(cls, clauses, owner, votes, n_classes):
        """Take a csr_array of clauses apart; the kernels know one dtype of index."""
        return cls(
            plain_array(np.asarray(clauses.indptr, np.int64)),
            plain_array(np.asarray(clauses.indices, np.int32)),
            plain_array(np.asarray(owner, np.int32)),
            plain_array(np.asarray(votes, np.int32)),
            clauses.shape[1] // 2,
            n_classes,
        )


def _blocks(rows, bank, workers):
    """Return the slots of the features in use, and the (first, stop) of row blocks."""
    slots = np.empty(bank.n_features, np.int32)
    n_used = assign_slots(bank.indices, slots)
    # multiples of 64 rows, about equally many for each thread
    n_groups = max(1, n_words(rows.n_rows))
    size = min(BLOCK // 64, -(-n_groups // workers.n_threads)) * 64
    firsts = range(0, rows.n_rows, size)
    return slots, n_used, [(a, min(a + size, rows.n_rows)) for a in firsts]


def _columns(rows, slots, n_used, first, stop):
    columns = np.empty((n_used, n_words(stop - first)), np.uint64)
    fill_columns(
        first, stop - first, rows.indptr, rows.indices, rows.words, slots, columns
    )
    return columns


def class_votes(bank, rows, workers):
    """Return the votes of each row for each class, int64 (n, C), not clipped."""
    rows = rows.in_kernel_form(plain_array)
    slots, n_used, blocks = _blocks(rows, bank, workers)

    def votes_of(block):
        columns = _columns(rows, slots, n_used, *block)
        n_rows = block[1] - block[0]
        totals = np.zeros((bank.n_classes, 64 * columns.shape[1]), np.int64)
        add_votes(
            bank.indptr,
            bank.indices,
            bank.owner,
            bank.votes,
            n_rows,
            slots,
            columns,
            totals,
        )
        return totals[:, :n_rows].T

    parts = workers.map(votes_of, blocks)
    if not parts:
        return np.zeros((0, bank.n_classes), np.int64)
    return np.concatenate(parts)


def clause_outputs(bank, rows, workers):
    """Return which clauses hold on each row, csr_array of uint8 (n, R)."""
    rows = rows.in_kernel_form(plain_array)
    slots, n_used, blocks = _blocks(rows, bank, workers)
    n_clauses = len(bank.owner)

    def outputs_of(block):
        columns = _columns(rows, slots, n_used, *block)
        n_rows = block[1] - block[0]
        bits = np.zeros((n_clauses, columns.shape[1]), np.uint64)
        counts = np.zeros(64 * columns.shape[1], np.int64)
        count_outputs(bank.indptr, bank.indices, n_rows, slots, columns, bits, counts)
        counts = counts[:n_rows]
        starts = np.cumsum(counts) - counts
        indices = np.empty(counts.sum(), np.int32)
        list_outputs(bits, starts, indices)
        return counts, indices

    parts = workers.map(outputs_of, blocks)
    counts = np.concatenate([np.zeros(1, np.int64), *(c for c, _ in parts)])
    indices = np.concatenate([np.zeros(0, np.int32), *(i for _, i in parts)])
    indptr = np.cumsum(counts)
    if indptr[-1] < 2**31:
        indptr = indptr.astype(np.int32)
    data = np.ones(len(indices), np.uint8)
    return sp.csr_array((data, indices, indptr), shape=(rows.n_rows, n_clauses))

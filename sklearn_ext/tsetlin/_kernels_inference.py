"""Inference kernels: one bit vector over a block of samples per feature.

A clause is the AND of the vectors of its literals, 64 samples at a time. Clauses come
as CSR: columns 0..F-1 are features, F..2F-1 their negations.
"""

import numpy as np

from sklearn_ext._core._numba import jit

__all__ = ["add_votes", "assign_slots", "count_outputs", "fill_columns", "list_outputs"]

FEW = 6  # ones of a word up to which they are visited one by one
ZERO = np.uint64(0)
ONE = np.uint64(1)
ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


@jit
def n_ones(word):
    """Count the ones of a uint64."""
    word = word - ((word >> ONE) & np.uint64(0x5555555555555555))
    pairs = np.uint64(0x3333333333333333)
    word = (word & pairs) + ((word >> np.uint64(2)) & pairs)
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    word = word + (word >> np.uint64(8))
    word = word + (word >> np.uint64(16))
    return np.int64((word + (word >> np.uint64(32))) & np.uint64(0x7F))


@jit
def assign_slots(clause_indices, slots):
    """Give each feature that a clause uses a number in slots (int32, F), others -1.

    Returns how many there are.
    """
    n_features = len(slots)
    slots[:] = -1
    for literal in clause_indices:
        slots[literal if literal < n_features else literal - n_features] = 0
    n_used = 0
    for f in range(n_features):
        if slots[f] == 0:
            slots[f] = n_used
            n_used += 1
    return n_used


@jit
def fill_columns(first_row, n_rows, indptr, indices, words, slots, columns):
    """Set columns (uint64, slots x words of rows) to the bits of rows of BinaryRows."""
    columns[:] = ZERO
    for i in range(n_rows):
        row = first_row + i
        at = i >> 6
        bit = ONE << np.uint64(i & 63)
        if len(indptr) > 0:
            for k in range(indptr[row], indptr[row + 1]):
                slot = slots[indices[k]]
                if slot >= 0:
                    columns[slot, at] |= bit
        else:
            for w in range(words.shape[1]):
                word = words[row, w]
                while word != ZERO:
                    lowest = word & (~word + ONE)
                    slot = slots[64 * w + n_ones(lowest - ONE)]
                    if slot >= 0:
                        columns[slot, at] |= bit
                    word ^= lowest


@jit
def evaluate(literals, n_rows, slots, columns, holds):
    """Set holds (uint64) to the samples on which all literals are true.

    The literals are sorted. Returns whether there are any such samples; an empty
    clause has none.
    """
    n_words = columns.shape[1]
    n_features = len(slots)
    if len(literals) == 0:
        return False
    for w in range(n_words):
        holds[w] = ALL
    if n_rows % 64:
        holds[n_words - 1] = (ONE << np.uint64(n_rows % 64)) - ONE
    left = ALL
    k = 0
    while k < len(literals) and literals[k] < n_features:
        column = columns[slots[literals[k]]]
        left = ZERO
        for w in range(n_words):
            holds[w] &= column[w]
            left |= holds[w]
        if left == ZERO:
            return False
        k += 1
    # on text hundreds of negations may follow: four at once
    while k + 4 <= len(literals):
        first = columns[slots[literals[k] - n_features]]
        second = columns[slots[literals[k + 1] - n_features]]
        third = columns[slots[literals[k + 2] - n_features]]
        fourth = columns[slots[literals[k + 3] - n_features]]
        left = ZERO
        for w in range(n_words):
            holds[w] &= ~(first[w] | second[w] | third[w] | fourth[w])
            left |= holds[w]
        if left == ZERO:
            return False
        k += 4
    while k < len(literals):
        column = columns[slots[literals[k] - n_features]]
        left = ZERO
        for w in range(n_words):
            holds[w] &= ~column[w]
            left |= holds[w]
        k += 1
    return left != ZERO


@jit
def add_votes(
    clause_indptr, clause_indices, owners, votes, n_rows, slots, columns, totals
):
    """Add the votes of the clauses that hold to totals, int64 (C, 64 * words)."""
    n_words = columns.shape[1]
    holds = np.empty(n_words, np.uint64)
    for r in range(len(owners)):
        literals = clause_indices[clause_indptr[r] : clause_indptr[r + 1]]
        if not evaluate(literals, n_rows, slots, columns, holds):
            continue
        vote = np.int64(votes[r])
        for w in range(n_words):
            word = holds[w]
            if word == ZERO:
                continue
            total = totals[owners[r], 64 * w : 64 * w + 64]
            if n_ones(word) <= FEW:
                while word != ZERO:
                    lowest = word & (~word + ONE)
                    total[n_ones(lowest - ONE)] += vote
                    word ^= lowest
            else:
                for b in range(64):
                    total[b] += vote & -np.int64((word >> np.uint64(b)) & ONE)


@jit
def count_outputs(clause_indptr, clause_indices, n_rows, slots, columns, bits, counts):
    """Set bits (uint64, R x words) to where each clause holds, with counts by row."""
    counts[:] = 0
    n_words = columns.shape[1]
    for r in range(len(bits)):
        literals = clause_indices[clause_indptr[r] : clause_indptr[r + 1]]
        if not evaluate(literals, n_rows, slots, columns, bits[r]):
            bits[r, :] = ZERO
        for w in range(n_words):
            word = bits[r, w]
            while word != ZERO:
                lowest = word & (~word + ONE)
                counts[64 * w + n_ones(lowest - ONE)] += 1
                word ^= lowest


@jit
def list_outputs(bits, starts, indices):
    """List the clauses that hold on each row, from starts (int64) on, which move."""
    n_words = bits.shape[1]
    for r in range(len(bits)):
        for w in range(n_words):
            word = bits[r, w]
            while word != ZERO:
                lowest = word & (~word + ONE)
                i = 64 * w + n_ones(lowest - ONE)
                indices[starts[i]] = r
                starts[i] += 1
                word ^= lowest

"""Kernels that turn columns of numbers into ranks and byte codes.

Floats arrive as their bits (uint32 or uint64). Columns of few distinct values are coded
by a small hash table in one pass, without sorting. The others get dense ranks from a
sorted row order, and a byte code that names one of at most 256 bins of adjacent ranks.
"""

import numpy as np

from sklearn_ext._core._numba import jit

# Rows per block: a block of 20 float32 columns stays in the second-level cache while
# its columns are coded one after the other.
BLOCK = 2048
N_SLOTS = 1024


@jit
def code_few_values(bits, columns, limit, codes, levels, n_levels, sign, infinity, nan):
    """Code columns of at most `limit` distinct numbers; NaN counts as one number.

    Parameters
    ----------
    bits : uint32 or uint64 (n, p), C order
        Bits of the floats.
    columns : int64 (c,)
        The columns to code.
    limit : int, at most 256
    codes : uint8 (c, n)
        Out: level of each cell, in order of first appearance.
    levels : (c, 256) of the dtype of `bits`
        Out: bits of each level; those of 0.0 for -0.0, `nan` for every NaN.
    n_levels : int64 (c,)
        Out, zero on entry: number of levels, -1 for too many, -2 for infinity.
    sign, infinity, nan : of the dtype of `bits`
        Bits of -0.0, of infinity and of the NaN to report.
    """
    n_rows = bits.shape[0]
    slot_key = np.zeros((columns.size, N_SLOTS), bits.dtype)
    slot_code = np.full((columns.size, N_SLOTS), -1, np.int16)
    for start in range(0, n_rows, BLOCK):
        stop = min(start + BLOCK, n_rows)
        for c in range(columns.size):
            column = columns[c]
            count = n_levels[c]
            if count < 0:
                continue
            keys = slot_key[c]
            known = slot_code[c]
            for i in range(start, stop):
                key = bits[i, column]
                magnitude = key & ~sign
                if magnitude >= infinity:
                    if magnitude == infinity:
                        count = -2
                        break
                    key = nan
                elif magnitude == 0:
                    key = sign ^ sign
                # Fibonacci hashing of 32 bits; the product fits into 64.
                mixed = np.uint64(key)
                mixed = (mixed ^ (mixed >> np.uint64(32))) & np.uint64(0xFFFFFFFF)
                mixed = (mixed * np.uint64(0x9E3779B1)) & np.uint64(0xFFFFFFFF)
                slot = np.int64(mixed >> np.uint64(22))
                while known[slot] >= 0 and keys[slot] != key:
                    slot = (slot + 1) & (N_SLOTS - 1)
                if known[slot] < 0:
                    if count == limit:
                        count = -1
                        break
                    keys[slot] = key
                    known[slot] = count
                    levels[c, count] = key
                    count += 1
                codes[c, i] = known[slot]
            n_levels[c] = count


@jit
def gather_columns(bits, columns, out):
    """Copy columns of `bits` (uint32, C order) into rows of `out`, block by block."""
    for start in range(0, bits.shape[0], BLOCK):
        stop = min(start + BLOCK, bits.shape[0])
        for c in range(columns.size):
            for i in range(start, stop):
                out[c, i] = bits[i, columns[c]]


@jit
def translate(codes, table):
    """Replace each code c of `codes` (uint8, n) by ``table[c]`` (uint8, 256)."""
    for i in range(codes.size):
        codes[i] = table[codes[i]]


@jit
def sort_keys(bits):
    """Return uint64 keys that sort as the float32 of `bits`, row in the low half.

    -0.0 equals 0.0, and every NaN comes last.
    """
    keys = np.empty(bits.size, np.uint64)
    sign = np.uint64(0x80000000)
    for i in range(bits.size):
        key = np.uint64(bits[i])
        magnitude = key & np.uint64(0x7FFFFFFF)
        if magnitude > np.uint64(0x7F800000):
            key = np.uint64(0xFFFFFFFF)
        elif magnitude == 0 or key < sign:
            key = magnitude | sign
        else:
            key = key ^ np.uint64(0xFFFFFFFF)
        keys[i] = (key << np.uint64(32)) | np.uint64(i)
    return keys


@jit
def order_of_keys(keys):
    """Return (order, is_new) of sorted keys: row numbers, and where a value begins."""
    order = np.empty(keys.size, np.int32)
    is_new = np.empty(keys.size, np.uint8)
    before = ~keys[0]
    for i in range(keys.size):
        order[i] = np.int32(keys[i] & np.uint64(0xFFFFFFFF))
        is_new[i] = (keys[i] ^ before) >> np.uint64(32) != 0
        before = keys[i]
    return order, is_new


@jit
def mark_new(values):
    """Return where a value begins in sorted float64 `values`, NaN last."""
    is_new = np.ones(values.size, np.uint8)
    for i in range(1, values.size):
        both_missing = np.isnan(values[i]) and np.isnan(values[i - 1])
        is_new[i] = values[i] != values[i - 1] and not both_missing
    return is_new


@jit
def count_levels(is_new):
    """Return the number of rows of each level, int32."""
    counts = np.zeros(is_new.sum(), np.int32)
    level = -1
    for i in range(is_new.size):
        if is_new[i]:
            level += 1
        counts[level] += 1
    return counts


@jit
def cut_bins(counts, limit):
    """Cut ranks into at most `limit` bins of about equal weight.

    A rank as heavy as a bin gets one of its own, so that it need not be refined.
    Returns int32 of length n_bins + 1: the first rank of each bin, and the number of
    ranks.
    """
    target = (counts.sum() + limit - 1) // limit
    starts = np.empty(counts.size + 1, np.int32)
    while True:
        n_bins = 0
        filled = target
        for rank in range(counts.size):
            if filled + counts[rank] > target:
                starts[n_bins] = rank
                n_bins += 1
                filled = 0
            filled += counts[rank]
        if n_bins <= limit:
            starts[n_bins] = counts.size
            return starts[: n_bins + 1].copy()
        target += 1 + target // 8


@jit
def scatter_ranks(order, is_new, starts, ranks, codes):
    """Write the rank (int32) and the bin (uint8) of each row of a sorted order."""
    rank = -1
    code = -1
    for i in range(order.size):
        if is_new[i]:
            rank += 1
            code += rank == starts[code + 1]
        ranks[order[i]] = rank
        codes[order[i]] = code

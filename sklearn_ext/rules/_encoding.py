"""The table as FOLD-SE searches it: ranks of values, packed into byte codes.

In each column the distinct cells are ranked, numbers ascending, then tokens in
descending lexicographic order. A column of up to 256 ranks has the rank as its code. In
the others a code names a bin of adjacent ranks, and the exact ranks are kept beside.
"""

from dataclasses import dataclass

import numpy as np

from sklearn_ext._core._arrays import plain_array
from sklearn_ext._core._encoding import MISSING, raise_infinite

from ._kernels_encoding import (
    code_few_values,
    count_levels,
    cut_bins,
    gather_columns,
    mark_new,
    order_of_keys,
    scatter_ranks,
    sort_keys,
    translate,
)

__all__ = ["CodedColumn", "CodedTable", "encode"]

# Codes are bytes. Tests lower the limit to force the search to refine bins.
MAX_BINS = 256


@dataclass(frozen=True)
class CodedColumn:
    """What the codes of one column mean.

    Parameters
    ----------
    starts : int32 (n_bins + 1,)
        First rank of each bin, then the number of ranks. No bin holds both numbers and
        tokens.
    n_numbers : int
        Ranks below this are numbers, the others are tokens.
    tokens : tuple of str
    numbers : float64 (n_numbers,) or None
        None: look a number up in `cells`.
    ranks : int32 (n,) or None
        Exact rank of each row; None if each bin is one rank.
    cells : float32 or float64 (n,) or None
        The column itself, uncopied.
    """

    starts: np.ndarray
    n_numbers: int
    tokens: tuple = ()
    numbers: np.ndarray | None = None
    ranks: np.ndarray | None = None
    cells: np.ndarray | None = None

    def value(self, rank):
        """Return the number (float) or the token (str) of a rank."""
        if rank >= self.n_numbers:
            return self.tokens[rank - self.n_numbers]
        if self.numbers is None:
            number = self.cells[np.argmax(self.ranks == rank)]
        else:
            number = self.numbers[rank]
        return float(number) + 0.0  # -0.0 becomes 0.0


@dataclass(frozen=True)
class CodedTable:
    """Columns in search order: all categorical ones, then all numerical ones.

    Parameters
    ----------
    features : int64 (d,)
        Column of X that each search column is.
    codes : uint8 (d, n)
        Bin of each cell.
    columns : list of CodedColumn
    """

    features: np.ndarray
    codes: np.ndarray
    columns: list

    def exact(self, k):
        """Return the rank of each row of search column k, as bytes if they fit."""
        ranks = self.columns[k].ranks
        return self.codes[k] if ranks is None else ranks


def _starts(counts, first, limit):
    """Return the first rank of each of at most `limit` bins, and the rank past them."""
    if len(counts) <= limit:
        return np.arange(first, first + len(counts) + 1, dtype=np.int32)
    return cut_bins(counts, limit) + np.int32(first)


def _number_starts(counts, n_numbers):
    """Cut ranks into bins, those of numbers apart from those of tokens."""
    n_tokens = len(counts) - n_numbers
    half = MAX_BINS // 2
    for_tokens = min(n_tokens, max(half, MAX_BINS - n_numbers))
    return np.concatenate(
        [
            _starts(counts[:n_numbers], 0, MAX_BINS - for_tokens)[:-1],
            _starts(counts[n_numbers:], n_numbers, for_tokens),
        ]
    )


def _code_levels(cells, codes):
    """Code a column that is given by levels; they may repeat and are in any order."""
    is_token = np.array([isinstance(level, str) for level in cells.levels], bool)
    values = np.array(
        [0.0 if isinstance(level, str) else level for level in cells.levels], float
    )
    numbers, number_rank = np.unique(values[~is_token], return_inverse=True)
    texts = [level for level in cells.levels if isinstance(level, str)]
    tokens = sorted(set(texts), reverse=True)
    token_rank = {token: len(numbers) + i for i, token in enumerate(tokens)}
    rank_of_level = np.empty(len(values), np.int32)
    rank_of_level[~is_token] = number_rank
    rank_of_level[is_token] = [token_rank[text] for text in texts]

    # Levels that occur in no row, such as unused categories, are not ranked.
    ranks = rank_of_level[cells.codes]
    counts = np.bincount(ranks, minlength=len(numbers) + len(tokens))
    if not counts.all():
        used = counts > 0
        ranks = (np.cumsum(used, dtype=np.int32) - 1)[ranks]
        tokens = [
            t for t, keep in zip(tokens, used[len(numbers) :], strict=True) if keep
        ]
        numbers, counts = numbers[used[: len(numbers)]], counts[used]
    n_numbers = len(numbers)
    if len(counts) <= MAX_BINS:
        codes[:] = ranks
        starts = np.arange(len(counts) + 1, dtype=np.int32)
        return CodedColumn(starts, n_numbers, tuple(tokens), numbers)
    starts = _number_starts(counts.astype(np.int32), n_numbers)
    codes[:] = np.repeat(np.arange(len(starts) - 1), np.diff(starts))[ranks]
    return CodedColumn(starts, n_numbers, tuple(tokens), numbers, ranks)


def _sort_few(values, codes):
    """Rank the levels that `code_few_values` found in order of first appearance."""
    order = np.argsort(values)  # NaN comes last
    rank_of_code = np.empty(256, np.uint8)
    rank_of_code[order] = np.arange(len(order))
    translate(codes, rank_of_code)
    values = values[order].astype(np.float64)
    n_numbers = len(values) - int(np.isnan(values[-1]))
    tokens = (MISSING,) * (len(values) - n_numbers)
    starts = np.arange(len(values) + 1, dtype=np.int32)
    return CodedColumn(starts, n_numbers, tokens, values[:n_numbers])


def _rank_many(values, cells, codes, ranks):
    """Rank a column of many distinct numbers; None if one of them is infinite.

    `values` may share its memory with `ranks`, which is written last.
    """
    if values.dtype == np.float32:
        keys = sort_keys(values.view(np.uint32))
        keys.sort()
        order, is_new = order_of_keys(keys)
        del keys  # the largest scratch of all
    else:
        order = np.argsort(values)
        is_new = mark_new(values[order])
        order = order.astype(np.int32)
    counts = count_levels(is_new)
    has_missing = bool(np.isnan(values[order[-1]]))
    n_numbers = len(counts) - has_missing
    last = len(values) - 1 - (counts[-1] if has_missing else 0)
    if np.isinf(values[order[0]]) or np.isinf(values[order[last]]):
        return None
    starts = _number_starts(counts, n_numbers)
    scatter_ranks(order, is_new, starts, ranks, codes)
    tokens = (MISSING,) * has_missing
    return CodedColumn(starts, n_numbers, tokens, None, ranks, cells)


def _code_numbers(matrix, columns, codes, names):
    """Code columns of one C-ordered float matrix; returns a list of `CodedColumn`."""
    matrix = plain_array(matrix)
    single = matrix.dtype == np.float32
    unsigned = np.uint32 if single else np.uint64
    bits = matrix.view(unsigned)
    special = np.array([-0.0, np.inf, np.nan], matrix.dtype).view(unsigned)
    levels = np.empty((len(columns), 256), unsigned)
    n_levels = np.zeros(len(columns), np.int64)
    code_few_values(bits, columns, MAX_BINS, codes, levels, n_levels, *special)

    many = np.flatnonzero(n_levels == -1)
    ranks = np.empty((len(many), len(matrix)), np.int32)
    if single and len(many):
        gather_columns(bits, columns[many], ranks.view(np.uint32))
    coded = []
    for c, count in enumerate(n_levels.tolist()):
        if count == -1:
            row = ranks[len(coded) - int((n_levels[:c] != -1).sum())]
            cells = matrix[:, columns[c]]
            values = row.view(np.float32) if single else np.ascontiguousarray(cells)
            column = _rank_many(values, cells, codes[c], row)
        elif count >= 0:
            column = _sort_few(levels[c, :count].view(matrix.dtype), codes[c])
        else:
            column = None
        if column is None:
            raise_infinite(names[columns[c]])
        coded.append(column)
    return coded


def _code_column(table, feature, categorical, codes):
    """Code one column of any kind of table into the row `codes`."""
    cells = table.read(feature, categorical)
    if cells.numbers is None:
        return _code_levels(cells, codes)
    numbers = np.ascontiguousarray(cells.numbers)[:, None]
    only = np.zeros(1, np.int64)
    return _code_numbers(numbers, only, codes[None], [table.names[feature]])[0]


def encode(table, is_categorical, workers):
    """Encode a `Table`; raises ValueError for an infinite number.

    Time is O(n) per column of few distinct values and O(n log n) for the others.
    Memory beside the result is one column's scratch per thread.
    """
    features = np.argsort(~is_categorical, kind="stable")
    codes = np.empty((table.n_columns, table.n_rows), np.uint8)
    matrix = table.matrix()
    if matrix is not None and matrix.flags.c_contiguous:
        # Rows hold all columns: pass through them once per thread, not per column.
        n_single = int(is_categorical.sum())
    else:
        n_single = table.n_columns
    columns = workers.map(
        lambda j, row: _code_column(table, j, is_categorical[j], row),
        features[:n_single],
        codes[:n_single],
    )
    parts = workers.slices(table.n_columns - n_single) if n_single < len(codes) else []
    for part in workers.map(
        lambda part: _code_numbers(
            matrix, features[n_single:][part], codes[n_single:][part], table.names
        ),
        parts,
    ):
        columns += part
    return CodedTable(features, codes, columns)

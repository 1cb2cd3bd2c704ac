"""Kernels of the FOLD-SE search: count, score, refine, split.

A node is two ascending int32 row lists, E+ and E-. `counts` are weight sums per column
and bin of one of them, int64 if weights are integers, float64 otherwise; `weight` is
empty if each row weighs one. A cut is (rank, pair): pair LE stands for `<= v` and its
complement, GT for `> v` and its complement, EQ for `== token` and its complement.
A literal and its complement have the same score; the guard of the score decides which
of them counts, the plain one first.
"""

import numpy as np

from sklearn_ext._core._numba import jit

LE, GT, EQ = 0, 1, 2
MGI, GINI, ENTROPY = 0, 1, 2
# Scores closer than this, relatively, may be the same number rounded differently.
SLACK = 1e-12


@jit
def count_codes(codes, rows, weight, counts):
    """Add the weights of `rows` to `counts` (d, width), by column and code (uint8)."""
    for j in range(codes.shape[0]):
        column = codes[j]
        count = counts[j]
        if weight.size == 0:
            for i in range(rows.size):
                count[column[rows[i]]] += 1
        else:
            for i in range(rows.size):
                count[column[rows[i]]] += weight[rows[i]]


@jit
def split(ranks, rows, lo, hi, negated):
    """Return the rows with lo <= rank <= hi, or without if negated; and the others."""
    kept = np.empty(rows.size, np.int32)
    dropped = np.empty(rows.size, np.int32)
    n_kept = 0
    for i in range(rows.size):
        row = rows[i]
        rank = ranks[row]
        # Write both and advance one: a branch here is hard to predict.
        kept[n_kept] = row
        dropped[i - n_kept] = row
        n_kept += ((lo <= rank) & (rank <= hi)) != negated
    return kept[:n_kept], dropped[: rows.size - n_kept]


@jit
def difference(rows, removed):
    """Return the rows that are not in `removed`, a part of them; ascending, int32."""
    kept = np.empty(rows.size - removed.size + 1, np.int32)
    k = 0
    for i in range(rows.size):
        kept[i - k] = rows[i]
        k += k < removed.size and rows[i] == removed[k]
    return kept[:-1]


@jit
def _branch(heuristic, a, b):
    """Impurity of one branch with the weights a and b; symmetric, so that ties tie."""
    # Rounding of float weights may push a difference below zero.
    a = max(a, 0)
    b = max(b, 0)
    if heuristic == MGI:
        return np.sqrt(a * b)
    if a == 0 or b == 0:
        return 0.0
    if heuristic == GINI:
        return a * b / (a + b)
    return -(a * np.log(a / (a + b)) + b * np.log(b / (a + b)))


@jit
def score(heuristic, tp, fn, tn, fp):
    """Score of a literal and of its complement, guard aside; to be maximised."""
    impurity = _branch(heuristic, tp, fp) + _branch(heuristic, tn, fn)
    if heuristic == ENTROPY and impurity > 0:
        return -impurity / (tp + fn + tn + fp)
    return -impurity


@jit
def _is_banned(banned, column, first, stop, pair):
    """Tell whether a cut of ranks first <= rank < stop is banned."""
    for i in range(banned.shape[0]):
        if (
            banned[i, 0] == column
            and banned[i, 2] == pair
            and first <= banned[i, 1] < stop
        ):
            return True
    return False


@jit
def _try_number(best, first, stop, cp, cn, totals, banned, column, heuristic):
    """Score the cuts after a number; return (score, pair), pair -1 if none is better.

    cp, cn are the weights of E+ and E- up to the number, `totals` those of all numbers
    and of all tokens.
    """
    np_, nn, sp, sn = totals
    pair = -1
    value = score(heuristic, cp, np_ + sp - cp, nn + sn - cn, cn)
    le_is_better = value > best
    if le_is_better and not _is_banned(banned, column, first, stop, LE):
        best = value
        pair = LE
    # Without tokens both pairs cut alike: GT only matters if LE is banned.
    if sp > 0 or sn > 0 or (le_is_better and pair < 0):
        value = score(heuristic, np_ - cp, cp + sp, cn + sn, nn - cn)
        if value > best and not _is_banned(banned, column, first, stop, GT):
            best = value
            pair = GT
    return best, pair


@jit
def _try_token(best, first, stop, tp, fp, totals, banned, column, heuristic):
    """Score `==` on a token with the weights tp, fp; return (score, pair)."""
    np_, nn, sp, sn = totals
    value = score(heuristic, tp, np_ + sp - tp, nn + sn - fp, fp)
    if value > best and not _is_banned(banned, column, first, stop, EQ):
        return value, EQ
    return best, -1


@jit
def _is_negated(pair, cp, cn, totals):
    """Tell whether the guard lets only the complement pass."""
    np_, nn, sp, sn = totals
    if pair == GT:
        return np_ - cp + cn + sn < cp + sp + nn - cn
    return cp + nn + sn - cn < np_ + sp - cp + cn


@jit
def _totals(pos, neg, starts, n_numbers):
    """Return the weights (np, nn, sp, sn) of numbers and of tokens in E+ and E-."""
    zero = pos[0] - pos[0]
    np_, nn, sp, sn = zero, zero, zero, zero
    for b in range(starts.size - 1):
        if starts[b] < n_numbers:
            np_ += pos[b]
            nn += neg[b]
        else:
            sp += pos[b]
            sn += neg[b]
    return np_, nn, sp, sn


@jit
def scan_column(pos, neg, starts, n_numbers, banned, column, heuristic):
    """Return the best cut between whole bins: (score, rank, pair, negated).

    A cut after a bin of several ranks has its true score, but not its true rank, which
    `refine_column` finds. A bin of several tokens is no candidate.

    Parameters
    ----------
    pos, neg : int64 or float64 (width,)
        Counts of E+ and E-.
    starts : int32 (n_bins + 1,)
        First rank of each bin.
    n_numbers : int
        Ranks below are numbers.
    banned : int64 (b, 3)
        Cuts (column, rank, pair) that are not allowed.
    column : int
        This column, for `banned`.
    """
    totals = _totals(pos, neg, starts, n_numbers)
    best, best_rank, best_pair, best_negated = -np.inf, -1, LE, False
    cp = pos[0] - pos[0]
    cn = cp
    for b in range(starts.size - 1):
        if pos[b] == 0 and neg[b] == 0:
            continue
        first, stop = starts[b], starts[b + 1]
        if first < n_numbers:
            cp += pos[b]
            cn += neg[b]
            tp, fp = cp, cn
            value, pair = _try_number(
                best, first, stop, tp, fp, totals, banned, column, heuristic
            )
        elif stop - first == 1:
            tp, fp = pos[b], neg[b]
            value, pair = _try_token(
                best, first, stop, tp, fp, totals, banned, column, heuristic
            )
        else:
            continue
        if pair >= 0:
            best, best_rank, best_pair = value, first, pair
            best_negated = _is_negated(pair, tp, fp, totals)
    return best, best_rank, best_pair, best_negated


@jit
def scan_columns(
    pos, neg, starts, n_bins, n_numbers, banned, first_column, heuristic, cuts
):
    """Scan columns; write score, rank, pair and negated to `cuts` (d, 4), float64."""
    for j in range(pos.shape[0]):
        value, rank, pair, negated = scan_column(
            pos[j],
            neg[j],
            starts[j, : n_bins[j] + 1],
            n_numbers[j],
            banned,
            first_column + j,
            heuristic,
        )
        cuts[j, 0] = value
        cuts[j, 1] = rank
        cuts[j, 2] = pair
        cuts[j, 3] = negated


@jit
def _bound(cp, cn, hp, hn, totals, is_number, heuristic):
    """Return an upper bound of the score of every cut inside a bin.

    The bin holds the weights hp, hn after cp, cn. The impurity is concave in the
    weights of a branch, so it is least at a corner of the rectangle that the bin spans.
    """
    np_, nn, sp, sn = totals
    bound = -np.inf
    for x in (cp, cp + hp):
        for y in (cn, cn + hn):
            value = score(heuristic, x, np_ + sp - x, nn + sn - y, y)
            bound = max(bound, value)
            if is_number and (sp > 0 or sn > 0):
                value = score(heuristic, np_ - x, x + sp, y + sn, nn - y)
                bound = max(bound, value)
    return bound


@jit
def _bins_to_refine(pos, neg, starts, n_numbers, totals, heuristic, floor):
    """Return which bins of several ranks may hold a cut that scores `floor`, uint8."""
    needed = np.zeros(starts.size - 1, np.uint8)
    zero = pos[0] - pos[0]
    cp = zero
    cn = zero
    for b in range(starts.size - 1):
        is_number = starts[b] < n_numbers
        if starts[b + 1] - starts[b] > 1 and (pos[b] > 0 or neg[b] > 0):
            if is_number:
                bound = _bound(cp, cn, pos[b], neg[b], totals, True, heuristic)
            else:
                bound = _bound(zero, zero, pos[b], neg[b], totals, False, heuristic)
            needed[b] = bound >= floor
        if is_number:
            cp += pos[b]
            cn += neg[b]
    return needed


@jit
def _collect(codes, ranks, pos_rows, neg_rows, needed):
    """Gather the rows of the needed bins, bin after bin.

    Returns `ends` int64 (n_bins + 1,), where bin b has the entries ends[b] to
    ends[b + 1], and per entry `key` int64, 2 * rank + (1 if of E-), and `row` int32.
    """
    ends = np.zeros(needed.size + 1, np.int64)
    for rows in (pos_rows, neg_rows):
        for i in range(rows.size):
            b = np.int64(codes[rows[i]])
            ends[b + 1] += needed[b]
    for b in range(needed.size):
        ends[b + 1] += ends[b]
    key = np.empty(ends[-1], np.int64)
    row = np.empty(ends[-1], np.int32)
    place = ends[:-1].copy()
    side = 0
    for rows in (pos_rows, neg_rows):
        for i in range(rows.size):
            b = codes[rows[i]]
            if needed[b]:
                key[place[b]] = 2 * ranks[rows[i]] + side
                row[place[b]] = rows[i]
                place[b] += 1
        side = 1
    return ends, key, row


@jit
def _levels_of_bin(key, row, first, stop, weight, sums):
    """Sum the weights per rank of one bin; return the ranks present, ascending.

    `sums` (2, more than the ranks of a bin), all zero on entry, receives the weights of
    E+ and E- at rank - first.
    """
    for i in range(key.size):
        place = (key[i] >> 1) - first
        if weight.size == 0:
            sums[key[i] & 1, place] += 1
        else:
            sums[key[i] & 1, place] += weight[row[i]]
    if stop - first <= 8 * key.size:
        present = np.empty(stop - first, np.int64)
        n_present = 0
        for place in range(stop - first):
            if sums[0, place] > 0 or sums[1, place] > 0:
                present[n_present] = first + place
                n_present += 1
        return present[:n_present]
    # Few rows in a wide bin: sort them rather than walk over all ranks.
    ordered = np.sort(key >> 1)
    n_present = 0
    for i in range(ordered.size):
        if i == 0 or ordered[i] != ordered[i - 1]:
            ordered[n_present] = ordered[i]
            n_present += 1
    return ordered[:n_present]


@jit
def refine_column(
    codes,
    ranks,
    pos_rows,
    neg_rows,
    weight,
    pos,
    neg,
    starts,
    n_numbers,
    banned,
    column,
    heuristic,
    floor,
):
    """Return the best cut of a column with bins of several ranks, like `scan_column`.

    Only bins that can reach `floor`, the best score known so far, are looked into; the
    result is that of a full scan whenever it reaches `floor`.

    Parameters
    ----------
    codes : uint8 (n,)
        Bin of each row.
    ranks : int32 (n,)
        Exact rank of each row.
    """
    totals = _totals(pos, neg, starts, n_numbers)
    best, best_rank, best_pair, best_negated = -np.inf, -1, LE, False
    floor -= SLACK * abs(floor)
    needed = _bins_to_refine(pos, neg, starts, n_numbers, totals, heuristic, floor)
    ends, key, row = _collect(codes, ranks, pos_rows, neg_rows, needed)
    widest = 1
    for b in range(needed.size):
        widest = max(widest, starts[b + 1] - starts[b])
    sums = np.zeros((2, widest), pos.dtype)
    zero = pos[0] - pos[0]
    cp_bin = zero
    cn_bin = zero
    for b in range(needed.size):
        if pos[b] == 0 and neg[b] == 0:
            continue
        first, stop = starts[b], starts[b + 1]
        if needed[b]:
            part = slice(ends[b], ends[b + 1])
            present = _levels_of_bin(key[part], row[part], first, stop, weight, sums)
        elif stop - first == 1:
            present = np.full(1, first, np.int64)
            sums[0, 0] = pos[b]
            sums[1, 0] = neg[b]
        else:
            present = np.empty(0, np.int64)
        cp = cp_bin
        cn = cn_bin
        for rank in present:
            hp = sums[0, rank - first]
            hn = sums[1, rank - first]
            sums[0, rank - first] = zero
            sums[1, rank - first] = zero
            if first < n_numbers:
                cp += hp
                cn += hn
                tp, fp = cp, cn
                value, pair = _try_number(
                    best, rank, rank + 1, tp, fp, totals, banned, column, heuristic
                )
            else:
                tp, fp = hp, hn
                value, pair = _try_token(
                    best, rank, rank + 1, tp, fp, totals, banned, column, heuristic
                )
            if pair >= 0:
                best, best_rank, best_pair = value, rank, pair
                best_negated = _is_negated(pair, tp, fp, totals)
        if first < n_numbers:
            cp_bin += pos[b]
            cn_bin += neg[b]
    return best, best_rank, best_pair, best_negated

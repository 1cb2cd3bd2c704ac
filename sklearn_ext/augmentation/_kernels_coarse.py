"""Inside-outside with the coarse grammar: which states may enter which cell.

A column holds the cells that end at one word, the state outermost, their begin
innermost. So a right part meets all left parts at once, over contiguous numbers, and
only where the left state occurs at all (its extent). float64; the scores of each word
are divided by their largest and multiplied by e^4, about what a word costs: products
of parts then have one scale, and numbers stay in range for hundreds of words.
Time O(n^3 * rules / width of a vector), memory 3 * states * n^2 / 2 numbers.
"""

import math

import numpy as np

from sklearn_ext._core._numba import jit

__all__ = ["coarse_inside", "coarse_outside"]

UNSIGNED = np.uintp
BLOCK = 4  # numbers that are treated at once; rows are padded to it
WORD_SCALE = 4.0
# Columns of the table of packed rules.
PARENT, FIRST, STOP = range(3)


@jit
def _stride(end):
    """Return the room of a row of a column."""
    return (end + BLOCK - 1) // BLOCK * BLOCK


@jit
def _add_multiple(target, t, factor, source, s, n_blocks):
    """Add a multiple of one row to another, from the given places on."""
    one, two, three, block = UNSIGNED(1), UNSIGNED(2), UNSIGNED(3), UNSIGNED(BLOCK)
    t, s = UNSIGNED(t), UNSIGNED(s)
    for _ in range(n_blocks):
        a = target[t] + factor * source[s]
        b = target[t + one] + factor * source[s + one]
        c = target[t + two] + factor * source[s + two]
        d = target[t + three] + factor * source[s + three]
        target[t], target[t + one] = a, b
        target[t + two], target[t + three] = c, d
        t += block
        s += block


@jit
def _widen(chart, end, state, low, high):
    """Note that a state occurs in a column from one begin to another."""
    if chart.high[end, state] == 0:
        chart.active[end, chart.n_active[end]] = state
        chart.n_active[end] += 1
        chart.low[end, state] = low
        chart.high[end, state] = high
    else:
        chart.low[end, state] = min(low, chart.low[end, state])
        chart.high[end, state] = max(high, chart.high[end, state])


@jit
def _enter_tags(grammar, chart, column, tag_state, tag_score, end):
    """Enter the tags of a word; a coarse tag has the best score of its fine ones."""
    stride, begin = _stride(end), end - 1
    best = np.float64(tag_score.max())
    for t in range(len(tag_state)):
        state = np.int64(grammar.coarse_of[tag_state[t]])
        score = math.exp(np.float64(tag_score[t]) - best + WORD_SCALE)
        at = state * stride + begin
        if score > column[at]:
            column[at] = score
            _widen(chart, end, state, begin, end)


@jit
def _close(grammar, chart, column, bottom, begin, end):
    """Keep what a cell has without unary chains in `bottom`, then add the chains."""
    stride = _stride(end)
    start, above = grammar.coarse_up_start, grammar.coarse_up_parent
    active, low, high = chart.active[end], chart.low[end], chart.high[end]
    count = chart.n_active[end]
    for a in range(count):
        state = np.int64(active[a])
        if low[state] <= begin < high[state]:
            bottom[state * stride + begin] = column[state * stride + begin]
    for a in range(count):
        state = np.int64(active[a])
        score = bottom[state * stride + begin]
        if score > 0.0:
            for chain in range(start[state], start[state + 1]):
                parent = np.int64(above[chain])
                column[parent * stride + begin] += score * grammar.coarse_up_prob[chain]
                _widen(chart, end, parent, begin, begin + 1)


@jit
def _pack_rules(grammar, chart, begin):
    """List the rules whose left state occurs in a finished column, by right state."""
    rule_start, rule_left = grammar.coarse_start, grammar.coarse_left
    low, high, stride = chart.low[begin], chart.high[begin], _stride(begin)
    packed_start = chart.packed_start[begin]
    place, packed = chart.packed_place[begin], chart.packed_rule[begin]
    prob = chart.packed_prob[begin]
    count = 0
    for right in range(len(rule_start) - 1):
        packed_start[right] = count
        for rule in range(UNSIGNED(rule_start[right]), UNSIGNED(rule_start[right + 1])):
            left = np.int64(rule_left[rule])
            stop = high[left]
            # Without a branch: whether a state occurs is hard to foresee.
            first = low[left]
            block = first & ~(BLOCK - 1)
            packed[count, PARENT] = grammar.coarse_parent[rule]
            packed[count, FIRST] = first
            packed[count, STOP] = stop
            place[count] = left * stride + block
            prob[count] = grammar.coarse_prob[rule]
            count += 1 if stop else 0
    packed_start[len(rule_start) - 1] = count


@jit
def coarse_inside(grammar, tag_start, tag_state, tag_score, chart):
    """Fill the inside probabilities of a sentence; return that of the root over all.

    `chart` has for column j the rows inside[start[j] : start[j + 1]] and the same of
    bottom, float64; extents low and high int32, active uint16 (columns, states) and
    n_active int64 (columns,). The probabilities are scaled, see above.
    """
    one = UNSIGNED(1)
    n_words = len(tag_start) - 1
    n_states = len(grammar.coarse_start) - 1
    chart.start[0] = chart.start[1] = 0
    for end in range(1, n_words + 1):
        stride = _stride(end)
        first, last = chart.start[end], chart.start[end] + n_states * stride
        chart.start[end + 1] = last
        column, bottom = chart.inside[first:last], chart.bottom[first:last]
        column[:] = 0.0
        bottom[:] = 0.0
        chart.high[end] = 0
        chart.n_active[end] = 0
        low, high, active = chart.low[end], chart.high[end], chart.active[end]
        tags = slice(tag_start[end - 1], tag_start[end])
        _enter_tags(grammar, chart, column, tag_state[tags], tag_score[tags], end)
        for begin in range(end - 1, -1, -1):
            _close(grammar, chart, column, bottom, begin, end)
            if begin == 0:
                break
            lefts = chart.inside[chart.start[begin] : chart.start[begin + 1]]
            packed_start = chart.packed_start[begin]
            place, packed = chart.packed_place[begin], chart.packed_rule[begin]
            prob = chart.packed_prob[begin]
            for a in range(chart.n_active[end]):
                right = UNSIGNED(active[a])
                score = column[right * UNSIGNED(stride) + UNSIGNED(begin)]
                if score == 0.0:
                    continue
                for rule in range(
                    UNSIGNED(packed_start[right]), UNSIGNED(packed_start[right + one])
                ):
                    parent = UNSIGNED(packed[rule, PARENT])
                    first = packed[rule, FIRST]
                    stop = packed[rule, STOP]
                    block = first & ~(BLOCK - 1)
                    _add_multiple(
                        column,
                        parent * UNSIGNED(stride) + UNSIGNED(block),
                        score * prob[rule],
                        lefts,
                        place[rule],
                        (stop - block + BLOCK - 1) // BLOCK,
                    )
                    if high[parent] < stop or low[parent] > first:
                        _widen(chart, end, parent, first, stop)
        _pack_rules(grammar, chart, end)
    root = chart.start[n_words] + grammar.coarse_root * _stride(n_words)
    return chart.inside[root] if n_words else 0.0


@jit
def _share(outside, o, inside, i, taken, n_blocks, factor):
    """Give left parts their outside from a parent; return what the right part gets.

    The sum has four parts that are added at the end, as they fit a vector.
    """
    one, two, three, block = UNSIGNED(1), UNSIGNED(2), UNSIGNED(3), UNSIGNED(BLOCK)
    o, i = UNSIGNED(o), UNSIGNED(i)
    s = t = u = v = 0.0
    for _ in range(n_blocks):
        a, b = outside[o], outside[o + one]
        c, d = outside[o + two], outside[o + three]
        s += a * inside[i]
        t += b * inside[i + one]
        u += c * inside[i + two]
        v += d * inside[i + three]
        a = taken[i] + factor * a
        b = taken[i + one] + factor * b
        c = taken[i + two] + factor * c
        d = taken[i + three] + factor * d
        taken[i], taken[i + one] = a, b
        taken[i + two], taken[i + three] = c, d
        o += block
        i += block
    return (s + t) + (u + v)


@jit
def _larger(pool, size):
    """Return the pool with at least twice its room."""
    larger = np.empty(max(2 * len(pool), size), pool.dtype)
    larger[: len(pool)] = pool
    return larger


@jit
def coarse_outside(grammar, n_words, chart, threshold, negligible, allowed):
    """List the states whose posterior probability in a cell is at least `threshold`.

    As the foot or as the top of a unary chain. Returns allowed = (first, last, states)
    of the cells, see `fill_chart`; the last may have been replaced. What has a
    posterior below `negligible` is no parent of anything: with 0 all are exact.
    """
    one = UNSIGNED(1)
    up_start, up_parent = grammar.coarse_up_start, grammar.coarse_up_parent
    n_states = len(grammar.coarse_start) - 1
    first_of, last_of, states = allowed
    chart.outside[: chart.start[n_words + 1]] = 0.0
    root = chart.start[n_words] + grammar.coarse_root * _stride(n_words)
    chart.outside[root] = 1.0 / chart.inside[root]
    used = 0
    for end in range(n_words, 0, -1):
        stride = _stride(end)
        here = slice(chart.start[end], chart.start[end + 1])
        inside, outside = chart.inside[here], chart.outside[here]
        bottom = chart.bottom[here]
        active = chart.active[end]
        live_low, live_high = chart.live_low, chart.live_high
        live_low[:] = end
        live_high[:] = 0
        for begin in range(end):
            there = slice(chart.start[begin], chart.start[begin + 1])
            lefts, taken = chart.inside[there], chart.outside[there]
            packed_start = chart.packed_start[begin]
            place, packed = chart.packed_place[begin], chart.packed_rule[begin]
            prob = chart.packed_prob[begin]
            count = 0
            for a in range(chart.n_active[end]):
                state = UNSIGNED(active[a])
                at = state * UNSIGNED(stride) + UNSIGNED(begin)
                score = inside[at]
                if score == 0.0:
                    continue
                chart.listed[count] = state
                count += 1
                if begin == 0:
                    continue
                total = 0.0
                for rule in range(
                    UNSIGNED(packed_start[state]), UNSIGNED(packed_start[state + one])
                ):
                    parent = UNSIGNED(packed[rule, PARENT])
                    first = packed[rule, FIRST]
                    stop = min(live_high[parent], packed[rule, STOP])
                    if live_low[parent] >= stop or first >= stop:
                        continue
                    skipped = max(first, live_low[parent]) // BLOCK - first // BLOCK
                    block = (first & ~(BLOCK - 1)) + skipped * BLOCK
                    total += prob[rule] * _share(
                        outside,
                        parent * UNSIGNED(stride) + UNSIGNED(block),
                        lefts,
                        place[rule] + skipped * BLOCK,
                        taken,
                        (stop - block + BLOCK - 1) // BLOCK,
                        score * prob[rule],
                    )
                outside[at] += total
            cell = end * (end + 1) // 2 - 1 - begin
            first_of[cell] = used
            if used + n_states > len(states):
                states = _larger(states, used + n_states)
            for s in range(count):
                state = np.int64(chart.listed[s])
                at = state * stride + begin
                above = outside[at]
                is_allowed = above * inside[at] >= threshold
                # The tops of a cell must stay as they are until all bottoms are done.
                for chain in range(up_start[state], up_start[state + 1]):
                    above += (
                        grammar.coarse_up_prob[chain]
                        * outside[np.int64(up_parent[chain]) * stride + begin]
                    )
                posterior = above * bottom[at]
                if is_allowed or posterior >= threshold:
                    states[used] = state
                    used += 1
                chart.below[s] = above if posterior > negligible else 0.0
            last_of[cell] = used
            for s in range(count):
                state = np.int64(chart.listed[s])
                outside[state * stride + begin] = chart.below[s]
                if chart.below[s] > 0.0:
                    live_low[state] = min(begin, live_low[state])
                    live_high[state] = begin + 1
    return first_of, last_of, states

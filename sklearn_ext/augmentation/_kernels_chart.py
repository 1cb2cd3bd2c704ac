"""Exact sparse CKY: the best score of every state in every cell, column by column.

Cells (begin, end) are numbered in the order in which they are filled: by end, then
from short to long. A cell is a slice of a pool that is sorted by state: state uint16,
and the best score float32 with (`top`) and without (`bottom`) a unary chain on top. No
back pointers: derivations are searched for afterwards, in the few cells they visit.
Time O(n^3 * rules) for n words, memory one entry per state that occurs.
"""

import numpy as np

from sklearn_ext._core._numba import jit

__all__ = ["fill_chart"]

UNSIGNED = np.uintp
NEVER = np.float32(-np.inf)

# Position of the only bit of a word: multiply, look at the upper six bits.
DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
UPPER_SIX = np.uint64(58)
BIT_POSITION = np.zeros(64, np.uint8)
for _bit in range(64):
    BIT_POSITION[(0x03F79D71B4CB0A89 << _bit) % 2**64 >> 58] = _bit


@jit
def _cell(begin, end):
    """Return the number of the cell (begin, end)."""
    return end * (end + 1) // 2 - 1 - begin


@jit
def _mark(bits, state):
    """Set one bit of a bit set of states."""
    bits[state >> 6] |= np.uint64(1) << np.uint64(state & 63)


@jit
def _combine(grammar, cell_start, pool_state, pool_top, begin, end, rows, space):
    """Write to space.bottom what two parts of the cell make; mark these states.

    The candidate met first wins a tie: split point, left state, rule.
    """
    one = UNSIGNED(1)
    rule_start, rule_right = grammar.left_start, grammar.left_right
    rule_parent, rule_score = grammar.left_parent, grammar.left_log_prob
    bottom, bits = space.bottom, space.bits
    coarse_of, admitted = grammar.coarse_of, space.admitted
    for split in range(begin + 1, end):
        right_cell = _cell(split, end)
        if cell_start[right_cell] == cell_start[right_cell + 1]:
            continue
        row = rows[split]
        cell = _cell(begin, split)
        for entry in range(UNSIGNED(cell_start[cell]), UNSIGNED(cell_start[cell + 1])):
            left_score = pool_top[entry]
            left = UNSIGNED(pool_state[entry])
            first, last = UNSIGNED(rule_start[left]), UNSIGNED(rule_start[left + one])
            for rule in range(first, last):
                score = left_score + row[rule_right[rule]] + rule_score[rule]
                parent = rule_parent[rule]
                if score > bottom[parent] and admitted[coarse_of[parent]]:
                    bottom[parent] = score
                    bits[parent >> 6] |= np.uint64(1) << np.uint64(parent & 63)


@jit
def _list_states(bits, states):
    """Write the marked states in ascending order, unmark them, return their number."""
    count = 0
    for word in range(len(bits)):
        rest = bits[word]
        if not rest:
            continue
        bits[word] = 0
        while rest:
            lowest = rest & (~rest + np.uint64(1))
            rest ^= lowest
            position = BIT_POSITION[(lowest * DE_BRUIJN) >> UPPER_SIX]
            states[count] = word * 64 + np.int64(position)
            count += 1
    return count


@jit
def _climb(grammar, states, count, space):
    """Put the best unary chain on top of the listed states; mark what is in the cell.

    No chain wins a tie, then the lower state at the foot of the chain.
    """
    start, chain_top = grammar.up_start, grammar.up_parent
    chain_score = grammar.up_log_prob
    bottom, top = space.bottom, space.top
    coarse_of, admitted = grammar.coarse_of, space.admitted
    for s in range(count):
        state = states[s]
        _mark(space.bits, state)
        top[state] = bottom[state]
    for s in range(count):
        state = np.int64(states[s])
        for chain in range(start[state], start[state + 1]):
            parent = chain_top[chain]
            score = bottom[state] + chain_score[chain]
            if score > top[parent] and admitted[coarse_of[parent]]:
                top[parent] = score
                _mark(space.bits, parent)


@jit
def _grow(pool, size):
    """Return the pool with at least twice its room."""
    larger = np.empty(max(2 * len(pool), size), pool.dtype)
    larger[: len(pool)] = pool
    return larger


@jit
def fill_chart(
    grammar,
    tag_start,
    tag_state,
    tag_score,
    is_pruned,
    allowed,
    space,
    pool,
    cell_start,
):
    """Fill the chart of one sentence; return its pool, which may have been replaced.

    tag_start int32 (n + 1,), tag_state int32 and tag_score float32 hold the tags of the
    n words. With `is_pruned` a cell admits what `allowed` lists for it: first and last
    int32 (cells,), coarse states uint16. `space` has bottom, top float32 and states
    uint16 (n_states,), admitted bool (coarse states,), bits uint64, and rows float32
    (at least n, n_states); bottom, top and rows come and
    go full of -inf, bits empty. pool = (state, top, bottom); cell_start int64 has room
    for one number more than there are cells.
    """
    n_words = len(tag_start) - 1
    n_states = len(grammar.coarse_of)
    pool_state, pool_top, pool_bottom = pool
    allowed_first, allowed_last, allowed_state = allowed
    bottom, top, rows = space.bottom, space.top, space.rows
    admitted = space.admitted
    states = space.states
    admitted[:] = not is_pruned
    used = 0
    cell = 0
    cell_start[0] = 0
    for end in range(1, n_words + 1):
        for begin in range(end - 1, -1, -1):
            if is_pruned:
                for a in range(allowed_first[cell], allowed_last[cell]):
                    admitted[allowed_state[a]] = True
            if not is_pruned or allowed_first[cell] < allowed_last[cell]:
                if end - begin > 1:
                    _combine(
                        grammar,
                        cell_start,
                        pool_state,
                        pool_top,
                        begin,
                        end,
                        rows,
                        space,
                    )
                else:
                    for t in range(tag_start[begin], tag_start[end]):
                        state = tag_state[t]
                        if admitted[grammar.coarse_of[state]]:
                            bottom[state] = tag_score[t]
                            _mark(space.bits, state)
                count = _list_states(space.bits, states)
                if count:
                    _climb(grammar, states, count, space)
                    count = _list_states(space.bits, states)
                if used + count > len(pool_state):
                    pool_state = _grow(pool_state, used + n_states)
                    pool_top = _grow(pool_top, used + n_states)
                    pool_bottom = _grow(pool_bottom, used + n_states)
                row = rows[begin]
                for s in range(count):
                    state = states[s]
                    pool_state[used] = state
                    pool_top[used] = row[state] = top[state]
                    pool_bottom[used] = bottom[state]
                    bottom[state] = top[state] = NEVER
                    used += 1
            if is_pruned:
                for a in range(allowed_first[cell], allowed_last[cell]):
                    admitted[allowed_state[a]] = False
            cell += 1
            cell_start[cell] = used
        # The rows belong to this column alone.
        for begin in range(end):
            cell_here = _cell(begin, end)
            for entry in range(cell_start[cell_here], cell_start[cell_here + 1]):
                rows[begin, pool_state[entry]] = NEVER
    return pool_state, pool_top, pool_bottom

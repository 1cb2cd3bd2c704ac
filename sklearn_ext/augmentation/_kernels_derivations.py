"""The best derivations of a chart, lazily: Huang and Chiang (2005), algorithm 3.

An item is a pool entry in one of two roles, `bottom` (a word or two parts) and `top`
(with or without a unary chain over a bottom). Its candidates, at most `n_best` of its
edges at first, wait in a pairing heap; the next ones are made when they are asked for.
Only items that take part in a wanted derivation are ever opened.
"""

import numpy as np

from sklearn_ext._core._numba import jit

__all__ = ["best_derivations"]

NEVER = np.float32(-np.inf)
TOP, BOTTOM = 0, 1

# Columns of the table of items.
ENTRY, ROLE, BEGIN, END, COUNT, HEAP, OPEN, DUE = range(8)
# Columns of the table of candidates. LEFT and RIGHT are pool entries, A and B the ranks
# of their derivations; CHILD and SIBLING belong to the heap.
LEFT, RIGHT, SPLIT, RULE, A, B, CHILD, SIBLING = range(8)
# Successors that are still to be made of the last derivation, before the next one.
NONE_DUE, LEFT_DUE, BOTH_DUE, RIGHT_DUE = 0, 1, 2, 3


@jit
def _cell(begin, end):
    """Return the number of the cell (begin, end)."""
    return end * (end + 1) // 2 - 1 - begin


@jit
def _find(pool_state, first, last, state):
    """Return the first place of the sorted slice that is not below `state`."""
    while first < last:
        middle = (first + last) >> 1
        if pool_state[middle] < state:
            first = middle + 1
        else:
            last = middle
    return first


@jit
def _meld(candidates, scores, a, b):
    """Join two heaps; of equal candidates the older one is the better."""
    if a < 0:
        return b
    if b < 0:
        return a
    if scores[b] > scores[a] or (scores[b] == scores[a] and b < a):
        a, b = b, a
    candidates[b, SIBLING] = candidates[a, CHILD]
    candidates[a, CHILD] = b
    return a


@jit
def _without_root(candidates, scores, root):
    """Return the heap that remains when its root is taken."""
    child = candidates[root, CHILD]
    pairs = np.int32(-1)
    while child >= 0:
        other = candidates[child, SIBLING]
        following = np.int32(-1)
        candidates[child, SIBLING] = -1
        if other >= 0:
            following = candidates[other, SIBLING]
            candidates[other, SIBLING] = -1
        pair = _meld(candidates, scores, child, other)
        candidates[pair, SIBLING] = pairs
        pairs = pair
        child = following
    heap = np.int32(-1)
    while pairs >= 0:
        following = candidates[pairs, SIBLING]
        candidates[pairs, SIBLING] = -1
        heap = _meld(candidates, scores, heap, pairs)
        pairs = following
    return heap


@jit
def _keep(candidates, scores, first, kept, n_best, left, right, split, rule, score):
    """Put an edge into its place among the best ones; return how many these are."""
    if kept == n_best:
        if score <= scores[first + kept - 1]:
            return kept
        kept -= 1
    place = first + kept
    while place > first and scores[place - 1] < score:
        scores[place] = scores[place - 1]
        candidates[place, :4] = candidates[place - 1, :4]
        place -= 1
    scores[place] = score
    candidates[place, LEFT] = left
    candidates[place, RIGHT] = right
    candidates[place, SPLIT] = split
    candidates[place, RULE] = rule
    return kept + 1


@jit
def _open(grammar, chart, items, item, candidates, scores, first, n_best):
    """Make the candidates of an item from its best edges; return their number."""
    cell_start, pool_state, pool_top, pool_bottom = chart
    entry, begin, end = items[item, ENTRY], items[item, BEGIN], items[item, END]
    state = np.int64(pool_state[entry])
    kept = 0
    if items[item, ROLE] == TOP:
        score = pool_bottom[entry]
        if score > NEVER:
            kept = _keep(
                candidates, scores, first, kept, n_best, entry, -1, 0, -1, score
            )
        cell = _cell(begin, end)
        stop = cell_start[cell + 1]
        place = cell_start[cell]
        for chain in range(grammar.down_start[state], grammar.down_start[state + 1]):
            foot = grammar.down_child[chain]
            place = _find(pool_state, place, stop, foot)
            if place == stop:
                break
            if pool_state[place] == foot and pool_bottom[place] > NEVER:
                score = pool_bottom[place] + grammar.down_log_prob[chain]
                kept = _keep(
                    candidates, scores, first, kept, n_best, place, -1, 0, chain, score
                )
    elif end - begin == 1:
        score = pool_bottom[entry]
        kept = _keep(candidates, scores, first, kept, n_best, -1, -1, 0, -1, score)
    else:
        for split in range(begin + 1, end):
            cell = _cell(begin, split)
            place, stop = cell_start[cell], cell_start[cell + 1]
            cell = _cell(split, end)
            right_first, right_stop = cell_start[cell], cell_start[cell + 1]
            if place == stop or right_first == right_stop:
                continue
            right_place = right_first
            before = -1
            for rule in range(
                grammar.parent_start[state], grammar.parent_start[state + 1]
            ):
                left = np.int64(grammar.parent_left[rule])
                if left != before:
                    place = _find(pool_state, place, stop, left)
                    if place == stop:
                        break
                    right_place = right_first
                    before = left
                if pool_state[place] != left:
                    continue
                right = grammar.parent_right[rule]
                right_place = _find(pool_state, right_place, right_stop, right)
                if right_place == right_stop or pool_state[right_place] != right:
                    continue
                score = (
                    pool_top[place]
                    + pool_top[right_place]
                    + grammar.parent_log_prob[rule]
                )
                kept = _keep(
                    candidates,
                    scores,
                    first,
                    kept,
                    n_best,
                    place,
                    right_place,
                    split,
                    rule,
                    score,
                )
    # Sorted, they are a heap: each one is the only child of its predecessor.
    for place in range(first, first + kept):
        candidates[place, A] = candidates[place, B] = 0
        candidates[place, CHILD] = place + 1 if place + 1 < first + kept else -1
        candidates[place, SIBLING] = -1
    items[item, OPEN] = 1
    items[item, HEAP] = first if kept else -1
    return kept


@jit
def _slot(keys, key):
    """Return the place of a key, or where it belongs, in the hash table."""
    mask = len(keys) - 1
    at = ((key * 0x9E3779B1) >> 7) & mask
    while keys[at] != key and keys[at] >= 0:
        at = (at + 1) & mask
    return at


@jit
def _item(tables, counts, entry, role, begin, end):
    """Return the number of an item; a new one is closed and has no derivation."""
    keys, numbers, items = tables
    key = np.int64(entry) * 2 + role
    at = _slot(keys, key)
    if keys[at] < 0:
        keys[at] = key
        item = counts[0]
        counts[0] += 1
        numbers[at] = item
        items[item, ENTRY] = entry
        items[item, ROLE] = role
        items[item, BEGIN] = begin
        items[item, END] = end
        items[item, COUNT] = items[item, OPEN] = 0
        items[item, DUE] = NONE_DUE
        items[item, HEAP] = -1
    return numbers[at]


@jit
def _rehashed(keys, numbers):
    """Return the hash table with twice its room."""
    new_keys = np.full(2 * len(keys), -1, np.int64)
    new_numbers = np.empty(2 * len(keys), np.int64)
    for old in range(len(keys)):
        if keys[old] >= 0:
            at = _slot(new_keys, keys[old])
            new_keys[at] = keys[old]
            new_numbers[at] = numbers[old]
    return new_keys, new_numbers


@jit
def _longer(table):
    """Return a table with twice its rows."""
    longer = np.empty((2 * len(table), table.shape[1]), table.dtype)
    longer[: len(table)] = table
    return longer


@jit
def _child(tables, counts, candidate, item, side):
    """Return the item of one part of a candidate of `item`."""
    items = tables[2]
    begin, end = items[item, BEGIN], items[item, END]
    if items[item, ROLE] == TOP:
        return _item(tables, counts, candidate[LEFT], BOTTOM, begin, end)
    if side == LEFT:
        return _item(tables, counts, candidate[LEFT], TOP, begin, candidate[SPLIT])
    return _item(tables, counts, candidate[RIGHT], TOP, candidate[SPLIT], end)


@jit
def _part_score(chart, tables, ranked, scores, entry, role, rank):
    """Return the score of one derivation of a part; the best one is in the chart."""
    if rank == 0:
        return chart[2][entry] if role == TOP else chart[3][entry]
    keys, numbers, _ = tables
    item = numbers[_slot(keys, np.int64(entry) * 2 + role)]
    return scores[ranked[item, rank]]


@jit
def _score(grammar, chart, tables, ranked, scores, candidate, item):
    """Return the score of a candidate, summed in the order that the chart uses."""
    rule, is_top = candidate[RULE], tables[2][item, ROLE] == TOP
    role = BOTTOM if is_top else TOP
    score = _part_score(
        chart, tables, ranked, scores, candidate[LEFT], role, candidate[A]
    )
    if is_top:
        return score + grammar.down_log_prob[rule] if rule >= 0 else score
    other = _part_score(
        chart, tables, ranked, scores, candidate[RIGHT], role, candidate[B]
    )
    return score + other + grammar.parent_log_prob[rule]


@jit
def best_derivations(
    grammar, n_words, cell_start, pool_state, pool_top, pool_bottom, n_best
):
    """Return the best derivations of the root over all words, best first.

    Four arrays: log-probability float64, recomputed from the rules, (m,); first node
    int64 (m + 1,); state int32 and arity int8 (0 token, 1 unary, 2 binary) of all nodes
    in pre-order, unary chains expanded. m <= n_best; 0 when there is no derivation.
    """
    chart = (cell_start, pool_state, pool_top, pool_bottom)
    keys = np.full(1024, -1, np.int64)
    numbers = np.empty(1024, np.int64)
    items = np.empty((512, 8), np.int32)
    ranked = np.empty((512, n_best), np.int32)
    candidates = np.empty((1024 + 2 * n_best, 8), np.int32)
    scores = np.empty(1024 + 2 * n_best, np.float32)
    counts = np.zeros(1, np.int64)
    n_candidates = 0
    wanted_item = np.empty(4 * n_words + 8, np.int64)
    wanted_rank = np.empty(4 * n_words + 8, np.int64)
    walk_item = np.empty(2 * n_words + 8, np.int64)
    walk_rank = np.empty(2 * n_words + 8, np.int64)

    log_probs = np.empty(n_best)
    node_start = np.zeros(n_best + 1, np.int64)
    states = np.empty(16 * n_words + 16, np.int32)
    arity = np.empty(16 * n_words + 16, np.int8)
    n_found = 0
    n_nodes = 0

    cell = _cell(0, n_words)
    entry = _find(pool_state, cell_start[cell], cell_start[cell + 1], grammar.root)
    if entry == cell_start[cell + 1] or pool_state[entry] != grammar.root:
        return log_probs[:0], node_start[:1], states[:0], arity[:0]
    root = _item((keys, numbers, items), counts, entry, TOP, 0, n_words)

    for rank in range(n_best):
        total = 0.0
        walk_item[0], walk_rank[0] = root, rank
        depth = 1
        is_complete = True
        if n_nodes + 10 * n_words > len(states):
            room = 2 * len(states)
            more_states, more_arity = np.empty(room, np.int32), np.empty(room, np.int8)
            more_states[:n_nodes], more_arity[:n_nodes] = (
                states[:n_nodes],
                arity[:n_nodes],
            )
            states, arity = more_states, more_arity
        while depth:
            depth -= 1
            item, item_rank = walk_item[depth], walk_rank[depth]
            # Make this derivation of this item: it may want others of its parts first.
            wanted_item[0], wanted_rank[0] = item, item_rank
            n_wanted = 1
            while n_wanted:
                if counts[0] + 4 > len(items):
                    items, ranked = _longer(items), _longer(ranked)
                    keys, numbers = _rehashed(keys, numbers)
                if n_candidates + n_best + 2 > len(candidates):
                    candidates = _longer(candidates)
                    more_scores = np.empty(len(candidates), np.float32)
                    more_scores[:n_candidates] = scores[:n_candidates]
                    scores = more_scores
                tables = (keys, numbers, items)
                at = wanted_item[n_wanted - 1]
                count = items[at, COUNT]
                if count > wanted_rank[n_wanted - 1]:
                    n_wanted -= 1
                    continue
                if not items[at, OPEN]:
                    n_candidates += _open(
                        grammar,
                        chart,
                        items,
                        at,
                        candidates,
                        scores,
                        n_candidates,
                        n_best,
                    )
                due = items[at, DUE]
                if due != NONE_DUE:
                    # Each pair of ranks has one predecessor: the one with less of the
                    # right rank or, that being 0, of the left one.
                    last = ranked[at, count - 1]
                    side = LEFT if due == LEFT_DUE else RIGHT
                    next_rank = candidates[last, B if side == RIGHT else A] + 1
                    part = _child(tables, counts, candidates[last], at, side)
                    is_there = items[part, COUNT] > next_rank
                    if not is_there and not (
                        items[part, OPEN]
                        and items[part, HEAP] < 0
                        and items[part, DUE] == NONE_DUE
                    ):
                        wanted_item[n_wanted] = part
                        wanted_rank[n_wanted] = next_rank
                        n_wanted += 1
                        continue
                    if is_there:
                        new = n_candidates
                        n_candidates += 1
                        candidates[new] = candidates[last]
                        candidates[new, B if side == RIGHT else A] = next_rank
                        candidates[new, CHILD] = candidates[new, SIBLING] = -1
                        scores[new] = _score(
                            grammar, chart, tables, ranked, scores, candidates[new], at
                        )
                        items[at, HEAP] = _meld(
                            candidates, scores, items[at, HEAP], np.int32(new)
                        )
                    items[at, DUE] = LEFT_DUE if due == BOTH_DUE else NONE_DUE
                    continue
                best = items[at, HEAP]
                if best < 0:
                    n_wanted -= 1
                    continue
                items[at, HEAP] = _without_root(candidates, scores, best)
                ranked[at, count] = best
                items[at, COUNT] = count + 1
                if candidates[best, RIGHT] >= 0:
                    items[at, DUE] = BOTH_DUE if candidates[best, B] == 0 else RIGHT_DUE
                elif candidates[best, LEFT] >= 0:
                    items[at, DUE] = LEFT_DUE
            if items[item, COUNT] <= item_rank:
                is_complete = False  # only the root can run out
                break
            this = candidates[ranked[item, item_rank]]
            tables = (keys, numbers, items)
            entry, rule = items[item, ENTRY], this[RULE]
            if items[item, ROLE] == TOP:
                if rule >= 0:
                    states[n_nodes] = pool_state[entry]
                    arity[n_nodes] = 1
                    n_nodes += 1
                    for m in range(grammar.down_length[rule] - 1):
                        states[n_nodes] = grammar.down_middle[rule, m]
                        arity[n_nodes] = 1
                        n_nodes += 1
                    total += grammar.down_total[rule]
                walk_item[depth] = _child(tables, counts, this, item, LEFT)
                walk_rank[depth] = this[A]
                depth += 1
                continue
            states[n_nodes] = pool_state[entry]
            if this[LEFT] < 0:
                arity[n_nodes] = 0
                total += np.float64(pool_bottom[entry])
            else:
                arity[n_nodes] = 2
                total += np.float64(grammar.parent_log_prob[rule])
                walk_item[depth] = _child(tables, counts, this, item, RIGHT)
                walk_rank[depth] = this[B]
                walk_item[depth + 1] = _child(tables, counts, this, item, LEFT)
                walk_rank[depth + 1] = this[A]
                depth += 2
            n_nodes += 1
        if not is_complete:
            break
        log_probs[rank] = total
        n_found += 1
        node_start[n_found] = n_nodes
    return (
        log_probs[:n_found],
        node_start[: n_found + 1],
        states[:n_nodes],
        arity[:n_nodes],
    )

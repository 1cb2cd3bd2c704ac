"""Kernels of label spaces: sweeps over trees and breadth-first searches of graphs.

Nodes of a tree are numbered by their place in breadth-first order: `parent` int64 (n,)
has ``parent[k] < k`` and -1 for the root, `weight` float64 (n,) is the length of the
edge to the parent, 0 for the root. All arrays are C-contiguous.
"""

import numpy as np

from sklearn_ext._core._numba import jit

NONE = np.iinfo(np.int64).max  # no candidate
LANES = 8  # rows that walk over a tree side by side


@jit
def breadth_first(indptr, indices, lengths, root):
    """Return order, parent and weight of the nodes that `root` reaches.

    The graph is in rows: `indptr` int64 (n + 1,), `indices` int64 and `lengths` float64
    (2 * n_edges,). In a tree each node is met once, so no mark is needed but for the
    parent; in another graph each node keeps the edge that met it first.
    """
    n = indptr.size - 1
    order = np.empty(n, np.int64)
    parent = np.empty(n, np.int64)
    weight = np.empty(n)
    is_met = np.zeros(n, np.bool_)
    order[0], parent[0], weight[0] = root, -1, 0.0
    is_met[root] = True
    n_met = 1
    at = 0
    while at < n_met:
        node = order[at]
        for e in range(indptr[node], indptr[node + 1]):
            other = indices[e]
            if not is_met[other]:
                is_met[other] = True
                order[n_met], parent[n_met], weight[n_met] = other, at, lengths[e]
                n_met += 1
        at += 1
    return order[:n_met].copy(), parent[:n_met].copy(), weight[:n_met].copy()


@jit
def hops_from(indptr, indices, source, hops, queue):
    """Write the number of edges from `source` to each node, -1 where there is no path.

    `hops` and `queue` are int32 (n,). Returns the largest number.
    """
    hops[:] = -1
    hops[source] = 0
    queue[0] = source
    n_met = 1
    at = 0
    while at < n_met:
        node = queue[at]
        for e in range(indptr[node], indptr[node + 1]):
            other = indices[e]
            if hops[other] < 0:
                hops[other] = hops[node] + 1
                queue[n_met] = other
                n_met += 1
        at += 1
    return hops[queue[n_met - 1]]


@jit
def distances_from(parent, weight, source):
    """Return the length of the path from place `source` to each place, float64 (n,)."""
    n = parent.size
    distance = np.full(n, -1.0)
    at = source
    distance[at] = 0.0
    while parent[at] >= 0:
        distance[parent[at]] = distance[at] + weight[at]
        at = parent[at]
    for k in range(1, n):
        if distance[k] < 0:
            distance[k] = distance[parent[k]] + weight[k]
    return distance


@jit
def pair_distances(parent, weight, first, second):
    """Return the lengths of the paths between places, float64 (len(first),).

    Long chains are climbed at once, so a pair costs the root of n at worst.
    """
    n = parent.size
    depth = np.zeros(n, np.int64)
    height = np.zeros(n, np.int64)
    deepest = np.full(n, -1, np.int64)
    for k in range(n - 1, 0, -1):
        p = parent[k]
        if deepest[p] < 0 or height[k] + 1 > height[p]:
            height[p] = height[k] + 1
            deepest[p] = k
    head = np.zeros(n, np.int64)
    climb = np.zeros(n)  # from a place to the head of its chain
    for k in range(1, n):
        p = parent[k]
        depth[k] = depth[p] + 1
        head[k] = k
        if deepest[p] == k:
            head[k], climb[k] = head[p], climb[p] + weight[k]
    distance = np.zeros(first.size)
    for i in range(first.size):
        a, b = first[i], second[i]
        while head[a] != head[b]:
            if depth[head[a]] < depth[head[b]]:
                a, b = b, a
            distance[i] += climb[a] + weight[head[a]]
            a = parent[head[a]]
        distance[i] += abs(climb[a] - climb[b])
    return distance


@jit
def steiner(parent, weight, marked, slack):
    """Return which places lie on a path between marked ones, bool (n,).

    `marked` is bool (n,) and not empty. Places no farther than `slack` from such a path
    belong to it, too.
    """
    n = parent.size
    below = np.zeros(n, np.int64)
    for k in range(n - 1, -1, -1):
        below[k] += marked[k]
        if k:
            below[parent[k]] += below[k]
    n_marked = below[0]
    distance = np.full(n, np.inf)
    for k in range(n):
        if below[k] == n_marked:  # all are below: only the lowest such place is inside
            distance[parent[k] if k else 0] = np.inf
        if below[k] > 0:
            distance[k] = 0.0
    for k in range(n - 1, 0, -1):
        distance[parent[k]] = min(distance[parent[k]], distance[k] + weight[k])
    for k in range(1, n):
        distance[k] = min(distance[k], distance[parent[k]] + weight[k])
    return distance <= slack


@jit
def nearest_below(parent, weight, inside, code, rounding):
    """Return, for each place inside, the nearest candidate that hangs from it.

    `inside` bool (n,) holds the root and the parent of whatever it holds. `code` int64
    (n,) numbers the candidates, NONE elsewhere. Candidates that hang from a place are
    those below it on paths that lie outside, and the place itself. Returns the least
    distance float64 (n,), inf if there is none, and code int64 (n,): the lowest of
    those that are as near, but for a share of `rounding`.
    """
    n = parent.size
    hang = np.where(code == NONE, np.inf, 0.0)
    code = code.copy()
    for k in range(n - 1, 0, -1):
        if inside[k] or code[k] == NONE:
            continue
        p = parent[k]
        h = hang[k] + weight[k]
        if h < hang[p] * (1 - rounding):
            hang[p], code[p] = h, code[k]
        elif h <= hang[p] * (1 + rounding):
            hang[p], code[p] = min(h, hang[p]), min(code[k], code[p])
    return hang, code


@jit
def contract(parent, weight, inside, kept):
    """Return the tree of the kept places; those between them are links of chains.

    `kept` bool (n,) is within `inside` and holds its root, ends and branchings. Returns
    `places` int64 (m,) of the kept ones, their `parent` (m,) and `weight` (m,), and the
    links: those of edge j are ``first[j]`` to ``first[j + 1]`` of `links` (places) and
    `offsets` (distances), from the lower end upwards. Last comes the number of edges
    below the root.
    """
    n = parent.size
    n_kept = kept.sum()
    number = np.full(n, -1, np.int64)
    places = np.empty(n_kept, np.int64)
    above = np.full(n_kept, -1, np.int64)
    length = np.zeros(n_kept)
    depth = np.zeros(n_kept, np.int64)
    first = np.zeros(n_kept + 1, np.int64)
    n_links = inside.sum() - n_kept
    links = np.empty(n_links, np.int64)
    offsets = np.empty(n_links)
    n_links = 0
    j = 0
    for k in range(n):
        if not kept[k]:
            continue
        number[k] = j
        places[j] = k
        at = k
        while k and not kept[parent[at]]:
            length[j] += weight[at]
            at = parent[at]
            links[n_links], offsets[n_links] = at, length[j]
            n_links += 1
        if k:
            length[j] += weight[at]
            above[j] = number[parent[at]]
            depth[j] = depth[above[j]] + 1
        j += 1
        first[j] = n_links
    return places, above, length, first, links, offsets, depth.max()


@jit
def _sweep(parent, weight, work):
    """Fill in mass, sum of distances and sum of squares as seen from each place.

    `work` float64 (n, 6, lanes) holds the masses of the places in ``work[:, 0]``, and
    zeros; the sums come to stand in ``work[:, :3]``. Nothing is subtracted, so they are
    exact but for a share of rounding. Upwards a place first leaves at its parent what
    it and its later siblings weigh there; downwards it takes that, and what came from
    above and from its earlier siblings.
    """
    n, _, lanes = work.shape
    for k in range(n - 1, 0, -1):
        w = weight[k]
        own = work[k]
        up = work[parent[k]]
        for i in range(lanes):
            m, s1, s2 = own[0, i], own[1, i], own[2, i]
            # The parent's own mass and its later children.
            own[3, i], own[4, i], own[5, i] = up[0, i], up[1, i], up[2, i]
            moved = s1 + w * m
            up[0, i] += m
            up[1, i] += moved
            up[2, i] += s2 + w * (s1 + moved)
    for k in range(1, n):
        w = weight[k]
        own = work[k]
        up = work[parent[k]]
        for i in range(lanes):
            m, s1, s2 = own[0, i], own[1, i], own[2, i]
            # All but the subtree of k, as seen from the parent and then from k.
            e0, e1, e2 = (
                up[3, i] + own[3, i],
                up[4, i] + own[4, i],
                up[5, i] + own[5, i],
            )
            moved = s1 + w * m
            up[3, i] += m
            up[4, i] += moved
            up[5, i] += s2 + w * (s1 + moved)
            moved = e1 + w * e0
            e2 += w * (e1 + moved)
            own[3, i], own[4, i], own[5, i] = e0, moved, e2
            own[0, i] = m + e0
            own[1, i] = s1 + moved
            own[2, i] = s2 + e2


@jit
def _load(P, start, stop, seats, work):
    """Put the rows of P into the lanes of `work`."""
    work[:] = 0.0
    for r in range(start, stop):
        for j in range(seats.size):
            work[seats[j], 0, r - start] += P[r, j]


@jit
def tree_risks(P, seats, parent, weight, power, column, risks):
    """Write the risk of each place with a column into `risks`.

    P is float64 (b, K); `seats` int64 (K,) are the places of its columns; `power` is 1
    or 2; `column` int64 (n,) is the column of each place, negative where there is none;
    `risks` is float64 (b, n_columns).
    """
    b = P.shape[0]
    n = parent.size
    work = np.empty((n, 6, min(LANES, b)))
    for start in range(0, b, LANES):
        stop = min(start + LANES, b)
        _load(P, start, stop, seats, work)
        _sweep(parent, weight, work)
        for k in range(n):
            if column[k] >= 0:
                for i in range(stop - start):
                    risks[start + i, column[k]] = work[k, power, i]


@jit
def _risk(place, power, h, i):
    """Return the risk in lane i of a candidate at distance h from a place.

    `place` is the part (6, lanes) of `work` of the place that the candidate hangs from.
    """
    if power == 2:
        return place[2, i] + h * (2 * place[1, i] + h * place[0, i])
    return place[1, i] + h * place[0, i]


@jit
def tree_best(
    P,
    seats,
    parent,
    weight,
    power,
    hang,
    code,
    first,
    offsets,
    link_code,
    lowest_link,
    tie,
):
    """Return the code of the best candidate of each row, and its risk.

    P, `seats`, `parent`, `weight` and `power` as of `tree_risks`. `hang` and `code`
    (n,) are the nearest candidate of each place; `first`, `offsets` and `link_code` the
    candidates on the chain above each place, as from `contract`, and `lowest_link` (n,)
    is the lowest code of each chain. Of those within a share of `tie` of the least risk
    the lowest code wins.
    """
    b = P.shape[0]
    n = parent.size
    lanes = min(LANES, b)
    work = np.empty((n, 6, lanes))
    best = np.empty(b, np.int64)
    least = np.empty(b)
    value = np.empty((lanes, 2))  # of the two best links of a row
    where = np.empty((lanes, 2), np.int64)
    for start in range(0, b, LANES):
        stop = min(start + LANES, b)
        rows = range(stop - start)
        _load(P, start, stop, seats, work)
        _sweep(parent, weight, work)
        value[:] = np.inf
        for k in range(1, n):
            if power == 1 or first[k] == first[k + 1]:
                continue  # a line is least at its ends
            length = weight[k]
            chain = offsets[first[k] : first[k + 1]]
            for i in rows:
                # At distance t from either end the risk is its own + 2 slope t + m t^2;
                # seen from the better end no digits cancel.
                m = work[k, 0, i]
                low, high = work[k, 2, i], work[parent[k], 2, i]
                is_up = high < low
                if is_up:
                    low, high = high, low
                slope = 0.5 * ((high - low) / length - m * length)
                if slope >= 0.0:
                    continue
                t = -slope / m
                right = np.searchsorted(chain, length - t if is_up else t)
                for side in range(2):
                    at = right - side
                    if 0 <= at < chain.size:
                        u = length - chain[at] if is_up else chain[at]
                        value[i, side] = low + u * (2 * slope + m * u)
                        where[i, side] = link_code[first[k] + at]
        for i in rows:
            least[start + i] = min(value[i, 0], value[i, 1])
            best[start + i] = NONE
        for k in range(n):
            if hang[k] < np.inf:
                for i in rows:
                    risk = _risk(work[k], power, hang[k], i)
                    least[start + i] = min(least[start + i], risk)
        for i in rows:
            limit = least[start + i] * (1 + tie)
            for side in range(2):
                if value[i, side] <= limit:
                    best[start + i] = min(best[start + i], where[i, side])
        for k in range(n):
            if hang[k] < np.inf:
                for i in rows:
                    risk = _risk(work[k], power, hang[k], i)
                    if risk <= least[start + i] * (1 + tie):
                        best[start + i] = min(best[start + i], code[k])
        for k in range(1, n):
            if power == 2 or first[k] == first[k + 1]:
                continue
            for i in rows:
                low, high = work[k, 1, i], work[parent[k], 1, i]
                is_up = high < low
                if is_up:
                    low, high = high, low
                limit = least[start + i] * (1 + tie)
                if high <= limit:
                    best[start + i] = min(best[start + i], lowest_link[k])
                    continue
                slope = (high - low) / weight[k]
                at, step = (first[k + 1] - 1, -1) if is_up else (first[k], 1)
                while first[k] <= at < first[k + 1]:
                    u = weight[k] - offsets[at] if is_up else offsets[at]
                    if low + slope * u > limit:
                        break
                    best[start + i] = min(best[start + i], link_code[at])
                    at += step
    return best, least

"""Kernels of label spaces: sweeps over trees and breadth-first searches of graphs.

Nodes of a tree are numbered by their place in breadth-first order: `parent` int64 (n,)
has ``parent[k] < k`` and -1 for the root, `weight` float64 (n,) is the length of the
edge to the parent, 0 for the root. All arrays are C-contiguous.
"""

import numpy as np

from sklearn_ext._core._numba import jit

NONE = np.iinfo(np.int64).max  # no candidate


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
    length = np.zeros(n)
    for k in range(1, n):
        depth[k] = depth[parent[k]] + 1
        length[k] = length[parent[k]] + weight[k]
    deepest = np.full(n, -1, np.int64)
    for k in range(n - 1, 0, -1):
        p = parent[k]
        if deepest[p] < 0 or height[k] + 1 > height[p]:
            height[p] = height[k] + 1
            deepest[p] = k
    head = np.empty(n, np.int64)
    head[0] = 0
    for k in range(1, n):
        head[k] = head[parent[k]] if deepest[parent[k]] == k else k
    distance = np.empty(first.size)
    for i in range(first.size):
        a, b = first[i], second[i]
        while head[a] != head[b]:
            if depth[head[a]] >= depth[head[b]]:
                a = parent[head[a]]
            else:
                b = parent[head[b]]
        ancestor = a if depth[a] < depth[b] else b
        distance[i] = (length[first[i]] - length[ancestor]) + (
            length[second[i]] - length[ancestor]
        )
    return distance


@jit
def steiner(parent, weight, marked):
    """Return which places lie on a path between marked ones, bool (n,).

    `marked` is bool (n,) and not empty. Places at distance 0 from such a path belong to
    it, since nothing can tell them apart.
    """
    n = parent.size
    below = np.zeros(n, np.int64)
    for k in range(n - 1, -1, -1):
        below[k] += marked[k]
        if k:
            below[parent[k]] += below[k]
    n_marked = below[0]
    inside = np.zeros(n, np.bool_)
    for k in range(n):
        inside[k] = 0 < below[k] < n_marked
        if below[k] == n_marked:  # all are below: only the lowest such place is inside
            inside[k] = True
            if k:
                inside[parent[k]] = False
    for k in range(n - 1, 0, -1):
        p = parent[k]
        if inside[k] and not inside[p] and weight[k] == 0.0:
            inside[p] = True
    for k in range(1, n):
        if inside[parent[k]] and weight[k] == 0.0:
            inside[k] = True
    return inside


@jit
def nearest_below(parent, weight, inside, code, slack):
    """Return, for each place inside, the nearest candidate that hangs from it.

    `inside` bool (n,) holds the root and the parent of whatever it holds. `code` int64
    (n,) numbers the candidates, NONE elsewhere. Candidates that hang from a place are
    those below it on paths that lie outside, and the place itself. Returns the least
    distance float64 (n,), inf if there is none, and code int64 (n,): the lowest of
    those that are as near but for `slack`.
    """
    n = parent.size
    hang = np.where(code == NONE, np.inf, 0.0)
    code = code.copy()
    for k in range(n - 1, 0, -1):
        if inside[k]:
            continue
        p = parent[k]
        h = hang[k] + weight[k]
        if h < hang[p] - slack or (h <= hang[p] + slack and code[k] < code[p]):
            code[p] = code[k]
            hang[p] = min(h, hang[p])
    return hang, code


@jit
def contract(parent, weight, inside, kept):
    """Return the tree of the kept places; those between them are links of chains.

    `kept` bool (n,) is within `inside` and holds its root, ends and branchings. Returns
    `places` int64 (m,) of the kept ones, their `parent` (m,) and `weight` (m,), and the
    links: those of edge j are ``first[j]`` to ``first[j + 1]`` of `links` (places) and
    `offsets` (distances), from the lower end upwards.
    """
    n = parent.size
    n_kept = kept.sum()
    number = np.full(n, -1, np.int64)
    places = np.empty(n_kept, np.int64)
    above = np.full(n_kept, -1, np.int64)
    length = np.zeros(n_kept)
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
        j += 1
        first[j] = n_links
    return places, above, length, first, links, offsets


@jit
def _sweep(parent, weight, mass, work):
    """Fill in mass, sum of distances and of squares: below, then over the whole tree.

    `work` float64 (n, 3, lanes) holds the masses of the places, and zeros.
    """
    n, _, lanes = work.shape
    for k in range(n - 1, 0, -1):
        w = weight[k]
        own = work[k]
        up = work[parent[k]]
        for i in range(lanes):
            m, s1, s2 = own[0, i], own[1, i], own[2, i]
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
            moved = s1 + w * m
            d1 = up[1, i] - moved
            d2 = up[2, i] - (s2 + w * (s1 + moved))
            moved = d1 + w * (mass[i] - m)
            own[1, i] = s1 + moved
            own[2, i] = s2 + d2 + w * (d1 + moved)


@jit
def _load(P, start, stop, seats, work, mass):
    """Put the rows of P into the lanes of `work`; `mass` gets their sums."""
    work[:] = 0.0
    mass[:] = 0.0
    for r in range(start, stop):
        i = r - start
        for j in range(seats.size):
            p = P[r, j]
            if p != 0.0:
                work[seats[j], 0, i] += p
                mass[i] += p


@jit
def tree_risks(P, seats, parent, weight, power, column, risks):
    """Write the risk of each place with a column into `risks`.

    P is float64 (b, K); `seats` int64 (K,) are the places of its columns; `power` is 1
    or 2; `column` int64 (n,) is the column of each place, negative where there is none;
    `risks` is float64 (b, n_columns).
    """
    b = P.shape[0]
    n = parent.size
    work = np.empty((n, 3, min(8, b)))
    mass = np.empty(min(8, b))
    for start in range(0, b, 8):
        stop = min(start + 8, b)
        _load(P, start, stop, seats, work, mass)
        _sweep(parent, weight, mass, work)
        for k in range(n):
            if column[k] >= 0:
                for i in range(stop - start):
                    risks[start + i, column[k]] = work[k, power, i]


@jit
def tree_best(
    P, seats, parent, weight, power, hang, code, first, offsets, link_code, slack
):
    """Return the code of the best candidate of each row, and its risk.

    P, `seats`, `parent`, `weight` and `power` as of `tree_risks`. `hang` and `code`
    (n,) are the nearest candidate of each place; `first`, `offsets` and `link_code` the
    candidates on the chain above each place, as from `contract`, for power 2. Of those
    within ``slack * mass`` of the least risk the lowest code wins.
    """
    b = P.shape[0]
    n = parent.size
    lanes = min(8, b)
    work = np.empty((n, 3, lanes))
    mass = np.empty(lanes)
    best = np.empty(b, np.int64)
    least = np.empty(b)
    has_links = offsets.size > 0
    link_value = np.empty((lanes, 2))
    link_best = np.empty((lanes, 2), np.int64)
    low = np.empty(lanes)
    found = np.empty(lanes, np.int64)
    for start in range(0, b, 8):
        stop = min(start + 8, b)
        _load(P, start, stop, seats, work, mass)
        _sweep(parent, weight, mass, work)
        link_value[:] = np.inf
        link_best[:] = NONE
        if has_links:
            for k in range(1, n):
                if first[k] == first[k + 1]:
                    continue
                length = weight[k]
                p = parent[k]
                for i in range(stop - start):
                    # The risk at distance t towards p is s2 + 2 slope t + mass t^2, the
                    # least where both sides pull alike.
                    m = mass[i]
                    gap = work[p, 2, i] - work[k, 2, i]
                    slope = 0.5 * (gap / length - m * length)
                    if slope >= 0.0 or slope + m * length <= 0.0:
                        continue
                    t = -slope / m
                    right = first[k] + np.searchsorted(
                        offsets[first[k] : first[k + 1]], t
                    )
                    for side in range(2):
                        at = right - side
                        if first[k] <= at < first[k + 1]:
                            u = offsets[at]
                            value = work[k, 2, i] + u * (2 * slope + m * u)
                            link_value[i, side] = value
                            link_best[i, side] = link_code[at]
        for i in range(stop - start):
            low[i] = min(link_value[i, 0], link_value[i, 1])
        for k in range(n):
            h = hang[k]
            if h == np.inf:
                continue
            for i in range(stop - start):
                if power == 2:
                    value = work[k, 2, i] + h * (2 * work[k, 1, i] + h * mass[i])
                else:
                    value = work[k, 1, i] + h * mass[i]
                low[i] = min(low[i], value)
        found[:] = NONE
        for k in range(n):
            h = hang[k]
            if h == np.inf:
                continue
            for i in range(stop - start):
                if power == 2:
                    value = work[k, 2, i] + h * (2 * work[k, 1, i] + h * mass[i])
                else:
                    value = work[k, 1, i] + h * mass[i]
                if value <= low[i] + slack * mass[i]:
                    found[i] = min(found[i], code[k])
        for i in range(stop - start):
            for side in range(2):
                if link_value[i, side] <= low[i] + slack * mass[i]:
                    found[i] = min(found[i], link_best[i, side])
            best[start + i] = found[i]
            least[start + i] = max(low[i], 0.0)
    return best, least

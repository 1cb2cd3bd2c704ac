"""Kernels that replay the merges of a tree, its edges in ascending order.

Each is one pass of union-find over the edges, O(n alpha(n)). Arrays that they work in
or write to are made by the caller: to compile their making takes longer than the rest.
`parents` int64 (n,) begins as each row's own number, `counts` int64 (n,) as ones.
"""

from sklearn_ext._core._numba import jit


@jit
def _find(parents, i):
    """Return the root of row i, and halve its path."""
    while parents[i] != i:
        parents[i] = parents[parents[i]]
        i = parents[i]
    return i


@jit
def _unite(parents, counts, a, b):
    """Merge the components of roots a and b into the larger one; return its root."""
    if counts[a] < counts[b]:
        a, b = b, a
    parents[b] = a
    counts[a] += counts[b]
    return a


@jit
def join(edges, steps, parents, counts, largest, joined, sizes, groups):
    """Write the sizes of the components that each step joins, and into which groups.

    edges and steps, int64 (m, 2) and (m,): edges of one step merge at once; steps
    ascend from 0. sizes (m,) are those of the components before the step, of each group
    that becomes one all but the largest, in any order among its edges; groups (m,) tell
    the groups of a step apart. largest and joined (n,) are room for work, joined -1.
    """
    start = 0
    for e in range(edges.shape[0]):
        a = _find(parents, edges[e, 0])
        b = _find(parents, edges[e, 1])
        for root in (a, b):
            if joined[root] != steps[e]:
                joined[root] = steps[e]
                largest[root] = counts[root]
        # the loser of the two is settled, the winner goes on
        sizes[e] = min(largest[a], largest[b])
        winner = max(largest[a], largest[b])
        largest[_unite(parents, counts, a, b)] = winner
        if e + 1 == edges.shape[0] or steps[e + 1] != steps[e]:
            for t in range(start, e + 1):
                groups[t] = _find(parents, edges[t, 0])
            start = e + 1


@jit
def link(edges, lengths, parents, counts, names, merges):
    """Write the merges in SciPy's format, float64 (m, 4).

    edges int64 (m, 2), lengths float64 (m,); names int64 (n,) of the components of the
    roots begin as those of the rows.
    """
    for e in range(edges.shape[0]):
        a = _find(parents, edges[e, 0])
        b = _find(parents, edges[e, 1])
        root = _unite(parents, counts, a, b)
        merges[e, 0] = min(names[a], names[b])
        merges[e, 1] = max(names[a], names[b])
        merges[e, 2] = lengths[e]
        merges[e, 3] = counts[root]
        names[root] = names.size + e


@jit
def cut(edges, n_merges, parents, counts, numbers, labels):
    """Write the component of each row after the first merges to labels, int64 (n,).

    edges int64 (m, 2); components are numbered in the order of their first rows;
    numbers int64 (n,) begin as -1.
    """
    for e in range(n_merges):
        a = _find(parents, edges[e, 0])
        b = _find(parents, edges[e, 1])
        _unite(parents, counts, a, b)
    n_components = 0
    for i in range(labels.size):
        root = _find(parents, i)
        if numbers[root] < 0:
            numbers[root] = n_components
            n_components += 1
        labels[i] = numbers[root]

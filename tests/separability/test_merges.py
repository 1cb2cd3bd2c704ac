"""Sizes, linkage matrix and clusters of trees, against graphs taken apart naively."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster import hierarchy
from scipy.spatial.distance import pdist, squareform

from sklearn_ext.separability._merges import (
    clusters,
    linkage,
    merge_sizes,
    tie_tolerance,
)
from tests.separability import _naive

SEEDED = settings(max_examples=60, deadline=None, derandomize=True)


@st.composite
def trees(draw):
    """A tree of a few rows, its edges ascending, and how many lengths there are."""
    n = draw(st.integers(2, 24))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n_lengths = draw(st.integers(1, 6))
    parents = (rng.random(n - 1) * np.arange(1, n)).astype(np.int64)
    edges = np.column_stack([parents, np.arange(1, n)])
    lengths = np.sort(rng.integers(0, n_lengths, n - 1).astype(float))
    return edges[rng.permutation(n - 1)], lengths


def sizes_of(edges, lengths, tolerance=1e-9):
    return merge_sizes(np.array(edges), np.array(lengths, float), tolerance).tolist()


def test_the_smaller_side():
    """0-1 and 2-3 first, then both pairs, and a last row at one of them."""
    edges = [[0, 1], [2, 3], [1, 2], [3, 4]]
    assert sizes_of(edges, [1, 2, 3, 4]) == [1, 1, 2, 1]
    # a chain of rows that join one after the other, from the middle on
    assert sizes_of([[1, 2], [2, 3], [0, 1]], [1, 2, 3]) == [1, 1, 1]


def test_components_that_become_one_at_once():
    """Sides of 4, 3, 2 and 1 rows: the largest keeps its size, the others give theirs,
    larger ones later, wherever their edges are."""
    inside = [[0, 1], [1, 2], [2, 3], [4, 5], [5, 6], [7, 8]]
    between = [[0, 4], [4, 7], [9, 0]]
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        edges = inside + [between[i] for i in order]
        assert sizes_of(edges, [1] * 6 + [2] * 3)[6:] == [1, 2, 3]


def test_groups_of_one_step_stay_apart():
    """Two groups arise in one step, with edges that alternate."""
    inside = [[0, 1], [2, 3], [2, 4], [5, 6]]
    between = [[0, 2], [5, 7], [1, 8], [6, 9]]  # 3 + 2 + 1 rows, and 2 + 1 + 1
    edges = [*inside, *between, [0, 5]]
    assert sizes_of(edges, [1] * 4 + [2] * 4 + [3])[4:] == [1, 1, 2, 1, 4]


def test_what_counts_as_one_length():
    """Gaps up to the tolerance form a chain, however long it is as a whole."""
    edges = [[0, 1], [2, 3], [3, 4], [1, 2]]  # ends with 2 + 3 rows
    apart = sizes_of(edges, [1, 1.1, 1.2, 1.3], 0.05)
    assert apart == [1, 1, 1, 2]
    assert sizes_of(edges, [1, 1.1, 1.2, 1.3], 0.1) == [1, 1, 1, 1]
    assert sizes_of(edges, [1, 1.1, 1.2, 1.4], 0.1) == apart
    # the gap is relative to the larger of the two, and may be the tolerance itself
    assert sizes_of(edges, [1, 1, 1, 2], 0.5) == [1, 1, 1, 1]
    assert sizes_of(edges, [1, 1, 1, 2], 0.49) == apart
    assert sizes_of(edges, [0, 0, 0, 1e-300], 1e-6) == apart
    assert sizes_of(edges, [0, 0, 0, 0]) == [1, 1, 1, 1]


def test_tolerances():
    assert tie_tolerance(np.float32) == 1e-6
    assert tie_tolerance(np.dtype("float64")) == 1e-9


@SEEDED
@given(trees())
def test_sizes_of_small_trees(tree):
    edges, lengths = tree
    expected = _naive.merge_sizes(edges, lengths)
    np.testing.assert_array_equal(merge_sizes(edges, lengths, 1e-9), expected)


@SEEDED
@given(trees(), st.integers(0, 2**32))
def test_sizes_do_not_depend_on_which_tied_edge_comes_first(tree, seed):
    edges, lengths = tree
    order = np.lexsort((np.random.default_rng(seed).random(len(lengths)), lengths))
    before, after = (merge_sizes(e, lengths, 1e-9) for e in (edges, edges[order]))
    for length in np.unique(lengths):
        tied = lengths == length
        assert sorted(before[tied]) == sorted(after[tied])


@SEEDED
@given(trees())
def test_linkage_of_small_trees(tree):
    """SciPy takes it, and finds the longest edge of the path between two rows."""
    edges, lengths = tree
    n = len(edges) + 1
    merges = linkage(edges, lengths)
    assert hierarchy.is_valid_linkage(merges)
    assert (merges[:, 0] < merges[:, 1]).all()
    longest = np.full((n, n), np.inf)
    np.fill_diagonal(longest, 0)
    for (a, b), length in zip(edges, lengths, strict=True):
        longest[a, b] = longest[b, a] = length
    for k in range(n):
        via = np.maximum.outer(longest[:, k], longest[k])
        longest = np.minimum(longest, via)
    np.testing.assert_array_equal(squareform(hierarchy.cophenet(merges)), longest)


def test_linkage_is_that_of_scipy(global_random_seed):
    from sklearn_ext.separability._emst import euclidean_mst

    X = np.random.default_rng(global_random_seed).normal(size=(80, 3))
    tree = euclidean_mst(X)
    expected = hierarchy.linkage(pdist(X), "single")
    np.testing.assert_allclose(linkage(tree.edges, tree.lengths), expected, rtol=1e-12)


@SEEDED
@given(trees(), st.data())
def test_clusters_of_small_trees(tree, data):
    """As many as asked for, those that the first edges leave, in order of rows."""
    edges, _ = tree
    n = len(edges) + 1
    k = data.draw(st.integers(1, n))
    labels = clusters(edges, k)
    assert labels.dtype == np.int64
    firsts = [labels.tolist().index(label) for label in range(k)]
    assert firsts == sorted(firsts)
    assert labels.max() == k - 1
    n_components, expected = _naive.components(n, edges[: n - k])
    assert n_components == k
    pairs = {*zip(labels, expected, strict=True)}
    assert len(pairs) == k


@pytest.mark.parametrize("k", [1, 2, 5, 30])
def test_clusters_are_those_of_scipy(k, global_random_seed):
    from sklearn_ext.separability._emst import euclidean_mst

    X = np.random.default_rng(global_random_seed).normal(size=(30, 2))
    tree = euclidean_mst(X)
    expected = hierarchy.fcluster(hierarchy.linkage(X, "single"), k, "maxclust")
    assert len({*zip(clusters(tree.edges, k), expected, strict=True)}) == k

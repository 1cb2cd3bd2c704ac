"""Searches in a kd-tree and its spanning trees are those of brute force, to the bit."""

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sklearn_ext._core._numba import Workers
from sklearn_ext.separability import _emst_kdtree
from sklearn_ext.separability import _kernels_kdtree as kernels
from sklearn_ext.separability._emst_kdtree import KDTreeSearch
from sklearn_ext.separability._kernels_matrix import square

KINDS = ["ball", "blobs", "grid", "repeated", "equal", "two", "line", "float32"]
SHAPES = [(2, 1), (3, 2), (17, 1), (70, 2), (60, 3), (50, 7), (60, 8), (50, 12)]
SHAPES += [(30, 16), (40, 21)]
LABELS = ["own", "halves", "one alone", "few", "by place", "all the same"]

each_cloud = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(params=[False, True], ids=["wide", "narrow"])
def narrow(request, monkeypatch):
    """Run with trees of one leaf or a few, and with many leaves and tasks."""
    if request.param:
        monkeypatch.setattr(_emst_kdtree, "_leaf_size", lambda n_features: 4)
        monkeypatch.setattr(_emst_kdtree, "TASK_POINTS", 16)


def cloud(kind, shape, rng):
    """Return rows of one of several kinds."""
    n, _ = shape
    X = rng.standard_normal(shape)
    if kind == "blobs":
        X += 30 * rng.standard_normal((4, shape[1]))[rng.integers(0, 4, n)]
    elif kind == "grid":
        X = np.round(X)
    elif kind == "repeated":
        X = X[rng.integers(0, max(1, int(0.6 * n)), n)]
    elif kind == "equal":
        X[:] = X[0]
    elif kind == "two":
        X[:] = (rng.random(n) < 0.5)[:, None]
    elif kind == "line":
        X = X[:, :1] * X[0] + 1e-3 * X
    elif kind == "float32":
        X = X.astype(np.float32)
    return X


def all_squares(X):
    """Return the squares of all pairs of rows, infinity for a row with itself."""
    n = len(X)
    pairs = np.argwhere(np.ones((n, n), bool))
    squares = np.array([square(X, i, j) for i, j in pairs]).reshape(n, n)
    np.testing.assert_allclose(
        squares, ((X[:, None].astype(float) - X) ** 2).sum(axis=2), rtol=1e-13
    )
    np.fill_diagonal(squares, np.inf)
    return squares


def prim_weights(weights):
    """Return the weights of a minimum spanning tree, ascending."""
    is_outside = np.ones(len(weights), bool)
    is_outside[0] = False
    least = weights[0].copy()
    result = []
    while is_outside.any():
        i = np.argmin(np.where(is_outside, least, np.inf))
        result.append(least[i])
        is_outside[i] = False
        least = np.minimum(least, weights[i])
    return np.sort(result)


@each_cloud
def test_neighbors_are_those_of_brute_force(kind, narrow, global_random_seed):
    for shape in SHAPES:
        rng = np.random.default_rng([global_random_seed, *shape])
        X = cloud(kind, shape, rng)
        n = len(X)
        squares = all_squares(X)
        order = np.lexsort((np.tile(np.arange(n), (n, 1)), squares), axis=1)
        for k in {1, min(9, n - 1), n - 1}:
            for n_jobs in (1, 2):
                with Workers(n_jobs) as workers:
                    found, weights = KDTreeSearch(X, workers).neighbors(k)
                np.testing.assert_array_equal(found, order[:, :k])
                expected = np.take_along_axis(squares, order[:, :k], axis=1)
                np.testing.assert_array_equal(weights, expected)


@each_cloud
@pytest.mark.parametrize("min_samples", [1, 2, 6, 20])
def test_trees_are_minimal(kind, min_samples, narrow, global_random_seed):
    for shape in SHAPES:
        rng = np.random.default_rng([global_random_seed, *shape])
        X = cloud(kind, shape, rng)
        n = len(X)
        min_samples = min(min_samples, n)
        before = X.copy()
        X.flags.writeable = False
        squares = all_squares(X)
        weights = squares
        cores = None
        if min_samples > 1:
            cores = np.sort(squares, axis=1)[:, min_samples - 2]
            weights = np.maximum(squares, np.maximum(cores[:, None], cores))
        results = []
        for n_jobs in (1, 2):
            with Workers(n_jobs) as workers:
                edges, found = KDTreeSearch(X, workers).spanning_tree(min_samples)
            np.testing.assert_equal(found, cores)
            results.append(edges)
        np.testing.assert_array_equal(*results)
        assert edges.shape == (n - 1, 2)
        assert edges.dtype == np.int64
        graph = coo_array((np.ones(n - 1), edges.T), shape=(n, n))
        assert connected_components(graph, directed=False)[0] == 1
        np.testing.assert_array_equal(
            np.sort(weights[tuple(edges.T)]), prim_weights(weights)
        )
        np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("min_samples", [1, 6, 12])
@pytest.mark.parametrize("kind", ["square", "blobs", "unequal"])
def test_trees_of_many_points(kind, min_samples, compiled, global_random_seed):
    """Late rounds compare whole nodes, in several tasks, and remember their bounds."""
    rng = np.random.default_rng(global_random_seed)
    X = rng.random((3000, 2))
    if kind == "blobs":
        X += 8 * rng.random((10, 2))[rng.integers(0, 10, 3000)]
    elif kind == "unequal":
        X[::2] = 0.5 + 0.1 * X[::2] ** 3
    results = []
    for n_jobs in (1, 2):
        with Workers(n_jobs) as workers:
            results.append(KDTreeSearch(X, workers).spanning_tree(min_samples))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    edges, cores = results[0]
    squares = ((X[edges[:, 0]] - X[edges[:, 1]]) ** 2).sum(axis=1)
    floor = np.zeros(len(X)) if cores is None else cores
    squares = np.maximum(squares, floor[edges].max(axis=1))
    least = np.full(len(X), np.inf)
    is_outside = np.ones(len(X), bool)
    expected = []
    i = 0
    for _ in range(len(X) - 1):  # Prim
        is_outside[i] = False
        row = ((X - X[i]) ** 2).sum(axis=1)
        least = np.minimum(least, np.maximum(row, np.maximum(floor, floor[i])))
        i = np.argmin(np.where(is_outside, least, np.inf))
        expected.append(least[i])
    np.testing.assert_allclose(np.sort(squares), np.sort(expected), rtol=1e-13)


@pytest.mark.parametrize("kind", ["equal", "two", "grid"])
def test_ties_are_pruned(kind, compiled):
    """With equal distances everywhere, still only a few leaves are looked at."""
    rng = np.random.default_rng(0)
    X = cloud(kind, (8192, 9), rng)
    if kind == "grid":
        X = np.clip(X[:, :2], -1, 1)
    search = KDTreeSearch(X, Workers(1))
    k = search.n_cached
    found = np.empty((len(X), k), np.int64), np.empty((len(X), k))
    n_visits = sum(
        kernels.find_neighbors(search.tree, *leaves, *found) for leaves in search.leaves
    )
    assert n_visits < 12 * len(X)


def test_expected_time_counts_visits(global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    one_leaf = KDTreeSearch(rng.standard_normal((20, 2)), Workers(1))
    visit = _emst_kdtree.VISIT_COST + _emst_kdtree.COORDINATE_COST * 2 * 32
    expected = 20e-9 * (_emst_kdtree.POINT_COST + visit)
    assert one_leaf.expected_seconds() == pytest.approx(expected)

    plane = rng.standard_normal((1500, 2)) @ rng.standard_normal((2, 10))
    full = rng.standard_normal((1500, 10))
    costs = [KDTreeSearch(X, Workers(1)).expected_seconds() for X in (plane, full)]
    assert 2 * costs[0] < costs[1]


def test_kernels_have_one_signature(compiled):
    """Whatever the rows are: the search converts them."""
    for dtype in (np.float32, np.float64):
        X = np.random.default_rng(0).standard_normal((300, 3)).astype(dtype)
        with Workers(1) as workers:
            for given in (X, np.asfortranarray(X), X[::2]):
                KDTreeSearch(given, workers).spanning_tree(3)
    for kernel in (kernels.find_closest, kernels.find_neighbors):
        assert len(kernel.signatures) == 1

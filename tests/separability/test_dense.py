"""Trees from bounds, whole and in blocks, have the very edges of exact trees."""

from functools import partial

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from sklearn_ext._core._numba import Workers
from sklearn_ext.separability import _emst_dense
from sklearn_ext.separability._emst_dense import dense_tree
from sklearn_ext.separability._emst_prim import prim_tree
from sklearn_ext.separability._kernels_matrix import (
    prim_bounds,
    spanning_edges,
    square,
    transpose_tile,
)


def exact_squares(X):
    """Return all squares, by subtraction."""
    X = X.astype(np.float64)
    return ((X[:, None] - X) ** 2).sum(axis=2)


def kruskal(weights):
    """Return the edges of the tree that is the least by (weight, first, second)."""
    n = len(weights)
    first, second = np.triu_indices(n, 1)
    part = np.arange(n)
    edges = []
    for e in np.lexsort((second, first, weights[first, second])):
        a, b = first[e], second[e]
        if part[a] != part[b]:
            edges.append((a, b))
            part[part == part[b]] = part[a]
    return np.array(sorted(edges))


def in_order(edges):
    """Return edges sorted by their ends."""
    return edges[np.lexsort((edges[:, 1], edges[:, 0]))]


def run(X, cores=None, *, memory=1 << 30, n_jobs=1):
    """Return the edges of the tree, sorted by their ends."""
    with Workers(n_jobs) as workers:
        return in_order(dense_tree(X, cores, memory=memory, workers=workers))


def cloud(kind, n, d, rng):
    """Return n rows of one of several hard kinds."""
    if kind == "grid":
        return rng.integers(0, 4, (n, d)).astype(float)
    X = rng.standard_normal((n, d))
    if kind == "repeated":
        X[rng.random(n) < 0.4] = X[0]
    elif kind == "offset":
        X += 1e6
    elif kind == "close":
        X = 1e-4 * X + 10 * rng.standard_normal((4, d))[rng.integers(0, 4, n)]
    elif kind == "outlier":
        X *= 1e-6
        X[0] = 1e4
    elif kind == "equal":
        X[:] = X[0]
    elif kind == "plane":
        X = rng.standard_normal((n, 2)) + 40 * rng.random((5, 2))[rng.integers(0, 5, n)]
    elif kind == "float32":
        X = X.astype(np.float32)
    return X


KINDS = ["ball", "grid", "repeated", "offset", "close", "outlier", "equal", "plane"]
KINDS += ["float32"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n", "d"), [(2, 1), (3, 5), (90, 3), (130, 20), (200, 33)])
def test_edges_are_those_of_kruskal(kind, n, d, global_random_seed, monkeypatch):
    rng = np.random.default_rng(global_random_seed + n)
    X = cloud(kind, n, d, rng)
    squares = exact_squares(X)
    if kind in ("grid", "repeated", "equal", "close"):
        # Sums in another order may break ties: take those of the package.
        pairs = np.argwhere(np.ones((n, n), bool))
        squares = np.array([square(X, i, j) for i, j in pairs]).reshape(n, n)
    expected = kruskal(squares)
    np.testing.assert_array_equal(in_order(prim_tree(X)), expected)
    np.testing.assert_array_equal(run(X), expected)
    np.testing.assert_array_equal(run(X, n_jobs=2), expected)
    monkeypatch.setattr(_emst_dense, "BLOCK", max(2, n // 3))
    np.testing.assert_array_equal(run(X, memory=0), expected)
    np.testing.assert_array_equal(run(X, memory=0, n_jobs=2), expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("min_samples", [2, 6, 11])
def test_mutual_reachability(kind, min_samples, global_random_seed, monkeypatch):
    rng = np.random.default_rng(global_random_seed + 1)
    X = cloud(kind, 120, 11, rng)
    pairs = np.argwhere(np.ones((120, 120), bool))
    squares = np.array([square(X, i, j) for i, j in pairs]).reshape(120, 120)
    cores = np.sort(squares, axis=1)[:, min_samples - 1].copy()
    expected = kruskal(np.maximum(np.maximum(cores[:, None], cores), squares))
    np.testing.assert_array_equal(in_order(prim_tree(X, cores)), expected)
    np.testing.assert_array_equal(run(X, cores), expected)
    monkeypatch.setattr(_emst_dense, "BLOCK", 50)
    np.testing.assert_array_equal(run(X, cores, memory=0, n_jobs=2), expected)


@pytest.mark.parametrize("kind", ["grid", "repeated", "equal"])
def test_ties_under_bounds_of_float64(kind, global_random_seed, monkeypatch):
    """Such bounds are exact, and the last comparisons are between equal numbers."""
    made = partial(_emst_dense.Products, dtype=np.float64)
    monkeypatch.setattr(_emst_dense, "Products", made)
    rng = np.random.default_rng(global_random_seed)
    X = cloud(kind, 200, 3, rng)
    expected = kruskal(exact_squares(X))
    np.testing.assert_array_equal(run(X), expected)
    for block in (20, 70):
        monkeypatch.setattr(_emst_dense, "BLOCK", block)
        np.testing.assert_array_equal(run(X, memory=0), expected)


def test_more_rows_than_a_tile(monkeypatch):
    monkeypatch.setattr(_emst_dense, "STEP", 64)
    X = np.random.default_rng(0).standard_normal((300, 12))
    np.testing.assert_array_equal(run(X), kruskal(exact_squares(X)))


def test_rough_bounds_suffice(monkeypatch):
    """float32 is no matter of results: a far coarser bound gives the same edges."""
    from sklearn_ext.separability._products import Products

    X = np.random.default_rng(0).standard_normal((150, 8))
    expected = run(X)
    rough = Products.bounds

    def rounded(self, rows, columns, out=None):
        bounds = rough(self, rows, columns, out)
        bounds[...] = np.floor(bounds)
        return bounds

    made = Products.__init__

    def with_slack(self, X, **kwargs):
        made(self, X, **kwargs)
        self.slack = self.slack + 0.5

    monkeypatch.setattr(Products, "bounds", rounded)
    monkeypatch.setattr(Products, "__init__", with_slack)
    np.testing.assert_array_equal(run(X), expected)
    monkeypatch.setattr(_emst_dense, "BLOCK", 40)
    np.testing.assert_array_equal(run(X, memory=0), expected)


def test_threads_of_blas_are_given_back():
    before = [pool["num_threads"] for pool in threadpool_info()]
    run(np.random.default_rng(0).standard_normal((200, 5)), n_jobs=2)
    assert [pool["num_threads"] for pool in threadpool_info()] == before


def test_transpose_tile():
    source = np.random.default_rng(0).random((70, 131), dtype=np.float32)
    target = np.zeros((140, 75), np.float32)
    transpose_tile(source, target[5:136, 3:73])
    np.testing.assert_array_equal(target[5:136, 3:73], source.T)
    assert np.count_nonzero(target) == source.size


def test_spanning_edges():
    edges = np.array([[0, 1], [1, 2], [0, 2], [3, 4], [1, 0], [2, 4], [0, 3]])
    assert spanning_edges(edges, 5).tolist() == [0, 1, 3, 5]


@pytest.mark.usefixtures("compiled")
def test_signatures():
    """Rows in float32 and float64, bounds likewise: four, and no more."""
    for dtype in (np.float32, np.float64):
        run(cloud("ball", 40, 3, np.random.default_rng(0)).astype(dtype))
        run(cloud("close", 80, 9, np.random.default_rng(0)).astype(dtype))
        frozen = np.ones((5, 2), dtype)
        frozen.flags.writeable = False
        run(frozen)
    assert len(prim_bounds.signatures) <= 4

"""Boruvka's algorithm against SciPy's single linkage, and what it asks a search."""

import numpy as np
import pytest

from sklearn_ext._core._numba import Workers
from sklearn_ext.separability import _emst_boruvka
from sklearn_ext.separability._emst_boruvka import boruvka_tree
from tests.separability import _naive
from tests.separability._searches import CLOUDS, NaiveSearch, single_linkage


def assert_is_tree(X, tree, min_samples):
    """Compare lengths and core distances with SciPy's; the edges must span."""
    edges, core_squares = tree
    n = len(X)
    assert edges.shape == (n - 1, 2)
    assert edges.dtype == np.int64
    assert _naive.components(n, edges)[0] == 1
    heights, cores = single_linkage(X, min_samples)
    X = X.astype(np.float64)
    lengths = np.sqrt(((X[edges[:, 0]] - X[edges[:, 1]]) ** 2).sum(axis=1))
    if min_samples == 1:
        assert core_squares is None
    else:
        np.testing.assert_allclose(np.sqrt(core_squares), cores, rtol=1e-12)
        lengths = np.maximum(lengths, cores[edges].max(axis=1))
    np.testing.assert_allclose(np.sort(lengths), heights, rtol=1e-12)


def tree(search, min_samples=1):
    with Workers(1) as workers:
        return boruvka_tree(search, min_samples=min_samples, workers=workers)


@pytest.mark.parametrize("n_cached", [1, 3, 16])
@pytest.mark.parametrize("min_samples", [1, 2, 6, 11])
@pytest.mark.parametrize("kind", CLOUDS)
def test_lengths_are_those_of_single_linkage(kind, min_samples, n_cached):
    X = CLOUDS[kind]
    min_samples = min(min_samples, len(X))
    search = NaiveSearch(X, n_cached)
    assert_is_tree(X, tree(search, min_samples), min_samples)


@pytest.mark.parametrize("enough", [1e-9, 0.5, 1.1])
@pytest.mark.parametrize("first_rows", [1, 1000])
def test_who_waits_does_not_change_lengths(monkeypatch, enough, first_rows):
    monkeypatch.setattr(_emst_boruvka, "ENOUGH", enough)
    monkeypatch.setattr(_emst_boruvka, "FIRST_ROWS", first_rows)
    for kind in ("blobs", "repeated", "grid"):
        for min_samples in (1, 5):
            search = NaiveSearch(CLOUDS[kind], 2)
            assert_is_tree(CLOUDS[kind], tree(search, min_samples), min_samples)


@pytest.mark.parametrize("seed", range(30))
def test_random_shapes(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 80))
    d = int(rng.integers(1, 8))
    X = rng.integers(0, 9, (n, d)) * 1.0 if seed % 2 else rng.standard_normal((n, d))
    min_samples = int(rng.integers(1, min(n, 8) + 1))
    search = NaiveSearch(X, int(rng.integers(1, 6)))
    assert_is_tree(X, tree(search, min_samples), min_samples)


@pytest.mark.parametrize("min_samples", [1, 6])
def test_of_equal_rows_one_searches(min_samples):
    X = CLOUDS["repeated"]
    search = NaiveSearch(X, 3)
    assert_is_tree(X, tree(search, min_samples), min_samples)
    assert search.asked
    first = np.unique(X, axis=0, return_index=True)[1]
    for rows, _, _ in search.asked:
        assert set(rows) <= set(first)


def two_groups():
    """Groups of 20 and 40 points that are far from each other."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((60, 30))
    X[:20] += 50
    return X[rng.permutation(60)]


def test_the_largest_component_does_not_search():
    search = NaiveSearch(two_groups(), 4)
    tree(search)
    assert search.asked
    for rows, labels, _ in search.asked:
        assert np.bincount(labels).argmax() not in labels[rows]


def test_nothing_is_searched_while_lists_tell():
    search = NaiveSearch(two_groups(), 59)
    tree(search)
    assert not search.asked
    chain = np.arange(60.0)[:, None] ** 1.5
    search = NaiveSearch(chain, 2)
    tree(search)
    assert not search.asked


def test_bounds_spare_rows():
    # After one round there are two halves. The inner ends know each other, and all
    # other lists end within their half, but farther away than the gap.
    half = 2.0 ** np.arange(9) - 1.0
    X = np.concatenate([half + 1.5, -half])[:, None]
    search = NaiveSearch(X, 2)
    tree(search)
    assert not search.asked
    search = NaiveSearch(np.concatenate([half + 15, -half])[:, None], 2)
    tree(search)
    assert search.asked


def test_a_row_is_searched_for_again_only_if_its_target_has_been_joined():
    rng = np.random.default_rng(2)
    X = rng.standard_normal((120, 5)) + 12 * rng.standard_normal((6, 5)).repeat(20, 0)
    search = NaiveSearch(X, 3)
    tree(search)
    known = {}
    for rows, labels, targets in search.asked:
        for row, target in zip(rows.tolist(), targets.tolist(), strict=True):
            if row in known:
                assert labels[known[row]] == labels[row]
            known[row] = target if target >= 0 else row
    assert len(known) > 50


def test_parts_of_points_and_threads_change_nothing(monkeypatch):
    X = CLOUDS["blobs"]
    expected = tree(NaiveSearch(X, 5), 4)
    monkeypatch.setattr(_emst_boruvka, "PART", 32)
    with Workers(2) as workers:
        result = boruvka_tree(NaiveSearch(X, 5), min_samples=4, workers=workers)
    np.testing.assert_array_equal(result[0], expected[0])
    np.testing.assert_array_equal(result[1], expected[1])

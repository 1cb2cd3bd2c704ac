"""The search by products against sorted rows of the whole matrix."""

import numpy as np
import pytest

from sklearn_ext._core._numba import Workers
from sklearn_ext._core._sklearn import threadpool_controller
from sklearn_ext.separability import _kernels_boruvka, _search_products
from sklearn_ext.separability._emst_boruvka import boruvka_tree
from sklearn_ext.separability._search_products import ProductSearch
from tests.separability._searches import CLOUDS, NaiveSearch
from tests.separability.test_boruvka import assert_is_tree

EXACT = ["grid", "bits", "repeated", "equal", "duplicates"]  # full of ties


@pytest.fixture(params=["whole", "tiles"])
def tiles(request, monkeypatch):
    """Whether all rows are one tile or many small ones."""
    size = 1000 if request.param == "whole" else 24
    monkeypatch.setattr(_search_products, "BLOCK", size)
    monkeypatch.setattr(_search_products, "SMALLEST_BLOCK", size)


def search(X, *, n_jobs=1, dtype=None):
    return ProductSearch(X, Workers(n_jobs), dtype=dtype)


def labels_and_cores(X, n_labels, seed=0):
    """Random labels, all of them used, and nearly the squares of third nearest rows.

    Exactly these, if they are the same in whatever order they are added.
    """
    share = 1.0 if (np.round(X) == X).all() else 0.99
    rng = np.random.default_rng(seed)
    n = len(X)
    labels = np.r_[np.arange(n_labels), rng.integers(0, n_labels, n - n_labels)]
    return rng.permutation(labels), share * NaiveSearch(X).neighbors(3)[1][:, -1]


def assert_same_pairs(kind, result, expected):
    """Compare indices, if they can be told, and squares."""
    np.testing.assert_allclose(result[1], expected[1], rtol=1e-13)
    if kind in EXACT:
        # The squares of equal rows are 0 or integers, in whatever order they are added.
        same = result[1] == expected[1]
        np.testing.assert_array_equal(result[0][same], expected[0][same])
    else:
        np.testing.assert_array_equal(result[0], expected[0])


@pytest.mark.usefixtures("tiles")
@pytest.mark.parametrize("dtypes", ["fd", "df", "dd"])
@pytest.mark.parametrize("k", [1, 16, 70])
@pytest.mark.parametrize("kind", CLOUDS)
def test_neighbors(kind, k, dtypes):
    X = CLOUDS[kind].astype(dtypes[0])
    k = min(k, len(X) - 1)
    expected = NaiveSearch(X).neighbors(k)
    result = search(X, dtype=dtypes[1]).neighbors(k)
    assert result[0].dtype == np.int64
    assert result[1].dtype == np.float64
    assert_same_pairs(kind, result, expected)


@pytest.mark.parametrize("kind", ["grid", "bits", "equal"])
def test_ties_go_to_the_lower_index(kind):
    X = CLOUDS[kind] if kind != "equal" else np.zeros((90, 5))
    index, squares = search(X, dtype=np.float32).neighbors(20)
    expected_index, expected = NaiveSearch(X).neighbors(20)
    np.testing.assert_array_equal(squares, expected)
    np.testing.assert_array_equal(index, expected_index)


@pytest.mark.usefixtures("tiles")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_labels", [2, 40])
@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("kind", [k for k in CLOUDS if len(CLOUDS[k]) > 40])
def test_nearest_foreign(kind, plain, n_labels, dtype):
    X = CLOUDS[kind]
    labels, cores = labels_and_cores(X, n_labels)
    if plain:
        cores = np.zeros(len(X))
    naive = NaiveSearch(X)
    rng = np.random.default_rng(1)
    for rows in (np.arange(len(X)), rng.permutation(len(X))[:30], np.array([3])):
        unlimited = np.full(len(rows), np.inf)
        expected = naive.nearest_foreign(rows, labels, cores, unlimited)
        result = search(X, dtype=dtype).nearest_foreign(rows, labels, cores, unlimited)
        assert_same_pairs(kind, result, expected)
        # Half of the limits are met; those that are equal are not.
        limits = expected[1] * np.where(rng.random(len(rows)) < 0.5, 1.01, 0.99)
        result = search(X, dtype=dtype).nearest_foreign(rows, labels, cores, limits)
        is_found = expected[1] < limits
        np.testing.assert_array_equal(result[0] >= 0, is_found)
        np.testing.assert_array_equal(np.isinf(result[1]), ~is_found)


def test_a_weight_at_the_limit_does_not_count():
    X = np.array([[0.0], [3.0], [7.0]])
    labels = np.array([0, 1, 1])
    rows, cores = np.array([0, 2]), np.zeros(3)
    result = search(X).nearest_foreign(rows, labels, cores, np.array([9.0, 49.0]))
    np.testing.assert_array_equal(result[0], [-1, -1])
    result = search(X).nearest_foreign(rows, labels, cores, np.array([9.1, 49.1]))
    np.testing.assert_array_equal(result[0], [1, 0])
    np.testing.assert_array_equal(result[1], [9.0, 49.0])


@pytest.mark.usefixtures("tiles")
@pytest.mark.parametrize("given", [np.float32, np.float64])
@pytest.mark.parametrize("min_samples", [1, 6])
@pytest.mark.parametrize("kind", CLOUDS)
def test_trees(kind, min_samples, given):
    X = CLOUDS[kind].astype(given)
    min_samples = min(min_samples, len(X))
    with Workers(1) as workers:
        found = boruvka_tree(
            ProductSearch(X, workers), min_samples=min_samples, workers=workers
        )
    assert_is_tree(X, found, min_samples)


@pytest.mark.parametrize("kind", ["blobs", "grid", "close"])
def test_threads_change_no_bit(monkeypatch, kind):
    X = CLOUDS[kind]
    monkeypatch.setattr(_search_products, "BLOCK", 24)
    labels, cores = labels_and_cores(X, 5)
    rows, limits = np.arange(len(X)), np.full(len(X), np.inf)
    results = []
    for n_jobs in (1, 2, 3):
        with Workers(n_jobs) as workers:
            many = ProductSearch(X, workers)
            results.append(
                [
                    *many.neighbors(9),
                    *many.nearest_foreign(rows, labels, cores, limits),
                    boruvka_tree(many, min_samples=1, workers=workers)[0],
                ]
            )
    for one, two, three in zip(*results, strict=True):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(one, three)


def test_threads_of_blas_are_given_back():
    def n_threads():
        return [pool["num_threads"] for pool in threadpool_controller().info()]

    before = n_threads()
    with Workers(2) as workers:
        ProductSearch(CLOUDS["ball"], workers).neighbors(3)
    assert n_threads() == before


@pytest.mark.usefixtures("compiled")
def test_read_only_rows_compile_nothing_new():
    kernels = _kernels_boruvka.collect_near, _kernels_boruvka.find_foreign
    X = CLOUDS["blobs"].copy()
    labels, cores = labels_and_cores(X, 3)

    def run():
        found = search(X)
        found.neighbors(4)
        found.nearest_foreign(np.arange(9), labels, cores, np.full(9, np.inf))
        return [len(kernel.signatures) for kernel in kernels]

    before = run()
    X.flags.writeable = False
    assert run() == before


def test_reaches_are_rounded_up():
    for value in (1.0, 1.0 + 2.0**-40, 1.0 - 2.0**-40, 0.1, 0.0, 1e-300):
        reach = np.zeros(2, np.float32)
        _kernels_boruvka._set_reach(reach, 1, value)
        assert float(reach[1]) >= value
        assert value == 0 or float(np.nextafter(reach[1], np.float32(-1))) < value


@pytest.mark.parametrize("n_blocks", range(1, 12))
def test_rounds_let_each_pair_meet_once(n_blocks):
    rounds = list(_search_products._rounds(n_blocks))
    for pairs in rounds:
        blocks = [block for pair in pairs for block in pair]
        assert len(blocks) == len(set(blocks))
    met = sorted(pair for pairs in rounds for pair in pairs)
    assert met == [(i, j) for i in range(n_blocks) for j in range(i + 1, n_blocks)]


@pytest.mark.parametrize("sizes", [[5], [3, 3, 3], [9, 1, 9], [1] * 17, [4, 4, 2, 25]])
def test_blocks_end_between_labels_where_they_can(monkeypatch, sizes):
    monkeypatch.setattr(_search_products, "BLOCK", 8)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    blocks = _search_products._cut_by_label(labels)
    assert blocks[0].start == 0
    assert blocks[-1].stop == len(labels)
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        assert 0 < block.stop - block.start <= 8
        assert after is None or after.start == block.stop
        n_labels = len(set(labels[block]))
        assert (
            n_labels == 1
            or after is None
            or labels[block.stop - 1] < labels[block.stop]
        )

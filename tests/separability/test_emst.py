"""The dispatcher: the same tree from each algorithm, scale, precomputed, devices."""

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist, squareform

from sklearn_ext._core._numba import Workers
from sklearn_ext.separability import _emst
from sklearn_ext.separability._emst import (
    euclidean_mst,
    nearest_neighbors,
    precomputed_mst,
)

ALGORITHMS = ["dense", "prim", "boruvka", "kd_tree"]


def points(n=200, d=6, seed=0):
    """Return standard normal points."""
    return np.random.default_rng(seed).standard_normal((n, d))


@pytest.mark.parametrize("algorithm", [*ALGORITHMS, "auto"])
@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200, 1e-320, 1e-25])
def test_lengths_are_those_of_single_linkage(algorithm, scale):
    X = points() * scale
    tree = euclidean_mst(X, algorithm=algorithm)
    heights = linkage(pdist(X / scale), "single")[:, 2]
    rtol = 1e-12 if scale != 1e-320 else 0.2  # a denormal number has few digits
    np.testing.assert_allclose(tree.lengths / scale, heights, rtol=rtol)
    assert tree.algorithm == (algorithm if algorithm != "auto" else "prim")
    assert tree.core_distances is None


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_order_and_types(algorithm):
    X = np.random.default_rng(0).integers(0, 3, (80, 2)).astype(float)
    edges, lengths, _, _ = euclidean_mst(X, algorithm=algorithm)
    assert edges.dtype == np.int64
    assert lengths.dtype == np.float64
    assert (edges[:, 0] < edges[:, 1]).all()
    keys = np.column_stack([lengths, edges])
    assert (np.lexsort(keys.T[::-1]) == np.arange(79)).all()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_float32_is_taken_as_it_is(algorithm):
    X = points().astype(np.float32)
    tree = euclidean_mst(X, algorithm=algorithm)
    exact = euclidean_mst(X.astype(np.float64), algorithm=algorithm)
    np.testing.assert_array_equal(tree.lengths, exact.lengths)
    np.testing.assert_array_equal(tree.edges, exact.edges)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("min_samples", [2, 5, 200])
def test_core_distances(algorithm, min_samples):
    X = points() * 1e30
    D = squareform(pdist(X))
    cores = np.sort(D, axis=1)[:, min_samples - 1]
    reach = np.maximum(D, np.maximum.outer(cores, cores))
    np.fill_diagonal(reach, 0)
    heights = linkage(squareform(reach), "single")[:, 2]
    tree = euclidean_mst(X, algorithm=algorithm, min_samples=min_samples)
    np.testing.assert_allclose(tree.core_distances, cores, rtol=1e-12)
    np.testing.assert_allclose(tree.lengths, heights, rtol=1e-12)
    again = precomputed_mst(D, min_samples=min_samples)
    np.testing.assert_allclose(again.lengths, heights, rtol=1e-12)
    np.testing.assert_allclose(again.core_distances, cores, rtol=1e-12)


def test_precomputed():
    D = squareform(pdist(points(60, 3)))
    frozen = D.copy()
    frozen.flags.writeable = False
    for given in (D, frozen, np.asfortranarray(D), D.astype(np.float32)):
        tree = precomputed_mst(given)
        heights = linkage(squareform(given.astype(float)), "single")[:, 2]
        np.testing.assert_array_equal(tree.lengths, heights)
        assert tree.algorithm == "precomputed"


def test_core_distance_counts_the_point_first_whatever_ties_with_it():
    X = np.array([[0.0], [0.0], [0.0], [3.0], [7.0]])
    cores = [0, 0, 0, 3, 7]
    for algorithm in ALGORITHMS:
        tree = euclidean_mst(X, algorithm=algorithm, min_samples=3)
        assert tree.core_distances.tolist() == cores
    tree = precomputed_mst(np.abs(X - X.T), min_samples=3)
    assert tree.core_distances.tolist() == cores


def test_cores_of_blocks_of_rows(monkeypatch):
    D = squareform(pdist(points(50, 2)))
    expected = precomputed_mst(D, min_samples=4).core_distances
    monkeypatch.setattr(_emst, "BLOCK", 120)
    blocks = precomputed_mst(D, min_samples=4).core_distances
    np.testing.assert_array_equal(blocks, expected)


@pytest.mark.parametrize("n_features", [2, 30])
def test_nearest_neighbors(n_features):
    X = np.round(points(150, n_features))
    X[100:] = X[:50]
    D = squareform(pdist(X))
    np.fill_diagonal(D, np.inf)
    expected = np.argsort(D, axis=1, kind="stable")[:, :7]
    for scale in (1.0, 2.0**500):
        indices, distances = nearest_neighbors(X * scale, 7)
        np.testing.assert_array_equal(indices, expected)
        away = np.take_along_axis(D, expected, axis=1)
        np.testing.assert_allclose(distances / scale, away, rtol=1e-14)


def chosen(X, min_samples=1):
    """Return the algorithm that "auto" takes."""
    with Workers(1) as workers:
        return _emst._choose(X, min_samples, workers)[0]


def test_choice_is_of_the_cheapest():
    assert chosen(points(500, 2)) == "prim"
    assert chosen(points(300, 384)) == "prim"
    assert chosen(points(2000, 384).astype(np.float32)) == "dense"
    assert chosen(np.empty((50_000, 384))) == "dense"
    assert chosen(points(8000, 2)) == "prim"
    assert chosen(points(40_000, 2)) == "kd_tree"
    assert chosen(points(12_000, 5), min_samples=5) == "kd_tree"


def test_choice_heeds_the_dimension_that_data_have():
    plane = points(12_000, 2) @ points(2, 30)
    assert chosen(plane) == "kd_tree"
    assert chosen(points(12_000, 30)) in ("dense", "prim")
    tree, expected = euclidean_mst(plane), euclidean_mst(plane, algorithm="dense")
    assert tree.algorithm == "kd_tree"
    np.testing.assert_array_equal(tree.lengths, expected.lengths)


def test_algorithm_for_other_devices():
    X = points(20)
    for algorithm in ("dense", "prim", "kd_tree"):
        with pytest.raises(ValueError, match=r"device='cuda' runs .*'boruvka' only"):
            euclidean_mst(X, algorithm=algorithm, device="cuda")


def test_cuda_without_a_gpu(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for error in (ValueError, RuntimeError):
        with pytest.raises(error, match="device='cuda' found no CUDA device"):
            euclidean_mst(points(20), device="cuda")
    assert euclidean_mst(points(20), device="auto").algorithm == "prim"


def test_small_problems_do_not_ask_for_a_gpu(monkeypatch):
    asked = []
    monkeypatch.setattr(
        _emst, "resolve_device", lambda *_, is_worth_it, **__: asked.append(is_worth_it)
    )
    _emst._resolve_device("auto", "auto", 1000, 384)
    _emst._resolve_device("auto", "auto", 100_000, 384)
    _emst._resolve_device("dense", "auto", 100_000, 384)
    assert asked == [False, True, False]


def test_torch_finds_the_same_tree(monkeypatch):
    """The way of a GPU, on the CPU."""
    pytest.importorskip("torch")
    from sklearn_ext.separability import _emst_torch

    X = points(300, 20)
    expected = euclidean_mst(X, algorithm="dense")
    monkeypatch.setattr(_emst, "resolve_device", lambda *_, **__: "cuda")
    search = _emst_torch.TorchSearch
    monkeypatch.setattr(_emst_torch, "TorchSearch", lambda X, place: search(X, "cpu"))
    tree = euclidean_mst(X)
    assert tree.algorithm == "boruvka"
    np.testing.assert_array_equal(tree.edges, expected.edges)
    np.testing.assert_array_equal(tree.lengths, expected.lengths)


def test_kd_tree_warns_of_many_features():
    with pytest.warns(UserWarning, match="algorithm='kd_tree' .*51 features"):
        euclidean_mst(points(30, 51), algorithm="kd_tree")

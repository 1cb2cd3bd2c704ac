"""The search by torch against the naive one, on the CPU and, if there is one, a GPU."""

import sys

import numpy as np
import pytest

from sklearn_ext._core._numba import Workers
from sklearn_ext.separability import _emst_torch
from sklearn_ext.separability._emst_boruvka import boruvka_tree
from sklearn_ext.separability._emst_torch import TorchSearch
from tests.separability._searches import CLOUDS, NaiveSearch
from tests.separability.test_boruvka import assert_is_tree
from tests.separability.test_search_products import assert_same_pairs, labels_and_cores

torch = pytest.importorskip("torch")
KINDS = ["ball", "plane", "blobs", "grid", "duplicates", "equal", "close", "two"]


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request):
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("torch finds no CUDA device")
    return request.param


@pytest.fixture(params=["whole", "blocks", "blocks in float64"])
def dtype(request, monkeypatch):
    """Precision of the products; rows in one block, or in many with few candidates."""
    if request.param != "whole":
        monkeypatch.setattr(_emst_torch, "NUMBERS", 9000)
        monkeypatch.setattr(_emst_torch, "MORE", 1)
    return np.float64 if request.param == "blocks in float64" else np.float32


@pytest.mark.parametrize("kind", KINDS)
def test_neighbors(kind, dtype, device):
    X = CLOUDS[kind]
    k = min(16, len(X) - 1)
    result = TorchSearch(X, device, dtype=dtype).neighbors(k)
    assert result[0].dtype == np.int64
    assert result[1].dtype == np.float64
    assert_same_pairs(kind, result, NaiveSearch(X).neighbors(k))


@pytest.mark.parametrize("kind", ["ball", "grid"])
def test_all_others_are_neighbors(kind, device):
    X = CLOUDS[kind]
    expected = NaiveSearch(X).neighbors(len(X) - 1)
    assert_same_pairs(kind, TorchSearch(X, device).neighbors(len(X) - 1), expected)


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("kind", KINDS[:-1])
def test_nearest_foreign(kind, plain, dtype):
    X = CLOUDS[kind]
    labels, cores = labels_and_cores(X, 7)
    if plain:
        cores = np.zeros(len(X))
    rows = np.random.default_rng(1).permutation(len(X))[:60]
    unlimited = np.full(60, np.inf)
    search = TorchSearch(X, "cpu", dtype=dtype)
    expected = NaiveSearch(X).nearest_foreign(rows, labels, cores, unlimited)
    result = search.nearest_foreign(rows, labels, cores, unlimited)
    assert_same_pairs(kind, result, expected)
    limits = expected[1] * np.where(np.arange(60) % 2, 1.01, 0.99)
    targets, weights = search.nearest_foreign(rows, labels, cores, limits)
    np.testing.assert_array_equal(targets >= 0, expected[1] < limits)
    np.testing.assert_array_equal(np.isinf(weights), targets < 0)


@pytest.mark.parametrize("min_samples", [1, 6])
@pytest.mark.parametrize("kind", KINDS[:-1])
def test_trees(kind, min_samples, device):
    X = CLOUDS[kind].astype(np.float32)
    with Workers(1) as workers:
        tree = boruvka_tree(
            TorchSearch(X, device), min_samples=min_samples, workers=workers
        )
    assert_is_tree(X, tree, min_samples)


def test_rows_whose_bounds_do_not_tell_are_done_again(monkeypatch, device):
    n_rows = []
    least_of_many = TorchSearch._least_of_many

    def counted(self, rows, *args):
        n_rows.append(len(rows))
        return least_of_many(self, rows, *args)

    monkeypatch.setattr(TorchSearch, "_least_of_many", counted)
    TorchSearch(CLOUDS["ball"], device).neighbors(5)
    assert not n_rows
    X = CLOUDS["equal"]
    index, _ = TorchSearch(X, device).neighbors(5)
    assert sum(n_rows) == len(X)
    np.testing.assert_array_equal(index[-1], np.arange(5))


@pytest.mark.parametrize("setting", ["high", "medium"])
def test_bounds_hold_where_float32_is_multiplied_in_less(setting, device):
    X = CLOUDS["ball"].astype(np.float32)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(setting)
    try:
        search = TorchSearch(X, device)
        bounds = search._bounds(torch.arange(len(X), device=device)).double()
        result = search.neighbors(7)
        assert torch.get_float32_matmul_precision() == setting
    finally:
        torch.set_float32_matmul_precision(before)
    exact = torch.tensor(NaiveSearch(X).squares, device=device)
    others = ~torch.eye(len(X), dtype=torch.bool, device=device)
    assert (bounds <= exact)[others].all()
    assert (exact - bounds)[others].max() < 1e-10
    assert_same_pairs("ball", result, NaiveSearch(X).neighbors(7))


def test_float32_is_kept_where_torch_keeps_it(device):
    X = CLOUDS["ball"].astype(np.float32)
    bounds = TorchSearch(X, device)._bounds(torch.arange(2, device=device))
    assert bounds.dtype == torch.float32


def test_autocast_and_defaults_of_the_user_do_not_matter(device):
    X = CLOUDS["ball"].astype(np.float32)
    expected = NaiveSearch(X).neighbors(7)
    with torch.autocast(device, dtype=torch.bfloat16), torch.device("meta"):
        search = TorchSearch(X, device)
        bounds = search._bounds(torch.arange(len(X), device=device))
        result = search.neighbors(7)
    assert bounds.dtype == torch.float32
    assert_same_pairs("ball", result, expected)


def test_read_only_rows(device):
    X = CLOUDS["blobs"].copy()
    X.flags.writeable = False
    assert_same_pairs(
        "blobs", TorchSearch(X, device).neighbors(2), NaiveSearch(X).neighbors(2)
    )


def test_threads_change_no_bit():
    X = CLOUDS["blobs"]
    before = torch.get_num_threads()
    results = []
    try:
        for n_threads in (1, 2):
            torch.set_num_threads(n_threads)
            results.append(TorchSearch(X, "cpu").neighbors(9))
    finally:
        torch.set_num_threads(before)
    for one, two in zip(*results, strict=True):
        np.testing.assert_array_equal(one, two)


def test_without_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r'pip install "sklearn-ext\[torch\]"'):
        TorchSearch(CLOUDS["ball"], "cpu")

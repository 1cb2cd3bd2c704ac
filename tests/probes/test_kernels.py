"""Sums by kernels equal sums by definition, with the same bits for any threads."""

import numpy as np
import pytest
from scipy import sparse

from sklearn_ext import NaiveBayesProbe
from sklearn_ext.probes import _arrays, _sums
from sklearn_ext.probes._statistics import Statistics
from sklearn_ext.probes._sums import statistics_of


def naive_statistics(X, codes, weight, n_classes, shift):
    """Sums row by row in long double."""
    X = X.toarray() if sparse.issparse(X) else X
    count = np.zeros(n_classes)
    sums = np.zeros((n_classes, X.shape[1]), np.longdouble)
    squares = np.zeros(X.shape[1], np.longdouble)
    observed = np.zeros((n_classes, X.shape[1]))
    for i, k in enumerate(codes):
        w = 1.0 if weight is None else weight[i]
        seen = ~np.isnan(X[i])
        deviation = np.where(seen, X[i].astype(np.longdouble) - shift, 0)
        count[k] += w
        sums[k] += w * deviation
        squares += w * deviation**2
        observed[k] += w * seen
    if np.isnan(X).any():
        return Statistics(count, sums, squares, shift, observed)
    return Statistics(count, sums, squares, shift)


def assert_close(found, expected, scale, rtol):
    np.testing.assert_allclose(found.count, expected.count, rtol=1e-13)
    found = found.about(expected.shift)
    atol = rtol * scale
    np.testing.assert_allclose(found.sums, expected.sums.astype(float), rtol, atol)
    np.testing.assert_allclose(
        found.squares, expected.squares.astype(float), rtol, atol
    )
    if expected.observed is None:
        assert found.observed is None
    else:
        np.testing.assert_allclose(found.observed, expected.observed, rtol=1e-12)


@pytest.fixture
def large(monkeypatch):
    """Use kernels and small blocks for all inputs."""
    monkeypatch.setattr(_sums, "LARGE", 0)
    monkeypatch.setattr(_sums, "UNCOPIED_BYTES", 2**14)
    monkeypatch.setattr(_arrays, "BLOCK_BYTES", 2**13)


def layouts(X):
    read_only = X.copy()
    read_only.flags.writeable = False
    yield "C", X
    yield "Fortran", np.asfortranarray(X)
    yield "strided", np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3]
    yield "reversed", X[::-1].copy()[::-1]
    yield "read-only", read_only


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("n_classes", [1, 2, 37])
@pytest.mark.parametrize("d", [1, 7, 130])
def test_dense(dtype, is_weighted, n_classes, d, large):
    rng = np.random.default_rng(d)
    n = 1031
    X = rng.normal(3, 1, size=(n, d)).astype(dtype)
    # sorted, so that a class may reach over tasks, and the last one is empty
    codes = np.sort((rng.random(n) ** 3 * n_classes).astype(int))
    weight = rng.uniform(0, 2, n) if is_weighted else None
    shift = X[:3].mean(axis=0, dtype=np.float64)
    expected = naive_statistics(X, codes, weight, n_classes + 1, shift)
    rtol = 1e-12 if dtype == np.float64 else 1e-5
    for name, given in layouts(X):
        found = statistics_of(
            given, codes, weight, n_classes + 1, shift=shift, allow_nan=False, n_jobs=2
        )
        assert found.sums.flags.c_contiguous, name
        assert_close(found, expected, n, rtol)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("has_holes", [False, True])
@pytest.mark.parametrize("has_shift", [False, True])
def test_sparse(dtype, index, is_weighted, has_holes, has_shift, large):
    rng = np.random.default_rng(0)
    X = sparse.random_array((300, 20), density=0.2, rng=rng, format="csr", dtype=dtype)
    X.indices, X.indptr = X.indices.astype(index), X.indptr.astype(index)
    if has_holes:
        X.data[::7] = np.nan
    codes = rng.integers(0, 5, 300)
    weight = rng.uniform(0, 2, 300) if is_weighted else None
    shift = rng.normal(size=20) if has_shift else None
    found = statistics_of(X, codes, weight, 6, shift=shift, allow_nan=True, n_jobs=None)
    expected = naive_statistics(X, codes, weight, 6, found.shift)
    assert_close(found, expected, 300, 1e-12)
    if has_shift:
        np.testing.assert_array_equal(found.shift, shift)


def test_kernels_and_numpy_agree(monkeypatch):
    rng = np.random.default_rng(0)
    X, codes = rng.normal(size=(500, 9)), rng.integers(0, 4, 500)
    settings = {"shift": None, "allow_nan": False, "n_jobs": None}
    small = statistics_of(X, codes, None, 4, **settings)
    monkeypatch.setattr(_sums, "LARGE", 0)
    large = statistics_of(X, codes, None, 4, **settings)
    np.testing.assert_array_equal(small.shift, large.shift)
    assert_close(large, small, 500, 1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("d", [3, 200])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_threads_do_not_change_one_bit(dtype, d, is_weighted, compiled):
    import numba

    rng = np.random.default_rng(0)
    n = 200_000 // d
    X, y = rng.normal(size=(n, d)).astype(dtype), rng.integers(0, 30, n)
    weight = rng.uniform(0, 2, n) if is_weighted else None
    models = [
        NaiveBayesProbe(n_jobs=n_jobs, temperature="loo").fit(X, y, weight)
        for n_jobs in (1, 2, 4, None)
    ]
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        models.append(NaiveBayesProbe(temperature="loo").fit(X, y, weight))
    finally:
        numba.set_num_threads(before)
    for model in models[1:]:
        for name in ("coef_", "intercept_", "theta_", "var_", "temperature_"):
            np.testing.assert_array_equal(
                getattr(model, name), getattr(models[0], name), err_msg=name
            )


def test_order_within_a_class_is_all_that_counts():
    """Rows of other classes in between do not change the sums of a class."""
    rng = np.random.default_rng(0)
    X, codes = rng.normal(size=(20_000, 8)), rng.integers(0, 3, 20_000)
    order = np.argsort(codes, kind="stable")
    settings = {"shift": np.zeros(8), "allow_nan": False, "n_jobs": 2}
    mixed = statistics_of(X, codes, None, 3, **settings)
    apart = statistics_of(X[order], codes[order], None, 3, **settings)
    np.testing.assert_array_equal(mixed.sums, apart.sums)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_what_is_not_finite_is_found(value, is_weighted, large):
    X = np.ones((100, 3), np.float32)
    weight = np.ones(100) if is_weighted else None
    settings = {"shift": None, "allow_nan": False, "n_jobs": 1}
    for row in (0, 99):
        bad = X.copy()
        bad[row, 1] = value
        message = "NaN" if value != value else "infinity"
        with np.errstate(all="ignore"), pytest.raises(ValueError, match=message):
            statistics_of(bad, np.arange(100) % 2, weight, 2, **settings)


def test_squares_beyond_single_precision(large):
    X = np.array([[1e30, 1], [2e30, 2], [-1e30, 3], [0, 4]], np.float32)
    codes = np.array([0, 0, 1, 1])
    settings = {"shift": None, "allow_nan": False, "n_jobs": 1}
    with np.errstate(all="ignore"):
        found = statistics_of(X, codes, None, 2, **settings)
    expected = naive_statistics(X, codes, None, 2, found.shift)
    np.testing.assert_allclose(found.squares, expected.squares.astype(float), 1e-6)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="scale it down"):
        statistics_of(X * np.float64(1e150), codes, None, 2, **settings)

"""Fisher's ratio and Thornton's index, against naive formulas."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_iris
from sklearn.metrics import calinski_harabasz_score

from sklearn_ext import fisher_discriminant_ratio, thornton_index
from sklearn_ext.separability import _rows

SEEDED = settings(max_examples=60, deadline=None, derandomize=True)
BOTH = pytest.mark.parametrize(
    "function", [fisher_discriminant_ratio, thornton_index], ids=["fisher", "thornton"]
)


def naive_fisher(X, y):
    X = np.asarray(X, np.longdouble)
    between = within = 0
    for label in set(y):
        rows = X[np.equal(y, label)]
        center = rows.mean(axis=0)
        between += len(rows) * ((center - X.mean(axis=0)) ** 2).sum()
        within += ((rows - center) ** 2).sum()
    return float(between / within)


def naive_thornton(X, y):
    hits = 0
    for i, row in enumerate(X):
        others = ((X - row) ** 2).sum(axis=1)
        others[i] = np.inf
        hits += y[others.argmin()] == y[i]
    return hits / len(X)


def iris_with_duplicates():
    X, y = load_iris(return_X_y=True)
    again = np.random.default_rng(0).integers(0, len(X), 60)
    twins = y[again]
    twins[::4] = (twins[::4] + 1) % 3  # duplicates that disagree
    return np.vstack([X, X[again]]), np.concatenate([y, twins])


@pytest.mark.parametrize("shift", [0, 1e6])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fisher_on_iris(shift, dtype):
    X, y = iris_with_duplicates()
    X = (X + shift).astype(dtype)
    expected = naive_fisher(X, y)
    assert fisher_discriminant_ratio(X, y) == pytest.approx(expected, rel=1e-12)
    # the index of Calinski and Harabasz is this ratio of mean squares
    n, k = len(y), 3
    theirs = calinski_harabasz_score(X.astype(float), y) * (k - 1) / (n - k)
    assert expected == pytest.approx(theirs, rel=1e-4 if shift else 1e-12)


@pytest.mark.parametrize("n_rows", [1, 7, 100])
def test_fisher_in_blocks(monkeypatch, n_rows):
    X, y = iris_with_duplicates()
    monkeypatch.setattr(_rows, "BLOCK", n_rows * X.shape[1])
    expected = naive_fisher(X, y)
    assert fisher_discriminant_ratio(X, y) == pytest.approx(expected, rel=1e-12)


def test_fisher_by_hand():
    """Means 1 and 5, each 1 away from its rows: 4 * 4 / 4."""
    assert fisher_discriminant_ratio([[0], [2], [4], [6]], list("aabb")) == 4
    assert fisher_discriminant_ratio([[0], [2], [4], [6]], list("abab")) == 4 / 16
    assert fisher_discriminant_ratio([[0], [2], [4], [6]], list("aaaa")) == 0


@pytest.mark.parametrize("scale", [1e-320, 0.1, 1.0, 1e300])
def test_fisher_of_duplicates(scale):
    """Equal rows have no spread at all, whatever the rounding of their mean."""
    X = np.repeat([[0.1, 0.7], [0.3, 0.7]], 3, axis=0) * scale
    assert fisher_discriminant_ratio(X, [0, 0, 0, 1, 1, 1]) == np.inf
    X = np.repeat([[0.1, 0.7]], 7, axis=0) * scale
    assert fisher_discriminant_ratio(X, [0, 0, 0, 1, 1, 1, 1]) == 0
    assert fisher_discriminant_ratio(np.zeros((4, 2)), [0, 1, 0, 1]) == 0


@pytest.mark.parametrize("scale", [1e-200, 1e200])
@BOTH
def test_extreme_scale(function, scale):
    X, y = iris_with_duplicates()
    # twice the scale: a power of two, so that ties stay ties
    scale = 2.0 ** round(np.log2(scale))
    assert function(scale * X, y) == pytest.approx(function(X, y), rel=1e-12)


def test_thornton_on_iris():
    X, y = iris_with_duplicates()
    assert thornton_index(X, y) == naive_thornton(X, y)
    assert thornton_index(X, y, n_jobs=2) == naive_thornton(X, y)


def test_thornton_by_hand():
    """A row is not its own neighbour, its twin is; of equally near rows the first."""
    assert thornton_index([[0], [1], [5], [6]], [0, 0, 1, 1]) == 1
    assert thornton_index([[0], [1], [5], [6]], [0, 1, 1, 1]) == 0.5
    assert thornton_index([[0], [0], [0]], [0, 1, 1]) == 0  # 1, 0 and 0 are nearest
    assert thornton_index([[0], [1], [2]], [1, 1, 0]) == pytest.approx(2 / 3)
    assert thornton_index([[0], [1], [2]], [0, 1, 1]) == pytest.approx(1 / 3)
    assert thornton_index([[0], [0]], [0, 0]) == 1


@SEEDED
@given(
    st.integers(2, 40), st.integers(1, 4), st.integers(1, 5), st.integers(0, 2**32 - 1)
)
def test_thornton_of_small_integers(n, d, largest, seed):
    """Ties and duplicates nearly everywhere."""
    rng = np.random.default_rng(seed)
    X, y = rng.integers(0, largest + 1, (n, d)).astype(float), rng.integers(0, 3, n)
    assert thornton_index(X, y) == naive_thornton(X, y)


@SEEDED
@given(st.integers(1, 30), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_fisher_of_small_integers(n, d, seed):
    rng = np.random.default_rng(seed)
    X, y = rng.integers(0, 4, (n, d)).astype(float), rng.integers(0, 3, n)
    spread = sum(
        ((X[y == c] - X[y == c].mean(axis=0)) ** 2).sum() for c in np.unique(y)
    )
    ratio = fisher_discriminant_ratio(X, y)
    if spread > 0:
        assert ratio == pytest.approx(naive_fisher(X, y), rel=1e-9, abs=1e-12)
    else:
        assert ratio in (0, np.inf)


@BOTH
def test_kinds_of_input(function, tmp_path):
    X, codes = iris_with_duplicates()
    y = np.array(["no", "yes", "maybe"])[codes]
    expected = function(X, y)
    np.save(tmp_path / "X.npy", X)
    frame = pd.DataFrame(X, columns=list("abcd"))
    assert function(X, codes) == pytest.approx(expected, rel=1e-12)
    for given_X in (
        X.tolist(),
        np.asfortranarray(X),
        np.load(tmp_path / "X.npy", mmap_mode="r"),
        frame,
        pl.from_pandas(frame),
    ):
        assert function(given_X, pd.Series(y)) == pytest.approx(expected, rel=1e-12)


@BOTH
@pytest.mark.parametrize(
    ("X", "y", "error", "message"),
    [
        (sp.eye_array(3), [0, 1, 1], TypeError, "TruncatedSVD"),
        ([[np.nan], [1]], [0, 1], ValueError, "NaN"),
        ([[1], [2]], [0, 1, 1], ValueError, "inconsistent numbers"),
        ([[1], [2]], [0.5, 0.1], ValueError, "Unknown label type"),
        ([[1], [2]], None, ValueError, "y"),
        ([1, 2], [0, 1], ValueError, "Reshape"),
        (np.empty((0, 2)), [], ValueError, r"0 sample\(s\)"),
    ],
)
def test_bad_input(function, X, y, error, message):
    with pytest.raises(error, match=message):
        function(X, y)


def test_thornton_needs_a_neighbour():
    with pytest.raises(ValueError, match="minimum of 2 is required by thornton_index"):
        thornton_index([[1.0, 2.0]], [0])
    with pytest.raises(ValueError, match="'n_jobs' parameter of thornton_index"):
        thornton_index([[1.0], [2.0]], [0, 1], n_jobs=1.5)

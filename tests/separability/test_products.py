"""Lower bounds of squares are lower bounds, and no looser than they promise."""

import numpy as np
import pytest

from sklearn_ext.separability._products import Products

RNG = np.random.default_rng(0)
CLOUDS = {
    "ball": RNG.standard_normal((150, 40)),
    "offset": RNG.standard_normal((150, 7)) + 1e6,
    "plane": RNG.standard_normal((150, 2)) + 50 * RNG.integers(0, 9, (150, 2)),
    "close": 1e-4 * RNG.standard_normal((150, 20)) + RNG.integers(0, 2, (150, 1)),
    "outlier": np.vstack([0.01 * RNG.standard_normal((149, 5)), np.full(5, 1e4)]),
    "far outlier": np.vstack([1e-6 * RNG.standard_normal((149, 5)), np.full(5, 1e4)]),
    "repeated": np.repeat(RNG.standard_normal((10, 3)), 15, axis=0),
    "tiny": 1e-15 * RNG.standard_normal((150, 4)),
    "wide": RNG.standard_normal((150, 700)),
}


def exact_squares(X):
    """Return all squares, by subtraction in extended precision."""
    X = X.astype(np.longdouble)
    return ((X[:, None] - X) ** 2).sum(axis=2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, None])
@pytest.mark.parametrize("kind", CLOUDS)
@pytest.mark.parametrize("given", [np.float32, np.float64])
def test_bounds(kind, dtype, given):
    X = CLOUDS[kind].astype(given)
    squares = exact_squares(X)
    products = Products(X, dtype=dtype)
    rows, columns = slice(0, len(X)), slice(0, len(X))
    bounds = products.bounds(rows, columns).astype(np.longdouble)
    assert bounds.dtype != np.float32
    slack = products.slack.astype(np.longdouble)
    off_diagonal = ~np.eye(len(X), dtype=bool)
    assert (bounds <= squares)[off_diagonal].all()
    assert (squares <= bounds + slack[:, None] + slack)[off_diagonal].all()


def test_slack_is_a_few_roundings():
    X = CLOUDS["ball"]
    norms = ((X - np.median(X, axis=0)) ** 2).sum(axis=1)
    eps = np.finfo(np.float32).eps
    assert (Products(X, dtype=np.float32).slack < 2.1 * (40 + 8) * eps * norms).all()


def test_parts_and_output():
    X = CLOUDS["ball"]
    products = Products(X)
    whole = products.bounds(slice(0, 150), slice(0, 150))
    out = np.empty((3, 20), products.dtype)
    part = products.bounds(np.array([5, 0, 149]), slice(30, 50), out=out)
    assert part is out
    np.testing.assert_allclose(part, whole[[5, 0, 149], 30:50], rtol=1e-3)


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("ball", "float32"),
        ("wide", "float32"),
        ("offset", "float32"),
        ("repeated", "float32"),  # float64 could not tell equal rows apart either
        ("close", "float64"),
        ("outlier", "float32"),  # it does not move the centre
        ("far outlier", "float32"),
    ],
)
def test_precision_is_chosen_by_the_data(kind, dtype):
    assert Products(CLOUDS[kind]).dtype == dtype


def test_blocks_do_not_matter(monkeypatch):
    X = CLOUDS["ball"]
    whole = Products(X)
    monkeypatch.setattr("sklearn_ext.separability._products.BLOCK", 100)
    parts = Products(X)
    np.testing.assert_array_equal(whole.slack, parts.slack)
    np.testing.assert_array_equal(whole.right, parts.right)

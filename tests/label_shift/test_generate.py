"""Splits into domains: counts, no row twice, the prior reused."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from sklearn_ext import make_latent_label_shift
from tests.label_shift._naive import wanted_counts


def rows(n=4000, k=4, seed=0):
    """Rows that are their own numbers, and classes of unequal size."""
    rng = np.random.default_rng(seed)
    y = rng.choice(k, n, p=np.arange(1, k + 1) / np.arange(1, k + 1).sum())
    return np.arange(n)[:, None] * [1, -1], y


def counts_of(y, domains, k, r):
    table = np.zeros((k, r))
    np.add.at(table, (y, domains), 1)
    return table


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("k", "r"), [(2, 2), (3, 5), (4, 4), (5, 3)])
def test_counts(k, r, seed):
    X, y = rows(k=k)
    X_new, y_new, domains, prior = make_latent_label_shift(
        X, y, n_domains=r, alpha=1.0, random_state=seed
    )
    assert prior.shape == (k, r)
    np.testing.assert_allclose(prior.sum(axis=0), 1)
    assert (prior >= 0).all()
    assert np.linalg.matrix_rank(prior) == min(k, r)
    wanted = wanted_counts(np.bincount(y), prior)
    found = counts_of(y_new, domains, k, r)
    assert (found >= np.floor(wanted - 1e-9)).all()
    assert (found <= np.floor(wanted + 1e-9)).all()
    # some class is used up, but for what rounding down leaves of each domain
    unused = np.bincount(y) - found.sum(axis=1)
    assert 0 <= unused.min() < r
    # rows stay with their classes, and no row is there twice
    numbers = X_new[:, 0]
    assert len(set(numbers)) == len(numbers) == len(y_new) == len(domains)
    np.testing.assert_array_equal(y_new, y[numbers])
    np.testing.assert_array_equal(X_new, X[numbers])
    sizes = found.sum(axis=0)
    assert sizes.max() - sizes.min() <= k  # equal but for rounding
    assert domains.dtype.kind == "i"
    assert set(domains) == set(range(r))


def test_order_is_random():
    X, y = rows()
    X_new, _, domains, _ = make_latent_label_shift(X, y, n_domains=4, random_state=0)
    n = len(domains)
    assert (np.diff(domains) != 0).mean() > 0.5
    assert abs(np.corrcoef(np.arange(n), domains)[0, 1]) < 0.1
    assert abs(np.corrcoef(np.arange(n), X_new[:, 0])[0, 1]) < 0.1
    # within a class and a domain the rows are a random part of the class
    assert 0.4 < X_new[domains == 0, 0].mean() / X[:, 0].mean() < 1.6


def test_given_prior_is_reused():
    X, y = rows()
    *_, prior = make_latent_label_shift(X, y, n_domains=5, random_state=0)
    before = prior.copy()
    _, y_two, domains, again = make_latent_label_shift(
        *rows(seed=1), class_prior=prior, random_state=3
    )
    np.testing.assert_array_equal(again, before)
    np.testing.assert_array_equal(prior, before)
    wanted = wanted_counts(np.bincount(rows(seed=1)[1]), prior)
    found = counts_of(y_two, domains, 4, 5)
    assert (found >= np.floor(wanted - 1e-9)).all()
    assert (found <= np.floor(wanted + 1e-9)).all()
    same = make_latent_label_shift(X, y, n_domains=5, class_prior=prior, random_state=0)
    np.testing.assert_array_equal(same[3], prior)


def test_exact_counts_by_hand():
    """60 rows of class 0, 50 of class 1; class 1 runs out first."""
    y = np.repeat([0, 1], [60, 50])
    prior = np.array([[0.75, 0.25], [0.25, 0.75]])
    _, y_new, domains, _ = make_latent_label_shift(
        np.arange(110)[:, None], y, class_prior=prior, random_state=0
    )
    # s = 50 / 0.5 = 100: 50 rows in each domain, 37.5 and 12.5 of either class
    assert counts_of(y_new, domains, 2, 2).tolist() == [[37, 12], [12, 37]]


@pytest.mark.parametrize("cap", [2.0, 3.0, 4.0, 8.0])
def test_condition_number(cap):
    X, y = rows()
    for seed in range(5):
        *_, prior = make_latent_label_shift(
            X, y, n_domains=6, alpha=0.5, max_condition_number=cap, random_state=seed
        )
        assert np.linalg.cond(prior) <= cap


def test_condition_number_is_not_bounded_by_default():
    X, y = rows(k=3)
    conditions = [
        np.linalg.cond(make_latent_label_shift(X, y, n_domains=3, random_state=s)[3])
        for s in range(40)
    ]
    assert max(conditions) > 20


@pytest.mark.parametrize("alpha", [0.5, 3.0, 10.0])
def test_priors_are_dirichlet(alpha):
    """The variance of a frequency is that of Dirichlet(alpha / k)."""
    k, r = 4, 400
    X, y = rows(20_000, k)
    *_, prior = make_latent_label_shift(X, y, n_domains=r, alpha=alpha, random_state=0)
    variance = (1 / k) * (1 - 1 / k) / (alpha + 1)
    assert prior.mean() == pytest.approx(1 / k)
    np.testing.assert_allclose(prior.mean(axis=1), 1 / k, atol=0.06)
    np.testing.assert_allclose(prior.var(), variance, rtol=0.15)
    positive = prior[prior > 0]
    assert positive.min() >= 1e-7
    if alpha == 0.5:  # the tiny ones are exact zeros
        assert (prior == 0).mean() > 0.02


def test_seed():
    X, y = rows()
    one = make_latent_label_shift(X, y, n_domains=4, random_state=5)
    two = make_latent_label_shift(X, y, n_domains=4, random_state=5)
    other = make_latent_label_shift(X, y, n_domains=4, random_state=6)
    generator = np.random.RandomState(5)
    three = make_latent_label_shift(X, y, n_domains=4, random_state=generator)
    for a, b, c, d in zip(one, two, three, other, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)
        assert a.shape != d.shape or (a != d).any()


def test_as_many_domains_as_classes_by_default():
    X, y = rows(k=3)
    *_, prior = make_latent_label_shift(X, y, random_state=0)
    assert prior.shape == (3, 3)


def test_containers():
    X, y = rows()
    names = np.array(["ant", "bee", "cow", "dog"])
    expected = make_latent_label_shift(X, y, n_domains=3, random_state=0)
    frame = pd.DataFrame(X, columns=["a", "b"])
    for given, to_array in (
        (frame, lambda Z: Z.to_numpy()),
        (sp.csr_array(X), lambda Z: Z.toarray()),
        (X.tolist(), np.array),
    ):
        for labels in (names[y], pd.Series(names[y]), names[y].tolist()):
            Z, z, domains, prior = make_latent_label_shift(
                given, labels, n_domains=3, random_state=0
            )
            assert type(Z) is type(given)
            np.testing.assert_array_equal(to_array(Z), expected[0])
            np.testing.assert_array_equal(np.asarray(z), names[expected[1]])
            np.testing.assert_array_equal(domains, expected[2])
            np.testing.assert_array_equal(prior, expected[3])
    assert make_latent_label_shift(frame, y, random_state=0)[0].columns.tolist() == [
        "a",
        "b",
    ]


def test_texts():
    texts = [f"text number {i}" for i in range(60)]
    y = np.arange(60) % 2
    found, labels, domains, _ = make_latent_label_shift(texts, y, random_state=0)
    assert len(found) == len(set(found)) == len(labels) == len(domains)
    assert all(
        int(text.split()[-1]) % 2 == c for text, c in zip(found, labels, strict=True)
    )


X, Y = rows(400)
UNIFORM = np.full((4, 3), 0.25)
BAD = [
    ({"n_domains": 0}, "n_domains"),
    ({"n_domains": 2.5}, "n_domains"),
    ({"n_domains": True}, "n_domains"),
    ({"alpha": 0}, "alpha"),
    ({"alpha": -1.0}, "alpha"),
    ({"alpha": "auto"}, "alpha"),
    ({"max_condition_number": 0.5}, "max_condition_number"),
    ({"max_condition_number": "low"}, "max_condition_number"),
    ({"class_prior": UNIFORM[:3]}, "class_prior"),
    ({"class_prior": UNIFORM[:, 0]}, "class_prior"),
    ({"class_prior": 2 * UNIFORM}, "class_prior"),
    ({"class_prior": UNIFORM, "n_domains": 5}, "n_domains|class_prior"),
    ({"class_prior": UNIFORM - [[0.5], [-0.5], [0], [0]]}, "class_prior"),
    ({"class_prior": np.full((4, 3), np.nan)}, "class_prior|NaN"),
    ({"random_state": "seed"}, "random_state"),
]


@pytest.mark.parametrize(("options", "message"), BAD)
def test_bad_options(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make_latent_label_shift(X, Y, **options)


def test_bound_that_cannot_be_kept():
    with pytest.raises(ValueError, match=r"1\.01"):
        make_latent_label_shift(
            X, Y, n_domains=4, alpha=10.0, max_condition_number=1.01, random_state=0
        )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((X, Y[:-1]), "inconsistent|400"),
        ((X, None), r"\by\b|None"),
        ((X, np.linspace(0, 1, 400)), "Unknown label type|continuous"),
    ],
)
def test_bad_data(data, message):
    with pytest.raises(ValueError, match=message):
        make_latent_label_shift(*data)

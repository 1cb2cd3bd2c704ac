"""The estimator finds what the naive twin finds, step by step."""

import warnings
from itertools import product

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB

from sklearn_ext import LatentLabelShift
from tests.label_shift import _naive as naive
from tests.label_shift._naive import NaiveShift
from tests.label_shift._tables import (
    PRIOR,
    StoredPosteriors,
    exact_posteriors,
    frozen,
    gaussian,
    rows_of_bins,
    small_digits,
    unequal,
)

pytestmark = pytest.mark.usefixtures("one_thread")

TABLES = {
    "Gaussian": lambda: gaussian(300),
    "unequal Gaussian": lambda: gaussian(300, shares=[5, 1, 2, 3, 1]),
    "digits": small_digits,
    "unequal digits": lambda: unequal(*small_digits()),
}
NAMES = {
    "domains_": "domains",
    "singular_values_": "singular_values",
    "bin_centers_": "centers",
    "p_y_given_d_": "prior",
    "p_d_given_y_": "p_d_given_y",
    "p_bin_given_y_": "C",
    "discriminator_log_loss_": "log_loss",
}
close = np.testing.assert_allclose


def agree(model, twin, X, domains, rtol=1e-7, atol=1e-9):
    """Everything fitted, predicted and scored is that of the twin."""
    for name, ours in NAMES.items():
        close(
            getattr(model, name),
            getattr(twin, ours),
            rtol=rtol,
            atol=atol,
            err_msg=name,
        )
    np.testing.assert_array_equal(model.labels_, twin.labels)
    X, domains = X[:60], domains[:60]
    prior = np.arange(1, twin.n_classes + 1) / np.arange(1, twin.n_classes + 1).sum()
    close(model.transform(X), twin.transform(X), rtol=rtol, atol=atol)
    for settings in ({}, {"domains": domains}, {"class_prior": prior}):
        raw = twin.raw(X, **settings)
        proba = model.predict_proba(X, **settings)
        close(proba, naive.normalized(raw), rtol=rtol, atol=atol)
        ranked = np.sort(raw, axis=1)
        clear = ranked[:, -1] > ranked[:, -2] + 1e-6
        said = model.predict(X, **settings)
        np.testing.assert_array_equal(said[clear], raw.argmax(axis=1)[clear])
    close(model.score(X, domains), twin.score(X, domains), rtol=rtol)
    close(model.adapt(X), twin.adapt(X), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("cv", [None, 3])
@pytest.mark.parametrize("adjustment", ["em", "pinv"])
@pytest.mark.parametrize("table", TABLES)
def test_anchor(table, adjustment, cv):
    X, _, domains = TABLES[table]()
    settings = {"n_classes": 3, "cv": cv, "adjustment": adjustment, "random_state": 0}
    model = LatentLabelShift(**settings).fit(X, domains)
    twin = NaiveShift(**settings).fit(X, domains)
    np.testing.assert_array_equal(model.anchor_bins_, twin.anchors)
    agree(model, twin, X, domains)
    Q = model.p_bin_given_y_ @ model.p_y_given_d_
    assert model.reconstruction_err_ == pytest.approx(np.linalg.norm(twin.Q - Q))


@pytest.mark.parametrize(
    "settings",
    [
        {"n_bins": 3},
        {"n_bins": 12},
        {"n_bins": 12, "min_bin_fraction": 0.0},
        {"n_bins": 12, "min_bin_fraction": 1.0},
        {"n_init": 1},
        {"n_classes": 2},
        {"n_classes": 4, "n_bins": 5},
        {"max_iter": 1},
        {"max_iter": 4},
        {"random_state": 3},
        {"discriminator": GaussianNB()},
        {"cv": StratifiedKFold(4)},
        {"cv": 10},
    ],
    ids=repr,
)
def test_parameters_of_the_anchors(settings):
    X, _, domains = unequal(*small_digits())
    settings = {"n_classes": 3, "random_state": 0, "n_init": 2} | settings
    if isinstance(settings.get("discriminator"), GaussianNB):
        X = X @ np.random.default_rng(0).normal(size=(X.shape[1], 4))
    with warnings.catch_warnings():  # four classes and large bins ask for too much
        warnings.simplefilter("ignore", UserWarning)
        model = LatentLabelShift(**settings).fit(X, domains)
    twin = NaiveShift(**settings).fit(X, domains)
    np.testing.assert_array_equal(model.anchor_bins_, twin.anchors)
    agree(model, twin, X, domains)


@pytest.mark.parametrize("cv", [None, 3])
@pytest.mark.parametrize("adjustment", ["em", "pinv"])
@pytest.mark.parametrize("table", TABLES)
def test_nmf(table, adjustment, cv):
    X, _, domains = TABLES[table]()
    settings = {
        "n_classes": 3,
        "cv": cv,
        "adjustment": adjustment,
        "factorization": "nmf",
        "n_init": 3,
        "random_state": 0,
    }
    model = LatentLabelShift(**settings).fit(X, domains)
    twin = NaiveShift(**settings).fit(X, domains)
    assert model.bin_centers_.shape == (3, len(twin.domains))  # m = k
    assert not hasattr(model, "anchor_bins_")
    agree(model, twin, X, domains)


def test_default_discriminator_is_the_documented_one():
    X, _, domains = small_digits()
    model = LatentLabelShift(3, random_state=0).fit(X, domains)
    spelled = LatentLabelShift(
        3, discriminator=naive.default_discriminator(), random_state=0
    ).fit(X, domains)
    np.testing.assert_array_equal(model.p_y_given_d_, spelled.p_y_given_d_)


def test_frozen_discriminator_is_not_fitted_again():
    X, y, domains = gaussian(400)
    P = exact_posteriors(X)
    ids = np.array(["a", "b", "c", "d", "e"])
    inner = frozen(ids)
    model = LatentLabelShift(3, discriminator=inner, random_state=0)
    model.fit(P, ids[domains])
    share = np.bincount(domains) / len(domains)
    close(model.transform(P), naive.uniform(P, share), rtol=1e-12)
    np.testing.assert_array_equal(model.domains_, ids)
    accuracy, _ = naive.best_match(y, model.predict(P, ids[domains]), 3)
    assert accuracy > 0.97


def test_columns_of_a_frozen_discriminator_go_by_its_classes():
    """One that lists its classes backwards has its columns backwards."""
    X, _, domains = gaussian(400)
    P = exact_posteriors(X)
    forward = LatentLabelShift(3, discriminator=frozen(range(5)), random_state=0)
    backward = StoredPosteriors().fit(P, domains)
    backward.classes_ = np.arange(5)[::-1]
    turned = LatentLabelShift(
        3, discriminator=FrozenEstimator(backward), random_state=0
    ).fit(P[:, ::-1], domains)
    forward.fit(P, domains)
    close(turned.p_y_given_d_, forward.p_y_given_d_, rtol=1e-12)
    close(turned.transform(P[:, ::-1]), forward.transform(P), rtol=1e-12)


def test_anchors_recover_an_exact_factorisation():
    """One pure bin per class and two mixed ones, counted without any noise."""
    C = np.array([[5, 0, 0], [0, 6, 0], [0, 0, 7], [3, 1, 2], [2, 3, 1]]) / 10
    P = np.array([[0.5, 0.1, 0.2, 0.2], [0.3, 0.6, 0.2, 0.1], [0.2, 0.3, 0.6, 0.7]])
    counts = 100 * C @ P
    np.testing.assert_allclose(counts, counts.round(), atol=1e-9)
    posterior = counts / counts.sum(axis=1, keepdims=True)
    X, domains = rows_of_bins(counts.round(), posterior)
    model = LatentLabelShift(
        3, discriminator=StoredPosteriors(), n_bins=5, random_state=0
    ).fit(X, domains)
    # the bins of the twin are the rows of C in another order, and so are the classes
    order = np.abs(model.bin_centers_[:, None] - posterior).sum(axis=2).argmin(axis=1)
    assert sorted(order) == list(range(5))
    pure = order[model.anchor_bins_]
    assert sorted(pure) == [0, 1, 2]
    close(model.p_y_given_d_, P[pure], atol=1e-8)
    close(model.p_bin_given_y_, C[order][:, pure], atol=1e-8)
    close(model.p_d_given_y_, (P / P.sum(axis=1, keepdims=True))[pure].T, atol=1e-8)
    assert model.reconstruction_err_ < 1e-8
    # a row of a pure bin is of that class, a row of a mixed bin of all of them
    joint = C * P.sum(axis=1)
    mixed = joint / joint.sum(axis=1, keepdims=True)
    found = LatentLabelShift(
        3, discriminator=StoredPosteriors(), n_bins=5, random_state=0, max_iter=100_000
    ).fit(X, domains)
    close(found.predict_proba(posterior), mixed[:, pure], atol=2e-3)
    exact = found.set_params(adjustment="pinv").fit(X, domains)
    close(exact.predict_proba(posterior), mixed[:, pure], atol=1e-8)


def two_classes(adjustment, max_iter=200):
    """A model of two classes in three domains; X are posteriors."""
    counts = np.array([[60, 20, 10], [10, 30, 70], [30, 50, 20]])
    posterior = counts / counts.sum(axis=1, keepdims=True)
    X, domains = rows_of_bins(counts, posterior)
    return LatentLabelShift(
        2,
        discriminator=StoredPosteriors(),
        n_bins=3,
        adjustment=adjustment,
        max_iter=max_iter,
        random_state=0,
    ).fit(X, domains)


def new_posteriors(n, r):
    rng = np.random.default_rng(5)
    return np.concatenate(
        [rng.dirichlet(np.ones(r), n), np.eye(r), np.ones((1, r)) / r]
    )


def test_em_is_the_best_point_of_a_grid():
    model = two_classes("em", max_iter=20_000)
    share = np.array([100, 100, 100]) / 300
    X = new_posteriors(40, 3)
    P = naive.uniform(X, share)
    q = model.predict_proba(X)
    mass = np.linspace(0, 1, 20_001)
    grid = np.column_stack([mass, 1 - mass])
    with np.errstate(divide="ignore"):
        likelihood = P @ np.log(model.p_d_given_y_ @ grid.T)
    best = grid[likelihood.argmax(axis=1)]
    close(q, best, atol=1e-3)
    reached = (P * np.log(q @ model.p_d_given_y_.T)).sum(axis=1)
    assert (reached >= likelihood.max(axis=1) - 1e-6).all()


@pytest.mark.parametrize("max_iter", [1, 2, 7, 200])
def test_em_takes_as_many_steps_as_allowed(max_iter):
    model = two_classes("em", max_iter)
    X = new_posteriors(40, 3)
    expected = [naive.em_row(p, model.p_d_given_y_, max_iter) for p in X]
    close(model.predict_proba(X), expected, rtol=1e-9, atol=1e-12)


def test_pinv_is_that_of_numpy():
    model = two_classes("pinv")
    X = new_posteriors(40, 3)
    raw = X @ np.linalg.pinv(model.p_d_given_y_).T
    assert (raw < 0).any()
    np.testing.assert_array_equal(model.predict(X), raw.argmax(axis=1))
    clipped = np.maximum(raw, 0)
    clipped /= clipped.sum(axis=1, keepdims=True)
    close(model.predict_proba(X), clipped, rtol=1e-9, atol=1e-12)
    in_last = np.full(len(X), 2)
    weighted = clipped * model.p_d_given_y_[2]
    weighted /= weighted.sum(axis=1, keepdims=True)
    close(model.predict_proba(X, in_last), weighted, rtol=1e-9, atol=1e-12)


def test_domain_without_a_class_rules_it_out():
    """A row whose posterior and domain contradict each other is uniform."""
    counts = np.array([[100, 0], [0, 100]])
    X, domains = rows_of_bins(counts, [[0.99, 0.01], [0.01, 0.99]])
    model = LatentLabelShift(
        2, discriminator=StoredPosteriors(), n_bins=2, random_state=0
    ).fit(X, domains)
    certain = np.eye(2)
    own = model.predict_proba(certain, [0, 1])
    assert sorted(own[0]) == [0, 1]
    close(own, own[::-1, ::-1])
    other = model.predict_proba(certain, [1, 0])
    close(other.sum(axis=1), 1)
    assert (other >= 0).all()


@pytest.mark.parametrize("factorization", ["anchor", "nmf"])
@pytest.mark.parametrize("shares", [None, [8, 1, 2, 3, 1]])
def test_sizes_of_domains_do_not_move_the_answer(shares, factorization):
    """Exact posteriors for the sizes of the domains, brought to uniform weight."""
    X, y, domains = gaussian(3000, seed=2, shares=shares)
    share = np.bincount(domains) / len(domains)
    P = exact_posteriors(X) * share
    P /= P.sum(axis=1, keepdims=True)
    model = LatentLabelShift(
        3,
        discriminator=StoredPosteriors(),
        factorization=factorization,
        n_bins=6 if factorization == "anchor" else 3,
        cv=None,
        random_state=0,
    ).fit(P, domains)
    close(model.transform(P), exact_posteriors(X), atol=1e-12)
    _, names = naive.best_match(y, model.predict(P, domains), 3)
    error = np.abs(model.p_y_given_d_ - PRIOR[list(names)]).sum(axis=0).mean()
    assert error < (0.1 if factorization == "anchor" else 0.3)


@pytest.mark.parametrize(
    ("factorization", "adjustment"), list(product(["anchor", "nmf"], ["em", "pinv"]))
)
def test_score_counts_domains_equally(factorization, adjustment):
    """Rows of a domain twice leave the score as it was; so does any order of rows."""
    X, _, domains = gaussian(300)
    model = LatentLabelShift(
        3,
        factorization=factorization,
        adjustment=adjustment,
        discriminator=LogisticRegression(),
        random_state=0,
    ).fit(X, domains)
    score = model.score(X, domains)
    again = np.concatenate([np.arange(len(X)), np.flatnonzero(domains == 2)])
    assert model.score(X[again], domains[again]) == pytest.approx(score, rel=1e-12)
    part = domains != 1
    rest = NaiveScore(model)(X[part], domains[part])
    assert model.score(X[part], domains[part]) == pytest.approx(rest, rel=1e-9)


class NaiveScore:
    """The score from the public parts of a fitted model."""

    def __init__(self, model):
        self.model = model

    def __call__(self, X, domains):
        q = self.model.predict_proba(X)
        each = [
            np.log(self.model.p_d_given_y_[d] @ row)
            for d, row in zip(domains, q, strict=True)
        ]
        return naive.domain_mean(np.array(each), domains)

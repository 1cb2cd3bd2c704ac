"""The steps of a fit as functions of arrays, against twins and closed forms."""

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import minimize, nnls
from scipy.special import softmax
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, ShuffleSplit, StratifiedKFold
from sklearn.utils._testing import ignore_warnings

from sklearn_ext.label_shift._adjust import (
    adjust,
    as_probabilities,
    domains_given_classes,
    frequencies,
    log_explained,
)
from sklearn_ext.label_shift._diagnose import log_loss
from sklearn_ext.label_shift._discriminate import (
    column_order,
    domain_folds,
    out_of_fold,
    uniform_posteriors,
)
from sklearn_ext.label_shift._domains import look_up, row_weights
from sklearn_ext.label_shift._factorize import (
    anchor_rows,
    bin_means,
    class_masses,
    count_bins,
    discretize,
    factorize_anchor,
    factorize_nmf,
)


def exact_factors(k, r, m, seed):
    """Factors with one pure bin for each class; the classes are equally frequent.

    Returns p(bin | y), p(y | d) and p(bin | d).
    """
    rng = np.random.default_rng(seed)
    p_bin_given_y = np.zeros((m, k))
    pure = rng.permutation(m)[:k]
    p_bin_given_y[pure, np.arange(k)] = rng.uniform(0.3, 0.6, k)
    mixed = np.setdiff1d(np.arange(m), pure)
    if len(mixed):
        p_bin_given_y[mixed] = rng.dirichlet(np.ones(len(mixed)), k).T
        p_bin_given_y[mixed] *= 1 - p_bin_given_y[pure].sum(axis=0)
    p_bin_given_y /= p_bin_given_y.sum(axis=0)
    p_y_given_d = rng.dirichlet(np.full(k, 0.5), r).T
    return p_bin_given_y, p_y_given_d, p_bin_given_y @ p_y_given_d, pure


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("k", "r", "m"), [(2, 2, 2), (3, 5, 6), (5, 5, 7), (6, 9, 18)])
def test_exact_factors_are_recovered(k, r, m, seed):
    p_bin_given_y, p_y_given_d, p_bin_given_d, pure = exact_factors(k, r, m, seed)
    # exact posteriors of a bin, the domains equally frequent
    means = p_bin_given_d / p_bin_given_d.sum(axis=1, keepdims=True)
    sizes = np.full(m, 100)
    found = factorize_anchor(p_bin_given_d, means, sizes, k, 0.3)
    assert set(found.anchors) == set(pure)
    order = [list(found.anchors).index(c) for c in pure]
    np.testing.assert_allclose(found.p_y_given_d[order], p_y_given_d, atol=1e-8)
    np.testing.assert_allclose(found.p_bin_given_y[:, order], p_bin_given_y, atol=1e-8)
    assert len(found.empty) == 0


@pytest.mark.parametrize("seed", range(5))
def test_nmf_reproduces_what_it_factorises(seed):
    p_bin_given_d = exact_factors(3, 5, 6, seed)[2]
    found = factorize_nmf(p_bin_given_d, 3, 10, seed)
    np.testing.assert_allclose(found.p_y_given_d.sum(axis=0), 1)
    np.testing.assert_allclose(found.p_bin_given_y.sum(axis=0), 1)
    product = found.p_bin_given_y @ found.p_y_given_d
    np.testing.assert_allclose(product, p_bin_given_d, atol=0.03)


@pytest.mark.parametrize("seed", range(3))  # whose first start is not the best
def test_the_best_of_several_nmf_is_taken(seed):
    p_bin_given_d = np.random.default_rng(seed).dirichlet(np.full(9, 0.2), 8).T
    draw = np.random.RandomState(seed)
    found = []
    for _ in range(6):
        model = NMF(4, init="random", random_state=draw.randint(2**31 - 1))
        with ignore_warnings(category=ConvergenceWarning):
            weights = model.fit_transform(p_bin_given_d.T).T
        found.append((model.reconstruction_err_, weights, model.components_.T))
    _, weights, components = min(found, key=lambda each: each[0])
    weights = weights * components.sum(axis=0)[:, np.newaxis]
    best = factorize_nmf(p_bin_given_d, 4, 6, seed)
    np.testing.assert_allclose(best.p_y_given_d, weights / weights.sum(axis=0))
    first = factorize_nmf(p_bin_given_d, 4, 1, seed)
    assert np.abs(first.p_y_given_d - best.p_y_given_d).max() > 1e-6


def test_a_class_that_nmf_leaves_empty_is_reported_and_kept():
    found = factorize_nmf(np.eye(1, 3).T @ np.ones((1, 3)), 3, 1, 0)  # one bin
    assert 0 < len(found.empty) < 3
    assert (found.p_y_given_d > 0).all()
    assert found.p_y_given_d[found.empty].max() < 1e-5
    np.testing.assert_allclose(found.p_y_given_d.sum(axis=0), 1)


def test_frames_as_output_of_transformers_do_not_reach_nmf():
    p_bin_given_d = np.random.default_rng(0).dirichlet(np.ones(5), 4).T
    expected = factorize_nmf(p_bin_given_d, 2, 1, 0)
    with config_context(transform_output="pandas"):
        found = factorize_nmf(p_bin_given_d, 2, 1, 0)
    np.testing.assert_array_equal(found.p_y_given_d, expected.p_y_given_d)


@pytest.mark.parametrize("seed", range(10))
def test_first_anchors_span_the_largest_triangle(seed):
    """Two steps of successive projection: the longest row, then the most outlying."""
    means = np.random.default_rng(seed).dirichlet(np.ones(4), 12)
    first, second = anchor_rows(means, np.full(12, 10), 2, 0.3)
    lengths = np.linalg.norm(means, axis=1)
    assert first == lengths.argmax()
    areas = [
        np.linalg.det([[a @ a, a @ b], [a @ b, b @ b]])
        for a, b in ((means[first], row) for row in means)
    ]
    assert second == np.argmax(areas)


def test_small_bins_are_anchors_only_in_need():
    means = np.vstack([np.eye(3), np.full((3, 3), 1 / 3) + 0.1 * np.eye(3)])
    sizes = np.array([1, 1, 1, 99, 99, 99])
    assert set(anchor_rows(means, sizes, 3, 0.3)) == {3, 4, 5}
    assert set(anchor_rows(means, sizes, 3, 0.0)) == {0, 1, 2}
    # with two candidates only, the floor sinks until the third is one
    sizes = np.array([4, 2, 1, 99, 99, 0])
    assert set(anchor_rows(means, sizes, 3, 0.5)) == {0, 3, 4}
    assert 5 not in anchor_rows(means, sizes, 5, 0.0)


def test_ties_go_to_the_lowest_bin():
    means = np.array([[0.5, 0.5], [1, 0], [0, 1], [1, 0], [0, 1]])
    assert anchor_rows(means, np.ones(5), 2, 0.3).tolist() == [1, 2]


def test_too_few_filled_bins_are_refused():
    with pytest.raises(ValueError, match=r"n_classes=3.* only 2 different posteriors"):
        anchor_rows(np.eye(4), np.array([5, 0, 7, 0]), 3, 0.3)


@pytest.mark.parametrize("seed", range(5))
def test_class_masses_are_those_of_what_the_bins_are_made_of(seed):
    rng = np.random.default_rng(seed)
    p_y_given_d = rng.dirichlet(np.full(4, 0.5), 6).T
    p_bin_given_y = np.vstack([np.eye(4), rng.random((5, 4))])
    p_bin_given_y /= p_bin_given_y.sum(axis=0)
    p_d_given_y = (p_y_given_d / p_y_given_d.sum(axis=1, keepdims=True)).T
    found = class_masses(p_bin_given_y @ p_y_given_d, p_d_given_y)
    np.testing.assert_allclose(found, p_y_given_d.mean(axis=1), rtol=1e-9)


def test_noise_does_not_take_the_mass_of_a_class():
    """Least squares of equal domains alone give one of these classes nothing."""
    p_d_given_y = np.array([[1.0, 0.0, 0.3], [0.0, 0.5, 0.3], [0.0, 0.5, 0.4]])
    equal = nnls(p_d_given_y, np.full(3, 1 / 3))[0]
    np.testing.assert_allclose(equal, [1 / 3, 2 / 3, 0], atol=1e-12)
    rows = p_d_given_y.T * np.array([[0.3], [0.3], [0.4]])
    mass = class_masses(rows / rows.sum(axis=0), p_d_given_y)
    assert mass.min() > 0.2


def test_a_class_without_mass_is_reported_and_kept():
    # class 2 lies between the others, which explain uniform domains by themselves
    p_bin_given_d = np.array([[0.6, 0.0], [0.0, 0.6], [0.4, 0.4]])
    means = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    found = factorize_anchor(p_bin_given_d, means, np.full(3, 9), 3, 0.3)
    assert found.anchors.tolist() == [0, 1, 2]
    assert len(found.empty) == 1
    assert found.p_y_given_d[found.empty].max() < 1e-5
    assert (found.p_y_given_d.sum(axis=1) > 0).all()


def test_bins_are_counted_by_domain():
    rng = np.random.default_rng(0)
    bins, codes = rng.integers(0, 4, 500), rng.integers(0, 3, 500)
    posteriors = rng.dirichlet(np.ones(3), 500)
    counts = count_bins(bins, codes, 5, 3)  # the last bin is empty
    means = bin_means(posteriors, bins, 5)
    for c in range(5):
        for d in range(3):
            share = ((bins == c) & (codes == d)).sum() / (codes == d).sum()
            assert counts[c, d] == pytest.approx(share)
        expected = posteriors[bins == c].mean(axis=0) if c < 4 else np.zeros(3)
        np.testing.assert_allclose(means[c], expected)


def test_fewer_different_posteriors_than_bins_leave_bins_empty():
    posteriors = np.repeat(np.eye(3), [5, 6, 7], axis=0)
    bins, centers = discretize(posteriors, 5, 2, 0)
    assert len(np.unique(bins)) == 3
    np.testing.assert_allclose(centers[bins], posteriors, atol=1e-12)


@pytest.mark.parametrize("r", [4, 5, 9])
def test_pinv_is_that_of_numpy(r):
    rng = np.random.default_rng(r)
    p_d_given_y = rng.dirichlet(np.ones(r), 4).T
    posteriors = rng.dirichlet(np.ones(r), 30)
    found, n_iter = adjust(posteriors, p_d_given_y, "pinv", 200, None)
    expected = np.linalg.lstsq(p_d_given_y, posteriors.T, rcond=None)[0].T
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)
    assert (found < 0).any()
    assert n_iter == 1


def test_both_adjustments_invert_an_exact_mixture():
    rng = np.random.default_rng(0)
    p_d_given_y = rng.dirichlet(np.full(6, 0.3), 4).T
    mixtures = rng.dirichlet(np.ones(4), 20)
    for method, atol in (("pinv", 1e-10), ("em", 1e-3)):
        found, _ = adjust(mixtures @ p_d_given_y.T, p_d_given_y, method, 20_000, None)
        np.testing.assert_allclose(found, mixtures, atol=atol)


def test_probabilities_are_clipped_and_divided():
    rows = np.array([[1.0, -1.0, 3.0], [0.0, 0.0, 0.0], [-1.0, -2.0, 0.0]])
    expected = [[0.25, 0, 0.75], [1 / 3, 1 / 3, 1 / 3], [1 / 3, 1 / 3, 1 / 3]]
    np.testing.assert_allclose(as_probabilities(rows), expected)
    assert rows[0, 1] == -1  # not in place


def test_domains_given_classes():
    p_y_given_d = np.array([[0.5, 0.25, 0.0], [0.5, 0.75, 1.0], [0.0, 0.0, 0.0]])
    found = domains_given_classes(p_y_given_d)
    np.testing.assert_allclose(found[:, 0], [2 / 3, 1 / 3, 0])
    np.testing.assert_allclose(found[:, 1], np.array([2, 3, 4]) / 9)
    np.testing.assert_array_equal(found[:, 2], 0)


def test_frequencies_are_the_most_likely_ones():
    rng = np.random.default_rng(0)
    mixture = np.array([0.2, 0.3, 0.5])
    class_posteriors = rng.dirichlet(np.full(3, 0.5), 300)
    found = frequencies(class_posteriors, mixture, 5000)

    def loss(logits):
        return -np.log(class_posteriors @ (softmax(logits) / mixture)).mean()

    best = minimize(loss, np.zeros(3), tol=1e-10)
    np.testing.assert_allclose(found, softmax(best.x), atol=1e-3)
    assert np.abs(found - mixture).max() > 0.05
    one_step = as_probabilities(class_posteriors).mean(axis=0)
    np.testing.assert_allclose(frequencies(class_posteriors, mixture, 1), one_step)


def test_posteriors_of_unequal_domains_become_those_of_equal_ones():
    """Bayes' rule: the likelihoods are known, so is what both should be."""
    rng = np.random.default_rng(0)
    likelihood = rng.uniform(0.1, 1, (50, 3))
    share = np.array([0.7, 0.2, 0.1])
    given = likelihood * share
    given /= given.sum(axis=1, keepdims=True)
    expected = likelihood / likelihood.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(uniform_posteriors(given, share), expected)
    np.testing.assert_allclose(uniform_posteriors(np.zeros((2, 3)), share), 1 / 3)


def test_every_domain_weighs_the_same():
    codes = np.array([0, 0, 0, 2])  # no row of domain 1
    np.testing.assert_allclose(row_weights(codes), [1 / 6, 1 / 6, 1 / 6, 1 / 2])


def test_log_loss_and_its_error():
    rng = np.random.default_rng(0)
    posteriors = rng.dirichlet(np.ones(2), 60)
    codes = np.repeat([0, 1], [50, 10])
    loss, error = log_loss(posteriors, codes, row_weights(codes))
    by_row = -np.log(posteriors[np.arange(60), codes])
    assert loss == pytest.approx((by_row[:50].mean() + by_row[50:].mean()) / 2)
    # with equal domains it is the textbook error of a mean
    codes = np.repeat([0, 1], 30)
    by_row = -np.log(posteriors[np.arange(60), codes])
    _, error = log_loss(posteriors, codes, row_weights(codes))
    assert error == pytest.approx(by_row.std() / np.sqrt(60))


def test_what_classes_explain_of_domains_is_finite():
    p_d_given_y = np.array([[1.0, 0.5], [0.0, 0.5]])
    class_posteriors = np.array([[1.0, 0.0], [0.5, 0.5], [1.0, 0.0]])
    found = log_explained(class_posteriors, p_d_given_y, np.array([0, 1, 1]))
    np.testing.assert_allclose(found[:2], np.log([1, 0.25]))
    assert -40 < found[2] < -30


def test_folds_hold_out_each_row_once_and_keep_every_domain():
    codes = np.repeat([0, 1, 2], [7, 20, 3])
    ids = np.array(["a", "b", "c"])
    for cv in (3, StratifiedKFold(3), KFold(3, shuffle=True, random_state=0)):
        folds = domain_folds(cv, codes, ids, 0)
        held_out = np.concatenate([test for _, test in folds])
        assert sorted(held_out) == list(range(30))
        for train, test in folds:
            assert set(codes[train]) == {0, 1, 2}
            assert not set(train) & set(test)
    first, again, other = (domain_folds(3, codes, ids, seed) for seed in (0, 0, 1))
    assert all((a[1] == b[1]).all() for a, b in zip(first, again, strict=True))
    assert not all((a[1] == b[1]).all() for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        (4, r"Domain 'c' has 3 rows, too few for cv=4 folds"),
        (KFold(3), r"no row of domain 'a'"),
        (ShuffleSplit(3, random_state=0), r"each of the 30 rows exactly once"),
    ],
)
def test_bad_folds(cv, message):
    codes = np.repeat([0, 1, 2], [7, 20, 3])
    with pytest.raises(ValueError, match=message):
        domain_folds(cv, codes, np.array(["a", "b", "c"]), None)


def test_a_row_is_judged_by_a_model_without_it():
    """A discriminator that remembers its rows knows nothing of the held-out ones."""

    class Memory(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.known_ = dict(zip(X[:, 0], y, strict=True))
            self.classes_ = np.unique(y)
            return self

        def predict_proba(self, X):
            return np.array([np.eye(2)[self.known_.get(x, 0)] for x in X[:, 0]])

    X, codes = np.arange(20.0)[:, np.newaxis], np.repeat([0, 1], 10)
    folds = domain_folds(5, codes, np.arange(2), 0)
    held_out, parts = zip(*out_of_fold(Memory(), X, codes, folds, None), strict=True)
    assert sorted(np.concatenate(held_out)) == list(range(20))
    np.testing.assert_array_equal(np.concatenate(parts), [[1, 0]] * 20)


def test_folds_give_the_same_bits_in_parallel():
    rng = np.random.default_rng(0)
    X, codes = rng.normal(size=(3000, 64)), np.arange(3000) % 3
    X[:, 0] += codes
    folds = domain_folds(3, codes, np.arange(3), 0)
    one, two = (
        np.concatenate(
            [part for _, part in out_of_fold(LogisticRegression(), X, codes, folds, j)]
        )
        for j in (1, 2)
    )
    np.testing.assert_array_equal(one, two)


def test_columns_of_a_frozen_discriminator():
    X = np.arange(12.0)[:, np.newaxis]
    frozen = FrozenEstimator(LogisticRegression().fit(X, list("abc") * 4))
    ids = np.array(["a", "b", "c"])
    assert column_order(frozen, ids).tolist() == [0, 1, 2]
    frozen.estimator.classes_ = np.array(["c", "a", "b"])
    assert column_order(frozen, ids).tolist() == [1, 2, 0]
    with pytest.raises(ValueError, match=r"\['c'\] only in its classes_, \['x', 'y'\]"):
        column_order(frozen, np.array(["a", "b", "x", "y"]))


@pytest.mark.parametrize("known", [np.array([3, 5, 8]), np.array(["3", "5", "8"])])
def test_domains_are_looked_up(known):
    given = known[[2, 0, 0, 1]]
    assert look_up(known, given, None, 4, "here").tolist() == [2, 0, 0, 1]
    assert look_up(known, None, given.tolist(), 4, "here").tolist() == [2, 0, 0, 1]
    other = [5, 8] if known.dtype.kind == "U" else ["5", "8"]  # another kind
    with pytest.raises(ValueError, match=r"here .*not in fit.*adapt.*class_prior"):
        look_up(known, other, None, 2, "here")


def test_anchors_of_a_simplex_are_its_corners():
    """Rows that are mixtures of k corners: the corners are found among them."""
    rng = np.random.default_rng(0)
    corners = rng.dirichlet(np.full(6, 0.3), 4)
    means = np.vstack([rng.dirichlet(np.ones(4), 30) @ corners, corners])
    found = anchor_rows(means, np.full(34, 5), 4, 0.3)
    assert set(found) == {30, 31, 32, 33}
    volumes = {
        rows: np.linalg.det(means[list(rows)] @ means[list(rows)].T)
        for rows in combinations(range(24, 34), 4)
    }
    assert max(volumes, key=volumes.get) == tuple(sorted(found))

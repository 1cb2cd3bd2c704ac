"""What the estimator is for: digits and Gaussian classes found without a label."""

import warnings

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sklearn_ext import LatentLabelShift, class_prior_error, clustering_accuracy
from tests.label_shift._naive import draw_prior, out_of_fold, shares
from tests.label_shift._tables import (
    StoredPosteriors,
    class_densities,
    digits_protocol,
    exact_posteriors,
    gaussian,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]
SEEDS = range(5)


def kernel_machine():
    return make_pipeline(
        StandardScaler(),
        Nystroem(gamma=0.005, n_components=300, random_state=0),
        LogisticRegression(C=10, max_iter=500),
    )


def judge(model, X, y, domains, prior):
    """Accuracy with known domains, and the L1 error of a domain, under one matching."""
    said = model.predict(X, domains)
    accuracy, names = clustering_accuracy(y, said, return_permutation=True)
    return accuracy, class_prior_error(prior, model.p_y_given_d_, permutation=names)


def test_five_digits():
    found = []
    for seed in SEEDS:
        (X, _, domains), test, prior = digits_protocol(5, 5, 0.5, 4, seed)
        model = LatentLabelShift(5, random_state=0).fit(X, domains)
        found.append(judge(model, *test, prior))
    accuracy, error = np.transpose(found)
    assert accuracy.mean() >= 0.95, found
    assert accuracy.min() >= 0.90, found
    assert error.mean() <= 0.07, found  # masses by the equal domains alone: 0.075


@pytest.fixture(scope="module")
def posteriors():
    """Out-of-fold and test posteriors of ten digits in ten domains, per seed."""
    found = []
    cv = StratifiedKFold(5, shuffle=True, random_state=0)
    for seed in SEEDS:
        (X, _, domains), (X_test, y, test_domains), prior = digits_protocol(
            10, 10, 0.5, 6, seed
        )
        with threadpool_limits(1):
            P = cross_val_predict(
                kernel_machine(), X, domains, cv=cv, method="predict_proba"
            )
            test = kernel_machine().fit(X, domains).predict_proba(X_test)
        found.append((P, domains, (test, y, test_domains, prior)))
    return found


def ten_digits(posteriors, **options):
    model = LatentLabelShift(
        10, discriminator=StoredPosteriors(), cv=None, random_state=0, **options
    )
    found = [judge(model.fit(P, domains), *test) for P, domains, test in posteriors]
    return np.mean(found, axis=0)


def test_ten_digits(posteriors):
    accuracy, error = ten_digits(posteriors)
    assert accuracy >= 0.90, accuracy
    assert error <= 0.15, error  # masses by the equal domains alone: 0.167
    recipe = {"factorization": "nmf", "adjustment": "pinv"}
    for n_init in (1, 5):  # k bins may not support the rank: it warns, rightly or not
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            paper, _ = ten_digits(posteriors, **recipe | {"n_init": n_init})
        assert accuracy >= paper + 0.06, (n_init, accuracy, paper)


def test_number_of_bins_matters_little(posteriors):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        accuracy = [ten_digits(posteriors, n_bins=m)[0] for m in (10, 20, 40)]
    assert max(accuracy) - min(accuracy) < 0.03, accuracy


def test_stored_posteriors_stand_for_the_discriminator(posteriors):
    (X, _, domains), (X_test, _, test_domains), _ = digits_protocol(10, 10, 0.5, 6, 0)
    _, _, (test, *_) = posteriors[0]
    codes = np.unique(domains, return_inverse=True)[1]
    folds = StratifiedKFold(5, shuffle=True, random_state=0).split(X, codes)
    P = out_of_fold(kernel_machine(), X, codes, folds)
    whole = LatentLabelShift(10, discriminator=kernel_machine(), random_state=0)
    whole.fit(X, domains)
    stored = LatentLabelShift(
        10, discriminator=StoredPosteriors(), cv=None, random_state=0
    ).fit(P * shares(domains), domains)
    np.testing.assert_allclose(whole.p_y_given_d_, stored.p_y_given_d_, atol=1e-6)
    agree = whole.predict(X_test, test_domains) == stored.predict(test, test_domains)
    assert agree.mean() > 0.99


def test_classes_of_dissimilar_digits():
    """Each class is two digits that look unlike, and k-means does not find them."""
    for seed in range(200, 205):
        (X, _, domains), test, prior = digits_protocol(
            5, 8, 0.5, 4, seed, labels=lambda y: y % 5
        )
        model = LatentLabelShift(5, discriminator=kernel_machine(), random_state=0)
        accuracy, _ = judge(model.fit(X, domains), *test, prior)
        assert accuracy >= 0.93, (seed, accuracy)
        clusters = KMeans(5, n_init=5, random_state=0).fit(X).predict(test[0])
        plain = clustering_accuracy(test[1], clusters)
        assert plain < 0.60, (seed, plain)


def exact_model(n, prior, seed):
    X, _, domains = gaussian(n, prior, seed)
    model = LatentLabelShift(
        3, discriminator=StoredPosteriors(), cv=None, random_state=0
    )
    with threadpool_limits(1):
        return model.fit(exact_posteriors(X, prior), domains)


@pytest.fixture(scope="module")
def exact():
    """Models of exact posteriors: {n: [(model, prior) of each seed]}."""
    priors = [draw_prior(3, 5, 1.0, 6, np.random.default_rng(100 + s)) for s in SEEDS]
    return {
        n: [(exact_model(n, prior, s), prior) for s, prior in enumerate(priors)]
        for n in (500, 2000, 10_000)
    }


def test_exact_posteriors(exact):
    errors = {n: [] for n in exact}
    for n, models in exact.items():
        for seed, (model, prior) in enumerate(models):
            X, y, domains = gaussian(5000, prior, seed=1000 + seed)
            test = exact_posteriors(X, prior), y, domains, prior
            accuracy, error = judge(model, *test)
            errors[n].append(error)
            # exact posteriors and the true prior make the rule of Bayes
            best = (class_densities(X) * prior.T[domains]).argmax(axis=1)
            if n == 10_000:
                assert accuracy >= (best == y).mean() - 0.005, (seed, accuracy)
    small, middle, large = (np.mean(errors[n]) for n in exact)
    assert large <= 0.03, errors
    assert small > middle > large, errors


def test_new_domain_of_exact_posteriors(exact):
    errors = []
    for seed, (model, prior) in enumerate(exact[2000]):
        new = np.random.default_rng(seed).dirichlet(np.ones(3))
        X, y, _ = gaussian(1000, new[:, None], seed=50 + seed)
        P = exact_posteriors(X, prior)
        adapted = model.adapt(P)
        said = model.predict(P, class_prior=adapted)
        accuracy, names = clustering_accuracy(y, said, return_permutation=True)
        assert accuracy > 0.97
        errors.append(
            class_prior_error(new[:, None], adapted[:, None], permutation=names)
        )
    assert np.mean(errors) <= 0.10, errors

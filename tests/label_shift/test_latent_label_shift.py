"""The estimator: what its parts make together, and what it promises beside."""

import pickle
import warnings

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.callback import ScoringMonitor
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted

from sklearn_ext import (
    LatentLabelShift,
    class_prior_error,
    clustering_accuracy,
    make_latent_label_shift,
)

CENTERS = np.array([[0, 0], [5, 0], [0, 5]])
PRIOR = np.array(
    [[0.8, 0.1, 0.1, 0.6, 0.2], [0.1, 0.7, 0.2, 0.4, 0.2], [0.1, 0.2, 0.7, 0, 0.6]]
)


class ExactPosteriors(ClassifierMixin, BaseEstimator):
    """p(d | x) of three Gaussians mixed by PRIOR, for domains of given shares."""

    def __init__(self, share=None, classes=range(5)):
        self.share = share
        self.classes = classes

    @property
    def classes_(self):
        return np.array(self.classes)

    def fit(self, X, y):
        raise AssertionError("a frozen discriminator must not be fitted")

    def __sklearn_is_fitted__(self):
        return True

    def predict_proba(self, X):
        squares = ((X[:, np.newaxis] - CENTERS) ** 2).sum(axis=2)
        p_x_given_d = softmax(-squares / 2, axis=1) @ PRIOR
        share = np.full(5, 0.2) if self.share is None else np.array(self.share)
        weighted = p_x_given_d * share
        return weighted / weighted.sum(axis=1, keepdims=True)


def make_rows(sizes, seed=0):
    rng = np.random.default_rng(seed)
    domains = np.repeat(np.arange(len(sizes)), sizes)
    y = np.array([rng.choice(3, p=PRIOR[:, d]) for d in domains])
    return CENTERS[y] + rng.normal(size=(len(y), 2)), y, domains


def exact(share=None, **params):
    frozen = FrozenEstimator(ExactPosteriors(share))
    return LatentLabelShift(3, discriminator=frozen, random_state=0, **params)


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(n_class=4, return_X_y=True)
    return make_latent_label_shift(
        X / 16, y, n_domains=5, alpha=0.5, max_condition_number=4, random_state=0
    )


@pytest.mark.parametrize("sizes", [(600,) * 5, (1500, 300, 300, 300, 600)])
def test_exact_posteriors_give_the_classes(sizes):
    X, y, domains = make_rows(sizes)
    model = exact(np.array(sizes) / sum(sizes)).fit(X, domains)
    accuracy, permutation = clustering_accuracy(
        y, model.labels_, return_permutation=True
    )
    assert accuracy > 0.98
    error = class_prior_error(PRIOR, model.p_y_given_d_, permutation=permutation)
    assert error < 0.1
    # out of fold or not is one for a frozen discriminator, so predict says the same
    np.testing.assert_array_equal(model.predict(X, domains), model.labels_)
    assert model.shift_detected_


def test_unequal_domains_count_the_same_in_every_place():
    """Repeating the rows of a domain changes its share and nothing that is found."""
    X, _, domains = make_rows((200,) * 5)
    rows = np.concatenate([np.arange(1000), np.repeat(np.flatnonzero(domains == 1), 3)])
    equal = exact(np.full(5, 0.2)).fit(X, domains)
    share = np.array([1, 4, 1, 1, 1]) / 8
    unequal = exact(share).fit(X[rows], domains[rows])
    np.testing.assert_allclose(equal.transform(X), unequal.transform(X), atol=1e-12)
    for name in ("discriminator_log_loss_", "p_y_given_d_"):
        left, right = getattr(equal, name), getattr(unequal, name)
        # k-means may cut a bin otherwise, now that some rows count more
        np.testing.assert_allclose(left, right, atol=0.03)
    assert equal.discriminator_log_loss_ == pytest.approx(
        unequal.discriminator_log_loss_, abs=1e-12
    )
    assert unequal.score(X, domains) == pytest.approx(
        unequal.score(X[rows], domains[rows]), abs=1e-12
    )


def test_priors_domains_and_neither_agree(digits):
    X, _, domains, _ = digits
    model = LatentLabelShift(4, random_state=0).fit(X, domains)
    for d in range(5):
        np.testing.assert_allclose(
            model.predict_proba(X[:50], np.full(50, d)),
            model.predict_proba(X[:50], class_prior=model.p_y_given_d_[:, d]),
            atol=1e-12,
        )
    mixture = model.p_y_given_d_.mean(axis=1)
    np.testing.assert_allclose(
        model.predict_proba(X), model.predict_proba(X, class_prior=mixture), atol=1e-12
    )
    probabilities = model.predict_proba(X, domains)
    np.testing.assert_array_equal(probabilities.argmax(1), model.predict(X, domains))


@pytest.mark.parametrize("adjustment", ["em", "pinv"])
def test_score_is_what_it_says(digits, adjustment):
    X, _, domains, _ = digits
    model = LatentLabelShift(4, adjustment=adjustment, random_state=0).fit(X, domains)
    q = model.predict_proba(X)
    logs = np.log(
        [model.p_d_given_y_[d] @ row for d, row in zip(domains, q, strict=True)]
    )
    expected = np.mean([logs[domains == d].mean() for d in range(5)])
    assert model.score(X, domains) == pytest.approx(expected)
    assert model.score(X, domains=domains) == model.score(X, domains)
    y = np.zeros(len(X))  # ignored, as domains are given
    assert model.score(X, y, domains=domains) == model.score(X, domains)
    part = domains < 3  # not every domain needs a row
    assert model.score(X[part], domains[part]) == pytest.approx(
        np.mean([logs[domains == d].mean() for d in range(3)])
    )


def test_a_new_domain():
    X, _, domains = make_rows((2000,) * 5)
    model = exact().fit(X, domains)
    permutation = clustering_accuracy(
        make_rows((2000,) * 5)[1], model.labels_, return_permutation=True
    )[1]
    rng = np.random.default_rng(1)
    y = rng.choice(3, 1000, p=[0.05, 0.15, 0.8])
    X_new = CENTERS[y] + rng.normal(size=(1000, 2))
    before = pickle.dumps(model)
    found = model.adapt(X_new)
    assert pickle.dumps(model) == before
    assert found.sum() == pytest.approx(1)
    np.testing.assert_allclose(found[permutation], np.bincount(y) / 1000, atol=0.04)
    adapted = clustering_accuracy(y, model.predict(X_new, class_prior=found))
    assert adapted >= clustering_accuracy(y, model.predict(X_new)) - 0.002


@pytest.mark.parametrize("cv", [3, None])
def test_the_number_of_jobs_changes_no_bit(digits, cv):
    X, _, domains, _ = digits
    one, two = (
        LatentLabelShift(4, cv=cv, random_state=0, n_jobs=j).fit(X, domains)
        for j in (1, 2)
    )
    for name, value in vars(one).items():
        if name.endswith("_") and isinstance(value, np.ndarray | float):
            np.testing.assert_array_equal(getattr(two, name), value, err_msg=name)
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))


@pytest.mark.parametrize("factorization", ["anchor", "nmf"])
def test_the_same_seed_gives_the_same(digits, factorization):
    X, _, domains, _ = digits
    model = LatentLabelShift(4, factorization=factorization, random_state=3)
    first = clone(model).fit(X, domains).predict_proba(X)
    np.testing.assert_array_equal(clone(model).fit(X, domains).predict_proba(X), first)
    seeded = model.set_params(random_state=np.random.RandomState(3))
    np.testing.assert_array_equal(
        seeded.fit(X, domains).labels_,
        clone(model)
        .set_params(random_state=np.random.RandomState(3))
        .fit(X, domains)
        .labels_,
    )


def test_names_of_domains_do_not_matter(digits):
    X, _, domains, _ = digits
    names = np.array(["north", "east", "south", "west", "centre"])
    model = LatentLabelShift(4, cv=None, random_state=0)
    by_number = clone(model).fit(X, domains)
    by_name = clone(model).fit(X, names[domains])
    assert by_name.domains_.tolist() == sorted(names)
    columns = np.argsort(names)
    np.testing.assert_allclose(
        by_name.transform(X), by_number.transform(X)[:, columns], atol=1e-3
    )
    same = by_name.predict(X, names[domains]), by_number.predict(X, domains)
    assert clustering_accuracy(*same) > 0.99


def test_a_frozen_discriminator_is_used_as_it_is(digits):
    X, _, domains, _ = digits
    names = np.array(["e", "d", "c", "b", "a"])[domains]
    fitted = LogisticRegression(max_iter=500).fit(X, names)
    model = LatentLabelShift(4, discriminator=FrozenEstimator(fitted), random_state=0)
    model.fit(X, names)
    assert model.discriminator_.estimator is fitted
    given = fitted.predict_proba(X) / (np.bincount(4 - domains) / len(X))
    expected = given / given.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.transform(X), expected)
    assert model.n_features_in_ == 64


def test_fit_predict_is_fit_and_labels(digits):
    X, y, domains, _ = digits
    model = LatentLabelShift(4, random_state=0)
    expected = clone(model).fit(X, domains).labels_
    for given in ({"y": domains}, {"domains": domains}, {"y": y, "domains": domains}):
        np.testing.assert_array_equal(clone(model).fit_predict(X, **given), expected)
    assert clone(model).fit_transform(X, domains).shape == (len(X), 5)


def test_nothing_is_left_of_another_fit(digits):
    X, _, domains, _ = digits
    model = LatentLabelShift(4, random_state=0).fit(X, domains)
    assert model.anchor_bins_.shape == (4,)
    model.set_params(factorization="nmf").fit(X, domains)
    assert not hasattr(model, "anchor_bins_")


def test_a_failed_fit_leaves_the_estimator_as_it_was(digits):
    X, _, domains, _ = digits
    model = LatentLabelShift(4, random_state=0)
    with pytest.raises(ValueError, match="domains"):
        model.fit(X)
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    model.fit(X, domains)
    before = pickle.dumps(vars(model))
    broken = X.copy()
    broken[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        model.fit(broken, domains)
    assert pickle.dumps(vars(model)) == before


def test_doubts_are_warned_of(digits):
    X, _, domains, _ = digits
    rng = np.random.default_rng(0)
    with pytest.warns(UserWarning, match="Weak label shift") as record:
        model = LatentLabelShift(4, random_state=0).fit(X, rng.permutation(domains))
    said = " ".join(str(warning.message) for warning in record)
    assert "does not tell the domains apart" in said
    assert "not surely better than the 1.609" in said
    assert not model.shift_detected_
    # two pairs of domains that are alike hold two classes and not three
    alike = np.where(domains < 2, 0, 2) + rng.integers(0, 2, len(X))
    message = r"do not support n_classes=3 .*number 3 is below 0\."
    with pytest.warns(UserWarning, match=message) as record:
        model = LatentLabelShift(3, random_state=0).fit(X, alike)
    assert model.shift_detected_
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert LatentLabelShift(4, random_state=0).fit(X, domains).shift_detected_


class Recorder:
    """A callback that notes each hook."""

    def __init__(self):
        self.tasks = []

    def setup(self, estimator, context):
        self.n_steps = context.max_subtasks

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        self.tasks.append(("begin", context.task_name, len(X), len(y)))

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.tasks.append(("end", context.task_name, fitted_estimator is not None))


@pytest.mark.parametrize(("cv", "n_steps"), [(3, 7), (None, 4)])
def test_callbacks_see_folds_and_steps(digits, cv, n_steps):
    X, y, domains, _ = digits
    recorder = Recorder()
    model = LatentLabelShift(4, cv=cv, random_state=0).set_callbacks(recorder)
    model.fit(X, y, domains=domains)
    n = len(X)
    step = [("begin", "step", n, n), ("end", "step", False)]
    root = ("begin", "fit", n, n), ("end", "fit", True)
    assert recorder.n_steps == n_steps
    assert recorder.tasks == [root[0], *n_steps * step, root[1]]


def test_monitored_score_is_that_of_the_domains(digits):
    X, y, domains, _ = digits
    monitor = ScoringMonitor(scoring={"score": lambda model, X, y: model.score(X, y)})
    model = LatentLabelShift(4, random_state=0).set_callbacks(monitor)
    model.fit(X, y, domains=domains)
    (entry,) = monitor.get_logs().data
    assert entry["score"] == model.score(X, domains)

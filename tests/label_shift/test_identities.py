"""What holds for any data: sums, signs, names of domains, seeds, jobs."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from sklearn_ext import LatentLabelShift
from tests.label_shift._naive import best_match
from tests.label_shift._tables import (
    StoredPosteriors,
    exact_posteriors,
    gaussian,
    small_digits,
)

pytestmark = pytest.mark.usefixtures("one_thread")

close = np.testing.assert_allclose
each_recipe = pytest.mark.parametrize(
    ("factorization", "adjustment"),
    [("anchor", "em"), ("anchor", "pinv"), ("nmf", "em"), ("nmf", "pinv")],
)


def check_identities(model, X, domains):
    """Sums, signs and shapes of a fitted model."""
    k, r, n = model.n_classes, len(model.domains_), len(domains)
    m = len(model.bin_centers_)
    shapes = {
        "p_y_given_d_": (k, r),
        "p_d_given_y_": (r, k),
        "p_bin_given_y_": (m, k),
        "bin_centers_": (m, r),
        "singular_values_": (min(m, r),),
        "labels_": (n,),
        "classes_": (k,),
    }
    for name, shape in shapes.items():
        assert getattr(model, name).shape == shape, name
    for name in ("p_y_given_d_", "p_d_given_y_", "p_bin_given_y_"):
        value = getattr(model, name)
        assert value.dtype == np.float64
        assert (value >= 0).all(), name
        close(value.sum(axis=0), 1, atol=1e-9, err_msg=name)
    close(model.bin_centers_.sum(axis=1), 1, atol=1e-9)
    assert (np.diff(model.singular_values_) <= 0).all()
    np.testing.assert_array_equal(model.classes_, np.arange(k))
    assert model.labels_.dtype == np.int64
    assert set(model.labels_) <= set(range(k))
    assert type(model.shift_detected_) is bool
    assert type(model.discriminator_log_loss_) is float
    assert type(model.reconstruction_err_) is float
    if model.factorization == "anchor":
        assert model.anchor_bins_.shape == (k,)
        assert np.issubdtype(model.anchor_bins_.dtype, np.integer)
        assert len(set(model.anchor_bins_)) == k

    ids = model.domains_[domains] if domains.dtype.kind == "i" else domains
    u = model.p_y_given_d_.mean(axis=1)
    new = model.adapt(X)
    close(new.sum(), 1)
    assert (new >= 0).all()
    for options in ({}, {"domains": ids}, {"class_prior": new}, {"class_prior": u}):
        proba = model.predict_proba(X, **options)
        assert proba.shape == (n, k)
        assert (proba >= 0).all()
        close(proba.sum(axis=1), 1)
        said = model.predict(X, **options)
        assert said.dtype == np.int64
        if model.adjustment == "em":
            close(proba[np.arange(n), said], proba.max(axis=1), atol=1e-9)
    # the uniform mixture of the domains is what nothing means
    plain = model.predict_proba(X)
    close(model.predict_proba(X, class_prior=u), plain, atol=1e-9)
    for d, name in enumerate(model.domains_):
        inside = model.predict_proba(X, np.full(n, name))
        outside = model.predict_proba(X, class_prior=model.p_y_given_d_[:, d])
        close(inside, outside, atol=1e-9)
    seen = model.transform(X)
    assert (seen >= 0).all()
    close(seen.sum(axis=1), 1)
    assert model.score(X, ids) <= 0


@each_recipe
@pytest.mark.parametrize("cv", [None, 4])
def test_sums_and_signs(factorization, adjustment, cv):
    for X, _, domains in (gaussian(250), gaussian(250, shares=[4, 1, 2, 3, 2])):
        model = LatentLabelShift(
            3,
            factorization=factorization,
            adjustment=adjustment,
            cv=cv,
            random_state=0,
        ).fit(X, domains)
        check_identities(model, X, domains)


@st.composite
def counted(draw):
    """A few distinct posteriors, with rows of every domain."""
    r = draw(st.integers(2, 5))
    k = draw(st.integers(2, r))
    m = draw(st.integers(k, 2 * k))
    whole = st.lists(st.integers(0, 12), min_size=r, max_size=r)
    counts = np.array(draw(st.lists(whole, min_size=m, max_size=m)))
    counts[0] += counts.sum(axis=0) == 0  # every domain has a row
    counts[:, 0] += counts.sum(axis=1) == 0  # and every bin
    seed = draw(st.integers(0, 2**20))
    P = np.random.default_rng(seed).dirichlet(
        np.full(r, draw(st.sampled_from([0.2, 2]))), m
    )
    P = (P + 1e-6) / (P + 1e-6).sum(axis=1, keepdims=True)
    domains = np.concatenate([np.repeat(np.arange(r), row) for row in counts])
    return k, m, np.repeat(P, counts.sum(axis=1), axis=0), domains


@each_recipe
@given(data=counted())
@settings(max_examples=25, deadline=None, derandomize=True)
def test_any_counts(factorization, adjustment, data):
    """The identities hold without signal, too; only warnings may tell."""
    k, m, X, domains = data
    model = LatentLabelShift(
        k,
        discriminator=StoredPosteriors(),
        n_bins=m,
        factorization=factorization,
        adjustment=adjustment,
        cv=None,
        n_init=2,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model.fit(X, domains)
    check_identities(model, X, domains)


@each_recipe
def test_new_names_in_the_same_order_change_nothing(factorization, adjustment):
    X, _, domains = gaussian(300)
    settings = {
        "n_classes": 3,
        "factorization": factorization,
        "adjustment": adjustment,
        "random_state": 0,
    }
    model = LatentLabelShift(**settings).fit(X, domains)
    for ids in (["a", "b", "k", "y", "z"], [-3, 0, 8, 100, 2**40]):
        ids = np.array(ids)
        named = LatentLabelShift(**settings).fit(X, ids[domains])
        np.testing.assert_array_equal(named.domains_, ids)
        np.testing.assert_array_equal(named.p_y_given_d_, model.p_y_given_d_)
        np.testing.assert_array_equal(named.labels_, model.labels_)
        np.testing.assert_array_equal(
            named.predict_proba(X, ids[domains]), model.predict_proba(X, domains)
        )
        assert named.score(X, ids[domains]) == model.score(X, domains)


@each_recipe
def test_another_order_of_domains_permutes_columns(factorization, adjustment):
    X, _, domains = gaussian(600)
    P = exact_posteriors(X)
    new = np.array([3, 0, 4, 1, 2])  # domain d is now called new[d]
    model = LatentLabelShift(
        3,
        discriminator=StoredPosteriors(),
        factorization=factorization,
        adjustment=adjustment,
        n_bins=6,
        n_init=10,
        random_state=0,
    )
    one = clone(model).fit(P, domains)
    two = clone(model).fit(P[:, np.argsort(new)], new[domains])
    close(two.discriminator_log_loss_, one.discriminator_log_loss_, rtol=1e-12)
    close(two.singular_values_, one.singular_values_, rtol=1e-9)
    if factorization == "anchor":  # NMF starts from random numbers in the old places
        close(two.p_y_given_d_[:, new], one.p_y_given_d_, rtol=1e-9)
        close(two.p_d_given_y_[new], one.p_d_given_y_, rtol=1e-9)
        close(two.p_bin_given_y_, one.p_bin_given_y_, rtol=1e-7, atol=1e-9)
        np.testing.assert_array_equal(two.labels_, one.labels_)
    else:
        agreement, _ = best_match(one.labels_, two.labels_, 3)
        assert agreement > 0.9


def test_another_order_of_domains_for_a_real_discriminator():
    X, _, domains = gaussian(600)
    new = np.array([3, 0, 4, 1, 2])
    model = LatentLabelShift(3, random_state=0)
    one = clone(model).fit(X, domains)
    two = clone(model).fit(X, new[domains])
    agreement, names = best_match(one.labels_, two.labels_, 3)
    assert agreement > 0.99
    close(two.p_y_given_d_[:, new], one.p_y_given_d_[list(names)], atol=0.05)
    close(two.transform(X)[:, new], one.transform(X), atol=1e-3)


def same_state(one, two):
    for name in vars(one):
        if name.endswith("_") and isinstance(getattr(one, name), np.ndarray | float):
            np.testing.assert_array_equal(
                getattr(one, name), getattr(two, name), err_msg=name
            )


@each_recipe
def test_seed_and_jobs(factorization, adjustment):
    X, _, domains = gaussian(200, shares=[5, 1, 2, 3, 3])
    model = LatentLabelShift(
        3, factorization=factorization, adjustment=adjustment, random_state=7
    )
    one, again = clone(model).fit(X, domains), clone(model).fit(X, domains)
    two = clone(model).set_params(n_jobs=2).fit(X, domains)
    same_state(one, again)
    same_state(one, two)
    np.testing.assert_array_equal(two.predict_proba(X), one.predict_proba(X))
    np.testing.assert_array_equal(two.adapt(X), one.adapt(X))
    assert two.score(X, domains) == one.score(X, domains)


def test_seed_matters_and_may_be_a_generator():
    X, _, domains = gaussian(200)
    model = LatentLabelShift(3, cv=3, n_init=1)
    first, second = (
        clone(model).set_params(random_state=s).fit(X, domains) for s in (0, 1)
    )
    assert (first.bin_centers_ != second.bin_centers_).any()
    one, two = (
        clone(model).set_params(random_state=np.random.RandomState(5)).fit(X, domains)
        for _ in range(2)
    )
    same_state(one, two)


def test_global_state_is_left_alone():
    X, _, domains = gaussian(200)
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    errors = np.geterr()
    LatentLabelShift(3, random_state=0).fit(X, domains).adapt(X)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert np.geterr() == errors


@pytest.mark.parametrize(
    "discriminator",
    [
        LogisticRegression(C=0.1),
        RandomForestClassifier(10, min_samples_leaf=8, random_state=0),
    ],
    ids=["matrix products", "random trees"],
)
def test_jobs_do_not_move_a_discriminator(discriminator):
    X, _, domains = small_digits()
    models = [
        LatentLabelShift(3, discriminator=discriminator, random_state=0, n_jobs=n_jobs)
        for n_jobs in (1, 2)
    ]
    one, two = (model.fit(X, domains) for model in models)
    same_state(one, two)
    np.testing.assert_array_equal(two.predict_proba(X), one.predict_proba(X))


def test_arguments_stay_as_they_were():
    X, _, domains = gaussian(200)
    given_X, given_domains = X.copy(), domains.copy()
    logistic = LogisticRegression()
    model = LatentLabelShift(3, discriminator=logistic, random_state=0)
    model.fit(X, domains)
    prior = np.array([0.2, 0.3, 0.5])
    model.predict_proba(X, class_prior=prior)
    before = {name: value for name, value in vars(model).items() if name != "x"}
    copies = {n: np.copy(v) for n, v in before.items() if isinstance(v, np.ndarray)}
    for method in (model.adapt, model.predict, model.predict_proba, model.transform):
        method(X)
    model.score(X, domains)
    assert vars(model).keys() == before.keys()
    for name, value in before.items():
        assert vars(model)[name] is value
    for name, value in copies.items():
        np.testing.assert_array_equal(getattr(model, name), value)
    np.testing.assert_array_equal(X, given_X)
    np.testing.assert_array_equal(domains, given_domains)
    np.testing.assert_array_equal(prior, [0.2, 0.3, 0.5])
    assert not hasattr(logistic, "coef_")


@each_recipe
def test_a_row_is_judged_by_itself(factorization, adjustment):
    """Each row stops on its own: no row moves with the others of its batch."""
    X, _, domains = gaussian(300)
    model = LatentLabelShift(
        3, factorization=factorization, adjustment=adjustment, random_state=0
    ).fit(X, domains)
    together = model.predict_proba(X, domains)
    for i in range(0, 300, 30):
        alone = model.predict_proba(X[i : i + 1], domains[i : i + 1])
        close(alone[0], together[i], rtol=1e-9, atol=1e-12)
    close(model.adapt(X[::-1]), model.adapt(X), rtol=1e-9)
    close(model.adapt(np.tile(X, (2, 1))), model.adapt(X), rtol=1e-9)

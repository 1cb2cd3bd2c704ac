"""What the domains do not support is said, and nothing else."""

import re
import warnings

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from sklearn_ext import LatentLabelShift
from tests.label_shift import _naive as naive
from tests.label_shift._tables import (
    StoredPosteriors,
    digits_protocol,
    gaussian,
    rows_of_bins,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def said_by(model, X, domains):
    """Messages of the warnings of a fit, all of the kind UserWarning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, domains)
    assert {warning.category for warning in caught} <= {UserWarning}
    return [str(warning.message) for warning in caught]


def about(messages, word):
    return [message for message in messages if word in message.lower()]


def binned(counts, posteriors, n_classes=2, **options):
    """Fit by stored posteriors, one bin per row of `counts`."""
    X, domains = rows_of_bins(counts, posteriors)
    model = LatentLabelShift(
        n_classes,
        discriminator=StoredPosteriors(),
        n_bins=len(counts),
        random_state=0,
        **options,
    )
    return model, said_by(model, X, domains)


@pytest.mark.parametrize("seed", range(5))
def test_no_warning_on_digits(seed):
    """Protocol of five digits in five domains: warnings are errors here."""
    (X, _, domains), _, _ = digits_protocol(5, 5, 0.5, 4, seed)
    model = LatentLabelShift(5, random_state=seed).fit(X, domains)
    assert model.shift_detected_ is True
    n_min = np.bincount(domains).min()
    assert model.singular_values_[4] > n_min**-0.5


def test_no_shift():
    rng = np.random.default_rng(0)
    X, _, _ = gaussian(600)
    domains = rng.integers(0, 5, 600)
    model = LatentLabelShift(3, random_state=0)
    messages = said_by(model, X, domains)
    assert model.shift_detected_ is False
    assert len(about(messages, "log-loss")) == 1
    assert len(about(messages, "singular")) == 1
    assert "3" in about(messages, "singular")[0]
    # a fit on domains that do differ takes it back
    X, _, domains = gaussian(600)
    assert model.fit(X, domains).shift_detected_ is True


def loss_of(counts, posteriors):
    """Mean over domains of -log p(d | x), and its standard error."""
    r = counts.shape[1]
    loss = [
        np.repeat(-np.log(posteriors[:, d]), counts[:, d].astype(int)) for d in range(r)
    ]
    error = np.sqrt(sum(np.var(part) / len(part) for part in loss)) / r
    return np.mean([part.mean() for part in loss]), error


def test_two_standard_errors_not_one_and_not_three():
    """Losses 1.5 and 2.5 standard errors below that of a guess."""
    found = {}
    for n in range(20, 900, 20):
        counts = np.array([[0.6 * n, 0.4 * n], [0.4 * n, 0.6 * n]])
        posteriors = np.array([[0.6, 0.4], [0.4, 0.6]])
        loss, error = loss_of(counts, posteriors)
        found[(np.log(2) - loss) / error] = counts
    for wanted, detected in ((1.6, False), (2.4, True)):
        z = min(found, key=lambda z: abs(z - wanted))
        assert abs(z - wanted) < 0.2
        model, messages = binned(found[z], posteriors)
        assert model.shift_detected_ is detected, z
        assert bool(about(messages, "log-loss")) is not detected


def test_loss_weighs_domains_equally():
    counts = np.array([[900, 30], [100, 70]])
    given = np.array([[0.97, 0.03], [0.6, 0.4]])
    model, _ = binned(counts, given)
    weighed = naive.uniform(given, np.array([1000, 100]) / 1100)
    loss, _ = loss_of(counts, weighed)
    assert model.discriminator_log_loss_ == pytest.approx(loss, rel=1e-12)


@pytest.mark.parametrize(("share", "enough"), [(0.54, False), (0.56, True)])
@pytest.mark.parametrize("large", [100, 1000])
def test_rank_is_judged_by_the_smallest_domain(large, share, enough):
    """The second singular value is 2 share - 1; 100 rows ask for 0.1."""
    counts = np.array(
        [[share * large, (1 - share) * 100], [(1 - share) * large, share * 100]]
    ).round()
    given = counts / counts.sum(axis=1, keepdims=True)
    model, messages = binned(counts, given)
    np.testing.assert_allclose(model.singular_values_, [1, 2 * share - 1], atol=1e-12)
    rank = about(messages, "singular")
    assert bool(rank) is not enough
    for message in rank:
        numbers = [float(x) for x in re.findall(r"\d+\.\d+(?:e-?\d+)?", message)]
        assert any(abs(x - (2 * share - 1)) < 0.01 for x in numbers), message
        assert re.search(r"\b2\b", message), message


def test_too_few_distinct_mixes():
    """Three classes, but the five domains know two mixes only."""
    C = np.array([[6, 0, 0], [0, 6, 0], [0, 0, 6], [4, 2, 1], [0, 2, 3]]) / 10
    P = np.array([[0.8, 0.1], [0.1, 0.2], [0.1, 0.7]])[:, [0, 1, 0, 1, 0]]
    counts = (400 * C @ P).round()
    given = counts + 5 * np.arange(1, 6)[:, None] * np.arange(5)
    model, messages = binned(counts, given / given.sum(axis=1, keepdims=True), 3)
    assert model.singular_values_[2] < 0.01
    assert len(about(messages, "singular")) == 1
    assert model.shift_detected_ is True
    enough, messages = binned(counts, given / given.sum(axis=1, keepdims=True), 2)
    assert not about(messages, "singular")
    assert enough.singular_values_[1] > 400**-0.5


def test_masses_come_from_what_the_bins_are_made_of():
    """Two anchors on the same side, and a large bin that is nearer to one of them."""
    counts = np.array([[90, 10], [80, 20], [30, 170]])
    posteriors = np.array([[0.99, 0.01], [0.01, 0.99], [0.6, 0.4]])
    model, messages = binned(counts, posteriors)
    bins = np.abs(model.bin_centers_[:, None] - posteriors).sum(axis=2).argmin(axis=1)
    anchors = bins[model.anchor_bins_]
    assert sorted(anchors) == [0, 1]
    # masses: a quarter of all rows is in bin 0; bins 1 and 2 are of the other class
    joint = np.array([[0.9 * 0.25, 0.1 * 0.25], [0.8 * 0.75, 0.2 * 0.75]])[anchors]
    np.testing.assert_allclose(model.p_y_given_d_, joint / joint.sum(axis=0))
    assert not about(messages, "mass")


def test_anchors_that_cannot_be_told_apart():
    """Two bins of the same domains: one of the classes is named as empty."""
    counts = np.array([[90, 10], [90, 10], [20, 180]])
    posteriors = np.array([[0.99, 0.01], [0.01, 0.99], [0.6, 0.4]])
    model, messages = binned(counts, posteriors)
    smallest = model.p_y_given_d_.max(axis=1).argmin()
    np.testing.assert_allclose(model.p_y_given_d_[smallest], 1e-6, rtol=1e-5)
    (message,) = about(messages, "mass")
    assert re.search(rf"class {smallest}\b", message)
    assert not re.search(rf"class {1 - smallest}\b", message)


@pytest.mark.parametrize("seed", range(4))
def test_of_equal_norms_the_lowest_bin_comes_first(seed):
    """Mirrored posteriors, exact in binary; the middle bin is never an anchor."""
    counts = np.array([[96, 32], [32, 96], [64, 64]])
    posteriors = np.array([[0.75, 0.25], [0.25, 0.75], [0.5, 0.5]])
    X, domains = rows_of_bins(counts, posteriors)
    model = LatentLabelShift(
        2, discriminator=StoredPosteriors(), n_bins=3, cv=None, random_state=seed
    ).fit(X, domains)
    np.testing.assert_array_equal(model.anchor_bins_, np.sort(model.anchor_bins_))
    assert (model.bin_centers_[model.anchor_bins_] != 0.5).all()


def test_small_bins_are_no_anchors():
    """A few rows that only one domain seems to own do not become a class."""
    counts = np.array([[150, 50], [50, 150], [3, 3]])
    posteriors = np.array([[0.75, 0.25], [0.25, 0.75], [0.999, 0.001]])
    model, _ = binned(counts, posteriors)
    sizes = np.array([200, 200, 6])
    bins = np.abs(model.bin_centers_[:, None] - posteriors).sum(axis=2).argmin(axis=1)
    assert sorted(bins[model.anchor_bins_]) == [0, 1]
    free, _ = binned(counts, posteriors, min_bin_fraction=0.0)
    bins = np.abs(free.bin_centers_[:, None] - posteriors).sum(axis=2).argmin(axis=1)
    assert sizes[bins[free.anchor_bins_]].min() == 6


@pytest.mark.parametrize(("small", "kept"), [(41, True), (39, False)])
def test_floor_of_the_size_of_a_bin(small, kept):
    """0.3 / m of both domains with m = 3 is 40 rows of one with 200."""
    rest = 200 - small
    counts = np.array([[rest // 2, 500], [rest - rest // 2, 500], [small, 0]])
    posteriors = np.array([[0.7, 0.3], [0.3, 0.7], [0.99, 0.01]])
    X, domains = rows_of_bins(counts, posteriors)
    model = LatentLabelShift(
        2, discriminator=StoredPosteriors(), n_bins=3, cv=None, random_state=0
    )
    said_by(model, X, domains)
    bins = np.abs(model.bin_centers_[:, None] - model.transform(posteriors))
    bins = bins.sum(axis=2).argmin(axis=1)
    assert (2 in bins[model.anchor_bins_]) is kept


def test_floor_is_halved_until_enough_bins_remain():
    counts = np.array([[500, 500], [4, 0], [0, 9], [1, 2]])
    posteriors = np.array([[0.5, 0.5], [0.98, 0.02], [0.1, 0.9], [0.001, 0.999]])
    model, _ = binned(counts, posteriors, n_classes=2, cv=None)
    twin_bins = np.abs(
        model.bin_centers_[:, None]
        - naive.uniform(posteriors, np.array([505, 511]) / 1016)
    )
    twin_bins = twin_bins.sum(axis=2).argmin(axis=1)
    anchors = naive.find_anchors(
        model.bin_centers_, counts.sum(axis=1)[twin_bins], 2, 0.3
    )
    np.testing.assert_array_equal(model.anchor_bins_, anchors)
    assert sorted(twin_bins[anchors]) == [0, 2]


def test_discriminator_that_knows_nothing():
    """One posterior for all rows has no anchors, and no shift."""
    X, _, domains = gaussian(200)
    nothing = DummyClassifier(strategy="prior")
    model = LatentLabelShift(3, discriminator=nothing, random_state=0)
    with pytest.raises(ValueError, match=r"n_classes=3.* 1 "):
        model.fit(X, domains)
    model.set_params(factorization="nmf")
    messages = said_by(model, X, domains)
    assert about(messages, "log-loss")
    assert about(messages, "singular")
    assert model.shift_detected_ is False
    proba = model.predict_proba(X, domains)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    np.testing.assert_allclose(model.p_y_given_d_.sum(axis=0), 1)


def test_class_that_nmf_leaves_empty():
    """One bin has rows, and the other factors may get no weight at all."""
    X, domains = np.full((60, 3), 1 / 3), np.arange(60) % 3
    found = []
    for seed in range(4):
        model = LatentLabelShift(
            3,
            discriminator=StoredPosteriors(),
            factorization="nmf",
            cv=None,
            n_init=1,
            random_state=seed,
        )
        messages = about(said_by(model, X, domains), "mass")
        floor = np.ptp(model.p_y_given_d_, axis=1) < 1e-9
        empty = np.flatnonzero(floor & (model.p_y_given_d_[:, 0] < 2e-6))
        found.append(len(empty))
        assert len(messages) == bool(len(empty))
        for label in range(3):
            named = any(re.search(rf"\b{label}\b.* got ", text) for text in messages)
            assert named is (label in empty)
        np.testing.assert_allclose(model.p_d_given_y_.sum(axis=0), 1, atol=1e-9)
        np.testing.assert_allclose(model.p_y_given_d_.sum(axis=0), 1, atol=1e-9)
        np.testing.assert_allclose(model.adapt(X).sum(), 1)
        proba = model.predict_proba(X, class_prior=[0.5, 0.5, 0])
        np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert max(found) == 2


@pytest.mark.parametrize("n_domains", [2, 3, 5, 6, 10])
def test_rounding_is_no_shift(n_domains):
    domains = np.repeat(np.arange(n_domains), 30)
    X = np.random.default_rng(0).normal(size=(len(domains), 2))
    model = LatentLabelShift(2, discriminator=DummyClassifier(), factorization="nmf")
    assert about(said_by(model, X, domains), "does not tell the domains apart")
    assert not model.shift_detected_


@pytest.mark.parametrize("is_real", [True, False])
def test_an_over_confident_discriminator_is_told_from_one_that_knows_nothing(is_real):
    """Both are nearly sure of one domain and have a loss above that of guessing."""
    rng = np.random.default_rng(0)
    domains = np.repeat([0, 1], 500)
    right = rng.random(1000) < (0.7 if is_real else 0.5)
    guess = np.where(right, domains, 1 - domains)
    X = np.full((1000, 2), 1e-6)
    X[np.arange(1000), guess] = 1 - 1e-6
    model = LatentLabelShift(
        2, discriminator=StoredPosteriors(), n_bins=2, cv=None, random_state=0
    )
    messages = said_by(model, X, domains)
    assert model.discriminator_log_loss_ > np.log(2)
    assert model.shift_detected_ is is_real
    assert bool(about(messages, "over-confident")) is is_real
    assert bool(about(messages, "does not tell")) is not is_real

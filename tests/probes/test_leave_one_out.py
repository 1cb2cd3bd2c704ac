"""Leave-one-out in closed form equals loops of refits."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.datasets import load_breast_cancer, load_digits

from sklearn_ext import NaiveBayesProbe
from sklearn_ext.probes._copies import first_copies
from sklearn_ext.probes._learning import SHRINKAGES
from tests.probes._naive import NaiveModel, held_out_joint, make_rows


def loss_at(scores, columns, weight, temperature):
    """Mean log-loss of softmax(scores / T)."""
    log_proba = log_softmax(scores / temperature, axis=1)
    return -np.average(log_proba[np.arange(len(columns)), columns], weights=weight)


def refitted(X, y, weight=None, **settings):
    """Scores, codes and weights of the rows that are not alone in their class."""
    scores, is_used = held_out_joint(X, y, weight, **settings)
    weight = np.ones(len(y)) if weight is None else weight
    codes = np.unique(y, return_inverse=True)[1]
    return scores[is_used], codes[is_used], weight[is_used]


def best(scores, codes, weight):
    """The temperature by another optimiser."""
    found = minimize_scalar(
        lambda log_t: loss_at(scores, codes, weight, np.exp(log_t)),
        bounds=np.log([0.1, 1000]),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return np.exp(found.x), found.fun


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("has_holes", [False, True])
def test_refits_of_the_class_mean(n_classes, is_weighted, has_holes):
    X, y = make_rows(n=40, n_classes=n_classes, seed=n_classes, spread=0.7)
    rng = np.random.default_rng(1)
    if has_holes:
        X[rng.random(X.shape) < 0.3] = np.nan
    X, y = np.vstack([X, X[:1]]), np.append(y, "yak")  # alone in its class
    weight = rng.uniform(0.1, 3, len(y)) if is_weighted else None
    probe = NaiveBayesProbe(temperature="loo", missing="marginalize").fit(X, y, weight)
    rows = refitted(X, y, weight)
    temperature, loss = best(*rows)
    assert probe.n_loo_ == len(y) - 1
    assert probe.loo_log_loss_ == pytest.approx(loss, rel=1e-10)
    assert probe.temperature_ == pytest.approx(temperature, rel=1e-4)
    hits = rows[0].argmax(axis=1) == rows[1]
    assert probe.loo_score_ == pytest.approx(np.average(hits, weights=rows[2]))
    fixed = NaiveBayesProbe(temperature=3, shrinkage="auto", missing="marginalize")
    fixed.fit(X, y, weight)
    rows = refitted(X, y, weight, shrinkage=fixed.shrinkage_)
    assert fixed.temperature_ == 3
    assert fixed.loo_log_loss_ == pytest.approx(loss_at(*rows, 3), rel=1e-10)


@pytest.mark.parametrize("container", ["sparse", "float32"])
def test_other_containers(container):
    X, y = make_rows(n=60, n_classes=3, spread=0.7)
    X[X < 0] = 0
    probe = NaiveBayesProbe(temperature="loo").fit(X, y)
    given = sparse.csr_array(X) if container == "sparse" else X.astype(np.float32)
    other = NaiveBayesProbe(temperature="loo").fit(given, y)
    rtol = 1e-8 if container == "sparse" else 1e-4
    assert other.temperature_ == pytest.approx(probe.temperature_, rel=rtol)
    assert other.loo_log_loss_ == pytest.approx(probe.loo_log_loss_, rel=rtol)
    assert other.loo_score_ == probe.loo_score_


def test_shrinkage_has_the_least_loss():
    X, y = load_digits(return_X_y=True)
    X, y = X[:100:2, 10:30], y[:100:2]
    probe = NaiveBayesProbe(shrinkage="auto", temperature="loo").fit(X, y)
    pairs = [best(*refitted(X, y, shrinkage=each)) for each in SHRINKAGES]
    i = int(np.argmin([loss for _, loss in pairs]))
    assert 0 < probe.shrinkage_ == SHRINKAGES[i]
    assert probe.temperature_ == pytest.approx(pairs[i][0], rel=1e-4)
    assert probe.loo_log_loss_ == pytest.approx(pairs[i][1], rel=1e-9)
    given = NaiveBayesProbe(shrinkage=probe.shrinkage_).fit(X, y)
    np.testing.assert_array_equal(probe.coef_, given.coef_)
    plain = NaiveBayesProbe(shrinkage="auto").fit(X, y)
    assert (plain.temperature_, plain.shrinkage_) == (1.0, probe.shrinkage_)


@pytest.mark.parametrize("load", [make_rows, load_breast_cancer])
def test_full_refits_are_close(load):
    if load is make_rows:
        X, y = make_rows(n=300, spread=0.5)
    else:
        X, y = (each[:300] for each in load(return_X_y=True))
    probe = NaiveBayesProbe(temperature="loo").fit(X, y)
    refit = NaiveBayesProbe(temperature=probe.temperature_)
    losses = []
    for i, label in enumerate(y):
        rest = np.arange(len(y)) != i
        log_proba = refit.fit(X[rest], y[rest]).predict_log_proba(X[i : i + 1])
        losses.append(-log_proba[0, np.searchsorted(refit.classes_, label)])
    assert probe.loo_log_loss_ == pytest.approx(np.mean(losses), rel=0.02)


def test_weight_two_is_a_row_twice_here_too():
    X, y = make_rows(n=50, spread=0.5)
    weight = np.random.default_rng(0).integers(0, 4, len(y))
    kind = {"temperature": "loo", "shrinkage": "auto"}
    weighted = NaiveBayesProbe(**kind).fit(X, y, weight)
    order = np.random.default_rng(0).permutation(weight.sum())
    copies = np.repeat(X, weight, axis=0)[order], y.repeat(weight)[order]
    repeated = NaiveBayesProbe(**kind).fit(*copies)
    assert repeated.temperature_ == pytest.approx(weighted.temperature_, rel=1e-7)
    assert repeated.loo_log_loss_ == pytest.approx(weighted.loo_log_loss_, rel=1e-9)
    assert repeated.n_loo_ == weight.sum()


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_copies(make):
    X = np.random.default_rng(0).integers(0, 2, (40, 30)).astype(float)
    X[[7, 9, 20]] = X[3]
    X[15] = X[2]
    X[16, :12] = X[4, :12] + 1
    X[16, 12:] = X[4, 12:]  # differs where copies are not looked for at first
    codes = np.zeros(40, int)
    codes[[9, 20]] = 1
    expected = np.arange(40)
    expected[[7, 20, 15]] = 3, 9, 2
    np.testing.assert_array_equal(first_copies(make(X), codes), expected)
    assert first_copies(make(X[20:]), codes[20:]) is None


def test_batches_add_their_losses():
    X, y = make_rows(n=200, n_classes=3, spread=0.7)
    classes = np.unique(y)
    probe = NaiveBayesProbe(temperature="loo").fit(X[:100], y[:100])
    single = NaiveBayesProbe(temperature="loo")
    single.partial_fit(X[:100], y[:100], classes=classes)
    assert single.temperature_ == probe.temperature_
    probe.partial_fit(X[100:], y[100:])
    # the losses of the second batch are those in the model of both
    scores, codes, _ = refitted(X, y)
    old = refitted(X[:100], y[:100])
    grid = np.logspace(-1, 3, 41)
    total = [
        loss_at(*old, t) * 100 + loss_at(scores[100:], codes[100:], None, t) * 100
        for t in grid
    ]
    i = int(np.argmin(total))
    assert grid[i - 1] < probe.temperature_ < grid[i + 1]
    a, b, _ = np.polyfit(np.log(grid[i - 1 : i + 2]), total[i - 1 : i + 2], 2)
    assert np.log(probe.temperature_) == pytest.approx(-b / (2 * a), rel=1e-6)
    assert probe.n_loo_ == 200
    whole = NaiveBayesProbe(temperature="loo").fit(X, y)
    assert probe.temperature_ == pytest.approx(whole.temperature_, rel=0.1)
    np.testing.assert_allclose(probe.coef_, whole.coef_, rtol=1e-9, atol=1e-12)


def test_merge_adds_and_forget_keeps_the_losses():
    X, y = make_rows(n=200, n_classes=3, spread=0.7)
    left = NaiveBayesProbe(temperature="loo").fit(X[:100], y[:100])
    right = NaiveBayesProbe(temperature="loo").fit(X[100:], y[100:])
    temperatures = sorted([left.temperature_, right.temperature_])
    left.merge(right)
    assert temperatures[0] <= left.temperature_ <= temperatures[1]
    assert left.n_loo_ == 200
    before = left.temperature_
    left.forget(X[:50], y[:50])
    assert (left.temperature_, left.n_loo_) == (before, 200)


@pytest.mark.parametrize("order", ["random", "periodic"])
def test_many_rows_are_sampled(order):
    X, y = make_rows(n=50_000, d=2, n_classes=3, spread=0.5)
    if order == "periodic":  # where every third row is of one class
        by_class = [np.flatnonzero(y == label)[:16_000] for label in np.unique(y)]
        rows = np.stack(by_class, axis=1).ravel()
        X, y = X[rows], y[rows]
    probe = NaiveBayesProbe(temperature="loo").fit(X, y)
    assert probe.n_loo_ == 20_000
    naive = NaiveModel(X, y)
    codes = np.searchsorted(naive.classes, y)
    # with so many rows, leaving one out hardly changes a mean
    temperature, _ = best(naive_scores(naive, X), codes, np.ones(len(codes)))
    assert probe.temperature_ == pytest.approx(temperature, rel=0.03)


def naive_scores(naive, X):
    away = (X[:, None, :] - naive.mean) ** 2 / naive.var
    return np.log(naive.prior) - 0.5 * away.sum(axis=2)


@pytest.mark.parametrize("value", [0.1, 1000.0])
def test_temperature_stays_in_its_range(value):
    y = np.arange(300) % 2
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(300, 1))
    if value == 1000:  # the held-out row is always nearer to the other class
        X = np.vstack([np.eye(2)[y[:2]], np.eye(2)[1 - y[:2]]] * 2)
        y = np.arange(8) % 2
    else:
        X += 8.0 * y[:, None]
    probe = NaiveBayesProbe(temperature="loo").fit(X, y)
    assert probe.temperature_ == pytest.approx(value, rel=1e-6)


def test_few_rows_warn():
    X = np.array([[0.0], [1.0], [5.0], [7.0]])
    y = [0, 0, 1, 1]
    probe = NaiveBayesProbe(temperature="loo", shrinkage="auto")
    with pytest.warns(UserWarning, match="Only 4 rows"):
        probe.fit(X, y)
    assert (probe.temperature_, probe.shrinkage_, probe.n_loo_) == (1.0, 0.0, 4)
    with pytest.warns(UserWarning, match="Only 0 rows"):
        probe.fit(X[:2], [0, 1])
    assert np.isnan(probe.loo_score_)


def test_single_rows_warn():
    X, y = make_rows(n=30, n_classes=2)
    y = np.where(np.arange(30) < 8, y, np.arange(30).astype(str))
    with pytest.warns(UserWarning, match="22 of 30 rows are alone"):
        NaiveBayesProbe(temperature="loo").fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        NaiveBayesProbe().fit(X, y)


def test_calibrate():
    X, y = make_rows(n=200, n_classes=3, spread=0.7)
    loo = NaiveBayesProbe(temperature="loo").fit(X[:100], y[:100])
    probe = NaiveBayesProbe().fit(X[:100], y[:100])
    assert not hasattr(probe, "loo_score_")
    assert probe.calibrate(X[:100], y[:100]) is probe
    assert probe.temperature_ == loo.temperature_
    assert not hasattr(probe, "loo_score_")
    probe.calibrate(X[100:], y[100:], kind="holdout")
    naive = NaiveModel(X[:100], y[:100])
    codes = np.searchsorted(naive.classes, y[100:])
    temperature, _ = best(naive.joint(X[100:]), codes, np.ones(100))
    assert probe.temperature_ == pytest.approx(temperature, rel=1e-4)
    np.testing.assert_allclose(
        probe.predict_log_proba(X), naive.log_proba(X, temperature), rtol=1e-4
    )
    probe.partial_fit(X[100:], y[100:])
    assert probe.temperature_ == 1


def test_calibrate_weights_and_bad_input():
    X, y = make_rows(n=60, n_classes=2, spread=0.5)
    probe = NaiveBayesProbe().fit(X, y)
    weight = np.arange(60) % 3
    probe.calibrate(X, y, "holdout", weight)
    expected = probe.temperature_
    probe.calibrate(X.repeat(weight, axis=0), y.repeat(weight), "holdout")
    assert probe.temperature_ == pytest.approx(expected, rel=1e-6)
    with pytest.raises(ValueError, match="kind must be 'loo' or 'holdout', got 'cv'"):
        probe.calibrate(X, y, kind="cv")
    with pytest.raises(ValueError, match="y holds the label 'yak'"):
        probe.calibrate(X[:1], ["yak"])
    with pytest.warns(UserWarning, match="Only 3 rows"):
        probe.calibrate(X[:3], y[:3], "holdout")
    assert probe.temperature_ == 1

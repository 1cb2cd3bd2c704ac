"""Temperatures against loops, dense grids, closed cases and scipy's minimiser."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax

from sklearn_ext.text import _temperature as module
from sklearn_ext.text._label_vectors import (
    LabelRule,
    documents_in_order,
    label_vectors,
    similarities,
    unit,
)
from sklearn_ext.text._temperature import agreed_temperature, calibrated_temperature

RULE = LabelRule(20, None, 0.5, False)


def topics(seed=0, n=300, d=8, n_labels=3, n_keywords=4, noise=0.5):
    """Documents around directions, and keywords that are drawn around them, too."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(n_labels, d))
    D = centres[rng.integers(n_labels, size=n)] + noise * rng.normal(size=(n, d)) * 2
    D[:: n // 3] = 0
    K = [
        unit((c + noise * 3 * rng.normal(size=(n_keywords, d))).astype(np.float32))
        for c in centres
    ]
    return unit(D.astype(np.float32)), K


def agreement(D, K, rule, rng, sample):
    """Return the share of documents on which both halves agree, by plain loops."""
    shares = []
    for _ in range(5):
        first, second = [], []
        for own in K:
            order = rng.permutation(len(own))
            half = math.ceil(len(own) / 2)
            first.append(own[order[:half]])
            second.append(own[order[half:]] if len(own) > 1 else own)
        best = [
            similarities(D[sample], label_vectors(D, half, rule).vectors).argmax(axis=1)
            for half in (first, second)
        ]
        shares.append(np.mean(best[0] == best[1]))
    return np.mean(shares)


def top_probability(S, temperature):
    return softmax(S / temperature, axis=1).max(axis=1).mean()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_twin(seed, make):
    D, K = topics(seed)
    K[0] = K[0][:1]  # goes into both halves
    K[1] = K[1][:3]  # an odd number
    full = np.flatnonzero(D.any(axis=1))
    vectors = label_vectors(D, K, RULE).vectors
    temperature, share = agreed_temperature(D, K, vectors, RULE, make(seed))
    expected = agreement(D, K, RULE, make(seed), full)
    assert share == pytest.approx(expected, rel=1e-12)
    assert 0.5 < share < 1.0
    assert 0.005 < temperature < 1
    assert isinstance(temperature, float)
    assert isinstance(share, float)
    S = similarities(D[full], vectors)
    found = top_probability(S, temperature)
    assert found == pytest.approx(share, rel=1e-12)
    # it is the only such temperature
    grid = np.logspace(math.log10(0.005), 0, 400)
    tops = [top_probability(S, t) for t in grid]
    nearest = grid[np.abs(np.subtract(tops, share)).argmin()]
    assert temperature == pytest.approx(nearest, rel=0.02)


def test_bisection_agrees():
    D, K = topics(0)
    vectors = label_vectors(D, K, RULE).vectors
    rng = np.random.RandomState(0)
    temperature, share = agreed_temperature(D, K, vectors, RULE, rng)
    S = similarities(D[D.any(axis=1)], vectors)
    low, high = math.log(0.005), 0.0
    for _ in range(60):
        middle = (low + high) / 2
        if top_probability(S, math.exp(middle)) > share:
            low = middle
        else:
            high = middle
    assert temperature == pytest.approx(math.exp(low), rel=1e-11)


def test_no_order_matters():
    D, K = topics(1)
    vectors = label_vectors(D, K, RULE).vectors
    rng = np.random.default_rng(0)
    expected = agreed_temperature(D, K, vectors, RULE, np.random.RandomState(3))
    for _ in range(4):
        more = np.insert(D, rng.integers(0, len(D), 40), 0, axis=0)
        order = rng.permutation(len(more))
        again = np.random.RandomState(3)
        assert agreed_temperature(more[order], K, vectors, RULE, again) == expected


def test_large_corpora_are_sampled(monkeypatch):
    monkeypatch.setattr(module, "N_DOCUMENTS", 50)
    D, K = topics(2)
    vectors = label_vectors(D, K, RULE).vectors
    temperature, share = agreed_temperature(
        D, K, vectors, RULE, np.random.RandomState(0)
    )
    sample = documents_in_order(D, np.flatnonzero(D.any(axis=1)), 50)
    assert len(sample) == 50
    expected = agreement(D, K, RULE, np.random.RandomState(0), sample)
    assert share == pytest.approx(expected, rel=1e-12)
    found = top_probability(similarities(D[sample], vectors), temperature)
    assert found == pytest.approx(share, rel=1e-12)


def test_blocks_add_up(monkeypatch):
    D, K = topics(3)
    vectors = label_vectors(D, K, RULE).vectors
    expected = agreed_temperature(D, K, vectors, RULE, np.random.RandomState(0))
    monkeypatch.setattr(module, "BLOCK", 7)
    found = agreed_temperature(D, K, vectors, RULE, np.random.RandomState(0))
    assert found == expected


def test_halves_are_not_cleaned():
    D, K = topics(4, noise=0.1)
    stray = np.random.default_rng(0).normal(size=(75, 8)).astype(np.float32)
    D[1::4] = unit(stray)
    cleaned = LabelRule(150, 1.0, 0.0, True)
    plain = cleaned._replace(clean_outliers=False)
    labels = label_vectors(D, K, cleaned)
    assert len(labels.candidates[0]) < 150
    found = [
        agreed_temperature(D, K, labels.vectors, rule, np.random.RandomState(0))
        for rule in (cleaned, plain)
    ]
    assert found[0] == found[1]


def test_full_agreement_is_cold():
    D, _ = topics(0)
    K = [D[[i, i]] for i in (1, 2, 3)]  # both halves are the same
    vectors = label_vectors(D, K, RULE).vectors
    found = agreed_temperature(D, K, vectors, RULE, np.random.RandomState(0))
    assert found == (0.005, 1.0)


def test_no_agreement_is_warm():
    """Each half of the first label's keywords takes the other's documents."""
    D = np.eye(2, dtype=np.float32)[np.arange(20) % 2]
    K = [np.eye(2, dtype=np.float32), unit(np.ones((1, 2), np.float32))]
    rule = RULE._replace(keyword_weight=1.0)
    vectors = label_vectors(D, K, rule).vectors
    found = agreed_temperature(D, K, vectors, rule, np.random.RandomState(0))
    assert found == (1.0, 0.0)


@pytest.mark.parametrize(
    ("sizes", "is_known"),
    [
        ([3], False),
        ([2, 1, 1], False),  # fewer than half of the labels
        ([2, 1], True),
        ([2, 2, 1], True),
        ([1, 1], False),
    ],
)
def test_too_few_keywords(sizes, is_known):
    D, K = topics(0, n_labels=len(sizes))
    K = [own[:size] for own, size in zip(K, sizes, strict=True)]
    vectors = label_vectors(D, K, RULE).vectors
    rng = np.random.RandomState(0)
    temperature, share = agreed_temperature(D, K, vectors, RULE, rng)
    assert math.isnan(share) != is_known
    if not is_known:
        assert temperature == 0.05


def log_loss(S, codes, temperature):
    logits = S / temperature
    return np.mean(logsumexp(logits, axis=1) - logits[np.arange(len(S)), codes])


def scored(seed, n=200, n_labels=4, scale=0.1, wrong=0.2):
    rng = np.random.default_rng(seed)
    codes = rng.integers(n_labels, size=n)
    S = rng.normal(0, scale, size=(n, n_labels))
    S[np.arange(n), codes] += 2 * scale
    moved = rng.random(n) < wrong
    return np.clip(S, -1, 1), np.where(moved, rng.integers(n_labels, size=n), codes)


@pytest.mark.parametrize("n_labels", [2, 4])
@pytest.mark.parametrize("scale", [1e-3, 0.05, 0.3])
@pytest.mark.parametrize("seed", range(3))
def test_calibrated(seed, scale, n_labels):
    S, codes = scored(seed, n_labels=n_labels, scale=scale)
    found = calibrated_temperature(S, codes)
    assert isinstance(found, float)
    assert 0.001 <= found <= 10
    grid = np.logspace(-3, 1, 500)
    losses = [log_loss(S, codes, t) for t in grid]
    assert log_loss(S, codes, found) <= min(losses) * (1 + 1e-14)
    best = minimize_scalar(
        lambda b: log_loss(S, codes, math.exp(-b)),
        bounds=(-math.log(10), math.log(1000)),
        method="bounded",
        options={"xatol": 1e-12},
    )
    if 0.0011 < found < 9.9:
        assert found == pytest.approx(math.exp(-best.x), rel=1e-5)
        # the derivative is zero: the mean similarity is that of the true labels
        P = softmax(S / found, axis=1)
        true = S[np.arange(len(S)), codes].mean()
        assert (P * S).sum(axis=1).mean() == pytest.approx(true, abs=1e-13)


def test_calibrated_closed_form():
    """Three of four are right by a gap g: the probability must be 3/4."""
    S = np.array([[0.2, 0.0]] * 4)
    found = calibrated_temperature(S, np.array([0, 0, 0, 1]))
    assert found == pytest.approx(0.2 / math.log(3), rel=1e-12)


def test_calibrated_bounds():
    S, codes = scored(0, wrong=0.0)
    S[np.arange(len(S)), codes] = S.max(axis=1) + 0.01
    assert calibrated_temperature(S, codes) == 0.001  # always right
    assert calibrated_temperature(np.eye(3), np.arange(3)) == 0.001
    assert calibrated_temperature(-S, codes) == 10.0  # always wrong
    near = np.array([[1e-3, 0.0]] * 4)
    assert calibrated_temperature(near, np.array([0, 0, 0, 1])) == 0.001
    far = np.array([[1.0, -1.0]] * 21)
    assert calibrated_temperature(far, np.arange(21) % 2) == 10.0


def test_calibrated_without_a_choice():
    assert calibrated_temperature(np.zeros((5, 3)), np.arange(5) % 3) == 10.0
    assert calibrated_temperature(np.full((5, 1), 0.3), np.zeros(5, int)) == 10.0


def test_calibrated_knows_no_order():
    S, codes = scored(5)
    order = np.random.default_rng(0).permutation(len(S))
    expected = calibrated_temperature(S, codes)
    assert calibrated_temperature(S[order], codes[order]) == expected
    twice = calibrated_temperature(np.r_[S, S], np.r_[codes, codes])
    assert twice == pytest.approx(expected, rel=1e-12)
    # documents without information have no say
    with_empty = np.r_[S, np.zeros((9, 4))], np.r_[codes, np.zeros(9, int)]
    assert calibrated_temperature(*with_empty) == expected

"""Random numbers with an address: published values, and = the naive definition."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ext import TsetlinMachineClassifier
from sklearn_ext.tsetlin import _random
from tests.tsetlin import _naive

QUICK = settings(derandomize=True, deadline=None, max_examples=50)
SEEDS = st.integers(0, 2**63 - 2)
EPOCHS = st.integers(0, 1000)


def test_golden_draws():
    assert int(_random.draw(0, 0)[0]) == 0xE220A8397B1DCDAF
    assert int(_random.draw(0, 1)[0]) == 0x6E789E6AA1B965F4
    assert int(_random.draw(42, 7)[0]) == 0xCCF635EE9E9E2FA4
    assert int(_random.key(42, _random.FEEDBACK, 0, 1, 2, 3)) == 0xF48241C5808910D9


def test_golden_order():
    assert _random.sample_order(42, 0, 8).tolist() == [6, 2, 5, 7, 0, 4, 3, 1]
    assert _random.sample_order(42, 1, 8).tolist() == [0, 3, 6, 5, 2, 7, 1, 4]


def test_golden_negative_classes():
    others = _random.negative_classes(42, 0, np.zeros(12, int), 4)
    assert others.tolist() == [3, 1, 2, 3, 2, 1, 2, 1, 3, 1, 2, 1]


def test_golden_clauses_that_sit_out():
    (out,) = _random.sitting_out(42, 0, 1, 8, 0.5)
    assert np.flatnonzero(out).tolist() == [4, 6]


@pytest.mark.parametrize(
    ("random_state", "seed"), [(42, 6909045637428952499), (0, 900450186894289455)]
)
def test_golden_seed(random_state, seed):
    X, y = [[0, 1], [1, 0]], [0, 1]
    model = TsetlinMachineClassifier(2, max_iter=1, random_state=random_state)
    assert model.fit(X, y).seed_ == seed == _naive.drawn_seed(random_state)


def test_golden_first_epoch():
    """The order of the golden trace: the seed is the drawn one, not random_state."""
    order = _random.sample_order(_naive.drawn_seed(42), 0, 8)
    assert order.tolist() == [1, 4, 5, 0, 6, 2, 3, 7]


@pytest.mark.parametrize(
    ("specificity", "chance"),
    [(1, 2**24), (10, 1677722), (1.5, 11184811), (1e9, 1), (float(2**24), 1)],
)
def test_inclusion_chance(specificity, chance):
    assert _random.inclusion_chance(specificity) == chance


@QUICK
@given(SEEDS, st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=5))
def test_key_equals_naive(seed, path):
    assert int(_random.key(seed, *path)) == _naive.key(seed, *path)


@QUICK
@given(st.floats(1, 1e12))
def test_inclusion_chance_equals_naive(specificity):
    chance = _random.inclusion_chance(specificity)
    assert chance == _naive.inclusion_chance(specificity)
    assert 1 <= chance <= 2**24


@QUICK
@given(SEEDS, EPOCHS, st.integers(1, 30))
def test_order_equals_naive(seed, epoch, n):
    order = _random.sample_order(seed, epoch, n).tolist()
    assert order == _naive.sample_order(seed, epoch, n)
    assert sorted(order) == list(range(n))


@QUICK
@given(SEEDS, EPOCHS, st.integers(2, 6), st.data())
def test_negative_classes_equal_naive(seed, epoch, n_classes, data):
    labels = data.draw(st.lists(st.integers(0, n_classes - 1), min_size=1, max_size=20))
    others = _random.negative_classes(seed, epoch, np.array(labels), n_classes)
    expected = [
        _naive.negative_class(seed, epoch, t, y, n_classes)
        for t, y in enumerate(labels)
    ]
    assert others.tolist() == expected
    assert all(
        q != y and 0 <= q < n_classes for q, y in zip(others, labels, strict=True)
    )


@QUICK
@given(SEEDS, EPOCHS, st.floats(0, 1, exclude_max=True))
def test_sitting_out_equals_naive(seed, epoch, clause_drop):
    out = _random.sitting_out(seed, epoch, 3, 4, clause_drop)
    expected = [
        [_naive.sits_out(seed, epoch, c, j, clause_drop) for j in range(4)]
        for c in range(3)
    ]
    assert out.tolist() == expected


def test_nobody_sits_out_without_drop():
    assert not _random.sitting_out(7, 0, 10, 100, 0.0).any()


def test_share_of_clauses_that_sit_out():
    n, share = 100_000, 0.25
    out = _random.sitting_out(3, 5, 10, n // 10, share)
    assert abs(out.mean() - share) < 4 * math.sqrt(share * (1 - share) / n)


@QUICK
@given(SEEDS, st.lists(st.integers(0, 3), min_size=1, max_size=45))
def test_held_out_equals_naive(seed, labels):
    out = _random.held_out(seed, np.array(labels))
    assert np.flatnonzero(out).tolist() == _naive.held_out(seed, labels)


@pytest.mark.parametrize(("n", "n_out"), [(2, 1), (10, 1), (11, 2), (30, 3), (70, 7)])
def test_a_tenth_of_each_class_is_held_out(n, n_out):
    labels = np.repeat([0, 1], n)
    out = _random.held_out(0, labels)
    assert np.bincount(labels[out]).tolist() == [n_out, n_out]


@QUICK
@given(st.floats(0, 1))
def test_share_of_2_32(share):
    assert int(_random.share_of_2_32(share)) == math.floor(share * 2**32)


def test_negative_classes_are_even():
    n, n_classes = 60_000, 4
    others = _random.negative_classes(1, 0, np.full(n, 2), n_classes)
    counts = np.bincount(others, minlength=n_classes)
    assert counts[2] == 0
    share = 1 / (n_classes - 1)
    allowed = 4 * math.sqrt(n * share * (1 - share))
    assert np.abs(counts[[0, 1, 3]] - n * share).max() < allowed

"""The published trace, and single steps of feedback worked out by hand."""

import itertools

import numpy as np
import pytest

from sklearn_ext import TsetlinMachineClassifier
from tests.tsetlin._naive import (
    FEEDBACK,
    GOLDEN_GAMMA,
    WEIGHT,
    WORD,
    key,
    naive_fit,
    naive_partial_fit,
    naive_start,
    naive_votes,
    package_states,
    package_votes,
    states_to_planes,
    u32,
)

X = np.array(list(itertools.product((0, 1), repeat=3)))
Y = X[:, 0] ^ X[:, 1]
FIRST = {
    "n_clauses": 4,
    "threshold": 4,
    "specificity": 3.0,
    "max_iter": 5,
    "boost_true_positive": True,
    "weighted": True,
    "max_literals": None,
    "random_state": 42,
}
SECOND = FIRST | {
    "boost_true_positive": False,
    "weighted": False,
    "max_literals": 2,
    "clause_drop": 0.25,
    "batch_size": 3,
}
# States of the literals a, b, d, not a, not b, not d.
FIRST_STATES = [
    [
        [128, 130, 129, 125, 126, 125],
        [127, 121, 123, 127, 128, 124],
        [126, 122, 127, 128, 128, 129],
        [128, 125, 125, 127, 127, 126],
    ],
    [
        [128, 127, 127, 124, 128, 125],
        [125, 123, 128, 127, 128, 126],
        [128, 126, 127, 128, 127, 126],
        [127, 124, 128, 128, 128, 128],
    ],
]
FIRST_WEIGHTS = [[2, 1, 1, 1], [1, 2, 1, 1]]
FIRST_VOTES = [[0, 0], [-1, -2], [0, 0], [0, 0], [-2, 1], [-2, -1], [-1, 0], [1, 0]]
SECOND_STATES = [
    [
        [127, 130, 128, 126, 126, 126],
        [127, 123, 127, 127, 128, 126],
        [126, 123, 126, 128, 127, 130],
        [127, 125, 125, 127, 125, 128],
    ],
    [
        [127, 129, 128, 127, 127, 126],
        [125, 123, 127, 129, 129, 126],
        [127, 126, 126, 126, 129, 128],
        [124, 123, 126, 129, 130, 125],
    ],
]
SECOND_WEIGHTS = [[1, 1, 1, 1], [1, 1, 1, 1]]
SECOND_VOTES = [
    *([-1, -1], [-1, -2], [0, 0], [1, 1]),
    *([-2, 1], [-1, 0], [-1, 0], [1, 1]),
]
TRACES = pytest.mark.parametrize(
    ("params", "states", "weights", "votes"),
    [
        pytest.param(FIRST, FIRST_STATES, FIRST_WEIGHTS, FIRST_VOTES, id="first"),
        pytest.param(SECOND, SECOND_STATES, SECOND_WEIGHTS, SECOND_VOTES, id="second"),
    ],
)


@TRACES
def test_golden_trace(params, states, weights, votes):
    model = TsetlinMachineClassifier(**params).fit(X, Y)
    assert package_states(model) == states
    assert model.clause_weights_.tolist() == weights
    assert package_votes(model, X) == votes
    own, other = np.transpose(votes)
    assert model.decision_function(X).tolist() == (other - own).tolist()
    assert model.predict(X).tolist() == (other > own).astype(int).tolist()


@TRACES
def test_golden_trace_of_the_naive_machine(params, states, weights, votes):
    """The naive machine, with which the other tests compare, is right itself."""
    machine = naive_fit(X, Y, 2, **params)
    assert machine.states == states
    assert machine.weights == weights
    assert naive_votes(machine, X) == votes


# One step by hand: the row (a, b) = (1, 0) of class 0, so the literals a, b, not a,
# not b are 1, 0, 0, 1. The clause weights make the clipped votes -T for class 0 and +T
# for class 1: every gate fires. specificity=1: every bit of the random mask is set.
ROW = [1, 0]
STEP = {
    "n_clauses": 4,
    "threshold": 1,
    "specificity": 1.0,
    "max_literals": None,
    "batch_size": 1,
    "random_state": 0,
}
SATURATED = [255, 0, 5, 255]  # includes a and not b: true
TRUE = [127, 0, 127, 128]  # includes not b: true
FALSE = [255, 128, 0, 1]  # includes a and b: false
EMPTY = [127, 127, 127, 0]
LONG = [200, 100, 100, 200]  # includes a and not b: true, with two literals


def by_naive(states, weights, seed, sample_weight, params):
    machine = naive_start([ROW], 2, **params)
    naive_partial_fit(machine, [[0, 0], [1, 1]], [0, 1])
    machine.states, machine.weights = states, weights
    machine.seed = machine.seed if seed is None else seed
    n = machine.batch_size
    naive_partial_fit(machine, [ROW] * n, [0] * n, sample_weight)
    return machine.states, machine.weights


def by_package(states, weights, seed, sample_weight, params):
    model = TsetlinMachineClassifier(**params)
    model.partial_fit([[0, 0], [1, 1]], [0, 1], classes=[0, 1])
    planes = [[states_to_planes(own) for own in bank] for bank in states]
    model.state_ = np.array(planes)
    model.clause_weights_ = np.array(weights, np.int32)
    model.n_literals_ = (np.array(states) >= 128).sum(axis=2, dtype=np.int32)
    model.seed_ = model.seed_ if seed is None else seed
    n = model.batch_size
    model.partial_fit([ROW] * n, [0] * n, sample_weight=sample_weight)
    return package_states(model), model.clause_weights_.tolist()


@pytest.fixture(params=[by_naive, by_package])
def one_step(request):
    """Show a batch of the row to machines in these states, as class 0 of two."""

    def _one_step(
        target,
        other,
        target_weights,
        other_weights,
        *,
        seed=None,
        sample_weight=None,
        **params,
    ):
        states, weights = request.param(
            [[list(own) for own in bank] for bank in (target, other)],
            [list(target_weights), list(other_weights)],
            seed,
            sample_weight,
            STEP | params,
        )
        return *states, *weights

    return _one_step


def test_feedback_of_both_types(one_step):
    target, other, target_weights, other_weights = one_step(
        # For the class: Ia, II, Ib, II.
        [SATURATED, TRUE, FALSE, EMPTY],
        # For the other class: II, Ia, II, Ib.
        [TRUE, SATURATED, EMPTY, FALSE],
        [1, 3, 7, 1],
        [3, 1, 1, 7],
    )
    type_one_a = [255, 0, 4, 255]  # true literals up to 255, false ones down to 0
    type_one_b = [254, 127, 0, 0]  # all down
    type_two = [127, 1, 128, 128]  # the excluded false ones up
    type_two_of_empty = [127, 128, 128, 0]
    assert target == [type_one_a, type_two, type_one_b, type_two_of_empty]
    assert other == [type_two, type_one_a, type_two_of_empty, type_one_b]
    assert target_weights == [2, 2, 7, 1]  # +1, -1, none, never below 1
    assert other_weights == [2, 2, 1, 7]


def test_unweighted_feedback_keeps_the_weights(one_step):
    *_, target_weights, other_weights = one_step(
        [TRUE, EMPTY, FALSE, EMPTY],
        [TRUE] * 4,
        [1, 1, 1, 1],
        [2, 1, 1, 1],
        weighted=False,
    )
    assert (target_weights, other_weights) == ([1, 1, 1, 1], [2, 1, 1, 1])


def test_without_boost_a_masked_true_literal_stays(one_step):
    target, *_ = one_step(
        [SATURATED, TRUE, [130, 10, 0, 127], EMPTY],
        [TRUE, EMPTY, EMPTY, FALSE],
        [1, 9, 1, 1],
        [9, 1, 1, 1],
        boost_true_positive=False,
    )
    assert target[0] == [255, 0, 4, 255]
    assert target[2] == [130, 9, 0, 127]


def test_over_the_budget_ia_becomes_ib_and_ii_is_blocked(one_step):
    target, other, target_weights, other_weights = one_step(
        # For the class: Ia with 1 literal, II blocked, Ia with 2 becomes Ib, II.
        [TRUE, LONG, LONG, TRUE],
        # For the other class: II blocked, Ia with 2 becomes Ib, II, Ib.
        [LONG, LONG, EMPTY, FALSE],
        [1, 9, 1, 1],
        [9, 1, 1, 1],
        max_literals=1,
    )
    all_down = [199, 99, 99, 199]
    assert target == [[128, 0, 126, 129], LONG, all_down, [127, 1, 128, 128]]
    assert other == [LONG, all_down, [127, 128, 128, 0], [254, 127, 0, 0]]
    assert target_weights == [2, 9, 1, 1]
    assert other_weights == [9, 1, 1, 1]


def test_at_the_budget_nothing_changes_yet(one_step):
    target, *_ = one_step(
        [LONG, LONG, TRUE, TRUE],
        [TRUE, EMPTY, EMPTY, FALSE],
        [1, 9, 1, 1],
        [9, 1, 1, 1],
        max_literals=2,
    )
    assert target[:2] == [[201, 99, 99, 201], [200, 101, 101, 200]]


def test_weight_stops_at_the_largest_int32(one_step):
    largest = 2**31 - 1
    *_, target_weights, _ = one_step(
        [TRUE, TRUE, FALSE, TRUE],
        [TRUE, EMPTY, EMPTY, FALSE],
        [largest, largest, 1, largest],
        [9, 1, 1, 1],
    )
    assert target_weights == [largest, largest - 1, 1, largest - 1]


def test_votes_that_reach_the_threshold_teach_nobody(one_step):
    """Votes of +T for the class and -T for the other: no gate can fire."""
    before = [TRUE, EMPTY, FALSE, FALSE], [FALSE, TRUE, FALSE, EMPTY]
    target, other, *weights = one_step(*before, [5, 1, 1, 1], [1, 3, 1, 1], threshold=2)
    assert (target, other) == before
    assert weights == [[5, 1, 1, 1], [1, 3, 1, 1]]


def test_a_batch_freezes_the_votes_but_not_the_clauses(one_step):
    """The first row makes the false clause true and the true one false.

    The two others are still taught, as the votes are those of the start: by Ia what
    has become true, and not at all what has become false and had Type II coming.
    """
    falls, rises = [127, 127, 100, 0], [255, 128, 10, 10]
    target, other, target_weights, other_weights = one_step(
        [rises, falls],
        [falls, rises],
        [1, 5],
        [5, 1],
        n_clauses=2,
        batch_size=3,
    )
    risen, fallen = [255, 125, 7, 11], [127, 128, 101, 0]
    assert (target, other) == ([risen, fallen], [fallen, risen])
    assert (target_weights, other_weights) == ([3, 4], [4, 3])


HALF = 2**31  # of the 2**32 values that are compared with a probability


def unmix(z):
    """Return what `mix` makes z of: each of its steps can be undone."""
    z ^= z >> 31 ^ z >> 62
    z = z * pow(0x94D049BB133111EB, -1, WORD) % WORD
    z ^= z >> 27 ^ z >> 54
    z = z * pow(0xBF58476D1CE4E5B9, -1, WORD) % WORD
    return z ^ z >> 30 ^ z >> 60


def seed_that_draws(value, *path):
    """Return the seed under which the upper half of the key of a path is value."""
    h = value << 32
    for v in reversed(path):
        h = (unmix(h) - GOLDEN_GAMMA * (v + 1)) % WORD
    assert u32(key(h, *path)) == value
    return h


@pytest.mark.parametrize(("value", "fires"), [(HALF - 1, True), (HALF, False)])
def test_gate_is_exact(one_step, value, fires):
    """All clauses are empty, so the votes are 0 and the gate is T of 2T: a half."""
    seed = seed_that_draws(
        value, FEEDBACK, 1, 0, 0, 0
    )  # epoch, class, position, clause
    target, *_ = one_step(
        [EMPTY, EMPTY], [EMPTY, EMPTY], [1, 1], [1, 1], n_clauses=2, seed=seed
    )
    assert target[0] == ([128, 126, 126, 1] if fires else EMPTY)


@pytest.mark.parametrize(("value", "fires"), [(HALF - 1, True), (HALF, False)])
def test_weight_gate_is_exact(one_step, value, fires):
    """Each gate fires, but the first row has half of the largest weight."""
    seed = seed_that_draws(value, WEIGHT, 1, 0, 0, 0)
    *_, target_weights, _ = one_step(
        [TRUE, EMPTY],
        [EMPTY, TRUE],
        [1, 9],
        [9, 1],
        n_clauses=2,
        batch_size=2,
        seed=seed,
        sample_weight=[0.25, 0.5],
    )
    assert target_weights[0] == (3 if fires else 2)

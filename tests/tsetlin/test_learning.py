"""What the machine learns: noisy XOR, digits, early stopping, side effects."""

import random

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from sklearn_ext import TsetlinMachineClassifier
from tests.tsetlin._naive import drawn_seed, held_out

XOR = {
    "n_clauses": 10,
    "threshold": 15,
    "specificity": 3.9,
    "boost_true_positive": False,
    "weighted": False,
    "max_literals": None,
}
DIGITS = {
    "n_clauses": 200,
    "threshold": 20,
    "specificity": 5.0,
    "max_iter": 20,
    "weighted": False,
    "max_literals": None,
    "random_state": 0,
}
SMALL = {"n_clauses": 4, "threshold": 10, "specificity": 5.0, "random_state": 0}


def noisy_xor(seed, noise=0.4, n=5000):
    """Return bits, labels x0 xor x1 of which a share is wrong, and a clean test set."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 2, (2 * n, 12))
    y = X[:, 0] ^ X[:, 1]
    wrong = rng.random(n) < noise
    return X[:n], y[:n] ^ wrong, X[n:], y[n:]


@pytest.fixture(scope="module")
def digits():
    """Digits as bits, split in a stratified way: X, X_test, y, y_test."""
    X, y = load_digits(return_X_y=True)
    return train_test_split(X > 7, y, test_size=0.3, stratify=y, random_state=0)


@pytest.fixture
def few_digits(digits):
    """120 images of four digits: quick also where nothing is compiled."""
    X, _, y, _ = digits
    few = np.flatnonzero(y < 4)[:120]
    return X[few], y[few]


def test_noisy_xor(compiled):
    """40 % of the training labels are wrong, none of the test labels (A1, A6)."""
    scores = []
    for seed in range(3):
        X, y, X_test, y_test = noisy_xor(seed)
        model = TsetlinMachineClassifier(**XOR, max_iter=200, random_state=seed)
        scores.append(model.fit(X, y).score(X_test, y_test))
        assert model.n_literals_.max() <= 4
    assert np.mean(scores) >= 0.97


def test_clauses_of_xor(compiled):
    """Without noise the clauses are the two halves of the truth, little more (A6)."""
    X, y, X_test, y_test = noisy_xor(0, noise=0.0)
    model = TsetlinMachineClassifier(**XOR, max_iter=60, random_state=0).fit(X, y)
    assert model.score(X_test, y_test) == 1.0
    clauses = model.clauses_.toarray()
    lengths = clauses.sum(axis=1)
    wanted = (model.clause_class_ == 1) & (model.clause_votes_ > 0) & (lengths > 0)
    halves = [(0, 12 + 1), (1, 12 + 0)]  # x0 and not x1, x1 and not x0
    has_half = np.any([clauses[:, half].all(axis=1) for half in halves], axis=0)
    assert wanted.any()
    assert has_half[wanted].all()
    assert (lengths[wanted] == 2).mean() >= 0.5
    assert lengths[wanted].max() <= 4


@pytest.mark.parametrize(
    "params", [{}, {"threshold": 100, "weighted": True}], ids=["plain", "weighted"]
)
def test_digits(compiled, digits, params):
    X, X_test, y, y_test = digits
    score = TsetlinMachineClassifier(**DIGITS | params).fit(X, y).score(X_test, y_test)
    linear = LogisticRegression(max_iter=2000).fit(X, y).score(X_test, y_test)
    assert score >= 0.925
    assert score > linear


def test_seeds_differ(few_digits):
    states = [
        TsetlinMachineClassifier(**SMALL | {"random_state": seed, "max_iter": 1})
        .fit(*few_digits)
        .state_
        for seed in (0, 1)
    ]
    assert (states[0] != states[1]).any()


@pytest.mark.parametrize("batch_size", [1, 50])
def test_threads_do_not_change_the_result(compiled, digits, batch_size):
    X, X_test, y, _ = digits
    params = SMALL | {"n_clauses": 20, "max_iter": 5, "clause_drop": 0.2}
    models = [
        TsetlinMachineClassifier(**params, batch_size=batch_size, n_jobs=n_jobs).fit(
            X, y
        )
        for n_jobs in (1, 2, 4)
    ]
    first, *others = models
    for model in others:
        assert (model.state_ == first.state_).all()
        assert (model.clause_weights_ == first.clause_weights_).all()
        for name, values in first.history_.items():
            assert (model.history_[name] == values).all()
        expected = first.decision_function(X_test)
        assert (model.decision_function(X_test) == expected).all()


def global_states():
    """Return the states of the global random generators."""
    _, keys, position, *_ = np.random.get_state()  # noqa: NPY002
    return keys.tolist(), position, random.getstate()


def test_random_numbers_of_others_are_left_alone(few_digits):
    X, y = few_digits
    before = global_states()
    model = TsetlinMachineClassifier(**SMALL, max_iter=1).fit(X, y)
    model.partial_fit(X, y).predict(X)
    assert global_states() == before


def test_random_state_is_drawn_from_once(few_digits):
    X, y = few_digits
    one, other = np.random.RandomState(5), np.random.RandomState(5)
    model = TsetlinMachineClassifier(**SMALL | {"random_state": one}, max_iter=2)
    seed = int(other.randint(0, 2**63 - 1, dtype=np.int64))
    assert model.fit(X, y).seed_ == seed
    model.partial_fit(X, y)
    assert one.randint(1000) == other.randint(1000)


def held_out_score(model, X, y):
    """Return the accuracy on the rows that early stopping held out."""
    out = held_out(drawn_seed(model.random_state), y.tolist())
    return model.score(X[out], y[out])


@pytest.mark.parametrize(("patience", "seed"), [(1, 0), (2, 3), (4, 0), (4, 2)])
def test_early_stopping_restores_the_best_epoch(few_digits, patience, seed):
    X, y = few_digits
    params = SMALL | {"n_iter_no_change": patience, "random_state": seed}
    params["max_iter"] = 12
    model = TsetlinMachineClassifier(**params).fit(X, y)
    scores = model.history_["validation_score"]
    best = int(np.argmax(scores))  # the earliest of equal ones
    assert best > 0
    assert scores[best] > scores[-1] or (scores == scores[best]).sum() > 1
    assert model.n_iter_ == len(scores) == min(best + 1 + patience, 12)
    assert held_out_score(model, X, y) == scores[best]
    cut = TsetlinMachineClassifier(**params | {"max_iter": best + 1}).fit(X, y)
    assert (model.state_ == cut.state_).all()
    assert (model.clause_weights_ == cut.clause_weights_).all()
    assert (model.decision_function(X) == cut.decision_function(X)).all()
    assert (model.n_literals_ == cut.n_literals_).all()


def test_history_has_an_entry_per_epoch(few_digits):
    model = TsetlinMachineClassifier(**SMALL, max_iter=4).fit(*few_digits)
    assert model.n_iter_ == 4
    assert sorted(model.history_) == [
        "feedback_rate",
        "mean_literals",
        "online_accuracy",
    ]
    assert all(values.shape == (4,) for values in model.history_.values())
    assert model.history_["mean_literals"][-1] == model.n_literals_.mean()
    stopped = TsetlinMachineClassifier(**SMALL, max_iter=4, n_iter_no_change=9)
    stopped.fit(*few_digits)
    assert stopped.history_["validation_score"].shape == (4,)


class StopAfter:
    """A callback that stops the fit after n epochs."""

    def __init__(self, n):
        self.n = n
        self.tasks = []

    def setup(self, estimator, context):
        pass

    teardown = setup

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.tasks.append(context.task_name)
        return context.task_name == "epoch" and context.task_id + 1 == self.n


def test_callback_stops_the_fit(few_digits):
    callback = StopAfter(2)
    model = TsetlinMachineClassifier(**SMALL, max_iter=6)
    model.set_callbacks(callback).fit(*few_digits)
    two = TsetlinMachineClassifier(**SMALL, max_iter=2).fit(*few_digits)
    assert model.n_iter_ == 2
    assert (model.state_ == two.state_).all()
    assert all(len(values) == 2 for values in model.history_.values())
    assert callback.tasks[:2] == ["epoch", "epoch"]
    assert len(callback.tasks) == 3  # two epochs, then the fit itself

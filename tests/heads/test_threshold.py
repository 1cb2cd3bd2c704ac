"""Exact cuts and offsets = trying them all, for every metric."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn import metrics as sk

from sklearn_ext.heads._threshold import class_offsets, exact_cut
from sklearn_ext.losses._metrics import METRICS, ConfusionMetric
from tests.heads._naive import (
    OF_A_CLASS,
    OF_ALL,
    brute_force_cut,
    confusion,
    metric_at,
    of_matrix,
)

PARAMETERS = {"fbeta": {"beta": 2.0}, "cost": {"cost": np.array([[0, 1.0], [7, -0.5]])}}
each_metric = pytest.mark.parametrize("name", METRICS)


def scores_with_ties(seed, n=40, step=0.5):
    """Return logits on a grid, classes that go with them, and weights."""
    rng = np.random.default_rng(seed)
    logits = np.round(rng.normal(size=n) / step) * step
    positive = rng.random(n) < expit(logits - 1)
    positive[:2] = [False, True]
    return logits, positive, rng.integers(1, 4, n).astype(float)


def test_the_naive_metrics_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    truth, said, weight = rng.integers(0, 3, 60), rng.integers(0, 3, 60), rng.random(60)
    of_labels = {
        "f1": lambda **k: sk.f1_score(average="macro", **k),
        "fbeta": lambda **k: sk.fbeta_score(average="macro", beta=2.0, **k),
        "precision": lambda **k: sk.precision_score(average="macro", **k),
        "recall": lambda **k: sk.recall_score(average="macro", **k),
        "jaccard": lambda **k: sk.jaccard_score(average="macro", **k),
        "accuracy": sk.accuracy_score,
        "balanced_accuracy": sk.balanced_accuracy_score,
        "mcc": sk.matthews_corrcoef,
    }
    given_labels = {"y_true": truth, "y_pred": said, "sample_weight": weight}
    matrix = confusion(truth, said, weight, 3)
    for name, function in of_labels.items():
        beta = 2.0 if name == "fbeta" else 1.0
        expected = function(**given_labels)
        assert of_matrix(name, matrix, beta=beta) == pytest.approx(expected, rel=1e-12)
    expected = sk.cohen_kappa_score(truth, said, sample_weight=weight)
    assert of_matrix("kappa", matrix) == pytest.approx(expected, rel=1e-12)
    assert {*OF_A_CLASS, *OF_ALL, "cost"} == set(METRICS)


@each_metric
@pytest.mark.parametrize("seed", range(8))
def test_cut_is_the_best_of_all(name, seed):
    logits, positive, weight = scores_with_ties(seed, step=[0.5, 1e-9][seed % 2])
    parameters = PARAMETERS.get(name, {})
    cut, score = exact_cut(
        logits, positive, weight, ConfusionMetric(name, **parameters)
    )
    best_cut, best_score = brute_force_cut(name, logits, positive, weight, **parameters)
    assert score == pytest.approx(best_score, abs=1e-12)
    assert expit(cut) == pytest.approx(best_cut, abs=1e-12)
    said = metric_at(name, logits - cut, positive.astype(int), weight, **parameters)
    assert said == pytest.approx(score, abs=1e-12)


@each_metric
@pytest.mark.parametrize("kind", ["constant", "two values", "one positive", "reversed"])
def test_cut_of_special_scores(name, kind):
    logits, positive, weight = scores_with_ties(3)
    if kind == "constant":
        logits[:] = 0.7
    elif kind == "two values":
        logits = np.sign(logits - 0.1)
    elif kind == "one positive":
        positive[:] = logits == logits.max()
    else:
        logits = -logits
    parameters = PARAMETERS.get(name, {})
    cut, score = exact_cut(
        logits, positive, weight, ConfusionMetric(name, **parameters)
    )
    best_cut, best_score = brute_force_cut(name, logits, positive, weight, **parameters)
    assert score == pytest.approx(best_score, abs=1e-12)
    assert expit(cut) == pytest.approx(best_cut, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("f1", {"pos_label": 0}),
        ("fbeta", {"beta": 0.5, "pos_label": 0}),
        ("f1", {"average": "macro"}),
        ("precision", {"average": "weighted"}),
        ("jaccard", {"average": "micro"}),
        ("fbeta", {"average": "macro", "beta": 3.0}),
    ],
    ids=str,
)
def test_cut_of_other_averages(name, parameters):
    for seed in range(4):
        logits, positive, weight = scores_with_ties(seed)
        found = exact_cut(logits, positive, weight, ConfusionMetric(name, **parameters))
        best = brute_force_cut(name, logits, positive, weight, **parameters)
        assert expit(found[0]) == pytest.approx(best[0], abs=1e-12)
        assert found[1] == pytest.approx(best[1], abs=1e-12)


def test_a_callable_is_a_metric():
    """Any function of the four counts: here 1 minus a saturating cost of errors."""
    logits, positive, weight = scores_with_ties(0)

    def gain(tp, fp, fn, tn):
        return tp / (tp + 3 * fp + 0.5 * fn + 1)

    _, score = exact_cut(logits, positive, weight, ConfusionMetric(gain))
    tried = []
    for candidate in np.append(np.unique(logits) - 0.25, 9):
        said = logits > candidate
        tried.append(
            gain(
                weight[said & positive].sum(),
                weight[said & ~positive].sum(),
                weight[~said & positive].sum(),
                weight[~said & ~positive].sum(),
            )
        )
    assert score == pytest.approx(max(tried), rel=1e-12)


def test_weight_is_repetition():
    logits, positive, weight = scores_with_ties(5)
    repeated = [np.repeat(x, weight.astype(int)) for x in (logits, positive)]
    for name in ("f1", "mcc", "gmean"):
        metric = ConfusionMetric(name)
        once = exact_cut(logits, positive, weight, metric)
        assert exact_cut(*repeated, np.ones(len(repeated[0])), metric) == pytest.approx(
            once, rel=1e-12
        )


@pytest.mark.parametrize("name", ["f1", "recall", "precision", "accuracy", "mcc"])
def test_logits_beyond_what_a_probability_tells_apart(name):
    """The score of a cut is that of the rule "logit > cut" on the given logits."""
    for seed in range(6):
        logits, positive, weight = scores_with_ties(seed)
        logits = 20 * logits
        cut, score = exact_cut(logits, positive, weight, ConfusionMetric(name))
        assert np.isfinite(cut)
        real = metric_at(name, logits - cut, positive.astype(int), weight)
        assert real == pytest.approx(score, abs=1e-12)


def test_neighbours_whose_probabilities_round_to_one_number():
    logits = np.array([29.0, 29.0 + 1e-9, -29.0, -29.0 - 1e-9, 3.0])
    assert expit(logits[0]) == expit(logits[1])
    for positive in ([0, 1, 0, 0, 0], [1, 1, 1, 0, 1]):
        positive = np.array(positive, dtype=bool)
        cut, score = exact_cut(logits, positive, np.ones(5), ConfusionMetric("f1"))
        assert score == 1
        assert ((logits > cut) == positive).all()


def test_float32_scores():
    logits, positive, weight = scores_with_ties(1)
    for name in ("f1", "kappa"):
        wide = exact_cut(logits, positive, weight, ConfusionMetric(name))
        narrow = exact_cut(
            logits.astype(np.float32), positive, weight, ConfusionMetric(name)
        )
        assert narrow == pytest.approx(wide, rel=1e-6)


@given(st.data())
@settings(derandomize=True, deadline=None, max_examples=150)
def test_any_cut(data):
    """Property: nothing beats the cut, whatever the scores, classes and weights."""
    n = data.draw(st.integers(2, 12))
    floats = st.floats(-31, 31, allow_subnormal=True)
    logits = np.array(data.draw(st.lists(floats, min_size=n, max_size=n)))
    positive = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    positive[:2] = [True, False]
    weights = st.floats(1e-3, 1e3)
    weight = np.array(data.draw(st.lists(weights, min_size=n, max_size=n)))
    name = data.draw(st.sampled_from([name for name in METRICS if name != "cost"]))
    _, score = exact_cut(logits, positive, weight, ConfusionMetric(name))
    _, best = brute_force_cut(name, logits, positive, weight)
    assert score == pytest.approx(best, abs=1e-9)


# --- more than two classes ------------------------------------------------------------


def multiclass_scores(seed, n=30, n_classes=3, step=0.25):
    rng = np.random.default_rng([seed, n, n_classes])
    codes = rng.choice(
        n_classes, n, p=[0.7] + [0.3 / (n_classes - 1)] * (n_classes - 1)
    )
    codes[:n_classes] = np.arange(n_classes)
    logits = rng.normal(size=(n, n_classes))
    logits[np.arange(n), codes] += 0.7
    logits[:, 0] += 1
    return np.round(logits / step) * step, codes, rng.integers(1, 4, n).astype(float)


def parameters_for(name, n_classes):
    if name == "cost":
        rng = np.random.default_rng(n_classes)
        cost = rng.integers(1, 9, (n_classes, n_classes)) * 1.0
        np.fill_diagonal(cost, 0)
        return {"cost": cost}
    return {"beta": 2.0} if name == "fbeta" else {}


def candidates(scores, c):
    """Offsets of class c between all points where some row changes its class."""
    others = np.delete(scores, c, axis=1).max(axis=1)
    turns = np.unique(others - scores[:, c])
    return [turns[0] - 1, *((turns[:-1] + turns[1:]) / 2), turns[-1] + 1]


@each_metric
@pytest.mark.parametrize("n_classes", [3, 4])
def test_offsets_cannot_be_improved_one_by_one(name, n_classes):
    parameters = parameters_for(name, n_classes)
    for seed in range(3):
        logits, codes, weight = multiclass_scores(seed, n_classes=n_classes)
        metric = ConfusionMetric(name, **parameters)
        offsets, score = class_offsets(logits, codes, weight, metric)
        assert offsets.shape == (n_classes,)
        plain = metric_at(name, logits, codes, weight, **parameters)
        found = metric_at(name, logits + offsets, codes, weight, **parameters)
        assert score == pytest.approx(found, abs=1e-10)
        assert score >= plain - 1e-12
        for c in range(n_classes):
            for change in candidates(logits + offsets, c):
                moved = logits + offsets + change * (np.arange(n_classes) == c)
                other = metric_at(name, moved, codes, weight, **parameters)
                assert other <= score + 1e-9


def best_of_all_offsets(name, logits, codes, weight, **parameters):
    """Try a fine grid of the differences that matter of three classes."""
    grid = np.arange(-6, 6.1, 0.25) + 0.125
    return max(
        metric_at(
            name, logits + np.array([0, a, b + 0.01]), codes, weight, **parameters
        )
        for a, b in product(grid, grid)
    )


@pytest.mark.parametrize("name", ["f1", "mcc", "gmean", "cost"])
def test_offsets_of_tiny_tables_are_mostly_the_best_of_all(name):
    """Ascent along the axes may stop early; on most tiny tables it does not."""
    parameters = parameters_for(name, 3)
    reached = []
    for seed in range(6):
        logits, codes, weight = multiclass_scores(seed, n=7, step=0.5)
        metric = ConfusionMetric(name, **parameters)
        _, score = class_offsets(logits, codes, weight, metric)
        best = best_of_all_offsets(name, logits, codes, weight, **parameters)
        reached.append(score >= best - 1e-9)
    assert sum(reached) >= 4


@each_metric
def test_offsets_of_two_classes_are_the_cut(name):
    parameters = PARAMETERS.get(name, {})
    for seed in range(5):
        logits, positive, weight = scores_with_ties(seed)
        metric = ConfusionMetric(name, **parameters)
        two = np.column_stack([np.zeros_like(logits), logits])
        _, score = class_offsets(two, positive.astype(int), weight, metric)
        _, best = exact_cut(logits, positive, weight, metric)
        assert score == pytest.approx(best, abs=1e-12)


def test_offsets_change_nothing_where_nothing_improves():
    """Equal is no improvement: rows that are right already keep their scores."""
    rng = np.random.default_rng(0)
    codes = np.arange(12) % 3
    logits = 4.0 * np.eye(3)[codes] + rng.normal(size=(12, 3)) / 2
    offsets, score = class_offsets(logits, codes, np.ones(12), ConfusionMetric("f1"))
    assert score == 1
    assert not offsets.any()


def test_offsets_for_costs_are_those_of_whole_matrices():
    rng = np.random.default_rng(0)
    cost = rng.integers(1, 9, (4, 4)) * (1.0 - np.eye(4))
    scores, codes = rng.normal(size=(80, 4)), rng.integers(0, 4, 80)
    weight = rng.uniform(0.5, 2, 80)
    by_cost = ConfusionMetric("cost", cost=cost)
    by_matrix = ConfusionMetric(
        lambda m: 1 - (m * cost).sum((-2, -1)) / m.sum((-2, -1)), average=None
    )
    found = class_offsets(scores, codes, weight, by_cost)
    expected = class_offsets(scores, codes, weight, by_matrix)
    np.testing.assert_allclose(found[0], expected[0])
    assert found[1] == pytest.approx(expected[1], rel=1e-12)

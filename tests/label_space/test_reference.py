"""The rule = one dense matrix product, for each metric and each way to ask."""

from functools import partial

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, RidgeClassifier

from sklearn_ext import LokiClassifier, frechet_predict
from tests.label_space._naive import (
    SHAPES,
    Given,
    callable_space,
    choose,
    discrete_space,
    embedding_space,
    graph_space,
    ordinal_space,
    precomputed_space,
    scores,
    tree_space,
)

POWERS = [0.5, 1, 1.5, 2, 3]
SPACES = {
    **{f"tree {shape}": partial(tree_space, shape=shape) for shape in SHAPES},
    "tree of whole lengths": partial(tree_space, length_kind="whole", label_kind="str"),
    "tree of lengths": partial(tree_space, length_kind="any"),
    "tree with zeros": partial(tree_space, shape="deep", length_kind="some zero"),
    "graph": partial(graph_space, label_kind="str"),
    "graph of lengths": partial(graph_space, length_kind="any"),
    "graph of whole lengths": partial(graph_space, length_kind="whole"),
    "embedding": embedding_space,
    "embedding of ties": partial(embedding_space, whole=True, container="frame"),
    "embedding in a line": partial(embedding_space, e=1, container="dict"),
    "embedding of many": partial(embedding_space, e=20, label_kind="str"),
    "embedding of near ones": partial(embedding_space, near=1e-5, e=30),
    "embedding of nearer ones": partial(embedding_space, near=1e-8, e=2),
    "embedding of giants": partial(embedding_space, scale=2.0**100),
    "embedding of dwarfs": partial(embedding_space, scale=2.0**-100),
    "ordinal": ordinal_space,
    "precomputed": partial(precomputed_space, container="frame"),
    "precomputed with ties": partial(precomputed_space, whole=True),
    "callable": callable_space,
    "discrete": discrete_space,
}
each_space = pytest.mark.parametrize("name", SPACES)


def draw(rng, name, n_max=24):
    """A space, some observed labels, some candidates, and rows of scores."""
    n = int(rng.integers(3, n_max))
    space = SPACES[name](rng, n)
    observed = np.sort(rng.choice(n, rng.integers(2, min(n, 8) + 1), replace=False))
    candidates = None
    if rng.random() < 0.5:
        candidates = rng.choice(n, rng.integers(1, n + 1), replace=False)
    P = scores(rng, 9, len(observed), "tied" if rng.random() < 0.5 else "any")
    return space, observed, candidates, P


def rule_keywords(rng, space, candidates):
    """Keywords of the rule, for the package and for the reference."""
    temperature = float(rng.choice([1.0, 1.0, 0.3, 4.0]))
    top_k = [None, None, 1, 2, 50][rng.integers(5)]
    shared = {"temperature": temperature, "top_k": top_k}
    of_labels = dict(shared)
    if candidates is not None:
        of_labels["candidates"] = space.labels[candidates]
    return of_labels, {**shared, "candidates": candidates}


def assert_same_variances(found, expected, D, observed, power):
    scale = D[observed].max() ** power
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * scale)


@each_space
@pytest.mark.parametrize("power", POWERS)
def test_frechet_predict(name, power, global_random_seed):
    rng = np.random.default_rng([global_random_seed, *name.encode(), int(2 * power)])
    for _ in range(8):
        space, observed, candidates, P = draw(rng, name)
        keywords, naive_keywords = rule_keywords(rng, space, candidates)
        expected = choose(P, space.D, observed, power=power, **naive_keywords)
        columns = rng.permutation(len(observed))
        labels, variance = frechet_predict(
            P[:, columns],
            space.labels[observed][columns],
            **space.keywords,
            **keywords,
            power=power,
            return_variance=True,
        )
        np.testing.assert_array_equal(labels, space.labels[expected.codes])
        assert_same_variances(variance, expected.least, space.D, observed, power)


def fitted(space, observed, **keywords):
    """A classifier over the space whose probabilities are the rows of X."""
    y = space.labels[observed]
    X = np.zeros((len(y), len(y)))
    return LokiClassifier(Given(), **space.keywords, **keywords).fit(X, y)


@each_space
@pytest.mark.parametrize("power", [1, 2, 2.5])
def test_classifier(name, power, global_random_seed):
    rng = np.random.default_rng([global_random_seed, *name.encode(), int(2 * power)])
    for _ in range(4):
        space, observed, candidates, P = draw(rng, name)
        keywords, naive_keywords = rule_keywords(rng, space, candidates)
        expected = choose(P, space.D, observed, power=power, **naive_keywords)
        model = fitted(space, observed, power=power, **keywords)

        among = np.arange(len(space.D)) if candidates is None else candidates
        classes = np.union1d(among, observed)
        np.testing.assert_array_equal(model.classes_, space.labels[classes])
        np.testing.assert_array_equal(model.observed_classes_, space.labels[observed])
        mask = np.isin(classes, among)
        np.testing.assert_array_equal(model.candidate_mask_, mask)
        assert model.candidate_mask_.dtype == bool
        assert model.temperature_ == keywords["temperature"]

        np.testing.assert_array_equal(model.predict(P), space.labels[expected.codes])
        assert_same_variances(
            model.frechet_variance(P), expected.least, space.D, observed, power
        )
        probabilities = np.zeros((len(P), len(classes)))
        probabilities[:, np.searchsorted(classes, observed)] = P
        np.testing.assert_array_equal(model.predict_proba(P), probabilities)

        decision = np.where(mask, -expected.risks[:, classes], -np.inf)
        if len(classes) == 2:
            decision = decision[:, 1] - decision[:, 0]
        found = model.decision_function(P)
        assert found.shape == decision.shape
        np.testing.assert_array_equal(np.isinf(found), np.isinf(decision))
        best = (found > 0).astype(int) if found.ndim == 1 else found.argmax(axis=1)
        np.testing.assert_array_equal(model.classes_[best], model.predict(P))
        finite = np.isfinite(decision)
        assert_same_variances(found[finite], decision[finite], space.D, observed, power)


@each_space
def test_rank_labels(name, global_random_seed):
    rng = np.random.default_rng([global_random_seed, *name.encode()])
    for _ in range(5):
        space, observed, candidates, P = draw(rng, name)
        expected = choose(P, space.D, observed, candidates)
        keywords = {}
        if candidates is not None:
            keywords["candidates"] = space.labels[candidates]
        model = fitted(space, observed, **keywords)
        among = np.arange(len(space.D)) if candidates is None else np.sort(candidates)
        for n in (1, min(3, len(among)), len(among)):
            labels, variances = model.rank_labels(P, n)
            assert labels.shape == variances.shape == (len(P), n)
            codes = np.searchsorted(space.labels, labels)
            np.testing.assert_array_equal(space.labels[codes], labels)
            assert np.isin(codes, among).all()
            assert all(len(set(row)) == n for row in codes.tolist())
            risks = np.take_along_axis(expected.risks, codes, axis=1)
            assert_same_variances(variances, risks, space.D, observed, 2)
            least = np.sort(expected.risks[:, among], axis=1)[:, :n]
            assert_same_variances(variances, least, space.D, observed, 2)
            np.testing.assert_array_equal(labels[:, 0], model.predict(P))
    default, _ = model.rank_labels(P[:2], n=min(5, len(among)))
    if len(among) >= 5:
        np.testing.assert_array_equal(model.rank_labels(P[:2])[0], default)


def test_ties_go_to_the_lowest_label_in_each_back_end():
    # The two middle labels of four are equally far from both ends of a path.
    labels = np.array([10, 20, 30, 40])
    D = np.abs(np.subtract.outer(range(4), range(4))).astype(float)
    spaces = {
        "tree": {"edges": [(10, 20), (20, 30), (30, 40)]},
        "embedding": {"labels": labels, "label_embeddings": np.arange(4.0)[:, None]},
        "ordinal": {"labels": labels},
        "precomputed": {"labels": labels, "distances": D},
    }
    for metric, keywords in spaces.items():
        for weight, power in ([0.5, 2], [0.3, 1], [0.7, 1]):
            P = [[weight, 1 - weight]]
            found = frechet_predict(
                P, [10, 40], label_metric=metric, **keywords, power=power
            )
            if power == 2:
                assert found == [20], metric
            else:  # the median is one end
                assert found == [10 if weight > 0.5 else 40], metric
        tied = frechet_predict(
            [[0.5, 0.5]], [40, 10], label_metric=metric, **keywords, power=1
        )
        assert tied == [10], metric


def test_ties_but_for_rounding():
    """One tenth and two tenths are more than three tenths, in the last bit only."""
    P = [[0.3, 0.1 + 0.2]]
    for keywords in (
        {"label_metric": "discrete"},
        {"label_metric": "tree", "edges": [(0, 1)]},
        {"label_metric": "ordinal"},
        {"label_metric": "graph", "edges": [(0, 1), (1, 2), (2, 0)]},
        {"label_metric": "precomputed", "labels": [0, 1], "distances": 1 - np.eye(2)},
        {
            "label_metric": "embedding",
            "label_embeddings": {0: [0.0, 1.0], 1: [1.0, 0.0]},
        },
    ):
        for power in (1, 2):
            assert frechet_predict(P, [0, 1], **keywords, power=power) == [0]
        near = [[0.3, 0.3 + 1e-13], [0.3, 0.3 + 1e-11]]  # a share of 3e-13, and 3e-11
        np.testing.assert_array_equal(frechet_predict(near, [0, 1], **keywords), [0, 1])


def test_two_observed_nodes_of_a_path():
    n = 10
    edges = [(i, i + 1) for i in range(n - 1)]
    for a, b in [(0, 9), (2, 7), (9, 0), (3, 4)]:
        length = abs(b - a)
        for t in range(length + 1):
            low, high = (2 * t - 1) / (2 * length), (2 * t + 1) / (2 * length)
            w = np.clip([low + 1e-6, t / length, high - 1e-6], 0, 1)
            P = np.column_stack([1 - w, w])
            winner = a + t if b > a else a - t
            for metric in ("tree", "graph"):
                found = frechet_predict(P, [a, b], label_metric=metric, edges=edges)
                np.testing.assert_array_equal(found, [winner] * 3)
            found = frechet_predict(
                P, [a, b], label_metric="ordinal", labels=range(n), power=2
            )
            np.testing.assert_array_equal(found, [winner] * 3)


DIGITS, DIGIT = load_digits(return_X_y=True)


@pytest.mark.parametrize("n_more", [0, 3])
def test_equal_distances_are_the_base_estimator(n_more):
    base = LogisticRegression(max_iter=50, tol=1e-2).fit(DIGITS[:400], DIGIT[:400])
    nodes = range(10 + n_more)
    edges = [(a, b) for a in nodes for b in nodes if a < b]
    for keywords in (
        {},
        {"labels": list(nodes)},
        {"label_metric": "graph", "edges": edges},
        {"label_metric": "precomputed", "labels": nodes,
         "distances": 3.0 - 3.0 * np.eye(len(nodes))},
    ):  # fmt: skip
        model = LokiClassifier(FrozenEstimator(base), **keywords)
        model.fit(DIGITS[:400], DIGIT[:400])
        np.testing.assert_array_equal(model.predict(DIGITS), base.predict(DIGITS))
        n_columns = len(model.classes_)
        assert n_columns == (10 if keywords == {} else len(nodes))
        P = model.predict_proba(DIGITS)
        np.testing.assert_allclose(P[:, :10], base.predict_proba(DIGITS))
        assert not P[:, 10:].any()


def test_observed_candidates_are_the_bayes_rule():
    rng = np.random.default_rng(0)
    space = tree_space(rng, 30)
    observed = np.array([3, 8, 9, 20])
    P = scores(rng, 50, 4)
    model = fitted(space, observed, candidates="observed")
    np.testing.assert_array_equal(model.classes_, space.labels[observed])
    risks = P @ space.D[np.ix_(observed, observed)] ** 2
    np.testing.assert_array_equal(
        model.predict(P), space.labels[observed][risks.argmin(axis=1)]
    )


@each_space
def test_a_sure_row_predicts_its_label(name):
    rng = np.random.default_rng(1)
    space, observed, _, _ = draw(rng, name)
    if space.D[~np.eye(len(space.D), dtype=bool)].min() == 0:
        return  # labels at no distance cannot be told apart
    P = 3.0 * np.eye(len(observed))
    for power in POWERS:
        keywords = {**space.keywords, "power": power, "temperature": 0.4}
        found, variance = frechet_predict(
            P, space.labels[observed], **keywords, return_variance=True
        )
        np.testing.assert_array_equal(found, space.labels[observed])
        np.testing.assert_allclose(variance, 0, atol=1e-9 * space.D.max() ** power)


def test_scores_of_an_estimator_without_probabilities():
    for n_classes in (2, 5):
        few = np.isin(DIGIT, range(n_classes))
        base = RidgeClassifier().fit(DIGITS[few][:200], DIGIT[few][:200])
        model = LokiClassifier(base, label_metric="ordinal", labels=range(10))
        model.fit(DIGITS[few][:200], DIGIT[few][:200])
        z = base.decision_function(DIGITS)
        if n_classes == 2:
            P = np.column_stack([expit(-z), expit(z)])
        else:
            P = softmax(z, axis=1)
        np.testing.assert_allclose(
            model.predict_proba(DIGITS)[:, :n_classes], P, rtol=1e-12, atol=1e-15
        )
        D = np.abs(np.subtract.outer(range(10), range(10)))
        expected = choose(P, D, np.arange(n_classes)).codes
        np.testing.assert_array_equal(model.predict(DIGITS), expected)


class Backwards(Given):
    """Its classes go down."""

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)[::-1]
        return self


def test_classes_of_the_estimator_in_any_order():
    rng = np.random.default_rng(0)
    space = tree_space(rng, 20, label_kind="str")
    observed = np.array([2, 9, 15])
    P = scores(rng, 30, 3)
    for temperature in (1.0, "auto"):
        model = LokiClassifier(
            Backwards(), **space.keywords, temperature=temperature, cv=2
        ).fit(P, space.labels[np.tile(observed, 10)])
        np.testing.assert_array_equal(model.observed_classes_, space.labels[observed])
        expected = choose(P[:, ::-1], space.D, observed, temperature=model.temperature_)
        np.testing.assert_array_equal(model.predict(P), space.labels[expected.codes])
        np.testing.assert_array_equal(model.predict_proba(P)[:, observed], P[:, ::-1])


def test_rows_without_mass_are_the_most_frequent_label():
    P = np.array([[0, 0, 0], [0.2, 0, 0.8], [0, 0, 0], [0, 1e-300, 0]])
    edges = [(i, i + 1) for i in range(8)]
    y = [1, 4, 4, 7, 7, 7]
    model = LokiClassifier(Given(), label_metric="tree", edges=edges)
    model.fit(np.zeros((6, 3)), y)
    for method in (model.predict, model.frechet_variance):
        with pytest.warns(UserWarning, match="2 rows") as caught:
            method(P)
        assert len(caught) == 1
    with pytest.warns(UserWarning, match="2 rows"):
        np.testing.assert_array_equal(model.predict(P), [7, 6, 7, 4])
    with pytest.warns(UserWarning, match="2 rows"):
        found = frechet_predict(P, [4, 1, 7], label_metric="tree", edges=edges)
    np.testing.assert_array_equal(found, [4, 6, 4, 1])


def test_the_most_frequent_label_is_by_weight():
    P = np.zeros((1, 2))
    for weight, winner in ([[1, 1, 1], 3], [[5, 1, 1], 1], [[1, 0, 0.5], 1]):
        model = LokiClassifier(Given(), label_metric="ordinal", labels=range(5))
        model.fit(np.zeros((3, 2)), [1, 3, 3], sample_weight=weight)
        with pytest.warns(UserWarning, match="1 row"):
            assert model.predict(P) == [winner]


def test_temperature_one_and_the_order_of_largest_first():
    """The largest probabilities are taken after the temperature; both keep the mode."""
    P = np.array([[0.5, 0.3, 0.2]])
    keywords = {"label_metric": "ordinal", "labels": range(11)}
    observed = [0, 5, 10]
    assert frechet_predict(P, observed, **keywords) == [3]  # mean 3.5 ties down to 3
    assert frechet_predict(P, observed, **keywords, top_k=1) == [0]
    assert frechet_predict(P, observed, **keywords, top_k=2) == [2]  # 1.875
    assert frechet_predict(P, observed, **keywords, temperature=100.0) == [5]
    assert frechet_predict(P, observed, **keywords, temperature=0.01) == [0]

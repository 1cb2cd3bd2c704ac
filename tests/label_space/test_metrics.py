"""The mean label distance = a table looked up pair by pair; scorers are minus it."""

import pickle
from functools import partial

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, zero_one_loss
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_score,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ext import (
    LokiClassifier,
    make_label_distance_scorer,
    mean_label_distance,
)
from tests.label_space._naive import (
    callable_space,
    discrete_space,
    embedding_space,
    graph_space,
    mean_power,
    ordinal_space,
    precomputed_space,
    tree_space,
)

X, CODES = load_iris(return_X_y=True)
Y = 2 * CODES  # 0, 2 and 4: 1 and 3 are never seen
PATH = [(0, 1), (1, 2), (2, 3), (3, 4)]
SPACES = {
    "tree": partial(tree_space, label_kind="str"),
    "tree of lengths": partial(tree_space, shape="deep", length_kind="any"),
    "path": partial(tree_space, shape="path", length_kind="some zero"),
    "graph": graph_space,
    "graph of lengths": partial(graph_space, length_kind="any", label_kind="object"),
    "embedding": partial(embedding_space, container="frame"),
    "embedding of equal ones": partial(embedding_space, whole=True, e=1),
    "ordinal": partial(ordinal_space, label_kind="float"),
    "precomputed": partial(precomputed_space, label_kind="str"),
    "callable": callable_space,
    "discrete": discrete_space,
}


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("power", [0.5, 1, 2, 3])
def test_metric(name, power, global_random_seed):
    rng = np.random.default_rng([global_random_seed, *name.encode()])
    for n in (3, 20, 90):
        space = SPACES[name](rng, n)
        true, predicted = rng.integers(0, n, (2, 70))
        weight = rng.integers(0, 4, 70).astype(float)
        labels = space.labels
        call = partial(
            mean_label_distance,
            labels[true],
            labels[predicted],
            **space.keywords,
            power=power,
        )
        close = {"rel": 1e-10, "abs": 1e-14}
        expected = mean_power(space.D, true, predicted, power)
        assert isinstance(call(), float)
        assert call() == pytest.approx(expected, **close)
        expected = mean_power(space.D, true, predicted, power, weight)
        assert call(sample_weight=weight) == pytest.approx(expected, **close)
        assert mean_label_distance(
            labels[true].tolist(), labels[true], **space.keywords
        ) == pytest.approx(0, abs=1e-20)


def test_default_is_the_error_rate():
    y = np.array(["a", "b", "b", "c"])
    guess = np.array(["a", "c", "b", "z"])
    assert mean_label_distance(y, guess) == zero_one_loss(y, guess) == 0.5
    assert mean_label_distance(y, guess, sample_weight=[1, 0, 0, 1]) == 0.5
    assert mean_label_distance([1, 5], [2, 7], label_metric="ordinal", power=1) == 1.5


def test_vectors_far_from_the_origin():
    """Neighbours at a distance of 1 whose squared norms are 1e16."""
    z = np.array([[1e8], [1e8 + 1], [1e8 + 3]])
    found = mean_label_distance(
        [0, 0, 1],
        [1, 2, 2],
        label_metric="embedding",
        labels=range(3),
        label_embeddings=z,
    )
    assert found == pytest.approx((1 + 9 + 4) / 3, rel=1e-12)


def ordinal(**parameters):
    return LokiClassifier(
        GaussianNB(), label_metric="ordinal", labels=range(5), **parameters
    )


@pytest.mark.parametrize("power", [1, 2, 3])
def test_scorer_reads_the_label_space_of_the_estimator(power):
    scorer = make_label_distance_scorer(power=power)
    D = np.abs(np.subtract.outer(range(5), range(5))).astype(float)
    weight = np.arange(150.0)
    for model in (
        ordinal(),
        make_pipeline(StandardScaler(), ordinal()),
        make_pipeline(StandardScaler(), make_pipeline(StandardScaler(), ordinal())),
        LokiClassifier(GaussianNB(), label_metric="tree", edges=PATH),
        LokiClassifier(GaussianNB(), label_metric="graph", edges=[*PATH, (1, 1)]),
        LokiClassifier(
            GaussianNB(), label_metric="precomputed", labels=range(5), distances=D
        ),
        LokiClassifier(
            GaussianNB(),
            label_metric="embedding",
            label_embeddings={i: [0.0, i] for i in range(5)},
        ),
        LokiClassifier(GaussianNB(), label_metric=gap, labels=range(5)),
        GridSearchCV(ordinal(), {"power": [1, 2]}, scoring=scorer),
    ):
        model.fit(X, Y)
        found = model.predict(X)
        expected = mean_power(D, Y, found, power)
        assert scorer(model, X, Y) == pytest.approx(-expected, rel=1e-12)
        expected = mean_power(D, Y, found, power, weight)
        weighted = scorer(model, X, Y, sample_weight=weight)
        assert weighted == pytest.approx(-expected, rel=1e-12)


def gap(a, b):
    return abs(a - b)


def test_scorer_with_keywords_scores_any_classifier():
    scorer = make_label_distance_scorer(power=1, label_metric="tree", edges=PATH)
    for model in (LogisticRegression(max_iter=1000, C=0.01), ordinal()):
        found = model.fit(X, Y).predict(X)
        assert scorer(model, X, Y) == pytest.approx(-np.abs(found - Y).mean())
    # the keywords win over the estimator's own label space
    double = [(a, b, 2.0) for a, b in PATH]
    scorer = make_label_distance_scorer(power=1, label_metric="tree", edges=double)
    assert scorer(model, X, Y) == pytest.approx(-2 * np.abs(found - Y).mean())


def test_scorer_without_a_label_space():
    model = LogisticRegression(max_iter=1000).fit(X, Y)
    with pytest.raises(ValueError, match=r"LogisticRegression.*label_metric"):
        make_label_distance_scorer()(model, X, Y)


def test_scorer_copies():
    model = ordinal().fit(X, Y)
    for scorer in (
        make_label_distance_scorer(power=3),
        make_label_distance_scorer(power=3, label_metric="tree", edges=PATH),
    ):
        expected = scorer(model, X, Y)
        assert expected < 0
        for copy in (pickle.loads(pickle.dumps(scorer)), clone(scorer, safe=False)):
            assert copy(model, X, Y) == expected
        assert "power=3" in repr(scorer) or "distance" in repr(scorer)


def test_cross_validation_needs_no_repetition():
    scorer = make_label_distance_scorer(power=1)
    pipeline = make_pipeline(StandardScaler(), ordinal())
    scores = cross_val_score(pipeline, X, Y, scoring=scorer, cv=3)
    given = make_label_distance_scorer(power=1, label_metric="ordinal", labels=range(5))
    np.testing.assert_allclose(
        scores, cross_val_score(pipeline, X, Y, scoring=given, cv=3)
    )
    both = cross_validate(
        pipeline, X, Y, scoring={"d": scorer, "accuracy": "accuracy"}, cv=3
    )
    np.testing.assert_array_equal(both["test_d"], scores)


def test_grid_search_picks_the_least_distance():
    grid = {
        "lokiclassifier__temperature": [0.1, 1.0, 10.0],
        "lokiclassifier__power": [1, 2],
    }
    pipeline = make_pipeline(StandardScaler(), ordinal())
    search = GridSearchCV(pipeline, grid, scoring=make_label_distance_scorer(), cv=3)
    search.fit(X, Y)
    results = search.cv_results_
    for place, parameters in enumerate(results["params"]):
        model = clone(pipeline).set_params(**parameters)
        of_folds = []
        for train, test in StratifiedKFold(3).split(X, Y):
            guess = model.fit(X[train], Y[train]).predict(X[test])
            of_folds.append(-np.mean((guess - Y[test]) ** 2.0))
        assert results["mean_test_score"][place] == pytest.approx(np.mean(of_folds))
    assert search.best_score_ == results["mean_test_score"].max() > -1
    assert results["mean_test_score"].min() < search.best_score_


def test_labels_never_seen_in_fit_are_scored():
    """Rows whose true label was in no training row count like any others."""
    model = ordinal().fit(X, Y)
    truth = np.arange(150) % 5
    guess = model.predict(X)
    assert model.score(X, truth) == accuracy_score(truth, guess) > 0
    scorer = make_label_distance_scorer()
    assert scorer(model, X, truth) == pytest.approx(-np.mean((guess - truth) ** 2.0))
    # also a label that is no candidate and was not observed
    few = ordinal(candidates=[2]).fit(X, Y)
    assert scorer(few, X, np.full(150, 3)) == -1.0
    with pytest.raises(ValueError, match="7"):
        scorer(model, X, np.where(truth == 3, 7, truth))


def test_sample_weight_is_routed_to_the_scorer():
    weight = np.linspace(0, 1, 150)
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = make_label_distance_scorer().set_score_request(sample_weight=True)
        model = LokiClassifier(
            GaussianNB().set_fit_request(sample_weight=True),
            label_metric="ordinal",
            labels=range(5),
        ).set_fit_request(sample_weight=True)
        found = cross_validate(
            model, X, Y, scoring=scorer, cv=3, params={"sample_weight": weight}
        )["test_score"]
    for score, (train, test) in zip(found, StratifiedKFold(3).split(X, Y), strict=True):
        guess = ordinal().fit(X[train], Y[train], weight[train]).predict(X[test])
        expected = np.average((guess - Y[test]) ** 2.0, weights=weight[test])
        assert score == pytest.approx(-expected)


def test_metric_of_parts_without_a_path():
    edges = [(0, 1), (1, 2), (2, 0), (2, 3), (7, 8)]
    with pytest.warns(UserWarning, match="2 components") as caught:
        found = mean_label_distance(
            [0, 3, 7], [3, 7, 8], label_metric="graph", edges=edges, power=2
        )
    assert len(caught) == 1
    assert found == pytest.approx((2**2 + (2 + 1) ** 2 + 1) / 3)  # 0-3 is the longest


@pytest.mark.filterwarnings("ignore:The graph of labels")
def test_parts_of_a_graph_without_a_path():
    """The scorer takes the distance that the estimator has settled in fit."""
    edges = [(0, 1), (1, 2), (2, 0), (2, 3), (7, 8)]
    model = LokiClassifier(GaussianNB(), label_metric="graph", edges=edges)
    model.fit(X, Y % 4)  # 0 and 2 are seen: their longest path has 2 edges
    truth = np.full(150, 8)
    guess = model.predict(X)
    assert set(guess) <= {0, 1, 2, 3}
    assert make_label_distance_scorer(power=1)(model, X, truth) == -3.0

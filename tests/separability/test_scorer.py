"""make_separability_scorer: what of an estimator is scored, without labels."""

import pickle

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.cluster import DBSCAN
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_score,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_ext import (
    ClassSeparability,
    class_separability_score,
    make_separability_scorer,
)

X, Y = load_iris(return_X_y=True)
score = class_separability_score


def test_a_transformer_is_scored_by_its_output():
    model = PCA(2).fit(X)
    assert make_separability_scorer()(model, X) == score(model.transform(X))
    assert make_separability_scorer()(model, X, Y) == score(model.transform(X))


def test_a_pipeline_of_transformers():
    model = make_pipeline(StandardScaler(), PCA(2)).fit(X)
    assert make_separability_scorer("gini")(model, X) == score(
        model.transform(X), statistic="gini"
    )


@pytest.mark.parametrize("last", [GaussianNB(), ClassSeparability("mean")])
def test_a_pipeline_with_another_end(last):
    model = make_pipeline(StandardScaler(), PCA(2), last).fit(X, Y)
    assert make_separability_scorer()(model, X) == score(model[:-1].transform(X))


@pytest.mark.parametrize(
    "model",
    [
        GaussianNB(),
        DBSCAN(),
        ClassSeparability(),
        make_pipeline(GaussianNB()),
        make_pipeline("passthrough", GaussianNB()),
    ],
)
def test_where_nothing_transforms_the_rows_are_scored(model):
    assert make_separability_scorer()(model.fit(X, Y), X) == score(X)


@pytest.mark.parametrize(
    ("step", "n_steps"),
    [(0, 1), (1, 2), (-1, 3), (-3, 1), ("scale", 1), ("pca", 2), (np.int64(1), 2)],
)
def test_steps(step, n_steps):
    double = FunctionTransformer(lambda Z: np.column_stack([Z, Z[:, :1] ** 2]))
    model = Pipeline([("scale", StandardScaler()), ("pca", PCA(2)), ("more", double)])
    model.fit(X)
    outputs = [score(model[:n].transform(X)) for n in (1, 2, 3)]
    assert len(set(outputs)) == 3
    assert make_separability_scorer(step=step)(model, X) == outputs[n_steps - 1]


def test_a_step_that_passes_through():
    model = Pipeline([("a", StandardScaler()), ("b", "passthrough"), ("c", DBSCAN())])
    model.fit(X)
    assert make_separability_scorer(step="b")(model, X) == score(model[0].transform(X))


def test_settings_reach_the_score():
    settings = {
        "normalize": True,
        "min_samples": 3,
        "max_samples": 0.5,
        "n_subsamples": 2,
        "random_state": 1,
    }
    scorer = make_separability_scorer("cv", **settings)
    expected = score(X, statistic="cv", **settings)
    assert scorer(DBSCAN().fit(X), X) == expected


def test_copies_and_text():
    scorer = make_separability_scorer("cv", step=-1, normalize=True)
    copy = pickle.loads(pickle.dumps(scorer))
    model = make_pipeline(PCA(2)).fit(X)
    assert copy(model, X) == scorer(model, X)
    text = "make_separability_scorer(statistic='cv', normalize=True, step=-1)"
    assert repr(scorer) == repr(copy) == text
    assert eval(text)(model, X) == scorer(model, X)


def test_grid_search_without_labels():
    """The mean scores of the held-out rows, transformed by what the others fitted."""
    rows = load_digits().data[:150]
    grid = {"pca__n_components": [2, 5, 10, 30]}
    scorer = make_separability_scorer()
    cv = KFold(3)
    pipeline = make_pipeline(StandardScaler(), PCA(random_state=0))
    search = GridSearchCV(pipeline, grid, scoring=scorer, cv=cv)
    search.fit(rows)
    results = search.cv_results_
    for i, parameters in enumerate(results["params"]):
        for k, (train, test) in enumerate(cv.split(rows)):
            model = pipeline.set_params(**parameters).fit(rows[train])
            expected = score(model.transform(rows[test]))
            found = results[f"split{k}_test_score"][i]
            assert found == pytest.approx(expected, rel=1e-6)
    assert search.best_index_ == results["mean_test_score"].argmax()
    assert search.score(rows) == scorer(search.best_estimator_, rows)
    assert scorer(search, rows) == search.score(rows)  # a search transforms, too


def test_several_scorers():
    scoring = {name: make_separability_scorer(name) for name in ("mass", "entropy")}
    model = make_pipeline(StandardScaler(), GaussianNB())
    scores = cross_validate(model, X, Y, scoring=scoring | {"right": "accuracy"})
    for name, scorer in scoring.items():
        alone = cross_val_score(model, X, Y, scoring=scorer)
        np.testing.assert_array_equal(scores[f"test_{name}"], alone)
        assert alone.std() > 0


def test_metadata_routing():
    with config_context(enable_metadata_routing=True):
        scores = cross_val_score(PCA(2), X, scoring=make_separability_scorer())
    assert scores.tolist() == pytest.approx(
        cross_val_score(PCA(2), X, scoring=make_separability_scorer())
    )


class Nothing(BaseEstimator):
    """Neither transforms nor predicts."""

    def fit(self, X, y=None):
        return self


CALLS = [
    (
        make_pipeline(PCA(2), GaussianNB()),
        -1,
        TypeError,
        "'gaussiannb'",
    ),
    (make_pipeline(PCA(2), GaussianNB()), 1, TypeError, "GaussianNB"),
    (make_pipeline(PCA(2), Nothing()), "nothing", TypeError, "'nothing'.* transform"),
    (make_pipeline(PCA(2)), "pcb", ValueError, r"step='pcb'.*\['pca'\]"),
    (make_pipeline(PCA(2)), 1, ValueError, r"step=1.*1 steps, \['pca'\]"),
    (make_pipeline(PCA(2)), -2, ValueError, "step=-2"),
    (PCA(2), "pca", TypeError, "step='pca'.*Pipeline, but the estimator is a PCA"),
    (GaussianNB(), 0, TypeError, "step=0.*GaussianNB"),
]


@pytest.mark.parametrize(("model", "step", "error", "message"), CALLS)
def test_steps_that_cannot_be_scored(model, step, error, message):
    scorer = make_separability_scorer(step=step)
    with pytest.raises(error, match=message):
        scorer(model.fit(X, Y), X)


def test_sparse_representations_are_refused():
    texts = ["a cat", "a dog", "two cats", "two dogs"]
    model = TfidfVectorizer().fit(texts)
    with pytest.raises(TypeError, match="TruncatedSVD"):
        make_separability_scorer()(model, texts)


@pytest.mark.parametrize("step", [1.0, True, ["pca"], PCA(2)])
def test_kinds_of_step(step):
    with pytest.raises(TypeError, match=r"step=.*position or the name"):
        make_separability_scorer(step=step)


def test_settings_are_checked_when_the_scorer_is_made():
    with pytest.raises(ValueError, match="'statistic' parameter"):
        make_separability_scorer("accuracy")
    with pytest.raises(ValueError, match="normalize=True"):
        make_separability_scorer(metric="cosine")
    with pytest.raises(TypeError, match="unexpected keyword argument 'n_clusters'"):
        make_separability_scorer(n_clusters=3)
    with pytest.raises(ValueError, match="n_subsamples=2 needs max_samples"):
        make_separability_scorer(n_subsamples=2)

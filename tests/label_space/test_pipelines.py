"""The classifier among scikit-learn's tools: pipelines, searches, copies, routing."""

import copy
import pickle
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_diabetes
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import (
    GridSearchCV,
    cross_val_predict,
    cross_val_score,
)
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sklearn_ext import LokiClassifier, make_label_distance_scorer
from tests.label_space._naive import choose

X, TARGET = load_diabetes(return_X_y=True)
BINS = TARGET.argsort(kind="stable").argsort() * 7 // len(TARGET)
SEEN = BINS % 3 == 0  # bins 0, 3 and 6 of 0 to 6
X_SEEN, Y = X[SEEN], BINS[SEEN]
NAMES = np.array(["g0", "g1", "g2", "g3", "g4", "g5", "g6"])
EDGES = list(pairwise(NAMES))
D = np.abs(np.subtract.outer(range(7), range(7))).astype(float)
SPACES = {
    "ordinal": {"label_metric": "ordinal", "labels": range(7)},
    "tree": {"label_metric": "tree", "edges": EDGES},
    "graph": {"label_metric": "graph", "edges": [*EDGES, ("g0", "g6"), ("g1", "g1")]},
    "embedding": {
        "label_metric": "embedding",
        "labels": NAMES,
        "label_embeddings": np.arange(7.0)[:, None],
    },
    "precomputed": {"label_metric": "precomputed", "labels": NAMES, "distances": D},
    "discrete": {},
}
each_space = pytest.mark.parametrize("name", SPACES)


def target(name):
    return Y if name == "ordinal" else NAMES[Y]


def methods(model, X):
    """Everything that a fitted classifier says of some rows."""
    labels, variances = model.rank_labels(X, 2)
    return {
        "predict": model.predict(X),
        "predict_proba": model.predict_proba(X),
        "decision_function": model.decision_function(X),
        "frechet_variance": model.frechet_variance(X),
        "labels": labels,
        "variances": variances,
        "locus": model.locus(),
    }


def assert_say_the_same(model, other, X):
    expected = methods(model, X)
    for name, found in methods(other, X).items():
        np.testing.assert_array_equal(found, expected[name])


@each_space
def test_clone_pickle_and_copy(name):
    model = LokiClassifier(GaussianNB(), **SPACES[name], temperature=0.7, top_k=2)
    model.fit(X_SEEN, target(name))
    assert_say_the_same(model, pickle.loads(pickle.dumps(model)), X)
    assert_say_the_same(model, copy.deepcopy(model), X)
    fresh = clone(model)
    with pytest.raises(NotFittedError):
        fresh.predict(X)
    assert_say_the_same(model, fresh.fit(X_SEEN, target(name)), X)
    scorer = make_label_distance_scorer()
    again = pickle.loads(pickle.dumps(model))
    y = NAMES[BINS] if name != "ordinal" else BINS
    if name != "discrete":
        assert scorer(again, X, y) == scorer(model, X, y)


@each_space
def test_the_label_space_is_kept_as_plain_arrays(name):
    model = LokiClassifier(GaussianNB(), **SPACES[name]).fit(X_SEEN, target(name))
    assert isinstance(model.label_space_, dict)
    for value in model.label_space_.values():
        assert isinstance(value, np.ndarray | str | int | float), type(value)


@each_space
def test_nothing_is_written_in_prediction(name):
    model = LokiClassifier(GaussianNB(), **SPACES[name]).fit(X_SEEN, target(name))
    before = pickle.dumps(model)
    methods(model, X)
    assert pickle.dumps(model) == before


@each_space
def test_parameters_and_caller_arrays_stay_as_they_are(name):
    keywords = copy.deepcopy(SPACES[name])
    model = LokiClassifier(GaussianNB(), **keywords)
    given = {key: model.get_params()[key] for key in keywords}
    model.fit(X_SEEN, target(name)).predict(X)
    for key, value in given.items():
        assert model.get_params()[key] is value
        np.testing.assert_array_equal(
            np.asarray(value, object), np.asarray(SPACES[name][key], object)
        )
    model.set_params(temperature="auto", cv=2).fit(X_SEEN, target(name))
    assert not hasattr(model.estimator, "classes_")  # clones were fitted


def test_read_only_arrays():
    for name in SPACES:
        keywords = {
            key: np.array(value) if key in ("edges", "labels") else value
            for key, value in copy.deepcopy(SPACES[name]).items()
        }
        for value in keywords.values():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
        y = target(name)
        model = LokiClassifier(GaussianNB(), **keywords).fit(X_SEEN, y)
        plain = LokiClassifier(GaussianNB(), **SPACES[name]).fit(X_SEEN, y)
        assert_say_the_same(model, plain, X)


def test_frozen_estimator_is_not_fitted_again():
    base = LogisticRegression(C=0.1).fit(X_SEEN, NAMES[Y])
    coef = base.coef_.copy()
    model = LokiClassifier(FrozenEstimator(base), **SPACES["tree"])
    model.fit(X_SEEN[:5], NAMES[Y[:5]])  # any rows: it learns from none of them
    np.testing.assert_array_equal(base.coef_, coef)
    expected = choose(base.predict_proba(X), D, np.array([0, 3, 6])).codes
    np.testing.assert_array_equal(model.predict(X), NAMES[expected])
    np.testing.assert_array_equal(model.observed_classes_, NAMES[[0, 3, 6]])


def test_grid_search_over_temperature_and_power():
    grid = {"temperature": [0.3, 1.0, 3.0], "power": [1, 2]}
    model = LokiClassifier(GaussianNB(), **SPACES["ordinal"])
    search = GridSearchCV(model, grid, scoring=make_label_distance_scorer(), cv=3)
    search.fit(X_SEEN, Y)
    assert len(np.unique(search.cv_results_["mean_test_score"])) >= 4
    base = GaussianNB().fit(X_SEEN, Y)
    chosen = search.best_params_
    expected = choose(base.predict_proba(X), D, np.array([0, 3, 6]), **chosen).codes
    np.testing.assert_array_equal(search.predict(X), expected)
    nested = GridSearchCV(
        model,
        {"estimator__var_smoothing": [1e-9, 1e-1]},
        scoring=make_label_distance_scorer(),
        cv=3,
    )
    assert nested.fit(X_SEEN, Y).best_estimator_.estimator_.var_smoothing in (1e-9, 0.1)


def test_pipelines_around_it_and_inside():
    around = make_pipeline(
        StandardScaler(), LokiClassifier(GaussianNB(), **SPACES["tree"])
    )
    inside = LokiClassifier(
        make_pipeline(StandardScaler(), GaussianNB()), **SPACES["tree"]
    )
    for model in (around, inside):
        model.fit(X_SEEN, NAMES[Y])
    np.testing.assert_array_equal(around.predict(X), inside.predict(X))
    assert len(set(around.predict(X))) > 3
    assert len(cross_val_score(inside, X_SEEN, NAMES[Y], cv=3)) == 3
    found = cross_val_predict(inside, X_SEEN, NAMES[Y], cv=3)
    assert set(found) <= set(NAMES)


def test_data_frames():
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(10)])
    y = pd.Series(NAMES[Y], index=np.arange(len(Y)) * 3 + 1)
    model = LokiClassifier(GaussianNB(), **SPACES["tree"])
    model.fit(frame[SEEN], y)
    assert model.n_features_in_ == 10
    np.testing.assert_array_equal(model.feature_names_in_, frame.columns)
    plain = clone(model).fit(X_SEEN, NAMES[Y])
    assert not hasattr(plain, "feature_names_in_")
    np.testing.assert_array_equal(model.predict(frame), plain.predict(X))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[frame.columns[::-1]])
    auto = clone(model).set_params(temperature="auto").fit(frame[SEEN], y)
    numpy = clone(auto).fit(X_SEEN, NAMES[Y])
    np.testing.assert_array_equal(auto.temperature_scores_, numpy.temperature_scores_)
    # a second fit on arrays forgets the names of the first
    assert not hasattr(model.fit(X_SEEN, NAMES[Y]), "feature_names_in_")


@pytest.mark.parametrize("container", [sp.csr_array, sp.csr_matrix, sp.coo_array])
def test_sparse_rows(container):
    model = LokiClassifier(
        KNeighborsClassifier(9), **SPACES["tree"], temperature="auto"
    )
    model.fit(X_SEEN, NAMES[Y])
    other = clone(model).fit(container(X_SEEN), NAMES[Y])
    assert other.temperature_ == model.temperature_
    np.testing.assert_array_equal(other.predict(container(X)), model.predict(X))


WORDS = {
    "tabby": "purr whisker indoor striped",
    "lion": "roar pride savanna whisker",
    "poodle": "bark curly groomed leash",
    "wolf": "howl pack forest bark",
}
TREE_OF_ANIMALS = [
    ("animal", "cat"),
    ("animal", "dog"),
    *[("cat", "tabby"), ("cat", "lion"), ("dog", "poodle"), ("dog", "wolf")],
]


@pytest.mark.parametrize("container", [list, np.array, pd.Series])
@pytest.mark.parametrize("temperature", [1.0, "auto"])
def test_texts(container, temperature):
    rng = np.random.default_rng(0)
    names = rng.choice(list(WORDS), 120)
    texts = [" ".join(rng.choice(WORDS[name].split(), 3)) for name in names]
    model = LokiClassifier(
        make_pipeline(TfidfVectorizer(), MultinomialNB()),
        label_metric="tree",
        edges=TREE_OF_ANIMALS,
        temperature=temperature,
    )
    model.fit(container(texts), names)
    assert not hasattr(model, "n_features_in_")
    if temperature == 1.0:
        asked = container(["purr striped roar pride", "leash howl", "nothing known"])
        found = model.predict(asked)
        np.testing.assert_array_equal(found, ["cat", "dog", "animal"])
        assert not set(found) & set(names)  # nobody has annotated any of these


@pytest.mark.parametrize(
    "base",
    [
        CalibratedClassifierCV(GaussianNB(), cv=3),
        KNeighborsClassifier(),
        LinearSVC(),
        SGDClassifier(random_state=0),
        None,
    ],
    ids=lambda base: type(base).__name__,
)
def test_any_classifier(base):
    model = LokiClassifier(base, **SPACES["ordinal"]).fit(X_SEEN, Y)
    P = model.predict_proba(X)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    np.testing.assert_array_equal(P[:, [1, 2, 4, 5]], 0)
    expected = choose(P[:, [0, 3, 6]], D, np.array([0, 3, 6])).codes
    np.testing.assert_array_equal(model.predict(X), expected)
    kind = LogisticRegression if base is None else type(base)
    assert type(model.estimator_) is kind
    assert is_classifier(model)


@pytest.mark.parametrize("name", ["ordinal", "tree", "discrete"])
def test_sample_weight_is_repetition(name):
    weight = np.random.default_rng(0).integers(0, 4, len(Y))
    base = LogisticRegression(C=0.1, tol=1e-8)
    model = LokiClassifier(base, **SPACES[name])
    weighted = clone(model).fit(X_SEEN, target(name), sample_weight=weight)
    repeated = clone(model).fit(
        np.repeat(X_SEEN, weight, axis=0), np.repeat(target(name), weight)
    )
    np.testing.assert_allclose(
        weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-6
    )
    plain = clone(model).fit(X_SEEN, target(name))
    ones = clone(model).fit(X_SEEN, target(name), sample_weight=np.ones(len(Y)))
    np.testing.assert_allclose(ones.predict_proba(X), plain.predict_proba(X))
    assert np.abs(weighted.predict_proba(X) - plain.predict_proba(X)).max() > 0.01


class Recorder(ClassifierMixin, BaseEstimator):
    """Keeps what its `fit` was given."""

    def fit(self, X, y, sample_weight=None, note=None):
        self.classes_ = np.unique(y)
        self.sample_weight_, self.note_ = sample_weight, note
        return self

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


def test_fit_parameters_are_routed():
    weight = np.linspace(1, 2, len(Y))
    note = np.arange(len(Y))
    with sklearn.config_context(enable_metadata_routing=True):
        base = Recorder().set_fit_request(sample_weight=True, note=True)
        model = LokiClassifier(base, **SPACES["ordinal"])
        model.fit(X_SEEN, Y, sample_weight=weight, note=note)
        np.testing.assert_array_equal(model.estimator_.sample_weight_, weight)
        np.testing.assert_array_equal(model.estimator_.note_, note)

        base = Recorder().set_fit_request(sample_weight=False, note=True)
        model = LokiClassifier(base, **SPACES["ordinal"])
        model.fit(X_SEEN, Y, note=note)
        assert model.estimator_.sample_weight_ is None
        with pytest.raises(TypeError, match="unknown"):
            model.fit(X_SEEN, Y, unknown=note)

        # through a search, where rows are cut to the fold
        base = Recorder().set_fit_request(sample_weight=True, note=True)
        model = LokiClassifier(base, **SPACES["ordinal"])
        model.set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
        search = GridSearchCV(model, {"power": [1, 2]}, cv=3)
        search.fit(X_SEEN, Y, sample_weight=weight, note=note)
        best = search.best_estimator_.estimator_
        np.testing.assert_array_equal(best.sample_weight_, weight)
    model = LokiClassifier(Recorder(), **SPACES["ordinal"])
    model.fit(X_SEEN, Y, sample_weight=weight)
    np.testing.assert_array_equal(model.estimator_.sample_weight_, weight)


def test_tags_are_those_of_the_classifier():
    for base in (LogisticRegression(), GaussianNB(), None):
        tags = LokiClassifier(base).__sklearn_tags__()
        inner = (base or LogisticRegression()).__sklearn_tags__()
        assert tags.input_tags.sparse == inner.input_tags.sparse
        assert tags.estimator_type == "classifier"


def test_no_rows():
    """Whether there may be none is for the classifier inside to say."""
    model = LokiClassifier(Recorder(), **SPACES["tree"]).fit(X_SEEN, NAMES[Y])
    assert model.predict(X[:0]).shape == (0,)
    assert model.predict_proba(X[:0]).shape == (0, 7)
    assert model.decision_function(X[:0]).shape == (0, 7)
    assert model.frechet_variance(X[:0]).shape == (0,)
    labels, variances = model.rank_labels(X[:0], 3)
    assert labels.shape == variances.shape == (0, 3)

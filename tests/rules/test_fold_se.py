"""FoldSE as a scikit-learn citizen: callbacks, probabilities, copies, side effects."""

import copy
import inspect
import pickle

import joblib
import numba
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from skops import io as skops_io

from sklearn_ext import FoldSE
from tests.rules._canonical import state
from tests.rules._tables import NAN, random_table
from tests.rules.test_containers import mixed_containers, numeric_containers

ATTRIBUTES = {
    *("classes_", "n_features_in_", "is_categorical_", "categories_", "rules_"),
    *("raw_rules_", "rule_counts_", "n_rules_", "n_literals_", "default_class_"),
    *("tail_count_", "feature_importances_"),
}


def mixed_frame(seed=6, **options):
    """Return a frame of numbers, strings and missing cells, and labels of text."""
    rows, _, y = random_table(seed, **options)
    frame = pd.DataFrame(rows, columns=list("abcdef"))
    return frame, np.array(["no", "yes", "perhaps", "never"])[y]


@pytest.fixture
def binary():
    return mixed_frame()


@pytest.fixture
def multi_class():
    return mixed_frame(n_classes=4)


@pytest.fixture(params=[2, 4], ids=["binary", "multi-class"])
def table(request):
    return mixed_frame(n_classes=request.param)


def test_fitted_attributes(table):
    """The documented attributes, and nothing else of the training data."""
    X, y = table
    model = FoldSE()
    assert model.fit(X, y) is model
    found = {name for name in vars(model) if name.endswith("_")}
    assert found == ATTRIBUTES | {"feature_names_in_"}
    private = {name for name in vars(model) if name.startswith("_")}
    assert not {name for name in private if "callback" not in name}
    assert isinstance(model.rules_, tuple)
    assert isinstance(model.raw_rules_, tuple)
    assert model.is_categorical_.dtype == bool
    assert model.rule_counts_.shape == (len(model.rules_) + 1, len(model.classes_))
    assert model.rule_counts_.dtype == model.feature_importances_.dtype == np.float64
    assert model.feature_importances_.sum() == pytest.approx(1)
    assert isinstance(model.n_rules_, int)
    assert isinstance(model.n_literals_, int)
    assert isinstance(model.tail_count_, float)
    assert model.feature_names_in_.tolist() == list("abcdef")


def test_probabilities(table):
    """Rows sum to one, argmax = predict, `apply` agrees (spec 6.12)."""
    X, y = table
    model = FoldSE(tail=0.01).fit(X, y)
    probability = model.predict_proba(X)
    assert probability.dtype == np.float64
    np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-12)
    answers = model.predict(X)
    assert (model.classes_[probability.argmax(axis=1)] == answers).all()
    which = model.apply(X)
    assert which.dtype == np.int64
    heads = [rule.head for rule in model.rules_] + [model.default_class_]
    assert [heads[k] for k in which] == answers.tolist()
    for k, counts in enumerate(model.rule_counts_):
        decided = y[which == (k if k < len(model.rules_) else -1)]
        assert [np.sum(decided == c) for c in model.classes_] == counts.tolist()


def test_rule_counts_are_weights(table):
    X, y = table
    weight = np.random.default_rng(0).integers(0, 4, len(y)) / 2
    counts = FoldSE().fit(X, y, sample_weight=weight).rule_counts_
    by_class = pd.Series(weight).groupby(y).sum().sort_index()
    np.testing.assert_allclose(counts.sum(axis=0), by_class)


def test_confidence_of_37_in_40():
    X = np.array([["a"]] * 40 + [["b"]] * 40, dtype=object)
    y = [1] * 37 + [0] * 3 + [0] * 37 + [1] * 3
    model = FoldSE().fit(X, y)
    (rule,) = model.rules_
    assert (rule.support, len(rule.literals), rule.exceptions) == (40, 1, ())
    assert rule.confidence == pytest.approx(0.88776, abs=5e-6)
    (_, positive), *_ = model.predict_proba([["a"]])
    assert positive == pytest.approx(0.88776, abs=5e-6)


def test_probability_follows_the_head_against_the_counts():
    """A rule may decide more rows of another class; argmax is its head all the same."""
    X = np.array([["a"]] * 2 + [["b"]] * 3 + [["c"]] * 4, dtype=object)
    y = [1, 0, 1, 1, 0, 0, 0, 0, 1]
    model = FoldSE(ratio=5.0, tail=0, max_depth=0).fit(X, y)
    probability = model.predict_proba(X)
    assert (model.classes_[probability.argmax(axis=1)] == model.predict(X)).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-12)


def test_clone_repr_and_params():
    model = FoldSE(ratio=0.3, max_depth=2)
    assert repr(model) == "FoldSE(max_depth=2, ratio=0.3)" or "ratio=0.3" in repr(model)
    assert clone(model).get_params() == model.get_params()
    names = list(inspect.signature(FoldSE).parameters)
    assert names == [
        *("ratio", "tail", "categorical_features", "heuristic", "pos_label"),
        *("max_rules", "max_depth", "max_literals", "class_weight", "min_confidence"),
        *("n_jobs", "verbose"),
    ]
    assert FoldSE()._repr_html_().startswith("<style>")


def test_tags():
    tags = FoldSE().__sklearn_tags__()
    assert tags.input_tags.allow_nan
    assert tags.input_tags.categorical
    assert tags.input_tags.string
    assert tags.input_tags.sparse
    assert tags.classifier_tags.multi_class


@pytest.mark.parametrize("copier", ["pickle", "deepcopy", "skops"])
def test_copies_predict_the_same(copier, table):
    X, y = table
    model = FoldSE(tail=0).fit(X, y)
    if copier == "pickle":
        again = pickle.loads(pickle.dumps(model))
    elif copier == "deepcopy":
        again = copy.deepcopy(model)
    else:
        dumped = skops_io.dumps(model)
        unknown = skops_io.get_untrusted_types(data=dumped)
        assert all(name.startswith("sklearn_ext.") for name in unknown)
        again = skops_io.loads(dumped, trusted=unknown)
    assert state(again) == state(model)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_grid_search(binary):
    X, y = binary
    grid = {"ratio": [0.0, 0.5], "tail": [0, 0.02]}
    search = GridSearchCV(FoldSE(), grid, n_jobs=2, cv=3).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.predict(X).shape == y.shape


def test_pipeline_with_frames():
    X, y = load_iris(return_X_y=True, as_frame=True)
    pipeline = make_pipeline(StandardScaler(), FoldSE()).set_output(transform="pandas")
    pipeline.fit(X, y)
    assert pipeline[-1].feature_names_in_.tolist() == list(X.columns)
    assert pipeline.score(X, y) > 0.9
    scores = cross_validate(pipeline, X, y, scoring=["accuracy", "neg_log_loss"])
    assert np.isfinite(scores["test_neg_log_loss"]).all()


def test_metadata_routing(binary):
    """`sample_weight` reaches fit through a pipeline inside a grid search."""
    X, y = binary
    weight = np.where(y == "yes", 3.0, 1.0)
    seen = []

    class Recorder(FoldSE):
        def fit(self, X, y, sample_weight=None):
            seen.append(None if sample_weight is None else len(sample_weight))
            return super().fit(X, y, sample_weight)

    Recorder.__init__ = FoldSE.__init__
    with sklearn.config_context(enable_metadata_routing=True):
        learner = Recorder().set_fit_request(sample_weight=True)
        learner.set_score_request(sample_weight=True)
        pipeline = make_pipeline(FunctionTransformer(), learner)
        search = GridSearchCV(pipeline, {"recorder__tail": [0, 3]}, cv=3)
        search.fit(X, y, sample_weight=weight)
    assert seen == [100] * 6 + [150]
    expected = FoldSE(tail=search.best_params_["recorder__tail"])
    expected.fit(X, y, sample_weight=weight)
    assert state(search.best_estimator_[-1]) == state(expected)


class StopAfter:
    """Ask to stop at the end of the n-th rule, and remember the tasks."""

    def __init__(self, n):
        self.n, self.tasks = n, []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.tasks.append((context.task_name, context.task_id))
        return context.task_name == "rule" and context.task_id + 1 == self.n


def rule_rows(monitor):
    """Return the log of one monitored fit, one row per rule."""
    log = monitor.get_logs().data
    return [row for row in log if row["task_name"] == "rule"]


def test_scoring_monitor(table):
    """One row per accepted rule: the score of the model cut after that rule (6.16)."""
    X, y = table
    monitor = ScoringMonitor(scoring=["accuracy", "neg_log_loss"])
    model = FoldSE(tail=0).set_callbacks(monitor).fit(X, y)
    rows = rule_rows(monitor)
    assert len(rows) == len(model.rules_) > 2
    for n, row in enumerate(rows, start=1):
        cut = FoldSE(tail=0, max_rules=n).fit(X, y)
        assert row["accuracy"] == cut.score(X, y)
    assert state(model) == state(FoldSE(tail=0).fit(X, y))


def test_scoring_monitor_with_weights(binary):
    X, y = binary
    weight = np.arange(len(y)) % 3
    monitor = ScoringMonitor(scoring="accuracy")
    model = FoldSE().set_callbacks(monitor).fit(X, y, sample_weight=weight)
    assert rule_rows(monitor)[-1]["accuracy"] == model.score(X, y, sample_weight=weight)


def test_callback_stops_the_fit(table):
    X, y = table
    callback = StopAfter(2)
    model = FoldSE(tail=0).set_callbacks(callback).fit(X, y)
    assert len(FoldSE(tail=0).fit(X, y).rules_) > 2
    assert state(model) == state(FoldSE(tail=0, max_rules=2).fit(X, y))
    assert [name for name, _ in callback.tasks[:2]] == ["rule", "rule"]
    assert len(callback.tasks) == 3  # two rules, then the fit itself


def test_callbacks_in_pipeline_and_grid_search(binary):
    X, y = binary
    monitor, stop = ScoringMonitor(scoring="accuracy"), StopAfter(2)
    learner = FoldSE(tail=0).set_callbacks(monitor, stop)
    pipeline = make_pipeline(FunctionTransformer(), learner)
    search = GridSearchCV(pipeline, {"foldse__ratio": [0.2, 0.5]}, cv=2, n_jobs=2)
    with joblib.parallel_config("threading"):  # processes could not unpickle StopAfter
        search.fit(X, y)
    assert len(search.best_estimator_[-1].rules_) == 2
    assert len(rule_rows(monitor)) == 2 * (2 * 2 + 1)


@pytest.mark.parametrize("verbose", [0, 1])
def test_verbose(verbose, table, capfd):
    X, y = table
    model = FoldSE(verbose=verbose, tail=0).fit(X, y)
    captured = capfd.readouterr()
    lines = (captured.out + captured.err).splitlines()
    assert len(lines) == verbose * len(model.rules_)


def test_fit_leaves_the_world_alone(binary):
    """X, y, weights, global random state and thread count are as before (6.19)."""
    X, y = binary
    weight = np.ones(len(y))
    before = X.copy(deep=True), y.copy()
    threads, errors = numba.get_num_threads(), np.geterr()
    np.random.seed(0)  # noqa: NPY002
    random_state = np.random.get_state()  # noqa: NPY002
    model = FoldSE(n_jobs=1).fit(X, y, sample_weight=weight)
    model.predict_proba(X)
    pd.testing.assert_frame_equal(X, before[0])
    np.testing.assert_array_equal(y, before[1])
    assert (weight == 1).all()
    assert numba.get_num_threads() == threads
    assert np.geterr() == errors
    after = np.random.get_state()  # noqa: NPY002
    assert all(map(np.array_equal, random_state, after))


def test_predict_leaves_the_model_alone(table):
    X, y = table
    model = FoldSE().fit(X, y)
    before = pickle.dumps(vars(model))
    for method in ("predict", "predict_proba", "apply", "explain"):
        getattr(model, method)(X.iloc[:5])
    assert pickle.dumps(vars(model)) == before


def signatures():
    """Count the compiled signatures of all kernels of the package."""
    import sklearn_ext._core._numba as core
    from sklearn_ext.rules import _kernels, _kernels_encoding

    found = {}
    for module in (core, _kernels, _kernels_encoding):
        for name, value in vars(module).items():
            if hasattr(value, "signatures"):
                found[module.__name__, name] = len(value.signatures)
    return found


@pytest.mark.usefixtures("compiled")
def test_second_fit_compiles_nothing():
    """Whatever the container, no kernel sees a new type after the first fits (6.19)."""
    X, y = load_breast_cancer(return_X_y=True)
    X = X.astype(np.float32).astype(np.float64)
    _, _, mixed_y = random_table(6)

    def fit_all():
        for _, numbers in numeric_containers(X):
            FoldSE().fit(numbers, y).predict(numbers)
        for _, cells in mixed_containers():
            FoldSE(categorical_features=[1, 3]).fit(cells, mixed_y).predict(cells)

    wine, wine_y = load_wine(return_X_y=True)
    for dtype in (np.float32, np.float64):
        FoldSE().fit(wine.astype(dtype), wine_y).predict(wine.astype(dtype))
    FoldSE().fit(*mixed_frame())
    fit_all()
    before = signatures()
    assert sum(before.values()) > 0
    fit_all()
    read_only = np.asfortranarray(X[::2])
    read_only.flags.writeable = False
    FoldSE().fit(read_only, y[::2]).predict(read_only)
    assert signatures() == before


def test_deep_exceptions():
    """Where exceptions nest very deep, no recursion limit is met by any method."""
    n = 300
    X, y = np.arange(n, dtype=float)[:, None], np.arange(n) % 2
    for ratio in (1.0, 1e9):
        model = FoldSE(ratio=ratio, tail=0).fit(X, y)
        assert model.n_rules_ > 20
        again = pickle.loads(pickle.dumps(copy.deepcopy(model)))
        answers = model.predict(X).tolist()
        assert again.predict(X).tolist() == answers
        assert FoldSE.from_json(model.to_json()).predict(X).tolist() == answers
        assert model.to_asp().count("ab") > 20
        model.explain(X[:3])


def test_unseen_rows_are_decided(table):
    X, y = table
    model = FoldSE(tail=0).fit(X, y)
    strange = pd.DataFrame(
        {
            "a": [NAN, "word", 1e300],
            "b": ["violet", None, ""],
            "c": ["never seen", NAN, -1e300],
            "d": [None, "9", "2"],
            "e": [NAN, NAN, "0.5"],
            "f": [NAN, "?", 3],
        }
    )
    assert set(model.predict(strange)) <= set(model.classes_)
    assert np.isfinite(model.predict_proba(strange)).all()

"""Learning curves: which rows they use, what they score, what they refuse."""

import pickle
import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, make_scorer
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sklearn_ext import NaiveBayesProbe, probe_learning_curve

SIZES = np.array([20, 80, 320, 1280])


def table(n_samples=300, n_classes=3, n_features=5, seed=0):
    generator = np.random.default_rng(seed)
    y = generator.integers(n_classes, size=n_samples)
    means = generator.normal(size=(n_classes, n_features))
    return means[y] + generator.normal(size=(n_samples, n_features)), y


class Scripted(ClassifierMixin, BaseEstimator):
    """Has the score that a table says for the number of its training rows."""

    def __init__(self, scores):
        self.scores = scores

    def fit(self, X, y):
        self.n_rows_ = len(X)
        return self

    def score(self, X, y):
        return self.scores[self.n_rows_]


class Recorder(ClassifierMixin, BaseEstimator):
    """Notes the rows that it is fitted and scored on; X is their number."""

    log = []

    def __init__(self, name):
        self.name = name

    def fit(self, X, y):
        self.rows_ = X[:, 0].tolist()
        return self

    def score(self, X, y):
        Recorder.log.append((self.name, self.rows_, X[:, 0].tolist()))
        return 0.5


def test_crossings_of_scripted_classifiers():
    """From the scores of classifiers to crossings and recommendations."""
    scores = {
        "early": [0.6, 0.7, 0.7, 0.7],
        "late": [0.4, 0.5, 0.8, 0.9],
        "bad": [0.1, 0.1, 0.7, 0.1],
    }
    X, y = table(1300)
    result = probe_learning_curve(
        X,
        y,
        estimators={
            name: Scripted(dict(zip(SIZES.tolist(), each, strict=True)))
            for name, each in scores.items()
        },
        train_sizes=SIZES,
        X_test=X[:5],
        y_test=y[:5],
        n_repeats=2,
        scoring=None,
        random_state=0,
    )
    assert result.recommended.tolist() == ["early", "early", "late", "late"]
    assert {pair for pair, found in result.crossings.items() if found} == {
        ("early", "late")
    }
    assert len(result.crossings) == 6
    found = result.crossings["early", "late"]
    assert found.size == pytest.approx(80 * 4 ** (0.2 / 0.3))
    assert found.low == found.high == found.size
    for name, each in scores.items():
        np.testing.assert_array_equal(result.test_scores[name], np.c_[each, each])


@pytest.mark.parametrize("sampling", ["random", "stratified"])
@pytest.mark.parametrize("with_test_set", [False, True])
def test_subsets_are_nested_shared_and_apart_from_test_rows(sampling, with_test_set):
    n_classes, n_samples = 6, 240
    X = np.arange(n_samples)[:, np.newaxis]
    y = np.random.default_rng(0).permutation(X[:, 0] % n_classes)
    test = {"X_test": X[:30] + 1000, "y_test": y[:30]} if with_test_set else {}
    Recorder.log.clear()
    probe_learning_curve(
        X,
        y,
        estimators={name: Recorder(name) for name in ("one", "other")},
        train_sizes=[6, 20, 90],
        n_repeats=3,
        scoring=None,
        sampling=sampling,
        random_state=0,
        **test,
    )
    seen = {name: [] for name in ("one", "other")}
    for name, rows, test_rows in Recorder.log:
        seen[name].append(rows)
        if with_test_set:
            assert test_rows == list(range(1000, 1030))
        else:
            assert test_rows == Recorder.log[0][2]
            assert len(test_rows) == 60
            assert not set(rows) & set(test_rows)
            assert (np.bincount(y[test_rows]) == 10).all()
        assert set(y[rows]) == set(range(n_classes))
        assert len(rows) == len(set(rows))
    assert seen["one"] == seen["other"]
    assert [len(rows) for rows in seen["one"]] == [6, 20, 90] * 3
    for repeat in range(3):
        for smaller, larger in pairwise(seen["one"][3 * repeat : 3 * repeat + 3]):
            assert larger[: len(smaller)] == smaller
    assert len({tuple(rows) for rows in seen["one"]}) == 9  # repeats differ


def test_exchanged_rows_are_counted_over_the_repeats():
    """Twenty classes in twenty rows: more than a quarter of them miss at random."""
    y = np.arange(400) % 20
    X = y[:, np.newaxis]
    options = {"estimators": {"same": Recorder("same")}, "scoring": None}
    options |= {"train_sizes": [20, 100], "random_state": 0}
    once, thrice = (
        probe_learning_curve(X, y, n_repeats=n, **options).n_repaired for n in (1, 3)
    )
    assert 3 < once < 20 < thrice
    balanced = probe_learning_curve(X, y, sampling="stratified", **options)
    assert balanced.n_repaired == 0


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ([2, 50], "2 rows, fewer than the 3 classes"),
        ([0.001, 1.0], "0 rows, fewer than the 3 classes"),
        ([-5, 50], "-5 rows"),
        ([50, 226], "226 rows, and there are only 225"),
        ([50, 50], "not increasing: 50 rows come after 50"),
        ([90, 50], "not increasing: 50 rows come after 90"),
        ([20, 1.5], "holds 1.5"),
        ([20, True], "holds True"),
        ([20, "all"], "holds 'all'"),
        ([20, None], "holds None"),
        ([], "at least one size"),
        (50, "a sequence"),
        ("all", "'all' is not known"),
    ],
)
def test_bad_sizes(sizes, message):
    X, y = table()
    with pytest.raises(ValueError, match=message) as caught:
        probe_learning_curve(X, y, train_sizes=sizes)
    assert "train_sizes" in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"estimators": [NaiveBayesProbe()]}, TypeError, "estimators has to be a dict"),
        ({"estimators": {}}, TypeError, "estimators has to be a dict"),
        ({"estimators": {"nb": "nb"}}, TypeError, "implementing 'fit'"),
        ({"scoring": "speed"}, ValueError, "'speed'"),
        ({"scoring": ["accuracy"]}, TypeError, "one scorer"),
        ({"sampling": "balanced"}, ValueError, "sampling='balanced'"),
        ({"n_repeats": 0}, ValueError, "n_repeats=0"),
        ({"n_repeats": 2.0}, ValueError, "n_repeats=2.0"),
        ({"X_test": np.ones((2, 5))}, ValueError, "X_test is given without y_test"),
        ({"y_test": [0, 1]}, ValueError, "y_test is given without X_test"),
        ({"X_test": np.ones((2, 5)), "y_test": [0]}, ValueError, "inconsistent"),
        ({"test_size": 1.5}, ValueError, "test_size"),
        ({"y": np.zeros(300)}, ValueError, "1 class"),
        ({"y": np.linspace(0, 1, 300)}, ValueError, "Unknown label type"),
        ({"y": np.zeros(299)}, ValueError, "inconsistent"),
        ({"y": np.full(300, np.nan)}, ValueError, "contains NaN"),
    ],
)
def test_bad_arguments(arguments, error, message):
    X, y = table()
    with pytest.raises(error, match=message):
        probe_learning_curve(**{"X": X, "y": y} | arguments)


def test_an_estimator_without_predict_has_the_message_of_scikit_learn():
    X, y = table()
    with pytest.raises(AttributeError, match=r"StandardScaler.*predict"):
        probe_learning_curve(X, y, estimators={"scaler": StandardScaler()})


def classifiers():
    return {
        "probe": NaiveBayesProbe(),
        "calibrated": NaiveBayesProbe(temperature="loo"),
        "gaussian": GaussianNB(),
        "scaled": make_pipeline(MinMaxScaler(), LogisticRegression(max_iter=200)),
    }


@pytest.mark.parametrize("sampling", ["random", "stratified"])
def test_scores_are_those_of_fresh_fits_on_the_subsets(sampling, global_random_seed):
    """A loop over all, with the subsets of the recorder."""
    X, y = table(200, seed=global_random_seed)
    X_test, y_test = table(100, seed=global_random_seed)
    rows = np.arange(200)[:, np.newaxis]
    common = {
        "train_sizes": [8, 40, 200],
        "n_repeats": 2,
        "sampling": sampling,
        "random_state": global_random_seed,
        "y_test": y_test,
    }
    Recorder.log.clear()
    probe_learning_curve(
        rows,
        y,
        X_test=rows[:100],
        estimators={"rows": Recorder("rows")},
        **common | {"scoring": None},
    )
    result = probe_learning_curve(
        X, y, X_test=X_test, estimators=classifiers(), scoring="neg_log_loss", **common
    )
    for position, (_, subset, _) in enumerate(Recorder.log):
        repeat, size = divmod(position, 3)
        for name, model in classifiers().items():
            fresh = model.fit(X[subset], y[subset]).predict_proba(X_test)
            score = -log_loss(y_test, fresh, labels=[0, 1, 2])
            found = result.test_scores[name][size, repeat]
            assert found == pytest.approx(score, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss"])
def test_one_pass_of_the_probe_gives_the_scores_of_fresh_fits(scoring, monkeypatch):
    X, y = load_digits(return_X_y=True)
    names = np.array(["zero", "one", "two", "three", "four"])
    X, y = X[y < 5], names[y[y < 5]]
    options = {"scoring": scoring, "random_state": 0, "n_repeats": 3}
    fresh = probe_learning_curve(
        X,
        y,
        estimators={"nb": make_pipeline("passthrough", NaiveBayesProbe())},
        **options,
    )

    def fit(self, X, y, sample_weight=None):
        raise AssertionError("the probe is fitted afresh")

    with monkeypatch.context() as patched:
        patched.setattr(NaiveBayesProbe, "fit", fit)
        one_pass = probe_learning_curve(
            X, y, estimators={"nb": NaiveBayesProbe()}, **options
        )
    np.testing.assert_allclose(
        one_pass.test_scores["nb"], fresh.test_scores["nb"], rtol=1e-10, atol=1e-10
    )
    assert (np.diff(one_pass.fit_times["nb"], axis=0) > 0).all()  # summed up
    assert (fresh.fit_times["nb"] > 0).all()


@pytest.mark.parametrize(
    "options",
    [
        {"shrinkage": "auto"},
        {"temperature": "loo"},
        {"priors": "uniform", "shrinkage": 0.3, "temperature": 5.0},
        {"missing": "marginalize"},
        {"new_classes": "add"},
    ],
    ids=lambda options: next(iter(options)),
)
def test_every_kind_of_probe_has_the_scores_of_fresh_fits(options):
    X, y = load_digits(return_X_y=True)
    X = X.astype(np.float64)
    if "missing" in options:
        X[np.random.default_rng(0).random(X.shape) < 0.1] = np.nan
    probe = NaiveBayesProbe(**options)
    result = probe_learning_curve(
        X,
        y,
        estimators={"own": probe, "piped": make_pipeline("passthrough", probe)},
        train_sizes=[20, 150, 600],
        n_repeats=2,
        scoring="neg_log_loss",
        random_state=0,
    )
    np.testing.assert_allclose(
        result.test_scores["own"], result.test_scores["piped"], rtol=1e-10
    )


def test_leave_one_out_scores_are_those_of_fresh_fits():
    X, y = table(200)
    rows = np.arange(200)[:, np.newaxis]
    common = {"train_sizes": [30, 200], "n_repeats": 2, "random_state": 0}
    Recorder.log.clear()
    test = {"X_test": rows[:9], "y_test": y[:9], "scoring": None}
    probe_learning_curve(
        rows, y, estimators={"rows": Recorder("rows")}, **test, **common
    )
    estimators = classifiers()
    estimators["piped"] = make_pipeline(estimators["calibrated"])
    result = probe_learning_curve(
        X, y, estimators=estimators, X_test=X, y_test=y, **common
    )
    assert list(result.loo_scores) == ["calibrated"]
    expected = [
        NaiveBayesProbe(temperature="loo").fit(X[subset], y[subset]).loo_score_
        for _, subset, _ in Recorder.log
    ]
    np.testing.assert_array_equal(
        result.loo_scores["calibrated"], np.reshape(expected, (2, 2)).T
    )


def test_the_result_is_independent_of_n_jobs():
    X, y = table(400)
    one, two = (
        probe_learning_curve(
            X, y, estimators=classifiers(), n_repeats=3, random_state=1, n_jobs=n_jobs
        )
        for n_jobs in (1, 2)
    )
    for name in one.test_scores:
        np.testing.assert_array_equal(one.test_scores[name], two.test_scores[name])
    assert one.crossings == two.crossings
    assert any(one.crossings.values())
    columns = ["estimator", "train_size", "repeat", "score"]
    pd.testing.assert_frame_equal(one.frame[columns], two.frame[columns])
    assert one.recommended.tolist() == two.recommended.tolist()


def test_the_random_state_decides():
    X, y = table(300)
    dummy = {"most": DummyClassifier(strategy="most_frequent"), "near": GaussianNB()}

    def scores(random_state):
        result = probe_learning_curve(
            X, y, estimators=dummy, n_repeats=2, random_state=random_state
        )
        return np.stack([*result.test_scores.values()])

    np.testing.assert_array_equal(scores(0), scores(0))
    np.testing.assert_array_equal(scores(0), scores(np.random.RandomState(0)))
    assert (scores(0) != scores(1)).any()


def test_texts_and_sparse_rows():
    generator = np.random.default_rng(0)
    words = np.array([list("abcd"), list("cdef"), list("efgh")])
    y = generator.integers(3, size=120)
    texts = [" ".join(generator.choice(words[label], size=4)) for label in y]
    vectorizer = CountVectorizer(token_pattern=r"\w")
    counts = vectorizer.fit_transform(texts)
    common = {"y": y, "train_sizes": [20, 60], "n_repeats": 2, "random_state": 0}
    of_texts = probe_learning_curve(
        texts,
        estimators={"nb": make_pipeline(vectorizer, MultinomialNB())},
        **common,
    )
    of_counts = probe_learning_curve(
        counts,
        estimators={"nb": MultinomialNB(), "probe": NaiveBayesProbe()},
        **common,
    )
    np.testing.assert_array_equal(
        of_texts.test_scores["nb"], of_counts.test_scores["nb"]
    )
    dense = probe_learning_curve(
        counts.toarray().astype(float),
        estimators={"probe": NaiveBayesProbe()},
        **common,
    )
    np.testing.assert_allclose(
        of_counts.test_scores["probe"], dense.test_scores["probe"], atol=1e-10
    )


@pytest.mark.parametrize(
    "container",
    [
        lambda X: pd.DataFrame(X, columns=list("abcde")),
        lambda X: X.tolist(),
        np.asfortranarray,
        sp.csc_array,
    ],
)
def test_containers_have_the_scores_of_arrays(container):
    X, y = table()
    names = np.array(["ant", "newt", "zebra"])[y]
    estimators = {"nb": NaiveBayesProbe(), "lr": LogisticRegression(max_iter=500)}
    common = {"train_sizes": [20, 0.5], "n_repeats": 2, "random_state": 0}
    common |= {"estimators": estimators}
    of_array = probe_learning_curve(X, y, **common)
    of_container = probe_learning_curve(
        container(X), pd.Series(names, index=np.arange(300)[::-1]), **common
    )
    assert of_array.train_sizes.tolist() == of_container.train_sizes.tolist()
    for name in estimators:
        np.testing.assert_allclose(
            of_array.test_scores[name], of_container.test_scores[name]
        )


def test_the_default_compares_the_probe_with_logistic_regression():
    X, y = table(150)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = probe_learning_curve(X, y, random_state=0, n_repeats=2)
    assert list(result.test_scores) == list(result.fit_times) == ["nb", "lr"]
    assert (result.train_sizes[0], result.train_sizes[-1]) == (20, 112)
    assert result.loo_scores == {}
    assert list(result.crossings) == [("nb", "lr"), ("lr", "nb")]
    assert set(result.recommended) <= {"nb", "lr"}
    assert result.scoring == "accuracy"
    assert isinstance(result.n_repaired, int)
    frame = result.frame
    assert list(frame) == ["estimator", "train_size", "repeat", "score", "fit_time"]
    for row in frame.sample(20, random_state=0).itertuples():
        place = np.flatnonzero(result.train_sizes == row.train_size)[0], row.repeat
        assert row.score == result.test_scores[row.estimator][place]
        assert row.fit_time == result.fit_times[row.estimator][place]
    assert not frame.duplicated(["estimator", "train_size", "repeat"]).any()
    assert len(frame) == 2 * len(result.train_sizes) * 2


def test_few_rows_per_class_are_no_reason_to_warn():
    y = np.arange(200) % 40
    X = np.eye(40)[y] + np.random.default_rng(0).normal(size=(200, 40)) / 9
    lone = {"train_sizes": [40, 50], "sampling": "stratified", "random_state": 0}
    result = probe_learning_curve(X, y, **lone)  # warnings are errors
    assert (result.test_scores["nb"] > 0.9).all()


def test_scorers_of_every_kind():
    X, y = table()

    def scores(scoring, **options):
        return probe_learning_curve(
            X,
            y,
            estimators={"nb": NaiveBayesProbe()},
            train_sizes=[50],
            n_repeats=2,
            scoring=scoring,
            random_state=0,
            **options,
        ).test_scores["nb"]

    def share_right(y_true, y_pred):
        return np.mean(y_true == y_pred)

    accuracy = scores("accuracy")
    np.testing.assert_array_equal(scores(None), accuracy)
    np.testing.assert_array_equal(scores(make_scorer(share_right)), accuracy)
    loss = make_scorer(
        log_loss, response_method="predict_proba", greater_is_better=False
    )
    np.testing.assert_allclose(scores(loss), scores("neg_log_loss"))


def test_input_and_classifiers_are_left_alone():
    X, y = table()
    X.flags.writeable = y.flags.writeable = False
    estimators = classifiers() | {"centroid": NearestCentroid()}
    before = pickle.dumps(estimators)
    probe_learning_curve(X, y, estimators=estimators, n_repeats=1, random_state=0)
    assert pickle.dumps(estimators) == before

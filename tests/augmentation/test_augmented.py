"""AugmentedClassifier, against fits by hand on the rows that an augmenter made."""

import pickle
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import skops.io
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_validate,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from sklearn_ext.augmentation._alp import ALPAugmenter
from sklearn_ext.augmentation._augmented import AugmentedClassifier
from sklearn_ext.augmentation._warning import AugmentationWarning
from tests.augmentation._recorder import WEIGHT, Recorder, X, Y, recorded
from tests.augmentation._samplers import NoisyCopies, TextFeatures, WordSwaps
from tests.augmentation._texts import CLASSES, TEXTS
from tests.common._text_checks import text_checks


class Extra(BaseEstimator):
    """Appends copies of the first rows, and says as much of them as it is told to."""

    def __init__(self, n_new=5, tells=()):
        self.n_new = n_new
        self.tells = tells

    def fit_resample(self, X, y):
        rows = np.concatenate([np.arange(len(X)), np.arange(self.n_new)])
        told = {
            "sample_indices_": rows,
            "is_augmented_": np.arange(len(rows)) >= len(X),
        }
        for name in self.tells:
            setattr(self, name, told[name])
        return X[rows], y[rows]


@pytest.mark.parametrize("sample_weight", [None, WEIGHT])
@pytest.mark.parametrize("augmented_weight", [0, 0.3, 1, 2.5])
@pytest.mark.parametrize("strategy", ["aug-train", "aug-only"])
def test_fits_what_a_fit_by_hand_does(strategy, augmented_weight, sample_weight):
    if strategy == "aug-only" and augmented_weight == 0:
        pytest.skip("leaves nothing, see test_no_weight_at_all")
    model = AugmentedClassifier(
        LogisticRegression(),
        NoisyCopies(),
        augmented_weight=augmented_weight,
        strategy=strategy,
    ).fit(X, Y, sample_weight)
    weight = np.ones(40) if sample_weight is None else sample_weight
    parts = [(X, weight), (1.25 * X, augmented_weight * weight)]
    parts = parts if strategy == "aug-train" else parts[1:]
    by_hand = LogisticRegression().fit(
        np.concatenate([rows for rows, _ in parts]),
        np.concatenate([Y] * len(parts)),
        np.concatenate([weights for _, weights in parts]),
    )
    np.testing.assert_allclose(model.estimator_.coef_, by_hand.coef_, rtol=1e-10)
    assert model.n_augmented_ == 40
    assert model.classes_.tolist() == ["no", "yes"]
    for method in ("predict", "predict_proba", "predict_log_proba"):
        np.testing.assert_array_equal(
            getattr(model, method)(X), getattr(model.estimator_, method)(X)
        )
    np.testing.assert_array_equal(
        model.decision_function(X), model.estimator_.decision_function(X)
    )
    assert model.score(X, Y) == by_hand.score(X, Y)
    assert model.score(X, Y, WEIGHT) == by_hand.score(X, Y, WEIGHT)


def test_none_never_passes_weights():
    model = AugmentedClassifier(Recorder(), NoisyCopies(), augmented_weight=None)
    assert recorded(model.fit(X, Y))["sample_weight"] is None
    with pytest.raises(ValueError, match=r"augmented_weight=None.*sample_weight"):
        model.fit(X, Y, WEIGHT)


def test_no_weight_at_all():
    model = AugmentedClassifier(
        Recorder(), NoisyCopies(), augmented_weight=0, strategy="aug-only"
    )
    with pytest.raises(ValueError, match=r"weight 0.*augmented_weight=0.*aug-only"):
        model.fit(X, Y)


def test_a_class_without_new_rows_keeps_its_originals():
    sampler = WordSwaps({"praise": 4}, random_state=0)
    model = AugmentedClassifier(Recorder(), sampler, strategy="aug-only")
    with pytest.warns(AugmentationWarning, match=r"\['blame'\].*aug-only") as caught:
        model.fit(TEXTS, CLASSES)
    assert caught[0].filename == __file__
    given = recorded(model)
    made = sampler.fit_resample(TEXTS, CLASSES)[0][20:]
    assert given["X"] == [*TEXTS[10:], *made]
    assert given["y"] == ["blame"] * 10 + ["praise"] * 4
    assert given["sample_weight"].tolist() == [1.0] * 10 + [0.3] * 4
    assert model.n_augmented_ == 4


@pytest.mark.parametrize("strategy", ["aug-train", "aug-only"])
def test_an_augmenter_that_drops_originals_is_told_to_keep_them(strategy):
    sampler = WordSwaps(keep_original=False, random_state=0)
    model = AugmentedClassifier(Recorder(), sampler, strategy=strategy)
    n = 24 if strategy == "aug-train" else 4
    assert len(recorded(model.fit(TEXTS, CLASSES))["X"]) == n
    assert sampler.keep_original is False


@pytest.mark.parametrize(
    "convert",
    [list, tuple, np.array, pd.Series, lambda x: pd.Series(x, index=range(5, 25))],
)
def test_containers_reach_the_classifier(convert):
    model = AugmentedClassifier(Recorder(), WordSwaps(random_state=0))
    for strategy in ("aug-train", "aug-only"):
        model.set_params(strategy=strategy).fit(convert(TEXTS), convert(CLASSES))
        given = recorded(model)
        kept = given["X"]
        assert isinstance(kept, type(convert(TEXTS)) | list)
        assert len(kept) == len(given["y"]) == len(given["sample_weight"])


@pytest.mark.parametrize("make", [sp.csr_array, sp.coo_matrix, sp.dia_array])
def test_sparse_rows(make):
    for strategy in ("aug-train", "aug-only"):
        model = AugmentedClassifier(
            LogisticRegression(), NoisyCopies(), strategy=strategy
        )
        dense = clone(model).fit(X, Y)
        found = model.fit(make(X), Y).estimator_.coef_
        np.testing.assert_allclose(found, dense.estimator_.coef_, rtol=1e-3, atol=1e-4)


def test_features_are_those_of_the_classifier():
    frame = pd.DataFrame(X, columns=list("abc"))
    model = AugmentedClassifier(LogisticRegression(), NoisyCopies()).fit(frame, Y)
    assert model.n_features_in_ == 3
    assert model.feature_names_in_.tolist() == list("abc")
    model.set_params(estimator=Recorder()).fit(frame, Y)
    assert not hasattr(model, "n_features_in_")
    assert not hasattr(model, "feature_names_in_")


def test_methods_are_those_of_the_classifier():
    model = AugmentedClassifier(LinearSVC(), NoisyCopies())
    assert hasattr(model, "decision_function")
    for name in ("predict_proba", "predict_log_proba"):
        assert not hasattr(model, name)
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'"):
            getattr(model, name)
    with pytest.raises(NotFittedError):
        model.predict(X)
    with pytest.raises(NotFittedError):
        model.score(X, Y)


def test_a_classifier_without_weights_is_fitted_without():
    model = AugmentedClassifier(KNeighborsClassifier(3), NoisyCopies())
    message = "KNeighborsClassifier takes no sample_weight"
    with pytest.warns(UserWarning, match=message) as caught:
        model.fit(X, Y)
    assert caught[0].filename == __file__
    both = np.concatenate([X, 1.25 * X])
    by_hand = KNeighborsClassifier(3).fit(both, np.concatenate([Y, Y]))
    np.testing.assert_array_equal(model.predict(X), by_hand.predict(X))
    with pytest.warns(UserWarning, match=message):
        AugmentedClassifier(
            make_pipeline(StandardScaler(), KNeighborsClassifier(3)), NoisyCopies()
        ).fit(X, Y, WEIGHT)
    for augmented_weight in (None, 1.0):  # nothing is lost
        model.set_params(augmented_weight=augmented_weight).fit(X, Y)


def test_a_classifier_without_new_rows_needs_no_weights():
    AugmentedClassifier(KNeighborsClassifier(3), Extra(n_new=0)).fit(X, Y)


# Augmenters that tell less


@pytest.mark.parametrize("tells", [(), ("is_augmented_",)])
def test_rows_of_unknown_source_weigh_as_their_class(tells):
    model = AugmentedClassifier(Recorder(), Extra(5, tells)).fit(X, Y, WEIGHT)
    means = {label: WEIGHT[np.equal(Y, label)].mean() for label in ("no", "yes")}
    expected = [*WEIGHT, *(0.3 * means[label] for label in Y[:5])]
    np.testing.assert_allclose(recorded(model)["sample_weight"], expected, rtol=1e-14)
    assert model.n_augmented_ == 5
    with pytest.raises(ValueError, match="groups has one entry per row"):
        model.fit(X, Y, groups=np.arange(40))
    model.fit(X, Y, groups=np.arange(39), mode="fast")  # not of the rows
    assert recorded(model)["mode"] == "fast"


@pytest.mark.parametrize(
    "tells", [("sample_indices_",), ("sample_indices_", "is_augmented_")]
)
def test_rows_of_known_source_weigh_as_that(tells):
    model = AugmentedClassifier(Recorder(), Extra(5, tells)).fit(X, Y, WEIGHT)
    expected = [*WEIGHT, *(0.3 * WEIGHT[:5])]
    np.testing.assert_array_equal(recorded(model)["sample_weight"], expected)


@pytest.mark.parametrize(
    ("name", "n_new"),
    [("SMOTE", 12), ("RandomOverSampler", 12), ("RandomUnderSampler", 0)],
)
def test_samplers_of_imbalanced_learn(name, n_new):
    imblearn = pytest.importorskip("imblearn")
    package = (
        imblearn.under_sampling
        if name == "RandomUnderSampler"
        else imblearn.over_sampling
    )
    sampler = getattr(package, name)(random_state=0)
    y = np.array([0] * 26 + [1] * 14)
    model = AugmentedClassifier(Recorder(), sampler).fit(X, y, WEIGHT)
    given = recorded(model)
    made, labels = clone(sampler).fit_resample(X, y)
    np.testing.assert_array_equal(given["X"], made)
    np.testing.assert_array_equal(given["y"], labels)
    assert model.n_augmented_ == n_new
    weight = given["sample_weight"]
    if name == "SMOTE":  # it does not tell where rows come from
        np.testing.assert_array_equal(weight[:40], WEIGHT)
        np.testing.assert_allclose(weight[40:], 0.3 * WEIGHT[26:].mean(), rtol=1e-14)
    else:
        source = model.augmenter_.sample_indices_
        factor = np.where(np.arange(len(source)) < 40, 1, 0.3)
        np.testing.assert_array_equal(weight, factor * WEIGHT[source])


def test_any_object_with_fit_resample_will_do():
    class Doubling:
        def fit_resample(self, X, y):
            return np.tile(X, (2, 1)), np.tile(y, 2)

    model = AugmentedClassifier(Recorder(), Doubling()).fit(X, Y)
    assert model.n_augmented_ == 40
    assert isinstance(model.augmenter_, Doubling)
    assert model.augmenter_ is not model.augmenter


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("is_augmented_", np.zeros(44, bool), r"is_augmented_ of Extra.*\(45,\)"),
        ("is_augmented_", np.zeros(45), "is_augmented_ of Extra.*float64"),
        ("sample_indices_", np.zeros((45, 1), int), r"sample_indices_.*\(45, 1\)"),
        ("sample_indices_", np.arange(45), "from 0 to 39, got 0 to 44"),
        ("sample_indices_", np.arange(45) - 1, "got -1 to 43"),
    ],
)
def test_augmenters_that_tell_nonsense(name, value, message):
    class Lying(Extra):
        def fit_resample(self, X, y):
            made = super().fit_resample(X, y)
            setattr(self, name, value)
            return made

    Lying.__name__ = "Extra"
    with pytest.raises(ValueError, match=message):
        AugmentedClassifier(Recorder(), Lying()).fit(X, Y)


# What it is good for: nothing leaks


def test_the_augmenter_sees_the_training_part_only():
    model = AugmentedClassifier(Recorder(), WordSwaps(6, random_state=0))
    folds = list(StratifiedKFold(5).split(TEXTS, CLASSES))
    result = cross_validate(model, TEXTS, CLASSES, cv=folds, return_estimator=True)
    for fitted, (train, _) in zip(result["estimator"], folds, strict=True):
        given = recorded(fitted)
        assert given["X"][:16] == [TEXTS[i] for i in train]
        endings = {TEXTS[i].split()[-1] for i in train}
        assert {text.split()[-1] for text in given["X"]} <= endings
        assert len(given["X"]) == 16 + 12


def test_a_search_reaches_both():
    model = AugmentedClassifier(
        make_pipeline(TfidfVectorizer(), LogisticRegression()),
        WordSwaps(random_state=0),
    )
    grid = {
        "augmenter__n_samples": [1, 7],
        "estimator__logisticregression__C": [0.1, 10.0],
        "augmented_weight": [0.3],
    }
    search = GridSearchCV(model, grid, cv=2).fit(TEXTS, CLASSES)
    best = search.best_params_["augmenter__n_samples"]
    assert search.best_estimator_.n_augmented_ == 2 * best
    assert search.predict(TEXTS).tolist() == CLASSES


# The rest of the contract


def test_a_failed_fit_leaves_it_as_it_was():
    model = AugmentedClassifier(LogisticRegression(), NoisyCopies()).fit(X, Y)
    before = dict(vars(model))
    bad = X.copy()
    bad[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        model.fit(bad, Y)
    with pytest.raises(ValueError, match="inconsistent"):
        model.fit(X[:-1], Y)
    assert vars(model) == before
    model.set_params(estimator=LogisticRegression(C=-1))
    with pytest.raises(ValueError, match="'C' parameter"):
        model.fit(X, Y)
    assert model.estimator_ is before["estimator_"]


def test_the_given_objects_stay_unfitted():
    estimator, augmenter = LogisticRegression(), NoisyCopies()
    AugmentedClassifier(estimator, augmenter).fit(X, Y)
    with pytest.raises(NotFittedError):
        check_is_fitted(estimator)
    assert not hasattr(augmenter, "is_augmented_")


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"augmenter": LogisticRegression()}, TypeError, "'augmenter'.*fit_resample"),
        ({"augmenter": "eda"}, TypeError, "'augmenter'.*fit_resample"),
        ({"estimator": "svm"}, ValueError, "'estimator'.*fit"),
        ({"augmented_weight": -0.1}, ValueError, "'augmented_weight'"),
        ({"augmented_weight": "auto"}, ValueError, "'augmented_weight'"),
        ({"strategy": "aug-val"}, ValueError, "'strategy'"),
    ],
)
def test_bad_parameters(parameters, error, message):
    model = AugmentedClassifier(Recorder(), NoisyCopies()).set_params(**parameters)
    with pytest.raises(error, match=message):
        model.fit(X, Y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y to be passed"),
        (np.linspace(0, 1, 40), "Unknown label type: continuous"),
        (np.tile([[0, 1]], (40, 1)), "1d array"),
        (np.array([0.0, np.nan] * 20), "NaN"),
    ],
)
def test_bad_targets(y, message):
    with pytest.raises(ValueError, match=message):
        AugmentedClassifier(Recorder(), NoisyCopies()).fit(X, y)


def test_weights_of_another_length():
    with pytest.raises(ValueError, match=r"sample_weight\.shape == \(39,\)"):
        AugmentedClassifier(Recorder(), NoisyCopies()).fit(X, Y, WEIGHT[1:])


def test_tags_are_those_of_the_classifier():
    on_texts = make_pipeline(TfidfVectorizer(), LogisticRegression())
    for inner in (on_texts, make_pipeline(on_texts)):
        tags = get_tags(AugmentedClassifier(inner, WordSwaps()))
        assert tags.input_tags.string
        assert not tags.input_tags.two_d_array
        assert tags.target_tags.required
        assert tags.estimator_type == "classifier"
    for inner in (LogisticRegression(), make_pipeline(LogisticRegression())):
        tags = get_tags(AugmentedClassifier(inner, NoisyCopies()))
        assert tags.input_tags.two_d_array
        assert tags.input_tags.sparse
        assert not tags.input_tags.string


def test_copies_say_the_same():
    model = AugmentedClassifier(
        make_pipeline(TfidfVectorizer(), LogisticRegression()),
        WordSwaps(4, random_state=0),
    ).fit(TEXTS, CLASSES)
    expected = model.predict_proba(TEXTS)
    again = clone(model).fit(TEXTS, CLASSES)
    np.testing.assert_array_equal(again.predict_proba(TEXTS), expected)
    pickled = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(pickled.predict_proba(TEXTS), expected)
    dumped = skops.io.dumps(model)
    untrusted = skops.io.get_untrusted_types(data=dumped)
    # skops knows csr_matrix, not csr_array
    ours = set(untrusted) - {"scipy.sparse._csr.csr_array"}
    assert all(name.startswith(("sklearn_ext.", "tests.")) for name in ours)
    loaded = skops.io.loads(dumped, trusted=untrusted)
    np.testing.assert_array_equal(loaded.predict_proba(TEXTS), expected)


# what fits a table of texts keeps it, so its fitted state depends on the container
TEXT_CHECKS = [
    check
    for check in text_checks()
    if check.__name__ not in ("check_containers", "check_bad_input")
]


@pytest.mark.parametrize("check", TEXT_CHECKS, ids=lambda check: check.__name__)
def test_text_check(check, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    keywords = {"tmp_path": tmp_path} if "pickle" in check.__name__ else {}
    model = AugmentedClassifier(
        make_pipeline(TextFeatures(), LogisticRegression()), WordSwaps(random_state=0)
    )
    check(model, TEXTS, CLASSES, **keywords)


@pytest.mark.parametrize("strategy", ["aug-train", "aug-only"])
def test_with_the_augmenter_of_the_package(strategy):
    augmenter = ALPAugmenter(3, synonyms=None, random_state=0)
    model = AugmentedClassifier(Recorder(), augmenter, strategy=strategy)
    given = recorded(model.fit(TEXTS, CLASSES))
    made, labels = clone(augmenter).fit_resample(TEXTS, CLASSES)
    kept = slice(20, None) if strategy == "aug-only" else slice(None)
    assert given["X"] == made[kept]
    assert given["y"] == labels[kept]
    weight = np.where(model.augmenter_.is_augmented_, 0.3, 1.0)
    assert given["sample_weight"].tolist() == weight[kept].tolist()
    assert model.n_augmented_ == 6


# of a machine without WordNet
@pytest.mark.filterwarnings("ignore::sklearn_ext.augmentation.AugmentationWarning")
def test_the_default_augmenter():
    inner = make_pipeline(TfidfVectorizer(), LogisticRegression())
    model = AugmentedClassifier(inner).fit(TEXTS, CLASSES)
    assert isinstance(model.augmenter_, ALPAugmenter)
    assert model.n_augmented_ == 20
    assert model.predict(TEXTS).tolist() == CLASSES


def test_a_search_reaches_the_augmenter_of_the_package():
    model = AugmentedClassifier(
        make_pipeline(TfidfVectorizer(), LogisticRegression()),
        ALPAugmenter(2, synonyms=None, random_state=0),
    )
    grid = {
        "augmenter__edit_probability": ["medium", {"subtree": 0.0, "word": 0.9}],
        "estimator__logisticregression__C": [1.0, 10.0],
    }
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(TEXTS, CLASSES)
    assert search.best_estimator_.n_augmented_ == 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_no_warning_on_the_common_path():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        AugmentedClassifier(
            make_pipeline(TfidfVectorizer(), LogisticRegression()),
            WordSwaps(4, random_state=0),
        ).fit(TEXTS, CLASSES)

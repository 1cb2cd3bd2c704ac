"""Bad input is refused in words that help, and leaves the model as it was."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError

from sklearn_ext import NaiveBayesProbe
from tests.probes._naive import make_rows

X, Y = make_rows(n_classes=3)
LABELS = ["cat", "dog", "eel"]


def changed(place, value):
    bad = X.copy()
    bad[place] = value
    return bad


PARAMETERS = [
    ({"shrinkage": -0.1}, "shrinkage"),
    ({"shrinkage": 1.1}, "shrinkage"),
    ({"shrinkage": "loo"}, "shrinkage"),
    ({"temperature": 0}, "temperature"),
    ({"temperature": -1.0}, "temperature"),
    ({"temperature": "auto"}, "temperature"),
    ({"var_smoothing": -1e-9}, "var_smoothing"),
    ({"missing": "impute"}, "missing"),
    ({"new_classes": "ignore"}, "new_classes"),
    ({"device": "tpu"}, "device"),
    ({"n_jobs": 1.5}, "n_jobs"),
    ({"batch_size": 0}, "batch_size"),
    ({"batch_size": True}, "batch_size"),
    ({"priors": "empirical"}, "priors"),
    ({"priors": [0.5, 0.5]}, r"priors has shape \(2,\), but there are C=3 classes"),
    ({"priors": [0.5, 0.6, -0.1]}, "priors must be non-negative .* C=3"),
    ({"priors": [0.5, 0.5, 0.5]}, "priors must .* its sum is 1.5"),
    ({"priors": [0.5, 0.5, np.nan]}, "priors must be non-negative"),
]


@pytest.mark.parametrize(("parameters", "message"), PARAMETERS)
def test_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        NaiveBayesProbe(**parameters).fit(X, Y)


DATA = [
    (X, ["cat"] * len(Y), "1 class"),
    (X, np.linspace(0, 1, len(Y)), "Unknown label type"),
    (X, np.where(np.arange(len(Y)) == 3, np.nan, 1.0), "Input y contains NaN"),
    (X, np.where(np.arange(len(Y)) == 3, None, Y), "Input y contains NaN|None"),
    (X, np.column_stack([np.arange(len(Y)) % 3] * 2), "y should be a 1d array"),
    (X, np.array([1, "a", 2] * 40, object), "Unknown label type"),
    (X, Y[:-1], "inconsistent numbers of samples"),
    (X, None, "y to be passed"),
    (X[:, :0], Y, r"0 feature\(s\)"),
    (X[0], Y, "Expected 2D array"),
    (X * 1j, Y, "Complex data not supported"),
    (changed((3, 1), np.nan), Y, "Input X contains NaN"),
    (changed((3, 1), np.inf), Y, "Input X contains infinity"),
    (np.array([["a", "b"]] * len(Y)), Y, "could not convert string"),
]


@pytest.mark.parametrize(("data", "labels", "message"), DATA)
def test_data(data, labels, message):
    probe = NaiveBayesProbe().fit(X, Y)
    before = pickle.dumps(vars(probe))
    with pytest.raises(ValueError, match=message):
        probe.fit(data, labels)
    assert pickle.dumps(vars(probe)) == before
    unfitted = NaiveBayesProbe()
    with pytest.raises(ValueError, match=message):
        unfitted.fit(data, labels)
    assert not [name for name in vars(unfitted) if name.endswith("_")]


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
@pytest.mark.parametrize("labels", [Y, np.arange(len(Y)) % 2])
def test_predicting(method, labels):
    probe = NaiveBayesProbe().fit(pd.DataFrame(X, columns=list("abcde")), labels)
    predict = getattr(probe, method)
    frame = pd.DataFrame(X, columns=list("abcde"))
    for value, message in ((np.nan, "NaN"), (np.inf, "infinity")):
        # a feature without weight, too
        with pytest.raises(ValueError, match=f"Input X contains {message}"):
            predict(pd.DataFrame(changed((3, 1), value), columns=list("abcde")))
    with pytest.raises(ValueError, match="feature names should match"):
        predict(frame.rename(columns={"a": "z"}))
    with pytest.raises(ValueError, match="X has 4 features, but"):
        NaiveBayesProbe().fit(X, labels).predict(X[:, 1:])


def test_constant_features_hide_no_nan():
    for n_classes in (2, 3):
        data, y = make_rows(n_classes=n_classes)
        data[:, 1] = 0
        probe = NaiveBayesProbe().fit(data, y)
        data[3, 1] = np.nan
        with pytest.raises(ValueError, match="NaN"):
            probe.predict(data)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.full(len(Y), -1.0), "Negative values"),
        (np.zeros(len(Y)), "at least one non-zero"),
        (np.full(len(Y), np.nan), "NaN"),
        (np.ones(3), r"sample_weight.shape == \(3,\)"),
    ],
)
def test_weights(weight, message):
    with pytest.raises(ValueError, match=message):
        NaiveBayesProbe().fit(X, Y, weight)


def test_partial_fit():
    probe = NaiveBayesProbe()
    with pytest.raises(ValueError, match="first call of partial_fit needs classes"):
        probe.partial_fit(X, Y)
    with pytest.raises(ValueError, match=r"label 'eel', which is not one .*'add'"):
        probe.partial_fit(X, Y, classes=LABELS[:2])
    with pytest.raises(ValueError, match="1 class"):
        probe.partial_fit(X[:1], Y[:1], classes=Y[:1])
    assert not hasattr(probe, "classes_")
    probe.partial_fit(X, Y, classes=LABELS)
    before = pickle.dumps(vars(probe))
    for labels, classes, message in [
        (np.full(len(Y), "yak"), None, r"label 'yak', which is not one .*'add'"),
        (Y, [*LABELS, "yak"], "is not the same as in the first call"),
        (np.arange(len(Y)) % 3, None, "of another kind"),
    ]:
        with pytest.raises(ValueError, match=message):
            probe.partial_fit(X, labels, classes=classes)
    with pytest.raises(ValueError, match="X has 4 features, but"):
        probe.partial_fit(X[:, 1:], Y)
    assert pickle.dumps(vars(probe)) == before


def test_fixed_priors_cannot_be_extended():
    probe = NaiveBayesProbe(new_classes="add", priors=[0.2, 0.3, 0.5]).fit(X, Y)
    with pytest.raises(ValueError, match="priors is fixed for the 3 classes"):
        probe.partial_fit(X[:2], ["cat", "yak"])
    other = NaiveBayesProbe().fit(X[:2], ["cat", "yak"])
    with pytest.raises(ValueError, match="priors is fixed for the 3 classes"):
        probe.merge(other)
    with pytest.raises(ValueError, match="no probability to a class that has data"):
        NaiveBayesProbe(priors=[0, 0, 1.0]).partial_fit(X[:1], ["cat"], LABELS)


def test_merge():
    probe = NaiveBayesProbe().fit(X, Y)
    with pytest.raises(TypeError, match="takes a fitted NaiveBayesProbe, got int"):
        probe.merge(3)
    with pytest.raises(NotFittedError):
        probe.merge(NaiveBayesProbe())
    with pytest.raises(NotFittedError):
        NaiveBayesProbe().merge(probe)
    before = pickle.dumps(vars(probe))
    named = NaiveBayesProbe().fit(pd.DataFrame(X, columns=list("abcde")), Y)
    for other, message in [
        (NaiveBayesProbe().fit(X[:, 1:], Y), "n_features_in_ is 5 here and 4 there"),
        (named, "feature_names_in_ is None here"),
        (NaiveBayesProbe().fit(X, Y == "cat"), "of another kind"),
        (NaiveBayesProbe().fit(X[:6], ["cat", "yak"] * 3), "the same classes"),
        (NaiveBayesProbe().fit(X[Y != "cat"], Y[Y != "cat"]), "the same classes"),
    ]:
        with pytest.raises(ValueError, match=message):
            probe.merge(other)
    assert pickle.dumps(vars(probe)) == before


@pytest.mark.parametrize(
    "method",
    ["forget", "calibrate", "score", "predict_log_proba", "to_logistic_regression"],
)
def test_unfitted(method):
    call = getattr(NaiveBayesProbe(), method)
    arguments = {"forget": (X, Y), "calibrate": (X, Y), "score": (X, Y)}
    with pytest.raises(NotFittedError):
        call(*arguments.get(method, () if method.startswith("to") else (X,)))


@pytest.mark.parametrize("n_copies", [1, 600])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_squares_that_overflow(n_copies, container):
    X = np.tile([[1e200, 0.0], [0.0, 1.0], [1.0, 1.0], [-1e200, 2.0]], (n_copies, 50))
    with pytest.raises(ValueError, match="squares are infinite"):
        NaiveBayesProbe().fit(container(X), np.arange(len(X)) % 2)


@pytest.mark.parametrize("classes", [{0, 1}, 2, [[0, 1]]])
def test_classes_that_are_no_list(classes):
    with pytest.raises(ValueError, match="classes must be a list or 1-D array"):
        NaiveBayesProbe().partial_fit([[0.0], [1.0]], [0, 1], classes=classes)


def test_priors_are_copied():
    priors = np.array([0.3, 0.7])
    probe = NaiveBayesProbe(priors=priors).fit([[0.0], [1.0], [3.0]], [0, 1, 1])
    priors[:] = 0.5
    assert probe.class_prior_.tolist() == [0.3, 0.7]


@pytest.mark.parametrize("temperature", [1e-50, 1e300])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_extreme_temperatures(temperature, n_classes):
    X = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    y = np.arange(30) % n_classes
    probe = NaiveBayesProbe(temperature=temperature).fit(X, y)
    expected = np.eye(n_classes)[probe.predict(X)]
    if temperature > 1:
        expected = np.full((30, n_classes), 1 / n_classes)
    np.testing.assert_allclose(probe.predict_proba(X), expected, atol=1e-6)


def test_units_do_not_change_the_temperature_of_single_precision():
    X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    y = np.arange(60) % 3
    X[:, 0] += y
    found = [
        NaiveBayesProbe(temperature="loo").fit(X * np.float32(unit), y).temperature_
        for unit in (1, 1e-18, 1e18)
    ]
    np.testing.assert_allclose(found, found[0], rtol=1e-3)

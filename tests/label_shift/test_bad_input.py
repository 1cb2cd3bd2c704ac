"""Bad input is refused in words that help, and leaves the model as it was."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sklearn_ext import LatentLabelShift
from tests.label_shift._tables import frozen, gaussian

pytestmark = pytest.mark.usefixtures("one_thread")

X, Y, DOMAINS = gaussian(200)
IDS = np.array(["clinic", "forum", "home", "shop", "ward"])
NAMED = IDS[DOMAINS]


def with_missing(place, value, kind=object):
    ids = NAMED.astype(object)
    ids[place] = value
    return ids if kind is object else kind(ids)


def number_with_nan(place):
    ids = DOMAINS.astype(float)
    ids[place] = np.nan
    return ids


def refuses(error, patterns, call):
    """The call raises `error`, and the message matches each of the patterns."""
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    for pattern in patterns:
        assert re.search(pattern, message), f"{pattern!r} is not in {message!r}"
    return message


TINY = np.where(np.arange(200) < 3, "attic", NAMED)
DATA = {
    "no domains": (X, None, {}, ["domains", r"\by\b"]),
    "short": (X, NAMED[:-7], {}, ["200", "193"]),
    "long": (X[:-7], NAMED, {}, ["200", "193"]),
    "one domain": (X, ["clinic"] * 200, {}, ["n_classes", "domains", r"\b1\b"]),
    "too many classes": (X, NAMED, {"n_classes": 6}, ["n_classes", r"\b6\b", r"\b5\b"]),
    "few bins": (X, NAMED, {"n_bins": 2}, ["n_bins", r"\b2\b", "n_classes", r"\b3\b"]),
    "many bins": (X, NAMED, {"n_bins": 201}, ["n_bins", r"\b201\b", r"\b200\b"]),
    "tiny domain": (X, TINY, {"cv": 5}, ["attic", r"\b3\b", r"\b5\b"]),
    "None": (X, with_missing(4, None), {}, [r"^(domains|y)\b", r"\b4\b"]),
    "nan among names": (X, with_missing(7, np.nan), {}, ["missing", r"\b7\b"]),
    "NA": (X, with_missing(9, pd.NA, pd.Series), {}, ["missing", r"\b9\b"]),
    "nan among numbers": (X, number_with_nan(3), {}, ["missing", r"\b3\b"]),
    "two columns": (X, np.column_stack([DOMAINS, DOMAINS]), {}, ["1d|1-D|one"]),
    "NaN in X": (np.where(X > 2, np.nan, X), NAMED, {}, ["NaN"]),
}


def model_of(**options):
    return LatentLabelShift(**{"n_classes": 3, "random_state": 0} | options)


@pytest.mark.parametrize("as_y", [True, False])
@pytest.mark.parametrize("name", DATA)
def test_data(name, as_y):
    data, ids, options, patterns = DATA[name]
    given = {"y": ids} if as_y else {"domains": ids}
    model = model_of().fit(X, NAMED)
    model.set_params(**options)
    before = pickle.dumps(vars(model))
    for call in (model.fit, model.fit_predict):
        refuses(ValueError, patterns, lambda call=call: call(data, **given))
    assert pickle.dumps(vars(model)) == before
    unfitted = model_of(**options)
    refuses(ValueError, patterns, lambda: unfitted.fit(data, **given))
    assert not [attribute for attribute in vars(unfitted) if attribute.endswith("_")]


def test_first_missing_id_is_named():
    ids = with_missing([5, 6, 11], None)
    message = refuses(ValueError, [r"\b5\b"], lambda: model_of().fit(X, ids))
    assert not re.search(r"\b(6|11)\b", message)


def test_domains_come_before_y():
    """With domains given, y is not looked at."""
    truth = np.full(200, np.nan)
    model = model_of().fit(X, truth, domains=NAMED)
    np.testing.assert_array_equal(model.labels_, model_of().fit(X, NAMED).labels_)
    refuses(
        ValueError,
        ["domains", r"\b4\b"],
        lambda: model.fit(X, NAMED, domains=with_missing(4, None)),
    )


def test_few_rows_are_fine_without_folds():
    model = model_of(cv=None).fit(X, TINY)
    assert model.domains_[0] == "attic"


@pytest.mark.parametrize(
    "discriminator",
    [
        RidgeClassifier(),
        LinearSVC(),
        make_pipeline(StandardScaler(), RidgeClassifier()),
        LinearRegression(),
        StandardScaler(),
    ],
    ids=lambda model: type(model).__name__,
)
def test_discriminator_without_probabilities(discriminator):
    model = model_of().fit(X, NAMED)
    model.set_params(discriminator=discriminator)
    before = pickle.dumps(vars(model))
    patterns = [type(discriminator).__name__, "CalibratedClassifierCV", "predict_proba"]
    refuses(TypeError, patterns, lambda: model.fit(X, NAMED))
    assert pickle.dumps(vars(model)) == before


@pytest.mark.parametrize(
    ("known", "patterns"),
    [
        (["clinic", "forum", "home", "shop"], ["ward"]),
        (["clinic", "forum", "home", "shop", "ward", "yard"], ["yard"]),
        (["clinic", "forum", "home", "shop", "tent"], ["ward", "tent"]),
        ([0, 1, 2, 3, 4], ["ward", r"\b4\b"]),
    ],
)
def test_frozen_discriminator_of_other_domains(known, patterns):
    P = np.random.default_rng(0).dirichlet(np.ones(len(known)), 200)
    model = model_of(discriminator=frozen(known))
    refuses(ValueError, patterns, lambda: model.fit(P, NAMED))
    assert not [name for name in vars(model) if name.endswith("_")]


PARAMETERS = [
    {"n_classes": 1},
    {"n_classes": 2.0},
    {"n_classes": True},
    {"n_classes": "auto"},
    {"n_bins": 0},
    {"n_bins": 6.0},
    {"n_bins": "auto"},
    {"discriminator": "logistic"},
    {"discriminator": LogisticRegression},
    {"factorization": "svd"},
    {"factorization": None},
    {"adjustment": "lstsq"},
    {"adjustment": None},
    {"cv": "loo"},
    {"cv": 0},
    {"cv": 1},
    {"n_init": 0},
    {"n_init": 1.5},
    {"n_init": True},
    {"min_bin_fraction": -0.1},
    {"min_bin_fraction": 1.1},
    {"min_bin_fraction": "auto"},
    {"min_bin_fraction": np.nan},
    {"max_iter": 0},
    {"max_iter": 10.0},
    {"random_state": -1},
    {"random_state": "0"},
    {"n_jobs": 1.5},
]


@pytest.mark.parametrize("parameters", PARAMETERS, ids=repr)
def test_parameters(parameters):
    (name,) = parameters
    model = model_of().fit(X, NAMED)
    model.set_params(**parameters)
    before = pickle.dumps({k: v for k, v in vars(model).items() if k.endswith("_")})
    refuses((ValueError, TypeError), [name], lambda: model.fit(X, NAMED))
    after = pickle.dumps({k: v for k, v in vars(model).items() if k.endswith("_")})
    assert after == before


@pytest.mark.parametrize("name", ["factorization", "adjustment"])
def test_allowed_names_are_given(name):
    allowed = {"factorization": ["anchor", "nmf"], "adjustment": ["em", "pinv"]}[name]
    model = model_of(**{name: "best"})
    refuses(ValueError, [name, "best", *allowed], lambda: model.fit(X, NAMED))


FITTED = model_of().fit(X, NAMED)
STRANGE = np.where(np.arange(200) == 8, "attic", NAMED)
NUMBERS = model_of().fit(X, DOMAINS)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "score"])
def test_unknown_domains(method):
    call = getattr(FITTED, method)
    patterns = ["attic", "adapt", "class_prior"]
    message = refuses(ValueError, patterns, lambda: call(X, domains=STRANGE))
    assert "shop" not in message.split("attic")[0]
    refuses(ValueError, ["7"], lambda: getattr(NUMBERS, method)(X, domains=DOMAINS + 3))
    refuses(ValueError, ["clinic"], lambda: getattr(NUMBERS, method)(X, domains=NAMED))


@pytest.mark.parametrize("method", ["predict", "predict_proba", "score"])
def test_domains_of_other_rows(method):
    call = getattr(FITTED, method)
    refuses(ValueError, ["200", "193"], lambda: call(X, domains=NAMED[:-7]))
    refuses(
        ValueError,
        ["domains", r"\b4\b"],
        lambda: call(X, domains=with_missing(4, None)),
    )


def test_score_without_domains():
    refuses(ValueError, ["domains", r"\by\b"], lambda: FITTED.score(X))
    refuses(ValueError, ["attic"], lambda: FITTED.score(X, STRANGE))
    assert FITTED.score(X, NAMED) == FITTED.score(X, Y, domains=NAMED)


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_class_prior(method):
    call = getattr(FITTED, method)
    good = [0.2, 0.3, 0.5]
    patterns = ["domains", "class_prior"]
    refuses(ValueError, patterns, lambda: call(X, NAMED, class_prior=good))
    bad = {
        "shape": ([0.5, 0.5], ["class_prior", r"\b2\b", r"\b3\b"]),
        "matrix": ([good], ["class_prior", "1, 3|shape"]),
        "number": (0.5, ["class_prior"]),
        "negative": (
            [0.7, 0.5, -0.2],
            ["class_prior", "negative|at least 0", r"-0\.2"],
        ),
        "sum": ([0.5, 0.5, 0.5], ["class_prior", "sum", r"1\.5"]),
        "nan": ([0.5, 0.5, np.nan], ["class_prior"]),
        "words": (["a", "b", "c"], []),
    }
    for prior, patterns in bad.values():
        refuses(ValueError, patterns, lambda p=prior: call(X, class_prior=p))
    exact = call(X, class_prior=good)
    np.testing.assert_allclose(call(X, class_prior=np.array(good) + 1e-12), exact)


def test_adapt_without_rows():
    refuses(ValueError, ["n_samples|0 sample"], lambda: FITTED.adapt(X[:0]))
    refuses(ValueError, ["NaN"], lambda: FITTED.adapt(np.full((4, 2), np.nan)))


@pytest.mark.parametrize("method", ["predict", "predict_proba", "transform", "adapt"])
def test_other_features(method):
    refuses(
        ValueError, ["3 features"], lambda: getattr(FITTED, method)(np.ones((4, 3)))
    )
    refuses(
        ValueError, ["NaN"], lambda: getattr(FITTED, method)(np.full((4, 2), np.nan))
    )


def test_not_fitted():
    model = model_of()
    for method in ("predict", "predict_proba", "transform", "adapt"):
        refuses(
            NotFittedError, ["LatentLabelShift"], lambda m=method: getattr(model, m)(X)
        )
    refuses(NotFittedError, ["LatentLabelShift"], lambda: model.score(X, NAMED))
    refuses(NotFittedError, ["LatentLabelShift"], model.get_feature_names_out)


def test_a_discriminator_that_fails_changes_nothing():
    class Failing(LogisticRegression):
        def predict_proba(self, X):
            raise RuntimeError("out of order")

    model = model_of().fit(X, NAMED)
    model.set_params(discriminator=Failing())
    before = {name: value for name, value in vars(model).items() if name[-1] == "_"}
    with pytest.raises(RuntimeError, match="out of order"):
        model.fit(X, NAMED)
    after = {name: value for name, value in vars(model).items() if name[-1] == "_"}
    assert after.keys() == before.keys()
    assert all(after[name] is value for name, value in before.items())

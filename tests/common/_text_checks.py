"""What holds for every estimator of texts, as checks in the manner of scikit-learn.

scikit-learn runs a single check on estimators that take one-dimensional input of str,
so ours carry the weight. Each check takes an estimator, unfitted, and the texts and
classes that suit it.
"""

import pickle
import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from tests.common._process import run_python

__all__ = ["METHODS", "text_checks"]

METHODS = ("predict", "predict_proba", "decision_function", "transform", "embed")
SCRIPTS = [
    "Déjà vu à Genève",
    "Новости дня",
    "हिन्दी भाषा",
    "ภาษาไทย",
    "北京大学",
    "カタカナ",
    "한국어",
    "שלום עולם",
    "العربية",
    "naïve 🙂 text",
]
NO_TEXTS = [
    ("one text", ValueError, "raw text documents expected"),
    (b"one text", ValueError, "raw text documents expected"),
    ([], ValueError, "0 sample"),
    (["a", None], ValueError, r"X\[1\] is None"),
    (["a", "b", float("nan")], ValueError, r"X\[2\] is nan"),
    ([b"a", "b"], ValueError, r"X\[0\] is b'a'"),
    ([1, 2], ValueError, r"X\[0\] is 1"),
    ([["a"], ["b"]], ValueError, r"X\[0\] is \['a'\]"),
    (np.array([["a", "b"], ["c", "d"]]), ValueError, "Expected 1D array"),
    (pd.DataFrame({"a": ["x"], "b": ["y"]}), ValueError, "Expected 1D array"),
    (np.array("a"), ValueError, "Expected 1D array"),
    (pd.Series(["a", None]), ValueError, r"X\[1\] is (None|nan)"),
    ((text for text in "ab"), ValueError, "must be a list"),
    (3, ValueError, "must be a list"),
]


def outputs(estimator, texts):
    """Return what each method says of texts, as arrays."""
    names = [name for name in METHODS if hasattr(estimator, name)]
    return {name: np.asarray(getattr(estimator, name)(texts)) for name in names}


def quiet_outputs(estimator, texts):
    """Return the outputs for texts of which warnings may be due."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return outputs(estimator, texts)


def assert_same(left, right):
    """Assert equal outputs, bit for bit."""
    assert left.keys() == right.keys() != set()
    for name, values in left.items():
        np.testing.assert_array_equal(values, right[name], err_msg=name)


def rows_of(said, rows):
    """Return the outputs of some rows."""
    return {name: values[rows] for name, values in said.items()}


def fitted_attributes(estimator):
    """Return the pickles of the attributes that a fit has set, by name."""
    return {
        name: pickle.dumps(value)
        for name, value in vars(estimator).items()
        if name.endswith("_") and not name.startswith("_")
    }


def check_containers(estimator, texts, y):
    """Assert that it does not matter what the texts come in."""
    frozen = np.array(texts)
    frozen.flags.writeable = False
    containers = {
        "tuple": tuple(texts),
        "array": np.array(texts),
        "read-only": frozen,
        "objects": np.array(texts, dtype=object),
        "np.str_": [np.str_(text) for text in texts],
        "Series": pd.Series(texts, index=range(5, 5 + len(texts))),
        "old Series": pd.Series(texts, dtype=object),
        "Index": pd.Index(texts),
        "polars": pl.Series(texts),
        "frame": pd.DataFrame({"text": texts}),
        "polars frame": pl.DataFrame({"text": texts}),
        "categories": pd.Series(texts, dtype="category"),
    }
    expected = clone(estimator).fit(texts, y)
    said = outputs(expected, texts)
    for name, container in containers.items():
        fitted = clone(estimator).fit(container, y)
        for key, value in fitted_attributes(expected).items():
            assert fitted_attributes(fitted)[key] == value, (name, key)
        assert_same(outputs(fitted, container), said)


def check_bad_input(estimator, texts, y):
    """Assert that what is no list of texts is refused, by `fit` and all others."""
    fitted = clone(estimator).fit(texts, y)
    before = fitted_attributes(fitted)
    for X, error, message in NO_TEXTS:
        with pytest.raises(error, match=message):
            fitted.fit(X, y)
        assert fitted_attributes(fitted) == before
    for name in METHODS:
        if hasattr(fitted, name):
            for X, error, message in NO_TEXTS:
                if not isinstance(X, type(text for text in "")):
                    with pytest.raises(error, match=message):
                        getattr(fitted, name)(X)


def check_rows_are_independent(estimator, texts, y):
    """Assert that a text gets the same bits whatever else is asked for."""
    fitted = clone(estimator).fit(texts, y)
    # new ones among those of the training
    asked = [
        *texts[:20],
        *(f"{a} {b}" for a, b in pairwise(texts[:10])),
    ]
    whole = outputs(fitted, asked)
    assert_same(outputs(fitted, asked[3:11]), rows_of(whole, slice(3, 11)))
    assert_same(outputs(fitted, asked[::-1]), rows_of(whole, slice(None, None, -1)))
    for i in (0, 7, len(asked) - 1):
        assert_same(outputs(fitted, [asked[i]]), rows_of(whole, slice(i, i + 1)))
    twice = outputs(fitted, asked + asked)
    assert_same(rows_of(twice, slice(len(asked), None)), whole)


def check_other_scripts(estimator, texts, y):
    """Assert that texts of any script have a row of finite numbers each."""
    fitted = clone(estimator).fit(texts, y)
    for name, values in quiet_outputs(fitted, SCRIPTS).items():
        assert len(values) == len(SCRIPTS), name
        if values.dtype.kind == "f":
            assert np.isfinite(values).all(), name


def check_empty_documents(estimator, texts, y):
    """Assert that empty texts are legal, alike, and leave the others alone."""
    fitted = clone(estimator).fit(texts, y)
    empty = ["", " ", "\t\n", "\u3000"]
    said = quiet_outputs(fitted, [*texts[:5], *empty])
    assert_same(rows_of(said, slice(0, 5)), outputs(fitted, texts[:5]))
    for name, values in said.items():
        assert (values[5:] == values[5]).all(), name
        if values.dtype.kind == "f":
            assert np.isfinite(values).all(), name


def check_clone_and_pickle(estimator, texts, y, tmp_path):
    """Assert that a clone is unfitted and equal, and a pickle says the same."""
    fitted = clone(estimator).fit(texts, y)
    with pytest.raises(NotFittedError):
        check_is_fitted(clone(fitted))
    expected = outputs(fitted, texts)
    assert_same(outputs(clone(fitted).fit(texts, y), texts), expected)
    (tmp_path / "fitted.pkl").write_bytes(pickle.dumps((fitted, texts)))
    script = (
        "import pathlib, pickle, warnings\n"
        "import numpy as np\n"
        f"names = {[name for name in METHODS if hasattr(fitted, name)]}\n"
        "fitted, texts = pickle.loads(pathlib.Path('fitted.pkl').read_bytes())\n"
        "said = {n: np.asarray(getattr(fitted, n)(texts)) for n in names}\n"
        "pathlib.Path('said.pkl').write_bytes(pickle.dumps(said))"
    )
    run_python("-c", script, cwd=tmp_path, PYTHONHASHSEED="4711")
    assert_same(pickle.loads((tmp_path / "said.pkl").read_bytes()), expected)


def check_predicting_changes_nothing(estimator, texts, y):
    """Assert that neither the estimator nor its input is changed."""
    fitted = clone(estimator).fit(texts, y)
    given = list(texts)
    before = pickle.dumps(vars(fitted))
    outputs(fitted, given)
    assert pickle.dumps(vars(fitted)) == before
    assert given == texts


def check_unfitted(estimator, texts, y):
    """Assert that each method says that it needs a fit."""
    for name in METHODS:
        if hasattr(clone(estimator), name):
            with pytest.raises(NotFittedError):
                getattr(clone(estimator), name)(texts)


def check_tags(estimator, texts, y):
    """Assert that the tags promise one-dimensional input of texts."""
    tags = get_tags(estimator).input_tags
    assert tags.string
    assert tags.one_d_array
    assert not tags.two_d_array


def text_checks():
    """Yield each check."""
    yield check_containers
    yield check_bad_input
    yield check_rows_are_independent
    yield check_other_scripts
    yield check_empty_documents
    yield check_clone_and_pickle
    yield check_predicting_changes_nothing
    yield check_unfitted
    yield check_tags

"""What holds for every object with `fit_resample`, in the manner of imbalanced-learn.

scikit-learn knows no resamplers, so ours carry the weight. Each check takes a sampler
of texts, unfitted and with an integer seed, and texts and classes that suit it.
"""

import json
import pickle
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import skops.io
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from tests.common._process import run_python

__all__ = ["PROVENANCE", "sampler_checks"]

PROVENANCE = ("sample_indices_", "is_augmented_", "donor_indices_", "scores_")


def resampled(sampler, X, y, **parameters):
    """Return a fitted clone, and the rows that it made."""
    fitted = clone(sampler).set_params(**parameters)
    return fitted, *fitted.fit_resample(X, y)


def fitted_attributes(sampler):
    """Return the pickles of what a fit has set, by name."""
    return {
        name: pickle.dumps(value)
        for name, value in vars(sampler).items()
        if name.endswith("_") and not name.startswith("__")
    }


def assert_same_frame(found, expected):
    """Assert equal columns, dtypes and values, and a fresh index."""
    assert isinstance(found.index, pd.RangeIndex)
    assert (found.index.start, found.index.step) == (0, 1)
    assert_equal = (
        pd.testing.assert_frame_equal
        if isinstance(expected, pd.DataFrame)
        else pd.testing.assert_series_equal
    )
    assert_equal(found, expected.reset_index(drop=True))


def check_rows(sampler, texts, y):
    """Assert originals first and in order, then new rows by class, with provenance."""
    fitted, X, labels = resampled(sampler, texts, y)
    n = len(texts)
    assert X[:n] == texts
    assert labels[:n] == list(y)
    classes = sorted(set(y))
    assert fitted.classes_.tolist() == classes
    assert len(X) == len(labels) > n
    assert all(type(text) is str and text.strip() for text in X)
    assert labels[n:] == sorted(labels[n:])
    assert set(labels[n:]) == set(classes)

    source, is_new, donors, scores = (getattr(fitted, name) for name in PROVENANCE)
    assert source.dtype == np.int64
    assert is_new.dtype == bool
    assert scores.dtype == np.float64
    assert source.shape == is_new.shape == scores.shape == (len(X),)
    assert is_new.tolist() == [False] * n + [True] * (len(X) - n)
    assert source[:n].tolist() == list(range(n))
    np.testing.assert_array_equal(np.isnan(scores), ~is_new)
    assert np.isfinite(scores[is_new]).all()
    assert isinstance(donors, sp.csr_array)
    assert donors.dtype == bool
    assert donors.shape == (len(X), n)
    of_row = [set(np.flatnonzero(row)) for row in donors.toarray()]
    for i, given in enumerate(of_row):
        assert {y[donor] for donor in given} <= {labels[i]}  # nothing crosses classes
        if is_new[i]:
            assert source[i] in given
        else:
            assert given <= {i}


def check_counts(sampler, texts, y):
    """Assert that n_samples is the number of new rows of each class."""
    n, classes = len(texts), sorted(set(y))
    for n_samples, wanted in [
        (1, [1] * len(classes)),
        (4, [4] * len(classes)),
        ({classes[-1]: 3}, [0] * (len(classes) - 1) + [3]),
        (dict.fromkeys(classes, 2), [2] * len(classes)),
    ]:
        _, X, labels = resampled(sampler, texts, y, n_samples=n_samples)
        assert len(X) == len(labels) == n + sum(wanted)
        assert [labels[n:].count(label) for label in classes] == wanted


def check_originals_can_be_left_out(sampler, texts, y):
    """Assert that without originals the new rows are the same."""
    both, X, labels = resampled(sampler, texts, y)
    new, X_new, y_new = resampled(sampler, texts, y, keep_original=False)
    n = len(texts)
    assert X_new == X[n:]
    assert y_new == labels[n:]
    for name in PROVENANCE:
        found, expected = (getattr(each, name) for each in (new, both))
        if sp.issparse(found):
            found, expected = found.toarray(), expected.toarray()
        np.testing.assert_array_equal(found, expected[n:], err_msg=name)


def check_containers_of_texts(sampler, texts, y):
    """Assert that texts come back in what they came in, and are the same."""
    frozen = np.array(texts)
    frozen.flags.writeable = False
    index = range(5, 5 + len(texts))
    _, expected, labels = resampled(sampler, texts, y)
    for container in (
        texts,
        tuple(texts),
        np.array(texts),
        frozen,
        np.array(texts, dtype=object),
        pd.Series(texts, name="text", index=index),
        pd.Series(texts, dtype=object),
        pd.Series(texts, dtype="string"),
        pd.DataFrame({"text": texts}, index=index),
    ):
        _, X, found = resampled(sampler, container, y)
        assert type(X) is type(container)
        assert found == labels
        if isinstance(container, np.ndarray):
            assert X.ndim == 1
            assert X.dtype.kind == container.dtype.kind
            assert X.tolist() == expected
        elif isinstance(container, pd.Series):
            made = pd.Series(expected, name=container.name, dtype=container.dtype)
            assert_same_frame(X, made)
        elif isinstance(container, pd.DataFrame):
            made = pd.DataFrame({"text": expected}, dtype=container["text"].dtype)
            assert_same_frame(X, made)
        else:
            assert list(X) == expected


def check_frames(sampler, texts, y):
    """Assert that other columns are those of the source, of the same dtypes."""
    n = len(texts)
    frame = pd.DataFrame(
        {
            "number": np.arange(n),
            "short": np.linspace(0, 1, n, dtype=np.float32),
            "text": texts,
            "kind": pd.Categorical(["a", "b"] * (n // 2), categories=["b", "a", "c"]),
            "maybe": pd.array([None, 1] * (n // 2), dtype="Int64"),
            "flag": np.arange(n) % 3 == 0,
            "day": pd.date_range("2024-01-01", periods=n),
        },
        index=np.arange(n)[::-1],
    )
    before = frame.copy()
    _, expected, labels = resampled(sampler, texts, y)
    fitted, X, found = resampled(sampler, frame, y)
    pd.testing.assert_frame_equal(frame, before)
    assert found == labels
    assert X["text"].tolist() == expected
    assert X["text"].dtype == frame["text"].dtype
    others = frame.iloc[fitted.sample_indices_].drop(columns="text")
    assert_same_frame(X.drop(columns="text"), others)
    assert X.columns.tolist() == frame.columns.tolist()


def check_text_column(sampler, texts, y):
    """Assert that of several columns of texts the named one is taken."""
    frame = pd.DataFrame({"title": ["Same title"] * len(texts), "body": texts})
    _, expected, _ = resampled(sampler, texts, y)
    for column in ("body", 1):
        named = frame if column == "body" else frame.set_axis([0, 1], axis=1)
        _, X, _ = resampled(sampler, named, y, text_column=column)
        assert X[column].tolist() == expected
        assert X.iloc[:, 0].unique().tolist() == ["Same title"]
    numbers = pd.DataFrame(np.ones((len(texts), 2)), columns=["size", "price"])
    for X, column, message in [
        (frame, None, r"title.*body"),
        (numbers, None, r"size.*price"),
        (frame, "abstract", r"title.*body"),
        (frame, 2, r"title.*body"),
    ]:
        with pytest.raises(ValueError, match=message):
            resampled(sampler, X, y, text_column=column)


def check_containers_of_labels(sampler, texts, y):
    """Assert that labels come back in what they came in, whatever they are."""
    _, expected, made = resampled(sampler, texts, y)
    codes = np.unique(y, return_inverse=True)[1]
    new = np.unique(made, return_inverse=True)[1]
    # each in the order of the classes, for new rows follow it
    for names in (["a", "b", "c"], [-7, 0, 12], [False, True], [0.0, 1.0, 2.0]):
        if len(names) <= codes.max():
            continue
        values = np.array(names)
        index = range(3, 3 + len(y))
        for container in (
            values[codes].tolist(),
            tuple(values[codes].tolist()),
            values[codes],
            values[codes].astype(object if names[0] == "a" else values.dtype),
            pd.Series(values[codes], index=index, name="label"),
            pd.Series(pd.Categorical(values[codes], categories=values[::-1])),
        ):
            fitted, X, labels = resampled(sampler, texts, container)
            assert expected == X
            assert type(labels) is type(container)
            assert list(labels) == values[new].tolist()
            assert fitted.classes_.tolist() == sorted(set(values[codes].tolist()))
            if isinstance(container, np.ndarray):
                assert labels.dtype == container.dtype
            if isinstance(container, pd.Series):
                made = pd.Series(values[new], name=container.name)
                assert_same_frame(labels, made.astype(container.dtype))


def check_input_is_unchanged(sampler, texts, y):
    """Assert that neither texts nor labels are changed, nor the parameters."""
    for convert in (list, np.array, pd.Series):
        X, labels = convert(texts), convert(y)
        before = pickle.dumps((X, labels))
        fitted, _, _ = resampled(sampler, X, labels)
        assert pickle.dumps((X, labels)) == before
        assert repr(fitted.get_params()) == repr(sampler.get_params())


def check_seeds(sampler, texts, y):
    """Assert that the rows depend on the seed alone, and leave global states be."""
    _, expected, _ = resampled(sampler, texts, y)
    for parameters in ({}, {"n_jobs": 1}, {"n_jobs": 2}):
        assert resampled(sampler, texts, y, **parameters)[1] == expected

    def with_seed(seed):
        return resampled(sampler, texts, y, random_state=seed)[1]

    assert any(with_seed(seed) != expected for seed in range(100, 105))
    states = [np.random.RandomState(7) for _ in range(2)]
    assert with_seed(states[0]) == with_seed(states[1])
    fitted = clone(sampler).set_params(random_state=3)
    assert fitted.fit_resample(texts, y)[0] == fitted.fit_resample(texts, y)[0]

    def state():
        legacy = np.random.get_state(legacy=True)  # noqa: NPY002
        return legacy[1].tobytes(), legacy[2:], random.getstate(), np.geterr()

    before = state()
    resampled(sampler, texts, y)
    clone(sampler).fit(texts, y).sample(random_state=0)
    assert state() == before


def check_sample(sampler, texts, y):
    """Assert that `sample` repeats itself, and leaves the sampler alone."""
    with pytest.raises(NotFittedError):
        clone(sampler).sample()
    whole, X, labels = resampled(sampler, texts, y)
    n = len(texts)
    fitted = clone(sampler)
    assert fitted.fit(texts, y) is fitted
    before = pickle.dumps(vars(fitted))
    for _ in range(2):  # the same integer seed gives the same rows each time
        X_new, y_new, provenance = fitted.sample(return_provenance=True)
        assert list(X_new) == X[n:]
        assert list(y_new) == labels[n:]
        for name in ("sample_indices_", "donor_indices_", "scores_"):
            found = provenance.get(name, provenance.get(name.rstrip("_")))
            expected = getattr(whole, name)[n:]
            if sp.issparse(found):
                found, expected = found.toarray(), expected.toarray()
            np.testing.assert_array_equal(found, expected, err_msg=name)
    one, other = (list(fitted.sample(5, random_state=seed)[0]) for seed in (1, 2))
    assert list(fitted.sample(5, random_state=1)[0]) == one != other
    label = fitted.classes_.tolist()[0]
    X_new, y_new = fitted.sample({label: 3})
    assert list(y_new) == [label] * 3
    assert pickle.dumps(vars(fitted)) == before


def check_clone_and_pickle(sampler, texts, y, tmp_path):
    """Assert that a clone is unfitted and equal, and copies make the same rows."""
    fitted, X, labels = resampled(sampler, texts, y)
    with pytest.raises(NotFittedError):
        check_is_fitted(clone(fitted))
    assert clone(fitted).fit_resample(texts, y) == (X, labels)
    expected = list(fitted.sample(random_state=5)[0])
    (tmp_path / "fitted.pkl").write_bytes(pickle.dumps(fitted))
    script = (
        "import json, pathlib, pickle\n"
        "fitted = pickle.loads(pathlib.Path('fitted.pkl').read_bytes())\n"
        "print(json.dumps(list(fitted.sample(random_state=5)[0])))"
    )
    root = str(Path(__file__).resolve().parents[2])  # samplers may be of the tests
    said = run_python(
        "-c", script, cwd=tmp_path, PYTHONHASHSEED="4711", PYTHONPATH=root
    )
    assert json.loads(said) == expected


def check_skops(sampler, texts, y):
    """Assert that skops lists types of ours only, and restores the sampler."""
    fitted, _, _ = resampled(sampler, texts, y)
    dumped = skops.io.dumps(fitted)
    untrusted = skops.io.get_untrusted_types(data=dumped)
    # skops knows csr_matrix, not csr_array
    ours = set(untrusted) - {"scipy.sparse._csr.csr_array"}
    assert all(name.startswith(("sklearn_ext.", "tests.")) for name in ours)
    loaded = skops.io.loads(dumped, trusted=untrusted)
    for name in PROVENANCE:
        found, expected = getattr(loaded, name), getattr(fitted, name)
        if sp.issparse(found):
            found, expected = found.toarray(), expected.toarray()
        np.testing.assert_array_equal(found, expected, err_msg=name)


def bad_texts(texts):
    """Yield what is no list of texts, the error, and what its message says."""
    for bad in (None, float("nan"), b"bytes", 3, "", " \t\n"):
        yield [*texts[:3], bad, *texts[4:]], ValueError, r"\b3\b"
    yield texts[0], ValueError, "raw text documents expected"
    yield [], ValueError, "0 sample"
    numbers = np.ones((len(texts), 2))
    for matrix in (numbers, sp.csr_array(numbers), sp.csr_matrix(numbers)):
        yield matrix, TypeError, "texts expected"


def bad_labels(y):
    """Yield what are no labels of the texts, and what the message says."""
    yield y[:-1], "inconsistent|length"
    yield np.array([[0, 1]] * len(y)), "1d array|multilabel|bad input shape"
    yield np.linspace(0, 1, len(y)), "continuous"
    yield np.array([np.nan, *([1.0] * (len(y) - 1))]), "NaN|missing"
    yield [None, *y[1:]], "NaN|None|missing|[Uu]nknown"
    yield None, "None"


def check_bad_input(sampler, texts, y):
    """Assert our own errors, after which the sampler is as it was."""
    fitted, _, _ = resampled(sampler, texts, y)
    before = fitted_attributes(fitted)
    cases = [(X, y, error, message) for X, error, message in bad_texts(texts)]
    cases += [(texts, bad, ValueError, message) for bad, message in bad_labels(y)]
    for X, labels, error, message in cases:
        for method in (fitted.fit_resample, fitted.fit):
            with pytest.raises(error, match=message):
                method(X, labels)
            assert fitted_attributes(fitted) == before


def check_bad_counts(sampler, texts, y):
    """Assert that a dict of counts has known labels and no negative numbers."""
    for n_samples, message in [
        ({"no such class": 2}, "no such class"),
        ({y[0]: -1}, "-1"),
    ]:
        with pytest.raises(ValueError, match=message):
            resampled(sampler, texts, y, n_samples=n_samples)
        with pytest.raises(ValueError, match=message):
            clone(sampler).fit(texts, y).sample(n_samples)


def check_is_no_transformer(sampler, texts, y):
    """Assert that nothing takes it for a transformer or a classifier."""
    for name in ("transform", "fit_transform", "predict", "fit_predict"):
        assert not hasattr(sampler, name)
    tags = get_tags(sampler)
    assert tags.transformer_tags is None
    assert tags.classifier_tags is None
    assert tags.target_tags.required
    assert tags.input_tags.string
    assert tags.input_tags.one_d_array
    assert not tags.input_tags.two_d_array


def check_pipeline(sampler, texts, y):
    """Assert that imbalanced-learn's Pipeline resamples in `fit`, and only there."""
    pipeline = pytest.importorskip("imblearn.pipeline")
    model = pipeline.make_pipeline(
        clone(sampler), TfidfVectorizer(), LogisticRegression()
    ).fit(texts, y)
    _, X, labels = resampled(sampler, texts, y)
    features = TfidfVectorizer()
    by_hand = LogisticRegression().fit(features.fit_transform(X), labels)
    np.testing.assert_array_equal(
        model.predict_proba(texts), by_hand.predict_proba(features.transform(texts))
    )
    assert model.score(texts, y) == by_hand.score(features.transform(texts), y)


def sampler_checks():
    """Yield each check."""
    yield check_rows
    yield check_counts
    yield check_originals_can_be_left_out
    yield check_containers_of_texts
    yield check_frames
    yield check_text_column
    yield check_containers_of_labels
    yield check_input_is_unchanged
    yield check_seeds
    yield check_sample
    yield check_clone_and_pickle
    yield check_skops
    yield check_bad_input
    yield check_bad_counts
    yield check_is_no_transformer
    yield check_pipeline

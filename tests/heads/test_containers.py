"""The same rows in any container give the same head."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.base import clone

from sklearn_ext import AnyLossClassifier, AnyLossClassifierCV
from tests.heads._estimators import ESTIMATORS, each_estimator, state
from tests.heads._tables import table


def sparse_table(n=200, n_classes=2, **options):
    """Features of which half are zero, as counts are."""
    X, codes = table(n, 6, n_classes, **options)
    return np.where(np.abs(X) < 0.7, 0, X), codes


def long_indices(X):
    X = sp.csr_array(X)
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def untidy(X):
    """A CSR array with explicit zeros, split entries, and columns in no order."""
    X = sp.coo_array(X)
    rows = np.concatenate([X.row, X.row, [0, 1]])
    columns = np.concatenate([X.col, X.col, [0, 1]])
    values = np.concatenate([X.data / 2, X.data / 2, [0, 0]])
    order = np.lexsort((-columns, rows))
    indptr = np.searchsorted(rows[order], np.arange(X.shape[0] + 1))
    return sp.csr_array((values[order], columns[order], indptr), shape=X.shape)


DENSE = {
    "Fortran": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "list": lambda X: X.tolist(),
    "pandas": lambda X: pd.DataFrame(X).add_prefix("w"),
    "polars": lambda X: pl.DataFrame({f"w{j}": x for j, x in enumerate(X.T)}),
    "object": lambda X: X.astype(object),
}
SPARSE = {
    "CSR array": sp.csr_array,
    "CSR matrix": sp.csr_matrix,
    "CSC": sp.csc_array,
    "coordinates": sp.coo_array,
    "long indices": long_indices,
    "untidy": untidy,
}


@each_estimator
@pytest.mark.parametrize("name", DENSE)
def test_dense_containers(name, estimator):
    X, codes = sparse_table(120)
    expected = clone(estimator).fit(X, codes)
    given = DENSE[name](X)
    copy = pickle.dumps(given)
    model = clone(estimator).fit(given, codes)
    np.testing.assert_array_equal(state(model), state(expected))
    scores = model.decision_function(given)
    np.testing.assert_allclose(scores, expected.decision_function(X), rtol=1e-12)
    assert pickle.dumps(given) == copy


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", SPARSE)
def test_sparse_containers(name, n_classes):
    X, codes = sparse_table(n_classes=n_classes, share=0.6)
    for estimator in ESTIMATORS:
        if name != "CSR array" and type(estimator) is AnyLossClassifierCV:
            continue
        expected = clone(estimator).fit(X, codes)
        given = SPARSE[name](X)
        copy = pickle.dumps(given)
        model = clone(estimator).fit(given, codes)
        np.testing.assert_allclose(
            state(model), state(expected), rtol=1e-6, atol=1e-7, err_msg=repr(estimator)
        )
        np.testing.assert_allclose(
            model.predict_proba(given), expected.predict_proba(X), rtol=1e-5, atol=1e-9
        )
        assert pickle.dumps(given) == copy


def test_read_only_memmap(tmp_path):
    X, codes = table(100)
    np.save(tmp_path / "X.npy", X)
    given = np.load(tmp_path / "X.npy", mmap_mode="r")
    for estimator in ESTIMATORS:
        model = clone(estimator).fit(given, codes)
        expected = clone(estimator).fit(X, codes)
        np.testing.assert_array_equal(state(model), state(expected))


def test_read_only_labels_and_weights():
    X, codes = table(100)
    weight = np.ones(100)
    for array in (X, codes, weight):
        array.flags.writeable = False
    for estimator in ESTIMATORS:
        clone(estimator).fit(X, codes, sample_weight=weight).predict(X)


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@each_estimator
def test_single_precision_stays(estimator, container):
    X, codes = sparse_table()
    single = clone(estimator).fit(container(X.astype(np.float32)), codes)
    double = clone(estimator).fit(container(X), codes)
    assert single.coef_.dtype == single.intercept_.dtype == np.float32
    assert double.coef_.dtype == double.intercept_.dtype == np.float64
    assert single.decision_function(X.astype(np.float32)).dtype == np.float32
    agree = single.predict(X) == double.predict(X)
    assert agree.mean() > 0.93


def test_single_precision_of_hidden_layers():
    X, codes = table(100)
    model = AnyLossClassifier(hidden_layer_sizes=(3,), max_iter=3, random_state=0)
    model.fit(X.astype(np.float32), codes)
    assert {W.dtype for W in [*model.coefs_, *model.intercepts_]} == {
        np.dtype(np.float32)
    }


def test_integers_are_numbers():
    X, codes = table(100)
    counts = np.round(3 * X).astype(np.int32)
    model = AnyLossClassifier(max_iter=5).fit(counts, codes)
    expected = AnyLossClassifier(max_iter=5).fit(counts.astype(float), codes)
    np.testing.assert_array_equal(model.coef_, expected.coef_)


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["ham", "spam"]),
        np.array(["ham", "spam"], dtype=object),
        np.array([False, True]),
        np.array([-1, 1]),
        np.array([2.0, 7.0]),
        np.array([300, 5000], dtype=np.int16),
    ],
    ids=["str", "object", "bool", "signs", "float", "int16"],
)
@pytest.mark.parametrize("as_series", [False, True])
def test_labels(labels, as_series):
    X, codes = table(120)
    y = labels[codes]
    for estimator in ESTIMATORS:
        expected = clone(estimator).fit(X, codes)
        model = clone(estimator).fit(X, pd.Series(y) if as_series else y)
        np.testing.assert_array_equal(model.classes_, labels)
        np.testing.assert_array_equal(state(model), state(expected))
        predicted = model.predict(X)
        np.testing.assert_array_equal(predicted, labels[expected.predict(X)])

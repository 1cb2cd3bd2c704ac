"""The same bits in any container give the same automata and the same votes."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import skops.io
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_ext import TsetlinMachineClassifier

N_FEATURES = 70  # more than a word


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.4, (90, N_FEATURES))
    y = np.array(["c", "a", "b"])[(counts[:, :2] > 0).sum(axis=1)]
    return counts, y


def machine(**parameters):
    return TsetlinMachineClassifier(
        **{"n_clauses": 6, "max_iter": 3, "random_state": 0} | parameters
    )


def long_indices(X):
    X = sp.csr_array(X)
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def untidy(X):
    """A CSR matrix with explicit zeros, split entries, and columns in no order."""
    X = sp.coo_array(X)
    rows = np.concatenate([X.row, X.row, [0, 1]])
    columns = np.concatenate([X.col, X.col, [0, 1]])
    values = np.concatenate([X.data - 1.5, np.full(X.nnz, 1.5), [0, 0]])
    order = np.lexsort((-columns, rows))
    indptr = np.searchsorted(rows[order], np.arange(X.shape[0] + 1))
    return sp.csr_array((values[order], columns[order], indptr), shape=X.shape)


def read_only(X, folder):
    path = folder / "X.npy"
    np.save(path, X.astype(np.float32))
    return np.load(path, mmap_mode="r")


CONTAINERS = {
    "CSR array": sp.csr_array,
    "CSR matrix": sp.csr_matrix,
    "CSC": sp.csc_array,
    "coordinates": sp.coo_array,
    "long indices": long_indices,
    "untidy": untidy,
    "bool": lambda X: X > 0,
    "float32": lambda X: X.astype(np.float32),
    "Fortran": np.asfortranarray,
    "uint8": lambda X: X.astype(np.uint8),
    "object": lambda X: X.astype(object),
    "list": lambda X: X.tolist(),
    "pandas": lambda X: pd.DataFrame(X).add_prefix("w"),
    "polars": lambda X: pl.DataFrame({f"w{j}": x for j, x in enumerate(X.T)}),
}


def assert_equal(left, right):
    np.testing.assert_array_equal(left.state_, right.state_)
    np.testing.assert_array_equal(left.clause_weights_, right.clause_weights_)
    assert (left.clauses_ != right.clauses_).nnz == 0


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers(name, data):
    counts, y = data
    expected = machine().fit(counts, y)
    X = CONTAINERS[name](counts)
    copy = pickle.dumps(X)
    fitted = machine().fit(X, y)
    assert_equal(fitted, expected)
    for method in ("decision_function", "predict_proba"):
        votes = getattr(fitted, method)(X)
        np.testing.assert_array_equal(votes, getattr(expected, method)(counts))
    assert (fitted.transform(X) != expected.transform(counts)).nnz == 0
    assert pickle.dumps(X) == copy


def test_read_only_memmap(data, tmp_path):
    counts, y = data
    X = read_only(counts, tmp_path)
    fitted = machine().fit(X, y)
    assert_equal(fitted, machine().fit(counts, y))
    np.testing.assert_array_equal(fitted.predict(X), fitted.predict(counts))


def test_counts_carry_no_information(data):
    counts, y = data
    assert_equal(machine().fit(counts, y), machine().fit(counts > 0, y))
    assert_equal(
        machine(binarize=1).fit(counts, y), machine(binarize=None).fit(counts > 1, y)
    )


def test_attributes(data):
    counts, y = data
    fitted = machine().fit(sp.csr_array(counts), y)
    assert fitted.state_.dtype == np.uint64
    assert fitted.state_.shape == (3, 6, 8, 4)
    assert fitted.clause_weights_.dtype == fitted.n_literals_.dtype == np.int32
    assert fitted.clauses_.shape == (18, 2 * N_FEATURES)
    assert fitted.clauses_.dtype == np.int8
    assert isinstance(fitted.clauses_, sp.csr_array)
    assert fitted.clauses_.has_canonical_format
    np.testing.assert_array_equal(
        fitted.n_literals_.ravel(), fitted.clauses_.sum(axis=1)
    )
    np.testing.assert_array_equal(fitted.clause_class_, np.repeat(np.arange(3), 6))
    signs = np.tile([1, -1], 9)
    np.testing.assert_array_equal(
        fitted.clause_votes_, fitted.clause_weights_.ravel() * signs
    )
    assert fitted.device_ == "cpu"
    assert fitted.seed_ == 900450186894289455
    outputs = fitted.transform(counts)
    assert outputs.dtype == np.uint8
    assert isinstance(outputs, sp.csr_array)
    votes = np.zeros((len(y), 3), int)
    signed = outputs.toarray() * fitted.clause_votes_
    np.add.at(votes.T, fitted.clause_class_, signed.T)
    np.testing.assert_array_equal(votes, fitted.decision_function(counts))


def test_constant_features_have_no_automata(data):
    counts, y = data
    constant = np.column_stack([counts, np.ones(len(y)), np.zeros(len(y))])
    fitted = machine().fit(constant, y)
    assert not fitted.literal_mask_[[N_FEATURES, N_FEATURES + 1, -1, -2]].any()
    assert fitted.clauses_[:, [N_FEATURES, N_FEATURES + 1, -1, -2]].nnz == 0


def test_wide_votes_and_many_rows(data):
    """Blocks of rows and the last, shorter word change nothing."""
    counts, y = data
    fitted = machine(n_clauses=20).fit(counts, y)
    many = np.tile(counts, (60, 1))[:5000]
    votes = fitted.decision_function(many)
    np.testing.assert_array_equal(
        votes, np.tile(fitted.decision_function(counts), (60, 1))[:5000]
    )
    for n_jobs in (2, 3):
        again = clone_fitted(fitted, n_jobs=n_jobs)
        np.testing.assert_array_equal(again.decision_function(many), votes)
        assert (again.transform(many) != fitted.transform(many)).nnz == 0
    one_by_one = [fitted.decision_function(row[None])[0] for row in counts]
    np.testing.assert_array_equal(one_by_one, fitted.decision_function(counts))


def clone_fitted(estimator, **parameters):
    copy = clone(estimator).set_params(**parameters)
    vars(copy).update({k: v for k, v in vars(estimator).items() if k.endswith("_")})
    return copy


def test_weight_zero_is_removal(data):
    counts, y = data
    weight = np.arange(len(y)) % 3 * 1.0
    kept = weight > 0
    assert_equal(
        machine().fit(sp.csr_array(counts), y, sample_weight=weight),
        machine().fit(counts[kept], y[kept], sample_weight=weight[kept]),
    )
    assert_equal(
        machine().fit(counts, y, sample_weight=np.full(len(y), 7.0)),
        machine().fit(counts, y),
    )


def test_copies(data):
    counts, y = data
    fitted = machine().fit(counts, y)
    assert_equal(clone(fitted).fit(counts, y), fitted)
    assert_equal(pickle.loads(pickle.dumps(fitted)), fitted)
    file = skops.io.dumps(fitted)
    untrusted = skops.io.get_untrusted_types(data=file)
    # skops knows csr_matrix, not csr_array
    others = [name for name in untrusted if not name.startswith("sklearn_ext")]
    assert others == ["scipy.sparse._csr.csr_array"]
    assert_equal(skops.io.loads(file, trusted=untrusted), fitted)


def test_predict_keeps_the_estimator_as_it_is(data):
    counts, y = data
    fitted = machine().fit(counts, y)
    before = dict(vars(fitted))
    for method in ("predict", "predict_proba", "decision_function", "transform"):
        getattr(fitted, method)(counts)
    fitted.explain(counts[:3])
    fitted.get_rules(counts, y)
    assert vars(fitted).keys() == before.keys()
    assert all(vars(fitted)[name] is value for name, value in before.items())


TEXTS = ["cats purr and sleep", "dogs bark and run", "cats sleep", "dogs run far"] * 8
KINDS = ["cat", "dog"] * 16


def test_text_pipeline():
    pipe = make_pipeline(
        CountVectorizer(binary=True, ngram_range=(1, 2), min_df=3),
        SelectKBest(chi2, k=10),
        machine(),
    )
    grid = GridSearchCV(
        pipe,
        {
            "tsetlinmachineclassifier__specificity": [1.5, 3.0],
            "tsetlinmachineclassifier__threshold": ["auto", 5],
        },
        cv=2,
    ).fit(TEXTS, KINDS)
    assert grid.best_score_ == 1.0
    best = grid.best_estimator_
    rules = best[-1].get_rules(feature_names=best[:-1].get_feature_names_out(), top=3)
    assert rules["rule"].str.contains("cat|dog|purr|bark|run|sleep").all()
    assert cross_val_score(pipe, TEXTS, KINDS, cv=2).min() == 1.0


def test_calibration_and_clause_features(data):
    counts, y = data
    calibrated = CalibratedClassifierCV(machine(), cv=2).fit(counts, y)
    np.testing.assert_allclose(calibrated.predict_proba(counts).sum(axis=1), 1)
    stacked = make_pipeline(machine(n_clauses=20), LogisticRegression())
    assert stacked.fit(counts, y).score(counts, y) > 0.8


def test_binary_decisions_and_ties():
    X = np.eye(4)
    fitted = machine(n_clauses=2, max_iter=1).fit(X, [0, 1, 0, 1])
    votes = fitted.decision_function(X)
    assert votes.shape == (4,)
    np.testing.assert_array_equal(fitted.predict(X), (votes > 0).astype(int))
    probabilities = fitted.predict_proba(X)
    expected = 1 / (1 + np.exp(-votes / fitted.threshold_))
    np.testing.assert_allclose(probabilities[:, 1], expected, rtol=1e-12)
    silent = TsetlinMachineClassifier.from_clauses(
        np.zeros((2, 8)), [0, 1], [1, 1], classes=["a", "b"]
    )
    assert silent.predict(X).tolist() == ["a"] * 4  # empty clauses are false


def test_verbose_prints_a_line_per_epoch(data, capsys):
    machine(verbose=1, n_iter_no_change=3).fit(*data)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("[TsetlinMachineClassifier] epoch 1: online_accuracy")
    assert "validation_score" in lines[0]


def test_history_goes_on_after_early_stopping(data):
    fitted = machine(n_iter_no_change=2).fit(*data)
    n_iter = fitted.n_iter_
    fitted.partial_fit(*data)
    assert {len(entries) for entries in fitted.history_.values()} == {n_iter + 1}
    assert np.isnan(fitted.history_["validation_score"][-1])


def test_read_only_sparse_input_compiles_nothing(data, compiled):
    from sklearn_ext.tsetlin import _kernels, _kernels_inference

    counts, y = data
    expected = machine().fit(sp.csr_array(counts), y)
    expected.predict(counts)
    kernels = (_kernels.train_class, _kernels_inference.fill_columns)
    before = [len(kernel.signatures) for kernel in kernels]
    X = sp.csr_array(counts)
    for part in (X.data, X.indices, X.indptr):
        part.flags.writeable = False
    fitted = machine().fit(X, y)
    fitted.predict(X)
    assert_equal(fitted, expected)
    assert [len(kernel.signatures) for kernel in kernels] == before


def test_float32_is_compared_as_it_is(data):
    counts, y = data
    tenths = np.where(counts > 0, np.float32(0.1), np.float32(0))
    assert_equal(
        machine(binarize=0.1).fit(tenths, y),
        machine(binarize=0.1).fit(tenths.astype(np.float64), y),
    )


def test_any_batch_size(data):
    assert_equal(
        machine(batch_size=10**30).fit(*data), machine(batch_size=90).fit(*data)
    )

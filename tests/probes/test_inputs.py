"""Every kind of input gives the same model, and answers of its own kind."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from sklearn_ext import NaiveBayesProbe
from tests.common._process import run_python
from tests.probes._naive import make_rows

METHODS = ("decision_function", "predict_proba", "predict_log_proba")


def single():
    """Rows that float16 can hold, and labels."""
    X, y = make_rows(n_classes=3)
    return X.astype(np.float16).astype(np.float64), y


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_outputs_follow_the_dtype(dtype, n_classes):
    X, y = make_rows(n_classes=n_classes)
    X = X.astype(dtype)
    probe, exact = (NaiveBayesProbe().fit(each, y) for each in (X, X.astype(float)))
    np.testing.assert_allclose(probe.coef_, exact.coef_, rtol=1e-6, atol=1e-7)
    assert probe.coef_.dtype == np.float64
    for name in (*METHODS, "predict_joint_log_proba"):
        values = getattr(probe, name)(X)
        assert values.dtype == (np.float64 if dtype == np.float64 else np.float32)
        expected = getattr(exact, name)(X.astype(float))
        np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-4)


def test_containers():
    X, y = single()
    X[X < 0] = 0
    expected = NaiveBayesProbe().fit(X, y)
    frame = pd.DataFrame(X, columns=list("abcde"))
    unsorted = sparse.coo_array(X[:, ::-1]).tocsr()[:, ::-1]
    twice = sparse.csr_array(X)
    twice = sparse.csr_array(
        (
            np.repeat(twice.data / 2, 2),
            np.repeat(twice.indices, 2),
            twice.indptr * 2,
        ),
        X.shape,
    )
    containers = {
        "frame": frame,
        "nullable": frame.astype("Float64"),
        "polars": pl.from_pandas(frame),
        "list": X.tolist(),
        "csr": sparse.csr_array(X),
        "csc": sparse.csc_array(X),
        "csr matrix": sparse.csr_matrix(X),
        "unsorted": unsorted,
        "stored twice": twice,
    }
    for name, given in containers.items():
        probe = NaiveBayesProbe().fit(given, y)
        np.testing.assert_allclose(
            probe.coef_, expected.coef_, rtol=1e-10, err_msg=name
        )
        for method in METHODS:
            np.testing.assert_allclose(
                getattr(probe, method)(given),
                getattr(expected, method)(X),
                rtol=1e-8,
                atol=1e-10,
                err_msg=name,
            )
    assert twice.nnz == 2 * sparse.csr_array(X).nnz  # the caller's is as it was


def test_memory_maps_are_read_in_blocks(tmp_path, monkeypatch):
    from sklearn_ext.probes import _sums

    X, y = make_rows(n=3000, d=40, n_classes=3)
    X = X.astype(np.float32)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    monkeypatch.setattr(_sums, "UNCOPIED_BYTES", 2**16)
    probe, expected = (
        NaiveBayesProbe(batch_size=100).fit(each, y) for each in (mapped, X)
    )
    # sums in single precision, flushed where a block ends
    np.testing.assert_allclose(probe.coef_, expected.coef_, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(probe.predict(mapped), expected.predict(X))


LABELS = {
    "str": np.array(["b", "a", "c"]),
    "object": np.array(["b", "a", "c"], object),
    "int8": np.array([5, -3, 9], np.int8),
    "uint64": np.array([5, 3, 2**63], np.uint64),
    "float": np.array([5.0, -3.0, 9.0]),
    "bool": np.array([True, False, True]),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels(kind):
    X, y = make_rows(n_classes=3)
    codes = np.unique(y, return_inverse=True)[1]
    labels = LABELS[kind][codes]
    probe = NaiveBayesProbe().fit(X, labels)
    assert probe.classes_.tolist() == sorted(set(labels.tolist()))
    assert probe.classes_.dtype == labels.dtype
    assert probe.predict(X).dtype == labels.dtype
    assert probe.score(X, labels) > 0.6
    again = NaiveBayesProbe().fit(X, pd.Series(labels, index=np.arange(len(y))[::-1]))
    np.testing.assert_array_equal(again.coef_, probe.coef_)


@pytest.mark.parametrize(
    "dtype", ["float16", "bfloat16", "float32", "float64", "int64"]
)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_tensors(dtype, n_classes):
    torch = pytest.importorskip("torch")
    X, y = make_rows(n_classes=n_classes)
    codes = np.unique(y, return_inverse=True)[1]
    tensor = torch.tensor(np.round(4 * X)).to(getattr(torch, dtype))
    target = torch.tensor(codes)
    host = tensor.double().numpy()
    expected = NaiveBayesProbe().fit(host, codes)
    probe = NaiveBayesProbe().fit(tensor, target, torch.ones(len(codes)))
    np.testing.assert_allclose(probe.coef_, expected.coef_, rtol=1e-6, atol=1e-9)
    assert isinstance(probe.coef_, np.ndarray)
    is_double = dtype in ("float64", "int64")
    for name in (*METHODS, "predict_joint_log_proba"):
        values = getattr(probe, name)(tensor)
        assert isinstance(values, torch.Tensor)
        assert values.dtype == (torch.float64 if is_double else torch.float32)
        np.testing.assert_allclose(
            values, getattr(expected, name)(host), rtol=1e-4, atol=1e-4
        )
    predicted = probe.predict(tensor)
    assert isinstance(predicted, torch.Tensor)
    np.testing.assert_array_equal(predicted, expected.predict(host))
    assert probe.score(tensor, target) == expected.score(host, codes)
    words = NaiveBayesProbe().fit(tensor.float().requires_grad_(), y)
    assert isinstance(words.predict(tensor), np.ndarray)
    np.testing.assert_array_equal(words.predict(host), words.predict(tensor))


def test_array_api_arrays():
    xp = pytest.importorskip("array_api_strict")
    X, y = make_rows(n_classes=3)
    codes = np.unique(y, return_inverse=True)[1]
    device = xp.Device("device1")
    array, target = xp.asarray(X, device=device), xp.asarray(codes, device=device)
    expected = NaiveBayesProbe().fit(X, codes)
    probe = NaiveBayesProbe().fit(array, target)
    np.testing.assert_array_equal(probe.coef_, expected.coef_)
    for name in (*METHODS, "predict"):
        values = getattr(probe, name)(array)
        assert values.__array_namespace__() is xp
        assert values.device == device
        here = xp.asarray(values, device=xp.Device("CPU_DEVICE"))
        np.testing.assert_array_equal(np.asarray(here), getattr(expected, name)(X))
    assert probe.score(array, target) == expected.score(X, codes)
    assert isinstance(NaiveBayesProbe().fit(array, y).predict(array), np.ndarray)


def test_fitted_on_tensors_predicts_without_torch(tmp_path):
    torch = pytest.importorskip("torch")
    X, y = make_rows(n_classes=3)
    probe = NaiveBayesProbe(temperature="loo").fit(torch.tensor(X), y)
    probe._computes_in_torch = True
    probe.predict(torch.tensor(X))  # fills the cache on the device
    del probe._computes_in_torch
    (tmp_path / "probe.pkl").write_bytes(pickle.dumps((probe, X)))
    script = (
        "import pathlib, pickle, sys\n"
        "probe, X = pickle.loads(pathlib.Path('probe.pkl').read_bytes())\n"
        "pathlib.Path('said.pkl').write_bytes(pickle.dumps(probe.predict_proba(X)))\n"
        "assert 'torch' not in sys.modules and 'numba' not in sys.modules\n"
    )
    run_python("-c", script, cwd=tmp_path)
    said = pickle.loads((tmp_path / "said.pkl").read_bytes())
    np.testing.assert_array_equal(said, probe.predict_proba(X))


def test_small_fits_load_no_compiler():
    script = (
        "import sys, numpy as np\n"
        "from sklearn_ext import NaiveBayesProbe\n"
        "X = np.random.default_rng(0).normal(size=(900, 100))\n"
        "probe = NaiveBayesProbe(temperature='loo', shrinkage='auto')\n"
        "probe.fit(X, np.arange(900) % 3).predict_proba(X)\n"
        "assert 'numba' not in sys.modules and 'torch' not in sys.modules\n"
    )
    run_python("-c", script)


def test_the_callers_arrays_are_left_alone():
    X, y = make_rows()
    X[::5, 1] = np.nan
    weight = np.linspace(0.5, 2, len(y))
    before = pickle.dumps((X, y, weight))
    probe = NaiveBayesProbe(missing="marginalize", shrinkage="auto", temperature="loo")
    probe.fit(X, y, weight).partial_fit(X, y).forget(X[:9], y[:9]).calibrate(X, y)
    for name in METHODS:
        getattr(probe, name)(X)
    assert pickle.dumps((X, y, weight)) == before

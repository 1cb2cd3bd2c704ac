"""The way through torch, which is for GPUs, run on a CPU, and once on a GPU."""

import numpy as np
import pytest
from scipy import sparse

from sklearn_ext import NaiveBayesProbe
from tests.probes._naive import make_rows

torch = pytest.importorskip("torch")

from sklearn_ext.probes import _torch  # noqa: E402

METHODS = (
    "decision_function",
    "predict_proba",
    "predict_log_proba",
    "predict_joint_log_proba",
)


class TorchProbe(NaiveBayesProbe):
    _computes_in_torch = True


@pytest.fixture(params=["indicator", "sorted"], autouse=True)
def few_classes(request, monkeypatch):
    monkeypatch.setattr(
        _torch, "FEW_CLASSES", 512 if request.param == "indicator" else 0
    )


@pytest.mark.parametrize("n_classes", [2, 5])
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("kind", ["numpy", "tensor", "single"])
@pytest.mark.parametrize("has_holes", [False, True])
def test_same_as_numpy(n_classes, is_weighted, kind, has_holes, monkeypatch):
    monkeypatch.setattr(_torch, "BLOCK_ROWS", 256)
    X, y = make_rows(n=600, n_classes=n_classes)
    rng = np.random.default_rng(0)
    if has_holes:
        X[rng.random(X.shape) < 0.2] = np.nan
    codes = np.unique(y, return_inverse=True)[1]
    weight = rng.uniform(0, 2, len(y)) if is_weighted else None
    settings = {"missing": "marginalize", "temperature": "loo", "batch_size": 100}
    expected = NaiveBayesProbe(**settings).fit(X, codes, weight)
    given = X if kind == "numpy" else torch.tensor(X)
    given = given.float() if kind == "single" else given
    rtol = 1e-4 if kind == "single" else 1e-9
    probe = TorchProbe(**settings).fit(given, codes, weight)
    np.testing.assert_allclose(probe.coef_, expected.coef_, rtol, rtol / 10)
    np.testing.assert_allclose(probe.var_, expected.var_, rtol)
    assert probe.temperature_ == pytest.approx(expected.temperature_, rel=rtol)
    assert probe.n_loo_ == expected.n_loo_
    for name in METHODS:
        values = getattr(probe, name)(given)
        assert isinstance(values, np.ndarray if kind == "numpy" else torch.Tensor)
        np.testing.assert_allclose(
            np.asarray(values),
            getattr(expected, name)(X),
            rtol,
            10 * rtol,
            err_msg=name,
        )
    if kind != "single":
        predicted = probe.predict(given)
        assert isinstance(predicted, np.ndarray if kind == "numpy" else torch.Tensor)
        np.testing.assert_array_equal(np.asarray(predicted), expected.predict(X))
    parts = TorchProbe(**settings)
    for rows in np.array_split(np.arange(len(y)), 3):
        part = None if weight is None else weight[rows]
        parts.partial_fit(given[rows], codes[rows], range(n_classes), part)
    np.testing.assert_allclose(parts.coef_, expected.coef_, rtol, rtol / 10)
    names = TorchProbe().fit(np.nan_to_num(X), y)
    assert names.predict(torch.tensor(np.nan_to_num(X))).dtype == y.dtype


def test_the_cache_follows_the_state():
    X, y = make_rows(n_classes=3)
    codes = np.unique(y, return_inverse=True)[1]
    probe = TorchProbe().fit(X[:60], codes[:60])
    before = dict(vars(probe))
    probe.predict_proba(X)
    assert vars(probe).keys() == before.keys()
    probe.partial_fit(X[60:], codes[60:])
    expected = NaiveBayesProbe().fit(X, codes).predict_proba(X)
    np.testing.assert_allclose(probe.predict_proba(X), expected, rtol=1e-9, atol=1e-12)
    probe.set_params(missing="marginalize")
    holes = X.copy()
    holes[:, 0] = np.nan
    expected = NaiveBayesProbe(missing="marginalize").fit(X, codes)
    np.testing.assert_allclose(
        probe.predict_proba(holes), expected.predict_proba(holes), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("make", [np.asarray, torch.tensor])
def test_what_is_not_finite_is_found(value, make):
    X, y = make_rows()
    probe = TorchProbe().fit(make(X), y)
    bad = X.copy()
    bad[3, 1] = value
    message = "infinity" if value == np.inf else "NaN"
    for method in (probe.predict, probe.predict_proba, probe.decision_function):
        with pytest.raises(ValueError, match=message):
            method(make(bad))
    with pytest.raises(ValueError, match=message):
        probe.fit(make(bad), y)
    with pytest.raises(ValueError, match="infinity"):
        TorchProbe(missing="marginalize").fit(make(np.where(X > 0, np.inf, X)), y)
    with pytest.raises(ValueError, match="scale it down"):
        probe.fit(make(X * 1e200), y)


def test_kinds_of_tensors():
    X, y = make_rows(n_classes=3)
    whole = torch.tensor(np.round(X))
    expected = TorchProbe().fit(whole, y)
    probe = TorchProbe().fit(whole.int(), y)
    np.testing.assert_array_equal(probe.coef_, expected.coef_)
    with pytest.raises(ValueError, match="Complex data not supported"):
        probe.fit(whole * 1j, y)
    with pytest.raises(ValueError, match="Expected 2D array"):
        probe.fit(whole[0], y)
    with pytest.raises(ValueError, match="X has 4 features, but"):
        expected.predict(whole[:, :4])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        probe.fit(whole, y[:9])
    for bad in (np.full(len(y), -1.0), np.zeros(len(y))):
        with pytest.raises(ValueError, match=r"(?i)sample.weight"):
            probe.fit(whole, y, torch.tensor(bad))


def test_sparse_rows_stay_in_numpy():
    X, y = make_rows(n_classes=3)
    X[X < 0] = 0
    probe = TorchProbe().fit(sparse.csr_array(X), y)
    expected = NaiveBayesProbe().fit(sparse.csr_array(X), y)
    np.testing.assert_array_equal(probe.coef_, expected.coef_)
    np.testing.assert_array_equal(
        probe.predict(sparse.csr_array(X)), expected.predict(sparse.csr_array(X))
    )


def test_no_gpu():
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    X, y = make_rows()
    with pytest.raises(ValueError, match="found no CUDA device"):
        NaiveBayesProbe(device="cuda").fit(X, y)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("n_classes", [5, 600])
def test_on_a_gpu(n_classes):
    rng = np.random.default_rng(0)
    y = np.append(np.arange(n_classes), rng.integers(0, n_classes, 20_000))
    X = rng.normal(size=(n_classes, 64))[y] + rng.normal(size=(len(y), 64))
    X = X.astype(np.float32)
    expected = NaiveBayesProbe(temperature="loo").fit(X, y)
    on_gpu = torch.tensor(X, device="cuda")
    target = torch.tensor(y, device="cuda")
    moved = NaiveBayesProbe(temperature="loo", device="cuda").fit(X, y)
    probe = NaiveBayesProbe(temperature="loo").fit(on_gpu, target)
    again = NaiveBayesProbe(temperature="loo").fit(on_gpu, target)
    np.testing.assert_array_equal(probe.coef_, again.coef_)
    for model in (moved, probe):
        np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-4, atol=1e-4)
        assert model.temperature_ == pytest.approx(expected.temperature_, rel=1e-3)
    proba = probe.predict_proba(on_gpu)
    assert proba.is_cuda
    np.testing.assert_allclose(proba.cpu(), expected.predict_proba(X), atol=1e-4)
    assert probe.predict(on_gpu).is_cuda
    assert probe.score(on_gpu, target) == pytest.approx(expected.score(X, y), abs=1e-3)
    assert isinstance(moved.predict_proba(X), np.ndarray)
    np.testing.assert_allclose(
        probe.predict_proba(X), expected.predict_proba(X), atol=1e-4
    )

"""Every kind of input gives the same bars, and is left as it was."""

import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_ext import ClassSeparability
from tests.common._process import run_python

# numbers that every dtype and container can hold
X = np.random.default_rng(0).integers(-8, 9, (80, 4)).astype(float)
X = np.vstack([X, X[:9]])
LENGTHS = ("persistence_", "core_distances_")
BARS = (*LENGTHS, "mst_edges_", "merge_sizes_")  # up to the choice among equal lengths


def fit(given, **parameters):
    return ClassSeparability(min_samples=2, **parameters).fit(given)


def assert_same_bars(given, expected, names=BARS, **parameters):
    model = fit(given, **parameters)
    for name in names:
        np.testing.assert_array_equal(
            getattr(model, name), getattr(expected, name), err_msg=name
        )
    assert model.score_ == pytest.approx(expected.score_, rel=1e-12)
    assert model.score(given) == model.score_


@pytest.mark.parametrize("max_samples", [None, 30])
@pytest.mark.parametrize("normalize", [False, True])
def test_containers(tmp_path, max_samples, normalize):
    np.save(tmp_path / "X.npy", X)
    frame = pd.DataFrame(X, columns=list("abcd"))
    wide = np.repeat(X, 2, axis=1)
    read_only = X.copy()
    read_only.flags.writeable = False
    containers = {
        "list": X.tolist(),
        "Fortran": np.asfortranarray(X),
        "strided": wide[:, ::2],
        "backwards": X[::-1].copy()[::-1],
        "memmap": np.load(tmp_path / "X.npy", mmap_mode="r"),
        "read-only": read_only,
        "integers": X.astype(np.int8),
        "float16": X.astype(np.float16),
        "big-endian": X.astype(">f8"),
        "longdouble": X.astype(np.longdouble),
        "object": X.astype(object),
        "frame": frame,
        "nullable": frame.convert_dtypes(),
        "polars": pl.from_pandas(frame),
    }
    parameters = {
        "normalize": normalize,
        "max_samples": max_samples,
        "random_state": 0,
    }
    expected = fit(X, **parameters)
    for name, given in containers.items():
        before = pickle.dumps(given)
        try:
            assert_same_bars(given, expected, **parameters)
        except AssertionError as error:
            raise AssertionError(name) from error
        assert pickle.dumps(given) == before, name


def test_single_precision(tmp_path):
    """Whole numbers have the same bars in float32; unit rows nearly."""
    single = X.astype(np.float32)
    np.save(tmp_path / "X.npy", single)
    expected = fit(X)
    for given in (
        single,
        np.asfortranarray(single),
        np.load(tmp_path / "X.npy", mmap_mode="r"),
        pd.DataFrame(single),
    ):
        assert_same_bars(given, expected, LENGTHS)
    unit = fit(single[single.any(axis=1)], normalize=True)
    exact = fit(X[X.any(axis=1)], normalize=True)
    np.testing.assert_allclose(unit.persistence_, exact.persistence_, atol=1e-6)


def test_names_of_features():
    frame = pd.DataFrame(X, columns=list("abcd"))
    for given in (frame, pl.from_pandas(frame)):
        assert fit(given).feature_names_in_.tolist() == list("abcd")
    assert not hasattr(fit(frame).fit(X), "feature_names_in_")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_tensors(dtype):
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(X).to(getattr(torch, dtype)).requires_grad_()
    assert_same_bars(tensor, fit(X), LENGTHS)


def test_array_api_arrays():
    xp = pytest.importorskip("array_api_strict")
    assert_same_bars(xp.asarray(X, device=xp.Device("device1")), fit(X))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_distances(dtype, tmp_path):
    D = np.abs(X[:, :1] - X[:, :1].T).astype(dtype)
    np.save(tmp_path / "D.npy", D)
    expected = fit(D, metric="precomputed")
    rows = fit(X[:, :1])
    np.testing.assert_array_equal(expected.persistence_, rows.persistence_)
    for given in (
        np.asfortranarray(D),
        np.load(tmp_path / "D.npy", mmap_mode="r"),
        pd.DataFrame(D, columns=[f"row{i}" for i in range(len(D))]),
        np.repeat(D, 2, axis=1)[:, ::2],
    ):
        assert_same_bars(given, expected, metric="precomputed")


def test_any_y_is_ignored():
    expected = fit(X)
    for y in (np.arange(len(X)), ["a"] * 3, "nothing"):
        model = ClassSeparability(min_samples=2).fit(X, y)
        np.testing.assert_array_equal(model.persistence_, expected.persistence_)
        assert model.score(X, y) == expected.score_


def test_a_fit_that_is_mapped_to_memory_compiles_nothing(tmp_path, compiled):
    from sklearn_ext.separability._kernels_merges import cut, link

    model = fit(X)
    expected = model.labels_at(5), model.to_linkage()
    before = len(cut.signatures), len(link.signatures)
    joblib.dump(model, tmp_path / "model.joblib")
    mapped = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    assert not mapped.persistence_.flags.writeable
    np.testing.assert_array_equal(mapped.labels_at(5), expected[0])
    np.testing.assert_array_equal(mapped.to_linkage(), expected[1])
    assert (len(cut.signatures), len(link.signatures)) == before


def test_a_fit_travels_to_another_process(tmp_path):
    model = fit(X, max_samples=40, random_state=0)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps((model, X)))
    script = (
        "import pathlib, pickle, sys\n"
        "model, X = pickle.loads(pathlib.Path('model.pkl').read_bytes())\n"
        "assert 'numba' not in sys.modules and 'torch' not in sys.modules\n"
        "said = model.labels_at(5), model.to_linkage(), model.score(X)\n"
        "pathlib.Path('said.pkl').write_bytes(pickle.dumps(said))\n"
    )
    run_python("-W", "error", "-c", script, cwd=tmp_path)
    labels, merges, score = pickle.loads((tmp_path / "said.pkl").read_bytes())
    np.testing.assert_array_equal(labels, model.labels_at(5))
    np.testing.assert_array_equal(merges, model.to_linkage())
    assert score == model.score_


def test_frames_of_float32_tie_as_arrays_do():
    """Lengths that are equal but for the rounding of float32 merge at once."""
    lattice = np.stack(np.meshgrid(np.arange(8), np.arange(5)), -1).reshape(-1, 2)
    turn = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    X = (lattice @ turn).astype(np.float32)
    expected = ClassSeparability().fit(X).merge_sizes_
    frame = pd.DataFrame(X, columns=["a", "b"])
    for given in (frame, pl.from_pandas(frame), frame.convert_dtypes()):
        model = ClassSeparability().fit(given)
        np.testing.assert_array_equal(model.merge_sizes_, expected)
    exact = ClassSeparability().fit(X.astype(np.float64)).merge_sizes_
    assert not np.array_equal(exact, expected)

"""Bad input is refused in words that name parameter, value and way out."""

import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.spatial.distance import cdist

from sklearn_ext import ClassSeparability, class_separability_score
from sklearn_ext.separability import _rows

X = np.random.default_rng(0).normal(size=(30, 4))
D = cdist(X, X)


def changed(data, place, value):
    bad = data.copy()
    bad[place] = value
    return bad


PARAMETERS = [
    ({"statistic": "sum"}, "'statistic' parameter .*'mass_max'.* Got 'sum'"),
    ({"statistic": None}, "'statistic' parameter"),
    ({"normalize": "l2"}, "'normalize' parameter"),
    ({"metric": "cosine"}, "'metric' parameter .* normalize=True. Got 'cosine'"),
    ({"metric": "manhattan"}, "'metric' parameter.*'precomputed'"),
    ({"min_samples": 0}, "'min_samples' parameter"),
    ({"min_samples": True}, "'min_samples' parameter"),
    ({"min_samples": 1.5}, "'min_samples' parameter"),
    ({"min_component": 1}, "'min_component' parameter"),
    ({"min_component": -0.1}, "'min_component' parameter"),
    ({"max_samples": 1}, "'max_samples' parameter"),
    ({"max_samples": 0.0}, "'max_samples' parameter"),
    ({"max_samples": 1.5}, "'max_samples' parameter"),
    ({"max_samples": True}, "'max_samples' parameter"),
    ({"n_subsamples": 0}, "'n_subsamples' parameter"),
    ({"algorithm": "ball_tree"}, "'algorithm' parameter.*'kd_tree'"),
    ({"device": "tpu"}, "'device' parameter.*'cuda'"),
    ({"n_jobs": 1.5}, "'n_jobs' parameter"),
    ({"random_state": "seed"}, "'random_state' parameter"),
    ({"n_subsamples": 3}, "n_subsamples=3 needs max_samples"),
    ({"max_samples": 31}, "max_samples=31 must be at most n_samples=30"),
    ({"min_samples": 31}, "min_samples=31 must be at most .* n_used=30"),
    ({"min_samples": 11, "max_samples": 10}, "min_samples=11 .* n_used=10"),
    ({"min_samples": 7, "max_samples": 0.2}, "min_samples=7 .* n_used=6"),
]


@pytest.mark.parametrize(("parameters", "message"), PARAMETERS)
def test_parameters(parameters, message):
    model = ClassSeparability(**parameters)
    with pytest.raises(ValueError, match=message):
        model.fit(X)
    with pytest.raises(ValueError, match=message):
        class_separability_score(X, **parameters)
    later = ClassSeparability().fit(X).set_params(**parameters)
    with pytest.raises(ValueError, match=message):
        later.score(X)


def test_the_largest_values_that_go():
    assert ClassSeparability(min_samples=30, max_samples=30).fit(X).n_samples_ == 30
    ClassSeparability(min_component=0, max_samples=1.0).fit(X)


DATA = [
    (X[:0], ValueError, "n_samples=0.* minimum of 2"),
    (X[:1], ValueError, "n_samples=1.* minimum of 2"),
    (X[:, :0], ValueError, r"0 feature\(s\)"),
    (X[0], ValueError, "(?s)Expected 2D array, got 1D.*Reshape"),
    (X[0].tolist(), ValueError, "(?s)Expected 2D array, got 1D.*Reshape"),
    (X[None], ValueError, "dim 3"),
    (5.0, ValueError, "scalar"),
    (None, ValueError, "2D"),
    (changed(X, (3, 1), np.nan), ValueError, "Input X contains NaN"),
    (changed(X, (3, 1), np.inf), ValueError, "Input X contains infinity"),
    (X * 1j, ValueError, "Complex data not supported"),
    (np.array([["a", "b"]] * 3), ValueError, "could not convert string"),
    (sp.csr_array(X), TypeError, "sparse.*TruncatedSVD"),
    (sp.coo_matrix(X), TypeError, "sparse.*TruncatedSVD"),
    (sp.dok_array((3, 3)), TypeError, "sparse.*TruncatedSVD"),
]


@pytest.mark.parametrize(("data", "error", "message"), DATA)
def test_data(data, error, message):
    with pytest.raises(error, match=message):
        ClassSeparability().fit(data)
    with pytest.raises(error, match=message):
        class_separability_score(data)
    model = ClassSeparability().fit(X)
    if np.shape(data)[1:] != (0,):
        with pytest.raises(error, match=message):
            model.score(data)


def test_distances_that_overflow():
    signs = np.array([1, -1, 1, -1])  # no sum of entries overflows
    far = 1.7e308 * np.array([signs, -signs, 0 * signs, signs / 2])
    with pytest.raises(ValueError, match=r"as large as 1.7e\+308.* Divide X"):
        ClassSeparability().fit(far)
    expected = ClassSeparability().fit(far / 1e300).statistics_
    assert ClassSeparability().fit(far / 16).statistics_ == pytest.approx(expected)


def test_other_features_than_in_fit():
    model = ClassSeparability().fit(X)
    with pytest.raises(ValueError, match=r"X has 3 features, but .* expecting 4"):
        model.score(X[:, :3])
    named = ClassSeparability().fit(pd.DataFrame(X, columns=list("abcd")))
    with pytest.raises(ValueError, match="feature names should match"):
        named.score(pd.DataFrame(X, columns=list("abce")))


def test_rows_of_zeros_have_no_direction(monkeypatch):
    monkeypatch.setattr(_rows, "BLOCK", 16)  # four rows
    bad = changed(changed(X, 17, 0.0), 22, 0.0)
    model = ClassSeparability(normalize=True)
    for dtype in (np.float32, np.float64):
        with pytest.raises(ValueError, match=r"normalize=True .* row 17 of X"):
            model.fit(bad.astype(dtype))
    # the row of the X given, and only if it is drawn
    model.set_params(max_samples=8)
    for seed in range(10):
        drawn = ClassSeparability(max_samples=8, random_state=seed).fit(X)
        model.set_params(random_state=seed)
        zeros = [row for row in (17, 22) if row in drawn.sample_indices_]
        if zeros:
            with pytest.raises(ValueError, match=rf"row {zeros[0]} of X"):
                model.fit(bad)
        else:
            model.fit(bad)


DISTANCES = [
    (D[:-1], r"not square: its shape is \(29, 30\)"),
    (D[:, :-1], r"not square: its shape is \(30, 29\)"),
    (changed(D, (7, 3), -1.0), r"negative entry X\[7, 3\] = -1.0"),
    (changed(D, (7, 3), -1e-9), r"negative entry X\[7, 3\] = -1e-09"),
    (changed(D, (7, 7), 0.5), r"non-zero diagonal: X\[7, 7\] = 0.5"),
    (changed(D, (7, 7), 1e-300), r"non-zero diagonal: X\[7, 7\].*fill_diagonal"),
    (changed(D, (3, 7), D[3, 7] + 1e-3), r"not symmetric: X\[3, 7\].*X \+ X\.T"),
    (changed(D, (7, 3), D[3, 7] * (1 - 2e-6)), r"not symmetric: X\[3, 7\]"),
    (changed(D, (29, 28), 0.0), r"not symmetric: X\[28, 29\]"),
    (changed(D, (2, 5), np.nan), "NaN"),
    (changed(D, (2, 5), np.inf), "infinity"),
    (D[:1, :1], "n_samples=1"),
]


@pytest.mark.parametrize("block", [1, 90, 10**6])
@pytest.mark.parametrize(("data", "message"), DISTANCES)
def test_distances(monkeypatch, data, message, block):
    monkeypatch.setattr(_rows, "BLOCK", block)
    with pytest.raises(ValueError, match=message):
        ClassSeparability(metric="precomputed").fit(data)
    with pytest.raises(ValueError, match=message.replace("its shape", ".*")):
        class_separability_score(data, metric="precomputed")


def test_distances_symmetric_up_to_rounding():
    rounded = changed(D, (7, 3), D[3, 7] * (1 - 5e-7))
    score = class_separability_score(rounded, metric="precomputed")
    expected = class_separability_score(D, metric="precomputed")
    assert score == pytest.approx(expected, rel=1e-5)
    single = D.astype(np.float32)
    score = class_separability_score(single, metric="precomputed")
    assert score == pytest.approx(expected, rel=1e-5)


def test_places_are_those_of_the_matrix_given():
    bad = changed(D, (20, 20), 1.0)
    bad[:20, 20:] = -1
    model = ClassSeparability(metric="precomputed", max_samples=10, random_state=0)
    rows = model.fit(D).sample_indices_
    low, high = rows[rows < 20], rows[rows >= 20]
    with pytest.raises(ValueError, match=rf"X\[{low[0]}, {high[0]}\] = -1"):
        model.fit(bad)


def test_score_of_distances():
    model = ClassSeparability(metric="precomputed").fit(D)
    assert model.score(D[:9, :9]) > 0
    with pytest.raises(ValueError, match="not square"):  # what a search passes
        model.score(D[:9])
    with pytest.raises(ValueError, match=r"X has 9 features, but .* expecting 30"):
        model.score(D[:, :9])
    with pytest.raises(ValueError, match="negative entry"):
        model.score(-D)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"normalize": True}, "normalize=True .*metric='precomputed'"),
        ({"device": "cuda"}, "device='cuda' .*metric='precomputed'"),
        ({"algorithm": "kd_tree"}, "algorithm='kd_tree' .*metric='precomputed'"),
        ({"algorithm": "boruvka"}, "algorithm='boruvka' .*metric='precomputed'"),
    ],
)
def test_what_does_not_go_with_distances(parameters, message):
    with pytest.raises(ValueError, match=message):
        ClassSeparability(metric="precomputed", **parameters).fit(D)


def test_trees_of_many_features_warn():
    wide = np.random.default_rng(0).normal(size=(20, 51))
    with pytest.warns(UserWarning, match="kd_tree.*51 features.*slower than 'boruvka'"):
        model = ClassSeparability(algorithm="kd_tree").fit(wide)
    assert model.algorithm_ == "kd_tree"
    expected = ClassSeparability(algorithm="prim").fit(wide)
    np.testing.assert_allclose(model.persistence_, expected.persistence_, rtol=1e-12)
    ClassSeparability(algorithm="kd_tree").fit(wide[:, :50])


def test_no_gpu():
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(RuntimeError, match="device='cuda'"):
        ClassSeparability(device="cuda").fit(X)


def test_no_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r'pip install "sklearn-ext\[torch\]"'):
        ClassSeparability(device="cuda").fit(X)
    assert ClassSeparability().fit(X).score_ > 0


@pytest.mark.parametrize("n_clusters", [0, -1, 11])
def test_numbers_of_clusters(n_clusters):
    model = ClassSeparability(max_samples=10, random_state=0).fit(X)
    with pytest.raises(ValueError, match=f"n_clusters={n_clusters} .* from 1 to 10"):
        model.labels_at(n_clusters)


@pytest.mark.parametrize("n_clusters", [2.0, "2", True, None])
def test_kinds_of_numbers_of_clusters(n_clusters):
    with pytest.raises(TypeError, match=r"n_clusters=.* int from 1 to 30"):
        ClassSeparability().fit(X).labels_at(n_clusters)

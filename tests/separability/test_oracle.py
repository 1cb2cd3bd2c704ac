"""Trees and bars against dense single linkage in float64, for every way to a tree."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.cluster.hierarchy import cophenet, fcluster, is_valid_linkage, linkage
from scipy.spatial.distance import pdist, squareform
from scipy.stats import ortho_group
from sklearn.cluster import HDBSCAN
from sklearn.datasets import make_moons

from sklearn_ext import ClassSeparability
from sklearn_ext.separability._emst import euclidean_mst
from tests.separability import _naive

# a kd-tree is asked for on purpose, whatever the number of features
pytestmark = pytest.mark.filterwarnings("ignore:algorithm='kd_tree' prunes")

close = np.testing.assert_allclose
same = np.testing.assert_array_equal

ALGORITHMS = ["dense", "prim", "boruvka", "kd_tree", "auto"]
WAYS = [*ALGORITHMS, "torch"]
each_algorithm = pytest.mark.parametrize("algorithm", ALGORITHMS)
each_way = pytest.mark.parametrize("way", WAYS)
large = pytest.mark.usefixtures("compiled")  # minutes in plain Python


def tree_by(way, X, min_samples=1, n_jobs=None):
    """Return edges, ascending lengths and core distances of the tree found that way."""
    if way != "torch":
        tree = euclidean_mst(X, algorithm=way, min_samples=min_samples, n_jobs=n_jobs)
        assert tree.algorithm == way or (way == "auto" and tree.algorithm in ALGORITHMS)
        return tree.edges, tree.lengths, tree.core_distances
    pytest.importorskip("torch")
    from sklearn_ext._core._numba import Workers
    from sklearn_ext.separability._emst_boruvka import boruvka_tree
    from sklearn_ext.separability._emst_torch import TorchSearch

    Z, exponent = X, 0
    largest = np.abs(X).max()
    if not 1e-15 < largest < 1e15 and largest > 0:  # a search takes moderate scales
        exponent = np.frexp(largest)[1]
        Z = np.ldexp(X.astype(float), -exponent)
    search = TorchSearch(Z, device="cpu")
    with Workers(n_jobs) as workers:
        edges, squares = boruvka_tree(search, min_samples=min_samples, workers=workers)
    core = None if squares is None else np.sqrt(squares)
    lengths = np.linalg.norm(Z[edges[:, 0]].astype(float) - Z[edges[:, 1]], axis=1)
    if core is not None:
        lengths = np.maximum(lengths, core[edges].max(axis=1))
        core = np.ldexp(core, exponent)
    lengths = np.ldexp(lengths, exponent)
    order = lengths.argsort(kind="stable")
    return edges[order], lengths[order], core


def check_tree(X, tree, min_samples=1, D=None, heights=None):
    """A tree whose edges have the stated lengths, those of single linkage."""
    edges, lengths, core = tree
    n = len(X)
    D = _naive.distances(X) if D is None else D
    if min_samples == 1:
        assert core is None
    else:
        close(core, _naive.core_distances(D, min_samples), rtol=1e-12)
        D = _naive.mutual_reachability(D, min_samples)
    assert edges.shape == (n - 1, 2)
    assert (edges.dtype, lengths.dtype) == (np.int64, np.float64)
    assert _naive.components(n, edges)[0] == 1
    assert (np.diff(lengths) >= 0).all()
    close(lengths, D[tuple(edges.T)], rtol=1e-12)
    heights = _naive.single_linkage(D) if heights is None else heights
    close(lengths, heights, rtol=1e-12)


def blobs(rng, n, d=2, spread=30.0):
    """Blobs of width 1 whose centres lie tens of units apart."""
    centres = rng.uniform(-spread, spread, (10, d))
    return centres[rng.integers(10, size=n)] + rng.standard_normal((n, d))


def sphere(rng, n, d):
    """Unit vectors around ten directions."""
    centres = rng.standard_normal((10, d))
    X = centres[rng.integers(10, size=n)] + 0.5 * rng.standard_normal((n, d))
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def grid(n, d):
    """Points of an integer grid, as many per axis."""
    return np.stack(np.meshgrid(*[np.arange(n)] * d), axis=-1).reshape(-1, d) * 1.0


def one_other(rng):
    X = np.ones((200, 3))
    X[117, 1] = 1.5
    return X


def with_duplicates(rng, n=3000, d=5):
    """Gaussian rows, of which 40 % are exact copies of others."""
    X = rng.standard_normal((n, d))
    copies = rng.permutation(n)
    n_copies = int(0.4 * n)
    X[copies[:n_copies]] = X[rng.choice(copies[n_copies:], n_copies)]
    return X


def near_duplicates(rng):
    """Pairs that differ by 1e-9 of their norm, far from the origin."""
    X = rng.standard_normal((150, 20)) + 5
    return np.vstack([X, X + 1e-8 * rng.standard_normal(X.shape)])


def nested(rng):
    """Groups inside of groups, each a thousandth as wide as the one around it."""
    X = np.zeros((1, 4))
    for width in (1.0, 1e-3, 1e-6, 1e-9):
        X = (X[:, None] + width * rng.standard_normal((1, 5, 4))).reshape(-1, 4)
    return X


def with_outliers(rng):
    X = rng.standard_normal((300, 8))
    X[[3, 77, 200]] = [[1e9], [-1e7], [3e5]]
    return X


def line(rng):
    return rng.standard_normal((500, 1))


def ordered_line(rng):
    """Gaps that grow, so that Boruvka has to merge along a path."""
    return np.cumsum(np.arange(1.0, 301))[:, None]


def constant_columns(rng):
    X = np.full((300, 40), 7.0)
    X[:, 5] = rng.standard_normal(300)
    return X


def one_direction(rng):
    """Rows on a line through 50 dimensions."""
    return np.outer(rng.standard_normal(250), rng.standard_normal(50)) + 3


HARD = {
    "blobs in the plane": lambda rng: blobs(rng, 2000),
    "blobs in 10 dimensions": lambda rng: blobs(rng, 800, 10),
    "moons": lambda rng: make_moons(700, noise=0.05, random_state=0)[0],
    "offset": lambda rng: rng.standard_normal((400, 6)) + 1e6,
    "offset of one column": lambda rng: np.add(
        rng.standard_normal((400, 3)), [0, 1e8, 0]
    ),
    "scale 1e-200": lambda rng: 1e-200 * rng.standard_normal((300, 12)),
    "scale 1e200": lambda rng: 1e200 * rng.standard_normal((300, 12)),
    "largest": lambda rng: rng.uniform(-0.25, 0.25, (200, 3)) * np.finfo(float).max,
    "subnormal": lambda rng: 5e-324 * rng.integers(0, 2000, (200, 3)),
    "unequal scales": lambda rng: rng.standard_normal((300, 3)) * [1e-8, 1, 1e8],
    "sphere": lambda rng: sphere(rng, 500, 48),
    "grid": lambda rng: rng.permutation(grid(7, 3)),
    "grid from afar": lambda rng: rng.permutation(grid(18, 2)) + 12_345_678,
    "duplicates": lambda rng: with_duplicates(rng, 600, 3),
    "two rows repeated": lambda rng: np.repeat(np.eye(2, 9), 150, axis=0),
    "one other": one_other,
    "all equal": lambda rng: np.full((150, 20), -3.7),
    "zeros": lambda rng: np.zeros((40, 4)),
    "near duplicates": near_duplicates,
    "nested": nested,
    "outliers": with_outliers,
    "line": line,
    "ordered line": ordered_line,
    "constant columns": constant_columns,
    "one direction": one_direction,
    "power law": lambda rng: rng.standard_cauchy((400, 4)) ** 3,
}
HARD_FLOAT32 = {
    "blobs in the plane": lambda rng: blobs(rng, 2000),
    "offset": lambda rng: rng.standard_normal((400, 6)) + 1e6,
    "scale 1e-30": lambda rng: 1e-30 * rng.standard_normal((300, 12)),
    "scale 1e37": lambda rng: 1e37 * rng.standard_normal((300, 12)),
    "subnormal": lambda rng: 1.5e-45 * rng.integers(0, 2000, (200, 3)),
    "outlier of 1e30": lambda rng: np.vstack(
        [1e-3 * rng.standard_normal((300, 5)), np.full((1, 5), 1e30)]
    ),
    "sphere": lambda rng: sphere(rng, 500, 48),
    "grid": lambda rng: rng.permutation(grid(7, 3)),
    "duplicates": lambda rng: with_duplicates(rng, 600, 3),
    "near duplicates": near_duplicates,
    "outliers": with_outliers,
}


@cache
def hard_case(name, dtype, seed):
    """Return rows and the naive distances between them."""
    cases = HARD if dtype == "float64" else HARD_FLOAT32
    X = np.ascontiguousarray(cases[name](np.random.default_rng(seed)), dtype=dtype)
    return X, _naive.distances(X)


@cache
def hard_heights(name, dtype, seed, min_samples):
    """Return the ascending merge heights of a hard case."""
    _, D = hard_case(name, dtype, seed)
    return _naive.single_linkage(_naive.mutual_reachability(D, min_samples))


@large
@each_way
@pytest.mark.parametrize("min_samples", [1, 5])
@pytest.mark.parametrize(
    ("dtype", "name"),
    [("float64", name) for name in HARD] + [("float32", name) for name in HARD_FLOAT32],
)
def test_hard_cases(way, name, dtype, min_samples, global_random_seed):
    X, D = hard_case(name, dtype, global_random_seed)
    heights = hard_heights(name, dtype, global_random_seed, min_samples)
    tree = tree_by(way, X, min_samples, n_jobs=2)
    check_tree(X, tree, min_samples, D, heights)


@large
@each_way
@pytest.mark.parametrize("n", [2, 3, 4, 9, 16, 17, 18, 33, 64, 65, 129, 257])
def test_numbers_of_rows_and_columns(way, n):
    rng = np.random.default_rng(n)
    for d in (1, 2, 7, 8, 9, 17):
        X = rng.standard_normal((n, d))
        for min_samples in {1, 2, n} if n < 50 else {1, 20}:
            check_tree(X, tree_by(way, X, min_samples), min_samples)
        X = rng.integers(0, 2, (n, d)).astype(np.float32)
        check_tree(X, tree_by(way, X))


def published_cases():
    """Return rows by name, among them massive ties and 40 % duplicates."""
    rng = np.random.default_rng(0)
    return {
        "d = 2": rng.standard_normal((3000, 2)),
        "d = 50": rng.standard_normal((3000, 50)),
        "d = 384": rng.standard_normal((3000, 384)),
        "moons": make_moons(2000, noise=0.1, random_state=0)[0],
        "grid": grid(40, 2),
        "duplicates": with_duplicates(rng),
    }


@cache
def published_case(name, dtype):
    """Return rows and the heights that SciPy finds."""
    X = np.ascontiguousarray(published_cases()[name], dtype)
    return X, linkage(pdist(X.astype(float)), "single")[:, 2]


@large
@pytest.mark.parametrize(
    ("dtype", "algorithm"),
    [*(("float64", algorithm) for algorithm in ALGORITHMS), ("float32", "auto")],
)
@pytest.mark.parametrize("name", published_cases())
def test_bars_are_heights_of_single_linkage(name, dtype, algorithm):
    X, heights = published_case(name, dtype)
    model = ClassSeparability(algorithm=algorithm).fit(X)
    assert model.persistence_.shape == (len(X) - 1,)
    assert model.persistence_.dtype == np.float64
    close(model.persistence_, heights, rtol=1e-12)
    assert (model.mst_edges_[:, 0] < model.mst_edges_[:, 1]).all()
    assert _naive.components(len(X), model.mst_edges_)[0] == 1
    ends = X[model.mst_edges_].astype(float)
    lengths = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
    close(model.persistence_, lengths, rtol=1e-12)
    order = np.lexsort((*model.mst_edges_.T[::-1], model.persistence_))
    same(order, np.arange(len(order)))


@pytest.fixture(scope="module")
def thousand():
    """Rows with distances, some of them repeated."""
    rng = np.random.default_rng(0)
    X = np.vstack([blobs(rng, 500, 3, 4), rng.integers(0, 6, (500, 3))])
    return X, squareform(pdist(X))


@large
@each_algorithm
@pytest.mark.parametrize("min_samples", [1, 2, 6, 11])
def test_mutual_reachability(thousand, algorithm, min_samples):
    X, D = thousand
    weights = squareform(_naive.mutual_reachability(D, min_samples), checks=False)
    heights = linkage(weights, "single")[:, 2]
    model = ClassSeparability(min_samples=min_samples, algorithm=algorithm).fit(X)
    close(model.persistence_, heights, rtol=1e-12)
    hdbscan = HDBSCAN(min_samples=min_samples, algorithm="brute", copy=True).fit(X)
    close(model.persistence_, hdbscan._single_linkage_tree_["value"], rtol=1e-9)
    if min_samples > 1:
        close(model.core_distances_, _naive.core_distances(D, min_samples), rtol=1e-12)
    else:
        assert not hasattr(model, "core_distances_")
        close(model.persistence_, linkage(pdist(X), "single")[:, 2], rtol=1e-12)
    given = ClassSeparability(metric="precomputed", min_samples=min_samples).fit(D)
    close(given.persistence_, heights, rtol=1e-12)


def partition(labels):
    """Return the labels numbered by first appearance."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return first.argsort().argsort()[inverse]


@pytest.mark.parametrize(
    "X",
    [
        np.random.default_rng(0).standard_normal((150, 3)),
        np.random.default_rng(1).integers(0, 9, (120, 2)).astype(float),
    ],
    ids=["distinct", "ties and duplicates"],
)
@pytest.mark.parametrize("min_samples", [1, 4])
def test_linkage_and_cuts(X, min_samples):
    model = ClassSeparability(min_samples=min_samples).fit(X)
    Z = model.to_linkage()
    assert (Z.dtype, Z.shape) == (np.float64, (len(X) - 1, 4))
    assert is_valid_linkage(Z)
    weights = _naive.mutual_reachability(_naive.distances(X), min_samples)
    expected = linkage(squareform(weights, checks=False), "single")
    close(cophenet(Z), cophenet(expected), rtol=1e-12)
    same(np.sort(Z[:, 2]), Z[:, 2])
    assert Z[-1, 3] == len(X)
    heights = model.persistence_
    n_unique = 0
    for k in range(1, len(X) + 1):
        labels = model.labels_at(k)
        assert labels.dtype == np.int64
        same(labels, partition(labels))
        assert labels.max() == k - 1
        if k in (1, len(X)) or heights[-k] < heights[1 - k] * (1 - 1e-9):
            same(labels, partition(fcluster(expected, k, "maxclust")))
            n_unique += 1
    assert n_unique > 2


SHAPES = {
    "blobs": blobs(np.random.default_rng(0), 300, 4, 5),
    "grid": grid(17, 2),
    "grid with holes": np.delete(grid(18, 2), slice(3, None, 7), axis=0),
    "duplicates": with_duplicates(np.random.default_rng(0), 300, 3),
    "more than half duplicates": np.random.default_rng(0).integers(0, 9, (300, 2))
    * 1.0,
}


@large
@pytest.mark.parametrize("min_samples", [1, 5])
@pytest.mark.parametrize("name", SHAPES)
def test_statistics_stay_under_motions(name, min_samples):
    X, rng = SHAPES[name], np.random.default_rng(3)
    n, d = X.shape

    def values(X, algorithm="auto"):
        model = ClassSeparability(min_samples=min_samples, algorithm=algorithm).fit(X)
        return [model.statistics_[key] for key in _naive.STATISTICS]

    expected = values(X)
    rows, copies = np.unique(X, axis=0, return_inverse=True)
    # copies stay copies
    rotated = (rows @ ortho_group.rvs(d, random_state=0))[copies]
    shift = rng.uniform(-10, 10, d)
    order = rng.permutation(n)
    for moved in (rotated, X + shift, 1e-3 * X, 7e4 * X, X[order], X[::-1]):
        close(values(np.ascontiguousarray(moved)), expected, rtol=1e-6, atol=1e-6)
    moved = np.ascontiguousarray((3.7 * rotated + shift)[order])
    for algorithm in ALGORITHMS:
        close(values(moved, algorithm), expected, rtol=1e-6, atol=1e-6)
    close(values(moved.astype(np.float32)), expected, rtol=1e-4, atol=1e-4)


@large
@each_algorithm
@pytest.mark.parametrize("min_samples", [1, 4])
def test_number_of_jobs_changes_no_bit(algorithm, min_samples):
    rng = np.random.default_rng(0)
    for X in (blobs(rng, 1500), sphere(rng, 900, 40).astype(np.float32), grid(6, 4)):
        one, two, again = (tree_by(algorithm, X, min_samples, j) for j in (1, 2, 2))
        for a, b, c in zip(one, two, again, strict=True):
            same(a, b)
            same(b, c)


@large
@each_algorithm
def test_fit_repeats_itself(algorithm):
    X = blobs(np.random.default_rng(0), 1200, 3)
    given = {"max_samples": 400, "n_subsamples": 3, "random_state": 5}
    models = [
        ClassSeparability(algorithm=algorithm, n_jobs=n_jobs, **given).fit(X)
        for n_jobs in (1, 2, 2)
    ]
    for other in models[1:]:
        for name in (
            *("persistence_", "mst_edges_", "merge_sizes_", "sample_indices_"),
            *("scores_", "score_", "score_std_"),
        ):
            same(getattr(other, name), getattr(models[0], name))
        assert other.statistics_ == models[0].statistics_


def test_subsamples_are_what_they_say():
    """Bars and edges of the first draw, scores of each."""
    X = blobs(np.random.default_rng(0), 500, 3, 8)
    model = ClassSeparability(max_samples=0.3, n_subsamples=4, random_state=1).fit(X)
    rows = model.sample_indices_
    assert (len(rows), model.n_samples_) == (150, 150)
    assert len(np.unique(rows)) == 150
    D = _naive.distances(X)
    heights = _naive.single_linkage(D[np.ix_(rows, rows)])
    close(model.persistence_, heights, rtol=1e-12)
    close(D[tuple(model.mst_edges_.T)], heights, rtol=1e-12)
    assert np.isin(model.mst_edges_, rows).all()
    places = np.full(500, -1)
    places[rows] = np.arange(150)
    sizes = _naive.merge_sizes(places[model.mst_edges_], heights)
    same(model.merge_sizes_, sizes)
    numbers = _naive.statistics(heights, sizes)
    close([model.statistics_[name] for name in numbers], list(numbers.values()))
    close(model.scores_[0], numbers["mass"])
    close(model.score_, model.scores_.mean())
    close(model.score_std_, model.scores_.std())
    assert model.score_std_ > 0


def test_normalized_rows_are_directions():
    X = blobs(np.random.default_rng(0), 300, 5)
    norms = np.linalg.norm(X, axis=1, keepdims=True)
    model = ClassSeparability(normalize=True).fit(X)
    cosines = (X / norms) @ (X / norms).T
    heights = _naive.single_linkage(np.sqrt(np.maximum(2 - 2 * cosines, 0)))
    close(model.persistence_, heights, rtol=1e-9, atol=1e-7)
    score = ClassSeparability(normalize=True).fit(7 * X / norms**2).score_
    close(model.score_, score, rtol=1e-9)


QUICK = settings(derandomize=True, deadline=None, max_examples=60)


@st.composite
def small_integers(draw):
    """Return rows of small integers, and a number of neighbours they have."""
    n, d = draw(st.integers(2, 14)), draw(st.integers(1, 4))
    X = draw(arrays(np.float64, (n, d), elements=st.integers(0, 3).map(float)))
    return X, draw(st.integers(1, n))


@each_way
@QUICK
@given(case=small_integers())
def test_trees_of_small_integers(way, case):
    X, min_samples = case
    for scale in (1.0, 0.1):
        for dtype in (np.float64, np.float32):
            Y = (scale * X).astype(dtype)
            check_tree(Y, tree_by(way, Y, min_samples), min_samples)


@QUICK
@given(
    case=small_integers(),
    min_component=st.sampled_from([0.0, 0.01, 0.2, 0.4]),
    algorithm=st.sampled_from(ALGORITHMS),
)
def test_numbers_of_small_integers(case, min_component, algorithm):
    X, min_samples = case
    given = {"min_samples": min_samples, "min_component": min_component}
    model = ClassSeparability(algorithm=algorithm, **given)
    D = _naive.mutual_reachability(_naive.distances(X), min_samples)
    heights = _naive.single_linkage(D)
    if heights[-1] == 0:
        with pytest.warns(UserWarning, match="identical"):
            model.fit(X)
    else:
        model.fit(X)
    sizes = _naive.merge_sizes(model.mst_edges_, heights)
    same(model.merge_sizes_, sizes)
    numbers = _naive.statistics(heights, sizes, min_component)
    found = [model.statistics_[name] for name in numbers]
    close(found, list(numbers.values()), rtol=1e-9, atol=1e-12)
    assert all(type(value) is float for value in model.statistics_.values())
    assert model.score_ == model.statistics_["mass"]
    # the first tree that is found need not be that of other rows, its sizes are
    order = np.arange(len(X))[::-1]
    if heights[-1] > 0:
        turned = ClassSeparability(algorithm=algorithm, **given).fit(X[order])
        found = [turned.statistics_[name] for name in numbers]
        close(found, list(numbers.values()), rtol=1e-9, atol=1e-12)


def test_two_rows():
    model = ClassSeparability().fit([[0.0, 0.0], [3.0, 4.0]])
    same(model.persistence_, [5.0])
    same(model.mst_edges_, [[0, 1]])
    same(model.merge_sizes_, [1])
    expected = dict.fromkeys(_naive.STATISTICS, 0.0)
    expected.update(mass_max=0.5, kurtosis=1.0)
    assert model.statistics_ == expected
    same(model.labels_at(1), [0, 0])
    same(model.labels_at(2), [0, 1])


def test_more_than_half_duplicates():
    """The median is 0, so lengths count in units of the smallest other one, 2."""
    model = ClassSeparability().fit(2.0 * np.array([[0] * 5 + [1] * 2 + [3] * 3]).T)
    same(model.persistence_, [0] * 7 + [2, 4])
    same(model.merge_sizes_, [1] * 7 + [2, 3])
    close(model.statistics_["mass"], 0.2 * 1 + 0.3 * 2)
    close(model.statistics_["mass_max"], 0.3 * 2)

"""ClassSeparability: what it says of data, and how it behaves as an estimator."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster import hierarchy
from scipy.spatial.distance import cdist
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.datasets import load_iris, make_blobs
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_ext import ClassSeparability, class_separability_score
from tests.separability import _naive

SEEDED = settings(max_examples=25, deadline=None, derandomize=True)


def blobs(n=120, d=3, k=3, seed=0):
    return make_blobs(n, d, centers=k, random_state=seed)[0]


def grid(side=5):
    """Points of an integer lattice: nearly all lengths tie."""
    points = np.stack(np.meshgrid(*[np.arange(side)] * 2), -1).reshape(-1, 2)
    return np.vstack([points, points[: 2 * side] * [1, 2] + [3 * side, 0]]).astype(
        float
    )


def fitted(model):
    return {name: value for name, value in vars(model).items() if name.endswith("_")}


def assert_same_fit(left, right):
    assert fitted(left).keys() == fitted(right).keys()
    for name, value in fitted(left).items():
        np.testing.assert_array_equal(value, fitted(right)[name], err_msg=name)


@pytest.mark.parametrize("min_samples", [1, 4])
@pytest.mark.parametrize("normalize", [False, True])
def test_everything_against_dense_matrices(min_samples, normalize, global_random_seed):
    X = blobs(seed=global_random_seed) + 1
    model = ClassSeparability(
        min_samples=min_samples, normalize=normalize, min_component=0.05
    ).fit(X)
    if normalize:
        X = X / np.linalg.norm(X, axis=1)[:, None]
    D = _naive.distances(X)
    D = _naive.mutual_reachability(D, min_samples)
    np.testing.assert_allclose(
        model.persistence_, _naive.single_linkage(D), rtol=1e-9, atol=1e-12
    )
    edges = model.mst_edges_
    np.testing.assert_allclose(model.persistence_, D[*edges.T], rtol=1e-9)
    assert (edges[:, 0] < edges[:, 1]).all()
    sizes = _naive.merge_sizes(edges, model.persistence_)
    np.testing.assert_array_equal(model.merge_sizes_, sizes)
    expected = _naive.statistics(model.persistence_, sizes, 0.05)
    assert model.statistics_ == pytest.approx(expected, rel=1e-9)
    assert model.score_ == model.statistics_["mass"]
    if min_samples > 1:
        cores = _naive.core_distances(_naive.distances(X), min_samples)
        np.testing.assert_allclose(model.core_distances_, cores, rtol=1e-9)


def test_attributes():
    X = blobs(50)
    model = ClassSeparability("gini", max_samples=0.5, n_subsamples=3, random_state=0)
    model.fit(X)
    kinds = {
        "persistence_": (np.float64, (24,)),
        "mst_edges_": (np.int64, (24, 2)),
        "merge_sizes_": (np.int64, (24,)),
        "scores_": (np.float64, (3,)),
        "sample_indices_": (np.int64, (25,)),
    }
    for name, (dtype, shape) in kinds.items():
        value = getattr(model, name)
        assert (value.dtype, value.shape) == (dtype, shape), name
    assert not hasattr(model, "core_distances_")
    assert type(model.score_) is type(model.score_std_) is float
    assert model.score_ == model.scores_.mean()
    assert model.score_std_ == model.scores_.std() > 0
    assert (model.n_samples_, model.n_features_in_) == (25, 3)
    assert model.statistics_["gini"] == model.scores_[0]
    assert (np.diff(model.sample_indices_) > 0).all()
    assert np.isin(model.mst_edges_, model.sample_indices_).all()
    whole = ClassSeparability("gini").fit(X)
    assert whole.score_std_ == 0.0
    np.testing.assert_array_equal(whole.sample_indices_, np.arange(50))


def test_a_subsample_is_a_fit_to_its_rows():
    X = blobs(60)
    model = ClassSeparability(max_samples=20, min_samples=3, random_state=3).fit(X)
    rows = model.sample_indices_
    alone = ClassSeparability(min_samples=3).fit(X[rows])
    assert model.statistics_ == alone.statistics_
    for name in ("persistence_", "merge_sizes_", "core_distances_"):
        np.testing.assert_array_equal(getattr(model, name), getattr(alone, name))
    np.testing.assert_array_equal(model.mst_edges_, rows[alone.mst_edges_])
    np.testing.assert_array_equal(model.labels_at(4), alone.labels_at(4))
    np.testing.assert_array_equal(model.to_linkage(), alone.to_linkage())


def test_subsamples_differ_and_repeat():
    X = blobs(60)
    model = ClassSeparability(max_samples=30, n_subsamples=4, random_state=1)
    first = clone(model).fit(X)
    assert len(set(first.scores_)) == 4
    assert_same_fit(first, clone(model).fit(X))
    assert_same_fit(first, first.fit(X))
    other = clone(model).set_params(random_state=2).fit(X)
    assert not np.array_equal(other.sample_indices_, first.sample_indices_)
    one = clone(model).set_params(n_subsamples=1).fit(X)
    np.testing.assert_array_equal(one.sample_indices_, first.sample_indices_)


@pytest.mark.parametrize(
    ("max_samples", "n_used"), [(2, 2), (60, 60), (0.5, 30), (1.0, 60), (1e-9, 2)]
)
def test_number_of_rows(max_samples, n_used):
    model = ClassSeparability("mean", max_samples=max_samples, random_state=0)
    assert model.fit(blobs(60)).n_samples_ == n_used


@pytest.mark.parametrize("min_samples", [1, 3])
@pytest.mark.parametrize("max_samples", [None, 25])
def test_precomputed_distances(min_samples, max_samples):
    """They give what the rows give, of subsamples, too: then of the submatrix."""
    X = blobs(50)
    keywords = {
        "min_samples": min_samples,
        "max_samples": max_samples,
        "random_state": 0,
    }
    rows = ClassSeparability(**keywords).fit(X)
    model = ClassSeparability(metric="precomputed", **keywords).fit(cdist(X, X))
    assert model.algorithm_ == "precomputed"
    assert model.statistics_ == pytest.approx(rows.statistics_, rel=1e-9)
    np.testing.assert_array_equal(model.merge_sizes_, rows.merge_sizes_)
    np.testing.assert_array_equal(model.sample_indices_, rows.sample_indices_)
    if min_samples == 1:
        np.testing.assert_array_equal(model.mst_edges_, rows.mst_edges_)
    else:  # edges tie where a core distance is their length
        np.testing.assert_allclose(model.core_distances_, rows.core_distances_)
    tags = get_tags(model).input_tags
    assert tags.pairwise
    assert not get_tags(rows).input_tags.pairwise
    new = blobs(30, seed=1)
    assert model.score(cdist(new, new)) == pytest.approx(rows.score(new), rel=1e-9)


@SEEDED
@given(
    st.sampled_from(["blobs", "grid", "duplicates", "iris"]),
    st.sampled_from([1, 3]),
    st.integers(0, 2**32 - 1),
)
def test_nothing_but_the_shape_matters(data, min_samples, seed):
    """Rotation, translation, scale and order of rows change no statistic."""
    X = {
        "blobs": blobs(),
        "grid": grid(),
        "duplicates": np.vstack([blobs(40), blobs(40)[:25]]),
        "iris": load_iris().data,
    }[data]
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(X.shape[1], X.shape[1])))
    scale = 10.0 ** rng.integers(-3, 4)
    moved = rng.permutation(scale * (X @ turn + rng.normal(size=X.shape[1])))
    model = ClassSeparability(min_samples=min_samples, min_component=0)
    before, after = (clone(model).fit(rows) for rows in (X, moved))
    assert after.statistics_ == pytest.approx(before.statistics_, rel=1e-6, abs=1e-6)
    np.testing.assert_array_equal(
        np.sort(after.merge_sizes_), np.sort(before.merge_sizes_)
    )


@pytest.mark.parametrize("seed", range(5))
def test_order_of_rows_on_a_grid(seed):
    """The same bits for the lengths, and the same sizes for each of them."""
    X = grid(7)
    order = np.random.default_rng(seed).permutation(len(X))
    before, after = (ClassSeparability().fit(rows) for rows in (X, X[order]))
    np.testing.assert_array_equal(before.persistence_, after.persistence_)
    assert len(set(before.persistence_)) < 5
    for length in set(before.persistence_):
        tied = before.persistence_ == length
        left, right = (np.sort(m.merge_sizes_[tied]) for m in (before, after))
        np.testing.assert_array_equal(left, right)
    assert before.statistics_ == pytest.approx(after.statistics_, rel=1e-12)


def test_float32_is_kept():
    """Lengths are those of the rounded rows, and near ties are ties."""
    X = grid(6).astype(np.float32) / np.float32(3)
    model = ClassSeparability().fit(X)
    exact = _naive.single_linkage(_naive.distances(X))
    np.testing.assert_allclose(model.persistence_, exact, rtol=1e-12)
    assert len(set(model.persistence_)) > 5  # thirds are rounded
    ties = ClassSeparability().fit(grid(6))
    np.testing.assert_array_equal(model.merge_sizes_, ties.merge_sizes_)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_unit_rows(dtype, scale):
    X = (blobs() * scale).astype(dtype)
    X[::3] *= dtype(1e-3)
    exact = X.astype(np.longdouble)
    unit = exact / np.sqrt((exact**2).sum(axis=1))[:, None]
    left = ClassSeparability(normalize=True).fit(X)
    right = ClassSeparability().fit(unit.astype(dtype))
    np.testing.assert_allclose(
        left.persistence_,
        right.persistence_,
        rtol=1e-4 if dtype == np.float32 else 1e-9,
    )


@pytest.mark.parametrize("scale", [5e-324, 1e-310, 1e-200, 1e200, 8e307])
def test_unit_rows_of_extreme_scale(scale):
    angles = np.linspace(0, 1, 20) ** 2
    X = np.column_stack([np.cos(angles), np.sin(angles)])
    X[1::2] *= scale
    X = X[:, ::-1] if scale > 1e-300 else np.ceil(X)  # 5e-324 has no fractions
    model = ClassSeparability(normalize=True).fit(X)
    with np.errstate(under="ignore"):
        unit = X / np.abs(X).max(axis=1)[:, None]
    unit /= np.linalg.norm(unit, axis=1)[:, None]
    expected = ClassSeparability().fit(unit)
    np.testing.assert_allclose(
        model.persistence_, expected.persistence_, rtol=1e-9, atol=1e-15
    )


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_extreme_scale(scale):
    X = blobs()
    expected = ClassSeparability().fit(X).statistics_
    assert ClassSeparability().fit(scale * X).statistics_ == pytest.approx(expected)


def test_score_is_of_the_rows_alone():
    X, new = blobs(60), blobs(70, seed=1)
    model = ClassSeparability("cv", max_samples=40, n_subsamples=2, random_state=0)
    scores = {model.fit(rows).score(new) for rows in (X, 5 * X + 3, new)}
    assert scores == {model.score_}
    assert model.fit(X).score(X) == model.score_


@pytest.mark.parametrize(
    "random_state", [None, 0, np.random.RandomState(0)], ids=["none", "int", "state"]
)
def test_score_leaves_the_object_alone(random_state):
    model = ClassSeparability(max_samples=20, random_state=random_state).fit(blobs(60))
    before = pickle.dumps(vars(model))
    scores = [model.score(blobs(60, seed=1)) for _ in range(2)]
    assert pickle.dumps(vars(model)) == before
    assert random_state is None or scores[0] == scores[1]


def test_score_uses_the_settings_of_the_moment():
    X = blobs(60)
    model = ClassSeparability().fit(X)
    model.set_params(statistic="entropy")
    assert model.score(X) == model.statistics_["entropy"]
    with pytest.raises(ValueError, match="'statistic' parameter"):
        model.set_params(statistic="sum").score(X)


def test_linkage_and_labels(global_random_seed):
    X = blobs(80, seed=global_random_seed)
    model = ClassSeparability().fit(X)
    expected = hierarchy.linkage(X, "single")
    np.testing.assert_allclose(
        hierarchy.cophenet(model.to_linkage()), hierarchy.cophenet(expected)
    )
    for k in (1, 2, 3, 7, 80):
        theirs = hierarchy.fcluster(expected, k, "maxclust")
        ours = model.labels_at(k)
        assert (ours.dtype, ours.shape) == (np.int64, (80,))
        assert len({*zip(ours, theirs, strict=True)}) == k
    assert model.labels_at(80).tolist() == list(range(80))


def test_the_function_is_the_score():
    X = blobs(60)
    keywords = {
        "normalize": True,
        "min_samples": 2,
        "min_component": 0.1,
        "max_samples": 0.5,
        "n_subsamples": 2,
        "random_state": 5,
        "algorithm": "prim",
        "device": "cpu",
        "n_jobs": 1,
    }
    for statistic in ("mass", "gini"):
        model = ClassSeparability(statistic, **keywords).fit(X)
        score = class_separability_score(X, statistic=statistic, **keywords)
        assert score == model.score_
    D = cdist(X, X)
    precomputed = class_separability_score(D, metric="precomputed")
    assert precomputed == pytest.approx(class_separability_score(X), rel=1e-9)


@pytest.mark.parametrize("algorithm", ["auto", "dense", "prim", "boruvka", "kd_tree"])
def test_threads_and_algorithms(algorithm):
    X = blobs(400, 6)
    model = ClassSeparability(algorithm=algorithm, min_samples=3)
    one, two = (clone(model).set_params(n_jobs=n).fit(X) for n in (1, 2))
    assert_same_fit(one, two)
    assert algorithm in ("auto", one.algorithm_)
    expected = _naive.mutual_reachability(_naive.distances(X), 3)
    np.testing.assert_allclose(
        one.persistence_, _naive.single_linkage(expected), rtol=1e-12
    )


def test_identical_rows():
    X = np.full((20, 3), 0.1)
    with pytest.warns(UserWarning, match="All rows are identical") as caught:
        model = ClassSeparability().fit(X)
    assert [warning.filename for warning in caught] == [__file__]
    assert set(model.statistics_.values()) == {0.0}
    assert model.score_ == model.score_std_ == 0.0
    assert len(model.persistence_) == 19
    with pytest.warns(UserWarning, match="All rows are identical") as caught:
        assert model.score(X) == 0.0
    assert [warning.filename for warning in caught] == [__file__]
    with pytest.warns(UserWarning, match="all distances 0"):
        assert class_separability_score(np.zeros((5, 5)), metric="precomputed") == 0.0
    assert model.labels_at(2).max() == 1


def test_refit_forgets():
    X = blobs(40)
    model = ClassSeparability(min_samples=3, max_samples=20, random_state=0).fit(X)
    model.set_params(min_samples=1, max_samples=None).fit(X[:, :2])
    assert_same_fit(model, ClassSeparability().fit(X[:, :2]))


@pytest.mark.parametrize(
    "bad",
    [np.full((9, 3), np.nan), np.zeros((9, 3)), np.zeros((1, 3)), np.zeros((2, 3))],
)
def test_a_failed_fit_changes_nothing(bad):
    keywords = {"min_samples": 3, "normalize": True}
    model = ClassSeparability(**keywords).fit(blobs(40, 2))
    before = fitted(model)
    with pytest.raises(ValueError, match=r"NaN|normalize|minimum|min_samples"):
        model.fit(bad)
    assert fitted(model).keys() == before.keys()
    assert all(fitted(model)[name] is value for name, value in before.items())
    unfitted = ClassSeparability(**keywords)
    with pytest.raises(ValueError, match=r"NaN|normalize|minimum|min_samples"):
        unfitted.fit(bad)
    assert fitted(unfitted) == {}


def test_unfitted_methods_say_so():
    X = blobs(20)
    model = ClassSeparability()
    for call in (lambda: model.score(X), lambda: model.labels_at(2), model.to_linkage):
        with pytest.raises(NotFittedError):
            call()


def test_copies():
    model = ClassSeparability("gini", max_samples=20, random_state=0).fit(blobs(40))
    copy = pickle.loads(pickle.dumps(model))
    assert_same_fit(model, copy)
    np.testing.assert_array_equal(copy.labels_at(5), model.labels_at(5))
    assert clone(model).get_params() == model.get_params()
    assert fitted(clone(model)) == {}


def test_a_pipeline_chooses_its_steps_without_labels():
    """What wins has the best mean score of the held-out rows, worked out by hand."""
    X = load_iris().data[::2] * [1, 1, 1, 30]
    candidates = [StandardScaler(), MinMaxScaler(), "passthrough"]
    pipeline = make_pipeline(StandardScaler(), PCA(2), ClassSeparability())
    search = GridSearchCV(pipeline, {"standardscaler": candidates}, cv=3).fit(X)
    assert search.cv_results_["mean_test_score"].std() > 0
    parts = np.split(np.arange(75), 3)
    for i, scaler in enumerate(candidates):
        before = make_pipeline(clone(scaler) if i < 2 else scaler, PCA(2))
        scores = [
            class_separability_score(before.fit(np.delete(X, p, 0)).transform(X[p]))
            for p in parts
        ]
        assert search.cv_results_["mean_test_score"][i] == pytest.approx(
            np.mean(scores), rel=1e-6
        )
    assert search.score(X) == pytest.approx(search.best_estimator_.score(X))


class Watch:
    """A callback that counts subsamples, and may stop the fit."""

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.tasks = []
        self.models = []

    def setup(self, estimator, context):
        self.max_subtasks = context.max_subtasks

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        assert X is estimator.given_X
        assert y is None
        self.tasks.append(context.task_name)
        if context.task_name == "subsample":
            self.models.append(fitted_estimator)
            return context.task_id + 1 == self.stop_after


def watched(callback, X):
    model = ClassSeparability(max_samples=20, n_subsamples=4, random_state=0)
    model.given_X = X
    return model.set_callbacks(callback).fit(X)


def test_callbacks_see_each_subsample():
    X = blobs(40).tolist()
    watch = Watch()
    model = watched(watch, X)
    assert watch.tasks == ["subsample"] * 4 + ["fit"]
    assert watch.max_subtasks == 4
    for n, seen in enumerate(watch.models, start=1):
        np.testing.assert_array_equal(seen.scores_, model.scores_[:n])
        np.testing.assert_array_equal(seen.mst_edges_, model.mst_edges_)
        assert seen.score(X) == model.score(X)


def test_a_callback_stops_the_fit():
    X = blobs(40)
    model, whole = watched(Watch(stop_after=2), X), watched(Watch(), X)
    np.testing.assert_array_equal(model.scores_, whole.scores_[:2])
    assert model.score_ == model.scores_.mean()


def test_a_monitor_scores_without_labels():
    monitor = ScoringMonitor(scoring=lambda model, X, y=None: model.score(X))
    X = blobs(40)
    model = ClassSeparability(max_samples=20, n_subsamples=3, random_state=0)
    model.set_callbacks(monitor).fit(X)
    rows = [r for r in monitor.get_logs().data if r["task_name"] == "subsample"]
    assert len(rows) == 3


@parametrize_with_checks([ClassSeparability(metric="precomputed")])
def test_scikit_learn_check_of_distances(estimator, check):
    check(estimator)

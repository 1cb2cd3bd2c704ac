"""The stopping rule on series worked out by hand, and its adapters in trainings."""

import pickle
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from sklearn_ext import SeparabilityStopping, class_separability_score
from sklearn_ext.separability import _stopping


@pytest.fixture
def rng(global_random_seed):
    return np.random.default_rng(global_random_seed)


def groups(rng, n_samples=60, separation=3.0):
    """Three groups of rows."""
    centres = separation * rng.normal(size=(3, 8))
    return rng.normal(size=(n_samples, 8)) + centres[np.arange(n_samples) % 3]


def follow(monkeypatch, stopping, scores):
    """Update with made-up scores; return what each update said."""
    left = iter(scores)
    monkeypatch.setattr(
        _stopping, "class_separability_score", lambda X, **settings: next(left)
    )
    return [stopping.update(np.zeros((5, 2))) for _ in scores]


def column(stopping, name):
    return [entry[name] for entry in stopping.history_]


def test_a_series_worked_out_by_hand(monkeypatch):
    # The range of the smoothed scores is their last maximum here, since they start at 0
    # and stay above: an improvement exceeds the best one by a tenth of it.
    stopping = SeparabilityStopping(patience=2, min_delta=0.1, smoothing=0.5)
    stops = follow(monkeypatch, stopping, [0.0, 8.0, 8.0, 6.0, 7.2])
    assert stops == [False, False, False, False, True]
    assert column(stopping, "epoch") == [0, 1, 2, 3, 4]
    assert column(stopping, "score") == [0.0, 8.0, 8.0, 6.0, 7.2]
    # 6.6 is above 6, but not above 6 + 0.66
    np.testing.assert_allclose(column(stopping, "smoothed"), [0, 4, 6, 6, 6.6])
    assert column(stopping, "best") == [0, 4, 6, 6, 6]
    assert column(stopping, "wait") == [0, 0, 0, 1, 2]
    assert (stopping.best_epoch_, stopping.best_score_) == (2, 6.0)
    assert stopping.stopped_epoch_ == 4
    assert stopping.n_samples_ == 5


def test_more_patience_finds_the_later_rise(monkeypatch):
    stopping = SeparabilityStopping(patience=3, min_delta=0.1, smoothing=0.5)
    scores = [0.0, 8.0, 8.0, 6.0, 7.2, 7.5, 0.0, 3.0, 2.0, 40.0]
    stops = follow(monkeypatch, stopping, scores)
    np.testing.assert_allclose(
        column(stopping, "smoothed"),
        [0, 4, 6, 6, 6.6, 7.05, 3.525, 3.2625, 2.63125, 21.315625],
    )
    assert column(stopping, "wait") == [0, 0, 0, 1, 2, 0, 1, 2, 3, 0]
    assert stops == [False] * 8 + [True, False]
    # Who goes on can come to a better step, but the first stop remains.
    assert (stopping.best_epoch_, stopping.stopped_epoch_) == (9, 8)


def test_a_fall_widens_the_range(monkeypatch):
    stopping = SeparabilityStopping(min_delta=0.1, smoothing=0.0)
    # -5 to 0.5 is a range of 5.5, so that 0.5 is no improvement over 0, but 0.57 is.
    follow(monkeypatch, stopping, [0.0, -5.0, 0.5, 0.57])
    assert column(stopping, "wait") == [0, 1, 2, 0]
    assert stopping.best_epoch_ == 3


@pytest.mark.parametrize("score", [0.0, 1e-9, 1 / 3, 1000 / 3])
@pytest.mark.parametrize("smoothing", [0.0, 0.3, 0.7])
@pytest.mark.parametrize("patience", [1, 2, 5])
def test_equal_scores_stop_after_patience(monkeypatch, score, smoothing, patience):
    stopping = SeparabilityStopping(patience=patience, smoothing=smoothing)
    stops = follow(monkeypatch, stopping, [score] * (patience + 1))
    assert stops == [False] * patience + [True]
    assert (stopping.best_epoch_, stopping.stopped_epoch_) == (0, patience)
    assert stopping.best_score_ == score


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    scores=st.lists(st.integers(-20, 20), min_size=1, max_size=25),
    patience=st.integers(1, 4),
    min_delta=st.sampled_from([0.0, 0.01, 0.3]),
    smoothing=st.sampled_from([0.0, 0.25, 0.5]),
)
def test_against_the_rule_word_by_word(scores, patience, min_delta, smoothing):
    smoothed = [float(scores[0])]
    for score in scores[1:]:
        smoothed.append(smoothing * smoothed[-1] + (1 - smoothing) * score)
    best, wait, stops = -np.inf, 0, []
    for t, value in enumerate(smoothed):
        seen = smoothed[: t + 1]
        needed = min_delta * max(max(seen) - min(seen), 1e-12)
        best, wait = (value, 0) if value > best + needed else (best, wait + 1)
        stops.append(wait >= patience)

    stopping = SeparabilityStopping(
        patience=patience, min_delta=min_delta, smoothing=smoothing
    )
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert follow(monkeypatch, stopping, scores) == stops
    np.testing.assert_allclose(column(stopping, "smoothed"), smoothed, atol=1e-12)
    np.testing.assert_allclose(stopping.best_score_, best, atol=1e-12)
    first = stops.index(True) if any(stops) else None
    assert stopping.stopped_epoch_ == first


@pytest.mark.parametrize("statistic", ["entropy", "mass"])
@pytest.mark.parametrize("normalize", [True, False])
def test_the_score_is_that_of_the_function(rng, statistic, normalize):
    X = groups(rng)
    for max_samples in (None, 60, 2000):  # all are all rows
        stopping = SeparabilityStopping(
            statistic, normalize=normalize, max_samples=max_samples
        )
        stopping.update(X)
        assert stopping.n_samples_ == 60
        assert stopping.best_score_ == class_separability_score(
            X, statistic=statistic, normalize=normalize
        )


def test_each_step_scores_the_same_rows(rng):
    X = groups(rng)
    for random_state in (None, 3, np.random.RandomState(3)):
        stopping = SeparabilityStopping(max_samples=15, random_state=random_state)
        for _ in range(4):
            stopping.update(X)
        assert stopping.n_samples_ == 15
        assert len(set(column(stopping, "score"))) == 1
        assert stopping.best_score_ != class_separability_score(
            X, statistic="entropy", normalize=True
        )
    twins = [SeparabilityStopping(max_samples=15, random_state=3) for _ in range(2)]
    assert twins[0].update(X) == twins[1].update(X)
    assert twins[0].history_ == twins[1].history_
    other = SeparabilityStopping(max_samples=15, random_state=4)
    other.update(X)
    assert other.best_score_ != twins[0].best_score_


def test_rows_are_only_drawn_where_there_are_too_many(rng):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    SeparabilityStopping(max_samples=60).update(groups(rng))
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_another_number_of_rows_warns(rng):
    X = groups(rng)
    stopping = SeparabilityStopping(max_samples=30, random_state=0)
    stopping.update(X)
    for n_samples in (50, 20):
        message = f"embeddings has {n_samples} rows, but 60 at the first update"
        with pytest.warns(UserWarning, match=message) as caught:
            stopping.update(X[:n_samples])
        assert caught[0].filename == __file__
        assert stopping.n_samples_ == min(n_samples, 30)
    stopping.update(X)  # the rows of the first update again, without a warning
    assert stopping.history_[-1]["score"] == stopping.history_[0]["score"]


def test_containers_are_equivalent(rng):
    torch = pytest.importorskip("torch")
    X = groups(rng).astype(np.float32)
    read_only = X.copy()
    read_only.flags.writeable = False
    stopping = SeparabilityStopping(max_samples=40, random_state=0)
    for embeddings in (
        X,
        read_only,
        np.asfortranarray(X),
        pd.DataFrame(X).add_prefix("x"),
        torch.tensor(X),
        torch.tensor(X, requires_grad=True) * 1.0,
    ):
        stopping.update(embeddings)
    assert len(set(column(stopping, "score"))) == 1
    stopping.update(X.tolist())
    np.testing.assert_allclose(
        stopping.history_[-1]["score"], stopping.history_[0]["score"], rtol=1e-5
    )
    half = torch.tensor(X, dtype=torch.bfloat16)
    stopping.update(half)
    exact = SeparabilityStopping(max_samples=40, random_state=0)
    exact.update(half.float().numpy())
    assert stopping.history_[-1]["score"] == exact.best_score_


@pytest.mark.gpu
def test_embeddings_on_a_gpu(rng):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    X = groups(rng).astype(np.float32)
    stopping = SeparabilityStopping(max_samples=40, random_state=0)
    stopping.update(X)
    stopping.update(torch.tensor(X, device="cuda", requires_grad=True))
    assert len(set(column(stopping, "score"))) == 1


def test_sparse_embeddings_are_refused(rng):
    with pytest.raises(TypeError, match="sparse"):
        SeparabilityStopping(max_samples=40).update(sp.csr_array(groups(rng)))


def test_reset_makes_it_new(rng):
    X = groups(rng)
    stopping = SeparabilityStopping(max_samples=20, random_state=0, patience=2)
    for _ in range(3):
        stopping.update(X)
    history = stopping.history_
    assert stopping.stopped_epoch_ == 2
    assert stopping.reset() is stopping
    assert vars(stopping) == stopping.get_params()
    stopping.update(X[:40])  # another probe set does not warn
    assert stopping.stopped_epoch_ is None
    stopping.reset()
    for _ in range(3):
        stopping.update(X)
    assert stopping.history_ == history


def test_a_pickle_goes_on_where_it_was(rng):
    X = groups(rng)
    steps = [X + step * rng.normal(size=X.shape) for step in range(8)]
    stopping = SeparabilityStopping(max_samples=20, patience=2)  # a random draw
    for step in steps[:4]:
        stopping.update(step)
    twin = pickle.loads(pickle.dumps(stopping))
    for step in steps[4:]:
        assert stopping.update(step) == twin.update(step)
    assert vars(stopping) == vars(twin)


def test_a_clone_has_the_parameters_only(rng):
    stopping = SeparabilityStopping("mass", patience=7)
    stopping.update(groups(rng))
    copy = clone(stopping)
    assert vars(copy) == stopping.get_params()
    assert repr(copy) == "SeparabilityStopping(patience=7, statistic='mass')"
    assert "SeparabilityStopping" in copy._repr_html_()
    assert "patience" in stopping._repr_html_()


@pytest.mark.parametrize(
    "parameters",
    [
        {"statistic": "accuracy"},
        {"normalize": "yes"},
        {"patience": 0},
        {"patience": 1.5},
        {"patience": True},
        {"min_delta": -0.1},
        {"smoothing": 1.0},
        {"smoothing": -0.1},
        {"max_samples": 1},
        {"max_samples": 0.5},
        {"random_state": "no"},
    ],
    ids=str,
)
def test_bad_parameters(rng, parameters):
    ((name, _),) = parameters.items()
    stopping = SeparabilityStopping(**parameters)
    message = f"'{name}' parameter of SeparabilityStopping"
    with pytest.raises(ValueError, match=message):
        stopping.update(groups(rng))
    for make in (stopping.as_skorch_callback, stopping.as_trainer_callback):
        with pytest.raises(ValueError, match=message):
            make(lambda model: None)


@pytest.mark.filterwarnings("ignore:embeddings has 1 rows:UserWarning")
@pytest.mark.parametrize(
    ("spoil", "error", "match"),
    [
        (lambda X: X[:, 0], ValueError, "2D array"),
        (lambda X: X[:1], ValueError, "n_samples"),
        (lambda X: np.where(X[3, 1] == X, np.nan, X), ValueError, "NaN"),
        (lambda X: X * (np.arange(60) != 50)[:, None], ValueError, "row 50"),
    ],
    ids=["1-D", "one row", "NaN", "zero row"],
)
def test_a_failed_update_changes_nothing(rng, spoil, error, match):
    X = groups(rng)
    fresh = SeparabilityStopping(random_state=0)
    with pytest.raises(error, match=match):
        fresh.update(spoil(X))
    assert vars(fresh) == fresh.get_params()
    stopping = SeparabilityStopping(random_state=0)
    stopping.update(X)
    before = pickle.dumps(stopping)
    with pytest.raises(error, match=match):
        stopping.update(spoil(X))
    assert pickle.dumps(stopping) == before


@pytest.mark.parametrize("name", ["as_skorch_callback", "as_trainer_callback"])
def test_what_embeds_must_be_callable(name):
    with pytest.raises(TypeError, match=r"embed must be callable.*got ndarray"):
        getattr(SeparabilityStopping(), name)(np.zeros((3, 2)))


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [
        ("as_skorch_callback", "skorch.callbacks", "skorch"),
        ("as_trainer_callback", "transformers", "transformers"),
    ],
)
def test_missing_packages_are_named(monkeypatch, name, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf"{name}.*sklearn-ext\[{extra}\]"):
        getattr(SeparabilityStopping(), name)(len)


def test_no_smoothing_takes_scores_as_they_are(monkeypatch):
    scores = [0.3, 0.1, -0.5, 0.7, -1.2, -1.0, -0.4, 1.8]
    given = iter(scores)
    monkeypatch.setattr(
        "sklearn_ext.separability._stopping.class_separability_score",
        lambda *_, **__: next(given),
    )
    stopping = SeparabilityStopping(smoothing=0, min_delta=0.5, patience=99)
    for _ in scores:
        stopping.update(np.ones((3, 2)))
    assert [entry["smoothed"] for entry in stopping.history_] == scores
    assert stopping.best_epoch_ == 0  # 1.8 is not more than 0.3 + 0.5 * 3.0

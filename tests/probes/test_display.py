"""The picture of learning curves and their crossings."""

import sys

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.utils import Bunch

from sklearn_ext import ProbeLearningCurveDisplay, probe_learning_curve

pytest.importorskip("matplotlib")

SCORES = {
    "nb": np.array([[0.5, 0.7], [0.6, 0.8], [0.7, 0.7]]),
    "lr": np.array([[0.2, 0.4], [0.8, 0.9], [0.9, 0.8]]),
}


@pytest.fixture(autouse=True)
def _close_figures():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def result_of(scores=None, sizes=(20, 60, 200), crossing=(40.0, 30.0, 55.0), **others):
    """A result as probe_learning_curve makes it, of scores written by hand."""
    found = crossing and Bunch(
        **dict(zip(["size", "low", "high"], crossing, strict=True))
    )
    values = {
        "train_sizes": np.array(sizes),
        "test_scores": scores or SCORES,
        "crossings": {("nb", "lr"): found, ("lr", "nb"): None},
        "scoring": "accuracy",
    }
    return Bunch(**values | others)


def spans(display):
    """Ends of the shaded intervals."""
    from matplotlib.patches import Rectangle

    patches = [p for p in display.ax_.patches if isinstance(p, Rectangle)]
    return [(p.get_x(), p.get_x() + p.get_width()) for p in patches]


def band_ends(display):
    """Lower and upper ends of each band at each size."""
    ends = []
    for band in display.ax_.collections:
        (path,) = band.get_paths()
        x, y = path.vertices.T
        sizes = np.unique(x)
        ends.append([(y[x == size].min(), y[x == size].max()) for size in sizes])
    return np.array(ends)


def test_lines_are_mean_errors():
    display = ProbeLearningCurveDisplay.from_result(result_of())
    assert [line.get_label() for line in display.lines_] == ["nb", "lr"]
    for line, scores in zip(display.lines_, SCORES.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), [20, 60, 200])
        np.testing.assert_allclose(line.get_ydata(), 1 - scores.mean(axis=1))
    assert len({line.get_color() for line in display.lines_}) == 2
    assert display.ax_.get_xscale() == "log"
    assert display.ax_.get_xlabel() == "training rows"
    assert display.ax_.get_ylabel() == "test error (1 − accuracy)"
    assert [text.get_text() for text in display.ax_.get_xticklabels()] == [
        "20",
        "60",
        "200",
    ]
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == [
        "nb",
        "lr",
        "nb → lr at 40",
    ]


@pytest.mark.parametrize(
    ("scoring", "score_type", "factor", "offset", "label"),
    [
        ("balanced_accuracy", "score", 1, 0, "test balanced accuracy"),
        ("balanced_accuracy", "error", -1, 1, "test error (1 − balanced accuracy)"),
        ("neg_log_loss", "error", -1, 0, "test log loss"),
        ("neg_log_loss", "score", 1, 0, "test neg log loss"),
        (None, "score", 1, 0, "test score"),
        (len, "error", -1, 1, "test error (1 − score)"),
    ],
)
def test_what_is_drawn_of_a_score(scoring, score_type, factor, offset, label):
    display = ProbeLearningCurveDisplay.from_result(
        result_of(scoring=scoring), score_type=score_type
    )
    drawn = display.lines_[0].get_ydata()
    np.testing.assert_allclose(drawn, factor * SCORES["nb"].mean(axis=1) + offset)
    assert display.ax_.get_ylabel() == label


def test_bands():
    from matplotlib.colors import same_color

    result = result_of()
    scores = np.stack([*SCORES.values()])
    extremes = ProbeLearningCurveDisplay.from_result(
        result, errorbar="minmax", score_type="score", show_crossing=False
    )
    np.testing.assert_allclose(
        band_ends(extremes), np.stack([scores.min(-1), scores.max(-1)], axis=-1)
    )
    deviations = ProbeLearningCurveDisplay.from_result(result, show_crossing=False)
    middle, half = 1 - scores.mean(-1), np.abs(scores[..., 1] - scores[..., 0]) / 2
    np.testing.assert_allclose(
        band_ends(deviations), np.stack([middle - half, middle + half], axis=-1)
    )
    for band, line in zip(deviations.ax_.collections, deviations.lines_, strict=True):
        assert same_color(band.get_facecolor()[0, :3], line.get_color())
    bare = ProbeLearningCurveDisplay.from_result(result, errorbar=None)
    assert not bare.ax_.collections


def test_crossings_are_drawn_with_their_intervals():
    display = ProbeLearningCurveDisplay.from_result(result_of())
    (line,) = display.crossing_lines_
    assert list(line.get_xdata()) == [40, 40]
    np.testing.assert_allclose(spans(display), [(30, 55)])
    open_ended = result_of(crossing=(40.0, 30.0, np.inf))
    np.testing.assert_allclose(
        spans(ProbeLearningCurveDisplay.from_result(open_ended)), [(30, 200)]
    )
    nowhere = result_of(crossing=(40.0, np.inf, np.inf))
    display = ProbeLearningCurveDisplay.from_result(nowhere)
    assert len(display.crossing_lines_) == 1
    assert not spans(display)
    for result, options in [
        (result_of(crossing=None), {}),
        (result_of(), {"show_crossing": False}),
    ]:
        display = ProbeLearningCurveDisplay.from_result(result, **options)
        assert display.crossing_lines_ == []
        assert not spans(display)
        assert len(display.ax_.get_legend().get_texts()) == 2


def test_from_estimators_draws_what_the_function_finds():
    X, y = load_iris(return_X_y=True)
    estimators = {"gaussian": GaussianNB(), "lr": LogisticRegression(max_iter=500)}
    options = {
        "estimators": estimators,
        "train_sizes": [5, 12, 60],
        "X_test": X[::2],
        "y_test": y[::2],
        "test_size": 0.4,
        "n_repeats": 3,
        "scoring": "neg_log_loss",
        "sampling": "stratified",
        "random_state": 1,
        "n_jobs": 1,
    }
    display = ProbeLearningCurveDisplay.from_estimators(
        X, y, score_type="score", **options
    )
    result = probe_learning_curve(X, y, **options)
    for line, (name, scores) in zip(
        display.lines_, result.test_scores.items(), strict=True
    ):
        np.testing.assert_array_equal(display.result.test_scores[name], scores)
        np.testing.assert_allclose(line.get_ydata(), scores.mean(axis=1))
    assert display.result.crossings == result.crossings
    held_out = ProbeLearningCurveDisplay.from_estimators(X, y, train_sizes=[10])
    assert list(held_out.result.test_scores) == ["nb", "lr"]


def test_plot_draws_again_where_it_is_told():
    import matplotlib.pyplot as plt

    display = ProbeLearningCurveDisplay.from_result(result_of())
    own = display.figure_
    figure, ax = plt.subplots()
    assert display.plot(ax, line_kw={"linewidth": 5, "marker": "s"}) is display
    assert display.ax_ is ax
    assert display.figure_ is figure is not own
    assert all(line.get_linewidth() == 5 for line in display.lines_)
    assert all(line.get_marker() == "s" for line in display.lines_)
    again = ProbeLearningCurveDisplay.from_result(display.result, ax=own.axes[0])
    assert again.figure_ is own


def test_many_sizes_have_the_ticks_of_matplotlib():
    sizes = np.geomspace(20, 20_000, 15).astype(int)
    scores = {"nb": np.linspace(0.2, 0.8, 15)[:, np.newaxis]}
    display = ProbeLearningCurveDisplay.from_result(
        result_of(scores, sizes, crossing=None)
    )
    assert {100, 1000, 10_000} <= set(display.ax_.get_xticks())


@pytest.mark.parametrize(
    "options", [{"score_type": "both"}, {"errorbar": "sem"}], ids=str
)
def test_unknown_options(options):
    ((name, value),) = options.items()
    with pytest.raises(ValueError, match=f"{name}='{value}'"):
        ProbeLearningCurveDisplay.from_result(result_of(), **options)
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=f"{name}='{value}'"):
        ProbeLearningCurveDisplay.from_estimators(X, y, estimators={}, **options)


def test_a_missing_matplotlib_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"sklearn-ext\[plot\]"):
        ProbeLearningCurveDisplay.from_result(result_of())
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ImportError, match=r"sklearn-ext\[plot\]"):
        ProbeLearningCurveDisplay.from_estimators(X, y, estimators={})


def test_global_state_is_left_alone():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    ProbeLearningCurveDisplay.from_result(result_of())
    assert dict(mpl.rcParams) == before

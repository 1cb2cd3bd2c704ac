"""The pictures of bars, merges and training runs."""

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sklearn_ext import (
    ClassSeparability,
    SeparabilityDisplay,
    SeparabilityStopping,
)
from sklearn_ext.separability import _stopping

pytest.importorskip("matplotlib")

# Two groups and an outlier: bars of 1, 1, 1.5, 8 and 88.5, and only that of 8 has more
# than one of the six points, two, on its smaller side.
X = np.array([[0.0], [100.0], [1.0], [11.5], [2.0], [10.0]])
LENGTHS = [88.5, 8.0, 1.5, 1.0, 1.0]
SIZES = [1, 2, 1, 1, 1]
KINDS = ["barcode", "curve", "dendrogram"]


@pytest.fixture(autouse=True)
def _close_figures():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


@pytest.fixture
def fitted():
    return ClassSeparability().fit(X)


@pytest.fixture
def stopping(monkeypatch):
    scores = [0.0, 8.0, 8.0, 6.0, 7.2]
    left = iter(scores)
    monkeypatch.setattr(
        _stopping, "class_separability_score", lambda X, **settings: next(left)
    )
    stopping = SeparabilityStopping(patience=2, min_delta=0.1, smoothing=0.5)
    for _ in scores:
        stopping.update(X)
    return stopping


def darkness(colour):
    """How strong a colour is beside white."""
    return 1 - np.mean(colour[:3])


def bars(display):
    """Rectangles of a barcode, from top to bottom."""
    return sorted(display.ax_.patches, key=lambda bar: bar.get_y())


def arrow(display):
    (found,) = [text for text in display.ax_.texts if text.arrow_patch is not None]
    return found


def links(display):
    """Height, colour and width of each link of a dendrogram, by height."""
    found = [
        (path.vertices[:, 1].max(), lines.get_color()[0], lines.get_linewidth()[0])
        for lines in display.ax_.collections
        for path in lines.get_paths()
    ]
    return sorted(found, key=lambda link: -link[0])


def colour_bars(display):
    label = "share of points on the smaller side"
    return [ax for ax in display.figure_.axes if ax.get_ylabel() == label]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_drawn_and_can_be_saved(fitted, kind, tmp_path):
    display = SeparabilityDisplay.from_estimator(fitted, kind=kind)
    display.figure_.savefig(tmp_path / "picture.png")
    assert display.ax_.figure is display.figure_
    assert display.reference_ax_ is None
    (bar,) = colour_bars(display)
    ticks = [text.get_text() for text in bar.get_yticklabels()]
    assert ticks == ["0 %", "1 %", "5 %", "10 %", "20 %", "30 %", "50 %"]


def test_barcode(fitted):
    display = SeparabilityDisplay.from_estimator(fitted)
    assert display.kind == "barcode"
    drawn = bars(display)
    np.testing.assert_allclose([bar.get_width() for bar in drawn], LENGTHS)
    assert [bar.get_x() for bar in drawn] == [0] * 5
    bottom, top = display.ax_.get_ylim()
    assert bottom > drawn[-1].get_y() > drawn[0].get_y() > top  # upside down
    strength = [darkness(bar.get_facecolor()) for bar in drawn]
    assert strength[1] > strength[0] == strength[2] == strength[3] == strength[4]
    assert display.ax_.get_ylabel() == "5 bars"
    assert display.ax_.get_xlabel() == "distance at which the points merge"


def test_the_infinite_bar_is_an_arrow_above_all_others(fitted):
    display = SeparabilityDisplay.from_estimator(fitted)
    found = arrow(display)
    (start, y), (end, level) = found.xyann, found.xy
    assert y == level < bars(display)[0].get_y()
    assert start == 0
    assert end == 1  # the right end of the axes, wherever that is
    assert found.xycoords == display.ax_.get_yaxis_transform()
    assert display.ax_.get_xlim()[1] > LENGTHS[0]
    assert "∞" in [text.get_text() for text in display.ax_.texts]


@pytest.mark.parametrize("max_bars", [1, 2, 4, np.int64(4)])
def test_max_bars_takes_the_longest_bars_and_the_last_merges(fitted, max_bars):
    display = SeparabilityDisplay.from_estimator(fitted, max_bars=max_bars)
    widths = [bar.get_width() for bar in bars(display)]
    np.testing.assert_allclose(widths, LENGTHS[:max_bars])
    assert display.ax_.get_ylabel() == f"the longest {max_bars} of 5 bars"
    assert len(display.frame()) == 5

    tree = SeparabilityDisplay.from_estimator(
        fitted, kind="dendrogram", max_bars=max_bars
    )
    np.testing.assert_allclose([link[0] for link in links(tree)], LENGTHS[:max_bars])
    assert tree.ax_.get_xlabel() == f"the last {max_bars} of 5 merges"


def test_curve(fitted):
    display = SeparabilityDisplay.from_estimator(fitted, kind="curve", max_bars=1)
    (points,) = display.ax_.collections
    drawn = np.asarray(points.get_offsets())
    order = np.argsort(drawn[:, 0])
    np.testing.assert_array_equal(drawn[order, 0], [1, 2, 3, 4, 5])
    np.testing.assert_allclose(drawn[order, 1], LENGTHS)
    sizes = points.get_sizes()[order]
    assert sizes[1] > sizes[0] == sizes[2] == sizes[3] == sizes[4]
    strength = [darkness(colour) for colour in points.get_facecolors()[order]]
    assert strength[1] > strength[0] == strength[4]
    assert order[1] == 4  # the large marker lies on top
    assert display.ax_.get_xscale() == display.ax_.get_yscale() == "log"
    assert display.ax_.get_xlabel() == "rank of the bar"


def test_curve_says_what_a_log_axis_cannot_show():
    fitted = ClassSeparability().fit(np.repeat(X, 3, axis=0))
    display = SeparabilityDisplay.from_estimator(fitted, kind="curve")
    (points,) = display.ax_.collections
    assert len(points.get_offsets()) == 5
    label = "rank of the bar (not shown: 12 of length 0)"
    assert display.ax_.get_xlabel() == label


def test_dendrogram(fitted):
    display = SeparabilityDisplay.from_estimator(fitted, kind="dendrogram")
    heights, colours, widths = zip(*links(display), strict=True)
    np.testing.assert_allclose(heights, LENGTHS)
    strength = [darkness(colour) for colour in colours]
    assert strength[1] > strength[0] == strength[2] == strength[3] == strength[4]
    assert widths[1] > widths[0] == widths[4]
    leaves = {text.get_text() for text in display.ax_.get_xticklabels()}
    assert leaves == set("012345")
    bottom, top = display.ax_.get_ylim()
    assert bottom == 0.0
    assert top > LENGTHS[0]


def test_dendrogram_of_the_last_merges_counts_the_points_of_a_leaf(fitted):
    display = SeparabilityDisplay.from_estimator(fitted, kind="dendrogram", max_bars=2)
    leaves = {text.get_text() for text in display.ax_.get_xticklabels()}
    assert leaves == {"1", "(2)", "(3)"}
    bottom, _ = display.ax_.get_ylim()
    assert 0 < bottom < 8


def test_dendrogram_names_the_rows_of_a_subsample():
    fitted = ClassSeparability(max_samples=4, random_state=0).fit(X)
    display = SeparabilityDisplay.from_estimator(fitted, kind="dendrogram")
    leaves = [int(text.get_text()) for text in display.ax_.get_xticklabels()]
    assert sorted(leaves) == fitted.sample_indices_.tolist()


def test_dendrogram_with_many_leaves_does_not_label_them(global_random_seed):
    rows = np.random.default_rng(global_random_seed).normal(size=(200, 5))
    fitted = ClassSeparability().fit(rows)
    many = SeparabilityDisplay.from_estimator(fitted, kind="dendrogram")
    assert not [text for text in many.ax_.get_xticklabels() if text.get_text()]
    few = SeparabilityDisplay.from_estimator(fitted, kind="dendrogram", max_bars=39)
    assert len([text for text in few.ax_.get_xticklabels() if text.get_text()]) == 40


def test_a_tree_too_deep_for_scipy():
    chain = np.cumsum(np.linspace(2, 1, 3000))[:, np.newaxis]
    fitted = ClassSeparability().fit(chain)
    with pytest.raises(ValueError, match=r"max_bars=2999 .* Lower max_bars"):
        SeparabilityDisplay.from_estimator(fitted, kind="dendrogram", max_bars=2999)
    display = SeparabilityDisplay.from_estimator(fitted, kind="dendrogram")
    assert len(links(display)) == 100


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_rows", [2, 5])
@pytest.mark.filterwarnings("ignore:.*identical.*:UserWarning")
def test_degenerate_data(kind, n_rows, tmp_path):
    for rows in (np.ones((n_rows, 2)), np.arange(2.0 * n_rows).reshape(n_rows, 2)):
        display = SeparabilityDisplay.from_estimator(
            ClassSeparability().fit(rows), kind=kind
        )
        display.figure_.savefig(tmp_path / "picture.png")
    if kind == "barcode":
        assert len(bars(display)) == n_rows - 1


def test_frame(fitted, stopping):
    table = SeparabilityDisplay(fitted).frame()
    np.testing.assert_allclose(table["length"], LENGTHS)
    assert table["merge_size"].tolist() == SIZES
    np.testing.assert_allclose(table["share"], np.array(SIZES) / 6)
    assert table.index.tolist() == [1, 2, 3, 4, 5]
    run = SeparabilityDisplay(stopping, kind="epochs", reference=range(5)).frame()
    assert run.index.tolist() == run["reference"].tolist() == [0, 1, 2, 3, 4]
    assert run["score"].tolist() == [0.0, 8.0, 8.0, 6.0, 7.2]


def lines_by_label(ax):
    return {line.get_label(): line for line in ax.get_lines()}


def test_stopping(stopping):
    display = SeparabilityDisplay.from_stopping(stopping)
    lines = lines_by_label(display.ax_)
    assert list(lines) == ["score", "smoothed", "best, epoch 2", "stop, epoch 4"]
    np.testing.assert_array_equal(lines["score"].get_xdata(), range(5))
    np.testing.assert_allclose(lines["score"].get_ydata(), [0, 8, 8, 6, 7.2])
    np.testing.assert_allclose(lines["smoothed"].get_ydata(), [0, 4, 6, 6, 6.6])
    assert list(lines["best, epoch 2"].get_xdata()) == [2, 2]
    assert list(lines["stop, epoch 4"].get_xdata()) == [4, 4]
    assert len({line.get_color() for line in lines.values()}) == 4
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == list(lines)
    assert display.ax_.get_xlabel() == "epoch"
    assert display.ax_.get_ylabel() == "separability, entropy"
    assert display.reference_ax_ is None
    assert not colour_bars(display)


def test_a_run_without_a_stop_has_no_line_of_it(monkeypatch, stopping):
    monkeypatch.setattr(_stopping, "class_separability_score", lambda X, **s: 1.0)
    stopping.reset().update(X)
    display = SeparabilityDisplay.from_stopping(stopping)
    assert list(lines_by_label(display.ax_)) == ["score", "smoothed", "best, epoch 0"]


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ([0.1, 0.5, 0.9, 0.8, 0.7], "reference"),
        (pd.Series([0.1, 0.5, 0.9, 0.8, 0.7], list("abcde"), name="f1"), "f1"),
    ],
    ids=["list", "Series"],
)
def test_reference_has_an_axis_of_its_own(stopping, reference, name):
    display = SeparabilityDisplay.from_stopping(stopping, reference=reference)
    assert display.reference_ax_ is not display.ax_
    assert display.reference_ax_.get_shared_x_axes().joined(
        display.reference_ax_, display.ax_
    )
    (line,) = display.reference_ax_.get_lines()
    np.testing.assert_array_equal(line.get_xdata(), range(5))
    np.testing.assert_array_equal(line.get_ydata(), [0.1, 0.5, 0.9, 0.8, 0.7])
    assert display.reference_ax_.get_ylabel() == line.get_label() == name
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts[-1] == name


@pytest.mark.parametrize("kind", KINDS)
def test_plot_draws_again_where_it_is_told(fitted, kind):
    import matplotlib.pyplot as plt

    display = SeparabilityDisplay.from_estimator(fitted, kind=kind)
    own = display.figure_
    figure, axes = plt.subplots(1, 2)
    axes[0].vlines([0], 0, 1, color="#CFD6DB", linewidth=7)
    assert display.plot(axes[0]) is display
    assert display.ax_ is axes[0]
    assert display.figure_ is figure is not own
    assert axes[0].collections[0].get_linewidth() == 7
    given = SeparabilityDisplay.from_estimator(fitted, kind=kind, ax=axes[1])
    assert given.ax_ is axes[1]


def test_keywords_are_passed_on(fitted, stopping):
    from matplotlib.colors import same_color

    display = SeparabilityDisplay.from_estimator(fitted, height=0.3, alpha=0.5)
    assert all(bar.get_height() == pytest.approx(0.3) for bar in bars(display))
    assert colour_bars(display)
    display = SeparabilityDisplay.from_estimator(fitted, color="red")
    assert all(same_color(bar.get_facecolor(), "red") for bar in bars(display))
    assert not colour_bars(display)  # it would say nothing

    display = SeparabilityDisplay.from_estimator(fitted, kind="curve", s=7, marker="s")
    assert display.ax_.collections[0].get_sizes().tolist() == [7]

    display = SeparabilityDisplay.from_estimator(
        fitted, kind="dendrogram", orientation="right", p=3
    )
    assert display.ax_.get_xlabel() == ""
    assert len(links(display)) == 2

    display = SeparabilityDisplay.from_stopping(stopping, lw=5, c="k", label="mine")
    line = lines_by_label(display.ax_)["mine"]
    assert line.get_linewidth() == 5
    assert same_color(line.get_color(), "k")


@pytest.mark.parametrize("kind", ["bars", None, "", "epochs"])
def test_unknown_kinds(fitted, kind):
    with pytest.raises(ValueError, match=f"kind={kind!r}"):
        SeparabilityDisplay.from_estimator(fitted, kind=kind)


@pytest.mark.parametrize("max_bars", [0, -1, 1.5, True, None, "all"])
@pytest.mark.parametrize("kind", KINDS)
def test_unknown_max_bars(fitted, kind, max_bars):
    with pytest.raises(ValueError, match=f"max_bars={max_bars!r} must be an integer"):
        SeparabilityDisplay.from_estimator(fitted, kind=kind, max_bars=max_bars)


@pytest.mark.parametrize("reference", [[1, 2], [[1, 2, 3, 4, 5]], 0.5], ids=str)
def test_a_reference_needs_a_number_for_each_step(stopping, reference):
    with pytest.raises(ValueError, match=r"reference has shape .* 5 updates"):
        SeparabilityDisplay.from_stopping(stopping, reference=reference)


def test_other_objects_are_refused(fitted, stopping):
    with pytest.raises(TypeError, match=r"a ClassSeparability.*got Pipeline"):
        SeparabilityDisplay.from_estimator(make_pipeline(fitted))
    with pytest.raises(TypeError, match=r"ClassSeparability.*SeparabilityStopping"):
        SeparabilityDisplay.from_estimator(stopping)
    with pytest.raises(TypeError, match=r"SeparabilityStopping.*ClassSeparability"):
        SeparabilityDisplay.from_stopping(fitted)


def test_nothing_to_draw_yet():
    with pytest.raises(NotFittedError):
        SeparabilityDisplay.from_estimator(ClassSeparability())
    with pytest.raises(NotFittedError, match="call update first"):
        SeparabilityDisplay.from_stopping(SeparabilityStopping())


def test_a_missing_matplotlib_is_named(monkeypatch, fitted, stopping):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    message = r'SeparabilityDisplay needs matplotlib.*"sklearn-ext\[plot\]"'
    with pytest.raises(ImportError, match=message):
        SeparabilityDisplay.from_estimator(fitted)
    with pytest.raises(ImportError, match=message):
        SeparabilityDisplay.from_stopping(stopping)


def test_global_state_is_left_alone(fitted):
    import matplotlib as mpl

    before = dict(mpl.rcParams), sys.getrecursionlimit()
    for kind in KINDS:
        SeparabilityDisplay.from_estimator(fitted, kind=kind)
    assert (dict(mpl.rcParams), sys.getrecursionlimit()) == before


@pytest.mark.parametrize("kind", ["barcode", "curve", "dendrogram"])
def test_identical_rows_are_drawn(kind):
    with pytest.warns(UserWarning, match="All rows are identical"):
        model = ClassSeparability().fit(np.ones((6, 2)))
    display = SeparabilityDisplay.from_estimator(model, kind=kind)
    assert len(display.frame()) == 5

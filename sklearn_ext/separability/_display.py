"""Pictures of bars, merges and training runs."""

import warnings
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.exceptions import NotFittedError

from sklearn_ext._core._optional import import_optional
from sklearn_ext._core._sklearn import IntegralNotBool, check_is_fitted

from ._separability import ClassSeparability
from ._stopping import SeparabilityStopping

__all__ = ["SeparabilityDisplay"]

KINDS = ("barcode", "curve", "dendrogram")
EPOCHS = "epochs"
# From pale to strong, around Okabe and Ito's two blues.
SHARES = ("#CFD6DB", "#A5CBE3", "#56B4E9", "#0072B2", "#003B5C")
SHARE_TICKS = (0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5)
# Other colours of theirs: told apart with any kind of colour vision.
RAW, SMOOTHED, BEST, STOP, REFERENCE = (
    "#56B4E9",
    "#0072B2",
    "#009E73",
    "#D55E00",
    "#CC79A7",
)
INFINITE = "#000000"
SMALL = "small"  # font size
MOST_GAPS = 60  # between bars; more of them would only flicker
MOST_LEAVES = 40  # with a label
IS_COUNT = IntegralNotBool(Integral, 1, None, closed="left")
COLOURS = {"c", "color", "facecolor", "fc", "facecolors", "link_color_func"}


def _share_colours():
    """Return norm and colour map of the share of points on the smaller side."""
    from matplotlib.colors import LinearSegmentedColormap, PowerNorm

    # A square root: 1 % and 10 % should differ as much as 10 % and 30 %.
    norm = PowerNorm(0.5, vmin=0, vmax=0.5)
    return norm, LinearSegmentedColormap.from_list("share", SHARES)


def _draw_colour_bar(ax):
    """Say beside the axes what the colours mean."""
    from matplotlib.cm import ScalarMappable

    bar = ax.figure.colorbar(
        ScalarMappable(*_share_colours()),
        ax=ax,
        label="share of points on the smaller side",
        shrink=0.8,
        aspect=25,
        ticks=SHARE_TICKS,
        format=lambda share, _: f"{100 * share:.0f} %",
    )
    bar.outline.set_visible(False)
    bar.ax.minorticks_off()
    bar.ax.tick_params(length=0, labelsize=SMALL)


def _draw_barcode(ax, table, max_bars, style):
    """Draw the longest bars, the longest at the top, and the infinite bar above."""
    norm, colours = _share_colours()
    longest = table.head(max_bars)
    n_bars = len(longest)
    style = {
        "height": 0.8 if n_bars <= MOST_GAPS else 1.0,
        "linewidth": 0,
        "color": colours(norm(longest["share"])),
    } | style
    ax.barh(np.arange(n_bars), longest["length"], **style)
    longest_one = table["length"].iloc[0] or 1.0  # all rows may be identical
    place = -0.8 - 0.04 * n_bars
    to_the_edge = {
        "xy": (1, place),
        "xycoords": ax.get_yaxis_transform(),
        "annotation_clip": False,
    }
    line = {"color": INFINITE, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0}
    ax.annotate(
        "",
        xytext=(0, place),
        textcoords="data",
        arrowprops={"arrowstyle": "-|>", **line},
        **to_the_edge,
    )
    ax.annotate(
        "∞", xytext=(3, 0), textcoords="offset points", va="center", **to_the_edge
    )
    if n_bars < len(table):
        ylabel = f"the longest {n_bars:,} of {len(table):,} bars"
    else:
        ylabel = f"{n_bars:,} bar{'s' * (n_bars > 1)}"
    ax.set(
        xlim=(0, 1.1 * longest_one),
        ylim=(n_bars - 0.4, 2 * place + 0.8),
        yticks=[],
        xlabel="distance at which the points merge",
        ylabel=ylabel,
    )
    ax.spines[["left", "top", "right"]].set_visible(False)


def _draw_curve(ax, table, style):
    """Draw the lengths of all bars against their rank."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    norm, colours = _share_colours()
    # A log axis has no 0, and the large markers should lie on top.
    drawn = table[table["length"] > 0].sort_values("share", kind="stable")
    style = {
        "s": 8 + 300 * drawn["share"],
        "color": colours(norm(drawn["share"])),
        "linewidths": 0,
    } | style
    ax.scatter(drawn.index, drawn["length"], **style)
    xlabel = "rank of the bar"
    if len(drawn) < len(table):
        xlabel += f" (not shown: {len(table) - len(drawn):,} of length 0)"
    if len(drawn):
        ax.set(xscale="log", yscale="log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_minor_formatter(NullFormatter())
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    ax.set(xlabel=xlabel, ylabel="distance at which the points merge")
    ax.spines[["top", "right"]].set_visible(False)


def _draw_dendrogram(ax, separability, table, max_bars, style):
    """Draw the tree of the last merges."""
    from matplotlib.colors import to_hex
    from scipy.cluster.hierarchy import dendrogram

    norm, colours = _share_colours()
    links = separability.to_linkage()
    n_points = len(links) + 1
    shares = separability.merge_sizes_ / n_points
    n_merges = int(min(max_bars, len(links)))
    drawn_before = list(ax.collections)
    share_of = {to_hex(colours(norm(share))): share for share in np.unique(shares)}
    style = {
        "truncate_mode": "lastp",
        "p": n_merges + 1,
        "labels": separability.sample_indices_,
        "no_labels": n_merges >= MOST_LEAVES,
        "leaf_rotation": 90,
        "link_color_func": lambda node: to_hex(colours(norm(shares[node - n_points]))),
    } | style
    try:
        with warnings.catch_warnings():
            # where all lengths are equal; the limits are set below
            warnings.filterwarnings("ignore", "Attempting to set identical low and")
            dendrogram(links, ax=ax, **style)
    except RecursionError as error:
        raise ValueError(
            f"max_bars={max_bars} is more than SciPy's dendrogram can draw of this "
            f"tree, in which one merge often follows the other. Lower max_bars."
        ) from error
    for lines in ax.collections:  # one for each colour
        share = share_of.get(to_hex(lines.get_color()[0]))
        if lines not in drawn_before and share is not None:
            lines.set(linewidth=0.7 + 5 * share, zorder=2 + share)
    lengths = table["length"].iloc[:n_merges]
    high, low = lengths.iloc[0], lengths.iloc[-1]
    margin = 0.08 * (high - low) or 0.1 * high or 1.0
    if style.get("orientation", "top") == "top":
        ax.set_ylim(max(low - margin, 0.0), high + margin)
        ax.set_xlabel(f"the last {n_merges:,} of {len(table):,} merges")
        ax.set_ylabel("distance at which the points merge")
    ax.spines[["top", "right", "bottom"]].set_visible(False)


def _draw_epochs(ax, stopping, history, name, style):
    """Draw the scores of a run, and return the axes of the reference."""
    from matplotlib import cbook
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    style = {
        "color": SMOOTHED,
        "linewidth": 2,
        "label": "smoothed",
    } | cbook.normalize_kwargs(style, Line2D)
    handles = ax.plot(
        history["score"], ".-", color=RAW, alpha=0.7, lw=0.9, label="score"
    )
    handles += ax.plot(history["smoothed"], **style)
    best, stopped = stopping.best_epoch_, stopping.stopped_epoch_
    label = f"best, epoch {best}"
    handles.append(ax.axvline(best, color=BEST, lw=1.2, ls="--", label=label))
    if stopped is not None:
        label = f"stop, epoch {stopped}"
        handles.append(ax.axvline(stopped, color=STOP, lw=1.2, label=label))
    ax.set(xlabel="epoch", ylabel=f"separability, {stopping.statistic}")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    ax.spines["top"].set_visible(False)
    second = None
    if "reference" not in history:
        ax.spines["right"].set_visible(False)
    else:
        second = ax.twinx()
        handles += second.plot(
            history["reference"], color=REFERENCE, lw=1.6, label=name
        )
        second.set_ylabel(name, color=REFERENCE)
        second.spines["top"].set_visible(False)
    ax.legend(
        handles=handles,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=len(handles),
        columnspacing=1.2,
        handlelength=1.4,
        fontsize=SMALL,
        frameon=False,
    )
    return second


class SeparabilityDisplay:
    """Pictures of bars and merges of unlabelled data, and of a training run.

    A bar is as long as the distance at which two groups of points merge. Its colour is
    the share of all points on the smaller side: the long bar of an outlier is pale, the
    long bar of a group is strong. What remains when all have merged lasts for ever; in
    the barcode it is the arrow.

    Use :meth:`from_estimator` or :meth:`from_stopping` to make one.

    Parameters
    ----------
    source : ClassSeparability or SeparabilityStopping
        A fitted estimator, or a stopping after one or more updates.

    kind : {"barcode", "curve", "dendrogram", "epochs"}, default="barcode"
        What to draw. Only "epochs" is of a stopping.

    max_bars : int, default=100
        Number of bars of a barcode, or of merges of a dendrogram.

    reference : array-like of shape (n_epochs,), default=None
        Numbers beside the scores of a stopping.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the picture.

    figure_ : matplotlib Figure
        The figure that holds it.

    reference_ax_ : matplotlib Axes or None
        The second axes, with the reference.

    See Also
    --------
    ClassSeparability : Finds the bars.
    SeparabilityStopping : Follows a training run.
    ProbeLearningCurveDisplay : A picture of what labels would be worth.

    Notes
    -----
    With several subsamples the picture is of the first one, like the attributes of the
    estimator.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_ext import ClassSeparability, SeparabilityDisplay
    >>> X, _ = load_iris(return_X_y=True)
    >>> separability = ClassSeparability().fit(X)
    >>> display = SeparabilityDisplay.from_estimator(separability, max_bars=30)
    >>> display.ax_.get_ylabel()
    'the longest 30 of 149 bars'
    >>> display.frame().head(3).round(2)
          length  merge_size  share
    rank
    1       1.64          50   0.33
    2       0.82           2   0.01
    3       0.73           1   0.01
    >>> display.figure_.savefig("iris.png")  # doctest: +SKIP
    """

    def __init__(self, source, *, kind="barcode", max_bars=100, reference=None):
        self.source = source
        self.kind = kind
        self.max_bars = max_bars
        self.reference = reference

    @classmethod
    def from_estimator(cls, fitted, *, kind="barcode", max_bars=100, ax=None, **kwargs):
        """Draw the bars of a fitted estimator.

        Parameters
        ----------
        fitted : ClassSeparability
            A fitted estimator. Of a pipeline, pass the last step.

        kind : {"barcode", "curve", "dendrogram"}, default="barcode"
            The longest bars, the longest at the top; the lengths of all bars against
            their rank on logarithmic axes, with larger markers for larger shares; or
            the tree of the last merges.

        max_bars : int, default=100
            Number of bars of a barcode, or of merges of a dendrogram.

        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a figure.

        **kwargs : dict
            Passed to ``ax.barh`` for a barcode, ``ax.scatter`` for a curve, and
            :func:`scipy.cluster.hierarchy.dendrogram` for a dendrogram.

        Returns
        -------
        display : SeparabilityDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If `fitted` is not a ClassSeparability.
        ValueError
            If `kind` is unknown, or `max_bars` is not an integer of 1 or more.
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ImportError
            If matplotlib is not installed.
        """
        if kind == EPOCHS:
            raise ValueError(
                f"kind={kind!r} is of a SeparabilityStopping: use from_stopping."
            )
        display = cls(fitted, kind=kind, max_bars=max_bars)
        return display.plot(ax=ax, **kwargs)

    @classmethod
    def from_stopping(cls, stopping, *, reference=None, ax=None, **kwargs):
        """Draw the scores of a training run, its best step and where it should stop.

        Parameters
        ----------
        stopping : SeparabilityStopping
            A stopping after one or more updates.

        reference : array-like of shape (n_epochs,), default=None
            Numbers to draw beside the scores, on a second axis, such as the accuracy
            on held-out rows. The name of a Series becomes its label.

        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a figure.

        **kwargs : dict
            Passed to ``ax.plot`` for the smoothed score.

        Returns
        -------
        display : SeparabilityDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If `stopping` is not a SeparabilityStopping.
        ValueError
            If `reference` does not hold one number for each step.
        sklearn.exceptions.NotFittedError
            If there was no update.
        ImportError
            If matplotlib is not installed.
        """
        display = cls(stopping, kind=EPOCHS, reference=reference)
        return display.plot(ax=ax, **kwargs)

    def frame(self):
        """Return what the picture is of as a table, also what is not drawn.

        Returns
        -------
        frame : DataFrame
            Of an estimator, the bars by `rank`, the longest first: columns `length`,
            `merge_size` and `share`. Of a stopping, its history by `epoch`, with the
            column `reference` if there is one.

        Raises
        ------
        TypeError
            If the source is not of the class that the kind needs.
        ValueError
            If `kind` is unknown, or `reference` does not fit.
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted, or the stopping had no update.
        """
        self._check_source()
        if self.kind == EPOCHS:
            frame = pd.DataFrame(self.source.history_).set_index("epoch")
            if self.reference is not None:
                frame["reference"] = self._checked_reference()
            return frame
        lengths = self.source.persistence_[::-1]
        sizes = self.source.merge_sizes_[::-1]
        return pd.DataFrame(
            {
                "length": lengths,
                "merge_size": sizes,
                "share": sizes / (len(lengths) + 1),
            },
            index=pd.RangeIndex(1, len(lengths) + 1, name="rank"),
        )

    def plot(self, ax=None, **kwargs):
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a figure.

        **kwargs : dict
            Passed to ``ax.barh``, ``ax.scatter``,
            :func:`scipy.cluster.hierarchy.dendrogram` or ``ax.plot``, as the kind is.

        Returns
        -------
        self : SeparabilityDisplay
            The display, with `ax_`, `figure_` and `reference_ax_`.

        Raises
        ------
        TypeError
            If the source is not of the class that the kind needs.
        ValueError
            If `kind` or `max_bars` has a value that it cannot have, or `reference` does
            not fit.
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted, or the stopping had no update.
        ImportError
            If matplotlib is not installed.
        """
        table = self.frame()
        if not IS_COUNT.is_satisfied_by(self.max_bars):
            raise ValueError(
                f"max_bars={self.max_bars!r} must be an integer of 1 or more."
            )
        plt = import_optional(
            "matplotlib.pyplot", extra="plot", purpose="SeparabilityDisplay"
        )
        if ax is None:
            _, ax = plt.subplots(figsize=(6.8, 4.4), layout="constrained")
        self.ax_, self.figure_, self.reference_ax_ = ax, ax.figure, None
        if self.kind == EPOCHS:
            name = str(getattr(self.reference, "name", None) or "reference")
            self.reference_ax_ = _draw_epochs(ax, self.source, table, name, kwargs)
            return self
        if self.kind == "barcode":
            _draw_barcode(ax, table, self.max_bars, kwargs)
        elif self.kind == "curve":
            _draw_curve(ax, table, kwargs)
        else:
            _draw_dendrogram(ax, self.source, table, self.max_bars, kwargs)
        if not COLOURS & kwargs.keys():
            _draw_colour_bar(ax)
        return self

    def _check_source(self):
        """Raise unless the kind is known and the source has what it needs."""
        if self.kind not in (*KINDS, EPOCHS):
            choices = ", ".join(map(repr, KINDS))
            raise ValueError(f"kind={self.kind!r} is not known. Use one of {choices}.")
        expected = SeparabilityStopping if self.kind == EPOCHS else ClassSeparability
        if not isinstance(self.source, expected):
            raise TypeError(
                f"SeparabilityDisplay draws a {expected.__name__} here, got "
                f"{type(self.source).__name__}. Of a pipeline or a search, pass the "
                f"{expected.__name__} inside."
            )
        if self.kind != EPOCHS:
            check_is_fitted(self.source)
        elif not hasattr(self.source, "history_"):
            raise NotFittedError(
                "This SeparabilityStopping has no history yet: call update first."
            )

    def _checked_reference(self):
        """Return the reference as an array with one number for each step."""
        values = np.asarray(self.reference, dtype=np.float64)
        n_steps = len(self.source.history_)
        if values.shape != (n_steps,):
            raise ValueError(
                f"reference has shape {values.shape}, but there were {n_steps} "
                f"updates: give one number for each."
            )
        return values

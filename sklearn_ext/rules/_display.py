"""A picture of a rule set: its text, the rows that each line decides, and confidence.

Layout is in points: the data units of the axes are made to be points, so that measured
text and drawn shapes fit together.
"""

import re

import numpy as np

from sklearn_ext._core._optional import import_optional
from sklearn_ext._core._sklearn import check_is_fitted

from ._fold_se import FoldSE
from ._reading import one_line, picture_lines

__all__ = ["RuleSetDisplay"]

# Okabe and Ito's colours and three dark ones. Simulated for each kind of colour vision,
# any two of them, the grey among them, differ by at least 16 in CIELAB.
COLOURS = (
    *("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442"),
    *("#882255", "#1B1B6B", "#661100"),
)
OTHER = "#CCCCCC"

# Sizes in points. In a given axes that is too small, all of them shrink alike.
FONT, LEADING, INDENT, GAP, CHIP = 10, 13, 18, 14, 8
WIDEST_LABEL, WIDEST_TEXT = 110, 430
BARS, TRACK = 150, 50
MARGIN, TITLE = 12, 24

BREAKS = re.compile(r"(?<![<>≤]) (?![<>≤])")  # a comparison stays on one line


def _weight(total):
    return f"{total:,.0f}" if total % 1 == 0 else f"{total:,.1f}"


def _pick_colours(lines, n_classes):
    """Return a colour for each class, and for any other at the end.

    Of many classes, the heaviest are told apart and the rest are grey.
    """
    counts = sum(line["counts"] for line in lines if line["depth"] == 0)[:-1]
    heaviest = np.argsort(-counts, kind="stable")[: len(COLOURS)]
    colours = [OTHER] * (n_classes + 1)
    for k, colour in zip(np.sort(heaviest), COLOURS, strict=False):
        colours[k] = colour
    return colours


def _legend(lines, classes, colours):
    """Return (name, colour) of each class with its own colour, and of the others."""
    legend = [
        (one_line(name), colour)
        for name, colour in zip(classes, colours, strict=False)
        if colour != OTHER
    ]
    if len(legend) < len(classes) or any(line["counts"][-1] for line in lines):
        legend.append(("other classes", OTHER))
    return legend


class _Ruler:
    """Measures and wraps text of one font."""

    def __init__(self, size, dpi, weight="normal"):
        from matplotlib.backends.backend_agg import RendererAgg
        from matplotlib.font_manager import FontProperties
        from matplotlib.textpath import text_to_path

        self._outlines, self._pixels = text_to_path, RendererAgg(1, 1, dpi)
        self._font, self._dpi = FontProperties(size=size, weight=weight), dpi

    def width(self, text):
        """Return points; letters are set on whole pixels, often wider than drawn."""
        given = {"s": text, "prop": self._font, "ismath": False}
        outlines = self._outlines.get_text_width_height_descent(**given)[0]
        pixels = self._pixels.get_text_width_height_descent(**given)[0]
        return max(outlines, pixels * 72 / self._dpi)

    def wrap(self, text, width):
        """Split a text at spaces, and inside words that are too long."""
        lines = [""]
        for word in BREAKS.split(text):
            joined = f"{lines[-1]} {word}".lstrip()
            if self.width(joined) <= width:
                lines[-1] = joined
                continue
            if lines[-1]:
                lines.append("")
            for letter in word:
                if lines[-1] and self.width(lines[-1] + letter) > width:
                    lines.append("")
                lines[-1] += letter
        return lines


class _Layout:
    """Where everything stands, in points from the upper left corner of the axes.

    Without a width, the text is as wide as its longest line, within reason.
    """

    def __init__(self, lines, classes, legend, dpi, *, scale=1.0, width=None):
        self.font, self.leading = FONT * scale, LEADING * scale
        self.gap, self.chip, self.indent = GAP * scale, CHIP * scale, INDENT * scale
        self.plain, self.small = _Ruler(self.font, dpi), _Ruler(0.85 * self.font, dpi)
        self.bold = _Ruler(self.font, dpi, "bold")

        labels = [one_line(name) for name in classes]
        heads = {labels[line["head"]] for line in lines if line["head"] is not None}
        self.label_x = self.chip + 0.5 * self.gap
        self.label_width = max(map(self.bold.width, heads)) + 1
        self.label_width = min(self.label_width, WIDEST_LABEL * scale)
        self.word_x = self.label_x + self.label_width + self.gap

        self.bars = min(BARS * scale, (width or np.inf) / 5)
        self.track = min(TRACK * scale, (width or np.inf) / 12)
        totals = [_weight(line["counts"].sum()) for line in lines]
        bars = 1.5 * self.gap + self.bars + max(map(self.small.width, totals))
        confidence = 2 * self.gap + self.track + self.small.width("confidence")
        if width is None:
            end = max(self.body_x(x) + self.plain.width(x["body"]) for x in lines) + 1
            width = min(end, self.word_x + WIDEST_TEXT) + bars + confidence
        self.width = width
        self.text_end = width - bars - confidence
        self.bars_x = self.text_end + 1.5 * self.gap
        self.track_x = self.text_end + bars + 2 * self.gap

        self.chips, self.head_y = self._place_chips(legend)
        self.rows, self.height = self._place_rows(lines, labels)

    def body_x(self, line):
        word_end = self.plain.width(line["word"]) + 0.35 * self.font
        return self.word_x + self.indent * line["depth"] + word_end

    def fits(self, height):
        wide_enough = self.text_end - self.word_x >= 0.4 * self.width
        return wide_enough and self.height <= height

    def _place_chips(self, legend):
        """Return (x, y, name, colour) of the legend, and the base line of its end."""
        chips, x, y = [], 0.0, self.leading
        for name, colour in legend:
            name, *cut = self.small.wrap(name, 0.9 * self.text_end - self.label_x)
            name += "…" if cut else ""
            width = self.label_x + self.small.width(name)
            if x and x + width > self.text_end:
                x, y = 0.0, y + self.leading
            chips.append((x, y, name, colour))
            x += width + self.gap
        return chips, y

    def _place_rows(self, lines, labels):
        """Return (base line, label, body) of each line, the texts in parts; the end."""
        rows, y = [], self.head_y + 0.2 * self.leading
        for line in lines:
            label = "" if line["head"] is None else labels[line["head"]]
            label = self.bold.wrap(label, self.label_width)
            room = max(self.text_end - self.body_x(line), 1)
            body = self.plain.wrap(line["body"], room)
            y += self.leading * (1.2 if line["depth"] else 1.7)
            rows.append((y, label, body))
            y += self.leading * (max(len(label), len(body)) - 1)
        return rows, y + 0.7 * self.leading


def _draw_text(ax, lines, layout):
    """Write the heads of the columns, the legend, and label and body of each line."""
    plain = {"parse_math": False, "usetex": False}
    small = plain | {"size": 0.85 * layout.font}
    for x, y, name, _ in layout.chips:
        ax.text(x + layout.label_x, y, name, **small)
    whole = all((line["counts"] % 1 == 0).all() for line in lines)
    unit = "training rows" if whole else "training weight"
    ax.text(layout.bars_x, layout.head_y, unit, **small)
    ax.text(layout.track_x, layout.head_y, "confidence", **small)

    plain["size"] = layout.font
    for line, (y, label, body) in zip(lines, layout.rows, strict=True):
        x = layout.word_x + layout.indent * line["depth"]
        ax.text(x, y, line["word"], alpha=0.6, **plain)
        for k, part in enumerate(label):
            below = y + k * layout.leading
            ax.text(layout.label_x, below, part, weight="bold", **plain)
        for k, part in enumerate(body):
            ax.text(layout.body_x(line), y + k * layout.leading, part, **plain)


def _draw_chips(ax, lines, layout, colours):
    """Draw the squares of the legend, and of the class before each label."""
    places = [(x, y, colour) for x, y, _, colour in layout.chips]
    for line, (y, *_) in zip(lines, layout.rows, strict=True):
        if line["head"] is not None:
            places.append((0.0, y, colours[line["head"]]))
    x, y, colour = zip(*places, strict=True)
    ax.bar(x, -layout.chip, layout.chip, y, align="edge", color=colour)


def _draw_bars(ax, lines, layout, colours, kwargs):
    """Draw and write the training rows of each line, exceptions pale."""
    counts = np.array([line["counts"] for line in lines])
    totals = counts.sum(axis=1)
    nested = np.array([line["depth"] > 0 for line in lines])
    middle = np.array([row[0] for row in layout.rows]) - 0.36 * layout.font
    height = np.where(nested, 0.5, 0.95) * layout.font
    widths = counts.T * layout.bars / totals.max()
    left = np.full(len(lines), layout.bars_x)
    for width, colour in zip(widths, colours, strict=True):
        for drawn, alpha in ((~nested, 1.0), (nested, 0.6)):
            drawn = drawn & (width > 0)
            style = {"height": height[drawn], "color": colour, "alpha": alpha} | kwargs
            ax.barh(middle[drawn], width[drawn], left=left[drawn], **style)
        left = left + width
    for x, line, (y, *_), total in zip(left, lines, layout.rows, totals, strict=True):
        style = {"size": 0.85 * layout.font, "alpha": 0.6 if line["depth"] else 1.0}
        ax.text(x + 0.4 * layout.font, y, _weight(total), **style)


def _draw_confidence(ax, lines, layout, dot):
    """Mark the confidence of each line on a scale from 0 to 1, and write it."""
    start, end = layout.track_x, layout.track_x + layout.track
    for line, (y, *_) in zip(lines, layout.rows, strict=True):
        if line["confidence"] is None:
            continue
        middle, alpha = y - 0.36 * layout.font, 0.6 if line["depth"] else 1.0
        ax.hlines(middle, start, end, color=OTHER, linewidth=1)
        x = start + line["confidence"] * layout.track
        ax.plot(x, middle, "o", color=dot, markersize=0.5 * layout.font, alpha=alpha)
        style = {"size": 0.85 * layout.font, "alpha": alpha}
        ax.text(end + 0.6 * layout.font, y, f"{line['confidence']:.2f}", **style)


class RuleSetDisplay:
    """A picture of the rules of a fitted :class:`~sklearn_ext.FoldSE`.

    One line per rule in order, exceptions as "unless ..." below what they defeat, the
    default at the end. Beside them stand the training rows that each line decides,
    split by class, and its confidence. The rows of exceptions are pale, because they
    are counted once more where they are decided.

    Use :meth:`from_estimator` to make one.

    Parameters
    ----------
    lines : list of dict
        One per line of the picture, with `head` (position of the class in `classes`, or
        None), `depth` (0 for top rules), `word` ("if", "unless", ...), `body` (text),
        `counts` (weight by class, then of classes that are not told apart) and
        `confidence` (or None).

    classes : list
        The class labels.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the picture.

    figure_ : matplotlib Figure
        The figure that holds it.

    See Also
    --------
    sklearn_ext.FoldSE.rules_frame : The same as a table.
    sklearn_ext.FoldSE.explain : The rules at work on single rows.

    Notes
    -----
    Numbers are shown with six digits. In a column that held only numbers in training,
    ``not (a <= 3)`` is read as "a > 3", although a missing cell seen later satisfies
    it. Where missing cells or other tokens were seen, "or missing" or "or no number" is
    added.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_ext import FoldSE
    >>> from sklearn_ext.rules import RuleSetDisplay
    >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    >>> display = RuleSetDisplay.from_estimator(FoldSE().fit(X, y))
    >>> display.figure_.savefig("rules.png")  # doctest: +SKIP
    """

    def __init__(self, *, lines, classes):
        self.lines = lines
        self.classes = classes

    @classmethod
    def from_estimator(cls, estimator, *, ax=None, max_rules=30, **kwargs):
        """Draw the rules of a fitted estimator.

        Parameters
        ----------
        estimator : FoldSE
            A fitted estimator. Of a pipeline, pass the last step.

        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a figure that is as large as needed.

        max_rules : int or None, default=30
            Show this many top rules and sum up the rest in one line. None shows all.

        **kwargs : dict
            Passed to ``ax.barh`` for the bars of rows.

        Returns
        -------
        display : RuleSetDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If `estimator` is not a FoldSE.
        ValueError
            If `max_rules` is less than 1.
        sklearn.exceptions.NotFittedError
            If it is not fitted.
        ImportError
            If matplotlib is not installed.
        """
        if not isinstance(estimator, FoldSE):
            raise TypeError(
                f"RuleSetDisplay draws a fitted FoldSE, got "
                f"{type(estimator).__name__}. Of a pipeline or a search, pass the "
                f"FoldSE inside."
            )
        check_is_fitted(estimator)
        if max_rules is not None and max_rules < 1:
            raise ValueError(
                f"max_rules must be None or an int of at least 1, got {max_rules!r}."
            )
        lines = picture_lines(estimator, max_rules)
        display = cls(lines=lines, classes=estimator.classes_.tolist())
        return display.plot(ax=ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; text is wrapped and shrunk to fit. None makes a figure that
            is as large as needed.

        **kwargs : dict
            Passed to ``ax.barh`` for the bars of rows.

        Returns
        -------
        self : RuleSetDisplay
            The display, with `ax_` and `figure_`.
        """
        plt = import_optional(
            "matplotlib.pyplot", extra="plot", purpose="RuleSetDisplay"
        )
        colours = _pick_colours(self.lines, len(self.classes))
        given = self.lines, self.classes, _legend(self.lines, self.classes, colours)
        if ax is None:
            layout = _Layout(*given, plt.rcParams["figure.dpi"])
            width, height = layout.width + 2 * MARGIN, layout.height + TITLE + MARGIN
            figure = plt.figure(figsize=(width / 72, height / 72))
            ax = figure.add_axes(
                (
                    MARGIN / width,
                    MARGIN / height,
                    layout.width / width,
                    layout.height / height,
                )
            )
            height = layout.height
        else:
            box = ax.get_window_extent()
            width, height = np.array([box.width, box.height]) * 72 / ax.figure.dpi
            for scale in np.linspace(1.0, 0.3, 8):
                layout = _Layout(*given, ax.figure.dpi, scale=scale, width=width)
                if layout.fits(height):
                    break
        _draw_chips(ax, self.lines, layout, colours)
        _draw_bars(ax, self.lines, layout, colours, kwargs)
        _draw_confidence(ax, self.lines, layout, dot=plt.rcParams["text.color"])
        _draw_text(ax, self.lines, layout)
        ax.set_axis_off()
        ax.set_xlim(0, layout.width)
        ax.set_ylim(height, 0)
        self.ax_, self.figure_ = ax, ax.figure
        return self

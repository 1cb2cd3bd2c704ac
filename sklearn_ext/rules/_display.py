"""A picture of a rule set: its text, the rows that each line decides, and confidence.

A model becomes plain lines first, and drawing takes nothing but these. Layout is in
points: the data units of the axes are made to be points, so that text can be measured.
"""

from itertools import groupby

import numpy as np

from sklearn_ext._core._optional import import_optional
from sklearn_ext._core._sklearn import check_is_fitted

from ._fold_se import FoldSE
from ._rule import Z_SQUARED, wilson_centre

__all__ = ["RuleSetDisplay"]

# Okabe and Ito's colours, told apart with any kind of colour vision.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
OTHER = "#AAAAAA"

# Sizes in points. In a given axes that is too small, all of them shrink alike.
FONT, LEADING, INDENT, GAP, CHIP = 10, 13, 18, 14, 8
WIDEST_LABEL, NARROWEST_TEXT, WIDEST_TEXT = 110, 120, 420
BARS, COUNTS, TRACK, PERCENT = 150, 48, 60, 34
MARGIN, TITLE = 12, 24
LONGEST_TOKEN = 60


def _number(value):
    """Write a number with six digits, a whole one in full."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.6g}"


def _one_line(name):
    return " ".join(str(name).split())


def _token(value):
    text = _one_line(value)
    if len(text) > LONGEST_TOKEN:
        text = text[: LONGEST_TOKEN - 1] + "…"
    return f"'{text}'"


def _bounds_text(bounds, name, tokens):
    """Read the one or two numeric literals of a column in a body."""
    lower = [b.value for b in bounds if (b.op == ">") != b.negated]
    upper = [b.value for b in bounds if (b.op == ">") == b.negated]
    text = f"{name} ≤ {_number(upper[0])}" if upper else f"{name} > {_number(lower[0])}"
    if lower and upper:
        text = f"{_number(lower[0])} < {text}"
    if not bounds[0].negated or not len(tokens):
        return text
    # A negated comparison holds on every cell that is not a number.
    return f"({text} or {'missing' if set(tokens) == {''} else 'no number'})"


def _body_text(literals, names, tokens):
    """Read the literals of one body as a sentence."""
    parts = []
    for (feature, is_equality), same in groupby(
        literals, lambda literal: (literal.feature, literal.op == "==")
    ):
        name = _one_line(names[feature])
        if is_equality:
            for literal in same:
                value = _token(literal.value) if literal.value else "missing"
                parts.append(f"{name} is {'not ' * literal.negated}{value}")
        else:
            parts.append(_bounds_text(list(same), name, tokens[feature]))
    return " and ".join(parts)


def _exception_counts(rule, depth, head, n_classes):
    """Return the rows an exception fires on by class; the last entry is any other."""
    right = rule.confidence * (rule.support + Z_SQUARED) - Z_SQUARED / 2
    in_head = right if depth % 2 == 0 else rule.support - right
    counts = np.zeros(n_classes + 1)
    counts[head] = in_head
    counts[1 - head if n_classes == 2 else -1] = rule.support - in_head
    return counts.round(6)


def _read_model(model, max_rules):
    """Return the lines of the picture of a fitted model."""
    names, classes = model._names(), model.classes_.tolist()
    n_shown = len(model.rules_) if max_rules is None else max_rules
    n_hidden = max(len(model.rules_) - n_shown, 0)
    counts = np.pad(model.rule_counts_, ((0, 0), (0, 1)))
    lines = []

    def add(word, body, counts, confidence, head=None, depth=0):
        line = {"head": head, "depth": depth, "word": word, "body": body}
        lines.append(line | {"counts": counts, "confidence": confidence})

    def add_exceptions(rule, head, depth):
        for child in rule.exceptions:
            body = _body_text(child.literals, names, model.categories_)
            split = _exception_counts(child, depth, head, len(classes))
            add("unless", body, split, child.confidence, depth=depth)
            add_exceptions(child, head, depth + 1)

    for k, rule in enumerate(model.rules_[:n_shown]):
        word = "if" if k == 0 else "or if" if len(classes) == 2 else "else if"
        body = _body_text(rule.literals, names, model.categories_)
        head = classes.index(rule.head)
        add(word, body, counts[k], rule.confidence, head)
        add_exceptions(rule, head, 1)
    if n_hidden:
        pooled = counts[n_shown:-1].sum(axis=0)
        add(f"… {n_hidden} more rule{'s' * (n_hidden > 1)}", "", pooled, None)
    default = classes.index(model.default_class_)
    confidence = wilson_centre(counts[-1, default], counts[-1].sum())
    word = "otherwise" if model.rules_ else "always"
    add(word, "", counts[-1], confidence, default)
    return lines


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
    """Return (name, colour) of each class that has a colour of its own, and of the rest."""
    legend = [
        (_one_line(name), colour)
        for name, colour in zip(classes, colours, strict=False)
        if colour != OTHER
    ]
    if len(legend) < len(classes) or any(line["counts"][-1] for line in lines):
        legend.append(("other classes", OTHER))
    return legend


class _Ruler:
    """Measures and wraps text of one font."""

    def __init__(self, size, weight="normal"):
        from matplotlib.font_manager import FontProperties
        from matplotlib.textpath import text_to_path

        self._measure = text_to_path.get_text_width_height_descent
        self._font = FontProperties(size=size, weight=weight)

    def width(self, text):
        return self._measure(text, self._font, ismath=False)[0]

    def wrap(self, text, width):
        """Split a text at spaces, and inside words that are too long."""
        lines = [""]
        for word in text.split():
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

    def __init__(self, lines, classes, legend, *, scale=1.0, width=None):
        self.font, self.leading = FONT * scale, LEADING * scale
        self.gap, self.chip, self.indent = GAP * scale, CHIP * scale, INDENT * scale
        self.bars, self.counts, self.track = BARS * scale, COUNTS * scale, TRACK * scale
        self.narrowest, widest = NARROWEST_TEXT * scale, WIDEST_LABEL * scale
        self.plain, self.bold = _Ruler(self.font), _Ruler(self.font, "bold")
        self.small = _Ruler(0.85 * self.font)

        labels = [_one_line(name) for name in classes]
        heads = {labels[line["head"]] for line in lines if line["head"] is not None}
        self.label_x = self.chip + 0.5 * self.gap
        self.label_width = min(max(map(self.bold.width, heads)) + 1, widest)
        self.word_x = self.label_x + self.label_width + self.gap
        right = 4 * self.gap + self.bars + self.counts + self.track + PERCENT * scale
        if width is None:
            ends = [self.body_x(line) + self.plain.width(line["body"]) for line in lines]
            width = min(max(ends) + 1, self.word_x + WIDEST_TEXT) + right
        self.width = width
        self.text_end = width - right
        self.bars_x = self.text_end + 2 * self.gap
        self.track_x = self.bars_x + self.bars + self.counts + self.gap

        self.chips, self.head_y = self._place_chips(legend)
        self.rows, self.height = self._place_rows(lines, labels)

    def body_x(self, line):
        word_end = self.plain.width(line["word"]) + 0.35 * self.font
        return self.word_x + self.indent * line["depth"] + word_end

    def fits(self, height):
        return self.text_end - self.word_x >= self.narrowest and self.height <= height

    def _place_chips(self, legend):
        """Return (x, y, name, colour) of the legend, and the base line of its end."""
        chips, x, y = [], 0.0, self.leading
        for name, colour in legend:
            width = self.label_x + self.small.width(name)
            if x and x + width > self.text_end:
                x, y = 0.0, y + self.leading
            chips.append((x, y, name, colour))
            x += width + self.gap
        return chips, y

    def _place_rows(self, lines, labels):
        """Return base line, parts of the label and of the body of each line; the end."""
        rows, y = [], self.head_y + 0.2 * self.leading
        for line in lines:
            label = "" if line["head"] is None else labels[line["head"]]
            label = self.bold.wrap(label, self.label_width)
            body = self.plain.wrap(line["body"], max(self.text_end - self.body_x(line), 1))
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
    """Draw the training rows of each line by class, exceptions pale, and their number."""
    counts = np.array([line["counts"] for line in lines])
    totals = counts.sum(axis=1)
    nested = np.array([line["depth"] > 0 for line in lines])
    middle = np.array([row[0] for row in layout.rows]) - 0.36 * layout.font
    height = np.where(nested, 0.5, 0.95) * layout.font
    widths = counts.T * layout.bars / totals.max()
    left = np.full(len(lines), layout.bars_x)
    for width, colour in zip(widths, colours, strict=True):
        for drawn, alpha in ((~nested, 1.0), (nested, 0.5)):
            drawn = drawn & (width > 0)
            style = {"height": height[drawn], "color": colour, "alpha": alpha} | kwargs
            ax.barh(middle[drawn], width[drawn], left=left[drawn], **style)
        left = left + width
    for x, line, (y, *_), total in zip(left, lines, layout.rows, totals, strict=True):
        text = f"{total:,.0f}" if total % 1 == 0 else f"{total:,.1f}"
        alpha = 0.6 if line["depth"] else 1.0
        ax.text(x + 0.4 * layout.font, y, text, size=0.85 * layout.font, alpha=alpha)


def _draw_confidence(ax, lines, layout):
    """Mark the confidence of each line on a scale from 0 to 1, and write it."""
    for line, (y, *_) in zip(lines, layout.rows, strict=True):
        if line["confidence"] is None:
            continue
        middle, alpha = y - 0.36 * layout.font, 0.6 if line["depth"] else 1.0
        ends = [layout.track_x, layout.track_x + layout.track]
        ax.plot(ends, [middle, middle], color=OTHER, linewidth=1, alpha=0.5)
        x = layout.track_x + line["confidence"] * layout.track
        ax.plot(x, middle, "o", color="#333333", markersize=0.5 * layout.font, alpha=alpha)
        text = f"{line['confidence']:.2f}"
        x = ends[1] + 0.6 * layout.font
        ax.text(x, y, text, size=0.85 * layout.font, alpha=alpha)


class RuleSetDisplay:
    """A picture of the rules of a fitted :class:`~sklearn_ext.FoldSE`.

    One line per rule in order, exceptions as "unless ..." below what they defeat, the
    default at the end. Beside them stand the training rows that each line decides, split
    by class, and its confidence. The rows of exceptions are pale, as they are counted
    once more where they are decided.

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
    Numbers are shown with six digits. In a column that had numbers only, ``not (a <= 3)``
    is read as "a > 3"; note that a missing cell, seen later, satisfies it. Where missing
    cells or other tokens were seen, "or missing" or "or no number" says so.

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
            Show so many top rules and sum up the rest in one line. None shows all.

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
        sklearn.exceptions.NotFittedError
            If it is not fitted.
        ImportError
            If matplotlib is not installed.
        """
        if not isinstance(estimator, FoldSE):
            raise TypeError(
                f"RuleSetDisplay needs a fitted FoldSE, got {type(estimator).__name__}. "
                f"Of a pipeline or a search, pass the FoldSE inside."
            )
        check_is_fitted(estimator)
        if max_rules is not None and max_rules < 1:
            raise ValueError(f"max_rules must be None or at least 1, got {max_rules!r}.")
        lines = _read_model(estimator, max_rules)
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
            layout = _Layout(*given)
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
            for scale in np.linspace(1.0, 0.3, 15):
                layout = _Layout(*given, scale=scale, width=width)
                if layout.fits(height):
                    break
        _draw_chips(ax, self.lines, layout, colours)
        _draw_bars(ax, self.lines, layout, colours, kwargs)
        _draw_confidence(ax, self.lines, layout)
        _draw_text(ax, self.lines, layout)
        ax.set_axis_off()
        ax.set_xlim(0, layout.width)
        ax.set_ylim(height, 0)
        self.ax_, self.figure_ = ax, ax.figure
        return self

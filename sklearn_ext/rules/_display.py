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
COLOURS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#F0E442",
)
GREY = "#999999"
LONGEST_TOKEN = 60

# Sizes in points; all but the first shrink together where a given axes is too small.
WIDEST_TEXT = 400
FONT = 10
LEADING = 13
INDENT = 18
GAP = 14
CHIP = 8
WIDEST_LABEL = 110
BARS = 150
NUMBERS = 46
TRACK = 56


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


def _lines(model, max_rules):
    """Return a fitted model as the lines of its picture."""
    names, classes = model._names(), model.classes_.tolist()
    n_shown = len(model.rules_) if max_rules is None else max_rules
    n_hidden = max(len(model.rules_) - n_shown, 0)
    counts = np.pad(model.rule_counts_, ((0, 0), (0, 1)))
    lines = []

    def add(text, counts, confidence, label=None, depth=0):
        line = {"text": text, "counts": counts, "confidence": confidence}
        lines.append(line | {"label": label, "depth": depth})

    def add_exceptions(rule, head, depth):
        for child in rule.exceptions:
            text = f"unless {_body_text(child.literals, names, model.categories_)}"
            split = _exception_counts(child, depth, head, len(classes))
            add(text, split, child.confidence, depth=depth)
            add_exceptions(child, head, depth + 1)

    for k, rule in enumerate(model.rules_[:n_shown]):
        word = "if" if k == 0 else "or if" if len(classes) == 2 else "else if"
        text = f"{word} {_body_text(rule.literals, names, model.categories_)}"
        add(text, counts[k], rule.confidence, rule.head)
        add_exceptions(rule, classes.index(rule.head), 1)
    if n_hidden:
        text = f"… {n_hidden} more rule{'s' * (n_hidden > 1)}"
        add(text, counts[n_shown:-1].sum(axis=0), None)
    right = counts[-1, classes.index(model.default_class_)]
    confidence = wilson_centre(right, counts[-1].sum())
    text = "otherwise" if model.rules_ else "always"
    add(text, counts[-1], confidence, model.default_class_)
    return lines


class _Ruler:
    """Measures and wraps text of one font size."""

    def __init__(self, size):
        from matplotlib.font_manager import FontProperties
        from matplotlib.textpath import text_to_path

        self._font = FontProperties(size=size)
        self._path = text_to_path
        self._known = {}

    def width(self, text):
        if text not in self._known:
            measure = self._path.get_text_width_height_descent
            self._known[text] = measure(text, self._font, ismath=False)[0]
        return self._known[text]

    def wrap(self, text, width):
        """Split a text into lines at spaces, and inside words that are too long."""
        space = self.width("a a") - self.width("aa")
        lines, used = [""], 0.0
        for word in self._pieces(text, width):
            if lines[-1] and used + space + self.width(word) > width:
                lines.append("")
                used = 0.0
            used += self.width(word) + (space if lines[-1] else 0)
            lines[-1] = f"{lines[-1]} {word}".lstrip()
        return lines

    def _pieces(self, text, width):
        for word in text.split():
            while len(word) > 1 and self.width(word) > width:
                end = len(word)
                while end > 1 and self.width(word[:end]) > width:
                    end -= 1
                yield word[:end]
                word = word[end:]
            yield word


class _Layout:
    """Where everything stands, in points from the upper left corner."""

    def __init__(self, lines, classes, scale, width=None):
        self.font, self.leading = FONT * scale, LEADING * scale
        self.gap, self.chip, self.indent = GAP * scale, CHIP * scale, INDENT * scale
        self.bars, self.track = BARS * scale, TRACK * scale
        ruler, small = _Ruler(self.font), _Ruler(0.85 * self.font)
        labels = [_one_line(line["label"]) for line in lines if line["depth"] == 0]

        self.label_x = self.gap + self.chip + 0.5 * self.gap
        widest = max(map(ruler.width, labels))
        self.label_width = min(widest, WIDEST_LABEL * scale) + 1
        self.text_x = self.label_x + self.label_width + self.gap
        right = self.gap + self.bars + NUMBERS * scale + self.track + 3 * self.gap
        if width is None:
            needed = [
                ruler.width(line["text"]) + line["depth"] * self.indent for line in lines
            ]
            self.text_width = min(max(needed), WIDEST_TEXT) + 1
            width = self.text_x + self.text_width + right
        else:
            self.text_width = width - right - self.text_x
        self.width = width
        self.bars_x = self.text_x + self.text_width + self.gap
        self.track_x = self.bars_x + self.bars + NUMBERS * scale
        self.is_wide_enough = self.text_width >= 100 * scale

        self.small = small.font_size = 0.85 * self.font
        self._place_legend(classes, small)
        self.y = []
        self._place_lines(lines, ruler)

"""A picture of a rule set: its text, the rows that each line decides, and confidence.

The rules become plain lines first; drawing takes nothing but these. All layout is in
points: the data units of the axes are made to be points, so that text can be measured.
"""

from itertools import groupby

import numpy as np

from sklearn_ext._core._optional import import_optional
from sklearn_ext._core._sklearn import check_is_fitted

from ._fold_se import FoldSE
from ._rule import Z_SQUARED

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
FONT_SIZE = 10
LONGEST_TOKEN = 60


def _number(value):
    """Write a number short enough for a picture: six digits, whole ones in full."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.6g}"


def _one_line(text):
    """Write any name on one line."""
    return " ".join(str(text).split())


def _token(value):
    text = _one_line(value)
    if len(text) > LONGEST_TOKEN:
        text = text[: LONGEST_TOKEN - 1] + "…"
    return f"'{text}'"


def _bounds_text(bounds, name, tokens):
    """Read the one or two merged numeric literals of a column."""
    lower = [b.value for b in bounds if (b.op == ">") != b.negated]
    upper = [b.value for b in bounds if (b.op == ">") == b.negated]
    if lower and upper:
        text = f"{_number(lower[0])} < {name} ≤ {_number(upper[0])}"
    elif lower:
        text = f"{name} > {_number(lower[0])}"
    else:
        text = f"{name} ≤ {_number(upper[0])}"
    if not bounds[0].negated or not len(tokens):
        return text
    # A negated comparison holds on each cell that is not a number.
    return f"({text} or {'missing' if set(tokens) == {''} else 'no number'})"


def _body_text(literals, names, tokens):
    """Read the literals of one body as a sentence."""
    parts = []
    for (feature, is_equality), same in groupby(
        literals, lambda literal: (literal.feature, literal.op == "==")
    ):
        name = _one_line(names[feature])
        if not is_equality:
            parts.append(_bounds_text(list(same), name, tokens[feature]))
            continue
        for literal in same:
            value = _token(literal.value) if literal.value else "missing"
            parts.append(f"{name} is {'not ' * literal.negated}{value}")
    return " and ".join(parts)


def _exception_lines(rule, head, depth, n_classes, read):
    """Yield the lines of the exceptions of a rule, each followed by its own."""
    for child in rule.exceptions:
        right = child.confidence * (child.support + Z_SQUARED) - Z_SQUARED / 2
        in_head = right if depth % 2 == 0 else child.support - right
        counts = np.zeros(n_classes + 1)
        counts[head] = in_head
        # Of more than two classes, it is not kept which of the others they are.
        counts[1 - head if n_classes == 2 else -1] = child.support - in_head
        yield {
            "depth": depth,
            "label": None,
            "text": f"unless {read(child.literals)}",
            "counts": counts.round(6),
            "confidence": child.confidence,
        }
        yield from _exception_lines(child, head, depth + 1, n_classes, read)


def _lines(model, max_rules):
    """Return a fitted model as the lines of its picture."""
    classes = model.classes_.tolist()
    n_classes = len(classes)
    names = model._names()
    counts = np.column_stack([model.rule_counts_, np.zeros(len(model.rule_counts_))])
    confidences = (counts.max(axis=1) + Z_SQUARED / 2) / (counts.sum(axis=1) + Z_SQUARED)

    def read(literals):
        return _body_text(literals, names, model.categories_)

    def line(label, text, counts, confidence):
        return {
            "depth": 0,
            "label": label,
            "text": text,
            "counts": counts,
            "confidence": confidence,
        }

    lines = []
    n_shown = len(model.rules_) if max_rules is None else max_rules
    later = "or if" if n_classes == 2 else "else if"
    for k, rule in enumerate(model.rules_[:n_shown]):
        word = later if k else "if"
        text = f"{word} {read(rule.literals)}"
        lines.append(line(rule.head, text, counts[k], rule.confidence))
        head = classes.index(rule.head)
        lines += _exception_lines(rule, head, 1, n_classes, read)
    n_hidden = len(model.rules_) - n_shown
    if n_hidden > 0:
        text = f"… {n_hidden} more rule{'s' * (n_hidden > 1)}"
        lines.append(line(None, text, counts[n_shown:-1].sum(axis=0), None))
    default = classes.index(model.default_class_)
    text = "otherwise" if model.rules_ else "always"
    confidence = (counts[-1, default] + Z_SQUARED / 2) / (counts[-1].sum() + Z_SQUARED)
    lines.append(line(model.default_class_, text, counts[-1], confidence))
    return lines

"""Rules read as sentences: the lines of the picture of a fitted model."""

from itertools import groupby

import numpy as np

from ._rule import Z_SQUARED, wilson_centre

__all__ = ["one_line", "picture_lines"]

LONGEST_TOKEN = 60


def _number(value):
    """Write a number with six digits, a whole one in full."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.6g}"


def one_line(name):
    """Write any name or label on one line."""
    return " ".join(str(name).split())


def _token(value):
    text = one_line(value)
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
        name = one_line(names[feature])
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


def picture_lines(model, max_rules):
    """Return a fitted FoldSE as the lines of its picture, plain data.

    `max_rules` top rules are shown, and one line sums up the others. Each line has the
    keys that `RuleSetDisplay` documents.
    """
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

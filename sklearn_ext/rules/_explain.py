"""Proofs of single predictions: which rule decides a row, and why no other does.

A rule is read from left to right and only as far as needed. Its proof is plain data,
ready for JSON; the text is written from that data.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ._export import Column, quoted
from ._rule import Rule, name_exceptions, rule_body

__all__ = ["explain_rows"]

_INDENT = " " * 4


class _Named(NamedTuple):
    name: str
    rule: Rule
    exceptions: tuple["_Named", ...]


def _name_rules(rules: Sequence[Rule]) -> list[_Named]:
    """Give each rule and each exception the name it has in the printed program."""
    abnormal = {body: name for body, (name, _) in name_exceptions(rules).items()}

    def named(rule, name):
        children = ((child, abnormal[rule_body(child)]) for child in rule.exceptions)
        return _Named(name, rule, tuple(named(*child) for child in children))

    return [named(rule, f"rule{k}") for k, rule in enumerate(rules, 1)]


def _plain(label: object) -> object:
    return label.item() if isinstance(label, np.generic) else label


class _Row:
    """One row: reads cells when they are needed and remembers which."""

    def __init__(self, cells, row, feature_names):
        self.touched: dict[str, float | str] = {}
        self._cells = cells
        self._row = row
        self._names = feature_names

    def _read(self, feature):
        cell = self._cells[feature].at(self._row)
        cell = str(cell) if isinstance(cell, str) else float(cell)
        return self.touched.setdefault(self._names[feature], cell)

    def prove(self, named: _Named) -> dict:
        """Evaluate a rule and its exceptions, as far as needed."""
        open_ = True
        literals = []
        for literal in named.rule.literals:
            actual = self._read(literal.feature) if open_ else None
            holds = literal.holds(actual) if open_ else None
            literals.append(
                {
                    "feature": self._names[literal.feature],
                    "op": literal.op,
                    "value": literal.value,
                    "negated": literal.negated,
                    "actual": actual,
                    "holds": holds,
                }
            )
            open_ = bool(holds)
        exceptions = []
        for child in named.exceptions if open_ else ():
            exceptions.append(self.prove(child))
            if exceptions[-1]["fires"]:
                open_ = False
                break
        return {
            "name": named.name,
            "head": _plain(named.rule.head),
            "fires": open_,
            "literals": literals,
            "exceptions": exceptions,
        }


def _shown(value: float | str) -> str:
    if isinstance(value, str):
        return quoted(value) if value else "missing"
    return repr(value)


def _literal_text(literal: dict) -> str:
    feature, holds = literal["feature"], literal["holds"]
    if holds is None:
        return f"{feature}: not needed"
    phrase = {"<=": "at most ", ">": "above ", "==": ""}[literal["op"]]
    modal = "should not be" if literal["negated"] else "should be"
    wanted = f"{modal} {phrase}{_shown(literal['value'])}"
    verdict = "holds" if holds else "does not hold"
    return f"{feature} is {_shown(literal['actual'])}, {wanted}: {verdict}"


def _indented(lines: Sequence[str]) -> list[str]:
    return [_INDENT + line for line in lines]


def _exception_lines(proof: dict) -> list[str]:
    verdict = "applies" if proof["fires"] else "does not apply"
    return [f"exception {proof['name']} {verdict}:", *_indented(_body_lines(proof))]


def _body_lines(proof: dict) -> list[str]:
    """Return a proof in full: each literal, then each exception that was looked at."""
    lines = [_literal_text(literal) for literal in proof["literals"]]
    for exception in proof["exceptions"]:
        lines += _exception_lines(exception)
    return lines


def _rebuttal_lines(proof: dict) -> list[str]:
    """Return what alone defeats a rule: its failing literal or firing exception."""
    failing = [
        _literal_text(literal)
        for literal in proof["literals"]
        if literal["holds"] is False
    ]
    why = failing or _exception_lines(proof["exceptions"][-1])
    return [f"{proof['name']} does not apply:", *_indented(why)]


def _text(entry: dict, confidences: dict[str, float]) -> str:
    """Write an explanation of the other format as text."""
    proofs = {proof["name"]: proof for proof in entry["rules"]}
    headline = f"label is {quoted(entry['prediction'])} because"
    if entry["rule"] == -1:
        rebuttals = [line for p in proofs.values() for line in _rebuttal_lines(p)]
        colon = ":" if rebuttals else ""
        lines = [f"{headline} no rule applies{colon}", *_indented(rebuttals)]
        return "\n".join(lines)

    def applies(name, verb):
        return f"{name} {verb} (confidence {confidences[name]:.2f}):"

    name = f"rule{entry['rule'] + 1}"
    lines = [f"{headline} {applies(name, 'applies')}"]
    lines += _indented(_body_lines(proofs.pop(name)))
    for other, proof in proofs.items():
        if proof["fires"]:
            lines += [applies(other, "also applies"), *_indented(_body_lines(proof))]
        else:
            lines += _rebuttal_lines(proof)
    return "\n".join(lines)


def explain_rows(
    rules: Sequence[Rule],
    cells: Mapping[int, Column],
    *,
    feature_names: Sequence[str],
    default_class: object,
    binary: bool,
    probabilities: np.ndarray,
    format: str = "text",
    full: bool = False,
) -> list[str] | list[dict]:
    """Explain the prediction of each row.

    `cells` maps each column that the rules read to its cells, and `probabilities`
    has one row of class probabilities for each row to explain. `full` adds the rules
    that did not decide a row: the earlier ones, and in a binary model the later ones.
    """
    if format not in ("text", "dict"):
        raise ValueError(f"format must be 'text' or 'dict', got {format!r}.")
    named = _name_rules(rules)
    confidences = {f"rule{k}": rule.confidence for k, rule in enumerate(rules, 1)}
    entries = []
    for i, probability in enumerate(probabilities.max(axis=1).tolist()):
        row = _Row(cells, i, feature_names)
        proofs, decisive = [], -1
        for k, candidate in enumerate(named):
            proofs.append(row.prove(candidate))
            if decisive == -1 and proofs[-1]["fires"]:
                decisive = k
                if not full:
                    proofs = proofs[-1:]
                if not (full and binary):
                    break
        prediction = default_class if decisive == -1 else rules[decisive].head
        entries.append(
            {
                "prediction": _plain(prediction),
                "probability": probability,
                "rule": decisive,
                "rules": proofs,
                "features": row.touched,
            }
        )
    return [_text(e, confidences) for e in entries] if format == "text" else entries

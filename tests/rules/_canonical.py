"""When two programs are the same: in the reference notation, or as plain data.

Printed programs are equal if their canonical forms are: the order of rules, of literals
and of the two tokens of a two-token column is arbitrary in the reference.
"""

import re
from collections import defaultdict

import numpy as np

from tests.rules._naive import Literal, Rule, fold_one_literal_exceptions, parse_cell

_TERM = re.compile(
    r"""(?P<no>not\ )?(?P<name>[a-z_]\w*)\(X,
            (?:'(?P<token>(?:[^'\\]|\\.)*)' | (?P<var>N\d+))\)
      | (?P<neg>not\()?(?P<bound_var>N\d+)(?P<op>=<|>)(?P<value>[-+.\w]+)\)?""",
    re.VERBOSE,
)


def parse_program(lines):
    """Read a binary program (text or lines) as nested rules with named columns."""
    if isinstance(lines, str):
        lines = lines.splitlines()
    bodies = [_parse_line(line) for line in lines if line.strip()[:1] not in ("", "%")]
    exceptions = {name: body for name, body in bodies if name != "label"}

    def build(body):
        literals, names = body
        return Rule(None, literals, tuple(build(exceptions[name]) for name in names))

    return [build(body) for name, body in bodies if name == "label"]


def _parse_line(line):
    head, _, text = line.strip().removesuffix(".").partition(" :- ")
    head = _TERM.fullmatch(head)["name"]
    literals, exceptions, column_of = [], [], {}
    rest = text
    while rest:
        term = _TERM.match(rest)
        assert term, f"cannot read {rest!r}"
        rest = rest[term.end() :].removeprefix(", ")
        if term["var"]:
            column_of[term["var"]] = term["name"]
        elif term["bound_var"]:
            op = {"=<": "<=", ">": ">"}[term["op"]]
            column = column_of[term["bound_var"]]
            value, negated = float(term["value"]), bool(term["neg"])
            literals.append(Literal(column, op, value, negated))
        elif re.fullmatch(r"ab\d+", term["name"]) and term["no"]:
            exceptions.append(term["name"])
        else:
            token = re.sub(r"\\(.)", r"\1", term["token"])
            literals.append(Literal(term["name"], "==", token, bool(term["no"])))
    return head, (tuple(literals), tuple(exceptions))


def named(rule, names):
    """Copy a rule (ours or the package's) with column names instead of positions."""
    literals = tuple(
        Literal(names[x.feature], x.op, x.value, x.negated) for x in rule.literals
    )
    return Rule(None, literals, tuple(named(child, names) for child in rule.exceptions))


def column_cells(X, categorical):
    """Return ``{printed column name: set of its distinct cells}`` of a whole table."""
    return {
        printed_name(name): {parse_cell(v, name in categorical) for v in set(X[name])}
        for name in X.columns
    }


def printed_name(name):
    return re.sub(r"[^a-z0-9_]+", "_", name.lower())


def canonical_program(rules, cells):
    """Return the canonical form of nested rules over columns with these cells."""
    return {_canonical_rule(fold_one_literal_exceptions(rule), cells) for rule in rules}


def _canonical_rule(rule, cells):
    literals, bounds = set(), defaultdict(list)
    for literal in rule.literals:
        if literal.op == "==":
            literals.add(_on_smaller_token(literal, cells[literal.feature]))
        else:
            bounds[literal.feature].append(literal)
    for column, of_column in bounds.items():
        lower = [b.value for b in of_column if (b.op == ">") is not b.negated]
        upper = [b.value for b in of_column if (b.op == "<=") is not b.negated]
        has_token = any(isinstance(cell, str) for cell in cells[column])
        literals.add(
            (
                column,
                round(max(lower), 3) if lower else None,
                round(min(upper), 3) if upper else None,
                has_token and all(b.negated for b in of_column),
            )
        )
    children = frozenset(_canonical_rule(child, cells) for child in rule.exceptions)
    return frozenset(literals), children


def _on_smaller_token(literal, cells):
    """In a column of two tokens, say everything about the smaller one."""
    if len(cells) == 2 and all(isinstance(cell, str) for cell in cells):
        smaller = min(cells)
        if literal.value != smaller:
            return literal._replace(value=smaller, negated=not literal.negated)
    return literal


def plain(rule):
    """Return what a rule says, ours or the package's, as nested plain tuples."""
    literals = tuple((x.feature, x.op, x.value, x.negated) for x in rule.literals)
    return rule.head, literals, tuple(plain(child) for child in rule.exceptions)


def statistics(rules):
    """Return (support, confidence) of all rules, exceptions included, in order."""
    found = []
    for rule in rules:
        found.append((rule.support, rule.confidence))
        found += statistics(rule.exceptions)
    return found


def assert_same_model(model, naive, rows, *, X=None):
    """Compare a fitted FoldSE with the naive one, and both on more rows.

    `X` is what `model` is asked about, where that is not `rows` itself.
    """
    X = rows if X is None else X
    assert list(model.classes_) == naive.classes_
    assert model.default_class_ == naive.default_class_
    assert model.tail_count_ == naive.tail_count_
    for name in ("raw_rules_", "rules_"):
        ours, theirs = getattr(model, name), getattr(naive, name)
        assert list(map(plain, ours)) == list(map(plain, theirs)), name
        np.testing.assert_allclose(
            statistics(ours), statistics(theirs), rtol=1e-12, err_msg=name
        )
    assert model.n_rules_ == naive.n_rules_
    assert model.n_literals_ == naive.n_literals_
    for name in ("rule_counts_", "feature_importances_"):
        np.testing.assert_allclose(
            getattr(model, name), getattr(naive, name), rtol=1e-9, atol=1e-15
        )
    assert model.apply(X).tolist() == naive.apply(rows)
    assert naive.predict(rows, raw=True) == naive.predict(rows)
    assert list(model.predict(X)) == naive.predict(rows)
    np.testing.assert_allclose(
        model.predict_proba(X), naive.predict_proba(rows), rtol=1e-12
    )


def state(model):
    """Return everything that a fit learns, but for names and tokens of columns."""
    return (
        list(map(plain, model.raw_rules_)),
        list(map(plain, model.rules_)),
        statistics(model.raw_rules_),
        statistics(model.rules_),
        model.classes_.tolist(),
        model.default_class_,
        model.tail_count_,
        model.n_rules_,
        model.n_literals_,
        model.rule_counts_.tolist(),
        model.feature_importances_.tolist(),
    )


def program(model):
    """Return the learned rules of a model as plain data."""
    return list(map(plain, model.raw_rules_)), list(map(plain, model.rules_))

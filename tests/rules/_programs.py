"""Random rule sets and rows, what they mean, and what their printed program means.

The meaning is worked out here from the definitions alone: rules by plain evaluation,
programs by reading their text.
"""

import re

from hypothesis import strategies as st

from sklearn_ext.rules import Literal, Rule

NAMES = ["Colour - Top", "age", "colour_top", "Age", "2nd size"]
PREDICATES = ["colour_top", "age", "colour_top_2", "age_2", "f_2nd_size"]
IS_CATEGORICAL = [True, False, True, False, False]
TOKENS = ["", "a", "it's", "back\\slash", "new\nline", "?"]
NUMBERS = [-1.5, -0.0, 0.1, 2.0, 1e16, 5e-324]

ANY_CELL = st.sampled_from([*TOKENS, "unseen"])
ROWS = st.lists(
    st.tuples(
        *(
            ANY_CELL if categorical else st.sampled_from([*NUMBERS, 1.0]) | ANY_CELL
            for categorical in IS_CATEGORICAL
        )
    ),
    min_size=1,
    max_size=8,
)


class Column(list):
    """Cells of one column, read as the package reads them."""

    def at(self, row):
        return self[row]


def columns(rows):
    return {j: Column(column) for j, column in enumerate(zip(*rows, strict=True))}


@st.composite
def literals(draw):
    feature = draw(st.integers(0, len(NAMES) - 1))
    op = "==" if IS_CATEGORICAL[feature] else draw(st.sampled_from(["<=", ">", "=="]))
    value = draw(st.sampled_from(TOKENS if op == "==" else NUMBERS))
    return Literal(feature, op, value, draw(st.booleans()))


BODIES = st.lists(literals(), min_size=1, max_size=4, unique=True).map(tuple)
EXCEPTIONS = st.recursive(
    st.builds(Rule, st.none(), BODIES),
    lambda child: st.builds(
        Rule, st.none(), BODIES, st.lists(child, max_size=2).map(tuple)
    ),
    max_leaves=3,
)


def rule_sets(labels):
    """Draw up to four rules; their heads are among the labels."""
    rule = st.builds(
        Rule,
        st.sampled_from(labels),
        BODIES,
        st.lists(EXCEPTIONS, max_size=2).map(tuple),
        st.integers(1, 90).map(float),
        st.sampled_from([0.5, 0.8877, 0.995]),
    )
    return st.lists(rule, max_size=4)


def holds(literal, cell):
    if literal.op == "==":
        plain = isinstance(cell, str) and cell == literal.value
    elif isinstance(cell, str):
        plain = False
    else:
        plain = {"<=": cell <= literal.value, ">": cell > literal.value}[literal.op]
    return not plain if literal.negated else plain


def fires(rule, row):
    return all(holds(literal, row[literal.feature]) for literal in rule.literals) and (
        not any(fires(exception, row) for exception in rule.exceptions)
    )


def first_rule(rules, row):
    """Return the position of the rule that decides a row, -1 if there is none."""
    return next((k for k, rule in enumerate(rules) if fires(rule, row)), -1)


TOKEN = re.compile(
    r"""\s* (?: (?P<quoted> '(?: [^'\\\n] | \\x[0-9a-f]+\\ | \\[\\'n] )*' )
    | (?P<number> -?[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)? )
    | (?P<name> [a-z][a-z0-9_]* )
    | (?P<variable> [A-Z][A-Za-z0-9]* )
    | (?P<sign> :- | =< | [>(),.] ) ) \s*""",
    re.VERBOSE,
)


def tokenise(clause):
    """Return (kind, text) pairs of one clause; fails on anything unknown."""
    position, found = 0, []
    while position < len(clause):
        match = TOKEN.match(clause, position)
        assert match, f"cannot read {clause[position:]!r} in {clause!r}"
        found.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


def unquoted(text):
    """Return the string that a quoted atom stands for."""
    return re.sub(
        r"\\(x([0-9a-f]+)\\|.)",
        lambda m: chr(int(m[2], 16)) if m[2] else {"n": "\n"}.get(m[1], m[1]),
        text[1:-1],
    )


class Variable(str):
    """A variable of a clause, told apart from the atom of the same text."""


class Clause:
    """One clause: a head and goals, each a pair (negated, atom or comparison)."""

    def __init__(self, text):
        self._tokens = tokenise(text)
        self.head = self._atom()
        self.goals = []
        while self._tokens[0][1] in (":-", ","):
            self._next()
            self.goals.append(self._goal())
        assert self._tokens == [("sign", ".")], text

    def _next(self):
        return self._tokens.pop(0)

    def _value(self):
        kind, text = self._next()
        if kind == "quoted":
            return unquoted(text)
        return Variable(text) if kind == "variable" else float(text)

    def _atom(self):
        """Read `name(value, ...)` or `Variable sign number` as a tuple."""
        if self._tokens[0][0] == "variable":
            return self._value(), self._next()[1], self._value()
        atom, separator = [self._next()[1]], self._next()[1]
        while separator != ")":
            atom.append(self._value())
            separator = self._next()[1]
        return tuple(atom)

    def _goal(self):
        negated = self._tokens[0] == ("name", "not")
        if negated:
            self._next()
        inner = negated and self._tokens[0][1] == "("  # not(N1=<3.0)
        if inner:
            self._next()
        atom = self._atom()
        if inner:
            assert self._next()[1] == ")"
        return negated, atom


class Program:
    """A printed program, to be asked about one row at a time."""

    def __init__(self, text, predicates):
        self.lines = [line for line in text.split("\n") if not line.startswith("%")]
        self.clauses = [Clause(line) for line in self.lines if line]
        self._predicates = predicates

    def _proves(self, goals, row, bound):
        for negated, atom in goals:
            if atom[1] in ("=<", ">"):
                cell = bound[atom[0]]
                true = not isinstance(cell, str) and (
                    cell <= atom[2] if atom[1] == "=<" else cell > atom[2]
                )
            elif atom[0] in self._predicates:
                cell = row[self._predicates.index(atom[0])]
                if isinstance(atom[2], Variable):
                    bound[atom[2]] = cell
                    true = True
                else:
                    true = isinstance(cell, str) and cell == atom[2]
            else:
                true = any(
                    self._proves(clause.goals, row, {})
                    for clause in self.clauses
                    if clause.head == atom
                )
            if true == negated:
                return False
        return True

    def labels(self, row, target="label"):
        """Return the labels of all clauses that hold, in the order of the text."""
        return [
            clause.head[2]
            for clause in self.clauses
            if clause.head[0] == target and self._proves(clause.goals, row, {})
        ]

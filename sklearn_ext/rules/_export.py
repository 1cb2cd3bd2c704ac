"""Rule sets as text of logic programs: the papers' notation and s(CASP).

Both take plain rules and names. The papers' notation is for reading and comparing;
the s(CASP) program runs, and gives each row the label that `predict` gives it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from ._rule import Literal, Rule, name_exceptions, rule_body

__all__ = ["Column", "asp_program", "quoted", "scasp_program"]

_SIGN = {"<=": "=<", ">": ">"}
_WORDS = {"<=": "at most", ">": "above"}
_RULE_NAME = re.compile(r"(rule|ab)[0-9]+")

# Words that Prolog or s(CASP) does not let a program define as f(Row, Value).
_PROLOG_WORDS = frozenset(
    {"call", "char_code", "clause", "close", "code_type", "div", "forall", "inf"}
    | {"is", "keysort", "length", "mod", "phrase", "rdiv", "read", "rem", "sort", "sup"}
    | {"write", "writef", "writeq", "xor"}
)


class Column(Protocol):
    """The cells of one column."""

    def at(self, row: int) -> float | str:
        """Return one cell as a number or a token; the empty string is missing."""


def _escaped(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if character == "\n":
        return "\\n"
    return character if character.isprintable() else f"\\x{ord(character):x}\\"


def quoted(text: object) -> str:
    """Write a token or a label as a quoted atom on one line."""
    return f"'{''.join(map(_escaped, str(text)))}'"


def _number(value: float, decimals: int | None = None) -> str:
    return repr(float(value) if decimals is None else round(float(value), decimals))


def _prolog_number(value: float) -> str:
    """Write a float as ISO Prolog reads it: with digits before the exponent."""
    text = _number(value)
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def _clause(head: str, goals: Sequence[str]) -> str:
    return f"{head} :- {', '.join(goals)}." if goals else f"{head}."


def _negated(goals: Sequence[str]) -> list[str]:
    return [f"not {goal}" for goal in goals]


class _Names:
    """Predicate names: lower case, distinct, none that the program needs itself."""

    def __init__(self, target_name: str, reserved: frozenset[str] = frozenset()):
        self._taken = {"not", "row", *reserved}
        self.target = self.claim(target_name)

    def claim(self, text: str) -> str:
        """Return the name for `text`, with a number behind it if it is taken."""
        base = re.sub(r"[^a-z0-9_]+", "_", text.lower())
        if not re.match(r"[a-z]", base):
            base = f"f_{base}"
        name, copy = base, 1
        while name in self._taken or _RULE_NAME.fullmatch(name):
            copy += 1
            name = f"{base}_{copy}"
        self._taken.add(name)
        return name


def _by_kind(rule: Rule) -> tuple[list[Literal], dict[int, list[Literal]]]:
    """Split a body into equality literals and the numeric bounds of each column."""
    equalities: list[Literal] = []
    bounds: dict[int, list[Literal]] = {}
    for literal in rule.literals:
        if literal.op == "==":
            equalities.append(literal)
        else:
            bounds.setdefault(literal.feature, []).append(literal)
    return equalities, bounds


def asp_program(
    rules: Sequence[Rule],
    *,
    feature_names: Sequence[str],
    default_class: object,
    binary: bool,
    target_name: str = "label",
    decimals: int | None = None,
    exclusive: bool = True,
) -> str:
    """Print a rule set in the notation of the papers, one clause a line.

    A binary program describes the positive class only. Any other ends with a clause
    for `default_class`: `exclusive` rules each exclude the earlier ones, otherwise
    the first clause in the text that fires decides.
    """
    if decimals is not None and not (isinstance(decimals, int) and decimals >= 0):
        raise ValueError(f"decimals must be None or an int >= 0, got {decimals!r}.")
    names = _Names(target_name)
    predicates = [names.claim(name) for name in feature_names]
    exceptions = name_exceptions(rules)
    variables: dict[int, str] = {}

    def label(value: object) -> str:
        return f"{names.target}(X,{quoted(value)})"

    def body(rule: Rule) -> list[str]:
        equalities, bounds = _by_kind(rule)
        goals = []
        for literal in equalities:
            goal = f"{predicates[literal.feature]}(X,{quoted(literal.value)})"
            goals.append(f"not {goal}" if literal.negated else goal)
        for feature, literals in bounds.items():
            variable = variables.setdefault(feature, f"N{len(variables) + 1}")
            goals.append(f"{predicates[feature]}(X,{variable})")
            for literal in literals:
                value = _number(literal.value, decimals)
                goal = f"{variable}{_SIGN[literal.op]}{value}"
                goals.append(f"not({goal})" if literal.negated else goal)
        abnormal = [exceptions[rule_body(child)][0] for child in rule.exceptions]
        return goals + [f"not {name}(X,'True')" for name in abnormal]

    lines = []
    if decimals is not None:
        lines.append(
            f"% Numbers are rounded to {decimals} decimals: this program may decide"
            " differently from the model."
        )
    numbered = [f"rule{k}(X)" for k in range(1, len(rules) + 1)]
    if binary or not exclusive:
        lines += [_clause(label(rule.head), body(rule)) for rule in rules]
    else:
        for k, rule in enumerate(rules):
            earlier = _negated(numbered[:k])
            lines.append(_clause(label(rule.head), [numbered[k], *earlier]))
        lines += map(_clause, numbered, map(body, rules))
    lines += [
        _clause(f"{name}(X,'True')", body(rule)) for name, rule in exceptions.values()
    ]
    if not binary:
        others = _negated(numbered) if exclusive else []
        lines.append(_clause(label(default_class), others))
    return "\n".join(lines)


class _Scasp:
    """The predicates of an s(CASP) program and the clauses that use them.

    The numbers and the tokens of a numerical column are two relations, because
    `'?' =< 3` is a type error. A negated bound is the negation of a predicate of its
    own, because it holds also for cells that are not in the relation of numbers.
    """

    def __init__(self, rules, feature_names, is_categorical, target_name):
        names = _Names(target_name, _PROLOG_WORDS)
        self.rules = rules
        self.feature_names = feature_names
        self.target = names.target
        self.numbered = [f"rule{k}" for k in range(1, len(rules) + 1)]
        self.exceptions = name_exceptions(rules)
        self.relations = [names.claim(name) for name in feature_names]
        bodies = [*rules, *(rule for _, rule in self.exceptions.values())]
        literals = [literal for rule in bodies for literal in rule.literals]
        self.used = sorted({literal.feature for literal in literals})
        self.tokens = {
            feature: names.claim(f"{self.relations[feature]}_token")
            for feature in self.used
            if not is_categorical[feature]
        }
        self.cuts: dict[Literal, str] = {}
        for literal in literals:
            if literal.op != "==" and literal.negated:
                self._name_cut(literal.complement(), names)
        self._variables: dict[int, str] = {}

    def _name_cut(self, cut: Literal, names: _Names) -> None:
        if cut not in self.cuts:
            key = (cut.feature, cut.op)
            k = 1 + sum((other.feature, other.op) == key for other in self.cuts)
            kind = "le" if cut.op == "<=" else "gt"
            relation = self.relations[cut.feature]
            self.cuts[cut] = names.claim(f"{relation}_{kind}_{k}")

    def label(self, value: object) -> str:
        return f"{self.target}(X,{quoted(value)})"

    def body(self, rule: Rule) -> list[str]:
        """Return the goals of a rule; the first of them binds the row."""
        equalities, bounds = _by_kind(rule)
        goals = []
        for literal in equalities:
            relation = self.tokens.get(literal.feature, self.relations[literal.feature])
            goal = f"{relation}(X,{quoted(literal.value)})"
            goals.append(f"not {goal}" if literal.negated else goal)
        for feature, literals in bounds.items():
            plain = [literal for literal in literals if not literal.negated]
            if plain:
                count = len(self._variables)
                variable = self._variables.setdefault(feature, f"N{count + 1}")
                goals += self.tests(plain, variable)
            cuts = [literal.complement() for literal in literals if literal.negated]
            goals += [f"not {self.cuts[cut]}(X)" for cut in cuts]
        abnormal = [self.exceptions[rule_body(child)][0] for child in rule.exceptions]
        goals += [f"not {name}(X)" for name in abnormal]
        if not goals or goals[0].startswith("not "):
            goals.insert(0, "row(X)")
        return goals

    def tests(self, plain: Sequence[Literal], variable: str) -> list[str]:
        """Return goals that fetch the number of a column and compare it."""
        goals = [f"{self.relations[plain[0].feature]}(X,{variable})"]
        for literal in plain:
            value = _prolog_number(literal.value)
            goals.append(f"{variable} {_SIGN[literal.op]} {value}")
        return goals

    def clauses(self, default_class: object, binary: bool) -> list[str]:
        """Return all rules; two of a binary program may give the label twice."""
        fired = [f"{name}(X)" for name in self.numbered]
        lines = []
        for k, rule in enumerate(self.rules):
            earlier = [] if binary else _negated(fired[:k])
            lines.append(_clause(self.label(rule.head), [fired[k], *earlier]))
        lines.append(_clause(self.label(default_class), ["row(X)", *_negated(fired)]))
        lines += map(_clause, fired, map(self.body, self.rules))
        for name, rule in self.exceptions.values():
            lines.append(_clause(f"{name}(X)", self.body(rule)))
        for cut, name in self.cuts.items():
            lines.append(_clause(f"{name}(X)", self.tests([cut], "N")))
        return lines

    def templates(self) -> list[str]:
        """Return the sentences in which s(CASP) words its justifications."""
        texts = {f"{self.target}(X,Y)": f"the {self.target} of @(X) is @(Y)"}
        texts |= {f"{name}(X)": f"{name} applies to @(X)" for name in self.numbered}
        for name, _ in self.exceptions.values():
            texts[f"{name}(X)"] = f"exception {name} applies to @(X)"
        cell = {j: f"the {self.feature_names[j]} of @(X) is" for j in self.used}
        texts |= {f"{self.relations[j]}(X,N)": f"{cell[j]} @(N)" for j in self.used}
        texts |= {f"{name}(X,N)": f"{cell[j]} @(N)" for j, name in self.tokens.items()}
        for cut, name in self.cuts.items():
            bound = f"{_WORDS[cut.op]} {_number(cut.value)}"
            texts[f"{name}(X)"] = f"{cell[cut.feature]} {bound}"
        return [f"#pred {atom} :: {quoted(text)}." for atom, text in texts.items()]

    def facts(self, cells: Mapping[int, Column], n_rows: int) -> list[str]:
        """Return the rows and the cells that the rules read."""
        lines = [f"row({row})." for row in range(1, n_rows + 1)]
        for feature in self.used:
            relation = self.relations[feature]
            numbers, tokens = [], []
            for row in range(n_rows):
                cell = cells[feature].at(row)
                if isinstance(cell, str):
                    name = self.tokens.get(feature, relation)
                    tokens.append(f"{name}({row + 1},{quoted(cell)}).")
                else:
                    numbers.append(f"{relation}({row + 1},{_prolog_number(cell)}).")
            lines += numbers + tokens
        return lines


def scasp_program(
    rules: Sequence[Rule],
    *,
    feature_names: Sequence[str],
    is_categorical: Sequence[bool],
    default_class: object,
    binary: bool,
    target_name: str = "label",
    cells: Mapping[int, Column] | None = None,
    n_rows: int = 0,
    templates: bool = True,
) -> str:
    """Write a program in which `?- label(1,Y).` has the answer that `predict` gives.

    `cells` maps each column that the rules read to its cells; None leaves the facts
    out. Rows are numbered from 1. Apart from the `#pred` lines of the templates the
    text is plain Prolog, given that `not` is declared as a prefix operator.
    """
    program = _Scasp(rules, feature_names, is_categorical, target_name)
    parts = [program.clauses(default_class, binary)]
    if templates:
        parts.append(program.templates())
    if cells is not None:
        parts.append(program.facts(cells, n_rows))
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"

"""Literals and rules as plain frozen data, and the shapes of a rule set.

A rule set is a stratified normal logic program; rules nest, so that an exception
carries its own exceptions. Names `ab1`, `ab2`, ... are given when it is shown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

__all__ = [
    "Z_SQUARED",
    "Literal",
    "Rule",
    "distinct_rules",
    "fold_exceptions",
    "merge_bounds",
    "name_exceptions",
    "rule_body",
    "simplify",
    "wilson_centre",
]

Z_SQUARED = 1.96**2


@dataclass(frozen=True)
class Literal:
    """One test of one column.

    Parameters
    ----------
    feature : int
        Position of the column in X.
    op : {"<=", ">", "=="}
        Comparison. ``<=`` and ``>`` are true for numbers only, ``==`` for tokens
        (categories, missing cells and unparsable cells) only.
    value : float or str
        The number to compare with, or the token; the empty string is a missing cell.
    negated : bool, default=False
        Whether the comparison is negated. A negated literal is true exactly where the
        plain one is false, so it holds on every cell of the other kind.

    Examples
    --------
    >>> from sklearn_ext.rules import Literal
    >>> Literal(0, "<=", 2.5).complement()
    Literal(feature=0, op='<=', value=2.5, negated=True)
    """

    feature: int
    op: str
    value: float | str
    negated: bool = False

    def complement(self) -> "Literal":
        """Return the literal that is true exactly where this one is false.

        Returns
        -------
        literal : Literal
            The same test with `negated` flipped.
        """
        return replace(self, negated=not self.negated)

    def holds(self, cell: float | str) -> bool:
        """Tell whether the literal is true for one number or token.

        Parameters
        ----------
        cell : float or str
            A number or a token; the empty string is a missing cell.

        Returns
        -------
        holds : bool
            Whether the literal is true.
        """
        if isinstance(cell, str) or isinstance(self.value, str):
            plain = self.op == "==" and cell == self.value
        else:
            plain = cell <= self.value if self.op == "<=" else cell > self.value
        return plain != self.negated


@dataclass(frozen=True)
class Rule:
    """A default with exceptions: `head` if all literals hold and no exception fires.

    Parameters
    ----------
    head : label or None
        The class that a top rule argues for; None for an exception.
    literals : tuple of Literal
        The default part, in learned order.
    exceptions : tuple of Rule, default=()
        The rules that defeat this one.
    support : float, default=0.0
        Training weight of the rows that reach the rule and make it fire.
    confidence : float, default=0.5
        Wilson centre of the share of `support` that the rule is right about.

    Examples
    --------
    >>> from sklearn_ext.rules import Literal, Rule
    >>> Rule("yes", (Literal(0, "==", "red"),), (), support=40.0, confidence=0.9).head
    'yes'
    """

    head: object
    literals: tuple[Literal, ...]
    exceptions: tuple["Rule", ...] = ()
    support: float = 0.0
    confidence: float = 0.5


def wilson_centre(right: float, support: float) -> float:
    """Centre of the Wilson interval (z = 1.96) of `right` in `support`."""
    return (right + Z_SQUARED / 2) / (support + Z_SQUARED)


def rule_body(rule: Rule) -> tuple:
    """Return what makes two rules the same: literals and exceptions, hashable."""
    return rule.literals, tuple(rule_body(child) for child in rule.exceptions)


def _exceptions_bottom_up(rules: Sequence[Rule]) -> Iterator[Rule]:
    for rule in rules:
        for child in rule.exceptions:
            yield from _exceptions_bottom_up([child])
            yield child


def name_exceptions(rules: Sequence[Rule]) -> dict[tuple, tuple[str, Rule]]:
    """Name the distinct exceptions of a rule set, children before parents.

    Returns ``{rule_body(exception): ("ab1", exception), ...}`` in order of the names;
    equal exceptions share one name, and the first of them stands for all.
    """
    named: dict[tuple, tuple[str, Rule]] = {}
    for rule in _exceptions_bottom_up(rules):
        named.setdefault(rule_body(rule), (f"ab{len(named) + 1}", rule))
    return named


def distinct_rules(rules: Sequence[Rule]) -> list[Rule]:
    """Return the top rules and the distinct exceptions: the lines of the program."""
    return [*rules, *(rule for _, rule in name_exceptions(rules).values())]


def fold_exceptions(rule: Rule) -> Rule:
    """Turn exceptions of one literal into the complement of it in the parent's body.

    Exact, because each literal has an exact complement.
    """
    literals, kept = list(rule.literals), []
    for child in map(fold_exceptions, rule.exceptions):
        if len(child.literals) == 1 and not child.exceptions:
            literals.append(child.literals[0].complement())
        else:
            kept.append(child)
    return replace(rule, literals=tuple(literals), exceptions=tuple(kept))


def _is_lower(literal: Literal) -> bool:
    return (literal.op == ">") != literal.negated


def _merged_bounds(literals: Sequence[Literal]) -> list[Literal]:
    """Reduce the numeric literals of one column to one lower and one upper bound."""
    feature = literals[0].feature
    # A plain form is false on tokens, so one of them rules tokens out for the body.
    tokens_allowed = all(literal.negated for literal in literals)
    lower = [literal.value for literal in literals if _is_lower(literal)]
    upper = [literal.value for literal in literals if not _is_lower(literal)]
    bounds = []
    if lower:
        op = "<=" if tokens_allowed else ">"
        bounds.append(Literal(feature, op, max(lower), tokens_allowed))
    if upper:
        op = ">" if tokens_allowed else "<="
        bounds.append(Literal(feature, op, min(upper), tokens_allowed))
    return bounds


def merge_bounds(rule: Rule) -> Rule:
    """Merge the numeric bounds of each column in each body, at their first place."""
    by_column: dict[int, list[Literal]] = {}
    for literal in rule.literals:
        if literal.op != "==":
            by_column.setdefault(literal.feature, []).append(literal)
    literals: list[Literal] = []
    for literal in rule.literals:
        if literal.op == "==":
            literals.append(literal)
        elif literal.feature in by_column:
            literals += _merged_bounds(by_column.pop(literal.feature))
    return replace(
        rule,
        literals=tuple(literals),
        exceptions=tuple(merge_bounds(child) for child in rule.exceptions),
    )


def simplify(rule: Rule) -> Rule:
    """Return a shorter rule that fires on the same rows, every conceivable one."""
    return merge_bounds(fold_exceptions(rule))

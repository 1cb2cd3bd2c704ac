import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_ext.rules import Literal, Rule
from sklearn_ext.rules._rule import name_exceptions, simplify, wilson_centre
from tests.rules._programs import EXCEPTIONS, ROWS, fires, literals
from tests.rules._tables import QUICK

ANY_CELL = st.floats(allow_nan=False, allow_infinity=False) | st.text()


def body(*literals, exceptions=()):
    return Rule(None, literals, tuple(exceptions))


# The table of the refined comparison: on a number below, at and above the cut, on the
# token, on another token (one that training never saw) and on a missing cell.
@pytest.mark.parametrize(
    ("op", "value", "negated", "truth"),
    [
        ("<=", 2.0, False, [True, True, False, False, False, False]),
        (">", 2.0, False, [False, False, True, False, False, False]),
        ("<=", 2.0, True, [False, False, True, True, True, True]),
        (">", 2.0, True, [True, True, False, True, True, True]),
        ("==", "s", False, [False, False, False, True, False, False]),
        ("==", "s", True, [True, True, True, False, True, True]),
        ("==", "", False, [False, False, False, False, False, True]),
        ("==", "", True, [True, True, True, True, True, False]),
    ],
)
def test_refined_comparison(op, value, negated, truth):
    literal = Literal(0, op, value, negated)
    cells = [1.5, 2.0, 2.5, "s", "unseen", ""]
    assert [literal.holds(cell) for cell in cells] == truth
    assert [literal.complement().holds(cell) for cell in cells] == [
        not t for t in truth
    ]


def test_negative_zero_is_zero():
    assert Literal(0, "<=", -0.0).holds(0.0)
    assert not Literal(0, ">", 0.0).holds(-0.0)


@QUICK
@given(literals(), ANY_CELL)
def test_complement_is_true_exactly_where_the_literal_is_false(literal, cell):
    assert literal.complement().holds(cell) is not literal.holds(cell)
    assert literal.complement().complement() == literal


@QUICK
@given(EXCEPTIONS, ROWS)
def test_simplified_rule_fires_on_the_same_rows(rule, rows):
    simple = simplify(rule)
    for row in rows:
        assert fires(simple, row) == fires(rule, row)


@pytest.mark.parametrize(
    ("bounds", "merged"),
    [
        # All negated: tokens stay allowed.
        (
            [("<=", 1.0, True), ("<=", 3.0, True), (">", 9.0, True), (">", 7.0, True)],
            [("<=", 3.0, True), (">", 7.0, True)],
        ),
        # One plain form excludes tokens, so all bounds can be plain.
        (
            [("<=", 1.0, True), ("<=", 5.0, False)],
            [(">", 1.0, False), ("<=", 5.0, False)],
        ),
        (
            [(">", 1.0, False), (">", 5.0, True)],
            [(">", 1.0, False), ("<=", 5.0, False)],
        ),
        ([("<=", 5.0, False), ("<=", 3.0, False)], [("<=", 3.0, False)]),
        ([("<=", 5.0, False), (">", 3.0, True)], [("<=", 3.0, False)]),
        ([("<=", 2.0, True)], [("<=", 2.0, True)]),
    ],
)
def test_bounds_of_a_column_are_merged(bounds, merged):
    rule = simplify(body(*(Literal(0, *bound) for bound in bounds)))
    assert rule.literals == tuple(Literal(0, *bound) for bound in merged)


def test_bounds_are_merged_per_column_and_tokens_are_left_alone():
    rule = body(
        Literal(1, "<=", 5.0),
        Literal(0, "<=", 4.0),
        Literal(1, "==", "?", negated=True),
        Literal(1, "<=", 3.0),
    )
    assert simplify(rule).literals == (
        Literal(1, "<=", 3.0),
        Literal(0, "<=", 4.0),
        Literal(1, "==", "?", negated=True),
    )


def test_one_literal_exceptions_become_complements():
    inner = body(Literal(1, "==", "b"))
    folded = body(Literal(2, "<=", 3.0), exceptions=[inner])
    rule = body(Literal(0, "==", "a"), exceptions=[body(Literal(3, ">", 1.0)), folded])
    assert simplify(rule) == body(
        Literal(0, "==", "a"),
        Literal(3, ">", 1.0, negated=True),
        # Its own folded complement counts, so this exception has two literals.
        exceptions=[body(Literal(2, "<=", 3.0), Literal(1, "==", "b", negated=True))],
    )


def test_two_bounds_of_one_column_are_no_one_literal_exception():
    pair = body(Literal(0, "<=", 5.0), Literal(0, "<=", 3.0))
    rule = simplify(body(Literal(1, "==", "a"), exceptions=[pair]))
    assert rule.exceptions == (body(Literal(0, "<=", 3.0)),)


def test_exceptions_are_named_bottom_up_and_equal_ones_share_a_name():
    shared = body(Literal(0, "==", "a"), Literal(1, "<=", 1.0))
    parent = body(Literal(2, "==", "b"), exceptions=[shared])
    later = body(Literal(3, ">", 2.0))
    again = Rule(None, shared.literals, (), support=5.0, confidence=0.7)
    rules = [
        Rule("yes", (Literal(4, "==", "c"),), (parent,)),
        Rule("no", (Literal(4, "==", "d"),), (again, later)),
    ]
    named = name_exceptions(rules).values()
    assert list(named) == [("ab1", shared), ("ab2", parent), ("ab3", later)]


def test_confidence_is_the_wilson_centre():
    assert wilson_centre(37, 40) == pytest.approx(0.88776, abs=5e-6)
    assert wilson_centre(0, 0) == 0.5


def test_rules_survive_pickling():
    rule = Rule("yes", (Literal(0, "<=", 0.1),), (body(Literal(1, "==", "")),), 3.0)
    assert pickle.loads(pickle.dumps(rule)) == rule

"""The data frame and the text of rules."""

import pandas as pd
import pytest

from sklearn_ext import FoldSE
from sklearn_ext.rules import Literal, Rule
from sklearn_ext.rules._rule import wilson_centre
from sklearn_ext.rules._summary import literal_text, rules_frame


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        (Literal(0, "<=", 2.5), "age <= 2.5"),
        (Literal(0, "<=", 2.5, True), "not (age <= 2.5)"),
        (Literal(0, ">", 2.5), "age > 2.5"),
        (Literal(1, "==", "it's"), 'job == "it\'s"'),
        (Literal(1, "==", "cook", True), "job != 'cook'"),
        (Literal(1, "==", ""), "job is missing"),
        (Literal(1, "==", "", True), "job is not missing"),
    ],
)
def test_literal_text(literal, text):
    assert literal_text(literal, ["age", "job"]) == text


def exception(support, right):
    literals = (Literal(0, ">", 3.0), Literal(1, "==", "cook"))
    return Rule(None, literals, (), float(support), wilson_centre(right, support))


def test_shared_exceptions_are_pooled():
    """Two rules have the same exception: one line, with the rows of both places."""
    rules = (
        Rule(7, (Literal(0, "<=", 9.0),), (exception(10, 9),), 40.0, 0.9),
        Rule(7, (Literal(0, ">", 9.0),), (exception(5, 5),), 20.0, 0.8),
    )
    counts = pd.DataFrame({"no": [1.0, 2, 30], "yes": [39.0, 18, 3]}).to_numpy()
    frame = rules_frame(
        rules,
        counts,
        feature_names=["age", "job"],
        default_class=3,
        default_index=0,
    )
    assert frame["name"].tolist() == ["rule1", "rule2", "ab1", "default"]
    assert frame["kind"].tolist() == ["rule", "rule", "exception", "default"]
    assert frame["label"].tolist() == [7, 7, None, 3]
    assert frame["body"][1] == "age > 9.0 unless ab1"
    assert frame["support"].tolist() == [40, 20, 15, 33]
    assert frame["confidence"][2] == pytest.approx(wilson_centre(14, 15))
    assert frame["confidence"][3] == pytest.approx(wilson_centre(30, 33))


def test_categories_that_no_row_has_are_not_listed():
    kinds = pd.Categorical(["a", "b"] * 10, categories=["z", "b", "a"])
    model = FoldSE().fit(pd.DataFrame({"kind": kinds}), [0, 1] * 10)
    assert model.categories_[0].tolist() == ["b", "a"]


def test_verbose_prints_a_line_per_rule(capsys):
    X = [[1.0, 5.0], [2.0, 5.0], [3.0, 5.0], [4.0, 5.0]] * 5
    FoldSE(verbose=1).fit(X, [0, 0, 1, 1] * 5)
    assert capsys.readouterr().out == (
        "[FoldSE] rule1: 1 if not (x0 <= 2.0) (0 exceptions)\n"
    )

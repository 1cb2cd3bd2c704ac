import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_ext.rules import Literal, Rule
from sklearn_ext.rules._explain import explain_rows
from tests.rules._programs import (
    NAMES,
    ROWS,
    Column,
    columns,
    fires,
    first_rule,
    rule_sets,
)
from tests.rules._tables import QUICK, load_binary

FEATURES = ["chest_pain", "slope", "oldpeak", "thal"]
AB1 = Rule(None, (Literal(1, "==", "2"), Literal(2, "<=", 2.4, negated=True)))
RULE = Rule("1", (Literal(0, "==", "4", negated=True),), (AB1,), 40.0, 0.8877)
MODEL = {"feature_names": FEATURES, "default_class": "0", "binary": True}


def explain(rules, *rows, **options):
    options = MODEL | {"probabilities": np.full((len(rows), 2), [0.25, 0.75])} | options
    return explain_rows(rules, columns(rows), **options)


def test_text_of_a_rule_that_applies():
    [text] = explain([RULE], ("3", "1", 2.6, "7"))
    assert (
        text
        == """\
label is '1' because rule1 applies (confidence 0.89):
    chest_pain is '3', should not be '4': holds
    exception ab1 does not apply:
        slope is '1', should be '2': does not hold
        oldpeak: not needed"""
    )


def test_text_of_the_default():
    failing, defeated = explain([RULE], ("4", "2", 2.6, "7"), ("3", "2", "", "7"))
    assert (
        failing
        == """\
label is '0' because no rule applies:
    rule1 does not apply:
        chest_pain is '4', should not be '4': does not hold"""
    )
    assert (
        defeated
        == """\
label is '0' because no rule applies:
    rule1 does not apply:
        exception ab1 applies:
            slope is '2', should be '2': holds
            oldpeak is missing, should not be at most 2.4: holds"""
    )


def test_text_of_the_default_names_only_what_defeats_a_rule():
    second = Rule(
        "1",
        (
            Literal(2, ">", 1.0),
            Literal(3, "==", "", negated=True),
            Literal(0, "==", "1"),
        ),
        (Rule(None, (Literal(3, "==", "6"), Literal(1, "==", "9"))), AB1),
    )
    failing, defeated = explain(
        [RULE, second], ("4", "2", 3.0, ""), ("1", "2", 3.0, "6")
    )
    assert (
        failing
        == """\
label is '0' because no rule applies:
    rule1 does not apply:
        chest_pain is '4', should not be '4': does not hold
    rule2 does not apply:
        thal is missing, should not be missing: does not hold"""
    )
    assert (
        defeated
        == """\
label is '0' because no rule applies:
    rule1 does not apply:
        exception ab1 applies:
            slope is '2', should be '2': holds
            oldpeak is 3.0, should not be at most 2.4: holds
    rule2 does not apply:
        exception ab1 applies:
            slope is '2', should be '2': holds
            oldpeak is 3.0, should not be at most 2.4: holds"""
    )


@pytest.mark.parametrize(
    ("literal", "cell", "line"),
    [
        (Literal(2, "<=", 3.0), 2.0, "oldpeak is 2.0, should be at most 3.0"),
        (Literal(2, ">", 0.1), 1e16, "oldpeak is 1e+16, should be above 0.1"),
        (Literal(2, "<=", 3.0, True), "?", "oldpeak is '?', should not be at most 3.0"),
        (Literal(2, ">", 3.0, True), "", "oldpeak is missing, should not be above 3.0"),
        (Literal(2, "==", "it's"), "it's", r"oldpeak is 'it\'s', should be 'it\'s'"),
        (Literal(2, "==", "a", True), 4.0, "oldpeak is 4.0, should not be 'a'"),
        (Literal(2, "==", ""), "", "oldpeak is missing, should be missing"),
    ],
)
def test_phrases(literal, cell, line):
    [text] = explain([Rule("1", (literal,), (), 9.0, 0.5)], ("", "", cell, ""))
    assert text.split("\n") == [
        "label is '1' because rule1 applies (confidence 0.50):",
        f"    {line}: holds",
    ]


def test_text_of_nested_exceptions():
    inner = Rule(None, (Literal(3, "==", "7"), Literal(2, ">", 5.0)))
    outer = Rule(None, (Literal(1, "==", "2"),), (AB1, inner))
    rule = Rule("1", (Literal(0, "==", "3"),), (outer,), 9.0, 0.6)
    applies, defeated = explain([rule], ("3", "2", 9.0, "7"), ("3", "2", 1.0, "6"))
    assert (
        applies
        == """\
label is '1' because rule1 applies (confidence 0.60):
    chest_pain is '3', should be '3': holds
    exception ab3 does not apply:
        slope is '2', should be '2': holds
        exception ab1 applies:
            slope is '2', should be '2': holds
            oldpeak is 9.0, should not be at most 2.4: holds"""
    )
    assert (
        defeated
        == """\
label is '0' because no rule applies:
    rule1 does not apply:
        exception ab3 applies:
            slope is '2', should be '2': holds
            exception ab1 does not apply:
                slope is '2', should be '2': holds
                oldpeak is 1.0, should not be at most 2.4: does not hold
            exception ab2 does not apply:
                thal is '6', should be '7': does not hold
                oldpeak: not needed"""
    )


def test_text_without_rules():
    assert explain([], ("", "", "", "")) == ["label is '0' because no rule applies"]


LIST = [
    Rule("a", (Literal(0, "==", "1"),), (), 9.0, 0.6),
    Rule("b", (Literal(2, ">", 2.0),), (), 9.0, 0.7),
    Rule("c", (Literal(1, "==", "1"), Literal(3, "==", "1")), (), 9.0, 0.8),
]


def test_full_text_of_an_ordered_list_rebuts_the_earlier_rules():
    row = ("0", "1", 3.0, "1")
    [short] = explain(LIST, row, binary=False)
    assert (
        short
        == """\
label is 'b' because rule2 applies (confidence 0.70):
    oldpeak is 3.0, should be above 2.0: holds"""
    )
    [full] = explain(LIST, row, binary=False, full=True)
    assert (
        full
        == """\
label is 'b' because rule2 applies (confidence 0.70):
    oldpeak is 3.0, should be above 2.0: holds
rule1 does not apply:
    chest_pain is '0', should be '1': does not hold"""
    )


def test_full_text_of_a_binary_program_treats_all_rules():
    applies, default = explain(
        LIST, ("0", "1", 3.0, "1"), ("0", "1", 1.0, "0"), full=True
    )
    assert (
        applies
        == """\
label is 'b' because rule2 applies (confidence 0.70):
    oldpeak is 3.0, should be above 2.0: holds
rule1 does not apply:
    chest_pain is '0', should be '1': does not hold
rule3 also applies (confidence 0.80):
    slope is '1', should be '1': holds
    thal is '1', should be '1': holds"""
    )
    assert default.count("does not apply:") == 3


def test_dict():
    [entry] = explain([RULE], ("3", "1", 2.6, "7"), format="dict")
    assert entry == {
        "prediction": "1",
        "probability": 0.75,
        "rule": 0,
        "rules": [
            {
                "name": "rule1",
                "head": "1",
                "fires": True,
                "literals": [
                    {
                        "feature": "chest_pain",
                        "op": "==",
                        "value": "4",
                        "negated": True,
                        "actual": "3",
                        "holds": True,
                    }
                ],
                "exceptions": [
                    {
                        "name": "ab1",
                        "head": None,
                        "fires": False,
                        "literals": [
                            {
                                "feature": "slope",
                                "op": "==",
                                "value": "2",
                                "negated": False,
                                "actual": "1",
                                "holds": False,
                            },
                            {
                                "feature": "oldpeak",
                                "op": "<=",
                                "value": 2.4,
                                "negated": True,
                                "actual": None,
                                "holds": None,
                            },
                        ],
                        "exceptions": [],
                    }
                ],
            }
        ],
        "features": {"chest_pain": "3", "slope": "1"},
    }


def test_only_needed_cells_are_read():
    cells = {0: Column(["4"])}  # reading any other column would be a KeyError
    [entry] = explain_rows(
        [RULE], cells, probabilities=np.array([[0.5, 0.5]]), format="dict", **MODEL
    )
    assert entry["features"] == {"chest_pain": "4"}


@pytest.mark.parametrize(
    ("label", "plain"), [(np.int64(1), 1), (np.str_("a"), "a"), (np.True_, True)]
)
def test_labels_and_cells_become_plain_python(label, plain):
    rule = Rule(label, (Literal(2, ">", 1.0),))
    [entry] = explain([rule], ("", "", np.float64(2.0), ""), format="dict")
    found = [entry["prediction"], entry["rules"][0]["head"]]
    assert found == [plain, plain]
    assert {type(value) for value in found} == {type(plain)}
    assert type(entry["features"]["oldpeak"]) is float


def test_unknown_format():
    with pytest.raises(ValueError, match="format must be 'text' or 'dict', got 'html'"):
        explain([RULE], ("3", "1", 2.6, "7"), format="html")


def literal_holds(literal):
    actual, value = literal["actual"], literal["value"]
    if literal["op"] == "==":
        plain = actual == value
    elif isinstance(actual, str):
        plain = False
    else:
        plain = actual <= value if literal["op"] == "<=" else actual > value
    return plain is not literal["negated"]


def check_proof(proof):
    """Assert that a proof agrees with itself: each part follows from the cells."""
    holds = [literal["holds"] for literal in proof["literals"]]
    looked_at = [h for h in holds if h is not None]
    assert holds == looked_at + [None] * (len(holds) - len(looked_at))
    assert all(looked_at[:-1])
    assert (None in holds) <= (looked_at[-1] is False)
    for literal in proof["literals"]:
        if literal["holds"] is None:
            assert literal["actual"] is None
        else:
            assert literal["holds"] is literal_holds(literal)
    for exception in proof["exceptions"]:
        check_proof(exception)
    assert all(looked_at) or not proof["exceptions"]
    fired = [exception["fires"] for exception in proof["exceptions"]]
    assert proof["fires"] is (all(h is True for h in holds) and not any(fired))


def touched(proofs):
    found = {}
    for proof in proofs:
        for literal in proof["literals"]:
            if literal["holds"] is not None:
                found[literal["feature"]] = literal["actual"]
        found |= touched(proof["exceptions"])
    return found


@QUICK
@given(rule_sets(["a", "b", "c"]), ROWS, st.booleans(), st.booleans())
def test_proofs_follow_from_the_cells(rules, rows, binary, full):
    options = {"feature_names": NAMES, "binary": binary, "full": full}
    entries = explain(rules, *rows, format="dict", **options)
    texts = explain(rules, *rows, **options)
    for entry, text, row in zip(entries, texts, rows, strict=True):
        k = first_rule(rules, row)
        assert entry["rule"] == k
        assert entry["prediction"] == ("0" if k == -1 else rules[k].head)
        last = len(rules) if k == -1 or (full and binary) else k + 1
        first = 0 if k == -1 or full else k
        names = [f"rule{i + 1}" for i in range(first, last)]
        assert [proof["name"] for proof in entry["rules"]] == names
        for proof, rule in zip(entry["rules"], rules[first:last], strict=True):
            check_proof(proof)
            assert proof["fires"] == fires(rule, row)
        if full:
            assert entry["features"] == touched(entry["rules"])
        assert touched(entry["rules"]).items() <= entry["features"].items()
        assert json.loads(json.dumps(entry)) == entry
        assert text.startswith(f"label is '{entry['prediction']}' because ")
        assert all(name in text for name in names)


def test_every_row_of_heart(shared_data):
    from sklearn_ext import FoldSE

    X, y, spec = load_binary(shared_data / "fold_se", "heart")
    model = FoldSE(categorical_features=spec["str_attrs"]).fit(X, y)
    entries = model.explain(X, format="dict", full=True)
    predicted, fired = model.predict(X), model.apply(X)
    for i, entry in enumerate(entries):
        assert entry["prediction"] == predicted[i]
        assert entry["rule"] == fired[i]
        assert entry["probability"] == model.predict_proba(X.iloc[[i]]).max()
        for name, value in entry["features"].items():
            is_token = name in spec["str_attrs"]
            assert value == (X[name].iloc[i] if is_token else float(X[name].iloc[i]))
        for proof in entry["rules"]:
            check_proof(proof)
        json.dumps(entry)
    assert {entry["rule"] for entry in entries} >= {-1, 0}
    texts = model.explain(X)
    assert all(
        t.startswith(f"label is '{p}'") for t, p in zip(texts, predicted, strict=True)
    )

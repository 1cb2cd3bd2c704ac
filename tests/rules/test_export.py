"""Exported programs mean what the rules mean, for three readers of the text.

The readers: the small one in `_programs`, clingo, and SWI-Prolog where it is installed.
"""

import re
import shutil
import subprocess

import clingo
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ext import FoldSE
from sklearn_ext.rules import Literal, Rule
from sklearn_ext.rules._export import asp_program, scasp_program
from sklearn_ext.rules._rule import simplify
from tests.rules._programs import (
    IS_CATEGORICAL,
    NAMES,
    PREDICATES,
    ROWS,
    Clause,
    Program,
    columns,
    first_rule,
    rule_sets,
    tokenise,
    unquoted,
)
from tests.rules._tables import QUICK, load_binary, load_multi, random_table

FEATURES = ["Chest Pain", "chest_pain", "Label", "2nd", "rule1", "age", "ab2", "row"]
INNER = Rule(None, (Literal(5, "<=", 61.0, negated=True), Literal(0, "==", "b'c\\d")))
OUTER = Rule(None, (Literal(3, ">", 0.55), Literal(3, "<=", 1e16)), (INNER,))
RULES = [
    Rule(
        "it's",
        (Literal(5, ">", 40.0), Literal(0, "==", "4", negated=True)),
        (OUTER, Rule(None, (Literal(1, "==", ""), Literal(5, "==", "?")))),
    ),
    Rule(
        "b", (Literal(4, "==", "x"), Literal(2, ">", 2.456), Literal(6, "<=", -1e-05))
    ),
    Rule("it's", (Literal(7, "==", "new\nline"),), (INNER,)),
]

BINARY = r"""
label(X,'it\'s') :- not chest_pain(X,'4'), age(X,N1), N1>40.0, not ab2(X,'True'), not ab3(X,'True').
label(X,'b') :- rule1_2(X,'x'), label_2(X,N2), N2>2.456, ab2_2(X,N3), N3=<-1e-05.
label(X,'it\'s') :- row_2(X,'new\nline'), not ab1(X,'True').
ab1(X,'True') :- chest_pain(X,'b\'c\\d'), age(X,N1), not(N1=<61.0).
ab2(X,'True') :- f_2nd(X,N4), N4>0.55, N4=<1e+16, not ab1(X,'True').
ab3(X,'True') :- chest_pain_2(X,''), age(X,'?').
"""  # noqa: E501
EXCLUSIVE = r"""
label(X,'it\'s') :- rule1(X).
label(X,'b') :- rule2(X), not rule1(X).
label(X,'it\'s') :- rule3(X), not rule1(X), not rule2(X).
rule1(X) :- not chest_pain(X,'4'), age(X,N1), N1>40.0, not ab2(X,'True'), not ab3(X,'True').
rule2(X) :- rule1_2(X,'x'), label_2(X,N2), N2>2.456, ab2_2(X,N3), N3=<-1e-05.
rule3(X) :- row_2(X,'new\nline'), not ab1(X,'True').
ab1(X,'True') :- chest_pain(X,'b\'c\\d'), age(X,N1), not(N1=<61.0).
ab2(X,'True') :- f_2nd(X,N4), N4>0.55, N4=<1e+16, not ab1(X,'True').
ab3(X,'True') :- chest_pain_2(X,''), age(X,'?').
label(X,'c') :- not rule1(X), not rule2(X), not rule3(X).
"""  # noqa: E501
SCASP = r"""
risk(X,'high') :- rule1(X).
risk(X,'low') :- row(X), not rule1(X).
rule1(X) :- sort_2(X,N1), N1 > 1.0, N1 =< 1.0e+16, not ab1(X).
ab1(X) :- row(X), not sex(X,'it\'s'), not age_token(X,'?'), not age_le_1(X), not age_gt_1_2(X), not age_le_2(X).
age_le_1(X) :- age(X,N), N =< 40.0.
age_gt_1_2(X) :- age(X,N), N > 60.5.
age_le_2(X) :- age(X,N), N =< 39.5.

#pred risk(X,Y) :: 'the risk of @(X) is @(Y)'.
#pred rule1(X) :: 'rule1 applies to @(X)'.
#pred ab1(X) :: 'exception ab1 applies to @(X)'.
#pred sex(X,N) :: 'the sex of @(X) is @(N)'.
#pred sort_2(X,N) :: 'the sort of @(X) is @(N)'.
#pred age(X,N) :: 'the Age of @(X) is @(N)'.
#pred sort_2_token(X,N) :: 'the sort of @(X) is @(N)'.
#pred age_token(X,N) :: 'the Age of @(X) is @(N)'.
#pred age_le_1(X) :: 'the Age of @(X) is at most 40.0'.
#pred age_gt_1_2(X) :: 'the Age of @(X) is above 60.5'.
#pred age_le_2(X) :: 'the Age of @(X) is at most 39.5'.

row(1).
row(2).
sex(1,'it\'s').
sex(2,'').
sort_2(1,2.5).
sort_2(2,-3.0).
age(1,41.0).
age_token(2,'').
"""  # noqa: E501


def asp(rules, **options):
    given = {"feature_names": FEATURES, "default_class": "c", "binary": True}
    return asp_program(rules, **given | options)


def test_binary_program_has_the_golden_text():
    assert asp(RULES) == BINARY.strip("\n")


def test_exclusive_program_has_the_golden_text():
    assert asp(RULES, binary=False) == EXCLUSIVE.strip("\n")


def test_ordered_program_is_the_binary_text_and_a_fact():
    expected = BINARY.strip("\n") + "\nlabel(X,'c')."
    assert asp(RULES, binary=False, exclusive=False) == expected


def test_rounded_program_says_so():
    first, *lines = asp(RULES, decimals=2).split("\n")
    assert first == (
        "% Numbers are rounded to 2 decimals: this program may decide differently from "
        "the model."
    )
    assert "N2>2.46, ab2_2(X,N3), N3=<-0.0." in lines[1]


def test_target_has_a_name_of_its_own():
    names = ["heart_disease_"] * 8
    text = asp(RULES[2:], target_name="Heart disease?", feature_names=names)
    assert text.startswith("heart_disease_(X,'it\\'s') :- heart_disease__9(X,")


@pytest.mark.parametrize(
    ("names", "predicates"),
    [
        (["a", "A", "a_2", "a "], ["a", "a_2", "a_2_2", "a_"]),
        (["", "_", "9", "Größe"], ["f_", "f__", "f_9", "gr_e"]),
        (["not", "rule7", "rules", "ab1x"], ["not_2", "rule7_2", "rules", "ab1x"]),
        (["label", "LABEL", "label_2"], ["label_2", "label_3", "label_2_2"]),
    ],
)
def test_names_of_features(names, predicates):
    rule = Rule("c", tuple(Literal(j, "==", "v") for j in range(len(names))))
    clause = Clause(asp([rule], feature_names=names))
    assert [atom[0] for _, atom in clause.goals] == predicates


@given(st.text())
@QUICK
def test_any_token_is_quoted_on_one_line(token):
    text = asp([Rule("c", (Literal(0, "==", token),))])
    assert len(text.splitlines()) == 1
    [(_, atom)] = Clause(text).goals
    assert atom[2] == token


def test_programs_without_rules():
    assert asp([]) == ""
    assert asp([], binary=False) == "label(X,'c')."
    program = scasp_program(
        [], feature_names=[], is_categorical=[], default_class="c", binary=True
    )
    assert program.split("\n")[0] == "label(X,'c') :- row(X)."


@QUICK
@given(rule_sets(["yes"]), ROWS, st.booleans())
def test_binary_program_means_what_the_rules_mean(rules, rows, simple):
    printed = [simplify(rule) for rule in rules] if simple else rules
    text = asp(printed, feature_names=NAMES)
    program = Program(text, PREDICATES)
    for row in rows:
        expected = first_rule(rules, row) != -1
        assert bool(program.labels(row)) == expected


@QUICK
@given(rule_sets(["a", "it's", "c"]), ROWS, st.booleans())
def test_multi_class_programs_mean_what_the_rules_mean(rules, rows, simple):
    printed = [simplify(rule) for rule in rules] if simple else rules
    options = {"feature_names": NAMES, "binary": False}
    exclusive = Program(asp(printed, **options), PREDICATES)
    ordered = Program(asp(printed, exclusive=False, **options), PREDICATES)
    for row in rows:
        k = first_rule(rules, row)
        expected = "c" if k == -1 else rules[k].head
        assert exclusive.labels(row) == [expected]
        assert ordered.labels(row)[0] == expected


def scasp(rules, rows, **options):
    given = {
        "feature_names": NAMES,
        "is_categorical": IS_CATEGORICAL,
        "default_class": "c",
        "binary": False,
        "cells": columns(rows),
        "n_rows": len(rows),
    }
    return scasp_program(rules, **given | options)


SCASP_RULE = Rule(
    "high",
    (Literal(1, ">", 1.0), Literal(1, "<=", 1e16)),
    (
        Rule(
            None,
            (
                Literal(2, "<=", 40.0, negated=True),
                Literal(0, "==", "it's", negated=True),
                Literal(2, ">", 60.5, negated=True),
                Literal(2, "<=", 39.5, negated=True),
                Literal(2, "==", "?", negated=True),
            ),
        ),
    ),
)
SCASP_OPTIONS = {
    "feature_names": ["sex", "sort", "Age", "age_gt_1"],
    "is_categorical": [True, False, False, True],
    "target_name": "Risk",
    "default_class": "low",
    "binary": True,
}


def test_scasp_program_has_the_golden_text():
    rows = [("it's", 2.5, 41.0, "z"), ("", -3.0, "", "z")]
    assert scasp([SCASP_RULE], rows, **SCASP_OPTIONS) == SCASP.lstrip("\n")


def test_parts_of_the_scasp_program_can_be_left_out():
    clauses, templates, facts = SCASP.lstrip("\n").split("\n\n")
    rows = [("it's", 2.5, 41.0, "z"), ("", -3.0, "", "z")]
    text = scasp([SCASP_RULE], rows, templates=False, **SCASP_OPTIONS)
    assert text == f"{clauses}\n\n{facts}"
    text = scasp([SCASP_RULE], rows, cells=None, **SCASP_OPTIONS)
    assert text == f"{clauses}\n\n{templates}\n"


def without_templates(program):
    return [line for line in program.split("\n") if line and not line.startswith("#")]


def as_clingo(program):
    """Translate: ranks for numbers, as clingo has no floats, and s0, s1... for tokens.

    Returns the program and the string that each of the constants stands for.
    """
    tokens = [tokenise(line) for line in without_templates(program)]
    flat = [token for line in tokens for token in line]
    numbers = sorted({float(t) for kind, t in flat if kind == "number" and "." in t})
    strings = sorted({t for kind, t in flat if kind == "quoted"})

    def translate(kind, text):
        if kind == "number" and "." in text:
            return str(numbers.index(float(text)))
        if kind == "quoted":
            return f"s{strings.index(text)}"
        return {"=<": "<="}.get(text, "not " if text == "not" else text)

    lines = ["".join(translate(*token) for token in line) for line in tokens]
    return "\n".join(lines), [unquoted(text) for text in strings]


def clingo_labels(program):
    """Return {row: labels} of the only answer set."""
    text, strings = as_clingo(program)
    control = clingo.Control(["--models=0"], logger=lambda code, message: None)
    control.add("base", [], text)
    control.ground([("base", [])])
    found = []
    with control.solve(yield_=True) as models:
        for model in models:
            labels = {}
            for atom in model.symbols(atoms=True):
                if atom.match("label", 2):
                    row, value = atom.arguments
                    text = strings[int(value.name[1:])]
                    labels.setdefault(row.number, []).append(text)
            found.append(labels)
    assert len(found) == 1
    return found[0]


@QUICK
@given(rule_sets(["a", "it's", "c"]), ROWS)
def test_clingo_gives_each_row_the_label_of_the_rules(rules, rows):
    labels = clingo_labels(scasp([simplify(rule) for rule in rules], rows))
    for number, row in enumerate(rows, 1):
        k = first_rule(rules, row)
        assert labels[number] == ["c" if k == -1 else rules[k].head]


@QUICK
@given(rule_sets(["yes"]), ROWS)
def test_clingo_gives_each_row_the_label_of_the_binary_rules(rules, rows):
    labels = clingo_labels(scasp(rules, rows, binary=True))
    for number, row in enumerate(rows, 1):
        assert labels[number] == ["c" if first_rule(rules, row) == -1 else "yes"]


def prolog_labels(program, target="label"):
    """Return {row: distinct labels} as SWI-Prolog finds them."""
    clauses = without_templates(program)
    atoms = [atom for c in map(Clause, clauses) for _, atom in [(0, c.head), *c.goals]]
    used = sorted({(atom[0], len(atom) - 1) for atom in atoms if atom[0].islower()})
    names = ", ".join(f"({name})/{arity}" for name, arity in used)
    declared = [":- op(900, fy, not).", f":- dynamic {names}."]
    goal = f"""load_files(program, [stream(user_input)]), forall(
        (row(R), setof(Y, {target}(R,Y), L), member(Y, L)), (print(R-Y), nl)), halt."""
    run = subprocess.run(
        ["swipl", "-q", "-g", goal],
        input="\n".join([*declared, *clauses, ""]),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.stderr == ""
    labels = {}
    for line in run.stdout.splitlines():
        row, label = line.split("-", 1)
        label = unquoted(label) if label.startswith("'") else label
        labels.setdefault(int(row), []).append(label)
    return labels


def check_exports(model, X, predicates):
    """Assert that all programs of a model give the rows of X their predictions."""
    cells = [
        [
            as_cell(cell, categorical)
            for cell, categorical in zip(row, model.is_categorical_, strict=True)
        ]
        for row in X.to_numpy(dtype=object)
    ]
    predicted = model.predict(X).tolist()
    default = [str(model.default_class_)]
    for simple in (True, False):
        exclusive = Program(model.to_asp(simplify=simple), predicates)
        ordered = Program(model.to_asp(simplify=simple, exclusive=False), predicates)
        for row, label in zip(cells, predicted, strict=True):
            assert set(exclusive.labels(row) or default) == {str(label)}
            assert (ordered.labels(row) or default)[0] == str(label)
    labels = clingo_labels(model.to_scasp(X))
    assert labels == {k: [str(label)] for k, label in enumerate(predicted, 1)}


def as_cell(value, categorical):
    if value is None or value != value:
        return ""
    try:
        return str(value) if categorical else float(value)
    except ValueError:
        return value


@pytest.mark.parametrize("n_classes", [2, 3])
def test_exports_of_a_fitted_model_mean_what_predict_does(n_classes):
    rows, _, y = random_table(1, n_classes=n_classes)
    names = ["x", "Colour", "it's mixed", "digit", "label", "constant"]
    predicates = ["x", "colour", "it_s_mixed", "digit", "label_2", "constant"]
    unseen = [None, "pink", "unseen", "", None, None]
    X = pd.DataFrame([*rows, unseen], columns=names)
    model = FoldSE(tail=2).fit(X[:-1], np.array(["a", "it's", "c"])[y])
    assert any(rule.exceptions for rule in model.rules_)
    check_exports(model, X, predicates)
    assert model.to_scasp(X).startswith(model.to_scasp(templates=False))
    lines = model.to_asp().split("\n")
    assert len(lines) == model.n_rules_ + (
        0 if n_classes == 2 else len(model.rules_) + 1
    )


@pytest.mark.parametrize(
    ("load", "name"), [(load_binary, "kidney"), (load_multi, "ecoli")]
)
def test_exports_on_published_tables_mean_what_predict_does(shared_data, load, name):
    X, y, spec = load(shared_data / "fold_se", name)
    model = FoldSE(categorical_features=spec["str_attrs"], tail=2).fit(X, y)
    check_exports(model, X, list(X.columns))


needs_prolog = pytest.mark.skipif(
    shutil.which("swipl") is None, reason="SWI-Prolog (swipl) is not installed"
)


@needs_prolog
@settings(QUICK, max_examples=10)
@given(rule_sets(["a", "it's", "c"]).filter(len), ROWS)
def test_prolog_gives_each_row_the_label_of_the_rules(rules, rows):
    labels = prolog_labels(scasp(rules, rows))
    for number, row in enumerate(rows, 1):
        k = first_rule(rules, row)
        assert labels[number] == ["c" if k == -1 else rules[k].head]


@needs_prolog
def test_prolog_accepts_features_named_like_its_own_predicates():
    goals = "forall((current_predicate(system:N/2), atom(N)), (print(N), nl)), halt."
    listed = subprocess.run(
        ["swipl", "-q", "-g", goals], capture_output=True, text=True, check=True
    )
    names = [n for n in listed.stdout.split() if re.fullmatch("[a-z]+", n)]
    assert "length" in names
    rows = [tuple("v" for _ in names), tuple("w" for _ in names)]
    program = scasp(
        [Rule("a", tuple(Literal(j, "==", "v") for j in range(len(names))))],
        rows,
        feature_names=names,
        is_categorical=[True] * len(names),
        target_name="sort",
    )
    assert prolog_labels(program, target="sort_2") == {1: ["a"], 2: ["c"]}

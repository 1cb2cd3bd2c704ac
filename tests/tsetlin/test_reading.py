"""Clauses as text: what is written, in which order, and that it says what is voted."""

import numpy as np
import pytest
from hypothesis import given
from sklearn.exceptions import NotFittedError

from sklearn_ext import TsetlinMachineClassifier
from tests.tsetlin._rule_models import (
    all_rows,
    assert_decides,
    contribution,
    fitted,
    holds,
    literals_of,
    machine,
    machines,
)

NAMES = ["refund", "thanks", "who", "whom"]
NOT = 4  # position of the first negation


@pytest.mark.parametrize(
    ("vote", "literals", "text"),
    [
        (3, [0], "refund"),
        (3, [0, NOT + 1], "refund and not thanks"),
        (-3, [0, NOT + 1], "refund and not thanks"),
        (3, [NOT + 2, NOT + 3], "not who and not whom"),
        (-3, [NOT + 2, NOT + 3], "any of: who, whom (+3, offset -3)"),
        (-12, [NOT + 0], "any of: refund (+12, offset -12)"),
        (-3, [2, 3], "who and whom"),
    ],
)
def test_texts(vote, literals, text):
    model = machine([(1, vote, literals)], n_features=4)
    assert model.get_rules(feature_names=NAMES)["rule"].tolist() == [text]


def automaton(model, owner, clause, literal):
    """Read one state from the bit planes."""
    n_features = model.n_features_in_
    negated, feature = divmod(literal, n_features)
    word = feature // 64 + negated * -(-n_features // 64)
    planes = model.state_[owner, clause, :, word].tolist()
    return sum((plane >> feature % 64 & 1) << k for k, plane in enumerate(planes))


@pytest.mark.parametrize("n_features", [9, 64, 70])
@pytest.mark.parametrize("feature_negation", [True, False])
def test_the_deepest_automata_are_read_first(n_features, feature_negation):
    model, _ = fitted(
        n_features=n_features, feature_negation=feature_negation, max_literals=None
    )
    names = [f"x{j}" for j in range(n_features)]
    texts = [*names, *(f"not {name}" for name in names)]
    n_moved = 0
    for rule in model.get_rules().itertuples():
        owner, clause = divmod(rule.clause, model.n_clauses)
        literals = literals_of(model, rule.clause)
        depth = {k: automaton(model, owner, clause, k) for k in literals}
        assert min(depth.values()) >= 128
        by_depth = sorted(literals, key=lambda k: (-depth[k], k))
        n_moved += by_depth != literals
        if literals[0] >= n_features and rule.vote < 0:
            words = ", ".join(names[k - n_features] for k in by_depth)
            assert rule.rule == f"any of: {words} (+{-rule.vote}, offset {rule.vote})"
        else:
            assert rule.rule == " and ".join(texts[k] for k in by_depth)
        assert rule.present == tuple(texts[k] for k in by_depth if k < n_features)
        assert rule.absent == tuple(
            names[k - n_features] for k in by_depth if k >= n_features
        )
    assert n_moved > 0


def test_without_automata_literals_are_read_by_index():
    model, _ = fitted()
    for rule in model.simplify().get_rules().itertuples():
        read = [int(name[1:]) for name in rule.present]
        read += [int(name[1:]) + model.n_features_in_ for name in rule.absent]
        assert read == sorted(read)


def assert_texts_vote(model, X):
    """Evaluating the texts of all rules gives the votes behind the decisions."""
    names = np.array([f"word{j}." for j in range(model.n_features_in_)])
    rules = model.get_rules(feature_names=names)
    totals = []
    for x in X:
        present = set(names[x > 0])
        of_class = dict.fromkeys(model.classes_.tolist(), 0)
        for rule in rules.itertuples():
            of_class[rule.class_label] += contribution(rule.rule, rule.vote, present)
        totals.append(list(of_class.values()))
    assert_decides(model, X, totals)


@given(machines())
def test_texts_evaluate_to_the_votes(model):
    assert_texts_vote(model, all_rows(model.n_features_in_))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_texts_of_a_fitted_machine_evaluate_to_its_votes(n_classes):
    model, X = fitted(n_classes=n_classes)
    rules = model.get_rules()
    lists = rules["rule"].str.startswith("any of: ")
    assert lists.any()
    assert not lists.all()
    assert_texts_vote(model, X)


EXPORTED = [
    (0, -7, [NOT + 2, NOT + 3]),
    (0, 12, [0, NOT + 1]),
    (0, -1, [1]),
    (0, 3, [NOT + 0]),
    (0, -5, [NOT + 2]),
    (0, -2, [0, 1]),
    (1, 4, [1]),
    (1, 1, [2, NOT + 2]),
    (1, 1, []),
]


def test_export_text():
    model = machine(EXPORTED, n_features=4, n_classes=3)
    assert (
        model.export_text(feature_names=NAMES)
        == """\
class ant (6 rules, offset -12)
  for
    +12  refund and not thanks
     +7  any of: who, whom
     +5  any of: who
     +3  not refund
  against
    -2  refund and thanks
    -1  thanks
class bee (1 rule)
  for
    +4  thanks
class cow (0 rules)"""
    )
    assert (
        model.export_text(feature_names=NAMES, max_rules=1, show_weights=False)
        == """\
class ant (6 rules)
  for
    refund and not thanks
    ... and 3 more
  against
    refund and thanks
    ... and 1 more
class bee (1 rule)
  for
    thanks
class cow (0 rules)"""
    )
    assert model.export_text(max_rules=1).splitlines()[2] == "    +12  x0 and not x1"


def votes_of_text(text, present):
    """Evaluate what export_text wrote about all rules."""
    totals = []
    for line in text.splitlines():
        if line.startswith("class "):
            totals.append(int(line.partition(", offset ")[2].rstrip(")") or 0))
        elif line.startswith("    "):
            vote, rule = line.split(maxsplit=1)
            words = rule.removeprefix("any of: ")
            true = bool(present & set(words.split(", ")))
            totals[-1] += int(vote) * (true if words != rule else holds(rule, present))
    return totals


@given(machines())
def test_exported_text_evaluates_to_the_votes(model):
    X = all_rows(model.n_features_in_)
    text = model.export_text(max_rules=None)
    names = np.array([f"x{j}" for j in range(X.shape[1])])
    assert_decides(model, X, [votes_of_text(text, set(names[x > 0])) for x in X])


def words_in(rules):
    words = set().union(*rules["present"], *rules["absent"])
    assert words
    return words


def test_names_are_those_of_fit_or_given():
    import pandas as pd

    X = pd.DataFrame(np.eye(4, dtype=int), columns=NAMES)
    model = TsetlinMachineClassifier(4, max_iter=5, random_state=0).fit(X, [0, 1, 0, 1])
    assert words_in(model.get_rules()) <= set(NAMES)
    others = pd.Series(["a", "b", "c", "d"], index=[7, 7, 2, 2])
    assert words_in(model.get_rules(feature_names=others)) <= set("abcd")


@pytest.mark.parametrize("read", ["get_rules", "export_text", "explain"])
def test_feature_names_of_a_wrong_length_are_refused(read):
    model, X = fitted()
    given = (X,) if read == "explain" else ()
    with pytest.raises(ValueError, match="has 2 names, but the estimator has 70"):
        getattr(model, read)(*given, feature_names=["a", "b"])


@pytest.mark.parametrize(
    ("read", "name"),
    [("get_rules", "top"), ("explain", "top"), ("export_text", "max_rules")],
)
@pytest.mark.parametrize("value", [0, -1, 2.5, True, "3"])
def test_lengths_of_lists_are_checked(read, name, value):
    model, X = fitted()
    given = (X,) if read == "explain" else ()
    with pytest.raises(
        ValueError, match=f"{name} must be None or an int of at least 1"
    ):
        getattr(model, read)(*given, **{name: value})


@pytest.mark.parametrize(
    "read",
    ["get_rules", "export_text", "explain", "simplify", "get_feature_names_out"],
)
def test_an_unfitted_machine_is_refused(read):
    given = ([[0]],) if read == "explain" else ()
    with pytest.raises(NotFittedError):
        getattr(TsetlinMachineClassifier(), read)(*given)

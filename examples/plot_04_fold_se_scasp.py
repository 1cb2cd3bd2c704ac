"""
==============================================
Rules as a program: s(CASP), answer sets, JSON
==============================================

A fitted ``FoldSE`` is a logic program. It can be handed to a logic engine, an auditor
or another process, and it means what ``predict`` does: here a small interpreter that
knows nothing of ``FoldSE`` runs the text and comes to the same classes.
"""

import re

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.datasets import load_iris

from sklearn_ext import FoldSE
from sklearn_ext.rules import RuleSetDisplay

# %%
# Birds fly, unless
# -----------------
# Birds fly, unless they are heavy, unless they are not that heavy and their wings are
# not clipped: an exception with an exception of its own. One bird was not weighed.

animals = [
    ("robin", "bird", "no", 0.02, "flies"),
    ("blackbird", "bird", "no", 0.1, "flies"),
    ("pigeon", "bird", "no", None, "flies"),
    ("gull", "bird", "no", 1.0, "flies"),
    ("goose", "bird", "no", 4.0, "flies"),
    ("swan", "bird", "no", 11.0, "flies"),
    ("canary", "bird", "yes", 0.02, "flies"),
    ("finch", "bird", "yes", 0.03, "flies"),
    ("duck", "bird", "yes", 1.2, "walks"),
    ("hen", "bird", "yes", 2.0, "walks"),
    ("emu", "bird", "no", 40.0, "walks"),
    ("ostrich", "bird", "no", 110.0, "walks"),
    ("mouse", "beast", "no", 0.02, "walks"),
    ("squirrel", "beast", "no", 0.3, "walks"),
    ("hare", "beast", "no", 3.0, "walks"),
    ("cat", "beast", "no", 4.0, "walks"),
    ("dog", "beast", "no", 11.0, "walks"),
    ("horse", "beast", "no", 500.0, "walks"),
]
X = pd.DataFrame(animals, columns=["name", "kind", "clipped", "weight", "moves"])
y = X.pop("moves")
X = X.drop(columns="name")
model = FoldSE(pos_label="flies").fit(X, y)
RuleSetDisplay.from_estimator(model)
plt.show()
print(model.to_asp())

# %%
# This is the notation of the papers. The same as s(CASP), with the rows to decide as
# facts. Numbers and the tokens of a column of numbers are two relations, so that a
# missing weight is neither above nor below anything. The query ``?- label(5,Y).`` asks
# for the class of the fifth row, and s(CASP) answers with a proof.

print(model.to_scasp(X[:5]))

# %%
# The text alone decides
# ----------------------
# A few lines read such a program: a goal holds if it is a fact, or if all goals of one
# of its clauses do; ``not`` means that it can't be shown.

GOAL = re.compile(r"(not )?(\w+)\((\w+)(?:,([^()]+))?\)|(N\d*) (=<|>) ([^ ,]+)")


def read(program):
    """Return the clauses of each predicate."""
    clauses = {}
    for line in filter(None, program.splitlines()):
        head, _, body = line.removesuffix(".").partition(" :- ")
        _, name, row, value, *_ = GOAL.fullmatch(head).groups()
        clauses.setdefault(name, []).append((row, value, body))
    return clauses


def answers(clauses, name, row):
    """Yield each value, or None, for which ``name(row, value)`` holds."""
    for clause_row, value, body in clauses.get(name, []):
        if clause_row in (row, "X") and holds(clauses, body, row):
            yield value


def holds(clauses, body, row):
    """Tell whether all goals of a body hold for a row."""
    number = None
    for goal in GOAL.finditer(body):
        negated, name, _, value, is_comparison, sign, limit = goal.groups()
        if is_comparison:
            true = number <= float(limit) if sign == "=<" else number > float(limit)
        else:
            found = list(answers(clauses, name, row))
            wants_number = value is not None and value[0] == "N"
            true = bool(found) if value is None or wants_number else value in found
            number = float(found[0]) if true and wants_number else number
        if true == bool(negated):
            return False
    return True


def run(model, X):
    """Return what the text of the program says about each row."""
    clauses = read(model.to_scasp(X, templates=False))
    found = [set(answers(clauses, "label", str(i + 1))) for i in range(len(X))]
    assert all(len(labels) == 1 for labels in found)
    return [labels.pop().strip("'") for labels in found]


print(run(model, X) == model.predict(X).tolist())

# %%
# More than two classes are an ordered list: each rule excludes the earlier ones.

iris = load_iris(as_frame=True)
names = iris.target_names[iris.target]
flowers = FoldSE().fit(iris.data, names)
print(flowers.to_asp())
print(run(flowers, iris.data) == flowers.predict(iris.data).tolist())

# %%
# JSON for storage
# ----------------
# Text that a person can read and that holds no code, unlike a pickle. The model that
# comes back is equal to the bit.

text = flowers.to_json()
again = FoldSE.from_json(text)
print(text[:300], "...")
print((again.predict_proba(iris.data) == flowers.predict_proba(iris.data)).all())

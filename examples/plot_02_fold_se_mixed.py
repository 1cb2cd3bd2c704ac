"""
====================================================
Mixed data with missing cells, straight from a frame
====================================================

Numbers, text, columns with both, and missing cells: ``FoldSE`` takes a frame as it is.
Nothing is one-hot encoded and nothing is imputed, so the rules speak of the columns and
values that are in the table.

The data are 400 patients of a kidney clinic, a tenth of the cells missing, if the
published tables are there. Otherwise the breast tumours of scikit-learn stand in: two
columns become words, "?" is written into some cells, and others are made empty.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from _data import is_mixed, published, without_tokens
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_breast_cancer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from sklearn_ext import FoldSE
from sklearn_ext.rules import RuleSetDisplay


def tumours_with_holes():
    rng = np.random.default_rng(0)
    data = load_breast_cancer(as_frame=True)
    X = data.data[[name for name in data.data if "error" not in name]]
    X = X.mask(rng.random(X.shape) < 0.08)
    for name in ("worst perimeter", "mean texture"):
        X[name] = pd.qcut(X[name], 3, labels=["low", "medium", "high"]).astype("str")
    for name in ("worst concave points", "worst area"):
        X[name] = X[name].astype(object).mask(rng.random(len(X)) < 0.05, "?")
    return X, pd.Series(data.target_names[data.target], name="label")


table, sick = published("kidney"), "ckd"
if table is None:
    print("The published tables are not here: these are the breast tumours.")
    table, sick = tumours_with_holes(), "malignant"
X, y = table
X.sample(5, random_state=2).transpose()

# %%
# Three kinds of columns: text, numbers, and numbers with tokens such as "?" among them.

mixed = X.apply(is_mixed)
numbers = X.select_dtypes("number").shape[1]
missing = (X.isna() | (X == "?")).to_numpy().mean()
print(f"{mixed.sum()} mixed columns, {numbers} of numbers, the others text")
print(f"{missing:.0%} of the cells are missing")

# %%
# Fit
# ---
# The frame goes in as it is.

X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.3, random_state=0, stratify=y
)
model = FoldSE(pos_label=sick).fit(X_train, y_train)
RuleSetDisplay.from_estimator(model)
plt.show()
print(f"accuracy {model.score(X_test, y_test):.3f} with {model.n_rules_} rules")

# %%
# A scikit-learn tree needs a pipeline first. It splits on columns that are not in the
# table, such as "rbc is normal", and on numbers that nobody measured.

prepare = make_column_transformer(
    (
        OneHotEncoder(handle_unknown="ignore"),
        make_column_selector(dtype_exclude="number"),
    ),
    remainder=SimpleImputer(strategy="median"),
)
tree = make_pipeline(
    FunctionTransformer(without_tokens), prepare, DecisionTreeClassifier(random_state=0)
)
tree.fit(X_train, y_train)
accuracy = tree.score(X_test, y_test)
print(f"tree: accuracy {accuracy:.3f} with {tree[-1].get_n_leaves()} leaves")

# %%
# What a rule says about a missing cell
# -------------------------------------
# Each test has an exact opposite. ``a <= 3`` is true for numbers only, so it fails on a
# missing cell, and ``not (a <= 3)`` holds there. A rule thus says what it does about
# missing cells, and may use them: that nobody ordered a test is news about a patient.
# Below, one patient loses one cell at a time.

patients = X_test[model.predict(X_test) != sick]
patients = patients[(patients.notna() & (patients != "?")).all(axis=1)]
patient = patients.iloc[[0]].astype(object)
print(model.explain(patient)[0], end="\n\n")
for name in X:
    changed = patient.copy()
    changed[name] = None
    proof = model.explain(changed)[0].splitlines()
    found = [line.strip() for line in proof if f"{name} is missing" in line]
    if found:
        print("; ".join(found), "->", model.predict(changed)[0])

# %%
# Tables drift
# ------------
# At predict, the kind of a column may be another one than in training: numbers that
# arrive as text are parsed, categories and booleans become tokens.

as_text = X_test.astype(object).where(X_test.notna(), "").map(str)
same = model.predict(as_text) == model.predict(X_test)
print(f"{same.mean():.0%} of the rows are predicted alike")

"""
===================================================
Mixed data with missing cells, straight from a frame
===================================================

Numbers, text, columns with both, and missing cells: ``FoldSE`` takes the frame as it is.
Nothing is one-hot encoded and nothing is imputed, so the rules speak of the columns and
values that are in the table.

The data are 400 patients of a kidney clinic, a tenth of the cells missing, if the
published tables are there. Otherwise the breast tumours of scikit-learn stand in: two
columns become words, "?" is written into some cells, and others are made empty.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from _data import published
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_breast_cancer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
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


table = published("kidney")
if table is None:
    print("The published tables are not here: these are the breast tumours.")
    table = tumours_with_holes()
X, y = table
X.sample(5, random_state=2).T

# %%
# Three kinds of columns: text, numbers, and numbers with tokens such as "?" among them.

missing = (X.isna() | (X == "?")).to_numpy().mean()
print(X.dtypes.value_counts().to_string())
print(f"{missing:.0%} of the cells are missing")

# %%
# Fit
# ---
# The frame goes in as it is.

X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.3, random_state=0, stratify=y
)
model = FoldSE().fit(X_train, y_train)
RuleSetDisplay.from_estimator(model)
plt.show()
print(f"accuracy {model.score(X_test, y_test):.3f} with {model.n_rules_} rules")

# %%
# A scikit-learn tree needs a pipeline first, and splits on columns such as ``rbc_normal``
# and on cells that were never measured.

prepare = make_column_transformer(
    (
        OneHotEncoder(handle_unknown="ignore"),
        make_column_selector(dtype_include=["str"]),
    ),
    remainder=SimpleImputer(strategy="median"),
)
numbers = X.apply(
    lambda c: pd.to_numeric(c, errors="coerce") if c.dtype == object else c
)
tree = make_pipeline(prepare, DecisionTreeClassifier(random_state=0))
tree.fit(numbers.loc[X_train.index], y_train)
accuracy = tree.score(numbers.loc[X_test.index], y_test)
print(f"tree: accuracy {accuracy:.3f} with {tree[-1].get_n_leaves()} leaves")

# %%
# What a rule says about a missing cell
# -------------------------------------
# Each test has an exact opposite. ``a <= 3`` is true for numbers only, so it fails on a
# missing cell; ``not (a <= 3)`` holds there. A token that training never saw is equal to
# none of the known ones. Below, one patient loses one cell after the other.

used = sorted({literal.feature for rule in model.rules_ for literal in rule.literals})
names = X.columns[used]
patient = X_test[X_test[names].notna().all(axis=1) & (X_test[names] != "?").all(axis=1)]
patient = patient[model.apply(patient) >= 0].iloc[[0]].astype(object)
print(model.explain(patient)[0])
for name in names:
    changed = patient.copy()
    changed[name] = None
    print(f"\nwithout {name}: {model.explain(changed)[0]}")

# %%
# Tables drift
# ------------
# At predict, the kind of a column may be another one than in training: numbers that
# arrive as text are parsed, categories and booleans become tokens.

as_text = X_test.astype(object).where(X_test.notna(), "").map(str)
print(
    (model.predict(as_text) == model.predict(X_test)).mean(),
    "of the rows predict alike",
)

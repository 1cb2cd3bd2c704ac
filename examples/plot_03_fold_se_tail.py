"""
===========================
Choosing ``tail``: the path
===========================

``tail`` says how many rows a rule has to cover to be kept. It is the dial between few
rules and the last bit of accuracy. ``rule_path`` fits a model for each value at little
more than the cost of one fit, so the whole trade-off can be looked at.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.model_selection import RepeatedStratifiedKFold

from sklearn_ext import FoldSE
from sklearn_ext.rules import RuleSetDisplay

X, y = load_digits(return_X_y=True, as_frame=True)
tails = [0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08]

# %%
# One path
# --------
# Each model equals a separate fit.

FoldSE().fit(X, y)  # compiles
start = time.perf_counter()
path = FoldSE().rule_path(X, y, tails)
path_seconds = time.perf_counter() - start
start = time.perf_counter()
single = [FoldSE(tail=tail).fit(X, y) for tail in tails]
single_seconds = time.perf_counter() - start
assert [model.to_json() for model in path] == [model.to_json() for model in single]
print(
    f"{len(tails)} values of tail: {path_seconds:.2f} s as a path, "
    f"{single_seconds:.2f} s one by one"
)

# %%
# Accuracy against size
# ---------------------
# Ten splits of handwritten digits; each point is a value of ``tail``.

splits = RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=0)
results = pd.DataFrame(
    {
        "tail": model.tail,
        "rules": model.n_rules_,
        "training": model.score(X.iloc[train], y[train]),
        "test": model.score(X.iloc[test], y[test]),
    }
    for train, test in splits.split(X, y)
    for model in FoldSE().rule_path(X.iloc[train], y[train], tails)
)
mean = results.groupby("tail").mean()
deviation = results.groupby("tail").std()
mean.round(3)

# %%

figure, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
for name, colour in {"training": "#999999", "test": "#0072B2"}.items():
    ax.errorbar(
        mean["rules"],
        mean[name],
        yerr=deviation[name],
        fmt="o-",
        color=colour,
        capsize=3,
        label=f"{name} rows",
    )
for tail, point in mean.iterrows():
    ax.annotate(
        f"{tail:g}",
        (point["rules"], point["test"]),
        xytext=(4, -14),
        textcoords="offset points",
        size=8,
        color="#0072B2",
    )
ax.set(
    xlabel="rules and exceptions",
    ylabel="accuracy",
    title="Digits: accuracy against size, points labelled by tail",
)
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False, loc="lower right")
plt.show()

# %%
# A rule of thumb is the smallest model within one standard error of the best.

error = deviation["test"].max() / np.sqrt(10)
good = mean.index[mean["test"] >= mean["test"].max() - error]
chosen = max(good)
print(f"tail={chosen:g}: {mean['rules'][chosen]:.0f} rules, {mean['test'][chosen]:.3f}")

# %%
# The rules for a large tail fit on a page. They are the first things to know about the
# table, not the best classifier for it.

RuleSetDisplay.from_estimator(path[-2])
plt.show()

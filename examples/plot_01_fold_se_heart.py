"""
===================================
Rules explained, patient by patient
===================================

A classifier that decides about patients has to say why. FoldSE learns a few rules with
exceptions, and each prediction comes with its proof: which rule applies, which test
fails, which exception steps in.

The data are the heart patients of the FOLD-SE paper, if the published tables are there,
and the breast tumours of scikit-learn otherwise.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from _data import published
from matplotlib.colors import ListedColormap
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from sklearn_ext import FoldSE
from sklearn_ext.rules import RuleSetDisplay

table = published("heart")
if table is None:
    print("The published tables are not here: these are the breast tumours.")
    data = load_breast_cancer(as_frame=True)
    table = data.data, pd.Series(data.target_names[data.target])
X, y = table
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.2, random_state=0, stratify=y
)
model = FoldSE().fit(X_train, y_train)
accuracy = model.score(X_test, y_test)
print(f"{model.n_rules_} rules, accuracy on new patients {accuracy:.2f}")

# %%
# The rules
# ---------
# One line per rule, exceptions below what they defeat, the default at the end. The bars
# show the patients of the training data that each line decides, by their true class.

RuleSetDisplay.from_estimator(model)
plt.show()

# %%
# One patient at a time
# ---------------------
# ``explain`` writes the proof of each prediction: the rule that applies with all of its
# tests, or what defeats each rule. Tests after the first that fails are not needed.

texts = pd.Series(model.explain(X_test), index=X_test.index)
by_rule = texts.str.contains("because rule")
by_exception = ~by_rule & texts.str.contains(r"exception \w+ applies")
kinds = {
    "A rule applies": by_rule,
    "An exception keeps a rule from applying": by_exception,
    "No rule comes near": ~by_rule & ~by_exception,
}
for title, chosen in kinds.items():
    patient = texts.index[chosen][0]
    print(f"{title}: patient {patient}, in truth {y_test[patient]!r}")
    print(texts[patient], end="\n\n")

# %%
# All proofs on one page
# ----------------------
# The same as plain data, ``format="dict"``, fills a map with a row per patient and a
# column per test. A rule applies where all of its own tests hold and no exception does.

COLOURS = {"#EEEEEE": "not needed", "#E69F00": "fails", "#0072B2": "holds"}
SIGNS = {"<=": ("≤", ">"), ">": (">", "≤"), "==": ("is", "is not")}


def collect(proof, found, path=""):
    """Collect how each test of a rule and of its exceptions came out."""
    path = f"{path} {proof['name']}"
    for number, test in enumerate(proof["literals"]):
        sign = SIGNS[test["op"]][test["negated"]]
        text = f"{proof['name']}: {test['feature']} {sign} {test['value']}"
        found[path, number, text] = {True: 2, False: 1, None: 0}[test["holds"]]
    for exception in proof["exceptions"]:
        collect(exception, found, path)


patients = pd.Index([p for chosen in kinds.values() for p in texts.index[chosen][:5]])
proofs = model.explain(X_test.loc[patients], format="dict", full=True)
rows = []
for proof in proofs:
    outcome = {}
    for rule in proof["rules"]:
        collect(rule, outcome)
    rows.append(outcome)
outcomes = pd.DataFrame(rows, index=patients).sort_index(axis=1).fillna(0)

height, width = outcomes.shape
figure, ax = plt.subplots(
    figsize=(2.6 + 0.42 * width, 2.6 + 0.27 * height), layout="constrained"
)
ax.imshow(outcomes, cmap=ListedColormap(list(COLOURS)), vmax=2)
texts = [text for *_, text in outcomes.columns]
ax.set_xticks(range(width), texts, rotation=40, ha="left", rotation_mode="anchor")
ax.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
predicted = pd.Series([proof["prediction"] for proof in proofs], index=patients)
wrong = predicted != y_test[patients]
ax.set_yticks(range(height), predicted.mask(wrong, predicted + " (wrong)"))
ax.set_xticks(np.arange(width) - 0.5, minor=True)
ax.set_yticks(np.arange(height) - 0.5, minor=True)
ax.grid(which="minor", color="white", linewidth=2)
ax.tick_params(which="minor", length=0)
ax.spines[:].set_visible(False)
ax.set_aspect("auto")
for colour, text in reversed(COLOURS.items()):
    ax.plot([], [], "s", color=colour, label=text, markersize=10)
ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=3, frameon=False)
plt.show()

"""
=============================
What short rules cost in text
=============================

``max_literals`` is a budget: a clause above it drops literals until it fits. Short
clauses are easier to read, and a machine of them is smaller and faster. This is the
accuracy that they cost on the docstrings of the installed packages, sixteen classes of
subpackages.
"""

import matplotlib.pyplot as plt
import pandas as pd
from _data import docstrings
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import ComplementNB

from sklearn_ext import TsetlinMachineClassifier

texts, subpackages = docstrings()
vectorizer = CountVectorizer(
    binary=True, min_df=3, stop_words="english", token_pattern=r"(?u)\b[a-z]\w+\b"
)
texts_train, texts_test, y_train, y_test = train_test_split(
    texts, subpackages, random_state=0, stratify=subpackages
)
X_train = vectorizer.fit_transform(texts_train)
X_test = vectorizer.transform(texts_test)

# %%
# One fit per budget
# ------------------
# The budget is soft: some clauses are found above it on their way down. Without one, a
# clause may collect a thousand negations. ``simplify`` drops rules that are never true
# and merges equal ones.

found = []
for budget in [8, 16, 32, 64, 128, None]:
    machine = TsetlinMachineClassifier(
        200, max_literals=budget, max_iter=20, n_jobs=-1, random_state=0
    ).fit(X_train, y_train)
    lengths = machine.simplify().get_rules()["n_literals"]
    found.append(
        {
            "max_literals": str(budget),
            "rules": len(lengths),
            "mean": lengths.mean(),
            "median": lengths.median(),
            "longest": lengths.max(),
            "accuracy": machine.score(X_test, y_test),
        }
    )
found = pd.DataFrame(found)
found.round(3)

# %%
# Accuracy against length
# -----------------------
# Among so few test texts a difference of a point is noise. What is more than noise is
# the price of the shortest rules: they have no room for the words that a class may be
# told by, and lists of a dozen or two do.

figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ax.plot(
    found["mean"], found["accuracy"], "o-", color="#0072B2", label="Tsetlin machine"
)
for budget, length, accuracy in found[["max_literals", "mean", "accuracy"]].values:
    above = {"xytext": (0, 8), "textcoords": "offset points", "ha": "center"}
    ax.annotate(budget, (length, accuracy), **above)
linear = {
    "LogisticRegression": (LogisticRegression(max_iter=1000), "--"),
    "ComplementNB": (ComplementNB(), ":"),
}
for name, (model, style) in linear.items():
    accuracy = model.fit(X_train, y_train).score(X_test, y_test)
    ax.axhline(accuracy, color="#777777", linestyle=style, label=name)
ax.set_xscale("log", base=2)
ax.xaxis.set_major_formatter("{x:.0f}")
ax.set(xlabel="mean literals of a rule", ylabel="accuracy on new texts")
ax.set_title("Each point a budget, max_literals")
ax.legend(loc="lower right", frameon=False)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

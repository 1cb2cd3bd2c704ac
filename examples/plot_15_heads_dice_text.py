"""
=================================
Dice loss for a rare kind of text
=================================

One kind of text in thirty has to be found. The Dice loss was proposed for such tasks:
it is 1 minus a smooth F1 of the batch, so that the many easy negatives do not drown the
few positives. Here the texts are docstrings of the installed packages, the rare kind
are those of one subpackage, and the features are TF-IDF weights, sparse as they are.

There are more words than texts, so that training scores say little about where new
texts should be cut. That is the hard case for any method that sets its cut on them.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from _data import docstrings
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from sklearn_ext import AnyLossClassifier, DiceLossClassifier, TorchLossClassifier

texts, subpackages = docstrings()
RARE = ["sklearn.cluster", "sklearn.preprocessing"]
for label in RARE:
    n_positive = (subpackages == label).sum()
    print(f"{label}: {n_positive} of {len(texts)} texts, {n_positive / len(texts):.1%}")

# %%
# Eight classifiers on the same words
# -----------------------------------
# The first four cut at 1/2, or where their loss put the scores. The next two search the
# cut on the training scores. The last two let ``TunedThresholdClassifierCV`` search it
# on texts held out. Average precision tells how well the texts are ranked, whatever the
# cut.


def on_words(classifier):
    """Put a classifier behind the TF-IDF weights of words that two texts have."""
    vectorizer = TfidfVectorizer(
        min_df=2, sublinear_tf=True, stop_words="english", dtype=np.float32
    )
    return make_pipeline(vectorizer, classifier)


def tuned(classifier):
    return TunedThresholdClassifierCV(
        classifier, scoring="f1", cv=3, thresholds=50, random_state=0
    )


cold = {"learning_rate": 0.1, "max_iter": 100}
# C is about what the penalty of the others is.
methods = {
    "log loss (LogisticRegression)": LogisticRegression(C=2, max_iter=1000),
    "log loss, classes balanced": LogisticRegression(
        C=2, max_iter=1000, class_weight="balanced"
    ),
    "focal loss, from zero": TorchLossClassifier("focal", **cold),
    "Dice loss, from zero": DiceLossClassifier(init="zeros", threshold=None, **cold),
    "AnyLossClassifier": AnyLossClassifier(),
    "DiceLossClassifier": DiceLossClassifier(),
    "log loss, tuned cut": tuned(LogisticRegression(C=2, max_iter=1000)),
    "DiceLossClassifier, tuned cut": tuned(DiceLossClassifier()),
}
folds = StratifiedKFold(3, shuffle=True, random_state=0)
SCORES = {
    "F1": "f1",
    "precision": "precision",
    "recall": "recall",
    "average precision": "average_precision",
}


def scores_of(classifier, label):
    """Return the mean scores of three folds for one label against the rest."""
    with threadpool_limits(1):  # in small fits, threads mostly wait for each other
        found = cross_validate(
            on_words(classifier), texts, subpackages == label, cv=folds, scoring=SCORES
        )
    return {name: found[f"test_{name}"].mean() for name in SCORES}


table = pd.DataFrame(
    {
        name: pd.DataFrame([scores_of(model, label) for label in RARE]).mean()
        for name, model in methods.items()
    }
).T
table.round(3)

# %%
# What to make of it
# ------------------
# Logistic regression gives few of the rare texts a probability above 1/2, and so finds
# few of them. The losses of sets find more, and rank the texts better too. Their cut,
# though, is that of the training texts and too high for new ones: precision is far
# above recall. With more features than rows, have the cut searched on held-out texts;
# what then remains is the better ranking. Balanced weights, which cost nothing, are
# hard to beat here.

figure, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
rows = np.arange(len(table))[::-1]
ax.hlines(rows, table["precision"], table["recall"], color="#CCCCCC", linewidth=2)
for name, colour, marker in [
    ("precision", "#56B4E9", "<"),
    ("recall", "#E69F00", ">"),
    ("F1", "#0072B2", "o"),
]:
    style = {"color": colour, "marker": marker, "zorder": 3, "clip_on": False}
    ax.scatter(table[name], rows, label=name, **style)
ax.set_yticks(rows, table.index)
ax.set(xlabel="on new texts, mean of two labels", xlim=(0, 1))
ax.grid(axis="x", alpha=0.3)
ax.spines[["top", "right", "left"]].set_visible(False)
ax.tick_params(axis="y", length=0)
figure.legend(loc="outside upper center", ncols=3, frameon=False)
plt.show()

# %%
# ``alpha`` and ``smooth``
# ------------------------
# ``alpha`` gives texts less weight the surer the classifier is of them, ``smooth`` is
# added to numerator and denominator. From zero and without a search of the cut one sees
# what they do by themselves. Up to 0.01 ``alpha`` does nothing. Larger values leave the
# ranking as it is, and the scores of the positives lower, so that fewer are above 1/2.
# ``smooth`` matters when it is as large as the number of positives of a batch, here
# some fifty.

ALPHAS, SMOOTHS = [0.0, 0.01, 0.1, 0.5, 1.0], [0.1, 1.0, 50.0]
COLOURS = ["#56B4E9", "#0072B2", "#D55E00"]
found = {
    (smooth, alpha): scores_of(
        DiceLossClassifier(alpha, smooth=smooth, init="zeros", threshold=None, **cold),
        RARE[1],
    )
    for smooth in SMOOTHS
    for alpha in ALPHAS
}
figure, axes = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
for ax, score in zip(axes, ["F1", "average precision"], strict=True):
    for smooth, colour in zip(SMOOTHS, COLOURS, strict=True):
        values = [found[smooth, alpha][score] for alpha in ALPHAS]
        ax.plot(values, "o-", color=colour, label=f"smooth={smooth:g}")
    ax.set_xticks(range(len(ALPHAS)), [f"{alpha:g}" for alpha in ALPHAS])
    ax.set(xlabel="alpha", title=score)
    ax.grid(axis="y", alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
axes[0].legend(frameon=False)
plt.show()

# %%
# Which words decide
# ------------------
# A linear head has one weight per word.

model = on_words(DiceLossClassifier()).fit(texts, subpackages == RARE[1])
words = model[0].get_feature_names_out()
order = model[-1].coef_[0].argsort()[::-1]
print("for    ", ", ".join(words[order[:12]]))
print("against", ", ".join(words[order[:-13:-1]]))

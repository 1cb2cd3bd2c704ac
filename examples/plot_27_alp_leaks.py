"""
======================================
Augmented texts that leak, and how not
======================================

New texts that are made from twenty look like more data, and the obvious thing is to
make them first, and to cross-validate then. The score is wonderful, and wrong: a new
text is trained on while the text it was made from is predicted, or the other way round.
Keeping each text in one fold with the new ones that have its frame does not help, since
phrases and words come from *other* texts.

This example shows how large the error is, and the two ways that have none:
:class:`~sklearn_ext.AugmentedClassifier`, which augments within ``fit``, and
:class:`~sklearn_ext.AugmentationSplit`, which follows all donors of each row. The texts
are movie reviews of SST-2 if the published data are there, and otherwise forty that are
written for these examples.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from _reviews import published_reviews, reviews
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline

from sklearn_ext import ALPAugmenter, AugmentationSplit, AugmentedClassifier

# %%
# Ten texts per class
# -------------------
# So few that one would like to have more. The other texts are for judging only: their
# accuracy is what a cross-validation should foresee.

N_SEEDS = 8
texts, labels = published_reviews("train") or reviews()
held_out = published_reviews("test")


def draw(seed):
    """Return ten texts per class, and texts to judge by."""
    few, others, y_few, y_others = train_test_split(
        texts, labels, train_size=20, stratify=labels, random_state=seed
    )
    return few, y_few, *(held_out or (others, y_others))


few, y_few, others, _ = draw(0)
print(f"{len(few)} texts to learn from, {len(others):,} to judge by")
print(*few[:3], sep="\n")

# %%
# Where a new text comes from
# ---------------------------
# An augmented table has the rows as they were, and new ones behind them.
# ``donor_indices_`` has for each row all the rows that gave it something.

augmenter = ALPAugmenter(n_samples=15, synonyms=None, random_state=0)
table, y_table = augmenter.fit_resample(few, y_few)
i = 20 + np.argmax(augmenter.donor_indices_[20:].sum(axis=1) == 3)
print(f"new:   {table[i]}")
for donor in augmenter.donor_indices_[[i]].indices:
    role = "frame" if donor == augmenter.sample_indices_[i] else "donor"
    print(f"{role}: {few[donor]}")

# %%
n_donors = augmenter.donor_indices_[20:].sum(axis=1)
print(f"rows that a new one is made of: {n_donors.mean():.1f} on average")

# %%
# Four ways to validate
# ---------------------
# The same classifier, the same new rows, five folds:
#
# * *augment, then split*: folds of the augmented table, as if all rows were equal;
# * *groups*: a text and the new ones that have its frame stay together;
# * *AugmentationSplit*: folds of the originals. A new row is trained on only if all of
#   its donors are in the training part, and never predicted;
# * *AugmentedClassifier*: folds of the originals, each training part augmented by
#   itself.
#
# And the accuracy on the other texts after fitting to the whole augmented table, which
# is the answer that the four should give.

classifier = make_pipeline(TfidfVectorizer(sublinear_tf=True), LogisticRegression(C=10))


def scores(seed):
    """Return what each way says, and what is true."""
    few, y_few, others, y_others = draw(seed)
    augmenter = ALPAugmenter(n_samples=15, synonyms=None, random_state=seed)
    table, y_table = augmenter.fit_resample(few, y_few)
    folds = StratifiedKFold(shuffle=True, random_state=seed)
    by_source = StratifiedGroupKFold(shuffle=True, random_state=seed)
    by_donors = AugmentationSplit.from_augmenter(augmenter, folds)
    source = augmenter.sample_indices_
    inside = AugmentedClassifier(classifier, augmenter, augmented_weight=None)
    n_used = [sum(train >= len(few)) for train, _ in by_donors.split(table, y_table)]
    return {
        "augment, then split": cross_val_score(classifier, table, y_table, cv=folds),
        "groups": cross_val_score(
            classifier, table, y_table, cv=by_source, groups=source
        ),
        "AugmentationSplit": cross_val_score(classifier, table, y_table, cv=by_donors),
        "AugmentedClassifier": cross_val_score(inside, few, y_few, cv=folds),
        "the other texts": classifier.fit(table, y_table).score(others, y_others),
        "new rows used by AugmentationSplit": np.mean(n_used) / (len(table) - len(few)),
    }


found = pd.DataFrame(
    {name: np.mean(value) for name, value in scores(seed).items()}
    for seed in range(N_SEEDS)
)
share = found.pop("new rows used by AugmentationSplit")
found.describe().loc[["mean", "std", "min", "max"]].T.round(2)

# %%
# A dot is the draw of ten texts per class, a bar the mean over the draws.

figure, ax = plt.subplots(figsize=(7.5, 3.6), layout="constrained")
colours = ["#D55E00", "#E69F00", "#56B4E9", "#0072B2", "#222222"]
truth = found["the other texts"].mean()
ax.axvline(truth, color="#BBBBBB", linewidth=1, zorder=0)
for place, (name, colour) in enumerate(zip(found, colours, strict=True)):
    y = place + np.linspace(-0.22, 0.22, N_SEEDS)
    ax.plot(found[name], y, "o", color=colour, alpha=0.5, markersize=5)
    mean = found[name].mean()
    ax.vlines(mean, place - 0.34, place + 0.34, color=colour, linewidth=3)
    ax.annotate(f"{mean:.2f}", (1.03, place), va="center", color=colour)
ax.set_yticks(range(found.shape[1]), found.columns)
ax.invert_yaxis()
ax.set(xlim=(0.15, 1.1), xlabel="accuracy")
ax.set_xticks([0.2, 0.4, 0.6, 0.8, 1.0])
ax.set_title("What a cross-validation says, and what is true", size=11)
ax.spines[["top", "right", "left"]].set_visible(False)
ax.tick_params(axis="y", length=0)
plt.show()

# %%
# The first two say that the task is solved. It is not. The other two lie around the
# truth, and scatter as widely as twenty rows must: with ten texts per class no
# cross-validation tells a difference of a few points. ``AugmentationSplit`` has to
# leave out new rows, since with k folds a row of d donors stays with a probability of
# about (1 - 1/k)^d only:

print(f"new rows that it trains on: {share.mean():.0%}")

# %%
# It is meant for tables that are there already and cannot be made anew. Otherwise take
# ``AugmentedClassifier``.
#
# In a search
# -----------
# Parameters of the augmenter are searched like any others, and each fold is augmented
# by itself. The weight of a new row, ``augmented_weight``, is the first one to search,
# and no augmentation at all, a weight of 0, belongs in every such grid.

inside = AugmentedClassifier(
    classifier, ALPAugmenter(n_samples=15, synonyms=None, random_state=0)
)
search = GridSearchCV(
    inside,
    {
        "augmented_weight": [0.0, 0.3, 1.0],
        "augmenter__edit_probability": ["medium", "strong"],
    },
    cv=StratifiedKFold(shuffle=True, random_state=0),
)
few, y_few, others, y_others = draw(0)
search.fit(few, y_few)
results = pd.DataFrame(search.cv_results_)
columns = ["param_augmented_weight", "param_augmenter__edit_probability"]
results[[*columns, "mean_test_score", "std_test_score"]].round(2)

# %%
# The standard deviation over the folds is larger than all of these differences: the
# search runs, and what it finds on twenty texts is chance. Whether new texts help is
# decided by the held-out accuracy over many draws, as in the study of the user guide.

print(f"chosen: {search.best_params_}")
print(f"accuracy on the other texts: {search.score(others, y_others):.2f}")

"""
==========================================
From keywords to an ordinary classifier
==========================================

:class:`~sklearn_ext.Lbl2Vec` classifies without labels, but it only looks at where a
text lies among others. An ordinary classifier, had it labels, would use every word. So
let it learn from the predictions that are likely to be right. This example shows how
many of them to take, what is gained, and how many true labels would be worth as much.

The texts are the posts of 20 Newsgroups without their headers, if the published data
are there, and otherwise docstrings of the installed packages. True labels are used to
judge, and for the last curve.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from _keywords import archive
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.naive_bayes import ComplementNB

from sklearn_ext import Lbl2Vec

# %%
# The teacher
# -----------
# A part of the texts is put aside to judge by. Of the others no label is known.

texts, truth, is_test, keywords = archive()
texts = np.array(texts, dtype=object)
texts_train, texts_test = texts[~is_test], texts[is_test]
truth_train, truth_test = truth[~is_test], truth[is_test]
teacher = Lbl2Vec(keywords, random_state=0).fit(texts_train)
alone = teacher.score(texts_test, truth_test)
print(f"{len(texts_train):,} texts to learn from, {len(texts_test):,} to judge by")
print(f"accuracy of Lbl2Vec by itself: {alone:.3f}")

# %%
# How sure is it, and is it right?
# --------------------------------
# More confident predictions are more often right, and that is what is needed here. Each
# point is a tenth of the texts to learn from. As probabilities they are too sure of
# themselves: their temperature was found without labels, by how far halves of the
# keywords agree, and both halves can be wrong together. With some labelled texts
# ``calibrate`` sets it right.

said = teacher.labels_
is_right = said == truth_train
confidence = teacher.predict_proba(texts_train).max(axis=1)
tenth = pd.qcut(confidence, 10, labels=False)
sure, right = (pd.Series(each).groupby(tenth).mean() for each in (confidence, is_right))
figure, ax = plt.subplots(figsize=(4.6, 4.2), layout="constrained")
ax.plot([0, 1], [0, 1], color="#BBBBBB", linewidth=1)
ax.plot(sure, right, "o-", color="#0072B2")
ax.set(
    xlim=(0, 1.02),
    ylim=(0, 1.02),
    xlabel="mean probability of the predicted label",
    ylabel="share of right predictions",
    title="Ten groups of texts by confidence",
)
ax.set_aspect("equal")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# The student
# -----------
# It learns from the most confident texts of each label; the most confident of all would
# leave some labels with next to none. The fewer are taken, the more of them are right,
# but also the easier and the more alike they are.

words = TfidfVectorizer(sublinear_tf=True, min_df=2, stop_words="english")
X_train, X_test = words.fit_transform(texts_train), words.transform(texts_test)


def accuracy(rows, labels):
    """Return the accuracy of a student who learned from some rows."""
    student = ComplementNB().fit(X_train[rows], labels[rows])
    return student.score(X_test, truth_test)


rank = pd.Series(-confidence).groupby(said).rank(method="first", pct=True).to_numpy()
table = pd.DataFrame(
    [
        (share, np.mean(is_right[rank <= share]), accuracy(rank <= share, said))
        for share in (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    ],
    columns=["share", "right among them", "student"],
).set_index("share")
table.round(3)

# %%
# True labels instead
# -------------------
# The same student with some true labels of each topic, the mean of five draws.

n_each = np.array([5, 10, 20, 50, 100])
rng = np.random.default_rng(0)
draws = []
for _ in range(5):
    order = pd.Series(rng.random(len(truth_train))).groupby(truth_train).rank()
    draws.append([accuracy((order <= n).to_numpy(), truth_train) for n in n_each])
with_labels = np.mean(draws, axis=0)
all_labels = accuracy(np.arange(len(truth_train)), truth_train)

figure, axes = plt.subplots(
    1, 2, figsize=(8.5, 4), layout="constrained", sharey=True, width_ratios=[3, 2]
)
axes[0].plot(table["right among them"], color="#E69F00", marker=".")
axes[0].plot(table["student"], color="#0072B2", marker="o")
axes[0].axhline(alone, color="#555555", linestyle="--", linewidth=1)
axes[0].annotate("Lbl2Vec by itself", (0.98, alone - 0.03), color="#555555", ha="right")
axes[0].annotate("labels it learns from", (0.45, 0.93), color="#E69F00")
axes[0].annotate("student", (0.13, table["student"].iloc[0]), color="#0072B2")
axes[0].set(
    xlim=(0, 1.03),
    ylim=(0.4, 1),
    xlabel="share of the predictions of each label that are taken",
    ylabel="accuracy",
    title="Learning from predictions",
)
axes[1].plot(n_each, with_labels, color="#009E73", marker="o")
axes[1].axhline(all_labels, color="#009E73", linestyle=":", linewidth=1)
axes[1].annotate("all labels", (5, all_labels + 0.01), color="#009E73")
axes[1].axhline(table["student"].max(), color="#0072B2", linewidth=1)
axes[1].set(
    xscale="log",
    xlabel="true labels of each topic",
    title="Learning from true labels",
)
axes[1].set_xticks(n_each, n_each)
axes[1].minorticks_off()
for ax in axes:
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# The student overtakes its teacher when it has about a third of the predictions, and
# beyond a half nothing much happens, although more and more of them are wrong: errors
# that are spread over many texts do little harm. It gains a few points, because it is
# not bound to the directions of an embedding. What the teacher gets wrong throughout,
# the student does as well, and no number here would tell without labels.
#
# And true labels are worth more. Some dozens of each topic do as well, and with all of
# them the same student is far better. Keywords are for the time when there are none, or
# to find the texts that are worth labelling.

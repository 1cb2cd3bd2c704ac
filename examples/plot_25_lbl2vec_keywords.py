"""
=============================
Classes from a few keywords
=============================

An archive of texts, a list of topics, and not one label. :class:`~sklearn_ext.Lbl2Vec`
takes a few keywords for each topic. Finding good ones is the work, so this example goes
through it as one would: start with the words that come to mind, see in the report and
in two pictures where they mislead, take better ones from the suggestions, and repeat,
which takes a moment as nothing is embedded again. The true labels come in at the end
only, to see what the better keywords were worth.

The texts are the posts of 20 Newsgroups without their headers, if the published data
are there, and otherwise docstrings of the installed packages.
"""

import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from _keywords import archive

from sklearn_ext import Lbl2Vec, Lbl2VecDisplay

# %%
# The texts, and two lists of keywords
# ------------------------------------
# The first list are the words in the name of each topic. The second one was written
# after looking at what the first one led to, as it is done below.

texts, truth, _, better = archive()
first = {name: name.split(".") for name in better}
pd.DataFrame({"first": first, "better": better}).map(", ".join)

# %%
# The first try
# -------------
# A keyword that cannot be used is named in a warning.

model = Lbl2Vec(first, random_state=0)
start = time.perf_counter()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always", UserWarning)
    model.fit(texts)
seconds = time.perf_counter() - start
print(f"{len(model.vocabulary_):,} words and the texts embedded in {seconds:.1f} s")
print(*(warning.message for warning in caught), sep="\n")
labels_of_names = model.labels_

# %%
# The report has a row for each keyword. Suspicious are those that are nearer to another
# label, and those that several labels share:

report = model.keyword_report().set_index("keyword")
is_known = report["known"]
report["elsewhere"] = is_known & (report["nearest_label"] != report["label"])
report["n_shared"] = report["shared_with"].str.len()
suspicious = report[report["elsewhere"] | (report["n_shared"] > 0)]
print(f"{len(suspicious)} of {len(report)} keywords are suspicious")
columns = ["label", "document_frequency", "similarity", "nearest_label", "n_shared"]
suspicious[columns].head(12).round(2)

# %%
# Labels that overlap
# -------------------
# The heat map shows the cosine of each two label vectors. A dark cell off the diagonal
# is a pair of labels that can hardly be told apart: their keywords are the same, or
# stand in the same texts.

display = Lbl2VecDisplay.from_estimator(model, kind="labels")
display.ax_.set_title("Keywords from the names", size=11)
plt.show()

# %%
# Better words
# ------------
# ``suggest_keywords`` returns the words nearest to a label vector. Some are what one
# wants, and others show that the label has drifted to another subject.

for label in model.classes_:
    words = model.suggest_keywords(label, top_k=6)["word"]
    print(f"{label:24} {', '.join(words)}")

# %%
# With these in view, the words that mislead are left out and better ones added: the
# second list above. ``refit_labels`` keeps the embedding.

start = time.perf_counter()
model.refit_labels(better)
print(f"new labels in {time.perf_counter() - start:.1f} s, fit took {seconds:.1f} s")
report = model.keyword_report()
is_elsewhere = report["known"] & (report["nearest_label"] != report["label"])
print(f"nearer to another label: {is_elsewhere.sum()} of {len(report)} keywords")

# %%

display = Lbl2VecDisplay.from_estimator(model, kind="labels")
display.ax_.set_title("Better keywords", size=11)
plt.show()

# %%
# What is still dark should be: those subjects are close. Whoever needs such a pair
# apart needs keywords that only one of them has.
#
# The map
# -------
# All texts, coloured by what is predicted. Two dimensions show a part of a hundred, the
# one in which the labels differ most.

display = Lbl2VecDisplay.from_estimator(model)
display.ax_.set_title("Texts and labels, with better keywords", size=11)
plt.show()

# %%
# What it was worth
# -----------------
# Now the true labels. For each of them the share of its texts that were found, with the
# words of the names and with better ones.

accuracies = {
    "words of the names": labels_of_names == truth,
    "better keywords": model.labels_ == truth,
}
found = pd.DataFrame(accuracies).groupby(truth).mean()
found = found.sort_values("better keywords")
figure, ax = plt.subplots(figsize=(7.5, 5), layout="constrained")
places = np.arange(len(found))
ax.hlines(places, found.min(axis=1), found.max(axis=1), color="#CCCCCC", linewidth=2)
for (name, is_right), colour in zip(
    accuracies.items(), ["#E69F00", "#0072B2"], strict=True
):
    label = f"{name}: accuracy {is_right.mean():.3f}"
    ax.plot(found[name], places, "o", color=colour, label=label)
ax.set_yticks(places, found.index)
ax.set(xlim=(-0.02, 1.02), xlabel="share of the texts of a label that were found")
ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2, frameon=False)
ax.spines[["top", "right", "left"]].set_visible(False)
ax.tick_params(axis="y", length=0)
plt.show()

# %%
# Labels gain most whose words others had as well. Some lose: with vague words they took
# texts from their neighbours, their own among them. At the bottom are labels that
# overlap with others in the heat map, too. A topic that consists of what is left over
# has no keywords.
#
# Retrieval
# ---------
# Often a ranking is enough: the texts nearest to a label, most similar first. Here is
# the share of right ones among the first 20 and the first 100, and for comparison the
# share of texts with the label in the whole archive.

ranking = {}
for label in model.classes_.tolist():
    nearest, _ = model.retrieve(label, top_k=100)
    is_right = truth[nearest] == label
    ranking[label] = is_right[:20].mean(), is_right.mean(), np.mean(truth == label)
ranking = pd.DataFrame(ranking, index=["first 20", "first 100", "all texts"]).T
print(f"mean of all labels: {ranking.mean().round(2).to_dict()}")
ranking.round(2)

# %%
# Keywords that belong to no label make a ranking, too. They become a vector as a
# label's do.

if "sci.space" in better:
    queries = [["satellite", "launch cost"], ["diet", "headache"], ["scanner"]]
else:
    queries = [["quantile", "median"], ["excel"], ["hierarchical", "linkage"]]
for words in queries:
    nearest, similarity = model.retrieve(keywords=words, top_k=20)
    counts = pd.Series(truth[nearest]).value_counts().head(3)
    where = ", ".join(f"{label} {n}" for label, n in counts.items())
    print(f"{' + '.join(words):24} cosine {similarity[-1]:.2f} and more: {where}")

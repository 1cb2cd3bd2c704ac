"""
====================
Rules from real text
====================

A Tsetlin machine takes the words of a text as they are, present or absent, and its
model is a list of rules about them. Here it learns where a text comes from: which
subpackage of NumPy, SciPy, pandas or scikit-learn a docstring documents and, if the
published texts are there, in which of two newsgroups something was posted.

The docstrings are read from what is installed, without signatures, code and dotted
names, and a text that is much like an earlier one is left out.
"""

import textwrap

import matplotlib.pyplot as plt
import numpy as np
from _data import docstrings, newsgroups
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import make_pipeline

from sklearn_ext import TsetlinMachineClassifier
from sklearn_ext.tsetlin import ClauseDisplay

texts, subpackages = docstrings()
texts_train, texts_test, y_train, y_test = train_test_split(
    texts, subpackages, random_state=0, stratify=subpackages
)
print(f"{len(texts)} docstrings of {len(set(subpackages))} subpackages")

# %%
# Beside linear models
# --------------------
# All get the same bits: which words are there. A Tsetlin machine comes about as far as
# linear models, sometimes a little further, and takes much longer to train. What it
# gives in return are rules.


def on_words(classifier):
    """Put a classifier behind the presence of words that occur in three texts."""
    vectorizer = CountVectorizer(
        binary=True, min_df=3, stop_words="english", token_pattern=r"(?u)\b[a-z]\w+\b"
    )
    return make_pipeline(vectorizer, classifier)


def linear_models():
    """Return the linear models for comparison."""
    return {
        "LogisticRegression": on_words(LogisticRegression(max_iter=1000)),
        "ComplementNB": on_words(ComplementNB()),
    }


machine = on_words(TsetlinMachineClassifier(max_iter=20, n_jobs=-1, random_state=0))
for name, model in {"Tsetlin machine": machine, **linear_models()}.items():
    model.fit(texts_train, y_train)
    print(f"{name:20} accuracy on new texts {model.score(texts_test, y_test):.3f}")

# %%
# Which words speak for a class, and which against it
# ---------------------------------------------------
# The clauses of a class share out their votes among their words. Summed over all
# clauses, the words that they have in common stand out from those that got into single
# clauses by chance.

vectorizer, classifier = machine
names = vectorizer.get_feature_names_out()
figure, axes = plt.subplots(1, 3, figsize=(11, 5), layout="constrained")
for ax, label in zip(
    axes, ["scipy.signal", "sklearn.cluster", "pandas.io"], strict=True
):
    ClauseDisplay.from_estimator(
        classifier, class_label=label, feature_names=names, ax=ax
    )
plt.show()

# %%
# Why is this text there?
# -----------------------
# ``explain`` divides the votes for a text among the literals of the clauses that are
# true about it. In a short text most of what speaks for a class are words of other
# classes that are absent.

found = machine.predict(texts_test)
position = np.flatnonzero(found == "scipy.signal")[0]
print(textwrap.fill(texts_test[position], 88))
print(f"in truth {y_test[position]}, predicted {found[position]}")
bits = vectorizer.transform(texts_test[position : position + 1])
reasons = classifier.explain(bits, by="literal", feature_names=names)
reasons[reasons["class_label"] == found[position]].nlargest(8, "contribution")

# %%
# Short rules
# -----------
# Most clauses above are lists of dozens of words. A larger ``specificity`` and a small
# ``max_literals`` give rules of a word or two, which can be read one by one, at the
# price of some points of accuracy.
#
# The texts are now those of two newsgroups, without headers; the test texts are the
# later ones. Where they are not, the docstrings of two subpackages stand in.

posts = newsgroups("rec.motorcycles", "sci.space")
if posts is None:
    print("The newsgroups are not here: these are the docstrings of two subpackages.")
    posts = []
    for part, labels in [(texts_train, y_train), (texts_test, y_test)]:
        chosen = np.flatnonzero(np.isin(labels, ["scipy.signal", "scipy.stats"]))
        posts += [[part[i] for i in chosen], labels[chosen]]
posts_train, groups_train, posts_test, groups_test = posts

long = on_words(TsetlinMachineClassifier(200, n_jobs=-1, random_state=0))
short = on_words(
    TsetlinMachineClassifier(
        100, specificity=5, max_literals=8, n_jobs=-1, random_state=0
    )
)
for name, model in {
    "long rules": long,
    "short rules": short,
    **linear_models(),
}.items():
    model.fit(posts_train, groups_train)
    print(f"{name:20} accuracy on new texts {model.score(posts_test, groups_test):.3f}")

# %%
# ``simplify`` merges equal clauses and never changes a vote. ``support`` is the share
# of the training texts where a rule is true. ``precision`` says how often it is right
# there: a rule with a negative vote speaks against its class, and is right about texts
# that are *not* of the class. What gives a newsgroup away are, besides its matter,
# people and clubs: ``dod`` are the "Denizens of Doom".

vectorizer, classifier = short
names = vectorizer.get_feature_names_out()
rules = classifier.simplify().get_rules(
    vectorizer.transform(posts_train), groups_train, feature_names=names
)
columns = ["class_label", "vote", "support", "precision", "rule"]
of_words = rules[rules["present"].str.len() > 0]
of_words.groupby("class_label").head(6)[columns].round(3).reset_index(drop=True)

# %%
# A rule of negations alone that votes against the class is a list of words in disguise:
# the class loses the vote unless one of the words is there. It reads "any of".

lists = rules[rules["rule"].str.startswith("any of")]
for label, rule in lists.groupby("class_label").head(3)[["class_label", "rule"]].values:
    print(textwrap.fill(f"{label}: {rule}", 88, subsequent_indent="    "))

# %%
# The words of both machines for and against the same class:

figure, axes = plt.subplots(1, 2, figsize=(8, 4.6), layout="constrained")
for ax, (title, model) in zip(
    axes, {"long": long, "short": short}.items(), strict=True
):
    vectorizer, classifier = model
    ClauseDisplay.from_estimator(
        classifier, feature_names=vectorizer.get_feature_names_out(), ax=ax
    )
    ax.set_title(f"{classifier.classes_[1]}, {title} rules")
plt.show()

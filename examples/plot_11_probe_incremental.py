"""
=======================================
New classes without forgetting old ones
=======================================

A product that sorts questions by intent gets new intents all the time, and the texts of
the old ones are not always kept. A classifier that is trained further on the new ones
alone forgets the old ones. :class:`~sklearn_ext.NaiveBayesProbe` can't: its state is a
table of sums, a new class is a new row in it, and after any sequence of sessions the
model is the one that a fit on everything would have given.

The texts are questions to a bank, where that corpus is there, else the beginnings of
docstrings; the features are embeddings that nobody trains here.
"""

import matplotlib.pyplot as plt
import numpy as np
from _embeddings import embed, short_texts
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from sklearn_ext import NaiveBayesProbe

texts, y = short_texts(n_classes=15, n_each=60)
X = embed(texts).astype(np.float64)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.3, random_state=0, stratify=y
)
rng = np.random.default_rng(0)
sessions = np.array_split(rng.permutation(np.unique(y)), 5)

# %%
# Five sessions of three classes
# ------------------------------
# Each model sees the rows of a session once they come, and never again. The probe needs
# no list of classes in advance with ``new_classes="add"``. ``SGDClassifier`` has to be
# told all of them at the start, and goes over the rows of a session twenty times. For
# comparison, a logistic regression is fitted anew on all rows so far, which is what one
# could have with everything kept.

probe = NaiveBayesProbe(new_classes="add")
sgd = SGDClassifier(loss="log_loss", random_state=0)
everything = LogisticRegression(C=10, max_iter=1000)

accuracy = {"naive Bayes": [], "SGD": [], "all rows kept": []}
for session in range(len(sessions)):
    rows = np.flatnonzero(np.isin(y_train, sessions[session]))
    probe.partial_fit(X_train[rows], y_train[rows])
    for _ in range(20):
        shuffled = rng.permutation(rows)
        sgd.partial_fit(X_train[shuffled], y_train[shuffled], classes=np.unique(y))
    so_far = np.isin(y_train, np.concatenate(sessions[: session + 1]))
    with threadpool_limits(1):  # in small fits, threads mostly wait for each other
        everything.fit(X_train[so_far], y_train[so_far])

    models = {"naive Bayes": probe, "SGD": sgd, "all rows kept": everything}
    for name, model in models.items():
        found = model.predict(X_test)
        accuracy[name].append(
            [
                accuracy_score(y_test[part], found[part])
                for part in (np.isin(y_test, classes) for classes in sessions)
            ]
        )

# %%
# What each model knows after each session
# ----------------------------------------
# A row is a point in time, a column the classes of one session. Above the diagonal are
# classes that are still to come. Below it is what is left of the old ones.

figure, axes = plt.subplots(1, 3, figsize=(10, 3.8), layout="constrained", sharey=True)
ticks = [str(number) for number in range(1, len(sessions) + 1)]
for ax, (name, values) in zip(axes, accuracy.items(), strict=True):
    values = np.array(values)
    to_come = np.triu(np.ones_like(values, dtype=bool), k=1)
    image = ax.imshow(np.ma.array(values, mask=to_come), vmin=0, vmax=1, cmap="Blues")
    for row, column in zip(*np.nonzero(~to_come), strict=True):
        value = values[row, column]
        colour = "white" if value > 0.6 else "black"
        ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour)
    ax.set(title=name, xlabel="accuracy on classes of session")
    ax.set_xticks(range(len(sessions)), ticks)
    ax.set_yticks(range(len(sessions)), ticks)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
axes[0].set_ylabel("after session")
plt.show()

# %%
# Forgetting of a class is its best accuracy so far minus its accuracy at the end. What
# naive Bayes and the refitted model lose is not forgotten: with more classes there is
# more to confuse.

for name, values in accuracy.items():
    values = np.array(values)
    forgetting = (values.max(axis=0) - values[-1])[:-1].mean()
    print(
        f"{name:14} final accuracy {values[-1].mean():.3f}  forgetting {forgetting:.3f}"
    )

# %%
# The sessions leave no trace
# ---------------------------
# Another order of the sessions, or all rows at once, give the same model.

at_once = NaiveBayesProbe().fit(X_train, y_train)
backwards = NaiveBayesProbe(new_classes="add")
for classes in sessions[::-1]:
    rows = np.isin(y_train, classes)
    backwards.partial_fit(X_train[rows], y_train[rows])
for name, other in {"backwards": backwards, "all at once": at_once}.items():
    difference = np.abs(other.coef_ - probe.coef_).max() / np.abs(probe.coef_).max()
    print(f"{name:12} largest difference of coefficients {difference:.0e}")

# %%
# What it does not give
# ---------------------
# No forgetting is not the best accuracy: with all rows kept and enough of them, a
# logistic regression is ahead. And ``classes_`` stays sorted, so a new class moves the
# columns of the probabilities; look them up by name.
#
# A class of a single row is poor, whatever the model. ``priors="uniform"`` helps a
# little there: by default, a class with few rows has a small prior.

old_rows = np.flatnonzero(np.isin(y_train, np.concatenate(sessions[:-1])))
is_new = np.isin(y_test, sessions[-1])
for n_rows in (1, 2, 3, 5, 10):
    new_rows = [np.flatnonzero(y_train == label)[:n_rows] for label in sessions[-1]]
    scores = []
    for priors in (None, "uniform"):
        model = NaiveBayesProbe(priors=priors, new_classes="add")
        for rows in (old_rows, np.concatenate(new_rows)):
            model.partial_fit(X_train[rows], y_train[rows])
        scores.append(model.score(X_test[is_new], y_test[is_new]))
    print(
        f"{n_rows:2} rows per new class: accuracy on them {scores[0]:.3f}, "
        f"with uniform priors {scores[1]:.3f}"
    )

"""
=======================================
Errors that cost: more than two classes
=======================================

Handwritten digits of an amount of money are read by a machine. To read a 1 as a 7 is
worse than as a 2, and to pay too much is worse than too little. Such costs are a
matrix, and ``metric="cost"`` trains on the mean cost of the predictions, or rather on a
smooth one.

The textbook way is to leave the training alone and to predict the class of the least
expected cost, given the probabilities of a logistic regression. It stands beside.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from _data import imbalanced
from sklearn.callback import ScoringMonitor
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, f1_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_predict,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from threadpoolctl import threadpool_limits

from sklearn_ext import AnyLossClassifier, AnyLossClassifierCV

X, y = load_digits(return_X_y=True)
too_much = np.arange(10) - np.arange(10)[:, np.newaxis]
cost = np.where(too_much > 0, 5.0 * too_much, abs(too_much))
print("cost of reading a 3 as 0, 1, ... 9:", cost[3])

# %%
# Three ways to predict
# ---------------------
# Predictions for all rows by five folds. Least expected cost lowers the cost by giving
# up accuracy: it hedges, and calls a digit smaller than it most likely is. Training on
# the cost moves the borders instead, and keeps the accuracy.

folds = StratifiedKFold(5, shuffle=True, random_state=0)


def predictions(X, y, cost):
    """Return the positions of the classes that each way predicts."""
    logistic = make_pipeline(MinMaxScaler(), LogisticRegression(max_iter=3000))
    on_cost = make_pipeline(
        MinMaxScaler(), AnyLossClassifier("cost", metric_params={"cost": cost})
    )
    with threadpool_limits(1):  # in small fits, threads mostly wait for each other
        p = cross_val_predict(logistic, X, y, cv=folds, method="predict_proba")
        scores = cross_val_predict(on_cost, X, y, cv=folds, method="decision_function")
    return {
        "LogisticRegression": p.argmax(axis=1),
        "  least expected cost": (p @ cost).argmin(axis=1),
        'AnyLossClassifier("cost")': scores.argmax(axis=1),
    }


def summary(true, predicted, cost):
    """Return mean cost, accuracy and macro F1 of each way."""
    return pd.DataFrame(
        {
            name: {
                "mean cost": cost[true, found].mean(),
                "accuracy": (true == found).mean(),
                "macro F1": f1_score(true, found, average="macro"),
            }
            for name, found in predicted.items()
        }
    ).T


predicted = predictions(X, y, cost)
summary(y, predicted, cost).round(3)

# %%
# Where the errors went
# ---------------------
# Only errors are drawn. Above the diagonal too much is paid, which costs five times as
# much as the other side.

figure, axes = plt.subplots(1, 3, figsize=(9.6, 4.3), layout="constrained", sharey=True)
for ax, (name, found) in zip(axes, predicted.items(), strict=True):
    errors = confusion_matrix(y, found)
    np.fill_diagonal(errors, 0)
    image = ax.imshow(errors, cmap="Blues", vmin=0, vmax=12)
    for row, column in zip(*errors.nonzero(), strict=True):
        n_errors = errors[row, column]
        colour = "white" if n_errors > 7 else "black"
        ax.text(column, row, n_errors, ha="center", va="center", color=colour, size=8)
    ax.plot([-0.5, 9.5], [-0.5, 9.5], color="#999999", linewidth=0.8)
    high, low = np.triu(errors).sum(), np.tril(errors).sum()
    ax.set_title(f"{name.strip()}\n{high} too high, {low} too low", size=10)
    ax.set(xlabel="predicted", xticks=range(10), yticks=range(10))
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
axes[0].set_ylabel("true")
plt.show()

# %%
# Choosing the amplification
# --------------------------
# :class:`~sklearn.model_selection.GridSearchCV` searches any parameter, one fit after
# the other. :class:`~sklearn_ext.AnyLossClassifierCV` trains the heads of all folds and
# amplifications at once, as columns of one matrix. As of all metrics, more is better of
# its "cost": it is 1 minus the mean cost.

scaled = MinMaxScaler().fit_transform(X)


def mean_cost(true, found):
    return cost[true, found].mean()


params = {"metric": "cost", "metric_params": {"cost": cost}}
grid = GridSearchCV(
    AnyLossClassifier(**params),
    {"amplification": [5, 10, 20, 40]},
    scoring=make_scorer(mean_cost, greater_is_better=False),
    cv=folds,
)
at_once = AnyLossClassifierCV(amplifications=[5, 10, 20, 40], cv=folds, **params)
with threadpool_limits(1):
    grid.fit(scaled, y)
    at_once.fit(scaled, y)
pd.DataFrame(
    {
        "amplification": grid.cv_results_["param_amplification"].astype(int),
        "cost, GridSearchCV": -grid.cv_results_["mean_test_score"],
        "cost, AnyLossClassifierCV": 1 - at_once.cv_results_["mean_test_score"],
    }
).round(3)

# %%
# The one takes the best mean. The other takes, of the settings within a standard error
# of the best, the amplification that is nearest to 10: the differences are often noise.

print("GridSearchCV takes       ", grid.best_params_["amplification"])
print("AnyLossClassifierCV takes", at_once.best_params_["amplification"])

# %%
# Rare classes
# ------------
# The published table "nursery" has the priorities of applicants for a place in a
# nursery school, one of which is rare. To rank somebody too low costs five times as
# much as too high.

table = imbalanced("nursery")
if table is None:
    print("The table is not here.")
else:
    features, priority = table
    RANKS = {"not_recom": 0, "very_recom": 1, "priority": 2, "spec_prior": 3}
    known = priority.isin(RANKS)  # the fifth class has two rows
    ranks = priority[known].map(RANKS).to_numpy()
    too_high = np.arange(4) - np.arange(4)[:, np.newaxis]
    cost_of_rank = np.where(too_high > 0, too_high, 5.0 * abs(too_high))
    found = predictions(features[known].to_numpy(), ranks, cost_of_rank)
    print(summary(ranks, found, cost_of_rank).round(3))

# %%
# Watching the cost, and streams
# ------------------------------
# Callbacks see the classifier after each epoch. The monitor scores it on the training
# rows.

monitor = ScoringMonitor(scoring=make_scorer(mean_cost, greater_is_better=False))
watched = AnyLossClassifier(**params).set_callbacks(monitor).fit(scaled, y)
log = monitor.get_logs().data_as_pandas
log = log[log["task_name"] == "epoch"]

figure, ax = plt.subplots(figsize=(6, 3), layout="constrained")
ax.plot(np.arange(1, len(log) + 1), -log["score"], color="#0072B2")
ax.set(xlabel="epoch", ylabel="mean cost, training rows", ylim=(0, None))
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# ``partial_fit`` makes a pass over rows that come in pieces; the first piece starts
# with the warm start, if it has all classes. The last rows of the data are by other
# hands than the first, and harder to read.

stream = AnyLossClassifier(batch_size=50, random_state=0, **params)
new_X, new_y = scaled[1500:], y[1500:]
print("mean cost of new rows after each piece:")
for rows in np.array_split(np.random.default_rng(0).permutation(1500), 10):
    stream.partial_fit(scaled[rows], y[rows], classes=np.arange(10))
    print(f"{mean_cost(new_y, stream.predict(new_X)):.2f}", end=" ")
whole = AnyLossClassifier(**params).fit(scaled[:1500], y[:1500])
print(f"\nof a fit of all pieces: {mean_cost(new_y, whole.predict(new_X)):.2f}")

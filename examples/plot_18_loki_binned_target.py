"""
==========================================
Twenty grades, six of them ever annotated
==========================================

A quantity is recorded in grades, and somebody has annotated only some of these: the
progression of diabetes in twenty grades, with labels for grades 0, 4, 8, 12, 16 and 19.
A classifier can only predict what it has seen. Around the same classifier
:class:`~sklearn_ext.LokiClassifier` predicts the grade with the least expected squared
distance to the truth, which may well be one that nobody annotated.

The gain has a price. Fewer predictions are exactly right, so both numbers stand in each
table.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.model_selection import GridSearchCV, RepeatedKFold

from sklearn_ext import LokiClassifier, frechet_predict, make_label_distance_scorer

X, target = load_diabetes(return_X_y=True)
N_GRADES = 20
y = np.argsort(np.argsort(target, kind="stable")) * N_GRADES // len(target)
ANNOTATED = [0, 4, 8, 12, 16, 19]
is_annotated = np.isin(y, ANNOTATED)
print(
    f"{len(y)} patients, {is_annotated.sum()} of them in the {len(ANNOTATED)} of "
    f"{N_GRADES} grades that are annotated"
)

# %%
# One forest, four rules
# ----------------------
# Fifteen folds: each forest learns from the annotated rows of four fifths of the
# patients and is tested on all others. The rules only differ in what they make of its
# probabilities. A forest that is trained on the grade as a number is the obvious
# alternative where labels are numbers, and the mean grade of the annotated rows needs
# no features at all.

forest = RandomForestClassifier(200, min_samples_leaf=3, random_state=0)
grades = {"label_metric": "ordinal", "labels": range(N_GRADES)}
folds = list(RepeatedKFold(n_splits=5, n_repeats=3, random_state=0).split(X))
ARGMAX, OBSERVED, MEDIAN, LOKI = (
    "forest, most probable grade",
    "  Loki, annotated grades only",
    "  Loki, power=1",
    "  Loki",
)
predicted, fitted, tests = [], [], []
for train, test in folds:
    train = train[is_annotated[train]]
    loki = LokiClassifier(forest, **grades).fit(X[train], y[train])
    P = loki.estimator_.predict_proba(X[test])
    seen = loki.observed_classes_
    number = RandomForestRegressor(200, min_samples_leaf=3, random_state=0)
    number.fit(X[train], y[train])
    mean = np.full(len(test), y[train].mean())
    predicted.append(
        {
            ARGMAX: seen[P.argmax(axis=1)],
            OBSERVED: frechet_predict(P, seen, candidates="observed", **grades),
            MEDIAN: frechet_predict(P, seen, power=1, **grades),
            LOKI: loki.predict(X[test]),
            "forest of numbers, rounded": np.rint(number.predict(X[test])),
            "mean of the annotated grades": np.rint(mean),
        }
    )
    fitted.append((P, seen))
    tests.append(y[test])


def summary(true, found):
    """Return mean distances and shares of hits of predictions."""
    is_new = ~np.isin(true, ANNOTATED)
    return {
        "squared error": np.mean((true - found) ** 2),
        "absolute error": np.mean(abs(true - found)),
        "accuracy": np.mean(true == found),
        "accuracy, new grades": np.mean((true == found)[is_new]),
    }


truth = np.concatenate(tests)
pooled = {
    name: np.concatenate([each[name] for each in predicted]) for name in predicted[0]
}
table = pd.DataFrame({name: summary(truth, found) for name, found in pooled.items()}).T
table.round(3)

# %%
# By squared error the most probable grade is worse than no features at all, and Loki
# halves that error. Most of the gain comes from the rule, which also works with the
# annotated grades alone. The other grades add some, and only with them can a patient in
# a new grade be right. The forest of numbers is nearly as good: this is a regression by
# classes. What the classes add are probabilities, one for each grade.

# %%
# What is predicted
# -----------------
# Predictions of all folds, each true grade a row that sums to 1.

figure, axes = plt.subplots(1, 2, figsize=(9.2, 4.7), layout="constrained", sharey=True)
for ax, name in zip(axes, [ARGMAX, LOKI], strict=True):
    counts = np.zeros((N_GRADES, N_GRADES))
    np.add.at(counts, (truth, pooled[name]), 1)
    shares = counts / counts.sum(axis=1, keepdims=True)
    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=0.5, origin="lower")
    ax.plot([0, N_GRADES - 1], [0, N_GRADES - 1], color="#D55E00", linewidth=1)
    used = len(np.unique(pooled[name]))
    ax.set_title(
        f"{name.strip().capitalize()}: {used} grades are used\n"
        f"squared error {table.loc[name, 'squared error']:.1f}, "
        f"accuracy {table.loc[name, 'accuracy']:.3f}",
        size=11,
    )
    ax.set(xlabel="predicted grade (annotated ones have a tick)", xticks=ANNOTATED)
    ax.spines[:].set_visible(False)
axes[0].set(ylabel="true grade", yticks=ANNOTATED)
figure.colorbar(image, ax=axes, label="share of the true grade", shrink=0.8)
plt.show()

# %%
# Temperature and power
# ---------------------
# Unlike the argmax the rule depends on how sure the classifier is, and on the power of
# the distance. Both can be searched: the scorer reads the label space from the
# classifier, and rows of annotated grades are enough.

settings = {"temperature": [0.1, 0.2, 0.5, 1, 2, 5], "power": [1, 2]}
search = GridSearchCV(
    LokiClassifier(forest.set_params(n_estimators=50), **grades),
    settings,
    scoring=make_label_distance_scorer(),
    cv=5,
)
search.fit(X[is_annotated], y[is_annotated])
print("best:", search.best_params_)
pd.DataFrame(search.cv_results_).pivot(
    index="param_temperature", columns="param_power", values="mean_test_score"
).mul(-1).rename_axis(columns="squared error, power").round(1)

# %%
# The same on all grades, with the forests of the fifteen folds. A low temperature makes
# the most probable grade sure, so that the rule becomes the argmax; a high one makes
# all grades alike, and the prediction the middle. What the search found on the
# annotated grades is right for all. On the way from the argmax to there, hits are lost.

temperatures = np.logspace(-1, 1, 21)
curves = {}
for power in settings["power"]:
    for temperature in temperatures:
        keywords = {"temperature": temperature, "power": power, **grades}
        found = [frechet_predict(P, seen, **keywords) for P, seen in fitted]
        curves[power, temperature] = summary(truth, np.concatenate(found))
curves = pd.DataFrame(curves).T

figure, axes = plt.subplots(1, 2, figsize=(9.2, 3.8), layout="constrained")
LOOKS = {2: ("#0072B2", "-", "power 2"), 1: ("#E69F00", "--", "power 1")}
TITLES = {
    "squared error": "The squared error has a broad minimum ...",
    "accuracy": "... and exact hits are lost on the way there",
}
for ax, (name, title) in zip(axes, TITLES.items(), strict=True):
    for power, (colour, dashes, label) in LOOKS.items():
        errors = curves.loc[power, name]
        ax.plot(errors.index, errors, dashes, color=colour, label=label)
    ax.axhline(table.loc[ARGMAX, name], color="#999999", linewidth=1)
    ax.annotate(
        "most probable grade",
        (temperatures[-1], table.loc[ARGMAX, name]),
        (0, 4 if name == "accuracy" else -14),
        textcoords="offset points",
        ha="right",
        color="#666666",
    )
    ax.axvline(search.best_params_["temperature"], color="#009E73", linewidth=1)
    ax.set(xscale="log", xlabel="temperature", ylabel=name, ylim=(0, None))
    ax.set_xticks([0.1, 1, 10], ["0.1", "1", "10"])
    ax.set_title(title, size=11)
    ax.spines[["top", "right"]].set_visible(False)
axes[0].legend(frameon=False, loc="lower right")
axes[0].text(
    search.best_params_["temperature"] * 0.93,
    2,
    "found by\nthe search",
    color="#009E73",
    ha="right",
)
plt.show()

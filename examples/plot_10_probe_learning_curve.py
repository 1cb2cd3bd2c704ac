"""
=====================================
How many labels until another probe?
=====================================

A linear probe is the cheap classifier on top of an embedding that somebody else
trained. Two of them compete: naive Bayes with shared variances, in closed form, and
logistic regression. Naive Bayes comes near its best with few labels, logistic
regression needs more and ends higher. :func:`~sklearn_ext.probe_learning_curve` tells
where they cross on your data, and which one to take at each number of labels.

The texts are questions to a bank and the classes what the customer wants, where that
corpus is there; else they are the beginnings of docstrings. The embeddings are those of
a small sentence transformer, if it is installed.
"""

import matplotlib.pyplot as plt
import numpy as np
from _embeddings import embed, short_texts
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from threadpoolctl import threadpool_limits

from sklearn_ext import (
    NaiveBayesProbe,
    ProbeLearningCurveDisplay,
    probe_learning_curve,
)

texts, y = short_texts(n_classes=15, n_each=60)
X = embed(texts)

# %%
# Where they cross
# ----------------
# Subsets are nested and the same for both, and everything is repeated with the rows in
# another order. The shaded stretch is where the crossing lies in 95 % of the resamples
# of the repeats.

with threadpool_limits(1):  # in small fits, threads mostly wait for each other
    result = probe_learning_curve(X, y, n_repeats=10, random_state=0)
ProbeLearningCurveDisplay.from_result(result)
plt.show()

# %%
# ``recommended`` is the classifier with the best mean score:

summary = result.frame.pivot_table(
    index="train_size", columns="estimator", values="score"
)
summary["recommended"] = result.recommended
summary.round(3)

# %%

crossing = result.crossings["nb", "lr"]
if crossing is None:
    print("Logistic regression does not overtake naive Bayes for good here.")
else:
    print(
        f"Change to logistic regression at about {crossing.size:.0f} labels, "
        f"{crossing.size / len(set(y)):.0f} per class "
        f"(95 %: {crossing.low:.0f} to {crossing.high:.0f})."
    )

# %%
# Other classifiers without iterations can stand beside them. On embeddings, whose
# features are much alike, the nearest centroid is as good as naive Bayes.
# ``GaussianNB`` has a variance for each class and each feature: far too many for a few
# labels, and an advantage with many.

with threadpool_limits(1):
    others = probe_learning_curve(
        X,
        y,
        estimators={
            "NaiveBayesProbe": NaiveBayesProbe(),
            "NearestCentroid": NearestCentroid(),
            "GaussianNB": GaussianNB(),
        },
        random_state=0,
    )
ProbeLearningCurveDisplay.from_result(others, show_crossing=False)
plt.show()

# %%
# Probabilities
# -------------
# Naive Bayes takes each feature for independent evidence, which they are not, so its
# probabilities are far too near to 0 and 1. One number, the temperature, mends most of
# that. ``temperature="loo"`` finds it in closed form by leaving each training row out
# of its own class, without any other fit and without held-out labels.

X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=10 * len(set(y)), random_state=0, stratify=y
)
probes = {
    "naive Bayes, raw": NaiveBayesProbe(),
    'naive Bayes, "loo"': NaiveBayesProbe(temperature="loo"),
    "logistic regression": make_pipeline(
        MinMaxScaler(), LogisticRegression(max_iter=1000)
    ),
}


def calibration_error(is_right, confidence, n_bins=15):
    """Expected calibration error of the most probable class, in equal bins."""
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gaps = np.bincount(bins, is_right - confidence, minlength=n_bins)
    return np.abs(gaps).sum() / len(bins)


figure, axes = plt.subplots(1, 3, figsize=(9.6, 3.5), layout="constrained", sharey=True)
for ax, (name, probe) in zip(axes, probes.items(), strict=True):
    with threadpool_limits(1):
        probabilities = probe.fit(X_train, y_train).predict_proba(X_test)
    confidence = probabilities.max(axis=1)
    is_right = probe.predict(X_test) == y_test
    error = calibration_error(is_right, confidence)
    share_right, mean_confidence = calibration_curve(is_right, confidence, n_bins=10)
    ax.plot([0, 1], [0, 1], color="#999999", linewidth=1, linestyle="--")
    ax.plot(mean_confidence, share_right, marker="o", color="#0072B2")
    ax.hist(
        confidence,
        bins=np.linspace(0, 1, 11),
        weights=np.full(len(confidence), 1 / len(confidence)),
        color="#0072B2",
        alpha=0.2,
    )
    ax.set(title=f"{name}\nECE {error:.3f}", xlabel="confidence", ylim=(0, 1.02))
    ax.spines[["top", "right"]].set_visible(False)
    loss = log_loss(y_test, probabilities, labels=np.unique(y))
    print(f"{name:20} accuracy {is_right.mean():.3f}  log loss {loss:.2f}")
axes[0].set_ylabel("share right (bars: share of rows)")
plt.show()

# %%
# The temperature, and an estimate of the accuracy on new texts that costs no labels:

probe = probes['naive Bayes, "loo"']
print(f"temperature {probe.temperature_:.0f}")
print(f"accuracy, leaving one out  {probe.loo_score_:.3f}")
print(f"accuracy on the test texts {probe.score(X_test, y_test):.3f}")

# %%
# By log loss naive Bayes with the temperature stays ahead of logistic regression for
# longer than by accuracy. With two rows per class it is behind, though: there is too
# little to estimate a temperature from.

with threadpool_limits(1):
    losses = probe_learning_curve(
        X,
        y,
        estimators={
            "nb, loo": NaiveBayesProbe(temperature="loo"),
            "lr": probes["logistic regression"],
        },
        train_sizes=[30, 60, 120, 240, 480, 1.0],
        scoring="neg_log_loss",
        random_state=0,
    )
ProbeLearningCurveDisplay.from_result(losses)
plt.show()

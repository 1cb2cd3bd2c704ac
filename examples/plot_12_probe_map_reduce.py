"""
==============================
Merging models, and unlearning
==============================

The state of a :class:`~sklearn_ext.NaiveBayesProbe` is a table of sums, and sums add up
and can be taken back. So models of parts of the data can be merged, on many machines or
at sites that must not share their rows, and rows can be forgotten when somebody asks
for it. Neither is an approximation: the model is the one that a fit on the right rows
would have given, to the last digits.

The rows are handwritten digits. Their first 40 principal components are the features.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from sklearn_ext import NaiveBayesProbe

X, y = load_digits(return_X_y=True)
X = PCA(n_components=40, random_state=0).fit_transform(X)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.3, random_state=0, stratify=y
)


def difference(model, other):
    """Largest difference of two models' coefficients, relative to the largest one."""
    return np.abs(model.coef_ - other.coef_).max() / np.abs(other.coef_).max()


# %%
# Map and reduce
# --------------
# Eight sites have digits, each five kinds of them only. Each site fits its own model;
# ``merge`` adds the models up, in any order. What a site sends is its state: C + C d +
# 2 d numbers for C classes and d features, however many rows it has.

rng = np.random.default_rng(0)
favourites = np.array([rng.permutation(10)[:5] for _ in range(8)])
is_possible = (favourites[:, :, np.newaxis] == y_train).any(axis=1)
site = np.array([rng.choice(np.flatnonzero(column)) for column in is_possible.T])
base = NaiveBayesProbe(new_classes="add")
parts = [clone(base).fit(X_train[site == k], y_train[site == k]) for k in range(8)]
central = clone(base).fit(X_train, y_train)

merged = clone(base).fit(X_train[site == 0], y_train[site == 0])
scores = [merged.score(X_test, y_test)]
scores += [merged.merge(part).score(X_test, y_test) for part in parts[1:]]

figure, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
ax.plot(range(1, 9), scores, marker="o", color="#0072B2", label="merged so far")
own = [part.score(X_test, y_test) for part in parts]
ax.plot(range(1, 9), own, "o", color="#D55E00", label="the site alone")
ax.axhline(
    central.score(X_test, y_test), color="#666666", lw=1, ls="--", label="all rows"
)
ax.set(xlabel="site", ylabel="accuracy on all digits", ylim=(0, 1))
ax.legend(frameon=False, loc="lower right")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%

n_classes, n_features = central.theta_.shape
n_sent = n_classes + n_classes * n_features + 2 * n_features
print(f"a site sends {n_sent} numbers instead of about {X_train.size // 8:,}")
print(f"difference from a fit on all rows: {difference(merged, central):.0e}")

# %%
# Unlearning
# ----------
# Site 3 withdraws its rows. ``forget`` subtracts them, and the model knows as little of
# them as one that has never seen them: all probabilities are the same.

kept = site != 3
never_seen = clone(base).fit(X_train[kept], y_train[kept])
before = merged.predict_proba(X_test)
merged.forget(X_train[~kept], y_train[~kept])
after, fresh = merged.predict_proba(X_test), never_seen.predict_proba(X_test)

figure, axes = plt.subplots(1, 2, figsize=(8.4, 4), layout="constrained", sharey=True)
for ax, (title, values) in zip(
    axes, {"before": before, "after forget": after}.items(), strict=True
):
    ax.plot(fresh.ravel(), values.ravel(), "o", ms=3, color="#0072B2", alpha=0.5)
    ax.plot([0, 1], [0, 1], color="#666666", lw=1, ls="--")
    gap = np.abs(values - fresh).max()
    ax.set(title=f"{title}: differ by {gap:.0e} at most", aspect="equal")
    ax.set_xlabel("probability by a model that never saw the rows")
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("probability by this model")
plt.show()

# %%
# Rows that were never there are refused, and the model stays as it is:

try:
    merged.forget(np.repeat(X_test, 9, axis=0), np.repeat(y_test, 9))
except ValueError as error:
    print(error)

# %%
# How exact it is
# ---------------
# Each dot is one random way to split, merge or forget, against a fit on the same rows.
# The dashed line is the precision of a float64. Forgetting most of the rows loses a
# digit, because what is left is a small difference of large sums.


def split(n_parts):
    """Split the rows at random into parts."""
    return np.array_split(rng.permutation(len(X_train)), n_parts)


def in_batches():
    model = clone(base)
    for rows in split(20):
        model.partial_fit(X_train[rows], y_train[rows])
    return model, central


def by_merging():
    models = [clone(base).fit(X_train[rows], y_train[rows]) for rows in split(8)]
    model = models[0]
    for other in models[1:]:
        model.merge(other)
    return model, central


def by_forgetting(share):
    rows = rng.permutation(len(X_train))
    gone, left = np.split(rows, [int(share * len(rows))])
    model = clone(base).fit(X_train, y_train).forget(X_train[gone], y_train[gone])
    return model, clone(base).fit(X_train[left], y_train[left])


ways = {
    "20 batches": in_batches,
    "8 merged": by_merging,
    "10 % forgotten": lambda: by_forgetting(0.1),
    "50 % forgotten": lambda: by_forgetting(0.5),
    "90 % forgotten": lambda: by_forgetting(0.9),
}
figure, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
for place, way in enumerate(ways.values()):
    gaps = [difference(*way()) for _ in range(12)]
    jitter = rng.uniform(-0.15, 0.15, size=len(gaps))
    ax.plot(np.maximum(gaps, 1e-17), place + jitter, "o", color="#0072B2", alpha=0.6)
ax.axvline(np.finfo(float).eps, color="#666666", lw=1, ls="--")
ax.set(xscale="log", xlim=(1e-17, 1e-11), xlabel="largest relative difference of coef_")
ax.set_yticks(range(len(ways)), list(ways))
ax.invert_yaxis()
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# What stays behind
# -----------------
# Only what was estimated from the rows by leaving them out: a temperature or shrinkage
# that was chosen before keeps a trace of forgotten rows. Calibrate again on rows that
# are still in the model, or use fixed values.

calibrated = NaiveBayesProbe(temperature="loo").fit(X_train, y_train)
print(f"temperature of all rows         {calibrated.temperature_:.3f}")
calibrated.forget(X_train[~kept], y_train[~kept])
print(f"after forget, not estimated yet {calibrated.temperature_:.3f}")
calibrated.calibrate(X_train[kept], y_train[kept], kind="loo")
print(f"estimated from what is left     {calibrated.temperature_:.3f}")

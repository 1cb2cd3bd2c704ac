"""
===================================
Ten digits from ten pools, no label
===================================

Ten pools of handwritten digits, and nobody says which image shows what. Clustering
looks at the pixels, mixes ones with eights and splits the ones in three. But the pools
differ: one has many sevens, another hardly any. :class:`~sklearn_ext.LatentLabelShift`
learns to tell the pools apart, and from that which images rise and fall together. These
are the classes.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sklearn_ext import (
    LatentLabelShift,
    class_prior_error,
    clustering_accuracy,
    make_latent_label_shift,
)

# %%
# The pools
# ---------
# The frequencies of the digits are drawn at random for each pool, and the pools are
# filled with images; new images come from the same pools. The digits themselves are
# kept for the end. Some pools are nearly of one kind; here are four mixed ones.


def pools(seed):
    """Return training and new rows, (X, y, domains) each, and the true frequencies."""
    X, y = load_digits(return_X_y=True)
    X_train, X_new, y_train, y_new = train_test_split(
        X / 16, y, test_size=0.3, stratify=y, random_state=seed
    )
    *train, class_prior = make_latent_label_shift(
        X_train,
        y_train,
        n_domains=10,
        alpha=0.5,
        max_condition_number=6,
        random_state=100 + seed,
    )
    *new, _ = make_latent_label_shift(
        X_new, y_new, class_prior=class_prior, random_state=200 + seed
    )
    return train, new, class_prior


(X, y, domains), (X_new, y_new, domains_new), class_prior = pools(seed=1)
print(f"{len(X)} images to learn from, {np.bincount(domains).min()} or more in a pool")

figure, axes = plt.subplots(4, 1, figsize=(7, 3), layout="constrained")
for pool, ax in zip([2, 3, 5, 7], axes, strict=True):
    images = X[domains == pool][:16].reshape(-1, 8, 8)
    ax.imshow(np.hstack(np.pad(images, ((0, 0), (1, 1), (1, 1)))), cmap="gray_r")
    ax.set_ylabel(f"pool {pool}", rotation=0, ha="right", va="center")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
figure.suptitle("The first images of four of the ten pools")
plt.show()

# %%
# Learning the pools
# ------------------
# Any classifier with probabilities can be the discriminator. The better it tells the
# pools apart, the better are the classes.

discriminator = make_pipeline(
    StandardScaler(),
    Nystroem(gamma=0.005, n_components=300, random_state=0),
    LogisticRegression(C=10, max_iter=500),
)
model = LatentLabelShift(n_classes=10, discriminator=discriminator, random_state=0)
with threadpool_limits(1):
    model.fit(X, domains=domains)

# %%
# Its classes have numbers of their own. To compare them with the digits, and only for
# that, they are matched one to one:

said = model.predict(X_new, domains_new)
accuracy, names = clustering_accuracy(y_new, said, return_permutation=True)
error = class_prior_error(class_prior, model.p_y_given_d_, permutation=names)
print(f"accuracy on new images {accuracy:.3f}")
print(f"error of the frequencies of a pool, L1 of at most 2: {error:.3f}")

figure, axes = plt.subplots(
    1, 2, figsize=(8.6, 4.6), layout="constrained", sharex=True, sharey=True
)
for ax, (title, frequencies) in zip(
    axes,
    {"true": class_prior, "found without a label": model.p_y_given_d_[names]}.items(),
    strict=True,
):
    image = ax.imshow(frequencies, cmap="Blues", vmin=0, vmax=1)
    ax.set(title=title, xlabel="pool", xticks=range(10), yticks=range(10))
axes[0].set_ylabel("digit")
figure.colorbar(image, ax=axes, label="frequency in the pool", shrink=0.85)
figure.suptitle("Which digits a pool has, p(y | d)")
plt.show()

# %%
# What are the classes?
# ---------------------
# Nobody will tell you. Look at examples: each class has an anchor bin, rows of which
# nearly all should belong to it, and here are the new images nearest to its centre.
# Name what you see, and see what to doubt: one class has zeros among its threes.

posteriors = model.transform(X_new)
figure, axes = plt.subplots(5, 2, figsize=(7, 3.9), layout="constrained")
for digit, ax in enumerate(axes.T.flat):
    centre = model.bin_centers_[model.anchor_bins_[names[digit]]]
    nearest = np.linalg.norm(posteriors - centre, axis=1).argsort()[:10]
    images = X_new[nearest].reshape(-1, 8, 8)
    ax.imshow(np.hstack(np.pad(images, ((0, 0), (1, 1), (1, 1)))), cmap="gray_r")
    ax.set_ylabel(f"class {names[digit]}", rotation=0, ha="right", va="center")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
figure.suptitle("The most typical images of each class")
plt.show()

# %%
# Beside others
# -------------
# Five draws of pools. k-means sees the pixels alone. The published recipe has the same
# discriminator, but posteriors of the rows that it was fitted to, a factorisation from
# one random start, and a pseudo-inverse. Classifiers that are given all labels, and the
# frequencies as well, show what is left to gain.

recipe = {
    "n_bins": 10,
    "factorization": "nmf",
    "adjustment": "pinv",
    "cv": None,
    "n_init": 1,
}


def accuracies(seed):
    """Return the accuracy of each method on new rows of the same pools."""
    (X, y, domains), (X_new, y_new, domains_new), class_prior = pools(seed)
    model = LatentLabelShift(n_classes=10, discriminator=discriminator, random_state=0)
    published = clone(model).set_params(**recipe)
    with warnings.catch_warnings():  # of what a draw or the recipe does not support
        warnings.simplefilter("ignore", UserWarning)
        published.fit(X, domains)
        model.fit(X, domains)
    labelled = clone(discriminator).fit(X, y)
    weights = (class_prior / (np.bincount(y) / len(y))[:, np.newaxis]).T
    said = {
        "k-means on the pixels": KMeans(10, n_init=10, random_state=0)
        .fit(X)
        .predict(X_new),
        "published recipe": published.predict(X_new, domains_new),
        "LatentLabelShift": model.predict(X_new, domains_new),
        "all labels and frequencies": (
            labelled.predict_proba(X_new) * weights[domains_new]
        ).argmax(axis=1),
    }
    return {name: clustering_accuracy(y_new, each) for name, each in said.items()}


with threadpool_limits(1):
    found = [accuracies(seed) for seed in range(5)]
colours = ["#999999", "#E69F00", "#0072B2", "#999999"]
figure, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
for place, (name, colour) in enumerate(zip(found[0], colours, strict=True)):
    values = [each[name] for each in found]
    ax.plot(values, [place] * 5, "o", color=colour, alpha=0.6)
    ax.plot(np.mean(values), place, "|", color=colour, ms=26, mew=2.5)
    ax.annotate(
        f"{np.mean(values):.3f}",
        (1.015, place),
        xycoords=("axes fraction", "data"),
        va="center",
        color=colour,
    )
ax.set_yticks(range(4), list(found[0]))
ax.set(xlabel="accuracy on new images", xlim=(None, 1), ylim=(3.6, -0.6))
ax.set_title("Domains instead of labels: five draws and their mean")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

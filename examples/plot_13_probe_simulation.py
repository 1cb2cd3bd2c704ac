"""
=================================
How many rows a closed form saves
=================================

The paper behind :class:`~sklearn_ext.NaiveBayesProbe` proves that naive Bayes with
shared variances comes near its own best with a number of rows that grows like log n,
where n is the number of features, while logistic regression needs a number that grows
like n. Its simulation, `arXiv 2302.02334 <https://arxiv.org/abs/2302.02334>`__, is here
in small.

The rows of a class are normal, and all features are independent given the class, which
is what naive Bayes takes for granted. The mean of a class is the same in all features:
-1, 1, 2, and so on. Half of the features have variance 1, the other half have variance
n and say next to nothing.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sklearn_ext import NaiveBayesProbe


def draw(rng, n_classes, n_features, n_rows):
    """Draw rows and their classes."""
    means = np.array([-1.0, 1.0, 2.0, 4.0, 8.0])[:n_classes]
    variances = np.where(np.arange(n_features) % 2, 1.0, n_features)
    y = rng.integers(n_classes, size=n_rows)
    noise = rng.normal(size=(n_rows, n_features)) * np.sqrt(variances)
    return means[y][:, np.newaxis] + noise, y


def rows_needed(model, sizes, X, y, X_test, y_test):
    """Return the first number of rows that leaves an error of at most 1 %."""
    n_classes = len(np.unique(y_test))
    for size in sizes:
        has_all = len(np.unique(y[:size])) == n_classes
        if has_all and model.fit(X[:size], y[:size]).score(X_test, y_test) >= 0.99:
            return size
    return np.nan


# %%
# The best possible error is about zero with 100 features and more, so the question is
# from how many rows on a model is wrong about one new row in a hundred at most. The
# numbers of rows that are tried grow by a tenth.
#
# Logistic regression runs twice: on the features as they are, which is what the
# simulation is about, and behind a ``StandardScaler``, which is what one would do.

models = {
    "naive Bayes": NaiveBayesProbe(),
    "logistic regression": LogisticRegression(max_iter=1000),
    "logistic regression, scaled": make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=1000)
    ),
}
records = []
for n_classes in (2, 3):
    for n_features in (100, 140, 200, 280, 400):
        sizes = 2 * n_classes * 1.1 ** np.arange(80)
        sizes = np.unique(sizes[sizes < 6 * n_features].astype(int))
        for run in range(3):
            rng = np.random.default_rng([n_classes, n_features, run])
            X, y = draw(rng, n_classes, n_features, sizes[-1])
            test = draw(rng, n_classes, n_features, 2000)
            with threadpool_limits(1):  # threads mostly wait in small fits
                records += [
                    (
                        n_classes,
                        n_features,
                        name,
                        rows_needed(model, sizes, X, y, *test),
                    )
                    for name, model in models.items()
                ]
needed = pd.DataFrame(records, columns=["classes", "features", "model", "rows"])
table = needed.pivot_table(
    index=["classes", "features"], columns="model", values="rows"
)
table.round(0)

# %%

figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained", sharey=True)
colours = ["#0072B2", "#D55E00", "#E69F00"]
for ax, (n_classes, part) in zip(axes, needed.groupby("classes"), strict=True):
    for colour, name in zip(colours, models, strict=True):
        rows = part[part["model"] == name].groupby("features")["rows"]
        ax.plot(rows.mean(), marker="o", color=colour, label=name)
        ax.fill_between(
            rows.min().index, rows.min(), rows.max(), color=colour, alpha=0.2, lw=0
        )
    ax.set(xscale="log", yscale="log", xlabel="features", title=f"{n_classes} classes")
    ax.set_xticks([100, 140, 200, 280, 400], ["100", "140", "200", "280", "400"])
    ax.set_xticks([], minor=True)
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("rows for an error of 1 %")
axes[0].legend(frameon=False)
plt.show()

# %%
# The rows that logistic regression needs on raw features grow in step with the number
# of features, as the theorem says. Those that naive Bayes needs do not grow at all:
# here, more features also mean that the classes lie further apart.
#
# The third curve is not in the paper. What holds logistic regression up is the scale of
# the useless half of the features, and a scaler takes most of that away. Naive Bayes
# does not see the scale of a feature in the first place. On embeddings, whose features
# have much the same scale, expect a gap as in
# :ref:`sphx_glr_auto_examples_plot_10_probe_learning_curve.py`, and not as large as
# between the first two curves.

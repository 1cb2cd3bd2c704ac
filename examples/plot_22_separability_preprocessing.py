"""
=========================================
Choosing a preprocessing without a label
=========================================

Nothing is labelled yet, but the features have to be scaled somehow before anything else
can be done. :func:`~sklearn_ext.make_separability_scorer` lets ``GridSearchCV`` take
the preprocessing under which the rows fall apart into groups most clearly. Whether that
was a good choice is seen only with the labels, so here they are revealed afterwards: of
three data sets the choice is right for two, and the third shows when not to trust it.
"""

import matplotlib.pyplot as plt
import pandas as pd
from _data import docstrings
from scipy.stats import spearmanr
from sklearn.datasets import load_digits, load_wine
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, ShuffleSplit, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    Normalizer,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from sklearn_ext import make_separability_scorer

# %%
# The data
# --------
# Images of digits, 64 pixels each; the docstrings of scientific packages as 100
# components of tf-idf; and chemical measurements of wines.

texts, subpackages = docstrings()
words = TfidfVectorizer(sublinear_tf=True, stop_words="english")
components = make_pipeline(words, TruncatedSVD(100, random_state=0))
data = {
    "digits": load_digits(return_X_y=True),
    "docstrings": (components.fit_transform(texts), subpackages),
    "wine": load_wine(return_X_y=True),
}
for name, (X, y) in data.items():
    print(f"{name}: {X.shape[0]:,} rows, {X.shape[1]} features, {len(set(y))} classes")

# %%
# The search
# ----------
# No y anywhere. All candidates keep the number of features, and each is scored on the
# same rows: five times on half of them, which it was not fitted to.

candidates = {
    "as it is": "passthrough",
    "standardised": StandardScaler(),
    "robust": RobustScaler(),
    "to [0, 1]": MinMaxScaler(),
    "quantiles": QuantileTransformer(n_quantiles=50),
    "power": PowerTransformer(),
    "unit rows": Normalizer(),
    "whitened": PCA(whiten=True),
}
search = GridSearchCV(
    Pipeline([("prepare", "passthrough")]),
    {"prepare": list(candidates.values())},
    scoring=make_separability_scorer(),
    cv=ShuffleSplit(n_splits=5, test_size=0.5, random_state=0),
)
scores = {}
for name, (X, _) in data.items():
    search.fit(X)
    scores[name] = search.cv_results_["mean_test_score"]
scores = pd.DataFrame(scores, index=list(candidates))
print("chosen:", scores.idxmax().to_dict())
scores.round(2)

# %%
# The labels
# ----------
# How much is each preprocessing worth to somebody who has labels? Five nearest
# neighbours, five folds.

neighbors = KNeighborsClassifier()
accuracies = pd.DataFrame(
    {
        name: [
            cross_val_score(make_pipeline(each, neighbors), X, y).mean()
            for each in candidates.values()
        ]
        for name, (X, y) in data.items()
    },
    index=list(candidates),
)
figure, axes = plt.subplots(1, 3, figsize=(11, 3.7), layout="constrained")
for ax, name in zip(axes, data, strict=True):
    table = pd.DataFrame({"score": scores[name], "accuracy": accuracies[name]})
    rank = spearmanr(table["score"], table["accuracy"]).statistic
    table = table.sort_values("score", ascending=False)
    colours = ["#D55E00"] + ["#0072B2"] * (len(table) - 1)  # the chosen one and others
    ax.barh(table.index, table["score"], color=colours, height=0.65)
    for place, accuracy in enumerate(table["accuracy"]):
        ax.annotate(
            f"{accuracy:.1%}",
            (1.02, place),
            xycoords=("axes fraction", "data"),
            va="center",
            weight="bold" if accuracy == table["accuracy"].max() else "normal",
        )
    ax.invert_yaxis()
    ax.set_xlim(0, 1.05 * table["score"].max())
    ax.set_title(f"{name}: rank correlation {rank:.2f}", size=11)
    ax.set_xlabel("mass, without labels")
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
figure.suptitle("What the search sees, and beside it the accuracy that labels tell")
plt.show()

# %%
# For the digits the score puts the preprocessings in nearly the same order as the
# accuracy. (Whitening is bad here because it blows up pixels that are nearly always
# blank.) Among the docstrings it finds the one that matters, rows of norm 1, as
# everybody uses them with cosines. The others are much alike, and so are their scores.
#
# For wine it chooses the worst one. Its features have different units, and as they are
# one of them, proline in the hundreds, is all that a distance sees. The data are
# effectively one-dimensional then, where groups stand out easily. So the scorer is for
# features of one kind, such as pixels, spectra or embeddings. Where units differ,
# standardise before anything is chosen.
#
# Not the number of components
# ----------------------------
# For the same reason do not let it choose a dimension. Here is what it makes of PCA.

search = GridSearchCV(
    PCA(random_state=0),
    {"n_components": [2, 3, 5, 10, 20, 30, 40]},
    scoring=make_separability_scorer(),
    cv=ShuffleSplit(n_splits=5, test_size=0.5, random_state=0),
)
X, y = data["digits"]
search.fit(X)
sizes = search.param_grid["n_components"]
table = pd.DataFrame(
    {
        "mass": search.cv_results_["mean_test_score"],
        "accuracy": [
            cross_val_score(make_pipeline(PCA(n), neighbors), X, y).mean()
            for n in sizes
        ],
    },
    index=pd.Index(sizes, name="n_components"),
)
print("chosen:", search.best_params_)
table.round(3)

# %%
# Two components have the highest score and by far the lowest accuracy: in the plane a
# few groups lie well apart, and the others on top of each other. Among more components
# the order is not right either.

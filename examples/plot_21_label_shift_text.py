"""
========================================
Classes of texts that look nothing alike
========================================

Three teams document Python packages, and each looks after a handful of subpackages that
have nothing in common. The texts lie in six archives, and nobody noted the team. By
their words one can group texts into topics, but no team is a topic. What the texts of a
team have in common is that they come and go together: where a team was busy, all of its
subjects are frequent. That is what :class:`~sklearn_ext.LatentLabelShift` sees.

The texts are docstrings of the installed packages. Only the teams and the archives are
made up.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from _data import docstrings
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer
from threadpoolctl import threadpool_limits

from sklearn_ext import (
    LatentLabelShift,
    clustering_accuracy,
    make_latent_label_shift,
)

texts, subpackages = docstrings()
names = np.unique(subpackages)
teams = np.arange(len(names)) % 3  # in turns, so that no team has a topic

train, test = train_test_split(
    pd.DataFrame({"text": texts, "subpackage": subpackages}),
    test_size=0.3,
    stratify=subpackages,
    random_state=0,
)


def archives(table, class_prior=None):
    """Return rows spread over archives, their teams and archives, and p(y | d)."""
    team = teams[np.searchsorted(names, table["subpackage"])]
    return make_latent_label_shift(
        table,
        team,
        n_domains=6,
        max_condition_number=3,
        class_prior=class_prior,
        random_state=1,
    )


train, team_train, archive_train, class_prior = archives(train)
known, team_known, archive_known, _ = archives(test, class_prior)
print(f"{len(train)} texts of {len(names)} subpackages in 6 archives")
print("\nshare of each team in each archive")
print(pd.DataFrame(class_prior, ["team 0", "team 1", "team 2"]).round(2).to_string())

# %%
# Choosing without labels
# -----------------------
# Text goes in as it is, since the discriminator takes it. Its regularisation is chosen
# by ``score``, which says how well the classes explain the archives of texts that were
# left out. The folds must be stratified by archive, which a grid search does not do by
# itself for a clusterer.

discriminator = make_pipeline(
    TfidfVectorizer(min_df=3, stop_words="english", sublinear_tf=True),
    LogisticRegression(max_iter=500),
)
grid = GridSearchCV(
    LatentLabelShift(n_classes=3, discriminator=discriminator, random_state=0),
    {"discriminator__logisticregression__C": [0.1, 0.5, 2, 10]},
    cv=StratifiedKFold(3, shuffle=True, random_state=0),
)
with threadpool_limits(1):
    grid.fit(train["text"], archive_train)
model = grid.best_estimator_
for params, score in zip(
    grid.cv_results_["params"], grid.cv_results_["mean_test_score"], strict=True
):
    print(f"C = {params['discriminator__logisticregression__C']:<4} score {score:.3f}")

# %%
# Topics or teams
# ---------------
# Each row is a subpackage, and its colour says how many of its new texts went to which
# class. The subpackages of a team stand together. k-means sorts by subject;
# ``LatentLabelShift`` finds the teams, without having seen one. Neither is told which
# archive a text is from; with it ``predict`` does better still.

k_means = make_pipeline(
    TfidfVectorizer(min_df=3, stop_words="english", sublinear_tf=True),
    TruncatedSVD(50, random_state=0),
    Normalizer(),
    KMeans(3, n_init=10, random_state=0),
).fit(train["text"])
said = {
    "k-means": k_means.predict(known["text"]),
    "LatentLabelShift": model.predict(known["text"]),
}
by_team = np.argsort(teams, kind="stable")
figure, axes = plt.subplots(1, 2, figsize=(7.5, 5), layout="constrained", sharey=True)
for ax, (method, labels) in zip(axes, said.items(), strict=True):
    accuracy, order = clustering_accuracy(team_known, labels, return_permutation=True)
    shares = pd.crosstab(known["subpackage"], labels, normalize="index")
    shares = shares.reindex(index=names[by_team], columns=order, fill_value=0)
    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for border in np.cumsum(np.bincount(teams))[:-1] - 0.5:
        ax.axhline(border, color="#D55E00", lw=1.5)
    ax.set_xticks(range(3), [f"class {each}" for each in order])
    ax.set_title(f"{method}:\n{accuracy:.0%} in the right team", size=11)
axes[0].set_yticks(range(len(names)), names[by_team])
right = axes[1].secondary_yaxis("right")
middles = [np.flatnonzero(teams[by_team] == team).mean() for team in range(3)]
right.set_yticks(middles, ["team 0", "team 1", "team 2"], rotation=90, va="center")
right.tick_params(length=0)
figure.colorbar(image, ax=axes, label="share of the texts", shrink=0.6)
plt.show()

# %%
# Beside it, what the archives alone would tell, if one knew their most frequent teams:

in_archive = model.predict(known["text"], archive_known)
accuracy = clustering_accuracy(team_known, in_archive)
usual = class_prior.argmax(axis=0)[archive_known]
print(f"LatentLabelShift, told the archive too  {accuracy:.0%}")
print(f"the most frequent team of each archive  {(usual == team_known).mean():.0%}")

# %%
# A new archive
# -------------
# Three more archives arrive, with other shares. Nothing is fitted again: ``adapt``
# estimates the shares from the texts of an archive, and ``predict`` takes them. In the
# third archive the teams are about as frequent as in those of ``fit`` together, so
# there is nothing to gain.

new_prior = np.array([[0.8, 0.1, 0.3], [0.1, 0.2, 0.4], [0.1, 0.7, 0.3]])
new, team_new, archive_new, _ = make_latent_label_shift(
    test,
    teams[np.searchsorted(names, test["subpackage"])],
    class_prior=new_prior,
    random_state=2,
)
figure, axes = plt.subplots(1, 3, figsize=(8, 3.4), layout="constrained", sharey=True)
for archive, ax in enumerate(axes):
    rows = new.loc[archive_new == archive, "text"]
    truth = team_new[archive_new == archive]
    found = model.adapt(rows)
    plain = clustering_accuracy(truth, model.predict(rows))
    adapted = clustering_accuracy(truth, model.predict(rows, class_prior=found))
    places = np.arange(3)
    ax.bar(places - 0.2, new_prior[:, archive], 0.4, color="#BBBBBB", label="true")
    ax.bar(places + 0.2, found[order], 0.4, color="#0072B2", label="adapt")
    ax.set_xticks(places, [f"team {team}" for team in places])
    ax.set_title(
        f"{len(rows)} texts: {plain:.0%} right,\n{adapted:.0%} after adapting", size=10
    )
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("share of the archive")
axes[0].legend(frameon=False)
figure.suptitle("Teams in three new archives, without a new fit")
plt.show()

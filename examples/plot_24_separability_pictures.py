"""
==================================
Three pictures of unlabelled data
==================================

Handwritten digits without their labels: are there groups, how many, and of which
images? :class:`~sklearn_ext.ClassSeparability` lets balls grow around all points and
notes the distance at which groups of them merge. That is one bar per merge, and
:class:`~sklearn_ext.SeparabilityDisplay` draws the bars in three ways. The labels come
at the end, to see what the pictures were worth.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import KNeighborsClassifier

from sklearn_ext import ClassSeparability, SeparabilityDisplay

images, digit = load_digits(return_X_y=True)
X = PCA(20, random_state=0).fit_transform(images)

# For comparison, the same columns, each shuffled by itself: no groups are left.
rng = np.random.default_rng(0)
X_shuffled = np.column_stack([rng.permutation(column) for column in X.T])

digits = ClassSeparability().fit(X)
shuffled = ClassSeparability().fit(X_shuffled)
print(f"mass of the digits {digits.score_:.2f}, shuffled {shuffled.score_:.2f}")

# %%
# Barcode
# -------
# The longest bars, the longest at the top. Long bars alone say nothing: in twenty
# dimensions most of them are those of outliers, and the shuffled columns have longer
# ones than the digits. The colour tells them apart. A strong bar is the merge of two
# groups, and there are none among the shuffled rows. The arrow is what remains when all
# have merged.

figure, axes = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained", sharex=True)
for ax, fitted, name in zip(
    axes, [digits, shuffled], ["digits", "columns shuffled"], strict=True
):
    SeparabilityDisplay.from_estimator(fitted, max_bars=200, ax=ax)
    ax.set_title(f"{name}: mass {fitted.score_:.2f}", size=11)
plt.show()

# %%
# Curve
# -----
# All bars by rank. Here the large markers are the groups, and one sees at which
# distances they merge: the statistic "mass" adds them up, the size of each times its
# length over that of the median bar.

display = SeparabilityDisplay.from_estimator(digits, kind="curve")
median = np.median(digits.persistence_)
display.ax_.axhline(median, color="#999999", linewidth=1, linestyle="--", zorder=1)
display.ax_.annotate(
    "median",
    (1, median),
    (0, -4),
    textcoords="offset points",
    va="top",
    color="#666666",
)
display.ax_.set_title("The digits: groups merge between 16 and 20", size=11)
plt.show()

# %%
# Where to cut
# ------------
# The bars are merge heights of single linkage, so ``labels_at`` has the clusters for
# any number of them, most of which are outliers by themselves. Which cut shows the most
# groups with at least 1 % of the rows?

n_clusters = np.arange(2, 900)
counts = [np.bincount(digits.labels_at(n)) for n in n_clusters]
n_groups = np.array([np.count_nonzero(count >= len(X) / 100) for count in counts])
best = n_clusters[n_groups.argmax()]
cut = digits.persistence_[len(X) - best]
labels = digits.labels_at(best)
groups = np.flatnonzero(np.bincount(labels) >= len(X) / 100)
is_grouped = np.isin(labels, groups)
print(
    f"{best} clusters: {len(groups)} groups with {is_grouped.mean():.0%} of the rows, "
    f"and {best - len(groups)} of a few rows"
)

# %%
# Dendrogram
# ----------
# The tree of the last merges, with the cut. What crosses it are the clusters.

display = SeparabilityDisplay.from_estimator(digits, kind="dendrogram", max_bars=400)
display.ax_.axhline(cut, color="#D55E00", linewidth=1.2)
display.ax_.set_title(f"The last merges, and the cut into {best} clusters", size=11)
plt.show()

# %%
# The truth
# ---------
# The mean image of each group, and the digits it holds. Ones are written in three ways
# and fives in two, which are groups of their own. Some eights have gone to the ones,
# and only a few of the others to a wrong group.

order = sorted(groups, key=lambda group: np.bincount(digit[labels == group]).argmax())
table = np.array([np.bincount(digit[labels == group], minlength=10) for group in order])
figure, axes = plt.subplots(
    2, 1, figsize=(8, 6), layout="constrained", height_ratios=[1, 3]
)
means = [images[labels == group].mean(axis=0).reshape(8, 8) for group in order]
axes[0].imshow(np.hstack(np.pad(means, ((0, 0), (1, 1), (1, 1)))), cmap="gray_r")
axes[0].set_axis_off()
axes[1].imshow(np.sqrt(table.T), cmap="Blues", aspect="auto")
for group, row in enumerate(table):
    for value in np.flatnonzero(row):
        is_dark = row[value] > 40
        axes[1].text(
            group,
            value,
            row[value],
            ha="center",
            va="center",
            color="white" if is_dark else "black",
            size=9,
        )
axes[1].set(xlabel="group", ylabel="digit", yticks=range(10), xticks=range(len(order)))
axes[1].spines[:].set_visible(False)
figure.suptitle("Groups that nobody named, and the digits in them")
plt.show()

# %%
# A fifth of the rows is in no group. Their nearest grouped neighbour can lend them one,
# and then all rows can be compared with k-means, which was told that there are ten.

purity = table.max(axis=1).sum() / table.sum()
print(f"grouped rows: {purity:.1%} are of the main digit of their group")
nearest = KNeighborsClassifier(1).fit(X[is_grouped], labels[is_grouped])
for name, rows, found in [
    ("groups, grouped rows", is_grouped, labels),
    ("groups, all rows", slice(None), nearest.predict(X)),
    (
        "k-means, all rows",
        slice(None),
        KMeans(10, n_init=10, random_state=0).fit_predict(X),
    ),
]:
    index = adjusted_rand_score(digit[rows], found[rows])
    print(f"adjusted Rand index of {name}: {index:.2f}")

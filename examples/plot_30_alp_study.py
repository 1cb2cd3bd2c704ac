"""
=================================
Do new texts help? A study to see
=================================

Five or ten labelled texts per class, fifteen new ones of each, five sets of sentences,
twenty draws: what EDA, AEDA and :class:`~sklearn_ext.ALPAugmenter` do to the accuracy
of three classifiers. The measurements are those of ``asv_bench/augmentation_study.py``,
kept beside it as tables; here they are drawn. All cells are in the
:ref:`study <alp_study>`.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import stats

here = Path(__file__).parent if "__file__" in globals() else Path.cwd()
folder = here.parent / "asv_bench"
runs = pd.read_csv(folder / "augmentation_study_heads.csv")
METHODS = [
    "EDA",
    "AEDA",
    "ALP light",
    "ALP medium",
    "ALP strong",
    "ALP medium + filter",
]
WEIGHTS = {"accuracy 1": "weight 1", "accuracy 0.3": "weight 0.3"}

# %%
# Change to no augmentation
# -------------------------
# Each draw of texts is augmented by each method, so the difference to none is taken
# draw by draw, as a mean over the ten combinations of a set and a number of texts.
# The bars are 95 % intervals of the mean difference over twenty draws.
some = runs[runs["n_new"].isin([0, 15])]
runs_of = some.pivot_table(
    index=["head", "seed"], columns="method", values=list(WEIGHTS), aggfunc="mean"
)


def changes(head, column):
    """Return mean and half width of the interval for each method."""
    accuracy = runs_of.loc[head][column]
    difference = accuracy[METHODS].sub(accuracy["none"], axis=0)
    n = len(difference)
    half = stats.t.ppf(0.975, n - 1) * difference.std(ddof=1) / np.sqrt(n)
    return difference.mean(), half


heads = sorted(runs["head"].unique(), reverse=True)
fig, axes = plt.subplots(1, len(heads), figsize=(11, 4), sharey=True, sharex=True)
for ax, head in zip(axes, heads, strict=True):
    for shift, (column, label) in zip((-0.13, 0.13), WEIGHTS.items(), strict=True):
        mean, half = changes(head, column)
        place = np.arange(len(METHODS))[::-1] - shift
        ax.errorbar(mean, place, xerr=half, fmt="o", ms=4, capsize=2, label=label)
    ax.axvline(0, color="0.6", lw=1)
    ax.set(title=head, xlabel="change of accuracy", xticks=[-0.015, -0.01, -0.005, 0])
axes[0].set_yticks(np.arange(len(METHODS))[::-1], METHODS)
axes[0].legend(title="of new rows", loc="upper left", fontsize=8)
fig.suptitle("20 draws, mean over SST-2, TREC, SUBJ, MR and CR with 5 and 10 per class")
fig.tight_layout()

# %%
# On average no method gains anything that twenty draws can tell from zero, and the more
# a text is changed, the more accuracy is lost on frozen embeddings. A small weight of
# the new rows limits the damage, a filter of labels does not always. The spread over
# the draws is far larger than any of these differences:
none = runs[(runs["method"] == "none") & (runs["n_new"] != 40)]
table = none.pivot_table(
    index=["data", "k"], columns="head", values="accuracy 1", aggfunc=["mean", "std"]
)
print(table.round(3).to_string())

# %%
# Fine-tuning
# -----------
# What the paper augments for is the fine-tuning of a language model. Here it is
# MiniLM with a linear head, k texts per class to train on and k to validate on.
# "AugTrain-Val" augments the first part and validates on the second; "AugTrain-Train"
# augments both parts, trains on the new rows alone, and chooses by the originals; none
# trains on these. "copies" has as many new rows as EDA and ALP, each a copy of its
# source: more steps, but nothing new.
SPLITS = [(-0.15, "C0", "AugTrain-Val"), (0.15, "C1", "AugTrain-Train")]
tuned = pd.read_csv(folder / "augmentation_study_finetune.csv")
tuned["split"] = tuned["split"].replace("Train-Val", "AugTrain-Val")
order = ["none", "copies", "EDA", "ALP medium"]
whole = tuned.groupby(["data", "k", "split", "seed"])["method"].transform("nunique")
tuned = tuned[whole == len(order)]  # draws that every method was measured on
cells = list(tuned.groupby(["data", "k"], sort=True))
fig, axes = plt.subplots(1, len(cells), figsize=(11, 3.6), sharey=True)
for ax, ((data, k), cell) in zip(np.atleast_1d(axes), cells, strict=True):
    for shift, color, split in SPLITS:
        part = cell[cell["split"] == split]
        for place, method in enumerate(order):
            values = part.loc[part["method"] == method, "accuracy"]
            ax.plot(
                np.full(len(values), place + shift),
                values,
                "o",
                ms=4,
                alpha=0.5,
                color=color,
                label=split if place == 0 else None,
            )
            ax.plot(place + shift, values.mean(), "_", ms=16, color=color)
    n = cell["seed"].nunique()
    ax.set_xticks(range(len(order)), order, rotation=20)
    ax.set(title=f"{data}, k = {k}, {n} draws")
axes[0].set_ylabel("accuracy on other texts")
axes[0].legend(loc="upper left", fontsize=8)
fig.tight_layout()
plt.show()

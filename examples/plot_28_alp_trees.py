"""
============================================
What a new text is made of, phrase by phrase
============================================

:class:`~sklearn_ext.ALPAugmenter` knows of every phrase what it is about. This example
draws the tree of a sentence with its head words, makes new reviews from forty, and
colours each new text by the rows that its words are from. At the end it counts how
varied the new texts are beside those of plain edits, swaps and deletions at random.

The reviews are written for these examples. With a WordNet on the machine there are
synonyms, too; without one words come from the other texts of the class.
"""

import re
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from _reviews import reviews, wordnet

from sklearn_ext import ALPAugmenter, LexicalizedPCFGParser
from sklearn_ext.augmentation import find_heads

COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7B3294"]

# %%
# A tree with heads
# -----------------
# The parser comes with the package and needs no download. The heads that are wanted
# here are those of the content: of *has been copied* the word *copied*.

parser = LexicalizedPCFGParser.load()
tree = parser.predict(["The weak plot has been copied from a bad television show."])[0]
print(tree)

# %%
# Under each label is the head word of the phrase. A thick line leads to it.


def innermost(phrases, start, end):
    """Return the innermost of the phrases around some tokens, -1 if there is none."""
    around = [i for i, (_, a, b, _) in enumerate(phrases) if a <= start and end <= b]
    return around[-1] if around else -1


def draw(tree, ax):
    """Draw a tree of which every phrase shows its head word."""
    leaves = re.findall(r"\((\S+) ([^()\s]+)\)", tree)
    words = [word for _, word in leaves]
    phrases = find_heads(tree, semantic=True)[1:]  # the root says nothing
    parents = [innermost(phrases[:i], *p[1:3]) for i, p in enumerate(phrases)]
    height = np.ones(len(phrases))
    for i in reversed(range(1, len(phrases))):
        height[parents[i]] = max(height[parents[i]], height[i] + 1)
    width = np.array([max(len(word), 5) + 1 for word in words])
    x = np.cumsum(width) - width / 2
    heads = [head for *_, head in phrases]
    parents += [innermost(phrases, k, k + 1) for k in range(len(words))]
    tops = np.append(height, np.zeros(len(words)))
    for parent, top, head in zip(
        parents, tops, [*heads, *range(len(words))], strict=True
    ):
        if parent >= 0 and words[head].isalnum():
            leads = heads[parent] == head
            ax.plot(
                [x[heads[parent]], x[head]],
                [height[parent], top],
                color="#0072B2" if leads else "#BBBBBB",
                linewidth=2.2 if leads else 1,
            )
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    text = {"ha": "center", "va": "center", "bbox": box}
    for (label, *_, head), high in zip(phrases, height, strict=True):
        ax.text(x[head], high + 0.15, label, weight="bold", size=9, **text)
        ax.text(x[head], high - 0.15, words[head], color="#0072B2", size=9, **text)
    for at, (tag, word) in zip(x, leaves, strict=True):
        ax.text(at, 0, tag, color="#777777", size=8, **text)
        ax.text(at, -0.35, word, size=10, **text)
    ax.set(xlim=(0, width.sum()), ylim=(-0.5, height.max() + 0.4))
    ax.axis("off")


figure, ax = plt.subplots(figsize=(8, 4.6), layout="constrained")
draw(tree, ax)
plt.show()

# %%
# New texts and their donors
# --------------------------
# A new text has the frame of one review. Phrases with the same label, and a head of the
# same kind, come from other reviews of the class, and so do words; the rest are
# synonyms.

texts, labels = reviews()
augmenter = ALPAugmenter(n_samples=20, synonyms=wordnet(), random_state=0)
table, y = augmenter.fit_resample(texts, labels)
report = pd.DataFrame(augmenter.augmentation_report_).T
report.drop(columns="rejected")

# %%
# Which words are from which row is read off the texts: the longest run of words that is
# in one of the donors, again and again. What is in none of them is a synonym, or an
# article that was made to fit.


def tokens(text):
    return re.findall(r"[\w'-]+|[^\w\s]", text)


def runs(new, donors):
    """Cut a text into runs of words, each with the donor that has it, or None."""
    words = tokens(new)
    padded = [f" {' '.join(tokens(donor)).lower()} " for donor in donors]
    found, start = [], 0
    while start < len(words):
        longest = (1, None)
        for end in range(start + 1, len(words) + 1):
            run = f" {' '.join(words[start:end]).lower()} "
            has = [i for i, text in enumerate(padded) if run in text]
            if not has:
                break
            longest = (end - start, has[0])
        piece = " ".join(words[start : start + longest[0]])
        found.append((re.sub(r" (?=[^\w'-])", "", piece), longest[1]))
        start += longest[0]
    return found


def write(ax, pieces, x, y, **style):
    """Write pieces of text, each in its colour, in one line."""
    at = {"x": x, "y": y, "va": "bottom", **style}
    (first, colour), *others = pieces
    last = ax.text(s=first, color=colour, **at)
    for piece, colour in others:
        gap = "" if re.match(r"[^\w'-]", piece) else " "
        last = ax.annotate(
            gap + piece, (1, 0), xycoords=last, va="bottom", color=colour, **style
        )


# %%
# For each class the three likeliest ones that three rows had a part in. The frame is
# black, a synonym grey:

new = np.flatnonzero(augmenter.is_augmented_)
n_donors = augmenter.donor_indices_[new].sum(axis=1)
chosen = []
for label in augmenter.classes_:
    rows = new[(n_donors == 3) & (y[new] == label)]
    chosen.extend(rows[np.argsort(-augmenter.scores_[rows])][:3])

figure, ax = plt.subplots(figsize=(8, 7.2), layout="constrained")
height = 0.0
for i in chosen:
    source = augmenter.sample_indices_[i]
    others = [k for k in augmenter.donor_indices_[[i]].indices if k != source]
    donors = [source, *others]
    colours = ["#222222", *COLOURS]
    pieces = [
        (piece, "#999999" if donor is None else colours[donor])
        for piece, donor in runs(table[i], texts[donors])
    ]
    write(ax, [(f"{y[i]}: ", "#222222"), *pieces], 0, height, weight="bold", size=10)
    for donor, colour in zip(donors, colours, strict=False):
        height -= 0.75
        ax.text(0.09, height, texts[donor], color=colour, size=9, va="bottom")
    height -= 1.25
ax.set(xlim=(0, 1), ylim=(height + 0.8, 1))
ax.axis("off")
plt.show()

# %%
# The score is a log-probability per word: it knows what is usual in the class, not what
# makes sense. At its lower end are rare words and true nonsense side by side. The
# parser is wrong in about every fourth bracket, so that some phrases are none, and
# among twenty texts there are few phrases of a kind. Read some before you train on
# them.

worst = new[np.argsort(augmenter.scores_[new])][:5]
print(*table[worst], sep="\n")

# %%
# How varied?
# -----------
# Ten reviews per class, forty new ones of each, six draws. Counted are the pairs of
# neighbouring words that differ, as a share of all: the more, the more the new texts
# have to say. Swaps and deletions get some of theirs by breaking the grammar.


def plain_edit(text, random):
    """Swap two words, or leave out every tenth."""
    words = np.array(text.split())
    if random.random() < 0.5:
        i, j = random.choice(len(words), 2, replace=False)
        words[[i, j]] = words[[j, i]]
        return " ".join(words)
    return " ".join(words[random.random(len(words)) >= 0.1])


def distinct_pairs(texts):
    """Return the share of different pairs of neighbours."""
    pairs = [pair for text in texts for pair in pairwise(tokens(text.lower()))]
    return len(set(pairs)) / len(pairs)


def diversity(seed):
    random = np.random.default_rng(seed)
    few = random.permutation(20)[:10]
    few = np.concatenate([2 * few, 2 * few + 1])  # classes take turns
    shares = {
        "swaps and deletions": [
            plain_edit(text, random) for text in texts[few] for _ in range(4)
        ]
    }
    for strength in ("light", "medium", "strong"):
        augmenter = ALPAugmenter(
            40,
            edit_probability=strength,
            synonyms=wordnet(),
            keep_original=False,
            random_state=seed,
        )
        shares[f"ALP, {strength}"] = augmenter.fit_resample(texts[few], labels[few])[0]
    return {name: distinct_pairs(new) for name, new in shares.items()}


shares = pd.DataFrame(diversity(seed) for seed in range(6))
figure, ax = plt.subplots(figsize=(7, 2.6), layout="constrained")
for place, name in enumerate(shares):
    values = shares[name]
    colour = "#0072B2" if "ALP" in name else "#999999"
    ax.plot(values, np.full(len(values), place), "o", color=colour, alpha=0.5)
    ax.vlines(values.mean(), place - 0.3, place + 0.3, color=colour, linewidth=3)
ax.set_yticks(range(shares.shape[1]), shares.columns)
ax.set(ylim=(-0.6, 3.6), xlabel="different pairs of words, as a share of all")
ax.invert_yaxis()
ax.spines[["top", "right", "left"]].set_visible(False)
ax.tick_params(axis="y", length=0)
plt.show()

# %%
# "light" only has synonyms, so its texts keep the frames they have, and without a
# WordNet it has nothing to replace. Varied is not the same as useful:
# :ref:`sphx_glr_auto_examples_plot_27_alp_leaks.py` shows how to find out.

"""
=================================
How far to trust a parse, and why
=================================

The parser under :class:`~sklearn_ext.ALPAugmenter` is small: a grammar that was counted
on two open treebanks, and a chart. It is right about most phrases of a short sentence,
and about fewer of a long one. This example measures that by the F1 of labelled
brackets, which is what parsers are compared by: of the phrases that were found, and of
those that should be, how many agree in label, first and last word.

The trees are the test parts of the GUM and CRAFT treebanks if the published data are
there. Otherwise it is a handful written here, which says little.
"""

import gzip
import re
import time
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from _data import published_folder

from sklearn_ext import LexicalizedPCFGParser

A_HANDFUL = """
(TOP (S (NP (PRP I)) (VP (VBD loved) (NP (DT the) (NN music))) (. .)))
(TOP (S (NP (DT This) (NN movie)) (VP (VBZ is) (RB not) (ADJP (JJ bad))) (. .)))
(TOP (SBARQ (WHNP (WP Who)) (SQ (VP (VBD wrote) (NP (DT the) (NN book)))) (. ?)))
(TOP (SQ (VBZ Is) (NP (DT the) (NN food)) (ADJP (JJ good)) (ADVP (RB here)) (. ?)))
(TOP (S (NP (DT The) (NN screen)) (VP (VP (VBZ is) (ADJP (JJ bright))) (CC and) (VP
  (VBZ works) (ADVP (RB well)))) (. .)))
(TOP (S (PP (IN In) (NP (DT the) (NN end))) (, ,) (NP (DT the) (NN hero)) (VP (VBZ
  finds) (NP (PRP$ his) (NN brother))) (. .)))
(TOP (S (NP (DT The) (NN president)) (VP (VBD said) (SBAR (IN that) (S (NP (DT the)
  (NN country)) (VP (VBD needed) (NP (NN peace)))))) (. .)))
(TOP (S (NP (NP (NNP Maria)) (, ,) (SBAR (WHNP (WP who)) (S (VP (VBZ lives) (PP (IN
  in) (NP (NNP Paris)))))) (, ,)) (VP (VBZ teaches) (NP (NN music))) (. .)))
(TOP (S (NP (PRP It)) (VP (VBZ is) (NP (NP (DT a) (JJ beautiful) (NN story)) (PP (IN
  about) (NP (DT a) (NN family))))) (. .)))
(TOP (S (NP (DT The) (NN camera)) (VP (VBZ moves) (ADVP (RB slowly)) (PP (IN
  through) (NP (DT the) (JJ old) (NN house)))) (. .)))
(TOP (S (NP (NNP John) (CC and) (NNP Mary)) (VP (VBD went) (PP (IN to) (NP (DT the)
  (NN market))) (NP (DT this) (NN morning))) (. .)))
(TOP (S (S (NP (DT The) (NN plot)) (VP (VBZ is) (ADJP (JJ simple)))) (, ,) (CC but)
  (S (NP (DT the) (NNS characters)) (VP (VBP are) (ADJP (JJ interesting)))) (. .)))
(TOP (S (NP (DT The) (NN teacher)) (VP (VBD told) (NP (DT the) (NNS children)) (SBAR
  (IN that) (S (NP (DT the) (NN river)) (VP (VBD had) (VP (VBN been) (VP (VBN closed)
  (SBAR (IN because) (S (NP (DT the) (NN water)) (VP (VBD was) (ADJP (JJ dirty))))))
  ))))) (. .)))
(TOP (S (SBAR (WHADVP (WRB When)) (S (NP (DT the) (NN train)) (VP (VBD arrived) (PP
  (IN at) (NP (DT the) (JJ small) (NN station)))))) (, ,) (NP (NP (DT the) (NNS
  people)) (SBAR (WHNP (WP who)) (S (VP (VBD had) (VP (VBN waited) (PP (IN for) (NP
  (CD two) (NNS hours)))))))) (VP (VBD were) (ADJP (JJ tired))) (. .)))
"""


def published_trees(name):
    """Return the test part of a treebank, or None where it is not."""
    path = published_folder("treebank") / f"{name}.test.mrg.gz"
    if not path.is_file():
        return None
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return file.read().splitlines()


def n_tokens(tree):
    return len(re.findall(r" [^()\s]+\)", tree))


# %%
# Trees by length
# ---------------
# CRAFT is biomedical, GUM has news, interviews, court decisions and academic texts. Of
# both the grammar knows other documents. The third has biographies and travel guides,
# of which it knows none.

treebanks = {
    "CRAFT (biomedicine)": published_trees("craft_ccby"),
    "GUM (news, interviews ...)": published_trees("gum_ccby"),
    "GUM, other kinds of text": published_trees("gum_ccbysa"),
}
if None in treebanks.values():
    handful = [" ".join(lines.split()) for lines in re.split(r"\n(?=\()", A_HANDFUL)]
    treebanks = {"a handful": [tree for tree in handful if tree]}
    edges = [3, 7, 12, 30]
else:
    treebanks["CRAFT (biomedicine)"] = treebanks["CRAFT (biomedicine)"][::11]
    edges = [3, 11, 16, 21, 26, 31, 41, 61]

# %%
# Scores
# ------
# ``evaluate`` parses the words of the trees and compares. ``n_failed`` counts sentences
# for which the grammar has no tree at all. They get one without phrases, and only words
# are replaced in them.

parser = LexicalizedPCFGParser.load()
parser.predict(["Numba compiles once."])
rows = []
for name, trees in treebanks.items():
    lengths = np.array([n_tokens(tree) for tree in trees])
    for low, high in pairwise(edges):
        chosen = np.flatnonzero((low <= lengths) & (lengths < high))
        start = time.process_time()
        found = parser.evaluate(trees[i] for i in chosen)
        seconds = time.process_time() - start
        rows.append(
            {
                "treebank": name,
                "tokens": f"{low}-{high - 1}",
                "mean tokens": lengths[chosen].mean(),
                "sentences": len(chosen),
                **found,
                "ms": 1000 * seconds / len(chosen),
            }
        )
scores = pd.DataFrame(rows)
scores.round(3)

# %%
# F1 falls with the length of a sentence, since there is more to attach, and the time
# grows faster than the length:

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
colours = ["#0072B2", "#D55E00", "#009E73"]
for (name, group), colour in zip(
    scores.groupby("treebank", sort=False), colours, strict=False
):
    x = group["mean tokens"]
    left.plot(x, group["f1"], "o-", color=colour, label=name)
    right.plot(x, group["ms"], "o-", color=colour)
left.set(ylim=(0, 1.02), ylabel="F1 of labelled brackets", xlabel="tokens")
left.legend(frameon=False, loc="lower left")
right.set(ylabel="ms per sentence, one thread", xlabel="tokens")
right.set_ylim(bottom=0)
for ax in (left, right):
    ax.set_xlim(left=0)
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# For augmentation this is mostly good enough, as short phrases are what is swapped, and
# those are the reliable ones. Whoever has a neural parser at hand, which is right about
# 19 of 20 brackets in news, passes a function to ``ALPAugmenter(parser=...)``.
#
# Several parses of a sentence
# ----------------------------
# How far the parser trusts itself is told by the weights of the next best trees. Here
# is the classic: who has the telescope?

parser = LexicalizedPCFGParser.load().set_params(n_parses=3, parse_threshold=0.01)
for parse in parser.parse(["She watched the man with the telescope."])[0][0]:
    print(f"{parse.weight:.2f}  {parse.tree}")

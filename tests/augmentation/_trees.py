"""Hand-written trees on films, goods and news, many of them questions.

A small parser can learn from them in a moment, so that tests need no other data.
"""

import gzip

from sklearn_ext.augmentation._treebank import clean_tree, read_trees

__all__ = ["PUBLISHED", "TREES", "published_lines", "published_trees"]

PUBLISHED = [
    f"{corpus}.{part}"
    for corpus in ("gum_ccby", "gum_ccbysa", "craft_ccby")
    for part in ("train", "test")
]

_TEXT = """
(TOP (S (NP (DT The) (NN film)) (VP (VBZ is) (ADJP (RB very) (JJ good))) (. .)))
(TOP (S (NP (DT The) (JJ new) (NN film)) (VP (VBZ has) (VP (VBN been) (VP (VBN
  praised) (PP (IN by) (NP (JJ many) (NNS critics)))))) (. .)))
(TOP (S (NP (PRP I)) (VP (VBD loved) (NP (NP (DT the) (NN story)) (CC and) (NP (DT
  the) (NN music)))) (. .)))
(TOP (S (NP (PRP I)) (VP (VBD did) (RB n't) (VP (VB like) (NP (DT the) (NN
  ending)))) (. .)))
(TOP (S (NP (DT The) (NNS actors)) (VP (VBP are) (ADJP (ADJP (RB really) (JJ funny))
  (CC but) (ADJP (DT the) (JJ slow)))) (. .)))
(TOP (S (NP (DT This) (NN movie)) (VP (VBZ is) (RB not) (ADJP (JJ bad))) (. .)))
(TOP (S (NP (PRP It)) (VP (VBZ is) (NP (NP (DT a) (JJ beautiful) (NN story)) (PP (IN
  about) (NP (DT a) (NN family))))) (. .)))
(TOP (S (NP (NP (DT the) (NN director) (POS 's)) (JJ last) (NN movie)) (VP (VBD was)
  (NP (DT a) (JJ great) (NN success))) (. .)))
(TOP (S (NP (NP (DT A) (NN comedy)) (SBAR (WHNP (WDT that)) (S (VP (VBZ makes) (S
  (NP (PRP you)) (VP (VB laugh))))))) (VP (VBZ is) (ADJP (JJ rare))) (. .)))
(TOP (FRAG (NP (DT a) (JJ slow) (CC and) (JJ boring) (NN film)) (. .)))
(TOP (FRAG (ADVP (RB never)) (ADJP (JJ dull)) (, ,) (ADVP (RB always)) (ADJP (JJ
  surprising)) (. .)))
(TOP (S (NP (NN nobody)) (VP (MD will) (VP (VB remember) (NP (DT this) (JJ boring)
  (NN plot)))) (. .)))
(TOP (S (S (NP (DT the) (NN plot)) (VP (VBZ is) (ADJP (JJ simple)))) (, ,) (CC but)
  (S (NP (DT the) (NNS characters)) (VP (VBP are) (ADJP (JJ interesting)))) (. .)))
(TOP (S (NP (DT The) (NN camera)) (VP (VBZ moves) (ADVP (RB slowly)) (PP (IN
  through) (NP (DT the) (JJ old) (NN house)))) (. .)))
(TOP (S (PP (IN In) (NP (DT the) (NN end))) (, ,) (NP (DT the) (NN hero)) (VP (VBZ
  finds) (NP (PRP$ his) (NN brother))) (. .)))
(TOP (S (NP (NNP Anna) (NNP Smith)) (VP (VBZ plays) (NP (NP (DT the) (NN mother))
  (PP (IN of) (NP (CD two) (JJ young) (NNS children))))) (. .)))
(TOP (SBARQ (WHNP (WP Who)) (SQ (VP (VBD wrote) (NP (DT the) (NN book)))) (. ?)))
(TOP (SBARQ (WHNP (WP What)) (SQ (VBZ is) (NP (NP (DT the) (NN capital)) (PP (IN of)
  (NP (NNP France))))) (. ?)))
(TOP (SBARQ (WHADVP (WRB When)) (SQ (VBD did) (NP (DT the) (NN war)) (VP (VB end)))
  (. ?)))
(TOP (SBARQ (WHNP (WHADJP (WRB How) (JJ many)) (NNS people)) (SQ (VBP live) (PP (IN
  in) (NP (NNP London)))) (. ?)))
(TOP (SBARQ (WHADVP (WRB Where)) (SQ (VBZ does) (NP (DT the) (NN river)) (VP (VB
  begin))) (. ?)))
(TOP (SBARQ (WHNP (WDT Which) (NN city)) (SQ (VBZ has) (NP (DT the) (JJS largest)
  (NN port))) (. ?)))
(TOP (SBARQ (WHADVP (WRB Why)) (SQ (VBP are) (NP (NNS leaves)) (ADJP (JJ green))) (.
  ?)))
(TOP (SQ (VBD Did) (NP (PRP you)) (VP (VB see) (NP (DT the) (JJ new) (NN movie))) (.
  ?)))
(TOP (SQ (VBZ Is) (NP (DT the) (NN food)) (ADJP (JJ good)) (ADVP (RB here)) (. ?)))
(TOP (SQ (MD Can) (NP (PRP we)) (VP (VB meet) (NP~TMP (NN tomorrow)) (PP (IN at) (NP
  (CD five)))) (. ?)))
(TOP (SBARQ (WHPP (IN In) (WHNP (WDT which) (NN year))) (SQ (VBD was) (NP (DT the)
  (NN bridge)) (VP (VBN built))) (. ?)))
(TOP (S (NP (PRP We)) (VP (VBD bought) (NP (DT the) (NN phone)) (NP~TMP (JJ last)
  (NN week))) (. .)))
(TOP (S (NP (PRP I)) (VP (VBP want) (S (VP (TO to) (VP (VB return) (NP (DT this) (NN
  camera)))))) (. .)))
(TOP (S (NP (DT The) (NN battery)) (VP (VBZ does) (RB n't) (VP (VB last) (NP (DT a)
  (NN day)))) (. .)))
(TOP (S (NP (DT The) (NN price)) (VP (VBD was) (ADJP (ADVP (RB too)) (JJ high))) (,
  ,) (SBAR (IN so) (S (NP (PRP I)) (VP (VBD left)))) (. .)))
(TOP (S (SBAR (IN If) (S (NP (PRP you)) (VP (VBP need) (NP (DT a) (JJ cheap) (NN
  phone))))) (, ,) (VP (VB buy) (NP (DT this) (CD one))) (. .)))
(TOP (S (NP (PRP It)) (VP (VBZ costs) (NP (QP (RB about) ($ $) (CD 200)))) (. .)))
(TOP (S (NP (QP (RBR more) (IN than) (CD 300)) (NNS people)) (VP (VBD waited)
  (PP (IN in) (NP (NN front))) (PP (IN of) (NP (DT the) (NN shop)))) (. .)))
(TOP (S (NP (DT The) (NN screen)) (VP (VP (VBZ is) (ADJP (JJ bright))) (CC and) (VP
  (VBZ works) (ADVP (RB well)))) (. .)))
(TOP (S (NP (DT The) (NNS keys)) (VP (VBP are) (ADJP (RB hardly) (JJ readable))) (.
  .)))
(TOP (S (NP (PRP They)) (VP (VBD sent) (NP (PRP me)) (NP (DT a) (JJ wrong) (NN
  bill))) (. .)))
(TOP (S (NP (DT The) (NML (NN hard) (HYPH -) (NN disk)) (NN drive)) (VP (VBZ is)
  (ADJP (JJR faster) (SBAR (IN than) (S (NP (DT the) (JJ old) (CD one)) (VP (VBD
  was)))))) (. .)))
(TOP (S (NP (DT The) (NN president)) (VP (VBD said) (SBAR (IN that) (S (NP (DT the)
  (NN country)) (VP (VBD needed) (NP (NN peace)))))) (. .)))
(TOP (S (`` ``) (S (NP (PRP We)) (VP (MD can) (RB not) (VP (VB wait)))) (, ,) (''
  '') (NP (DT the) (NN minister)) (VP (VBD said)) (. .)))
(TOP (SINV (`` ") (S (NP (DT The) (NN train)) (VP (VBZ is) (ADJP (JJ late)))) (, ,)
  ('' ") (VP (VBD said)) (NP (NNP Peter)) (. .)))
(TOP (S (NP (CD Two) (NNS men)) (VP (VBD were) (VP (VBN seen) (PP (IN near) (NP (DT
  the) (NN station))))) (. .)))
(TOP (S (NP (DT The) (NN man)) (VP (VBD saw) (NP (DT the) (NN dog)) (PP (IN with)
  (NP (DT the) (NN camera)))) (. .)))
(TOP (S (NP (DT The) (NN man)) (VP (VBD saw) (NP (NP (DT the) (NN dog)) (PP (IN
  with) (NP (DT the) (JJ long) (NN tail))))) (. .)))
(TOP (S (NP (NP (NNP Maria)) (, ,) (SBAR (WHNP (WP who)) (S (VP (VBZ lives) (PP (IN
  in) (NP (NNP Paris)))))) (, ,)) (VP (VBZ teaches) (NP (NN music))) (. .)))
(TOP (S (NP (EX There)) (VP (VBP are) (NP (NP (CD three) (NNS teams)) (PP (IN in)
  (NP (DT the) (JJ final) (NN game))))) (. .)))
(TOP (S (NP (NN running) (CC and) (NN swimming)) (VP (VBP are) (ADJP (JJ healthy)))
  (. .)))
(TOP (S (S (VP (VBG Running) (PP (IN for) (NP (DT the) (NN bus))))) (, ,) (NP (PRP
  she)) (VP (VBD lost) (NP (PRP$ her) (NNS keys))) (. .)))
(TOP (S (NP (PRP He)) (VP (VBD gave) (PRT (RP up)) (SBAR (IN because) (S (NP (DT
  the) (NN race)) (VP (VBD was) (ADJP (RB too) (JJ long)))))) (. .)))
(TOP (S (NP (PRP She)) (VP (VBZ has) (RB never) (VP (VBN seen) (NP (DT the) (NN
  sea)))) (. .)))
(TOP (S (NP (DT Neither) (NN team)) (VP (VBD won) (NP (DT the) (NN game))) (. .)))
(TOP (S (NP (NNP John) (CC and) (NNP Mary)) (VP (VBD went) (PP (TO to) (NP (DT the)
  (NN market))) (NP~TMP (DT this) (NN morning))) (. .)))
(TOP (S (NP (DT The) (NN team)) (VP (MD would) (VP (VB have) (VP (VBN won) (PP (IN
  without) (NP (DT that) (NN mistake)))))) (. .)))
(TOP (S (NP (PRP They)) (VP (VBP 're) (VP (VBG building) (NP (DT a) (JJ new) (NN
  school)) (PP (IN in) (NP (DT the) (NN city))))) (. .)))
(TOP (S (NP (DT The) (NN doctor)) (VP (VBD told) (NP (PRP them)) (S (VP (TO to) (VP
  (VB eat) (NP (JJR less) (NN sugar)))))) (. .)))
(TOP (S (ADVP (RB Unfortunately)) (, ,) (NP (DT the) (NN weather)) (VP (VBD got)
  (ADJP (JJR worse))) (: ;) (S (NP (PRP we)) (VP (VBD stayed) (ADVP (NN home)))) (.
  .)))
(TOP (S (NP (NP (DT The) (NN bridge)) (PRN (-LRB- -LRB-) (VP (VBN built) (PP (IN in)
  (NP (CD 1890)))) (-RRB- -RRB-))) (VP (VBZ is) (VP (VBG being) (VP (VBN
  repaired)))) (. .)))
(TOP (S (VP (VB Read) (NP (DT the) (NN book)) (SBAR (IN before) (S (NP (PRP you))
  (VP (VBP watch) (NP (DT the) (NN film)))))) (. !)))
(TOP (S (NP (WP What)) (VP (VBZ matters)) (: :) (NP (NP (JJ good) (NNS friends)) (CC
  and) (NP (NN time))) (. .)))
(TOP (S (INTJ (UH Well)) (, ,) (NP (PRP it)) (VP (VBZ 's) (NP (NP (DT the) (JJS
  best) (NN place)) (SBAR (S (NP (PRP I)) (VP (VBP know)))))) (. .)))
(TOP (S (NP (DT The) (NNS children)) (VP (VBP play) (CONJP (RB as) (RB well) (IN
  as)) (VBP sing)) (. .)))
(TOP (NP (NP (DT An) (JJ honest) (NN book)) (PP (IN for) (NP (JJ young) (NNS
  readers)))))
"""

# A tree begins at the start of a line, the lines that go on with it are indented.
_LINES = _TEXT.strip().replace("\n ", " ").split("\n")
TREES = [" ".join(line.split()) for line in _LINES]


def published_lines(shared_data, name):
    """Lines of one file of the published treebanks, a tree on each."""
    path = shared_data / "treebank" / f"{name}.mrg.gz"
    with gzip.open(path, "rt", encoding="utf8") as file:
        return file.read().split("\n")[:-1]


def published_trees(shared_data, name):
    """Cleaned trees of one file of the published treebanks."""
    lines = published_lines(shared_data, name)
    return [clean_tree(tree) for tree in read_trees("\n".join(lines))]

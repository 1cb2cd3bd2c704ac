"""What can be moved, by hand-made trees."""

from typing import NamedTuple

import numpy as np
import pytest

from sklearn_ext.augmentation._boundaries import is_closed, is_mark, movable
from sklearn_ext.augmentation._forest import Names, flatten
from sklearn_ext.augmentation._treebank import read_tree, tree_tokens


class Token(NamedTuple):
    text: str
    space: bool
    tag: str


def moving(tree, text):
    """Return what can be moved, as texts; "_" in `text` joins two tokens."""
    node = read_tree(tree)
    texts, spaces = [], []
    for chunk in text.split():
        for i, part in enumerate(chunk.split("_")):
            texts.append(part)
            spaces.append(i == 0 and len(texts) > 1)
    tags = [tag for tag, _ in tree_tokens(node)]
    written = [Token(*some) for some in zip(texts, spaces, tags, strict=True)]
    forest = flatten([node], Names(), Names())
    tokens = np.flatnonzero(forest.size == 1)
    can = movable(written, tokens, forest, np.zeros(len(tokens), int))
    found = set()
    for i in np.flatnonzero(can):
        own = (tokens >= i) & (tokens < i + forest.size[i])
        found.add(" ".join(np.array(texts)[own]))
    return found


@pytest.mark.parametrize(
    ("tree", "text", "yes", "no"),
    [
        (
            "(S (NP (JJ thought) (HYPH -) (VBG provoking) (NN film)) (VP (VBZ works)))",
            "thought_-_provoking film works",
            {"film", "works", "thought - provoking film"},
            {"thought", "-", "provoking"},
        ),
        (
            "(S (NP (NN finger) (HYPH -)) (VP (VBD printed) (NP (NN it))))",
            "finger_-_printed it",
            {"it"},
            {"finger -", "printed it", "finger", "printed"},
        ),
        ("(S (NP (PRP it)) (VP (VBZ 's)))", "it_'s", {"it", "'s"}, set()),
        (
            "(S (NP (NN a) (PRN (-LRB- -LRB-) (NN b) (-RRB- -RRB-))) (VP (VB c)))",
            "a (_b_) c",
            {"( b )", "a ( b )", "c"},
            {"(", ")"},
        ),
        (
            "(S (NP (NN a) (-LRB- -LRB-)) (VP (VB b) (-RRB- -RRB-)))",
            "a (_b_)",
            {"a", "b"},
            {"a (", "b )"},
        ),
        (
            "(S (NP (`` ``) (NN a)) (VP (VB b) ('' '')))",
            '"_a b_"',
            {"a", "b"},
            {'" a', 'b "'},
        ),
        (
            "(S (NP (NN a) (, ,)) (VP (, ,) (VB b)) (ADVP (RB c)))",
            "a_, ,_b c",
            {"a", "b", "c"},
            {"a ,", ", b"},
        ),
        (
            "(S (PP (IN for)) (NP (DT the)) (NP (PRP it)))",
            "for the it",
            {"it", "for", "the"},  # as words; see below
            set(),
        ),
        (
            "(S (VP (VB go) (PP (IN to) (NP (NNP U.S.)))))",
            "go to U.S.",
            {"go", "to", "U.S."},  # as words
            {"to U.S.", "go to U.S."},
        ),
    ],
)
def test_what_can_be_moved(tree, text, yes, no):
    found = moving(tree, text)
    assert yes <= found
    assert not no & found


def test_a_phrase_of_one_function_word_stays():
    node = read_tree("(S (PP (IN for)) (NP (DT the)) (NP (PRP it)) (NP (NNP U.S.)))")
    forest = flatten([node], Names(), Names())
    tokens = np.flatnonzero(forest.size == 1)
    written = [
        Token("for", False, "IN"),
        Token("the", True, "DT"),
        Token("it", True, "PRP"),
        Token("U.S.", True, "NNP"),
    ]
    can = movable(written, tokens, forest, np.zeros(4, int))
    assert can[[1, 3, 5, 7]].tolist() == [False, False, True, False]


def test_trees_do_not_lean_on_each_other():
    nodes = [read_tree("(S (NN a) (NN b))"), read_tree("(S (NN c) (NN d))")]
    forest = flatten(nodes, Names(), Names())
    tokens = np.flatnonzero(forest.size == 1)
    written = [Token(text, text == "b", "NN") for text in "abcd"]
    can = movable(written, tokens, forest, np.array([0, 0, 1, 1]))
    # c begins a sentence; only c and d are written as one
    assert can[tokens].tolist() == [True, True, False, False]


def test_closed_subtrees():
    size = np.array([4, 1, 1, 1])
    depth = np.array([[0, 1, -1, 0], [0, 0, 0, 1]])
    assert is_closed(depth, size).tolist() == [False, False, False, False]
    assert is_closed(depth * [[1], [0]], size).tolist() == [True, False, False, True]
    assert is_closed(depth * [[0], [2]], size).tolist() == [True, True, True, True]


def test_marks():
    assert all(map(is_mark, [".", ",", "!!!", "?!", "...", ". . .", "--"]))
    assert not any(map(is_mark, ["a", "U.S.", "'", '"', "(", "-", "%", "3.5"]))

"""Brackets that agree, counted by hand."""

import pytest

from sklearn_ext.augmentation._brackets import bracket_counts
from sklearn_ext.augmentation._treebank import read_tree
from tests.augmentation._trees import TREES

GOLD = "(TOP (S (NP (DT a) (NN b)) (VP (VBZ c) (PP (IN d) (NP (NN e)))) (. .)))"


def counts(gold, predicted):
    return bracket_counts(
        read_tree(gold), None if predicted is None else read_tree(predicted)
    )


@pytest.mark.parametrize("text", TREES)
def test_a_tree_agrees_with_itself(text):
    matched, n_gold, n_predicted, tags_right, n_tags = counts(text, text)
    assert matched == n_gold == n_predicted > 0
    assert tags_right == n_tags > 0


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        (GOLD, None, (0, 5, 0, 0, 6)),
        (
            GOLD,
            "(TOP (FRAG (DT a) (NN b) (VBZ c) (IN d) (NN e) (. .)))",
            (0, 5, 1, 6, 6),
        ),
        # the phrase d e hangs elsewhere, one tag is wrong
        (
            GOLD,
            "(TOP (S (NP (DT a) (NN b)) (VP (VBP c)) (PP (IN d) (NP (NN e))) (. .)))",
            (4, 5, 5, 5, 6),
        ),
        # the full stop may hang anywhere
        (
            GOLD,
            "(TOP (S (NP (DT a) (NN b)) (VP (VBZ c) (PP (IN d) (NP (NN e))) (. .))))",
            (5, 5, 5, 6, 6),
        ),
        # a label is wrong
        ("(TOP (NP (NN a)))", "(TOP (VP (NN a)))", (0, 1, 1, 1, 1)),
        # equal brackets count as often as they are there
        (
            "(TOP (S (S (NN a)) (. .)))",
            "(TOP (S (NN a) (. .)))",
            (1, 2, 1, 2, 2),
        ),
        ("(TOP (S (NN a)))", "(TOP (S (VP (S (NN a)))))", (1, 1, 3, 1, 1)),
        # TOP is no bracket, wherever
        ("(TOP (NP (NN a)))", "(TOP (TOP (NP (NN a))))", (1, 1, 1, 1, 1)),
        # particles are adverbs
        ("(TOP (PRT (RP a)))", "(TOP (ADVP (RB a)))", (1, 1, 1, 0, 1)),
        # times are noun phrases
        ("(TOP (NP~TMP (NN a)))", "(TOP (NP (NN a)))", (1, 1, 1, 1, 1)),
        # brackets of punctuation alone are none
        (
            "(TOP (S (NP (NN a)) (PRN (: --) (, ,))))",
            "(TOP (S (NP (NN a)) (: --) (, ,)))",
            (2, 2, 2, 3, 3),
        ),
        # the given tree says what is punctuation
        (
            "(TOP (S (NP (NN a)) (: +)))",
            "(TOP (S (NP (NN a) (SYM +))))",
            (2, 2, 2, 1, 2),
        ),
        (
            "(TOP (S (NP (NN a)) (SYM +)))",
            "(TOP (S (NP (NN a) (: +))))",
            (1, 2, 2, 1, 2),
        ),
    ],
)
def test_counts_by_hand(gold, predicted, expected):
    assert counts(gold, predicted) == expected


@pytest.mark.parametrize("tag", [",", ".", ":", "``", "''"])
def test_tags_of_punctuation(tag):
    gold = f"(TOP (S (NP (NN a)) ({tag} x)))"
    assert counts(gold, f"(TOP (S (NP (NN a) ({tag} x))))")[:3] == (2, 2, 2)


@pytest.mark.parametrize("word", [*'.,:;?!"', "``", "''", "--"])
def test_words_of_punctuation(word):
    gold = f"(TOP (S (NP (NN a)) (NFP {word})))"
    assert counts(gold, f"(TOP (S (NP (NN a) (NFP {word}))))")[:3] == (2, 2, 2)


@pytest.mark.parametrize(("tag", "word"), [("-LRB-", "-LRB-"), ("HYPH", "-")])
def test_what_is_no_punctuation(tag, word):
    gold = f"(TOP (S (NP (NN a)) ({tag} {word})))"
    assert counts(gold, f"(TOP (S (NP (NN a) ({tag} {word}))))")[:3] == (1, 2, 2)


def test_other_tokens_are_refused():
    with pytest.raises(ValueError, match="the trees have 1 and 2 tokens"):
        counts("(TOP (NP (NN a)))", "(TOP (NP (NN a) (NN b)))")

"""Trees read, written and cleaned, against examples and properties."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ext.augmentation._treebank import (
    MAX_DEPTH,
    Node,
    clean_tree,
    read_tree,
    read_trees,
    tree_tokens,
    write_tree,
)
from tests.augmentation._trees import TREES, published_lines

LABELS = ["S", "NP", "NP-SBJ", "NP-TMP", "VP=2", "CIT", "TITLE", "TOP", "X", "ROOT"]
TAGS = ["NN", "-NONE-", "-LRB-", ".", "VB|NN", "PRP$"]
WORDS = ["a", "*T*-1", "-LRB-", "1/2", "x\u00a0y", "…", "é", "=", "~^|"]

tokens = st.builds(Node, st.sampled_from(TAGS), st.sampled_from(WORDS))
trees = st.recursive(
    tokens,
    lambda parts: st.builds(
        Node, st.sampled_from(LABELS), st.lists(parts, max_size=3).map(tuple)
    ),
    max_leaves=8,
)
trees_with_words = trees.filter(
    lambda tree: any(t != "-NONE-" for t, _ in _leaves(tree))
)


def _leaves(node):
    """Tokens by recursion, the obvious way."""
    if isinstance(node.children, str):
        return [(node.label, node.children)]
    return [leaf for child in node.children for leaf in _leaves(child)]


def _phrases(node):
    if isinstance(node.children, str):
        return []
    return [node] + [phrase for child in node.children for phrase in _phrases(child)]


def cleaned(text):
    return write_tree(clean_tree(read_tree(text)))


@settings(derandomize=True, deadline=None)
@given(tree=trees)
def test_a_written_tree_is_read_back(tree):
    assert read_tree(write_tree(tree)) == tree
    assert tree_tokens(tree) == _leaves(tree)


@settings(derandomize=True, deadline=None)
@given(
    several=st.lists(trees, max_size=4), between=st.sampled_from(["\n", " ", "\n\n"])
)
def test_trees_are_read_however_they_are_spread(several, between):
    text = between.join(write_tree(tree) for tree in several)
    assert list(read_trees(text)) == several
    assert list(read_trees(text.replace(" (", "\n\t  ("))) == several


def test_a_tree_is_nodes_and_words():
    tree = read_tree("(S (NP (PRP I)) (VP (VBD ran)))")
    noun = Node("NP", (Node("PRP", "I"),))
    assert tree == Node("S", (noun, Node("VP", (Node("VBD", "ran"),))))


def test_the_form_of_the_penn_treebank_is_read():
    text = "\n\n( (S \n    (NP-SBJ (NNP Pierre) )\n    (VP (VBD ran) )\n    (. .) ))\n"
    (tree,) = read_trees(text)
    assert tree.label == ""
    assert write_tree(clean_tree(tree)) == (
        "(TOP (S (NP (NNP Pierre)) (VP (VBD ran)) (. .)))"
    )


@pytest.mark.parametrize("text", TREES)
def test_the_trees_of_the_tests_are_clean(text):
    tree = read_tree(text)
    assert write_tree(tree) == text
    assert clean_tree(tree) == tree


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("(S (NN a)", "a bracket is never closed"),
        ("(S (NN a)))", "'\\)' stands outside of all brackets"),
        ("a", "'a' stands outside of all brackets"),
        ("()", "a bracket is empty"),
        ("(S (NN a) b)", "the word 'b' has no tag of its own"),
        ("(NN a b)", "the word 'a' has no tag of its own"),
        ("", "it holds 0 trees instead of one"),
        ("(NN a) (NN b)", "it holds 2 trees instead of one"),
        ("(S " * MAX_DEPTH + "(NN a" + ")" * (MAX_DEPTH + 1), "nested deeper than 200"),
    ],
)
def test_what_is_no_tree_is_refused(text, what):
    with pytest.raises(ValueError, match=what) as error:
        read_tree(text, name="X[7]")
    assert str(error.value).startswith("X[7] is no bracketed tree: ")


def test_the_error_shows_sixty_characters_from_the_tree_on():
    text = "(NN a)\n(S (NN b) " + "c" * 90
    with pytest.raises(ValueError, match="tree 1 is no bracketed tree") as error:
        list(read_trees(text))
    assert repr(text[7:67]) in str(error.value)
    assert text[7:68] not in str(error.value)


def test_trees_may_be_deep():
    depth = MAX_DEPTH - 1
    text = (
        "".join(f"({'SX'[i % 2]} " for i in range(depth)) + "(NN a" + ")" * (depth + 1)
    )
    assert cleaned(text) == f"(TOP {text})"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # functions, indices, other readings
        ("(TOP (NP-SBJ-1 (NN a)))", "(TOP (NP (NN a)))"),
        ("(TOP (S=2 (NP|X (NN a) (NN b))))", "(TOP (S (NP (NN a) (NN b))))"),
        ("(TOP (NP (JJ|NN a) (NN b)))", "(TOP (NP (JJ a) (NN b)))"),
        ("(TOP (NP-TMP (NN a)))", "(TOP (NP~TMP (NN a)))"),
        ("(TOP (NP-CLR-TMP-3 (NN a)))", "(TOP (NP~TMP (NN a)))"),
        ("(TOP (PP-TMP (IN a)))", "(TOP (PP (IN a)))"),
        ("(TOP (NP (-LRB- -LRB-) (NN a)))", "(TOP (NP (-LRB- -LRB-) (NN a)))"),
        # empty parts
        ("(TOP (S (NP (-NONE- *)) (VP (VB a))))", "(TOP (S (VP (VB a))))"),
        ("(TOP (S (NP) (VP (VB a))))", "(TOP (S (VP (VB a))))"),
        # phrases over themselves
        ("(TOP (NP (NP (NP (NN a)))))", "(TOP (NP (NN a)))"),
        ("(TOP (NP-SBJ (NP (NN a)) (SBAR (-NONE- 0))))", "(TOP (NP (NN a)))"),
        ("(TOP (NP (NP-TMP (NN a))))", "(TOP (NP (NP~TMP (NN a))))"),
        ("(TOP (X (X a)))", "(TOP (X (X a)))"),
        # roots
        ("(S1 (S (NN a)))", "(TOP (S (NN a)))"),
        ("(ROOT (TOP (S (NN a))))", "(TOP (S (NN a)))"),
        ("(S (NN a))", "(TOP (S (NN a)))"),
        ("(NN a)", "(TOP (FRAG (NN a)))"),
        ("(TOP (NN a))", "(TOP (FRAG (NN a)))"),
        ("(TOP (S (NN a)) (. .))", "(TOP (FRAG (S (NN a)) (. .)))"),
        ("(TOP (S (NN a)) (S (NN b)))", "(TOP (S (NN a)) (S (NN b)))"),
        # wrappers
        ("(TOP (TITLE (NP (NN a))))", "(TOP (NP (NN a)))"),
        ("(TOP (HEADING (CAPTION (NP (NN a)))))", "(TOP (NP (NN a)))"),
        ("(TOP (CAPTION (NP (NN a)) (. .)))", "(TOP (FRAG (NP (NN a)) (. .)))"),
        ("(TOP (HEADING (NN a)))", "(TOP (FRAG (NN a)))"),
        ("(TOP (S (CAPTION (NN a)) (NN b)))", "(TOP (S (CAPTION (NN a)) (NN b)))"),
        ("(TOP (CIT (NN a)))", "(TOP (FRAG (NN a)))"),
        ("(TOP (S (CIT (NN a)) (NN b)))", "(TOP (S (FRAG (NN a)) (NN b)))"),
    ],
)
def test_cleaning(text, expected):
    assert cleaned(text) == expected


@settings(derandomize=True, deadline=None, max_examples=300)
@given(tree=trees_with_words)
def test_a_cleaned_tree_is_clean(tree):
    found = clean_tree(tree)
    assert clean_tree(found) == found
    assert found.label == "TOP"
    words = [word for tag, word in _leaves(tree) if tag != "-NONE-"]
    assert [word for _, word in _leaves(found)] == words
    for label, children in _phrases(found):
        assert label in {"S", "NP", "NP~TMP", "VP", "FRAG", "X", "TITLE", "TOP"}
        assert children
        only = children[0]
        is_phrase = not isinstance(only.children, str)
        assert not (len(children) == 1 and is_phrase and only.label == label)
    for child in found.children:
        assert not isinstance(child.children, str)
        assert child.label not in ("TITLE", "TOP")


@pytest.mark.parametrize("text", ["(S)", "(S (NP (-NONE- *)))", "(-NONE- *)"])
def test_a_tree_without_words_is_refused(text):
    with pytest.raises(ValueError, match="a tree has no words: "):
        clean_tree(read_tree(text))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "n_trees", "n_tokens"),
    [
        ("gum_ccby.train", 2_281, 47_385),
        ("gum_ccby.test", 347, 7_571),
        ("gum_ccbysa.train", 1_320, 27_988),
        ("gum_ccbysa.test", 144, 3_401),
        ("craft_ccby.train", 19_474, 506_486),
        ("craft_ccby.test", 4_392, 107_117),
    ],
)
def test_the_published_treebanks_are_read_and_cleaned(
    shared_data, name, n_trees, n_tokens
):
    lines = published_lines(shared_data, name)
    found = list(read_trees("\n".join(lines)))
    assert len(found) == n_trees
    assert [write_tree(tree) for tree in found] == lines
    assert sum(len(tree_tokens(tree)) for tree in found) == n_tokens
    for tree in found:
        clean = clean_tree(tree)
        assert clean_tree(clean) == clean
        assert tree_tokens(clean) == tree_tokens(tree)
        assert len(clean.children) == 1

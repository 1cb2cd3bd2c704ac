"""State splits by hand, binarisation by hand, and the way back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ext.augmentation._annotate import (
    annotate,
    base_label,
    binarise,
    clean_labels,
    coarse_label,
    undo,
)
from sklearn_ext.augmentation._treebank import Node, clean_tree, read_tree, write_tree
from tests.augmentation._trees import PUBLISHED, TREES, published_trees


def split(text):
    return write_tree(annotate(read_tree(text)))


def states(node):
    """Labels of all nodes in pre-order."""
    if isinstance(node.children, str):
        return [node.label]
    return [node.label] + [x for child in node.children for x in states(child)]


def state_of(text, label):
    """The one state of a label or tag in a tree."""
    (found,) = {x for x in states(annotate(read_tree(text))) if base_label(x) == label}
    return found


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("(VBZ is)", "VBZ~BE"),
        ("(VBD Were)", "VBD~BE"),
        ("(VBP ’re)", "VBP~BE"),
        ("(VBZ 's)", "VBZ~BE"),
        ("(VBP have)", "VBP~HV"),
        ("(VBD 'd)", "VBD~HV"),
        ("(VBG Having)", "VBG~HV"),
        ("(VBD did)", "VBD^VP"),
        ("(VBN seen)", "VBN^VP"),
        ("(VB go)", "VB^VP"),
        ("(MD will)", "MD"),
        ("(MD 'd)", "MD"),
        ("(CC and)", "CC^VP"),
        ("(CC &)", "CC~AMP^VP"),
        ("(CC But)", "CC~BUT^VP"),
        *[(f"({tag} w)", f"{tag}^VP") for tag in ["IN", "DT", "RB", "TO", "CD", "JJ"]],
        *[(f"({tag} w)", f"{tag}^VP") for tag in ["WDT", "PRP$", "NN", "NNS", "%"]],
        *[
            (f"({tag} is)", tag)
            for tag in ["NNP", "PRP", "JJR", "POS", "WP", ".", ",", "-LRB-", "~"]
        ],
    ],
)
def test_tags(token, expected):
    text = f"(TOP (S (VP {token})))"
    tag = token[1:].split()[0]
    assert state_of(text, tag) == expected


def test_the_parent_of_a_time_is_a_noun_phrase():
    text = "(TOP (S (NP~TMP (NP (NN a)) (JJ b))))"
    assert split(text) == "(TOP (S~U^TOP (NP~TMP^S (NP~B^NP (NN^NP a)) (JJ^NP b))))"


@pytest.mark.parametrize(
    ("children", "expected"),
    [
        ("(TO to) (VP (VB be))", "~INF"),
        ("(VBD ran)", "~FIN"),
        ("(VBZ runs)", "~FIN"),
        ("(VBP run)", "~FIN"),
        ("(MD can) (VP (VB run))", "~FIN"),
        ("(VB run)", "~VB"),
        ("(VBG running)", "~G"),
        ("(VBN run)", "~N"),
        ("(VBG be) (RB then) (VBD ran)", "~FIN"),  # the head is not the first
        ("(JJ able)", ""),
        ("(ADJP (VBN run))", "~N"),  # the head tag is found through phrases
    ],
)
def test_verb_phrases(children, expected):
    found = annotate(read_tree(f"(TOP (S (VP {children}) (. .)))"))
    assert found.children[0].children[0].label == f"VP{expected}{_unary(children)}^S"


def _unary(children):
    return "~U" if children.startswith("(ADJP") else ""


@pytest.mark.parametrize(
    ("children", "expected"),
    [
        ("(DT a) (NN b)", "~B"),
        ("(NN b) (POS 's)", "~POS"),
        ("(NP (NN b)) (POS 's)", "~POS"),
        ("(NN b) (NP (NN c))", "~RR"),
        ("(NP (NN b)) (PP (IN c))", ""),
        ("(NP (NN b)) (NP~TMP (NN c))", ""),
        # verbs
        ("(VBG b) (NN c)", "~B~V"),
        ("(NP (NN b)) (PP (IN c) (NP (VBG d)))", "~V"),
        ("(NN b) (NP (VBG c) (POS 's))", "~RR~V"),
        ("(NP (NN b)) (SBAR (VBD c))", ""),
        ("(NP (NN b)) (PP (IN c) (S (VBG d)))", ""),
        ("(MD b) (NN c)", "~B"),
        # the only child is a phrase
        ("(NP (NN b))", "~RR~U"),
        ("(QP (CD b))", "~U"),
        ("(NN b)", "~B"),
    ],
)
def test_noun_phrases(children, expected):
    found = annotate(read_tree(f"(TOP (S (NP {children}) (. .)))"))
    assert found.children[0].children[0].label == f"NP{expected}^S"


@pytest.mark.parametrize("children", ["(NN b)", "(NN b) (POS 's)", "(VBG b) (NN c)"])
def test_times_are_not_split_like_noun_phrases(children):
    assert state_of(f"(TOP (S (NP~TMP {children}) (. .)))", "NP~TMP") == "NP~TMP^S"


def test_the_root_is_not_split():
    assert split("(TOP (FRAG (UH a)))") == "(TOP (FRAG^TOP (UH a)))"
    assert split("(TOP (FRAG (X (UH a))))") == "(TOP (FRAG~U^TOP (X^FRAG (UH a))))"


def test_no_splits():
    for text in TREES:
        tree = read_tree(text)
        assert annotate(tree, split_states=False) == tree


@pytest.mark.parametrize(
    ("state", "base", "coarse"),
    [
        ("NP~B~V~U^S", "NP", "NP"),
        ("NP^NP", "NP", "NP"),
        ("NP~TMP^S", "NP~TMP", "NP"),
        ("NP~TMP", "NP~TMP", "NP"),
        ("VBZ~BE", "VBZ", "VBZ"),
        ("TOP", "TOP", "TOP"),
        ("~", "~", "~"),
        ("-LRB-", "-LRB-", "-LRB-"),
        ("@", "@", "@"),
        ("@NP~B^S|NN|L|JJ", "@NP~B^S|NN|L|JJ", "@NP|NN|L"),
        ("@S^TOP|VP~FIN|R", "@S^TOP|VP~FIN|R", "@S|VP|R"),
        ("@NP~TMP^S|CC~BUT|R|NP~TMP|CD", "@NP~TMP^S|CC~BUT|R|NP~TMP|CD", "@NP|CC|R"),
    ],
)
def test_names_without_marks(state, base, coarse):
    assert base_label(state) == base
    assert coarse_label(state) == coarse
    assert coarse_label(coarse) == coarse


LONG = "(VP^S (RB a) (MD b) (RB^VP c) (VP~VB^VP (VB d)) (. e))"  # the head is MD


@pytest.mark.parametrize(
    ("order", "one", "two", "three"),
    [
        (0, "R", "R", "R"),
        (1, "R|RB", "R|VP~VB", "R|."),
        (2, "R|RB", "R|RB|VP~VB", "R|VP~VB|."),
        (9, "R|RB", "R|RB|VP~VB", "R|RB|VP~VB|."),
    ],
)
def test_right_modifiers_first(order, one, two, three):
    found = write_tree(binarise(read_tree(LONG), markov_order=order))
    assert found == (
        f"(VP^S (RB a) (@VP^S|MD|{three} (@VP^S|MD|{two} (@VP^S|MD|{one} "
        f"(MD b) (RB^VP c)) (VP~VB^VP (VB d))) (. e)))"
    )


def test_left_modifiers_last():
    tree = read_tree("(NP~B^S (DT^NP a) (JJ^NP b) (JJ^NP c) (NN^NP d) (SYM e))")
    assert write_tree(binarise(tree)) == (
        "(NP~B^S (DT^NP a) (@NP~B^S|NN|L|JJ (JJ^NP b) (@NP~B^S|NN|L|JJ (JJ^NP c) "
        "(@NP~B^S|NN|R|SYM (NN^NP d) (SYM e)))))"
    )
    assert write_tree(binarise(tree, markov_order=2)) == (
        "(NP~B^S (DT^NP a) (@NP~B^S|NN|L|JJ|JJ (JJ^NP b) (@NP~B^S|NN|L|JJ (JJ^NP c) "
        "(@NP~B^S|NN|R|SYM (NN^NP d) (SYM e)))))"
    )


def test_the_last_attachment_may_be_on_the_right():
    tree = read_tree("(X^S (VB a) (VB b) (NP~B^X (NN c)))")
    tree = Node("VP^S", tree.children)
    assert write_tree(binarise(tree)) == (
        "(VP^S (@VP^S|VB|R|VB (VB a) (VB b)) (NP~B^X (NN c)))"
    )


@pytest.mark.parametrize("text", ["(NN a)", "(S (NN a))", "(S (NN a) (NN b))"])
def test_two_children_are_enough(text):
    assert write_tree(binarise(read_tree(text))) == text


labels = st.sampled_from(["S", "NP", "VP", "NP~TMP", "PP", "FRAG", "X"])
tags = st.sampled_from(["NN", "VB", "CC", "@", "~", "-LRB-", ".", "POS"])
trees = st.recursive(
    st.builds(Node, tags, st.sampled_from(["a", "is", "but"])),
    lambda parts: st.builds(
        Node, labels, st.lists(parts, min_size=1, max_size=6).map(tuple)
    ),
    max_leaves=20,
)


def undone(tree):
    """Return what `undo` makes of the nodes of a tree in pre-order."""
    states, arity, words = [], [], []
    stack = [tree]
    while stack:
        label, children = stack.pop()
        states.append(label)
        if isinstance(children, str):
            arity.append(0)
            words.append(children)
        else:
            arity.append(len(children))
            stack.extend(reversed(children))
    return undo(clean_labels(states), arity, words)


def check(tree, order):
    split_tree = annotate(tree)
    found = binarise(split_tree, markov_order=order)
    assert undone(found) == tree
    assert undone(split_tree) == tree
    stack = [found]
    while stack:
        _, children = stack.pop()
        if not isinstance(children, str):
            assert 1 <= len(children) <= 2
            stack.extend(children)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(tree=trees, order=st.integers(0, 3))
def test_every_tree_comes_back(tree, order):
    check(clean_tree(tree), order)


def test_phrases_may_be_wide():
    tokens = tuple(Node("NN", str(i)) for i in range(400))
    check(Node("TOP", (Node("NP", tokens),)), 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_trees_come_back(shared_data, name):
    for tree in published_trees(shared_data, name):
        check(tree, 1)

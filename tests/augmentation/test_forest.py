"""Flat trees against the trees that they were made of."""

import gzip

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ext.augmentation import _forest
from sklearn_ext.augmentation._forest import Names, flatten
from sklearn_ext.augmentation._heads import head_child
from sklearn_ext.augmentation._treebank import Node, clean_tree, read_tree
from tests.augmentation._lexical_twin import made_trees


def rows_of(tree):
    """Label, size, both heads and word of every node in pre-order, by recursion."""
    if isinstance(tree.children, str):
        return [(tree.label, 1, 0, 0, tree.children.lower())]
    parts = [rows_of(child) for child in tree.children]
    labels = tuple(child.label for child in tree.children)
    words = tuple(
        c.children if isinstance(c.children, str) else None for c in tree.children
    )
    heads = [
        1 + sum(map(len, parts[: head_child(tree.label, labels, words, semantic=yes)]))
        for yes in (False, True)
    ]
    below = [row for part in parts for row in part]
    return [(tree.label, 1 + len(below), *heads, None), *below]


def rows_of_forest(forest, symbols, words):
    """The same rows, tree by tree, read from a forest."""
    rows = [
        (symbols.names[s], size, head, content, words.names[w] if w >= 0 else None)
        for s, size, head, content, w in zip(
            *[column.tolist() for column in forest[1:]], strict=True
        )
    ]
    return [rows[a:b] for a, b in zip(forest.start[:-1], forest.start[1:], strict=True)]


def check_forest(trees, symbols=None, words=None):
    symbols, words = symbols or Names(), words or Names()
    forest = flatten(trees, symbols, words)
    assert rows_of_forest(forest, symbols, words) == [rows_of(tree) for tree in trees]
    assert forest.start.dtype == np.int64
    assert {column.dtype for column in forest[1:]} == {np.dtype(np.int32)}


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.integers(0, 10_000))
def test_forest_is_the_tree_by_recursion(seed):
    check_forest(made_trees(seed, 8))


def test_semantic_head_depends_on_the_word():
    # Equal labels, once an auxiliary and once not: a head kept per labels is wrong.
    trees = [
        read_tree(f"(TOP (S (VP (VBD {verb}) (VP (VBN seen)))))")
        for verb in ("walked", "Was", "walked", "had", "’s")
    ]
    trees.append(read_tree("(TOP (VP (MD can) (VP (VB go))))"))
    check_forest(trees)
    forest = flatten(trees, Names(), Names())
    assert forest.content_head[forest.size == 4].tolist() == [1, 2, 1, 2, 2, 2]


def test_many_trees_forget_and_go_on(monkeypatch):
    monkeypatch.setattr(_forest, "_MOST_KNOWN", 10)
    check_forest(made_trees(0, 30))


def test_names_grow_and_copies_grow_apart():
    names = Names(["a", "b"])
    other = names.copy()
    assert [other.add(name) for name in ("b", "c", "c", "d")] == [1, 2, 2, 3]
    assert (other.get("c"), other.get("e"), len(other)) == (2, -1, 4)
    assert names.names == ["a", "b"]
    assert (names.get("c"), len(names)) == (-1, 2)


def test_known_names_keep_their_numbers():
    symbols, words = Names(["VBD", "TOP"]), Names(["dog"])
    check_forest(made_trees(1, 10), symbols, words)
    assert symbols.names[:2] == ["VBD", "TOP"]
    assert words.names[0] == "dog"
    assert len(set(words.names)) == len(words)


def test_no_trees():
    forest = flatten([], Names(), Names())
    assert [len(column) for column in forest] == [1, 0, 0, 0, 0, 0]


def test_one_token():
    check_forest([Node("TOP", (Node("FRAG", (Node("UH", "Oh"),)),))])


def test_treebank(shared_data):
    with gzip.open(
        shared_data / "treebank" / "gum_ccby.test.mrg.gz", "rt", encoding="utf8"
    ) as lines:
        check_forest([clean_tree(read_tree(line)) for line in lines])

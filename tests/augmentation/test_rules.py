"""Rules counted by hand and by a naive twin, probabilities, the projection."""

from collections import Counter

import numpy as np
import pytest

from sklearn_ext.augmentation._annotate import annotate, binarise, coarse_label
from sklearn_ext.augmentation._rules import count_rules, project, rule_log_probs
from sklearn_ext.augmentation._treebank import clean_tree, read_tree
from tests.augmentation._trees import TREES, published_trees

BINARISED = [binarise(annotate(clean_tree(read_tree(text)))) for text in TREES]
WEIGHTS = [0.0, 0.5, 1.0, 3.0] * 15 + [2.0, 0.0]


def naive(trees, weights):
    """Counts by recursion, keys of child names and the parent's."""
    found = Counter()

    def visit(node, weight):
        if not isinstance(node.children, str):
            names = tuple(child.label for child in node.children)
            found[names, node.label] += weight
            for child in node.children:
                visit(child, weight)

    for tree, weight in zip(trees, weights, strict=True):
        visit(tree, weight)
    return {key: count for key, count in found.items() if count > 0}


def named(counts):
    """Counts of rules as a dictionary, keys of child names and the parent's."""
    found = {}
    for rows, values in (
        (counts.binary, counts.binary_count),
        (counts.unary, counts.unary_count),
    ):
        for row, value in zip(rows.tolist(), values.tolist(), strict=True):
            *children, parent = [counts.states[i] for i in row]
            found[tuple(children), parent] = value
    return found


def check_order(counts):
    assert counts.states == sorted(set(counts.states))
    for rows, width in ((counts.binary, 3), (counts.unary, 2)):
        assert rows.dtype == np.int32
        assert rows.shape[1] == width
        assert rows.tolist() == sorted(map(list, set(map(tuple, rows.tolist()))))
    assert counts.binary_count.dtype == counts.unary_count.dtype == np.float64


def test_rules_of_one_tree():
    tree = read_tree("(TOP (S (NP (NN a)) (VP (VB b) (NP (NN a)))))")
    counts = count_rules([tree])
    assert counts.states == ["NN", "NP", "S", "TOP", "VB", "VP"]
    assert counts.binary.tolist() == [[1, 5, 2], [4, 1, 5]]
    assert counts.binary_count.tolist() == [1, 1]
    assert counts.unary.tolist() == [[0, 1], [2, 3]]
    assert counts.unary_count.tolist() == [2, 1]


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_counts_are_those_of_the_twin(weights):
    counts = count_rules(iter(BINARISED), weights)
    check_order(counts)
    expected = naive(BINARISED, weights or [1.0] * len(BINARISED))
    assert named(counts) == expected


def test_a_weight_is_a_repetition():
    repeated = [BINARISED[0]] * 3 + [BINARISED[1]]
    other = count_rules(repeated)
    same = count_rules(BINARISED[:3], [3, 1, 0])
    assert same.states == other.states
    for a, b in zip(same[1:], other[1:], strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_grammar_may_lack_binary_or_unary_rules():
    counts = count_rules([read_tree("(TOP (NN a))")])
    check_order(counts)
    assert len(counts.binary) == 0
    counts = count_rules([read_tree("(TOP (NN a) (NN b))")])
    check_order(counts)
    assert len(counts.unary) == 0
    binary, unary = rule_log_probs(counts)
    assert binary.tolist() == [0]
    assert len(unary) == 0
    coarse, _ = project(counts)
    check_order(coarse)


def test_probabilities_sum_to_one():
    counts = count_rules(BINARISED, WEIGHTS)
    for rules in (counts, project(counts)[0]):
        binary, unary = rule_log_probs(rules)
        assert binary.dtype == unary.dtype == np.float32
        total = Counter()
        parents = [*rules.binary[:, 2].tolist(), *rules.unary[:, 1].tolist()]
        for parent, value in zip(parents, [*binary, *unary], strict=True):
            total[parent] += np.exp(np.float64(value))
        np.testing.assert_allclose(list(total.values()), 1, rtol=1e-6)


def test_a_probability_is_a_share():
    texts = ["(TOP (S (NN a)))", "(TOP (S (NN a) (VB b)))", "(TOP (S (VB a)))"]
    counts = count_rules(map(read_tree, texts), [1, 2, 5])
    binary, unary = rule_log_probs(counts)
    np.testing.assert_allclose(np.exp(binary), [2 / 8], rtol=1e-6)
    assert counts.unary.tolist() == [[0, 1], [1, 2], [3, 1]]
    np.testing.assert_allclose(np.exp(unary), [1 / 8, 1, 5 / 8], rtol=1e-6)


def test_the_projection_adds_up():
    counts = count_rules(BINARISED, WEIGHTS)
    coarse, coarse_of = project(counts)
    check_order(coarse)
    assert coarse_of.dtype == np.int32
    assert [coarse.states[i] for i in coarse_of] == [*map(coarse_label, counts.states)]
    assert set(coarse_of.tolist()) == set(range(len(coarse.states)))
    expected = Counter()
    for (children, parent), count in named(counts).items():
        expected[tuple(map(coarse_label, children)), coarse_label(parent)] += count
    assert named(coarse) == expected


def test_the_projection_without_modifiers_is_the_grammar_of_order_zero():
    trees = [clean_tree(read_tree(text)) for text in TREES if "NP~TMP" not in text]
    split = count_rules(binarise(annotate(tree)) for tree in trees)
    plain = count_rules(binarise(tree, markov_order=0) for tree in trees)
    coarse, _ = project(split)
    assert coarse.states == plain.states
    assert named(coarse) == named(plain)


@pytest.mark.slow
def test_sizes_on_the_published_treebanks(shared_data):
    trees = published_trees(shared_data, "gum_ccby.train")
    counts = count_rules(binarise(annotate(tree)) for tree in trees)
    assert len(counts.unary) == 331
    assert abs(len(counts.states) / 2_832 - 1) < 0.01
    assert abs(len(counts.binary) / 7_781 - 1) < 0.01

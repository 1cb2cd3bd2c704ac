"""Rules of a grammar counted in trees, their probabilities, their projection."""

from collections import Counter
from typing import NamedTuple

import numpy as np

from ._annotate import coarse_label

__all__ = ["RuleCounts", "count_rules", "project", "rule_log_probs"]


class RuleCounts(NamedTuple):
    """Rules and how often they were seen, in the order of their rows.

    states : sorted names, tags among them. binary : int32 (n, 3) = left, right, parent.
    unary : int32 (m, 2) = child, parent. The counts are float64.
    """

    states: list[str]
    binary: np.ndarray
    binary_count: np.ndarray
    unary: np.ndarray
    unary_count: np.ndarray


def _add_tree(tree, weight, rules, tags):
    """Add the rules of one binarised tree, keys of child states and the parent."""
    stack = [tree]
    while stack:
        label, children = stack.pop()
        if isinstance(children, str):
            tags.add(label)
            continue
        rules[(*[child.label for child in children], label)] += weight
        stack.extend(children)


def _in_order(rules, width):
    """Return the rows and counts of a dictionary of rules, sorted by rows."""
    rows = np.array(list(rules), dtype=np.int32).reshape(-1, width)
    counts = np.array(list(rules.values()), dtype=np.float64)
    order = np.lexsort(rows.T[::-1])
    return rows[order], counts[order]


def count_rules(trees, weights=None):
    """Count the rules of binarised trees.

    Parameters
    ----------
    trees : iterable of Node
    weights : iterable of float, default=None
        How often each tree counts; trees of weight 0 are left out. None: once.

    Returns
    -------
    counts : RuleCounts
    """
    rules: Counter[tuple[str, ...]] = Counter()
    tags: set[str] = set()
    if weights is None:
        for tree in trees:
            _add_tree(tree, 1.0, rules, tags)
    else:
        for tree, weight in zip(trees, weights, strict=True):
            if weight > 0:
                _add_tree(tree, weight, rules, tags)
    states = sorted(tags.union(*rules))
    number = {state: i for i, state in enumerate(states)}
    found: tuple[dict, dict] = ({}, {})
    for names, count in rules.items():
        found[len(names) - 2][tuple([number[name] for name in names])] = count
    unary, unary_count = _in_order(found[0], 2)
    binary, binary_count = _in_order(found[1], 3)
    return RuleCounts(states, binary, binary_count, unary, unary_count)


def _sums(places, counts, n):
    """Return the sum of the counts at each of n places, float64."""
    # without any rule bincount returns integers
    return np.bincount(places, counts, n).astype(np.float64)


def rule_log_probs(counts):
    """Return log(count / count of the parent) of binary and unary rules, float32."""
    n_states = len(counts.states)
    total = _sums(counts.binary[:, 2], counts.binary_count, n_states)
    total += _sums(counts.unary[:, 1], counts.unary_count, n_states)
    binary = np.log(counts.binary_count / total[counts.binary[:, 2]])
    unary = np.log(counts.unary_count / total[counts.unary[:, 1]])
    return binary.astype(np.float32), unary.astype(np.float32)


def _added_up(rows, counts):
    """Return the different rows, sorted, and the sums of their counts."""
    different, place = np.unique(rows, axis=0, return_inverse=True)
    sums = _sums(place.ravel(), counts, len(different))
    return different.astype(np.int32), sums


def project(counts):
    """Return the rules of states without marks and modifiers, and those states.

    Returns
    -------
    coarse : RuleCounts
        Counts of rules that fall together are added, so that every derivation of the
        given rules has one of these.
    coarse_of : int32 array of shape (n_states,)
        The coarse state of each state.
    """
    labels = [coarse_label(state) for state in counts.states]
    states = sorted(set(labels))
    number = {state: i for i, state in enumerate(states)}
    coarse_of = np.array([number[label] for label in labels], dtype=np.int32)
    binary, binary_count = _added_up(coarse_of[counts.binary], counts.binary_count)
    unary, unary_count = _added_up(coarse_of[counts.unary], counts.unary_count)
    return RuleCounts(states, binary, binary_count, unary, unary_count), coarse_of

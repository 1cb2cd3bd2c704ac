"""next_classes against a greedy search through all labels at each step."""

import re
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from sklearn_ext import label_locus, minimum_locus_cover, next_classes
from tests.label_space._naive import SHAPES, all_paths, ordinal_space, tree_space


def on_paths(D, codes):
    """Nodes that lie on a path between two of some nodes; exact for whole lengths."""
    codes = np.asarray(codes)
    through = D[codes][:, None, :] + D[codes][None, :, :]
    return (through == D[np.ix_(codes, codes)][:, :, None]).any(axis=(0, 1))


def greedy(D, observed, n, labels=None):
    """At each step the label with most new labels on its path, then the longest.

    `labels` are the nodes that can be annotated, in their order.
    """
    labels = np.arange(len(D)) if labels is None else np.asarray(labels)
    observed, chosen = [labels[code] for code in observed], []
    if not observed:
        pairs = [
            (-on_paths(D, [a, b])[labels].sum(), -D[a, b], i, j)
            for i, a in enumerate(labels)
            for j, b in enumerate(labels)
            if i < j
        ]
        *_, i, j = min(pairs)
        chosen = [i, j] if D[labels[i], labels[j]] > 0 else [i]
        observed = [labels[i] for i in chosen]
    while len(chosen) < n:
        inside = on_paths(D, observed)
        best = max(
            (
                on_paths(D, [*observed, node])[labels].sum(),
                D[node, inside].min(),
                -code,
            )
            for code, node in enumerate(labels)
            if node not in observed
        )
        chosen.append(-best[2])
        observed.append(labels[-best[2]])
    return np.array(chosen[:n])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("length_kind", ["unit", "whole", "some zero"])
@pytest.mark.parametrize("n_observed", [0, 1, 4])
def test_each_step_is_the_best_one(shape, length_kind, n_observed, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    for n in (5, 14, 23):
        space = tree_space(rng, n, shape, "str", length_kind)
        observed = rng.choice(n, n_observed, replace=False)
        n_left = n - n_observed
        found = next_classes(space.labels[observed], n_left, **space.keywords)
        expected = greedy(space.D, list(observed), n_left)
        np.testing.assert_array_equal(found, space.labels[expected])


def test_whatever_the_lengths_the_locus_grows_as_fast(global_random_seed):
    """Lengths of any kind: ties aside, each label is the best one for the locus."""
    rng = np.random.default_rng(global_random_seed)
    for n in (10, 40):
        space = tree_space(rng, n, "random", "int", "any")
        hops = all_paths(n, [(u, v) for u, v in zip(*edge_codes(space), strict=True)])
        observed = list(rng.choice(n, 2, replace=False))
        found = next_classes(space.labels[observed], n - 2, **space.keywords)
        for code in np.searchsorted(space.labels, found):
            inside = on_paths(hops, observed)
            far = hops[:, inside].min(axis=1)
            assert far[code] == far.max()
            tied = np.flatnonzero(far == far.max())
            length = space.D[:, inside].min(axis=1)
            assert length[code] >= length[tied].max() * (1 - 1e-12)
            observed.append(code)


def edge_codes(space):
    """Both ends of all edges as places in the labels."""
    return (
        np.searchsorted(space.labels, [edge[i] for edge in space.keywords["edges"]])
        for i in range(2)
    )


@pytest.mark.parametrize("n_observed", [0, 2])
@pytest.mark.parametrize("length_kind", ["unit", "whole", "some zero"])
def test_junctions_are_no_gain(length_kind, n_observed, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    for n in (6, 15, 24):
        space = tree_space(rng, n, "random", "int", length_kind)
        kept = np.sort(rng.choice(n, n // 2 + 1, replace=False))
        observed = rng.choice(len(kept), n_observed, replace=False)
        n_left = len(kept) - n_observed
        keywords = {**space.keywords, "labels": space.labels[kept]}
        found = next_classes(keywords["labels"][observed], n_left, **keywords)
        expected = greedy(space.D, list(observed), n_left, kept)
        np.testing.assert_array_equal(found, space.labels[kept[expected]])


def test_only_leaves_as_labels_the_longest_new_path_comes_first():
    """Four species: the order is that of the branch lengths that each one adds."""
    edges = pd.DataFrame(
        [("root", "x", 1), ("x", "a", 1), ("x", "b", 2), ("root", "y", 3),
         ("y", "c", 2), ("y", "d", 1.5)]
    )  # fmt: skip
    chosen = next_classes(
        [], 4, label_metric="tree", edges=edges, labels=["a", "b", "c", "d"]
    )
    assert chosen.tolist() == ["b", "c", "d", "a"]


def test_numbers_are_a_path(global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    space = ordinal_space(rng, 12)
    for observed in ([], [4], [0, 11], [3, 5, 8]):
        n_left = 12 - len(observed)
        found = next_classes(space.labels[observed], n_left, **space.keywords)
        expected = greedy(space.D, observed, n_left)
        np.testing.assert_array_equal(found, space.labels[expected])


def test_a_graph_without_a_cycle_is_a_tree(global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    space = tree_space(rng, 20, "random", "str", "whole")
    observed = space.labels[[3, 11]]
    expected = next_classes(observed, 18, **space.keywords)
    keywords = {**space.keywords, "label_metric": "graph"}
    np.testing.assert_array_equal(next_classes(observed, 18, **keywords), expected)


def test_ties_do_not_depend_on_the_order_of_the_edges(global_random_seed):
    """Lengths whose sums are rounded: both branches are as long, the first one wins."""
    lengths = [0.1, 0.2, 0.3, 0.7, 1e-3]
    edges = [(0, 10, 1.0)]
    for end, order in (
        (1, lengths),
        (2, lengths[::-1]),
        (3, lengths[2:] + lengths[:2]),
    ):
        nodes = [0, *range(20 * end, 20 * end + 4), end]
        edges += list(zip(nodes[:-1], nodes[1:], order, strict=True))
    rng = np.random.default_rng(global_random_seed)
    for _ in range(20):
        shuffled = [edges[i] for i in rng.permutation(len(edges))]
        shuffled = [
            (v, u, w) if rng.random() < 0.5 else (u, v, w) for u, v, w in shuffled
        ]
        frame = pd.DataFrame(shuffled)
        found = next_classes([10], 3, label_metric="tree", edges=frame)
        assert found.tolist() == [1, 2, 3]
        found = next_classes([], 3, label_metric="tree", edges=frame)
        assert found.tolist() == [1, 2, 3]


@pytest.mark.parametrize("scale", [2.0**-1000, 2.0**-40, 2.0**1000])
def test_the_unit_of_lengths_does_not_matter(scale, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    space = tree_space(rng, 25, "random", "int", "whole")
    edges = np.array(space.keywords["edges"])
    expected = next_classes([], 25, label_metric="tree", edges=edges)
    edges[:, 2] *= scale
    found = next_classes([], 25, label_metric="tree", edges=edges)
    np.testing.assert_array_equal(found, expected)


def test_the_first_ones_do_not_depend_on_n(global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    space = tree_space(rng, 15, "deep", "int", "whole")
    for observed in ([], space.labels[[2, 9]]):
        n_left = 15 - len(observed)
        whole = next_classes(observed, n_left, **space.keywords)
        assert len(np.unique(whole)) == n_left
        assert not np.isin(whole, observed).any()
        for n in range(1, n_left):
            found = next_classes(observed, n, **space.keywords)
            np.testing.assert_array_equal(found, whole[:n])


def test_all_in_reach_after_the_cover(global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    space = tree_space(rng, 60, "random", "int", "whole")
    cover = minimum_locus_cover(**space.keywords)
    found = next_classes([], len(cover), **space.keywords)
    np.testing.assert_array_equal(np.sort(found), cover)
    assert len(label_locus(found[:-1], **space.keywords)) < 60
    rest = next_classes(cover, 60 - len(cover), **space.keywords)
    np.testing.assert_array_equal(rest, np.setdiff1d(space.labels, cover))


def test_labels_at_no_distance_follow_in_their_order():
    edges = [("c", "b", 0), ("b", "a", 0), ("a", "d", 0)]
    found = next_classes([], 4, label_metric="tree", edges=edges)
    assert found.tolist() == ["a", "b", "c", "d"]
    found = next_classes(["c", "c"], 3, label_metric="tree", edges=edges)
    assert found.tolist() == ["a", "b", "d"]


def test_the_first_two_are_the_lowest_of_equal_ends():
    """Three arms: the long one and either of the others, whichever comes first."""
    arms = {5: 2, 3: 1, 1: 1}
    for order in permutations(arms):
        edges = [(0, arm, arms[arm]) for arm in order]
        found = next_classes([], 3, label_metric="tree", edges=edges, labels=[1, 3, 5])
        assert found.tolist() == [1, 5, 3]


def test_a_single_label():
    assert next_classes([], 1, label_metric="ordinal", labels=[7]).tolist() == [7]


@pytest.mark.usefixtures("compiled")
def test_many_labels(global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    n = 300_000
    child = np.arange(1, n)
    edges = np.column_stack([child, rng.integers(np.maximum(child - 1000, 0), child)])
    chosen = next_classes([5, 9], 1000, label_metric="tree", edges=edges)
    reached = [
        len(label_locus([5, 9, *chosen[:m]], label_metric="tree", edges=edges))
        for m in range(0, 8)
    ]
    gains = np.diff(reached)
    assert (np.diff(gains) <= 0).all()
    assert (gains > 0).all()


@pytest.mark.parametrize("n", [0, -1, 4])
def test_n_out_of_range(n):
    with pytest.raises(ValueError, match=rf"n={n} .* 1 to 3"):
        next_classes([2], n, label_metric="ordinal", labels=[1, 2, 3, 4])


@pytest.mark.parametrize("n", [1.0, True, None, "2"])
def test_n_is_no_integer(n):
    with pytest.raises(ValueError, match="'n' parameter of next_classes"):
        next_classes([2], n, label_metric="ordinal", labels=[1, 2, 3, 4])


@pytest.mark.filterwarnings("ignore:The graph of labels has 2 components")
@pytest.mark.parametrize(
    ("metric", "keywords"),
    [
        ("discrete", {"labels": [1, 2, 3]}),
        ("graph", {"edges": [(1, 2), (2, 3), (3, 1)]}),
        ("graph", {"edges": [(1, 2), (3, 4)]}),
        ("precomputed", {"labels": [1, 2], "distances": [[0, 1], [1, 0]]}),
        ("embedding", {"label_embeddings": {1: [0.0], 2: [1.0]}}),
        (lambda a, b: abs(a - b), {"labels": [1, 2, 3]}),
    ],
)
def test_metrics_that_are_no_tree(metric, keywords):
    name = "a callable" if callable(metric) else repr(metric)
    message = re.escape(f"label_metric={name} is not a tree, which next_classes needs")
    with pytest.raises(ValueError, match=message):
        next_classes([1], 1, label_metric=metric, **keywords)


def test_unknown_labels_are_named():
    with pytest.raises(ValueError, match=r"observed holds .* 9"):
        next_classes([9], 1, label_metric="ordinal", labels=[1, 2, 3])
    with pytest.raises(ValueError, match="needs the keyword labels"):
        next_classes([9], 1, label_metric="ordinal")

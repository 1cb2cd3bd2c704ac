"""label_locus and minimum_locus_cover against paths, programs and samples."""

import re
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ext import frechet_predict, label_locus, minimum_locus_cover
from sklearn_ext.label_space import _locus
from sklearn_ext.label_space._linear_program import locus_margins
from sklearn_ext.label_space._locus import locus_mask
from sklearn_ext.label_space._space import read_label_space
from tests.label_space._naive import (
    SHAPES,
    callable_space,
    choose,
    embedding_space,
    graph_space,
    ordinal_space,
    precomputed_space,
    scores,
    tree_space,
)


def on_paths(D, codes):
    """Nodes that lie on a path between two of some nodes; exact for whole lengths."""
    inside = np.isin(np.arange(len(D)), codes)
    for a in codes:
        for b in codes:
            inside |= D[a] + D[b] == D[a, b]
    return inside


def with_positive_margin(D, observed, power, candidates=None):
    """Candidates that some full program says can win, ties included."""
    candidates = np.arange(len(D)) if candidates is None else candidates
    risk = D[np.ix_(observed, candidates)] ** power
    return locus_margins(risk) >= -1e-9 * risk.max()


def mask(space, observed, candidates=None, power=2):
    """The locus as the estimator asks for it."""
    candidates = np.arange(len(space.D)) if candidates is None else candidates
    found = read_label_space(**space.keywords)
    return locus_mask(found, np.asarray(observed), np.asarray(candidates), power)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("length_kind", ["unit", "whole", "some zero"])
@pytest.mark.parametrize("power", [1, 2])
def test_trees_reach_the_paths_between_observed_labels(
    shape, length_kind, power, global_random_seed
):
    rng = np.random.default_rng(global_random_seed)
    for n, k in ((2, 1), (17, 1), (17, 2), (40, 5)):
        space = tree_space(rng, n, shape, "str", length_kind)
        observed = rng.choice(n, k, replace=False)
        found = label_locus(space.labels[observed], power=power, **space.keywords)
        expected = space.labels[on_paths(space.D, observed)]
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("power", [1, 2, 3])
@pytest.mark.parametrize("length_kind", ["unit", "whole", "some zero"])
def test_paths_are_what_the_programs_find(power, length_kind, global_random_seed):
    """The shortcut of trees against the definition of the locus."""
    rng = np.random.default_rng(global_random_seed)
    for n, k in ((9, 2), (25, 4)):
        space = tree_space(rng, n, "random", "int", length_kind)
        observed = rng.choice(n, k, replace=False)
        expected = with_positive_margin(space.D, observed, power)
        np.testing.assert_array_equal(mask(space, observed, power=power), expected)


def test_only_the_median_needs_ties(global_random_seed):
    """Power 2: each node of a path wins alone. Power 1: ends and branchings do."""
    rng = np.random.default_rng(global_random_seed)
    space = tree_space(rng, 30, "random", "int", "whole")
    observed = rng.choice(30, 4, replace=False)
    inside = on_paths(space.D, observed)
    margins = locus_margins(space.D[observed] ** 2)
    np.testing.assert_array_equal(margins > 1e-9, inside)
    edges = np.searchsorted(space.labels, [e[:2] for e in space.keywords["edges"]])
    degree = np.bincount(edges[inside[edges].all(axis=1)].ravel(), minlength=30)
    alone = np.isin(np.arange(30), observed) | (degree > 2)
    margins = locus_margins(space.D[observed])
    np.testing.assert_array_equal(margins > 1e-9, alone)


@pytest.mark.parametrize("power", [1, 2, 0.5])
def test_numbers_between_observed_ones(power, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    space = ordinal_space(rng, 20)
    observed = np.array([4, 9, 15])
    found = label_locus(space.labels[observed], power=power, **space.keywords)
    expected = with_positive_margin(space.D, observed, power)
    np.testing.assert_array_equal(found, space.labels[expected])
    if power >= 1:
        np.testing.assert_array_equal(found, space.labels[4:16])
    else:
        np.testing.assert_array_equal(found, space.labels[observed])


def test_a_concave_risk_of_a_tree_takes_programs(global_random_seed):
    """Below power 1 only branchings may be worth a compromise."""
    rng = np.random.default_rng(global_random_seed)
    for shape in SHAPES:
        space = tree_space(rng, 20, shape, "int", "whole")
        observed = rng.choice(20, 5, replace=False)
        expected = with_positive_margin(space.D, observed, 0.7)
        np.testing.assert_array_equal(mask(space, observed, power=0.7), expected)


@pytest.mark.parametrize("power", [1, 2])
def test_candidates_of_a_tree(power, global_random_seed):
    """Without some nodes between, others come in their place."""
    rng = np.random.default_rng(global_random_seed)
    for n in (12, 30):
        space = tree_space(rng, n, "random", "str", "whole")
        observed = rng.choice(n, 4, replace=False)
        inside = on_paths(space.D, observed)
        for candidates in (
            np.sort(rng.choice(n, n // 2, replace=False)),
            np.flatnonzero(inside),
            np.flatnonzero(inside | (np.arange(n) % 3 == 0)),
            np.flatnonzero(~inside),
        ):
            if not len(candidates):
                continue
            expected = with_positive_margin(space.D, observed, power, candidates)
            found = mask(space, observed, candidates, power)
            np.testing.assert_array_equal(found, expected)


def test_junctions_of_a_tree_are_no_candidates():
    """The short branch is the best compromise, as the junction is no label."""
    keywords = {
        "label_metric": "tree",
        "edges": [("j", "a", 10), ("j", "b", 10), ("j", "c", 1), ("c", "d", 9)],
        "labels": ["a", "b", "c", "d"],
    }
    assert label_locus(["a", "b"], **keywords).tolist() == ["a", "b", "c"]
    assert minimum_locus_cover(**keywords).tolist() == ["a", "b", "d"]


@pytest.mark.parametrize("power", [1, 2])
def test_a_grid(power):
    """Shortest paths of a grid, whose opposite corners reach everything by ties."""
    edges = [((i, j), (i + 1, j)) for i in range(4) for j in range(5)]
    edges += [((i, j), (i, j + 1)) for i in range(5) for j in range(4)]
    edges = [[5 * i + j for i, j in pair] for pair in edges]
    keywords = {"label_metric": "graph", "edges": edges, "power": power}
    assert len(label_locus([0, 24], **keywords)) == 25
    assert len(label_locus([0, 4, 20, 24], **keywords)) == 25
    assert label_locus([0, 2], **keywords).tolist() == [0, 1, 2]


def test_a_cycle():
    keywords = {"label_metric": "graph", "edges": [(i, (i + 1) % 9) for i in range(9)]}
    assert len(label_locus([0, 3, 6], **keywords)) == 9
    assert label_locus([0, 3], **keywords).tolist() == [0, 1, 2, 3]


def test_labels_are_the_same_or_not():
    assert label_locus([3, 1, 3]).tolist() == [1, 3]
    assert label_locus(["b"], labels=["c", "b", "a"]).tolist() == ["b"]


def test_discrete_candidates_all_tie_for_a_label_that_is_none():
    space = read_label_space("discrete", labels=list("abcd"))
    found = locus_mask(space, np.array([0, 1]), np.array([0, 1, 3]), 2)
    assert found.tolist() == [True, True, False]
    found = locus_mask(space, np.array([0, 1]), np.array([0, 2, 3]), 2)
    assert found.tolist() == [True, True, True]
    assert with_positive_margin(1 - np.eye(4), [0, 1], 2, [0, 2, 3]).all()
    assert with_positive_margin(1 - np.eye(4), [0, 1], 2, [0, 1, 3]).sum() == 2


def test_embeddings_whose_cells_meet_the_hull(global_random_seed):
    """Every winner of a dense sample is found, and no other beyond its resolution."""
    rng = np.random.default_rng(global_random_seed)
    space = embedding_space(rng, 150, e=2)
    order = np.argsort(space.keywords["labels"])
    points = space.keywords["label_embeddings"][order]
    observed = rng.choice(150, 4, replace=False)
    found = mask(space, observed)
    P = np.vstack([rng.dirichlet(np.full(4, c), 10_000) for c in (0.2, 0.5, 1.0)])
    sample = P @ points[observed]
    gap = np.square(sample).sum(axis=1)[:, None] - 2 * sample @ points.T
    gap += np.square(points).sum(axis=1)
    gap = np.sqrt(np.maximum(gap, 0))
    gap -= gap.min(axis=1, keepdims=True)
    slack = gap.min(axis=0)
    assert found[slack == 0].all()
    assert (slack[found] < 0.03).all()
    assert 10 < found.sum() < 140


MAKERS = {
    "graph": lambda rng: graph_space(rng, 30, "str", "whole"),
    "unit graph": lambda rng: graph_space(rng, 30),
    "embedding": lambda rng: embedding_space(rng, 30),
    "ties": lambda rng: embedding_space(rng, 30, whole=True),
    "precomputed": lambda rng: precomputed_space(rng, 30),
    "precomputed ties": lambda rng: precomputed_space(rng, 30, whole=True),
    "callable": lambda rng: callable_space(rng, 30),
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("power", [1, 2, 0.5])
def test_any_metric_by_programs(name, power, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    space = MAKERS[name](rng)
    observed = rng.choice(30, 6, replace=False)
    expected = with_positive_margin(space.D, observed, power)
    found = label_locus(space.labels[observed], power=power, **space.keywords)
    np.testing.assert_array_equal(found, space.labels[expected])
    candidates = np.sort(rng.choice(30, 12, replace=False))
    expected = with_positive_margin(space.D, observed, power, candidates)
    np.testing.assert_array_equal(mask(space, observed, candidates, power), expected)


@pytest.mark.parametrize("name", [*MAKERS, "tree", "ordinal"])
@pytest.mark.parametrize("power", [1, 2])
def test_predictions_are_in_the_locus(name, power, global_random_seed):
    makers = MAKERS | {
        "tree": lambda rng: tree_space(rng, 30, "deep", "str", "whole"),
        "ordinal": lambda rng: ordinal_space(rng, 30),
    }
    rng = np.random.default_rng(global_random_seed)
    space = makers[name](rng)
    observed = np.sort(rng.choice(30, 5, replace=False))
    P = np.vstack([scores(rng, 200, 5), scores(rng, 200, 5, "tied")])
    found = label_locus(space.labels[observed], power=power, **space.keywords)
    codes = choose(P, space.D, observed, power=power).codes
    assert np.isin(space.labels[codes], found).all()
    predicted = frechet_predict(
        P, space.labels[observed], power=power, **space.keywords
    )
    assert np.isin(predicted, found).all()


@pytest.mark.parametrize("matrix", [1 << 25, 200])
@pytest.mark.parametrize("name", MAKERS)
def test_many_candidates_have_a_lower_bound(
    name, matrix, monkeypatch, global_random_seed
):
    """Never more than the locus, never less than the observed labels; reproducible."""
    rng = np.random.default_rng(global_random_seed)
    space = MAKERS[name](rng)
    observed = rng.choice(30, 10, replace=False)
    exact = mask(space, observed)
    monkeypatch.setattr(_locus, "EXACT", 29)
    monkeypatch.setattr(_locus, "MATRIX", matrix)
    bound = mask(space, observed)
    assert not (bound & ~exact).any()
    assert bound[observed].all()
    np.testing.assert_array_equal(mask(space, observed), bound)
    if matrix > 200 and name in {"embedding", "graph", "unit graph"}:
        assert bound.sum() >= 0.8 * exact.sum()


def test_parts_of_a_graph_without_a_path_warn():
    edges = [(0, 1), (1, 2), (2, 0), (5, 6), (6, 7)]
    with pytest.warns(UserWarning, match="2 components"):
        found = label_locus([0, 5, 7], label_metric="graph", edges=edges)
    assert found.tolist() == [0, 5, 6, 7]


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.data())
def test_leaves_are_the_least_cover(data):
    n = data.draw(st.integers(1, 8))
    lengths = st.integers(0, 2)
    edges = [
        (data.draw(st.integers(0, child - 1)), child, data.draw(lengths))
        for child in range(1, n)
    ]
    if n == 1:
        keywords = {"label_metric": "ordinal", "labels": [0]}
    else:
        keywords = {"label_metric": "tree", "edges": edges}
    cover = minimum_locus_cover(**keywords)
    assert len(label_locus(cover, **keywords)) == n
    for fewer in combinations(range(n), len(cover) - 1):
        assert not fewer or len(label_locus(fewer, **keywords)) < n


@pytest.mark.parametrize("shape", SHAPES)
def test_the_cover_are_the_leaves(shape, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    space = tree_space(rng, 50, shape, "str", "whole")
    ends = np.concatenate([edge[:2] for edge in space.keywords["edges"]])
    labels, degree = np.unique(ends, return_counts=True)
    cover = minimum_locus_cover(**space.keywords)
    np.testing.assert_array_equal(cover, labels[degree == 1])
    np.testing.assert_array_equal(label_locus(cover, **space.keywords), space.labels)
    keywords = {**space.keywords, "label_metric": "graph"}
    np.testing.assert_array_equal(minimum_locus_cover(**keywords), cover)


def test_the_cover_of_numbers_are_the_extremes():
    labels = [5, 2, 11, 3]
    assert minimum_locus_cover(label_metric="ordinal", labels=labels).tolist() == [
        2,
        11,
    ]


def test_the_cover_leaves_out_ends_that_are_no_labels():
    cover = minimum_locus_cover(
        label_metric="tree",
        edges=[(0, 1), (1, 2), (2, 3), (2, 4), (4, 5)],
        labels=[1, 2, 4],
    )
    assert cover.tolist() == [1, 4]


@pytest.mark.usefixtures("compiled")
def test_many_labels(global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    n = 300_000
    child = np.arange(1, n)
    parent = rng.integers(np.maximum(child - 1000, 0), child)
    edges = np.column_stack([child, parent])
    observed = rng.choice(n, 50, replace=False)
    found = label_locus(observed, label_metric="tree", edges=edges)
    ancestors = []
    for node in observed:
        line = [node]
        while line[-1]:
            line.append(parent[line[-1] - 1])
        ancestors.append(line)
    on_lines, times = np.unique(np.concatenate(ancestors), return_counts=True)
    low = on_lines[times == len(observed)].max()  # the node that joins all of them
    expected = np.append(on_lines[times < len(observed)], low)
    np.testing.assert_array_equal(found, np.sort(expected))


@pytest.mark.parametrize(
    ("metric", "keywords"),
    [
        ("discrete", {"labels": [1, 2, 3]}),
        ("graph", {"edges": [(1, 2), (2, 3), (3, 1)]}),
        ("precomputed", {"labels": [1, 2], "distances": [[0, 1], [1, 0]]}),
        ("embedding", {"label_embeddings": {1: [0.0], 2: [1.0]}}),
        (lambda a, b: abs(a - b), {"labels": [1, 2, 3]}),
    ],
)
def test_the_cover_needs_a_tree(metric, keywords):
    name = "a callable" if callable(metric) else repr(metric)
    message = f"label_metric={name} is not a tree, which minimum_locus_cover needs"
    with pytest.raises(ValueError, match=re.escape(message)):
        minimum_locus_cover(label_metric=metric, **keywords)


@pytest.mark.parametrize("power", [0, -1, "2", np.nan])
def test_powers_that_are_none(power):
    with pytest.raises(ValueError, match="'power' parameter of label_locus"):
        label_locus([1, 2], power=power)


def test_observed_labels_that_are_none():
    keywords = {"label_metric": "ordinal", "labels": [1, 2, 3]}
    with pytest.raises(ValueError, match="observed must hold at least one label"):
        label_locus([], **keywords)
    with pytest.raises(ValueError, match=r"observed holds .* 4"):
        label_locus([1, 4], **keywords)

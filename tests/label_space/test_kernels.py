"""Kernels of trees and graphs against naive twins; one signature each."""

import numpy as np
import pytest

from sklearn_ext.label_space import _kernels
from sklearn_ext.label_space._tree import TreeRule, root_tree, rows_of_edges

SEEDS = range(40)


def random_tree(seed):
    """A random tree, its edges in any order, and the distances between its nodes.

    Lengths are real, whole with zeros, or 1.
    """
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 25))
    child = np.arange(1, n)
    parent = (child * rng.random(n - 1)).astype(int)
    name = rng.permutation(n)
    edges = np.column_stack([name[child], name[parent]])[rng.permutation(n - 1)]
    flip = rng.random(n - 1) < 0.5
    edges[flip] = edges[flip, ::-1]
    lengths = [
        rng.random(n - 1) + 0.01,
        rng.integers(0, 3, n - 1).astype(float),
        np.ones(n - 1),
    ][seed % 3]
    distance = np.full((n, n), np.inf)
    np.fill_diagonal(distance, 0)
    distance[edges[:, 0], edges[:, 1]] = distance[edges[:, 1], edges[:, 0]] = lengths
    for k in range(n):
        distance = np.minimum(distance, distance[:, [k]] + distance[k])
    return root_tree(n, edges[:, 0], edges[:, 1], lengths), distance, rng


def by_place(tree, distance):
    """Distances between places."""
    return distance[np.ix_(tree.order, tree.order)]


@pytest.mark.parametrize("seed", SEEDS)
def test_places_are_in_breadth_first_order(seed):
    tree, distance, _ = random_tree(seed)
    n = len(tree.order)
    assert sorted(tree.order) == list(range(n))
    assert tree.parent[0] == -1
    assert (tree.parent[1:] < np.arange(1, n)).all()
    assert (np.diff(tree.parent) >= 0).all()
    among = by_place(tree, distance)
    np.testing.assert_allclose(
        tree.weight[1:], among[np.arange(1, n), tree.parent[1:]], rtol=1e-12
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_distances_are_those_of_all_paths(seed):
    tree, distance, rng = random_tree(seed)
    n = len(tree.order)
    np.testing.assert_allclose(
        tree.distances(np.arange(n), np.arange(n)), distance, atol=1e-12
    )
    a, b = rng.integers(0, n, (2, 50))
    np.testing.assert_allclose(tree.pair_distances(a, b), distance[a, b], atol=1e-12)
    sources, targets = rng.integers(0, n, (2, 5))
    assert tree.farthest(sources, targets) == pytest.approx(
        distance[np.ix_(sources, targets)].max()
    )


def test_pairs_of_a_long_path_are_found_at_once():
    n = 200_000
    nodes = np.arange(n)
    tree = root_tree(n, nodes[1:], nodes[:-1], np.ones(n - 1), n // 3)
    a, b = np.random.default_rng(0).integers(0, n, (2, 10_000))
    np.testing.assert_array_equal(tree.pair_distances(a, b), np.abs(a - b))


@pytest.mark.parametrize("seed", SEEDS)
def test_steiner_is_the_union_of_all_paths(seed):
    tree, distance, rng = random_tree(seed)
    among = by_place(tree, distance)
    n = len(among)
    marked = np.zeros(n, bool)
    marked[rng.integers(0, n, rng.integers(1, 6))] = True
    at = np.flatnonzero(marked)
    detour = (
        among[at][:, None, :] + among[at][None, :, :] - among[np.ix_(at, at)][..., None]
    )
    expected = (detour < 1e-9).any(axis=(0, 1))
    found = _kernels.steiner(tree.parent, tree.weight, marked, 0.0)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_nearest_candidate_hangs_from_its_place(seed):
    tree, distance, rng = random_tree(seed)
    n = len(tree.order)
    root = int(rng.integers(n))
    tree = tree.rooted_at(root)
    among = by_place(tree, distance)
    marked = np.zeros(n, bool)
    marked[[0, rng.integers(n)]] = True
    inside = _kernels.steiner(tree.parent, tree.weight, marked, 0.0)
    code = np.full(n, _kernels.NONE)
    chosen = rng.permutation(n)[: rng.integers(1, n + 1)]
    code[chosen] = np.arange(len(chosen))
    hang, nearest = _kernels.nearest_below(
        tree.parent, tree.weight, inside, code, 1e-12
    )
    foot = np.arange(n)  # the place inside that each place hangs from
    for k in range(n):
        if not inside[k]:
            foot[k] = foot[tree.parent[k]]
    for k in np.flatnonzero(inside):
        mine = [c for c in chosen if foot[c] == k]
        if not mine:
            assert hang[k] == np.inf
            continue
        least = min(among[k, c] for c in mine)
        assert hang[k] == pytest.approx(least, abs=1e-12)
        assert nearest[k] == min(code[c] for c in mine if among[k, c] < least + 1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_contraction_keeps_all_distances(seed):
    tree, distance, rng = random_tree(seed)
    among = by_place(tree, distance)
    n = len(among)
    inside = np.ones(n, bool)
    n_children = np.bincount(tree.parent[1:], minlength=n)
    kept = (n_children != 1) | (rng.random(n) < 0.2)
    kept[0] = True
    places, parent, weight, first, links, offsets, depth = _kernels.contract(
        tree.parent, tree.weight, inside, kept
    )
    np.testing.assert_array_equal(places, np.flatnonzero(kept))
    np.testing.assert_array_equal(np.sort(links), np.flatnonzero(~kept))
    steps, at = 0, np.arange(len(places))
    while (at > 0).any():
        steps, at = steps + 1, np.maximum(parent[at], 0)
    assert depth == steps
    for j in range(1, len(places)):
        up = places[parent[j]]
        assert parent[j] < j
        assert weight[j] == pytest.approx(among[places[j], up], abs=1e-12)
        chain = slice(first[j], first[j + 1])
        np.testing.assert_allclose(offsets[chain], among[places[j], links[chain]])
        np.testing.assert_allclose(
            weight[j] - offsets[chain], among[up, links[chain]], atol=1e-12
        )
        assert (np.diff(offsets[chain]) >= 0).all()


@pytest.mark.parametrize("power", [1, 2])
def test_the_reduced_tree_has_the_first_of_the_least_risks(power):
    """Also where chains tie, in the median, and where few nodes are candidates."""
    for seed in range(300):
        check_reduced_tree(seed, power)


def check_reduced_tree(seed, power):
    """Compare one random tree with the product."""
    tree, distance, rng = random_tree(seed)
    n = len(tree.order)
    observed = rng.choice(n, int(rng.integers(1, n + 1)), replace=False)
    candidates = np.arange(n)
    if rng.random() < 0.3:
        candidates = np.sort(rng.choice(n, int(rng.integers(1, n + 1)), replace=False))
    P = rng.random((11, len(observed))) * (rng.random((11, len(observed))) < 0.5)
    if rng.random() < 0.5:
        P = np.round(P * 4) / 4
    P[P.sum(axis=1) == 0, 0] = 1
    risks = P @ distance[np.ix_(observed, candidates)] ** power
    limit = risks.min(axis=1, keepdims=True) * (1 + 1e-12)
    rule = TreeRule.prepare(tree, observed, candidates, power)
    best, least = rule.best(P, n_jobs=1)
    np.testing.assert_array_equal(best, (risks <= limit).argmax(axis=1))
    np.testing.assert_allclose(least, risks.min(axis=1), rtol=1e-9, atol=1e-12)
    again, all_risks = rule.risks(P, n_jobs=2)
    np.testing.assert_array_equal(again, best)
    np.testing.assert_allclose(all_risks, risks, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_hops_are_those_of_matrix_powers(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 20))
    is_edge = np.triu(rng.random((n, n)) < 0.15, 1)
    first, second = np.nonzero(is_edge)
    indptr, indices, _ = rows_of_edges(n, first, second, np.ones(len(first)))
    reach = np.eye(n, dtype=bool)
    expected = np.where(reach, 0, -1)
    for step in range(1, n):
        reach = reach | (reach.astype(int) @ (is_edge | is_edge.T) > 0)
        expected[reach & (expected < 0)] = step
    hops, queue = np.empty(n, np.int32), np.empty(n, np.int32)
    for source in range(n):
        most = _kernels.hops_from(indptr, indices, source, hops, queue)
        np.testing.assert_array_equal(hops, expected[source])
        assert most == expected[source].max()


@pytest.mark.usefixtures("compiled")
def test_each_kernel_has_one_signature():
    """Whatever the layout of what the user gives, no kernel is compiled anew."""
    from sklearn_ext.label_space import _kernels_paths, frechet_predict, next_classes
    from sklearn_ext.label_space._warm_up import warm_up

    warm_up()
    kernels = {
        name: kernel
        for module in (_kernels, _kernels_paths)
        for name, kernel in vars(module).items()
        if hasattr(kernel, "signatures")
        and kernel.__module__ == module.__name__
        and not name.startswith("_")  # compiled with those that call them
    }
    before = {name: set(kernel.signatures) for name, kernel in kernels.items()}
    assert all(len(signatures) == 1 for signatures in before.values()), before
    edges = np.array([[0, 1], [1, 2], [2, 3], [3, 4]])
    edges.flags.writeable = False
    circle = np.vstack([edges, [[4, 0]]])
    P = np.asfortranarray(np.random.default_rng(0).random((9, 3)).astype(np.float32))
    P.flags.writeable = False
    for each, metric in (
        (edges, "tree"),
        (edges[::-1, ::-1], "tree"),
        (circle, "graph"),
    ):
        for power in (1, 2):
            for candidates in ("all", "observed"):
                frechet_predict(
                    P,
                    [0, 2, 4],
                    label_metric=metric,
                    edges=each,
                    power=power,
                    candidates=candidates,
                    n_jobs=2,
                )
    next_classes([0], 2, label_metric="tree", edges=edges)
    next_classes([0], 2, label_metric="ordinal", labels=[0, 1, 2.5, 9])
    assert {name: set(kernel.signatures) for name, kernel in kernels.items()} == before

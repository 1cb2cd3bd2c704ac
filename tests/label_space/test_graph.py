"""Graphs: shortest paths from the observed labels, and the published hierarchies."""

import gzip
import json

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path

from sklearn_ext import LokiClassifier, frechet_predict, mean_label_distance
from tests.label_space._naive import (
    Given,
    all_paths,
    choose,
    graph_space,
    lengths,
    mean_power,
    scores,
    tree_space,
)


def fitted(labels, observed, metric="graph", **keywords):
    y = labels[observed]
    X = np.zeros((len(y), len(y)))
    return LokiClassifier(Given(), label_metric=metric, **keywords).fit(X, y)


@pytest.mark.parametrize("kind", ["unit", "whole", "any", "some zero"])
@pytest.mark.parametrize("power", [0.5, 1, 2, 3])
def test_risks_of_all_nodes(kind, power, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    for n, n_more in ((5, 4), (30, 8), (60, 200)):
        space = graph_space(rng, n, length_kind=kind, n_more=n_more)
        observed = np.sort(rng.choice(n, min(n, 7), replace=False))
        P = np.concatenate([scores(rng, 8, len(observed), k) for k in ("any", "tied")])
        edges = space.keywords["edges"]
        model = fitted(space.labels, observed, edges=edges, power=power)
        assert model.backend_ == "graph"
        expected = choose(P, space.D, observed, power=power)
        scale = max(space.D.max(), 1) ** power
        np.testing.assert_allclose(
            -model.decision_function(P) / scale, expected.risks / scale, atol=1e-12
        )
        np.testing.assert_array_equal(model.predict(P), space.labels[expected.codes])


def test_a_tree_is_swept_as_one():
    rng = np.random.default_rng(0)
    space = tree_space(rng, 25, length_kind="any")
    observed = np.array([1, 7, 20])
    P = scores(rng, 20, 3)
    edges = space.keywords["edges"]
    as_tree = fitted(space.labels, observed, "tree", edges=edges)
    as_graph = fitted(space.labels, observed, edges=edges)
    assert as_tree.backend_ == as_graph.backend_ == "tree"
    np.testing.assert_array_equal(
        as_graph.decision_function(P), as_tree.decision_function(P)
    )
    parts = [(0, 1), (1, 2), (2, 0), (3, 4)]  # as many edges as a tree has
    with pytest.warns(UserWarning, match="2 components"):
        model = fitted(np.arange(5), np.array([0, 3]), edges=parts)
    assert model.backend_ == "graph"


def test_loops_and_parallel_edges_do_no_harm():
    edges = [(0, 1), (1, 2), (2, 3), (3, 0)]
    P = scores(np.random.default_rng(0), 30, 2)
    plain = frechet_predict(P, [0, 2], label_metric="graph", edges=edges)
    more = [*edges, (1, 1), (2, 1), (0, 1), (3, 3)]
    np.testing.assert_array_equal(
        frechet_predict(P, [0, 2], label_metric="graph", edges=more), plain
    )
    # the shortest of parallel edges counts
    edges = [(0, 1, 5.0), (1, 0, 2.0), (1, 2, 2.0), (2, 1, 9.0), (0, 2, 30.0)]
    D = all_paths(3, edges)
    assert D[0, 2] == 4
    found = mean_label_distance(
        [0, 0], [1, 2], label_metric="graph", edges=edges, power=1
    )
    assert found == 3
    # what is left without them is a tree
    more = [(0, 1), (1, 2), (2, 1), (0, 0)]
    assert fitted(np.arange(3), np.array([0, 2]), edges=more).backend_ == "tree"


@pytest.mark.parametrize("n", [511, 512, 514, 700])
def test_more_hops_than_a_byte_holds(n):
    """The longest path around a circle has 255 hops, or more."""
    nodes = np.arange(n)
    edges = np.column_stack([nodes, (nodes + 1) % n])
    observed = np.array([0, 100, 255, 400])
    around = np.abs(observed[:, None] - nodes)
    D = np.minimum(around, n - around).astype(float)
    P = scores(np.random.default_rng(0), 20, 4)
    for power in (1, 2):
        model = fitted(nodes, observed, edges=edges, power=power)
        assert model.backend_ == "graph"
        np.testing.assert_allclose(-model.decision_function(P), P @ D**power)
    away = frechet_predict(
        [[1.0]],
        [0],
        label_metric="graph",
        edges=edges,
        candidates=[256, n // 2],
        power=1,
        return_variance=True,
    )
    assert away[1] == [min(D[0, 256], D[0, n // 2])]


@pytest.mark.usefixtures("compiled")
def test_more_hops_than_two_bytes_hold():
    n = 140_000
    nodes = np.arange(n)
    edges = np.column_stack([nodes, (nodes + 1) % n])
    candidates = [65_535, 65_536, 69_999, 70_000]
    found, hops = frechet_predict(
        np.ones((1, 1)),
        [0],
        label_metric="graph",
        edges=edges,
        candidates=candidates[1:],
        power=1,
        return_variance=True,
    )
    assert (found, hops) == ([65_536], [65_536])
    found, hops = frechet_predict(
        [[0.5, 0.5]],
        [0, 10],
        label_metric="graph",
        edges=edges,
        candidates=[70_005],
        power=2,
        return_variance=True,
    )
    assert hops == [69_995.0**2]


PARTS = [(0, 1), (1, 2), (2, 3), (3, 0), (2, 4), (10, 11), (11, 12), (20, 21)]


def test_parts_without_a_path():
    """They are as far apart as the longest path and one more, and that is said once."""
    nodes = np.array([0, 1, 2, 3, 4, 10, 11, 12, 20, 21])
    links = [tuple(np.searchsorted(nodes, edge)) for edge in PARTS]
    D = all_paths(10, links)
    assert D.max() == 3 + 1
    observed = np.array([0, 4, 5, 8])
    P = scores(np.random.default_rng(0), 40, 4)
    expected = choose(P, D, observed)
    keywords = {"label_metric": "graph", "edges": PARTS}
    with pytest.warns(UserWarning, match="3 components") as caught:
        found, least = frechet_predict(
            P, nodes[observed], **keywords, return_variance=True
        )
    assert len(caught) == 1
    np.testing.assert_array_equal(found, nodes[expected.codes])
    np.testing.assert_allclose(least, expected.least, rtol=1e-12)
    with pytest.warns(UserWarning, match="3 components") as caught:
        model = fitted(nodes, observed, edges=PARTS)
    assert len(caught) == 1
    assert model.backend_ == "graph"
    # the warning belongs to fit; everything after it is silent and finite
    np.testing.assert_array_equal(model.predict(P), nodes[expected.codes])
    np.testing.assert_allclose(-model.decision_function(P), expected.risks, rtol=1e-12)


@pytest.mark.parametrize("kind", ["unit", "whole", "any", "some zero"])
def test_distance_of_parts(kind, global_random_seed):
    """The longest path counts, be it between labels at hand or not."""
    rng = np.random.default_rng(global_random_seed)
    for _ in range(15):
        n = int(rng.integers(5, 30))
        ends = [rng.choice(n, 2, replace=False).tolist() for _ in range(n // 2)]
        w = lengths(rng, len(ends), kind)
        edges = [
            (u, v, *([] if w is None else [w[i]])) for i, (u, v) in enumerate(ends)
        ]
        D = all_paths(n, edges)
        keywords = {"label_metric": "graph", "edges": edges, "labels": range(n)}
        with pytest.warns(UserWarning, match="components"):
            model = LokiClassifier(Given(), **keywords).fit([[0.0]], [n - 1])
        found = -model.decision_function([[0.5]])[0]
        np.testing.assert_allclose(found, D[n - 1] ** 2 / 2)
        a, b = rng.integers(0, n, (2, 9))
        with pytest.warns(UserWarning, match="components"):
            found = mean_label_distance(a, b, **keywords, power=1)
        assert found == pytest.approx(D[a, b].mean())


def test_parts_with_lengths():
    edges = [(0, 1, 2.5), (1, 2, 0.25), (2, 0, 9.0), (5, 6, 0.5)]
    with pytest.warns(UserWarning, match="2 components"):
        _, least = frechet_predict(
            [[0.0, 1.0]],
            [0, 6],
            label_metric="graph",
            edges=edges,
            candidates=[2],
            power=1,
            return_variance=True,
        )
    assert least == [2.75 + 1]


def test_a_label_without_an_edge_is_a_part():
    keywords = {"label_metric": "graph", "labels": list("abcd")}
    edges = [("a", "b"), ("b", "c"), ("c", "a")]
    with pytest.warns(UserWarning, match="2 components"):
        found = frechet_predict([[0.4, 0.6]], ["a", "d"], edges=edges, **keywords)
    assert found == ["d"]


def read_edges(path):
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    return [tuple(line.split()) for line in content.decode().splitlines() if line]


@pytest.mark.parametrize(
    ("name", "n_nodes", "n_leaves", "diameter"),
    [
        ("imagenet_mintree.txt", 1785, 1000, 27),
        ("cifar_parent_child.txt", 163, 100, 13),
    ],
)
def test_published_trees(shared_data, name, n_nodes, n_leaves, diameter):
    folder = shared_data / "label_trees"
    edges = read_edges(folder / name)
    assert len(edges) == n_nodes - 1
    model = LokiClassifier(Given(), label_metric="tree", edges=edges)
    y = np.array([v for _, v in edges[-7:]])
    X = np.eye(7)
    model.fit(X, y)
    assert (model.backend_, len(model.classes_)) == ("tree", n_nodes)
    nodes = model.classes_
    links = [tuple(np.searchsorted(nodes, edge)) for edge in edges]
    u, v = np.array(links).T
    D = shortest_path(
        csr_array((np.ones(len(u)), (u, v)), (n_nodes, n_nodes)), directed=False
    )
    assert D.max() == diameter

    leaves = nodes[np.bincount(np.ravel(links)) == 1]
    parents = {u for u, _ in edges}
    assert len(leaves) == n_leaves
    assert parents.isdisjoint(leaves)
    model.set_params(candidates="leaves").fit(X, leaves[-7:])
    np.testing.assert_array_equal(model.classes_, leaves)
    assert model.candidate_mask_.all()
    if n_nodes == 163:
        assert set(leaves) == {str(i) for i in range(100)}
    else:
        names = json.loads((folder / "dir_label_name.json").read_text())
        assert set(leaves) == {leaf for leaf, _ in names.values()}

    P = scores(np.random.default_rng(0), 50, 7)
    codes = np.searchsorted(nodes, leaves)
    expected = choose(P, D, codes[-7:], codes)
    np.testing.assert_array_equal(model.predict(P), nodes[expected.codes])
    rng = np.random.default_rng(1)
    ends = rng.integers(0, n_nodes, (2, 500))
    ends[:, 0] = np.unravel_index(D.argmax(), D.shape)
    for power in (1, 2):
        found = mean_label_distance(
            *nodes[ends], label_metric="tree", edges=edges, power=power
        )
        assert found == pytest.approx(mean_power(D, *ends, power), rel=1e-12)
    first = nodes[ends[:, :1]]
    found = mean_label_distance(*first, label_metric="tree", edges=edges, power=1)
    assert found == diameter


def test_published_graph_is_no_tree(shared_data):
    edges = read_edges(shared_data / "label_trees" / "wordnet.is_a.txt.gz")
    with pytest.raises(ValueError, match="graph") as caught:
        frechet_predict([[1.0]], [edges[0][0]], label_metric="tree", edges=edges)
    for count in ("75850", "74401", "12"):
        assert count in str(caught.value).replace(",", "").replace(" 75 850", "75850")


@pytest.mark.usefixtures("compiled")
def test_published_graph_has_twelve_parts(shared_data):
    edges = np.array(read_edges(shared_data / "label_trees" / "wordnet.is_a.txt.gz"))
    nodes = np.unique(edges)
    assert (len(edges), len(nodes)) == (75850, 74401)
    u, v = np.searchsorted(nodes, edges.T)
    rng = np.random.default_rng(0)
    observed = np.sort(rng.choice(len(nodes), 12, replace=False))
    with pytest.warns(UserWarning, match="12 components"):
        model = fitted(nodes, observed, edges=edges)
    assert (model.backend_, len(model.classes_)) == ("graph", 74401)
    rows = csr_array((np.ones(len(u)), (u, v)), (len(nodes), len(nodes)))
    D = shortest_path(rows, directed=False, unweighted=True, indices=observed)
    D[np.isinf(D)] = 30 + 1  # its longest path has 30 hops
    P = scores(rng, 10, 12)
    np.testing.assert_allclose(-model.decision_function(P), P @ D**2, rtol=1e-12)
    risks = P @ D**2
    least = risks.min(axis=1, keepdims=True)
    first = (risks <= least * (1 + 1e-12)).argmax(axis=1)
    np.testing.assert_array_equal(model.predict(P), nodes[first])

"""Trees: sweeps = sums over all pairs of nodes, for any shape, order and length."""

import numpy as np
import pytest

from sklearn_ext import LokiClassifier, frechet_predict
from tests.label_space._naive import (
    SHAPES,
    Given,
    all_paths,
    choose,
    lengths,
    parents,
    scores,
    tree_space,
)

EXACT = {"rtol": 1e-12, "atol": 1e-12}


def slow_sums(P, D, observed, power):
    """Risks of all nodes, one product at a time."""
    risks = np.zeros((len(P), len(D)))
    for row, p in zip(risks, P, strict=True):
        for node in range(len(D)):
            row[node] = sum(
                p[j] * D[i, node] ** power for j, i in enumerate(observed.tolist())
            )
    return risks


def fitted(labels, observed, **keywords):
    y = labels[observed]
    X = np.zeros((len(y), len(y)))
    return LokiClassifier(Given(), label_metric="tree", **keywords).fit(X, y)


def assert_is_the_rule(P, labels, D, observed, power, **keywords):
    """All risks, the choice and its risk."""
    model = fitted(labels, observed, power=power, **keywords)
    assert model.backend_ == "tree"
    expected = choose(P, D, observed, power=power)
    scale = D.max() ** power or 1.0
    decision = model.decision_function(P)
    if len(labels) > 2:
        np.testing.assert_allclose(-decision / scale, expected.risks / scale, **EXACT)
    found = model.frechet_variance(P)
    np.testing.assert_allclose(found / scale, expected.least / scale, **EXACT)
    np.testing.assert_array_equal(model.predict(P), labels[expected.codes])


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("shape", SHAPES)
def test_sweep_is_the_slow_sum(shape, power, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    for n in (3, 4, 9, 40):
        for kind in ("unit", "whole", "any"):
            space = tree_space(rng, n, shape, length_kind=kind)
            observed = np.sort(rng.choice(n, min(n, 6), replace=False))
            P = scores(rng, 5, len(observed))
            model = fitted(
                space.labels, observed, edges=space.keywords["edges"], power=power
            )
            expected = slow_sums(P, space.D, observed, power)
            scale = space.D.max() ** power
            found = -model.decision_function(P)
            np.testing.assert_allclose(found / scale, expected / scale, **EXACT)


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("shape", SHAPES)
def test_up_to_200_nodes(shape, power, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    for n, k in ((60, 3), (200, 25), (200, 2), (130, 130)):
        space = tree_space(rng, n, shape, length_kind=["unit", "any"][k % 2])
        observed = np.sort(rng.choice(n, k, replace=False))
        P = np.concatenate([scores(rng, 17, k), scores(rng, 17, k, "tied")])
        keywords = {"edges": space.keywords["edges"]}
        assert_is_the_rule(P, space.labels, space.D, observed, power, **keywords)


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("shape", SHAPES)
def test_any_candidates(shape, power, global_random_seed):
    """Few candidates far from the observed labels, or hanging from their paths."""
    rng = np.random.default_rng(global_random_seed + 1)
    for trial in range(12):
        n = int(rng.integers(5, 80))
        kind = ["unit", "any", "some zero", "whole"][trial % 4]
        space = tree_space(rng, n, shape, length_kind=kind)
        observed = np.sort(rng.choice(n, rng.integers(1, min(n, 9)), replace=False))
        candidates = rng.choice(n, rng.integers(1, n), replace=False)
        P = np.concatenate([scores(rng, 9, len(observed), k) for k in ("any", "tied")])
        found, least = frechet_predict(
            P,
            space.labels[observed],
            **space.keywords,
            candidates=space.labels[candidates],
            power=power,
            return_variance=True,
        )
        expected = choose(P, space.D, observed, candidates, power)
        np.testing.assert_array_equal(found, space.labels[expected.codes])
        scale = max(space.D.max(), 1.0) ** power
        np.testing.assert_allclose(least / scale, expected.least / scale, **EXACT)


@pytest.mark.parametrize("power", [1, 2])
def test_order_and_direction_of_edges_do_not_matter(power, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    n = 120
    edges = [
        (u, v, w)
        for (v, u), w in zip(
            enumerate(parents(rng, n, "random"), start=1),
            lengths(rng, n - 1, "any").tolist(),
            strict=True,
        )
    ]
    observed = np.sort(rng.choice(n, 12, replace=False))
    P = scores(rng, 30, 12)
    risks, labels = [], []
    for trial in range(6):
        given = [edges[i] for i in rng.permutation(n - 1)]
        if trial % 2:
            given = [
                (v, u, w) if flip else (u, v, w)
                for (u, v, w), flip in zip(given, rng.random(n - 1) < 0.5, strict=True)
            ]
        model = fitted(np.arange(n), observed, edges=given, power=power)
        risks.append(model.decision_function(P))
        labels.append(model.predict(P))
    for other in risks[1:]:
        np.testing.assert_allclose(other, risks[0], rtol=1e-12)
    assert (np.array(labels) == labels[0]).all()
    np.testing.assert_allclose(
        -risks[0], slow_sums(P, all_paths(n, edges), observed, power), rtol=1e-11
    )


@pytest.mark.parametrize("power", [1, 2])
def test_a_path_of_ten_thousand_nodes(power):
    n = 10_000
    edges = np.column_stack([np.arange(n - 1), np.arange(1, n)])[::-1]
    observed = np.array([0, 17, 5_000, 9_999])
    P = scores(np.random.default_rng(0), 12, 4)
    D = np.abs(observed[:, None] - np.arange(n)).astype(float)
    model = fitted(np.arange(n), observed, edges=edges, power=power)
    risks = P @ D**power
    np.testing.assert_allclose(-model.decision_function(P), risks, rtol=1e-11)
    np.testing.assert_array_equal(model.predict(P), risks.argmin(axis=1))
    np.testing.assert_allclose(model.frechet_variance(P), risks.min(axis=1), rtol=1e-11)


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("n_observed", [1, 2, 5])
def test_zero_lengths_make_equal_labels(power, n_observed, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    for _ in range(10):
        n = int(rng.integers(max(3, n_observed), 30))
        shape = SHAPES[rng.integers(len(SHAPES))]
        space = tree_space(rng, n, shape, length_kind="some zero")
        observed = np.sort(rng.choice(n, n_observed, replace=False))
        P = scores(rng, 8, n_observed, "tied")
        keywords = {"edges": space.keywords["edges"]}
        assert_is_the_rule(P, space.labels, space.D, observed, power, **keywords)


def test_all_lengths_zero():
    edges = [("a", "b", 0), ("b", "c", 0), ("c", "d", 0)]
    labels = np.array(list("abcd"))
    P = scores(np.random.default_rng(0), 5, 2)
    for power in (1, 2):
        model = fitted(labels, np.array([1, 3]), edges=edges, power=power)
        np.testing.assert_array_equal(model.predict(P), ["a"] * 5)
        np.testing.assert_array_equal(model.frechet_variance(P), np.zeros(5))


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("tiny", [1e-3, 1e-6, 1e-7, 1e-9])
def test_tiny_lengths_beside_long_ones(power, tiny, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    for trial in range(12):
        n = int(rng.integers(6, 40))
        shape = SHAPES[trial % len(SHAPES)]
        links = list(enumerate(parents(rng, n, shape), start=1))
        w = np.where(rng.random(n - 1) < 0.5, tiny, 1.0) * rng.uniform(0.5, 2, n - 1)
        edges = [(u, v, w[i]) for i, (u, v) in enumerate(links)]
        observed = np.sort(rng.choice(n, 4, replace=False))
        P = np.concatenate([scores(rng, 20, 4), scores(rng, 20, 4, "tied")])
        D = all_paths(n, edges)
        assert_is_the_rule(P, np.arange(n), D, observed, power, edges=edges)


@pytest.mark.parametrize("scale", [2.0**-300, 2.0**-30, 2.0**30, 2.0**300])
@pytest.mark.parametrize("power", [1, 2])
def test_lengths_of_any_scale(scale, power, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    space = tree_space(rng, 40, length_kind="any")
    observed = np.array([2, 9, 17, 30])
    P = np.concatenate([scores(rng, 20, 4), scores(rng, 20, 4, "tied")])
    edges = [(u, v, w * scale) for u, v, w in space.keywords["edges"]]
    found, least = frechet_predict(
        P,
        space.labels[observed],
        label_metric="tree",
        edges=edges,
        power=power,
        return_variance=True,
    )
    expected = choose(P, space.D, observed, power=power)
    np.testing.assert_array_equal(found, space.labels[expected.codes])
    least = least / scale**power
    np.testing.assert_allclose(least, expected.least, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("power", [1, 2, 3])
def test_two_nodes(power):
    P = np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]])
    edges = [("b", "a", 2.0)]
    labels = np.array(["a", "b"])
    model = fitted(labels, np.array([0, 1]), edges=edges, power=power)
    np.testing.assert_array_equal(model.predict(P), ["a", "a", "b"])
    # one column: the risk of the first label less that of the second
    expected = (P[:, 1] - P[:, 0]) * 2**power
    np.testing.assert_allclose(model.decision_function(P), expected)
    expected = np.minimum(P[:, 0], P[:, 1]) * 2**power
    np.testing.assert_allclose(model.frechet_variance(P), expected)
    one = fitted(labels, np.array([1]), edges=edges, power=power)
    np.testing.assert_array_equal(one.predict([[1.0]]), ["b"])


@pytest.mark.parametrize("power", [1, 2, 3])
def test_one_node(power):
    """No edge at all: the labels have to be named."""
    found, least = frechet_predict(
        [[1.0], [0.3]],
        ["only"],
        label_metric="tree",
        labels=["only"],
        edges=np.zeros((0, 2), dtype=str),
        power=power,
        return_variance=True,
    )
    np.testing.assert_array_equal(found, ["only", "only"])
    np.testing.assert_array_equal(least, [0, 0])


def test_containers_of_edges():
    pd = pytest.importorskip("pandas")
    pl = pytest.importorskip("polars")
    columns = {
        "from": ["a", "b", "b"],
        "to": ["b", "c", "d"],
        "length": [1.0, 2.0, 0.5],
    }
    rows = list(zip(*columns.values(), strict=True))
    P = scores(np.random.default_rng(0), 20, 3)
    D = all_paths(4, [(0, 1, 1.0), (1, 2, 2.0), (1, 3, 0.5)])
    expected = np.array(list("abcd"))[choose(P, D, np.array([0, 2, 3])).codes]
    for edges in (
        rows,
        tuple(map(list, rows)),
        np.array(rows, dtype=object),
        np.array(rows),  # all text: lengths are read from it
        pd.DataFrame(columns),
        pd.DataFrame(columns).astype({"from": object, "to": "category"}),
        pl.DataFrame(columns),
    ):
        found = frechet_predict(P, ["a", "c", "d"], label_metric="tree", edges=edges)
        np.testing.assert_array_equal(found, expected)


def test_edges_of_numbers_with_lengths_keep_whole_labels():
    edges = np.array([[0, 1, 0.5], [1, 2, 1.5]])  # one array makes floats of labels
    found = frechet_predict([[0.5, 0.5]], [0, 2], label_metric="tree", edges=edges)
    assert found == [1]
    model = fitted(np.arange(3), np.array([0, 2]), edges=edges)
    assert model.predict([[0.5, 0.5]]) == [1]
    assert model.classes_.dtype.kind == "i"


def test_a_tree_has_neither_loop_nor_parallel_edge():
    for more in ([(1, 1)], [(0, 1)], [(1, 0)]):
        edges = [(0, 1), (1, 2), *more]
        with pytest.raises(ValueError, match=r"(?s)3 edges.*3 nodes|3 nodes.*3 edges"):
            frechet_predict([[1.0]], [0], label_metric="tree", edges=edges)

"""Large numbers, small ones, and both together: the nearest label stays the nearest."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from sklearn_ext import LokiClassifier, frechet_predict, mean_label_distance
from tests.label_space._naive import Given

PATH = [(i, i + 1) for i in range(9)]
WITH_A_FAR_LABEL = {
    "ordinal": {"labels": [0, 1, 2, 5_000_000]},
    "tree": {"edges": [(0, 1, 1), (1, 2, 1), (2, 5_000_000, 1e7)]},
    "graph": {"edges": [(0, 1, 1), (1, 2, 1), (2, 0, 2), (2, 5_000_000, 1e7)]},
    "embedding": {"label_embeddings": {0: [0.0], 1: [1.0], 2: [2.0], 5_000_000: [1e7]}},
    "precomputed": {
        "labels": [0, 1, 2, 5_000_000],
        "distances": np.abs(np.subtract.outer([0, 1, 2, 1e7], [0, 1, 2, 1e7])),
    },
}


@pytest.mark.parametrize("metric", WITH_A_FAR_LABEL)
@pytest.mark.parametrize("power", [0.5, 1, 2, 4, 8])
def test_a_far_label_moves_no_other(metric, power):
    """It is neither observed nor probable, and may not make near labels tie."""
    keywords = {"label_metric": metric, **WITH_A_FAR_LABEL[metric], "power": power}
    found = frechet_predict(3 * np.eye(3), [0, 1, 2], **keywords)
    np.testing.assert_array_equal(found, [0, 1, 2])
    found = frechet_predict(np.eye(2), [1, 5_000_000], **keywords)
    np.testing.assert_array_equal(found, [1, 5_000_000])
    if power == 2:
        found = frechet_predict([[0.3, 0, 0.7], [0.7, 0, 0.3]], [0, 1, 2], **keywords)
        np.testing.assert_array_equal(found, [1, 1])


@pytest.mark.parametrize("power", [1, 2, 4, 6])
@pytest.mark.parametrize("metric", ["ordinal", "tree", "graph", "precomputed"])
def test_a_sure_row_among_two_thousand_labels(metric, power):
    n = 2000
    nodes = np.arange(n)
    keywords = {
        "ordinal": {"labels": nodes},
        "tree": {"edges": np.column_stack([nodes[:-1], nodes[1:]])},
        "graph": {"edges": [*pairwise(nodes), (0, 2)]},
        "precomputed": {
            "labels": nodes,
            "distances": np.abs(nodes[:, None] - nodes).astype(np.int32),
        },
    }[metric]
    observed = [5, 6, 7, 1999]
    found = frechet_predict(
        np.eye(4), observed, label_metric=metric, **keywords, power=power
    )
    np.testing.assert_array_equal(found, observed)


@pytest.mark.parametrize("power", [1, 2, 3])
@pytest.mark.parametrize("start", [10**15, 2**53 + 1, 2**62, -(2**62)])
def test_large_whole_numbers(start, power):
    """Differences are taken before anything becomes a float."""
    labels = start + np.arange(10)
    P = [[0.49, 0.51], [0.51, 0.49], [1.0, 0.0]]
    keywords = {"label_metric": "ordinal", "labels": labels, "power": power}
    found = frechet_predict(P, labels[:2], **keywords)
    np.testing.assert_array_equal(found - start, [1, 0, 0])
    found = frechet_predict(P, labels[[1, 9]], **keywords)
    plain = frechet_predict(
        P, [1, 9], label_metric="ordinal", labels=range(10), power=power
    )
    np.testing.assert_array_equal(found - start, plain)
    distance = mean_label_distance(labels[:1], labels[-1:], **keywords)
    assert distance == 9**power


@pytest.mark.parametrize(
    "dtype", [np.int8, np.int16, np.uint8, np.uint64, np.float16, np.float32]
)
def test_differences_do_not_wrap_around(dtype):
    low = 0 if np.issubdtype(dtype, np.unsignedinteger) else -100
    labels = np.array([low, 20, 50, 100, 120]).astype(dtype)
    keywords = {"label_metric": "ordinal", "labels": labels}
    found = frechet_predict(np.eye(2), labels[[0, -1]], **keywords)
    np.testing.assert_array_equal(found, labels[[0, -1]])
    distance = mean_label_distance(labels[:1], labels[-1:], **keywords, power=1)
    assert distance == float(labels[-1]) - float(labels[0])


RULES = {
    "tree": {"label_metric": "tree", "edges": PATH},
    "median": {"label_metric": "tree", "edges": PATH, "power": 1},
    "cubes": {"label_metric": "tree", "edges": PATH, "power": 3},
    "graph": {"label_metric": "graph", "edges": [*PATH, (0, 2)]},
    "ordinal": {"label_metric": "ordinal", "labels": range(10)},
    "embedding": {
        "label_metric": "embedding",
        "labels": range(10),
        "label_embeddings": np.arange(10.0)[:, None],
    },
    "discrete": {"label_metric": "discrete", "labels": range(10)},
}
each_rule = pytest.mark.parametrize("rule", RULES)


@each_rule
@pytest.mark.parametrize("temperature", [1.0, 2.0])
@pytest.mark.parametrize("factor", [1.7e308, 1e-200, 1e-307])
def test_only_ratios_of_scores_matter(rule, temperature, factor):
    P = np.array([[0.3, 0.65], [0.65, 0.3], [0.5, 0.0]])
    keywords = {**RULES[rule], "temperature": temperature}
    expected, risks = frechet_predict(P, [1, 8], **keywords, return_variance=True)
    found, scaled = frechet_predict(
        P * factor, [1, 8], **keywords, return_variance=True
    )
    np.testing.assert_array_equal(found, expected)
    assert expected[2] == 1
    share = factor if temperature == 1 else 1.0
    if factor < 1e300:  # the risk is a number, too
        np.testing.assert_allclose(scaled / share, risks, rtol=1e-7, atol=1e-12)


@each_rule
def test_scores_of_a_few_last_bits(rule):
    """Numbers below the normal range are scores, too: 9 and 3 times the least one."""
    least = np.nextafter(0, 1)
    P = np.array([[9, 3], [3, 9], [0, 1], [1, 0]])
    expected = frechet_predict(P, [1, 8], **RULES[rule])
    found = frechet_predict(P * least, [1, 8], **RULES[rule])
    np.testing.assert_array_equal(found, expected)


@each_rule
def test_scores_whose_sum_is_beyond_all_numbers(rule):
    P = np.array([[1.7e308, 1.7e308], [1.7e308, 0.6e308]])
    expected = frechet_predict(P / 1e308, [1, 8], **RULES[rule])
    np.testing.assert_array_equal(frechet_predict(P, [1, 8], **RULES[rule]), expected)


@pytest.mark.parametrize("scale", [1e160, 1e-170])
@pytest.mark.parametrize(
    ("metric", "name"),
    [
        ("tree", "edges"),
        ("graph", "edges"),
        ("embedding", "label_embeddings"),
        ("ordinal", "labels"),
        ("precomputed", "distances"),
    ],
)
def test_distances_whose_power_is_no_number(metric, name, scale):
    """An error that names the way out, never a wrong label."""
    labels = np.arange(10)
    keywords = {
        "tree": {"edges": [(u, v, scale) for u, v in PATH]},
        "graph": {"edges": [(u, v, scale) for u, v in [*PATH, (9, 0)]]},
        "embedding": {
            "labels": labels,
            "label_embeddings": labels[:, None] * scale,
        },
        "ordinal": {"labels": labels * scale},
        "precomputed": {
            "labels": labels,
            "distances": np.abs(labels[:, None] - labels) * scale,
        },
    }[metric]
    observed = np.array([1, 8]) * (scale if metric == "ordinal" else 1)
    call = {"label_metric": metric, **keywords}
    with pytest.raises(ValueError, match="power") as caught:
        frechet_predict([[0.3, 0.65]], observed, **call)
    assert name in str(caught.value)
    if metric != "embedding":  # the median needs no square
        found = frechet_predict([[0.3, 0.65]], observed, **call, power=1)
        assert found == observed[1]


@pytest.mark.parametrize("power", [400, 1000.5])
def test_powers_that_are_no_number(power):
    for keywords in (RULES["tree"], RULES["graph"], RULES["ordinal"]):
        with pytest.raises(ValueError, match="power"):
            frechet_predict([[0.3, 0.65]], [1, 8], **{**keywords, "power": power})


@pytest.mark.parametrize("power", [1, 2])
def test_sums_are_exact_but_for_a_share(power):
    """Lengths from 1e-9 to 1e9 on one path, against sums of fractions."""
    rng = np.random.default_rng(0)
    w = 10.0 ** rng.uniform(-9, 9, 59)
    edges = [(i, i + 1, length) for i, length in enumerate(w.tolist())]
    along = [Fraction(0)]
    for length in w.tolist():
        along.append(along[-1] + Fraction(length))
    observed = np.array([0, 13, 30, 31, 59])
    P = rng.dirichlet(np.full(5, 0.2), 20)
    P[:5] = np.eye(5)
    model = LokiClassifier(Given(), label_metric="tree", edges=edges, power=power)
    model.fit(np.eye(5), observed)
    found = -model.decision_function(P)
    exact = np.array(
        [
            [
                float(
                    sum(
                        Fraction(p) * abs(along[i] - along[node]) ** power
                        for p, i in zip(row, observed.tolist(), strict=True)
                    )
                )
                for node in range(60)
            ]
            for row in P.tolist()
        ]
    )
    np.testing.assert_allclose(found, exact, rtol=1e-12, atol=0)
    least = exact.min(axis=1)
    np.testing.assert_allclose(model.frechet_variance(P), least, rtol=1e-12)
    first = (exact <= exact.min(axis=1, keepdims=True) * (1 + 1e-12)).argmax(axis=1)
    np.testing.assert_array_equal(model.predict(P), first)


def test_lengths_beside_a_huge_one():
    edges = [("a", "b", 1e6), ("b", "c", 0.3), ("b", "d", 0.3)]
    found = mean_label_distance(["c"], ["d"], label_metric="tree", edges=edges, power=1)
    assert found == pytest.approx(0.6, rel=1e-9)


@pytest.mark.parametrize("length", [0.1, 1 / 3])
def test_a_long_chain(length):
    """Sums of many lose digits, a few per thousand edges; ties do not care."""
    n = 100_001
    nodes = np.arange(n)
    middle = n // 2
    edges = np.column_stack([nodes[:-1], nodes[1:], np.full(n - 1, length)])
    keywords = {"label_metric": "tree", "edges": edges}
    assert frechet_predict([[0.5, 0.5]], [0, n - 1], **keywords) == [middle]
    pair = [middle + 3, middle - 3]
    found = frechet_predict([[0.5, 0.5]], [0, n - 1], **keywords, candidates=pair)
    assert found == [middle - 3]
    # each node is a median
    assert frechet_predict([[0.5, 0.5]], [0, n - 1], **keywords, power=1) == [0]
    pair = [middle - 851, n - 1]
    found = frechet_predict(
        [[0.5, 0.5]], [0, n - 1], **keywords, candidates=pair, power=1
    )
    assert found == pair[:1]


def test_numbers_far_from_the_first_label():
    """The risk of labels that are close together is no matter of the first one."""
    labels = np.concatenate([[0], 10**9 + np.arange(10)])
    found, least = frechet_predict(
        [[0.3, 0.65], [0.0, 0.4]],
        labels[[2, 9]],
        label_metric="ordinal",
        labels=labels,
        return_variance=True,
    )
    np.testing.assert_array_equal(found, labels[[7, 9]])
    np.testing.assert_allclose(least, [0.3 * 25 + 0.65 * 4, 0], rtol=1e-9)


@pytest.mark.parametrize("metric", ["ordinal", "embedding", "tree"])
def test_neighbours_of_a_far_label_tie(metric):
    """Whatever its score, the mean is the label itself, up to a last digit."""
    middle = 10**6
    labels = np.array([0, middle - 1, middle, middle + 1])
    keywords = {
        "ordinal": {"labels": labels},
        "embedding": {"labels": labels, "label_embeddings": labels[:, None] * 1.0},
        "tree": {"edges": [(u, v, v - u) for u, v in pairwise(labels.tolist())]},
    }[metric]
    P = np.zeros((50, 2))
    P[:, 1] = np.linspace(0.01, 1, 50)
    found = frechet_predict(
        P,
        [0, middle],
        label_metric=metric,
        **keywords,
        candidates=[0, middle - 1, middle + 1],
    )
    np.testing.assert_array_equal(found, middle - 1)


@pytest.mark.parametrize("power", [1, 2])
def test_edges_too_short_to_tell(power):
    """Candidates that hang a few last digits off the paths tie, and the first wins."""
    edges = [("left", "c", 1.0), ("c", "right", 1.0), ("c", "z", 1e-13)]
    edges += [("z", "b", 1e-13), ("c", "a", 3e-13)]
    keywords = {"label_metric": "tree", "edges": edges, "power": power}
    P = [[0.5, 0.5]]
    for candidates, winner in (
        ("abc", "a"),
        ("cz", "c"),
        ("zb", "b"),
        (["b", "left"], "b"),
    ):
        found = frechet_predict(
            P, ["left", "right"], **keywords, candidates=list(candidates)
        )
        assert found == [winner]


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("ends", ["ab", "ba"])
def test_candidates_as_far_but_for_rounding(ends, power):
    """One tenth and two tenths are three tenths, whichever comes first."""
    edges = [("c", "m", 0.1), ("m", ends[0], 0.2), ("c", ends[1], 0.3)]
    for observed, P in ((["c"], [[1.0]]), (["c", "m"], [[1.0, 0.0]])):
        found = frechet_predict(
            P,
            observed,
            label_metric="tree",
            edges=edges,
            candidates=["a", "b"],
            power=power,
        )
        assert found == ["a"]

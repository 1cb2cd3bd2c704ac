"""Bad input gets an error that names it and the way out, and nothing else changes."""

import numpy as np
import pandas as pd
import pytest
from sklearn.naive_bayes import GaussianNB

from sklearn_ext import (
    LokiClassifier,
    frechet_predict,
    make_label_distance_scorer,
    mean_label_distance,
)

X = np.random.default_rng(0).normal(size=(30, 3))
Y = np.repeat(["a", "c", "d"], 10)
EDGES = [("a", "b"), ("b", "c"), ("b", "d")]
LABELS = list("abcd")
D = np.array([[0, 1, 2, 2], [1, 0, 1, 1], [2, 1, 0, 2], [2, 1, 2, 0.0]])
Z = np.arange(8.0).reshape(4, 2)
TREE = {"label_metric": "tree", "edges": EDGES}
GRAPH = {"label_metric": "graph", "edges": [*EDGES, ("a", "d")]}
VECTORS = {"label_metric": "embedding", "labels": LABELS, "label_embeddings": Z}
PLAIN = {"label_metric": "discrete", "labels": LABELS}
FUNCTION = {"label_metric": lambda a, b: float(a != b), "labels": LABELS}
MATRIX = {"label_metric": "precomputed", "labels": LABELS, "distances": D}


def fit(y=Y, **keywords):
    LokiClassifier(GaussianNB(), **keywords).fit(X, y)


def predict(y=Y, **keywords):
    frechet_predict(np.eye(len(np.unique(y))), np.unique(y), **keywords)


def measure(y=Y, **keywords):
    mean_label_distance(y, y[::-1], **keywords)


def score(y=Y, **keywords):
    model = GaussianNB().fit(X, y)
    make_label_distance_scorer(**keywords)(model, X, y)


# All four read a label space; most faults are shown to an estimator and a function.
every_way = pytest.mark.parametrize("ask", [fit, predict, measure, score])
each_way = pytest.mark.parametrize("ask", [fit, measure])


def cell(matrix, i, j, value):
    matrix = matrix.copy()
    matrix[i, j] = value
    return matrix


@every_way
@pytest.mark.parametrize("keywords", [TREE, GRAPH, VECTORS, MATRIX, PLAIN, FUNCTION])
def test_labels_outside_the_space(ask, keywords):
    y = np.where(np.arange(30) % 7 == 3, "q", Y)
    y[[5, 25]] = "p"
    with pytest.raises(ValueError, match=r"(?s)'?p'?\b.*\bq\b"):
        ask(y, **keywords)


@every_way
def test_labels_of_the_wrong_kind(ask):
    numbers = np.repeat([0, 2, 3], 10)
    with pytest.raises(ValueError, match=r"text.*0|0.*text"):
        ask(numbers, **TREE)
    with pytest.raises(ValueError, match=r"numbers.*a|a.*numbers"):
        ask(label_metric="tree", edges=[(0, 1), (1, 2)])
    with pytest.raises(ValueError, match="numbers"):
        ask(numbers, label_metric="ordinal", labels=["1", "2", "3"])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array(["a", None, "c"] * 10, dtype=object), r"None|missing|NaN"),
        (np.array([0.0, np.nan, 1.0] * 10), "nan|NaN"),
        (np.array([0.0, np.inf, 1.0] * 10), "inf"),
        (Y[:-1], "inconsistent"),
        (np.column_stack([Y, Y]), "1-D|1d"),
        (np.array(["a", 1, "c"] * 10, dtype=object), "str.*int|int.*str|one type"),
        (pd.Series(["a", None, "c"] * 10, dtype="string"), r"None|missing|NA|nan"),
        ([], "0|empty|minimum|least one"),
    ],
    ids=["none", "nan", "inf", "short", "two", "mixed", "missing", "empty"],
)
def test_target(y, message):
    with pytest.raises(ValueError, match=message):
        LokiClassifier(GaussianNB()).fit(X, y)


def test_a_single_text_is_no_sequence_of_labels():
    with pytest.raises((TypeError, ValueError), match="observed"):
        frechet_predict([[1.0]], "a", **TREE)
    with pytest.raises((TypeError, ValueError), match="labels"):
        frechet_predict([[1.0]], ["a"], labels="abc")


@pytest.mark.parametrize("kind", [set, frozenset])
def test_a_set_has_no_order(kind):
    with pytest.raises((TypeError, ValueError), match="observed"):
        frechet_predict(np.eye(3), kind("acd"), **TREE)
    with pytest.raises((TypeError, ValueError), match="labels"):
        fit(**{**VECTORS, "labels": kind("abcd")})


@each_way
def test_repeated_labels(ask):
    with pytest.raises(ValueError, match=r"labels.*'?c"):
        ask(labels=["a", "c", "d", "c"], label_metric="discrete")
    with pytest.raises(ValueError, match=r"label_embeddings|labels.*c"):
        ask(
            label_metric="embedding",
            label_embeddings=pd.DataFrame(Z, index=["a", "c", "d", "c"]),
        )
    names = ["a", "c", "d", "c"]
    frame = pd.DataFrame(D, index=names, columns=names)
    with pytest.raises(ValueError, match=r"distances|labels"):
        ask(label_metric="precomputed", distances=frame)


@each_way
@pytest.mark.parametrize(
    ("labels", "message"),
    [(["a", None, "c", "d"], "None"), ([["a", "c"], ["d", "e"]], "1-D|list")],
)
def test_bad_labels(ask, labels, message):
    with pytest.raises(ValueError, match=message) as caught:
        ask(labels=labels, label_metric="discrete")
    assert "labels" in str(caught.value)


@every_way
@pytest.mark.parametrize("labels", [None, LABELS], ids=["y", "labels"])
def test_ordinal_labels_are_numbers(ask, labels):
    with pytest.raises(ValueError, match=r"ordinal.*'?a'?"):
        ask(label_metric="ordinal", labels=labels)


@pytest.mark.parametrize(
    ("bad", "message"), [("two", "two|str"), (np.inf, "inf"), (np.nan, "nan")]
)
def test_ordinal_labels_name_the_first_offender(bad, message):
    with pytest.raises(ValueError, match=message):
        frechet_predict([[1.0]], [0], label_metric="ordinal", labels=[0, 1, bad])


@every_way
@pytest.mark.parametrize(
    ("metric", "needed"),
    [
        ("tree", "edges"),
        ("graph", "edges"),
        ("embedding", "label_embeddings"),
        ("precomputed", "distances"),
    ],
)
def test_the_keyword_that_is_needed(ask, metric, needed):
    with pytest.raises(ValueError, match=f"(?s){metric}.*{needed}"):
        ask(label_metric=metric, labels=LABELS)


@each_way
@pytest.mark.parametrize(
    ("keywords", "stray"),
    [
        ({"label_metric": "discrete", "edges": EDGES}, "edges"),
        ({"label_metric": max, "labels": LABELS, "edges": EDGES}, "edges"),
        ({"label_metric": "ordinal", "label_embeddings": Z}, "label_embeddings"),
        ({**TREE, "distances": D}, "distances"),
        ({**GRAPH, "label_embeddings": Z}, "label_embeddings"),
        ({**VECTORS, "edges": EDGES}, "edges"),
        ({**MATRIX, "edges": EDGES}, "edges"),
    ],
)
def test_a_keyword_that_is_not_used(ask, keywords, stray):
    metric = keywords["label_metric"]
    with pytest.raises(ValueError, match=stray) as caught:
        ask(**keywords)
    assert (metric if isinstance(metric, str) else "callable") in str(caught.value)


def test_vectors_and_distances_need_names():
    with pytest.raises(ValueError, match=r"label_embeddings.*labels"):
        fit(label_metric="embedding", label_embeddings=Z)
    with pytest.raises(ValueError, match=r"distances.*labels"):
        fit(label_metric="precomputed", distances=D)


@pytest.mark.parametrize("metric", ["euclidean", "Tree", 3, None, ["tree"]])
def test_unknown_metric(metric):
    for ask in (fit, predict, measure):
        with pytest.raises(ValueError, match=r"label_metric.*tree"):
            ask(label_metric=metric)


def test_scorer_with_a_keyword_but_no_metric():
    with pytest.raises(ValueError, match=r"label_metric.*edges"):
        make_label_distance_scorer(edges=EDGES)


def test_scorer_checks_its_label_space_at_once():
    with pytest.raises(ValueError, match="edges"):
        make_label_distance_scorer(label_metric="tree", labels=LABELS)
    with pytest.raises(ValueError, match="symmetric"):
        make_label_distance_scorer(
            label_metric="precomputed", labels=LABELS, distances=cell(D, 0, 1, 3.0)
        )


@every_way
@pytest.mark.parametrize(
    ("edges", "counts"),
    [
        ([*EDGES, ("a", "d")], (4, 4, 1)),
        ([*EDGES, ("e", "f")], (4, 6, 2)),
        ([("a", "b"), ("c", "d"), ("b", "a")], (3, 4, 2)),
        ([("a", "c"), ("c", "d"), ("d", "a"), ("x", "y")], (4, 5, 2)),
    ],
    ids=["cycle", "two parts", "parallel", "as many edges as a tree"],
)
def test_edges_of_no_tree(ask, edges, counts):
    with pytest.raises(ValueError, match="graph") as caught:
        ask(label_metric="tree", edges=edges)
    message = str(caught.value)
    for count, thing in zip(counts, ("edge", "node", "component"), strict=True):
        assert str(count) in message
        assert thing in message


@each_way
@pytest.mark.parametrize("metric", ["tree", "graph"])
@pytest.mark.parametrize("length", [-1.0, np.nan, np.inf])
def test_lengths_of_edges(ask, metric, length):
    edges = [("a", "b", 1.0), ("b", "c", length), ("b", "d", -7.0)]
    with pytest.raises(ValueError, match=r"(?s)edges.*b.*c") as caught:
        ask(label_metric=metric, edges=edges)
    assert str(length) in str(caught.value)


@each_way
@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ([("a",), ("b",)], "two|2|three|columns"),
        ([("a", "b", 1.0, 2.0)], "two|2|three|columns"),
        ([("a", "b"), ("b", "c", 1.0)], "row|entries|inhomogeneous"),
        ([("a", "b", "far"), ("b", "c", "near")], "far|number"),
        ([("a", None), ("b", "c")], "None"),
        ([("a", 1), ("b", 2)], "kind|number|text"),
        (np.array(["a", "b"]), "2|dim|two"),
        ([], "edge"),
        (7, "edges"),
    ],
    ids=[
        *("one column", "four columns", "ragged", "lengths of text", "none"),
        *("mixed", "1-D", "empty", "number"),
    ],
)
def test_edges_of_no_table(ask, edges, message):
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        ask(label_metric="tree", edges=edges)
    assert "edges" in str(caught.value)


def test_labels_that_are_no_nodes_of_a_tree():
    with pytest.raises(ValueError, match=r"component|z"):
        fit(**TREE, labels=[*LABELS, "z"])


@each_way
@pytest.mark.parametrize(
    ("distances", "message"),
    [
        (D[:3], "square"),
        (cell(D, 0, 3, 5.0), r"symmetric.*0.*3"),
        (cell(D, 2, 2, 1.0), r"diagonal.*2.*2"),
        (cell(cell(D, 1, 2, np.nan), 2, 1, np.nan), r"1.*2.*nan|nan.*1.*2"),
        (cell(cell(D, 1, 2, -1.0), 2, 1, -1.0), r"1.*2.*-1"),
        (cell(cell(D, 1, 2, np.inf), 2, 1, np.inf), r"1.*2.*inf"),
        (D[:3, :3], r"4.*3"),
        (np.full((4, 4), "far"), "number"),
        (D[None], "2-D|dim"),
    ],
    ids=[
        *("not square", "asymmetric", "diagonal", "nan", "negative", "inf"),
        *("too small", "text", "3-D"),
    ],
)
def test_distances(ask, distances, message):
    with pytest.raises(ValueError, match=f"(?s){message}") as caught:
        ask(label_metric="precomputed", labels=LABELS, distances=distances)
    assert "distances" in str(caught.value)


def test_asymmetry_far_down():
    n = 1500
    matrix = 1.0 - np.eye(n)
    matrix[1400, 3] = 2.0
    with pytest.raises(ValueError, match="1400"):
        frechet_predict(
            [[1.0]], [0], label_metric="precomputed", labels=range(n), distances=matrix
        )


def test_frame_of_distances_with_other_labels_on_its_axes():
    frame = pd.DataFrame(D, index=LABELS, columns=list("abce"))
    with pytest.raises(ValueError, match="distances"):
        fit(label_metric="precomputed", distances=frame)


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf, "far", None])
def test_function_that_returns_no_distance(value):
    with pytest.raises(ValueError, match=f"label_metric.*{value}"):
        fit(label_metric=lambda a, b: 0.0 if a == b else value, labels=LABELS)


@each_way
@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (Z[:3], "4.*3|3.*4"),
        (np.vstack([Z, Z]), "4.*8|8.*4"),
        (cell(Z, 2, 1, np.nan), "NaN|nan"),
        (cell(Z, 2, 1, np.inf), "inf"),
        (Z[:, 0], "2-D|dim"),
        (np.full((4, 2), "far"), "number"),
        (np.zeros((4, 0)), "column"),
    ],
    ids=["too few", "too many", "nan", "inf", "1-D", "text", "no columns"],
)
def test_vectors(ask, vectors, message):
    with pytest.raises(ValueError, match=message) as caught:
        ask(label_metric="embedding", labels=LABELS, label_embeddings=vectors)
    assert "label_embeddings" in str(caught.value)


def test_dict_of_vectors():
    unequal = {"a": [1.0], "c": [1.0, 2.0], "d": [0.0]}
    with pytest.raises(ValueError, match=r"label_embeddings.*c"):
        fit(label_metric="embedding", label_embeddings=unequal)
    few = {"a": [1.0], "c": [2.0], "d": [0.0]}
    with pytest.raises(ValueError, match=r"labels.*b"):
        fit(label_metric="embedding", label_embeddings=few, labels=LABELS)


@pytest.mark.parametrize("ask", [fit, predict])
@pytest.mark.parametrize(
    ("candidates", "message"),
    [
        (["a", "nowhere"], "candidates.*nowhere"),
        ("leafs", "candidates.*leafs.*leaves|leaves.*leafs"),
        ([], "candidates"),
        ([1, 2], "candidates.*number"),
        (None, "candidates"),
        (3, "candidates"),
    ],
    ids=["unknown", "misspelt", "empty", "kind", "none", "number"],
)
def test_candidates(ask, candidates, message):
    with pytest.raises((ValueError, TypeError), match=f"(?s){message}"):
        ask(**TREE, candidates=candidates)


@pytest.mark.parametrize("ask", [fit, predict])
def test_leaves_are_those_of_trees_and_graphs(ask):
    with pytest.raises(ValueError, match=r"leaves.*tree"):
        ask(candidates="leaves")
    ring = [("a", "c"), ("c", "d"), ("d", "a")]
    with pytest.raises(ValueError, match="leaves"):
        ask(label_metric="graph", edges=ring, candidates="leaves")


RULE = [
    *(("power", value) for value in (0, -1.0, "2", None, np.nan)),
    *(("temperature", value) for value in (0, -2.0, "auto?", None, np.nan)),
    *(("top_k", value) for value in (0, -1, 1.5, "all", True)),
    *(("batch_size", value) for value in (0, 2.5, "all", True)),
    *(("n_jobs", value) for value in ("two", 1.5)),
]


@pytest.mark.parametrize("ask", [fit, predict])
@pytest.mark.parametrize(("name", "value"), RULE, ids=map(str, RULE))
def test_parameters_of_the_rule(ask, name, value):
    with pytest.raises(ValueError, match=f"{name}.*must be") as caught:
        ask(**{name: value})
    assert type(caught.value).__name__ == "InvalidParameterError"


def test_auto_needs_an_estimator():
    with pytest.raises(ValueError, match="temperature"):
        predict(temperature="auto")


@pytest.mark.parametrize("power", [0, -1.0, np.nan])
def test_power_of_the_metric(power):
    for ask in (measure, score):
        with pytest.raises(ValueError, match="power"):
            ask(**TREE, power=power)


@pytest.mark.parametrize(
    ("P", "message"),
    [
        ([[0.5, 0.5, 0.0], [0.5, -0.1, 0.6]], "P.*-0.1.*1.*1"),
        ([[0.5, np.nan, 0.5]], "P.*(NaN|nan)"),
        ([[0.5, np.inf, 0.5]], "P.*inf"),
        ([[0.5, 0.5]], "2.*3"),
        ([[0.5, 0.5, 0.0, 0.0]], "4.*3"),
        ([0.5, 0.5, 0.0], "1D|2D|dim"),
        ([["x", "y", "z"]], "x|convert|string"),
        (np.zeros((1, 3, 1)), "dim"),
    ],
    ids=["negative", "nan", "inf", "few", "many", "1-D", "text", "3-D"],
)
def test_scores(P, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        frechet_predict(P, ["a", "c", "d"], **TREE)


@pytest.mark.parametrize(
    ("observed", "message"),
    [
        (["a", "c", "a"], "observed.*a"),
        (["a", "c", None], "observed.*None"),
        ([["a", "c", "d"]], "observed"),
    ],
    ids=["twice", "none", "2-D"],
)
def test_observed(observed, message):
    with pytest.raises(ValueError, match=message):
        frechet_predict(np.eye(3), observed, **TREE)
    with pytest.raises(ValueError, match="observed"):
        frechet_predict(np.zeros((2, 0)), [], **TREE)


def test_metric_of_nothing_or_of_unequal_lengths():
    with pytest.raises(ValueError, match=r"inconsistent|\b9\b"):
        mean_label_distance(Y, Y[:9], **TREE)
    with pytest.raises(ValueError, match=r"y_true|0|empty"):
        mean_label_distance([], [], **TREE)
    with pytest.raises(ValueError, match=r"y_pred.*zebra"):
        mean_label_distance(["a"], ["zebra"], **TREE)
    with pytest.raises(ValueError, match=r"y_true.*None"):
        mean_label_distance(["a", None], ["a", "b"], **TREE)


@pytest.mark.parametrize("ask", [fit, predict])
def test_parts_without_a_path_are_warned_of(ask):
    edges = [("a", "c"), ("c", "d"), ("d", "a"), ("u", "v"), ("x", "y")]
    with pytest.warns(UserWarning, match="3 components") as caught:
        ask(label_metric="graph", edges=edges)
    assert len(caught) == 1


def test_the_first_few_offenders_are_named_only():
    y = np.array([f"unknown{i:03d}" for i in range(500)])
    with pytest.raises(ValueError, match="unknown000") as caught:
        mean_label_distance(y, y, **TREE)
    assert len(str(caught.value)) < 400

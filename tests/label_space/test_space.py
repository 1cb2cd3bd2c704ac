"""What a label may be, which labels there are, and which of them may be predicted."""

import pickle
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score
from sklearn.naive_bayes import GaussianNB

from sklearn_ext import LokiClassifier, frechet_predict, mean_label_distance
from tests.label_space._naive import Given, all_paths, choose, scores, tree_space

X, CODES = load_iris(return_X_y=True)
# A path of seven labels, three of which are seen in y: the ends and the middle.
NUMBERS = np.arange(7)
SEEN = np.array([0, 3, 6])
CONTAINERS = {
    "int64": lambda codes: codes.astype(np.int64),
    "int8": lambda codes: codes.astype(np.int8),
    "uint64": lambda codes: codes.astype(np.uint64),
    "negative": lambda codes: -5 + 2 * codes.astype(np.int64),
    "whole float": lambda codes: codes.astype(np.float64),
    "str": lambda codes: np.array(list("abcdefg"))[codes],
    "long str": lambda codes: np.array([f"{'x' * k}y" for k in range(9, 2, -1)])[codes],
    "object": lambda codes: np.array(list("abcdefg"), dtype=object)[codes],
    "list": lambda codes: np.array(list("abcdefg"))[codes].tolist(),
    "tuple": lambda codes: tuple(codes.tolist()),
    "series of numbers": lambda codes: pd.Series(codes, index=codes[::-1] + 40),
    "series of str": lambda codes: pd.Series(np.array(list("abcdefg"))[codes]),
    "series of object": lambda codes: pd.Series(
        np.array(list("abcdefg"), dtype=object)[codes], dtype=object
    ),
    "categorical": lambda codes: pd.Series(
        np.array(list("abcdefg"))[codes], dtype="category"
    ),
    "nullable int": lambda codes: pd.Series(codes, dtype="Int64"),
    "string[python]": lambda codes: pd.Series(
        np.array(list("abcdefg"))[codes], dtype="string"
    ),
}


def path_keywords(metric, nodes):
    """The path along some labels, for each metric that can say it."""
    nodes = list(nodes)
    if metric in ("tree", "graph"):
        return {"edges": list(pairwise(nodes))}
    keywords = {"labels": nodes}
    if metric == "embedding":
        keywords["label_embeddings"] = np.arange(float(len(nodes)))[:, None]
    elif metric == "precomputed":
        keywords["distances"] = np.abs(NUMBERS[:, None] - NUMBERS)
    return keywords


@pytest.mark.parametrize("metric", ["tree", "embedding", "precomputed"])
@pytest.mark.parametrize("container", CONTAINERS)
def test_kinds_of_labels(container, metric):
    contain = CONTAINERS[container]
    y = contain(SEEN[CODES])
    nodes = contain(NUMBERS)
    keywords = path_keywords(metric, nodes)
    if metric in ("embedding", "precomputed"):
        keywords["labels"] = nodes
    model = LokiClassifier(
        GaussianNB(var_smoothing=0.5), label_metric=metric, **keywords
    ).fit(X, y)
    P = model.estimator_.predict_proba(X)
    order = np.argsort(np.asarray(nodes).astype(object))  # place of each class
    codes = np.searchsorted(np.asarray(nodes)[order], model.observed_classes_)
    D = np.abs(NUMBERS[:, None] - NUMBERS)[np.ix_(order, order)].astype(float)
    expected = choose(P, D, codes)
    assert len(np.unique(expected.codes)) >= 4  # some of them were never seen
    names = np.asarray(nodes)[order]
    np.testing.assert_array_equal(model.classes_, names)
    found = model.predict(X)
    np.testing.assert_array_equal(found, names[expected.codes])
    assert found.dtype.kind == model.classes_.dtype.kind
    # what is predicted can be scored against what was given
    hits = [a == b for a, b in zip(list(y), found.tolist(), strict=True)]
    assert accuracy_score(np.asarray(y), found) == pytest.approx(np.mean(hits))


@pytest.mark.parametrize("container", ["int64", "whole float", "negative", "uint64"])
def test_kinds_of_ordinal_labels(container):
    contain = CONTAINERS[container]
    y, labels = contain(SEEN[CODES]), contain(NUMBERS)
    model = LokiClassifier(
        GaussianNB(var_smoothing=0.5), label_metric="ordinal", labels=labels
    ).fit(X, y)
    P = model.predict_proba(X)[:, SEEN]
    D = np.abs(NUMBERS[:, None] - NUMBERS).astype(float)
    expected = choose(P, D, SEEN).codes
    np.testing.assert_array_equal(model.predict(X), labels[expected])
    assert mean_label_distance(
        y, model.predict(X), label_metric="ordinal", labels=labels
    ) == pytest.approx(np.mean((y.astype(float) - labels[expected].astype(float)) ** 2))


def test_fractions_are_labels_of_the_rule():
    labels = [0.25, 1.5, -3.75, 2.0]
    found = frechet_predict(
        [[0.5, 0.5], [0.9, 0.1]], [-3.75, 2.0], label_metric="ordinal", labels=labels
    )
    np.testing.assert_array_equal(found, [0.25, -3.75])


def test_neighbours_of_big_numbers_stay_apart():
    """Whole labels beyond 2**53 have neighbours that one float cannot tell apart."""
    big = 2**60
    labels = [big, big + 1, big + 2]
    edges = [(big, big + 1), (big + 1, big + 2)]
    for metric, keywords in (
        ("tree", {"edges": edges}),
        ("graph", {"edges": edges}),
        ("discrete", {"labels": labels}),
    ):
        found = frechet_predict(np.eye(3), labels, label_metric=metric, **keywords)
        np.testing.assert_array_equal(found, labels)
    found = frechet_predict(
        [[0.5, 0.5]], [big, big + 2], label_metric="tree", edges=edges
    )
    np.testing.assert_array_equal(found, [big + 1])


def test_derived_labels():
    edges = [("b", "a"), ("b", "c"), ("c", "d")]
    P = np.array([[1.0, 0.0]])
    vectors = {"z": [0.0, 1.0], "a": [0.0, 2.0], "k": [0.0, 3.0]}
    frame = pd.DataFrame.from_dict(vectors, orient="index")
    distances = pd.DataFrame(
        [[0.0, 1, 2], [1, 0, 1], [2, 1, 0]], index=list("zka"), columns=list("zka")
    )
    for metric, keywords, observed, labels in (
        ("tree", {"edges": edges}, ["a", "d"], "abcd"),
        ("graph", {"edges": [*edges, ("a", "c")]}, ["a", "d"], "abcd"),
        ("embedding", {"label_embeddings": vectors}, ["a", "z"], "akz"),
        ("embedding", {"label_embeddings": frame}, ["a", "z"], "akz"),
        ("precomputed", {"distances": distances}, ["a", "z"], "akz"),
        ("discrete", {}, ["a", "z"], "az"),
    ):
        model = LokiClassifier(Given(), label_metric=metric, **keywords)
        model.fit(np.eye(2), observed)
        np.testing.assert_array_equal(model.classes_, list(labels))
        assert model.predict(P) == ["a"]
    model = LokiClassifier(Given(), label_metric="ordinal").fit(np.eye(2), [5, 2])
    np.testing.assert_array_equal(model.classes_, [2, 5])


def test_vectors_and_distances_go_by_label_not_by_place():
    z = {"a": [0.0], "b": [1.0], "c": [2.0], "d": [10.0]}
    order = list("dbca")
    array = np.array([z[label] for label in order])
    frame = pd.DataFrame(array, index=order)
    D = np.abs(array - array.T)
    square = pd.DataFrame(D, index=order, columns=order)
    P = [[0.5, 0.5], [0.1, 0.9]]
    for keywords in (
        {"label_embeddings": array, "labels": order},
        {"label_embeddings": frame},
        {"label_embeddings": frame, "labels": list("abcd")},
        {"label_embeddings": {label: z[label] for label in order}},
        {"label_embeddings": z, "labels": list("cdab")},
    ):
        found = frechet_predict(P, ["a", "c"], label_metric="embedding", **keywords)
        np.testing.assert_array_equal(found, ["b", "c"])
    for keywords in (
        {"distances": D, "labels": order},
        {"distances": square},
        {"distances": square[list("abcd")]},
        {"distances": square, "labels": list("abcd")},
    ):
        found = frechet_predict(P, ["a", "c"], label_metric="precomputed", **keywords)
        np.testing.assert_array_equal(found, ["b", "c"])
    # of a frame or dict some of the rows may be wanted only
    for metric, keywords in (
        ("embedding", {"label_embeddings": frame}),
        ("embedding", {"label_embeddings": z}),
        ("precomputed", {"distances": square}),
    ):
        found = frechet_predict(
            [[0.8, 0.2]],
            ["a", "d"],
            label_metric=metric,
            **keywords,
            labels=list("dac"),
        )
        assert found == ["c"]


def read_only(values):
    values = np.array(values)
    values.flags.writeable = False
    return values


@pytest.mark.parametrize(
    "contain",
    [
        np.ndarray.tolist,
        np.asfortranarray,
        read_only,
        lambda values: values.astype(np.float32),
        lambda values: values.astype(np.float16),
        lambda values: values.astype(np.int64),
        lambda values: values.astype(np.uint8),
        lambda values: np.repeat(values, 2, axis=1)[:, ::2],
        lambda values: pd.DataFrame(values, index=[4, 1, 3, 2, 0]),
    ],
    ids=[
        *("list", "fortran", "read-only", "float32", "float16", "int", "uint8"),
        *("strided", "frame"),
    ],
)
@pytest.mark.parametrize("power", [1, 2])
def test_containers_of_vectors_and_distances(contain, power):
    rng = np.random.default_rng(0)
    names = np.array([4, 1, 3, 2, 0])
    Z = rng.integers(0, 9, (5, 5)).astype(float)
    order = np.argsort(names)
    D = np.abs(Z[:, :1] - Z[:, 0])
    P = scores(rng, 40, 3)
    for metric, keyword, values, distances in (
        ("precomputed", "distances", D, D),
        (
            "embedding",
            "label_embeddings",
            Z,
            np.sqrt(np.square(Z[:, None] - Z).sum(axis=2)),
        ),
    ):
        given = contain(values)
        if metric == "precomputed" and isinstance(given, pd.DataFrame):
            given.columns = names
        before = pickle.dumps(given)
        found = frechet_predict(
            P,
            [0, 1, 3],
            label_metric=metric,
            labels=names,
            **{keyword: given},
            power=power,
        )
        D_sorted = distances[np.ix_(order, order)]
        expected = choose(P, D_sorted, np.array([0, 1, 3]), power=power)
        np.testing.assert_array_equal(found, expected.codes)
        assert pickle.dumps(given) == before


@pytest.mark.parametrize("metric", ["tree", "graph"])
def test_nodes_that_are_no_labels_are_junctions(metric):
    rng = np.random.default_rng(0)
    for power in (1, 2, 3):
        for _ in range(10):
            space = tree_space(rng, 30, length_kind="any", label_kind="str")
            kept = np.sort(rng.choice(30, 12, replace=False))
            observed = np.sort(rng.choice(kept, 4, replace=False))
            edges = space.keywords["edges"]
            more = [(space.labels[0], space.labels[29], 0.7)] * (metric == "graph")
            links = [
                (*np.searchsorted(space.labels, edge[:2]), edge[2])
                for edge in [*edges, *more]
            ]
            D = all_paths(30, links)[np.ix_(kept, kept)]
            labels = space.labels[kept]
            P = scores(rng, 10, 4)
            model = LokiClassifier(
                Given(),
                label_metric=metric,
                edges=[*edges, *more],
                labels=rng.permutation(labels),
                power=power,
            ).fit(np.eye(4), space.labels[observed])
            expected = choose(P, D, np.searchsorted(kept, observed), power=power)
            np.testing.assert_array_equal(model.classes_, labels)
            np.testing.assert_array_equal(model.predict(P), labels[expected.codes])
            np.testing.assert_allclose(
                -model.decision_function(P), expected.risks, rtol=1e-10
            )


EDGES = [("r", "a"), ("r", "b"), ("a", "c"), ("a", "d"), ("b", "e"), ("b", "f")]


@pytest.mark.parametrize(
    ("candidates", "names"),
    [
        ("all", "abcdefr"),
        ("leaves", "cdef"),
        ("observed", "cde"),
        (["f", "b", "r"], "bfr"),
        (np.array(["f"]), "f"),
        (pd.Series(["a", "f"], index=[7, 8]), "af"),
        (("b", "b", "c"), "bc"),
    ],
    ids=["all", "leaves", "observed", "list", "one", "series", "twice"],
)
def test_candidates(candidates, names):
    labels = np.array(sorted("rabcdef"))
    links = [tuple(np.searchsorted(labels, edge)) for edge in EDGES]
    D = all_paths(7, links)
    observed = np.searchsorted(labels, ["c", "d", "e"])
    allowed = np.searchsorted(labels, list(names))
    P = scores(np.random.default_rng(0), 60, 3, "tied")
    for metric, power in (("tree", 2), ("graph", 1), ("tree", 1), ("tree", 3)):
        keywords = {"label_metric": metric, "edges": EDGES, "candidates": candidates}
        model = LokiClassifier(Given(), power=power, **keywords)
        model.fit(np.eye(3), ["c", "d", "e"])
        expected = choose(P, D, observed, allowed, power)
        found = model.predict(P)
        np.testing.assert_array_equal(found, labels[expected.codes])
        assert set(found) <= set(names)
        np.testing.assert_array_equal(model.classes_, sorted({*names, "c", "d", "e"}))
        np.testing.assert_array_equal(
            model.classes_[model.candidate_mask_], sorted(names)
        )
        decision = model.decision_function(P)
        assert (np.isneginf(decision) == ~model.candidate_mask_).all()
        np.testing.assert_array_equal(
            frechet_predict(P, ["c", "d", "e"], power=power, **keywords), found
        )
        np.testing.assert_allclose(model.predict_proba(P).sum(axis=1), 1)


def test_a_root_with_one_child_is_a_leaf():
    """The degree decides, as the documentation says; the array is the way out."""
    edges = [("root", "a"), ("a", "b"), ("a", "c")]
    keywords = {"label_metric": "tree", "edges": edges}
    model = LokiClassifier(Given(), candidates="leaves", **keywords)
    model.fit(np.eye(2), ["b", "c"])
    assert model.classes_.tolist() == ["b", "c", "root"]


def test_a_label_between_the_observed_ones_beats_them():
    """The point of it all: the middle of a star was never seen and is predicted."""
    edges = [("hub", leaf) for leaf in "abcd"]
    P = np.full((1, 4), 0.25)
    keywords = {"label_metric": "tree", "edges": edges}
    assert frechet_predict(P, list("abcd"), **keywords) == ["hub"]
    found, least = frechet_predict(
        P, list("abcd"), candidates="observed", **keywords, return_variance=True
    )
    assert (found, least) == (["a"], [3.0])

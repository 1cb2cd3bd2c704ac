"""LokiClassifier beside products with a matrix of distances: CPU time, one thread.

The classifier inside gives back the rows that it gets, so that the rule is measured.
"""

import gzip
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, dijkstra
from scipy.special import softmax
from threadpoolctl import threadpool_limits

from ._common import SHARED, Given, ratio_in_turns, run_on_linux

TREES = SHARED / "data" / "label_trees"
# Where the matrix of distances exists: number of labels x of observed ones.
TREE, IMAGENET = "tree, 50000 x 1000", "ImageNet, leaves, 1000 x 250"
EMBEDDED = "embeddings, 20000 x 20000"
ORDINAL, PRECOMPUTED = "ordinal, 1000 x 1000", "precomputed, 1000 x 1000"
# Where it hardly does.
RANDOM, DEEP = "random tree, 300000 x 10000", "deep tree, 300000 x 10000"
LARGE_EMBEDDED = "embeddings, 100000 x 100000"
WORDNET = "WordNet, 74401 x 1000"
LARGE = [RANDOM, DEEP, LARGE_EMBEDDED, WORDNET]

# Beyond what was there before, the probabilities and the label space among it.
MOST_BYTES = {RANDOM: 5e8, DEEP: 5e8, LARGE_EMBEDDED: 1e9, WORDNET: 3e8}
MEMORY_OF_PREDICTION = """
import json, sys, warnings
import numpy as np
from sklearn_ext import frechet_predict
from sklearn_ext.label_space._warm_up import warm_up

file, label_metric, most_bytes = sys.argv[1:]
warm_up()
warnings.simplefilter("ignore")
with np.load(file) as stored:
    case = dict(stored)
before = memory("VmRSS")
frechet_predict(case.pop("P"), case.pop("observed"), label_metric=label_metric, **case)
print(json.dumps((memory("VmHWM") - before) / float(most_bytes)))
"""


@dataclass
class Case:
    """Probabilities of sorted observed labels, and keywords of a label space."""

    P: np.ndarray
    observed: np.ndarray
    label_metric: str
    space: dict

    def fit(self):
        from sklearn_ext import LokiClassifier

        model = LokiClassifier(Given(), label_metric=self.label_metric, **self.space)
        return model.fit(self.observed, self.observed)

    def call(self, name):
        """Return the method or function as a function of probabilities."""
        from sklearn_ext import frechet_predict

        if name == "predict":
            return self.fit().predict
        return partial(
            frechet_predict,
            observed=self.observed,
            label_metric=self.label_metric,
            **self.space,
        )


def probabilities(n_rows, n_observed):
    """Return rows in which some hundreds of labels are likely."""
    scores = np.random.default_rng(1).standard_normal((n_rows, n_observed), np.float32)
    return softmax(2 * scores, axis=1).astype(np.float64)


def some(labels, n):
    """Return n of the labels, sorted."""
    return np.sort(np.random.default_rng(2).choice(labels, n, replace=False))


def tree(n_nodes, *, is_deep=False):
    """Return edges from each node to an earlier one, one of the last ten if deep."""
    rng = np.random.default_rng(0)
    nodes = np.arange(1, n_nodes)
    parents = nodes - 1 - rng.integers(np.minimum(nodes, 10 if is_deep else n_nodes))
    return rng.permutation(n_nodes)[np.column_stack([nodes, parents])]


def vectors(n_labels):
    """Return random directions of 384 dimensions."""
    Z = np.random.default_rng(0).standard_normal((n_labels, 384), np.float32)
    return Z / np.linalg.norm(Z, axis=1, keepdims=True)


def published_edges(name):
    """Return edges between WordNet ids; NotImplementedError where they are absent."""
    file = TREES / name
    if not file.is_file():
        raise NotImplementedError("the label trees are not here")
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt") as lines:
        return np.array([line.split() for line in lines if line.strip()])


def graph_of(edges):
    """Return nodes, and the matrix of their links in both directions."""
    nodes, ends = np.unique(edges, return_inverse=True)
    first, second = ends.reshape(-1, 2).T
    rows, columns = np.concatenate([first, second]), np.concatenate([second, first])
    shape = (len(nodes), len(nodes))
    return nodes, csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)


def hops(graph, sources):
    """Return the number of edges from some nodes of a tree to all, float32."""
    order, parent = breadth_first_order(graph, 0)
    result = np.full((graph.shape[0], len(sources)), np.inf, np.float32)
    result[sources, np.arange(len(sources))] = 0
    for node in order[:0:-1]:
        above = result[parent[node]]
        np.minimum(above, result[node] + 1, out=above)
    for node in order[1:]:
        np.minimum(result[node], result[parent[node]] + 1, out=result[node])
    return result.T


def squared_gaps(Z):
    """Return the squared distances between directions, made block by block."""
    squares = np.empty((len(Z), len(Z)), np.float32)
    for start in range(0, len(Z), 2_000):
        block = squares[start : start + 2_000]
        np.matmul(Z[start : start + 2_000], Z.T, out=block)
        block *= -2
        block += 2
    return np.maximum(squares, 0, out=squares)


def small_case(name):
    """Return a case, its candidates and the matrix of squared distances to them."""
    if name in (TREE, IMAGENET):
        is_made = name == TREE
        edges = tree(50_000) if is_made else published_edges("imagenet_mintree.txt")
        nodes, graph = graph_of(edges)
        candidates = np.arange(len(nodes))
        space = {"edges": edges}
        if not is_made:
            candidates = np.flatnonzero(np.diff(graph.indptr) == 1)
            space["candidates"] = "leaves"
        sources = some(candidates, 1_000 if is_made else 250)
        D2 = np.square(hops(graph, sources)[:, candidates])
        D2 = np.ascontiguousarray(D2, np.float32 if is_made else np.float64)
        P = probabilities(256 if is_made else 2_000, len(sources))
        return Case(P, nodes[sources], "tree", space), nodes[candidates], D2
    labels = np.arange(20_000 if name == EMBEDDED else 1_000)
    if name == EMBEDDED:
        P, Z = probabilities(256, len(labels)), vectors(len(labels))
        space = {"labels": labels, "label_embeddings": Z}
        return Case(P, labels, "embedding", space), labels, squared_gaps(Z)
    P = probabilities(2_000, len(labels))
    gaps = np.abs(np.subtract.outer(labels, labels)).astype(np.float64)
    if name == ORDINAL:
        case = Case(P, labels, "ordinal", {"labels": labels})
    else:
        case = Case(P, labels, "precomputed", {"labels": labels, "distances": gaps})
    return case, labels, np.square(gaps)


def large_case(name):
    """Return a case whose matrix of distances takes gigabytes or minutes."""
    if name == LARGE_EMBEDDED:
        labels = np.arange(100_000)
        space = {"labels": labels, "label_embeddings": vectors(len(labels))}
        return Case(probabilities(256, len(labels)), labels, "embedding", space)
    if name == WORDNET:
        edges = published_edges("wordnet.is_a.txt.gz")
        observed = some(np.unique(edges), 1_000)
        return Case(probabilities(64, 1_000), observed, "graph", {"edges": edges})
    space = {"edges": tree(300_000, is_deep=name == DEEP)}
    return Case(probabilities(64, 10_000), some(300_000, 10_000), "tree", space)


class _Ratio:
    """CPU time of ours over that of the peer; `setup` sets the two calls."""

    timeout = 120
    unit = "of the peer's time"

    def track_ratio(self, *_):
        with threadpool_limits(1):
            return ratio_in_turns(*self.calls)


class PredictRatio(_Ratio):
    """The matrix of squared distances is there before, float32 if it is large.

    `frechet_predict` reads the label space in each call, `predict` did so in `fit`.
    """

    params = (
        ["product with distances"],
        [TREE, IMAGENET, EMBEDDED, ORDINAL, PRECOMPUTED],
        ["predict", "frechet_predict"],
    )
    param_names = ["peer", "label_space", "ours"]

    def setup(self, peer, label_space, name):
        if (label_space, name) == (EMBEDDED, "frechet_predict"):
            raise NotImplementedError("its matrix takes ten seconds to make again")
        case, candidates, D2 = small_case(label_space)
        ours, P = case.call(name), case.P.astype(D2.dtype)
        few = P[:8] @ D2
        chosen = np.searchsorted(candidates, ours(case.P[:8]))
        risks = np.take_along_axis(few, chosen[:, None], axis=1)[:, 0]
        np.testing.assert_allclose(risks, few.min(axis=1), rtol=1e-5)
        self.calls = (
            partial(ours, case.P),
            lambda: candidates[(P @ D2).argmin(axis=1)],
        )


class GraphRatio(_Ratio):
    """A fit to WordNet, of which 100 labels are observed, over the paths from these."""

    params = ["scipy's dijkstra"]
    param_names = ["peer"]

    def setup(self, peer):
        import warnings

        warnings.filterwarnings("ignore", "The graph of labels has")
        edges = published_edges("wordnet.is_a.txt.gz")
        nodes, graph = graph_of(edges)
        sources = some(len(nodes), 100)
        case = Case(np.eye(100), nodes[sources], "graph", {"edges": edges})
        paths = partial(dijkstra, graph, indices=sources, unweighted=True)
        self.calls = case.fit, paths
        case.fit()


def _cpu_seconds(call):
    seconds = []
    for _ in range(3):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    return float(np.median(seconds))


def seconds_of_all():
    """Return CPU seconds by label space and work."""
    import warnings

    from sklearn_ext import label_locus, next_classes

    warnings.filterwarnings("ignore", "The graph of labels has")
    result = {}
    with threadpool_limits(1):
        for name in LARGE:
            with suppress(NotImplementedError):
                case = large_case(name)
                model = case.fit()
                model.predict(case.P[:2])
                works = {"fit": case.fit, "predict": partial(model.predict, case.P)}
                if name in (RANDOM, DEEP):
                    space = {"label_metric": "tree", **case.space}
                    works["label_locus"] = partial(label_locus, case.observed, **space)
                    works["next_classes"] = partial(
                        next_classes, case.observed, 100, **space
                    )
                for work, call in works.items():
                    result[name, work] = _cpu_seconds(call)
    return result


class _Large:
    """All label spaces and works, measured once."""

    timeout = 120

    def setup_cache(self):
        return seconds_of_all()

    setup_cache.timeout = 120

    def setup(self, cache, name, work="predict"):
        if (name, work) not in cache:
            raise NotImplementedError("trees only, or the label trees are not here")


class Seconds(_Large):
    """256 rows of probabilities for embeddings, 64 for others."""

    params = (LARGE, ["fit", "predict", "label_locus", "next_classes"])
    param_names = ["label_space", "work"]
    unit = "CPU seconds"

    def track_cpu(self, cache, *case):
        return cache[case]


class LargeTree(_Large):
    params = [RANDOM, DEEP]
    param_names = ["label_space"]
    unit = "of 25 ms a row"

    def track_predict_ratio(self, cache, name):
        return round(cache[name, "predict"] / 64 / 0.025, 5)


class LargeEmbedding(_Large):
    params = [LARGE_EMBEDDED]
    param_names = ["label_space"]
    unit = "of 3 s"

    def track_predict_ratio(self, cache, name):
        return round(cache[name, "predict"] / 3, 5)


class Memory:
    """Peak memory of reading the label space and of one prediction."""

    params = LARGE
    param_names = ["label_space"]
    timeout = 120

    def setup_cache(self):
        metrics = {}
        for i, name in enumerate(LARGE):
            with suppress(NotImplementedError):
                case = large_case(name)
                np.savez(f"{i}.npz", P=case.P, observed=case.observed, **case.space)
                metrics[name] = case.label_metric
        return metrics

    setup_cache.timeout = 120

    def setup(self, metrics, name):
        if name not in metrics:
            raise NotImplementedError("the label trees are not here")

    def track_memory_ratio(self, metrics, name):
        file = f"{LARGE.index(name)}.npz"
        return run_on_linux(MEMORY_OF_PREDICTION, file, metrics[name], MOST_BYTES[name])

    track_memory_ratio.unit = "of 500 MB, for embeddings 1 GB, for WordNet 300 MB"

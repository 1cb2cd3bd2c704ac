"""Label spaces as dense matrices of distances, the rule as one matrix product."""

from collections import namedtuple

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import check_cv
from sklearn.utils.validation import check_is_fitted

GRID = 10.0 ** np.linspace(-1, 1, 13)

# Keywords that describe a label space, its labels in order, all distances between them.
Space = namedtuple("Space", "keywords labels D")
Choice = namedtuple("Choice", "codes least risks")


class Given(ClassifierMixin, BaseEstimator):
    """A classifier that takes the rows of X for its probabilities."""

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        check_is_fitted(self)
        return np.array(X, dtype=float)


def all_paths(n, edges):
    """Distances between all nodes of an undirected graph by Floyd and Warshall.

    Where there is no path it is the longest one and 1.
    """
    D = np.full((n, n), np.inf)
    np.fill_diagonal(D, 0)
    for u, v, *length in edges:
        D[u, v] = D[v, u] = min(D[u, v], length[0] if length else 1.0)
    for k in range(n):
        D = np.minimum(D, D[:, [k]] + D[k])
    D[np.isinf(D)] = D[np.isfinite(D)].max() + 1
    return D


def soften(P, temperature=1.0, top_k=None):
    """Rows of scores at a temperature, all but the largest set to 0."""
    Q = np.array(P, float)
    if temperature != 1:
        with np.errstate(divide="ignore"):
            log_q = np.log(Q) / temperature
        Q = np.exp(log_q - log_q.max(axis=1, keepdims=True))
        Q /= Q.sum(axis=1, keepdims=True)
    if top_k is not None:
        others = np.argsort(-Q, axis=1, kind="stable")[:, top_k:]
        np.put_along_axis(Q, others, 0, axis=1)
    return Q


def choose(P, D, observed, candidates=None, power=2, temperature=1.0, top_k=None):
    """The rule: least expected d^power among candidates, the first of those that tie.

    Terms have one sign: rounding is a share of the risk, and so is the tolerance.
    `observed` and `candidates` are rows of D. Returns codes, their risk, and all risks.
    """
    n = len(D)
    candidates = np.arange(n) if candidates is None else np.sort(candidates)
    Q = soften(P, temperature, top_k)
    risks = Q @ D[observed] ** power
    among = risks[:, candidates]
    least = among.min(axis=1)
    first = (among <= (least * (1 + 1e-12))[:, None]).argmax(axis=1)
    return Choice(candidates[first], least, risks)


def mean_power(D, true, predicted, power=2, weight=None):
    """Mean distance to a power between codes."""
    return np.average(D[true, predicted] ** power, weights=weight)


def temperature_scores(
    estimator, X, codes, D, candidates=None, power=2, cv=5, top_k=None, weight=None
):
    """Mean distance of held-out rows for each temperature of the grid."""
    predicted = np.zeros((len(GRID), len(codes)), int)
    is_held_out = np.zeros(len(codes), bool)
    for train, test in check_cv(cv, codes, classifier=True).split(X, codes):
        of_rows = {} if weight is None else {"sample_weight": weight[train]}
        model = clone(estimator).fit(X[train], codes[train], **of_rows)
        P = model.predict_proba(X[test])
        for t, temperature in enumerate(GRID):
            predicted[t, test] = choose(
                P, D, model.classes_, candidates, power, temperature, top_k
            ).codes
        is_held_out[test] = True
    weight = None if weight is None else weight[is_held_out]
    return np.array(
        [
            mean_power(D, codes[is_held_out], row[is_held_out], power, weight)
            for row in predicted
        ]
    )


def names(rng, n, kind):
    """Distinct labels in no order."""
    numbers = rng.permutation(5 * n)[:n]
    if kind == "float":
        return numbers / 4 - 1.0
    if kind == "str":
        return np.array([f"n{number}" for number in numbers])
    if kind == "object":
        return np.array([f"n{number}" for number in numbers], dtype=object)
    return numbers - n


def lengths(rng, n, kind):
    """Lengths of edges: None is the default of one each."""
    if kind == "unit":
        return None
    if kind == "whole":
        return rng.integers(1, 4, n).astype(float)
    if kind == "some zero":
        return rng.integers(0, 3, n).astype(float)
    return rng.uniform(0.1, 2.0, n)


def parents(rng, n, shape):
    """The parent of each node but the first."""
    of = {
        "path": lambda v: v - 1,
        "star": lambda v: 0,
        "deep": lambda v: rng.integers(max(0, v - 3), v),
        "comb": lambda v: v - 1 if v % 2 else max(v - 2, 0),
        "binary": lambda v: (v - 1) // 2,
        "random": lambda v: rng.integers(0, v),
    }[shape]
    return [int(of(v)) for v in range(1, n)]


SHAPES = ["path", "star", "deep", "comb", "binary", "random"]


def disordered(rng, edges):
    """The same edges in another order, some of them from their other end."""
    edges = [edges[i] for i in rng.permutation(len(edges))]
    return [
        (v, u, *rest) if rng.random() < 0.5 else (u, v, *rest) for u, v, *rest in edges
    ]


def of_links(rng, metric, n, links, label_kind, length_kind):
    """The space of links between nodes 0 to n - 1."""
    numbers = rng.permutation(n)  # so that no node is known by its number
    weight = lengths(rng, len(links), length_kind)
    links = [
        (int(numbers[u]), int(numbers[v]), *([] if weight is None else [weight[i]]))
        for i, (u, v) in enumerate(links)
    ]
    labels = np.sort(names(rng, n, label_kind))
    edges = [(labels[u], labels[v], *rest) for u, v, *rest in disordered(rng, links)]
    keywords = {"label_metric": metric, "edges": edges}
    if not edges:
        keywords |= {"edges": np.zeros((0, 2), labels.dtype), "labels": labels}
    return Space(keywords, labels, all_paths(n, links))


def tree_space(rng, n, shape="random", label_kind="int", length_kind="unit"):
    """A tree."""
    links = list(enumerate(parents(rng, n, shape), start=1))
    return of_links(rng, "tree", n, links, label_kind, length_kind)


def graph_space(rng, n, label_kind="int", length_kind="unit", n_more=None):
    """A connected graph: a tree and some more links."""
    links = list(enumerate(parents(rng, n, "random"), start=1))
    n_more = n // 2 if n_more is None else n_more
    links += [tuple(rng.choice(n, 2, replace=False).tolist()) for _ in range(n_more)]
    return of_links(rng, "graph", n, links, label_kind, length_kind)


def embedding_space(
    rng, n, label_kind="int", container="array", whole=False, e=3, near=None, scale=1.0
):
    """Vectors with a Euclidean distance; whole numbers make for ties.

    A share of `near` is the size of a few clusters, in which single precision is blind.
    """
    Z = rng.integers(-2, 3, (n, e)).astype(float) if whole else rng.normal(size=(n, e))
    if near is not None:
        Z = rng.normal(size=(3, e))[rng.integers(0, 3, n)] + near * Z
    Z *= scale
    labels = names(rng, n, label_kind)
    order = np.argsort(labels)
    D = np.sqrt(np.square(Z[order][:, None] - Z[order]).sum(axis=2))
    keywords = {"label_metric": "embedding", "label_embeddings": Z}
    if container == "array":
        keywords["labels"] = labels
    elif container == "frame":
        keywords["label_embeddings"] = pd.DataFrame(Z, index=labels)
    else:
        keywords["label_embeddings"] = dict(zip(labels.tolist(), Z, strict=True))
    return Space(keywords, labels[order], D)


def ordinal_space(rng, n, label_kind="int"):
    """Numbers with gaps."""
    labels = names(rng, n, label_kind)
    keywords = {"label_metric": "ordinal", "labels": labels}
    labels = np.sort(labels)
    return Space(keywords, labels, np.abs(labels[:, None] - labels).astype(float))


def precomputed_space(rng, n, label_kind="int", container="array", whole=False):
    """Any symmetric matrix, which need not know the triangle inequality."""
    D = rng.integers(1, 4, (n, n)).astype(float) if whole else rng.uniform(1, 3, (n, n))
    D = np.triu(D, 1)
    D += D.T
    labels = names(rng, n, label_kind)
    order = np.argsort(labels)
    keywords = {"label_metric": "precomputed", "distances": D, "labels": labels}
    if container == "frame":
        frame = pd.DataFrame(D, index=labels, columns=labels)
        keywords = {
            "label_metric": "precomputed",
            "distances": frame.iloc[:, rng.permutation(n)],
        }
    return Space(keywords, labels[order], D[np.ix_(order, order)])


def gap_of_names(a, b):
    """A distance between labels of any kind that depends on how they are written."""
    a, b = str(a), str(b)
    return abs(len(a) - len(b)) + sum(x != y for x, y in zip(a, b, strict=False))


def callable_space(rng, n, label_kind="str"):
    """A function of two labels."""
    labels = names(rng, n, label_kind)
    keywords = {"label_metric": gap_of_names, "labels": labels}
    labels = np.sort(labels)
    D = [[float(gap_of_names(a, b)) for b in labels.tolist()] for a in labels.tolist()]
    return Space(keywords, labels, np.array(D))


def discrete_space(rng, n, label_kind="int"):
    """Labels are the same or not."""
    labels = names(rng, n, label_kind)
    keywords = {"label_metric": "discrete", "labels": labels}
    return Space(keywords, np.sort(labels), 1 - np.eye(n))


def scores(rng, b, k, kind="any"):
    """Rows of probabilities; "tied" ones are multiples of one over a small number."""
    if kind == "any":
        P = rng.dirichlet(np.full(k, 0.5), b)
    elif kind == "tied":
        P = rng.integers(0, 3, (b, k)).astype(float)
        P[P.sum(axis=1) == 0, 0] = 1
    else:  # one label each
        P = np.eye(k)[rng.integers(0, k, b)]
    return P / P.sum(axis=1, keepdims=True)

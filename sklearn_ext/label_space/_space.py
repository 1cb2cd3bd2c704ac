"""The label space: labels and the distance between them, read from keywords."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_ext._core._arrays import as_host
from sklearn_ext._core._sklearn import StrOptions

from ._edges import read_edges
from ._geometry import (
    Callable,
    Discrete,
    Embedding,
    Ordinal,
    Precomputed,
    TreeMetric,
)
from ._graph import Graph, graph_of
from ._labels import encode, label_array, shown, sorted_labels
from ._tree import Tree, root_tree

__all__ = ["SPACE_CONSTRAINTS", "LabelSpace", "read_label_space"]

# The keyword that each metric needs beside `labels`.
NEEDS = {
    "discrete": None,
    "ordinal": None,
    "embedding": "label_embeddings",
    "tree": "edges",
    "graph": "edges",
    "precomputed": "distances",
}
SPACE_CONSTRAINTS = {
    "label_metric": [StrOptions(set(NEEDS)), callable],
    "labels": ["array-like", None],
    "label_embeddings": ["array-like", dict, None],
    "edges": ["array-like", None],
    "distances": ["array-like", None],
}
# Entries of a matrix and of its transpose may differ by this share of the largest one.
ASYMMETRY = 1e-8
ROWS = 1024  # of a matrix that are checked at once


@dataclass(frozen=True)
class LabelSpace:
    """Sorted labels, which node or row of the geometry each is, and the geometry."""

    metric: Any
    labels: np.ndarray
    nodes: np.ndarray
    geometry: Any

    @property
    def tree(self):
        """Return the tree of the geometry, or None."""
        return self.geometry.tree

    def encode(self, values, name):
        """Return the places of values among the labels; ValueError if one is not."""
        return encode(self.labels, values, name)

    def distances(self, rows, columns):
        """Return the distances between labels given by place."""
        return self.geometry.distances(self.nodes[rows], self.nodes[columns])

    def pair_distances(self, first, second):
        """Return the distances between pairs of labels given by place."""
        return self.geometry.pair_distances(self.nodes[first], self.nodes[second])

    def degrees(self):
        """Return the number of neighbours of each label; of trees and graphs only."""
        if self.geometry.kind == "graph":
            return np.diff(self.geometry.indptr)[self.nodes]
        return self.tree.degrees()[self.nodes]

    def to_arrays(self):
        """Return everything as a dict of plain arrays and fields."""
        arrays = {
            "label_metric": self.metric,
            "kind": self.geometry.kind,
            "labels": self.labels,
            "nodes": self.nodes,
        }
        if self.geometry.kind == "tree":
            return {**arrays, **vars(self.geometry.tree)}
        return {**arrays, **vars(self.geometry)}

    @classmethod
    def from_arrays(cls, arrays):
        """Return the space that `to_arrays` was called on."""
        fields = dict(arrays)
        metric, kind = fields.pop("label_metric"), fields.pop("kind")
        labels, nodes = fields["labels"], fields.pop("nodes")
        if kind == "callable":
            geometry = Callable(**fields)
        else:
            del fields["labels"]
            geometry = (
                TreeMetric(Tree(**fields))
                if kind == "tree"
                else GEOMETRIES[kind](**fields)
            )
        return cls(metric, labels, nodes, geometry)


GEOMETRIES = {
    each.kind: each for each in (Discrete, Ordinal, Embedding, Graph, Precomputed)
}


def _check_keywords(metric, given):
    """Raise ValueError if the metric lacks its keyword or there is another one."""
    name = "a callable" if callable(metric) else repr(metric)
    needed = None if callable(metric) else NEEDS[metric]
    for keyword, value in given.items():
        if keyword == needed and value is None:
            raise ValueError(f"label_metric={name} needs the keyword {keyword}.")
        if keyword != needed and value is not None:
            owners = [repr(m) for m, keyword_ in NEEDS.items() if keyword_ == keyword]
            raise ValueError(
                f"label_metric={name} does not use the keyword {keyword}, which is for "
                f"{' and '.join(owners)}. Leave it out, or change label_metric."
            )


def _plain_labels(labels, seen, seen_name, metric):
    """Return sorted labels of a metric that has none of its own."""
    if labels is None:
        if seen is None:
            name = "a callable" if callable(metric) else repr(metric)
            raise ValueError(f"label_metric={name} needs the keyword labels.")
        return np.unique(label_array(seen, seen_name))
    return sorted_labels(labels, "labels")[0]


def _ordinal(labels):
    """Return the geometry of numbers, as differences to the first."""
    if labels.dtype.kind not in "biuf":
        raise ValueError(
            'label_metric="ordinal" needs labels that are numbers, got '
            f"{labels.tolist()[0]!r}."
        )
    if labels.dtype.kind in "iu" and float(labels[-1]) - float(labels[0]) < 2**62:
        # Whole numbers above 2**53 are no floats, but their differences may be.
        labels = labels.astype(np.int64 if labels.dtype.kind == "i" else np.uint64)
        return Ordinal((labels - labels[0]).astype(np.float64))
    values = labels.astype(np.float64)
    return Ordinal(values - values[0])


def _plain_geometry(metric, labels):
    """Return the geometry of a metric that needs nothing but labels."""
    if metric == "discrete":
        return Discrete()
    if metric == "ordinal":
        return _ordinal(labels)
    geometry = Callable(metric, labels)
    geometry.check()
    return geometry


def _read_rows(table, labels, name):
    """Return the labels of a table with a row per label, their rows, and the table."""
    if hasattr(table, "to_dict") and getattr(table, "ndim", 2) == 1:
        table = table.to_dict()  # a Series of vectors
    if isinstance(table, dict):
        if not table:
            raise ValueError(f"{name} must hold at least one label, got none.")
        keys, rows = list(table), list(table.values())
        sizes = [np.size(row) for row in rows]
        if len(set(sizes)) > 1:
            place = next(i for i, size in enumerate(sizes) if size != sizes[0])
            raise ValueError(
                f"{name} must have vectors of one length, got {sizes[0]} numbers for "
                f"{keys[0]!r} and {sizes[place]} for {keys[place]!r}."
            )
        table = np.array(rows)
    elif hasattr(table, "iloc"):
        keys, table = table.index, table.to_numpy()
    else:
        keys, table = None, np.asarray(as_host(table))
    if table.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {name} holds complex numbers.")
    if table.dtype.kind not in "biuf":
        try:
            table = table.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} must hold numbers: {error}") from error
    if table.ndim != 2:
        raise ValueError(
            f"{name} must be 2-D, got an array of {table.ndim} dimensions."
        )
    if keys is None:
        if labels is None:
            raise ValueError(
                f"{name} without labels must be a DataFrame with the labels as its "
                "index or a dict; or pass labels."
            )
        if len(table) != len(labels):
            raise ValueError(
                f"{name} must have a row per label: expected {len(labels)} rows, found "
                f"{len(table)}."
            )
        return *sorted_labels(labels, "labels"), table
    own, rows = sorted_labels(keys, f"the labels of {name}")
    if labels is None:
        return own, rows, table
    labels, _ = sorted_labels(labels, "labels")
    return labels, rows[encode(own, labels, "labels")], table


def _embedding(table, labels):
    """Return labels, rows and the geometry of vectors."""
    labels, rows, table = _read_rows(table, labels, "label_embeddings")
    if table.dtype.kind != "f" or table.dtype.itemsize < 4:
        table = table.astype(np.float64)
    bad = ~np.isfinite(table).all(axis=1)
    if bad.any():
        raise ValueError(
            f"label_embeddings must be finite; row {np.argmax(bad)} holds NaN or inf."
        )
    if not table.shape[1]:
        raise ValueError("label_embeddings must have at least one column.")
    return labels, rows, Embedding(np.ascontiguousarray(table))


def _check_distances(matrix):
    """Raise ValueError unless the matrix is square, symmetric, finite and right."""
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"distances must be square, got the shape {matrix.shape}.")

    def fail(what, i, j):
        mirror = f" and entry ({j}, {i}) is {matrix[j, i]}" if i != j else ""
        raise ValueError(
            f"distances must be {what}; entry ({i}, {j}) is {matrix[i, j]}{mirror}. "
            "Rounding is mended by D.clip(0), np.fill_diagonal(D, 0) and (D + D.T) / 2."
        )

    for start in range(0, len(matrix), ROWS):
        block = matrix[start : start + ROWS].astype(np.float64)
        mirror = matrix[:, start : start + ROWS].T.astype(np.float64)
        with np.errstate(invalid="ignore"):  # inf - inf, which the first check finds
            asymmetry = np.abs(block - mirror)
        most = ASYMMETRY * np.abs(block).max(initial=0, where=np.isfinite(block))
        checks = {
            "finite": ~np.isfinite(block),
            "at least 0": block < 0,
            "symmetric": asymmetry > most,
        }
        for what, is_bad in checks.items():
            if is_bad.any():
                i, j = np.unravel_index(np.argmax(is_bad), is_bad.shape)
                fail(what, int(i) + start, int(j))
    diagonal = np.diagonal(matrix)
    if diagonal.any():
        i = int(np.argmax(diagonal != 0))
        fail("zero on the diagonal", i, i)


def _precomputed(table, labels):
    """Return labels, rows and the geometry of a matrix of distances."""
    if hasattr(table, "iloc"):
        odd = list(table.index.symmetric_difference(table.columns))
        if table.shape[0] != table.shape[1] or odd:
            what = f"; {odd[0]!r} is on one of them only" if odd else ""
            raise ValueError(
                "distances must be square, with the same labels on both axes of the "
                f"DataFrame; its shape is {table.shape}{what}."
            )
        table = table.loc[:, list(table.index)]
    elif isinstance(table, dict):
        raise ValueError("distances must be an array or a DataFrame, not a dict.")
    else:
        table = np.asarray(as_host(table))
        if table.ndim == 2 and table.shape[0] != table.shape[1]:
            raise ValueError(f"distances must be square, got the shape {table.shape}.")
    labels, rows, table = _read_rows(table, labels, "distances")
    _check_distances(table)
    return labels, rows, Precomputed(table)


def _raise_not_a_tree(edges, simplified, n_components, labels):
    """Raise ValueError that says why edges are no tree."""
    what = ""
    if labels is not None:
        ends = np.concatenate([edges.first, edges.second])
        lone = np.setdiff1d(np.arange(len(edges.nodes)), ends)
        if len(lone):
            what = f" No edge leads to the labels {shown(edges.nodes[lone])}."
    if len(simplified) < len(edges):
        what += " Some edge is given twice, or is a loop."
    raise ValueError(
        f"edges must be a tree, but there are {len(edges)} edges, {len(edges.nodes)} "
        f"nodes and {n_components} component{'s' if n_components > 1 else ''}.{what} "
        'label_metric="graph" takes any edges.'
    )


def _of_edges(metric, edges, labels):
    """Return labels, nodes and the geometry of a tree or graph."""
    if labels is not None:
        labels, _ = sorted_labels(labels, "labels")
    given = read_edges(edges, labels)
    n_nodes = len(given.nodes)
    if not n_nodes:
        raise ValueError("edges must hold at least one edge.")
    edges = given.simplified()
    components = edges.components()
    n_components = components.max() + 1
    is_tree = len(edges) == n_nodes - 1 and n_components == 1
    if metric == "tree" and not (is_tree and len(given) == len(edges)):
        _raise_not_a_tree(given, edges, n_components, labels)
    if is_tree:
        geometry = TreeMetric(
            root_tree(n_nodes, edges.first, edges.second, edges.lengths)
        )
    else:
        geometry = graph_of(edges, components)
    if labels is None:
        return edges.nodes, np.arange(n_nodes), geometry
    return labels, np.searchsorted(edges.nodes, labels), geometry


def read_label_space(
    label_metric,
    *,
    labels=None,
    label_embeddings=None,
    edges=None,
    distances=None,
    seen=None,
    seen_name="y",
):
    """Return the `LabelSpace` that the keywords describe; ValueError if none.

    `seen` are labels for metrics that have none of their own, which errors call
    `seen_name`.
    """
    _check_keywords(
        label_metric,
        {
            "label_embeddings": label_embeddings,
            "edges": edges,
            "distances": distances,
        },
    )
    if label_metric == "embedding":
        found = _embedding(label_embeddings, labels)
    elif label_metric == "precomputed":
        found = _precomputed(distances, labels)
    elif label_metric in ("tree", "graph"):
        found = _of_edges(label_metric, edges, labels)
    else:
        labels = _plain_labels(labels, seen, seen_name, label_metric)
        geometry = _plain_geometry(label_metric, labels)
        found = labels, np.arange(len(labels)), geometry
    return LabelSpace(label_metric, *found)

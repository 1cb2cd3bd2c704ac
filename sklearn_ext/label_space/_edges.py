"""Edges of a tree or a graph of labels, read from whatever holds pairs of labels."""

from dataclasses import dataclass

import numpy as np

from ._labels import columns_of, label_array

__all__ = ["Edges", "read_edges"]


@dataclass(frozen=True)
class Edges:
    """Undirected edges between the numbers of sorted nodes."""

    nodes: np.ndarray
    first: np.ndarray
    second: np.ndarray
    lengths: np.ndarray

    def __len__(self):
        return len(self.first)

    def has_unit_lengths(self):
        """Tell whether paths are measured by their number of edges."""
        return bool((self.lengths == 1).all())

    def components(self):
        """Return the number of the component of each node."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        n_nodes = len(self.nodes)
        ones = np.ones(len(self), np.int8)
        links = coo_array((ones, (self.first, self.second)), shape=(n_nodes, n_nodes))
        return connected_components(links.tocsr(), directed=False)[1]

    def simplified(self):
        """Return the shortest of parallel edges, and no loop."""
        low = np.minimum(self.first, self.second)
        high = np.maximum(self.first, self.second)
        order = np.lexsort((self.lengths, high, low))
        order = order[low[order] != high[order]]
        low, high = low[order], high[order]
        is_new = np.ones(len(order), bool)
        is_new[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
        return Edges(self.nodes, low[is_new], high[is_new], self.lengths[order][is_new])


def _lengths(values):
    """Return the third column as numbers."""
    values = np.asarray(values)
    if values.dtype.kind not in "biuf":
        try:
            values = values.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(
                "The third column of edges must hold lengths, which are numbers; got "
                f"{values[:1].tolist()}."
            ) from error
    return values.astype(np.float64)


def _ends(first, second, is_plain):
    """Return both ends of all edges as one array of labels."""
    ends = [label_array(column, "edges") for column in (first, second)]
    if (ends[0].dtype.kind in "UO") != (ends[1].dtype.kind in "UO"):
        raise ValueError("edges must join labels of one kind: all numbers or all text.")
    ends = np.concatenate(ends)
    if is_plain and ends.dtype.kind == "f" and (ends == np.trunc(ends)).all():
        # In one array of numbers the lengths have made floats of whole labels.
        ends = ends.astype(np.int64)
    return ends


def read_edges(edges, more_nodes=None):
    """Return the `Edges` of a table of two or three columns; ValueError if it is none.

    `more_nodes` are nodes that need no edge.
    """
    columns = columns_of(edges, "edges")
    if len(columns) not in (2, 3) and (columns or more_nodes is None):
        raise ValueError(
            "edges must have two columns (labels) or three (labels and a length), got "
            f"{len(columns)}."
        )
    first, second = columns[:2] if columns else ([], [])
    is_plain = isinstance(edges, np.ndarray) and len(columns) == 3
    ends = _ends(first, second, is_plain)
    n_edges = len(first)
    lengths = _lengths(columns[2]) if len(columns) == 3 else np.ones(n_edges)
    is_bad = ~(np.isfinite(lengths) & (lengths >= 0))
    if is_bad.any():
        i = np.argmax(is_bad)
        pair = ends[i], ends[n_edges + i]
        raise ValueError(
            f"edges must have finite lengths of at least 0, got {lengths[i]} between "
            f"{pair[0]!s} and {pair[1]!s} in row {i}."
        )
    known = ends
    if more_nodes is not None and len(more_nodes):
        if len(ends) and (more_nodes.dtype.kind in "UO") != (ends.dtype.kind in "UO"):
            raise ValueError("labels and edges must both be numbers or both text.")
        known = np.concatenate([ends, more_nodes]) if len(ends) else more_nodes
    nodes, codes = np.unique(known, return_inverse=True)
    codes = codes[: 2 * n_edges].astype(np.int64)
    return Edges(nodes, codes[:n_edges], codes[n_edges:], lengths)

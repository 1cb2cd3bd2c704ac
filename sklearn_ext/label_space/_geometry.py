"""Distances between labels that need no path: numbers, vectors, matrices, functions."""

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from ._tree import Tree, path_tree

__all__ = ["Callable", "Discrete", "Embedding", "Ordinal", "Precomputed", "TreeMetric"]

# Squared distances below this share of the squared norms are computed anew.
CANCELLED = 1e-6


@dataclass(frozen=True)
class Discrete:
    """Labels are the same or not."""

    kind = "discrete"
    tree = None

    def distances(self, rows, columns):
        """Return the distances between labels given by number."""
        return (np.asarray(rows)[:, None] != np.asarray(columns)).astype(np.float64)

    def pair_distances(self, first, second):
        """Return the distances between pairs of labels given by number."""
        return (first != second).astype(np.float64)


@dataclass(frozen=True)
class Ordinal:
    """Labels are sorted numbers, given as differences to the first."""

    values: np.ndarray

    kind = "ordinal"

    @property
    def tree(self):
        """Return the path along the numbers."""
        return path_tree(np.diff(self.values))

    def distances(self, rows, columns):
        """Return the distances between labels given by number."""
        return np.abs(self.values[rows][:, None] - self.values[columns])

    def pair_distances(self, first, second):
        """Return the distances between pairs of labels given by number."""
        return np.abs(self.values[first] - self.values[second])


@dataclass(frozen=True)
class Embedding:
    """Labels are vectors; float32 or float64."""

    vectors: np.ndarray

    kind = "embedding"
    tree = None

    def distances(self, rows, columns):
        """Return the distances between labels given by number."""
        left = self.vectors[rows].astype(np.float64)
        right = self.vectors[columns].astype(np.float64)
        if not (len(left) and len(right)):
            return np.zeros((len(left), len(right)))
        center = right.mean(axis=0)
        left -= center
        right -= center
        size = np.einsum("ij,ij->i", left, left)[:, None]
        size = size + np.einsum("ij,ij->i", right, right)
        squares = left @ right.T
        squares *= -2
        squares += size
        # The rest of a cancellation has few digits, and labels may be the same.
        close = np.nonzero(squares <= CANCELLED * size)
        for start in range(0, len(close[0]), 4096):
            i, j = (index[start : start + 4096] for index in close)
            squares[i, j] = np.square(left[i] - right[j]).sum(axis=1)
        return np.sqrt(squares, out=squares)

    def pair_distances(self, first, second):
        """Return the distances between pairs of labels given by number."""
        distances = np.empty(len(first))
        for start in range(0, len(first), 4096):
            part = slice(start, start + 4096)
            gap = self.vectors[first[part]].astype(np.float64)
            gap -= self.vectors[second[part]]
            distances[part] = np.sqrt(np.square(gap).sum(axis=1))
        return distances


@dataclass(frozen=True)
class TreeMetric:
    """Labels are nodes of a tree."""

    tree: Tree

    kind = "tree"

    def distances(self, rows, columns):
        """Return the distances between nodes given by number."""
        return self.tree.distances(rows, columns)

    def pair_distances(self, first, second):
        """Return the distances between pairs of nodes given by number."""
        return self.tree.pair_distances(first, second)


@dataclass(frozen=True)
class Precomputed:
    """A symmetric matrix of distances."""

    matrix: np.ndarray

    kind = "precomputed"
    tree = None

    def distances(self, rows, columns):
        """Return the distances between rows of the matrix."""
        return self.matrix[np.ix_(rows, columns)].astype(np.float64)

    def pair_distances(self, first, second):
        """Return the distances between pairs of rows of the matrix."""
        return self.matrix[first, second].astype(np.float64)


@dataclass(frozen=True)
class Callable:
    """A function of two labels."""

    function: Any
    labels: np.ndarray

    kind = "callable"
    tree = None

    def check(self):
        """Raise ValueError unless each label is at distance 0 from itself."""
        labels = self.labels.tolist()
        own = self._distances(zip(labels, labels, strict=True))
        if own.any():
            label = labels[int(np.argmax(own != 0))]
            raise ValueError(
                f"label_metric must return 0 for equal labels, got {own.max()} for "
                f"{label!r}."
            )

    def _distances(self, pairs):
        values = []
        for a, b in pairs:
            try:
                value = float(self.function(a, b))
            except (TypeError, ValueError) as error:
                raise ValueError(
                    f"label_metric must return a number for each pair of labels; for "
                    f"{a!r} and {b!r} it failed: {error}"
                ) from error
            if not (np.isfinite(value) and value >= 0):
                raise ValueError(
                    "label_metric must return finite distances of at least 0, got "
                    f"{value} for {a!r} and {b!r}."
                )
            values.append(value)
        return np.array(values)

    def distances(self, rows, columns):
        """Return the distances between labels given by number."""
        left, right = (self.labels[part].tolist() for part in (rows, columns))
        return self._distances(product(left, right)).reshape(len(left), len(right))

    def pair_distances(self, first, second):
        """Return the distances between pairs of labels given by number."""
        pairs, place = np.unique(
            np.column_stack([first, second]), axis=0, return_inverse=True
        )
        left, right = (self.labels[part].tolist() for part in pairs.T)
        return self._distances(zip(left, right, strict=True))[place.ravel()]

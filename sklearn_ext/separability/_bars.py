"""The bars of one sample of rows: tree, sizes of the merges, statistics."""

from typing import NamedTuple

import numpy as np

from ._merges import merge_sizes, tie_tolerance
from ._rows import check_distances, unit_rows
from ._statistics import bar_statistics

__all__ = ["Bars", "bars_of"]


class Bars(NamedTuple):
    """What is known of one sample."""

    rows: np.ndarray  # int64 (n_used,), ascending
    edges: np.ndarray  # int64 (n_used - 1, 2), positions in `rows`
    lengths: np.ndarray
    sizes: np.ndarray
    core_distances: np.ndarray | None
    algorithm: str
    statistics: dict


def _tree(X, rows, settings):
    """Return the minimum spanning tree of some rows of X."""
    from ._emst import euclidean_mst, precomputed_mst

    is_all = len(rows) == len(X)
    if settings["metric"] == "precomputed":
        distances = X if is_all else X[np.ix_(rows, rows)]
        check_distances(distances, rows)
        return precomputed_mst(distances, min_samples=settings["min_samples"])
    used = X if is_all else X[rows]
    used = unit_rows(used, rows) if settings["normalize"] else used
    names = ("algorithm", "min_samples", "device", "n_jobs")
    return euclidean_mst(
        np.ascontiguousarray(used), **{name: settings[name] for name in names}
    )


def bars_of(X, rows, settings):
    """Return the bars of some rows of X by the parameters of `ClassSeparability`."""
    with np.errstate(over="ignore"):
        tree = _tree(X, rows, settings)
    if np.isinf(tree.lengths[-1]):
        raise ValueError(
            f"X has entries as large as {np.abs(X).max():.3g}, so that distances "
            f"overflow. Divide X by some number: the statistics do not depend on it."
        )
    tolerance = tie_tolerance(X.dtype)
    sizes = merge_sizes(tree.edges, tree.lengths, tolerance)
    statistics = bar_statistics(
        tree.lengths,
        sizes,
        min_component=settings["min_component"],
        tolerance=tolerance,
    )
    return Bars(
        rows,
        tree.edges,
        tree.lengths,
        sizes,
        tree.core_distances,
        tree.algorithm,
        statistics,
    )

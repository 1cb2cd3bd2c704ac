"""Euclidean minimum spanning trees: the one entry point, and what each way costs."""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn import get_config

from sklearn_ext._core._arrays import plain_array
from sklearn_ext._core._torch import resolve_device

from ._emst_prim import matrix_tree, prim_tree

__all__ = [
    "SpanningTree",
    "euclidean_mst",
    "nearest_neighbors",
    "precomputed_mst",
]

# Beyond these the squares of entries, or of differences, leave the range of float32.
LARGEST, SMALLEST = 1e15, 1e-15
# Products of coordinates from which a GPU pays for the way to it and back.
GPU_PRODUCTS = 1e11
# A kd-tree takes the longest to compile, so it has to have something to save; it prunes
# well up to a few features, sometimes up to some dozens, and then not at all.
LEAST_SECONDS_FOR_A_TREE = 0.25
FEW_FEATURES, MOST_FEATURES_FOR_A_TREE, TOO_MANY_FEATURES_FOR_A_TREE = 12, 32, 50
BLOCK = 1 << 22  # numbers that are copied at a time


class SpanningTree(NamedTuple):
    """A tree and how it was found.

    edges : int64 (n - 1, 2), first < second; lengths : float64 (n - 1,); both sorted by
    (length, first, second). core_distances : float64 (n,), None for a plain tree.
    algorithm : "dense", "prim", "boruvka", "kd_tree" or "precomputed".
    """

    edges: np.ndarray
    lengths: np.ndarray
    core_distances: np.ndarray | None
    algorithm: str


def _sorted_tree(edges, lengths, core_distances, algorithm):
    """Return the tree with its edges in the order of length, first and second row."""
    order = np.lexsort((edges[:, 1], edges[:, 0], lengths))
    return SpanningTree(edges[order], lengths[order], core_distances, algorithm)


def _tame(X):
    """Return X of moderate scale, and the power of two that it was divided by."""
    largest = max(abs(X.max()), abs(X.min()))
    if largest == 0 or SMALLEST <= largest <= LARGEST:
        return plain_array(X), 0
    exponent = int(np.frexp(largest)[1])
    return np.ldexp(X.astype(np.float64), -exponent), exponent


def _edge_squares(X, edges):
    """Return the squares of edges between rows of X, by subtraction in float64."""
    squares = np.empty(len(edges))
    step = max(1, BLOCK // X.shape[1])
    for start in range(0, len(edges), step):
        part = slice(start, start + step)
        first, second = edges[part].T
        squares[part] = np.square(
            X[first].astype(np.float64, copy=False) - X[second]
        ).sum(axis=1)
    return squares


def _kth_of_each_row(distances, k):
    """Return the k-th smallest of each row, the diagonal counted as the 0th."""
    result = np.empty(len(distances))
    step = max(1, BLOCK // len(distances))
    for start in range(0, len(distances), step):
        rows = np.arange(start, min(start + step, len(distances)))
        block = distances[rows]  # a copy
        block[np.arange(len(rows)), rows] = -1.0
        result[rows] = np.partition(block, k, axis=1)[:, k]
    return result


def _cost(algorithm, n_samples, n_features, min_samples):
    """Return the seconds that "prim" or "dense" takes on one core, as measured."""
    n_pairs, d = n_samples**2 / 2, n_features
    if algorithm == "prim":
        seconds = n_pairs * (0.4 + 0.125 * d) * 1e-9
    else:
        # A little more than it is, so that small data do not wait for a compiler.
        seconds = 1e-2 + n_pairs * (4 + 0.016 * d) * 1e-9
    if min_samples > 1:  # neighbours first
        seconds += n_pairs * (5 + 0.02 * d) * 1e-9
    return seconds


def _worthwhile_tree(X, seconds, workers):
    """Return a kd-tree of X if a spanning tree by it should take less than `seconds`.

    That hangs on the dimension of the set that the rows lie near, so it is counted on
    some of them. The more features there are, the less exact is the count.
    """
    n_features = X.shape[1]
    if seconds < LEAST_SECONDS_FOR_A_TREE or n_features > MOST_FEATURES_FOR_A_TREE:
        return None
    from ._emst_kdtree import KDTreeSearch

    search = KDTreeSearch(X, workers)
    margin = 2 if n_features <= FEW_FEATURES else 6
    return search if margin * search.expected_seconds() < seconds else None


def _choose(X, min_samples, workers):
    """Return the fastest algorithm on a CPU, and the search that it uses, if any.

    It does not depend on the number of threads: those must not change a result.
    "boruvka" is not among the candidates. It multiplies for its neighbours as much as
    "dense" does for the whole tree, and then searches again for rows whose neighbours
    all are in their own component; on a GPU, where products cost next to nothing and a
    row of a matrix takes as long as a hundred, it is the other way round.
    """
    costs = {name: _cost(name, *X.shape, min_samples) for name in ("prim", "dense")}
    name = min(costs, key=costs.get)
    search = _worthwhile_tree(X, costs[name], workers)
    return ("kd_tree", search) if search else (name, None)


def _resolve_device(algorithm, device, n_samples, n_features):
    """Return where the neighbour search of "boruvka" runs, "cpu" for all others."""
    is_free = algorithm in ("auto", "boruvka")
    if device == "cuda" and not is_free:
        raise ValueError(
            f"device='cuda' runs the neighbour search of algorithm='boruvka' only, and "
            f"algorithm={algorithm!r} was given. Use 'boruvka' or 'auto', or device="
            f"'cpu'."
        )
    is_worth_it = is_free and float(n_samples) ** 2 * n_features > GPU_PRODUCTS
    return resolve_device(
        device, is_worth_it=is_worth_it, purpose="A neighbour search with device='cuda'"
    )


def _warn_of_features(algorithm, n_features):
    """Warn of a kd-tree that cannot prune."""
    if algorithm == "kd_tree" and n_features > TOO_MANY_FEATURES_FOR_A_TREE:
        warnings.warn(
            f"algorithm='kd_tree' prunes next to nothing among {n_features} features: "
            f"it is slower than 'boruvka'. Use that, or 'auto'.",
            UserWarning,
            stacklevel=3,
        )


def _make_search(X, workers, algorithm="auto", device="cpu"):
    """Return the search of an algorithm, or the one that suits the features."""
    if device == "cuda":
        from ._emst_torch import TorchSearch

        return TorchSearch(X, device)
    if algorithm == "kd_tree" or (algorithm == "auto" and X.shape[1] <= FEW_FEATURES):
        from ._emst_kdtree import KDTreeSearch

        return KDTreeSearch(X, workers)
    from ._search_products import ProductSearch

    return ProductSearch(X, workers)


def _find_edges(X, algorithm, place, min_samples, workers):
    """Return edges in any order, squared core distances or None, and the algorithm."""
    search = None
    if place == "cuda":
        algorithm = "boruvka"
    elif algorithm == "auto":
        algorithm, search = _choose(X, min_samples, workers)
    if algorithm in ("boruvka", "kd_tree"):
        search = search or _make_search(X, workers, algorithm, place)
        if algorithm == "kd_tree":
            return *search.spanning_tree(min_samples), algorithm
        from ._emst_boruvka import boruvka_tree

        found = boruvka_tree(search, min_samples=min_samples, workers=workers)
        return *found, algorithm
    core_squares = None
    if min_samples > 1:
        squares = _make_search(X, workers).neighbors(min_samples - 1)[1]
        core_squares = squares[:, -1].copy()
    if algorithm == "prim":
        return prim_tree(X, core_squares), core_squares, algorithm
    from ._emst_dense import dense_tree

    memory = get_config()["working_memory"] * 2**20
    edges = dense_tree(X, core_squares, memory=memory, workers=workers)
    return edges, core_squares, algorithm


def euclidean_mst(X, *, algorithm="auto", min_samples=1, device="auto", n_jobs=None):
    """Return the exact minimum spanning tree of the rows of X.

    Every algorithm gives the lengths of single linkage, in float64; where lengths tie,
    they may differ in the edges.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float32 or float64
        Finite, at least two rows.
    algorithm : {"auto", "dense", "prim", "boruvka", "kd_tree"}, default="auto"
    min_samples : int, default=1
        Above 1, an edge is as long as the mutual reachability distance: the greatest of
        its length and of the distances of its ends to their `min_samples`-th nearest
        points, themselves counted first.
    device : {"auto", "cpu", "cuda"}, default="auto"
    n_jobs : int, default=None

    Returns
    -------
    tree : SpanningTree
    """
    from sklearn_ext._core._numba import Workers

    X, exponent = _tame(X)
    _warn_of_features(algorithm, X.shape[1])
    place = _resolve_device(algorithm, device, *X.shape)
    with Workers(n_jobs) as workers:
        edges, core_squares, name = _find_edges(
            X, algorithm, place, min_samples, workers
        )
    edges = np.sort(edges, axis=1)
    squares = _edge_squares(X, edges)
    core_distances = None
    if core_squares is not None:
        squares = np.maximum(squares, core_squares[edges].max(axis=1))
        core_distances = np.ldexp(np.sqrt(core_squares), exponent)
    lengths = np.ldexp(np.sqrt(squares), exponent)
    return _sorted_tree(edges, lengths, core_distances, name)


def precomputed_mst(distances, *, min_samples=1):
    """Return the minimum spanning tree of a square matrix of distances."""
    distances = plain_array(np.asarray(distances, dtype=np.float64))
    core_distances = None
    if min_samples > 1:
        core_distances = _kth_of_each_row(distances, min_samples - 1)
    edges, lengths = matrix_tree(distances, core_distances)
    return _sorted_tree(edges, lengths, core_distances, "precomputed")


def nearest_neighbors(X, k, *, n_jobs=None):
    """Return the k nearest other rows of each row of X, and how far they are.

    Both are of shape (n_samples, k), ascending by (distance, index); a row is no
    neighbour of its own, but its duplicates are. X is as for `euclidean_mst`.
    """
    from sklearn_ext._core._numba import Workers

    X, exponent = _tame(X)
    with Workers(n_jobs) as workers:
        indices, squares = _make_search(X, workers).neighbors(k)
    return indices, np.ldexp(np.sqrt(squares), exponent)

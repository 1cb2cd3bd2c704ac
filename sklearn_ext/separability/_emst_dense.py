"""Minimum spanning trees from matrix products, whole or in tiles.

While the matrix of bounds fits in memory, Prim's algorithm runs on it. Otherwise the
rows are cut into blocks. An edge of the minimum spanning tree is in the tree of every
subset of rows that holds its ends, so the trees of all pairs of blocks hold it between
them. And of the edges within a block only those of the block's own tree can matter. So
each pair of rows is looked at once, whatever the data, and O(n) edges a block remain.
"""

from contextlib import contextmanager, nullcontext
from itertools import combinations, pairwise
from queue import SimpleQueue

import numpy as np

from sklearn_ext._core._arrays import plain_array
from sklearn_ext._core._sklearn import threadpool_controller

from ._products import Products

__all__ = ["dense_tree"]

# Rows of a block; two blocks' bounds are this squared, twice.
BLOCK = 4096
# Rows and columns of the tiles of which a symmetric matrix is made.
STEP = 1024
BITS = {np.dtype(np.float32): np.int32, np.dtype(np.float64): np.int64}
# Relative and absolute error of a number in the precision of the bounds.
ROUNDING = {np.dtype(np.float32): (2.0**-22, 1e-44), np.dtype(np.float64): (0.0, 0.0)}
NO_EDGES = np.empty((0, 2), np.int64), np.empty(0)


def _positions(*blocks):
    """Return rows at positions, each block padded to whole chunks with -1."""
    from ._kernels_matrix import CHUNK

    sizes = [-(-len(block) // CHUNK) * CHUNK for block in blocks]
    rows = np.full(sum(sizes), -1)
    starts = np.cumsum([0, *sizes])
    for start, block in zip(starts, blocks, strict=False):
        rows[start : start + len(block)] = block
    return rows, starts


def _adjacency(n_positions, ends, weights):
    """Return the edges, int (m, 2), of positions from both ends in compressed rows."""
    source = np.concatenate([ends[:, 0], ends[:, 1]])
    target = np.concatenate([ends[:, 1], ends[:, 0]])
    order = np.argsort(source, kind="stable")
    starts = np.searchsorted(source[order], np.arange(n_positions + 1))
    return starts, target[order], np.tile(weights, 2)[order]


class _Tiles:
    """The bounds of pairs of blocks, and Prim's algorithm on them."""

    def __init__(self, X, core_squares):
        self.X = plain_array(X)
        self.products = Products(X)
        self.dtype = self.products.dtype
        plain = core_squares is None
        self.cores = np.zeros(len(X)) if plain else plain_array(core_squares)
        self._floor = None
        if not plain:
            down = 1.0 - ROUNDING[self.dtype][0]
            self._floor = (self.cores * down).astype(self.dtype)

    def fill(self, rows, columns, tile, transposed):
        """Write the bounds of two slices of rows and their transpose."""
        from ._kernels_matrix import transpose_tile

        self.products.bounds(rows, columns, out=tile)
        if self._floor is not None:
            np.maximum(tile, self._floor[rows, None], out=tile)
            np.maximum(tile, self._floor[columns], out=tile)
        transpose_tile(tile, transposed)

    def tree(self, rows, second, left, right, adjacency):
        """Run Prim's algorithm on bounds and on edges of known weight."""
        from ._kernels_matrix import CHUNK, prim_bounds

        n = len(rows)
        low = np.full(n + 1, np.inf, self.dtype)
        bits = low.view(BITS[self.dtype])
        edges = np.empty((np.count_nonzero(rows >= 0) - 1, 2), np.int64)
        weights = np.empty(len(edges))
        prim_bounds(
            self.X,
            rows,
            left,
            right,
            second,
            self.products.slack,
            self.cores,
            *adjacency,
            low,
            bits,
            low.copy(),
            np.full(n, np.nan),
            np.full(n, -1),
            np.empty(n // CHUNK, bits.dtype),
            *ROUNDING[self.dtype],
            edges,
            weights,
        )
        return edges, weights


def _whole_tree(tiles, rows, matrix, workers):
    """Return the tree of a slice of rows; `matrix` takes its bounds, tile by tile."""

    def fill(i, j):
        a = slice(rows.start + i, min(rows.start + i + STEP, rows.stop))
        b = slice(rows.start + j, min(rows.start + j + STEP, rows.stop))
        i_end, j_end = a.stop - rows.start, b.stop - rows.start
        tiles.fill(a, b, matrix[i:i_end, j:j_end], matrix[j:j_end, i:i_end])

    starts = range(0, rows.stop - rows.start, STEP)
    workers.map(
        fill, *zip(*((i, j) for i in starts for j in starts if i <= j), strict=True)
    )
    positions, _ = _positions(np.arange(rows.start, rows.stop))
    adjacency = _adjacency(len(positions), *NO_EDGES)
    return tiles.tree(positions, 0, matrix[:0], matrix, adjacency)


class _Buffers:
    """Memory for the bounds of two blocks, as often as there is room for."""

    def __init__(self, shape, dtype, memory, n_threads):
        n_bytes = int(np.prod(shape)) * dtype.itemsize
        self._free = SimpleQueue()
        for _ in range(max(1, min(n_threads, int(memory // n_bytes)))):
            self._free.put(np.empty(shape, dtype))

    @contextmanager
    def one(self):
        """Lend a buffer, once one is free."""
        buffer = self._free.get()
        try:
            yield buffer
        finally:
            self._free.put(buffer)


def _tree_of_blocks(tiles, n, memory, workers):
    """Return the edges of the tree of n rows, from the trees of all pairs of blocks."""
    from sklearn_ext._core._numba import Workers

    from ._kernels_matrix import spanning_edges

    cuts = np.linspace(0, n, -(-n // BLOCK) + 1).astype(int).tolist()
    blocks = [slice(a, b) for a, b in pairwise(cuts)]
    size = max(block.stop - block.start for block in blocks)
    buffers = _Buffers((2, size * size), tiles.dtype, memory, workers.n_threads)

    def block_tree(block):
        width = block.stop - block.start
        with buffers.one() as buffer:
            matrix = buffer[0, : width * width].reshape(width, width)
            return _whole_tree(tiles, block, matrix, Workers(1))

    def cross_edges(i, j):
        a, b = blocks[i], blocks[j]
        rows, (_, second, _) = _positions(
            np.arange(a.start, a.stop), np.arange(b.start, b.stop)
        )
        ends = np.concatenate([trees[i][0] - a.start, trees[j][0] - b.start + second])
        known = np.concatenate([trees[i][1], trees[j][1]])
        adjacency = _adjacency(len(rows), ends, known)
        shape = a.stop - a.start, b.stop - b.start
        with buffers.one() as buffer:
            left = buffer[0, : shape[0] * shape[1]].reshape(shape)
            right = buffer[1, : shape[0] * shape[1]].reshape(shape[::-1])
            tiles.fill(a, b, left, right)
            edges, weights = tiles.tree(rows, second, left, right, adjacency)
        crosses = (edges[:, 0] < a.stop) & (edges[:, 1] >= b.start)
        return edges[crosses], weights[crosses]

    trees = workers.map(block_tree, blocks)
    pairs = combinations(range(len(blocks)), 2)
    trees += workers.map(cross_edges, *zip(*pairs, strict=True))
    edges = np.concatenate([tree[0] for tree in trees])
    weights = np.concatenate([tree[1] for tree in trees])
    order = np.lexsort((edges[:, 1], edges[:, 0], weights))
    return edges[order[spanning_edges(edges[order], n)]]


def dense_tree(X, core_squares=None, *, memory, workers):
    """Return the edges of the minimum spanning tree of the rows of X, in any order.

    X is float32 or float64; `core_squares` float64 (n,) or None for a plain tree;
    `memory` the bytes that bounds may take. Time is O(n² d), half of it saved by
    symmetry; memory O(n²) up to that, O(n d + block²) for each thread beyond.
    """
    tiles = _Tiles(X, core_squares)
    n = len(X)
    # Threads of BLAS and ours would wait for each other.
    alone = workers.n_threads == 1
    limit = nullcontext() if alone else threadpool_controller().limit(limits=1)
    with limit:
        if n <= BLOCK or n * n * tiles.dtype.itemsize <= memory:
            matrix = np.empty((n, n), tiles.dtype)
            return _whole_tree(tiles, slice(0, n), matrix, workers)[0]
        return _tree_of_blocks(tiles, n, memory, workers)

"""Trees of labels: rooted, checked, measured, and the rule that sweeps over them."""

from dataclasses import dataclass

import numpy as np

from sklearn_ext._core._arrays import plain_array

from ._ties import EPS, TIE, check_range

__all__ = ["Tree", "TreeRule", "path_tree", "root_tree", "rows_of_edges"]

# Shares of the longest path between observed labels. The risk of a candidate that is
# farther from all paths than the first one cannot tie with that of the place it hangs
# from: it is larger by that share at least. And near its minimum a parabola is flat:
# links of a chain tie if they are nearer to it than the square root of `TIE`, so of
# links that are farther apart than the second one at most two tie.
LEAST_HANG = 10 * TIE
LEAST_LINK = 2 * np.sqrt(TIE)
# Candidates that hang from one place tie, whatever the rest of their risks is, if their
# distances from it differ by no more than this share.
SAME = TIE / 2


@dataclass(frozen=True)
class Tree:
    """A tree with its nodes in breadth-first order from a root.

    `order` holds the number of the node at each place and `place` is its inverse;
    `parent` is the place of the parent, before the node's own, -1 for the root, and
    `weight` the length of the edge to it.
    """

    order: np.ndarray
    place: np.ndarray
    parent: np.ndarray
    weight: np.ndarray

    def distances_from(self, node):
        """Return the distance of each node, by number, from a node."""
        from ._kernels import distances_from

        arrays = plain_array(self.parent), plain_array(self.weight)
        return distances_from(*arrays, self.place[node])[self.place]

    def distances(self, rows, columns):
        """Return the distances between nodes given by number."""
        columns = np.asarray(columns)
        block = np.empty((len(rows), len(columns)))
        for distance, node in zip(block, rows, strict=True):
            distance[:] = self.distances_from(node)[columns]
        return block

    def pair_distances(self, first, second):
        """Return the distances between pairs of nodes given by number."""
        from ._kernels import pair_distances

        arrays = plain_array(self.parent), plain_array(self.weight)
        return pair_distances(*arrays, self.place[first], self.place[second])

    def degrees(self):
        """Return the number of neighbours of each node, by number."""
        degrees = np.bincount(self.parent[1:], minlength=len(self.parent))
        degrees[1:] += 1
        return degrees[self.place]

    def rooted_at(self, node):
        """Return the same tree in breadth-first order from another root."""
        child, parent = self.order[1:], self.order[self.parent[1:]]
        return root_tree(len(self.order), child, parent, self.weight[1:], node)

    def farthest(self, sources, targets):
        """Return the largest distance between a source and a target node."""
        # Of all sources the farthest from any node is one end of their longest path.
        start = sources[0]
        ends = []
        for _ in range(2):
            distance = self.distances_from(start)[sources]
            start = sources[np.argmax(distance)]
            ends.append(start)
        return max(self.distances_from(end)[targets].max() for end in ends)


def path_tree(gaps):
    """Return the tree that is a path, with these distances between neighbours."""
    places = np.arange(len(gaps) + 1)
    return Tree(places, places, places - 1, np.concatenate([[0.0], gaps]))


def rows_of_edges(n_nodes, first, second, lengths):
    """Return `indptr`, `indices` and `lengths` of an undirected graph by rows."""
    ends = np.concatenate([first, second])
    by_row = np.argsort(ends, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=n_nodes))])
    indices = np.concatenate([second, first])[by_row]
    return indptr, indices, np.concatenate([lengths, lengths])[by_row]


def root_tree(n_nodes, first, second, lengths, root=0):
    """Return the `Tree` of undirected edges, which must be one."""
    from ._kernels import breadth_first

    rows = rows_of_edges(n_nodes, first, second, np.asarray(lengths, np.float64))
    order, parent, weight = breadth_first(*rows, root)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return Tree(order, place, parent, weight)


@dataclass(frozen=True)
class TreeRule:
    """Fréchet means and medians by two sweeps over a tree, linear in its places.

    Only the paths between observed labels are kept: any other candidate is farther from
    all of them than the place it hangs from, so of those at a place only the nearest
    can win. If all places are candidates, chains are contracted, too: the risk along
    them is a parabola or a line, whose best links are known.
    """

    power: int
    tie: float  # share of the least risk
    n_candidates: int
    observed: np.ndarray  # node of each observed label
    tree: Tree
    column: np.ndarray  # by place in `tree`: which candidate it is, or -1
    seats: np.ndarray  # by observed label: place in the reduced tree
    parent: np.ndarray
    weight: np.ndarray
    hang: np.ndarray
    code: np.ndarray
    first: np.ndarray
    offsets: np.ndarray
    link_code: np.ndarray
    lowest_link: np.ndarray  # the lowest code on each chain

    backend = "tree"

    @classmethod
    def prepare(cls, tree, observed, candidates, power):
        """Reduce a tree to what the observed and candidate nodes need."""
        from ._kernels import NONE, contract, nearest_below, steiner

        tree = tree.rooted_at(observed[0])
        n_nodes = len(tree.order)
        check_range(tree.farthest(observed, candidates), power)
        code = np.full(n_nodes, NONE)
        code[tree.place[candidates]] = np.arange(len(candidates))
        column = np.where(code == NONE, -1, code)

        marked = np.zeros(n_nodes, bool)
        marked[tree.place[observed]] = True
        span = tree.farthest(observed, observed)
        inside = steiner(tree.parent, tree.weight, marked, LEAST_HANG * span)
        hang, nearest = nearest_below(tree.parent, tree.weight, inside, code, SAME)
        kept = inside
        if (column[inside] >= 0).all():
            kept = marked | (_children(tree.parent, inside) != 1)
            is_short = tree.weight <= LEAST_LINK * span
            kept |= is_short
            kept[tree.parent[is_short]] = True
            kept &= inside
        places, parent, weight, first, links, offsets, depth = contract(
            tree.parent, tree.weight, inside, kept
        )
        number = np.empty(n_nodes, np.int64)
        number[places] = np.arange(len(places))
        return cls(
            power=power,
            tie=max(TIE, 4 * EPS * depth),  # long sums are rounded often
            n_candidates=len(candidates),
            observed=observed,
            tree=tree,
            column=column,
            seats=number[tree.place[observed]],
            parent=parent,
            weight=weight,
            hang=hang[places],
            code=nearest[places],
            first=first,
            offsets=offsets,
            link_code=code[links],
            lowest_link=_lowest_of_chains(code[links], first),
        )

    def row_bytes(self):
        """Return the memory that a row needs beside P."""
        return 8 * self.n_candidates

    def best(self, P, n_jobs):
        """Return the candidate with the least risk of each row, and that risk."""
        from ._kernels import tree_best

        arrays = [plain_array(each) for each in (self.seats, self.parent, self.weight)]
        choices = [
            plain_array(each)
            for each in (
                self.hang,
                self.code,
                self.first,
                self.offsets,
                self.link_code,
                self.lowest_link,
            )
        ]

        def part(rows):
            return tree_best(P[rows], *arrays, self.power, *choices, self.tie)

        best, least = zip(*_by_rows(part, len(P), n_jobs), strict=True)
        return np.concatenate(best), np.concatenate(least)

    def risks(self, P, n_jobs):
        """Return the best candidate, and the risks of all, (b, n_candidates)."""
        from ._kernels import tree_risks

        tree = self.tree
        seats = tree.place[self.observed]
        arrays = [plain_array(each) for each in (seats, tree.parent, tree.weight)]
        column = plain_array(self.column)
        risks = np.empty((len(P), self.n_candidates))

        def part(rows):
            tree_risks(P[rows], *arrays, self.power, column, risks[rows])

        _by_rows(part, len(P), n_jobs)
        return self.best(P, n_jobs)[0], risks


def _children(parent, inside):
    """Return how many of the children of each place are inside."""
    return np.bincount(parent[1:][inside[1:]], minlength=len(parent))


def _lowest_of_chains(code, first):
    """Return the lowest code of each chain, and anything for chains without a link."""
    return np.minimum.reduceat(np.append(code, np.iinfo(np.int64).max), first[:-1])


def _by_rows(part, n_rows, n_jobs):
    """Return what `part` returns for slices of the rows, computed by threads."""
    from sklearn_ext._core._numba import Workers

    with Workers(n_jobs) as workers:
        return workers.map(part, workers.slices(n_rows))

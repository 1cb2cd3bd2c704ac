"""Trees of labels seen as a whole: what their labels span, and which of them tie."""

from dataclasses import dataclass

import numpy as np

from sklearn_ext._core._arrays import plain_array

from ._space import read_label_space

__all__ = ["TiedTree", "read_tree", "spanned_places"]

TREES = ("tree", "graph", "ordinal")


@dataclass(frozen=True)
class TiedTree:
    """A tree in which nodes at distance 0 are one.

    `number` is the node of each place in the tree that it is made of. By node, parents
    before children: `first`, the first of its places; `parent`; `length` of the edge to
    it; `n_labels`; and `label`, the lowest code of its labels, -1 for none.
    """

    number: np.ndarray
    first: np.ndarray
    parent: np.ndarray
    length: np.ndarray
    n_labels: np.ndarray
    label: np.ndarray

    @classmethod
    def of(cls, tree, nodes):
        """Join the ties of a tree whose labels are these nodes, given by number."""
        from ._kernels_paths import join_tied

        number, first = join_tied(*map(plain_array, (tree.parent, tree.weight)))
        parent = number[tree.parent[first]]
        parent[0] = -1
        n_labels = np.bincount(number[tree.place[nodes]], minlength=len(first))
        label = np.full(len(first), -1)
        # Of several labels the last one written stays: the lowest.
        label[number[tree.place[nodes[::-1]]]] = np.arange(len(nodes))[::-1]
        return cls(number, first, parent, tree.weight[first], n_labels, label)


def read_tree(function, label_metric, **keywords):
    """Return the label space of the keywords and its tree; ValueError if it has none.

    `function` is who asks.
    """
    tree = None
    if not callable(label_metric) and label_metric in TREES:
        space = read_label_space(label_metric, **keywords)
        tree = space.tree
    if tree is None:
        name = "a callable" if callable(label_metric) else repr(label_metric)
        raise ValueError(
            f"label_metric={name} is not a tree, which {function} needs. Use "
            '"tree", "ordinal", or "graph" with edges that form a tree.'
        )
    return space, tree


def spanned_places(tree, nodes):
    """Return the places on paths between nodes given by number, ties included."""
    from ._kernels import steiner

    marked = np.zeros(len(tree.parent), bool)
    marked[tree.place[nodes]] = True
    return steiner(*map(plain_array, (tree.parent, tree.weight)), marked, 0.0)

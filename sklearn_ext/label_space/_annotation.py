"""Which labels to annotate next, so that most others come within reach."""

from numbers import Integral

import numpy as np

from sklearn_ext._core._arrays import plain_array
from sklearn_ext._core._sklearn import IntegralNotBool, validate_params

from ._space import SPACE_CONSTRAINTS
from ._tied_tree import TiedTree, read_tree, spanned_places

__all__ = ["next_classes"]


def _whole_lengths(lengths):
    """Return lengths as int64, in a unit so small that hardly a digit is lost.

    Sums of them are exact, so ties between paths do not depend on rounding.
    """
    if not lengths.any():
        return np.zeros(len(lengths), np.int64)
    lengths = np.ldexp(lengths, -np.frexp(lengths.max())[1])
    bits = 61 - np.frexp(lengths.sum())[1]
    return np.rint(np.ldexp(lengths, bits)).astype(np.int64)


def _best(gains, lengths, among):
    """Return those of some nodes whose paths gain most, and of these the longest."""
    among = among[gains[among] == gains[among].max()]
    return among[lengths[among] == lengths[among].max()]


def _two_ends(tree, nodes):
    """Return the codes of the labels at both ends of the path with most labels.

    Of several such paths the longest, then the one with the lowest labels. One code if
    all labels are at distance 0.
    """
    from ._kernels_paths import path_sums

    tied = TiedTree.of(tree, nodes)
    arrays = (tied.parent, tied.n_labels, _whole_lengths(tied.length))
    arrays = [plain_array(each) for each in arrays]
    named = np.flatnonzero(tied.label >= 0)
    if len(named) == 1:
        return tied.label[named]
    # The best path from anywhere ends where a best one of all does; its two ends tell
    # how good the best path from each other node is.
    sums = path_sums(*arrays, named[0])
    first = _best(*sums, named)[0]
    one = path_sums(*arrays, first)
    other = path_sums(*arrays, _best(*one, named)[0])
    is_other = (other[0] > one[0]) | ((other[0] == one[0]) & (other[1] > one[1]))
    gains, lengths = (np.where(is_other, b, a) for a, b in zip(one, other, strict=True))
    starts = _best(gains, lengths, named)
    start = starts[tied.label[starts].argmin()]
    stops = _best(*path_sums(*arrays, start), named)
    return np.array([tied.label[start], tied.label[stops].min()])


def _chain_ends(tree, nodes, observed):
    """Return codes of labels outside the locus, in the order in which to annotate.

    After each of them the locus grows by the path to it, so the best label in the end
    of the longest chain that hangs from the locus, and chains stay what they are.
    """
    from ._kernels_paths import longest_chains

    tree = tree.rooted_at(nodes[observed[0]])
    tied = TiedTree.of(tree, nodes)
    inside = spanned_places(tree, nodes[observed])[tied.first]
    arrays = (tied.parent, tied.n_labels, _whole_lengths(tied.length), tied.label)
    gains, lengths, ends = longest_chains(*map(plain_array, arrays), inside)
    return ends[np.lexsort((ends, -lengths, -gains))]


@validate_params(
    {
        "observed": "no_validation",
        "n": [IntegralNotBool(Integral, None, None, closed="neither")],
        **SPACE_CONSTRAINTS,
    },
    prefer_skip_nested_validation=True,
)
def next_classes(
    observed,
    n,
    *,
    label_metric="discrete",
    labels=None,
    label_embeddings=None,
    edges=None,
    distances=None,
):
    """Choose the labels to annotate next, those that bring most others in reach first.

    In a tree, each further observed label adds the path from it to the labels that can
    be predicted already. The label with most new ones on its path comes first, of equal
    ones that with the longest path, then the first in the order of the labels.

    Parameters
    ----------
    observed : array-like of shape (n_observed,)
        Labels that are annotated already; perhaps none.

    n : int
        How many labels to return, from 1 to the number of those not observed.

    label_metric : {"discrete", "ordinal", "embedding", "tree", "graph", \
"precomputed"} or callable, default="discrete"
        Distance between labels: 0 or 1, difference of numbers, Euclidean distance of
        `label_embeddings`, length of the path along `edges`, entry of `distances`, or
        ``label_metric(a, b)``. Here it has to be a tree: "tree", "ordinal", or "graph"
        without a cycle.

    labels : array-like of shape (n_labels,), default=None
        Distinct labels, strings or numbers. None: the nodes of `edges`, the index of a
        frame or the keys of a dict; needed for "ordinal".

    label_embeddings : array-like of shape (n_labels, n_dimensions), DataFrame or \
dict, default=None
        For "embedding": a vector per label, in the order of `labels`; a DataFrame has
        the labels as its index, a dict as its keys.

    edges : array-like of shape (n_edges, 2) or (n_edges, 3), default=None
        For "tree" and "graph": pairs of labels and perhaps a length, which is not
        negative and 1 by default. Directions do not matter.

    distances : array-like of shape (n_labels, n_labels) or DataFrame, default=None
        For "precomputed": symmetric, in the order of `labels`; a DataFrame has the
        labels on both axes.

    Returns
    -------
    chosen : ndarray of shape (n,)
        The labels, best first. The first ones do not depend on `n`.

    Raises
    ------
    ValueError
        If `label_metric` is not a tree, the keywords do not describe a label space,
        `observed` holds a label outside of it, or `n` is no integer from 1 to the
        number of labels that are not observed.
    TypeError
        If `observed` is no sequence.

    See Also
    --------
    label_locus : Labels that can be predicted from observed ones.
    minimum_locus_cover : The fewest labels to observe so that all can be predicted.

    Notes
    -----
    Takes O(n_labels log n_labels) for any `n`: the tree outside the locus is cut into
    chains, each continued into its deepest branch, and the chains are sorted.

    If nothing is observed, the two ends of the path with most labels come first. Once
    all labels are within reach, the remaining ones follow in their order. Labels at
    distance 0 come within reach together, and the first of them stands for all.

    Where `labels` leaves out nodes of `edges`, these nodes are no gain and cannot be
    annotated, but their edges lengthen paths. If only the leaves are labels, each gains
    one, itself, and the order is that of the longest new paths.

    References
    ----------
    .. [1] "Geometry-Aware Adaptation for Pretrained Models", arXiv 2307.12226.

    Examples
    --------
    >>> from sklearn_ext import next_classes
    >>> edges = [("animal", "cat"), ("animal", "dog"), ("cat", "lion"),
    ...          ("cat", "tiger"), ("dog", "wolf")]
    >>> next_classes(["lion"], 2, label_metric="tree", edges=edges).tolist()
    ['wolf', 'tiger']
    >>> next_classes([3, 4], 2, label_metric="ordinal", labels=range(10)).tolist()
    [9, 0]
    """
    space, tree = read_tree(
        "next_classes",
        label_metric,
        labels=labels,
        label_embeddings=label_embeddings,
        edges=edges,
        distances=distances,
    )
    observed = np.unique(space.encode(observed, "observed"))
    n_left = len(space.labels) - len(observed)
    if not 1 <= n <= n_left:
        raise ValueError(
            f"n={n} has to be from 1 to {n_left}, the number of labels that are not "
            "observed."
        )
    chosen = np.zeros(0, np.int64)
    if not len(observed):
        chosen = observed = _two_ends(tree, space.nodes)
    chosen = np.append(chosen, _chain_ends(tree, space.nodes, observed))
    is_left = np.ones(len(space.labels), bool)
    is_left[observed] = is_left[chosen] = False
    return space.labels[np.append(chosen, np.flatnonzero(is_left))[:n]]

"""Which labels can be predicted, and the fewest observed ones that reach all."""

from numbers import Real

import numpy as np

from sklearn_ext._core._sklearn import Interval, validate_params

from ._linear_program import locus_members, sampled_members
from ._space import SPACE_CONSTRAINTS, read_label_space
from ._tied_tree import TiedTree, read_tree, spanned_places

__all__ = ["label_locus", "locus_mask", "minimum_locus_cover"]

# Candidates for which the locus is exact without a tree.
EXACT = 2000
# Entries of a matrix of risks, and of sums of its rows, that a lower bound may take.
MATRIX, SUMS = 1 << 24, 1 << 32


def _risks(space, rows, columns, power):
    """Return distances to a power, up to a factor that leaves no entry above 1."""
    distances = space.distances(rows, columns)
    largest = distances.max()
    if largest > 0:
        distances /= largest
        distances **= power
    return distances


def _lower_bound(space, observed, candidates, power):
    """Return candidates that are known to win, found by groups of observed labels."""
    members = np.zeros(len(candidates), bool)
    group_size = max(2, MATRIX // len(candidates))
    n_groups = -(-len(observed) // group_size)
    max_sums = SUMS // len(candidates) // n_groups
    shuffled = np.random.default_rng(0).permutation(observed)
    for group in np.array_split(shuffled, n_groups):
        risk = _risks(space, group, candidates, power)
        members |= sampled_members(risk, max_sums)
    return members


def locus_mask(space, observed, candidates, power):
    """Return which candidates win for some weights of the observed labels; ties count.

    Both are given by code, each code once.
    """
    if space.geometry.kind == "discrete":
        is_observed = np.isin(candidates, observed)
        # The truth may be a label that cannot be predicted: then all are as wrong.
        all_tie = is_observed.sum() < len(observed)
        return is_observed | all_tie
    tree = space.tree
    if tree is not None and power >= 1:
        inside = spanned_places(tree, space.nodes[observed])
        places = tree.place[space.nodes[candidates]]
        # Elsewhere the risk is higher, if each place between can be predicted.
        if inside[places].sum() == inside.sum():
            return inside[places]
    if len(candidates) > EXACT:
        return _lower_bound(space, observed, candidates, power)
    return locus_members(_risks(space, observed, candidates, power))


@validate_params(
    {
        "observed": "no_validation",
        **SPACE_CONSTRAINTS,
        "power": [Interval(Real, 0, None, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def label_locus(
    observed,
    *,
    label_metric="discrete",
    labels=None,
    label_embeddings=None,
    edges=None,
    distances=None,
    power=2,
):
    """Return the labels that can be predicted if these are observed.

    The locus of the observed labels: those whose expected distance to the truth, to
    some power, is the least under some probabilities of the observed labels. Labels
    that are as near as another one, but never nearer, count.

    Parameters
    ----------
    observed : array-like of shape (n_observed,)
        Labels that a classifier was trained on.

    label_metric : {"discrete", "ordinal", "embedding", "tree", "graph", \
"precomputed"} or callable, default="discrete"
        Distance between labels: 0 or 1, difference of numbers, Euclidean distance of
        `label_embeddings`, length of the path along `edges`, entry of `distances`, or
        ``label_metric(a, b)``.

    labels : array-like of shape (n_labels,), default=None
        Distinct labels, strings or numbers. None: the nodes of `edges`, the index of a
        frame or the keys of a dict, or else `observed`.

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

    power : float, default=2
        The risk is the distance to this power, which is above 0.

    Returns
    -------
    locus : ndarray of shape (n_reached,)
        The labels, sorted.

    Raises
    ------
    ValueError
        If no label is observed or one is outside the label space, if the keywords do
        not describe a label space, or if `power` is not above 0.
    TypeError
        If `observed` is no sequence.

    See Also
    --------
    LokiClassifier.locus : The same for a fitted classifier and its candidates.
    minimum_locus_cover : The fewest labels whose locus is everything.
    next_classes : Which labels to annotate so that the locus grows fastest.

    Notes
    -----
    - "discrete": the observed labels.
    - Trees (also "ordinal" and graphs without a cycle) with `power` >= 1, if all nodes
      are labels: the paths between observed labels, in O(n_labels). With `power` 1,
      nodes on them that are neither observed nor branching are reached through ties
      only.
    - Anything else with up to 2000 labels: exact, by a linear program for each label
      that simpler means leave open. With 2000 random vectors of 2 to 384 dimensions it
      took 2 to 10 seconds of processor time if 100 of them were observed, and half a
      minute if 1000 were.
    - More than 2000 labels: a lower bound. Single observed labels, pairs of them and
      weights of many are tried, as far as a fixed amount of work allows and the same
      ones in each call. Every label returned is in the locus, but others may be.

    References
    ----------
    .. [1] "Geometry-Aware Adaptation for Pretrained Models", arXiv 2307.12226.

    Examples
    --------
    What lies between observed labels can be predicted without ever being seen:

    >>> from sklearn_ext import label_locus
    >>> edges = [("animal", "cat"), ("animal", "dog"), ("cat", "lion"),
    ...          ("cat", "tiger"), ("dog", "wolf")]
    >>> label_locus(["tiger", "wolf"], label_metric="tree", edges=edges).tolist()
    ['animal', 'cat', 'dog', 'tiger', 'wolf']
    >>> label_locus([2, 5], label_metric="ordinal", labels=range(10)).tolist()
    [2, 3, 4, 5]

    Of labels in the plane those near the segment between two observed ones:

    >>> corners = {"a": (0, 0), "b": (4, 0), "near": (2, 1), "far": (2, 3)}
    >>> label_locus(["a", "b"], label_metric="embedding",
    ...             label_embeddings=corners).tolist()
    ['a', 'b', 'near']
    """
    space = read_label_space(
        label_metric,
        labels=labels,
        label_embeddings=label_embeddings,
        edges=edges,
        distances=distances,
        seen=observed,
        seen_name="observed",
    )
    codes = np.unique(space.encode(observed, "observed"))
    if not len(codes):
        raise ValueError("observed must hold at least one label, got none.")
    candidates = np.arange(len(space.labels))
    return space.labels[locus_mask(space, codes, candidates, power)]


@validate_params(SPACE_CONSTRAINTS, prefer_skip_nested_validation=True)
def minimum_locus_cover(
    *,
    label_metric="discrete",
    labels=None,
    label_embeddings=None,
    edges=None,
    distances=None,
):
    """Return the fewest labels to observe so that every label can be predicted.

    In a tree these are the leaves: each other node lies on a path between two of them,
    and a leaf lies on no path that it does not end.

    Parameters
    ----------
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
    cover : ndarray of shape (n_cover,)
        The labels, sorted.

    Raises
    ------
    ValueError
        If `label_metric` is not a tree, or the keywords do not describe a label space.

    See Also
    --------
    label_locus : Labels that can be predicted from observed ones.
    next_classes : The labels to observe first, if not all of the cover.

    Notes
    -----
    Takes O(n_labels), and holds for any power of the distance from 1 on. Labels at
    distance 0 count as one, and the first of them stands for all.

    Where `labels` leaves out nodes of `edges`, the ends of the part of the tree that
    joins the labels are returned. They are a cover, but perhaps not the smallest: a
    label at the end of a short edge can be the nearest to what lies between others.

    References
    ----------
    .. [1] "Geometry-Aware Adaptation for Pretrained Models", arXiv 2307.12226.

    Examples
    --------
    >>> from sklearn_ext import label_locus, minimum_locus_cover
    >>> edges = [("animal", "cat"), ("animal", "dog"), ("cat", "lion"),
    ...          ("cat", "tiger"), ("dog", "wolf")]
    >>> cover = minimum_locus_cover(label_metric="tree", edges=edges)
    >>> cover.tolist()
    ['lion', 'tiger', 'wolf']
    >>> len(label_locus(cover, label_metric="tree", edges=edges))
    6
    """
    space, tree = read_tree(
        "minimum_locus_cover",
        label_metric,
        labels=labels,
        label_embeddings=label_embeddings,
        edges=edges,
        distances=distances,
    )
    tied = TiedTree.of(tree, space.nodes)
    inside = spanned_places(tree, space.nodes)[tied.first]
    has_edge = inside.copy()
    has_edge[0] = False
    has_edge[1:] &= inside[tied.parent[1:]]
    degree = np.bincount(tied.parent[has_edge], minlength=len(inside)) + has_edge
    return space.labels[np.sort(tied.label[inside & (degree <= 1)])]

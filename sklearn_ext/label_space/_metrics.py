"""How far predicted labels are from the true ones, as a metric and as a scorer."""

from numbers import Real

import numpy as np

from sklearn_ext._core._sklearn import (
    Interval,
    base_scorer,
    check_consistent_length,
    check_sample_weight,
    validate_params,
)

from ._labels import joined, label_array
from ._space import SPACE_CONSTRAINTS, LabelSpace, read_label_space

__all__ = ["make_label_distance_scorer", "mean_label_distance"]

POWER = {"power": [Interval(Real, 0, None, closed="neither")]}


def _mean_distance(space, y_true, y_pred, power, sample_weight):
    """Return the mean power of the distances of two arrays of labels."""
    check_consistent_length(y_true, y_pred, sample_weight)
    truth, guess = space.encode(y_true, "y_true"), space.encode(y_pred, "y_pred")
    if not len(truth):
        raise ValueError("y_true must hold at least one label, got none.")
    weight = None
    if sample_weight is not None:
        weight = check_sample_weight(sample_weight, truth[:, None], dtype=np.float64)
    costs = space.pair_distances(truth, guess) ** power
    return float(np.average(costs, weights=weight))


def _labels_of_both(y_true, y_pred):
    """Return the labels of two arrays as one."""
    return joined([label_array(y_true, "y_true"), label_array(y_pred, "y_pred")])


@validate_params(
    {
        "y_true": "no_validation",
        "y_pred": "no_validation",
        **SPACE_CONSTRAINTS,
        **POWER,
        "sample_weight": ["array-like", None],
    },
    prefer_skip_nested_validation=True,
)
def mean_label_distance(
    y_true,
    y_pred,
    *,
    label_metric="discrete",
    labels=None,
    label_embeddings=None,
    edges=None,
    distances=None,
    power=2,
    sample_weight=None,
):
    """Return the mean distance of the predicted labels from the true ones, to a power.

    Read more in the :ref:`User Guide <loki>`.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels.

    y_pred : array-like of shape (n_samples,)
        Predicted labels.

    label_metric : {"discrete", "ordinal", "embedding", "tree", "graph", \
"precomputed"} or callable, default="discrete"
        Distance between labels: 0 or 1, difference of numbers, Euclidean distance of
        `label_embeddings`, length of the path along `edges`, entry of `distances`, or
        ``label_metric(a, b)``.

    labels : array-like of shape (n_labels,), default=None
        Distinct labels, strings or numbers. None: the nodes of `edges`, the index of a
        frame or the keys of a dict, or else those of both arrays.

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
        Power of the distances.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    distance : float
        The weighted mean of the distances to the power.

    Raises
    ------
    ValueError
        If a label is not in the label space, if the lengths differ, or if the keywords
        do not describe a label space.

    See Also
    --------
    make_label_distance_scorer : The metric for cross-validation.
    LokiClassifier : Predicts labels that are near.

    Notes
    -----
    A pair costs O(1) for numbers and matrices, O(e) for vectors of e numbers and at
    worst the square root of the number of nodes on a tree, whose preparation is linear.
    On other graphs paths are searched from each distinct true or predicted label, and
    labels without a path are one more apart than the longest path.

    References
    ----------
    .. [1] "Geometry-Aware Adaptation for Pretrained Models", arXiv 2307.12226.

    Examples
    --------
    >>> from sklearn_ext import mean_label_distance
    >>> mean_label_distance([0, 1, 4], [0, 2, 2], label_metric="ordinal", power=1)
    1.0
    >>> edges = [("animal", "dog"), ("animal", "cat"), ("dog", "poodle")]
    >>> mean_label_distance(["poodle"], ["cat"], label_metric="tree", edges=edges)
    9.0
    """
    space = read_label_space(
        label_metric,
        labels=labels,
        label_embeddings=label_embeddings,
        edges=edges,
        distances=distances,
        seen=_labels_of_both(y_true, y_pred) if labels is None else None,
    )
    return _mean_distance(space, y_true, y_pred, power, sample_weight)


def _space_of(estimator):
    """Return the label space of a fitted estimator, of a Pipeline or search, too."""
    inner = estimator
    while not hasattr(inner, "label_space_"):
        if hasattr(inner, "steps"):
            inner = inner.steps[-1][1]
        elif hasattr(inner, "best_estimator_"):
            inner = inner.best_estimator_
        else:
            raise ValueError(
                f"{type(estimator).__name__} has no label space. Pass label_metric and "
                "its keyword to make_label_distance_scorer, or score a fitted "
                "LokiClassifier."
            )
    return LabelSpace.from_arrays(inner.label_space_)


class LabelDistanceScorer(base_scorer()):
    """Minus the mean distance; the label space is given or that of the estimator."""

    space = None

    def _score(self, method_caller, estimator, X, y_true, sample_weight=None):
        y_pred = method_caller(estimator, "predict", X)
        keywords = dict(self._kwargs)
        power = keywords.pop("power")
        space = self.space
        if space is None and keywords:
            seen = _labels_of_both(y_true, y_pred)
            space = read_label_space(**keywords, seen=seen)
        if space is None:
            space = _space_of(estimator)
        return self._sign * _mean_distance(space, y_true, y_pred, power, sample_weight)


@validate_params(
    {
        **POWER,
        **SPACE_CONSTRAINTS,
        "label_metric": [*SPACE_CONSTRAINTS["label_metric"], None],
    },
    prefer_skip_nested_validation=True,
)
def make_label_distance_scorer(
    *,
    power=2,
    label_metric=None,
    labels=None,
    label_embeddings=None,
    edges=None,
    distances=None,
):
    """Make a scorer of the mean label distance for cross-validation; greater is better.

    Read more in the :ref:`User Guide <loki>`.

    Parameters
    ----------
    power : float, default=2
        Power of the distances.

    label_metric : {"discrete", "ordinal", "embedding", "tree", "graph", \
"precomputed"} or callable, default=None
        Distance between labels: 0 or 1, difference of numbers, Euclidean distance of
        `label_embeddings`, length of the path along `edges`, entry of `distances`, or
        ``label_metric(a, b)``. None: the label space is that of the fitted estimator,
        also of the last step of a Pipeline.

    labels : array-like of shape (n_labels,), default=None
        Distinct labels, strings or numbers. None: the nodes of `edges`, the index of a
        frame or the keys of a dict, or else those of y and the predictions.

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
    scorer : callable
        Called as ``scorer(estimator, X, y)``; returns minus the mean distance.

    Raises
    ------
    ValueError
        If the keywords do not describe a label space.

    See Also
    --------
    mean_label_distance : The metric itself.
    LokiClassifier : Its label space is read if none is given.

    Notes
    -----
    The cost is that of :func:`mean_label_distance`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn_ext import LokiClassifier, make_label_distance_scorer
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LokiClassifier(GaussianNB(), label_metric="ordinal")
    >>> search = GridSearchCV(
    ...     model, {"power": [1, 2]}, scoring=make_label_distance_scorer()
    ... ).fit(X, y)
    >>> print(f"{-search.best_score_:.2f}")
    0.05
    """
    keywords = {
        "labels": labels,
        "label_embeddings": label_embeddings,
        "edges": edges,
        "distances": distances,
    }
    keywords = {name: value for name, value in keywords.items() if value is not None}
    if label_metric is None and keywords:
        raise ValueError(
            f"label_metric is None, so the label space is the estimator's, but "
            f"{' and '.join(keywords)} is given. Pass label_metric, too."
        )
    scorer_keywords = {"power": power, **keywords}
    if label_metric is None:
        return LabelDistanceScorer(mean_label_distance, -1, scorer_keywords)
    scorer_keywords["label_metric"] = label_metric
    scorer = LabelDistanceScorer(mean_label_distance, -1, scorer_keywords)
    if keywords:
        scorer.space = read_label_space(label_metric, **keywords)
    return scorer

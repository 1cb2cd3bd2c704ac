"""frechet_predict: the decision rule without an estimator."""

from numbers import Real

import numpy as np
from sklearn.utils import check_array

from sklearn_ext._core._arrays import as_host
from sklearn_ext._core._sklearn import (
    Interval,
    StrOptions,
    validate_params,
)

from ._candidates import NAMED, read_candidates
from ._rule import RULE_CONSTRAINTS, apply_rule, choose_rule
from ._space import SPACE_CONSTRAINTS, read_label_space

__all__ = ["frechet_predict"]


def _read_scores(P, n_observed):
    """Return scores as an array of floats; ValueError if they are none."""
    P = check_array(
        as_host(P),
        dtype=[np.float64, np.float32],
        input_name="P",
        ensure_all_finite=False,  # see apply_rule
        ensure_min_samples=0,
    )
    if P.shape[1] != n_observed:
        raise ValueError(
            "P must have a column per observed label: there are "
            f"{P.shape[1]} columns and {n_observed} labels."
        )
    return P


@validate_params(
    {
        "P": "no_validation",
        "observed": "no_validation",
        **SPACE_CONSTRAINTS,
        "candidates": [StrOptions(NAMED), "array-like"],
        **RULE_CONSTRAINTS,
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "return_variance": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def frechet_predict(
    P,
    observed,
    *,
    label_metric="discrete",
    labels=None,
    label_embeddings=None,
    edges=None,
    distances=None,
    candidates="all",
    power=2,
    temperature=1.0,
    top_k=None,
    batch_size="auto",
    n_jobs=None,
    return_variance=False,
):
    """Predict the label with the least expected distance, from probabilities.

    The rule behind :class:`LokiClassifier`, for the scores of any model: of all
    candidates the one whose distance to the truth, to the power of `power`, is least in
    the mean, if the truth is drawn from the observed labels by the row's probabilities.

    Read more in the :ref:`User Guide <loki>`.

    Parameters
    ----------
    P : array-like of shape (n_samples, n_observed)
        Scores of at least 0, also a tensor; their sum does not matter. A row of zeros
        is taken for the first observed label, with a warning.

    observed : array-like of shape (n_observed,)
        The labels of the columns of P.

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

    candidates : {"all", "leaves", "observed"} or array-like, default="all"
        The labels that may be predicted. "leaves" are the nodes of a tree or graph with
        one neighbour. A root with a single child is one, too: then pass the labels.

    power : float, default=2
        Power of the distance: 2 is the Fréchet mean, 1 the median.

    temperature : float, default=1.0
        Scores are replaced by ``softmax(log(P) / temperature)`` unless it is 1.

    top_k : int, default=None
        Keep only so many of the largest scores of a row.

    batch_size : int or "auto", default="auto"
        Rows that are computed at once. "auto" follows scikit-learn's
        ``working_memory``.

    n_jobs : int, default=None
        Threads for sweeps over a tree; products of matrices use those of BLAS.

    return_variance : bool, default=False
        Whether to return the least risk of each row, too.

    Returns
    -------
    labels : ndarray of shape (n_samples,)
        The predicted labels. Of those that tie the first in sorted order.

    variance : ndarray of shape (n_samples,)
        Sum of score times distance to the power, with the scores after temperature and
        top_k; only with `return_variance`.

    Raises
    ------
    ValueError
        If P is negative, not finite or has another number of columns, if a label is
        unknown, or if the keywords do not describe a label space.

    See Also
    --------
    LokiClassifier : The rule around a classifier.
    label_locus : Which labels can be predicted at all.

    Notes
    -----
    With K observed labels and N candidates, a row costs O(K) on a tree for the powers 1
    and 2 if all nodes are candidates, else O(the number of nodes on paths between
    observed labels); O((K + N) e) with vectors of e numbers and power 2; O(K N) for
    other distances and powers. Labels whose expected distances differ by a share of
    less than 1e-12 tie.

    References
    ----------
    .. [1] "Geometry-Aware Adaptation for Pretrained Models", arXiv 2307.12226.

    Examples
    --------
    >>> from sklearn_ext import frechet_predict
    >>> frechet_predict([[0.5, 0.5], [0.9, 0.1]], [0, 4], label_metric="ordinal",
    ...                 labels=range(5))
    array([2, 0])
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
    codes = space.encode(observed, "observed")
    if not len(codes):
        raise ValueError("observed must hold at least one label, got none.")
    order = np.argsort(codes)
    repeated = codes[order][1:] == codes[order][:-1]
    if repeated.any():
        label = space.labels[codes[order][1:][repeated]].tolist()[0]
        raise ValueError(f"observed must be distinct, got {label!r} more than once.")
    P = _read_scores(P, len(codes))
    if (order[1:] < order[:-1]).any():
        P = P[:, order]
    allowed = read_candidates(candidates, space, codes)
    rule = choose_rule(space, codes[order], allowed, power)
    parts = apply_rule(
        rule,
        P,
        temperature=temperature,
        top_k=top_k,
        fallback=int(np.argmin(order)),
        fallback_name="the first observed label",
        batch_size=batch_size,
        n_jobs=n_jobs,
        wants="best" if return_variance else "labels",
    )
    predicted = space.labels[allowed]
    if not return_variance:
        return predicted[np.concatenate(parts)]
    best, least = map(np.concatenate, zip(*parts, strict=True))
    return predicted[best], least

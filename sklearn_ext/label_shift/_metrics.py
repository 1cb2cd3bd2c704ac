"""Metrics of classes without names: matched to the true ones, then compared."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.utils import column_or_1d

from sklearn_ext._core._encoding import encode_labels
from sklearn_ext._core._sklearn import check_consistent_length, check_sample_weight

__all__ = ["class_prior_error", "clustering_accuracy"]


def clustering_accuracy(
    y_true, y_pred, *, sample_weight=None, return_permutation=False
):
    """Accuracy of clusters under the best one-to-one matching with the classes.

    Clusters have no names, so each is given that of one class, such that as many rows
    as possible are right. If there are more clusters than classes, some stay without a
    class, and their rows are wrong.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True classes, of any kind.

    y_pred : array-like of shape (n_samples,)
        Clusters, of any kind.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows. A weight of k is the same as k equal rows.

    return_permutation : bool, default=False
        Whether to return the matching, too.

    Returns
    -------
    accuracy : float
        Share of the rows, by weight, whose cluster is matched with their class.

    permutation : ndarray of int64 of shape (n_classes,)
        Only if `return_permutation`: the cluster of each class, the classes in sorted
        order. Integers stand for themselves, other clusters for their position in
        sorted order. Classes without a cluster get the smallest numbers left over.

    Raises
    ------
    ValueError
        If the lengths differ, there are no rows, a label is missing, or the weights are
        negative or all 0.

    See Also
    --------
    class_prior_error : Compares class frequencies, under the same matching.
    sklearn.metrics.adjusted_rand_score : Compares pairs of rows, without a matching.

    Notes
    -----
    The matching is a linear assignment on the confusion matrix: O(n_samples) time, and
    cubic in the number of classes or clusters, whichever is larger.

    References
    ----------
    .. [1] "Unsupervised Learning under Latent Label Shift",
       `arXiv 2207.13179 <https://arxiv.org/abs/2207.13179>`__.

    Examples
    --------
    >>> from sklearn_ext import clustering_accuracy
    >>> y_true = ["cat", "cat", "cat", "dog", "dog"]
    >>> clustering_accuracy(y_true, [1, 1, 0, 0, 0])
    0.8
    >>> accuracy, permutation = clustering_accuracy(
    ...     y_true, [1, 1, 0, 0, 0], return_permutation=True
    ... )
    >>> permutation  # cats are cluster 1, dogs are cluster 0
    array([1, 0])
    """
    y_true = column_or_1d(y_true, input_name="y_true")
    y_pred = column_or_1d(y_pred, input_name="y_pred")
    check_consistent_length(y_true, y_pred)
    if len(y_true) == 0:
        raise ValueError("clustering_accuracy needs at least one row, got n_samples=0.")
    weight = check_sample_weight(
        sample_weight, y_true, dtype=np.float64, ensure_non_negative=True
    )
    if not weight.any():
        raise ValueError("sample_weight is 0 for every row; at least one must count.")
    classes, codes = encode_labels(y_true)
    clusters, places = encode_labels(y_pred)
    shape = len(classes), len(clusters)
    flat = np.bincount(
        codes * shape[1] + places, weights=weight, minlength=shape[0] * shape[1]
    )
    confusion = flat.reshape(shape)
    rows, columns = linear_sum_assignment(confusion, maximize=True)
    accuracy = float(confusion[rows, columns].sum() / weight.sum())
    if not return_permutation:
        return accuracy
    names = clusters if clusters.dtype.kind in "iu" else np.arange(shape[1])
    permutation = np.full(shape[0], -1, np.int64)
    permutation[rows] = names[columns]
    free = np.ones(shape[0], bool)
    free[rows] = False
    unused = np.setdiff1d(np.arange(sum(shape)), names)
    permutation[free] = unused[: free.sum()]
    return accuracy, permutation


def _check_prior(prior, name):
    """Return class priors as float64 of shape (k, r)."""
    prior = np.asarray(prior, dtype=np.float64)
    if prior.ndim == 1:
        prior = prior[:, np.newaxis]
    if prior.ndim != 2 or prior.size == 0 or not np.isfinite(prior).all():
        raise ValueError(
            f"{name} must hold finite numbers, a row for each class and a column for "
            f"each domain; got an array of shape {prior.shape}."
        )
    return prior


def class_prior_error(prior_true, prior_pred, *, permutation=None, average="domain"):
    """L1 distance of class frequencies, after matching the classes.

    Parameters
    ----------
    prior_true : array-like of shape (n_classes, n_domains) or (n_classes,)
        True class frequencies of each domain, or of one.

    prior_pred : array-like of the same shape
        Estimated ones, such as `p_y_given_d_` of :class:`LatentLabelShift`.

    permutation : array-like of int of shape (n_classes,), default=None
        Row of `prior_pred` for each row of `prior_true`, such as the matching that
        :func:`clustering_accuracy` returns. None takes the matching with the least
        error, which looks better than the truth is known to be.

    average : {"domain", "sum"}, default="domain"
        "domain" is the mean over the domains of the L1 distance of their frequencies,
        at most 2. "sum" is the sum over all entries, as in [1]_, which is n_domains
        times larger.

    Returns
    -------
    error : float
        The distance; 0 is best.

    Raises
    ------
    ValueError
        If the shapes differ, an entry is not finite, `permutation` is none of the
        classes, or `average` is unknown.

    See Also
    --------
    clustering_accuracy : Compares the classes of rows.

    Notes
    -----
    O(n_classes^2 * n_domains + n_classes^3) without a permutation.

    References
    ----------
    .. [1] "Unsupervised Learning under Latent Label Shift",
       `arXiv 2207.13179 <https://arxiv.org/abs/2207.13179>`__.

    Examples
    --------
    >>> from sklearn_ext import class_prior_error
    >>> true = [[0.9, 0.2], [0.1, 0.8]]
    >>> found = [[0.2, 0.8], [0.8, 0.2]]
    >>> round(class_prior_error(true, found), 2)
    0.1
    >>> round(class_prior_error(true, found, average="sum"), 2)
    0.2
    """
    prior_true = _check_prior(prior_true, "prior_true")
    prior_pred = _check_prior(prior_pred, "prior_pred")
    if prior_true.shape != prior_pred.shape:
        raise ValueError(
            f"prior_true and prior_pred must have the same shape (n_classes, "
            f"n_domains), got {prior_true.shape} and {prior_pred.shape}."
        )
    if average not in ("domain", "sum"):
        raise ValueError(f"average={average!r} is not known. Use 'domain' or 'sum'.")
    n_classes, n_domains = prior_true.shape
    if permutation is None:
        distances = np.stack(
            [np.abs(row - prior_pred).sum(axis=1) for row in prior_true]
        )
        permutation = linear_sum_assignment(distances)[1]
    permutation = np.asarray(permutation)
    is_order = permutation.dtype.kind in "iu" and permutation.shape == (n_classes,)
    if not (is_order and np.array_equal(np.sort(permutation), np.arange(n_classes))):
        raise ValueError(
            f"permutation={permutation.tolist()} must hold each of 0 to "
            f"{n_classes - 1} once: the row of prior_pred for each class."
        )
    error = float(np.abs(prior_true - prior_pred[permutation]).sum())
    return error / n_domains if average == "domain" else error

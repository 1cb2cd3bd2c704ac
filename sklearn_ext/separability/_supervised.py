"""How separable classes are when labels are known, to compare with."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_X_y

from sklearn_ext._core._sklearn import check_classification_targets, validate_params

from ._rows import NUMBERS, blocks, dense_rows

__all__ = ["fisher_discriminant_ratio", "thornton_index"]


def _rows_and_codes(X, y, name, min_samples):
    """Return validated rows, and labels as 0 to n_classes - 1."""
    X, y = check_X_y(
        dense_rows(X, name),
        y,
        dtype=NUMBERS,
        estimator=name,
        ensure_min_samples=min_samples,
    )
    check_classification_targets(y)
    return X, np.unique(y, return_inverse=True)[1]


def _moments(X, order, exponent):
    """Return the mean of some rows less the first of X, and their squares around it.

    All is in units of 2 to the `exponent`, so that nothing overflows. Rows are taken
    less the first of them, so that the squares of equal rows are exactly 0.
    """
    origin, first = np.ldexp(X[[0, order[0]]].astype(np.float64), -exponent)
    mean, squares = np.zeros(X.shape[1]), 0.0
    for block in blocks(len(order), X.shape[1]):
        values = np.ldexp(X[order[block]].astype(np.float64), -exponent) - first
        part = values.mean(axis=0)
        values -= part
        share = len(values) / block.stop
        gap = part - mean
        squares += np.vdot(values, values) + block.start * share * (gap @ gap)
        mean += share * gap
    return first - origin + mean, squares


@validate_params(
    {"X": "no_validation", "y": "no_validation"}, prefer_skip_nested_validation=True
)
def fisher_discriminant_ratio(X, y):
    r"""Return how far classes lie apart, relative to how far they spread.

    .. math:: \frac{\operatorname{trace} S_B}{\operatorname{trace} S_W}
              = \frac{\sum_c n_c \, |m_c - m|^2}
                     {\sum_c \sum_{i \in c} |x_i - m_c|^2} ,

    with the sizes and means of the classes, and the mean of all rows.

    Read more in the :ref:`User Guide <class_separability>`.

    Parameters
    ----------
    X : {array-like, dataframe} of shape (n_samples, n_features)
        Rows.

    y : array-like of shape (n_samples,)
        Class labels.

    Returns
    -------
    ratio : float
        Larger is more separable. inf if all rows of each class are equal, but not those
        of different ones; 0.0 if all rows are equal or there is one class.

    Raises
    ------
    ValueError
        If X or y holds NaN or infinity, lengths differ, or y is no classification
        target.
    TypeError
        If X is sparse.

    See Also
    --------
    thornton_index : Asks for the nearest row only, so classes may have any shape.
    class_separability_score : Needs no labels.
    sklearn.metrics.calinski_harabasz_score : The same ratio, each trace divided by its
        degrees of freedom.

    Notes
    -----
    The cost is O(n_samples * n_features), beside X a block of a few megabytes. Scatter
    matrices are not computed: their traces are sums of squares. It is one of the
    measures with labels that the first version of [1]_ compares with.

    References
    ----------
    .. [1] "Estimating class separability of text embeddings with persistent homology",
       `arXiv 2305.15016 <https://arxiv.org/abs/2305.15016>`__.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_ext import fisher_discriminant_ratio
    >>> X, y = load_iris(return_X_y=True)
    >>> round(fisher_discriminant_ratio(X, y), 2)
    6.63
    """
    X, codes = _rows_and_codes(X, y, "fisher_discriminant_ratio", 1)
    exponent = np.frexp(max(abs(float(X.min())), abs(float(X.max()))))[1]
    order = np.argsort(codes, kind="stable")
    counts = np.bincount(codes)
    classes = np.split(order, np.cumsum(counts)[:-1])
    moments = [_moments(X, rows, exponent) for rows in classes]
    means = np.array([mean for mean, _ in moments])
    means -= counts @ means / len(X)
    between = float(counts @ (means**2).sum(axis=1))
    within = float(sum(squares for _, squares in moments))
    if within == 0:
        return np.inf if between > 0 else 0.0
    return between / within


@validate_params(
    {"X": "no_validation", "y": "no_validation", "n_jobs": [Integral, None]},
    prefer_skip_nested_validation=True,
)
def thornton_index(X, y, *, n_jobs=None):
    """Return the share of rows whose nearest other row is of the same class.

    Read more in the :ref:`User Guide <class_separability>`.

    Parameters
    ----------
    X : {array-like, dataframe} of shape (n_samples, n_features)
        Rows, at least two.

    y : array-like of shape (n_samples,)
        Class labels.

    n_jobs : int, default=None
        Threads of the search; they do not change the result.

    Returns
    -------
    share : float
        Between 0 and 1; larger is more separable. By chance it is about the sum of the
        squared shares of the classes.

    Raises
    ------
    ValueError
        If X or y holds NaN or infinity, lengths differ, y is no classification target,
        or there are fewer than two rows.
    TypeError
        If X is sparse.

    See Also
    --------
    fisher_discriminant_ratio : Asks for compact classes that lie apart.
    class_separability_score : Needs no labels.
    sklearn.neighbors.KNeighborsClassifier : Its leave-one-out accuracy with one
        neighbour is this share, but for ties.

    Notes
    -----
    Distances are Euclidean, and the search is exact. A row is not its own neighbour,
    but a duplicate of it may be; of equally near rows the first one counts. The search
    takes O(n_samples^2 * n_features) time at most, and memory for blocks of distances.
    It is one of the measures with labels that [1]_ compares with.

    References
    ----------
    .. [1] "Estimating class separability of text embeddings with persistent homology",
       `arXiv 2305.15016 <https://arxiv.org/abs/2305.15016>`__.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_ext import thornton_index
    >>> X, y = load_iris(return_X_y=True)
    >>> round(thornton_index(X, y), 2)
    0.96
    """
    from ._emst import nearest_neighbors

    X, codes = _rows_and_codes(X, y, "thornton_index", 2)
    indices, _ = nearest_neighbors(np.ascontiguousarray(X), 1, n_jobs=n_jobs)
    return float(np.mean(codes[indices[:, 0]] == codes))

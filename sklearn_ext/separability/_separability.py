"""ClassSeparability: how strongly unlabelled rows fall apart into groups.

"Estimating class separability of text embeddings with persistent homology",
arXiv 2305.15016.
"""

from functools import partial
from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_array

from sklearn_ext._core._callbacks import CallbackSupportMixin, FitSteps
from sklearn_ext._core._fitting import keep_fit_on_error
from sklearn_ext._core._sklearn import (
    BaseEstimator,
    IntegralNotBool,
    Interval,
    RealNotInt,
    StrOptions,
    check_is_fitted,
    fit_context,
    validate_data,
)

from ._bars import bars_of
from ._checks import Metric, check_shape, check_together, warn_of_identical_rows
from ._merges import clusters, linkage
from ._rows import dense_rows, kept_dtype
from ._sampling import draw_rows, number_of_rows, unchanged
from ._statistics import STATISTICS

__all__ = ["ClassSeparability"]


class ClassSeparability(CallbackSupportMixin, BaseEstimator):
    r"""Tell how strongly rows fall apart into groups, without any label.

    Balls grow around all rows, and components merge where they meet. The lengths at
    which that happens are the bars of zero-dimensional persistent homology. If the rows
    form groups, few bars are much longer than the others; `score_` is a number that
    says how much. It is for watching the embeddings of a model in training, for
    choosing among embeddings or preprocessing before anything is labelled, and for
    looking at the clusters of a data set. It is not an accuracy: compare scores of the
    same number of rows, and best of the same number of features, only.

    A bar is as long as an edge of the Euclidean minimum spanning tree, which is a merge
    height of single linkage, and is found exactly. With bars :math:`p_1 \le \ldots \le
    p_m`, m = n_samples - 1, and s the rows on the smaller side of a merge, "mass" is

    .. math:: \sum_{i: \, s_i \ge \max(2, \, c \, n)}
              \frac{s_i}{n} \cdot \frac{p_i}{\operatorname{median}(p)} ,

    c being `min_component`: outliers that join late weigh nothing, and large groups
    that join late weigh most.

    Read more in the :ref:`User Guide <class_separability>`.

    Parameters
    ----------
    statistic : str, default="mass"
        The number reported as `score_`: "mass", "mass_max", "mean", "median",
        "entropy", "gini", "cv" or "kurtosis", see Notes. "mass" compares data sets;
        "entropy", with ``normalize=True``, follows the training of a model. All of them
        are in `statistics_`.

    normalize : bool, default=False
        Whether to divide each row by its L2 norm first. This is the cosine setting:
        between unit vectors the squared Euclidean distance is 2 - 2 cos.

    metric : {"euclidean", "precomputed"}, default="euclidean"
        With "precomputed" X is a square matrix of distances, used as it is. It cannot
        be cross-validated: the rows left out have distances to others alone.

    min_samples : int, default=1
        1 is plain persistence. A larger number takes mutual reachability, the largest
        of the distance of two rows and their core distances, which makes bridges of few
        rows count less. The core distance of a row is that to its `min_samples`-th
        nearest row, the row itself being the first, as in
        :class:`~sklearn.cluster.HDBSCAN`.

    min_component : float, default=0.01
        For "mass": a merge counts only if its smaller side holds at least this share of
        the rows, in [0, 1), and at least 2 rows.

    max_samples : int or float, default=None
        Rows that are drawn without replacement before anything else: a number from 2
        on, or a share in (0, 1]. None is all rows.

    n_subsamples : int, default=1
        How often rows are drawn. `score_` is the mean over the subsamples, and
        `score_std_` their spread. More than 1 needs `max_samples`.

    algorithm : {"auto", "dense", "prim", "boruvka", "kd_tree"}, default="auto"
        How the tree is found; its lengths are the same. "dense" multiplies matrices,
        whole ones while they fit scikit-learn's `working_memory` and then block by
        block; "prim" computes distances row by row; "boruvka" starts from nearest
        neighbours, on a GPU too; "kd_tree" is for few features and many rows. "auto"
        takes the one that should be fastest.

    device : {"auto", "cpu", "cuda"}, default="auto"
        Where neighbours are searched. "auto" takes a GPU, if there is one and torch is
        installed, for work that is worth it.

    n_jobs : int, default=None
        Threads of all algorithms but "prim". It never changes the result, not by one
        bit.

    random_state : int, RandomState instance or None, default=None
        Draws the subsamples; without `max_samples` nothing is random.

    Attributes
    ----------
    persistence_ : ndarray of float64 of shape (n_used - 1,)
        Lengths of the finite bars, ascending. Duplicate rows give bars of length 0.

    mst_edges_ : ndarray of int64 of shape (n_used - 1, 2)
        The edge of the tree for each bar: two rows of X, the lower index first.

    merge_sizes_ : ndarray of int64 of shape (n_used - 1,)
        Rows on the smaller side of each merge.

    statistics_ : dict of float
        All eight statistics by name.

    score_ : float
        The `statistic`; with several subsamples its mean. Larger is more clustered.

    scores_ : ndarray of float64 of shape (n_subsamples,)
        The `statistic` of each subsample; fewer if a callback stopped the fit.

    score_std_ : float
        Standard deviation of `scores_`, 0.0 for one subsample.

    sample_indices_ : ndarray of int64 of shape (n_used,)
        The rows of X that were used, ascending.

    n_samples_ : int
        How many those are.

    algorithm_ : str
        The algorithm that ran, "precomputed" for distances.

    core_distances_ : ndarray of float64 of shape (n_used,)
        Core distances of the rows that were used. Only with ``min_samples > 1``.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of str of shape (n_features,)
        Names of the features, if X had string names for all of them.

    See Also
    --------
    class_separability_score : The score alone.
    make_separability_scorer : Chooses transformers in a grid search without labels.
    SeparabilityDisplay : Draws the bars, the curve of their lengths or the tree.
    SeparabilityStopping : Watches the embeddings of a model in training.
    fisher_discriminant_ratio : With labels: how far classes lie apart.
    thornton_index : With labels: how often the nearest row is of the same class.
    sklearn.metrics.silhouette_score : Needs a clustering.
    sklearn.cluster.HDBSCAN : Selects clusters from the same tree.

    Notes
    -----
    The Rips parameter is the diameter, as in ripser, gudhi and giotto: a bar is as long
    as the edge, not half of it. All bars are born at 0, and the infinite one is left
    out.

    With q the bars divided by the longest one, the statistics are "mass"; "mass_max",
    the largest term of that sum, without `min_component`; "mean", 1 - mean(q);
    "median", 1 - median(q); "entropy", 1 less the entropy of the shares p / sum(p),
    divided by log(m); "gini", the Gini coefficient of the bars; "cv", their standard
    deviation divided by their mean; "kurtosis", theirs, not in excess. If the median
    bar is 0, the smallest positive one takes its place in "mass" and "mass_max". None
    depends on scale, rotation, translation or the order of rows. All are 0.0, with a
    warning, if all rows are identical.

    Scalar summaries of q are the family of [1]_: data with only a few large q are
    clustered. "mean" and "median" belong to it; its exact formula is not known to us,
    so none of these is the score of [1]_. The others are not from [1]_: "entropy",
    "gini", "cv" and "kurtosis" are further summaries of the same bars that do not
    depend on scale, and "mass" and "mass_max" weigh bars by the rows they separate.
    Mutual reachability and subsampling are not from [1]_ either.

    Bars of equal length merge at once, so that the sizes do not depend on the order of
    rows: if components become one in such a step, all but the largest give their sizes
    to its bars. Lengths are equal if they form a chain with relative gaps of at most
    1e-9, or 1e-6 for float32.

    With several subsamples all arrays and `statistics_` describe the first one. Every
    subsample is reported to callbacks as a task "subsample".

    The tree takes between O(n_samples log n_samples) time with few features and
    O(n_samples^2 * n_features) with many, the rest O(n_samples log n_samples); memory
    beside X is O(n_samples * (n_features + min_samples)), for "dense" also the
    `working_memory` of scikit-learn. float32 is kept.

    References
    ----------
    .. [1] "Estimating class separability of text embeddings with persistent homology",
       `arXiv 2305.15016 <https://arxiv.org/abs/2305.15016>`__.

    Examples
    --------
    >>> from sklearn.datasets import make_blobs
    >>> from sklearn_ext import ClassSeparability
    >>> centers = [[0, 0], [6, 0], [0, 6]]
    >>> X, y = make_blobs(300, centers=centers, random_state=0)
    >>> model = ClassSeparability().fit(X)
    >>> round(model.score_, 1)
    4.1

    The same blobs, closer to each other:

    >>> near, _ = make_blobs(300, centers=[[0, 0], [3, 0], [0, 3]], random_state=0)
    >>> round(model.score(near), 1)
    2.0

    The tree is there for other uses:

    >>> import numpy as np
    >>> np.bincount(model.labels_at(4))
    array([100,  99, 100,   1])

    In the cosine setting, on ten draws of 100 rows:

    >>> model = ClassSeparability(
    ...     "entropy", normalize=True, max_samples=100, n_subsamples=10, random_state=0
    ... ).fit(X)
    >>> print(f"{model.score_:.2f} +- {model.score_std_:.2f}")
    0.20 +- 0.02
    """

    _parameter_constraints: dict = {
        "statistic": [StrOptions(set(STATISTICS))],
        "normalize": ["boolean"],
        "metric": [Metric({"euclidean", "precomputed"})],
        "min_samples": [IntegralNotBool(Integral, 1, None, closed="left")],
        "min_component": [Interval(Real, 0, 1, closed="left")],
        "max_samples": [
            IntegralNotBool(Integral, 2, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="right"),
            None,
        ],
        "n_subsamples": [IntegralNotBool(Integral, 1, None, closed="left")],
        "algorithm": [StrOptions({"auto", "dense", "prim", "boruvka", "kd_tree"})],
        "device": [StrOptions({"auto", "cpu", "cuda"})],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        statistic="mass",
        *,
        normalize=False,
        metric="euclidean",
        min_samples=1,
        min_component=0.01,
        max_samples=None,
        n_subsamples=1,
        algorithm="auto",
        device="auto",
        n_jobs=None,
        random_state=None,
    ):
        self.statistic = statistic
        self.normalize = normalize
        self.metric = metric
        self.min_samples = min_samples
        self.min_component = min_component
        self.max_samples = max_samples
        self.n_subsamples = n_subsamples
        self.algorithm = algorithm
        self.device = device
        self.n_jobs = n_jobs
        self.random_state = random_state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        is_precomputed = self.metric == "precomputed"
        tags.input_tags.pairwise = is_precomputed
        tags.input_tags.positive_only = is_precomputed
        return tags

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Find the bars of the rows.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_samples, n_features) or \
(n_samples, n_samples)
            Rows, at least two, or their distances with ``metric="precomputed"``.

        y : object, default=None
            Ignored; here for the sake of pipelines.

        Returns
        -------
        self : ClassSeparability
            The fitted estimator.

        Raises
        ------
        ValueError
            If X has fewer than two rows, NaN, infinity or, with ``normalize=True``, a
            row of zeros; if distances are not square, symmetric, non-negative and 0 on
            the diagonal; if `max_samples` or `min_samples` is more than there are rows;
            if a parameter has a value that is not allowed, or does not go with another.
        TypeError
            If X is sparse.
        RuntimeError
            If there is no GPU for ``device="cuda"``.
        """
        check_together(self)
        with keep_fit_on_error(self):
            rows = self._open(X, reset=True)
            samples = self._samples(len(rows), self.random_state)
            vars(self).pop("core_distances_", None)
            settings = self.get_params(deep=False)
            steps = FitSteps(self, self.n_subsamples, "subsample", X=X, y=y)
            first, scores, is_flat = None, [], False
            for sample in samples:
                steps.begin()
                bars = bars_of(rows, sample, settings)
                first = bars if first is None else first
                scores.append(bars.statistics[self.statistic])
                is_flat |= bars.lengths[-1] == 0
                if steps.end(partial(self._fitted, first, scores)):
                    break
            vars(self).update(self._fitted(first, scores))
            steps.finish()
        if is_flat:
            warn_of_identical_rows(stacklevel=3)
        return self

    def score(self, X, y=None):
        """Return the statistic of other rows, by the same settings.

        The rows of `fit` play no part, so that a pipeline that ends in this object can
        choose the steps before it by how separable they leave rows.

        Parameters
        ----------
        X : {array-like, dataframe} of shape (n_samples, n_features) or \
(n_samples, n_samples)
            Rows, at least two, or their distances with ``metric="precomputed"``.

        y : object, default=None
            Ignored; here for the sake of pipelines.

        Returns
        -------
        score : float
            The `statistic`, or its mean over the subsamples; larger is more clustered.

        Raises
        ------
        ValueError
            As in `fit`, and if the number of features is another one.
        TypeError
            If X is sparse.
        RuntimeError
            If there is no GPU for ``device="cuda"``.
        """
        check_is_fitted(self)
        self._validate_params()
        check_together(self)
        rows = self._open(X, reset=False)
        settings = self.get_params(deep=False)
        scores, is_flat = [], False
        for sample in self._samples(len(rows), unchanged(self.random_state)):
            bars = bars_of(rows, sample, settings)
            scores.append(bars.statistics[self.statistic])
            is_flat |= bars.lengths[-1] == 0
        if is_flat:
            warn_of_identical_rows(stacklevel=2)
        return float(np.mean(scores))

    def labels_at(self, n_clusters):
        """Return the clusters of single linkage when so many are left.

        The longest ``n_clusters - 1`` edges of the tree are cut. Where edges that are
        cut and kept are equally long, the cut is not unique; it follows the order of
        `mst_edges_`.

        Parameters
        ----------
        n_clusters : int
            Number of clusters, from 1 to `n_samples_`.

        Returns
        -------
        labels : ndarray of int64 of shape (n_used,)
            Cluster of each row in `sample_indices_`, 0 to n_clusters - 1, numbered by
            first appearance.

        Raises
        ------
        ValueError
            If there cannot be so many clusters.
        TypeError
            If `n_clusters` is no integer.
        """
        check_is_fitted(self)
        if not isinstance(n_clusters, Integral) or isinstance(n_clusters, bool):
            raise TypeError(
                f"n_clusters={n_clusters!r} must be an int from 1 to {self.n_samples_}."
            )
        if not 1 <= n_clusters <= self.n_samples_:
            raise ValueError(
                f"n_clusters={n_clusters} must be from 1 to {self.n_samples_}, the "
                f"number of rows that were used."
            )
        return clusters(self._edges(), int(n_clusters))

    def to_linkage(self):
        """Return the tree as a linkage matrix of SciPy.

        For :func:`scipy.cluster.hierarchy.dendrogram` and its siblings; the leaves are
        the positions in `sample_indices_`.

        Returns
        -------
        merges : ndarray of float64 of shape (n_used - 1, 4)
            The two clusters of each merge, its height, and the rows in the new one.
        """
        check_is_fitted(self)
        return linkage(self._edges(), self.persistence_)

    def _open(self, X, *, reset):
        """Return validated rows or distances."""
        name = type(self).__name__
        is_square_matrix = self.metric == "precomputed"
        X = dense_rows(X, name)
        # too few rows are refused below, in words of our own
        keywords = {"dtype": kept_dtype(X), "ensure_min_samples": 0}
        if reset or not is_square_matrix:
            rows = validate_data(self, X, reset=reset, **keywords)
        else:  # as many columns as rows, not as many as in fit
            rows = check_array(X, input_name="X", estimator=self, **keywords)
            if rows.shape[0] != rows.shape[1]:
                validate_data(self, X, reset=False, skip_check_array=True)
        check_shape(rows.shape, self.metric, name)
        return rows

    def _samples(self, n_samples, random_state):
        """Return an iterator over the rows of each subsample."""
        n_used = number_of_rows(self.max_samples, n_samples)
        if self.min_samples > n_used:
            raise ValueError(
                f"min_samples={self.min_samples} must be at most the number of rows "
                f"that are used, n_used={n_used}: a core distance is that to the "
                f"min_samples-th nearest row. Use a smaller one, or more rows."
            )
        return draw_rows(n_samples, n_used, self.n_subsamples, random_state)

    def _fitted(self, first, scores):
        """Return the fitted attributes, from the first bars and the scores so far."""
        fitted = {
            "persistence_": first.lengths,
            "mst_edges_": first.rows[first.edges],
            "merge_sizes_": first.sizes,
            "statistics_": first.statistics,
            "score_": float(np.mean(scores)),
            "scores_": np.array(scores),
            "score_std_": float(np.std(scores)),
            "sample_indices_": first.rows,
            "n_samples_": len(first.rows),
            "algorithm_": first.algorithm,
        }
        if first.core_distances is not None:
            fitted["core_distances_"] = first.core_distances
        return fitted

    def _edges(self):
        """Return the edges as positions among the rows that were used."""
        return np.searchsorted(self.sample_indices_, self.mst_edges_)

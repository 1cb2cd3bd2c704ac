"""LatentLabelShift: classes of unlabelled rows, from how domains mix them.

"Unsupervised Learning under Latent Label Shift", arXiv 2207.13179: discriminate the
domains, discretise, factorise, adjust.
"""

import warnings
from numbers import Integral, Real

from sklearn.base import ClassNamePrefixFeaturesOutMixin, ClusterMixin
from sklearn.utils import get_tags

from sklearn_ext._core._callbacks import CallbackSupportMixin
from sklearn_ext._core._fitting import keep_fit_on_error
from sklearn_ext._core._sklearn import (
    BaseEstimator,
    HasMethods,
    IntegralNotBool,
    Interval,
    StrOptions,
    TransformerMixin,
    check_is_fitted,
    fit_context,
    num_samples,
)

from ._adjust import (
    adjust,
    as_probabilities,
    check_class_prior,
    frequencies,
    log_explained,
)
from ._diagnose import doubts
from ._discriminate import default_discriminator, posteriors_of, uniform_posteriors
from ._domains import look_up, row_weights
from ._steps import fit_in_steps

__all__ = ["LatentLabelShift"]


class LatentLabelShift(
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    ClusterMixin,
    BaseEstimator,
):
    r"""Find classes without labels, from several domains that mix them differently.

    The rows come from several domains, such as hospitals, months or forums. It is
    assumed that a class looks the same in all of them, and that only its frequency
    differs: label shift. Then the domains tell what belongs together: a class may
    consist of things that look unlike each other, as long as they rise and fall
    together. Each class needs a region of feature space where only it occurs, and there
    must be at least as many domains as classes, with frequencies that differ enough.

    The method [1]_ has four steps. A discriminator learns p(d | x), the domain of a
    row. The rows are discretised by k-means on it. The shares of the bins in the
    domains are factorised,

    .. math:: p(\text{bin} \mid d) = \sum_y p(\text{bin} \mid y) \, p(y \mid d) ,

    and with p(y | d) the posteriors of the domains are adjusted to posteriors of the
    classes. Classes come without names: only people, or a few labels, can give them
    some.

    Read more in the :ref:`User Guide <latent_label_shift>`.

    Parameters
    ----------
    n_classes : int, default=2
        Number of classes to find, at most the number of domains.

    discriminator : classifier with predict_proba, default=None
        Learns the domains; it decides how good the classes can be. None is a
        :class:`~sklearn.preprocessing.StandardScaler` with a
        :class:`~sklearn.linear_model.LogisticRegression` of C=0.1. A fitted one is
        passed in a :class:`~sklearn.frozen.FrozenEstimator`, outermost; it must have
        been fitted to domains of the same relative sizes. Balanced class weights would
        balance the domains twice.

    n_bins : int, default=None
        Number of bins, at least n_classes. None is 2 * n_classes for "anchor" and
        n_classes for "nmf".

    factorization : {"anchor", "nmf"}, default="anchor"
        "anchor" takes the bins with the purest posteriors, found by successive
        projection, for the classes. "nmf" is the non-negative matrix factorisation of
        [1]_, which is not unique.

    adjustment : {"em", "pinv"}, default="em"
        "em" is the most likely mixture of classes for each row. "pinv" solves a linear
        system, as in [1]_; what comes out negative is clipped in probabilities.

    cv : int, cross-validation generator, iterable or None, default=5
        Folds whose held-out rows the posteriors of `fit` come from. An int is the
        number of folds, stratified by domain and shuffled. None takes posteriors of
        rows that the discriminator was fitted to, which are over-confident if it is
        flexible.

    n_init : int, default=5
        Random starts of k-means, and of "nmf"; the best one is taken.

    min_bin_fraction : float, default=0.3
        "anchor": bins that hold less than this share of the mean, domains equally
        weighted, are not taken for a class, unless there are too few others. Small bins
        are outliers.

    max_iter : int, default=200
        Most EM steps, of each row and in `adapt`.

    random_state : int, RandomState instance or None, default=None
        Draws folds and starts. It does not reach the discriminator.

    n_jobs : int, default=None
        Folds fitted, and threads that adjust rows, at the same time. The result does
        not depend on it if the discriminator is deterministic.

    Attributes
    ----------
    domains_ : ndarray of shape (n_domains,)
        Domain ids, sorted.

    classes_ : ndarray of int64 of shape (n_classes,)
        0 to n_classes - 1.

    p_y_given_d_ : ndarray of float64 of shape (n_classes, n_domains)
        Frequency of each class in each domain; columns sum to 1.

    p_d_given_y_ : ndarray of float64 of shape (n_domains, n_classes)
        Share of each domain in each class, for domains of equal size; columns sum to 1.

    p_bin_given_y_ : ndarray of float64 of shape (n_bins, n_classes)
        Share of each bin in each class; columns sum to 1.

    bin_centers_ : ndarray of float64 of shape (n_bins, n_domains)
        Posteriors in the centre of each bin.

    anchor_bins_ : ndarray of int64 of shape (n_classes,)
        Bin that stands for each class. Only with ``factorization="anchor"``.

    discriminator_ : classifier
        The discriminator, fitted to all rows with the positions in `domains_` as
        classes, or the frozen one.

    labels_ : ndarray of int64 of shape (n_samples,)
        Class of each row of `fit`, from its held-out posterior and its domain.

    singular_values_ : ndarray of float64 of shape (min(n_bins, n_domains),)
        Of p(bin | d). About as many of them are large as classes can be told apart.

    discriminator_log_loss_ : float
        Log-loss of the discriminator on held-out rows, domains equally weighted. What
        `score` is to be compared with.

    shift_detected_ : bool
        Whether that log-loss is below log(n_domains), what guessing gives, by two
        standard errors; or whether it is above that, but the mean posterior of the true
        domain is above 1 / n_domains by three. Then the discriminator is
        over-confident, and `fit` warns of that.

    reconstruction_err_ : float
        Frobenius norm of what the factors leave of p(bin | d).

    n_iter_ : int
        EM steps of the row that took most.

    n_features_in_ : int
        Number of features seen in `fit`, if the discriminator tells.

    feature_names_in_ : ndarray of str of shape (n_features,)
        Names of the features, if the discriminator tells.

    See Also
    --------
    make_latent_label_shift : Makes such domains from labelled rows.
    clustering_accuracy : Compares classes without names with true ones.
    class_prior_error : Compares class frequencies with true ones.
    sklearn.cluster.KMeans : Finds what looks alike, whatever the domains.

    Notes
    -----
    Domain ids are given as `domains`, or as y, which a
    :class:`~sklearn.pipeline.Pipeline` passes on by itself and by which
    :class:`~sklearn.model_selection.StratifiedKFold` keeps all domains in all folds.
    With `domains`, which can be routed as metadata, y may hold true labels for a
    scorer. :class:`~sklearn.model_selection.GridSearchCV` does not stratify for
    clusterers: pass ``cv=StratifiedKFold(shuffle=True)``.

    Domains of unequal size are brought to equal weight throughout. X is passed to the
    discriminator as it is: text, sparse matrices and frames are fine if it takes them.

    `fit` warns if the discriminator cannot tell the domains apart, if the singular
    values do not support so many classes, and if a class explains no rows. It cannot
    see whether the assumption holds. If features drift between domains, the classes are
    those of the drift; a class without a region of its own shows in a `score` below
    ``-discriminator_log_loss_``, if at all. There is no `sample_weight`.

    The discriminator takes most of the time, n_splits + 1 fits. Beside it k-means, of
    O(n_samples * n_bins * n_domains) per step, and the adjustment, of O(n_samples *
    n_domains * n_classes) per step; memory is O(n_samples * (n_domains + n_classes)).

    Differences from [1]_: posteriors are out of fold, "anchor" and "em" are not there,
    and domains may differ in size. ``factorization="nmf", adjustment="pinv", cv=None,
    n_init=1`` is the published recipe for a given discriminator.

    References
    ----------
    .. [1] "Unsupervised Learning under Latent Label Shift",
       `arXiv 2207.13179 <https://arxiv.org/abs/2207.13179>`__.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_ext import LatentLabelShift
    >>> from sklearn_ext import clustering_accuracy, make_latent_label_shift
    >>> X, y = load_digits(n_class=5, return_X_y=True)
    >>> X, y, domains, class_prior = make_latent_label_shift(
    ...     X, y, alpha=0.5, max_condition_number=4, random_state=0
    ... )
    >>> model = LatentLabelShift(n_classes=5, random_state=0).fit(X, domains=domains)
    >>> accuracy, permutation = clustering_accuracy(
    ...     y, model.labels_, return_permutation=True
    ... )
    >>> round(accuracy, 2)
    0.97

    The class frequencies of a new domain come from its rows alone; here it has no 3:

    >>> new = X[y != 3]
    >>> frequencies = model.adapt(new)
    >>> frequencies[permutation].round(1)
    array([0.3, 0.3, 0.2, 0. , 0.2])
    >>> labels = model.predict(new, class_prior=frequencies)
    """

    _parameter_constraints: dict = {
        "n_classes": [IntegralNotBool(Integral, 2, None, closed="left")],
        "discriminator": [HasMethods(["fit"]), None],
        "n_bins": [IntegralNotBool(Integral, 1, None, closed="left"), None],
        "factorization": [StrOptions({"anchor", "nmf"})],
        "adjustment": [StrOptions({"em", "pinv"})],
        "cv": ["cv_object"],
        "n_init": [IntegralNotBool(Integral, 1, None, closed="left")],
        "min_bin_fraction": [Interval(Real, 0, 1, closed="both")],
        "max_iter": [IntegralNotBool(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        n_classes=2,
        *,
        discriminator=None,
        n_bins=None,
        factorization="anchor",
        adjustment="em",
        cv=5,
        n_init=5,
        min_bin_fraction=0.3,
        max_iter=200,
        random_state=None,
        n_jobs=None,
    ):
        self.n_classes = n_classes
        self.discriminator = discriminator
        self.n_bins = n_bins
        self.factorization = factorization
        self.adjustment = adjustment
        self.cv = cv
        self.n_init = n_init
        self.min_bin_fraction = min_bin_fraction
        self.max_iter = max_iter
        self.random_state = random_state
        self.n_jobs = n_jobs

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = self.discriminator
        inner = default_discriminator(is_sparse=True) if inner is None else inner
        if hasattr(inner, "__sklearn_tags__") and not isinstance(inner, type):
            tags.input_tags = get_tags(inner).input_tags
        tags.target_tags.required = True
        return tags

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, *, domains=None):
        """Find the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} or list, of n_samples rows
            Rows of any kind that the discriminator takes.

        y : array-like of shape (n_samples,), default=None
            Domain of each row, unless `domains` is given; then it is ignored.

        domains : array-like of shape (n_samples,), default=None
            Domain of each row: numbers or strings.

        Returns
        -------
        self : LatentLabelShift
            The fitted estimator.

        Raises
        ------
        ValueError
            If neither y nor domains is given, their length is not that of X, or a
            domain is missing; if there are fewer domains than classes, fewer bins than
            classes or more than rows, or a domain with fewer rows than folds; if the
            folds are no partition of the rows or leave out a whole domain; if a frozen
            discriminator is one of other domains, or gives NaN; if it gives fewer
            different posteriors than there are classes.
        TypeError
            If the discriminator has no predict_proba.
        """
        with keep_fit_on_error(self):
            evidence = fit_in_steps(self, X, y, domains)
        for doubt in doubts(self, *evidence):
            warnings.warn(doubt, UserWarning, stacklevel=3)
        return self

    def fit_predict(self, X, y=None, *, domains=None):
        """Find the classes and return those of the rows.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} or list, of n_samples rows
            Rows of any kind that the discriminator takes.

        y : array-like of shape (n_samples,), default=None
            Domain of each row, unless `domains` is given.

        domains : array-like of shape (n_samples,), default=None
            Domain of each row.

        Returns
        -------
        labels : ndarray of int64 of shape (n_samples,)
            `labels_`, which come from held-out posteriors: not what `predict` gives.

        Raises
        ------
        ValueError
            As in `fit`.
        TypeError
            If the discriminator has no predict_proba.
        """
        return self.fit(X, y, domains=domains).labels_

    def predict(self, X, domains=None, *, class_prior=None):
        """Return the most probable class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} or list, of n_samples rows
            Rows, as in `fit`.

        domains : array-like of shape (n_samples,), default=None
            Domain of each row, all of them known from `fit`.

        class_prior : array-like of shape (n_classes,), default=None
            Frequency of each class where the rows are from, such as what `adapt`
            returns. With neither, it is the mean of those of the domains of `fit`.

        Returns
        -------
        labels : ndarray of int64 of shape (n_samples,)
            Classes.

        Raises
        ------
        ValueError
            If a domain was not in `fit`, both domains and class_prior are given, or
            class_prior is no probability distribution over the classes.
        """
        check_is_fitted(self)
        return self._class_scores(X, domains, class_prior).argmax(axis=1)

    def predict_proba(self, X, domains=None, *, class_prior=None):
        """Return the probability of each class for each row.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} or list, of n_samples rows
            Rows, as in `fit`.

        domains : array-like of shape (n_samples,), default=None
            Domain of each row, as in `predict`.

        class_prior : array-like of shape (n_classes,), default=None
            Frequency of each class, as in `predict`.

        Returns
        -------
        probabilities : ndarray of float64 of shape (n_samples, n_classes)
            Rows sum to 1.

        Raises
        ------
        ValueError
            As in `predict`.
        """
        check_is_fitted(self)
        return as_probabilities(self._class_scores(X, domains, class_prior))

    def transform(self, X):
        """Return p(d | x): how much each row looks like those of each domain.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} or list, of n_samples rows
            Rows, as in `fit`.

        Returns
        -------
        posteriors : ndarray of float64 of shape (n_samples, n_domains)
            For domains of equal size, in the order of `domains_`; rows sum to 1. Those
            of rows of `fit` are over-confident if the discriminator is flexible.
        """
        check_is_fitted(self)
        return self._posteriors(X)

    def score(self, X, y=None, *, domains=None):
        """Return how well the classes explain the domains of rows, without labels.

        It chooses discriminator, n_bins and factorization, on rows that were not in
        `fit`. It grows with n_classes and then stays: take the least n_classes within a
        standard error of the best.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} or list, of n_samples rows
            Rows, as in `fit`.

        y : array-like of shape (n_samples,), default=None
            Domain of each row, unless `domains` is given.

        domains : array-like of shape (n_samples,), default=None
            Domain of each row, all of them known from `fit`.

        Returns
        -------
        score : float
            Mean of ``log(sum(p_d_given_y_[domain] * p(y | x)))``, domains equally
            weighted. Without any shift it is about -log(n_domains). Good classes reach
            at least what the discriminator does by itself,
            ``-discriminator_log_loss_``, and often more, since mixtures of classes are
            less over-confident.

        Raises
        ------
        ValueError
            If neither y nor domains is given, or a domain was not in `fit`.
        """
        check_is_fitted(self)
        codes = look_up(self.domains_, domains, y, num_samples(X), self._name("score"))
        class_posteriors, _ = self._adjust(self._posteriors(X))
        explained = log_explained(
            as_probabilities(class_posteriors), self.p_d_given_y_, codes
        )
        return float(row_weights(codes) @ explained)

    def adapt(self, X):
        """Return the class frequencies of a new domain; the object is left as it is.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} or list, of n_samples rows
            Rows of one domain, the more the better.

        Returns
        -------
        class_prior : ndarray of float64 of shape (n_classes,)
            The frequencies under which the rows are most likely, for `predict`.

        Raises
        ------
        ValueError
            If there are no rows.
        """
        check_is_fitted(self)
        if num_samples(X) == 0:
            raise ValueError(
                "adapt() estimates class frequencies from rows of the new domain, but "
                "got n_samples=0."
            )
        class_posteriors, _ = self._adjust(self._posteriors(X))
        return frequencies(
            as_probabilities(class_posteriors), self._mixture(), self.max_iter
        )

    @property
    def _n_features_out(self):
        return len(self.domains_)

    def _name(self, method):
        return f"{type(self).__name__}.{method}"

    def _mixture(self):
        """Return the class frequencies of all domains together."""
        return self.p_y_given_d_.mean(axis=1)

    def _posteriors(self, X):
        """Return p(d | x), for domains of equal size, by the fitted discriminator."""
        given = posteriors_of(self.discriminator_, X, len(self.domains_))
        return uniform_posteriors(given[:, self._columns_], self._share_)

    def _adjust(self, posteriors):
        """Return p(y | x) for all domains together, and the most steps of a row."""
        return adjust(
            posteriors, self.p_d_given_y_, self.adjustment, self.max_iter, self.n_jobs
        )

    def _in_domains(self, class_posteriors, codes):
        """Return p(y | x, d) up to a factor for each row."""
        return class_posteriors * self.p_d_given_y_[codes]

    def _class_scores(self, X, domains, class_prior):
        """Return class posteriors up to a factor for each row, maybe negative."""
        if domains is not None and class_prior is not None:
            raise ValueError(
                "Both domains and class_prior are given. Use domains for rows of "
                "domains that were in fit, and class_prior for those of a new one."
            )
        codes = None
        if domains is not None:
            n_samples = num_samples(X)
            codes = look_up(
                self.domains_, domains, None, n_samples, self._name("predict")
            )
        elif class_prior is not None:
            class_prior = check_class_prior(class_prior, len(self.classes_))
        scores, _ = self._adjust(self._posteriors(X))
        if codes is not None:
            return self._in_domains(scores, codes)
        return (
            scores if class_prior is None else scores * (class_prior / self._mixture())
        )

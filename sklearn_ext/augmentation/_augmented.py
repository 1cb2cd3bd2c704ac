"""AugmentedClassifier: new rows for the training of a classifier, and for nothing else.

What is predicted, scored or validated is never augmented, so nothing can leak.
"""

import warnings
from numbers import Real

import numpy as np
from sklearn.base import MetaEstimatorMixin
from sklearn.utils import get_tags, indexable
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.metaestimators import available_if

from sklearn_ext._core._sklearn import (
    BaseEstimator,
    ClassifierMixin,
    HasMethods,
    Interval,
    StrOptions,
    check_classification_targets,
    check_consistent_length,
    check_is_fitted,
    check_method_params,
    check_sample_weight,
    check_target,
    clone,
    fit_context,
    num_samples,
    safe_indexing,
)

from ._fit_weights import first_step, fit_weighted, given_weight, routed_params
from ._warning import AugmentationWarning

__all__ = ["AugmentedClassifier"]


def _estimator_has(name):
    """Return whether the classifier has a method, as a condition of `available_if`."""

    def check(self):
        getattr(getattr(self, "estimator_", self.estimator), name)
        return True

    return check


def _as_array(augmenter, name, dtype, n_rows):
    """Return one of the arrays that tell where rows come from, checked; or None."""
    values = getattr(augmenter, name, None)
    if values is None:
        return None
    values = np.asarray(values)
    if values.shape != (n_rows,) or values.dtype.kind not in dtype:
        raise ValueError(
            f"{name} of {type(augmenter).__name__} must have one "
            f"{'bool' if dtype == 'b' else 'integer'} per row that fit_resample "
            f"returns, shape {(n_rows,)}, got {values.dtype} of shape {values.shape}."
        )
    return values


def _origin(augmenter, labels, new_labels):
    """Return which rows are new, and the row of X that each comes from; -1: unknown."""
    n, n_rows = len(labels), len(new_labels)
    is_new = _as_array(augmenter, "is_augmented_", "b", n_rows)
    if is_new is None:
        is_new = np.arange(n_rows) >= n
    source = _as_array(augmenter, "sample_indices_", "iu", n_rows)
    if source is None:
        source = np.full(n_rows, -1)
        # samplers that replace rows keep neither their number nor their labels
        if np.array_equal(new_labels[~is_new], labels):
            source[~is_new] = np.arange(n)
    elif n_rows and not 0 <= source.min() <= source.max() < n:
        raise ValueError(
            f"sample_indices_ of {type(augmenter).__name__} must be row numbers of X, "
            f"from 0 to {n - 1}, got {source.min()} to {source.max()}."
        )
    return is_new, source


def _spread_weights(weight, labels, new_labels, source):
    """Return the weight of each row's source, the mean of its class if unknown."""
    spread = weight[source]
    for label in np.unique(new_labels[source < 0]):
        spread[(source < 0) & (new_labels == label)] = weight[labels == label].mean()
    return spread


def _rows_of(strategy, labels, is_new):
    """Return the numbers of the rows to fit, None for all."""
    if strategy == "aug-train":
        return None
    kept = ~np.isin(labels, labels[is_new])
    if kept.any():
        warnings.warn(
            f"No new rows for {np.unique(labels[kept]).tolist()}: these classes keep "
            'their originals, though strategy is "aug-only".',
            AugmentationWarning,
            stacklevel=5,
        )
    return np.flatnonzero(is_new | kept)


class AugmentedClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Classifier that is fitted to its rows and to new ones made from them.

    `fit` makes new rows by an augmenter, and fits a clone of the classifier to all of
    them; `predict` and `score` see rows as they are. In a search or a cross-validation
    each training part is augmented by itself, so no new row knows of a row that is
    validated on. That is what an augmented table cannot promise: it needs
    :class:`AugmentationSplit`, and loses rows.

    Read more in the :ref:`User Guide <alp>`.

    Parameters
    ----------
    estimator : classifier
        A clone of it is fitted. A :class:`~sklearn.pipeline.Pipeline` receives the
        texts, and the weights go to its last step.

    augmenter : object with fit_resample, default=None
        A clone of it makes the rows; None is an :class:`ALPAugmenter`. A sampler of
        imbalanced-learn will do, too. Rows beyond the first n_samples are new if it
        does not tell by `is_augmented_`.

    augmented_weight : float or None, default=0.3
        Weight of a new row relative to the row that it was made from. None: never pass
        weights, so that all rows count alike. How much new rows are worth depends on
        the data and the classifier: search it.

    strategy : {"aug-train", "aug-only"}, default="aug-train"
        "aug-train" fits originals and new rows, "aug-only" new rows alone; then a class
        without new rows keeps its originals, with an :class:`AugmentationWarning`.

    Attributes
    ----------
    estimator_ : classifier
        The fitted classifier.

    augmenter_ : object with fit_resample
        The fitted augmenter, with what it knows of each row.

    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.

    n_augmented_ : int
        Number of new rows.

    n_features_in_ : int
        Number of features seen in `fit`, if the classifier counts them.

    feature_names_in_ : ndarray of str of shape (n_features,)
        Names of the features, if the classifier has them.

    See Also
    --------
    ALPAugmenter : Makes new texts by swapping phrases and words within a class.
    AugmentationSplit : Validates on a table that is augmented already.

    Notes
    -----
    An original row has the weight `sample_weight`, a new one `augmented_weight` times
    that of its source, by the `sample_indices_` of the augmenter; without those, times
    the mean of its class. The augmenter does not see weights, so a weight of 2 is not
    the same as two rows; of a Pipeline only the last step does: a vectoriser counts the
    words of all rows alike. A classifier that takes no weights is fitted without, after
    a warning. Other metadata with one entry per row have the entry of the source for a
    new row.

    With metadata routing, `sample_weight` is requested from this estimator
    (``set_fit_request(sample_weight=True)``), and need not be requested from the
    classifier. A request of False keeps all weights away from it; steps before the last
    that request `sample_weight` receive it if it is passed.

    Searches and early stopping belong outside: inside, as in
    ``AugmentedClassifier(GridSearchCV(...))``, they validate on new rows whose sources
    they have trained on, and are far too optimistic.

    The cost is that of the augmenter, and of fitting `n_augmented_` more rows. Nothing
    is added to that of predictions.

    References
    ----------
    .. [1] "ALP: Data Augmentation using Lexicalized PCFGs for Few-Shot Text
       Classification", `arXiv 2112.11916 <https://arxiv.org/abs/2112.11916>`__.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_ext import ALPAugmenter, AugmentedClassifier
    >>> texts = [
    ...     "The soup was warm and the waiter smiled at the children.",
    ...     "A friendly waiter brought the best bread in the town.",
    ...     "We loved the quiet garden and the fresh fish.",
    ...     "The soup was cold and the waiter forgot our order.",
    ...     "A rude waiter brought the worst bread in the town.",
    ...     "We hated the noisy room and the greasy fish.",
    ... ]
    >>> stars = ["good", "good", "good", "bad", "bad", "bad"]
    >>> model = AugmentedClassifier(
    ...     make_pipeline(TfidfVectorizer(), LogisticRegression()),
    ...     ALPAugmenter(n_samples=5, synonyms=None, random_state=0),
    ... ).fit(texts, stars)
    >>> model.n_augmented_
    10
    >>> model.predict(["The friendly waiter smiled.", "A rude, cold room."]).tolist()
    ['good', 'bad']

    A search reaches the parameters of both:

    >>> from sklearn.model_selection import GridSearchCV
    >>> grid = {"augmented_weight": [0.1, 1.0], "augmenter__n_samples": [2, 5]}
    >>> search = GridSearchCV(model, grid, cv=3).fit(texts, stars)
    >>> sorted(search.best_params_)
    ['augmented_weight', 'augmenter__n_samples']
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit"])],
        "augmenter": [HasMethods(["fit_resample"]), None],
        "augmented_weight": [Interval(Real, 0, None, closed="left"), None],
        "strategy": [StrOptions({"aug-train", "aug-only"})],
    }

    def __init__(
        self, estimator, augmenter=None, *, augmented_weight=0.3, strategy="aug-train"
    ):
        self.estimator = estimator
        self.augmenter = augmenter
        self.augmented_weight = augmented_weight
        self.strategy = strategy

    def __sklearn_tags__(self):
        """Take what the classifier takes; of a Pipeline, what its first step takes."""
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        first = first_step(self.estimator)
        if first is not self.estimator and hasattr(first, "__sklearn_tags__"):
            tags.input_tags = get_tags(first).input_tags
            tags.input_tags.sparse = inner.input_tags.sparse
        if inner.classifier_tags is not None:
            tags.classifier_tags = inner.classifier_tags
            tags.classifier_tags.multi_label = False
        tags.no_validation = inner.no_validation
        tags.non_deterministic = inner.non_deterministic
        return tags

    def get_metadata_routing(self):
        """Return how metadata is passed on: `fit` to the classifier.

        Returns
        -------
        routing : MetadataRouter
            The routing.
        """
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(
                estimator=self.estimator,
                method_mapping=MethodMapping().add(caller="fit", callee="fit"),
            )
        )

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, **params):
        """Make new rows and fit the classifier to them and the originals.

        Parameters
        ----------
        X : object of length n_samples
            Whatever augmenter and classifier take.

        y : array-like of shape (n_samples,)
            Class labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows; None is 1 for each.

        **params : dict
            Passed to `fit` of the classifier, by metadata routing if that is enabled.

        Returns
        -------
        self : AugmentedClassifier
            The fitted estimator.

        Raises
        ------
        TypeError
            If the augmenter has no `fit_resample`.
        ValueError
            If y is not one class label per row; if weights are given, but
            `augmented_weight` is None, or all rows to fit have the weight 0; if what
            the augmenter says of its rows does not fit them.
        """
        if y is None:
            raise ValueError(
                "AugmentedClassifier requires y to be passed, but the target y is None."
            )
        labels = check_target(y)
        check_classification_targets(labels)
        if np.asarray(y).ndim != 1:
            y = labels  # a column, of which check_target has warned
        params = routed_params(self, params)
        sample_weight, passed_as, params = given_weight(
            self.estimator, sample_weight, params
        )
        if sample_weight is not None and self.augmented_weight is None:
            raise ValueError(
                "augmented_weight=None never passes weights, but sample_weight is "
                "given. Leave it out, or set augmented_weight=1.0 for new rows that "
                "weigh as much as their sources."
            )
        fitted = self._fit(X, y, labels, sample_weight, passed_as, params)
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)
        vars(self).update(fitted)
        return self

    def _augment(self, X, y):
        """Return the fitted augmenter, and all rows with their labels."""
        if self.augmenter is None:
            from ._alp import ALPAugmenter

            augmenter = ALPAugmenter()
        else:
            augmenter = clone(self.augmenter, safe=False)
        if hasattr(augmenter, "keep_original"):
            augmenter.keep_original = True  # which rows are fitted is chosen here
        X, y = augmenter.fit_resample(X, y)
        check_consistent_length(X, y)
        return augmenter, X, y

    def _fit(self, X, y, labels, sample_weight, passed_as, params):
        """Return all fitted attributes."""
        weight = np.ones(len(labels))
        if sample_weight is not None:
            weight = check_sample_weight(sample_weight, labels, dtype=np.float64)
        augmenter, X, y = self._augment(X, y)
        new_labels = check_target(y)
        is_new, source = _origin(augmenter, labels, new_labels)
        weight = _spread_weights(weight, labels, new_labels, source)
        if self.augmented_weight is not None:
            weight[is_new] *= self.augmented_weight

        rows = _rows_of(self.strategy, new_labels, is_new)
        if rows is not None:
            X, y = (safe_indexing(each, rows) for each in indexable(X, y))
            weight, source = weight[rows], source[rows]
        if not weight.any():
            raise ValueError(
                f"All rows to fit have the weight 0, by augmented_weight="
                f"{self.augmented_weight!r}, strategy={self.strategy!r} and "
                "sample_weight: some must weigh more."
            )
        if self.augmented_weight is None or (
            sample_weight is None and (weight == 1).all()
        ):
            weight = None  # says nothing, so the classifier need not take any
        model = fit_weighted(
            clone(self.estimator),
            X,
            y,
            weight,
            self._spread_params(params, labels, source),
            passed_as=passed_as,
        )
        fitted = {
            "estimator_": model,
            "augmenter_": augmenter,
            "classes_": getattr(model, "classes_", np.unique(labels)),
            "n_augmented_": int(is_new.sum()),
        }
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(model, name):
                fitted[name] = getattr(model, name)
        return fitted

    def _spread_params(self, params, labels, source):
        """Return metadata for all rows; what has an entry per row is spread."""
        if (source >= 0).all():
            return check_method_params(labels, params, indices=source)
        for name, value in params.items():
            is_array = hasattr(value, "shape") or isinstance(value, list | tuple)
            if is_array and num_samples(value) == len(labels):
                raise ValueError(
                    f"{name} has one entry per row of X, but the augmenter does not "
                    "tell which rows its new ones come from: it has no "
                    "sample_indices_."
                )
        return params

    @available_if(_estimator_has("predict"))
    def predict(self, X):
        """Predict the class of each row.

        Parameters
        ----------
        X : object of length n_samples
            Whatever the classifier takes.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Class labels.
        """
        check_is_fitted(self)
        return self.estimator_.predict(X)

    @available_if(_estimator_has("predict_proba"))
    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : object of length n_samples
            Whatever the classifier takes.

        Returns
        -------
        P : ndarray of shape (n_samples, n_classes)
            Rows sum to 1; columns are those of `classes_`.
        """
        check_is_fitted(self)
        return self.estimator_.predict_proba(X)

    @available_if(_estimator_has("predict_log_proba"))
    def predict_log_proba(self, X):
        """Return the logarithm of the probability of each class.

        Parameters
        ----------
        X : object of length n_samples
            Whatever the classifier takes.

        Returns
        -------
        log_P : ndarray of shape (n_samples, n_classes)
            Columns are those of `classes_`.
        """
        check_is_fitted(self)
        return self.estimator_.predict_log_proba(X)

    @available_if(_estimator_has("decision_function"))
    def decision_function(self, X):
        """Return the confidence of the classifier in each class.

        Parameters
        ----------
        X : object of length n_samples
            Whatever the classifier takes.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_classes) or (n_samples,)
            For two classes one number per row, positive for the second.
        """
        check_is_fitted(self)
        return self.estimator_.decision_function(X)

    @available_if(_estimator_has("score"))
    def score(self, X, y, sample_weight=None):
        """Return the score of the classifier, its accuracy as a rule.

        Parameters
        ----------
        X : object of length n_samples
            Whatever the classifier takes.

        y : array-like of shape (n_samples,)
            True labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
            What `score` of the classifier returns.
        """
        check_is_fitted(self)
        if sample_weight is None:
            return self.estimator_.score(X, y)
        return self.estimator_.score(X, y, sample_weight=sample_weight)

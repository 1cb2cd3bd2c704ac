"""LokiClassifier: predict labels that were never in the training data."""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn import get_config
from sklearn.base import MetaEstimatorMixin
from sklearn.frozen import FrozenEstimator
from sklearn.utils import Bunch, get_tags, indexable
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)

from sklearn_ext._core._sklearn import (
    BaseEstimator,
    ClassifierMixin,
    HasMethods,
    Interval,
    StrOptions,
    check_is_fitted,
    check_sample_weight,
    clone,
    fit_context,
)

from ._candidates import NAMED, read_candidates
from ._labels import joined, label_array
from ._locus import locus_mask
from ._probabilities import (
    base_probabilities,
    check_classifier,
    check_fitted_classifier,
)
from ._rule import RULE_CONSTRAINTS, apply_rule, choose_rule
from ._space import SPACE_CONSTRAINTS, LabelSpace, read_label_space
from ._temperature import best_temperature, temperature_scores

__all__ = ["LokiClassifier"]


class LokiClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Classifier of a label space of which only some labels were ever seen.

    Around any classifier with probabilities: the prediction is the label with the least
    expected squared distance to the truth (the Fréchet mean of the observed labels,
    weighted by their probabilities), called *Loki* in [1]_. So a label that nobody has
    annotated is predicted where it lies between annotated ones, and mistakes become
    near misses. With the default metric, 0 or 1, it is the most probable label.

    Read more in the :ref:`User Guide <loki>`.

    Parameters
    ----------
    estimator : estimator, default=None
        Classifier with `predict_proba` or `decision_function`, of which a clone is
        fitted; None is a :class:`~sklearn.linear_model.LogisticRegression`. Pass
        ``FrozenEstimator(fitted)`` for one that is fitted already.

    label_metric : {"discrete", "ordinal", "embedding", "tree", "graph", \
"precomputed"} or callable, default="discrete"
        Distance between labels: 0 or 1, difference of numbers, Euclidean distance of
        `label_embeddings`, length of the path along `edges`, entry of `distances`, or
        ``label_metric(a, b)``.

    labels : array-like of shape (n_labels,), default=None
        Distinct labels, strings or numbers. None: the nodes of `edges`, the index of a
        frame or the keys of a dict, or else the labels seen in `fit`.

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
        The labels that `predict` may return. "leaves" are the nodes of a tree or graph
        with one neighbour. A root with a single child is one, too: then pass the
        labels. "observed" allows the classes of the classifier only, which is the
        cost-sensitive Bayes rule.

    power : float, default=2
        Power of the distance: 2 is the Fréchet mean, 1 the median.

    temperature : float or "auto", default=1.0
        Probabilities are replaced by ``softmax(log(P) / temperature)``. Unlike the
        argmax the prediction depends on it. "auto" tries 13 values from 0.1 to 10 in
        cross-validation and takes the one with the least mean distance, of equal ones
        the nearest to 1. A frozen estimator is tried on the given rows. Rows of labels
        that are not annotated have no say, and for those the value is often too small.

    top_k : int, default=None
        Keep only so many of the largest probabilities of a row.

    cv : int, cross-validation generator or iterable, default=5
        Folds for ``temperature="auto"``.

    batch_size : int or "auto", default="auto"
        Rows that are computed at once. "auto" follows scikit-learn's
        ``working_memory``.

    n_jobs : int, default=None
        Threads for sweeps over a tree, and processes for the folds of the temperature;
        products of matrices use the threads of BLAS. The result does not depend on it.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        All labels that scoring may meet: candidates and observed labels, sorted.

    observed_classes_ : ndarray of shape (n_observed,)
        The classes of the classifier, sorted.

    candidate_mask_ : ndarray of bool of shape (n_classes,)
        Which of `classes_` may be predicted.

    estimator_ : estimator
        The fitted classifier.

    temperature_ : float
        The temperature that is used.

    temperature_scores_ : ndarray of shape (13,)
        Mean distance to the power in cross-validation, for the temperatures
        ``numpy.logspace(-1, 1, 13)``; only for "auto".

    backend_ : str
        How predictions are computed: "argmax", "tree", "euclidean", "dense" or "graph".

    label_space_ : dict
        The label space in plain arrays, which scorers read: "label_metric", "kind",
        "labels", "nodes" (which node or row each label is), and those of the metric.

    n_features_in_ : int
        Number of features seen in `fit`, if the classifier counts them.

    feature_names_in_ : ndarray of str of shape (n_features,)
        Names of the features, if the classifier has them.

    See Also
    --------
    frechet_predict : The rule alone, for the probabilities of any model.
    label_locus : Which labels can be predicted at all.
    next_classes : Which labels to annotate next.
    make_label_distance_scorer : Scores by the mean distance.

    Notes
    -----
    Labels whose expected distances differ by a share of less than 1e-12 tie, and of
    those the first in `classes_` is predicted. A row whose probabilities are all 0 is
    taken for the most frequent label of the training rows, with a warning.

    With K observed labels and N candidates, `predict` costs per row, beside the
    classifier: on a tree, for the powers 1 and 2, O(K) if all nodes are candidates,
    else the number of nodes on paths between observed labels; O((K + N) e) with vectors
    of e numbers and power 2; O(K N) for other distances and powers. The first two need
    no matrix of distances. On graphs paths are searched from the observed labels only,
    and hop counts are kept in a byte or two each; what would take more than 256 MB is
    not kept but searched again for each batch of rows. `decision_function` and
    `rank_labels` cost O(N) per row on a tree.

    On a graph in several parts, labels without a path between them are taken to be one
    more apart than the longest path, with a warning.

    The rule trades exact hits for closeness: accuracy may fall while the mean distance
    falls, too. Report both.

    References
    ----------
    .. [1] "Geometry-Aware Adaptation for Pretrained Models", arXiv 2307.12226.

    Examples
    --------
    Only the even ones of ten digits are labelled; the ordinal metric predicts odd ones.

    >>> import numpy as np
    >>> from sklearn_ext import LokiClassifier
    >>> X = np.linspace(0, 9, 200)[:, None]
    >>> y = np.rint(X.ravel() / 2).astype(int) * 2
    >>> model = LokiClassifier(label_metric="ordinal", labels=range(10)).fit(X, y)
    >>> model.observed_classes_
    array([0, 2, 4, 6, 8])
    >>> model.predict([[0.1], [3.0], [5.1]])
    array([0, 3, 5])

    On a tree, and around any classifier:

    >>> from sklearn.naive_bayes import GaussianNB
    >>> edges = [("pet", "dog"), ("pet", "cat"), ("dog", "poodle"), ("dog", "pug")]
    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [4.0, 0.0], [4.0, 1.0]])
    >>> y = ["poodle", "poodle", "pug", "pug"]
    >>> model = LokiClassifier(GaussianNB(), label_metric="tree", edges=edges)
    >>> model.fit(X, y).predict([[0.0, 0.5], [2.0, 0.5]]).tolist()
    ['poodle', 'dog']
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit"]), None],
        **SPACE_CONSTRAINTS,
        "candidates": [StrOptions(NAMED), "array-like"],
        **RULE_CONSTRAINTS,
        "temperature": [
            Interval(Real, 0, None, closed="neither"),
            StrOptions({"auto"}),
        ],
        "cv": ["cv_object"],
    }

    def __init__(
        self,
        estimator=None,
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
        cv=5,
        batch_size="auto",
        n_jobs=None,
    ):
        self.estimator = estimator
        self.label_metric = label_metric
        self.labels = labels
        self.label_embeddings = label_embeddings
        self.edges = edges
        self.distances = distances
        self.candidates = candidates
        self.power = power
        self.temperature = temperature
        self.top_k = top_k
        self.cv = cv
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def __sklearn_tags__(self):
        """Take what the classifier takes."""
        tags = super().__sklearn_tags__()
        inner = get_tags(self._base())
        tags.input_tags = inner.input_tags
        tags.no_validation = inner.no_validation
        tags.non_deterministic = inner.non_deterministic
        return tags

    def _base(self):
        """Return the classifier to clone."""
        if self.estimator is not None:
            return self.estimator
        from sklearn.linear_model import LogisticRegression

        base = LogisticRegression()
        if get_config()["enable_metadata_routing"]:
            base.set_fit_request(sample_weight=True)
        return base

    def get_metadata_routing(self):
        """Return how metadata is passed on: `fit` to the classifier and the splitter.

        Returns
        -------
        routing : MetadataRouter
            The routing.
        """
        from sklearn.model_selection import check_cv

        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(
                estimator=self._base(),
                method_mapping=MethodMapping().add(caller="fit", callee="fit"),
            )
            .add(
                splitter=check_cv(self.cv),
                method_mapping=MethodMapping().add(caller="fit", callee="split"),
            )
        )

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, **fit_params):
        """Fit the classifier and prepare the label space.

        Parameters
        ----------
        X : object of length n_samples
            Whatever the classifier takes; passed on as it is.

        y : array-like of shape (n_samples,)
            Labels, all from the label space.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, passed to the classifier; they count in the choice of
            the temperature, too.

        **fit_params : dict
            Passed to `fit` of the classifier, by metadata routing if that is enabled.

        Returns
        -------
        self : LokiClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            If a label of y is not in the label space, a candidate is unknown, or the
            keywords do not describe a label space.
        TypeError
            If the classifier has neither `predict_proba` nor `decision_function`.
        """
        if y is None:
            raise ValueError(
                "LokiClassifier requires y to be passed, but the target y is None."
            )
        if sample_weight is not None:
            fit_params["sample_weight"] = sample_weight
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", **fit_params)
        else:
            routed = Bunch(estimator=Bunch(fit=fit_params), splitter=Bunch(split={}))
        fitted = self._fit(X, y, sample_weight, routed)
        for name in [n for n in vars(self) if n.endswith("_")]:
            delattr(self, name)
        vars(self).update(fitted)
        return self

    def _fit(self, X, y, sample_weight, routed):
        """Return all fitted attributes."""
        base = self._base()
        check_classifier(base)
        known = [label_array(y, "y")]
        if isinstance(base, FrozenEstimator) and hasattr(base, "classes_"):
            known.append(label_array(base.classes_, "classes_"))  # y may lack some
        space = read_label_space(
            self.label_metric,
            labels=self.labels,
            label_embeddings=self.label_embeddings,
            edges=self.edges,
            distances=self.distances,
            seen=joined(known),
        )
        codes = space.encode(y, "y")
        weight = None
        if sample_weight is not None:
            weight = check_sample_weight(sample_weight, codes[:, None], dtype=float)
        read_candidates(self.candidates, space, codes)  # fails before the classifier

        model = clone(base).fit(X, y, **routed.estimator.fit)
        check_fitted_classifier(model)
        columns = space.encode(model.classes_, "classes_ of the estimator")
        observed = np.sort(columns)
        allowed = read_candidates(self.candidates, space, observed)
        rule = choose_rule(space, observed, allowed, self.power)
        counts = np.bincount(codes, weight, minlength=len(space.labels))
        fallback = int(np.argmax(counts[observed]))

        classes = np.union1d(allowed, observed)
        fitted = {
            "estimator_": model,
            "classes_": space.labels[classes],
            "observed_classes_": space.labels[observed],
            "candidate_mask_": np.isin(classes, allowed),
            "backend_": rule.backend,
            "label_space_": space.to_arrays(),
            "_rule": rule,
            "_column_order": np.argsort(columns),
            "_fallback": fallback,
        }
        if self.temperature != "auto":
            fitted["temperature_"] = float(self.temperature)
        else:
            X, y = indexable(X, y)
            params = dict(routed.estimator.fit)
            if "sample_weight" in params:
                params["sample_weight"] = weight
            scores = temperature_scores(
                base,
                X,
                y,
                self._splits(X, y, routed.splitter.split),
                space=space,
                rule=rule,
                observed=observed,
                allowed=allowed,
                power=self.power,
                params=params,
                weight=weight,
                top_k=self.top_k,
                fallback=fallback,
                batch_size=self.batch_size,
                n_jobs=self.n_jobs,
            )
            fitted["temperature_scores_"] = scores
            fitted["temperature_"] = best_temperature(scores)
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(model, name):
                fitted[name] = getattr(model, name)
        return fitted

    def _splits(self, X, y, params):
        """Return the folds for the temperature; classes may be smaller than those."""
        from sklearn.model_selection import check_cv

        splitter = check_cv(self.cv, y, classifier=True)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The least populated class", UserWarning)
            try:
                return list(splitter.split(X, y, **params))
            except ValueError as error:
                if not isinstance(self.cv, Integral):
                    raise
                raise ValueError(
                    f'temperature="auto" could not split the rows with cv={self.cv}: '
                    f"{error} Pass a smaller cv, or KFold(shuffle=True), which does "
                    "not ask for rows of each class in each fold."
                ) from error

    def _apply(self, X, wants):
        """Return what the rule says of the rows of X, a list of parts."""
        P = self._probabilities(X)
        return apply_rule(
            self._rule,
            P,
            temperature=self.temperature_,
            top_k=self.top_k,
            fallback=self._fallback,
            batch_size=self.batch_size,
            n_jobs=self.n_jobs,
            wants=wants,
        )

    def _probabilities(self, X):
        """Return the probabilities of the observed classes."""
        P = base_probabilities(self.estimator_, X)
        order = self._column_order
        return P if (order[1:] > order[:-1]).all() else P[:, order]

    def predict(self, X):
        """Predict the label with the least expected distance for each row.

        Parameters
        ----------
        X : object of length n_samples
            Whatever the classifier takes.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Candidates; this is not the argmax of `predict_proba`, but for the discrete
            metric.
        """
        check_is_fitted(self)
        best = np.concatenate(self._apply(X, "labels"))
        return self.classes_[self.candidate_mask_][best]

    def predict_proba(self, X):
        """Return the probabilities of the classifier, 0 for labels that it never saw.

        They are neither tempered nor cut, and the label that `predict` chooses is not
        the most probable one: often it has no probability at all. Metrics of
        probabilities, such as log-loss, ask for as many classes as there are in y.

        Parameters
        ----------
        X : object of length n_samples
            Whatever the classifier takes.

        Returns
        -------
        P : ndarray of shape (n_samples, n_classes)
            Rows sum to 1.
        """
        check_is_fitted(self)
        P = self._probabilities(X)
        spread = np.zeros((len(P), len(self.classes_)))
        spread[:, np.searchsorted(self.classes_, self.observed_classes_)] = P
        return spread

    def decision_function(self, X):
        """Return minus the expected distance of each label; its argmax is `predict`.

        Parameters
        ----------
        X : object of length n_samples
            Whatever the classifier takes.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_classes) or (n_samples,)
            Minus the Fréchet variance, -inf for labels that are no candidates. For two
            classes one number per row, positive if the second is predicted.
        """
        check_is_fitted(self)
        risks = np.concatenate(self._apply(X, "risks"))
        if not self.candidate_mask_.all():
            all_risks = np.full((len(risks), len(self.classes_)), np.inf)
            all_risks[:, self.candidate_mask_] = risks
            risks = all_risks
        if len(self.classes_) == 2:
            return risks[:, 0] - risks[:, 1]
        return np.negative(risks, out=risks)

    def frechet_variance(self, X):
        """Return the expected distance, to the power, of the predicted labels.

        Parameters
        ----------
        X : object of length n_samples
            Whatever the classifier takes.

        Returns
        -------
        variance : ndarray of shape (n_samples,)
            How far the truth may be from the predicted label.
        """
        check_is_fitted(self)
        return np.concatenate([part for _, part in self._apply(X, "best")])

    def rank_labels(self, X, n=5):
        """Return the best candidates of each row, and their expected distances.

        Parameters
        ----------
        X : object of length n_samples
            Whatever the classifier takes.

        n : int, default=5
            How many; at most the number of candidates.

        Returns
        -------
        labels : ndarray of shape (n_samples, n)
            Best first; the first is what `predict` returns.

        variances : ndarray of shape (n_samples, n)
            Their expected distances, to the power.

        Raises
        ------
        ValueError
            If there are less than n candidates.
        """
        check_is_fitted(self)
        labels = self.classes_[self.candidate_mask_]
        is_number = isinstance(n, Integral) and not isinstance(n, bool)
        if not is_number or not 1 <= n <= len(labels):
            raise ValueError(
                f"n must be an integer from 1 to {len(labels)}, the number of "
                f"candidates, got {n!r}."
            )
        best, least = [], []
        for risks in self._apply(X, "risks"):
            limit = np.partition(risks, n - 1, axis=1)[:, n - 1]
            for row, most in zip(risks, limit, strict=True):
                near = np.flatnonzero(row <= most)
                first = near[np.argsort(row[near], kind="stable")[:n]]
                best.append(first)
                least.append(row[first])
        shape = (len(best), n)
        best = np.array(best, np.int64).reshape(shape)
        return labels[best], np.array(least).reshape(shape)

    def locus(self):
        """Return the labels that this classifier can ever predict.

        Returns
        -------
        labels : ndarray of shape (n_labels,)
            Sorted candidates; see :func:`label_locus`.
        """
        check_is_fitted(self)
        space = LabelSpace.from_arrays(self.label_space_)
        observed = space.encode(self.observed_classes_, "observed_classes_")
        labels = self.classes_[self.candidate_mask_]
        allowed = space.encode(labels, "classes_")
        return labels[locus_mask(space, observed, allowed, self.power)]

"""NaiveBayesProbe: Gaussian naive Bayes with one variance per feature, so linear.

"Revisiting Discriminative vs. Generative Classifiers: Theory and Implications",
arXiv 2302.02334.
"""

from numbers import Integral, Real

import numpy as np

from sklearn_ext._core._fitting import keep_fit_on_error
from sklearn_ext._core._sklearn import (
    IntegralNotBool,
    Interval,
    StrOptions,
    check_is_fitted,
    fit_context,
)

from ._labels import check_n_classes, grown_classes, positions, union
from ._learning import StatisticsLearner
from ._leave_one_out import held_out_temperature
from ._model import linear_rows

__all__ = ["NaiveBayesProbe"]


class NaiveBayesProbe(StatisticsLearner):
    r"""Linear probe in closed form, for embeddings and few labels.

    Gaussian naive Bayes in which all classes share one variance per feature, so that
    the decision rule is linear. It is fitted in one pass over the data, has no
    iterations and nothing to tune, and needs far fewer labels than logistic regression
    to come near the best that it can do [1]_. What it keeps of the data adds up: the
    model can be fed in parts (`partial_fit`), put together from parts (`merge`),
    extended by new classes (``new_classes="add"``) and made to forget rows (`forget`),
    and is each time the model of one `fit` to the same data.

    With priors :math:`\pi_k`, class means :math:`\mu_k` and the shared variances v, it
    predicts the class with the largest

    .. math:: \log \pi_k - \frac{1}{2} \sum_j (x_j - \mu_{kj})^2 / v_j .

    Features of embeddings are dependent, so the probabilities that follow from it are
    far too confident. ``temperature="loo"`` divides the scores by the temperature with
    the least leave-one-out log-loss, which has a closed form and needs no second fit.

    Read more in the :ref:`User Guide <naive_bayes_probe>`.

    Parameters
    ----------
    priors : "uniform" or array-like of shape (n_classes,), default=None
        Probabilities of the classes, in the order of `classes_`. None takes their
        shares of the weights. They do not enter the variance.

    var_smoothing : float, default=1e-9
        Floor that is added to each variance, relative to the largest total variance of
        a feature.

    shrinkage : "auto" or float, default=None
        How far, in [0, 1], the variances are drawn to their mean. None is 0; with 1 the
        class of the nearest mean is taken, but for the priors. "auto" takes the one of
        0, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9 and 1 with the least leave-one-out
        log-loss, each at its own best temperature.

    temperature : "loo" or float, default=None
        What scores are divided by before the softmax, so more than 1 softens. None is
        1. "loo" takes the value in [0.1, 1000] with the least leave-one-out log-loss.

    missing : {"error", "marginalize"}, default="error"
        Whether NaN in X is an error, or a feature that was not observed and plays no
        part in the row. The latter is exact, not an imputation.

    new_classes : {"error", "add"}, default="error"
        What `partial_fit` and `merge` do with labels that are new. With "error" the
        first `partial_fit` needs `classes`. With "add" they become classes; `classes_`
        stays sorted, so columns of the output move.

    device : {"auto", "cpu", "cuda"}, default="auto"
        Where to compute. "auto" is where X lies: on a GPU for CUDA tensors, else on
        the CPU. "cuda" moves blocks of rows to the GPU; sparse X stays on the CPU.

    n_jobs : int, default=None
        Threads that sum the rows in fits, -1 for all processors. None takes the number
        that numba is set to. It never changes the result, not by one bit.

    batch_size : int, default=None
        Rows that are scored at once. None takes blocks of some megabytes.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.

    class_count_ : ndarray of float64 of shape (n_classes,)
        Summed weights of the rows of each class.

    class_prior_ : ndarray of float64 of shape (n_classes,)
        Probability of each class.

    theta_ : ndarray of float64 of shape (n_classes, n_features)
        Class means; 0 for a class without data.

    var_ : ndarray of float64 of shape (n_features,)
        Shared variance, with shrinkage and floor.

    epsilon_ : float
        The floor that was added.

    coef_ : ndarray of float64 of shape (n_classes, n_features) or (1, n_features)
        Weights of the scores; with two classes, of the second less the first.

    intercept_ : ndarray of float64 of shape (n_classes,) or (1,)
        Intercepts of the scores; -inf for a class without data.

    shrinkage_ : float
        The shrinkage used.

    temperature_ : float
        The temperature used.

    loo_score_ : float
        Leave-one-out accuracy, an estimate of that on new data. Like the two below only
        there if something is chosen by leaving rows out.

    loo_log_loss_ : float
        Leave-one-out log-loss at the shrinkage and temperature of the last fit.

    n_loo_ : int
        Rows that were left out in turn.

    n_samples_seen_ : int
        Number of rows in the model.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of str of shape (n_features,)
        Names of the features, if X had string names for all of them.

    See Also
    --------
    probe_learning_curve : Tells from how many labels another classifier is better.
    sklearn.naive_bayes.GaussianNB : With a variance for each class, so quadratic.
    sklearn.discriminant_analysis.LinearDiscriminantAnalysis : With a full covariance.
    sklearn.linear_model.LogisticRegression : The better one with many labels.

    Notes
    -----
    A fit reads X once: O(n_samples * n_features) time, and 8 bytes for each class and
    feature; float32 is not converted, memory-mapped rows are read in blocks, and only
    blocks of float16, Fortran-ordered or otherwise strided rows are copied. Prediction
    is one matrix product in the precision of X, float16 in that of float32. Sums are in
    double precision, those of at most 256 rows may be in the precision of X.

    Outputs follow X: float32 gives float32, tensors of torch and arrays of the Array
    API give such on the same device. The fitted attributes are always NumPy arrays, so
    a model fitted on a GPU predicts where there is none.

    Where it does not win: logistic regression is more accurate on raw pixels at any
    size, and on embeddings with many labels (with sentence embeddings and 77 classes
    from 7 to 9 labels per class on); with fewer than about five per class
    :class:`~sklearn.neighbors.NearestCentroid`, which is ``shrinkage=1``, may be ahead.
    Where n_features^2 memory is affordable, the full covariance of
    :class:`~sklearn.discriminant_analysis.LinearDiscriminantAnalysis` is stronger.

    Leaving a row out changes the mean of its class, and not prior and variance, where
    the effect is of second order. At most 20,000 rows, always the same random choice,
    are left out.
    What is left out is a row with its whole weight; copies of a row with the same label
    are one such row, for a copy would vouch for the other. With `partial_fit` the
    losses of each batch are those in the model of that time: temperature and automatic
    shrinkage then depend on the batches, while means and variances never do. The
    accuracy is far too optimistic if most rows are alone in their class.

    Deviations from the published code: the floor of the variance is relative, not
    absolute, so that a feature that is constant within the classes cannot decide alone;
    coefficients are centred, which changes no probability, but keeps its digits with
    large means.

    References
    ----------
    .. [1] "Revisiting Discriminative vs. Generative Classifiers: Theory and
       Implications", `arXiv 2302.02334 <https://arxiv.org/abs/2302.02334>`__.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn_ext import NaiveBayesProbe
    >>> X, y = load_digits(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(
    ...     X, y, train_size=200, stratify=y, random_state=0
    ... )
    >>> probe = NaiveBayesProbe(temperature="loo").fit(X_train, y_train)
    >>> round(probe.score(X_test, y_test), 2)
    0.88
    >>> round(probe.temperature_, 1)
    4.5

    Parts of the data, as from several places or times, give the model of all:

    >>> left = NaiveBayesProbe().fit(X[:900], y[:900])
    >>> right = NaiveBayesProbe().fit(X[900:], y[900:])
    >>> whole = NaiveBayesProbe().fit(X, y)
    >>> bool(abs(left.merge(right).coef_ - whole.coef_).max() < 1e-9)
    True
    """

    _parameter_constraints: dict = {
        "priors": ["array-like", StrOptions({"uniform"}), None],
        "var_smoothing": [Interval(Real, 0, None, closed="left")],
        "shrinkage": [Interval(Real, 0, 1, closed="both"), StrOptions({"auto"}), None],
        "temperature": [
            Interval(Real, 0, None, closed="neither"),
            StrOptions({"loo"}),
            None,
        ],
        "missing": [StrOptions({"error", "marginalize"})],
        "new_classes": [StrOptions({"error", "add"})],
        "device": [StrOptions({"auto", "cpu", "cuda"})],
        "n_jobs": [Integral, None],
        "batch_size": [IntegralNotBool(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        *,
        priors=None,
        var_smoothing=1e-9,
        shrinkage=None,
        temperature=None,
        missing="error",
        new_classes="error",
        device="auto",
        n_jobs=None,
        batch_size=None,
    ):
        self.priors = priors
        self.var_smoothing = var_smoothing
        self.shrinkage = shrinkage
        self.temperature = temperature
        self.missing = missing
        self.new_classes = new_classes
        self.device = device
        self.n_jobs = n_jobs
        self.batch_size = batch_size

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self.missing == "marginalize"
        return tags

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fit the model to the rows alone, whatever it was fitted to before.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Embeddings or other numbers; also tensors and memory maps.

        y : array-like of shape (n_samples,)
            Class labels, of at least two classes.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows. A weight of k is the same as k equal rows.

        Returns
        -------
        self : NaiveBayesProbe
            The fitted estimator.

        Raises
        ------
        ValueError
            If X holds infinity, or NaN with ``missing="error"``; y has fewer than two
            classes or is no classification target; a weight is negative or all are 0;
            `priors` does not suit the classes; there is no GPU for ``device="cuda"``.
        """
        with keep_fit_on_error(self):
            rows, labels, codes, weight = self._open(X, y, sample_weight, reset=True)
            check_n_classes(labels)
            self.classes_ = labels
            self.n_samples_seen_ = len(codes)
            total = self._statistics(rows, codes, weight, len(labels))
            self._settle(total, (rows, codes, weight))
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Add rows to the model; the result is that of `fit` to all rows.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows, as in `fit`.

        y : array-like of shape (n_samples,)
            Class labels, not necessarily of all classes.

        classes : array-like of shape (n_classes,), default=None
            All labels that will come. The first call needs it, unless
            ``new_classes="add"``.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        self : NaiveBayesProbe
            The fitted estimator.

        Raises
        ------
        ValueError
            As in `fit`; if the first call does not name the classes; if y holds a label
            that is not among them and ``new_classes="error"``; if `priors` is an array
            and a class is new.
        """
        is_first = not hasattr(self, "classes_")
        with keep_fit_on_error(self):
            rows, labels, codes, weight = self._open(
                X, y, sample_weight, reset=is_first
            )
            known = None if is_first else self.classes_
            grown = grown_classes(known, labels, classes, self.new_classes)
            if self.new_classes == "error":
                check_n_classes(grown)
            self._check_priors(known, grown)
            codes = positions(grown, labels)[codes]
            before = None if is_first else self._spread(grown)
            total = self._statistics(rows, codes, weight, len(grown), before)
            if before is not None:
                total = before.about(total.shift).plus(total)
            self.classes_ = grown
            self.n_samples_seen_ = len(codes) + (
                0 if is_first else self.n_samples_seen_
            )
            self._settle(total, (rows, codes, weight), getattr(self, "_losses_", None))
        return self

    def merge(self, other):
        """Add all that another model has learned; the result is that of one `fit`.

        Parameters
        ----------
        other : NaiveBayesProbe
            A fitted model of the same features; it is left as it is. The classes must
            be the same, or are united with ``new_classes="add"``.

        Returns
        -------
        self : NaiveBayesProbe
            The merged model.

        Raises
        ------
        TypeError
            If `other` is not a NaiveBayesProbe.
        ValueError
            If features, or with ``new_classes="error"`` classes, differ.
        NotFittedError
            If one of the two is not fitted.
        """
        if not isinstance(other, NaiveBayesProbe):
            raise TypeError(
                f"merge() takes a fitted NaiveBayesProbe, got {type(other).__name__}."
            )
        check_is_fitted(self)
        check_is_fitted(other)
        self._check_same_features(other)
        grown = union(self.classes_, other.classes_)
        for one in (self, other):
            if self.new_classes == "error" and len(grown) > len(one.classes_):
                raise ValueError(
                    f"merge() needs the same classes on both sides, but they are "
                    f"{self.classes_.tolist()} here and {other.classes_.tolist()} "
                    f"there. Use new_classes='add' to unite them."
                )
        self._check_priors(self.classes_, grown)
        with keep_fit_on_error(self):
            total = self._spread(grown).plus(other._spread(grown))
            table = getattr(self, "_losses_", None)
            others = getattr(other, "_losses_", None)
            table = others if table is None else table.plus(others)
            self.classes_ = grown
            self.n_samples_seen_ = self.n_samples_seen_ + other.n_samples_seen_
            self._settle(total, table=table)
        return self

    def forget(self, X, y, sample_weight=None):
        """Take rows out of the model, as if it had never seen them.

        Whole classes are forgotten by forgetting their rows; the class then stays in
        `classes_` without data. A `temperature_` and a `shrinkage_` that were chosen by
        leaving rows out keep a trace of the rows: call `calibrate`, or use fixed
        values, where that matters.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows that the model has seen.

        y : array-like of shape (n_samples,)
            Their labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Their weights.

        Returns
        -------
        self : NaiveBayesProbe
            The model of the rows that are left.

        Raises
        ------
        ValueError
            If the rows cannot be in the model, or are all that is in it.
        """
        check_is_fitted(self)
        rows, labels, codes, weight = self._open(X, y, sample_weight)
        places = self._places(
            labels, "forget() was given rows that are not in the model: y holds"
        )
        before = self._statistics_
        gone = self._statistics(rows, places[codes], weight, len(self.classes_), before)
        with keep_fit_on_error(self):
            self.n_samples_seen_ = max(self.n_samples_seen_ - len(codes), 0)
            self._settle(before.minus(gone), table=getattr(self, "_losses_", None))
        return self

    def calibrate(self, X, y, kind="loo", sample_weight=None):
        """Set `temperature_` to the one with the least log-loss on some rows.

        The next fit, `partial_fit`, `merge` or `forget` sets it anew, as the parameter
        `temperature` says.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows.

        y : array-like of shape (n_samples,)
            Their labels, all of them known.

        kind : {"loo", "holdout"}, default="loo"
            Whether the rows are in the model, so that each is left out in turn, or
            were held out.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, for "loo" those of the fit.

        Returns
        -------
        self : NaiveBayesProbe
            The estimator.

        Raises
        ------
        ValueError
            If `kind` is another one, or y holds a label that is not a class.
        """
        check_is_fitted(self)
        if kind not in ("loo", "holdout"):
            raise ValueError(f"kind must be 'loo' or 'holdout', got {kind!r}.")
        rows, labels, codes, weight = self._open(X, y, sample_weight)
        codes = self._places(labels, "y holds")[codes]
        self.temperature_ = held_out_temperature(
            self._model(),
            self._statistics_ if kind == "loo" else None,
            self._batch(rows, codes, weight),
        )
        return self

    def to_logistic_regression(self, **lr_params):
        """Return a logistic regression that starts from this model.

        Its weights are those of this model over `temperature_`: undivided ones are far
        too steep a start. Classes without data, or with a prior of 0, are left out. A
        `fit` to rows of all the other classes goes on from there.

        Parameters
        ----------
        **lr_params : dict
            Parameters of :class:`~sklearn.linear_model.LogisticRegression`, other than
            `warm_start`.

        Returns
        -------
        model : LogisticRegression
            It predicts the same as this model, and has ``warm_start=True``.

        Raises
        ------
        ValueError
            If fewer than two classes have data.
        """
        check_is_fitted(self)
        from sklearn.linear_model import LogisticRegression

        model = self._model()
        has_data = np.isfinite(model.log_prior)
        if has_data.sum() < 2:
            raise ValueError(
                f"to_logistic_regression() needs two classes with data and a prior "
                f"above 0; priors={self.priors!r} leave "
                f"{self.classes_[has_data].tolist()}."
            )
        coef, intercept = linear_rows(*(each[has_data] for each in model.rows()))
        model = LogisticRegression(warm_start=True, **lr_params)
        model.classes_ = self.classes_[has_data]
        model.coef_ = coef / self.temperature_
        model.intercept_ = intercept / self.temperature_
        model.n_features_in_ = self.n_features_in_
        if hasattr(self, "feature_names_in_"):
            model.feature_names_in_ = self.feature_names_in_.copy()
        return model

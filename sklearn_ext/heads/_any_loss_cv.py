"""AnyLossClassifierCV: amplification and penalty by cross-validation, at once."""

import warnings
from functools import partial
from itertools import product
from numbers import Integral, Real

import numpy as np
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.model_selection import check_cv

from sklearn_ext._core._fitting import keep_fit_on_error
from sklearn_ext._core._optional import import_optional
from sklearn_ext._core._sklearn import (
    IntegralNotBool,
    Interval,
    StrOptions,
    fit_context,
)
from sklearn_ext._core._torch import resolve_device
from sklearn_ext.losses._metrics import METRICS

from ._any_loss import AnyLossClassifier, exact_metric
from ._data import read_rows
from ._head import Head
from ._torch_loss import WORTH_A_GPU

__all__ = ["AnyLossClassifierCV"]


def _spread(scores, data):
    """Put the scores of rows at their places among the given ones, NaN elsewhere."""
    spread = np.full((data.n_given, *scores.shape[1:]), np.nan)
    spread[data.positions] = scores
    return spread


def _folds(cv, data, y):
    """Return the folds as pairs of positions; ValueError if one lacks a class.

    Stratified folds are made of the rows that count; others may be bound to all of y.
    """
    is_number = cv is None or isinstance(cv, Integral)
    labels = data.classes[data.codes] if is_number else np.asarray(y).ravel()
    splitter = check_cv(cv, labels, classifier=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of classes too small: see below
        folds = list(splitter.split(np.zeros(len(labels)), labels))
    if not folds:
        raise ValueError(f"cv={cv!r} makes no folds.")
    if not is_number:  # these count the rows of weight 0, which are not here
        place = np.full(data.n_given, -1)
        place[data.positions] = np.arange(len(data.positions))
        try:
            folds = [tuple(place[rows] for rows in fold) for fold in folds]
        except IndexError as error:
            raise ValueError(
                f"cv={cv!r} names a row that is not among the {data.n_given} rows."
            ) from error
        folds = [tuple(rows[rows >= 0] for rows in fold) for fold in folds]
    for rows in (rows for fold in folds for rows in fold):
        sizes = np.bincount(data.codes[rows], minlength=data.n_classes)
        if not sizes.all():
            absent = np.argmin(sizes)
            label = data.classes.tolist()[absent]
            n_rows = np.bincount(data.codes)[absent]
            raise ValueError(
                f"A fold of cv={cv!r} has no row of class {label!r}, of which there "
                f"are {n_rows}. Use fewer folds, or stratified ones."
            )
    return folds


class AnyLossClassifierCV(Head):
    """An :class:`AnyLossClassifier` that chooses its amplification and penalty.

    The heads of all folds, amplifications and penalties are fine-tuned at once, as the
    columns of one matrix, which costs a fraction of a grid search and gives the same
    heads. Of the settings within one standard error of the best the one with the
    amplification nearest to 10 is taken: choosing freely did worse on new data. The
    classifier is then fitted to all rows.

    Read more in the :ref:`User Guide <metric_losses>`.

    Parameters
    ----------
    metric : str or callable, default="f1"
        As of :class:`AnyLossClassifier`; the best mean on the held-out folds wins.

    metric_params : dict or None, default=None
        As of :class:`AnyLossClassifier`.

    amplifications : array-like of float, default=(5, 10, 20, 40)
        Amplifications to choose from.

    l2_regularizations : array-like of float, default=(0.0001,)
        Penalties to choose from.

    cv : int, cross-validation generator or iterable, default=5
        The folds; an int is the number of stratified ones.

    scoring : str, callable or None, default=None
        What the choice is made by; None is the exact metric, with the weights of the
        held-out rows. A scorer gets no weights.

    init : {"logistic", "zeros"}, default="logistic"
        Where the steps start.

    max_iter : int, default=100
        Steps of all rows.

    learning_rate : float, default=0.02
        Step size.

    class_weight : dict, "balanced" or None, default=None
        Factors of the classes, which multiply `sample_weight`, also in the metric.

    device : {"auto", "cpu", "cuda"}, default="auto"
        Where training runs. "auto" takes a GPU only if the work is large.

    random_state : int, RandomState instance or None, default=None
        Seed of mini-batches of the last fit; it only matters above a million rows.

    Attributes
    ----------
    best_params_ : dict
        The amplification and the l2_regularization that were taken.

    cv_results_ : dict of ndarray
        A row per setting, as of :class:`~sklearn.model_selection.GridSearchCV`:
        "params", "param_amplification", "param_l2_regularization",
        "split0_test_score" and so on, "mean_test_score", "std_test_score" and
        "rank_test_score".

    oof_scores_ : ndarray of shape (n_samples,) or (n_samples, n_classes)
        Score of each row by the head of `best_params_` whose fold held it out; NaN for
        rows that no fold holds out or whose weight is 0.

    oof_threshold_ : float or ndarray of shape (n_classes,)
        The best cut of `oof_scores_`, as a probability; for more than two classes the
        best offsets. Not applied: to apply it did worse on new data.

    threshold_std_ : float or ndarray of shape (n_classes,)
        Standard deviation over the folds of the cut of the warm start, as a
        probability, or of the offsets.

    classes_ : ndarray of shape (n_classes,)
        Class labels.

    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Weights, of the dtype of X; one row for two classes.

    intercept_ : ndarray of shape (1,) or (n_classes,)
        Biases.

    threshold_ : float
        Two classes: the cut of the probabilities of the warm start, before it was moved
        into the bias.

    class_offsets_ : ndarray of shape (n_classes,)
        More classes: the offsets that were moved into the biases.

    warm_start_score_ : float
        The metric of all rows after the cut, before the steps.

    metric_score_ : float
        The metric of all rows.

    selected_ : str
        Which step of the last fit was kept: "last", "best", or "warm_start".

    amplification_ : float
        The amplification that was taken.

    loss_curve_ : list of float
        Loss and penalty before each step of the last fit.

    best_loss_ : float
        The least of `loss_curve_`.

    n_iter_ : int
        Number of steps.

    device_ : str
        "cpu" or "cuda": where training ran.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of str of shape (n_features,)
        Names of the features, if X had string names for all of them.

    See Also
    --------
    AnyLossClassifier : One amplification and one penalty.
    sklearn.model_selection.GridSearchCV : Searches any parameter, one fit at a time.

    Notes
    -----
    A step takes two products of X with a matrix of a column per head, so time and
    memory grow by n_samples * n_heads; the warm start is solved once per fold and
    penalty and shared by all amplifications.

    References
    ----------
    .. [1] "AnyLoss: Transforming Classification Metrics into Loss Functions", arXiv
       2405.14745.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn_ext import AnyLossClassifierCV
    >>> X, y = make_classification(weights=[0.9], flip_y=0.1, random_state=0)
    >>> model = AnyLossClassifierCV().fit(X, y)
    >>> sorted(model.best_params_)
    ['amplification', 'l2_regularization']
    """

    _parameter_constraints: dict = {
        "metric": [StrOptions(set(METRICS)), callable],
        "metric_params": [dict, None],
        "amplifications": ["array-like"],
        "l2_regularizations": ["array-like"],
        "cv": ["cv_object"],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None],
        "init": [StrOptions({"logistic", "zeros"})],
        "max_iter": [IntegralNotBool(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "device": [StrOptions({"auto", "cpu", "cuda"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        metric="f1",
        *,
        metric_params=None,
        amplifications=(5, 10, 20, 40),
        l2_regularizations=(1e-4,),
        cv=5,
        scoring=None,
        init="logistic",
        max_iter=100,
        learning_rate=0.02,
        class_weight=None,
        device="auto",
        random_state=None,
    ):
        self.metric = metric
        self.metric_params = metric_params
        self.amplifications = amplifications
        self.l2_regularizations = l2_regularizations
        self.cv = cv
        self.scoring = scoring
        self.init = init
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.class_weight = class_weight
        self.device = device
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Choose the setting on the folds and train it on all rows.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Features, on comparable scales.

        y : array-like of shape (n_samples,)
            Class labels, of at least two classes.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows; rows of weight 0 belong to no fold.

        Returns
        -------
        self : AnyLossClassifierCV
            The fitted estimator.

        Raises
        ------
        ValueError
            As :meth:`AnyLossClassifier.fit`, and if a fold lacks a class.
        ImportError
            If torch is not installed.
        """
        import_optional("torch", extra="torch", purpose=type(self).__name__)
        from ._network import training_settings

        with keep_fit_on_error(self):
            grid = self._grid()
            with training_settings():
                data = read_rows(self, X, y, sample_weight, is_linear=True)
                found = self._search(data, y, grid)
            best = grid[found.pop("best")]
            found["oof_scores_"] = _spread(found["oof_scores_"], data)
            final = AnyLossClassifier(
                **best, **self._shared(), random_state=self.random_state
            ).fit(X, y, sample_weight)
            for name in [n for n in vars(self) if n.endswith("_")]:
                delattr(self, name)
            vars(self).update({n: v for n, v in vars(final).items() if n.endswith("_")})
            vars(self).update(found, best_params_=best)
        return self

    def _shared(self):
        names = (
            "metric",
            "metric_params",
            "init",
            "max_iter",
            "learning_rate",
            "class_weight",
            "device",
        )
        return {name: getattr(self, name) for name in names}

    def _grid(self):
        """Return the settings, a dict each."""
        axes = []
        for name, is_open in (("amplifications", True), ("l2_regularizations", False)):
            values = np.asarray(getattr(self, name))
            is_number = values.dtype.kind in "iuf" and values.ndim == 1
            is_number = is_number and np.isfinite(values).all()
            if (
                not (is_number and len(values))
                or not ((values > 0) if is_open else (values >= 0)).all()
            ):
                least = "above" if is_open else "of at least"
                raise ValueError(
                    f"{name} must hold finite numbers {least} 0, got "
                    f"{getattr(self, name)!r}."
                )
            axes.append([float(value) for value in values])
        return [
            {"amplification": amplification, "l2_regularization": penalty}
            for amplification, penalty in product(*axes)
        ]

    def _search(self, data, y, grid):
        """Train the heads of all folds and settings; return what is found."""
        from ._objective import check_callable_metric
        from ._search import search_grid

        metric = exact_metric(self.metric, self.metric_params, data.classes)
        if callable(self.metric):
            check_callable_metric(metric, data.n_classes)
        folds = _folds(self.cv, data, y)
        n_numbers = (
            float(np.prod(data.X.shape)) * self.max_iter * len(folds) * len(grid)
        )
        device = resolve_device(
            self.device,
            is_worth_it=n_numbers >= WORTH_A_GPU,
            purpose=f"{type(self).__name__}(device={self.device!r})",
        )
        return search_grid(
            data,
            folds,
            grid,
            metric,
            class_weight=self.class_weight,
            init=self.init,
            steps=(self.max_iter, self.learning_rate),
            device=device,
            judge=None if self.scoring is None else partial(self._judge, data.classes),
        )

    def _judge(self, classes, coef, intercept, rows):
        """Return the score of a head by `scoring`."""
        model = AnyLossClassifier(**self._shared())
        model.classes_, model.n_features_in_ = classes, coef.shape[1]
        model.coef_, model.intercept_ = coef, intercept
        scorer = check_scoring(model, scoring=self.scoring)
        return scorer(model, rows.X, classes[rows.codes])

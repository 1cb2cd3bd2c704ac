"""AnyLossClassifier: a linear head trained on the metric that it is judged by.

"AnyLoss: Transforming Classification Metrics into Loss Functions", arXiv 2405.14745.
"""

from numbers import Real

import numpy as np

from sklearn_ext._core._sklearn import Interval, StrOptions
from sklearn_ext.losses._metrics import METRICS, ConfusionMetric

from ._torch_loss import TorchLossClassifier

__all__ = ["AnyLossClassifier", "exact_metric"]

METRIC_PARAMS = ("average", "beta", "cost", "pos_label")


def exact_metric(metric, metric_params, classes):
    """Return the `ConfusionMetric` of the parameters of an estimator.

    Raises ValueError for unknown keys, a `pos_label` that is no class, and what does
    not suit the number of classes.
    """
    params = dict(metric_params or {})
    unknown = sorted(set(params) - set(METRIC_PARAMS), key=str)
    if unknown:
        raise ValueError(
            f"metric_params must have keys from {list(METRIC_PARAMS)}, got {unknown}."
        )
    if "pos_label" in params:
        if len(classes) > 2:
            raise ValueError(
                f"pos_label of metric_params is for two classes, and y has "
                f"{len(classes)}; leave it out."
            )
        is_label = np.ndim(params["pos_label"]) == 0
        position = np.flatnonzero(classes == params["pos_label"]) if is_label else []
        if len(position) != 1:
            raise ValueError(
                f"pos_label={params['pos_label']!r} of metric_params is not one of the "
                f"classes {classes.tolist()}."
            )
        params["pos_label"] = int(position[0])
    if params.get("cost") is not None:
        try:
            params["cost"] = np.asarray(params["cost"], dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"cost of metric_params must be a matrix of numbers, got "
                f"{params['cost']!r}."
            ) from error
    exact = ConfusionMetric(metric, **params)
    exact.check(len(classes))
    return exact


class AnyLossClassifier(TorchLossClassifier):
    """A classifier trained on the metric that it is judged by, such as F1.

    It starts at a logistic regression, moves its scores to the cut where the metric of
    the training rows is best, which is searched exactly, and then takes a few steps on
    AnyLoss: the metric of a confusion matrix whose counts are sums of amplified
    probabilities, a = 1 / (1 + exp(-L (p - 1/2))), so that it has a gradient.

    For imbalanced classes it stands beside
    :class:`~sklearn.model_selection.TunedThresholdClassifierCV` of a logistic
    regression, and the user guide shows both, on each of 14 tables.

    Read more in the :ref:`User Guide <metric_losses>`.

    Parameters
    ----------
    metric : str or callable, default="f1"
        "accuracy", "balanced_accuracy", "cost", "f1", "fbeta", "fowlkes_mallows",
        "gmean", "informedness", "jaccard", "kappa", "markedness", "mcc", "precision",
        "recall" or "specificity". Or a function of (tp, fp, fn, tn) with operators and
        methods that NumPy arrays and torch tensors share; with
        ``metric_params={"average": None}`` a function of the confusion matrices of
        shape (..., n_classes, n_classes), rows true.

    metric_params : dict or None, default=None
        "beta" for "fbeta"; "average" of metrics of a class: "auto" ("binary" for two
        classes, else "macro"), "binary", "macro", "weighted" or "micro"; "pos_label",
        the positive class of "binary", ``classes_[1]`` unless given; "cost", the matrix
        of costs for "cost", rows true and columns predicted.

    amplification : float, "auto" or None, default=10.0
        Called *L* in [1]_, which uses 73. A large one counts almost like the metric
        itself, but only rows near the cut have a gradient. "auto" is the largest that
        the dtype holds, 73 for float64 and 33 for float32; None counts probabilities.

    hidden_layer_sizes : array-like of int, default=()
        Units of the hidden layers, which are rectified linear. () is a linear head.

    l2_regularization : float, default=0.0001
        Adds this times the sum of squares of all weights to the loss; biases are free.
        In the terms of scikit-learn C is 1 / (2 * n_samples * l2_regularization).

    init : {"logistic", "zeros", "he"}, default="logistic"
        Where the steps start: "logistic" at the converged logistic regression (with
        hidden layers: 200 steps on the logistic loss); "zeros" at zero, for linear
        heads; "he" at random weights of variance 2 / fan-in.

    threshold : {"auto", "final"} or None, default="auto"
        When the exact cut is searched: after the warm start, or once more on the final
        scores, or never. It is moved into the biases.

    log_loss_share : "auto" or float, default="auto"
        Share, in [0, 1), of the logistic loss of the scores before the cut in what the
        steps minimise; the rest is the loss of the metric. It keeps the scores near
        the warm start, which few rows need and many do not: "auto" is
        3500 / (3500 + n_samples), with the sum of the weights for n_samples. Without a
        warm start and a cut it is not used.

    optimizer : {"adam", "gd", "lbfgs"}, default="adam"
        "gd" are plain gradient steps, as in [1]_.

    max_iter : int, default=100
        Passes over the rows.

    learning_rate : float, default=0.02
        Step size of "adam" and "gd".

    batch_size : "auto" or int, default="auto"
        Rows per step. "auto" takes all up to about a million rows (65,536 with hidden
        layers), else 4,096; the classes have their share in each mini-batch. With
        mini-batches a `sample_weight` of k is k repetitions in expectation only.

    n_iter_no_change : int or None, default=None
        Early stopping: hold out a tenth of each class, stop after so many epochs
        without a better metric on it, and keep the best epoch. None uses all rows.

    class_weight : dict, "balanced" or None, default=None
        Factors of the classes, which multiply `sample_weight`, also in the metric.

    device : {"auto", "cpu", "cuda"}, default="auto"
        Where training runs. "auto" takes a GPU only if the work is large.

    random_state : int, RandomState instance or None, default=None
        Seed of random weights, of mini-batches and of the held-out rows. The default
        recipe on up to a million rows draws nothing.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.

    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Weights of a linear head, of the dtype of X; one row for two classes.

    intercept_ : ndarray of shape (1,) or (n_classes,)
        Biases of a linear head.

    coefs_ : list of ndarray of shape (n_outputs, n_inputs)
        Weights of the layers, if there are hidden ones.

    intercepts_ : list of ndarray of shape (n_outputs,)
        Biases of the layers, if there are hidden ones.

    threshold_ : float
        Two classes: the cut of the probabilities of the warm start, before it was moved
        into the bias; 0.5 if none was searched.

    class_offsets_ : ndarray of shape (n_classes,)
        More classes: the offsets that were moved into the biases.

    warm_start_score_ : float
        The metric of the training rows after the cut, before the steps.

    metric_score_ : float
        The metric of the training rows; not below `warm_start_score_` unless
        `n_iter_no_change` is set.

    selected_ : str
        Which epoch was kept: "last", "best", or "warm_start", the state before the
        first.

    amplification_ : float or None
        The amplification that was used.

    loss_curve_ : list of float
        Loss and penalty of each epoch, before its step; the mean over mini-batches. Of
        "lbfgs" after each iteration.

    best_loss_ : float
        The least of `loss_curve_`.

    n_iter_ : int
        Number of epochs run.

    device_ : str
        "cpu" or "cuda": where training ran.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of str of shape (n_features,)
        Names of the features, if X had string names for all of them.

    See Also
    --------
    AnyLossClassifierCV : Chooses amplification and penalty by cross-validation.
    DiceLossClassifier : The same recipe with the Dice loss.
    sklearn_ext.AnyLoss : The loss alone, for a loop of your own.
    sklearn.model_selection.TunedThresholdClassifierCV : Moves the cut of any model.

    Notes
    -----
    Fitting takes about eight Newton steps of the logistic regression, one sort of the
    scores, and `max_iter` times two products with X. Memory is X and a few numbers per
    row; with many features scikit-learn's solver of the warm start takes twice X more.
    For more than two classes the search of the offsets takes O(n log n + n * n_classes)
    per class and sweep.

    The last epoch is kept if its metric on the training rows is not below that of the
    cut warm start, otherwise the best seen. This is a promise about the training rows,
    not about new ones.

    Where it differs from [1]_: the warm start and the cut, L = 10 instead of 73, 100
    steps of Adam instead of 1,000 plain ones, more than two classes, and any weights.
    The recipe of [1]_ is ``AnyLossClassifier(init="zeros", threshold=None,
    optimizer="gd", learning_rate=0.01, max_iter=1000, amplification=73,
    l2_regularization=0)``.

    Features are expected on comparable scales; put a
    :class:`~sklearn.preprocessing.StandardScaler` before the classifier.

    References
    ----------
    .. [1] "AnyLoss: Transforming Classification Metrics into Loss Functions", arXiv
       2405.14745.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.metrics import f1_score
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_ext import AnyLossClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> X, y = scale(X[:, ::4]), y == 3
    >>> for model in LogisticRegression(), AnyLossClassifier("f1"):
    ...     predicted = model.fit(X[::2], y[::2]).predict(X[1::2])
    ...     print(f"{f1_score(y[1::2], predicted):.2f}")
    0.48
    0.52
    """

    _parameter_constraints: dict = {
        **{
            name: constraint
            for name, constraint in TorchLossClassifier._parameter_constraints.items()
            if name not in ("loss", "tol", "verbose")
        },
        "metric": [StrOptions(set(METRICS)), callable],
        "metric_params": [dict, None],
        "amplification": [
            Interval(Real, 0, None, closed="neither"),
            StrOptions({"auto"}),
            None,
        ],
        "init": [StrOptions({"logistic", "zeros", "he"})],
        "threshold": [StrOptions({"auto", "final"}), None],
        "log_loss_share": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        metric="f1",
        *,
        metric_params=None,
        amplification=10.0,
        hidden_layer_sizes=(),
        l2_regularization=1e-4,
        init="logistic",
        threshold="auto",
        log_loss_share="auto",
        optimizer="adam",
        max_iter=100,
        learning_rate=0.02,
        batch_size="auto",
        n_iter_no_change=None,
        class_weight=None,
        device="auto",
        random_state=None,
    ):
        self.metric = metric
        self.metric_params = metric_params
        self.amplification = amplification
        self.hidden_layer_sizes = hidden_layer_sizes
        self.l2_regularization = l2_regularization
        self.init = init
        self.threshold = threshold
        self.log_loss_share = log_loss_share
        self.optimizer = optimizer
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.device = device
        self.random_state = random_state

    def _recipe(self, data, device, hidden, n_seen):
        from sklearn_ext.losses import AnyLoss

        from ._objective import as_function, check_callable_metric

        metric = exact_metric(self.metric, self.metric_params, data.classes)
        if callable(self.metric):
            check_callable_metric(metric, data.n_classes)
        loss = AnyLoss(
            self.metric,
            beta=metric.beta,
            amplification=self.amplification,
            average=metric.average,
            pos_label=metric.pos_label,
            cost=metric.cost,
        )
        return self._metric_recipe(
            as_function(loss, device, data.n_classes), metric, hidden, n_seen
        )

    def _set_fitted(self, training, data):
        from sklearn_ext.losses._soft import resolve_amplification

        super()._set_fitted(training, data)
        dtype = training.network.parameters.dtype
        self.amplification_ = resolve_amplification(self.amplification, dtype)

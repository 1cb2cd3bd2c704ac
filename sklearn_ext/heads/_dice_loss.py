"""DiceLossClassifier: a linear head trained on the overlap of positives.

"Dice Loss for Data-imbalanced NLP Tasks", arXiv 1911.02855.
"""

from numbers import Real

from sklearn_ext._core._sklearn import Interval, StrOptions
from sklearn_ext.losses._metrics import ConfusionMetric

from ._torch_loss import TorchLossClassifier

__all__ = ["DiceLossClassifier"]


class DiceLossClassifier(TorchLossClassifier):
    """A classifier trained on the Dice loss, with F1 as its exact metric.

    The recipe is that of :class:`AnyLossClassifier`: a logistic regression, the exact
    cut of its scores for F1, then a few steps on the self-adjusting Dice loss of the
    whole batch. Of more than two classes each is a set of its own, and F1 is "macro".

    Read more in the :ref:`User Guide <metric_losses>`.

    Parameters
    ----------
    alpha : float, default=0.0
        Exponent of the self-adjusting weight (1 - p)^alpha, which makes easy rows count
        less; 0 is plain Dice. Above 0.01 it did harm on imbalanced tables.

    smooth : float or tuple of (float, float), default=1.0
        Called *gamma* in [1]_: added to numerator and denominator, or one number for
        each.

    ohem_ratio : float, default=0.0
        Above 0: of the negatives only the highest-scoring enter, this many times the
        number of positives.

    hidden_layer_sizes : array-like of int, default=()
        Units of the hidden layers, which are rectified linear. () is a linear head.

    l2_regularization : float, default=0.0001
        Adds this times the sum of squares of all weights to the loss; biases are free.

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
        "gd" are plain gradient steps.

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
        without a better F1 on it, and keep the best epoch. None uses all rows.

    class_weight : dict, "balanced" or None, default=None
        Factors of the classes, which multiply `sample_weight`, also in F1.

    device : {"auto", "cpu", "cuda"}, default="auto"
        Where training runs. "auto" takes a GPU only if the work is large.

    random_state : int, RandomState instance or None, default=None
        Seed of random weights, of mini-batches and of the held-out rows.

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
        F1 of the training rows after the cut, before the steps.

    metric_score_ : float
        F1 of the training rows; not below `warm_start_score_` unless `n_iter_no_change`
        is set.

    selected_ : str
        Which epoch was kept: "last", "best", or "warm_start", the state before the
        first.

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
    AnyLossClassifier : The same recipe for any metric.
    sklearn_ext.DiceLoss : The loss alone, for a loop of your own.

    Notes
    -----
    An epoch takes two products with X. In [1]_ the weight of a row is part of what is
    differentiated, which gives perfect predictions a loss of 0.917; here the weight is
    constant and stands on both sets, so they have loss 0.

    Features are expected on comparable scales; put a
    :class:`~sklearn.preprocessing.StandardScaler` before the classifier.

    References
    ----------
    .. [1] "Dice Loss for Data-imbalanced NLP Tasks", arXiv 1911.02855.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn_ext import DiceLossClassifier
    >>> X, y = make_classification(weights=[0.9], random_state=0)
    >>> model = DiceLossClassifier().fit(X, y)
    >>> model.score(X, y) > 0.9
    True
    """

    _parameter_constraints: dict = {
        **{
            name: constraint
            for name, constraint in TorchLossClassifier._parameter_constraints.items()
            if name not in ("loss", "tol", "verbose")
        },
        "alpha": [Interval(Real, 0, None, closed="left")],
        "smooth": [Interval(Real, 0, None, closed="left"), tuple],
        "ohem_ratio": [Interval(Real, 0, None, closed="left")],
        "init": [StrOptions({"logistic", "zeros", "he"})],
        "threshold": [StrOptions({"auto", "final"}), None],
        "log_loss_share": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        alpha=0.0,
        *,
        smooth=1.0,
        ohem_ratio=0.0,
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
        self.alpha = alpha
        self.smooth = smooth
        self.ohem_ratio = ohem_ratio
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
        from sklearn_ext.losses import DiceLoss

        from ._objective import as_function

        loss = DiceLoss(
            alpha=self.alpha, smooth=self.smooth, ohem_ratio=self.ohem_ratio
        )
        metric = ConfusionMetric("f1")
        return self._metric_recipe(
            as_function(loss, device, data.n_classes), metric, hidden, n_seen
        )

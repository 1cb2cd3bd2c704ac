"""TorchLossClassifier: a linear head or a small perceptron under any loss."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state

from sklearn_ext._core._callbacks import CallbackSupportMixin, FitSteps
from sklearn_ext._core._encoding import encode_labels
from sklearn_ext._core._fitting import keep_fit_on_error
from sklearn_ext._core._optional import import_optional
from sklearn_ext._core._sklearn import (
    IntegralNotBool,
    Interval,
    StrOptions,
    fit_context,
)
from sklearn_ext._core._torch import resolve_device
from sklearn_ext.losses._metrics import METRICS, ConfusionMetric

from ._data import read_rows
from ._head import Head

__all__ = ["TorchLossClassifier"]

# Numbers of X times epochs from which "auto" looks for a GPU. On an H100 a fit of 1e9
# took half of the time of 16 cores, one of 1e7 twice as long.
WORTH_A_GPU = 1e9


def _hidden_layer_sizes(given):
    """Return the sizes as a tuple of int; ValueError unless all are positive."""
    sizes = (given,) if isinstance(given, Integral) else tuple(given)
    if not all(
        isinstance(size, Integral) and not isinstance(size, bool) and size > 0
        for size in sizes
    ):
        raise ValueError(
            f"hidden_layer_sizes must be integers of at least 1, got {given!r}; () is "
            f"a linear head."
        )
    return tuple(int(size) for size in sizes)


class TorchLossClassifier(CallbackSupportMixin, Head):
    """A linear classifier or a small perceptron, trained on a loss of your choice.

    The loss may be one of :mod:`sklearn_ext.losses`, a ``torch.nn.Module`` or a
    function. Training runs in torch, on whole arrays; what is fitted are NumPy arrays,
    so a fitted classifier predicts where torch is not installed.

    It is the common base of :class:`AnyLossClassifier` and
    :class:`DiceLossClassifier`, which add a warm start, the exact cut of the scores,
    and defaults for imbalanced classes.

    Read more in the :ref:`User Guide <metric_losses>`.

    Parameters
    ----------
    loss : str, module or callable, default="log_loss"
        "log_loss", "focal", "dice", "tversky", "any" or "score_oriented"; or a
        ``torch.nn.Module``, which is copied and never changed; or a callable of
        (input, target, sample_weight) that returns a scalar tensor. `input` are logits,
        of shape (n,) for two classes with `target` 0.0 or 1.0, else (n, n_classes) with
        `target` positions in `classes_`; `sample_weight` is None if all are 1. Losses
        of (input, target) work without weights, such as ``BCEWithLogitsLoss`` for two
        classes and ``CrossEntropyLoss`` for more.

    hidden_layer_sizes : array-like of int, default=()
        Units of the hidden layers, which are rectified linear. () is a linear head.

    l2_regularization : float, default=0.0001
        Adds this times the sum of squares of all weights to the loss; biases are free.

    init : {"auto", "logistic", "zeros", "he"}, default="auto"
        Where training starts: "logistic" at a logistic regression, "zeros" at zero (for
        linear heads), "he" at random weights of variance 2 / fan-in. "auto" is "zeros"
        for linear heads, else "he".

    threshold : str or None, default=None
        Name of a metric, such as "f1", whose best cut of the final training scores is
        searched exactly and moved into the biases. None leaves the scores.

    optimizer : {"adam", "gd", "lbfgs"}, default="adam"
        "gd" are plain gradient steps; "lbfgs" is for smooth losses and uses all rows
        at once.

    max_iter : int, default=200
        The most passes over the rows; of "lbfgs", iterations.

    learning_rate : float, default=0.01
        Step size of "adam" and "gd".

    batch_size : "auto" or int, default="auto"
        Rows per step. "auto" takes all up to about a million rows (65,536 with hidden
        layers), else 4,096; the classes have their share in each mini-batch. With
        mini-batches a `sample_weight` of k is k repetitions in expectation only.

    tol : float, default=0.0001
        Training stops when ten epochs in a row did not lower the loss by this much;
        "lbfgs" when no component of the gradient is larger.

    n_iter_no_change : int or None, default=None
        Early stopping: hold out a tenth of each class, stop after so many epochs
        without a better result on it, and keep the best epoch. None uses all rows.

    class_weight : dict, "balanced" or None, default=None
        Factors of the classes, which multiply `sample_weight`.

    device : {"auto", "cpu", "cuda"}, default="auto"
        Where training runs. "auto" takes a GPU only if the work is large.

    random_state : int, RandomState instance or None, default=None
        Seed of random weights, of mini-batches and of the held-out rows.

    verbose : int, default=0
        Above 0, one line is printed per epoch.

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
        Two classes: the cut of the probabilities that was moved into the bias; 0.5 if
        none was searched.

    class_offsets_ : ndarray of shape (n_classes,)
        More classes: the offsets that were moved into the biases.

    metric_score_ : float
        The metric of `threshold` on the training rows.

    warm_start_score_ : float
        The same at the start of training.

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
    AnyLossClassifier : Trained on a classification metric, with the best recipe.
    DiceLossClassifier : Trained on the overlap of predicted and true positives.
    sklearn.linear_model.SGDClassifier : Linear models under scikit-learn's losses.

    Notes
    -----
    An epoch takes O(n_samples * n_features * n_units) operations and two reads of X.
    float32 rows are trained in float32, without a float64 copy.

    For a fixed `random_state` the result on a CPU has the same bits for any number of
    threads: rows are worked on in blocks that depend on the data alone, and added in
    order. Threads of torch and BLAS are limited during `fit` and restored after it.

    Features are expected on comparable scales; put a
    :class:`~sklearn.preprocessing.StandardScaler` before the classifier.

    "auto" takes a GPU from about a billion numbers of X times epochs on, where it was
    faster in measurements; the result on a GPU is the same to a few digits only.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn_ext import TorchLossClassifier
    >>> X, y = make_classification(weights=[0.9], random_state=0)
    >>> model = TorchLossClassifier("focal", threshold="f1").fit(X, y)
    >>> model.predict(X).shape
    (100,)
    """

    _parameter_constraints: dict = {
        "loss": [
            StrOptions(
                {"log_loss", "focal", "dice", "tversky", "any", "score_oriented"}
            ),
            callable,
        ],
        "hidden_layer_sizes": [
            "array-like",
            IntegralNotBool(Integral, 1, None, closed="left"),
        ],
        "l2_regularization": [Interval(Real, 0, None, closed="left")],
        "init": [StrOptions({"auto", "logistic", "zeros", "he"})],
        "threshold": [StrOptions(set(METRICS) - {"cost"}), None],
        "optimizer": [StrOptions({"adam", "gd", "lbfgs"})],
        "max_iter": [IntegralNotBool(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [
            StrOptions({"auto"}),
            IntegralNotBool(Integral, 1, None, closed="left"),
        ],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_iter_no_change": [IntegralNotBool(Integral, 1, None, closed="left"), None],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "device": [StrOptions({"auto", "cpu", "cuda"})],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        loss="log_loss",
        *,
        hidden_layer_sizes=(),
        l2_regularization=1e-4,
        init="auto",
        threshold=None,
        optimizer="adam",
        max_iter=200,
        learning_rate=0.01,
        batch_size="auto",
        tol=1e-4,
        n_iter_no_change=None,
        class_weight=None,
        device="auto",
        random_state=None,
        verbose=0,
    ):
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.l2_regularization = l2_regularization
        self.init = init
        self.threshold = threshold
        self.optimizer = optimizer
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Train on all rows.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Features, on comparable scales; sparse only without hidden layers.

        y : array-like of shape (n_samples,)
            Class labels, of at least two classes.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows: k is k repetitions, 0 leaves a row out.

        Returns
        -------
        self : TorchLossClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            If X holds NaN or infinity, y has fewer than two classes, a weight is
            negative, ``device="cuda"`` finds no GPU, or a parameter is invalid.
        TypeError
            If X is sparse and there are hidden layers, or the loss returns no scalar
            tensor.
        ImportError
            If torch is not installed.
        """
        import_optional("torch", extra="torch", purpose=type(self).__name__)
        from ._network import training_settings

        given = {"X": X, "y": y, "sample_weight": sample_weight}
        with keep_fit_on_error(self), training_settings() as n_threads:
            data = read_rows(self, X, y, sample_weight, is_linear=self._is_linear())
            data = data.with_class_weight(self.class_weight)
            training = self._training(data, n_threads)
            training.start()
            steps = FitSteps(self, self.max_iter, "epoch", **given)
            training.run(
                steps,
                lambda: training.prediction_attributes() | {"classes_": data.classes},
                self._print_line if vars(self).get("verbose") else None,
            )
            self._set_fitted(training, data)
            steps.finish()
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train on one pass over more rows, for streams that do not fit into memory.

        The first call starts as `fit` does, on its own rows if they hold all classes,
        else without a warm start. Every call then makes one pass over its rows in
        mini-batches and goes on from the weights and the moments of "adam" of the call
        before. After `fit` it goes on from there. The cut is searched in the warm start
        only, there are no callbacks, and a pass to what is not finite is undone.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Features, as in `fit`.

        y : array-like of shape (n_samples,)
            Class labels, not necessarily of all classes.

        classes : array-like of shape (n_classes,), default=None
            All labels that will come; the first call needs it.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        self : TorchLossClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            As in `fit`; if the first call does not name the classes; if y holds another
            label; for ``optimizer="lbfgs"``, ``n_iter_no_change`` and
            ``class_weight="balanced"``, which need all rows.
        """
        import_optional("torch", extra="torch", purpose=type(self).__name__)
        from ._network import training_settings

        self._check_streaming()
        is_first = not hasattr(self, "classes_")
        classes = self._check_classes(classes)
        with keep_fit_on_error(self), training_settings() as n_threads:
            data = read_rows(
                self,
                X,
                y,
                sample_weight,
                is_linear=self._is_linear() if is_first else hasattr(self, "coef_"),
                reset=is_first,
                classes=classes,
            ).with_class_weight(self.class_weight)
            if is_first:
                training = self._training(data, n_threads)
                if len(np.unique(data.codes)) == len(classes):
                    training.start()
            else:
                layers = self._layers()
                data = data.astype(layers[0][0].dtype)
                training = self._training(data, n_threads, layers)
                training.resume(vars(self))
            training.pass_in_stream()
            training.judge()
            self._set_fitted(training, data)
            self._moments_ = training.moments()
        return self

    def _check_streaming(self):
        """Raise ValueError for parameters that need all rows."""
        for name, value in {
            "optimizer": "lbfgs",
            "class_weight": "balanced",
        }.items():
            if isinstance(getattr(self, name), str) and getattr(self, name) == value:
                raise ValueError(
                    f"partial_fit does not work with {name}={value!r}, which needs all "
                    f"rows. Give another {name}, or use fit."
                )
        if self.n_iter_no_change is not None:
            raise ValueError(
                f"partial_fit does not work with n_iter_no_change="
                f"{self.n_iter_no_change!r}, which holds out rows of the whole. Use "
                f"n_iter_no_change=None, or fit."
            )

    def _check_classes(self, classes):
        """Return the classes of the stream, sorted."""
        if classes is None:
            if not hasattr(self, "classes_"):
                raise ValueError("The first call of partial_fit needs classes.")
            return self.classes_
        classes = np.asarray(classes)
        if classes.ndim != 1:
            raise ValueError(
                f"classes must be a list or 1-D array of labels, got {classes!r}."
            )
        classes, _ = encode_labels(classes)
        if hasattr(self, "classes_"):
            if not np.array_equal(classes, self.classes_):
                raise ValueError(
                    f"classes {classes.tolist()} differ from those of the first call, "
                    f"{self.classes_.tolist()}."
                )
        elif len(classes) < 2:
            raise ValueError(
                f"classes must hold at least 2 labels, got {classes.tolist()}."
            )
        return classes

    def _training(self, data, n_threads, layers=None):
        """Return the training of validated rows, to be started or gone on with."""
        from ._training import Training

        n_numbers = float(np.prod(data.X.shape)) * self.max_iter
        device = resolve_device(
            self.device,
            is_worth_it=n_numbers >= WORTH_A_GPU,
            purpose=f"{type(self).__name__}(device={self.device!r})",
        )
        if layers is None:
            hidden = _hidden_layer_sizes(self.hidden_layer_sizes)
        else:
            hidden = tuple(len(intercept) for intercept in layers[1][:-1])
        n_seen = data.weight.sum() + (0 if layers is None else self._n_seen_)
        training = Training(
            self._recipe(data, device, hidden, n_seen),
            data,
            check_random_state(self.random_state),
            device,
            n_threads,
            layers,
        )
        training.n_seen = n_seen
        return training

    def _recipe(self, data, device, hidden, n_seen):
        """Return what `Training` is to do; subclasses have their own."""
        from ._objective import as_function
        from ._training import Recipe

        metric = None
        if self.threshold is not None:
            metric = ConfusionMetric(self.threshold)
        return Recipe(
            loss=as_function(self.loss, device, data.n_classes),
            metric=metric,
            selects=False,
            init=self._init_of(hidden),
            cuts_first=False,
            cuts_last=metric is not None,
            log_loss_share=0.0,
            hidden_layer_sizes=hidden,
            tol=self.tol,
            **self._settings(),
        )

    def _metric_recipe(self, loss, metric, hidden, n_seen):
        """Return the recipe of warm start, exact cut and steps on a metric's loss."""
        from ._training import Recipe
        from ._warm_start import log_loss_share

        return Recipe(
            loss=loss,
            metric=metric,
            selects=True,
            init=self._init_of(hidden),
            cuts_first=self.threshold is not None,
            cuts_last=self.threshold == "final",
            log_loss_share=log_loss_share(self.log_loss_share, n_seen),
            hidden_layer_sizes=hidden,
            tol=None,
            **self._settings(),
        )

    def _settings(self):
        """Return the parameters that a recipe takes as they are."""
        names = (
            "l2_regularization",
            "optimizer",
            "learning_rate",
            "max_iter",
            "batch_size",
            "n_iter_no_change",
        )
        return {name: getattr(self, name) for name in names}

    def _init_of(self, hidden):
        if self.init == "auto":
            return "he" if hidden else "zeros"
        if self.init == "zeros" and hidden:
            raise ValueError(
                "init='zeros' is for linear heads: hidden layers of zeros have no "
                "gradient. Use init='he'."
            )
        return self.init

    def _set_fitted(self, training, data):
        """Replace all fitted attributes."""
        kept = {"n_features_in_", "feature_names_in_"}
        for name in [n for n in vars(self) if n.endswith("_") and n not in kept]:
            delattr(self, name)
        self.classes_ = data.classes
        self._n_seen_ = training.n_seen
        vars(self).update(training.fitted_attributes())

    @staticmethod
    def _print_line(epoch, loss):
        print(f"epoch {epoch}: loss {loss:.6f}")  # noqa: T201

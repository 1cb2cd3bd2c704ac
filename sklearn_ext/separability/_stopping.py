"""When to stop the training of an embedding model, told from unlabelled rows."""

import warnings
from contextlib import contextmanager
from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state

from sklearn_ext._core._optional import import_optional
from sklearn_ext._core._sklearn import (
    BaseEstimator,
    IntegralNotBool,
    Interval,
    StrOptions,
    num_samples,
)

from ._scorer import class_separability_score
from ._statistics import STATISTICS

__all__ = ["SeparabilityStopping"]

FLAT = 1e-12  # a range of scores below it is no range
MAX_SEED = np.iinfo(np.int32).max


@contextmanager
def _evaluating(module):
    """Switch dropout and gradients of a torch module off, and restore its modes."""
    torch = import_optional("torch", extra="torch", purpose="SeparabilityStopping")
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for part, mode in modes:
            part.training = mode


class SeparabilityStopping(BaseEstimator):
    """Early stopping by the class separability of embeddings, without any label.

    Embed the same unlabelled rows, the probe set, after each epoch and hand them to
    :meth:`update`. It computes a score of their separability, smooths it, and says when
    it has not grown for a while. While an embedding model is fine-tuned for
    classification the score tends to grow as the accuracy does.

    A step is an improvement if the smoothed score exceeds the best one so far by more
    than `min_delta` times the range that the smoothed scores have covered. Training
    should stop after `patience` steps in a row without one.

    Parameters
    ----------
    statistic : {"mass", "mass_max", "mean", "median", "entropy", "gini", "cv", \
"kurtosis"}, default="entropy"
        The score, as in :class:`~sklearn_ext.ClassSeparability`.

    normalize : bool, default=True
        Whether to divide each embedding by its L2 norm first, as suits models that end
        in a normalisation or are compared by cosines. See Notes for others.

    patience : int, default=5
        Stop after so many steps in a row without an improvement.

    min_delta : float, default=0.01
        The least improvement, as a share of the range of the smoothed scores so far.

    smoothing : float, default=0.3
        Weight, in [0, 1), of the previous smoothed score in the next one. 0 does not
        smooth.

    max_samples : int or None, default=2000
        Score at most so many rows, the same ones at each step. None scores all.

    random_state : int, RandomState instance or None, default=None
        Draws these rows.

    Attributes
    ----------
    history_ : list of dict
        One entry per step with the keys `epoch`, the number of the step from 0 on;
        `score`; `smoothed`; `best`, the smoothed score at the last improvement; and
        `wait`, the number of steps since then.

    best_epoch_ : int
        Step of the last improvement.

    best_score_ : float
        The smoothed score there.

    stopped_epoch_ : int or None
        Step at which training should have stopped first; None before that.

    n_samples_ : int
        Number of rows that the last score is of.

    See Also
    --------
    class_separability_score : The score of one set of embeddings.
    SeparabilityDisplay.from_stopping : A picture of the scores.

    Notes
    -----
    The statistics summarise the bars of zero-dimensional persistent homology, and the
    idea to follow such a summary during fine-tuning is that of [1]_. This stopping rule
    is not from there, and neither is the default statistic.

    The probe set must not change: bar lengths shrink like n to the power -1/d as rows
    are added, so scores of different numbers of rows do not compare. An update with
    another number of rows warns.

    A score is not an accuracy. The rule finds where the score rests, which may grow on
    slowly when the accuracy has long levelled off, and it knows nothing of overfitting:
    a score that stays high can go with an accuracy that falls.

    The default fits models whose last layer normalises. In runs of a small network on
    handwritten digits it kept 99 to 100 % of the best accuracy with a final LayerNorm,
    but 92 to 94 % without that layer, where ``normalize=False`` kept 95 to 98 %. Give
    the first update after the first epoch, as the callbacks do: what a network makes of
    the rows before it has learnt anything may well score higher than what comes next.

    One update costs a spanning tree of the n scored rows with d features, at most
    O(n^2 d) operations.

    References
    ----------
    .. [1] "Estimating class separability of text embeddings with persistent homology".
       Transactions on Machine Learning Research, 2024. arXiv:2305.15016.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ext import SeparabilityStopping
    >>> rng = np.random.default_rng(0)
    >>> noise, centres = rng.normal(size=(2, 60, 8))
    >>> stopping = SeparabilityStopping(patience=2)
    >>> for epoch in range(20):  # three groups that move apart, up to epoch 6
    ...     embeddings = noise + min(epoch, 6) * centres[np.arange(60) % 3]
    ...     if stopping.update(embeddings):
    ...         break
    >>> stopping.best_epoch_, stopping.stopped_epoch_
    (8, 10)
    """

    _parameter_constraints: dict = {
        "statistic": [StrOptions(set(STATISTICS))],
        "normalize": ["boolean"],
        "patience": [IntegralNotBool(Integral, 1, None, closed="left")],
        "min_delta": [Interval(Real, 0, None, closed="left")],
        "smoothing": [Interval(Real, 0, 1, closed="left")],
        "max_samples": [IntegralNotBool(Integral, 2, None, closed="left"), None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        statistic="entropy",
        *,
        normalize=True,
        patience=5,
        min_delta=0.01,
        smoothing=0.3,
        max_samples=2000,
        random_state=None,
    ):
        self.statistic = statistic
        self.normalize = normalize
        self.patience = patience
        self.min_delta = min_delta
        self.smoothing = smoothing
        self.max_samples = max_samples
        self.random_state = random_state

    def update(self, embeddings):
        """Score the embeddings of the probe set, and decide.

        Parameters
        ----------
        embeddings : array-like, DataFrame or tensor of shape (n_samples, n_features)
            One row per row of the probe set, always in the same order. A tensor may
            need gradients and lie on any device.

        Returns
        -------
        stop : bool
            Whether to stop now.

        Raises
        ------
        TypeError
            As :func:`~sklearn_ext.class_separability_score` does.
        ValueError
            If a parameter has a value that it cannot have, or the embeddings cannot be
            scored. The attributes stay as they were.
        """
        self._validate_params()
        n_given = num_samples(embeddings)
        n_first = getattr(self, "_n_first", n_given)
        if n_given != n_first:
            warnings.warn(
                f"embeddings has {n_given} rows, but {n_first} at the first update. "
                f"Scores of different rows do not compare: embed the same probe set "
                f"at each step, or call reset() for a new run.",
                UserWarning,
                stacklevel=2,
            )
        seed = getattr(self, "_seed", None)
        n_used, draw = n_given, {}
        if self.max_samples is not None and self.max_samples < n_given:
            if seed is None:
                seed = check_random_state(self.random_state).randint(MAX_SEED)
            n_used = self.max_samples
            draw = {"max_samples": n_used, "random_state": seed}
        try:
            score = class_separability_score(
                embeddings, statistic=self.statistic, normalize=self.normalize, **draw
            )
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"embeddings, called X here, has no score: {error}") from error
        self._n_first, self._seed, self.n_samples_ = n_first, seed, n_used
        return self._record(float(score))

    def _record(self, score):
        """Add a score to the history, and return whether to stop."""
        if not hasattr(self, "history_"):
            self.history_, self.stopped_epoch_ = [], None
        epoch = len(self.history_)
        smoothed, best, wait = score, -np.inf, 0
        if epoch:
            last = self.history_[-1]
            # In this form equal scores stay equal, and 0 does not smooth, to the bit.
            smoothed = score + self.smoothing * (last["smoothed"] - score)
            best, wait = last["best"], last["wait"]
        past = [entry["smoothed"] for entry in self.history_] + [smoothed]
        if smoothed > best + self.min_delta * max(max(past) - min(past), FLAT):
            best, wait = smoothed, 0
            self.best_epoch_, self.best_score_ = epoch, best
        else:
            wait += 1
        self.history_.append(
            {
                "epoch": epoch,
                "score": score,
                "smoothed": smoothed,
                "best": best,
                "wait": wait,
            }
        )
        stop = wait >= self.patience
        if stop and self.stopped_epoch_ is None:
            self.stopped_epoch_ = epoch
        return stop

    def reset(self):
        """Forget all updates, for a new run or another probe set.

        Returns
        -------
        self : SeparabilityStopping
            The object, as it was made.
        """
        for name in vars(self).keys() - self.get_params().keys():
            delattr(self, name)
        return self

    def as_skorch_callback(self, embed):
        """Make a callback that updates after each epoch of a skorch net.

        It ends the training as an interrupt of the keyboard does, so that the net stays
        fitted. A training that starts anew resets this object.

        Parameters
        ----------
        embed : callable
            Called with the net; returns the embeddings of the probe set. The module of
            the net is in evaluation mode and gradients are off.

        Returns
        -------
        callback : skorch.callbacks.Callback
            For the `callbacks` of the net. It updates this object, and a clone of the
            net updates a clone of it.

        Raises
        ------
        TypeError
            If `embed` is not callable.
        ValueError
            If a parameter has a value that it cannot have.
        ImportError
            If skorch is not installed.
        """
        self._check_adapter(embed)
        callbacks = import_optional(
            "skorch.callbacks", extra="skorch", purpose="as_skorch_callback"
        )

        class SeparabilityCallback(callbacks.Callback):
            def __init__(self, stopping, embed):
                self.stopping = stopping
                self.embed = embed

            def __reduce__(self):  # pickle does not find a class inside a function
                make = SeparabilityStopping.as_skorch_callback
                return make, (self.stopping, self.embed)

            def on_train_begin(self, net, X=None, y=None, **kwargs):
                if not net.history:  # not so when a training goes on
                    self.stopping.reset()

            def on_epoch_end(self, net, **kwargs):
                with _evaluating(net.module_):
                    embeddings = self.embed(net)
                if self.stopping.update(embeddings):
                    raise KeyboardInterrupt  # this is how skorch stops

        return SeparabilityCallback(self, embed)

    def as_trainer_callback(self, embed):
        """Make a callback for a trainer of transformers or sentence-transformers.

        It updates after each epoch, or after each evaluation if the trainer has
        ``eval_strategy="steps"``, and sets ``should_training_stop``. A training that
        starts anew resets this object.

        Parameters
        ----------
        embed : callable
            Called with the model; returns the embeddings of the probe set, such as
            ``lambda model: model.encode(texts)``. The model is in evaluation mode and
            gradients are off.

        Returns
        -------
        callback : transformers.TrainerCallback
            For the `callbacks` of the trainer. It updates this object.

        Raises
        ------
        TypeError
            If `embed` is not callable.
        ValueError
            If a parameter has a value that it cannot have.
        ImportError
            If transformers is not installed.
        """
        self._check_adapter(embed)
        transformers = import_optional(
            "transformers", extra="transformers", purpose="as_trainer_callback"
        )

        class SeparabilityCallback(transformers.TrainerCallback):
            def __init__(self, stopping, embed):
                self.stopping = stopping
                self.embed = embed
                self.is_training = False

            def __reduce__(self):  # pickle does not find a class inside a function
                make = SeparabilityStopping.as_trainer_callback
                return make, (self.stopping, self.embed)

            def on_train_begin(self, args, state, control, **kwargs):
                self.is_training = True
                if state.global_step == 0:  # not so when a training goes on
                    self.stopping.reset()

            def on_train_end(self, args, state, control, **kwargs):
                self.is_training = False

            def on_epoch_end(self, args, state, control, **kwargs):
                if args.eval_strategy != "steps":
                    self._update(control, **kwargs)

            def on_evaluate(self, args, state, control, **kwargs):
                # An evaluation that is asked for beside the training is no step of it.
                if args.eval_strategy == "steps" and self.is_training:
                    self._update(control, **kwargs)

            def _update(self, control, model, **kwargs):
                with _evaluating(model):
                    embeddings = self.embed(model)
                if self.stopping.update(embeddings):
                    control.should_training_stop = True

        return SeparabilityCallback(self, embed)

    def _check_adapter(self, embed):
        """Raise before a training starts for what would fail after its first epoch."""
        self._validate_params()
        if not callable(embed):
            raise TypeError(
                f"embed must be callable and return the embeddings of the probe set, "
                f"got {type(embed).__name__}."
            )

"""One training of a head: warm start, exact cut, steps on a loss, selection.

The exact metric is that of the predictions, the loss its smooth stand-in: steps are
made on the loss, and what they are worth is read off the metric.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sklearn_ext._core._optional import import_optional
from sklearn_ext.losses._metrics import Counts

from ._batches import stratified_batches
from ._network import Network, Rows, initial_parameters
from ._objective import differentiate, log_loss
from ._optimizers import OPTIMIZERS, Adam
from ._selection import Keeper
from ._threshold import TIE, confusion, find_cut
from ._warm_start import logistic_start

torch = import_optional("torch", extra="torch", purpose="Training a head")

__all__ = ["Recipe", "Training"]


# "auto" takes all rows at once up to here: that costs less than as many passes in small
# batches, and the metric of a batch is not that of the rows. Hidden layers keep what
# they put out for each row, hence the second number.
FULL_BATCH, FULL_BATCH_HIDDEN = 1 << 20, 1 << 16
MINI_BATCH = 4_096
DEFAULT_TOL = 1e-4  # of "lbfgs" where the classifier has no parameter for it
VALIDATION_SHARE = 0.1
# Steps of the warm start of a network with hidden layers, which has no closed solution.
WARM_STEPS, WARM_RATE = 200, 0.01
WARM_ITER, WARM_TOL = 1_000, 1e-6  # of a linear head on a GPU
# A metric this much lower than before the steps, on features whose scales differ by
# this factor, needs a warning.
WORSE, MOST_SPREAD = 0.05, 10


@dataclass(frozen=True)
class Recipe:
    """What is to be done; see the parameters of the estimators.

    Parameters
    ----------
    loss : callable
        Of (logits, target, weight or None), as of `as_function`.
    metric : ConfusionMetric or None
        What the exact cut and the selection are for.
    selects : bool
        Whether the steps are judged by the metric.
    cuts_first, cuts_last : bool
        Whether the exact cut is searched after the warm start, and at the end.
    log_loss_share : float
        How much of the logistic loss of the scores before the cut is kept.
    """

    loss: Any
    metric: Any
    selects: bool
    init: str
    cuts_first: bool
    cuts_last: bool
    log_loss_share: float
    hidden_layer_sizes: tuple
    l2_regularization: float
    optimizer: str
    learning_rate: float
    max_iter: int
    batch_size: Any
    tol: float
    n_iter_no_change: Any


def _spread_of_scales(X):
    """Return the largest mean size of a feature over the smallest, or over 1.

    1 for sparse rows: there a small mean is a rare word.
    """
    if sparse.issparse(X):
        return 1.0
    scale = np.abs(X).mean(axis=0)
    scale = scale[scale > 0]
    return scale.max() / min(scale.min(), 1) if len(scale) else 1.0


class _Part:
    """Rows on the device, with what a loss and an exact metric need of them."""

    def __init__(self, data, device):
        self.data = data
        self.is_binary = data.n_classes == 2
        self.rows = Rows(data.X, device)
        dtype = torch.from_numpy(np.empty(0, data.X.dtype)).dtype
        self.target = torch.from_numpy(data.codes).to(device)
        if self.is_binary:
            self.target = self.target.to(dtype)
        self.weight = None
        if not (data.weight == 1).all():
            self.weight = torch.from_numpy(data.weight).to(device, dtype)

    def __len__(self):
        return len(self.data.codes)

    def take(self, index):
        """Return rows, target and weight at positions, or of all rows if None."""
        if index is None:
            return self.rows, self.target, self.weight
        index = torch.from_numpy(index).to(self.target.device)
        weight = None if self.weight is None else self.weight[index]
        return self.rows.take(index), self.target[index], weight

    def exact(self, logits, metric):
        """Return the metric of the predictions."""
        scores = logits.detach().cpu().numpy()
        predicted = scores[:, 0] > 0 if self.is_binary else scores.argmax(axis=1)
        data = self.data
        matrix = confusion(data.codes, predicted, data.weight, data.n_classes)
        return float(metric(Counts.of(matrix)))


class Training:
    """The state of one training.

    Parameters
    ----------
    recipe : Recipe
    data : TrainingRows
    random_state : RandomState
    device : str
    n_threads : int
    layers : (list of ndarray, list of ndarray) or None
        Weights and biases to go on from; None initialises.
    """

    def __init__(self, recipe, data, random_state, device, n_threads, layers=None):
        self.recipe = recipe
        self._random_state = random_state
        self._device = device
        train, held_out = data, None
        if recipe.n_iter_no_change is not None:
            train, held_out = self._split(data)
        self._train = _Part(train, device)
        self._held_out = None if held_out is None else _Part(held_out, device)
        n_classes = data.n_classes
        n_outputs = 1 if n_classes == 2 else n_classes
        sizes = (data.X.shape[1], *recipe.hidden_layer_sizes, n_outputs)
        if layers is None:
            init = "he" if recipe.hidden_layer_sizes else recipe.init
            start = initial_parameters(sizes, init, random_state, data.X.dtype)
        else:
            pairs = zip(*layers, strict=True)
            start = np.concatenate([each.ravel() for pair in pairs for each in pair])
        self.network = Network(sizes, start, device, n_threads)
        self.optimizer = None
        self._anchor = None
        self.cut = 0.5 if n_classes == 2 else np.zeros(n_classes)
        self.shift = np.zeros(n_outputs)
        self.loss_curve = []
        self.selected = "last"
        self.start_score = self.score = None

    def resume(self, fitted):
        """Go on from fitted attributes of an earlier training."""
        self.loss_curve = list(fitted["loss_curve_"])
        self.start_score = fitted.get("warm_start_score_")
        self.cut = fitted["threshold_" if self._train.is_binary else "class_offsets_"]
        self.shift = fitted["_shift_"]
        if self.shift.any():
            self._keep_log_loss(self.shift)
        moments = fitted.get("_moments_")
        if moments is not None and self.recipe.optimizer == "adam":
            self._make_optimizer()
            self.optimizer.resume(moments)

    def judge(self):
        """Read the metric of the training rows off the parameters of now."""
        if self.recipe.metric is not None:
            self.score = self._exact()
            if self.start_score is None:
                self.start_score = self.score

    def moments(self):
        """Return the state of the optimizer as arrays, None if it has none."""
        return getattr(self.optimizer, "moments", lambda: None)()

    def _make_optimizer(self):
        make = OPTIMIZERS[self.recipe.optimizer]
        self.optimizer = make(self.network.parameters, self.recipe.learning_rate)

    def _split(self, data):
        """Hold out a stratified share of the rows."""
        too_few = ValueError(
            f"n_iter_no_change holds out a tenth of each class, for which y has "
            f"too few rows: {np.bincount(data.codes).tolist()} per class. Use "
            f"n_iter_no_change=None."
        )
        try:
            train, held_out = train_test_split(
                np.arange(len(data.codes)),
                test_size=VALIDATION_SHARE,
                stratify=data.codes,
                random_state=self._random_state,
            )
        except ValueError as error:
            raise too_few from error
        train, held_out = data.take(np.sort(train)), data.take(np.sort(held_out))
        if len(np.unique(held_out.codes)) < data.n_classes:
            raise too_few
        return train, held_out

    # What the loss and the metric say

    def _evaluate(self, loss, batch=None):
        """Return value, flat gradient and logits of the penalised loss."""
        rows, target, weight = self._train.take(batch)
        logits, hidden = self.network.forward(rows)
        if loss is self.recipe.loss and self._anchor is not None:
            loss = self._anchor
        value, slopes = differentiate(loss, logits, target, weight)
        penalty, gradient = self.network.penalty(self.recipe.l2_regularization)
        gradient += self.network.backward(rows, hidden, slopes)
        return value + penalty, gradient, logits

    def _exact(self, part=None, logits=None):
        part = self._train if part is None else part
        if logits is None:
            logits, _ = self.network.forward(part.rows)
        return part.exact(logits, self.recipe.metric)

    def _held_out_score(self):
        """Return the metric of the held-out rows, without one minus their loss."""
        if self.recipe.selects:
            return self._exact(self._held_out)
        rows, target, weight = self._held_out.take(None)
        logits, _ = self.network.forward(rows)
        return -differentiate(self.recipe.loss, logits, target, weight)[0]

    # Warm start and exact cut

    def start(self):
        """Go to the warm start and cut its scores, as far as the recipe says so."""
        recipe = self.recipe
        if recipe.init == "logistic":
            if recipe.hidden_layer_sizes:
                self._warm_steps()
            elif self._device == "cpu":
                data = self._train.data
                start = logistic_start(
                    data.X,
                    data.codes,
                    data.weight,
                    data.n_classes,
                    recipe.l2_regularization,
                )
                self.network.parameters.copy_(torch.from_numpy(start))
            else:
                self._minimize(log_loss, WARM_ITER, WARM_TOL, lambda loss: False)
            if recipe.cuts_first:
                self.fold_cut()
                self._keep_log_loss(self.shift)
        if recipe.metric is not None:
            self.start_score = self.score = self._exact()

    def _warm_steps(self):
        optimizer = Adam(self.network.parameters, WARM_RATE)
        while optimizer.n_steps < WARM_STEPS:
            for batch in self._batches()[: WARM_STEPS - optimizer.n_steps]:
                _, gradient, _ = self._evaluate(log_loss, batch)
                optimizer.step(self.network.parameters, gradient)

    def fold_cut(self):
        """Search the exact cut of the training scores and move it into the biases."""
        logits, _ = self.network.forward(self._train.rows)
        scores = logits.cpu().numpy()
        data = self._train.data
        self.shift, self.cut = find_cut(
            scores, data.codes, data.weight, self.recipe.metric
        )
        self.network.shift(self.shift)

    def _keep_log_loss(self, shift):
        """Mix the logistic loss of the scores before the cut into the loss.

        It holds the scores near those of the warm start, so that few rows near the cut
        cannot turn the whole head.
        """
        share, loss = self.recipe.log_loss_share, self.recipe.loss
        if not share:
            return
        like = self.network.parameters
        shift = torch.as_tensor(shift, dtype=like.dtype, device=like.device)

        def mixed(logits, target, weight):
            anchor = log_loss(logits - shift, target, weight)
            return (1 - share) * loss(logits, target, weight) + share * anchor

        self._anchor = mixed

    # Steps

    def _batches(self):
        """Return the positions of each mini-batch; None stands for all rows at once."""
        n_rows, size = len(self._train), self.recipe.batch_size
        if size == "auto":
            is_linear = not self.recipe.hidden_layer_sizes
            most = FULL_BATCH if is_linear else FULL_BATCH_HIDDEN
            size = n_rows if n_rows <= most else MINI_BATCH
        if size >= n_rows:
            return [None]
        return stratified_batches(self._train.data.codes, size, self._random_state)

    def pass_once(self, watch=None):
        """Make one pass over the rows.

        `watch` is called with the logits of all rows before they are moved, if the pass
        is a single batch. Returns whether it was.
        """
        if self.optimizer is None:
            self._make_optimizer()
        values, sizes = [], []
        for batch in self._batches():
            value, gradient, logits = self._evaluate(self.recipe.loss, batch)
            if batch is None and watch is not None:
                watch(logits)
            values.append(value)
            sizes.append(len(self._train) if batch is None else len(batch))
            self.optimizer.step(self.network.parameters, gradient)
        self.loss_curve.append(float(np.average(values, weights=sizes)))
        return len(values) == 1

    def pass_in_stream(self):
        """Make one pass, or none if it leads to what is not finite."""
        before = self.network.parameters.clone()
        self.pass_once()
        if not self._is_finite():
            self.network.parameters.copy_(before)
            self.optimizer = None
            self._warn_not_finite()

    def _is_finite(self):
        parameters = self.network.parameters
        return np.isfinite(self.loss_curve[-1]) and bool(parameters.isfinite().all())

    def _warn_not_finite(self):
        warnings.warn(
            f"The loss was not finite in epoch {len(self.loss_curve)}; the parameters "
            f"before it are kept. Scale the features, or lower learning_rate.",
            ConvergenceWarning,
            stacklevel=6,
        )

    def run(self, steps, report, line=None):
        """Make the epochs, keep the parameters that are to be kept, cut at the end.

        Parameters
        ----------
        steps : FitSteps
        report : callable
            Returns the fitted attributes of the moment.
        line : callable or None
            Called with the number of the epoch and its loss.
        """
        recipe = self.recipe
        score = self.start_score if recipe.selects else None
        if self._held_out is not None:
            score = self._held_out_score()
        keeper = Keeper(
            self.network.parameters, score, recipe.n_iter_no_change, recipe.tol
        )
        if recipe.optimizer == "lbfgs":
            self._run_lbfgs(keeper, steps, report, line)
        else:
            self._run_epochs(keeper, steps, report, line)
        self._keep(keeper)
        if recipe.cuts_last:
            self.fold_cut()
        if recipe.metric is not None:
            self.score = self._exact()
            # Sums in another order: the same counts may differ in the last digit.
            if 0 < self.start_score - self.score <= TIE:
                self.score = self.start_score

    def _run_epochs(self, keeper, steps, report, line):
        for epoch in range(1, self.recipe.max_iter + 1):

            def watch(logits, epoch=epoch):
                # Those of the epoch before: its score costs no product.
                if epoch > 1 and self._judges_training_rows:
                    keeper.offer(self._exact(logits=logits), epoch - 1)

            steps.begin()
            was_single = self.pass_once(watch)
            if self._end_epoch(keeper, epoch, steps, report, line, not was_single):
                break

    def _run_lbfgs(self, keeper, steps, report, line):
        recipe = self.recipe

        def after_each(value):
            self.loss_curve.append(value)
            epoch = len(self.loss_curve)
            stop = self._end_epoch(keeper, epoch, steps, report, line, True)
            if not stop and epoch < recipe.max_iter:
                steps.begin()
            return stop

        steps.begin()
        tol = DEFAULT_TOL if recipe.tol is None else recipe.tol
        value = self._minimize(recipe.loss, recipe.max_iter, tol, after_each)
        if not self.loss_curve:  # the start is the optimum
            after_each(value)

    @property
    def _judges_training_rows(self):
        return self.recipe.selects and self._held_out is None

    def _end_epoch(self, keeper, epoch, steps, report, line, score_now):
        """Judge and report the parameters after an epoch; return True to stop."""
        loss = self.loss_curve[-1]
        if self._held_out is not None:
            keeper.offer(self._held_out_score(), epoch)
        elif self._judges_training_rows and score_now:
            keeper.offer(self._exact(), epoch)
        if line is not None:
            line(epoch, loss)
        stop = steps.end(report)
        return stop or not np.isfinite(loss) or keeper.has_stalled(loss, epoch)

    def _keep(self, keeper):
        n_epochs = len(self.loss_curve)
        if not self._is_finite():
            self.selected = keeper.go_back()
            self._warn_not_finite()
            return
        if self._held_out is None and not self.recipe.selects:
            return
        last_score = None
        if self._judges_training_rows:
            last_score = self._exact()
            keeper.offer(last_score, n_epochs)
            is_worse = last_score < self.start_score - WORSE
            if is_worse and _spread_of_scales(self._train.data.X) > MOST_SPREAD:
                warnings.warn(
                    f"{n_epochs} epochs lowered the metric of the training rows from "
                    f"{self.start_score:.3f} to {last_score:.3f}, so an earlier state "
                    f"is kept. The features are not on one scale: put a StandardScaler "
                    f"before the classifier.",
                    ConvergenceWarning,
                    stacklevel=5,
                )
        self.selected = keeper.select(last_score, n_epochs)

    def _minimize(self, loss, max_iter, tol, after_each):
        """Run L-BFGS on all rows; `after_each` gets the loss and returns True to stop.

        Returns the last loss.
        """
        parameters = self.network.parameters
        dtype = self._train.data.X.dtype

        def move(x):
            parameters.copy_(torch.from_numpy(x.astype(dtype)))

        def objective(x):
            move(x)
            value, gradient, _ = self._evaluate(loss)
            return value, gradient.cpu().numpy().astype(np.float64)

        def callback(intermediate_result):
            move(intermediate_result.x)
            if after_each(float(intermediate_result.fun)):
                raise StopIteration

        result = minimize(
            objective,
            parameters.cpu().numpy().astype(np.float64),
            jac=True,
            method="L-BFGS-B",
            callback=callback,
            options={"maxiter": max_iter, "gtol": tol, "ftol": 0.0},
        )
        move(result.x)
        return float(result.fun)

    def prediction_attributes(self):
        """Return copies of what predicting needs."""
        coefs, intercepts = self.network.arrays()
        if self.recipe.hidden_layer_sizes:
            return {"coefs_": coefs, "intercepts_": intercepts}
        return {"coef_": coefs[0], "intercept_": intercepts[0]}

    def fitted_attributes(self):
        """Return all that is known after `run`."""
        attributes = self.prediction_attributes() | {
            "best_loss_": float(np.min(self.loss_curve)),
            "device_": self._device,
            "loss_curve_": self.loss_curve,
            "n_iter_": len(self.loss_curve),
            "selected_": self.selected,
            "_shift_": self.shift,
        }
        attributes["threshold_" if self._train.is_binary else "class_offsets_"] = (
            self.cut
        )
        if self.recipe.metric is not None:
            attributes["metric_score_"] = self.score
            attributes["warm_start_score_"] = self.start_score
        return attributes

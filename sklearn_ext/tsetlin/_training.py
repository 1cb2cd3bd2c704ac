"""The fit of a Tsetlin machine, from what the user gave to the fitted attributes."""

import numpy as np
from sklearn.utils import check_random_state

from sklearn_ext._core._encoding import encode_labels
from sklearn_ext._core._sklearn import (
    check_classification_targets,
    check_sample_weight,
    validate_data,
)
from sklearn_ext._core._torch import resolve_device

from ._automata import Automata, Settings, literal_mask
from ._epoch import CpuEngine, run_epoch
from ._inference import ClauseBank, class_votes
from ._pack import binary_rows
from ._random import held_out

__all__ = ["Training", "check_classes"]

# Work (samples x classes x clauses x words x epochs) from which device="auto" looks for
# a GPU: some minutes of one CPU core.
WORK_WORTH_A_GPU = 2e11
RECORDS = ["online_accuracy", "feedback_rate", "mean_literals"]


def _check_labels(y, classes):
    """Return the codes of labels in sorted classes, which must know them all."""
    known = set(classes.tolist())
    unknown = [label for label in np.unique(y).tolist() if label not in known]
    if unknown:
        raise ValueError(
            f"y holds the label {unknown[0]!r}, which is not among the "
            f"classes {classes.tolist()} of the first call of partial_fit or of fit."
        )
    return np.searchsorted(classes, y)


def _automatic_threshold(n_clauses, weighted):
    """Return the vote at which clauses need no more feedback."""
    return 4 * n_clauses if weighted else max(10, n_clauses // 20)


def check_classes(estimator, classes):
    """Return the classes that a call of partial_fit has to do with.

    Raises ValueError if the first call does not name them, a later one names others, or
    there is nothing to go on from.
    """
    if hasattr(estimator, "clauses_") and not hasattr(estimator, "state_"):
        raise ValueError(
            "partial_fit cannot go on from here: simplify() and from_clauses() keep no "
            "automaton states. Call it on the estimator they were made of."
        )
    known = getattr(estimator, "classes_", None)
    if classes is None:
        if known is None:
            raise ValueError(
                "the first call of partial_fit needs classes: all labels to come."
            )
        return known
    classes = np.unique(np.asarray(classes))
    if len(classes) < 2:
        raise ValueError(
            f"classes must name at least 2 classes, got {len(classes)} class: "
            f"{classes.tolist()}."
        )
    if known is not None and not np.array_equal(classes, known):
        raise ValueError(
            f"classes={classes.tolist()} are not those of the first call or of fit: "
            f"{known.tolist()}."
        )
    return classes


class Training:
    """Validated training data and the automata that learn from them, epoch by epoch.

    Parameters
    ----------
    estimator : TsetlinMachineClassifier
        Receives the attributes about the columns of X.
    X, y, sample_weight : as given to `fit`
    workers : Workers
    classes : ndarray, default=None
        All classes, for `partial_fit`, which goes on from the automata of the estimator
        if there are any; None starts anew with the classes of y.
    """

    def __init__(self, estimator, X, y, sample_weight, workers, *, classes=None):
        self._workers = workers
        self._is_partial = classes is not None
        resumed = self._is_partial and hasattr(estimator, "state_")
        X, y = validate_data(
            estimator, X, y, accept_sparse="csr", dtype="numeric", reset=not resumed
        )
        check_classification_targets(y)
        rows = binary_rows(X, estimator.binarize)
        if self._is_partial:
            self.classes, labels = classes, _check_labels(y, classes)
        else:
            self.classes, labels = encode_labels(y)
        weight = check_sample_weight(
            sample_weight, y, dtype=np.float64, ensure_non_negative=True
        )
        if not weight.all():
            kept = np.flatnonzero(weight)
            rows, labels, weight = rows.take(kept), labels[kept], weight[kept]
            if not self._is_partial:
                present, labels = np.unique(labels, return_inverse=True)
                self.classes = self.classes[present]
        if len(self.classes) < 2:
            raise ValueError(
                f"{type(estimator).__name__} needs at least 2 classes in y; it got "
                f"{len(self.classes)} class with positive weight."
            )

        if resumed:
            self._resume(estimator)
        else:
            self._start(estimator)
        self._validation = None
        if estimator.n_iter_no_change is not None and not self._is_partial:
            rows, labels, weight = self._hold_out(rows, labels, weight)
            self._patience = estimator.n_iter_no_change
        self._labels = labels
        self._weight = None if (weight == weight[0]).all() else weight
        if not resumed:
            mask = literal_mask(
                rows, estimator.feature_negation, drop_constant=not self._is_partial
            )
            self._automata = Automata.start(
                len(self.classes),
                estimator.n_clauses,
                mask,
                bool(estimator.feature_negation),
            )
        self._settings = Settings.of(estimator, self.threshold)
        self._choose_engine(estimator, rows)

    def _start(self, estimator):
        n_clauses = estimator.n_clauses
        self.threshold = estimator.threshold
        if self.threshold == "auto":
            self.threshold = _automatic_threshold(n_clauses, estimator.weighted)
        random_state = check_random_state(estimator.random_state)
        self.seed = int(random_state.randint(0, 2**63 - 1, dtype=np.int64))
        self.n_iter = 0
        self.history = {name: [] for name in RECORDS}

    def _resume(self, estimator):
        if estimator.state_.shape[1] != estimator.n_clauses:
            raise ValueError(
                f"n_clauses={estimator.n_clauses} does not fit the "
                f"{estimator.state_.shape[1]} clauses per class learned so far; call "
                "fit to start anew."
            )
        self.threshold = estimator.threshold_
        self.seed, self.n_iter = estimator.seed_, estimator.n_iter_
        self.history = {name: list(v) for name, v in estimator.history_.items()}
        self._automata = Automata(
            estimator.state_, estimator.clause_weights_, estimator.literal_mask_
        ).copy()

    def _hold_out(self, rows, labels, weight):
        """Set a tenth of each class aside, and return the rest."""
        smallest = np.bincount(labels, minlength=len(self.classes)).argmin()
        n_smallest = int((labels == smallest).sum())
        if n_smallest < 2:
            raise ValueError(
                "n_iter_no_change holds out a tenth of each class, but class "
                f"{self.classes.tolist()[smallest]!r} has only {n_smallest} row; give "
                "n_iter_no_change=None or more rows."
            )
        held = held_out(self.seed, labels)
        self._validation = rows.take(np.flatnonzero(held)), labels[held]
        self._best_score, self._best, self._n_worse = -1.0, None, 0
        self.history["validation_score"] = []
        kept = np.flatnonzero(~held)
        return rows.take(kept), labels[kept], weight[kept]

    def _choose_engine(self, estimator, rows):
        n_classes, n_clauses, _, width = self._automata.state.shape
        n_epochs = 1 if self._is_partial else estimator.max_iter
        work = rows.n_rows * n_classes * n_clauses * width * n_epochs
        self.device = resolve_device(
            estimator.device,
            is_worth_it=estimator.batch_size > 1 and work > WORK_WORTH_A_GPU,
            purpose='TsetlinMachineClassifier(device="cuda")',
        )
        if self.device == "cuda" or estimator._trains_in_torch:
            from ._torch import TorchEngine

            self._engine = TorchEngine(
                self._automata, self._settings, rows, self.device
            )
        else:
            self._engine = CpuEngine(
                self._automata, self._settings, rows, self._workers
            )

    def run_epoch(self):
        """Train for one epoch; rows come in random order, in partial_fit as given."""
        order = np.arange(len(self._labels)) if self._is_partial else None
        shape = self._automata.weights.shape
        record = run_epoch(
            self._engine,
            self._settings,
            self.seed,
            self.n_iter,
            order,
            self._labels,
            self._weight,
            shape,
        )
        self.n_iter += 1
        for name in RECORDS:
            self.history[name].append(getattr(record, name))
        if self._validation is not None:
            self._validate()
        elif "validation_score" in self.history:  # of the fit that this goes on from
            self.history["validation_score"].append(np.nan)

    def _validate(self):
        """Score the held-out rows, and keep the automata if none were better."""
        rows, labels = self._validation
        attributes = self._engine.automata.fitted_attributes()
        votes = class_votes(
            ClauseBank.of(
                attributes["clauses_"],
                attributes["clause_class_"],
                attributes["clause_votes_"],
                len(self.classes),
            ),
            rows,
            self._workers,
        )
        score = float(np.mean(votes.argmax(axis=1) == labels))
        self.history["validation_score"].append(score)
        self._n_worse += 1
        if score > self._best_score:
            self._best_score, self._n_worse = score, 0
            self._best = self._engine.automata.copy()

    @property
    def has_stalled(self):
        """Whether the held-out accuracy has not risen for too many epochs."""
        return self._validation is not None and self._n_worse >= self._patience

    def line(self):
        """Return what `verbose` prints after an epoch."""
        last = ", ".join(f"{name} {v[-1]:.4g}" for name, v in self.history.items())
        return f"[TsetlinMachineClassifier] epoch {self.n_iter}: {last}"

    def prediction_attributes(self):
        """Return what `predict` needs, as copies."""
        return self._attributes(self._engine.automata, has_state=False)

    def fitted_attributes(self):
        """Return the fitted attributes, of the best epoch if rows are held out."""
        automata = self._engine.automata
        if self._validation is not None and self._best is not None:
            automata = self._best
        return self._attributes(automata, has_state=True)

    def _attributes(self, automata, *, has_state):
        attributes = automata.fitted_attributes()
        if has_state:
            attributes["seed_"] = self.seed
        else:
            for name in ("state_", "clause_weights_", "literal_mask_", "n_literals_"):
                del attributes[name]
        return attributes | {
            "classes_": self.classes,
            "threshold_": int(self.threshold),
            "device_": self.device,
            "n_iter_": self.n_iter,
            "history_": {name: np.array(v) for name, v in self.history.items()},
        }

"""One epoch: which samples, in which order, for which class, and who trains on them.

All that is random but the feedback itself is drawn here, ahead of the epoch; an engine
(numba here, torch in `_torch.py`) then trains every class on its own list of steps.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from sklearn_ext._core._arrays import plain_array

from ._automata import literal_words
from ._kernels import train_class
from ._pack import n_words
from ._random import (
    FEEDBACK,
    WEIGHT,
    key,
    negative_classes,
    sample_order,
    share_of_2_32,
    sitting_out,
)

__all__ = ["CpuEngine", "EpochPlan", "EpochRecord", "run_epoch"]


class ClassSteps(NamedTuple):
    """The steps of one class in one epoch, in their order."""

    positions: np.ndarray  # int64 (m,), in the epoch
    is_target: np.ndarray  # bool (m,), whether the class is the sample's own


class EpochPlan(NamedTuple):
    """What an epoch will do, known before it starts."""

    order: np.ndarray  # int64 (n,), the row at each position
    classes: list  # ClassSteps of each class
    feedback_keys: np.ndarray  # uint64 (C,)
    weight_keys: np.ndarray  # uint64 (C,)
    weight_limits: np.ndarray  # uint64 (n,) of each position, or empty
    sits_out: np.ndarray  # bool (C, n_clauses)


class EpochRecord(NamedTuple):
    """What happened in an epoch."""

    online_accuracy: float
    feedback_rate: float
    mean_literals: float


def plan_epoch(seed, epoch, order, labels, weight, n_classes, n_clauses, clause_drop):
    """Draw an epoch over the rows of `order`; `labels` and `weight` are of all rows."""
    labels = labels[order]
    negatives = negative_classes(seed, epoch, labels, n_classes)
    # each position gives a step to its own class and one to its negative class
    owners = np.stack([labels, negatives], axis=1).ravel()
    steps = np.argsort(owners, kind="stable")
    edges = np.searchsorted(owners[steps], np.arange(n_classes + 1))
    classes = [
        ClassSteps(steps[a:b] // 2, steps[a:b] % 2 == 0) for a, b in pairwise(edges)
    ]
    limits = np.empty(0, np.uint64)
    if weight is not None:
        limits = share_of_2_32(weight[order] / weight[order].max())
    return EpochPlan(
        order,
        classes,
        np.array([key(seed, FEEDBACK, epoch, c) for c in range(n_classes)]),
        np.array([key(seed, WEIGHT, epoch, c) for c in range(n_classes)]),
        limits,
        sitting_out(seed, epoch, n_classes, n_clauses, clause_drop),
    )


class CpuEngine:
    """Trains the classes on threads; the automata are changed in place."""

    def __init__(self, automata, settings, rows, workers):
        self._automata = automata
        self._settings = settings
        self._rows = rows.in_kernel_form(plain_array)
        self._workers = workers
        has_negations = automata.state.shape[3] > n_words(rows.n_features)
        self._literal_words = literal_words(automata.literal_mask, has_negations)
        self._counts = automata.n_literals()

    @property
    def automata(self):
        """The automata as they are now."""
        return self._automata

    @property
    def mean_literals(self):
        """The mean number of included literals of a clause."""
        return self._counts.mean()

    def train(self, plan):
        """Run an epoch; return the clipped votes per class and the feedback given."""
        # the longest lists first, so that no thread is left with one at the end
        longest_first = np.argsort([-len(s.positions) for s in plan.classes])
        done = self._workers.map(lambda c: self._train(plan, c), longest_first)
        votes = [None] * len(plan.classes)
        for c, (class_votes, _) in zip(longest_first, done, strict=True):
            votes[c] = class_votes
        return votes, sum(n_fed for _, n_fed in done)

    def _train(self, plan, c):
        positions, is_target = plan.classes[c]
        settings = self._settings
        limits = plan.weight_limits
        votes = np.zeros(len(positions), np.int64)
        n_fed = train_class(
            self._automata.state[c],
            self._automata.weights[c],
            self._counts[c],
            plan.sits_out[c],
            self._literal_words,
            self._rows.indptr,
            self._rows.indices,
            self._rows.words,
            plan.order[positions],
            positions,
            is_target,
            settings.batch_size,
            plan.feedback_keys[c],
            plan.weight_keys[c],
            limits[positions] if len(limits) else limits,
            settings.threshold,
            settings.chance,
            settings.boost,
            settings.weighted,
            settings.max_literals,
            votes,
        )
        return votes, n_fed


def run_epoch(engine, settings, seed, epoch, order, labels, weight, shape):
    """Train one epoch; `shape` is (n_classes, n_clauses). Returns an EpochRecord."""
    if order is None:
        order = sample_order(seed, epoch, len(labels))
    plan = plan_epoch(seed, epoch, order, labels, weight, *shape, settings.clause_drop)
    votes, n_fed = engine.train(plan)

    own = np.empty(len(order), np.int64)
    other = np.empty(len(order), np.int64)
    for steps, class_votes in zip(plan.classes, votes, strict=True):
        own[steps.positions[steps.is_target]] = class_votes[steps.is_target]
        other[steps.positions[~steps.is_target]] = class_votes[~steps.is_target]
    n_taking_part = (~plan.sits_out).sum(axis=1)
    n_visits = n_taking_part @ np.array([len(s.positions) for s in plan.classes])
    return EpochRecord(
        float(np.mean(own > other)),
        n_fed / max(n_visits, 1),
        float(engine.mean_literals),
    )

"""A slow and obvious Tsetlin machine, written from its description alone.

It shares no code with the package. Automata are Python ints, one per literal; random
numbers are Python ints modulo 2**64; every draw is made bit by bit from its
definition, and nothing is skipped, packed or vectorised.
"""

import copy
import math
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np

WORD = 2**64
GOLDEN_GAMMA = 0x9E3779B97F4A7C15
ORDER, NEGATIVE, FEEDBACK, WEIGHT, DROP, SPLIT = range(6)
INCLUDED, FIRST_STATE, LAST_STATE = 128, 127, 255
LARGEST_WEIGHT = 2**31 - 1


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) % WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % WORD
    return z ^ (z >> 31)


def draw(h, v):
    return mix((h + GOLDEN_GAMMA * (v + 1)) % WORD)


def key(seed, *path):
    for v in path:
        seed = draw(seed, v)
    return seed


def u32(h):
    return h >> 32


def drawn_seed(random_state):
    """Return the seed that a machine with this int as random_state draws."""
    source = np.random.RandomState(random_state)
    return int(source.randint(0, 2**63 - 1, dtype=np.int64))


def sample_order(seed, epoch, n_rows):
    root = key(seed, ORDER, epoch)
    return sorted(range(n_rows), key=lambda i: (draw(root, i), i))


def negative_class(seed, epoch, position, label, n_classes):
    r = (u32(key(seed, NEGATIVE, epoch, position)) * (n_classes - 1)) >> 32
    return r if r < label else r + 1


def inclusion_chance(specificity):
    """Return P, the number of the 2**24 values of U for which the bit is set."""
    return max(1, math.floor(2**24 / specificity + 0.5))


@lru_cache(maxsize=64)
def levels(event, word):
    """Return the 24 draws of a literal word, the most significant level first."""
    return [draw(event, 24 * word + b) for b in range(24)]


def mask_bit(event, word, i, chance):
    """Return bit i of the Bernoulli mask of a literal word: U_i < P."""
    bits = [str(z >> i & 1) for z in levels(event, word)]
    return int(chance == 2**24 or int("".join(bits), 2) < chance)


def sits_out(seed, epoch, c, j, clause_drop):
    return u32(key(seed, DROP, epoch, c, j)) < math.floor(clause_drop * 2**32)


def held_out(seed, labels):
    """Return the sorted rows that early stopping keeps for validation."""
    rows = []
    for label in set(labels):
        own = [i for i, other in enumerate(labels) if other == label]
        own.sort(key=lambda i: (key(seed, SPLIT, i), i))
        rows += own[: math.ceil(Fraction(len(own), 10))]
    return sorted(rows)


def place(k, n_features):
    """Return the word and the bit of a literal."""
    words = math.ceil(n_features / 64)
    f = k % n_features
    return (words if k >= n_features else 0) + f // 64, f % 64


def polarity(clause):
    return 1 if clause % 2 == 0 else -1


class Step(NamedTuple):
    """One sample at its place in an epoch; share is w / max(w), or None."""

    position: int
    literals: list
    label: int
    other: int
    share: float | None


@dataclass
class NaiveTsetlinMachine:
    """Parameters, one automaton per literal, and the record of the epochs."""

    n_features: int
    n_classes: int
    seed: int
    n_clauses: int = 4
    threshold: int | str = "auto"
    specificity: float = 1.1
    max_iter: int = 3
    boost_true_positive: bool = True
    weighted: bool = True
    feature_negation: bool | float = True
    max_literals: int | None = None
    clause_drop: float = 0.0
    binarize: float | None = 0.0
    batch_size: int = 1
    n_iter_no_change: int | None = None
    epoch: int = 0
    mask: list = field(default_factory=list)
    states: list = field(default_factory=list)
    weights: list = field(default_factory=list)
    history: dict = field(default_factory=dict)

    def __post_init__(self):
        if self.threshold == "auto":
            few = max(10, self.n_clauses // 20)
            self.threshold = 4 * self.n_clauses if self.weighted else few

    def literals(self, row):
        cut = 0 if self.binarize is None else self.binarize
        x = [int(value > cut) for value in row]
        return x + [1 - bit for bit in x]

    def start(self, rows, *, drop_constant):
        """Decide which literals have automata and set all of these to 127."""
        F = self.n_features
        self.mask = [True] * (2 * F)
        for f in range(F):
            ones = sum(literals[f] for literals in rows)
            if drop_constant and ones in (0, len(rows)):
                self.mask[f] = self.mask[F + f] = False
            if self.feature_negation is False:
                self.mask[F + f] = False
            elif self.feature_negation is not True:
                frequent = ones / len(rows) >= self.feature_negation
                self.mask[F + f] = self.mask[F + f] and frequent
        fresh = [FIRST_STATE if kept else 0 for kept in self.mask]
        classes, clauses = range(self.n_classes), range(self.n_clauses)
        self.states = [[list(fresh) for _ in clauses] for _ in classes]
        self.weights = [[1 for _ in clauses] for _ in classes]

    def n_literals(self, c, j):
        return sum(state >= INCLUDED for state in self.states[c][j])

    def output(self, c, j, literals, *, empty):
        own = [k for k, state in enumerate(self.states[c][j]) if state >= INCLUDED]
        return all(literals[k] == 1 for k in own) if own else empty

    def votes(self, c, literals, clauses, *, empty):
        return sum(
            polarity(j) * self.weights[c][j]
            for j in clauses
            if self.output(c, j, literals, empty=empty)
        )

    def sits_out(self, c, j):
        return sits_out(self.seed, self.epoch, c, j, self.clause_drop)

    def clip(self, votes):
        return max(-self.threshold, min(self.threshold, votes))

    def move(self, c, j, k, step):
        if self.mask[k]:
            state = self.states[c][j][k] + step
            self.states[c][j][k] = max(0, min(LAST_STATE, state))

    def type_one(self, c, j, literals, active, event):
        chance = inclusion_chance(self.specificity)
        for k, literal in enumerate(literals):
            r = (
                mask_bit(event, *place(k, self.n_features), chance)
                if self.mask[k]
                else 0
            )
            if active and literal:
                step = 1 if self.boost_true_positive or not r else 0
            else:
                step = -1 if r else 0
            self.move(c, j, k, step)
        if active and self.weighted:
            self.weights[c][j] = min(LARGEST_WEIGHT, self.weights[c][j] + 1)

    def type_two(self, c, j, literals):
        for k, literal in enumerate(literals):
            if not literal and self.states[c][j][k] < INCLUDED:
                self.move(c, j, k, 1)
        if self.weighted:
            self.weights[c][j] = max(1, self.weights[c][j] - 1)

    def feedback(self, c, j, literals, target, event):
        budget = math.inf if self.max_literals is None else self.max_literals
        over = self.n_literals(c, j) > budget
        active = self.output(c, j, literals, empty=True) and not over
        if (polarity(j) == 1) == target:
            self.type_one(c, j, literals, active, event)
        elif active:
            self.type_two(c, j, literals)

    def gate(self, vote, target, event):
        num = self.threshold - vote if target else self.threshold + vote
        return u32(event) * 2 * self.threshold < num * 2**32

    def weight_gate(self, c, j, step):
        if step.share is None:
            return True
        u = u32(key(self.seed, WEIGHT, self.epoch, c, step.position, j))
        return u < math.floor(step.share * 2**32)

    def run_epoch(self, rows, labels, shares, order):
        """Visit all rows in this order; shares are w / max(w), or Nones."""
        clauses, classes = range(self.n_clauses), range(self.n_classes)
        steps = []
        for t, i in enumerate(order):
            y = labels[i]
            q = negative_class(self.seed, self.epoch, t, y, self.n_classes)
            steps.append(Step(t, rows[i], y, q, shares[i]))
        awake = [[j for j in clauses if not self.sits_out(c, j)] for c in classes]
        right, fired = 0, []
        for first in range(0, len(steps), self.batch_size):
            batch = steps[first : first + self.batch_size]
            frozen = [
                {
                    c: self.clip(self.votes(c, step.literals, awake[c], empty=True))
                    for c in (step.label, step.other)
                }
                for step in batch
            ]
            for step, votes in zip(batch, frozen, strict=True):
                right += votes[step.label] > votes[step.other]
            for c in classes:
                for j in awake[c]:
                    for step, votes in zip(batch, frozen, strict=True):
                        if c in votes:
                            fired.append(self.visit(c, j, step, votes[c]))
        self.epoch += 1
        lengths = [self.n_literals(c, j) for c in classes for j in clauses]
        self.record("online_accuracy", right / len(steps))
        self.record("feedback_rate", sum(fired) / len(fired) if fired else 0.0)
        self.record("mean_literals", sum(lengths) / len(lengths))

    def visit(self, c, j, step, vote):
        """Show one sample to one clause; return whether it got feedback."""
        target = c == step.label
        event = key(self.seed, FEEDBACK, self.epoch, c, step.position, j)
        if not self.gate(vote, target, event):
            return False
        if not self.weight_gate(c, j, step):
            return False
        self.feedback(c, j, step.literals, target, event)
        return True

    def record(self, name, value):
        self.history.setdefault(name, []).append(value)

    def accuracy(self, rows, labels):
        own = [largest(self.all_votes(literals)) for literals in rows]
        return sum(a == b for a, b in zip(own, labels, strict=True)) / len(labels)

    def all_votes(self, literals):
        clauses = range(self.n_clauses)
        return [
            self.votes(c, literals, clauses, empty=False) for c in range(self.n_classes)
        ]


def largest(votes):
    """Return the class of most votes; the lowest index wins ties."""
    return votes.index(max(votes))


def weighted_rows(machine, X, labels, sample_weight):
    """Return literals, labels and weights of the rows of positive weight."""
    weight = [1.0] * len(X) if sample_weight is None else sample_weight
    weight = [float(w) for w in weight]
    kept = [i for i, w in enumerate(weight) if w > 0]
    rows = [machine.literals(X[i]) for i in kept]
    return rows, [int(labels[i]) for i in kept], [weight[i] for i in kept]


def shares_of(weight):
    if len(set(weight)) == 1:
        return [None] * len(weight)
    return [w / max(weight) for w in weight]


def naive_fit(X, labels, n_classes, *, random_state, sample_weight=None, **params):
    """Fit on dense rows with labels 0..n_classes-1."""
    seed = drawn_seed(random_state)
    machine = NaiveTsetlinMachine(len(X[0]), n_classes, seed, **params)
    rows, labels, weight = weighted_rows(machine, X, labels, sample_weight)
    patience = machine.n_iter_no_change
    out = [] if patience is None else held_out(seed, labels)
    kept = [i for i in range(len(rows)) if i not in out]
    test = [rows[i] for i in out], [labels[i] for i in out]
    rows, labels = [rows[i] for i in kept], [labels[i] for i in kept]
    shares = shares_of([weight[i] for i in kept])
    machine.start(rows, drop_constant=True)
    best, best_score, since = None, -1.0, 0
    for epoch in range(machine.max_iter):
        order = sample_order(seed, epoch, len(rows))
        machine.run_epoch(rows, labels, shares, order)
        if patience is None:
            continue
        score = machine.accuracy(*test)
        machine.record("validation_score", score)
        since += 1
        if score > best_score:
            best = copy.deepcopy((machine.states, machine.weights))
            best_score, since = score, 0
        if since == patience:
            break
    if best is not None:
        machine.states, machine.weights = best
    return machine


def naive_partial_fit(machine, X, labels, sample_weight=None):
    """Run one more epoch over the rows in the given order."""
    rows, labels, weight = weighted_rows(machine, X, labels, sample_weight)
    if not machine.states:
        machine.start(rows, drop_constant=False)
    machine.run_epoch(rows, labels, shares_of(weight), range(len(rows)))
    return machine


def naive_start(X, n_classes, *, random_state, **params):
    """Return a machine that has seen nothing, for `naive_partial_fit`."""
    return NaiveTsetlinMachine(len(X[0]), n_classes, drawn_seed(random_state), **params)


def naive_votes(machine, X):
    """Return the unclipped votes by the prediction rule, one list per row."""
    return [machine.all_votes(machine.literals(row)) for row in X]


def planes_to_states(planes, n_features):
    """Return the automata of bit planes (8, W), literal by literal."""
    states = []
    for word, bit in (place(k, n_features) for k in range(2 * n_features)):
        present = word < planes.shape[1]  # without negations there are fewer words
        bits = [int(plane[word]) >> bit & 1 if present else 0 for plane in planes]
        states.append(sum(b << i for i, b in enumerate(bits)))
    return states


def states_to_planes(states):
    """Return the bit planes (8, W) of automata; the inverse of the above."""
    n_features = len(states) // 2
    planes = np.zeros((8, 2 * math.ceil(n_features / 64)), np.uint64)
    for k, state in enumerate(states):
        word, bit = place(k, n_features)
        for i in range(8):
            planes[i, word] |= np.uint64((state >> i & 1) << bit)
    return planes


def package_votes(model, X):
    """Return the votes (n, C) of a fitted model of the package, clause by clause."""
    outputs = model.transform(X).toarray().astype(int)
    votes = np.zeros((len(outputs), len(model.classes_)), int)
    for column, c in enumerate(model.clause_class_):
        votes[:, c] += outputs[:, column] * model.clause_votes_[column]
    return votes.tolist()


def package_states(model):
    """Return the automata of a fitted model of the package as nested lists."""
    F = model.n_features_in_
    return [[planes_to_states(own, F) for own in bank] for bank in model.state_]


def assert_same(model, machine, X):
    """Fail unless a fitted model of the package equals a naive machine."""
    assert package_states(model) == machine.states
    assert model.clause_weights_.tolist() == machine.weights
    assert model.literal_mask_.tolist() == machine.mask
    assert (model.threshold_, model.seed_) == (machine.threshold, machine.seed)
    assert model.n_iter_ == machine.epoch
    lengths = [
        [machine.n_literals(c, j) for j in range(machine.n_clauses)]
        for c in range(machine.n_classes)
    ]
    assert model.n_literals_.tolist() == lengths
    included = [
        state >= INCLUDED for bank in machine.states for own in bank for state in own
    ]
    assert model.clauses_.toarray().ravel().tolist() == included
    assert package_votes(model, X) == naive_votes(machine, X)

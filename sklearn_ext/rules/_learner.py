"""FOLD-SE learning on a coded table: which rule next, which literal next.

The names follow the papers: a rule's default part is closed once few enough negative
rows satisfy it, and these become the positives of its exceptions.
"""

from dataclasses import dataclass, field

import numpy as np

from ._kernels import (
    ENTROPY,
    EQ,
    GINI,
    GT,
    LE,
    MGI,
    count_codes,
    difference,
    refine_column,
    scan_columns,
    score,
    split,
)
from ._rule import Literal, wilson_centre

__all__ = [
    "Draft",
    "Learner",
    "Literals",
    "Memo",
    "NoMemo",
    "Settings",
    "heaviest_first",
]

HEURISTICS = {"mgi": MGI, "gini": GINI, "entropy": ENTROPY}
OPERATORS = {LE: "<=", GT: ">", EQ: "=="}
# Each level of exceptions has at most `ratio` times the rows of the one above, so 0.5
# nests log2(n) deep. For ratios near 1 and above, pickle and JSON, which recurse, set
# the limit.
DEEPEST = 64
# Cells below which threads cost more than they bring (measured on two cores).
CELLS_PER_LAUNCH = 200_000


@dataclass(frozen=True)
class Settings:
    """The dials of `FoldSE` in the form that the learner needs."""

    ratio: float
    threshold: float
    heuristic: str = "mgi"
    max_depth: int | None = None
    max_literals: int | None = None
    min_confidence: float = 0.0


@dataclass
class Draft:
    """A rule as learned: `gains` are the improvements of the score by each literal."""

    literals: list
    gains: list
    exceptions: list = field(default_factory=list)
    head: int | None = None
    key: int | None = None


class Side:
    """The rows of one class in a node, and their counts per column and code.

    Counts are made when a search needs them: from the parent's counts less the dropped
    rows where that is cheaper and exact, else afresh. `key` is that of a `Memo`.
    """

    def __init__(self, literals, rows, parent=None, dropped=None):
        self._literals = literals
        self.rows = rows
        self.weight = literals.weigh(rows)
        self._counts = None
        self._parent = parent
        self._dropped = dropped
        self.key = None

    def keep(self, kept, dropped):
        """Return the side that is left when the rows `dropped` leave this one."""
        return Side(self._literals, kept, self, dropped)

    def counts(self):
        if self._counts is None:
            parent, dropped = self._parent, self._dropped
            subtract = (
                self._literals.is_exact
                and parent is not None
                and parent._counts is not None
                and len(dropped) < len(self.rows)
            )
            if subtract:
                self._counts = parent._counts - self._literals.count(dropped)
            else:
                self._counts = self._literals.count(self.rows)
            self._parent = self._dropped = None  # let go of the memory
        return self._counts


class Literals:
    """A coded table with weights: counts, weights and literals of row lists.

    Parameters
    ----------
    coded : CodedTable
    weight : int64 or float64 (n,)
        Empty if each row weighs one. Integers add up exactly.
    workers : Workers
    """

    def __init__(self, coded, weight, workers):
        self.coded = coded
        self.weight = weight
        self.is_exact = weight.dtype == np.int64
        self._workers = workers
        columns = coded.columns
        self.n_bins = np.array([len(c.starts) - 1 for c in columns], np.int64)
        self.n_numbers = np.array([c.n_numbers for c in columns], np.int64)
        self.width = int(self.n_bins.max())
        self.starts = np.zeros((len(columns), self.width + 1), np.int32)
        for j, column in enumerate(columns):
            self.starts[j, : len(column.starts)] = column.starts
        self.fine = [j for j, c in enumerate(columns) if c.ranks is not None]
        self._place = {feature: j for j, feature in enumerate(coded.features.tolist())}
        self._cuts = {}

    def weigh(self, rows):
        """Return the weight of rows as a Python number."""
        if self.weight.size == 0:
            return len(rows)
        return self.weight[rows].sum().item()

    def count(self, rows):
        """Return the weight sums (d, width) of rows by column and code."""
        codes = self.coded.codes
        counts = np.zeros((len(codes), self.width), self.weight.dtype)
        self.map(
            lambda part: count_codes(codes[part], rows, self.weight, counts[part]),
            self._workers.slices(len(codes)),
            n_cells=codes.shape[0] * len(rows),
        )
        return counts

    def map(self, function, tasks, n_cells):
        """Map over tasks that touch `n_cells` cells in all, on threads if worth it."""
        if n_cells < CELLS_PER_LAUNCH:
            return list(map(function, tasks))
        return self._workers.map(function, tasks)

    def literal(self, j, rank, pair, negated):
        """Return the `Literal` of a cut in search column j."""
        feature = int(self.coded.features[j])
        value = self.coded.columns[j].value(rank)
        self._cuts[feature, value] = rank
        return Literal(feature, OPERATORS[pair], value, bool(negated))

    def split(self, rows, literal):
        """Return the rows where a literal holds, and where it does not."""
        j = self._place[literal.feature]
        rank = self._cuts[literal.feature, literal.value]
        if literal.op == "<=":
            lo, hi = 0, rank
        elif literal.op == ">":
            lo, hi = rank + 1, self.coded.columns[j].n_numbers - 1
        else:
            lo, hi = rank, rank
        return split(self.coded.exact(j), rows, lo, hi, literal.negated)

    def split_sides(self, pos, neg, literal):
        """Return both sides of a node with the rows where a literal holds."""
        parts = self.map(
            lambda side: self.split(side.rows, literal),
            (pos, neg),
            n_cells=len(pos.rows) + len(neg.rows),
        )
        return pos.keep(*parts[0]), neg.keep(*parts[1])

    def fired(self, rule, rows):
        """Return the rows on which a rule or draft fires."""
        for literal in rule.literals:
            rows, _ = self.split(rows, literal)
        for exception in rule.exceptions:
            rows = difference(rows, self.fired(exception, rows))
        return rows

    def best_cut(self, pos, neg, banned, heuristic):
        """Return (score, column, rank, pair, negated) of the best cut, or None."""
        n_columns = len(self.coded.codes)
        pos_counts, neg_counts = pos.counts(), neg.counts()
        cuts = np.empty((n_columns, 4))
        self.map(
            lambda part: scan_columns(
                pos_counts[part],
                neg_counts[part],
                self.starts[part],
                self.n_bins[part],
                self.n_numbers[part],
                banned,
                part.start,
                heuristic,
                cuts[part],
            ),
            self._workers.slices(n_columns),
            n_cells=n_columns * self.width,
        )
        if self.fine:
            self._refine(cuts, pos, neg, banned, heuristic)
        j = int(np.argmax(cuts[:, 0]))  # the first of equals
        if cuts[j, 0] == -np.inf:
            return None
        return cuts[j, 0].item(), j, *cuts[j, 1:].astype(int).tolist()

    def _refine(self, cuts, pos, neg, banned, heuristic):
        """Replace the cuts of columns with wide bins by the exact ones."""
        floor = cuts[:, 0].max()

        def refine(j):
            column = self.coded.columns[j]
            return refine_column(
                self.coded.codes[j],
                column.ranks,
                pos.rows,
                neg.rows,
                self.weight,
                pos.counts()[j],
                neg.counts()[j],
                column.starts,
                column.n_numbers,
                banned,
                j,
                heuristic,
                floor,
            )

        n_cells = len(self.fine) * (len(pos.rows) + len(neg.rows))
        cuts[self.fine] = self.map(refine, self.fine, n_cells)


class Memo:
    """What is known from other thresholds, by the names of the row sets it is about.

    Row sets are named by how they arose, which is much cheaper than to compare them.
    """

    def __init__(self):
        self._names = {}
        self._known = {}

    def name(self, *origin):
        """Return the number that stands for an origin; equal ones share it."""
        return self._names.setdefault(origin, len(self._names))

    def recall(self, key, make):
        """Return what is known under a key, made if it is new."""
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]


class NoMemo:
    """Remembers nothing: for a single fit, in which nothing occurs twice."""

    def name(self, *origin):
        return None

    def recall(self, key, make):
        return make()


def heaviest_first(weights):
    """Return class codes by decreasing weight; the first of equal classes is first.

    Float weights that differ in the tenth digit are equal: rounding must not decide
    between classes that `class_weight="balanced"` gave the same weight.
    """
    weights = np.asarray(weights)
    if weights.dtype.kind == "f":
        weights = np.round(weights / weights.sum(), 9)
    return np.argsort(-weights, kind="stable").tolist()


class Learner:
    """Learns the rules of FOLD-SE.

    Parameters
    ----------
    literals : Literals
    settings : Settings
    memo : Memo or NoMemo
        Shared by several learners on the same table, whose thresholds ascend: a part
        that is cut short at one threshold is so at all larger ones.
    """

    def __init__(self, literals, settings, memo):
        self.literals = literals
        self.settings = settings
        self._heuristic = HEURISTICS[settings.heuristic]
        depth = settings.max_depth
        self._max_depth = DEEPEST if depth is None else min(depth, DEEPEST)
        self._memo = memo

    def learn_binary(self, pos_rows, neg_rows, head):
        """Yield the rules that describe one class against the other."""
        pos, neg = (Side(self.literals, rows) for rows in (pos_rows, neg_rows))
        pos.key, neg.key = self._memo.name("pos"), self._memo.name("neg")
        for draft in self._fold(pos, neg, _NONE_BANNED, 0):
            draft.head = head
            yield draft

    def learn_ordered(self, codes, n_classes):
        """Yield the rules of an ordered list for classes 0 .. n_classes - 1.

        Each time the heaviest class that gives a rule; all the rows that it covers are
        decided and leave.
        """
        rest = Side(self.literals, np.arange(len(codes), dtype=np.int32))
        name = self._memo.name
        rest.key = name("all")
        while True:
            by_class = np.argsort(codes[rest.rows], kind="stable")
            sizes = np.bincount(codes[rest.rows], minlength=n_classes)
            members = np.split(rest.rows[by_class], np.cumsum(sizes)[:-1])
            if np.count_nonzero(sizes) < 2:
                return  # the default closes a pure rest
            weights = [self.literals.weigh(member) for member in members]
            for c in heaviest_first(weights):
                if sizes[c] == 0 or weights[c] < self.settings.threshold:
                    continue
                pos = Side(self.literals, members[c])
                rest.counts()  # so that `neg` can subtract from them
                neg = rest.keep(difference(rest.rows, members[c]), members[c])
                pos.key, neg.key = name(rest.key, c), name(rest.key, "not", c)
                draft, covered = self._learn_rule(pos, neg, _NONE_BANNED, 0)
                if self._survives(draft, covered, neg):
                    break
            else:
                return
            draft.head = c
            yield draft
            fired = self.literals.fired(draft, rest.rows)
            before = rest.key
            rest = rest.keep(difference(rest.rows, fired), fired)
            rest.key = name(before, "without", draft.key)

    def _fold(self, pos, neg, banned, depth):
        """Yield rules that cover `pos` and not `neg`, until the long tail is cut."""
        while len(pos.rows):
            draft, covered = self._learn_rule(pos, neg, banned, depth)
            if not self._survives(draft, covered, neg):
                return  # the rule is dropped and the rule set ends
            yield draft
            before = pos.key
            pos = pos.keep(difference(pos.rows, covered), covered)
            pos.key = self._memo.name(before, "without", draft.key)

    def _survives(self, draft, covered, neg):
        """Tell whether a rule covers enough of its class, and is right often enough."""
        weight = self.literals.weigh(covered)
        if len(covered) == 0 or weight < self.settings.threshold:
            return False
        if self.settings.min_confidence == 0:
            return True
        wrong = self.literals.weigh(self.literals.fired(draft, neg.rows))
        confidence = wilson_centre(weight, weight + wrong)
        return confidence >= self.settings.min_confidence

    def _learn_rule(self, pos, neg, banned, depth):
        """Return a draft and the rows of `pos` that it covers."""
        key = self._memo.name(pos.key, neg.key, banned.tobytes())
        literals, gains, banned, pos, neg, is_closed = self._memo.recall(
            key, lambda: self._default_part(pos, neg, banned)
        )
        pos.key, neg.key = self._memo.name(key, "pos"), self._memo.name(key, "neg")
        draft = Draft(literals, gains)
        covered = pos.rows if literals else pos.rows[:0]
        # Fewer rows than the threshold can't support an exception.
        may_except = len(neg.rows) > 0 and neg.weight >= self.settings.threshold
        if is_closed and may_except and depth < self._max_depth:
            draft.exceptions = list(self._fold(neg, pos, banned, depth + 1))
            for exception in draft.exceptions:
                covered = difference(covered, self.literals.fired(exception, covered))
        exception_keys = [exception.key for exception in draft.exceptions]
        draft.key = self._memo.name(key, "rule", *exception_keys)
        return draft, covered

    def _default_part(self, pos, neg, banned):
        """Add literals until few negatives are left; return what the rule is made of.

        Returns literals, gains, banned cuts, both sides, and whether the part is
        closed: not if the candidates ran out, or if too few positives are left for any
        rule.
        """
        settings = self.settings
        literals, gains = [], []
        while len(pos.rows) and pos.weight >= settings.threshold:
            cut = self.literals.best_cut(pos, neg, banned, self._heuristic)
            if cut is None:
                break
            value, j, rank, pair, negated = cut
            unsplit = score(self._heuristic, pos.weight, 0, 0, neg.weight)
            literal = self.literals.literal(j, rank, pair, negated)
            literals.append(literal)
            gains.append(value - unsplit)
            banned = np.vstack([banned, [(j, rank, pair)]])
            pos, neg = self.literals.split_sides(pos, neg, literal)
            few_negatives = neg.weight <= settings.ratio * pos.weight
            if few_negatives or len(literals) == settings.max_literals:
                return literals, gains, banned, pos, neg, True
        return literals, gains, banned, pos, neg, False


_NONE_BANNED = np.empty((0, 3), np.int64)

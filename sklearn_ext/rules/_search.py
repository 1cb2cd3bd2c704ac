"""Search on a coded table: rows of a node, the best literal on them, rows it keeps."""

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
from ._rule import Literal

__all__ = ["LiteralSearch", "Side"]

HEURISTICS = {"mgi": MGI, "gini": GINI, "entropy": ENTROPY}
OPERATORS = {LE: "<=", GT: ">", EQ: "=="}
# Cells below which threads cost more than they bring (measured on two cores).
CELLS_PER_LAUNCH = 1_000_000


class Side:
    """The rows of one class in a node, and their counts per column and code.

    Counts are made when a search needs them: from the parent's counts less the dropped
    rows where that is cheaper and exact, else afresh. `key` is that of a `Memo`.
    """

    def __init__(self, search, rows, parent=None, dropped=None):
        self._search = search
        self.rows = rows
        self.weight = search.weigh(rows)
        self._counts = None
        self._parent = parent
        self._dropped = dropped
        self.key = None

    def keep(self, kept, dropped):
        """Return the side that is left when the rows `dropped` leave this one."""
        return Side(self._search, kept, self, dropped)

    def counts(self):
        if self._counts is None:
            parent, dropped = self._parent, self._dropped
            subtract = (
                self._search.is_exact
                and parent is not None
                and parent._counts is not None
                and len(dropped) < len(self.rows)
            )
            if subtract:
                self._counts = parent._counts - self._search.count(dropped)
            else:
                self._counts = self._search.count(self.rows)
            self._parent = self._dropped = None  # let go of the memory
        return self._counts


class LiteralSearch:
    """Finds and applies literals on row lists of a coded table with weights.

    Parameters
    ----------
    coded : CodedTable
    weight : int64 or float64 (n,)
        Empty if each row weighs one. Integers add up exactly.
    heuristic : {"mgi", "gini", "entropy"}
    workers : Workers
    """

    def __init__(self, coded, weight, heuristic, workers):
        self.coded = coded
        self._heuristic = HEURISTICS[heuristic]
        self.weight = weight
        self.is_exact = weight.dtype == np.int64
        self._workers = workers
        columns = coded.columns
        self._n_bins = np.array([len(c.starts) - 1 for c in columns], np.int64)
        self._n_numbers = np.array([c.n_numbers for c in columns], np.int64)
        self._width = int(self._n_bins.max())
        self._starts = np.zeros((len(columns), self._width + 1), np.int32)
        for j, column in enumerate(columns):
            self._starts[j, : len(column.starts)] = column.starts
        self._fine = [j for j, c in enumerate(columns) if c.ranks is not None]
        self._place = {feature: j for j, feature in enumerate(coded.features.tolist())}
        self._rank_of = {}

    def weigh(self, rows):
        """Return the weight of rows as a Python number."""
        if self.weight.size == 0:
            return len(rows)
        return self.weight[rows].sum().item()

    def count(self, rows):
        """Return the weight sums (d, width) of rows by column and code."""
        codes = self.coded.codes
        counts = np.zeros((len(codes), self._width), self.weight.dtype)
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

    def split(self, rows, literal):
        """Return the rows where a literal holds, and where it does not."""
        j = self._place[literal.feature]
        rank = self._rank_of[literal.feature, literal.value]
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

    def best_literal(self, pos, neg, banned):
        """Return (literal, gain, cut) of the best candidate, or None if all are banned.

        `banned` (b, 3) holds cuts: column, rank and pair. `gain` is what the literal
        improves on the score without a split.
        """
        cuts = self._scan(pos, neg, banned)
        if self._fine:
            self._refine(cuts, pos, neg, banned)
        j = int(np.argmax(cuts[:, 0]))  # the first of equals
        value = cuts[j, 0].item()
        if value == -np.inf:
            return None
        rank, pair, negated = cuts[j, 1:].astype(int).tolist()
        feature = int(self.coded.features[j])
        number_or_token = self.coded.columns[j].value(rank)
        self._rank_of[feature, number_or_token] = rank
        literal = Literal(feature, OPERATORS[pair], number_or_token, bool(negated))
        gain = value - score(self._heuristic, pos.weight, 0, 0, neg.weight)
        return literal, gain, (j, rank, pair)

    def _scan(self, pos, neg, banned):
        """Return score, rank, pair, negated of the best cut of each column."""
        n_columns = len(self.coded.codes)
        pos_counts, neg_counts = pos.counts(), neg.counts()
        cuts = np.empty((n_columns, 4))
        self.map(
            lambda part: scan_columns(
                pos_counts[part],
                neg_counts[part],
                self._starts[part],
                self._n_bins[part],
                self._n_numbers[part],
                banned,
                part.start,
                self._heuristic,
                cuts[part],
            ),
            self._workers.slices(n_columns),
            n_cells=n_columns * self._width,
        )
        return cuts

    def _refine(self, cuts, pos, neg, banned):
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
                self._heuristic,
                floor,
            )

        n_cells = len(self._fine) * (len(pos.rows) + len(neg.rows))
        cuts[self._fine] = self.map(refine, self._fine, n_cells)

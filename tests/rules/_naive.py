"""A slow and obvious FOLD-SE, written from the paper's description alone.

It shares no code with the package. Cells are Python floats and str tokens, every
count is a sum over rows, every search walks over all literals in their fixed order,
and learning takes none of the shortcuts that are allowed.
"""

import math
from collections import defaultdict
from dataclasses import dataclass, field
from numbers import Integral
from typing import NamedTuple

Z_SQUARED = 3.8416


class Literal(NamedTuple):
    """One test of one column; the fields are those of the package's literal."""

    feature: int
    op: str
    value: float | str
    negated: bool = False

    def complement(self):
        return self._replace(negated=not self.negated)

    def holds(self, cell):
        if self.op == "==":
            plain = isinstance(cell, str) and cell == self.value
        elif isinstance(cell, str):
            plain = False
        else:
            plain = cell <= self.value if self.op == "<=" else cell > self.value
        return not plain if self.negated else plain


@dataclass
class Rule:
    """A default with exceptions; `gains` has one number per learned literal."""

    head: object
    literals: tuple
    exceptions: tuple = ()
    gains: tuple = ()
    support: float = 0
    confidence: float = 0.5

    def default_holds(self, row):
        return all(literal.holds(row[literal.feature]) for literal in self.literals)

    def fires(self, row):
        # A rule without literals covers nothing.
        return (
            bool(self.literals)
            and self.default_holds(row)
            and not any(child.fires(row) for child in self.exceptions)
        )

    def body(self):
        return self.literals, tuple(child.body() for child in self.exceptions)


def parse_cell(value, categorical):
    """Turn one Python object into a float or a token; a missing value is ""."""
    if isinstance(value, str):
        return value if categorical else _number_or_token(value)
    if value is None or type(value).__name__ == "NAType" or value != value:
        return ""
    if categorical:
        return _token(value)
    return _number_or_token(value)


def _token(value):
    if type(value).__name__ in ("bool", "bool_"):
        return str(bool(value))
    if isinstance(value, Integral):
        return str(int(value))
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return str(int(number)) if number.is_integer() else repr(number)


def _number_or_token(value):
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    if number != number:
        return ""
    if math.isinf(number):
        raise ValueError("infinity")
    return number + 0.0  # no negative zero


def mgi(tp, fn, tn, fp):
    """Magic Gini Impurity without its guard."""
    return -(math.sqrt(tp * fp) + math.sqrt(tn * fn))


def gini(tp, fn, tn, fp):
    """Weighted Gini impurity, in rows."""

    def branch(a, b):
        return a * b / (a + b) if a + b else 0.0

    return -(branch(tp, fp) + branch(tn, fn))


def entropy(tp, fn, tn, fp):
    """Minus the conditional entropy in nats; summed so that complements tie."""

    def part(a, total):
        return a * math.log(a / total) if a else 0.0

    def branch(a, b):
        return part(a, a + b) + part(b, a + b)

    return (branch(tp, fp) + branch(tn, fn)) / (tp + fn + tn + fp)


IMPURITIES = {"mgi": mgi, "gini": gini, "entropy": entropy}


def score(heuristic, tp, fn, tn, fp):
    """Score of a literal, with the guard against literals that mostly err."""
    if tp + tn < fp + fn:
        return -math.inf
    return IMPURITIES[heuristic](tp, fn, tn, fp)


def literals_of(j, cells):
    """Yield all literals on the cells of column `j`, in their fixed order."""
    numbers = sorted({cell for cell in cells if not isinstance(cell, str)})
    for value in numbers:
        for op in ("<=", ">"):
            yield Literal(j, op, value, False)
            yield Literal(j, op, value, True)
    tokens = {cell for cell in cells if isinstance(cell, str)}
    for value in sorted(tokens, reverse=True):
        yield Literal(j, "==", value, False)
        yield Literal(j, "==", value, True)


def wilson_centre(right, support):
    return (right + Z_SQUARED / 2) / (support + Z_SQUARED)


def fold_one_literal_exceptions(rule):
    """Move exceptions of one literal, bottom-up, into the body as complements."""
    literals, kept = list(rule.literals), []
    for child in rule.exceptions:
        child = fold_one_literal_exceptions(child)
        if len(child.literals) == 1 and not child.exceptions:
            literals.append(child.literals[0].complement())
        else:
            kept.append(child)
    return Rule(rule.head, tuple(literals), tuple(kept))


def merge_numeric_bounds(rule):
    """Leave one lower and one upper bound per column, at the place of the first."""
    literals = []
    for literal in rule.literals:
        if literal.op == "==":
            literals.append(literal)
            continue
        column = [
            other
            for other in rule.literals
            if other.feature == literal.feature and other.op != "=="
        ]
        if column[0] is not literal:
            continue
        negated = all(other.negated for other in column)
        lower = [b.value for b in column if (b.op == ">") is not b.negated]
        upper = [b.value for b in column if (b.op == "<=") is not b.negated]
        if lower:
            op = "<=" if negated else ">"
            literals.append(Literal(literal.feature, op, max(lower), negated))
        if upper:
            op = ">" if negated else "<="
            literals.append(Literal(literal.feature, op, min(upper), negated))
    children = tuple(merge_numeric_bounds(child) for child in rule.exceptions)
    return Rule(rule.head, tuple(literals), children)


def simplify(rule):
    return merge_numeric_bounds(fold_one_literal_exceptions(rule))


@dataclass
class NaiveFoldSE:
    """The reference learner; parameters and attributes are those of the estimator.

    `categorical` has one bool per column. Tables are lists of rows of Python objects.
    Weights are integers, or floats whose sums are exact.
    """

    categorical: list
    ratio: float = 0.5
    tail: float = 0.005
    heuristic: str = "mgi"
    pos_label: object = None
    max_rules: int | None = None
    max_depth: int | None = None
    max_literals: int | None = None
    class_weight: dict | None = None
    min_confidence: float = 0.0
    recount: bool = False  # count each literal by itself, row by row
    n_searches: int = field(default=0, init=False)

    def parse(self, rows):
        return [
            [parse_cell(v, c) for v, c in zip(row, self.categorical, strict=True)]
            for row in rows
        ]

    def fit(self, rows, y, sample_weight=None):
        self.classes_ = sorted(set(y))
        weight = [1] * len(y) if sample_weight is None else list(sample_weight)
        weight = self._times_class_weight(y, weight)
        kept = [i for i, w in enumerate(weight) if w > 0]
        self.rows = self.parse([rows[i] for i in kept])
        self.y = [y[i] for i in kept]
        self.weight = [weight[i] for i in kept]
        if all(float(w).is_integer() for w in self.weight):
            self.weight = [int(w) for w in self.weight]
        self.tail_count_ = self._tail_count()
        everything = list(range(len(kept)))
        if len(self.classes_) == 1:
            raw, self.default_class_ = [], self.classes_[0]
        elif len(self.classes_) == 2:
            raw = self._learn_binary(everything)
        else:
            raw = self._learn_multi_class(everything)
        self.raw_rules_ = raw
        self.rules_ = [simplify(rule) for rule in raw]
        for program in (self.raw_rules_, self.rules_):
            self._count_support(program, everything)
        self._summarise(everything)
        return self

    def _times_class_weight(self, y, weight):
        factor = self.class_weight or {}
        return [w * factor.get(c, 1) for c, w in zip(y, weight, strict=True)]

    def _tail_count(self):
        if isinstance(self.tail, int):
            return self.tail
        total = sum(self.weight)
        if isinstance(total, int):
            return math.floor(self.tail * total + 1e-9)
        return self.tail * total

    def _learn_binary(self, everything):
        positive = self.classes_[1] if self.pos_label is None else self.pos_label
        (self.default_class_,) = (c for c in self.classes_ if c != positive)
        pos = [i for i in everything if self.y[i] == positive]
        neg = [i for i in everything if self.y[i] != positive]
        rules = self._fold(pos, neg, frozenset(), 0)
        for rule in rules:
            rule.head = positive
        return rules

    def _learn_multi_class(self, everything):
        left, rules = everything, []
        while len({self.y[i] for i in left}) >= 2:
            rule = self._next_rule(left)
            if rule is None:
                break
            rules.append(rule)
            left = [i for i in left if not rule.fires(self.rows[i])]
            if len(rules) == self.max_rules:
                break
        self.default_class_ = self._by_decreasing_weight(left or everything)[0]
        return rules

    def _by_decreasing_weight(self, rows):
        def lightness(label):
            return -self.total(i for i in rows if self.y[i] == label)

        return sorted(self.classes_, key=lightness)  # stable: the first wins ties

    def _next_rule(self, left):
        for label in self._by_decreasing_weight(left):
            pos = [i for i in left if self.y[i] == label]
            neg = [i for i in left if self.y[i] != label]
            if not pos or self.total(pos) < self.tail_count_:
                continue
            rule = self._learn_rule(pos, neg, frozenset(), 0)
            if self._accepted(rule, pos, neg):
                rule.head = label
                return rule
        return None

    def _accepted(self, rule, pos, neg):
        right = [i for i in pos if rule.fires(self.rows[i])]
        wrong = [i for i in neg if rule.fires(self.rows[i])]
        if not right or self.total(right) < self.tail_count_:
            return False
        support = self.total(right) + self.total(wrong)
        return wilson_centre(self.total(right), support) >= self.min_confidence

    def _fold(self, pos, neg, banned, depth):
        rules = []
        while pos:
            rule = self._learn_rule(pos, neg, banned, depth)
            if not self._accepted(rule, pos, neg):
                break
            rules.append(rule)
            pos = [i for i in pos if not rule.fires(self.rows[i])]
            if depth == 0 and len(rules) == self.max_rules:
                break
        return rules

    def _learn_rule(self, pos, neg, banned, depth):
        literals, gains = [], []
        while True:
            best, best_score = self.best_literal(pos, neg, banned)
            if best is None:
                return Rule(None, tuple(literals), gains=tuple(gains))
            no_split = IMPURITIES[self.heuristic](
                self.total(pos), 0, 0, self.total(neg)
            )
            gains.append(best_score - no_split)
            literals.append(best)
            banned = banned | {best, best.complement()}
            pos = [i for i in pos if best.holds(self.rows[i][best.feature])]
            neg = [i for i in neg if best.holds(self.rows[i][best.feature])]
            pure = self.total(neg) <= self.ratio * self.total(pos)
            if pure or len(literals) == self.max_literals:
                break
        exceptions = []
        if neg and (self.max_depth is None or depth < self.max_depth):
            exceptions = self._fold(neg, pos, banned, depth + 1)
        return Rule(None, tuple(literals), tuple(exceptions), tuple(gains))

    def best_literal(self, pos, neg, banned):
        """Return the first literal with the best score, and the score."""
        self.n_searches += 1
        best, best_score = None, -math.inf
        count = self._count_by_itself if self.recount else self._count_by_column
        columns = range(len(self.categorical))
        for j in sorted(columns, key=lambda j: not self.categorical[j]):
            for literal, counts in count(j, pos, neg):
                if literal in banned:
                    continue
                found = score(self.heuristic, *counts)
                if found > best_score:
                    best, best_score = literal, found
        return best, best_score

    def _count_by_itself(self, j, pos, neg):
        for literal in literals_of(j, [self.rows[i][j] for i in pos + neg]):
            tp = self.total(i for i in pos if literal.holds(self.rows[i][j]))
            fn = self.total(i for i in pos if not literal.holds(self.rows[i][j]))
            fp = self.total(i for i in neg if literal.holds(self.rows[i][j]))
            tn = self.total(i for i in neg if not literal.holds(self.rows[i][j]))
            yield literal, (tp, fn, tn, fp)

    def _count_by_column(self, j, pos, neg):
        """The same counts from one pass over the rows: faster, and still plain."""
        weight_of = defaultdict(lambda: [0, 0])
        for side, rows in enumerate((pos, neg)):
            for i in rows:
                weight_of[self.rows[i][j]][side] += self.weight[i]
        total = [self.total(pos), self.total(neg)]
        numeric = [0, 0]
        for cell, counts in weight_of.items():
            if not isinstance(cell, str):
                numeric = [numeric[0] + counts[0], numeric[1] + counts[1]]
        below, seen = [0, 0], None
        for literal in literals_of(j, weight_of):
            if literal.value != seen:
                seen = literal.value
                hits = weight_of[seen]
                if literal.op != "==":
                    below = [below[0] + hits[0], below[1] + hits[1]]
            if literal.op == "==":
                tp, fp = hits
            elif literal.op == "<=":
                tp, fp = below
            else:
                tp, fp = numeric[0] - below[0], numeric[1] - below[1]
            fn, tn = total[0] - tp, total[1] - fp
            yield literal, ((fn, tp, fp, tn) if literal.negated else (tp, fn, tn, fp))

    def total(self, rows):
        return sum(self.weight[i] for i in rows)

    def _count_support(self, program, everything):
        """Route all rows through a program; fill in support and confidence."""

        def route(rules, reached, argued):
            for rule in rules:
                fired = [i for i in reached if rule.fires(self.rows[i])]
                head = rule.head if argued is None else argued[0]
                against = argued is not None and argued[1]
                right = [i for i in fired if (self.y[i] == head) is not against]
                rule.support = self.total(fired)
                rule.confidence = wilson_centre(self.total(right), rule.support)
                inside = [i for i in reached if rule.default_holds(self.rows[i])]
                route(rule.exceptions, inside, (head, not against))
                reached = [i for i in reached if not rule.fires(self.rows[i])]

        route(program, everything, None)

    def _summarise(self, everything):
        where = {c: k for k, c in enumerate(self.classes_)}
        self.rule_counts_ = [[0.0] * len(where) for _ in range(len(self.rules_) + 1)]
        for i in everything:
            which = self._first_rule(self.rows[i], self.rules_)
            self.rule_counts_[which][where[self.y[i]]] += self.weight[i]

        gains = [0.0] * len(self.categorical)

        def add(rules):
            for rule in rules:
                for literal, gain in zip(rule.literals, rule.gains, strict=True):
                    gains[literal.feature] += gain
                add(rule.exceptions)

        add(self.raw_rules_)
        total = sum(gains)
        self.feature_importances_ = [g / total if total else 0.0 for g in gains]

        distinct = {}

        def collect(rules):
            for rule in rules:
                distinct[rule.body()] = rule
                collect(rule.exceptions)

        for rule in self.rules_:
            collect(rule.exceptions)
        lines = self.rules_ + list(distinct.values())
        self.n_rules_ = len(lines)
        self.n_literals_ = sum(len(rule.literals) for rule in lines)

    @staticmethod
    def _first_rule(row, rules):
        fired = (k for k, rule in enumerate(rules) if rule.fires(row))
        return next(fired, -1)

    def apply(self, rows, raw=False):
        rules = self.raw_rules_ if raw else self.rules_
        return [self._first_rule(row, rules) for row in self.parse(rows)]

    def predict(self, rows, raw=False):
        heads = [rule.head for rule in self.rules_] + [self.default_class_]
        return [heads[k] for k in self.apply(rows, raw)]

    def predict_proba(self, rows):
        heads = [rule.head for rule in self.rules_] + [self.default_class_]
        out = []
        for k in self.apply(rows):
            n_classes = len(self.classes_)
            total = sum(self.rule_counts_[k])
            share = [
                (count + Z_SQUARED / n_classes) / (total + Z_SQUARED)
                for count in self.rule_counts_[k]
            ]
            own = self.classes_.index(heads[k])
            others = [p for c, p in enumerate(share) if c != own]
            if others and share[own] <= max(others):
                share[own] = (1 + 1e-6) * max(others)
            out.append([p / sum(share) for p in share])
        return out

"""FOLD-SE learning on a coded table: which rule next, which literal next.

The names follow the papers: a rule's default part is closed once few enough negative
rows satisfy it, and these become the positives of its exceptions.
"""

from dataclasses import dataclass, field

import numpy as np

from ._kernels import difference
from ._rule import wilson_centre
from ._search import Side

__all__ = [
    "Draft",
    "Learner",
    "Memo",
    "NoMemo",
    "Settings",
    "heaviest_first",
]

# Each level of exceptions has at most `ratio` times the rows of the one above, so 0.5
# nests log2(n) deep. For ratios near 1 and above, pickle and JSON, which recurse, set
# the limit.
DEEPEST = 64


@dataclass(frozen=True)
class Settings:
    """The dials of `FoldSE` in the form that the learner needs."""

    ratio: float
    threshold: float
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
    search : LiteralSearch
    settings : Settings
    memo : Memo or NoMemo
        Shared by several learners on the same table, whose thresholds ascend: a part
        that is cut short at one threshold is so at all larger ones.
    """

    def __init__(self, search, settings, memo):
        self._search = search
        self._settings = settings
        depth = settings.max_depth
        self._max_depth = DEEPEST if depth is None else min(depth, DEEPEST)
        self._memo = memo

    def learn_binary(self, pos_rows, neg_rows, head):
        """Yield the rules that describe one class against the other."""
        pos, neg = (Side(self._search, rows) for rows in (pos_rows, neg_rows))
        pos.key, neg.key = self._memo.name("pos"), self._memo.name("neg")
        for draft in self._fold(pos, neg, _NONE_BANNED, 0):
            draft.head = head
            yield draft

    def learn_ordered(self, codes, n_classes):
        """Yield the rules of an ordered list for classes 0 .. n_classes - 1.

        Each time the heaviest class that gives a rule; all the rows that it covers are
        decided and leave.
        """
        rest = Side(self._search, np.arange(len(codes), dtype=np.int32))
        name = self._memo.name
        rest.key = name("all")
        while True:
            by_class = np.argsort(codes[rest.rows], kind="stable")
            sizes = np.bincount(codes[rest.rows], minlength=n_classes)
            members = np.split(rest.rows[by_class], np.cumsum(sizes)[:-1])
            if np.count_nonzero(sizes) < 2:
                return  # the default closes a pure rest
            weights = [self._search.weigh(member) for member in members]
            for c in heaviest_first(weights):
                if sizes[c] == 0 or weights[c] < self._settings.threshold:
                    continue
                pos = Side(self._search, members[c])
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
            fired = self._search.fired(draft, rest.rows)
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
        weight = self._search.weigh(covered)
        if len(covered) == 0 or weight < self._settings.threshold:
            return False
        if self._settings.min_confidence == 0:
            return True
        wrong = self._search.weigh(self._search.fired(draft, neg.rows))
        confidence = wilson_centre(weight, weight + wrong)
        return confidence >= self._settings.min_confidence

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
        may_except = len(neg.rows) > 0 and neg.weight >= self._settings.threshold
        if is_closed and may_except and depth < self._max_depth:
            draft.exceptions = list(self._fold(neg, pos, banned, depth + 1))
            for exception in draft.exceptions:
                covered = difference(covered, self._search.fired(exception, covered))
        exception_keys = [exception.key for exception in draft.exceptions]
        draft.key = self._memo.name(key, "rule", *exception_keys)
        return draft, covered

    def _default_part(self, pos, neg, banned):
        """Add literals until few negatives are left; return what the rule is made of.

        Returns literals, gains, banned cuts, both sides, and whether the part is
        closed: not if the candidates ran out, or if too few positives are left for any
        rule.
        """
        settings = self._settings
        literals, gains = [], []
        while len(pos.rows) and pos.weight >= settings.threshold:
            best = self._search.best_literal(pos, neg, banned)
            if best is None:
                break
            literal, gain, cut = best
            literals.append(literal)
            gains.append(gain)
            banned = np.vstack([banned, [cut]])
            pos, neg = self._search.split_sides(pos, neg, literal)
            few_negatives = neg.weight <= settings.ratio * pos.weight
            if few_negatives or len(literals) == settings.max_literals:
                return literals, gains, banned, pos, neg, True
        return literals, gains, banned, pos, neg, False


_NONE_BANNED = np.empty((0, 3), np.int64)

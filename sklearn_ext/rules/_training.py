"""Training data of FOLD-SE, from what the user gave to the fitted attributes."""

from itertools import islice
from numbers import Integral

import numpy as np

from sklearn_ext._core._encoding import categorical_mask, encode_labels, open_table
from sklearn_ext._core._sklearn import (
    check_classification_targets,
    check_consistent_length,
    check_sample_weight,
    check_target,
    compute_class_weight,
)

from ._encoding import encode
from ._learner import Learner, NoMemo, Settings, heaviest_first
from ._rule import Rule, distinct_rules, simplify
from ._search import LiteralSearch
from ._statistics import gains_by_feature, measure
from ._summary import literal_text

__all__ = ["Training"]

# Products of two weight sums must fit into an int64.
MAX_EXACT_WEIGHT = 2**31
# A rest of a smaller share of the weight, the precision of float32, is no evidence for
# the default class.
NEGLIGIBLE = 1e-7


def _weigh_rows(y, codes, classes, sample_weight, class_weight):
    """Return one float64 weight per row, zero rows included."""
    weight = check_sample_weight(
        sample_weight, y, dtype=np.float64, ensure_non_negative=True
    )
    if not np.isfinite(weight.sum()):
        raise ValueError("sample_weight is too large: its sum is infinite.")
    if class_weight is None:
        return weight
    kept = weight > 0
    present = np.unique(codes[kept])
    factor = np.zeros(len(classes))
    factor[present] = compute_class_weight(
        class_weight, classes=classes[present], y=y[kept], sample_weight=weight[kept]
    )
    weight = weight * factor[codes]
    if not (np.isfinite(weight.sum()) and (weight >= 0).all() and weight.any()):
        raise ValueError(
            f"class_weight must hold finite numbers >= 0 and leave a row of positive "
            f"weight, got {class_weight!r}."
        )
    return weight


def _exact_weight(weight):
    """Return integers if the weights are integers, empty if each of them is one."""
    if (weight == 1).all():
        return np.empty(0, np.int64)
    if (weight == np.floor(weight)).all() and weight.sum() < MAX_EXACT_WEIGHT:
        return weight.astype(np.int64)
    return weight


def _positive_code(pos_label, classes):
    """Return the code of the class that a binary model describes."""
    labels = classes.tolist()
    if isinstance(pos_label, np.generic):
        pos_label = pos_label.item()
    if pos_label is None:
        return len(labels) - 1
    if len(labels) > 2:
        raise ValueError(
            f"pos_label={pos_label!r} needs two classes, but y has {len(labels)}: "
            f"{labels}. Leave pos_label=None."
        )
    if pos_label not in labels:
        raise ValueError(
            f"pos_label={pos_label!r} is not a label of y; the classes are {labels}."
        )
    return labels.index(pos_label)


def _as_rule(draft, head=None):
    """Return a draft as a rule without statistics."""
    exceptions = tuple(map(_as_rule, draft.exceptions))
    return Rule(head, tuple(draft.literals), exceptions)


class Training:
    """Validated and encoded training data; rows of weight 0 are gone.

    Parameters
    ----------
    estimator : FoldSE
        Receives the attributes about the columns of X.
    X, y, sample_weight : as given to `fit`
    workers : Workers
    memo : Memo or NoMemo
        A `Memo` makes fits at ascending thresholds share their work.
    """

    def __init__(self, estimator, X, y, sample_weight, workers, memo=None):
        table = open_table(estimator, X, reset=True)
        if y is None:
            raise ValueError(
                "FoldSE requires y to be passed, but the target y is None."
            )
        y = check_target(y, estimator=estimator)
        check_consistent_length(X, y)
        is_number = y.dtype.kind in "biuf"
        if not is_number:
            check_classification_targets(y)
        self.classes, codes = encode_labels(y)
        if is_number:  # the classes tell as much as all of y, unless they are many
            check_classification_targets(self.classes if len(self.classes) <= 20 else y)
        self._positive = _positive_code(estimator.pos_label, self.classes)
        weight = _weigh_rows(
            y, codes, self.classes, sample_weight, estimator.class_weight
        )
        if not weight.all():
            rows = np.flatnonzero(weight)
            table, codes, weight = table.take(rows), codes[rows], weight[rows]
        self._is_categorical = categorical_mask(
            table,
            estimator.categorical_features,
            getattr(estimator, "feature_names_in_", None),
        )
        self._names = table.names
        self._codes = codes
        self._total = weight.sum().item()
        self._is_integral = bool((weight == np.floor(weight)).all())
        coded = encode(table, self._is_categorical, workers)
        self._search = LiteralSearch(
            coded, _exact_weight(weight), estimator.heuristic, workers
        )
        self._memo = memo or NoMemo()

    def threshold(self, estimator):
        """Return the weight below which a rule is dropped, as `tail` says."""
        if isinstance(estimator.tail, Integral):
            return float(estimator.tail)
        count = float(estimator.tail) * self._total
        # 0.29 * 100 is just below 29, in floats.
        return float(np.floor(count + 1e-9)) if self._is_integral else count

    def learn(self, estimator):
        """Return an iterator over the drafts of the top rules."""
        settings = Settings(
            estimator.ratio,
            self.threshold(estimator),
            estimator.max_depth,
            estimator.max_literals,
            estimator.min_confidence,
        )
        learner = Learner(self._search, settings, self._memo)
        if len(self.classes) == 1:
            drafts = iter(())
        elif len(self.classes) == 2:
            is_positive = self._codes == self._positive
            pos, neg = np.flatnonzero(is_positive), np.flatnonzero(~is_positive)
            drafts = learner.learn_binary(
                pos.astype(np.int32), neg.astype(np.int32), self._positive
            )
        else:
            drafts = learner.learn_ordered(self._codes, len(self.classes))
        return islice(drafts, estimator.max_rules)

    def line(self, drafts):
        """Return one line about the newest rule."""
        head = self.classes.tolist()[drafts[-1].head]
        rule = simplify(_as_rule(drafts[-1], head))
        body = " and ".join(literal_text(lit, self._names) for lit in rule.literals)
        n_exceptions = len(distinct_rules([rule])) - 1
        return (
            f"[FoldSE] rule{len(drafts)}: {head!r} if {body} "
            f"({n_exceptions} exception{'s' * (n_exceptions != 1)})"
        )

    def _default(self, counts):
        """Return the code of the class where no rule fires, given `rule_counts_`."""
        if len(self.classes) == 2:
            return 1 - self._positive
        rest = counts[-1]
        if rest.sum() <= NEGLIGIBLE * self._total:
            rest = counts.sum(axis=0)
        return heaviest_first(rest.astype(self._search.weight.dtype))[0]

    def _measure(self, drafts):
        """Return raw rules and simplified ones with statistics, and `rule_counts_`."""
        labels = self.classes.tolist()
        heads = [draft.head for draft in drafts]
        raw = [_as_rule(draft, labels[draft.head]) for draft in drafts]
        rules = [simplify(rule) for rule in raw]
        if rules == raw:
            raw, decided = measure(raw, heads, self._search, self._codes)
            rules = raw
        else:
            (raw, _), (rules, decided) = self._search.map(
                lambda rules: measure(rules, heads, self._search, self._codes),
                (raw, rules),
                n_cells=len(self._codes),
            )
        weight = self._search.weight
        counts = [
            np.bincount(
                self._codes[rows], weight[rows] if weight.size else None, len(labels)
            )
            for rows in decided
        ]
        return raw, rules, np.array(counts, float)

    def fitted_attributes(self, estimator, drafts):
        """Return the fitted attributes that follow from the drafts so far."""
        labels = self.classes.tolist()
        key = ("measured", *(draft.key for draft in drafts))
        raw, rules, counts = self._memo.recall(key, lambda: self._measure(drafts))
        lines = distinct_rules(rules)
        coded = self._search.coded
        categories = [np.empty(0, object)] * len(coded.features)
        for feature, column in zip(coded.features, coded.columns, strict=True):
            categories[feature] = np.array(column.tokens, dtype=object)
        return {
            "classes_": self.classes.copy(),  # models of a path share no array
            "is_categorical_": self._is_categorical.copy(),
            "categories_": categories,
            "rules_": rules,
            "raw_rules_": raw,
            "rule_counts_": counts.copy(),
            "n_rules_": len(lines),
            "n_literals_": sum(len(rule.literals) for rule in lines),
            "default_class_": labels[self._default(counts)],
            "tail_count_": self.threshold(estimator),
            "feature_importances_": gains_by_feature(drafts, len(categories)),
        }

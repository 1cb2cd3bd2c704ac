"""Clauses as text: the order of their literals, "any of" lists, and the whole model.

A clause without a positive word and with a negative vote is a list of words in
disguise: -w (not a and not b) = -w + w (a or b). It is read as "any of: a, b".
"""

from itertools import pairwise
from numbers import Integral

import numpy as np
from scipy.sparse import csr_array

__all__ = [
    "any_of",
    "check_class_label",
    "check_feature_names",
    "check_top",
    "export_text",
    "has_words",
    "literal_names",
    "never_true",
    "rank_within",
    "read_clauses",
    "rule_texts",
    "strongest",
]


def check_feature_names(estimator, feature_names):
    """Return the given names, those of `fit` or x0, x1, ..., as strings."""
    n_features = estimator.n_features_in_
    if feature_names is None:
        default = [f"x{j}" for j in range(n_features)]
        feature_names = getattr(estimator, "feature_names_in_", default)
    names = np.array([str(name) for name in feature_names], dtype=object)
    if len(names) != n_features:
        raise ValueError(
            f"feature_names has {len(names)} names, but the estimator has "
            f"{n_features} features."
        )
    return names


def check_class_label(estimator, class_label):
    """Return the position of a label in `classes_`."""
    labels = estimator.classes_.tolist()
    if class_label not in labels:
        raise ValueError(
            f"class_label={class_label!r} is not a class of the estimator, "
            f"classes_ is {labels}."
        )
    return labels.index(class_label)


def check_top(name, value):
    """Refuse a length of a list that is not None or an int of at least 1."""
    is_int = isinstance(value, Integral) and not isinstance(value, bool)
    if value is not None and not (is_int and value >= 1):
        raise ValueError(f"{name} must be None or an int of at least 1, got {value!r}.")


def never_true(clauses):
    """Tell which clauses are empty or hold a literal and its negation."""
    n_features = clauses.shape[1] // 2
    both = clauses[:, :n_features].multiply(clauses[:, n_features:])
    return (np.diff(clauses.indptr) == 0) | (np.diff(csr_array(both).indptr) > 0)


def has_words(clauses):
    """Tell which clauses hold a literal that is not a negation."""
    positive = clauses.indices < clauses.shape[1] // 2
    before = np.concatenate([[0], np.cumsum(positive)])
    return np.diff(before[clauses.indptr]) > 0


def any_of(clauses, votes):
    """Tell which clauses, none of them empty, are read as "any of"."""
    return ~has_words(clauses) & (votes < 0)


def strongest(estimator, *, class_label=None, top=None):
    """Return the clauses to list: by class, then largest vote first, then in order."""
    owner = estimator.clause_class_
    listed = ~never_true(estimator.clauses_)
    if class_label is not None:
        listed &= owner == check_class_label(estimator, class_label)
    rows = np.flatnonzero(listed)
    strength = np.abs(estimator.clause_votes_[rows].astype(np.int64))
    rows = rows[np.lexsort((rows, -strength, owner[rows]))]
    return rows if top is None else rows[rank_within(owner[rows]) < top]


def rank_within(*keys):
    """Return the position of each entry within its run of equal keys."""
    if len(keys[0]) == 0:
        return np.zeros(0, dtype=np.int64)
    changes = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    starts = np.flatnonzero(np.concatenate([[True], changes]))
    lengths = np.diff(np.append(starts, len(keys[0])))
    return np.arange(len(keys[0])) - np.repeat(starts, lengths)


def _depths(state, n_features, rows, literals):
    """Return how deep the automata of included literals are, 0 to 127."""
    n_words = -(-n_features // 64)
    planes = state.reshape(-1, *state.shape[2:])
    negated, feature = np.divmod(literals, n_features)
    word, bit = feature // 64 + negated * n_words, (feature % 64).astype(np.uint64)
    depths = np.zeros(len(literals), dtype=np.int64)
    for plane in range(7):  # the last plane is set in all of them
        bits = planes[rows, plane, word] >> bit & np.uint64(1)
        depths |= bits.astype(np.int64) << plane
    return depths


def read_clauses(estimator, rows):
    """Return the literals of each given clause in the order in which they are read.

    The deepest automata come first, equal ones by index, as all do without automata.
    """
    clauses = estimator.clauses_[rows]
    literals = clauses.indices.astype(np.int64)
    if hasattr(estimator, "state_"):
        line = np.repeat(np.arange(len(rows)), np.diff(clauses.indptr))
        state, n_features = estimator.state_, estimator.n_features_in_
        depths = _depths(state, n_features, rows[line], literals)
        literals = literals[np.lexsort((literals, -depths, line))]
    return [literals[start:end] for start, end in pairwise(clauses.indptr.tolist())]


def literal_names(feature_names):
    """Return the texts of all literals: the features, then their negations."""
    return np.array(
        [*feature_names, *(f"not {x}" for x in feature_names)], dtype=object
    )


def _body(literals, is_list, names):
    """Write a clause without its vote."""
    if is_list:
        return "any of: " + ", ".join(names[literals - len(names) // 2])
    return " and ".join(names[literals])


def rule_texts(estimator, rows, read, names):
    """Write clauses as people read them: `refund and not thanks`, `any of: who, whom`.

    `read` is what `read_clauses` returns for `rows`, and `names` are those of the
    literals. A list of words states its vote, because that is in force from the start
    and lifted by any of the words.
    """
    votes = estimator.clause_votes_[rows]
    lists = any_of(estimator.clauses_[rows], votes)
    texts = []
    for literals, is_list, vote in zip(read, lists, votes.tolist(), strict=True):
        suffix = f" (+{-vote}, offset {vote})" if is_list else ""
        texts.append(_body(literals, is_list, names) + suffix)
    return texts


def _side(estimator, rows, lists, names, max_rules, show_weights):
    """Write the rules for a class, or those against it, one a line."""
    rows, n_more = rows[:max_rules], len(rows[max_rules or len(rows) :])
    lists = lists[: len(rows)]
    votes = np.where(lists, -1, 1) * estimator.clause_votes_[rows]
    signed = [f"{vote:+d}" for vote in votes.tolist()]
    width = max(map(len, signed))
    read = read_clauses(estimator, rows)
    lines = []
    for vote, literals, is_list in zip(signed, read, lists, strict=True):
        weight = f"{vote:>{width}}  " if show_weights else ""
        lines.append(f"    {weight}{_body(literals, is_list, names)}")
    return [*lines, *([f"    ... and {n_more} more"] if n_more else [])]


def export_text(estimator, *, feature_names=None, max_rules=10, show_weights=True):
    """Write the strongest rules for and against each class.

    Lists of words stand among the rules for the class, and their offsets are summed up
    in its headline: that sum and the weights of all rules that hold make its votes.
    """
    check_top("max_rules", max_rules)
    names = literal_names(check_feature_names(estimator, feature_names))
    rows = strongest(estimator)
    owner, votes = estimator.clause_class_[rows], estimator.clause_votes_[rows]
    lists = any_of(estimator.clauses_[rows], votes)
    lines = []
    for k, label in enumerate(estimator.classes_.tolist()):
        own = owner == k
        n_rules = int(own.sum())
        headline = f"{n_rules} rule{'s' * (n_rules != 1)}"
        offset = votes[own & lists].sum(dtype=np.int64)
        if show_weights and offset:
            headline += f", offset {offset}"
        lines.append(f"class {label} ({headline})")
        sides = {"for": (votes > 0) | lists, "against": (votes < 0) & ~lists}
        for title, side in sides.items():
            chosen = own & side
            if chosen.any():
                given = rows[chosen], lists[chosen], names, max_rules, show_weights
                lines += [f"  {title}", *_side(estimator, *given)]
    return "\n".join(lines)

"""The learned state of a Tsetlin machine: automata in bit planes, clause weights."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from ._kernels import count_included, list_included
from ._pack import pack_bits
from ._random import inclusion_chance

__all__ = ["Automata", "Settings", "literal_mask", "literal_words"]

NO_LIMIT = 2**31 - 1
N_PLANES = 8


class Settings(NamedTuple):
    """What an engine has to know of the parameters."""

    threshold: int
    chance: int  # 1 / specificity in units of 2^-24
    boost: bool
    weighted: bool
    max_literals: int
    clause_drop: float
    batch_size: int

    @classmethod
    def of(cls, estimator, threshold):
        """Read the parameters of an estimator."""
        limit = estimator.max_literals
        return cls(
            int(threshold),
            inclusion_chance(estimator.specificity),
            bool(estimator.boost_true_positive),
            bool(estimator.weighted),
            NO_LIMIT if limit is None else min(int(limit), NO_LIMIT),
            float(estimator.clause_drop),
            min(int(estimator.batch_size), NO_LIMIT),
        )


class Automata(NamedTuple):
    """The learned state: bit planes, clause weights, and which literals there are."""

    state: np.ndarray  # uint64 (C, n, 8, W)
    weights: np.ndarray  # int32 (C, n)
    literal_mask: np.ndarray  # bool (2F,)

    @classmethod
    def start(cls, n_classes, n_clauses, literal_mask, has_negations):
        """Return automata at 127, on the brink of inclusion."""
        words = literal_words(literal_mask, has_negations)
        state = np.zeros((n_classes, n_clauses, N_PLANES, len(words)), np.uint64)
        state[:, :, : N_PLANES - 1] = words
        return cls(state, np.ones((n_classes, n_clauses), np.int32), literal_mask)

    def copy(self):
        """Return automata that do not change with these."""
        return self._replace(state=self.state.copy(), weights=self.weights.copy())

    def n_literals(self):
        """Return the number of included literals of each clause, int32 (C, n)."""
        counts = np.zeros(self.weights.shape, np.int32)
        for planes, row in zip(self.state, counts, strict=True):
            count_included(planes, row)
        return counts

    def fitted_attributes(self):
        """Return the attributes of the estimator that follow from the automata."""
        n_classes, n_clauses = self.weights.shape
        counts = self.n_literals()
        indptr = np.concatenate([[0], np.cumsum(counts.ravel(), dtype=np.int64)])
        if indptr[-1] < 2**31:
            indptr = indptr.astype(np.int32)
        indices = np.empty(indptr[-1], np.int32)
        n_features = len(self.literal_mask) // 2
        list_included(self.state, n_features, indices)
        clauses = sp.csr_array(
            (np.ones(len(indices), np.int8), indices, indptr),
            shape=(n_classes * n_clauses, 2 * n_features),
        )
        polarity = np.where(np.arange(n_clauses) % 2 == 0, 1, -1).astype(np.int32)
        return {
            "state_": self.state,
            "clause_weights_": self.weights,
            "literal_mask_": self.literal_mask,
            "n_literals_": counts,
            "clauses_": clauses,
            "clause_class_": np.repeat(np.arange(n_classes, dtype=np.int32), n_clauses),
            "clause_votes_": (self.weights * polarity).ravel(),
        }


def literal_mask(rows, feature_negation, *, drop_constant):
    """Return which of the 2F literals get automata."""
    counts = rows.feature_counts()
    varies = np.ones(rows.n_features, bool)
    if drop_constant:
        varies = (counts > 0) & (counts < rows.n_rows)
    if not isinstance(feature_negation, bool | np.bool_):
        negated = varies & (counts / rows.n_rows >= feature_negation)
    else:
        negated = varies & bool(feature_negation)
    return np.concatenate([varies, negated])


def literal_words(mask, has_negations):
    """Return the literal mask as words: features, then negations if there are any."""
    features, negations = pack_bits(mask.reshape(2, -1))
    return np.concatenate([features, negations]) if has_negations else features

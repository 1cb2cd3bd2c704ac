"""Search with the split grammar: the best derivations of tagged sentences.

Coarse to fine: the projected grammar says which states may enter a cell, an exact
sparse CKY fills the cells, and the best derivations are enumerated lazily. Sentences
are the tasks of threads, and the result of one depends on nothing else.
"""

from collections import deque
from typing import NamedTuple

import numpy as np

from sklearn_ext._core._arrays import plain_array

__all__ = ["ChartGrammar", "Derivation", "chart_grammar", "derive"]

MAX_STATES = 65_535
LONGEST_CHAIN = 4
# States below this share of the threshold give nothing to the posteriors of others.
NEGLIGIBLE = 1e-4


class ChartGrammar(NamedTuple):
    """Rules as the kernels want them: rows of rules by child and by parent."""

    root: int
    left_start: np.ndarray
    left_right: np.ndarray
    left_parent: np.ndarray
    left_log_prob: np.ndarray
    parent_start: np.ndarray
    parent_left: np.ndarray
    parent_right: np.ndarray
    parent_log_prob: np.ndarray
    up_start: np.ndarray
    up_parent: np.ndarray
    up_log_prob: np.ndarray
    down_start: np.ndarray
    down_child: np.ndarray
    down_log_prob: np.ndarray
    down_total: np.ndarray
    down_length: np.ndarray
    down_middle: np.ndarray
    coarse_of: np.ndarray
    coarse_root: int
    coarse_start: np.ndarray
    coarse_left: np.ndarray
    coarse_parent: np.ndarray
    coarse_prob: np.ndarray
    coarse_up_start: np.ndarray
    coarse_up_parent: np.ndarray
    coarse_up_prob: np.ndarray


class Derivation(NamedTuple):
    """One derivation: log-probability, and its nodes in pre-order."""

    log_prob: float
    states: np.ndarray
    arity: np.ndarray


class ChartSpace(NamedTuple):
    """Scratch arrays of one thread."""

    bottom: np.ndarray
    top: np.ndarray
    states: np.ndarray
    admitted: np.ndarray
    bits: np.ndarray
    rows: np.ndarray


class CoarseSpace(NamedTuple):
    """Scratch arrays of one thread for the coarse grammar, see `coarse_inside`."""

    start: np.ndarray
    inside: np.ndarray
    bottom: np.ndarray
    outside: np.ndarray
    low: np.ndarray
    high: np.ndarray
    active: np.ndarray
    n_active: np.ndarray
    live_low: np.ndarray
    live_high: np.ndarray
    packed_start: np.ndarray
    packed_place: np.ndarray
    packed_rule: np.ndarray
    packed_prob: np.ndarray
    listed: np.ndarray
    below: np.ndarray


def row_starts(keys, n_rows):
    """Return where the rows of entries sorted by `keys` start, int32 (n_rows + 1,)."""
    return np.searchsorted(keys, np.arange(n_rows + 1)).astype(np.int32)


def unary_closure(unary, log_prob):
    """Return the best chains of unary rules: (child, parent, total, middle states).

    At most four rules and never back to the child; of equally good chains the shorter
    one, then the one with the lower states from the parent down.
    """
    rules_of = {}
    for (child, parent), score in zip(unary.tolist(), log_prob.tolist(), strict=True):
        rules_of.setdefault(child, []).append((parent, score))
    chains = []
    for child in sorted(rules_of):
        best = {}
        ends = {child: (0.0, ())}
        for _ in range(LONGEST_CHAIN):
            longer = {}
            for state, (score, path) in ends.items():
                below = () if state == child else (state, *path)
                for parent, step in rules_of.get(state, ()):
                    new = (score + step, below)
                    old = longer.get(parent)
                    if parent != child and (
                        old is None or (-new[0], new[1]) < (-old[0], old[1])
                    ):
                        longer[parent] = new
            for parent, new in longer.items():
                if parent not in best or new[0] > best[parent][0]:
                    best[parent] = new
            ends = longer
        chains += [(child, parent, *best[parent]) for parent in sorted(best)]
    return chains


def chain_arrays(n_states, chains):
    """Return the closure as rows by child and rows by parent, see ChartGrammar."""
    m = len(chains)
    child = np.array([c[0] for c in chains], np.int64)
    parent = np.array([c[1] for c in chains], np.int64)
    total = np.array([c[2] for c in chains], np.float64)
    length = np.array([len(c[3]) + 1 for c in chains], np.int8)
    middle = np.zeros((m, LONGEST_CHAIN - 1), np.uint16)
    for row, chain in enumerate(chains):
        middle[row, : len(chain[3])] = chain[3]
    down = np.lexsort((child, parent))
    return {
        "up_start": row_starts(child, n_states),
        "up_parent": parent.astype(np.uint16),
        "up_log_prob": total.astype(np.float32),
        "down_start": row_starts(parent[down], n_states),
        "down_child": child[down].astype(np.uint16),
        "down_log_prob": total[down].astype(np.float32),
        "down_total": total[down],
        "down_length": length[down],
        "down_middle": middle[down],
    }


def chart_grammar(
    n_states,
    root,
    binary,
    binary_log_prob,
    unary,
    unary_log_prob,
    coarse_of,
    coarse_binary,
    coarse_binary_prob,
    coarse_unary,
    coarse_unary_prob,
):
    """Return the grammar of the kernels.

    binary int32 (n, 3) = left, right, parent and unary int32 (m, 2) = child, parent are
    sorted rows; coarse rules are those of the projection, with probabilities instead of
    their logarithms, and `coarse_of` int32 (n_states,) projects a state.
    """
    if n_states > MAX_STATES:
        raise ValueError(
            f"the grammar has {n_states} states, but at most {MAX_STATES} are possible;"
            " lower markov_order or set split_states=False"
        )
    n_coarse = int(coarse_of.max()) + 1
    left, right, parent = binary.T
    by_parent = np.lexsort((right, left, parent))
    coarse_left, coarse_right, coarse_parent = coarse_binary.T
    by_right = np.lexsort((coarse_parent, coarse_left, coarse_right))
    series = unary_series(n_coarse, coarse_unary, coarse_unary_prob)
    arrays = {
        "left_start": row_starts(left, n_states),
        "left_right": right.astype(np.uint16),
        "left_parent": parent.astype(np.uint16),
        "left_log_prob": binary_log_prob.astype(np.float32),
        "parent_start": row_starts(parent[by_parent], n_states),
        "parent_left": left[by_parent].astype(np.uint16),
        "parent_right": right[by_parent].astype(np.uint16),
        "parent_log_prob": binary_log_prob[by_parent].astype(np.float32),
        **chain_arrays(n_states, unary_closure(unary, unary_log_prob)),
        "coarse_of": coarse_of.astype(np.uint16),
        "coarse_start": row_starts(coarse_right[by_right], n_coarse),
        "coarse_left": coarse_left[by_right].astype(np.uint16),
        "coarse_parent": coarse_parent[by_right].astype(np.uint16),
        "coarse_prob": coarse_binary_prob[by_right].astype(np.float64),
        "coarse_up_start": series.indptr.astype(np.int32),
        "coarse_up_parent": series.indices.astype(np.uint16),
        "coarse_up_prob": series.data.astype(np.float64),
    }
    return ChartGrammar(
        root=int(root),
        coarse_root=int(coarse_of[root]),
        **{name: plain_array(array) for name, array in arrays.items()},
    )


def unary_series(n_states, unary, prob):
    """Return the summed probability of all unary chains of one to four rules, CSR."""
    from scipy.sparse import csr_array

    step = csr_array(
        (prob.astype(np.float64), (unary[:, 0], unary[:, 1])), (n_states, n_states)
    )
    power, total = step, step
    for _ in range(LONGEST_CHAIN - 1):
        power = power @ step
        total = total + power
    total.sort_indices()
    return total


class Workspace:
    """Buffers of one thread, for sentences of at most `n_words` words."""

    def __init__(self, grammar, n_words, with_coarse):
        n_states = len(grammar.coarse_of)
        n_coarse = len(grammar.coarse_start) - 1
        never = np.float32(-np.inf)
        self.space = ChartSpace(
            bottom=np.full(n_states, never),
            top=np.full(n_states, never),
            states=np.empty(n_states, np.uint16),
            admitted=np.empty(n_coarse, np.bool_),
            bits=np.zeros((n_states + 63) // 64, np.uint64),
            rows=np.full((n_words, n_states), never),
        )
        self.pool = (
            np.empty(n_states, np.uint16),
            np.empty(n_states, np.float32),
            np.empty(n_states, np.float32),
        )
        self.cell_start = np.empty(n_words * (n_words + 1) // 2 + 1, np.int64)
        n_cells = n_words * (n_words + 1) // 2
        self.allowed = (
            np.empty(n_cells, np.int32),
            np.empty(n_cells, np.int32),
            np.empty(n_coarse, np.uint16),
        )
        n_rules = len(grammar.coarse_prob) + 1
        self.coarse = None
        if with_coarse:
            size = n_coarse * sum((end + 3) // 4 * 4 for end in range(n_words + 1))
            self.coarse = CoarseSpace(
                start=np.empty(n_words + 2, np.int64),
                inside=np.empty(size),
                bottom=np.empty(size),
                outside=np.empty(size),
                low=np.zeros((n_words + 1, n_coarse), np.int32),
                high=np.zeros((n_words + 1, n_coarse), np.int32),
                active=np.empty((n_words + 1, n_coarse), np.uint16),
                n_active=np.zeros(n_words + 1, np.int64),
                live_low=np.empty(n_coarse, np.int32),
                live_high=np.empty(n_coarse, np.int32),
                packed_start=np.empty((n_words + 1, n_coarse + 1), np.int32),
                packed_place=np.empty((n_words + 1, n_rules), np.int32),
                packed_rule=np.empty((n_words + 1, n_rules, 3), np.int32),
                packed_prob=np.empty((n_words + 1, n_rules)),
                listed=np.empty(n_coarse, np.uint16),
                below=np.empty(n_coarse),
            )

    def prune(self, grammar, sentence, threshold):
        """Set the allowed states of each cell; tell whether there is a derivation."""
        from ._kernels_coarse import coarse_inside, coarse_outside

        total = coarse_inside(grammar, *sentence, self.coarse)
        if not 0 < total < np.inf:
            return False
        self.allowed = coarse_outside(
            grammar,
            len(sentence[0]) - 1,
            self.coarse,
            threshold,
            NEGLIGIBLE * threshold,
            self.allowed,
        )
        return True

    def derive(self, grammar, sentence, n_best, is_pruned):
        """Return the best derivations of a sentence, with the allowed states or all."""
        from ._kernels_chart import fill_chart
        from ._kernels_derivations import best_derivations

        self.pool = fill_chart(
            grammar,
            *sentence,
            is_pruned,
            self.allowed,
            self.space,
            self.pool,
            self.cell_start,
        )
        log_prob, start, states, arity = best_derivations(
            grammar, len(sentence[0]) - 1, self.cell_start, *self.pool, n_best
        )
        return [
            Derivation(
                float(log_prob[d]),
                states[start[d] : start[d + 1]].copy(),
                arity[start[d] : start[d + 1]].copy(),
            )
            for d in np.argsort(-log_prob, kind="stable").tolist()
        ]


def derive(grammar, sentences, *, n_best, prune_threshold, workers, finish=None):
    """Return the best derivations of each sentence, best first, at most `n_best`.

    A sentence is (offsets, states, scores), the candidate tags of its words; the list
    of one without a derivation is empty. Scores are float32, so derivations whose
    log-probabilities differ by less than their rounding may change places before the
    list is cut; those in it are sorted by their recomputed log-probability.

    `finish`, a function of the number of a sentence and its list, replaces the list by
    what it returns. It is called in the thread of the search, beside those of others.
    """
    if not sentences:
        return []
    n_words = max(len(sentence[0]) - 1 for sentence in sentences)
    idle = deque()

    def task(index):
        sentence = tuple(map(plain_array, sentences[index]))
        try:
            work = idle.pop()
        except IndexError:
            work = Workspace(grammar, n_words, prune_threshold > 0)
        found = []
        if prune_threshold > 0 and work.prune(grammar, sentence, prune_threshold):
            found = work.derive(grammar, sentence, n_best, True)
        if not found:
            found = work.derive(grammar, sentence, n_best, False)
        idle.append(work)
        return found if finish is None else finish(index, found)

    # The longest one first: no thread is left with it at the end.
    order = sorted(range(len(sentences)), key=lambda i: -len(sentences[i][0]))
    results = [[] for _ in sentences]
    for index, found in zip(order, workers.map(task, order), strict=True):
        results[index] = found
    return results

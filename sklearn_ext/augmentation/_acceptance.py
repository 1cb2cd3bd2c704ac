"""Which candidates become rows: sources in turn, no copies, nothing too unlikely."""

from typing import NamedTuple

import numpy as np

__all__ = ["REASONS", "NewRows", "Sources", "accept_rows", "normal_form"]

REASONS = "unchanged", "length", "copy", "duplicate", "score", "filter"


class NewRows(NamedTuple):
    """Accepted rows of one class, in the order of their slots."""

    texts: list
    source: np.ndarray  # int64 (n,): rows of X whose frames they have
    donors: list  # of int64 arrays: all rows that gave something, the source included
    scores: np.ndarray  # float64 (n,): log-probability per token
    edits: np.ndarray  # int64 (n, 3): phrases, words of the class, synonyms

    def take(self, at):
        """Return some of the rows."""
        return NewRows(
            [self.texts[i] for i in at],
            self.source[at],
            [self.donors[i] for i in at],
            self.scores[at],
            self.edits[at],
        )


def normal_form(text):
    """Return what texts that count as equal share: case and white space are not it."""
    return " ".join(text.lower().split())


class Sources:
    """Whose turn it is: every source the same number of rows, and an end to trying.

    Parameters
    ----------
    n_rows : int
        Rows to make of all sources together.
    order : ndarray of int64 of shape (n_sources,)
        The sources in the order of their turns; the first ones get a row more if the
        rows do not divide evenly.
    max_tries : int
        Attempts allowed for each row of a source.
    budget : int
        Attempts allowed in all.
    """

    def __init__(self, n_rows, order, max_tries, budget):
        self.order = order
        self.max_tries = max_tries
        self.missing = np.full(len(order), n_rows // len(order))
        self.missing[: n_rows % len(order)] += 1
        self.allowed = max_tries * self.missing
        self.used = np.zeros(len(order), dtype=np.int64)
        self.budget = budget

    def block(self):
        """Return the next attempts as (turns, attempts); empty arrays end it.

        No source gets more attempts than it misses rows, so all that are good are
        wanted. The order is round robin.
        """
        todo = np.minimum(self.missing, self.allowed - self.used)
        if not todo.any():
            self._hand_over()
            todo = np.minimum(self.missing, self.allowed - self.used)
        rounds, turns = np.nonzero(np.arange(todo.max(initial=0))[:, None] < todo)
        rounds, turns = rounds[: self.budget], turns[: self.budget]
        attempts = self.used[turns] + rounds
        self.used += np.bincount(turns, minlength=len(todo))
        self.budget -= len(turns)
        return turns, attempts

    def _hand_over(self):
        """Give what used-up sources miss to those that met their share."""
        able = self.missing == 0
        rest = self.missing.sum()
        if not (rest and able.any()):
            return
        self.missing[:] = 0
        turns = np.flatnonzero(able)
        turns = turns[np.argsort(self.used[turns], kind="stable")]  # the least tried
        more = np.full(len(turns), rest // len(turns))
        more[: rest % len(turns)] += 1
        self.missing[turns] += more
        self.allowed[turns] += self.max_tries * more


def accept_rows(recombiner, grammar, sources, *, seed, class_index, floor, taken):
    """Make rows until all are there, or the attempts are used up.

    Parameters
    ----------
    recombiner : Recombiner
    grammar : ClassGrammar
    sources : Sources
    seed, class_index : int
        With a source and a number of an attempt they determine a candidate.
    floor : float
        Least log-probability per token.
    taken : dict of str to bool
        Normal forms that may not come again: True for originals, False for new rows.
        Those of the accepted rows are added.

    Returns
    -------
    rows : NewRows
    rejected : dict of str to int
        How many candidates failed, by reason.
    """
    parts, rejected = [], dict.fromkeys(REASONS, 0)
    while True:
        turns, attempts = sources.block()
        if len(turns) == 0:
            break
        made = recombiner.candidates(seed, class_index, sources.order[turns], attempts)
        scores = row_scores(grammar, made)
        edits = np.stack([made.n_phrases, made.n_class_words, made.n_synonyms], axis=1)
        edited = edits.any(axis=1)
        right_length = ~made.too_long & (made.n_tokens >= 2)
        good = []
        for i, text in enumerate(made.texts):
            key = normal_form(text)
            if not edited[i]:
                rejected["unchanged"] += 1
            elif not right_length[i]:
                rejected["length"] += 1
            elif key in taken:
                rejected["copy" if taken[key] else "duplicate"] += 1
            elif scores[i] < floor:
                rejected["score"] += 1
            else:
                taken[key] = False
                good.append(i)
        offsets, samples = made.donors
        parts.append(
            NewRows(
                [made.texts[i] for i in good],
                made.source[good],
                [samples[offsets[i] : offsets[i + 1]] for i in good],
                scores[good],
                edits[good],
            )
        )
        sources.missing -= np.bincount(turns[good], minlength=len(sources.missing))
    return joined(parts), rejected


def row_scores(grammar, made):
    """Return the log-probability per token of each candidate."""
    by_tree = grammar.log_prob(made.forest)
    by_row = np.bincount(made.tree_row, by_tree, minlength=len(made.texts))
    return by_row / np.maximum(made.n_tokens, 1)


def joined(parts):
    """Return the rows of all blocks as one."""
    return NewRows(
        [text for part in parts for text in part.texts],
        np.concatenate([np.zeros(0, np.int64), *[part.source for part in parts]]),
        [donors for part in parts for donors in part.donors],
        np.concatenate([np.zeros(0), *[part.scores for part in parts]]),
        np.concatenate([np.zeros((0, 3), np.int64), *[part.edits for part in parts]]),
    )

"""The rule of the discrete metric: the most probable label."""

from dataclasses import dataclass

import numpy as np

from ._ties import TIE

__all__ = ["ArgmaxRule"]


@dataclass(frozen=True)
class ArgmaxRule:
    """The risk of a label is the mass of all others."""

    n_candidates: int
    column: np.ndarray  # by observed label: which candidate it is, or -1

    backend = "argmax"

    @classmethod
    def prepare(cls, observed, candidates):
        """Find the observed labels among the candidates; both are sorted."""
        place = np.searchsorted(candidates, observed)
        place = np.minimum(place, len(candidates) - 1)
        return cls(len(candidates), np.where(candidates[place] == observed, place, -1))

    def row_bytes(self):
        """Return the memory that a row needs beside P."""
        return 8 * self.n_candidates

    def best(self, P, n_jobs):
        """Return the candidate with the least risk of each row, and that risk."""
        mass = P.sum(axis=1)
        seats = np.flatnonzero(self.column >= 0)
        best = np.zeros(len(P), np.int64)
        least = mass.copy()
        if not len(seats):
            return best, least
        own = P[:, seats]
        most = own.max(axis=1)
        least -= most
        tie = TIE * least
        is_tied = own >= (most - tie)[:, None]
        best = self.column[seats[np.argmax(is_tied, axis=1)]]
        if len(seats) < self.n_candidates:
            # Where no observed candidate has mass, all candidates tie.
            free = np.setdiff1d(np.arange(self.n_candidates), self.column[seats])[0]
            best = np.where(most <= tie, np.minimum(best, free), best)
        return best, least

    def risks(self, P, n_jobs):
        """Return the best candidate, and the risks of all, (b, n_candidates)."""
        risks = np.repeat(P.sum(axis=1)[:, None], self.n_candidates, axis=1)
        seats = np.flatnonzero(self.column >= 0)
        risks[:, self.column[seats]] -= P[:, seats]
        return self.best(P, n_jobs)[0], risks

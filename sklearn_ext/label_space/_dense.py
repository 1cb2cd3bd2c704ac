"""The rule of any other distance: products with blocks of its powers."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._ties import TIE, check_range

__all__ = ["DenseRule"]

# A matrix of risks above this size is not kept but made anew for each prediction.
MOST_BYTES = 2**28
# Size of the blocks in which it is made and multiplied.
BLOCK_BYTES = 2**26


@dataclass(frozen=True)
class DenseRule:
    """Risks are sums of powers of distances from the observed labels, weighted.

    `stored` is (n_observed, n_candidates): the powers of the distances, or whole
    numbers that say which entry of `powers` they are; None if it would be too large.
    """

    geometry: Any
    observed: np.ndarray  # nodes
    candidates: np.ndarray  # nodes
    power: float
    stored: Any
    powers: Any

    @property
    def backend(self):
        """Return the name of the back end."""
        return "graph" if self.geometry.kind == "graph" else "dense"

    @classmethod
    def prepare(cls, geometry, observed, candidates, power):
        """Measure the distances from the observed nodes to the candidates."""
        stored = powers = None
        if geometry.kind == "graph" and geometry.has_unit_lengths:
            stored, d_max = _store_hops(geometry, observed, candidates)
            check_range(d_max, power)
            powers = np.arange(d_max + 1) ** float(power)
        else:
            is_small = 8 * len(observed) * len(candidates) <= MOST_BYTES
            # A function of two labels is too slow to be called again.
            if is_small or geometry.kind == "callable":
                stored = np.empty((len(observed), len(candidates)))
            d_max = 0.0
            for rows, block in _distance_blocks(geometry, observed, candidates):
                d_max = max(d_max, block.max())
                if stored is not None:
                    with np.errstate(over="ignore", under="ignore"):
                        np.power(block, power, out=stored[rows])
            check_range(d_max, power)
        return cls(geometry, observed, candidates, power, stored, powers)

    def row_bytes(self):
        """Return the memory that a row needs beside P."""
        return 16 * len(self.candidates)

    def _risks(self, P):
        """Return the risk of each candidate, (b, n_candidates)."""
        if self.stored is not None and self.powers is None:
            return P @ self.stored
        risks = np.zeros((len(P), len(self.candidates)))
        if self.stored is not None:
            width = max(1, BLOCK_BYTES // (8 * len(self.observed)))
            for start in range(0, len(self.candidates), width):
                part = slice(start, start + width)
                risks[:, part] = P @ self.powers[self.stored[:, part]]
            return risks
        for rows, block in _distance_blocks(
            self.geometry, self.observed, self.candidates
        ):
            risks += P[:, rows] @ np.power(block, self.power, out=block)
        return risks

    def best(self, P, n_jobs):
        """Return the candidate with the least risk of each row, and that risk."""
        risks = self._risks(P)
        return _first_least(risks), risks.min(axis=1)

    def risks(self, P, n_jobs):
        """Return the best candidate, and the risks of all, (b, n_candidates)."""
        risks = self._risks(P)
        return _first_least(risks), risks


def _first_least(risks):
    """Return the first of the least risks of each row, of those that tie."""
    limit = risks.min(axis=1, keepdims=True) * (1 + TIE)
    return np.argmax(risks <= limit, axis=1)


def _distance_blocks(geometry, observed, candidates):
    """Yield slices of the observed nodes and their distances to the candidates."""
    height = max(1, BLOCK_BYTES // (8 * len(candidates)))
    for start in range(0, len(observed), height):
        rows = slice(start, min(start + height, len(observed)))
        yield rows, geometry.distances(observed[rows], candidates)


def _store_hops(graph, observed, candidates):
    """Return hop counts in the smallest type, or None if even that is too large.

    The largest count comes with it.
    """
    is_small = len(observed) * len(candidates) <= MOST_BYTES
    hops = np.empty((len(observed), len(candidates)), np.uint8) if is_small else None
    most = 0
    for rows, paths in graph.path_blocks(observed):
        block = paths[:, candidates]
        most = max(most, int(block.max()))
        if hops is None:
            continue
        if most > np.iinfo(hops.dtype).max:
            wider = np.uint16 if most <= np.iinfo(np.uint16).max else np.int32
            if hops.size * np.dtype(wider).itemsize > MOST_BYTES:
                hops = None
                continue
            hops = hops.astype(wider)
        hops[rows] = block
    return hops, most

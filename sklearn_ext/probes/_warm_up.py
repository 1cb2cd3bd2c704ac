"""Fit a small table that touches every kernel signature of the naive Bayes probe."""

import numpy as np
import scipy.sparse as sp

from ._naive_bayes_probe import NaiveBayesProbe
from ._sums import LARGE

__all__ = ["warm_up"]


def warm_up():
    """Compile: plain, weighted, incomplete and sparse rows of each float width."""
    n = LARGE // 50
    X = np.tile(np.eye(50), (n // 50, 1))
    y = np.arange(n) % 2
    weight = np.ones(n)
    holes = np.where(X > 0, np.nan, 0.0)
    for dtype in (np.float32, np.float64):
        probe = NaiveBayesProbe(missing="marginalize")
        probe.fit(X.astype(dtype), y).fit(X.astype(dtype), y, weight)
        probe.fit(holes.astype(dtype), y)
        probe.fit(sp.csr_array(X.astype(dtype)), y)

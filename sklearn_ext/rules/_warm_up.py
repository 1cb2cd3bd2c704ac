"""Fit small tables that touch every kernel signature of FoldSE."""

import numpy as np

from ._fold_se import FoldSE

__all__ = ["warm_up"]


def warm_up():
    """Compile: few and many distinct values, each float width, counts and weights."""
    rng = np.random.default_rng(0)
    many = rng.standard_normal((600, 2))
    y = (many[:, 0] > 0) != (many[:, 1] > 1)
    weight = rng.uniform(1, 2, len(y))
    for table in (many, np.round(many)):
        for dtype in (np.float32, np.float64):
            X = table.astype(dtype)
            for sample_weight in (None, weight):
                FoldSE().fit(X, y, sample_weight=sample_weight).predict(X)

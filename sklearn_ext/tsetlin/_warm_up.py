"""Fit tiny data that touch every kernel signature of the Tsetlin machine."""

import numpy as np
import scipy.sparse as sp

from ._tsetlin_machine import TsetlinMachineClassifier

__all__ = ["warm_up"]


def warm_up():
    """Compile training and prediction; sparse and dense rows share all kernels."""
    X = np.eye(4)
    for rows in (X, sp.csr_array(X)):
        machine = TsetlinMachineClassifier(2, max_iter=1).fit(rows, [0, 1, 0, 1])
        machine.predict(rows)
        machine.transform(rows)

"""Adjust a few rows, which touches the one kernel signature of label shift."""

import numpy as np

from ._adjust import adjust

__all__ = ["warm_up"]


def warm_up():
    """Compile the EM kernel."""
    adjust(np.full((1, 2), 0.5), np.eye(2), "em", 1, None)

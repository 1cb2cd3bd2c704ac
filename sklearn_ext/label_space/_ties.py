"""What counts as equal, and which distances can be told apart at all."""

import numpy as np

__all__ = ["EPS", "TIE", "check_range"]

# Risks tie with the least one of a row within this share of it. They are sums of terms
# of one sign, so rounding is a share of them, too.
TIE = 1e-12
EPS = np.finfo(np.float64).eps


def check_range(distance, power):
    """Raise ValueError if powers of distances up to this one leave the range of floats.

    Room is left for sums of them, and for distances far below the largest.
    """
    with np.errstate(over="ignore", under="ignore"):
        largest = np.float64(distance) ** power
    if distance and not 1e-250 < largest < 1e250:
        raise ValueError(
            f"Label distances of up to {distance:g} to the power {power:g} leave the "
            "range of floating-point numbers. Rescale the distances (labels, "
            "label_embeddings, edges or distances), or lower power."
        )

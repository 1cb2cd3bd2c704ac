"""From the lengths of bars, and the sizes of the sides they join, to numbers."""

import numpy as np

__all__ = ["STATISTICS", "bar_statistics"]

STATISTICS = (
    "mass",
    "mass_max",
    "mean",
    "median",
    "entropy",
    "gini",
    "cv",
    "kurtosis",
)


def _entropy(p):
    """Return 1 - H / log m of the shares of the bars in their sum."""
    if len(p) == 1:
        return 0.0
    shares = p[p > 0] / p.sum()
    return 1 + shares @ np.log(shares) / np.log(len(p))


def _gini(p):
    """Return the Gini coefficient of ascending bars."""
    m = len(p)
    return (2 * np.arange(1, m + 1) - m - 1) @ p / (m * p.sum())


def _kurtosis(p, tolerance):
    """Return the kurtosis, 1 if the bars have one length up to rounding."""
    deviations = p - p.mean()
    variance = np.mean(deviations**2)
    if np.sqrt(variance) <= tolerance * p.mean():
        return 1.0
    return np.mean((deviations**2 / variance) ** 2)


def bar_statistics(lengths, sizes, *, min_component, tolerance):
    """Return all statistics as floats by name, 0.0 if all bars are 0.

    Parameters
    ----------
    lengths : float64 (m,), ascending
    sizes : int64 (m,), size of the smaller side of each merge
    min_component : share of the rows from which on a merge counts for "mass"
    tolerance : relative difference up to which lengths are one length
    """
    if lengths[-1] == 0:
        return dict.fromkeys(STATISTICS, 0.0)
    # in units of the longest bar, so that nothing overflows, whatever the scale
    q = lengths / lengths[-1]
    median = np.median(q)
    scale = median if median > 0 else q[q > 0][0]
    shares = sizes / (len(q) + 1)
    with np.errstate(over="ignore"):  # inf, next to a smallest bar that is denormal
        mass = shares * q / scale
    counts = (sizes >= 2) & (shares >= min_component)
    values = {
        "mass": mass[counts].sum(),
        "mass_max": mass.max(),
        "mean": 1 - q.mean(),
        "median": 1 - median,
        # rounding could take them below the 0 of equal bars
        "entropy": max(0.0, _entropy(q)),
        "gini": max(0.0, _gini(q)),
        "cv": q.std() / q.mean(),
        "kurtosis": _kurtosis(q, tolerance),
    }
    return {name: float(values[name]) for name in STATISTICS}

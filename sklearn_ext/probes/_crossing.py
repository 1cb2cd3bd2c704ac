"""Where one learning curve overtakes another, and how sure that is."""

import numpy as np
from sklearn.utils import Bunch

__all__ = ["find_crossing", "recommend"]

N_RESAMPLES = 1000
# Means of equal scores in another order differ in their last bits.
ROUNDING = 1e-12


def _differences(scores_a, scores_b):
    """Return mean b minus mean a over the last axis, exactly 0 where they tie."""
    a, b = scores_a.mean(axis=-1), scores_b.mean(axis=-1)
    difference = b - a
    tied = np.abs(difference) <= ROUNDING * np.maximum(np.abs(a), np.abs(b))
    return np.where(tied, 0.0, difference)


def _crossing_sizes(sizes, difference):
    """Return the size from which each curve of differences stays at 0 or above.

    Parameters
    ----------
    sizes : ndarray of shape (n_sizes,)
    difference : ndarray of shape (n_sizes, n_curves)

    Returns
    -------
    crossing : ndarray of shape (n_curves,)
        Interpolated in the logarithm of the size. A curve without a negative value, or
        with a negative last one, has infinity.
    """
    crossing = np.full(difference.shape[1], np.inf)
    is_behind = ~(difference >= 0)
    n_after = is_behind[::-1].argmax(axis=0)  # sizes after the last one behind
    curves = np.flatnonzero(is_behind.any(axis=0) & (n_after > 0))
    last = len(sizes) - 1 - n_after[curves]
    below, above = difference[last, curves], difference[last + 1, curves]
    share = below / (below - above)
    log_sizes = np.log(sizes)
    step = log_sizes[last + 1] - log_sizes[last]
    between = np.exp(log_sizes[last] + share * step)
    crossing[curves] = np.where(above == 0, sizes[last + 1], between)
    return crossing


def _percentile(ordered, share):
    """Interpolate in sorted values as NumPy does, infinite ones allowed."""
    place = share * (len(ordered) - 1)
    below = ordered[int(place)]
    above = ordered[int(np.ceil(place))]
    # Of two infinities the difference is not a number.
    return below if below == above else below + (place % 1) * (above - below)


def find_crossing(sizes, scores_a, scores_b, rng):
    """Return from which training size on the second of two classifiers is better.

    Parameters
    ----------
    sizes : ndarray of shape (n_sizes,)
        Ascending.
    scores_a, scores_b : ndarray of shape (n_sizes, n_repeats)
        Scores on the same subsets, greater is better.
    rng : RandomState
        Draws the resamples of the repeats.

    Returns
    -------
    crossing : Bunch or None
        `size`, and the ends `low` and `high` of a 95 % bootstrap interval. None if the
        second one does not overtake the first one for good.
    """
    n_repeats = scores_a.shape[1]
    size = _crossing_sizes(sizes, _differences(scores_a, scores_b)[:, np.newaxis])[0]
    if not np.isfinite(size):
        return None
    drawn = rng.randint(n_repeats, size=(N_RESAMPLES, n_repeats))
    resampled = _differences(scores_a[:, drawn], scores_b[:, drawn])
    ordered = np.sort(_crossing_sizes(sizes, resampled))
    return Bunch(
        size=float(size),
        low=float(_percentile(ordered, 0.025)),
        high=float(_percentile(ordered, 0.975)),
    )


def recommend(test_scores):
    """Return the name with the best mean score at each size, the first one on ties.

    Parameters
    ----------
    test_scores : dict of str to ndarray of shape (n_sizes, n_repeats)
    """
    names = list(test_scores)
    best = np.zeros(len(test_scores[names[0]]), dtype=np.int64)
    scores = np.stack([test_scores[name] for name in names])
    size = np.arange(len(best))
    for position in range(1, len(names)):
        is_better = _differences(scores[best, size], scores[position]) > 0
        best = np.where(is_better, position, best)
    return np.array(names, dtype=object)[best]

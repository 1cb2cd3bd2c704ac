"""The exactly best cut of scores for a metric: all of them are tried, in one pass.

For two classes that is a sort, O(n log n); for C classes O(n log n + n C) per class and
sweep.
"""

import numpy as np
from scipy.special import expit, logit

from sklearn_ext.losses._metrics import Counts

__all__ = ["class_offsets", "confusion", "exact_cut"]

LIMIT = 30.0  # of logits: beyond it probabilities are 0 or 1 to thirteen digits
# Values this close are a tie: the metric of equal counts, summed in another order.
TIE = 1e-12
N_SWEEPS = 10
# Numbers that are worked on at once: what a core's cache holds.
CHUNK = 1 << 14


def confusion(codes, predicted, weight, n_classes):
    """Return the weighted confusion matrix, float64 (n_classes, n_classes)."""
    cells = np.bincount(codes * n_classes + predicted, weight, n_classes**2)
    return cells.reshape(n_classes, n_classes)


def _first_best(values):
    """Return the position of the first value that none exceeds by more than a tie."""
    return int(np.argmax(values >= values.max() - TIE))


def _binary_counts(true_positive, predicted, positives, total, with_matrix):
    """Return the counts of cuts from the weight above each, of class 1 and in all."""
    negatives = total - positives
    # Class axis last, but in memory first: metrics slice it.
    hits = np.array([negatives - predicted + true_positive, true_positive]).T
    true = np.broadcast_to([negatives, positives], hits.shape)
    said = np.array([total - predicted, predicted]).T
    if not with_matrix:
        return Counts(hits, true, said)
    matrix = np.empty((*hits.shape, 2))
    matrix[..., [0, 1], [0, 1]] = hits
    matrix[..., [0, 1], [1, 0]] = true - hits
    return Counts(hits, true, said, matrix)


def _scores_of_cuts(true_positive, predicted, metric):
    """Metric of each cut, evaluated in parts that stay in the cache."""
    positives, total = true_positive[-1], predicted[-1]
    parts = [
        metric(
            _binary_counts(
                true_positive[start : start + CHUNK],
                predicted[start : start + CHUNK],
                positives,
                total,
                metric.needs_matrix,
            )
        )
        for start in range(0, len(predicted), CHUNK)
    ]
    return np.concatenate(parts)


def _between(high, low):
    """Return the logit of the cut between two logits: halfway in probability."""
    p_high, p_low = expit(high), expit(low)
    cut = logit((p_high + p_low) / 2)
    return cut if low < cut < high else (high + low) / 2


def exact_cut(logits, positive, weight, metric):
    """Find the cut of binary scores with the best metric.

    Parameters
    ----------
    logits : ndarray of shape (n,)
        Scores; a row is predicted positive if its score is above the cut.
    positive : ndarray of bool of shape (n,)
        Whether the row is of class 1.
    weight : ndarray of float64 of shape (n,)
        Positive weights.
    metric : ConfusionMetric

    Returns
    -------
    cut : float
        As a logit. Among equal cuts the highest, that is the fewest positives.
    score : float
        The metric there.
    """
    highest, lowest = logits.max(), logits.min()
    logits = np.clip(logits.astype(np.float64, copy=False), -LIMIT, LIMIT)
    order = np.argsort(-logits)
    ranked = logits[order]
    # The last row of each group of equal scores: cuts lie between groups only.
    last = np.append(np.flatnonzero(ranked[1:] < ranked[:-1]), len(ranked) - 1)
    ranked_weight = weight[order]
    predicted = np.append(0.0, np.cumsum(ranked_weight)[last])
    true_positive = np.append(0.0, np.cumsum(ranked_weight * positive[order])[last])
    scores = _scores_of_cuts(true_positive, predicted, metric)
    best = _first_best(scores)
    if best == 0:
        cut = logit((1 + expit(ranked[0])) / 2)
        if highest >= cut:  # it was limited
            cut = highest + 1
    elif best == len(last):
        cut = logit(expit(ranked[-1]) / 2)
        if lowest <= cut:
            cut = lowest - 1
    else:
        cut = _between(ranked[last[best - 1]], ranked[last[best - 1] + 1])
    return float(cut), float(scores[best])


def _scores_along(matrix, rows, metric):
    """Metric of the matrix itself and after each of the moves of `rows`, in order.

    A move (true class, old prediction, new prediction, weight) shifts a row's weight.
    """
    true, old, new, weight = rows
    n_classes = len(matrix)
    if metric.metric == "cost":  # one cell less, another more: no matrices
        change = (metric.cost[true, old] - metric.cost[true, new]) * weight
        start = metric(Counts.of(matrix))
        return start + np.append(0, np.cumsum(change)) / matrix.sum()
    scores = [np.atleast_1d(metric(Counts.of(matrix)))]
    step = max(1, CHUNK // (n_classes**2 if metric.needs_matrix else n_classes))
    matrix = matrix.copy()
    for start in range(0, len(true), step):
        part = slice(start, start + step)
        t, o, n, w = true[part], old[part], new[part], weight[part]
        row = np.arange(len(t))
        if metric.needs_matrix:
            moved = np.zeros((len(t), n_classes, n_classes))
            moved[row, t, o] -= w
            moved[row, t, n] += w
            counts = Counts.of(matrix + np.cumsum(moved, axis=0))
        else:
            hits, said = np.zeros((2, len(t), n_classes))
            said[row, o] -= w
            said[row, n] += w
            hits[row, o] -= w * (t == o)
            hits[row, n] += w * (t == n)
            sums = matrix.sum(axis=1)
            counts = Counts(
                matrix.diagonal() + np.cumsum(hits, axis=0),
                np.broadcast_to(sums, hits.shape),
                matrix.sum(axis=0) + np.cumsum(said, axis=0),
            )
        scores.append(metric(counts))
        np.subtract.at(matrix, (t, o), w)
        np.add.at(matrix, (t, n), w)
    return np.concatenate(scores)


def _best_offset(scores, codes, weight, metric, c):
    """Return the best offset of class c alone, given the scores of all, and its metric.

    Row i is predicted c if the offset exceeds what class c is behind the best other.
    """
    n_classes = scores.shape[1]
    others = scores.copy()
    others[:, c] = -np.inf
    rival = others.argmax(axis=1)
    behind = others[np.arange(len(scores)), rival] - scores[:, c]
    order = np.argsort(behind)
    ranked = behind[order]
    last = np.append(np.flatnonzero(ranked[1:] > ranked[:-1]), len(ranked) - 1)
    never = confusion(codes, rival, weight, n_classes)
    moves = codes[order], rival[order], np.full(len(order), c), weight[order]
    values = _scores_along(never, moves, metric)[np.append(0, last + 1)]
    best = _first_best(values)
    if best == 0:
        offset = ranked[0] - 1
    elif best == len(last):
        offset = ranked[-1] + 1
    else:
        offset = (ranked[last[best - 1]] + ranked[last[best - 1] + 1]) / 2
    return offset, values[best]


def class_offsets(logits, codes, weight, metric):
    """Find offsets of the classes by coordinate ascent on the metric.

    Parameters
    ----------
    logits : ndarray of shape (n, n_classes)
        Scores; a row is predicted as the class with the largest sum of score and
        offset.
    codes : ndarray of int of shape (n,)
        True classes.
    weight : ndarray of float64 of shape (n,)
        Positive weights.
    metric : ConfusionMetric

    Returns
    -------
    offsets : ndarray of float64 of shape (n_classes,)
    score : float
        The metric with them, never below the one without.
    """
    logits = logits.astype(np.float64, copy=False)
    n_classes = logits.shape[1]
    offsets = np.zeros(n_classes)
    plain = confusion(codes, logits.argmax(axis=1), weight, n_classes)
    score = float(metric(Counts.of(plain)))
    for _ in range(N_SWEEPS):
        before = score
        for c in range(n_classes):
            change, value = _best_offset(logits + offsets, codes, weight, metric, c)
            if value > score + TIE:
                offsets[c] += change
                score = float(value)
        if score == before:
            break
    return offsets, score


def find_cut(scores, codes, weight, metric):
    """Search the cut, or the offsets, of scores of shape (n, n_outputs).

    Returns
    -------
    shift : ndarray of float64 of shape (n_outputs,)
        What to add to the scores so that the rule is > 0, or the largest.
    report : float or ndarray of shape (n_classes,)
        The cut as a probability, or the offsets.
    """
    if scores.shape[1] == 1:
        cut, _ = exact_cut(scores[:, 0], codes == 1, weight, metric)
        return np.array([-cut]), float(expit(cut))
    offsets, _ = class_offsets(scores, codes, weight, metric)
    return offsets, offsets

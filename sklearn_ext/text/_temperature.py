"""The temperature of the probabilities: from keywords alone, or from labelled texts."""

import math

import numpy as np
from scipy.special import softmax

from ._label_vectors import BLOCK, documents_in_order, label_vectors, similarities

__all__ = ["DEFAULT_TEMPERATURE", "agreed_temperature", "calibrated_temperature"]

DEFAULT_TEMPERATURE = 0.05  # the constant of the authors' package
AGREED = 0.005, 1.0
CALIBRATED = 0.001, 10.0
N_SPLITS = 5
N_DOCUMENTS = 20_000
# Roots are found on a logarithmic scale, as exactly as numbers allow.
EXACT = {"xtol": 1e-15, "rtol": 4 * np.finfo(np.float64).eps}


def _halves(keyword_vectors, rng):
    """Return two halves of each label's keywords, drawn at random."""
    first, second = [], []
    for vectors in keyword_vectors:
        order = rng.permutation(len(vectors))
        n_first = (len(order) + 1) // 2
        first.append(vectors[order[:n_first]])
        second.append(vectors[order[n_first:] if len(order) > 1 else order])
    return first + second


def _agreement(documents, keyword_vectors, rule, rows, sample, rng):
    """Return the share of documents on which labels of halves of keywords agree."""
    n_labels = len(keyword_vectors)
    halves = [half for _ in range(N_SPLITS) for half in _halves(keyword_vectors, rng)]
    rule = rule._replace(clean_outliers=False)
    labels = label_vectors(documents, halves, rule, rows=rows, n_labels=n_labels)
    n_agreed = 0
    for start in range(0, len(sample), BLOCK):
        similarity = similarities(sample[start : start + BLOCK], labels.vectors)
        best = similarity.reshape(-1, N_SPLITS, 2, n_labels).argmax(axis=3)
        n_agreed += np.count_nonzero(best[:, :, 0] == best[:, :, 1])
    return float(n_agreed) / (N_SPLITS * len(sample))


def _mean_top_probability(gaps, log_temperature):
    """Return the mean of the largest probabilities; `gaps` are those to the largest."""
    return np.mean(1.0 / np.exp(gaps / -math.exp(log_temperature)).sum(axis=1))


def agreed_temperature(documents, keyword_vectors, vectors, rule, rng):
    """Return the temperature at which probabilities say how far keywords agree.

    Parameters
    ----------
    documents : float32 array of shape (n, d)
    keyword_vectors : list of L float32 arrays of shape (n_keywords, d)
    vectors : float32 array of shape (L, d)
        The label vectors of all keywords.
    rule : LabelRule
    rng : RandomState or Generator
        Splits the keywords of each label into halves, five times.

    Returns
    -------
    temperature : float
        Where the mean top probability equals the agreement; the nearer of 0.005 and 1
        where it never does.
    agreement : float
        The share of documents to which the labels of both halves give the same class;
        nan, with the temperature 0.05, where there is only one label or fewer than half
        of them have two keywords.
    """
    n_split = sum(len(own) > 1 for own in keyword_vectors)
    rows = np.flatnonzero(documents.any(axis=1))
    if len(vectors) == 1 or 2 * n_split < len(vectors) or not len(rows):
        return DEFAULT_TEMPERATURE, math.nan
    from scipy.optimize import brentq

    sample = documents[documents_in_order(documents, rows, N_DOCUMENTS)]
    agreement = _agreement(documents, keyword_vectors, rule, rows, sample, rng)
    similarity = similarities(sample, vectors)
    gaps = similarity.max(axis=1, keepdims=True) - similarity
    coldest, warmest = map(math.log, AGREED)
    if _mean_top_probability(gaps, coldest) <= agreement:
        return AGREED[0], agreement
    if _mean_top_probability(gaps, warmest) >= agreement:
        return AGREED[1], agreement
    root = brentq(
        lambda t: _mean_top_probability(gaps, t) - agreement, coldest, warmest, **EXACT
    )
    return math.exp(root), agreement


def calibrated_temperature(similarity, codes):
    """Return the temperature in [0.001, 10] with the least log-loss.

    Parameters
    ----------
    similarity : float64 array of shape (n, L)
    codes : int array of shape (n,)
        The columns of the true labels.

    Notes
    -----
    The loss is convex in 1 / temperature; the root of its derivative is found. Of
    temperatures with the same loss the largest is taken, the least sure of itself.
    """
    from scipy.optimize import brentq

    similarity = np.asarray(similarity, dtype=np.float64)
    excess = similarity - similarity[np.arange(len(codes)), codes][:, None]

    def slope(log_temperature):
        shares = softmax(excess / math.exp(log_temperature), axis=1)
        return math.fsum((shares * excess).sum(axis=1))

    coldest, warmest = map(math.log, CALIBRATED)
    if slope(warmest) >= 0.0:
        return CALIBRATED[1]
    if slope(coldest) <= 0.0:
        return CALIBRATED[0]
    return math.exp(brentq(slope, coldest, warmest, **EXACT))

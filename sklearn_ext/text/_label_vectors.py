"""From keyword vectors to label vectors, by the documents nearest to the keywords.

Pure functions on arrays: float32 vectors, float64 sums. Where a sum runs over documents
or keywords it is exact up to one rounding of each term, so that their order is free.
"""

import math
import warnings
from typing import NamedTuple

import numpy as np

from sklearn_ext._core._arrays import plain_array

__all__ = [
    "BLOCK",
    "LabelRule",
    "Labels",
    "centre",
    "documents_in_order",
    "label_vectors",
    "mean_vector",
    "ranked",
    "similarities",
    "unit",
    "warn_if_few",
]

BLOCK = 4096  # rows summed at a time
LABELS_AT_ONCE = 64  # bounds the memory for similarities
FEW = 16  # labels, below which documents side by side are faster; same bits
# Unit vectors of float32 that differ by less do so by rounding alone.
ROUNDING = 1e-6
SMALLEST_CAP = 10
N_NEIGHBORS = 20
FEWEST_TO_CLEAN = 3


class LabelRule(NamedTuple):
    """How many documents define a label, and what they weigh: parameters of fit."""

    n_docs: int
    similarity_threshold: float | None
    keyword_weight: float
    clean_outliers: bool


class Labels(NamedTuple):
    """Labels in the space of the documents.

    vectors, keyword_vectors : float32 (L, d), unit. candidates : a list of L int64
    arrays, the rows of the documents that define a label, ranked.
    """

    vectors: np.ndarray
    keyword_vectors: np.ndarray
    candidates: list[np.ndarray]


def _rows(vectors):
    """Return vectors as the kernels take them."""
    return plain_array(np.asarray(vectors, dtype=np.float32))


def unit(vectors):
    """Return rows with unit length, float32; zero rows stay zero."""
    from ._kernels_similarity import unit_rows

    vectors = _rows(vectors)
    out = np.empty_like(vectors)
    unit_rows(vectors, out)
    return out


def centre(vectors, mean):
    """Return ``unit(unit(v) - mean)`` for each row v; zero rows stay zero.

    A row whose distance to the mean is a matter of rounding becomes zero, too.
    """
    from ._kernels_similarity import centred_rows

    units = unit(vectors)
    out = np.empty_like(units)
    centred_rows(units, _rows(mean), ROUNDING, out)
    return out


def _mean(vectors, count):
    """Return the sum of the rows divided by `count`, float64: any order, same bits.

    The rows are summed as integers: as multiples of a power of two so small that the
    largest possible sum has 62 bits.
    """
    largest = max(vectors.max(initial=0.0), -vectors.min(initial=0.0))
    if largest == 0.0:
        return np.zeros(vectors.shape[1])
    scale = 2.0 ** (62 - int(np.frexp(largest)[1]) - count.bit_length())
    total = np.zeros(vectors.shape[1], np.int64)
    for start in range(0, len(vectors), BLOCK):
        block = vectors[start : start + BLOCK].astype(np.float64)
        total += np.rint(block * scale).astype(np.int64).sum(axis=0)
    return total / scale / count


def mean_vector(documents):
    """Return the mean of the unit vectors that are not zero, float32 (d,)."""
    units = unit(documents)
    count = int(np.count_nonzero(units.any(axis=1)))
    return _mean(units, max(1, count)).astype(np.float32)


def similarities(documents, vectors):
    """Return the cosine of each document and each vector, float64 (n, L); 0 for zero.

    The bits of one depend on the document and the vector alone.
    """
    from sklearn_ext._core._numba import Workers

    from ._kernels_similarity import cosines, cosines_to_few

    documents = _rows(documents)
    vectors = _rows(vectors)
    kernel = cosines_to_few if len(vectors) < FEW else cosines
    out = np.empty((len(documents), len(vectors)))
    with Workers(None) as workers:
        parts = workers.slices(len(documents))
        workers.map(lambda part: kernel(documents[part], vectors, out[part]), parts)
    return out


def documents_in_order(documents, rows, n_most):
    """Return at most `n_most` of `rows`, equally spaced in an order of the vectors.

    It is that of a hash, so that which vectors are taken does not depend on where they
    stand.
    """
    from ._kernels_similarity import row_hashes

    hashes = row_hashes(_rows(documents[rows]).view(np.uint32))
    in_order = rows[np.argsort(hashes, kind="stable")]
    n_taken = min(n_most, len(rows))
    return in_order[np.arange(n_taken) * len(rows) // max(1, n_taken)]


def ranked(similarity, count):
    """Return the places of the `count` largest values, ties by the lower place."""
    count = min(count, len(similarity))
    if count == 0:
        return np.empty(0, np.int64)
    edge = np.partition(similarity, -count)[-count]
    above = np.flatnonzero(similarity > edge)
    ties = np.flatnonzero(similarity == edge)[: count - len(above)]
    # A stable sort keeps the lower place first.
    return np.r_[above[np.argsort(-similarity[above], kind="stable")], ties]


def _n_candidates(similarity, rule, n_labels):
    """Return how many of the documents nearest to a label's keywords define it."""
    n = len(similarity)
    if rule.similarity_threshold is None:
        return min(rule.n_docs, max(SMALLEST_CAP, n // (2 * n_labels)), n)
    n_above = int(np.count_nonzero(similarity > rule.similarity_threshold))
    return max(n_above, min(rule.n_docs, n))


def warn_if_few(n_documents, rule):
    """Warn of an `n_docs` that the documents with information cannot give."""
    if rule.similarity_threshold is not None and rule.n_docs > n_documents:
        warnings.warn(
            f"n_docs={rule.n_docs} is the least number of documents that define a "
            f"label, and only {n_documents} have a vector: all of them are used for "
            f"every label. Lower n_docs.",
            UserWarning,
            stacklevel=5,  # the caller of fit
        )


def _without_outliers(documents, candidates):
    """Return the candidates that the local outlier factor takes for inliers."""
    from sklearn.neighbors import LocalOutlierFactor

    distinct, member = np.unique(
        documents[candidates].astype(np.float64), axis=0, return_inverse=True
    )
    if len(distinct) < FEWEST_TO_CLEAN:
        return candidates
    # A tree takes distances one by one, a product of matrices would round them in ways
    # that depend on threads.
    factor = LocalOutlierFactor(
        n_neighbors=min(N_NEIGHBORS, len(distinct) - 1), algorithm="kd_tree"
    )
    with warnings.catch_warnings():
        # It suspects duplicates where vectors are next to equal.
        warnings.simplefilter("ignore", UserWarning)
        is_inlier = factor.fit_predict(distinct) == 1
    kept = candidates[is_inlier[member.ravel()]]
    return kept if len(kept) else candidates


def _unit(vector):
    """Return a float64 vector with unit length; zero stays zero."""
    length = math.sqrt(math.fsum(vector * vector))
    return vector / length if length > 0.0 else vector


def label_vectors(documents, keyword_vectors, rule, *, rows=None, n_labels=None):
    """Return the vectors of labels: keyword centroids drawn to documents near them.

    Parameters
    ----------
    documents : float32 array of shape (n, d)
        Zero rows have no information and define nothing. Their lengths, and those of
        the keywords, count in means, so give unit vectors where they should not.
    keyword_vectors : list of float32 arrays of shape (n_keywords, d)
        Those of one label each, distinct, in any order.
    rule : LabelRule
    rows : int64 array, default=None
        The rows of `documents` that are not zero, where they are known.
    n_labels : int, default=None
        What caps the number of documents; None: as many as there are keyword lists.

    Returns
    -------
    labels : Labels

    Notes
    -----
    O(n d L); only the documents that a label takes are sorted.
    """
    if rows is None:
        rows = np.flatnonzero(documents.any(axis=1))
    centroids = [_unit(_mean(vectors, len(vectors))) for vectors in keyword_vectors]
    keywords = np.array(centroids, dtype=np.float32)
    vectors, candidates = [], []
    for k, centroid in enumerate(centroids):
        if k % LABELS_AT_ONCE == 0:
            some = keywords[k : k + LABELS_AT_ONCE]
            similarity = similarities(documents, some)
        own = similarity[rows, k % LABELS_AT_ONCE]
        count = _n_candidates(own, rule, n_labels or len(centroids))
        chosen = rows[ranked(own, count)]
        if rule.clean_outliers:
            chosen = _without_outliers(documents, chosen)
        near = _unit(_mean(documents[chosen], max(1, len(chosen))))
        weight = rule.keyword_weight
        vectors.append(_unit(weight * centroid + (1.0 - weight) * near))
        candidates.append(chosen)
    return Labels(np.array(vectors, dtype=np.float32), keywords, candidates)

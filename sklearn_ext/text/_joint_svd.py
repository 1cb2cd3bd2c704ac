"""Words and documents in one space: a truncated SVD of their PPMI matrix.

Paragraph vectors with negative sampling implicitly factorise the matrix of pointwise
mutual information of words and documents; here it is factorised outright.
"""

import warnings
from collections import deque
from typing import NamedTuple

import numpy as np
from scipy.linalg.blas import dtrsm

from sklearn_ext._core._analyzer import resolve_analyzer
from sklearn_ext._core._arrays import ALIGNMENT, aligned_array, plain_array
from sklearn_ext._core._sklearn import threadpool_controller

from ._counts import Counts, count_known_words, count_words
from ._phrases import Phrases

__all__ = ["JointSVD"]

DEFAULT = 100  # components
# Columns beyond those asked for, so that the last of these are right, too.
OVERSAMPLING = 20
ROUNDS = 3
# Added to the diagonal of a Gram matrix, relative to its mean, to make it definite.
RIDGE = 1e-7
# Singular values below this share of the largest are rounding.
SMALLEST = 1e-6
# Rows that dense products sum at once: a fixed number, for equal bits whatever the
# number of threads.
BLOCK = 4096
# Rows of a sparse product that are one task for a thread.
TASK = 2048


class Sparse(NamedTuple):
    """Rows of a sparse matrix: indptr int64, columns int32, values float32."""

    indptr: np.ndarray
    columns: np.ndarray
    values: np.ndarray


def _transposed(matrix: Sparse, order: np.ndarray, n_columns: int) -> Sparse:
    """Return the transpose; its columns are the rows `order` of `matrix`."""
    from ._kernels_svd import transpose

    size = int(np.diff(matrix.indptr)[order].sum())
    result = Sparse(
        np.empty(n_columns + 1, np.int64),
        np.empty(size, np.int32),
        np.empty(size, np.float32),
    )
    transpose(*matrix, order, *result)
    return result


def _canonical_order(counts: Counts) -> np.ndarray:
    """Return the rows with a known word in an order that their content decides.

    Different rows of equal digest, one pair among some billions of rows, would stay in
    the given order, which can touch the last bits of the word vectors.
    """
    from ._kernels_counts import digest_rows

    digests = np.empty(len(counts.indptr) - 1, np.uint64)
    digest_rows(*counts, digests)
    known = np.flatnonzero(np.diff(counts.indptr))
    return known[np.argsort(digests[known], kind="stable")]


def _ppmi(counts: Counts, n_words: int) -> tuple[Sparse, np.ndarray]:
    """Return the PPMI matrix, a row per word, and the rows of `counts` it is made of.

    It is max(0, log(L T / (r c^0.75))) with L = 1 + log(count), r and c the sums of L
    over a word and over a document, T the sum of c^0.75.
    """
    from ._kernels_svd import positive_pmi, row_sums

    order = _canonical_order(counts)
    by_word = _transposed(Sparse(*counts), order, n_words)
    of_document = np.empty(len(counts.indptr) - 1)
    row_sums(counts.indptr, counts.counts, of_document)
    root = np.sqrt(of_document[order])
    column_weight = root * np.sqrt(root)
    row_weight = np.empty(n_words)
    row_sums(by_word.indptr, by_word.values, row_weight)
    total = column_weight.sum()
    positive_pmi(*by_word, row_weight, column_weight, total)
    size = by_word.indptr[-1]
    return Sparse(by_word.indptr, by_word.columns[:size], by_word.values[:size]), order


class _Products:
    """Products of tall float32 matrices with few columns, with the same bits always.

    Sparse products write disjoint rows. Dense ones are float64, in blocks of `BLOCK`
    rows that lie at the start of a cache line, added in order.
    """

    def __init__(self, workers, width):
        self._workers = workers
        self._width = width
        self._spare = deque(self._new_buffer() for _ in range(workers.n_threads))

    def _new_buffer(self):
        """Return float64 memory for one block, from the start of a cache line on."""
        memory = np.empty(BLOCK * self._width * 8 + ALIGNMENT, np.uint8)
        start = -memory.ctypes.data % ALIGNMENT
        block = memory[start : start + BLOCK * self._width * 8].view(np.float64)
        return block.reshape(BLOCK, self._width)

    def _each_block(self, matrix, function):
        """Return function(block in float64, rows) for all blocks of rows, in order."""

        def work(first):
            rows = slice(first, first + BLOCK)
            buffer = self._spare.pop()
            block = buffer[: len(matrix[rows])]
            block[...] = matrix[rows]
            result = function(block, rows)
            self._spare.append(buffer)
            return result

        return self._workers.map(work, range(0, len(matrix), BLOCK))

    def sparse(self, matrix, dense, n_rows):
        """Return matrix @ dense for a sparse matrix."""
        from ._kernels_svd import multiply_rows

        product = np.empty((n_rows, self._width), np.float32)
        firsts = range(0, n_rows, TASK)
        lasts = [min(first + TASK, n_rows) for first in firsts]
        self._workers.map(
            lambda a, b: multiply_rows(*matrix, dense, a, b, product), firsts, lasts
        )
        return product

    def gram(self, matrix):
        """Return matrix.T @ matrix in float64."""
        total = np.zeros((self._width, self._width))
        for part in self._each_block(matrix, lambda block, _: block.T @ block):
            total += part
        return total

    def orthonormalise(self, matrix):
        """Make the columns of a matrix orthonormal, in place, by Cholesky QR."""
        gram = self.gram(matrix)
        gram[np.diag_indices(self._width)] += RIDGE * np.trace(gram) / self._width
        upper = aligned_array(np.linalg.cholesky(gram)).T

        def solve(block, rows):
            # the block's transpose is in Fortran order, as BLAS wants it
            dtrsm(1.0, upper, block.T, trans_a=1, overwrite_b=1)
            matrix[rows] = block

        self._each_block(matrix, solve)
        return matrix

    def unit_rows(self, matrix, right):
        """Return the rows of matrix @ right with unit length; zero rows stay zero."""
        right = aligned_array(right)
        result = np.empty((len(matrix), right.shape[1]), np.float32)

        def multiply(block, rows):
            product = block @ right
            norms = np.sqrt(np.einsum("ij,ij->i", product, product))[:, np.newaxis]
            result[rows] = product / np.where(norms > 0, norms, 1.0)

        self._each_block(matrix, multiply)
        return result


def _factorise(by_word, by_document, n_components, rng, workers):
    """Return the word vectors and the largest singular values of the PPMI matrix.

    A randomised SVD by subspace iteration from a random start on the side of the words,
    whose order does not depend on that of the documents.
    """
    n_words, n_documents = len(by_word.indptr) - 1, len(by_document.indptr) - 1
    k = min(n_components + OVERSAMPLING, n_words, n_documents)
    products = _Products(workers, k)
    q = rng.standard_normal((n_words, k), np.float32)
    for _ in range(ROUNDS):
        z = products.sparse(by_document, q, n_documents)
        del q
        z = products.orthonormalise(z)
        q = products.orthonormalise(products.sparse(by_word, z, n_words))
        del z
    q = products.orthonormalise(q)
    squares, directions = np.linalg.eigh(
        aligned_array(products.gram(products.sparse(by_document, q, n_documents)))
    )
    singular_values = np.sqrt(np.maximum(squares[::-1][:n_components], 0.0))
    singular_values = singular_values[singular_values >= SMALLEST * singular_values[0]]
    d = len(singular_values)
    scaled = directions[:, ::-1][:, :d] * np.sqrt(singular_values)
    return products.unit_rows(q, scaled), singular_values


class JointSVD:
    """Embedding of words and documents by a truncated SVD of their PPMI matrix.

    Parameters
    ----------
    n_components : int or None
        None: 100, or as many as there can be.
    analyzer : "word", callable, or object with `build_analyzer`
    min_df, max_df : int or float
        As in :class:`~sklearn.feature_extraction.text.CountVectorizer`; shares are of
        the documents with a token.

    Notes
    -----
    After `fit`, `n_components` is the number of components there are. A document is the
    unit vector of the sum of (1 + log(count)) * idf * vector over its words, whether it
    was there in `fit` or not. Counting is linear in the tokens; the SVD takes 7 sparse
    products of 2 k operations per stored count, k = n_components + 20.
    """

    centers = True

    def __init__(self, *, n_components=100, analyzer="word", min_df=5, max_df=0.5):
        self.n_components = n_components
        self.analyzer = analyzer
        self.min_df = min_df
        self.max_df = max_df

    def fit(self, texts, seed):
        """Learn the vectors of words; return those of documents.

        Parameters
        ----------
        texts : list of str
        seed : int
            Of the random start.

        Returns
        -------
        vectors : float32 ndarray of shape (n, n_components)
            Unit vectors; zero for documents without a known word.

        Raises
        ------
        ValueError
            If no word is left, or none tells documents apart.
        """
        from sklearn_ext._core._numba import Workers

        analyze = resolve_analyzer(self.analyzer)
        counts, words = count_words(texts, analyze, self.min_df, self.max_df)
        n_words = len(words.index)
        by_word, order = _ppmi(counts, n_words)
        if not len(by_word.values):
            raise ValueError(
                "the documents are all alike: no word that analyzer finds is more "
                "frequent in one document than in another, so nothing tells them "
                "apart, whatever center is. Give documents that differ."
            )
        largest = min(n_words, len(order))
        n_components = DEFAULT if self.n_components is None else self.n_components
        if n_components > largest and self.n_components is not None:
            warnings.warn(
                f"n_components={n_components} is reduced to {largest}: there are "
                f"{n_words} words and {len(order)} documents with one of them. Set "
                f"n_components to {largest} or less to silence this.",
                UserWarning,
                stacklevel=4,  # the caller of Lbl2Vec.fit
            )
        n_components = min(n_components, largest)
        rng = np.random.default_rng(seed)
        by_document = _transposed(by_word, np.arange(n_words), len(order))
        with (
            threadpool_controller().limit(limits=1, user_api="blas"),
            Workers(None) as workers,
        ):
            self.word_vectors, self.singular_values = _factorise(
                by_word, by_document, n_components, rng, workers
            )
        self.n_components = len(self.singular_values)
        self._words = words
        self.idf = np.log(words.n_documents / words.frequency)
        return self._document_vectors(counts)

    @property
    def vocabulary(self):
        """Row of each word, the most frequent first."""
        return self._words.index

    @property
    def document_frequency(self):
        """Training documents that hold each word."""
        return self._words.frequency

    def transform(self, texts):
        """Return the vectors of documents; a row depends on its document alone.

        Parameters
        ----------
        texts : list of str

        Returns
        -------
        vectors : float32 ndarray of shape (n, n_components)
            Those of `fit` for the documents that it saw.
        """
        analyze = resolve_analyzer(self.analyzer)
        return self._document_vectors(
            count_known_words(texts, analyze, self.vocabulary)
        )

    def _document_vectors(self, counts):
        """Return the unit vectors of rows of counts."""
        from sklearn_ext._core._numba import Workers

        from ._kernels_svd import document_rows

        n = len(counts.indptr) - 1
        vectors = np.empty((n, self.n_components), np.float32)
        weight, word_vectors = plain_array(self.idf), plain_array(self.word_vectors)
        firsts = range(0, n, TASK)
        lasts = [min(first + TASK, n) for first in firsts]
        with Workers(None) as workers:
            workers.map(
                lambda a, b: document_rows(
                    *counts, weight, word_vectors, a, b, vectors
                ),
                firsts,
                lasts,
            )
        return vectors

    def phrases(self, phrases):
        """Return what is known of keywords, each a word or several.

        Parameters
        ----------
        phrases : list of str

        Returns
        -------
        known : Phrases
            A word has its own vector; several are a small document. What is left out of
            the vocabulary has the frequency that it would have there.
        """
        analyze = resolve_analyzer(self.analyzer)
        tokens = [tuple(analyze(phrase)) for phrase in phrases]
        vectors = self.transform(phrases)
        found = [self._words.find(words) for words in tokens]
        reasons = [reason for _, _, reason in found]
        for i, (known, _, _) in enumerate(found):
            if len(set(known)) == 1:
                vectors[i] = self.word_vectors[known[0]]
            if known and not vectors[i].any():
                reasons[i] = "carries no information"
        frequency = np.array([count for _, count, _ in found], dtype=np.int64)
        return Phrases(vectors, tokens, frequency, reasons)

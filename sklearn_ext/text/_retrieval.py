"""What a fitted model of label vectors finds: texts, words, misplaced keywords."""

from numbers import Integral

from sklearn.utils.metaestimators import available_if

from sklearn_ext._core._sklearn import check_is_fitted

from ._keywords import keyword_report, look_up_free, nearest_words
from ._label_vectors import label_vectors, ranked, similarities
from ._space import has_words

__all__ = ["Retrieval"]


def _has_words(estimator):
    """Tell whether words have vectors, as far as it is known yet."""
    return not hasattr(estimator, "_space") or has_words(estimator._space.embedding)


def _check_top_k(top_k):
    """Refuse a number of results that is none."""
    if top_k is None:
        return
    if not isinstance(top_k, Integral) or isinstance(top_k, bool) or top_k < 1:
        raise ValueError(
            f"top_k={top_k!r} must be an int of at least 1, or None for all."
        )


class Retrieval:
    """Methods of an estimator with `_space`, `_known` and `label_vectors_`."""

    def retrieve(self, label=None, X=None, *, keywords=None, top_k=10):
        """Return the texts nearest to a label, or to keywords of no label.

        Parameters
        ----------
        label : str or int, default=None
            One of `classes_`.

        X : list of str, or another container of texts, default=None
            What to search in. None: the texts of the training.

        keywords : list of str, default=None
            Keywords that are no label's. They become a vector as a label's do, by the
            texts of the training near them. Either these or `label`.

        top_k : int, default=10
            How many texts to return at most. None returns all.

        Returns
        -------
        indices : ndarray of int64 of shape (n_found,)
            Positions in X, most similar first, ties by the lower one.
        similarities : ndarray of float64 of shape (n_found,)
            Their cosines.

        Raises
        ------
        ValueError
            If not exactly one of `label` and `keywords` is given, if the label is
            unknown, if no keyword is known, or if `top_k` is below 1.
        TypeError
            If `keywords` is no list of str.
        """
        check_is_fitted(self)
        if (label is None) == (keywords is None):
            given = "both" if label is not None else "neither"
            raise ValueError(f"Give either label or keywords to retrieve, not {given}.")
        _check_top_k(top_k)
        if label is not None:
            vector = self.label_vectors_[self._code(label)]
        else:
            vector = self._free_vector(keywords)
        documents = self.embedding_ if X is None else self.embed(X)
        similarity = similarities(documents, vector[None])[:, 0]
        found = ranked(similarity, len(similarity) if top_k is None else top_k)
        return found, similarity[found]

    def keyword_report(self):
        """Return what became of each keyword.

        Returns
        -------
        report : DataFrame
            One row per given keyword: label, keyword, tokens, known,
            document_frequency, reason, suggestions (known words spelt nearly so),
            similarity (to the vector of its own label), nearest_label (another one than
            label if the keyword is misplaced), shared_with (labels that list it too).
        """
        check_is_fitted(self)
        vectors = self._space.place_keywords(self._known.given_vectors)
        return keyword_report(self._known, vectors, self.label_vectors_)

    @available_if(_has_words)
    def suggest_keywords(self, label, *, top_k=10):
        """Return words near a label that are not among its keywords.

        Only for embeddings with vectors of words: "svd" and Doc2Vec.

        Parameters
        ----------
        label : str or int
            One of `classes_`.

        top_k : int, default=10
            How many words to return at most. None returns all.

        Returns
        -------
        words : DataFrame
            word, similarity and document_frequency, most similar first.

        Raises
        ------
        ValueError
            If the label is unknown, or `top_k` is below 1.
        """
        check_is_fitted(self)
        _check_top_k(top_k)
        code = self._code(label)
        return nearest_words(
            self.label_vectors_[code],
            self.vocabulary_,
            self._space.place(self.word_vectors_),
            self.document_frequency_,
            exclude=self._known.words(code),
            top_k=top_k,
        )

    def _code(self, label):
        """Return the place of a label among the classes."""
        labels = self.classes_.tolist()
        is_one = isinstance(label, str | Integral) and not isinstance(label, bool)
        if not is_one or label not in labels:
            raise ValueError(f"label={label!r} is unknown. The labels are {labels}.")
        return labels.index(label)

    def _free_vector(self, keywords):
        """Return the vector of keywords that are no label's."""
        own = look_up_free(keywords, self._space.embedding)
        labels = label_vectors(
            self._space.summands(),
            [self._space.place_keywords(own)],
            self._rule,
            n_labels=len(self.classes_),
        )
        return labels.vectors[0]

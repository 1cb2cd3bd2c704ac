"""What a fitted model of label vectors says of texts: labels and probabilities."""

import warnings

import numpy as np
from scipy.special import softmax
from sklearn.utils import column_or_1d

from sklearn_ext._core._sklearn import (
    ClassifierMixin,
    TransformerMixin,
    check_consistent_length,
    check_is_fitted,
)
from sklearn_ext._core._text import check_documents

from ._label_vectors import similarities
from ._temperature import calibrated_temperature

__all__ = ["LabelPrediction", "decide"]


def _warn_of_blank(is_blank):
    """Warn of documents of which nothing can be said."""
    n_blank = np.count_nonzero(is_blank)
    if n_blank:
        warnings.warn(
            f"{n_blank} of {len(is_blank)} documents have no known word or other "
            f"information: all labels are equally near to them.",
            UserWarning,
            stacklevel=3,
        )


def decide(similarity, is_blank, classes, reject_threshold, reject_label):
    """Return the label of each row of similarities."""
    labels = classes[similarity.argmax(axis=1)]
    if reject_threshold is None:
        return labels
    is_far = similarity.max(axis=1) < reject_threshold
    return np.where(is_far | is_blank, reject_label, labels)


class LabelPrediction(TransformerMixin, ClassifierMixin):
    """Methods of an estimator with `_space`, `label_vectors_` and `temperature_`."""

    def embed(self, X):
        """Return the vectors of texts.

        Parameters
        ----------
        X : list of str, or another container of texts, of shape (n_samples,)
            The texts.

        Returns
        -------
        vectors : ndarray of float32 of shape (n_samples, n_components)
            Centred, of unit length; zero for a text without information. For texts of
            the training those of `embedding_`.
        """
        check_is_fitted(self)
        return self._space.place(self._space.embedding.transform(check_documents(X)))

    def transform(self, X):
        """Return the cosine similarity of texts to labels.

        Parameters
        ----------
        X : list of str, or another container of texts, of shape (n_samples,)
            The texts.

        Returns
        -------
        similarity : ndarray of float64 of shape (n_samples, n_labels)
            In the order of `classes_`; zeros for a text without information.
        """
        check_is_fitted(self)
        return self._similarity(check_documents(X))[0]

    def decision_function(self, X):
        """Return the scores by which texts are classified.

        Parameters
        ----------
        X : list of str, or another container of texts, of shape (n_samples,)
            The texts.

        Returns
        -------
        scores : ndarray of float64 of shape (n_samples, n_labels) or (n_samples,)
            What `transform` gives; for two labels the second column minus the first,
            for one label its column.
        """
        check_is_fitted(self)
        similarity, _ = self._similarity(check_documents(X))
        if len(self.classes_) == 2:
            return similarity[:, 1] - similarity[:, 0]
        return similarity[:, 0] if len(self.classes_) == 1 else similarity

    def predict(self, X):
        """Return the label nearest to each text.

        Parameters
        ----------
        X : list of str, or another container of texts, of shape (n_samples,)
            The texts.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            The first of `classes_` among equally near ones, and for texts without
            information, of which there is a warning. With `reject_threshold`,
            `reject_label_` for these and for texts below it.
        """
        check_is_fitted(self)
        similarity, is_blank = self._similarity(check_documents(X))
        _warn_of_blank(is_blank)
        return self._decide(similarity, is_blank)

    def predict_proba(self, X):
        """Return the probabilities of the labels: a softmax of the similarities.

        Parameters
        ----------
        X : list of str, or another container of texts, of shape (n_samples,)
            The texts.

        Returns
        -------
        probabilities : ndarray of float64 of shape (n_samples, n_labels)
            The softmax of similarity / `temperature_`, in the order of `classes_`;
            uniform for texts without information, of which there is a warning.
        """
        check_is_fitted(self)
        similarity, is_blank = self._similarity(check_documents(X))
        _warn_of_blank(is_blank)
        # In this order no temperature is so low that a quotient overflows to NaN.
        gaps = similarity - similarity.max(axis=1, keepdims=True)
        with np.errstate(over="ignore"):
            return softmax(gaps / self.temperature_, axis=1)

    def calibrate(self, X, y):
        """Set `temperature_` by a few labelled texts; predictions stay.

        Parameters
        ----------
        X : list of str, or another container of texts, of shape (n_samples,)
            The texts.

        y : array-like of shape (n_samples,)
            Their labels.

        Returns
        -------
        self : Lbl2Vec
            The same estimator, with the temperature in [0.001, 10] of least log-loss.

        Raises
        ------
        ValueError
            If a label is none of `classes_`, or X and y differ in length.
        """
        check_is_fitted(self)
        texts = check_documents(X)
        y = column_or_1d(y)
        check_consistent_length(texts, y)
        unknown = sorted(set(y.tolist()) - set(self.classes_.tolist()), key=str)
        if unknown:
            raise ValueError(
                f"y has labels that no keywords were given for: {unknown}. The labels "
                f"are {self.classes_.tolist()}."
            )
        codes = np.searchsorted(self.classes_, y)
        similarity, _ = self._similarity(texts)
        self.temperature_ = calibrated_temperature(similarity, codes)
        return self

    def get_feature_names_out(self, input_features=None):
        """Return the labels as names of the columns of `transform`.

        Parameters
        ----------
        input_features : None
            Ignored: the input is one column of texts.

        Returns
        -------
        names : ndarray of str objects of shape (n_labels,)
            `classes_` as str.
        """
        check_is_fitted(self)
        return self.classes_.astype(str).astype(object)

    def _decide(self, similarity, is_blank):
        """Return the label of each row of similarities, as it was fitted."""
        return decide(
            similarity,
            is_blank,
            self.classes_,
            self._reject_threshold,
            self.reject_label_,
        )

    def _similarity(self, texts):
        """Return the similarities of texts to labels, and which have no information."""
        documents = self._space.place(self._space.embedding.transform(texts))
        is_blank = ~documents.any(axis=1)
        return similarities(documents, self.label_vectors_), is_blank

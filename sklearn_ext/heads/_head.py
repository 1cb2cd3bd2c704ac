"""What every fitted head can do: predict, in NumPy, and become a torch module."""

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax

from sklearn_ext._core._optional import import_optional
from sklearn_ext._core._sklearn import (
    BaseEstimator,
    ClassifierMixin,
    check_is_fitted,
)

from ._data import check_features

__all__ = ["Head"]


class Head(ClassifierMixin, BaseEstimator):
    """A linear map or a small perceptron, as arrays."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self._is_linear()
        return tags

    def _is_linear(self):
        return np.size(getattr(self, "hidden_layer_sizes", ())) == 0

    def _layers(self):
        """Return weights and biases, each a list."""
        if hasattr(self, "coef_"):
            return [self.coef_], [self.intercept_]
        return self.coefs_, self.intercepts_

    def decision_function(self, X):
        """Return the scores of the classes.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Features; sparse only without hidden layers.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Logits. For two classes one column: above 0 is ``classes_[1]``.
        """
        check_is_fitted(self)
        coefs, intercepts = self._layers()
        units = check_features(self, X, len(coefs) == 1, reset=False)
        for layer, (coef, intercept) in enumerate(zip(coefs, intercepts, strict=True)):
            if layer:
                np.maximum(units, 0, out=units)
            units = units @ coef.T
            units += intercept
        return units[:, 0] if len(self.classes_) == 2 else units

    def predict(self, X):
        """Return the class with the highest score, the first of equal ones.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Labels from `classes_`.
        """
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return self.classes_[(scores > 0).astype(np.intp)]
        return self.classes_[scores.argmax(axis=1)]

    def predict_proba(self, X):
        """Return the logistic function, or the softmax, of the scores.

        These are not calibrated probabilities: cut and fine-tuning move the scores to
        where the metric wants them, so that 1/2 is the best cut. Wrap the classifier
        into :class:`~sklearn.calibration.CalibratedClassifierCV` if you need them.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Rows sum to 1; columns follow `classes_`.
        """
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return np.stack([expit(-scores), expit(scores)], axis=1)
        return softmax(scores, axis=1)

    def predict_log_proba(self, X):
        """Return the logarithm of `predict_proba`, computed from the scores.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            Columns follow `classes_`.
        """
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return np.stack([log_expit(-scores), log_expit(scores)], axis=1)
        return log_softmax(scores, axis=1)

    def to_torch(self):
        """Return the fitted head as a torch module of its own.

        Returns
        -------
        module : torch.nn.Sequential
            Linear layers, rectified between them. Its output are logits, of shape
            (n_samples, 1) for two classes, else (n_samples, n_classes).

        Raises
        ------
        ImportError
            If torch is not installed.
        """
        check_is_fitted(self)
        torch = import_optional("torch", extra="torch", purpose="to_torch")
        layers = []
        for coef, intercept in zip(*self._layers(), strict=True):
            if layers:
                layers.append(torch.nn.ReLU())
            linear = torch.nn.Linear(coef.shape[1], coef.shape[0])
            linear.weight = torch.nn.Parameter(torch.tensor(coef))
            linear.bias = torch.nn.Parameter(torch.tensor(intercept))
            layers.append(linear)
        return torch.nn.Sequential(*layers)

"""Probabilities of any classifier."""

import numpy as np
from scipy.special import expit, softmax

from sklearn_ext._core._arrays import as_host

__all__ = ["base_probabilities", "check_classifier"]


def check_classifier(estimator):
    """Raise TypeError unless the classifier has probabilities or scores."""
    if not (
        hasattr(estimator, "predict_proba") or hasattr(estimator, "decision_function")
    ):
        raise TypeError(
            f"estimator must have predict_proba or decision_function, but "
            f"{type(estimator).__name__} has neither."
        )


def base_probabilities(estimator, X):
    """Return the probabilities (b, K) of a classifier, or those of its scores."""
    if hasattr(estimator, "predict_proba"):
        return np.asarray(as_host(estimator.predict_proba(X)))
    scores = np.asarray(as_host(estimator.decision_function(X)), np.float64)
    if scores.ndim == 1:
        return np.column_stack([expit(-scores), expit(scores)])
    return softmax(scores, axis=1)

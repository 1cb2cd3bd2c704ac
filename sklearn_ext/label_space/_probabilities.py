"""Probabilities of any classifier."""

import numpy as np
from scipy.special import expit, softmax

from sklearn_ext._core._arrays import as_host

__all__ = ["base_probabilities", "check_classifier"]


def check_classifier(estimator):
    """Raise an error unless the classifier has probabilities or a score per class."""
    name = type(estimator).__name__
    if not (
        hasattr(estimator, "predict_proba") or hasattr(estimator, "decision_function")
    ):
        raise TypeError(
            f"estimator must have predict_proba or decision_function, but {name} has "
            "neither."
        )
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    is_paired = getattr(last, "decision_function_shape", "ovr") == "ovo"
    if is_paired and not hasattr(estimator, "predict_proba"):
        raise ValueError(
            f"estimator must score each class, but {name} has "
            'decision_function_shape="ovo". Use "ovr".'
        )


def base_probabilities(estimator, X):
    """Return the probabilities (b, K) of a classifier, or those of its scores."""
    if hasattr(estimator, "predict_proba"):
        P = np.asarray(as_host(estimator.predict_proba(X)))
    else:
        scores = np.asarray(as_host(estimator.decision_function(X)), np.float64)
        if scores.ndim == 1:
            P = np.column_stack([expit(-scores), expit(scores)])
        else:
            P = softmax(scores, axis=1)
    n_classes = len(estimator.classes_)
    if P.ndim != 2 or P.shape[1] != n_classes:
        raise ValueError(
            f"{type(estimator).__name__} gives scores of the shape {P.shape}, but "
            f"there must be a column for each of its {n_classes} classes."
        )
    return P

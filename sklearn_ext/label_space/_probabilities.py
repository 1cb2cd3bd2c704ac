"""Probabilities of any classifier."""

import numpy as np
from scipy.special import expit, softmax

from sklearn_ext._core._arrays import as_host

__all__ = ["base_probabilities", "check_classifier", "check_fitted_classifier"]


def check_classifier(estimator):
    """Raise TypeError unless the classifier has probabilities or scores."""
    name = type(estimator).__name__
    if not (
        hasattr(estimator, "predict_proba") or hasattr(estimator, "decision_function")
    ):
        raise TypeError(
            f"estimator must have predict_proba or decision_function, but {name} has "
            "neither."
        )


def check_fitted_classifier(estimator):
    """Raise an error unless the fitted classifier has classes and a score for each."""
    name = type(estimator).__name__
    if not hasattr(estimator, "classes_"):
        raise TypeError(f"estimator must be a classifier, but {name} has no classes_.")
    inner = estimator
    while hasattr(inner, "steps") or hasattr(inner, "best_estimator_"):
        inner = inner.steps[-1][1] if hasattr(inner, "steps") else inner.best_estimator_
    is_paired = getattr(inner, "decision_function_shape", "ovr") == "ovo"
    has_pairs = is_paired and len(estimator.classes_) > 2
    if has_pairs and not hasattr(estimator, "predict_proba"):
        raise ValueError(
            f"estimator must score each class, but {name} scores pairs of them, by "
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

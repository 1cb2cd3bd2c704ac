"""Linear probes: cheap classifiers on fixed embeddings, and when to change them."""

from sklearn_ext._core._lazy import attach

_TABLE = {
    "NaiveBayesProbe": "_naive_bayes_probe",
    "ProbeLearningCurveDisplay": "_display",
    "probe_learning_curve": "_learning_curve",
}

__getattr__, __dir__, __all__ = attach(__name__, _TABLE)

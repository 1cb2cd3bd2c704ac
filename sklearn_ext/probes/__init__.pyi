from ._display import ProbeLearningCurveDisplay
from ._learning_curve import probe_learning_curve
from ._naive_bayes_probe import NaiveBayesProbe

__all__ = [
    "NaiveBayesProbe",
    "ProbeLearningCurveDisplay",
    "probe_learning_curve",
]

"""A few tiny configurations of each estimator, and the checks it is known to fail."""

from tests.common._public import estimator_classes

CONFIGURATIONS = {
    "FoldSE": [
        {},
        {"ratio": 0.2, "tail": 2, "max_depth": 1, "max_literals": 3},
        {"heuristic": "entropy", "categorical_features": None, "n_jobs": 2},
        {"heuristic": "gini", "tail": 1, "max_rules": 4, "min_confidence": 0.3},
    ],
}

# {class name: {name of the check: why it cannot pass}}
EXPECTED_FAILURES = {}


def instances():
    """Each public estimator in each of its configurations; none can be forgotten."""
    return [
        estimator(**configuration)
        for estimator in estimator_classes()
        for configuration in CONFIGURATIONS[estimator.__name__]
    ]


def expected_failures(estimator):
    """What `parametrize_with_checks` marks as an expected failure."""
    return EXPECTED_FAILURES.get(type(estimator).__name__, {})

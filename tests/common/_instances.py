"""A few tiny configurations of each estimator, and the checks it is known to fail."""

from tests.common._public import estimator_classes

CONFIGURATIONS = {
    "FoldSE": [
        {},
        {"ratio": 0.2, "tail": 2, "max_depth": 1, "max_literals": 3},
        {"heuristic": "entropy", "categorical_features": None, "n_jobs": 2},
        {"heuristic": "gini", "tail": 1, "max_rules": 4, "min_confidence": 0.3},
    ],
    "ThermometerEncoder": [
        {},
        {"max_bits": 3, "strategy": "unique", "sparse_output": True},
    ],
    "TsetlinMachineClassifier": [  # checks draw from [0, 1): 0.5 halves it
        {"n_clauses": 10, "max_iter": 10, "binarize": 0.5, "random_state": 0},
        {
            "n_clauses": 10,
            "max_iter": 5,
            "binarize": 0.5,
            "weighted": False,
            "feature_negation": 0.2,
            "clause_drop": 0.2,
            "max_literals": None,
            "n_jobs": 2,
            "random_state": 0,
        },
        {
            "n_clauses": 4,
            "max_iter": 5,
            "binarize": 0.5,
            "batch_size": 7,
            "feature_negation": False,
            "random_state": 0,
        },
    ],
}

# {class name: {name of the check: why it cannot pass}}
_ONLINE = "a stochastic online learner: weights hold in expectation, 0 exactly"
EXPECTED_FAILURES = {
    "TsetlinMachineClassifier": {
        "check_sample_weight_equivalence_on_dense_data": _ONLINE,
        "check_sample_weight_equivalence_on_sparse_data": _ONLINE,
    },
}


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

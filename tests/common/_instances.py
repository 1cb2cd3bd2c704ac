"""A few tiny configurations of each estimator, and the checks it is known to fail."""

from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from tests.augmentation._samplers import NoisyCopies
from tests.augmentation._trees import TREES
from tests.common._public import estimator_classes
from tests.text._corpus import made_corpus

TOPICS = made_corpus(sizes=(40, 40, 40, 40))[2]


class DullBook:
    """A book of synonyms with one entry; a function would not have one repr."""

    def __call__(self, lemma, tag):
        return ["dull"] if tag == "JJ" else []

    def __repr__(self):
        return "DullBook()"

    def __eq__(self, other):
        return isinstance(other, DullBook)

    def __hash__(self):
        return 0


CONFIGURATIONS = {
    "ALPAugmenter": [
        {"n_samples": 2, "synonyms": None, "random_state": 0},
        {
            "n_samples": 3,
            "synonyms": DullBook(),
            "edit_probability": "strong",
            "n_parses": 1,
            "n_jobs": 2,
            "random_state": 0,
        },
    ],
    "AnyLossClassifier": [
        {},
        {"metric": "mcc", "threshold": "final"},
        {"metric": "gmean", "hidden_layer_sizes": (4,), "random_state": 0},
    ],
    "AnyLossClassifierCV": [{"amplifications": (5, 10), "cv": 2}],
    "AugmentedClassifier": [
        {"estimator": LogisticRegression(), "augmenter": NoisyCopies()},
        {
            "estimator": LogisticRegression(),
            "augmenter": NoisyCopies(),
            "strategy": "aug-only",
            "augmented_weight": 1,
        },
    ],
    "ClassSeparability": [
        {},
        {"statistic": "entropy", "min_samples": 3, "algorithm": "boruvka"},
        {
            "max_samples": 0.8,
            "n_subsamples": 2,
            "algorithm": "kd_tree",
            "n_jobs": 2,
            "random_state": 0,
        },
    ],
    "DiceLossClassifier": [{}, {"alpha": 0.01, "init": "zeros", "max_iter": 200}],
    "FoldSE": [
        {},
        {"ratio": 0.2, "tail": 2, "max_depth": 1, "max_literals": 3},
        {"heuristic": "entropy", "categorical_features": None, "n_jobs": 2},
        {"heuristic": "gini", "tail": 1, "max_rules": 4, "min_confidence": 0.3},
    ],
    "LatentLabelShift": [
        {"cv": 2, "random_state": 0},
        {
            "factorization": "nmf",
            "adjustment": "pinv",
            "cv": None,
            "random_state": 0,
        },
    ],
    "Lbl2Vec": [
        {"keywords": TOPICS, "n_components": 10, "random_state": 0},
        {
            "keywords": list(TOPICS.values()),
            "center": False,
            "n_docs": 20,
            "similarity_threshold": 0.3,
            "keyword_weight": 0,
            "reject_threshold": 0.1,
            "temperature": 0.05,
            "n_components": 10,
            "random_state": 0,
        },
        {
            "keywords": TOPICS,
            "embedding": make_pipeline(
                TfidfVectorizer(), TruncatedSVD(5, random_state=0)
            ),
            "random_state": 0,
        },
    ],
    "LexicalizedPCFGParser": [{}, {"n_parses": 2, "lexical_weight": 0.2, "n_jobs": 2}],
    "LokiClassifier": [
        {},
        {"temperature": "auto", "cv": 2, "top_k": 1},
        {"candidates": "observed", "power": 1},
    ],
    "NaiveBayesProbe": [
        {},
        {"missing": "marginalize"},
        {"temperature": "loo"},
        {"shrinkage": "auto"},
    ],
    "ThermometerEncoder": [
        {},
        {"max_bits": 3, "strategy": "unique", "sparse_output": True},
    ],
    "TorchLossClassifier": [
        {},
        {"loss": "focal", "init": "logistic"},
        {"hidden_layer_sizes": (8,), "learning_rate": 0.05, "random_state": 0},
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
_METRIC = "macro F1 asks as much of each class, whatever the weight of its rows"
_ONLINE = "a stochastic online learner: weights hold in expectation, 0 exactly"
_DOMAINS = "fits without y, but without domains there are no classes"
_NO_CLASSIFIER = "asks a clusterer that has probabilities for the tags of a classifier"
EXPECTED_FAILURES = {
    "AnyLossClassifier": {"check_class_weight_classifiers": _METRIC},
    "AnyLossClassifierCV": {"check_class_weight_classifiers": _METRIC},
    "DiceLossClassifier": {"check_class_weight_classifiers": _METRIC},
    "LatentLabelShift": {
        "check_clustering": _DOMAINS,
        "check_estimator_sparse_array": _NO_CLASSIFIER,
        "check_estimator_sparse_matrix": _NO_CLASSIFIER,
    },
    "TsetlinMachineClassifier": {
        "check_sample_weight_equivalence_on_dense_data": _ONLINE,
        "check_sample_weight_equivalence_on_sparse_data": _ONLINE,
    },
}

# {class name: fitted attributes that only some of its configurations have}
_OF_HEADS = {"class_offsets_", "coefs_", "intercepts_"}
CONDITIONAL_ATTRIBUTES = {
    "ALPAugmenter": {
        "augmentation_report_",
        "donor_indices_",
        "is_augmented_",
        "sample_indices_",
        "scores_",
    },
    "AnyLossClassifier": _OF_HEADS | {"coef_", "intercept_"},
    "AnyLossClassifierCV": {"class_offsets_"},
    "ClassSeparability": {"core_distances_"},
    "DiceLossClassifier": _OF_HEADS,
    "LatentLabelShift": {"anchor_bins_"},
    "Lbl2Vec": {
        "document_frequency_",
        "idf_",
        "singular_values_",
        "vocabulary_",
        "word_vectors_",
    },
    "LokiClassifier": {"temperature_scores_"},
    "NaiveBayesProbe": {"loo_log_loss_", "loo_score_", "n_loo_"},
    "TorchLossClassifier": _OF_HEADS
    | {"coef_", "intercept_", "metric_score_", "warm_start_score_"},
}
# Estimators that compute in the precision of X, so that a float32 copy says nearly the
# same, and whose sums may take another order for another container.
COMPUTES_IN_DTYPE_OF_X = {
    "AnyLossClassifier",
    "AnyLossClassifierCV",
    "AugmentedClassifier",
    "DiceLossClassifier",
    "LatentLabelShift",
    "LokiClassifier",
    "NaiveBayesProbe",
    "TorchLossClassifier",
}


def instances():
    """Each public estimator in each of its configurations; none can be forgotten."""
    return [
        estimator(**configuration)
        for estimator in estimator_classes()
        for configuration in CONFIGURATIONS[estimator.__name__]
    ]


def texts_for(estimator):
    """What an estimator of one-dimensional input fits: texts or trees, and classes."""
    if type(estimator).__name__ == "LexicalizedPCFGParser":
        return TREES, None
    return made_corpus(sizes=(40, 40, 40, 40))[:2]


def expected_failures(estimator):
    """What `parametrize_with_checks` marks as an expected failure."""
    return EXPECTED_FAILURES.get(type(estimator).__name__, {})

"""How strongly unlabelled data fall apart into groups, by persistent homology."""

from sklearn_ext._core._lazy import attach

_TABLE = {
    "ClassSeparability": "_separability",
    "SeparabilityDisplay": "_display",
    "SeparabilityStopping": "_stopping",
    "class_separability_score": "_scorer",
    "fisher_discriminant_ratio": "_supervised",
    "make_separability_scorer": "_scorer",
    "thornton_index": "_supervised",
}

__getattr__, __dir__, __all__ = attach(__name__, _TABLE)

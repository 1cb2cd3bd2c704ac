from ._display import SeparabilityDisplay
from ._scorer import class_separability_score, make_separability_scorer
from ._separability import ClassSeparability
from ._stopping import SeparabilityStopping
from ._supervised import fisher_discriminant_ratio, thornton_index

__all__ = [
    "ClassSeparability",
    "SeparabilityDisplay",
    "SeparabilityStopping",
    "class_separability_score",
    "fisher_discriminant_ratio",
    "make_separability_scorer",
    "thornton_index",
]

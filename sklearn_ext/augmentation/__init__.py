"""New labelled texts from a few, by a lexicalised grammar, without leaks."""

from sklearn_ext._core._lazy import attach

_TABLE = {
    "ALPAugmenter": "_alp",
    "AugmentationSplit": "_split",
    "AugmentationWarning": "_warning",
    "AugmentedClassifier": "_augmented",
    "LexicalizedPCFGParser": "_parser",
    "WordNetSynonyms": "_wordnet",
    "find_heads": "_heads",
}

__getattr__, __dir__, __all__ = attach(__name__, _TABLE)

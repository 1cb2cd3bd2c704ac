from ._alp import ALPAugmenter
from ._augmented import AugmentedClassifier
from ._heads import find_heads
from ._parser import LexicalizedPCFGParser
from ._split import AugmentationSplit
from ._warning import AugmentationWarning
from ._wordnet import WordNetSynonyms

__all__ = [
    "ALPAugmenter",
    "AugmentationSplit",
    "AugmentationWarning",
    "AugmentedClassifier",
    "LexicalizedPCFGParser",
    "WordNetSynonyms",
    "find_heads",
]

from ._display import Lbl2VecDisplay
from ._lbl2vec import Lbl2Vec

__all__ = [
    "Lbl2Vec",
    "Lbl2VecDisplay",
]

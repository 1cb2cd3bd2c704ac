"""Texts without labels: classes and rankings from a few keywords."""

from sklearn_ext._core._lazy import attach

_TABLE = {
    "Lbl2Vec": "_lbl2vec",
    "Lbl2VecDisplay": "_display",
}

__getattr__, __dir__, __all__ = attach(__name__, _TABLE)

"""Rule learners: FOLD-SE and the plain data that its rules are made of."""

from sklearn_ext._core._lazy import attach

_TABLE = {
    "FoldSE": "_fold_se",
    "Literal": "_rule",
    "Rule": "_rule",
    "RuleSetDisplay": "_display",
}

__getattr__, __dir__, __all__ = attach(__name__, _TABLE)

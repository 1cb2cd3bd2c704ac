from ._display import RuleSetDisplay
from ._fold_se import FoldSE
from ._rule import Literal, Rule

__all__ = ["FoldSE", "Literal", "Rule", "RuleSetDisplay"]

from sklearn_ext._core._show_versions import show_versions
from sklearn_ext._core._warm_up import warm_up
from sklearn_ext._version import __version__
from sklearn_ext.rules import FoldSE
from sklearn_ext.tsetlin import ThermometerEncoder, TsetlinMachineClassifier

__all__ = [
    "FoldSE",
    "ThermometerEncoder",
    "TsetlinMachineClassifier",
    "__version__",
    "show_versions",
    "warm_up",
]

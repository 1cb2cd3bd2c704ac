"""Strong ideas from recent classification papers as scikit-learn estimators."""

from sklearn_ext._core._lazy import attach
from sklearn_ext._version import __version__

_TABLE = {
    "FoldSE": "rules",
    "ThermometerEncoder": "tsetlin",
    "TsetlinMachineClassifier": "tsetlin",
    "show_versions": "_core._show_versions",
    "warm_up": "_core._warm_up",
}

__getattr__, __dir__, __all__ = attach(__name__, _TABLE)
__all__ += ["__version__"]

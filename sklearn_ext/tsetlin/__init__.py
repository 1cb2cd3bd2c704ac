"""Tsetlin machines: classifiers made of clauses that counting automata learn."""

from sklearn_ext._core._lazy import attach

_TABLE = {
    "ClauseDisplay": "_display",
    "ThermometerEncoder": "_thermometer",
    "TsetlinMachineClassifier": "_tsetlin_machine",
}

__getattr__, __dir__, __all__ = attach(__name__, _TABLE)

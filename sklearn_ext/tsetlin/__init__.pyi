from ._display import ClauseDisplay
from ._thermometer import ThermometerEncoder
from ._tsetlin_machine import TsetlinMachineClassifier

__all__ = ["ClauseDisplay", "ThermometerEncoder", "TsetlinMachineClassifier"]

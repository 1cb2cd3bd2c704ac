"""Which device torch computes on; torch is imported only where a GPU would pay."""

import importlib
from importlib.util import find_spec

from ._optional import import_optional

__all__ = ["DeviceNotFoundError", "has_cuda", "resolve_device"]


class DeviceNotFoundError(ValueError, RuntimeError):
    """A device was asked for that is not there: a wrong value, or a wrong machine."""


def resolve_device(device: str, *, is_worth_it: bool, purpose: str) -> str:
    """Return "cpu" or "cuda" for a parameter `device`.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda"}
    is_worth_it : bool
        Whether "auto" may choose a GPU; if not, torch is not even imported.
    purpose : str
        What needs the GPU; the first words of the error messages.

    Raises
    ------
    ImportError
        If "cuda" is asked for without torch.
    DeviceNotFoundError
        A ValueError and a RuntimeError: "cuda" is asked for and torch finds none.
    """
    if device == "cpu" or (device == "auto" and not is_worth_it):
        return "cpu"
    if device == "auto" and find_spec("torch") is None:
        return "cpu"
    torch = import_optional("torch", extra="torch", purpose=purpose)
    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise DeviceNotFoundError(
            f"{purpose} found no CUDA device; the devices here are ['cpu']. Use "
            f"device='cpu' or 'auto'."
        )
    return "cpu"


def has_cuda() -> bool:
    """Whether torch is installed and finds a CUDA device."""
    if find_spec("torch") is None:
        return False
    return bool(importlib.import_module("torch").cuda.is_available())

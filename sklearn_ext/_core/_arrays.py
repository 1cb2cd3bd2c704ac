"""Arrays as compiled code wants them."""

from typing import Any

import numpy as np

__all__ = ["plain_array"]

Array = np.ndarray[Any, Any]


class _WritableView:
    """Array interface of a read-only array, declared writable."""

    def __init__(self, array: Array) -> None:
        self._array = array  # keeps the memory alive
        interface = dict(array.__array_interface__)
        interface["data"] = (interface["data"][0], False)
        self.__array_interface__ = interface


def plain_array(array: Array) -> Array:
    """Return `array` C-contiguous, aligned and typed as writable, if possible uncopied.

    numba compiles a kernel anew for read-only, strided or unaligned arguments, and
    torch warns of read-only ones. Only for arguments that nobody writes.
    """
    array = np.require(array, requirements=["C", "A"])
    return array if array.flags.writeable else np.asarray(_WritableView(array))

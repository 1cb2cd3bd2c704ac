"""Arrays as compiled code wants them."""

from typing import Any

import numpy as np

__all__ = ["aligned_array", "plain_array"]

Array = np.ndarray[Any, Any]

ALIGNMENT = 64
# Larger arrays have pages of their own, so their place in a cache line never changes.
SMALL = 1 << 25


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


def aligned_array(array: Array) -> Array:
    """Return a small array from the start of a cache line on, a large one as it is.

    The last bits of a BLAS product depend on where its arguments lie, and where small
    arrays lie is chance.
    """
    is_aligned = array.ctypes.data % ALIGNMENT == 0 and array.flags.c_contiguous
    if is_aligned or array.nbytes > SMALL:
        return array
    memory = np.empty(array.nbytes + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy

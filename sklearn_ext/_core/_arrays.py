"""Arrays as compiled code wants them, and those of other libraries as NumPy's."""

from typing import Any

import numpy as np

from ._sklearn import convert_to_numpy

__all__ = ["aligned_array", "as_host", "is_foreign", "is_tensor", "plain_array"]

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


def is_tensor(values: Any) -> bool:
    """Tell whether `values` is a torch tensor, without importing torch."""
    return any(
        cls.__name__ == "Tensor" and cls.__module__.partition(".")[0] == "torch"
        for cls in type(values).__mro__
    )


def is_foreign(values: Any) -> bool:
    """Tell whether `values` is an array of another Array API namespace than NumPy's."""
    is_numpy = isinstance(values, np.ndarray | np.generic)
    return not is_numpy and hasattr(type(values), "__array_namespace__")


def as_host(values: Any) -> Any:
    """Return tensors and Array API arrays as NumPy arrays, anything else as it is."""
    if is_tensor(values):
        values = values.detach().cpu()
        if str(values.dtype) == "torch.bfloat16":  # NumPy has no such numbers
            values = values.float()
        return values.numpy()
    if is_foreign(values):
        return convert_to_numpy(values, values.__array_namespace__())
    return values

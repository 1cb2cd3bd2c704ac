"""Compile ahead of the first request: each system brings its own `_warm_up.py`."""

import importlib
import pkgutil
from importlib.util import find_spec

__all__ = ["warm_up"]


def warm_up() -> None:
    """Compile every kernel of the library, or load it from numba's cache.

    For servers: call it once when the process starts, or while an image is built, so
    that no request waits for a compiler. numba keeps the result beside the package, or
    in the folder that the environment variable ``NUMBA_CACHE_DIR`` names.

    Examples
    --------
    >>> import sklearn_ext
    >>> sklearn_ext.warm_up()
    """
    package = importlib.import_module("sklearn_ext")
    for system in pkgutil.iter_modules(package.__path__):
        name = f"sklearn_ext.{system.name}._warm_up"
        if system.ispkg and system.name != "_core" and find_spec(name):
            importlib.import_module(name).warm_up()

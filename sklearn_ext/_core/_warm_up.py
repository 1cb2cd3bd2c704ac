"""Compile ahead of the first request: each system brings its own `_warm_up.py`."""

import importlib
import pkgutil
from importlib.util import find_spec

__all__ = ["warm_up"]


def _compile(module: str) -> None:
    """Compile, or load, the kernels of one system."""
    importlib.import_module(module).warm_up()


def warm_up(n_jobs: int | None = None) -> None:
    """Compile every kernel of the library, or load it from numba's cache.

    For servers: call it once when the process starts, or while an image is built, so
    that no request waits for a compiler. numba keeps the result beside the package, or
    in the folder that the environment variable ``NUMBA_CACHE_DIR`` names.

    Parameters
    ----------
    n_jobs : int or None, default=None
        Number of processes that compile, a system each at a time; the cache must be
        writable. None means 1 unless in a :obj:`joblib.parallel_config` context.

    Examples
    --------
    >>> import sklearn_ext
    >>> sklearn_ext.warm_up()
    """
    package = importlib.import_module("sklearn_ext")
    modules = [
        name
        for system in pkgutil.iter_modules(package.__path__)
        for name in [f"sklearn_ext.{system.name}._warm_up"]
        if system.ispkg and system.name != "_core" and find_spec(name)
    ]
    from joblib import Parallel, delayed, effective_n_jobs

    if effective_n_jobs(n_jobs) > 1:  # a compiler lets no other thread at its work
        Parallel(n_jobs=n_jobs)(delayed(_compile)(module) for module in modules)
    for module in modules:
        _compile(module)

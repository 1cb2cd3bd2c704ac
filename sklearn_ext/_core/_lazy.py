"""Lazy public names: a package imports a module when its name is first used."""

import importlib
import os
import sys
from collections.abc import Callable

__all__ = ["attach"]


def attach(
    package: str, table: dict[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__, __dir__, __all__`` for ``{public name: module}``."""

    def __getattr__(name: str) -> object:
        if name not in table:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            module = importlib.import_module(f"{package}.{table[name]}")
        except AttributeError as error:  # `from ... import` would hide its cause
            raise ImportError(f"{package}.{table[name]} failed to import") from error
        value = vars(sys.modules[package])[name] = getattr(module, name)
        return value

    if os.environ.get("EAGER_IMPORT"):  # set in one CI run: every name must resolve
        for name in table:
            __getattr__(name)
    return __getattr__, lambda: sorted(table), sorted(table)

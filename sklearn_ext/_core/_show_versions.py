"""What a bug report should start with: the system and the installed versions."""

import os
import platform
import sys
from importlib import metadata

from sklearn_ext._version import __version__

__all__ = ["show_versions"]

REQUIRED = ("numpy", "scipy", "scikit-learn", "pandas", "numba", "llvmlite", "joblib")
OPTIONAL = ("matplotlib", "rich", "polars")
SETTINGS = ("NUMBA_NUM_THREADS", "NUMBA_THREADING_LAYER", "NUMBA_CACHE_DIR")


def _version(package: str) -> str:
    """Installed version, read from the metadata so that nothing is imported."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _threads() -> dict[str, str]:
    """Processors, and what is known of numba's threads without starting them."""
    report = {"processors": str(os.cpu_count())}
    numba = sys.modules.get("numba")
    if numba is None:
        report["numba threads"] = "numba is not loaded yet"
    else:
        report["numba threads"] = str(numba.get_num_threads())
        try:
            report["threading layer"] = numba.threading_layer()
        except ValueError:  # chosen when the first parallel kernel starts
            report["threading layer"] = "not chosen yet"
    return report | {name: os.environ[name] for name in SETTINGS if name in os.environ}


def show_versions() -> None:
    """Print versions and threading, to paste into a bug report.

    The text goes to the standard output. Nothing is imported for it.

    Examples
    --------
    >>> import sklearn_ext
    >>> sklearn_ext.show_versions()  # doctest: +ELLIPSIS
    System
        sklearn-ext: ...
    """
    sections = {
        "System": {
            "sklearn-ext": __version__,
            "python": sys.version.replace("\n", " "),
            "executable": sys.executable,
            "machine": platform.platform(),
        },
        "Dependencies": {name: _version(name) for name in REQUIRED},
        "Optional": {name: _version(name) for name in OPTIONAL},
        "Threads": _threads(),
    }
    lines: list[str] = []
    for title, entries in sections.items():
        lines += ["", title] if lines else [title]
        lines += [f"    {name}: {value}" for name, value in entries.items()]
    sys.stdout.write("\n".join(lines) + "\n")

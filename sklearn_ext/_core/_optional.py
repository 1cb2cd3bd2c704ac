"""Import packages that only some users have, with an error that names the way out."""

import importlib
from types import ModuleType

__all__ = ["import_optional"]


def import_optional(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import an optional module.

    Parameters
    ----------
    module : str
        Dotted name, as after ``import``.
    extra : str
        The extra of sklearn-ext that installs it.
    purpose : str
        What needs it; the first words of the error message.

    Returns
    -------
    module : module
        The imported module.

    Raises
    ------
    ImportError
        If the package is not installed. When it is there but broken, its own error is
        left as it is.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        raise ImportError(
            f"{purpose} needs {package}, which is not installed. "
            f'Install it with: pip install "sklearn-ext[{extra}]"'
        ) from error

"""What every `fit` of the package has to keep."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["keep_fit_on_error"]


@contextmanager
def keep_fit_on_error(estimator: Any) -> Iterator[None]:
    """Put the fitted attributes back as they were if the block fails."""

    def fitted() -> dict[str, Any]:
        return {k: v for k, v in vars(estimator).items() if k.endswith("_")}

    before = fitted()
    try:
        yield
    except BaseException:
        for name in fitted():
            delattr(estimator, name)
        vars(estimator).update(before)
        raise

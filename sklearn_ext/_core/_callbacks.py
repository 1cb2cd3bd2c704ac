"""The only user of scikit-learn's experimental callback interface."""

from collections.abc import Callable
from typing import Any

from sklearn.callback import CallbackSupportMixin

__all__ = ["CallbackSupportMixin", "FitSteps"]


class FitSteps:
    """The steps of one iterative fit, reported to the callbacks of an estimator.

    Parameters
    ----------
    estimator : estimator with ``CallbackSupportMixin``
    n_steps : int or None
        The largest number of steps; None if it is not known.
    name : str
        What one step is called in the task tree, such as "rule" or "epoch".
    X, y : as the user gave them
        A validated copy would make scorers warn about feature names.
    sample_weight : array-like or None
        Passed on as a keyword of the scorers, unless None.
    """

    def __init__(
        self,
        estimator: Any,
        n_steps: int | None,
        name: str,
        *,
        X: Any,
        y: Any,
        sample_weight: Any = None,
    ) -> None:
        metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
        self._given = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._name = name
        self._root = estimator._init_callback_context(max_subtasks=n_steps)
        self._root.call_on_fit_task_begin(**self._given)

    def begin(self) -> None:
        """Report that the next step starts."""
        self._step = self._root.subcontext(task_name=self._name)
        self._step.call_on_fit_task_begin(**self._given)

    def end(self, fitted_attributes: Callable[[], dict[str, Any]]) -> bool:
        """Report that the step ended; return True if a callback asks to stop.

        `fitted_attributes` is a callable that returns what `predict` needs; it is
        evaluated only if some callback wants a fitted estimator.
        """
        stop = self._step.call_on_fit_task_end(
            **self._given, reconstruction_attributes=fitted_attributes
        )
        return bool(stop)

    def finish(self) -> None:
        """Report that the fit ended; its fitted attributes are set already."""
        self._root.call_on_fit_task_end(**self._given, reconstruction_attributes={})

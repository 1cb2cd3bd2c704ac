"""Which parameters of a training are kept, and when to stop."""

import numpy as np

from ._threshold import TIE

__all__ = ["Keeper"]

PATIENCE = 10  # epochs without a fall of the loss by `tol`


class Keeper:
    """Remembers the best parameters seen.

    Parameters
    ----------
    parameters : tensor
        The start, epoch 0; what moves in place.
    score : float or None
        Its score; None if nothing is judged.
    patience : int or None
        Epochs without a better score on held-out rows to stop after; None where the
        score is that of the training rows.
    tol : float or None
        Stop if the loss has not fallen by this much for ten epochs.
    """

    def __init__(self, parameters, score, patience, tol):
        self._parameters = parameters
        self._patience = patience
        self._tol = tol
        self._start = parameters.clone()
        self._best = self._start
        self.start_score = self._best_score = score
        self._best_at = 0
        self._lowest, self._fell_at = np.inf, 0

    def offer(self, score, epoch):
        """Keep the parameters of now if they are the best.

        Of equal ones the later are kept, on held-out rows the earlier.
        """
        margin = -TIE if self._patience is None else TIE
        if score >= self._best_score + margin:
            self._best_score, self._best_at = score, epoch
            self._best = self._parameters.clone()

    def has_stalled(self, loss, epoch):
        """Tell whether to stop after an epoch."""
        if self._patience is not None:
            return epoch - self._best_at >= self._patience
        if self._tol is None:
            return False
        if loss < self._lowest - self._tol:
            self._lowest, self._fell_at = loss, epoch
        return epoch - self._fell_at >= PATIENCE

    def go_back(self):
        """Restore the start; return the name of the choice."""
        self._parameters.copy_(self._start)
        return "warm_start"

    def select(self, last_score, last_epoch):
        """Restore what is to be kept; return the name of the choice.

        On training rows the last parameters stay unless they are worse than the start:
        then the best do. On held-out rows the best do.
        """
        on_training_rows = self._patience is None
        if on_training_rows and last_score >= self.start_score - TIE:
            return "last"
        self._parameters.copy_(self._best)
        if self._best_at == 0:
            return "warm_start"
        return "last" if self._best_at == last_epoch else "best"

"""A weighted sum of losses."""

from typing import TYPE_CHECKING

from sklearn_ext._core._optional import import_optional

from ._base import Loss, check_at_least

if TYPE_CHECKING:
    import torch
else:
    torch = import_optional("torch", extra="torch", purpose="sklearn_ext.losses")

__all__ = ["CombinedLoss"]


def _check_pair(pair):
    """Raise unless this is a weight and a loss."""
    if not (isinstance(pair, tuple | list) and len(pair) == 2):
        raise ValueError(f"losses must hold pairs (weight, loss), got {pair!r}.")
    weight, loss = pair
    check_at_least(0, weight=weight)
    if not callable(loss):
        raise TypeError(
            f"losses must hold modules or functions of (input, target), got {loss!r}."
        )


class CombinedLoss(torch.nn.Module):
    """The weighted sum of losses.

    Read more in the :ref:`User Guide <metric_losses>`.

    Parameters
    ----------
    losses : list of (float, module or callable)
        Weights, at least 0, and losses. A loss gets the weights of rows as its third
        argument, if there are any.

    See Also
    --------
    DiceLoss : Often combined with cross-entropy.
    FocalLoss : Cross-entropy, with weights of rows, if gamma is 0.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ext import CombinedLoss, DiceLoss
    >>> loss = CombinedLoss(
    ...     [(0.5, torch.nn.BCEWithLogitsLoss()), (0.5, DiceLoss())]
    ... )
    >>> loss(torch.tensor([-2.0, -1.0, 0.5, 3.0]), torch.tensor([0.0, 1.0, 0.0, 1.0]))
    tensor(0.4610)
    """

    def __init__(self, losses):
        super().__init__()
        if not isinstance(losses, tuple | list) or not losses:
            raise ValueError(
                f"losses must be a list of pairs (weight, loss), got {losses!r}."
            )
        for pair in losses:
            _check_pair(pair)
        self.losses = losses
        # registers them, so that they move, train and print with this module
        self.parts = torch.nn.ModuleList(
            loss for _, loss in losses if isinstance(loss, torch.nn.Module)
        )

    def forward(self, input, target, sample_weight=None):
        """Return the sum of the losses of a batch.

        Parameters
        ----------
        input : tensor of shape (B,), (B, 1), (B, C) or (B, C, ...)
            Logits.
        target : tensor of shape (B,), (B, ...) or that of `input`
            What all of the losses take.
        sample_weight : tensor or array-like of shape (B,) or (B, ...), default=None
            Weights of rows.

        Returns
        -------
        loss : tensor of shape ()
            A scalar to differentiate.
        """
        rest = () if sample_weight is None else (sample_weight,)
        return sum(factor * loss(input, target, *rest) for factor, loss in self.losses)

    def _loss(self, logits, target, weight):
        """Return the loss of canonical tensors."""
        rest = () if weight is None else (weight,)
        values = []
        for factor, loss in self.losses:
            if isinstance(loss, Loss | CombinedLoss):
                value = loss._loss(logits, target, weight)
            else:
                value = loss(logits, target, *rest)
            values.append(factor * value)
        return sum(values)

    def extra_repr(self):
        """Return the weights of the losses.

        Returns
        -------
        text : str
            What stands in the first line of the repr.
        """
        return f"weights={[weight for weight, _ in self.losses]}"

    def reset(self):
        """Forget the counts of earlier batches, of losses that have a momentum."""
        for loss in self.parts:
            if hasattr(loss, "reset"):
                loss.reset()

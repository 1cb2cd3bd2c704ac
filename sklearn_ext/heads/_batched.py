"""Many linear heads, fine-tuned at once as the columns of one matrix.

The heads of a grid differ in their rows, amplification and penalty, not in X: one
product with X serves them all. Each ends where a training of its own would end.
"""

import numpy as np

from sklearn_ext._core._optional import import_optional
from sklearn_ext.losses._metrics import Counts
from sklearn_ext.losses._soft import binary_counts, class_counts

from ._network import Rows
from ._optimizers import Adam
from ._threshold import TIE

torch = import_optional("torch", extra="torch", purpose="Training heads")

__all__ = ["BatchedHeads"]


class BatchedHeads:
    """Linear heads over the same rows.

    Parameters
    ----------
    X : ndarray or CSR of shape (n, d)
    codes : ndarray of int of shape (n,)
    weight : ndarray of float64 of shape (n, n_heads)
        Weight of each row in the training of each head; 0 leaves it out.
    start : ndarray of shape (n_heads, n_outputs, d + 1)
        Weights, and biases last.
    metric : ConfusionMetric
    amplification, l2_regularization : ndarray of shape (n_heads,)
    anchor : (ndarray, ndarray) or None
        Share of the logistic loss of the scores before the cut, (n_heads,), and what
        the cut has added to the biases, (n_heads, n_outputs).
    device : str
    """

    def __init__(
        self,
        X,
        codes,
        weight,
        start,
        metric,
        amplification,
        l2_regularization,
        anchor,
        device,
    ):
        self.rows = Rows(X, device)
        self._all = slice(0, X.shape[0])
        self._codes, self._weight = codes, weight
        self._metric = metric
        self.parameters = torch.tensor(start, device=device)
        like = {"dtype": self.parameters.dtype, "device": device}
        n_outputs = start.shape[1]
        self.is_binary = n_outputs == 1
        self._target = torch.tensor(codes, device=device)
        if self.is_binary:
            self._target = self._target.to(like["dtype"])
        else:
            self._target = torch.nn.functional.one_hot(self._target, n_outputs)
            self._target = self._target.to(like["dtype"])
        self._torch_weight = torch.tensor(weight, **like)
        self._amplification = torch.tensor(amplification, **like)
        self._anchor = None
        if anchor is not None:
            self._anchor = tuple(torch.tensor(part, **like) for part in anchor)
        self._l2 = torch.tensor(l2_regularization, **like)

    def logits(self):
        """Return the scores of all rows, a tensor of shape (n, n_heads, n_outputs)."""
        n_heads, n_outputs, width = self.parameters.shape
        flat = self.parameters.view(-1, width)
        scores = self.rows.times(flat[:, :-1].contiguous(), self._all).add_(flat[:, -1])
        return scores.view(-1, n_heads, n_outputs)

    def _differentiate(self, logits):
        """Return the loss of each head and the gradient of their sum."""
        leaf = logits.detach().requires_grad_()
        with_matrix = self._metric.needs_matrix
        if self.is_binary:
            counts = binary_counts(
                leaf[..., 0],
                self._target,
                self._torch_weight,
                self._amplification,
                with_matrix=with_matrix,
            )
        else:
            counts = class_counts(
                leaf,
                self._target,
                self._torch_weight,
                self._amplification,
                with_matrix=with_matrix,
            )
        losses = self._metric.loss(counts)
        if self._anchor is not None:
            share, _ = self._anchor
            losses = (1 - share) * losses + share * self._log_losses(leaf)
        (slopes,) = torch.autograd.grad(losses.sum(), leaf)
        return losses.detach(), slopes

    def _log_losses(self, logits):
        """Return the logistic loss of each head before its cut."""
        _, shift = self._anchor
        weight = self._torch_weight
        scores = logits - shift
        functional = torch.nn.functional
        if self.is_binary:
            target = self._target[:, None].expand(scores.shape[:2])
            each = functional.binary_cross_entropy_with_logits(
                scores[..., 0], target, reduction="none"
            )
        else:
            chosen = self._target[:, None, :]
            each = -(scores.log_softmax(-1) * chosen).sum(-1)
        return (each * weight).sum(0) / weight.sum(0)

    def _gradient(self, slopes):
        n_heads, n_outputs, width = self.parameters.shape
        flat = slopes.reshape(-1, n_heads * n_outputs)
        gradient = torch.empty_like(self.parameters).view(-1, width)
        gradient[:, :-1] = self.rows.transposed_times(flat, self._all)
        gradient[:, -1] = flat.sum(0)
        gradient = gradient.view(n_heads, n_outputs, width)
        weights = self.parameters[..., :-1]
        gradient[..., :-1] += 2 * self._l2[:, None, None] * weights
        return gradient

    def exact(self, logits, weight=None):
        """Return the metric of the predictions of each head, float64 (n_heads,)."""
        weight = self._weight if weight is None else weight
        scores = logits.cpu().numpy()
        if self.is_binary:
            return self._metric(self._binary_counts(scores[..., 0], weight))
        predicted, n_classes = scores.argmax(axis=2), scores.shape[2]
        cells = self._codes[:, None] * n_classes + predicted
        matrices = [
            np.bincount(cells[:, head], weight[:, head], n_classes**2)
            for head in range(cells.shape[1])
        ]
        shape = (-1, n_classes, n_classes)
        return self._metric(Counts.of(np.stack(matrices).reshape(shape)))

    def _binary_counts(self, scores, weight):
        """Return the confusion matrix of each head, as `Counts`."""
        said = weight * (scores > 0)
        positive = np.flatnonzero(self._codes == 1)
        hits, predicted = said[positive].sum(axis=0), said.sum(axis=0)
        true, total = weight[positive].sum(axis=0), weight.sum(axis=0)
        cells = [total - true - predicted + hits, predicted - hits, true - hits, hits]
        return Counts.of(np.stack(cells, axis=-1).reshape(-1, 2, 2))

    def run(self, max_iter, learning_rate):
        """Take the steps and keep for each head what its own training would keep."""
        start = self.parameters.clone()
        optimizer = Adam(self.parameters, learning_rate)
        best, best_score = start.clone(), None
        is_finite = torch.ones(len(start), dtype=torch.bool, device=start.device)
        for epoch in range(max_iter + 1):
            logits = self.logits()
            score = self.exact(logits)
            if epoch == 0:
                start_score = best_score = score
            gain = torch.from_numpy(score >= best_score - TIE).to(start.device)
            best = torch.where(gain[:, None, None], self.parameters, best)
            best_score = np.where(score >= best_score - TIE, score, best_score)
            if epoch < max_iter:
                losses, slopes = self._differentiate(logits)
                is_finite &= losses.isfinite()
                optimizer.step(self.parameters, self._gradient(slopes))
        is_finite &= self.parameters.isfinite().all(-1).all(-1)
        is_worse = torch.from_numpy(score < start_score - TIE).to(start.device)
        kept = torch.where(is_worse[:, None, None], best, self.parameters)
        kept = torch.where(is_finite[:, None, None], kept, start)
        self.parameters.copy_(kept)

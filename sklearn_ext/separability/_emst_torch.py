"""Nearest rows, in general and in other components, by torch on any device."""

import numpy as np

from sklearn_ext._core._optional import import_optional

from ._products import Products

__all__ = ["TorchSearch"]

NUMBERS = 1 << 26  # in a block of bounds or of differences
MORE = 16  # candidates that are evaluated beyond those that are wanted


def _keeps_float32(torch, device):
    """Whether products of float32 are computed in float32, and not in TF32 or BF16."""
    if not hasattr(torch.backends.cuda.matmul, "fp32_precision"):
        return torch.get_float32_matmul_precision() == "highest"
    backend = torch.backends.cuda if device == "cuda" else torch.backends.mkldnn
    return backend.matmul.fp32_precision in ("ieee", "none")


class TorchSearch:
    """Exact search among the rows of X by products that tell what is worth a look.

    Where torch has been told to multiply float32 in a lower precision, which would void
    the bounds, products are computed in float64.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), float32 or float64
        Of moderate scale.
    device : {"cpu", "cuda"}
    dtype : dtype, default=None
        Precision of the products; None chooses one.
    """

    n_cached = 16

    def __init__(self, X, device, *, dtype=None):
        self._torch = torch = import_optional(
            "torch", extra="torch", purpose="A neighbour search on a GPU"
        )
        if dtype is None and not _keeps_float32(torch, device):
            dtype = np.float64
        self.n_samples, self._n_features = X.shape
        self._device = device
        products = Products(X, dtype=dtype)
        self._X = torch.tensor(X, device=device)
        self._right = torch.tensor(products.right, device=device)
        self._slack = torch.tensor(products.slack, device=device)

    def neighbors(self, k):
        """Return indices and exact squares, (n, k), of the k nearest other rows.

        They ascend by (square, index).
        """
        indices = np.empty((self.n_samples, k), np.int64)
        squares = np.empty((self.n_samples, k))
        cores = self._torch.zeros(
            self.n_samples, dtype=self._torch.float64, device=self._device
        )
        for block in self._blocks(np.arange(self.n_samples)):
            rows = self._torch.tensor(block, device=self._device)
            bounds = self._bounds(rows)
            bounds.scatter_(1, rows[:, None], np.inf)
            weights, found = self._least(rows, bounds, k, cores)
            indices[block] = found.cpu().numpy()
            squares[block] = weights.cpu().numpy()
        return indices, squares

    def nearest_foreign(self, rows, labels, cores, limits):
        """Return the row with another label of least weight, and that weight.

        Parameters
        ----------
        rows : ndarray of int64 of shape (n_rows,)
        labels : ndarray of int64 of shape (n_samples,)
        cores : ndarray of float64 of shape (n_samples,)
            Squared core distances; a pair weighs the greatest of its two and its
            square.
        limits : ndarray of float64 of shape (n_rows,)
            Weights below which a pair counts.

        Returns
        -------
        targets : ndarray of int64 of shape (n_rows,)
            The lowest of the rows at least weight; -1 if there is none.
        weights : ndarray of float64 of shape (n_rows,)
            Infinite where there is none.
        """
        torch, device = self._torch, self._device
        is_plain = not cores.any()
        labels = torch.tensor(labels.astype(np.int32), device=device)
        cores = torch.tensor(cores, dtype=torch.float64, device=device)
        floors = self._round(cores, -np.inf)
        found_weights, found_targets = [], []
        for block in self._blocks(rows):
            part = torch.tensor(block, device=device)
            bounds = self._bounds(part)
            if not is_plain:
                torch.maximum(bounds, floors, out=bounds)
                torch.maximum(bounds, floors[part, None], out=bounds)
            bounds.masked_fill_(labels[part, None] == labels, np.inf)
            weights, targets = self._least(part, bounds, 1, cores)
            found_weights.append(weights[:, 0].cpu().numpy())
            found_targets.append(targets[:, 0].cpu().numpy())
        weights = np.concatenate(found_weights)
        is_found = weights < limits
        targets = np.where(is_found, np.concatenate(found_targets), -1)
        return targets, np.where(is_found, weights, np.inf)

    def _blocks(self, rows):
        """Cut rows into blocks that depend on their number only."""
        size = max(1, NUMBERS // self.n_samples)
        return [rows[start : start + size] for start in range(0, len(rows), size)]

    def _bounds(self, rows):
        """Return the lower bounds of the squares of some rows against all."""
        torch, d = self._torch, self._n_features
        right = self._right[rows]
        left = torch.cat(
            [-2.0 * right[:, :d], right[:, d + 1 :], right[:, d : d + 1]], 1
        )
        with torch.autocast(self._device, enabled=False):
            return left @ self._right.T

    def _round(self, values, towards):
        """Return float64 values in the precision of the bounds, never rounded back."""
        torch = self._torch
        rounded = values.to(self._right.dtype)
        is_wrong = rounded < values if towards > 0 else rounded > values
        limit = torch.full_like(rounded, towards)
        return torch.where(is_wrong, torch.nextafter(rounded, limit), rounded)

    def _weigh(self, first, second, cores):
        """Return the exact weights of pairs of rows."""
        torch = self._torch
        weights = torch.maximum(cores[first], cores[second])
        step = max(1, NUMBERS // self._n_features)
        for start in range(0, len(first), step):
            part = slice(start, start + step)
            difference = self._X[first[part]].double() - self._X[second[part]].double()
            squares = difference.square_().sum(1)
            torch.maximum(weights[part], squares, out=weights[part])
        return weights

    def _least(self, rows, bounds, k, cores):
        """Return the k least exact weights of rows, (n_rows, k), and whose they are.

        They ascend by (weight, index). Infinite bounds are of pairs that do not count.
        """
        torch = self._torch
        n_candidates = min(self.n_samples, k + MORE)
        least, index = torch.topk(bounds, n_candidates, largest=False)
        index = index.sort(dim=1).values
        weights = self._weigh(
            rows[:, None].expand_as(index).reshape(-1), index.reshape(-1), cores
        ).reshape(index.shape)
        weights[torch.isinf(bounds.gather(1, index))] = np.inf
        weights, order = weights.sort(dim=1, stable=True)
        weights, index = weights[:, :k].contiguous(), index.gather(1, order)[:, :k]
        if n_candidates == self.n_samples:
            return weights, index
        # The bounds beyond the candidates do not tell more than that of the last one.
        last = least[:, -1]
        is_unsure = (last <= weights[:, -1]) & torch.isfinite(last)
        unsure = torch.nonzero(is_unsure)[:, 0]
        index = index.contiguous()
        step = max(1, NUMBERS // (8 * self.n_samples))
        for start in range(0, len(unsure), step):
            part = unsure[start : start + step]
            weights[part], index[part] = self._least_of_many(
                rows[part], bounds[part], k, cores, weights[part, -1]
            )
        return weights, index

    def _least_of_many(self, rows, bounds, k, cores, limits):
        """Return the same from all pairs that may be within a limit for each row."""
        torch = self._torch
        reach = self._round(limits, np.inf)
        place, column = torch.nonzero(bounds <= reach[:, None], as_tuple=True)
        weights = self._weigh(rows[place], column, cores)
        weights, order = weights.sort(stable=True)
        place, column = place[order], column[order]
        place, order = place.sort(stable=True)
        weights, column = weights[order], column[order]
        counts = torch.bincount(place, minlength=len(rows))
        starts = counts.cumsum(0) - counts
        chosen = starts[:, None] + torch.arange(k, device=self._device)
        return weights[chosen], column[chosen]

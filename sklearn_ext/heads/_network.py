"""A linear head or a small perceptron whose parameters are views of one flat tensor.

Gradients are by hand, so a loss is differentiated with respect to its logits only, and
sparse rows need no more. Rows are worked on in blocks whose edges depend on the data
alone, one thread to a block, and added in order: threads never change a bit.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from threading import Lock

import numpy as np
from scipy import sparse

from sklearn_ext._core._arrays import plain_array
from sklearn_ext._core._optional import import_optional
from sklearn_ext._core._sklearn import threadpool_controller

torch = import_optional("torch", extra="torch", purpose="Training a head")

__all__ = ["Network", "Rows", "initial_parameters", "training_settings"]

BLOCK = 1 << 22  # numbers of X that one thread works on at once


class _Threads:
    """One thread for torch and one for BLAS while a fit of the process runs.

    Of fits side by side, the first one in limits BLAS until it ends, for threadpoolctl
    lets nobody else give the threads back; the last one out gives torch its own back.
    """

    def __init__(self):
        self._lock = Lock()
        self._n_fits = 0
        self._n_threads = 1
        self._blas_is_limited = False

    @contextmanager
    def limited(self):
        """Limit both; yields how many threads torch had."""
        blas = None
        with self._lock:
            if not self._n_fits:
                self._n_threads = torch.get_num_threads()
            self._n_fits += 1
            torch.set_num_threads(1)  # OpenMP keeps a number for each thread
            if not self._blas_is_limited:
                blas = threadpool_controller().limit(limits=1, user_api="blas")
                blas.__enter__()
                self._blas_is_limited = True
        try:
            yield self._n_threads
        finally:
            with self._lock:
                self._n_fits -= 1
                if blas is not None:  # before torch: it gives OpenMP back, too
                    blas.__exit__(None, None, None)
                    self._blas_is_limited = False
                torch.set_num_threads(1 if self._n_fits else self._n_threads)


_threads = _Threads()


@contextmanager
def training_settings():
    """Let torch and BLAS use one thread each, and torch differentiate in full.

    Yields how many threads torch had.
    """
    with (
        _threads.limited() as n_threads,
        torch.inference_mode(False),
        torch.enable_grad(),
        torch.autocast("cpu", enabled=False),
        torch.autocast("cuda", enabled=False),
    ):
        yield n_threads


class Rows:
    """Rows of features on a device, in blocks.

    Dense rows become a tensor, without a copy on a CPU. Sparse ones stay in SciPy's
    hands on a CPU and become sparse tensors elsewhere.

    Parameters
    ----------
    X : ndarray or CSR of shape (n, d), float32 or float64
    device : str
    """

    def __init__(self, X, device):
        self.shape = X.shape
        self.device = device
        self._in_scipy = sparse.issparse(X) and device == "cpu"
        if self._in_scipy:
            self._X = X
        elif sparse.issparse(X):
            self._X = self._as_tensor(X, device)
        else:
            self._X = torch.from_numpy(plain_array(X)).to(device)
        self._is_dense = not sparse.issparse(X)

    @staticmethod
    def _as_tensor(X, device):
        X = X.tocoo()
        index = torch.from_numpy(np.stack([X.row, X.col]).astype(np.int64))
        values = torch.from_numpy(plain_array(X.data))
        sparse_tensor = torch.sparse_coo_tensor(
            index, values, X.shape, check_invariants=False
        )
        return sparse_tensor.to(device).coalesce()

    def blocks(self, width):
        """Return slices of rows; `width` is the most numbers per row in any layer."""
        n_rows = self.shape[0]
        step = max(1, BLOCK // max(1, width))
        if self.device != "cpu":  # a GPU spreads one product by itself
            step = n_rows
        return [slice(a, min(a + step, n_rows)) for a in range(0, n_rows, step)]

    def take(self, index):
        """Return the rows at `index`, an int64 tensor on the device, as new `Rows`."""
        part = object.__new__(Rows)
        vars(part).update(vars(self), shape=(len(index), self.shape[1]))
        if self._in_scipy:
            part._X = self._X[index.numpy()]
        else:
            part._X = self._X.index_select(0, index)
        return part

    def _at(self, block):
        whole = block.start == 0 and block.stop == self.shape[0]
        return self._X if whole else self._X[block]

    def times(self, W, block):
        """Return the rows of a block times the transpose of W, (rows, out)."""
        X = self._at(block)
        if self._in_scipy:
            return torch.from_numpy(np.ascontiguousarray(X @ W.numpy().T))
        return X @ W.T if self._is_dense else torch.sparse.mm(X, W.T.contiguous())

    def transposed_times(self, G, block):
        """Return the transpose of G times the rows of a block, (out, d)."""
        X = self._at(block)
        if self._in_scipy:
            return torch.from_numpy(np.ascontiguousarray((X.T @ G.numpy()).T))
        return G.T @ X if self._is_dense else torch.sparse.mm(X.T, G).T


def initial_parameters(sizes, init, random_state, dtype):
    """Return a flat array: zeros, or weights of He's normal distribution."""
    parts = []
    for n_in, n_out in pairwise(sizes):
        weight = np.zeros(n_in * n_out)
        if init == "he":
            weight = random_state.normal(0, np.sqrt(2 / n_in), n_in * n_out)
        parts += [weight, np.zeros(n_out)]
    return np.concatenate(parts).astype(dtype)


class Network:
    """Layers over a flat tensor of parameters; rectified between the layers.

    Parameters
    ----------
    sizes : sequence of int
        Features, units of the hidden layers, outputs.
    parameters : ndarray
        As of `initial_parameters`; copied.
    device : str
    n_threads : int
        Threads that share the blocks.
    """

    def __init__(self, sizes, parameters, device, n_threads):
        self.sizes = tuple(sizes)
        self.parameters = torch.tensor(parameters, device=device)
        self.layers = self._views(self.parameters)
        self._n_threads = n_threads

    def _views(self, flat):
        layers, start = [], 0
        for n_in, n_out in pairwise(self.sizes):
            middle = start + n_in * n_out
            weight = flat[start:middle].view(n_out, n_in)
            layers.append((weight, flat[middle : middle + n_out]))
            start = middle + n_out
        return layers

    def _map(self, function, blocks):
        if len(blocks) == 1 or self._n_threads == 1:
            return [function(i) for i in range(len(blocks))]
        with ThreadPoolExecutor(self._n_threads) as pool:
            return list(pool.map(function, range(len(blocks))))

    def forward(self, rows):
        """Return the logits (n, out) and what `backward` needs."""
        blocks = rows.blocks(max(self.sizes))
        (first, first_bias), *rest = self.layers

        def work(i):
            units = rows.times(first, blocks[i]).add_(first_bias)
            hidden = []
            for weight, bias in rest:
                hidden.append(units.relu_())
                units = torch.addmm(bias, units, weight.T)
            return units, hidden

        done = self._map(work, blocks)
        logits = done[0][0] if len(done) == 1 else torch.cat([z for z, _ in done])
        return logits, [hidden for _, hidden in done]

    def backward(self, rows, hidden, slopes):
        """Return the flat gradient, given those of the logits, (n, out)."""
        blocks = rows.blocks(max(self.sizes))

        def work(i):
            flat = torch.empty_like(self.parameters)
            gradients = self._views(flat)
            slope = slopes[blocks[i]]
            for layer in range(len(self.layers) - 1, -1, -1):
                weight, bias = gradients[layer]
                torch.sum(slope, 0, out=bias)
                if layer == 0:
                    weight.copy_(rows.transposed_times(slope, blocks[i]))
                else:
                    units = hidden[i][layer - 1]
                    torch.mm(slope.T, units, out=weight)
                    slope = (slope @ self.layers[layer][0]).mul_(units > 0)
            return flat

        first, *others = self._map(work, blocks)
        for flat in others:
            first += flat
        return first

    def penalty(self, l2_regularization):
        """Return the penalty of the weights, biases free, and its flat gradient."""
        gradient = torch.zeros_like(self.parameters)
        value = 0.0
        for (weight, _), (slope, _) in zip(
            self.layers, self._views(gradient), strict=True
        ):
            value += l2_regularization * float((weight * weight).sum())
            torch.mul(weight, 2 * l2_regularization, out=slope)
        return value, gradient

    def shift(self, offsets):
        """Add offsets to the biases of the outputs."""
        bias = self.layers[-1][1]
        bias += torch.as_tensor(offsets, dtype=bias.dtype, device=bias.device)

    def arrays(self):
        """Return copies of weights and biases, each a list of ndarray."""
        pairs = [
            (weight.cpu().numpy().copy(), bias.cpu().numpy().copy())
            for weight, bias in self.layers
        ]
        return [w for w, _ in pairs], [b for _, b in pairs]

"""How kernels are compiled, fed and spread over threads.

Kernels are serial and release the GIL; threads come from a pool that lives as long as
one fit. So no threading layer is chosen, a fork after a fit is harmless, and the result
cannot depend on the number of threads: each task owns whole columns.
"""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from typing import Any, TypeVar

import numba
import numpy as np
from joblib import effective_n_jobs

__all__ = ["Workers", "jit"]

Result = TypeVar("Result")


def jit(function: Callable[..., Any]) -> Any:
    """Compile in nopython mode on first call, cached on disk, GIL released."""
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)


class Workers:
    """Threads for kernels, used as a context manager; one job means no threads.

    Parameters
    ----------
    n_jobs : int or None
        As in scikit-learn: None is 1 unless a joblib context says more, -1 is all.
    """

    def __init__(self, n_jobs: int | None) -> None:
        self.n_threads: int = effective_n_jobs(n_jobs)
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> "Workers":
        if self.n_threads > 1:
            self._pool = ThreadPoolExecutor(self.n_threads - 1)
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def map(
        self, function: Callable[..., Result], *tasks: Iterable[Any]
    ) -> list[Result]:
        """Return ``[function(*task) for task in zip(*tasks)]``, perhaps at once."""
        if self._pool is None:
            return list(map(function, *tasks))
        todo = deque(enumerate(zip(*tasks, strict=False)))
        done: dict[int, Result] = {}

        def work() -> None:
            while True:
                try:
                    i, task = todo.popleft()
                except IndexError:
                    return
                done[i] = function(*task)

        # The calling thread works, too: to start a thread takes a while.
        others = [self._pool.submit(work) for _ in range(self.n_threads - 1)]
        try:
            work()
        finally:
            todo.clear()
            wait(others)
        for other in others:
            other.result()
        return [done[i] for i in range(len(done))]

    def slices(self, n_items: int) -> list[slice]:
        """Cut ``range(n_items)`` into one slice per thread."""
        n_slices = max(1, min(self.n_threads, n_items))
        edges = np.linspace(0, n_items, n_slices + 1).astype(int).tolist()
        return [slice(a, b) for a, b in pairwise(edges)]

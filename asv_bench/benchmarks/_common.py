"""Data, clocks and fresh processes for all benchmarks."""

import csv
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import median

import numpy as np

SHARED = Path(
    os.environ.get("SKLEARN_EXT_SHARED", Path(__file__).resolve().parents[3] / "shared")
)
FEW, DISTINCT = "256 values", "distinct"


@dataclass
class Part:
    """Rows of a table in the forms that the implementations want.

    `frame` is what a user has, `matrix` the same as numbers: strings as ordinal codes,
    and NaN for cells of a numerical column that are no number.
    """

    frame: object
    matrix: np.ndarray
    y: np.ndarray
    categorical: list

    def __len__(self):
        return len(self.y)

    def take(self, rows):
        frame = self.frame
        frame = frame.iloc[rows] if hasattr(frame, "iloc") else frame[rows]
        return Part(frame, self.matrix[rows], self.y[rows], self.categorical)


@lru_cache(maxsize=1)
def bench_table(n_samples, values, seed=0):
    """Return the bench data: 20 columns, two rules, one exception, 10 % noise."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, 20), dtype=np.float32)
    if values == FEW:
        step = np.float32(8 / 255)
        np.rint((X + 4) / step, out=X)
        X = np.clip(X, 0, 255, out=X) * step - 4
    x0, x1, x2, x3 = X[:, :4].T
    y = ((x0 > 0.3) & (x1 < 0.5)) | ((x2 > 1.2) & ~(x3 > 0))
    y ^= rng.random(n_samples) < 0.1
    return Part(X, X, y.astype(np.int64), [])


def published_table(name):
    """Return the training and test part of a published table, stratified 80/20.

    NotImplementedError where ../shared does not lie beside the checkout.
    """
    import pandas as pd
    from sklearn.model_selection import train_test_split

    folder = SHARED / "data" / "fold_se"
    if not (folder / "specs.json").is_file():
        raise NotImplementedError("the published tables are not here")
    spec = json.loads((folder / "specs.json").read_text())["binary"][name]
    df = pd.concat(
        [
            pd.read_csv(
                folder / file, dtype=str, keep_default_na=False, quoting=csv.QUOTE_NONE
            )
            for file in spec["files"]
        ],
        ignore_index=True,
    )
    frame = df[spec["str_attrs"] + spec["num_attrs"]]
    y = (df[spec["label"]] == spec["pos_val"]).to_numpy(np.int64)
    matrix = np.column_stack(
        [pd.factorize(frame[c], sort=True)[0] for c in spec["str_attrs"]]
        + [pd.to_numeric(frame[c], errors="coerce") for c in spec["num_attrs"]]
    )
    rows = train_test_split(np.arange(len(y)), test_size=0.2, random_state=0, stratify=y)
    whole = Part(frame, matrix.astype(np.float64), y, spec["str_attrs"])
    return tuple(map(whole.take, rows))


def cpu_seconds(function):
    """Return the CPU time of one call, that of its threads included."""
    start = time.process_time()
    function()
    return time.process_time() - start


def ratio_in_turns(ours, peer, clock=cpu_seconds, budget=3.0):
    """Return the median time of `ours` over that of `peer`, which are called in turns.

    Ours runs before and after each call of the peer. The turns end with the budget, in
    seconds; a peer that needs all of it is called once.
    """
    our_times, peer_times = [], []
    end = time.perf_counter() + budget
    while not peer_times or (time.perf_counter() < end and len(peer_times) < 50):
        our_times.append(clock(ours))
        peer_times.append(clock(peer))
        our_times.append(clock(ours))
    return median(our_times) / median(peer_times)


def run_fresh(code, *arguments, **environment):
    """Run code in a fresh interpreter; return what it prints, as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)

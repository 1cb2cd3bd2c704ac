"""Data, clocks and fresh processes for all benchmarks."""

import csv
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

SHARED = Path(
    os.environ.get("SKLEARN_EXT_SHARED", Path(__file__).resolve().parents[3] / "shared")
)
# The bench data by name: rows, columns, and whether quantised to 256 values.
SMALL = "300 x 10"
FEW, DISTINCT = "1e5 x 20, 256 values", "1e5 x 20, distinct"
LARGE_FEW, LARGE_DISTINCT = "1e6 x 20, 256 values", "1e6 x 20, distinct"
SHAPES = {
    SMALL: (300, 10, False),
    FEW: (100_000, 20, True),
    DISTINCT: (100_000, 20, False),
    LARGE_FEW: (1_000_000, 20, True),
    LARGE_DISTINCT: (1_000_000, 20, False),
}
# A published table, with all cells as text and with numbers and categories.
ADULT, TYPED_ADULT = "adult as text", "adult as numbers and categories"


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


def bench_table(name, seed=0):
    """Return the bench data: two rules, one exception, 10 % noise."""
    n_samples, n_features, quantise = SHAPES[name]
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features), dtype=np.float32)
    if quantise:
        step = np.float32(8 / 255)
        X = np.clip(np.rint((X + 4) / step), 0, 255) * step - 4
    x0, x1, x2, x3 = X[:, :4].T
    y = ((x0 > 0.3) & (x1 < 0.5)) | ((x2 > 1.2) & ~(x3 > 0))
    y ^= rng.random(n_samples) < 0.1
    return Part(X, X, y.astype(np.int64), [])


def _typed(part):
    """Return the part with categories and numbers instead of strings in its frame."""
    frame = part.frame.astype(dict.fromkeys(part.categorical, "category"))
    for j, name in enumerate(frame.columns):
        if name not in part.categorical:
            frame[name] = part.matrix[:, j]
    return Part(frame, part.matrix, part.y, part.categorical)


def load(name):
    """Return a table to train on."""
    if name in SHAPES:
        return bench_table(name)
    train, _ = published_table("adult")
    return train if name == ADULT else _typed(train)


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
    rows = train_test_split(
        np.arange(len(y)), test_size=0.2, random_state=0, stratify=y
    )
    whole = Part(frame, matrix.astype(np.float64), y, spec["str_attrs"])
    return tuple(map(whole.take, rows))


def ratio_in_turns(ours, peer, clock=time.process_time):
    """Return the median time of `ours` over that of `peer`, which are called in turns.

    Ours runs before and after each call of the peer. The turns end after three seconds;
    a peer that needs more is called once.
    """

    def seconds(call):
        start = clock()
        call()
        return clock() - start

    our_times, peer_times = [], []
    end = time.perf_counter() + 3
    while not peer_times or (time.perf_counter() < end and len(peer_times) < 50):
        our_times.append(seconds(ours))
        peer_times.append(seconds(peer))
        our_times.append(seconds(ours))
    return round(median(our_times) / median(peer_times), 4)


def cpu_of_children():
    """Return the CPU time of all finished subprocesses."""
    from resource import RUSAGE_CHILDREN, getrusage

    usage = getrusage(RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


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

"""Tables for the tests of rule learners: the published ones, and small random ones.

Random tables are lists of rows of Python objects: floats, strings, None and NaN.
"""

import csv
import json

import numpy as np
import pandas as pd
from hypothesis import settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

QUICK = settings(derandomize=True, deadline=None, max_examples=200)
NAN = float("nan")
CELLS = {
    "categorical": st.sampled_from(["", "a", "b", "c", "1"]),
    "numerical": st.sampled_from([-1.5, -0.0, 0.0, 0.5, 1.0, 2.0, 7.0]),
    "mixed": st.sampled_from([0.0, 1.5, 3.0, "3", "?", "b", "", None, NAN]),
}


def _read(folder, view, name):
    spec = json.loads((folder / "specs.json").read_text())[view][name]
    parts = [
        pd.read_csv(
            folder / file, dtype=str, keep_default_na=False, quoting=csv.QUOTE_NONE
        )
        for file in spec["files"]
    ]
    return pd.concat(parts, ignore_index=True), spec


def load_binary(folder, name):
    """Return X (all cells str), y (1 = positive) and the spec of a two-class table."""
    df, spec = _read(folder, "binary", name)
    X = df[spec["str_attrs"] + spec["num_attrs"]]
    return X, (df[spec["label"]] == spec["pos_val"]).astype(int), spec


def load_multi(folder, name):
    """Return X (all cells str), y (labels as str) and the spec of a table."""
    df, spec = _read(folder, "multi", name)
    spec["str_attrs"] = [a for a in spec["attrs"] if a not in spec["numeric"]]
    return df[spec["attrs"]], df[spec["label"]], spec


def split(y, seed, stratify=True):
    """Return the row numbers of the 80/20 split that all published numbers use."""
    return train_test_split(
        np.arange(len(y)),
        test_size=0.2,
        random_state=seed,
        stratify=y if stratify else None,
    )


@st.composite
def tables(draw, max_rows=24, n_classes=2):
    """Draw rows, one bool per column (categorical or not) and y; full of ties."""
    kinds = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=4))
    row = st.tuples(*(CELLS[kind] for kind in kinds), st.integers(0, n_classes - 1))
    drawn = draw(st.lists(row, min_size=2, max_size=max_rows))
    rows = [list(cells) for *cells, _ in drawn]
    return rows, [kind == "categorical" for kind in kinds], [r[-1] for r in drawn]


def weights(n, values):
    """Draw n weights, at least one of them positive."""
    return st.lists(st.sampled_from(values), min_size=n, max_size=n).filter(any)


def random_table(seed, n=150, n_classes=2, noise=0.15):
    """Return rows, one bool per column and y, a noisy rule with exceptions.

    The columns: numbers with ties, colours, a mixed one with missing cells, digits as
    tokens, all-distinct numbers, a constant.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n).round(1)
    colour = rng.choice(["red", "green", "blue", ""], n)
    kinds = np.array([0.0, 1.0, 2.5, 4.0, "?", "none", None], dtype=object)
    mixed = rng.choice(kinds, n)
    digit = rng.choice(["1", "2", "3"], n)
    distinct = rng.permutation(n) / 8
    rows = [
        [float(a), str(b), c, str(d), float(e), 3.0]
        for a, b, c, d, e in zip(x, colour, mixed, digit, distinct, strict=True)
    ]
    above = np.array([not isinstance(c, float) or c > 1 for c in mixed])
    label = (x > 0) & (colour != "red") | above & (digit == "2") & (distinct < n / 12)
    y = label.astype(int)
    if n_classes > 2:
        y = y + (n_classes - 2) * ((digit == "3") & (x < 0.5))
    flip = rng.random(n) < noise
    y[flip] = rng.integers(0, n_classes, flip.sum())
    return rows, [False, True, False, True, False, False], y.tolist()

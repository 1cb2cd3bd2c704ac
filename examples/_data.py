"""Tables for the examples: CSV files with missing cells, and the published tables.

The published tables are no part of this project. They are read from the folder beside
the checkout, or from the one that SKLEARN_EXT_SHARED names, where there is one.
"""

import csv
import json
import os
from pathlib import Path

import pandas as pd

MISSING = ["", "?"]


def typed(cells):
    """Turn a column of text into numbers, if all but its missing cells are numbers.

    An empty cell becomes NaN. A "?" stays what it is, a token among numbers.
    """
    numbers = pd.to_numeric(cells, errors="coerce")
    if numbers.isna().all() or not cells[numbers.isna()].isin(MISSING).all():
        return cells.mask(cells == "")
    if (cells == "?").any():
        return numbers.astype(object).mask(cells == "?", "?")
    return numbers


def is_mixed(cells):
    """Tell whether a column holds numbers with text among them."""
    known = cells.dropna()
    is_text = known.map(lambda cell: isinstance(cell, str))
    return known.dtype == object and is_text.any() and not is_text.all()


def without_tokens(X):
    """Make each mixed column numerical, for learners that can't take it as it is."""
    return X.apply(lambda c: pd.to_numeric(c, errors="coerce") if is_mixed(c) else c)


def read_table(path):
    """Read a CSV file: numbers as numbers, text as text, missing cells as they are."""
    text = pd.read_csv(path, dtype=str, keep_default_na=False, skipinitialspace=True)
    return text.apply(typed)


def published(name):
    """Return X and y of a published table, or None where the tables are not."""
    checkout = Path(__file__).resolve().parents[1]
    root = Path(os.environ.get("SKLEARN_EXT_SHARED", checkout.parent / "shared"))
    folder = root / "data" / "fold_se"
    if not folder.is_dir():
        return None
    specs = json.loads((folder / "specs.json").read_text())
    if name in specs["binary"]:
        spec = specs["binary"][name]
        tokens, numbers = spec["str_attrs"], spec["num_attrs"]
    else:
        spec = specs["multi"][name]
        numbers = spec["numeric"]
        tokens = [column for column in spec["attrs"] if column not in numbers]
    text = pd.concat(
        [
            pd.read_csv(
                folder / file, dtype=str, keep_default_na=False, quoting=csv.QUOTE_NONE
            )
            for file in spec["files"]
        ],
        ignore_index=True,
    )
    X = text[tokens + numbers].copy()
    X[numbers] = X[numbers].apply(typed)
    return X, text[spec["label"]].rename("label")

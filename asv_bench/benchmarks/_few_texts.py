"""A few texts of each class of ../shared, and its WordNet.

NotImplementedError where ../shared does not lie beside the checkout.
"""

import csv
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from ._common import SHARED


@cache
def read_sentences(name):
    """Return texts and labels of one of the sentence collections."""
    path = SHARED / "data" / "sentences" / f"{name}.tsv.gz"
    if not path.is_file():
        raise NotImplementedError("the collections of sentences are not here")
    table = pd.read_csv(
        path,
        sep="\t",
        header=None,
        names=["label", "text"],
        quoting=csv.QUOTE_NONE,
        keep_default_na=False,
    )
    return table["text"].to_numpy(object), table["label"].to_numpy()


@cache
def read(name):
    """Return texts and labels to draw from, and 1,000 rows to test on (TREC 500).

    What is drawn from has no empty text, and of equal ones the first.
    """
    if name in ("sst2", "trec"):
        train, test = (read_sentences(f"{name}.{part}") for part in ("train", "test"))
    else:
        train = test = read_sentences(name)
    order = np.random.RandomState(0).permutation(len(test[1]))
    test = test[0][order[:1000]], test[1][order[:1000]]
    if name not in ("sst2", "trec"):
        train = train[0][order[1000:]], train[1][order[1000:]]
    table = pd.DataFrame({"text": train[0], "label": train[1]})
    table = table[table["text"].str.strip() != ""].drop_duplicates("text")
    return table["text"].to_numpy(object), table["label"].to_numpy(), *test


def draw(name, k, seed):
    """Return k texts of each class; fewer are the first ones of more."""
    texts, y, *_ = read(name)
    random = np.random.RandomState(seed)
    rows = [random.permutation(np.flatnonzero(y == c))[:k] for c in np.unique(y)]
    rows = np.concatenate(rows)
    return list(texts[rows]), y[rows]


def give_wordnet():
    """Make a WordNet of the shared tables for this process, unless it has one."""
    if "SKLEARN_EXT_WORDNET" in os.environ:
        return
    path = Path(tempfile.gettempdir()) / "sklearn_ext_study_oewn.npz"
    if not path.is_file():
        module = "sklearn_ext.augmentation.build_wordnet"
        tables = [
            SHARED / "data" / "wordnet" / f"oewn_{table}.tsv.gz"
            for table in ("senses", "synsets")
        ]
        if not tables[0].is_file():
            raise NotImplementedError("the tables of WordNet are not here")
        command = [sys.executable, "-m", module, *map(str, tables), "-o", str(path)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    os.environ["SKLEARN_EXT_WORDNET"] = str(path)

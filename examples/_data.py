"""Data for the examples: CSV files, docstrings of packages, and published data.

The published data are no part of this project. They are read from the folder beside
the checkout, or from the one that SKLEARN_EXT_SHARED names, where there is one.
"""

import ast
import csv
import gzip
import json
import lzma
import os
import re
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import tril
from sklearn.feature_extraction.text import TfidfVectorizer

MISSING = ["", "?"]

SUBPACKAGES = [
    "numpy.ma",
    "pandas.core.groupby",
    "pandas.core.indexes",
    "pandas.io",
    "scipy.interpolate",
    "scipy.linalg",
    "scipy.optimize",
    "scipy.signal",
    "scipy.sparse",
    "scipy.spatial",
    "scipy.stats",
    "sklearn.cluster",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sklearn.preprocessing",
]
SECTION = re.compile(r"^(\S.*)\n-{3,} *$", re.MULTILINE)
NOT_PROSE = ("See Also", "References", "Examples")
SIGNATURE = re.compile(r"\s*([\w*, ]+ : |\w+\(.*\)\s*$)")
DOTTED_NAME = re.compile(r"\S*\w\.\w\S*")  # it would give the subpackage away


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


def published_folder(name):
    """Return the folder of published data, which may not be there."""
    checkout = Path(__file__).resolve().parents[1]
    root = Path(os.environ.get("SKLEARN_EXT_SHARED", checkout.parent / "shared"))
    return root / "data" / name


def published(name):
    """Return X and y of a published table, or None where the tables are not."""
    folder = published_folder("fold_se")
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


def imbalanced(name):
    """Return X and y of a published table with rare classes, or None where it is not.

    The format is that of KEEL. Columns of words become columns of 0 and 1.
    """
    path = published_folder("imbalanced") / f"{name}.dat.gz"
    if not path.is_file():
        return None
    with gzip.open(path, "rt") as file:
        head, _, rows = file.read().partition("@data\n")
    names = re.findall(r"^@attribute (\S+)", head, re.MULTILINE)
    text = pd.read_csv(
        StringIO(rows),
        names=names,
        dtype=str,
        keep_default_na=False,
        skipinitialspace=True,
    )
    y = text.pop(names[-1]).str.strip()
    return pd.get_dummies(text.apply(typed), dtype=float), y


def newsgroups(*groups):
    """Return texts and groups of training and test rows, or None where they are not.

    The texts are without their headers, which tell the group.
    """
    path = published_folder("tsetlin") / "20news_bydate.json.xz"
    if not path.is_file():
        return None
    with lzma.open(path, "rt") as file:
        data = json.load(file)
    parts = []
    for part in (data["train"], data["test"]):
        names = np.array(data["target_names"])[part["y"]]
        chosen = np.flatnonzero(np.isin(names, groups))
        parts += [[part["text"][i].partition("\n\n")[2] for i in chosen], names[chosen]]
    return parts


def prose(docstring):
    """Return what a docstring says in words, without signatures, code and names."""
    first, *others = SECTION.split(docstring)
    sections = zip(others[::2], others[1::2], strict=True)
    bodies = [first, *(body for title, body in sections if title not in NOT_PROSE)]
    lines, is_code = [], False
    for line in "\n".join(bodies).splitlines():
        is_code = line.lstrip().startswith(">>>") or (is_code and line.strip() != "")
        if not (is_code or SIGNATURE.match(line)):
            lines.append(line)
    return " ".join(DOTTED_NAME.sub(" ", " ".join(lines)).split())


def without_near_duplicates(texts):
    """Return the positions of texts that are not much like an earlier one."""
    words = TfidfVectorizer(max_df=0.2, dtype=np.float32).fit_transform(texts)
    is_similar = tril(words @ words.T, k=-1, format="csr") > 0.7
    kept = np.ones(len(texts), dtype=bool)
    for later, earlier in zip(*is_similar.nonzero(), strict=True):
        kept[later] &= not kept[earlier]
    return np.flatnonzero(kept)


def docstrings():
    """Return some 3,000 docstrings of installed packages, and their subpackages.

    They are read from the sources, so that nothing is imported.
    """
    texts, labels = [], []
    for name in SUBPACKAGES:
        package, *path = name.split(".")
        folder = Path(find_spec(package).origin).parent.joinpath(*path)
        for file in sorted(folder.rglob("*.py")):
            if "tests" in file.parts:
                continue
            for node in ast.walk(ast.parse(file.read_bytes())):
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    text = prose(ast.get_docstring(node) or "")
                    if len(text.split()) >= 15:
                        texts.append(text)
                        labels.append(name)
    kept = without_near_duplicates(texts)
    return [texts[i] for i in kept], np.array(labels)[kept]

"""Made tables, and the reader of the published imbalanced ones."""

import gzip

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer

BINARY_SETS = [
    *("haberman", "ecoli3", "ionosphere", "yeast-0-5-6-7-9_vs_4", "abalone9-18"),
    *("pima", "vehicle1", "vehicle3", "vowel0", "yeast1", "yeast3", "yeast4", "yeast6"),
]


def table(n=300, n_features=4, n_classes=2, *, noise=1.5, share=0.8, seed=0):
    """Return standardised features and class codes that overlap; class 0 is large."""
    rng = np.random.default_rng([seed, n, n_features, n_classes])
    rest = (1 - share) / (n_classes - 1)
    codes = rng.choice(n_classes, n, p=[share] + [rest] * (n_classes - 1))
    codes[:n_classes] = np.arange(n_classes)
    centres = rng.normal(size=(n_classes, n_features))
    X = centres[codes] + noise * rng.normal(size=(n, n_features))
    return (X - X.mean(axis=0)) / X.std(axis=0), codes


def read_keel(folder, name):
    """Return features, nominal ones as indicators, and the class of each row."""
    with gzip.open(folder / "imbalanced" / f"{name}.dat.gz", "rt") as file:
        lines = [line.strip() for line in file]
    start = next(i for i, line in enumerate(lines) if line.lower() == "@data")
    rows = [[x.strip() for x in line.split(",")] for line in lines[start + 1 :] if line]
    *features, label = (pd.Series(column) for column in zip(*rows, strict=True))
    numbers = [pd.to_numeric(x, errors="coerce") for x in features]
    numbers = [
        x if number.isna().any() else number
        for x, number in zip(features, numbers, strict=True)
    ]
    return pd.get_dummies(pd.concat(numbers, axis=1)).to_numpy(float), label.to_numpy()


def open_suite(folder):
    """Yield name, features and whether the row is positive, of the 14 binary sets."""
    for name in BINARY_SETS:
        X, label = read_keel(folder, name)
        names, counts = np.unique(label, return_counts=True)
        yield name, X, (label == names[counts.argmin()]).astype(int)
    X, y = load_breast_cancer(return_X_y=True)
    yield "breast cancer", X, 1 - y

"""The tied Gaussian model written down row by row, to compare with."""

import numpy as np
from scipy.special import log_softmax


def make_rows(n=120, d=5, n_classes=3, seed=0, spread=1.0):
    """Rows about class means, with features of unequal scale, and string labels."""
    rng = np.random.default_rng(seed)
    codes = np.concatenate([np.arange(n_classes), rng.integers(0, n_classes, n)])[:n]
    means = spread * rng.normal(size=(n_classes, d))
    scale = np.exp(rng.normal(size=d))
    X = (means[codes] + rng.normal(size=(n, d))) * scale
    return X, np.array(["cat", "dog", "eel", "fox", "gnu"])[codes]


class NaiveModel:
    """Means, variance and scores by their definitions; NaN is not observed."""

    def __init__(self, X, y, weight=None, priors=None, smoothing=1e-9, shrinkage=0.0):
        weight = np.ones(len(y)) if weight is None else np.asarray(weight, float)
        self.classes = np.unique(y)
        d = X.shape[1]
        self.mean = np.zeros((len(self.classes), d))
        self.prior = np.zeros(len(self.classes))
        self.var = np.zeros(d)
        total = np.zeros(d)
        for k, label in enumerate(self.classes):
            self.prior[k] = weight[y == label].sum() / weight.sum()
        for j in range(d):
            seen = ~np.isnan(X[:, j])
            squares = 0.0
            overall = np.average(X[seen, j], weights=weight[seen])
            for k, label in enumerate(self.classes):
                rows = seen & (y == label)
                if not rows.any():
                    self.mean[k, j] = overall
                    continue
                self.mean[k, j] = np.average(X[rows, j], weights=weight[rows])
                squares += weight[rows] @ (X[rows, j] - self.mean[k, j]) ** 2
            self.var[j] = squares / weight[seen].sum()
            total[j] = weight[seen] @ (X[seen, j] - overall) ** 2 / weight[seen].sum()
        if priors is not None:
            self.prior = np.asarray(priors, float)
        self.var = (1 - shrinkage) * self.var + shrinkage * self.var.mean()
        self.var = self.var + smoothing * total.max()

    def joint(self, X):
        """Log prior less half the squared distance over the observed features."""
        scores = np.empty((len(X), len(self.classes)))
        for i, row in enumerate(X):
            seen = ~np.isnan(row)
            for k in range(len(self.classes)):
                away = (row[seen] - self.mean[k, seen]) ** 2 / self.var[seen]
                scores[i, k] = np.log(self.prior[k]) - 0.5 * away.sum()
        return scores

    def log_proba(self, X, temperature=1.0):
        return log_softmax(self.joint(X) / temperature, axis=1)


def held_out_joint(X, y, weight=None, **settings):
    """Scores of each row when only the mean of its own class is refitted without it.

    Returns the scores and which rows are not alone in their class.
    """
    weight = np.ones(len(y)) if weight is None else weight
    full = NaiveModel(X, y, weight, **settings)
    centre = NaiveModel(X, np.zeros(len(y)), weight).mean[0]
    scores = full.joint(X)
    is_used = np.ones(len(y), bool)
    mean = full.mean
    for i, label in enumerate(y):
        k = np.searchsorted(full.classes, label)
        rest = y == label
        rest[i] = False
        if not weight[rest].any():
            is_used[i] = False
            continue
        full.mean = mean.copy()
        for j in range(X.shape[1]):
            rows = rest & ~np.isnan(X[:, j])
            full.mean[k, j] = (
                np.average(X[rows, j], weights=weight[rows])
                if weight[rows].any()
                else centre[j]
            )
        scores[i, k] = full.joint(X[i : i + 1])[0, k]
    full.mean = mean
    return scores, is_used

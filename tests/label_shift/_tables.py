"""Data of several domains, and a discriminator that is told the posteriors."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import train_test_split

from tests.label_shift._naive import draw_prior, draw_rows

MEANS = np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]])
PRIOR = np.array(  # of 3 classes in 5 domains
    [
        [0.90, 0.05, 0.05, 0.75, 0.10],
        [0.05, 0.90, 0.05, 0.20, 0.20],
        [0.05, 0.05, 0.90, 0.05, 0.70],
    ]
)


class StoredPosteriors(ClassifierMixin, BaseEstimator):
    """The features are the posteriors p(d | x) themselves."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.n_features_in_ = X.shape[1]
        return self

    def predict_proba(self, X):
        return np.array(X, dtype=float)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def frozen(ids):
    """A fitted discriminator of the domains `ids` that is told the posteriors."""
    ids = np.asarray(ids)
    return FrozenEstimator(StoredPosteriors().fit(np.eye(len(ids)), ids))


def gaussian(n, prior=PRIOR, seed=0, shares=None):
    """n rows of three Gaussian classes: X, y and domains."""
    rng = np.random.default_rng(seed)
    k, r = prior.shape
    shares = np.full(r, 1 / r) if shares is None else np.asarray(shares)
    sizes = np.round(n * shares / shares.sum()).astype(int)
    domains = np.repeat(np.arange(r), sizes)
    y = np.array([rng.choice(k, p=prior[:, d]) for d in domains])
    X = MEANS[y] + rng.normal(size=(len(y), 2))
    order = rng.permutation(len(y))
    return X[order], y[order], domains[order]


def class_densities(X):
    """p(x | y) up to a factor, (n, 3)."""
    return np.exp(-0.5 * ((X[:, None] - MEANS) ** 2).sum(axis=2))


def exact_posteriors(X, prior=PRIOR):
    """p(d | x) of the Gaussian classes for equally weighted domains."""
    P = class_densities(X) @ prior
    return P / P.sum(axis=1, keepdims=True)


def digits(n_classes=10, labels=None):
    X, y = load_digits(return_X_y=True)
    y = y if labels is None else labels(y)
    return X[y < n_classes] / 16, y[y < n_classes]


def digits_protocol(k, r, alpha, cap, seed, labels=None):
    """Training and test part of the digits under one prior.

    Returns X, y and domains of either part, and the prior.
    """
    X, y = digits(k, labels)
    X, X_test, y, y_test = train_test_split(
        X, y, test_size=0.3, stratify=y, random_state=seed
    )
    rng = np.random.default_rng(100 + seed)
    prior = draw_prior(k, r, alpha, cap, rng)
    rows, domains = draw_rows(y, prior, rng)
    test_rows, test_domains = draw_rows(y_test, prior, rng)
    train = X[rows], y[rows], domains
    return train, (X_test[test_rows], y_test[test_rows], test_domains), prior


def small_digits():
    """Three digits in five domains of about 60 rows."""
    X, y = digits(3)
    rows, domains = draw_rows(y, PRIOR, np.random.default_rng(0))
    return X[rows], y[rows], domains


def unequal(X, y, domains, kept=(1.0, 0.5, 0.8, 0.4, 0.9)):
    """The same rows with some of each domain left out."""
    rng = np.random.default_rng(1)
    stay = rng.random(len(y)) < np.asarray(kept)[domains]
    return X[stay], y[stay], domains[stay]


def rows_of_bins(counts, posteriors):
    """Rows of stored posteriors of which counts[c, d] are in bin c and domain d."""
    X, domains = [], []
    for c, row in enumerate(np.asarray(counts)):
        for d, size in enumerate(row):
            X += [posteriors[c]] * int(size)
            domains += [d] * int(size)
    order = np.random.default_rng(0).permutation(len(X))
    return np.array(X, dtype=float)[order], np.array(domains)[order]

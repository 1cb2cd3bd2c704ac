"""What the numbers are worth: 162 mixtures beside the accuracy of a classifier."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from threadpoolctl import threadpool_limits

from sklearn_ext import ClassSeparability

pytestmark = pytest.mark.slow

N_ROWS = 500
CELLS = [(d, k) for d in (2, 10, 50) for k in (2, 5, 10)]


def mixtures(d, k):
    """Yield 18 tables: k Gaussians ever further apart, of equal and unequal sizes."""
    farthest = 12 if d == 2 else 8
    for seed, sizes in enumerate([np.ones(k), np.linspace(1, 4, k)]):
        rng = np.random.default_rng(seed)
        for separation in np.linspace(0, farthest, 9):
            centres = rng.standard_normal((k, d))
            centres /= np.linalg.norm(centres, axis=1, keepdims=True)
            y = rng.choice(k, N_ROWS, p=sizes / sizes.sum())
            yield separation * centres[y] + rng.standard_normal((N_ROWS, d)), y


@pytest.fixture(scope="module")
def measured():
    """Return accuracies, statistics by name, and "mass" of reachability by cell."""
    result = {}
    with threadpool_limits(1):  # more threads only slow down tables of this size
        for cell in CELLS:
            rows = []
            for X, y in mixtures(*cell):
                classifier = LogisticRegression(max_iter=1000)
                row = dict(ClassSeparability().fit(X).statistics_)
                row["reachability"] = ClassSeparability(min_samples=6).fit(X).score_
                row["accuracy"] = cross_val_score(classifier, X, y, cv=3).mean()
                rows.append(row)
            result[cell] = {name: [row[name] for row in rows] for name in rows[0]}
    return result


def in_cells(measured, name):
    """Return the rank correlation of a statistic with the accuracy in each cell."""
    return np.array(
        [spearmanr(of[name], of["accuracy"]).statistic for of in measured.values()]
    )


def pooled(measured, name):
    """Return the rank correlation over all cells at once."""
    values, accuracies = (
        np.concatenate([of[key] for of in measured.values()])
        for key in (name, "accuracy")
    )
    return spearmanr(values, accuracies).statistic


def test_mass_follows_the_accuracy_in_each_cell(measured):
    mass, mean = in_cells(measured, "mass"), in_cells(measured, "mean")
    assert mass.shape == (9,)
    assert mass.min() >= 0.75
    assert mass.mean() >= 0.88
    assert mass.mean() >= mean.mean() + 0.3
    assert in_cells(measured, "reachability").mean() >= 0.88
    for name in ("median", "entropy", "gini", "cv", "kurtosis"):
        assert in_cells(measured, name).mean() < 0.6, name


def test_no_number_compares_dimensions_and_numbers_of_classes(measured):
    """Within a cell only: over all tables the shape of the bars says nothing."""
    for name in ("mean", "median", "entropy", "gini", "cv", "kurtosis"):
        assert abs(pooled(measured, name)) <= 0.15, name
    assert pooled(measured, "mass") <= 0.4
    assert pooled(measured, "mass_max") <= 0.6

"""The temperature of the probabilities, by cross-validation of the mean distance."""

import warnings

import numpy as np
from sklearn.utils.parallel import Parallel, delayed

from sklearn_ext._core._sklearn import check_method_params, clone, safe_indexing

from ._probabilities import base_probabilities
from ._rule import apply_rule

__all__ = ["best_temperature", "temperature_scores"]

GRID = np.logspace(-1, 1, 13)


def _held_out(estimator, X, y, train, test, params):
    """Return the classes of a fold's classifier and its probabilities of the others."""
    model = clone(estimator).fit(
        safe_indexing(X, train),
        safe_indexing(y, train),
        **check_method_params(X, params, indices=train),
    )
    return model.classes_, base_probabilities(model, safe_indexing(X, test))


def temperature_scores(
    estimator,
    X,
    y,
    splits,
    *,
    space,
    rule,
    observed,
    allowed,
    power,
    params,
    weight,
    n_jobs,
    **settings,
):
    """Return the mean of the powers of the distances for each temperature of `GRID`.

    The rule is that of all rows; classes that a fold lacks have no mass there. `weight`
    holds the weights of the rows or is None, `params` go to the classifier's `fit`.
    """
    folds = Parallel(n_jobs=n_jobs)(
        delayed(_held_out)(estimator, X, y, train, test, params)
        for train, test in splits
    )
    truth = space.encode(y, "y")
    tests = np.concatenate([test for _, test in splits])
    guesses = []
    for temperature in GRID:
        for classes, scores in folds:
            P = np.zeros((len(scores), len(observed)))
            P[:, np.searchsorted(observed, space.encode(classes, "classes"))] = scores
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # of rows without mass
                parts = apply_rule(
                    rule, P, temperature=temperature, n_jobs=n_jobs, **settings
                )
            guesses += [allowed[best] for best in parts]
    guesses = np.concatenate(guesses)
    costs = space.pair_distances(np.tile(truth[tests], len(GRID)), guesses) ** power
    shares = None if weight is None else weight[tests]
    return np.average(costs.reshape(len(GRID), -1), axis=1, weights=shares)


def best_temperature(scores):
    """Return the temperature with the least score; of equal ones the nearest to 1."""
    order = np.lexsort((GRID, np.abs(np.log(GRID)).round(9)))
    return float(GRID[order[np.argmin(scores[order])]])

"""Scores of cheap classifiers by the number of labels, and where one overtakes another.

The comparison is that of "Revisiting Discriminative vs. Generative Classifiers"
(arXiv 2302.02334), on any data and with any classifiers.
"""

import time
import warnings
from itertools import permutations
from numbers import Integral

import numpy as np
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.parallel import Parallel, delayed

from sklearn_ext._core._sklearn import (
    check_classification_targets,
    check_consistent_length,
    check_target,
    clone,
    safe_indexing,
)

from ._crossing import find_crossing, recommend
from ._naive_bayes_probe import NaiveBayesProbe
from ._subsets import check_train_sizes, nested_order

__all__ = ["probe_learning_curve"]

SAMPLINGS = ("random", "stratified")
# Said of small subsets of many classes; that y holds classes was checked on all rows.
FEW_ROWS_PER_CLASS = "The number of unique classes is greater than 50%"


def _default_estimators():
    """Return the two classifiers that the paper compares."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler

    regression = make_pipeline(MinMaxScaler(), LogisticRegression(max_iter=1000))
    return {"nb": NaiveBayesProbe(), "lr": regression}


def _check_arguments(estimators, X_test, y_test, n_repeats, scoring, sampling):
    """Raise on arguments of a wrong kind or value."""
    if not isinstance(estimators, dict) or not estimators:
        raise TypeError(
            f"estimators has to be a dict of at least one name and classifier, got "
            f"{estimators!r}."
        )
    if (X_test is None) != (y_test is None):
        given, missing = ("X_test", "y_test")[:: 1 if y_test is None else -1]
        raise ValueError(
            f"{given} is given without {missing}. Give both, or neither to hold out "
            f"test_size of the rows."
        )
    is_count = isinstance(n_repeats, Integral) and not isinstance(n_repeats, bool)
    if not is_count or n_repeats < 1:
        raise ValueError(f"n_repeats={n_repeats!r} has to be an int of at least 1.")
    if isinstance(scoring, list | tuple | set | dict):
        raise TypeError(
            f"scoring={scoring!r} has to be one scorer: its name, a callable or None."
        )
    if sampling not in SAMPLINGS:
        raise ValueError(
            f"sampling={sampling!r} is not known. Use one of {', '.join(SAMPLINGS)}."
        )


def _check_labels(y):
    """Return y as a 1-D array and the class of each row as a number."""
    y = check_target(y)
    check_classification_targets(y)
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y has {len(classes)} class, and a classifier needs two at least."
        )
    return y, codes


def _check_test_labels(y_test, y):
    """Return y_test as a 1-D array; ValueError for a label that is not in y."""
    try:
        y_test = check_target(y_test)
        unknown = np.setdiff1d(y_test, y)
    except (TypeError, ValueError) as error:
        raise ValueError(f"y_test must hold labels as y does: {error}") from error
    if len(unknown):
        raise ValueError(
            f"y_test holds the label {unknown.tolist()[0]!r}, which is not in y, so no "
            f"estimator could predict it."
        )
    return y_test


def _hold_out(X, y, codes, test_size, random_state):
    """Split rows into a pool to train on and test rows, both with all classes."""
    from sklearn.model_selection import train_test_split

    pool, test = train_test_split(
        np.arange(len(y)),
        test_size=test_size,
        stratify=codes,
        random_state=random_state.randint(np.iinfo(np.int32).max),
    )
    return (
        (safe_indexing(X, pool), y[pool]),
        (safe_indexing(X, test), y[test]),
    )


def _adds_up(estimator):
    """Tell whether partial fits of a model give the scores of a fresh fit.

    What a probe estimates by leaving rows out depends on how the rows came in.
    """
    return (
        type(estimator) is NaiveBayesProbe
        and estimator.temperature != "loo"
        and estimator.shrinkage != "auto"
    )


def _score_sizes(estimator, scorer, sizes, order, X, y, X_test, y_test):
    """Return test score, fit time and leave-one-out score at each training size.

    One model is fitted further from size to size if there are several sizes.
    """
    model, start, fit_time, rows_of_results = clone(estimator), 0, 0.0, []
    for size in sizes:
        rows = order[start:size]
        X_part, y_part = safe_indexing(X, rows), y[rows]
        classes = None if start else np.unique(y)
        begin = time.perf_counter()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", FEW_ROWS_PER_CLASS)
            if len(sizes) == 1:
                model.fit(X_part, y_part)
            else:
                model.partial_fit(X_part, y_part, classes=classes)
        fit_time += time.perf_counter() - begin
        loo_score = getattr(model, "loo_score_", np.nan)
        rows_of_results.append((scorer(model, X_test, y_test), fit_time, loo_score))
        start = size
    return rows_of_results


def _run(estimators, scorers, train_sizes, orders, data, n_jobs):
    """Fit and score all; return by name an array (3, n_sizes, n_repeats) of results."""
    everything = np.arange(len(train_sizes))
    tasks = [
        (name, repeat, part)
        for repeat in range(len(orders))
        for name, estimator in estimators.items()
        for part in ([everything] if _adds_up(estimator) else everything[:, np.newaxis])
    ]
    parts = Parallel(n_jobs=n_jobs)(
        delayed(_score_sizes)(
            estimators[name], scorers[name], train_sizes[part], orders[repeat], *data
        )
        for name, repeat, part in tasks
    )
    results = {
        name: np.empty((3, len(train_sizes), len(orders))) for name in estimators
    }
    for (name, repeat, part), values in zip(tasks, parts, strict=True):
        results[name][:, part, repeat] = np.transpose(values)
    return results


def _tidy(train_sizes, test_scores, fit_times):
    """Return scores and times as a table of one row per fitted model."""
    import pandas as pd

    n_sizes, n_repeats = next(iter(test_scores.values())).shape
    names = np.array(list(test_scores), dtype=object)
    return pd.DataFrame(
        {
            "estimator": np.repeat(names, n_sizes * n_repeats),
            "train_size": np.tile(np.repeat(train_sizes, n_repeats), len(names)),
            "repeat": np.tile(np.arange(n_repeats), len(names) * n_sizes),
            "score": np.concatenate([test_scores[name].ravel() for name in names]),
            "fit_time": np.concatenate([fit_times[name].ravel() for name in names]),
        }
    )


def probe_learning_curve(
    X,
    y,
    *,
    estimators=None,
    train_sizes="auto",
    X_test=None,
    y_test=None,
    test_size=0.25,
    n_repeats=5,
    scoring="accuracy",
    sampling="random",
    random_state=None,
    n_jobs=None,
):
    """Score classifiers by the number of labels, and find where they cross.

    Naive Bayes needs few labels to come near the best that it can do, logistic
    regression needs more and ends higher [1]_. This tells how many labels it takes on
    your data until one should be changed for the other.

    In each repeat the rows are shuffled once and the subsets are the first rows of that
    order: they are nested, the same for all classifiers, and each has a row of every
    class.

    Parameters
    ----------
    X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features), or list
        The rows, in any form that the classifiers take; texts for pipelines that start
        with a vectorizer.

    y : array-like of shape (n_samples,)
        The classes.

    estimators : dict of str to classifier, default=None
        The classifiers by name. None compares "nb", a :class:`NaiveBayesProbe`, with
        "lr", a :class:`~sklearn.linear_model.LogisticRegression` behind a
        :class:`~sklearn.preprocessing.MinMaxScaler`. Scalers belong into a pipeline
        with the classifier, so that they see no more labels than it does.

    train_sizes : "auto" or sequence of int or float, default="auto"
        Increasing training sizes: ints are numbers of rows, floats in (0, 1] are shares
        of the rows that are not held out. "auto" makes eight sizes from the number of
        classes, or 20 if that is more, to all rows, evenly spaced on a log scale.

    X_test : same kind as X, default=None
        Rows to score on. None holds out `test_size` of X, stratified, once.

    y_test : array-like of shape (n_test_samples,), default=None
        Their classes.

    test_size : float or int, default=0.25
        Share or number of rows that are held out without a test set.

    n_repeats : int, default=5
        How often all is done, each time with the rows in another order.

    scoring : str, callable or None, default="accuracy"
        A scorer, greater is better. None is the classifier's own ``score``.

    sampling : {"random", "stratified"}, default="random"
        "random" shuffles the rows, as the paper does. "stratified" keeps the shares of
        the classes in each subset.

    random_state : int, RandomState instance or None, default=None
        Draws held-out rows, orders and intervals. It does not reach the classifiers:
        those that draw random numbers need a `random_state` of their own.

    n_jobs : int, default=None
        Number of fits at the same time. None is 1, or that of a
        :func:`joblib.parallel_config`. It never changes the scores, but fits that share
        processors take longer, and so do their `fit_times`.

    Returns
    -------
    result : :class:`~sklearn.utils.Bunch`
        With these attributes, where s is the number of sizes:

        train_sizes : ndarray of shape (s,)
            Numbers of rows.
        test_scores : dict of str to ndarray of shape (s, n_repeats)
            Scores of each classifier.
        fit_times : dict of str to ndarray of shape (s, n_repeats)
            Seconds of each fit. A naive Bayes probe that is fitted further from size to
            size has the sum of its passes so far.
        loo_scores : dict of str to ndarray of shape (s, n_repeats)
            ``loo_score_`` of each :class:`NaiveBayesProbe` that estimates something by
            leaving rows out.
        crossings : dict of (str, str) to Bunch or None
            For each ordered pair of names: the `size` from which on the second one is
            at least as good as the first one, which is better at the training size
            before, and `low` and `high`, the ends of an interval. None if there is no
            such size.
        recommended : ndarray of shape (s,)
            Name of the classifier with the best mean score, the first one on ties.
        n_repaired : int
            Rows exchanged, over all repeats, to have every class in the smallest
            subset.
        scoring : str, callable or None
            As given.
        frame : DataFrame
            Columns `estimator`, `train_size`, `repeat`, `score` and `fit_time`.

    Raises
    ------
    TypeError
        If `estimators` is no dict, or one of them is no estimator.
    ValueError
        If a training size is smaller than the number of classes, larger than what there
        is, or not larger than the one before, if y has one class, if only one of
        `X_test` and `y_test` is given, or if another argument has an unknown value.

    See Also
    --------
    ProbeLearningCurveDisplay : Draws the curves and the crossings.
    NaiveBayesProbe : The classifier that is good with few labels.
    sklearn.model_selection.learning_curve : One estimator, by cross-validation.

    Notes
    -----
    A random order is drawn up to 100 times until the smallest subset has every class,
    as in [1]_. If none has, the first row of each missing class is exchanged with the
    last row in the subset of the class that has most rows there. With 77 classes and
    231 rows this is always so, and with "stratified" it is the only means.

    A crossing is interpolated linearly in the logarithm of the size, between the mean
    differences at two sizes. Its interval holds the middle 95 % of the crossings of
    1,000 bootstrap resamples of the repeats; a resample without one counts as infinity,
    so `high` may be infinite. The repeats share the test rows: the interval is about
    the choice of the training rows, not about another test set. With one repeat it is a
    point.

    A :class:`NaiveBayesProbe` with fixed temperature and shrinkage goes over the rows
    of a repeat once: each size is a ``partial_fit`` of the rows that are new in it, and
    the scores are those of fresh fits. All others are cloned and fitted at each size,
    also probes inside a pipeline, whose earlier steps depend on the subset.

    References
    ----------
    .. [1] "Revisiting Discriminative vs. Generative Classifiers: Theory and
       Implications", `arXiv 2302.02334 <https://arxiv.org/abs/2302.02334>`__.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_ext import probe_learning_curve
    >>> X, y = load_digits(return_X_y=True)
    >>> result = probe_learning_curve(
    ...     X, y, train_sizes=[20, 100, 500], n_repeats=2, random_state=0
    ... )
    >>> result.recommended.tolist()
    ['lr', 'lr', 'lr']
    >>> print(result.crossings["nb", "lr"])  # logistic regression is always ahead
    None
    >>> {name: scores.shape for name, scores in result.test_scores.items()}
    {'nb': (3, 2), 'lr': (3, 2)}
    """
    from sklearn.metrics import check_scoring

    estimators = _default_estimators() if estimators is None else estimators
    _check_arguments(estimators, X_test, y_test, n_repeats, scoring, sampling)
    scorers = {
        name: check_scoring(estimator, scoring=scoring)
        for name, estimator in estimators.items()
    }
    check_consistent_length(X, y)
    y, codes = _check_labels(y)
    random_state = check_random_state(random_state)
    if X_test is None:
        (X, y), (X_test, y_test) = _hold_out(X, y, codes, test_size, random_state)
        codes = np.unique(y, return_inverse=True)[1]
    else:
        check_consistent_length(X_test, y_test)
        y_test = _check_test_labels(y_test, y)
    n_classes = int(codes.max()) + 1
    train_sizes = check_train_sizes(train_sizes, len(y), n_classes)

    orders, n_repaired = [], 0
    for _ in range(n_repeats):
        order, n_exchanged = nested_order(
            codes, n_classes, train_sizes[0], sampling, random_state
        )
        orders.append(order)
        n_repaired += n_exchanged

    results = _run(
        estimators, scorers, train_sizes, orders, (X, y, X_test, y_test), n_jobs
    )
    test_scores = {name: scores for name, (scores, _, _) in results.items()}
    fit_times = {name: times for name, (_, times, _) in results.items()}
    loo_scores = {
        name: loo for name, (_, _, loo) in results.items() if not np.isnan(loo).all()
    }
    seed = random_state.randint(np.iinfo(np.int32).max)
    crossings = {
        (a, b): find_crossing(
            train_sizes, test_scores[a], test_scores[b], check_random_state(seed)
        )
        for a, b in permutations(estimators, 2)
    }
    return Bunch(
        train_sizes=train_sizes,
        test_scores=test_scores,
        fit_times=fit_times,
        loo_scores=loo_scores,
        crossings=crossings,
        recommended=recommend(test_scores),
        n_repaired=n_repaired,
        scoring=scoring,
        frame=_tidy(train_sizes, test_scores, fit_times),
    )

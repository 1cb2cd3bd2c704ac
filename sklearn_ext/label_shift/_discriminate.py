"""Discriminate: p(domain | x) of each row, by a model that has not seen the row."""

import os
from contextlib import nullcontext
from numbers import Integral

import numpy as np
from sklearn.utils.parallel import Parallel, delayed

from sklearn_ext._core._sklearn import clone, safe_indexing, threadpool_controller

__all__ = [
    "check_classes",
    "check_discriminator",
    "column_order",
    "default_discriminator",
    "domain_folds",
    "is_frozen",
    "one_blas_thread",
    "out_of_fold",
    "posteriors_of",
    "uniform_posteriors",
]


def default_discriminator(is_sparse):
    """Return the discriminator that None stands for, for dense or sparse X."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(
        StandardScaler(with_mean=not is_sparse),
        LogisticRegression(C=0.1, max_iter=500),
    )


def is_frozen(discriminator):
    """Tell whether a discriminator is fitted already, and shall stay as it is."""
    from sklearn.frozen import FrozenEstimator

    return isinstance(discriminator, FrozenEstimator)


def check_discriminator(discriminator):
    """Raise TypeError for a discriminator that is a class or has no probabilities."""
    if isinstance(discriminator, type):
        raise TypeError(
            f"discriminator must be an instance, got the class "
            f"{discriminator.__name__}. Pass {discriminator.__name__}()."
        )
    if not hasattr(discriminator, "predict_proba"):
        raise TypeError(
            f"discriminator={discriminator!r} has no predict_proba; its class is "
            f"{type(discriminator).__name__}. Wrap it into CalibratedClassifierCV, or "
            f"use a classifier that gives probabilities."
        )


def column_order(frozen, ids):
    """Return the column of each domain in what a fitted discriminator gives."""
    classes = getattr(frozen, "classes_", ids)
    place = {label: column for column, label in enumerate(np.asarray(classes).tolist())}
    ids = ids.tolist()
    if place.keys() != set(ids):
        raise ValueError(
            f"discriminator is a FrozenEstimator of other domains than those of the "
            f"rows: {sorted(place.keys() - set(ids), key=str)} only in its classes_, "
            f"{sorted(set(ids) - place.keys(), key=str)} only in the rows. Freeze a "
            f"discriminator of the same domains, or pass an unfitted one."
        )
    return np.array([place[label] for label in ids])


def check_classes(fitted, n_domains):
    """Raise ValueError if a fitted discriminator knows other classes than positions."""
    classes = np.asarray(getattr(fitted, "classes_", np.arange(n_domains)))
    if not np.array_equal(classes, np.arange(n_domains)):
        raise ValueError(
            f"discriminator was fitted to the {n_domains} positions of the domains, "
            f"but its classes_ are {classes.tolist()[:10]}. A frozen estimator must be "
            f"outermost: FrozenEstimator(fitted pipeline or calibrated classifier)."
        )


def posteriors_of(discriminator, X, n_domains):
    """Return the checked p(d | x) that a fitted discriminator gives, float64."""
    posteriors = np.asarray(discriminator.predict_proba(X), dtype=np.float64)
    if posteriors.ndim != 2 or posteriors.shape[1] != n_domains:
        raise ValueError(
            f"{type(discriminator).__name__}.predict_proba gives an array of shape "
            f"{posteriors.shape}, but there are {n_domains} domains, which need a "
            f"column each."
        )
    if not np.isfinite(posteriors).all():
        raise ValueError(
            f"{type(discriminator).__name__}.predict_proba gives NaN or infinity. "
            f"Scale the features, or use another discriminator."
        )
    return posteriors


def uniform_posteriors(posteriors, share):
    """Return p(d | x) for equally frequent domains, given that for their shares."""
    posteriors = posteriors / share
    total = posteriors.sum(axis=1, keepdims=True)
    np.divide(posteriors, total, out=posteriors, where=total > 0)
    posteriors[total[:, 0] <= 0] = 1 / len(share)
    return posteriors


def domain_folds(cv, codes, ids, random_state):
    """Return the folds as pairs of positions; each has every domain to learn from.

    Raises ValueError if a domain has too few rows, or the folds are no partition.
    """
    from sklearn.model_selection import StratifiedKFold, check_cv

    sizes = np.bincount(codes)
    if isinstance(cv, Integral):
        smallest = int(np.argmin(sizes))
        if sizes[smallest] < cv:
            raise ValueError(
                f"Domain {ids.tolist()[smallest]!r} has {sizes[smallest]} rows, too "
                f"few for cv={cv} folds, each of which needs one. Use fewer folds, "
                f"leave the domain out or join it to another one. The domain ids must "
                f"be few, each for many rows: class labels, say, and no measurements."
            )
        splitter = StratifiedKFold(cv, shuffle=True, random_state=random_state)
    else:
        splitter = check_cv(cv, codes, classifier=True)
    rows = np.zeros(len(codes))  # splitters look at no more than their number
    folds = list(splitter.split(rows, codes))
    held_out = np.concatenate([[], *(test for _, test in folds)])
    if not np.array_equal(np.sort(held_out), np.arange(len(codes))):
        raise ValueError(
            f"cv={cv!r} must hold out each of the {len(codes)} rows exactly once, so "
            f"that each has one posterior. Use StratifiedKFold."
        )
    for train, _ in folds:
        absent = np.flatnonzero(np.bincount(codes[train], minlength=len(ids)) == 0)
        if len(absent):
            raise ValueError(
                f"A fold of cv={cv!r} has no row of domain "
                f"{ids.tolist()[absent[0]]!r} to learn from. Use fewer folds, or "
                f"StratifiedKFold(shuffle=True), which spreads the domains."
            )
    return folds


def one_blas_thread():
    """Return a context in which BLAS has one thread.

    Bits of matrix products depend on the number of threads, which joblib lowers in its
    workers: so that n_jobs changes nothing, it is one with and without them.
    """
    return threadpool_controller().limit(limits=1, user_api="blas")


def _fold_posteriors(discriminator, X, codes, train, test, owner):
    """Fit to some rows and return the posteriors of others, for domains of one size."""
    is_worker = os.getpid() != owner  # which does not see the limit of the process
    with one_blas_thread() if is_worker else nullcontext():
        fitted = clone(discriminator).fit(safe_indexing(X, train), codes[train])
        check_classes(fitted, int(codes.max()) + 1)
        X_test = safe_indexing(X, test)
        n_domains = int(codes.max()) + 1
        posteriors = posteriors_of(fitted, X_test, n_domains)
        share = np.bincount(codes[train], minlength=n_domains) / len(train)
        return uniform_posteriors(posteriors, share)


def out_of_fold(discriminator, X, codes, folds, n_jobs):
    """Yield the held-out rows of each fold and their posteriors, as they come.

    Call it and take all with `one_blas_thread`: threads of one process cannot each have
    a limit of their own.
    """
    from joblib.parallel import get_active_backend

    backend, _ = get_active_backend()
    has_generators = backend.supports_return_generator
    parts = Parallel(
        n_jobs=n_jobs, return_as="generator" if has_generators else "list"
    )(
        delayed(_fold_posteriors)(discriminator, X, codes, train, test, os.getpid())
        for train, test in folds
    )
    for (_, test), part in zip(folds, parts, strict=True):
        yield test, part

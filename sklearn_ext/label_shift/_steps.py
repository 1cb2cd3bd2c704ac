"""The steps of a fit, in their order: discriminate, discretise, factorise, adjust."""

from contextlib import contextmanager

import numpy as np
from scipy import sparse
from sklearn.utils import indexable

from sklearn_ext._core._callbacks import FitSteps
from sklearn_ext._core._sklearn import clone, num_samples

from ._adjust import domains_given_classes
from ._diagnose import log_loss, tells_apart
from ._discriminate import (
    check_classes,
    check_discriminator,
    column_order,
    default_discriminator,
    domain_folds,
    is_frozen,
    one_blas_thread,
    out_of_fold,
)
from ._domains import check_n_domains, code_domains, row_weights
from ._factorize import (
    bin_means,
    count_bins,
    discretize,
    factorize_anchor,
    factorize_nmf,
)

__all__ = ["fit_in_steps"]

# Log-losses that differ by less than this share do so by rounding.
SAME = 1e-9


def _check_n_bins(model, n_samples):
    """Return the number of bins; ValueError if it does not suit classes and rows."""
    if model.n_bins is None:
        per_class = 2 if model.factorization == "anchor" else 1
        return min(per_class * model.n_classes, n_samples)
    if not model.n_classes <= model.n_bins <= n_samples:
        raise ValueError(
            f"n_bins={model.n_bins} must be at least n_classes={model.n_classes}, as "
            f"each class needs a bin, and at most the number of rows, {n_samples}."
        )
    return model.n_bins


def _choose_discriminator(model, rows):
    """Return the discriminator to fit; TypeError if it has no probabilities."""
    if model.discriminator is None:
        return default_discriminator(sparse.issparse(rows))
    check_discriminator(model.discriminator)
    return model.discriminator


def _fit_discriminator(model, discriminator, rows, codes):
    """Fit the discriminator to all rows, or take over a frozen one."""
    if is_frozen(discriminator):
        model._columns_ = column_order(discriminator, model.domains_)
        model.discriminator_ = discriminator
    else:
        model._columns_ = np.arange(len(model.domains_))
        model.discriminator_ = clone(discriminator).fit(rows, codes)
        check_classes(model.discriminator_, len(model.domains_))
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(model.discriminator_, name):
            setattr(model, name, getattr(model.discriminator_, name))


def _factorize(model, posteriors, bins, codes, n_bins):
    """Learn p(y | d) from the bins; return the classes that explain no rows."""
    p_bin_given_d = count_bins(bins, codes, n_bins, len(model.domains_))
    if model.factorization == "anchor":
        factors = factorize_anchor(
            p_bin_given_d,
            bin_means(posteriors, bins, n_bins),
            p_bin_given_d.mean(axis=1),
            model.n_classes,
            model.min_bin_fraction,
        )
        model.anchor_bins_ = factors.anchors
    else:
        factors = factorize_nmf(
            p_bin_given_d, model.n_classes, model.n_init, model.random_state
        )
    model.classes_ = np.arange(model.n_classes)
    model.p_y_given_d_ = factors.p_y_given_d
    model.p_d_given_y_ = domains_given_classes(factors.p_y_given_d)
    model.p_bin_given_y_ = factors.p_bin_given_y
    model.singular_values_ = np.linalg.svd(p_bin_given_d, compute_uv=False)
    residual = p_bin_given_d - factors.p_bin_given_y @ factors.p_y_given_d
    model.reconstruction_err_ = float(np.linalg.norm(residual))
    return factors.empty


@contextmanager
def _reported(steps):
    """Report a step to the callbacks, without a model: there is none before the end."""
    steps.begin()
    yield
    steps.end(lambda: None)


def fit_in_steps(model, X, y, domains):
    """Set the fitted attributes; return what is in doubt, as `doubts` takes it.

    Callbacks get a step for each fold, one for the discriminator of all rows and one
    for each of the others; as y they get the domain ids.
    """
    (rows,) = indexable(X)
    n_samples = num_samples(rows)
    ids, codes = code_domains(domains, y, n_samples, type(model).__name__)
    check_n_domains(model.n_classes, ids, n_samples)
    n_bins = _check_n_bins(model, n_samples)
    discriminator = _choose_discriminator(model, rows)
    folds = []
    if model.cv is not None and not is_frozen(discriminator):
        folds = domain_folds(model.cv, codes, ids, model.random_state)
    for name in [name for name in vars(model) if name.endswith("_")]:
        delattr(model, name)
    sizes = np.bincount(codes)
    model.domains_, model._share_ = ids, sizes / n_samples

    ids_given = y if domains is None else domains
    steps = FitSteps(model, len(folds) + 4, "step", X=X, y=ids_given)
    posteriors = np.empty((n_samples, len(ids)))
    with one_blas_thread():
        parts = out_of_fold(discriminator, rows, codes, folds, model.n_jobs)
        for _ in folds:
            with _reported(steps):
                held_out, part = next(parts)
                posteriors[held_out] = part
    with _reported(steps):
        _fit_discriminator(model, discriminator, rows, codes)
        if not folds:
            posteriors = model._posteriors(rows)
    weights = row_weights(codes)
    loss, error = log_loss(posteriors, codes, weights)
    model.discriminator_log_loss_ = loss
    guessing = np.log(len(ids))
    is_better = bool(loss < guessing - max(2 * error, SAME * guessing))
    # A loss above that of guessing may be that of a discriminator too sure of itself.
    is_rash = bool(loss > guessing) and tells_apart(posteriors, codes, weights)
    model.shift_detected_ = is_better or is_rash
    with _reported(steps):
        bins, model.bin_centers_ = discretize(
            posteriors, n_bins, model.n_init, model.random_state
        )
    with _reported(steps):
        empty = _factorize(model, posteriors, bins, codes, n_bins)
    with _reported(steps):
        class_posteriors, model.n_iter_ = model._adjust(posteriors)
        scores = model._in_domains(class_posteriors, codes)
        model.labels_ = scores.argmax(axis=1)
    steps.finish()
    return sizes.min(), empty, is_rash

"""Discretise and factorise: class frequencies of the domains from counts of bins."""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

__all__ = [
    "Factors",
    "anchor_rows",
    "bin_means",
    "class_masses",
    "count_bins",
    "discretize",
    "factorize_anchor",
    "factorize_nmf",
]

# Share of the largest class mass that a class without any is given.
FLOOR = 1e-6


@dataclass(frozen=True)
class Factors:
    """Factors of p(bin | d) over the classes.

    Parameters
    ----------
    p_y_given_d : ndarray of shape (k, r)
    p_bin_given_y : ndarray of shape (m, k)
    empty : ndarray of int
        Classes that got no mass of their own.
    anchors : ndarray of int of shape (k,), or None
    """

    p_y_given_d: np.ndarray
    p_bin_given_y: np.ndarray
    empty: np.ndarray
    anchors: np.ndarray | None = None


def discretize(posteriors, n_bins, n_init, random_state):
    """Return the bin of each row, (n,), and the bin centres, (m, r)."""
    from sklearn.cluster import KMeans

    model = KMeans(n_bins, n_init=n_init, random_state=random_state)
    with warnings.catch_warnings():
        # fewer different posteriors than bins: the bins left over stay empty
        warnings.filterwarnings(
            "ignore", "Number of distinct clusters", ConvergenceWarning
        )
        model.fit(posteriors)
    return model.labels_.astype(np.int64), model.cluster_centers_


def count_bins(bins, codes, n_bins, n_domains):
    """Return p(bin | d), (m, r): the share of each bin in the rows of each domain."""
    flat = np.bincount(bins * n_domains + codes, minlength=n_bins * n_domains)
    counts = flat.reshape(n_bins, n_domains)
    return counts / counts.sum(axis=0)


def bin_means(posteriors, bins, n_bins):
    """Return the mean posterior of each bin, (m, r); 0 for an empty bin."""
    sums = [
        np.bincount(bins, weights=column, minlength=n_bins) for column in posteriors.T
    ]
    sizes = np.bincount(bins, minlength=n_bins)
    return np.stack(sums, axis=1) / np.maximum(sizes, 1)[:, np.newaxis]


def anchor_rows(means, sizes, n_classes, min_bin_fraction):
    """Return the bins of the purest posteriors, by successive projection.

    Bins smaller than `min_bin_fraction` of the mean size are no candidates; while too
    few are left, the fraction is halved. Sizes are shares for which domains weigh the
    same. Raises ValueError if too few bins have rows.
    """
    n_filled = np.count_nonzero(sizes)
    if n_filled < n_classes:
        raise ValueError(
            f"factorization='anchor' needs a bin with rows for each of the "
            f"n_classes={n_classes} classes, but the discriminator gives only "
            f"{n_filled} different posteriors. Use a discriminator that tells the "
            f"domains apart, or fewer classes."
        )
    fraction, mean_size = min_bin_fraction, sizes.sum() / len(sizes)
    while np.count_nonzero(is_candidate := sizes >= fraction * mean_size) < n_classes:
        fraction /= 2
    is_candidate &= sizes > 0
    left, anchors = means.copy(), []
    for _ in range(n_classes):
        norms = np.where(is_candidate, np.einsum("ij,ij->i", left, left), -1)
        best = int(np.argmax(norms))
        anchors.append(best)
        is_candidate[best] = False
        if norms[best] > 0:
            direction = left[best] / np.sqrt(norms[best])
            left -= np.outer(left @ direction, direction)
    return np.array(anchors)


def class_masses(p_bin_given_d, p_d_given_y):
    """Return the class masses (k,), summed over what the bins are made of.

    Each bin is a mixture of the classes, by non-negative least squares. That the
    domains are equally frequent determines the masses, too, but by few equations in
    which noise can make a class vanish; here a class has at least its own anchor bin.
    """
    rows = _columns_to_one(p_bin_given_d.T).T
    shares = _columns_to_one(np.array([nnls(p_d_given_y, row)[0] for row in rows]).T)
    return shares @ p_bin_given_d.mean(axis=1)


def _columns_to_one(matrix):
    """Divide columns by their sums; a zero column becomes uniform."""
    total = matrix.sum(axis=0)
    return np.where(total > 0, matrix, 1) / np.where(total > 0, total, len(matrix))


def factorize_anchor(p_bin_given_d, means, sizes, n_classes, min_bin_fraction):
    """Factorise by bins that hold one class only.

    Parameters
    ----------
    p_bin_given_d : ndarray of shape (m, r)
    means : ndarray of shape (m, r)
        Mean posteriors, which choose the anchor bins.
    sizes : ndarray of shape (m,)
        Shares of the rows in the bins, domains equally weighted.
    n_classes : int
    min_bin_fraction : float
    """
    anchors = anchor_rows(means, sizes, n_classes, min_bin_fraction)
    # hard counts: the mean posteriors of a discriminator that is smooth are biased
    p_d_given_y = _columns_to_one(p_bin_given_d[anchors].T)
    mass = class_masses(p_bin_given_d, p_d_given_y)
    empty = np.flatnonzero(mass < FLOOR * mass.max())
    mass[empty] = FLOOR * mass.max()
    p_y_given_d = _columns_to_one((p_d_given_y * mass).T)
    rows = [nnls(p_y_given_d.T, row)[0] for row in p_bin_given_d]
    return Factors(p_y_given_d, _columns_to_one(np.array(rows)), empty, anchors)


def factorize_nmf(p_bin_given_d, n_classes, n_init, random_state):
    """Factorise by the best of some non-negative factorisations from random starts."""
    from sklearn.decomposition import NMF

    random_state, best = check_random_state(random_state), None
    for _ in range(n_init):
        seed = random_state.randint(np.iinfo(np.int32).max)
        model = NMF(n_classes, init="random", random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            weights = np.asarray(model.fit_transform(p_bin_given_d.T)).T
        if best is None or model.reconstruction_err_ < best[0]:
            best = model.reconstruction_err_, weights, model.components_.T
    _, weights, components = best
    weights = weights * components.sum(axis=0)[:, np.newaxis]
    mass = weights.sum(axis=1)
    empty = np.flatnonzero(mass < FLOOR * mass.max())
    weights[empty] = FLOOR * mass.max() / weights.shape[1]
    return Factors(_columns_to_one(weights), _columns_to_one(components), empty)

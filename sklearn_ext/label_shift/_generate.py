"""Label shift made from labelled rows."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state, column_or_1d

from sklearn_ext._core._encoding import encode_labels
from sklearn_ext._core._sklearn import (
    IntegralNotBool,
    Interval,
    check_classification_targets,
    check_consistent_length,
    safe_indexing,
    validate_params,
)

__all__ = ["draw_class_prior", "make_latent_label_shift"]

MAX_TRIES = 10_000
# Frequencies below it become 0.
NEGLIGIBLE = 1e-7
# A count that rounding has put just below an integer is that integer.
ROUNDING = 1e-9


def draw_class_prior(n_classes, n_domains, alpha, max_condition_number, rng):
    """Draw class frequencies, (k, r), of full rank and bounded condition number."""
    for _ in range(MAX_TRIES):
        prior = rng.dirichlet(np.full(n_classes, alpha / n_classes), n_domains).T
        prior[prior < NEGLIGIBLE] = 0
        prior /= prior.sum(axis=0)
        if not np.isfinite(prior).all():  # a tiny alpha underflows
            continue
        has_rank = np.linalg.matrix_rank(prior) == min(n_classes, n_domains)
        bound = np.inf if max_condition_number is None else max_condition_number
        if has_rank and np.linalg.cond(prior) <= bound:
            return prior
    raise ValueError(
        f"Each of {MAX_TRIES} random priors of {n_classes} classes in {n_domains} "
        f"domains with alpha={alpha} exceeds max_condition_number="
        f"{max_condition_number}, or lacks rank. Raise the bound, lower alpha, or use "
        f"more domains."
    )


def _check_class_prior(class_prior, n_classes, n_domains):
    """Return given class frequencies as float64, their columns summing to 1."""
    prior = np.asarray(class_prior, dtype=np.float64)
    expected = n_classes, prior.shape[-1] if n_domains is None else n_domains
    if prior.ndim != 2 or prior.shape != expected or prior.size == 0:
        raise ValueError(
            f"class_prior has shape {prior.shape}, but y has {n_classes} classes"
            + ("" if n_domains is None else f" and n_domains={n_domains}")
            + "; it must have a row per class and a column per domain."
        )
    if not (prior >= 0).all() or not np.allclose(prior.sum(axis=0), 1):
        raise ValueError(
            "class_prior must not be negative, and each of its columns must sum to 1; "
            f"they sum to {prior.sum(axis=0).tolist()}."
        )
    return prior


@validate_params(
    {
        "n_domains": [IntegralNotBool(Integral, 1, None, closed="left"), None],
        "alpha": [Interval(Real, 0, None, closed="neither")],
        "max_condition_number": [Interval(Real, 1, None, closed="left"), None],
        "class_prior": ["array-like", None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_latent_label_shift(
    X,
    y,
    *,
    n_domains=None,
    alpha=1.0,
    max_condition_number=None,
    class_prior=None,
    random_state=None,
):
    """Spread labelled rows over domains that differ in their class frequencies only.

    The class frequencies of each domain are drawn from a Dirichlet distribution, and
    the domains are filled with rows without replacement, all with about the same number
    [1]_. To try :class:`LatentLabelShift` where the truth is known.

    Parameters
    ----------
    X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features), or list
        Rows of any kind.

    y : array-like of shape (n_samples,)
        Their classes.

    n_domains : int, default=None
        Number of domains. None is that of `class_prior`, else the number of classes.

    alpha : float, default=1.0
        Concentration: the Dirichlet distribution has alpha / n_classes for each class.
        Small values give domains of few classes, large ones domains that are alike.

    max_condition_number : float, default=None
        Frequencies whose matrix has a larger condition number are drawn again. The
        harder it is to recover them, the larger it is.

    class_prior : array-like of shape (n_classes, n_domains), default=None
        Class frequencies to use, such as those returned before: for test rows from the
        same domains.

    random_state : int, RandomState instance or None, default=None
        Draws frequencies and rows.

    Returns
    -------
    X : same kind as X
        The rows that were used, in random order.

    y : ndarray of shape (n_used,)
        Their classes.

    domains : ndarray of int64 of shape (n_used,)
        Their domains, 0 to n_domains - 1.

    class_prior : ndarray of float64 of shape (n_classes, n_domains)
        Class frequencies of the domains, the classes in sorted order. Those of the rows
        differ a little, since rows come whole.

    Raises
    ------
    ValueError
        If no frequencies were found below the bound in 10,000 draws, a domain would get
        no row, `class_prior` does not suit y or n_domains, or y holds no classes.

    See Also
    --------
    LatentLabelShift : Finds classes and frequencies again.

    Notes
    -----
    With the mean frequency f of each class over the domains and s the least of the
    number of its rows over f, a domain gets ``floor(class_prior / n_domains * s)`` rows
    of each class. O(n_samples) time.

    References
    ----------
    .. [1] "Unsupervised Learning under Latent Label Shift",
       `arXiv 2207.13179 <https://arxiv.org/abs/2207.13179>`__.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_ext import make_latent_label_shift
    >>> X, y = load_iris(return_X_y=True)
    >>> X, y, domains, class_prior = make_latent_label_shift(
    ...     X, y, n_domains=4, random_state=0
    ... )
    >>> class_prior.shape
    (3, 4)
    >>> np.bincount(domains)
    array([33, 33, 34, 33])
    """
    check_consistent_length(X, y)
    labels = column_or_1d(y)
    if labels.dtype.kind == "f":
        check_classification_targets(labels)
    classes, codes = encode_labels(labels)
    rng = check_random_state(random_state)
    if class_prior is None:
        n_domains = len(classes) if n_domains is None else n_domains
        prior = draw_class_prior(
            len(classes), n_domains, alpha, max_condition_number, rng
        )
    else:
        prior = _check_class_prior(class_prior, len(classes), n_domains)
    n_domains = prior.shape[1]
    frequency = prior.mean(axis=1)
    occurs = frequency > 0
    scale = (np.bincount(codes)[occurs] / frequency[occurs]).min()
    counts = np.floor(prior / n_domains * scale + ROUNDING).astype(int)
    sizes = counts.sum(axis=0)
    if not sizes.all():
        raise ValueError(
            f"Domain {int(np.argmin(sizes))} of {n_domains} would get no row: "
            f"{len(codes)} rows are too few. Use fewer domains, or more rows of the "
            f"rarest class."
        )
    rows, domains = [], []
    for code, of_domain in enumerate(counts):
        shuffled = rng.permutation(np.flatnonzero(codes == code))
        rows.append(shuffled[: of_domain.sum()])
        domains.append(np.repeat(np.arange(n_domains), of_domain))
    order = rng.permutation(sizes.sum())
    rows = np.concatenate(rows)[order]
    domains = np.concatenate(domains)[order].astype(np.int64)
    return safe_indexing(X, rows), labels[rows], domains, prior

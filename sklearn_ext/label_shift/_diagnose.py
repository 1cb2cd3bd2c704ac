"""What is in doubt after a fit, because the domains do not support it."""

import numpy as np

__all__ = ["doubts", "log_loss", "tells_apart"]

SMALLEST = np.finfo(np.float64).eps


def log_loss(posteriors, codes, weights):
    """Return the mean log-loss of the domains and its standard error."""
    true = posteriors[np.arange(len(codes)), codes]
    loss = -np.log(np.maximum(true, SMALLEST))
    mean = float(weights @ loss)
    return mean, float(np.sqrt((weights**2) @ (loss - mean) ** 2))


def tells_apart(posteriors, codes, weights):
    """Tell whether the posteriors of the true domains are surely above chance.

    Without any shift their mean is 1 / n_domains, however over-confident they are,
    while their log-loss can be anything above that of guessing.
    """
    true = posteriors[np.arange(len(codes)), codes]
    mean = weights @ true
    error = np.sqrt((weights**2) @ (true - mean) ** 2)
    return bool(mean > 1 / posteriors.shape[1] + max(3 * error, 1e-9))


def doubts(model, smallest, empty, is_rash):
    """Return what to warn of after a fit, a list of str.

    Parameters
    ----------
    model : fitted LatentLabelShift
    smallest : int
        Rows of the smallest domain.
    empty : ndarray of int
        Classes without a mass of their own.
    is_rash : bool
        Whether the discriminator tells the domains apart with a log-loss above that of
        guessing.
    """
    found = []
    if not model.shift_detected_:
        found.append(
            f"Weak label shift: the discriminator does not tell the domains apart; its "
            f"log-loss is {model.discriminator_log_loss_:.3f}, not surely better than "
            f"the {np.log(len(model.domains_)):.3f} of guessing, so the classes may be "
            f"chance. Use domains that differ more, or a better discriminator."
        )
    elif is_rash:
        found.append(
            f"The discriminator is over-confident: it tells the domains apart, but its "
            f"log-loss is {model.discriminator_log_loss_:.3f}, above the "
            f"{np.log(len(model.domains_)):.3f} of guessing. Regularise it, or wrap it "
            f"in CalibratedClassifierCV."
        )
    k, threshold = model.n_classes, smallest**-0.5
    # of fewer bins or domains than classes there is no such value
    if len(model.singular_values_) < k or model.singular_values_[k - 1] < threshold:
        values = ", ".join(f"{value:.3f}" for value in model.singular_values_)
        found.append(
            f"Weak label shift: the domains do not support n_classes={k} classes. The "
            f"singular values of p(bin | domain) are {values}; number {k} is below "
            f"{threshold:.3f}, what chance gives. Use fewer classes, or larger domains "
            f"that differ more."
        )
    if len(empty):
        found.append(
            f"Weak label shift: class {', '.join(map(str, empty))} got a mass of 0 and "
            f"explains no rows. Use fewer classes, or other n_bins."
        )
    return found

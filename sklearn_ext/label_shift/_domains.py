"""Domain ids of rows: read, coded, looked up, and their errors."""

import numpy as np
import pandas as pd
from sklearn.utils import column_or_1d

from sklearn_ext._core._encoding import encode_labels

__all__ = ["check_n_domains", "code_domains", "look_up", "row_weights"]


def _read(domains, y, n_samples, purpose):
    """Return the ids as an array (n,) and the name of the argument they came in."""
    if domains is None and y is None:
        raise ValueError(
            f"{purpose} requires y to be passed, but the target y is None, and so is "
            f"domains: give the domain of each row as domains, or as y."
        )
    name = "y" if domains is None else "domains"
    ids = column_or_1d(y if domains is None else domains, input_name=name)
    if len(ids) != n_samples:
        raise ValueError(
            f"{name} has {len(ids)} entries, but X has {n_samples} rows: {name} must "
            f"hold the domain of each row."
        )
    missing = np.flatnonzero(pd.isna(ids))
    if len(missing):
        raise ValueError(
            f"{name} has a missing value (NaN or None), first at index {missing[0]}. "
            f"Leave out rows of unknown domain, or give them a domain of their own."
        )
    return ids, name


def code_domains(domains, y, n_samples, purpose):
    """Return the sorted domain ids and the domain of each row as a position in them."""
    ids, name = _read(domains, y, n_samples, purpose)
    try:
        return encode_labels(ids)
    except TypeError as error:
        raise ValueError(
            f"{name} holds ids that cannot be put in order, such as both numbers and "
            f"strings: {error}. Use strings everywhere, or numbers everywhere."
        ) from error


def check_n_domains(n_classes, ids, n_samples):
    """Raise ValueError if there are fewer domains than classes."""
    if len(ids) < n_classes:
        s = "" if len(ids) == 1 else "s"
        raise ValueError(
            f"n_classes={n_classes} needs at least n_classes domains, but the "
            f"n_samples={n_samples} rows come from {len(ids)} domain{s}: "
            f"{ids.tolist()[:10]}. Classes can only be told apart by what differs "
            f"between domains: split the rows into more, or use fewer classes."
        )


def look_up(known, domains, y, n_samples, purpose):
    """Return the domain of each row as a position in `known`; each must be there."""
    ids, codes = code_domains(domains, y, n_samples, purpose)
    if ids.dtype.kind == known.dtype.kind == "M":
        ids = ids.astype(known.dtype)  # of dates in other units lists do not compare
    place = {label: position for position, label in enumerate(known.tolist())}
    unknown = [label for label in ids.tolist() if label not in place]
    if unknown:
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        raise ValueError(
            f"{purpose} was given domains that were not in fit: {unknown[:5]}{more}. "
            f"For a new domain estimate its class frequencies by adapt(X), and pass "
            f"them as class_prior to predict or predict_proba."
        )
    return np.array([place[label] for label in ids.tolist()], np.intp)[codes]


def row_weights(codes):
    """Return weights of rows that sum to 1, the same for each domain that has rows."""
    sizes = np.bincount(codes)
    return 1 / (np.count_nonzero(sizes) * sizes[codes])

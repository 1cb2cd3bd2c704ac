"""Labels of a model that may grow: codes of y, unions of classes, and their errors."""

import numpy as np

from sklearn_ext._core._encoding import encode_labels
from sklearn_ext._core._sklearn import check_classification_targets

__all__ = [
    "check_n_classes",
    "code_labels",
    "grown_classes",
    "positions",
    "union",
]


def _is_text(labels):
    """Tell strings from numbers; arrays of objects are what their entries are."""
    if labels.dtype == object:
        return len(labels) > 0 and isinstance(labels[0], str)
    return labels.dtype.kind in "UST"


def code_labels(y):
    """Return the sorted classes of y and the code of each row, by hashing.

    Raises ValueError if y is not a classification target or has a missing label.
    """
    try:
        classes, codes = encode_labels(y)
    except TypeError:  # labels that cannot be sorted or hashed
        check_classification_targets(y)
        raise
    if classes.dtype.kind not in "biuU":  # those are always labels
        # Twice each class: the check sorts what it gets, and warns where nearly every
        # row has a class of its own.
        check_classification_targets(np.concatenate([classes, classes]))
    return classes, codes


def check_n_classes(classes):
    """Refuse fewer than two classes."""
    if len(classes) < 2:
        raise ValueError(
            f"NaiveBayesProbe needs at least 2 classes, but the data has "
            f"{len(classes)} class: {classes.tolist()}."
        )


def _check_same_kind(known, labels):
    """Refuse numbers where the model has strings, and the other way round."""
    if len(known) and len(labels) and _is_text(known) != _is_text(labels):
        raise ValueError(
            f"The labels {labels[:3].tolist()} are of another kind than the classes "
            f"{known[:3].tolist()}; use strings everywhere or numbers everywhere."
        )


def union(known, labels):
    """Return the sorted union of two sets of labels of one kind."""
    _check_same_kind(known, labels)
    return encode_labels(np.concatenate([known, labels]))[0]


def positions(classes, labels):
    """Return where each of the sorted `labels` stands in the sorted `classes`.

    Labels that are no class get -1.
    """
    _check_same_kind(classes, labels)
    if not len(classes):
        return np.full(len(labels), -1, np.intp)
    found = np.searchsorted(classes, labels)
    found = np.minimum(found, len(classes) - 1)
    return np.where(classes[found] == labels, found, -1)


def grown_classes(known, labels, named, new_classes):
    """Return the classes after a batch, as `partial_fit` promises.

    Parameters
    ----------
    known : ndarray or None
        The classes before; None at the first call.
    labels : ndarray
        Labels of the batch, sorted.
    named : array-like or None
        The argument `classes`.
    new_classes : {"error", "add"}
    """
    if named is not None:
        named = np.asarray(named)
        if named.ndim != 1:
            raise ValueError(
                f"classes must be a list or 1-D array of labels, got {named!r}."
            )
        named = encode_labels(named)[0]
    if new_classes == "add":
        for more in (named, labels):
            if more is not None:
                known = more if known is None else union(known, more)
        return known
    if known is None:
        if named is None:
            raise ValueError(
                "The first call of partial_fit needs classes, the list of all labels "
                "that will come. With new_classes='add' labels may come at any time."
            )
        known = named
    elif named is not None and not np.array_equal(known, named):
        raise ValueError(
            f"classes={named.tolist()} is not the same as in the first call, "
            f"{known.tolist()}. With new_classes='add' classes may be added."
        )
    unknown = labels[positions(known, labels) < 0].tolist()
    if len(unknown):
        raise ValueError(
            f"y holds the label {unknown[0]!r}, which is not one of the classes "
            f"{known.tolist()}. Use new_classes='add' to accept new labels."
        )
    return known

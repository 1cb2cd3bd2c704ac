"""Labels as arrays of one kind: numbers or text."""

import numbers

import numpy as np
import pandas as pd

__all__ = [
    "columns_of",
    "encode",
    "joined",
    "label_array",
    "shown",
    "sorted_labels",
]

SHOWN = 5


def shown(values):
    """Return the first of an array of labels as text for a message."""
    text = ", ".join(repr(value) for value in values[:SHOWN].tolist())
    return text + (", ..." if len(values) > SHOWN else "")


def label_array(values, name):
    """Return labels as a 1-D array of numbers or text; errors call them `name`.

    Text in an array of objects stays there, so that no long label is cut.
    """
    is_sequence = hasattr(values, "__len__") or hasattr(values, "__array__")
    if isinstance(values, str | bytes | set | frozenset) or not is_sequence:
        raise TypeError(
            f"{name} must be a sequence of labels, such as a list or an array, got "
            f"{values!r}."
        )
    if not hasattr(values, "__array__"):
        given = list(values)
        if all(isinstance(value, str) for value in given):
            values = np.array(given, dtype=str)
        else:  # of which numpy would make text if the kinds are mixed
            values = np.empty(len(given), dtype=object)
            values[:] = given
    values = np.asarray(values)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ValueError(f"{name} must be 1-D, got an array of shape {values.shape}.")
    if values.dtype == object:
        values = _of_one_kind(values, name)
    if values.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {name} holds complex numbers.")
    if values.dtype.kind not in "biufUO":
        raise ValueError(
            f"{name} must be numbers or text, got an array of dtype {values.dtype}."
        )
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        place = np.argmin(np.isfinite(values))
        raise ValueError(
            f"{name} holds {values[place]} at index {place}. Labels must be finite; "
            "drop the rows without one."
        )
    return values


def _of_one_kind(values, name):
    """Return objects that are all text as they are, numbers as an array of numbers."""
    if all(isinstance(value, str) for value in values):
        return values
    is_missing = pd.isna(values)
    if is_missing.any():
        place = np.argmax(is_missing)
        raise ValueError(
            f"{name} holds {values[place]} at index {place}. Drop the rows without a "
            "label."
        )
    if all(isinstance(value, bool | np.bool_) for value in values):
        return values.astype(bool)
    is_bool = any(isinstance(value, bool | np.bool_) for value in values)
    if not is_bool and all(isinstance(value, numbers.Integral) for value in values):
        return values.astype(np.int64)
    if not is_bool and all(isinstance(value, numbers.Real) for value in values):
        return values.astype(np.float64)
    kinds = sorted({type(value).__name__ for value in values})
    raise ValueError(
        f"{name} must be all numbers or all text, got values of the types "
        f"{', '.join(kinds)}. Make them of one type, such as str."
    )


def joined(arrays):
    """Return arrays of labels as one; those of another kind than the first are left."""
    is_text = [labels.dtype.kind in "UO" for labels in arrays]
    same = [a for a, text in zip(arrays, is_text, strict=True) if text == is_text[0]]
    return np.concatenate(same)


def columns_of(table, name):
    """Return the columns of a 2-D table or of a sequence of rows, each a sequence."""
    if hasattr(table, "iloc"):
        return [table.iloc[:, j] for j in range(table.shape[1])]
    if hasattr(table, "get_columns"):
        return table.get_columns()
    if hasattr(table, "__array__"):
        table = np.asarray(table)
        if table.ndim != 2:
            raise ValueError(f"{name} must be 2-D, got an array of {table.ndim} dims.")
        return list(table.T)
    rows = list(table)
    for place, row in enumerate(rows):
        if isinstance(row, str | bytes) or not hasattr(row, "__len__"):
            raise TypeError(
                f"{name} must hold rows, such as tuples, got {row!r} in row {place}."
            )
    sizes = {len(row) for row in rows}
    if len(sizes) > 1:
        size = len(rows[0])
        place = next(i for i, row in enumerate(rows) if len(row) != size)
        raise ValueError(
            f"{name} must have as many entries in each row, got {size} in the first "
            f"and {len(rows[place])} in row {place}."
        )
    return [list(column) for column in zip(*rows, strict=True)]


def sorted_labels(values, name):
    """Return distinct labels in order, and where each stood; ValueError if repeated."""
    values = label_array(values, name)
    labels, places, counts = np.unique(values, return_index=True, return_counts=True)
    if len(labels) < len(values):
        raise ValueError(
            f"{name} must be distinct, got {shown(labels[counts > 1])} more than once."
        )
    return labels, places


def encode(labels, values, name):
    """Return the place of each value in sorted labels; ValueError if it has none."""
    values = label_array(values, name)
    if not len(values):
        return np.zeros(0, np.int64)
    if (values.dtype.kind in "UO") != (labels.dtype.kind in "UO"):
        kinds = ["text" if each.dtype.kind in "UO" else "numbers"
                 for each in (values, labels)]  # fmt: skip
        raise ValueError(
            f"{name} holds {kinds[0]}, such as {shown(values[:1])}, but the "
            f"labels of the label space are {kinds[1]}, such as "
            f"{shown(labels[:1])}."
        )
    codes = np.minimum(np.searchsorted(labels, values), len(labels) - 1)
    unknown = labels[codes] != values
    if unknown.any():
        raise ValueError(
            f"{name} holds labels outside the label space: "
            f"{shown(np.unique(values[unknown]))}. Add them to it."
        )
    return codes.astype(np.int64)

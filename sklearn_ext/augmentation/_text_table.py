"""Texts in whatever holds them, and new rows in the same kind of container."""

import numpy as np
import pandas as pd
from scipy import sparse

from sklearn_ext._core._sklearn import safe_indexing
from sklearn_ext._core._text import check_documents

__all__ = ["TextTable", "take_rows"]


class TextTable:
    """Rows of which one column is text.

    Parameters
    ----------
    X : list, tuple, 1-D array, Series or frame
        The rows; pandas or polars.
    text_column : str, int or None
        The column of a frame; None takes its only column of str.
    """

    def __init__(self, X, text_column=None):
        if sparse.issparse(X) or (
            isinstance(X, np.ndarray) and X.ndim > 1 and X.dtype.kind in "biufc"
        ):
            raise TypeError(
                f"texts expected, one str for each row of X, got a "
                f"{'sparse matrix' if sparse.issparse(X) else 'numeric array'} of "
                f"shape {X.shape}. Augment texts before they are vectorised."
            )
        self.column = None  # the name of the text column of a frame
        if is_frame(X):
            self.column = found_column(X, text_column)
        elif text_column is not None:
            raise ValueError(
                f"text_column={text_column!r} was given, but X has no columns: it is a "
                f"{type(X).__name__}. Set text_column=None."
            )
        self.texts = check_documents(X if self.column is None else X[self.column])
        # A copy: what the caller does to X later must not change new rows.
        self.X = take_rows(X, np.arange(len(self.texts)))
        for i, text in enumerate(self.texts):
            if not text.strip():
                raise ValueError(
                    f"X[{i}] is an empty text, {text!r}: it has no tree, so nothing "
                    f"can be made of it. Leave such rows out."
                )

    def with_texts(self, rows, texts):
        """Return these rows, with other texts, as a container like X."""
        taken = take_rows(self.X, rows)
        if self.column is None:
            return filled(taken, texts)
        column = filled(taken[self.column], texts)
        if hasattr(taken, "with_columns"):
            return taken.with_columns(column)
        taken[self.column] = column
        return taken


def is_frame(X):
    """Whether X is a data frame of pandas or polars."""
    return hasattr(X, "columns") and len(getattr(X, "shape", ())) == 2


def found_column(frame, text_column):
    """Return the name of the text column, or raise."""
    names = list(frame.columns)
    if text_column is None:
        texts = names if len(names) == 1 else [n for n in names if is_text(frame[n])]
        if len(texts) == 1:
            return texts[0]
        raise ValueError(
            f"X has {len(texts)} text columns, {texts!r}, among its columns {names!r}: "
            f"name the one to augment by text_column."
        )
    if text_column in names:
        return text_column
    if isinstance(text_column, int) and 0 <= text_column < len(names):
        return names[text_column]
    raise ValueError(
        f"text_column={text_column!r} is none of the columns of X: {names!r}."
    )


def is_text(column):
    """Whether a column holds str, and not categories."""
    if isinstance(column, pd.Series):
        return pd.api.types.is_string_dtype(column) and not isinstance(
            column.dtype, pd.CategoricalDtype
        )
    return str(column.dtype) == "String"


def take_rows(container, rows):
    """Return some rows of a container, numbered anew."""
    taken = safe_indexing(container, rows)
    if isinstance(container, tuple):
        return tuple(taken)
    if isinstance(taken, pd.Series | pd.DataFrame):
        return taken.reset_index(drop=True)
    return taken


def filled(container, texts):
    """Return texts in a container like the given one."""
    if isinstance(container, list | tuple):
        return type(container)(texts)
    if isinstance(container, np.ndarray):
        # Arrays of str have a fixed width, and new texts may be longer.
        return np.array(texts, dtype=object if container.dtype == object else None)
    if isinstance(container, pd.Series):
        dtype = container.dtype
        if isinstance(dtype, pd.CategoricalDtype):
            dtype = dtype.categories.dtype
        return pd.Series(texts, dtype=dtype, name=container.name)
    if isinstance(container, pd.Index):
        return type(container)(texts, name=container.name)
    return type(container)(container.name, texts)  # polars

"""Documents as every text estimator takes them: a list of str, whatever holds them."""

from typing import Any

__all__ = ["check_documents"]


def _one_column(X: Any, name: str) -> Any:
    """Return a container with one entry per document, or raise."""
    if isinstance(X, str | bytes):
        raise ValueError(
            f"Iterable over raw text documents expected, {type(X).__name__} object "
            f"received as {name}. Put a single document into a list: [text]."
        )
    if isinstance(X, list | tuple):
        return X
    shape = getattr(X, "shape", None)
    if shape is None or not hasattr(X, "__len__"):
        raise ValueError(
            f"{name} must be a list, tuple, array, Series or frame of one column that "
            f"holds one text per row, got {type(X).__name__}."
        )
    if hasattr(X, "columns") and len(shape) == 2 and shape[1] == 1:
        return X[X.columns[0]]  # the column of a frame, whatever library it is of
    if len(shape) != 1:
        raise ValueError(
            f"Expected 1D array, got {name} of shape {tuple(shape)} instead: one text "
            f"per row. Take one column, or {name}.ravel()."
        )
    return X


def check_documents(X: Any, *, name: str = "X") -> list[str]:
    """Return documents as a list of str.

    Parameters
    ----------
    X : list, tuple, 1-D array, Series, Index or frame of one column, of str
        One document per entry; it may be empty, or white space alone.
    name : str, default="X"
        What the error messages call it.

    Returns
    -------
    documents : list of str
        Always a new list.

    Raises
    ------
    ValueError
        For a str, for no document, for more than one dimension, and for an entry that
        is no str: None, NaN and bytes are none.
    """
    column = _one_column(X, name)
    to_list = getattr(column, "to_list", getattr(column, "tolist", None))
    entries = list(column) if to_list is None else to_list()
    if not entries:
        raise ValueError(
            f"Found array with 0 sample(s) (shape=(0,)) while a minimum of 1 is "
            f"required: {name} holds no document."
        )
    for i, entry in enumerate(entries):
        if not isinstance(entry, str):
            raise ValueError(
                f"{name}[{i}] is {entry!r} ({type(entry).__name__}), not a str. Decode "
                f"bytes, and replace missing texts, for example by ''."
            )
    # Of np.str_ the plain text: dictionaries and pickles of the two differ.
    return [entry if type(entry) is str else str.__str__(entry) for entry in entries]

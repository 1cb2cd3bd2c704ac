"""Tables seen column by column: numbers, tokens and missing cells of any container.

A cell is a number (float) or a token (str); a missing cell is the token "". Nothing is
imputed and nothing is dropped. Categorical columns hold tokens only; a cell of a
numerical column that cannot be parsed stays a token in that column.
"""

import numbers
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn, TypeAlias

import numpy as np
import pandas as pd
from scipy import sparse

from ._sklearn import assert_all_finite, safe_indexing, validate_data

__all__ = [
    "MISSING",
    "Cells",
    "Table",
    "categorical_mask",
    "encode_labels",
    "open_table",
    "raise_infinite",
    "token_text",
    "unique_names",
]

Array: TypeAlias = np.ndarray[Any, Any]
Cell: TypeAlias = float | str
MISSING = ""
# Rows looked at to guess whether a column holds few objects.
SAMPLE = 1024


def token_text(cell: object) -> str:
    """Return the token of one cell, the same whether it came as int, float or str."""
    if isinstance(cell, str):
        return str.__str__(cell)  # of an Enum the value, not its name
    if isinstance(cell, bool | np.bool_):
        return str(bool(cell))
    if isinstance(cell, numbers.Integral):
        return str(int(cell))
    if isinstance(cell, numbers.Real | Decimal):
        number = float(cell)
        return str(int(number)) if number.is_integer() else repr(number)
    if isinstance(cell, bytes):
        return cell.decode(errors="backslashreplace")
    return str(cell)


def _parse(cell: Any) -> Cell:
    """Return one cell of a numerical column as a float, or as a token if it is none."""
    try:
        number = float(cell)
    except OverflowError:
        return np.inf
    except (TypeError, ValueError):
        return token_text(cell)
    return MISSING if number != number else number


def _is_number(cell: object) -> bool:
    is_bool = isinstance(cell, bool | np.bool_)
    return isinstance(cell, numbers.Real | Decimal) and not is_bool


def _are_text(names: Iterable[object]) -> bool:
    return all(isinstance(name, str) for name in names)


def unique_names(names: Iterable[object]) -> list[str]:
    """Return the names as text, repeated ones with the suffix _2, _3, ..."""
    texts = [str(name) for name in names]
    unique: dict[str, None] = {}  # an ordered set
    for text in texts:
        name, number = text, 2
        while name in unique or (name != text and name in texts):
            name, number = f"{text}_{number}", number + 1
        unique[name] = None
    return list(unique)


@dataclass(frozen=True)
class Cells:
    """One column: either plain numbers, or codes into a list of levels.

    Parameters
    ----------
    numbers : ndarray of shape (n,), float32 or float64, or None
        NaN is a missing cell. None if the column is given by levels.
    codes : ndarray of int of shape (n,) or None
    levels : tuple of (float or str)
        Distinct up to duplicates that arise in parsing ("1" and "1.0").
    """

    numbers: Array | None
    codes: Array | None = None
    levels: tuple[Cell, ...] = ()

    def at(self, row: int) -> Cell:
        """Return one cell: a float, or a token (the empty string if it is missing)."""
        if self.codes is not None:
            level: Cell = self.levels[self.codes[row]]
            return level
        number = float(self.numbers[row])  # type: ignore[index]
        return MISSING if number != number else number


@dataclass(frozen=True)
class _ArrayInterface:
    """Memory of an array under another dtype; keeps the array alive."""

    __array_interface__: dict[str, Any]
    owner: Array


def _addresses(values: Array) -> Array:
    """Return the addresses of the objects of a contiguous array."""
    interface = values.__array_interface__ | {"typestr": f"=i{values.itemsize}"}
    return np.asarray(_ArrayInterface(interface, values))


def _seem_many(addresses: Array) -> bool:
    """Guess from the first rows whether a column holds many different objects."""
    return len(np.unique(addresses[:SAMPLE])) > SAMPLE // 4


def _factorize_identities(values: Array) -> tuple[Array, list[Any]] | None:
    """Factorize objects by their addresses, much cheaper than by what they hold.

    Readers of files make one object of equal strings, so most columns of text hold few
    objects. None if these seem to be many; equal objects may give several levels.
    """
    addresses = _addresses(values)
    if _seem_many(addresses):
        return None
    codes, uniques = pd.factorize(addresses)
    first = np.empty(len(uniques), np.intp)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    levels = values[first]
    missing = pd.isna(levels)
    if missing.any():
        number = np.where(missing, -1, np.cumsum(~missing) - 1)
        codes, levels = number[codes], levels[~missing]
    return codes, levels.tolist()


def _factorize_objects(values: Array) -> tuple[Array, list[Any]]:
    """Factorize objects; True is kept apart from 1, and missing cells get -1."""
    by_identity = _factorize_identities(values)
    if by_identity is not None:
        return by_identity
    try:
        codes, uniques = pd.factorize(values)
    except TypeError:  # an unhashable cell, such as a list
        values = np.array([token_text(cell) for cell in values], dtype=object)
        codes, uniques = pd.factorize(values)
    levels = uniques.tolist()
    if pd.api.types.infer_dtype(values, skipna=True) == "string":
        return codes, levels
    for code, level in enumerate(tuple(levels)):
        if level in (0, 1):
            rows = np.flatnonzero(codes == code)
            boolean = np.array([isinstance(values[i], bool | np.bool_) for i in rows])
            if boolean.any() and not boolean.all():
                levels[code] = float(level)
                codes[rows[boolean]] = len(levels)
                levels.append(bool(level))
    return codes, levels


def _factorize(values: Any) -> tuple[Array, list[Any]]:
    """Return codes (-1 for missing cells) and levels of one column of any kind."""
    if isinstance(values, pd.Categorical):
        return np.asarray(values.codes), values.categories.tolist()
    if values.dtype == object:
        return _factorize_objects(np.ascontiguousarray(values))
    if isinstance(values, np.ndarray) and values.dtype.kind in "US":
        values = values.astype(object)
    codes, levels = pd.factorize(values)
    return codes, levels.tolist()


def raise_infinite(name: str) -> NoReturn:
    """Raise the error for an infinite cell in the column `name`."""
    raise ValueError(
        f"Input X contains infinity in column {name!r}. Replace infinite values by a "
        f"large finite number, or by NaN if they mean that the value is missing."
    )


def _read_levels(values: Any, categorical: bool, name: str) -> Cells:
    """Read a column that is categorical or not of a numeric dtype."""
    if not categorical and values.dtype == object:
        values = np.ascontiguousarray(values)
        if _seem_many(_addresses(values)):
            # Mostly distinct numbers as text: parsing all is cheaper than hashing.
            with suppress(OverflowError, TypeError, ValueError):
                column = values.astype(np.float64)
                if not np.isinf(column).any():
                    return Cells(column)
    codes, levels = _factorize(values)
    if not categorical:
        try:  # the usual case: numbers that came as text
            parsed = np.array([*map(float, levels), np.nan])
        except (OverflowError, TypeError, ValueError):
            pass
        else:
            column = parsed[codes]
            if np.isinf(column).any():
                raise_infinite(name)
            return Cells(column)
        levels = [_parse(level) for level in levels]
    for code, level in enumerate(levels):
        # A category may be infinite as long as no cell is of it.
        if level in (np.inf, -np.inf) and (codes == code).any():
            raise_infinite(name)
    cells = [token_text(v) if categorical else v for v in levels]
    missing = codes < 0
    if missing.any():
        codes = np.where(missing, len(cells), codes)
        cells.append(MISSING)
    return Cells(None, codes, tuple(cells))


class Table:
    """A validated table of any accepted kind, read column by column.

    Parameters
    ----------
    X : pandas or polars DataFrame, ndarray of shape (n, d), or scipy CSC
        Anything else was converted by `check_array` before.

    Attributes
    ----------
    n_rows, n_columns : int
    names : list of str
        Column names, made unique; x0, x1, ... where they are not all strings.
    """

    def __init__(self, X: Any) -> None:
        self.n_rows, self.n_columns = X.shape
        names = getattr(X, "columns", None)
        if names is not None and _are_text(names):
            self.names = unique_names(names)
        else:  # scikit-learn records no other names
            self.names = [f"x{j}" for j in range(self.n_columns)]
        self._is_sparse = bool(sparse.issparse(X))
        if self._is_sparse and not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        self._X = X

    def take(self, rows: Array) -> "Table":
        """Return the table of some rows only."""
        return Table(safe_indexing(self._X, rows))

    def matrix(self) -> Array | None:
        """Return the table if it is one float32 or float64 array, else None."""
        X = self._X
        if isinstance(X, pd.DataFrame):
            dtypes = set(X.dtypes)
            if len(dtypes) != 1 or not dtypes <= {np.dtype("f4"), np.dtype("f8")}:
                return None
            # Only a frame of one block becomes an array without a copy.
            first = X.iloc[:1]
            if not np.may_share_memory(first.to_numpy(), first.iloc[:, 0].to_numpy()):
                return None
            X = X.to_numpy()
        if isinstance(X, np.ndarray) and X.dtype in (np.float32, np.float64):
            return X
        return None

    def check_finite(self) -> None:
        """Raise ValueError if a column of numbers holds infinity."""
        matrix = self.matrix()
        if matrix is not None:
            try:
                assert_all_finite(matrix, allow_nan=True)
            except ValueError:
                j = np.flatnonzero(np.isinf(matrix).any(axis=0))[0]
                raise_infinite(self.names[j])
            return
        if self._is_sparse:
            infinite = np.flatnonzero(np.isinf(self._X.data))
            if len(infinite):
                j = np.searchsorted(self._X.indptr, infinite[0], side="right") - 1
                raise_infinite(self.names[j])
            return
        for j in range(self.n_columns):
            if pd.api.types.is_float_dtype(self._column(j).dtype):
                cells = self.read(j, categorical=False)
                if np.isinf(np.asarray(cells.numbers)).any():
                    raise_infinite(self.names[j])

    def is_categorical(self, j: int) -> bool:
        """Tell from the dtype whether column j is categorical.

        Strings, categories and booleans are; an object column is, unless it holds at
        least one real number.
        """
        column = self._column(j)
        if isinstance(column, pd.Categorical):
            return True
        if column.dtype == object:
            kind = pd.api.types.infer_dtype(column, skipna=True)
            if kind in ("string", "boolean", "empty"):
                return True
            return not any(map(_is_number, _factorize(column)[1]))
        is_number = pd.api.types.is_numeric_dtype(column.dtype)
        return not is_number or pd.api.types.is_bool_dtype(column.dtype)

    def read(self, j: int, categorical: bool) -> Cells:
        """Return the cells of column j.

        Raises ValueError for infinity in a column that has to be parsed, and TypeError
        for dates. Infinity in a column of numbers is the caller's to find.
        """
        column = self._column(j)
        dtype = column.dtype
        if (
            categorical
            or isinstance(column, pd.Categorical)
            or not pd.api.types.is_numeric_dtype(dtype)
        ):
            return _read_levels(column, categorical, self.names[j])
        if not isinstance(dtype, np.dtype):  # nullable, sparse or Arrow numbers
            column = pd.Series(column).to_numpy(dtype=np.float64, na_value=np.nan)
        elif dtype not in (np.float32, np.float64):
            # float32 holds integers of up to 16 bits and half precision exactly.
            column = column.astype(np.float32 if dtype.itemsize <= 2 else np.float64)
        return Cells(column)

    def _column(self, j: int) -> Any:
        """Return column j as ndarray or pandas array; dates are refused."""
        X = self._X
        column: Any
        if self._is_sparse:
            lo, hi = X.indptr[j : j + 2]
            column = np.zeros(self.n_rows, dtype=X.dtype)
            column[X.indices[lo:hi]] = X.data[lo:hi]
        elif isinstance(X, pd.DataFrame):
            column = X.iloc[:, j]
            dtype = column.dtype
            if isinstance(dtype, pd.CategoricalDtype | pd.PeriodDtype):
                column = column.array
            elif pd.api.types.is_string_dtype(dtype):
                column = column.to_numpy(dtype=object)
            else:
                column = (
                    column.to_numpy() if isinstance(dtype, np.dtype) else column.array
                )
        elif hasattr(X, "columns"):  # polars
            column = X.to_series(j)
            if not (column.dtype.is_temporal() or column.dtype.is_nested()):
                column = column.to_numpy()
        else:
            column = X[:, j]
        dtype = getattr(column, "categories", column).dtype
        self._refuse_dtype(dtype, self.names[j])
        if isinstance(dtype, np.dtype) and not dtype.isnative:
            column = column.astype(dtype.newbyteorder("="))
        return column

    @staticmethod
    def _refuse_dtype(dtype: Any, name: str) -> None:
        if hasattr(dtype, "is_temporal"):
            is_date = dtype.is_temporal()
        else:
            is_date = (
                pd.api.types.is_datetime64_any_dtype(dtype)
                or pd.api.types.is_timedelta64_dtype(dtype)
                or isinstance(dtype, pd.PeriodDtype)
            )
        if is_date:
            raise TypeError(
                f"Column {name!r} holds dates or durations (dtype {dtype}). Convert it "
                f"to numbers, for example to days since a fixed date, or to strings."
            )
        kind = getattr(dtype, "kind", "")
        if kind == "c":
            raise ValueError(
                f"Complex data not supported: column {name!r} has dtype {dtype}. Split "
                f"it into its real and its imaginary part."
            )
        if kind == "V" or (hasattr(dtype, "is_nested") and dtype.is_nested()):
            raise TypeError(
                f"Column {name!r} holds records or lists (dtype {dtype}). Split it "
                f"into one column per field."
            )


def open_table(estimator: Any, X: Any, reset: bool) -> Table:
    """Validate X for an estimator and return it as a `Table`.

    Sets or checks `n_features_in_` and `feature_names_in_`. Raises ValueError for empty
    or complex X, and for columns that differ from those of `fit`.
    """
    if hasattr(X, "collect_schema") and not hasattr(X, "shape"):
        raise TypeError("X is a lazy frame. Pass X.collect() instead.")
    if hasattr(X, "columns") and hasattr(X, "dtypes"):  # a pandas or polars frame
        if isinstance(X, pd.DataFrame) and not X.columns.is_unique:
            is_text = _are_text(X.columns)
            names = unique_names(X.columns) if is_text else range(X.shape[1])
            X = X.set_axis(names, axis=1)
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        for size, what in zip(X.shape, ("sample", "feature"), strict=True):
            if size == 0:
                raise ValueError(
                    f"Found array with 0 {what}(s) (shape={X.shape}) while a minimum "
                    f"of 1 is required by {type(estimator).__name__}."
                )
        return Table(X)
    if isinstance(X, list | tuple):
        # Without dtype one string would turn every number of a list into a string.
        X = np.array(X, dtype=object)
    X = validate_data(
        estimator,
        X,
        reset=reset,
        dtype=None,
        accept_sparse="csc",
        ensure_all_finite=False,
    )
    return Table(X)


def categorical_mask(
    table: Table, categorical_features: Any, feature_names: Sequence[str] | None
) -> Array:
    """Return which columns are categorical, bool (d,).

    Parameters
    ----------
    table : Table
    categorical_features : "from_dtype", None, or array of bool, int or str
    feature_names : sequence of str or None
        Names to look entries up in.
    """
    d = table.n_columns
    if categorical_features is None:
        return np.zeros(d, bool)
    if isinstance(categorical_features, str):
        return np.array([table.is_categorical(j) for j in range(d)], bool)
    entries = list(categorical_features)
    entries = [e.item() if isinstance(e, np.generic) else e for e in entries]
    if entries and all(isinstance(entry, bool) for entry in entries):
        if len(entries) != d:
            raise ValueError(
                f"categorical_features is a mask of {len(entries)} entries, but X has "
                f"{d} columns."
            )
        return np.array(entries)
    mask = np.zeros(d, bool)
    names = [] if feature_names is None else list(feature_names)
    for entry in entries:
        if isinstance(entry, str) and entry in names:
            mask[names.index(entry)] = True
        elif isinstance(entry, int) and not isinstance(entry, bool) and 0 <= entry < d:
            mask[entry] = True
        else:
            known = f"the names {names}" if names else "no names"
            raise ValueError(
                f"categorical_features has the entry {entry!r}, which is not a column "
                f"of X: X has {known} and the positions 0 to {d - 1}."
            )
    return mask


def encode_labels(y: Array) -> tuple[Array, Array]:
    """Return what ``np.unique(y, return_inverse=True)`` does, by hashing.

    Raises ValueError for a missing label.
    """
    y = y.astype(y.dtype.newbyteorder("="), copy=False)
    if y.dtype.kind in "iu" and len(y):
        low, high = int(y.min()), int(y.max())
        if high - low < len(y):  # a table of the range is smaller than the labels
            wide = y if y.dtype.kind == "u" else y.astype(np.int64, copy=False)
            offset = (wide - wide.dtype.type(low)).astype(np.intp, copy=False)
            present = np.bincount(offset) > 0
            places = np.flatnonzero(present)
            codes = (np.cumsum(present) - 1)[offset]
            classes = places.astype(wide.dtype) + wide.dtype.type(low)
            return classes.astype(y.dtype, copy=False), codes
    codes, classes = pd.factorize(y, sort=True)
    if (codes < 0).any():
        row = int(np.flatnonzero(codes < 0)[0])
        raise ValueError(f"Input y contains NaN or None, first in row {row}.")
    return np.asarray(classes).astype(y.dtype, copy=False), codes

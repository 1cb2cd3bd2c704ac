"""Tables seen column by column: numbers, tokens and missing cells of any container.

A cell is a number (float) or a token (str); a missing cell is the token "". Nothing is
imputed and nothing is dropped. Categorical columns hold tokens only; a cell of a
numerical column that cannot be parsed stays a token in that column.
"""

import numbers
from dataclasses import dataclass

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

MISSING = ""


def token_text(cell):
    """Return the token of one cell, the same whether it came as int, float or str."""
    if isinstance(cell, str):
        return str(cell)
    if isinstance(cell, bool | np.bool_):
        return str(bool(cell))
    if isinstance(cell, numbers.Integral):
        return str(int(cell))
    if isinstance(cell, numbers.Real):
        number = float(cell)
        return str(int(number)) if number.is_integer() else repr(number)
    if isinstance(cell, bytes):
        return cell.decode(errors="backslashreplace")
    return str(cell)


def _parse(cell):
    """Return one cell of a numerical column as a float, or as a token if it is none."""
    try:
        number = float(cell)
    except OverflowError:
        return np.inf
    except (TypeError, ValueError):
        return token_text(cell)
    return MISSING if number != number else number


def _is_number(cell):
    return isinstance(cell, numbers.Real) and not isinstance(cell, bool | np.bool_)


def unique_names(names):
    """Return the names as text, repeated ones with the suffix _2, _3, ..."""
    taken, result = set(map(str, names)), []
    seen = {}
    for name in map(str, names):
        seen[name] = seen.get(name, 0) + 1
        unique = name
        while seen[name] > 1 and unique in taken:
            unique = f"{name}_{seen[name]}"
            seen[name] += unique in taken
        taken.add(unique)
        result.append(unique)
    return result


@dataclass(frozen=True)
class Cells:
    """One column: either plain numbers, or codes into a list of levels.

    Parameters
    ----------
    numbers : ndarray of shape (n,), float32 or float64, or None
        NaN is a missing cell. None if the column is given by levels.
    codes : ndarray of int of shape (n,) or None
    levels : tuple of (float or str) or None
        Distinct up to duplicates that arise in parsing ("1" and "1.0").
    """

    numbers: np.ndarray | None = None
    codes: np.ndarray | None = None
    levels: tuple | None = None

    def at(self, row):
        """Return one cell: a float, or a token (the empty string if it is missing)."""
        if self.numbers is None:
            return self.levels[self.codes[row]]
        number = float(self.numbers[row])
        return MISSING if number != number else number


def _factorize_objects(values):
    """Factorize objects; True is kept apart from 1, and missing cells get -1."""
    try:
        codes, levels = pd.factorize(values)
    except TypeError:  # an unhashable cell, such as a list
        return pd.factorize(np.array([token_text(v) for v in values], dtype=object))
    levels = levels.tolist()
    for code, level in enumerate(tuple(levels)):
        if isinstance(level, numbers.Number) and level in (0, 1):
            rows = np.flatnonzero(codes == code)
            boolean = np.array([isinstance(values[i], bool | np.bool_) for i in rows])
            if boolean.any() and not boolean.all():
                levels[code] = int(level)
                codes[rows[boolean]] = len(levels)
                levels.append(bool(level))
    return codes, levels


def _factorize(values):
    """Return codes (-1 for missing cells) and levels of one column of any kind."""
    if isinstance(values, pd.Categorical):
        return values.codes, values.categories.tolist()
    if values.dtype == object:
        return _factorize_objects(np.ascontiguousarray(values))
    if isinstance(values, np.ndarray) and values.dtype.kind in "US":
        values = values.astype(object)
    codes, levels = pd.factorize(values)
    return codes, levels.tolist()


def _read_levels(values, categorical, name):
    """Read a column that is categorical or not of a numeric dtype."""
    codes, levels = _factorize(values)
    codes = np.asarray(codes)
    if not categorical:
        try:  # the usual case: numbers that came as text
            parsed = np.array([*map(float, levels), np.nan])
        except (OverflowError, TypeError, ValueError):
            pass
        else:
            if np.isinf(parsed).any():
                raise_infinite(name)
            return Cells(numbers=parsed[codes])
    levels = [token_text(v) if categorical else _parse(v) for v in levels]
    if not categorical and any(v in (np.inf, -np.inf) for v in levels):
        raise_infinite(name)
    missing = codes < 0
    if missing.any():
        codes = np.where(missing, len(levels), codes)
        levels.append(MISSING)
    return Cells(codes=codes, levels=tuple(levels))


def raise_infinite(name):
    raise ValueError(
        f"Input X contains infinity in column {name!r}. Replace infinite values by a "
        f"large finite number, or by NaN if they mean that the value is missing."
    )


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
        Column names, made unique; x0, x1, ... where there are none.
    """

    def __init__(self, X):
        self.n_rows, self.n_columns = X.shape
        self._is_pandas = isinstance(X, pd.DataFrame)
        self._is_frame = hasattr(X, "columns")
        self._is_sparse = sparse.issparse(X)
        names = X.columns if self._is_frame else range(self.n_columns)
        self.names = unique_names(names if self._is_frame else [f"x{j}" for j in names])
        if self._is_sparse and not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        self._X = X

    def take(self, rows):
        """Return the table of some rows only."""
        return Table(safe_indexing(self._X, rows))

    def check_finite(self):
        """Raise ValueError if a column of numbers holds infinity."""
        matrix = self.matrix()
        if matrix is not None:
            try:
                assert_all_finite(matrix, allow_nan=True)
            except ValueError:
                j = int(np.flatnonzero(np.isinf(matrix).any(axis=0))[0])
                raise_infinite(self.names[j])
            return
        for j in range(self.n_columns):
            if getattr(self._column(j).dtype, "kind", "") == "f":
                self.read(j, categorical=False)

    def matrix(self):
        """Return the table if it is one float32 or float64 ndarray, else None."""
        X = self._X
        if self._is_pandas and self.n_columns:
            dtypes = set(X.dtypes)
            if dtypes in ({np.dtype(np.float32)}, {np.dtype(np.float64)}):
                X = X.to_numpy()
        if isinstance(X, np.ndarray) and X.dtype in (np.float32, np.float64):
            return X
        return None

    def _column(self, j):
        """Return column j as ndarray or pandas array, dates refused."""
        if self._is_sparse:
            lo, hi = self._X.indptr[j : j + 2]
            column = np.zeros(self.n_rows, dtype=self._X.dtype)
            column[self._X.indices[lo:hi]] = self._X.data[lo:hi]
            return column
        if self._is_pandas:
            column = self._X.iloc[:, j]
            temporal = isinstance(column.dtype, pd.PeriodDtype) or (
                pd.api.types.is_datetime64_any_dtype(column.dtype)
                or pd.api.types.is_timedelta64_dtype(column.dtype)
            )
            if isinstance(column.dtype, pd.CategoricalDtype):
                column = column.array
            elif pd.api.types.is_string_dtype(column.dtype):
                column = column.to_numpy(dtype=object)
            elif isinstance(column.dtype, np.dtype):
                column = column.to_numpy()
            else:
                column = column.array
        elif self._is_frame:
            column = self._X.to_series(j)
            temporal = column.dtype.is_temporal()
            column = column.to_numpy() if not temporal else column
        else:
            column = self._X[:, j]
            temporal = column.dtype.kind in "mM"
        if temporal:
            raise TypeError(
                f"Column {self.names[j]!r} holds dates or durations (dtype "
                f"{column.dtype}). Convert it to numbers, for example to days since a "
                f"fixed date, or to strings."
            )
        if isinstance(column.dtype, np.dtype) and column.dtype.kind == "c":
            raise ValueError(
                f"Complex data not supported: column {self.names[j]!r} has dtype "
                f"{column.dtype}. Split it into real and imaginary part."
            )
        return column

    def is_categorical(self, j):
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
        return pd.api.types.is_bool_dtype(column.dtype) or not (
            pd.api.types.is_numeric_dtype(column.dtype)
        )

    def read(self, j, categorical):
        """Return the cells of column j.

        Raises ValueError for an infinite number and TypeError for dates.
        """
        column = self._column(j)
        dtype = column.dtype
        if (
            categorical
            or isinstance(column, pd.Categorical)
            or not pd.api.types.is_numeric_dtype(dtype)
        ):
            return _read_levels(column, categorical, self.names[j])
        if not isinstance(dtype, np.dtype):  # nullable or Arrow numbers
            column = column.to_numpy(dtype=np.float64, na_value=np.nan)
        elif dtype not in (np.float32, np.float64):
            small = (dtype.itemsize < 4 and dtype.kind != "f") or dtype == np.float16
            column = column.astype(np.float32 if small else np.float64)
        if np.isinf(column).any():
            raise_infinite(self.names[j])
        return Cells(numbers=column)


def open_table(estimator, X, reset):
    """Validate X for an estimator and return it as a `Table`.

    Sets or checks `n_features_in_` and `feature_names_in_`. Raises ValueError for empty
    or complex X, and for columns that differ from those of `fit`.
    """
    if hasattr(X, "columns") and hasattr(X, "dtypes"):  # a pandas or polars frame
        if isinstance(X, pd.DataFrame) and not X.columns.is_unique:
            X = X.set_axis(unique_names(X.columns), axis=1)
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


def categorical_mask(table, categorical_features, feature_names=None):
    """Return which columns are categorical, bool (d,).

    Parameters
    ----------
    table : Table
    categorical_features : "from_dtype", None, or array of bool, int or str
    feature_names : array of str or None
        Names to look entries up in.
    """
    d = table.n_columns
    if categorical_features is None:
        return np.zeros(d, bool)
    if isinstance(categorical_features, str):
        return np.array([table.is_categorical(j) for j in range(d)], bool)
    entries = np.asarray(categorical_features)
    if entries.ndim != 1:
        raise ValueError(
            f"categorical_features must be one-dimensional, got shape {entries.shape}."
        )
    if entries.dtype.kind == "b":
        if len(entries) != d:
            raise ValueError(
                f"categorical_features is a mask of {len(entries)} entries, but X has "
                f"{d} columns."
            )
        return entries
    mask = np.zeros(d, bool)
    names = [] if feature_names is None else list(feature_names)
    for entry in entries.tolist():
        if isinstance(entry, str) and entry in names:
            mask[[j for j, name in enumerate(names) if name == entry]] = True
        elif isinstance(entry, int) and not isinstance(entry, bool) and 0 <= entry < d:
            mask[entry] = True
        else:
            columns = f"the names {names}" if names else "no names"
            raise ValueError(
                f"categorical_features has the entry {entry!r}, which is not a column "
                f"of X: X has {columns} and the positions 0 to {d - 1}."
            )
    return mask


def encode_labels(y):
    """Return what ``np.unique(y, return_inverse=True)`` does, by hashing."""
    codes, classes = pd.factorize(y, sort=True)
    return np.asarray(classes).astype(y.dtype, copy=False), codes

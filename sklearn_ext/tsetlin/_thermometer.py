"""Numbers as thermometers: ordered bits, each of which says ``x >= threshold``.

The bits are what a Tsetlin machine reads of a table, and their names are what the user
reads of its rules.
"""

from datetime import date, timedelta
from numbers import Integral

import numpy as np
import scipy.sparse as sp

from sklearn_ext._core._encoding import raise_infinite
from sklearn_ext._core._fitting import keep_fit_on_error
from sklearn_ext._core._sklearn import (
    BaseEstimator,
    IntegralNotBool,
    StrOptions,
    TransformerMixin,
    check_feature_names_in,
    check_is_fitted,
    fit_context,
    safe_indexing,
    validate_data,
)

__all__ = ["ThermometerEncoder"]

NOT_A_NUMBER = (str, bytes, date, timedelta, np.datetime64, np.timedelta64)


def _refuse_text(X):
    """Raise ValueError for the first column with text, even of digits, or dates."""
    is_frame = hasattr(X, "shape") and hasattr(X, "columns")
    if not is_frame:
        # Without the dtype one text would turn all numbers of a list into texts.
        X = np.asarray(X, dtype=object if isinstance(X, list | tuple) else None)
        if X.ndim != 2 or X.dtype.kind not in "OSUMm":
            return
    for j in range(X.shape[1]):
        column = np.asarray(safe_indexing(X, j, axis=1))
        cells = column if column.dtype.kind in "OSUMm" else ()
        for cell in (cell for cell in cells if isinstance(cell, NOT_A_NUMBER)):
            name = X.columns[j] if is_frame else f"x{j}"
            raise ValueError(
                f"Column {name!r} holds text or dates, such as '{cell}'. Convert it to "
                "numbers, or encode it with OneHotEncoder."
            )


def _choose_thresholds(values, max_bits, strategy):
    """Choose at most `max_bits` of the sorted values, never the least of them."""
    distinct = values[1:][values[1:] != values[:-1]]
    # Ranks are exact integers: products of floats may fall on the wrong side.
    if len(distinct) > max_bits:
        if strategy == "unique":
            distinct = distinct[np.arange(max_bits) * len(distinct) // max_bits]
        else:
            steps = np.arange(1, max_bits + 1) * len(values)
            distinct = np.unique(values[(steps - 1) // (max_bits + 1)])
            distinct = distinct[distinct > values[0]]
    return distinct + 0.0  # makes 0 of -0, which would be printed


def _shorten(number, digits):
    """Round to significant digits, but no digit before the decimal point."""
    return float(f"{number:.{max(digits, len(str(abs(int(number)))))}g}")


def _texts(thresholds):
    """Write the thresholds with the fewest digits from 3 that keep them distinct."""
    for digits in range(3, 18):  # 17 tell all floats apart
        numbers = {_shorten(threshold, digits) for threshold in thresholds}
        if len(numbers) == len(thresholds):
            break
    return [repr(number).removesuffix(".0") for number in sorted(numbers)]


def _rows_of_runs(first, length, n_columns):
    """Return CSR rows with a run of ones from column `first[i, j]` for each i and j."""
    indptr = np.concatenate([[0], np.cumsum(length.sum(axis=1, dtype=np.int64))])
    dtype = sp.get_index_dtype(maxval=max(indptr[-1], n_columns))
    is_run = length.ravel() > 0
    first, length = first.ravel()[is_run], length.ravel()[is_run]
    # The column indices by their differences: 1, and a jump where a run begins.
    indices = np.ones(indptr[-1], dtype)
    begins = np.cumsum(length, dtype=np.int64) - length
    indices[begins] = first
    indices[begins[1:]] -= first[:-1] + length[:-1] - 1
    np.cumsum(indices, dtype=dtype, out=indices)
    data = np.ones(indptr[-1], np.uint8)
    shape = (len(indptr) - 1, n_columns)
    return sp.csr_array((data, indices, indptr.astype(dtype)), shape=shape)


class ThermometerEncoder(TransformerMixin, BaseEstimator):
    """Turn numeric columns into ordered bits ``x >= threshold``.

    Each column gets up to `max_bits` of its values as thresholds, and a number sets the
    bits of all thresholds that it reaches, as mercury passes the marks of a
    thermometer. A conjunction of bits and negated bits is then an interval, and
    :class:`TsetlinMachineClassifier` learns rules such as "age>=40 and not bmi>=25".

    Read more in the :ref:`User Guide <thermometer_encoder>`.

    Parameters
    ----------
    max_bits : int, default=25
        The most thresholds of a column. A column with at most that many distinct
        values besides its least gets them all.

    strategy : {"quantile", "unique"}, default="quantile"
        How to choose among more values. "quantile" spreads the rows evenly over the
        bits, as far as ties allow. "unique" spreads the thresholds evenly over the
        distinct values, however frequent these are, as pyTsetlinMachine does.

    sparse_output : bool, default=False
        Whether `transform` returns a sparse array. It takes 5 bytes per one against a
        byte per bit of a dense array, and so pays if few bits are set.

    Attributes
    ----------
    thresholds_ : list of ndarray of float64
        Ascending thresholds of each column; none for a constant column.

    missing_mask_ : ndarray of bool of shape (n_features,)
        Which columns had NaN in `fit`. These have a bit "is missing" after the others.

    n_features_in_ : int
        Number of columns seen in `fit`.

    feature_names_in_ : ndarray of str of shape (n_features,)
        Names of the columns seen in `fit`, if all of them are strings.

    See Also
    --------
    TsetlinMachineClassifier : Learns rules from the bits.
    sklearn.preprocessing.KBinsDiscretizer : Says in which interval a number lies, with
        one bit of many.

    Notes
    -----
    The quantiles are those of order i / (max_bits + 1), i = 1, ..., max_bits, by the
    inverted distribution function: of n numbers, the one of rank
    ceil(i n / (max_bits + 1)). The least number is never a threshold, as all numbers
    of `fit` reach it. NaN sets no bit but "is missing", if the column has that bit.

    `fit` takes O(n log n) time per column. `transform` takes O(1) time per bit, or, if
    sparse, O(log max_bits) per cell and O(1) per one; besides the output it needs the
    memory of a column, or, if sparse, of X.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ext import ThermometerEncoder
    >>> X = np.array([[22, 1.6], [35, np.nan], [40, 1.7], [61, 1.9]])
    >>> encoder = ThermometerEncoder(max_bits=3).fit(X)
    >>> encoder.get_feature_names_out(["age", "height"]).tolist()
    ['age>=35', 'age>=40', 'age>=61', 'height>=1.7', 'height>=1.9', 'height is missing']
    >>> encoder.transform(X)
    array([[0, 0, 0, 0, 0, 0],
           [1, 0, 0, 0, 0, 1],
           [1, 1, 0, 1, 0, 0],
           [1, 1, 1, 1, 1, 0]], dtype=uint8)
    """

    _parameter_constraints: dict = {
        "max_bits": [IntegralNotBool(Integral, 1, None, closed="left")],
        "strategy": [StrOptions({"quantile", "unique"})],
        "sparse_output": ["boolean"],
    }

    def __init__(self, max_bits=25, *, strategy="quantile", sparse_output=False):
        self.max_bits = max_bits
        self.strategy = strategy
        self.sparse_output = sparse_output

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Choose the thresholds of each column.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            Numbers or booleans; NaN and the missing cells of frames are missing.
        y : None
            Ignored.

        Returns
        -------
        self : ThermometerEncoder
            The fitted encoder.

        Raises
        ------
        ValueError
            If a column holds text, dates or infinity, or if all columns are constant.
            The encoder then stays as it was.
        """
        with keep_fit_on_error(self):
            X = self._validate(X, reset=True)
            thresholds, missing_mask = [], []
            for column in self._columns(X):
                is_missing = np.isnan(column)
                values = np.sort(column[~is_missing])
                chosen = _choose_thresholds(values, self.max_bits, self.strategy)
                thresholds.append(chosen)
                missing_mask.append(is_missing.any())
            self.thresholds_ = thresholds
            self.missing_mask_ = np.array(missing_mask)
            if self._offsets()[-1] == 0:
                names = ", ".join(map(repr, check_feature_names_in(self)))
                raise ValueError(
                    f"There is nothing to encode: each column ({names}) is constant "
                    f"over the rows (n_samples={len(X)})."
                )
        return self

    def transform(self, X):
        """Encode numbers as bits.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            The columns of `fit`.

        Returns
        -------
        bits : ndarray or csr_array of uint8 of shape (n_samples, n_bits)
            The bits of the first column by ascending threshold, then its bit "is
            missing" if it has one, then those of the second column, and so on.

        Raises
        ------
        ValueError
            If a column holds text, dates or infinity, or if X has other columns than
            in `fit`.
        """
        check_is_fitted(self)
        X = self._validate(X, reset=False)
        return self._sparse_bits(X) if self.sparse_output else self._dense_bits(X)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the bits, such as "age>=40" and "age is missing".

        The thresholds of a column are written with the fewest digits, at least three,
        that keep them distinct, and their integral part always in full; `thresholds_`
        has them exact.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns. None: `feature_names_in_`, or else "x0", "x1", ...

        Returns
        -------
        names : ndarray of object of shape (n_bits,)
            One name per bit.
        """
        check_is_fitted(self)
        columns = check_feature_names_in(self, input_features)
        names = []
        for name, thresholds, has_missing in zip(
            columns, self.thresholds_, self.missing_mask_, strict=True
        ):
            names += [f"{name}>={text}" for text in _texts(thresholds)]
            if has_missing:
                names.append(f"{name} is missing")
        return np.array(names, dtype=object)

    def _validate(self, X, reset):
        """Return X as floats, maybe infinite ones."""
        _refuse_text(X)
        floats = [np.float64, np.float32]
        return validate_data(
            self, X, reset=reset, dtype=floats, ensure_all_finite=False
        )

    def _columns(self, X):
        """Yield the columns as contiguous float64, which float32 is compared as."""
        for j in range(X.shape[1]):
            column = np.ascontiguousarray(X[:, j], dtype=np.float64)
            if np.isinf(column).any():
                raise_infinite(check_feature_names_in(self)[j])
            yield column

    def _offsets(self):
        """Return where the bits of each column begin, and in the end how many."""
        n_bits = [len(thresholds) for thresholds in self.thresholds_]
        return np.concatenate([[0], np.cumsum(n_bits + self.missing_mask_)])

    def _dense_bits(self, X):
        offsets = self._offsets()
        bits = np.empty((len(X), offsets[-1]), bool)
        for j, column in enumerate(self._columns(X)):
            thresholds = self.thresholds_[j]
            first = offsets[j]
            last = first + len(thresholds)
            # NaN compares as False.
            np.greater_equal(column[:, None], thresholds, out=bits[:, first:last])
            if self.missing_mask_[j]:
                # Not by out=: NumPy 2.4's isnan leaves gaps in a strided one.
                bits[:, last] = np.isnan(column)
        return bits.view(np.uint8)

    def _sparse_bits(self, X):
        offsets = self._offsets()
        dtype = sp.get_index_dtype(maxval=offsets[-1])
        first = np.empty(X.shape, dtype)
        length = np.empty(X.shape, dtype)
        for j, column in enumerate(self._columns(X)):
            thresholds = self.thresholds_[j]
            is_missing = np.isnan(column)
            reached = np.searchsorted(thresholds, column, side="right")
            first[:, j] = offsets[j] + len(thresholds) * is_missing
            length[:, j] = np.where(is_missing, self.missing_mask_[j], reached)
        return _rows_of_runs(first, length, offsets[-1])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags

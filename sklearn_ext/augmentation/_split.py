"""AugmentationSplit: folds of an augmented table that keep donors and rows apart."""

import warnings
from numbers import Integral

import numpy as np
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping

from sklearn_ext._core._sklearn import num_samples, safe_indexing

from ._warning import AugmentationWarning

__all__ = ["AugmentationSplit"]

_STRATEGIES = ("train-val", "aug-train-val", "aug-train-train")


def _row_numbers(sample_indices):
    """Return sample_indices as int64, checked."""
    rows = np.asarray(sample_indices)
    if rows.ndim != 1 or rows.dtype.kind not in "iu" or (rows < 0).any():
        raise ValueError(
            "sample_indices must hold one row number, 0 or more, per row of the table, "
            f"got {rows.dtype} of shape {rows.shape}: pass the sample_indices_ of the "
            "augmenter."
        )
    return rows.astype(np.int64)


def _new_rows(is_augmented, n_rows):
    """Return is_augmented as bool, checked."""
    is_new = np.asarray(is_augmented)
    if is_new.shape != (n_rows,) or is_new.dtype != bool:
        raise ValueError(
            "is_augmented must hold one bool per entry of sample_indices, shape "
            f"{(n_rows,)}, got {is_new.dtype} of shape {is_new.shape}."
        )
    return is_new


def _donors(donor_indices, rows):
    """Return donor_indices as a bool matrix, checked; without any, sources alone."""
    n_rows = len(rows)
    n_samples = rows.max(initial=-1) + 1
    if donor_indices is None:
        ones = np.ones(n_rows, dtype=bool)
        indptr = np.arange(n_rows + 1)
        return sparse.csr_array((ones, rows, indptr), shape=(n_rows, n_samples))
    if not sparse.issparse(donor_indices):
        donor_indices = np.asarray(donor_indices)
    shape = donor_indices.shape
    if len(shape) != 2 or shape[0] != n_rows or shape[1] < n_samples:
        raise ValueError(
            f"donor_indices must have one row per entry of sample_indices, {n_rows}, "
            f"and one column per original, at least {n_samples}: got shape {shape} for "
            f"sample_indices of shape {rows.shape}."
        )
    return sparse.csr_array(donor_indices).astype(bool)


def _splitter(cv):
    """Return cv, checked; iterables are read, so that they can be used again."""
    from sklearn.model_selection import check_cv

    is_number = isinstance(cv, Integral)
    if cv is None or (is_number and (isinstance(cv, bool) or cv < 2)):
        raise ValueError(
            f"cv must be at least 2 folds, a splitter or an iterable, got {cv!r}."
        )
    return cv if is_number else check_cv(cv)


class AugmentationSplit:
    """Cross-validation of a table that is augmented already, without leaks by donors.

    A new row is made from several original ones: from its source, whose sentence it
    keeps, and from the donors of its phrases and words. Here the folds divide the
    originals; a new row is trained on only if source and donors all belong to the
    training part, and validated on never. Groups of source and new rows would leak.

    It is meant for tables that cannot be made anew. :class:`AugmentedClassifier`
    augments each training part by itself, which leaks nothing and loses no rows.

    Read more in the :ref:`User Guide <alp>`.

    Parameters
    ----------
    cv : int, splitter or iterable, default=5
        How the originals are divided, by their positions among the originals. An int is
        the number of folds, stratified if y is discrete.

    sample_indices : array-like of int of shape (n_rows,)
        For each row of the table the original that it is, or is made from.

    is_augmented : array-like of bool of shape (n_rows,)
        Which rows of the table are new.

    donor_indices : {array-like, sparse matrix} of shape (n_rows, n_originals), \
default=None
        True where an original gave something to a row. None: the source alone, with an
        :class:`AugmentationWarning`, because rows that were recombined leak then.

    strategy : {"train-val", "aug-train-val", "aug-train-train"}, \
default="aug-train-val"
        "train-val" trains on originals only, "aug-train-val" on new rows, too; both
        validate on the originals of the other part. "aug-train-train" is one split:
        training on all new rows and validation on all originals, which are their
        sources. It selects models in the study of [1]_ and estimates no accuracy;
        `split` warns of that.

    See Also
    --------
    AugmentedClassifier : Augments within `fit`, which needs no such split.
    ALPAugmenter : Makes such tables.
    sklearn.model_selection.GroupKFold : Keeps groups together; for rows with several
        donors that is not enough.

    Notes
    -----
    A new row with d donors, its source included, stays in training with about the
    probability that all of them are in the training part: of 3 donors and 5 folds
    0.8 ** 3, so half of the new rows drop out.

    What remains are leaks through the augmenter, which saw all rows when the table was
    made: by the probabilities of words, the lower limit of scores, and a label filter.
    :class:`AugmentedClassifier` has none of them.

    Making the folds costs O(entries of donor_indices) for each.

    References
    ----------
    .. [1] "ALP: Data Augmentation using Lexicalized PCFGs for Few-Shot Text
       Classification", `arXiv 2112.11916 <https://arxiv.org/abs/2112.11916>`__.

    Examples
    --------
    Rows 4 to 6 are new: made from the originals 0, 1 and 2, two of them with a donor.

    >>> import numpy as np
    >>> from sklearn_ext import AugmentationSplit
    >>> donors = np.eye(7, 4, dtype=bool)
    >>> donors[4, [0, 1]] = donors[5, 1] = donors[6, [2, 3]] = True
    >>> cv = AugmentationSplit(
    ...     2,
    ...     sample_indices=[0, 1, 2, 3, 0, 1, 2],
    ...     is_augmented=[False] * 4 + [True] * 3,
    ...     donor_indices=donors,
    ... )
    >>> y = ["a", "a", "b", "b", "a", "a", "b"]
    >>> for train, test in cv.split(y, y):
    ...     print(train, test)
    [1 3 5] [0 2]
    [0 2] [1 3]

    From an augmenter that has made the table:

    >>> from sklearn_ext import ALPAugmenter
    >>> texts = [
    ...     "The soup was warm and the waiter smiled at the children.",
    ...     "A friendly waiter brought the best bread in the town.",
    ...     "We loved the quiet garden and the fresh fish.",
    ...     "The soup was cold and the waiter forgot our order.",
    ...     "A rude waiter brought the worst bread in the town.",
    ...     "We hated the noisy room and the greasy fish.",
    ... ]
    >>> y = ["good", "good", "good", "bad", "bad", "bad"]
    >>> augmenter = ALPAugmenter(n_samples=5, synonyms=None, random_state=0)
    >>> texts, y = augmenter.fit_resample(texts, y)
    >>> cv = AugmentationSplit.from_augmenter(augmenter, cv=3)
    >>> [len(test) for train, test in cv.split(texts, y)]
    [2, 2, 2]
    """

    def __init__(
        self,
        cv=5,
        *,
        sample_indices,
        is_augmented,
        donor_indices=None,
        strategy="aug-train-val",
    ):
        if strategy not in _STRATEGIES:
            raise ValueError(
                f"strategy must be one of {_STRATEGIES}, got {strategy!r}."
            )
        self.cv = _splitter(cv)
        self.strategy = strategy
        self.sample_indices = _row_numbers(sample_indices)
        self.is_augmented = _new_rows(is_augmented, len(self.sample_indices))
        self.donor_indices = _donors(donor_indices, self.sample_indices)
        originals = self.sample_indices[~self.is_augmented]
        if len(originals) == 0:
            raise ValueError(
                "All rows are new, and there is nothing to validate on: make the table "
                "with keep_original=True."
            )
        if len(np.unique(originals)) < len(originals):
            raise ValueError(
                "sample_indices names an original twice among the rows that "
                "is_augmented calls originals: each must be there once."
            )
        if donor_indices is None and strategy == "aug-train-val":
            warnings.warn(
                "Without donor_indices a new row counts as made from its source alone: "
                "if rows were recombined, training rows share text with those that are "
                "validated on. Pass the donor_indices_ of the augmenter.",
                AugmentationWarning,
                stacklevel=2,
            )

    @classmethod
    def from_augmenter(cls, augmenter, cv=5, *, strategy="aug-train-val"):
        """Return the split of the table that an augmenter has made.

        Parameters
        ----------
        augmenter : object
            Has made the table by `fit_resample`, with its originals.

        cv : int, splitter or iterable, default=5
            How the originals are divided.

        strategy : {"train-val", "aug-train-val", "aug-train-train"}, \
default="aug-train-val"
            What is trained and validated on.

        Returns
        -------
        split : AugmentationSplit
            It holds arrays, and no augmenter.

        Raises
        ------
        NotFittedError
            If the augmenter does not tell where its rows come from.
        """
        for name in ("sample_indices_", "is_augmented_"):
            if not hasattr(augmenter, name):
                raise NotFittedError(
                    f"This {type(augmenter).__name__} has no {name}: call its "
                    "fit_resample first, or pass arrays to AugmentationSplit."
                )
        return cls(
            cv,
            sample_indices=augmenter.sample_indices_,
            is_augmented=augmenter.is_augmented_,
            donor_indices=getattr(augmenter, "donor_indices_", None),
            strategy=strategy,
        )

    def __repr__(self):
        n_new = int(self.is_augmented.sum())
        return (
            f"{type(self).__name__}(cv={self.cv!r}, strategy={self.strategy!r}, "
            f"<{len(self.is_augmented) - n_new} originals, {n_new} new rows>)"
        )

    def get_metadata_routing(self):
        """Return how metadata is passed on: groups to `cv`, if it takes them.

        Returns
        -------
        routing : MetadataRouter
            The routing.
        """
        return MetadataRouter(owner=self).add(
            cv=self._inner(None),
            method_mapping=MethodMapping().add(caller="split", callee="split"),
        )

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of splits.

        Parameters
        ----------
        X : object of length n_rows, default=None
            The table; only some of the splitters ask for it.

        y : array-like of shape (n_rows,), default=None
            Class labels.

        groups : array-like of shape (n_rows,), default=None
            Groups of the rows, of which those of originals count.

        Returns
        -------
        n_splits : int
            Number of pairs that `split` yields.
        """
        if self.strategy == "aug-train-train":
            return 1
        X, y, groups = self._originals_of(X, y, groups)
        return self._inner(y).get_n_splits(X, y, groups)

    def split(self, X, y=None, groups=None):
        """Return training and validation rows of each split.

        Parameters
        ----------
        X : object of length n_rows
            The table, with its rows in the order of `sample_indices`.

        y : array-like of shape (n_rows,), default=None
            Class labels.

        groups : array-like of shape (n_rows,), default=None
            Groups of the rows, of which those of originals are passed on.

        Returns
        -------
        splits : iterator of (ndarray, ndarray)
            Row numbers of the training and of the validation part. Originals stand
            before new rows.

        Raises
        ------
        ValueError
            If X, y or groups have another number of rows than `sample_indices`, or if
            there are no new rows for "aug-train-train".
        """
        X, y, groups = self._originals_of(X, y, groups)
        originals = np.flatnonzero(~self.is_augmented)
        new = np.flatnonzero(self.is_augmented)
        if self.strategy == "aug-train-train":
            if len(new) == 0:
                raise ValueError(
                    'strategy "aug-train-train" trains on new rows, but is_augmented '
                    "has none."
                )
            warnings.warn(
                'strategy "aug-train-train" validates on the sources of the training '
                "rows: its score selects models and is no estimate of accuracy.",
                AugmentationWarning,
                stacklevel=2,
            )
            return iter([(new, originals)])
        return self._folds(self._inner(y).split(X, y, groups), originals, new)

    def _inner(self, y):
        """Return the splitter of the originals."""
        from sklearn.model_selection import check_cv

        return check_cv(self.cv, y, classifier=True)

    def _originals_of(self, *tables):
        """Return the rows of tables that are originals; None stays None."""
        shape = self.sample_indices.shape
        kept = []
        for name, table in zip(("X", "y", "groups"), tables, strict=True):
            if table is None:
                kept.append(None)
                continue
            if num_samples(table) != len(self.sample_indices):
                raise ValueError(
                    f"{name} must be the table that sample_indices of shape {shape} "
                    f"tells of, got {name} of shape "
                    f"{getattr(table, 'shape', (num_samples(table),))}."
                )
            kept.append(safe_indexing(table, np.flatnonzero(~self.is_augmented)))
        return kept

    def _folds(self, splits, originals, new):
        """Yield the folds of the originals, with the new rows that may be in them."""
        index = self.sample_indices[originals]
        # the source is a donor, whether the matrix says so or not
        donors = self.donor_indices[new].astype(np.int64)
        for train, test in splits:
            train, test = np.asarray(train), np.asarray(test)
            outside = np.ones(donors.shape[1], dtype=np.int64)
            outside[index[train]] = 0
            foreign = donors @ outside + outside[self.sample_indices[new]]
            inside = new[foreign == 0] if self.strategy == "aug-train-val" else new[:0]
            yield np.concatenate([originals[train], inside]), originals[test]

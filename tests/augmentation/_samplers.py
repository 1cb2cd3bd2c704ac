"""Small samplers with the attributes of `ALPAugmenter`, of rows easy to predict."""

import numpy as np
import pandas as pd
import polars as pl
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.utils import (
    Bunch,
    assert_all_finite,
    check_consistent_length,
    check_random_state,
    column_or_1d,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from sklearn_ext._core._text import check_documents
from sklearn_ext.augmentation._text_table import TextTable, take_rows


class NoisyCopies(BaseEstimator):
    """Numbers: a copy of each row, with noise that depends on the row alone.

    So a row of weight 2 is two rows of weight 1, and every layout gives the same.
    """

    def __init__(self, scale=0.25):
        self.scale = scale

    def fit_resample(self, X, y):
        rows = X if hasattr(X, "shape") else np.asarray(X)
        n = rows.shape[0]
        if isinstance(rows, pd.DataFrame):
            both = pd.concat([rows, rows * (1 + self.scale)], ignore_index=True)
        elif isinstance(rows, pl.DataFrame):
            both = pl.concat([rows.cast(pl.Float64), rows * (1.0 + self.scale)])
        elif sp.issparse(rows):
            both = sp.vstack([rows, rows * (1 + self.scale)], format=rows.format)
        else:
            rows = np.asarray(rows)
            rows = rows.astype(float) if rows.dtype == object else rows
            both = np.concatenate([rows, rows * (1 + self.scale)])
        self.sample_indices_ = np.tile(np.arange(n), 2)
        self.is_augmented_ = np.arange(2 * n) >= n
        labels = np.asarray(y)
        return both, np.concatenate([labels, labels])


class WordSwaps(BaseEstimator):
    """Texts: the last word of a row becomes that of another row of its class."""

    def __init__(
        self,
        n_samples=2,
        *,
        keep_original=True,
        text_column=None,
        n_jobs=None,
        random_state=None,
    ):
        self.n_samples = n_samples
        self.keep_original = keep_original
        self.text_column = text_column
        self.n_jobs = n_jobs
        self.random_state = random_state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.target_tags.required = True
        return tags

    def _counts(self, n_samples, classes):
        if not isinstance(n_samples, dict):
            return [n_samples] * len(classes)
        for label, count in n_samples.items():
            if label not in classes or count < 0:
                raise ValueError(f"n_samples[{label!r}] cannot be {count!r}")
        return [n_samples.get(label, 0) for label in classes]

    def fit(self, X, y):
        table = TextTable(X, self.text_column)
        if y is None:
            raise ValueError("y cannot be None")
        labels = column_or_1d(y)
        assert_all_finite(labels)
        check_consistent_length(table.texts, labels)
        check_classification_targets(labels)
        classes, codes = np.unique(labels, return_inverse=True)
        self._counts(self.n_samples, classes.tolist())
        for name in ("sample_indices_", "is_augmented_", "donor_indices_", "scores_"):
            vars(self).pop(name, None)
        self.classes_, self._codes, self._table, self._y = classes, codes, table, y
        return self

    def _draw(self, n_samples, random_state, n_kept):
        rng = check_random_state(random_state)
        texts = self._table.texts[:n_kept]
        donors = [[i] for i in range(n_kept)]
        counts = self._counts(n_samples, self.classes_.tolist())
        for code, count in enumerate(counts):
            members = np.flatnonzero(self._codes == code)
            for i in range(count):
                own, other = members[i % len(members)], rng.choice(members)
                words = [self._table.texts[row].split() for row in (own, other)]
                texts = [*texts, " ".join([*words[0][:-1], words[1][-1]])]
                donors.append([own, other])
        source = np.array([row[0] for row in donors], dtype=np.int64)
        matrix = np.zeros((len(texts), len(self._codes)), dtype=bool)
        for row, given in enumerate(donors):
            matrix[row, given] = True
        is_new = np.arange(len(texts)) >= n_kept
        provenance = Bunch(
            sample_indices=source,
            is_augmented=is_new,
            donor_indices=sp.csr_array(matrix),
            scores=np.where(is_new, -1.0, np.nan),
        )
        X = self._table.with_texts(source, texts)
        return X, take_rows(self._y, source), provenance

    def sample(self, n_samples=None, random_state=None, return_provenance=False):
        check_is_fitted(self)
        n_samples = self.n_samples if n_samples is None else n_samples
        random_state = self.random_state if random_state is None else random_state
        made = self._draw(n_samples, random_state, 0)
        return made if return_provenance else made[:2]

    def fit_resample(self, X, y):
        self.fit(X, y)
        n_kept = len(self._codes) if self.keep_original else 0
        X, y, provenance = self._draw(self.n_samples, self.random_state, n_kept)
        vars(self).update({f"{name}_": value for name, value in provenance.items()})
        return X, y


class TextFeatures(TfidfVectorizer):
    """TF-IDF of texts in any container."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        return tags

    def fit(self, X, y=None):
        return super().fit(check_documents(X), y)

    def fit_transform(self, X, y=None):
        return super().fit_transform(check_documents(X), y)

    def transform(self, X):
        return super().transform(check_documents(X))

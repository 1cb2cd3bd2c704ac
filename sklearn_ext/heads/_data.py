"""The rows that a head is trained on: validated, encoded and weighted."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from sklearn_ext._core._arrays import aligned_array
from sklearn_ext._core._encoding import encode_labels
from sklearn_ext._core._sklearn import (
    check_classification_targets,
    check_sample_weight,
    compute_class_weight,
    validate_data,
)

__all__ = ["TrainingRows", "check_features", "read_rows"]


@dataclass(frozen=True)
class TrainingRows:
    """Rows of positive weight.

    Parameters
    ----------
    X : ndarray or CSR of shape (n, d), float32 or float64
    codes : ndarray of int64 of shape (n,)
        Positions in `classes`.
    weight : ndarray of float64 of shape (n,)
        Sample weights times class weights.
    classes : ndarray of shape (n_classes,)
    positions : ndarray of int of shape (n,)
        Which of the given rows they are.
    n_given : int
        How many were given.
    """

    X: Any
    codes: np.ndarray
    weight: np.ndarray
    classes: np.ndarray
    positions: np.ndarray
    n_given: int

    def __post_init__(self):
        if isinstance(self.X, np.ndarray):
            object.__setattr__(self, "X", aligned_array(self.X))

    @property
    def n_classes(self):
        """Number of classes."""
        return len(self.classes)

    def astype(self, dtype):
        """Return the rows with features of a dtype."""
        return replace(self, X=self.X.astype(dtype, copy=False))

    def take(self, index):
        """Return the rows at the positions `index`."""
        return replace(
            self,
            X=self.X[index],
            codes=self.codes[index],
            weight=self.weight[index],
            positions=self.positions[index],
        )

    def with_class_weight(self, class_weight):
        """Return the rows with their weights multiplied by those of their classes."""
        if class_weight is None:
            return self
        factors = compute_class_weight(
            class_weight,
            classes=self.classes,
            y=self.classes[self.codes],
            sample_weight=self.weight,
        )
        is_wrong = ~((factors > 0) & np.isfinite(factors))
        if is_wrong.any():
            at = np.flatnonzero(is_wrong)[0]
            raise ValueError(
                f"class_weight must be finite and greater than 0, got {factors[at]} "
                f"for class {self.classes.tolist()[at]!r}. Remove the rows of a class "
                f"that should not count."
            )
        return replace(self, weight=self.weight * factors[self.codes])


def check_features(estimator, X, is_linear, reset, y="no_validation"):
    """Validate X, and y if there is one; sparse rows become CSR, if they may come.

    Raises TypeError for sparse rows and hidden layers.
    """
    if sparse.issparse(X) and not is_linear:
        raise TypeError(
            "Sparse data was passed in X, but hidden_layer_sizes asks for hidden "
            "layers, which need dense data. Use X.toarray(), or a linear head with "
            "hidden_layer_sizes=()."
        )
    return validate_data(
        estimator,
        X,
        y,
        reset=reset,
        accept_sparse="csr" if is_linear else False,
        dtype=[np.float64, np.float32],
    )


def _encode(y, classes):
    """Return the positions of labels in sorted classes; ValueError for another."""
    position = np.searchsorted(classes, y).clip(max=len(classes) - 1)
    unknown = classes[position] != y
    if unknown.any():
        raise ValueError(
            f"y holds the label {y[unknown].tolist()[0]!r}, which is not one of the "
            f"classes {classes.tolist()}."
        )
    return position


def read_rows(estimator, X, y, sample_weight, *, is_linear, reset=True, classes=None):
    """Validate training data and return them as `TrainingRows`, classes weighing 1.

    Parameters
    ----------
    estimator : estimator
    X, y, sample_weight : as the user gave them
    is_linear : bool
        Whether the head has no hidden layers, so that X may be sparse.
    reset : bool
        Whether to learn the number and names of the features.
    classes : ndarray or None
        The classes if they are known; None reads them from y.
    """
    X, y = check_features(estimator, X, is_linear, reset, y)
    check_classification_targets(y)
    weight = check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
    n_given = len(weight)
    positions = np.arange(n_given)
    if not weight.all():
        keep = np.flatnonzero(weight)
        X, y, weight, positions = X[keep], y[keep], weight[keep], keep
    if classes is None:
        classes, codes = encode_labels(y)
        if len(classes) < 2:
            raise ValueError(
                f"{type(estimator).__name__} needs rows of at least 2 classes, but y "
                f"has 1 class: {classes.tolist()[0]!r}."
            )
    else:
        codes = _encode(y, classes)
    codes = codes.astype(np.int64, copy=False)
    return TrainingRows(X, codes, weight, classes, positions, n_given)

"""The one import point of what scikit-learn keeps private or moves about."""

from typing import Any

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    TransformerMixin,
    _fit_context,
    clone,
)
from sklearn.utils import _safe_indexing, compute_class_weight
from sklearn.utils._array_api import _convert_to_numpy
from sklearn.utils._param_validation import (
    Interval,
    RealNotInt,
    StrOptions,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.parallel import _get_threadpool_controller
from sklearn.utils.validation import (
    _check_feature_names_in,
    _check_sample_weight,
    _check_y,
    assert_all_finite,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

__all__ = [
    "BaseEstimator",
    "ClassifierMixin",
    "IntegralNotBool",
    "Interval",
    "RealNotInt",
    "StrOptions",
    "TransformerMixin",
    "assert_all_finite",
    "check_classification_targets",
    "check_consistent_length",
    "check_feature_names_in",
    "check_is_fitted",
    "check_sample_weight",
    "check_target",
    "clone",
    "compute_class_weight",
    "convert_to_numpy",
    "fit_context",
    "safe_indexing",
    "threadpool_controller",
    "validate_data",
]

check_feature_names_in = _check_feature_names_in
check_sample_weight = _check_sample_weight
check_target = _check_y
convert_to_numpy = _convert_to_numpy
fit_context = _fit_context
safe_indexing = _safe_indexing
threadpool_controller = _get_threadpool_controller


class IntegralNotBool(Interval):  # type: ignore[misc]
    """An interval of integers that True and False are not in."""

    def is_satisfied_by(self, val: Any) -> bool:
        """Tell whether a parameter value is an integer in the interval."""
        is_bool = isinstance(val, bool | np.bool_)
        return not is_bool and bool(super().is_satisfied_by(val))

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
from sklearn.utils._chunking import get_chunk_n_rows
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    RealNotInt,
    StrOptions,
    validate_params,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.parallel import _get_threadpool_controller
from sklearn.utils.validation import (
    _check_feature_names_in,
    _check_method_params,
    _check_sample_weight,
    _check_y,
    _num_samples,
    assert_all_finite,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

__all__ = [
    "BaseEstimator",
    "ClassifierMixin",
    "HasMethods",
    "IntegralNotBool",
    "Interval",
    "RealNotInt",
    "StrOptions",
    "TransformerMixin",
    "assert_all_finite",
    "base_scorer",
    "check_classification_targets",
    "check_consistent_length",
    "check_feature_names_in",
    "check_is_fitted",
    "check_method_params",
    "check_sample_weight",
    "check_target",
    "clone",
    "compute_class_weight",
    "convert_to_numpy",
    "fit_context",
    "get_chunk_n_rows",
    "num_samples",
    "safe_indexing",
    "threadpool_controller",
    "validate_data",
    "validate_params",
]

check_feature_names_in = _check_feature_names_in
check_method_params = _check_method_params
check_sample_weight = _check_sample_weight
check_target = _check_y
convert_to_numpy = _convert_to_numpy
fit_context = _fit_context
num_samples = _num_samples
safe_indexing = _safe_indexing
threadpool_controller = _get_threadpool_controller


class IntegralNotBool(Interval):  # type: ignore[misc]
    """An interval of integers that True and False are not in."""

    def is_satisfied_by(self, val: Any) -> bool:
        """Tell whether a parameter value is an integer in the interval."""
        is_bool = isinstance(val, bool | np.bool_)
        return not is_bool and bool(super().is_satisfied_by(val))


def base_scorer() -> Any:
    """Return the class of scorers; called, not imported: it loads all metrics."""
    from sklearn.metrics._scorer import _BaseScorer

    return _BaseScorer

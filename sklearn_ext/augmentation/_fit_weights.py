"""How weights and other metadata of `fit` reach an estimator, or the end of a Pipeline.

Weights that a meta-estimator makes by itself go to the last step, whether metadata
routing is enabled or not, and whatever was requested there.
"""

import warnings
from contextlib import contextmanager

from sklearn import get_config
from sklearn.utils.metadata_routing import get_routing_for_object, process_routing
from sklearn.utils.validation import has_fit_parameter

__all__ = ["first_step", "fit_weighted", "given_weight", "routed_params"]

# Requested in a Pipeline by its last step alone, so that no other step is asked about
# weights that nobody passed.
_ALIAS = "augmented_sample_weight"


def _is_pipeline(estimator):
    """Tell whether it is a Pipeline, of imbalanced-learn's kind, too."""
    from sklearn.pipeline import Pipeline

    return isinstance(estimator, Pipeline) and len(estimator.steps) > 0


def first_step(estimator):
    """Return what receives X in the end: the first step of nested pipelines."""
    while _is_pipeline(estimator):
        estimator = estimator.steps[0][1]
    return estimator


def _last_step(estimator):
    """Return the names of the steps to the end of nested pipelines, and the last."""
    names = []
    while _is_pipeline(estimator):
        name, estimator = estimator.steps[-1]
        names.append(name)
    return names, estimator


def _has_weights(estimator):
    """Whether `fit` of an estimator has the keyword sample_weight."""
    return hasattr(estimator, "fit") and has_fit_parameter(estimator, "sample_weight")


def _request(last):
    """Return what an estimator requests as its weights: None, a bool or an alias."""
    routing = get_routing_for_object(last)
    own = getattr(routing, "_self_request", routing)  # of one that routes itself
    return own.fit.requests.get("sample_weight") if own is not None else None


@contextmanager
def _requested(last):
    """Let an estimator request its weights by the alias, for the time of a fit."""
    before = _request(last)
    last.set_fit_request(sample_weight=_ALIAS)
    try:
        yield
    finally:
        last.set_fit_request(sample_weight=before)


def routed_params(owner, params):
    """Return the metadata of `fit` that go on to the estimator."""
    if not get_config()["enable_metadata_routing"]:
        return dict(params)
    return dict(process_routing(owner, "fit", **params)["estimator"]["fit"])


def given_weight(estimator, sample_weight, params):
    """Return the weights of the rows, the name they came under, the other metadata.

    That name may be the one that the last step of a Pipeline requests them by. It is
    None, as the weights are, if there are none.
    """
    names, last = _last_step(estimator)
    key = "__".join([*names, "sample_weight"])
    if get_config()["enable_metadata_routing"] and names:
        key = _request(last)
    if not isinstance(key, str) or key not in params:
        name = None if sample_weight is None else "sample_weight"
        return sample_weight, name, params
    if sample_weight is not None:
        raise ValueError(
            f"Weights are given twice, as sample_weight and as {key}: pass one of them."
        )
    return params[key], key, {name: params[name] for name in params if name != key}


def _fit_pipeline(model, X, y, params):
    """Fit a Pipeline with those metadata that a step requests."""
    wanted = get_routing_for_object(model).consumes("fit", params)
    return model.fit(X, y, **{name: params[name] for name in wanted})


def fit_weighted(model, X, y, weight, params, *, passed_as):
    """Fit an estimator, with weights for its last step unless they are None.

    `passed_as` is the name under which the user passed weights: other steps of a
    Pipeline that request it by metadata routing receive them, too.
    """
    routing = get_config()["enable_metadata_routing"]
    names, last = _last_step(model)
    weighted = weight is not None
    if weighted and not _has_weights(last):
        warnings.warn(
            f"{type(last).__name__} takes no sample_weight and is fitted without: all "
            "rows count alike. Pass augmented_weight=None if that is meant, or take an "
            "estimator with weights.",
            UserWarning,
            stacklevel=5,
        )
        weighted = False
    weighted = weighted and not (routing and _request(last) is False)
    if not (routing and names):
        key = "__".join([*names, "sample_weight"])
        return model.fit(X, y, **params, **({key: weight} if weighted else {}))
    if passed_as is not None:
        params = params | {passed_as: weight}
    if not weighted:
        return _fit_pipeline(model, X, y, params)
    with _requested(last):
        return _fit_pipeline(model, X, y, params | {_ALIAS: weight})

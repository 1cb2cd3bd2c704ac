"""The public API, found by walking the package: what is not here is not public."""

import importlib
import inspect
import pkgutil

from sklearn.base import BaseEstimator

import sklearn_ext


def packages():
    """The top level and each system."""
    yield sklearn_ext
    for found in pkgutil.iter_modules(sklearn_ext.__path__, "sklearn_ext."):
        if found.ispkg and not found.name.rpartition(".")[2].startswith("_"):
            yield importlib.import_module(found.name)


def public_objects():
    """Each public function and class once, by the shortest name that imports it."""
    objects = {}
    for package in packages():
        for name in package.__all__:
            value = getattr(package, name)
            if callable(value) and value not in objects.values():
                objects[f"{package.__name__}.{name}"] = value
    return objects


def estimator_classes():
    """Each public class that fits, and has parameters as scikit-learn's."""
    return [
        value
        for value in public_objects().values()
        if inspect.isclass(value)
        and issubclass(value, BaseEstimator)
        and hasattr(value, "fit")
    ]

"""The documented parameters, defaults and attributes are the real ones."""

import ast
import inspect
import re
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate
from sklearn.base import clone
from sklearn.utils import get_tags

from tests.common._instances import CONDITIONAL_ATTRIBUTES, instances, texts_for
from tests.common._public import estimator_classes, public_objects
from tests.common.test_estimators import numbers

PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"
IGNORED = tomllib.loads(PYPROJECT.read_text())["tool"]["numpydoc_validation"]["checks"]
PUBLIC = {
    path: value
    for path, value in public_objects().items()
    if not (inspect.isclass(value) and issubclass(value, Warning))
}


def methods(cls):
    """Public methods that the class or a mixin of ours, not scikit-learn, defines."""
    ours = [c for c in cls.__mro__ if c.__module__.startswith("sklearn_ext.")]
    for name, value in [item for c in ours for item in vars(c).items()]:
        function = getattr(value, "__func__", value)  # of a classmethod
        if not name.startswith("_") and inspect.isfunction(function):
            yield name


DOCUMENTED = sorted(
    {*PUBLIC}
    | {
        f"{path}.{name}"
        for path, value in PUBLIC.items()
        if inspect.isclass(value)
        for name in methods(value)
    }
)


def resolve(path):
    if path in PUBLIC:
        return PUBLIC[path]
    owner, _, name = path.rpartition(".")
    return getattr(PUBLIC[owner], name)


def documented(value, section):
    """Return ``{name: type text}`` of one section, in its order."""
    entries = NumpyDocString(inspect.getdoc(value))[section]
    return {
        name.strip(): entry.type for entry in entries for name in entry.name.split(",")
    }


@pytest.mark.parametrize("path", DOCUMENTED)
def test_numpydoc_finds_nothing(path):
    errors = [
        f"{code}: {text}"
        for code, text in validate(path)["errors"]
        if code not in IGNORED
    ]
    assert not errors


@pytest.mark.parametrize("path", DOCUMENTED)
def test_parameters_are_those_of_the_signature(path):
    value = resolve(path)
    parameters = {
        name.lstrip("*"): parameter
        for name, parameter in inspect.signature(value).parameters.items()
        if name != "self"
    }
    entries = {
        name.lstrip("*"): text for name, text in documented(value, "Parameters").items()
    }
    assert list(entries) == list(parameters)
    for name, text in entries.items():
        default = parameters[name].default
        stated = re.search(r"default=(.+)$", text)
        if default is inspect.Parameter.empty or (default is None and not stated):
            assert stated is None, f"{name} has no default"
        else:
            assert stated, f"{name}: the default {default!r} is not documented"
            assert ast.literal_eval(stated[1]) == default, name


@pytest.mark.parametrize("path", sorted(PUBLIC))
def test_examples_are_there(path):
    assert NumpyDocString(inspect.getdoc(PUBLIC[path]))["Examples"]


@pytest.mark.parametrize("cls", estimator_classes(), ids=lambda cls: cls.__name__)
def test_attributes_are_those_of_a_fitted_estimator(cls):
    X, y = numbers()
    X = pd.DataFrame(X, columns=list("abcd"))
    documented_ones = set(documented(cls, "Attributes"))
    conditional = CONDITIONAL_ATTRIBUTES.get(cls.__name__, set())
    for estimator in instances():
        if type(estimator) is cls:
            on_texts = get_tags(estimator).input_tags.one_d_array
            data = texts_for(estimator) if on_texts else (X, y)
            fitted = clone(estimator).fit(*data)
            real = {
                name
                for name in dir(fitted)
                if re.fullmatch(r"[a-z]\w*[a-z0-9]_", name) and hasattr(fitted, name)
            }
            assert real <= documented_ones
            assert documented_ones - real <= conditional


def test_every_configuration_belongs_to_an_estimator():
    from tests.common._instances import CONFIGURATIONS, EXPECTED_FAILURES

    names = {cls.__name__ for cls in estimator_classes()}
    assert set(CONFIGURATIONS) == names
    assert set(EXPECTED_FAILURES) <= names

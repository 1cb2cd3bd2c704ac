"""The names of the package, and the functions that stand beside its estimators."""

import ast
import importlib
import re
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest

import sklearn_ext
from sklearn_ext._core._optional import import_optional
from sklearn_ext._version import __version__
from tests.common._process import run_python
from tests.common._public import packages


@pytest.mark.parametrize(
    "package", list(packages()), ids=lambda package: package.__name__
)
def test_table_all_and_stub_agree(package):
    own = {"__version__"} if package is sklearn_ext else set()
    assert set(package.__all__) == set(package._TABLE) | own
    assert set(dir(package)) >= set(package._TABLE)

    stub = ast.parse(Path(package.__file__).with_suffix(".pyi").read_text())
    imported = {
        alias.name: node.module
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert set(imported) == set(package.__all__)
    for name, module in package._TABLE.items():
        assert imported[name].removeprefix(f"{package.__name__}.") == module
        assert getattr(package, name).__name__ == name

    (listed,) = [node.value for node in stub.body if isinstance(node, ast.Assign)]
    assert sorted(ast.literal_eval(listed)) == sorted(package.__all__)


def test_unknown_names_raise():
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        sklearn_ext.Nothing  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'Nothing'"):
        from sklearn_ext import Nothing  # noqa: F401


def test_the_version_is_stated_once():
    assert sklearn_ext.__version__ == __version__
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+|rc\d+)?", __version__)


def test_import_optional_returns_the_module():
    module = import_optional("json.decoder", extra="plot", purpose="This test")
    assert module is importlib.import_module("json.decoder")


def test_import_optional_names_the_extra():
    message = r'A picture needs no_such_thing.*pip install "sklearn-ext\[plot\]"'
    with pytest.raises(ImportError, match=message):
        import_optional("no_such_thing.part", extra="plot", purpose="A picture")


def test_import_optional_leaves_other_errors_alone(tmp_path, monkeypatch):
    (tmp_path / "half_there.py").write_text("import no_such_thing")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="No module named 'no_such_thing'"):
        import_optional("half_there", extra="plot", purpose="A picture")


def test_show_versions_names_what_a_bug_report_needs(capsys):
    sklearn_ext.show_versions()
    text = capsys.readouterr().out
    for name in ("sklearn-ext", "python", "numpy", "numba", "matplotlib", "processors"):
        assert re.search(rf"^    {name}: \S+", text, flags=re.MULTILINE), name
    assert f"sklearn-ext: {__version__}" in text


def test_show_versions_imports_nothing():
    script = (
        "import sys, sklearn_ext\n"
        "sklearn_ext.show_versions()\n"
        "print('loaded', {'numpy', 'numba', 'sklearn'} & set(sys.modules))"
    )
    text = run_python("-c", script)
    assert "numba threads: numba is not loaded yet" in text
    assert text.endswith("loaded set()\n")


def test_warm_up_visits_every_system(monkeypatch):
    there, visited = [], []
    for package in packages():
        name = f"{package.__name__}._warm_up"
        if find_spec(name):
            there.append(name)
            monkeypatch.setattr(f"{name}.warm_up", partial(visited.append, name))
    sklearn_ext.warm_up()
    assert sorted(visited) == sorted(there) != []

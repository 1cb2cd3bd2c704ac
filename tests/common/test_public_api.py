"""The names of the package, and the functions that stand beside its estimators."""

import ast
import importlib
import re
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import joblib
import pytest

import sklearn_ext
from sklearn_ext._core import _show_versions
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


@pytest.fixture
def lazy_package(tmp_path, monkeypatch):
    """A package with one good name and one whose module fails."""
    folder = tmp_path / "lazy_package"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from sklearn_ext._core._lazy import attach\n"
        "_TABLE = {'good': '_good', 'bad': '_bad'}\n"
        "__getattr__, __dir__, __all__ = attach(__name__, _TABLE)\n"
    )
    (folder / "_good.py").write_text("good = 1\n")
    (folder / "_bad.py").write_text("import math\nmath.nothing\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "lazy_package"
    for name in [name for name in sys.modules if name.startswith("lazy_package")]:
        del sys.modules[name]


def test_lazy_names_load_when_used(lazy_package):
    package = importlib.import_module(lazy_package)
    assert "good" not in vars(package)
    assert package.good == 1
    assert vars(package)["good"] == 1


def test_a_module_that_fails_to_import_shows_its_error(lazy_package):
    package = importlib.import_module(lazy_package)
    with pytest.raises(ImportError, match=r"lazy_package\._bad failed") as caught:
        package.bad  # noqa: B018
    assert "no attribute 'nothing'" in str(caught.value.__cause__)


def test_eager_import_resolves_every_name(lazy_package, monkeypatch):
    monkeypatch.setenv("EAGER_IMPORT", "1")
    with pytest.raises(ImportError, match=r"lazy_package\._bad failed"):
        importlib.import_module(lazy_package)


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


def test_show_versions_names_what_is_missing(monkeypatch, capsys):
    monkeypatch.setattr(_show_versions, "OPTIONAL", ("no-such-package",))
    monkeypatch.setitem(sys.modules, "numba", None)
    sklearn_ext.show_versions()
    text = capsys.readouterr().out
    assert "no-such-package: not installed" in text
    assert "numba threads: numba is not loaded yet" in text


def test_show_versions_tells_how_threads_are_set(monkeypatch, capsys):
    import numba

    monkeypatch.setenv("NUMBA_NUM_THREADS", str(numba.config.NUMBA_NUM_THREADS))
    sklearn_ext.show_versions()
    text = capsys.readouterr().out
    assert f"numba threads: {numba.get_num_threads()}" in text
    assert f"NUMBA_NUM_THREADS: {numba.config.NUMBA_NUM_THREADS}" in text


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
    visited.clear()
    with joblib.parallel_config(backend="threading"):
        sklearn_ext.warm_up(n_jobs=2)
    # by the others, and then to load what they compiled
    assert sorted(visited) == sorted(there * 2)

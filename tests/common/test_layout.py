"""How the package is laid out, read from its syntax trees.

Imports point one way: estimator, orchestration, kernels; systems import `_core`, and
`_core` imports no system.
"""

import ast
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import sklearn_ext
from tests.common._public import packages

ROOT = Path(sklearn_ext.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
SYSTEMS = {path.parent.name for path in ROOT.glob("[a-z]*/__init__.py")}
MAY_IMPORT_SYSTEM = {"heads": {"losses"}}
MODULE_LEVEL = {"numpy", "pandas", "scipy", "sklearn", "sklearn_ext"}

each_file = pytest.mark.parametrize(
    "path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix()
)


def module_name(path):
    """Dotted name of a file of the package, without a final __init__."""
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path, *, module_level=False):
    """Yield ``(level, module, names)`` of the imports of a file.

    The module of a relative import is completed. With `module_level`, imports inside
    functions are left out; those under TYPE_CHECKING always are.
    """
    package = module_name(path.parent / "__init__.py")
    open_nodes = [ast.parse(path.read_text())]
    while open_nodes:
        node = open_nodes.pop()
        if isinstance(node, ast.Import):
            yield from ((0, alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                module = f"{package}.{module}".rstrip(".")
            yield node.level, module, [alias.name for alias in node.names]
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            open_nodes += node.orelse
        elif not (module_level and isinstance(node, ast.FunctionDef | ast.Lambda)):
            open_nodes += ast.iter_child_nodes(node)


def is_kernel_file(name):
    """Whether a module, given by its dotted name, may import numba at its top."""
    return "_kernels" in name.rpartition(".")[2] or name == "sklearn_ext._core._numba"


@each_file
def test_siblings_are_relative_and_others_absolute(path):
    package = module_name(path.parent / "__init__.py")
    for level, module, names in imports(path):
        assert level < 2, f"{module} climbs"
        if level == 0 and package != "sklearn_ext":
            assert module.rpartition(".")[0] != package, f"{module} is a sibling"
            assert module != package, f"{names} are siblings"


@each_file
def test_systems_import_the_core_only(path):
    own = path.relative_to(ROOT).parts[0]
    if own == "__init__.py":
        pytest.skip("the top level is the table of all systems")
    allowed = {own, "_core", "_version"} | MAY_IMPORT_SYSTEM.get(own, set())
    for _, module, names in imports(path):
        package, _, rest = module.partition(".")
        if package == "sklearn_ext":
            parts = {rest.partition(".")[0]} if rest else set(names)
            assert parts <= allowed, module


@each_file
def test_private_names_of_scikit_learn_come_from_one_file(path):
    if path == ROOT / "_core" / "_sklearn.py":
        pytest.skip("this is the file")
    for _, module, names in imports(path):
        if module.partition(".")[0] == "sklearn":
            private = [part for part in (*module.split("."), *names) if part[0] == "_"]
            assert not private, f"{module}: {names}"
            if path != ROOT / "_core" / "_callbacks.py":
                assert module != "sklearn.callback", "see _core/_callbacks.py"


@each_file
def test_heavy_modules_are_imported_late(path):
    allowed = MODULE_LEVEL | sys.stdlib_module_names
    if is_kernel_file(module_name(path)):
        allowed = allowed | {"numba", "joblib"}
    for _, module, _ in imports(path, module_level=True):
        assert module.partition(".")[0] in allowed, module


def test_public_modules_reach_no_kernel():
    """Kernel files load numba, so an import of a public name must not come to them."""
    by_name = {module_name(path): path for path in FILES}
    reached = {
        f"{package.__name__}.{module}"
        for package in packages()
        for module in package._TABLE.values()
    }
    open_names = list(reached)
    while open_names:
        name = open_names.pop()
        assert not is_kernel_file(name), name
        for _, module, names in imports(by_name[name], module_level=True):
            for target in (module, *(f"{module}.{each}" for each in names)):
                if target in by_name and target not in reached:
                    reached.add(target)
                    open_names.append(target)


@pytest.mark.parametrize("system", sorted(SYSTEMS | {"_core"}))
def test_imports_point_one_way(system):
    """Siblings form no circle, and kernels import no sibling: numba's cache cannot see
    a change in another file."""
    files = {module_name(path): path for path in (ROOT / system).glob("*.py")}
    graph = {}
    for name, path in files.items():
        graph[name] = {
            target
            for level, module, names in imports(path)
            if level
            for target in (module, *(f"{module}.{each}" for each in names))
            if target in files and target != f"sklearn_ext.{system}"
        }
        if is_kernel_file(name):
            assert not graph[name]
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("system", sorted(SYSTEMS))
def test_kernels_are_warmed_up(system):
    folder = ROOT / system
    if any(folder.glob("_kernels*.py")):
        assert (folder / "_warm_up.py").is_file()


@each_file
def test_files_hold_one_idea(path):
    n_lines = len(path.read_text().splitlines())
    assert n_lines <= 600
    assert path.stem not in {"utils", "helpers", "misc", "common"}

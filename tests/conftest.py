"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")  # before anything imports matplotlib

if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":

    def pytest_configure(config):
        # hashes wrap on purpose: compiled kernels do so in silence, NumPy scalars warn
        config.addinivalue_line(
            "filterwarnings", "ignore:overflow encountered in scalar"
        )
        from tests._remembered_trees import remember_trees

        remember_trees()


CHECKOUT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data():
    """Folder of the published tables, which are not part of the repository."""
    root = os.environ.get("SKLEARN_EXT_SHARED", CHECKOUT.parent / "shared")
    folder = Path(root) / "data"
    if not folder.is_dir():
        pytest.skip(f"the published tables are not here: no folder {folder}")
    return folder


@pytest.fixture(scope="session")
def global_random_seed():
    """Seed of generated data; runs with another SKLEARN_EXT_SEED vary it."""
    return int(os.environ.get("SKLEARN_EXT_SEED", "0"))


@pytest.fixture(scope="session")
def compiled():
    """Skip where the kernels run as plain Python."""
    if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
        pytest.skip("asks about compiled kernels, and NUMBA_DISABLE_JIT is set")

"""Each example runs from start to end, without a screen."""

from pathlib import Path

import pytest

from tests.common._process import run_python

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLES = [*CHECKOUT.glob("examples/plot_*.py"), CHECKOUT / "examples" / "demo.py"]


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(EXAMPLES), ids=lambda path: path.stem)
def test_example_runs(path, tmp_path):
    run_python("-W", "error", path, cwd=tmp_path, MPLBACKEND="Agg")

"""Run a few lines of Python in a fresh interpreter."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DROPPED = ("EAGER_IMPORT", "NUMBA_DISABLE_JIT", "PYTHONSTARTUP", "COV_CORE_SOURCE")


def run_python(*arguments, cwd=None, **environment):
    """Run the interpreter on `arguments`; return what it printed, fail if it fails."""
    kept = {name: value for name, value in os.environ.items() if name not in DROPPED}
    kept["PYTHONPATH"] = str(ROOT)  # pickles may hold classes of the tests
    result = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env=kept | environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout

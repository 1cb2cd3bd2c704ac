"""How the demo writes on the screen."""

import os
import shutil
import sys
import time
from contextlib import contextmanager

WIDTH = min(shutil.get_terminal_size((100, 24)).columns, 110)


def styled(text, code="1"):
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        return f"\033[{code}m{text}\033[0m"
    return text


def section(title, remark=""):
    print(f"\n{styled(title)}{remark and '  ' + styled(remark, '2')}", flush=True)


@contextmanager
def waiting(text):
    """Say what is being done, and how long it took when it is done."""
    print(f"  {text} ... ", end="", flush=True)
    start = time.perf_counter()
    yield
    seconds = time.perf_counter() - start
    print(
        f"{seconds:.1f} s" if seconds > 0.1 else f"{1000 * seconds:.0f} ms", flush=True
    )


def row(cells, widths):
    """Print one row of a table at once, so that a slow table grows as one watches."""
    first, *others = zip(cells, widths, strict=True)
    line = f"  {first[0]:<{first[1]}}" + "".join(f"{c:>{w}}" for c, w in others)
    print(line.rstrip(), flush=True)


def title(name):
    print("\n" + styled(f" {name} ".center(WIDTH, "─")))

"""The code in the documentation and in the README runs and shows what is printed."""

import doctest
import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
GENERATED = {"_build", "auto_examples", "generated"}
PAGES = sorted(
    path
    for path in (CHECKOUT / "docs").rglob("*.rst")
    if not GENERATED & set(path.parts)
)


@pytest.mark.parametrize(
    "path", PAGES, ids=lambda path: path.relative_to(CHECKOUT).as_posix()
)
def test_page_shows_what_its_code_prints(path):
    failed, _ = doctest.testfile(
        str(path),
        module_relative=False,
        optionflags=doctest.NORMALIZE_WHITESPACE,
        encoding="utf-8",
    )
    assert not failed


def test_readme_prints_what_it_says(capsys):
    readme = (CHECKOUT / "README.md").read_text()
    codes = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    texts = re.findall(r"```text\n(.*?)```", readme, re.DOTALL)
    for code, printed in zip(codes, texts, strict=True):
        exec(code, {})
        assert capsys.readouterr().out == printed

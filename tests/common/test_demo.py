"""The demo reads the tables that people have, and says what is wrong with others."""

import gzip
import math
import runpy
import sys
from pathlib import Path
from urllib.error import URLError

import pandas as pd
import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TABLE = """age,fare,kind,city,survived
22, 7.25,1,"Paris, Texas",yes
?,8,2,,no
35,,1,Rome,yes
"""


@pytest.fixture
def demo(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.chdir(tmp_path)
    yield runpy.run_path(str(EXAMPLES / "demo.py"))
    for name in (
        "_data",
        "_demo_augmentation",
        "_demo_labels",
        "_demo_separability",
        "_demo_text",
        "_keywords",
        "_reviews",
        "_screen",
    ):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("opener", [open, gzip.open])
def test_cells_keep_their_kind(demo, opener):
    name = "table.csv" if opener is open else "table.csv.gz"
    with opener(name, "wt") as file:
        file.write(TABLE)
    X, y = demo["load"](name, "survived")
    assert list(X.columns) == ["age", "fare", "kind", "city"]
    assert X["age"].tolist() == [22, "?", 35]
    assert X["fare"].tolist()[:2] == [7.25, 8.0]
    assert math.isnan(X["fare"][2])
    assert X["kind"].tolist() == [1, 2, 1]
    assert X["city"].tolist()[::2] == ["Paris, Texas", "Rome"]
    assert X["city"].isna().tolist() == [False, True, False]
    assert y.tolist() == ["yes", "no", "yes"]


def test_the_target_is_the_last_column_by_default(demo):
    Path("table.csv").write_text(TABLE)
    assert demo["load"]("table.csv", None)[1].tolist() == ["yes", "no", "yes"]


def test_row_numbers_and_unknown_classes_are_left_out(demo, capsys):
    Path("table.csv").write_text("id,a,label\n7,x,u\n8,y,\n9,x,v\n10,y,u\n")
    X, y = demo["load"]("table.csv", "label")
    assert list(X.columns) == ["a"]
    assert y.tolist() == ["u", "v", "u"]
    text = capsys.readouterr().out
    assert "row numbers: id" in text
    assert "missing label: 1 rows" in text


@pytest.mark.parametrize(
    ("data", "target", "message"),
    [
        ("table.csv", "no_such", "has no column 'no_such', only age, fare"),
        ("no_such.csv", None, "There is no file 'no_such.csv'"),
        ("many.csv", None, "51 different values"),
    ],
)
def test_what_is_wrong_is_said(demo, data, target, message):
    Path("table.csv").write_text(TABLE)
    Path("many.csv").write_text("a,y\n" + "".join(f"1,{k}\n" for k in range(51)))
    with pytest.raises(SystemExit, match=message):
        demo["load"](data, target)


def test_a_name_is_fetched_from_openml(demo, monkeypatch):
    def fetch(name, **kwargs):
        assert name == "adult"
        assert kwargs["version"] == 2
        X = pd.DataFrame({"a": pd.Categorical(["u", None, "v"]), "b": [1.0, 2.0, 4.0]})
        return X, pd.Series(pd.Categorical(["x", "y", "x"]), name="class")

    monkeypatch.setitem(demo["load"].__globals__, "fetch_openml", fetch)
    X, y = demo["load"]("adult", None)
    assert X.shape == (3, 2)
    assert y.tolist() == ["x", "y", "x"]


def test_a_missing_network_is_named(demo, monkeypatch):
    def fetch(name, **kwargs):
        raise URLError("no route")

    monkeypatch.setitem(demo["load"].__globals__, "fetch_openml", fetch)
    with pytest.raises(SystemExit, match=r"needs a network.*\s.*path of a CSV file"):
        demo["load"]("adult", None)


@pytest.mark.slow
def test_a_small_table_with_rare_classes(demo, monkeypatch, capsys):
    rows = [f"{k % 7},{'ab?'[k % 3]},{'uvw'[k % 7 // 3]}" for k in range(60)]
    Path("table.csv").write_text("\n".join(["n,t,y", *rows, "1,a,z"]))
    monkeypatch.setattr(sys, "argv", ["demo.py", "--data", "table.csv"])
    demo["main"]()
    text = capsys.readouterr().out
    assert "FoldSE" in text
    assert Path("demo_output/table_rules.png").is_file()


@pytest.mark.slow
def test_a_missing_matplotlib_is_named(demo, monkeypatch, capsys):
    X, y = demo["bundled"](demo["load_wine"])
    model = demo["learner"]().fit(X, y)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    demo["draw"](model, "wine")
    assert "sklearn-ext[plot]" in capsys.readouterr().out

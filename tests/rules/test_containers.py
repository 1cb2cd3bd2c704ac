"""The same table in any container gives the same program and the same answers."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_iris, load_wine

from sklearn_ext import FoldSE
from tests.rules._canonical import plain, state
from tests.rules._tables import NAN, random_table


def numeric_containers(X):
    """Yield (name, table) for one float table whose values float32 can hold."""
    names = [f"c{j}" for j in range(X.shape[1])]
    yield "float64 C", np.ascontiguousarray(X)
    yield "float64 F", np.asfortranarray(X)
    yield "float32 C", X.astype(np.float32)
    yield "float32 F", np.asfortranarray(X.astype(np.float32))
    yield "object", X.astype(object)
    yield "nested list", X.tolist()
    yield "DataFrame", pd.DataFrame(X, columns=names)
    yield "DataFrame float32", pd.DataFrame(X.astype(np.float32), columns=names)
    yield "DataFrame nullable", pd.DataFrame(X, columns=names).astype("Float64")
    yield "polars", pl.DataFrame(X, schema=names)
    yield "CSR", sparse.csr_array(X)
    yield "CSC", sparse.csc_array(X)
    yield "CSR matrix", sparse.csr_matrix(X)
    read_only = X.copy()
    read_only.flags.writeable = False
    yield "read-only", read_only
    yield "strided", np.repeat(X, 2, axis=0)[::2]


@pytest.mark.parametrize("load", [load_breast_cancer, load_iris])
def test_numeric_containers(load):
    X, y = load(return_X_y=True)
    X = X.astype(np.float32).astype(np.float64)
    X[::7, 0] = 0  # something for the sparse kinds to leave out
    expected = FoldSE(tail=3).fit(X, y)
    for name, table in numeric_containers(X):
        categorical = None if "polars" not in name else "from_dtype"
        model = FoldSE(tail=3, categorical_features=categorical).fit(table, y)
        assert state(model) == state(expected), name
        np.testing.assert_array_equal(
            model.predict_proba(table), expected.predict_proba(X), err_msg=name
        )


def test_missing_numbers_in_all_containers():
    X, y = load_wine(return_X_y=True)
    X = X.astype(np.float32).astype(np.float64)
    X[np.random.default_rng(0).random(X.shape) < 0.2] = NAN
    expected = FoldSE().fit(X, y)
    for name, table in numeric_containers(X):
        assert state(FoldSE().fit(table, y)) == state(expected), name


def mixed_containers():
    """Yield (name, table) for one mixed table; tokens and missing cells among it."""
    rows, _, _ = random_table(6)
    rows = [[a, b or None, c, d, e, f] for a, b, c, d, e, f in rows]
    names = [f"c{j}" for j in range(6)]
    as_object = pd.DataFrame(rows, columns=names, dtype=object)
    frame = as_object.astype({"c0": float, "c4": float, "c5": float})
    yield "object array", as_object.to_numpy()
    yield "nested list", rows
    yield "object frame", as_object
    yield "string frame", frame.astype({"c1": "string", "c3": "string"})
    yield "category frame", frame.astype({"c1": "category", "c3": "category"})
    yield "int became float", frame.astype({"c3": float})
    yield "int", frame.astype({"c3": np.int8, "c5": int})
    columns = {
        name: frame[name].tolist() if name != "c2" else list(map(text, frame[name]))
        for name in names
    }
    yield "polars", pl.DataFrame(columns, strict=False)
    yield (
        "polars categorical",
        pl.DataFrame(columns, strict=False).with_columns(
            pl.col("c1").cast(pl.Categorical)
        ),
    )


def text(cell):
    """Write a cell as polars must hold it: numbers among strings become strings."""
    return None if cell is None else str(cell)


def test_mixed_containers():
    """Numbers may also arrive as strings; column 3 as ints or floats."""
    _, categorical, y = random_table(6)
    tables_by_name = dict(mixed_containers())
    model = FoldSE(categorical_features=np.array(categorical), tail=0)
    first = tables_by_name["object array"]
    expected, answers = state(model.fit(first, y)), model.predict(first).tolist()
    assert {x.feature for rule in model.raw_rules_ for x in rule.literals} >= {1, 2}
    for name, table in tables_by_name.items():
        fitted = FoldSE(categorical_features=np.array(categorical), tail=0)
        assert state(fitted.fit(table, y)) == expected, name
        assert fitted.predict(table).tolist() == answers, name


@pytest.mark.parametrize("columns", ["names", "positions", "mask"])
def test_ways_to_name_categorical_columns(columns):
    rows, categorical, y = random_table(7)
    frame = pd.DataFrame(rows, columns=[f"c{j}" for j in range(6)])
    given_as = {
        "names": ["c3", "c1"],
        "positions": [1, 3],
        "mask": categorical,
    }
    model = FoldSE(categorical_features=given_as[columns]).fit(frame, y)
    expected = FoldSE(categorical_features=np.array(categorical)).fit(rows, y)
    assert state(model) == state(expected)
    assert model.is_categorical_.tolist() == categorical


def test_categorical_from_dtype():
    frame = pd.DataFrame(
        {
            "float": [1.0, 2.0, NAN],
            "int": [1, 2, 3],
            "str": pd.Series(["1", "2", "3"], dtype="str"),
            "object of str": pd.Series(["1", "2", None], dtype=object),
            "object with a number": pd.Series(["?", 2, None], dtype=object),
            "object of bool": pd.Series([True, False, None], dtype=object),
            "object of nothing": pd.Series([None, NAN, None], dtype=object),
            "category": pd.Categorical([1, 2, 1]),
            "bool": [True, False, True],
            "nullable": pd.Series([1, None, 3], dtype="Int64"),
            "nullable bool": pd.Series([True, None, False], dtype="boolean"),
        }
    )
    model = FoldSE().fit(frame, [0, 1, 1])
    found = dict(zip(frame.columns, model.is_categorical_.tolist(), strict=True))
    numerical = {"float", "int", "object with a number", "nullable"}
    assert {name for name in found if not found[name]} == numerical
    model = FoldSE(categorical_features=None).fit(frame, [0, 1, 1])
    assert not model.is_categorical_.any()


@pytest.mark.parametrize(
    ("cell", "number", "token"),
    [
        (" 3e0\t", 3.0, " 3e0\t"),
        ("1_000", 1000.0, "1_000"),
        ("-0", 0.0, "-0"),
        ("0x10", "0x10", "0x10"),
        ("1,5", "1,5", "1,5"),
        ("True", "True", "True"),
        (" ", " ", " "),
        ("NaN", "", "NaN"),
        ("", "", ""),
        (True, 1.0, "True"),
        (np.False_, 0.0, "False"),
        (-0.0, 0.0, "0"),
        (np.int8(7), 7.0, "7"),
        (7.0, 7.0, "7"),
        (2.5, 2.5, "2.5"),
        (2**53 + 1, 2.0**53, "9007199254740993"),
        (np.float32(0.1), float(np.float32(0.1)), "0.10000000149011612"),
        (pd.NA, "", ""),
        (None, "", ""),
        (("a", 1), "('a', 1)", "('a', 1)"),
    ],
    ids=repr,
)
def test_reading_one_cell(cell, number, token):
    """A numerical column parses what it can; a categorical one writes all as text."""
    X = np.empty((2, 2), dtype=object)
    X[0], X[1] = ["other", "other"], [cell, cell]
    model = FoldSE(categorical_features=[False, True]).fit(X, [0, 1])
    tokens = {"other"} | ({number} if isinstance(number, str) else set())
    assert set(model.categories_[0]) == tokens
    assert set(model.categories_[1]) == {"other", token}
    model = FoldSE(categorical_features=None).fit(X[:, :1], [0, 1])
    value = plain(model.raw_rules_[0])[1][0][2]
    assert value == (number if isinstance(number, float) else max(tokens))


def test_tokens_and_their_order():
    """`categories_` holds the tokens as text, descending, missing ones last."""
    X = [[1, True, "b", 0.5], [2.0, False, "a", "?"], [np.int8(1), True, None, NAN]]
    model = FoldSE(categorical_features=[0, 1, 2]).fit(X, [0, 1, 1])
    assert [c.tolist() for c in model.categories_] == [
        ["2", "1"],
        ["True", "False"],
        ["b", "a", ""],
        ["?", ""],
    ]

"""Texts in every container, and new rows in containers like them."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from sklearn_ext.augmentation._text_table import TextTable, take_rows

TEXTS = ["one text", "another", "a third"]
NEW = ["another that is much longer than before", "one text", "third, again"]
ROWS = np.array([1, 0, 2])

PLAIN = {
    "list": TEXTS,
    "tuple": tuple(TEXTS),
    "array": np.array(TEXTS),
    "objects": np.array(TEXTS, dtype=object),
    "Series": pd.Series(TEXTS, name="text", index=[5, 7, 9]),
    "old Series": pd.Series(TEXTS, dtype=object),
    "polars": pl.Series("text", TEXTS),
}


@pytest.mark.parametrize("name", PLAIN)
def test_new_texts_come_in_the_same_container(name):
    given = PLAIN[name]
    table = TextTable(given)
    assert table.texts == TEXTS
    made = table.with_texts(ROWS, NEW)
    assert type(made) is type(given)
    assert list(made) == NEW
    if isinstance(given, pd.Series):
        assert made.dtype == given.dtype
        assert made.name == given.name
        assert made.index.equals(pd.RangeIndex(3))
    if isinstance(given, np.ndarray):
        assert made.dtype.kind == given.dtype.kind
    assert list(given) == TEXTS  # as it was


def frame():
    return pd.DataFrame(
        {
            "stars": np.array([1, 2, 3], dtype=np.int8),
            "text": TEXTS,
            "shop": pd.Categorical(["a", "b", "a"], categories=["a", "b", "c"]),
        },
        index=[3, 2, 1],
    )


def test_other_columns_are_those_of_the_source():
    given = frame()
    before = given.copy(deep=True)
    made = TextTable(given).with_texts(ROWS, NEW)
    assert made["text"].tolist() == NEW
    assert made["stars"].tolist() == [2, 1, 3]
    assert (made.dtypes == given.dtypes).all()
    assert made["shop"].cat.categories.tolist() == ["a", "b", "c"]
    assert made.index.equals(pd.RangeIndex(3))
    pd.testing.assert_frame_equal(given, before)


def test_a_frame_of_polars():
    given = pl.DataFrame({"stars": [1, 2, 3], "text": TEXTS})
    made = TextTable(given).with_texts(ROWS, NEW)
    assert isinstance(made, pl.DataFrame)
    assert made["text"].to_list() == NEW
    assert made["stars"].to_list() == [2, 1, 3]
    assert made.schema == given.schema


def test_the_text_column_is_found_or_named():
    two = frame().assign(title=TEXTS)
    assert TextTable(two, "title").column == "title"
    assert TextTable(two, 1).column == "text"
    assert TextTable(pd.DataFrame({0: TEXTS, 1: [1, 2, 3]})).column == 0
    one = pd.DataFrame(
        {"shop": pd.Categorical(TEXTS)}
    )  # of one column there is no doubt
    assert TextTable(one).with_texts(ROWS, NEW)["shop"].tolist() == NEW


@pytest.mark.parametrize(
    ("X", "column", "error", "message"),
    [
        (frame().assign(title=TEXTS), None, ValueError, "2 text columns.*text_column"),
        (frame()[["stars", "shop"]], None, ValueError, "0 text columns.*'stars'"),
        (frame(), "body", ValueError, "'body' is none of the columns.*'stars'"),
        (frame(), 3, ValueError, "text_column=3 is none of the columns"),
        (TEXTS, "text", ValueError, "X has no columns"),
        (np.zeros((3, 2)), None, TypeError, "texts expected"),
        (sparse.csr_array(np.eye(3)), None, TypeError, "texts expected.*sparse"),
        (["a", " \n"], None, ValueError, r"X\[1\] is an empty text"),
        (["a", None], None, ValueError, r"X\[1\] is None"),
        (frame().assign(text=["a", None, "b"]), "text", ValueError, r"X\[1\] is"),
        ("a text", None, ValueError, "raw text documents expected"),
    ],
)
def test_what_is_no_table_of_texts_is_refused(X, column, error, message):
    with pytest.raises(error, match=message):
        TextTable(X, column)


def test_rows_of_labels_keep_their_kind():
    rows = np.array([2, 0])
    assert take_rows(["a", "b", "c"], rows) == ["c", "a"]
    assert take_rows(("a", "b", "c"), rows) == ("c", "a")
    labels = pd.Series(pd.Categorical(list("aba"), categories=list("abc")), name="y")
    taken = take_rows(labels, rows)
    assert taken.name == "y"
    assert taken.dtype == labels.dtype
    assert taken.index.equals(pd.RangeIndex(2))

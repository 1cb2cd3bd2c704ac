"""What FoldSE refuses, with which words, and what must work without complaint."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import InvalidParameterError

from sklearn_ext import FoldSE
from tests.rules._tables import NAN

X = [[0.0, "a"], [1.0, "b"], [2.0, "a"], [3.0, "b"]]
Y = [0, 0, 1, 1]


def frame(**columns):
    """A frame of four rows to fit with Y."""
    return pd.DataFrame(columns)


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "apply", "explain", "score"]
)
def test_not_fitted(method):
    arguments = (X, Y) if method == "score" else (X,)
    with pytest.raises(NotFittedError, match="FoldSE"):
        getattr(FoldSE(), method)(*arguments)


@pytest.mark.parametrize("method", ["to_asp", "to_scasp", "to_json", "rules_frame"])
def test_export_of_an_unfitted_model(method):
    with pytest.raises(NotFittedError, match="FoldSE"):
        getattr(FoldSE(), method)()


def test_lengths_differ():
    with pytest.raises(ValueError, match=r"\[4, 3\]"):
        FoldSE().fit(X, Y[:3])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.empty((0, 2)), r"0 sample\(s\).*minimum of 1"),
        (np.empty((4, 0)), r"0 feature\(s\).*minimum of 1"),
        (pd.DataFrame(index=range(4)), r"0 feature\(s\).*minimum of 1"),
        (pd.DataFrame({"a": []}), r"0 sample\(s\).*minimum of 1"),
    ],
)
def test_empty(table, message):
    with pytest.raises(ValueError, match=message):
        FoldSE().fit(table, Y[: len(table)])


def test_one_dimension():
    with pytest.raises(ValueError, match="2D array"):
        FoldSE().fit([1.0, 2.0, 3.0, 4.0], Y)


@pytest.mark.parametrize("infinity", [np.inf, -np.inf, "inf", "-Infinity", "1e999"])
@pytest.mark.parametrize("when", ["fit", "predict"])
def test_infinity(infinity, when):
    """The message names the column."""
    good = frame(size=[0.0, 1.0, 2.0, 3.0], kind=["a", "b", "a", "b"])
    bad = frame(size=[0.0, 1.0, infinity, 3.0], kind=["a", "b", "a", "b"])
    model = FoldSE(categorical_features=["kind"]).fit(good, Y)
    with pytest.raises(ValueError, match=r"(?i)inf.*size|size.*inf"):
        getattr(model, when)(*((bad, Y) if when == "fit" else (bad,)))


@pytest.mark.parametrize("container", [np.array, np.asfortranarray])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_infinity_in_an_array(container, dtype):
    bad = container([[0.0, 1], [1, 1], [2, -np.inf], [3, 1]], dtype=dtype)
    with pytest.raises(ValueError, match=r"(?i)inf.*x1|x1.*inf"):
        FoldSE().fit(bad, Y)


def test_infinity_as_a_category_is_a_token():
    X = frame(size=["inf", "inf", "1", "2"])
    model = FoldSE(categorical_features=["size"]).fit(X, Y)
    assert model.predict(X).tolist() == Y


@pytest.mark.parametrize(
    ("column", "error", "message"),
    [
        (np.array([1, 2, 3, 4j]), ValueError, "(?i)complex"),
        (pd.date_range("2020", periods=4), TypeError, "when"),
        (pd.to_timedelta([1, 2, 3, 4], unit="D"), TypeError, "when"),
        (pd.date_range("2020", periods=4, tz="UTC"), TypeError, "when"),
    ],
)
def test_refused_columns(column, error, message):
    with pytest.raises(error, match=message):
        FoldSE().fit(frame(number=[1, 2, 3, 4], when=column), Y)


def test_dates_in_polars():
    pl = pytest.importorskip("polars")
    table = pl.DataFrame({"when": pd.date_range("2020", periods=4).to_numpy()})
    with pytest.raises(TypeError, match="when"):
        FoldSE().fit(table, Y)


def test_complex_array():
    with pytest.raises(ValueError, match=r"(?i)complex"):
        FoldSE().fit(np.array([[1], [2], [3], [4j]]), Y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0.1, 0.2, 0.3, 0.4], "Unknown label type"),
        ([0.0, 1.0, NAN, 1.0], "NaN"),
        (None, "requires y to be passed"),
        ([[0, 1], [1, 0], [1, 1], [0, 0]], "(?i)y should be a 1d array|label type"),
    ],
)
def test_bad_y(y, message):
    with pytest.raises(ValueError, match=message):
        FoldSE().fit(X, y)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ratio", -0.1),
        ("ratio", "high"),
        ("ratio", None),
        ("tail", -1),
        ("tail", -0.001),
        ("tail", 1.0),
        ("tail", 1.5),
        ("tail", True),
        ("tail", False),
        ("tail", np.True_),
        ("tail", None),
        ("heuristic", "magic"),
        ("categorical_features", "all"),
        ("max_rules", 0),
        ("max_rules", 1.5),
        ("max_depth", -1),
        ("max_literals", 0),
        ("class_weight", "heavy"),
        ("min_confidence", 1.0),
        ("min_confidence", -0.1),
        ("n_jobs", 1.5),
        ("verbose", "yes"),
    ],
)
def test_parameter_out_of_range(name, value):
    with pytest.raises(InvalidParameterError, match=f"'{name}' parameter of FoldSE"):
        FoldSE(**{name: value}).fit(X, Y)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ratio", 0),
        ("ratio", 7),
        ("tail", 0),
        ("tail", 1),
        ("tail", 1000),
        ("tail", 0.0),
        ("tail", 0.999),
        ("tail", np.int64(2)),
        ("tail", np.float64(0.25)),
        ("max_depth", 0),
        ("max_rules", 1),
        ("max_literals", 1),
        ("min_confidence", 0),
        ("pos_label", 0),
        ("n_jobs", -1),
    ],
)
def test_parameter_at_the_edge_of_its_range(name, value):
    assert FoldSE(**{name: value}).fit(X, Y).predict(X).shape == (4,)


def test_pos_label_not_in_y():
    with pytest.raises(ValueError, match=r"7.*0.*1"):
        FoldSE(pos_label=7).fit(X, Y)


def test_pos_label_with_three_classes():
    with pytest.raises(ValueError, match=r"pos_label.*1"):
        FoldSE(pos_label=1).fit(X, [0, 1, 2, 2])


@pytest.mark.parametrize(
    "sample_weight",
    [[1, 1, -1, 1], [1, NAN, 1, 1], [1, np.inf, 1, 1], [0, 0, 0, 0], [1, 1, 1]],
)
def test_bad_sample_weight(sample_weight):
    with pytest.raises(ValueError, match=r"(?i)sample.weight"):
        FoldSE().fit(X, Y, sample_weight=sample_weight)
    with pytest.raises(ValueError, match=r"(?i)sample.weight"):
        FoldSE().rule_path(X, Y, [0.1], sample_weight=sample_weight)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "apply", "explain"])
def test_other_columns_at_predict(method):
    with pytest.raises(ValueError, match="3 features, but FoldSE is expecting 2"):
        getattr(FoldSE().fit(X, Y), method)(np.zeros((1, 3)))
    table = frame(p=[0, 1, 2, 3], q=[1, 1, 0, 0])
    ask = getattr(FoldSE().fit(table, Y), method)
    with pytest.raises(ValueError, match="must be in the same order"):
        ask(table[["q", "p"]])
    with pytest.raises(ValueError, match="unseen at fit time"):
        ask(table.rename(columns={"p": "other"}))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (["colour"], "colour"),
        ([5], "5"),
        ([-3], "-3"),
        ([True, False, True], "(?i)categorical_features|bool"),
    ],
)
def test_unknown_categorical_feature(entry, message):
    with pytest.raises(ValueError, match=message):
        FoldSE(categorical_features=entry).fit(frame(p=[0, 1, 2, 3], q=[1, 1, 0, 0]), Y)


def test_categorical_name_without_names():
    with pytest.raises(ValueError, match="colour"):
        FoldSE(categorical_features=["colour"]).fit(np.zeros((4, 1)), Y)


@pytest.mark.parametrize(
    ("tails", "message"),
    [([], "tails"), ([0.1, -1], "-1"), ([0.1, 1.5], "1.5"), ([True], "True")],
)
def test_bad_tails(tails, message):
    with pytest.raises(ValueError, match=message):
        FoldSE().rule_path(X, Y, tails)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (("sklearn_ext.FoldSE", "other.Model"), "other.Model"),
        (('"version": 1', '"version": 99'), "99"),
    ],
)
def test_other_json(change, found):
    text = FoldSE().fit(X, Y).to_json()
    if change[0] not in text:  # written without blanks
        change = [part.replace(": ", ":") for part in change]
    assert change[0] in text
    with pytest.raises(ValueError, match=found):
        FoldSE.from_json(text.replace(*change, 1))


def work(table, y, new=None, **params):
    """Fit and ask everything, with warnings as errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = FoldSE(**params).fit(table, y)
        new = table if new is None else new
        assert set(model.predict(new)) <= set(model.classes_)
        np.testing.assert_allclose(model.predict_proba(new).sum(axis=1), 1)
        model.explain(new)
        model.to_asp()
        model.to_scasp()
        model.rules_frame()
        FoldSE.from_json(model.to_json()).predict(new)
    return model


def test_columns_without_information():
    """All NaN, all None, constant number, constant token: the default decides."""
    table = frame(nan=[NAN] * 4, none=[None] * 4, one=[1.0] * 4, a=["a"] * 4)
    model = work(table, [0, 1, 0, 1], tail=0.5)
    assert model.default_class_ == 0
    work(table, [0, 1, 0, 1], tail=0)
    work(np.full((4, 2), NAN), Y)


def test_no_informative_literal():
    """Nothing beats a literal that covers all rows or none; no error."""
    table = frame(p=[0, 0, 1, 1], q=["a", "b", "a", "b"])
    model = work(table, [0, 1, 1, 0], tail=3)
    assert model.predict(table).tolist() == [model.default_class_] * 4


def test_duplicated_column_names():
    table = pd.DataFrame(X, columns=["same", "same"])
    model = work(table, Y)
    assert [x.feature for rule in model.rules_ for x in rule.literals] == [0]
    assert model.is_categorical_.tolist() == [False, True]
    text = FoldSE().fit(table[["same"]].iloc[:, ::-1], [0, 1, 0, 1]).to_asp()
    assert "same(X" in text


@pytest.mark.parametrize("y", [[1], ["only"]])
def test_one_row(y):
    model = work([[1.0, "a"]], y)
    assert (model.rules_, model.n_rules_, model.n_literals_) == ((), 0, 0)
    assert model.default_class_ == y[0]


def test_one_class():
    model = work(X, [5, 5, 5, 5])
    assert model.rules_ == ()
    assert model.predict_proba(X).tolist() == [[1.0]] * 4
    assert model.apply(X).tolist() == [-1] * 4
    assert model.feature_importances_.tolist() == [0, 0]


def test_missing_at_predict():
    model = work(X, Y, new=[[None, "a"], [NAN, None], ["word", "unseen"], ["", ""]])
    # A lower bound is printed as `not (A =< v)`, so a missing number passes it.
    assert model.predict([[NAN, "a"]]).tolist() == [1]


def test_many_tokens():
    tokens = [f"t{k}" for k in range(70_000)]
    table = pd.DataFrame({"id": tokens, "half": ["low", "high"] * 35_000})
    model = FoldSE().fit(table, [0, 1] * 35_000)
    assert model.n_literals_ == 1
    assert len(model.categories_[0]) == 70_000
    assert model.predict(table).tolist() == [0, 1] * 35_000


def test_many_columns():
    rng = np.random.default_rng(0)
    table = rng.integers(0, 3, (60, 1000)).astype(float)
    y = (table[:, 500] > 1).astype(int)
    model = FoldSE().fit(table, y)
    assert [(x.feature, x.value) for x in model.rules_[0].literals] == [(500, 1.0)]
    assert model.predict(table).tolist() == y.tolist()


def test_read_only():
    table = np.array([[0.0, 5.0], [1.0, 5.0], [2.0, 6.0], [3.0, 6.0]])
    y = np.array(Y)
    weight = np.ones(4)
    for array in (table, y, weight):
        array.flags.writeable = False
    assert FoldSE().fit(table, y, weight).predict(table).tolist() == Y


def test_memmap(tmp_path):
    table = np.memmap(tmp_path / "X", dtype=np.float32, mode="w+", shape=(4, 2))
    table[:] = [[0, 5], [1, 5], [2, 6], [3, 6]]
    table.flush()
    table = np.memmap(tmp_path / "X", dtype=np.float32, mode="r", shape=(4, 2))
    assert FoldSE().fit(table, Y).predict(table).tolist() == Y


def test_empty_strings():
    table = frame(kind=["", "", "b", "b"], size=["", "1", "", "2"])
    model = work(table, Y, categorical_features=["kind"])
    assert model.predict(table).tolist() == Y
    assert model.predict(frame(kind=[None], size=[None])).tolist() == [0]


def test_names_that_collide():
    table = frame(Size=[0, 1, 2, 3], size=[5, 5, 6, 6], **{"si-ze": [1, 2, 2, 1]})
    work(table, Y)
    work(table, [0, 1, 1, 0])


@pytest.mark.parametrize("labels", [[False, True], ["a", "b"], [-1, 1], [0.0, 1.0]])
def test_labels_of_any_type(labels):
    y = np.array(labels)[Y]
    model = work(X, y)
    assert model.classes_.dtype == y.dtype
    assert model.predict(X).dtype == y.dtype
    assert model.predict(X).tolist() == y.tolist()


def test_drifting_types():
    """Numbers may come as text, tokens as ints, floats, bools or categories."""
    table = frame(size=[0.0, 1.0, 2.0, 3.0], code=pd.Categorical([1, 2, 2, 1]))
    for y in (Y, [0, 1, 1, 0]):
        model = work(table, y)
        for code in (["1", "2", "2", "1"], [1, 2, 2, 1], [1.0, 2.0, 2.0, 1.0]):
            for size in ([0, 1, 2, 3], ["0", "1.0", " 2", "3e0"]):
                assert model.predict(frame(size=size, code=code)).tolist() == y
    flags = frame(flag=[True, False, False, True])
    model = work(flags, [1, 0, 0, 1])
    again = frame(flag=["True", "False", "False", "True"])
    assert model.predict(again).tolist() == [1, 0, 0, 1]


def test_integers_beyond_floats():
    """As categories they are tokens with all their digits, as numbers they overflow."""
    huge = 10**400
    X = pd.DataFrame({"a": pd.Series([huge, huge + 1] * 10, dtype=object)})
    y = [0, 1] * 10
    model = FoldSE(categorical_features=["a"]).fit(X, y)
    assert model.categories_[0].tolist() == [str(huge + 1), str(huge)]
    assert model.score(X, y) == 1
    with pytest.raises(ValueError, match="infinity in column 'a'"):
        FoldSE(categorical_features=None).fit(X, y)

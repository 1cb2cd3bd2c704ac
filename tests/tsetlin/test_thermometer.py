"""ThermometerEncoder against its definitions, value by value, and what it refuses."""

import datetime
import math
import pickle
import warnings
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_ext.tsetlin import ThermometerEncoder, TsetlinMachineClassifier

NAN = float("nan")
QUICK = settings(derandomize=True, deadline=None, max_examples=200)
STRATEGIES = ["quantile", "unique"]
each_strategy = pytest.mark.parametrize("strategy", STRATEGIES)

TIES = st.sampled_from([NAN, -0.0, 0.0, 5e-324, -1.5, 1.0, 1.0000000000000002, 7.0])
FLOATS = st.floats(allow_infinity=False, width=64)


@st.composite
def tables(draw):
    """Draw float64 tables with ties, NaN, denormals and both zeros."""
    n_rows = draw(st.integers(1, 40))
    columns = [
        draw(st.lists(cells, min_size=n_rows, max_size=n_rows))
        for cells in draw(st.lists(st.sampled_from([TIES, FLOATS]), min_size=1))[:3]
    ]
    return np.array(columns).T


def naive_thresholds(column, max_bits, strategy):
    """The definitions, in exact arithmetic and one value at a time."""
    values = sorted(x for x in column if not math.isnan(x))
    candidates = sorted(set(values))[1:]
    if len(candidates) <= max_bits:
        return candidates
    if strategy == "unique":
        # pyTsetlinMachine's Binarizer adds up steps, in floats that drift.
        chosen, place = [], Fraction(0)
        step = Fraction(len(candidates), max_bits)
        while int(place) < len(candidates) and len(chosen) < max_bits:
            chosen.append(candidates[int(place)])
            place += step
        return chosen
    chosen = set()
    for i in range(1, max_bits + 1):
        order = Fraction(i, max_bits + 1)
        # The least value that this share of the rows, at least, does not exceed.
        shares = ((Fraction(k, len(values)), x) for k, x in enumerate(values, 1))
        chosen.add(next(x for share, x in shares if share >= order))
    return sorted(chosen - {values[0]})


def naive_bits(X, thresholds, missing_mask):
    """Bits of each row as lists."""
    rows = []
    for cells in X:
        row = []
        for x, column, has_missing in zip(cells, thresholds, missing_mask, strict=True):
            row += [int(x >= threshold) for threshold in column]
            row += [int(math.isnan(x))] * bool(has_missing)
        rows.append(row)
    return rows


def accumulated_thresholds(column, max_bits):
    """The rule of pyTsetlinMachine's Binarizer with its running sum of floats."""
    candidates = np.unique(column)[1:]
    if len(candidates) <= max_bits:
        return candidates.tolist()
    chosen, place = [], 0.0
    while int(place) < len(candidates) and len(chosen) < max_bits:
        chosen.append(candidates[int(place)])
        place += 1.0 * len(candidates) / max_bits
    return chosen


@each_strategy
@QUICK
@given(X=tables(), other=tables(), max_bits=st.integers(1, 8))
def test_bits_are_those_of_the_definitions(strategy, X, other, max_bits):
    thresholds = [naive_thresholds(column, max_bits, strategy) for column in X.T]
    missing_mask = np.isnan(X).any(axis=0)
    encoder = ThermometerEncoder(max_bits, strategy=strategy)
    if not any(thresholds) and not missing_mask.any():
        with pytest.raises(ValueError, match="constant"):
            encoder.fit(X)
        return
    encoder.fit(X)
    assert [column.tolist() for column in encoder.thresholds_] == thresholds
    assert all(column.dtype == np.float64 for column in encoder.thresholds_)
    zeros = [column[column == 0] for column in encoder.thresholds_]
    assert not np.signbit(np.concatenate(zeros)).any()
    np.testing.assert_array_equal(encoder.missing_mask_, missing_mask, strict=True)

    unseen = np.resize(other, (len(other), X.shape[1]))
    for table in (X, unseen):
        bits = encoder.transform(table)
        assert bits.dtype == np.uint8
        assert bits.flags.c_contiguous
        assert bits.tolist() == naive_bits(table, thresholds, missing_mask)
        encoder.set_params(sparse_output=True)
        ones = encoder.transform(table)
        encoder.set_params(sparse_output=False)
        assert isinstance(ones, sp.csr_array)
        assert ones.dtype == np.uint8
        assert ones.indices.dtype == ones.indptr.dtype == np.int32
        assert ones.has_canonical_format
        assert (ones.data == 1).all()
        np.testing.assert_array_equal(ones.toarray(), bits, strict=True)


@pytest.mark.parametrize("max_bits", [1, 2, 4, 8, 16, 32])
def test_unique_is_the_rule_of_pytsetlinmachine(max_bits, global_random_seed):
    """Where no sum of floats is rounded, the rule as the reference computes it."""
    rng = np.random.default_rng(global_random_seed)
    X = rng.integers(0, [3, 20, 90, 500, 10_000], (400, 5)) / 8
    encoder = ThermometerEncoder(max_bits, strategy="unique").fit(X)
    expected = [accumulated_thresholds(column, max_bits) for column in X.T]
    assert [column.tolist() for column in encoder.thresholds_] == expected


@pytest.mark.parametrize("max_bits", [3, 10, 25])
def test_quantiles_are_those_of_numpy(max_bits):
    """Primes as the number of rows: no rank is an integer that floats might miss."""
    X = np.random.default_rng(0).normal(size=(1009, 2))
    orders = np.arange(1, max_bits + 1) / (max_bits + 1)
    expected = np.quantile(X, orders, axis=0, method="inverted_cdf").T
    encoder = ThermometerEncoder(max_bits).fit(X)
    np.testing.assert_array_equal(encoder.thresholds_, expected)


def test_quantiles_have_the_exact_rank():
    """Of 50 numbers, 2/25 is the 4th; as floats, the products exceed some integers."""
    encoder = ThermometerEncoder(24).fit(np.arange(1, 51)[:, None])
    assert encoder.thresholds_[0].tolist() == list(range(2, 50, 2))


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [("quantile", [3.0, 5.0, 8.0]), ("unique", [2.0, 5.0, 8.0])],
)
def test_round_thresholds(strategy, expected):
    X = np.arange(1.0, 11.0)[:, None]
    encoder = ThermometerEncoder(3, strategy=strategy).fit(X)
    assert encoder.thresholds_[0].tolist() == expected
    below = np.nextafter(expected, 0)
    bits = encoder.transform(np.array([*below, *expected, 0, 99])[:, None])
    assert bits.sum(axis=1).tolist() == [0, 1, 2, 1, 2, 3, 0, 3]


def test_strategies_differ_on_skewed_columns():
    X = np.array([0] * 10 + [1] * 80 + [2, 3, 4, 5, 6, 7, 8, 9, 10, 11])[:, None]
    quantile = ThermometerEncoder(4).fit(X)
    unique = ThermometerEncoder(4, strategy="unique").fit(X)
    assert quantile.thresholds_[0].tolist() == [1]
    assert unique.thresholds_[0].tolist() == [1, 3, 6, 9]


@each_strategy
def test_few_values_are_all_thresholds(strategy):
    X = np.array([[3.0, 0], [1, 1], [3, 0], [2, 1], [1, 1]])
    encoder = ThermometerEncoder(2, strategy=strategy).fit(X)
    assert [column.tolist() for column in encoder.thresholds_] == [[2, 3], [1]]


def test_missing_cells():
    """The bit comes after the others of its column, and only if `fit` saw NaN."""
    X = np.array([[1, 5, NAN, 7], [2, NAN, NAN, 7], [1, 6, NAN, 7]])
    encoder = ThermometerEncoder().fit(X)
    assert encoder.missing_mask_.tolist() == [False, True, True, False]
    names = ["x0>=2", "x1>=6", "x1 is missing", "x2 is missing"]
    assert encoder.get_feature_names_out().tolist() == names
    table = [[NAN, NAN, 1, NAN], [2, 7, NAN, 0]]
    for sparse_output in (False, True):
        encoder.set_params(sparse_output=sparse_output)
        bits = encoder.transform(table)
        bits = bits.toarray() if sparse_output else bits
        assert bits.tolist() == [[0, 0, 1, 0], [1, 1, 0, 1]]


def test_sparse_rows_without_ones():
    X = np.array([[0.0, NAN], [1, 1], [2, 2]])
    encoder = ThermometerEncoder(sparse_output=True).fit(X)
    bits = encoder.transform([[-1, 0], [0, -5]])
    assert bits.shape == (2, 4)
    assert bits.nnz == 0


@pytest.mark.parametrize(
    ("thresholds", "expected"),
    [
        ([40.0], ["40"]),
        ([12345.0, 12346.0], ["12345", "12346"]),
        ([0.123456, 0.5], ["0.123", "0.5"]),
        ([0.123456, 0.123489], ["0.12346", "0.12349"]),
        ([-0.1264, -0.1261], ["-0.1264", "-0.1261"]),
        ([9.997, 99.96], ["10", "100"]),
        ([1234.5, 23456.7], ["1234", "23457"]),
        ([1234.25, 1234.5], ["1234.2", "1234.5"]),
        ([-3.0, 0.0, 2.0], ["-3", "0", "2"]),
        ([5e-324, 1e-323], ["5e-324", "1e-323"]),
        ([1e-7, 1e20, 1e300], ["1e-07", "1e+20", "1e+300"]),
        ([1.0, 1.0000000000000002], ["1", "1.0000000000000002"]),
        ([2.0**53, 2.0**53 + 2], ["9007199254740992", "9007199254740994"]),
    ],
)
def test_names(thresholds, expected):
    X = np.array([-1e301, *thresholds])[:, None]
    names = ThermometerEncoder().fit(X).get_feature_names_out(["age"])
    assert names.tolist() == [f"age>={text}" for text in expected]
    assert names.dtype == object


@QUICK
@given(thresholds=st.sets(FLOATS.filter(math.isfinite), min_size=2, max_size=9))
def test_names_need_their_digits(thresholds):
    """As many texts as thresholds, and from 3 digits on not so with one less."""

    def rounded(number, digits):
        whole = len(str(int(abs(number))))
        return float(f"{number:.{max(whole, digits)}g}")

    column = sorted(thresholds)
    encoder = ThermometerEncoder().fit(np.array(column)[:, None])
    thresholds = encoder.thresholds_[0].tolist()
    names = encoder.get_feature_names_out().tolist()
    written = [float(name.removeprefix("x0>=")) for name in names]
    assert len(set(written)) == len(thresholds)
    digits = min(
        digits
        for digits in range(3, 18)
        if len({rounded(t, digits) for t in thresholds}) == len(thresholds)
    )
    assert written == [rounded(threshold, digits) for threshold in thresholds]


def test_names_of_columns():
    X = np.array([[1.0, 2.0], [2.0, 3.0]])
    frame = pd.DataFrame(X, columns=["age", "body mass"])
    encoder = ThermometerEncoder().fit(frame)
    names = encoder.get_feature_names_out()
    assert names.tolist() == ["age>=2", "body mass>=3"]
    again = encoder.get_feature_names_out(["age", "body mass"])
    assert again.tolist() == names.tolist()
    with pytest.raises(ValueError, match="not equal to feature_names_in_"):
        encoder.get_feature_names_out(["a", "b"])
    encoder = ThermometerEncoder().fit(pd.DataFrame(X))  # names that are not strings
    assert encoder.get_feature_names_out().tolist() == ["x0>=2", "x1>=3"]
    with pytest.raises(ValueError, match="should have length equal"):
        encoder.get_feature_names_out(["a"])


def same_tables():
    """Yield (name, table) for one table of integers in every container and dtype."""
    X = np.random.default_rng(0).integers(-9, 9, (60, 3))
    names = list("abc")
    for dtype in ("int8", "int64", "float16", "float32", "float64", ">f8", object):
        yield f"array of {dtype}", X.astype(dtype)
    yield "Fortran", np.asfortranarray(X, dtype=float)
    yield "strided", np.repeat(X.astype(float), 2, axis=0)[::2]
    read_only = X.astype(np.float64)
    read_only.flags.writeable = False
    yield "read-only", read_only
    yield "list", X.tolist()
    frame = pd.DataFrame(X, columns=names)
    yield "DataFrame", frame
    yield "mixed dtypes", frame.astype({"a": "float32", "b": "Int8", "c": object})
    yield "nullable", frame.convert_dtypes()
    yield "category", frame.astype("category")
    yield "polars", pl.from_pandas(frame)


@pytest.mark.parametrize("sparse_output", [False, True])
@pytest.mark.parametrize(
    "table", [pytest.param(table, id=name) for name, table in same_tables()]
)
def test_containers(table, sparse_output):
    X = np.random.default_rng(0).integers(-9, 9, (60, 3)).astype(np.float64)
    expected = ThermometerEncoder(6).fit(X)
    before = np.asarray(table).tolist()
    encoder = ThermometerEncoder(6, sparse_output=sparse_output)
    bits = encoder.fit_transform(table)
    np.testing.assert_array_equal(
        bits.toarray() if sparse_output else bits, expected.transform(X), strict=True
    )
    np.testing.assert_array_equal(encoder.thresholds_, expected.thresholds_)
    assert np.asarray(table).tolist() == before


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"a": [1, None, 3], "b": [True, None, False]}).convert_dtypes(),
        pd.DataFrame({"a": [1, None, 3], "b": [True, None, False]}, dtype=object),
        pl.DataFrame({"a": [1, None, 3], "b": [True, None, False]}),
    ],
    ids=["pandas nullable", "pandas object", "polars"],
)
def test_missing_cells_of_frames(table):
    encoder = ThermometerEncoder().fit(table)
    names = ["a>=3", "a is missing", "b>=1", "b is missing"]
    assert encoder.get_feature_names_out().tolist() == names
    bits = [[0, 0, 1, 0], [0, 1, 0, 1], [1, 0, 0, 0]]
    assert encoder.transform(table).tolist() == bits


def test_booleans():
    X = np.array([[True, False], [False, False], [True, True]])
    encoder = ThermometerEncoder().fit(X)
    assert encoder.get_feature_names_out().tolist() == ["x0>=1", "x1>=1"]
    np.testing.assert_array_equal(encoder.transform(X), X)


def test_float32_is_compared_as_float64():
    """0.7 of float32 is below 0.7, and stays so whichever of them was fitted."""
    exact, single = np.array([[0.0], [0.7]]), np.array([[0.0], [0.7]], np.float32)
    assert ThermometerEncoder().fit(exact).transform(single).ravel().tolist() == [0, 0]
    encoder = ThermometerEncoder().fit(single)
    assert encoder.transform(exact).ravel().tolist() == [0, 1]
    assert encoder.thresholds_[0].dtype == np.float64


def test_set_output_pandas():
    frame = pd.DataFrame({"age": [20.0, 40, NAN]}, index=["p", "q", "r"])
    encoder = ThermometerEncoder().set_output(transform="pandas")
    expected = pd.DataFrame(
        {"age>=40": [0, 1, 0], "age is missing": [0, 0, 1]},
        index=frame.index,
        dtype=np.uint8,
    )
    pd.testing.assert_frame_equal(encoder.fit_transform(frame), expected)


def test_set_output_polars():
    frame = pl.DataFrame({"age": [20.0, 40, None]})
    bits = ThermometerEncoder().set_output(transform="polars").fit_transform(frame)
    assert bits.to_dict(as_series=False) == {
        "age>=40": [0, 1, 0],
        "age is missing": [0, 0, 1],
    }
    assert set(bits.dtypes) == {pl.UInt8}


def test_set_output_of_sparse_bits():
    encoder = ThermometerEncoder(sparse_output=True).set_output(transform="pandas")
    with pytest.raises(ValueError, match="sparse"):
        encoder.fit_transform([[1.0], [2.0]])


@parametrize_with_checks(
    [
        ThermometerEncoder(),
        ThermometerEncoder(max_bits=3, strategy="unique"),
        ThermometerEncoder(max_bits=2, sparse_output=True),
    ]
)
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("sparse_output", [False, True])
def test_copies_are_equal(sparse_output):
    skops_io = pytest.importorskip("skops.io")
    X, _ = load_breast_cancer(return_X_y=True, as_frame=True)
    X.iloc[::9, 0] = NAN
    encoder = ThermometerEncoder(4, sparse_output=sparse_output).fit(X)
    dumped = skops_io.dumps(encoder)
    untrusted = skops_io.get_untrusted_types(data=dumped)
    assert untrusted == ["sklearn_ext.tsetlin._thermometer.ThermometerEncoder"]
    dense = ThermometerEncoder(4).fit_transform(X)
    for copy in (
        pickle.loads(pickle.dumps(encoder)),
        skops_io.loads(dumped, trusted=untrusted),
        clone(encoder).fit(X),
    ):
        bits = copy.transform(X)
        bits = bits.toarray() if sparse_output else bits
        np.testing.assert_array_equal(bits, dense, strict=True)
        names = copy.get_feature_names_out().tolist()
        assert names == encoder.get_feature_names_out().tolist()
    assert not hasattr(clone(encoder), "thresholds_")


def test_row_order_and_repetition_do_not_matter():
    X = np.random.default_rng(1).normal(size=(97, 3)).round(1)
    expected = ThermometerEncoder(7).fit(X)
    for table in (X[::-1], np.repeat(X, 3, axis=0)):
        encoder = ThermometerEncoder(7).fit(table)
        for left, right in zip(encoder.thresholds_, expected.thresholds_, strict=True):
            np.testing.assert_array_equal(left, right)


def test_a_table_for_the_tsetlin_machine(compiled):
    """The published setting of pyTsetlinMachine, which reports 97.5 +- 0.3 %."""
    X, y = load_breast_cancer(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.2, random_state=0)
    machine = TsetlinMachineClassifier(
        800,
        threshold=40,
        specificity=5.0,
        max_iter=25,
        weighted=False,
        max_literals=None,
        random_state=0,
    )
    pipe = make_pipeline(ThermometerEncoder(10), machine).fit(X, y)
    assert pipe.score(X_test, y_test) >= 0.95


def test_not_fitted():
    with pytest.raises(NotFittedError, match="ThermometerEncoder"):
        ThermometerEncoder().transform([[1.0]])
    with pytest.raises(NotFittedError, match="ThermometerEncoder"):
        ThermometerEncoder().get_feature_names_out()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_bits", 0),
        ("max_bits", 2.5),
        ("max_bits", True),
        ("strategy", "uniform"),
        ("sparse_output", "yes"),
    ],
)
def test_bad_parameters(name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter of ThermometerEncoder"):
        ThermometerEncoder(**{name: value}).fit([[1.0], [2.0]])


FIRST = [1.0, 2.0, 3.0]
TEXT = "'size' holds text or dates"
BAD_FRAMES = [
    ([1, np.inf, 2], "infinity in column 'size'"),
    ([1, -np.inf, 2], "infinity in column 'size'"),
    (["a", "b", "c"], TEXT),
    (["1", "2", "3"], TEXT),
    (["", "", ""], TEXT),
    (np.array([1, "b", None], dtype=object), TEXT),
    (pd.Categorical(["a", "b", "a"]), TEXT),
    (pd.array([None, "b", None], dtype="string"), TEXT),
    (pd.date_range("2020", periods=3), TEXT),
    (pd.date_range("2020", periods=3, tz="UTC"), TEXT),
    (pd.to_timedelta([1, 2, 3], unit="D"), TEXT),
]


@pytest.mark.parametrize("method", ["fit", "transform"])
@pytest.mark.parametrize(("column", "message"), BAD_FRAMES)
def test_bad_columns_of_a_frame(column, message, method):
    good = pd.DataFrame({"first": FIRST, "size": FIRST})
    encoder = ThermometerEncoder().fit(good)
    with pytest.raises(ValueError, match=message):
        getattr(encoder, method)(pd.DataFrame({"first": FIRST, "size": column}))


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (["a", "b", "c"], TEXT),
        ([datetime.date(2020, 1, i) for i in (1, 2, 3)], TEXT),
        ([1.0, 2.0, np.inf], "infinity in column 'size'"),
    ],
)
def test_bad_columns_of_polars(column, message):
    with pytest.raises(ValueError, match=message):
        ThermometerEncoder().fit(pl.DataFrame({"first": FIRST, "size": column}))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([[1, 2], [1, "2"]], "'x1' holds text or dates, such as '2'"),
        (np.array([["1"], ["2"]]), "'x0' holds text"),
        (np.array([[1, "b"], [2, 3]], dtype=object), "'x1' holds text"),
        (np.array([[b"1"], [b"2"]]), "'x0' holds text"),
        (np.array([["2020"], ["2021"]], "M8[Y]"), "'x0' holds text or dates"),
        (np.float32([[1, 2], [2, -np.inf]]), "infinity in column 'x1'"),
        ([[1.0, 2.0], [1.0, 2.0]], "constant"),
        (np.array([[1], [2j]]), "Complex data not supported"),
        ([1.0, 2.0], "Expected 2D array"),
        (np.empty((0, 2)), r"0 sample\(s\)"),
        (np.empty((3, 0)), r"0 feature\(s\)"),
    ],
)
def test_bad_arrays(table, message):
    with pytest.raises(ValueError, match=message):
        ThermometerEncoder().fit(table)


def test_sparse_input_is_refused():
    with pytest.raises(TypeError, match="Sparse data was passed"):
        ThermometerEncoder().fit(sp.csr_array(np.eye(3)))


def test_nothing_to_encode_names_the_columns():
    frame = pd.DataFrame({"age": [4, 4], "size": [0.0, -0.0]})
    with pytest.raises(ValueError, match=r"\('age', 'size'\) is constant.*samples=2"):
        ThermometerEncoder().fit(frame)


def test_other_columns_are_refused():
    encoder = ThermometerEncoder().fit(pd.DataFrame({"a": FIRST, "b": FIRST}))
    with pytest.raises(ValueError, match="2 features"):
        ThermometerEncoder().fit(np.eye(2)).transform(np.eye(3))
    with pytest.raises(ValueError, match="feature names"):
        encoder.transform(pd.DataFrame({"b": FIRST, "a": FIRST}))


@pytest.mark.parametrize(
    "bad", [[[1.0], [1.0]], [[np.inf], [0.0]], [["a"], ["b"]], [[{}], [1]]]
)
def test_a_failed_fit_leaves_the_encoder_as_it_was(bad):
    fresh = ThermometerEncoder()
    encoder = ThermometerEncoder().fit(pd.DataFrame({"a": FIRST, "b": FIRST}))
    before = pickle.dumps(encoder)
    for each in (fresh, encoder):
        with pytest.raises((TypeError, ValueError)):
            each.fit(bad)
    assert pickle.dumps(encoder) == before
    assert vars(fresh) == vars(ThermometerEncoder())


def test_missing_and_tiny_numbers_give_no_warning():
    X = np.array([[NAN, 5e-324], [1e-310, -5e-324], [-1.7e308, 1.7e308]])
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        encoder = ThermometerEncoder(1)
        dense = encoder.fit_transform(X)
        sparse = encoder.set_params(sparse_output=True).transform(X)
    np.testing.assert_array_equal(sparse.toarray(), dense)

"""Edges that a wrong line would cross unseen: rounding, overflow, odd cells, errors."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_ext import FoldSE
from sklearn_ext._core import _encoding
from sklearn_ext._core._encoding import Table
from tests.rules._canonical import program, state
from tests.rules._naive import parse_cell
from tests.rules._tables import NAN, QUICK, random_table

HASHED, BY_IDENTITY = 1, 10**9  # values of SAMPLE that force a way to factorize
ODD_CELLS = [
    *(True, False, np.True_, 0, 1, 2, np.int64(1), 0.0, -0.0, 1.0, 2.5, np.float64(1)),
    *("", "1", "1.0", "True", "a", "nan", "2.5", Decimal(1), Decimal("2.5")),
    *(None, NAN, float("nan"), pd.NA, pd.NaT, Decimal("nan"), 2**53 + 1, 2.0**53),
]


def mixed(seed=0, **options):
    """Return an object array, the mask of its categorical columns, and y."""
    rows, categorical, y = random_table(seed, **options)
    return np.array(rows, dtype=object), np.array(categorical), np.array(y)


def numeric(seed, n=80):
    """Return floats that float32 can hold, and labels that depend on two columns."""
    X = np.random.default_rng(seed).normal(size=(n, 3)).astype(np.float32).astype(float)
    return X, ((X[:, 0] > 0) != (X[:, 1] > 1)).astype(int)


def test_float32_is_compared_as_float64(global_random_seed):
    """A float32 just above a cut is above it, though the cut rounds up to it."""
    model = FoldSE().fit([[0.1], [0.2]], [0, 1])
    just_above = np.array([[0.1]], dtype=np.float32)
    assert just_above[0, 0] > np.float64(0.1)
    assert model.predict(just_above).tolist() == [1]
    for cut in np.random.default_rng(global_random_seed).uniform(-9, 9, 50):
        model.fit([[cut], [cut + 1]], [0, 1])
        nearest = np.float32(cut)
        below, above = np.nextafter(nearest, np.float32([-10, 10]))
        X = np.array([[below], [nearest], [above]])
        expected = (X[:, 0].astype(np.float64) > cut).astype(int)
        assert model.predict(X).tolist() == expected.tolist()


@pytest.mark.parametrize(("tail", "count"), [(0.29, 29), (0.57, 57), (0.58, 58)])
def test_tail_is_a_whole_number_of_rows(tail, count):
    """In floats, 0.29 * 100 is just below 29, and so are the others."""
    model = FoldSE(tail=tail).fit(np.arange(100.0)[:, None], np.arange(100) < 50)
    assert model.tail_count_ == count


@pytest.mark.parametrize("heuristic", ["mgi", "gini", "entropy"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_huge_integer_weights(heuristic, n_classes):
    """Products of their sums would overflow; a power of two changes nothing."""
    X, categorical, y = mixed(n_classes=n_classes)
    model = FoldSE(tail=0, heuristic=heuristic, categorical_features=categorical)
    for weight in (np.ones(len(y), int), np.random.default_rng(0).integers(0, 4, 150)):
        expected, counts = program(model.fit(X, y, weight)), model.rule_counts_
        importances = model.feature_importances_
        assert model.n_literals_ > 2
        assert program(model.fit(X, y, sample_weight=2**31 * weight)) == expected
        np.testing.assert_array_equal(model.rule_counts_, 2**31 * counts)
        np.testing.assert_allclose(model.feature_importances_, importances)


@pytest.mark.parametrize("sizes", [(2, 2, 12), (2, 2, 13), (2, 2, 15), (2, 2, 17)])
def test_balanced_classes_come_in_order(sizes):
    """Their weights are equal; sums of floats are not, in the last digit."""
    y = np.repeat(["a", "b", "c"], sizes)
    X = np.repeat([0.0, 1.0, 2.0], sizes)[:, None]
    model = FoldSE(class_weight="balanced", tail=0).fit(X, y)
    assert [rule.head for rule in model.rules_] == ["a", "b"]
    assert model.default_class_ == "c"
    once = np.unique(y, return_index=True)[1]
    weighted = FoldSE(class_weight="balanced", tail=0)
    weighted.fit(X[once], y[once], sample_weight=sizes)
    assert program(weighted) == program(model)


def test_balanced_class_without_weight():
    """A class whose rows all weigh nothing gives the same as without these rows."""
    X, categorical, y = mixed(n_classes=4)
    gone = y == 2
    model = FoldSE(class_weight="balanced", categorical_features=categorical)
    model.fit(X, y, sample_weight=~gone)
    assert model.classes_.tolist() == [0, 1, 2, 3]
    assert np.isfinite(model.predict_proba(X)).all()
    assert not model.rule_counts_[:, 2].any()
    counts = np.delete(model.rule_counts_, 2, axis=1)
    weighted = program(model), model.default_class_
    model.fit(X[~gone], y[~gone])
    assert weighted == (program(model), model.default_class_)
    np.testing.assert_allclose(counts, model.rule_counts_)


def test_row_without_weight_says_nothing_about_the_dtype():
    X = np.array([["x"], ["x"], ["y"], ["y"], ["x"], [7]], dtype=object)
    y = np.array([0, 0, 1, 1, 0, 1])
    model = FoldSE().fit(X, y, sample_weight=[1, 1, 1, 1, 1, 0])
    removed = FoldSE().fit(X[:5], y[:5])
    assert model.is_categorical_.tolist() == removed.is_categorical_.tolist() == [True]
    assert model.categories_[0].tolist() == removed.categories_[0].tolist()
    assert state(model) == state(removed)
    assert not FoldSE().fit(X, y).is_categorical_[0]


def read(column, categorical, sample):
    """Return the cells of one object column, factorized as `sample` says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_encoding, "SAMPLE", sample)
        cells = Table(column[:, None]).read(0, categorical)
    return [cells.at(row) for row in range(len(column))]


@QUICK
@given(st.lists(st.sampled_from(ODD_CELLS), min_size=1, max_size=30), st.booleans())
def test_objects_factorized_in_both_ways(cells, categorical):
    column = np.array([*cells, None], dtype=object)[:-1]
    expected = [parse_cell(cell, categorical) for cell in cells]
    assert read(column, categorical, BY_IDENTITY) == expected
    assert read(column, categorical, HASHED) == expected


def test_true_is_not_one_among_many_objects():
    """More distinct objects than a column of few has, without any patch."""
    cells = [f"{i}." for i in range(600)] + [1, True, 1.0, False, 0]
    for order in (1, -1):
        column = np.array(cells[::order], dtype=object)
        tokens = Table(column[:, None]).read(0, categorical=True)
        read = [tokens.at(row) for row in range(len(cells))][::order]
        assert read[600:] == ["1", "True", "1", "False", "0"]


def test_decimals_are_numbers():
    numbers = np.array([[0.5], [1.5], [2.5], [3.5]])
    decimals = np.array([[Decimal(str(x))] for x in numbers[:, 0]], dtype=object)
    model = FoldSE(tail=0).fit(decimals, [0, 0, 1, 1])
    assert not model.is_categorical_[0]
    assert state(model) == state(FoldSE(tail=0).fit(numbers, [0, 0, 1, 1]))
    assert model.predict(decimals).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", "i8"])
@pytest.mark.parametrize("categorical", [None, [0, 2]])
def test_big_endian(dtype, categorical, global_random_seed):
    X, y = numeric(global_random_seed)
    X, labels = (4 * X).round().astype(dtype), np.array(["no", "yes"])[y]
    model = FoldSE(categorical_features=categorical).fit(X, labels)
    expected, rows = state(model), model.apply(X)
    swapped = X.astype(f">{dtype}")
    for table in (swapped, np.asfortranarray(swapped), pd.DataFrame(swapped)):
        assert state(model.fit(table, labels.astype(">U3"))) == expected
        np.testing.assert_array_equal(model.apply(table), rows)
    assert state(model.fit(X, y.astype(">i4"))) == state(model.fit(X, y))


def test_frame_of_separate_blocks(global_random_seed):
    X, y = numeric(global_random_seed)
    whole, blocks = pd.DataFrame(X, columns=list("abc")), pd.DataFrame()
    for name in whole:
        blocks[name] = whole[name].to_numpy(copy=True)
    assert Table(whole).matrix() is not None
    assert Table(blocks).matrix() is None
    one, many = FoldSE().fit(whole, y), FoldSE().fit(blocks, y)
    assert state(one) == state(many)
    np.testing.assert_array_equal(one.apply(whole), one.apply(blocks))


@pytest.mark.parametrize("names", [[3, 1, 2], [1, 1, 2], ["a", "a", "b"]])
def test_integer_and_duplicate_column_names(names, global_random_seed):
    X, y = numeric(global_random_seed)
    table = pd.DataFrame(X, columns=names)
    model = FoldSE().fit(table, y)
    assert state(model) == state(FoldSE().fit(X, y))
    assert model.predict(table).tolist() == FoldSE().fit(X, y).predict(X).tolist()
    assert len(set(Table(table).names)) == 3
    assert table.columns.tolist() == names
    assert len(model.explain(table, full=True)) == len(y)


@pytest.mark.parametrize("column", ["used", "unused"])
@pytest.mark.parametrize("kind", ["one block", "two blocks", "categorical"])
@pytest.mark.parametrize(
    "method", ["fit", "apply", "predict", "predict_proba", "explain", "to_scasp"]
)
def test_infinity(method, kind, column):
    """Each method names the column, also one of float tokens or without a rule."""
    good = pd.DataFrame({"used": [1.0, 1, 2, 2], "unused": [5.0, 5, 5, 5]})
    if kind == "two blocks":
        good = good.astype({"unused": np.float32})
    declared = ["used", "unused"] if kind == "categorical" else None
    y = [0, 0, 1, 1]
    model = FoldSE(tail=0, categorical_features=declared).fit(good, y)
    bad = good.copy()
    bad.loc[2, column] = -np.inf
    with pytest.raises(ValueError, match=f"infinity in column '{column}'"):
        getattr(model, method)(*((bad, y) if method == "fit" else (bad,)))


class Interrupt:
    """A callback that acts as Ctrl+C does, at the end of the first rule."""

    def setup(self, estimator, context):
        pass

    teardown = setup

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        raise KeyboardInterrupt


def test_interrupted_fit_leaves_the_old_one():
    X, y = numeric(0)
    frame = pd.DataFrame(X, columns=list("abc"))
    model = FoldSE().fit(frame, y)
    before = vars(model).copy()
    model.set_callbacks(Interrupt())
    with pytest.raises(KeyboardInterrupt):
        model.fit(X[:, :2], 1 - y)
    after = {name: value for name, value in vars(model).items() if name[-1] == "_"}
    assert after.keys() == {name for name in before if name[-1] == "_"}
    assert all(value is before[name] for name, value in after.items())
    assert model.predict(frame).shape == y.shape


def test_models_of_a_path_share_no_array():
    X, categorical, y = mixed()
    frame = pd.DataFrame(X, columns=list("abcdef"))
    template = FoldSE(categorical_features=categorical)
    one, other = template.rule_path(frame, y, [5, 5])
    expected = state(other), other.predict(frame).tolist()
    for name, value in vars(one).items():
        if isinstance(value, np.ndarray):
            assert not np.shares_memory(value, getattr(other, name)), name
            value[:] = value[::-1].copy()
    for ours, theirs in zip(one.categories_, other.categories_, strict=True):
        assert not np.shares_memory(ours, theirs)
    assert (state(other), other.predict(frame).tolist()) == expected

"""What must not change a program: order, repetition, scale, threads, a tail path."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_wine

from sklearn_ext import FoldSE
from sklearn_ext.rules import _search
from tests.rules._canonical import program, state
from tests.rules._tables import NAN, QUICK, random_table, tables, weights


@QUICK
@given(tables(), st.randoms(use_true_random=False))
def test_permuted_rows(table, random):
    rows, categorical, y = table
    order = list(range(len(y)))
    random.shuffle(order)
    X = np.array(rows, dtype=object)
    model = FoldSE(categorical_features=np.array(categorical), tail=0)
    expected = state(model.fit(X, y))
    assert state(model.fit(X[order], np.array(y)[order])) == expected


@QUICK
@given(tables(n_classes=3), st.data())
def test_weight_is_repetition(table, data):
    rows, categorical, y = table
    sample_weight = data.draw(weights(len(y), (0, 1, 2, 3)))
    X, y = np.array(rows, dtype=object), np.array(y)
    repeated = np.repeat(np.arange(len(y)), sample_weight)
    if set(y[repeated]) != set(y):
        return  # classes_ comes from all of y
    model = FoldSE(categorical_features=np.array(categorical), tail=0.1)
    weighted = state(model.fit(X, y, sample_weight=sample_weight))
    assert weighted == state(model.fit(X[repeated], y[repeated]))


def test_balanced_classes():
    """Each class weighs the same in sum; weights count as repetitions do."""
    for seed in range(5):
        rows, categorical, y = random_table(seed)
        X, y = np.array(rows, dtype=object), np.array(y)
        rng = np.random.default_rng(seed)
        weight = rng.integers(0, 3, len(y)) * (1 + (y == 1))
        model = FoldSE(categorical_features=categorical, class_weight="balanced")
        balanced = program(model.fit(X, y, sample_weight=weight))
        np.testing.assert_allclose(model.rule_counts_.sum(axis=0), weight.sum() / 2)
        repeated = np.repeat(np.arange(len(y)), weight)
        assert program(model.fit(X[repeated], y[repeated])) == balanced
        as_dict = dict(enumerate(weight.sum() / (2 * np.bincount(y, weight))))
        model.set_params(class_weight=as_dict)
        assert program(model.fit(X, y, sample_weight=weight)) == balanced


def test_scaled_weights_change_nothing():
    rows, categorical, y = random_table(4)
    rng = np.random.default_rng(0)
    sample_weight = rng.integers(1, 8, len(y)) + 0.5
    model = FoldSE(categorical_features=np.array(categorical), tail=0.02)
    X = np.array(rows, dtype=object)
    expected = program(model.fit(X, y, sample_weight))
    assert program(model.fit(X, y, sample_weight * 0.125)) == expected
    assert len(expected[0]) > 1


@pytest.mark.parametrize("n_classes", [2, 4])
def test_threads(n_classes, monkeypatch):
    monkeypatch.setattr(_search, "CELLS_PER_LAUNCH", 0)  # threads at any size
    for seed in range(3):
        rows, categorical, y = random_table(seed, n=600, n_classes=n_classes)
        sample_weight = np.random.default_rng(seed).random(len(y))
        for weight in (None, sample_weight):
            models = [
                FoldSE(categorical_features=np.array(categorical), n_jobs=n).fit(
                    rows, y, weight
                )
                for n in (1, 2, None)
            ]
            assert state(models[0]) == state(models[1]) == state(models[2])


TAILS = [0, 0.002, 1, 0.02, 5, 0.3]


def breast_cancer():
    return (*load_breast_cancer(return_X_y=True), None)


def wine_with_gaps():
    X, y = load_wine(return_X_y=True)
    X[np.random.default_rng(0).random(X.shape) < 0.1] = NAN
    return X, y, None


def mixed():
    rows, categorical, y = random_table(8, n=200)
    return rows, y, categorical


@pytest.mark.parametrize("load", [breast_cancer, wine_with_gaps, mixed])
@pytest.mark.parametrize("weighted", [False, True])
def test_rule_path(load, weighted):
    """Each model of the path equals a separate fit, `self` stays unfitted (6.15)."""
    X, y, categorical = load()
    weight = np.random.default_rng(1).integers(0, 3, len(y)) if weighted else None
    template = FoldSE(ratio=0.3, categorical_features=categorical)
    path = template.rule_path(X, y, TAILS, sample_weight=weight)
    assert not hasattr(template, "rules_")
    assert [model.tail for model in path] == TAILS
    for model, tail in zip(path, TAILS, strict=True):
        alone = FoldSE(ratio=0.3, tail=tail, categorical_features=categorical)
        assert state(model) == state(alone.fit(X, y, sample_weight=weight))
        assert model.n_features_in_ == alone.n_features_in_
        assert all(map(np.array_equal, model.categories_, alone.categories_))
    assert len({model.n_rules_ for model in path}) > 1


def test_no_warning_on_the_way():
    rows, categorical, y = random_table(9)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FoldSE(categorical_features=categorical).fit(rows, y).predict_proba(rows)

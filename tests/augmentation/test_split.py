"""AugmentationSplit, against a loop over rows and sets."""

from copy import deepcopy
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneOut,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline

from sklearn_ext.augmentation._alp import ALPAugmenter
from sklearn_ext.augmentation._split import AugmentationSplit
from sklearn_ext.augmentation._warning import AugmentationWarning
from tests.augmentation._samplers import TextFeatures, WordSwaps
from tests.augmentation._texts import CLASSES, TEXTS


def made_table(n_originals=12, n_new=20, seed=0):
    """Keywords of a split, and classes: of a new row its source is one donor."""
    rng = np.random.default_rng(seed)
    source = rng.integers(0, n_originals, n_new)
    donors = rng.random((n_new, n_originals)) < 0.1
    donors[np.arange(n_new), source] = True
    y = np.arange(n_originals) % 2
    table = {
        "sample_indices": np.concatenate([np.arange(n_originals), source]),
        "is_augmented": np.arange(n_originals + n_new) >= n_originals,
        "donor_indices": sp.csr_array(np.concatenate([np.eye(n_originals), donors])),
    }
    return table, np.concatenate([y, y[source]])


def naive_split(table, inner, strategy, y):
    """The folds, row by row."""
    is_new, source = table["is_augmented"], table["sample_indices"]
    donors = table["donor_indices"].toarray()
    originals = [row for row in range(len(y)) if not is_new[row]]
    for train, test in inner.split(originals, y[originals]):
        known = {source[originals[i]] for i in train}
        new = [
            row
            for row in range(len(y))
            if is_new[row] and {source[row], *np.flatnonzero(donors[row])} <= known
        ]
        trained = [originals[i] for i in train]
        yield (
            trained + (new if strategy == "aug-train-val" else []),
            [originals[i] for i in test],
        )


def as_lists(splits):
    return [(list(train), list(test)) for train, test in splits]


@given(seed=st.integers(0, 10_000), n_splits=st.integers(2, 6))
@settings(derandomize=True, deadline=None, max_examples=25)
def test_folds_are_those_of_the_loop(seed, n_splits):
    table, y = made_table(seed=seed)
    order = np.random.default_rng(seed).permutation(len(y))  # rows of any order
    table = {name: values[order] for name, values in table.items()}
    y = y[order]
    for strategy in ("train-val", "aug-train-val"):
        for inner in (
            StratifiedKFold(n_splits),
            KFold(n_splits, shuffle=True, random_state=seed),
            ShuffleSplit(2, train_size=0.5, test_size=0.2, random_state=seed),
        ):
            cv = AugmentationSplit(inner, **table, strategy=strategy)
            found = as_lists(cv.split(y, y))
            assert found == as_lists(naive_split(table, inner, strategy, y))
            assert len(found) == cv.get_n_splits(y, y)


def test_no_donor_of_a_training_row_is_validated_on():
    table, y = made_table(n_new=200)
    kept = 0
    for train, test in AugmentationSplit(4, **table).split(y, y):
        assert not table["donor_indices"][train][:, test].sum()  # originals: 0 to 11
        kept += len(train) - 9
    assert 0 < kept < 4 * 200  # some rows stay, and some drop out


def test_an_int_stratifies_discrete_classes_only():
    table, y = made_table()
    found = as_lists(AugmentationSplit(3, **table, strategy="train-val").split(y, y))
    expected = as_lists(StratifiedKFold(3).split(y[:12], y[:12]))
    assert found == expected
    for target in (None, np.linspace(0, 1, len(y))):
        found = AugmentationSplit(3, **table, strategy="train-val").split(y, target)
        assert as_lists(found) == as_lists(KFold(3).split(y[:12]))


def test_iterables_are_positions_among_originals_and_can_be_used_again():
    table, y = made_table(n_originals=4, n_new=3)
    table = {name: values[::-1] for name, values in table.items()}  # new ones first
    folds = (fold for fold in [([0, 1], [2, 3])])
    cv = AugmentationSplit(folds, **table, strategy="train-val")
    assert cv.get_n_splits() == 1
    for _ in range(2):
        assert as_lists(cv.split(y, y)) == [([3, 4], [5, 6])]


def test_groups_of_originals_are_passed_on():
    table, y = made_table()
    groups = np.concatenate([np.arange(12) // 3, np.full(20, 99)])
    cv = AugmentationSplit(GroupKFold(4), **table)
    assert cv.get_n_splits(y, y, groups) == 4
    for train, test in cv.split(y, y, groups):
        assert len(set(groups[test])) == 1
        assert not set(groups[test]) & set(groups[train])


def test_groups_are_routed():
    table, y = made_table()
    X = np.random.default_rng(0).normal(size=(len(y), 2))
    groups = np.concatenate([np.arange(12) // 3, np.full(20, 99)])
    cv = AugmentationSplit(GroupKFold(2), **table)
    with sklearn.config_context(enable_metadata_routing=True):
        model = LogisticRegression()
        scores = cross_val_score(model, X, y, cv=cv, params={"groups": groups})
    folds = list(cv.split(X, y, groups))
    by_hand = [clone(model).fit(X[i], y[i]).score(X[j], y[j]) for i, j in folds]
    assert scores.tolist() == by_hand


def test_get_n_splits_asks_for_originals_only():
    table, y = made_table()
    assert AugmentationSplit(7, **table).get_n_splits() == 7
    assert AugmentationSplit(LeaveOneOut(), **table).get_n_splits(y) == 12


def test_aug_train_train_is_one_split_that_warns():
    table, y = made_table()
    cv = AugmentationSplit(**table, strategy="aug-train-train")
    assert cv.get_n_splits(y, y) == 1
    with pytest.warns(AugmentationWarning, match="no estimate of accuracy"):
        ((train, test),) = cv.split(y, y)
    assert train.tolist() == list(range(12, 32))
    assert test.tolist() == list(range(12))


def test_without_donors_the_source_is_the_only_one():
    table, y = made_table()
    del table["donor_indices"]
    with pytest.warns(AugmentationWarning, match="Without donor_indices"):
        cv = AugmentationSplit(3, **table)
    table["donor_indices"] = sp.csr_array(np.eye(12)[table["sample_indices"]])
    expected = naive_split(table, StratifiedKFold(3), "aug-train-val", y)
    assert as_lists(cv.split(y, y)) == as_lists(expected)
    del table["donor_indices"]
    AugmentationSplit(3, **table, strategy="train-val")  # needs none, so no warning


def test_the_source_counts_even_where_the_matrix_leaves_it_out():
    donors = np.zeros((3, 2), dtype=bool)
    cv = AugmentationSplit(
        [([0], [1]), ([1], [0])],
        sample_indices=[0, 1, 1],
        is_augmented=[False, False, True],
        donor_indices=donors,
    )
    assert as_lists(cv.split([0, 1, 1])) == [([0], [1]), ([1, 2], [0])]


@pytest.mark.parametrize(
    "convert", [np.asarray, sp.csc_matrix, sp.coo_array, pd.DataFrame]
)
def test_donors_may_come_in_any_matrix(convert):
    table, y = made_table()
    expected = as_lists(AugmentationSplit(3, **table).split(y, y))
    table["donor_indices"] = convert(table["donor_indices"].toarray())
    assert as_lists(AugmentationSplit(3, **table).split(y, y)) == expected


@pytest.mark.parametrize("container", [list, tuple, np.array, pd.Series, pd.Index])
def test_the_table_may_come_in_any_container(container):
    table, y = made_table()
    expected = as_lists(AugmentationSplit(3, **table).split(y, y))
    found = AugmentationSplit(3, **table).split(container(["x"] * 32), container(y))
    assert as_lists(found) == expected


@pytest.mark.parametrize("keep_original", [True, False])
def test_from_augmenter_reads_its_arrays(keep_original):
    augmenter = WordSwaps(8, keep_original=keep_original, random_state=0)
    with pytest.raises(NotFittedError, match="fit_resample first"):
        AugmentationSplit.from_augmenter(augmenter)
    X, y = augmenter.fit_resample(TEXTS, CLASSES)
    if not keep_original:
        with pytest.raises(ValueError, match="keep_original=True"):
            AugmentationSplit.from_augmenter(augmenter)
        return
    cv = AugmentationSplit.from_augmenter(augmenter, cv=4, strategy="train-val")
    assert (cv.cv, cv.strategy) == (4, "train-val")
    by_hand = AugmentationSplit(
        4,
        sample_indices=augmenter.sample_indices_,
        is_augmented=augmenter.is_augmented_,
        donor_indices=augmenter.donor_indices_,
        strategy="train-val",
    )
    assert as_lists(cv.split(X, y)) == as_lists(by_hand.split(X, y))


def test_rows_of_the_augmenter_of_the_package_stay_with_their_donors():
    augmenter = ALPAugmenter(10, synonyms=None, random_state=0)
    X, y = augmenter.fit_resample(TEXTS, CLASSES)
    donors = augmenter.donor_indices_
    n_trained = 0
    for train, test in AugmentationSplit.from_augmenter(augmenter).split(X, y):
        assert test.max() < 20
        assert not donors[train][:, test].sum()
        n_trained += len(train) - 16
    assert 0 < n_trained < 5 * 20


def test_a_search_can_be_cloned_and_run():
    augmenter = WordSwaps(8, random_state=0)
    X, y = augmenter.fit_resample(TEXTS, CLASSES)
    cv = AugmentationSplit.from_augmenter(augmenter, cv=4)
    search = GridSearchCV(
        make_pipeline(TextFeatures(), LogisticRegression()),
        {"logisticregression__C": [0.1, 10.0]},
        cv=cv,
    )
    expected = as_lists(cv.split(X, y))
    copy = clone(search)
    assert as_lists(copy.cv.split(X, y)) == expected
    assert as_lists(deepcopy(cv).split(X, y)) == expected
    copy.fit(X, y)
    assert copy.n_splits_ == 4
    assert hasattr(augmenter, "is_augmented_")  # nothing was unfitted


def test_repr_is_short():
    table, _ = made_table()
    assert repr(AugmentationSplit(3, **table)) == (
        "AugmentationSplit(cv=3, strategy='aug-train-val', <12 originals, 20 new rows>)"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strategy": "aug-val"}, "strategy must be one of"),
        ({"cv": 1}, "cv must be at least 2"),
        ({"cv": True}, "cv must be at least 2"),
        ({"cv": None}, "cv must be at least 2"),
        ({"cv": "five"}, "Expected `cv`|Expected cv"),
        ({"sample_indices": np.zeros((32, 1), int)}, r"sample_indices.*\(32, 1\)"),
        ({"sample_indices": np.zeros(32)}, "sample_indices.*float64"),
        ({"sample_indices": np.full(32, -1)}, "sample_indices must hold"),
        ({"sample_indices": np.zeros(32, int)}, "twice"),
        ({"is_augmented": np.zeros(31, bool)}, r"is_augmented.*\(32,\).*\(31,\)"),
        ({"is_augmented": np.zeros(32, int)}, "is_augmented.*int64"),
        ({"is_augmented": np.ones(32, bool)}, "keep_original=True"),
        ({"donor_indices": np.ones((31, 12))}, r"\(31, 12\).*\(32,\)"),
        ({"donor_indices": np.ones((32, 11))}, r"\(32, 11\).*\(32,\)"),
        ({"donor_indices": np.ones(32)}, r"\(32,\)"),
    ],
)
def test_bad_arrays(change, message):
    table, _ = made_table()
    with pytest.raises(ValueError, match=message):
        AugmentationSplit(**(table | change))


def test_bad_tables():
    table, y = made_table()
    cv = AugmentationSplit(3, **table)
    with pytest.raises(ValueError, match=r"X must be.*\(32,\).*\(31,\)"):
        cv.split(y[1:], y)
    with pytest.raises(ValueError, match=r"y must be.*\(32,\).*\(31,\)"):
        cv.split(y, y[1:])
    with pytest.raises(ValueError, match=r"groups must be.*\(32,\).*\(31,\)"):
        cv.split(y, y, y[1:])
    with pytest.raises(ValueError, match=r"X must be.*\(32,\).*\(3, 2\)"):
        cv.get_n_splits(np.zeros((3, 2)))
    no_new = SimpleNamespace(
        sample_indices_=np.arange(3), is_augmented_=np.zeros(3, bool)
    )
    cv = AugmentationSplit.from_augmenter(no_new, strategy="aug-train-train")
    with pytest.raises(ValueError, match="has none"):
        cv.split([0, 1, 2])

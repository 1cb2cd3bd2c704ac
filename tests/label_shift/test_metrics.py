"""Accuracy and error after the best naming of the clusters, by trying all of them."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ext import class_prior_error, clustering_accuracy
from tests.label_shift._naive import best_match


def draw_pair(k, n, seed, n_clusters=None):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    said = np.where(rng.random(n) < 0.6, (y + 1) % k, rng.integers(0, k, n))
    return y, said % (n_clusters or k)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("seed", range(5))
def test_all_permutations(k, seed):
    y, said = draw_pair(k, 40, seed)
    expected, _ = best_match(y, said, k)
    accuracy = clustering_accuracy(y, said)
    assert type(accuracy) is float
    assert accuracy == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_weights(seed):
    y, said = draw_pair(4, 60, seed)
    weight = np.random.default_rng(seed).integers(0, 4, 60)
    expected, _ = best_match(y, said, 4, weight)
    found = clustering_accuracy(y, said, sample_weight=weight)
    assert found == pytest.approx(expected, abs=1e-12)
    repeated = clustering_accuracy(np.repeat(y, weight), np.repeat(said, weight))
    assert found == pytest.approx(repeated, abs=1e-12)
    ones = clustering_accuracy(y, said, sample_weight=np.ones(60))
    assert ones == clustering_accuracy(y, said)


def test_one_cluster_for_each_class_only():
    """Two clusters of one class: the second of them counts as wrong."""
    assert clustering_accuracy([0, 0, 0, 0, 1], [0, 0, 1, 1, 2]) == pytest.approx(3 / 5)
    assert clustering_accuracy([0, 0, 1, 1, 2], [0, 0, 0, 0, 1]) == pytest.approx(3 / 5)
    assert clustering_accuracy([0, 0, 1], [5, 5, 5]) == pytest.approx(2 / 3)


def test_greedy_matching_is_not_enough():
    """The largest cell is not part of the best matching."""
    table = np.array([[5, 4], [4, 0]])
    y = np.repeat([0, 0, 1, 1], table.ravel())
    said = np.repeat([0, 1, 0, 1], table.ravel())
    assert clustering_accuracy(y, said) == pytest.approx(8 / 13)


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30
    ),
    names=st.permutations(range(4)),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_names_do_not_matter(rows, names):
    y, said = np.array(rows).T
    accuracy = clustering_accuracy(y, said)
    assert accuracy == pytest.approx(best_match(y, said, 4)[0], abs=1e-12)
    assert clustering_accuracy(y, np.array(names)[said]) == pytest.approx(accuracy)
    assert clustering_accuracy(np.array(list("wxyz"))[y], said) == pytest.approx(
        accuracy
    )
    assert clustering_accuracy(said, y) == pytest.approx(accuracy)
    assert clustering_accuracy(y, y) == 1
    best = max(np.bincount(y)) / len(y)
    assert accuracy >= min(best, max(np.bincount(said)) / len(said)) / 4


def test_containers_of_labels():
    y, said = draw_pair(3, 30, 0)
    expected = clustering_accuracy(y, said)
    words = np.array(["cat", "dog", "eel"])[y]
    for truth in (words, words.astype(object), pd.Series(words), words.tolist()):
        for clusters in (said, pd.Series(said), said.tolist()):
            assert clustering_accuracy(truth, clusters) == expected


@pytest.mark.parametrize("k", [2, 3, 5])
def test_permutation_is_that_of_the_errors(k):
    """The matching of the rows, given to the error of the priors, undoes a renaming."""
    rng = np.random.default_rng(k)
    prior = rng.dirichlet(np.ones(k), 4).T
    y = rng.integers(0, k, 200)
    names = rng.permutation(k)  # class c is found as cluster names[c]
    accuracy, permutation = clustering_accuracy(y, names[y], return_permutation=True)
    assert accuracy == 1
    found = prior[np.argsort(names)]
    np.testing.assert_array_equal(found[names], prior)
    assert sorted(permutation) == list(range(k))
    error = class_prior_error(prior, found, permutation=permutation)
    assert error == pytest.approx(0, abs=1e-12)
    assert class_prior_error(prior, found) == pytest.approx(0, abs=1e-12)
    noisy = np.clip(found + 0.01, 0, None)
    by_hand = np.abs(noisy[names] - prior).sum(axis=0).mean()
    assert class_prior_error(prior, noisy, permutation=permutation) == pytest.approx(
        by_hand
    )


@pytest.mark.parametrize("seed", range(6))
def test_error_after_the_best_matching(seed):
    rng = np.random.default_rng(seed)
    k, r = 4, 6
    true, found = rng.dirichlet(np.ones(k), r).T, rng.dirichlet(np.ones(k), r).T
    sums = [np.abs(true - found[list(names)]).sum() for names in permutations(range(k))]
    assert class_prior_error(true, found, average="sum") == pytest.approx(min(sums))
    assert class_prior_error(true, found) == pytest.approx(min(sums) / r)
    assert class_prior_error(true, found, average="domain") == class_prior_error(
        true, found
    )
    identity = class_prior_error(true, found, permutation=range(k), average="sum")
    assert identity == pytest.approx(np.abs(true - found).sum())


def test_permutation_is_taken_as_given():
    """Even a bad one, and its direction is that of three classes in a circle."""
    true = np.array([[0.6, 0.1], [0.3, 0.2], [0.1, 0.7]])
    found = true[[1, 2, 0]]  # class c is found in row c - 1
    _, permutation = clustering_accuracy([0, 1, 2], [2, 0, 1], return_permutation=True)
    assert class_prior_error(true, found, permutation=permutation) == pytest.approx(0)
    back = np.argsort(permutation)
    error = class_prior_error(true, found, permutation=back)
    assert error == pytest.approx(np.abs(true - true[[2, 0, 1]]).sum() / 2)


BAD_CLUSTERS = [
    (([0, 1], [0, 1, 1]), {}, "2.*3|inconsistent"),
    (([], []), {}, "0 sample|empty|at least"),
    (([[0, 1], [1, 0]], [0, 1]), {}, "1d|1-D|multilabel|multioutput"),
    (([0, 1], [0, 1]), {"sample_weight": [1, 2, 3]}, "sample_weight|inconsistent"),
    (([0, 1], [0, 1]), {"sample_weight": [0, 0]}, "weight"),
]


@pytest.mark.parametrize(("labels", "options", "message"), BAD_CLUSTERS)
def test_bad_labels(labels, options, message):
    with pytest.raises(ValueError, match=message):
        clustering_accuracy(*labels, **options)


GOOD = np.array([[0.5, 0.2], [0.5, 0.8]])
BAD_PRIORS = [
    ((GOOD, GOOD[:, :1]), {}, "shape"),
    ((GOOD, GOOD), {"average": "mean"}, "average"),
    ((GOOD, GOOD), {"permutation": [0, 0]}, "permutation"),
    ((GOOD, GOOD), {"permutation": [0, 1, 2]}, "permutation"),
    ((GOOD, GOOD), {"permutation": [[1], [0]]}, "permutation"),
    ((GOOD, GOOD), {"permutation": [True, False]}, "permutation"),
    ((GOOD, GOOD), {"permutation": [1.0, 0.0]}, "permutation"),
    ((GOOD, np.array([[0.5, np.nan], [0.5, 0.8]])), {}, "prior_pred.*finite"),
    ((GOOD[:, 0], GOOD), {}, "shape"),
    ((GOOD[None], GOOD[None]), {}, "prior_true"),
]


@pytest.mark.parametrize(("priors", "options", "message"), BAD_PRIORS)
def test_bad_priors(priors, options, message):
    with pytest.raises(ValueError, match=message):
        class_prior_error(*priors, **options)

"""Training = the naive machine, state for state and weight for weight."""

import copy

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ext import TsetlinMachineClassifier
from tests.tsetlin._naive import (
    assert_same,
    drawn_seed,
    held_out,
    naive_fit,
    naive_partial_fit,
    naive_start,
    sample_order,
)

BASE = {
    "n_clauses": 6,
    "threshold": 5,
    "specificity": 2.5,
    "max_iter": 3,
    "boost_true_positive": True,
    "weighted": True,
    "feature_negation": True,
    "max_literals": None,
    "clause_drop": 0.0,
    "batch_size": 1,
    "n_iter_no_change": None,
    "random_state": 0,
}
OPTIONS = [
    {},
    {"boost_true_positive": False},
    {"weighted": False},
    {"feature_negation": False},
    {"feature_negation": 0.3},
    {"max_literals": 2},
    {"max_literals": 1, "specificity": 10.0},
    {"clause_drop": 0.4},
    {"specificity": 1.0},
    {"specificity": 1.0, "boost_true_positive": False},
    {"specificity": 1.5},
    {"specificity": 3.9},
    {"specificity": 27.0},
    {"threshold": 1},
    {"threshold": 1000},
    {"threshold": "auto"},
    {"threshold": "auto", "weighted": False},
    {"batch_size": 3},
    {"batch_size": 24},
    {"batch_size": 1000},
    {"n_iter_no_change": 1, "max_iter": 8},
    {"n_iter_no_change": 2, "max_iter": 8, "random_state": 3},
    {"n_clauses": 2},
    {"random_state": 7},
]
# Each has all the options that interact, in another mixture.
MIXTURES = [
    {
        "boost_true_positive": False,
        "max_literals": 3,
        "clause_drop": 0.4,
        "batch_size": 5,
        "feature_negation": 0.3,
    },
    {
        "weighted": False,
        "specificity": 27.0,
        "max_literals": 2,
        "feature_negation": False,
        "clause_drop": 0.2,
    },
    {
        "specificity": 1.5,
        "boost_true_positive": False,
        "weighted": False,
        "n_iter_no_change": 2,
        "batch_size": 4,
        "max_iter": 5,
    },
]
SHAPES = [
    *((12, 1, 2), (12, 2, 5), (24, 5, 4), (20, 63, 2)),
    *((20, 64, 3), (20, 65, 2), (20, 127, 2), (20, 129, 3)),
]


def table(n, n_features, n_classes, seed=0):
    """Return counts, of which some depend on the class, and the labels of the rows."""
    rng = np.random.default_rng([seed, n, n_features, n_classes])
    labels = rng.permutation(np.arange(n) % n_classes)
    share = rng.random((n_classes, n_features)) ** 2
    X = (rng.random((n, n_features)) < share[labels]) * rng.integers(1, 4, n_features)
    return X, labels


def fit_both(X, labels, sample_weight=None, **params):
    """Fit the package and the naive machine on the same rows."""
    params = BASE | params
    n_classes = int(max(labels)) + 1
    model = TsetlinMachineClassifier(**params)
    model.fit(X, labels, sample_weight=sample_weight)
    dense = X.toarray() if sp.issparse(X) else X
    machine = naive_fit(dense, labels, n_classes, sample_weight=sample_weight, **params)
    return model, machine


def assert_same_history(model, machine):
    assert model.history_.keys() == machine.history.keys()
    for name, values in machine.history.items():
        np.testing.assert_allclose(model.history_[name], values, rtol=1e-12)


def unseen(X):
    """Return rows that nobody was trained on."""
    rng = np.random.default_rng(1)
    return rng.integers(0, 2, (10, X.shape[1]))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_options(options):
    X, labels = table(24, 6, 3)
    model, machine = fit_both(X, labels, **options)
    assert_same(model, machine, unseen(X))
    assert_same_history(model, machine)


@pytest.mark.parametrize("mixture", range(len(MIXTURES)))
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shapes(shape, mixture):
    X, labels = table(*shape)
    container = sp.csr_array if mixture == 1 else np.asarray
    model, machine = fit_both(container(X), labels, **MIXTURES[mixture])
    assert_same(model, machine, unseen(X))
    assert_same_history(model, machine)


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array, sp.csc_matrix])
@pytest.mark.parametrize("binarize", [0.0, 1.0, 1.5, None])
def test_binarize(container, binarize):
    X, labels = table(24, 6, 2)
    if binarize is None:
        X = np.minimum(X, 1)
    model, machine = fit_both(container(X), labels, binarize=binarize)
    assert_same(model, machine, X)


def test_binarize_below_zero():
    X, labels = table(24, 6, 2)
    X = X - 2
    model, machine = fit_both(X, labels, binarize=-1.5)
    assert_same(model, machine, X)


WEIGHTS = {
    "equal": np.full(24, 0.3),
    "unequal": np.arange(1, 25) / 7,
    "zeros": np.arange(24) % 3 * 1.0,
    "equal and zeros": np.arange(24) % 2 * 5.0,
    "far apart": 10.0 ** -np.arange(24),
}


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("options", [{}, {"batch_size": 5, "weighted": False}], ids=str)
def test_sample_weight(name, options):
    X, labels = table(24, 5, 2)
    model, machine = fit_both(X, labels, WEIGHTS[name], **options)
    assert_same(model, machine, unseen(X))
    assert_same_history(model, machine)


def test_weight_zero_is_removal():
    X, labels = table(24, 5, 2)
    X[:4, 0] = 9  # and makes a feature vary that is constant elsewhere
    X[4:, 0] = 0
    weight = np.repeat([0.0, 2.0], [4, 20])
    weighted, _ = fit_both(X, labels, weight)
    _, removed = fit_both(X[4:], labels[4:])
    assert_same(weighted, removed, unseen(X))


def test_sample_weight_with_early_stopping():
    """The largest weight counts among the rows that are trained on."""
    X, labels = table(40, 5, 2)
    params = {"n_iter_no_change": 2, "max_iter": 6}
    out = held_out(drawn_seed(BASE["random_state"]), labels.tolist())
    weight = np.linspace(1, 2, 40)
    model, machine = fit_both(X, labels, weight, **params)
    assert_same(model, machine, unseen(X))
    weight[out[0]] = 0.5
    model, machine = fit_both(X, labels, weight, **params)
    assert_same(model, machine, unseen(X))


def test_constant_features_have_no_automata():
    X, labels = table(24, 6, 2)
    X[:, 1], X[:, 4] = 0, 1
    model, machine = fit_both(X, labels)
    assert_same(model, machine, unseen(X))
    assert not model.literal_mask_[[1, 4, 7, 10]].any()
    assert model.literal_mask_[[0, 2, 6, 8]].all()
    assert not model.clauses_.toarray()[:, ~model.literal_mask_].any()


def test_held_out_rows_do_not_make_a_feature_vary():
    X, labels = table(20, 4, 2)
    out = held_out(drawn_seed(0), labels.tolist())
    X[:, 2] = 0
    X[out, 2] = 1
    model, machine = fit_both(X, labels, n_iter_no_change=5)
    assert_same(model, machine, unseen(X))
    assert model.literal_mask_.tolist()[2::4] == [False, False]


@pytest.mark.parametrize(("share", "n_rows"), [(0.07, 100), (0.55, 100), (0.3, 10)])
def test_negation_of_a_feature_of_exactly_that_share(share, n_rows):
    """Shares are compared as they are written: 0.07 * 100 > 7 in floating point."""
    n_ones = round(share * n_rows)
    X = np.zeros((n_rows, 3), int)
    for f, n in enumerate((n_ones - 1, n_ones, n_ones + 1)):
        X[:n, f] = 1
    labels = np.arange(n_rows) % 2
    model, machine = fit_both(X, labels, feature_negation=share, max_iter=1)
    assert model.literal_mask_.tolist() == [True] * 3 + [False, True, True]
    assert_same(model, machine, X[:5])


def batches(n_classes=3):
    """Return batches of rows: of one class, short, weighted, with constant columns."""
    X, labels = table(30, 7, n_classes)
    X[:10, 3] = 0
    one_class = np.flatnonzero(labels == 1)[:6]
    yield X[:10], labels[:10], None
    yield X[one_class], labels[one_class], None
    yield X[10:11], labels[10:11], [3.0]
    yield X[11:30], labels[11:30], np.arange(19) % 4
    yield X[:10], labels[:10], None


@pytest.mark.parametrize("options", [{}, *MIXTURES[:2]], ids=["base", "one", "two"])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_partial_fit(options, container):
    params = BASE | options
    model = TsetlinMachineClassifier(**params)
    machine = None
    for X, labels, weight in batches():
        if machine is None:
            machine = naive_start(X, 3, **params)
        model.partial_fit(container(X), labels, classes=[0, 1, 2], sample_weight=weight)
        naive_partial_fit(machine, X, labels, weight)
        assert_same(model, machine, unseen(X))


@pytest.mark.parametrize("options", [{}, *MIXTURES], ids=["base", "1", "2", "3"])
def test_partial_fit_continues_fit(options):
    """With the mask, the seed and the epoch counter of fit."""
    X, labels = table(30, 7, 3)
    X[:20, 3] = 0
    model, machine = fit_both(X[:20], labels[:20], **options)
    for rows in (slice(20, 30), slice(0, 30)):
        model.partial_fit(X[rows], labels[rows])
        naive_partial_fit(machine, X[rows], labels[rows])
        assert_same(model, machine, unseen(X))


def test_fit_forgets():
    """fit starts anew after fit and after partial_fit."""
    X, labels = table(24, 6, 2)
    model = TsetlinMachineClassifier(**BASE)
    model.partial_fit(X[:, :3], labels, classes=[0, 1, 2])
    model.fit(X, labels)
    once = copy.deepcopy(model.state_)
    model.fit(X, labels)
    _, machine = fit_both(X, labels)
    assert_same(model, machine, unseen(X))
    assert (model.state_ == once).all()


@pytest.mark.parametrize("options", [{}, *MIXTURES[:2]], ids=["base", "one", "two"])
def test_partial_fit_in_the_order_of_fit_equals_fit(options):
    """Epoch by epoch, if no feature is constant (A5)."""
    X, labels = table(40, 9, 3)
    assert (np.ptp(np.minimum(X, 1), axis=0) == 1).all()
    fitted, stepwise = (TsetlinMachineClassifier(**BASE | options) for _ in range(2))
    seed = drawn_seed(BASE["random_state"])
    for epoch in range(4):
        order = sample_order(seed, epoch, len(X))
        stepwise.partial_fit(X[order], labels[order], classes=[0, 1, 2])
        fitted.set_params(max_iter=epoch + 1).fit(X, labels)
        assert (stepwise.state_ == fitted.state_).all()
        assert (stepwise.clause_weights_ == fitted.clause_weights_).all()
        assert stepwise.n_iter_ == fitted.n_iter_ == epoch + 1


ANY_PARAMS = st.fixed_dictionaries(
    {
        "n_clauses": st.sampled_from([2, 4, 6]),
        "threshold": st.sampled_from(["auto", 1, 2, 7, 2**29]),
        "specificity": st.one_of(
            st.sampled_from([1.0, 2.0, 1e9]), st.floats(1, 30, allow_nan=False)
        ),
        "max_iter": st.integers(1, 3),
        "boost_true_positive": st.booleans(),
        "weighted": st.booleans(),
        "feature_negation": st.sampled_from([True, False, 0.2, 0.5, 0.9]),
        "max_literals": st.sampled_from([None, 1, 2, 5]),
        "clause_drop": st.sampled_from([0.0, 0.3, 0.95]),
        "batch_size": st.integers(1, 12),
        "n_iter_no_change": st.sampled_from([None, 1, 2]),
        "random_state": st.integers(0, 2**32 - 1),
    }
)


@st.composite
def tables(draw):
    """Draw rows of bits, labels with two rows per class at least, and weights."""
    n_classes = draw(st.integers(2, 4))
    more = st.lists(st.integers(0, n_classes - 1), max_size=6)
    labels = draw(st.permutations([*range(n_classes)] * 2 + draw(more)))
    n_features = draw(st.sampled_from([1, 2, 3, 5, 66]))
    seed = draw(st.integers(0, 2**16))
    share = draw(st.sampled_from([0.1, 0.5, 0.9]))
    rng = np.random.default_rng(seed)
    X = (rng.random((len(labels), n_features)) < share).astype(int)
    weight = draw(
        st.none()
        | st.lists(
            st.sampled_from([0.5, 1.0, 2.0]),
            min_size=len(labels),
            max_size=len(labels),
        )
    )
    return X, np.array(labels), weight


@settings(derandomize=True, deadline=None, max_examples=60)
@given(tables(), ANY_PARAMS, st.booleans())
def test_anything(rows, params, sparse):
    X, labels, weight = rows
    model, machine = fit_both(
        sp.csr_array(X) if sparse else X, labels, weight, **params
    )
    assert_same(model, machine, unseen(X))
    assert_same_history(model, machine)

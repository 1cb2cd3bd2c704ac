"""Bad input gets an error that names it and the way out, and nothing else changes."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklearn_ext import TsetlinMachineClassifier

RNG = np.random.default_rng(0)
X = RNG.integers(0, 2, (40, 5))
Y = np.array(["no", "yes"])[X[:, 0]]


def machine(**parameters):
    return TsetlinMachineClassifier(
        **{"n_clauses": 4, "max_iter": 2, "random_state": 0} | parameters
    )


@pytest.fixture(scope="module")
def fitted():
    return machine().fit(X, Y)


def with_cell(value, dtype=float):
    changed = X.astype(dtype)
    changed[3, 2] = value
    return changed


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_x_must_be_finite(value, fitted):
    with pytest.raises(ValueError, match="Input X contains"):
        machine().fit(with_cell(value), Y)
    with pytest.raises(ValueError, match="Input X contains"):
        fitted.predict(with_cell(value))


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array, sp.csc_matrix])
@pytest.mark.parametrize("value", [2, -1, 0.5])
def test_binarize_none_takes_bits_only(container, value):
    with pytest.raises(ValueError, match=r"X\[3, 2\] is") as error:
        machine(binarize=None).fit(container(with_cell(value)), Y)
    for way_out in ("binarize=0.0", "CountVectorizer(binary=True)", "Thermometer"):
        assert way_out in str(error.value)
    machine(binarize=None).fit(container(X), Y)


def test_zeros_of_sparse_x_stay_zeros():
    with pytest.raises(ValueError, match="would make ones of the zeros"):
        machine(binarize=-0.5).fit(sp.csr_array(X), Y)
    machine(binarize=-0.5).fit(X, Y)


def test_odd_number_of_clauses():
    for method in ("fit", "partial_fit"):
        with pytest.raises(ValueError, match="n_clauses must be even: half of the"):
            getattr(machine(n_clauses=5), method)(X, Y)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_clauses", 0),
        ("n_clauses", True),
        ("threshold", 0),
        ("threshold", 1.5),
        ("threshold", 2**29 + 1),
        ("specificity", 0.9),
        ("specificity", np.nan),
        ("max_iter", 0),
        ("max_literals", 0),
        ("clause_drop", 1.0),
        ("clause_drop", -0.1),
        ("batch_size", 0),
        ("feature_negation", 1.0),
        ("feature_negation", 0.0),
        ("binarize", np.inf),
        ("n_iter_no_change", 0),
        ("device", "mps"),
    ],
)
def test_parameters(name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter"):
        machine(**{name: value}).fit(X, Y)


def test_one_class():
    with pytest.raises(ValueError, match=r"got 1 class with"):
        machine().fit(X, np.zeros(len(X)))
    with pytest.raises(ValueError, match=r"got 1 class with"):
        machine().fit(X, Y, sample_weight=(Y == "yes").astype(float))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.linspace(0, 1, 40), "continuous"),
        (np.full(40, np.nan), "NaN"),
        (Y[:-1], "inconsistent"),
    ],
)
def test_target(y, message):
    with pytest.raises(ValueError, match=message):
        machine().fit(X, y)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.linspace(-1, 1, 40), "Negative"),
        (np.full(40, np.nan), "NaN"),
        (np.zeros(40), "zero"),
        (np.ones(39), "sample_weight.shape"),
    ],
)
def test_sample_weight(weight, message):
    with pytest.raises(ValueError, match=message):
        machine().fit(X, Y, sample_weight=weight)
    with pytest.raises(ValueError, match=message):
        machine().partial_fit(X, Y, classes=["no", "yes"], sample_weight=weight)


def test_partial_fit(fitted):
    with pytest.raises(ValueError, match="first call of partial_fit needs classes"):
        machine().partial_fit(X, Y)
    with pytest.raises(ValueError, match="got 1 class"):
        machine().partial_fit(X, Y, classes=["no"])
    first = machine().partial_fit(X, Y, classes=["yes", "no"])
    with pytest.raises(ValueError, match="'maybe', which is not among the classes"):
        first.partial_fit(X[:2], ["no", "maybe"])
    with pytest.raises(ValueError, match="5 features"):
        first.partial_fit(X[:, :3], Y)
    with pytest.raises(ValueError, match="are not those of the first call"):
        first.partial_fit(X, Y, classes=["no", "yes", "maybe"])
    with pytest.raises(ValueError, match="n_clauses=6 does not fit the 4 clauses"):
        clone_of(first).set_params(n_clauses=6).partial_fit(X, Y)
    with pytest.raises(ValueError, match="the label 0, which is not among"):
        first.partial_fit(X[:2], [0, 1])
    first.partial_fit(X[:5], ["no"] * 5)  # a batch of one class is fine
    with pytest.raises(ValueError, match=r"simplify\(\) and from_clauses\(\) keep no"):
        fitted.simplify().partial_fit(X, Y)


def clone_of(estimator):
    copy = clone(estimator)
    vars(copy).update(vars(estimator))
    return copy


def test_early_stopping_needs_two_rows_of_each_class():
    y = Y.astype(object)
    y[0] = "rare"
    with pytest.raises(ValueError, match="'rare' has only 1 row"):
        machine(n_iter_no_change=1).fit(X, y)


def test_prediction(fitted):
    for method in ("predict", "predict_proba", "decision_function", "transform"):
        with pytest.raises(NotFittedError):
            getattr(machine(), method)(X)
        with pytest.raises(ValueError, match="expecting 5 features"):
            getattr(fitted, method)(X[:, :4])
    for method in ("get_rules", "export_text", "simplify", "get_feature_names_out"):
        with pytest.raises(NotFittedError):
            getattr(machine(), method)()
    with pytest.raises(NotFittedError):
        machine().explain(X)


def test_cuda_without_torch(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(ImportError, match=r"sklearn-ext\[torch\]"):
        machine(device="cuda").fit(X, Y)


def test_cuda_without_a_device():
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(RuntimeError, match="no CUDA device"):
        machine(device="cuda").fit(X, Y)
    with pytest.raises(RuntimeError, match="no CUDA device"):
        TsetlinMachineClassifier.from_clauses(
            np.eye(2, 4), [0, 1], [1, 1], classes=["a", "b"], device="cuda"
        )


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_failed_fit_changes_nothing(method):
    estimator = machine().fit(X, Y)
    before = dict(vars(estimator))
    states = estimator.state_.copy()
    with pytest.raises(ValueError, match="Input X contains NaN"):
        getattr(estimator, method)(with_cell(np.nan), Y)
    assert vars(estimator).keys() == before.keys()
    assert all(vars(estimator)[name] is value for name, value in before.items())
    np.testing.assert_array_equal(estimator.state_, states)
    fresh = machine()
    with pytest.raises(ValueError, match="got 1 class"):
        fresh.fit(X, np.zeros(len(X)))
    assert not [name for name in vars(fresh) if name.endswith("_")]


def test_partial_fit_leaves_older_copies_alone():
    estimator = machine().fit(X, Y)
    state, weights = estimator.state_, estimator.clause_weights_
    before = state.copy(), weights.copy()
    estimator.partial_fit(X, Y)
    np.testing.assert_array_equal(state, before[0])
    np.testing.assert_array_equal(weights, before[1])
    assert (estimator.state_ != state).any()

"""What holds for every estimator of the package, found by walking the public API."""

import pickle
import random
import warnings
from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from tests.common._instances import (
    COMPUTES_IN_DTYPE_OF_X,
    expected_failures,
    instances,
)
from tests.common._process import run_python

# Checks that scikit-learn has but does not run by itself.
MORE_CHECKS = [
    estimator_checks.check_dataframe_column_names_consistency,
    estimator_checks.check_inplace_ensure_writeable,
    estimator_checks.check_n_features_in_after_fitting,
    estimator_checks.check_param_validation,
]
MORE_TRANSFORMER_CHECKS = [
    estimator_checks.check_global_output_transform_pandas,
    estimator_checks.check_set_output_transform,
    estimator_checks.check_set_output_transform_pandas,
    estimator_checks.check_set_output_transform_polars,
    estimator_checks.check_transformer_get_feature_names_out,
    estimator_checks.check_transformer_get_feature_names_out_pandas,
]
METHODS = ("predict", "predict_proba", "decision_function", "transform", "apply")

# Layouts that hold numbers of less precision, or are scaled without being centred.
NOT_THE_SAME_NUMBERS = ("float32", "csr", "csc matrix")

INSTANCES = instances()
ON_TABLES = [each for each in INSTANCES if get_tags(each).input_tags.two_d_array]
on_tables = pytest.mark.parametrize("estimator", ON_TABLES, ids=partial(repr))

with warnings.catch_warnings():
    # of texts scikit-learn has one check; ours are in test_text.py
    warnings.simplefilter("ignore", SkipTestWarning)
    each_check = parametrize_with_checks(
        INSTANCES, expected_failed_checks=expected_failures, xfail_strict=True
    )


# the data of some checks are labels drawn at random over features on several scales,
# also as the domains of a label shift
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Weak label shift")
@each_check
def test_scikit_learn_check(estimator, check):
    check(estimator)


# some of the checks fit a frame and transform the array in it
@pytest.mark.filterwarnings("ignore:Weak label shift")
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.filterwarnings("ignore:X has feature names, but")
@pytest.mark.parametrize(
    ("estimator", "check"),
    [
        pytest.param(each, check, id=f"{each!r}-{check.__name__}")
        for each in ON_TABLES
        for check in MORE_CHECKS
        + (MORE_TRANSFORMER_CHECKS if hasattr(each, "transform") else [])
    ],
)
def test_more_of_scikit_learn(estimator, check):
    check(type(estimator).__name__, clone(estimator))


def numbers(n_samples=60, n_features=4, seed=0):
    """A table of integral numbers, which every container and dtype can hold."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 9, (n_samples, n_features)).astype(np.float64)
    y = np.array(["no", "yes"])[(X[:, 0] + X[:, 1] > 8).astype(int)]
    y[:3] = ["yes", "no", "yes"]
    return X, y


def outputs(estimator, X):
    """What each predict-like method says, else the score without y, as arrays."""
    names = [m for m in METHODS if hasattr(estimator, m)] or ["score"]
    said = {name: getattr(estimator, name)(X) for name in names}
    return {
        name: values.toarray() if sp.issparse(values) else np.asarray(values)
        for name, values in said.items()
    }


def weighted(estimator, weight):
    """The keyword of `fit` for weights, where there is one."""
    return (
        {"sample_weight": weight}
        if has_fit_parameter(estimator, "sample_weight")
        else {}
    )


def assert_same_outputs(left, right, rtol=0.0):
    assert left.keys() == right.keys() != set()
    for name, values in left.items():
        if rtol and values.dtype.kind == "f":
            np.testing.assert_allclose(values, right[name], rtol, rtol, err_msg=name)
        else:
            np.testing.assert_array_equal(values, right[name], err_msg=name)


def rounding(estimator, layout=""):
    """How far outputs may differ between layouts of the same numbers."""
    if type(estimator).__name__ not in COMPUTES_IN_DTYPE_OF_X:
        return 0.0
    return 1e-3 if layout in NOT_THE_SAME_NUMBERS else 1e-7


def thread_counts():
    """Threads of numba and of the native libraries, by library."""
    import numba
    from threadpoolctl import threadpool_info

    pools = {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}
    return numba.get_num_threads(), pools


@on_tables
def test_global_state_is_unchanged(estimator):
    X, y = numbers()
    outputs(clone(estimator).fit(X, y), X)  # loads whatever it loads
    thread_counts()  # so does this

    def state():
        legacy = np.random.get_state(legacy=True)  # noqa: NPY002
        return (
            (legacy[0], legacy[1].tobytes(), *legacy[2:]),
            random.getstate(),
            np.geterr(),
            thread_counts(),
        )

    before = state()
    outputs(clone(estimator).fit(X, y), X)
    assert state() == before


@on_tables
@pytest.mark.parametrize("container", ["array", "frame", "sparse", "memmap"])
def test_input_is_unchanged(estimator, container, tmp_path):
    X, y = numbers()
    weight = np.linspace(0.5, 2, len(y))
    if container == "frame":
        X = pd.DataFrame(X, columns=list("abcd"))
    elif container == "sparse":
        if not get_tags(estimator).input_tags.sparse:
            pytest.skip("takes no sparse input")
        X = sp.csr_array(X)
    elif container == "memmap":
        np.save(tmp_path / "X.npy", X)
        X = np.load(tmp_path / "X.npy", mmap_mode="r")
    before = pickle.dumps((X, y, weight))
    outputs(clone(estimator).fit(X, y, **weighted(estimator, weight)), X)
    assert pickle.dumps((X, y, weight)) == before


@on_tables
def test_every_layout_gives_the_same_outputs(estimator, tmp_path):
    X, y = numbers()
    expected = outputs(clone(estimator).fit(X, y), X)
    np.save(tmp_path / "X.npy", X)
    read_only = X.copy()
    read_only.flags.writeable = False
    wide = np.zeros((len(X), 2 * X.shape[1]))
    wide[:, ::2] = X
    layouts = {
        "float32": X.astype(np.float32),
        "Fortran": np.asfortranarray(X),
        "integers": X.astype(np.int64),
        "list": X.tolist(),
        "memmap": np.load(tmp_path / "X.npy", mmap_mode="r"),
        "object": X.astype(object),
        "read-only": read_only,
        "strided": wide[:, ::2],
    }
    if get_tags(estimator).input_tags.sparse:
        layouts["csr"] = sp.csr_array(X)
        layouts["csc matrix"] = sp.csc_matrix(X)
    for name, given in layouts.items():
        result = outputs(clone(estimator).fit(given, y), given)
        assert_same_outputs(result, expected, rounding(estimator, name))


@on_tables
def test_frames_give_the_same_outputs(estimator):
    X, y = numbers()
    frame = pd.DataFrame(X, columns=list("abcd"))
    expected = outputs(clone(estimator).fit(X, y), X)
    for given in (frame, frame.convert_dtypes(), pl.from_pandas(frame)):
        fitted = clone(estimator).fit(given, y)
        assert fitted.feature_names_in_.tolist() == list("abcd")
        assert_same_outputs(outputs(fitted, given), expected, rounding(estimator))


@on_tables
def test_clone_is_unfitted_and_equal(estimator):
    X, y = numbers()
    fitted = clone(estimator).fit(X, y)
    copy = clone(fitted)
    # by repr: estimators among the parameters are cloned, too
    assert repr(copy.get_params()) == repr(estimator.get_params())
    with pytest.raises(NotFittedError):
        check_is_fitted(copy)


@on_tables
def test_predicting_leaves_the_estimator_alone(estimator):
    X, y = numbers()
    fitted = clone(estimator).fit(X, y)
    before = pickle.dumps(vars(fitted))
    outputs(fitted, X)
    assert pickle.dumps(vars(fitted)) == before


@on_tables
def test_unfitted_methods_say_so(estimator):
    X, _ = numbers()
    for name in METHODS:
        if hasattr(estimator, name):
            with pytest.raises(NotFittedError):
                getattr(clone(estimator), name)(X)


@on_tables
def test_pickle_in_a_fresh_interpreter(estimator, tmp_path):
    X, y = numbers()
    fitted = clone(estimator).fit(X, y)
    method = next((name for name in METHODS if hasattr(fitted, name)), "score")
    (tmp_path / "fitted.pkl").write_bytes(pickle.dumps((getattr(fitted, method), X)))
    script = (
        "import pathlib, pickle\n"
        "method, X = pickle.loads(pathlib.Path('fitted.pkl').read_bytes())\n"
        "pathlib.Path('said.pkl').write_bytes(pickle.dumps(method(X)))"
    )
    run_python("-W", "error", "-c", script, cwd=tmp_path)
    said = pickle.loads((tmp_path / "said.pkl").read_bytes())
    differences = said != getattr(fitted, method)(X)  # sparse, too
    assert np.sum(differences) == 0


@pytest.mark.slow
def test_warm_up_compiles_every_signature(compiled, request):
    run_python("-m", "tests.common._signatures", cwd=request.config.rootpath)

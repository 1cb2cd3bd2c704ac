"""Threads change no bit, torch is only needed to fit, and the world stays as it was."""

import hashlib
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from skops import io as skops_io

from sklearn_ext import (
    AnyLossClassifier,
    AnyLossClassifierCV,
    DiceLossClassifier,
    TorchLossClassifier,
)
from tests.common._process import run_python
from tests.heads._tables import table

torch = pytest.importorskip("torch")

MODELS = {
    "any": AnyLossClassifier(max_iter=5),
    "dice": DiceLossClassifier(max_iter=5),
    "torch": TorchLossClassifier(max_iter=5, batch_size=50, random_state=0),
    "search": AnyLossClassifierCV(max_iter=5, cv=2, amplifications=(5, 10)),
    "hidden": AnyLossClassifier(
        hidden_layer_sizes=(4, 3), max_iter=5, random_state=0, threshold="final"
    ),
}
each_model = pytest.mark.parametrize("name", MODELS)


@pytest.fixture
def restored_threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def fresh(name):
    return type(MODELS[name])(**MODELS[name].get_params())


def bits(model):
    """Digest of everything that was fitted."""
    fitted = {name: value for name, value in vars(model).items() if name[-1] == "_"}
    return hashlib.sha256(pickle.dumps(sorted(fitted.items()))).hexdigest()


# --- threads --------------------------------------------------------------------------


@pytest.mark.usefixtures("restored_threads")
@each_model
def test_threads_change_no_bit(name):
    X, codes = table(400, 30, 3 if name == "dice" else 2)
    found = set()
    for n_threads in (1, 2, 4):
        torch.set_num_threads(n_threads)
        found.add(bits(fresh(name).fit(X, codes)))
        assert torch.get_num_threads() == n_threads
    assert len(found) == 1


@pytest.mark.usefixtures("restored_threads")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("hidden", [(), (16,)])
def test_threads_change_no_bit_of_large_tables(hidden, dtype):
    """Enough numbers for several blocks of rows."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60_000, 150)).astype(dtype)
    codes = (X[:, :3].sum(axis=1) + rng.normal(size=60_000) > 3).astype(int)
    found = set()
    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        model = AnyLossClassifier(
            hidden_layer_sizes=hidden,
            init="he" if hidden else "zeros",
            max_iter=2,
            random_state=0,
        )
        found.add(bits(model.fit(X, codes)))
    assert len(found) == 1


SCRIPT = """
import hashlib, sys
import numpy as np
from sklearn_ext import AnyLossClassifier, AnyLossClassifierCV
rng = np.random.default_rng(0)
X = rng.normal(size=(6_000, 40))
y = (X[:, :3].sum(axis=1) + rng.normal(size=6_000) > 3).astype(int)
digest = hashlib.sha256()
for model in (
    AnyLossClassifier(max_iter=4),
    AnyLossClassifierCV(max_iter=3, cv=2, amplifications=(5, 10)),
):
    model.fit(X, y)
    digest.update(model.coef_.tobytes() + model.intercept_.tobytes())
print(digest.hexdigest())
"""


def test_threads_of_the_process_change_no_bit():
    """Also those of BLAS and OpenMP, which the warm start may use."""
    found = {
        run_python(
            "-c", SCRIPT, OMP_NUM_THREADS=n_threads, OPENBLAS_NUM_THREADS=n_threads
        )
        for n_threads in ("1", "2")
    }
    assert len(found) == 1


@pytest.mark.usefixtures("restored_threads")
def test_a_failed_fit_gives_the_threads_back():
    def broken(input, target, sample_weight):
        raise RuntimeError("no loss today")

    X, codes = table(50)
    torch.set_num_threads(2)
    with pytest.raises(RuntimeError, match="no loss today"):
        TorchLossClassifier(broken).fit(X, codes)
    assert torch.get_num_threads() == 2


SIDE_BY_SIDE = """
from concurrent.futures import ThreadPoolExecutor
from threading import Event
import numpy as np, torch
from threadpoolctl import threadpool_info
from sklearn_ext import TorchLossClassifier

X = np.random.default_rng(0).normal(size=(60, 4))
y = np.arange(60) % 2
first_runs, second_runs, first_ended = (Event() for _ in range(3))

def fit(runs, until):
    def loss(input, target, sample_weight):
        runs.set()
        assert until.wait(60)
        return torch.nn.functional.binary_cross_entropy_with_logits(input, target)
    TorchLossClassifier(loss, max_iter=2).fit(X, y)

def threads():
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return torch.get_num_threads(), {pool["num_threads"] for pool in pools}

before = threads()
with ThreadPoolExecutor(2) as executor:
    first = executor.submit(fit, first_runs, second_runs)
    assert first_runs.wait(60)
    second = executor.submit(fit, second_runs, first_ended)
    first.result()
    first_ended.set()
    second.result()
assert threads() == before, (before, threads())
print("done")
"""


def test_fits_side_by_side_give_the_threads_back():
    """The second fit starts while the first has one thread, and ends after it."""
    two = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    assert run_python("-c", SIDE_BY_SIDE, **two).strip() == "done"


# --- without torch --------------------------------------------------------------------

PREDICT = """
import pickle, sys
import numpy as np
with open(sys.argv[1], "rb") as file:
    saved = pickle.load(file)
assert "torch" not in sys.modules
for name, (model, X, expected) in saved.items():
    for method, values in expected.items():
        found = getattr(model, method)(X)
        assert np.array_equal(found, values), (name, method)
assert "torch" not in sys.modules
try:
    import torch
except ImportError as error:
    assert "not today" in str(error)
else:
    raise SystemExit("the stand-in of torch was not found")
from sklearn_ext import AnyLossClassifier
for run in (
    lambda: model.to_torch(),
    lambda: AnyLossClassifier().fit(np.eye(4), [0, 1, 0, 1]),
):
    try:
        run()
    except ImportError as error:
        assert "sklearn-ext[torch]" in str(error), error
    else:
        raise SystemExit("no ImportError")
print("done")
"""


def test_fitted_models_predict_where_torch_does_not_import(tmp_path):
    X, codes = table(150)
    y = np.array(["no", "yes"])[codes]
    saved = {}
    for name in MODELS:
        model = fresh(name).fit(X, y)
        saved[name] = model, X
    saved["sparse"] = fresh("any").fit(sp.csr_array(X), y), sp.csr_array(X)
    streamed = fresh("any").partial_fit(X, y, classes=["no", "yes"])
    saved["stream"] = streamed, X
    X3, codes3 = table(150, n_classes=3)
    saved["three"] = fresh("any").fit(X3, codes3), X3
    methods = ("predict", "predict_proba", "predict_log_proba", "decision_function")
    saved = {
        name: (
            model,
            rows,
            {method: getattr(model, method)(rows) for method in methods},
        )
        for name, (model, rows) in saved.items()
    }
    (tmp_path / "models.pickle").write_bytes(pickle.dumps(saved))
    fake = tmp_path / "fake" / "torch"
    fake.mkdir(parents=True)
    missing = "raise ModuleNotFoundError('not today', name='torch')\n"
    (fake / "__init__.py").write_text(missing)
    printed = run_python(
        "-c", PREDICT, tmp_path / "models.pickle", PYTHONPATH=str(fake.parent)
    )
    assert printed.strip() == "done"


def test_importing_a_classifier_loads_no_torch():
    names = ", ".join(type(model).__name__ for model in MODELS.values())
    printed = run_python(
        "-c",
        f"import sys\nfrom sklearn_ext import {names}\n"
        "AnyLossClassifier(); print('torch' in sys.modules)",
    )
    assert printed.strip() == "False"


@each_model
def test_state_is_numpy(name):
    """skops lists only our own classes as untrusted, and gives the same model back."""
    X, codes = table(100)
    model = fresh(name).fit(X, codes)
    if name != "search":
        model.partial_fit(X, codes)
    data = skops_io.dumps(model)
    untrusted = skops_io.get_untrusted_types(data=data)
    assert all(each.startswith("sklearn_ext.heads") for each in untrusted)
    again = skops_io.loads(data, trusted=untrusted)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    private = [
        each for each in vars(model) if each[0] == "_" and "callback" not in each
    ]
    assert set(private) <= {"_moments_", "_n_seen_", "_shift_"}


# --- the world ------------------------------------------------------------------------


@each_model
def test_fit_leaves_the_world_alone(name):
    X, codes = table(100)
    weight = np.ones(100)
    before = X.copy(), codes.copy()
    np.random.seed(0)  # noqa: NPY002
    torch.manual_seed(0)
    of_numpy, of_torch = np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    errors, dtype = np.geterr(), torch.get_default_dtype()
    gradients = torch.is_grad_enabled()
    model = fresh(name).fit(X, codes, sample_weight=weight)
    model.predict_proba(X)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(codes, before[1])
    assert (weight == 1).all()
    assert all(map(np.array_equal, of_numpy, np.random.get_state()))  # noqa: NPY002
    assert torch.equal(of_torch, torch.get_rng_state())
    assert np.geterr() == errors
    assert torch.get_default_dtype() is dtype
    assert torch.is_grad_enabled() == gradients


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
@each_model
def test_fit_works_where_gradients_are_off(name, mode):
    X, codes = table(100)
    expected = bits(fresh(name).fit(X, codes))
    with mode():
        assert bits(fresh(name).fit(X, codes)) == expected


@each_model
def test_predict_leaves_the_model_alone(name):
    X, codes = table(100)
    model = fresh(name).fit(X, codes)
    before = pickle.dumps(vars(model))
    for method in ("predict", "predict_proba", "decision_function", "to_torch"):
        getattr(model, method)(*([] if method == "to_torch" else [X]))
    assert pickle.dumps(vars(model)) == before


@each_model
def test_module_is_a_copy(name):
    """Training the module further does not move the classifier."""
    X, codes = table(100)
    model = fresh(name).fit(X, codes)
    scores = model.decision_function(X)
    module = model.to_torch()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 1
    np.testing.assert_array_equal(model.decision_function(X), scores)


FIRST_FIT = """
import torch
from sklearn_ext import TorchLossClassifier
torch.set_num_threads(2)
TorchLossClassifier().fit([[0.0], [1.0]], [0, 1])
print(torch.get_num_threads())
"""


def test_the_first_fit_of_a_process_gives_the_threads_back():
    two = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    assert run_python("-c", FIRST_FIT, **two).strip() == "2"


def test_fit_works_under_autocast():
    X, codes = table(50)
    X = X.astype(np.float32)
    expected = AnyLossClassifier().fit(X, codes)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = AnyLossClassifier().fit(X, codes)
    np.testing.assert_array_equal(found.coef_, expected.coef_)

"""Where a parameter `device` leads, with and without torch and a CUDA device."""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace

import pytest

from sklearn_ext._core._torch import has_cuda, resolve_device
from tests.common._process import run_python

DEVICES = ["auto", "cpu", "cuda"]


def stand_in(cuda):
    """Return a torch that only knows whether there is a CUDA device."""
    torch = ModuleType("torch")
    torch.__spec__ = ModuleSpec("torch", None)
    torch.cuda = SimpleNamespace(is_available=lambda: cuda)
    return torch


def resolve(device, *, is_worth_it=True):
    return resolve_device(device, is_worth_it=is_worth_it, purpose="Learner(cuda)")


@pytest.fixture
def no_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)


@pytest.fixture
def no_device(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", stand_in(cuda=False))


@pytest.fixture
def one_device(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", stand_in(cuda=True))


@pytest.mark.usefixtures("no_torch")
def test_without_torch():
    assert resolve("auto") == resolve("cpu") == "cpu"
    assert not has_cuda()
    with pytest.raises(ImportError, match=r"Learner\(cuda\) needs torch.*ext\[torch\]"):
        resolve("cuda")


@pytest.mark.usefixtures("no_device")
def test_without_a_cuda_device():
    assert resolve("auto") == resolve("cpu") == "cpu"
    assert not has_cuda()
    for kind in (RuntimeError, ValueError):
        with pytest.raises(kind, match=r"Learner\(cuda\) found no CUDA.*\['cpu'\]"):
            resolve("cuda")


@pytest.mark.usefixtures("one_device")
def test_with_a_cuda_device():
    assert [resolve(device) for device in DEVICES] == ["cuda", "cpu", "cuda"]
    assert has_cuda()


@pytest.mark.usefixtures("one_device")
def test_a_small_problem_stays_on_the_cpu_unless_told_otherwise():
    found = [resolve(device, is_worth_it=False) for device in DEVICES]
    assert found == ["cpu", "cpu", "cuda"]


def test_nobody_looks_for_torch_in_vain(monkeypatch):
    """Neither an explicit CPU nor a small problem imports torch."""

    def fail(*args, **kwargs):
        raise AssertionError("torch was looked for")

    monkeypatch.setattr("sklearn_ext._core._torch.import_optional", fail)
    monkeypatch.setattr("sklearn_ext._core._torch.find_spec", fail)
    assert resolve("cpu") == "cpu"
    assert resolve("auto", is_worth_it=False) == "cpu"


@pytest.mark.usefixtures("no_torch")
def test_a_torch_that_is_broken_says_so_itself(monkeypatch):
    def broken(name):
        raise ModuleNotFoundError("No module named 'of_torch'", name="of_torch")

    monkeypatch.setattr("importlib.import_module", broken)
    with pytest.raises(ModuleNotFoundError, match="of_torch"):
        resolve("cuda")


def test_torch_is_not_imported_for_a_small_problem():
    script = (
        "import sys\n"
        "from sklearn_ext import TsetlinMachineClassifier\n"
        "X, y = [[0, 1], [1, 0]] * 10, [0, 1] * 10\n"
        "machine = TsetlinMachineClassifier(4, batch_size=5, device='auto')\n"
        "machine.fit(X, y).predict(X)\n"
        "print('torch' in sys.modules, machine.device_)"
    )
    assert run_python("-c", script).split() == ["False", "cpu"]

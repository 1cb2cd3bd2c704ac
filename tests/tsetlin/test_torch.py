"""The torch engine does what the compiled kernels do, bit for bit."""

import sys

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_ext import TsetlinMachineClassifier
from sklearn_ext._core._numba import Workers
from sklearn_ext.tsetlin import _random
from sklearn_ext.tsetlin._automata import Automata, Settings, literal_mask
from sklearn_ext.tsetlin._epoch import ClassSteps, CpuEngine, EpochPlan, run_epoch
from sklearn_ext.tsetlin._inference import ClauseBank, class_votes
from sklearn_ext.tsetlin._pack import binary_rows, pack_bits, unpack_bits

torch = pytest.importorskip("torch")

from sklearn_ext.tsetlin import _torch  # noqa: E402

SEED = 12345
OPTIONS = [
    {},
    {"boost_true_positive": False},
    {"weighted": False},
    {"feature_negation": False},
    {"feature_negation": 0.4},
    {"max_literals": None},
    {"max_literals": 1, "specificity": 10.0},
    {"clause_drop": 0.4},
    {"clause_drop": 0.99},
    {"specificity": 1.0},
    {"specificity": 1.0, "boost_true_positive": False},
    {"specificity": 2.0},
    {"specificity": 27.0},
    {"specificity": 1e9},
    {"threshold": 1},
    {"threshold": 2**29},
    {"batch_size": 3},
    {"batch_size": 24},
    {"batch_size": 10**6},
    {"n_clauses": 2},
]
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
    {"specificity": 1.5, "boost_true_positive": False, "batch_size": 50},
]
SHAPES = [
    *((12, 1, 2), (12, 2, 5), (24, 5, 4), (20, 63, 2)),
    *((20, 64, 3), (20, 65, 2), (20, 127, 2), (20, 129, 3)),
]
CONTAINERS = [np.asarray, sp.csr_array]


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request):
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("torch finds no CUDA device")
    return request.param


def table(n, n_features, n_classes, seed=0):
    """Return bits, of which some depend on the class, and the labels of the rows."""
    rng = np.random.default_rng([seed, n, n_features, n_classes])
    labels = rng.permutation(np.arange(n) % n_classes)
    share = rng.random((n_classes, n_features)) ** 2
    return (rng.random((n, n_features)) < share[labels]).astype(float), labels


def machine(**parameters):
    return TsetlinMachineClassifier(
        **{"n_clauses": 6, "threshold": 5, "max_iter": 3, "random_state": 0}
        | parameters
    )


def automata_at_the_ends(start):
    """Return weights and states at their ends; features 0 and 1 are included."""
    rng = np.random.default_rng(0)
    n_classes, n_clauses, _, width = start.state.shape
    has_automaton = unpack_bits(start.state[0, 0, 0], 64 * width)
    states = rng.choice([0, 1, 126, 127], (n_classes, n_clauses, 64 * width))
    states[:, :, :2] = rng.choice([254, 255], (n_classes, n_clauses, 2))
    states *= has_automaton
    planes = [
        pack_bits((states >> p & 1 == 1).reshape(-1, 64 * width)) for p in range(8)
    ]
    state = np.stack(planes, 1).reshape(start.state.shape)
    weights = rng.choice([1, 2, 2**31 - 2, 2**31 - 1], start.weights.shape)
    return start._replace(state=state, weights=weights.astype(np.int32))


def assert_engines_agree(
    rows, labels, device, weight=None, n_epochs=3, begin=None, **options
):
    """Train both engines, and compare all there is after each epoch."""
    model = machine(**options)
    n_classes = int(labels.max()) + 1
    negation = model.feature_negation
    mask = literal_mask(rows, negation, drop_constant=begin is None)
    start = Automata.start(n_classes, model.n_clauses, mask, bool(negation))
    if begin is not None:
        start = begin(start)
    settings = Settings.of(model, model.threshold)
    engine = _torch.TorchEngine(start, settings, rows, device)
    given = start.copy()
    with Workers(1) as workers:
        expected = CpuEngine(start.copy(), settings, rows, workers)
        for epoch in range(n_epochs):
            of_epoch = settings, SEED, epoch, None, labels, weight, start.weights.shape
            assert run_epoch(engine, *of_epoch) == run_epoch(expected, *of_epoch)
            assert_same_automata(engine.automata, expected.automata)
    assert_same_automata(start, given)  # the engine leaves its input alone
    return expected.automata


def assert_same_automata(automata, expected):
    for name, values in automata._asdict().items():
        wanted = getattr(expected, name)
        assert values.dtype == wanted.dtype
        np.testing.assert_array_equal(values, wanted)
    assert automata.state.flags.c_contiguous


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_options(options, device):
    X, labels = table(24, 6, 3)
    assert_engines_agree(binary_rows(X, 0.0), labels, device, **options)


@pytest.mark.parametrize("mixture", MIXTURES, ids=["one", "two", "three"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("container", CONTAINERS)
def test_shapes(shape, mixture, container, device):
    X, labels = table(*shape)
    rows = binary_rows(container(X), 0.0)
    assert_engines_agree(rows, labels, device, n_epochs=2, **mixture)


@pytest.mark.parametrize("options", [{}, *MIXTURES], ids=["base", "1", "2", "3"])
def test_sample_weight(options, device):
    X, labels = table(24, 6, 3)
    weight = np.arange(1, 25) / 7
    assert_engines_agree(binary_rows(X, 0.0), labels, device, weight, **options)


@pytest.mark.parametrize("options", [{}, *MIXTURES], ids=["base", "1", "2", "3"])
def test_states_and_weights_at_their_ends(options, device):
    X, labels = table(24, 70, 2)
    X[:, :2] = 1  # so clauses hold
    rows = binary_rows(X, 0.0)
    options = options | {"threshold": 2**29, "n_clauses": 20}
    final = assert_engines_agree(
        rows, labels, device, begin=automata_at_the_ends, **options
    )
    states = np.packbits(unpack_bits(final.state, 70), axis=2, bitorder="little")
    assert (states.min(), states.max()) == (0, 255)
    assert final.weights.max() == 2**31 - 1
    assert final.weights.min() == 1


@pytest.mark.parametrize("at_once", [1, 50, 999])
@pytest.mark.parametrize("options", [{}, *MIXTURES], ids=["base", "1", "2", "3"])
def test_blocks(at_once, options, device, monkeypatch):
    """The result does not depend on how much is worked on at once."""
    monkeypatch.setitem(_torch.WORDS_AT_ONCE, device, at_once)
    X, labels = table(24, 70, 3)
    assert_engines_agree(binary_rows(X, 0.0), labels, device, n_epochs=1, **options)


def test_long_training(compiled, device):
    """With many clauses, masks of which every level is needed, and long clauses."""
    X, labels = table(200, 130, 4)
    options = {"n_clauses": 60, "threshold": 60, "batch_size": 20, "specificity": 1.7}
    rows = binary_rows(X, 0.0)
    assert_engines_agree(rows, labels, device, n_epochs=5, **options)


def address_before(draw, number):
    """Return the address whose random number of this number is `draw`."""
    for shift, factor in ((31, 0x94D049BB133111EB), (27, 0xBF58476D1CE4E5B9), (30, 1)):
        draw ^= draw >> shift ^ draw >> 2 * shift
        draw = draw * pow(factor, -1, 2**64) % 2**64
    return (draw - 0x9E3779B97F4A7C15 * (number + 1)) % 2**64


@pytest.mark.parametrize("event", [2**30 - 1, 2**30])
@pytest.mark.parametrize("second", [776, 777])
def test_gates_at_their_limits(event, second, device):
    """At a vote of 1 and a threshold of 2, a quarter of the draws give feedback."""
    keys = [address_before(address_before(u << 32, 0), 0) for u in (event, second)]
    steps = [ClassSteps(np.array([0]), np.array([own])) for own in (True, False)]
    plan = EpochPlan(
        np.array([0]),
        steps,
        np.array(keys[:1] * 2, np.uint64),
        np.array(keys[1:] * 2, np.uint64),
        np.array([777], np.uint64),
        np.array([[False, True], [True, True]]),
    )
    automata = Automata.start(2, 2, np.ones(2, bool), True)
    settings = Settings.of(machine(), 2)
    rows = binary_rows(np.ones((1, 1)), 0.0)
    with Workers(1) as workers:
        for engine in (
            _torch.TorchEngine(automata, settings, rows, device),
            CpuEngine(automata.copy(), settings, rows, workers),
        ):
            votes, n_fed = engine.train(plan)
            assert [v.tolist() for v in votes] == [[1], [0]]
            assert n_fed == (event < 2**30 and second < 777)


def test_golden_draws(device):
    h, v = torch.tensor([[0, 0, 42], [0, 1, 7]], device=device)
    draws = [f"{z % 2**64:016x}" for z in _torch.draw(h, v).tolist()]
    assert draws == ["e220a8397b1dcdaf", "6e789e6aa1b965f4", "ccf635ee9e9e2fa4"]


def test_draws_equal_those_of_numpy(device):
    h = np.random.default_rng(0).integers(-(2**63), 2**63, 1000)
    v = np.arange(1000)
    draws = _torch.draw(*torch.tensor(np.stack([h, v]), device=device)).cpu().numpy()
    assert (draws.view(np.uint64) == _random.draw(h.view(np.uint64), v)).all()


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("n", [1, 63, 64, 65, 200])
@pytest.mark.parametrize("n_features", [1, 64, 65, 130])
def test_packed_rows(n_features, n, container, device):
    X, _ = table(n, n_features, 1)
    rows = binary_rows(container(X), 0.0)
    words = _torch._pack(rows, 0, n, device)
    assert (words.cpu().numpy().view(np.uint64) == pack_bits(X > 0)).all()
    columns = _torch._columns(words).cpu().numpy().view(np.uint64)
    assert (columns[:n_features] == pack_bits(X.T > 0)).all()
    assert not columns[n_features:].any()


def random_bank(n_features, n_classes=3, n_clauses=50, longest=6, seed=0):
    """Return clauses in no order: empty, contradictory and with the largest votes."""
    rng = np.random.default_rng([seed, n_features])
    lengths = rng.integers(0, min(longest, 2 * n_features) + 1, n_clauses)
    clauses = np.zeros((n_clauses, 2 * n_features), np.int8)
    for clause, length in zip(clauses, lengths, strict=True):
        clause[rng.choice(2 * n_features, length, replace=False)] = 1
    clauses[:2, [0, n_features]] = 1
    owner = rng.integers(0, n_classes, n_clauses)
    votes = rng.integers(-(2**31), 2**31, n_clauses)
    return ClauseBank.of(sp.csr_array(clauses), owner, votes, n_classes)


def assert_votes_agree(bank, rows, device):
    with Workers(1) as workers:
        expected = class_votes(bank, rows, workers)
    votes = _torch.class_votes(bank, rows, device)
    assert votes.dtype == expected.dtype
    np.testing.assert_array_equal(votes, expected)
    return votes


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 200])
@pytest.mark.parametrize("n_features", [1, 63, 64, 65, 130])
def test_votes(n_features, n, container, device):
    X, _ = table(n, n_features, 1)
    rows = binary_rows(container(X), 0.0)
    assert_votes_agree(random_bank(n_features), rows, device)


@pytest.mark.parametrize("at_once", [1, 600, 9000])
def test_votes_in_blocks(at_once, device, monkeypatch):
    monkeypatch.setitem(_torch.COLUMN_WORDS_AT_ONCE, device, at_once)
    X, _ = table(200, 70, 1)
    for container in CONTAINERS:
        rows = binary_rows(container(X), 0.0)
        assert_votes_agree(random_bank(70), rows, device)


def test_votes_of_long_clauses(device):
    X, _ = table(100, 130, 1)
    X[::2] = 1
    bank = random_bank(130, n_clauses=30, longest=260)
    only_features = bank._replace(indices=np.sort(bank.indices % 130))
    votes = assert_votes_agree(only_features, binary_rows(X, 0.0), device)
    assert votes[::2].all()


@pytest.mark.parametrize("n_clauses", [0, 4])
def test_votes_of_empty_clauses(n_clauses, device):
    clauses = sp.csr_array((n_clauses, 10), dtype=np.int8)
    ones = np.ones(n_clauses, int)
    bank = ClauseBank.of(clauses, ones, ones, 2)
    votes = assert_votes_agree(bank, binary_rows(np.eye(5), 0.0), device)
    assert votes.tolist() == [[0, 0]] * 5


def test_votes_are_exact_beyond_single_precision(device):
    clauses = sp.csr_array(np.eye(1, 4, dtype=np.int8)[[0] * 2001])
    votes = np.r_[np.full(2000, 2**31 - 1), 1]
    bank = ClauseBank.of(clauses, np.zeros(2001, int), votes, 2)
    rows = binary_rows(np.array([[1.0, 0.0], [0.0, 1.0]]), 0.0)
    expected = [[2000 * (2**31 - 1) + 1, 0], [0, 0]]
    assert assert_votes_agree(bank, rows, device).tolist() == expected


class InTorch(TsetlinMachineClassifier):
    """The classifier with the torch engine, on the CPU."""

    _trains_in_torch = True


def both(**parameters):
    """Return a machine on torch and one on numba."""
    plain = machine(**parameters)
    return InTorch(**plain.get_params()), plain


def assert_same_model(model, expected, X):
    assert vars(model).keys() == vars(expected).keys()
    fitted = {name for name in vars(expected) if name.endswith("_")}
    for name in fitted - {"history_", "clauses_"}:
        value, wanted = getattr(model, name), getattr(expected, name)
        assert type(value) is type(wanted)
        np.testing.assert_array_equal(value, wanted)
    np.testing.assert_array_equal(model.clauses_.toarray(), expected.clauses_.toarray())
    for name, values in expected.history_.items():
        np.testing.assert_array_equal(model.history_[name], values)
    votes = model.decision_function(X)
    np.testing.assert_array_equal(votes, expected.decision_function(X))


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("n_iter_no_change", [None, 1])
def test_fit(container, n_iter_no_change):
    X, labels = table(60, 70, 3)
    model, expected = both(n_iter_no_change=n_iter_no_change, max_iter=6, batch_size=4)
    for each in (model, expected):
        each.fit(container(X), np.array(["c", "a", "b"])[labels])
    assert_same_model(model, expected, container(X))


def test_partial_fit():
    X, labels = table(60, 70, 3)
    weight = 1 + np.arange(60) % 4
    model, expected = both(batch_size=4)
    for rows in (slice(0, 20), slice(20, 21), slice(21, 60)):
        for each in (model, expected):
            each.partial_fit(X[rows], labels[rows], [0, 1, 2], weight[rows])
        assert_same_model(model, expected, X)


def test_a_model_from_a_gpu_predicts_without_one(monkeypatch):
    X, labels = table(60, 70, 3)
    model = machine().fit(X, labels)
    expected = model.decision_function(X)
    model.device_ = "cuda"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    np.testing.assert_array_equal(model.decision_function(X), expected)


@pytest.fixture
def thread_count():
    """Set the number of threads of torch for a while."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_threads(compiled, thread_count):
    """Large enough for torch to share the work."""
    X, labels = table(200, 300, 2)
    rows = binary_rows(X, 0.0)
    bank = random_bank(300, n_clauses=400)
    options = {"n_clauses": 300, "threshold": 300, "batch_size": 100}
    for n_threads in (1, 2):
        thread_count(n_threads)
        assert_engines_agree(rows, labels, "cpu", n_epochs=1, **options)
        assert_votes_agree(bank, rows, "cpu")
        assert torch.get_num_threads() == n_threads


def global_state():
    return [
        torch.get_default_dtype(),
        torch.get_num_threads(),
        torch.get_num_interop_threads(),
        torch.are_deterministic_algorithms_enabled(),
        torch.get_float32_matmul_precision(),
        torch.backends.cuda.matmul.allow_tf32,
        torch.get_rng_state().tolist(),
    ]


def test_global_state_of_torch_is_unchanged():
    before = global_state()
    X, labels = table(24, 6, 2)
    InTorch(4, max_iter=2, random_state=0).fit(X, labels).predict(X)
    assert global_state() == before


def test_defaults_of_torch_do_not_matter(device):
    """A default device or dtype that the user has set is none of ours."""
    X, labels = table(24, 6, 2)
    rows = binary_rows(X, 0.0)
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float16)
    try:
        with torch.device("meta"):
            assert_engines_agree(rows, labels, device)
            assert_votes_agree(random_bank(6), rows, device)
    finally:
        torch.set_default_dtype(dtype)


@pytest.mark.parametrize("container", CONTAINERS)
def test_read_only_rows(container, device):
    """Which torch would warn of if it was to share their memory."""
    X, labels = table(24, 6, 2)
    rows = binary_rows(container(X), 0.0)
    for array in (rows.indptr, rows.indices, rows.words):
        array.flags.writeable = False
    assert_engines_agree(rows, labels, device, n_epochs=1)
    bank = random_bank(6)
    for array in bank[:4]:
        array.flags.writeable = False
    assert_votes_agree(bank, rows, device)


def test_without_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    X, labels = table(24, 6, 2)
    with pytest.raises(ImportError, match=r"sklearn-ext\[torch\]"):
        InTorch(4).fit(X, labels)

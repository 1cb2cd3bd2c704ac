"""No NaN, gradients alive, float32 beside float64, autocast."""

import itertools

import numpy as np
import pytest

from sklearn_ext import (
    AnyLoss,
    DiceLoss,
    FocalLoss,
    ScoreOrientedLoss,
    TverskyLoss,
)
from sklearn_ext.losses._metrics import METRICS, ConfusionMetric, Counts
from tests.losses._batches import batch, torch, value, value_and_gradient

COST = {2: np.eye(2), 4: np.eye(4)}
DICE = itertools.product([0.01, 0.5, 1.0], ["detach", "paper"], ["batch", "sample"])


def losses(n_classes):
    """Yield each loss in its extreme settings."""
    for metric, L in itertools.product(METRICS, [None, 10.0, 73.0]):
        cost = COST[n_classes] if metric == "cost" else None
        yield AnyLoss(metric, amplification=L, cost=cost)
    for (alpha, kind, level), (smooth, ratio) in itertools.product(
        DICE, [(0, 0), (1, 0), (0, 1)]
    ):
        yield DiceLoss(
            alpha=alpha,
            self_adjusting=kind,
            level=level,
            smooth=smooth,
            ohem_ratio=ratio,
        )
    for power in (0.5, 1.0, 2.0):
        yield TverskyLoss(focal_gamma=power)
        yield FocalLoss(gamma=power - 0.5)
    yield ScoreOrientedLoss()
    yield ScoreOrientedLoss("mcc", prior="cosine")


each_loss = pytest.mark.parametrize(
    ("loss", "n_classes"),
    [(loss, n_classes) for n_classes in (2, 4) for loss in losses(n_classes)],
    ids=str,
)


def extremes(n_classes):
    """Yield logits of +-100 and 0 in all places, and targets that lack classes."""
    rng = np.random.default_rng(0)
    shape = 24 if n_classes == 2 else (24, n_classes)
    for kind in ("wrong", "right", "all", "none", "mixed"):
        classes = np.arange(24) % n_classes
        sign = np.eye(n_classes)[classes] * 2 - 1
        sign = sign[:, 1] if n_classes == 2 else sign
        logits = {
            "right": 100 * sign,
            "wrong": -100 * sign,
            "all": np.full(shape, 100.0),
            "none": np.full(shape, -100.0),
            "mixed": rng.choice([-100.0, -20.0, 0.0, 17.0, 100.0], shape),
        }[kind]
        for target in (classes, np.zeros_like(classes), np.ones_like(classes)):
            yield logits, target


@each_loss
def test_values_and_gradients_are_finite(loss, n_classes):
    for dtype in (torch.float32, torch.float64):
        for z, target in extremes(n_classes):
            found, gradient = value_and_gradient(loss, z, target, dtype=dtype)
            assert np.isfinite(found)
            assert np.isfinite(gradient).all()
            if not isinstance(loss, FocalLoss):
                assert -1e-5 < found < 2 + 1e-5


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_autocast_computes_in_single_precision(n_classes, half):
    """The layer before gives half precision; the loss of a batch of 5,000 ones would
    overflow or stand still in it."""
    rng = np.random.default_rng(0)
    n, d = 5_000, 8
    X = torch.tensor(rng.normal(size=(n, d)), dtype=torch.float32)
    classes = torch.tensor(rng.integers(n_classes, size=n))
    for loss in (AnyLoss(), AnyLoss("mcc"), DiceLoss(alpha=0.5), FocalLoss()):
        layer = torch.nn.Linear(d, 1 if n_classes == 2 else n_classes)
        with torch.no_grad():
            layer.weight.copy_(torch.ones(layer.weight.shape) * 9)
        with torch.autocast("cpu", dtype=half):
            logits = layer(X)
            assert logits.dtype == half
            found = loss(logits, classes)
        assert found.dtype == torch.float32
        found.backward()
        assert layer.weight.grad.isfinite().all()
        expected = loss(logits.detach().float(), classes)
        assert found.item() == expected.item()

        leaf = logits.detach().requires_grad_()
        loss(leaf, classes).backward()
        assert leaf.grad.dtype == half


@pytest.mark.parametrize("metric", sorted(set(METRICS) - {"cost"}))
@pytest.mark.parametrize("n_classes", [2, 4])
def test_gradients_stay_alive_in_float32(metric, n_classes):
    """p = 1 - 1e-7 with L = 73, where a rounds to 1: half of the rows are wrong."""
    classes = np.arange(24) % n_classes
    if n_classes == 2:
        z = 16.118 * (2.0 * (np.arange(24) % 3 == 0) - 1)
    else:
        z = 16.118 * (2 * np.eye(4)[(classes + np.arange(24) // 4 % 2) % 4] - 1)
    loss = AnyLoss(metric, amplification=73.0)
    _, gradient = value_and_gradient(loss, z, classes, dtype=torch.float32)
    _, exact = value_and_gradient(loss, z, classes)
    moves = np.abs(exact) > 1e-3 * np.abs(exact).max()
    assert moves.sum() >= 12
    np.testing.assert_allclose(gradient[moves], exact[moves], rtol=1e-3)


@pytest.mark.parametrize("metric", ["kappa", "markedness", "mcc"])
@pytest.mark.parametrize("shift", [-20.0, -17.0, 14.0, 17.0, 40.0])
def test_nearly_all_rows_in_one_class_in_float32(metric, shift):
    """Differences of sums are rounding noise there, which must not be divided by."""
    z, y, _ = batch(300)
    for L in (None, 10.0, 73.0):
        loss = AnyLoss(metric, amplification=L)
        found, gradient = value_and_gradient(loss, z + shift, y, dtype=torch.float32)
        assert -1e-3 < found < 2
        exact, exact_gradient = value_and_gradient(loss, z + shift, y)
        assert found == pytest.approx(exact, abs=1)
        size, exact_size = (
            np.linalg.norm(g.astype(float)) for g in (gradient, exact_gradient)
        )
        assert size < 3 * exact_size + 1e-6


@pytest.mark.parametrize("metric", sorted(set(METRICS) - {"cost"}))
def test_rounding_noise_is_not_divided_by(metric):
    """Shares that should be 0 are some 1e-8 after sums in float32."""
    formula = ConfusionMetric(metric)
    for noise in itertools.product([-1.2e-7, -3e-8, 0.0, 3e-8, 1.2e-7], repeat=3):
        for true, hit in ((0.9, 0.1), (0.0, 1.0)):
            tn, fn, fp = noise[0], noise[1], true - noise[2]
            cells = [[tn, fp], [fn, hit]]
            matrix = torch.tensor(cells, dtype=torch.float32, requires_grad=True)
            hits, predicted = matrix.diagonal(), matrix.sum(0)
            totals = torch.tensor([true, hit], dtype=torch.float32)
            found = formula(Counts(hits, totals, predicted))
            found.backward()
            assert -1.2 < found < 1.2
            assert matrix.grad.isfinite().all()


@each_loss
def test_single_precision_is_near_double_precision(loss, n_classes):
    z, classes, weight = batch(n_classes=n_classes)
    double, gradient = value_and_gradient(loss, z, classes, weight)
    single, of_single = value_and_gradient(loss, z, classes, weight, torch.float32)
    assert single == pytest.approx(double, rel=1e-4, abs=1e-5)
    size = np.abs(gradient).max()
    np.testing.assert_allclose(of_single, gradient, rtol=1e-2, atol=2e-3 * size)


def test_tensors_of_the_caller_stay_as_they_are():
    z, classes, weight = (torch.tensor(each) for each in batch(n_classes=4))
    weight[0] = 0
    classes[1] = -100
    copies = z.clone(), classes.clone(), weight.clone()
    for loss in (AnyLoss("mcc"), DiceLoss(alpha=0.1, ohem_ratio=1.0), FocalLoss()):
        loss(z.requires_grad_(), classes, weight).backward()
        for tensor, copied in zip((z, classes, weight), copies, strict=True):
            assert torch.equal(tensor.detach(), copied)


def test_layouts_do_not_matter():
    z, classes, weight = batch(n_classes=4)
    strided = torch.tensor(np.repeat(z, 2, axis=1))[:, ::2]
    for loss in (AnyLoss("mcc"), DiceLoss(alpha=0.1, ohem_ratio=1.0), FocalLoss()):
        expected = value(loss, z, classes, weight)
        for logits in (torch.tensor(np.asfortranarray(z)), strided):
            found = loss(logits, torch.tensor(classes), weight)
            assert found.item() == pytest.approx(expected, rel=1e-12)
    z, y, weight = batch()
    column = torch.tensor(np.column_stack([z, z]))[:, 1]
    found = AnyLoss()(column, torch.tensor(y), weight)
    assert found.item() == pytest.approx(value(AnyLoss(), z, y, weight), rel=1e-12)

"""DiceLoss and TverskyLoss: NumPy twins, perfect predictions, hard negatives."""

import itertools

import numpy as np
import pytest

from sklearn_ext import DiceLoss, TverskyLoss, dice_loss, tversky_loss
from tests.losses import _naive
from tests.losses._batches import batch, gradcheck, torch, value, value_and_gradient

GRID = [
    dict(zip(("squared", "self_adjusting", "level", "smooth"), case, strict=True))
    for case in itertools.product(
        [False, True],
        ["detach", "paper"],
        ["batch", "sample"],
        [1.0, (0.5, 2.0), 1e-3],
    )
]


def perfect(n_classes, size=100.0):
    """Return logits that are right by far, and their classes."""
    classes = np.arange(60) % n_classes
    if n_classes == 2:
        return size * (2.0 * classes - 1), classes
    return size * (2 * np.eye(n_classes)[classes] - 1), classes


@pytest.mark.parametrize("alpha", [0.0, 0.01, 0.7])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_values_are_those_of_the_twin(n_classes, alpha):
    z, classes, weight = batch(n_classes=n_classes)
    for settings in GRID:
        for average in ("macro", "weighted", "micro"):
            case = {"alpha": alpha, "average": average, **settings}
            expected = _naive.dice(z, classes, weight, **case)
            found = value(DiceLoss(**case), z, classes, weight)
            assert found == pytest.approx(expected, rel=1e-10), case


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("settings", GRID[::3], ids=str)
def test_gradients(n_classes, settings):
    z, classes, weight = batch(8, n_classes)
    for alpha in (0.0, 0.3):
        loss = DiceLoss(alpha=alpha, **settings)
        if alpha == 0 or settings["self_adjusting"] == "paper":
            assert gradcheck(loss, z, classes, weight)


def test_the_default_weight_is_a_constant():
    """Its gradient is that of plain Dice with rows weighted by (1 - p)^alpha."""
    z, y, weight = batch()
    found, gradient = value_and_gradient(DiceLoss(alpha=0.5), z, y, weight)
    row_weight = weight * (1 - _naive.sigmoid(z)) ** 0.5
    expected, expected_gradient = value_and_gradient(DiceLoss(), z, y, row_weight)
    assert found == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-10)


@pytest.mark.parametrize("smooth", [1.0, 1e-5])
@pytest.mark.parametrize("level", ["batch", "sample"])
@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("n_classes", [2, 5])
def test_perfect_predictions_cost_nothing(n_classes, squared, level, smooth):
    z, classes = perfect(n_classes)
    for alpha in (0.0, 0.01, 0.5, 1.0, 3.0):
        loss = DiceLoss(alpha=alpha, squared=squared, level=level, smooth=smooth)
        for dtype in (torch.float32, torch.float64):
            assert value(loss, z, classes, dtype=dtype) < 1e-3


def test_the_weight_of_the_paper_is_not_monotone():
    """The published defect: 11 positives, smoothing 1 and alpha .01 end at .917, and
    the gradient changes its sign beyond p = 1 / (1 + alpha)."""
    z = np.full(11, 1e5)
    loss = DiceLoss(alpha=0.01, self_adjusting="paper")
    assert value(loss, z, np.ones(11, int)) == pytest.approx(1 - 1 / 12, rel=1e-6)
    best = np.log(1 / 0.01)  # p = 1 / 1.01
    for z, sign in ((best - 1, -1), (best + 1, 1)):
        _, gradient = value_and_gradient(loss, np.array([z]), np.array([1]))
        assert np.sign(gradient[0]) == sign


def test_without_smoothing_the_scale_of_the_weights_cancels():
    """Weights of e^-2100 and less, of which float64 knows nothing."""
    rng = np.random.default_rng(0)
    z, y = 30 + rng.normal(size=20), np.arange(20) % 2
    log_weight = -70 * np.logaddexp(0, z)
    w = np.exp(log_weight - log_weight.max())
    p = _naive.sigmoid(z)
    expected = 1 - 2 * (w * p * y).sum() / (w * (p + y)).sum()
    found, gradient = value_and_gradient(DiceLoss(alpha=70.0, smooth=0.0), z, y)
    assert found == pytest.approx(expected, rel=1e-10)
    assert gradient.any()
    assert np.isfinite(gradient).all()


def test_without_smoothing_the_scale_cancels_for_softmax_too():
    z, classes, _ = batch(n_classes=3)
    z[:, 0] += 60
    winner, others = z[:, 0], np.logaddexp(z[:, 1], z[:, 2])
    log_weight = 40 * (others - np.logaddexp(others, winner))
    w, y = np.exp(log_weight - log_weight.max()), classes == 0
    p = _naive.softmax(z)
    of_first = 1 - 2 * (w * p[:, 0] * y).sum() / (w * (p[:, 0] + y)).sum()
    rest = _naive.dice(z, classes, np.ones(len(z)), alpha=40.0, smooth=1e-300)
    found = value(DiceLoss(alpha=40.0, smooth=0.0), z, classes)
    # of the other classes w is 1 and p is nothing, so that they cost 1 each
    assert rest == pytest.approx((0 + 1 + 1) / 3, rel=1e-10)
    assert found == pytest.approx((of_first + 1 + 1) / 3, rel=1e-10)


@pytest.mark.parametrize("average", ["macro", "micro"])
@pytest.mark.parametrize("level", ["batch", "sample"])
def test_without_smoothing_nothing_is_0_over_0(level, average):
    for n_classes in (2, 3):
        z, classes = perfect(n_classes, 400.0)
        for alpha in (0.01, 1.0, 50.0):
            for ohem_ratio in (0.0, 1.0):
                loss = DiceLoss(
                    alpha=alpha,
                    smooth=0.0,
                    level=level,
                    average=average,
                    ohem_ratio=ohem_ratio,
                )
                for logits in (z, -z, 0 * z):
                    found, gradient = value_and_gradient(loss, logits, classes)
                    assert 0 <= found <= 1
                    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("ratio", [0.1, 0.5, 1.0, 2.7, 100.0])
def test_the_hardest_negatives(n_classes, ratio):
    for seed in range(4):
        z, classes, weight = batch(n_classes=n_classes, seed=seed)
        z = np.round(z)  # ties, of which the earlier rows are kept
        for level, average in (
            ("batch", "macro"),
            ("batch", "micro"),
            ("sample", "macro"),
        ):
            case = {"level": level, "average": average, "ohem_ratio": ratio}
            found = value(DiceLoss(**case), z, classes)
            expected = _naive.dice(z, classes, np.ones(len(z)), **case)
            assert found == pytest.approx(expected, rel=1e-10)
            # one of the kept rows may be kept in part
            found = value(DiceLoss(**case), z, classes, weight)
            expected = _naive.dice(z, classes, weight, **case)
            assert found == pytest.approx(expected, rel=1e-10)


def test_of_equal_negatives_the_earlier_and_without_positives_none():
    z, y, _ = batch()
    z = np.round(z)  # with ties
    _, gradient = value_and_gradient(DiceLoss(ohem_ratio=1.0), z, y)
    negatives = np.flatnonzero(y == 0)
    order = negatives[np.argsort(-z[negatives], kind="stable")]
    kept = order[: y.sum()]
    assert gradient[y == 1].all()
    assert gradient[kept].all()
    assert not gradient[np.setdiff1d(negatives, kept)].any()
    for level in ("batch", "sample"):
        found, gradient = value_and_gradient(
            DiceLoss(ohem_ratio=1.0, level=level), z, np.zeros_like(y)
        )
        assert found == 0
        assert not gradient.any()


def test_soft_targets_above_one_half_are_positive_for_hard_negatives():
    """Two positives allow one negative, the one with the better score."""
    z, y = np.array([0.0, 1.0, -2.0, -1.0]), np.array([1.0, 0.6, 0.5, 0.0])
    _, gradient = value_and_gradient(DiceLoss(ohem_ratio=0.5), z, y)
    assert (gradient != 0).tolist() == [True, True, False, True]


def test_batches_without_positives():
    z, y, _ = batch()
    for smooth in (0.0, 1.0):
        for loss in (DiceLoss(smooth=smooth), TverskyLoss(smooth=smooth)):
            found, gradient = value_and_gradient(loss, z, np.zeros_like(y))
            assert found == 0
            assert not gradient.any()
    p = _naive.sigmoid(z)
    found = value(DiceLoss(level="sample", smooth=0.5), z, np.zeros_like(y))
    assert found == pytest.approx(np.mean(1 - 0.5 / (p + 0.5)), rel=1e-12)


@pytest.mark.parametrize("level", ["batch", "sample"])
@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_absent_classes_are_left_out(level, average):
    z, classes, weight = batch(n_classes=4)
    classes = classes % 3
    case = {"level": level, "average": average}
    found, gradient = value_and_gradient(DiceLoss(**case), z, classes, weight)
    expected = _naive.dice(z, classes, weight, **case)
    assert found == pytest.approx(expected, rel=1e-10)
    assert np.isfinite(gradient).all()


def test_labels_are_sets_of_their_own():
    rng = np.random.default_rng(0)
    z, targets = rng.normal(size=(30, 3)), rng.integers(2, size=(30, 3))
    targets[:, 1] = 0
    weight = rng.integers(1, 4, 30).astype(float)
    each = [value(DiceLoss(), z[:, k], targets[:, k], weight) for k in (0, 2)]
    loss = DiceLoss(mode="multilabel")
    assert value(loss, z, targets, weight) == pytest.approx(np.mean(each), rel=1e-10)
    loss = DiceLoss(mode="multilabel", class_weight=[1.0, 1.0, 3.0])
    expected = np.average(each, weights=[1, 3])
    assert value(loss, z, targets, weight) == pytest.approx(expected, rel=1e-10)
    flat = value(DiceLoss(), z.ravel(), targets.ravel(), np.repeat(weight, 3))
    loss = DiceLoss(mode="multilabel", average="micro")
    assert value(loss, z, targets, weight) == pytest.approx(flat, rel=1e-10)
    loss = DiceLoss(mode="multilabel", average="micro", class_weight=[2.0, 0.0, 0.0])
    twice = value(DiceLoss(), z[:, 0], targets[:, 0], 2 * weight)
    assert value(loss, z, targets, weight) == pytest.approx(twice, rel=1e-10)


def test_ignored_labels_are_left_out_of_the_sets_of_rows():
    rng = np.random.default_rng(0)
    z, targets = rng.normal(size=(20, 3)), rng.integers(2, size=(20, 3))
    weight = rng.integers(1, 4, 20).astype(float)
    targets[3, 0] = targets[5] = -100
    loss = DiceLoss(mode="multilabel", level="sample", average="micro")
    p, rows, shares = _naive.sigmoid(z), [], []
    for i in np.delete(np.arange(20), 5):
        kept = targets[i] != -100
        q, y = p[i, kept], targets[i, kept]
        rows.append(1 - (2 * q @ y + 1) / (q.sum() + y.sum() + 1))
        shares.append(weight[i])
    expected = np.average(rows, weights=shares)
    assert value(loss, z, targets, weight) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("focal_gamma", [0.75, 1.0, 2.0])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_tversky(n_classes, focal_gamma):
    z, classes, weight = batch(n_classes=n_classes)
    for alpha, beta in ((0.3, 0.7), (1.0, 1.0), (0.0, 1.0)):
        loss = TverskyLoss(alpha=alpha, beta=beta, focal_gamma=focal_gamma)
        expected = _naive.tversky(z, classes, weight, alpha, beta, 1.0, focal_gamma)
        assert value(loss, z, classes, weight) == pytest.approx(expected, rel=1e-10)
        assert gradcheck(loss, z[:9], classes[:9], weight[:9])
    z, classes = perfect(n_classes)
    found, gradient = value_and_gradient(loss, z, classes)
    assert found < 1e-6
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("level", ["batch", "sample"])
@pytest.mark.parametrize("average", ["macro", "weighted", "micro"])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_tversky_of_halves_is_dice_with_twice_the_smoothing(n_classes, average, level):
    z, classes, weight = batch(n_classes=n_classes)
    case = {"level": level, "average": average}
    tversky = value_and_gradient(TverskyLoss(smooth=0.7, **case), z, classes, weight)
    dice = value_and_gradient(DiceLoss(smooth=1.4, **case), z, classes, weight)
    assert tversky[0] == pytest.approx(dice[0], rel=1e-12)
    np.testing.assert_allclose(tversky[1], dice[1], rtol=1e-9, atol=1e-15)


def test_the_functions_are_the_modules():
    z, classes, weight = batch(n_classes=4)
    tensors = torch.tensor(z), torch.tensor(classes), weight
    common = {
        "smooth": (1.0, 2.0),
        "level": "sample",
        "average": "weighted",
        "class_weight": [1.0, 2.0, 3.0, 4.0],
        "ignore_index": 2,
        "mode": "multiclass",
    }
    dice = {"alpha": 0.1, "squared": True, "self_adjusting": "paper", "ohem_ratio": 1.0}
    tversky = {"alpha": 0.1, "beta": 0.2, "focal_gamma": 2.0}
    found = dice_loss(*tensors, **dice, **common).item()
    assert found == value(DiceLoss(**dice, **common), z, classes, weight)
    found = tversky_loss(*tensors, **tversky, **common).item()
    assert found == value(TverskyLoss(**tversky, **common), z, classes, weight)

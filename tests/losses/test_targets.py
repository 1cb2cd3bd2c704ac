"""Shapes, modes, ignored targets and what is said about bad input."""

import re

import numpy as np
import pytest

from sklearn_ext import (
    AnyLoss,
    DiceLoss,
    FocalLoss,
    ScoreOrientedLoss,
    TverskyLoss,
    metric_loss,
    soft_confusion_matrix,
)
from tests.losses._batches import batch, torch, value, value_and_gradient

MODULES = [AnyLoss, DiceLoss, FocalLoss, ScoreOrientedLoss, TverskyLoss]
each_module = pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__)
KINDS = [torch.int64, torch.int32, torch.uint8, torch.float32, torch.float64]


@each_module
def test_binary_shapes_and_dtypes(module):
    z, y, weight = batch()
    loss = module()
    expected = value(loss, z, y, weight)
    column = z[:, None]
    for dtype in [*KINDS, torch.bool]:
        target = torch.tensor(y).to(dtype)
        assert value(loss, z, target, weight) == expected
        assert value(loss, column, target, weight) == expected
        assert value(loss, column, target[:, None], weight) == expected
    assert value(module(mode="binary"), column, y, weight) == expected
    for given in (torch.tensor(weight), weight.tolist(), weight.astype(int)):
        assert value(loss, z, y, given) == expected


@each_module
def test_multiclass_shapes_and_dtypes(module):
    z, classes, weight = batch(n_classes=4)
    loss = module()
    expected = value(loss, z, classes, weight)
    for dtype in (torch.int64, torch.int32, torch.uint8):
        assert value(loss, z, torch.tensor(classes).to(dtype), weight) == expected
    for dtype in KINDS:
        target = torch.eye(4)[classes].to(dtype)
        assert value(loss, z, target, weight) == pytest.approx(expected, rel=1e-12)
    assert value(module(mode="multiclass"), z, classes, weight) == expected


@each_module
@pytest.mark.parametrize("trailing", [(3,), (2, 3)])
def test_trailing_dimensions_are_rows(module, trailing):
    rng = np.random.default_rng(0)
    n = int(np.prod(trailing))
    loss = module()
    z = rng.normal(size=(5, 4, *trailing))
    classes = rng.integers(4, size=(5, *trailing))
    rows = np.moveaxis(z, 1, -1).reshape(-1, 4)
    weight = rng.integers(1, 4, size=(5, *trailing)).astype(float)
    expected = value(loss, rows, classes.ravel(), weight.ravel())
    assert value(loss, z, classes, weight) == pytest.approx(expected, rel=1e-12)
    one_hot = np.moveaxis(np.eye(4)[classes], -1, 1)
    assert value(loss, z, one_hot, weight) == pytest.approx(expected, rel=1e-12)
    of_rows = weight.reshape(5, -1)[:, 0]
    expected = value(loss, rows, classes.ravel(), np.repeat(of_rows, n))
    assert value(loss, z, classes, of_rows) == pytest.approx(expected, rel=1e-12)

    z, y = z[:, :1], classes % 2
    expected = value(loss, z.ravel(), y.ravel(), weight.ravel())
    assert value(loss, z, y, weight) == pytest.approx(expected, rel=1e-12)
    assert value(loss, z, y[:, None], weight) == pytest.approx(expected, rel=1e-12)

    z, targets = rng.normal(size=(5, 3, *trailing)), rng.integers(2, size=(5, 3, n))
    labels = module(mode="multilabel")
    rows, row_targets = (
        np.moveaxis(array.reshape(5, 3, n), 1, -1).reshape(-1, 3)
        for array in (z, targets)
    )
    expected = value(labels, rows, row_targets, weight.ravel())
    found = value(labels, z, targets.reshape(z.shape), weight)
    assert found == pytest.approx(expected, rel=1e-12)


@each_module
@pytest.mark.parametrize("ignore_index", [-100, 255, 0])
def test_ignored_rows_are_as_if_they_were_not_there(module, ignore_index):
    for n_classes in (2, 4):
        z, classes, weight = batch(n_classes=n_classes)
        ignored = np.arange(len(z)) % 3 == 0
        target = classes.copy()
        target[ignored] = ignore_index
        kept = target != ignore_index
        z[ignored] = np.nan  # whatever the network says there
        loss = module(ignore_index=ignore_index)
        found, gradient = value_and_gradient(loss, z, target, weight)
        expected, of_kept = value_and_gradient(
            module(), z[kept], classes[kept], weight[kept]
        )
        assert found == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(gradient[kept], of_kept, rtol=1e-12)
        assert not gradient[~kept].any()


@each_module
def test_ignored_labels_are_as_if_they_were_not_there(module):
    rng = np.random.default_rng(0)
    z, targets = rng.normal(size=(30, 2)), rng.integers(2, size=(30, 2))
    targets[:7, 0] = targets[20:, 1] = -100
    loss = module(mode="multilabel")
    each = [
        value(module(), z[kept, k], targets[kept, k])
        for k, kept in enumerate((targets != -100).T)
    ]
    if module is FocalLoss:  # a mean over all that counts
        expected = np.average(each, weights=(targets != -100).sum(axis=0))
    else:
        expected = np.mean(each)
    assert value(loss, z, targets) == pytest.approx(expected, rel=1e-12)


@each_module
def test_rows_of_weight_0_are_as_if_they_were_not_there(module):
    for n_classes in (2, 4):
        z, classes, weight = batch(n_classes=n_classes)
        gone = np.arange(len(z)) % 3 == 0
        weight[gone] = 0
        z[gone] = np.nan
        expected = value(module(), z[~gone], classes[~gone], weight[~gone])
        assert value(module(), z, classes, weight) == expected


@each_module
def test_a_batch_without_rows_that_count(module):
    for n_classes in (2, 4):
        z, classes, _ = batch(n_classes=n_classes)
        for target, weight in (
            (np.full_like(classes, -100), None),
            (classes, np.zeros(len(z))),
        ):
            found, gradient = value_and_gradient(module(), z, target, weight)
            assert found == 0
            assert not gradient.any()
        assert value(module(), z[:0], classes[:0]) == 0
    targets = np.full((5, 3), -100)
    found, gradient = value_and_gradient(
        module(mode="multilabel"), np.zeros((5, 3)), targets
    )
    assert found == 0
    assert not gradient.any()


SHAPES = [
    ("auto", (6, 1), (6, 2)),
    ("auto", (6,), (6, 1)),
    ("auto", (6,), (5,)),
    ("auto", (6, 3), (6, 1)),
    ("auto", (6, 3), (6, 2)),
    ("auto", (6, 3, 2), (6,)),
    ("auto", (6, 3, 2), (6, 2, 3)),
    ("multilabel", (6, 3), (6,)),
    ("multilabel", (6, 3), (3, 6)),
]


@pytest.mark.parametrize(("mode", "of_input", "of_target"), SHAPES)
def test_shapes_that_do_not_fit(mode, of_input, of_target):
    message = re.escape(str(of_input)) + ".*" + re.escape(str(of_target))
    with pytest.raises(ValueError, match=message):
        AnyLoss(mode=mode)(torch.zeros(of_input), torch.zeros(of_target))


@pytest.mark.parametrize(
    ("mode", "shape", "message"),
    [
        ("binary", (6, 2), "mode='binary' takes.*'multiclass', per label 'multilabel'"),
        ("multiclass", (6,), "mode='multiclass' takes.*C >= 2"),
        ("multiclass", (6, 1), "mode='multiclass' takes.*C >= 2"),
        ("multilabel", (6,), "mode='multilabel' takes"),
        ("auto", (), "batch dimension"),
    ],
)
def test_modes_that_do_not_fit(mode, shape, message):
    with pytest.raises(ValueError, match=message):
        DiceLoss(mode=mode)(torch.zeros(shape), torch.zeros(shape))


@each_module
@pytest.mark.parametrize("wrong", [-1, 4, -101, 255])
def test_targets_out_of_range(module, wrong):
    for n_classes, allowed in ((2, "values from 0 to 1"), (4, "class indices from 0")):
        z, classes, _ = batch(n_classes=n_classes)
        classes[7], classes[3] = wrong, -100
        with pytest.raises(ValueError, match=f"{allowed}.*got {wrong}"):
            value(module(), z, classes)


def test_soft_targets_that_are_no_shares():
    logits = torch.zeros(4, 3)
    for wrong in (torch.ones(4, 3), torch.zeros(4, 3), torch.full((4, 3), torch.nan)):
        with pytest.raises(ValueError, match=r"sum 1.*multilabel"):
            AnyLoss()(logits, wrong)
    with pytest.raises(ValueError, match="the least is -1"):
        AnyLoss()(logits, torch.tensor([[-1.0, 1.0, 1.0]] * 4))
    with pytest.raises(ValueError, match="got nan"):
        AnyLoss()(torch.zeros(2), torch.tensor([0.0, torch.nan]))


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(5), r"shape \(6,\) of the batch, got \(5,\)"),
        (np.ones((6, 1)), r"got \(6, 1\)"),
        (-np.ones(6), r"at least 0, got -1\.0"),
        (np.full(6, np.nan), "got nan"),
        (np.full(6, np.inf), "got inf"),
    ],
)
def test_wrong_weights(weight, message):
    with pytest.raises(ValueError, match=f"sample_weight.*{message}"):
        AnyLoss()(torch.zeros(6), torch.zeros(6), weight)


def test_wrong_kinds():
    y = torch.tensor([0, 1])
    with pytest.raises(TypeError, match=r"input must be a tensor.*list"):
        AnyLoss()([0.0, 1.0], y)
    with pytest.raises(TypeError, match=r"target must be a tensor.*ndarray"):
        AnyLoss()(torch.zeros(2), y.numpy())
    with pytest.raises(TypeError, match=r"floating dtype, got torch\.int64"):
        AnyLoss()(y, torch.zeros(2))
    with pytest.raises(TypeError, match=r"probabilities.*ndarray"):
        soft_confusion_matrix(np.zeros(2), y, from_logits=False)
    with pytest.raises(TypeError, match=r"class indices must be integers.*long\(\)"):
        AnyLoss()(torch.zeros(2, 3), torch.zeros(2))


NEGATIVE = [
    (AnyLoss, "amplification", 0.0),
    (AnyLoss, "amplification", -1.0),
    (AnyLoss, "amplification", float("inf")),
    (AnyLoss, "amplification", "largest"),
    (AnyLoss, "beta", 0.0),
    (AnyLoss, "eps", 0.0),
    (AnyLoss, "momentum", 0.0),
    (AnyLoss, "momentum", 1.0),
    (AnyLoss, "momentum", 1.5),
    (DiceLoss, "alpha", -0.1),
    (DiceLoss, "smooth", -1.0),
    (DiceLoss, "smooth", (1.0, -1.0)),
    (DiceLoss, "smooth", (1.0, 2.0, 3.0)),
    (DiceLoss, "ohem_ratio", -1.0),
    (DiceLoss, "self_adjusting", "attach"),
    (DiceLoss, "level", "image"),
    (DiceLoss, "average", "binary"),
    (FocalLoss, "gamma", -1.0),
    (FocalLoss, "alpha", -0.5),
    (FocalLoss, "alpha", 1.5),
    (FocalLoss, "alpha", [0.5, -0.5]),
    (ScoreOrientedLoss, "delta", 0.0),
    (ScoreOrientedLoss, "mu", 1.5),
    (ScoreOrientedLoss, "prior", "normal"),
    (TverskyLoss, "alpha", -1.0),
    (TverskyLoss, "beta", -1.0),
    (TverskyLoss, "smooth", float("nan")),
    (TverskyLoss, "focal_gamma", 0.0),
]


@pytest.mark.parametrize(("module", "name", "wrong"), NEGATIVE)
def test_wrong_parameters(module, name, wrong):
    with pytest.raises(ValueError, match=f"^{name} "):
        module(**{name: wrong})


@each_module
def test_wrong_common_parameters(module):
    with pytest.raises(ValueError, match=r"mode must be one of.*'multilabel'.*'multi'"):
        module(mode="multi")
    with pytest.raises(TypeError, match=r"ignore_index must be an int, got 0\.5"):
        module(ignore_index=0.5)
    for wrong in ([1.0, -1.0], [[1.0, 2.0]], [1.0, float("nan")]):
        with pytest.raises(ValueError, match="class_weight must be one finite"):
            module(class_weight=wrong)
    loss = module(class_weight=[1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"class_weight must have 4 numbers.*got 3"):
        value(loss, *batch(n_classes=4))


def test_numbers_of_another_kind():
    for module, name in ((DiceLoss, "alpha"), (FocalLoss, "gamma"), (AnyLoss, "beta")):
        for wrong in ("1", True, None):
            with pytest.raises(TypeError, match=f"{name} must be a number"):
                module(**{name: wrong})
    for number in (np.float32(0.5), np.int64(1)):
        assert DiceLoss(alpha=number).alpha == number


@pytest.mark.parametrize("module", [AnyLoss, ScoreOrientedLoss])
def test_metrics_that_do_not_fit(module):
    with pytest.raises(ValueError, match=r"metric must be one of.*'kappa'.*'f2'"):
        module("f2")
    with pytest.raises(TypeError, match="metric must be a str or a callable, got 1"):
        module(1)
    with pytest.raises(ValueError, match=r"average must be one of.*'samples'"):
        module(average="samples")
    with pytest.raises(ValueError, match="average=None is for a callable"):
        module(average=None)
    with pytest.raises(ValueError, match=r"pos_label must be one of \[0, 1\], got 2"):
        module(pos_label=2)
    with pytest.raises(ValueError, match="cost must be a matrix"):
        module("cost")
    with pytest.raises(ValueError, match=r"cost.*\(4, 4\), got \(2, 2\)"):
        value(module("cost", cost=np.eye(2)), *batch(n_classes=4))
    with pytest.raises(ValueError, match="average='binary' is for two classes, not 4"):
        value(module(average="binary"), *batch(n_classes=4))
    labels = torch.zeros(4, 3)
    with pytest.raises(ValueError, match="'binary' is for two classes, not for labels"):
        module(average="binary", mode="multilabel")(labels, labels)


def test_the_functions_check_as_the_modules_do():
    with pytest.raises(ValueError, match="metric must be one of"):
        metric_loss(torch.zeros(2), torch.zeros(2), "f2")

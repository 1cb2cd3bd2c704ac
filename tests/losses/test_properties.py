"""What must hold of every loss: repetition, order of rows, names of classes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ext import AnyLoss, DiceLoss, FocalLoss, ScoreOrientedLoss, TverskyLoss
from tests.losses._batches import value, value_and_gradient

LOSSES = [
    AnyLoss("f1"),
    AnyLoss("mcc", amplification=73.0),
    AnyLoss("gmean", amplification=None),
    AnyLoss("fbeta", beta=0.5, average="weighted"),
    AnyLoss(lambda tp, fp, fn, tn: tp / (tp + fp + fn), average="micro"),
    DiceLoss(),
    DiceLoss(alpha=0.3, squared=True, smooth=0.0),
    DiceLoss(alpha=0.3, self_adjusting="paper", average="weighted"),
    DiceLoss(alpha=0.1, level="sample", ohem_ratio=1.5),
    DiceLoss(ohem_ratio=0.7),
    DiceLoss(ohem_ratio=0.7, average="micro"),
    DiceLoss(level="sample", average="micro"),
    TverskyLoss(alpha=0.3, beta=0.7, focal_gamma=0.75),
    FocalLoss(),
    ScoreOrientedLoss("mcc", prior="cosine", mu=0.4, delta=0.4),
]
each_loss = pytest.mark.parametrize(
    "loss", LOSSES, ids=lambda loss: str(loss).partition(" at ")[0]
)
few = settings(max_examples=25, derandomize=True, deadline=None)


@st.composite
def batches(draw, max_weight=3):
    """Logits with ties, classes of which some are absent, whole weights."""
    n = draw(st.integers(1, 12))
    n_classes = draw(st.integers(2, 4))
    columns = 1 if n_classes == 2 else n_classes
    logit = st.integers(-40, 40).map(lambda x: x / 8)
    rows = st.lists(logit, min_size=columns, max_size=columns)
    z = np.array(draw(st.lists(rows, min_size=n, max_size=n)))
    z = z[:, 0] if columns == 1 else z
    of_rows = {"min_size": n, "max_size": n}
    classes = draw(st.lists(st.integers(0, n_classes - 1), **of_rows))
    weight = draw(st.lists(st.integers(0, max_weight), **of_rows))
    return z, np.array(classes), np.array(weight)


@each_loss
@few
@given(batches())
def test_weight_k_is_k_repetitions(loss, drawn):
    z, classes, weight = drawn
    repeated = np.repeat(np.arange(len(z)), weight)
    found, gradient = value_and_gradient(loss, z, classes, weight)
    expected, of_each = value_and_gradient(loss, z[repeated], classes[repeated])
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)
    summed = np.zeros_like(z)
    np.add.at(summed, repeated, of_each)
    np.testing.assert_allclose(gradient, summed, rtol=1e-7, atol=1e-10)


@each_loss
@few
@given(batches(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(loss, drawn, random):
    z, classes, weight = drawn
    order = list(range(len(z)))
    random.shuffle(order)
    found = value(loss, z[order], classes[order], weight[order])
    assert found == pytest.approx(value(loss, z, classes, weight), rel=1e-9, abs=1e-12)


@each_loss
@few
@given(batches(), st.randoms(use_true_random=False))
def test_the_names_of_classes_do_not_matter(loss, drawn, random):
    z, classes, weight = drawn
    if z.ndim == 1:
        z = np.column_stack([0 * z, z, -z])
    order = list(range(z.shape[1]))
    random.shuffle(order)
    new_names = np.argsort(order)
    found = value(loss, z[:, order], new_names[classes], weight)
    assert found == pytest.approx(value(loss, z, classes, weight), rel=1e-9, abs=1e-12)


@few
@given(batches(), st.sampled_from([0.5, 10.0, 1e6]))
def test_only_ratios_of_weights_matter_to_metrics(drawn, factor):
    z, classes, weight = drawn
    for loss in LOSSES[:4]:
        found = value(loss, z, classes, factor * weight)
        expected = value(loss, z, classes, weight)
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    "loss",
    [
        AnyLoss("f1", amplification=None),
        AnyLoss("jaccard", amplification=None),
        DiceLoss(alpha=0.5),
        DiceLoss(level="sample"),
        TverskyLoss(alpha=0.2, beta=0.8),
        FocalLoss(),
    ],
    ids=str,
)
@few
@given(batches())
def test_a_better_prediction_never_costs_more(loss, drawn):
    z, classes, weight = drawn
    _, gradient = value_and_gradient(loss, z, classes, weight)
    if z.ndim == 1:
        of_own = (2 * classes - 1) * gradient
    else:
        of_own = gradient[np.arange(len(z)), classes]
    assert (of_own <= 1e-15).all()

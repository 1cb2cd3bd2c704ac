"""FocalLoss, ScoreOrientedLoss, CombinedLoss and the soft confusion matrix."""

import copy

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, multilabel_confusion_matrix

from sklearn_ext import (
    AnyLoss,
    CombinedLoss,
    DiceLoss,
    FocalLoss,
    ScoreOrientedLoss,
    focal_loss,
    score_oriented_loss,
    soft_confusion_matrix,
)
from sklearn_ext.losses._complement import log_complement
from tests.losses import _naive
from tests.losses._batches import batch, gradcheck, torch, value, value_and_gradient

functional = torch.nn.functional


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal(gamma, n_classes):
    z, classes, weight = batch(n_classes=n_classes)
    alpha = np.arange(1.0, n_classes + 1)
    for given in (None, alpha):
        loss = FocalLoss(gamma=gamma, alpha=given)
        expected = _naive.focal(z, classes, weight, gamma, given)
        assert value(loss, z, classes, weight) == pytest.approx(expected, rel=1e-10)
        assert gradcheck(loss, z[:8], classes[:8], weight[:8])
        if n_classes == 4:
            soft = value(loss, z, np.eye(4)[classes], weight)
            assert soft == pytest.approx(expected, rel=1e-10)


def test_focal_with_the_weight_of_positives():
    z, y, weight = batch()
    expected = _naive.focal(z, y, weight, 2.0, [0.75, 0.25])
    loss = FocalLoss(alpha=0.25)
    assert value(loss, z, y, weight) == pytest.approx(expected, rel=1e-10)
    labels = z.reshape(-1, 4), y.reshape(-1, 4)
    found = value(FocalLoss(alpha=0.25, mode="multilabel"), *labels)
    expected = value(FocalLoss(alpha=0.25), z, y)
    assert found == pytest.approx(expected, rel=1e-10)
    with pytest.raises(ValueError, match=r"alpha=0\.25 is for two classes"):
        value(loss, *batch(n_classes=4))
    with pytest.raises(ValueError, match="for each of the 4 classes"):
        value(FocalLoss(alpha=[1.0, 2.0]), *batch(n_classes=4))


def test_focal_of_labels_with_weights():
    rng = np.random.default_rng(0)
    z, targets = rng.normal(size=(20, 3)), rng.integers(2, size=(20, 3))
    targets[4, 1] = -100
    weight, of_labels = rng.uniform(1, 2, 20), np.array([1.0, 2.0, 0.5])
    loss = FocalLoss(mode="multilabel", class_weight=of_labels)
    total = weight[:, None] * of_labels * (targets != -100)
    p = _naive.sigmoid(z)
    p = np.where(targets == 1, p, 1 - p)
    expected = np.average(-((1 - p) ** 2) * np.log(p), weights=total)
    assert value(loss, z, targets, weight) == pytest.approx(expected, rel=1e-10)


def test_focal_without_gamma_is_cross_entropy():
    z, classes, _ = batch(n_classes=4)
    class_weight = [1.0, 2.0, 3.0, 4.0]
    found = value(FocalLoss(gamma=0.0, class_weight=class_weight), z, classes)
    expected = functional.cross_entropy(
        torch.tensor(z),
        torch.tensor(classes),
        torch.tensor(class_weight, dtype=torch.float64),
    )
    assert found == pytest.approx(expected.item(), rel=1e-12)
    z, y, _ = batch()
    expected = functional.binary_cross_entropy_with_logits(
        torch.tensor(z), torch.tensor(y, dtype=torch.float64)
    )
    assert value(FocalLoss(gamma=0.0), z, y) == pytest.approx(expected.item())


def test_the_complement_of_a_softmax_has_all_digits():
    z = torch.tensor(
        [[1.0, 2.0, 3.0], [300.0, 0.0, 1.0], [5.0, 5.0, -700.0]], dtype=torch.float64
    )
    found = log_complement(z, is_softmax=True).numpy()
    for row, logits in zip(found, z.numpy(), strict=True):
        total = np.logaddexp.reduce(logits)
        others = [np.logaddexp.reduce(np.delete(logits, c)) for c in range(3)]
        np.testing.assert_allclose(row, others - total, rtol=1e-12, atol=1e-15)
    leaf = z[:1].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda z: log_complement(z, True), leaf)


@pytest.mark.parametrize("metric", ["f1", "mcc", "accuracy", "gmean"])
def test_score_oriented_with_a_uniform_prior_counts_probabilities(metric):
    z, y, weight = batch()
    found = value_and_gradient(ScoreOrientedLoss(metric), z, y, weight)
    expected = value_and_gradient(AnyLoss(metric, amplification=None), z, y, weight)
    assert found[0] == pytest.approx(expected[0], rel=1e-12)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-10)


@pytest.mark.parametrize(("mu", "delta"), [(0.5, 0.1), (0.3, 0.4), (0.5, 0.5)])
def test_score_oriented_with_a_cosine_prior(mu, delta):
    z, y, weight = batch(n_samples=200)
    loss = ScoreOrientedLoss("mcc", prior="cosine", mu=mu, delta=delta)
    a = _naive.cosine_prior(_naive.sigmoid(z), mu, delta)
    M = _naive.confusion(_naive.two_columns(a), y, weight)
    expected = 1 - _naive.metric("mcc", M)
    assert value(loss, z, y, weight) == pytest.approx(expected, rel=1e-6)
    assert gradcheck(loss, z[:10], y[:10], weight[:10])


@pytest.mark.parametrize("metric", ["f1", "mcc", "accuracy", "gmean"])
def test_score_oriented_classes_are_tasks_against_the_rest(metric):
    z, classes, weight = batch(n_classes=4)
    prior = {"prior": "cosine", "mu": 0.3, "delta": 0.3}
    a = _naive.cosine_prior(_naive.softmax(z), 0.3, 0.3)
    each = []
    for c in range(4):
        M = _naive.confusion(_naive.two_columns(a[:, c]), classes == c, weight)
        each.append(1 - _naive.metric(metric, M))
    support = np.bincount(classes, weight)
    for average, shares in (("auto", None), ("weighted", support)):
        loss = ScoreOrientedLoss(metric, average=average, **prior)
        expected = np.average(each, weights=shares)
        assert value(loss, z, classes, weight) == pytest.approx(expected, rel=1e-6)


def test_score_oriented_softmax_of_two_classes_and_costs():
    z, y, weight = batch()
    columns = np.column_stack([np.zeros_like(z), z])
    for settings in (
        {"metric": "mcc", "prior": "cosine", "mu": 0.4, "delta": 0.3},
        {"metric": "cost", "cost": [[0, 1], [3, 0]]},
    ):
        loss = ScoreOrientedLoss(**settings)
        binary = value(loss, z, y, weight)
        assert value(loss, columns, y, weight) == pytest.approx(binary, rel=1e-12)
    z, classes, weight = batch(n_classes=4)
    cost = np.arange(16.0).reshape(4, 4)
    found = value(ScoreOrientedLoss("cost", cost=cost), z, classes, weight)
    expected = value(AnyLoss("cost", cost=cost, amplification=None), z, classes, weight)
    assert found == pytest.approx(expected, rel=1e-12)


def test_the_functions_are_the_modules():
    z, classes, weight = batch(n_classes=4)
    tensors = torch.tensor(z), torch.tensor(classes)
    settings = {"prior": "cosine", "mu": 0.4, "delta": 0.4, "average": "micro"}
    found = score_oriented_loss(*tensors, "recall", sample_weight=weight, **settings)
    loss = ScoreOrientedLoss("recall", **settings)
    assert found.item() == value(loss, z, classes, weight)
    settings = {"gamma": 1.0, "alpha": [1.0, 2.0, 3.0, 4.0], "ignore_index": 1}
    found = focal_loss(*tensors, weight, **settings)
    assert found.item() == value(FocalLoss(**settings), z, classes, weight)


def test_combined():
    z, classes, weight = batch(n_classes=4)
    parts = [(0.5, FocalLoss(gamma=0.0)), (2.0, DiceLoss()), (0.0, AnyLoss())]
    loss = CombinedLoss(parts)
    expected = sum(factor * value(part, z, classes, weight) for factor, part in parts)
    assert value(loss, z, classes, weight) == pytest.approx(expected, rel=1e-12)
    tensors = torch.tensor(z), torch.tensor(classes), torch.tensor(weight)
    assert loss._loss(*tensors).item() == pytest.approx(expected, rel=1e-12)
    assert "weights=[0.5, 2.0, 0.0]" in repr(loss)


def test_combined_with_losses_of_torch():
    z, classes, _ = batch(n_classes=4)
    loss = CombinedLoss([(1.0, torch.nn.CrossEntropyLoss()), (1.0, DiceLoss())])
    tensors = torch.tensor(z), torch.tensor(classes)
    expected = functional.cross_entropy(*tensors) + DiceLoss()(*tensors)
    assert value(loss, z, classes) == pytest.approx(expected.item(), rel=1e-12)
    assert loss._loss(*tensors, None).item() == pytest.approx(expected.item())
    loss = CombinedLoss([(3.0, lambda input, target: input.sum())])
    assert value(loss, z, classes) == pytest.approx(3 * z.sum())


def test_combined_registers_its_parts():
    inner = AnyLoss(momentum=0.5)
    loss = CombinedLoss([(1.0, CombinedLoss([(1.0, inner)])), (1.0, DiceLoss())])
    assert not loss.eval().losses[0][1].losses[0][1].training
    loss.train()
    z, y, _ = batch()
    first = value(loss, z, y)
    value(loss, z, 1 - y)
    assert value(loss, z, y) != first
    copied = copy.deepcopy(loss)
    copied.reset()
    assert value(copied, z, y) == first
    assert value(loss, z, y) != first  # the copy has counts of its own


@pytest.mark.parametrize(
    ("losses", "error", "message"),
    [
        ([], ValueError, "list of pairs"),
        (DiceLoss(), ValueError, "list of pairs"),
        ([DiceLoss()], ValueError, "pairs"),
        ([(DiceLoss(), 1.0)], TypeError, "weight must be a number"),
        ([(-1.0, DiceLoss())], ValueError, "weight must be finite and at least 0"),
        ([(1.0, "dice")], TypeError, "'dice'"),
    ],
)
def test_combined_says_what_is_wrong(losses, error, message):
    with pytest.raises(error, match=message):
        CombinedLoss(losses)


@pytest.mark.parametrize("amplification", [None, 10.0, "auto"])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_soft_confusion_matrix(n_classes, amplification):
    z, classes, weight = batch(n_classes=n_classes)
    L = 73.0 if amplification == "auto" else amplification
    expected = _naive.confusion(_naive.soft_predictions(z, L), classes, weight)
    for from_logits in (True, False):
        given = z
        if not from_logits:
            given = _naive.sigmoid(z) if n_classes == 2 else _naive.softmax(z)
        found = soft_confusion_matrix(
            torch.tensor(given),
            torch.tensor(classes),
            sample_weight=weight,
            amplification=amplification,
            from_logits=from_logits,
        )
        np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_hard_predictions_have_the_matrices_of_scikit_learn():
    z, classes, _ = batch(n_classes=4)
    hard = np.eye(4)[z.argmax(axis=1)]
    found = soft_confusion_matrix(
        torch.tensor(hard), torch.tensor(classes), from_logits=False
    )
    np.testing.assert_array_equal(found, confusion_matrix(classes, z.argmax(axis=1)))
    labels = np.random.default_rng(0).integers(2, size=(40, 4))
    found = soft_confusion_matrix(
        torch.tensor(hard), torch.tensor(labels), from_logits=False, mode="multilabel"
    )
    expected = multilabel_confusion_matrix(labels, hard.astype(int))
    np.testing.assert_array_equal(found, expected)
    y = labels[:, 0]
    found = soft_confusion_matrix(
        torch.tensor(hard[:, 0]), torch.tensor(y), from_logits=False
    )
    np.testing.assert_array_equal(found, confusion_matrix(y, hard[:, 0]))


def test_soft_confusion_matrix_of_no_probabilities():
    y = torch.tensor([0, 1])
    for wrong in ([0.5, 1.5], [-0.5, 0.5], [float("nan"), 0.5]):
        with pytest.raises(ValueError, match="probabilities from 0 to 1"):
            soft_confusion_matrix(torch.tensor(wrong), y, from_logits=False)
    with pytest.raises(ValueError, match="sum 1"):
        soft_confusion_matrix(torch.full((2, 2), 0.4), y, from_logits=False)
    with pytest.raises(ValueError, match="amplification"):
        soft_confusion_matrix(torch.zeros(2), y, amplification=-1.0)

"""AnyLoss: formulas of the paper, NumPy twin, hard limit, labels, absent classes."""

import numpy as np
import pytest
from sklearn import metrics

from sklearn_ext import AnyLoss, DiceLoss, metric_loss
from sklearn_ext.losses._metrics import METRICS
from tests.losses import _naive
from tests.losses._batches import batch, gradcheck, torch, value, value_and_gradient

COSTS = {
    2: [[0.0, 1.0], [5.0, 0.5]],
    4: (np.arange(16).reshape(4, 4) % 5 / 3).tolist(),
}


def parameters(metric, n_classes):
    if metric == "cost":
        return {"cost": COSTS[n_classes]}
    return {"beta": 2.0} if metric == "fbeta" else {}


def closed_form(metric, L, z, y):
    """Loss and gradient of the paper's section 2, as written there."""
    p = 1 / (1 + np.exp(-z))
    a = 1 / (1 + np.exp(-L * (p - 0.5)))
    g = L * a * (1 - a) * p * (1 - p)
    B, P, S, T = len(z), y.sum(), a.sum(), (a * y).sum()
    if metric == "accuracy":
        return 1 - (B - P - S + 2 * T) / B, (1 - 2 * y) * g / B
    if metric == "gmean":
        N, TN = B - P, B - P - S + T
        return (
            1 - np.sqrt(T * TN / (P * N)),
            -(y * TN + (y - 1) * T) * g / (2 * np.sqrt(P * N * T * TN)),
        )
    if metric == "balanced_accuracy":
        return (
            1 - (B * (T + P) - P * (S + P)) / (2 * P * (B - P)),
            -(B * y - P) * g / (2 * P * (B - P)),
        )
    b = {"f1": 1.0, "fbeta": 2.0}[metric] ** 2
    below = b * P + S
    return 1 - (1 + b) * T / below, -(1 + b) * (y * below - T) * g / below**2


@pytest.mark.parametrize("amplification", [1.0, 10.0, 73.0])
@pytest.mark.parametrize(
    "metric", ["accuracy", "f1", "fbeta", "gmean", "balanced_accuracy"]
)
def test_binary_formulas_and_gradients_of_the_paper(metric, amplification):
    z, y, _ = batch(200)
    loss = AnyLoss(metric, beta=2.0, amplification=amplification)
    found, gradient = value_and_gradient(loss, z, y)
    expected, slope = closed_form(metric, amplification, z, y)
    assert found == pytest.approx(expected, rel=1e-10)
    # where a rounds to 1 its slope a (1 - a) has few digits left
    np.testing.assert_allclose(gradient, slope, rtol=1e-10, atol=1e-16)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("metric", METRICS)
def test_values_are_those_of_the_twin(metric, n_classes):
    z, classes, weight = batch(n_classes=n_classes)
    for amplification in (None, 10.0):
        loss = AnyLoss(
            metric, amplification=amplification, **parameters(metric, n_classes)
        )
        expected = _naive.any_loss(
            z, classes, weight, metric, amplification, cost=COSTS[n_classes]
        )
        assert value(loss, z, classes, weight) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("average", ["macro", "weighted", "micro"])
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("metric", sorted(_naive.OF_A_CLASS))
def test_averages(metric, n_classes, average):
    z, classes, weight = batch(n_classes=n_classes)
    loss = AnyLoss(metric, average=average, beta=2.0)
    expected = _naive.any_loss(z, classes, weight, metric, average=average)
    assert value(loss, z, classes, weight) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("metric", METRICS)
def test_gradients(metric, n_classes):
    z, classes, weight = batch(12, n_classes)
    loss = AnyLoss(metric, **parameters(metric, n_classes))
    assert gradcheck(loss, z, classes, weight)


@pytest.mark.parametrize("pos_label", [0, 1])
@pytest.mark.parametrize("metric", METRICS)
def test_binary_is_the_softmax_of_two_classes(metric, pos_label):
    z, y, weight = batch()
    settings = {"pos_label": pos_label, **parameters(metric, 2)}
    loss, gradient = value_and_gradient(AnyLoss(metric, **settings), z, y, weight)
    columns = np.column_stack([np.zeros_like(z), z])
    both, gradients = value_and_gradient(
        AnyLoss(metric, **settings), columns, y, weight
    )
    assert both == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(gradients[:, 1], gradient, rtol=1e-9, atol=1e-16)
    if metric == "cost":
        settings["cost"] = np.asarray(settings["cost"])[::-1, ::-1].copy()
    settings["pos_label"] = 1 - pos_label
    swapped = value(AnyLoss(metric, **settings), columns[:, ::-1].copy(), 1 - y, weight)
    assert swapped == pytest.approx(loss, rel=1e-12)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize(
    ("metric", "hard"),
    [
        ("accuracy", metrics.accuracy_score),
        ("balanced_accuracy", metrics.balanced_accuracy_score),
        ("f1", metrics.f1_score),
        ("fbeta", lambda *a, **k: metrics.fbeta_score(*a, beta=2.0, **k)),
        ("jaccard", metrics.jaccard_score),
        ("kappa", metrics.cohen_kappa_score),
        ("mcc", metrics.matthews_corrcoef),
        ("precision", metrics.precision_score),
        ("recall", metrics.recall_score),
    ],
)
def test_large_amplification_gives_the_metric_of_scikit_learn(metric, hard, n_classes):
    z, classes, _ = batch(400, n_classes)
    if n_classes == 2:
        z = z + np.sign(z)  # away from the threshold
        predicted = z > 0
    else:
        predicted = z.argmax(axis=1)
        z[np.arange(len(z)), predicted] += 2
    average = {}
    if metric in _naive.OF_A_CLASS and n_classes > 2:
        average = {"average": "macro"}
    loss = AnyLoss(metric, beta=2.0, amplification=2000.0)
    expected = 1 - hard(classes, predicted, **average)
    assert value(loss, z, classes) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_soft_f1_is_the_dice_loss_without_smoothing(n_classes):
    z, classes, weight = batch(n_classes=n_classes)
    f1 = value_and_gradient(AnyLoss(amplification=None), z, classes, weight)
    dice = value_and_gradient(DiceLoss(smooth=0.0), z, classes, weight)
    assert f1[0] == pytest.approx(dice[0], rel=1e-12)
    np.testing.assert_allclose(f1[1], dice[1], rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(("dtype", "largest"), [("float64", 73.0), ("float32", 33.0)])
def test_auto_is_the_largest_amplification_below_one(dtype, largest):
    dtype = getattr(torch, dtype)
    for amplification, is_below in ((largest, True), (largest + 1, False)):
        half = torch.tensor(amplification / 2, dtype=dtype)
        assert bool(half.sigmoid() < 1) == is_below
    z, y, _ = batch()
    for metric in ("f1", "mcc"):
        auto = value(AnyLoss(metric, amplification="auto"), z, y, dtype=dtype)
        assert auto == value(AnyLoss(metric, amplification=largest), z, y, dtype=dtype)


def test_a_formula_of_the_user():
    z, classes, weight = batch(n_classes=4)

    def f1(tp, fp, fn, tn):
        return 2 * tp / (2 * tp + fp + fn)

    for average in ("macro", "weighted", "micro"):
        expected = value(AnyLoss("f1", average=average), z, classes, weight)
        found = value(AnyLoss(f1, average=average), z, classes, weight)
        assert found == pytest.approx(expected, rel=1e-12)

    def accuracy(matrix):
        return matrix.diagonal().sum() / matrix.sum()

    found = value(AnyLoss(accuracy, average=None), z, classes, weight)
    expected = value(AnyLoss("accuracy"), z, classes, weight)
    assert found == pytest.approx(expected, rel=1e-12)


def test_the_matrix_that_a_formula_gets_has_true_classes_in_rows():
    z, classes, weight = batch(n_classes=4)
    found = []
    loss = AnyLoss(lambda M: found.append(M) or M[0, 1], average=None)
    value(loss, z, classes, weight)
    expected = _naive.confusion(_naive.soft_predictions(z, 10.0), classes, weight)
    np.testing.assert_allclose(found[0], expected, rtol=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_a_binary_batch_without_positives(metric):
    z, y, _ = batch()
    loss = AnyLoss(metric, **parameters(metric, 2))
    found, gradient = value_and_gradient(loss, z, np.zeros_like(y))
    if metric in ("accuracy", "cost", "specificity"):
        # correct where the soft prediction is negative
        a = _naive.soft_predictions(z, 10.0)[:, 1]
        assert found == pytest.approx(a.mean(), rel=1e-12)
        assert (gradient > 0).all()
    else:
        assert found == 0
        assert not gradient.any()


def test_a_formula_of_the_user_that_is_0_over_0_without_positives():
    def recall(tp, fp, fn, tn):
        return tp / (tp + fn)

    z, y, _ = batch()
    found, gradient = value_and_gradient(AnyLoss(recall), z, np.zeros_like(y))
    assert found == 0
    assert not gradient.any()
    z, classes, _ = batch(n_classes=4)
    found, gradient = value_and_gradient(AnyLoss(recall), z, classes % 3)
    assert np.isfinite(gradient).all()
    assert found == pytest.approx(value(AnyLoss("recall"), z, classes % 3), rel=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_an_absent_class_is_left_out(metric):
    z, classes, weight = batch(n_classes=4)
    classes = classes % 3
    loss = AnyLoss(metric, **parameters(metric, 4))
    found, gradient = value_and_gradient(loss, z, classes, weight)
    expected = _naive.any_loss(z, classes, weight, metric, cost=COSTS[4])
    assert found == pytest.approx(expected, rel=1e-10)
    assert np.isfinite(gradient).all()


def label_batch():
    rng = np.random.default_rng(3)
    targets = rng.integers(2, size=(30, 3))
    return rng.normal(size=(30, 3)), targets, rng.integers(1, 4, 30).astype(float)


@pytest.mark.parametrize("metric", METRICS)
def test_labels_are_binary_tasks(metric):
    z, targets, weight = label_batch()
    settings = parameters(metric, 2)
    each = [
        value(AnyLoss(metric, **settings), z[:, k], targets[:, k], weight)
        for k in range(3)
    ]
    support = weight @ targets
    for average, shares in (("auto", None), ("macro", None), ("weighted", support)):
        loss = AnyLoss(metric, average=average, mode="multilabel", **settings)
        expected = np.average(each, weights=shares)
        assert value(loss, z, targets, weight) == pytest.approx(expected, rel=1e-10)
    loss = AnyLoss(metric, average="micro", mode="multilabel", **settings)
    micro = value(loss, z, targets, weight)
    flat = value(
        AnyLoss(metric, **settings), z.ravel(), targets.ravel(), np.repeat(weight, 3)
    )
    assert micro == pytest.approx(flat, rel=1e-10)


def test_labels_without_positives_and_weights_of_labels():
    z, targets, weight = label_batch()
    targets[:, 1] = 0
    each = [value(AnyLoss(), z[:, k], targets[:, k], weight) for k in (0, 2)]
    loss = AnyLoss(mode="multilabel")
    assert value(loss, z, targets, weight) == pytest.approx(np.mean(each), rel=1e-10)
    loss = AnyLoss(mode="multilabel", class_weight=[1.0, 5.0, 3.0])
    expected = np.average(each, weights=[1, 3])
    assert value(loss, z, targets, weight) == pytest.approx(expected, rel=1e-10)
    assert value(loss, z, np.zeros_like(targets), weight) == 0
    loss = AnyLoss(average="micro", mode="multilabel", class_weight=[2.0, 0.0, 1.0])
    columns = [0, 0, 2]  # weight 2 is two repetitions
    found = value(
        AnyLoss(average="micro", mode="multilabel"),
        *(array[:, columns] for array in (z, targets)),
        weight,
    )
    assert value(loss, z, targets, weight) == pytest.approx(found, rel=1e-10)


def test_a_formula_of_the_matrices_of_labels():
    z, targets, weight = label_batch()

    def accuracies(matrices):
        return matrices.diagonal(0, -2, -1).sum(-1) / matrices.sum((-2, -1))

    loss = AnyLoss(accuracies, average=None, mode="multilabel")
    expected = value(AnyLoss("accuracy", mode="multilabel"), z, targets, weight)
    assert value(loss, z, targets, weight) == pytest.approx(expected, rel=1e-10)


def test_class_weights_multiply_the_weights_of_rows():
    z, classes, weight = batch(n_classes=4)
    class_weight = np.array([1.0, 0.5, 2.0, 3.0])
    expected = value(AnyLoss("mcc"), z, classes, weight * class_weight[classes])
    for given in (class_weight, class_weight.tolist(), torch.tensor(class_weight)):
        found = value(AnyLoss("mcc", class_weight=given), z, classes, weight)
        assert found == pytest.approx(expected, rel=1e-12)
    z, y, weight = batch()
    expected = value(AnyLoss(), z, y, weight * np.array([0.5, 2.0])[y])
    found = value(AnyLoss(class_weight=[0.5, 2.0]), z, y, weight)
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_soft_targets_are_shares_of_classes(n_classes):
    z, classes, weight = batch(n_classes=n_classes)
    other = np.roll(classes, 1)
    if n_classes == 2:
        target = 0.7 * classes + 0.3 * other
    else:
        eye = np.eye(4)
        target = 0.7 * eye[classes] + 0.3 * eye[other]
    twice = [np.concatenate(pair) for pair in ((z, z), (classes, other))]
    weights = np.concatenate([0.7 * weight, 0.3 * weight])
    for settings in ({}, {"class_weight": np.arange(1.0, n_classes + 1)}):
        loss = AnyLoss("mcc", **settings)
        expected = value(loss, *twice, weights)
        assert value(loss, z, target, weight) == pytest.approx(expected, rel=1e-10)


def test_momentum_adds_the_counts_of_earlier_batches():
    for metric, n_classes in (("f1", 2), ("f1", 4), ("cost", 4)):
        settings = parameters(metric, n_classes)
        loss = AnyLoss(metric, momentum=0.5, **settings)
        plain = AnyLoss(metric, **settings)
        batches = [batch(20, n_classes, seed) for seed in range(3)]
        logits, classes, weights = (
            np.concatenate(parts) for parts in zip(*batches, strict=True)
        )
        decay = np.repeat([0.25, 0.5, 1.0], 20)
        whole, whole_gradient = value_and_gradient(
            plain, logits, classes, weights * decay
        )
        for each in batches:
            found, gradient = value_and_gradient(loss, *each)
        assert found == pytest.approx(whole, rel=1e-12)
        np.testing.assert_allclose(gradient, whole_gradient[40:], rtol=1e-9)

        loss.eval()
        before = value(loss, *batches[0])
        assert value(loss, *batches[0]) == before
        loss.train()
        assert not loss.state_dict()
        loss.reset()
        assert value(loss, *batches[0]) == value(plain, *batches[0])


def test_momentum_and_another_number_of_classes():
    loss = AnyLoss(momentum=0.9)
    value(loss, *batch(n_classes=4))
    with pytest.raises(ValueError, match=r"reset\(\)"):
        value(loss, *batch(n_classes=3))


def test_the_function_is_the_module():
    z, classes, weight = batch(n_classes=4)
    settings = {"beta": 2.0, "amplification": 5.0, "average": "weighted", "eps": 1e-6}
    settings |= {"class_weight": [1.0, 2.0, 3.0, 4.0], "ignore_index": 2}
    found = metric_loss(
        torch.tensor(z),
        torch.tensor(classes),
        "fbeta",
        sample_weight=weight,
        **settings,
    )
    assert found.item() == value(AnyLoss("fbeta", **settings), z, classes, weight)


def test_repr_has_what_differs_from_the_defaults():
    assert repr(AnyLoss()) == "AnyLoss()"
    assert (
        repr(AnyLoss("mcc", amplification=None, class_weight=[1.0, 2.0]))
        == "AnyLoss(metric='mcc', amplification=None, class_weight=[1.0, 2.0])"
    )

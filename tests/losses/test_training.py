"""The losses in loops: they learn, and they copy, pickle, move and plug in."""

import copy
import inspect
import pickle

import numpy as np
import pytest
from sklearn.datasets import make_blobs, make_classification
from sklearn.metrics import f1_score

from sklearn_ext import (
    AnyLoss,
    CombinedLoss,
    DiceLoss,
    FocalLoss,
    ScoreOrientedLoss,
    TverskyLoss,
)
from tests.losses._batches import batch, torch, value

LOSSES = {
    "any": AnyLoss("mcc", cost=None, class_weight=[1.0, 2.0]),
    "combined": CombinedLoss([(0.5, FocalLoss()), (0.5, DiceLoss())]),
    "dice": DiceLoss(alpha=0.1, smooth=(1.0, 2.0), ohem_ratio=2.0),
    "focal": FocalLoss(alpha=0.25),
    "running": AnyLoss(momentum=0.9),
    "score": ScoreOrientedLoss(prior="cosine"),
    "tversky": TverskyLoss(alpha=0.3),
}


def blobs(n_classes=5):
    X, classes = make_blobs(500, centers=n_classes, random_state=0, cluster_std=1.0)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return torch.tensor(X), torch.tensor(classes)


def train(loss, X, classes, n_steps=100, n_outputs=5):
    """Train a linear layer from zeros; return the losses and the layer."""
    layer = torch.nn.Linear(X.shape[1], n_outputs, dtype=X.dtype)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
    losses = []
    for _ in range(n_steps):
        optimizer.zero_grad()
        found = loss(layer(X), classes)
        found.backward()
        optimizer.step()
        losses.append(found.item())
    return losses, layer


@pytest.mark.parametrize(
    "loss",
    [
        AnyLoss("f1"),
        AnyLoss("mcc"),
        AnyLoss("kappa", amplification=None),
        AnyLoss("gmean"),
        AnyLoss("balanced_accuracy", amplification=20.0),
        DiceLoss(),
        DiceLoss(alpha=0.01, smooth=1e-4),
        DiceLoss(average="micro"),
        TverskyLoss(alpha=0.3, beta=0.7),
    ],
    ids=str,
)
def test_five_classes_are_learned(loss):
    losses, layer = train(loss, *blobs())
    assert losses[-1] < losses[0] / 2
    X, classes = blobs()
    predicted = layer(X).argmax(dim=1)
    assert f1_score(classes, predicted, average="macro") > 0.8


def test_the_published_formula_for_classes_does_not_learn():
    """The numerator of each row over the denominator of the batch, summed over the
    classes: it stays near their number whatever is predicted."""

    def published(logits, classes):
        p = logits.softmax(dim=1)
        y = torch.nn.functional.one_hot(classes, 5)
        above = 2 * p * y + 1e-4
        below = p.sum(dim=0) + y.sum(dim=0) + 1e-4
        return (1 - above / below).mean(dim=0).sum()

    losses, _ = train(published, *blobs())
    assert losses[-1] > 4.9


def test_a_rare_class_is_found():
    rng = np.random.default_rng(0)
    y = (rng.random(2_000) < 0.05).astype(int)
    X = torch.tensor(rng.normal(size=(2_000, 2)) + 1.2 * y[:, None])
    found = {}
    for name, loss in (("f1", AnyLoss("f1")), ("log_loss", FocalLoss(gamma=0.0))):
        _, layer = train(loss, X, torch.tensor(y), 200, 1)
        found[name] = f1_score(y, (layer(X)[:, 0] > 0).numpy())
    assert found["f1"] > found["log_loss"] + 0.1


@pytest.mark.parametrize("name", LOSSES)
def test_copies_and_pickles(name):
    loss = LOSSES[name]
    z, y, weight = batch()
    copies = copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))
    expected = value(loss, z, y, weight)
    for each in copies:
        assert repr(each) == repr(loss)
        assert value(each, z, y, weight) == expected
    assert not loss.state_dict()


@pytest.mark.parametrize("name", LOSSES)
def test_parameters_are_attributes(name):
    loss = LOSSES[name]
    names = list(inspect.signature(type(loss)).parameters)
    again = type(loss)(**{name: getattr(loss, name) for name in names})
    assert repr(again) == repr(loss)
    z, y, weight = batch()
    again.eval()
    loss = copy.deepcopy(loss).eval()
    if hasattr(loss, "reset"):
        loss.reset()
    assert value(again, z, y, weight) == value(loss, z, y, weight)


def test_running_counts_move_with_the_module():
    loss = AnyLoss(momentum=0.5)
    z, y, _ = batch()
    value(loss, z, y)
    (counts,) = loss.buffers()
    assert counts.dtype == torch.float64
    assert not counts.requires_grad
    (counts,) = loss.float().buffers()
    assert counts.dtype == torch.float32
    value(loss, z, y)
    (copied,) = copy.deepcopy(loss).buffers()
    assert torch.equal(copied, next(loss.buffers()))


def test_accumulated_batches_with_momentum_learn_like_large_ones():
    """The F1 of batches of 20 rows, of which one is positive, is not that of all."""
    rng = np.random.default_rng(0)
    y = (rng.random(2_000) < 0.05).astype(int)
    z = rng.normal(size=2_000) - 1 + 2 * y
    whole = value(AnyLoss(), z, y)
    errors = {}
    for momentum in (None, 0.95):
        loss = AnyLoss(momentum=momentum)
        found = [value(loss, z[i : i + 20], y[i : i + 20]) for i in range(0, 2_000, 20)]
        errors[momentum] = abs(np.mean(found[40:]) - whole)
    assert errors[0.95] < errors[None] / 4


def test_as_the_criterion_of_skorch():
    skorch = pytest.importorskip("skorch")
    X, y = make_classification(300, random_state=0)
    X = X.astype(np.float32)
    net = skorch.NeuralNetClassifier(
        torch.nn.Linear,
        module__in_features=20,
        module__out_features=2,
        criterion=AnyLoss,
        criterion__metric="mcc",
        criterion__amplification=5.0,
        optimizer=torch.optim.Adam,
        lr=0.05,
        max_epochs=10,
        verbose=0,
        train_split=None,
    )
    net.fit(X, y)
    assert net.history[-1, "train_loss"] < net.history[0, "train_loss"] - 0.1
    assert net.criterion_.amplification == 5.0
    assert net.score(X, y) > 0.8

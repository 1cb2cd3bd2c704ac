"""The callbacks of SeparabilityStopping in real trainings of tiny networks.

Learning rates of 0 leave the networks as they are, and with them the scores: the rule
stops after its patience. It does so only if dropout is off when the rows are embedded.
"""

import copy
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification

from sklearn_ext import SeparabilityStopping

torch = pytest.importorskip("torch")

X, y = make_classification(
    80, n_features=6, n_informative=4, n_classes=3, random_state=0
)
X = X.astype(np.float32)
PROBE = torch.tensor(X[::2])


class Network(torch.nn.Module):
    """A network for both trainers: they call it with rows, or with rows and labels."""

    def __init__(self):
        super().__init__()
        self.body = torch.nn.Sequential(
            torch.nn.Linear(6, 16), torch.nn.Dropout(0.5), torch.nn.LayerNorm(16)
        )
        self.head = torch.nn.Linear(16, 3)

    def forward(self, rows, labels=None):
        logits = self.head(self.body(rows))
        if labels is None:
            return logits
        loss = torch.nn.functional.cross_entropy(logits, labels)
        return {"loss": loss, "logits": logits}


def embed_net(net):
    embeddings = net.module_.body(PROBE)
    assert not embeddings.requires_grad
    return embeddings


def embed_model(model):
    embeddings = model.body(PROBE)
    assert not embeddings.requires_grad
    return embeddings


def skorch_net(callback, **settings):
    skorch = pytest.importorskip("skorch")
    return skorch.NeuralNetClassifier(
        Network,
        criterion=torch.nn.CrossEntropyLoss,
        callbacks=[callback],
        train_split=None,
        verbose=0,
        **{"lr": 0.0, "max_epochs": 20} | settings,
    )


@pytest.fixture
def stopping():
    return SeparabilityStopping(patience=3, max_samples=30, random_state=0)


@pytest.fixture
def callback(stopping):
    pytest.importorskip("skorch")
    return stopping.as_skorch_callback(embed_net)


def test_skorch_stops(stopping, callback):
    net = skorch_net(callback).fit(X, y)
    assert len(net.history) == 4
    assert (stopping.best_epoch_, stopping.stopped_epoch_) == (0, 3)
    assert len({entry["score"] for entry in stopping.history_}) == 1
    assert net.predict(X).shape == (80,)
    net.fit(X, y)  # a new run
    assert len(net.history) == len(stopping.history_) == 4


def test_skorch_goes_on_in_partial_fit(stopping, callback):
    net = skorch_net(callback, max_epochs=1)
    for epoch in range(5):
        net.partial_fit(X, y)
        assert len(stopping.history_) == epoch + 1
    assert stopping.stopped_epoch_ == 3
    assert stopping.history_[-1]["wait"] == 4


def test_skorch_trains_to_the_end_without_a_stop(callback, stopping):
    net = skorch_net(callback, lr=0.1, max_epochs=3).fit(X, y)
    assert len(net.history) == len(stopping.history_) == 3
    assert stopping.stopped_epoch_ is None
    assert len({entry["score"] for entry in stopping.history_}) == 3


def test_skorch_nets_are_cloned_with_a_stopping_of_their_own(stopping, callback):
    net = skorch_net(callback)
    stopping.update(PROBE)
    copied = clone(net).fit(X, y)
    (own,) = copied.callbacks
    assert own.stopping.stopped_epoch_ == 3
    assert len(stopping.history_) == 1
    other = SeparabilityStopping(patience=1)
    net.set_params(callbacks__SeparabilityCallback__stopping=other).fit(X, y)
    assert other.stopped_epoch_ == 1


def test_skorch_nets_are_pickled_with_the_history(stopping, callback):
    net = skorch_net(callback).fit(X, y)
    restored = pickle.loads(pickle.dumps(net))
    (own,) = restored.callbacks
    assert own.stopping.history_ == stopping.history_
    restored.partial_fit(X, y)  # it stops at once
    assert len(own.stopping.history_) == 5
    assert len(stopping.history_) == 4


def test_modes_are_restored(stopping, callback):
    net = skorch_net(callback).initialize()
    net.module_.train()
    net.module_.head.eval()  # a frozen part
    callback.on_epoch_end(net)
    modes = [part.training for part in net.module_.modules()]
    assert modes == [True, True, True, True, True, False]

    def fail(net):
        raise ZeroDivisionError

    failing = stopping.as_skorch_callback(fail)
    with pytest.raises(ZeroDivisionError):
        failing.on_epoch_end(net)
    assert [part.training for part in net.module_.modules()] == modes
    assert torch.is_grad_enabled()


@pytest.fixture
def trainer(tmp_path, monkeypatch):
    """Make a trainer of transformers that calls a callback and leaves no files."""
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    monkeypatch.chdir(tmp_path)
    rows = [
        {"rows": torch.tensor(row), "labels": torch.tensor(label)}
        for row, label in zip(X, y, strict=True)
    ]

    def make(callback, **settings):
        arguments = transformers.TrainingArguments(
            output_dir=str(tmp_path / "run"),
            per_device_train_batch_size=20,
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            use_cpu=True,
            disable_tqdm=True,
            dataloader_pin_memory=False,
            **{"learning_rate": 0.0, "num_train_epochs": 20} | settings,
        )
        return transformers.Trainer(
            Network(),
            arguments,
            train_dataset=rows,
            eval_dataset=rows[:10],
            callbacks=[callback],
        )

    return make


@pytest.mark.parametrize("eval_strategy", ["no", "epoch"])
def test_trainer_stops_after_an_epoch(stopping, trainer, eval_strategy, tmp_path):
    callback = stopping.as_trainer_callback(embed_model)
    training = trainer(callback, eval_strategy=eval_strategy)
    training.train()
    assert training.state.epoch == 4
    assert training.state.global_step == 16
    assert (stopping.best_epoch_, stopping.stopped_epoch_) == (0, 3)
    assert len(stopping.history_) == 4
    assert len({entry["score"] for entry in stopping.history_}) == 1
    training.train()  # a new run
    assert training.state.epoch == len(stopping.history_) == 4
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_trainer_stops_after_an_evaluation(stopping, trainer):
    callback = stopping.as_trainer_callback(embed_model)
    training = trainer(callback, eval_strategy="steps", eval_steps=3)
    training.evaluate()  # no step of the training
    assert not hasattr(stopping, "history_")
    training.train()
    assert training.state.global_step == 12
    assert len(stopping.history_) == 4
    training.evaluate()
    assert len(stopping.history_) == 4


def test_trainer_trains_to_the_end_without_a_stop(stopping, trainer):
    callback = stopping.as_trainer_callback(embed_model)
    training = trainer(callback, learning_rate=0.05, num_train_epochs=3)
    training.train()
    assert training.state.epoch == len(stopping.history_) == 3
    assert stopping.stopped_epoch_ is None
    assert len({entry["score"] for entry in stopping.history_}) == 3


def test_trainer_callback_goes_on_after_a_checkpoint(stopping):
    pytest.importorskip("transformers")
    callback = stopping.as_trainer_callback(embed_model)
    stopping.update(PROBE)
    callback.on_train_begin(None, SimpleNamespace(global_step=4), None)
    assert len(stopping.history_) == 1
    callback.on_train_begin(None, SimpleNamespace(global_step=0), None)
    assert not hasattr(stopping, "history_")


def test_trainer_callback_is_copied_with_its_stopping(stopping):
    pytest.importorskip("transformers")
    callback = stopping.as_trainer_callback(embed_model)
    stopping.update(PROBE)
    for twin in (pickle.loads(pickle.dumps(callback)), copy.deepcopy(callback)):
        assert twin.embed is embed_model
        assert twin.stopping is not stopping
        assert twin.stopping.history_ == stopping.history_

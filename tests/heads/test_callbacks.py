"""Each epoch is reported to scikit-learn's callbacks, and stops when they say so."""

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.callback import ScoringMonitor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ext import AnyLossClassifier, DiceLossClassifier, TorchLossClassifier
from tests.heads._tables import table

MODELS = [
    AnyLossClassifier(max_iter=6),
    DiceLossClassifier(max_iter=6),
    TorchLossClassifier(max_iter=6),
    TorchLossClassifier(max_iter=6, optimizer="lbfgs", tol=0),
    TorchLossClassifier(max_iter=6, batch_size=30, random_state=0),
    AnyLossClassifier(max_iter=6, hidden_layer_sizes=(3,), random_state=0),
]
each_model = pytest.mark.parametrize(
    "model", MODELS, ids=lambda model: repr(model).replace("\n", "")
)


class StopAfter:
    """A callback that stops the fit after n epochs."""

    def __init__(self, n):
        self.n = n
        self.tasks = []

    def setup(self, estimator, context):
        pass

    teardown = setup

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.tasks.append(context.task_name)
        return context.task_name == "epoch" and context.task_id + 1 == self.n


def fresh(model, **parameters):
    return type(model)(**model.get_params() | parameters)


def arrays(model):
    coefs = model.coefs_ if hasattr(model, "coefs_") else [model.coef_]
    return np.concatenate([W.ravel() for W in coefs])


@each_model
def test_callback_stops_the_fit(model):
    X, codes = table(100)
    callback = StopAfter(2)
    stopped = fresh(model).set_callbacks(callback).fit(X, codes)
    two = fresh(model, max_iter=2).fit(X, codes)
    assert stopped.n_iter_ == len(stopped.loss_curve_) == 2
    np.testing.assert_allclose(arrays(stopped), arrays(two), rtol=1e-9, atol=1e-12)
    assert callback.tasks[:2] == ["epoch", "epoch"]
    assert len(callback.tasks) == 3  # two epochs, then the fit itself


@each_model
def test_an_epoch_is_a_step_of_the_log(model):
    """The score of each epoch is that of the model as it then is."""
    X, codes = table(100)
    monitor = ScoringMonitor(scoring=["accuracy", "neg_log_loss"])
    watched = fresh(model).set_callbacks(monitor).fit(X, codes)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == watched.n_iter_
    plain = fresh(model).fit(X, codes)
    np.testing.assert_array_equal(arrays(plain), arrays(watched))
    if type(model) is TorchLossClassifier:  # the others choose among the epochs
        assert rows[-1]["accuracy"] == watched.score(X, codes)
    for n, row in enumerate(rows, start=1):
        cut = fresh(model, max_iter=n).fit(X, codes)
        if type(model) is TorchLossClassifier or cut.selected_ == "last":
            assert row["accuracy"] == pytest.approx(cut.score(X, codes), abs=1e-12)


def test_monitor_sees_names_and_weights():
    """The rows of the caller: no warning about names; weights reach the scorer."""
    X, codes = table(100)
    frame = pd.DataFrame(X, columns=list("abcd"))
    y = pd.Series(np.array(["no", "yes"])[codes])
    weight = np.arange(100) % 3
    monitor = ScoringMonitor(scoring="accuracy")
    model = TorchLossClassifier(max_iter=4).set_callbacks(monitor)
    model.fit(frame, y, sample_weight=weight)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    expected = model.score(frame, y, sample_weight=weight)
    assert rows[-1]["accuracy"] == pytest.approx(expected, rel=1e-12)


def test_callbacks_in_pipeline_and_grid_search():
    X, codes = table(120)
    monitor, stop = ScoringMonitor(scoring="f1"), StopAfter(2)
    learner = AnyLossClassifier(max_iter=10).set_callbacks(monitor, stop)
    pipeline = make_pipeline(StandardScaler(), learner)
    grid = {"anylossclassifier__amplification": [5, 10]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2)
    with joblib.parallel_config("threading"):  # processes could not unpickle StopAfter
        search.fit(X, codes)
    assert search.best_estimator_[-1].n_iter_ == 2
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == 2 * (2 * 2 + 1)


class Interrupt(StopAfter):
    """A callback that acts as Ctrl+C does, at the end of the first epoch."""

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "epoch":
            raise KeyboardInterrupt


def test_an_interrupted_fit_changes_nothing():
    torch = pytest.importorskip("torch")
    X, codes = table(100)
    model = AnyLossClassifier(max_iter=5).fit(X, codes)
    before = {name: value for name, value in vars(model).items() if name[-1] == "_"}
    n_threads = torch.get_num_threads()
    model.set_callbacks(Interrupt(1))
    with pytest.raises(KeyboardInterrupt):
        model.fit(2 * X, codes)
    after = {name: value for name, value in vars(model).items() if name[-1] == "_"}
    assert after.keys() == before.keys()
    assert all(after[name] is value for name, value in before.items())
    assert torch.get_num_threads() == n_threads

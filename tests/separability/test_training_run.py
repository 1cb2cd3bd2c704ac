"""Separability beside the accuracy of a network in training, and where the rule stops.

A small network learns half of the digits. After each epoch the other half, the probe
set, is embedded; its labels only serve to measure the accuracy.
"""

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_ext import SeparabilityStopping

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.slow
N_EPOCHS = 100  # by then the rule has stopped


def training_run(seed, n_epochs):
    """Yield probe embeddings and accuracy after each epoch."""
    X, y = load_digits(return_X_y=True)
    halves = train_test_split(
        X.astype(np.float32) / 16, y, test_size=0.5, stratify=y, random_state=seed
    )
    X_train, X_probe, y_train, y_probe = map(torch.as_tensor, halves)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        body = torch.nn.Sequential(
            torch.nn.Linear(64, 128),
            torch.nn.ReLU(),
            torch.nn.Linear(128, 32),
            torch.nn.LayerNorm(32),
        )
        head = torch.nn.Linear(32, 10)
        optimizer = torch.optim.Adam([*body.parameters(), *head.parameters()], lr=5e-4)
        for _ in range(n_epochs):
            for batch in torch.randperm(len(X_train)).split(64):
                optimizer.zero_grad()
                logits = head(body(X_train[batch]))
                torch.nn.functional.cross_entropy(logits, y_train[batch]).backward()
                optimizer.step()
            with torch.no_grad():
                embeddings = body(X_probe)
                said = head(embeddings).argmax(dim=1)
            yield embeddings, (said == y_probe).double().mean().item()


@pytest.fixture(scope="module")
def runs():
    """Embeddings and accuracies of four runs."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the network is too small for more
    try:
        return [list(training_run(seed, N_EPOCHS)) for seed in range(4)]
    finally:
        torch.set_num_threads(n_threads)


def followed(run, **parameters):
    """Return a stopping that has seen a whole run, and the accuracies of the run."""
    stopping = SeparabilityStopping(**parameters)
    for embeddings, _ in run:
        stopping.update(embeddings)
    return stopping, np.array([accuracy for _, accuracy in run])


def test_the_score_grows_with_the_accuracy(runs):
    correlations = []
    for run in runs:
        stopping, accuracies = followed(run[:31])
        scores = [entry["score"] for entry in stopping.history_]
        correlations.append(spearmanr(scores, accuracies).statistic)
    assert np.mean(correlations) >= 0.85


@pytest.mark.parametrize(
    "parameters",
    [{}, {"statistic": "mean", "patience": 3, "min_delta": 0.02, "smoothing": 0.0}],
    ids=str,
)
def test_little_accuracy_is_lost_at_the_stop(runs, parameters):
    kept = []
    for run in runs:
        stopping, accuracies = followed(run, **parameters)
        assert stopping.stopped_epoch_ is not None
        kept.append(accuracies[stopping.stopped_epoch_] / accuracies.max())
    assert np.mean(kept) >= 0.95

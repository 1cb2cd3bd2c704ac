"""
==============================================
Stopping a training without validation labels
==============================================

A network learns from labelled images, and then there are more images that nobody has
labelled. Those cannot tell its accuracy, but they can be embedded after each epoch, and
while the network learns to tell the classes apart their embeddings fall apart into
groups. :class:`~sklearn_ext.SeparabilityStopping` follows that and says when it levels
off.

The labels of these images are known here after all, and only serve to look at the
accuracy beside it. The idea of following embeddings by persistent homology is from
arXiv:2305.15016; the statistic and the rule are of this package.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.nn import LayerNorm, Linear, ReLU, Sequential
from torch.nn.functional import cross_entropy

from sklearn_ext import ClassSeparability, SeparabilityDisplay, SeparabilityStopping

torch.set_num_threads(1)  # in small steps, threads mostly wait for each other

# %%
# The training
# ------------
# Half of the digits to learn from, half as the unlabelled probe set. The network is the
# usual body with a head. Its body ends in a LayerNorm, like those of text encoders.

X, y = load_digits(return_X_y=True)


def training(seed, n_epochs=100, has_norm=True):
    """Yield the embeddings of the probe set and its accuracy, after each epoch."""
    halves = train_test_split(
        (X / 16).astype(np.float32), y, test_size=0.5, stratify=y, random_state=seed
    )
    X_train, X_probe, y_train, y_probe = map(torch.from_numpy, halves)
    torch.manual_seed(seed)
    last = [LayerNorm(32)] if has_norm else []
    body = Sequential(Linear(64, 128), ReLU(), Linear(128, 32), *last)
    head = Linear(32, 10)
    optimizer = torch.optim.Adam([*body.parameters(), *head.parameters()], lr=5e-4)
    for _ in range(n_epochs):
        for batch in torch.randperm(len(X_train)).split(64):
            optimizer.zero_grad()
            cross_entropy(head(body(X_train[batch])), y_train[batch]).backward()
            optimizer.step()
        with torch.no_grad():
            embeddings = body(X_probe)
            said = head(embeddings).argmax(dim=1)
        yield embeddings, (said == y_probe).double().mean().item()


run = training(seed=1)
stopping = SeparabilityStopping()
kept, accuracies = [], []
for embeddings, accuracy in run:
    kept.append(embeddings)
    accuracies.append(accuracy)
    if stopping.update(embeddings):
        break
print(f"stop at epoch {stopping.stopped_epoch_}, accuracy {accuracy:.3f}")

# %%
# In skorch and in trainers of transformers and sentence-transformers this is one line,
# a callback that is given a function to embed the probe set:
#
# .. code-block:: python
#
#    NeuralNetClassifier(..., callbacks=[stopping.as_skorch_callback(embed)])
#    Trainer(..., callbacks=[stopping.as_trainer_callback(embed)])
#
# What would have come
# --------------------
# Here the training goes on all the same, to see what the stop has missed.

for embeddings, accuracy in run:
    stopping.update(embeddings)
    accuracies.append(accuracy)
best = max(accuracies)
at_stop = accuracies[stopping.stopped_epoch_]
display = SeparabilityDisplay.from_stopping(
    stopping, reference=pd.Series(accuracies, name="accuracy")
)
display.reference_ax_.set_ylim(0.6, 1)
plt.show()
print(f"accuracy {at_stop:.3f} at the stop, {best:.3f} at best: {at_stop / best:.1%}")

# %%
# The score goes on to grow when the accuracy has long levelled off: it is no accuracy.
# The rule stops where it first rests for five epochs.
#
# What has happened
# -----------------
# The bars of the embeddings, scaled to norm 1. After the first epoch few merges join
# two groups, and not late. At the stop the groups are larger and farther apart, and the
# lengths are less even, which is what the entropy measures.

figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained", sharey=True)
for ax, epoch in zip(axes, [0, stopping.stopped_epoch_], strict=True):
    bars = ClassSeparability(normalize=True).fit(kept[epoch])
    SeparabilityDisplay.from_estimator(bars, kind="curve", ax=ax)
    ax.set_title(
        f"epoch {epoch}: entropy {bars.statistics_['entropy']:.4f}, "
        f"accuracy {accuracies[epoch]:.3f}",
        size=11,
    )
plt.show()

# %%
# Four runs
# ---------
# Other statistics stop earlier, and less patience as well. Each loses a little.

runs = [list(training(seed)) for seed in range(4)]


def outcome(run, **settings):
    """Return the epoch of the stop and the share of the best accuracy there."""
    stopping = SeparabilityStopping(**settings)
    for embeddings, _ in run:
        stopping.update(embeddings)
    accuracies = np.array([accuracy for _, accuracy in run])
    scores = [step["score"] for step in stopping.history_]
    epoch = stopping.stopped_epoch_
    end = -1 if epoch is None else epoch
    return {
        "stop": np.nan if epoch is None else epoch,
        "accuracy kept": accuracies[end] / accuracies.max(),
        "rank correlation": spearmanr(scores[:31], accuracies[:31]).statistic,
    }


def outcomes(runs, settings):
    """Return the mean outcomes of several settings."""
    rows = {}
    for each in settings:
        name = ", ".join(f"{key}={value!r}" for key, value in each.items())
        table = pd.DataFrame([outcome(run, **each) for run in runs])
        rows[name or "default"] = table.mean()
    return pd.DataFrame(rows).T.round(3)


settings = [
    {},
    {"patience": 3},
    {"statistic": "mass"},
    {"statistic": "mass", "patience": 3},
    {"statistic": "mean"},
    {"statistic": "mean", "patience": 3},
]
outcomes(runs, settings)

# %%
# Where it is weak
# ----------------
# The same network without its LayerNorm. Now the norms of the embeddings carry part of
# what is learnt, and dividing by them leaves a score that knows little of the accuracy:
# the rule stops early. For such a network use ``normalize=False``.

bare_runs = [list(training(seed, has_norm=False)) for seed in range(4)]
outcomes(bare_runs, [{}, {"normalize": False}, {"statistic": "mass"}])

"""
=======================
Losses in your own loop
=======================

The losses are plain ``torch.nn.Module``: they take logits and targets and return a
scalar, so they go wherever ``BCEWithLogitsLoss`` goes. Here a small network learns to
tell the digit 8 from the others, a tenth of the rows, in a loop of a few lines, and
then in skorch.

On the way one sees what a soft F1 is worth: how near it is to the exact one, what
the amplification does, and what small batches do to it.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split

from sklearn_ext import AnyLoss, CombinedLoss, DiceLoss, metric_loss

torch.set_num_threads(1)  # in small steps, threads mostly wait for each other
X, digit = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = (
    torch.from_numpy(part)
    for part in train_test_split(
        (X / 16).astype(np.float32),
        (digit == 8).astype(np.int64),
        test_size=0.3,
        random_state=0,
        stratify=digit,
    )
)
print(f"{len(y_train)} training rows, {int(y_train.sum())} of them an 8")

# %%
# The loop
# --------
# Nothing is special about it. At the end of each epoch the soft F1 and the exact F1 of
# all rows are noted.


def exact_f1(net, X, y):
    return f1_score(y, net(X)[:, 0] > 0, zero_division=0)


def train(loss, n_epochs=40, batch_size=128, seed=0):
    """Train a small network; return it and a row of scores per epoch."""
    torch.manual_seed(seed)
    net = torch.nn.Sequential(
        torch.nn.Linear(64, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1)
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    curve = []
    for _ in range(n_epochs):
        for rows in torch.randperm(len(y_train)).split(batch_size):
            optimizer.zero_grad()
            loss(net(X_train[rows]), y_train[rows]).backward()
            optimizer.step()
        with torch.no_grad():
            soft = 1 - metric_loss(net(X_train), y_train, "f1", amplification=10)
            exact = exact_f1(net, X_train, y_train)
            curve.append((float(soft), exact, exact_f1(net, X_test, y_test)))
    return net, np.array(curve)


def log_loss(input, target):
    return torch.nn.functional.binary_cross_entropy_with_logits(
        input[:, 0], target.float()
    )


losses = {
    "log loss": log_loss,
    "AnyLoss": AnyLoss("f1"),
    "DiceLoss": DiceLoss(),
    "half log loss, half AnyLoss": CombinedLoss([(0.5, log_loss), (0.5, AnyLoss())]),
}
trained = {name: train(loss) for name, loss in losses.items()}

# %%
# Soft and exact
# --------------
# The losses of sets raise F1 in fewer epochs, and their soft F1 follows the exact one.
# The log loss gets nearly as far in the end: where classes can be told apart, it does
# not matter much what one trains on.

figure, axes = plt.subplots(2, 2, figsize=(8, 5.4), layout="constrained", sharey=True)
for ax, (name, (_, curve)) in zip(axes.flat, trained.items(), strict=True):
    epochs = np.arange(1, len(curve) + 1)
    ax.plot(epochs, curve[:, 0], "--", color="#56B4E9", label="soft F1, training")
    ax.plot(epochs, curve[:, 1], color="#0072B2", label="exact F1, training")
    ax.plot(epochs, curve[:, 2], color="#D55E00", label="exact F1, test")
    ax.set_title(f"{name}: {curve[-1, 2]:.3f} in the end", size=10)
    ax.grid(axis="y", alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
figure.supxlabel("epoch", size=10)
handles, labels = ax.get_legend_handles_labels()
figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False)
plt.show()

# %%
# Amplification
# -------------
# AnyLoss counts each row as ``a = sigmoid(L * (p - 1/2))``. A large amplification L
# makes of it nearly a hard prediction, but then only rows near p = 1/2 have a gradient:
# on the right, how many rows hold 99 % of it before the first step, when all p are
# near 1/2, and after 40 epochs of the log loss have moved them away.

AMPLIFICATIONS = {5: "#56B4E9", 10: "#0072B2", 30: "#009E73", 73: "#D55E00"}


def share_of_rows(net, amplification):
    """Return the share of the rows that hold 99 % of the gradient."""
    logits = net(X_train).detach().double().requires_grad_()
    metric_loss(logits, y_train, "f1", amplification=amplification).backward()
    slopes = logits.grad.abs().ravel().sort(descending=True).values.cumsum(0)
    return int((slopes < 0.99 * slopes[-1]).sum() + 1) / len(slopes)


figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
p = torch.linspace(0, 1, 201)
for amplification, colour in AMPLIFICATIONS.items():
    a = torch.sigmoid(amplification * (p - 0.5))
    left.plot(p, a, color=colour, label=f"L = {amplification}")
left.plot([0, 1], [0, 1], ":", color="#999999", label="none")
left.set(xlabel="probability p", ylabel="soft prediction a")
left.legend(frameon=False)
places = np.arange(len(AMPLIFICATIONS))
for shift, colour, when, net in [
    (-0.2, "#999999", "at the start", train(log_loss, n_epochs=0)[0]),
    (0.2, "#0072B2", "after 40 epochs", trained["log loss"][0]),
]:
    shares = [100 * share_of_rows(net, each) for each in AMPLIFICATIONS]
    bars = right.bar(places + shift, shares, 0.38, color=colour, label=when)
    right.bar_label(bars, fmt="%.0f", size=9)
right.set_xticks(places, AMPLIFICATIONS)
right.set(xlabel="amplification L", ylabel="% of rows with 99 % of the gradient")
right.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# F1 on the test rows after 20 epochs, mean and spread of three random starts. A small
# network from random weights does best with a large amplification here. Linear heads
# that start at a logistic regression, as :class:`~sklearn_ext.AnyLossClassifier` does,
# did best with a small one. Try two or three on held-out rows.

for amplification in (None, *AMPLIFICATIONS):
    alone = AnyLoss("f1", amplification=amplification)
    mixed = CombinedLoss([(0.5, log_loss), (0.5, alone)])
    line = f"L = {amplification!s:4}"
    for name, loss in {"alone": alone, "half log loss": mixed}.items():
        scores = [train(loss, 20, seed=seed)[1][-1, 2] for seed in range(3)]
        line += f"   {name} {np.mean(scores):.3f} ± {np.std(scores):.3f}"
    print(line)

# %%
# Small batches
# -------------
# The F1 of a batch is not the F1 of all rows. In batches of 16 there are one or two of
# the digit, and some have none, from which nothing is learned. ``momentum`` keeps
# counts of the batches before. They have no gradient but set the scale: the mean over
# batches comes near the F1 of all rows.

net, _ = train(AnyLoss("f1"), n_epochs=10)
whole = 1 - metric_loss(net(X_train), y_train, "f1").item()
print(f"soft F1 of all rows                 {whole:.3f}")
for momentum in (None, 0.9, 0.99):
    loss = AnyLoss("f1", momentum=momentum)
    torch.manual_seed(0)
    with torch.no_grad():
        parts = [
            1 - loss(net(X_train[rows]), y_train[rows]).item()
            for rows in torch.randperm(len(y_train)).split(16)
        ]
    print(f"mean over batches, momentum={momentum!s:8} {np.mean(parts):.3f}")

# %%
# skorch
# ------
# In skorch a loss is the ``criterion``. With two logits per row prediction is an
# argmax; :func:`torch.softmax` makes probabilities of them.

try:
    from skorch import NeuralNetClassifier
except ImportError:
    print("skorch is not installed, so this is left out: pip install skorch")
else:
    torch.manual_seed(0)
    net = NeuralNetClassifier(
        torch.nn.Sequential(
            torch.nn.Linear(64, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2)
        ),
        criterion=AnyLoss,
        criterion__metric="f1",
        criterion__amplification=10,
        optimizer=torch.optim.Adam,
        lr=0.01,
        max_epochs=40,
        train_split=None,
        verbose=0,
    )
    net.fit(X_train, y_train)
    print(f"F1 on the test rows: {f1_score(y_test, net.predict(X_test)):.3f}")

"""The losses once more in NumPy, row by row and class by class."""

import math

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def confusion(a, classes, weight):
    """Soft matrix of predictions (B, C): rows true, columns predicted."""
    M = np.zeros((a.shape[1],) * 2)
    for row, c, w in zip(a, classes, weight, strict=True):
        M[int(c)] += w * row
    return M


def two_columns(p):
    return np.column_stack([1 - p, p])


def soft_predictions(z, amplification):
    """AnyLoss: amplified probabilities of the classes, from logits (B,) or (B, C)."""
    if z.ndim == 1:
        p = sigmoid(z)
        if amplification is not None:
            p = sigmoid(amplification * (p - 0.5))
        return two_columns(p)
    p = softmax(z)
    return p if amplification is None else softmax(amplification / 2 * p)


def one_vs_rest(M, c):
    tp = M[c, c]
    fp, fn = M[:, c].sum() - tp, M[c].sum() - tp
    return tp, fp, fn, M.sum() - tp - fp - fn


OF_A_CLASS = {
    "f1": lambda tp, fp, fn, tn: 2 * tp / (2 * tp + fp + fn),
    "fbeta": lambda tp, fp, fn, tn: 5 * tp / (5 * tp + fp + 4 * fn),  # beta = 2
    "fowlkes_mallows": lambda tp, fp, fn, tn: tp / math.sqrt((tp + fp) * (tp + fn)),
    "jaccard": lambda tp, fp, fn, tn: tp / (tp + fp + fn),
    "markedness": lambda tp, fp, fn, tn: tp / (tp + fp) + tn / (tn + fn) - 1,
    "precision": lambda tp, fp, fn, tn: tp / (tp + fp),
    "recall": lambda tp, fp, fn, tn: tp / (tp + fn),
    "specificity": lambda tp, fp, fn, tn: tn / (tn + fp),
}


def of_all(name, M, cost=None):
    """A metric of the whole matrix; classes without rows are left out."""
    s, c = M.sum(), M.trace()
    t, q = M.sum(axis=1), M.sum(axis=0)
    recalls = [M[k, k] / t[k] for k in range(len(M)) if t[k] > 0]
    balanced = sum(recalls) / len(recalls)
    return {
        "accuracy": lambda: c / s,
        "balanced_accuracy": lambda: balanced,
        "cost": lambda: 1 - (np.asarray(cost) * M).sum() / s,
        "gmean": lambda: math.prod(recalls) ** (1 / len(recalls)),
        "informedness": lambda: (balanced - 1 / len(M)) / (1 - 1 / len(M)),
        "kappa": lambda: (c * s - t @ q) / (s * s - t @ q),
        "mcc": lambda: (c * s - t @ q) / math.sqrt((s * s - q @ q) * (s * s - t @ t)),
    }[name]()


def metric(name, M, average="auto", cost=None):
    if name not in OF_A_CLASS:
        return of_all(name, M, cost)
    formula = OF_A_CLASS[name]
    if average == "binary" or (average == "auto" and len(M) == 2):
        return formula(*one_vs_rest(M, 1))
    counts = [one_vs_rest(M, c) for c in range(len(M))]
    if average == "micro":
        return formula(*np.sum(counts, axis=0))
    t = M.sum(axis=1)
    present = [c for c in range(len(M)) if t[c] > 0]
    share = t[present] if average == "weighted" else np.ones(len(present))
    return np.average([formula(*counts[c]) for c in present], weights=share)


def any_loss(z, classes, weight, name, amplification=10.0, average="auto", cost=None):
    M = confusion(soft_predictions(z, amplification), classes, weight)
    return 1 - metric(name, M, average, cost)


def hardest(scores, positive, ratio):
    """Which rows ohem keeps: the positives and the best scored negatives."""
    negatives = sorted(
        (i for i in range(len(scores)) if not positive[i]),
        key=lambda i: (-scores[i], i),
    )
    kept = set(negatives[: math.floor(ratio * sum(positive))])
    return np.array([positive[i] or i in kept for i in range(len(scores))])


def dice(
    z,
    classes,
    weight,
    alpha=0.0,
    smooth=1.0,
    squared=False,
    self_adjusting="detach",
    level="batch",
    average="macro",
    ohem_ratio=0.0,
):
    """The Dice loss of hard targets with weights that are whole numbers."""
    repeated = np.repeat(np.arange(len(z)), np.asarray(weight, int))
    z, classes = z[repeated], np.asarray(classes)[repeated]
    above, below = smooth if isinstance(smooth, tuple) else (smooth, smooth)
    power = 2 if squared else 1

    def parts(p, y):
        w = (1 - p) ** alpha
        if self_adjusting == "paper":
            q = w * p
            return 2 * q * y, q**power + y**power
        return 2 * w * p * y, w * (p**power + y**power)

    def loss(top, bottom):
        return 1 - (top + above) / (bottom + below)

    P = sigmoid(z)[:, None] if z.ndim == 1 else softmax(z)
    columns = [1] if z.ndim == 1 else range(P.shape[1])
    losses, supports, sums = [], [], []
    for k, c in enumerate(columns):
        p, y = P[:, k], (classes == c).astype(float)
        rows = np.ones(len(p), bool)
        if ohem_ratio:
            rows = hardest(p, y > 0.5, ohem_ratio)
        pairs = [parts(p[i], y[i]) for i in np.flatnonzero(rows)]
        supports.append(y.sum())
        total = np.sum(pairs, axis=0) if pairs else np.zeros(2)
        sums.append(total)
        if level == "sample":
            losses.append(np.mean([loss(*pair) for pair in pairs]) if pairs else 0)
        else:
            losses.append(loss(*total))
    if average == "micro" and z.ndim == 2:
        if level == "batch":
            return loss(*np.sum(sums, axis=0))
        rows = []
        for i in range(len(z)):
            pairs = [parts(P[i, c], float(classes[i] == c)) for c in columns]
            rows.append(loss(*np.sum(pairs, axis=0)))
        return np.mean(rows)
    if z.ndim == 1:
        return losses[0] if supports[0] or level == "sample" else 0.0
    present = np.array(supports) > 0
    share = np.where(present, supports if average == "weighted" else 1, 0)
    return np.average(losses, weights=share)


def tversky(z, classes, weight, alpha, beta, smooth=1.0, focal_gamma=1.0):
    P = two_columns(sigmoid(z)) if z.ndim == 1 else softmax(z)
    losses = []
    for c in [1] if z.ndim == 1 else range(P.shape[1]):
        y = np.asarray(classes) == c
        if (weight * y).sum() == 0:
            continue
        tp = (weight * P[:, c] * y).sum()
        fp = (weight * P[:, c] * ~y).sum()
        fn = (weight * (1 - P[:, c]) * y).sum()
        index = (tp + smooth) / (tp + alpha * fp + beta * fn + smooth)
        losses.append((1 - index) ** focal_gamma)
    return np.mean(losses)


def focal(z, classes, weight, gamma, alpha=None):
    P = two_columns(sigmoid(z)) if z.ndim == 1 else softmax(z)
    alpha = np.ones(P.shape[1]) if alpha is None else np.asarray(alpha)
    p = P[np.arange(len(P)), classes]
    losses = -alpha[classes] * (1 - p) ** gamma * np.log(p)
    return np.average(losses, weights=weight)


def cosine_prior(p, mu, delta):
    """Chance that a threshold with this prior is below p, by summing its density."""
    edges = np.linspace(mu - delta, mu + delta, 20_001)
    middles = (edges[1:] + edges[:-1]) / 2
    density = (1 + np.cos(np.pi * (middles - mu) / delta)) / (2 * delta)
    below = np.concatenate([[0.0], np.cumsum(density * np.diff(edges))])
    return np.interp(p, edges, below)

"""Soft confusion matrices and losses written once more with torch, for autograd."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")


def two_columns(z):
    return torch.stack([torch.zeros_like(z), z], dim=1) if z.ndim == 1 else z


def soft_matrix(z, codes, weight, amplification):
    p = two_columns(z).softmax(dim=1)
    a = p if amplification is None else (amplification / 2 * p).softmax(dim=1)
    truth = torch.nn.functional.one_hot(codes, p.shape[1]).to(p.dtype)
    return (truth * weight[:, None]).T @ a


def soft_metric(name, M, average="auto", pos_label=1, beta=1.0, cost=None):
    """A metric of a soft confusion matrix; the formulas are those of the paper."""
    t, q, c, s = M.sum(dim=1), M.sum(dim=0), M.trace(), M.sum()
    tp = M.diagonal()
    fp, fn = q - tp, t - tp
    tn = s - tp - fp - fn
    k = len(M)
    whole = {
        "accuracy": lambda: c / s,
        "balanced_accuracy": lambda: (tp / t).mean(),
        "gmean": lambda: (tp / t).log().mean().exp(),
        "informedness": lambda: ((tp / t).mean() - 1 / k) / (1 - 1 / k),
        "mcc": lambda: (c * s - t @ q) / ((s**2 - q @ q) * (s**2 - t @ t)).sqrt(),
        "kappa": lambda: (c * s - t @ q) / (s**2 - t @ q),
        "cost": lambda: 1 - (M * torch.as_tensor(cost, dtype=M.dtype)).sum() / s,
    }
    if name in whole:
        return whole[name]()
    if average == "micro":
        tp, fp, fn, tn = (x.sum() for x in (tp, fp, fn, tn))
    each = {
        "f1": lambda: 2 * tp / (2 * tp + fp + fn),
        "fbeta": lambda: (1 + beta**2) * tp / ((1 + beta**2) * tp + beta**2 * fn + fp),
        "precision": lambda: tp / (tp + fp),
        "recall": lambda: tp / (tp + fn),
        "specificity": lambda: tn / (tn + fp),
        "jaccard": lambda: tp / (tp + fp + fn),
        "markedness": lambda: tp / (tp + fp) + tn / (tn + fn) - 1,
        "fowlkes_mallows": lambda: tp / ((tp + fp) * (tp + fn)).sqrt(),
    }[name]()
    if average == "micro":
        return each
    if average == "binary" or (average == "auto" and k == 2):
        return each[pos_label]
    return (each * t).sum() / s if average == "weighted" else each.mean()


def any_loss(name, codes, weight, amplification=10.0, **parameters):
    """Return a function of logits that gives the loss and its gradient."""

    def loss(z, codes, weight):
        M = soft_matrix(z, codes, weight, amplification)
        return 1 - soft_metric(name, M, **parameters)

    return differentiated(loss, codes, weight)


def dice(z, codes, weight, *, alpha=0.0, smooth=1.0, ohem_ratio=0.0):
    """Set-level Dice in the default mode: a constant weight on p and on y."""
    above, below = (smooth, smooth) if np.isscalar(smooth) else smooth
    p = two_columns(z).softmax(dim=1)
    classes = [1] if z.ndim == 1 else range(p.shape[1])
    losses = []
    for c in classes:
        y = (codes == c).to(p.dtype)
        q, w = p[:, c], weight * (1 - p[:, c].detach()) ** alpha
        if ohem_ratio:
            n_kept = int(ohem_ratio * y.sum())
            negatives = torch.nonzero(y == 0)[:, 0]
            order = torch.argsort(-q[negatives], stable=True)
            kept = y.clone()
            kept[negatives[order[:n_kept]]] = 1
            w = w * kept
        overlap = 2 * (w * q * y).sum() + above
        losses.append(1 - overlap / ((w * q).sum() + (w * y).sum() + below))
    return torch.stack(losses).mean()


def differentiated(function, codes, weight, **parameters):
    """Make of a torch loss a function of NumPy logits: loss and gradient."""
    codes, weight = torch.as_tensor(codes), torch.as_tensor(weight)

    def loss_of(Z):
        n_threads = torch.get_num_threads()
        torch.set_num_threads(1)  # more are slower on so few rows
        try:
            z = torch.tensor(Z, requires_grad=True)
            loss = function(z, codes, weight, **parameters)
            loss.backward()
        finally:
            torch.set_num_threads(n_threads)
        return loss.item(), z.grad.numpy()

    return loss_of

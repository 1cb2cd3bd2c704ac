"""Batches to compute losses of."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")


def batch(n_samples=40, n_classes=2, seed=0, scale=2.0):
    """Return logits (B,) or (B, C), classes and weights, as NumPy arrays.

    The first rows have each class once, so that all are there.
    """
    rng = np.random.default_rng(seed)
    shape = n_samples if n_classes == 2 else (n_samples, n_classes)
    classes = rng.integers(n_classes, size=n_samples)
    classes[:n_classes] = np.arange(n_classes)
    weight = rng.integers(1, 4, size=n_samples).astype(float)
    return rng.normal(scale=scale, size=shape), classes, weight


def value(loss, z, classes, weight=None, dtype=torch.float64):
    """Return the loss of NumPy arrays as a float."""
    result = loss(torch.tensor(z, dtype=dtype), torch.as_tensor(classes), weight)
    assert result.shape == ()
    return result.item()


def value_and_gradient(loss, z, classes, weight=None, dtype=torch.float64):
    """Return the loss of NumPy arrays and its gradient."""
    leaf = torch.tensor(z, dtype=dtype, requires_grad=True)
    result = loss(leaf, torch.as_tensor(classes), weight)
    result.backward()
    return result.item(), leaf.grad.numpy()


def gradcheck(loss, z, classes, weight=None):
    leaf = torch.tensor(z, dtype=torch.float64, requires_grad=True)
    target = torch.as_tensor(classes)
    return torch.autograd.gradcheck(lambda logits: loss(logits, target, weight), leaf)

"""Amplified predictions and their counts: gradients, heads, shapes."""

import numpy as np
import pytest

from sklearn_ext.losses._soft import (
    amplified_sigmoid,
    amplified_softmax,
    binary_counts,
    class_counts,
    count_binary,
    count_classes,
)
from tests.losses import _naive
from tests.losses._batches import torch

N_HEADS = 3
HEADS = torch.tensor([5.0, 10.0, 73.0], dtype=torch.float64)
AMPLIFICATIONS = [None, 10.0, HEADS]


def random(*shape, seed=0, **keywords):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64, **keywords)


@pytest.mark.parametrize("L", AMPLIFICATIONS)
def test_gradients_of_both_orders(L):
    for function, shape in (
        (amplified_sigmoid, (2, N_HEADS)),
        (amplified_softmax, (2, N_HEADS, 3)),
    ):
        z = random(*shape, requires_grad=True)
        assert torch.autograd.gradcheck(lambda z, f=function: f(z, L), z)
        assert torch.autograd.gradgradcheck(lambda z, f=function: f(z, L), z)
        target = (function(z, L) ** 2).sum()
        (once,) = torch.autograd.grad(target, z, create_graph=True)
        (plain,) = torch.autograd.grad(target, z)
        np.testing.assert_allclose(once.detach(), plain, rtol=1e-10)


@pytest.mark.parametrize("L", [None, 10.0])
def test_gradients_of_both_orders_of_counts(L):
    weight = random(4).abs()
    one_hot = torch.eye(4, dtype=torch.float64)[torch.arange(4) % 3]
    z = random(4, 4, requires_grad=True)

    def margins(z):
        counts = class_counts(z, one_hot, weight, L)
        return counts.hits, counts.predicted

    assert torch.autograd.gradcheck(margins, z)
    assert torch.autograd.gradgradcheck(margins, z)


@pytest.mark.parametrize("L", AMPLIFICATIONS)
def test_values(L):
    z = random(20, N_HEADS, 4)
    a = amplified_softmax(z, L)
    b = amplified_sigmoid(z[..., 0], L)
    for head in range(N_HEADS):
        of_head = L[head].item() if isinstance(L, torch.Tensor) else L
        expected = _naive.soft_predictions(z[:, head].numpy(), of_head)
        np.testing.assert_allclose(a[:, head], expected, rtol=1e-12)
        expected = _naive.soft_predictions(z[:, head, 0].numpy(), of_head)[:, 1]
        np.testing.assert_allclose(b[:, head], expected, rtol=1e-12)


def test_softmax_of_many_classes():
    z = random(20, 50)
    expected = _naive.soft_predictions(z.numpy(), 10.0)
    np.testing.assert_allclose(amplified_softmax(z, 10.0), expected, rtol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 3, 50])
def test_gradients_stay_alive_where_predictions_round_to_one(n_classes):
    """p = 1 - 1e-7, L = 73: 1 - a is 1.4e-16, far below the resolution of float32."""
    far = 16.118
    z = torch.zeros(4, n_classes)
    z[:, 0] = torch.tensor([far, 30.0, 60.0, 5.0])
    grad = torch.linspace(-1, 2, z.numel()).reshape(z.shape) ** 2
    found = []
    for dtype in (torch.float32, torch.float64):
        leaf = z.to(dtype, copy=True).requires_grad_()
        amplified_softmax(leaf, 73.0).backward(grad.to(dtype))
        found.append(leaf.grad.double().numpy())
    assert found[0].all()
    np.testing.assert_allclose(found[0], found[1], rtol=1e-4, atol=1e-38)

    leaf = torch.tensor([far, -far], requires_grad=True)
    amplified_sigmoid(leaf, 73.0).sum().backward()
    # at both ends a (1 - a) is exp(-36.5) and p (1 - p) is exp(-z)
    expected = 73 * np.exp(-36.5) * np.exp(-far)
    np.testing.assert_allclose(leaf.grad, [expected, expected], rtol=1e-4)


def weights(kind):
    return {"none": None, "rows": random(8).abs(), "heads": random(8, N_HEADS).abs()}[
        kind
    ]


def of_head(weight, head):
    if weight is None:
        return np.ones(8)
    return (weight if weight.dim() == 1 else weight[:, head]).numpy()


def check_counts(counts, head, matrix):
    np.testing.assert_allclose(counts.hits[head], matrix.diagonal(), rtol=1e-12)
    np.testing.assert_allclose(counts.true[head], matrix.sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(counts.predicted[head], matrix.sum(axis=0), rtol=1e-12)
    if counts.matrix is not None:
        np.testing.assert_allclose(counts.matrix[head], matrix, rtol=1e-12)


@pytest.mark.parametrize("with_matrix", [False, True])
@pytest.mark.parametrize("kind", ["none", "rows", "heads"])
def test_counts_of_heads(kind, with_matrix):
    weight = weights(kind)
    classes = np.arange(8) % 4
    one_hot = torch.eye(4, dtype=torch.float64)[classes]
    z = random(8, N_HEADS, 4)
    counts = class_counts(z, one_hot, weight, HEADS, with_matrix)
    binary = binary_counts(z[..., 0], one_hot[:, 1], weight, HEADS, with_matrix)
    assert (counts.matrix is not None) == with_matrix == (binary.matrix is not None)
    for head, L in enumerate(HEADS.tolist()):
        w = of_head(weight, head)
        a = _naive.soft_predictions(z[:, head].numpy(), L)
        check_counts(counts, head, _naive.confusion(a, classes, w))
        a = _naive.soft_predictions(z[:, head, 0].numpy(), L)
        check_counts(binary, head, _naive.confusion(a, (classes == 1).astype(int), w))


@pytest.mark.parametrize("kind", ["none", "rows", "heads"])
def test_counts_of_labels(kind):
    """Each column has its own targets."""
    weight = weights(kind)
    targets = (random(8, N_HEADS, seed=1) > 0).double()
    a = amplified_sigmoid(random(8, N_HEADS), 10.0)
    counts = count_binary(a, targets, weight, with_matrix=True)
    for k in range(N_HEADS):
        M = _naive.confusion(
            _naive.two_columns(a[:, k].numpy()),
            targets[:, k].numpy().astype(int),
            of_head(weight, k),
        )
        check_counts(counts, k, M)


def test_soft_classes_get_gradients_too():
    z = random(8, 4)
    shares = random(8, 4).softmax(-1).requires_grad_()
    counts = class_counts(z, shares, None, 10.0)
    (grad,) = torch.autograd.grad(counts.hits.sum(), shares)
    np.testing.assert_allclose(grad, amplified_softmax(z, 10.0), rtol=1e-12)
    same = count_classes(amplified_softmax(z, 10.0), shares)
    np.testing.assert_allclose(same.hits.detach(), counts.hits.detach(), rtol=1e-12)

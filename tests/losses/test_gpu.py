"""The losses on a CUDA device: those of the CPU, and errors instead of asserts."""

import numpy as np
import pytest

from sklearn_ext import (
    AnyLoss,
    CombinedLoss,
    DiceLoss,
    FocalLoss,
    ScoreOrientedLoss,
    TverskyLoss,
    soft_confusion_matrix,
)
from tests.losses._batches import batch, torch

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]
LOSSES = [
    AnyLoss("mcc"),
    AnyLoss("gmean", amplification=None, class_weight=[1.0, 2.0]),
    AnyLoss("cost", cost=[[0.0, 1.0], [3.0, 0.0]], momentum=0.5),
    CombinedLoss([(1.0, FocalLoss(alpha=[1.0, 2.0])), (2.0, DiceLoss(smooth=0.0))]),
    DiceLoss(alpha=0.3, ohem_ratio=1.5),
    DiceLoss(alpha=0.3, self_adjusting="paper", level="sample"),
    ScoreOrientedLoss("f1", prior="cosine", delta=0.4),
    TverskyLoss(focal_gamma=0.75),
]


def on(device, loss, arrays):
    logits, target, weight = (torch.tensor(each, device=device) for each in arrays)
    logits.requires_grad_()
    found = loss(logits, target, weight)
    found.backward()
    return found.item(), logits.grad.cpu().numpy()


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_values_and_gradients_are_those_of_the_cpu(loss, columns):
    z, classes, weight = batch(300)
    if columns == 2:
        z = np.column_stack([-z / 2, z / 2])
    classes[5], weight[6] = -100, 0
    results = []
    for device in ("cpu", "cuda"):
        if hasattr(loss, "reset"):
            loss.reset()
        results.append(on(device, loss, (z, classes, weight)))
    assert results[1][0] == pytest.approx(results[0][0], rel=1e-10)
    np.testing.assert_allclose(results[1][1], results[0][1], rtol=1e-8, atol=1e-14)


def test_a_class_out_of_range_is_an_error_and_the_device_goes_on():
    logits = torch.zeros(4, 3, device="cuda")
    with pytest.raises(ValueError, match=r"class indices from 0 to 2.*got 7"):
        AnyLoss()(logits, torch.tensor([0, 1, 7, 2], device="cuda"))
    target = torch.tensor([0, 1, 2, 2], device="cuda")
    assert AnyLoss()(logits, target).isfinite()
    assert soft_confusion_matrix(logits, target).device.type == "cuda"


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
def test_autocast(half):
    z, y, _ = batch(5_000)
    logits = torch.tensor(z, dtype=half, device="cuda", requires_grad=True)
    target = torch.tensor(y, device="cuda")
    for loss in (AnyLoss("mcc"), DiceLoss(alpha=0.5)):
        expected = loss(logits.detach().double(), target).item()
        with torch.autocast("cuda", dtype=half):
            found = loss(logits, target)
        found.backward()
        assert found.dtype == torch.float32
        assert found.item() == pytest.approx(expected, rel=1e-4)
        assert logits.grad.isfinite().all()


def test_running_counts_move_to_the_device_of_the_batch():
    z, y, _ = batch()
    loss = AnyLoss(momentum=0.5)
    loss(torch.tensor(z), torch.tensor(y))
    assert loss(torch.tensor(z).cuda(), torch.tensor(y).cuda()).device.type == "cuda"
    (counts,) = loss.buffers()
    assert counts.device.type == "cuda"

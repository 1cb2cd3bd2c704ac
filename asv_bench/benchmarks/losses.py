"""Losses with their gradients beside cross-entropy: CPU seconds, one thread.

The plain Dice is the formula that segmentation packages have, with autograd.
"""

import time
from functools import partial

from ._common import ratio_in_turns

CROSS_ENTROPY, PLAIN_DICE = "torch cross-entropy", "plain Dice in torch"
LOSSES = {
    "AnyLoss F1": ("AnyLoss", {}),
    "AnyLoss F1, L=None": ("AnyLoss", {"amplification": None}),
    "AnyLoss MCC": ("AnyLoss", {"metric": "mcc"}),
    "AnyLoss kappa, momentum": ("AnyLoss", {"metric": "kappa", "momentum": 0.9}),
    "Dice": ("DiceLoss", {}),
    "Dice, alpha=.01": ("DiceLoss", {"alpha": 0.01}),
    "Dice, hard negatives": ("DiceLoss", {"ohem_ratio": 1.0}),
    "Tversky": ("TverskyLoss", {}),
    "focal": ("FocalLoss", {}),
    "score-oriented, cosine": ("ScoreOrientedLoss", {"prior": "cosine"}),
}


def _plain_dice(logits, target):
    """1 minus the mean Dice of the classes, smoothed by 1e-5."""
    from torch.nn.functional import one_hot

    if logits.dim() == 1:
        p, y = logits.sigmoid()[:, None], target[:, None]
    else:
        p, y = logits.softmax(1), one_hot(target, logits.shape[1])
    overlap = (2 * (p * y).sum(0) + 1e-5) / (p.sum(0) + y.sum(0) + 1e-5)
    return 1 - overlap.mean()


def _loss(name, is_binary):
    """Return a function of logits and targets."""
    from torch.nn import functional

    import sklearn_ext

    if name == PLAIN_DICE:
        return _plain_dice
    if name == CROSS_ENTROPY:
        if is_binary:
            return functional.binary_cross_entropy_with_logits
        return functional.cross_entropy
    module, parameters = LOSSES[name]
    return getattr(sklearn_ext, module)(**parameters)


def _pass(name, n_samples, n_classes):
    """Return a call that computes a loss and its gradient; two classes, one logit."""
    import torch

    generator = torch.Generator().manual_seed(0)
    shape = (n_samples,) if n_classes == 2 else (n_samples, n_classes)
    logits = torch.randn(shape, generator=generator, requires_grad=True)
    target = torch.randint(n_classes, (n_samples,), generator=generator)
    if n_classes == 2:
        target = target.float()
    loss = _loss(name, n_classes == 2)

    def forward_and_backward():
        logits.grad = None
        loss(logits, target).backward()

    return forward_and_backward


class _OneThread:
    timeout = 300

    def setup(self, *_):
        try:
            import torch
        except ModuleNotFoundError as error:
            raise NotImplementedError("torch is not installed") from error
        self._n_threads = torch.get_num_threads()
        torch.set_num_threads(1)

    def teardown(self, *_):
        import torch

        torch.set_num_threads(self._n_threads)


class Passes(_OneThread):
    """Time of a loss over that of a peer in the same run."""

    params = (
        list(LOSSES),
        [CROSS_ENTROPY, PLAIN_DICE],
        [300, 4096, 262_144],
        [2, 100],
    )
    param_names = ["loss", "peer", "n_samples", "n_classes"]
    unit = "of the peer's time"

    def track_ratio(self, name, peer, n_samples, n_classes):
        if n_samples * n_classes > 2**20:
            raise NotImplementedError("the logits of 100 classes would not fit a cache")
        calls = [_pass(each, n_samples, n_classes) for each in (name, peer)]
        return ratio_in_turns(*(partial(_repeat, call, n_samples) for call in calls))


def _repeat(call, n_samples):
    """Call often enough for the clock."""
    for _ in range(max(1, 100_000 // n_samples)):
        call()


class SmallBatch(_OneThread):
    """What a loss costs a loop that calls it on few rows."""

    params = list(LOSSES)
    param_names = ["loss"]
    unit = "microseconds of CPU time"

    def track_forward(self, name):
        import torch

        logits, target = torch.zeros(300, requires_grad=True), torch.arange(300) % 2
        loss, seconds = _loss(name, True), []
        for _ in range(20):
            start = time.process_time()
            for _ in range(100):
                loss(logits, target)
            seconds.append((time.process_time() - start) / 100)
        return round(min(seconds) * 1e6, 1)

"""Time heads on a CPU and on a GPU: python asv_bench/gpu_heads.py, a JSON line each.

asv has no place for it: the table of 3 GB takes longer to make than to fit.
"""

import json
import sys
import time
from itertools import product

import numpy as np
import torch
from sklearn.model_selection import StratifiedKFold

from sklearn_ext import AnyLossClassifier, AnyLossClassifierCV

AMPLIFICATIONS = (2, 5, 10, 20, 40, 73)
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def table(n_samples, n_features):
    """Return float32 features and labels, one in ten of which is 1."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_samples, n_features), dtype=np.float32)
    score = X[:, :10].sum(axis=1) + 2 * rng.standard_normal(n_samples)
    return X, (score > np.quantile(score, 0.9)).astype(np.int64)


def say(**facts):
    print(json.dumps(facts), flush=True)  # noqa: T201


def seconds(call, *arguments):
    """Return the wall time of a call, the work of a GPU included."""
    start = time.perf_counter()
    call(*arguments)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return round(time.perf_counter() - start, 3)


def separate(X, y, device):
    """Fit what the cross-validation fits, one by one."""
    for (train, _), amplification in product(
        StratifiedKFold(5).split(X, y), AMPLIFICATIONS
    ):
        AnyLossClassifier(amplification=amplification, device=device).fit(
            X[train], y[train]
        )


def main(n_rows):
    """Print the device and the times."""
    X, y = table(1_000, 30)
    for device in DEVICES:
        AnyLossClassifier(device=device).fit(X, y)
    name = torch.cuda.get_device_name() if len(DEVICES) > 1 else "none"
    say(gpu=name, torch=torch.__version__, threads=torch.get_num_threads())
    for n_samples, n_features in ((3_000, 30), (100_000, 100)):
        X, y = table(n_samples, n_features)
        for device in reversed(DEVICES):
            search = AnyLossClassifierCV(amplifications=AMPLIFICATIONS, device=device)
            say(
                what="30 heads",
                shape=X.shape,
                device=device,
                batched=seconds(search.fit, X, y),
                separate=seconds(separate, X, y, device),
            )
    X, y = table(n_rows, 768)
    heads = {
        "linear": AnyLossClassifier(),
        "64 hidden units, 5 epochs": AnyLossClassifier(
            hidden_layer_sizes=(64,), max_iter=5, random_state=0
        ),
    }
    for device, (what, head) in product(reversed(DEVICES), heads.items()):
        head.set_params(device=device)
        taken = seconds(head.fit, X, y)
        say(
            what=what,
            shape=X.shape,
            device=device,
            fit=taken,
            f1=round(head.metric_score_, 4),
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)

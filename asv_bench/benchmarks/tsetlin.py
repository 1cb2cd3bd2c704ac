"""Tsetlin machines beside each other: equal settings and data, CPU seconds, one thread.

A visit is one clause evaluated on one sample, with the feedback it gets.
"""

import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from scipy.sparse import csr_array
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from ._common import documents, newsgroups, questions, ratio_in_turns, run_fresh
from ._peers import (
    GREEN,
    OURS,
    PYTSETLIN,
    PYTSETLIN_SCAN,
    TMU,
    TsetlinSettings,
    make_tsetlin,
)

PEERS = [PYTSETLIN, PYTSETLIN_SCAN, GREEN, TMU]
FIRST, LATER = "epoch 1", "epochs 2 to 4"
SHORT, LONG = "short clauses", "long clauses"
XOR, DIGITS = "noisy XOR", "digits"

# The automata take 8 bits a literal, packed X one bit a feature.
MEMORY_OF_FIT = """
import json, sys
import numpy as np
from scipy.sparse import csr_array, load_npz
from sklearn_ext import TsetlinMachineClassifier

def memory(field):
    with open("/proc/self/status") as status:
        return next(int(s.split()[1]) * 1024 for s in status if s.startswith(field))

model = TsetlinMachineClassifier(100, max_iter=1, random_state=0)
model.fit(csr_array(np.eye(40, dtype=np.uint8)), np.arange(40) % 2)
before = memory("VmRSS")
X, y = load_npz(sys.argv[1]), np.load(sys.argv[2])
model.fit(X, y)
packed = X.shape[0] * -(-X.shape[1] // 64) * 8
peak = memory("VmHWM") - before
print(json.dumps(peak / (model.state_.nbytes + packed)))
"""


def _available(names, settings):
    """Yield each implementation that is installed, by name."""
    for name in names:
        with suppress(NotImplementedError):
            yield name, make_tsetlin(name, settings)


def seconds_per_visit():
    """Return CPU seconds per visit by (implementation, epoch).

    Each peer is fitted between two fits of ours, for one epoch and for four.
    """
    settings = TsetlinSettings()
    X, y = (part[:400] for part in newsgroups())
    ours = make_tsetlin(OURS, settings)
    ours.fit(X[:50], y[:50], 1)
    seconds = {}
    for name, peer in _available(PEERS, settings):
        for epochs in (1, 4):
            for key, machine in ((OURS, ours), (name, peer), (OURS, ours)):
                taken = machine.fit(X, y, epochs)
                visits = settings.n_clauses * len(y) * machine.machines
                seconds.setdefault((key, epochs), []).append(taken / visits)
    result = {}
    for name in (OURS, *PEERS):
        if (name, 1) in seconds:
            first, all_four = (median(seconds[name, epochs]) for epochs in (1, 4))
            result[name, FIRST] = first
            result[name, LATER] = (all_four - first) / 3
    return result


class _Fit:
    """400 posts of about 120 words, 2,000 clauses a class, T = 80, s = 10."""

    timeout = 600

    def setup_cache(self):
        return seconds_per_visit()

    setup_cache.timeout = 600

    def setup(self, cache, name, epoch):
        if (name, epoch) not in cache:
            raise NotImplementedError(f"{name} is not installed")


class Fit(_Fit):
    params = ([OURS, *PEERS], [FIRST, LATER])
    param_names = ["implementation", "epoch"]

    def track_visits(self, cache, name, epoch):
        return 1 / cache[name, epoch]

    track_visits.unit = "visits per CPU second"


class FitRatio(_Fit):
    """CPU time per visit; all but green_tsetlin make two visits a clause and sample."""

    params = (PEERS, [FIRST, LATER])
    param_names = ["peer", "epoch"]
    unit = "of the peer's time"

    def track_ratio(self, cache, peer, epoch):
        return round(cache[OURS, epoch] / cache[peer, epoch], 4)


def trained(kind):
    """Return settings, a model of ours, and 2,000 rows to predict."""
    if kind == SHORT:
        settings, epochs, (X, y) = TsetlinSettings(), 4, newsgroups()
        train = slice(0, 400)
    else:
        settings = TsetlinSettings(400, 320, 2.0, weighted=True)
        epochs, (X, y), train = 5, questions(), slice(None)
    ours = make_tsetlin(OURS, settings)
    ours.fit(X[train], y[train], epochs)
    return settings, ours.model, X[np.resize(np.arange(len(y)), 2_000)]


def seconds_to_predict():
    """Return CPU seconds by (implementation, kind of clauses), from CSR to labels.

    All evaluate the clauses that ours has learned, and must find the same labels.
    """
    result = {}
    for kind in (SHORT, LONG):
        settings, model, X = trained(kind)
        ours = make_tsetlin(OURS, settings)
        ours.load(model)
        labels = ours.predict(X)[1]
        for name, peer in _available(PEERS, settings):
            peer.load(model)
            for _ in range(5):
                for key, machine in ((OURS, ours), (name, peer)):
                    seconds, found = machine.predict(X)
                    if not np.array_equal(found, labels):
                        raise RuntimeError(f"{key} disagrees")
                    result.setdefault((key, kind), []).append(seconds)
    return {case: median(seconds) for case, seconds in result.items()}


class _Predict:
    timeout = 600

    def setup_cache(self):
        return seconds_to_predict()

    setup_cache.timeout = 600

    def setup(self, cache, name, clauses):
        if (name, clauses) not in cache:
            raise NotImplementedError(f"{name} is not installed")


class Predict(_Predict):
    params = ([OURS, *PEERS], [SHORT, LONG])
    param_names = ["implementation", "clauses"]

    def track_samples(self, cache, name, clauses):
        return 2_000 / cache[name, clauses]

    track_samples.unit = "samples per CPU second"


class PredictRatio(_Predict):
    params = (PEERS, [SHORT, LONG])
    param_names = ["peer", "clauses"]
    unit = "of the peer's time"

    def track_ratio(self, cache, peer, clauses):
        return round(cache[OURS, clauses] / cache[peer, clauses], 4)


class Threads:
    """Wall time of `fit` with two threads over that with one."""

    params = [2, 20]
    param_names = ["n_classes"]
    timeout = 600
    unit = "of the time with one thread"

    def setup(self, n_classes):
        settings = TsetlinSettings(1_000)
        X, y = documents(400, 5_000, n_classes)
        machines = [make_tsetlin(OURS, settings) for _ in range(2)]
        for machine, n_jobs in zip(machines, (2, 1), strict=True):
            machine.model.set_params(n_jobs=n_jobs)
            machine.fit(X[:50], y[:50], 1)
        self.calls = [partial(machine.fit, X, y, 2) for machine in machines]

    def track_ratio(self, n_classes):
        return ratio_in_turns(*self.calls, time.perf_counter)


class Memory:
    """Peak memory of `fit`, 20 classes and 100,000 words, less what imports take."""

    timeout = 600

    def setup_cache(self):
        from scipy.sparse import save_npz

        X, y = documents(11_314, 100_000, 20)
        save_npz("X.npz", X)
        np.save("y.npy", y)

    def setup(self):
        if not Path("/proc/self/status").exists():
            raise NotImplementedError("Linux says how much memory a process has used")

    def track_memory_ratio(self):
        return run_fresh(MEMORY_OF_FIT, "X.npz", "y.npy")

    track_memory_ratio.unit = "of the memory of automata and packed X"


def noisy_xor(seed):
    """Return training and test part; 40 % of the labels of the former are flipped."""
    rng = np.random.default_rng(seed)
    X = rng.integers(2, size=(10_000, 12), dtype=np.uint8)
    y = X[:, 0] ^ X[:, 1]
    flipped = rng.random(5_000) < 0.4
    return X[:5_000], X[5_000:], y[:5_000] ^ flipped, y[5_000:]


def digits(seed):
    """Return training and test part of the digits, as 64 bits each."""
    X, y = load_digits(return_X_y=True)
    bits = (X > 7).astype(np.uint8)
    return train_test_split(bits, y, test_size=0.3, stratify=y, random_state=seed)


PROBLEMS = {
    XOR: (noisy_xor, TsetlinSettings(10, 15, 3.9, boost=False), 200),
    DIGITS: (digits, TsetlinSettings(200, 20, 5.0), 20),
}


class Accuracy:
    """Mean test accuracy of three splits."""

    params = ([OURS, PYTSETLIN], list(PROBLEMS))
    param_names = ["implementation", "problem"]
    timeout = 600
    unit = "share of the test rows"

    def setup(self, name, problem):
        make_tsetlin(name, PROBLEMS[problem][1])

    def track_accuracy(self, name, problem):
        split, settings, epochs = PROBLEMS[problem]
        shares = []
        for seed in range(3):
            X, X_test, y, y_test = split(seed)
            machine = make_tsetlin(name, settings)
            machine.fit(csr_array(X), y, epochs)
            shares.append((machine.predict(csr_array(X_test))[1] == y_test).mean())
        return float(np.mean(shares))

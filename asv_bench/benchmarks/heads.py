"""Heads trained on a metric beside tuned cuts: float64, CPU seconds, one thread."""

import time
from contextlib import suppress
from functools import partial
from itertools import product

import numpy as np
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, TunedThresholdClassifierCV
from sklearn.preprocessing import StandardScaler

from ._common import in_turns, ratio_in_turns, run_fresh, run_on_linux
from ._peers import OURS, load_module

N_FEATURES = 30
TUNED, LOGISTIC = "TunedThresholdClassifierCV", "LogisticRegression"
TO_FIT, TO_PREDICT = [1_000, 10_000, 100_000], [1_000, 10_000, 100_000, 1_000_000]
AMPLIFICATIONS = (3, 5, 10, 20, 40, 80)

MEMORY_OF_FIT = """
import json, sys
import numpy as np
from sklearn_ext import AnyLossClassifier

X_file, y_file = sys.argv[1:]
few = np.random.default_rng(0).standard_normal((3_000, 300), dtype=np.float32)
AnyLossClassifier(max_iter=1).fit(few, few[:, 0] > 1)
X, y = np.load(X_file), np.load(y_file)
before = memory("VmRSS")
AnyLossClassifier(random_state=0).fit(X, y)
print(json.dumps((memory("VmHWM") - before) / X.nbytes))
"""

FIRST_FIT = """
import json, time

start = time.perf_counter()
import numpy as np
from sklearn_ext import AnyLossClassifier

X = np.random.default_rng(0).standard_normal((1_000, 4))
AnyLossClassifier().fit(X, X[:, 0] > 1)
print(json.dumps(time.perf_counter() - start))
"""


def imbalanced(n_samples, n_features=N_FEATURES):
    """Return scaled features and labels of which a tenth are positive."""
    X, y = make_classification(
        n_samples,
        n_features,
        n_informative=10,
        weights=[0.9],
        flip_y=0.02,
        random_state=0,
    )
    return StandardScaler().fit_transform(X), y


def make(name):
    """Return a classifier with its defaults."""
    if name == TUNED:
        return TunedThresholdClassifierCV(LogisticRegression(), scoring="f1", cv=5)
    if name == LOGISTIC:
        return LogisticRegression()
    load_module("torch")
    from sklearn_ext import AnyLossClassifier

    return AnyLossClassifier(random_state=0)


class _Ratio:
    """CPU time of ours over that of the peer; `setup` sets the two calls."""

    timeout = 300
    unit = "of the peer's time"

    def track_ratio(self, *_):
        return ratio_in_turns(*self.calls)


def seconds_to_fit():
    """Return CPU seconds of ours and of the peer by (peer, number of rows)."""
    result = {}
    for n_samples in TO_FIT:
        X, y = imbalanced(n_samples)
        for name in (TUNED, LOGISTIC):
            models = make(OURS), make(name)
            for model in models:
                model.fit(X[:1_000], y[:1_000])
            calls = (partial(model.fit, X, y) for model in models)
            ours, peer = in_turns(*calls, time.process_time)
            result[name, n_samples] = float(ours[0]), float(peer[0])
    return result


class _Fit:
    """30 features; all with their defaults."""

    timeout = 300

    def setup_cache(self):
        with suppress(NotImplementedError):
            return seconds_to_fit()
        return {}  # asv would not hand over None

    setup_cache.timeout = 300

    def setup(self, cache, *case):
        if not cache:
            raise NotImplementedError("torch is not installed")


class Fit(_Fit):
    params = ([OURS, TUNED, LOGISTIC], TO_FIT)
    param_names = ["implementation", "n_samples"]
    unit = "CPU seconds"

    def track_seconds(self, cache, name, n_samples):
        if name == OURS:
            return cache[TUNED, n_samples][0]
        return cache[name, n_samples][1]


class FitRatio(_Fit):
    params = ([TUNED, LOGISTIC], TO_FIT)
    param_names = ["peer", "n_samples"]
    unit = "of the peer's time"

    def track_ratio(self, cache, *case):
        ours, peer = cache[case]
        return round(ours / peer, 4)


class PredictRatio(_Ratio):
    params = ([LOGISTIC], TO_PREDICT)
    param_names = ["peer", "n_samples"]

    def setup(self, peer, n_samples):
        X, y = imbalanced(n_samples)
        models = [make(name).fit(X[:1_000], y[:1_000]) for name in (OURS, peer)]
        self.calls = [partial(model.predict, X) for model in models]


class SearchRatio(_Ratio):
    """Six amplifications and five folds at once, over 30 fits of their own.

    The search scores its heads and fits once more to all rows, the peer does not.
    """

    params = [3_000, 30_000]
    param_names = ["n_samples"]
    unit = "of the time of 30 fits"

    def setup(self, n_samples):
        load_module("torch")
        from sklearn_ext import AnyLossClassifier, AnyLossClassifierCV

        X, y = imbalanced(n_samples)
        folds = list(StratifiedKFold(5).split(X, y))
        search = AnyLossClassifierCV(amplifications=AMPLIFICATIONS, cv=folds)

        def one_by_one():
            for (rows, _), amplification in product(folds, AMPLIFICATIONS):
                model = AnyLossClassifier(amplification=amplification)
                model.fit(X[rows], y[rows])

        self.calls = partial(search.fit, X, y), one_by_one
        make(OURS).fit(X, y)


class CutRatio(_Ratio):
    """The best cut of a million scores for F1, over sorting them."""

    params = ["np.argsort"]
    param_names = ["peer"]

    def setup(self, peer):
        from sklearn_ext.heads._threshold import exact_cut
        from sklearn_ext.losses._metrics import ConfusionMetric

        rng = np.random.default_rng(0)
        positive = rng.random(1_000_000) < 0.1
        scores = rng.standard_normal(1_000_000) + 2 * positive - 3
        rest = positive, np.ones(1_000_000), ConfusionMetric("f1")
        self.calls = partial(exact_cut, scores, *rest), partial(np.argsort, scores)
        self.calls[0]()


class Memory:
    """Peak memory of a fit on 100,000 x 300 float32, X and what was there left out."""

    timeout = 300

    def setup_cache(self):
        X, y = imbalanced(100_000, 300)
        np.save("X.npy", X.astype(np.float32))
        np.save("y.npy", y)

    setup_cache.timeout = 300

    def setup(self):
        load_module("torch")

    def track_memory_ratio(self):
        return run_on_linux(MEMORY_OF_FIT, "X.npy", "y.npy")

    track_memory_ratio.unit = "of the memory of X"


class FirstFit:
    """Import and first fit of a process; most of it loads torch."""

    timeout = 60

    def setup(self):
        load_module("torch")

    def track_first_fit_seconds(self):
        return run_fresh(FIRST_FIT)

    track_first_fit_seconds.unit = "seconds"

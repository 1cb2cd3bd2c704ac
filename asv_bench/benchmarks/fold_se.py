"""FoldSE beside its peers: encoding included, CPU seconds, one thread each."""

import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from ._common import (
    ADULT,
    DISTINCT,
    FEW,
    LARGE_DISTINCT,
    LARGE_FEW,
    SMALL,
    TYPED_ADULT,
    bench_table,
    load,
    published_table,
    ratio_in_turns,
    run_fresh,
)
from ._peers import (
    FOLDRPP,
    HIST,
    OURS,
    RIPPER,
    SAME_SIZE,
    SHALLOW,
    TREE,
    UNIQUE,
    XGBOOST,
    encode_call,
    fit_call,
    learn_call,
    predict_call,
    quality_of_all,
)

TABLES = [SMALL, FEW, DISTINCT, LARGE_FEW, LARGE_DISTINCT, ADULT, TYPED_ADULT]
LARGE = [LARGE_FEW, LARGE_DISTINCT]
PUBLISHED = ["heart", "breastw", "ionosphere", "credit", "krkp", "mushroom", "adult"]
TAILS = np.geomspace(0.0005, 0.05, 10).tolist()

MEMORY_OF_FIT = """
import json, sys
import numpy as np
from sklearn_ext import FoldSE

def memory(field):
    with open("/proc/self/status") as status:
        return next(int(s.split()[1]) * 1024 for s in status if s.startswith(field))

X_file, y_file, n_jobs = sys.argv[1:]
model = FoldSE(n_jobs=int(n_jobs))
few = np.random.default_rng(0).standard_normal((2_000, 20), dtype=np.float32)
for X in (few, np.rint(few)):
    model.fit(X, X[:, 0] > 0)
before = memory("VmRSS")
X, y = np.load(X_file), np.load(y_file)
model.fit(X, y)
print(json.dumps((memory("VmHWM") - before) / X.nbytes))
"""

FIRST_FIT = """
import json, time
import numpy as np
from sklearn_ext import FoldSE

X = np.random.default_rng(0).standard_normal((1_000, 4), dtype=np.float32)
y = X[:, 0] > 0
start = time.perf_counter()
FoldSE().fit(X, y)
print(json.dumps(time.perf_counter() - start))
"""


def _skip_slow(peer, table):
    """Raise NotImplementedError where one fit takes minutes."""
    if (peer, table) == (TREE, LARGE_DISTINCT):
        raise NotImplementedError("three minutes a fit")
    if peer == FOLDRPP and table not in (ADULT, TYPED_ADULT):
        raise NotImplementedError("a Python step per cell and literal")


class _Timed:
    """CPU time; each call is a sample, since some peers take many seconds for one."""

    timer = time.process_time
    timeout = 600
    rounds = 1
    number = 1
    repeat = (1, 5, 10.0)
    warmup_time = 0


class _Ratio:
    """CPU time of ours over that of the peer; `setup` sets the two calls."""

    timeout = 600
    unit = "of the peer's time"
    clock = time.process_time

    def track_ratio(self, *_):
        return ratio_in_turns(*self.calls, self.clock)


class Fit(_Timed):
    params = ([OURS, SHALLOW, TREE, XGBOOST, FOLDRPP], TABLES)
    param_names = ["implementation", "table"]

    def setup(self, implementation, table):
        _skip_slow(implementation, table)
        if (implementation, table) in ((TREE, LARGE_FEW), (SHALLOW, LARGE_DISTINCT)):
            raise NotImplementedError("half a minute a fit: see FitRatio")
        self.call = fit_call(implementation, load(table))

    def time_fit(self, *_):
        self.call()


class FitRatio(_Ratio):
    params = ([SHALLOW, TREE, XGBOOST, FOLDRPP], TABLES)
    param_names = ["peer", "table"]

    def setup(self, peer, table):
        _skip_slow(peer, table)
        part = load(table)
        self.calls = fit_call(OURS, part), fit_call(peer, part)


class LearnRatio(_Ratio):
    """Ours without validation and encoding; the peers have ready-made data anyway."""

    params = ([TREE, FOLDRPP], [ADULT])
    param_names = ["peer", "table"]

    def setup(self, peer, table):
        part = load(table)
        self.calls = learn_call(part), fit_call(peer, part)


class Encode(_Timed):
    """Values to ranks, column by column; of adult the eight columns of strings."""

    params = ([OURS, UNIQUE], [*LARGE, ADULT])
    param_names = ["implementation", "table"]

    def setup(self, implementation, table):
        self.call = encode_call(implementation, load(table))

    def time_encode(self, *_):
        self.call()


class EncodeRatio(_Ratio):
    params = ([UNIQUE], [*LARGE, ADULT])
    param_names = ["peer", "table"]

    def setup(self, peer, table):
        part = load(table)
        self.calls = encode_call(OURS, part), encode_call(peer, part)


class Predict(_Timed):
    params = ([OURS, SHALLOW], [LARGE_DISTINCT, ADULT])
    param_names = ["implementation", "table"]

    def setup(self, implementation, table):
        self.call = predict_call(implementation, load(table))

    def time_predict(self, *_):
        self.call()


class PredictRatio(_Ratio):
    params = ([SHALLOW], [LARGE_DISTINCT, ADULT])
    param_names = ["peer", "table"]

    def setup(self, peer, table):
        part = load(table)
        self.calls = predict_call(OURS, part), predict_call(peer, part)


class RulePath(_Ratio):
    """Ten tails, over one fit at the smallest of them."""

    unit = "of the time of one fit"
    params = [FEW, DISTINCT, ADULT]
    param_names = ["table"]

    def setup(self, table):
        from sklearn_ext import FoldSE

        part = load(table)
        model = FoldSE(tail=TAILS[0], categorical_features=part.categorical)
        self.calls = (
            partial(model.rule_path, part.frame, part.y, TAILS),
            partial(model.fit, part.frame, part.y),
        )
        self.calls[1]()


class _Quality:
    """Test accuracy, and rules or leaves, of all implementations, fitted once."""

    timeout = 600

    def setup(self, cache, *case):
        if case not in cache:
            raise NotImplementedError("absent, or one fit takes minutes")

    def track_accuracy(self, cache, *case):
        return cache[case][0]

    track_accuracy.unit = "share of the test rows"

    def track_size(self, cache, *case):
        return cache[case][1]

    track_size.unit = "rules or leaves"


class BenchQuality(_Quality):
    params = ([OURS, SHALLOW, TREE, XGBOOST], [FEW, DISTINCT])
    param_names = ["implementation", "table"]

    def setup_cache(self):
        return quality_of_all(*self.params, lambda t: (load(t), bench_table(t, seed=1)))

    setup_cache.timeout = 600


class PublishedQuality(_Quality):
    params = ([OURS, SAME_SIZE, TREE, XGBOOST, HIST, FOLDRPP, RIPPER], PUBLISHED)
    param_names = ["implementation", "table"]

    def setup_cache(self):
        return quality_of_all(*self.params, published_table)

    setup_cache.timeout = 600


class Memory:
    """Peak memory of `fit`. `peakmem_fit` counts the whole process."""

    params = (LARGE, [1, 2])
    param_names = ["table", "n_jobs"]
    timeout = 120

    def setup_cache(self):
        for k, table in enumerate(LARGE):
            part = bench_table(table)
            np.save(f"X{k}.npy", part.matrix)
            np.save(f"y{k}.npy", part.y)

    def setup(self, table, n_jobs):
        if not Path("/proc/self/status").exists():
            raise NotImplementedError("Linux says how much memory a process has used")
        k = LARGE.index(table)
        self.files = f"X{k}.npy", f"y{k}.npy"

    def peakmem_fit(self, table, n_jobs):
        from sklearn_ext import FoldSE

        FoldSE(n_jobs=n_jobs).fit(*map(np.load, self.files))

    def track_memory_ratio(self, table, n_jobs):
        return run_fresh(MEMORY_OF_FIT, *self.files, n_jobs)

    track_memory_ratio.unit = "of the memory of X"


class FirstFit:
    """The first fit of a process, with an empty and with a filled kernel cache."""

    params = ["empty", "filled"]
    param_names = ["kernel_cache"]
    timeout = 300

    def track_first_fit_seconds(self, kernel_cache):
        with tempfile.TemporaryDirectory() as folder:
            if kernel_cache == "filled":
                run_fresh(FIRST_FIT, NUMBA_CACHE_DIR=folder)
            return run_fresh(FIRST_FIT, NUMBA_CACHE_DIR=folder)

    track_first_fit_seconds.unit = "seconds"


class Threads(_Ratio):
    """Wall time with two threads over that with one."""

    unit = "of the time with one thread"
    params = LARGE
    param_names = ["table"]
    clock = time.perf_counter

    def setup(self, table):
        from sklearn_ext import FoldSE

        part = load(table)
        self.calls = [
            partial(FoldSE(n_jobs=n_jobs).fit, part.frame, part.y) for n_jobs in (2, 1)
        ]
        self.calls[0]()

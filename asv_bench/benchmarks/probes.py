"""NaiveBayesProbe beside other cheap classifiers: float32, two threads, wall clock.

The peers may use two threads as well; of GaussianNB the CPU time is compared, too.
"""

import tempfile
import time
from functools import partial
from itertools import product

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import NearestCentroid
from threadpoolctl import threadpool_limits

from ._common import documents, in_turns, ratio_in_turns, run_fresh, run_on_linux
from ._peers import OURS

N_SAMPLES, N_THREADS = 100_000, 2
N_PREDICTED = 10_000
CLASSES, FEATURES = [10, 100, 1000], [64, 768]
GAUSSIAN, CENTROID, LDA = "GaussianNB", "NearestCentroid", "LDA, lsqr, auto"
PEERS = {
    GAUSSIAN: GaussianNB,
    CENTROID: NearestCentroid,
    LDA: partial(LinearDiscriminantAnalysis, solver="lsqr", shrinkage="auto"),
}
ONE_FIT = "one fit"
DENSE = "ours on the dense rows"

# What a fit may take beyond the data, and a sum per class and feature in float64.
SPARE = 50_000_000
MEMORY_OF_FIT = """
import json, sys
import numpy as np
from sklearn_ext import NaiveBayesProbe

X_file, y_file, spare = sys.argv[1:]
model = NaiveBayesProbe(n_jobs=2)
few = np.random.default_rng(0).standard_normal((3_000, 64), dtype=np.float32)
model.fit(few, np.arange(3_000) % 3)
X, y = np.load(X_file), np.load(y_file)
before = memory("VmRSS")
model.fit(X, y)
allowed = int(spare) + 8 * model.coef_.size
print(json.dumps((memory("VmHWM") - before) / allowed))
"""

FIRST_FIT = """
import json, time
import numpy as np
from sklearn_ext import NaiveBayesProbe

X = np.random.default_rng(0).standard_normal((10_000, 64), dtype=np.float32)
y = np.arange(10_000) % 10
start = time.perf_counter()
NaiveBayesProbe().fit(X, y)
print(json.dumps(time.perf_counter() - start))
"""


def embeddings(n_classes, n_features, n_samples=N_SAMPLES):
    """Return rows around a mean per class, in random order, and their classes."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_samples, n_features), dtype=np.float32)
    y = rng.permutation(np.arange(n_samples) % n_classes)
    means = rng.standard_normal((n_classes, n_features), dtype=np.float32)
    X += means[y] / 2
    return X, y


def probe(**parameters):
    from sklearn_ext import NaiveBayesProbe

    return NaiveBayesProbe(n_jobs=N_THREADS, **parameters)


def _is_slow(peer, n_classes, n_features):
    """Tell whether one fit takes a third of a minute: a covariance per class."""
    return (peer, n_classes, n_features) == (LDA, 1000, 768)


def seconds_of_all():
    """Return (wall, CPU) seconds of ours and of the peer, by work, peer and shape."""
    clocks = time.perf_counter, time.process_time
    result = {}
    with threadpool_limits(N_THREADS):
        for n_classes, n_features in product(CLASSES, FEATURES):
            X, y = embeddings(n_classes, n_features)
            few = X[:N_PREDICTED]
            ours = probe().fit(X, y)
            ours.predict(few)
            for name, make in PEERS.items():
                if _is_slow(name, n_classes, n_features):
                    continue
                peer = make().fit(X[:1_000], y[:1_000] % 10)
                peer.predict(X[:10])
                for work, data in (("fit", (X, y)), ("predict", (few,))):
                    calls = (partial(getattr(m, work), *data) for m in (ours, peer))
                    case = work, name, n_classes, n_features
                    result[case] = in_turns(*calls, *clocks)
    return result


class _All:
    """All works, peers and shapes, measured once."""

    timeout = 600

    def setup_cache(self):
        return seconds_of_all()

    setup_cache.timeout = 600

    def setup(self, cache, *case):
        if _is_slow(*case):
            raise NotImplementedError(
                "a fit of LDA takes a third of a minute at this size"
            )


class Seconds(_All):
    """Wall clock, 100,000 rows to fit and 10,000 to predict."""

    params = ([OURS, *PEERS], CLASSES, FEATURES)
    param_names = ["implementation", "n_classes", "n_features"]
    unit = "seconds"

    def _wall(self, cache, work, name, *shape):
        if name == OURS:  # beside its cheapest peer
            return float(cache[work, GAUSSIAN, *shape][0][0])
        return float(cache[work, name, *shape][1][0])

    def track_fit(self, cache, *case):
        return self._wall(cache, "fit", *case)

    def track_predict(self, cache, *case):
        return self._wall(cache, "predict", *case)


class _PeerRatio(_All):
    params = (list(PEERS), CLASSES, FEATURES)
    param_names = ["peer", "n_classes", "n_features"]
    unit = "of the peer's time"
    work = "fit"

    def track_ratio(self, cache, *case):
        ours, peer = cache[self.work, *case]
        return round(float(ours[0] / peer[0]), 5)

    def track_cpu_ratio(self, cache, *case):
        ours, peer = cache[self.work, *case]
        return round(float(ours[1] / peer[1]), 5)


class FitRatio(_PeerRatio):
    pass


class PredictRatio(_PeerRatio):
    """The peers are fitted; all predict the same rows."""

    work = "predict"


class _Ratio:
    """Wall time with two threads of the two `calls` that `setup` sets."""

    timeout = 600
    unit = "of the time of one fit"

    def track_ratio(self, *_):
        with threadpool_limits(N_THREADS):
            return ratio_in_turns(*self.calls, time.perf_counter)


class PartialFitRatio(_Ratio):
    """A hundred batches of 1,000 rows, over one fit or over GaussianNB's batches."""

    params = ([ONE_FIT, GAUSSIAN], [100, 1000])
    param_names = ["peer", "n_classes"]
    unit = "of the peer's time"

    def setup(self, peer, n_classes):
        X, y = embeddings(n_classes, 768)

        def in_batches(model):
            for start in range(0, N_SAMPLES, 1_000):
                rows = slice(start, start + 1_000)
                model.partial_fit(X[rows], y[rows], classes=np.arange(n_classes))

        def ours():
            in_batches(probe())

        def gaussian():
            in_batches(GaussianNB())

        one_fit = partial(probe().fit, X, y)
        self.calls = ours, one_fit if peer == ONE_FIT else gaussian
        one_fit()


class LeaveOneOutRatio(_Ratio):
    """A fit with the temperature, or the shrinkage too, over one without."""

    params = ["temperature", "shrinkage too"]
    param_names = ["chosen"]

    def setup(self, chosen):
        parameters = {"temperature": "loo"}
        if chosen != "temperature":
            parameters["shrinkage"] = "auto"
        X, y = embeddings(100, 768)
        models = probe(**parameters), probe()
        self.calls = [partial(model.fit, X, y) for model in models]
        for model in models:
            model.fit(X[:10_000], y[:10_000])


class SparseRatio(_Ratio):
    """20,000 documents of some 150 words out of 3,000: CSR of float32.

    NearestCentroid makes it dense.
    """

    params = [CENTROID, DENSE]
    param_names = ["peer"]
    unit = "of the peer's time"

    def setup(self, peer):
        X, y = documents(20_000, 3_000, 100)
        X = X.astype(np.float32)
        model = NearestCentroid() if peer == CENTROID else probe()
        peer_X = X.toarray() if peer == DENSE else X
        self.calls = partial(probe().fit, X, y), partial(model.fit, peer_X, y)
        self.calls[0]()
        model.fit(peer_X[:2_000], y[:2_000])


class CurveRatio(_Ratio):
    """Eight sizes, one repeat, over one fit and eight predictions of the test rows."""

    unit = "of one fit and eight predictions"

    def setup(self):
        from sklearn_ext import probe_learning_curve

        X, y = embeddings(100, 768, N_SAMPLES + N_PREDICTED)
        X_test, X = np.split(X, [N_PREDICTED])
        y_test, y = np.split(y, [N_PREDICTED])

        def curve():
            probe_learning_curve(
                X,
                y,
                estimators={"nb": probe()},
                X_test=X_test,
                y_test=y_test,
                n_repeats=1,
                random_state=0,
            )

        def fit_and_predict():
            model = probe().fit(X, y)
            for _ in range(8):
                model.predict(X_test)

        self.calls = curve, fit_and_predict
        fit_and_predict()


class Memory:
    """Peak memory of a fit on 100,000 x 768, the data and what was there left out."""

    params = [100, 1000]
    param_names = ["n_classes"]
    timeout = 120

    def setup_cache(self):
        for n_classes in self.params:
            X, y = embeddings(n_classes, 768)
            np.save(f"X{n_classes}.npy", X)
            np.save(f"y{n_classes}.npy", y)

    def track_memory_ratio(self, n_classes):
        return run_on_linux(
            MEMORY_OF_FIT, f"X{n_classes}.npy", f"y{n_classes}.npy", SPARE
        )

    track_memory_ratio.unit = "of 50 MB and 8 bytes per class and feature"


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

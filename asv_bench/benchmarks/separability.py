"""ClassSeparability beside packages for persistence and single linkage: wall time.

Two threads where an implementation can use them. All get the same rows and find the
same bars, which is checked on the first thousand rows.
"""

import os
import tempfile
import time
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from ._common import ratio_in_turns, run_fresh, run_on_linux
from ._peers import load_module

N_THREADS = 2
LINKAGE, AGGLOMERATIVE = "linkage(pdist)", "AgglomerativeClustering"
SK_HDBSCAN, HDBSCAN, FAST_HDBSCAN = "sklearn HDBSCAN", "hdbscan", "fast_hdbscan"
RIPSER, GIOTTO, GUDHI = "ripser", "giotto-ph", "gudhi"
ALPHA, DELAUNAY, MLPACK = "gudhi AlphaComplex", "Delaunay", "mlpack emst"

# Beyond what was there before, the rows among it.
MOST_BYTES = {20_000: 600e6, 50_000: 1e9}
MEMORY_OF_FIT = """
import json, sys, time
import numpy as np
from sklearn_ext import ClassSeparability
from sklearn_ext.separability._warm_up import warm_up

file, n_jobs = sys.argv[1:]
warm_up()
X = np.load(file)
model = ClassSeparability(n_jobs=int(n_jobs))
before, start = memory("VmRSS"), time.perf_counter()
model.fit(X)
seconds = time.perf_counter() - start
print(json.dumps([memory("VmHWM") - before, seconds, model.algorithm_]))
"""
FIRST_FIT = """
import json, sys, time
import numba, numpy as np
from sklearn_ext import ClassSeparability

n_features, dtype = sys.argv[1:]
X = np.random.default_rng(0).standard_normal((500, int(n_features))).astype(dtype)
seconds = []
for _ in range(2):
    start = time.process_time()
    ClassSeparability().fit(X)
    seconds.append(time.process_time() - start)
print(json.dumps(seconds[0] - seconds[1]))
"""


def sphere(n_samples, n_features=384):
    """Return unit vectors of float32 around ten directions, as embeddings are."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((10, n_features))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    X = 0.05 * rng.standard_normal((n_samples, n_features))
    X += centres[rng.integers(10, size=n_samples)]
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    return X.astype(np.float32)


def blobs(n_samples, n_features=2):
    """Return ten blobs of width 1, tens of units apart, float64."""
    rng = np.random.default_rng(0)
    centres = rng.uniform(-30, 30, (10, n_features))
    X = rng.standard_normal((n_samples, n_features))
    return X + centres[rng.integers(10, size=n_samples)]


def rows(n_samples, n_features):
    make = blobs if n_features <= 10 else sphere
    return make(n_samples, n_features)


def our_bars(X, **parameters):
    from sklearn_ext import ClassSeparability

    return ClassSeparability(n_jobs=N_THREADS, **parameters).fit(X).persistence_


def linkage_bars(X):
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import pdist

    return linkage(pdist(X), "single")[:, 2]


def agglomerative_bars(X):
    from sklearn.cluster import AgglomerativeClustering

    given = {"n_clusters": None, "distance_threshold": 0, "linkage": "single"}
    return AgglomerativeClustering(**given).fit(X).distances_


def sk_hdbscan_bars(X):
    from sklearn.cluster import HDBSCAN as Estimator

    model = Estimator(min_samples=1, n_jobs=N_THREADS, copy=True).fit(X)
    return model._single_linkage_tree_["value"]


def hdbscan_bars(X):
    estimator = load_module("hdbscan").HDBSCAN
    given = {"min_samples": 1, "approx_min_span_tree": False}
    model = estimator(core_dist_n_jobs=N_THREADS, **given).fit(X)
    return model.single_linkage_tree_.to_numpy()[:, 2]


def fast_hdbscan_bars(X):
    """The tree alone, without the clusters."""
    module = load_module("fast_hdbscan.hdbscan")
    return module.compute_minimum_spanning_tree(X, min_samples=1)[0][:, 2]


def ripser_bars(X):
    return load_module("ripser").ripser(X, maxdim=0)["dgms"][0][:-1, 1]


def giotto_bars(X):
    found = load_module("gph").ripser_parallel(X, maxdim=0, n_threads=N_THREADS)
    return found["dgms"][0][:-1, 1]


def gudhi_bars(X):
    estimator = load_module("gudhi.sklearn").RipsPersistence(0, n_jobs=N_THREADS)
    return estimator.fit_transform([X])[0][:-1, 1]


def alpha_bars(X):
    """The persistence of the alpha complex, few dimensions only."""
    tree = load_module("gudhi").AlphaComplex(points=X).create_simplex_tree()
    tree.compute_persistence()
    return 2 * np.sqrt(tree.persistence_intervals_in_dimension(0)[:-1, 1])


def delaunay_bars(X):
    """SciPy's tree of the edges of its triangulation; it would lose duplicates."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import minimum_spanning_tree
    from scipy.spatial import Delaunay

    corners = Delaunay(X).simplices
    edges = np.sort(corners[:, [[0, 1], [1, 2], [0, 2]]].reshape(-1, 2), axis=1)
    edges = np.unique(edges, axis=0)
    lengths = np.linalg.norm(X[edges[:, 0]] - X[edges[:, 1]], axis=1)
    graph = csr_array((lengths, edges.T), shape=(len(X), len(X)))
    return minimum_spanning_tree(graph).data


def mlpack_bars(X):
    return load_module("mlpack").emst(input_=X)["output"][:, 2]


BARS = {
    LINKAGE: linkage_bars,
    AGGLOMERATIVE: agglomerative_bars,
    SK_HDBSCAN: sk_hdbscan_bars,
    HDBSCAN: hdbscan_bars,
    FAST_HDBSCAN: fast_hdbscan_bars,
    RIPSER: ripser_bars,
    GIOTTO: giotto_bars,
    GUDHI: gudhi_bars,
    ALPHA: alpha_bars,
    DELAUNAY: delaunay_bars,
    MLPACK: mlpack_bars,
}


class _Ratio:
    """Wall time of ours over that of the peer."""

    param_names = ["peer"]
    timeout = 180
    unit = "of the peer's time"

    def setup(self, peer):
        X = self.data()
        few = np.ascontiguousarray(X[:1_000])
        np.testing.assert_allclose(
            our_bars(few), np.sort(BARS[peer](few)), rtol=1e-4, atol=1e-6
        )
        our_bars(X)  # compiles what takes this many rows
        self.calls = partial(our_bars, X), partial(BARS[peer], X)

    def track_ratio(self, peer):
        with threadpool_limits(N_THREADS):
            return ratio_in_turns(*self.calls, clock=time.perf_counter)


class SphereRatio(_Ratio):
    """10,000 unit vectors of 384 dimensions."""

    params = [RIPSER, AGGLOMERATIVE, LINKAGE, GIOTTO, HDBSCAN, SK_HDBSCAN, GUDHI]

    def data(self):
        return sphere(10_000)


class PlaneRatio(_Ratio):
    """50,000 points in the plane."""

    params = [FAST_HDBSCAN, SK_HDBSCAN, HDBSCAN, ALPHA, DELAUNAY, MLPACK]

    def data(self):
        return blobs(50_000)


class SmallRatio(_Ratio):
    """2,000 unit vectors of 384 dimensions, as many as a probe of training has."""

    params = [RIPSER, AGGLOMERATIVE, LINKAGE, GIOTTO]

    def data(self):
        return sphere(2_000)


class Threads:
    """Wall time with two threads over that with one."""

    params = ([2_000, 10_000], [384])
    param_names = ["n_samples", "n_features"]
    timeout = 120
    unit = "of the time with one thread"

    def setup(self, *shape):
        from sklearn_ext import ClassSeparability

        X = rows(*shape)
        one, two = (partial(ClassSeparability(n_jobs=n).fit, X) for n in (1, 2))
        one()
        self.one, self.two = one, two

    def track_ratio(self, *_):
        def one():
            with threadpool_limits(1):
                self.one()

        return ratio_in_turns(self.two, one, clock=time.perf_counter)


def _best_seconds(call):
    times = []
    for _ in range(3):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


class Choice:
    """Best wall time of `algorithm="auto"` over that of the fastest algorithm."""

    params = ([1_000, 10_000], [2, 10, 50, 384])
    param_names = ["n_samples", "n_features"]
    timeout = 120
    unit = "of the fastest algorithm's time"

    def setup(self, n_samples, n_features):
        X = rows(n_samples, n_features)
        names = ["auto", "dense", "prim", "boruvka"]
        names += ["kd_tree"] if n_features <= 10 else []
        self.calls = [partial(our_bars, X, algorithm=name) for name in names]
        for call in self.calls:
            call()

    def track_ratio(self, *_):
        auto, *others = map(_best_seconds, self.calls)
        return round(auto / min(others), 3)


class Memory:
    """Peak memory and seconds of a fit to unit vectors of 384 dimensions."""

    params = [20_000, 50_000]
    param_names = ["n_samples"]
    timeout = 300

    def setup_cache(self):
        result = {}
        for n_samples in self.params:
            np.save("X.npy", sphere(n_samples))
            result[n_samples] = run_on_linux(MEMORY_OF_FIT, "X.npy", N_THREADS)
            os.remove("X.npy")
        return result

    setup_cache.timeout = 300

    def track_memory_ratio(self, cache, n_samples):
        return cache[n_samples][0] / MOST_BYTES[n_samples]

    track_memory_ratio.unit = "of 600 MB, for 50,000 rows 1.2 GB"

    def track_seconds(self, cache, n_samples):
        return cache[n_samples][1]

    track_seconds.unit = "seconds"


class FirstFit:
    """What compilation adds to a first fit of 500 rows; it is cached on the disk."""

    params = ([2, 384], ["float32", "float64"])
    param_names = ["n_features", "dtype"]
    timeout = 120

    def track_compilation_ratio(self, *given):
        with tempfile.TemporaryDirectory() as folder:
            return run_fresh(FIRST_FIT, *given, NUMBA_CACHE_DIR=folder) / 2

    track_compilation_ratio.unit = "of 2 CPU seconds"


class Seconds:
    """Wall time of a fit with two threads."""

    params = ([2_000, 10_000, 50_000], [2, 10, 50])
    param_names = ["n_samples", "n_features"]
    timeout = 120

    def setup(self, *shape):
        self.X = rows(*shape)
        our_bars(self.X[:500])

    def track_wall(self, *_):
        start = time.perf_counter()
        our_bars(self.X)
        return time.perf_counter() - start

    track_wall.unit = "seconds"

"""LatentLabelShift beside k-means and plain NumPy: CPU time, one thread.

The discriminator gives back the posteriors that it gets, so that the rest is measured.
"""

import time
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from scipy.special import softmax
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from ._common import Given, ratio_in_turns, run_on_linux
from ._peers import OURS

N_SAMPLES, N_CLASSES = 100_000, 10
KMEANS, NUMPY = "KMeans", "NumPy, 200 steps"
FIVE, TEN = "5 digits, 5 domains", "10 digits, 10 domains"

MEMORY_OF_FIT = """
import json, sys
import numpy as np

folder, P_file, domains_file = sys.argv[1:]
sys.path.append(folder)
from _common import Given
from sklearn.frozen import FrozenEstimator
from sklearn_ext import LatentLabelShift


def fit(P, domains):
    given = FrozenEstimator(Given().fit(P, domains))
    LatentLabelShift(P.shape[1], discriminator=given, random_state=0).fit(P, domains)


few = np.eye(3).repeat(1_000, axis=0) / 2 + 1 / 6
fit(few, few.argmax(axis=1))
P, domains = np.load(P_file), np.load(domains_file)
before = memory("VmRSS")
fit(P, domains)
print(json.dumps((memory("VmHWM") - before) / (2 * P.nbytes)))
"""


def posteriors(n_samples=N_SAMPLES, n_classes=N_CLASSES):
    """Return p(domain | x), as many domains as classes, and the domains of the rows.

    Half of each domain is a class of its own. A row leaves some doubt of its class, and
    the discriminator errs by a fifth.
    """
    rng = np.random.default_rng(0)
    domains = rng.permutation(np.arange(n_samples) % n_classes)
    p_y_given_d = np.eye(n_classes) + rng.dirichlet(np.full(n_classes, 0.1), n_classes)
    shares = np.cumsum(p_y_given_d / 2, axis=1)
    y = (shares[domains, :-1] < rng.random((n_samples, 1))).sum(axis=1)
    scores = rng.standard_normal((n_samples, n_classes))
    scores[np.arange(n_samples), y] += 4
    P = softmax(scores, axis=1) @ (p_y_given_d / p_y_given_d.sum(axis=0)).T
    P *= rng.gamma(25, 1 / 25, size=P.shape)
    return P / P.sum(axis=1, keepdims=True), domains


def em_steps(P, p_d_given_y, tol=0.0):
    """Return p(y | x) by 200 EM steps of all rows; rows that change by less stand."""
    q = np.full((len(P), p_d_given_y.shape[1]), 1 / p_d_given_y.shape[1])
    done = np.zeros((len(P), 1), bool)
    for _ in range(200):
        new = q * ((P / (q @ p_d_given_y.T + 1e-12)) @ p_d_given_y)
        new /= new.sum(axis=1, keepdims=True)
        if tol:
            change = np.abs(new - q).max(axis=1, keepdims=True)
            new = np.where(done, q, new)
            done |= change < tol
        q = new
    return q


def given_shift(P, domains):
    """Return ours with all defaults but a discriminator that gives back X."""
    from sklearn_ext import LatentLabelShift

    discriminator = FrozenEstimator(Given().fit(P, domains))
    return LatentLabelShift(P.shape[1], discriminator=discriminator, random_state=0)


def digits(setting, seed):
    """Return training and test rows as X, y and domains, whose classes mix alike."""
    from sklearn_ext import make_latent_label_shift

    n_classes = 5 if setting == FIVE else 10
    X, y = load_digits(n_class=n_classes, return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X / 16, y, test_size=0.3, stratify=y, random_state=seed
    )
    *train, class_prior = make_latent_label_shift(
        X_train,
        y_train,
        n_domains=n_classes,
        alpha=0.5,
        max_condition_number=4 if setting == FIVE else 6,
        random_state=100 + seed,
    )
    *test, _ = make_latent_label_shift(
        X_test, y_test, class_prior=class_prior, random_state=seed
    )
    return train, test


def discriminator_of(setting):
    if setting == FIVE:
        return make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    return make_pipeline(
        StandardScaler(),
        Nystroem(gamma=0.005, n_components=300, random_state=0),
        LogisticRegression(C=10, max_iter=500),
    )


def quality(name, setting, seed):
    """Return CPU seconds of a fit and the accuracy on the test rows."""
    from sklearn_ext import LatentLabelShift, clustering_accuracy

    (X, y, domains), (X_test, y_test, domains_test) = digits(setting, seed)
    n_classes = len(np.unique(y))
    start = time.process_time()
    if name == KMEANS:
        labels = KMeans(n_classes, n_init=10, random_state=seed).fit(X).predict(X_test)
    else:
        model = LatentLabelShift(
            n_classes, discriminator=discriminator_of(setting), random_state=seed
        )
        labels = model.fit(X, domains=domains).predict(X_test, domains_test)
    seconds = time.process_time() - start
    return seconds, clustering_accuracy(y_test, labels)


class _Ratio:
    """CPU time of ours over that of the peer; `setup` sets the two calls."""

    timeout = 120
    unit = "of the peer's time"

    def track_ratio(self, *_):
        with threadpool_limits(1):
            return ratio_in_turns(*self.calls)


class FitRatio(_Ratio):
    """100,000 posteriors of 10 domains; the peer has as many clusters as ours bins."""

    params = [KMEANS]
    param_names = ["peer"]

    def setup(self, peer):
        P, domains = posteriors()
        model = given_shift(P, domains)
        bins = KMeans(2 * N_CLASSES, n_init=model.n_init, random_state=0)
        self.calls = partial(model.fit, P, domains), partial(bins.fit, P)
        model.fit(P[:5_000], domains[:5_000])


class AdjustRatio:
    """Class probabilities of 100,000 posteriors, 10 domains and classes.

    Wall-clock time; both may use the threads, the peer those of BLAS.
    """

    params = ([NUMPY], [1, 2])
    param_names = ["peer", "n_threads"]
    timeout = 120
    unit = "of the peer's time"

    def setup(self, peer, n_threads):
        P, domains = posteriors()
        model = given_shift(P, domains).fit(P, domains).set_params(n_jobs=n_threads)
        few, factors = P[:2_000], model.p_d_given_y_
        np.testing.assert_allclose(
            model.predict_proba(few), em_steps(few, factors, tol=1e-7), atol=1e-6
        )
        self.calls = partial(model.predict_proba, P), partial(em_steps, P, factors)

    def track_ratio(self, peer, n_threads):
        with threadpool_limits(n_threads):
            return ratio_in_turns(*self.calls, clock=time.perf_counter)


class Memory:
    """Peak memory of a fit to 50,000 rows, the rows and what was there left out."""

    params = [10, 30]
    param_names = ["n_domains_and_classes"]
    timeout = 120

    def setup_cache(self):
        for n_classes in self.params:
            P, domains = posteriors(50_000, n_classes)
            np.save(f"P{n_classes}.npy", P)
            np.save(f"domains{n_classes}.npy", domains)

    def track_memory_ratio(self, n_classes):
        files = f"P{n_classes}.npy", f"domains{n_classes}.npy"
        return run_on_linux(MEMORY_OF_FIT, Path(__file__).parent, *files)

    track_memory_ratio.unit = "of 8 bytes per row, domain and class"


class Digits:
    """Means over three splits; ours knows the domains and no label, as the peer."""

    params = ([OURS, KMEANS], [FIVE, TEN])
    param_names = ["implementation", "data"]
    timeout = 120

    def setup_cache(self):
        with threadpool_limits(1):
            return {
                case: np.mean([quality(*case, seed) for seed in range(3)], axis=0)
                for case in product(*self.params)
            }

    setup_cache.timeout = 120

    def track_seconds(self, cache, *case):
        return float(cache[case][0])

    track_seconds.unit = "CPU seconds of fit and predict"

    def track_accuracy(self, cache, *case):
        return float(cache[case][1])

    track_accuracy.unit = "share of test rows"

"""The four steps of DDFA written down slowly, to compare with."""

import warnings
from itertools import permutations

import numpy as np
from scipy.optimize import nnls
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def default_discriminator(**options):
    return make_pipeline(
        StandardScaler(**options), LogisticRegression(C=0.1, max_iter=500)
    )


def uniform(P, share):
    """Posteriors for equally weighted domains."""
    P = P / share
    return P / P.sum(axis=1, keepdims=True)


def out_of_fold(discriminator, X, codes, splits):
    """Posterior of each row by a model that did not see it, domains of one size."""
    P = np.full((len(codes), codes.max() + 1), np.nan)
    for train, test in splits:
        model = clone(discriminator).fit(X[train], codes[train])
        P[test] = uniform(model.predict_proba(X[test]), shares(codes[train]))
    return P


def shares(codes):
    """Share of each domain in the rows."""
    return np.bincount(codes) / len(codes)


def count(bins, codes, m, r):
    """Share of each bin among the rows of each domain."""
    Q = np.zeros((m, r))
    for c, d in zip(bins, codes, strict=True):
        Q[c, d] += 1
    return Q / Q.sum(axis=0)


def bin_means(P, bins, m):
    B = np.zeros((m, P.shape[1]))
    for c in range(m):
        if (bins == c).any():
            B[c] = P[bins == c].mean(axis=0)
    return B


def find_anchors(B, sizes, k, fraction):
    """Successive projection among the bins that are large enough."""
    m, n = len(B), sizes.sum()
    while (sizes >= fraction * n / m).sum() < k:
        fraction /= 2
    is_candidate = sizes >= fraction * n / m
    left, anchors = B.copy(), []
    for _ in range(k):
        norms = [np.linalg.norm(row) for row in left]
        best = -1
        for c in range(m):
            if is_candidate[c] and (best < 0 or norms[c] > norms[best] + 1e-14):
                best = c
        anchors.append(best)
        direction = left[best] / norms[best]
        left = np.array([row - (row @ direction) * direction for row in left])
    return np.array(anchors)


def masses_of(Q, p_d_given_y):
    """Class masses: what each bin is made of, summed over the bins."""
    k = p_d_given_y.shape[1]
    mass = np.zeros(k)
    for row in Q:
        if row.sum() > 0:
            made_of = nnls(p_d_given_y, row / row.sum())[0]
            made_of = made_of if made_of.sum() > 0 else np.ones(k)
            mass += row.mean() * made_of / made_of.sum()
    return np.maximum(mass, 1e-6 * mass.max())


def bins_given_classes(Q, p_y_given_d):
    C = np.array([nnls(p_y_given_d.T, row)[0] for row in Q])
    return C / C.sum(axis=0)


def anchor(Q, B, sizes, k, fraction=0.3):
    """Return p(y | d), p(bin | y) and the anchor bins."""
    anchors = find_anchors(B, sizes, k, fraction)
    p_d_given_y = np.array([Q[c] / Q[c].sum() for c in anchors]).T
    joint = (p_d_given_y * masses_of(Q, p_d_given_y)).T
    p_y_given_d = joint / joint.sum(axis=0)
    return p_y_given_d, bins_given_classes(Q, p_y_given_d), anchors


def nmf(Q, k, seeds):
    """Return p(y | d) and p(bin | y) of the best of one NMF per seed."""
    best = np.inf
    for seed in seeds:
        model = NMF(k, init="random", random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            found = model.fit_transform(Q.T).T
        if model.reconstruction_err_ < best:
            best, W, C = model.reconstruction_err_, found, model.components_.T
    mass = C.sum(axis=0)
    C, W = C / mass, W * mass[:, None]
    return W / W.sum(axis=0), C


def domains_given_classes(p_y_given_d):
    return (p_y_given_d / np.maximum(p_y_given_d.sum(axis=1, keepdims=True), 1e-8)).T


def em_row(p, p_d_given_y, max_iter=200):
    """Most likely mixture of the columns of p(d | y) for one posterior p(d | x)."""
    q = np.full(p_d_given_y.shape[1], 1 / p_d_given_y.shape[1])
    for _ in range(max_iter):
        new = q * (p_d_given_y.T @ (p / (p_d_given_y @ q + 1e-12)))
        new /= new.sum()
        change = np.abs(new - q).max()
        q = new
        if change < 1e-7:
            break
    return q


def em_rows(P, p_d_given_y, max_iter):
    """The same of many rows at once, each of which stops by itself."""
    q = np.full((len(P), p_d_given_y.shape[1]), 1 / p_d_given_y.shape[1])
    goes_on = np.ones(len(P), bool)
    for _ in range(max_iter):
        old, p = q[goes_on], P[goes_on]
        new = old * ((p / (old @ p_d_given_y.T + 1e-12)) @ p_d_given_y)
        new /= new.sum(axis=1, keepdims=True)
        q[goes_on] = new
        goes_on[goes_on] = np.abs(new - old).max(axis=1) >= 1e-7
    return q


def adjust(P, p_d_given_y, adjustment="em", max_iter=200):
    """p(y | x) of each row; that of "pinv" may be negative."""
    if adjustment == "pinv":
        return P @ np.linalg.pinv(p_d_given_y).T
    return em_rows(P, p_d_given_y, max_iter)


def normalized(rows):
    """Rows clipped at 0 that sum to 1; those of zeros become uniform."""
    rows = np.clip(rows, 0, None)
    rows[rows.sum(axis=1) == 0] = 1
    return rows / rows.sum(axis=1, keepdims=True)


def frequencies(q, u, max_iter=200):
    """Class frequencies of a new domain from p(y | x) under the mixture u."""
    prior = u.copy()
    for _ in range(max_iter):
        r = normalized(q * prior / u)
        new = r.mean(axis=0)
        change = np.abs(new - prior).max()
        prior = new
        if change < 1e-7:
            break
    return prior


def domain_mean(values, codes):
    """Mean of the means over the rows of each domain."""
    return np.mean([values[codes == d].mean() for d in np.unique(codes)])


class NaiveShift:
    """The estimator by its definition; domains are coded in order of their ids."""

    def __init__(
        self,
        n_classes=2,
        *,
        discriminator=None,
        n_bins=None,
        factorization="anchor",
        adjustment="em",
        cv=5,
        n_init=5,
        min_bin_fraction=0.3,
        max_iter=200,
        random_state=None,
    ):
        vars(self).update(locals())

    def fit(self, X, domains):
        self.domains, codes = np.unique(domains, return_inverse=True)
        k, r, n = self.n_classes, len(self.domains), len(codes)
        m = self.n_bins or (k if self.factorization == "nmf" else 2 * k)
        model = self.discriminator
        model = default_discriminator() if model is None else model
        self.share = np.array([(codes == d).mean() for d in range(r)])
        self.model = clone(model).fit(X, codes)
        if self.cv is None:
            P = uniform(self.model.predict_proba(X), self.share)
        else:
            cv = self.cv
            if isinstance(cv, int):
                cv = StratifiedKFold(cv, shuffle=True, random_state=self.random_state)
            P = out_of_fold(model, X, codes, cv.split(X, codes))
        self.P = P
        loss = -np.log(np.maximum(P[np.arange(n), codes], np.finfo(float).eps))
        self.log_loss = domain_mean(loss, codes)
        bins = KMeans(m, n_init=self.n_init, random_state=self.random_state).fit(P)
        self.centers, self.bins = bins.cluster_centers_, bins.labels_
        self.factorize(count(self.bins, codes, m, r))
        self.p_d_given_y = domains_given_classes(self.prior)
        self.u = self.prior.mean(axis=1)
        self.train = codes
        return self

    def factorize(self, Q):
        k, m = self.n_classes, len(Q)
        self.Q = Q
        self.singular_values = np.linalg.svd(Q, compute_uv=False)
        if self.factorization == "anchor":
            sizes = Q.mean(axis=1)  # domains weigh the same, whatever their rows
            B = bin_means(self.P, self.bins, m)
            self.prior, self.C, self.anchors = anchor(
                Q, B, sizes, k, self.min_bin_fraction
            )
        else:
            # the restarts take their seeds one after another
            source = np.random.RandomState(self.random_state)
            seeds = [source.randint(2**31 - 1) for _ in range(self.n_init)]
            self.prior, self.C = nmf(Q, k, seeds)

    @property
    def labels(self):
        q = adjust(self.P, self.p_d_given_y, self.adjustment, self.max_iter)
        return (q * self.p_d_given_y[self.train]).argmax(axis=1)

    def codes(self, domains):
        return np.array([np.flatnonzero(self.domains == d)[0] for d in domains])

    def transform(self, X):
        return uniform(self.model.predict_proba(X), self.share)

    def raw(self, X, domains=None, class_prior=None):
        q = adjust(self.transform(X), self.p_d_given_y, self.adjustment, self.max_iter)
        if domains is not None:
            return q * self.p_d_given_y[self.codes(domains)]
        return q if class_prior is None else q * np.asarray(class_prior) / self.u

    def predict(self, X, domains=None, class_prior=None):
        return self.raw(X, domains, class_prior).argmax(axis=1)

    def predict_proba(self, X, domains=None, class_prior=None):
        return normalized(self.raw(X, domains, class_prior))

    def score(self, X, domains):
        q, codes = self.predict_proba(X), self.codes(domains)
        explained = np.array(
            [self.p_d_given_y[d] @ row for d, row in zip(codes, q, strict=True)]
        )
        return domain_mean(np.log(explained), codes)

    def adapt(self, X):
        return frequencies(self.predict_proba(X), self.u, self.max_iter)


def draw_prior(k, r, alpha, cap, rng):
    """Class frequencies (k, r) of Dirichlet(alpha / k), of full rank, below the cap."""
    for _ in range(10_000):
        prior = rng.dirichlet(np.full(k, alpha / k), r).T
        prior = np.where(prior < 1e-7, 0, prior)
        prior = prior / prior.sum(axis=0)
        full = np.linalg.matrix_rank(prior) == min(k, r)
        if full and (cap is None or np.linalg.cond(prior) <= cap):
            return prior
    raise AssertionError(f"no prior of condition {cap}")


def wanted_counts(sizes, prior):
    """Rows of each class (k,) in each domain before rounding down, (k, r)."""
    k, r = prior.shape
    mean = [sum(prior[y]) / r for y in range(k)]
    scale = min(sizes[y] / mean[y] for y in range(k) if mean[y] > 0)
    return prior / r * scale


def draw_rows(y, prior, rng):
    """Row numbers and domains of a split by the prior; y holds codes."""
    k, r = prior.shape
    wanted = np.floor(wanted_counts(np.bincount(y, minlength=k), prior) + 1e-9)
    rows, domains = [], []
    for label in range(k):
        pool = list(rng.permutation(np.flatnonzero(y == label)))
        for d in range(r):
            for _ in range(int(wanted[label, d])):
                rows.append(pool.pop())
                domains.append(d)
    order = rng.permutation(len(rows))
    return np.array(rows)[order], np.array(domains)[order]


def best_match(y_true, y_pred, k, weight=None):
    """Best accuracy over all ways to name clusters, and the class of each cluster."""
    weight = np.ones(len(y_true)) if weight is None else np.asarray(weight, float)
    found = [
        (weight[np.array(names)[y_pred] == y_true].sum() / weight.sum(), names)
        for names in permutations(range(k))
    ]
    return max(found)

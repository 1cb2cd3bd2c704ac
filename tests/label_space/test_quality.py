"""What the rule is for: labels without a training row, met at a small distance."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedKFold
from threadpoolctl import threadpool_limits

from sklearn_ext import LokiClassifier, mean_label_distance
from tests.label_space._naive import choose, temperature_scores

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """More threads only slow scikit-learn down on tables of this size."""
    with threadpool_limits(1):
        yield


def test_bins_of_a_number_without_training_rows():
    """Every fourth of twenty bins of the diabetes target is seen, and the last."""
    X, target = load_diabetes(return_X_y=True)
    y = target.argsort(kind="stable").argsort() * 20 // len(target)
    is_seen = np.isin(y, [0, 4, 8, 12, 16, 19])
    forest = RandomForestClassifier(200, min_samples_leaf=3, random_state=0)
    D = np.abs(np.subtract.outer(range(20), range(20))).astype(float)
    errors = []
    folds = RepeatedKFold(n_splits=5, n_repeats=3, random_state=0)
    for train, test in folds.split(X):
        train = train[is_seen[train]]
        model = LokiClassifier(forest, label_metric="ordinal", labels=range(20))
        model.fit(X[train], y[train])
        P = model.estimator_.predict_proba(X[test])
        classes = model.observed_classes_
        expected = choose(P, D, classes)
        found = model.predict(X[test])
        np.testing.assert_array_equal(found, expected.codes)
        most_probable = classes[P.argmax(axis=1)]
        observed_only = choose(P, D, classes, classes).codes
        guesses = [most_probable, observed_only, found]
        errors.append([np.mean((guess - y[test]) ** 2.0) for guess in guesses])
    argmax, bayes, loki = np.mean(errors, axis=0)
    assert loki <= 20.5
    assert loki <= 0.6 * argmax
    assert loki < bayes < argmax


def brownian(rng, order, parent, n_features, variance):
    """Features of nodes that move at random along the edges of a tree."""
    Z = np.zeros((len(order), n_features))
    for node in order[1:]:
        step = rng.normal(0, np.sqrt(variance), n_features)
        Z[node] = Z[parent[node]] + step
    return Z


@pytest.fixture(scope="module")
def imagenet(shared_data):
    """Edges, nodes, leaves, and the parent of each node in an order from the root."""
    path = shared_data / "label_trees" / "imagenet_mintree.txt"
    edges = np.array([line.split() for line in path.read_text().splitlines() if line])
    nodes = np.unique(edges)
    up, down = np.searchsorted(nodes, edges.T)
    parent = np.full(len(nodes), -1)
    parent[down] = up
    depth = np.zeros(len(nodes), int)
    for node in range(len(nodes)):
        at = node
        while parent[at] >= 0:
            depth[node] += 1
            at = parent[at]
    order = np.argsort(depth, kind="stable")
    leaves = np.setdiff1d(down, up)
    assert (len(nodes), len(leaves)) == (1785, 1000)
    return edges, nodes, leaves, parent, order


@pytest.mark.parametrize(
    ("n_seen", "noise", "least_gain"), [(100, 4, 0.28), (250, 4, 0.26), (100, 2, 0.2)]
)
def test_leaves_of_a_tree_without_training_rows(imagenet, n_seen, noise, least_gain):
    edges, nodes, leaves, parent, order = imagenet
    results = []
    for seed in range(3 if n_seen == 100 and noise == 4 else 1):
        rng = np.random.default_rng(seed)
        Z = brownian(rng, order, parent, 64, 4 / 64)
        seen = np.sort(rng.choice(leaves, n_seen, replace=False))
        blur = noise * 2 / np.sqrt(64)
        train = np.repeat(seen, 20)
        test = np.repeat(leaves, 5)
        X_train = Z[train] + rng.normal(0, blur, (len(train), 64))
        X_test = Z[test] + rng.normal(0, blur, (len(test), 64))
        base = LogisticRegression(C=1, max_iter=1000).fit(X_train, nodes[train])
        frozen = FrozenEstimator(base)
        guesses = {"argmax": base.predict(X_test)}
        for candidates in ("observed", "leaves", "all"):
            model = LokiClassifier(
                frozen, label_metric="tree", edges=edges, candidates=candidates
            ).fit(X_train, nodes[train])
            assert model.backend_ == "tree"
            guesses[candidates] = model.predict(X_test)
        results.append(
            [
                mean_label_distance(
                    nodes[test], guess, label_metric="tree", edges=edges
                )
                for guess in guesses.values()
            ]
        )
        assert not set(guesses["argmax"]) - set(nodes[seen])
        assert len(set(guesses["leaves"]) - set(nodes[seen])) > 20
    argmax, bayes, loki, anywhere = np.mean(results, axis=0)
    assert loki <= (1 - least_gain) * argmax
    assert loki < bayes < argmax
    assert anywhere <= loki  # inner nodes may be nearer still


def test_every_class_seen_still_gains_in_distance_not_in_hits():
    """With nothing unseen the rule trades exact hits for near ones."""
    X, y = load_digits(return_X_y=True)
    X = PCA(4, random_state=0).fit_transform(X)
    train = np.arange(len(y)) % 2 == 0
    base = LogisticRegression(max_iter=2000).fit(X[train], y[train])
    model = LokiClassifier(
        FrozenEstimator(base), label_metric="ordinal", labels=range(10)
    )
    found = model.fit(X[train], y[train]).predict(X[~train])
    plain = base.predict(X[~train])
    truth = y[~train]
    assert np.mean((found - truth) ** 2.0) < np.mean((plain - truth) ** 2.0)
    assert np.mean(found == truth) < np.mean(plain == truth)


def test_chosen_temperature_brings_unseen_labels_nearer():
    """A classifier with hardly any penalty is too sure of few rows."""
    X, target = load_diabetes(return_X_y=True)
    y = target.argsort(kind="stable").argsort() * 20 // len(target)
    seen = np.flatnonzero(np.isin(y, [0, 4, 8, 12, 16, 19]))
    base = LogisticRegression(C=1e4, max_iter=5000)
    D = np.abs(np.subtract.outer(range(20), range(20))).astype(float)
    plain = LokiClassifier(base, label_metric="ordinal", labels=range(20))
    auto = clone(plain).set_params(temperature="auto").fit(X[seen], y[seen])
    expected = temperature_scores(base, X[seen], y[seen], D)
    np.testing.assert_allclose(auto.temperature_scores_, expected, rtol=1e-9)
    assert auto.temperature_scores_.min() <= auto.temperature_scores_[6]  # that is 1
    unseen = np.setdiff1d(np.arange(len(y)), seen)
    errors = [
        np.mean((model.predict(X[unseen]) - y[unseen]) ** 2.0)
        for model in (plain.fit(X[seen], y[seen]), auto)
    ]
    assert errors[1] < 0.95 * errors[0]

"""AnyLossClassifierCV = a plain loop of fits on the folds, all heads at once."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import expit
from sklearn.metrics import get_scorer
from sklearn.model_selection import PredefinedSplit, ShuffleSplit, StratifiedKFold

from sklearn_ext import AnyLossClassifier, AnyLossClassifierCV
from sklearn_ext.heads._search import _choose
from tests.heads._naive import brute_force_cut, metric_at
from tests.heads._tables import table

SHORT = {"max_iter": 40, "amplifications": (5, 10, 73), "cv": 3}


def plain_loop(model, X, y, codes, folds, sample_weight=None):
    """Fit each setting on each fold; return settings, scores, and held-out scores."""
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    grid, scores, held_out, cuts = [], [], [], []
    for amplification in model.amplifications:
        for penalty in model.l2_regularizations:
            grid.append({"amplification": amplification, "l2_regularization": penalty})
            decision = np.full((len(y), max(codes) + 1), np.nan)
            of_folds, cuts_of_folds = [], []
            for train, test in folds:
                head = AnyLossClassifier(
                    model.metric,
                    **grid[-1],
                    init=model.init,
                    max_iter=model.max_iter,
                    learning_rate=model.learning_rate,
                    class_weight=model.class_weight,
                    metric_params=model.metric_params,
                ).fit(X[train], y[train], sample_weight=weight[train])
                z = head.decision_function(X[test])
                decision[test] = z if z.ndim == 2 else np.column_stack([-z, z])
                if model.scoring is None:
                    judged = weight[test]
                    if isinstance(model.class_weight, dict):
                        factors = np.array([model.class_weight[y] for y in (0, 1)])
                        judged = judged * factors[codes[test]]
                    of_folds.append(metric_at(model.metric, z, codes[test], judged))
                else:
                    of_folds.append(get_scorer(model.scoring)(head, X[test], y[test]))
                cuts_of_folds.append(vars(head).get("threshold_"))
            scores.append(of_folds)
            held_out.append(decision)
            cuts.append(cuts_of_folds)
    return grid, np.array(scores), held_out, cuts


def one_standard_error(grid, scores):
    """Of the settings that are as good as the best, the L nearest to 10."""
    means = scores.mean(axis=1)
    best = means.argmax()
    error = scores[best].std(ddof=1) / np.sqrt(scores.shape[1])
    near = [
        (abs(np.log(setting["amplification"] / 10)), -mean, i)
        for i, (setting, mean) in enumerate(zip(grid, means, strict=True))
        if mean >= means[best] - error
    ]
    return min(near)[2]


def assert_same_search(model, X, y, codes, folds, sample_weight=None):
    grid, scores, held_out, cuts = plain_loop(model, X, y, codes, folds, sample_weight)
    results = model.cv_results_
    assert results["params"] == grid
    for name in ("amplification", "l2_regularization"):
        assert list(results[f"param_{name}"]) == [each[name] for each in grid]
    for fold in range(len(folds)):
        found = results[f"split{fold}_test_score"]
        np.testing.assert_allclose(found, scores[:, fold], atol=1e-12)
    np.testing.assert_allclose(results["mean_test_score"], scores.mean(axis=1))
    np.testing.assert_allclose(results["std_test_score"], scores.std(axis=1))
    ranks = [1 + (scores.mean(axis=1) > mean + 1e-12).sum() for mean in scores.mean(1)]
    assert list(results["rank_test_score"]) == ranks
    best = one_standard_error(grid, scores)
    assert model.best_params_ == grid[best]
    expected = held_out[best]
    if max(codes) == 1:
        expected = expected[:, 1]
        assert model.threshold_std_ == pytest.approx(np.std(cuts[best]), rel=1e-4)
    np.testing.assert_allclose(model.oof_scores_, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_search_is_a_plain_loop(seed):
    X, codes = table(240, noise=2.0, seed=seed)
    y = np.array(["no", "yes"])[codes]
    model = AnyLossClassifierCV(**SHORT, l2_regularizations=(1e-4, 1e-2)).fit(X, y)
    folds = list(StratifiedKFold(3).split(X, y))
    assert_same_search(model, X, y, codes, folds)


@pytest.mark.parametrize(
    "parameters",
    [
        {"metric": "mcc"},
        {"metric": "gmean"},
        {"metric": "f1", "class_weight": {0: 1.0, 1: 3.0}},
        {"metric": "f1", "init": "zeros", "learning_rate": 0.1},
        {"metric": "f1", "scoring": "balanced_accuracy"},
        {"metric": "f1", "scoring": "average_precision"},
    ],
    ids=str,
)
def test_search_with_other_parameters(parameters):
    X, codes = table(240, noise=2.0, seed=7)
    model = AnyLossClassifierCV(**SHORT, **parameters).fit(X, codes)
    folds = list(StratifiedKFold(3).split(X, codes))
    assert_same_search(model, X, codes, codes, folds)


def test_search_with_balanced_classes():
    X, codes = table(240, noise=2.0, seed=7)
    model = AnyLossClassifierCV(**SHORT, class_weight="balanced").fit(X, codes)
    folds = list(StratifiedKFold(3).split(X, codes))
    grid, _, held_out, _ = plain_loop(model, X, codes, codes, folds)
    z = held_out[grid.index(model.best_params_)][:, 1]
    np.testing.assert_allclose(model.oof_scores_, z, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("metric", ["f1", "mcc", "balanced_accuracy"])
def test_search_with_three_classes(metric):
    X, codes = table(240, n_classes=3, share=0.6, noise=2.0)
    model = AnyLossClassifierCV(metric, **SHORT).fit(X, codes)
    folds = list(StratifiedKFold(3).split(X, codes))
    assert model.oof_scores_.shape == (240, 3)
    assert_same_search(model, X, codes, codes, folds)
    assert model.threshold_std_.shape == (3,)
    offsets = model.oof_threshold_
    before, after = (
        metric_at(metric, scores, codes, np.ones(240))
        for scores in (model.oof_scores_, model.oof_scores_ + offsets)
    )
    assert after >= before


def test_search_with_weights():
    X, codes = table(240, noise=2.0, seed=3)
    weight = np.random.default_rng(0).uniform(0.2, 3, 240)
    model = AnyLossClassifierCV(**SHORT).fit(X, codes, sample_weight=weight)
    folds = list(StratifiedKFold(3).split(X, codes))
    assert_same_search(model, X, codes, codes, folds, weight)


def test_folds_of_your_own():
    X, codes = table(240, noise=2.0, seed=5)
    splitter = StratifiedKFold(4, shuffle=True, random_state=1)
    folds = list(splitter.split(X, codes))
    by_splitter = AnyLossClassifierCV(**SHORT | {"cv": splitter}).fit(X, codes)
    by_list = AnyLossClassifierCV(**SHORT | {"cv": folds}).fit(X, codes)
    np.testing.assert_array_equal(by_splitter.oof_scores_, by_list.oof_scores_)
    assert_same_search(by_list, X, codes, codes, folds)


def test_folds_that_do_not_cover_all_rows():
    X, codes = table(240, noise=2.0)
    splitter = ShuffleSplit(1, test_size=0.3, random_state=0)
    model = AnyLossClassifierCV(**SHORT | {"cv": splitter}).fit(X, codes)
    ((_, test),) = splitter.split(X)
    assert np.flatnonzero(np.isfinite(model.oof_scores_)).tolist() == sorted(test)


def test_own_folds_and_rows_of_weight_zero():
    """Folds count all rows as the caller does; those of weight 0 are left out."""
    X, codes = table(240, noise=2.0, seed=5)
    folds = list(StratifiedKFold(3, shuffle=True, random_state=0).split(X, codes))
    weight = np.ones(240)
    weight[np.flatnonzero(codes == 0)[:40]] = 0
    model = AnyLossClassifierCV(**SHORT | {"cv": folds})
    model.fit(X, codes, sample_weight=weight)
    kept = np.flatnonzero(weight)
    place = np.cumsum(weight > 0) - 1
    folds = [tuple(place[rows[weight[rows] > 0]] for rows in fold) for fold in folds]
    removed = AnyLossClassifierCV(**SHORT | {"cv": folds}).fit(X[kept], codes[kept])
    np.testing.assert_allclose(model.oof_scores_[kept], removed.oof_scores_, rtol=1e-6)
    np.testing.assert_allclose(model.coef_, removed.coef_, rtol=1e-6)


def test_weight_zero_is_removal():
    X, codes = table(240, noise=2.0, seed=5)
    weight = np.arange(240) % 4 * 1.0
    kept = np.flatnonzero(weight)
    weighted = AnyLossClassifierCV(**SHORT).fit(X, codes, sample_weight=weight)
    removed = AnyLossClassifierCV(**SHORT)
    removed.fit(X[kept], codes[kept], sample_weight=weight[kept])
    assert np.isnan(weighted.oof_scores_[weight == 0]).all()
    np.testing.assert_allclose(
        weighted.oof_scores_[kept], removed.oof_scores_, rtol=1e-6
    )
    np.testing.assert_allclose(weighted.coef_, removed.coef_, rtol=1e-6)
    assert weighted.best_params_ == removed.best_params_


def test_the_last_fit_is_the_default_recipe():
    X, codes = table(240, noise=2.0, seed=1)
    weight = np.random.default_rng(1).uniform(0.2, 3, 240)
    model = AnyLossClassifierCV(**SHORT).fit(X, codes, sample_weight=weight)
    plain = AnyLossClassifier(max_iter=40, **model.best_params_)
    plain.fit(X, codes, sample_weight=weight)
    np.testing.assert_array_equal(model.coef_, plain.coef_)
    np.testing.assert_array_equal(model.intercept_, plain.intercept_)
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))
    for name in ("metric_score_", "warm_start_score_", "threshold_", "selected_"):
        assert getattr(model, name) == getattr(plain, name)
    assert model.amplification_ == model.best_params_["amplification"]


def test_threshold_of_held_out_scores():
    X, codes = table(240, noise=2.0, seed=2)
    model = AnyLossClassifierCV(**SHORT).fit(X, codes)
    cut, _ = brute_force_cut("f1", model.oof_scores_, codes == 1, np.ones(240))
    assert model.oof_threshold_ == pytest.approx(cut, rel=1e-6)
    z = model.oof_scores_
    scores = [metric_at("f1", z - c, codes, np.ones(240)) for c in np.unique(z)]
    applied = (expit(z) > model.oof_threshold_).astype(float) - 0.5
    assert metric_at("f1", applied, codes, np.ones(240)) >= max(scores) - 1e-12


def test_choice_prefers_ten():
    """Ten unless another amplification is better by more than a standard error."""
    chosen = set()
    for seed in range(6):
        X, codes = table(150, noise=2.5, seed=seed)
        model = AnyLossClassifierCV(max_iter=30, cv=3).fit(X, codes)
        means = model.cv_results_["mean_test_score"]
        best = model.cv_results_["params"][means.argmax()]["amplification"]
        chosen.add((best, model.best_params_["amplification"]))
    assert any(best != 10 and taken == 10 for best, taken in chosen)


@pytest.mark.parametrize(
    ("amplifications", "gap", "taken"),
    [
        ((5, 10), 0.9, 10),  # less than a standard error: that of three folds is
        ((5, 10), 0.99, 10),  # their deviation over the root of 3, with n - 1 below
        ((5, 10), 1.01, 5),
        ((73, 20, 4), 0.9, 20),  # nearest in logarithms
        ((40, 5, 20, 73), 0.9, 5),  # of 5 and 20, which are as near, the better one
    ],
    ids=str,
)
def test_choice_within_a_standard_error(amplifications, gap, taken):
    """The first setting is the best; the others follow by parts of its error."""
    best = np.array([0.5, 0.6, 0.8])
    grid = [{"amplification": L, "l2_regularization": 1e-4} for L in amplifications]
    error = np.sqrt(((best - best.mean()) ** 2).sum() / 2 / 3)
    scores = np.column_stack(
        [best - (gap * error + 1e-6 * i) * (i > 0) for i in range(len(grid))]
    )
    assert grid[_choose(scores, grid)]["amplification"] == taken


def test_one_setting():
    X, codes = table(100)
    model = AnyLossClassifierCV(amplifications=[7], max_iter=10).fit(X, codes)
    assert model.best_params_ == {"amplification": 7, "l2_regularization": 1e-4}


@pytest.mark.parametrize("container", [sp.csr_array, sp.csc_matrix])
def test_sparse(container):
    X, codes = table(240, noise=2.0)
    X = np.where(np.abs(X) < 0.7, 0, X)
    dense = AnyLossClassifierCV(**SHORT).fit(X, codes)
    sparse = AnyLossClassifierCV(**SHORT).fit(container(X), codes)
    np.testing.assert_allclose(sparse.coef_, dense.coef_, rtol=1e-6)
    np.testing.assert_allclose(sparse.oof_scores_, dense.oof_scores_, rtol=1e-5)
    assert sparse.best_params_ == dense.best_params_


def test_single_precision():
    X, codes = table(240, noise=2.0)
    model = AnyLossClassifierCV(**SHORT).fit(X.astype(np.float32), codes)
    assert model.coef_.dtype == np.float32
    double = AnyLossClassifierCV(**SHORT).fit(X, codes)
    np.testing.assert_allclose(
        model.cv_results_["mean_test_score"],
        double.cv_results_["mean_test_score"],
        atol=0.03,
    )


def test_attributes_of_the_last_fit():
    X, codes = table(150)
    model = AnyLossClassifierCV(**SHORT).fit(X, codes)
    assert model.classes_.tolist() == [0, 1]
    assert model.coef_.shape == (1, 4)
    assert model.oof_scores_.shape == (150,)
    assert 0 < model.oof_threshold_ < 1
    assert model.threshold_std_ >= 0
    assert model.n_features_in_ == 4
    predicted = model.classes_[(model.decision_function(X) > 0).astype(int)]
    np.testing.assert_array_equal(model.predict(X), predicted)


def test_a_split_of_all_rows_and_rows_of_weight_zero():
    X, y = table(200)
    weight = np.ones(200)
    weight[:20] = 0
    cv = PredefinedSplit(np.arange(200) % 3)
    found = AnyLossClassifierCV(cv=cv).fit(X, y, weight)
    kept = PredefinedSplit((np.arange(200) % 3)[20:])
    expected = AnyLossClassifierCV(cv=kept).fit(X[20:], y[20:])
    np.testing.assert_allclose(found.oof_scores_[20:], expected.oof_scores_, rtol=1e-9)
    assert np.isnan(found.oof_scores_[:20]).all()

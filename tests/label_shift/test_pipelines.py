"""Among the tools of scikit-learn: pipelines, searches, routing, copies, callbacks."""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from joblib import parallel_config
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.callback import ScoringMonitor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_ext import LatentLabelShift, clustering_accuracy
from tests.label_shift._naive import NaiveShift, best_match
from tests.label_shift._tables import gaussian, small_digits

pytestmark = pytest.mark.usefixtures("one_thread")

X, Y, DOMAINS = gaussian(300)
NAMED = np.array(["clinic", "forum", "home", "shop", "ward"])[DOMAINS]
close = np.testing.assert_allclose


def model_of(**options):
    return LatentLabelShift(**{"n_classes": 3, "random_state": 0} | options)


def test_grid_search_over_bins_by_its_own_score():
    """The scores of the search are those of the twin, fitted on the same folds."""
    cv = StratifiedKFold(3, shuffle=True, random_state=1)
    bins = [3, 6, 15]
    search = GridSearchCV(model_of(), {"n_bins": bins}, cv=cv).fit(X, NAMED)
    expected = [
        np.mean(
            [
                NaiveShift(3, n_bins=m, random_state=0)
                .fit(X[train], NAMED[train])
                .score(X[test], NAMED[test])
                for train, test in cv.split(X, NAMED)
            ]
        )
        for m in bins
    ]
    close(search.cv_results_["mean_test_score"], expected, rtol=1e-6)
    best = bins[int(np.argmax(expected))]
    assert search.best_params_ == {"n_bins": best}
    again = model_of(n_bins=best).fit(X, NAMED)
    np.testing.assert_array_equal(search.predict(X), again.predict(X))


def test_score_tells_numbers_of_classes_apart():
    """Two classes explain three less well; the true number comes near the ceiling."""
    X, _, domains = gaussian(1500, seed=1)
    train, test = slice(0, 750), slice(750, None)
    fitted = {k: model_of(n_classes=k).fit(X[train], domains[train]) for k in (2, 3)}
    score = {k: model.score(X[test], domains[test]) for k, model in fitted.items()}
    assert score[3] > score[2] + 0.05
    assert score[3] == pytest.approx(-fitted[3].discriminator_log_loss_, abs=0.05)
    assert -np.log(5) < score[2]


def test_pipeline_with_domains_as_y():
    pipeline = make_pipeline(StandardScaler(), model_of()).fit(X, NAMED)
    scaled = StandardScaler().fit_transform(X)
    alone = model_of().fit(scaled, NAMED)
    np.testing.assert_array_equal(pipeline.predict(X), alone.predict(scaled))
    np.testing.assert_array_equal(
        pipeline.predict(X, domains=NAMED), alone.predict(scaled, NAMED)
    )
    prior = alone.adapt(scaled[:40])
    np.testing.assert_array_equal(
        pipeline.predict(X, class_prior=prior), alone.predict(scaled, class_prior=prior)
    )
    np.testing.assert_array_equal(pipeline.transform(X), alone.transform(scaled))
    assert pipeline.score(X, NAMED) == alone.score(scaled, NAMED)
    labels = clone(pipeline).fit_predict(X, NAMED)
    np.testing.assert_array_equal(labels, alone.labels_)
    prefixed = clone(pipeline).fit(X, Y, latentlabelshift__domains=NAMED)
    np.testing.assert_array_equal(prefixed[-1].labels_, alone.labels_)


def test_routed_domains_leave_y_to_the_scorer():
    expected = model_of().fit(StandardScaler().fit_transform(X), NAMED)
    cv = StratifiedKFold(3, shuffle=True, random_state=0)
    with config_context(enable_metadata_routing=True):
        learner = model_of().set_fit_request(domains=True)
        learner.set_score_request(domains=True).set_predict_request(domains=True)
        alone = cross_val_score(learner, X, Y, params={"domains": NAMED}, cv=cv)
        pipeline = make_pipeline(StandardScaler(), learner)
        pipeline.fit(X, Y, domains=NAMED)
        np.testing.assert_array_equal(pipeline[-1].labels_, expected.labels_)
        scaled = pipeline[0].transform(X)
        np.testing.assert_array_equal(
            pipeline.predict(X, domains=NAMED), expected.predict(scaled, NAMED)
        )

        search = GridSearchCV(
            pipeline,
            {"latentlabelshift__n_bins": [3, 6]},
            scoring=make_scorer(clustering_accuracy),
            cv=cv,
        ).fit(X, Y, domains=NAMED)
        by_hand = []
        for train, test in cv.split(X, Y):
            scaler = StandardScaler().fit(X[train])
            model = model_of(n_bins=6).fit(scaler.transform(X[train]), NAMED[train])
            said = model.predict(scaler.transform(X[test]))
            by_hand.append(best_match(Y[test], said, 3)[0])
        close(search.cv_results_["mean_test_score"][1], np.mean(by_hand), rtol=1e-12)
        assert np.mean(by_hand) > 0.85
    by_hand = [
        model_of().fit(X[train], NAMED[train]).score(X[test], NAMED[test])
        for train, test in cv.split(X, Y)
    ]
    np.testing.assert_array_equal(alone, by_hand)


def test_domains_nobody_asked_for_are_not_passed_on():
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(StandardScaler(), model_of())
        with pytest.raises(ValueError, match="domains"):
            pipeline.fit(X, Y, domains=NAMED)
        silent = make_pipeline(
            StandardScaler(), model_of().set_fit_request(domains=False)
        )
        # y are true labels of three kinds now, taken as three domains
        assert silent.fit(X, Y)[-1].domains_.tolist() == [0, 1, 2]


def test_fit_predict_and_fit_transform_both_ways():
    model = model_of().fit(X, NAMED)
    for given in ({"y": NAMED}, {"domains": NAMED}, {"y": Y, "domains": NAMED}):
        one = model_of()
        np.testing.assert_array_equal(one.fit_predict(X, **given), model.labels_)
        np.testing.assert_array_equal(one.p_y_given_d_, model.p_y_given_d_)
        found = model_of().fit_transform(X, **given)
        np.testing.assert_array_equal(found, model.transform(X))


def test_labels_are_out_of_fold():
    """A discriminator that learns rows by heart does not see them at training."""
    from sklearn.neighbors import KNeighborsClassifier

    near = KNeighborsClassifier(25, weights="distance")
    model = model_of(discriminator=near, n_bins=6)
    with warnings.catch_warnings():  # a few sure mistakes make its log-loss large
        warnings.simplefilter("ignore", UserWarning)
        model.fit(X, DOMAINS)
    twin = NaiveShift(3, discriminator=near, n_bins=6, random_state=0).fit(X, DOMAINS)
    np.testing.assert_array_equal(model.labels_, twin.labels)
    seen = model.transform(X)[np.arange(len(X)), DOMAINS]
    assert seen.min() > 0.99  # what the refitted discriminator says of the same rows
    assert model.discriminator_log_loss_ == pytest.approx(twin.log_loss)


def test_clone_and_pickle():
    model = model_of(discriminator=CalibratedClassifierCV(LinearSVC(), cv=3))
    model.fit(X, NAMED)
    fresh = clone(model)
    assert not [name for name in vars(fresh) if name.endswith("_")]
    assert fresh.get_params().keys() == model.get_params().keys()
    again = fresh.fit(X, NAMED)
    loaded = pickle.loads(pickle.dumps(model))
    for other in (again, loaded):
        np.testing.assert_array_equal(
            other.predict_proba(X, NAMED), model.predict_proba(X, NAMED)
        )
        np.testing.assert_array_equal(other.adapt(X), model.adapt(X))
        assert other.score(X, NAMED) == model.score(X, NAMED)
    assert model.fit(X, NAMED) is model


def test_refit_forgets_the_past():
    model = model_of().fit(X, NAMED)
    model.set_params(factorization="nmf", n_classes=2).fit(X, NAMED)
    assert not hasattr(model, "anchor_bins_")
    fresh = model_of(factorization="nmf", n_classes=2).fit(X, NAMED)
    assert vars(fresh).keys() == vars(model).keys()
    np.testing.assert_array_equal(fresh.p_y_given_d_, model.p_y_given_d_)


def test_names_of_the_output():
    frame = pd.DataFrame(X, columns=["height", "weight"])
    model = model_of().fit(frame, NAMED)
    names = [f"latentlabelshift{j}" for j in range(5)]
    assert model.get_feature_names_out().tolist() == names
    plain = model.transform(frame)
    for kind, container in (("pandas", pd.DataFrame), ("polars", pl.DataFrame)):
        found = (
            clone(model).set_output(transform=kind).fit(frame, NAMED).transform(frame)
        )
        assert isinstance(found, container)
        assert list(found.columns) == names
        np.testing.assert_array_equal(found.to_numpy(), plain)
    frame.index = frame.index + 7
    moved = model.set_output(transform="pandas").transform(frame)
    assert moved.index.equals(frame.index)


def test_tags():
    from sklearn.utils import get_tags

    tags = get_tags(LatentLabelShift())
    assert tags.target_tags.required
    assert tags.estimator_type == "clusterer"
    assert tags.transformer_tags is not None
    assert not tags.non_deterministic


class Recorder:
    """A callback that keeps the names of the tasks, and may stop the fit."""

    def __init__(self, stop=None):
        self.stop = stop
        self.begun, self.ended = [], []

    def setup(self, estimator, context):
        pass

    teardown = setup

    def on_fit_task_begin(self, estimator, context):
        self.begun.append(context.task_name)

    def on_fit_task_end(self, estimator, context):
        self.ended.append(context.task_name)
        return context.task_name == self.stop


@pytest.mark.parametrize("cv", [None, 3])
def test_callbacks_see_the_steps(cv):
    plain = model_of(cv=cv).fit(X, NAMED)
    recorder = Recorder()
    model = model_of(cv=cv).set_callbacks(recorder).fit(X, NAMED)
    np.testing.assert_array_equal(model.labels_, plain.labels_)
    assert sorted(recorder.begun) == sorted(recorder.ended)
    assert len(recorder.ended) > 4  # discriminate, discretize, factorize, adjust, fit


@pytest.mark.parametrize("given", [{"y": NAMED}, {"y": Y, "domains": NAMED}])
def test_callbacks_get_the_domains(given):
    """The label-free score needs them, not true labels."""
    monitor = ScoringMonitor(scoring={"own": lambda model, X, y: model.score(X, y)})
    model = model_of().set_callbacks(monitor).fit(X, **given)
    (row,) = monitor.get_logs().data
    assert row["task_name"] == "fit"
    assert row["own"] == model.score(X, NAMED)


def test_callbacks_of_a_fit_that_fails():
    recorder = Recorder()
    model = model_of(n_bins=3000).set_callbacks(recorder)
    with pytest.raises(ValueError, match="n_bins"):
        model.fit(X, NAMED)
    model.set_params(n_bins=6).fit(X, NAMED)
    fresh = Recorder()
    model_of().set_callbacks(fresh).fit(X, NAMED)
    assert recorder.ended == fresh.ended


def test_digits_in_a_pipeline():
    X, y, domains = small_digits()
    pipeline = make_pipeline(StandardScaler(), model_of()).fit(X, domains)
    accuracy = clustering_accuracy(y, pipeline.predict(X, domains=domains))
    assert accuracy > 0.93


@pytest.mark.parametrize("backend", ["threading", "multiprocessing"])
def test_other_backends_of_joblib(backend):
    """Nor do they leave the process with fewer threads than it had."""
    X, _, domains = gaussian(200)
    expected = LatentLabelShift(3, cv=2, random_state=0).fit(X, domains)
    with threadpool_limits(2):
        threads = threadpool_info()
        for _ in range(4 if backend == "threading" else 1):
            model = LatentLabelShift(3, cv=2, n_jobs=2, random_state=0)
            with parallel_config(backend=backend):
                model.fit(X, domains)
            np.testing.assert_array_equal(model.p_y_given_d_, expected.p_y_given_d_)
            assert threadpool_info() == threads


def test_a_frozen_estimator_is_outermost():
    X, _, domains = gaussian(200)
    names = np.array(list("vwxyz"))[domains]
    known = FrozenEstimator(LogisticRegression().fit(X, names))
    LatentLabelShift(3, discriminator=known, random_state=0).fit(X, names)
    inside = make_pipeline("passthrough", known)
    with pytest.raises(ValueError, match=r"classes_ are \['v'.* outermost"):
        LatentLabelShift(3, discriminator=inside, cv=2).fit(X, names)


def test_dates_are_the_same_in_any_unit():
    X, _, domains = gaussian(200)
    months = np.array(["2026-01", "2026-02", "2026-03", "2026-04", "2026-05"])
    dates = months.astype("datetime64[ns]")[domains]
    model = LatentLabelShift(3, cv=2, random_state=0).fit(X, dates)
    np.testing.assert_array_equal(
        model.predict(X, dates.astype("datetime64[s]")), model.predict(X, dates)
    )

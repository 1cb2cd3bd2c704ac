"""Weights and other metadata reach the classifier, with and without routing."""

import numpy as np
import pytest
import sklearn
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.model_selection import StratifiedKFold, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_ext.augmentation._augmented import AugmentedClassifier
from tests.augmentation._recorder import WEIGHT, Recorder, X, Y, recorded
from tests.augmentation._samplers import NoisyCopies


class WeighingScaler(StandardScaler):
    """A transformer that keeps the weights it was given."""

    def fit(self, X, y=None, sample_weight=None):
        self.given_ = sample_weight
        return super().fit(X, y, sample_weight)


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


PIPELINES = [
    make_pipeline(StandardScaler(), Recorder()),
    make_pipeline(FunctionTransformer(), make_pipeline(StandardScaler(), Recorder())),
]
EXPECTED = np.concatenate([WEIGHT, 0.3 * WEIGHT])


@pytest.mark.parametrize("enabled", [False, True])
@pytest.mark.parametrize("pipeline", PIPELINES, ids=["flat", "nested"])
def test_weights_go_to_the_last_step(pipeline, enabled):
    with sklearn.config_context(enable_metadata_routing=enabled):
        model = AugmentedClassifier(pipeline, NoisyCopies()).fit(X, Y)
        assert recorded(model)["sample_weight"].tolist() == [1.0] * 40 + [0.3] * 40
        model.fit(X, Y, WEIGHT)
        np.testing.assert_array_equal(recorded(model)["sample_weight"], EXPECTED)
        model.fit(X, Y, sample_weight=WEIGHT.tolist())
        np.testing.assert_array_equal(recorded(model)["sample_weight"], EXPECTED)


@pytest.mark.parametrize("enabled", [False, True])
def test_weights_go_to_the_last_step_of_imbalanced_learn(enabled):
    pipeline = pytest.importorskip("imblearn.pipeline")
    with sklearn.config_context(enable_metadata_routing=enabled):
        inner = pipeline.make_pipeline(StandardScaler(), Recorder())
        model = AugmentedClassifier(inner, NoisyCopies()).fit(X, Y, WEIGHT)
    np.testing.assert_array_equal(recorded(model)["sample_weight"], EXPECTED)


def test_weights_by_the_name_of_the_step():
    model = AugmentedClassifier(PIPELINES[0], NoisyCopies())
    model.fit(X, Y, recorder__sample_weight=WEIGHT)
    np.testing.assert_array_equal(recorded(model)["sample_weight"], EXPECTED)
    with pytest.raises(ValueError, match=r"given twice.*recorder__sample_weight"):
        model.fit(X, Y, WEIGHT, recorder__sample_weight=WEIGHT)


@pytest.mark.parametrize("enabled", [False, True])
def test_other_metadata_are_those_of_the_source(enabled):
    groups = np.arange(40)
    with sklearn.config_context(enable_metadata_routing=enabled):
        last = Recorder()
        if enabled:
            last.set_fit_request(groups=True, mode=True)
        model = AugmentedClassifier(last, NoisyCopies())
        model.fit(X, Y, groups=groups, mode="fast")
        given = recorded(model)
        assert given["groups"].tolist() == [*range(40), *range(40)]
        assert given["mode"] == "fast"
        model.set_params(strategy="aug-only", estimator=make_pipeline(last))
        if enabled:
            model.fit(X, Y, groups=groups, mode="fast")
        else:
            model.fit(X, Y, recorder__groups=groups, recorder__mode="fast")
        given = recorded(model)
        assert given["groups"].tolist() == [*range(40)]
        assert given["mode"] == "fast"
        assert given["sample_weight"].tolist() == [0.3] * 40


@pytest.mark.parametrize("request_", [None, True, "w"])
def test_requests_for_weights(routing, request_):
    last = Recorder()
    if request_ is not None:
        last.set_fit_request(sample_weight=request_)
    for inner in (last, make_pipeline(StandardScaler(), last)):
        model = AugmentedClassifier(inner, NoisyCopies())
        assert recorded(model.fit(X, Y))["sample_weight"].tolist()[-1] == 0.3
        named = {"w": WEIGHT} if request_ == "w" else {"sample_weight": WEIGHT}
        model.fit(X, Y, **named)
        np.testing.assert_array_equal(recorded(model)["sample_weight"], EXPECTED)
        if request_ == "w":
            with pytest.raises(ValueError, match="given twice"):
                model.fit(X, Y, WEIGHT, w=WEIGHT)
    # what was requested before is requested of the fitted one
    fitted = model.estimator_[-1].get_metadata_routing().fit.requests
    assert fitted["sample_weight"] == request_


def test_a_request_of_false_keeps_weights_away(routing):
    last = Recorder().set_fit_request(sample_weight=False)
    for inner in (last, make_pipeline(StandardScaler(), last)):
        model = AugmentedClassifier(inner, NoisyCopies()).fit(X, Y, WEIGHT)
        assert recorded(model)["sample_weight"] is None


@pytest.mark.parametrize("name", ["sample_weight", "w"])
def test_other_steps_get_weights_that_they_request(routing, name):
    scaler = WeighingScaler().set_fit_request(
        sample_weight=True if name == "sample_weight" else name
    )
    scaler.set_transform_request(copy=False)
    for request_ in (True if name == "sample_weight" else name, False):
        last = Recorder().set_fit_request(sample_weight=request_)
        model = AugmentedClassifier(make_pipeline(scaler, last), NoisyCopies())
        assert model.fit(X, Y).estimator_[0].given_ is None  # nobody passed any
        if request_ is False and name == "w":
            continue  # nobody but the scaler knows the name
        model.fit(X, Y, **{name: WEIGHT})
        np.testing.assert_array_equal(model.estimator_[0].given_, EXPECTED)
        last_weight = recorded(model)["sample_weight"]
        if request_ is False:
            assert last_weight is None
        else:
            np.testing.assert_array_equal(last_weight, EXPECTED)


def test_metadata_that_nobody_asked_for(routing):
    model = AugmentedClassifier(Recorder(), NoisyCopies())
    with pytest.raises(UnsetMetadataPassedError, match="groups"):
        model.fit(X, Y, groups=Y)
    with pytest.raises(TypeError, match="unexpected argument"):
        model.fit(X, Y, colour=Y)
    with pytest.raises(UnsetMetadataPassedError, match=r"AugmentedClassifier\.fit"):
        cross_val_score(model, X, Y, params={"sample_weight": WEIGHT})


def test_weights_are_routed_through_a_cross_validation(routing):
    model = AugmentedClassifier(PIPELINES[0], NoisyCopies())
    model.set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
    result = cross_validate(
        model, X, Y, params={"sample_weight": WEIGHT}, return_estimator=True
    )
    folds = StratifiedKFold().split(X, Y)
    for fitted, (train, _) in zip(result["estimator"], folds, strict=True):
        expected = np.concatenate([WEIGHT[train], 0.3 * WEIGHT[train]])
        np.testing.assert_array_equal(recorded(fitted)["sample_weight"], expected)

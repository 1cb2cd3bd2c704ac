"""The checks of samplers, for every public class with `fit_resample`."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_param_validation
from skops.io.exceptions import UnsupportedTypeException

from tests.augmentation._samplers import WordSwaps
from tests.augmentation._texts import CLASSES, TEXTS
from tests.common import _sampler_checks
from tests.common._instances import instances
from tests.common._sampler_checks import sampler_checks

ROWS = [*range(6), *range(10, 16)]  # six of each class
X, Y = [TEXTS[i] for i in ROWS], [CLASSES[i] for i in ROWS]
SAMPLERS = [
    each
    for each in instances()
    if hasattr(each, "fit_resample") and not hasattr(each, "predict")
]


def run(check, sampler, tmp_path):
    keywords = {"tmp_path": tmp_path} if "pickle" in check.__name__ else {}
    check(clone(sampler), X, Y, **keywords)


@pytest.mark.parametrize(
    "check", list(sampler_checks()), ids=lambda check: check.__name__
)
@pytest.mark.parametrize(
    "sampler", [*SAMPLERS, WordSwaps(random_state=0)], ids=lambda each: repr(each)
)
def test_sampler_check(sampler, check, tmp_path):
    run(check, sampler, tmp_path)


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda each: repr(each))
def test_parameters_are_validated(sampler):
    check_param_validation(type(sampler).__name__, clone(sampler))


# A check that nothing can fail says nothing: each of these samplers has one fault.


class NewRowsFirst(WordSwaps):
    def fit_resample(self, X, y):
        made, labels = super().fit_resample(X, y)
        return made[::-1], labels[::-1]


class CrossesClasses(WordSwaps):
    def fit_resample(self, X, y):
        made = super().fit_resample(X, y)
        donors = self.donor_indices_.toarray()
        donors[-1, 0] = donors[-1, -1] = True
        self.donor_indices_ = type(self.donor_indices_)(donors)
        return made


class ForgetsTheSource(WordSwaps):
    def fit_resample(self, X, y):
        made = super().fit_resample(X, y)
        donors = self.donor_indices_.toarray()
        donors[-1, self.sample_indices_[-1]] = False
        self.donor_indices_ = type(self.donor_indices_)(donors)
        return made


class NarrowIndices(WordSwaps):
    def fit_resample(self, X, y):
        made = super().fit_resample(X, y)
        self.sample_indices_ = self.sample_indices_.astype(np.int32)
        return made


class OneRowTooFew(WordSwaps):
    def _draw(self, n_samples, random_state, n_kept):
        n_samples = n_samples - 1 if n_samples == 4 else n_samples
        return super()._draw(n_samples, random_state, n_kept)


class AlwaysKeeps(WordSwaps):
    def fit_resample(self, X, y):
        self.keep_original = True
        return super().fit_resample(X, y)


class AlwaysLists(WordSwaps):
    def fit_resample(self, X, y):
        made, labels = super().fit_resample(X, y)
        return list(made), labels


class AlwaysListsOfLabels(WordSwaps):
    def fit_resample(self, X, y):
        made, labels = super().fit_resample(X, y)
        return made, list(labels)


class KeepsTheIndex(WordSwaps):
    def fit_resample(self, X, y):
        made, labels = super().fit_resample(X, y)
        if hasattr(made, "columns"):
            made.index = made.index + 1
        return made, labels


class WidensNumbers(WordSwaps):
    def fit_resample(self, X, y):
        made, labels = super().fit_resample(X, y)
        if hasattr(made, "columns") and "short" in made:
            made["short"] = made["short"].astype(float)
        return made, labels


class TakesTheFirstColumn(WordSwaps):
    def fit_resample(self, X, y):
        if hasattr(X, "columns"):
            self.text_column = X.columns[0]
        return super().fit_resample(X, y)


class ChangesItsInput(WordSwaps):
    def fit_resample(self, X, y):
        made = super().fit_resample(X, y)
        if isinstance(X, list):
            X.append(X[0])
        return made


class ChangesItself(WordSwaps):
    def sample(self, *args, **kwargs):
        self._n_calls = getattr(self, "_n_calls", 0) + 1
        return super().sample(*args, **kwargs)


class Restless(WordSwaps):
    def sample(self, n_samples=None, random_state=None, return_provenance=False):
        rng = np.random.default_rng()
        return super().sample(n_samples, int(rng.integers(10**6)), return_provenance)


class UsesTheGlobalState(WordSwaps):
    def _draw(self, n_samples, random_state, n_kept):
        np.random.random()  # noqa: NPY002
        return super()._draw(n_samples, random_state, n_kept)


class DependsOnThreads(WordSwaps):
    def _draw(self, n_samples, random_state, n_kept):
        return super()._draw(n_samples, (random_state, self.n_jobs or 1)[-1], n_kept)


class IgnoresTheSeed(WordSwaps):
    def _draw(self, n_samples, random_state, n_kept):
        return super()._draw(n_samples, 0, n_kept)


class CannotBePickled(WordSwaps):
    def fit(self, X, y):
        super().fit(X, y)
        self._closure = lambda: X
        return self


class ForgetsItsFit(WordSwaps):
    def fit(self, X, y):
        vars(self).pop("classes_", None)
        return super().fit(X, y)


class TakesAnyCount(WordSwaps):
    def _counts(self, n_samples, classes):
        if isinstance(n_samples, dict):
            n_samples = {key: max(count, 0) for key, count in n_samples.items()}
            n_samples = {key: n_samples[key] for key in classes if key in n_samples}
        return super()._counts(n_samples, classes)


class Transforms(WordSwaps):
    def transform(self, X):
        return X


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        (NewRowsFirst, "rows"),
        (CrossesClasses, "rows"),
        (ForgetsTheSource, "rows"),
        (NarrowIndices, "rows"),
        (OneRowTooFew, "counts"),
        (AlwaysKeeps, "originals_can_be_left_out"),
        (AlwaysLists, "containers_of_texts"),
        (AlwaysListsOfLabels, "containers_of_labels"),
        (KeepsTheIndex, "containers_of_texts"),
        (KeepsTheIndex, "frames"),
        (WidensNumbers, "frames"),
        (TakesTheFirstColumn, "text_column"),
        (ChangesItsInput, "input_is_unchanged"),
        (ChangesItself, "sample"),
        (Restless, "sample"),
        (UsesTheGlobalState, "seeds"),
        (DependsOnThreads, "seeds"),
        (IgnoresTheSeed, "seeds"),
        (CannotBePickled, "clone_and_pickle"),
        (CannotBePickled, "skops"),
        (ForgetsItsFit, "bad_input"),
        (TakesAnyCount, "bad_counts"),
        (Transforms, "is_no_transformer"),
    ],
)
def test_checks_find_faults(fault, check, tmp_path):
    check = getattr(_sampler_checks, f"check_{check}")
    errors = (AssertionError, pytest.fail.Exception)
    if fault is CannotBePickled:
        errors = (AttributeError, pickle.PicklingError, UnsupportedTypeException)
    with pytest.raises(errors):
        run(check, fault(random_state=0), tmp_path)

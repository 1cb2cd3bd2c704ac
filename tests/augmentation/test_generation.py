"""New rows of all classes: the floor, the filter, the budget, who gave what."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from sklearn_ext.augmentation import ALPAugmenter, AugmentationWarning
from sklearn_ext.augmentation._acceptance import normal_form
from sklearn_ext.augmentation._generation import distinct, donor_matrix
from tests.augmentation._texts import CLASSES, TEXTS


class LikesLength(ClassifierMixin, BaseEstimator):
    """Is the surer of the class of a text, the longer the text; keeps what it saw."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])

    def predict_proba(self, X):
        p = np.array([min(len(text), 200) / 200 for text in X])
        return np.stack([p, 1 - p], axis=1)


def test_the_floor_is_two_nats_below_the_least_likely_original():
    fitted = ALPAugmenter(synonyms=None, random_state=0).fit(TEXTS, CLASSES)
    state = fitted._fitted
    for model, label in zip(state.models, fitted.classes_, strict=True):
        rows = np.flatnonzero(np.array(CLASSES) == label)
        np.testing.assert_array_equal(model.samples, rows)
        scores = model.grammar.log_prob(model.grammar.forest)
        place, per_row = 0, []
        for row in rows:
            total = 0.0
            for parses in state.analysis.parses[row]:
                total += scores[place]  # of the best parse, the first
                place += len(parses)
            words = sum(len(some[0].words) for some in state.analysis.sentences[row])
            per_row.append(total / words)
        assert place == len(scores)
        assert model.floor == pytest.approx(min(per_row) - 2)


def test_a_text_of_several_sentences_counts_once():
    texts = ["The soup is good.", "We sat down. The soup came. It was warm."]
    fitted = ALPAugmenter(1, synonyms=None, random_state=0).fit(texts, [0, 0])
    table = fitted.productions()
    assert table.loc[table["label"] == "TOP", "count"].sum() == pytest.approx(2)


def test_the_filter_keeps_the_rows_that_it_is_surest_of():
    one = {"n_samples": {CLASSES[0]: 5}, "synonyms": None, "random_state": 0}
    wide = ALPAugmenter(**one | {"n_samples": {CLASSES[0]: 15}})
    candidates = wide.fit_resample(TEXTS, CLASSES)[0][len(TEXTS) :]
    assert sorted(set(CLASSES))[0] != CLASSES[0]  # the class of column 1
    filtered = ALPAugmenter(**one, label_filter=LikesLength(), filter_threshold=0.0)
    kept = filtered.fit_resample(TEXTS, CLASSES)[0][len(TEXTS) :]
    shortest = sorted(candidates, key=len)[:5]
    assert sorted(kept, key=len) == shortest
    assert kept == [text for text in candidates if text in kept]  # in their order


def test_copies_of_originals_are_refused():
    texts = ["The warm soup is good.", "The cold soup is good."]
    swaps = {"subtree": 0.0, "word": 1.0, "synonym": 0.0}
    fitted = ALPAugmenter(3, edit_probability=swaps, synonyms=None, random_state=0)
    with pytest.warns(AugmentationWarning, match="new rows instead"):
        X, _ = fitted.fit_resample(texts, [0, 0])
    assert fitted.augmentation_report_[0]["rejected"]["copy"] > 0
    assert len({normal_form(text) for text in X}) == len(X)


def test_the_budget_is_max_tries_for_each_row():
    texts = ["Nobody came.", "Nobody came here."]
    fitted = ALPAugmenter(3, synonyms=None, max_tries=7, random_state=0)
    with pytest.warns(AugmentationWarning):
        fitted.fit_resample(texts, [0, 0])
    line = fitted.augmentation_report_[0]
    assert line["made"] + sum(line["rejected"].values()) == 21


def test_distinct():
    assert distinct(["a b a", "A b"], 1) == 2 / 5
    assert distinct(["a b a", "A b"], 2) == 2 / 3
    assert np.isnan(distinct(["a"], 2))


def test_originals_come_from_themselves():
    donors = donor_matrix(2, [np.array([0, 3]), np.array([1])], 4)
    expected = [[1, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 1], [0, 1, 0, 0]]
    np.testing.assert_array_equal(donors.toarray(), np.array(expected, dtype=bool))

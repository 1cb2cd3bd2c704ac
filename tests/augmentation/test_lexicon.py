"""Scores of tags against a naive twin in dictionaries, shapes by hand."""

import pickle
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ext.augmentation import _lexicon
from sklearn_ext.augmentation._annotate import annotate, base_label
from sklearn_ext.augmentation._lexicon import Lexicon, signature
from sklearn_ext.augmentation._treebank import read_tree, tree_tokens
from tests.augmentation._trees import TREES, published_trees

SENTENCES = [tree_tokens(annotate(read_tree(text))) for text in TREES]
STATES = sorted({"NP^S", "TOP"} | {tag for s in SENTENCES for tag, _ in s})
TEXTS = [
    [word for _, word in SENTENCES[0]],
    ["The", "Cameras", "were", "n't", "working", "in", "1999", "."],
    ["the", "cameras", "were", "n't", "working", "in", "1999", "."],
    ["Unseen", "the-things", "UNSEEN", "x-2", "7/8", "?", "é"],
    ["film"],
]

SUFFIXES = """tions tion ings ing ments ment ness ities ity ers er ors or est ed ly al
ous ive able ible ful less ic ics ism ist ists ish en ize ise ate ates ant ent ary ian
ies ss us is s y a o e"""


def naive_shape(word, is_first):
    shape = "U"
    has_letter = any(c.isalpha() for c in word)
    if any(c.isdigit() for c in word):
        shape += "#"
        if not has_letter:
            return shape + ("x" if set(word) - set("0123456789.,:/-") else "n")
    shape += "-" * ("-" in word)
    if word[0] != word[0].lower():
        if len(word) > 1 and word.upper() == word:
            shape += "A"
        else:
            shape += "f" if is_first else "C"
    if not has_letter:
        return shape + "p"
    for suffix in SUFFIXES.split():
        if word.lower().endswith(suffix) and len(word) - len(suffix) >= 2:
            return shape + suffix
    return shape


class Naive:
    """The formulas as they stand."""

    def __init__(self, sentences, weights, k, rare_count):
        self.k = k
        self.tags, self.words, self.pairs = Counter(), Counter(), Counter()
        for sentence, weight in zip(sentences, weights, strict=True):
            for tag, word in sentence:
                self.tags[tag] += weight
                self.words[word.lower()] += weight
                self.pairs[word.lower(), tag] += weight
        self.shapes = {}
        for lower in (False, True):
            shapes = self.shapes[lower] = {None: Counter()}
            for sentence, weight in zip(sentences, weights, strict=True):
                for i, (tag, word) in enumerate(sentence):
                    if 0 < self.words[word.lower()] <= rare_count and weight:
                        shape = naive_shape(word.lower() if lower else word, i == 0)
                        shapes.setdefault(shape, Counter())[tag] += weight
                        shapes[None][tag] += weight
            if not shapes[None]:
                shapes[None] = self.tags

    def probabilities(self, words, i):
        lower = " ".join(words).lower() == " ".join(words)
        shapes = self.shapes[lower]
        shape = shapes.get(naive_shape(words[i], i == 0), shapes[None])
        word = words[i].lower()
        total = self.words[word]
        found = {}
        for tag in self.tags:
            by_shape = shape[tag] / shape.total()
            if total >= 8:
                found[tag] = self.pairs[word, tag] / total
            elif total > 0:
                found[tag] = self.pairs[word, tag] + self.k * by_shape
                found[tag] /= total + self.k
            else:
                found[tag] = by_shape
        return {tag: p for tag, p in found.items() if p > 0}

    def scores(self, words, i):
        n = self.tags.total()
        found = self.probabilities(words, i)
        return {tag: np.log(p) - np.log(self.tags[tag] / n) for tag, p in found.items()}


def fitted(weights=None, *, tag_smoothing=2.0, rare_count=2):
    weights = [1.0] * len(SENTENCES) if weights is None else weights
    return Lexicon.fit(
        SENTENCES, weights, STATES, tag_smoothing=tag_smoothing, rare_count=rare_count
    )


def scores(lexicon, words):
    """Scores of each word as a dictionary; the states must ascend."""
    offsets, states, values = lexicon.tags(words)
    assert offsets.dtype == states.dtype == np.int32
    assert values.dtype == np.float32
    assert (offsets[0], offsets[-1], len(offsets)) == (0, len(states), len(words) + 1)
    found = []
    for a, b in pairwise(offsets.tolist()):
        assert (np.diff(states[a:b]) > 0).all()
        names = [STATES[state] for state in states[a:b]]
        found.append(dict(zip(names, values[a:b].tolist(), strict=True)))
    return found


WEIGHTINGS = {
    "none": [1.0] * len(TREES),
    "whole": [float(i % 4) for i in range(len(TREES))],
    "broken": [(i % 5) / 3 for i in range(len(TREES))],
}


@pytest.mark.parametrize("weighting", WEIGHTINGS)
@pytest.mark.parametrize("tag_smoothing", [0.0, 2.0, 0.3])
@pytest.mark.parametrize("rare_count", [0, 1, 2, 5])
def test_scores_are_those_of_the_twin(weighting, tag_smoothing, rare_count):
    weights = WEIGHTINGS[weighting]
    lexicon = fitted(weights, tag_smoothing=tag_smoothing, rare_count=rare_count)
    naive = Naive(SENTENCES, weights, tag_smoothing, rare_count)
    for words in TEXTS + [[word for _, word in s] for s in SENTENCES[::5]]:
        for i, found in enumerate(scores(lexicon, words)):
            expected = naive.scores(words, i)
            assert found == pytest.approx(expected, abs=2e-6)


def test_the_best_tag_adds_up_its_splits():
    lexicon, naive = fitted(), Naive(SENTENCES, WEIGHTINGS["none"], 2.0, 2)
    for words in TEXTS:
        for i, tag in enumerate(lexicon.best_tags(words)):
            total = Counter()
            for state, p in naive.probabilities(words, i).items():
                total[base_label(state)] += p
            assert total[tag] == pytest.approx(max(total.values()))


def test_a_sentence_without_capitals_uses_the_shapes_in_lower_case():
    sentences = [[("DT", "A"), ("NNP", "Berlin")], [("DT", "a"), ("NN", "kitchen")]]
    lexicon = Lexicon.fit(
        sentences * 2, [1] * 4, ["DT", "NN", "NNP"], tag_smoothing=2.0, rare_count=2
    )
    # a small letter in a text with capitals says that it is no name
    assert last_states(lexicon, ["A", "Verlin"]) == [2]
    assert last_states(lexicon, ["A", "garden"]) == [1]
    assert last_states(lexicon, ["A", "verlin"]) == [1, 2]  # an unknown shape
    # without capitals it says nothing, because the names are in lower case, too
    assert last_states(lexicon, ["a", "garden"]) == [1]
    assert last_states(lexicon, ["a", "verlin"]) == [2]


def last_states(lexicon, words):
    offsets, states, _ = lexicon.tags(words)
    return states[offsets[-2] :].tolist()


def test_weights_are_repetitions():
    weights = WEIGHTINGS["whole"]
    repeated = [
        s for s, w in zip(SENTENCES, weights, strict=True) for _ in range(int(w))
    ]
    other = Lexicon.fit(
        repeated, [1] * len(repeated), STATES, tag_smoothing=2.0, rare_count=2
    )
    same = fitted(weights)
    for name, array in same.arrays().items():
        np.testing.assert_array_equal(array, other.arrays()[name])


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_arrays_hold_everything(weighting):
    lexicon = fitted(WEIGHTINGS[weighting])
    arrays = lexicon.arrays()
    assert all(array.dtype != object for array in arrays.values())
    other = Lexicon.from_arrays(arrays, STATES, tag_smoothing=2.0, rare_count=2)
    for words in TEXTS:
        for a, b in zip(lexicon.tags(words), other.tags(words), strict=True):
            np.testing.assert_array_equal(a, b)
    if weighting == "whole":
        assert arrays["words_counts"].dtype == np.uint8


def test_pickles_do_not_hold_what_was_looked_up():
    lexicon = fitted()
    before = pickle.dumps(lexicon)
    expected = lexicon.tags(TEXTS[1])
    assert pickle.dumps(lexicon) == before
    for a, b in zip(pickle.loads(before).tags(TEXTS[1]), expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_is_remembered_changes_nothing(monkeypatch):
    lexicon, other = fitted(), fitted()
    monkeypatch.setattr(_lexicon, "N_REMEMBERED", 3)
    for words in TEXTS * 2:
        for a, b in zip(lexicon.tags(words), other.tags(words), strict=True):
            np.testing.assert_array_equal(a, b)
        assert len(lexicon._remembered) <= 3


@pytest.mark.parametrize(
    ("word", "inner", "first"),
    [
        ("stations", "Utions", "Utions"),
        ("station", "Ution", "Ution"),
        ("tion", "U", "U"),
        ("xtion", "U", "U"),  # one character to spare
        ("xytion", "Ution", "Ution"),
        ("glasses", "Us", "Us"),
        ("glass", "Uss", "Uss"),
        ("Paris", "UCis", "Ufis"),
        ("NATO", "UAo", "UAo"),
        ("I", "UC", "Uf"),
        ("well-known", "U-", "U-"),
        ("Anglo-Saxon", "U-C", "U-f"),
        ("1984", "U#n", "U#n"),
        ("3.5", "U#n", "U#n"),
        ("10%", "U#x", "U#x"),
        ("1990s", "U#s", "U#s"),
        ("F-16", "U#-A", "U#-A"),
        ("...", "Up", "Up"),
        ("--", "U-p", "U-p"),
        ("naïve", "Ue", "Ue"),
        ("sadly", "Uly", "Uly"),
    ],
)
def test_shapes(word, inner, first):
    assert signature(word, False) == inner
    assert signature(word, True) == first


@settings(derandomize=True, deadline=None, max_examples=500)
@given(
    stem=st.text(st.sampled_from("abZ9-.%é"), max_size=4),
    suffix=st.sampled_from(["", *SUFFIXES.split()]),
    is_first=st.booleans(),
)
def test_shapes_are_those_of_the_twin(stem, suffix, is_first):
    word = stem + suffix
    if word:
        assert signature(word, is_first) == naive_shape(word, is_first)


@pytest.mark.slow
def test_sizes_on_the_published_treebanks(shared_data):
    names = ["gum_ccby.train", "craft_ccby.train"]
    trees = [tree for name in names for tree in published_trees(shared_data, name)]
    sentences = [tree_tokens(tree) for tree in trees]
    states = sorted({tag for sentence in sentences for tag, _ in sentence})
    lexicon = Lexicon.fit(
        sentences, [1] * len(trees), states, tag_smoothing=2.0, rare_count=2
    )
    counts = lexicon.words.counts
    assert len(lexicon.words.keys) == 22_029
    assert (len(counts), (counts >= 2).sum()) == (25_803, 14_915)

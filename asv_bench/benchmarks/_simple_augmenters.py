"""EDA and AEDA, the simple ways to make new texts, as `fit_resample` objects.

"EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification
Tasks", arXiv 1901.11196, and "AEDA: An Easier Data Augmentation Technique for Text
Classification", arXiv 2108.13230. Words are what blanks separate.
"""

import gzip
import re
from functools import cache

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
from sklearn.utils import check_random_state

from ._common import SHARED

MARKS = list(".;?:!,")
# How WordNet's own look-up takes endings off, by part of speech.
ENDINGS = {
    "n": [
        ("s", ""),
        ("ses", "s"),
        ("ves", "f"),
        ("xes", "x"),
        ("zes", "z"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("men", "man"),
        ("ies", "y"),
    ],
    "v": [
        ("s", ""),
        ("ies", "y"),
        ("es", "e"),
        ("es", ""),
        ("ed", "e"),
        ("ed", ""),
        ("ing", "e"),
        ("ing", ""),
    ],
    "a": [("er", ""), ("est", ""), ("er", "e"), ("est", "e")],
    "r": [],
}


def _rows(name):
    path = SHARED / "data" / "wordnet" / f"oewn_{name}.tsv.gz"
    if not path.is_file():
        raise NotImplementedError("the tables of WordNet are not here")
    with gzip.open(path, "rt", encoding="utf8") as file:
        return [line.rstrip("\n").split("\t") for line in file]


class AnySynonyms:
    """Members of all synsets of a word, of any sense and part of speech.

    A member loses what is neither letter nor blank, a hyphen becomes a blank. The word
    is looked up as it stands, as its irregular lemma, and without its ending.
    """

    def __init__(self):
        self._members = {row[0]: row[2].split("|") for row in _rows("synsets")}
        self._synsets, self._lemmas = {}, {}
        for lemma, part, synsets, irregular, *_ in _rows("senses"):
            self._synsets.setdefault((lemma.lower(), part[0]), []).extend(
                synsets.split()
            )
            for form in filter(None, irregular.split("|")):
                self._lemmas.setdefault((form.lower(), part[0]), []).append(
                    lemma.lower()
                )
        self._found = {}

    def _forms(self, word, part):
        yield word
        yield from self._lemmas.get((word, part), [])
        for ending, instead in ENDINGS[part]:
            if word.endswith(ending):
                yield word[: len(word) - len(ending)] + instead

    def __call__(self, word):
        """Return the synonyms in alphabetical order."""
        word = word.lower()
        if word not in self._found:
            members = {
                re.sub("[^a-z ]", "", member.lower().replace("-", " "))
                for part in ENDINGS
                for form in self._forms(word, part)
                for synset in self._synsets.get((form, part), [])
                for member in self._members[synset]
            }
            self._found[word] = sorted(members - {word, ""})
        return self._found[word]


@cache
def any_synonyms():
    """Return the synonyms of this process."""
    return AnySynonyms()


class SimpleAugmenter(BaseEstimator):
    """`n_samples` new texts per class, from its texts in turns."""

    def __init__(self, n_samples=10, *, random_state=None):
        self.n_samples = n_samples
        self.random_state = random_state

    def fit_resample(self, X, y):
        """Return the texts and the new ones behind them, and their classes."""
        X, y = list(X), np.asarray(y)
        random = check_random_state(self.random_state)
        classes = np.unique(y)
        sources = np.concatenate(
            [np.resize(np.flatnonzero(y == c), self.n_samples) for c in classes]
        )
        self.sample_indices_ = np.concatenate([np.arange(len(y)), sources])
        self.is_augmented_ = np.arange(len(self.sample_indices_)) >= len(y)
        new = [" ".join(self._edit(X[i].split(" "), random)) for i in sources]
        return X + new, y[self.sample_indices_]


class EDA(SimpleAugmenter):
    """One of four edits at random: synonyms, insertions, swaps or deletions."""

    def _edit(self, words, random):
        edits = (self._replace, self._insert, self._swap, self._delete)
        n = max(1, int(0.1 * len(words)))
        return edits[random.randint(4)](list(words), n, random)

    def _replace(self, words, n, random):
        places = [
            i
            for i, word in enumerate(words)
            if word.lower() not in ENGLISH_STOP_WORDS and any_synonyms()(word)
        ]
        for i in random.permutation(places)[:n].astype(int):
            words[i] = random.choice(any_synonyms()(words[i]))
        return words

    def _insert(self, words, n, random):
        known = [word for word in words if any_synonyms()(word)]
        for _ in range(n if known else 0):
            synonym = random.choice(any_synonyms()(random.choice(known)))
            words.insert(random.randint(len(words) + 1), synonym)
        return words

    def _swap(self, words, n, random):
        for _ in range(n if len(words) > 1 else 0):
            i, j = random.choice(len(words), 2, replace=False)
            words[i], words[j] = words[j], words[i]
        return words

    def _delete(self, words, n, random):
        kept = [word for word in words if random.random_sample() >= 0.1]
        return kept or [random.choice(words)]


class AEDA(SimpleAugmenter):
    """Punctuation marks at random places, one to a third of the words of them."""

    def _edit(self, words, random):
        words = list(words)
        for _ in range(1 + random.randint(max(1, int(0.3 * len(words))))):
            words.insert(random.randint(len(words) + 1), random.choice(MARKS))
        return words

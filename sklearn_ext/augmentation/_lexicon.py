"""Which tags a word may have, and how likely each is; unknown words by their shape."""

import re
from collections import Counter, defaultdict

import numpy as np

from ._annotate import base_label

__all__ = ["Lexicon", "signature"]

SUFFIX = re.compile(  # the longest that leaves two characters
    r"(?<=..)(tions|tion|ings|ing|ments|ment|ness|ities|ity|ers|er|ors|or|est|ed|ly|al|"
    r"ous|ive|able|ible|ful|less|ic|ics|ism|ist|ists|ish|en|ize|ise|ate|ates|ant|ent|"
    r"ary|ian|ies|ss|us|is|s|y|a|o|e)\Z",
    re.DOTALL,
)
TABLES = ("words", "cased", "uncased")
N_FREQUENT = 8  # from this count on the tags of a word are those it was seen with
N_REMEMBERED = 200_000


def signature(word, is_first):
    """Return the shape of a word: digits, hyphen, capitals, suffix.

    `is_first` tells whether the word opens its sentence, where a capital says little.
    """
    shape = "U"
    letters = [character for character in word if character.isalpha()]
    if any(character.isdigit() for character in word):
        shape += "#"
        if not letters:
            only = all(c.isdigit() or c in ".,:/-" for c in word)
            return shape + ("n" if only else "x")
    if "-" in word:
        shape += "-"
    if word[:1].isupper():
        if len(word) > 1 and word.isupper():
            shape += "A"
        else:
            shape += "f" if is_first else "C"
    if not letters:
        return shape + "p"
    suffix = SUFFIX.search(word.lower())
    return shape + suffix[0] if suffix else shape


class _Table:
    """Counts of states for each of many keys: rows in the order of their keys."""

    def __init__(self, keys, starts, states, counts):
        self.keys, self.starts = keys, starts
        self.states, self.counts = states, counts
        self.place = {key: i for i, key in enumerate(keys)}

    @classmethod
    def of(cls, counts):
        """Return the table of a dictionary from key and state to count."""
        pairs = sorted(counts)
        keys = sorted({key for key, _ in pairs})
        size = Counter(key for key, _ in pairs)
        starts = np.cumsum([0] + [size[key] for key in keys], dtype=np.int64)
        states = np.array([state for _, state in pairs], dtype=np.int32)
        values = np.array([counts[pair] for pair in pairs], dtype=np.float64)
        return cls(keys, starts, states, values)

    def get(self, key):
        """Return the states and counts of a key, or None."""
        row = self.place.get(key)
        if row is None:
            return None
        part = slice(self.starts[row], self.starts[row + 1])
        return self.states[part], self.counts[part]

    def arrays(self, name):
        """Return the table as arrays for a file, their names beginning with `name`."""
        return {
            f"{name}_keys": np.frombuffer("\n".join(self.keys).encode(), np.uint8),
            f"{name}_sizes": _narrow(np.diff(self.starts)),
            f"{name}_states": _narrow(self.states),
            f"{name}_counts": _narrow(self.counts),
        }

    @classmethod
    def from_arrays(cls, arrays, name):
        """Return the table of the arrays of a file."""
        text = arrays[f"{name}_keys"].tobytes().decode()
        sizes = arrays[f"{name}_sizes"].astype(np.int64)
        return cls(
            text.split("\n") if len(sizes) else [],
            np.concatenate([[0], np.cumsum(sizes)]),
            arrays[f"{name}_states"].astype(np.int32),
            arrays[f"{name}_counts"].astype(np.float64),
        )


def _narrow(values):
    """Return numbers in the smallest type that holds them exactly."""
    if (values != np.floor(values)).any():
        return values
    for dtype in (np.uint8, np.uint16, np.uint32):
        if values.max(initial=0) <= np.iinfo(dtype).max:
            return values.astype(dtype)
    return values.astype(np.float64)


class Lexicon:
    """Scores of tags for the words of a sentence.

    With counts c over lower-cased words w and split tags t, and k the `tag_smoothing`:
    P(t | w) is c(w, t) / c(w) if c(w) >= 8, P(t | shape of w) if w is unknown, and in
    between (c(w, t) + k P(t | shape)) / (c(w) + k). The score of a tag is log P(t | w)
    less log P(t): the log-probability of the word given the tag, less that of the word,
    which is the same for all trees of the sentence.

    P(t | shape) is counted in tokens of words seen at most `rare_count` times, once as
    written and once in lower case; a sentence without any capital uses the second.

    Attributes
    ----------
    states : list of str
        What numbers of states mean.
    words : _Table
        Counts of tags for each word.
    cased, uncased : _Table
        Counts of tags for each shape. The key "" has the counts of all shapes.
    tag_counts : float64 array of shape (n_states,)
    """

    def __init__(self, states, words, cased, uncased, *, tag_smoothing, rare_count):
        self.states = states
        self.words, self.cased, self.uncased = words, cased, uncased
        self.tag_smoothing, self.rare_count = tag_smoothing, rare_count
        self.tag_counts = np.bincount(words.states, words.counts, len(states))
        with np.errstate(divide="ignore"):  # phrases are states, too
            self._log_prior = np.log(self.tag_counts / self.tag_counts.sum())
        self._remembered = {}

    def __getstate__(self):
        return {**self.__dict__, "_remembered": {}}

    @classmethod
    def fit(cls, sentences, weights, states, *, tag_smoothing, rare_count):
        """Count tags.

        Parameters
        ----------
        sentences : list of list of (str, str)
            Split tag and word as written of each token.
        weights : iterable of float
            How often each sentence counts; those of weight 0 are left out.
        states : list of str
            Names of the states, the tags among them.
        tag_smoothing : float
        rare_count : float
        """
        number = {state: i for i, state in enumerate(states)}
        words, frequency = defaultdict(float), defaultdict(float)
        known = []
        for sentence, weight in zip(sentences, weights, strict=True):
            if weight > 0:
                known.append((sentence, weight))
                for tag, word in sentence:
                    words[word.lower(), number[tag]] += weight
                    frequency[word.lower()] += weight
        cased, uncased = defaultdict(float), defaultdict(float)
        for sentence, weight in known:
            for i, (tag, word) in enumerate(sentence):
                lower = word.lower()
                if frequency[lower] <= rare_count:
                    for key in (signature(word, i == 0), ""):
                        cased[key, number[tag]] += weight
                    for key in (signature(lower, i == 0), ""):
                        uncased[key, number[tag]] += weight
        if not cased:  # no word is rare: an unknown one may have any tag
            for (_, tag), count in words.items():
                cased["", tag] += count
                uncased["", tag] += count
        return cls(
            states,
            *[_Table.of(counts) for counts in (words, cased, uncased)],
            tag_smoothing=tag_smoothing,
            rare_count=rare_count,
        )

    def _of_shape(self, word, is_first, is_cased):
        """Return the states that a shape may have, and P(t | shape)."""
        table = self.cased if is_cased else self.uncased
        found = table.get(signature(word, is_first))
        states, counts = table.get("") if found is None else found
        return states, counts / counts.sum()

    def _probabilities(self, word, is_first, is_cased):
        """Return the states that a word may have, and P(t | w)."""
        found = self.words.get(word.lower())
        if found is None:
            return self._of_shape(word, is_first, is_cased)
        states, counts = found
        total = counts.sum()
        k = self.tag_smoothing
        if total >= N_FREQUENT or k == 0:
            return states, counts / total
        probability = np.zeros(len(self.states))
        shape_states, shape_probability = self._of_shape(word, is_first, is_cased)
        probability[shape_states] = k * shape_probability
        probability[states] += counts
        states = np.flatnonzero(probability).astype(np.int32)
        return states, probability[states] / (total + k)

    def _look_up(self, word, is_first, is_cased):
        """Return the states and scores of a word, remembered from the last time."""
        key = (word, is_first, is_cased)
        found = self._remembered.get(key)
        if found is None:
            states, probability = self._probabilities(word, is_first, is_cased)
            score = np.log(probability) - self._log_prior[states]
            found = states, score.astype(np.float32), len(states)
            if len(self._remembered) >= N_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = found
        return found

    def tags(self, words):
        """Return the candidate tags of each word of a sentence.

        Parameters
        ----------
        words : list of str
            As written.

        Returns
        -------
        offsets : int32 array of shape (n + 1,)
            Where the candidates of each word begin and end.
        states : int32 array
            Ascending for each word.
        scores : float32 array
        """
        is_cased = any(map(_has_capital, words))
        found = [self._look_up(word, i == 0, is_cased) for i, word in enumerate(words)]
        offsets = np.zeros(len(words) + 1, dtype=np.int32)
        np.cumsum([size for _, _, size in found], out=offsets[1:])
        states = np.concatenate([states for states, _, _ in found])
        return offsets, states, np.concatenate([scores for _, scores, _ in found])

    def best_tags(self, words):
        """Return the most probable tag of each word, without its marks."""
        is_cased = any(map(_has_capital, words))
        best = []
        for i, word in enumerate(words):
            states, probability = self._probabilities(word, i == 0, is_cased)
            total = Counter()
            for state, p in zip(states.tolist(), probability.tolist(), strict=True):
                total[base_label(self.states[state])] += p
            best.append(max(total, key=total.get))
        return best

    def arrays(self):
        """Return all that was counted as arrays for a file."""
        return {
            name: array
            for table in TABLES
            for name, array in getattr(self, table).arrays(table).items()
        }

    @classmethod
    def from_arrays(cls, arrays, states, *, tag_smoothing, rare_count):
        """Return the lexicon of the arrays of a file."""
        return cls(
            states,
            *[_Table.from_arrays(arrays, table) for table in TABLES],
            tag_smoothing=tag_smoothing,
            rare_count=rare_count,
        )


def _has_capital(word):
    """Tell whether a word has a capital letter."""
    return word != word.lower()

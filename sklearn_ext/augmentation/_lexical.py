"""The head-lexicalised model: how likely a tree is, given the head of its root.

It is model 1 of Collins, "Head-Driven Statistical Models for Natural Language Parsing"
(2003), without distance and subcategorisation: a phrase with its head word and head tag
chooses its head child, then on each side its modifiers from the head outwards until a
stop, and each modifier its head word. Three levels of context back each other off.
"""

from functools import lru_cache

import numpy as np

from sklearn_ext._core._arrays import plain_array

from ._forest import Names, flatten
from ._lexical_counts import count_level, pack, unpack
from ._lexicon import signature

__all__ = [
    "KINDS",
    "LexicalModel",
    "class_level",
    "event_rows",
    "hash_table",
    "tree_scores",
]

# The three kinds of events: columns of a row, and of these the context of each level,
# least specific first. The last context holds the head word.
KINDS = {
    "heads": (4, (1, 2, 3)),
    "modifiers": (7, (3, 4, 5)),
    "words": (6, (1, 4, 5)),
}
DIVERSITY = 5.0


@lru_cache(maxsize=100_000)
def word_signature(word):
    """Return the signature of a lower-cased word."""
    return signature(word, False)


def event_rows(forest, word, weights):
    """Return rows and weights of the events of each kind, in the order of KINDS."""
    from ._kernels_lexical import events

    n_phrases = int((forest.size > 1).sum())
    n_modifiers = len(forest.size) - len(weights) - n_phrases
    n_rows = n_phrases, n_modifiers + 2 * n_phrases, n_modifiers
    rows = [
        np.empty((n, n_columns), np.int32)
        for n, (n_columns, _) in zip(n_rows, KINDS.values(), strict=True)
    ]
    owners = tuple([np.empty(n, np.int32) for n in n_rows])
    columns = *forest[:4], np.asarray(word, np.int32)
    events(*map(plain_array, columns), *rows, owners)
    return [(row, weights[owner]) for row, owner in zip(rows, owners, strict=True)]


def tree_scores(forest, tables):
    """Return the log-probability of each tree by the tables that the kernel takes."""
    from ._kernels_lexical import tree_log_probs

    if forest.word.max(initial=-1) >= len(tables[-1]):
        raise ValueError(
            f"the trees have words up to number {forest.word.max()}, the Names only "
            f"{len(tables[-1])} words: pass the Names that flattened the trees."
        )
    out = np.empty(len(forest.start) - 1)
    tree_log_probs(*map(plain_array, (*forest[:4], forest.word, *tables)), out)
    return out


def class_level(kind, rows, weights):
    """Return the most specific level of a kind, nothing left out."""
    n_context = KINDS[kind][1][-1]
    return count_level(rows, weights, n_context)


def hash_table(kinds, levels):
    """Return keys and values of a table of levels, each of the kind beside it."""
    from . import _kernels_lexical as kernels

    base = {
        "heads": kernels.HEAD,
        "modifiers": kernels.MODIFIER,
        "words": kernels.WORD,
    }
    entries = [
        # The least specific level has nothing to leave its share to.
        (
            level.first_rows(),
            *level.shares(0 if level.n_context == KINDS[kind][1][0] else DIVERSITY),
        )
        for kind, level in zip(kinds, levels, strict=True)
    ]
    n_entries = sum([len(first) + len(shares) for first, _, shares in entries])
    size = 1 << (n_entries + n_entries // 2).bit_length()
    keys, values = np.zeros(size, np.uint64), np.zeros(size)
    for kind, level, (first, left, shares) in zip(kinds, levels, entries, strict=True):
        n = level.n_context
        contexts = np.ascontiguousarray(level.rows[first, :n])
        kernels.fill(keys, values, base[kind], contexts, n, left)
        kernels.fill(keys, values, base[kind], level.rows, n, shares)
    return keys, values


class LexicalModel:
    """Counts of a treebank, and the probability of other trees by them.

    A level whose context was seen c times with u different outcomes has the weight
    c / (c + 5 u), all levels below it the rest. The last has all the weight if its
    context was seen; an outcome that no level has seen gets 1e-8. Contexts with a head
    word are kept if they were seen `min_count` times.

    Words seen less than `rare_count` times count as their signature, as do unknown
    ones. A word gets its share of the probability of its signature, one of the number
    of rare words that the signature had in the treebank, and one more.

    Attributes
    ----------
    symbols : Names
        Labels and tags. These and the words never grow; copies of them may.
    words : Names
        Frequent words, lower-cased, most frequent first, then the signatures of rare
        words. A signature begins with a capital, so it is no word.
    n_rare : ndarray of int64
        How many rare words had each signature.
    packed : dict of ndarray
        All counts, as `pack` packs them.
    keys, values : ndarray
        The table of the kernels.
    """

    def __init__(self, symbols, words, n_rare, packed):
        self.symbols = symbols
        self.words = words
        self.n_rare = n_rare
        self.packed = packed
        kinds = [kind for kind, (_, contexts) in KINDS.items() for _ in contexts]
        self.keys, self.values = hash_table(kinds, unpack(packed))

    @classmethod
    def fit(cls, trees, weights=None, *, min_count=2, rare_count=2):
        """Count over trees.

        Parameters
        ----------
        trees : list of Node
            Cleaned trees.
        weights : array-like of shape (n_trees,), default=None
            How often a tree counts.
        min_count : float, default=2
            A context with a head word is kept if it was seen that often.
        rare_count : float, default=2
            A word seen less often counts as its signature.
        """
        weights = np.ones(len(trees)) if weights is None else np.asarray(weights, float)
        counted = np.flatnonzero(weights > 0)
        trees, weights = [trees[i] for i in counted], weights[counted]
        labels, texts = Names(), Names()
        forest = flatten(trees, labels, texts)
        symbols = Names(sorted(labels.names))
        of_label = np.array([symbols.get(label) for label in labels.names], np.int32)
        forest = forest._replace(symbol=of_label[forest.symbol])

        token = forest.size == 1
        token_weights = np.repeat(weights, np.diff(forest.start))[token]
        counts = np.bincount(forest.word[token], token_weights, len(texts)).tolist()
        seen = list(zip(texts.names, counts, strict=True))
        frequent = [(-count, text) for text, count in seen if count >= rare_count]
        rare = [word_signature(text) for text, count in seen if count < rare_count]
        words = Names([text for _, text in sorted(frequent)] + sorted(set(rare)))
        n_rare = np.bincount(
            np.array([words.get(name) for name in rare], int), minlength=len(words)
        )[len(frequent) :]
        of_text = np.array(
            [
                words.get(text if count >= rare_count else word_signature(text))
                for text, count in seen
            ],
            np.int32,
        )
        word = np.where(token, of_text[forest.word], -1)

        levels = []
        for (n_columns, contexts), (rows, row_weights) in zip(
            KINDS.values(), event_rows(forest, word, weights), strict=True
        ):
            outcome = list(range(contexts[-1], n_columns))
            for n_context in contexts:
                level = count_level(
                    rows[:, [*range(n_context), *outcome]],
                    row_weights,
                    n_context,
                    min_context=min_count if n_context == contexts[-1] else 0,
                )
                levels.append(level)
        return cls(symbols, words, n_rare, pack(levels))

    def word_classes(self, words):
        """Return what stands for words in the table, and each one's share of it.

        Parameters
        ----------
        words : Names
            The model's, or a copy that has grown.

        Returns
        -------
        word_class : ndarray of shape (n_words,), int32
            -1 for a signature that the treebank did not have.
        class_share : ndarray of shape (n_words,), float64
        """
        n_known = len(self.words)
        new = [self.words.get(word_signature(name)) for name in words.names[n_known:]]
        classes = np.append(np.arange(n_known), np.array(new, int)).astype(np.int32)
        n_frequent = n_known - len(self.n_rare)
        shares = np.ones(len(classes))
        rare = classes >= n_frequent
        shares[rare] = 1 / (1 + self.n_rare[classes[rare] - n_frequent])
        return classes, shares

    def log_prob(self, forest, words=None):
        """Return the log-probability of each tree given its head word and head tag.

        Parameters
        ----------
        forest : Forest
            Made with copies of `symbols` and `words`.
        words : Names, default=None
            The copy of `words`; None if it has not grown.

        Returns
        -------
        log_prob : ndarray of shape (n_trees,), float64
        """
        classes = self.word_classes(self.words if words is None else words)
        none = np.zeros(1, np.uint64), np.zeros(1)
        return tree_scores(forest, (self.keys, self.values, *none, *classes))

    def arrays(self):
        """Return the model as arrays that :meth:`from_arrays` reads."""
        return {
            "symbols": np.frombuffer("\n".join(self.symbols.names).encode(), np.uint8),
            "words": np.frombuffer("\n".join(self.words.names).encode(), np.uint8),
            "n_rare": self.n_rare,
            **self.packed,
        }

    @classmethod
    def from_arrays(cls, arrays):
        """Return the model of these arrays."""
        symbols, words = (
            Names(arrays[name].tobytes().decode().split("\n"))
            for name in ("symbols", "words")
        )
        packed = {name: arrays[name] for name in ("header", "bytes")}
        return cls(symbols, words, arrays["n_rare"], packed)

    def __getstate__(self):
        return self.arrays()

    def __setstate__(self, state):
        self.__dict__.update(vars(LexicalModel.from_arrays(state)))

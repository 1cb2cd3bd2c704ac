"""The lexicalised grammar of one class, above the counts of a treebank."""

from collections import defaultdict

import numpy as np
import pandas as pd

from sklearn_ext._core._arrays import plain_array

from ._lexical import KINDS, class_level, event_rows, hash_table, tree_scores

__all__ = ["ClassGrammar"]


class ClassGrammar:
    """The counts of the trees of a class as one more, most specific level of a model.

    Parameters
    ----------
    model : LexicalModel
        It is not changed.
    forest : Forest
        The trees of the class.
    tree_weights : array-like of shape (n_trees,)
        How much each tree counts; trees of weight 0 do not.
    symbols, words : Names, default=None
        The copies of the model's Names that flattened the trees; they may go on
        growing. None: copies are made, and the forest has no number beyond them.

    Attributes
    ----------
    symbols, words : Names
        The names of all numbers.
    """

    def __init__(self, model, forest, tree_weights, symbols=None, words=None):
        self.model = model
        self.symbols = model.symbols.copy() if symbols is None else symbols
        self.words = model.words.copy() if words is None else words
        self.forest = forest
        self.tree_weights = np.asarray(tree_weights, np.float64)
        levels = []
        for kind, (rows, weights) in zip(
            KINDS, event_rows(forest, forest.word, self.tree_weights), strict=True
        ):
            counted = weights > 0
            levels.append(class_level(kind, rows[counted], weights[counted]))
        self.keys, self.values = hash_table(KINDS, levels)
        self._classes = model.word_classes(self.words)

    def _tables(self):
        """Return what the kernels look up, with the words that came meanwhile."""
        if len(self._classes[0]) < len(self.words):
            self._classes = self.model.word_classes(self.words)
        model = self.model
        tables = model.keys, model.values, self.keys, self.values, *self._classes
        return tuple(map(plain_array, tables))

    def log_prob(self, forest):
        """Return the log-probability of each tree given its head word and head tag."""
        return tree_scores(forest, self._tables())

    def word_log_probs(self, word, tag, label, head_tag, head_word, side):
        """Return the log-probabilities of modifying words.

        Parameters
        ----------
        word, tag : array-like of shape (n,)
            Numbers of the head word of a modifier and of its tag.
        label, head_tag, head_word : array-like of shape (n,)
            Numbers of the label of the phrase and of its head.
        side : array-like of shape (n,)
            0 left of the head, 1 right.

        Returns
        -------
        log_probs : ndarray of shape (n,), float64
        """
        from ._kernels_lexical import word_log_probs

        columns = _columns(word, tag, label, head_tag, head_word, side)
        out = np.empty(len(columns[0]))
        word_log_probs(*self._tables(), *columns, out)
        return out

    def word_given_tag(self, word, tag):
        """Return the probability of words given their tags alone, float64."""
        from ._kernels_lexical import tag_word_probs

        keys, values, _, _, word_class, class_share = self._tables()
        columns = _columns(word, tag)
        out = np.empty(len(columns[0]))
        tag_word_probs(keys, values, word_class, class_share, *columns, out)
        return out

    def productions(self):
        """Return the lexicalised rules of the class.

        Returns
        -------
        productions : DataFrame
            One row per rule: label, head_word, head_tag and parent (empty at a root) of
            the left-hand side; right_hand_side, a child as ``label(head word)``, the
            head child with a star; count, the weight of the trees that have it, and its
            share of the count of the left-hand side.
        """
        left = ["label", "head_word", "head_tag", "parent"]
        counts = defaultdict(float)
        for rule, weight in _rules(
            self.forest, self.tree_weights, self.symbols.names, self.words.names
        ):
            counts[rule] += weight
        rows = sorted(
            [(*rule, count) for rule, count in counts.items() if count > 0],
            key=lambda row: (row[:4], -row[5], row[4]),
        )
        frame = pd.DataFrame(rows, columns=[*left, "right_hand_side", "count"])
        frame = frame.astype({"count": np.float64})
        total = frame.groupby(left)["count"].transform("sum")
        frame["probability"] = frame["count"] / total
        return frame


def _columns(*numbers):
    """Return numbers as columns of one length for the kernels."""
    columns = np.broadcast_arrays(*numbers)
    return [np.array(column, np.int32) for column in columns]


def _rules(forest, tree_weights, symbols, words):
    """Yield left-hand side and right-hand side of each phrase, and its weight."""
    symbol, size, head, word = (
        column.tolist()
        for column in (forest.symbol, forest.size, forest.head, forest.word)
    )
    token = list(range(len(size)))
    for i in range(len(size) - 1, -1, -1):
        if size[i] > 1:
            token[i] = token[i + head[i]]
    parent = [""] * len(size)
    node_weights = np.repeat(tree_weights, np.diff(forest.start)).tolist()
    for i, weight in enumerate(node_weights):
        if size[i] == 1:
            continue
        label = symbols[symbol[i]]
        right = []
        child = i + 1
        while child < i + size[i]:
            parent[child] = label
            star = "*" if child == i + head[i] else ""
            right.append(f"{symbols[symbol[child]]}{star}({words[word[token[child]]]})")
            child += size[child]
        of_head = words[word[token[i]]], symbols[symbol[token[i]]]
        yield (label, *of_head, parent[i], " ".join(right)), weight

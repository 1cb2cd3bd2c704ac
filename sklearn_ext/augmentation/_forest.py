"""Many parse trees in a few flat arrays, every phrase with its two head children.

Nodes stand in pre-order, so a subtree is a slice and the children of a node are found
by adding sizes. Labels, tags and words are numbers of a growing index.
"""

from typing import NamedTuple

import numpy as np

from ._heads import head_child

# Only in these phrases does the semantic head depend on the word of a verb.
_CLAUSES = ("VP", "SQ", "SINV", "S")
_MOST_KNOWN = 20_000


class Names:
    """A growing index of strings; numbers follow the order of arrival."""

    def __init__(self, names=()):
        self.names = list(names)
        self._number = {name: number for number, name in enumerate(self.names)}

    def __len__(self):
        return len(self.names)

    def add(self, name):
        """Return the number of a name, a new one if it was not known."""
        number = self._number.setdefault(name, len(self.names))
        if number == len(self.names):
            self.names.append(name)
        return number

    def get(self, name):
        """Return the number of a name, -1 if it is not known."""
        return self._number.get(name, -1)

    def __getstate__(self):
        # As one array: files of many strings are slow and large.
        return {"text": np.frombuffer("\n".join(self.names).encode(), np.uint8)}

    def __setstate__(self, state):
        text = state["text"].tobytes().decode()
        self.__init__(text.split("\n") if text else ())

    def copy(self):
        """Return an index that grows by itself."""
        other = Names()
        other.names = self.names.copy()
        other._number = self._number.copy()
        return other


class Forest(NamedTuple):
    """Trees as flat arrays, nodes in pre-order.

    Attributes
    ----------
    start : ndarray of shape (n_trees + 1,), int64
        First node of each tree, and the number of nodes.
    symbol : ndarray of shape (n_nodes,), int32
        Number of the label of a phrase or of the tag of a token.
    size : ndarray of shape (n_nodes,), int32
        Nodes of the subtree, its root included; 1 marks a token.
    head : ndarray of shape (n_nodes,), int32
        Distance from a phrase to its Collins head child, 0 at a token.
    content_head : ndarray of shape (n_nodes,), int32
        The same for the semantic head child.
    word : ndarray of shape (n_nodes,), int32
        Number of the lower-cased word of a token, -1 at a phrase.
    """

    start: np.ndarray
    symbol: np.ndarray
    size: np.ndarray
    head: np.ndarray
    content_head: np.ndarray
    word: np.ndarray


def flatten(trees, symbols, words):
    """Return the Forest of a list of trees; both Names grow by what is new."""
    start = np.zeros(len(trees) + 1, np.int64)
    columns = symbol, size, head, content_head, word = [], [], [], [], []
    # Parses of one sentence share most of their phrases, and all numbers of a phrase
    # hold wherever it stands, so a phrase that is known is copied.
    known, collins, semantic = {}, {}, {}
    symbol_number, word_number = symbols.add, words.add

    def visit(phrase):
        at = len(symbol)
        before = known.get(phrase)
        if before is not None:
            for column in columns:
                column += column[before : before + size[before]]
            return
        known[phrase] = at
        label, children = phrase
        symbol.append(symbol_number(label))
        size.append(0)
        head.append(1)
        content_head.append(1)
        word.append(-1)
        places, labels = [], []
        for child in children:
            places.append(len(symbol) - at)
            tag, text = child
            labels.append(tag)
            if isinstance(text, str):
                symbol.append(symbol_number(tag))
                size.append(1)
                head.append(0)
                content_head.append(0)
                word.append(word_number(text.lower()))
            else:
                visit(child)
        size[at] = len(symbol) - at
        if len(places) == 1:
            return
        key = (label, *labels)
        first = collins.get(key)
        if first is None:
            first = collins[key] = _head(label, children, semantic=False)
        tag, text = children[first]
        second = first
        if label.startswith(_CLAUSES) and isinstance(text, str):
            key += (text.lower() if tag.startswith("VB") else "",)
            second = semantic.get(key)
            if second is None:
                second = semantic[key] = _head(label, children, semantic=True)
        head[at] = places[first]
        content_head[at] = places[second]

    for number, tree in enumerate(trees):
        if len(known) > _MOST_KNOWN:
            known.clear()
        visit(tree)
        start[number + 1] = len(symbol)
    return Forest(start, *[np.array(column, np.int32) for column in columns])


def _head(label, children, *, semantic):
    """Return the position of the head child."""
    labels = tuple([child[0] for child in children])
    words = tuple([text if isinstance(text, str) else None for _, text in children])
    return head_child(label, labels, words, semantic=semantic)

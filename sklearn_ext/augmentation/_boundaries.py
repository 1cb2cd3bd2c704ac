"""Which phrases and words can be moved without tearing what is written together."""

import numpy as np

from ._surface import is_clitic, is_word, nesting

__all__ = ["movable"]

FUNCTION_TAGS = "CC", "DT", "IN", "MD", "PDT", "POS", "RP", "TO"
HYPHENS = "-", "–", "—", "/"
MARKS = (".", ",", ";", ":", "!", "?", "…", "--", "...")


def is_mark(text):
    """Return whether a token is a mark between or behind phrases: , . !!! ..."""
    return text in MARKS or (len(text) > 1 and set(text) <= set("!?. "))


def movable(written, tokens, forest, tree_of_token):
    """Return which nodes can be replaced, and can replace others.

    A phrase closes the brackets and quotations that it opens, neither begins nor ends
    with a mark, and is more than one function word. Neither phrases nor words end
    inside of what is written without white space: thought-provoking.

    Parameters
    ----------
    written : list of tokens with `text`, `space` and `tag`
        All tokens of the forest.
    tokens : ndarray of int64
        Their nodes.
    forest : Forest
    tree_of_token : ndarray of int64
        The tree of each token.
    """
    texts = [token.text for token in written]
    part = np.array([is_word(text) or text in HYPHENS for text in texts], bool)
    leans = np.array([is_clitic(text) for text in texts], bool)
    space = np.array([token.space for token in written], bool)
    # Joined to the token before: part of one word, however it is cut into tokens.
    goes_on = tree_of_token[1:] == tree_of_token[:-1]
    joined = part & np.roll(part, 1) & ~leans & ~space & np.r_[False, goes_on]
    joined = np.r_[joined, False]
    # The period of an abbreviation that ends a sentence is that of the sentence, too.
    last_in_tree = np.r_[~goes_on, True].tolist()
    mark = np.array(
        [
            is_mark(text) or (is_last and text.endswith("."))
            for text, is_last in zip(texts, last_in_tree, strict=True)
        ],
        bool,
    )
    depth = np.zeros((2, len(forest.symbol)), np.int64)
    depth[0, tokens] = [nesting(text.lower()) for text in texts]
    depth[1, tokens] = [text == '"' for text in texts]
    lone = np.array([token.tag in FUNCTION_TAGS for token in written], bool)

    node = np.arange(len(forest.symbol))
    first = np.searchsorted(tokens, node)
    end = np.searchsorted(tokens, node + forest.size)
    last = end - 1
    whole = is_closed(depth, forest.size) & ~joined[first] & ~joined[end]
    is_phrase = forest.size > 1
    bare = mark[first] | mark[last] | (lone[first] & (first == last))
    return whole & ~(is_phrase & bare)


def is_closed(depth, size):
    """Return which subtrees close what they open, by brackets and by quotes."""
    sums = np.pad(np.cumsum(depth, axis=1), ((0, 0), (1, 0)))
    node = np.arange(len(size))
    brackets, quotes = sums[:, node + size] - sums[:, node]
    return (brackets == 0) & (quotes % 2 == 0)

"""What the parser takes: trees in brackets, weights, texts or tokens."""

import numpy as np

from sklearn_ext._core._text import check_documents

from ._tokenize import split_sentences, word_of
from ._treebank import clean_tree, read_tree

__all__ = ["checked_trees", "checked_weights", "sentences_of"]


def checked_trees(X):
    """Return cleaned trees, or raise with the index of the bad one."""
    if isinstance(X, str | bytes):
        raise ValueError(
            f"Iterable over bracketed trees expected, {type(X).__name__} object "
            f"received as X. Put a single tree into a list: [tree]."
        )
    trees = []
    for i, tree in enumerate(X):
        if not isinstance(tree, str):
            raise ValueError(
                f"X[{i}] is {tree!r} ({type(tree).__name__}), not a str of brackets "
                f"such as '(S (NP (DT the) (NN dog)) (VP (VBZ barks)))'."
            )
        node = read_tree(tree, name=f"X[{i}]")
        try:
            trees.append(clean_tree(node))
        except ValueError as error:
            raise ValueError(f"X[{i}]: {error}") from None
    if not trees:
        raise ValueError("X holds no tree: at least one is needed.")
    return trees


def checked_weights(sample_weight, n):
    """Return one weight for each tree as float64, not all zero."""
    if sample_weight is None:
        return np.ones(n)
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.shape != (n,):
        raise ValueError(
            f"sample_weight has shape {weights.shape}, but X holds {n} trees: give "
            f"shape ({n},)."
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise ValueError(
            "sample_weight must be finite, not negative, and not zero everywhere."
        )
    return weights


def checked_words(words, i):
    """Return one list of tokens as the words of a tree."""
    if not isinstance(words, list | tuple) or not words:
        raise ValueError(
            f"X[{i}] must be a list of tokens like X[0], and not empty, got {words!r}."
        )
    for word in words:
        if not isinstance(word, str) or word.split() != [word]:
            raise ValueError(
                f"X[{i}] holds {word!r}: a token is a str without white space."
            )
    return tuple(map(word_of, words))


def sentences_of(X):
    """Return for each text its sentences as tuples of words."""
    if isinstance(X, list | tuple) and X and isinstance(X[0], list | tuple):
        return [[checked_words(words, i)] for i, words in enumerate(X)]
    texts = [
        [tuple(sentence.words) for sentence in split_sentences(text)]
        for text in check_documents(X)
    ]
    for i, text in enumerate(texts):
        if not text:
            raise ValueError(
                f"X[{i}] is an empty text, which has no tree. Leave such texts out."
            )
    return texts

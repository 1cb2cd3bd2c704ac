"""Texts to sentences with their weighted parses, by whatever parser there is."""

import copy
from numbers import Real
from typing import NamedTuple

import numpy as np

from sklearn_ext._core._sklearn import check_is_fitted

from ._parser import LexicalizedPCFGParser, packaged_parser
from ._parsing import Tree, as_parses
from ._tokenize import Sentence, split_sentences
from ._treebank import clean_tree, read_tree, tree_tokens

__all__ = ["Analysis", "analyse", "check_parser"]

SKIPPED = 10  # characters between tokens that a parser may leave out
SPELLINGS = {  # how texts spell what the treebanks spell otherwise
    "-LRB-": ("(",),
    "-RRB-": (")",),
    "-LSB-": ("[",),
    "-RSB-": ("]",),
    "``": ('"', "“"),
    "''": ('"', "”"),
}


class Analysis(NamedTuple):
    """Parses of texts; lists over texts of lists over sentences."""

    parses: list  # ... of lists of Parse
    nodes: list  # ... of lists of Node
    sentences: list  # ... of lists of Sentence, one for each parse
    n_unparsed: int


def check_parser(parser):
    """Raise unless a given parser is an object, and fitted."""
    if isinstance(parser, type):
        raise TypeError(
            f"parser is the class {parser.__name__}, not an object: pass a fitted one."
        )
    if isinstance(parser, LexicalizedPCFGParser):
        check_is_fitted(parser)


def analyse(texts, parser, *, n_parses, parse_threshold, n_jobs):
    """Return the Analysis of texts."""
    if callable(parser):
        found = trees_of_callable(parser, texts, n_parses, parse_threshold)
        sentences = [
            [[aligned(tree.node, text) for tree in some]]
            for text, some in zip(texts, found, strict=True)
        ]
        trees = [[some] for some in found]
    else:
        given = packaged_parser() if isinstance(parser, str) else parser
        # Its tables are shared; only how many parses are kept is ours to say.
        parser = copy.copy(given).set_params(
            n_parses=n_parses, parse_threshold=parse_threshold, n_jobs=n_jobs
        )
        split = [split_sentences(text) for text in texts]
        trees = parser._trees_of([[tuple(s.words) for s in some] for some in split])
        sentences = [
            [[sentence] * len(some) for sentence, some in zip(*both, strict=True)]
            for both in zip(split, trees, strict=True)
        ]
    return Analysis(
        [[as_parses(some) for some in text] for text in trees],
        [[[tree.node for tree in some] for some in text] for text in trees],
        sentences,
        sum(np.isneginf(some[0].log_prob) for text in trees for some in text),
    )


def trees_of_callable(parser, texts, n_parses, parse_threshold):
    """Return for each text the trees to keep of those that a callable gives."""
    answers = parser(list(texts))
    if answers is None or isinstance(answers, str) or not hasattr(answers, "__len__"):
        raise ValueError(
            f"parser returned {type(answers).__name__}: a list with one entry for each "
            f"text is expected."
        )
    if len(answers) != len(texts):
        raise ValueError(
            f"parser returned {len(answers)} trees for {len(texts)} texts, the first "
            f"of which is {texts[0][:60]!r}: one entry for each text is expected."
        )
    kept = []
    for i, answer in enumerate(answers):
        # An nltk.Tree is a list, too, but no plain one.
        pairs = answer if type(answer) is list else [(answer, 0.0)]
        trees = {}
        for given, log_prob in checked_pairs(pairs, i, texts[i]):
            name = f"the tree of texts[{i}]"
            node = read_tree(str(given), name=name)
            try:
                trees.setdefault(clean_tree(node), float(log_prob))
            except ValueError as error:
                raise ValueError(f"In {name}, {error}") from None
        some = [Tree(*item) for item in trees.items()]
        least = some[0].log_prob + np.log(parse_threshold)
        kept.append([tree for tree in some[:n_parses] if tree.log_prob >= least])
    return kept


def checked_pairs(pairs, i, text):
    """Return pairs of tree and log-probability, the best first, or raise."""
    for pair in pairs:
        is_pair = isinstance(pair, tuple) and len(pair) == 2 and pair[0] is not None
        is_number = is_pair and isinstance(pair[1], Real) and np.isfinite(pair[1])
        if not is_number:
            raise ValueError(
                f"parser returned {pair!r} for texts[{i}], {text[:60]!r}: a tree in "
                f"brackets, an object whose str is one, or a list of pairs (tree, "
                f"finite log-probability) is expected."
            )
    if not pairs:
        raise ValueError(f"parser returned no tree for texts[{i}], {text[:60]!r}.")
    return sorted(pairs, key=lambda pair: -pair[1])


def aligned(node, text):
    """Return the tokens of a tree as they stand in its text.

    A token that the text does not have, because the parser spells it in its own way,
    is taken as it is, with a blank before it. Raises if that are most of them.
    """
    words = [word for _, word in tree_tokens(node)]
    texts, spaces, position, n_found = [], [], 0, 0
    for word in words:
        near = text[position : position + len(word) + SKIPPED].lower()
        found = [
            (near.index(spelling), len(spelling))
            for spelling in (*SPELLINGS.get(word, ()), word.lower())
            if spelling in near
        ]
        if found:
            place, length = min(found)
            space = near[:place][-1:].isspace()
            start = position + place
            position = start + length
            texts.append(text[start:position])
            n_found += 1
        else:
            space = True
            texts.append(SPELLINGS.get(word, (word,))[0])
        spaces.append(space and len(texts) > 1)
    if 2 * n_found < len(words):
        raise ValueError(
            f"parser returned a tree of {' '.join(words)[:60]!r} for the text "
            f"{text[:60]!r}: trees must come in the order of the texts."
        )
    return Sentence(words, texts, spaces)

"""From sentences to their best trees: search, rescoring, pieces, and a last resort."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.special import softmax

from ._annotate import undo
from ._forest import flatten
from ._pcfg import ROOT
from ._treebank import Node, write_tree

__all__ = [
    "Parse",
    "Search",
    "Tree",
    "as_parses",
    "candidates",
    "ordered",
    "parse_sentences",
]

N_RESCORED = 20  # derivations that the lexicalised model orders anew
LONGEST_EXACT = 25  # tokens up to which to prune takes longer than not to
BREAKS = ";", ":", ","  # where long sentences are cut, the first choice first


class Parse(NamedTuple):
    """One analysis of a sentence.

    Attributes
    ----------
    tree : str
        The tree in brackets, its root TOP.
    log_prob : float
        Score, a log-probability of the tree given the words up to a constant; -inf
        where there is no parse and the tree is a list of tagged words.
    weight : float
        Share among the parses kept for the sentence; they sum to 1.
    """

    tree: str
    log_prob: float
    weight: float


class Search(NamedTuple):
    """How to look for trees."""

    n_parses: int
    parse_threshold: float
    lexical_weight: float
    prune_threshold: float
    max_length: int


class Tree(NamedTuple):
    """A tree and its score."""

    node: Node
    log_prob: float


def parse_sentences(pcfg, sentences, search, workers):
    """Return the best trees of each sentence, best first; the last resort has -inf.

    Parameters
    ----------
    pcfg : PCFG
    sentences : list of tuple of str
        Words; a sentence that occurs again is parsed once.
    search : Search
    workers : Workers

    Returns
    -------
    trees : list of list of Tree
    """
    pieces = {
        sentence: list(cut(sentence, search.max_length)) for sentence in sentences
    }
    todo = {
        piece: None
        for cuts in pieces.values()
        for piece in cuts
        if len(piece) <= search.max_length
    }
    found = dict(zip(todo, best_trees(pcfg, list(todo), search, workers), strict=True))
    whole = {
        sentence: found[sentence]
        if len(cuts) == 1 and found.get(sentence)
        else [joined(pcfg, cuts, found)]
        for sentence, cuts in pieces.items()
    }
    return [whole[sentence] for sentence in sentences]


def cut(words, max_length) -> Iterator[tuple]:
    """Cut a sentence where it is longer than that, near its middle; each cut stays."""
    n = len(words)
    if n > max_length:
        for mark in BREAKS:
            ends = [i for i in range(1, n) if words[i - 1] == mark]
            if ends:
                end = min(ends, key=lambda i: abs(2 * i - n))
                yield from cut(words[:end], max_length)
                yield from cut(words[end:], max_length)
                return
    yield words


def joined(pcfg, pieces, found):
    """Return one tree of the best trees of pieces under FRAG; without any: tags."""
    children, log_prob = [], 0.0
    for piece in pieces:
        if best := found.get(piece):
            children += best[0].node.children
            log_prob += best[0].log_prob
        else:
            tags = pcfg.lexicon.best_tags(list(piece))
            children += map(Node, tags, piece)
            log_prob = -np.inf
    return Tree(Node(ROOT, (Node("FRAG", tuple(children)),)), log_prob)


def best_trees(pcfg, sentences, search, workers):
    """Return the trees to keep of each sentence, none where there is no parse."""
    return [
        ordered(some, search.lexical_weight, search.n_parses, search.parse_threshold)
        for some in candidates(pcfg, sentences, search, workers)
    ]


def ordered(candidates, lexical_weight, n_parses, parse_threshold):
    """Return the best of the candidates by both models together, best first."""
    trees = [
        Tree(node, log_prob + lexical_weight * lexical if lexical_weight else log_prob)
        for node, log_prob, lexical in candidates
    ]
    trees.sort(key=lambda tree: -tree.log_prob)  # stable: ties stay as they came
    least = trees[0].log_prob + np.log(parse_threshold) if trees else 0
    return [tree for tree in trees[:n_parses] if tree.log_prob >= least]


def candidates(pcfg, sentences, search, workers):
    """Return the trees to choose from for each sentence, best first by the rules.

    Each is (node, log-probability by the rules, log-probability by heads); the last is
    nan if it is not asked for.
    """
    from ._chart import derive

    rescoring = search.lexical_weight > 0
    n_first = max(search.n_parses, N_RESCORED) if rescoring else search.n_parses
    n_best = max(n_first, 20 * search.n_parses if search.n_parses > 1 else 1)
    lexical = pcfg.lexical
    if rescoring:
        symbols, names = lexical.symbols.copy(), lexical.words.copy()
        for word in {word.lower() for words in sentences for word in words}:
            names.add(word)  # before the threads start: they only look up

    def choices(words, derivations):
        """Return the candidates of one sentence."""
        trees = different_trees(pcfg, words, derivations, n_first, search.n_parses)
        scores = [np.nan] * len(trees)
        if rescoring and trees:
            forest = flatten([tree.node for tree in trees], symbols, names)
            scores = lexical.log_prob(forest, names).tolist()
        return [(*tree, score) for tree, score in zip(trees, scores, strict=True)]

    found = [[]] * len(sentences)
    is_long = np.array([len(words) > LONGEST_EXACT for words in sentences], dtype=bool)
    for threshold, some in (0.0, ~is_long), (search.prune_threshold, is_long):
        chosen = [sentences[i] for i in np.flatnonzero(some)]
        done = derive(
            pcfg.chart,
            [pcfg.lexicon.tags(list(words)) for words in chosen],
            n_best=n_best,
            prune_threshold=threshold,
            workers=workers,
            finish=lambda i, each, chosen=chosen: choices(chosen[i], each),
        )
        for place, each in zip(np.flatnonzero(some).tolist(), done, strict=True):
            found[place] = each
    return found


def different_trees(pcfg, words, derivations, n_first, n_trees):
    """Return the trees of derivations, each once, by the best of those that give it."""
    trees = {}
    for i, derivation in enumerate(derivations):
        if i >= n_first and len(trees) >= n_trees:
            break
        labels = [pcfg.labels[state] for state in derivation.states.tolist()]
        node = undo(labels, derivation.arity.tolist(), words)
        trees.setdefault(node, derivation.log_prob)
    return [Tree(node, log_prob) for node, log_prob in trees.items()]


def as_parses(trees):
    """Return trees as what users get."""
    weights = [1.0]
    if len(trees) > 1:
        weights = softmax([tree.log_prob for tree in trees]).tolist()
    return [
        Parse(write_tree(tree.node), tree.log_prob, weight)
        for tree, weight in zip(trees, weights, strict=True)
    ]

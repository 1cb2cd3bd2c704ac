"""New texts of a class: phrases and words of its texts in the frames of others.

Everything that may be put somewhere is listed beforehand, with its weight; what is left
for each candidate is a walk over its trees (ALP, arXiv 2112.11916).
"""

from typing import NamedTuple

import numpy as np

from sklearn_ext._core._arrays import plain_array

from ._boundaries import movable
from ._donors import (
    Groups,
    donor_weights,
    group_phrases,
    numbers_of,
    offsets_of,
    relations_of,
    sums_of,
)
from ._forest import Forest
from ._substitutes import is_content, is_negation
from ._surface import ARTICLES, Writing

__all__ = ["Candidates", "Recombiner"]

# A candidate may be this much longer than the longest text of the class.
LONGER = 1.5


class Candidates(NamedTuple):
    """Rows made for pairs of source and attempt.

    Attributes
    ----------
    texts : list of str
        Empty for a row that is too long.
    source : ndarray of int64 of shape (n,)
        Row of X that gave the frame.
    donors : tuple of (ndarray of int64 of shape (n + 1,), ndarray of int64)
        Where the donors of each row begin, and the rows of X that gave its frame, its
        phrases and its words, ascending.
    n_tokens, n_phrases, n_class_words, n_synonyms : ndarray of int64 of shape (n,)
        Tokens, and what was replaced.
    too_long : ndarray of bool of shape (n,)
        Longer than 1.5 times the longest text of the class; the row was left there and
        has no tokens and no trees.
    forest : Forest
        The trees of the rows, one for each sentence.
    tree_row : ndarray of int64 of shape (n_trees,)
        Row of each tree.
    token_start : ndarray of int64 of shape (n + 1,)
        Where the tokens of each row begin.
    token_kind : ndarray of int8 of shape (n_tokens,)
        0 of the frame or a phrase, 1 a word of the class, 2 a synonym, 3 an article
        that was repaired.
    token_sample : ndarray of int64 of shape (n_tokens,)
        Row of X of the token, or, for synonym and article, of the token it replaces.
    token_node : ndarray of int32 of shape (n_tokens,)
        The same as a node of the forest of the class.
    """

    texts: list
    source: np.ndarray
    donors: tuple
    n_tokens: np.ndarray
    n_phrases: np.ndarray
    n_class_words: np.ndarray
    n_synonyms: np.ndarray
    too_long: np.ndarray
    forest: Forest
    tree_row: np.ndarray
    token_start: np.ndarray
    token_kind: np.ndarray
    token_sample: np.ndarray
    token_node: np.ndarray


class _Token(NamedTuple):
    """A token of a tree as it is written, and as it is tagged."""

    word: str
    text: str
    space: bool
    tag: str


def _written(grammar, forest, tokens, sentences):
    """Return a _Token for each token of a forest."""
    names = grammar.symbols.names
    n_tokens = np.diff(np.searchsorted(tokens, forest.start))
    given = [len(sentence.words) for sentence in sentences]
    if n_tokens.tolist() != given:
        raise ValueError("each tree must have the tokens of its sentence.")
    columns = [
        [entry for sentence in sentences for entry in sentence[place]]
        for place in range(3)
    ]
    tags = [names[symbol] for symbol in forest.symbol[tokens].tolist()]
    return [_Token(*some) for some in zip(*columns, tags, strict=True)]


class _Others(NamedTuple):
    """Substitutes of all tokens: what they are, and which belong to each node."""

    items: list  # of pairs of text and tag
    start: np.ndarray
    numbers: np.ndarray


def _substitutes(written, tokens, eligible, offered, n_nodes):
    """Return the _Others of a forest; `offered` gives them, or is None."""
    items, numbers, known = [], [], {}
    counts = np.zeros(n_nodes, np.int64)
    for node, token in zip(tokens.tolist(), written, strict=True):
        if offered is None or not eligible[node]:
            continue
        key = token.word, token.tag
        if key not in known:
            texts = offered(*key)
            first = n_nodes + len(items)
            known[key] = range(first, first + len(texts))
            items += [(text, token.tag) for text in texts]
        counts[node] = len(known[key])
        numbers += known[key]
    return _Others(items, offsets_of(counts), np.array(numbers, np.int32))


def _sentence_starts(forest, tokens, spellings):
    """Return which nodes are first words, and which trees begin with a capital."""
    words = tokens[spellings.is_word[tokens]]
    trees = np.searchsorted(forest.start, words, "right") - 1
    trees, first = np.unique(trees, return_index=True)
    starts = np.zeros(len(forest.symbol), np.bool_)
    starts[words[first]] = True
    has_capital = np.zeros(len(forest.start) - 1, np.bool_)
    has_capital[trees] = spellings.is_capital[words[first]]
    return starts, has_capital


def _room(n_nodes, n_rows):
    """Return a Composed with room for so many nodes, and no more rows."""
    from ._kernels_recombine import Composed

    kinds = {
        "start": (n_nodes + 1, np.int64),
        "kind": (n_nodes, np.int8),
        "sample": (n_nodes, np.int64),
        "donors": (n_nodes, np.int64),
        **dict.fromkeys(("tokens", "trees", "donated"), (n_rows + 1, np.int64)),
        **dict.fromkeys(("n_phrases", "n_words", "n_synonyms"), (n_rows, np.int64)),
        "too_long": (n_rows, np.bool_),
    }
    return Composed(
        *(np.empty(*kinds.get(name, (n_nodes, np.int32))) for name in Composed._fields)
    )


def _used(out, n_rows, n_nodes, n_trees, n_tokens, n_donors):
    """Return the part of a Composed that was filled, lengths in place of starts."""
    starts = {"start": n_trees, "tokens": n_rows, "trees": n_rows, "donated": n_rows}
    by_token = ("piece", "kind", "sample", "origin", "item", "place")
    ends = {
        **dict.fromkeys(by_token, n_tokens),
        **dict.fromkeys(("n_phrases", "n_words", "n_synonyms", "too_long"), n_rows),
        "donors": n_donors,
    }
    return out._replace(
        **{
            name: np.diff(array[: starts[name] + 1])
            if name in starts
            else array[: ends.get(name, n_nodes)]
            for name, array in out._asdict().items()
        }
    )


class Recombiner:
    """All trees of a class, ready to be recombined.

    Parameters
    ----------
    grammar : ClassGrammar
        Its `symbols` and `words` are those of the forest; words of substitutes that it
        lacks are added.
    forest : Forest
        Trees with a root above the sentence, one for each parse.
    tree_sample, tree_sentence : ndarray of int64 of shape (n_trees,)
        Row of X and number of the sentence in it; equal for the parses of a sentence.
    tree_weight : ndarray of float64 of shape (n_trees,)
        Weights of parses, of sum 1 for each sentence.
    sentences : list of Sentence
        The tokens of each tree.
    subtree, word, synonym : float
        Probability that a phrase is replaced, that a content word is, and that a
        replaced word becomes a synonym.
    substitutes : callable or None
        From word and tag to a list of other words.

    Notes
    -----
    What stands in a place may give way to what stands in a place of its kind, in
    another text. The kind of a phrase is label, tag of the Collins head, label above,
    coordinated or not, negated or not, with a negation inside or not; the label above
    is left out where fewer than 2 phrases would be left. The kind of a word is its tag.
    Two forms of "be" with one tag are two kinds. Phrases and words whose ends are not
    their own stay where they are: half a bracket, a mark, a part of a compound.
    A donor weighs as its parse does, times P(head word | place) / P(head word | tag)
    within [0.1, 10]. The place of a head is that of the highest phrase that it heads;
    the head of a sentence has none, and there the factor is 1.

    Time and memory grow with the places times the donors of each. Where that would be
    more than two million, each place has its own choice of at least 64 donors.
    """

    def __init__(
        self,
        grammar,
        forest,
        tree_sample,
        tree_sentence,
        tree_weight,
        sentences,
        *,
        subtree,
        word,
        synonym,
        substitutes=None,
    ):
        from ._kernels_recombine import Casting

        forest = Forest(*map(plain_array, forest))
        n_nodes = len(forest.symbol)
        tokens = np.flatnonzero(forest.size == 1)
        written = _written(grammar, forest, tokens, sentences)
        negating = np.zeros(n_nodes, np.bool_)
        negating[tokens] = [is_negation(token.word) for token in written]
        relations = relations_of(grammar, forest, negating)
        tree_sample = np.asarray(tree_sample, np.int64)
        sentence = numbers_of(tree_sample, np.asarray(tree_sentence, np.int64))
        sample = tree_sample[relations.tree]

        whole = movable(written, tokens, forest, relations.tree[tokens])
        eligible = np.zeros(n_nodes, np.bool_)
        if word > 0:
            eligible[tokens] = [is_content(token.word, token.tag) for token in written]
            eligible &= whole
        groups = Groups(n_nodes)
        if subtree > 0:
            group_phrases(groups, grammar, forest, relations, whole, sample, sentence)
        if word > 0 and synonym < 1:
            nodes = np.flatnonzero(eligible)
            groups.of_node[nodes] = groups.add(nodes, forest.symbol[nodes])
        donor_start, donors = groups.list_donors(sample)
        weight = donor_weights(
            grammar, forest, relations, donor_start, donors, tree_weight
        )

        self._writing = Writing()
        numbers = np.zeros(n_nodes, np.int64)
        numbers[tokens] = [
            self._writing.add(token.text, token.tag) for token in written
        ]
        offered = substitutes if word > 0 and synonym > 0 else None
        others = _substitutes(written, tokens, eligible, offered, n_nodes)
        extra = [self._writing.add(text, tag) for text, tag in others.items]
        extra_words = [grammar.words.add(text.lower()) for text, _ in others.items]
        spellings = self._writing.spellings(np.r_[numbers, np.array(extra, np.int64)])
        spaces = np.zeros(n_nodes, np.bool_)
        spaces[tokens] = [token.space for token in written]
        sentence_starts, frames = _sentence_starts(forest, tokens, spellings)
        rank = np.zeros(n_nodes, np.int32)
        rank[tokens] = np.arange(len(tokens))

        order = np.lexsort((tree_sentence, tree_sample))
        self._samples, counts = np.unique(tree_sample, return_counts=True)
        firsts = offsets_of(np.unique(sentence, return_counts=True)[1])
        self._casting = Casting(
            forest.symbol,
            forest.size,
            forest.head,
            forest.content_head,
            rank,
            sample,
            eligible,
            sentence_starts,
            spaces,
            donor_start,
            donors,
            sums_of(donor_start, weight),
            others.start,
            others.numbers,
            np.r_[forest.word, np.array(extra_words, np.int32)],
            *spellings,
            np.searchsorted(firsts, offsets_of(counts)),
            firsts,
            forest.start[order].astype(np.int32),
            sums_of(firsts, np.asarray(tree_weight, np.float64)[order]),
            frames[order],
            np.arange(len(ARTICLES), dtype=np.int32),
            np.array([grammar.words.add(text) for text in ARTICLES[:2]], np.int32),
        )
        lengths = np.diff(np.searchsorted(tokens, forest.start))[order][firsts[:-1]]
        per_sample = np.add.reduceat(lengths, self._casting.sentence_start[:-1])
        self._cap = int(LONGER * per_sample.max())
        self._chances = float(subtree), float(word), float(synonym)
        self._height = int(relations.height.max())

    def candidates(self, seed, class_index, sources, attempts):
        """Return one candidate for each pair of source and attempt.

        A candidate depends on seed, class, source and attempt alone.

        Parameters
        ----------
        seed, class_index : int
            At least 0.
        sources : ndarray of int64 of shape (n,)
            Rows of X of this class.
        attempts : ndarray of int64 of shape (n,)
            Numbers of attempts, at least 0.

        Returns
        -------
        candidates : Candidates
        """
        from ._kernels_recombine import GOLDEN, NESTED, compose, hash_of

        sources = np.ascontiguousarray(sources, np.int64)
        attempts = np.ascontiguousarray(attempts, np.int64)
        base = np.uint64(hash_of(np.uint64(hash_of(GOLDEN, int(seed))), class_index))
        places = np.searchsorted(self._samples, sources)
        casting = type(self._casting)(*map(plain_array, self._casting))
        stack = np.zeros(((NESTED + 1) * self._height, 5), np.int64)
        room = 8 * self._cap + 64 * len(sources)
        parts = []
        begin = 0
        while begin < len(sources) or not parts:
            out = _room(room, len(sources) - begin)
            n_rows, *used = compose(
                casting,
                base,
                places,
                sources,
                attempts,
                begin,
                self._chances,
                self._cap,
                stack,
                out,
            )
            parts.append(_used(out, n_rows, *used))
            begin += n_rows
            room *= 2
        return self._gathered(parts, sources)

    def _gathered(self, parts, sources):
        """Return the Candidates of the rows in all parts."""
        made = type(parts[0])(*map(np.concatenate, zip(*parts, strict=True)))
        token_start, donor_start = offsets_of(made.tokens), offsets_of(made.donated)
        tree_row = np.repeat(np.arange(len(sources)), made.trees)
        return Candidates(
            self._writing.join(made.piece, token_start),
            sources,
            (donor_start, made.donors),
            made.tokens,
            made.n_phrases,
            made.n_words,
            made.n_synonyms,
            made.too_long,
            Forest(
                offsets_of(made.start),
                made.symbol,
                made.size,
                made.head,
                made.content_head,
                made.word,
            ),
            tree_row,
            token_start,
            made.kind,
            made.sample,
            made.origin,
        )

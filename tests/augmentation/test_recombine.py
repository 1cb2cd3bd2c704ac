"""New rows against those of a twin, and what holds for each of them."""

import itertools
from collections import Counter

import numpy as np
import pytest

from sklearn_ext.augmentation import _recombine
from sklearn_ext.augmentation._forest import flatten
from sklearn_ext.augmentation._tokenize import Sentence, join_tokens
from sklearn_ext.augmentation._treebank import Node, tree_tokens
from tests.augmentation._recombine_twin import (
    MEDIUM,
    PHRASES,
    SETTINGS,
    TWO_KINDS,
    Twin,
    as_node,
    corpus_of,
    donors_of,
    hand_written_corpus,
    other_words,
    pairs_of,
    random_corpus,
    recombiner_of,
    trees_of,
)


@pytest.mark.parametrize("chances", SETTINGS)
@pytest.mark.parametrize("seed", [0, 1, 2, "trees"])
def test_candidates_are_those_of_the_twin(seed, chances):
    if seed == "trees":
        corpus, seed = hand_written_corpus(), 3
    else:
        corpus = random_corpus(seed, n_samples=7)
    recombiner, forest, grammar = recombiner_of(corpus, **chances)
    twin = Twin(corpus, grammar, forest, tuple(chances.values()), other_words)
    sources, attempts = pairs_of(corpus, 12)
    pairs = sources[:90], attempts[:90]
    made = recombiner.candidates(seed, 2, *pairs)
    rows = [
        twin.candidate(seed, 2, *map(int, pair)) for pair in zip(*pairs, strict=True)
    ]
    assert made.too_long.tolist() == [row.too_long for row in rows]
    kept = [i for i, row in enumerate(rows) if not row.too_long]
    trees, donors = trees_of(made, grammar), donors_of(made)
    assert len(kept) > 20
    for i in kept:
        row, a, b = rows[i], *made.token_start[i : i + 2].tolist()
        assert made.texts[i] == row.text()
        assert donors[i] == row.donors
        assert trees[i] == [as_node(tree) for tree in row.trees]
        assert made.token_kind[a:b].tolist() == [t.kind for t in row.tokens]
        assert made.token_sample[a:b].tolist() == [t.origin.sample for t in row.tokens]
        nodes = [twin.order[id(t.origin)] for t in row.tokens]
        assert made.token_node[a:b].tolist() == nodes
        counts = row.n_phrases, row.n_words, row.n_synonyms, row.n_tokens
        assert counts == (
            made.n_phrases[i],
            made.n_class_words[i],
            made.n_synonyms[i],
            made.n_tokens[i],
        )
    # The heads of what came out are those that the rules of heads find in it.
    flat = [tree for some in trees for tree in some]
    expected = flatten(flat, grammar.symbols, grammar.words)
    for name, found in made.forest._asdict().items():
        assert np.array_equal(found, getattr(expected, name)), name


def by_row(made, grammar):
    """What belongs to each row, as one tuple."""
    columns = (
        made.texts,
        made.source.tolist(),
        donors_of(made),
        made.too_long.tolist(),
        made.n_phrases.tolist(),
        trees_of(made, grammar),
        np.split(made.token_kind, made.token_start[1:-1]),
        np.split(made.token_node, made.token_start[1:-1]),
    )
    return [
        (*some, kinds.tolist(), nodes.tolist())
        for *some, kinds, nodes in zip(*columns, strict=True)
    ]


def test_without_edits_the_texts_come_out(global_random_seed):
    corpus = random_corpus(global_random_seed, n_samples=5)
    recombiner, _, grammar = recombiner_of(corpus, subtree=0, word=0, synonym=0)
    made = recombiner.candidates(3, 0, *pairs_of(corpus, 8))
    trees = trees_of(made, grammar)
    for row, source in enumerate(made.source):
        own = [i for i, sample in enumerate(corpus.sample) if sample == source]
        own.sort(key=lambda i: corpus.sentence[i])
        texts = {corpus.sentence[i]: corpus.sentences[i] for i in own}
        assert made.texts[row] == join_tokens(list(texts.values()))
        possible = [
            [as_node_lowered(corpus.trees[i]) for i in own if corpus.sentence[i] == k]
            for k in texts
        ]
        assert all(t in p for t, p in zip(trees[row], possible, strict=True))
    assert not made.too_long.any()
    assert donors_of(made) == [{source} for source in made.source.tolist()]


def as_node_lowered(node):
    if isinstance(node.children, str):
        return Node(node.label, node.children.lower())
    return Node(node.label, tuple(map(as_node_lowered, node.children)))


def test_a_row_depends_on_no_other_row(monkeypatch):
    corpus = random_corpus(4, n_samples=6)
    recombiner, _, grammar = recombiner_of(corpus, **MEDIUM)
    sources, attempts = pairs_of(corpus, 10)
    expected = by_row(recombiner.candidates(5, 1, sources, attempts), grammar)
    order = np.random.default_rng(0).permutation(len(sources))
    made = recombiner.candidates(5, 1, sources[order], attempts[order])
    assert by_row(made, grammar) == [expected[i] for i in order]
    for size in (1, 7):
        found = []
        for begin in range(0, len(sources), size):
            block = slice(begin, begin + size)
            made = recombiner.candidates(5, 1, sources[block], attempts[block])
            found += by_row(made, grammar)
        assert found == expected
    room = _recombine._room
    monkeypatch.setattr(_recombine, "_room", lambda n, k: room(max(1, n // 60), k))
    made = recombiner.candidates(5, 1, sources, attempts)
    assert by_row(made, grammar) == expected
    again, _, other = recombiner_of(corpus, **MEDIUM)
    assert by_row(again.candidates(5, 1, sources, attempts), other) == expected


def test_seed_class_and_attempt_matter():
    corpus = random_corpus(4, n_samples=6)
    recombiner, *_ = recombiner_of(corpus, **MEDIUM)
    sources, attempts = pairs_of(corpus, 20)
    texts = [
        tuple(recombiner.candidates(seed, index, sources, attempts + more).texts)
        for seed, index, more in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 20)]
    ]
    assert len(set(texts)) == 4
    assert len(set(texts[0])) > 60


def test_no_rows():
    corpus = random_corpus(4, n_samples=3)
    recombiner, *_ = recombiner_of(corpus, **MEDIUM)
    made = recombiner.candidates(0, 0, np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert made.texts == []
    assert made.forest.start.tolist() == made.token_start.tolist() == [0]


def test_every_token_is_accounted_for():
    corpus = random_corpus(6, n_samples=8)
    recombiner, forest, grammar = recombiner_of(corpus, **MEDIUM)
    made = recombiner.candidates(0, 0, *pairs_of(corpus, 40))
    tokens = np.flatnonzero(forest.size == 1).tolist()
    given = [text for some in corpus.sentences for text in some.texts]
    texts = dict(zip(tokens, given, strict=True))
    trees = itertools.chain(*trees_of(made, grammar))
    assert set(made.token_kind.tolist()) == {0, 1, 2, 3}
    for kind, node, (tag, word) in zip(
        made.token_kind.tolist(),
        made.token_node.tolist(),
        itertools.chain(*map(tree_tokens, trees)),
        strict=True,
    ):
        assert grammar.symbols.names[forest.symbol[node]] == tag
        if kind in (0, 1):
            assert word == grammar.words.names[forest.word[node]]
        elif kind == 2:
            assert word in [other.lower() for other in other_words(texts[node], tag)]
        else:
            assert {word, texts[node].lower()} == {"a", "an"}
    tree = np.searchsorted(forest.start, made.token_node, "right") - 1
    assert np.array_equal(np.array(corpus.sample)[tree], made.token_sample)
    own = np.split(made.token_sample, made.token_start[1:-1])
    for donors, some in zip(donors_of(made), own, strict=True):
        assert donors >= set(some.tolist())


def test_at_most_twelve_phrases_are_nested():
    texts = []
    for label in ("XA", "XB", "XC"):
        phrase = "(NP (PRP it))"
        for noun in ("top", "end", "rim", "sum", "lid", "cap", "hub"):
            phrase = f"(NP (DT the) (NN {noun}) ({label} (IN of) {phrase}))"
        texts.append(f"(TOP (S (NP (PRP it)) (VP (VBD saw) {phrase})))")
    texts.append(f"(TOP (INTJ {'(UH oh) ' * 200}))")
    corpus = corpus_of({row: [[(text, 1.0)]] for row, text in enumerate(texts)})
    # Each noun phrase but the last holds one more, and all are of a kind.
    recombiner, *_ = recombiner_of(corpus, **PHRASES)
    n = 400
    made = recombiner.candidates(0, 0, np.zeros(n, np.int64), np.arange(n))
    assert not made.too_long.any()
    nested = Counter(made.n_phrases.tolist())
    assert max(nested) == 12
    assert min(nested) < 6


def test_a_row_ends_where_it_is_too_long():
    corpus = random_corpus(2, n_samples=7)
    recombiner, _, grammar = recombiner_of(corpus, subtree=1.0, word=0.5, synonym=0.5)
    made = recombiner.candidates(0, 0, *pairs_of(corpus, 60))
    keys = zip(corpus.sample, corpus.sentence, strict=True)
    lengths = Counter()
    for (sample, _), some in dict(zip(keys, corpus.sentences, strict=True)).items():
        lengths[sample] += len(some.words)
    assert made.n_tokens.max() <= 1.5 * max(lengths.values())
    long = np.flatnonzero(made.too_long)
    assert 0 < len(long) < len(made.texts)
    trees = trees_of(made, grammar)
    for row in long:
        assert made.texts[row] == ""
        assert made.n_tokens[row] == 0
        assert trees[row] == []
        assert donors_of(made)[row] == {made.source[row]}
        assert made.n_phrases[row] > 0


def test_a_text_alone_has_no_donors():
    corpus = random_corpus(1, n_samples=1)
    recombiner, *_ = recombiner_of(corpus, subtree=1.0, word=1.0, synonym=0.0)
    made = recombiner.candidates(0, 0, *pairs_of(corpus, 20))
    assert not (made.n_phrases + made.n_class_words).any()
    recombiner, *_ = recombiner_of(corpus, subtree=1.0, word=1.0, synonym=1.0)
    made = recombiner.candidates(0, 0, *pairs_of(corpus, 20))
    assert made.n_synonyms.any()
    assert not (made.n_phrases + made.n_class_words).any()
    recombiner, *_ = recombiner_of(
        corpus, subtree=1.0, word=1.0, synonym=1.0, substitutes=None
    )
    made = recombiner.candidates(0, 0, *pairs_of(corpus, 20))
    assert not made.n_synonyms.any()


def test_how_often_a_word_is_replaced():
    corpus = corpus_of(TWO_KINDS)
    chances = {"subtree": 0.0, "word": 0.4, "synonym": 0.3}
    recombiner, *_ = recombiner_of(
        corpus, **chances, substitutes=lambda word, tag: ["x", "y", "z"]
    )
    n = 6000
    made = recombiner.candidates(1, 0, np.full(n, 1), np.arange(n))
    last = Counter(text.rsplit(" ", 1)[1] for text in made.texts)
    shares = {w: last[w] / n for w in ("fresh", "x", "y", "z")}
    assert abs(shares["fresh"] - 0.6) < 0.04
    for letter in "xyz":
        assert abs(shares[letter] - 0.4 * 0.3 / 3) < 0.015
    assert abs((last["warm"] + last["bright"]) / n - 0.4 * 0.7) < 0.035
    assert sum(last.values()) == n == sum(last[w] for w in (*shares, "warm", "bright"))


def test_tokens_must_be_those_of_the_trees():
    corpus = corpus_of(TWO_KINDS)
    sentences = [*corpus.sentences[:2], Sentence(["x"], ["x"], [False])]
    with pytest.raises(ValueError, match="tokens of its sentence"):
        recombiner_of(corpus._replace(sentences=sentences), **MEDIUM)


def test_kernels_are_compiled_once(compiled):
    from sklearn_ext.augmentation import _kernels_recombine as kernels

    corpus = random_corpus(1, n_samples=4)
    for chances in SETTINGS:
        recombiner, *_ = recombiner_of(corpus, **chances)
        for array in recombiner._casting:
            array.flags.writeable = False
        for seed in (0, 2**63 - 1, np.int64(4)):
            recombiner.candidates(seed, 3, *pairs_of(corpus, 2))
    for name in ("add_up", "compose", "hash_of", "list_donors", "relate"):
        assert len(getattr(kernels, name).signatures) == 1, name

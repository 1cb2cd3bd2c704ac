"""Which phrases may stand for each other, and how often they do."""

import itertools
from collections import Counter

import numpy as np
import pytest

from sklearn_ext.augmentation import _donors
from tests.augmentation._recombine_twin import (
    PHRASES,
    TWO_KINDS,
    RandomGrammar,
    corpus_of,
    recombiner_of,
)


def listed(recombiner):
    """The donors of each node, and their weights."""
    cast = recombiner._casting
    found = {}
    for node, (a, b) in enumerate(itertools.pairwise(cast.donor_start.tolist())):
        if b > a:
            weights = np.diff(cast.cumulative[a:b], prepend=0)
            found[node] = dict(zip(cast.donors[a:b].tolist(), weights, strict=True))
    return found


def test_how_often_a_phrase_is_replaced_and_by_which():
    corpus = corpus_of(TWO_KINDS)
    for subtree in (0.2, 0.7):
        recombiner, *_ = recombiner_of(corpus, subtree=subtree, word=0.0, synonym=0.0)
        n = 4000
        made = recombiner.candidates(1, 0, np.zeros(n, np.int64), np.arange(n))
        verb = Counter(text.rsplit(" ", 1)[1] for text in made.texts)
        # The verb phrase is replaced, or, within it, the adjective phrase, whose new
        # place is that in the donor: 0 may come back there.
        subject = [" ".join(text.split()[:2]) for text in made.texts]
        share = np.mean([s != "The film" for s in subject])
        assert abs(share - subtree) < 5 * np.sqrt(subtree * (1 - subtree) / n)
        donors = listed(recombiner)[2]  # the subject of the first text
        weights = np.array(list(donors.values()))
        names = ["The plot", "A cast"]
        expected = dict(zip(donors, weights / weights.sum(), strict=True))
        by_name = dict(zip(sorted(donors), names, strict=True))
        for donor, probability in expected.items():
            found = np.mean([s == by_name[donor] for s in subject]) / subtree
            assert abs(found - probability) < 5 * np.sqrt(probability / n / subtree)
        assert set(verb) == {"warm", "fresh", "bright"}


class GivenGrammar(RandomGrammar):
    """A grammar with given probabilities."""

    def __init__(self, in_place, by_tag):
        super().__init__()
        self.in_place, self.by_tag, self.asked = in_place, by_tag, set()

    def p_place(self, word, tag, *place):
        self.asked.add((word, tag, *place))
        return self.in_place[word]

    def p_tag(self, word, tag):
        return self.by_tag[word]


def test_the_weight_of_a_donor():
    in_place = {"film": 0.02, "plot": 0.06, "cast": 0.5, "score": 1e-6}
    by_tag = dict.fromkeys(in_place, 0.02)
    corpus = corpus_of(
        {
            row: [
                [(f"(TOP (S (NP (DT the) (NN {noun})) (VP (VBD fell))))", weight)]
                for weight in [0.75]
            ]
            for row, noun in enumerate(in_place)
        }
    )
    grammar = GivenGrammar(in_place, by_tag)
    recombiner, *_ = recombiner_of(corpus, grammar, **PHRASES)
    weights = list(listed(recombiner)[2].values())
    assert sorted(weights) == pytest.approx([0.075, 2.25, 7.5])
    # A verb phrase heads its sentence: no place above it, and weights of parses alone.
    assert list(listed(recombiner)[5].values()) == pytest.approx([0.75] * 3)
    assert grammar.asked == {(noun, "NN", "S", "VBD", "fell", 0) for noun in in_place}


def noun_phrases(groups):
    """A corpus whose sentences differ in the phrase behind the verb."""
    frame = "(TOP (S (NP (PRP it)) (VP (VBD saw) {})))"
    return corpus_of({row: [[(frame.format(p), 1.0)]] for row, p in enumerate(groups)})


@pytest.mark.parametrize(
    ("phrases", "expected"),
    [
        # plural, singular
        (
            ["(NP (NNS films))", "(NP (NN film))", "(NP (NN plot))"],
            [set(), {"plot"}, {"film"}],
        ),
        # coordinated or not
        (
            [
                "(NP (NN film) (CC and) (NN plot))",
                "(NP (NN cast))",
                "(NP (NN food) (CC or) (NN drink))",
                "(NP (NN hour))",
            ],
            [{"food or drink"}, {"hour"}, {"film and plot"}, {"cast"}],
        ),
        # a conjunction at the start joins nothing
        (
            ["(NP (CC but) (NN film))", "(NP (NN cast))", "(NP (NN a) (CC or) (NN b))"],
            [{"cast"}, {"but film"}, set()],
        ),
        # pronouns
        (
            ["(NP (PRP her))", "(NP (PRP him))", "(NP (EX there))", "(NP (WP who))"],
            [set()] * 4,
        ),
        # a negation inside
        (
            [
                "(NP (DT no) (NN film))",
                "(NP (DT the) (NN film))",
                "(NP (DT a) (NN cast))",
                "(NP (NN nothing))",
            ],
            [{"nothing"}, {"a cast"}, {"the film"}, {"no film"}],
        ),
        # the marks of a label
        (
            ["(NP~TMP (NN day))", "(NP (NN night))", "(NP~TMP (NN hour))"],
            [{"hour"}, set(), {"day"}],
        ),
    ],
)
def test_which_phrases_may_stand_for_another(phrases, expected):
    corpus = noun_phrases(phrases)
    recombiner, forest, names = recombiner_of(corpus, **PHRASES)
    lists = listed(recombiner)
    found = []
    for root in forest.start[:-1].tolist():
        donors = lists.get(root + 6, ())  # the phrase behind the verb
        words = [forest.word[d : d + forest.size[d]].tolist() for d in donors]
        found.append(
            {" ".join(names.words.names[w] for w in some if w >= 0) for some in words}
        )
    assert found == expected


@pytest.mark.parametrize(
    ("label", "notes", "words", "expected"),
    [
        (
            "ADJP",
            ["(RB not)", "(RB n’t)", "(ADVP (RB never))", "(ADVP (RB truly))", "", ""],
            ["old", "new", "big", "odd", "wet", "dry"],
            {0: {1, 2}, 1: {0, 2}, 2: {0, 1}, 3: {4, 5}, 4: {3, 5}, 5: {3, 4}},
        ),
        # A phrase is no sister of itself.
        (
            "ADVP",
            ["(RB not)", "(RB not)", "", ""],
            ["never", "hardly", "never", "barely"],
            {0: {1}, 1: {0}, 2: {3}, 3: {2}},
        ),
    ],
)
def test_a_phrase_beside_a_negation_is_a_kind_of_its_own(label, notes, words, expected):
    frame = "(TOP (S (NP (PRP it)) (VP (VBZ is) {} ({} (JJ {})))))"
    rows = zip(notes, words, strict=True)
    texts = [frame.format(note, label, word) for note, word in rows]
    corpus = corpus_of({row: [[(text, 1.0)]] for row, text in enumerate(texts)})
    recombiner, forest, _ = recombiner_of(corpus, **PHRASES)
    tree_of = np.searchsorted(forest.start, np.arange(len(forest.symbol)), "right") - 1
    last = (forest.start[1:] - 2).tolist()  # the phrase behind the verb and the note
    lists = listed(recombiner)
    found = {i: {int(tree_of[d]) for d in lists[node]} for i, node in enumerate(last)}
    assert found == expected


def test_the_label_above_counts_while_two_donors_have_it():
    of = "(TOP (S (NP (PRP it)) (VP (VBD ran) (PP (IN in) {}))))"
    saw = "(TOP (S (NP (PRP it)) (VP (VBD saw) {})))"
    rows = [of, of, saw, saw, saw]
    nouns = ["rain", "snow", "film", "plot", "cast"]
    texts = {
        row: [[(frame.format(f"(NP (NN {noun}))"), 1.0)]]
        for row, (frame, noun) in enumerate(zip(rows, nouns, strict=True))
    }
    # The same phrase in two parses of a sentence is one phrase.
    texts[1][0] = [(text, 0.5) for text, _ in texts[1][0] * 2]
    corpus = corpus_of(texts)
    recombiner, forest, grammar = recombiner_of(corpus, **PHRASES)
    sample = np.array(corpus.sample)
    tree_of = np.searchsorted(forest.start, np.arange(len(forest.symbol)), "right") - 1
    noun = forest.symbol == grammar.symbols.get("NP")
    found = {
        int(sample[tree_of[node]]): {int(sample[tree_of[donor]]) for donor in donors}
        for node, donors in listed(recombiner).items()
        if noun[node]
    }
    assert found == {
        0: {1, 2, 3, 4},
        1: {0, 2, 3, 4},
        2: {3, 4},
        3: {2, 4},
        4: {2, 3},
    }


def test_the_sentence_itself_stays():
    inner = "(S (NP (NNS {})) (VP (VBD ran)))"
    texts = [
        f"(TOP (S {inner.format('dogs')} (CC and) {inner.format('cats')}))",
        f"(TOP {inner.format('birds')})",
        "(TOP (FRAG (NN rain) (CC and) (NN snow)))",
        "(TOP (FRAG (NN sun) (CC and) (NN wind)))",
    ]
    corpus = corpus_of({row: [[(text, 1.0)]] for row, text in enumerate(texts)})
    recombiner, forest, _ = recombiner_of(corpus, **PHRASES)
    roots = set(forest.start[:-1].tolist()) | set((forest.start[:-1] + 1).tolist())
    lists = listed(recombiner)
    assert not roots & set(lists)
    assert not roots & set(itertools.chain(*lists.values()))
    # The inner sentences have none of their kind in another text.
    labels = {forest.symbol[node] for node in lists}
    assert forest.symbol[1] not in labels


def test_long_lists_are_cut_but_leave_nobody_out(monkeypatch):
    corpus = noun_phrases([f"(NP (NN noun{i}))" for i in range(30)])
    whole, *_ = recombiner_of(corpus, **PHRASES)
    monkeypatch.setattr(_donors, "LISTED", 0)
    monkeypatch.setattr(_donors, "SOME", 7)
    some, *_ = recombiner_of(corpus, **PHRASES)
    every, few = listed(whole), listed(some)
    assert every.keys() == few.keys()
    assert {len(donors) for donors in few.values()} == {7}
    for node, donors in few.items():
        assert donors.keys() <= every[node].keys()
    counts = Counter(itertools.chain(*few.values()))
    assert counts.keys() == set(itertools.chain(*every.values()))

"""How new rows are written."""

import numpy as np
import pytest

from sklearn_ext.augmentation._surface import (
    Writing,
    capitalised,
    is_clitic,
    is_word,
    lowered,
    nesting,
)
from tests.augmentation._recombine_twin import (
    RandomGrammar,
    corpus_of,
    pairs_of,
    recombiner_of,
)


@pytest.mark.parametrize(
    ("text", "tag", "expected"),
    [
        ("The", "DT", "the"),
        ("A", "DT", "a"),
        ("Films", "NNS", "films"),
        ("Élan", "NN", "élan"),
        ("Rome", "NNP", "Rome"),
        ("Alps", "NNPS", "Alps"),
        ("I", "PRP", "I"),
        ("I'm", "PRP", "I'm"),
        ("I’ve", "PRP", "I’ve"),
        ("In", "IN", "in"),
        ("UFO", "NN", "UFO"),
        ("U.S.", "JJ", "U.S."),
        ("iPod", "NN", "iPod"),
        ("--", ":", "--"),
    ],
)
def test_a_token_that_leaves_the_sentence_start(text, tag, expected):
    assert lowered(text, tag) == expected


def test_a_token_that_comes_to_the_sentence_start():
    assert [capitalised(text) for text in ("the", "élan", "iPod", "3D", "'s", "")] == [
        "The", "Élan", "IPod", "3D", "'s", "",
    ]  # fmt: skip


def test_what_opens_and_closes():
    tokens = ["(", "-lrb-", "``", ")", "-rrb-", "''", "a", '"']
    assert list(map(nesting, tokens)) == [1, 1, 1, -1, -1, -1, 0, 0]


def test_clitics_and_words():
    clitics = ["'s", "’re", "n't", "N’T", "n 't", "'LL"]
    others = ["'", "''", "s", "not", "'90s", "isn't", "(", ""]
    assert all(map(is_clitic, clitics))
    assert not any(map(is_clitic, others))
    assert [is_word(text) for text in ("a", "3", "é", "--", "(", "n't", "")] == [
        True, True, True, False, False, True, False,
    ]  # fmt: skip


def test_writing_knows_each_token_by_text_and_tag():
    writing = Writing()
    texts = ["A", "a", "hour", "--", "A", "May", "May", "an"]
    tags = ["DT", "NN", "NN", ":", "DT", "NNP", "MD", "DT"]
    given = list(zip(texts, tags, strict=True))
    numbers = [writing.add(*token) for token in given]
    assert numbers == [0, 1, 2, 3, 0, 4, 5, 6]
    found = writing.spellings(np.array(numbers))

    def strings(column):
        pieces = 2 * np.asarray(column)
        return writing.join(pieces, np.arange(len(pieces) + 1))

    assert strings(found.plain) == texts
    assert strings(found.lower) == ["a", "a", "hour", "--", "a", "May", "may", "an"]
    assert strings(found.capital) == ["A", "A", "Hour", "--", "A", "May", "May", "An"]
    assert found.article.tolist() == [1, 0, 0, 0, 1, 0, 0, 2]
    assert found.is_capital.tolist() == [t[:1].isupper() for t in texts]
    assert found.wants_an.tolist() == [
        True,
        True,
        True,
        False,
        True,
        False,
        False,
        True,
    ]
    pieces = 2 * found.plain + [0, 1, 1, 0, 1, 1, 0, 1]
    assert writing.join(pieces, np.array([0, 3, 3, 8])) == [
        "A a hour", "", "-- A MayMay an",
    ]  # fmt: skip


def texts_of(pair, *, glued=True, **chances):
    """All texts that come out of two sentences."""
    corpus = corpus_of(
        {row: [[(f"(TOP {t})", 1.0)]] for row, t in enumerate(pair)}, glued
    )
    chances = {"subtree": 0.5, "word": 0.0, "synonym": 0.0, **chances}
    grammar = RandomGrammar()
    grammar.p_place = grammar.p_tag = lambda *names: 1.0
    recombiner, *_ = recombiner_of(corpus, grammar, substitutes=None, **chances)
    return set(recombiner.candidates(0, 0, *pairs_of(corpus, 400)).texts)


def test_capital_letters_stay_at_the_start():
    pair = (
        "(S (NP (DT The) (NN film)) (VP (VBD fell) (PP (IN in) (NP (NNP Rome)))))",
        "(S (NP (NNP Ann)) (VP (VBD saw) (NP (DT a) (NN cast))))",
        "(S (NP (DT A) (NN plot)) (VP (VBD won)))",
    )
    texts = texts_of(pair)
    assert {"The film fell in Rome", "A cast fell in Rome", "Ann saw the film"} <= texts
    assert {"The film fell in Ann", "Rome saw a plot"} <= texts
    assert all(text[0].isupper() for text in texts)
    assert not any(" The" in text or " A " in text for text in texts)


def test_lower_case_texts_stay_lower_case():
    pair = (
        "(S (NP (DT the) (NN film)) (VP (VBD fell)))",
        "(S (NP (NNP ann)) (VP (VBD saw) (NP (DT a) (NN cast))))",
        "(S (NP (DT The) (NN plot)) (VP (VBD won)))",
    )
    texts = texts_of(pair)
    assert {"the plot fell", "ann saw the plot", "A cast won"} <= texts
    assert not any("The" in text for text in texts if not text.startswith("The"))


def test_white_space_belongs_to_the_place():
    pair = (
        "(S (NP (PRP It)) (VP (VBZ 's) (ADJP (JJ old))) (. .))",
        "(S (NP (PRP I)) (VP (VBZ sounds) (ADJP (JJ warm))) (. .))",
        "(S (NP (NN Food)) (VP (-LRB- -LRB-) (ADJP (JJ cold)) (-RRB- -RRB-)))",
        "(S (NP (NN Wine)) (VP (-LRB- -LRB-) (ADJP (JJ cool)) (-RRB- -RRB-)))",
    )
    texts = texts_of(pair)
    assert {"It's old.", "It sounds old.", "I's warm.", "I sounds old."} <= texts
    assert not any("  " in text or text.startswith(" ") for text in texts)
    assert "Itsounds" not in " ".join(texts)
    spaced = texts_of(pair, glued=False)
    assert {"It 's old .", "It sounds warm .", "I 's old ."} <= spaced
    assert all(" ." in text for text in spaced if "." in text)


def test_articles_follow_the_sound_behind_them():
    pair = (
        "(S (NP (DT A) (JJ old) (NN film)) (VP (VBD fell)))",
        "(S (NP (DT The) (JJ warm) (NN hour)) (VP (VBD fell)))",
    )
    texts = texts_of(pair, subtree=0.0, word=0.5)
    # What the text has wrong stays as long as both words do.
    assert {"A old film fell", "A warm film fell", "A old hour fell"} <= texts
    assert not any(text.startswith("An") for text in texts)
    pair = pair[0].replace("A", "The"), pair[1].replace("The", "A")
    texts = texts_of(pair, subtree=0.0, word=0.5)
    assert {"An old hour fell", "A warm hour fell"} <= texts
    assert "A old hour fell" not in texts

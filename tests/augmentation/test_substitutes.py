"""Content words, their substitutes, and articles, against hand-made tables."""

import pytest

from sklearn_ext.augmentation._substitutes import (
    indefinite_article,
    is_content,
    is_negation,
    substitutes,
)
from sklearn_ext.augmentation._wordnet import WordNetSynonyms
from sklearn_ext.augmentation.build_wordnet import main

pytest.importorskip("lemminflect", reason="lemminflect is not installed")

CONTENT = [
    ("film", "NN"), ("Films", "NNS"), ("watched", "VBD"), ("dull", "JJ"),
    ("slowly", "RB"), ("better", "JJR"), ("best", "RBS"), ("non-profit", "JJ"),
    ("saw", "VBP"), ("being", "NN"),
]  # fmt: skip
FUNCTION = [
    ("Paris", "NNP"), ("Alps", "NNPS"), ("up", "RP"), ("the", "DT"), ("must", "MD"),
    ("is", "VBZ"), ("'s", "VBZ"), ("’m", "VBP"), ("Having", "VBG"), ("did", "VBD"),
    ("not", "RB"), ("n't", "RB"), ("n’t", "RB"), ("n 't", "RB"), ("Never", "RB"),
    ("nothing", "NN"), ("hardly", "RB"), ("very", "RB"), ("too", "RB"), ("more", "JJR"),
    ("most", "RBS"), ("less", "RBR"), ("only", "JJ"), ("just", "RB"), ("%", "NN"),
    ("β", "NN"), ("2-3", "JJ"), ("as", "RB"), ("so", "RB"),
]  # fmt: skip
SYNONYMS = {
    ("film", "NNS"): ["movie", "motion picture", "mouse", "films", "Film"],
    ("watch", "VBD"): ["see", "keep_up", "watch"],
    ("big", "JJR"): ["large", "interesting", "great"],
    ("quickly", "RB"): ["barely", "rapidly", "rapidly", ""],
    ("mouse", "NNS"): ["child", "information", "mother-in-law"],
    ("film", "NN"): ["Oscar"],
}


def synonyms(lemma, tag):
    return iter(SYNONYMS.get((lemma, tag), ()))


@pytest.mark.parametrize(("word", "tag"), CONTENT)
def test_content_words(word, tag):
    assert is_content(word, tag)


@pytest.mark.parametrize(("word", "tag"), FUNCTION)
def test_other_words(word, tag):
    assert not is_content(word, tag)
    assert substitutes(word, tag, lambda lemma, tag: ["other"]) == []


@pytest.mark.parametrize(
    "word",
    ["not", "N'T", "n’t", "n 't", "no", "Without", "cannot", "can't", "Don’t"],
)
def test_negations(word):
    assert is_negation(word)


@pytest.mark.parametrize("word", ["note", "nor-", "know", "none-such", "t"])
def test_what_is_no_negation(word):
    assert not is_negation(word)


@pytest.mark.parametrize(
    ("word", "tag", "expected"),
    [
        ("films", "NNS", ["movies", "motion pictures", "mice"]),
        ("Films", "NNS", ["Movies", "Motion pictures", "Mice"]),
        ("FILMS", "NNS", ["MOVIES", "MOTION PICTURES", "MICE"]),
        ("watched", "VBD", ["saw", "kept up"]),
        ("bigger", "JJR", ["larger", "greater"]),
        ("quickly", "RB", ["rapidly"]),
        ("mice", "NNS", ["children", "information", "mothers-in-law"]),
        ("film", "NN", ["Oscar"]),
        ("horses", "NNS", []),
    ],
)
def test_substitutes(word, tag, expected):
    assert substitutes(word, tag, synonyms) == expected


@pytest.mark.parametrize("answer", ["movie", None, 3, [1], ["movie", None]])
def test_wrong_synonyms(answer):
    with pytest.raises(TypeError, match="synonyms must return an iterable of str"):
        substitutes("film", "NN", lambda lemma, tag: answer)


def test_wordnet_knows_irregular_forms(tmp_path):
    senses, synsets = tmp_path / "senses", tmp_path / "synsets"
    senses.write_text("blorb\tn\t1-n\tblorbim\t\n")
    synsets.write_text("1-n\tn\tblorb|child\t\t\n")
    path = tmp_path / "wordnet.npz"
    main([str(senses), str(synsets), "-o", str(path)])
    found = WordNetSynonyms(path=path)
    assert substitutes("Blorbim", "NNS", found) == ["Children"]
    assert substitutes("blorbs", "NNS", found) == ["children"]


A = [
    "film", "big", "user", "usual", "European", "euro", "one", "once", "one-off",
    "unit", "union", "unique", "university", "unilateral", "useful", "USA", "U.S.",
    "u.s.", "UFO", "utopia", "uranium", "ubiquitous", "ewe", "heroine", "hot",
    "NATO", "GREAT", "yellow", "7", "110", "1st", "9/11", "year", '"film',
    "-touching", "unidirectional", "BBC", "u", "k",
]  # fmt: skip
AN = [
    "apple", "eye", "idea", "old", "ugly", "umbrella", "hour", "honest", "honour",
    "heir", "heiress", "unimportant", "uncle", "uninteresting", "unidentified",
    "urban", "utter", "usher", "onerous", "FBI", "f.b.i.", "MRI", "HTML", "NGO",
    "8", "80s", "18th", "11", "8-year", '"apple', "(honest)", "x", "x-ray", "a",
    "éclair",
]  # fmt: skip


@pytest.mark.parametrize("word", A)
def test_a(word):
    assert indefinite_article(word) == "a"


@pytest.mark.parametrize("word", AN)
def test_an(word):
    assert indefinite_article(word) == "an"


@pytest.mark.parametrize("word", ["", "--", "..."])
def test_article_before_no_word(word):
    assert indefinite_article(word) == "a"

"""Words of every script, and analyzers of the user's."""

import pytest
from sklearn.feature_extraction.text import CountVectorizer

from sklearn_ext._core._analyzer import resolve_analyzer, word_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Oil prices: don't re-rise", ["oil", "prices", "don", "re", "rise"]),
        ("a 2x x_y B2B <b>bold</b>", ["bold"]),
        ("a" * 40 + " " + "b" * 41 + " cc", ["a" * 40, "cc"]),
        ("é" * 40 + " " + "é" * 41, ["e" * 40]),
        ("\u2f00\u2f01", []),  # radicals are symbols
        ("Éléphant, naïve café", ["elephant", "naive", "cafe"]),
        ("İstanbul Straße ﬁn", ["istanbul", "straße", "ﬁn"]),
        ("Ἀθῆναι", ["αθηναι"]),
        ("Чайка й Ёлка", ["чайка", "ёлка"]),
        ("\u0438\u0306е", ["йе"]),  # decomposed, but no accent
        ("العَرَبِيَّة لغة", ["العَرَبِيَّة", "لغة"]),
        ("שָׁלוֹם עולם", ["שָׁלוֹם", "עולם"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("தமிழ் மொழி", ["தமிழ்", "மொழி"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("北京大学 我", ["北京", "京大", "大学", "我"]),
        (
            "カタカナと東京tower",
            ["カタ", "タカ", "カナ", "ナと", "と東", "東京", "tower"],
        ),
        ("ภาษาไทย", ["ภา", "าษ", "ษา", "าไ", "ไท", "ทย"]),
        ("กี่", ["กี่"]),  # one letter with two marks
        ("don\u2019t \u201cquote\u201d", ["don", "quote"]),
        ("x² Ⅷ ٣٤", []),
        ("", []),
        (" \n\u3000", []),
    ],
)
def test_words(text, tokens):
    assert word_tokens(text) == tokens


def test_a_word_needs_two_letters_without_their_marks():
    assert word_tokens("q\u0323 s\u0323\u0307s") == ["ss"]
    assert word_tokens("नी") == []


def test_analyzers():
    assert resolve_analyzer("word") is word_tokens
    bigrams = resolve_analyzer(CountVectorizer(ngram_range=(2, 2)))
    assert bigrams("The cat sat") == ["the cat", "cat sat"]
    assert resolve_analyzer(lambda text: iter(text.split()))("a b") == ["a", "b"]
    assert resolve_analyzer(list)("ab") == ["a", "b"]


@pytest.mark.parametrize(
    ("analyzer", "message"),
    [
        ("words", "analyzer must be 'word'"),
        (None, "analyzer must be 'word'"),
        (CountVectorizer, "analyzer must be 'word'"),
        (lambda text: text, "must return a list of str .* returned 'a b'"),
        (lambda text: 3, "returned 3"),
        (lambda text: [b"a"], r"one token is b'a' \(bytes\)"),
        (lambda text: [1], r"one token is 1 \(int\)"),
    ],
)
def test_no_analyzers(analyzer, message):
    with pytest.raises(TypeError, match=message):
        resolve_analyzer(analyzer)("a b")

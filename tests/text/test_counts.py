"""Vocabulary and counts against scikit-learn's and against dictionaries."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from sklearn_ext._core._analyzer import resolve_analyzer, word_tokens
from sklearn_ext.text import _counts, _kernels_counts
from sklearn_ext.text._counts import count_known_words, count_words
from tests.text._corpus import made_corpus

# Letters of which words collide often, borders, a long run, other scripts, marks.
PIECES = [
    *"abzAZ@[`{ 09_\n\t-'",
    *("é", "e\u0301", "ß", "İ", "K", "Å", "Σ", "й", "и\u0306", "ж", "\u0338", "=", "’"),
    *("語", "日本", "ไทย", "ก็", "हिन्दी", "\u00a0", "\u2028", "\ud800", "\x85"),
    *("x" * 39, "the ", "The", "naïve", "the"),
]


def naive_rows(texts, analyze, index):
    """Rows of counts as dictionaries from word number to count."""
    return [
        dict(Counter(index[t] for t in analyze(text) if t in index)) for text in texts
    ]


def as_rows(counts):
    """The rows of counts as dictionaries; their words must ascend."""
    rows = []
    for a, b in zip(counts.indptr[:-1], counts.indptr[1:], strict=True):
        words = counts.words[a:b]
        assert (np.diff(words) > 0).all()
        rows.append(dict(zip(words.tolist(), counts.counts[a:b].tolist(), strict=True)))
    return rows


def same(counts, others):
    return all(np.array_equal(a, b) for a, b in zip(counts, others, strict=True))


@settings(derandomize=True, deadline=None, max_examples=300)
@given(texts=st.lists(st.lists(st.sampled_from(PIECES)).map("".join), min_size=1))
@example(texts=["", " ", "a", "ab", "a b", "Ab aB" * 30])
@example(texts=["x" * 40, "x" * 41, "é" * 40, "é" * 41, "x" * 40 + "é"])
def test_the_kernel_cuts_the_words_of_the_analyzer(texts):
    words = sorted({word for text in texts for word in word_tokens(text)})
    index = {word: i for i, word in enumerate(words)}
    found = as_rows(count_known_words(texts, word_tokens, index))
    assert found == naive_rows(texts, word_tokens, index)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(texts=st.lists(st.text(), min_size=1, max_size=5))
def test_any_text_gives_the_tokens_of_the_analyzer(texts):
    tokens = [token for text in texts for token in word_tokens(text)]
    if not tokens:
        with pytest.raises(ValueError, match="analyzer finds no token"):
            count_words(texts, word_tokens, 1, 1.0)
        return
    counts, vocabulary = count_words(texts, word_tokens, 1, 1.0)
    assert set(vocabulary.index) == set(tokens)
    assert as_rows(counts) == naive_rows(texts, word_tokens, vocabulary.index)


ANALYZERS = {
    "word": "word",
    "split": str.split,
    "pairs": CountVectorizer(ngram_range=(1, 2), stop_words=["baba"]),
    "characters": CountVectorizer(analyzer="char_wb", ngram_range=(2, 3)),
}


@pytest.mark.parametrize("analyzer", ANALYZERS.values(), ids=list(ANALYZERS))
@pytest.mark.parametrize(
    ("min_df", "max_df"), [(1, 1.0), (5, 0.5), (0.02, 60), (3, 100), (0.1, 0.3)]
)
def test_counts_are_those_of_count_vectorizer(analyzer, min_df, max_df):
    texts = made_corpus(sizes=(40, 40, 40, 40))[0]
    analyze = resolve_analyzer(analyzer)
    peer = CountVectorizer(analyzer=analyze, min_df=min_df, max_df=max_df)
    expected = peer.fit_transform(texts)
    counts, vocabulary = count_words(texts, analyze, min_df, max_df)

    names = list(vocabulary.index)
    assert sorted(names) == peer.get_feature_names_out().tolist()
    frequency = np.asarray((expected > 0).sum(axis=0)).ravel()
    frequency = dict(zip(peer.get_feature_names_out(), frequency, strict=True))
    assert names == sorted(names, key=lambda name: (-frequency[name], name))
    assert vocabulary.frequency.tolist() == [frequency[name] for name in names]
    assert list(vocabulary.index.values()) == list(range(len(names)))
    dense = np.zeros((len(texts), len(names)))
    for row, entries in zip(dense, as_rows(counts), strict=True):
        row[list(entries)] = list(entries.values())
    columns = [peer.vocabulary_[name] for name in names]
    np.testing.assert_array_equal(dense, expected.toarray()[:, columns])
    assert same(count_known_words(texts, analyze, vocabulary.index), counts)


@pytest.mark.parametrize("analyze", [word_tokens, str.split])
@pytest.mark.parametrize("size", [1, 300, 1000])
def test_the_size_of_blocks_changes_nothing(analyze, size, monkeypatch):
    texts = made_corpus(sizes=(20, 20))[0]
    texts = ["", *texts[:20], "café " * 30, *texts[20:], " ", ""]
    counts, vocabulary = count_words(texts, analyze, 2, 0.9)
    monkeypatch.setattr(_counts, "BLOCK", size)
    again, same_vocabulary = count_words(texts, analyze, 2, 0.9)
    assert same(again, counts)
    assert list(same_vocabulary.index) == list(vocabulary.index)
    assert same_vocabulary.frequency.tolist() == vocabulary.frequency.tolist()
    assert same_vocabulary.n_documents == vocabulary.n_documents == 41


def test_many_words_find_their_places():
    """So many that they share slots of the table; each has a frequency of its own."""
    rng = np.random.default_rng(0)
    letters = np.array(list("abc"))
    words = sorted({"".join(rng.choice(letters, 9)) for _ in range(3000)})
    texts = [" ".join(words[i:] + words[:i] + words[: i // 2]) for i in (0, 700, 2000)]
    counts, vocabulary = count_words(texts, word_tokens, 1, 1.0)
    assert set(vocabulary.index) == set(words)
    assert as_rows(counts) == naive_rows(texts, str.split, vocabulary.index)


def test_blank_documents_are_no_documents():
    texts = made_corpus(sizes=(20, 20))[0]
    counts, vocabulary = count_words(texts, word_tokens, 0.05, 0.5)
    mixed = ["", " \n", *texts[:7], "12 :-)", *texts[7:], ""]
    with_blank, same_vocabulary = count_words(mixed, word_tokens, 0.05, 0.5)
    assert same_vocabulary.index == vocabulary.index
    assert same_vocabulary.n_documents == vocabulary.n_documents == 40
    assert same(with_blank[1:], counts[1:])
    sizes = np.diff(with_blank.indptr)
    assert (sizes == 0).nonzero()[0].tolist() == [0, 1, 9, 43]


def test_a_word_left_out_says_why():
    texts = ["one two two", "one three two", "one two", "one four\x1ffive"]
    vocabulary = count_words(texts, str.split, 2, 3)[1]
    assert list(vocabulary.index) == ["two"]
    too_many = "in more than max_df of the documents"
    too_few = "in fewer than min_df documents"
    assert vocabulary.left_out("one") == (4, too_many)
    assert vocabulary.left_out("three") == (1, too_few)
    assert vocabulary.left_out("thr") == (0, "unknown")
    assert vocabulary.left_out("") == (0, "unknown")
    assert vocabulary.left_out("six") == (0, "unknown")


def test_every_word_left_out_is_explained():
    texts = made_corpus()[0]
    frequency = Counter(word for text in texts for word in set(text.split()))
    vocabulary = count_words(texts, word_tokens, 40, 0.3)[1]
    assert 0 < len(vocabulary.index) < len(frequency)
    for word, n in frequency.items():
        if word in vocabulary.index:
            assert 40 <= n <= 240
        else:
            few = n < 40
            reason = vocabulary.left_out(word)
            assert reason[0] == n
            assert ("fewer than min_df" in reason[1]) == few
            assert ("more than max_df" in reason[1]) == (n > 240) != few


@pytest.mark.parametrize(
    ("texts", "min_df", "max_df", "message"),
    [
        (["a1", " ", ""], 1, 1.0, "all 3 documents are empty: analyzer"),
        (["one two", "two six"], 5, 0.5, r"min_df=5 is more than max_df=0.5: of 2"),
        (["one two", "two six"], 2, 1, r"min_df=2 is more than max_df=1: of 2"),
        (["one two", "one two"], 1, 0.5, r"min_df=1 and at most max_df=0.5 of n=2"),
        (["one two", "six", ""], 2, 1.0, r"min_df=2 and at most max_df=1.0 of n=2"),
    ],
)
def test_a_vocabulary_without_words_is_an_error(texts, min_df, max_df, message):
    with pytest.raises(ValueError, match=message):
        count_words(texts, word_tokens, min_df, max_df)


def test_digests_tell_rows_apart_by_content_alone():
    rows = [{0: 1}, {0: 2}, {1: 1}, {}, {0: 1, 1: 1}, {0: 1}, {0: 1, 1: 2}, {1: 2}]
    indptr = np.cumsum([0, *map(len, rows)])
    words = np.array([word for row in rows for word in row], np.int32)
    counts = np.array([n for row in rows for n in row.values()], np.float32)
    digests = np.empty(len(rows), np.uint64)
    _kernels_counts.digest_rows(indptr, words, counts, digests)
    assert digests[0] == digests[5]
    assert len(set(digests.tolist())) == len(rows) - 1


def test_each_kernel_has_one_signature(compiled):
    texts = made_corpus(sizes=(20, 20))[0]
    for analyze in (word_tokens, str.split):
        _, vocabulary = count_words(texts, analyze, 2, 0.9)
        count_known_words(texts, analyze, vocabulary.index)
        count_known_words([""], analyze, vocabulary.index)
    for name in ("add_document_frequency", "count_rows", "cut_words"):
        assert len(getattr(_kernels_counts, name).signatures) == 1

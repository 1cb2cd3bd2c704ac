"""Texts to a vocabulary and to rows of counts, in one pass over the documents.

Words become numbers at once, so that no list of lists of str ever exists. For the
default analyzer the words of ASCII texts are cut by a kernel.
"""

import numbers
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise, repeat
from typing import NamedTuple

import numpy as np

from sklearn_ext._core._analyzer import LONGEST, SHORTEST, word_tokens
from sklearn_ext._core._arrays import plain_array

__all__ = ["Counts", "Vocabulary", "count_known_words", "count_words"]

# Characters that are worked on together: enough to make each block's overhead small,
# few enough that its copies are nothing beside the counts.
BLOCK = 1 << 21
SEPARATOR = "\x1f"
ABSENT = -1

Numbers = Callable[[list[str]], Iterable[int]]


class Counts(NamedTuple):
    """Rows of counts, the words of a row in ascending order; float32 holds them.

    indptr : int64 (n + 1,). words : int32 (nnz,). counts : float32 (nnz,).
    """

    indptr: np.ndarray
    words: np.ndarray
    counts: np.ndarray


class Vocabulary(NamedTuple):
    """The words in use, the most frequent first, equally frequent ones by code points.

    Of the words left out the frequent ones, which are few, stay a dictionary; the rare
    ones, which are most words of a corpus, stay one string for each frequency.
    """

    index: dict[str, int]
    frequency: np.ndarray  # documents that hold the word, int64 (V,)
    n_documents: int  # documents with a token
    too_frequent: dict[str, int]
    too_rare: dict[int, str]

    def left_out(self, word: str) -> tuple[int, str]:
        """Return in how many documents a word outside is, and why it is outside."""
        if word in self.too_frequent:
            reason = "in more than max_df of the documents"
            return self.too_frequent[word], reason
        for frequency, words in self.too_rare.items():
            if f"{SEPARATOR}{word}{SEPARATOR}" in words:
                return frequency, "in fewer than min_df documents"
        return 0, "unknown"

    def find(self, tokens: tuple[str, ...]) -> tuple[list[int], int, str | None]:
        """Return the rows of a phrase's known words, its frequency, and why none is.

        The frequency is that of its rarest known word; if none is known, that of the
        most frequent one.
        """
        rows = [self.index[word] for word in tokens if word in self.index]
        if rows:
            return rows, int(self.frequency[rows].min()), None
        if tokens:
            return rows, *max(map(self.left_out, tokens))
        return rows, 0, "no token left"


def _blocks(texts: list[str]) -> Iterator[list[str]]:
    """Cut documents into lists of about `BLOCK` characters."""
    ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
    inner = np.flatnonzero(np.diff(ends // BLOCK)) + 1
    for a, b in pairwise([0, *inner.tolist(), len(texts)]):
        yield texts[a:b]


class _Tokens(dict):
    """The tokens of a piece of text, joined by spaces; equal pieces are cut once."""

    def __missing__(self, piece: str) -> str:
        """Cut a piece that is not ASCII."""
        tokens = self[piece] = " ".join(word_tokens(piece))
        return tokens


def _with_plain_borders(text: str, tokens: _Tokens) -> bytes:
    """Return a text in lower case, all its words between bytes that are no letters.

    What stands between white space is looked at by itself: no mark joins with it, and
    most of it is ASCII even in a text that is not.
    """
    text = text.lower()
    if not text.isascii():
        pieces = [p if p.isascii() else tokens[p] for p in text.split()]
        text = " ".join(pieces)
    return text.encode()


def _word_stream(texts: list[str], number: Numbers) -> tuple[np.ndarray, np.ndarray]:
    """Return what :func:`_token_stream` does for `word_tokens` as the analyzer."""
    from ._kernels_counts import cut_words

    tokens = _Tokens()
    parts = [_with_plain_borders(text, tokens) for text in texts]
    ends = np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)))
    data = b"".join(parts)
    # Each word but a document's last one has a byte behind it.
    room = (len(data) + len(parts)) // (SHORTEST + 1)
    stream = np.empty(room, np.int32)
    firsts, lasts = np.empty(room, np.int32), np.empty(room, np.int32)
    lengths = np.empty(len(parts), np.int64)
    n_distinct = cut_words(
        plain_array(np.frombuffer(data, np.uint8)),
        ends,
        SHORTEST,
        LONGEST,
        stream,
        lengths,
        firsts,
        lasts,
    )
    text = data.decode("latin-1")  # one character per byte: the places stay right
    places = zip(firsts[:n_distinct].tolist(), lasts[:n_distinct].tolist(), strict=True)
    words = [text[a:b] for a, b in places]
    if not text.isascii():
        words = [
            word if word.isascii() else word.encode("latin-1").decode()
            for word in words
        ]
    known = np.fromiter(number(words), np.int32, n_distinct)
    return known[stream[: lengths.sum()]], lengths


def _token_stream(
    texts: list[str], number: Numbers, analyze: Callable[[str], list[str]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the tokens of some documents, and each one's length."""
    stream = array("i")
    lengths = np.empty(len(texts), np.int64)
    for i, text in enumerate(texts):
        tokens = analyze(text)
        lengths[i] = len(tokens)
        stream.extend(number(tokens))
    return np.array(stream, np.int32), lengths


def _streams(
    texts: list[str], number: Numbers, analyze: Callable[[str], list[str]]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the numbers of all tokens of all documents, block by block."""
    for block in _blocks(texts):
        if analyze is word_tokens:
            yield _word_stream(block, number)
        else:
            yield _token_stream(block, number, analyze)


def _count(streams: Iterable[tuple[np.ndarray, np.ndarray]], n_words: int) -> Counts:
    """Return rows of counts; word numbers below 0 do not count."""
    from ._kernels_counts import count_rows

    tally = np.zeros(n_words, np.int64)
    words, counts, sizes = [], [], [np.zeros(1, np.int64)]
    for stream, lengths in streams:
        count = np.empty(len(stream), np.float32)
        size = np.empty(len(lengths), np.int64)
        total = count_rows(stream, lengths, tally, count, size)
        words.append(stream[:total].copy())
        counts.append(count[:total].copy())
        sizes.append(size)
    indptr = np.cumsum(np.concatenate(sizes))
    return Counts(indptr, np.concatenate(words), np.concatenate(counts))


def count_known_words(
    texts: list[str], analyze: Callable[[str], list[str]], index: dict[str, int]
) -> Counts:
    """Count the words of a vocabulary in documents; other words do not matter."""

    def number(tokens):
        return map(index.get, tokens, repeat(ABSENT))

    return _count(_streams(texts, number, analyze), len(index))


def _bounds(min_df: float, max_df: float | None, n: int) -> tuple[float, float]:
    """Return the smallest and the largest number of documents of a word in use."""
    low = min_df if isinstance(min_df, numbers.Integral) else min_df * n
    if max_df is None:
        return low, n
    return low, max_df if isinstance(max_df, numbers.Integral) else max_df * n


def _order(names: list[str], frequency: np.ndarray) -> np.ndarray:
    """Return the words' order: document frequency descending, then code points."""
    by_name = np.array(sorted(range(len(names)), key=names.__getitem__), np.int64)
    return by_name[np.argsort(-frequency[by_name], kind="stable")]


def _prune(
    words: list[str],
    frequency: np.ndarray,
    n: int,
    min_df: float,
    max_df: float | None,
) -> tuple[Vocabulary, np.ndarray]:
    """Return the vocabulary and the place of each word in it, -1 where it has none."""
    low, high = _bounds(min_df, max_df, n)
    has_most = max_df is not None
    remedy = "Lower min_df to 1 or 2 for some dozens of documents" + (
        ", or raise max_df." if has_most else "."
    )
    if has_most and low > high:
        raise ValueError(
            f"min_df={min_df!r} is more than max_df={max_df!r}: of {n} documents with "
            f"a token they ask for at least {low:g} and at most {high:g}. {remedy}"
        )
    kept = np.flatnonzero((frequency >= low) & (frequency <= high))
    if not len(kept):
        raise ValueError(
            f"no word is in at least min_df={min_df!r}"
            + (f" and at most max_df={max_df!r}" if has_most else "")
            + f" of n={n} documents with a token: the {len(words)} words are in "
            f"{frequency.min()} to {frequency.max()} documents each. {remedy}"
        )
    names = [words[i] for i in kept.tolist()]
    order = _order(names, frequency[kept])
    rank = np.full(len(words), ABSENT, np.int32)
    rank[kept[order]] = np.arange(len(kept), dtype=np.int32)
    index = {names[i]: place for place, i in enumerate(order.tolist())}

    frequent = np.flatnonzero(frequency > high).tolist()
    rare = np.flatnonzero(frequency < low)
    rare = rare[np.argsort(frequency[rare], kind="stable")]
    levels, firsts = np.unique(frequency[rare], return_index=True)
    edges = [*firsts.tolist(), len(rare)]
    too_rare = {
        level: SEPARATOR.join(["", *(words[i] for i in rare[a:b].tolist()), ""])
        for level, (a, b) in zip(levels.tolist(), pairwise(edges), strict=True)
    }
    too_frequent = {words[i]: int(frequency[i]) for i in frequent}
    return (
        Vocabulary(index, frequency[kept[order]], n, too_frequent, too_rare),
        rank,
    )


def count_words(
    texts: list[str],
    analyze: Callable[[str], list[str]],
    min_df: float,
    max_df: float | None,
) -> tuple[Counts, Vocabulary]:
    """Find the vocabulary of documents and count it.

    Parameters
    ----------
    texts : list of str
    analyze : callable from str to list of str
    min_df, max_df : int or float
        Bounds of a word's document frequency: documents, or a share of those documents
        that have a token. None as `max_df` is no bound.

    Raises
    ------
    ValueError
        If no document has a token, or no word is left.
    """
    from ._kernels_counts import add_document_frequency

    known: defaultdict[str, int] = defaultdict()
    known.default_factory = known.__len__  # a new word gets the next number
    streams = []
    seen, frequency = np.empty(0, np.int64), np.empty(0, np.int64)
    row = 0

    def number(tokens):
        return map(known.__getitem__, tokens)

    for stream, lengths in _streams(texts, number, analyze):
        more = len(known) - len(seen)
        if more:
            seen = np.append(seen, np.full(more, ABSENT))
            frequency = np.append(frequency, np.zeros(more, np.int64))
        add_document_frequency(stream, lengths, seen, row, frequency)
        row += len(lengths)
        streams.append((stream, lengths))
    known.default_factory = None
    n = sum(np.count_nonzero(lengths) for _, lengths in streams)
    if not n:
        raise ValueError(
            f"all {len(texts)} documents are empty: analyzer finds no token in any of "
            f"them. Give texts with words, or an analyzer for what they hold."
        )
    vocabulary, rank = _prune(list(known), frequency, n, min_df, max_df)
    known.clear()
    streams.reverse()

    def renumbered():
        while streams:  # each block is let go once it is counted
            stream, lengths = streams.pop()
            yield rank[stream], lengths

    return _count(renumbered(), len(vocabulary.index)), vocabulary

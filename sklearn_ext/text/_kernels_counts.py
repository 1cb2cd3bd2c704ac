"""Kernels from bytes to words and from streams of word numbers to rows of counts.

A row is a document. Rows are worked on one at a time, so none depends on another.
"""

import numpy as np

from sklearn_ext._core._numba import jit

__all__ = ["add_document_frequency", "count_rows", "cut_words", "digest_rows"]

# FNV-1a of 64 bits, and the finalizer of splitmix64.
OFFSET = np.uint64(0xCBF29CE484222325)
PRIME = np.uint64(0x100000001B3)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)
S27, S30, S31, S32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)
LOWEST, HIGHEST, ASCII = ord("a"), ord("z"), 128


@jit
def cut_words(data, ends, shortest, longest, stream, lengths, firsts, lasts):
    """Give words numbers by their first occurrence; return how many differ.

    data uint8: the documents in lower-case UTF-8, one behind the other; ends int64:
    where each ends. A word is a run of a to z with `shortest` to `longest` letters, or
    a run that has bytes beyond ASCII, of any length from `shortest` on. Written are
    stream int32: the word numbers; lengths int64: words of each document; firsts and
    lasts int32: where the distinct words lie in `data`. All must be large enough.
    """
    size = 16
    while 2 * size < 3 * len(stream):
        size *= 2
    mask = np.uint64(size - 1)
    table = np.full(size, -1, np.int32)
    hashes = np.empty(len(stream), np.uint64)
    n_words = 0
    n_distinct = 0
    i = 0
    for row in range(len(ends)):
        end = ends[row]
        before = n_words
        while i < end:
            c = data[i]
            if c < LOWEST or (c > HIGHEST and c < ASCII):
                i += 1
                continue
            first = i
            largest = c
            h = OFFSET
            while i < end:
                c = data[i]
                if c < LOWEST or (c > HIGHEST and c < ASCII):
                    break
                h = (h ^ np.uint64(c)) * PRIME
                largest = max(largest, c)
                i += 1
            length = i - first
            if length < shortest or (length > longest and largest < ASCII):
                continue
            slot = (h ^ (h >> S32)) & mask
            word = table[slot]
            while word >= 0:
                start = firsts[word]
                if hashes[word] == h and lasts[word] - start == length:
                    k = 0
                    while k < length and data[start + k] == data[first + k]:
                        k += 1
                    if k == length:
                        break
                slot = (slot + np.uint64(1)) & mask
                word = table[slot]
            if word < 0:
                word = n_distinct
                table[slot] = word
                hashes[word] = h
                firsts[word] = first
                lasts[word] = i
                n_distinct += 1
            stream[n_words] = word
            n_words += 1
        lengths[row] = n_words - before
    return n_distinct


@jit
def add_document_frequency(stream, lengths, seen, first_row, frequency):
    """Add to frequency[w] int64 the number of rows that hold word w.

    stream int32: word numbers, row after row; lengths int64: words of each row; seen
    int64: the last row that word w was seen in, rows being counted from `first_row`.
    """
    i = 0
    for row in range(len(lengths)):
        for _ in range(lengths[row]):
            word = stream[i]
            if seen[word] != first_row + row:
                seen[word] = first_row + row
                frequency[word] += 1
            i += 1


@jit
def count_rows(stream, lengths, tally, counts, sizes):
    """Turn a stream of word numbers into rows of counts, in place; return the total.

    stream int32: word numbers, row after row, those below 0 unknown; lengths int64:
    words of each row; tally int64: a zero for each word, also afterwards. In the end
    the first entries of `stream` hold each row's distinct known words in ascending
    order, counts float32 how often each occurs, sizes int64 how many each row has.
    """
    start = 0
    total = 0
    for row in range(len(lengths)):
        stop = start + lengths[row]
        before = total
        for i in range(start, stop):
            word = stream[i]
            if word >= 0:
                if tally[word] == 0:
                    stream[total] = word
                    total += 1
                tally[word] += 1
        stream[before:total].sort()
        for i in range(before, total):
            word = stream[i]
            counts[i] = tally[word]
            tally[word] = 0
        sizes[row] = total - before
        start = stop
    return total


@jit
def _mix(z):
    """Return a full-strength hash of a uint64."""
    z = (z ^ (z >> S30)) * FIRST
    z = (z ^ (z >> S27)) * SECOND
    return z ^ (z >> S31)


@jit
def digest_rows(indptr, words, counts, digests):
    """Write to digests uint64 a number that depends on a row's words and counts alone.

    indptr int64, words int32, counts float32: rows in the order of their words.
    """
    for row in range(len(digests)):
        h = OFFSET
        for i in range(indptr[row], indptr[row + 1]):
            h = _mix(h + np.uint64(words[i]))
            h = _mix(h + np.uint64(counts[i]))
        digests[row] = h

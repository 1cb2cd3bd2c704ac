"""Words that are spelt nearly as others."""

from difflib import SequenceMatcher

import numpy as np

from ._label_vectors import ranked

__all__ = ["suggestions"]

SIMILAR = 0.6  # the cutoff of difflib.get_close_matches
N_COMPARED = 200
N_BUCKETS = 64


def _letter_counts(words):
    """Return how often each letter is in each word, letters in a few buckets."""
    letters = np.frombuffer("".join(words).encode("utf-32-le", "surrogatepass"), "<u4")
    owner = np.repeat(np.arange(len(words)), [len(word) for word in words])
    place = owner * N_BUCKETS + letters % N_BUCKETS
    counts = np.bincount(place, minlength=len(words) * N_BUCKETS)
    return np.minimum(counts, 255).astype(np.uint8).reshape(-1, N_BUCKETS)


def suggestions(wanted, words, n=3):
    """Return the words of nearest spelling for each of many sets of tokens.

    Parameters
    ----------
    wanted : list of collections of str
        For each, the `n` words most similar to any of its tokens are returned.
    words : list of str
        Of equally similar ones the first comes first.
    n : int, default=3
        The most words for each.

    Notes
    -----
    The measure is the ratio of :class:`difflib.SequenceMatcher`. It is slow, so only
    the 200 words that share most letters with a token are compared.
    """
    if not words or not wanted:
        return [[] for _ in wanted]
    counts = _letter_counts(words)
    lengths = counts.sum(axis=1, dtype=np.int64)
    found = []
    for tokens in wanted:
        ratios: dict[int, float] = {}
        for token in tokens:
            (letters,) = _letter_counts([token])
            shared = np.minimum(counts, letters).sum(axis=1, dtype=np.int64)
            bound = 2.0 * shared / (lengths + len(token))  # no ratio is larger
            matcher = SequenceMatcher(b=token)
            for row in ranked(bound, N_COMPARED).tolist():
                if bound[row] < SIMILAR:
                    break
                matcher.set_seq1(words[row])
                ratio = matcher.ratio()
                if ratio >= SIMILAR:
                    ratios[row] = max(ratio, ratios.get(row, 0.0))
        best = sorted(ratios, key=lambda row: (-ratios[row], row))[:n]
        found.append([words[row] for row in best])
    return found

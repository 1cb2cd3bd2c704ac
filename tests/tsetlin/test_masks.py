"""Bernoulli masks of the compiled kernel: = the definition, and their statistics."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ext.tsetlin import _random
from tests.tsetlin import _naive

POSITIONS, CLAUSES, WORDS = 50, 20, 16  # 1,024,000 bits
SPECIFICITIES = [1, 1.5, 3.9, 10, 27, 200]


def masks(event, chance, n_words):
    """Return the masks of literal words 0, 1, ... of an event."""
    from sklearn_ext.tsetlin._kernels import bernoulli_words

    out = np.zeros(n_words, np.uint64)
    bernoulli_words(np.uint64(event), chance, out)
    return out


def many_bits(specificity):
    """Return the bits of the masks of many events: position, clause, word, bit."""
    chance = _random.inclusion_chance(specificity)
    root = _random.key(5, _random.FEEDBACK, 0, 0)
    positions = _random.draw(root, np.arange(POSITIONS))
    words = np.array(
        [
            [masks(event, chance, WORDS) for event in _random.draw(h, range(CLAUSES))]
            for h in positions
        ]
    )
    octets = words.astype("<u8").view(np.uint8)
    bits = np.unpackbits(octets, axis=-1, bitorder="little")
    return bits.reshape(POSITIONS, CLAUSES, WORDS, 64)


def test_golden_masks():
    event = _naive.key(42, _naive.FEEDBACK, 0, 1, 2, 3)
    words = masks(event, _random.inclusion_chance(10), 2)
    assert [f"{word:016x}" for word in words] == [
        "0000000000010002",
        "0010060001210104",
    ]


def test_specificity_one_takes_every_bit():
    assert (masks(1, 2**24, 3) == np.uint64(2**64 - 1)).all()


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.integers(0, 2**64 - 1), st.integers(1, 2**24), st.integers(1, 20))
def test_masks_equal_their_definition(event, chance, n_words):
    words = masks(event, chance, n_words)
    for w in {0, n_words // 2, n_words - 1}:
        bits = [_naive.mask_bit(event, w, i, chance) for i in range(64)]
        assert int(words[w]) == sum(bit << i for i, bit in enumerate(bits))


@pytest.mark.parametrize("specificity", SPECIFICITIES)
def test_masks_are_bernoulli(compiled, specificity):
    """Mean 1/s, and no correlation between bits that a bad hash would tie together."""
    bits = many_bits(specificity)
    share = 1 / specificity
    allowed = 4 * math.sqrt(share * (1 - share) / bits.size)
    assert abs(bits.mean() - share) <= allowed
    if specificity == 1:
        return
    for axis in range(4):  # neighbouring positions, clauses, words and bits
        n = bits.shape[axis]
        one = np.take(bits, range(n - 1), axis).ravel().astype(np.float32)
        other = np.take(bits, range(1, n), axis).ravel().astype(np.float32)
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.005

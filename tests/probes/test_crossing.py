"""Where one of two learning curves overtakes the other, and which one to take."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ext.probes._crossing import find_crossing, recommend

SIZES = np.array([20, 80, 320, 1280])


def rng(seed=0):
    return np.random.RandomState(seed)


def crossing_by_definition(sizes, a, b):
    """The crossing of two lists of mean scores, infinity if there is none.

    From the last to the first size: the second is ahead at all sizes from `start` on.
    """
    start = len(sizes)
    while start > 0 and b[start - 1] >= a[start - 1]:
        start -= 1
    if start in (0, len(sizes)):
        return np.inf
    before, after = b[start - 1] - a[start - 1], b[start] - a[start]
    share = float(Fraction(-before) / Fraction(after - before))
    return sizes[start - 1] * (sizes[start] / sizes[start - 1]) ** share


@pytest.mark.parametrize(
    ("first", "second", "size"),
    [
        ([0.5, 0.6, 0.6, 0.6], [0.3, 0.4, 0.8, 0.9], 160),  # once, halfway
        ([0.5, 0.6, 0.6, 0.6], [0.3, 0.4, 0.6, 0.9], 320),  # by a tie
        ([0.5, 0.6, 0.6, 0.6], [0.3, 0.5, 0.9, 0.9], 80 * 4**0.25),
        ([0.5, 0.6, 0.6, 0.6], [0.3, 0.4, 0.5, 0.6], 1280),  # at the last size
        ([0.5, 0.6, 0.7, 0.8], [0.4, 0.8, 0.6, 0.9], 640),  # twice: the last one
        ([0.5, 0.6, 0.7, 0.8], [0.5, 0.6, 0.7, 0.8], None),  # the same
        ([0.5, 0.6, 0.7, 0.8], [0.6, 0.7, 0.8, 0.9], None),  # always ahead
        ([0.5, 0.6, 0.7, 0.8], [0.4, 0.5, 0.6, 0.7], None),  # never ahead
        ([0.5, 0.6, 0.7, 0.8], [0.4, 0.7, 0.8, 0.7], None),  # not for good
        ([0.5, 0.6, 0.7, 0.8], [0.6, 0.5, 0.6, 0.7], None),  # overtaken
    ],
)
def test_crossings_of_single_scores(first, second, size):
    a, b = np.array(first)[:, np.newaxis], np.array(second)[:, np.newaxis]
    found = find_crossing(SIZES, a, b, rng())
    if size is None:
        assert found is None
    else:
        assert found.size == pytest.approx(size, rel=1e-9)
        assert found.low == found.high == found.size


def test_equal_scores_in_another_order_tie():
    first = np.array([[0.9, 0.1, 0.7], [0.1, 0.2, 0.3], [0.7, 0.1, 0.6]])
    second = np.array([[0.1, 0.1, 0.1], [0.3, 0.2, 0.1], [0.6, 0.7, 0.1]])
    assert not (second.mean(axis=1) >= first.mean(axis=1)).all()  # last bits
    assert find_crossing(SIZES[:3], first, second, rng()).size == pytest.approx(80)
    same = {"one": first[1:], "other": second[1:]}
    assert recommend(same).tolist() == ["one", "one"]
    assert recommend(dict(reversed(same.items()))).tolist() == ["other", "other"]


tables = st.integers(2, 6).flatmap(
    lambda n: st.tuples(
        *[st.lists(st.integers(0, 4), min_size=n, max_size=n) for _ in range(2)]
    )
)


@given(tables)
@settings(deadline=None, derandomize=True)
def test_crossings_are_those_of_the_definition(scores):
    a, b = scores
    sizes = np.array([20, 33, 57, 141, 500, 800])[: len(a)]
    expected = crossing_by_definition(sizes, a, b)
    columns = [np.array(each, dtype=float)[:, np.newaxis] for each in scores]
    found = find_crossing(sizes, *columns, rng())
    assert (np.inf if found is None else found.size) == pytest.approx(expected)


def percentile_by_hand(values, share):
    """Linear interpolation between the two values next to a share of the way."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low, high = ordered[int(place)], ordered[min(int(place) + 1, len(ordered) - 1)]
    if place == int(place) or low == high:
        return low
    return low + (place - int(place)) * (high - low)


@pytest.mark.parametrize(("seed", "shift"), [(0, 0.0), (5, 0.05), (2, 0.07)])
def test_the_interval_is_that_of_a_loop_over_resamples(seed, shift):
    generator = np.random.default_rng(seed)
    first = np.full((4, 5), 0.6) + 0.05 * generator.normal(size=(4, 5))
    second = np.linspace(0.5, 0.7, 4)[:, np.newaxis] - shift
    second = second + 0.05 * generator.normal(size=(4, 5))
    first, second = first.round(3), second.round(3)
    found = find_crossing(SIZES, first, second, rng(7))
    exact = [[[Fraction(str(v)) for v in row] for row in s] for s in (first, second)]
    drawn = rng(7).randint(5, size=(1000, 5))
    crossings = []
    for columns in drawn:
        a, b = ([sum(row[k] for k in columns) for row in s] for s in exact)
        crossings.append(crossing_by_definition(SIZES, a, b))
    assert found.low == pytest.approx(percentile_by_hand(crossings, 0.025), rel=1e-9)
    assert found.high == pytest.approx(percentile_by_hand(crossings, 0.975), rel=1e-9)
    assert found.low <= found.size <= found.high
    if np.isfinite(crossings).all():
        assert found.high == pytest.approx(np.quantile(crossings, 0.975), rel=1e-9)


def test_resamples_without_a_crossing_count_as_infinity():
    first = np.full((2, 4), 0.5)
    second = np.array([[0.4, 0.4, 0.4, 0.4], [0.9, 0.45, 0.45, 0.45]])
    found = find_crossing(SIZES[:2], first, second, rng())
    assert found.size < 80
    assert found.high == np.inf  # a third of the resamples lack the first repeat
    assert np.isfinite(found.low)

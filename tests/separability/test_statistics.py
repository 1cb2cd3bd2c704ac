"""The eight statistics, worked out by hand and against their formulas."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ext.separability._statistics import STATISTICS, bar_statistics
from tests.separability import _naive

SEEDED = settings(max_examples=100, deadline=None, derandomize=True)


def statistics(lengths, sizes, min_component=0.01, tolerance=1e-9):
    return bar_statistics(
        np.array(lengths, float),
        np.array(sizes),
        min_component=min_component,
        tolerance=tolerance,
    )


def test_four_bars():
    """Bars 1, 2, 3 and 6 of five rows; the longest separates two from three."""
    values = statistics([1, 2, 3, 6], [1, 1, 1, 2])
    assert tuple(values) == STATISTICS
    assert all(type(value) is float for value in values.values())
    shares = [1 / 12, 1 / 6, 1 / 4, 1 / 2]
    expected = {
        "mass": 2 / 5 * 6 / 2.5,
        "mass_max": 2 / 5 * 6 / 2.5,
        "mean": 1 - 3 / 6,
        "median": 1 - 2.5 / 6,
        "entropy": 1 + sum(w * math.log(w) for w in shares) / math.log(4),
        "gini": (-3 * 1 - 1 * 2 + 1 * 3 + 3 * 6) / (4 * 12),
        "cv": math.sqrt(3.5) / 3,
        "kurtosis": (16 + 1 + 0 + 81) / 4 / 3.5**2,
    }
    assert values == pytest.approx(expected, rel=1e-14)


def test_a_long_bar_of_one_row_has_no_mass():
    values = statistics([1, 2, 3, 9], [1, 2, 1, 1])
    assert values["mass"] == pytest.approx(2 / 5 * 2 / 2.5)
    assert values["mass_max"] == pytest.approx(1 / 5 * 9 / 2.5)


@pytest.mark.parametrize(
    ("min_component", "counted"), [(0, 9), (0.07, 7), (0.0701, 2), (0.09, 2), (0.5, 0)]
)
def test_floor_of_the_mass(min_component, counted):
    """A share is enough if it is the floor itself; two rows are the least."""
    sizes = np.ones(99, int)
    sizes[-3:] = 7, 7, 2  # 0.07 * 100 is more than 7 in floating point
    values = statistics(np.ones(99), sizes, min_component)
    expected = {9: 0.16, 7: 0.14, 2: 0.0, 0: 0.0}[counted]
    assert values["mass"] == pytest.approx(expected)
    assert values["mass_max"] == pytest.approx(0.07)


def test_two_rows():
    assert statistics([3.7], [1]) == {
        "mass": 0.0,
        "mass_max": 0.5,
        "mean": 0.0,
        "median": 0.0,
        "entropy": 0.0,
        "gini": 0.0,
        "cv": 0.0,
        "kurtosis": 1.0,
    }


def test_mostly_duplicates():
    """The smallest positive bar is the scale where the median is 0."""
    values = statistics([0, 0, 0, 2, 8], [1, 1, 1, 1, 3])
    assert values["mass"] == pytest.approx(3 / 6 * 8 / 2)
    assert values["median"] == 1
    assert values["mean"] == pytest.approx(1 - (0.25 + 1) / 5)
    expected = 1 + (0.2 * math.log(0.2) + 0.8 * math.log(0.8)) / math.log(5)
    assert values["entropy"] == pytest.approx(expected)


def test_a_scale_that_is_next_to_nothing():
    values = statistics([0, 0, 5e-324, 1], [1, 1, 1, 2])
    assert values.pop("mass") == values.pop("mass_max") == np.inf
    assert np.isfinite(list(values.values())).all()


@pytest.mark.parametrize("lengths", [[0.0], [0.0, 0.0, 0.0]])
def test_nothing_but_duplicates(lengths):
    values = statistics(lengths, np.ones(len(lengths), int))
    assert values == dict.fromkeys(STATISTICS, 0.0)


@pytest.mark.parametrize("tolerance", [1e-9, 1e-6])
def test_equal_bars_up_to_rounding(tolerance):
    """Their kurtosis is not that of the rounding."""
    noise = np.sort(np.random.default_rng(0).uniform(0, tolerance, 50))
    values = statistics(1 + noise, np.ones(50, int), tolerance=tolerance)
    assert values["kurtosis"] == 1
    for name in ("mean", "median", "entropy", "gini", "cv"):
        assert 0 <= values[name] < 2 * tolerance
    wider = statistics(1 + 10 * noise, np.ones(50, int), tolerance=tolerance)
    assert wider["kurtosis"] > 1.5


@st.composite
def bars(draw):
    m = draw(st.integers(1, 30))
    numbers = st.integers(0, 5) | st.floats(1e-3, 1e3)
    lengths = np.sort(draw(st.lists(numbers, min_size=m, max_size=m))).astype(float)
    sizes = draw(st.lists(st.integers(1, (m + 1) // 2), min_size=m, max_size=m))
    return lengths, np.array(sizes)


@SEEDED
@given(bars(), st.sampled_from([0, 0.01, 0.1, 0.3]))
def test_formulas(case, min_component):
    lengths, sizes = case
    if np.ptp(lengths) < 1e-6 * lengths[-1]:  # the shape of rounding errors
        lengths = np.full_like(lengths, lengths[-1])
    values = statistics(lengths, sizes, min_component)
    expected = _naive.statistics(lengths, sizes, min_component)
    assert values == pytest.approx(expected, rel=1e-9, abs=1e-9)


@SEEDED
@given(bars(), st.sampled_from([1e-300, 1e-160, 0.3, 1e160, 1e300]))
def test_any_scale(case, scale):
    lengths, sizes = case
    values, scaled = (statistics(unit * lengths, sizes) for unit in (1.0, scale))
    assert scaled == pytest.approx(values, rel=1e-9, abs=1e-12)

"""The locus of a matrix of risks: linear programs, and what is found without them."""

import numpy as np
import pytest
from scipy.optimize import linprog

from sklearn_ext.label_space import _linear_program
from sklearn_ext.label_space._linear_program import (
    locus_margins,
    locus_members,
    sampled_members,
)

MANY = 1 << 20


def margin_of_all(risk, label):
    """The margin by one program that holds every other label."""
    others = np.delete(risk, label, axis=1) - risk[:, [label]]
    k, m = others.shape
    result = linprog(
        np.r_[np.zeros(k), -1],
        A_ub=np.c_[-others.T, np.ones(m)],
        b_ub=np.zeros(m),
        A_eq=np.r_[np.ones(k), 0][None],
        b_eq=[1],
        bounds=[(0, None)] * k + [(None, None)],
    )
    return -result.fun


def grid(side, observed, power):
    """Risks on a square grid with the sum of both differences as the distance."""
    points = np.array([(i, j) for i in range(side) for j in range(side)])
    corners = np.array(observed)
    return np.abs(corners[:, None] - points).sum(axis=2).astype(float) ** power


def cycle(n, observed, power):
    """Risks on a cycle."""
    gap = np.abs(np.array(observed)[:, None] - np.arange(n))
    return np.minimum(gap, n - gap).astype(float) ** power


def random_risks(rng, kind, k, n):
    """Risks between points, also with ties and with labels in one place, or any."""
    if kind == "any":
        return rng.uniform(0, 3, (k, n))
    points = rng.normal(size=(n, 3))
    if kind == "whole":
        points = rng.integers(-2, 3, (n, 3)).astype(float)
    observed = points[rng.choice(n, k, replace=False)]
    return np.square(observed[:, None] - points).sum(axis=2)


@pytest.mark.parametrize("kind", ["points", "whole", "any"])
@pytest.mark.parametrize(("k", "n"), [(2, 6), (3, 30), (8, 60), (40, 40)])
def test_margins_are_those_of_a_program_with_all_labels(kind, k, n, global_random_seed):
    rng = np.random.default_rng([global_random_seed, k, n])
    risk = random_risks(rng, kind, k, n)
    expected = [margin_of_all(risk, label) for label in range(n)]
    scale = risk.max()
    np.testing.assert_allclose(locus_margins(risk), expected, atol=1e-8 * scale)
    is_member = np.array(expected) >= -1e-8 * scale
    np.testing.assert_array_equal(locus_members(risk), is_member)


@pytest.mark.parametrize(
    ("max_sums", "max_played"), [(1, 0), (1, 20), (100, None), (MANY, None)]
)
def test_members_do_not_depend_on_what_programs_are_left(
    max_sums, max_played, global_random_seed
):
    rng = np.random.default_rng(global_random_seed)
    risk = random_risks(rng, "points", 10, 80)
    expected = locus_margins(risk) >= 0
    found = locus_members(risk, max_sums, max_played)
    np.testing.assert_array_equal(found, expected)
    sampled = sampled_members(risk, max_sums)
    assert not (sampled & ~expected).any()
    assert sampled[risk.argmin(axis=1)].all()


@pytest.mark.parametrize("kind", ["points", "whole"])
def test_programs_that_start_with_one_rival(kind, monkeypatch, global_random_seed):
    """Most labels then take several programs, and all of them come to an end."""
    monkeypatch.setattr(_linear_program, "NEAR", 1)
    monkeypatch.setattr(_linear_program, "ADDED", 1)
    rng = np.random.default_rng(global_random_seed)
    risk = random_risks(rng, kind, 6, 40)
    expected = [margin_of_all(risk, label) for label in range(40)]
    scale = risk.max()
    np.testing.assert_allclose(locus_margins(risk), expected, atol=1e-8 * scale)
    is_member = np.array(expected) >= -1e-8 * scale
    np.testing.assert_array_equal(locus_members(risk, 1, 0), is_member)


def test_programs_find_ties(monkeypatch):
    """All of a grid but two corners tie; programs with one rival see it late."""
    monkeypatch.setattr(_linear_program, "NEAR", 1)
    monkeypatch.setattr(_linear_program, "ADDED", 1)
    assert locus_members(grid(5, [(0, 0), (4, 4)], 2), 0, 0).all()
    assert locus_members(grid(4, [(0, 0), (3, 3), (0, 3)], 1), 0, 0).all()


def test_programs_find_what_wins_between_many_labels_only():
    """The center of a simplex, at a disadvantage: equal weights of all make it win."""
    corners = np.eye(6)
    points = np.vstack([corners, np.full(6, 1 / 6)])
    risk = np.square(corners[:, None] - points).sum(axis=2)
    # With m equal weights a corner has the risk 2 (m - 1) / m, the center 5 / 6.
    risk[:, 6] += 0.8
    assert not sampled_members(risk[:5], MANY)[6]
    assert not locus_members(risk[:5], 1, 0)[6]
    assert locus_members(risk, 1, 0).all()
    risk[:, 6] += 0.04
    assert not locus_members(risk, 1, 0)[6]


@pytest.mark.parametrize("k", [2, 4])
def test_pairs_are_settled_by_their_lower_envelope(k, monkeypatch, global_random_seed):
    """Labels on a line win on short stretches that a grid of weights would miss."""
    monkeypatch.setattr(_linear_program, "ROUNDS", 1)
    rng = np.random.default_rng(global_random_seed)
    places = np.sort(rng.uniform(0, 1, 400)) ** 2
    observed = places[[3, 396, 100, 250][:k]]
    risk = np.square(observed[:, None] - places)
    inside = (places >= observed.min()) & (places <= observed.max())
    np.testing.assert_array_equal(sampled_members(risk, MANY), inside)


@pytest.mark.parametrize("power", [1, 2])
def test_opposite_corners_of_a_grid_reach_the_rest_by_ties(power):
    margins = locus_margins(grid(5, [(0, 0), (4, 4)], power))
    assert locus_members(grid(5, [(0, 0), (4, 4)], power)).all()
    assert np.flatnonzero(margins > 1e-9).tolist() == [0, 24]
    np.testing.assert_allclose(np.delete(margins, [0, 24]), 0, atol=1e-9)


def test_four_corners_of_a_grid_reach_all():
    margins = locus_margins(grid(5, [(0, 0), (0, 4), (4, 0), (4, 4)], 2))
    assert (margins > 1e-3).all()


def test_equally_spaced_labels_of_a_cycle_reach_all():
    assert (locus_margins(cycle(9, [0, 3, 6], 2)) > 1e-3).all()


def test_two_labels_of_a_cycle_reach_the_short_path():
    risk = cycle(9, [0, 3], 2)
    assert np.flatnonzero(locus_margins(risk) > 1e-3).tolist() == [0, 1, 2, 3]
    assert np.flatnonzero(locus_members(risk)).tolist() == [0, 1, 2, 3]


def test_a_label_that_is_always_as_good_as_others_ties():
    """The third label is the mean of the first two: it is the least where they tie."""
    risk = np.array([[0.0, 2.0, 1.0, 1.1], [2.0, 0.0, 1.0, 1.1]])
    np.testing.assert_allclose(locus_margins(risk), [1, 1, 0, -0.1], atol=1e-12)
    assert locus_members(risk).tolist() == [True, True, True, False]


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_margins_grow_with_the_risks(scale, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    risk = random_risks(rng, "points", 5, 40)
    margins = locus_margins(risk)
    np.testing.assert_allclose(locus_margins(risk * scale) / scale, margins, atol=1e-8)
    np.testing.assert_array_equal(locus_members(risk * scale), locus_members(risk))


def test_no_risk_at_all_is_a_tie():
    assert locus_members(np.zeros((2, 3))).all()
    np.testing.assert_array_equal(locus_margins(np.zeros((2, 3))), np.zeros(3))


def test_one_row_or_column():
    assert locus_members(np.array([[2.0, 1.0, 1.0]])).tolist() == [0, 1, 1]
    np.testing.assert_allclose(locus_margins(np.array([[2.0, 1.0]])), [-1, 1])
    assert locus_members(np.ones((2, 1))).tolist() == [True]
    assert locus_margins(np.ones((2, 1))).tolist() == [np.inf]


def test_same_result_in_small_blocks(monkeypatch, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    risk = random_risks(rng, "points", 10, 80)
    monkeypatch.setattr(_linear_program, "ROUNDS", 1)
    expected = sampled_members(risk, MANY)
    monkeypatch.setattr(_linear_program, "ENTRIES", 200)
    monkeypatch.setattr(_linear_program, "PAIRS", 7)
    monkeypatch.setattr(_linear_program, "PLAYED", 200)
    np.testing.assert_array_equal(sampled_members(risk, MANY), expected)

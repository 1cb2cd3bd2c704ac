"""The EM kernel against a row by row twin, a grid, and itself in other company."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ext.label_shift._adjust import BLOCK, TOL, adjust
from sklearn_ext.label_shift._kernels import LANES, em_rows
from sklearn_ext.label_shift._warm_up import warm_up


def make_rows(n, k, r, seed=0):
    """Posteriors of rows and p(d | y) that do not fit each other exactly."""
    rng = np.random.default_rng(seed)
    p_d_given_y = np.ascontiguousarray(rng.dirichlet(np.full(r, 0.5), k).T)
    posteriors = rng.dirichlet(np.full(k, 0.3), n) @ p_d_given_y.T
    posteriors *= np.exp(rng.normal(0, 0.3, posteriors.shape))
    return posteriors / posteriors.sum(axis=1, keepdims=True), p_d_given_y


def em_of_row(p, p_d_given_y, max_iter=200):
    """The mixture of one row and its steps, by the definition."""
    q = np.full(p_d_given_y.shape[1], 1 / p_d_given_y.shape[1])
    n_iter, change = 0, np.inf
    while n_iter < max_iter and change >= TOL:
        n_iter += 1
        new = q * (p_d_given_y.T @ (p / (p_d_given_y @ q + 1e-12)))
        new /= new.sum()
        change = np.abs(new - q).max()
        q = new
    return q, n_iter


def run(posteriors, p_d_given_y, max_iter=200):
    mixtures = np.full((len(posteriors), p_d_given_y.shape[1]), np.nan)
    n = len(posteriors)
    most = em_rows(posteriors, p_d_given_y, max_iter, TOL, 0, n, mixtures)
    return mixtures, most


@pytest.mark.parametrize("n", [1, LANES - 1, LANES, LANES + 1, 3 * LANES + 5])
@pytest.mark.parametrize(("k", "r"), [(2, 2), (3, 5), (4, 4), (5, 8), (9, 13)])
@pytest.mark.parametrize("max_iter", [1, 7, 200])
def test_rows_are_those_of_the_definition(n, k, r, max_iter):
    posteriors, p_d_given_y = make_rows(n, k, r)
    mixtures, most = run(posteriors, p_d_given_y, max_iter)
    twins = [em_of_row(p, p_d_given_y, max_iter) for p in posteriors]
    np.testing.assert_allclose(mixtures, [q for q, _ in twins], rtol=1e-9, atol=1e-12)
    assert most == max(n_iter for _, n_iter in twins)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(
    seed=st.integers(0, 1000),
    k=st.integers(2, 6),
    more=st.integers(0, 4),
    sharpness=st.floats(0.1, 20),
)
def test_steps_never_lower_the_likelihood(seed, k, more, sharpness):
    posteriors, p_d_given_y = make_rows(20, k, k + more, seed)
    posteriors = posteriors**sharpness
    posteriors /= posteriors.sum(axis=1, keepdims=True)
    before = -np.inf
    for max_iter in (1, 2, 3, 5, 10, 50):
        mixtures, _ = run(posteriors, p_d_given_y, max_iter)
        np.testing.assert_allclose(mixtures.sum(axis=1), 1)
        explained = np.log(mixtures @ p_d_given_y.T + 1e-12)
        likelihood = (posteriors * explained).sum(axis=1)
        assert (likelihood >= before - 1e-9).all()
        before = likelihood


def test_two_classes_against_a_grid():
    posteriors, p_d_given_y = make_rows(40, 2, 4)
    mixtures, _ = run(posteriors, p_d_given_y, 10_000)
    grid = np.linspace(0, 1, 20_001)
    explained = np.log(
        np.outer(grid, p_d_given_y[:, 0] - p_d_given_y[:, 1]) + p_d_given_y[:, 1]
    )
    best = grid[(posteriors @ explained.T).argmax(axis=1)]
    np.testing.assert_allclose(mixtures[:, 0], best, atol=1e-3)
    assert best.min() == 0  # on the edge
    assert ((best > 0.1) & (best < 0.9)).any()  # and inside


def test_a_row_does_not_depend_on_its_neighbours():
    posteriors, p_d_given_y = make_rows(150, 5, 7)
    together, _ = run(posteriors, p_d_given_y)
    alone = np.concatenate([run(row[np.newaxis], p_d_given_y)[0] for row in posteriors])
    np.testing.assert_array_equal(together, alone)
    order = np.random.default_rng(1).permutation(150)
    shuffled, _ = run(np.ascontiguousarray(posteriors[order]), p_d_given_y)
    np.testing.assert_array_equal(shuffled, together[order])


def test_only_the_rows_asked_for_are_written():
    posteriors, p_d_given_y = make_rows(100, 3, 4)
    mixtures = np.full((100, 3), np.nan)
    em_rows(posteriors, p_d_given_y, 200, TOL, 17, 89, mixtures)
    whole, _ = run(posteriors, p_d_given_y)
    np.testing.assert_array_equal(mixtures[17:89], whole[17:89])
    assert np.isnan(mixtures[:17]).all()
    assert np.isnan(mixtures[89:]).all()


def test_threads_give_the_same_bits():
    posteriors, p_d_given_y = make_rows(2 * BLOCK + 100, 4, 6)
    one, most = adjust(posteriors, p_d_given_y, "em", 50, 1)
    for n_jobs in (2, 3):
        other, other_most = adjust(posteriors, p_d_given_y, "em", 50, n_jobs)
        np.testing.assert_array_equal(one, other)
        assert most == other_most == 50


def test_a_row_that_no_class_explains_is_zero():
    p_d_given_y = np.array([[1.0, 0.5], [0.0, 0.5], [0.0, 0.0]])
    posteriors = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    mixtures, most = run(posteriors, p_d_given_y)
    np.testing.assert_array_equal(mixtures[0], 0)
    np.testing.assert_allclose(mixtures[1:], [[1, 0], [0, 1]], atol=1e-6)
    assert most <= 200


def test_there_is_one_signature(compiled):
    warm_up()
    known = list(em_rows.signatures)
    posteriors, p_d_given_y = make_rows(10, 3, 4)
    expected, _ = adjust(posteriors, p_d_given_y, "em", 200, None)
    read_only = posteriors.copy()
    read_only.flags.writeable = False
    for rows in (np.asfortranarray(posteriors), read_only, posteriors[::-1][::-1]):
        found, _ = adjust(rows, np.asfortranarray(p_d_given_y), "em", 200, None)
        np.testing.assert_array_equal(found, expected)
    assert em_rows.signatures == known
    assert len(known) == 1

"""Nested subsets with every class in them, and their sizes."""

from fractions import Fraction

import numpy as np

from sklearn_ext.probes._subsets import check_train_sizes, nested_order


def rng(seed=0):
    return np.random.RandomState(seed)


def repaired_by_loops(order, codes, n_classes, smallest):
    """The exchange of missing classes, one list operation at a time."""
    order, n_exchanged = list(order), 0
    for label in range(n_classes):
        prefix = [codes[row] for row in order[:smallest]]
        if label in prefix:
            continue
        most = max(range(n_classes), key=prefix.count)
        leaving = max(place for place in range(smallest) if prefix[place] == most)
        arriving = next(p for p in range(len(order)) if codes[order[p]] == label)
        order[leaving], order[arriving] = order[arriving], order[leaving]
        n_exchanged += 1
    return order, n_exchanged


def test_missing_classes_are_brought_in(global_random_seed):
    generator = np.random.default_rng(global_random_seed)
    codes = np.concatenate([np.arange(40), generator.integers(40, size=400)])
    order, n_exchanged = nested_order(codes, 40, 45, "random", rng(5))
    drawn = rng(5)
    for _ in range(100):
        last = drawn.permutation(len(codes))
        assert len(set(codes[last[:45]])) < 40
    expected, n_expected = repaired_by_loops(last, codes, 40, 45)
    assert order.tolist() == expected
    assert n_exchanged == n_expected > 0
    assert sorted(order) == list(range(len(codes)))
    assert set(codes[order[:45]]) == set(range(40))


def test_an_order_is_drawn_again_before_it_is_repaired():
    codes = np.arange(300) % 10
    drawn, draws = rng(1), []
    while True:
        draws.append(drawn.permutation(300))
        if len(set(codes[draws[-1][:20]])) == 10:
            break
    assert len(draws) > 1
    order, n_exchanged = nested_order(codes, 10, 20, "random", rng(1))
    np.testing.assert_array_equal(order, draws[-1])
    assert n_exchanged == 0


def test_stratified_subsets_are_seats_of_parties(global_random_seed):
    """Each next row goes to the class with the greatest n / (2 seats + 1)."""
    generator = np.random.default_rng(global_random_seed)
    counts = np.array([70, 41, 20, 9])
    codes = generator.permutation(np.repeat(np.arange(4), counts))
    order, n_exchanged = nested_order(codes, 4, 30, "stratified", rng())
    assert n_exchanged == 0
    assert sorted(order) == list(range(140))
    seats = np.zeros(4, int)
    for row in order:
        claims = [
            Fraction(int(n), int(2 * s + 1)) for n, s in zip(counts, seats, strict=True)
        ]
        assert claims[codes[row]] == max(claims)
        seats[codes[row]] += 1
    again, _ = nested_order(codes, 4, 30, "stratified", rng(1))
    assert order.tolist() != again.tolist()


def test_a_rare_class_is_in_a_stratified_subset():
    codes = np.repeat([0, 1], [198, 2])
    order, n_exchanged = nested_order(codes, 2, 10, "stratified", rng())
    assert n_exchanged == 1
    assert np.bincount(codes[order[:10]]).tolist() == [9, 1]


def test_automatic_sizes():
    sizes = check_train_sizes("auto", 10_000, 77)
    assert len(sizes) == 8
    assert (sizes[0], sizes[-1]) == (77, 10_000)
    steps = np.diff(np.log(sizes))
    np.testing.assert_allclose(steps, np.log(10_000 / 77) / 7, rtol=0.01)
    assert check_train_sizes("auto", 10_000, 3)[0] == 20
    assert check_train_sizes("auto", 12, 3).tolist() == [12]
    assert (np.diff(check_train_sizes("auto", 23, 3)) > 0).all()


def test_sizes_are_rows_or_shares():
    assert check_train_sizes([3, 0.25, 1.0], 200, 3).tolist() == [3, 50, 200]
    assert check_train_sizes(np.array([0.29, 1.0]), 100, 3).tolist() == [29, 100]
    assert check_train_sizes(np.array([5, 7], np.int32), 100, 3).tolist() == [5, 7]

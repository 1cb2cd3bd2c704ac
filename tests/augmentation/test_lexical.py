"""The lexicalised model against the same model in dictionaries."""

import gzip
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ext.augmentation import _kernels_lexical as kernels
from sklearn_ext.augmentation._forest import flatten
from sklearn_ext.augmentation._lexical import KINDS, LexicalModel
from sklearn_ext.augmentation._lexical_counts import (
    _order,
    count_level,
    pack,
    unpack,
)
from sklearn_ext.augmentation._lexicon import signature
from sklearn_ext.augmentation._treebank import clean_tree, read_tree
from tests.augmentation._lexical_twin import Twin, made_trees, tree_events


def log_probs(model, trees):
    symbols, words = model.symbols.copy(), model.words.copy()
    return model.log_prob(flatten(trees, symbols, words), words)


def check_twin(trees, weights, others, **settings):
    model = LexicalModel.fit(trees, weights, **settings)
    twin = Twin(trees, weights, **settings)
    want = [twin.log_prob(tree) for tree in trees + others]
    np.testing.assert_allclose(log_probs(model, trees + others), want, rtol=1e-12)
    return model, twin


@pytest.mark.parametrize("min_count", [0, 2, 5])
@pytest.mark.parametrize("rare_count", [0, 2, 4])
def test_log_prob_is_that_of_dictionaries(min_count, rare_count):
    trees, others = made_trees(0, 60, n_words=3), made_trees(1, 20)
    check_twin(trees, np.ones(60), others, min_count=min_count, rare_count=rare_count)


@settings(deadline=None, derandomize=True, max_examples=20)
@given(
    st.integers(0, 10_000),
    st.lists(st.sampled_from([0.0, 0.25, 1.0, 3.0]), min_size=10, max_size=10),
)
def test_weights_say_how_often_a_tree_counts(seed, weights):
    if not any(weights):
        weights[0] = 1.0
    check_twin(made_trees(seed, 10, n_words=2), weights, made_trees(seed + 1, 5))


def test_weights_are_repetitions():
    trees, weights = made_trees(3, 12), np.arange(12) % 4
    others = made_trees(4, 10)
    weighted = LexicalModel.fit(trees, weights)
    repeated = LexicalModel.fit(
        [t for t, w in zip(trees, weights, strict=True) for _ in range(w)]
    )
    np.testing.assert_array_equal(
        log_probs(weighted, others), log_probs(repeated, others)
    )


def test_order_of_trees_does_not_matter():
    trees = made_trees(5, 30)
    one, other = LexicalModel.fit(trees), LexicalModel.fit(trees[::-1])
    for name, array in one.arrays().items():
        np.testing.assert_array_equal(array, other.arrays()[name], err_msg=name)


def test_head_probabilities_sum_to_one():
    trees = made_trees(6, 40)
    model, twin = check_twin(trees, np.ones(40), [])
    table = model.keys, model.values, np.zeros(1, np.uint64), np.zeros(1)
    words = model.words.copy()
    contexts = {c for t in trees for kind, c, _ in tree_events(t) if kind == "head"}
    # Known labels with heads that they never had back off to the label alone.
    labels, tags = {c[0] for c in contexts}, {c[1] for c in contexts}
    contexts |= {(label, tag, "unheard") for label in labels for tag in tags}
    for label, tag, word in contexts:
        words.add(word)
        word_class = model.word_classes(words)[0][words.get(word)]
        numbers = model.symbols.get(label), model.symbols.get(tag), word_class, 0
        probs = [
            kernels.head_prob(*table, *numbers, model.symbols.get(child))
            for child in model.symbols.names
        ]
        assert sum(probs) == pytest.approx(1, abs=1e-12)
        want = [twin.prob("head", (label, tag, word), c) for c in model.symbols.names]
        np.testing.assert_allclose(probs, want, rtol=1e-12)


def test_modifier_probabilities_sum_to_one():
    trees = made_trees(7, 40)
    twin = Twin(trees, np.ones(40))
    events = [e for t in trees for e in tree_events(t) if e[0] == "modifier"]
    outcomes = {outcome for _, _, outcome in events}
    for context in {context for _, context, _ in events}:
        total = sum(twin.prob("modifier", context, outcome) for outcome in outcomes)
        assert total == pytest.approx(1, abs=1e-12)
    # The same in the table, where each level gives away what it does not leave.
    for n_context, level in zip(
        KINDS["modifiers"][1], levels_of(trees)[3:6], strict=True
    ):
        left, shares = level.shares(0 if n_context == 3 else 5)
        of_row = np.cumsum(np.isin(np.arange(len(shares)), level.first_rows())) - 1
        np.testing.assert_allclose(left + np.bincount(of_row, shares), 1, rtol=1e-14)


def levels_of(trees):
    return unpack(LexicalModel.fit(trees).packed)


def test_unseen_everything_is_the_floor():
    model = LexicalModel.fit([read_tree("(TOP (S (NN dogs) (VBD ran)))")])
    new = read_tree("(TOP (ZZ (YY grx)))")
    # The head of TOP, that of ZZ, and two ends of each phrase.
    assert log_probs(model, [new])[0] == pytest.approx(6 * np.log(1e-8))


def test_rare_words_share_the_probability_of_their_signature():
    trees = made_trees(8, 40)
    model = LexicalModel.fit(trees, rare_count=10)
    twin = Twin(trees, np.ones(40), rare_count=10)
    assert sum(twin.n_rare.values()) > 3
    words = model.words.copy()
    for name in [*twin.word_counts, "unheard", "qqq-77"]:
        words.add(name)
    classes, shares = model.word_classes(words)
    names = {name for name in words.names if name not in twin.n_rare}
    assert names >= set(twin.word_counts)
    for name in names:
        number, share = classes[words.get(name)], shares[words.get(name)]
        if twin.word_counts[name] >= 10:
            assert (model.words.names[number], share) == (name, 1)
        elif n := twin.n_rare[signature(name, False)]:
            assert model.words.names[number] == signature(name, False)
            assert share == 1 / (1 + n)
        else:
            assert number == -1
    assert (classes == -1).any()


def test_words_grow_in_a_copy_only():
    model = LexicalModel.fit(made_trees(9, 20))
    before = model.symbols.names.copy(), model.words.names.copy()
    log_probs(model, [*made_trees(10, 20), read_tree("(TOP (NEW (TAG verynew)))")])
    assert before == (model.symbols.names, model.words.names)


def test_words_without_their_names_are_refused():
    model = LexicalModel.fit(made_trees(9, 20))
    words = model.words.copy()
    forest = flatten([read_tree("(TOP (NN new))")], model.symbols.copy(), words)
    with pytest.raises(ValueError, match="pass the Names that flattened the trees"):
        model.log_prob(forest)
    assert np.isfinite(model.log_prob(forest, words)).all()


def test_read_only_arrays_add_no_signature(compiled):
    model = LexicalModel.fit(made_trees(9, 20), rare_count=0)
    forest = flatten(made_trees(9, 20), model.symbols.copy(), model.words.copy())
    want = model.log_prob(forest)
    before = list(kernels.tree_log_probs.signatures)
    for column in forest:
        column.setflags(write=False)
    model.keys.setflags(write=False)
    np.testing.assert_array_equal(model.log_prob(forest), want)
    assert kernels.tree_log_probs.signatures == before


@pytest.mark.parametrize("weight", [1.0, 0.3])
def test_arrays_and_pickle_give_the_same_bits(weight):
    trees = made_trees(11, 30)
    model = LexicalModel.fit(trees, np.full(30, weight))
    others = made_trees(12, 30)
    want = log_probs(model, others)
    for copy in (
        LexicalModel.from_arrays(model.arrays()),
        pickle.loads(pickle.dumps(model)),
    ):
        np.testing.assert_array_equal(log_probs(copy, others), want)
        assert copy.words.names == model.words.names
        assert copy.symbols.names == model.symbols.names


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_events", [0, 1, 3000])
def test_levels_count_and_survive_packing(n_events, weighted):
    rng = np.random.default_rng(0)
    rows = rng.integers(0, [3, 40, 5, 70_000], (n_events, 4)).astype(np.int32)
    rows[::2, 3] %= 3
    weights = rng.random(n_events) if weighted else np.ones(n_events)
    level = count_level(rows, weights, 2, min_context=30)
    want, totals = {}, {}
    for row, weight in zip(rows.tolist(), weights.tolist(), strict=True):
        want[tuple(row)] = want.get(tuple(row), 0) + weight
        totals[tuple(row[:2])] = totals.get(tuple(row[:2]), 0) + weight
    want = sorted((row, c) for row, c in want.items() if totals[row[:2]] >= 30)
    assert list(map(tuple, level.rows.tolist())) == [row for row, _ in want]
    np.testing.assert_array_equal(level.counts, [count for _, count in want])
    for copy in unpack(pack([level, level])):
        assert copy.n_context == 2
        np.testing.assert_array_equal(copy.rows, level.rows)
        np.testing.assert_array_equal(copy.counts, level.counts)
        assert [a.dtype for a in copy[1:]] == [a.dtype for a in level[1:]]


def test_order_of_rows_with_more_values_than_fit_one_number():
    rng = np.random.default_rng(1)
    rows = rng.integers(0, 2**31 - 1, (500, 5)).astype(np.int32)
    rows = np.concatenate([rows, rows[::3]])
    rows[::7, :3] = rows[0, :3]
    codes = _order(rows)
    by_code = rows[np.argsort(codes, kind="stable")].tolist()
    assert by_code == sorted(rows.tolist())
    assert len(np.unique(codes)) == len(np.unique(rows, axis=0))


def test_treebank(shared_data):
    with gzip.open(
        shared_data / "treebank" / "gum_ccby.train.mrg.gz", "rt", encoding="utf8"
    ) as lines:
        trees = [clean_tree(read_tree(line)) for line in lines][:400]
    check_twin(trees[:300], np.ones(300), trees[300:])

"""The grammar of a class against the same in dictionaries."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ext.augmentation._class_grammar import ClassGrammar
from sklearn_ext.augmentation._forest import flatten
from sklearn_ext.augmentation._lexical import LexicalModel
from sklearn_ext.augmentation._lexicon import signature
from sklearn_ext.augmentation._treebank import Node, read_tree
from tests.augmentation._lexical_twin import (
    ClassTwin,
    Twin,
    head_token,
    made_trees,
    tree_events,
)


def renamed(tree):
    """The tree with some words that the made treebank does not have."""
    if isinstance(tree.children, str):
        return tree._replace(
            children={"Cat": "Kitten", "saw": "saw2"}.get(*[tree.children] * 2)
        )
    return Node(tree.label, tuple(map(renamed, tree.children)))


def made_grammar(seed=0, n_trees=12, weights=None):
    """A grammar of a class, its twin, and its trees."""
    bank = made_trees(seed + 100, 60)
    trees = [renamed(tree) for tree in made_trees(seed, n_trees)]
    weights = np.ones(n_trees) if weights is None else np.asarray(weights)
    model = LexicalModel.fit(bank, rare_count=3)
    twin = ClassTwin(Twin(bank, np.ones(60), rare_count=3), trees, weights)
    symbols, words = model.symbols.copy(), model.words.copy()
    forest = flatten(trees, symbols, words)
    return ClassGrammar(model, forest, weights, symbols, words), twin, trees


@settings(deadline=None, derandomize=True, max_examples=20)
@given(
    st.integers(0, 10_000),
    st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=12, max_size=12),
)
def test_log_prob_is_that_of_dictionaries(seed, weights):
    grammar, twin, trees = made_grammar(seed, weights=weights)
    trees = trees + made_trees(seed + 1, 6)
    forest = flatten(trees, grammar.symbols, grammar.words)
    want = [twin.log_prob(tree) for tree in trees]
    np.testing.assert_allclose(grammar.log_prob(forest), want, rtol=1e-12)


def word_events(trees):
    return [e for tree in trees for e in tree_events(tree) if e[0] == "word"]


def test_word_probabilities_are_those_of_dictionaries():
    grammar, twin, trees = made_grammar()
    events = word_events(trees + made_trees(5, 20))
    # Words in contexts of other words, most of them never seen there.
    events += [
        (kind, (tag, *context[1:]), word)
        for (kind, context, _), (_, (tag, *_), word) in zip(
            events, events[7:], strict=False
        )
    ]
    symbol, word = grammar.symbols.add, grammar.words.add
    columns = [
        (word(w), symbol(tag), symbol(x), symbol(t), word(head), side)
        for _, (tag, t, x, side, head), w in events
    ]
    columns = np.array(columns).T
    want = [max(twin.prob(*event), 1e-8) for event in events]
    assert 1e-8 in want
    got = grammar.word_log_probs(*columns)
    np.testing.assert_allclose(got, np.log(want), rtol=1e-12)
    by_tag = [max(twin.twin.prob(*event, levels=1), 1e-8) for event in events]
    np.testing.assert_allclose(grammar.word_given_tag(*columns[:2]), by_tag, rtol=1e-12)


def test_word_probabilities_sum_to_one():
    grammar, twin, trees = made_grammar()
    known = list(twin.twin.word_counts)
    # Of each signature one more word has a share, one that the treebank did not have.
    unheard = {}
    for text in [start + word for word in known for start in ("qq", "77")]:
        name = signature(text, False)
        if twin.twin.n_rare[name] and text not in twin.twin.word_counts:
            unheard.setdefault(name, text)
    assert set(unheard) == set(+twin.twin.n_rare)
    in_class = {word for *_, word in word_events(trees)}
    words = known + [w for w in unheard.values() if w not in in_class]
    counted = {context for *_, context, _ in word_events(trees)}
    number = {word: grammar.words.add(word) for word in words}
    for tag, t, x, side, head in sorted(counted):
        symbols = [grammar.symbols.get(name) for name in (tag, x, t)]
        here = grammar.word_log_probs(
            [number[word] for word in words], *symbols, grammar.words.add(head), side
        )
        new = {w for w in in_class if w not in number}
        extra = grammar.word_log_probs(
            [grammar.words.add(w) for w in sorted(new)],
            *symbols,
            grammar.words.add(head),
            side,
        )
        total = np.exp(here).sum() + np.exp(extra).sum()
        # New words of the class stand for the unheard ones of their signature.
        assert total == pytest.approx(1, abs=1e-6)


def test_words_may_come_later():
    grammar, twin, _ = made_grammar()
    tree = read_tree("(TOP (S (NN rarity) (VP (VBD purred) (NN walking))))")
    first = grammar.log_prob(grammar.forest)
    forest = flatten([tree], grammar.symbols, grammar.words)
    assert grammar.log_prob(forest) == pytest.approx(twin.log_prob(tree), rel=1e-12)
    np.testing.assert_array_equal(grammar.log_prob(grammar.forest), first)


def test_own_names_are_copies():
    model = LexicalModel.fit(made_trees(0, 20), rare_count=0)
    forest = flatten(made_trees(0, 5), model.symbols.copy(), model.words.copy())
    grammar = ClassGrammar(model, forest, np.ones(5))
    grammar.words.add("new")
    grammar.symbols.add("NEW")
    assert model.words.get("new") == model.symbols.get("NEW") == -1


def test_productions_count_rules():
    weights = np.arange(12) / 4
    grammar, _, trees = made_grammar(weights=weights)
    want = Counter()

    def count(tree, parent, weight):
        if isinstance(tree.children, str):
            return
        tag, word = head_token(tree)
        right = " ".join(
            f"{child.label}({head_token(child)[1]})" for child in tree.children
        )
        want[tree.label, word, tag, parent, right] += weight
        for child in tree.children:
            count(child, tree.label, weight)

    for tree, weight in zip(trees, weights, strict=True):
        count(tree, "", weight)
    frame = grammar.productions()
    plain = frame["right_hand_side"].str.replace("*", "", regex=False)
    left = ["label", "head_word", "head_tag", "parent"]
    got = Counter()
    for *rule, right, count_ in zip(
        *[frame[name] for name in left], plain, frame["count"], strict=True
    ):
        got[*rule, right] += count_
    assert got == pytest.approx(+want)
    assert (frame["right_hand_side"].str.count(r"\*\(") == 1).all()
    totals = frame.groupby(left)["count"].transform("sum")
    np.testing.assert_allclose(frame["probability"], frame["count"] / totals)


def test_productions_of_one_tree():
    model = LexicalModel.fit(made_trees(0, 5))
    symbols, words = model.symbols.copy(), model.words.copy()
    tree = read_tree("(TOP (S (NP (NNS Dogs)) (VP (VBP bark) (RB loudly))))")
    forest = flatten([tree], symbols, words)
    frame = ClassGrammar(model, forest, [0.5], symbols, words).productions()
    want = pd.DataFrame(
        [
            ("NP", "dogs", "NNS", "S", "NNS*(dogs)", 0.5, 1.0),
            ("S", "bark", "VBP", "TOP", "NP(dogs) VP*(bark)", 0.5, 1.0),
            ("TOP", "bark", "VBP", "", "S*(bark)", 0.5, 1.0),
            ("VP", "bark", "VBP", "S", "VBP*(bark) RB(loudly)", 0.5, 1.0),
        ],
        columns=[
            *("label", "head_word", "head_tag", "parent", "right_hand_side"),
            *("count", "probability"),
        ],
    )
    pd.testing.assert_frame_equal(frame, want)

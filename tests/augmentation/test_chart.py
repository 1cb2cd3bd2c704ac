"""The chart parser against enumeration of all derivations of small grammars."""

import math

import numpy as np
import pytest

from sklearn_ext._core._numba import Workers
from sklearn_ext.augmentation._chart import (
    Workspace,
    chart_grammar,
    derive,
    unary_closure,
)

SEEDS = range(25)
TOO_MANY = 2_000


class Toy:
    """A random grammar over a few states, its projection, and naive twins."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        n_states = int(rng.integers(3, 13))
        n_binary = int(rng.integers(2 * n_states, 6 * n_states))
        n_unary = int(rng.integers(1, n_states // 2 + 2))
        n_coarse = min(4, n_states)
        binary = {tuple(r) for r in rng.integers(0, n_states, (n_binary, 3)).tolist()}
        unary = {tuple(r) for r in rng.integers(0, n_states, (n_unary, 2)).tolist()}
        unary = {(child, parent) for child, parent in unary if child != parent}
        self.rng, self.n_states = rng, n_states
        self.binary = np.array(sorted(binary), np.int32).reshape(-1, 3)
        self.unary = np.array(sorted(unary), np.int32).reshape(-1, 2)
        self.binary_score = np.log(0.5 * rng.random(len(binary))).astype(np.float32)
        self.unary_score = np.log(0.3 * rng.random(len(unary))).astype(np.float32)
        self.coarse_of = rng.integers(0, n_coarse, n_states).astype(np.int32)
        self.coarse_of[:n_coarse] = np.arange(n_coarse)
        self.coarse_binary = self.projected(self.binary, self.binary_score)
        self.coarse_unary = self.projected(self.unary, self.unary_score)

    def projected(self, rules, scores):
        """Return the added probabilities of rules that fall together."""
        coarse = {}
        for rule, score in zip(self.coarse_of[rules].tolist(), scores, strict=True):
            coarse[tuple(rule)] = coarse.get(tuple(rule), 0.0) + math.exp(score)
        return dict(sorted(coarse.items()))

    def compiled(self):
        """Return the grammar of the kernels; its root is state 0."""
        return chart_grammar(
            self.n_states,
            0,
            self.binary,
            self.binary_score,
            self.unary,
            self.unary_score,
            self.coarse_of,
            np.array(list(self.coarse_binary), np.int32).reshape(-1, 3),
            np.array(list(self.coarse_binary.values())),
            np.array(list(self.coarse_unary), np.int32).reshape(-1, 2),
            np.array(list(self.coarse_unary.values())),
        )

    def sentence(self, n_words):
        """Return words of one or two tags each."""
        tags = [
            np.sort(self.rng.choice(self.n_states, self.rng.integers(1, 3), False))
            for _ in range(n_words)
        ]
        states = np.concatenate(tags).astype(np.int32)
        offsets = np.cumsum([0, *map(len, tags)]).astype(np.int32)
        scores = np.log(self.rng.random(len(states)) + 0.01).astype(np.float32)
        return offsets, states, scores


def best_chains(n_states, unary, scores):
    """Return the best chain of each child and parent, by enumeration."""
    best = {}

    def follow(path, score):
        if len(path) > 1:
            key = path[0], path[-1]
            value = (-score, len(path), path[::-1])
            best[key] = min(value, best.get(key, value))
        if len(path) < 5:
            for (child, parent), step in zip(unary.tolist(), scores, strict=True):
                if child == path[-1] and parent != path[0]:
                    follow((*path, parent), score + float(step))

    for child in range(n_states):
        follow((child,), 0.0)
    return best


def all_derivations(toy, sentence):
    """Return (log-probability, states, arity) of all derivations, best first."""
    offsets, states, scores = sentence
    chains = best_chains(toy.n_states, toy.unary, toy.unary_score)
    rules = list(zip(toy.binary.tolist(), toy.binary_score.tolist(), strict=True))
    known = {}

    def cell(begin, end):
        if (begin, end) in known:
            return known[begin, end]
        bottoms = []
        if end - begin == 1:
            tags = range(offsets[begin], offsets[end])
            bottoms = [(float(scores[t]), (int(states[t]),), (0,)) for t in tags]
        for split in range(begin + 1, end):
            lefts, rights = cell(begin, split), cell(split, end)
            for (left, right, parent), score in rules:
                bottoms += [
                    (score + a[0] + b[0], (parent, *a[1], *b[1]), (2, *a[2], *b[2]))
                    for a in lefts
                    if a[1][0] == left
                    for b in rights
                    if b[1][0] == right
                ]
        tops = list(bottoms)
        for score, nodes, arity in bottoms:
            for (child, _), (cost, _, path) in chains.items():
                if child == nodes[0]:
                    ones = (1,) * (len(path) - 1)
                    tops.append((score - cost, path[:-1] + nodes, ones + arity))
        if len(tops) > TOO_MANY:
            raise OverflowError
        known[begin, end] = tops
        return tops

    found = [d for d in cell(0, len(offsets) - 1) if d[1][0] == 0]
    return sorted(found, key=lambda d: -d[0])


def coarse_derivations(toy, sentence):
    """Return (probability, items) of all coarse derivations of the root.

    Items are (begin, end, state, is top). The probabilities are scaled as the kernel
    scales them: the best tag of each word has e^4.
    """
    offsets, states, scores = sentence

    def climb(begin, end, bottoms):
        tops = []
        for prob, items in bottoms:
            state = items[0][2]
            paths = [(prob, state)]
            for _ in range(5):
                tops += [(p, ((begin, end, s, True), *items)) for p, s in paths]
                paths = [
                    (p * step, parent)
                    for p, s in paths
                    for (child, parent), step in toy.coarse_unary.items()
                    if child == s
                ]
        if len(tops) > TOO_MANY:
            raise OverflowError
        return tops

    known = {}

    def cell(begin, end):
        if (begin, end) in known:
            return known[begin, end]
        bottoms = []
        if end - begin == 1:
            tags = slice(offsets[begin], offsets[end])
            best = {}
            for state, score in zip(states[tags], scores[tags], strict=True):
                coarse = int(toy.coarse_of[state])
                prob = math.exp(float(score) - float(scores[tags].max()) + 4)
                best[coarse] = max(prob, best.get(coarse, 0.0))
            bottoms = [(p, ((begin, end, state, False),)) for state, p in best.items()]
        for split in range(begin + 1, end):
            for (left, right, parent), prob in toy.coarse_binary.items():
                bottoms += [
                    (prob * a[0] * b[0], ((begin, end, parent, False), *a[1], *b[1]))
                    for a in cell(begin, split)
                    if a[1][0][2] == left
                    for b in cell(split, end)
                    if b[1][0][2] == right
                ]
        known[begin, end] = climb(begin, end, bottoms)
        return known[begin, end]

    root = toy.coarse_of[0]
    return [d for d in cell(0, len(offsets) - 1) if d[1][0][2] == root]


def equal(found, wanted):
    """Tell whether two lists of lists of derivations are the same bits."""
    return len(found) == len(wanted) and all(
        len(a) == len(b)
        and all(
            x.log_prob == y.log_prob
            and np.array_equal(x.states, y.states)
            and np.array_equal(x.arity, y.arity)
            for x, y in zip(a, b, strict=True)
        )
        for a, b in zip(found, wanted, strict=True)
    )


@pytest.mark.parametrize("prune_threshold", [0.0, 1e-12])
@pytest.mark.parametrize("seed", SEEDS)
def test_derivations_are_the_best_of_all(seed, prune_threshold):
    toy = Toy(seed)
    sentences = [toy.sentence(n_words) for n_words in (1, 2, 3, 4, 5, 6, 7)]
    n_best = 30
    with Workers(1) as workers:
        found = derive(
            toy.compiled(),
            sentences,
            n_best=n_best,
            prune_threshold=prune_threshold,
            workers=workers,
        )
    n_compared = 0
    for sentence, derivations in zip(sentences, found, strict=True):
        try:
            wanted = all_derivations(toy, sentence)
        except OverflowError:
            continue
        n_compared += 1
        np.testing.assert_allclose(
            [d.log_prob for d in derivations],
            [d[0] for d in wanted[:n_best]],
            rtol=0,
            atol=1e-6,
        )
        legal = {(nodes, arity): score for score, nodes, arity in wanted}
        keys = [(tuple(d.states.tolist()), tuple(d.arity)) for d in derivations]
        assert len(set(keys)) == len(keys)
        for key, derivation in zip(keys, derivations, strict=True):
            assert legal[key] == pytest.approx(derivation.log_prob, abs=1e-6)
    assert n_compared >= 3


@pytest.mark.parametrize("seed", SEEDS)
def test_unary_closure_is_the_best_chain(seed):
    toy = Toy(seed)
    rng = np.random.default_rng(seed)
    unary = np.unique(rng.integers(0, 6, (12, 2)), axis=0)
    unary = unary[unary[:, 0] != unary[:, 1]]
    # few different values, so that there are ties
    scores = -rng.integers(0, 3, len(unary)).astype(np.float32)
    wanted = best_chains(6, unary, scores)
    found = unary_closure(unary, scores)
    assert [chain[:2] for chain in found] == sorted(wanted)
    for child, parent, score, middle in found:
        cost, _, path = wanted[child, parent]
        assert score == -cost
        assert middle == path[1:-1]
    assert toy.compiled().down_middle.shape[1] == 3


@pytest.mark.parametrize("seed", SEEDS)
def test_coarse_pass_sums_over_derivations(seed):
    from sklearn_ext.augmentation._kernels_coarse import coarse_inside, coarse_outside

    toy = Toy(seed)
    grammar = toy.compiled()
    space = Workspace(grammar, 5, with_coarse=True)
    n_compared = 0
    for n_words in (1, 2, 3, 4):
        sentence = toy.sentence(n_words)
        try:
            wanted = coarse_derivations(toy, sentence)
        except OverflowError:
            continue
        n_compared += 1
        total = math.fsum(prob for prob, _ in wanted)
        inside = coarse_inside(grammar, *sentence, space.coarse)
        assert inside == pytest.approx(total, rel=1e-9)
        if not wanted:
            continue
        posterior = {}
        for prob, items in wanted:
            for item in items:
                posterior[item] = posterior.get(item, 0.0) + prob / total
        for threshold in (1e-3, 0.04, 0.6):
            first, last, states = coarse_outside(
                grammar, n_words, space.coarse, threshold, 0.0, space.allowed
            )
            allowed = {
                (begin, end, int(state))
                for end in range(1, n_words + 1)
                for begin in range(end)
                for cell in [end * (end + 1) // 2 - 1 - begin]
                for state in states[first[cell] : last[cell]]
            }
            assert allowed == {
                item[:3] for item, prob in posterior.items() if prob >= threshold
            }
    assert n_compared >= 1


@pytest.mark.parametrize("seed", range(10))
def test_pruning_keeps_derivations_legal_and_never_fails(seed):
    toy = Toy(seed)
    sentences = [toy.sentence(n_words) for n_words in (1, 3, 6, 9)]
    grammar = toy.compiled()
    with Workers(1) as workers:
        exact, pruned = (
            derive(grammar, sentences, n_best=1, prune_threshold=p, workers=workers)
            for p in (0.0, 0.9)
        )
    for best, found in zip(exact, pruned, strict=True):
        assert len(best) == len(found)
        assert not best or found[0].log_prob <= best[0].log_prob + 1e-6


def test_threads_and_order_do_not_matter():
    toy = Toy(4)
    grammar = toy.compiled()
    sentences = [toy.sentence(1 + i % 12) for i in range(40)]
    found = []
    for n_jobs, sign in ((1, 1), (2, 1), (1, -1)):
        with Workers(n_jobs) as workers:
            results = derive(
                grammar,
                sentences[::sign],
                n_best=7,
                prune_threshold=1e-3,
                workers=workers,
            )
        found.append(results[::sign])
    assert sum(map(len, found[0])) > 40
    assert equal(found[1], found[0])
    assert equal(found[2], found[0])


def ambiguous():
    """Return the grammar 0 -> 0 0 and n equal words: all bracketings are equal."""
    rule = np.zeros((1, 3), np.int32)
    none = np.empty((0, 2), np.int32)
    one = np.array([math.log(0.5)], np.float32)
    return chart_grammar(
        1,
        0,
        rule,
        one,
        none,
        one[:0],
        np.zeros(1, np.int32),
        rule,
        np.exp(one),
        none,
        one[:0],
    )


def words(n_words):
    """Return words of the one tag 0."""
    return (
        np.arange(n_words + 1, dtype=np.int32),
        np.zeros(n_words, np.int32),
        np.zeros(n_words, np.float32),
    )


def test_ties_go_to_the_first_split():
    with Workers(1) as workers:
        (found,) = derive(
            ambiguous(), [words(4)], n_best=9, prune_threshold=0.0, workers=workers
        )
    shapes = [tuple(d.arity.tolist()) for d in found]
    assert len(set(shapes)) == len(shapes) == 5  # Catalan number
    # The first split leaves one word on the left, again and again.
    assert shapes[0] == (2, 0, 2, 0, 2, 0, 0)


def test_long_sentences_stay_in_range():
    grammar = ambiguous()
    with Workers(1) as workers:
        (found,) = derive(
            grammar, [words(150)], n_best=1, prune_threshold=1e-9, workers=workers
        )
    assert found[0].log_prob == pytest.approx(149 * math.log(0.5), rel=1e-6)
    space = Workspace(grammar, 150, with_coarse=True)
    assert space.prune(grammar, words(150), 1e-9)


def test_nothing_to_derive():
    toy = Toy(0)
    grammar = toy.compiled()
    options = {"n_best": 3, "prune_threshold": 1e-4}
    with Workers(1) as workers:
        assert derive(grammar, [], workers=workers, **options) == []
        barren = grammar._replace(root=toy.n_states)
        assert derive(barren, [toy.sentence(3)], workers=workers, **options) == [[]]


def test_inputs_may_be_read_only():
    sentence = words(5)
    for array in sentence:
        array.flags.writeable = False
    with Workers(1) as workers:
        (found,) = derive(
            ambiguous(), [sentence], n_best=2, prune_threshold=1e-4, workers=workers
        )
    assert len(found) == 2


def test_too_many_states():
    none = np.empty(0, np.float32)
    with pytest.raises(ValueError, match="70000 states, but at most 65535"):
        chart_grammar(
            70_000,
            0,
            np.empty((0, 3), np.int32),
            none,
            np.empty((0, 2), np.int32),
            none,
            np.zeros(70_000, np.int32),
            np.empty((0, 3), np.int32),
            none,
            np.empty((0, 2), np.int32),
            none,
        )

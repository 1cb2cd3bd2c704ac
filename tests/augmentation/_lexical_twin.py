"""The head-lexicalised model in dictionaries, and random trees to count over."""

import math
from collections import Counter, defaultdict

import numpy as np

from sklearn_ext.augmentation._heads import head_child
from sklearn_ext.augmentation._lexicon import signature
from sklearn_ext.augmentation._treebank import Node, tree_tokens

PHRASES = ["S", "NP", "VP", "PP", "SBAR", "NP~TMP"]
TOKENS = [
    (
        "NN",
        [
            "dog",
            "Cat",
            "singing",
            "B12",
            "films",
            "actor",
            "plots",
            "plot-hole",
            "1999",
            "mood",
        ],
    ),
    ("VBD", ["was", "had", "saw", "walked", "gave", "took", "acted"]),
    ("VBN", ["seen", "walked"]),
    ("MD", ["will", "Can"]),
    ("DT", ["the", "a"]),
    ("CC", ["and"]),
    (",", [","]),
]


def made_trees(seed, n_trees, n_words=10):
    """Random trees over a few labels, tags and words, some of them rare."""
    rng = np.random.default_rng(seed)

    def node(depth):
        if depth == 0 or rng.random() < 0.45:
            tag, words = TOKENS[rng.integers(len(TOKENS))]
            return Node(tag, words[min(rng.geometric(0.4), len(words), n_words) - 1])
        n_children = min(rng.geometric(0.4), 5)
        label = PHRASES[rng.integers(len(PHRASES))]
        return Node(label, tuple(node(depth - 1) for _ in range(n_children)))

    return [
        Node("TOP", (Node("S", (node(3), node(3))),) * (1 + (i % 5 == 0)))
        for i in range(n_trees)
    ]


def child_words(tree):
    """Word of each child that is a token."""
    return tuple(
        c.children if isinstance(c.children, str) else None for c in tree.children
    )


def head_token(tree):
    """Tag and lower-cased word of the Collins head of a tree."""
    while not isinstance(tree.children, str):
        labels = tuple(child.label for child in tree.children)
        tree = tree.children[head_child(tree.label, labels, child_words(tree))]
    return tree.label, tree.children.lower()


def tree_events(tree):
    """Yield (kind, context, outcome); a context is X, [H, side, first,] ..., t, w."""
    if isinstance(tree.children, str):
        return
    x, children = tree.label, tree.children
    labels = tuple(child.label for child in children)
    h = head_child(x, labels, child_words(tree))
    t, w = head_token(tree)
    yield "head", (x, t, w), labels[h]
    for side, modifiers in enumerate([children[:h][::-1], children[h + 1 :]]):
        for i, modifier in enumerate(modifiers):
            tag, word = head_token(modifier)
            yield "modifier", (x, labels[h], side, i == 0, t, w), (modifier.label, tag)
            yield "word", (tag, t, x, side, w), word
        yield "modifier", (x, labels[h], side, not modifiers, t, w), "STOP"
    for child in children:
        yield from tree_events(child)


# Of each kind, the numbers of leading parts of its context, most specific first.
LEVELS = {"head": (3, 2, 1), "modifier": (6, 5, 4), "word": (5, 4, 1)}


class Twin:
    """Counts as dictionaries, words below `rare_count` as signatures."""

    def __init__(self, trees, weights, *, min_count=2, rare_count=2):
        self.word_counts, self.counts = Counter(), defaultdict(Counter)
        self.rare_count = rare_count
        pairs = [(t, w) for t, w in zip(trees, weights, strict=True) if w > 0]
        for tree, weight in pairs:
            for _, word in tree_tokens(tree):
                self.word_counts[word.lower()] += weight
        rare = [word for word, c in self.word_counts.items() if c < rare_count]
        self.n_rare = Counter(signature(word, False) for word in rare)
        for tree, weight in pairs:
            for kind, context, outcome in tree_events(tree):
                context, outcome = self.known(kind, context, outcome)
                for n in LEVELS[kind]:
                    self.counts[kind, n, context[:n]][outcome] += weight
        for (kind, n, context), outcomes in list(self.counts.items()):
            if n == LEVELS[kind][0] and sum(outcomes.values()) < min_count:
                del self.counts[kind, n, context]

    def stands_for(self, word):
        """The word itself, or the signature that stands for it."""
        rare = self.word_counts[word] < self.rare_count
        return "sig", signature(word, False) if rare else word

    def known(self, kind, context, outcome):
        """An event with rare words replaced."""
        context = (*context[:-1], self.stands_for(context[-1]))
        return context, self.stands_for(outcome) if kind == "word" else outcome

    def prob(self, kind, context, outcome, levels=3):
        """Probability of an outcome by the last so many levels."""
        p = 0.0
        whole, (context, mapped) = outcome, (self.known(kind, context, outcome))
        for i in range(2, 2 - levels, -1):
            n = LEVELS[kind][i]
            if outcomes := self.counts.get((kind, n, context[:n])):
                c, u = sum(outcomes.values()), len(outcomes)
                share = c / (c + 5 * u) if i < 2 else 1.0
                p = share * outcomes[mapped] / c + (1 - share) * p
        if kind == "word" and self.word_counts[whole] < self.rare_count:
            p /= 1 + self.n_rare[mapped[1]]
        return p

    def log_prob(self, tree):
        """Log-probability of a tree given its head."""
        return sum(math.log(max(self.prob(*e), 1e-8)) for e in tree_events(tree))


class ClassTwin:
    """One more level of counts above a Twin, over words as they are."""

    def __init__(self, twin, trees, weights):
        self.twin, self.counts = twin, defaultdict(Counter)
        for tree, weight in zip(trees, weights, strict=True):
            for kind, context, outcome in tree_events(tree):
                if weight > 0:
                    self.counts[kind, context][outcome] += weight

    def prob(self, kind, context, outcome):
        """Probability of an outcome by all four levels."""
        p = self.twin.prob(kind, context, outcome)
        if outcomes := self.counts.get((kind, context)):
            c, u = sum(outcomes.values()), len(outcomes)
            p = (outcomes[outcome] + 5 * u * p) / (c + 5 * u)
        return p

    log_prob = Twin.log_prob

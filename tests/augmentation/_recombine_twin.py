"""Recombination by recursion over trees, with the hash of the kernels; made texts."""

import itertools
from collections import Counter
from functools import cached_property
from typing import NamedTuple

import numpy as np

from sklearn_ext.augmentation._forest import Names, flatten
from sklearn_ext.augmentation._recombine import Recombiner
from sklearn_ext.augmentation._substitutes import (
    indefinite_article,
    is_content,
    is_negation,
)
from sklearn_ext.augmentation._surface import is_clitic, is_word, lowered
from sklearn_ext.augmentation._tokenize import Sentence
from sklearn_ext.augmentation._treebank import (
    Node,
    clean_tree,
    read_tree,
    tree_tokens,
)
from tests.augmentation._trees import TREES

GOLDEN, MASK = 0x9E3779B97F4A7C15, 2**64 - 1
SPELLING = {"-LRB-": "(", "-RRB-": ")"}


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def hash_of(base, number):
    return mix((base + GOLDEN * (number + 1)) & MASK)


class Draws:
    """Random numbers of one candidate."""

    def __init__(self, *address):
        self.base = GOLDEN
        for number in address:
            self.base = hash_of(self.base, number)
        self.step = 0

    def uniform(self):
        self.step += 1
        return (hash_of(self.base, self.step - 1) >> 11) * 2.0**-53

    def pick(self, weights):
        goal, total = self.uniform(), 0.0
        sums = [total := total + weight for weight in weights]
        return next(i for i, s in enumerate(sums) if s > goal * sums[-1])


class Corpus(NamedTuple):
    """Parsed texts of a class; one tree may be one of many parses."""

    trees: list
    sample: list
    sentence: list
    weight: list
    sentences: list


def stable_hash(value):
    return sum(ord(c) * 31**i for i, c in enumerate(repr(value))) % 1_000_003


class RandomGrammar:
    """Stands in for the grammar of a class; probabilities are hashes of the names."""

    def __init__(self):
        self.symbols, self.words = Names(), Names(["the", "an"])

    def p_place(self, word, tag, *place):
        return 10 ** (-4 * (stable_hash((word, tag, *place)) % 997) / 997)

    def p_tag(self, word, tag):
        return 10 ** (-4 * (stable_hash((word, tag)) % 991) / 991)

    def word_log_probs(self, word, tag, label, head_tag, head_word, side):
        words, symbols = self.words.names, self.symbols.names
        rows = np.transpose([word, tag, label, head_tag, head_word, side]).tolist()
        return np.log(
            [
                self.p_place(words[w], symbols[t], symbols[x], symbols[u], words[v], s)
                for w, t, x, u, v, s in rows
            ]
        )

    def word_given_tag(self, word, tag):
        words, symbols = self.words.names, self.symbols.names
        return np.array(
            [
                self.p_tag(words[w], symbols[t])
                for w, t in zip(word.tolist(), tag.tolist(), strict=True)
            ]
        )


def other_words(word, tag):
    """Substitutes of a token: none, one or two."""
    found = ["big old", word[:1] + "onest", "usual"][: stable_hash(word + tag) % 4]
    return [w for w in found if w != word]


class Place:
    """A node of the class with all that the twin needs to know about it."""

    def __init__(self, node, corpus, tree, parent):
        self.label, self.tree, self.parent = node.label, tree, parent
        self.sample = corpus.sample[tree]
        self.weight = corpus.weight[tree]
        self.word = node.children if isinstance(node.children, str) else None
        self.children = []

    @property
    def is_token(self):
        return self.word is not None

    def tokens(self):
        if self.is_token:
            return [self]
        return [token for child in self.children for token in child.tokens()]

    def has_negation(self):
        return any(is_negation(token.word) for token in self.tokens())

    def head_token(self, which):
        return self if self.is_token else self.child_of_head(which).head_token(which)

    def child_of_head(self, which):
        return self.children[self.heads[which]]

    def is_root_child(self):
        return self.parent is not None and self.parent.parent is None

    @cached_property
    def is_swappable(self):
        if self.is_token or self.parent is None or self.is_root_child():
            return False
        base = self.label.split("~")[0]
        tag = self.head_token(0).label
        texts = [token.text for token in self.tokens()]
        text = " ".join(texts)
        if any(text.count(a) != text.count(b) for a, b in ("()", "[]")):
            return False
        if text.count('"') % 2 or self.is_torn():
            return False
        if {texts[0], texts[-1]} & set(".,;:!?"):
            return False
        function_tags = "CC", "DT", "IN", "MD", "PDT", "POS", "RP", "TO"
        if len(texts) == 1 and self.tokens()[0].label in function_tags:
            return False
        return not (base in ("NP", "NX", "NML", "WHNP") and tag in ("PRP", "EX", "WP"))

    def is_torn(self):
        """Whether a word is written across the first or the last token."""
        root = self
        while root.parent is not None:
            root = root.parent
        around, own = root.tokens(), self.tokens()
        first = next(i for i, token in enumerate(around) if token is own[0])
        cuts = [i for i in (first, first + len(own)) if 0 < i < len(around)]
        for i in cuts:
            left, right = around[i - 1], around[i]
            glued = not right.space and not is_clitic(right.text)
            if glued and all(is_word(t.text) or t.text == "-" for t in (left, right)):
                return True
        return False

    @property
    def is_content(self):
        return is_content(self.word, self.label) and not self.is_torn()

    @cached_property
    def kind(self):
        joined = any(child.label in ("CC", "CONJP") for child in self.children[1:])
        negated = any(
            is_negation(sister.word)
            if sister.is_token
            else sister.label.split("~")[0] == "ADVP" and sister.has_negation()
            for sister in self.parent.children
            if sister is not self
        )
        head = self.head_token(0)
        form = {"'m": "am", "'re": "are"}.get(head.word.lower(), head.word.lower())
        form = form if form in ("was", "were", "am", "are") else None
        return self.label, head.label, form, joined, negated, self.has_negation()

    def place(self):
        """Where the phrase with this head hangs: label, head tag, head word, side."""
        top = self
        while top.parent is not None and top.parent.child_of_head(1) is top:
            top = top.parent
        if top.parent is None:
            return None
        above = top.parent
        head = above.head_token(1)
        at = next(i for i, child in enumerate(above.children) if child is top)
        side = int(at > above.heads[1])
        return above.label, head.label, head.word.lower(), side


class Twin:
    """The same candidates, made by recursion over trees."""

    def __init__(self, corpus, grammar, forest, chances, substitutes):
        self.corpus, self.grammar, self.chances = corpus, grammar, chances
        self.substitutes = substitutes
        self.roots, self.places = [], []
        for tree, node in enumerate(corpus.trees):
            self.roots.append(self.enter(node, tree, None, forest))
            for token, word, text, space in zip(
                self.roots[-1].tokens(), *corpus.sentences[tree], strict=True
            ):
                token.word, token.text, token.space = word, text, space
        self.order = {id(p): i for i, p in enumerate(self.places)}
        tokens = [id(place) for place in self.places if place.is_token]
        self.rank = {token: i for i, token in enumerate(tokens)}
        n_tokens = {}
        for tree, root in enumerate(self.roots):
            key = corpus.sample[tree], corpus.sentence[tree]
            n_tokens[key] = len(root.tokens())
        lengths = Counter()
        for (sample, _), n in n_tokens.items():
            lengths[sample] += n
        self.cap = 1.5 * max(lengths.values())
        self.listed = {}

    def enter(self, node, tree, parent, forest):
        place = Place(node, self.corpus, tree, parent)
        number = len(self.places)
        self.places.append(place)
        if not place.is_token:
            starts = []
            for child in node.children:
                starts.append(len(self.places) - number)
                place.children.append(self.enter(child, tree, place, forest))
            place.heads = [
                starts.index(column[number])
                for column in (forest.head.tolist(), forest.content_head.tolist())
            ]
        return place

    def donors(self, place):
        """The donors of a place with their weights, in the order of the lists."""
        if id(place) in self.listed:
            return self.listed[id(place)]
        if place.is_token:
            some = [
                p
                for p in self.places
                if p.is_token and p.label == place.label and p.is_content
            ]
        else:
            near = [p for p in self.places if p.is_swappable and p.kind == place.kind]
            some = [p for p in near if p.parent.label == place.parent.label]
            spans = {
                (p.sample, self.corpus.sentence[p.tree], self.span(p))
                for p in some
                if p.sample != place.sample
            }
            if len(spans) < 2:
                some = near
        some.sort(key=lambda p: self.order[id(p)] * GOLDEN & MASK)
        some = [p for p in some if p.sample != place.sample]
        found = self.listed[id(place)] = some, [self.weigh(p, place) for p in some]
        return found

    def span(self, place):
        tokens = self.roots[place.tree].tokens()
        own = place.tokens()
        first = next(i for i, token in enumerate(tokens) if token is own[0])
        return first, len(own)

    def weigh(self, donor, place):
        context = place.place()
        if context is None:
            return donor.weight
        head = donor.head_token(1)
        word, tag = head.word.lower(), head.label
        in_place = self.grammar.p_place(word, tag, *context)
        ratio = in_place / self.grammar.p_tag(word, tag)
        return donor.weight * min(max(ratio, 0.1), 10)

    def candidate(self, seed, class_index, source, attempt):
        draws = Draws(seed, class_index, source, attempt)
        row = Row(draws, {source})
        corpus = self.corpus
        keys = list(zip(corpus.sample, corpus.sentence, strict=True))
        numbers = sorted({number for sample, number in keys if sample == source})
        for number in numbers:
            parses = [i for i, key in enumerate(keys) if key == (source, number)]
            chosen = draws.pick([corpus.weight[tree] for tree in parses])
            root = self.roots[parses[chosen]]
            out = []
            tree = self.grow(root, 0, None, row, out)
            if row.n_tokens > self.cap:
                row.too_long = True
                return row
            row.trees.append(tree)
            self.finish(root, out, row, number == numbers[0])
            row.tokens += out
        return row

    def grow(self, place, nested, inherits, row, out):
        """Return the tree under a place as nested lists, its tokens in `out`."""
        subtree = self.chances[0]
        if row.n_tokens > self.cap:
            return None
        if place.is_token:
            row.n_tokens += 1
            out.append(self.token(place, inherits, row))
            return out[-1]
        taken = place
        if subtree > 0 and nested < 12 and place.is_swappable:
            donors, weights = self.donors(place)
            if donors and row.draws.uniform() < subtree:
                taken = donors[row.draws.pick(weights)]
                nested += 1
                row.n_phrases += 1
                row.donors.add(taken.sample)
                inherits = inherits or place.tokens()[0]
        children = []
        for child in taken.children:
            children.append(self.grow(child, nested, inherits, row, out))
            inherits = None
        return [taken.label, children]

    def token(self, place, inherits, row):
        _, word, synonym = self.chances
        text, written, kind, origin = place.text, place.word, 0, place
        content = word > 0 and place.is_content
        if content and row.draws.uniform() < word:
            if row.draws.uniform() < synonym:
                options = self.substitutes(place.word, place.label)
                if options:
                    at = int(row.draws.uniform() * len(options))
                    text = written = options[at]
                    kind = 2
                    row.n_synonyms += 1
            else:
                donors, weights = self.donors(place)
                if donors:
                    origin = donors[row.draws.pick(weights)]
                    text, written, kind = origin.text, origin.word, 1
                    row.n_words += 1
                    row.donors.add(origin.sample)
        space = place.space
        if inherits is not None:
            clitic, other = is_clitic(place.text), is_clitic(inherits.text)
            if clitic == other:
                space = inherits.space
            elif other:
                space = True
        return Made(place.label, written, text, space, kind, origin)

    def finish(self, root, out, row, is_first):
        first_word = next((t for t in root.tokens() if is_word(t.text)), None)
        capital = first_word is not None and first_word.text[:1].isupper()
        begun = False
        for i, token in enumerate(out):
            own = self.roots[token.origin.tree].tokens()
            first = next((t for t in own if is_word(t.text)), None)
            if is_word(token.text) and not begun and capital:
                text = token.text[:1].upper() + token.text[1:]
            elif token.origin is first:
                text = lowered(token.text, token.origin.label)
            else:
                text = token.text
            begun = begun or is_word(token.text)
            after = next((t for t in out[i + 1 :] if is_word(t.text)), None)
            if (
                token.label == "DT"
                and text.lower() in ("a", "an")
                and after is not None
                and not self.stood_together(token, after, out)
            ):
                article = indefinite_article(after.text)
                if article != text.lower():
                    token.kind = 3
                    token.word = article
                    text = article.capitalize() if text[0].isupper() else article
            token.final = text
        if is_first:
            out[0].space = False

    def stood_together(self, token, after, out):
        i, j = (next(k for k, t in enumerate(out) if t is x) for x in (token, after))
        ranks = self.rank[id(token.origin)], self.rank[id(after.origin)]
        return after.kind == 0 and ranks[1] - ranks[0] == j - i


class Row:
    """What the twin writes down of a candidate."""

    def __init__(self, draws, donors):
        self.draws, self.donors = draws, donors
        self.trees, self.tokens = [], []
        self.n_tokens = self.n_phrases = self.n_words = self.n_synonyms = 0
        self.too_long = False

    def text(self):
        return "".join(" " * t.space + t.final for t in self.tokens)


class Made:
    """A token of a new row."""

    def __init__(self, label, word, text, space, kind, origin):
        self.label, self.word, self.text = label, word, text
        self.space, self.kind, self.origin = space, kind, origin


def as_node(tree):
    """A tree of the twin as a Node."""
    if isinstance(tree, Made):
        return Node(tree.label, tree.word.lower())
    label, children = tree
    return Node(label, tuple(map(as_node, children)))


def as_sentence(tree, glued=True):
    """The tokens of a tree as running text, or with blanks everywhere."""
    words = [word for _, word in tree_tokens(tree)]
    texts = [SPELLING.get(word, word) for word in words]
    spaces = [
        i > 0 and not (glued and (is_clitic(text) or text in (",", ".", ")")))
        for i, text in enumerate(texts)
    ]
    return Sentence(words, texts, spaces)


def corpus_of(groups, glued=True):
    """A Corpus of samples of sentences of (tree, weight) pairs."""
    rows = [
        (read_tree(text), sample, number, weight)
        for sample, sentences in groups.items()
        for number, parses in enumerate(sentences)
        for text, weight in parses
    ]
    trees, *columns = map(list, zip(*rows, strict=True))
    return Corpus(trees, *columns, [as_sentence(tree, glued) for tree in trees])


def recombiner_of(corpus, grammar=None, *, substitutes=other_words, **chances):
    grammar = RandomGrammar() if grammar is None else grammar
    forest = flatten(corpus.trees, grammar.symbols, grammar.words)
    made = Recombiner(
        grammar,
        forest,
        np.array(corpus.sample),
        np.array(corpus.sentence),
        np.array(corpus.weight),
        corpus.sentences,
        substitutes=substitutes,
        **chances,
    )
    return made, forest, grammar


RULES = {
    "S": ["NP VP .", "NP VP .", "ADVP , NP VP .", "S CC S", "NP VP"],
    "NP": ["DT NN", "DT JJ NN", "NNS", "PRP", "NP CC NP", "NP PP", "DT ADJP NN", "NNP"],
    "VP": ["VBZ NP", "VBZ RB VP", "MD VP", "VBD NP PP", "VP CC VP", "VBZ ADJP", "VB"],
    "PP": ["IN NP", "IN NP", "IN S"],
    "ADJP": ["JJ", "RB JJ", "JJ CC JJ"],
    "ADVP": ["RB", "RB RB"],
}
WORDS = {
    "DT": ["a", "the", "an", "no"],
    "NN": ["film", "hour", "unit", "idea", "EU"],
    "NNS": ["films", "actors"],
    "NNP": ["Ann", "Rome"],
    "JJ": ["old", "warm", "honest", "useful"],
    "RB": ["never", "slowly", "n't", "truly"],
    "PRP": ["it", "I"],
    "VBZ": ["is", "'s", "does", "likes", "opens"],
    "VBD": ["liked", "opened"],
    "VB": ["open", "like"],
    "MD": ["will", "'ll"],
    "IN": ["of", "in", "without"],
    "CC": ["and", "but"],
    ".": [".", "!"],
    ",": [","],
}


def random_tree(rng, label="S", depth=0):
    if label in WORDS:
        return Node(label, str(rng.choice(WORDS[label])))
    rules = RULES[label] if depth < 5 else [min(RULES[label], key=len)]
    right = str(rng.choice(rules)).split()
    return Node(label, tuple(random_tree(rng, child, depth + 1) for child in right))


def with_capital(node):
    """The tree with a capital letter at its start."""
    if isinstance(node.children, str):
        return Node(node.label, node.children[:1].upper() + node.children[1:])
    first, *rest = node.children
    return Node(node.label, (with_capital(first), *rest))


def random_corpus(seed, n_samples):
    """Texts of one or two sentences with one or two parses of the same words."""
    rng = np.random.default_rng(seed)
    trees, sample, sentence, weight, sentences = [], [], [], [], []
    for row in range(n_samples):
        for number in range(rng.integers(1, 3)):
            tree = random_tree(rng)
            if rng.random() < 0.7:
                tree = with_capital(tree)
            tokens = as_sentence(tree, glued=rng.random() < 0.8)
            tokens.spaces[0] = number > 0
            parses = [Node("TOP", (tree,))]
            if rng.random() < 0.4:
                flat = tuple(Node(*token) for token in tree_tokens(tree))
                parses.append(Node("TOP", (Node("FRAG", flat),)))
            shares = [1.0] if len(parses) == 1 else [0.75, 0.25]
            trees += parses
            sample += [3 * row + 1] * len(parses)
            sentence += [number] * len(parses)
            weight += shares
            sentences += [tokens] * len(parses)
    order = rng.permutation(len(trees)) if seed % 2 else np.arange(len(trees))
    columns = (trees, sample, sentence, weight, sentences)
    return Corpus(*([column[i] for i in order] for column in columns))


def hand_written_corpus():
    """Texts of two sentences of the hand-written trees each."""
    n = len(TREES)
    rows, numbers = np.divmod(np.arange(n), 2)
    trees = [clean_tree(read_tree(text)) for text in TREES]
    sentences = [as_sentence(tree) for tree in trees]
    return Corpus(trees, rows.tolist(), numbers.tolist(), [1.0] * n, sentences)


def trees_of(made, names):
    """The trees of all rows as Nodes, by row."""
    forest = made.forest
    symbol, size, word = (a.tolist() for a in (forest.symbol, forest.size, forest.word))
    labels, words = names.symbols.names, names.words.names

    def build(node):
        if size[node] == 1:
            return Node(labels[symbol[node]], words[word[node]])
        children, child = [], node + 1
        while child < node + size[node]:
            children.append(build(child))
            child += size[child]
        return Node(labels[symbol[node]], tuple(children))

    rows = [[] for _ in made.texts]
    for start, row in zip(forest.start.tolist(), made.tree_row.tolist(), strict=False):
        rows[row].append(build(start))
    return rows


def donors_of(made):
    start, samples = made.donors
    return [set(samples[a:b].tolist()) for a, b in itertools.pairwise(start.tolist())]


def pairs_of(corpus, n_attempts):
    """All sources of a corpus, attempt by attempt."""
    sources = np.unique(corpus.sample)
    return np.tile(sources, n_attempts), np.repeat(np.arange(n_attempts), len(sources))


SETTINGS = [
    {"subtree": 0.35, "word": 0.35, "synonym": 0.5},
    {"subtree": 1.0, "word": 0.5, "synonym": 0.3},
    {"subtree": 0.0, "word": 0.5, "synonym": 1.0},
    {"subtree": 0.6, "word": 0.0, "synonym": 0.5},
    {"subtree": 0.2, "word": 1.0, "synonym": 0.0},
]
MEDIUM = SETTINGS[0]
# Phrases only, and wherever one can be replaced.
PHRASES = {"subtree": 1.0, "word": 0.0, "synonym": 0.0}
TWO_KINDS = {
    0: [[("(TOP (S (NP (DT The) (NN film)) (VP (VBZ is) (ADJP (JJ warm)))))", 1.0)]],
    1: [[("(TOP (S (NP (DT The) (NN plot)) (VP (VBZ is) (ADJP (JJ fresh)))))", 1.0)]],
    2: [[("(TOP (S (NP (DT A) (NN cast)) (VP (VBZ is) (ADJP (JJ bright)))))", 1.0)]],
}

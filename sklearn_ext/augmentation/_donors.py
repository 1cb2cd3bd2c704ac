"""Which phrases and words may stand in for each other, and with what weight."""

import numpy as np

from ._heads import CONJUNCTIONS, NOUN_PHRASES

__all__ = [
    "Groups",
    "donor_weights",
    "group_phrases",
    "numbers_of",
    "offsets_of",
    "relations_of",
    "sums_of",
]

# Neither replaced nor donors with a pronoun as head: its case and person belong to its
# place.
WITH_PRONOUNS = NOUN_PHRASES | {"WHNP"}
PRONOUNS = ("PRP", "EX", "WP")
# One tag each for two forms: "was" and "were", "am" and "are".
FORMS_OF_BE = ("was",), ("were",), ("am", "'m", "’m"), ("are", "'re", "’re")
# How far a lexicalised probability may move the weight of a donor.
LEAST, MOST = 0.1, 10.0
# Phrases that make a kind: with fewer the parent no longer matters.
ENOUGH = 2
# All donors of a place are listed in a few-shot class. In a large one that would take
# memory by the square of its size: there a place has its share of so many, at least
# some.
LISTED, SOME = 1 << 21, 64
# Pairs whose probabilities are looked up at once.
BLOCK = 1 << 17


def _is_symbol(grammar, forest, labels):
    """Return which nodes have one of some labels, marks behind ~ cut."""
    names = [name.partition("~")[0] in labels for name in grammar.symbols.names]
    return np.array(names)[forest.symbol]


def numbers_of(*columns):
    """Return equal numbers for equal rows; they ascend with the rows."""
    rows = np.stack(columns, axis=1)
    return np.unique(rows, axis=0, return_inverse=True)[1].ravel()


def offsets_of(counts):
    """Return where each of some runs begins, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])


def relations_of(grammar, forest, negating):
    """Return the Relations of a forest; `negating` says which tokens negate."""
    from ._kernels_recombine import Relations, relate

    kinds = [np.int32] * 8 + [np.bool_] * 3
    relations = Relations(*(np.zeros(len(negating), kind) for kind in kinds))
    joint = _is_symbol(grammar, forest, CONJUNCTIONS)
    adverb = _is_symbol(grammar, forest, ("ADVP",))
    relate(
        forest.start,
        forest.size,
        forest.head,
        forest.content_head,
        negating,
        joint,
        adverb,
        relations,
    )
    return relations


class Groups:
    """Nodes by kind, and the kind that each node takes its donors from."""

    def __init__(self, n_nodes):
        self.of_node = np.full(n_nodes, -1, np.int32)
        self.start = np.zeros(1, np.int64)
        self.members = np.zeros(0, np.int32)

    def add(self, nodes, kinds):
        """Make a group of each kind of nodes; return the group of each node."""
        groups = numbers_of(kinds) + len(self.start) - 1
        # Neighbours of a group are no neighbours of the text: multiples of the golden
        # ratio spread them.
        spread = nodes.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        order = np.lexsort((spread, groups))
        counts = np.unique(groups, return_counts=True)[1]
        self.start = np.r_[self.start, self.start[-1] + np.cumsum(counts)]
        self.members = np.r_[self.members, nodes[order].astype(np.int32)]
        return groups

    def list_donors(self, sample):
        """Return where the donors of each node begin, and the donors."""
        from ._kernels_recombine import list_donors

        n_places = np.count_nonzero(self.of_node >= 0)
        most = max(SOME, LISTED // max(1, n_places))
        start = np.zeros(len(sample) + 1, np.int64)
        given = self.of_node, self.start, self.members, sample, most, start
        donors = np.zeros(list_donors(*given, np.zeros(0, np.int32)), np.int32)
        list_donors(*given, donors)
        return start, donors


def be_forms(grammar, forest):
    """Return a number for the forms of "be" that its tags do not tell apart, else 0."""
    numbers = np.zeros(len(forest.word), np.int32)
    for number, forms in enumerate(FORMS_OF_BE, start=1):
        known = [grammar.words.get(form) for form in forms]
        numbers[np.isin(forest.word, [word for word in known if word >= 0])] = number
    return numbers


def group_phrases(groups, grammar, forest, relations, movable, sample, sentence):
    """Enter all phrases that may be replaced; `sentence` numbers those of the trees."""
    parent, head = relations.parent, relations.head_token
    pronoun = (
        _is_symbol(grammar, forest, WITH_PRONOUNS)
        & (_is_symbol(grammar, forest, PRONOUNS)[head])
    )
    inner = (parent >= 0) & (parent[parent] >= 0)
    nodes = np.flatnonzero((forest.size > 1) & inner & ~pronoun & movable)
    number = be_forms(grammar, forest)[head]
    flags = relations.coordinated, relations.negated, relations.has_negation, number
    near = numbers_of(
        forest.symbol[nodes], forest.symbol[head[nodes]], *(f[nodes] for f in flags)
    )
    kind = numbers_of(near, forest.symbol[parent[nodes]])
    # In another parse the same words are no other phrase.
    span = numbers_of(
        sentence[relations.tree[nodes]],
        relations.rank[nodes],
        relations.n_tokens[nodes],
    )
    enough = _n_elsewhere(kind, span, sample[nodes]) >= ENOUGH
    of_kind, of_near = groups.add(nodes, kind), groups.add(nodes, near)
    groups.of_node[nodes] = np.where(enough, of_kind, of_near)


def _n_elsewhere(kind, span, sample):
    """Return for each phrase how many of its kind the other samples have."""
    of_sample = numbers_of(kind, sample)
    first = np.unique(numbers_of(kind, span), return_index=True)[1]
    return np.bincount(kind[first])[kind] - np.bincount(of_sample[first])[of_sample]


def donor_weights(grammar, forest, relations, donor_start, donors, tree_weight):
    """Return the weight of each donor in the place that it is listed for."""
    weight = np.asarray(tree_weight, np.float64)[relations.tree[donors]]
    owner = np.repeat(np.arange(len(donor_start) - 1), np.diff(donor_start))
    summit = relations.summit[owner]
    placed = np.flatnonzero(summit >= 0)
    for begin in range(0, len(placed), BLOCK):
        some = placed[begin : begin + BLOCK]
        top = summit[some]
        above = relations.parent[top]
        head = relations.content_token[above]
        is_right = top > above + forest.content_head[above]
        donor = relations.content_token[donors[some]]
        word, tag = forest.word[donor], forest.symbol[donor]
        log_prob = grammar.word_log_probs(
            word,
            tag,
            forest.symbol[above],
            forest.symbol[head],
            forest.word[head],
            is_right.astype(np.int32),
        )
        ratio = np.exp(log_prob) / grammar.word_given_tag(word, tag)
        weight[some] *= np.clip(ratio, LEAST, MOST)
    return weight


def sums_of(start, weight):
    """Return the weights of each list summed up from its start on."""
    from ._kernels_recombine import add_up

    sums = np.array(weight, np.float64)
    add_up(start, sums)
    return sums

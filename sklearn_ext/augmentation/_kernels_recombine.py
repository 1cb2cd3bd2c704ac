"""Kernels that compose new trees out of the phrases and words of a class.

Nodes stand in pre-order, so a phrase is a slice, and to copy one is a walk over it.
Random numbers are hashes of (seed, class, source, attempt, step): a candidate does not
depend on those made with it.
"""

from typing import NamedTuple

import numpy as np

from sklearn_ext._core._numba import jit

__all__ = [
    "Casting",
    "Composed",
    "Relations",
    "add_up",
    "compose",
    "hash_of",
    "list_donors",
    "relate",
]

# The finalizer of splitmix64, and the golden ratio that spreads its arguments.
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)
ONE = np.uint64(1)
S11, S27, S30, S31 = np.uint64(11), np.uint64(27), np.uint64(30), np.uint64(31)
UNIT = 2.0**-53

# Phrases put into phrases that were themselves put in, at most.
NESTED = 12
# What a token of a new row is.
OF_PHRASE, OF_CLASS, SYNONYM, ARTICLE = 0, 1, 2, 3
# How a sentence ended.
DONE, TOO_LONG, NO_ROOM = 0, 1, 2
# Places of the state of a row.
STEP, N_NODES, N_TOKENS, N_DONORS, N_PHRASES, N_WORDS, N_SYNONYMS = range(7)
# Kinds of articles, and which word begins with the sound of a vowel.
NO_ARTICLE, A = 0, 1


class Relations(NamedTuple):
    """What a node is to the others of its tree; one entry for each node.

    parent int32: -1 at a root. tree int32. height int32: nodes above. rank int32:
    tokens before it in its tree. n_tokens int32. head_token, content_token int32: the
    token that heads it. summit int32: the highest node with its semantic head, -1 if
    that is the root. coordinated, negated, has_negation bool.
    """

    parent: np.ndarray
    tree: np.ndarray
    height: np.ndarray
    rank: np.ndarray
    n_tokens: np.ndarray
    head_token: np.ndarray
    content_token: np.ndarray
    summit: np.ndarray
    coordinated: np.ndarray
    negated: np.ndarray
    has_negation: np.ndarray


class Casting(NamedTuple):
    """All that may become part of a new row, prepared for :func:`compose`.

    For each node: symbol, size, head, content_head int32 as in the forest; rank int32:
    tokens before it in all trees; sample int64: row of its text; eligible bool: a
    content token; starts bool: the first word of its sentence; space bool: white space
    stands before it; donor_start int64 (n_nodes + 1,) with donors int32 (nodes) and
    cumulative float64 (their weights, summed up for each node anew);
    substitute_start int64 (n_nodes + 1,) with substitutes int32 (items).
    For each item, a node or, from n_nodes on, a substitute: word int32; plain, lower,
    capital int32: the strings it may be written as; is_capital, is_word, is_clitic,
    wants_an bool; article int8: 0 none, 1 "a", 2 "an".
    For each sample: sentence_start int64 (n_samples + 1,). For each sentence:
    parse_start int64 (n_sentences + 1,). For each parse: parse_root int32 (node),
    parse_cumulative float64 (weights, summed up for each sentence anew), capital_frame
    bool: its first word has a capital letter.
    articles int32 (4,): the strings of a, an, A, An; article_words int32 (2,).
    """

    symbol: np.ndarray
    size: np.ndarray
    head: np.ndarray
    content_head: np.ndarray
    rank: np.ndarray
    sample: np.ndarray
    eligible: np.ndarray
    starts: np.ndarray
    space: np.ndarray
    donor_start: np.ndarray
    donors: np.ndarray
    cumulative: np.ndarray
    substitute_start: np.ndarray
    substitutes: np.ndarray
    word: np.ndarray
    plain: np.ndarray
    lower: np.ndarray
    capital: np.ndarray
    is_capital: np.ndarray
    is_word: np.ndarray
    is_clitic: np.ndarray
    wants_an: np.ndarray
    article: np.ndarray
    sentence_start: np.ndarray
    parse_start: np.ndarray
    parse_root: np.ndarray
    parse_cumulative: np.ndarray
    capital_frame: np.ndarray
    articles: np.ndarray
    article_words: np.ndarray


class Composed(NamedTuple):
    """Room for new rows, filled by :func:`compose`.

    For each node: symbol, size, head, content_head, word int32. For each tree: start
    int64. For each token: piece int32 (twice its string, and one more behind
    white space), kind int8, sample int64, origin int32 (the node that gave it), item
    and place int32 (what it is, its node). donors int64. For each row: tokens, trees,
    donated int64 (where each begins), n_phrases, n_words, n_synonyms int64, too_long
    bool.
    """

    symbol: np.ndarray
    size: np.ndarray
    head: np.ndarray
    content_head: np.ndarray
    word: np.ndarray
    start: np.ndarray
    piece: np.ndarray
    kind: np.ndarray
    sample: np.ndarray
    origin: np.ndarray
    item: np.ndarray
    place: np.ndarray
    donors: np.ndarray
    tokens: np.ndarray
    trees: np.ndarray
    donated: np.ndarray
    n_phrases: np.ndarray
    n_words: np.ndarray
    n_synonyms: np.ndarray
    too_long: np.ndarray


@jit
def _mix(z):
    """Return a full-strength hash of a uint64."""
    z = (z ^ (z >> S30)) * FIRST
    z = (z ^ (z >> S27)) * SECOND
    return z ^ (z >> S31)


@jit
def hash_of(base, number):
    """Return the hash uint64 of the number >= 0 at the address `base`, a uint64."""
    return _mix(base + GOLDEN * (np.uint64(number) + ONE))


@jit
def _uniform(base, state):
    """Return the next random number of a row, in [0, 1)."""
    number = hash_of(base, state[STEP])
    state[STEP] += 1
    return np.float64(number >> S11) * UNIT


@jit
def _pick(cumulative, first, last, u):
    """Return the place in [first, last) that u in [0, 1) falls to by the weights."""
    goal = u * cumulative[last - 1]
    low, high = first, last - 1
    while low < high:
        middle = (low + high) // 2
        if cumulative[middle] > goal:
            high = middle
        else:
            low = middle + 1
    return low


@jit
def _negates(node, is_negation, is_adverb, out):
    """Return 1 for a word of negation and an adverb phrase that has one, else 0."""
    has_one = is_adverb[node] and out.has_negation[node]
    return 1 if is_negation[node] or has_one else 0


@jit
def relate(start, size, head, content_head, is_negation, is_joint, is_adverb, out):
    """Fill the Relations `out` of a forest.

    start int64, size, head, content_head int32: the forest. For each node, bool:
    is_negation of a token that negates, is_joint of a conjunction, is_adverb of an
    adverb phrase.
    """
    for tree in range(len(start) - 1):
        root, end = start[tree], start[tree + 1]
        out.parent[root] = -1
        out.height[root] = 0
        rank = 0
        for node in range(root, end):
            out.tree[node] = tree
            out.rank[node] = rank
            out.has_negation[node] = is_negation[node]
            out.coordinated[node] = False
            out.negated[node] = False
            if size[node] == 1:
                rank += 1
                out.n_tokens[node] = 1
                out.head_token[node] = node
                out.content_token[node] = node
                continue
            out.n_tokens[node] = 0
            child = node + 1
            while child < node + size[node]:
                out.parent[child] = node
                out.height[child] = out.height[node] + 1
                if is_joint[child] and child > node + 1:
                    out.coordinated[node] = True
                child += size[child]
        for node in range(end - 1, root, -1):
            parent = out.parent[node]
            if size[node] > 1:
                out.head_token[node] = out.head_token[node + head[node]]
                out.content_token[node] = out.content_token[node + content_head[node]]
            out.n_tokens[parent] += out.n_tokens[node]
            if out.has_negation[node]:
                out.has_negation[parent] = True
        out.head_token[root] = out.head_token[root + head[root]]
        out.content_token[root] = out.content_token[root + content_head[root]]
        out.summit[root] = -1
        for node in range(root, end):
            n_negating = 0
            child = node + 1
            while child < node + size[node]:
                n_negating += _negates(child, is_negation, is_adverb, out)
                is_head = child == node + content_head[node]
                out.summit[child] = out.summit[node] if is_head else child
                child += size[child]
            child = node + 1
            while child < node + size[node] and n_negating > 0:
                own = _negates(child, is_negation, is_adverb, out)
                out.negated[child] = n_negating > own
                child += size[child]


@jit
def list_donors(group, group_start, members, sample, most, start, donors):
    """Write the donors of each node, members of its group from other samples.

    group int32 (n,): -1 for none; group_start int64, members int32: the groups; sample
    int64 (n,). At most `most` for one node: those that follow a place of the group
    that a hash of the node gives, in the order of the group. start int64 (n + 1,) is
    filled; so is donors int32 unless it is too small. Returns the number of donors.
    """
    n_donors = 0
    for node in range(len(group)):
        start[node] = n_donors
        if group[node] < 0:
            continue
        first, last = group_start[group[node]], group_start[group[node] + 1]
        n = last - first
        shift = 0
        if n > most:
            shift = np.int64(hash_of(GOLDEN, node) % np.uint64(n))
        found = 0
        for k in range(n):
            if found == most:
                break
            place = first + (shift + k) % n
            if sample[members[place]] != sample[node]:
                if n_donors < len(donors):
                    donors[n_donors] = members[place]
                n_donors += 1
                found += 1
    start[len(group)] = n_donors
    return n_donors


@jit
def add_up(start, weight):
    """Replace float64 weights by their sums from the start of their list on."""
    for i in range(len(start) - 1):
        for k in range(start[i] + 1, start[i + 1]):
            weight[k] += weight[k - 1]


@jit
def _write_token(cast, node, inherits, base, word, synonym, state, out):
    """Write the token at `node`, perhaps another word in its place."""
    item, origin, kind = node, node, OF_PHRASE
    if cast.eligible[node] and word > 0 and _uniform(base, state) < word:
        if _uniform(base, state) < synonym:
            first, last = cast.substitute_start[node], cast.substitute_start[node + 1]
            if last > first:
                n = last - first
                k = min(np.int64(_uniform(base, state) * n), n - 1)
                item, kind = np.int64(cast.substitutes[first + k]), SYNONYM
                state[N_SYNONYMS] += 1
        else:
            first, last = cast.donor_start[node], cast.donor_start[node + 1]
            if last > first:
                k = _pick(cast.cumulative, first, last, _uniform(base, state))
                item = origin = np.int64(cast.donors[k])
                kind = OF_CLASS
                state[N_WORDS] += 1
                out.donors[state[N_DONORS]] = cast.sample[origin]
                state[N_DONORS] += 1
    space = cast.space[node]
    if inherits >= 0:
        # White space belongs to the place. But a clitic leans on what stands before
        # it, and a word does not.
        if cast.is_clitic[inherits] and not cast.is_clitic[node]:
            space = True
        elif cast.is_clitic[inherits] == cast.is_clitic[node]:
            space = cast.space[inherits]
    token = state[N_TOKENS]
    out.item[token] = item
    out.origin[token] = origin
    out.kind[token] = kind
    out.sample[token] = cast.sample[origin]
    out.piece[token] = space
    out.place[token] = state[N_NODES]
    out.word[state[N_NODES]] = cast.word[item]
    state[N_TOKENS] += 1


@jit
def _grow(cast, root, base, chances, last_token, stack, state, out):
    """Write the tree at `root` with phrases and words replaced; tell how it ended."""
    subtree, word, synonym = chances
    depth = 0
    node = root
    # The token whose place the next token takes, -1 if that is its own.
    inherits = -1
    while True:
        while depth > 0 and node == stack[depth - 1, 1]:
            depth -= 1
            at = stack[depth, 2]
            out.size[at] = state[N_NODES] - at
            node = stack[depth, 3]
        if depth == 0 and node != root:
            return DONE
        if state[N_NODES] == len(out.symbol) or state[N_DONORS] + 2 > len(out.donors):
            return NO_ROOM
        nested = np.int64(0)
        at = state[N_NODES]
        if depth > 0:
            source, above = stack[depth - 1, 0], stack[depth - 1, 2]
            nested = stack[depth - 1, 4]
            if node == source + cast.head[source]:
                out.head[above] = at - above
            if node == source + cast.content_head[source]:
                out.content_head[above] = at - above
        taken = node
        if cast.size[node] > 1 and nested < NESTED and subtree > 0:
            first, last = cast.donor_start[node], cast.donor_start[node + 1]
            if last > first and _uniform(base, state) < subtree:
                k = _pick(cast.cumulative, first, last, _uniform(base, state))
                taken = np.int64(cast.donors[k])
                nested += 1
                state[N_PHRASES] += 1
                out.donors[state[N_DONORS]] = cast.sample[taken]
                state[N_DONORS] += 1
                if inherits < 0:
                    inherits = node
                    while cast.size[inherits] > 1:
                        inherits += 1
        out.symbol[at] = cast.symbol[taken]
        out.head[at] = out.content_head[at] = 0
        if cast.size[taken] == 1:
            if state[N_TOKENS] == last_token:
                return TOO_LONG
            out.size[at] = 1
            _write_token(cast, taken, inherits, base, word, synonym, state, out)
            inherits = -1
            node += 1
        else:
            out.word[at] = -1
            stack[depth, 0] = taken
            stack[depth, 1] = taken + cast.size[taken]
            stack[depth, 2] = at
            stack[depth, 3] = node + cast.size[node]
            stack[depth, 4] = nested
            depth += 1
            node = taken + 1
        state[N_NODES] += 1


@jit
def _finish(cast, capital_frame, first, last, is_first, out):
    """Give the tokens of a sentence their capital letters, repair a and an."""
    begun = False
    for token in range(first, last):
        item, origin = out.item[token], out.origin[token]
        begins = not begun and cast.is_word[item]
        begun = begun or begins
        if begins and capital_frame:
            string, is_capital = cast.capital[item], True
        elif cast.starts[origin]:
            string, is_capital = cast.lower[item], False
        else:
            string, is_capital = cast.plain[item], cast.is_capital[item]
        if cast.article[item] != NO_ARTICLE and out.kind[token] == OF_PHRASE:
            after = token + 1
            while after < last and not cast.is_word[out.item[after]]:
                after += 1
            if after < last:
                # What the text itself has, stands.
                step = cast.rank[out.origin[after]] - cast.rank[origin]
                is_own = out.kind[after] == OF_PHRASE and step == after - token
                wants_an = cast.wants_an[out.item[after]]
                if not is_own and wants_an == (cast.article[item] == A):
                    string = cast.articles[2 * is_capital + wants_an]
                    out.kind[token] = ARTICLE
                    out.word[out.place[token]] = cast.article_words[np.int64(wants_an)]
        space = out.piece[token]
        if is_first and token == first:
            space = 0
        out.piece[token] = 2 * string + space


@jit
def _sorted_unique(values, first, last):
    """Sort values[first:last] in place without repetition; return the new end."""
    end = first
    for i in range(first, last):
        value = values[i]
        k = end
        while k > first and values[k - 1] > value:
            k -= 1
        if k > first and values[k - 1] == value:
            continue
        for j in range(end, k, -1):
            values[j] = values[j - 1]
        values[k] = value
        end += 1
    return end


@jit
def compose(cast, base, places, sources, attempts, begin, chances, cap, stack, out):
    """Write candidates from the one at `begin` on until the room ends.

    base uint64: hash of seed and class; places int64 (n,): numbers of the samples
    within the class; sources, attempts int64 (n,); chances: three float64, of a phrase,
    a word and a synonym; cap: tokens of a row at most; stack int64 (k, 5): a row for
    each phrase that is open at a time, at most NESTED + 1 times the height of a tree.
    The rows of `out` are counted from 0 here, too. A row that is too long has no tokens
    and no trees. Returns the number of rows, nodes, trees, tokens and donors written.
    """
    state = np.zeros(7, np.int64)
    n_nodes = n_trees = n_tokens = n_donors = row = 0
    while begin + row < len(sources):
        i = begin + row
        state[:] = 0
        state[N_NODES], state[N_TOKENS], state[N_DONORS] = n_nodes, n_tokens, n_donors
        out.tokens[row], out.trees[row], out.donated[row] = n_tokens, n_trees, n_donors
        address = hash_of(hash_of(base, sources[i]), attempts[i])
        first = cast.sentence_start[places[i]]
        last = cast.sentence_start[places[i] + 1]
        ending = DONE
        if n_donors == len(out.donors) or n_trees + last - first > len(out.start) - 1:
            ending = NO_ROOM
        else:
            out.donors[n_donors] = sources[i]
            state[N_DONORS] += 1
        tree = n_trees
        for sentence in range(first, last):
            if ending != DONE:
                break
            parse = _pick(
                cast.parse_cumulative,
                cast.parse_start[sentence],
                cast.parse_start[sentence + 1],
                _uniform(address, state),
            )
            root = np.int64(cast.parse_root[parse])
            out.start[tree] = state[N_NODES]
            begun = state[N_TOKENS]
            ending = _grow(
                cast, root, address, chances, n_tokens + cap, stack, state, out
            )
            if ending == DONE:
                capital = cast.capital_frame[parse]
                _finish(cast, capital, begun, state[N_TOKENS], sentence == first, out)
                tree += 1
        if ending == NO_ROOM:
            break
        out.too_long[row] = ending == TOO_LONG
        out.n_phrases[row] = state[N_PHRASES]
        out.n_words[row] = state[N_WORDS]
        out.n_synonyms[row] = state[N_SYNONYMS]
        if ending == TOO_LONG:
            n_donors += 1
        else:
            n_donors = _sorted_unique(out.donors, n_donors, state[N_DONORS])
            n_nodes, n_tokens, n_trees = state[N_NODES], state[N_TOKENS], tree
        row += 1
    out.start[n_trees] = n_nodes
    out.tokens[row], out.trees[row], out.donated[row] = n_tokens, n_trees, n_donors
    return row, n_nodes, n_trees, n_tokens, n_donors

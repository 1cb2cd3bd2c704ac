"""Kernels of the head-lexicalised model: its events, its table, its scores.

A table is a hash table with open addressing: `keys` uint64 (0 is free) and `values`
float64, both of one length, a power of two, at most two thirds full. Every context has
an entry, the share of probability that it leaves to the next level, and so has every
outcome in it, its share. A key is a hash of the numbers that it stands for, made number
by number, so that a context continues the less specific one.
"""

import numpy as np

from sklearn_ext._core._numba import jit

FACTOR = np.uint64(0x9E3779B97F4A7C15)
SHIFT = np.uint64(29)
ONE = np.uint64(1)
# Where the keys of the three kinds of event begin, and what marks an outcome.
HEAD = np.uint64(0x8F1BBCDCBFA53E0B)
MODIFIER = np.uint64(0xD1B54A32D192ED03)
WORD = np.uint64(0xABC98388FB8FAC03)
OUTCOME = np.uint64(0x5851F42D4C957F2D)
NO_CONTEXT = 2.0  # no context leaves more than 1
FLOOR = 1e-8  # probability of what no level has seen


@jit
def join(key, number):
    """Return the key of a key and one more number."""
    key = (key ^ (np.uint64(number) + ONE)) * FACTOR
    key ^= key >> SHIFT
    key *= FACTOR
    return key ^ (key >> SHIFT)


@jit
def find(keys, key):
    """Return the place of a key in a table, or of the free place that ends a search."""
    mask = np.uint64(len(keys) - 1)
    place = key & mask
    while keys[place] != key and keys[place] != 0:
        place = (place + ONE) & mask
    return place


@jit
def fill(keys, values, base, rows, n_context, new):
    """Enter rows of numbers, int32 (n, k); outcomes if k > n_context, else contexts."""
    for i in range(len(rows)):
        key = base
        for j in range(rows.shape[1]):
            if j == n_context:
                key ^= OUTCOME
            key = join(key, rows[i, j])
        place = find(keys, key)
        keys[place] = key
        values[place] = new[i]


@jit
def head_tokens(size, head):
    """Return the node of the head token of every node, int32."""
    token = np.empty(len(size), np.int32)
    for i in range(len(size) - 1, -1, -1):
        token[i] = i if size[i] == 1 else token[i + head[i]]
    return token


@jit
def events(start, symbol, size, head, word, heads, modifiers, words, owners):
    """List all events of trees as rows of int32; `owners` gets the tree of each row.

    `heads` (label, head tag, head word, head child): one row per phrase.
    `modifiers` (label, head child, side and first, head tag, head word, child, its
    tag): one row per modifier, and one for each end of a phrase, child and tag 0; a
    real child and its tag count from 1. `words` (tag, head tag, label, side, head word,
    word): one row per modifier. `owners` is a tuple of three arrays.
    """
    token = head_tokens(size, head)
    n_heads = n_modifiers = n_words = 0
    for tree in range(len(start) - 1):
        for i in range(start[tree], start[tree + 1]):
            if size[i] == 1:
                continue
            h = i + head[i]
            t = symbol[token[i]]
            w = word[token[i]]
            heads[n_heads, 0] = symbol[i]
            heads[n_heads, 1] = t
            heads[n_heads, 2] = w
            heads[n_heads, 3] = symbol[h]
            owners[0][n_heads] = tree
            n_heads += 1
            for side in range(2):
                child = i + 1 if side == 0 else h + size[h]
                end = h if side == 0 else i + size[i]
                empty = child == end
                while True:
                    row = modifiers[n_modifiers]
                    row[0] = symbol[i]
                    row[1] = symbol[h]
                    row[3] = t
                    row[4] = w
                    owners[1][n_modifiers] = tree
                    n_modifiers += 1
                    if child == end:
                        row[2] = 2 * side + empty
                        row[5] = 0
                        row[6] = 0
                        break
                    after = child + size[child]
                    first = after == h if side == 0 else child == h + size[h]
                    m = token[child]
                    row[2] = 2 * side + first
                    row[5] = symbol[child] + 1
                    row[6] = symbol[m] + 1
                    words[n_words, 0] = symbol[m]
                    words[n_words, 1] = t
                    words[n_words, 2] = symbol[i]
                    words[n_words, 3] = side
                    words[n_words, 4] = w
                    words[n_words, 5] = word[m]
                    owners[2][n_words] = tree
                    n_words += 1
                    child = after


@jit
def left(keys, values, context):
    """Return what a context leaves to the next level, NO_CONTEXT if it is unknown."""
    place = find(keys, context)
    return values[place] if keys[place] == context else NO_CONTEXT


@jit
def mixed(keys, values, outcome, share_left, backoff):
    """Return the probability of an outcome on one level and all below it."""
    if share_left == NO_CONTEXT:
        return backoff
    place = find(keys, outcome)
    seen = values[place] if keys[place] == outcome else 0.0
    return seen + share_left * backoff


@jit
def head_prob(keys, values, own_keys, own_values, label, tag, word, own_word, child):
    """Return P(head child | label, head tag, head word)."""
    key = join(HEAD, label)
    share = left(keys, values, key)
    p = mixed(keys, values, join(key ^ OUTCOME, child), share, 0.0)
    key = join(key, tag)
    share = left(keys, values, key)
    p = mixed(keys, values, join(key ^ OUTCOME, child), share, p)
    own_key = join(key, own_word)
    key = join(key, word)
    share = left(keys, values, key)
    p = mixed(keys, values, join(key ^ OUTCOME, child), share, p)
    share = left(own_keys, own_values, own_key)
    return mixed(own_keys, own_values, join(own_key ^ OUTCOME, child), share, p)


@jit
def word_prob(
    keys,
    values,
    own_keys,
    own_values,
    word_class,
    class_share,
    word,
    tag,
    label,
    head_tag,
    head_word,
    side,
):
    """Return P(word | its tag, label, head tag, head word, side)."""
    w = word_class[head_word]
    outcome = word_class[word]
    key = join(WORD, tag)
    share = left(keys, values, key)
    p = mixed(keys, values, join(key ^ OUTCOME, outcome), share, 0.0)
    key = join(join(join(key, head_tag), label), side)
    share = left(keys, values, key)
    p = mixed(keys, values, join(key ^ OUTCOME, outcome), share, p)
    own_key = join(key, head_word)
    key = join(key, w)
    share = left(keys, values, key)
    p = mixed(keys, values, join(key ^ OUTCOME, outcome), share, p)
    p *= class_share[word]
    share = left(own_keys, own_values, own_key)
    return mixed(own_keys, own_values, join(own_key ^ OUTCOME, word), share, p)


@jit
def tree_log_probs(
    start,
    symbol,
    size,
    head,
    word,
    keys,
    values,
    own_keys,
    own_values,
    word_class,
    class_share,
    out,
):
    """Write the log-probability of every tree, given its head, to `out` float64.

    `own_keys` and `own_values` are one more level above the table. `word_class` int32
    and `class_share` float64 belong to words: which number stands for a word in the
    table, and its share of what the table gives that number.
    """
    token = head_tokens(size, head)
    contexts = np.empty((2, 4), np.uint64)  # by whether the modifier is the first
    shares = np.empty((2, 4), np.float64)
    for tree in range(len(start) - 1):
        total = 0.0
        for i in range(start[tree], start[tree + 1]):
            if size[i] == 1:
                continue
            h = i + head[i]
            x = symbol[i]
            t = symbol[token[i]]
            own_w = word[token[i]]
            w = word_class[own_w]
            p = head_prob(keys, values, own_keys, own_values, x, t, w, own_w, symbol[h])
            total += np.log(max(p, FLOOR))
            pair = join(join(MODIFIER, x), symbol[h])
            for side in range(2):
                child = i + 1 if side == 0 else h + size[h]
                end = h if side == 0 else i + size[i]
                empty = child == end
                shares[:, 3] = -1.0
                while True:
                    after, m, m_tag = child, 0, 0
                    first = np.int64(empty)
                    if child != end:
                        after = child + size[child]
                        first = np.int64(
                            after == h if side == 0 else child == h + size[h]
                        )
                        m = symbol[child] + 1
                        m_tag = symbol[token[child]] + 1
                    context, share = contexts[first], shares[first]
                    if share[3] < 0:
                        context[0] = join(pair, 2 * side + first)
                        context[1] = join(context[0], t)
                        context[2] = join(context[1], w)
                        context[3] = join(context[1], own_w)
                        for level in range(3):
                            share[level] = left(keys, values, context[level])
                        share[3] = left(own_keys, own_values, context[3])
                    p = 0.0
                    for level in range(3):
                        if share[level] != NO_CONTEXT:
                            key = join(join(context[level] ^ OUTCOME, m), m_tag)
                            p = mixed(keys, values, key, share[level], p)
                    if share[3] != NO_CONTEXT:
                        key = join(join(context[3] ^ OUTCOME, m), m_tag)
                        p = mixed(own_keys, own_values, key, share[3], p)
                    total += np.log(max(p, FLOOR))
                    if child == end:
                        break
                    p = word_prob(
                        keys,
                        values,
                        own_keys,
                        own_values,
                        word_class,
                        class_share,
                        word[token[child]],
                        symbol[token[child]],
                        x,
                        t,
                        own_w,
                        side,
                    )
                    total += np.log(max(p, FLOOR))
                    child = after
        out[tree] = total


@jit
def word_log_probs(
    keys,
    values,
    own_keys,
    own_values,
    word_class,
    class_share,
    word,
    tag,
    label,
    head_tag,
    head_word,
    side,
    out,
):
    """Write log P(word | its tag, label, head tag, head word, side) to `out`."""
    for i in range(len(word)):
        p = word_prob(
            keys,
            values,
            own_keys,
            own_values,
            word_class,
            class_share,
            word[i],
            tag[i],
            label[i],
            head_tag[i],
            head_word[i],
            side[i],
        )
        out[i] = np.log(max(p, FLOOR))


@jit
def tag_word_probs(keys, values, word_class, class_share, word, tag, out):
    """Write P(word | its tag) to `out`."""
    for i in range(len(word)):
        key = join(WORD, tag[i])
        share = left(keys, values, key)
        key = join(key ^ OUTCOME, word_class[word[i]])
        p = mixed(keys, values, key, share, 0.0) * class_share[word[i]]
        out[i] = max(p, FLOOR)

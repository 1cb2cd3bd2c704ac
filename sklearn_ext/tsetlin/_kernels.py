"""Training kernels: one class, one epoch, on bit-sliced automata.

Bit i of the 64 automata of a word is in plane i; plane 7 says which literals a clause
includes. A class depends on its own automata alone: classes may train at once. Numbers
are unsigned and wrap at 2^64 on purpose.
"""

import numpy as np

from sklearn_ext._core._numba import jit

__all__ = ["bernoulli_words", "count_included", "list_included", "train_class"]

PLANES = 8
LEVELS = 24  # bits of precision of the feedback probability
BLOCK = 128  # words that are looked at together
LANES = 32  # words whose random masks are drawn together
FEW = 6  # words up to which one by one is faster than by blocks

ZERO = np.uint64(0)
ONE = np.uint64(1)
ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)
S27, S30, S31, S32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)
WORD_STEP = np.uint64((LEVELS * 0x9E3779B97F4A7C15) % 2**64)
INT32_MAX = 2**31 - 1


@jit
def mix(z):
    """Return a full-strength hash of a uint64."""
    z = (z ^ (z >> S30)) * FIRST
    z = (z ^ (z >> S27)) * SECOND
    return z ^ (z >> S31)


@jit
def draw(h, v):
    """Return the random uint64 of the number v >= 0 at the address h."""
    return mix(h + GOLDEN * (np.uint64(v) + ONE))


@jit
def n_ones(word):
    """Count the ones of a uint64."""
    word = word - ((word >> ONE) & np.uint64(0x5555555555555555))
    pairs = np.uint64(0x3333333333333333)
    word = (word & pairs) + ((word >> np.uint64(2)) & pairs)
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    word = word + (word >> np.uint64(8))
    word = word + (word >> np.uint64(16))
    return np.int64((word + (word >> S32)) & np.uint64(0x7F))


@jit
def count_included(planes, counts):
    """Set counts[j] (int32) to the number of literals that clause j includes.

    planes is uint64 (n, 8, W).
    """
    n_clauses, _, n_words = planes.shape
    for j in range(n_clauses):
        total = 0
        for w in range(n_words):
            total += n_ones(planes[j, PLANES - 1, w])
        counts[j] = total


@jit
def list_included(state, n_features, indices):
    """List the included literals of all clauses of state (C, n, 8, W) in indices.

    indices is int32; sorted within a clause: features 0..F-1, then negations F..2F-1.
    """
    n_feature_words = (n_features + 63) // 64
    at = 0
    for c in range(state.shape[0]):
        for j in range(state.shape[1]):
            for w in range(state.shape[3]):
                word = state[c, j, PLANES - 1, w]
                first = 64 * w
                if w >= n_feature_words:
                    first = n_features + 64 * (w - n_feature_words)
                while word != ZERO:
                    lowest = word & (~word + ONE)
                    indices[at] = first + n_ones(lowest - ONE)
                    at += 1
                    word ^= lowest


@jit
def draw_needed(event, chance, needed, lanes, places, out):
    """Set out[w] to the Bernoulli mask of literal word w where needed[w] has ones.

    `chance` is the probability in units of 2^-24; `needed`, `out` are uint64 (W,),
    lanes uint64 (3 * LANES,) and places int64 (LANES,) are scratch. Elsewhere out is
    zero, and nothing is drawn.
    """
    if chance >= (1 << LEVELS):
        for w in range(len(needed)):
            out[w] = needed[w]
        return
    n_words = len(needed)
    w = 0
    while w < n_words:
        n = 0
        while n < LANES and w < n_words:
            out[w] = ZERO
            if needed[w] != ZERO:
                lanes[n] = event + WORD_STEP * np.uint64(w)
                lanes[LANES + n] = needed[w]
                places[n] = w
                n += 1
            w += 1
        if n <= FEW:
            for k in range(n):
                decide_word(lanes, k, chance)
        else:
            for k in range(n, LANES):
                lanes[LANES + k] = ZERO
            decide(lanes, chance)
        for k in range(n):
            out[places[k]] = lanes[2 * LANES + k]


@jit
def decide(lanes, chance):
    """Compare one 24-bit number per bit with `chance`, bit by bit from the highest.

    lanes is uint64 (3 * LANES,): addresses of the draws, undecided bits, and as the
    result the bits below chance. One array, so that LLVM sees that nothing overlaps.
    """
    for k in range(LANES):
        lanes[2 * LANES + k] = ZERO
    step = ZERO
    level = LEVELS - 1
    left = ALL
    while level >= 0 and left != ZERO:
        step += GOLDEN
        left = ZERO
        if (chance >> level) & 1:
            for k in range(LANES):
                z = mix(lanes[k] + step)
                undecided = lanes[LANES + k]
                lanes[2 * LANES + k] |= undecided & ~z
                undecided &= z
                lanes[LANES + k] = undecided
                left |= undecided
        else:
            for k in range(LANES):
                undecided = lanes[LANES + k] & ~mix(lanes[k] + step)
                lanes[LANES + k] = undecided
                left |= undecided
        level -= 1


@jit
def decide_word(lanes, k, chance):
    """Do the work of `decide` for one word."""
    address = lanes[k]
    undecided = lanes[LANES + k]
    below = ZERO
    level = LEVELS - 1
    while level >= 0 and undecided != ZERO:
        address += GOLDEN
        z = mix(address)
        if (chance >> level) & 1:
            below |= undecided & ~z
            undecided &= z
        else:
            undecided &= ~z
        level -= 1
    lanes[2 * LANES + k] = below


@jit
def bernoulli_words(event, chance, out):
    """Fill out (uint64) with the Bernoulli masks of literal words 0, 1, ..."""
    needed = np.full(len(out), ALL)
    lanes, places = np.zeros(3 * LANES, np.uint64), np.zeros(LANES, np.int64)
    draw_needed(np.uint64(event), chance, needed, lanes, places, out)


@jit
def failing_word(include, false, likely):
    """Return a word with an included literal that is false, -1 if there is none.

    include and false are uint64 (W,): the include plane, and the false literals of a
    sample. The word `likely` is tried first.
    """
    if include[likely] & false[likely] != ZERO:
        return likely
    failing = ZERO
    for w in range(len(false)):
        failing |= include[w] & false[w]
    if failing != ZERO:
        for w in range(len(false)):
            if include[w] & false[w] != ZERO:
                return w
    return -1


@jit
def raise_states(planes, alive, up):
    """Move the automata of one clause up by one where up has ones, to 255 at most.

    planes uint64 (8, W) and alive (W,), the automata that are not at 0, are changed,
    and so is up (W,). Returns how many literals become included.
    """
    n_included = 0
    for start in range(0, len(up), BLOCK):
        stop = min(start + BLOCK, len(up))
        carry = up[start:stop]
        living = alive[start:stop]
        moved = ZERO
        for w in range(len(carry)):
            moved |= carry[w]
            living[w] |= carry[w]
        if moved == ZERO:
            continue
        for p in range(PLANES - 1):
            plane = planes[p, start:stop]
            for w in range(len(carry)):
                bit = plane[w]
                plane[w] = bit ^ carry[w]
                carry[w] &= bit
        plane = planes[PLANES - 1, start:stop]
        full = ZERO
        for w in range(len(carry)):
            bit = plane[w]
            plane[w] = bit | carry[w]
            n_included += n_ones(carry[w] & ~bit)
            carry[w] &= bit  # at 255: the other planes have become zero
            full |= carry[w]
        if full != ZERO:
            for p in range(PLANES - 1):
                plane = planes[p, start:stop]
                for w in range(len(carry)):
                    plane[w] |= carry[w]
    return n_included


@jit
def lower_states(planes, alive, down):
    """Move the automata of one clause down by one where down has ones, all alive.

    As `raise_states`; returns how many literals are no longer included.
    """
    n_excluded = 0
    for start in range(0, len(down), BLOCK):
        stop = min(start + BLOCK, len(down))
        borrow = down[start:stop]
        living = alive[start:stop]
        moved = ZERO
        for w in range(len(borrow)):
            moved |= borrow[w]
        if moved == ZERO:
            continue
        for w in range(len(borrow)):
            living[w] = ZERO
        for p in range(PLANES - 1):
            plane = planes[p, start:stop]
            for w in range(len(borrow)):
                bit = plane[w]
                plane[w] = bit ^ borrow[w]
                living[w] |= plane[w]
                borrow[w] &= ~bit
        plane = planes[PLANES - 1, start:stop]
        for w in range(len(borrow)):
            plane[w] ^= borrow[w]
            living[w] |= plane[w]
            n_excluded += n_ones(borrow[w])
    return n_excluded


@jit
def unpack_row(row, indptr, indices, words, false):
    """Set false (uint64, W) to the false literals of a row of BinaryRows.

    The unused bits of the last words are not meant.
    """
    n_feature_words = words.shape[1]
    if len(indptr) == 0:
        for w in range(n_feature_words):
            false[w] = ~words[row, w]
    else:
        for w in range(n_feature_words):
            false[w] = ALL
        for k in range(indptr[row], indptr[row + 1]):
            f = indices[k]
            false[f >> 6] &= ~(ONE << np.uint64(f & 63))
    for w in range(n_feature_words, len(false)):
        false[w] = ~false[w - n_feature_words]


@jit
def train_class(
    planes,
    weights,
    counts,
    sits_out,
    literal_words,
    indptr,
    indices,
    words,
    samples,
    positions,
    is_target,
    batch_size,
    feedback_key,
    weight_key,
    weight_limits,
    threshold,
    chance,
    boost,
    weighted,
    max_literals,
    step_votes,
):
    """Train the clauses of one class on its steps of one epoch.

    Parameters
    ----------
    planes : uint64 (n, 8, W), weights, counts : int32 (n,)
        Automata, clause weights and numbers of included literals; changed.
    sits_out : bool (n,)
    literal_words : uint64 (W,), which literals have automata
    indptr, indices, words : the arrays of BinaryRows
    samples, positions : int64 (m,), row and position in the epoch of each step
    is_target : bool (m,), whether the class is the sample's own
    batch_size : int, positions whose votes are computed before any of them teaches
    feedback_key, weight_key : uint64, addresses of the draws of this epoch and class
    weight_limits : uint64 (m,), limit of the second gate in 2^32; empty for none
    threshold, chance, max_literals : int; boost, weighted : bool
    step_votes : int64 (m,), receives the clipped votes

    Returns the number of clause visits that were given feedback.
    """
    n_clauses, _, n_words = planes.shape
    n_steps = len(samples)

    alive = np.zeros((n_clauses, n_words), np.uint64)
    for j in range(n_clauses):
        for p in range(PLANES):
            for w in range(n_words):
                alive[j, w] |= planes[j, p, w]
    likely = np.zeros(n_clauses, np.int32)
    up = np.zeros(n_words, np.uint64)
    down = np.zeros(n_words, np.uint64)
    needed = np.zeros(n_words, np.uint64)
    lanes = np.zeros(3 * LANES, np.uint64)
    places = np.zeros(LANES, np.int64)

    longest = 0
    start = 0
    while start < n_steps:
        stop = batch_end(positions, start, batch_size)
        longest = max(longest, stop - start)
        start = stop
    false = np.zeros((longest, n_words), np.uint64)
    is_true = np.zeros((longest, n_clauses), np.bool_)

    n_fed = 0
    two_t = np.uint64(2 * threshold)
    start = 0
    while start < n_steps:
        stop = batch_end(positions, start, batch_size)
        n_batch = stop - start
        for k in range(n_batch):
            unpack_row(samples[start + k], indptr, indices, words, false[k])
            step_votes[start + k] = 0

        for j in range(n_clauses):
            if sits_out[j]:
                continue
            include = planes[j, PLANES - 1]
            vote = np.int64(weights[j]) if j % 2 == 0 else -np.int64(weights[j])
            for k in range(n_batch):
                w = failing_word(include, false[k], likely[j])
                is_true[k, j] = w < 0
                if w < 0:
                    step_votes[start + k] += vote
                else:
                    likely[j] = w
        for k in range(start, stop):
            step_votes[k] = min(max(step_votes[k], -threshold), threshold)

        for j in range(n_clauses):
            if sits_out[j]:
                continue
            include = planes[j, PLANES - 1]
            living = alive[j]
            is_old = False  # whether is_true is of the automata as they were
            for k in range(n_batch):
                step = start + k
                votes = step_votes[step]
                margin = threshold - votes if is_target[step] else threshold + votes
                event = draw(draw(feedback_key, positions[step]), j)
                if (event >> S32) * two_t >= np.uint64(margin) << S32:
                    continue
                if len(weight_limits) > 0:
                    second = draw(draw(weight_key, positions[step]), j)
                    if second >> S32 >= weight_limits[step]:
                        continue
                n_fed += 1
                untrue = false[k]
                holds = is_true[k, j]
                if is_old:
                    holds = failing_word(include, untrue, likely[j]) < 0
                matches = holds and counts[j] <= max_literals

                bank = planes[j]
                if (j % 2 == 0) == is_target[step]:
                    if matches:
                        for w in range(n_words):
                            up[w] = ~untrue[w] & literal_words[w]
                            needed[w] = living[w] & ~up[w]
                        if not boost:
                            for w in range(n_words):
                                needed[w] |= up[w]
                        draw_needed(event, chance, needed, lanes, places, down)
                        if not boost:
                            for w in range(n_words):
                                drawn = down[w]
                                down[w] = drawn & ~up[w]
                                up[w] &= ~drawn
                        counts[j] += raise_states(bank, living, up)
                        if weighted and weights[j] < INT32_MAX:
                            weights[j] += 1
                    else:
                        draw_needed(event, chance, living, lanes, places, down)
                    counts[j] -= lower_states(bank, living, down)
                elif matches:
                    for w in range(n_words):
                        up[w] = untrue[w] & literal_words[w]
                    counts[j] += raise_states(bank, living, up)
                    if weighted and weights[j] > 1:
                        weights[j] -= 1
                else:
                    continue
                is_old = True
        start = stop
    return n_fed


@jit
def batch_end(positions, start, batch_size):
    """Return where the batch ends that the step `start` is in."""
    batch = positions[start] // batch_size
    stop = start + 1
    while stop < len(positions) and positions[stop] // batch_size == batch:
        stop += 1
    return stop

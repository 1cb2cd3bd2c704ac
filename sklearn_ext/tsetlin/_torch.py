"""The same training and prediction in torch, for a GPU; on a CPU numba is faster.

The result has the same bits as that of the kernels: all numbers are whole, and float64,
in which votes are added in prediction, holds them exactly. Words are int64, which wrap
like uint64; a right shift is followed by a mask, for it copies the sign.
"""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from sklearn_ext._core._optional import import_optional

from ._automata import N_PLANES, literal_words
from ._pack import WORD, n_words
from ._random import MASK_LEVELS
from ._random import draw as draw_in_numpy

__all__ = ["TorchEngine", "class_votes"]

# Words that an operation works on: what a cache holds, and enough to fill a GPU.
WORDS_AT_ONCE = {"cpu": 2**17, "cuda": 2**22}
# The same in prediction, which has an operation for each literal of a clause.
COLUMN_WORDS_AT_ONCE = {"cpu": 2**20, "cuda": 2**23}

LEVELS_AT_ONCE = 4  # of a mask, before the words that are decided are left behind
INT32_MAX = 2**31 - 1


def _signed(number):
    """Return the int64 with the bits of a uint64."""
    return (number + 2**63) % 2**64 - 2**63


GOLDEN = _signed(0x9E3779B97F4A7C15)
FIRST = _signed(0xBF58476D1CE4E5B9)
SECOND = _signed(0x94D049BB133111EB)
WORD_STEP = _signed(MASK_LEVELS * 0x9E3779B97F4A7C15)


def _import_torch():
    return import_optional(
        "torch", extra="torch", purpose='TsetlinMachineClassifier(device="cuda")'
    )


def _shift_right(z, n):
    return (z >> n).bitwise_and_(2 ** (64 - n) - 1)


def draw(h, v):
    """Return the random 64-bit numbers v >= 0 at the addresses h, tensors."""
    z = h + (v + 1) * GOLDEN
    z ^= _shift_right(z, 30)
    z *= FIRST
    z ^= _shift_right(z, 27)
    z *= SECOND
    z ^= _shift_right(z, 31)
    return z


def _high_half(h):
    """Return the upper 32 bits."""
    return _shift_right(h, 32)


def _n_ones(words):
    """Count the ones of each word."""
    words = words - ((words >> 1) & 0x5555555555555555)
    words = (words & 0x3333333333333333) + ((words >> 2) & 0x3333333333333333)
    words = (words + (words >> 4)) & 0x0F0F0F0F0F0F0F0F
    return _shift_right(words * 0x0101010101010101, 56)


def _decide(addresses, undecided, levels, chance):
    """Return which of the undecided bits of each word have a number below `chance`.

    `levels` count the bits of the numbers that are left, from the highest on.
    """
    below = undecided.new_zeros(undecided.shape)
    n_left = len(levels)
    for z in draw(addresses, levels[:LEVELS_AT_ONCE, None]):
        n_left -= 1
        ones = undecided & z
        undecided = undecided ^ ones
        if chance >> n_left & 1:
            below |= undecided
            undecided = ones
    levels = levels[LEVELS_AT_ONCE:]
    if chance % 2**n_left:  # else what is undecided is not below
        left = undecided.nonzero().squeeze(1)
        if len(left):
            below[left] |= _decide(addresses[left], undecided[left], levels, chance)
    return below


def _draw_needed(events, needed, levels, chance, at_once):
    """Return the Bernoulli masks of the words of events (E,) where needed (E, W)."""
    if chance >= 2**MASK_LEVELS:
        return needed
    drawn = needed.new_zeros(needed.numel())
    flat = needed.view(-1)
    for places in flat.nonzero().squeeze(1).split(at_once):
        event = places // needed.shape[1]
        addresses = events[event] + (places - event * needed.shape[1]) * WORD_STEP
        drawn[places] = _decide(addresses, flat[places], levels, chance)
    return drawn.view_as(needed)


def _move(planes, up, down):
    """Move automata up and down by one, from 0 to 255 at most.

    planes (8, E, W) and the disjoint masks up and down (E, W), down only where not at
    0, are changed.
    """
    for plane in planes:
        plane ^= up | down
        up &= ~plane
        down &= plane
    planes |= up  # from 255 to 256: the planes are all zero now


def _rounds(clauses):
    """Return the places of `clauses` in rounds without repeated clauses, in order."""
    torch = _import_torch()
    by_clause = clauses.argsort(stable=True)
    clauses = clauses[by_clause]
    first = torch.searchsorted(clauses, clauses)
    turn = torch.arange(len(clauses), device=clauses.device) - first
    return by_clause[turn.argsort(stable=True)].split(turn.bincount().tolist())


def _pack(rows, first, stop, device):
    """Return rows as words of features, int64 (n, W)."""
    torch = _import_torch()
    if rows.is_packed:
        return torch.tensor(rows.words[first:stop].view(np.int64), device=device)
    width = n_words(rows.n_features)
    indptr = rows.indptr[first : stop + 1]
    ones = rows.indices[indptr[0] : indptr[-1]]
    features = torch.tensor(ones, dtype=torch.int64, device=device)
    row = np.repeat(np.arange(stop - first) * width, np.diff(indptr))
    places = torch.tensor(row, device=device) + features // WORD
    words = torch.zeros((stop - first) * width, dtype=torch.int64, device=device)
    # each bit once, so their sum is their union
    words.index_add_(0, places, torch.ones_like(features) << features % WORD)
    return words.view(-1, width)


class Steps(NamedTuple):
    """Steps of an epoch, tensors of equal length: by batch, class, then position."""

    owner: Any  # the class that learns
    row: Any
    is_target: Any  # whether the class is the row's own
    feedback: Any  # address of the draws of the feedback
    weight: Any  # address of the draws of the second gate
    limit: Any  # below which they pass it; without weights, empty


def _part(arrays, first, stop):
    """Return a slice of all arrays of a named tuple."""
    return type(arrays)(*(array[first:stop] for array in arrays))


def _edges(values):
    """Return where runs of equal values begin, and where the last one ends."""
    return [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]


class TorchEngine:
    """Trains all classes at once; the automata stay on the device between epochs.

    The votes of a batch are frozen, so it is known ahead which clauses get feedback
    from which steps, and no clause depends on another one: the first event of each
    clause is worked on at once, then the second of those that have two, and so on.
    """

    def __init__(self, automata, settings, rows, device):
        torch = _import_torch()
        self._given = automata
        self._settings = settings
        self._device = device
        self._at_once = WORDS_AT_ONCE[device]
        self._rows = _pack(rows, 0, rows.n_rows, device)
        n_classes, n_clauses, _, width = automata.state.shape
        self._has_negations = width > self._rows.shape[1]
        words = literal_words(automata.literal_mask, self._has_negations)
        self._literals = self._tensor(words.view(np.int64))
        # clause j of class c is c * n_clauses + j
        planes = automata.state.view(np.int64).transpose(2, 0, 1, 3)
        planes = planes.reshape(N_PLANES, n_classes * n_clauses, width)
        self._planes = self._tensor(planes)
        self._weights = self._tensor(automata.weights.ravel().astype(np.int64))
        self._counts = _n_ones(self._planes[-1]).sum(1)
        self._clauses = torch.arange(n_clauses, device=device)
        self._levels = torch.arange(MASK_LEVELS, device=device)

    def _tensor(self, array):
        return _import_torch().tensor(array, device=self._device)

    @property
    def automata(self):
        """The automata as they are now, in arrays of their own."""
        shape = self._given.weights.shape
        planes = self._planes.cpu().numpy().view(np.uint64)
        planes = planes.reshape(N_PLANES, *shape, planes.shape[-1])
        state = planes.transpose(1, 2, 0, 3).copy(order="C")
        weights = self._weights.cpu().numpy().astype(np.int32).reshape(shape)
        return self._given._replace(state=state, weights=weights)

    @property
    def mean_literals(self):
        """The mean number of included literals of a clause."""
        return self._counts.cpu().numpy().mean()

    def train(self, plan):
        """Run an epoch; return the clipped votes per class and the feedback given."""
        sizes = [len(steps.positions) for steps in plan.classes]
        owner = np.repeat(np.arange(len(sizes)), sizes)
        positions = np.concatenate([steps.positions for steps in plan.classes])
        batches = positions // self._settings.batch_size
        order = np.argsort(batches, kind="stable")
        owner, positions, batches = owner[order], positions[order], batches[order]
        is_target = np.concatenate([steps.is_target for steps in plan.classes])[order]
        limits = plan.weight_limits
        limits = limits[positions] if len(limits) else limits
        feedback = draw_in_numpy(plan.feedback_keys[owner], positions)
        weight = draw_in_numpy(plan.weight_keys[owner], positions)
        steps = Steps(
            *map(self._tensor, (owner, plan.order[positions], is_target)),
            *(self._tensor(a.view(np.int64)) for a in (feedback, weight, limits)),
        )
        takes_part = self._tensor(~plan.sits_out)

        torch = _import_torch()
        votes, n_fed = [], 0
        for first, stop in pairwise(_edges(batches)):
            batch = _part(steps, first, stop)
            owners = owner[first:stop]
            frozen = torch.cat(
                [
                    self._votes(owners[a], batch.row[a:b], takes_part)
                    for a, b in pairwise(_edges(owners))
                ]
            )
            n_fed += self._teach(batch, frozen, takes_part)
            votes.append(frozen)
        by_class = np.empty(len(order), np.int64)
        by_class[order] = torch.cat(votes).cpu().numpy()
        return np.split(by_class, np.cumsum(sizes)[:-1]), n_fed

    def _false_literals(self, row):
        """Return the literals, among those with automata, that are false on rows."""
        x = self._rows[row]
        false = _import_torch().cat([~x, x], 1) if self._has_negations else ~x
        return false.bitwise_and_(self._literals)

    def _votes(self, c, row, takes_part):
        """Return the clipped votes of class c on rows."""
        n_clauses = len(self._clauses)
        of_class = slice(c * n_clauses, (c + 1) * n_clauses)
        include = self._planes[-1, of_class]
        ballots = self._weights[of_class] * (1 - self._clauses % 2 * 2) * takes_part[c]
        votes = []
        for part in row.split(max(1, self._at_once // include.numel())):
            holds = ~(include & self._false_literals(part)[:, None]).any(2)
            votes.append((ballots * holds).sum(1))
        limit = self._settings.threshold
        return _import_torch().cat(votes).clamp_(-limit, limit)

    def _teach(self, batch, votes, takes_part):
        """Give the feedback of a batch whose votes are known; return how much it is."""
        n_clauses, width = len(self._clauses), len(self._literals)
        n_fed = 0
        n_steps = max(1, self._at_once // n_clauses)
        for first in range(0, len(votes), n_steps):
            steps = _part(batch, first, first + n_steps)
            events, fires = self._gates(steps, votes[first : first + n_steps])
            step, clause = (fires & takes_part[steps.owner]).nonzero(as_tuple=True)
            n_fed += len(step)
            events = events[step, clause]
            is_type_1 = (clause % 2 == 0) == steps.is_target[step]
            row = steps.row[step]
            clause += steps.owner[step] * n_clauses
            for places in _rounds(clause):
                for some in places.split(max(1, self._at_once // width)):
                    self._feed(clause[some], row[some], is_type_1[some], events[some])
        return n_fed

    def _gates(self, steps, votes):
        """Return the addresses of the events of steps, and which give feedback."""
        threshold = self._settings.threshold
        margin = threshold + _import_torch().where(steps.is_target, -votes, votes)
        events = draw(steps.feedback[:, None], self._clauses)
        fires = _high_half(events) * (2 * threshold) < (margin << 32)[:, None]
        if len(steps.limit):
            second = draw(steps.weight[:, None], self._clauses)
            fires &= _high_half(second) < steps.limit[:, None]
        return events, fires

    def _feed(self, clause, row, is_type_1, events):
        """Give different clauses one event of feedback each."""
        settings = self._settings
        false = self._false_literals(row)
        matches = ~(self._planes[-1].index_select(0, clause) & false).any(1)
        matches &= self._counts[clause] <= settings.max_literals
        acts = (matches | is_type_1).nonzero().squeeze(1)
        clause, events, false = clause[acts], events[acts], false.index_select(0, acts)
        matches, is_type_1 = matches[acts], is_type_1[acts]
        planes = self._planes.index_select(1, clause)

        # type Ia lifts what is true, type II what is false, type Ib nothing
        up = false ^ self._literals * is_type_1[:, None]
        up *= matches[:, None]
        needed = planes[0] | planes[1]
        for plane in planes[2:]:
            needed |= plane
        needed = needed & ~up if settings.boost else needed | up
        needed *= is_type_1[:, None]
        drawn = _draw_needed(
            events, needed, self._levels, settings.chance, self._at_once
        )
        down = drawn & ~up
        up &= ~drawn
        _move(planes, up, down)
        self._planes.index_copy_(1, clause, planes)
        self._counts[clause] = _n_ones(planes[-1]).sum(1)
        if settings.weighted:
            weights = self._weights[clause] + matches * (is_type_1 * 2 - 1)
            self._weights[clause] = weights.clamp_(1, INT32_MAX)


class Clauses(NamedTuple):
    """Clauses that are not empty, the longest first, as arrays of equal length."""

    start: Any  # of the literals of a clause
    length: Any  # ndarray; the others are tensors
    owner: Any
    votes: Any  # float64


def _columns(words):
    """Turn words of features (n, W) into words of rows (64 W, n / 64), padded by 0."""
    n_rows, width = words.shape
    n_groups = n_words(n_rows)
    blocks = words.new_zeros((n_groups * WORD, width))
    blocks[:n_rows] = words
    # transpose blocks of 64 x 64 bits: swap two quarters, then in each quarter, ...
    for size in (32, 16, 8, 4, 2, 1):
        pairs = blocks.view(-1, 2, size, width)
        upper, lower = pairs[:, 0], pairs[:, 1]
        swapped = (upper >> size) ^ lower
        swapped &= (2**64 - 1) // (2**size + 1)  # the lower half of 2 * size bits
        lower ^= swapped
        upper ^= swapped << size
    columns = blocks.view(n_groups, WORD, width).permute(2, 1, 0)
    return columns.reshape(-1, n_groups)


def _holding(clauses, literals, columns):
    """Return on which rows clauses hold, as words of rows."""
    holds = columns.new_full((len(clauses.start), columns.shape[1]), -1)
    for place in range(clauses.length[0]):
        n = np.searchsorted(-clauses.length, -place)  # are longer than that
        holds[:n] &= columns[literals[clauses.start[:n] + place]]
    return holds


def _add_votes(clauses, holds, totals):
    """Add votes to totals, int64 (C, 64 * words of rows), where the clauses hold."""
    torch = _import_torch()
    bits = torch.arange(WORD, device=holds.device)
    is_true = ((holds[:, :, None] >> bits) & 1).view(len(holds), -1)
    ballots = clauses.votes.new_zeros((len(totals), len(holds)))
    places = torch.arange(len(holds), device=holds.device)
    ballots[clauses.owner, places] = clauses.votes
    # exact, whatever the order of the sum: it stays below 2^53
    totals += (ballots @ is_true.to(torch.float64)).to(torch.int64)


def class_votes(bank, rows, device):
    """Return the votes of each row for each class, int64 (n, C), not clipped.

    As in `_inference.py`, a clause is the AND of the columns of its literals.
    """
    torch = _import_torch()
    at_once = COLUMN_WORDS_AT_ONCE[device]
    lengths = np.diff(bank.indptr)
    order = np.argsort(-lengths, kind="stable")[: np.count_nonzero(lengths)]
    clauses = Clauses(
        torch.tensor(bank.indptr[order], device=device),
        lengths[order],
        torch.tensor(bank.owner[order], dtype=torch.int64, device=device),
        torch.tensor(bank.votes[order], dtype=torch.float64, device=device),
    )
    literals = torch.tensor(bank.indices, dtype=torch.int64, device=device)
    # the columns of the negations begin at a whole word
    n_columns = n_words(bank.n_features) * WORD
    literals += (literals >= bank.n_features) * (n_columns - bank.n_features)

    votes = np.zeros((rows.n_rows, bank.n_classes), np.int64)
    n_rows = max(1, at_once // (2 * n_columns)) * WORD
    for first in range(0, rows.n_rows, n_rows):
        stop = min(first + n_rows, rows.n_rows)
        columns = _columns(_pack(rows, first, stop, device))
        columns = torch.cat([columns, ~columns])
        n_groups = columns.shape[1]
        totals = literals.new_zeros((bank.n_classes, n_groups * WORD))
        n_held = max(1, at_once // n_groups)
        n_unpacked = max(1, at_once // (n_groups * WORD))
        for a in range(0, len(order), n_held):
            some = _part(clauses, a, a + n_held)
            holds = _holding(some, literals, columns)
            for b in range(0, len(holds), n_unpacked):
                few = _part(some, b, b + n_unpacked)
                _add_votes(few, holds[b : b + n_unpacked], totals)
        votes[first:stop] = totals[:, : stop - first].T.cpu().numpy()
    return votes

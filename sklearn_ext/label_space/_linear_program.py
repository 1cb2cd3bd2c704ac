"""Which columns of a matrix of risks are the least under some weights of its rows.

Entry (i, y) is the risk of label y if the truth is the i-th observed label, and weights
P of the rows make it the risk P @ risk[:, y]. Whether y can be the least one is a
zero-sum game between P and the rivals of y. Cheap rounds of play settle most labels,
linear programs over few rivals at a time the others.
"""

import numpy as np

__all__ = ["locus_margins", "locus_members", "sampled_members"]

# Risks tie within this share of the largest one.
TIE = 1e-12
# Weights that a solver returns may miss a tie by this much.
SOLVED = 1e-9
SOLVER = {
    "presolve": False,
    "primal_feasibility_tolerance": 1e-10,
    "dual_feasibility_tolerance": 1e-10,
}
# Rivals of a label that the first program knows, and those each further one adds.
NEAR, ADDED = 16, 10
# Rounds in which a label is played, and how boldly.
ROUNDS, STEP = 60, 0.5
# Rows whose sums of risks, one product of matrices, take as long as the sum of a pair.
ROWS = 32
# Pairs of rows at once, sums of risks at once: in a processor's cache, and of products.
PAIRS, ENTRIES, PLAYED = 512, 1 << 17, 1 << 20


def _scaled(risk):
    """Return the risks in units of the largest one."""
    largest = risk.max()
    return risk if largest in (0, 1) else risk / largest


def _mark_least(sums, members):
    """Mark the columns that are the least in some row, ties included."""
    lowest = sums.min(axis=1)
    members |= (sums <= lowest[:, None] + TIE).any(axis=0)
    return lowest


def _mark_between(risk, first, second, members):
    """Mark the labels that win for some weights of two rows; return the sums evaluated.

    The risk of a label is linear between both rows. Where the lines of the winners on
    either side cross, they win, too, or a third one does and splits the stretch.
    """
    winners = risk.argmin(axis=1)
    found = [(first, second, winners[first], winners[second])]
    n_sums = 0
    size = max(1, ENTRIES // risk.shape[1])
    while found:
        stretches = map(np.concatenate, zip(*found, strict=True))
        first, second, left, right = stretches
        open_ones, found = np.flatnonzero(left != right), []
        for start in range(0, len(open_ones), size):
            part = open_ones[start : start + size]
            a, b, y, z = first[part], second[part], left[part], right[part]
            at_first = risk[a, z] - risk[a, y]  # not negative: z wins farther on
            both = at_first + risk[b, y] - risk[b, z]
            weight = np.divide(at_first, both, np.full(len(a), 0.5), where=both > 0)
            sums = (1 - weight)[:, None] * risk[a] + weight[:, None] * risk[b]
            n_sums += len(a)
            lowest = _mark_least(sums, members)
            winner = sums.argmin(axis=1)
            split = lowest < sums[np.arange(len(a)), y] - TIE
            a, b, y, z, winner = (each[split] for each in (a, b, y, z, winner))
            found += [(a, b, y, winner), (a, b, winner, z)]
    return n_sums


def _mark_pairs(risk, max_sums, rng, members):
    """Mark the labels that win for some weights of two rows, if possible of any two."""
    n_rows = len(risk)
    if n_rows * (n_rows - 1) // 2 <= max_sums:
        pairs = rng.permutation(np.column_stack(np.triu_indices(n_rows, 1)))
    else:
        pairs = rng.integers(n_rows, size=(max_sums, 2))
    for start in range(0, len(pairs), PAIRS):
        if max_sums <= 0 or members.all():
            break
        part = pairs[start : start + PAIRS]
        max_sums -= _mark_between(risk, part[:, 0], part[:, 1], members)


def _play(risk, labels, members, losers):
    """Play labels against their rivals; mark winners and labels that cannot win.

    In each round the weights of a label favour rows where its rivals so far did badly,
    the last one twice, and the rival that does best under them comes next. A label has
    lost once its rivals in equal shares do better in every row.
    """
    total = last = np.zeros((len(risk), len(labels)))
    for n_rounds in range(1, ROUNDS + 1):
        scale = np.abs(total).max(axis=0) / max(n_rounds - 1, 1)
        drive = STEP * (total + last) / np.where(scale > 0, scale, 1)
        weights = np.exp(drive - drive.max(axis=0)).T
        weights /= weights.sum(axis=1, keepdims=True)
        sums = weights @ risk
        _mark_least(sums, members)
        sums[np.arange(len(labels)), labels] = np.inf
        lowest = sums.min(axis=1, keepdims=True)
        rivals = (sums <= lowest + TIE).argmax(axis=1)
        last = risk[:, rivals] - risk[:, labels]
        total = total + last
        losers[labels] = total.max(axis=0) < -TIE * n_rounds
        is_open = ~(members | losers)[labels]
        if not is_open.any():
            break
        labels, total, last = labels[is_open], total[:, is_open], last[:, is_open]


def _settle(risk, max_sums, max_played):
    """Return labels that win for some weights and labels that do not, both bool (N,).

    Others stay open. Single rows, pairs of rows and rounds of play are tried, within
    `max_sums` sums of two rows and for up to `max_played` labels, by a fixed seed.
    """
    n_rows, n_columns = risk.shape
    members, losers = np.zeros((2, n_columns), bool)
    _mark_least(risk, members)
    if n_rows == 1:
        return members, ~members
    rng = np.random.default_rng(0)
    _mark_pairs(risk, max_sums, rng, members)
    labels = rng.permutation(np.flatnonzero(~members))[:max_played]
    size = max(1, PLAYED // max(n_rows, n_columns))
    for start in range(0, len(labels), size):
        _play(risk, labels[start : start + size], members, losers)
    return members, losers


def sampled_members(risk, max_sums):
    """Return columns that are the least under some weights tried, bool (N,).

    All of them belong to the locus, but others may. The work is that of `max_sums` sums
    of two rows, half of it spent on pairs.
    """
    max_played = max_sums // 2 // ROUNDS // (1 + len(risk) // ROWS)
    return _settle(_scaled(risk), max_sums // 2, max_played)[0]


def _solve(advantage):
    """Return the best weights of the rows and of the columns of a zero-sum game.

    The rows maximise the least entry of ``weights @ advantage``.
    """
    from scipy.optimize import linprog

    n_rows, n_columns = advantage.shape
    result = linprog(
        np.append(np.zeros(n_rows), -1),
        A_ub=np.column_stack([-advantage.T, np.ones(n_columns)]),
        b_ub=np.zeros(n_columns),
        A_eq=np.append(np.ones(n_rows), 0)[None],
        b_eq=np.ones(1),
        bounds=[(0, None)] * n_rows + [(None, None)],
        method="highs",
        options=SOLVER,
    )
    if result.x is None:
        raise RuntimeError(f"A linear program was not solved: {result.message}")
    rows = np.maximum(result.x[:-1], 0)
    columns = np.maximum(-result.ineqlin.marginals, 0)
    return rows / rows.sum(), columns / columns.sum()


def _margin(risk, label, is_settled, members):
    """Return bounds of how far a label can be below all others, under the best weights.

    It stops early once the bounds are settled, and marks winners that it meets.
    """
    own = risk[:, label]
    advantage = risk - own[:, None]
    worst = advantage.max(axis=0)  # a rival wins everywhere by -worst
    worst[label] = np.inf
    upper = worst.min()
    if is_settled(-np.inf, upper):
        return -np.inf, upper
    near = np.square(advantage).sum(axis=0)
    near[label] = np.inf
    rivals = np.append(np.argsort(near)[:NEAR], worst.argmin())
    rivals = np.unique(rivals[rivals != label])
    while True:
        weights, mixture = _solve(advantage[:, rivals])
        upper = (advantage[:, rivals] @ mixture).max()
        sums = weights @ risk
        _mark_least(sums[None], members)
        sums -= sums[label]
        sums[label] = np.inf
        lower = sums.min()
        if is_settled(lower, upper):
            return lower, upper
        sums[rivals] = np.inf
        added = np.argsort(sums)[:ADDED]
        added = added[sums[added] < upper - TIE]
        if not len(added):
            return lower, upper
        rivals = np.append(rivals, added)


def locus_margins(risk):
    """Return how far each column can be below all others under some weights, (N,).

    Positive: the only winner for some weights. 0: never without a tie. Negative: never.
    """
    n_columns = risk.shape[1]
    if n_columns == 1:
        return np.full(1, np.inf)
    scaled, unused = _scaled(risk), np.zeros(n_columns, bool)
    margins = [
        _margin(scaled, label, lambda lower, upper: False, unused)[0]
        for label in range(n_columns)
    ]
    return np.array(margins) * (risk.max() or 1)


def _has_sign(lower, upper):
    """Tell whether bounds of a margin say if it is negative."""
    return lower >= -TIE or upper < -TIE


def locus_members(risk, max_sums=1 << 20, max_played=None):
    """Return which columns are the least under some weights, bool (N,); ties count.

    What `_settle` leaves open takes a program for each label.
    """
    risk = _scaled(risk)
    members, losers = _settle(risk, max_sums, max_played)
    for label in np.flatnonzero(~members & ~losers):
        if not members[label]:  # another label's program may have met it
            lower, upper = _margin(risk, label, _has_sign, members)
            members[label] = upper >= -TIE and lower >= -SOLVED
    return members

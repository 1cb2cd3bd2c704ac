"""Whose turn it is, and what becomes a row."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_ext.augmentation._acceptance import Sources, accept_rows, normal_form


class Maker:
    """Stands for a recombiner: what attempt t of source s gives is a function."""

    def __init__(self, text_of, edits=1, n_tokens=3, too_long=False):
        self.text_of = text_of
        self.edits = edits
        self.n_tokens = n_tokens
        self.too_long = too_long
        self.asked = []

    def candidates(self, seed, class_index, sources, attempts):
        n = len(sources)
        self.asked += list(zip(sources.tolist(), attempts.tolist(), strict=True))
        return SimpleNamespace(
            texts=[self.text_of(s, t) for s, t in zip(sources, attempts, strict=True)],
            source=np.asarray(sources),
            donors=(np.arange(n + 1), np.asarray(sources)),
            n_tokens=np.full(n, self.n_tokens),
            n_phrases=np.full(n, self.edits),
            n_class_words=np.zeros(n, np.int64),
            n_synonyms=np.zeros(n, np.int64),
            too_long=np.full(n, self.too_long),
            forest=n,
            tree_row=np.arange(n),
        )


class Even:
    """Stands for a grammar in which every candidate has one log-probability."""

    def __init__(self, log_prob=-3.0):
        self.value = log_prob

    def log_prob(self, forest):
        return np.full(forest, self.value)


def accept(maker, n_rows, order, max_tries=4, *, taken=None, floor=-5.0, grammar=None):
    sources = Sources(n_rows, np.asarray(order), max_tries, max_tries * n_rows)
    return accept_rows(
        maker,
        grammar or Even(),
        sources,
        seed=0,
        class_index=0,
        floor=floor,
        taken={} if taken is None else taken,
    )


@given(st.integers(1, 40), st.integers(1, 7))
def test_every_source_gets_its_share(n_rows, n_sources):
    order = np.arange(n_sources) + 10
    rows, rejected = accept(Maker(lambda s, t: f"{s} and {t}"), n_rows, order)
    counts = np.bincount(rows.source - 10, minlength=n_sources)
    assert counts.sum() == n_rows
    assert counts.max() - counts.min() <= 1
    assert (np.diff(counts) <= 0).all()  # the first of the order get one more
    assert not any(rejected.values())


def test_attempts_go_round_robin_and_ascend():
    maker = Maker(lambda s, t: f"{s} and {t}")
    accept(maker, 5, [7, 3])
    assert maker.asked == [(7, 0), (3, 0), (7, 1), (3, 1), (7, 2)]


def test_a_used_up_source_hands_over():
    # source 1 has a single variant, source 0 as many as are asked for
    maker = Maker(lambda s, t: "only this" if s == 1 else f"text {t}")
    rows, rejected = accept(maker, 8, [0, 1], max_tries=3)
    assert np.bincount(rows.source).tolist() == [7, 1]
    assert rejected["duplicate"] == 11  # all attempts of the four rows but one
    by_source = [[t for s, t in maker.asked if s == source] for source in (0, 1)]
    for attempts in by_source:
        assert attempts == list(range(len(attempts)))


def test_the_least_tried_takes_over_first():
    # source 0 has one variant, source 2 none but that, source 1 was not asked yet
    maker = Maker(lambda s, t: f"text {t}" if s == 1 else "only this")
    rows, _ = accept(maker, 2, [2, 0, 1])
    assert rows.source.tolist() == [2, 1]


@given(st.integers(1, 12), st.integers(1, 4), st.integers(1, 5))
def test_there_is_an_end(n_rows, n_sources, max_tries):
    maker = Maker(lambda s, t: "always the same")
    rows, rejected = accept(maker, n_rows, np.arange(n_sources), max_tries)
    assert len(rows.texts) == 1
    assert len(maker.asked) <= max_tries * n_rows
    assert rejected["duplicate"] == len(maker.asked) - 1


@pytest.mark.parametrize(
    ("maker", "reason"),
    [
        (Maker(lambda s, t: f"x {t}", edits=0), "unchanged"),
        (Maker(lambda s, t: f"x {t}", n_tokens=1), "length"),
        (Maker(lambda s, t: f"x {t}", too_long=True), "length"),
        (Maker(lambda s, t: " ONE  original "), "copy"),
    ],
)
def test_what_is_refused(maker, reason):
    rows, rejected = accept(maker, 2, [0], taken={"one original": True})
    assert rows.texts == []
    assert rejected.pop(reason) == len(maker.asked) == 8
    assert not any(rejected.values())


@pytest.mark.parametrize(("floor", "n_made"), [(-1.0, 2), (-0.999, 0)])
def test_the_score_is_per_token(floor, n_made):
    maker = Maker(lambda s, t: f"x {t}", n_tokens=3)
    rows, rejected = accept(maker, 2, [0], floor=floor, grammar=Even(-3.0))
    assert len(rows.texts) == n_made
    assert (rejected["score"] == 0) == bool(n_made)
    assert rows.scores.tolist() == [-1.0] * n_made


def test_accepted_rows_are_taken_for_all_classes():
    taken = {}
    accept(Maker(lambda s, t: f"Text {t}"), 2, [0], taken=taken)
    assert taken == {"text 0": False, "text 1": False}
    _, rejected = accept(Maker(lambda s, t: f"text {t}"), 2, [0], taken=taken)
    assert rejected["duplicate"] == 2


def test_normal_form():
    assert normal_form(" A  b\n") == normal_form("a B")
    assert normal_form("ab") != normal_form("a b")

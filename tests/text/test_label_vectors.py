"""Label vectors = a plain NumPy twin; sums and cosines do not know of any order."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib import parallel_config
from sklearn.neighbors import LocalOutlierFactor

from sklearn_ext.text import _label_vectors as module
from sklearn_ext.text._label_vectors import (
    LabelRule,
    centre,
    documents_in_order,
    label_vectors,
    mean_vector,
    ranked,
    similarities,
    unit,
    warn_if_few,
)

EPS = np.finfo(np.float32).eps
PLAIN = LabelRule(300, None, 0.5, False)


def as_unit(v):
    v = np.asarray(v, dtype=np.float64)
    length = math.sqrt(math.fsum(v * v))
    return v / length if length else v


def cosine(x, v):
    """Sum in the order of the components, as is promised."""
    dot = squares = own = 0.0
    for a, b in zip(x.tolist(), v.tolist(), strict=True):
        dot, squares, own = dot + a * b, squares + a * a, own + b * b
    scale = math.sqrt(squares) * math.sqrt(own)
    return min(1.0, max(-1.0, dot / scale)) if scale else 0.0


def twin(D, keyword_vectors, rule, n_labels=None):
    """Return label vectors, centroids and candidates by plain loops."""
    rows = [i for i in range(len(D)) if D[i].any()]
    L = n_labels or len(keyword_vectors)
    vectors, centroids, candidates = [], [], []
    for K in keyword_vectors:
        k = as_unit(K.astype(float).mean(axis=0)).astype(np.float32)
        s = {i: cosine(D[i], k) for i in rows}
        order = sorted(rows, key=lambda i: (-s[i], i))
        if rule.similarity_threshold is None:
            chosen = order[: min(rule.n_docs, max(10, len(rows) // (2 * L)))]
        else:
            chosen = [i for i in order if s[i] > rule.similarity_threshold]
            if len(chosen) < rule.n_docs:
                chosen = order[: rule.n_docs]
        if rule.clean_outliers:
            distinct = np.unique(D[chosen], axis=0)
            if len(distinct) >= 3:
                lof = LocalOutlierFactor(min(20, len(distinct) - 1))
                inliers = distinct[lof.fit_predict(distinct.astype(float)) == 1]
                kept = [i for i in chosen if (inliers == D[i]).all(axis=1).any()]
                chosen = kept or chosen
        m = as_unit(D[chosen].astype(float).mean(axis=0)) if chosen else 0 * k
        w = rule.keyword_weight
        vectors.append(as_unit(w * as_unit(K.astype(float).mean(axis=0)) + (1 - w) * m))
        centroids.append(k)
        candidates.append(chosen)
    return np.array(vectors), np.array(centroids), candidates


def tied_documents(seed, n=60, d=5, n_zero=4):
    """Small integers: many equal rows and many equal cosines; some rows are zero."""
    rng = np.random.default_rng(seed)
    D = rng.integers(-1, 3, size=(n, d)).astype(np.float32)
    D = np.r_[D, D[: n // 3]]
    D[rng.choice(len(D), n_zero, replace=False)] = 0
    return unit(D)


def keyword_vectors(seed, n_labels, d=5, most=4):
    rng = np.random.default_rng(seed + 100)
    sizes = rng.integers(1, most + 1, n_labels)
    return [unit(rng.normal(size=(m, d)).astype(np.float32)) for m in sizes]


def assert_twin(D, K, rule, **options):
    found = label_vectors(D, K, rule, **options)
    vectors, centroids, candidates = twin(D, K, rule, options.get("n_labels"))
    assert len(found.candidates) == len(K)
    for ours, theirs in zip(found.candidates, candidates, strict=True):
        assert ours.dtype == np.int64
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_allclose(found.vectors, vectors, rtol=2e-7, atol=1e-9)
    np.testing.assert_allclose(found.keyword_vectors, centroids, rtol=2e-7, atol=1e-9)
    assert found.vectors.dtype == found.keyword_vectors.dtype == np.float32
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("n_labels", [1, 3])
@pytest.mark.parametrize("threshold", [None, -1.0, 0.4, 1.0])
def test_twin(seed, n_labels, threshold):
    D, K = tied_documents(seed), keyword_vectors(seed, n_labels)
    n = np.count_nonzero(D.any(axis=1))
    assert 10 < n < len(D)
    for n_docs in (1, 7, n - 1, n, n + 5):
        for weight in (0.0, 0.5, 1.0):
            assert_twin(D, K, LabelRule(n_docs, threshold, weight, False))


@pytest.mark.parametrize("seed", range(3))
def test_threshold_that_is_a_similarity(seed):
    """Strictly above: the documents at the threshold do not count."""
    D, K = tied_documents(seed), keyword_vectors(seed, 1)
    k = label_vectors(D, K, PLAIN).keyword_vectors
    own = np.unique(similarities(D, k)[D.any(axis=1), 0])
    for edge in (own[-1], own[-2], own[len(own) // 2], own[0]):
        found = assert_twin(D, K, LabelRule(1, float(edge), 0.5, False))
        (chosen,) = found.candidates
        above = similarities(D[chosen], k)[:, 0]
        if edge == own[-1]:  # none is above, so the first alone
            assert len(chosen) == 1
        else:
            assert above.min() == own[own > edge].min()


@pytest.mark.parametrize(
    ("n", "n_labels", "n_docs", "expected"),
    [
        (100, 4, 300, 12),  # 100 // 8
        (100, 4, 5, 5),
        (100, 40, 300, 10),  # not below ten
        (6, 2, 300, 6),
        (1, 1, 1, 1),
        (101, 1, 50, 50),
        (101, 1, 51, 50),  # 101 // 2
    ],
)
def test_caps(n, n_labels, n_docs, expected):
    D = unit(np.random.default_rng(0).normal(size=(n, 6)).astype(np.float32))
    D = np.r_[D, np.zeros((50, 6), np.float32)]  # empty documents do not count
    K = keyword_vectors(0, n_labels, d=6)
    found = assert_twin(D, K, LabelRule(n_docs, None, 0.5, False))
    assert [len(own) for own in found.candidates] == [expected] * n_labels
    if n_docs >= 10:  # with a threshold there is no cap
        found = assert_twin(D, K, LabelRule(n_docs, 1.0, 0.5, False))
        assert {len(own) for own in found.candidates} == {min(n_docs, n)}


def test_no_document_leaves_the_keywords():
    D, K = np.zeros((3, 5), np.float32), keyword_vectors(0, 2)
    found = label_vectors(D, K, PLAIN)
    assert [len(own) for own in found.candidates] == [0, 0]
    np.testing.assert_array_equal(found.vectors, found.keyword_vectors)


def test_keywords_alone_give_the_centroid():
    D, K = tied_documents(0), keyword_vectors(0, 4)
    found = label_vectors(D, K, PLAIN._replace(keyword_weight=1.0))
    np.testing.assert_array_equal(found.vectors, found.keyword_vectors)


def test_raw_vectors_count_with_their_lengths():
    rng = np.random.default_rng(0)
    D = (rng.normal(size=(50, 5)) * rng.uniform(0.1, 9, (50, 1))).astype(np.float32)
    K = [rng.normal(size=(3, 5)).astype(np.float32) * scale for scale in (1, 1e-12)]
    found = assert_twin(D, K, LabelRule(20, None, 0.5, False))
    other = label_vectors(unit(D), K, LabelRule(20, None, 0.5, False))
    assert np.abs(found.vectors - other.vectors).max() > 0.01
    np.testing.assert_array_equal(found.candidates, other.candidates)


@pytest.mark.parametrize("threshold", [None, 0.2])
@pytest.mark.parametrize("clean", [False, True])
def test_no_order_matters(threshold, clean):
    rng = np.random.default_rng(1)
    D = unit(rng.normal(size=(200, 16)).astype(np.float32))
    D = np.r_[D, D[:20], np.zeros((5, 16), np.float32)]
    K = [unit(rng.normal(size=(m, 16)).astype(np.float32)) for m in (1, 2, 9)]
    rule = LabelRule(30, threshold, 0.5, clean)
    expected = label_vectors(D, K, rule)
    for _ in range(5):
        order = rng.permutation(len(D))
        shuffled = [own[rng.permutation(len(own))] for own in K]
        found = label_vectors(D[order], shuffled, rule)
        np.testing.assert_array_equal(found.vectors, expected.vectors)
        np.testing.assert_array_equal(found.keyword_vectors, expected.keyword_vectors)
        for ours, theirs in zip(found.candidates, expected.candidates, strict=True):
            np.testing.assert_array_equal(D[order][ours], D[theirs])


def test_labels_do_not_know_of_each_other(monkeypatch):
    D, K = tied_documents(0), keyword_vectors(0, 7)
    together = label_vectors(D, K, PLAIN)
    rows = np.flatnonzero(D.any(axis=1))
    for c, own in enumerate(K):
        alone = label_vectors(D, [own], PLAIN, n_labels=7, rows=rows)
        np.testing.assert_array_equal(alone.vectors[0], together.vectors[c])
        np.testing.assert_array_equal(alone.candidates[0], together.candidates[c])
        assert_twin(D, [own], PLAIN, n_labels=7)
    monkeypatch.setattr(module, "LABELS_AT_ONCE", 3)
    in_parts = label_vectors(D, K, PLAIN)
    np.testing.assert_array_equal(in_parts.vectors, together.vectors)
    np.testing.assert_array_equal(in_parts.keyword_vectors, together.keyword_vectors)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("threshold", [None, 0.0])
def test_cleaning_twin(seed, threshold):
    rng = np.random.default_rng(seed)
    D = rng.normal(0, 0.1, size=(120, 6)) + np.eye(6)[0]
    D[::9] = rng.normal(size=(14, 6)) + np.eye(6)[0]
    D = unit(np.r_[D, D[::5], D[::9]].astype(np.float32))
    # Some of the stray documents are the nearest ones, the crowd comes behind them.
    K = [unit(np.float32([[1, 1, 0, 0, 0, 0]]))]
    found = assert_twin(D, K, LabelRule(90, threshold, 0.5, True))
    plain = label_vectors(D, K, LabelRule(90, threshold, 0.5, False))
    (kept,), (all_,) = found.candidates, plain.candidates
    assert 0 < len(kept) < len(all_)
    np.testing.assert_array_equal(kept, all_[np.isin(all_, kept)])  # ranked as before
    gone = D[np.setdiff1d(all_, kept)]
    assert not (gone[:, None] == D[kept]).all(axis=2).any()  # with their duplicates


@pytest.mark.parametrize("n_distinct", [1, 2, 3])
def test_few_distinct_documents_stay(n_distinct):
    D = np.eye(3, dtype=np.float32)[np.arange(12) % n_distinct]
    (chosen,) = label_vectors(D, [D[:1]], LabelRule(12, 1.0, 0.5, True)).candidates
    assert len(chosen) == 12


def test_next_to_equal_documents_cause_no_warning():
    D = np.tile(np.float32([1, 1e-3, 0]), (40, 1))
    D[:, 1] += np.arange(40, dtype=np.float32) * np.float32(2e-10)
    D[-1] = [0, 0, 1]
    assert len(np.unique(D, axis=0)) > 25
    with pytest.warns(UserWarning, match="Duplicate values"):
        LocalOutlierFactor(20).fit_predict(np.unique(D, axis=0).astype(float))
    (chosen,) = label_vectors(D, [D[:1]], LabelRule(40, -1.0, 0.5, True)).candidates
    assert 39 not in chosen
    assert len(chosen) > 20


def test_cleaning_that_would_leave_nothing(monkeypatch):
    monkeypatch.setattr(
        LocalOutlierFactor, "fit_predict", lambda self, X: np.full(len(X), -1)
    )
    D = tied_documents(0)
    K = keyword_vectors(0, 2)
    clean = label_vectors(D, K, LabelRule(20, None, 0.5, True))
    plain = label_vectors(D, K, LabelRule(20, None, 0.5, False))
    np.testing.assert_array_equal(clean.candidates, plain.candidates)


def test_warn_if_few():
    rule = LabelRule(20, 0.3, 0.5, False)
    with pytest.warns(UserWarning, match="n_docs=20 .* only 19 "):
        warn_if_few(19, rule)
    warn_if_few(20, rule)
    warn_if_few(3, rule._replace(similarity_threshold=None))


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.lists(st.integers(-3, 3), max_size=30), st.integers(0, 40))
def test_ranked(values, count):
    order = sorted(range(len(values)), key=lambda i: (-values[i], i))
    found = ranked(np.array(values, dtype=float), count)
    assert found.dtype == np.int64
    assert found.tolist() == order[:count]


def vectors(n=300, d=7, seed=0):
    rng = np.random.default_rng(seed)
    V = rng.normal(size=(n, d)) * 10.0 ** rng.integers(-18, 18, (n, 1))
    V[::11] = 0
    V[::7] = V[min(7, n - 1)]
    return V.astype(np.float32)


def test_cosines():
    D, V = vectors(), vectors(9, seed=1)
    D[5] = V[3]
    D[6] = -V[3]
    found = similarities(D, V)
    assert found.shape == (300, 9)
    assert found.dtype == np.float64
    assert np.abs(found).max() == 1.0
    for i, c in np.ndindex(*found.shape):
        x, v = D[i].astype(float), V[c].astype(float)
        scale = math.sqrt(math.fsum(x * x) * math.fsum(v * v))
        exact = math.fsum(x * v) / scale if scale else 0.0
        assert found[i, c] == pytest.approx(exact, abs=1e-14)
        assert found[i, c] == cosine(D[i], V[c])


@pytest.mark.parametrize("n_labels", [1, 3, 8, 15, 16, 17, 37])
def test_bits_of_a_cosine_are_its_own(n_labels):
    D, V = vectors(), vectors(n_labels, seed=1)
    expected = similarities(D, V)
    order = np.random.default_rng(0).permutation(len(D))
    np.testing.assert_array_equal(similarities(D[order], V), expected[order])
    np.testing.assert_array_equal(similarities(D[::-3], V[::-1]), expected[::-3, ::-1])
    np.testing.assert_array_equal(similarities(D[9:10], V), expected[9:10])
    for c in range(n_labels):
        np.testing.assert_array_equal(
            similarities(D, V[c : c + 1])[:, 0], expected[:, c]
        )
    np.testing.assert_array_equal(expected[7::7], np.tile(expected[7], (42, 1)))
    for n_jobs in (2, 3):
        with parallel_config("threading", n_jobs=n_jobs):
            np.testing.assert_array_equal(similarities(D, V), expected)


@pytest.mark.parametrize("n", [1, 7, 8, 9, 23])
@pytest.mark.parametrize("n_labels", [1, 5, 15])
def test_both_kernels_write_the_same(n, n_labels, monkeypatch):
    D, V = vectors(n), vectors(n_labels, seed=1)
    expected = similarities(D, V)
    monkeypatch.setattr(module, "FEW", 0)
    np.testing.assert_array_equal(similarities(D, V), expected)


def test_layouts_are_equal(compiled):
    from sklearn_ext.text import _kernels_similarity as kernels

    D, V = vectors(), vectors(3, seed=1)
    expected = similarities(D, V)
    mean = mean_vector(D)
    units, centred = unit(D), centre(D, mean)
    frozen = D.copy()
    frozen.flags.writeable = False
    for same in (frozen, np.asfortranarray(D), np.repeat(D, 2, axis=0)[::2], D + 0.0):
        np.testing.assert_array_equal(similarities(same, V), expected)
        np.testing.assert_array_equal(
            similarities(same, np.asfortranarray(V)), expected
        )
        np.testing.assert_array_equal(unit(same), units)
        np.testing.assert_array_equal(mean_vector(same), mean)
        np.testing.assert_array_equal(centre(same, mean), centred)
    similarities(D, vectors(20))
    for name in ("cosines", "cosines_to_few", "unit_rows", "centred_rows"):
        assert len(getattr(kernels, name).signatures) == 1


def test_unit():
    V = vectors()
    found = unit(V)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [as_unit(v) for v in V], rtol=EPS)
    np.testing.assert_array_equal(found.any(axis=1), V.any(axis=1))
    np.testing.assert_array_equal(unit(V[::-2]), found[::-2])


def test_centre():
    V = vectors()
    mean = mean_vector(V)
    rows = V.any(axis=1)
    units = np.array([as_unit(v) for v in V])
    np.testing.assert_allclose(mean, units[rows].mean(axis=0), atol=1e-7)
    assert mean.dtype == np.float32
    found = centre(V, mean)
    expected = [as_unit(u - mean) if u.any() else u for u in units]
    np.testing.assert_allclose(found, expected, atol=5e-7)
    np.testing.assert_array_equal(found.any(axis=1), rows)
    np.testing.assert_array_equal(centre(V[::-2], mean), found[::-2])
    np.testing.assert_array_equal(centre(V, np.zeros(7)), unit(unit(V)))


@pytest.mark.parametrize("n", [1, 5, 5000])
def test_documents_that_are_all_alike_have_no_direction(n):
    """Nor have those that differ by rounding, as encoders' batches do."""
    v = np.random.default_rng(0).normal(size=64).astype(np.float32)
    V = np.tile(v, (n, 1)) * np.linspace(1, 3, n, dtype=np.float32)[:, None]
    V[::2] *= 1 + 2 * EPS
    assert not centre(V, mean_vector(V)).any()


def test_mean_vector_knows_no_order():
    V = vectors(10_000, 5)
    expected = mean_vector(V)
    rng = np.random.default_rng(0)
    for _ in range(3):
        np.testing.assert_array_equal(mean_vector(V[rng.permutation(len(V))]), expected)
    more = np.insert(V, rng.integers(0, len(V), 5000), 0, axis=0)
    np.testing.assert_array_equal(mean_vector(more), expected)
    assert not mean_vector(np.zeros((3, 5), np.float32)).any()
    assert mean_vector(np.zeros((3, 5), np.float32)).dtype == np.float32


@pytest.mark.parametrize("scale", [1e-38, 1e-3, 1.0, 3e38])
@pytest.mark.parametrize("n", [1, 2, 3, 1000, 9000])
def test_sums_are_exact(scale, n):
    rng = np.random.default_rng(0)
    V = (rng.uniform(-1, 1, size=(n, 3)) * scale).astype(np.float32)
    V[: n // 2, 1] *= 1e-6
    expected = [math.fsum(column) / n for column in V.T.astype(float)]
    np.testing.assert_allclose(
        module._mean(V, n), expected, rtol=1e-12, atol=1e-15 * scale
    )


def test_documents_in_order():
    V = vectors(200, 4)
    rows = np.flatnonzero(V.any(axis=1))
    everything = documents_in_order(V, rows, 1000)
    np.testing.assert_array_equal(np.sort(everything), rows)
    some = documents_in_order(V, rows, 60)
    np.testing.assert_array_equal(some, everything[np.arange(60) * len(rows) // 60])
    assert len(np.unique(some)) == 60
    shuffle = np.random.default_rng(0).permutation(len(V))
    S = V[shuffle]
    again = documents_in_order(S, np.flatnonzero(S.any(axis=1)), 60)
    np.testing.assert_array_equal(S[again], V[some])
    assert (np.diff(some) < 0).any()  # it is no order of rows
    assert documents_in_order(V, rows[:0], 5).shape == (0,)

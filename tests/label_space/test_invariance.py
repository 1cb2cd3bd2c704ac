"""What must not matter: threads, batches, names, order, scale."""

import pickle
from functools import partial

import numpy as np
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ext import LokiClassifier, frechet_predict, mean_label_distance
from sklearn_ext.label_space import _dense, _euclidean, _graph, _space
from tests.label_space._naive import (
    SHAPES,
    Given,
    all_paths,
    disordered,
    embedding_space,
    graph_space,
    lengths,
    ordinal_space,
    parents,
    precomputed_space,
    scores,
    tree_space,
)

derandomized = settings(derandomize=True, deadline=None, max_examples=15)
seeds = st.integers(0, 2**32 - 1)
powers = st.sampled_from([0.5, 1, 2, 3])
SPACES = {
    "tree": partial(tree_space, length_kind="any"),
    "deep tree": partial(tree_space, shape="deep"),
    "graph": graph_space,
    "graph of lengths": partial(graph_space, length_kind="any"),
    "embedding": embedding_space,
    "embedding with ties": partial(embedding_space, whole=True),
    "ordinal": ordinal_space,
    "precomputed": precomputed_space,
}
each_space = pytest.mark.parametrize("name", SPACES)


def fitted(space, observed, **keywords):
    y = space.labels[observed]
    X = np.zeros((len(y), len(y)))
    return LokiClassifier(Given(), **space.keywords, **keywords).fit(X, y)


@each_space
@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("candidates", ["all", "some"])
def test_threads_and_batches(name, power, candidates, global_random_seed):
    """No label and no bit of a risk depends on either, ties or not."""
    rng = np.random.default_rng(global_random_seed)
    space = SPACES[name](rng, 150)
    observed = np.sort(rng.choice(150, 20, replace=False))
    keywords = {"power": power}
    if candidates == "some":
        keywords["candidates"] = rng.choice(space.labels, 40, replace=False)
    P = np.concatenate([scores(rng, 60, 20, kind) for kind in ("any", "tied")])
    model = fitted(space, observed, **keywords)
    expected = model.predict(P)
    least = model.frechet_variance(P)
    decision = model.decision_function(P)
    for n_jobs, batch_size in [(2, "auto"), (1, 1), (2, 7), (None, 256)]:
        model.set_params(n_jobs=n_jobs, batch_size=batch_size)
        np.testing.assert_array_equal(model.predict(P), expected)
        np.testing.assert_allclose(model.frechet_variance(P), least, rtol=1e-12)
        np.testing.assert_allclose(model.decision_function(P), decision, rtol=1e-12)
    if "tree" in name and power in (1, 2):  # sweeps of a row know of no other row
        np.testing.assert_array_equal(model.frechet_variance(P), least)
    found = frechet_predict(
        P, space.labels[observed], **space.keywords, **keywords, n_jobs=2, batch_size=7
    )
    np.testing.assert_array_equal(found, expected)


@each_space
def test_working_memory(name):
    rng = np.random.default_rng(0)
    space = SPACES[name](rng, 60)
    P = scores(rng, 200, 8)
    model = fitted(space, np.arange(8))
    expected = model.predict(P)
    with sklearn.config_context(working_memory=0.01):  # 10 kB: a few rows at once
        np.testing.assert_array_equal(model.predict(P), expected)


def risks_by_blocks(space, observed, power):
    """A classifier and what it says, to compare under other sizes of blocks."""
    P = scores(np.random.default_rng(2), 20, len(observed), "tied")
    model = fitted(space, observed, power=power)
    return model, [
        model.predict(P),
        model.decision_function(P),
        mean_label_distance(
            space.labels, space.labels[::-1], **space.keywords, power=power
        ),
    ]


@each_space
@pytest.mark.parametrize("power", [1, 2, 3])
def test_memory_for_blocks(name, power, monkeypatch):
    """Large matrices are not kept, and vectors, sources and pairs go block by block."""
    rng = np.random.default_rng(0)
    space = SPACES[name](rng, 60)
    observed = np.sort(rng.choice(60, 20, replace=False))
    model, expected = risks_by_blocks(space, observed, power)
    for module, sizes in {
        _dense: {"MOST_BYTES": 100, "BLOCK_BYTES": 1500},
        _euclidean: {"BLOCK": 7, "SHORT": 3, "PAIRS": 5, "MOST_PAIRS": 6},
        _graph: {"BLOCK": 3},
        _space: {"ROWS": 4},
    }.items():
        for size, value in sizes.items():
            assert hasattr(module, size)
            monkeypatch.setattr(module, size, value)
    other, found = risks_by_blocks(space, observed, power)
    if model.backend_ in ("dense", "graph"):
        assert len(pickle.dumps(other)) < len(pickle.dumps(model))
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-9, atol=1e-9)
    assert found[2] == pytest.approx(expected[2], rel=1e-12)


@pytest.mark.parametrize(("n_chords", "n_bytes"), [(5000, 1), (1, 2)])
def test_hops_are_kept_in_a_byte_or_two(n_chords, n_bytes):
    nodes = np.arange(5000)
    ends = np.random.default_rng(0).integers(0, 5000, (2, n_chords))
    edges = np.concatenate([np.column_stack([nodes, np.roll(nodes, 1)]), ends.T])
    sizes = []
    for n_observed in (2, 102):
        model = LokiClassifier(Given(), label_metric="graph", edges=edges)
        model.fit(np.zeros((n_observed, 1)), nodes[:n_observed])
        assert model.backend_ == "graph"
        sizes.append(len(pickle.dumps(model)))
    assert sizes[1] - sizes[0] < n_bytes * 1.1 * 100 * len(nodes)


@each_space
def test_rows_stand_alone(name):
    rng = np.random.default_rng(1)
    space = SPACES[name](rng, 40)
    P = scores(rng, 60, 10, "tied")
    model = fitted(space, np.arange(3, 33, 3))
    expected = model.predict(P)
    order = rng.permutation(60)
    np.testing.assert_array_equal(model.predict(P[order]), expected[order])
    alone = np.concatenate([model.predict(P[[i]]) for i in range(60)])
    np.testing.assert_array_equal(alone, expected)
    for same in (np.asfortranarray(P), P.astype(np.float64), P[:, ::-1][:, ::-1]):
        np.testing.assert_array_equal(model.predict(same), expected)


@each_space
@given(seed=seeds, power=st.sampled_from([1, 2, 3]))
@settings(derandomized, max_examples=8)
def test_what_is_predicted_is_in_the_locus(name, seed, power):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 12))
    space = SPACES[name](rng, n)
    observed = np.sort(rng.choice(n, 3, replace=False))
    keywords = {"power": power}
    if seed % 2:
        keywords["candidates"] = rng.choice(space.labels, 3, replace=False)
    model = fitted(space, observed, **keywords)
    locus = set(model.locus())
    assert locus <= set(model.classes_[model.candidate_mask_])
    assert set(model.predict(rng.dirichlet(np.ones(3), 300))) <= locus


@each_space
@given(seed=seeds, power=powers, exponent=st.integers(-40, 40))
@derandomized
def test_scale_of_a_row(name, seed, power, exponent):
    """Powers of two change no digit, so that even ties stay what they are."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 20))
    space = SPACES[name](rng, n)
    observed = np.sort(rng.choice(n, 3, replace=False))
    P = scores(rng, 6, 3, "tied" if seed % 2 else "any")
    factor = np.ones((6, 1))
    factor[::2] = 2.0**exponent
    call = partial(
        frechet_predict,
        observed=space.labels[observed],
        **space.keywords,
        power=power,
        return_variance=True,
    )
    labels, least = call(P)
    scaled_labels, scaled_least = call(factor * P)
    np.testing.assert_array_equal(scaled_labels, labels)
    scale = space.D.max() ** power
    np.testing.assert_allclose(
        scaled_least / factor[:, 0], least, rtol=1e-12, atol=1e-13 * scale
    )
    found = [call(each, temperature=0.5) for each in (P, 3 * P)]
    np.testing.assert_array_equal(found[0][0], found[1][0])


@each_space
@given(seed=seeds, power=powers)
@derandomized
def test_order_of_columns(name, seed, power):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 20))
    space = SPACES[name](rng, n)
    observed = rng.choice(n, 4, replace=False)
    P = scores(rng, 8, 4, "tied" if seed % 2 else "any")
    keywords = {**space.keywords, "power": power, "top_k": [None, 2][seed % 2]}
    expected = frechet_predict(P, space.labels[observed], **keywords)
    order = rng.permutation(4)
    found = frechet_predict(P[:, order], space.labels[observed[order]], **keywords)
    np.testing.assert_array_equal(found, expected)


@given(
    seed=seeds,
    power=powers,
    metric=st.sampled_from(["tree", "graph"]),
    shape=st.sampled_from(SHAPES),
)
@derandomized
def test_order_of_edges_and_labels(seed, power, metric, shape):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 25))
    links = list(enumerate(parents(rng, n, shape), start=1))
    if metric == "graph":
        links += [tuple(rng.choice(n, 2, replace=False).tolist()) for _ in range(3)]
    w = lengths(rng, len(links), "whole")
    edges = [(u, v, w[i]) for i, (u, v) in enumerate(links)]
    observed = rng.choice(n, 4, replace=False)
    P = scores(rng, 8, 4, "tied")
    call = partial(frechet_predict, P, observed, label_metric=metric, power=power)
    expected = call(edges=edges)
    np.testing.assert_array_equal(call(edges=disordered(rng, edges)), expected)
    labels = rng.permutation(n)
    np.testing.assert_array_equal(call(edges=edges, labels=labels), expected)


@each_space
@given(seed=seeds, power=powers)
@derandomized
def test_names_of_labels(name, seed, power):
    """Other names in the same order: the same labels, ties and all."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 20))
    space = SPACES[name](rng, n)
    if name == "ordinal":  # a number is its own distance
        return
    new = {label: f"{place:03d}" for place, label in enumerate(space.labels.tolist())}
    keywords = dict(space.keywords)
    if "edges" in keywords:
        keywords["edges"] = [(new[u], new[v], *w) for u, v, *w in keywords["edges"]]
    else:
        keywords["labels"] = [new[label] for label in keywords["labels"].tolist()]
    observed = rng.choice(n, 4, replace=False)
    P = scores(rng, 8, 4, "tied")
    expected = frechet_predict(P, space.labels[observed], **space.keywords, power=power)
    named = [new[label] for label in space.labels[observed].tolist()]
    found = frechet_predict(P, named, **keywords, power=power)
    np.testing.assert_array_equal(found, [new[label] for label in expected.tolist()])


@each_space
@given(seed=seeds, power=powers, exponent=st.integers(-12, 12))
@derandomized
def test_scale_of_distances(name, seed, power, exponent):
    rng = np.random.default_rng(seed)
    factor = 2.0**exponent
    n = int(rng.integers(4, 20))
    space = SPACES[name](rng, n)
    keywords = dict(space.keywords)
    if name == "ordinal":
        keywords["labels"] = keywords["labels"] * factor
    elif "edges" in keywords:
        keywords["edges"] = [
            (u, v, factor * (w[0] if w else 1.0)) for u, v, *w in keywords["edges"]
        ]
    else:
        key = "distances" if name == "precomputed" else "label_embeddings"
        keywords[key] = keywords[key] * factor
    observed = rng.choice(n, 4, replace=False)
    P = scores(rng, 8, 4, "tied")
    call = partial(frechet_predict, P, power=power, return_variance=True)
    labels, least = call(space.labels[observed], **space.keywords)
    given_labels = space.labels[observed]
    if name == "ordinal":
        given_labels, labels = given_labels * factor, labels * factor
    found, scaled = call(given_labels, **keywords)
    np.testing.assert_array_equal(found, labels)
    np.testing.assert_allclose(
        scaled / factor**power, least, rtol=1e-9, atol=1e-12 * space.D.max() ** power
    )
    a, b = rng.integers(0, n, (2, 9))
    if name != "ordinal":
        for each in (space.keywords, keywords):
            found = mean_label_distance(
                space.labels[a], space.labels[b], **each, power=power
            )
            share = factor**power if each is keywords else 1.0
            expected = (space.D[a, b] ** power).mean() * share
            assert found == pytest.approx(expected, rel=1e-9)


@given(seed=seeds, shift=st.sampled_from([0.0, 1.0, -3e3, 1e6, 1e9]))
@derandomized
def test_place_of_vectors_in_space(seed, shift):
    """A turn and a shift leave all distances as they are."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 20))
    Z = rng.integers(-8, 9, (n, 2)).astype(float)
    turned = Z[:, ::-1] * [1.0, -1.0] + shift
    observed = rng.choice(n, 4, replace=False)
    P = rng.integers(0, 5, (8, 4)) / 4.0
    P[:, 0] += 0.25
    call = partial(
        frechet_predict, P, observed, label_metric="embedding", labels=range(n)
    )
    labels, least = call(label_embeddings=Z, return_variance=True)
    found, other = call(label_embeddings=turned, return_variance=True)
    np.testing.assert_array_equal(found, labels)
    np.testing.assert_allclose(other, least, rtol=1e-9, atol=1e-9)


@given(seed=seeds, shift=st.sampled_from([0, 3, -(10**6), 10**9]), power=powers)
@derandomized
def test_place_of_numbers(seed, shift, power):
    """Differences of large numbers are as exact as those of small ones."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(60)[:20]
    observed = rng.choice(labels, 4, replace=False)
    P = rng.integers(0, 5, (8, 4)) / 4.0
    P[:, 0] += 0.25
    call = partial(frechet_predict, P, label_metric="ordinal", return_variance=True)
    found, least = call(observed, labels=labels, power=power)
    moved, other = call(observed + shift, labels=labels + shift, power=power)
    np.testing.assert_array_equal(moved, found + shift)
    np.testing.assert_allclose(other, least, rtol=1e-9, atol=1e-9 * 60**power)


@given(seed=seeds, shape=st.sampled_from(SHAPES), power=st.sampled_from([1, 2]))
@derandomized
def test_back_ends_agree_on_ties(seed, shape, power):
    """One tree as a tree, a matrix, a function, and a graph with a useless edge."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 25))
    links = list(enumerate(parents(rng, n, shape), start=1))
    edges = [(u, v, 1.0) for u, v in links]
    D = all_paths(n, edges)
    observed = rng.choice(n, int(rng.integers(1, 5)), replace=False)
    candidates = rng.choice(n, int(rng.integers(1, n + 1)), replace=False)
    P = scores(rng, 12, len(observed), "tied")
    call = partial(frechet_predict, P, observed, candidates=candidates, power=power)
    found = [
        call(label_metric="tree", edges=edges),
        call(label_metric="precomputed", labels=range(n), distances=D),
        call(label_metric=lambda a, b: D[a, b], labels=range(n)),
        call(label_metric="graph", edges=[*edges, (0, n - 1, 99.0)]),
    ]
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_scores_of_less_precision(dtype):
    rng = np.random.default_rng(0)
    space = tree_space(rng, 40)
    P = scores(rng, 50, 6).astype(dtype)
    observed = space.labels[:6]
    found = frechet_predict(P, observed, **space.keywords)
    expected = frechet_predict(P.astype(np.float64), observed, **space.keywords)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_scores_of_a_tensor(device):
    torch = pytest.importorskip("torch")
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a GPU")
    rng = np.random.default_rng(0)
    space = tree_space(rng, 40)
    P = scores(rng, 50, 6)
    logits = torch.log(torch.tensor(P, device=device) + 1e-3).requires_grad_()
    soft = torch.softmax(logits, dim=1)
    found = frechet_predict(soft, space.labels[:6], **space.keywords)
    expected = frechet_predict(
        soft.detach().cpu().numpy(), space.labels[:6], **space.keywords
    )
    np.testing.assert_array_equal(found, expected)

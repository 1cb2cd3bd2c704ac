"""The joint factorisation against dense NumPy, and its promise of equal bits."""

import pickle
from collections import Counter
from copy import copy
from math import log

import joblib
import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_ext._core._analyzer import word_tokens
from sklearn_ext.text import _joint_svd, _kernels_counts, _kernels_svd
from sklearn_ext.text._counts import count_words
from sklearn_ext.text._joint_svd import JointSVD, _ppmi
from tests.text._corpus import TOPICS, made_corpus


@pytest.fixture(scope="module")
def corpus():
    return made_corpus()


@pytest.fixture(scope="module")
def texts(corpus):
    return corpus[0]


@pytest.fixture(scope="module")
def fitted(texts):
    """A fitted embedding and the training documents' vectors."""
    embedding = JointSVD(n_components=20)
    return embedding, embedding.fit(texts, 0)


@pytest.fixture(scope="module")
def exact(texts, fitted):
    """Left singular vectors and singular values of the PPMI matrix, by NumPy."""
    with threadpool_limits(1):  # two threads are slower where others work, too
        return np.linalg.svd(naive_ppmi(texts, fitted[0].vocabulary), False)[:2]


def small_texts(n=60):
    """Documents in which words repeat and lengths differ; some have no known word."""
    rng = np.random.default_rng(3)
    words = np.array([a + b for a in "abcdef" for b in "uvwxyz"])
    p = 1 / np.arange(1, len(words) + 1)
    texts = [
        " ".join(rng.choice(words, size, p=p / p.sum()))
        for size in rng.integers(1, 25, n)
    ]
    return [*texts, "once", "only here"]


def naive_ppmi(texts, vocabulary):
    """The PPMI matrix by its definition, a row per word."""
    counts = [Counter(word_tokens(text)) for text in texts]
    table = np.zeros((len(vocabulary), len(texts)))
    for d, row in enumerate(counts):
        for word, n in row.items():
            if word in vocabulary:
                table[vocabulary[word], d] = 1 + log(n)
    r, c = table.sum(axis=1), table.sum(axis=0)
    total = sum(x**0.75 for x in c)
    result = np.zeros_like(table)
    for w, d in np.argwhere(table > 0):
        pmi = log(table[w, d] * total / (r[w] * c[d] ** 0.75))
        result[w, d] = max(0, pmi)
    return result


def unit(vectors):
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1)


def naive_documents(texts, embedding):
    """Document vectors by their definition, in float64."""
    vectors = np.zeros((len(texts), embedding.n_components))
    for vector, text in zip(vectors, texts, strict=True):
        for word, n in Counter(word_tokens(text)).items():
            if word in embedding.vocabulary:
                row = embedding.vocabulary[word]
                weight = (1 + log(n)) * embedding.idf[row]
                vector += weight * embedding.word_vectors[row].astype(float)
    return unit(vectors)


def same_bits(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@pytest.mark.parametrize(("min_df", "max_df"), [(1, 1.0), (3, 0.5), (2, 0.3)])
def test_ppmi_is_that_of_a_dense_table(min_df, max_df):
    texts = small_texts()
    counts, words = count_words(texts, word_tokens, min_df, max_df)
    matrix, order = _ppmi(counts, len(words.index))
    assert sorted(order.tolist()) == np.flatnonzero(np.diff(counts.indptr)).tolist()
    dense = np.zeros((len(words.index), len(texts)))
    for row, (a, b) in enumerate(
        zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True)
    ):
        dense[row, order[matrix.columns[a:b]]] = matrix.values[a:b]
    expected = naive_ppmi(texts, words.index)
    np.testing.assert_allclose(dense, expected, atol=1e-6)
    assert len(matrix.values) == np.count_nonzero(expected > 1e-9)
    assert 0 < len(matrix.values) <= counts.indptr[-1]


@pytest.mark.parametrize(
    ("rounds", "of_values", "of_cosines"), [(3, 1e-4, 0.06), (8, 1e-6, 1e-3)]
)
def test_few_components_are_those_of_a_full_svd(
    texts, exact, rounds, of_values, of_cosines, monkeypatch
):
    """Each round of the iteration takes away the same share of what is missing."""
    monkeypatch.setattr(_joint_svd, "ROUNDS", rounds)
    embedding = JointSVD(n_components=4)
    embedding.fit(texts, 0)
    u, s = exact
    np.testing.assert_allclose(embedding.singular_values, s[:4], rtol=of_values)
    expected = unit(u[:, :4] * np.sqrt(s[:4]))
    cosines = embedding.word_vectors @ embedding.word_vectors.T
    np.testing.assert_allclose(cosines, expected @ expected.T, atol=of_cosines)


def predictions(documents, words, vocabulary, keywords):
    """Topic of the nearest mean of keywords, after centring."""
    mean = documents.mean(axis=0)
    topics = [
        unit(words[[vocabulary[word] for word in keywords[topic]]] - mean).mean(axis=0)
        for topic in TOPICS
    ]
    return (unit(documents - mean) @ unit(np.array(topics)).T).argmax(axis=1)


def test_many_components_serve_as_those_of_a_full_svd(corpus, fitted, exact):
    texts, labels, keywords = corpus
    embedding, documents = fitted
    vocabulary = embedding.vocabulary
    u, s = exact
    np.testing.assert_allclose(embedding.singular_values, s[:20], rtol=0.06)
    assert (embedding.singular_values < s[:20]).all()
    full = copy(embedding)
    full.word_vectors = unit(u[:, :20] * np.sqrt(s[:20]))
    peers = naive_documents(texts, full)
    expected = predictions(peers, full.word_vectors, vocabulary, keywords)
    found = predictions(documents, embedding.word_vectors, vocabulary, keywords)
    assert (found == expected).mean() >= 0.99
    assert (np.array(TOPICS)[found] == labels).mean() >= 0.9


def test_a_full_rank_factorisation_is_exact():
    texts = small_texts(40)
    embedding = JointSVD(n_components=None, min_df=1, max_df=1.0)
    embedding.fit(texts, 0)
    matrix = naive_ppmi(texts, embedding.vocabulary)
    u, s, _ = np.linalg.svd(matrix, full_matrices=False)
    rank = (s > 1e-6 * s[0]).sum()
    assert embedding.n_components == rank == len(embedding.singular_values)
    np.testing.assert_allclose(embedding.singular_values, s[:rank], atol=1e-5 * s[0])
    expected = unit(u[:, :rank] * np.sqrt(s[:rank]))
    cosines = embedding.word_vectors @ embedding.word_vectors.T
    np.testing.assert_allclose(cosines, expected @ expected.T, atol=1e-3)


def test_documents_are_a_direct_evaluation(fitted, texts):
    embedding, documents = fitted
    assert documents.dtype == embedding.word_vectors.dtype == np.float32
    np.testing.assert_allclose(documents, naive_documents(texts, embedding), atol=1e-6)
    unseen = [*made_corpus(seed=7)[0][:50], "zzz", "", texts[0] * 3]
    vectors = embedding.transform(unseen)
    np.testing.assert_allclose(vectors, naive_documents(unseen, embedding), atol=1e-6)
    assert not vectors[-3:-1].any()


def test_idf_and_frequencies_are_of_documents_with_a_token(texts):
    embedding = JointSVD(n_components=3)
    embedding.fit(["", *texts, "12", "zzz"], 0)
    frequency = Counter(word for text in texts for word in set(text.split()))
    expected = [frequency[word] for word in embedding.vocabulary]
    assert embedding.document_frequency.tolist() == expected
    np.testing.assert_allclose(embedding.idf, np.log(801 / np.array(expected)))


def test_transform_gives_the_same_bits_in_any_company(fitted, texts):
    embedding, documents = fitted
    assert same_bits(embedding.transform(texts), documents)
    assert same_bits(embedding.transform(texts[::-1]), documents[::-1].copy())
    assert same_bits(embedding.transform(texts[5:400:7]), documents[5:400:7].copy())
    for i in (0, 3, 799):
        assert same_bits(embedding.transform([texts[i]]), documents[i : i + 1])


def test_the_order_of_documents_does_not_matter(fitted, texts):
    embedding, documents = fitted
    order = np.random.default_rng(1).permutation(len(texts))
    other = JointSVD(n_components=20)
    vectors = other.fit([texts[i] for i in order], 0)
    assert list(other.vocabulary) == list(embedding.vocabulary)
    assert same_bits(other.word_vectors, embedding.word_vectors)
    assert same_bits(other.singular_values, embedding.singular_values)
    assert same_bits(vectors, documents[order])


def test_blank_documents_change_no_bit(monkeypatch):
    monkeypatch.setattr(_joint_svd, "BLOCK", 64)
    texts = small_texts(300)
    embedding, other = (JointSVD(n_components=8, min_df=2) for _ in range(2))
    documents = embedding.fit(texts, 0)
    assert not documents[-2:].any()
    mixed = ["", *texts[:50], " \n", "12", *texts[50:]]
    vectors = other.fit(mixed, 0)
    assert same_bits(other.word_vectors, embedding.word_vectors)
    assert same_bits(other.idf, embedding.idf)
    blank = [0, 51, 52]
    assert not vectors[blank].any()
    assert same_bits(np.delete(vectors, blank, axis=0), documents)


def test_threads_and_blocks_do_not_change_bits(texts, monkeypatch):
    monkeypatch.setattr(_joint_svd, "BLOCK", 100)
    monkeypatch.setattr(_joint_svd, "TASK", 30)
    before = [pool["num_threads"] for pool in threadpool_info()]
    fits = []
    for n_jobs in (1, 2, 3):
        embedding = JointSVD(n_components=20)
        with joblib.parallel_config(n_jobs=n_jobs):
            fits.append((embedding.fit(texts, 0), embedding))
            assert same_bits(embedding.transform(texts), fits[-1][0])
    for documents, embedding in fits[1:]:
        assert same_bits(documents, fits[0][0])
        assert same_bits(embedding.word_vectors, fits[0][1].word_vectors)
    assert [pool["num_threads"] for pool in threadpool_info()] == before


def test_the_seed_alone_decides(fitted, texts):
    embedding, documents = fitted
    state = pickle.dumps(np.random.mtrand._rand)
    again, other = JointSVD(n_components=20), JointSVD(n_components=20)
    assert same_bits(again.fit(texts, 0), documents)
    assert not same_bits(other.fit(texts, 1), documents)
    assert pickle.dumps(np.random.mtrand._rand) == state
    # Another start finds the same space but for what the noise of the corpus hides.
    np.testing.assert_allclose(
        other.singular_values, embedding.singular_values, rtol=0.02
    )


@pytest.mark.parametrize(("n_distinct", "times"), [(2, 40), (6, 30), (60, 5)])
def test_no_more_components_than_the_rank(texts, n_distinct, times):
    chosen = texts[:n_distinct] * times
    embedding = JointSVD(n_components=None, min_df=1, max_df=1.0)
    documents = embedding.fit(chosen, 0)
    assert embedding.n_components == n_distinct
    rank = np.linalg.matrix_rank(naive_ppmi(chosen, embedding.vocabulary), rtol=1e-6)
    assert n_distinct == rank
    assert same_bits(documents, np.tile(documents[:n_distinct], (times, 1)))


def test_more_components_than_there_can_be_are_reported():
    texts = ["red green", "red blue", "green blue blue", ""]
    embedding = JointSVD(n_components=7, min_df=1, max_df=1.0)
    with pytest.warns(UserWarning, match="n_components=7 is reduced to 3: .* 3 words"):
        documents = embedding.fit(texts, 0)
    assert embedding.n_components == documents.shape[1] == 3
    quiet = JointSVD(n_components=None, min_df=1, max_df=1.0)
    assert same_bits(quiet.fit(texts, 0), documents)
    np.testing.assert_allclose(np.linalg.norm(documents[:3], axis=1), 1, rtol=1e-6)
    assert not documents[3].any()


def test_documents_all_alike_have_no_vectors():
    with pytest.raises(ValueError, match=r"all alike: .*analyzer.* whatever center"):
        JointSVD(min_df=1, max_df=1.0).fit(["one two two", "two one two", ""], 0)


def test_phrases_are_words_or_small_documents(fitted, texts):
    embedding, _ = fitted
    a, b = list(embedding.vocabulary)[3], list(embedding.vocabulary)[300]
    too_frequent = max(
        Counter(w for t in texts for w in set(t.split())).items(), key=lambda x: x[1]
    )
    phrases = [a, b.upper(), f"{b} {b}", f"{b}, zzz", f"{a} {b} {b}", "zzz", "7 ?", ""]
    known = embedding.phrases([*phrases, too_frequent[0]])
    frequency = embedding.document_frequency[[3, 300]].tolist()
    assert known.tokens[4] == (a, b, b)
    assert known.tokens[5:8] == [("zzz",), (), ()]
    assert known.frequency.tolist() == [
        frequency[0],
        *[frequency[1]] * 4,
        *(0, 0, 0, too_frequent[1]),
    ]
    assert known.reasons == [
        *[None] * 5,
        "unknown",
        *["no token left"] * 2,
        "in more than max_df of the documents",
    ]
    assert same_bits(known.vectors[0], embedding.word_vectors[3])
    for i in (1, 2, 3):
        assert same_bits(known.vectors[i], embedding.word_vectors[300])
    expected = naive_documents([phrases[4]], embedding)[0]
    np.testing.assert_allclose(known.vectors[4], expected, atol=1e-6)
    assert not known.vectors[5:].any()


def test_a_word_that_is_everywhere_alike_carries_no_information():
    texts = ["same red red", "same green green", "same blue blue"] * 3
    embedding = JointSVD(n_components=None, min_df=1, max_df=1.0)
    embedding.fit(texts, 0)
    known = embedding.phrases(["same", "red", "same red", "same same", "same zzz"])
    row = embedding.vocabulary["same"]
    assert naive_ppmi(texts, embedding.vocabulary)[row].max() < 1e-15
    assert not embedding.word_vectors[row].any()
    nothing = "carries no information"
    assert known.reasons == [nothing, None, None, nothing, nothing]
    assert known.frequency.tolist() == [9, 3, 3, 9, 9]
    assert not known.vectors[[0, 3, 4]].any()
    assert not embedding.transform(["same same"]).any()


def test_a_word_in_all_documents_is_known_by_its_own_vector():
    """Its idf is 0, so it is no part of a document, but it has a vector."""
    texts = ["both red", "both both both both green", "both blue", "both blue pink"]
    embedding = JointSVD(n_components=2, min_df=1, max_df=1.0)
    embedding.fit(texts, 0)
    known = embedding.phrases(["both", "both red"])
    assert known.reasons == [None, None]
    assert same_bits(known.vectors[0], embedding.word_vectors[0])
    np.testing.assert_allclose(known.vectors[1], embedding.phrases(["red"]).vectors[0])
    assert not embedding.transform(["both"]).any()


def test_a_pickle_holds_vectors_and_words_alone(fitted, texts, tmp_path):
    embedding, documents = fitted
    data = pickle.dumps(embedding)
    n_words = len(embedding.vocabulary)
    assert len(data) < 4 * 20 * n_words + 40 * n_words + 4000
    assert same_bits(pickle.loads(data).transform(texts), documents)
    joblib.dump(embedding, tmp_path / "embedding")
    read_only = joblib.load(tmp_path / "embedding", mmap_mode="r")
    assert not read_only.word_vectors.flags.writeable
    assert same_bits(read_only.transform(texts), documents)


def test_each_kernel_has_one_signature(compiled, texts, tmp_path):
    embedding = JointSVD(n_components=3)
    embedding.fit(texts[:200], 0)
    joblib.dump(embedding, tmp_path / "embedding")
    joblib.load(tmp_path / "embedding", mmap_mode="r").transform(["", "a"])
    for name in ("document_rows", "multiply_rows", "positive_pmi", "row_sums"):
        assert len(getattr(_kernels_svd, name).signatures) == 1
    assert len(_kernels_svd.transpose.signatures) == 1
    assert len(_kernels_counts.digest_rows.signatures) == 1


@pytest.mark.parametrize("analyzer", ["words", 3, None])
def test_a_wrong_analyzer_is_an_error(analyzer):
    with pytest.raises(TypeError, match="analyzer must be 'word', a callable"):
        JointSVD(analyzer=analyzer).fit(["one two"], 0)


@pytest.mark.parametrize("output", ["one", [1], None])
def test_a_wrong_output_of_an_analyzer_is_an_error(output):
    embedding = JointSVD(analyzer=lambda text: output)
    with pytest.raises(TypeError, match="analyzer must return a list of str"):
        embedding.fit(["one two"], 0)

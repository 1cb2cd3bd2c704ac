"""Every form of encoder, the parts of long texts, and outputs that are none."""

import pickle
import re
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, clone
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_ext._core import _encoder
from sklearn_ext._core._encoder import Encoder, clone_sharing, split_text
from tests._core._encoders import (
    WIDTH,
    Call,
    Counting,
    Encode,
    Fitted,
    LimitedEncode,
    Log,
    Transform,
    fake_sentence_transformers,
    hashed,
    hashed_rows,
    unit,
)

TEXTS = ["goal", "match", "goal", "bank", " goal", "match"]
UNIT = np.stack([unit(hashed(text)) for text in TEXTS])
OUTPUTS = 3, 4  # texts, width


def encoder_of(encoder, *, device="cpu"):
    return Encoder(encoder, device=device, parameter="embedding")


def encode(encoder, texts, *, width=None):
    return encoder_of(encoder).encode(texts, width=width)


def returning(output):
    """Return an encoder that returns the output whatever it is given."""

    def my_encoder(texts):
        return output

    return my_encoder


@pytest.fixture
def loads(monkeypatch):
    """A stand-in for sentence-transformers and an empty cache; what it loaded."""
    loads = []
    package = fake_sentence_transformers(loads)
    monkeypatch.setitem(sys.modules, "sentence_transformers", package)
    monkeypatch.setattr(_encoder, "_loaded", {})
    return loads


@pytest.mark.parametrize("form", [Encode, Transform, Call])
def test_objects_and_callables(form):
    encoder = form()
    found = encode(encoder, TEXTS, width=WIDTH)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, UNIT)
    assert encoder.seen == ["goal", "match", "bank", " goal"]  # once each


def test_an_estimator_is_cloned_and_fitted():
    given = Fitted(Log())
    encoder = encoder_of(given)
    encoder.fit(TEXTS, 3)
    assert given.log.fitted == [TEXTS]
    assert not hasattr(given, "seed_")
    assert given.random_state is None
    assert encoder.encoder.seed_ == 3
    np.testing.assert_array_equal(encoder.encode(TEXTS, width=None), UNIT)
    assert given.log.seen == ["goal", "match", "bank", " goal"]


def test_a_given_random_state_stays():
    encoder = encoder_of(make_pipeline(Fitted(Log(), random_state=7)))
    encoder.fit(TEXTS, 3)
    assert encoder.encoder[0].seed_ == 7


def test_random_states_inside_a_pipeline_are_set():
    texts = [f"{a} {b} {c}" for a in "abcd" for b in "efg" for c in "hi"]
    words = CountVectorizer(token_pattern=r"\w")
    found = []
    for _ in range(2):
        encoder = encoder_of(make_pipeline(words, TruncatedSVD(3)))
        encoder.fit(texts, 5)
        found.append(encoder.encode(texts, width=3))
    np.testing.assert_array_equal(*found)


def test_a_frozen_estimator_is_not_fitted():
    fitted = make_pipeline(TfidfVectorizer(), TruncatedSVD(2, random_state=0))
    fitted.fit(["a goal", "the goal match", "the bank", "a bank match"])
    dense = fitted.transform(["the goal", "bank"])
    encoder = encoder_of(FrozenEstimator(fitted))
    encoder.fit(["nothing of that", "nor this"], 0)
    found = encoder.encode(["the goal", "bank"], width=2)
    np.testing.assert_allclose(found, np.stack([unit(row) for row in dense]), rtol=1e-6)


def test_what_looks_like_an_estimator_is_copied():
    class Half:
        n_fits = 0

        def fit(self, texts, y):
            self.n_fits += 1

        def transform(self, texts):
            return hashed_rows(texts)

    given = Half()
    encoder = encoder_of(given)
    encoder.fit(TEXTS, 0)
    assert (given.n_fits, encoder.encoder.n_fits) == (0, 1)
    np.testing.assert_array_equal(encoder.encode(TEXTS, width=None), UNIT)


def test_the_first_form_that_fits_is_used():
    class All(Call):
        def encode(self, texts):
            return self.rows(texts)

        def fit(self, texts):
            raise AssertionError

        transform = __call__ = fit

    encoder = encoder_of(All())
    encoder.fit(TEXTS, 0)
    np.testing.assert_array_equal(encoder.encode(TEXTS, width=None), UNIT)

    class Callable(Transform):
        def __call__(self, texts):
            raise AssertionError

    np.testing.assert_array_equal(encode(Callable(), TEXTS), UNIT)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (None, "None"),
        (3, "3"),
        (Path("folder"), "folder"),
        (b"name", "b'name'"),
        (CountVectorizer, "a class"),
        (["name"], "list|name"),
    ],
)
def test_what_is_no_encoder(wrong, words):
    with pytest.raises(
        TypeError, match=r"embedding must be the name.*encode.*callable"
    ):
        encoder_of(wrong)
    with pytest.raises(TypeError, match=words):
        encoder_of(wrong)


def tensor(dtype):
    torch = pytest.importorskip("torch")
    rows = torch.tensor(np.array([[3.0, 4.0], [0.0, 0.0], [1.0, 0.0]]), dtype=dtype)
    return rows.requires_grad_()


def outputs():
    rows = np.array([[3.0, 4.0], [0.0, 0.0], [1.0, 0.0]])
    yield "lists", rows.tolist()
    for dtype in (np.float16, np.float32, np.float64, np.int8, np.int64, np.longdouble):
        yield np.dtype(dtype).name, rows.astype(dtype)
    yield "fortran", np.asfortranarray(rows)
    yield "frame", pd.DataFrame(rows)
    yield "list_of_rows", list(rows)
    read_only = rows.copy()
    read_only.flags.writeable = False
    yield "read_only", read_only


@pytest.mark.parametrize("output", [pytest.param(o, id=name) for name, o in outputs()])
def test_outputs_become_unit_vectors(output):
    found = encode(returning(output), ["a", "b", "c"])
    assert found.dtype == np.float32
    np.testing.assert_array_equal(
        found, np.array([[0.6, 0.8], [0, 0], [1, 0]], np.float32)
    )


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("listed", [False, True])
def test_tensors_become_unit_vectors(dtype, listed):
    torch = pytest.importorskip("torch")
    output = tensor(getattr(torch, dtype))
    found = encode(returning(list(output) if listed else output), ["a", "b", "c"])
    np.testing.assert_array_equal(
        found, np.array([[0.6, 0.8], [0, 0], [1, 0]], np.float32)
    )


@pytest.mark.parametrize("size", [1e-320, 1e-200, 1e200, 1e308])
def test_lengths_at_the_ends_of_the_range(size):
    found = encode(returning(np.array([[size, size], [0.0, -size]])), ["a", "b"])
    half = np.sqrt(0.5)
    np.testing.assert_allclose(found, [[half, half], [0.0, -1.0]], rtol=1e-6)


def test_many_rows_are_unit_whatever_the_blocks(monkeypatch):
    texts = [str(i) for i in range(50)]
    whole = encode(Encode(), texts)
    monkeypatch.setattr(_encoder, "ROWS", 7)
    np.testing.assert_array_equal(encode(Encode(), texts), whole)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (np.zeros((2, 4)), r"shape \(2, 4\) for 3 texts; shape \(3, 4\)"),
        (np.zeros(12), r"shape \(12,\)"),
        (np.zeros((3, 4, 1)), r"shape \(3, 4, 1\)"),
        (np.zeros((3, 0)), r"shape \(3, 0\)"),
        (np.zeros((3, 5)), r"shape \(3, 5\); shape \(3, 4\).*training texts"),
        (np.diag([1, np.nan, 1, 1])[:3], r"NaN or infinity.*\(3, 4\).*'two'"),
        (np.diag([1, 1, np.inf, 1])[:3], r"NaN or infinity.*\(3, 4\).*'three'"),
        (csr_array(np.eye(4)[:3]), r"sparse.*\(3, 4\).*TruncatedSVD\(100\)"),
        (np.full((3, 4), "0"), r"\(3, 4\).*dtype"),
        (np.zeros((3, 4), complex), r"\(3, 4\).*complex"),
        ([[1, 2, 3, 4], [1, 2], [1]], r"\(3, 4\)"),
        (None, r"\(3, 4\).*NoneType"),
        ("vectors", r"\(3, 4\).*str"),
    ],
)
def test_bad_outputs(output, words):
    encoder = encoder_of(returning(output))
    with pytest.raises(ValueError, match=words) as error:
        encoder.encode(["one", "two", "three"], width=4)
    assert "embedding=" in str(error.value)
    assert "my_encoder" in str(error.value)


def test_the_class_of_a_bad_encoder_is_named():
    class Short(Encode):
        def encode(self, texts):
            return super().encode(texts)[1:]

    with pytest.raises(ValueError, match=r"Short.*\(2, 6\).*3 texts.*\(3, n_features"):
        encode(Short(), ["a", "b", "c"])


def naive_parts(text, m):
    """Cut a text as is stated, one word after the other."""
    if len(text.split()) <= m / 2:
        return [text]
    sentences, words = [], []
    for word, space in re.findall(r"(\S+)(\s*)", text):
        words.append(word)
        if "\n" in space or (space and word[-1] in ".!?。．！？｡"):
            sentences.append(words)
            words = []
    sentences.append(words)
    most = max(k for k in range(1, m + 1) if k < m / 2 or k == 1)
    parts, group = [], []
    for sentence in sentences:
        if len(group) + len(sentence) > most:
            parts.append(group)
            group = []
        if len(sentence) > most:
            while sentence:
                parts.append(sentence[:most])
                sentence = sentence[most:]
        else:
            group = group + sentence
    parts.append(group)
    return [" ".join(part) for part in parts if part]


@settings(derandomize=True, deadline=None, max_examples=300)
@given(
    st.text(alphabet="ab .!?\n。", max_size=80),
    st.integers(min_value=1, max_value=24),
)
def test_parts_by_the_definition(text, m):
    assert split_text(text, m) == naive_parts(text, m)


def test_parts_of_a_long_text():
    text = "One two. Three four five! Six seven? eight\nnine ten 3.14 eleven"
    assert split_text(text, 24) == [text]  # 12 words are not more than 12
    assert split_text(text, 23) == [
        "One two. Three four five! Six seven? eight",
        "nine ten 3.14 eleven",
    ]
    assert split_text(text, 12) == [
        "One two. Three four five!",
        "Six seven? eight",
        "nine ten 3.14 eleven",
    ]
    assert split_text("a b c d e f g. h", 8) == ["a b c", "d e f", "g.", "h"]
    assert split_text("你好。 a b c！ d", 6) == ["你好。", "a b", "c！", "d"]


@pytest.mark.parametrize("limit", [None, 0, -1, "4", 4.0])
def test_without_a_limit_nothing_is_cut(limit):
    assert split_text("a b c d. e f g h", limit) == ["a b c d. e f g h"]


def test_a_long_text_has_the_mean_of_its_parts():
    encoder = LimitedEncode()
    long = "a b c. d e f.\n\ng h"
    short = "a  b\nc d e"
    found = encode(encoder, [long, short, "g h", long])
    assert encoder.seen == ["a b c.", "d e f.", "g h", short]  # a part once, too
    mean = np.mean([hashed(part) for part in encoder.seen[:3]], axis=0)
    np.testing.assert_allclose(found[0], unit(mean), rtol=1e-6)
    np.testing.assert_array_equal(found[3], found[0])
    np.testing.assert_array_equal(found[1], unit(hashed(short)))
    np.testing.assert_array_equal(found[2], unit(hashed("g h")))


def test_means_of_whole_numbers_are_not_cut_off():
    def whole_numbers(texts):
        return np.array([[1, 0], [0, 1], [2, 0]])

    whole_numbers.max_seq_length = 4
    found = encode(whole_numbers, ["a b c"])
    np.testing.assert_allclose(found, [unit(np.array([3.0, 1.0]))], rtol=1e-6)


def test_a_name_is_loaded_once_and_not_pickled(loads):
    first, second = encoder_of("some/model"), encoder_of("some/model")
    assert loads == []
    first.fit(TEXTS, 0)
    np.testing.assert_array_equal(first.encode(TEXTS, width=None), UNIT)
    np.testing.assert_array_equal(second.encode(TEXTS, width=WIDTH), UNIT)
    again = pickle.loads(pickle.dumps(first))
    np.testing.assert_array_equal(again.encode(TEXTS, width=WIDTH), UNIT)
    encoder_of("other/model").encode(TEXTS, width=WIDTH)
    assert [load[:2] for load in loads] == [
        ("some/model", "cpu"),
        ("other/model", "cpu"),
    ]
    assert loads[0][2].seen == ["goal", "match", "bank", " goal"] * 3


def test_a_name_is_loaded_per_device(loads, monkeypatch):
    monkeypatch.setattr(
        _encoder, "resolve_device", lambda device, **_: device.replace("auto", "cuda")
    )
    for device in ("cpu", "cuda", "auto", "cpu"):
        encoder_of("model", device=device).encode(["a"], width=None)
    assert [load[1] for load in loads] == ["cpu", "cuda"]


def test_threads_load_a_name_once_and_take_turns(loads, monkeypatch):
    inside = []

    class Alone(Encode):
        def encode(self, texts):
            inside.append(1)
            assert len(inside) == 1
            time.sleep(0.01)
            inside.pop()
            return super().encode(texts)

    package = fake_sentence_transformers(
        loads, encoder=Alone, delay=lambda: time.sleep(0.05)
    )
    monkeypatch.setitem(sys.modules, "sentence_transformers", package)
    found = {}

    def work(i):
        found[i] = encoder_of("model").encode(TEXTS, width=None)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    for i in range(4):
        np.testing.assert_array_equal(found[i], UNIT)


@pytest.mark.usefixtures("loads")
def test_a_name_that_is_none():
    with pytest.raises(ValueError, match=r"embedding='no-such'.*not a valid model"):
        encode("no-such", TEXTS)
    with pytest.raises(ValueError, match="embedding=' ' names no model"):
        encoder_of(" ")


def test_a_name_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    encoder = encoder_of("model")
    with pytest.raises(
        ImportError, match=r"sentence_transformers.*sklearn-ext\[text\]"
    ):
        encoder.encode(TEXTS, width=None)


class Classifier(BaseEstimator):
    """The least estimator that holds an encoder."""

    def __init__(self, embedding, weight=0.5):
        self.embedding = embedding
        self.weight = weight

    def __sklearn_clone__(self):
        return clone_sharing(self, "embedding")

    def fit(self, X, y=None):
        encoder = encoder_of(self.embedding)
        encoder.fit(X.tolist(), 0)
        self.vectors_ = encoder.encode(X.tolist(), width=None)
        return self

    def score(self, X, y=None):
        return self.weight


@pytest.mark.parametrize("embedding", [Encode(), Call(), hashed_rows, "name", Counting])
def test_a_clone_shares_the_encoder(embedding):
    given = Classifier(embedding, weight=0.2)
    given.fitted_ = True
    cloned = clone(given)
    assert cloned.embedding is embedding
    assert (cloned.weight, given.embedding) == (0.2, embedding)
    assert not hasattr(cloned, "fitted_")


def test_a_clone_of_an_estimator_is_a_clone():
    given = Classifier(Fitted(Log(), scale=2.0))
    cloned = clone(given)
    assert cloned.embedding is not given.embedding
    assert cloned.embedding.scale == 2.0
    assert cloned.set_params(embedding__scale=3.0).embedding.scale == 3.0
    assert given.embedding.scale == 2.0


def test_a_grid_search_copies_no_encoder():
    encoder = Encode()
    search = GridSearchCV(Classifier(encoder), {"weight": [0.1, 0.9]}, cv=2)
    search.fit(np.array(TEXTS))
    assert search.best_estimator_.embedding is encoder


def test_a_grid_search_reaches_inside():
    given = Fitted(Log())
    search = GridSearchCV(Classifier(given), {"embedding__scale": [1.0, -1.0]}, cv=2)
    search.fit(np.array(TEXTS))
    assert given.scale == 1.0
    assert search.best_params_ == {"embedding__scale": 1.0}

"""Lbl2Vec as a whole: what it predicts, finds and reports, and how it behaves."""

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils._param_validation import InvalidParameterError

from sklearn_ext import Lbl2Vec
from tests.text._corpus import made_corpus

TEXTS, LABELS, KEYWORDS = made_corpus()
SETTINGS = {"n_components": 20, "random_state": 0}
METHODS = ("predict", "predict_proba", "decision_function", "transform", "embed")


@pytest.fixture(scope="module")
def model():
    """Return a model of the made corpus."""
    return Lbl2Vec(KEYWORDS, **SETTINGS).fit(TEXTS)


def fitted(model):
    """Return the public fitted attributes."""
    return {k: v for k, v in vars(model).items() if k.endswith("_") and k[0] != "_"}


def assert_same_fit(left, right):
    """Assert that all fitted attributes are the same, bit for bit."""
    assert fitted(left).keys() == fitted(right).keys()
    for name, value in fitted(left).items():
        if isinstance(value, list):
            for a, b in zip(value, fitted(right)[name], strict=True):
                np.testing.assert_array_equal(a, b, err_msg=name)
        else:
            np.testing.assert_array_equal(value, fitted(right)[name], err_msg=name)


def test_topics_are_found(model):
    assert model.score(TEXTS, LABELS) >= 0.9
    np.testing.assert_array_equal(model.labels_, model.predict(TEXTS))
    assert model.keyword_agreement_ > 0.8
    assert model.classes_.tolist() == sorted(KEYWORDS)


def test_topics_are_found_by_another_embedding():
    encoder = make_pipeline(CountVectorizer(), TruncatedSVD(20, random_state=0))
    model = Lbl2Vec(KEYWORDS, embedding=encoder, random_state=0).fit(TEXTS)
    assert model.score(TEXTS, LABELS) >= 0.9
    assert not hasattr(model, "word_vectors_")
    assert not hasattr(model, "suggest_keywords")


def test_a_rare_class_does_not_disturb_the_others():
    texts, labels, keywords = made_corpus(sizes=(200, 200, 200, 20))
    model = Lbl2Vec(keywords, min_df=2, **SETTINGS).fit(texts)
    is_rare = labels == "west"
    assert (model.predict(texts) == labels)[~is_rare].mean() >= 0.9
    assert (model.predict(texts) == labels)[is_rare].mean() >= 0.5


def test_scores_hang_together(model):
    similarity = model.transform(TEXTS[:50])
    vectors = model.embed(TEXTS[:50]).astype(np.float64)
    np.testing.assert_allclose(similarity, vectors @ model.label_vectors_.T, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(model.decision_function(TEXTS[:50]), similarity)
    expected = softmax(similarity / model.temperature_, axis=1)
    np.testing.assert_allclose(model.predict_proba(TEXTS[:50]), expected)
    best = model.classes_[similarity.argmax(axis=1)]
    np.testing.assert_array_equal(model.predict(TEXTS[:50]), best)


def test_training_texts_have_the_vectors_of_the_fit(model):
    np.testing.assert_array_equal(model.embed(TEXTS), model.embedding_)
    encoder = make_pipeline(CountVectorizer(max_df=0.5), TruncatedSVD(20))
    other = Lbl2Vec(KEYWORDS, embedding=encoder, random_state=0).fit(TEXTS)
    np.testing.assert_array_equal(other.embed(TEXTS), other.embedding_)


@pytest.mark.parametrize("n_labels", [1, 2])
def test_few_labels(n_labels):
    keywords = dict(list(KEYWORDS.items())[:n_labels])
    model = Lbl2Vec(keywords, **SETTINGS).fit(TEXTS)
    scores = model.decision_function(TEXTS[:30])
    similarity = model.transform(TEXTS[:30])
    assert scores.shape == (30,)
    assert similarity.shape == (30, n_labels)
    expected = similarity[:, 0] if n_labels == 1 else np.diff(similarity)[:, 0]
    np.testing.assert_array_equal(scores, expected)
    probabilities = model.predict_proba(TEXTS[:30])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    if n_labels == 2:
        second = model.predict(TEXTS[:30]) == model.classes_[1]
        np.testing.assert_array_equal(second, scores > 0)
    else:
        assert np.isnan(model.keyword_agreement_)
        assert model.temperature_ == 0.05


def test_order_of_labels_keywords_and_documents_does_not_matter(model):
    backwards = {k: v[::-1] for k, v in reversed(KEYWORDS.items())}
    other = Lbl2Vec(backwards, **SETTINGS).fit(TEXTS)
    np.testing.assert_array_equal(other.label_vectors_, model.label_vectors_)
    order = np.random.default_rng(0).permutation(len(TEXTS))
    shuffled = Lbl2Vec(KEYWORDS, **SETTINGS).fit([TEXTS[i] for i in order])
    np.testing.assert_array_equal(shuffled.label_vectors_, model.label_vectors_)
    np.testing.assert_array_equal(shuffled.embedding_, model.embedding_[order])


def test_keywords_are_read_as_documents_are(model):
    upper = {k: [f" {word.upper()}. " for word in v] for k, v in KEYWORDS.items()}
    other = Lbl2Vec(upper, **SETTINGS).fit(TEXTS)
    np.testing.assert_array_equal(other.label_vectors_, model.label_vectors_)


def test_lists_give_numbers():
    model = Lbl2Vec([KEYWORDS["west"], KEYWORDS["east"]], **SETTINGS).fit(TEXTS)
    assert model.classes_.tolist() == [0, 1]
    assert model.reject_label_ == -1
    rejecting = clone(model).set_params(reject_threshold=0.9).fit(TEXTS)
    assert set(rejecting.predict(TEXTS)) <= {-1, 0, 1}


def test_an_unknown_keyword_changes_nothing_but_a_warning(model):
    more = KEYWORDS | {"east": [*KEYWORDS["east"], "zeppelin"]}
    with pytest.warns(UserWarning, match="zeppelin.*east"):
        other = Lbl2Vec(more, **SETTINGS).fit(TEXTS)
    assert other.oov_keywords_ == {"east": ["zeppelin"]}
    np.testing.assert_array_equal(other.label_vectors_, model.label_vectors_)
    assert other.temperature_ == model.temperature_
    report = other.keyword_report().set_index("keyword")
    assert not report.loc["zeppelin", "known"]
    assert report.loc["zeppelin", "reason"] == "unknown"


def test_report_of_keywords(model):
    report = model.keyword_report()
    assert report.columns.tolist() == [
        "label",
        "keyword",
        "tokens",
        "known",
        "document_frequency",
        "reason",
        "suggestions",
        "similarity",
        "nearest_label",
        "shared_with",
    ]
    frequency = {w: sum(w in text.split() for text in TEXTS) for w in report["keyword"]}
    assert report["document_frequency"].tolist() == list(frequency.values())
    assert (report["nearest_label"] == report["label"]).all()
    for i, row in report.iterrows():
        code = model.classes_.tolist().index(row["label"])
        word = model.word_vectors_[model.vocabulary_[row["keyword"]]] - model.mean_
        cosine = word @ model.label_vectors_[code] / np.linalg.norm(word)
        assert row["similarity"] == pytest.approx(cosine, abs=1e-6), i


def test_suggested_keywords_are_of_the_topic(model):
    words = model.suggest_keywords("north", top_k=15)
    assert words.columns.tolist() == ["word", "similarity", "document_frequency"]
    assert not set(words["word"]) & set(KEYWORDS["north"])
    assert words["similarity"].is_monotonic_decreasing
    for word, similarity in words[["word", "similarity"]].itertuples(index=False):
        vector = model.word_vectors_[model.vocabulary_[word]] - model.mean_
        cosine = vector @ model.label_vectors_[1] / np.linalg.norm(vector)
        assert similarity == pytest.approx(cosine, abs=1e-6)
    of_topic = made_topic_words()["north"]
    assert np.mean([word in of_topic for word in words["word"]]) > 0.9
    everything = model.suggest_keywords("north", top_k=None)
    assert len(everything) == len(model.vocabulary_) - 3


def made_topic_words():
    """Return words that are most frequent among the documents of each topic."""
    table = pd.DataFrame({"text": TEXTS, "label": LABELS})
    words = table["text"].str.split().explode()
    share = pd.crosstab(words, table.loc[words.index, "label"].to_numpy())
    share = share.div(share.sum(axis=1), axis=0)
    return {name: set(share.index[share[name] > 0.6]) for name in share}


def test_retrieval_is_sorted_transform(model):
    for code, label in enumerate(model.classes_):
        column = model.transform(TEXTS)[:, code]
        indices, similarities = model.retrieve(label, top_k=None)
        order = np.lexsort((np.arange(len(TEXTS)), -column))
        np.testing.assert_array_equal(indices, order)
        np.testing.assert_array_equal(similarities, column[order])
        few, _ = model.retrieve(label, top_k=7)
        np.testing.assert_array_equal(few, order[:7])
        all_of_them, _ = model.retrieve(label, TEXTS, top_k=10_000)
        np.testing.assert_array_equal(all_of_them, order)


def test_retrieval_by_keywords_of_a_label_is_that_of_the_label(model):
    by_label = model.retrieve("south", top_k=None)
    by_words = model.retrieve(keywords=KEYWORDS["south"], top_k=None)
    np.testing.assert_array_equal(by_label, by_words)


def test_ties_in_retrieval_go_to_the_lower_row(model):
    again = [TEXTS[5]] * 3 + TEXTS[:5] + [TEXTS[5]]
    indices, similarities = model.retrieve("east", again, top_k=None)
    ties = indices[similarities == model.transform([TEXTS[5]])[0, 0]]
    assert ties.tolist() == [0, 1, 2, 8]


@pytest.mark.parametrize(
    "changes",
    [
        {"n_docs": 20},
        {"keyword_weight": 0.0},
        {"similarity_threshold": 0.2, "n_docs": 10},
        {"clean_outliers": True},
        {"reject_threshold": 0.3},
        {"temperature": 0.2},
        {"keywords": {"one": KEYWORDS["east"], "two": KEYWORDS["west"]}},
    ],
    ids=str,
)
def test_new_labels_are_those_of_a_new_fit(model, changes):
    again = copy.deepcopy(model)
    given = changes.get("keywords")
    if given is None:
        again.set_params(**changes)
    assert again.refit_labels(given) is again
    assert given is None or again.keywords is given
    assert_same_fit(again, clone(again).fit(TEXTS))
    if "clean_outliers" not in changes:  # there are none
        names = ("label_vectors_", "temperature_", "labels_")
        before, after = ([getattr(m, name) for name in names] for m in (model, again))
        assert not all(map(np.array_equal, before, after))


def test_failures_leave_the_estimator_as_it_was(model):
    failing = copy.deepcopy(model)
    before = pickle.dumps(failing)
    with pytest.raises(ValueError, match="zeppelin"):
        failing.refit_labels({"a": ["zeppelin"]})
    with pytest.raises(InvalidParameterError, match="n_docs"):
        failing.set_params(n_docs=0).refit_labels()
    failing.set_params(n_docs=model.n_docs)
    with pytest.raises(ValueError, match="zeppelin"):
        failing.set_params(keywords={"a": ["zeppelin"]}).fit(TEXTS)
    failing.set_params(keywords=model.keywords)
    with pytest.raises(ValueError, match="raw text documents"):
        failing.fit("text")
    assert pickle.dumps(failing) == before


def test_blank_documents_change_nothing(model):
    blank = ["", " \n", "123 456"]
    texts = [*TEXTS[:100], *blank, *TEXTS[100:]]
    other = Lbl2Vec(KEYWORDS, **SETTINGS).fit(texts)
    kept = np.r_[:100, 103 : len(texts)]
    np.testing.assert_array_equal(other.mean_, model.mean_)
    np.testing.assert_array_equal(other.embedding_[kept], model.embedding_)
    np.testing.assert_array_equal(other.label_vectors_, model.label_vectors_)
    assert other.empty_documents_.tolist() == [100, 101, 102]
    assert not other.embedding_[100:103].any()
    for a, b in zip(other.candidate_indices_, model.candidate_indices_, strict=True):
        np.testing.assert_array_equal(kept.searchsorted(a), b)


def test_documents_without_information(model):
    with pytest.warns(UserWarning, match="2 of 3 documents have no known word"):
        labels = model.predict(["", TEXTS[0], "qqqq"])
    assert labels[0] == labels[2] == "east"
    with pytest.warns(UserWarning, match="2 of 2 documents"):
        probabilities = model.predict_proba(["", "?"])
    np.testing.assert_array_equal(probabilities, 0.25)
    np.testing.assert_array_equal(model.transform(["", "?"]), 0.0)
    rejecting = copy.deepcopy(model).set_params(reject_threshold=-1.0).refit_labels()
    with pytest.warns(UserWarning, match="1 of 2 documents"):
        assert rejecting.predict(["", TEXTS[0]]).tolist() == ["outlier", labels[1]]


def test_rejected_documents_are_far_from_all_labels(model):
    rejecting = copy.deepcopy(model).set_params(reject_threshold=0.5).refit_labels()
    best = model.transform(TEXTS).max(axis=1)
    expected = np.where(best < 0.5, "outlier", model.labels_)
    assert 0 < np.count_nonzero(best < 0.5) < len(TEXTS)
    np.testing.assert_array_equal(rejecting.predict(TEXTS), expected)
    np.testing.assert_array_equal(rejecting.labels_, expected)
    assert rejecting.transform(TEXTS).shape[1] == 4
    at_the_edge = float(best[7])
    rejecting.set_params(reject_threshold=at_the_edge).refit_labels()
    assert rejecting.predict([TEXTS[7]]) == model.labels_[7]


def test_calibration_lowers_the_loss(model):
    calibrated = clone(model).set_params(temperature=1.0).fit(TEXTS)
    before = log_loss(LABELS[:200], calibrated.predict_proba(TEXTS[:200]))
    assert calibrated.calibrate(TEXTS[:200], LABELS[:200]) is calibrated
    after = log_loss(LABELS[:200], calibrated.predict_proba(TEXTS[:200]))
    assert after < before
    np.testing.assert_array_equal(calibrated.predict(TEXTS), model.predict(TEXTS))
    with pytest.raises(ValueError, match=r"no keywords were given for: \['nowhere'\]"):
        calibrated.calibrate(TEXTS[:2], ["east", "nowhere"])
    with pytest.raises(ValueError, match="inconsistent"):
        calibrated.calibrate(TEXTS[:2], ["east"])


def test_threads_do_not_matter(model):
    with joblib.parallel_config(n_jobs=2):
        other = Lbl2Vec(KEYWORDS, **SETTINGS).fit(TEXTS)
        for name in METHODS:
            values = getattr(other, name)(TEXTS)
            np.testing.assert_array_equal(values, getattr(model, name)(TEXTS))
    assert_same_fit(other, model)


def test_random_state(model):
    assert_same_fit(clone(model).fit(TEXTS), model)
    generator = np.random.RandomState(0)
    first = clone(model).set_params(random_state=generator).fit(TEXTS)
    second = clone(model).set_params(random_state=generator).fit(TEXTS)
    assert not np.array_equal(first.word_vectors_, second.word_vectors_)
    assert first.score(TEXTS, LABELS) >= 0.9


def test_searches_and_pipelines():
    grid = {"keyword_weight": [0.0, 0.5, 1.0], "n_docs": [10, 100]}
    search = GridSearchCV(Lbl2Vec(KEYWORDS, **SETTINGS), grid, cv=3)
    search.fit(TEXTS, LABELS)
    assert search.best_score_ > 0.85
    pipe = make_pipeline(
        FunctionTransformer(lambda texts: [text.upper() for text in texts]),
        Lbl2Vec(KEYWORDS, **SETTINGS),
    )
    assert cross_val_score(pipe, TEXTS, LABELS, cv=2).mean() > 0.85


def test_a_search_reaches_inside_an_encoder():
    encoder = make_pipeline(TfidfVectorizer(), TruncatedSVD(random_state=0))
    model = Lbl2Vec(KEYWORDS, embedding=encoder, random_state=0)
    grid = {"embedding__truncatedsvd__n_components": [3, 20]}
    search = GridSearchCV(model, grid, cv=2).fit(TEXTS, LABELS)
    assert search.best_params_ == {"embedding__truncatedsvd__n_components": 20}


class Encoder:
    """Something with weights that nobody should copy."""

    def __deepcopy__(self, memo):
        raise AssertionError("the encoder was copied")

    def encode(self, texts):
        """Return counts of letters."""
        return np.array([[text.count(c) for c in "aeioubdfgklm"] for text in texts])


def test_encoders_are_not_copied():
    encoder = Encoder()
    model = Lbl2Vec(KEYWORDS, embedding=encoder, random_state=0)
    assert clone(model).embedding is encoder
    search = GridSearchCV(model, {"n_docs": [5, 10]}, cv=2).fit(TEXTS[:60], LABELS[:60])
    assert search.best_estimator_.embedding is encoder


def test_names_of_columns(model):
    assert model.get_feature_names_out().tolist() == sorted(KEYWORDS)
    frame = copy.deepcopy(model).set_output(transform="pandas").transform(TEXTS[:3])
    assert frame.columns.tolist() == sorted(KEYWORDS)
    np.testing.assert_array_equal(frame, model.transform(TEXTS[:3]))


def test_attributes_follow_the_embedding(model):
    other = copy.deepcopy(model)
    assert other.vocabulary_
    other.set_params(embedding=Encoder()).fit(TEXTS)
    for name in ("vocabulary_", "word_vectors_", "idf_", "singular_values_"):
        assert not hasattr(other, name)
    assert other.n_components_ == 12


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"keywords": "sport"}, TypeError, "keywords"),
        ({"keywords": {}}, ValueError, "at least one label"),
        ({"keywords": {"a": "b"}}, ValueError, r'\["b"\]'),
        ({"keywords": {"a": []}}, ValueError, "'a'"),
        ({"keywords": {"a": [" "]}}, ValueError, "'a'"),
        ({"keywords": {"a": [3]}}, TypeError, "'a' is 3"),
        ({"keywords": {"a": ["b"], 1: ["c"]}}, TypeError, "all str or all int"),
        ({"keywords": {True: ["b"]}}, TypeError, "all str or all int"),
        ({"keywords": ["a", "b"]}, ValueError, "flat list"),
        ({"min_df": 0}, InvalidParameterError, "min_df"),
        ({"min_df": 100_000}, ValueError, "min_df"),
        ({"min_df": 50, "max_df": 10}, ValueError, "max_df"),
        ({"n_docs": 0}, InvalidParameterError, "n_docs"),
        ({"n_components": 0}, InvalidParameterError, "n_components"),
        ({"similarity_threshold": 1.5}, InvalidParameterError, "similarity_threshold"),
        ({"reject_threshold": -2}, InvalidParameterError, "reject_threshold"),
        ({"keyword_weight": 1.1}, InvalidParameterError, "keyword_weight"),
        ({"temperature": 0}, InvalidParameterError, "temperature"),
        ({"temperature": "warm"}, InvalidParameterError, "temperature"),
        ({"center": "mean"}, InvalidParameterError, "center"),
        ({"device": "tpu"}, InvalidParameterError, "device"),
        ({"analyzer": 3}, TypeError, "analyzer"),
        ({"analyzer": lambda text: text}, TypeError, "analyzer"),
        ({"analyzer": lambda text: [1, 2]}, TypeError, "analyzer"),
        ({"embedding": 3}, TypeError, "embedding"),
        (
            {"keywords": {"outlier": KEYWORDS["east"]}, "reject_threshold": 0.1},
            ValueError,
            "outlier",
        ),
    ],
    ids=lambda value: str(sorted(value)) if isinstance(value, dict) else "",
)
def test_bad_parameters(parameters, error, message):
    model = Lbl2Vec(**{"keywords": KEYWORDS, **SETTINGS, **parameters})
    with pytest.raises(error, match=message):
        model.fit(TEXTS)
    with pytest.raises(NotFittedError):
        model.predict(TEXTS)


def test_documents_that_are_all_alike():
    same = ["alpha beta gamma"] * 30
    keywords = {"a": ["alpha"], "b": ["beta"]}
    with pytest.raises(ValueError, match=r"center|alike"):
        Lbl2Vec(keywords, min_df=1, max_df=1.0).fit(same)
    with pytest.raises(ValueError, match="analyzer"):
        Lbl2Vec(keywords, min_df=1).fit(["", " "])


def test_bad_questions(model):
    with pytest.raises(ValueError, match=r"either label or keywords .* neither"):
        model.retrieve()
    with pytest.raises(ValueError, match=r"either label or keywords .* both"):
        model.retrieve("east", keywords=["x"])
    with pytest.raises(ValueError, match=r"label='up' is unknown.*east"):
        model.retrieve("up")
    with pytest.raises(ValueError, match=r"label='up' is unknown"):
        model.suggest_keywords("up")
    for top_k in (0, -1, 2.5, True):
        with pytest.raises(ValueError, match="top_k"):
            model.retrieve("east", top_k=top_k)
        with pytest.raises(ValueError, match="top_k"):
            model.suggest_keywords("east", top_k=top_k)
    with pytest.raises(ValueError, match="zeppelin"):
        model.retrieve(keywords=["zeppelin"])


def test_methods_need_a_fit():
    model = Lbl2Vec(KEYWORDS)
    for name in (*METHODS, "calibrate", "retrieve", "suggest_keywords"):
        arguments = {"calibrate": (TEXTS, LABELS), "retrieve": ("east",)}
        given = arguments.get(name, (TEXTS,))
        with pytest.raises(NotFittedError):
            getattr(model, name)(*given)
    for name in ("refit_labels", "keyword_report", "get_feature_names_out"):
        with pytest.raises(NotFittedError):
            getattr(model, name)()


def test_new_parameters_count_after_a_refit(model):
    other = copy.deepcopy(model)
    other.set_params(reject_threshold=0.9, n_docs=5, temperature=1e-310)
    np.testing.assert_array_equal(other.predict(TEXTS), model.labels_)
    for a, b in zip(
        other.retrieve(keywords=KEYWORDS["east"]), model.retrieve("east"), strict=True
    ):
        np.testing.assert_array_equal(a, b)
    other.refit_labels()
    np.testing.assert_array_equal(other.predict(TEXTS), other.labels_)
    assert "outlier" in other.labels_
    probabilities = other.predict_proba(TEXTS)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert np.isfinite(probabilities).all()


def test_kinds_of_labels_and_analyzers_that_are_none(model):
    for label in (np.array(["east", "west"]), pd.NA, True, ["east"], 0):
        with pytest.raises(ValueError, match="is unknown"):
            model.retrieve(label)
    with pytest.raises(ValueError, match="1d array"):
        copy.deepcopy(model).calibrate(TEXTS[:2], [["east", "west"], ["east", "west"]])
    with pytest.raises(TypeError, match="analyzer must be 'word'"):
        Lbl2Vec(KEYWORDS, analyzer=CountVectorizer).fit(TEXTS)
    pytest.importorskip("gensim")
    with pytest.raises(ValueError, match="at least min_df=900 of n=800") as caught:
        Lbl2Vec(KEYWORDS, embedding="doc2vec", min_df=900).fit(TEXTS)
    assert "max_df" not in str(caught.value)


def test_skops_asks_for_our_types_only(model):
    skops_io = pytest.importorskip("skops.io")
    dumped = skops_io.dumps(model)
    untrusted = skops_io.get_untrusted_types(data=dumped)
    assert all(name.startswith("sklearn_ext.text.") for name in untrusted)
    loaded = skops_io.loads(dumped, trusted=untrusted)
    np.testing.assert_array_equal(loaded.transform(TEXTS), model.transform(TEXTS))
    pd.testing.assert_frame_equal(loaded.keyword_report(), model.keyword_report())


def test_more_documents_for_a_label_than_there_are():
    greedy = Lbl2Vec(KEYWORDS, similarity_threshold=0.2, n_docs=900, **SETTINGS)
    with pytest.warns(UserWarning, match=r"n_docs=900 .* only 800 have a vector"):
        greedy.fit(TEXTS)
    assert greedy.n_candidates_.tolist() == [800] * 4


def test_embedding_and_labels_draw_from_streams_of_their_own(model):
    embedding_seed, label_seed = model._seeds()
    assert embedding_seed != label_seed
    assert model._seeds() == [embedding_seed, label_seed]

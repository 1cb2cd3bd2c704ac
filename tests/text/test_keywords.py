"""Keywords: their normal form, every refusal, and the report, checked by hand."""

import difflib
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ext.text._keywords import (
    keyword_report,
    look_up,
    look_up_free,
    nearest_words,
    read_keywords,
)
from sklearn_ext.text._phrases import Phrases
from sklearn_ext.text._spelling import suggestions

RARE = "in fewer than min_df documents"
COMMON = "in more than max_df of the documents"
WORDS = ["ball", "team", "oil", "price", "petroleum", "even"]
ANGLES = [0.0, 0.1, 1.5, 1.2, 1.4, np.nan]  # "even" carries no information


def on_circle(angles):
    angles = np.asarray(angles, dtype=float)
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.nan_to_num(points).astype(np.float32)


class Words:
    """Word vectors on a circle; a phrase is the mean of its known words."""

    def __init__(self, words=WORDS, angles=ANGLES):
        self.min_df, self.max_df = 5, 0.5
        self.vocabulary = {word: row for row, word in enumerate(words)}
        self.word_vectors = on_circle(angles)
        self.document_frequency = np.arange(len(words), 0, -1) * 10
        self.asked = []

    def reason(self, tokens):
        if not tokens:
            return "no token left"
        if "the" in tokens:
            return COMMON
        if "rare" in tokens:
            return RARE
        if any(token in self.vocabulary for token in tokens):
            return "carries no information"
        return "unknown"

    def phrases(self, phrases):
        self.asked.append(list(phrases))
        tokens = [
            tuple(t for t in phrase.lower().split() if t.isalpha())
            for phrase in phrases
        ]
        vectors, frequency, reasons = [], [], []
        for own in tokens:
            rows = [self.vocabulary[t] for t in own if t in self.vocabulary]
            rows = [row for row in rows if self.word_vectors[row].any()]
            vectors.append(self.word_vectors[rows].sum(axis=0))
            frequency.append(min(self.document_frequency[rows], default=0))
            reasons.append(None if rows else self.reason(own))
        return Phrases(np.array(vectors), tokens, np.array(frequency), reasons)


class Encoder:
    """Knows everything and has no words."""

    def phrases(self, phrases):
        tokens = [(phrase.strip(),) for phrase in phrases]
        vectors = on_circle([len(phrase.strip()) / 5 for phrase in phrases])
        none = [None] * len(phrases)
        return Phrases(vectors, tokens, np.full(len(phrases), -1), none)


@pytest.fixture
def caught():
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        yield found


@pytest.mark.parametrize(
    "keywords",
    [
        {"sport": ["ball", "team"], "oil": ["oil", "crude"]},
        {"oil": ("oil", "crude"), "sport": iter(["ball", "team"])},
        {np.str_("sport"): np.array(["ball", "team"]), "oil": ["oil", "crude"]},
        {"sport": pd.Series(["ball", "team"]), "oil": {"oil": 1, "crude": 2}},
    ],
    ids=["dict", "other order", "numpy", "other iterables"],
)
def test_str_labels(keywords):
    topics = read_keywords(keywords)
    assert topics.classes.tolist() == ["oil", "sport"]
    assert topics.classes.dtype.kind == "U"
    assert topics.phrases == [["oil", "crude"], ["ball", "team"]]
    assert {type(word) for own in topics.phrases for word in own} == {str}
    assert topics.reject_label == "outlier"


@pytest.mark.parametrize(
    "keywords",
    [
        {10: ["ten"], 9: ["nine"], -1: ["less"]},
        {np.int8(9): ["nine"], np.uint64(10): ["ten"], -1: ["less"]},
    ],
    ids=["int", "numpy"],
)
def test_int_labels(keywords):
    topics = read_keywords(keywords)
    assert topics.classes.dtype == np.int64
    assert topics.classes.tolist() == [-1, 9, 10]
    assert topics.phrases == [["less"], ["nine"], ["ten"]]
    assert topics.reject_label == -1


def test_list_of_lists():
    topics = read_keywords([["b", "a"], ("c",), {"y", "z", "x"}])
    assert topics.classes.tolist() == [0, 1, 2]
    assert topics.classes.dtype == np.int64
    assert topics.phrases == [["b", "a"], ["c"], ["x", "y", "z"]]
    assert read_keywords((["b", "a"],)).phrases == [["b", "a"]]


def test_sets_are_sorted_and_input_is_unchanged():
    given = {"a": frozenset("tsrq"), "b": ["q", "p", "q"]}
    copy = dict(given)
    assert read_keywords(given).phrases == [list("qrst"), ["q", "p", "q"]]
    assert given == copy


BAD = [
    ("oil", TypeError, r"keywords must be a dict .* or a list of lists.*'oil' \(str\)"),
    (None, TypeError, r"keywords must be .*None \(NoneType\)"),
    (5, TypeError, "keywords must be"),
    ({"oil", "gas"}, TypeError, r"keywords must be .*\(set\)"),
    (pd.Series(["oil"]), TypeError, r"keywords must be .*\(Series\)"),
    ({}, ValueError, "keywords must name at least one label: a dict"),
    ([], ValueError, "keywords must name at least one label"),
    (["oil", "gas"], ValueError, r"keywords is a flat list .*\['oil', 'gas'\].*"
     r"dict from label .*\{'sport'.*\[\['match'"),
    ({"oil": "crude"}, ValueError, r"of label 'oil' are a str, 'crude'.*\[\"crude\"\]"),
    ([["oil"], "gas"], ValueError, r"of label 1 are a str.*\[\"gas\"\]"),
    ({"oil": b"crude"}, TypeError, r"of label 'oil' must be a list.*\(bytes\)"),
    ({"oil": 5}, TypeError, r"of label 'oil' must be a list of str, got 5 \(int\)"),
    ([["oil"], None], TypeError, r"of label 1 must be a list of str, got None"),
    ({"oil": []}, ValueError, "no keywords of label 'oil'"),
    ([["a"], []], ValueError, "no keywords of label 1"),
    ({"oil": ["oil", ""]}, ValueError, "of label 'oil' is '', which is blank"),
    ({"oil": [" \t"]}, ValueError, r"of label 'oil' is ' \\t', which is blank"),
    ({"oil": ["oil", 3]}, TypeError, r"Keywords must be str.*'oil' is 3 \(int\)"),
    ({"oil": [None]}, TypeError, r"one of label 'oil' is None \(NoneType\)"),
    ({"oil": {"a", 3}}, TypeError, r"one of label 'oil' is 3 \(int\)"),
    ({"oil": [b"oil"]}, TypeError, r"one of label 'oil' is b'oil' \(bytes\)"),
    ({"oil": ["a"], 1: ["b"]}, TypeError, r"all str or all int.*\['oil', 1\].*str"),
    ({True: ["a"]}, TypeError, r"all str or all int.*\[True\] \(bool\)"),
    ({True: ["a"], 2: ["b"]}, TypeError, r"\[True, 2\] \(bool, int\)"),
    ({np.True_: ["a"]}, TypeError, r"all str or all int.*bool"),
    ({1.0: ["a"]}, TypeError, r"all str or all int.*\[1.0\] \(float\)"),
    ({None: ["a"]}, TypeError, r"all str or all int.*NoneType"),
    ({("a", 1): ["a"]}, TypeError, r"all str or all int.*tuple"),
    ({2**63: ["a"]}, ValueError, r"label 9223372036854775808 .* 64 bits"),
]  # fmt: skip


@pytest.mark.parametrize(("keywords", "error", "message"), BAD)
def test_bad_keywords(keywords, error, message):
    with pytest.raises(error, match=message):
        read_keywords(keywords)


def test_long_values_are_cut_in_messages():
    with pytest.raises(ValueError, match=r"flat list") as caught:
        read_keywords(["word"] * 10_000)
    assert len(str(caught.value)) < 600


def test_class_that_is_called_as_the_rejected():
    for keywords, label in [
        ({"outlier": ["a"], "b": ["b"]}, "'outlier'"),
        ({-1: ["a"], 2: ["b"]}, "-1"),
    ]:
        read_keywords(keywords)  # no harm without a reject_threshold
        with pytest.raises(ValueError, match=f"reject_threshold.* {label}"):
            read_keywords(keywords, rejects=True)
    read_keywords({"-1": ["a"]}, rejects=True)
    read_keywords([["a"]], rejects=True)


def test_look_up():
    topics = read_keywords(
        {"sport": ["Team", "ball", "TEAM", "ball"], "oil": ["oil price", "oil"]}
    )
    embedding = Words()
    known = look_up(topics, embedding)
    assert embedding.asked == [["oil price", "oil", "Team", "ball", "TEAM"]]
    oil, sport = known.vectors  # by their tokens, each once
    np.testing.assert_array_equal(sport, on_circle([0.0, 0.1]))
    both = on_circle([1.5, 1.2]).sum(axis=0)
    np.testing.assert_array_equal(oil, np.stack([on_circle([1.5])[0], both]))
    assert oil.dtype == sport.dtype == known.given_vectors.dtype == np.float32
    assert known.classes.tolist() == ["oil", "sport"]
    phrases = [keyword.phrase for keyword in known.given]
    assert phrases == ["oil price", "oil", "Team", "ball", "TEAM", "ball"]
    np.testing.assert_array_equal(known.given_vectors[2], on_circle([0.1])[0])
    assert known.unknown == {}
    assert known.words(0) == {"oil"}  # "price" is none by itself
    assert known.words(1) == {"team", "ball"}


def test_words_and_sharing():
    topics = read_keywords([["price oil", "team", "12"], ["12", "Team", "ball"]])
    with pytest.warns(UserWarning, match="'12'"):
        known = look_up(topics, Words())
    assert known.words(0) == {"team"}  # no word of the phrase
    shared = {(k.code, k.phrase): k.shared_with for k in known.given if k.shared_with}
    assert shared == {(0, "team"): [1], (1, "Team"): [0]}


def test_given_order_does_not_matter():
    first = look_up(read_keywords({1: ["oil", "price"], 0: ["ball", "oil"]}), Words())
    other = look_up(read_keywords([["Oil", "ball"], ["price", "OIL"]]), Words())
    for ours, theirs in zip(first.vectors, other.vectors, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_unknown_keywords(caught):
    topics = read_keywords(
        {
            "oil": ["petrolum", "oil", "the", "12"],
            "sport": ["ball", "teams rare", "teem", "even"],
        }
    )
    known = look_up(topics, Words())
    assert known.unknown == {
        "oil": ["petrolum", "the", "12"],
        "sport": ["teams rare", "teem", "even"],
    }
    assert [len(own) for own in known.vectors] == [1, 1]
    (warning,) = caught
    assert warning.category is UserWarning
    text = str(warning.message)
    assert text.startswith(
        "Unknown keywords are left out: 'petrolum' (unknown; near: 'petroleum') of "
        "label 'oil', 'the' (in more than max_df of the documents) of label 'oil', "
        "'12' (no token left) of label 'oil', 'teams rare' (in fewer than min_df "
        "documents; near: 'team') of label 'sport', 'teem' (unknown; near: 'team') of "
        "label 'sport', 'even' (carries no information) of label 'sport'. Take"
    )
    assert "Lower min_df=5 " in text
    assert "Raise max_df=0.5 " in text
    assert "analyzer" in text
    assert "spread evenly" in text


def test_an_unknown_keyword_changes_nothing_else(caught):
    plain = look_up(read_keywords([["oil", "price"], ["ball"]]), Words())
    assert not caught
    more = look_up(read_keywords([["oil", "rare", "price"], ["ball"]]), Words())
    assert len(caught) == 1
    for ours, theirs in zip(plain.vectors, more.vectors, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_label_without_a_known_keyword():
    topics = read_keywords({"gas": ["rare", "petrolum"], "oil": ["oil"], "b": ["the"]})
    with pytest.raises(ValueError, match="None of the keywords is known") as caught:
        look_up(topics, Words())
    text = str(caught.value)
    assert "label 'b': 'the' (in more than max_df of the documents); label" in text
    assert "label 'gas': 'rare' (in fewer than min_df documents), 'petrolum'" in text
    assert "near: 'petroleum'" in text
    assert "'oil'" not in text
    assert "Lower min_df=5 " in text
    assert "need 1 or 2" in text


def test_remedies_name_the_values_that_there_are():
    embedding = Words()
    embedding.min_df = 0.1
    del embedding.max_df
    with pytest.raises(ValueError, match=r"known for .*Lower min_df=0\.1 "):
        look_up(read_keywords([["rare"]]), embedding)
    with pytest.raises(ValueError, match=r"Raise max_df to keep"):
        look_up(read_keywords([["the"]]), embedding)


def test_equal_labels(caught):
    topics = read_keywords({"b": ["oil", "Ball"], "a": ["ball", "OIL", "oil"]})
    known = look_up(topics, Words())
    (warning,) = caught
    assert "labels 'a' and 'b' have the same known keywords" in str(warning.message)
    np.testing.assert_array_equal(*known.vectors)


def test_labels_that_share_some_keywords_are_normal(caught):
    look_up(read_keywords([["oil", "ball"], ["oil"], ["ball", "team"]]), Words())
    assert not caught


def test_encoder():
    known = look_up(read_keywords([["a phrase", "a phrase ", "b"]]), Encoder())
    assert [len(own) for own in known.vectors] == [2]
    report = keyword_report(known, known.given_vectors, on_circle([0.0]))
    assert report["document_frequency"].isna().all()
    assert report["known"].all()


def test_unknown_keywords_where_there_are_no_words(caught):
    class Blind(Encoder):
        def phrases(self, phrases):
            found = super().phrases(phrases)
            found.reasons[0] = "carries no information"
            return found

    known = look_up(read_keywords([["a", "b"]]), Blind())
    assert known.unknown == {0: ["a"]}
    assert known.given[0].suggestions == []
    assert "'a' (carries no information) of label 0. Its vector" in str(
        caught[0].message
    )


def test_free_keywords(caught):
    found = look_up_free(["Team", "rare", "ball", "team"], Words())
    np.testing.assert_array_equal(found, on_circle([0.0, 0.1]))
    (warning,) = caught
    assert str(warning.message).startswith(
        "Unknown keywords are left out: 'rare' (in fewer than min_df documents). Lower"
    )
    np.testing.assert_array_equal(look_up_free(("ball", "team"), Words()), found)
    assert len(caught) == 1
    label = look_up(read_keywords([["Team", "ball"]]), Words())
    np.testing.assert_array_equal(found, label.vectors[0])


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ("oil", ValueError, r'The keywords are a str.*\["oil"\]'),
        ([], ValueError, "There are no keywords"),
        ([" "], ValueError, "One of the keywords is ' '"),
        ([3], TypeError, r"Keywords must be str, and one is 3 \(int\)"),
        (7, TypeError, "The keywords must be a list of str, got 7"),
        (
            ["rare", "petrolum"],
            ValueError,
            "None .* 'rare' .*near: 'petroleum'.*min_df",
        ),
    ],
)
def test_bad_free_keywords(keywords, error, message):
    with pytest.raises(error, match=message):
        look_up_free(keywords, Words())


def report_of(keywords, angles):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        known = look_up(read_keywords(keywords), Words())
    return keyword_report(known, known.given_vectors, on_circle(angles))


def test_report():
    report = report_of(
        {
            "sport": ["Team", "price", "oil price", "rare", "team"],
            "oil": ["petrolum", "oil", "price"],
        },
        [1.4, 0.1],
    )
    cos = np.cos
    phrase = on_circle([1.5, 1.2]).sum(axis=0)
    phrase = np.arctan2(phrase[1], phrase[0])
    expected = pd.DataFrame(
        [
            ["oil", "petrolum", ("petrolum",), False, 0, "unknown", ["petroleum"],
             np.nan, None, []],
            ["oil", "oil", ("oil",), True, 40, "", [], cos(0.1), "oil", []],
            ["oil", "price", ("price",), True, 30, "", [], cos(0.2), "oil", ["sport"]],
            ["sport", "Team", ("team",), True, 50, "", [], 1.0, "sport", []],
            ["sport", "price", ("price",), True, 30, "", [], cos(1.1), "oil", ["oil"]],
            ["sport", "oil price", ("oil", "price"), True, 30, "", [],
             cos(phrase - 0.1), "oil", []],
            ["sport", "rare", ("rare",), False, 0, RARE, [], np.nan, None, []],
            ["sport", "team", ("team",), True, 50, "", [], 1.0, "sport", []],
        ],
        columns=["label", "keyword", "tokens", "known", "document_frequency", "reason",
                 "suggestions", "similarity", "nearest_label", "shared_with"],
    )  # fmt: skip
    expected["document_frequency"] = expected["document_frequency"].astype("Int64")
    pd.testing.assert_frame_equal(report, expected, rtol=1e-6)


def test_report_of_int_labels():
    report = report_of({7: ["ball", "rare"], 3: ["oil"]}, [1.5, 0.0])
    assert report["label"].tolist() == [3, 7, 7]
    assert report["label"].dtype == np.int64
    assert report["nearest_label"].dtype == "Int64"
    assert report["nearest_label"].tolist()[:2] == [3, 7]
    assert report["nearest_label"].isna().tolist() == [False, False, True]


def test_nearest_words():
    embedding = Words()
    arguments = (
        on_circle([1.45])[0],
        embedding.vocabulary,
        embedding.word_vectors,
        embedding.document_frequency,
    )
    found = nearest_words(*arguments, exclude={"oil"}, top_k=2)
    assert found["word"].tolist() == ["petroleum", "price"]
    np.testing.assert_allclose(found["similarity"], np.cos([0.05, 0.25]), rtol=1e-6)
    assert found["document_frequency"].tolist() == [20, 30]
    assert found.columns.tolist() == ["word", "similarity", "document_frequency"]
    every = nearest_words(*arguments, exclude=set(), top_k=None)
    assert every["word"].tolist() == ["petroleum", "oil", "price", "team", "ball"]
    assert len(nearest_words(*arguments, exclude=set(), top_k=99)) == 5
    assert len(nearest_words(*arguments, exclude=set(WORDS), top_k=3)) == 0


def test_nearest_words_ties_by_row():
    embedding = Words(["d", "c", "b", "a"], [0.0, 0.5, 0.0, 0.5])
    found = nearest_words(
        on_circle([0.5])[0],
        embedding.vocabulary,
        embedding.word_vectors,
        embedding.document_frequency,
        exclude=(),
        top_k=None,
    )
    assert found["word"].tolist() == ["c", "a", "d", "b"]


def ratio(word, token):
    return difflib.SequenceMatcher(a=word, b=token).ratio()


LETTERS = st.text("abcdeéж𝔘", min_size=1, max_size=8)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.lists(LETTERS, unique=True, max_size=20), LETTERS, st.integers(1, 4))
def test_suggestions_are_those_of_difflib(words, token, n):
    (found,) = suggestions([(token,)], words, n)
    close = difflib.get_close_matches(token, words, n)  # ties in another order
    assert [ratio(w, token) for w in found] == [ratio(w, token) for w in close]
    near = [w for w in words if ratio(w, token) >= 0.6]
    assert found == sorted(near, key=lambda w: -ratio(w, token))[:n]


@settings(derandomize=True, max_examples=50, deadline=None)
@given(st.lists(LETTERS, unique=True, max_size=20), st.lists(LETTERS, max_size=3))
def test_suggestions_for_phrases(words, tokens):
    best = {w: max((ratio(w, t) for t in tokens), default=0) for w in words}
    near = [w for w in words if best[w] >= 0.6]
    expected = sorted(near, key=lambda w: -best[w])[:3]
    assert suggestions([tokens, ("zzz",), tokens], words) == [expected, [], expected]


def test_suggestions_among_many_words():
    """Few words are compared, and the nearest are among them."""
    rng = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = ["".join(letters[rng.integers(26, size=9)]) for _ in range(5000)]
    words = list(dict.fromkeys([*words, "kubernetes", "governor", "governors"]))
    found = suggestions([("kuberneted",), ("governorz",)], words)
    assert found[0][0] == "kubernetes"
    assert found[1][:2] == ["governor", "governors"]


def test_suggestions_are_known_words(caught):
    """A word without information is no suggestion."""
    known = look_up(read_keywords([["evenn", "oil"]]), Words())
    assert known.given[0].suggestions == []
    assert len(caught) == 1

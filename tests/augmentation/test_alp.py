"""The augmenter: rows, where they come from, and what it refuses."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_ext.augmentation import (
    ALPAugmenter,
    AugmentationWarning,
    LexicalizedPCFGParser,
)
from sklearn_ext.augmentation._acceptance import normal_form
from tests.augmentation._texts import CLASSES, TEXTS

LABELS = np.array(CLASSES)


def synonyms(lemma, tag):
    """A small book of synonyms."""
    book = {"old": ["aged"], "film": ["movie"], "story": ["tale", "plot"]}
    return book.get(lemma, [])


def augmenter(**parameters):
    given = {"n_samples": 6, "synonyms": synonyms, "random_state": 0} | parameters
    return ALPAugmenter(**given)


def files_of(caught):
    """Return where warnings of ours point to; kernels in plain Python have others."""
    return [w.filename for w in caught if w.category is AugmentationWarning]


@pytest.fixture(scope="module")
def made():
    """A fitted augmenter and its rows."""
    fitted = augmenter(n_samples=40)
    X, y = fitted.fit_resample(TEXTS, CLASSES)
    return fitted, X, y


def test_rows_are_as_many_as_requested_originals_first(made):
    fitted, X, y = made
    n = len(TEXTS)
    assert X[:n] == TEXTS
    assert y[:n] == CLASSES
    assert y[n:] == [label for label in fitted.classes_ for _ in range(40)]
    np.testing.assert_array_equal(fitted.is_augmented_, np.arange(n + 80) >= n)
    np.testing.assert_array_equal(fitted.sample_indices_[:n], np.arange(n))


def test_donors_are_of_the_class_and_hold_the_source(made):
    fitted, _, y = made
    donors = fitted.donor_indices_
    assert donors.shape == (len(y), len(TEXTS))
    assert donors.dtype == bool
    of_class = LABELS[:, None] == fitted.classes_
    by_class = donors.astype(np.int64) @ of_class.astype(np.int64)
    assert (np.count_nonzero(by_class, axis=1) == 1).all()
    np.testing.assert_array_equal(fitted.classes_[by_class.argmax(axis=1)], y)
    rows = np.arange(len(y))
    assert donors.toarray()[rows, fitted.sample_indices_].all()
    # originals come from themselves alone
    np.testing.assert_array_equal(
        donors.sum(axis=1)[~fitted.is_augmented_], np.ones(len(TEXTS))
    )
    assert donors.sum(axis=1)[fitted.is_augmented_].max() > 2


def test_no_copies_and_no_duplicates(made):
    _, X, _ = made
    forms = [normal_form(text) for text in X]
    assert len(set(forms)) == len(set(map(normal_form, TEXTS))) + 80


def test_sources_take_turns(made):
    fitted, _, _ = made
    new = fitted.sample_indices_[fitted.is_augmented_]
    for label, line in fitted.augmentation_report_.items():
        counts = np.bincount(new, minlength=len(TEXTS))[label == LABELS]
        assert counts.tolist() == [4] * 10, line  # a refused one is tried again


def test_scores_are_of_new_rows_and_above_the_floor(made):
    fitted, _, _ = made
    assert np.isnan(fitted.scores_[~fitted.is_augmented_]).all()
    new = fitted.scores_[fitted.is_augmented_]
    floors = [model.floor for model in fitted._fitted.models]
    assert (new.reshape(2, 40).min(axis=1) >= np.array(floors)).all()
    assert (new < 0).all()


def test_the_report_counts_what_was_made(made):
    fitted, X, y = made
    assert list(fitted.augmentation_report_) == fitted.classes_.tolist()
    for label, line in fitted.augmentation_report_.items():
        assert line["requested"] == line["made"] == 40
        texts = [x for x, new, c in zip(X, fitted.is_augmented_, y, strict=True)
                 if new and c == label]  # fmt: skip
        for n in (1, 2):
            words = [text.lower().split() for text in texts]
            grams = [
                g for w in words for g in zip(*[w[i:] for i in range(n)], strict=False)
            ]
            assert line[f"distinct_{n}"] == len(set(grams)) / len(grams)
        assert line["replaced_phrases"] > 0
        assert line["class_words"] > 0
        assert line["synonyms"] > 0


def test_the_seed_decides_and_threads_do_not(made):
    fitted, X, y = made
    for n_jobs in (1, 2):
        again = augmenter(n_samples=40, n_jobs=n_jobs)
        assert again.fit_resample(TEXTS, CLASSES) == (X, y)
        np.testing.assert_array_equal(again.scores_, fitted.scores_)
        assert (again.donor_indices_ != fitted.donor_indices_).nnz == 0
    other = augmenter(n_samples=40, random_state=1)
    assert other.fit_resample(TEXTS, CLASSES)[0] != X


def test_sampling_repeats_and_leaves_the_estimator_alone():
    fitted = augmenter().fit(TEXTS, CLASSES)
    before = pickle.dumps(fitted)
    first = fitted.sample(random_state=5)
    assert fitted.sample(random_state=5) == first
    assert fitted.sample(random_state=6) != first
    assert pickle.dumps(fitted) == before
    assert (
        augmenter().fit_resample(TEXTS, CLASSES)[0][len(TEXTS) :]
        == (fitted.sample(random_state=0)[0])
    )
    X, y, provenance = fitted.sample(3, random_state=5, return_provenance=True)
    assert len(X) == len(y) == 6
    assert provenance.is_augmented.all()
    assert provenance.donor_indices.shape == (6, len(TEXTS))
    assert np.isfinite(provenance.scores).all()
    assert set(provenance) == {
        "sample_indices",
        "is_augmented",
        "donor_indices",
        "scores",
    }


@pytest.mark.parametrize("n_samples", [0, -1, 2.7, True, "bal"])
def test_sampling_checks_the_number(n_samples):
    fitted = augmenter().fit(TEXTS, CLASSES)
    with pytest.raises(ValueError, match="n_samples must be an int of at least 1"):
        fitted.sample(n_samples)


def test_what_the_caller_does_later_does_not_matter():
    X = pd.DataFrame({"text": TEXTS, "n": range(20)})
    y = np.array(CLASSES)
    fitted = augmenter(text_column="text").fit(X, y)
    before = fitted.sample(random_state=1)
    X["n"] = -1
    y[:] = "other"
    after = fitted.sample(random_state=1)
    pd.testing.assert_frame_equal(before[0], after[0])
    np.testing.assert_array_equal(before[1], after[1])


def test_what_the_presets_are():
    edits = {
        "light": {"subtree": 0.0, "word": 0.5, "synonym": 1.0},
        "medium": {"subtree": 0.35, "word": 0.35, "synonym": 0.5},
        "strong": {"subtree": 0.6, "word": 0.5, "synonym": 0.3},
    }

    def rows(edit_probability):
        fitted = augmenter(
            edit_probability=edit_probability, synonyms=lambda lemma, tag: ["talk"]
        )
        return fitted.fit(TEXTS, CLASSES).sample()[0]

    for name, given in edits.items():
        assert rows(name) == rows(given)
    assert len({tuple(rows(name)) for name in edits}) == 3
    whole = {**edits["medium"], "subtree": 0.6}
    assert rows({"subtree": 0.6}) == rows(whole) != rows("medium")


def test_how_many_parses_are_kept():
    def sizes(**parameters):
        fitted = augmenter(**parameters).fit(TEXTS, CLASSES)
        return [len(some) for text in fitted.trees_ for some in text]

    assert max(sizes()) == 2
    assert max(sizes(n_parses=1)) == 1
    assert min(sizes(n_parses=5, parse_threshold=1e-9)) == 5
    assert max(sizes(n_parses=5, parse_threshold=1.0)) == 1


def test_the_seed_of_the_constructor_is_that_of_sampling():
    fitted = augmenter(random_state=3).fit(TEXTS, CLASSES)
    assert fitted.sample() == fitted.sample(random_state=3)
    assert fitted.sample() != fitted.sample(random_state=4)


def test_fit_forgets_the_rows_of_before(made):
    fitted = augmenter()
    fitted.fit_resample(TEXTS, CLASSES)
    assert hasattr(fitted, "donor_indices_")
    fitted.fit(TEXTS, CLASSES)
    for name in ("sample_indices_", "is_augmented_", "donor_indices_", "scores_"):
        assert not hasattr(fitted, name)


def test_without_the_originals():
    fitted = augmenter(keep_original=False)
    X, y = fitted.fit_resample(TEXTS, CLASSES)
    assert len(X) == len(y) == 12
    assert fitted.is_augmented_.all()
    assert not set(X) & set(TEXTS)


def test_numbers_of_rows():
    few = [*TEXTS[:10], *TEXTS[-4:]], [*CLASSES[:10], *CLASSES[-4:]]
    small, large = CLASSES[-1], CLASSES[0]
    X, y = augmenter(n_samples="balanced").fit_resample(*few)
    assert y.count(small) == y.count(large) == 10
    X, y = augmenter(n_samples={small: 3}).fit_resample(*few)
    assert y.count(small) == 7
    assert y.count(large) == 10
    X, y = augmenter(n_samples={small: 0}).fit_resample(*few)
    assert len(X) == 14


def test_labels_of_any_kind():
    codes = [int(label == CLASSES[0]) for label in CLASSES]
    X, y = augmenter(n_samples={1: 2}).fit_resample(np.array(TEXTS), np.array(codes))
    assert y.dtype == np.array(codes).dtype
    assert y[len(TEXTS) :].tolist() == [1, 1]
    names = pd.Series(pd.Categorical(CLASSES, categories=[*sorted(set(CLASSES)), "c"]))
    X, y = augmenter().fit_resample(pd.Series(TEXTS, name="text"), names)
    assert y.dtype == names.dtype
    assert X.name == "text"


def test_parsers_may_be_given(made):
    parser = LexicalizedPCFGParser.load()
    parsed = augmenter(parser=parser, n_samples=40)
    assert parsed.fit_resample(TEXTS, CLASSES)[0] == made[1]
    assert parser.n_parses == 1  # as it was

    def best(texts):
        return parser.predict(texts).tolist()

    def pairs(texts):
        return [[(tree, -1.0), (tree, -2.0)] for tree in parser.predict(texts)]

    def trees(texts):
        nltk = pytest.importorskip("nltk")
        return [nltk.Tree.fromstring(tree) for tree in parser.predict(texts)]

    rows = [
        augmenter(parser=function).fit_resample(TEXTS, CLASSES)[0]
        for function in (best, pairs, trees)
    ]
    assert rows[0] == rows[1] == rows[2]


@pytest.mark.parametrize(
    ("parser", "message"),
    [
        (lambda texts: ["(S (NN a))"], "returned 1 trees for 20 texts"),
        (lambda texts: ["(S (NN a)"] * 20, r"texts\[0\].*'\(S \(NN a\)'"),
        (lambda texts: None, "parser returned NoneType: a list"),
        (lambda texts: [[]] * 20, r"no tree for texts\[0\]"),
        (lambda texts: [None] * 20, r"returned \(None, 0.0\) for texts\[0\]"),
        (lambda texts: [["(S (NN a))"]] * 20, r"returned '\(S \(NN a\)\)' for texts"),
        (lambda texts: [[("(S (NN a))", np.nan)]] * 20, "finite log-probability"),
        (lambda texts: ["(S (NP))"] * 20, r"In the tree of texts\[0\], a tree has no"),
        (lambda texts: ["(S (NN foo) (NN bar))"] * 20, "in the order of the texts"),
    ],
)
def test_a_parser_that_answers_nonsense_is_refused(parser, message):
    with pytest.raises(ValueError, match=message):
        augmenter(parser=parser).fit(TEXTS, CLASSES)


def test_the_filter_confirms_labels():
    class_filter = make_pipeline(CountVectorizer(), LogisticRegression())
    fitted = augmenter(label_filter=class_filter, filter_threshold=0.5)
    X, y = fitted.fit_resample(TEXTS, CLASSES)
    assert len(X) == len(TEXTS) + 12
    report = fitted.augmentation_report_
    assert sum(line["rejected"]["filter"] for line in report.values()) > 0
    again = augmenter(label_filter=class_filter, filter_threshold=0.5)
    assert again.fit_resample(TEXTS, CLASSES) == (X, y)
    frame = pd.DataFrame({"text": TEXTS, "n": range(len(TEXTS))})
    with pytest.warns(
        AugmentationWarning, match="0 new rows instead of the requested 6"
    ):
        # a filter of the whole rows that knows one class only
        augmenter(
            label_filter=DummyClassifier(strategy="constant", constant=CLASSES[0])
        ).fit_resample(frame, CLASSES)


def test_a_class_without_donors_gives_what_it_has():
    texts, labels = [*TEXTS[:10], "Nobody laughed."], [*CLASSES[:10], "other"]
    fitted = augmenter()
    few = "'other': 0 new rows.*requested 6"
    with pytest.warns(AugmentationWarning, match=few) as caught:
        _, y = fitted.fit_resample(texts, labels)
    assert files_of(caught) == [__file__]
    with pytest.warns(AugmentationWarning, match=few) as caught:
        fitted.sample()
    assert files_of(caught) == [__file__]
    assert y.count("other") == 1
    assert fitted.augmentation_report_["other"]["rejected"]["unchanged"] == 120
    # with a synonym there is one variant
    texts[-1] = "The story is a film."
    with pytest.warns(AugmentationWarning, match="'other'"):
        _, y = fitted.fit_resample(texts, labels)
    assert 1 < y.count("other") < 7


def test_without_wordnet_one_warning_tells_how_to_get_one(monkeypatch):
    monkeypatch.setattr("sklearn_ext.augmentation._alp.find_wordnet", lambda: None)
    with pytest.warns(AugmentationWarning, match="nltk.downloader wordnet") as caught:
        warned, _ = augmenter(synonyms="wordnet").fit_resample(TEXTS, CLASSES)
    assert files_of(caught) == [__file__]
    quiet, _ = augmenter(synonyms=None).fit_resample(TEXTS, CLASSES)
    assert warned == quiet


def test_verbose_prints_a_line_for_each_class(capsys):
    augmenter(verbose=1).fit_resample(TEXTS, CLASSES)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "made" in lines[0]


def test_productions(made):
    fitted, _, _ = made
    table = fitted.productions()
    assert set(table["class"]) == set(fitted.classes_)
    one = fitted.productions(fitted.classes_[0])
    assert set(one["class"]) == {fitted.classes_[0]}
    assert table.columns.tolist() == [
        "class",
        "label",
        "head_word",
        "head_tag",
        "parent",
        "right_hand_side",
        "count",
        "probability",
    ]
    sums = one.groupby(["label", "head_word", "head_tag", "parent"])[
        "probability"
    ].sum()
    np.testing.assert_allclose(sums, 1)
    # every text counts the same: the ten roots of a class
    np.testing.assert_allclose(one.loc[one["label"] == "TOP", "count"].sum(), 10)
    with pytest.raises(ValueError, match="'nothing' is none of the classes"):
        fitted.productions("nothing")


def test_trees(made):
    fitted, _, _ = made
    assert len(fitted.trees_) == len(TEXTS)
    for text in fitted.trees_:
        for sentence in text:
            assert 1 <= len(sentence) <= 2
            assert sum(parse.weight for parse in sentence) == pytest.approx(1)
    assert fitted.n_unparsed_ == 0


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        (
            {"n_samples": {"elsewhere": 1}},
            ValueError,
            "'elsewhere'.*none of the classes",
        ),
        ({"n_samples": {CLASSES[0]: -1}}, ValueError, "at least 0, got -1"),
        ({"n_samples": 0}, ValueError, "'n_samples' parameter"),
        ({"edit_probability": "bold"}, ValueError, "'edit_probability' parameter"),
        ({"edit_probability": {"words": 1}}, ValueError, "unknown key 'words'"),
        ({"edit_probability": {"word": 1.5}}, ValueError, r"\['word'\].*got 1.5"),
        ({"parse_threshold": 0}, ValueError, "'parse_threshold' parameter"),
        ({"max_tries": 0}, ValueError, "'max_tries' parameter"),
        ({"label_filter": object()}, TypeError, "label_filter must be"),
        (
            {"label_filter": make_pipeline(CountVectorizer(), DummyClassifier())}
            | {"filter_threshold": 2},
            ValueError,
            "'filter_threshold' parameter",
        ),
        ({"parser": LexicalizedPCFGParser()}, NotFittedError, "not fitted"),
        ({"parser": "stanza"}, ValueError, "'parser' parameter"),
        ({"parser": LexicalizedPCFGParser}, TypeError, "the class Lexicalized"),
        ({"label_filter": LogisticRegression}, TypeError, "label_filter must be"),
        ({"edit_probability": {"word": True}}, ValueError, "got True"),
        ({"text_column": "text"}, ValueError, "no columns"),
    ],
)
def test_bad_parameters(parameters, error, message):
    fitted = augmenter()
    fitted.fit_resample(TEXTS, CLASSES)
    before = pickle.dumps(fitted.scores_), fitted.trees_
    with pytest.raises(error, match=message):
        fitted.set_params(**parameters).fit_resample(TEXTS, CLASSES)
    assert (pickle.dumps(fitted.scores_), fitted.trees_) == before


@pytest.mark.parametrize(
    ("X", "y", "error", "message"),
    [
        (TEXTS, CLASSES[1:], ValueError, "inconsistent numbers of samples"),
        (TEXTS, np.linspace(0, 1, 20), ValueError, "Unknown label type"),
        (
            TEXTS,
            np.eye(20, 2, dtype=int),
            ValueError,
            "y should be a 1d array|label type",
        ),
        (TEXTS, [*CLASSES[1:], None], ValueError, "missing label at row 19"),
        (TEXTS, None, ValueError, "requires y"),
        (["", *TEXTS[1:]], CLASSES, ValueError, r"X\[0\] is an empty text"),
        (np.zeros((20, 2)), CLASSES, TypeError, "texts expected"),
        (sparse.csr_array((20, 2)), CLASSES, TypeError, "texts expected"),
        ("text", CLASSES, ValueError, "raw text documents"),
        ([*TEXTS[1:], 3], CLASSES, ValueError, r"X\[19\] is 3"),
    ],
)
def test_bad_rows(X, y, error, message):
    with pytest.raises(error, match=message):
        augmenter().fit(X, y)


def test_sampling_needs_a_fit():
    for method in ("sample", "productions"):
        with pytest.raises(NotFittedError):
            getattr(augmenter(), method)()


def test_long_and_odd_texts_are_parsed():
    long = " , ".join(["the cat sat on the mat and the dog ran"] * 12) + " ."
    texts = [*TEXTS, long, "???", "Ünïcödé 北京 🙂 !"]
    labels = [*CLASSES, *[CLASSES[0]] * 3]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AugmentationWarning)
        X, _ = augmenter(n_samples=2).fit_resample(texts, labels)
    assert X[: len(texts)] == texts


def test_a_clone_keeps_the_parser():
    parser = LexicalizedPCFGParser.load()
    given = augmenter(parser=parser, label_filter=LogisticRegression())
    copy = clone(given.fit(TEXTS, CLASSES))
    assert copy.parser is not parser  # with the same tables
    assert copy.parser._pcfg is parser._pcfg
    assert copy.label_filter is not given.label_filter
    assert not hasattr(copy, "classes_")
    assert copy.set_params(label_filter=None).fit(TEXTS, CLASSES).n_unparsed_ == 0

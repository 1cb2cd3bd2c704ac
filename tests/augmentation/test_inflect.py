"""Inflection against hand-made tables, with lemminflect and without."""

import sys
import types

import pytest

from sklearn_ext.augmentation import AugmentationWarning, _inflect
from sklearn_ext.augmentation._inflect import inflect, lemmatize

# lemma, tag, form; regular words, for which library and rules must agree
REGULAR = [
    ("film", "NNS", "films"), ("class", "NNS", "classes"), ("box", "NNS", "boxes"),
    ("match", "NNS", "matches"), ("city", "NNS", "cities"), ("day", "NNS", "days"),
    ("movie", "NNS", "movies"), ("house", "NNS", "houses"), ("soliloquy", "NNS",
    "soliloquies"),
    ("try", "VBZ", "tries"), ("play", "VBZ", "plays"), ("go", "VBZ", "goes"),
    ("watch", "VBZ", "watches"), ("make", "VBZ", "makes"), ("fizz", "VBZ", "fizzes"),
    ("run", "VBG", "running"), ("lie", "VBG", "lying"), ("make", "VBG", "making"),
    ("see", "VBG", "seeing"), ("watch", "VBG", "watching"), ("open", "VBG", "opening"),
    ("carry", "VBG", "carrying"), ("dye", "VBG", "dyeing"), ("fix", "VBG", "fixing"),
    ("stop", "VBD", "stopped"), ("love", "VBD", "loved"), ("carry", "VBN", "carried"),
    ("play", "VBN", "played"), ("watch", "VBD", "watched"), ("show", "VBD", "showed"),
    ("need", "VBD", "needed"), ("agree", "VBN", "agreed"), ("create", "VBD", "created"),
]  # fmt: skip
BASE = [
    ("film", "NN"), ("take", "VB"), ("take", "VBP"), ("good", "JJ"), ("well", "RB"),
]  # fmt: skip
IRREGULAR = [
    ("mouse", "NNS", "mice"), ("child", "NNS", "children"), ("person", "NNS", "people"),
    ("ox", "NNS", "oxen"), ("information", "NNS", "information"),
    ("equipment", "NNS", "equipment"), ("fish", "NNS", "fish"),
    ("take", "VBD", "took"), ("take", "VBN", "taken"), ("write", "VBN", "written"),
    ("good", "JJR", "better"), ("big", "JJS", "biggest"), ("well", "RBR", "better"),
    ("e-mail", "NNS", "e-mails"),
]  # fmt: skip
COMPOUND = [
    ("motion picture", "NNS", "motion pictures"), ("use up", "VBD", "used up"),
    ("look over", "VBZ", "looks over"), ("mother-in-law", "NNS", "mothers-in-law"),
    ("passer-by", "NNS", "passers-by"), ("double-check", "VBG", "double-checking"),
    ("far-fetched", "JJR", None), ("motion picture", "NN", "motion picture"),
]  # fmt: skip


@pytest.fixture
def fresh():
    """Caches as at the start of a process, before and after."""

    cached = (_inflect._library, _inflect.inflect, _inflect._known_lemma)
    for function in cached:
        function.cache_clear()
    yield
    for function in cached:
        function.cache_clear()


@pytest.fixture
def without_library(fresh, monkeypatch):
    monkeypatch.setattr(_inflect, "_library", lambda: None)


@pytest.fixture
def library():
    return pytest.importorskip("lemminflect", reason="lemminflect is not installed")


@pytest.mark.parametrize(("lemma", "tag", "form"), REGULAR)
def test_regular_forms_with_the_library(library, lemma, tag, form):
    assert inflect(lemma, tag) == form
    assert lemmatize(form, tag) == lemma


@pytest.mark.parametrize(("lemma", "tag", "form"), REGULAR)
def test_regular_forms_by_the_rules(without_library, lemma, tag, form):
    assert inflect(lemma, tag) == form
    lost = {"lying": "ly", "goes": "goe", "dyeing": "dye"}
    assert lemmatize(form, tag) == lost.get(form, lemma)


@pytest.mark.parametrize(("lemma", "tag"), BASE)
def test_base_forms_stay(lemma, tag):
    assert inflect(lemma, tag) == lemma
    assert lemmatize(lemma.upper(), tag) == lemma


@pytest.mark.parametrize(("lemma", "tag", "form"), IRREGULAR)
def test_irregular_forms(library, lemma, tag, form):
    assert inflect(lemma, tag) == form
    assert lemmatize(form, tag) == lemma


@pytest.mark.parametrize(("lemma", "tag", "form"), COMPOUND)
def test_compounds(library, lemma, tag, form):
    assert inflect(lemma, tag) == form


def test_several_forms_are_normal(library):
    assert inflect("fit", "VBD") in ("fit", "fitted")
    assert inflect("lie", "VBD") in ("lay", "lied")


def test_words_that_the_library_does_not_know(library):
    assert inflect("blorb", "VBZ") == "blorbs"
    assert inflect("blorp", "VBG") == "blorping"
    assert inflect("pants", "NNS") == "pants"
    assert lemmatize("blorbed", "VBD") == "blorb"


@pytest.mark.parametrize("lemma", ["interesting", "beautiful", "blorby"])
@pytest.mark.parametrize("tag", ["JJR", "JJS"])
def test_no_comparison_is_invented(library, lemma, tag):
    assert inflect(lemma, tag) is None


def test_names_keep_their_capitals(library):
    assert inflect("Frenchman's", "NN") == "Frenchman's"
    assert inflect("Oscar", "NNS") == "Oscars"
    assert inflect("New York", "NNS") == "New Yorks"


@pytest.mark.parametrize("tag", ["DT", "NNP", "MD", ""])
def test_other_tags_have_no_forms(tag):
    assert inflect("film", tag) is None
    assert lemmatize("Films", tag) == "films"


def test_no_lemma():
    assert inflect("", "NNS") is None
    assert inflect("up-", "NNS") == "up-s"
    assert inflect("a--b", "NNS") == "a--bs"


def test_lemmas_by_tag(library):
    assert lemmatize("Saw", "VBD") == "see"
    assert lemmatize("saw", "NN") == "saw"
    assert lemmatize("better", "RBR") == "well"
    assert lemmatize("better", "JJR") == "good"
    assert lemmatize("felt", "VBN") == "feel"


def test_irregular_forms_of_a_wordnet_help_the_rules(without_library):
    known = {("mice", "NNS"): "mouse"}

    def irregular(form, tag):
        return known.get((form, tag))

    assert lemmatize("Mice", "NNS", irregular) == "mouse"
    assert lemmatize("cities", "NNS", irregular) == "city"
    assert inflect("big", "JJR") is None


@pytest.mark.parametrize("error", [ImportError("absent"), RuntimeError("broken spaCy")])
def test_one_warning_without_the_library(fresh, monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(_inflect, "import_optional", fail)
    with pytest.warns(AugmentationWarning, match="regular rules") as caught:
        assert inflect("mouse", "NNS") == "mouses"
    assert len(caught) == 1
    assert str(error) in str(caught[0].message)
    assert inflect("dog", "NNS") == "dogs"  # a second warning would be an error
    assert lemmatize("running", "VBG") == "run"


def test_the_library_is_asked_for_its_dictionary_alone(fresh, monkeypatch):
    asked = []

    def answer(word, **options):
        asked.append((word, options))
        return ()

    def form(word, tag, *, inflect_oov):
        return answer(word, oov=inflect_oov)

    def lemma(word, *, upos, lemmatize_oov):
        return answer(word, oov=lemmatize_oov)

    stand_in = types.SimpleNamespace(
        getInflection=form,
        getLemma=lemma,
        getAllInflections=lambda word, upos: {},
    )
    monkeypatch.setitem(sys.modules, "lemminflect", stand_in)
    inflect("take off", "VBD")
    inflect("mother-in-law", "NNS")
    inflect("Oscar", "NNS")
    lemmatize("blorbs", "NNS")
    assert asked == [
        ("take", {"oov": False}),
        ("mother", {"oov": False}),
        ("blorbs", {"oov": False}),
    ]


def test_a_known_word_without_the_form_has_none(fresh, monkeypatch):
    stand_in = types.SimpleNamespace(
        getInflection=lambda word, tag, inflect_oov: (),
        getAllInflections=lambda word, upos: {"VB": (word,)},
    )
    monkeypatch.setitem(sys.modules, "lemminflect", stand_in)
    assert inflect("beware", "VBD") is None
    assert inflect("beware of", "VBD") is None

"""Lemmas of inflected words, and inflected forms of lemmas, by Penn Treebank tag.

The forms come from lemminflect. What it does not know, and everything where it is not
installed, follows the regular rules of English spelling.
"""

import re
import warnings
from functools import lru_cache

from sklearn_ext._core._optional import import_optional

from ._warning import AugmentationWarning

__all__ = ["inflect", "lemmatize"]

BASE_TAGS = frozenset(["NN", "VB", "VBP", "JJ", "RB"])
COMPARED_TAGS = frozenset(["JJR", "JJS", "RBR", "RBS"])
INFLECTED_TAGS = COMPARED_TAGS | {"NNS", "VBZ", "VBG", "VBD", "VBN"}
UNIVERSAL = {"NN": "NOUN", "VB": "VERB", "JJ": "ADJ", "RB": "ADV"}
OVERRIDES = {("person", "NNS"): "people", ("ox", "NNS"): "oxen"}
LEMMA_OVERRIDES = {(form, tag): lemma for (lemma, tag), form in OVERRIDES.items()}
# lemminflect lists the bare form for more than half of all nouns, "film" among them
INVARIABLE = frozenset(
    [
        "acting", "advertising", "advice", "aircraft", "baggage", "cattle",
        "cinematography", "clothing", "courage", "darkness", "deer", "electricity",
        "equipment", "evidence", "feedback", "filmmaking", "fish", "footage", "fun",
        "furniture", "garbage", "gold", "happiness", "hardware", "health", "homework",
        "honesty", "housing", "humor", "humour", "ice", "information", "jewellery",
        "jewelry", "journalism", "knowledge", "laughter", "literature", "luck",
        "luggage", "machinery", "means", "merchandise", "money", "music",
        "news", "nonsense", "offspring", "patience", "people", "photography", "poetry",
        "progress", "research", "rubbish", "sadness", "scenery", "series", "sheep",
        "silver", "snow", "software", "species", "stuff", "sunshine", "suspense",
        "traffic", "transportation", "trash", "violence", "warfare", "wealth",
        "weather", "wildlife", "wisdom",
    ]
)  # fmt: skip
PARTICLES = frozenset(["at", "by", "in", "of", "off", "on", "out", "to", "up"])

PLURAL_ALREADY = re.compile(r"[^aious]s$")  # "pants"
ENDS_IN_IE = re.compile(r"(?:brown|calor|cook|gen|hood|mov|pix|rook|self|zomb)ies")
SIBILANT = re.compile(r"(?:s|x|z|ch|sh)$")
CONSONANT_Y = re.compile(r"(?:[^aeiou]|qu)y$")
SHORT = re.compile(r"[^aeiou]*(?:qu)?[aeiou][bdfgklmnprtvz]")  # run, hop, quit
DOUBLED = re.compile(r"([bdgkmnprtv])\1$")
SILENT_E = re.compile(
    r"(?:[^aeiou]*[aeiou][bdfgklmnprtvz]|.*(?:[cuvz]|[^n]g|[^s]s|cre?at|[^eo]at|[^aeioulr]l))"
)


@lru_cache(maxsize=1)
def _library():
    """Return lemminflect, or None after one warning."""
    try:
        return import_optional(
            "lemminflect", extra="augmentation", purpose="inflection of any word"
        )
    except Exception as error:  # it imports spaCy where that is, broken or not
        warnings.warn(
            f"lemminflect does not load, so words are inflected by regular rules "
            f"({type(error).__name__}: {error})",
            AugmentationWarning,
            stacklevel=2,
        )
        return None


def _regular_form(lemma, tag):
    """Return the form that the rules of spelling give, None for comparison."""
    if tag in ("NNS", "VBZ"):
        if tag == "NNS" and PLURAL_ALREADY.search(lemma):
            return lemma
        if CONSONANT_Y.search(lemma):
            return lemma[:-1] + "ies"
        hissing = SIBILANT.search(lemma) or (
            tag == "VBZ" and re.search(r"[^aeiou]o$", lemma)
        )
        return lemma + ("es" if hissing else "s")
    double = lemma + lemma[-1] if SHORT.fullmatch(lemma) else lemma
    if tag == "VBG":
        if lemma.endswith("ie"):
            return lemma[:-2] + "ying"
        if re.search(r"[^eoy]e$", lemma) and len(lemma) > 2:
            return lemma[:-1] + "ing"
        return double + "ing"
    if tag in ("VBD", "VBN"):
        if lemma.endswith("e"):
            return lemma + "d"
        if CONSONANT_Y.search(lemma):
            return lemma[:-1] + "ied"
        return double + "ed"
    return None


def _form_of_word(lemma, tag):
    """Return a form of one word, None when there is none."""
    if (lemma, tag) in OVERRIDES:
        return OVERRIDES[lemma, tag]
    if tag == "NNS" and lemma in INVARIABLE:
        return lemma
    library = _library() if lemma.islower() else None  # it lower-cases names
    if library is not None:
        forms = library.getInflection(lemma, tag, inflect_oov=False)
        if forms:
            return forms[0]
        if library.getAllInflections(lemma, upos=UNIVERSAL[tag[:2]]):
            return None  # a known word without this form: "pants" has no other plural
    return _regular_form(lemma, tag)


@lru_cache(maxsize=65_536)
def inflect(lemma, tag):
    """Return the form of a lemma that a tag asks for.

    Parameters
    ----------
    lemma : str
        A word, two words with a blank between, or a word with hyphens.
    tag : str
        Penn Treebank tag of a noun, verb, adjective or adverb.

    Returns
    -------
    form : str or None
        None if there is no such form, as for "interesting" and JJR. Two words: the
        first one of verbs is inflected, the last one of nouns.
    """
    if tag in BASE_TAGS:
        return lemma
    if tag not in INFLECTED_TAGS or not lemma:
        return None
    mark = " " if " " in lemma else "-" if "-" in lemma.strip("-") else None
    if mark is None:
        return _form_of_word(lemma, tag)
    if tag in COMPARED_TAGS:
        return None
    words = lemma.split(mark)
    if mark == " ":
        place = 0 if tag.startswith("V") else len(words) - 1
    else:  # "mother-in-law", "passer-by", but "double-check"
        place = 0 if PARTICLES.intersection(words[1:]) else len(words) - 1
    form = inflect(words[place], tag) if words[place] else None
    if form is None:
        return None
    words[place] = form
    return mark.join(words)


def _regular_lemma(word, tag):
    """Return the lemma that the rules of spelling suggest."""
    if tag in ("NNS", "VBZ"):
        if ENDS_IN_IE.fullmatch(word):
            return word[:-1]
        if word.endswith("ies") and len(word) > 4:
            return word[:-3] + "y"
        if re.search(r"(?:ss|x|zz|tz|ch|sh)es$", word):
            return word[:-2]
        return word[:-1] if re.search(r"[^s]s$", word) else word
    ending = {"VBG": "ing", "VBD": "ed", "VBN": "ed"}.get(tag)
    if ending is None or not word.endswith(ending) or len(word) < len(ending) + 2:
        return word
    if word.endswith("eed"):  # "agreed"
        return word[:-1]
    stem = word[: -len(ending)]
    if ending == "ed" and stem.endswith("i"):
        return stem[:-1] + "y"
    if DOUBLED.search(stem):
        return stem[:-1]
    return stem + "e" if SILENT_E.fullmatch(stem) else stem


@lru_cache(maxsize=65_536)
def _known_lemma(word, tag):
    """Return the lemma that lemminflect knows, or None."""
    library = _library()
    if library is None:
        return None
    lemmas = library.getLemma(word, upos=UNIVERSAL[tag[:2]], lemmatize_oov=False)
    for lemma in lemmas:
        if word in library.getInflection(lemma, tag, inflect_oov=False):
            return lemma
    return lemmas[0] if lemmas else None


def lemmatize(word, tag, irregular=None):
    """Return the lemma of a word.

    Parameters
    ----------
    word : str
        A token.
    tag : str
        Its Penn Treebank tag.
    irregular : callable, default=None
        Lemma of (word, tag), or None; asked where lemminflect knows none.

    Returns
    -------
    lemma : str
        In small letters. The word itself where the tag is that of a base form.
    """
    word = word.lower()
    if tag not in INFLECTED_TAGS:
        return word
    if (word, tag) in LEMMA_OVERRIDES:
        return LEMMA_OVERRIDES[word, tag]
    lemma = _known_lemma(word, tag)
    if lemma is None and irregular is not None:
        lemma = irregular(word, tag)
    return _regular_lemma(word, tag) if lemma is None else lemma

"""Which words may be replaced, by what synonyms, and the article before them."""

import re

from ._heads import AUXILIARIES, plain_form
from ._inflect import inflect, lemmatize

__all__ = ["indefinite_article", "is_content", "is_negation", "substitutes"]

CONTENT_TAGS = re.compile(r"NNS?|VB[DGNPZ]?|JJ[RS]?|RB[RS]?")
NEGATIONS = frozenset(
    [
        "ain't", "barely", "cannot", "hardly", "n't", "neither", "never", "no",
        "nobody", "none", "nor", "not", "nothing", "nowhere", "scarcely", "without",
    ]
)  # fmt: skip
STOP_WORDS = frozenset(
    [
        "again", "ago", "all", "almost", "alone", "already", "also", "always", "as",
        "away", "back", "both", "down", "else", "enough", "etc", "even", "ever",
        "few", "first", "forth", "further", "here", "how", "however", "instead",
        "just", "last", "least", "less", "like", "many", "maybe", "more", "most",
        "much", "next", "off", "often", "on", "once", "only", "other", "out", "over",
        "own", "perhaps", "quite", "rather", "same", "several", "so", "soon", "still",
        "such", "that", "then", "there", "therefore", "this", "though", "thus", "too",
        "twice", "up", "very", "well", "yes", "yet",
    ]
)  # fmt: skip

# no vowel is heard first, though one is written; or the other way round
AS_YOU = re.compile(
    r"uni(?!de|m|n)|us(?:e|a[bg]|u)|ut[eio]|eu|ewe|ubiq|uk(?:r|ulele)|ur[aei]|uv|ufo"
)
AS_WONE = re.compile(r"(?:one|once)(?![a-z])")
SILENT_H = re.compile(r"(?:hour|honest|honou?r|heir)")
NUMBER_WITH_VOWEL = re.compile(r"8|1[18](?!\d)")


def is_negation(word):
    """Return whether a token negates: not, n't, n 't, and in one piece can't."""
    word = plain_form(word).replace(" ", "")
    return word in NEGATIONS or word.endswith("n't")


def is_content(word, tag):
    """Return whether a token carries content and may be replaced."""
    if CONTENT_TAGS.fullmatch(tag) is None:
        return False
    small = plain_form(word)
    if tag[0] == "V" and small in AUXILIARIES:
        return False
    letters = sum(character.isalpha() for character in small)
    return letters > 1 and small not in STOP_WORDS and not is_negation(small)


def cased_like(form, word):
    """Return a form with the capital letters of the word that it replaces."""
    if len(word) > 1 and word.isupper():
        return form.upper()
    if word[:1].isupper():
        return form[:1].upper() + form[1:]
    return form


def substitutes(word, tag, synonyms):
    """Return the synonyms that can stand in the place of a token.

    Parameters
    ----------
    word : str
        A token.
    tag : str
        Its Penn Treebank tag.
    synonyms : callable
        Takes (lemma, tag), returns an iterable of lemmas.

    Returns
    -------
    forms : list of str
        Inflected to the tag and cased like the word, without repetitions, never the
        word itself. Empty if the token carries no content, or if there is none.

    Raises
    ------
    TypeError
        If `synonyms` returns anything but an iterable of str.
    """
    if not is_content(word, tag):
        return []
    lemma = lemmatize(word, tag, getattr(synonyms, "_irregular_lemma", None))
    found = synonyms(lemma, tag)
    if isinstance(found, str) or not hasattr(found, "__iter__"):
        raise TypeError(
            f"synonyms must return an iterable of str, got {found!r} for "
            f"({lemma!r}, {tag!r})."
        )
    forms: dict[str, None] = {}
    for other in found:
        if not isinstance(other, str):
            raise TypeError(
                f"synonyms must return an iterable of str, got {other!r} in it for "
                f"({lemma!r}, {tag!r})."
            )
        other = " ".join(other.replace("_", " ").split())
        form = inflect(other, tag) if other and other.lower() != lemma else None
        if form and form.lower() != word.lower() and not is_negation(form):
            forms[cased_like(form, word)] = None
    return list(forms)


def indefinite_article(next_word):
    """Return "a" or "an", by the sound of the word that follows.

    Parameters
    ----------
    next_word : str
        The next token, or the text from there on.

    Returns
    -------
    article : {"a", "an"}
        Single letters and acronyms (capitals, at most three or without a vowel) are
        read letter by letter.
    """
    word = next_word.lstrip("\"'`“‘([-")
    found = re.match(r"\w+", word)
    if found is None:
        return "a"
    word = found.group()
    small = word.lower()
    if small[0].isdigit():
        return "an" if NUMBER_WITH_VOWEL.match(small) else "a"
    acronym = word.isupper() and (len(word) <= 3 or not re.search("[aeiouy]", small))
    if acronym or len(word) == 1:
        return "an" if small[0] in "aefhilmnorsx" else "a"
    if SILENT_H.match(small):
        return "an"
    if AS_YOU.match(small) or AS_WONE.match(small):
        return "a"
    return "an" if small[0] in "aeiouáàâäéèêëíìîïóòôöúùûü" else "a"

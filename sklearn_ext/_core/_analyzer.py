"""Texts to tokens: words of any script, or whatever a vectorizer's analyzer makes."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from itertools import pairwise
from typing import Any

__all__ = ["resolve_analyzer", "word_tokens"]

Analyzer = Callable[[str], list[str]]

SHORTEST, LONGEST = 2, 40
ASCII_WORDS = re.compile(rf"[a-z]{{{SHORTEST},}}")
# The planes that hold letters or marks; those between have neither.
ASSIGNED = range(0x40000), range(0xE0000, 0xE1000)
# Han, Hiragana, Katakana, Thai, Lao, Khmer and Myanmar put no space between words.
WITHOUT_SPACES = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3021-\u3029"
    "\u3031-\u3035\u3038-\u303c\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua9e0-\ua9ff\uaa60-\uaa7f\uf900-\ufaff\uff66-\uff9f\U00020000-\U000323af"
)


def _class(characters: Iterable[str]) -> str:
    """Return the inside of a regular expression's class of sorted characters."""
    ranges: list[list[int]] = []
    for code in map(ord, characters):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    r"""Return what only texts beyond ASCII need; it takes a moment to make.

    Python's ``\w`` has digits and the underscore and lacks combining marks, which
    would cut words of Hindi or Tamil at each vowel sign.
    """
    every = [chr(code) for part in ASSIGNED for code in part]
    kinds = [unicodedata.category(c)[0] for c in every]
    each_letter = [c for c, kind in zip(every, kinds, strict=True) if kind == "L"]
    letters = _class(each_letter)
    marks = _class(c for c, kind in zip(every, kinds, strict=True) if kind == "M")
    european = _class(
        c
        for c in each_letter
        if unicodedata.name(c, "").startswith(("LATIN ", "GREEK "))
    )
    return {
        "accented": re.compile(f"([{european}])[\u0300-\u036f]+"),
        "run": re.compile(f"[{letters}{marks}]+"),
        "part": re.compile(f"(?:[{WITHOUT_SPACES}][{marks}]*)+|[^{WITHOUT_SPACES}]+"),
        "unspaced": re.compile(f"[{WITHOUT_SPACES}]"),
        "character": re.compile(f"[{letters}][{marks}]*"),
        "mark": re.compile(f"[{marks}]"),
    }


def _ascii_words(text: str) -> list[str]:
    """Return the tokens of a lower-case text of ASCII."""
    words: list[str] = ASCII_WORDS.findall(text)
    if words and len(max(words, key=len)) > LONGEST:
        return [word for word in words if len(word) <= LONGEST]
    return words


def _any_words(text: str) -> list[str]:
    """Return the tokens of a lower-case text that is not ASCII."""
    patterns = _patterns()
    text = unicodedata.normalize("NFD", text)
    # Only there is an accent a matter of spelling: it tells Cyrillic letters apart,
    # and other scripts write vowels with marks.
    text = patterns["accented"].sub(r"\1", text)
    text = unicodedata.normalize("NFC", text)
    tokens: list[str] = []
    for run in patterns["run"].findall(text):
        if not patterns["unspaced"].search(run):
            parts = [run]
        else:
            parts = patterns["part"].findall(run)
        for part in parts:
            if patterns["unspaced"].match(part):
                characters = patterns["character"].findall(part)
                if len(characters) == 1:
                    tokens += characters
                else:
                    tokens += map("".join, pairwise(characters))
            elif SHORTEST <= len(patterns["mark"].sub("", part)) <= LONGEST:
                tokens.append(part)
    return tokens


def word_tokens(text: str) -> list[str]:
    """Return the words of a text, in order.

    They are the maximal runs of letters and their marks with 2 to 40 letters, in lower
    case, Latin and Greek ones without accents. What is written without spaces between
    words comes as overlapping pairs of characters. Markup is not stripped.
    """
    text = text.lower()
    if text.isascii():
        return _ascii_words(text)
    # A quotation mark does not make the whole text slow.
    tokens: list[str] = []
    for piece in text.split():
        tokens += _ascii_words(piece) if piece.isascii() else _any_words(piece)
    return tokens


def _checked(analyze: Callable[[str], Iterable[str]]) -> Analyzer:
    """Return an analyzer of the user's, its output checked."""

    def tokens_of(text: str) -> list[str]:
        tokens = analyze(text)
        if isinstance(tokens, str | bytes) or not isinstance(tokens, Iterable):
            raise TypeError(
                f"analyzer must return a list of str for each text, and returned "
                f"{tokens!r}. A tokenizer returns text.split(), for example."
            )
        tokens = list(tokens)
        for token in tokens:
            if not isinstance(token, str):
                raise TypeError(
                    f"analyzer must return a list of str for each text, and one token "
                    f"is {token!r} ({type(token).__name__})."
                )
        return tokens

    return tokens_of


def resolve_analyzer(analyzer: Any) -> Analyzer:
    """Return the function from text to tokens that a parameter `analyzer` stands for.

    Parameters
    ----------
    analyzer : "word", callable, or object with `build_analyzer`
        Such an object is a :class:`~sklearn.feature_extraction.text.CountVectorizer`;
        its analyzer alone is used.

    Raises
    ------
    TypeError
        If it is none of these; by the function, if it returns no list of str.
    """
    if isinstance(analyzer, str) and analyzer == "word":
        return word_tokens
    if hasattr(analyzer, "build_analyzer") and not isinstance(analyzer, type):
        return _checked(analyzer.build_analyzer())
    if callable(analyzer) and not hasattr(analyzer, "build_analyzer"):
        return _checked(analyzer)
    raise TypeError(
        f"analyzer must be 'word', a callable from text to a list of str, or an object "
        f"with build_analyzer such as CountVectorizer(), got {analyzer!r}."
    )

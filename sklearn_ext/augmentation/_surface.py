"""How tokens are written: negation, capital letters, white space, a and an."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ._forest import Names
from ._heads import plain_form
from ._substitutes import indefinite_article

__all__ = [
    "ARTICLES",
    "Spellings",
    "Writing",
    "capitalised",
    "is_clitic",
    "is_word",
    "lowered",
    "nesting",
]

ARTICLES = ("a", "an", "A", "An")
PROPER = ("NNP", "NNPS")
OPENING = "(", "[", "{", "-lrb-", "-lsb-", "-lcb-", "``", "“"
CLOSING = ")", "]", "}", "-rrb-", "-rsb-", "-rcb-", "''", "”"


def nesting(text):
    """Return 1 for a token that opens a bracket or a quotation, -1 if it closes one."""
    return (text in OPENING) - (text in CLOSING)


def is_clitic(text):
    """Return whether a token leans on the word before it: 's, n't."""
    text = plain_form(text).replace(" ", "")
    return text == "n't" or (text[:1] == "'" and text[1:].isalpha())


def is_word(text):
    """Return whether a token has a letter or a digit."""
    return any(map(str.isalnum, text))


def capitalised(text):
    """Return a token as it begins a sentence."""
    return text[:1].upper() + text[1:]


def lowered(text, tag):
    """Return a token of a sentence start as it stands further behind."""
    is_name = tag in PROPER or (text.isupper() and len(text) > 1)
    if is_name or text == "I" or plain_form(text).startswith("i'"):
        return text
    return text[:1].lower() + text[1:]


class Spellings(NamedTuple):
    """How each of many tokens may be written, one entry for each of them.

    plain, lower, capital : int32, numbers of strings. is_capital, is_word, is_clitic,
    wants_an : bool. article : int8, 0 none, 1 "a", 2 "an".
    """

    plain: np.ndarray
    lower: np.ndarray
    capital: np.ndarray
    is_capital: np.ndarray
    is_word: np.ndarray
    is_clitic: np.ndarray
    wants_an: np.ndarray
    article: np.ndarray


class Writing:
    """All strings that rows may be made of; equal tokens are looked at once."""

    def __init__(self):
        self._strings = Names(ARTICLES)
        self._known = {}
        self._rows = []

    def __getstate__(self):
        # Only what joins: the rest is for adding, and its keys are pairs.
        return {"_strings": self._strings, "_known": {}, "_rows": []}

    def add(self, text, tag):
        """Return the number of a token."""
        number = self._known.get((text, tag))
        if number is None:
            number = self._known[text, tag] = len(self._rows)
            self._rows.append(self._look_at(text, tag))
        return number

    def _look_at(self, text, tag):
        """Return the row of :class:`Spellings` for a token."""
        lower = text.lower()
        has_letters = is_word(text)
        return (
            self._strings.add(text),
            self._strings.add(lowered(text, tag)),
            self._strings.add(capitalised(text)),
            text[:1].isupper(),
            has_letters,
            is_clitic(text),
            has_letters and indefinite_article(text) == "an",
            ARTICLES.index(lower) + 1 if tag == "DT" and lower in ARTICLES else 0,
        )

    def spellings(self, numbers):
        """Return the Spellings of tokens by their numbers, one entry for each."""
        columns = zip(*self._rows, strict=True) if self._rows else ([],) * 8
        kinds = (np.int32,) * 3 + (np.bool_,) * 4 + (np.int8,)
        return Spellings(
            *(
                np.array(column, kind)[numbers]
                for column, kind in zip(columns, kinds, strict=True)
            )
        )

    def join(self, pieces, start):
        """Return the texts of rows.

        Parameters
        ----------
        pieces : ndarray of int
            For each token of each row, twice the number of its string, and one more
            if white space stands before it.
        start : ndarray of int
            Where each row begins, and the number of tokens.

        Returns
        -------
        texts : list of str
        """
        spelled = [
            piece for string in self._strings.names for piece in (string, f" {string}")
        ]
        parts = [spelled[piece] for piece in pieces.tolist()]
        ends = start.tolist()
        return ["".join(parts[a:b]) for a, b in pairwise(ends)]

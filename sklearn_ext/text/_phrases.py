"""What an embedding knows of keywords: the one form in which all of them say it."""

from typing import NamedTuple

import numpy as np

__all__ = ["Phrases"]


class Phrases(NamedTuple):
    """Keywords, each a word or several, in the space of the documents.

    vectors : float32 (m, d), raw, zero where unknown. tokens : the analysed phrase, by
    which duplicates are found. frequency : int64 (m,), documents with its rarest known
    word, -1 where the embedding has no words. reasons : why it is unknown, or None.
    """

    vectors: np.ndarray
    tokens: list[tuple[str, ...]]
    frequency: np.ndarray
    reasons: list[str | None]

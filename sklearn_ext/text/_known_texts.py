"""Find texts again that were seen before, without keeping them."""

from hashlib import blake2b

import numpy as np

__all__ = ["KnownTexts"]

DIGEST_SIZE = 16  # bytes: two of a billion texts share one with probability 1e-21
ABSENT = -1


def _digests(texts):
    """Return one digest per text, bytes that NumPy can sort."""
    joined = b"".join(
        blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_SIZE).digest()
        for text in texts
    )
    return np.frombuffer(joined, dtype=f"S{DIGEST_SIZE}")


class KnownTexts:
    """The distinct texts of a list, in the order of their digests.

    That order, unlike the list's, is the same for every permutation of the list.

    Attributes
    ----------
    digests : bytes array (m,), ascending
    first : int64 array (m,)
        Place in the list of the first text with each digest.
    """

    def __init__(self, texts):
        self.digests, self.first = np.unique(_digests(texts), return_index=True)

    def find(self, texts):
        """Return the place of each text among the distinct ones, -1 if it is new."""
        digests = _digests(texts)
        place = np.searchsorted(self.digests, digests)
        place[place == len(self.digests)] = 0
        return np.where(self.digests[place] == digests, place, ABSENT)

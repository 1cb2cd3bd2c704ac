"""The embedding of an encoder: nothing is encoded twice, and blank texts not at all."""

import numpy as np

from sklearn_ext._core._encoder import Encoder

from ._known_texts import ABSENT, KnownTexts
from ._phrases import Phrases

__all__ = ["EncoderEmbedding"]


class EncoderEmbedding:
    """Vectors of documents and keywords by one encoder.

    Equal texts are encoded once, in the order of their digests, so that the order of
    the documents does not matter. A text of the training set is never encoded again.
    Blank texts have zero vectors and change nothing. A keyword is a text of its own.
    """

    centers = True

    def __init__(self, encoder, *, device="auto"):
        self.encoder = Encoder(encoder, device=device, parameter="embedding")
        self.n_components = None

    def fit(self, texts, seed):
        """Encode the training texts; an encoder that can be fitted is fitted first."""
        written = [text for text in texts if text.strip()]
        if not written:
            raise ValueError(
                f"all {len(texts)} documents are empty or blank: there is nothing to "
                f"embed."
            )
        self.encoder.fit(written, seed)
        self.n_components = None
        self.known = KnownTexts(texts)
        self.vectors = self._encode([texts[i] for i in self.known.first])
        return self.vectors[self.known.find(texts)]

    def _encode(self, texts):
        """Return vectors by the encoder, zero for blank texts."""
        is_written = np.array([bool(text.strip()) for text in texts])
        if is_written.any():
            written = [text for text in texts if text.strip()]
            found = self.encoder.encode(written, width=self.n_components)
            self.n_components = found.shape[1]
        vectors = np.zeros((len(texts), self.n_components), dtype=np.float32)
        if is_written.any():
            vectors[is_written] = found
        return vectors

    def transform(self, texts):
        """Look up the vectors of training texts, and encode the others."""
        place = self.known.find(texts)
        vectors = self.vectors[place]
        is_new = place == ABSENT
        if is_new.any():
            vectors[is_new] = self._encode([texts[i] for i in np.flatnonzero(is_new)])
        return vectors

    def phrases(self, phrases):
        """Return keywords, each encoded by itself; white space around it is dropped."""
        stripped = [phrase.strip() for phrase in phrases]
        vectors = self.transform(stripped)
        return Phrases(
            vectors=vectors,
            tokens=[(phrase,) for phrase in stripped],
            frequency=np.full(len(phrases), -1, dtype=np.int64),
            reasons=[
                None if informed else "carries no information"
                for informed in vectors.any(axis=1).tolist()
            ],
        )

"""The space of documents: which embedding, and how its vectors are placed in it."""

from typing import Any, NamedTuple

import numpy as np

from ._label_vectors import centre, mean_vector, unit

__all__ = ["Space", "has_words", "make_embedding", "make_space"]


class Space(NamedTuple):
    """Embedded documents, before any label.

    embedding : fitted. is_centred : whether the mean was subtracted. mean : float32
    (d,), zeros if not. documents : float32 (n, d), unit, or zero without information.
    lengths : float32 (n,), of the raw vectors, None where they do not matter.
    """

    embedding: Any
    is_centred: bool
    mean: np.ndarray
    documents: np.ndarray
    lengths: np.ndarray | None

    def place(self, raw):
        """Return raw vectors of documents as unit vectors of this space."""
        return centre(raw, self.mean) if self.is_centred else unit(raw)

    def place_keywords(self, raw):
        """Return raw vectors of keywords as label vectors are made of them."""
        return centre(raw, self.mean) if self.is_centred else raw

    def summands(self):
        """Return the documents as label vectors are made of them.

        Without centring means are those of raw vectors, as published.
        """
        if self.lengths is None:
            return self.documents
        return self.documents * self.lengths[:, None]


def has_words(embedding):
    """Tell whether a fitted embedding has vectors of single words."""
    return hasattr(embedding, "word_vectors")


def make_embedding(parameters):
    """Return the unfitted embedding that the parameters of `Lbl2Vec` ask for."""
    kind = parameters.embedding
    words = {"analyzer": parameters.analyzer, "min_df": parameters.min_df}
    if isinstance(kind, str) and kind == "svd":
        from ._joint_svd import JointSVD

        return JointSVD(
            n_components=parameters.n_components, max_df=parameters.max_df, **words
        )
    from ._doc2vec import Doc2VecEmbedding, is_doc2vec

    if (isinstance(kind, str) and kind == "doc2vec") or is_doc2vec(kind):
        model = None if isinstance(kind, str) else kind
        return Doc2VecEmbedding(model, n_components=parameters.n_components, **words)
    from ._encoded import EncoderEmbedding

    return EncoderEmbedding(kind, device=parameters.device)


def make_space(parameters, embedding, raw):
    """Return the space of a fitted embedding's documents.

    Raises
    ------
    ValueError
        If no document has information, or centring leaves none.
    """
    units = unit(raw)
    n_known = int(np.count_nonzero(units.any(axis=1)))
    if n_known == 0:
        raise ValueError(
            f"None of the {len(raw)} documents has a known word or any other "
            f"information. Look at analyzer={parameters.analyzer!r} and at the texts."
        )
    is_centred = parameters.center
    if is_centred == "auto":
        is_centred = embedding.centers
    if not is_centred:
        lengths = np.sqrt(np.einsum("ij,ij->i", raw, raw, dtype=np.float64))
        matters = bool((abs(lengths[units.any(axis=1)] - 1.0) > 1e-5).any())
        lengths = lengths.astype(np.float32) if matters else None
        return Space(
            embedding, False, np.zeros(raw.shape[1], np.float32), units, lengths
        )
    mean = mean_vector(units)
    documents = centre(raw, mean)  # as new documents will be placed
    if not documents.any():
        raise ValueError(
            f"All documents have the same vector, and center={parameters.center!r} "
            f"leaves nothing of it. Set center=False, or look at analyzer="
            f"{parameters.analyzer!r} and at the texts."
        )
    return Space(embedding, True, mean, documents, None)

"""The paper's embedding, gensim's Doc2Vec, made deterministic.

Words and documents share a space because skip-gram is trained beside DBOW. New
documents are inferred by gensim's own step, from a start that depends on their words
alone: not on the process, as Python's hash does, and not on what was inferred before.
"""

import logging
import sys
from contextlib import contextmanager
from copy import copy, deepcopy
from hashlib import blake2b

import numpy as np

from sklearn_ext._core._analyzer import resolve_analyzer
from sklearn_ext._core._optional import import_optional

from ._counts import Vocabulary, count_known_words, count_words
from ._known_texts import ABSENT, KnownTexts
from ._phrases import Phrases

__all__ = ["Doc2VecEmbedding", "is_doc2vec"]

N_COMPONENTS = 300
# hs and negative together train both losses, as the authors of Lbl2Vec do.
SETTINGS = {
    "dm": 0,
    "dbow_words": 1,
    "hs": 1,
    "negative": 5,
    "window": 15,
    "sample": 1e-5,
    "epochs": 10,
    "min_count": 1,
    "workers": 1,
}


def is_doc2vec(model):
    """Tell whether an object is gensim's Doc2Vec, without importing gensim."""
    module = sys.modules.get("gensim.models.doc2vec")
    return module is not None and isinstance(model, module.Doc2Vec)


def _gensim():
    """Return gensim's module."""
    return import_optional(
        "gensim.models.doc2vec", extra="doc2vec", purpose="embedding='doc2vec'"
    )


@contextmanager
def _both_losses_meant():
    """Keep gensim from warning that hs and negative together may be a mistake."""

    def keep(record):
        return "negative sampling are activated" not in record.getMessage()

    logger = logging.getLogger("gensim.models.word2vec")
    logger.addFilter(keep)
    try:
        yield
    finally:
        logger.removeFilter(keep)


def _train(model, documents, word_counts):
    """Train a model on lists of words, its vocabulary in the order that is given."""
    tagged = _gensim().TaggedDocument
    model.sorted_vocab = 0
    model.dv.index_to_key = list(range(len(documents)))
    model.build_vocab_from_freq(word_counts, corpus_count=len(documents))
    if not len(model.wv):
        raise ValueError(
            f"embedding={model} keeps none of the {len(word_counts)} words of the "
            f"documents. Lower its min_count={model.min_count}."
        )
    if model.hs and len(model.wv) == 1:  # gensim would wait for ever
        raise ValueError(
            f"embedding={model} keeps a single word, {model.wv.index_to_key[0]!r}, of "
            f"which hierarchical softmax (hs=1) cannot make a tree. Lower min_df, or "
            f"give more documents."
        )
    model.train(
        [tagged(words, [i]) for i, words in enumerate(documents)],
        total_examples=len(documents),
        epochs=model.epochs,
    )


def _infer(model, documents):
    """Return vectors of documents, zero where none of the words is known.

    The steps are those of gensim's ``infer_vector``. `model` is a shallow copy, which
    gets a random state of its own; the arrays are shared and only read.
    """
    gensim = _gensim()
    if model.sg:
        step, scratch = gensim.train_document_dbow, 1
    elif model.dm_concat:
        step, scratch = gensim.train_document_dm_concat, 2
    else:
        step, scratch = gensim.train_document_dm, 2
    size = model.dv.vector_size
    vectors = np.zeros((len(documents), size), dtype=np.float32)
    fall = (model.alpha - model.min_alpha) / max(model.epochs - 1, 1)
    work = [np.zeros(model.layer1_size, dtype=np.float32) for _ in range(scratch)]
    lock = np.ones(1, dtype=np.float32)
    model.random = np.random.RandomState(0)  # the kind that gensim draws from
    for vector, words in zip(vectors, documents, strict=True):
        if not words:
            continue
        seed = f"{model.seed}\0" + "\0".join(words)
        digest = blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=20).digest()
        start = np.random.Generator(np.random.SFC64(int.from_bytes(digest[:16])))
        vector[:] = (start.random(size).astype(np.float32) - np.float32(0.5)) / size
        model.random.seed(int.from_bytes(digest[16:]))
        alpha = model.alpha
        for _ in range(model.epochs):
            step(
                model,
                words,
                [0],
                alpha,
                *work,
                learn_words=False,
                learn_hidden=False,
                doctag_vectors=vector.reshape(1, size),
                doctags_lockf=lock,
            )
            alpha -= fall
    return vectors


class Doc2VecEmbedding:
    """Vectors of documents and words by gensim's Doc2Vec.

    Parameters
    ----------
    model : gensim.models.doc2vec.Doc2Vec or None
        None: the settings of the paper's authors. An untrained model gives its own
        settings, its seed and number of workers too. A trained model is used as it is,
        its i-th document vector for text i. It is never changed: a copy is.
    n_components : int or None
        Length of the vectors where there is no model; None stands for 300.
    analyzer : "word", callable, or object with `build_analyzer`
    min_df : int or float
        Least document frequency of a word. Nothing to a trained model.
    """

    centers = False

    def __init__(self, model, *, n_components, analyzer, min_df):
        self.model = model
        self.n_components = n_components
        self.analyzer = analyzer
        self.min_df = min_df

    def fit(self, texts, seed):
        """Train, or take over, a model of the texts; a text's first vector is kept."""
        analyze = resolve_analyzer(self.analyzer)
        if self.model is None:
            model = _gensim().Doc2Vec(
                vector_size=self.n_components or N_COMPONENTS, seed=seed, **SETTINGS
            )
        else:
            model = deepcopy(self.model)
        model.lifecycle_events = None  # a diary with dates and the platform
        if model.train_count:
            has_words = self._take_over(model, texts, analyze)
        elif len(model.wv):
            raise ValueError(
                f"embedding={model} has a vocabulary and was never trained. Train it "
                f"on the documents, or give one that was made without documents."
            )
        else:
            has_words = self._learn(model, texts, analyze)
        model.dv.vectors[~has_words] = 0
        self.model = model
        self.n_components = model.vector_size
        self.word_vectors = model.wv.vectors
        self.known = KnownTexts(texts)
        return model.dv.vectors.copy()

    def _learn(self, model, texts, analyze):
        """Train the model; return which texts have words that it knows."""
        counts, words = count_words(texts, analyze, self.min_df, None)
        totals = np.bincount(counts.words, weights=counts.counts).astype(np.int64)
        # One string object per word, not one per occurrence.
        same = {word: word for word in words.index}
        documents = [[same[w] for w in analyze(text) if w in same] for text in texts]
        word_counts = dict(zip(same, totals.tolist(), strict=True))
        if self.model is None:
            with _both_losses_meant():
                _train(model, documents, word_counts)
        else:
            _train(model, documents, word_counts)
        # Its own min_count may leave out more, and dm_concat adds a word of no text.
        known = model.wv.key_to_index
        kept = [words.index.get(word, -1) for word in known]
        frequency = np.append(words.frequency, 0)[kept]
        self.words = words._replace(index=known, frequency=frequency)
        return np.array([any(w in known for w in document) for document in documents])

    def _take_over(self, model, texts, analyze):
        """Check that the model may be of the texts; return which have known words."""
        if len(model.dv) != len(texts):
            raise ValueError(
                f"embedding={model} was trained on {len(model.dv)} documents, and X "
                f"holds {len(texts)}. Give the documents of its training, in order."
            )
        known = model.wv.key_to_index
        counts = count_known_words(texts, analyze, known)
        has_words = np.diff(counts.indptr) > 0
        if not has_words.any():
            raise ValueError(
                f"embedding={model} knows no word of the {len(texts)} documents. "
                f"analyzer must find the words that it was trained on."
            )
        frequency = np.bincount(counts.words, minlength=len(known))
        self.words = Vocabulary(known, frequency, len(texts), {}, {})
        return has_words

    @property
    def vocabulary(self):
        """Row of `word_vectors` of each word."""
        return self.words.index

    @property
    def document_frequency(self):
        """Number of training texts that hold each word."""
        return self.words.frequency

    def transform(self, texts):
        """Look up the vectors of training texts, and infer those of the others."""
        analyze = resolve_analyzer(self.analyzer)
        place = self.known.find(texts)
        vectors = self.model.dv.vectors[self.known.first[place]]
        is_new = place == ABSENT
        known = self.vocabulary
        documents = [
            [word for word in analyze(texts[i]) if word in known]
            for i in np.flatnonzero(is_new)
        ]
        vectors[is_new] = _infer(copy(self.model), documents)
        return vectors

    def phrases(self, phrases):
        """Return keywords; a phrase has the mean of the vectors of its known words."""
        analyze = resolve_analyzer(self.analyzer)
        tokens = [tuple(analyze(phrase)) for phrase in phrases]
        vectors = np.zeros((len(phrases), self.n_components), dtype=np.float32)
        found = [self.words.find(words) for words in tokens]
        reasons = [reason for _, _, reason in found]
        for i, (known, _, _) in enumerate(found):
            if known:
                vectors[i] = self.word_vectors[known].mean(axis=0, dtype=np.float64)
        frequency = np.array([count for _, count, _ in found], dtype=np.int64)
        return Phrases(vectors, tokens, frequency, reasons)

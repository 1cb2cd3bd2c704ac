"""Encoders of every form: their vectors are hashes of texts, and they count calls."""

from hashlib import blake2b
from types import ModuleType

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

WIDTH = 6


def hashed(text):
    """Return the raw vector of a text: noise, and the same everywhere."""
    digest = blake2b(text.encode(), digest_size=WIDTH).digest()
    return np.frombuffer(digest, np.uint8).astype(np.float32) - 100


def hashed_rows(texts):
    return np.stack([hashed(text) for text in texts])


def unit(vector):
    return (vector / np.linalg.norm(vector.astype(np.float64))).astype(np.float32)


class Counting:
    """What all stand-ins share: the texts they were given, and no deep copy."""

    def __init__(self):
        self.seen = []

    def __deepcopy__(self, memo):
        raise AssertionError("the weights were copied")

    def rows(self, texts):
        assert type(texts) is list
        assert all(type(text) is str for text in texts)
        self.seen += texts
        return hashed_rows(texts)


class Encode(Counting):
    def encode(self, texts):
        return self.rows(texts)


class LimitedEncode(Encode):
    max_seq_length = 10


class Transform(Counting):
    def transform(self, texts):
        return self.rows(texts)


class Call(Counting):
    def __call__(self, texts):
        return self.rows(texts)


class Fitted(TransformerMixin, BaseEstimator):
    """An estimator; `log` is handed from clone to clone."""

    def __init__(self, log, scale=1.0, random_state=None):
        self.log = log
        self.scale = scale
        self.random_state = random_state

    def fit(self, X, y=None):
        self.log.fitted.append(list(X))
        self.seed_ = self.random_state
        return self

    def transform(self, X):
        return self.scale * self.log.rows(X)


class Log(Counting):
    """The record of :class:`Fitted`; a copy of it is itself."""

    def __init__(self):
        super().__init__()
        self.fitted = []

    def __deepcopy__(self, memo):
        return self


def fake_sentence_transformers(loads, *, encoder=Encode, delay=lambda: None):
    """Return a package whose models are stand-ins; `loads` records each loading."""

    class SentenceTransformer(encoder):
        def __init__(self, name, device):
            super().__init__()
            if "no-such" in name:
                raise OSError(f"{name} is not a local folder and is not a valid model")
            delay()
            loads.append((name, device, self))

        def __reduce__(self):
            raise AssertionError("the model was pickled")

    package = ModuleType("sentence_transformers")
    package.SentenceTransformer = SentenceTransformer
    return package

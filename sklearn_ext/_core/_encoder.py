"""Sentence encoders of any make: a model's name, an object, an estimator, a function.

What comes back is checked once, here, and is float32 and of unit length for all.
"""

import re
import threading
from collections.abc import Callable
from copy import copy
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from ._optional import import_optional
from ._sklearn import BaseEstimator, clone
from ._torch import resolve_device

__all__ = ["Encoder", "clone_sharing", "split_text"]

SENTENCE_END = re.compile(r"(?<=[.!?\u3002\uff0e\uff01\uff1f\uff61])\s+")
ROWS = 4096  # that are float64 at a time


class Loaded(NamedTuple):
    """A model that this process holds; its tokenizer serves one thread at a time."""

    model: Any
    lock: threading.Lock


_loaded: dict[tuple[str, str], Loaded] = {}
_loading = threading.Lock()


def _load(name: str, device: str, parameter: str) -> Loaded:
    """Return the model of a name from the cache of this process."""
    purpose = f"{parameter}={name!r}"
    package = import_optional("sentence_transformers", extra="text", purpose=purpose)
    device = resolve_device(device, is_worth_it=True, purpose=purpose)
    with _loading:
        if (name, device) not in _loaded:
            try:
                model = package.SentenceTransformer(name, device=device)
            except (OSError, ValueError) as error:
                raise ValueError(
                    f"{purpose} is neither a documented value of {parameter} nor a "
                    f"model that sentence-transformers can load: give the name or the "
                    f"folder of one, or an encoder object. It says: {error}"
                ) from error
            _loaded[name, device] = Loaded(model, threading.Lock())
        return _loaded[name, device]


def split_text(text: str, max_seq_length: Any) -> list[str]:
    """Cut a text that is too long for an encoder into groups of whole sentences.

    With m = `max_seq_length`, a text of more than m / 2 words becomes groups of fewer
    than m / 2 words each, and a single sentence that is longer becomes pieces of that
    length. Words are what white space separates. Without a limit nothing is cut.
    """
    if not isinstance(max_seq_length, Integral) or max_seq_length < 1:
        return [text]
    limit = int(max_seq_length)
    if 2 * len(text.split()) <= limit:
        return [text]
    most = max(1, (limit - 1) // 2)
    groups: list[list[str]] = [[]]
    for line in text.splitlines():
        for sentence in SENTENCE_END.split(line):
            words = sentence.split()
            if len(groups[-1]) + len(words) <= most:
                groups[-1] += words
            elif len(words) <= most:
                groups.append(words)
            else:
                groups += [words[i : i + most] for i in range(0, len(words), most)]
                groups.append([])
    return [" ".join(group) for group in groups if group]


def _array(output: Any) -> NDArray[Any]:
    """Return an output, tensors and lists of them too, as an array of numbers."""
    if isinstance(output, list | tuple) and output and hasattr(output[0], "detach"):
        output = [row.detach().cpu().float().numpy() for row in output]
    elif hasattr(output, "detach"):
        output = output.detach().cpu().float().numpy()
    array = np.asarray(output)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"its dtype is {array.dtype}")
    return array.astype(np.result_type(array.dtype, np.float32), copy=False)


def _checked(
    output: Any, texts: list[str], width: int | None, who: str
) -> NDArray[Any]:
    """Return the output of an encoder as a finite array with one row per text."""
    needed = f"({len(texts)}, {'n_features' if width is None else width})"
    shape = getattr(output, "shape", None)
    if issparse(output):
        raise ValueError(
            f"{who} returned a sparse array of shape {shape}; a dense one of shape "
            f"{needed} is needed. Reduce it: "
            f"make_pipeline(vectorizer, TruncatedSVD(100))."
        )
    try:
        vectors = _array(output)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{who} must return an array of numbers of shape {needed}, one row per "
            f"text, and returned a {type(output).__name__} that is none: {error}"
        ) from error
    shape = vectors.shape
    if len(shape) != 2 or shape[0] != len(texts) or shape[1] == 0:
        raise ValueError(
            f"{who} returned an array of shape {shape} for {len(texts)} texts; shape "
            f"{needed} is needed, one row per text."
        )
    if width is not None and shape[1] != width:
        raise ValueError(
            f"{who} returned an array of shape {shape}; shape {needed} is needed, the "
            f"width of the vectors of the training texts."
        )
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        text = texts[int(np.argmin(finite))]
        raise ValueError(
            f"{who} returned NaN or infinity in an array of shape {shape} where finite "
            f"numbers of shape {needed} are needed, first for the text {text[:60]!r}."
        )
    return vectors


def _unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Return rows of unit length; zero rows stay zero."""
    tiny = np.finfo(np.float64).tiny
    unit = np.empty(vectors.shape, dtype=np.float32)
    for start in range(0, len(vectors), ROWS):
        rows = vectors[start : start + ROWS].astype(np.float64)
        # The squares of very large and very small numbers are none.
        rows /= np.maximum(np.abs(rows).max(axis=1, keepdims=True), tiny)
        rows /= np.maximum(np.sqrt((rows * rows).sum(axis=1, keepdims=True)), tiny)
        unit[start : start + ROWS] = rows
    return unit


def _kind(encoder: Any, parameter: str) -> str:
    """Tell which form of encoder an object is: the first that fits."""
    if isinstance(encoder, str):
        if encoder.strip():
            return "name"
        raise ValueError(
            f"{parameter}={encoder!r} names no model: give the name or the folder of "
            f"one, or an encoder object."
        )
    if not isinstance(encoder, type):
        if callable(getattr(encoder, "encode", None)):
            return "encode"
        if hasattr(encoder, "transform"):
            return "fit" if hasattr(encoder, "fit") else "transform"
        if callable(encoder):
            return "call"
    what = "a class, not an object" if isinstance(encoder, type) else "none of these"
    raise TypeError(
        f"{parameter} must be the name of a sentence-transformers model, an object "
        f"with encode, an object with transform (with or without fit), or a callable "
        f"from a list of str to an array; got {encoder!r}, which is {what}."
    )


def _set_seeds(estimator: Any, seed: int) -> None:
    """Give a seed to each `random_state` that is None: the fit can be repeated."""
    if hasattr(estimator, "get_params"):
        unset = {
            name: seed
            for name, value in estimator.get_params().items()
            if name.rpartition("__")[2] == "random_state" and value is None
        }
        if unset:
            estimator.set_params(**unset)


class Encoder:
    """One way to call every kind of encoder.

    It pickles as what it was made of: a model given by name is no part of it.

    Parameters
    ----------
    encoder : str, object or callable
        In this order: the name or folder of a sentence-transformers model, loaded once
        per process and device; an object with ``encode(list of str)``; one with `fit`
        and `transform`, of which `fit` fits a clone; one with `transform`; a callable.
    device : {"auto", "cpu", "cuda"}
        Where a model given by name computes.
    parameter : str
        What error messages call the encoder.

    Raises
    ------
    TypeError
        If it is none of these.
    """

    def __init__(self, encoder: Any, *, device: str, parameter: str) -> None:
        self.kind = _kind(encoder, parameter)
        self.encoder = encoder
        self.device = device
        self.parameter = parameter

    def fit(self, texts: list[str], seed: int) -> None:
        """Fit a clone where there is something to fit."""
        if self.kind == "fit":
            self.encoder = clone(self.encoder, safe=False)
            _set_seeds(self.encoder, seed)
            self.encoder.fit(texts, None)  # a FrozenEstimator asks for y

    def encode(self, texts: list[str], *, width: int | None) -> NDArray[np.float32]:
        """Return unit vectors, one row per text, each distinct text encoded once.

        A text that is too long for the encoder gets the mean of the vectors of its
        parts. `width`, if it is known, is that of the vectors.

        Raises
        ------
        ValueError
            If the encoder returns something else than one finite dense row per text.
        """
        if self.kind == "name":
            model, lock = _load(self.encoder, self.device, self.parameter)
            with lock:
                return self._encode(texts, width, model, model.encode)
        function = {
            "encode": lambda texts: self.encoder.encode(texts),
            "fit": lambda texts: self.encoder.transform(texts),
            "transform": lambda texts: self.encoder.transform(texts),
            "call": self.encoder,
        }[self.kind]
        return self._encode(texts, width, self.encoder, function)

    def _encode(
        self,
        texts: list[str],
        width: int | None,
        model: Any,
        function: Callable[[list[str]], Any],
    ) -> NDArray[np.float32]:
        """Encode all parts of all texts in one call, and put them together."""
        limit = getattr(model, "max_seq_length", None)
        parts = {text: split_text(text, limit) for text in texts}
        row_of: dict[str, int] = {}
        for part in (part for of_text in parts.values() for part in of_text):
            row_of.setdefault(part, len(row_of))
        who = f"{self.parameter}={getattr(model, '__qualname__', type(model).__name__)}"
        found = _checked(function(list(row_of)), list(row_of), width, who)
        rows = [[row_of[part] for part in parts[text]] for text in texts]
        vectors = found[[of_text[0] for of_text in rows]]
        for i, of_text in enumerate(rows):
            if len(of_text) > 1:
                vectors[i] = found[of_text].mean(axis=0, dtype=np.float64)
        return _unit(vectors)


def clone_sharing(estimator: Any, parameter: str) -> Any:
    """Clone an estimator without copying the weights of the encoder that it was given.

    What is no estimator itself is passed on as it is: ``clone`` would deep-copy it. An
    estimator is cloned, so that a grid search can set its parameters.
    """
    encoder = getattr(estimator, parameter)
    without = copy(estimator)
    setattr(without, parameter, None)
    cloned = BaseEstimator.__sklearn_clone__(without)
    is_estimator = hasattr(encoder, "get_params") and not isinstance(encoder, type)
    setattr(cloned, parameter, clone(encoder) if is_estimator else encoder)
    return cloned

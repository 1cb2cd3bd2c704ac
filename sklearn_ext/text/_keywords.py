"""Keywords as given, what an embedding knows of them, and a report of both."""

import warnings
from collections.abc import Iterable, Mapping
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from ._label_vectors import ranked, similarities
from ._spelling import suggestions

__all__ = [
    "Keyword",
    "KnownKeywords",
    "Topics",
    "keyword_report",
    "look_up",
    "look_up_free",
    "nearest_words",
    "read_keywords",
]

FORMS = (
    "a dict from label to a list of str, such as {'sport': ['match', 'team'], 'oil': "
    "['crude']}, or a list of lists of str, such as [['match', 'team'], ['crude']]"
)
REMEDIES = {
    "unknown": "Take words as they are spelt in the documents.",
    "in fewer than min_df documents": (
        "Lower min_df{min_df} to keep rarer words: some dozens of documents need 1 or "
        "2, some thousands 5 to 10."
    ),
    "in more than max_df of the documents": (
        "Raise max_df{max_df} to keep words that are in so many documents."
    ),
    "no token left": (
        "The analyzer drops them: words have at least two letters, unless analyzer is "
        "another one."
    ),
    "carries no information": (
        "Its vector is zero: take words that are not spread evenly over the documents, "
        "or that the encoder knows."
    ),
}
LONGEST_SHOWN = 120


class Topics(NamedTuple):
    """Labels and their keywords, as given.

    classes : int64 or str array (L,), sorted. phrases : the keywords of each.
    reject_label : what stands for none of the classes.
    """

    classes: np.ndarray
    phrases: list[list[str]]
    reject_label: int | str


class Keyword(NamedTuple):
    """A keyword as given, and what an embedding knows of it.

    code is the place of its label among the classes, frequency -1 where the embedding
    has no words, reason why it is unknown or None, shared_with the other codes.
    """

    code: int
    phrase: str
    tokens: tuple[str, ...]
    frequency: int
    reason: str | None
    suggestions: list[str]
    shared_with: list[int]


class KnownKeywords(NamedTuple):
    """The keywords of all labels in the space of an embedding.

    vectors : float32 arrays (n_known, d), raw, one for each class: those of its
    distinct known keywords, by their tokens. given : every keyword as given.
    given_vectors : float32 (n_given, d), raw, zero where unknown.
    """

    classes: np.ndarray
    vectors: list[np.ndarray]
    given: list[Keyword]
    given_vectors: np.ndarray

    @property
    def unknown(self):
        """The unknown keywords of each label that has some."""
        found: dict[int | str, list[str]] = {}
        labels = self.classes.tolist()
        for keyword in self.given:
            if keyword.reason is not None:
                found.setdefault(labels[keyword.code], []).append(keyword.phrase)
        return found

    def words(self, code):
        """Return the words that are keywords of a class by themselves."""
        own = (keyword.tokens for keyword in self.given if keyword.code == code)
        return {tokens[0] for tokens in own if len(tokens) == 1}


def _shown(value):
    """Return a value for a message: in one line, cut where it is long."""
    text = repr(value).replace("\n", " ")
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


def _read_phrases(values, of_label):
    """Return the keywords of one label as a list of str; `of_label` is for messages."""
    if isinstance(values, str):
        raise ValueError(
            f"The keywords{of_label} are a str, {values!r}, which would be taken apart "
            f'into characters. Put it into a list: ["{values}"].'
        )
    if isinstance(values, bytes) or not isinstance(values, Iterable):
        raise TypeError(
            f"The keywords{of_label} must be a list of str, got {_shown(values)} "
            f"({type(values).__name__})."
        )
    phrases = list(values)
    if not phrases:
        raise ValueError(
            f"There are no keywords{of_label}. Give at least one str, or leave the "
            f"label out."
        )
    for phrase in phrases:
        if not isinstance(phrase, str):
            raise TypeError(
                f"Keywords must be str, and one{of_label} is {_shown(phrase)} "
                f"({type(phrase).__name__})."
            )
        if not phrase.strip():
            raise ValueError(
                f"One of the keywords{of_label} is {phrase!r}, which is blank. Leave "
                f"it out."
            )
    phrases = [str.__str__(phrase) for phrase in phrases]  # np.str_ is a str, too
    return sorted(phrases) if isinstance(values, set | frozenset) else phrases


def _by_label(keywords: Any) -> dict[Any, Any]:
    """Return `keywords`, a mapping or a list of lists, as a dict."""
    if not isinstance(keywords, Mapping | list | tuple):
        raise TypeError(
            f"keywords must be {FORMS}; got {_shown(keywords)} "
            f"({type(keywords).__name__})."
        )
    if not keywords:
        raise ValueError(f"keywords must name at least one label: {FORMS}.")
    if isinstance(keywords, Mapping):
        return dict(keywords)
    if all(isinstance(entry, str) for entry in keywords):
        raise ValueError(
            f"keywords is a flat list of str, {_shown(list(keywords))}, and does not "
            f"say which words belong to one label. It must be {FORMS}."
        )
    return dict(enumerate(keywords))


def _check_labels(labels):
    """Raise TypeError unless labels are all str or all int."""
    of_kind = {
        "str": [isinstance(label, str) for label in labels],
        "int": [
            isinstance(label, Integral) and not isinstance(label, bool)
            for label in labels
        ],
    }
    if not any(map(all, of_kind.values())):
        kinds = sorted({type(label).__name__ for label in labels})
        raise TypeError(
            f"The labels of keywords must be all str or all int, got "
            f"{_shown(list(labels))} ({', '.join(kinds)})."
        )
    limits = np.iinfo(np.int64)
    for label in labels:
        if isinstance(label, Integral) and not limits.min <= label <= limits.max:
            raise ValueError(
                f"The label {label} of keywords must fit into 64 bits. Give labels as "
                f"str."
            )


def read_keywords(keywords, *, rejects=False):
    """Return labels and keywords in their normal form.

    Parameters
    ----------
    keywords : dict or list of lists
        As :class:`Lbl2Vec` takes them.
    rejects : bool, default=False
        Whether the label that stands for no class is needed.

    Returns
    -------
    topics : Topics

    Raises
    ------
    TypeError
        If it is of another kind, for labels that are not all str or all int, and for a
        keyword that is no str.
    ValueError
        If there is no label, or one without keywords; for blank keywords, for a str in
        place of a list, and for a class that is called as the rejected are.
    """
    by_label = _by_label(keywords)
    _check_labels(by_label)
    is_text = isinstance(next(iter(by_label)), str)
    convert = str.__str__ if is_text else int
    read = {
        convert(label): _read_phrases(values, f" of label {convert(label)!r}")
        for label, values in by_label.items()
    }
    classes = sorted(read)
    reject_label = "outlier" if is_text else -1
    if rejects and reject_label in read:
        raise ValueError(
            f"With a reject_threshold, {reject_label!r} stands for documents of no "
            f"label, and keywords names a label {reject_label!r}. Call that label "
            f"otherwise, or set reject_threshold=None."
        )
    return Topics(
        np.array(classes, dtype=None if is_text else np.int64),
        [read[label] for label in classes],
        reject_label,
    )


def _known_words(embedding):
    """Return the words that may be keywords, in the order of the vocabulary."""
    vocabulary = getattr(embedding, "vocabulary", None)
    if vocabulary is None:
        return []
    has_vector = embedding.word_vectors.any(axis=1)
    return [word for word, row in vocabulary.items() if has_vector[row]]


def _describe(keyword):
    """Return an unknown keyword, why it is unknown, and what is spelt alike."""
    near = ", ".join(map(repr, keyword.suggestions))
    return f"{keyword.phrase!r} ({keyword.reason}{'; near: ' if near else ''}{near})"


def _remedies(keywords, embedding):
    """Return what helps against the reasons for which keywords are unknown."""
    values = {
        name: f"={getattr(embedding, name)!r}" if hasattr(embedding, name) else ""
        for name in ("min_df", "max_df")
    }
    reasons = {keyword.reason for keyword in keywords}
    texts = [text for reason, text in REMEDIES.items() if reason in reasons]
    return " ".join(texts).format_map(values)


def _find(phrases, embedding):
    """Return keywords and vectors for lists of phrases, one list for each code."""
    asked = list(dict.fromkeys(phrase for own in phrases for phrase in own))
    place = {phrase: i for i, phrase in enumerate(asked)}
    found = embedding.phrases(asked)
    lost = [i for i, reason in enumerate(found.reasons) if reason is not None]
    # Of a phrase without tokens the characters may still be near a word.
    wanted = [found.tokens[i] or (asked[i].strip().lower(),) for i in lost]
    near = suggestions(wanted, _known_words(embedding)) if lost else []
    near = dict(zip(lost, near, strict=True))
    users: dict[tuple[str, ...], set[int]] = {}
    for code, own in enumerate(phrases):
        for phrase in own:
            users.setdefault(found.tokens[place[phrase]], set()).add(code)
    given, rows = [], []
    for code, own in enumerate(phrases):
        for phrase in own:
            i = place[phrase]
            tokens = found.tokens[i]
            others = sorted(users[tokens] - {code}) if tokens else []
            frequency, reason = int(found.frequency[i]), found.reasons[i]
            given.append(
                Keyword(
                    code, phrase, tokens, frequency, reason, near.get(i, []), others
                )
            )
            rows.append(i)
    return given, np.ascontiguousarray(found.vectors[rows], dtype=np.float32)


def _distinct(given, n_labels):
    """Return the places of each label's distinct known keywords, by their tokens."""
    places: list[dict[tuple[str, ...], int]] = [{} for _ in range(n_labels)]
    for i, keyword in enumerate(given):
        if keyword.reason is None:
            places[keyword.code].setdefault(keyword.tokens, i)
    return [{tokens: own[tokens] for tokens in sorted(own)} for own in places]


def _check_known(given, distinct, labels, embedding):
    """Raise if a label has no known keyword."""
    empty = [code for code, places in enumerate(distinct) if not places]
    if empty:
        lost = [keyword for keyword in given if keyword.code in empty]
        each = "; ".join(
            (f"label {labels[code]!r}: " if labels else "")
            + ", ".join(_describe(keyword) for keyword in lost if keyword.code == code)
            for code in empty
        )
        raise ValueError(
            f"None of the keywords is known for {each}. {_remedies(lost, embedding)}"
        )


def _warning(given, labels, embedding):
    """Return the text about unknown keywords, None if there are none."""
    lost = [keyword for keyword in given if keyword.reason is not None]
    if not lost:
        return None
    each = ", ".join(
        _describe(keyword) + (f" of label {labels[keyword.code]!r}" if labels else "")
        for keyword in lost
    )
    return f"Unknown keywords are left out: {each}. {_remedies(lost, embedding)}"


def look_up(topics, embedding):
    """Find the keywords of all labels in an embedding.

    Parameters
    ----------
    topics : Topics
    embedding : JointSVD, Doc2VecEmbedding or EncoderEmbedding
        Fitted.

    Returns
    -------
    known : KnownKeywords

    Raises
    ------
    ValueError
        If a label has no known keyword.

    Warns
    -----
    UserWarning
        Of all unknown keywords, with words spelt alike; of labels that have the same
        known keywords.
    """
    given, vectors = _find(topics.phrases, embedding)
    labels = topics.classes.tolist()
    distinct = _distinct(given, len(labels))
    _check_known(given, distinct, labels, embedding)
    text = _warning(given, labels, embedding)
    if text is not None:
        warnings.warn(text, UserWarning, stacklevel=5)  # the caller of fit
    first: dict[tuple[tuple[str, ...], ...], int | str] = {}
    for label, places in zip(labels, distinct, strict=True):
        twin = first.setdefault(tuple(places), label)
        if twin != label:
            warnings.warn(
                f"The labels {twin!r} and {label!r} have the same known keywords and "
                f"cannot be told apart: every document goes to {twin!r}. Give one of "
                f"them other keywords, or leave it out.",
                UserWarning,
                stacklevel=5,
            )
    own = [vectors[list(places.values())] for places in distinct]
    return KnownKeywords(topics.classes, own, given, vectors)


def look_up_free(keywords, embedding):
    """Return the vectors of a plain list of keywords, float32 (n_known, d), raw.

    They are the distinct known ones, by their tokens. Raises and warns as `look_up`
    does for a label.
    """
    given, vectors = _find([_read_phrases(keywords, "")], embedding)
    (distinct,) = _distinct(given, 1)
    _check_known(given, [distinct], None, embedding)
    text = _warning(given, None, embedding)
    if text is not None:
        warnings.warn(text, UserWarning, stacklevel=4)  # the caller of retrieve
    return vectors[list(distinct.values())]


def keyword_report(known, vectors, label_vectors):
    """Return what is known of each given keyword, a DataFrame.

    Parameters
    ----------
    known : KnownKeywords
    vectors : float32 array of shape (n_given, d)
        `known.given_vectors` in the space of the labels, centred if they are.
    label_vectors : float32 array of shape (L, d)
    """
    import pandas as pd

    labels = known.classes.tolist()
    codes = np.array([keyword.code for keyword in known.given])
    is_known = np.array([keyword.reason is None for keyword in known.given])
    cosine = similarities(vectors, label_vectors)
    nearest = [
        labels[code] if seen else None
        for code, seen in zip(cosine.argmax(axis=1), is_known, strict=True)
    ]
    own = cosine[np.arange(len(codes)), codes]
    frequency = pd.Series([keyword.frequency for keyword in known.given], dtype="Int64")
    is_int = known.classes.dtype.kind == "i"
    return pd.DataFrame(
        {
            "label": known.classes[codes],
            "keyword": [keyword.phrase for keyword in known.given],
            "tokens": [keyword.tokens for keyword in known.given],
            "known": is_known,
            "document_frequency": frequency.mask(frequency < 0),
            "reason": [keyword.reason or "" for keyword in known.given],
            "suggestions": [keyword.suggestions for keyword in known.given],
            "similarity": np.where(is_known, own, np.nan),
            "nearest_label": pd.Series(nearest, dtype="Int64" if is_int else None),
            "shared_with": [
                [labels[code] for code in keyword.shared_with]
                for keyword in known.given
            ],
        }
    )


def nearest_words(
    label_vector, vocabulary, word_vectors, document_frequency, *, exclude, top_k
):
    """Return the known words nearest to a label that are not excluded, a DataFrame.

    Parameters
    ----------
    label_vector : float32 array of shape (d,)
    vocabulary : dict from str to int
        Words and their rows.
    word_vectors : float32 array of shape (n_words, d)
        In the space of the label vector; zero rows are words that are not known.
    document_frequency : int64 array of shape (n_words,)
    exclude : collection of str
        The label's own keywords.
    top_k : int or None
        None: all.
    """
    import pandas as pd

    has_vector = word_vectors.any(axis=1)
    words = [w for w, row in vocabulary.items() if has_vector[row] and w not in exclude]
    rows = np.array([vocabulary[word] for word in words], dtype=np.int64)
    similarity = similarities(word_vectors[rows], label_vector[None])[:, 0]
    best = ranked(similarity, len(words) if top_k is None else top_k)
    return pd.DataFrame(
        {
            "word": [words[i] for i in best],
            "similarity": similarity[best],
            "document_frequency": document_frequency[rows[best]],
        }
    )

"""What an augmenter has learned of each class, and the rows that it makes of that."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from ._acceptance import Sources, accept_rows, joined, normal_form
from ._class_grammar import ClassGrammar
from ._forest import flatten
from ._label_filter import LabelFilter
from ._recombine import Recombiner

__all__ = ["class_models", "donor_matrix", "draw", "production_table"]


SLACK = 2.0  # nats per token below the least likely original


class ClassModel(NamedTuple):
    """The grammar of one class and what makes candidates of it."""

    grammar: ClassGrammar
    recombiner: Recombiner
    samples: np.ndarray  # int64: rows of X
    floor: float  # least log-probability per token of the originals


def class_models(analysis, codes, model, edits, substitutes):
    """Return a ClassModel for each class.

    Parameters
    ----------
    analysis : Analysis
    codes : ndarray of int64 of shape (n_samples,)
        Classes as numbers.
    model : LexicalModel
    edits : dict
        Probabilities "subtree", "word" and "synonym".
    substitutes : callable or None
        From word and tag to other words.
    """
    return [
        class_model(analysis, np.flatnonzero(codes == code), model, edits, substitutes)
        for code in range(codes.max() + 1)
    ]


def class_model(analysis, samples, model, edits, substitutes):
    """Return the ClassModel of some rows."""
    nodes, sentences, weights, places = [], [], [], []
    for sample in samples.tolist():
        for number, some in enumerate(analysis.nodes[sample]):
            nodes += some
            sentences += analysis.sentences[sample][number]
            weights += [parse.weight for parse in analysis.parses[sample][number]]
            places += [(sample, number)] * len(some)
    places, weights = np.array(places, dtype=np.int64), np.array(weights)
    symbols, words = model.symbols.copy(), model.words.copy()
    forest = flatten(nodes, symbols, words)
    # Every row weighs the same, however many sentences it has.
    n_sentences = np.array([len(some) for some in analysis.nodes])[places[:, 0]]
    grammar = ClassGrammar(model, forest, weights / n_sentences, symbols, words)
    recombiner = Recombiner(
        grammar,
        forest,
        places[:, 0],
        places[:, 1],
        weights,
        sentences,
        substitutes=substitutes,
        **edits,
    )
    first = np.r_[True, (places[1:] != places[:-1]).any(axis=1)]  # the best parses
    scores = np.bincount(places[first, 0], grammar.log_prob(forest)[first])[samples]
    n_tokens = [
        sum(len(some[0].words) for some in analysis.sentences[i]) for i in samples
    ]
    floor = np.min(scores / n_tokens) - SLACK
    return ClassModel(grammar, recombiner, samples, float(floor))


def draw(fitted, counts, *, seed, max_tries, label_filter, filter_threshold, verbose):
    """Make new rows of each class.

    Parameters
    ----------
    fitted : object
        With `table`, `y`, `codes`, `classes`, `models`.
    counts : list of int
        How many of each class.

    Returns
    -------
    rows : NewRows
        Those of a class stand together, in the order of the classes.
    report : dict of dict
        What became of each class.
    """
    judge = None
    if label_filter is not None:
        judge = LabelFilter(
            label_filter,
            filter_threshold,
            fitted.table.X,
            fitted.y,
            fitted.codes,
            seed,
        )
    taken = {normal_form(text): True for text in fitted.table.texts}
    rows, report = [], {}
    for index, (model, n_rows) in enumerate(zip(fitted.models, counts, strict=True)):
        label = fitted.classes[index]
        order = np.random.default_rng((seed, index)).permutation(model.samples)
        wanted = n_rows if judge is None else 3 * n_rows
        new, rejected = accept_rows(
            model.recombiner,
            model.grammar,
            Sources(wanted, order, max_tries, budget=max_tries * n_rows),
            seed=seed,
            class_index=index,
            floor=model.floor,
            taken=taken,
        )
        if judge is not None and new.texts:
            new, rejected["filter"] = confirmed(new, judge, fitted.table, label, n_rows)
        rows.append(new)
        report[label.item() if hasattr(label, "item") else label] = line = {
            "requested": n_rows,
            "made": len(new.texts),
            "rejected": rejected,
            **dict(
                zip(
                    ("replaced_phrases", "class_words", "synonyms"),
                    new.edits.sum(axis=0).tolist(),
                    strict=True,
                )
            ),
            "distinct_1": distinct(new.texts, 1),
            "distinct_2": distinct(new.texts, 2),
        }
        if verbose:
            print(f"class {label!s}: {line}")  # noqa: T201
    return joined(rows), report


def confirmed(new, judge, table, label, n_rows):
    """Return the rows that the filter likes best, and how many it refused."""
    passed, confidence = judge.judge(
        table.with_texts(new.source, new.texts), new.source, label
    )
    passing = np.flatnonzero(passed)
    best = passing[np.argsort(-confidence[passing], kind="stable")][:n_rows]
    return new.take(np.sort(best)), int((~passed).sum())


def distinct(texts, n):
    """Return the share of different ones among all sequences of n words."""
    words = [text.lower().split() for text in texts]
    grams = [tuple(w[i : i + n]) for w in words for i in range(len(w) - n + 1)]
    return len(set(grams)) / len(grams) if grams else float("nan")


def donor_matrix(n_originals, donors, n_samples):
    """Return which rows of X each row comes from; an original from itself."""
    indptr = np.cumsum([0, *[1] * n_originals, *map(len, donors)])
    indices = np.concatenate([np.arange(n_originals), *donors]).astype(np.int64)
    return sparse.csr_array(
        (np.ones(len(indices), dtype=bool), indices, indptr),
        shape=(len(indptr) - 1, n_samples),
    )


def production_table(models, classes):
    """Return the productions of each class in one frame."""
    frames = []
    for model, label in zip(models, classes, strict=True):
        frame = model.grammar.productions()
        frame.insert(0, "class", [label] * len(frame))
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)

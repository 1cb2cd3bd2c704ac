"""Part of the demo: new labelled texts from a few, and where they come from."""

import re
import textwrap
import time
import warnings
from importlib.util import find_spec

import numpy as np
from _reviews import reviews, wordnet
from _screen import WIDTH, row, section, title, waiting
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from sklearn_ext import (
    ALPAugmenter,
    AugmentationSplit,
    AugmentedClassifier,
    LexicalizedPCFGParser,
)
from sklearn_ext.augmentation import AugmentationWarning, find_heads

SENTENCE = "The weak plot has been copied from a bad television show."
N_NEW, N_DRAWS = 15, 4


def show_augmentation():
    """Show a parsed sentence, new texts with their donors, and what a leak is worth."""
    title("new texts from a few")
    texts, labels = reviews()
    print(f"  {len(texts)} film reviews, half of them good; ten of each to learn from")
    for missing in what_is_missing():
        print(f"  {missing}")
    show_heads(LexicalizedPCFGParser.load())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AugmentationWarning)  # it is told above
        show_rows(texts, labels)
        show_leaks(texts, labels)


def what_is_missing():
    """Return a line for each optional thing that is not installed."""
    if wordnet() is None:
        yield "no WordNet here: words come from other texts, none is a synonym"
    if find_spec("lemminflect") is None:
        yield "without the extra augmentation synonyms are inflected by regular rules"


def show_heads(parser):
    """Print the phrases of a sentence, each with its head word."""
    section("A parse with heads", "the grammar comes with the package")
    tree = parser.predict([SENTENCE])[0]
    words = re.findall(r" ([^()\s]+)\)", tree)
    ends = []
    for label, start, end, head in find_heads(tree, semantic=True)[1:]:
        while ends and ends[-1] <= start:
            ends.pop()
        name = "  " * len(ends) + label
        print(f"  {name:14}{words[head]:10}{' '.join(words[start:end])}")
        ends.append(end)


def show_rows(texts, labels):
    """Print new rows with their donors, and how fast they are made."""
    few, y = texts[:20], labels[:20]
    augmenter = ALPAugmenter(N_NEW, synonyms=wordnet(), random_state=0)
    with threadpool_limits(1):
        start = time.perf_counter()
        table, y_table = augmenter.fit_resample(few, y)
        seconds = time.perf_counter() - start
        start = time.perf_counter()
        many, _ = augmenter.sample(500)
        rate = len(many) / (time.perf_counter() - start)
    section("New rows", "those of three sources with the best scores; then the sources")
    n_donors = augmenter.donor_indices_.sum(axis=1)
    for label in augmenter.classes_:
        rows = np.flatnonzero((n_donors == 3) & (y_table == label))
        for i in rows[np.argsort(-augmenter.scores_[rows])][:2]:
            score = f"{augmenter.scores_[i]:.1f}"
            row([f"{label}, score {score}", table[i]], [20, 0])
            for k in augmenter.donor_indices_[[i]].indices:
                text = textwrap.shorten(few[k], WIDTH - 30, placeholder=" ...")
                row(["", f"    {text}"], [20, 0])
    print(
        f"  {2 * N_NEW} rows in {seconds:.2f} s, parsing of {len(few)} texts included; "
        f"from the same grammars {rate:,.0f} rows/s"
    )


def validated(few, y, others, y_others, seed):
    """Return what cross-validations say of a classifier, and what is true."""
    classifier = make_pipeline(
        TfidfVectorizer(sublinear_tf=True), LogisticRegression(C=10)
    )
    augmenter = ALPAugmenter(N_NEW, synonyms=wordnet(), random_state=seed)
    table, y_table = augmenter.fit_resample(few, y)
    folds = StratifiedKFold(shuffle=True, random_state=seed)
    by_source = StratifiedGroupKFold(shuffle=True, random_state=seed)
    by_donors = AugmentationSplit.from_augmenter(augmenter, folds)
    source = augmenter.sample_indices_
    inside = AugmentedClassifier(classifier, augmenter, augmented_weight=None)
    return {
        "augment, then split": cross_val_score(classifier, table, y_table, cv=folds),
        "groups by source": cross_val_score(
            classifier, table, y_table, groups=source, cv=by_source
        ),
        "AugmentationSplit": cross_val_score(classifier, table, y_table, cv=by_donors),
        "AugmentedClassifier": cross_val_score(inside, few, y, cv=folds),
        "true": classifier.fit(table, y_table).score(others, y_others),
    }


def show_leaks(texts, labels):
    """Print accuracies of cross-validations that leak, and of those that do not."""
    section(
        "Cross-validation",
        f"of the same classifier and new rows, mean of {N_DRAWS} draws of 20 texts",
    )
    found = []
    with waiting("five folds, four ways"), threadpool_limits(1):
        for seed in range(N_DRAWS):
            few, others, y, y_others = train_test_split(
                texts, labels, train_size=20, stratify=labels, random_state=seed
            )
            found.append(validated(few, y, others, y_others, seed))
    means = {way: np.mean([draw[way] for draw in found]) for way in found[0]}
    truth = means.pop("true")
    widths = [24, 10, 10]
    row(["", "accuracy", "error"], widths)
    for way, mean in means.items():
        row([way, f"{mean:.2f}", f"{mean - truth:+.2f}"], widths)
    row(["on the other 20 texts", f"{truth:.2f}", ""], widths)
    print("  The first two leak. The others learn from 16 texts of 20, and scatter.")

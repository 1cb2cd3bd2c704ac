"""Find one set of defaults for text, on training sets alone; then test it once.

python asv_bench/text_study.py search      one factor at a time, a fifth held out
python asv_bench/text_study.py test        the defaults on the official test sets
python asv_bench/text_study.py peer        ours and pyTsetlinMachine, equal settings
python asv_bench/text_study.py report      the tables of the user guide

Results are appended to text_study.csv, one line per fit; what is there is not rerun.
"""

import argparse
import csv
import json
import lzma
import os
import time
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.naive_bayes import BernoulliNB, ComplementNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from sklearn_ext import TsetlinMachineClassifier

HERE = Path(__file__).parent
SHARED = Path(os.environ.get("SKLEARN_EXT_SHARED", HERE.parents[1] / "shared")) / "data"
RESULTS = HERE / "text_study.csv"
SEEDS = range(5)
EPOCHS = (1, 5, 10, 20, 30, 50)

# The search varies one factor of this; it is small, so that five seeds are affordable.
BASE = {
    "n_clauses": 200,
    "threshold": 800,
    "specificity": 1.5,
    "max_iter": 30,
    "max_literals": 64,
}
VARIATIONS = [
    {},
    *({"threshold": t} for t in (50, 200, 400, 1600)),
    *({"specificity": s} for s in (1.1, 2.0, 3.0, 5.0)),
    *({"max_literals": m} for m in (16, 32, 128, None)),
    *({"feature_negation": share} for share in (0.01, 0.05, False)),
    *({"batch_size": size} for size in (20, 100)),
    {"weighted": False, "threshold": 100},
    {"boost_true_positive": False},
    *({"n_clauses": n, "threshold": 4 * n} for n in (500, 1000)),
    *({"n_clauses": 1000, "threshold": 4000, "clause_drop": p} for p in (0.5, 0.75)),
    {"n_clauses": 500, "threshold": 2000, "max_iter": 50},
    # after these, the best of each together; three seeds or fewer
    *({"n_clauses": 500, "threshold": t, "specificity": 1.1} for t in (2000, 4000)),
]

SENTENCES = {
    "token_pattern": r"(?u)\S+",
    "min_df": 3,
    "ngram_range": (1, 2),
}
FEATURES = {
    "trec": (SENTENCES, 3000),
    "20news": ({"min_df": 5, "stop_words": "english"}, 5000),
}


def read_sentences(name):
    """Return texts and labels of one of the sentence collections."""
    table = pd.read_csv(
        SHARED / "sentences" / f"{name}.tsv.gz",
        sep="\t",
        header=None,
        names=["label", "text"],
        quoting=csv.QUOTE_NONE,
        keep_default_na=False,
    )
    return table["text"].to_numpy(), table["label"].to_numpy()


def read(name, part):
    """Return texts and labels of "train" or "test"."""
    if name == "20news":
        with lzma.open(SHARED / "tsetlin" / "20news_bydate.json.xz", "rt") as file:
            data = json.load(file)[part]
        return np.array(data["text"], object), np.array(data["y"])
    return read_sentences(f"{name}.{part}")


def features(name):
    """Return the presence bits that both kinds of model work on."""
    counts, k = FEATURES.get(name, (SENTENCES, 5000))
    return make_pipeline(CountVectorizer(binary=True, **counts), KBestAtMost(k))


class KBestAtMost(SelectKBest):
    """The k features with the highest chi-square, or all if there are fewer."""

    def __init__(self, k):
        super().__init__(chi2, k=k)

    def _check_params(self, X, y):
        self.k = min(self.k, X.shape[1])


class Scores:
    """Callback: the accuracy on other rows after some of the epochs."""

    def __init__(self, X, y):
        self.X, self.y, self.by_epoch = X, y, {}

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name == "epoch" and fitted_estimator is not None:
            n_iter = fitted_estimator.n_iter_
            if n_iter in EPOCHS:
                self.by_epoch[n_iter] = fitted_estimator.score(self.X, self.y)


def fit(train, test, seed, parameters):
    """Fit one machine, and return what is to be known of it."""
    scores = Scores(*test)
    machine = TsetlinMachineClassifier(random_state=seed, **parameters)
    machine.set_callbacks(scores)
    start = time.process_time()
    machine.fit(*train)
    limit = machine.max_literals or np.inf
    return {
        "accuracy": machine.score(*test),
        "by_epoch": json.dumps(scores.by_epoch),
        "median_literals": float(np.median(machine.n_literals_)),
        "over_budget": float((machine.n_literals_ > limit).mean()),
        "cpu_seconds": time.process_time() - start,
    }


def score(model, train, test):
    """Fit a linear model and score it."""
    return {"accuracy": model.fit(*train).score(*test)}


def linear_models():
    """Return the linear models of the comparison."""
    return {
        "BernoulliNB": BernoulliNB(),
        "ComplementNB": ComplementNB(),
        "LinearSVC(C=0.05)": LinearSVC(C=0.05),
        "LogisticRegression": LogisticRegression(max_iter=1000),
    }


class Log:
    """The lines of the result file; knows what was run."""

    def __init__(self):
        self.rows = read_results().to_dict("records") if RESULTS.exists() else []
        self.known = {(r["phase"], r["data"], r["model"], r["seed"]) for r in self.rows}

    def run(self, phase, data, model, seed, function):
        """Run and write down, unless it is known."""
        if (phase, data, model, seed) in self.known:
            return
        row = {"phase": phase, "data": data, "model": model, "seed": seed, **function()}
        is_new = not RESULTS.exists()
        with RESULTS.open("a", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            if is_new:
                writer.writeheader()
            writer.writerow(row)
        print(phase, data, model, seed, f"{row['accuracy']:.4f}", flush=True)  # noqa: T201


COLUMNS = [
    "phase",
    "data",
    "model",
    "seed",
    "accuracy",
    "by_epoch",
    "median_literals",
    "over_budget",
    "cpu_seconds",
]


def read_results():
    """Return the result file as a frame."""
    return pd.read_csv(RESULTS)


def search(n_seeds):
    """Score every variation on a fifth of the training sets."""
    log = Log()
    for seed in range(n_seeds):
        for name in FEATURES:
            texts, y = read(name, "train")
            parts = train_test_split(
                texts, y, test_size=0.2, stratify=y, random_state=seed
            )
            bits = features(name)
            train = bits.fit_transform(parts[0], parts[2]), parts[2]
            held_out = bits.transform(parts[1]), parts[3]
            for model, linear in linear_models().items():
                log.run(
                    "search",
                    name,
                    model,
                    seed,
                    partial(score, linear, train, held_out),
                )
            for variation in VARIATIONS:
                log.run(
                    "search",
                    name,
                    json.dumps(variation),
                    seed,
                    partial(fit, train, held_out, seed, BASE | variation),
                )


def test(parameters, names):
    """Score the defaults, or other parameters, where the test set is official."""
    log = Log()
    for name in names:
        bits = features(name)
        train_texts, train_y = read(name, "train")
        test_texts, test_y = read(name, "test")
        train = bits.fit_transform(train_texts, train_y), train_y
        held_out = bits.transform(test_texts), test_y
        run_models(log, "test", name, train, held_out, SEEDS, parameters)


def cross_validate(parameters, names):
    """Score the same in ten folds where there is no test set."""
    log = Log()
    for name in names:
        texts, y = read_sentences(name)
        folds = StratifiedKFold(10, shuffle=True, random_state=0)
        for fold, (a, b) in enumerate(folds.split(texts, y)):
            bits = features(name)
            train = bits.fit_transform(texts[a], y[a]), y[a]
            held_out = bits.transform(texts[b]), y[b]
            run_models(log, "test", name, train, held_out, [fold], parameters)


def run_models(log, phase, name, train, held_out, seeds, parameters):
    """Score the linear models and the machine on one split."""
    for seed in seeds:
        for model, linear in linear_models().items():
            log.run(
                phase,
                name,
                model,
                seed,
                partial(score, linear, train, held_out),
            )
        log.run(
            phase,
            name,
            json.dumps(parameters),
            seed,
            partial(fit, train, held_out, seed, parameters),
        )


def peer():
    """Score ours and pyTsetlinMachine with the same settings and epochs."""
    from benchmarks._peers import OURS, PYTSETLIN, TsetlinSettings, make_tsetlin

    log = Log()
    settings = TsetlinSettings(200, 200, 1.5, boost=True, weighted=True)
    for seed, name in product(range(3), FEATURES):
        texts, y = read(name, "train")
        bits = features(name)
        order = np.random.default_rng(seed).permutation(len(y))
        X, y = bits.fit_transform(texts, y)[order], y[order]
        test_texts, test_y = read(name, "test")
        test_X = bits.transform(test_texts)

        def run(model):
            machine = make_tsetlin(model, settings)
            seconds = machine.fit(X, y, epochs=10)  # noqa: B023
            labels = machine.predict(test_X)[1]  # noqa: B023
            accuracy = (labels == test_y).mean()  # noqa: B023
            return {"accuracy": accuracy, "cpu_seconds": seconds}

        for model in (OURS, PYTSETLIN):
            log.run("peer", name, model, seed, partial(run, model))


def means(phase, value):
    """Return the means of a column over seeds, models by data, in their order."""
    results = read_results().query("phase == @phase")
    return results.pivot_table(value, "model", "data", sort=False)


def printed(cells, widths):
    """Print a row of a simple reStructuredText table."""
    print("  ".join(f"{c:{w}}" for c, w in zip(cells, widths, strict=True)).rstrip())  # noqa: T201


def print_table(head, rows):
    """Print a simple reStructuredText table."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    rule = ["=" * width for width in widths]
    for row in (rule, head, rule, *rows, rule, [""] * len(head)):
        printed(row, widths)


def report():
    """Print the tables of the user guide as reStructuredText."""
    accuracy = means("search", "accuracy")
    literals, over = means("search", "median_literals"), means("search", "over_budget")
    rows = []
    for model in accuracy.index:
        change = model
        numbers = [f"{accuracy.loc[model, name]:.3f}" for name in FEATURES]
        if model in literals.index:
            change = str(json.loads(model) or "the base")
            change = change.strip("{}").replace("'", "").replace(": ", "=")
            numbers += [f"{literals.loc[model].mean():.0f}"]
            numbers += [f"{over.loc[model].mean():.0%}"]
        rows.append([change, *numbers, "", ""][:5])
    print_table(["change", *FEATURES, "literals", "over the budget"], rows)

    for phase in ("test", "peer"):
        accuracy = means(phase, "accuracy").T
        accuracy = accuracy.rename(columns={"{}": "Tsetlin machine"})
        rows = [
            [name, *(f"{value:.3f}" for value in row)]
            for name, row in zip(accuracy.index, accuracy.to_numpy(), strict=True)
        ]
        print_table(["data", *accuracy.columns], rows)


def main():
    """Run a phase."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("phase", choices=["search", "test", "peer", "report"])
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    parser.add_argument("--data", nargs="*", default=["trec", "20news", "sst2"])
    parser.add_argument("--folds", nargs="*", default=["cr", "mr", "subj"])
    parser.add_argument("--parameters", type=json.loads, default={})
    options = parser.parse_args()
    if options.phase == "search":
        search(options.seeds)
    elif options.phase == "test":
        test(options.parameters, options.data)
        cross_validate(options.parameters, options.folds)
    elif options.phase == "peer":
        peer()
    else:
        report()


if __name__ == "__main__":
    main()

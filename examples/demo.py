"""Each system on one screen, beside its peers.

python examples/demo.py                                      what is installed
python examples/demo.py --data table.csv --target column     FoldSE on a table of yours
python examples/demo.py --data adult                         FoldSE on one of OpenML
"""

import argparse
import os
import sys
import textwrap
import time
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from _data import docstrings, is_mixed, read_table, without_tokens
from _demo_augmentation import show_augmentation
from _demo_labels import show_domains, show_labels
from _demo_separability import show_separability
from _demo_text import show_keywords
from _screen import WIDTH, row, section, title, waiting
from pandas.api.types import is_numeric_dtype
from sklearn.base import clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import (
    fetch_openml,
    load_breast_cancer,
    load_digits,
    load_wine,
)
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.feature_selection import VarianceThreshold
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_validate,
    train_test_split,
)
from sklearn.naive_bayes import ComplementNB, GaussianNB
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

import sklearn_ext
from sklearn_ext import (
    AnyLossClassifier,
    DiceLossClassifier,
    FoldSE,
    NaiveBayesProbe,
    ProbeLearningCurveDisplay,
    TsetlinMachineClassifier,
    probe_learning_curve,
)
from sklearn_ext.rules import RuleSetDisplay
from sklearn_ext.tsetlin import ClauseDisplay

OUTPUT = Path("demo_output")
GRID = {"foldse__ratio": [0.2, 0.5, 0.8], "foldse__tail": [0.05, 0.02, 0.005, 0.0]}
OPENML_VERSION = {"adult": 2}  # the numbers of version 1 are binned


def bundled(load):
    data = load(as_frame=True)
    return data.data, pd.Series(data.target_names[data.target], name="label")


def from_csv(path, target):
    table = read_table(path)
    target = target or table.columns[-1]
    if target not in table:
        sys.exit(f"{path} has no column {target!r}, only {', '.join(table)}.")
    return table.drop(columns=target), table[target]


def from_openml(name, target):
    try:
        with waiting(f"fetching {name!r} from OpenML"), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "A network error")  # it is told below
            return fetch_openml(
                name,
                version=OPENML_VERSION.get(name, "active"),
                target_column=target or "default-target",
                as_frame=True,
                return_X_y=True,
                parser="pandas",
                n_retries=1,
            )
    except (OSError, ValueError, KeyError) as error:
        sys.exit(
            f"\n{name!r} is no file here, and OpenML did not give it: {error}\n"
            f"Fetching needs a network. Without one, give the path of a CSV file:\n"
            f"    python {sys.argv[0]} --data table.csv --target column"
        )


def load(data, target):
    """Return X and y, without row numbers and without rows of unknown class."""
    is_file = Path(data).is_file()
    if not is_file and (os.sep in data or ".csv" in data):
        sys.exit(f"There is no file {data!r}.")
    X, y = from_csv(data, target) if is_file else from_openml(data, target)
    ids = [c for c in X if X[c].dtype.kind in "iu" and (X[c].diff()[1:] == 1).all()]
    if ids:
        print(f"  left out as row numbers: {', '.join(ids)}")
        X = X.drop(columns=ids)
    known = y.notna()
    if not known.all():
        print(f"  left out for their missing {y.name}: {(~known).sum()} rows")
        X, y = X[known].reset_index(drop=True), y[known].reset_index(drop=True)
    if y.nunique() > 50:
        sys.exit(
            f"{y.name!r} has {y.nunique()} different values, too many for classes. "
            f"Name another column with --target."
        )
    return X, y.astype(str).rename("label")


def describe(X, y):
    def kind(cells):
        if is_numeric_dtype(cells):
            return "numbers"
        return "numbers and text" if is_mixed(cells) else "text"

    kinds = X.apply(kind).value_counts()
    parts = [f"{n} columns of {kind}" for kind, n in kinds.items()]
    blank = (X.isna() | (X == "?")).to_numpy()
    if blank.any():
        parts.append(f"{blank.sum():,} missing cells ({blank.mean():.1%})")
    shares = y.value_counts(normalize=True).head(8)
    classes = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
    text = f"{len(X):,} rows, {', '.join(parts)}; {y.nunique()} classes: {classes}"
    print(textwrap.indent(textwrap.fill(text, WIDTH - 2), "  "))


def learner():
    """FoldSE in a pipeline, after constant columns of numbers were dropped."""
    drop_constant = make_column_transformer(
        (VarianceThreshold(), make_column_selector(dtype_include="number")),
        remainder="passthrough",
        verbose_feature_names_out=False,
    )
    return make_pipeline(drop_constant.set_output(transform="pandas"), FoldSE())


def show_rules(model):
    """Print the table of rules, long ones on several lines."""
    frame = model[-1].rules_frame()
    labels = frame["label"].fillna("").astype(str)
    widths = [10, labels.str.len().max() + 2, 8, 6]
    body_at = 2 + sum(widths) + 2
    row(["", "predicts", "rows", "conf.", "  when"], [*widths, 6])
    for rule, label in zip(frame.itertuples(), labels, strict=True):
        body = rule.body or "no rule applies"
        lines = textwrap.wrap(body, max(WIDTH - body_at, 40), break_long_words=False)
        cells = [rule.name, label, f"{rule.support:.0f}", f"{rule.confidence:.2f}"]
        row([*cells, "  " + lines[0]], [*widths, 0])
        for line in lines[1:]:
            print(" " * body_at + line)


def show_proof(model, X, y):
    """Print the proof of a prediction; of one by a rule, with an exception, if any."""
    X, y = X[:300], y[:300]
    right = np.flatnonzero(model.predict(X) == y)
    texts = model[-1].explain(model[:-1].transform(X.iloc[right]))

    def interest(i):
        return "because rule" in texts[i], texts[i].count("\n")

    position = max(range(len(texts)), key=interest)
    number = y.index[right[position]]
    section("Why?", f"the proof of one prediction, row {number} of the test rows")
    print(textwrap.indent(texts[position], "  "))


def peers(X, n_literals):
    """Return scikit-learn's classifiers; they need numbers, so text is encoded."""
    text = make_column_selector(dtype_exclude="number")
    one_hot = OneHotEncoder(
        handle_unknown="ignore", max_categories=100, sparse_output=False
    )
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, max_categories=250
    )
    is_code = np.arange(X.shape[1]) < len(text(X))

    def prepared(encoder, classifier):
        encode = make_column_transformer((encoder, text), remainder="passthrough")
        return make_pipeline(encode, classifier)

    tree = DecisionTreeClassifier(random_state=0)
    small = DecisionTreeClassifier(random_state=0, max_leaf_nodes=n_literals + 1)
    boosting = HistGradientBoostingClassifier(
        random_state=0, categorical_features=is_code
    )
    return {
        "decision tree": prepared(one_hot, tree),
        "  of as many tests": prepared(one_hot, small),
        "gradient boosting": prepared(codes, boosting),
    }


def size(classifier):
    if isinstance(classifier, FoldSE):
        return classifier.n_rules_, "rules"
    if isinstance(classifier, DecisionTreeClassifier):
        return classifier.get_n_leaves(), "leaves"
    return classifier.n_iter_ * classifier.n_trees_per_iteration_, "trees"


def folds(y):
    """Return five folds, stratified if each class has rows for all of them."""
    kind = StratifiedKFold if y.value_counts().min() >= 5 else KFold
    return kind(5, shuffle=True, random_state=0)


def compare(model, X, y):
    section(
        "Beside others", "five folds; time of one fit, encoding included, one thread"
    )
    numbers_only = without_tokens(X)
    needs_codes = X.select_dtypes(exclude="number").shape[1] > 0
    rivals = peers(numbers_only, max(model[-1].n_literals_, 1))
    widths = [26, 18, 14, 12, 14]
    row(["", "accuracy", "size", "fit", "text columns"[: 14 * needs_codes]], widths)
    for name, rival in {"FoldSE": model, **rivals}.items():
        data = X if rival is model else numbers_only
        with threadpool_limits(1):  # for times that can be compared
            found = cross_validate(rival, data, y, cv=folds(y), return_estimator=True)
        sizes = [size(fitted[-1]) for fitted in found["estimator"]]
        accuracy = found["test_score"]
        number = np.mean([n for n, _ in sizes])
        cells = [
            name,
            f"{accuracy.mean():.3f} ± {accuracy.std():.3f}",
            f"{number:.{0 if number > 20 else 1}f} {sizes[0][1]}",
            f"{1000 * np.median(found['fit_time']):.0f} ms",
            ("as they are" if rival is model else "encoded") * needs_codes,
        ]
        row(cells, widths)


def n_rules(model, X, y):
    return model[-1].n_rules_


def search(model, X, y, X_test, y_test):
    """Print accuracy and number of rules for a grid of the two dials."""
    section("The two dials", "accuracy on five folds / number of rules")
    grid = GridSearchCV(
        model,
        GRID,
        scoring={"accuracy": "accuracy", "rules": n_rules},
        refit="accuracy",
        cv=folds(y),
    )
    ratios, tails = GRID.values()
    with waiting(f"searching {len(ratios) * len(tails)} settings"):
        grid.fit(X, y)
    found = {
        tuple(setting.values()): f"{accuracy:.3f} / {rules:.0f}"
        for setting, accuracy, rules in zip(
            grid.cv_results_["params"],
            grid.cv_results_["mean_test_accuracy"],
            grid.cv_results_["mean_test_rules"],
            strict=True,
        )
    }
    widths = [10, *[14] * len(tails)]
    row(["", *(f"tail={tail}" for tail in tails)], widths)
    for ratio in ratios:
        row([f"ratio={ratio}", *(found[ratio, tail] for tail in tails)], widths)
    best = grid.best_estimator_[-1]
    print(
        f"  best: ratio={best.ratio}, tail={best.tail}; on the test rows accuracy "
        f"{grid.score(X_test, y_test):.3f}, number of rules {best.n_rules_}"
    )


def draw(model, name, picture=RuleSetDisplay, **kwargs):
    """Save the picture of the rules."""
    section("In a picture")
    try:
        display = picture.from_estimator(model[-1], **kwargs)
    except ImportError as error:
        print(f"  skipped: {error}")
        return
    OUTPUT.mkdir(exist_ok=True)
    path = OUTPUT / f"{name}_rules.png"
    display.figure_.savefig(path, dpi=150)
    print(f"  {path.resolve()}")


def show(name, X, y):
    title(name)
    describe(X, y)
    stratify = y if y.value_counts().min() > 1 else None
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, random_state=0, stratify=stratify
    )
    model = learner()
    section("Rules", f"learned from {len(X_train)} of the rows")
    with waiting("learning"):
        model.fit(X_train, y_train)
    show_rules(model)
    print(
        f"  accuracy on the other {len(X_test)} rows: {model.score(X_test, y_test):.3f}"
    )
    show_proof(model, X_test, y_test)
    compare(model, X, y)
    search(model, X_train, y_train, X_test, y_test)
    draw(model, name)


def on_words(classifier):
    """Put a classifier behind the presence of words that occur in three texts."""
    vectorizer = CountVectorizer(
        binary=True, min_df=3, stop_words="english", token_pattern=r"(?u)\b[a-z]\w+\b"
    )
    return make_pipeline(vectorizer, classifier)


def show_clauses(model, texts, y):
    """Print for each class the rule with the most votes, if it is mostly right."""
    vectorizer, machine = model
    rules = machine.simplify().get_rules(
        vectorizer.transform(texts), y, feature_names=vectorizer.get_feature_names_out()
    )
    rules = rules[(rules["vote"] > 0) & (rules["present"].str.len() > 0)]
    best = rules[rules["precision"] > 0.5].groupby("class_label").head(1)
    widths = [24, 8, 8, 8]
    row(["class", "votes", "texts", "right", "  when"], [*widths, 6])
    for rule in best.itertuples():
        cells = [rule.class_label, f"+{rule.vote}", f"{rule.support:.1%}"]
        body = textwrap.shorten(rule.rule, WIDTH - sum(widths) - 4, placeholder=" ...")
        row([*cells, f"{rule.precision:.0%}", f"  {body}"], [*widths, 0])


def show_texts(texts, subpackages):
    """Show a Tsetlin machine that tells the subpackages of docstrings apart."""
    title("docstrings")
    texts_train, texts_test, y_train, y_test = train_test_split(
        texts, subpackages, random_state=0, stratify=subpackages
    )
    print(f"  {len(texts):,} texts, {len(set(subpackages))} classes: subpackages")
    machines = {
        "Tsetlin machine": TsetlinMachineClassifier(max_iter=20, random_state=0),
        "  of short rules": TsetlinMachineClassifier(
            200, specificity=5, max_literals=8, max_iter=20, random_state=0
        ),
    }
    rivals = {
        "logistic regression": LogisticRegression(max_iter=1000),
        "naive Bayes (complement)": ComplementNB(),
    }
    section("Beside others", "the same bits for all: which words are there; one thread")
    row(["", "accuracy on new texts", "fit"], [26, 22, 12])
    models = {}
    for name, classifier in {**machines, **rivals}.items():
        models[name] = on_words(classifier)
        start = time.perf_counter()
        with threadpool_limits(1):
            models[name].fit(texts_train, y_train)
        seconds = time.perf_counter() - start
        accuracy = models[name].score(texts_test, y_test)
        row([name, f"{accuracy:.3f}", f"{seconds:.1f} s"], [26, 22, 12])
    machine, short = list(models.values())[:2]
    section("Rules", "short ones: for each class the one with the most votes")
    show_clauses(short, texts_train, y_train)
    names = machine[0].get_feature_names_out()
    label = {"class_label": "scipy.signal", "feature_names": names}
    draw(machine, "docstrings", ClauseDisplay, **label)


def calibration_error(is_right, confidence, n_bins=15):
    """Mean gap between how sure a model is and how often it is right."""
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gaps = np.bincount(bins, is_right - confidence, minlength=n_bins)
    return np.abs(gaps).sum() / len(bins)


def show_probe():
    """Show a linear probe in closed form with few labels, and when to change it."""
    title("digits")
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, train_size=100, random_state=0, stratify=y
    )
    print(f"  100 labelled rows, {len(y_test):,} to predict; 10 classes")
    models = {
        "naive Bayes probe": NaiveBayesProbe(temperature="loo"),
        "  without temperature": NaiveBayesProbe(),
        "GaussianNB": GaussianNB(),
        # it warns about constant pixels
        "nearest centroid": make_pipeline(VarianceThreshold(), NearestCentroid()),
        "logistic regression": make_pipeline(
            MinMaxScaler(), LogisticRegression(max_iter=1000)
        ),
    }
    section("Beside others", "calibration error: 0 if 80 % sure is right in 80 %")
    widths = [24, 10, 20, 12]
    row(["", "accuracy", "calibration error", "fit"], widths)
    for name, model in models.items():
        with threadpool_limits(1):
            model.fit(X_train, y_train)  # the first fit of a process is slower
            start = time.perf_counter()
            model.fit(X_train, y_train)
            seconds = time.perf_counter() - start
            probabilities = model.predict_proba(X_test)
        is_right = model.predict(X_test) == y_test
        error = calibration_error(is_right, probabilities.max(axis=1))
        cells = [f"{is_right.mean():.3f}", f"{error:.3f}", f"{1000 * seconds:.1f} ms"]
        row([name, *cells], widths)
    probe = models["naive Bayes probe"]
    print(
        f"  Accuracy that the probe expects from its 100 rows alone: "
        f"{probe.loo_score_:.3f}"
    )
    section("When to change to logistic regression", "five repeats, half held out")
    features = {
        "of 20 principal components": PCA(20, random_state=0).fit_transform(X),
        "of pixels": X,
    }
    results = []
    for name, values in features.items():
        with waiting(f"both at six sizes, {name}"), threadpool_limits(1):
            result = probe_learning_curve(
                values,
                y,
                train_sizes=[20, 40, 80, 160, 320, 640],
                test_size=0.5,
                random_state=0,
            )
        results.append(result)
        crossing = result.crossings["nb", "lr"]
        if crossing is None:
            best = ", ".join(dict.fromkeys(result.recommended))
            print(f"    nowhere; the best, from few labels to many: {best}")
        else:
            print(
                f"    at {crossing.size:.0f} labels "
                f"(95 %: {crossing.low:.0f} to {crossing.high:.0f})"
            )
    section("In a picture")
    try:
        display = ProbeLearningCurveDisplay.from_result(results[0])
    except ImportError as error:
        print(f"  skipped: {error}")
        return
    OUTPUT.mkdir(exist_ok=True)
    path = OUTPUT / "digits_curves.png"
    display.figure_.savefig(path, dpi=150)
    print(f"  {path.resolve()}")


def show_heads():
    """Show heads that are trained on F1, beside those whose cut is moved."""
    title("a rare digit")
    X, y = load_digits(return_X_y=True)
    X, y = X[:, ::4], y == 3
    print(f"  {len(y):,} rows of 16 pixels; {y.mean():.0%} are a three")
    if find_spec("torch") is None:
        print("  skipped: needs the extra torch")
        return
    linear = LogisticRegression()
    models = {
        "AnyLossClassifier": AnyLossClassifier("f1"),
        "DiceLossClassifier": DiceLossClassifier(),
        "logistic regression": linear,
        "  balanced classes": clone(linear).set_params(class_weight="balanced"),
        "  tuned cut": TunedThresholdClassifierCV(linear, scoring="f1"),
    }
    AnyLossClassifier(max_iter=1).fit(X, y)  # the first one loads torch
    section("Beside others", "five folds; time of one fit, one thread")
    widths = [26, 18, 14]
    row(["", "F1", "fit"], widths)
    for name, model in models.items():
        pipe = make_pipeline(StandardScaler(), model)
        with threadpool_limits(1):
            found = cross_validate(pipe, X, y, scoring="f1", cv=folds(pd.Series(y)))
        f1, seconds = found["test_score"], np.median(found["fit_time"])
        cells = [f"{f1.mean():.3f} ± {f1.std():.3f}", f"{1000 * seconds:.0f} ms"]
        row([name, *cells], widths)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", metavar="NAME_OR_CSV", help="a CSV file, or OpenML")
    parser.add_argument("--target", metavar="COLUMN", help="what to predict")
    given = parser.parse_args()
    start = time.perf_counter()
    print(f"sklearn_ext {sklearn_ext.__version__}")
    if given.data:
        X, y = load(given.data, given.target)
        tables = {Path(given.data).name.partition(".")[0]: (X, y)}
    else:
        tables = {
            "breast_cancer": bundled(load_breast_cancer),
            "wine": bundled(load_wine),
        }
    with waiting("compiling (only the first time is slow)"):
        sklearn_ext.warm_up(n_jobs=-1)
    for name, (X, y) in tables.items():
        show(name, X, y)
    if not given.data:
        with waiting("reading the docstrings of NumPy, SciPy, pandas and scikit-learn"):
            texts, subpackages = docstrings()
        show_texts(texts, subpackages)
        show_probe()
        show_heads()
        show_labels()
        show_domains()
        show_separability(texts, subpackages)
        show_keywords(texts, subpackages)
        show_augmentation()
    print(f"\n{time.perf_counter() - start:.0f} s in all.")


if __name__ == "__main__":
    main()

"""Parts of the demo: labels that were never annotated, and no labels at all."""

import time

import numpy as np
import pandas as pd
from _screen import row, section, title
from sklearn.cluster import KMeans
from sklearn.datasets import load_diabetes, load_digits
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sklearn_ext import (
    LatentLabelShift,
    LokiClassifier,
    clustering_accuracy,
    make_latent_label_shift,
    mean_label_distance,
)


def show_labels():
    """Show how labels that were never annotated are predicted, on a scale."""
    title("diabetes in grades")
    X, target = load_diabetes(return_X_y=True)
    y = target.argsort().argsort() * 20 // len(target)
    annotated = [0, 4, 8, 12, 16, 19]
    scale = {"label_metric": "ordinal", "labels": range(20)}
    print(f"  {len(y)} patients in 20 grades; only grades {annotated} are annotated")
    forest = RandomForestClassifier(min_samples_leaf=3, random_state=0)
    models = {
        "LokiClassifier": LokiClassifier(forest, **scale),
        "  annotated grades only": LokiClassifier(
            forest, candidates="observed", **scale
        ),
        "random forest": forest,
        "  of numbers, rounded": RandomForestRegressor(
            min_samples_leaf=3, random_state=0
        ),
    }
    section("Beside others", "five folds, tested on all grades; the same forest in all")
    widths = [26, 16, 12, 16]
    row(["", "squared error", "accuracy", "grades used"], widths)
    for name, model in models.items():
        predicted = np.empty(len(y))
        for train, test in KFold(5, shuffle=True, random_state=0).split(X):
            train = train[np.isin(y[train], annotated)]
            predicted[test] = model.fit(X[train], y[train]).predict(X[test])
        predicted = predicted.round()
        error = mean_label_distance(y, predicted, **scale)
        cells = [f"{error:.1f}", f"{np.mean(y == predicted):.3f}"]
        row([name, *cells, str(len(np.unique(predicted)))], widths)


def show_domains():
    """Show classes found without labels, each of two digits that look unlike."""
    title("digits in eight domains, without labels")
    X, digit = load_digits(return_X_y=True)
    rows_train, rows_test = train_test_split(
        np.column_stack([digit, X / 16]), test_size=0.3, random_state=0, stratify=digit
    )
    rows_train, _, domains, class_prior = make_latent_label_shift(
        rows_train,
        rows_train[:, 0] % 5,
        n_domains=8,
        alpha=0.5,
        max_condition_number=4,
        random_state=0,
    )
    rows_test, y_test, domains_test, _ = make_latent_label_shift(
        rows_test, rows_test[:, 0] % 5, class_prior=class_prior, random_state=0
    )
    X_train, X_test, digit = rows_train[:, 1:], rows_test[:, 1:], rows_test[:, 0]
    print(
        f"  {len(X_train)} rows without labels, {len(X_test)} to predict; five "
        "classes, 0 and 5, 1 and 6, ... 4 and 9"
    )
    discriminator = make_pipeline(
        StandardScaler(),
        Nystroem(gamma=0.005, n_components=300, random_state=0),
        LogisticRegression(C=10, max_iter=500),
    )
    model = LatentLabelShift(5, discriminator=discriminator, random_state=0)
    k_means = KMeans(5, n_init=10, random_state=0)
    section("Beside k-means", "which digits are mostly in each class that was found")
    widths = [34, 10, 8]
    row(["", "accuracy", "fit", "  classes"], [*widths, 9])
    found = {}
    with threadpool_limits(1):
        for name, each in {"k-means": k_means, "LatentLabelShift": model}.items():
            start = time.perf_counter()
            each.fit(X_train, domains)
            seconds = f"{time.perf_counter() - start:.1f} s"
            found[name] = each.predict(X_test), seconds
        labels = model.predict(X_test, domains_test)
    found["  told the domain of each row"] = labels, ""
    for name, (labels, seconds) in found.items():
        accuracy = clustering_accuracy(y_test, labels)
        counts = pd.crosstab(labels, digit)
        home = counts.columns.groupby(counts.idxmax())
        classes = ", ".join("".join(f"{int(d)}" for d in ds) for ds in home.values())
        row([name, f"{accuracy:.3f}", seconds, f"  {classes}"], [*widths, 0])

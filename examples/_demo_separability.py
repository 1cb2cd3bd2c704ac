"""Part of the demo: how far rows fall apart into groups, told without labels."""

import time

import numpy as np
from _screen import row, section, title
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist
from sklearn.cluster import AgglomerativeClustering
from sklearn.datasets import load_digits, load_wine
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.preprocessing import FunctionTransformer, StandardScaler, normalize
from threadpoolctl import threadpool_limits

from sklearn_ext import ClassSeparability, class_separability_score, thornton_index


def show_separability(texts, subpackages):
    """Show the bars of digits beside peers, and the choice of a representation."""
    title("do rows fall apart into groups?")
    X, _ = load_digits(return_X_y=True)
    images = X.reshape(-1, 8, 8)
    moved = [np.roll(images, step, axis) for axis in (1, 2) for step in (-1, 1)]
    many = np.concatenate([images, *moved]).reshape(-1, 64)
    print(f"  {len(many):,} rows of 64 pixels: the digits, and moved by one pixel")
    compare_trees(many)
    compare_representations(texts, subpackages)
    show_failure()


def compare_trees(X):
    """Print the seconds and the summed bars of ours and of single linkage."""
    ours = ClassSeparability(n_jobs=1)
    single = AgglomerativeClustering(
        n_clusters=None, linkage="single", distance_threshold=0
    )
    runs = {
        "ClassSeparability": lambda: ours.fit(X).persistence_,
        "scikit-learn, single linkage": lambda: single.fit(X).distances_,
        "SciPy, single linkage": lambda: linkage(pdist(X), "single")[:, 2],
    }
    section("Beside others", "the same bars; one thread, the better of two runs")
    widths = [32, 10, 20]
    row(["", "time", "sum of the bars"], widths)
    for name, run in runs.items():
        seconds = []
        with threadpool_limits(1):
            for _ in range(2):  # the first one loads what it needs
                start = time.perf_counter()
                bars = run()
                seconds.append(time.perf_counter() - start)
        row([name, f"{min(seconds):.2f} s", f"{bars.sum():,.6f}"], widths)
    heaviest = np.argsort(ours.merge_sizes_ * ours.persistence_)[-3:]
    sizes = ", ".join(f"{size}" for size in ours.merge_sizes_[heaviest][::-1])
    print(f'  "mass" is {ours.score_:.2f}. The merges that make most of it part groups')
    print(f"  of {sizes} rows; each digit has about {len(X) // 10}.")


def compare_representations(texts, subpackages):
    """Print "mass" of vectors of texts beside what their labels say of them."""
    section(
        "Choosing a representation without labels",
        f"{len(texts):,} docstrings, 100 components, unit length",
    )
    counts = CountVectorizer(min_df=3, stop_words="english").fit_transform(texts)
    known = counts.getnnz(axis=1) > 0  # without words there is no length
    counts, labels = counts[known].astype(float), subpackages[known]
    weights = {
        "counts of words": counts,
        "presence of words": counts.sign(),
        "log counts": counts.log1p(),
        "tf-idf": TfidfTransformer().fit_transform(counts),
        "tf-idf of log counts": TfidfTransformer(sublinear_tf=True).fit_transform(
            counts
        ),
    }
    widths = [32, 10, 12, 26]
    row(["", "mass", "1 - mean q", "nearest has same label"], widths)
    for name, weight in weights.items():
        rows = TruncatedSVD(100, random_state=0).fit_transform(weight)
        rows = normalize(rows)
        found = ClassSeparability().fit(rows).statistics_
        cells = [f"{found['mass']:.2f}", f"{found['mean']:.2f}"]
        row([name, *cells, f"{thornton_index(rows, labels):.3f}"], widths)
    print("  Only the last column has seen the labels, the subpackages.")


def show_failure():
    """Print a choice of preparation that goes wrong."""
    section("Where it goes wrong", "wine, 178 rows")
    X, y = load_wine(return_X_y=True)
    widths = [32, 10, 38]
    row(["", "mass", "nearest has same label"], widths)
    for name, scaler in {
        "as it is": FunctionTransformer(),
        "StandardScaler": StandardScaler(),
    }.items():
        rows = scaler.fit_transform(X)
        same = thornton_index(rows, y)
        row([name, f"{class_separability_score(rows):.2f}", f"{same:.3f}"], widths)
    print("  One column of large numbers makes groups, but not those of the labels.")

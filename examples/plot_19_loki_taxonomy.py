"""
==============================================
A taxonomy of which half was never annotated
==============================================

From which module of SciPy or scikit-learn is this docstring? The modules are the leaves
of a tree of packages and subpackages, and half of them have no annotated text at all. A
text of such a module cannot be classified right. Still, "somewhere in scipy.stats" is
better than a module of another package, and that is what
:class:`~sklearn_ext.LokiClassifier` says: it predicts the node of the tree that is
nearest to the truth in the mean, often one between the annotated modules.

The texts are read from the installed packages. Two sections at the end also use the
published tree of the classes of ImageNet, where it is there.
"""

import ast
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from _data import prose, published_folder, without_near_duplicates
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from sklearn_ext import (
    LokiClassifier,
    NaiveBayesProbe,
    frechet_predict,
    label_locus,
    mean_label_distance,
    next_classes,
)

LEFT_OUT = {"tests", "conftest.py", "_lib", "_external", "externals"}


def module_of(path):
    """Return the dotted name of a source file; private folders are no level."""
    *folders, last = path.with_suffix("").parts
    names = [name for name in folders if not name.startswith("_")]
    return ".".join(names if last == "__init__" else [*names, last.lstrip("_")])


def texts_of_modules(packages, n_min):
    """Return docstrings and modules, of modules with at least so many of them."""
    texts, modules = [], []
    for package in packages:
        root = Path(find_spec(package).origin).parent
        for file in sorted(root.rglob("*.py")):
            path = file.relative_to(root.parent)
            if LEFT_OUT & set(path.parts) or "array_api" in str(path):
                continue
            for node in ast.walk(ast.parse(file.read_bytes())):
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    text = prose(ast.get_docstring(node) or "")
                    if len(text.split()) >= 15:
                        texts.append(text)
                        modules.append(module_of(path))
    table = pd.DataFrame({"text": texts, "module": modules})
    table = table.iloc[without_near_duplicates(texts)]
    table = table[table.groupby("module")["text"].transform("size") >= n_min]
    return table["text"].to_numpy(object), table["module"].to_numpy(str)


def path_to(name):
    """Return the nodes from the root, "all", to a name."""
    if name == "all":
        return [name]
    parts = name.split(".")
    return ["all", *(".".join(parts[: i + 1]) for i in range(len(parts)))]


def edges_to(names):
    """Return the edges of the tree of dotted names."""
    return sorted({edge for name in names for edge in pairwise(path_to(name))})


texts, y = texts_of_modules(["scipy", "sklearn"], n_min=5)
modules = np.unique(y)
tree = {"label_metric": "tree", "edges": edges_to(modules)}
n_nodes = len(tree["edges"]) + 1
print(f"{len(texts):,} texts, {len(modules)} modules, {n_nodes} nodes of the tree")
tree["edges"][-3:]

# %%
# Before and after
# ----------------
# Five times half of the modules are drawn as the annotated ones, and 70 % of their
# texts train the classifier. It is tested on the other 30 % of all texts. Two modules
# of a subpackage are 2 edges apart, those of different packages 6, which squared is 36.


def on_words(classifier):
    """Put a classifier behind the TF-IDF weights of words."""
    vectorizer = TfidfVectorizer(
        min_df=2, sublinear_tf=True, stop_words="english", dtype=np.float32
    )
    return make_pipeline(vectorizer, classifier)


def fit_on(annotated, rng):
    """Fit on most texts of these modules; return the classifier and the test rows."""
    is_test = rng.random(len(y)) < 0.3
    is_train = ~is_test & np.isin(y, annotated)
    loki = LokiClassifier(on_words(MultinomialNB(alpha=0.01)), **tree)
    return loki.fit(texts[is_train], y[is_train]), is_test


def subpackages(names):
    return np.array([".".join(name.split(".")[:2]) for name in names])


def summary(true, found, is_new):
    """Return mean distances and shares of predictions that are right or wrong."""
    is_named = np.array(["." in name for name in found])
    same = subpackages(true) == subpackages(found)
    return {
        "squared distance": mean_label_distance(true, found, **tree),
        "of new modules": mean_label_distance(true[is_new], found[is_new], **tree),
        "accuracy": np.mean(true == found),
        "subpackage right": np.mean(same),
        "subpackage wrong": np.mean(is_named & ~same),
    }


RULES = {
    "Loki, annotated modules only": {"candidates": "observed"},
    "Loki, modules only": {"candidates": "leaves"},
    "Loki, power=1": {"power": 1},
    "Loki": {},
}
draws = []
for seed in range(5):
    rng = np.random.default_rng(seed)
    annotated = rng.choice(modules, len(modules) // 2, replace=False)
    loki, is_test = fit_on(annotated, rng)
    P = loki.estimator_.predict_proba(texts[is_test])
    found = {"most probable module": annotated[annotated.argsort()][P.argmax(axis=1)]}
    for name, rule in RULES.items():
        found[name] = frechet_predict(P, loki.observed_classes_, **rule, **tree)
    draws.append((y[is_test], ~np.isin(y[is_test], annotated), found))

rows = [
    {"method": name} | summary(true, each, is_new)
    for true, is_new, found in draws
    for name, each in found.items()
]
pd.DataFrame(rows).groupby("method", sort=False).mean().round(3)

# %%
# The squared distance more than halves. The price is a third of the exact hits, or an
# eighth with ``power=1``, which stays closer to the most probable module. To choose by
# distance among the annotated modules gains little, and among all modules no more:
# nearly all of the gain comes from the nodes in between, subpackages and packages.
# Where Loki is not sure, it names one of these, and seldom a wrong subpackage.

# %%
# How far off
# -----------
# The curve starts with the exact hits, at distance 0, and the most probable module
# leads there. From one edge on Loki is ahead.

COLOURS = {
    "most probable module": "#666666",
    "Loki, power=1": "#E69F00",
    "Loki": "#0072B2",
}


def steps(one, other):
    """Return the number of edges between two nodes."""
    return len(set(path_to(one)) ^ set(path_to(other)))


radii = np.arange(7)
figure, ax = plt.subplots(figsize=(7.2, 4), layout="constrained")
for name, colour in COLOURS.items():
    pairs = [zip(true, found[name], strict=True) for true, _, found in draws]
    distances = np.array([steps(*pair) for draw in pairs for pair in draw])
    within = [np.mean(distances <= radius) for radius in radii]
    ax.plot(radii, within, "o-", color=colour, label=name)
ax.set(xlabel="edges between prediction and truth, at most", ylim=(0, 1.02))
ax.set(ylabel="share of the texts")
ax.set_title("Fewer exact hits, and hardly any far misses", size=11)
ax.legend(frameon=False, loc="lower right")
ax.grid(axis="y", alpha=0.3)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# Ten texts of the last draw, from modules that were never annotated, taken at random:

true, is_new, found = draws[-1]
rows = np.random.default_rng(0).choice(np.flatnonzero(is_new), 10, replace=False)
pd.DataFrame(
    {
        "text": [text[:48] for text in texts[is_test][rows]],
        "true": true[rows],
        "most probable module": found["most probable module"][rows],
        "Loki": found["Loki"][rows],
    }
)

# %%
# How sure the classifier is
# --------------------------
# The rule works with the probabilities, not with their order. A classifier that is
# always sure leaves it nothing to do, and one that never is makes it name the root. One
# that is calibrated serves best. Naive Bayes of normal features,
# :class:`~sklearn_ext.NaiveBayesProbe`, is far too sure as it comes, and its own
# temperature mends that. ``temperature="auto"`` asks cross-validation which one is best
# for the rule. That sees annotated modules only, so it is a little too sure of texts
# from others.

classifiers = {
    "MultinomialNB": MultinomialNB(alpha=0.01),
    "NaiveBayesProbe, raw": NaiveBayesProbe(),
    'NaiveBayesProbe, temperature="loo"': NaiveBayesProbe(temperature="loo"),
}
is_train = ~is_test & np.isin(y, annotated)
true, records = y[is_test], []
for name, classifier in classifiers.items():
    for temperature in (1.0, "auto"):
        loki = LokiClassifier(
            on_words(classifier), temperature=temperature, cv=3, **tree
        ).fit(texts[is_train], y[is_train])
        P = loki.estimator_.predict_proba(texts[is_test])
        most_probable = loki.observed_classes_[P.argmax(axis=1)]
        predicted = loki.predict(texts[is_test])
        records.append(
            {
                "classifier": name,
                "mean confidence": P.max(axis=1).mean(),
                "its own squared distance": mean_label_distance(
                    true, most_probable, **tree
                ),
                "temperature": f"{temperature}, {loki.temperature_:.2f}",
                "Loki": mean_label_distance(true, predicted, **tree),
                "accuracy": np.mean(true == predicted),
            }
        )
pd.DataFrame(records).set_index(["classifier", "temperature"]).round(3)

# %%
# Which labels can be predicted
# -----------------------------
# Those on the paths between annotated ones, the *locus*. The subpackages of annotated
# modules are among them. A module without annotated texts is a leaf of the tree, lies
# between no others, and will never be named.

reached = loki.locus()
new = np.setdiff1d(modules, annotated)
print(f"{len(annotated)} annotated, {len(reached)} of {n_nodes} nodes can be predicted")
print(f"of the {len(new)} other modules: {np.isin(new, reached).sum()}")
print("annotate next:", ", ".join(next_classes(annotated, 4, **tree)))


# %%
# Which to annotate next
# ----------------------
# :func:`~sklearn_ext.next_classes` orders labels so that each adds as many others as
# possible to those within reach. In a deep tree such as that of ImageNet, with 1,000
# classes and a diameter of 27 edges, one label adds many, in the flat tree of modules
# few.


def imagenet():
    """Return the edges from parents to children, or None where they are not."""
    path = published_folder("label_trees") / "imagenet_mintree.txt"
    if not path.is_file():
        return None
    return [tuple(line.split()) for line in path.read_text().splitlines() if line]


edges = imagenet()
trees = {"Modules": tree}
if edges is None:
    print("The tree of ImageNet is not here.")
else:
    trees["ImageNet"] = {"label_metric": "tree", "edges": edges}

figure, axes = plt.subplots(
    1, len(trees), figsize=(4.6 * len(trees), 3.8), layout="constrained", squeeze=False
)
for ax, (name, space) in zip(axes[0], trees.items(), strict=True):
    parents, children = map(set, zip(*space["edges"], strict=True))
    leaves = np.array(sorted(children - parents))
    orders = {
        "next_classes": next_classes([], len(leaves), **space),
        "at random": np.random.default_rng(0).permutation(leaves),
    }
    sizes = np.unique(np.geomspace(2, len(leaves), 25).astype(int))
    for label, order in orders.items():
        reach = [len(label_locus(order[:size], **space)) for size in sizes]
        is_best = label == "next_classes"
        colour, dashes = ("#0072B2", "-") if is_best else ("#999999", "--")
        ax.plot(sizes, reach, dashes, color=colour, label=label)
    ax.axline((0, 0), slope=1, color="#D55E00", linewidth=1, label="annotated ones")
    ax.set(xlim=(0, None), ylim=(0, None), xlabel="annotated labels")
    ax.set_title(f"{name}, {len(parents | children):,} nodes", size=11)
    ax.spines[["top", "right"]].set_visible(False)
axes[0, 0].set_ylabel("labels within reach")
axes[0, 0].legend(frameon=False)
figure.suptitle("Where paths are long, the right labels bring many others within reach")
plt.show()

# %%
# Within reach is not the same as predicted well. The order knows nothing of how many
# texts a module has, and the ends of long paths are mostly small modules:

records = []
for n_annotated in (20, 40, 80, 120):
    record = {"annotated": n_annotated}
    for label in ("next_classes", "at random"):
        distances = []
        for seed in range(5):
            rng = np.random.default_rng(seed)
            order = rng.permutation(modules)
            if label == "next_classes":
                order = next_classes([], len(modules), **tree)
            loki, is_test = fit_on(order[:n_annotated], rng)
            predicted = loki.predict(texts[is_test])
            distances.append(mean_label_distance(y[is_test], predicted, **tree))
        record[f"squared distance, {label}"] = np.mean(distances)
    records.append(record)
pd.DataFrame(records).set_index("annotated").round(2)

# %%
# A tree that the features follow
# -------------------------------
# The features of images are not part of the published data, so these are made up: each
# node of the tree of ImageNet has a mean, that of its parent plus a random step in 64
# dimensions, and each row that of its leaf plus noise. Of the 1,000 classes 100 are
# annotated, with 20 rows each. The candidates are the leaves, as is the truth. That
# already the rule among the annotated classes gains most, and that unseen leaves are
# rarely hit exactly, is the same here; but to predict them does bring the mean nearer.


def brownian(edges, n_annotated, noise, rng, n_dimensions=64):
    """Return training rows of some leaves and test rows of all."""
    children = {}
    for parent, child in edges:
        children.setdefault(parent, []).append(child)
    root = (set(children) - {child for _, child in edges}).pop()
    scale = 2 / np.sqrt(n_dimensions)
    means, queue = {root: np.zeros(n_dimensions)}, [root]
    for parent in queue:
        for child in children.get(parent, []):
            means[child] = means[parent] + rng.normal(0, scale, n_dimensions)
            queue.append(child)
    leaves = np.array(sorted(set(queue) - set(children)))
    annotated = rng.choice(leaves, n_annotated, replace=False)
    parts = []
    for labels in (np.repeat(annotated, 20), np.repeat(leaves, 5)):
        rows = np.array([means[label] for label in labels])
        parts += [rows + rng.normal(0, noise * scale, rows.shape), labels]
    return parts


if edges is not None:
    records = []
    for noise in (4, 2):
        X, labels, X_test, true = brownian(edges, 100, noise, np.random.default_rng(0))
        loki = LokiClassifier(
            LogisticRegression(max_iter=300), candidates="leaves", **trees["ImageNet"]
        )
        with threadpool_limits(1):
            loki.fit(X, labels)
            P = loki.estimator_.predict_proba(X_test)
        seen = loki.observed_classes_
        found = {
            "most probable class": seen[P.argmax(axis=1)],
            "Loki, annotated classes only": frechet_predict(
                P, seen, candidates="observed", **trees["ImageNet"]
            ),
            "Loki, leaves": loki.predict(X_test),
        }
        for name, each in found.items():
            distance = mean_label_distance(true, each, **trees["ImageNet"])
            is_right = true == each
            is_new = ~np.isin(true, seen)
            cells = [distance, is_right.mean(), is_right[is_new].mean()]
            records.append([noise, name, *cells])
    columns = ["noise", "method", "squared distance", "accuracy", "of new classes"]
    table = pd.DataFrame(records, columns=columns).set_index(["noise", "method"])
    print(table.round(3))

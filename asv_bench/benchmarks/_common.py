"""Data, clocks and fresh processes for all benchmarks."""

import csv
import json
import lzma
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

SHARED = Path(
    os.environ.get("SKLEARN_EXT_SHARED", Path(__file__).resolve().parents[3] / "shared")
)
# The bench data by name: rows, columns, and whether quantised to 256 values.
SMALL = "300 x 10"
FEW, DISTINCT = "1e5 x 20, 256 values", "1e5 x 20, distinct"
LARGE_FEW, LARGE_DISTINCT = "1e6 x 20, 256 values", "1e6 x 20, distinct"
SHAPES = {
    SMALL: (300, 10, False),
    FEW: (100_000, 20, True),
    DISTINCT: (100_000, 20, False),
    LARGE_FEW: (1_000_000, 20, True),
    LARGE_DISTINCT: (1_000_000, 20, False),
}
# A published table, with all cells as text and with numbers and categories.
ADULT, TYPED_ADULT = "adult as text", "adult as numbers and categories"


@dataclass
class Part:
    """Rows of a table in the forms that the implementations want.

    `frame` is what a user has, `matrix` the same as numbers: strings as ordinal codes,
    and NaN for cells of a numerical column that are no number.
    """

    frame: object
    matrix: np.ndarray
    y: np.ndarray
    categorical: list

    def __len__(self):
        return len(self.y)

    def take(self, rows):
        frame = self.frame
        frame = frame.iloc[rows] if hasattr(frame, "iloc") else frame[rows]
        return Part(frame, self.matrix[rows], self.y[rows], self.categorical)


def bench_table(name, seed=0):
    """Return the bench data: two rules, one exception, 10 % noise."""
    n_samples, n_features, quantise = SHAPES[name]
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features), dtype=np.float32)
    if quantise:
        step = np.float32(8 / 255)
        X = np.clip(np.rint((X + 4) / step), 0, 255) * step - 4
    x0, x1, x2, x3 = X[:, :4].T
    y = ((x0 > 0.3) & (x1 < 0.5)) | ((x2 > 1.2) & ~(x3 > 0))
    y ^= rng.random(n_samples) < 0.1
    return Part(X, X, y.astype(np.int64), [])


def _typed(part):
    """Return the part with categories and numbers instead of strings in its frame."""
    frame = part.frame.astype(dict.fromkeys(part.categorical, "category"))
    for j, name in enumerate(frame.columns):
        if name not in part.categorical:
            frame[name] = part.matrix[:, j]
    return Part(frame, part.matrix, part.y, part.categorical)


def load(name):
    """Return a table to train on."""
    if name in SHAPES:
        return bench_table(name)
    train, _ = published_table("adult")
    return train if name == ADULT else _typed(train)


def published_table(name):
    """Return the training and test part of a published table, stratified 80/20.

    NotImplementedError where ../shared does not lie beside the checkout.
    """
    import pandas as pd
    from sklearn.model_selection import train_test_split

    folder = SHARED / "data" / "fold_se"
    if not (folder / "specs.json").is_file():
        raise NotImplementedError("the published tables are not here")
    spec = json.loads((folder / "specs.json").read_text())["binary"][name]
    df = pd.concat(
        [
            pd.read_csv(
                folder / file, dtype=str, keep_default_na=False, quoting=csv.QUOTE_NONE
            )
            for file in spec["files"]
        ],
        ignore_index=True,
    )
    frame = df[spec["str_attrs"] + spec["num_attrs"]]
    y = (df[spec["label"]] == spec["pos_val"]).to_numpy(np.int64)
    matrix = np.column_stack(
        [pd.factorize(frame[c], sort=True)[0] for c in spec["str_attrs"]]
        + [pd.to_numeric(frame[c], errors="coerce") for c in spec["num_attrs"]]
    )
    rows = train_test_split(
        np.arange(len(y)), test_size=0.2, random_state=0, stratify=y
    )
    whole = Part(frame, matrix.astype(np.float64), y, spec["str_attrs"])
    return tuple(map(whole.take, rows))


def documents(n_samples, n_features, n_classes, n_words=160, seed=0):
    """Return made-up documents as a CSR matrix of 0 and 1, and their classes.

    The frequencies of the words follow Zipf's law; of a document's draws one in five
    is a word of its class.
    """
    from scipy.sparse import csr_array

    rng = np.random.default_rng(seed)
    y = rng.integers(n_classes, size=n_samples)
    share = np.cumsum(1 / (np.arange(n_features) + 200))
    words = np.searchsorted(share / share[-1], rng.random((n_samples, n_words)))
    own = np.minimum(words - words % n_classes + y[:, None], n_features - 1)
    words = np.where(rng.random(words.shape) < 0.2, own, words)
    indptr = np.arange(0, words.size + 1, n_words)
    shape = (n_samples, n_features)
    X = csr_array((np.ones(words.size, np.uint8), words.ravel(), indptr), shape=shape)
    X.sum_duplicates()
    X.data[:] = 1
    return X, y


def newsgroups():
    """Return posts of two newsgroups in random order, as 5,000 words, and their groups.

    The words are the most frequent ones of the first 400 posts. Where ../shared does
    not lie beside the checkout, the documents are made up.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    file = SHARED / "data" / "tsetlin" / "20news_bydate.json.xz"
    if not file.is_file():
        return documents(2_000, 5_000, 2)
    with lzma.open(file, "rt") as stream:
        news = json.load(stream)
    groups = [news["target_names"].index(g) for g in ("comp.graphics", "sci.med")]
    posts = [
        (text, groups.index(group))
        for part in (news["train"], news["test"])
        for text, group in zip(part["text"], part["y"], strict=True)
        if group in groups
    ]
    order = np.random.default_rng(0).permutation(len(posts))
    text, y = zip(*(posts[i] for i in order), strict=True)
    vectorizer = CountVectorizer(binary=True, dtype=np.uint8).fit(text)
    X = vectorizer.transform(text)  # sorted, which that of `fit_transform` is not
    frequency = np.asarray(X[:400].sum(axis=0)).ravel()
    words = np.sort(np.argsort(frequency, kind="stable")[-5_000:])
    return X[:, words].tocsr(), np.array(y)


def questions():
    """Return the questions of TREC as 3,000 words and pairs of words, and their kinds.

    Where ../shared does not lie beside the checkout, the questions are made up.
    """
    import pandas as pd
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.feature_selection import SelectKBest, chi2

    file = SHARED / "data" / "sentences" / "trec.train.tsv.gz"
    if not file.is_file():
        return documents(5_452, 3_000, 6, n_words=10)
    frame = pd.read_csv(
        file,
        sep="\t",
        names=["y", "text"],
        quoting=csv.QUOTE_NONE,
        keep_default_na=False,
    ).sample(frac=1, random_state=0)
    vectorizer = CountVectorizer(
        binary=True,
        ngram_range=(1, 2),
        min_df=3,
        token_pattern=r"(?u)\S+",
        dtype=np.uint8,
    )
    y = frame["y"].to_numpy()
    X = vectorizer.fit(frame["text"]).transform(frame["text"])
    return SelectKBest(chi2, k=3_000).fit_transform(X, y).tocsr(), y


class Given(ClassifierMixin, BaseEstimator):
    """Classifier that takes its probabilities for X."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return X


def in_turns(ours, peer, *clocks):
    """Return the median times of `ours` and of `peer`, each an array of one per clock.

    Ours runs before and after each call of the peer. The turns end after three seconds;
    a peer that needs more is called once.
    """

    def seconds(call):
        starts = [clock() for clock in clocks]
        call()
        return [clock() - start for clock, start in zip(clocks, starts, strict=True)]

    our_times, peer_times = [], []
    end = time.perf_counter() + 3
    while not peer_times or (time.perf_counter() < end and len(peer_times) < 50):
        our_times.append(seconds(ours))
        peer_times.append(seconds(peer))
        our_times.append(seconds(ours))
    return np.median(our_times, axis=0), np.median(peer_times, axis=0)


def ratio_in_turns(ours, peer, clock=time.process_time):
    """Return the median time of `ours` over that of `peer`, called in turns."""
    (our_time,), (peer_time,) = in_turns(ours, peer, clock)
    return round(float(our_time / peer_time), 4)


def cpu_of_children():
    """Return the CPU time of all finished subprocesses."""
    from resource import RUSAGE_CHILDREN, getrusage

    usage = getrusage(RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run_fresh(code, *arguments, python=sys.executable, **environment):
    """Run code in a fresh interpreter; return what it prints, as JSON."""
    done = subprocess.run(
        [python, "-c", code, *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


MEMORY = """
def memory(field):
    with open("/proc/self/status") as status:
        return next(int(s.split()[1]) * 1024 for s in status if s.startswith(field))
"""


def run_on_linux(code, *arguments):
    """Run code in a fresh interpreter that can ask for its `memory`."""
    if not Path("/proc/self/status").exists():
        raise NotImplementedError("Linux says how much memory a process has used")
    return run_fresh(MEMORY + code, *arguments)

"""Part of the demo: classes and rankings of texts from keywords, without labels."""

import textwrap
import time
import warnings

import numpy as np
from _keywords import DOCSTRINGS
from _screen import WIDTH, row, section, title
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, normalize
from threadpoolctl import threadpool_limits

from sklearn_ext import Lbl2Vec

LABEL = "scipy.signal"
HASTY = ["signal", "filters", "level", "wavelets"]
QUERY = ["outliers", "robust"]


def show_keywords(texts, subpackages):
    """Show docstrings sorted into subpackages by three keywords or so for each."""
    title("docstrings by keywords")
    keywords = {label: DOCSTRINGS[label] for label in np.unique(subpackages).tolist()}
    n_words = sum(map(len, keywords.values()))
    print(
        f"  {len(texts):,} texts, {len(keywords)} subpackages, {n_words} keywords, no "
        f"labels; {LABEL}: {', '.join(keywords[LABEL])}"
    )
    model = compare(texts, subpackages, keywords)
    show_words(model, keywords)
    show_ranking(model, texts, subpackages)


def latent_semantic(texts, keywords):
    """Return the nearest keyword centroids in an embedding of tf-idf."""
    embedding = make_pipeline(
        TfidfVectorizer(min_df=5, max_df=0.5, sublinear_tf=True),
        TruncatedSVD(100, random_state=0),
        Normalizer(),
    )
    documents = embedding.fit_transform(texts)
    centroids = [embedding.transform(own).mean(axis=0) for own in keywords.values()]
    return np.array(list(keywords))[(documents @ normalize(centroids).T).argmax(axis=1)]


def counted(texts, keywords):
    """Return the labels of which most keywords are in a text."""
    vectorizer = CountVectorizer(vocabulary=sorted(set().union(*keywords.values())))
    counts = vectorizer.fit_transform(texts)
    belongs = [np.isin(vectorizer.vocabulary, own) for own in keywords.values()]
    scores = counts.sign() @ np.transpose(belongs)
    return np.array(list(keywords))[scores.argmax(axis=1)]


def compare(texts, subpackages, keywords):
    """Print the accuracy of ours and of other ways, and return ours."""
    model = Lbl2Vec(keywords, random_state=0)
    runs = {
        "Lbl2Vec": lambda: model.fit(texts).labels_,
        "tf-idf, SVD, nearest keywords": lambda: latent_semantic(texts, keywords),
        "most keywords in the text": lambda: counted(texts, keywords),
    }
    section("Beside others", "from texts to labels, the same keywords; one thread")
    widths = [32, 10, 12, 10]
    row(["", "accuracy", "macro F1", "time"], widths)
    for name, run in runs.items():
        with threadpool_limits(1):
            start = time.perf_counter()
            found = run()
            seconds = time.perf_counter() - start
        f1 = f1_score(subpackages, found, average="macro")
        accuracy = np.mean(found == subpackages)
        row([name, f"{accuracy:.3f}", f"{f1:.3f}", f"{seconds:.2f} s"], widths)
    return model


def show_words(model, keywords):
    """Print what became of hasty keywords, and which words would be better."""
    hasty = {**keywords, LABEL: HASTY}
    section("Hasty keywords", f"for {LABEL}; the embedding is kept")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of what the report says
        start = time.perf_counter()
        model.refit_labels(hasty)
        seconds = time.perf_counter() - start
    report = model.keyword_report()
    widths = [16, 10, 16]
    row(["", "texts", "cosine to label", "  remark"], [*widths, 8])
    for word in report[report["label"] == LABEL].itertuples():
        remark, cosine = "", f"{word.similarity:.2f}"
        if not word.known:
            remark, cosine = word.reason, ""
        elif word.nearest_label != LABEL:
            remark = f"is nearer to {word.nearest_label}"
        cells = [word.keyword, word.document_frequency, cosine, f"  {remark}"]
        row(cells, [*widths, 0])
    words = model.suggest_keywords(LABEL, top_k=8)["word"]
    print(f"  near the label: {', '.join(words)}")
    print(f"  {1000 * seconds:.0f} ms for new labels, those of {len(hasty)} topics")
    model.refit_labels(keywords)


def show_ranking(model, texts, subpackages):
    """Print the texts nearest to keywords of no label."""
    section("Retrieval", f"the texts nearest to {' + '.join(QUERY)}")
    found, similarity = model.retrieve(keywords=QUERY, top_k=4)
    for position, cosine in zip(found, similarity, strict=True):
        text = textwrap.shorten(texts[position], WIDTH - 34, placeholder=" ...")
        row([f"{cosine:.2f}  {subpackages[position]}", f"  {text}"], [28, 0])

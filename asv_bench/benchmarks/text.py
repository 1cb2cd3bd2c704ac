"""Lbl2Vec beside the authors' package, gensim and LSA.

AG News is read where ../shared lies beside the checkout: 23,411 texts of 37 words. The
package, lbl2vec 1.0.2, needs ray, psutil and syntok, and runs by the interpreter that
LBL2VEC_PYTHON names. Its Doc2Vec has 300 components and two losses, ours 100.
"""

import json
import lzma
import os
import tempfile
import time
from functools import cache, partial
from itertools import product
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from ._common import SHARED, in_turns, ratio_in_turns, run_fresh, run_on_linux
from ._peers import load_module

PACKAGE, DOC2VEC = "lbl2vec", "gensim Doc2Vec, 100, one loss"
NEWS, POSTS = "AG News", "20 Newsgroups"
CLOCKS = time.perf_counter, time.process_time
MADE = [10_000, 20_000, 40_000]

# The path of the authors' example, with all workers; words of fewer than 10 occurrences
# are left out, as fits a fifth of its corpus.
PACKAGE_RUN = """
import json, logging, sys, time
from unittest import mock

logging.disable()


class NoModel:
    def __init__(self, name):
        pass


with mock.patch("sentence_transformers.SentenceTransformer", NoModel):
    from lbl2vec import Lbl2Vec
from gensim.models.doc2vec import TaggedDocument
from gensim.utils import simple_preprocess

with open(sys.argv[1]) as file:
    texts, keywords = json.load(file)
times = [(time.perf_counter(), time.process_time())]
model = Lbl2Vec(
    keywords_list=[[w.lower() for w in words] for words in keywords.values()],
    tagged_documents=[
        TaggedDocument(simple_preprocess(text, deacc=True, min_len=2, max_len=15), [i])
        for i, text in enumerate(texts)
    ],
    label_names=list(keywords),
    similarity_threshold=0.3,
    min_num_docs=100,
    min_count=10,
    verbose=False,
)
model.fit()
times.append((time.perf_counter(), time.process_time()))
model.predict_model_docs()
times.append((time.perf_counter(), time.process_time()))
print(json.dumps(times))
"""
MEMORY_OF_FIT = """
import json, pickle, sys, time
from sklearn_ext import Lbl2Vec
from sklearn_ext.text._warm_up import warm_up

with open(sys.argv[1]) as file:
    texts, keywords = json.load(file)
warm_up()
before, start = memory("VmRSS"), time.perf_counter()
model = Lbl2Vec(keywords, random_state=0).fit(texts)
seconds = time.perf_counter() - start
extra = memory("VmHWM") - before

from sklearn.feature_extraction.text import CountVectorizer
from sklearn_ext._core._analyzer import word_tokens

words = CountVectorizer(analyzer=word_tokens)
all_counts = words.fit_transform(texts)
n, V = len(texts), len(model.vocabulary_)
rows = [words.vocabulary_[word] for word in model.vocabulary_]
n_counts = all_counts[:, rows].nnz
names = sum(map(sys.getsizeof, words.vocabulary_)) + sys.getsizeof(words.vocabulary_)
size = sum(len(word.encode()) for word in words.vocabulary_)
bound = 48 * n_counts + 16 * (n + V) * (model.n_components_ + 20) + names
stored = 4 * model.n_components_ * (n + V) + size
print(json.dumps([extra / bound, len(pickle.dumps(model)) / stored, seconds]))
"""


@cache
def corpus(name):
    """Return texts and keywords; NotImplementedError where ../shared is absent."""
    folder = SHARED / "data"
    if name == NEWS:
        path = folder / "news" / "agnews" / "agnews_test_plus_extra.json.xz"
        words = folder / "news" / "agnews" / "keywords.json"
    else:
        path = folder / "tsetlin" / "20news_bydate.json.xz"
        words = folder / "news" / "20news_keywords.json"
    if not path.is_file():
        raise NotImplementedError(f"{name} is not here")
    with lzma.open(path, "rt") as stream:
        content = json.load(stream)
    if name == NEWS:
        rows = content["test"] + content["unlabelled_extra"]
        texts = [row["text"] for row in rows]
    else:
        texts = content["train"]["text"] + content["test"]["text"]
    return texts, json.loads(words.read_text())


def made_texts(n_samples, n_words=60):
    """Return texts of made words, whose frequencies follow Zipf's law, and keywords.

    One word in three is of the text's topic; there are 30,000 words of all topics.
    """
    rng = np.random.default_rng(0)
    syllables = [a + b for a, b in product("bdfgklmnprstvz", "aeiou")]
    words = np.array(["".join(triple) for triple in product(syllables, repeat=3)])
    words = rng.permutation(words)[:30_000]
    topics, common = words[:400].reshape(4, 100), words[400:]
    share = np.cumsum(1 / np.arange(1, len(common) + 1))
    drawn = common[np.searchsorted(share / share[-1], rng.random((n_samples, n_words)))]
    topic = rng.integers(4, size=n_samples)
    own = topics[topic[:, None], rng.integers(100, size=drawn.shape)]
    drawn = np.where(rng.random(drawn.shape) < 1 / 3, own, drawn)
    keywords = {f"topic {k}": topics[k, :5].tolist() for k in range(4)}
    return [" ".join(row) for row in drawn], keywords


def model_of(keywords, **parameters):
    from sklearn_ext import Lbl2Vec

    return Lbl2Vec(keywords, random_state=0, **parameters)


def fit_and_predict(texts, keywords):
    model = model_of(keywords).fit(texts)
    return model.labels_


def with_file(code, given, run=run_fresh, **parameters):
    """Run code in a fresh interpreter on data in a file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "given.json")
        file.write_text(json.dumps(given))
        return run(code, file, **parameters)


def run_package(python):
    """Return wall and CPU seconds of the package's fit, and of its prediction."""
    times = with_file(PACKAGE_RUN, corpus(NEWS), python=python)
    return np.diff(np.array(times), axis=0)


def label_call(model):
    """Return a call of similarities and labels of the training texts."""
    from sklearn_ext.text._label_vectors import similarities

    vectors, documents, classes = model.label_vectors_, model.embedding_, model.classes_
    return lambda: classes[similarities(documents, vectors).argmax(axis=1)]


class PackageRatio:
    """Texts to predictions, and predictions alone, beside the authors' package.

    Ours takes its turns directly before and after the package.
    """

    params = (["texts to predictions", "predictions"], ["wall", "CPU"])
    param_names = ["task", "clock"]
    timeout = 600

    def setup_cache(self):
        python = os.environ.get("LBL2VEC_PYTHON")
        try:
            texts, keywords = corpus(NEWS)
        except NotImplementedError:
            return {}
        if not python:
            return {}
        fit = partial(fit_and_predict, texts, keywords)
        fit()
        predict = label_call(model_of(keywords).fit(texts))
        found = []
        ours, _ = in_turns(fit, lambda: found.append(run_package(python)), *CLOCKS)
        our_labels, _ = in_turns(predict, lambda: None, *CLOCKS)
        theirs = found[0]
        ratios = ours / theirs.sum(axis=0), our_labels / theirs[1]
        return dict(zip(product(*self.params), np.ravel(ratios).tolist(), strict=True))

    setup_cache.timeout = 600

    def setup(self, ratios, *_):
        if not ratios:
            raise NotImplementedError("LBL2VEC_PYTHON or the data are absent")

    def track_ratio(self, ratios, task, clock):
        return round(ratios[task, clock], 6)

    track_ratio.unit = "of the package's time"


class Doc2VecTraining:
    """Texts to predictions by "svd" over training alone of gensim's Doc2Vec.

    100 components and negative sampling alone, all workers; its texts are cut already.
    """

    timeout = 300
    params = ["wall", "CPU"]
    param_names = ["clock"]
    unit = "of the time of gensim"

    def setup(self, clock):
        from sklearn_ext._core._analyzer import word_tokens

        module = load_module("gensim.models.doc2vec")
        texts, keywords = corpus(NEWS)
        tagged = [
            module.TaggedDocument(word_tokens(text), [i])
            for i, text in enumerate(texts)
        ]
        self.ours = partial(fit_and_predict, texts, keywords)
        self.ours()
        self.peer = partial(
            module.Doc2Vec,
            tagged,
            dm=0,
            dbow_words=1,
            hs=0,
            negative=5,
            vector_size=100,
            window=15,
            sample=1e-5,
            epochs=10,
            min_count=10,
            workers=os.cpu_count(),
        )

    def track_ratio(self, clock):
        clock = CLOCKS[self.params.index(clock)]
        return ratio_in_turns(self.ours, self.peer, clock=clock)


class LsaRatio:
    """CPU time of a fit over that of TfidfVectorizer and TruncatedSVD, one thread."""

    params = [NEWS, POSTS]
    param_names = ["corpus"]
    timeout = 300
    unit = "of the time of LSA"

    def setup(self, name):
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_pipeline

        texts, keywords = corpus(name)
        lsa = make_pipeline(
            TfidfVectorizer(min_df=5, max_df=0.5, sublinear_tf=True),
            TruncatedSVD(100, random_state=0),
        )
        self.ours = partial(model_of(keywords).fit, texts)
        self.peer = partial(lsa.fit, texts)
        self.ours()

    def track_ratio(self, _):
        with threadpool_limits(1):
            return ratio_in_turns(self.ours, self.peer)


class RefitRatio:
    """CPU time of `refit_labels` over that of a fit."""

    params = [NEWS, POSTS]
    param_names = ["corpus"]
    timeout = 300
    unit = "of the time of fit"

    def setup(self, name):
        texts, keywords = corpus(name)
        self.model = model_of(keywords).fit(texts)
        self.fit = partial(self.model.fit, texts)

    def track_ratio(self, _):
        with threadpool_limits(1):
            return ratio_in_turns(self.model.refit_labels, self.fit)


class TransformRatio:
    """CPU time of `transform` of texts over that of counting their words."""

    params = [NEWS, POSTS]
    param_names = ["corpus"]
    timeout = 300
    unit = "of the time of counting"

    def setup(self, name):
        from sklearn_ext._core._analyzer import resolve_analyzer
        from sklearn_ext.text._counts import count_known_words

        texts, keywords = corpus(name)
        model = model_of(keywords).fit(texts)
        analyze = resolve_analyzer("word")
        self.count = partial(count_known_words, texts, analyze, model.vocabulary_)
        self.transform = partial(model.transform, texts)

    def track_ratio(self, _):
        with threadpool_limits(1):
            return ratio_in_turns(self.transform, self.count)


class Doc2VecRatio:
    """CPU time of the embedding "doc2vec" over gensim's, one worker, 3,000 texts.

    gensim gets the texts and cuts them as ours does; both keep the same words.
    """

    timeout = 300
    unit = "of the time of gensim"

    def setup(self):
        from sklearn_ext._core._analyzer import word_tokens
        from sklearn_ext.text._doc2vec import SETTINGS, Doc2VecEmbedding

        module = load_module("gensim.models.doc2vec")
        utils = load_module("gensim.utils")
        texts = corpus(NEWS)[0][:3_000]

        def ours():
            embedding = Doc2VecEmbedding(
                None, n_components=300, analyzer="word", min_df=5
            )
            embedding.fit(texts, 0)
            return embedding

        known = set(ours().vocabulary)

        def rule(word, *_):
            return utils.RULE_KEEP if word in known else utils.RULE_DISCARD

        def peer():
            tagged = [
                module.TaggedDocument(word_tokens(text), [i])
                for i, text in enumerate(texts)
            ]
            model = module.Doc2Vec(vector_size=300, seed=0, **SETTINGS)
            model.build_vocab(tagged, trim_rule=rule)
            model.train(tagged, total_examples=len(texts), epochs=model.epochs)

        self.ours, self.peer = ours, peer

    def track_ratio(self):
        return ratio_in_turns(self.ours, self.peer)


class Memory:
    """Peak memory of a fit, size of a pickle, and seconds, for growing corpora.

    What a fit may take is 48 bytes for a stored count, 16 (n + V) (d + 20) and the
    words; a pickle is of 4 d (n + V) bytes and the words.
    """

    params = [NEWS, *map(str, MADE)]
    param_names = ["texts"]
    timeout = 300

    def setup_cache(self):
        found = {}
        for name in self.params:
            try:
                given = corpus(NEWS) if name == NEWS else made_texts(int(name))
                found[name] = with_file(MEMORY_OF_FIT, given, run_on_linux)
            except NotImplementedError:
                found[name] = None
        return found

    setup_cache.timeout = 300

    def setup(self, found, name):
        if found[name] is None:
            raise NotImplementedError("the corpus, or Linux, is not here")

    def track_memory_ratio(self, found, name):
        return found[name][0]

    track_memory_ratio.unit = "of the bytes allowed"

    def track_pickle_ratio(self, found, name):
        return found[name][1]

    track_pickle_ratio.unit = "of the bytes expected"

    def track_seconds(self, found, name):
        return found[name][2]

    track_seconds.unit = "seconds"

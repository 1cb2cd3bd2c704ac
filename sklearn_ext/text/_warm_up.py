"""Touch every kernel signature of keyword labels."""

from ._lbl2vec import Lbl2Vec

__all__ = ["warm_up"]


def warm_up():
    """Compile: counting, the SVD, document vectors, centring, cosines."""
    texts = ["cats purr", "dogs bark", "naïve cats sleep", "dogs run", "a cat", ""] * 3
    keywords = {"cat": ["cats", "purr"], "dog": ["dogs", "bark"]}
    model = Lbl2Vec(keywords, min_df=1, n_components=2, random_state=0).fit(texts)
    model.predict_proba(["cats run"])
    model.set_params(center=False).fit(texts)

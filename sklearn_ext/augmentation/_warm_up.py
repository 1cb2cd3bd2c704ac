"""Touch every kernel signature of augmentation."""

from ._alp import ALPAugmenter

__all__ = ["warm_up"]


def warm_up():
    """Compile: parsing with and without pruning, heads, recombination."""
    long = "The dog and the cat saw a bird in the tree near the house of the neighbour "
    texts = ["The old dog barks loudly.", "A young cat sleeps.", f"{long} and {long}."]
    augmenter = ALPAugmenter(n_samples=1, synonyms=None, random_state=0)
    augmenter.fit(texts, [0, 0, 0]).sample()

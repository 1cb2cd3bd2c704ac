"""Which labels a prediction may be."""

import numpy as np

__all__ = ["NAMED", "read_candidates"]

NAMED = {"all", "leaves", "observed"}


def read_candidates(candidates, space, observed):
    """Return the places of the candidates among the labels, sorted.

    `observed` are the places of the observed labels; ValueError if there is none or a
    label is unknown.
    """
    if not isinstance(candidates, str):
        codes = np.unique(space.encode(candidates, "candidates"))
        if not len(codes):
            raise ValueError("candidates must hold at least one label, got none.")
        return codes
    if candidates == "all":
        return np.arange(len(space.labels))
    if candidates == "observed":
        return np.unique(observed)
    if space.metric not in ("tree", "graph"):
        raise ValueError(
            'candidates="leaves" needs label_metric="tree" or "graph", got '
            f"{space.metric!r}. Pass the labels."
        )
    leaves = np.flatnonzero(space.degrees() <= 1)
    if not len(leaves):
        raise ValueError(
            'candidates="leaves", but no label has a single neighbour. Pass the labels.'
        )
    return leaves

"""Touch every kernel signature of label spaces."""

from ._annotation import next_classes
from ._frechet import frechet_predict
from ._loki import LokiClassifier
from ._metrics import mean_label_distance

__all__ = ["warm_up"]


def warm_up():
    """Compile: sweeps of a tree, chains, and breadth-first search of a graph."""
    path = [(0, 1), (1, 2), (2, 3)]
    circle = [*path, (3, 0)]
    model = LokiClassifier(label_metric="tree", edges=path)
    model.fit([[0.0], [1.0]], [0, 3]).decision_function([[0.5]])
    frechet_predict([[0.5, 0.5]], [0, 3], label_metric="tree", edges=path)
    frechet_predict([[0.5, 0.5]], [0, 3], label_metric="graph", edges=circle)
    mean_label_distance([0], [3], label_metric="tree", edges=path)
    next_classes([0], 1, label_metric="tree", edges=path)
    next_classes([], 1, label_metric="tree", edges=path)

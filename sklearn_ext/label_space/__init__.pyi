from ._annotation import next_classes
from ._frechet import frechet_predict
from ._locus import label_locus, minimum_locus_cover
from ._loki import LokiClassifier
from ._metrics import make_label_distance_scorer, mean_label_distance

__all__ = [
    "LokiClassifier",
    "frechet_predict",
    "label_locus",
    "make_label_distance_scorer",
    "mean_label_distance",
    "minimum_locus_cover",
    "next_classes",
]

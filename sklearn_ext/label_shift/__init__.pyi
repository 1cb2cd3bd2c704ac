from ._generate import make_latent_label_shift
from ._latent_label_shift import LatentLabelShift
from ._metrics import class_prior_error, clustering_accuracy

__all__ = [
    "LatentLabelShift",
    "class_prior_error",
    "clustering_accuracy",
    "make_latent_label_shift",
]

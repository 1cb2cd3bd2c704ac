"""What parameters and shapes are refused, and in which words."""

import warnings

from sklearn_ext._core._sklearn import StrOptions

__all__ = ["Metric", "check_shape", "check_together", "warn_of_identical_rows"]

NEED_COORDINATES = ("boruvka", "kd_tree")


class Metric(StrOptions):
    """The metrics, and what to do for another one that many want."""

    def __str__(self):
        return f"{super().__str__()}; for cosine distances use normalize=True"


def check_together(model):
    """Refuse parameters that contradict each other."""
    if model.n_subsamples > 1 and model.max_samples is None:
        raise ValueError(
            f"n_subsamples={model.n_subsamples} needs max_samples: with "
            f"max_samples=None every subsample would be all rows."
        )
    if model.metric != "precomputed":
        return
    if model.normalize:
        raise ValueError(
            "normalize=True divides rows by their norm, but with metric='precomputed' "
            "X holds distances. Pass the rows with metric='euclidean', or "
            "normalize=False."
        )
    if model.device == "cuda":
        raise ValueError(
            "device='cuda' searches neighbours, but with metric='precomputed' all "
            "distances are given. Use device='auto' or 'cpu'."
        )
    if model.algorithm in NEED_COORDINATES:
        raise ValueError(
            f"algorithm={model.algorithm!r} needs coordinates, but with "
            f"metric='precomputed' X holds distances. Use algorithm='auto'."
        )


def warn_of_identical_rows(stacklevel):
    """Say that there is nothing to measure."""
    warnings.warn(
        "All rows are identical, or all distances 0, so there is no scale to measure "
        "groups by: every statistic is 0.0.",
        UserWarning,
        stacklevel=stacklevel + 1,
    )


def check_shape(shape, metric, name):
    """Refuse too few rows, and distances that are not square."""
    n_samples, n_features = shape
    if n_samples < 2:
        raise ValueError(
            f"X has n_samples={n_samples}, but {name} needs a minimum of 2 rows, to "
            f"have a distance between them."
        )
    if metric == "precomputed" and n_samples != n_features:
        raise ValueError(
            f"metric='precomputed' needs the square matrix of the distances between "
            f"the rows, but X is not square: its shape is {shape}. Pass the rows "
            f"themselves with metric='euclidean'."
        )

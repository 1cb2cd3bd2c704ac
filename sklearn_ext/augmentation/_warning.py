"""The warning of augmentation."""

__all__ = ["AugmentationWarning"]


class AugmentationWarning(UserWarning):
    """Augmentation did less, or is worth less, than asked for.

    Fewer rows than requested, no WordNet on the machine, a class that keeps its
    originals, or a split whose score estimates no accuracy.
    """

from sklearn_ext._core._show_versions import show_versions
from sklearn_ext._core._warm_up import warm_up
from sklearn_ext._version import __version__
from sklearn_ext.augmentation import (
    ALPAugmenter,
    AugmentationSplit,
    AugmentedClassifier,
    LexicalizedPCFGParser,
)
from sklearn_ext.heads import (
    AnyLossClassifier,
    AnyLossClassifierCV,
    DiceLossClassifier,
    TorchLossClassifier,
)
from sklearn_ext.label_shift import (
    LatentLabelShift,
    class_prior_error,
    clustering_accuracy,
    make_latent_label_shift,
)
from sklearn_ext.label_space import (
    LokiClassifier,
    frechet_predict,
    label_locus,
    make_label_distance_scorer,
    mean_label_distance,
    minimum_locus_cover,
    next_classes,
)
from sklearn_ext.losses import (
    AnyLoss,
    CombinedLoss,
    DiceLoss,
    FocalLoss,
    ScoreOrientedLoss,
    TverskyLoss,
    dice_loss,
    focal_loss,
    metric_loss,
    score_oriented_loss,
    soft_confusion_matrix,
    tversky_loss,
)
from sklearn_ext.probes import (
    NaiveBayesProbe,
    ProbeLearningCurveDisplay,
    probe_learning_curve,
)
from sklearn_ext.rules import (
    FoldSE,
)
from sklearn_ext.separability import (
    ClassSeparability,
    SeparabilityDisplay,
    SeparabilityStopping,
    class_separability_score,
    fisher_discriminant_ratio,
    make_separability_scorer,
    thornton_index,
)
from sklearn_ext.text import (
    Lbl2Vec,
    Lbl2VecDisplay,
)
from sklearn_ext.tsetlin import (
    ThermometerEncoder,
    TsetlinMachineClassifier,
)

__all__ = [
    "ALPAugmenter",
    "AnyLoss",
    "AnyLossClassifier",
    "AnyLossClassifierCV",
    "AugmentationSplit",
    "AugmentedClassifier",
    "ClassSeparability",
    "CombinedLoss",
    "DiceLoss",
    "DiceLossClassifier",
    "FocalLoss",
    "FoldSE",
    "LatentLabelShift",
    "Lbl2Vec",
    "Lbl2VecDisplay",
    "LexicalizedPCFGParser",
    "LokiClassifier",
    "NaiveBayesProbe",
    "ProbeLearningCurveDisplay",
    "ScoreOrientedLoss",
    "SeparabilityDisplay",
    "SeparabilityStopping",
    "ThermometerEncoder",
    "TorchLossClassifier",
    "TsetlinMachineClassifier",
    "TverskyLoss",
    "__version__",
    "class_prior_error",
    "class_separability_score",
    "clustering_accuracy",
    "dice_loss",
    "fisher_discriminant_ratio",
    "focal_loss",
    "frechet_predict",
    "label_locus",
    "make_label_distance_scorer",
    "make_latent_label_shift",
    "make_separability_scorer",
    "mean_label_distance",
    "metric_loss",
    "minimum_locus_cover",
    "next_classes",
    "probe_learning_curve",
    "score_oriented_loss",
    "show_versions",
    "soft_confusion_matrix",
    "thornton_index",
    "tversky_loss",
    "warm_up",
]

"""Classifiers that confirm the labels of new rows without having seen their source."""

import numpy as np
from sklearn.model_selection import StratifiedKFold

from sklearn_ext._core._sklearn import clone

from ._text_table import take_rows

__all__ = ["LabelFilter", "check_label_filter"]

N_FOLDS = 5


def check_label_filter(label_filter, filter_threshold):
    """Raise if the filter cannot do what is asked of it."""
    if label_filter is None:
        return
    is_fitting = hasattr(label_filter, "fit") and hasattr(label_filter, "predict")
    if isinstance(label_filter, type) or not is_fitting:
        raise TypeError(
            f"label_filter must be a classifier of texts with fit and predict, such as "
            f"make_pipeline(TfidfVectorizer(), LogisticRegression()), got "
            f"{label_filter!r}."
        )
    if filter_threshold is not None and not hasattr(label_filter, "predict_proba"):
        raise ValueError(
            f"filter_threshold={filter_threshold!r} needs probabilities, but "
            f"label_filter={label_filter!r} has no predict_proba. Set "
            f"filter_threshold=None, or take a classifier that has one."
        )


class LabelFilter:
    """Models of the original rows, each without one fold of them.

    Parameters
    ----------
    classifier : classifier
        Cloned for each fold.
    threshold : float or None
        None: the predicted class must be that of the row.
    X : container
        The original rows.
    y : container
        Their labels, as the user gave them.
    codes : ndarray of int64 of shape (n_samples,)
        Classes of the rows as numbers.
    seed : int
        Of the folds, and of a classifier without one.
    """

    def __init__(self, classifier, threshold, X, y, codes, seed):
        self.threshold = threshold
        n_folds = min(N_FOLDS, np.bincount(codes).min())
        self.fold_of = np.zeros(len(codes), dtype=np.int64)
        if n_folds == 1:
            self.models = [seeded(classifier, seed).fit(X, y)]
            return
        folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
        self.models = []
        for i, (train, test) in enumerate(folds.split(codes, codes)):
            self.fold_of[test] = i
            model = seeded(classifier, seed)
            self.models.append(model.fit(take_rows(X, train), take_rows(y, train)))

    def judge(self, rows, sources, label):
        """Return which new rows pass, and a number that is larger for better ones.

        Parameters
        ----------
        rows : container like X
        sources : ndarray of int64 of shape (n_rows,)
            The original row of each.
        label : object
            The class that all of them should be of.
        """
        passed = np.zeros(len(sources), dtype=bool)
        confidence = np.zeros(len(sources))
        for i, model in enumerate(self.models):
            at = np.flatnonzero(self.fold_of[sources] == i)
            if len(at) == 0:
                continue
            part = take_rows(rows, at)
            confidence[at] = class_confidence(model, part, label)
            if self.threshold is None:
                passed[at] = np.asarray(model.predict(part)) == label
            else:
                passed[at] = confidence[at] >= self.threshold
        return passed, confidence


def seeded(classifier, seed):
    """Return a clone in which every open random_state is the seed."""
    model = clone(classifier)
    open_states = {
        name: seed
        for name, value in model.get_params(deep=True).items()
        if name.rpartition("__")[2] == "random_state" and value is None
    }
    return model.set_params(**open_states)


def class_confidence(model, rows, label):
    """Return the probability of a class, or what ranks like it, or zeros."""
    column = np.flatnonzero(np.asarray(model.classes_) == label)[0]
    if hasattr(model, "predict_proba"):
        return np.asarray(model.predict_proba(rows))[:, column]
    if hasattr(model, "decision_function"):
        values = np.asarray(model.decision_function(rows))
        if values.ndim == 2:
            return values[:, column]
        return values if column == 1 else -values
    return np.zeros(len(np.asarray(model.predict(rows))))

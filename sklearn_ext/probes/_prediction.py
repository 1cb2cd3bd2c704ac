"""What a fitted probe says about rows; nothing here changes the estimator."""

import numpy as np
from scipy.special import expit, log_softmax
from sklearn.metrics import accuracy_score

from sklearn_ext._core._arrays import as_host
from sklearn_ext._core._sklearn import ClassifierMixin, check_is_fitted

from ._arrays import open_rows
from ._model import Model, class_means, inverse, log_priors
from ._scores import LinearRule, block_rows, score_blocks

__all__ = ["LinearPrediction"]


class LinearPrediction(ClassifierMixin):
    """Predict-like methods of `NaiveBayesProbe`."""

    # Tests set it, to compute in torch on a CPU.
    _computes_in_torch = False

    def _model(self):
        """Return the model that the fitted attributes describe."""
        has_data = (self.class_count_ > 0)[:, np.newaxis]
        return Model(
            log_priors(self.class_prior_, self.class_count_),
            np.where(has_data, self.theta_ - self._centre_, 0.0),
            self._centre_,
            inverse(self.var_),
        )

    @property
    def theta_(self):
        """Means of the classes."""
        check_is_fitted(self)
        return class_means(self._statistics_, self._centre_)

    def _rule(self):
        """Return the linear rule of `decision_function`."""
        gains = None
        if self.missing == "marginalize":
            gains = self._model().penalties()
            gains = gains[1:] - gains[:1] if len(self.classes_) == 2 else gains
        return LinearRule(self.coef_, self.intercept_, self._centre_, gains)

    def _rows(self, X):
        return open_rows(self, X, device=self._device(X))

    def _scores(self, X):
        """Return the rows, and their scores (n_samples, n_scores)."""
        rows = self._rows(X)
        n_rows = block_rows(len(self.coef_), self.batch_size)
        if rows.device is not None:
            from ._torch import scores_in_torch

            return rows, scores_in_torch(self, rows.X, rows.device, n_rows)
        scores = np.empty((rows.X.shape[0], len(self.coef_)), rows.dtype)
        for _ in score_blocks(rows.X, self._rule(), rows.dtype, n_rows, scores):
            pass
        return rows, scores

    def _divide(self, scores):
        """Divide scores by the temperature in place; of more classes the best is 0."""
        if len(self.classes_) > 2:
            scores -= scores.max(axis=1, keepdims=True)
        info = np.finfo(scores.dtype)
        with np.errstate(over="ignore"):
            scores /= scores.dtype.type(np.clip(self.temperature_, info.tiny, info.max))

    def _in_torch(self, scores, *, log):
        from ._torch import probabilities

        return probabilities(
            scores, self.temperature_, len(self.classes_) == 2, log=log
        )

    def decision_function(self, X):
        """Return the raw scores, which no temperature divides.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows with the features of `fit`.

        Returns
        -------
        scores : array of shape (n_samples, n_classes) or (n_samples,)
            ``X @ coef_.T + intercept_``; with two classes, positive ones speak for the
            second class. float32 for single precision, else float64; a tensor if X is
            one.
        """
        check_is_fitted(self)
        rows, scores = self._scores(X)
        return rows.give(scores[:, 0] if len(self.classes_) == 2 else scores)

    def predict(self, X):
        """Return the class with the highest score, the first of equal ones.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows with the features of `fit`.

        Returns
        -------
        labels : array of shape (n_samples,)
            Labels as in `classes_`; a tensor if X is one and the labels are numbers.
        """
        check_is_fitted(self)
        if self._device(X) is not None:
            rows, scores = self._scores(X)
            is_binary = len(self.classes_) == 2
            codes = scores[:, 0] > 0 if is_binary else scores.argmax(1)
            codes = as_host(codes).astype(np.intp)
            return rows.give(self.classes_[codes])
        rows = self._rows(X)
        codes = np.empty(rows.X.shape[0], np.intp)
        n_rows = block_rows(len(self.coef_), self.batch_size)
        for part, scores in score_blocks(rows.X, self._rule(), rows.dtype, n_rows):
            if len(self.classes_) == 2:
                codes[part] = scores[:, 0] > 0
            else:
                codes[part] = scores.argmax(axis=1)
        return rows.give(self.classes_[codes])

    def predict_proba(self, X):
        """Return the probabilities of the classes.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows with the features of `fit`.

        Returns
        -------
        probabilities : array of shape (n_samples, n_classes)
            In the order of `classes_`: the softmax of the scores over `temperature_`.
        """
        check_is_fitted(self)
        rows, scores = self._scores(X)
        if rows.device is not None:
            return rows.give(self._in_torch(scores, log=False))
        self._divide(scores)
        if len(self.classes_) == 2:
            return rows.give(np.hstack([expit(-scores), expit(scores)]))
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        return rows.give(scores)

    def predict_log_proba(self, X):
        """Return the logarithms of the probabilities.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows with the features of `fit`.

        Returns
        -------
        log_probabilities : array of shape (n_samples, n_classes)
            In the order of `classes_`; -inf for a class without data.
        """
        check_is_fitted(self)
        rows, scores = self._scores(X)
        if rows.device is not None:
            return rows.give(self._in_torch(scores, log=True))
        self._divide(scores)
        if len(self.classes_) == 2:
            # In single precision log_expit would not be the log of `predict_proba`.
            rest = np.log(1 + np.exp(-np.abs(scores)))
            return rows.give(np.minimum(np.hstack([-scores, scores]), 0) - rest)
        return rows.give(log_softmax(scores, axis=1))

    def predict_joint_log_proba(self, X):
        """Return the joint log-densities, less a term common to all classes.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows with the features of `fit`.

        Returns
        -------
        log_densities : array of shape (n_samples, n_classes)
            The log of the prior less half of the squared Mahalanobis distance to the
            class mean, over the observed features. The temperature plays no part.
        """
        check_is_fitted(self)
        from ._leave_one_out import class_scores

        rows = open_rows(self, X)
        every = np.ones(len(self.classes_), bool)
        scores, distance = class_scores(
            self._model(), every, rows.X, rows.dtype, self.missing == "marginalize"
        )
        scores -= 0.5 * distance[:, np.newaxis]
        return rows.give(scores)

    def score(self, X, y, sample_weight=None):
        """Return the share of rows whose label is predicted.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows with the features of `fit`.

        y : array-like of shape (n_samples,)
            The right labels; a tensor is welcome.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        accuracy : float
            Between 0 and 1.
        """
        predicted = as_host(self.predict(X))
        return accuracy_score(
            as_host(y), predicted, sample_weight=as_host(sample_weight)
        )

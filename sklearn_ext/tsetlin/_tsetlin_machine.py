"""TsetlinMachineClassifier: logical rules, learned by counting automata.

"The Tsetlin Machine - A Game Theoretic Bandit Driven Approach to Optimal Pattern
Recognition with Propositional Logic", arXiv 1804.01508; for text, arXiv 1809.04547.
"""

from numbers import Integral, Real

import numpy as np
from scipy.special import softmax

from sklearn_ext._core._callbacks import CallbackSupportMixin, FitSteps
from sklearn_ext._core._fitting import keep_fit_on_error
from sklearn_ext._core._sklearn import (
    BaseEstimator,
    ClassifierMixin,
    IntegralNotBool,
    Interval,
    RealNotInt,
    StrOptions,
    TransformerMixin,
    check_is_fitted,
    fit_context,
    validate_data,
)

from ._interpretation import ReadableClauses
from ._pack import binary_rows

__all__ = ["TsetlinMachineClassifier"]


class TsetlinMachineClassifier(
    ReadableClauses,
    CallbackSupportMixin,
    ClassifierMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Logical rules over binary features, learned by a Tsetlin machine.

    Each class has a bank of clauses such as "refund and not thanks". Half of them vote
    for the class and half against it; the class with the most votes is predicted.
    Whether a clause includes a word or its negation is decided by a small counter, an
    automaton, which two kinds of feedback push up and down. The model is the rules:
    `get_rules` lists them, `explain` tells which of them decided a prediction.

    Features are presence bits: the sparse matrix of a ``CountVectorizer`` is used as it
    is, and `ThermometerEncoder` makes bits of numbers. The result depends on
    `random_state` only, never on threads, device or container.

    Read more in the :ref:`User Guide <tsetlin_machine>`.

    Parameters
    ----------
    n_clauses : int, default=500
        Clauses per class, an even number: clause 0, 2, ... vote for the class and
        clause 1, 3, ... against it.

    threshold : "auto" or int, default="auto"
        The votes at which a class needs no more feedback, called *T* in [1]_; in
        training, votes are clipped to [-T, T]. "auto" is ``4 * n_clauses`` if
        `weighted`, else ``max(10, n_clauses // 20)``.

    specificity : float, default=1.1
        Called *s* in [1]_, at least 1: an automaton is pushed away from inclusion with
        probability 1 / s, so larger values give longer clauses.

    max_iter : int, default=30
        The number of epochs.

    boost_true_positive : bool, default=True
        Whether literals that are true in a clause that should hold are always pushed
        towards inclusion, instead of with probability (s - 1) / s.

    weighted : bool, default=True
        Whether clauses have integer weights, which start at 1 and never fall below.

    feature_negation : bool or float, default=True
        Whether clauses may contain negated features. A float in (0, 1) allows it for
        features that are present in at least this share of the training rows.

    max_literals : int or None, default=64
        Literal budget of a clause. It is a soft one: a clause above it expels literals
        until it fits, so some clauses are longer for a while. None is no limit.

    clause_drop : float, default=0.0
        Probability in [0, 1) that a clause sits out an epoch.

    binarize : float or None, default=0.0
        A feature is present if its value is above this. None demands that X holds only
        zeros and ones.

    batch_size : int, default=1
        1 is the exact online algorithm. With more, the votes of so many samples are
        computed before any of them teaches.

    n_iter_no_change : int or None, default=None
        Early stopping: hold out a tenth of each class, stop after so many epochs
        without a better accuracy on it, and keep the best epoch. None runs all epochs.

    n_jobs : int or None, default=None
        Threads, which share the classes in training and the rows in prediction. None is
        1 unless a ``joblib.parallel_config`` says more, -1 is all processors.

    device : {"auto", "cpu", "cuda"}, default="auto"
        Where training and prediction run. "auto" takes a GPU only with torch, with
        ``batch_size > 1`` and if the work is large.

    random_state : int, RandomState instance or None, default=None
        Seed of the feedback and of the order of the samples.

    verbose : int, default=0
        Above 0, one line is printed per epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of str of shape (n_features,)
        Names of the features, if X had string names for all of them.

    threshold_ : int
        The threshold that was used.

    seed_ : int
        The 64-bit seed drawn from `random_state`.

    state_ : ndarray of uint64 of shape (n_classes, n_clauses, 8, n_words)
        The automata, 64 to a word: bit i of their states 0..255 is plane i, so plane 7
        says which literals are included. The first half of the words are the features,
        the second half their negations (absent if `feature_negation` is False).

    clause_weights_ : ndarray of int32 of shape (n_classes, n_clauses)
        Weights of the clauses, all 1 if not `weighted`.

    literal_mask_ : ndarray of bool of shape (2 * n_features,)
        Which literals have automata: features, then negations. Features that are
        constant in `fit` have none.

    n_literals_ : ndarray of int32 of shape (n_classes, n_clauses)
        Included literals per clause.

    clauses_ : csr_array of int8 of shape (n_rules, 2 * n_features)
        Included literals, a row per clause: clause j of class c is row
        ``c * n_clauses + j``, and columns from `n_features_in_` on are negations.

    clause_class_ : ndarray of int32 of shape (n_rules,)
        Class of each row of `clauses_`, as an index into `classes_`.

    clause_votes_ : ndarray of int32 of shape (n_rules,)
        Signed vote of each row of `clauses_`.

    n_iter_ : int
        Number of epochs run.

    history_ : dict of ndarray of shape (n_epochs,)
        Per epoch: "online_accuracy", the share of samples with more votes for their
        class than for the negative class drawn; "feedback_rate", the share of clause
        visits that led to feedback; "mean_literals"; with `n_iter_no_change` also
        "validation_score", NaN for epochs of `partial_fit`.

    device_ : str
        "cpu" or "cuda": where `fit` ran.

    See Also
    --------
    ThermometerEncoder : Turns numbers into the bits that this classifier works on.
    sklearn_ext.FoldSE : Few rules with exceptions, straight from a mixed table.
    sklearn.naive_bayes.BernoulliNB : A fast baseline on the same presence bits.

    Notes
    -----
    An epoch costs O(n_samples * n_clauses * n_features / 64) word operations for two
    classes per sample, whatever the number of classes, and most clauses are decided by
    their first words. Prediction costs O(n_literals) word operations per 64 rows.
    Memory is 2 bytes per clause and feature.

    Deviations from [1]_: automata start at the boundary, so a clause starts empty
    instead of random; features that are constant in training have no automata; a
    clause over the budget gets no feedback but Type Ib. A clause without literals is
    true in training and false in prediction; votes are clipped in training only.

    The probabilities of `predict_proba` are not calibrated; wrap the estimator into
    :class:`~sklearn.calibration.CalibratedClassifierCV` where this matters.

    `sample_weight` scales the probability of feedback: right in expectation, and 0 is
    exactly removal, but a weight of k is not k repetitions, and unequal weights need
    more epochs.

    References
    ----------
    .. [1] "The Tsetlin Machine - A Game Theoretic Bandit Driven Approach to Optimal
       Pattern Recognition with Propositional Logic", arXiv 1804.01508.
    .. [2] "Using the Tsetlin Machine to Learn Human-Interpretable Rules for
       High-Accuracy Text Categorization with Medical Applications", arXiv 1809.04547.
    .. [3] "Building Concise Logical Patterns by Constraining Tsetlin Machine Clause
       Size", arXiv 2301.08190.

    Examples
    --------
    >>> from sklearn_ext import TsetlinMachineClassifier
    >>> X = [[0, 0], [0, 1], [1, 0], [1, 1]] * 50
    >>> y = ["same", "other", "other", "same"] * 50
    >>> machine = TsetlinMachineClassifier(
    ...     n_clauses=10, specificity=3.0, random_state=0
    ... ).fit(X, y)
    >>> machine.score(X, y)
    1.0
    """

    _parameter_constraints: dict = {
        "n_clauses": [IntegralNotBool(Integral, 2, None, closed="left")],
        "threshold": [
            StrOptions({"auto"}),
            IntegralNotBool(Integral, 1, 2**29, closed="both"),
        ],
        "specificity": [Interval(Real, 1, None, closed="left")],
        "max_iter": [IntegralNotBool(Integral, 1, None, closed="left")],
        "boost_true_positive": ["boolean"],
        "weighted": ["boolean"],
        "feature_negation": ["boolean", Interval(RealNotInt, 0, 1, closed="neither")],
        "max_literals": [IntegralNotBool(Integral, 1, None, closed="left"), None],
        "clause_drop": [Interval(Real, 0, 1, closed="left")],
        "binarize": [Interval(Real, None, None, closed="neither"), None],
        "batch_size": [IntegralNotBool(Integral, 1, None, closed="left")],
        "n_iter_no_change": [IntegralNotBool(Integral, 1, None, closed="left"), None],
        "n_jobs": [Integral, None],
        "device": [StrOptions({"auto", "cpu", "cuda"})],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    # Tests set it, to run the torch engine on a CPU.
    _trains_in_torch = False

    def __init__(
        self,
        n_clauses=500,
        *,
        threshold="auto",
        specificity=1.1,
        max_iter=30,
        boost_true_positive=True,
        weighted=True,
        feature_negation=True,
        max_literals=64,
        clause_drop=0.0,
        binarize=0.0,
        batch_size=1,
        n_iter_no_change=None,
        n_jobs=None,
        device="auto",
        random_state=None,
        verbose=0,
    ):
        self.n_clauses = n_clauses
        self.threshold = threshold
        self.specificity = specificity
        self.max_iter = max_iter
        self.boost_true_positive = boost_true_positive
        self.weighted = weighted
        self.feature_negation = feature_negation
        self.max_literals = max_literals
        self.clause_drop = clause_drop
        self.binarize = binarize
        self.batch_size = batch_size
        self.n_iter_no_change = n_iter_no_change
        self.n_jobs = n_jobs
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        # one bit of each of the continuous columns that common checks are made of
        tags.classifier_tags.poor_score = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Learn the clauses.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Features; what is above `binarize` is present.

        y : array-like of shape (n_samples,)
            Class labels, of at least two classes.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, relative to the largest: the probability of feedback is
            multiplied by them. Rows of weight 0 are left out.

        Returns
        -------
        self : TsetlinMachineClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            If X holds NaN or infinity, `binarize` is None and X is not binary, y has
            fewer than two classes, a weight is negative, or a parameter is invalid.
        ImportError
            If ``device="cuda"`` and torch is not installed.
        RuntimeError
            If ``device="cuda"`` and there is no CUDA device.
        """
        from sklearn_ext._core._numba import Workers

        from ._training import Training

        self._check_n_clauses()
        given = {"X": X, "y": y, "sample_weight": sample_weight}
        with keep_fit_on_error(self), Workers(self.n_jobs) as workers:
            training = Training(self, **given, workers=workers)
            steps = FitSteps(self, self.max_iter, "epoch", **given)
            for _ in range(self.max_iter):
                steps.begin()
                training.run_epoch()
                if self.verbose:
                    print(training.line())  # noqa: T201
                if steps.end(training.prediction_attributes) or training.has_stalled:
                    break
            vars(self).update(training.fitted_attributes())
            steps.finish()
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Learn from one pass over the rows in the order given.

        After `fit` it goes on from there. It differs from `fit` in that features which
        are constant in the rows keep their automata: later rows may vary. A call copies
        the automata, so give it more than a few rows. Parameters are read anew, except
        `threshold`, `feature_negation` and `random_state`, which stay as in the first
        call.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Features, as in `fit`.

        y : array-like of shape (n_samples,)
            Class labels, not necessarily of all classes.

        classes : array-like of shape (n_classes,), default=None
            All labels that will come; the first call needs it.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, relative to the largest of this call.

        Returns
        -------
        self : TsetlinMachineClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            As in `fit`; if the first call does not name the classes; if y holds another
            label; if the estimator comes from `simplify` or `from_clauses`.
        """
        from sklearn_ext._core._numba import Workers

        from ._training import Training, check_classes

        self._check_n_clauses()
        with keep_fit_on_error(self), Workers(self.n_jobs) as workers:
            training = Training(
                self, X, y, sample_weight, workers, classes=check_classes(self, classes)
            )
            training.run_epoch()
            if self.verbose:
                print(training.line())  # noqa: T201
            vars(self).update(training.fitted_attributes())
        return self

    def _check_n_clauses(self):
        if self.n_clauses % 2:
            raise ValueError(
                "n_clauses must be even: half of the clauses vote against the class; "
                f"got {self.n_clauses}."
            )

    def _rows(self, X):
        """Return validated X as bits."""
        X = validate_data(self, X, accept_sparse="csr", dtype="numeric", reset=False)
        return binary_rows(X, self.binarize)

    def _bank(self):
        """Return the clauses as plain arrays."""
        from ._inference import ClauseBank

        n_classes = len(self.classes_)
        return ClauseBank.of(
            self.clauses_, self.clause_class_, self.clause_votes_, n_classes
        )

    def _votes(self, X):
        """Return the votes for each class, int64 (n_samples, n_classes)."""
        from sklearn_ext._core._numba import Workers
        from sklearn_ext._core._torch import has_cuda

        from ._inference import class_votes

        rows = self._rows(X)
        # a model that was trained on a GPU also predicts where there is none
        if self._trains_in_torch or (self.device_ == "cuda" and has_cuda()):
            from ._torch import class_votes as class_votes_in_torch

            return class_votes_in_torch(self._bank(), rows, self.device_)
        with Workers(self.n_jobs) as workers:
            return class_votes(self._bank(), rows, workers)

    def decision_function(self, X):
        """Return the votes for the classes, not clipped.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows with the features of `fit`.

        Returns
        -------
        votes : ndarray of float64 of shape (n_samples, n_classes) or (n_samples,)
            Votes in the order of `classes_`; with two classes, those for the second
            class less those for the first.
        """
        check_is_fitted(self)
        votes = self._votes(X).astype(np.float64)
        return votes[:, 1] - votes[:, 0] if votes.shape[1] == 2 else votes

    def predict(self, X):
        """Return the class with the most votes, the first of equal ones.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows with the features of `fit`.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Labels as in `classes_`.
        """
        check_is_fitted(self)
        return self.classes_[self._votes(X).argmax(axis=1)]

    def predict_proba(self, X):
        """Return the softmax of votes over threshold; it is not calibrated.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows with the features of `fit`.

        Returns
        -------
        probabilities : ndarray of float64 of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        check_is_fitted(self)
        return softmax(self._votes(X) / self.threshold_, axis=1)

    def transform(self, X):
        """Return which clauses are true on each row, as features for another model.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows with the features of `fit`.

        Returns
        -------
        outputs : csr_array of uint8 of shape (n_samples, n_rules)
            1 where a row of `clauses_` is true; empty clauses are false.
        """
        from sklearn_ext._core._numba import Workers

        from ._inference import clause_outputs

        check_is_fitted(self)
        with Workers(self.n_jobs) as workers:
            return clause_outputs(self._bank(), self._rows(X), workers)

"""FOLD-SE: a few readable rules with exceptions, straight from a mixed table.

"FOLD-SE: An Efficient Rule-based Machine Learning Algorithm with Scalable
Explainability", arXiv 2208.07912.
"""

from numbers import Integral, Real

import numpy as np

from sklearn_ext._core._callbacks import CallbackSupportMixin, FitSteps
from sklearn_ext._core._encoding import open_table, unique_names
from sklearn_ext._core._fitting import keep_fit_on_error
from sklearn_ext._core._sklearn import (
    BaseEstimator,
    ClassifierMixin,
    IntegralNotBool,
    Interval,
    RealNotInt,
    StrOptions,
    check_is_fitted,
    clone,
    fit_context,
)

from ._evaluate import first_fired, smooth_counts, used_features

__all__ = ["FoldSE"]


class FoldSE(CallbackSupportMixin, ClassifierMixin, BaseEstimator):
    """Rules with exceptions, learned from mixed tables with FOLD-SE.

    The model is a handful of rules such as "the disease is absent unless chest pain is
    of type 4 or oldpeak is above 2.4", in which exceptions may have exceptions. It can
    be read, printed as a logic program, and every prediction comes with a proof.
    Numbers, strings, categories and missing cells are used as they are: nothing is
    encoded by the user, imputed or dropped.

    With two classes the rules describe one of them and the other is the default; with
    more they form an ordered list, in which the first rule that fires decides.

    Read more in the :ref:`User Guide <fold_se>`.

    Parameters
    ----------
    ratio : float, default=0.5
        When the default part of a rule is finished: when the weight of the negative
        rows that satisfy it is at most `ratio` times that of the positive ones. These
        rows become the exceptions. 0 asks for pure default parts without exceptions.

    tail : float or int, default=0.005
        The long-tail cut: a rule that covers less than this is dropped, and its rule
        set ends, at any depth. A float in [0, 1) is a share of the training rows,
        rounded down; an int is a number of rows. With weights, rows count by their
        weight, and a share of fractions is not rounded.

    categorical_features : "from_dtype", array-like of {bool, int, str} or None, \
            default="from_dtype"
        Which columns are categorical, by mask, position or name. Their cells are
        tokens, even "1". In the other columns each cell is parsed as a number, and one
        that can't be parsed stays a token. "from_dtype" takes strings, categories,
        booleans, and object columns without any number. None takes no column.

    heuristic : {"mgi", "gini", "entropy"}, default="mgi"
        The score of a literal. Magic Gini Impurity is the one of FOLD-SE.

    pos_label : label or None, default=None
        With two classes, the class that the rules describe. None: ``classes_[1]``.

    max_rules : int or None, default=None
        Stop after this many top rules.

    max_depth : int or None, default=None
        How deep exceptions nest: 0 for none, 1 for exceptions without exceptions of
        their own. None and anything above 64 mean 64, which only a `ratio` near 1 or
        above reaches.

    max_literals : int or None, default=None
        The default part of a rule is finished at this length at the latest.

    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, multiplied with `sample_weight`. With fractions, as of
        "balanced", sums are rounded, so that equal scores need not tie.

    min_confidence : float, default=0.0
        A rule of lower confidence, at any depth, is dropped as by `tail`. In [0, 1).

    n_jobs : int or None, default=None
        Number of threads of `fit`; None is 1 unless a joblib context says more, -1 is
        all processors. The result does not depend on it.

    verbose : int, default=0
        1 prints a line for each accepted top rule.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels.

    n_features_in_ : int
        Number of columns seen in `fit`.

    feature_names_in_ : ndarray of str of shape (n_features,)
        Names of the columns seen in `fit`, if all of them are strings.

    is_categorical_ : ndarray of bool of shape (n_features,)
        Which columns hold tokens only.

    categories_ : list of ndarray of str
        Tokens seen in each column, in the order of the search; "" is a missing cell.

    rules_ : tuple of Rule
        The top rules in order, simplified.

    raw_rules_ : tuple of Rule
        The top rules as learned. They predict the same.

    rule_counts_ : ndarray of float64 of shape (n_top_rules + 1, n_classes)
        Training weight per class of the rows that each rule decides. The last row is
        for the rows on which no rule fires.

    n_rules_ : int
        Number of top rules and distinct exceptions: the lines of the printed program.

    n_literals_ : int
        Number of literals in these lines.

    default_class_ : label
        The prediction where no rule fires.

    tail_count_ : float
        The weight that `tail` amounts to.

    feature_importances_ : ndarray of float64 of shape (n_features,)
        Share of each column in the gain of all literals, exceptions included.

    See Also
    --------
    sklearn.tree.DecisionTreeClassifier : A tree has no exceptions and needs all columns
        to be numbers.

    Notes
    -----
    A literal and its negation are exact complements: ``not (A <= v)`` holds on missing
    cells and on tokens, ``A > v`` does not. Cuts are observed values. Nothing is
    random.

    Encoding takes O(n) time per column of few distinct values, else O(n log n). A
    search for a literal takes O(m d) time for the m rows left; a fit visits a column
    about four times in full. Memory is one byte per cell, and four more in columns of
    more than 256 distinct values.

    Three or more classes follow FOLD-RM [2]_, except that a class without a rule gives
    way to the next one, and a pure rest is closed by the default. Confidence is that of
    CON-FOLD [3]_. A rest of less than 1e-7 of the weight does not choose the default.

    Columns of names or identifiers can make rules of very many literals, a search each:
    leave them out, or set `max_literals`. `categories_` keeps all tokens of `fit`.

    References
    ----------
    .. [1] "FOLD-SE: An Efficient Rule-based Machine Learning Algorithm with Scalable
       Explainability", arXiv 2208.07912.
    .. [2] "FOLD-RM: A Scalable, Efficient, and Explainable Inductive Learning Algorithm
       for Multi-Category Classification of Mixed Data", arXiv 2202.06913.
    .. [3] "CON-FOLD: Explainable Machine Learning with Confidence", arXiv 2408.07854.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_ext import FoldSE
    >>> X = pd.DataFrame({
    ...     "kind": ["bird", "bird", "penguin", "bird", "cat", "penguin"] * 5,
    ...     "weight": [0.1, 0.3, 9.0, None, 4.0, 12.0] * 5,
    ... })
    >>> y = ["flies", "flies", "walks", "flies", "walks", "walks"] * 5
    >>> model = FoldSE(pos_label="flies").fit(X, y)
    >>> print(model.to_asp())
    label(X,'flies') :- kind(X,'bird').
    >>> model.predict(pd.DataFrame({"kind": ["bird", "bat"], "weight": [None, 0.2]}))
    array(['flies', 'walks'], dtype='<U5')
    """

    _parameter_constraints: dict = {
        "ratio": [Interval(Real, 0, None, closed="left")],
        "tail": [
            Interval(RealNotInt, 0, 1, closed="left"),
            IntegralNotBool(Integral, 0, None, closed="left"),
        ],
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
        "heuristic": [StrOptions({"mgi", "gini", "entropy"})],
        "pos_label": "no_validation",
        "max_rules": [Interval(Integral, 1, None, closed="left"), None],
        "max_depth": [Interval(Integral, 0, None, closed="left"), None],
        "max_literals": [Interval(Integral, 1, None, closed="left"), None],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "min_confidence": [Interval(Real, 0, 1, closed="left")],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        ratio=0.5,
        tail=0.005,
        *,
        categorical_features="from_dtype",
        heuristic="mgi",
        pos_label=None,
        max_rules=None,
        max_depth=None,
        max_literals=None,
        class_weight=None,
        min_confidence=0.0,
        n_jobs=None,
        verbose=0,
    ):
        self.ratio = ratio
        self.tail = tail
        self.categorical_features = categorical_features
        self.heuristic = heuristic
        self.pos_label = pos_label
        self.max_rules = max_rules
        self.max_depth = max_depth
        self.max_literals = max_literals
        self.class_weight = class_weight
        self.min_confidence = min_confidence
        self.n_jobs = n_jobs
        self.verbose = verbose

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.input_tags.sparse = True
        return tags

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Learn the rules.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Numbers, strings, categories, booleans and missing cells, in any mix.

        y : array-like of shape (n_samples,)
            Class labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows. A weight of k is the same as k equal rows.

        Returns
        -------
        self : FoldSE
            The fitted estimator.

        Raises
        ------
        ValueError
            If X holds infinity, y is not a classification target, a weight is negative,
            or a parameter does not fit the data.
        TypeError
            If a column holds dates or durations.
        """
        from sklearn_ext._core._numba import Workers

        from ._training import Training

        given = {"X": X, "y": y, "sample_weight": sample_weight}
        with keep_fit_on_error(self), Workers(self.n_jobs) as workers:
            training = Training(self, **given, workers=workers)
            steps = FitSteps(self, self.max_rules, "rule", **given)
            drafts = []
            for draft in training.learn(self):
                steps.begin()  # that there is a next rule is known only now
                drafts.append(draft)
                if self.verbose:
                    print(training.line(drafts))  # noqa: T201
                if steps.end(lambda: training.fitted_attributes(self, drafts)):
                    break
            vars(self).update(training.fitted_attributes(self, drafts))
            steps.finish()
        return self

    def rule_path(self, X, y, tails, sample_weight=None):
        """Fit one model for each value of `tail`, at little more than the cost of one.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            As in `fit`.

        y : array-like of shape (n_samples,)
            Class labels.

        tails : iterable of float or int
            Values of `tail`.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        models : list of FoldSE
            Fitted models in the order of `tails`, each the same as a separate fit. This
            estimator is left as it is. Callbacks are not called.

        Raises
        ------
        ValueError
            If `tails` is empty or has an invalid entry, and as in `fit`.
        """
        from sklearn_ext._core._numba import Workers

        from ._learner import Memo
        from ._training import Training

        if not np.iterable(tails) or isinstance(tails, str):
            raise TypeError(f"tails must be an iterable of numbers, got {tails!r}.")
        models = [clone(self).set_params(tail=tail) for tail in tails]
        if not models:
            raise ValueError("tails is empty; give at least one value of tail.")
        for model in models:
            model._validate_params()
        first = models[0]
        with Workers(self.n_jobs) as workers:
            training = Training(first, X, y, sample_weight, workers, Memo())
            for model in sorted(models, key=training.threshold):
                drafts = list(training.learn(model))
                vars(model).update(training.fitted_attributes(model, drafts))
                model.n_features_in_ = first.n_features_in_
                if hasattr(first, "feature_names_in_"):
                    model.feature_names_in_ = first.feature_names_in_.copy()
        return models

    def _read(self, X):
        """Return the validated table and the cells of the columns in the rules."""
        table = open_table(self, X, reset=False)
        table.check_finite()
        features = used_features(self.rules_)
        cells = {j: table.read(j, self.is_categorical_[j]) for j in features}
        return table, cells

    def apply(self, X):
        """Return which top rule decides each row.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows with the columns of `fit`; their dtypes may differ.

        Returns
        -------
        indices : ndarray of int64 of shape (n_samples,)
            Index into `rules_` of the first rule that fires, -1 if none does.
        """
        check_is_fitted(self)
        table, cells = self._read(X)
        return first_fired(self.rules_, cells, table.n_rows)

    def predict(self, X):
        """Return the class label of each row.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows with the columns of `fit`; their dtypes may differ. Tokens that `fit`
            did not see are equal to no other token.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Labels as in `classes_`.
        """
        check_is_fitted(self)
        return self.classes_[self._decisions()[self.apply(X)]]

    def predict_proba(self, X):
        """Return the class probabilities of each row.

        They are the class shares of the training rows that the same rule decides, drawn
        towards equal shares as by the Wilson interval (z = 1.96). The largest one is
        always that of the class that `predict` returns.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows with the columns of `fit`.

        Returns
        -------
        probabilities : ndarray of float64 of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        check_is_fitted(self)
        return smooth_counts(self.rule_counts_, self._decisions())[self.apply(X)]

    def _decisions(self):
        """Return the code of the class of each rule, and of the default as the last."""
        code = {label: k for k, label in enumerate(self.classes_.tolist())}
        labels = [*(rule.head for rule in self.rules_), self.default_class_]
        return np.array([code[label] for label in labels], np.intp)

    def _names(self):
        """Return the unique names of the columns, x0, x1, ... if they have none."""
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            names = [f"x{j}" for j in range(self.n_features_in_)]
        return unique_names(names)

    def explain(self, X, *, format="text", full=False):
        """Explain each prediction by the literals and exceptions that decide it.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows with the columns of `fit`.

        format : {"text", "dict"}, default="text"
            "dict" gives nested plain data that JSON can hold. The entry `holds` of a
            literal is True, False, or None if it was not needed.

        full : bool, default=False
            Whether to add the rules that did not decide: the earlier ones, and in a
            model of two classes the later ones as well.

        Returns
        -------
        explanations : list of str or list of dict
            One per row.

        Raises
        ------
        ValueError
            If `format` is another one.
        """
        check_is_fitted(self)
        from ._explain import explain_rows

        table, cells = self._read(X)
        fired = first_fired(self.rules_, cells, table.n_rows)
        return explain_rows(
            self.rules_,
            cells,
            feature_names=self._names(),
            default_class=self.default_class_,
            binary=len(self.classes_) == 2,
            probabilities=smooth_counts(self.rule_counts_, self._decisions())[fired],
            format=format,
            full=full,
        )

    def rules_frame(self):
        """Return the rules as a data frame, the table to look at first.

        Returns
        -------
        frame : pandas.DataFrame
            One row per top rule in order, then per distinct exception, then the
            default, with the columns `name`, `kind` ("rule", "exception", "default"),
            `label` (the class argued for, None for exceptions), `body`, `n_literals`,
            `n_exceptions`, `support` and `confidence`. An exception that several rules
            share has the support of all of them.
        """
        check_is_fitted(self)
        from ._summary import rules_frame

        return rules_frame(
            self.rules_,
            self.rule_counts_,
            feature_names=self._names(),
            default_class=self.default_class_,
            default_index=self._decisions()[-1],
        )

    def to_asp(
        self, *, simplify=True, target_name="label", decimals=None, exclusive=True
    ):
        """Return the rules as an answer set program in the notation of the papers.

        Parameters
        ----------
        simplify : bool, default=True
            Whether to print `rules_` or `raw_rules_`.

        target_name : str, default="label"
            Name of the target predicate.

        decimals : int or None, default=None
            Round numbers to so many decimals. The program may then decide differently
            from the model, and says so in its first line.

        exclusive : bool, default=True
            With more than two classes: whether each rule excludes the earlier ones, or
            the first clause in the text that fires decides.

        Returns
        -------
        program : str
            One clause a line. With two classes, only the described one is printed.
        """
        check_is_fitted(self)
        from ._export import asp_program

        return asp_program(
            self.rules_ if simplify else self.raw_rules_,
            feature_names=self._names(),
            default_class=self.default_class_,
            binary=len(self.classes_) == 2,
            target_name=target_name,
            decimals=decimals,
            exclusive=exclusive,
        )

    def to_scasp(self, X=None, *, target_name="label", templates=True):
        """Return the rules as an s(CASP) program that runs.

        The query ``?- label(1,Y).`` has one answer, the prediction for the first row.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features), \
                default=None
            Rows to add as facts. None gives a program without facts.

        target_name : str, default="label"
            Name of the target predicate.

        templates : bool, default=True
            Whether to add ``#pred`` lines, from which s(CASP) makes sentences.

        Returns
        -------
        program : str
            The text of the program.
        """
        check_is_fitted(self)
        from ._export import scasp_program

        table, cells = (None, None) if X is None else self._read(X)
        return scasp_program(
            self.rules_,
            feature_names=self._names(),
            is_categorical=self.is_categorical_,
            default_class=self.default_class_,
            binary=len(self.classes_) == 2,
            target_name=target_name,
            cells=cells,
            n_rows=0 if table is None else table.n_rows,
            templates=templates,
        )

    def to_json(self, path=None):
        """Return the fitted model as JSON text.

        Parameters
        ----------
        path : str or path-like, default=None
            File to write the text to as well.

        Returns
        -------
        text : str
            What `from_json` reads.

        Raises
        ------
        TypeError
            If a label or a parameter is of a type that JSON can't hold.
        """
        check_is_fitted(self)
        from ._json import write_json

        return write_json(self, path)

    @classmethod
    def from_json(cls, source):
        """Return the fitted model from what `to_json` wrote.

        Parameters
        ----------
        source : str or path-like
            JSON text, or the path of a file that holds it.

        Returns
        -------
        model : FoldSE
            It predicts the same as the one that was written, to the bit.

        Raises
        ------
        ValueError
            If the text is of another format or version.
        """
        from ._json import read_json

        return read_json(cls, source)

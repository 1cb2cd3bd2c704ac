"""The methods by which a fitted Tsetlin machine is read, edited and explained."""

from sklearn_ext._core._sklearn import check_feature_names_in, check_is_fitted

from ._explain import explain
from ._reading import export_text
from ._rules import clause_names, rules_table
from ._simplify import from_clauses, simplify

__all__ = ["ReadableClauses"]


class ReadableClauses:
    """Mixin of estimators with `clauses_`, `clause_class_` and `clause_votes_`."""

    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns of `transform`.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Checked against `feature_names_in_`, otherwise not used.

        Returns
        -------
        names : ndarray of str objects of shape (n_rules,)
            Such as "clause_spam_17" for row 17 of `clauses_`.
        """
        check_is_fitted(self)
        check_feature_names_in(self, input_features, generate_names=False)
        return clause_names(self)

    def get_rules(
        self, X=None, y=None, *, feature_names=None, class_label=None, top=None
    ):
        """Return the clauses as a table of rules.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix}, default=None
            Rows on which to measure the support of the rules.

        y : array-like of shape (n_samples,), default=None
            Labels of X, to measure the precision too.

        feature_names : array-like of str of shape (n_features,), default=None
            Names of the features; None takes `feature_names_in_`, else x0, x1, ...

        class_label : label, default=None
            List the rules of this class only.

        top : int or None, default=None
            List only so many rules per class, those with the largest votes.

        Returns
        -------
        rules : DataFrame
            Sorted by class, then by the size of the vote. Columns: class_label, clause
            (row of `clauses_`), vote, n_literals, present and absent (tuples of names),
            rule (text); with X support, the share of rows where the rule is true; with
            y precision, the share of these that are of the class (for a negative vote:
            that are not), NaN without support. Empty and contradictory clauses are left
            out. A clause of negations alone with a negative vote reads "any of: ...".

        Raises
        ------
        ValueError
            If `feature_names` has the wrong length or `class_label` is unknown.
        """
        check_is_fitted(self)
        return rules_table(
            self, X, y, feature_names=feature_names, class_label=class_label, top=top
        )

    def explain(self, X, *, by="clause", feature_names=None, top=None):
        """Explain votes by the clauses that are true, or by their literals.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_samples, n_features)
            Rows with the features of `fit`.

        by : {"clause", "literal"}, default="clause"
            What the votes are divided among. With "literal" each true clause divides
            its vote equally among its literals.

        feature_names : array-like of str of shape (n_features,), default=None
            Names of the features; None takes `feature_names_in_`, else x0, x1, ...

        top : int or None, default=None
            Keep only so many of the largest contributions per sample and class.

        Returns
        -------
        contributions : DataFrame
            One row per sample, class and true clause (or literal). Without `top` the
            contributions add up to the votes of the class.

        Raises
        ------
        ValueError
            If `by` is unknown or `feature_names` has the wrong length.
        """
        check_is_fitted(self)
        return explain(self, X, by=by, feature_names=feature_names, top=top)

    def simplify(self, X=None):
        """Return an estimator with fewer rules and the same votes.

        Empty and contradictory clauses go, equal clauses of a class are merged, and
        those whose votes cancel go too: `decision_function` stays equal on all input.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix}, default=None
            If given, clauses that are true on none of these rows go as well, and the
            votes are the same on these rows only.

        Returns
        -------
        simplified : TsetlinMachineClassifier
            Fitted for prediction only: it has no `state_` to go on from.
        """
        check_is_fitted(self)
        return simplify(self, X)

    @classmethod
    def from_clauses(
        cls, clauses, clause_class, clause_votes, *, classes, threshold=None, **params
    ):
        """Make an estimator of given clauses: imported, edited or simplified.

        Parameters
        ----------
        clauses : {array-like, sparse matrix} of shape (n_rules, 2 * n_features)
            1 where a literal is included: features, then their negations.

        clause_class : array-like of int of shape (n_rules,)
            Index into `classes` of each clause.

        clause_votes : array-like of int of shape (n_rules,)
            Signed vote of each clause, not 0.

        classes : array-like of shape (n_classes,)
            Class labels.

        threshold : int or None, default=None
            Scale of `predict_proba`; None is the largest sum of the sizes of the votes
            of a class.

        **params : dict
            Parameters of the constructor, such as `binarize` and `n_jobs`.

        Returns
        -------
        machine : TsetlinMachineClassifier
            Fitted for prediction only.

        Raises
        ------
        ValueError
            If the arrays do not fit together or hold other values.
        """
        return from_clauses(
            cls,
            clauses,
            clause_class,
            clause_votes,
            classes=classes,
            threshold=threshold,
            params=params,
        )

    def export_text(self, *, feature_names=None, max_rules=10, show_weights=True):
        """Return the strongest rules for and against each class as text.

        Parameters
        ----------
        feature_names : array-like of str of shape (n_features,), default=None
            Names of the features; None takes `feature_names_in_`, else x0, x1, ...

        max_rules : int or None, default=10
            So many rules for and so many against each class; None is all.

        show_weights : bool, default=True
            Whether to print the votes.

        Returns
        -------
        text : str
            One rule per line.
        """
        check_is_fitted(self)
        return export_text(
            self,
            feature_names=feature_names,
            max_rules=max_rules,
            show_weights=show_weights,
        )

"""A picture of the words for and against one class of a Tsetlin machine."""

import numpy as np

from sklearn_ext._core._optional import import_optional
from sklearn_ext._core._sklearn import check_is_fitted

from ._reading import (
    check_class_label,
    check_feature_names,
    check_top,
    has_words,
    literal_names,
    never_true,
)
from ._tsetlin_machine import TsetlinMachineClassifier

__all__ = ["ClauseDisplay"]

# Okabe and Ito's blue and vermilion: told apart with any kind of colour vision.
FOR, AGAINST = "#0072B2", "#D55E00"
LONGEST_NAME = 40
WIDTH = 4.2  # inches, without the names


def _one_line(name):
    """Write a name on one line, the end of a long one cut off."""
    text = " ".join(str(name).splitlines())
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"


def _literal_votes(estimator, position):
    """Return votes and number of clauses of each literal for the class at a position.

    Each clause divides its vote equally among its literals. One of negations alone is a
    list of words that lift its vote, so they get the opposite of what it votes.
    """
    own = (estimator.clause_class_ == position) & ~never_true(estimator.clauses_)
    clauses = estimator.clauses_[np.flatnonzero(own)]
    votes = estimator.clause_votes_[own].astype(np.int64)
    n_literals = np.diff(clauses.indptr)
    line = np.repeat(np.arange(len(votes)), n_literals)
    is_word = ~has_words(clauses)[line]
    literal = clauses.indices - is_word * (clauses.shape[1] // 2)
    share = np.where(is_word, -1, 1) * votes[line] / n_literals[line]
    # Shares that cancel leave rounding errors, which would be drawn.
    totals = np.bincount(literal, share, minlength=clauses.shape[1]).round(9)
    return totals, np.bincount(literal, minlength=clauses.shape[1])


class ClauseDisplay:
    """A picture of the words for and against one class.

    One bar per literal, "refund" or "not thanks", as long as its votes. Each clause of
    the class divides its vote equally among its literals, and a literal adds up what it
    gets. A clause of negations alone is a list of words: if it votes against the class
    and so reads "any of: who, whom", each of them speaks for the class; if it votes for
    the class, each of them speaks against it.

    Use :meth:`from_estimator` to make one.

    Parameters
    ----------
    class_label : label
        The class.

    literals : array-like of str
        Texts of the literals.

    votes : array-like of float
        Votes of each literal, negative against the class.

    n_clauses : array-like of int
        In how many clauses of the class each literal stands.

    top : int or None, default=10
        Draw this many literals for the class and this many against it. None draws all.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the picture.

    figure_ : matplotlib Figure
        The figure that holds it.

    See Also
    --------
    sklearn_ext.TsetlinMachineClassifier.get_rules : The clauses as a table.
    sklearn_ext.TsetlinMachineClassifier.explain : Which of them vote on single rows.

    Notes
    -----
    The picture is of the model, not of data: a rare word may have a long bar. What
    clauses for and against the class give to the same literal cancels.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from sklearn_ext import TsetlinMachineClassifier
    >>> from sklearn_ext.tsetlin import ClauseDisplay
    >>> texts = ["a refund please", "thanks a lot", "many thanks", "refund me"] * 5
    >>> words = CountVectorizer()
    >>> X = words.fit_transform(texts)
    >>> y = ["complaint", "praise", "praise", "complaint"] * 5
    >>> model = TsetlinMachineClassifier(20, random_state=0).fit(X, y)
    >>> display = ClauseDisplay.from_estimator(
    ...     model, class_label="praise", feature_names=words.get_feature_names_out()
    ... )
    >>> display.frame().loc[0, "literal"]
    'thanks'
    >>> display.figure_.savefig("praise.png")  # doctest: +SKIP
    """

    def __init__(self, *, class_label, literals, votes, n_clauses, top=10):
        self.class_label = class_label
        self.literals = literals
        self.votes = votes
        self.n_clauses = n_clauses
        self.top = top

    @classmethod
    def from_estimator(
        cls,
        estimator,
        *,
        class_label=None,
        feature_names=None,
        top=10,
        ax=None,
        **kwargs,
    ):
        """Draw the words for and against a class of a fitted estimator.

        Parameters
        ----------
        estimator : TsetlinMachineClassifier
            A fitted estimator. Of a pipeline, pass the last step.

        class_label : label, default=None
            The class. None is the second one of two.

        feature_names : array-like of str of shape (n_features,), default=None
            Names of the features. None takes those of `fit`, else x0, x1, ...

        top : int or None, default=10
            Draw this many literals for the class and this many against it. None draws
            all.

        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a figure that is as high as needed.

        **kwargs : dict
            Passed to ``ax.barh``.

        Returns
        -------
        display : ClauseDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If `estimator` is not a TsetlinMachineClassifier.
        ValueError
            If there is no such class, `class_label` is None with more than two classes,
            `feature_names` has a wrong length, or `top` is less than 1.
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ImportError
            If matplotlib is not installed.
        """
        if not isinstance(estimator, TsetlinMachineClassifier):
            raise TypeError(
                f"ClauseDisplay draws a fitted TsetlinMachineClassifier, got "
                f"{type(estimator).__name__}. Of a pipeline or a search, pass the "
                f"TsetlinMachineClassifier inside."
            )
        check_is_fitted(estimator)
        check_top("top", top)
        classes = estimator.classes_.tolist()
        if class_label is None and len(classes) > 2:
            raise ValueError(f"class_label is needed, one of classes_: {classes}.")
        label = classes[1] if class_label is None else class_label
        names = literal_names(check_feature_names(estimator, feature_names))
        votes, n_clauses = _literal_votes(
            estimator, check_class_label(estimator, label)
        )
        used = np.flatnonzero(n_clauses)
        used = used[np.argsort(-votes[used], kind="stable")]
        display = cls(
            class_label=label,
            literals=names[used],
            votes=votes[used],
            n_clauses=n_clauses[used],
            top=top,
        )
        return display.plot(ax=ax, **kwargs)

    def frame(self):
        """Return the literals as a table, also those that are not drawn.

        Returns
        -------
        frame : DataFrame
            Columns `literal`, `votes` and `n_clauses`. From :meth:`from_estimator`, the
            literal with the most votes comes first.
        """
        import pandas as pd

        return pd.DataFrame(
            {
                "literal": self.literals,
                "votes": self.votes,
                "n_clauses": self.n_clauses,
            }
        )

    def _drawn(self):
        """Return texts and votes of the bars, the strongest for the class first."""
        votes = np.asarray(self.votes, dtype=np.float64)
        order = np.argsort(-votes, kind="stable")
        order = order[votes[order] != 0]
        if self.top is not None:
            n_for = np.count_nonzero(votes > 0)
            against = order[n_for:]
            against = against[max(len(against) - self.top, 0) :]
            order = np.concatenate([order[:n_for][: self.top], against])
        return [_one_line(self.literals[k]) for k in order], votes[order]

    def plot(self, ax=None, **kwargs):
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a figure that is as high as needed.

        **kwargs : dict
            Passed to ``ax.barh``.

        Returns
        -------
        self : ClauseDisplay
            The display, with `ax_` and `figure_`.
        """
        plt = import_optional(
            "matplotlib.pyplot", extra="plot", purpose="ClauseDisplay"
        )
        texts, votes = self._drawn()
        own = None
        if ax is None:
            height = 1.1 + 0.22 * max(len(texts), 3)
            own, ax = plt.subplots(figsize=(WIDTH, height), layout="constrained")
        places = np.arange(len(texts))
        style = {"color": np.where(votes > 0, FOR, AGAINST), "height": 0.75} | kwargs
        ax.barh(places, votes, **style)
        ax.axvline(0, color=plt.rcParams["axes.edgecolor"], linewidth=0.8)
        ax.set_yticks(places, texts)
        title, labels = ax.set_title(_one_line(self.class_label)), ax.get_yticklabels()
        for text in (title, *labels):
            text.set(parse_math=False, usetex=False)
        ax.set_ylim(max(len(texts), 1) - 0.4, -0.6)
        ax.set_xlabel("votes against and for the class")
        ax.tick_params(axis="y", length=0)
        ax.spines[["left", "top", "right"]].set_visible(False)
        if own:
            widest = max((text.get_window_extent().width for text in labels), default=0)
            own.set_figwidth(WIDTH + widest / own.dpi)
        self.ax_, self.figure_ = ax, ax.figure
        return self

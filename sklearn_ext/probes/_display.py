"""A picture of learning curves and of the training sizes where they cross."""

import numpy as np

from sklearn_ext._core._optional import import_optional

from ._learning_curve import probe_learning_curve

__all__ = ["ProbeLearningCurveDisplay"]

# Okabe and Ito's colours: told apart with any kind of colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
CROSSING = "#666666"
MOST_TICKS = 10
SCORE_TYPES = ("error", "score")
ERRORBARS = ("std", "minmax", None)


def _check_choice(name, value, allowed):
    """Raise if an argument is none of the values that it can have."""
    if value not in allowed:
        choices = ", ".join(map(repr, allowed))
        raise ValueError(f"{name}={value!r} is not known. Use one of {choices}.")


def _on_axis(scores, scoring, score_type):
    """Return what is drawn of scores, and what it is called."""
    name = scoring.replace("_", " ") if isinstance(scoring, str) else "score"
    if score_type == "score":
        return scores, f"test {name}"
    if name.startswith("neg "):
        return -scores, f"test {name.removeprefix('neg ')}"
    return 1 - scores, f"test error (1 − {name})"


def _band(values, errorbar):
    """Return lower and upper ends of the spread of values over the repeats."""
    if errorbar == "minmax":
        return values.min(axis=1), values.max(axis=1)
    mean, deviation = values.mean(axis=1), values.std(axis=1)
    return mean - deviation, mean + deviation


class ProbeLearningCurveDisplay:
    """Learning curves of classifiers, and the numbers of labels where they cross.

    One line per classifier, the mean over the repeats, with a band of their spread. A
    dashed line at a crossing says which classifier is overtaken by which one; the
    stretch around it is the interval of the crossing.

    Use :meth:`from_result` or :meth:`from_estimators` to make one.

    Parameters
    ----------
    result : :class:`~sklearn.utils.Bunch`
        What :func:`~sklearn_ext.probe_learning_curve` returns.

    Attributes
    ----------
    result : :class:`~sklearn.utils.Bunch`
        As given.

    ax_ : matplotlib Axes
        Axes with the picture.

    figure_ : matplotlib Figure
        The figure that holds it.

    lines_ : list of matplotlib Line2D
        The curves, in the order of ``result.test_scores``.

    crossing_lines_ : list of matplotlib Line2D
        The vertical lines, in the order of the crossings of ``result.crossings`` that
        there are.

    See Also
    --------
    probe_learning_curve : Makes the result.
    sklearn.model_selection.LearningCurveDisplay : Of one estimator, with train scores.

    Notes
    -----
    Drawing costs nothing beside the fits, so keep the result and draw it again with
    :meth:`plot` as often as needed.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_ext import ProbeLearningCurveDisplay, probe_learning_curve
    >>> X, y = load_iris(return_X_y=True)
    >>> result = probe_learning_curve(X, y, train_sizes=[6, 20, 80], random_state=0)
    >>> display = ProbeLearningCurveDisplay.from_result(result)
    >>> [line.get_label() for line in display.lines_]
    ['nb', 'lr']
    >>> display.figure_.savefig("curves.png")  # doctest: +SKIP
    """

    def __init__(self, result):
        self.result = result

    @classmethod
    def from_result(
        cls,
        result,
        *,
        ax=None,
        score_type="error",
        errorbar="std",
        show_crossing=True,
        line_kw=None,
    ):
        """Draw the result of a learning curve.

        Parameters
        ----------
        result : :class:`~sklearn.utils.Bunch`
            What :func:`~sklearn_ext.probe_learning_curve` returns.

        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a figure.

        score_type : {"error", "score"}, default="error"
            What to draw: 1 minus the score, or the loss of which a ``"neg_"`` scorer is
            the negative; or the score itself.

        errorbar : {"std", "minmax"} or None, default="std"
            The band over the repeats: a standard deviation to both sides, from the
            least to the greatest, or none.

        show_crossing : bool, default=True
            Whether to draw the crossings.

        line_kw : dict, default=None
            Passed to ``ax.plot`` for each curve.

        Returns
        -------
        display : ProbeLearningCurveDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If `score_type` or `errorbar` has an unknown value.
        ImportError
            If matplotlib is not installed.
        """
        return cls(result).plot(
            ax=ax,
            score_type=score_type,
            errorbar=errorbar,
            show_crossing=show_crossing,
            line_kw=line_kw,
        )

    @classmethod
    def from_estimators(
        cls,
        X,
        y,
        *,
        estimators=None,
        train_sizes="auto",
        X_test=None,
        y_test=None,
        test_size=0.25,
        n_repeats=5,
        scoring="accuracy",
        sampling="random",
        random_state=None,
        n_jobs=None,
        ax=None,
        score_type="error",
        errorbar="std",
        show_crossing=True,
        line_kw=None,
    ):
        """Score classifiers by the number of labels, and draw that.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, ...), or list
            The rows, in any form that the classifiers take.

        y : array-like of shape (n_samples,)
            The classes.

        estimators : dict of str to classifier, default=None
            The classifiers by name. None compares naive Bayes and logistic regression.

        train_sizes : "auto" or sequence of int or float, default="auto"
            Increasing training sizes, as of :func:`~sklearn_ext.probe_learning_curve`.

        X_test : same kind as X, default=None
            Rows to score on. None holds out `test_size` of X.

        y_test : array-like of shape (n_test_samples,), default=None
            Their classes.

        test_size : float or int, default=0.25
            Share or number of rows that are held out without a test set.

        n_repeats : int, default=5
            How often all is done, each time with the rows in another order.

        scoring : str, callable or None, default="accuracy"
            A scorer, greater is better. None is the classifier's own ``score``.

        sampling : {"random", "stratified"}, default="random"
            How the rows of a subset are drawn.

        random_state : int, RandomState instance or None, default=None
            Draws held-out rows, orders and intervals.

        n_jobs : int, default=None
            Number of fits at the same time.

        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a figure.

        score_type : {"error", "score"}, default="error"
            What to draw, as in :meth:`from_result`.

        errorbar : {"std", "minmax"} or None, default="std"
            The band over the repeats.

        show_crossing : bool, default=True
            Whether to draw the crossings.

        line_kw : dict, default=None
            Passed to ``ax.plot`` for each curve.

        Returns
        -------
        display : ProbeLearningCurveDisplay
            The display, drawn, with the scores in `result`.

        Raises
        ------
        TypeError
            As :func:`~sklearn_ext.probe_learning_curve` does.
        ValueError
            As :func:`~sklearn_ext.probe_learning_curve` does, or if `score_type` or
            `errorbar` has an unknown value.
        ImportError
            If matplotlib is not installed.
        """
        # What would fail after the fits should fail before them.
        import_optional("matplotlib.pyplot", extra="plot", purpose=cls.__name__)
        _check_choice("score_type", score_type, SCORE_TYPES)
        _check_choice("errorbar", errorbar, ERRORBARS)
        result = probe_learning_curve(
            X,
            y,
            estimators=estimators,
            train_sizes=train_sizes,
            X_test=X_test,
            y_test=y_test,
            test_size=test_size,
            n_repeats=n_repeats,
            scoring=scoring,
            sampling=sampling,
            random_state=random_state,
            n_jobs=n_jobs,
        )
        return cls(result).plot(
            ax=ax,
            score_type=score_type,
            errorbar=errorbar,
            show_crossing=show_crossing,
            line_kw=line_kw,
        )

    def plot(
        self,
        ax=None,
        *,
        score_type="error",
        errorbar="std",
        show_crossing=True,
        line_kw=None,
    ):
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a figure.

        score_type : {"error", "score"}, default="error"
            What to draw, as in :meth:`from_result`.

        errorbar : {"std", "minmax"} or None, default="std"
            The band over the repeats.

        show_crossing : bool, default=True
            Whether to draw the crossings.

        line_kw : dict, default=None
            Passed to ``ax.plot`` for each curve.

        Returns
        -------
        self : ProbeLearningCurveDisplay
            The display, with `ax_`, `figure_`, `lines_` and `crossing_lines_`.

        Raises
        ------
        ValueError
            If `score_type` or `errorbar` has an unknown value.
        ImportError
            If matplotlib is not installed.
        """
        _check_choice("score_type", score_type, SCORE_TYPES)
        _check_choice("errorbar", errorbar, ERRORBARS)
        plt = import_optional(
            "matplotlib.pyplot", extra="plot", purpose="ProbeLearningCurveDisplay"
        )
        from matplotlib import cbook
        from matplotlib.lines import Line2D

        if ax is None:
            _, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
        sizes = self.result.train_sizes
        self.lines_ = []
        for position, (name, scores) in enumerate(self.result.test_scores.items()):
            values, label = _on_axis(scores, self.result.scoring, score_type)
            style = {
                "color": COLOURS[position % len(COLOURS)],
                "marker": "o",
                "markersize": 4,
                "label": name,
            } | cbook.normalize_kwargs(line_kw, Line2D)
            (line,) = ax.plot(sizes, values.mean(axis=1), **style)
            self.lines_.append(line)
            if errorbar is not None:
                lower, upper = _band(values, errorbar)
                ax.fill_between(
                    sizes, lower, upper, color=line.get_color(), alpha=0.18, linewidth=0
                )
        ax.set(xscale="log", xlabel="training rows", ylabel=label)
        if len(sizes) <= MOST_TICKS:
            ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
            ax.set_xticks([], minor=True)
        self.crossing_lines_ = self._draw_crossings(ax) if show_crossing else []
        ax.legend(frameon=False)
        ax.spines[["top", "right"]].set_visible(False)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_crossings(self, ax):
        """Draw a line and its interval at each crossing, and return the lines."""
        lines = []
        largest = self.result.train_sizes[-1]
        for (first, second), crossing in self.result.crossings.items():
            if crossing is None:
                continue
            label = f"{first} → {second} at {crossing.size:,.0f}"
            line = ax.axvline(crossing.size, color=CROSSING, lw=1, ls="--", label=label)
            if np.isfinite(crossing.low):
                high = min(crossing.high, largest)
                ax.axvspan(crossing.low, high, color=CROSSING, alpha=0.08, linewidth=0)
            lines.append(line)
        return lines

"""The score as a function of rows, and as a scorer that needs no labels."""

from numbers import Integral

from sklearn_ext._core._sklearn import validate_params

from ._checks import check_together
from ._separability import ClassSeparability

__all__ = ["class_separability_score", "make_separability_scorer"]


@validate_params(
    {"X": "no_validation", **ClassSeparability._parameter_constraints},
    prefer_skip_nested_validation=True,
)
def class_separability_score(
    X,
    *,
    statistic="mass",
    normalize=False,
    metric="euclidean",
    min_samples=1,
    min_component=0.01,
    max_samples=None,
    n_subsamples=1,
    algorithm="auto",
    device="auto",
    n_jobs=None,
    random_state=None,
):
    """Return how strongly rows fall apart into groups, without any label.

    It is the `score_` of :class:`ClassSeparability`: not an accuracy, and to be
    compared for the same number of rows, and best of features, only.

    Read more in the :ref:`User Guide <class_separability>`.

    Parameters
    ----------
    X : {array-like, dataframe} of shape (n_samples, n_features) or \
(n_samples, n_samples)
        Rows, at least two, or their distances with ``metric="precomputed"``.

    statistic : {"mass", "mass_max", "mean", "median", "entropy", "gini", "cv", \
"kurtosis"}, default="mass"
        Which number. "mass" compares data sets; "entropy", with ``normalize=True``,
        follows the training of a model.

    normalize : bool, default=False
        Whether to divide each row by its L2 norm first, for cosine distances.

    metric : {"euclidean", "precomputed"}, default="euclidean"
        With "precomputed" X is a square matrix of distances.

    min_samples : int, default=1
        1 is plain persistence; more takes mutual reachability.

    min_component : float, default=0.01
        For "mass": the share of the rows that the smaller side of a merge must hold.

    max_samples : int or float, default=None
        Number or share of the rows that are drawn without replacement; None is all.

    n_subsamples : int, default=1
        How often they are drawn; the mean score is returned.

    algorithm : {"auto", "dense", "prim", "boruvka", "kd_tree"}, default="auto"
        How the tree is found.

    device : {"auto", "cpu", "cuda"}, default="auto"
        Where neighbours are searched.

    n_jobs : int, default=None
        Threads of the search.

    random_state : int, RandomState instance or None, default=None
        Draws the subsamples.

    Returns
    -------
    score : float
        The statistic; larger is more clustered.

    Raises
    ------
    ValueError
        As in ``ClassSeparability.fit``.
    TypeError
        If X is sparse.
    RuntimeError
        If there is no GPU for ``device="cuda"``.

    See Also
    --------
    ClassSeparability : Keeps the bars, the tree and the other statistics.
    make_separability_scorer : The score as a scorer for cross-validation.

    Notes
    -----
    The cost is that of one fit of :class:`ClassSeparability`.

    References
    ----------
    .. [1] "Estimating class separability of text embeddings with persistent homology",
       `arXiv 2305.15016 <https://arxiv.org/abs/2305.15016>`__.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_ext import class_separability_score
    >>> X, _ = load_iris(return_X_y=True)
    >>> round(class_separability_score(X), 1)
    3.5
    """
    model = ClassSeparability(
        statistic,
        normalize=normalize,
        metric=metric,
        min_samples=min_samples,
        min_component=min_component,
        max_samples=max_samples,
        n_subsamples=n_subsamples,
        algorithm=algorithm,
        device=device,
        n_jobs=n_jobs,
        random_state=random_state,
    )
    return model.fit(X).score_


def _end(pipeline, step):
    """Return the position of a step of a pipeline, given by position or name."""
    names = [name for name, _ in pipeline.steps]
    if isinstance(step, str):
        if step not in names:
            raise ValueError(f"step={step!r} is not in the pipeline; it has {names}.")
        return names.index(step)
    if not -len(names) <= step < len(names):
        raise ValueError(
            f"step={step} is not in the pipeline; it has {len(names)} steps, {names}."
        )
    return step % len(names)


def _representation(estimator, X, step):
    """Return what a fitted estimator, or a part of a pipeline, makes of X."""
    from sklearn.pipeline import Pipeline  # loads all of preprocessing

    is_pipeline = isinstance(estimator, Pipeline)
    if step is None:
        if hasattr(estimator, "transform"):
            return estimator.transform(X)
        if is_pipeline and len(estimator.steps) > 1:
            return estimator[:-1].transform(X)
        return X
    if not is_pipeline:
        raise TypeError(
            f"step={step!r} names a step of a Pipeline, but the estimator is a "
            f"{type(estimator).__name__}. Use step=None for what it makes of X."
        )
    end = _end(estimator, step)
    part = estimator[: end + 1]
    if not hasattr(part, "transform"):
        name, last = estimator.steps[end]
        raise TypeError(
            f"step={step!r} is {name!r}, a {type(last).__name__}, which cannot "
            f"transform. Choose a step before it, or step=None for all transformers."
        )
    return part.transform(X)


class SeparabilityScorer:
    """Callable that scores what an estimator makes of X; made of plain fields."""

    def __init__(self, settings, step):
        self.settings = settings
        self.step = step

    def __call__(self, estimator, X, y=None):
        """Return the score; y is ignored."""
        model = ClassSeparability(**self.settings)
        return model.fit(_representation(estimator, X, self.step)).score_

    def __repr__(self):
        given = {**self.settings, "step": self.step}
        text = ", ".join(f"{name}={value!r}" for name, value in given.items())
        return f"make_separability_scorer({text})"


def make_separability_scorer(statistic="mass", *, step=None, **settings):
    """Make a scorer of how separable an estimator leaves the rows, without labels.

    With it :class:`~sklearn.model_selection.GridSearchCV` and its siblings choose
    preprocessing or an embedding model, with no y. What is scored are the held-out
    rows, transformed by the estimator.

    Read more in the :ref:`User Guide <class_separability>`.

    Parameters
    ----------
    statistic : {"mass", "mass_max", "mean", "median", "entropy", "gini", "cv", \
"kurtosis"}, default="mass"
        Which number of :class:`ClassSeparability`.

    step : int or str, default=None
        The output of a pipeline up to and including this step is scored, given by its
        position or name. None: the output of the estimator, if it has a `transform`;
        of the steps before the last one, if it is a pipeline that has none; or else X.

    **settings : dict
        Further parameters of :class:`ClassSeparability`, such as `normalize`.

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y=None)``; returns the score. It can be
        pickled.

    Raises
    ------
    ValueError
        If a setting has a value that is not allowed; when called, if there is no such
        step, or the rows cannot be scored.
    TypeError
        If a setting is no parameter, or `step` is no int or str; when called, if the
        step cannot transform, the estimator is no Pipeline but `step` is given, or the
        representation is sparse.

    See Also
    --------
    ClassSeparability : Can also be the last step of the pipeline itself.
    class_separability_score : The score of given rows.

    Notes
    -----
    Each call costs one fit of :class:`ClassSeparability` beside the transformation.
    Scores of different numbers of features need not be comparable: check a choice among
    them by other means, and trust most in that among representations of one size.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV, KFold
    >>> from sklearn.pipeline import Pipeline
    >>> from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler
    >>> from sklearn_ext import fisher_discriminant_ratio, make_separability_scorer
    >>> X, y = load_iris(return_X_y=True)
    >>> search = GridSearchCV(
    ...     Pipeline([("scale", "passthrough")]),
    ...     {"scale": ["passthrough", StandardScaler(), MinMaxScaler(), Normalizer()]},
    ...     scoring=make_separability_scorer(),
    ...     cv=KFold(shuffle=True, random_state=0),
    ... ).fit(X)
    >>> search.best_params_
    {'scale': Normalizer()}

    Here the labels, which it has not seen, agree:

    >>> print(f"{fisher_discriminant_ratio(X, y):.1f}")
    6.6
    >>> print(f"{fisher_discriminant_ratio(search.transform(X), y):.1f}")
    18.9
    """
    if step is not None and (
        isinstance(step, bool) or not isinstance(step, Integral | str)
    ):
        raise TypeError(
            f"step={step!r} must be the position or the name of a step, or None."
        )
    settings = {"statistic": statistic, **settings}
    model = ClassSeparability(**settings)
    model._validate_params()
    check_together(model)
    return SeparabilityScorer(settings, step)

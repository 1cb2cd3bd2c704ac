"""New labelled texts by swapping phrases and words within a class.

"ALP: Data Augmentation using Lexicalized PCFGs for Few-Shot Text Classification",
arXiv 2112.11916.
"""

import warnings
from copy import copy
from dataclasses import dataclass
from functools import partial
from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.utils import Bunch, check_random_state

from sklearn_ext._core._fitting import keep_fit_on_error
from sklearn_ext._core._sklearn import (
    BaseEstimator,
    IntegralNotBool,
    Interval,
    StrOptions,
    check_classification_targets,
    check_consistent_length,
    check_is_fitted,
    check_target,
    clone,
    fit_context,
)

from ._analysis import Analysis, analyse, check_parser
from ._generation import class_models, donor_matrix, draw, production_table
from ._label_filter import check_label_filter
from ._parser import LexicalizedPCFGParser, packaged_parser
from ._substitutes import substitutes
from ._text_table import TextTable, take_rows
from ._warning import AugmentationWarning
from ._wordnet import NO_WORDNET, find_wordnet

__all__ = ["ALPAugmenter"]

EDIT_PROBABILITIES = {
    "light": {"subtree": 0.0, "word": 0.5, "synonym": 1.0},
    "medium": {"subtree": 0.35, "word": 0.35, "synonym": 0.5},
    "strong": {"subtree": 0.6, "word": 0.5, "synonym": 0.3},
}

PROVENANCE = (
    "sample_indices_",
    "is_augmented_",
    "donor_indices_",
    "scores_",
    "augmentation_report_",
)


@dataclass
class Fitted:
    """What `sample` needs of a fit."""

    table: TextTable
    y: object
    codes: np.ndarray
    classes: np.ndarray
    analysis: Analysis
    models: list


def edit_probabilities(given):
    """Return the three probabilities of edits as a dict."""
    if isinstance(given, str):
        return EDIT_PROBABILITIES[given]
    medium = EDIT_PROBABILITIES["medium"]
    for key, value in given.items():
        if key not in medium:
            raise ValueError(
                f"edit_probability has the unknown key {key!r}: its keys are "
                f"{list(medium)!r}."
            )
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        if not (is_number and 0 <= value <= 1):
            raise ValueError(
                f"edit_probability[{key!r}] must be a number in [0, 1], got {value!r}."
            )
    return medium | given


def warn_if_fewer(report, stacklevel):
    """Warn of classes that have fewer new rows than requested."""
    for label, line in report.items():
        if line["made"] < line["requested"]:
            warnings.warn(
                f"Class {label!r}: {line['made']} new rows instead of the requested "
                f"{line['requested']}. Candidates refused: {line['rejected']}. Give "
                f"more texts of the class, more synonyms, or a stronger "
                f"edit_probability.",
                AugmentationWarning,
                stacklevel=stacklevel,
            )


def is_count(value):
    """Whether this is an int of at least 0, and not a bool."""
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= 0


def requested_rows(n_samples, classes, codes):
    """Return how many new rows each class gets."""
    if isinstance(n_samples, str) and n_samples == "balanced":
        sizes = np.bincount(codes)
        return (sizes.max() - sizes).tolist()
    if not isinstance(n_samples, dict):
        if not is_count(n_samples) or n_samples < 1:
            raise ValueError(
                f"n_samples must be an int of at least 1, a dict from label to int, or "
                f"'balanced', got {n_samples!r}."
            )
        return [int(n_samples)] * len(classes)
    known = classes.tolist()
    for label, count in n_samples.items():
        if label not in known:
            raise ValueError(
                f"n_samples has the label {label!r}, which is none of the classes in "
                f"y: {known!r}."
            )
        if not is_count(count):
            raise ValueError(
                f"n_samples[{label!r}] must be an int of at least 0, got {count!r}."
            )
    return [int(n_samples.get(label, 0)) for label in known]


class ALPAugmenter(BaseEstimator):
    """Make new labelled texts from a few, by a lexicalised grammar of each class.

    Every sentence is parsed. Phrases of the same kind are swapped between texts of the
    same class, content words become inflected synonyms or words of the class, and for
    every new row it is known which rows it was made of. It makes grammatical and
    diverse texts; whether they make a classifier better has to be measured, without
    leaks: :class:`AugmentedClassifier` augments inside `fit` only.

    Read more in the :ref:`User Guide <alp>`.

    Parameters
    ----------
    n_samples : int, dict of label to int, or "balanced", default=10
        New rows for each class; labels that a dict leaves out get none. "balanced"
        fills every class up to the size of the largest.

    parser : "pcfg", LexicalizedPCFGParser or callable, default="pcfg"
        "pcfg" is the parser that comes with the package. Another fitted parser keeps
        its tables. A callable takes a list of texts and returns for each a tree in
        brackets, an object whose `str` is one, or a list of pairs (tree,
        log-probability).

    n_parses : int, default=2
        At most this many parses of each sentence are used.

    parse_threshold : float, default=0.1
        A parse is used if its probability is at least this share of that of the best,
        in (0, 1].

    edit_probability : {"light", "medium", "strong"} or dict, default="medium"
        How much is changed. "subtree" is the probability that a phrase is replaced,
        "word" that a content word is, "synonym" that its replacement is a synonym
        instead of a word of the class. "light" is 0, 0.5, 1; "medium" 0.35, 0.35, 0.5;
        "strong" 0.6, 0.5, 0.3. A dict sets some of them, the others are as in "medium".

    synonyms : "wordnet", callable or None, default="wordnet"
        "wordnet" takes the WordNet that is on the machine, see
        :class:`~sklearn_ext.augmentation.WordNetSynonyms`. A callable takes a lemma and
        a Penn Treebank tag and returns lemmas. None: words come from the class alone.

    keep_original : bool, default=True
        Whether `fit_resample` returns the rows of X before the new ones.

    label_filter : classifier, default=None
        A classifier of rows like those of X. Only new rows whose label it confirms are
        kept, judged by clones that did not see the source of the row.

    filter_threshold : float, default=None
        Least probability of the class for the filter, in [0, 1]. None: the class must
        be the predicted one.

    max_tries : int, default=20
        At most this many candidates for each requested row.

    text_column : str or int, default=None
        The column of a frame that holds the texts, by name or number. None takes the
        only one of str.

    n_jobs : int or None, default=None
        Number of threads for parsing; no influence on the result. None means 1 unless
        in a :obj:`joblib.parallel_config` context.

    random_state : int, RandomState instance or None, default=None
        Of the new rows. With an int they are the same every time.

    verbose : int, default=0
        With 1, a line is printed for each class.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.

    trees_ : list of list of list of Parse
        For each row, for each of its sentences, its parses: named tuples (tree,
        log_prob, weight).

    n_unparsed_ : int
        Sentences of which a part has no parse; there only words are changed.

    sample_indices_ : ndarray of int64 of shape (n_resampled,)
        For each row of the result the row of X that it is, or whose frame it has. This
        and the following are set by `fit_resample`.

    is_augmented_ : ndarray of bool of shape (n_resampled,)
        Which rows are new.

    donor_indices_ : csr_array of bool of shape (n_resampled, n_samples)
        All rows of X that gave a row something: its frame, a phrase or a word.

    scores_ : ndarray of float64 of shape (n_resampled,)
        Log-probability of each new row per token, by the grammar of its class; nan for
        rows of X.

    augmentation_report_ : dict
        For each class: "requested", "made", "rejected" by reason, "replaced_phrases",
        "class_words", "synonyms", and the shares of different words, "distinct_1", and
        pairs of words, "distinct_2", among the new rows.

    See Also
    --------
    AugmentedClassifier : Augments inside `fit`, so nothing leaks.
    AugmentationSplit : Splits a table that is already augmented.
    LexicalizedPCFGParser : The parser.

    Notes
    -----
    A phrase is replaced by one with the same label, head tag, parent label,
    coordination and negation, from another row of its class; donors are weighted by how
    likely their head is below the head of the phrase above. Every source gets the same
    number of new rows, give or take one. A candidate is refused if it equals a row of X
    or another new one but for case and white space, if it is one and a half times as
    long as the longest row of its class, or if it is much less likely than all of them.

    The probabilities of edits, the threshold of parses and the weights of donors are
    ours: the paper [1]_ does not give them. Its published code has neither heads nor
    probabilities. White space within a text becomes single blanks. Parsing takes some
    milliseconds per sentence, a new row some hundred microseconds at most; memory is
    linear in the texts.

    References
    ----------
    .. [1] "ALP: Data Augmentation using Lexicalized PCFGs for Few-Shot Text
       Classification", `arXiv 2112.11916 <https://arxiv.org/abs/2112.11916>`__.

    Examples
    --------
    >>> from sklearn_ext import ALPAugmenter
    >>> texts = [
    ...     "The young actors give a warm and funny performance.",
    ...     "This film has a clever story and a great cast.",
    ...     "The director tells a touching story with real charm.",
    ...     "The slow plot never finds a point.",
    ...     "This movie wastes a good cast on a dull script.",
    ...     "The jokes are tired and the ending makes no sense.",
    ... ]
    >>> labels = ["good", "good", "good", "bad", "bad", "bad"]
    >>> augmenter = ALPAugmenter(n_samples=2, synonyms=None, random_state=0)
    >>> new_texts, new_labels = augmenter.fit_resample(texts, labels)
    >>> len(new_texts), new_labels[6:]
    (10, ['bad', 'bad', 'good', 'good'])
    >>> augmenter.sample_indices_.shape, augmenter.donor_indices_.shape
    ((10,), (10, 6))
    """

    _parameter_constraints: dict = {
        "n_samples": [
            IntegralNotBool(Integral, 1, None, closed="left"),
            dict,
            StrOptions({"balanced"}),
        ],
        "parser": [StrOptions({"pcfg"}), LexicalizedPCFGParser, callable],
        "n_parses": [IntegralNotBool(Integral, 1, None, closed="left")],
        "parse_threshold": [Interval(Real, 0, 1, closed="right")],
        "edit_probability": [StrOptions(set(EDIT_PROBABILITIES)), dict],
        "synonyms": [StrOptions({"wordnet"}), callable, None],
        "keep_original": ["boolean"],
        "label_filter": "no_validation",  # `check_label_filter` says more
        "filter_threshold": [Interval(Real, 0, 1, closed="both"), None],
        "max_tries": [IntegralNotBool(Integral, 1, None, closed="left")],
        "text_column": [
            str,
            IntegralNotBool(Integral, 0, None, closed="left"),
            None,
        ],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        n_samples=10,
        *,
        parser="pcfg",
        n_parses=2,
        parse_threshold=0.1,
        edit_probability="medium",
        synonyms="wordnet",
        keep_original=True,
        label_filter=None,
        filter_threshold=None,
        max_tries=20,
        text_column=None,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.n_samples = n_samples
        self.parser = parser
        self.n_parses = n_parses
        self.parse_threshold = parse_threshold
        self.edit_probability = edit_probability
        self.synonyms = synonyms
        self.keep_original = keep_original
        self.label_filter = label_filter
        self.filter_threshold = filter_threshold
        self.max_tries = max_tries
        self.text_column = text_column
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Parse texts, and learn the grammar of each class.

        Parameters
        ----------
        X : list of str, or array, Series or frame of shape (n_samples, ...)
            The texts; of a frame with several columns, `text_column` holds them.

        y : array-like of shape (n_samples,)
            The classes.

        Returns
        -------
        self : ALPAugmenter
            The fitted augmenter.

        Raises
        ------
        ValueError
            For empty texts and what is no text, a frame without the text column, labels
            that are missing, continuous or of another number than the texts, unknown
            keys in `edit_probability`, and a parser whose answer is no tree.
        TypeError
            For numbers instead of texts, and a `label_filter` that cannot predict.
        """
        with keep_fit_on_error(self):
            self._take(self._learn(X, y))
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def fit_resample(self, X, y):
        """Learn, and return the rows of X with new ones behind them.

        Parameters
        ----------
        X : list of str, or array, Series or frame of shape (n_samples, ...)
            As in :meth:`fit`.

        y : array-like of shape (n_samples,)
            The classes.

        Returns
        -------
        X_resampled : container like X of shape (n_resampled, ...)
            The rows of X in their order, then the new ones by class; other columns of a
            frame are those of the source.

        y_resampled : container like y of shape (n_resampled,)
            Their classes.

        Raises
        ------
        ValueError
            As in :meth:`fit`, and for a label or number in `n_samples` that cannot be.
        TypeError
            As in :meth:`fit`.
        """
        with keep_fit_on_error(self):
            fitted = self._learn(X, y)
            n_kept = len(fitted.codes) if self.keep_original else 0
            X, y, provenance, report = self._draw(
                fitted, self.n_samples, self.random_state, n_kept
            )
            self._take(fitted)
            vars(self).update({f"{key}_": value for key, value in provenance.items()})
            self.augmentation_report_ = report
        warn_if_fewer(report, stacklevel=4)
        return X, y

    def sample(self, n_samples=None, random_state=None, return_provenance=False):
        """Return new rows of the grammars that are there, without parsing again.

        Parameters
        ----------
        n_samples : int, dict of label to int, or "balanced", default=None
            As in the constructor, whose value None takes.

        random_state : int, RandomState instance or None, default=None
            The same int gives the same rows. None takes that of the constructor.

        return_provenance : bool, default=False
            Whether to return where the rows come from.

        Returns
        -------
        X_new : container like X of shape (n_new, ...)
            The new rows, by class.

        y_new : container like y of shape (n_new,)
            Their classes.

        provenance : Bunch
            `sample_indices`, `is_augmented`, `donor_indices` and `scores` of these
            rows; only with `return_provenance`.

        Raises
        ------
        ValueError
            For a label or number in `n_samples` that cannot be.
        """
        check_is_fitted(self)
        if n_samples is None:
            n_samples = self.n_samples
        if random_state is None:
            random_state = self.random_state
        X, y, provenance, report = self._draw(self._fitted, n_samples, random_state, 0)
        warn_if_fewer(report, stacklevel=3)
        return (X, y, provenance) if return_provenance else (X, y)

    def productions(self, label=None):
        """Return the productions of the class grammars.

        Parameters
        ----------
        label : object, default=None
            The class; None returns those of all classes.

        Returns
        -------
        productions : DataFrame
            One row for each: "class", "label", "head_word", "head_tag", "parent",
            "right_hand_side", "count" and "probability". Counts are weighted by parses;
            every text counts the same.

        Raises
        ------
        ValueError
            For a label that is no class.
        """
        check_is_fitted(self)
        chosen = np.arange(len(self.classes_))
        if label is not None:
            chosen = np.flatnonzero(self.classes_ == label)
            if len(chosen) == 0:
                raise ValueError(
                    f"label={label!r} is none of the classes "
                    f"{self.classes_.tolist()!r}."
                )
        models = [self._fitted.models[i] for i in chosen]
        return production_table(models, self.classes_[chosen])

    def _learn(self, X, y):
        """Return what a fit finds out, without changing the estimator."""
        check_parser(self.parser)
        check_label_filter(self.label_filter, self.filter_threshold)
        edits = edit_probabilities(self.edit_probability)
        table = TextTable(X, self.text_column)
        if y is None:
            raise ValueError(
                "ALPAugmenter requires y to be passed, but the target y is None."
            )
        labels = check_target(y)
        if pd.isna(labels).any():
            raise ValueError(
                f"y holds a missing label at row {pd.isna(labels).argmax()}. Leave out "
                f"the rows without a label."
            )
        check_classification_targets(labels)
        check_consistent_length(table.texts, labels)
        classes, codes = np.unique(labels, return_inverse=True)
        requested_rows(self.n_samples, classes, codes)
        analysis = analyse(
            table.texts,
            self.parser,
            n_parses=self.n_parses,
            parse_threshold=self.parse_threshold,
            n_jobs=self.n_jobs,
        )
        given = self.parser
        model = given if isinstance(given, LexicalizedPCFGParser) else packaged_parser()
        models = class_models(
            analysis, codes, model._pcfg.lexical, edits, self._substitutes()
        )
        y = take_rows(y, np.arange(len(codes)))  # a copy, as of X
        return Fitted(table, y, codes, classes, analysis, models)

    def _substitutes(self):
        """Return the function from word and tag to synonyms, None without any."""
        synonyms = self.synonyms
        if isinstance(synonyms, str):
            synonyms = find_wordnet()
            if synonyms is None:
                warnings.warn(
                    f"{NO_WORDNET} Until then words come from the class alone, as with "
                    f"synonyms=None.",
                    AugmentationWarning,
                    stacklevel=5,
                )
        return None if synonyms is None else partial(substitutes, synonyms=synonyms)

    def _draw(self, fitted, n_samples, random_state, n_kept):
        """Return rows, labels, provenance and report of originals and new rows."""
        counts = requested_rows(n_samples, fitted.classes, fitted.codes)
        new, report = draw(
            fitted,
            counts,
            seed=check_random_state(random_state).randint(np.iinfo(np.int32).max),
            max_tries=self.max_tries,
            label_filter=self.label_filter,
            filter_threshold=self.filter_threshold,
            verbose=self.verbose,
        )
        kept = np.arange(n_kept)
        source = np.concatenate([kept, new.source])
        provenance = Bunch(
            sample_indices=source,
            is_augmented=np.arange(len(source)) >= n_kept,
            donor_indices=donor_matrix(n_kept, new.donors, len(fitted.codes)),
            scores=np.concatenate([np.full(n_kept, np.nan), new.scores]),
        )
        X = fitted.table.with_texts(source, fitted.table.texts[:n_kept] + new.texts)
        return X, take_rows(fitted.y, source), provenance, report

    def _take(self, fitted):
        """Set the attributes of a fit, and drop those of an older `fit_resample`."""
        for name in PROVENANCE:
            vars(self).pop(name, None)
        self._fitted = fitted
        self.classes_ = fitted.classes
        self.trees_ = fitted.analysis.parses
        self.n_unparsed_ = int(fitted.analysis.n_unparsed)

    def __sklearn_clone__(self):
        """Keep the tables of a parser: a clone would have to be fitted again."""
        parameters = self.get_params(deep=False)
        return type(self)(
            **{
                name: copy(value) if name == "parser" else clone(value, safe=False)
                for name, value in parameters.items()
            }
        )

    def __sklearn_is_fitted__(self):
        return hasattr(self, "classes_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.target_tags.required = True
        return tags

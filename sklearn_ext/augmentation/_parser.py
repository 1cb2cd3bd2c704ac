"""A constituency parser by an exact chart over split states, its grammar installed.

The state splits follow Klein and Manning, "Accurate Unlexicalized Parsing" (2003), the
lexicalised model Collins, "Head-Driven Statistical Models for Natural Language Parsing"
(1999), the k best parses Huang and Chiang, "Better k-best Parsing" (2005).
"""

from functools import cache, partial
from numbers import Integral, Real
from pathlib import Path

import numpy as np

from sklearn_ext._core._fitting import keep_fit_on_error
from sklearn_ext._core._sklearn import (
    BaseEstimator,
    IntegralNotBool,
    Interval,
    StrOptions,
    check_is_fitted,
    fit_context,
)

from ._brackets import bracket_counts
from ._forest import flatten
from ._parser_input import checked_trees, checked_weights, sentences_of
from ._parsing import Search, as_parses, candidates, ordered, parse_sentences
from ._pcfg import PCFG, ROOT
from ._storage import load_arrays, save_arrays
from ._treebank import Node, tree_tokens, write_tree

__all__ = ["LexicalizedPCFGParser", "packaged_parser"]

PACKAGED = Path(__file__).parent / "data" / "grammar.npz"
KIND, VERSION = "grammar", 1
LEXICAL_WEIGHTS = 0.0, 0.05, 0.1, 0.2, 0.3, 0.5  # what "auto" chooses from


@cache
def packaged_parser():
    """Return the packaged parser, read once in a process; not to be changed."""
    return LexicalizedPCFGParser.load()


class LexicalizedPCFGParser(BaseEstimator):
    """Parse sentences into phrases by a probabilistic context-free grammar.

    The grammar is read off a treebank. Its states are labels split by their context,
    and the search for the best tree under it is exact. A second model, in which every
    phrase depends on its head word, orders the best trees anew. The parser that comes
    with the package, :meth:`load`, is for English and works offline.

    Read more in the :ref:`User Guide <alp_parser>`.

    Parameters
    ----------
    n_parses : int, default=1
        At most this many different trees for each sentence.

    parse_threshold : float, default=0.1
        Keep a tree if its probability is at least this share of that of the best, in
        (0, 1].

    lexical_weight : float or "auto", default="auto"
        Weight of the log-probability of the head-lexicalised model beside that of the
        rules, set by `fit` and kept in `lexical_weight_`. 0 leaves it out. "auto" takes
        the one of 0, 0.05, 0.1, 0.2, 0.3 and 0.5 with the best F1 on every tenth tree
        of the training.

    markov_order : int, default=1
        How many of the last sisters the next one depends on.

    split_states : bool, default=True
        Whether labels are split by their context; without, the grammar is smaller,
        faster, and some 10 points of F1 worse.

    tag_smoothing : float, default=2.0
        How many occurrences of a rare word the ending of the word is worth.

    rare_count : int, default=2
        Words up to this count teach what unknown words look like.

    prune_threshold : float, default=1e-5
        In sentences of more than 25 tokens a phrase is tried at a place only if a
        coarse grammar of unsplit labels gives it this posterior probability there: the
        share of all trees of the sentence, by their probability, that have it. Shorter
        sentences, and with 0 all, are parsed exactly.

    max_length : int, default=60
        Longer sentences, in tokens, are cut at a semicolon, colon or comma.

    n_jobs : int or None, default=None
        Number of threads; no influence on the result. None means 1 unless in a
        :obj:`joblib.parallel_config` context.

    verbose : int, default=0
        With 1, `fit` logs what it counted.

    Attributes
    ----------
    states_ : ndarray of str of shape (n_states,)
        The states: labels and tags split by their context, and those between the
        steps of a rule, which begin with "@".

    binary_rules_ : ndarray of int32 of shape (n_binary, 3)
        States of left child, right child and parent.

    binary_log_prob_ : ndarray of float32 of shape (n_binary,)
        Log-probability of each given the parent.

    unary_rules_ : ndarray of int32 of shape (n_unary, 2)
        States of child and parent.

    unary_log_prob_ : ndarray of float32 of shape (n_unary,)
        Log-probability of each given the parent.

    coarse_states_ : ndarray of str of shape (n_coarse,)
        The states of the grammar that prunes: labels without their splits.

    vocabulary_ : ndarray of str of shape (n_words,)
        The known words, in lower case.

    lexical_weight_ : float
        The weight in use.

    n_trees_ : int
        Number of trees of the training.

    See Also
    --------
    ALPAugmenter : Makes new labelled texts from the parses of a few.
    sklearn_ext.augmentation.find_heads : Finds the head word of each phrase.

    Notes
    -----
    A log-probability is that of tree and sentence less the sum of log P(word), which is
    the same for all trees of a sentence: the lexicon gives P(tag | word) / P(tag). It
    compares trees of one sentence, not sentences.

    Parsing takes O(n_tokens^3) times the rules that apply at a place; memory is that of
    the entries found, and where the search is pruned three numbers for each coarse
    state at each of the n_tokens^2 / 2 places. Where pruning leaves no parse, the
    sentence is parsed without; where there is none at all, its tree is ``(TOP (FRAG
    (tag word) ...))`` with the best tag of each word and a log-probability of -inf.

    The packaged grammar was counted on the GUM and CRAFT treebanks (news, interviews,
    academic and biomedical texts under CC BY; see ATTRIBUTION.md beside the file).
    Neural parsers are better: some .95 on news text. They can be plugged into
    :class:`ALPAugmenter` as a callable. Another treebank makes another grammar:
    ``python -m sklearn_ext.augmentation.build_grammar``.

    References
    ----------
    .. [1] Dan Klein and Christopher Manning, "Accurate Unlexicalized Parsing", ACL
       2003.
    .. [2] Michael Collins, "Head-Driven Statistical Models for Natural Language
       Parsing", PhD thesis, 1999.
    .. [3] Liang Huang and David Chiang, "Better k-best Parsing", IWPT 2005.

    Examples
    --------
    >>> from sklearn_ext import LexicalizedPCFGParser
    >>> parser = LexicalizedPCFGParser.load()
    >>> print(parser.predict(["The film is not good."])[0])
    (TOP (S (NP (DT The) (NN film)) (VP (VBZ is) (RB not) (ADJP (JJ good))) (. .)))

    From a treebank of one's own:

    >>> trees = [
    ...     "(S (NP (DT the) (NN dog)) (VP (VBZ barks)))",
    ...     "(S (NP (DT a) (NN cat)) (VP (VBZ sleeps)))",
    ... ]
    >>> small = LexicalizedPCFGParser(lexical_weight=0).fit(trees)
    >>> print(small.predict(["a dog sleeps"])[0])
    (TOP (S (NP (DT a) (NN dog)) (VP (VBZ sleeps))))
    >>> small.score(trees)
    1.0
    """

    _parameter_constraints: dict = {
        "n_parses": [IntegralNotBool(Integral, 1, None, closed="left")],
        "parse_threshold": [Interval(Real, 0, 1, closed="right")],
        "lexical_weight": [
            Interval(Real, 0, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "markov_order": [IntegralNotBool(Integral, 0, None, closed="left")],
        "split_states": ["boolean"],
        "tag_smoothing": [Interval(Real, 0, None, closed="left")],
        "rare_count": [IntegralNotBool(Integral, 1, None, closed="left")],
        "prune_threshold": [Interval(Real, 0, 1, closed="left")],
        "max_length": [IntegralNotBool(Integral, 2, None, closed="left")],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        n_parses=1,
        *,
        parse_threshold=0.1,
        lexical_weight="auto",
        markov_order=1,
        split_states=True,
        tag_smoothing=2.0,
        rare_count=2,
        prune_threshold=1e-5,
        max_length=60,
        n_jobs=None,
        verbose=0,
    ):
        self.n_parses = n_parses
        self.parse_threshold = parse_threshold
        self.lexical_weight = lexical_weight
        self.markov_order = markov_order
        self.split_states = split_states
        self.tag_smoothing = tag_smoothing
        self.rare_count = rare_count
        self.prune_threshold = prune_threshold
        self.max_length = max_length
        self.n_jobs = n_jobs
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None):
        """Count rules, words and heads over a treebank.

        Parameters
        ----------
        X : iterable of str of shape (n_trees,)
            Trees in brackets, as in the Penn Treebank. Traces, empty phrases and
            function labels are dropped.

        y : None
            Ignored.

        sample_weight : array-like of shape (n_trees,), default=None
            How often each tree counts. None means once.

        Returns
        -------
        self : LexicalizedPCFGParser
            The fitted parser.

        Raises
        ------
        ValueError
            For brackets that do not match, a tree without words, no tree at all, and
            weights that are negative, missing, infinite, or all zero.
        """
        with keep_fit_on_error(self):
            self._fit(X, sample_weight, min_lexical_count=2)
        return self

    def _fit(self, X, sample_weight, min_lexical_count):
        """Fit; contexts with a head word are kept if seen that often."""
        trees = checked_trees(X)
        weights = checked_weights(sample_weight, len(trees))
        trees = [tree for tree, weight in zip(trees, weights, strict=True) if weight]
        weights = weights[weights > 0]
        grammar = partial(
            PCFG.fit,
            markov_order=self.markov_order,
            split_states=self.split_states,
            tag_smoothing=self.tag_smoothing,
            rare_count=self.rare_count,
            min_lexical_count=min_lexical_count,
        )
        lexical_weight = self.lexical_weight
        if lexical_weight == "auto":
            lexical_weight = self._best_lexical_weight(grammar, trees, weights)
        self._take(grammar(trees, weights), lexical_weight, len(trees))
        if self.verbose:
            print(  # noqa: T201
                f"{self.n_trees_} trees: {len(self.states_)} states, "
                f"{len(self.binary_rules_)} binary and {len(self.unary_rules_)} "
                f"unary rules, {len(self.vocabulary_)} words, lexical weight "
                f"{self.lexical_weight_:g}"
            )

    def _take(self, pcfg, lexical_weight, n_trees):
        """Set the fitted attributes."""
        self._pcfg = pcfg
        self.states_ = np.array(pcfg.rules.states)
        self.binary_rules_ = pcfg.rules.binary
        self.binary_log_prob_ = pcfg.binary_log_prob
        self.unary_rules_ = pcfg.rules.unary
        self.unary_log_prob_ = pcfg.unary_log_prob
        self.coarse_states_ = np.array(pcfg.coarse_states)
        self.vocabulary_ = np.array(pcfg.lexicon.words.keys)
        self.lexical_weight_ = float(lexical_weight)
        self.n_trees_ = n_trees

    def _best_lexical_weight(self, grammar, trees, weights):
        """Choose by the F1 on every tenth tree of a grammar of the others."""
        rest = np.arange(len(trees)) % 10 > 0
        if not rest.any():
            return 0.0
        pcfg = grammar(
            [tree for tree, keep in zip(trees, rest, strict=True) if keep],
            weights[rest],
        )
        gold, gold_weights, sentences = [], [], []
        for tree, weight in zip(trees[::10], weights[::10], strict=True):
            words = tuple(word for _, word in tree_tokens(tree))
            if len(words) <= self.max_length:
                gold.append(tree)
                gold_weights.append(weight)
                sentences.append(words)
        with self._workers() as workers:
            found = candidates(pcfg, sentences, self._search(1.0), workers)

        def f1(lexical_weight):
            counts = [
                bracket_counts(tree, best[0].node if best else None)[:3]
                for tree, some in zip(gold, found, strict=True)
                for best in [ordered(some, lexical_weight, 1, 1.0)]
            ]
            matched, n_gold, n_predicted = np.dot(gold_weights, np.array(counts))
            return 2 * matched / max(n_gold + n_predicted, 1)

        return max(LEXICAL_WEIGHTS, key=f1) if gold else 0.0

    def _search(self, lexical_weight):
        """Return how to look for trees, by the parameters."""
        return Search(
            self.n_parses,
            self.parse_threshold,
            lexical_weight,
            self.prune_threshold,
            self.max_length,
        )

    def _workers(self):
        """Return the threads."""
        from sklearn_ext._core._numba import Workers

        return Workers(self.n_jobs)

    def _trees_of(self, texts):
        """Return the best trees of each sentence of each text; for other modules."""
        sentences = [words for text in texts for words in text]
        with self._workers() as workers:
            search = self._search(self.lexical_weight_)
            trees = iter(parse_sentences(self._pcfg, sentences, search, workers))
        return [[next(trees) for _ in text] for text in texts]

    def predict(self, X):
        """Parse texts.

        Parameters
        ----------
        X : list of str, or array, Series or frame of one column, of shape (n_samples,)
            Texts of any number of sentences; or lists of str, which are the tokens of
            one sentence each.

        Returns
        -------
        trees : ndarray of object of shape (n_samples,)
            The best tree of each text in brackets: its root TOP has a child for each
            sentence.

        Raises
        ------
        ValueError
            For what is no text or list of tokens, and for texts without any token.
        """
        check_is_fitted(self)
        trees = [
            Node(ROOT, tuple(child for some in text for child in some[0].node.children))
            for text in self._trees_of(sentences_of(X))
        ]
        out = np.empty(len(trees), dtype=object)
        out[:] = [write_tree(tree) for tree in trees]
        return out

    def parse(self, X):
        """Return the best parses of each sentence of texts.

        Parameters
        ----------
        X : list of str, or array, Series or frame of one column, of shape (n_samples,)
            As in :meth:`predict`.

        Returns
        -------
        parses : list of list of list of Parse
            For each text, for each of its sentences, at most `n_parses` named tuples
            (tree, log_prob, weight), best first: the tree in brackets, its score, and
            its share among those kept.

        Raises
        ------
        ValueError
            As in :meth:`predict`.
        """
        check_is_fitted(self)
        trees = self._trees_of(sentences_of(X))
        return [[as_parses(some) for some in text] for text in trees]

    def score(self, X, y=None):
        """Return the F1 of labelled brackets against treebank trees.

        Parameters
        ----------
        X : iterable of str of shape (n_trees,)
            The true trees; their words are parsed.

        y : None
            Ignored.

        Returns
        -------
        f1 : float
            As `evaluate` counts it.

        Raises
        ------
        ValueError
            As in `fit`.
        """
        check_is_fitted(self)
        return self.evaluate(X)["f1"]

    def evaluate(self, X):
        """Compare parses with treebank trees.

        Parameters
        ----------
        X : iterable of str of shape (n_trees,)
            The true trees; their words are parsed.

        Returns
        -------
        scores : dict
            "precision", "recall" and "f1" of labelled brackets, pooled over all trees;
            "tag_accuracy", the share of tokens with the right tag; "n_failed", the
            number of sentences without a parse. The root and punctuation do not count,
            PRT is ADVP, and a sentence without a parse has no predicted bracket.

        Raises
        ------
        ValueError
            As in `fit`.
        """
        check_is_fitted(self)
        gold = checked_trees(X)
        words = [tuple(word for _, word in tree_tokens(tree)) for tree in gold]
        found = [some[0] for [some] in self._trees_of([[each] for each in words])]
        failed = [np.isneginf(tree.log_prob) for tree in found]
        counts = [
            bracket_counts(tree, None if no_parse else best.node)
            for tree, best, no_parse in zip(gold, found, failed, strict=True)
        ]
        matched, n_gold, n_predicted, tags_right, n_tags = np.sum(counts, axis=0)
        return {
            "precision": float(matched / max(n_predicted, 1)),
            "recall": float(matched / max(n_gold, 1)),
            "f1": float(2 * matched / max(n_gold + n_predicted, 1)),
            "tag_accuracy": float(tags_right / n_tags),
            "n_failed": int(np.sum(failed)),
        }

    def score_samples(self, X):
        """Return the log-probability of trees by the head-lexicalised model.

        Parameters
        ----------
        X : iterable of str of shape (n_trees,)
            Trees in brackets.

        Returns
        -------
        log_prob : ndarray of float64 of shape (n_trees,)
            Natural logarithm of the probability of each tree: of all head children,
            modifiers and words, given the heads above them.

        Raises
        ------
        ValueError
            As in `fit`.
        """
        check_is_fitted(self)
        lexical = self._pcfg.lexical
        words = lexical.words.copy()
        forest = flatten(checked_trees(X), lexical.symbols.copy(), words)
        return lexical.log_prob(forest, words)

    def save(self, path):
        """Write the fitted parser to a file without pickle.

        Parameters
        ----------
        path : str or path
            The npz file to write; an equal parser writes equal bytes.
        """
        check_is_fitted(self)
        settings = {
            name: value for name, value in self.get_params().items() if name != "n_jobs"
        }
        fitted = {"lexical_weight": self.lexical_weight_, "n_trees": self.n_trees_}
        arrays = self._pcfg.arrays()
        save_arrays(
            path, arrays, kind=KIND, version=VERSION, parameters=settings, fitted=fitted
        )

    @classmethod
    def load(cls, path=None):
        """Read a parser that :meth:`save` wrote.

        Parameters
        ----------
        path : str or path, default=None
            The file. None is the grammar for English that comes with the package.

        Returns
        -------
        parser : LexicalizedPCFGParser
            A fitted parser.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is no grammar, or one of a newer format.
        """
        arrays, settings = load_arrays(
            PACKAGED if path is None else path, kind=KIND, version=VERSION
        )
        parser = cls(**settings["parameters"])
        pcfg = PCFG.from_arrays(
            arrays, tag_smoothing=parser.tag_smoothing, rare_count=parser.rare_count
        )
        parser._take(pcfg, **settings["fitted"])
        return parser

    def __sklearn_is_fitted__(self):
        return hasattr(self, "states_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags

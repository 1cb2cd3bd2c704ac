"""Lbl2Vec: classes and rankings of texts from a few keywords, without labels.

"Lbl2Vec: An Embedding-Based Approach for Unsupervised Document Retrieval on Predefined
Topics", arXiv 2210.06023.
"""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state

from sklearn_ext._core._encoder import clone_sharing
from sklearn_ext._core._sklearn import (
    BaseEstimator,
    IntegralNotBool,
    Interval,
    RealNotInt,
    StrOptions,
    check_is_fitted,
    fit_context,
)
from sklearn_ext._core._text import check_documents

from ._keywords import look_up, read_keywords
from ._label_vectors import LabelRule, label_vectors, similarities, warn_if_few
from ._prediction import LabelPrediction, decide
from ._retrieval import Retrieval
from ._space import make_embedding, make_space
from ._temperature import agreed_temperature

__all__ = ["Lbl2Vec"]

# Of the embedding, where it has words; with an underscore attributes of the estimator.
WORDS = "document_frequency", "idf", "singular_values", "vocabulary", "word_vectors"


class Lbl2Vec(Retrieval, LabelPrediction, BaseEstimator):
    """Classify and retrieve texts by a few keywords for each label.

    Words and documents are embedded in one space. The keywords of a label point at the
    documents nearest to them, and the label lies between the keywords and the mean of
    those documents; a text gets the label with the largest cosine. No text needs a
    label. Which keywords are good shows when they are tried: :meth:`keyword_report`
    tells what became of each, and :meth:`refit_labels` tries others in a moment.

    Read more in the :ref:`User Guide <lbl2vec>`.

    Parameters
    ----------
    keywords : dict of label to list of str, or list of lists of str
        Words or phrases for each label. Labels are all str or all int; those of a list
        of lists are 0, 1, ... Case and order do not matter. Other iterables of str will
        do, but a generator is used up by the first fit.

    embedding : {"svd", "doc2vec"}, str or object, default="svd"
        "svd" is a truncated SVD of the word-document PPMI matrix, "doc2vec" the
        published Doc2Vec (needs gensim). Any other str is the name or folder of a
        sentence-transformers model. An object is a gensim ``Doc2Vec``, trained or not;
        anything with ``encode``; an estimator with `fit` and `transform`, which is
        cloned and fitted; something with `transform`; or a callable from a list of str
        to an array. A ``Doc2Vec`` has its own seed and workers: with more than one
        worker nothing repeats.

    n_components : int, default=None
        Length of the vectors. None is 100 for "svd" and 300 for "doc2vec"; encoders
        have their own.

    analyzer : "word", callable or object, default="word"
        From text to tokens, for "svd" and Doc2Vec. "word" takes words of 2 to 40
        letters of any script, in lower case, Latin and Greek ones without accents, and
        pairs of characters where there are no spaces between words. Of an object with
        `build_analyzer`, such as a
        :class:`~sklearn.feature_extraction.text.CountVectorizer`, the analyzer is used.
        Keywords pass through it, too.

    min_df : int or float, default=5
        Least number, or share, of documents with a word; rarer words are left out. 1 or
        2 for some dozens of documents.

    max_df : int or float, default=0.5
        Largest number, or share, of documents with a word. Only for "svd".

    center : bool or "auto", default="auto"
        Whether to subtract the mean document vector. "auto" is True for "svd" and
        encoders, False for Doc2Vec.

    n_docs : int, default=300
        How many documents define a label. Of small corpora it is at most one in 2 L of
        them for L labels, or 10 if that is more. With a `similarity_threshold` it is
        the minimum.

    similarity_threshold : float, default=None
        All documents above this similarity to the keywords define a label, as
        published, and at least `n_docs`. None takes `n_docs`.

    keyword_weight : float, default=0.5
        Share of the keywords in the label vector, in [0, 1]. 0 is the documents alone,
        as published, 1 the keywords alone.

    clean_outliers : bool, default=False
        Whether to drop documents that the local outlier factor takes for outliers among
        those of a label. Its time is quadratic in their number.

    reject_threshold : float, default=None
        Texts whose best similarity is below it get `reject_label_`. None rejects none.

    temperature : float or "auto", default="auto"
        Of `predict_proba`. "auto" finds it without labels; see Notes.

    device : {"auto", "cpu", "cuda"}, default="auto"
        Where a model given by its name computes.

    random_state : int, RandomState instance or None, default=None
        Start of the SVD, of "doc2vec" and of estimators in `embedding` that have none,
        and the halves of keywords for the temperature. With an int, "svd" and "doc2vec"
        give the same bits for any number of threads.

    Attributes
    ----------
    classes_ : ndarray of shape (n_labels,)
        The labels, sorted.

    label_vectors_ : ndarray of float32 of shape (n_labels, n_components)
        Unit vectors of the labels.

    keyword_vectors_ : ndarray of float32 of shape (n_labels, n_components)
        Unit vectors of their keywords alone.

    candidate_indices_ : list of ndarray of int64
        For each label the rows of the documents that define it, most similar first.

    n_candidates_ : ndarray of int64 of shape (n_labels,)
        How many those are.

    embedding_ : ndarray of float32 of shape (n_samples, n_components)
        Vectors of the training texts: centred, of unit length, zero for texts without
        information. What `embed` says of them, but for equal texts of Doc2Vec.

    mean_ : ndarray of float32 of shape (n_components,)
        What was subtracted to centre; zeros without centring.

    empty_documents_ : ndarray of int64 of shape (n_empty,)
        Rows of the training texts without information.

    labels_ : ndarray of shape (n_samples,)
        What `predict` says of the training texts. Doc2Vec has a vector for each of
        several equal texts, of which `predict` takes the first.

    oov_keywords_ : dict
        Unknown keywords of each label that has some.

    temperature_ : float
        What similarities are divided by before the softmax.

    keyword_agreement_ : float
        Share of documents on which halves of the keywords agree; nan for one label, and
        where fewer than half of the labels have two keywords.

    n_components_ : int
        Length of the vectors.

    reject_label_ : str or int
        What rejected texts get: "outlier", or -1 where labels are int.

    vocabulary_ : dict of str to int
        Known words and their rows in `word_vectors_`. Not for encoders, like the next
        two.

    word_vectors_ : ndarray of float32 of shape (n_words, n_components)
        Vectors of words, not centred.

    document_frequency_ : ndarray of int64 of shape (n_words,)
        Training texts with each word.

    idf_ : ndarray of float64 of shape (n_words,)
        Weights of words in documents. Only for "svd", like the next.

    singular_values_ : ndarray of float64 of shape (n_components,)
        Singular values, descending.

    See Also
    --------
    Lbl2VecDisplay : Draws documents and labels, or how far labels overlap.
    TsetlinMachineClassifier : Learns readable rules about words, from labels.
    NaiveBayesProbe : Classifies embeddings from a few labels.
    sklearn.decomposition.TruncatedSVD : LSA, without words and documents in one space.

    Notes
    -----
    The published method is ``Lbl2Vec(keywords, embedding="doc2vec", n_docs=100,
    similarity_threshold=0.3, keyword_weight=0)`` [1]_; with transformers instead of
    Doc2Vec it is that of [2]_. Ours are the SVD, centring, counting documents instead
    of a threshold, the weight of the keywords, rejects and probabilities.

    "svd" factorises the positive pointwise mutual information of words and documents,
    approximately, in three rounds from a random start;
    a document is the unit vector of the sum of (1 + log(count)) * idf * word vector
    over its words, whether it was there in `fit` or not. Counting is linear in the
    tokens, the SVD takes 14 * (n_components + 20) operations per stored count, and
    labels and predictions O(n_samples * n_components * n_labels).

    With ``temperature="auto"`` the keywords of each label are split into halves, five
    times, and the temperature is the one at which the mean probability of the predicted
    label equals the share of documents on which both halves agree. Predictions do not
    depend on it. :meth:`calibrate` uses labelled texts.

    The training texts are not kept. Encoders encode equal texts once and those of the
    training never again; a model given by its name is not part of a pickle. A Doc2Vec
    is, and pickles must be trusted.

    References
    ----------
    .. [1] "Lbl2Vec: An Embedding-Based Approach for Unsupervised Document Retrieval on
       Predefined Topics", `arXiv 2210.06023 <https://arxiv.org/abs/2210.06023>`__.
    .. [2] "Evaluating Unsupervised Text Classification: Zero-shot and Similarity-based
       Approaches", `arXiv 2211.16285 <https://arxiv.org/abs/2211.16285>`__.

    Examples
    --------
    >>> from sklearn_ext import Lbl2Vec
    >>> texts = [
    ...     "the cat purrs on the sofa",
    ...     "a cat and her kitten sleep",
    ...     "the kitten purrs and plays",
    ...     "the dog barks at the door",
    ...     "a puppy and a dog bark",
    ...     "the puppy barks and runs",
    ... ]
    >>> keywords = {"cats": ["Cat", "kitten"], "dogs": ["dog", "puppy"]}
    >>> model = Lbl2Vec(keywords, n_components=4, min_df=1, random_state=0).fit(texts)
    >>> model.predict(["she purrs", "it barks"])
    array(['cats', 'dogs'], dtype='<U4')
    >>> indices, similarities = model.retrieve("dogs", top_k=3)
    >>> sorted(indices.tolist())
    [3, 4, 5]

    What the keywords are worth, and other words to try:

    >>> model.keyword_report()[["keyword", "label", "document_frequency"]]
      keyword label  document_frequency
    0     Cat  cats                   2
    1  kitten  cats                   2
    2     dog  dogs                   2
    3   puppy  dogs                   2
    >>> "barks" in model.suggest_keywords("dogs")["word"].tolist()
    True
    >>> model.refit_labels({"cats": ["purrs"], "dogs": ["barks"]}).predict(texts[1:2])
    array(['cats'], dtype='<U4')
    """

    _parameter_constraints: dict = {
        "keywords": "no_validation",  # `read_keywords` says more
        "embedding": "no_validation",  # so does `make_embedding`
        "n_components": [IntegralNotBool(Integral, 1, None, closed="left"), None],
        "analyzer": "no_validation",
        "min_df": [
            IntegralNotBool(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="both"),
        ],
        "max_df": [
            IntegralNotBool(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="both"),
        ],
        "center": ["boolean", StrOptions({"auto"})],
        "n_docs": [IntegralNotBool(Integral, 1, None, closed="left")],
        "similarity_threshold": [Interval(Real, -1, 1, closed="both"), None],
        "keyword_weight": [Interval(Real, 0, 1, closed="both")],
        "clean_outliers": ["boolean"],
        "reject_threshold": [Interval(Real, -1, 1, closed="both"), None],
        "temperature": [
            Interval(Real, 0, None, closed="neither"),
            StrOptions({"auto"}),
        ],
        "device": [StrOptions({"auto", "cpu", "cuda"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        keywords,
        *,
        embedding="svd",
        n_components=None,
        analyzer="word",
        min_df=5,
        max_df=0.5,
        center="auto",
        n_docs=300,
        similarity_threshold=None,
        keyword_weight=0.5,
        clean_outliers=False,
        reject_threshold=None,
        temperature="auto",
        device="auto",
        random_state=None,
    ):
        self.keywords = keywords
        self.embedding = embedding
        self.n_components = n_components
        self.analyzer = analyzer
        self.min_df = min_df
        self.max_df = max_df
        self.center = center
        self.n_docs = n_docs
        self.similarity_threshold = similarity_threshold
        self.keyword_weight = keyword_weight
        self.clean_outliers = clean_outliers
        self.reject_threshold = reject_threshold
        self.temperature = temperature
        self.device = device
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Embed texts and keywords, and place the labels among them.

        Parameters
        ----------
        X : list of str, or array, Series or frame of one column, of shape (n_samples,)
            The texts; none of them needs a label. Empty ones are legal.

        y : None
            Ignored; it may be the truth, for a scorer.

        Returns
        -------
        self : Lbl2Vec
            The fitted estimator.

        Raises
        ------
        ValueError
            If X is no list of texts, if no word or no document is left, if a label has
            no known keyword, or if parameters contradict each other.
        TypeError
            If `keywords`, `analyzer` or `embedding` is of a kind that cannot be used,
            or labels are neither all str nor all int.
        ImportError
            If `embedding` needs a package that is not installed.
        """
        texts = check_documents(X)
        topics = self._topics(self.keywords)
        seed, label_seed = self._seeds()
        embedding = make_embedding(self)
        space = make_space(self, embedding, embedding.fit(texts, seed))
        self._take_over(space, self._find_labels(topics, space, label_seed))
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def refit_labels(self, keywords=None):
        """Place the labels anew with the embedding kept, in a moment.

        The current values of `n_docs`, `similarity_threshold`, `keyword_weight`,
        `clean_outliers`, `reject_threshold` and `temperature` are used. With an int as
        `random_state` the result is that of a new `fit`, bit for bit.

        Parameters
        ----------
        keywords : dict or list of lists of str, default=None
            New keywords, which the parameter is set to. None keeps them.

        Returns
        -------
        self : Lbl2Vec
            The same estimator. If this fails, it is as it was.

        Raises
        ------
        ValueError
            If a label has no known keyword, or parameters contradict each other.
        TypeError
            If `keywords` is of a kind that cannot be used.
        """
        check_is_fitted(self)
        given = self.keywords if keywords is None else keywords
        topics = self._topics(given)
        found = self._find_labels(topics, self._space, self._seeds()[1])
        self._take_over(self._space, found)
        self.keywords = given
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags

    def __sklearn_clone__(self):
        return clone_sharing(self, "embedding")

    def _topics(self, keywords):
        """Return the labels and keywords in their normal form."""
        return read_keywords(keywords, rejects=self.reject_threshold is not None)

    def _seeds(self):
        """Return the seeds of the embedding and of the labels: streams of their own."""
        rng = check_random_state(self.random_state)
        return rng.randint(np.iinfo(np.int32).max, size=2).tolist()

    def _find_labels(self, topics, space, seed):
        """Return the fitted attributes that depend on keywords."""
        known = look_up(topics, space.embedding)
        keywords = [space.place_keywords(own) for own in known.vectors]
        documents = space.summands()
        rule = LabelRule(
            self.n_docs,
            self.similarity_threshold,
            self.keyword_weight,
            self.clean_outliers,
        )
        rows = np.flatnonzero(space.documents.any(axis=1))
        warn_if_few(len(rows), rule)
        labels = label_vectors(documents, keywords, rule, rows=rows)
        temperature, agreement = agreed_temperature(
            documents, keywords, labels.vectors, rule, np.random.default_rng(seed)
        )
        if self.temperature != "auto":
            temperature = float(self.temperature)
        similarity = similarities(space.documents, labels.vectors)
        is_blank = ~space.documents.any(axis=1)
        found = {
            "_known": known,
            "_reject_threshold": self.reject_threshold,
            "_rule": rule,
            "classes_": topics.classes,
            "label_vectors_": labels.vectors,
            "keyword_vectors_": labels.keyword_vectors,
            "candidate_indices_": labels.candidates,
            "n_candidates_": np.array([len(own) for own in labels.candidates]),
            "oov_keywords_": known.unknown,
            "temperature_": temperature,
            "keyword_agreement_": agreement,
            "reject_label_": topics.reject_label,
        }
        found["labels_"] = decide(
            similarity,
            is_blank,
            topics.classes,
            self.reject_threshold,
            topics.reject_label,
        )
        return found

    def _take_over(self, space, found):
        """Set all fitted attributes at once, after nothing can fail any more."""
        fitted = found | {
            "_space": space,
            "embedding_": space.documents,
            "mean_": space.mean,
            "empty_documents_": np.flatnonzero(~space.documents.any(axis=1)),
            "n_components_": space.documents.shape[1],
        }
        for name in WORDS:
            if hasattr(space.embedding, name):
                fitted[name + "_"] = getattr(space.embedding, name)
            else:
                vars(self).pop(name + "_", None)
        vars(self).update(fitted)

"""The parser beside nltk's, ALP beside EDA, AEDA and nlpaug.

Treebanks, sentences and WordNet are read where ../shared lies beside the checkout.
"""

import json
import tempfile
import time
from functools import cache, partial
from pathlib import Path

import numpy as np

from ._common import SHARED, in_turns, ratio_in_turns, run_fresh, run_on_linux
from ._few_texts import draw, give_wordnet
from ._peers import OURS, load_module
from ._simple_augmenters import AEDA, EDA

NLPAUG = "nlpaug, random swaps"
WITHOUT_WORDNET = "sklearn_ext, words of the class alone"

FIRST_FIT = """
import json, sys, time

with open(sys.argv[1]) as file:
    texts, labels = json.load(file)
start = time.perf_counter()
from sklearn_ext import ALPAugmenter

ALPAugmenter(random_state=0).fit_resample(texts, labels)
print(time.perf_counter() - start)
"""
MEMORY_OF_PARSING = """
import json, sys
from pathlib import Path
from sklearn_ext import LexicalizedPCFGParser

with open(sys.argv[1]) as file:
    sentences = json.load(file)
parser = LexicalizedPCFGParser.load()
parser.parse([["It", "works", "."]])
before = memory("VmRSS")
Path("/proc/self/clear_refs").write_text("5")  # forget the peak of loading
parser.parse(sentences)
print((memory("VmHWM") - before) / 2**20)
"""


@cache
def trees(name):
    """Return the trees of a part of the treebanks as brackets."""
    from sklearn_ext.augmentation.build_grammar import read_treebank

    path = SHARED / "data" / "treebank" / f"{name}.mrg.gz"
    if not path.is_file():
        raise NotImplementedError("the treebanks are not here")
    return read_treebank(path)


def words_of(tree):
    from sklearn_ext.augmentation._treebank import read_tree, tree_tokens

    return [word for _, word in tree_tokens(read_tree(tree))]


@cache
def unseen_sentences(n_words, at_most=60):
    """Return sentences of so many words that the packaged grammar has not seen."""
    both = trees("gum_ccby.test") + trees("craft_ccby.test")
    sentences = (words_of(tree) for tree in both)
    return [words for words in sentences if len(words) == n_words][:at_most]


def packaged(n_jobs=1):
    from sklearn_ext import LexicalizedPCFGParser

    parser = LexicalizedPCFGParser.load().set_params(n_jobs=n_jobs)
    parser.parse(unseen_sentences(10, 4))
    return parser


class Parsing:
    """Sentences per second of CPU time, one thread, the packaged grammar."""

    params = [10, 20, 40, 60]
    param_names = ["n_words"]
    timeout = 120

    def setup(self, n_words):
        self.parser = packaged()
        self.sentences = unseen_sentences(n_words)

    def track_sentences_per_second(self, n_words):
        times = []
        for _ in range(3):
            start = time.process_time()
            self.parser.parse(self.sentences)
            times.append(time.process_time() - start)
        return round(len(self.sentences) / min(times), 1)

    track_sentences_per_second.unit = "sentences/s"


class Threads:
    """Wall time with two threads over that with one."""

    timeout = 120
    unit = "of the time with one thread"

    def setup(self):
        sentences = unseen_sentences(20)
        self.calls = [partial(packaged(n).parse, sentences) for n in (2, 1)]

    def track_ratio(self):
        return ratio_in_turns(*self.calls, clock=time.perf_counter)


def nltk_parser(parser, words):
    """Return nltk's parser with the rules of ours, and the scores of these words."""
    nltk = load_module("nltk")
    grammar = load_module("nltk.grammar")
    states = [nltk.Nonterminal(state) for state in parser.states_]

    def rule(parent, children, log_prob):
        return grammar.ProbabilisticProduction(
            states[parent], children, prob=float(np.exp(log_prob))
        )

    rules = [
        rule(parent, [states[left], states[right]], log_prob)
        for (left, right, parent), log_prob in zip(
            parser.binary_rules_, parser.binary_log_prob_, strict=True
        )
    ]
    rules += [
        rule(parent, [states[child]], log_prob)
        for (child, parent), log_prob in zip(
            parser.unary_rules_, parser.unary_log_prob_, strict=True
        )
    ]
    offsets, tags, scores = parser._pcfg.lexicon.tags(words)
    lexical = {}
    for i, word in enumerate(words):
        for j in range(offsets[i], offsets[i + 1]):
            lexical[tags[j], word] = scores[j]
    rules += [rule(tag, [word], score) for (tag, word), score in lexical.items()]
    # The scores of words are no probabilities, so this is no PCFG of nltk's.
    return nltk.ViterbiParser(
        grammar.CFG(nltk.Nonterminal("TOP"), rules), max_time=None
    )


class NltkRatio:
    """Time of the best parse over that of nltk.ViterbiParser, one and the same grammar.

    It is of unsplit labels, from 2,281 trees: 3,813 binary rules. That both find the
    same tree is asserted. Ours runs 50 times in a turn, as a parser does.
    """

    params = [5, 6, 7]
    param_names = ["n_words"]
    timeout = 600
    unit = "of the time of nltk"

    def setup(self, n_words):
        from sklearn_ext import LexicalizedPCFGParser
        from sklearn_ext.augmentation._annotate import binarise
        from sklearn_ext.augmentation._treebank import read_tree

        parser = LexicalizedPCFGParser(
            lexical_weight=0, split_states=False, tag_smoothing=0, prune_threshold=0
        )
        some = trees("gum_ccby.train")
        parser.fit(some)
        words = next(w for w in map(words_of, some) if len(w) == n_words)
        ours = partial(parser.parse, [words])
        theirs = nltk_parser(parser, words)

        def peer():
            self.found = next(theirs.parse(words))

        self.peer = peer
        self.ours = lambda: [ours() for _ in range(50)]
        peer()
        best = ours()[0][0][0]
        tree = read_tree(self.found.pformat(margin=10**6))
        same_score = abs(np.log(self.found.prob()) - best.log_prob) < 1e-4
        if not same_score or tree != binarise(read_tree(best.tree)):
            raise AssertionError(f"{tree} is not {best.tree}")

    def track_ratio(self, n_words):
        (ours,), (peer,) = in_turns(self.ours, self.peer, time.process_time)
        return round(float(ours / 50 / peer), 8)


class Generation:
    """New rows per second of CPU time from 100 texts of each class of SST-2.

    Ours are made of grammars that are fitted already; the peers have nothing to fit.
    """

    params = [OURS, WITHOUT_WORDNET, "EDA", "AEDA", NLPAUG]
    param_names = ["implementation"]
    timeout = 120
    n_rows = 2000  # of each class

    def setup(self, implementation):
        texts, y = draw("sst2", 100, 0)
        if implementation in (OURS, WITHOUT_WORDNET):
            from sklearn_ext import ALPAugmenter

            give_wordnet()
            synonyms = "wordnet" if implementation == OURS else None
            augmenter = ALPAugmenter(synonyms=synonyms, random_state=0).fit(texts, y)
            self.make = partial(augmenter.sample, self.n_rows)
        elif implementation == NLPAUG:
            module = load_module("nlpaug.augmenter.word")
            swap = module.RandomWordAug(action="swap", aug_p=0.1)
            repeated = np.resize(texts, 2 * self.n_rows).tolist()
            self.make = partial(swap.augment, repeated)
        else:
            peer = {"EDA": EDA, "AEDA": AEDA}[implementation]
            self.make = partial(
                peer(self.n_rows, random_state=0).fit_resample, texts, y
            )
        self.make()

    def track_rows_per_second(self, implementation):
        times = []
        for _ in range(3):
            start = time.process_time()
            self.make()
            times.append(time.process_time() - start)
        return round(2 * self.n_rows / min(times), 1)

    track_rows_per_second.unit = "rows/s"


class FitResample:
    """20 texts, 10 new rows for each of two classes, the second call in a process."""

    params = [OURS, "EDA", "AEDA"]
    param_names = ["implementation"]
    timeout = 120

    def setup(self, implementation):
        self.data = draw("sst2", 10, 0)
        if implementation == OURS:
            from sklearn_ext import ALPAugmenter

            give_wordnet()
            augmenter = ALPAugmenter(random_state=0)
        else:
            augmenter = {"EDA": EDA, "AEDA": AEDA}[implementation](random_state=0)
        self.call = partial(augmenter.fit_resample, *self.data)
        self.call()

    def time_fit_resample(self, implementation):
        self.call()


class FirstFit:
    """Import and first call in a fresh process; kernels compiled, then read."""

    params = ["empty", "filled"]
    param_names = ["kernel_cache"]

    def setup_cache(self):
        try:
            give_wordnet()
            texts, y = draw("sst2", 10, 0)
        except NotImplementedError:
            return {}
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "given.json")
            file.write_text(json.dumps([texts, y.tolist()]))
            kernels = str(Path(folder, "kernels"))
            return {
                state: run_fresh(FIRST_FIT, file, NUMBA_CACHE_DIR=kernels)
                for state in self.params
            }

    setup_cache.timeout = 600

    def setup(self, found, kernel_cache):
        if not found:
            raise NotImplementedError("the sentences or WordNet are not here")

    def track_first_fit_seconds(self, found, kernel_cache):
        return found[kernel_cache]

    track_first_fit_seconds.unit = "seconds"


class Memory:
    """What parsing of sentences of 60 words takes, and the file of the grammar."""

    timeout = 120

    def track_parsing_megabytes(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "given.json")
            file.write_text(json.dumps(unseen_sentences(60)))
            return run_on_linux(MEMORY_OF_PARSING, file)

    track_parsing_megabytes.unit = "MiB"

    def track_grammar_megabytes(self):
        import sklearn_ext.augmentation

        folder = Path(sklearn_ext.augmentation.__file__).parent / "data"
        return round((folder / "grammar.npz").stat().st_size / 1e6, 3)

    track_grammar_megabytes.unit = "MB"

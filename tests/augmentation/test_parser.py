"""The parser as an estimator: fit, parse, score, save, refuse."""

import pickle
import re

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklearn_ext.augmentation import LexicalizedPCFGParser
from sklearn_ext.augmentation._brackets import bracket_counts
from sklearn_ext.augmentation._parser import PACKAGED
from sklearn_ext.augmentation._parser_input import sentences_of
from sklearn_ext.augmentation._parsing import cut
from sklearn_ext.augmentation._treebank import clean_tree, read_tree, tree_tokens
from sklearn_ext.augmentation.build_grammar import main, read_treebank
from tests.augmentation._texts import TEXTS
from tests.augmentation._trees import TREES

WORDS = [[word for _, word in tree_tokens(read_tree(tree))] for tree in TREES]


@pytest.fixture(scope="module")
def small():
    """A parser of the hand-written trees."""
    return LexicalizedPCFGParser(lexical_weight=0.2, n_parses=3).fit(TREES)


@pytest.fixture(scope="module")
def packaged(compiled):
    """The parser of the package, too slow in plain Python."""
    return LexicalizedPCFGParser.load()


def leaves(tree):
    return [word for _, word in tree_tokens(read_tree(tree))]


def test_it_knows_its_own_trees(small):
    scores = small.evaluate(TREES)
    assert scores["n_failed"] == 0
    assert scores["f1"] > 0.9
    assert scores["tag_accuracy"] > 0.95
    assert small.score(TREES) == scores["f1"]
    f1 = 2 / (1 / scores["precision"] + 1 / scores["recall"])
    assert scores["f1"] == pytest.approx(f1)


def test_scores_are_pooled_brackets(small):
    predicted = small.predict(WORDS)
    counts = np.sum(
        [
            bracket_counts(clean_tree(read_tree(gold)), read_tree(tree))
            for gold, tree in zip(TREES, predicted, strict=True)
        ],
        axis=0,
    )
    scores = small.evaluate(TREES)
    assert scores["recall"] == counts[0] / counts[1]
    assert scores["precision"] == counts[0] / counts[2]
    assert scores["tag_accuracy"] == counts[3] / counts[4]


def test_every_text_has_a_tree_with_its_words(packaged):
    texts = [*TEXTS, "It rained. We stayed (mostly) inside.", "???", "北京 🙂"]
    trees = packaged.predict(texts)
    assert trees.dtype == object
    for text, tree in zip(texts, trees, strict=True):
        words = [word for sentence in sentences_of([text])[0] for word in sentence]
        assert leaves(tree) == words
        assert tree.startswith("(TOP ")
    assert len(read_tree(trees[20]).children) == 2  # two sentences


def test_the_best_parses_come_first_and_share(packaged):
    several = packaged.set_params(n_parses=4, parse_threshold=0.01).parse(TEXTS)
    packaged.set_params(n_parses=1, parse_threshold=0.1)
    one = packaged.parse(TEXTS)
    assert max(len(sentence) for text in several for sentence in text) > 1
    for text, best in zip(several, one, strict=True):
        for sentence, [first] in zip(text, best, strict=True):
            assert sentence[0].tree == first.tree
            assert sentence[0].log_prob == first.log_prob
            scores = np.array([parse.log_prob for parse in sentence])
            assert (np.diff(scores) <= 0).all()
            assert scores[-1] >= scores[0] + np.log(0.01)
            weights = np.exp(scores) / np.exp(scores).sum()
            np.testing.assert_allclose([p.weight for p in sentence], weights)
            assert len({parse.tree for parse in sentence}) == len(sentence) <= 4


def test_the_score_is_that_of_rules_and_heads(small):
    rules = clone(small).set_params(lexical_weight=0, n_parses=40, parse_threshold=1e-9)
    heads = clone(rules).set_params(lexical_weight=1.0).fit(TREES)
    rules.fit(TREES)
    for [by_rules], [by_both] in zip(
        rules.parse(WORDS), heads.parse(WORDS), strict=True
    ):
        log_probs = {parse.tree: parse.log_prob for parse in by_rules}
        lexical = heads.score_samples([parse.tree for parse in by_both])
        for parse, score in zip(by_both, lexical, strict=True):
            if parse.tree in log_probs:
                both = log_probs[parse.tree] + score
                assert parse.log_prob == pytest.approx(both, abs=1e-9)


def test_the_log_probability_is_that_of_the_rules():
    trees = [
        "(S (NP (DT the) (NN dog)) (VP (VBZ barks)))",
        "(S (NP (DT the) (NN cat)) (VP (VBZ barks)))",
        "(S (NP (NN cat)) (VP (VBZ barks)))",
    ]
    plain = LexicalizedPCFGParser(
        lexical_weight=0, split_states=False, markov_order=0, tag_smoothing=0
    ).fit(trees)
    [[[parse]]] = plain.parse(["the cat barks"])
    # NP -> DT NN is 2/3, NN -> cat 2/3, VBZ -> barks 1, DT -> the 1; less log P(word)
    n_words = 8
    words = np.log([2 / n_words, 2 / n_words, 3 / n_words]).sum()
    assert parse.log_prob == pytest.approx(np.log(2 / 3 * 2 / 3) - words)


def test_what_is_fitted(small):
    n_states = len(small.states_)
    assert small.binary_rules_.dtype == small.unary_rules_.dtype == np.int32
    assert small.binary_log_prob_.dtype == small.unary_log_prob_.dtype == np.float32
    assert max(small.binary_rules_.max(), small.unary_rules_.max()) < n_states
    mass = np.bincount(
        small.binary_rules_[:, 2], np.exp(small.binary_log_prob_), n_states
    ) + np.bincount(small.unary_rules_[:, 1], np.exp(small.unary_log_prob_), n_states)
    rewritten = mass > 0
    np.testing.assert_allclose(mass[rewritten], 1, rtol=1e-5)
    assert set(small.coarse_states_) >= {"TOP", "S", "NP"}
    assert "the" in small.vocabulary_
    assert small.n_trees_ == len(TREES)
    assert small.lexical_weight_ == 0.2


def test_weights_are_repetitions():
    weights = np.arange(len(TREES)) % 3
    repeated = [t for t, n in zip(TREES, weights, strict=True) for _ in range(n)]
    one = LexicalizedPCFGParser(lexical_weight=0.1).fit(TREES, sample_weight=weights)
    two = LexicalizedPCFGParser(lexical_weight=0.1).fit(repeated)
    np.testing.assert_array_equal(one.states_, two.states_)
    np.testing.assert_allclose(one.binary_log_prob_, two.binary_log_prob_, atol=1e-6)
    assert one.predict(WORDS).tolist() == two.predict(WORDS).tolist()


def test_auto_chooses_a_weight():
    chosen = LexicalizedPCFGParser().fit(TREES).lexical_weight_
    assert chosen in {0, 0.05, 0.1, 0.2, 0.3, 0.5}
    assert LexicalizedPCFGParser().fit(TREES[:1]).lexical_weight_ == 0


def test_without_pruning_the_best_is_at_least_as_good(packaged):
    exact = LexicalizedPCFGParser.load().set_params(prune_threshold=0)
    exact.lexical_weight_ = pruned_weight = 0.0
    pruned = LexicalizedPCFGParser.load()
    pruned.lexical_weight_ = pruned_weight
    for [one], [two] in zip(exact.parse(WORDS), pruned.parse(WORDS), strict=True):
        assert one[0].log_prob >= two[0].log_prob - 1e-9


def test_threads_do_not_matter(packaged):
    assert packaged.parse(TEXTS) == LexicalizedPCFGParser.load().set_params(
        n_jobs=2
    ).parse(TEXTS)


def test_a_sentence_is_parsed_alike_in_any_company(packaged):
    alone = [packaged.parse([text])[0] for text in TEXTS]
    assert packaged.parse(TEXTS[::-1]) == alone[::-1]
    assert packaged.parse(TEXTS * 2) == alone * 2


def test_tokens_may_be_given(packaged):
    given = packaged.predict([["The", "film", "(", "a", "comedy", ")", "works", "."]])
    assert leaves(given[0])[2] == "-LRB-"
    assert given.tolist() == packaged.predict(["The film (a comedy) works."]).tolist()


@pytest.mark.parametrize(
    ("words", "lengths"),
    [
        ("a b c d", [4]),
        ("a , b ; c d e f", [4, 4]),  # a semicolon before a comma
        ("a b , c , d e f g", [3, 2, 4]),
        ("a b c d e f g h", [8]),  # nothing to cut at
        ("a b c d e f ,", [7]),  # nor at the end
        ("a , b c , d e f , g", [2, 3, 4, 1]),  # near the middle first
    ],
)
def test_long_sentences_are_cut(words, lengths):
    words = tuple(words.split())
    pieces = list(cut(words, 4))
    assert [len(piece) for piece in pieces] == lengths
    assert sum(pieces, ()) == words


def test_long_sentences_have_trees(small):
    cut_at_comma = clone(small).set_params(max_length=8).fit(TREES)
    words = [*WORDS[0], ",", *WORDS[1]]
    [[[parse]]] = cut_at_comma.parse([words])
    assert parse.tree.startswith("(TOP (FRAG ")
    assert leaves(parse.tree) == words
    assert parse.weight == 1


def test_the_pieces_of_a_long_sentence_are_added_up():
    parser = LexicalizedPCFGParser.load().set_params(max_length=6)
    left, right = (
        ["The", "film", "is", "good", ","],
        ["the", "music", "is", "very", "nice", "."],
    )
    pieces = [some[0] for [some] in parser.parse([left, right])]
    [[[whole]]] = parser.parse([left + right])
    assert whole.log_prob == sum(piece.log_prob for piece in pieces)
    assert np.isfinite(whole.log_prob)
    inner = [piece.tree.removeprefix("(TOP ")[:-1] for piece in pieces]
    assert whole.tree == f"(TOP (FRAG {' '.join(inner)}))"


def test_a_tree_counts_once_by_its_best_derivation(small):
    many = clone(small).set_params(
        lexical_weight=0, n_parses=30, parse_threshold=1e-300
    )
    for [some] in many.fit(TREES).parse(WORDS):
        assert len({parse.tree for parse in some}) == len(some)
        scores = [parse.log_prob for parse in some]
        assert scores == sorted(scores, reverse=True)
    best = clone(many).set_params(n_parses=1).fit(TREES).parse(WORDS)
    for [some], [[first]] in zip(many.parse(WORDS), best, strict=True):
        assert some[0].tree == first.tree
        assert some[0].log_prob == pytest.approx(first.log_prob, abs=1e-9)


def test_auto_takes_the_weight_with_the_best_f1():
    """By hand: what fits with each weight on nine tenths say of the last tenth."""
    rest = [tree for i, tree in enumerate(TREES) if i % 10]
    f1 = {
        weight: LexicalizedPCFGParser(lexical_weight=weight)
        .fit(rest)
        .score(TREES[::10])
        for weight in (0, 0.05, 0.1, 0.2, 0.3, 0.5)
    }
    chosen = LexicalizedPCFGParser().fit(TREES).lexical_weight_
    assert f1[chosen] == max(f1.values())
    assert min(f1.values()) < max(f1.values())


def test_without_a_parse_there_are_tags():
    trees = ["(S (NP (DT the) (NN dog)) (VP (VBZ barks)))"]
    parser = LexicalizedPCFGParser(lexical_weight=0).fit(trees)
    words = ["dog", "barks", "the"]
    [[[parse]]] = parser.parse([words])
    assert parse.tree == "(TOP (FRAG (NN dog) (VBZ barks) (DT the)))"
    assert parse.log_prob == -np.inf
    assert parse.weight == 1
    gold = "(S (NP (NN dog)) (VP (VBZ barks) (NP (DT the))))"
    scores = parser.evaluate([gold])
    assert scores["n_failed"] == 1
    assert scores["f1"] == scores["precision"] == 0


def test_saved_and_loaded_it_is_the_same(small, tmp_path):
    paths = tmp_path / "one.npz", tmp_path / "two.npz"
    small.save(paths[0])
    loaded = LexicalizedPCFGParser.load(paths[0])
    assert loaded.get_params() == small.get_params()
    assert loaded.parse(WORDS) == small.parse(WORDS)
    loaded.save(paths[1])
    assert paths[0].read_bytes() == paths[1].read_bytes()
    again = pickle.loads(pickle.dumps(small))
    assert again.parse(WORDS) == small.parse(WORDS)
    np.testing.assert_array_equal(
        loaded.score_samples(TREES), small.score_samples(TREES)
    )


def test_the_command_line_chooses_a_weight(tmp_path, capsys):
    for name, trees in (("one.mrg", TREES[::2]), ("two.mrg", TREES[1::2])):
        (tmp_path / name).write_text("\n".join(trees), encoding="utf8")
    one, two, out = (str(tmp_path / name) for name in ("one.mrg", "two.mrg", "x.npz"))
    main([f"{one}:auto", two, "-o", out])
    lines = capsys.readouterr().out.splitlines()
    scores = {}
    for line in lines:
        if found := re.match(r"  weight (\d): F1 ([\d.]+) on 4$", line):
            scores[found[1]] = float(found[2])
    assert set(scores) == {"1", "2", "4", "8"}
    [chosen] = re.findall(
        r"one.mrg: 31 trees, \d+ tokens, weight (\d)", "\n".join(lines)
    )
    assert scores[chosen] == max(scores.values())


def test_the_command_line_builds_the_same_bytes(tmp_path, capsys):
    treebank = tmp_path / "hand.mrg"
    treebank.write_text("\n".join(TREES), encoding="utf8")
    (tmp_path / "documents.tsv").write_text(
        "file\tfirst_line\tlast_line\tdocument\tlicence\nhand\t1\t2\tA page\tCC0\n"
    )
    for name in ("one.npz", "two.npz"):
        main(
            [
                *(f"{treebank}:2", "-o", str(tmp_path / name), "--dev", str(treebank)),
                *("--attribution", str(tmp_path / "ATTRIBUTION.md")),
            ]
        )
    out = capsys.readouterr().out
    assert f"{len(TREES)} trees" in out
    assert "F1 0.9" in out
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    assert "- A page: CC0" in (tmp_path / "ATTRIBUTION.md").read_text()
    built = LexicalizedPCFGParser.load(tmp_path / "one.npz")
    fitted = LexicalizedPCFGParser().fit(
        read_treebank(treebank), sample_weight=np.full(len(TREES), 2)
    )
    assert built.predict(WORDS).tolist() == fitted.predict(WORDS).tolist()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.mrg", "-o", "x.npz"], "no file absent.mrg"),
        (["bad.mrg", "-o", "x.npz"], "bad.mrg: tree 0 is no bracketed tree"),
        (["good.mrg", "-o", "absent/x.npz"], "no folder for absent/x.npz"),
        (["good.mrg:0", "-o", "x.npz"], "weight of good.mrg must be above 0"),
        (["good.mrg", "-o", "x.npz", "--markov-order", "-1"], "at least 0"),
        (["good.mrg", "-o", "x.npz", "--min-lexical-count", "0"], "at least 1"),
        (["good.mrg", "-o", "x.npz", "--dev", "absent"], "no file absent"),
    ],
)
def test_the_command_line_says_what_is_wrong(
    arguments, message, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.mrg").write_text(TREES[0])
    (tmp_path / "bad.mrg").write_text("(S (NN a)")
    with pytest.raises(SystemExit):
        main(arguments)
    assert message in capsys.readouterr().err
    assert not (tmp_path / "x.npz").exists()


@pytest.mark.parametrize(
    ("X", "weights", "message"),
    [
        (["(S (NN a))", "(S (NN a)"], None, r"X\[1\].*'\(S \(NN a\)'"),
        (["(S (NN a))", "(S (-NONE- *))"], None, r"X\[1\].*no words"),
        ([], None, "no tree"),
        ("(S (NN a))", None, "Iterable over bracketed trees"),
        ([3], None, r"X\[0\] is 3"),
        (["(S (NN a))"], [1, 2], r"shape \(2,\), but X holds 1"),
        (["(S (NN a))"], [-1], "not negative"),
        (["(S (NN a))"], [0], "not zero everywhere"),
    ],
)
def test_bad_trees(X, weights, message, small):
    before = pickle.dumps(small)
    with pytest.raises(ValueError, match=message):
        small.fit(X, sample_weight=weights)
    assert pickle.dumps(small) == before


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (["a", " "], r"X\[1\] is an empty text"),
        ("text", "raw text documents"),
        ([["a"], []], r"X\[1\] must be a list of tokens"),
        ([["a"], ["b c"]], r"X\[1\] holds 'b c'"),
        ([["a", 3]], r"X\[0\] holds 3"),
        ([["a"], "b"], r"X\[1\] must be a list of tokens"),
    ],
)
def test_bad_texts(X, message, small):
    with pytest.raises(ValueError, match=message):
        small.predict(X)


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_parses": 0},
        {"parse_threshold": 1.5},
        {"lexical_weight": -1},
        {"lexical_weight": "often"},
        {"markov_order": -1},
        {"prune_threshold": 1},
        {"max_length": 1},
        {"n_parses": True},
    ],
)
def test_bad_parameters(parameters):
    with pytest.raises(ValueError, match=f"'{next(iter(parameters))}' parameter"):
        LexicalizedPCFGParser(**parameters).fit(TREES)


def test_it_must_be_fitted():
    for method, given in (
        ("predict", TEXTS),
        ("parse", TEXTS),
        ("score", TREES),
        ("evaluate", TREES),
        ("score_samples", TREES),
        ("save", "x.npz"),
    ):
        with pytest.raises(NotFittedError):
            getattr(LexicalizedPCFGParser(), method)(given)


def test_the_packaged_file_is_small_and_says_where_it_comes_from(packaged):
    assert PACKAGED.stat().st_size <= 1.5e6
    documents = (PACKAGED.parent / "ATTRIBUTION.md").read_text(encoding="utf8")
    for name in ("GUM_academic_art: CC BY 4.0", "craft_ccby.train", "by counting"):
        assert name in documents
    assert "ccbysa" not in documents
    assert packaged.n_trees_ == 2281 + 19474


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "step", "n", "least"),
    [("gum_ccby.test", 1, 301, 0.74), ("craft_ccby.test", 11, 300, 0.76)],
)
def test_quality_on_treebanks(shared_data, packaged, name, step, n, least):
    trees = [
        tree
        for tree in read_treebank(shared_data / "treebank" / f"{name}.mrg.gz")
        if 3 <= len(leaves(tree)) <= 40
    ][::step][:n]
    assert len(trees) == n
    scores = packaged.evaluate(trees)
    assert scores["f1"] >= least
    assert scores["n_failed"] <= 1  # which `predict` answers by tags alone


@pytest.mark.slow
def test_pruning_loses_next_to_nothing(shared_data):
    trees = read_treebank(shared_data / "treebank" / "gum_ccby.test.mrg.gz")
    trees = [tree for tree in trees if 3 <= len(leaves(tree)) <= 40]
    words = [leaves(tree) for tree in trees]
    log_probs, f1 = {}, {}
    for threshold in (0, 1e-5):
        parser = LexicalizedPCFGParser.load().set_params(prune_threshold=threshold)
        f1[threshold] = parser.score(trees)
        parser.lexical_weight_ = 0.0  # the search alone
        best = parser.parse(words)
        log_probs[threshold] = np.array([some[0].log_prob for [some] in best])
    found = np.isfinite(log_probs[0])
    assert found.sum() >= 300
    equal = np.isclose(log_probs[1e-5][found], log_probs[0][found], rtol=0, atol=1e-6)
    assert equal.mean() >= 0.98
    assert abs(f1[1e-5] - f1[0]) <= 0.002

"""Parses of texts, by the packaged parser, one that is given, or a callable."""

import numpy as np
import pytest

from sklearn_ext.augmentation import LexicalizedPCFGParser
from sklearn_ext.augmentation._analysis import aligned, analyse
from sklearn_ext.augmentation._tokenize import join_tokens
from sklearn_ext.augmentation._treebank import read_tree
from tests.augmentation._texts import TEXTS

FOUR = [  # of "time flies fast", not in order
    ("(S (NP (NN time)) (VP (VB flies) (ADVP (RB fast))))", -3.0),
    ("(S (NP (NN time) (NNS flies)) (VP (VBP fast)))", -2.0),
    ("(NP (NN time) (NNS flies) (RB fast))", -2.5),
    ("(FRAG (NN time) (NNS flies) (RB fast))", -9.0),
]


def of_callable(pairs, **settings):
    settings = {"n_parses": 4, "parse_threshold": 1e-9, "n_jobs": None} | settings
    return analyse(["time flies fast"], lambda texts: [pairs], **settings)


def log_probs(analysis):
    [[parses]] = analysis.parses
    return [parse.log_prob for parse in parses]


def test_trees_of_a_callable_are_put_in_order():
    assert log_probs(of_callable(FOUR)) == [-2.0, -2.5, -3.0, -9.0]
    assert log_probs(of_callable(FOUR, n_parses=2)) == [-2.0, -2.5]
    assert log_probs(of_callable(FOUR, parse_threshold=0.5)) == [-2.0, -2.5]
    [[parses]] = of_callable(FOUR, n_parses=3).parses
    shares = np.exp([-2.0, -2.5, -3.0])
    np.testing.assert_allclose([p.weight for p in parses], shares / shares.sum())
    assert parses[0].tree.startswith("(TOP (S (NP (NN time) (NNS flies))")


def test_equal_trees_count_once():
    again = [*FOUR[:2], (FOUR[0][0], -2.2)]
    assert log_probs(of_callable(again)) == [-2.0, -2.2]


def test_a_single_tree_has_all_the_weight():
    analysis = of_callable(FOUR[0][0])
    [[[parse]]] = analysis.parses
    assert (parse.log_prob, parse.weight) == (0.0, 1.0)
    assert analysis.n_unparsed == 0


@pytest.mark.parametrize(
    ("tree", "text", "texts"),
    [
        ("(S (NN I) (MD can) (RB not))", "I cannot", ["I", "can", "not"]),
        ("(S (-LRB- -LRB-) (NN a) (-RRB- -RRB-))", "(a)", ["(", "a", ")"]),
        ("(S (DT The) (NN cat) (VBZ 's))", "The  cat's", ["The", "cat", "'s"]),
        # the parser spells quotes in its own way, and nothing in capitals
        ("(S (`` ``) (NN a) (NN b) ('' ''))", "“A b” ", ["“", "A", "b", "”"]),
        ("(S (`` ``) (NN a) ('' ''))", '"A"', ['"', "A", '"']),
        ("(S (`` ``) (NN a) ('' ''))", "`` A ''", ["``", "A", "''"]),
    ],
)
def test_tokens_stand_as_in_the_text(tree, text, texts):
    sentence = aligned(read_tree(tree), text)
    assert sentence.texts == texts
    assert join_tokens([sentence]) == " ".join(text.split())


def test_a_token_that_the_text_lacks_is_kept():
    sentence = aligned(read_tree("(S (NN a) (-LRB- -LRB-) (NN b) (NN c))"), "a b c")
    assert sentence.texts == ["a", "(", "b", "c"]
    assert sentence.spaces == [False, True, True, True]


def test_trees_of_other_texts_are_refused():
    with pytest.raises(ValueError, match="in the order of the texts"):
        aligned(read_tree("(S (NN foo) (NN bar) (NN cat))"), "The cat purrs")


def test_a_given_parser_takes_the_numbers_of_parses_from_here():
    parser = LexicalizedPCFGParser.load()
    settings = {"n_jobs": None, "parse_threshold": 1e-6}
    one = analyse(TEXTS, parser, n_parses=1, **settings)
    three = analyse(TEXTS, "pcfg", n_parses=3, **settings)
    assert {len(some) for text in one.parses for some in text} == {1}
    assert {len(some) for text in three.parses for some in text} == {3}
    strict = analyse(TEXTS, parser, n_parses=3, n_jobs=None, parse_threshold=1.0)
    assert {len(some) for text in strict.parses for some in text} == {1}
    assert (parser.n_parses, parser.parse_threshold) == (1, 0.1)
    for text, nodes, sentences in zip(
        three.parses, three.nodes, three.sentences, strict=True
    ):
        assert len(text) == len(nodes) == len(sentences)
        for some, own in zip(text, sentences, strict=True):
            assert len(some) == len(own)


def test_sentences_without_a_parse_are_counted():
    parser = LexicalizedPCFGParser(lexical_weight=0).fit(["(S (NN dogs) (VB bark))"])
    settings = {"n_parses": 1, "parse_threshold": 0.1, "n_jobs": None}
    texts = ["dogs bark", "bark dogs", "Bark dogs. Bark dogs."]
    assert analyse(texts, parser, **settings).n_unparsed == 3

"""What a parser has learned: rules, lexicon and the head-lexicalised model."""

import numpy as np

from ._annotate import annotate, binarise, clean_labels
from ._lexical import LexicalModel
from ._lexicon import Lexicon
from ._rules import RuleCounts, count_rules, project, rule_log_probs
from ._treebank import tree_tokens

__all__ = ["PCFG", "ROOT"]

ROOT = "TOP"


class PCFG:
    """The tables of a fitted grammar.

    Parameters
    ----------
    rules : RuleCounts
        Counts of the rules over split states.
    lexicon : Lexicon
        Scores of tags for words.
    lexical : LexicalModel
        The head-lexicalised model over labels as written in treebanks.
    """

    def __init__(self, rules, lexicon, lexical):
        from ._chart import chart_grammar

        self.rules = rules
        self.lexicon = lexicon
        self.lexical = lexical
        self.labels = clean_labels(rules.states)
        self.binary_log_prob, self.unary_log_prob = rule_log_probs(rules)
        coarse, coarse_of = project(rules)
        self.coarse_states = coarse.states
        coarse_binary_log_prob, coarse_unary_log_prob = rule_log_probs(coarse)
        self.chart = chart_grammar(
            len(rules.states),
            rules.states.index(ROOT),
            rules.binary,
            self.binary_log_prob,
            rules.unary,
            self.unary_log_prob,
            coarse_of,
            coarse.binary,
            np.exp(coarse_binary_log_prob),
            coarse.unary,
            np.exp(coarse_unary_log_prob),
        )

    @classmethod
    def fit(
        cls,
        trees,
        weights,
        *,
        markov_order,
        split_states,
        tag_smoothing,
        rare_count,
        min_lexical_count=2,
    ):
        """Count over cleaned trees; a weight says how often a tree counts."""
        split = [annotate(tree, split_states=split_states) for tree in trees]
        rules = count_rules(
            [binarise(tree, markov_order=markov_order) for tree in split], weights
        )
        lexicon = Lexicon.fit(
            [tree_tokens(tree) for tree in split],
            weights,
            rules.states,
            tag_smoothing=tag_smoothing,
            rare_count=rare_count,
        )
        lexical = LexicalModel.fit(
            trees, weights, min_count=min_lexical_count, rare_count=rare_count
        )
        return cls(rules, lexicon, lexical)

    def arrays(self):
        """Return all counts as arrays that :meth:`from_arrays` reads."""
        rules = self.rules
        parts = {
            "rules": {
                "states": np.frombuffer("\n".join(rules.states).encode(), np.uint8),
                "binary": rules.binary,
                "binary_count": rules.binary_count,
                "unary": rules.unary,
                "unary_count": rules.unary_count,
            },
            "lexicon": self.lexicon.arrays(),
            "lexical": self.lexical.arrays(),
        }
        return {
            f"{part}.{name}": array
            for part, arrays in parts.items()
            for name, array in arrays.items()
        }

    @classmethod
    def from_arrays(cls, arrays, *, tag_smoothing, rare_count):
        """Return the grammar whose counts these are."""
        parts = {"rules": {}, "lexicon": {}, "lexical": {}}
        for name, array in arrays.items():
            part, _, rest = name.partition(".")
            if part in parts:
                parts[part][rest] = array
        found = parts["rules"]
        states = found["states"].tobytes().decode().split("\n")
        rules = RuleCounts(
            states,
            found["binary"].astype(np.int32),
            found["binary_count"].astype(np.float64),
            found["unary"].astype(np.int32),
            found["unary_count"].astype(np.float64),
        )
        lexicon = Lexicon.from_arrays(
            parts["lexicon"],
            states,
            tag_smoothing=tag_smoothing,
            rare_count=rare_count,
        )
        return cls(rules, lexicon, LexicalModel.from_arrays(parts["lexical"]))

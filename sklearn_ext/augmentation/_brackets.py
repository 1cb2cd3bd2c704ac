"""How well a tree agrees with a given one: labelled brackets, and tags."""

from collections import Counter

from ._treebank import tree_tokens

__all__ = ["bracket_counts"]

PUNCTUATION_TAGS = frozenset([",", ".", ":", "``", "''"])
PUNCTUATION_WORDS = frozenset([".", ",", ":", ";", "``", "''", '"', "?", "!", "--"])


def _brackets(tree, position):
    """Return the brackets of a tree: labels and where they begin and end.

    `position` says for each token, and for the end, how many counted tokens precede it.
    """
    found: Counter[tuple[str, int, int]] = Counter()

    def visit(node, start):
        if isinstance(node.children, str):
            return start + 1
        end = start
        for child in node.children:
            end = visit(child, end)
        label = node.label.partition("~")[0]
        if label != "TOP" and position[start] < position[end]:
            label = "ADVP" if label == "PRT" else label
            found[label, position[start], position[end]] += 1
        return end

    visit(tree, 0)
    return found


def bracket_counts(gold, predicted):
    """Count what agrees between two trees over the same tokens.

    Parameters
    ----------
    gold : Node
        Cleaned. Its tags and words say which tokens are punctuation; they are taken out
        of both trees, and with them the brackets that hold nothing else.
    predicted : Node or None
        Cleaned. None, for a sentence without a parse, has no brackets and no tags.

    Returns
    -------
    matched, n_gold, n_predicted : int
        Brackets: TOP is not counted, PRT is the same as ADVP, NP~TMP as NP.
    tags_right, n_tags : int
        Of all tokens, punctuation too.

    Raises
    ------
    ValueError
        If the trees differ in the number of tokens.
    """
    tokens = tree_tokens(gold)
    position = [0]
    for tag, word in tokens:
        is_word = tag not in PUNCTUATION_TAGS and word not in PUNCTUATION_WORDS
        position.append(position[-1] + is_word)
    wanted = _brackets(gold, position)
    if predicted is None:
        return 0, wanted.total(), 0, 0, len(tokens)
    others = tree_tokens(predicted)
    if len(others) != len(tokens):
        raise ValueError(
            f"the trees have {len(tokens)} and {len(others)} tokens: brackets are only "
            f"compared over the same tokens."
        )
    found = _brackets(predicted, position)
    tags_right = sum(a[0] == b[0] for a, b in zip(tokens, others, strict=True))
    matched = (wanted & found).total()
    return matched, wanted.total(), found.total(), tags_right, len(tokens)

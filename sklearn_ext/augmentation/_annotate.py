"""State splits that make labels say more of their context, and two children at most.

The splits follow Klein and Manning, "Accurate Unlexicalized Parsing", ACL 2003. Marks
stand behind `~` and `^`; a state without them is the label of the cleaned tree.
"""

import re
from functools import lru_cache

from ._heads import BE_FORMS, HAVE_FORMS, head_child, plain_form
from ._treebank import Node

__all__ = ["annotate", "base_label", "binarise", "clean_labels", "coarse_label", "undo"]

VERB_TAGS = frozenset(["VB", "VBD", "VBG", "VBN", "VBP", "VBZ"])
PARENT_TAGS = frozenset(
    ["IN", "DT", "RB", "CC", "TO", "CD", "JJ", "WDT", "PRP$", "NN", "NNS", "%"]
)
VERB_PHRASES = {
    "TO": "~INF",
    **dict.fromkeys(["VBD", "VBZ", "VBP", "MD"], "~FIN"),
    "VB": "~VB",
    "VBG": "~G",
    "VBN": "~N",
}
CONJUNCTION_WORDS = {"&": "~AMP", "but": "~BUT"}
MARKS = re.compile(r"(?<=[^@])[~^].*")


@lru_cache(maxsize=100_000)
def coarse_label(state):
    """Return a state without marks; an intermediate one also forgets its modifiers."""
    if _is_intermediate(state):
        return "|".join([MARKS.sub("", part) for part in state.split("|")[:3]])
    return MARKS.sub("", state)


@lru_cache(maxsize=100_000)
def base_label(state):
    """Return the label of the cleaned tree; an intermediate state is returned as is."""
    if _is_intermediate(state):
        return state
    if state.startswith("NP~TMP"):
        return "NP~TMP"
    return coarse_label(state)


def _is_intermediate(state):
    """Tell whether a state was made by `binarise`; no cleaned label holds a bar."""
    return state[0] == "@" and "|" in state


def _split_tag(tag, word, parent):
    """Return the state of a tag."""
    if tag in VERB_TAGS:
        form = plain_form(word)
        if form in BE_FORMS:
            return f"{tag}~BE"
        if form in HAVE_FORMS:
            return f"{tag}~HV"
        return f"{tag}^{parent}"
    if tag == "CC":
        tag += CONJUNCTION_WORDS.get(word.lower(), "")
        return f"{tag}^{parent}"
    return f"{tag}^{parent}" if tag in PARENT_TAGS else tag


def _noun_mark(children):
    """Return the mark of a noun phrase by its last child."""
    last = children[-1]
    if last.label == "POS":
        return "~POS"
    if all(isinstance(child.children, str) for child in children):
        return "~B"
    return "~RR" if last.label == "NP" else ""


def _split(node, parent):
    """Return the split node, its head tag, and whether it is a phrase with a verb.

    Whether a noun phrase has a verb is asked through noun and prepositional phrases.
    """
    label, children = node
    base = label.partition("~")[0]
    if isinstance(children, str):
        tag = _split_tag(label, children, parent)
        return Node(tag, children), label, label in VERB_TAGS
    parts = [_split(child, base) for child in children]
    labels = tuple([child.label for child in children])
    head_tag = parts[head_child(label, labels, (None,) * len(labels))][1]
    has_verb = base in ("NP", "PP") and any(part[2] for part in parts)
    state = label
    if label == "VP":
        state += VERB_PHRASES.get(head_tag, "")
    elif label == "NP":
        state += _noun_mark(children) + ("~V" if has_verb else "")
    if parent is not None:
        if len(children) == 1 and not isinstance(children[0].children, str):
            state += "~U"
        state += f"^{parent}"
    return Node(state, tuple([part[0] for part in parts])), head_tag, has_verb


def annotate(tree, *, split_states=True):
    """Return a cleaned tree with split states for labels."""
    return _split(tree, None)[0] if split_states else tree


def _before_parent(state):
    """Return a state without what stands above it."""
    return state[0] + state[1:].partition("^")[0]


def _attach_outwards(label, children, head, markov_order):
    """Return the two children of a phrase of more, over intermediate nodes."""
    names = [_before_parent(child.label) for child in children]
    inner = children[head]

    def pair(side, place):
        return (inner, children[place]) if side == "R" else (children[place], inner)

    right = [("R", place) for place in range(head + 1, len(children))]
    left = [("L", place) for place in range(head - 1, -1, -1)]
    *steps, last = right + left
    for i, (side, place) in enumerate(steps):
        done = [names[at] for of, at in steps[: i + 1] if of == side]
        known = done[max(len(done) - markov_order, 0) :]
        state = "|".join([f"@{label}", names[head], side, *known])
        inner = Node(state, pair(side, place))
    return pair(*last)


def binarise(tree, *, markov_order=1):
    """Return a tree in which no node has more than two children.

    From the head child outwards, first the right modifiers are attached and then the
    left ones. An intermediate state ``@X|H|side|modifiers`` knows the split phrase, the
    head, the side, and the last `markov_order` modifiers, without what is above them.
    """
    label, children = tree
    if isinstance(children, str):
        return tree
    parts = tuple([binarise(child, markov_order=markov_order) for child in children])
    if len(parts) > 2:
        labels = tuple([base_label(child.label) for child in children])
        head = head_child(base_label(label), labels, (None,) * len(labels))
        parts = _attach_outwards(label, parts, head, markov_order)
    return Node(label, parts)


def clean_labels(states):
    """Return the label of each state in a cleaned tree, None for intermediate ones."""
    return [None if _is_intermediate(state) else base_label(state) for state in states]


def undo(labels, arity, words):
    """Return the cleaned tree of one that was split and binarised.

    Its nodes come in pre-order, their labels as :func:`clean_labels` gives them, with
    the number of their children, 0 for a token, and the words of the tokens.
    """
    stack, position = [], len(words)
    for label, n_children in zip(reversed(labels), reversed(arity), strict=True):
        if n_children == 0:
            position -= 1
            stack.append((Node(label, words[position]),))
            continue
        below = stack.pop()
        for _ in range(n_children - 1):
            below += stack.pop()
        stack.append(below if label is None else (Node(label, below),))
    return stack[0][0]

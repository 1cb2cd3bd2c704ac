"""Bracketed trees: read, cleaned to bare labels, written."""

import re
from functools import lru_cache
from typing import NamedTuple

__all__ = [
    "Node",
    "bare_label",
    "clean_tree",
    "read_tree",
    "read_trees",
    "tree_tokens",
    "write_tree",
]

# White space of files only: a token may hold a no-break space.
PIECE = re.compile(r"[()]|[^() \t\n\r\f\v]+")
# Where a label ends; what follows is a function, an index or another reading.
LABEL_END = re.compile(r"(?<=.)[-=|~^].*")
OTHER_NAMES = {"": "TOP", "ROOT": "TOP", "S1": "TOP", "CIT": "FRAG"}
WRAPPERS = frozenset(["TITLE", "HEADING", "CAPTION", "TOP"])
MAX_DEPTH = 200  # far below the recursion limit, far above any sentence


class Node(NamedTuple):
    """A phrase with the nodes below it, or a token: a tag with its word."""

    label: str
    children: "tuple[Node, ...] | str"


def _first_characters(text, start=0):
    """Return 60 characters of a text, as an error shows them."""
    return repr(text[start : start + 60])


def _error(name, what, text, start=0):
    """Return the ValueError for a text that is no tree from a place on."""
    return ValueError(
        f"{name} is no bracketed tree: {what}, in the text that begins with "
        f"{_first_characters(text, start)}. Write a phrase as (LABEL child ...), a "
        f"token as (TAG word), and brackets inside words as -LRB- and -RRB-."
    )


def _closed(label, content):
    """Return the node of a bracket that closes, or what is wrong with it."""
    if label is None:
        return "a bracket is empty"
    if len(content) == 1 and isinstance(content[0], str):
        return Node(label, content[0])
    for child in content:
        if isinstance(child, str):
            return f"the word {child!r} has no tag of its own"
    return Node(label, tuple(content))


def _read(text, name):
    """Yield the trees of a text one by one; `name` is a function of their number."""
    stack = []  # of pairs of label and content, the label None until it is read
    n_read = start = 0
    for match in PIECE.finditer(text):
        piece = match[0]
        what = None
        if piece == "(":
            if not stack:
                start = match.start()
            elif stack[-1][0] is None:
                stack[-1][0] = ""
            stack.append([None, []])
            if len(stack) > MAX_DEPTH:
                what = f"its brackets are nested deeper than {MAX_DEPTH}"
        elif not stack:
            start = match.start()
            what = f"{piece!r} stands outside of all brackets"
        elif piece == ")":
            node = _closed(*stack.pop())
            if isinstance(node, str):
                what = node
            elif stack:
                stack[-1][1].append(node)
            else:
                yield node
                n_read += 1
        elif stack[-1][0] is None:
            stack[-1][0] = piece
        else:
            stack[-1][1].append(piece)
        if what is not None:
            raise _error(name(n_read), what, text, start)
    if stack:
        raise _error(name(n_read), "a bracket is never closed", text, start)


def read_trees(text):
    """Yield the trees of a text, one on a line or over many, as they are written."""
    return _read(text, "tree {}".format)


def read_tree(text, *, name="X[0]"):
    """Return the one tree of a text as it is written; `name` is for the error."""
    trees = list(_read(text, lambda _: name))
    if len(trees) != 1:
        what = f"it holds {len(trees)} trees instead of one"
        raise _error(name, what, text)
    return trees[0]


def write_tree(node):
    """Return a tree as a bracketed string on one line."""
    if isinstance(node.children, str):
        return f"({node.label} {node.children})"
    inner = " ".join([write_tree(child) for child in node.children])
    return f"({node.label} {inner})" if inner else f"({node.label})"


def tree_tokens(node):
    """Return the tokens of a tree from left to right, pairs of tag and word."""
    tokens = []
    stack = [node]
    while stack:
        label, children = stack.pop()
        if isinstance(children, str):
            tokens.append((label, children))
        else:
            stack.extend(reversed(children))
    return tokens


@lru_cache(maxsize=10_000)
def bare_label(label):
    """Return a label up to its first mark; -LRB- and its like have none."""
    return label if label.startswith("-") else LABEL_END.sub("", label)


@lru_cache(maxsize=10_000)
def _clean_label(label):
    """Return a label without functions and indices; of times NP~TMP remains."""
    base = bare_label(label)
    if base == "NP" and "TMP" in re.split("[-=~]", label):
        return "NP~TMP"
    return OTHER_NAMES.get(base, base)


def _clean(node):
    """Return a node of clean labels without empty parts, None if it is one."""
    if isinstance(node.children, str):
        if node.label == "-NONE-":
            return None
        return Node(bare_label(node.label), node.children)
    label = _clean_label(node.label)
    children = [kept for child in node.children if (kept := _clean(child)) is not None]
    if not children:
        return None
    only = children[0] if len(children) == 1 else None
    if only and only.label == label and not isinstance(only.children, str):
        return only
    return Node(label, tuple(children))


def _unwrapped(node):
    """Return what a wrapper holds, as one phrase."""
    while node.label in WRAPPERS:
        only = node.children[0] if len(node.children) == 1 else None
        if only is None or isinstance(only.children, str):
            return Node("FRAG", node.children)
        node = only
    return node


def clean_tree(node):
    """Return a tree as the grammar sees it.

    Traces (-NONE-) and empty phrases are dropped, function labels and indices cut off,
    but of NP-TMP there remains NP~TMP. A phrase that is the only child of one of its
    own label replaces it. The root is TOP; tokens that stand directly under it are put
    under FRAG with all their sisters. The wrappers TITLE, HEADING and CAPTION under the
    root are taken away, and CIT is called FRAG. Cleaning twice is the same as once.

    Raises ValueError if no word remains.
    """
    cleaned = _clean(node)
    if cleaned is None:
        raise ValueError(
            f"a tree has no words: {_first_characters(write_tree(node))}. Leave it out."
        )
    if cleaned.label != "TOP" or isinstance(cleaned.children, str):
        cleaned = Node("TOP", (cleaned,))
    children = cleaned.children
    if any(isinstance(child.children, str) for child in children):
        children = (Node("FRAG", children),)
    return Node("TOP", tuple([_unwrapped(child) for child in children]))

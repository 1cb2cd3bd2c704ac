"""The head child of a phrase by Collins' table, and the head word of every phrase."""

from functools import lru_cache

from ._treebank import bare_label, read_tree

__all__ = [
    "AUXILIARIES",
    "BE_FORMS",
    "CONJUNCTIONS",
    "HAVE_FORMS",
    "NOUN_PHRASES",
    "find_heads",
    "head_child",
    "plain_form",
]

LEFT, RIGHT = True, False  # the end at which the search for a head starts

HEAD_TABLE = {
    label: (side, tuple(names.split()))
    for labels, side, names in [
        (
            "ADJP",
            LEFT,
            "NNS QP NN $ ADVP JJ VBN VBG ADJP JJR NP JJS DT FW RBR RBS SBAR RB",
        ),
        ("ADVP", RIGHT, "RB RBR RBS FW ADVP TO CD JJR JJ IN NP JJS NN"),
        ("CONJP", RIGHT, "CC RB IN"),
        ("FRAG UCP X", RIGHT, ""),
        ("INTJ PRN", LEFT, ""),
        ("LST", RIGHT, "LS :"),
        (
            "NAC",
            LEFT,
            "NN NNS NNP NNPS NP NAC EX $ CD QP PRP VBG JJ JJS JJR ADJP FW",
        ),
        ("PP", RIGHT, "IN TO VBG VBN RP FW"),
        ("PRT", RIGHT, "RP"),
        ("QP", LEFT, "$ IN NNS NN JJ RB DT CD NCD QP JJR JJS"),
        ("RRC", RIGHT, "VP NP ADVP ADJP PP"),
        ("S", LEFT, "TO IN VP S SBAR ADJP UCP NP"),
        ("SBAR", LEFT, "WHNP WHPP WHADVP WHADJP IN DT S SQ SINV SBAR FRAG"),
        ("SBARQ", LEFT, "SQ S SINV SBARQ FRAG"),
        ("SINV", LEFT, "VBZ VBD VBP VB MD VP S SINV ADJP NP"),
        ("SQ", LEFT, "VBZ VBD VBP VB MD VP SQ"),
        ("VP", LEFT, "TO VBD VBN MD VBZ VB VBG VBP VP ADJP NN NNS NP"),
        ("WHADJP", LEFT, "CC WRB JJ ADJP"),
        ("WHADVP", RIGHT, "CC WRB"),
        ("WHNP", LEFT, "WDT WP WP$ WHADJP WHPP WHNP"),
        ("WHPP", RIGHT, "IN TO FW"),
    ]
    for label in labels.split()
}

NOUN_PHRASES = frozenset(["NP", "NX", "NML"])
# The searches of a noun phrase, in order: where each starts, and what it takes.
NOUN_SEARCHES = [
    (
        RIGHT,
        frozenset(["NN", "NNP", "NNPS", "NNS", "NX", "NML", "POS", "JJR", "ADD", "GW"]),
    ),
    (LEFT, frozenset(["NP"])),
    (RIGHT, frozenset(["$", "ADJP", "PRN"])),
    (RIGHT, frozenset(["CD"])),
    (RIGHT, frozenset(["JJ", "JJS", "RB", "QP"])),
]
PUNCTUATION = frozenset([",", ".", ":", "``", "''", "-LRB-", "-RRB-", "HYPH", "NFP"])
CONJUNCTIONS = frozenset(["CC", "CONJP"])

BE_FORMS = frozenset(
    ["be", "is", "are", "was", "were", "been", "being", "am", "'s", "'re", "'m", "ai"]
)
HAVE_FORMS = frozenset(["have", "has", "had", "having", "'ve", "'d"])
DO_FORMS = frozenset(["do", "does", "did", "doing", "done"])
AUXILIARIES = BE_FORMS | HAVE_FORMS | DO_FORMS
CLAUSES = frozenset(["VP", "SQ", "SINV", "S"])


def plain_form(word):
    """Return a word in lower case and with straight apostrophes."""
    return word.lower().replace("’", "'")


def _places(side, n):
    """Return the positions of n children, from one side to the other."""
    return range(n) if side is LEFT else range(n - 1, -1, -1)


def _first_of(labels, side, wanted):
    """Return the position of the first child from a side that is wanted, or None."""
    for i in _places(side, len(labels)):
        if labels[i] in wanted:
            return i
    return None


def _first_word_like(labels, side):
    """Return the first child from a side that is no punctuation, else the first."""
    places = _places(side, len(labels))
    return next((i for i in places if labels[i] not in PUNCTUATION), places[0])


def _noun_head(labels):
    """Return the head of a noun phrase that does not end in a possessive mark."""
    for side, wanted in NOUN_SEARCHES:
        found = _first_of(labels, side, wanted)
        if found is not None:
            return found
    return _first_word_like(labels, RIGHT)


def _table_head(label, labels):
    """Return the head by the table: its names in order, all children for each."""
    side, names = HEAD_TABLE.get(label, (LEFT, ()))
    for name in names:
        found = _first_of(labels, side, (name,))
        if found is not None:
            return found
    return _first_word_like(labels, side)


def _first_conjunct(labels, head):
    """Return the head moved from behind a conjunction to what stands before it."""
    if head >= 2 and labels[head - 1] in CONJUNCTIONS:
        for i in range(head - 2, -1, -1):
            if labels[i] not in PUNCTUATION:
                return i
    return head


@lru_cache(maxsize=100_000)
def _collins_head(label, labels):
    """Return the position of the head among child labels as written."""
    label = bare_label(label)
    labels = tuple([bare_label(child) for child in labels])
    if label not in NOUN_PHRASES:
        return _first_conjunct(labels, _table_head(label, labels))
    if labels[-1] == "POS":
        return len(labels) - 1
    return _first_conjunct(labels, _noun_head(labels))


def _content_head(head, labels, words):
    """Return the verb phrase after a head that is an auxiliary, else the head."""
    if words[head] is None:
        return head
    tag = bare_label(labels[head])
    if tag in ("TO", "MD") or (
        tag.startswith("VB") and plain_form(words[head]) in AUXILIARIES
    ):
        for i in range(head + 1, len(labels)):
            if words[i] is None and bare_label(labels[i]) == "VP":
                return i
    return head


def head_child(label, labels, words, *, semantic=False):
    """Return the position of the head child of a phrase.

    Parameters
    ----------
    label : str
    labels : tuple of str
        Labels and tags of the children; marks after `~`, `^`, `-` and `=` are ignored.
    words : tuple of str or None
        The word of each child that is a token, None for a phrase.
    semantic : bool, default=False
        An auxiliary gives its headship to the verb phrase after it.
    """
    head = _collins_head(label, labels)
    if semantic and bare_label(label) in CLAUSES:
        return _content_head(head, labels, words)
    return head


def _add_heads(node, start, semantic, found):
    """Append the heads below a node in pre-order; return its end and its head."""
    if isinstance(node.children, str):
        return start + 1, start
    if not node.children:
        raise ValueError(
            f"the phrase {node.label!r} has no words, so it has no head: drop empty "
            f"phrases first."
        )
    place = len(found)
    found.append(None)
    end, heads = start, []
    for child in node.children:
        end, head = _add_heads(child, end, semantic, found)
        heads.append(head)
    labels = tuple([child.label for child in node.children])
    words = tuple(
        [c.children if isinstance(c.children, str) else None for c in node.children]
    )
    head = heads[head_child(node.label, labels, words, semantic=semantic)]
    found[place] = (node.label, start, end, head)
    return end, head


def find_heads(tree, *, semantic=False):
    """Find the head word of every phrase of a tree.

    The head of a phrase is the word that it is about: of a noun phrase its main noun,
    of a sentence its verb. The rules are Collins' [1]_, with his rules for noun phrases
    and coordination; NX, and NML of newer treebanks, follow those of NP.

    Parameters
    ----------
    tree : str or object
        A tree in brackets, ``(S (NP (PRP We)) (VP (VBD ran)))``, or an object that
        `str` turns into one, such as an ``nltk.Tree``. It is taken as it stands;
        functions in labels, as in NP-SBJ, are ignored in the search.
    semantic : bool, default=False
        False: a finite auxiliary is the head of its sentence. True: the verb phrase
        after an auxiliary (a modal, *to*, a form of *be*, *have* or *do*) is, so that
        the head of *has been praised* is *praised*.

    Returns
    -------
    heads : list of (str, int, int, int)
        For each phrase, in pre-order and the root included: its label as written, the
        position of its first token, the position after its last token, and the
        position of its head. Positions count from 0. Tags are no phrases.

    Raises
    ------
    ValueError
        If the brackets are no tree, or a phrase has no words.

    See Also
    --------
    LexicalizedPCFGParser : Makes trees from text.
    ALPAugmenter : Swaps phrases that agree in label and head tag.

    Notes
    -----
    The cost is linear in the size of the tree. Rules for the children of a phrase are
    remembered, so further trees are faster.

    References
    ----------
    .. [1] Michael Collins, "Head-Driven Statistical Models for Natural Language
       Parsing", Computational Linguistics 29 (4), 2003; the table is in the appendix
       of his thesis of the same title, University of Pennsylvania, 1999.

    Examples
    --------
    >>> from sklearn_ext.augmentation import find_heads
    >>> tree = (
    ...     "(S (NP (DT The) (JJ new) (NN film))"
    ...     " (VP (VBZ has) (VP (VBN been) (VP (VBN praised)))))"
    ... )
    >>> find_heads(tree)[:3]
    [('S', 0, 6, 3), ('NP', 0, 3, 2), ('VP', 3, 6, 3)]
    >>> find_heads(tree, semantic=True)[:3]
    [('S', 0, 6, 5), ('NP', 0, 3, 2), ('VP', 3, 6, 5)]
    """
    found = []
    _add_heads(read_tree(str(tree), name="tree"), 0, semantic, found)
    return found

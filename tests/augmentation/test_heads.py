"""Heads by hand for every rule, and what must hold in every tree."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ext.augmentation import find_heads
from sklearn_ext.augmentation._heads import HEAD_TABLE, PUNCTUATION, head_child
from sklearn_ext.augmentation._treebank import read_tree, tree_tokens, write_tree
from tests.augmentation._trees import PUBLISHED, TREES, published_trees

# Written once more, by label; > scans from the left, < from the right.
TABLE = """
ADJP   > NNS QP NN $ ADVP JJ VBN VBG ADJP JJR NP JJS DT FW RBR RBS SBAR RB
ADVP   < RB RBR RBS FW ADVP TO CD JJR JJ IN NP JJS NN
CONJP  < CC RB IN
FRAG   <
UCP    <
X      <
INTJ   >
PRN    >
LST    < LS :
NAC    > NN NNS NNP NNPS NP NAC EX $ CD QP PRP VBG JJ JJS JJR ADJP FW
PP     < IN TO VBG VBN RP FW
PRT    < RP
QP     > $ IN NNS NN JJ RB DT CD NCD QP JJR JJS
RRC    < VP NP ADVP ADJP PP
S      > TO IN VP S SBAR ADJP UCP NP
SBAR   > WHNP WHPP WHADVP WHADJP IN DT S SQ SINV SBAR FRAG
SBARQ  > SQ S SINV SBARQ FRAG
SINV   > VBZ VBD VBP VB MD VP S SINV ADJP NP
SQ     > VBZ VBD VBP VB MD VP SQ
VP     > TO VBD VBN MD VBZ VB VBG VBP VP ADJP NN NNS NP
WHADJP > CC WRB JJ ADJP
WHADVP < CC WRB
WHNP   > WDT WP WP$ WHADJP WHPP WHNP
WHPP   < IN TO FW
"""
ROWS = {row.split()[0]: row.split()[1:] for row in TABLE.strip().splitlines()}
# Labels that no search of any row wants and that are no punctuation.
OTHERS = ["INTJ", "LST", "UH"]


def head(text, semantic=False):
    """The head child of the root of a tree written as 'LABEL child child/word'."""
    label, *parts = text.split()
    pairs = [part.partition("/") for part in parts]
    labels = tuple(name for name, _, _ in pairs)
    words = tuple(word or (None if "P" in name else "w") for name, _, word in pairs)
    return head_child(label, labels, words, semantic=semantic)


@pytest.mark.parametrize("label", ROWS)
def test_every_row_of_the_table(label):
    side, *names = ROWS[label]
    assert set(ROWS) == set(HEAD_TABLE)
    for i, name in enumerate(names):
        # what stands later in the list loses, wherever it is
        for later in [*names[i + 1 :], *OTHERS, ","]:
            assert head(f"{label} {later} {name} {later}") == 1
            assert head(f"{label} {name} {later}") == 0
            assert head(f"{label} {later} {name}") == 1
        # of equals the first from the side
        assert head(f"{label} UH {name} UH {name} UH") == (1 if side == ">" else 3)
    # nothing of the list: the first from the side that is no punctuation
    assert head(f"{label} , UH INTJ .") == (1 if side == ">" else 2)
    # nothing but punctuation (but a colon is in the list of LST)
    assert head(f"{label} , . ,") == (0 if side == ">" else 2)


@pytest.mark.parametrize("label", ["TOP", "ROOT", "NEW"])
def test_labels_out_of_the_table_take_the_first_from_the_left(label):
    assert head(f"{label} `` UH VP NP .") == 1
    assert head(f"{label} , .") == 0


@pytest.mark.parametrize("mark", sorted(PUNCTUATION))
def test_punctuation(mark):
    assert head(f"FRAG {mark} UH {mark}") == 1
    assert head(f"PRN {mark} UH UH {mark}") == 1
    assert head(f"NP {mark} UH {mark}") == 1


def test_punctuation_is_these_tags():
    assert " ".join(sorted(PUNCTUATION)) == "'' , -LRB- -RRB- . : HYPH NFP ``"


@pytest.mark.parametrize("label", ["NP", "NX", "NML", "NP~TMP", "NP~B^S", "NP-SBJ=2"])
@pytest.mark.parametrize(
    ("children", "expected"),
    [
        # (a) a possessive mark at the end, whatever else there is
        ("NNP NN POS", 2),
        ("NN CC NN POS", 3),
        # (b) nouns from the right, each kind
        ("NN NNS JJ", 1),
        ("DT NN UH", 1),
        ("DT NNP UH", 1),
        ("DT NNPS UH", 1),
        ("DT NX UH", 1),
        ("DT NML UH", 1),
        ("POS UH", 0),
        ("DT JJR UH", 1),
        ("DT ADD UH", 1),
        ("DT GW UH", 1),
        ("NN NP NP CD QP", 0),
        # (c) noun phrases from the left
        ("UH NP NP", 1),
        ("$ NP ADJP CD", 1),
        ("NP~TMP SBAR", 0),
        # (d) from the right
        ("$ CD", 0),
        ("$ ADJP CD JJ", 1),
        ("CD ADJP PRN UH", 2),
        # (e)
        ("CD CD JJ", 1),
        ("JJ CD RB", 1),
        # (f) from the right
        ("JJ DT UH", 0),
        ("JJ JJS DT", 1),
        ("QP RB DT", 1),
        ("RB QP DT", 1),
        # (g) the last that is no punctuation, else the last
        ("DT UH , .", 1),
        (", . :", 2),
    ],
)
def test_noun_phrases(label, children, expected):
    assert head(f"{label} {children}") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NP NN CC NN", 0),
        ("NP NN CONJP NN", 0),
        ("NP NN , CC NN", 0),  # over the comma
        ("NP NN , NN CC NN", 2),  # once, not repeated
        ("NP NN CC JJ NN", 3),  # the conjunction must stand just before the head
        ("NP , CC NN", 2),  # nothing before it but punctuation
        ("NP CC NN", 1),  # the head is not the third or later
        ("VP UH CC VBD", 0),
        ("PP IN CC IN", 0),
        ("ADVP RB CC RB", 0),
        ("UCP NP CC ADJP", 0),
        ("FRAG NP HYPH CC NP .", 0),
        ("VP VBD CC VBD", 0),  # from the left it is the first anyway
    ],
)
def test_coordination(text, expected):
    assert head(text) == expected


@pytest.mark.parametrize(
    ("text", "plain", "semantic"),
    [
        ("VP TO/to VP", 0, 1),
        ("VP MD/will RB/not VP", 0, 2),
        ("VP VBZ/has VP VP", 0, 1),  # the first verb phrase
        ("VP VBD/Was ADVP VP", 0, 2),
        ("VP VBP/’ve VP", 0, 1),
        ("VP VBZ/'s VP", 0, 1),
        ("VP VBD/'d VP", 0, 1),
        ("VP VBP/ai RB/n't VP", 0, 2),
        ("VP VBG/doing VP", 0, 1),
        ("SQ VBD/did NP VP", 0, 2),
        ("SINV MD/may NP VP", 0, 2),
        ("S TO/to VP", 0, 1),
        ("VP~FIN^S VBD~BE/was VP~N^VP", 0, 1),
        ("VP VBZ/is ADJP", 0, 0),  # a copula
        ("VP VBD/said VP", 0, 0),  # no auxiliary
        ("VP VP MD/can", 1, 1),  # nothing to its right
        ("VP VB/be NP/VP", 0, 0),  # no verb phrase at all
        ("SBAR IN/that S", 0, 0),
        ("PP TO/to VP", 0, 0),  # no clause
        ("S NP VP", 1, 1),  # the head is no token
    ],
)
def test_auxiliaries(text, plain, semantic):
    assert head(text) == plain
    assert head(text, semantic=True) == semantic


def test_every_form_of_an_auxiliary():
    forms = "be is are was were been being am 's 're 'm ai have has had having 've 'd"
    for word in f"{forms} do does did doing done ’s".split():
        for tag in ("VB", "VBD", "VBG", "VBN", "VBP", "VBZ"):
            assert head(f"VP {tag}/{word.upper()} VP", semantic=True) == 1
    for word in ["get", "got", "make", "keep", "bed", "n't"]:
        assert head(f"VP VB/{word} VP", semantic=True) == 0


def test_heads_of_a_sentence():
    tree = (
        "(TOP (S (NP-SBJ (NP (DT The) (NN film)) (PP (IN of) (NP~TMP (NN May))))"
        " (VP (VBZ has) (VP (VBN been) (VP (VBN praised)))) (. .)))"
    )
    plain = [
        ("TOP", 0, 8, 4),
        ("S", 0, 8, 4),
        ("NP-SBJ", 0, 4, 1),
        ("NP", 0, 2, 1),
        ("PP", 2, 4, 2),
        ("NP~TMP", 3, 4, 3),
        ("VP", 4, 7, 4),
        ("VP", 5, 7, 5),
        ("VP", 6, 7, 6),
    ]
    moved = {"TOP", "S", "VP"}
    semantic = [(x, a, b, 6 if x in moved else h) for x, a, b, h in plain]
    assert find_heads(tree) == plain
    assert find_heads(tree, semantic=True) == semantic


def test_the_tree_is_taken_as_it_stands():
    tree = "(TOP (NP (NP (-NONE- *) (NN a))) (TITLE (CIT (NN b))))"
    assert find_heads(tree) == [
        ("TOP", 0, 3, 1),
        ("NP", 0, 2, 1),
        ("NP", 0, 2, 1),
        ("TITLE", 2, 3, 2),
        ("CIT", 2, 3, 2),
    ]
    assert find_heads("(NN a)") == []


def test_trees_of_nltk():
    nltk = pytest.importorskip("nltk")
    for text in TREES:
        assert find_heads(nltk.Tree.fromstring(text)) == find_heads(text)


@pytest.mark.parametrize(
    ("tree", "what"),
    [
        ("(S (NN a)", "tree is no bracketed tree: a bracket is never closed"),
        (None, "tree is no bracketed tree: 'None' stands outside"),
        ("(S (NN a) (NP))", "the phrase 'NP' has no words"),
        ("(S)", "the phrase 'S' has no words"),
    ],
)
def test_what_has_no_heads_is_refused(tree, what):
    with pytest.raises(ValueError, match=what):
        find_heads(tree)


def check_heads(node, start, rows):
    """Return end and head of a node; rows come in pre-order, heads from children."""
    if isinstance(node.children, str):
        return start + 1, start
    label, first, last, head = next(rows)
    assert (label, first) == (node.label, start)
    end, heads = start, []
    for child in node.children:
        end, child_head = check_heads(child, end, rows)
        heads.append(child_head)
    assert last == end
    assert head in heads
    return end, head


def check_tree(tree):
    for semantic in (False, True):
        rows = iter(find_heads(write_tree(tree), semantic=semantic))
        end, _ = check_heads(tree, 0, rows)
        assert end == len(tree_tokens(tree))
        assert next(rows, None) is None


@pytest.mark.parametrize("text", TREES)
def test_a_head_is_the_head_of_a_child(text):
    check_tree(read_tree(text))


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_a_head_is_the_head_of_a_child_in_the_published_treebanks(shared_data, name):
    for tree in published_trees(shared_data, name):
        check_tree(tree)


@settings(derandomize=True, deadline=None)
@given(
    label=st.sampled_from([*ROWS, "NP", "NML", "TOP"]),
    labels=st.lists(
        st.sampled_from(["NP", "VP", "CC", "NN", "VBD", "MD", ",", "POS", "TO", "JJ"]),
        min_size=1,
        max_size=6,
    ).map(tuple),
)
def test_a_head_is_a_child_and_no_punctuation_if_it_can(label, labels):
    words = tuple(None if name in ("NP", "VP") else "is" for name in labels)
    plain = head_child(label, labels, words)
    semantic = head_child(label, labels, words, semantic=True)
    assert 0 <= plain < len(labels)
    if set(labels) != {","}:
        assert labels[plain] != ","
    if semantic != plain:
        assert semantic > plain
        assert labels[semantic] == "VP"
        assert "VP" not in labels[plain + 1 : semantic]

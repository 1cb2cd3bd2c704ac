"""Tokens and sentences: hand-made cases, and texts and trees of others."""

import gzip
import re
from collections import Counter
from difflib import SequenceMatcher

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_ext.augmentation._tokenize import (
    SPLIT_WORDS,
    join_tokens,
    split_sentences,
)
from tests.augmentation._texts import TEXTS

# text -> words of its sentences; "|" ends a sentence
CASES = {
    "I can't believe it's hers.": "I ca n't believe it 's hers .",
    "don’t she’s we've they'd you'll I'm you're": (
        "do n’t she ’s we 've they 'd you 'll I 'm you 're"
    ),
    "They shouldn't've gone": "They should n't 've gone",
    "I cannot and I'm gonna": "I can not and I 'm gon na",
    "(a film [of sorts])": "-LRB- a film [ of sorts ] -RRB-",
    'He said "go!" and left': 'He said " go ! " and left',
    "“Hi”, said ‘she’": "“ Hi ” , said ‘ she ’",
    "the viewers' choice": "the viewers ' choice",
    "rock 'n' roll of the '70s, 'em all": "rock 'n' roll of the '70s , 'em all",
    "O'Hara's eye": "O'Hara 's eye",
    "see www.foo.com/bar, or https://a.org/x?y=1.": (
        "see www.foo.com/bar , or https://a.org/x?y=1 ."
    ),
    "mail a.b@c.de; visit amazon.com!": "mail a.b@c.de ; visit amazon.com !",
    "1,000 or 3.5 at 12:30 on 9/11": "1,000 or 3.5 at 12:30 on 9/11",
    "$40, 10% and #1": "$ 40 , 10 % and # 1",
    "good,bad and/or ugly": "good , bad and / or ugly",
    "edgy--merely...well": "edgy -- merely ... well",
    "a well-made, eye-tracking so-so film": (
        "a well - made , eye - tracking so - so film"
    ),
    "non-profit pre-war anti-aging-cream": "non-profit pre-war anti-aging - cream",
    "pre- and post-war x-ray": "pre - and post-war x-ray",
    "two-fold": "two-fold",
    "AT&T and R&D & so": "AT&T and R&D & so",
    "Mr. Smith met Dr. J. Doe. He left.": "Mr. Smith met Dr. J. Doe . | He left .",
    "In the U.S. army at 5 p.m. he ate.": "In the U.S. army at 5 p.m. he ate .",
    "It ended in the U.S. The rest, etc.": "It ended in the U.S. | The rest , etc.",
    "That was plan B.": "That was plan B .",
    "Prof. Doe (Sept. 11)": "Prof. Doe -LRB- Sept. 11 -RRB-",
    "No. 5 is alive. I say no.": "No. 5 is alive . | I say no .",
    "1. First point": "1. First point",
    "Born in 1950. Dead.": "Born in 1950 . | Dead .",
    'She asked: "Why?" Then she left.': 'She asked : " Why ? " | Then she left .',
    '"Why?" she asked.': '" Why ? " she asked .',
    "(It rained. It snowed.) Then (see Fig. 3) sun.": (
        "-LRB- It rained . | It snowed . -RRB- | Then -LRB- see Fig. 3 -RRB- sun ."
    ),
    "It was (I think. Really) bad.": "It was -LRB- I think . Really -RRB- bad .",
    "Yahoo! is big... and old... And slow": "Yahoo ! is big ... and old ... | And slow",
    "one\n\ntwo\r\n \r\nthree\nfour": "one | two | three four",
    "this is bad. i hate it! really?": "this is bad . | i hate it ! | really ?",
    "What?! No!!! :)": "What ?! | No !!! :-RRB-",
    # tokenised already
    "it does n't work , does n 't it ?": "it does n't work , does n't it ?",
    "i can 't , don ’t": "i ca n't , do n’t",
    "-lrb- a \\/ b -rrb- writer\\/director 1\\/2": (
        "-LRB- a / b -RRB- writer / director 1/2"
    ),
    "`` E Pluribus Unum '' ?": "`` E Pluribus Unum '' ?",
    "it is bad . i hate it ! . yes": "it is bad . | i hate it ! . | yes",
    "he said : `` no . '' it ended .": "he said : `` no . '' | it ended .",
    'a " bad . " b " c . " d': 'a " bad . " | b " c . " | d',
    "good . . . after mr . smith left the u . s . army": (
        "good ... after mr. smith left the u.s. army"
    ),
    "with usb 2 . 0 and 57 , 000 mb": "with usb 2.0 and 57,000 mb",
    "Born in the U.S .": "Born in the U.S .",
    "a film ( did what ?! ) , or not": "a film -LRB- did what ?! -RRB- , or not",
    ". . . full of images . '": "... full of images . '",
    "scotland ... is dull": "scotland ... is dull",
}


@pytest.mark.parametrize("text", CASES)
def test_words_and_sentences(text):
    sentences = split_sentences(text)
    assert " | ".join(" ".join(s.words) for s in sentences) == CASES[text]
    assert join_tokens(sentences) == " ".join(text.split())


@pytest.mark.parametrize("text", ["", " ", "\n\n \t"])
def test_a_text_without_tokens(text):
    assert split_sentences(text) == []
    assert join_tokens([]) == ""


def test_texts_and_spaces_of_tokens():
    (sentence,) = split_sentences(" it does n 't (really) work.")
    assert sentence.texts == ["it", "does", "n 't", "(", "really", ")", "work", "."]
    assert sentence.words == [
        "it", "does", "n't", "-LRB-", "really", "-RRB-", "work", ".",
    ]  # fmt: skip
    assert sentence.spaces == [False, True, True, True, False, False, True, False]


def check_form(text):
    sentences = split_sentences(text)
    assert join_tokens(sentences) == " ".join(text.split())
    for words, texts, spaces in sentences:
        assert len(words) == len(texts) == len(spaces) > 0
        assert all(words)
        assert all(texts)
        assert not any(re.search(r"[\s()]", word) for word in words)
    assert not any(sentence.spaces[0] for sentence in sentences[:1])
    return sentences


PARTS = st.sampled_from(
    [
        "a", "n", "I", "Mr", "no", "U.S", "7", "57", "000", "non", "-", "--", ".", ",",
        "...", "…", "?", "!", "'", "’", "t", "'t", "n't", "s", "`", "``", '"', "(", ")",
        "-lrb-", "-RRB-", "[", "/", "\\/", "*", "&", "@", ":", "http://", "www.", "com",
        " ", " ", " ", "\n\n", "é", "\x1f", "̃", "\\", "_", "$", "%",
    ]
)  # fmt: skip


@settings(deadline=None, max_examples=1_000, derandomize=True)
@given(st.lists(PARTS, max_size=14).map("".join))
def test_nothing_of_a_text_is_lost(text):
    check_form(text)


@settings(deadline=None, max_examples=300, derandomize=True)
@given(st.text(max_size=30))
def test_nothing_of_any_characters_is_lost(text):
    check_form(text)


@settings(deadline=None, max_examples=200, derandomize=True)
@given(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=4))
def test_sentences_of_texts_add_up(texts):
    apart = [sentence.words for text in texts for sentence in split_sentences(text)]
    blocks = split_sentences("\n\n".join(texts))
    assert [sentence.words for sentence in blocks] == apart
    running = split_sentences(" ".join(texts))
    assert [sentence.words for sentence in running] == apart


def test_tokenised_text_is_tokenised_the_same_way():
    for text in TEXTS:
        first = split_sentences(text)
        spaced = " ".join(token for sentence in first for token in sentence.texts)
        again = split_sentences(spaced)
        assert [s.words for s in again] == [s.words for s in first]


SETS = ["sst2.train", "trec.train", "mr", "cr", "subj"]
PLAIN = re.compile(r"[A-Za-z]+|n't|'s|'re|'ve|[.,?!:;]|--|\.\.\.|``|''|-[lr]rb-")


def read_texts(shared_data, name, step):
    path = shared_data / "sentences" / f"{name}.tsv.gz"
    with gzip.open(path, "rt", encoding="utf8") as file:
        texts = [line.rstrip("\n").split("\t", 1)[1] for line in file]
    return texts[::step]


@pytest.mark.parametrize("name", SETS)
def test_published_texts(shared_data, name):
    n_tokens, n_long, changed = 0, 0, Counter()
    for text in read_texts(shared_data, name, 5):
        sentences = check_form(text)
        tokens = Counter(token for s in sentences for token in s.texts)
        n_tokens += tokens.total()
        n_long += sum(n for token, n in tokens.items() if len(token) > 20)
        inside = Counter(part for token in tokens if " " in token for part in token)
        for chunk in set(text.split()) - set(tokens) - set(inside):
            known = chunk.lower() in SPLIT_WORDS or f"{chunk} ." in tokens
            if PLAIN.fullmatch(chunk) and not known:
                changed[chunk] += 1
    assert n_long < 0.0002 * n_tokens
    before_t = {
        word for word in changed if word.endswith("n")
    }  # "don 't": "do", "n 't"
    assert set(changed) <= before_t


@pytest.mark.parametrize("name", ["sst2.train", "trec.train"])
def test_single_sentences_stay_single(shared_data, name):
    texts = read_texts(shared_data, name, 3)
    single = sum(len(split_sentences(text)) == 1 for text in texts)
    assert single >= 0.995 * len(texts)


def written(tokens):
    """Write the tokens of a tree as running text."""
    text, open_before = "", True
    for place, (tag, word) in enumerate(tokens):
        word = word.replace("-LRB-", "(").replace("-RRB-", ")")
        after_can = place and word == "not" and tokens[place - 1][1].lower() == "can"
        joined = (
            tag in ("HYPH", ",", ".", "POS", "-RRB-", "''")
            or word in (";", ":", "%", "...", "/")
            or re.fullmatch("n['’]t|['’](?:s|re|ve|d|ll|m)", word)
            or after_can
        )
        text += word if joined or open_before else f" {word}"
        open_before = tag in ("HYPH", "-LRB-", "``", "$") or word == "/"
    return text


@pytest.mark.parametrize("name", ["gum_ccby.test", "gum_ccbysa.test"])
def test_tokens_of_treebanks(shared_data, name):
    shared, n_gold, n_found, single, n_trees = 0, 0, 0, 0, 0
    with gzip.open(
        shared_data / "treebank" / f"{name}.mrg.gz", "rt", encoding="utf8"
    ) as file:
        for line in file:
            tokens = re.findall(r"\(([^\s()]+) ([^\s()]+)\)", line)
            gold = [word for _, word in tokens]
            sentences = split_sentences(written(tokens))
            found = [word for sentence in sentences for word in sentence.words]
            blocks = SequenceMatcher(None, gold, found, False).get_matching_blocks()
            shared += sum(block.size for block in blocks)
            n_gold += len(gold)
            n_found += len(found)
            single += len(sentences) == 1
            n_trees += 1
    assert 2 * shared / (n_gold + n_found) > 0.99
    assert single > 0.95 * n_trees

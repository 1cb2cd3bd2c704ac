"""Texts to sentences and tokens, by the conventions of the Penn Treebank.

A token knows its spelling in the text and whether white space stood before it, so the
text can be written again; text that is tokenised already comes out as it went in.
"""

import re
from functools import lru_cache
from typing import NamedTuple

__all__ = ["Sentence", "join_tokens", "split_sentences", "word_of"]

GLUE = "\x1f"  # white space to str.split, so no text holds it once it is split

# before a capital they end no sentence; the second group may
TITLES = frozenset(
    [
        "al", "approx", "ave", "blvd", "ca", "capt", "cf", "chr", "cmdr", "col", "dept",
        "dr", "drs", "ed", "eds", "eq", "eqs", "est", "fig", "figs", "ft", "gen", "gov",
        "hon", "lt", "maj", "messrs", "mr", "mrs", "ms", "mt", "pp", "prof",
        "ref", "refs", "rep", "rev", "sen", "sgt", "st", "sts", "viz", "vol", "vs",
    ]
)  # fmt: skip
OTHER_ABBREVIATIONS = frozenset(
    [
        "aug", "b.sc", "bros", "calif", "co", "conn", "corp", "dec", "esq", "etc",
        "feb", "inc", "jan", "jr", "lb", "lbs", "ltd", "m.sc", "mfg", "mgr", "nov",
        "oct", "oz", "ph.d", "phd", "sept", "sq", "sr", "tel", "wash",
    ]
)  # fmt: skip
ABBREVIATIONS = TITLES | OTHER_ABBREVIATIONS
STARTERS = frozenset(
    [
        "a", "after", "all", "also", "although", "an", "and", "as", "at", "because",
        "before", "but", "by", "each", "every", "for", "from", "he", "her", "here",
        "his", "how", "however", "i", "if", "in", "it", "its", "many", "my", "no",
        "nobody", "not", "on", "one", "our", "she", "since", "so", "some", "such",
        "that", "the", "their", "then", "there", "these", "they", "this", "those",
        "though", "to", "we", "what", "when", "where", "which", "while", "who", "why",
        "with", "you", "your",
    ]
)  # fmt: skip
# the treebanks keep these joined to the word, with their hyphen
PREFIXES = frozenset(
    [
        "anti", "auto", "bi", "co", "counter", "cross", "de", "e", "ex", "extra",
        "hetero", "hyper", "inter", "intra", "macro", "mega", "micro", "mid", "mini",
        "multi", "non", "over", "pan", "post", "pre", "pro", "proto", "pseudo",
        "re", "semi", "sub", "super", "ultra", "un", "under",
    ]
)  # fmt: skip
JOINED_COMPOUNDS = frozenset(["x-ray", "x-rays"])
COORDINATORS = frozenset(["and", "or", "to"])  # "pre- and post-war"
SPLIT_WORDS = {
    "cannot": 3, "gimme": 3, "gonna": 3, "gotta": 3, "lemme": 3, "wanna": 3,
}  # fmt: skip
BRACKETS = {
    "-lrb-": "-LRB-", "-rrb-": "-RRB-", "-lsb-": "[", "-rsb-": "]", "-lcb-": "{",
    "-rcb-": "}",
}  # fmt: skip

TOP_DOMAINS = "com|org|net|edu|gov|info|biz|uk|us|io|tv|co|de|nz|ca|au|html?"
GLUED = re.compile(
    rf"""(?<!\S)(?:
        \.(?:\ \.)+ | (?:[A-Za-z]\ \.\ ){{1,}}[A-Za-z]\ \.
      | (?:{"|".join(sorted(TITLES - {"al", "ed", "est", "hon", "ref"}))})\ \.(?=\ \S)
      | [b-hj-zA-HJ-Z]\ \.(?=\ [^\W\d_]) )(?!\S)
      | (?<!\S)[^\W\d_]*n\ ['’]t(?!\w)
      | (?<!\S)\d{{1,3}}\ (?:\.\ \d{{1,3}}|,\ \d{{3}})(?!\S)""",
    re.VERBOSE | re.IGNORECASE,
)
PIECE = re.compile(
    rf"""
    (?P<bracket>-[lr][rsc]b-)
  | (?P<whole>
        (?:https?|ftp)://[^\s<>"]*[\w/] | www\.[\w.-]+(?:/[^\s<>"]*[\w/])?
      | [\w.+-]+@[\w-]+(?:\.[\w-]+)* | &\#?\w+;?(?=\W|$)(?<!&)
      | (?:\w[\w-]*\.)+(?:{TOP_DOMAINS})\b(?:/[^\s<>"]*[\w/])?
      | \d+\\?/\d+(?![\w/]) | (?<!\w)w/(?!\w)
      | (?:[^\W\d_]\.){{2,}} | (?<!\S)[:;]-?[()DP](?!\S) )
  | (?P<word>
        n\x1f['’]t\b
      | (?<!\w)['’](?:em|til|cause|bout|n['’]?|\d\ds?)(?!\w)
      | (?<![\w'’])(?:['’](?:s|re|ve|d|ll|m|t)|n['’]t)(?!\w)
      | \d+(?:[.,:]\d+)+\w* | (?:(?!n\x1f)\w)+(?:['’&](?:(?!n\x1f)\w)+|\.\w+)* )
  | \.{{2,}} | [?!]+ | -{{2,}} | '' | `` | \\[/*] | \*+ | [^\s]
    """,
    re.VERBOSE | re.IGNORECASE,
)
CLITIC = re.compile(r"(?<=\w)(?:n['’]t|['’](?:s|re|ve|d|ll|m))$", re.IGNORECASE)
TERMINATOR = re.compile(r"[.?!]+|…")
ELLIPSIS = re.compile(r"\.{2,}|…")
OPENING = "\"'`“‘([{"
CLOSING = frozenset(["''", "”", "’", ")", "]", "}", "-RRB-"])


class Sentence(NamedTuple):
    """The tokens of one sentence."""

    words: "list[str]"  # as trees spell them: -LRB- for a bracket, n't for "n 't"
    texts: "list[str]"  # as the text has them
    spaces: "list[bool]"  # whether white space stands before the token


def join_tokens(sentences):
    """Return the text of sentences, with single blanks."""
    return "".join(
        f" {text}" if space else text
        for sentence in sentences
        for text, space in zip(sentence.texts, sentence.spaces, strict=True)
    )


def word_of(text):
    """Return how a tree spells a token."""
    bracket = BRACKETS.get(text.lower())
    if bracket is not None:
        return bracket
    text = text.replace(GLUE, "")
    if len(text) > 1 and "\\" in text:
        text = text.replace("\\", "")
    return text.replace("(", "-LRB-").replace(")", "-RRB-")


def split_clitics(word):
    """Return a word without hyphens as word and clitics."""
    cut = SPLIT_WORDS.get(word.lower())
    if cut:
        return [word[:cut], word[cut:]]
    clitics = []
    while found := CLITIC.search(word):
        clitics.append(found.group())
        word = word[: found.start()]
    return [word, *reversed(clitics)]


def split_at_dot(word):
    """Return the parts of a word with dots inside: names and numbers stay whole."""
    parts = word.split(".")
    whole = (
        len(parts) != 2
        or any(character.isdigit() for character in word)
        or max(len(part) for part in parts) <= 3
    )
    return [word] if whole else [parts[0], ".", parts[1]]


@lru_cache(maxsize=65_536)
def split_chunk(chunk, keep_period):
    """Return the tokens of a text without blanks.

    `keep_period` says what to do with the last period where the word does not tell:
    a single letter, a number, "no".
    """
    pieces: list[str] = []
    start = 0
    while start < len(chunk):
        found = PIECE.match(chunk, start)
        end, kind, text = found.end(), found.lastgroup, found.group()
        if kind == "word" and GLUE not in text:
            if chunk[end : end + 1] == "." and not chunk[end + 1 : end + 2].isalnum():
                unsure = len(text) == 1 or text.isdigit() or text.lower() == "no"
                last = end + 1 == len(chunk)
                if text.lower() in ABBREVIATIONS or (unsure and last and keep_period):
                    end += 1
                    pieces.append(f"{text}.")
                    start = end
                    continue
            for part in split_at_dot(text):
                pieces.extend(split_clitics(part))
        else:
            pieces.append(text)
        start = end
    return tuple(join_prefixes(pieces))


def join_prefixes(pieces):
    """Put the prefixes of a chunk to their words again: "non", "-", "art"."""
    joined: list[str] = []
    for piece in pieces:
        if len(joined) >= 2 and joined[-1] == "-" and piece[:1].isalnum():
            before = joined[-2].lower()
            first = len(joined) == 2 or joined[-3] != "-"
            if (
                (before in PREFIXES and first and piece.lower() not in COORDINATORS)
                or piece.lower() == "fold"
                or f"{before}-{piece.lower()}" in JOINED_COMPOUNDS
            ):
                joined[-2:] = [f"{joined[-2]}-{piece}"]
                continue
        joined.append(piece)
    return joined


def keeps_period(chunk, following, first, capitals):
    """Return whether the last period of a chunk belongs to its word."""
    stem = chunk.strip(OPENING).removesuffix(".").lower()
    if not following:
        return False
    if stem == "no":
        return following[0].isdigit()
    if stem.isdigit():
        return first
    if capitals:
        return following[0].isupper() and stem not in ("i", "a")
    return following[0].isalpha() and stem not in ("i", "a")


class _Builder:
    """The sentence that is being read."""

    def __init__(self):
        self.sentences = []
        self.begin()

    def begin(self):
        self.texts: list[str] = []
        self.spaces: list[bool] = []
        self.depth = 0

    def add(self, pieces, space):
        for position, text in enumerate(pieces):
            word = word_of(text)
            if word == "-LRB-" and self.texts:  # one around all sentences is no cover
                self.depth += 1
            elif word == "-RRB-":
                self.depth = max(0, self.depth - 1)
            self.texts.append(text)
            self.spaces.append(space and position == 0)

    def end(self):
        if self.texts:
            words = [word_of(text) for text in self.texts]
            texts = [text.replace(GLUE, " ") for text in self.texts]
            self.sentences.append(Sentence(words, texts, self.spaces))
        self.begin()

    def closes(self, chunk):
        """Return whether a chunk goes with the sentence whose end mark came before."""
        word = word_of(chunk)
        if TERMINATOR.fullmatch(word) or word in CLOSING:
            return not (ELLIPSIS.fullmatch(word) and len(word) > 1)
        if word == '"':
            return sum(text == '"' for text in self.texts) % 2 == 1
        if word == "'":
            return sum(text in ("'", "`") for text in self.texts) % 2 == 1
        return False


def ends_sentence(pieces, following, closer_later, depth, capitals):
    """Return whether a sentence ends behind the tokens of a chunk."""
    last = len(pieces) - 1
    while last > 0 and (pieces[last] in CLOSING or pieces[last] in ('"', "'")):
        last -= 1
    mark = pieces[last].replace(GLUE, "")
    if depth and closer_later:
        return False
    bare = following.lstrip(OPENING)
    first = bare[:1]
    if mark.endswith(".") and len(mark) > 1 and not ELLIPSIS.fullmatch(mark):
        stem = mark[:-1].lower()
        next_word = bare.rstrip(",").lower()
        return (
            stem not in TITLES
            and first.isupper()
            and next_word in STARTERS
            and (len(mark) > 2 and not mark[:-1].isdigit())
        )
    if not TERMINATOR.fullmatch(mark):
        return False
    if ELLIPSIS.fullmatch(mark):
        return first.isupper()
    if first.isupper() or first.isdigit() or not first:
        return True
    if first.isalpha() and capitals:
        return False  # "Yahoo! is"
    alone = len(pieces) == 1
    return alone or first.isalpha() or bare != following


def split_sentences(text):
    """Split a text into sentences and tokens.

    Parameters
    ----------
    text : str
        Running text, or text with blanks between its tokens.

    Returns
    -------
    sentences : list of Sentence
        Empty for a text without any token. :func:`join_tokens` gives the text back,
        with single blanks for its white space.
    """
    builder = _Builder()
    capitals = text.lower() != text
    n_read = 0
    for paragraph in re.split(r"\n\s*\n", text):
        plain = " ".join(paragraph.split())
        glued = GLUED.sub(lambda found: found.group().replace(" ", GLUE), plain)
        chunks = glued.split(" ") if glued else []
        last_word = max(
            (i for i, chunk in enumerate(chunks) if any(map(str.isalnum, chunk))),
            default=-1,
        )
        closers = [")" in chunk or "-rrb-" in chunk.lower() for chunk in chunks]
        last_closer = max((i for i, closer in enumerate(closers) if closer), default=-1)
        pending = False  # the end mark was read, what closes the sentence may follow
        for position, chunk in enumerate(chunks):
            if pending and not builder.closes(chunk):
                builder.end()
                pending = False
            following = chunks[position + 1] if position + 1 < len(chunks) else ""
            keep = chunk.endswith(".") and keeps_period(
                chunk, following, not builder.texts, capitals
            )
            if GLUE in chunk and not re.search(r"n\x1f['’]t", chunk, re.IGNORECASE):
                pieces: tuple[str, ...] = (chunk,)
            else:
                pieces = split_chunk(chunk, keep)
            n_before = len(builder.texts)
            builder.add(pieces, n_read > 0)
            n_read += 1
            if pending or position >= last_word:
                continue  # what holds no word is no sentence
            if ELLIPSIS.fullmatch(pieces[-1].replace(GLUE, "")) and not n_before:
                continue
            after = position + 1
            while after < len(chunks) and builder.closes(chunks[after]):
                after += 1
            beyond = chunks[after] if after < len(chunks) else ""
            pending = ends_sentence(
                pieces, beyond, last_closer > position, builder.depth, capitals
            )
        builder.end()
    return builder.sentences

"""Synonyms from WordNet: a reduced file, or a folder in Princeton's database format."""

import os
import re
import sys
import zipfile
from functools import lru_cache
from pathlib import Path

import numpy as np

__all__ = ["NO_WORDNET", "WordNetSynonyms", "find_wordnet", "is_usable"]

VARIABLE = "SKLEARN_EXT_WORDNET"
DEBIAN_FOLDER = "/usr/share/wordnet"
NLTK_NAMES = ("wordnet", "english_wordnet", "wordnet31", "wordnet2022", "wordnet2021")
NO_WORDNET = (
    "No WordNet was found. Get one with `python -m nltk.downloader wordnet` or with "
    f"the system package wordnet-base, or name a file or folder in ${VARIABLE}."
)
FORMAT_VERSION = 1
PARTS = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
PART_OF_TAG = {"NN": "n", "VB": "v", "JJ": "a", "RB": "r"}
USABLE = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*(?: [^\W\d_]+(?:-[^\W\d_]+)*)?")


def is_usable(lemma):
    """Return whether a lemma has one or two words of letters and hyphens alone."""
    return USABLE.fullmatch(lemma) is not None


class ReducedWordNet:
    """The arrays that :mod:`~sklearn_ext.augmentation.build_wordnet` wrote.

    `entries` is sorted by lemma and part of speech; a sense of -1 is a synset without
    a second member.
    """

    def __init__(self, arrays):
        strings = arrays["strings"].tobytes().decode().split("\n")
        self._strings = strings
        parts = arrays["entry_part"].tobytes().decode("ascii")
        lemmas = [strings[i] for i in arrays["entry_lemma"].tolist()]
        keys = zip(lemmas, parts, strict=True)
        self._rows = {key: row for row, key in enumerate(keys)}
        for name in ("senses", "members", "antonyms"):
            ends = np.cumsum(arrays[f"n_{name}"], dtype=np.int64)
            setattr(self, f"_{name}", (np.append(0, ends), arrays[name]))
        self._bases = {
            (strings[form], parts[row]): lemmas[row]
            for form, row in zip(
                arrays["irregular_form"].tolist(),
                arrays["irregular_entry"].tolist(),
                strict=True,
            )
        }

    @classmethod
    def read(cls, path):
        """Read a file, ValueError if it is no WordNet."""
        try:
            with np.load(path, allow_pickle=False) as stored:
                version = int(stored["wordnet_format"])
                wordnet = cls(stored) if version == FORMAT_VERSION else None
        except (KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(
                f"{path} is no WordNet file; build one with `python -m "
                "sklearn_ext.augmentation.build_wordnet`, or pass a folder in "
                "Princeton's database format."
            ) from error
        if wordnet is None:
            raise ValueError(
                f"{path} has format version {version}, and this version of "
                f"sklearn_ext reads version {FORMAT_VERSION}; build the file again."
            )
        return wordnet

    def _slice(self, name, row):
        offsets, values = getattr(self, f"_{name}")
        return values[offsets[row] : offsets[row + 1]].tolist()

    def senses(self, lemma, part, n_senses):
        """Return the members of the first synsets of a lemma."""
        row = self._rows.get((lemma, part))
        if row is None:
            return []
        return [
            [self._strings[i] for i in self._slice("members", sense)]
            for sense in self._slice("senses", row)[:n_senses]
            if sense >= 0
        ]

    def antonyms(self, lemma, part):
        """Return the antonyms of all senses of a lemma."""
        row = self._rows.get((lemma, part))
        if row is None:
            return set()
        return {self._strings[i] for i in self._slice("antonyms", row)}

    def base(self, form, part):
        """Return the lemma of an irregular form, or None."""
        return self._bases.get((form, part))


class PrincetonWordNet:
    """A folder, or a zip file with one, in the format of Princeton's database."""

    def __init__(self, path):
        self._path = Path(path)
        self._read = lru_cache(maxsize=None)(self._read_file)
        self._index = lru_cache(maxsize=None)(self._read_index)
        self._exceptions = lru_cache(maxsize=None)(self._read_exceptions)

    def _read_file(self, name):
        if self._path.is_dir():
            return (self._path / name).read_bytes()
        with zipfile.ZipFile(self._path) as archive:
            return archive.read(f"{self._path.stem}/{name}")

    def _read_index(self, part):
        lines = self._read(f"index.{PARTS[part]}").decode().split("\n")
        entries = (line.split(" ", 1) for line in lines if line and line[0] != " ")
        return dict(entries)

    def _read_exceptions(self, part):
        lines = self._read(f"{PARTS[part]}.exc").decode().split("\n")
        pairs = (line.split() for line in lines)
        return {pair[0]: pair[1] for pair in pairs if len(pair) > 1}

    def _offsets(self, lemma, part):
        """Return the places of the synsets of a lemma, first sense first."""
        entry = self._index(part).get(lemma.lower().replace(" ", "_"))
        if entry is None:
            return []
        fields = entry.split()
        n_pointers = int(fields[2])
        return [int(field) for field in fields[5 + n_pointers :]]

    def _synset(self, part, offset):
        """Return the members of a synset and its antonym pointers."""
        data = self._read(f"data.{PARTS[part]}")
        line = data[offset : data.index(b"\n", offset)].decode()
        fields = line.partition(" | ")[0].split()
        n_members = int(fields[3], 16)
        members = [
            re.sub(r"\((?:a|p|ip)\)$", "", word).replace("_", " ")
            for word in fields[4 : 4 + 2 * n_members : 2]
        ]
        pointers = fields[5 + 2 * n_members :]
        count = int(fields[4 + 2 * n_members])
        antonyms = [
            (int(ends[:2], 16), target_part, int(target), int(ends[2:], 16))
            for symbol, target, target_part, ends in zip(
                *(pointers[i : 4 * count : 4] for i in range(4)), strict=True
            )
            if symbol == "!"
        ]
        return members, antonyms

    def senses(self, lemma, part, n_senses):
        """Return the members of the first synsets of a lemma."""
        offsets = self._offsets(lemma, part)[:n_senses]
        return [self._synset(part, offset)[0] for offset in offsets]

    def antonyms(self, lemma, part):
        """Return the antonyms of all senses of a lemma."""
        found = set()
        for offset in self._offsets(lemma, part):
            members, pointers = self._synset(part, offset)
            for source, target_part, target, number in pointers:
                if members[source - 1].lower() == lemma.lower():
                    target_part = "a" if target_part == "s" else target_part
                    found.add(self._synset(target_part, target)[0][number - 1])
        return found

    def base(self, form, part):
        """Return the lemma of an irregular form, or None."""
        return self._exceptions(part).get(form)


def _is_princeton(path):
    """Return whether a folder or a zip file holds a database."""
    path = Path(path)
    if path.is_dir():
        return (path / "index.noun").is_file()
    if path.suffix == ".zip" and path.is_file():
        with zipfile.ZipFile(path) as archive:
            return f"{path.stem}/index.noun" in archive.namelist()
    return False


def _nltk_folders():
    """Return the folders where NLTK keeps data, without the cost of its import."""
    loaded = sys.modules.get("nltk.data")
    if loaded is not None:
        return [str(folder) for folder in loaded.path]
    folders = [
        name for name in os.environ.get("NLTK_DATA", "").split(os.pathsep) if name
    ]
    folders.append("~/nltk_data")
    folders.extend(
        os.path.join(sys.prefix, *names)
        for names in (["nltk_data"], ["share", "nltk_data"], ["lib", "nltk_data"])
    )
    if os.name == "nt":
        folders.append(os.path.join(os.environ.get("APPDATA", "C:\\"), "nltk_data"))
        folders.extend(f"{drive}:\\nltk_data" for drive in "CDE")
    else:
        parents = ("/usr/share", "/usr/local/share", "/usr/lib", "/usr/local/lib")
        folders.extend(f"{parent}/nltk_data" for parent in parents)
    return [os.path.expanduser(folder) for folder in folders]


def _nltk_wordnet():
    """Return the path of a WordNet among the data of NLTK, or None."""
    folders = _nltk_folders()
    for name in NLTK_NAMES:
        for folder in folders:
            for path in (f"{folder}/corpora/{name}", f"{folder}/corpora/{name}.zip"):
                if _is_princeton(path):
                    return path
    return None


def locate(path=None):
    """Return the path of a WordNet, None when there is none; errors for a wrong one."""
    named = path
    if path is None:
        named = os.environ.get(VARIABLE) or None
    if named is not None:
        named = os.fspath(named)
        if Path(named).is_dir() or named.endswith(".zip"):
            if not _is_princeton(named):
                raise FileNotFoundError(
                    f"{named} holds no WordNet: there is no index.noun in it."
                )
        elif not Path(named).is_file():
            origin = f"path={path!r}" if path is not None else f"${VARIABLE}={named!r}"
            raise FileNotFoundError(
                f"{origin} names no file or folder. Name a file written by `python -m "
                "sklearn_ext.augmentation.build_wordnet` or a folder in Princeton's "
                "database format."
            )
        return named
    found = _nltk_wordnet()
    if found is None and _is_princeton(DEBIAN_FOLDER):
        found = DEBIAN_FOLDER
    return found


@lru_cache(maxsize=4)
def read_wordnet(path):
    """Return a WordNet; one path is read once per process."""
    if Path(path).is_dir() or path.endswith(".zip"):
        return PrincetonWordNet(path)
    return ReducedWordNet.read(path)


def find_wordnet():
    """Return the :class:`WordNetSynonyms` of this machine, or None without WordNet."""
    return None if locate() is None else WordNetSynonyms()


class WordNetSynonyms:
    """Synonyms of a lemma from WordNet.

    An object is called with a lemma and a Penn Treebank tag and returns lemmas: the
    members of the lemma's first synsets. The lemma itself is left out, and so are its
    antonyms, members of more than two words, and members with characters other than
    letters, blanks and hyphens.

    Parameters
    ----------
    n_senses : int, default=1
        How many synsets are used, at least 1. Synsets stand in the order of how
        frequent their senses are; the first one is safest. A file written by
        ``build_wordnet`` has the first four.
    path : str or path-like, default=None
        A file written by ``python -m sklearn_ext.augmentation.build_wordnet``, or a
        folder in Princeton's database format (or a zip file of one). None looks for
        the environment variable ``SKLEARN_EXT_WORDNET``, which holds such a path, then
        for a WordNet among the data of NLTK, then for the one of the system package
        wordnet-base in ``/usr/share/wordnet``.

    Raises
    ------
    FileNotFoundError
        If there is no WordNet.
    TypeError
        If `n_senses` is no integer.
    ValueError
        If `n_senses` is less than 1, or if the file is none that ``build_wordnet``
        writes.

    See Also
    --------
    ALPAugmenter : Replaces words of texts by synonyms.

    Notes
    -----
    The data are read at the first call, and once per process and path. Pickles hold
    the two parameters alone.

    Examples
    --------
    >>> from sklearn_ext.augmentation import WordNetSynonyms
    >>> try:
    ...     synonyms = WordNetSynonyms()
    ... except FileNotFoundError:
    ...     pass  # there is no WordNet here
    ... else:
    ...     assert "movie" in synonyms("film", "NN")
    """

    def __init__(self, n_senses=1, path=None):
        if isinstance(n_senses, bool) or not isinstance(n_senses, int | np.integer):
            raise TypeError(f"n_senses must be an integer, got {n_senses!r}.")
        if n_senses < 1:
            raise ValueError(f"n_senses must be at least 1, got {n_senses}.")
        if not isinstance(path, str | os.PathLike | None):
            raise TypeError(f"path must be a str or a path, got {path!r}.")
        if locate(path) is None:
            raise FileNotFoundError(NO_WORDNET)
        self.n_senses = n_senses
        self.path = path
        self._wordnet = None

    def __repr__(self):
        path = "" if self.path is None else f", path={self.path!r}"
        return f"{type(self).__name__}(n_senses={self.n_senses}{path})"

    def __getstate__(self):
        return {"n_senses": self.n_senses, "path": self.path, "_wordnet": None}

    def _data(self):
        """Return the data, read at the first call."""
        if self._wordnet is None:
            path = locate(self.path)
            if path is None:
                raise FileNotFoundError(NO_WORDNET)
            self._wordnet = read_wordnet(path)
        return self._wordnet

    def __call__(self, lemma, tag):
        """Return the synonyms of a lemma.

        Parameters
        ----------
        lemma : str
            A lemma, in small letters if it is no name.
        tag : str
            Penn Treebank tag; nouns, verbs, adjectives and adverbs have synonyms.

        Returns
        -------
        synonyms : list of str
            Lemmas in WordNet's order, without repetitions; two words are separated by
            a blank.
        """
        part = PART_OF_TAG.get(tag[:2])
        if part is None:
            return []
        wordnet = self._data()
        senses = wordnet.senses(lemma, part, self.n_senses)
        if not senses:
            return []
        excluded = {name.lower() for name in wordnet.antonyms(lemma, part)}
        excluded.add(lemma.lower())
        members = dict.fromkeys(
            name
            for members in senses
            for name in members
            if name.lower() not in excluded and is_usable(name)
        )
        return list(members)

    def _irregular_lemma(self, form, tag):
        """Return the lemma of an irregular form in small letters, or None."""
        part = PART_OF_TAG.get(tag[:2])
        return None if part is None else self._data().base(form, part)

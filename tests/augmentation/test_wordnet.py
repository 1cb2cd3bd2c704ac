"""Synonyms: tables and a database written here, the published ones, and the search."""

import copy
import gzip
import os
import pickle
import shutil
import subprocess
import sys
import types
import warnings
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from sklearn_ext.augmentation import _wordnet
from sklearn_ext.augmentation._wordnet import WordNetSynonyms, find_wordnet, is_usable
from sklearn_ext.augmentation.build_wordnet import build_wordnet, main

SYNSETS = [
    ("1-n", "n", ["film", "movie", "motion picture", "moving-picture show"]),
    ("2-n", "n", ["film", "photographic film", "a b c", "film2"]),
    ("3-n", "n", ["horse"]),
    ("4-n", "n", ["mouse", "rodent"]),
    ("5-a", "a", ["hot", "warm", "cold"]),
    ("6-s", "s", ["hot", "spicy"]),
    ("7-v", "v", ["take", "get hold of", "grab"]),
    ("8-a", "a", ["cold", "chilly"]),
    ("9-r", "r", ["fast", "quickly", "Fast"]),
]
# lemma, part, synsets, irregular forms, antonyms
ENTRIES = [
    ("film", "n-1", ["1-n"], [], []),
    ("film", "n-2", ["2-n"], [], []),
    ("movie", "n", ["1-n"], [], []),
    ("horse", "n", ["3-n"], [], []),
    ("mouse", "n", ["4-n"], ["mice"], []),
    ("hot", "a", ["5-a", "6-s"], ["hotter"], ["cold", "cold"]),
    ("take", "v", ["7-v"], ["taken", "took"], []),
    ("cold", "a", ["8-a"], [], ["hot"]),
    ("fast", "r", ["9-r"], [], []),
]
ANTONYMS = {"5-a": "8-a", "8-a": "5-a"}  # of the first members
EXPECTED = {  # (lemma, tag, n_senses): synonyms
    ("film", "NN", 1): ["movie", "motion picture", "moving-picture show"],
    ("film", "NNS", 2): [
        "movie", "motion picture", "moving-picture show", "photographic film",
    ],
    ("movie", "NN", 4): ["film", "motion picture", "moving-picture show"],
    ("horse", "NN", 4): [],
    ("hot", "JJ", 1): ["warm"],
    ("hot", "JJR", 2): ["warm", "spicy"],
    ("cold", "JJ", 1): ["chilly"],
    ("take", "VBD", 1): ["grab"],
    ("fast", "RB", 1): ["quickly"],
    ("fast", "JJ", 1): [],
    ("film", "NNP", 1): ["movie", "motion picture", "moving-picture show"],
    ("film", "DT", 1): [],
    ("unknown", "NN", 1): [],
}  # fmt: skip


def write_tables(folder, compressed=False):
    """Write the two tables that build_wordnet reads."""
    senses = "".join(
        "\t".join([lemma, part, " ".join(names), "|".join(forms), " ".join(opposed)])
        + "\n"
        for lemma, part, names, forms, opposed in ENTRIES
    )
    synsets = "".join(
        f"{name}\t{part}\t{'|'.join(members)}\t\t\n" for name, part, members in SYNSETS
    )
    paths = []
    for name, text in (("senses.tsv", senses), ("synsets.tsv", synsets)):
        data = text.encode()
        path = folder / (f"{name}.gz" if compressed else name)
        path.write_bytes(gzip.compress(data) if compressed else data)
        paths.append(path)
    return paths


def write_princeton(folder):
    """Write the same content in the format of Princeton's database."""
    folder.mkdir()
    places = {}
    for part, name in _wordnet.PARTS.items():
        own = [synset for synset in SYNSETS if synset[0][-1].replace("s", "a") == part]
        for final in (False, True):  # the first round tells the places
            data = b"  1 a licence\n"
            for key, kind, members in own:
                places[key] = len(data)
                words = " ".join(f"{m.replace(' ', '_')} 0" for m in members)
                words = f"{len(members):02x} {words}"
                if key == "6-s":
                    words = words.replace("spicy", "spicy(p)")
                pointers = "000"
                if key in ANTONYMS:
                    target = places[ANTONYMS[key]] if final else 0
                    pointers = f"001 ! {target:08d} a 0101"
                line = (
                    f"{places[key]:08d} 00 {kind} {words} {pointers} "
                    "| a gloss; with 01 ! marks\n"
                )
                data += line.encode()
        (folder / f"data.{name}").write_bytes(data)
        entries: dict = {}
        forms = []
        for lemma, of, synsets, irregular, _ in ENTRIES:
            if of[0] == part:
                entries.setdefault(lemma, []).extend(places[key] for key in synsets)
                forms.extend(f"{form} {lemma}\n" for form in irregular)
        index = "  1 a licence\n" + "".join(
            f"{lemma.replace(' ', '_')} {part} {len(found)} 2 ! @ {len(found)} 0 "
            + " ".join(f"{place:08d}" for place in found)
            + "  \n"
            for lemma, found in sorted(entries.items())
        )
        (folder / f"index.{name}").write_text(index)
        (folder / f"{name}.exc").write_text("".join(sorted(forms)))
    return folder


@pytest.fixture
def reduced(tmp_path):
    path = tmp_path / "wordnet.npz"
    main([*map(str, write_tables(tmp_path)), "-o", str(path)])
    return path


@pytest.fixture
def princeton(tmp_path):
    return write_princeton(tmp_path / "princeton")


@pytest.fixture
def zipped(princeton):
    path = princeton.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in princeton.iterdir():
            archive.write(file, f"princeton/{file.name}")
    return path


@pytest.fixture
def nothing_here(monkeypatch):
    """No WordNet on the machine."""
    monkeypatch.delenv(_wordnet.VARIABLE, raising=False)
    monkeypatch.setattr(_wordnet, "DEBIAN_FOLDER", "/no/such/folder")
    monkeypatch.setattr(_wordnet, "_nltk_wordnet", lambda: None)


@pytest.mark.parametrize("source", ["reduced", "princeton", "zipped"])
@pytest.mark.parametrize(("lemma", "tag", "n_senses"), EXPECTED)
def test_synonyms(request, source, lemma, tag, n_senses):
    path = request.getfixturevalue(source)
    found = WordNetSynonyms(n_senses, path=path)(lemma, tag)
    assert found == EXPECTED[lemma, tag, n_senses]


@pytest.mark.parametrize("source", ["reduced", "princeton", "zipped"])
def test_irregular_forms(request, source):
    synonyms = WordNetSynonyms(path=request.getfixturevalue(source))
    assert synonyms._irregular_lemma("mice", "NNS") == "mouse"
    assert synonyms._irregular_lemma("took", "VBD") == "take"
    assert synonyms._irregular_lemma("took", "NN") is None
    assert synonyms._irregular_lemma("films", "NNS") is None
    assert synonyms._irregular_lemma("the", "DT") is None


def test_build_is_reproducible_and_reads_gzip(tmp_path, capsys):
    plain, packed = tmp_path / "a.npz", tmp_path / "b.npz"
    main([*map(str, write_tables(tmp_path)), "-o", str(plain)])
    printed = capsys.readouterr().out
    main([*map(str, write_tables(tmp_path, compressed=True)), "-o", str(packed)])
    assert plain.read_bytes() == packed.read_bytes()
    # synset 3-n has one member; movie, film, mouse, hot, take, cold and fast stay
    assert "7 entries, 8 synsets" in printed


def test_only_the_first_four_senses_are_kept(tmp_path):
    synsets = [(f"{i}-n", "n", ["x", chr(97 + i)]) for i in range(6)]
    (tmp_path / "s").write_text("x\tn\t" + " ".join(s[0] for s in synsets) + "\t\t\n")
    (tmp_path / "y").write_text(
        "".join(f"{name}\tn\t{'|'.join(members)}\t\t\n" for name, _, members in synsets)
    )
    main([str(tmp_path / "s"), str(tmp_path / "y"), "-o", str(tmp_path / "x.npz")])
    synonyms = WordNetSynonyms(9, path=tmp_path / "x.npz")
    assert synonyms("x", "NN") == ["a", "b", "c", "d"]


@pytest.mark.parametrize("rows", ["film\tn\t1-n\n", "film\tq\t1-n\t\t\n"])
def test_wrong_tables(tmp_path, rows):
    senses, synsets = write_tables(tmp_path)
    senses.write_text(rows)
    with pytest.raises(ValueError, match=r"columns instead of 5|part of speech"):
        build_wordnet(senses, synsets)


@pytest.mark.parametrize(
    ("lemma", "usable"),
    [
        ("film", True), ("moving picture", True), ("moving-picture show", True),
        ("mother-in-law", True), ("café", True), ("get hold of", False),
        ("a.k.a.", False), ("rock 'n' roll", False), ("film2", False), ("x-", False),
        ("", False), (" film", False), ("a_b", False),
    ],
)  # fmt: skip
def test_usable_members(lemma, usable):
    assert is_usable(lemma) == usable


def test_where_it_looks(monkeypatch, tmp_path, reduced, princeton, nothing_here):
    assert find_wordnet() is None
    with pytest.raises(FileNotFoundError, match=r"nltk\.downloader wordnet"):
        WordNetSynonyms()
    monkeypatch.setattr(_wordnet, "DEBIAN_FOLDER", str(princeton))
    assert _wordnet.locate() == str(princeton)
    assert find_wordnet()("cold", "JJ") == ["chilly"]
    monkeypatch.setattr(_wordnet, "_nltk_wordnet", lambda: "of nltk")
    assert _wordnet.locate() == "of nltk"
    monkeypatch.setenv(_wordnet.VARIABLE, str(reduced))
    assert _wordnet.locate() == str(reduced)
    assert _wordnet.locate(princeton) == str(princeton)
    monkeypatch.setenv(_wordnet.VARIABLE, str(tmp_path / "absent.npz"))
    with pytest.raises(FileNotFoundError, match=r"\$SKLEARN_EXT_WORDNET=.*absent.npz"):
        find_wordnet()


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_data_of_nltk(monkeypatch, tmp_path, princeton, zipped, form):
    data = types.SimpleNamespace(path=[str(tmp_path / "none"), tmp_path])
    monkeypatch.setitem(sys.modules, "nltk.data", data)
    assert _wordnet._nltk_wordnet() is None
    (tmp_path / "corpora").mkdir()
    if form == "folder":
        path = tmp_path / "corpora" / "wordnet"
        princeton.rename(path)
    else:
        path = tmp_path / "corpora" / "english_wordnet.zip"
        with (
            zipfile.ZipFile(zipped) as old,
            zipfile.ZipFile(path, "w") as new,
        ):
            for name in old.namelist():
                new.writestr(
                    name.replace("princeton", "english_wordnet"), old.read(name)
                )
    assert _wordnet._nltk_wordnet() == str(path)
    assert WordNetSynonyms(path=path)("cold", "JJ") == ["chilly"]


@pytest.mark.slow
def test_the_folders_of_nltk_without_its_import(monkeypatch, tmp_path):
    if find_spec("nltk") is None:
        pytest.skip("nltk is not installed")
    monkeypatch.setenv("NLTK_DATA", os.pathsep.join([str(tmp_path), "~/mine"]))
    theirs = subprocess.run(
        [sys.executable, "-c", "import nltk.data; print(*nltk.data.path, sep='\\n')"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    monkeypatch.delitem(sys.modules, "nltk.data", raising=False)
    assert _wordnet._nltk_folders() == theirs


def test_bad_arguments(tmp_path, reduced):
    with pytest.raises(ValueError, match="n_senses must be at least 1, got 0"):
        WordNetSynonyms(0, path=reduced)
    for value in (True, 1.0, "1"):
        with pytest.raises(TypeError, match="n_senses must be an integer"):
            WordNetSynonyms(value, path=reduced)
    with pytest.raises(FileNotFoundError, match="path='absent' names no file"):
        WordNetSynonyms(path="absent")
    with pytest.raises(FileNotFoundError, match=r"no index\.noun in it"):
        WordNetSynonyms(path=tmp_path)


@pytest.mark.parametrize("content", ["", "text", "zip", "npy", "other npz", "newer"])
def test_files_that_are_no_wordnet(tmp_path, reduced, content):
    path = tmp_path / "wrong"
    if content == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a", "b")
    elif content == "npy":
        with open(path, "wb") as file:
            np.save(file, np.arange(3))
    elif content in ("other npz", "newer"):
        with np.load(reduced) as stored:
            arrays = dict(stored)
        if content == "newer":
            arrays["wordnet_format"] = np.int64(2)
        else:
            del arrays["members"]
        with open(path, "wb") as file:
            np.savez(file, **arrays)
    else:
        path.write_text(content)
    message = "format version 2" if content == "newer" else "is no WordNet file"
    with pytest.raises(ValueError, match=message):
        WordNetSynonyms(path=path)("film", "NN")


def test_data_are_read_once_and_stay_out_of_pickles(monkeypatch, reduced):
    reads = []
    read = _wordnet.ReducedWordNet.read
    monkeypatch.setattr(
        _wordnet.ReducedWordNet, "read", lambda path: reads.append(path) or read(path)
    )
    synonyms = WordNetSynonyms(2, path=str(reduced))
    assert not reads
    expected = synonyms("film", "NN")
    stored = pickle.dumps(synonyms)
    assert len(stored) < 500
    for other in (pickle.loads(stored), copy.deepcopy(synonyms)):
        assert repr(other) == repr(synonyms)
        assert other("film", "NN") == expected
    assert WordNetSynonyms(path=str(reduced))("film", "NN")
    assert reads == [str(reduced)]


@pytest.mark.slow
def test_open_english_wordnet(shared_data, tmp_path):
    folder, path = shared_data / "wordnet", tmp_path / "oewn.npz"
    main(
        [
            str(folder / "oewn_senses.tsv.gz"), str(folder / "oewn_synsets.tsv.gz"),
            "-o", str(path),
        ]
    )  # fmt: skip
    with np.load(path) as stored:
        assert 90_000 < len(stored["entry_part"]) < 92_000
        assert 41_000 < len(stored["n_members"]) < 43_000
    assert path.stat().st_size < 1_600_000
    check_english(WordNetSynonyms(path=path))
    wordnet = _wordnet.read_wordnet(str(path))
    with gzip.open(folder / "oewn_senses.tsv.gz", "rt", encoding="utf8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file][::97]
    with gzip.open(folder / "oewn_synsets.tsv.gz", "rt", encoding="utf8") as file:
        members = {row[0]: row[2].split("|") for row in (s.split("\t") for s in file)}
    compared = 0
    for lemma, part, names, _, antonyms in rows:
        usable = [[m for m in members[n] if is_usable(m)] for n in names.split()[:4]]
        if len(part) == 1 and any(len(some) > 1 for some in usable):
            expected = [some for some in usable if len(some) > 1]
            assert wordnet.senses(lemma, part, 4) == expected
            listed = {name.replace("_", " ") for name in antonyms.split()}
            assert wordnet.antonyms(lemma, part) == listed
            compared += 1
    assert compared > 500


def check_english(synonyms):
    """Check what every edition of WordNet says."""
    assert {"movie", "picture", "motion picture"} <= set(synonyms("film", "NN"))
    assert "rapidly" in synonyms("quickly", "RB")
    assert "detest" in synonyms("hate", "VBD")
    assert synonyms("hot", "JJ") == []
    assert synonyms._irregular_lemma("mice", "NNS") == "mouse"
    assert synonyms._data().antonyms("good", "a") == {"bad", "evil"}


def test_wordnet_of_the_system():
    if not (Path(_wordnet.DEBIAN_FOLDER) / "index.noun").is_file():
        pytest.skip(f"there is no WordNet in {_wordnet.DEBIAN_FOLDER}")
    check_english(WordNetSynonyms(path=_wordnet.DEBIAN_FOLDER))


@pytest.mark.slow
def test_the_reader_of_nltk_reads_the_same(monkeypatch, tmp_path):
    wordnet = pytest.importorskip(
        "nltk.corpus.reader.wordnet", reason="nltk is not installed"
    )
    data = pytest.importorskip("nltk.data")
    source = Path(_wordnet.DEBIAN_FOLDER)
    if not (source / "index.noun").is_file():
        pytest.skip(f"there is no WordNet in {source}")
    folder = tmp_path / "corpora" / "wordnet"  # a copy, which is where NLTK may read
    folder.mkdir(parents=True)
    for file in [*source.glob("*.exc"), *source.glob("[di]*.*")]:
        shutil.copy(file, folder)
    names = "".join(f"{i}\tname{i}\t1\n" for i in range(45))
    (folder / "lexnames").write_text(names)  # the system package leaves out both
    (folder / "index.sense").touch()
    monkeypatch.setattr(data, "path", [str(tmp_path)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no multilingual data
        reader = wordnet.WordNetCorpusReader(str(folder), None)
    ours = _wordnet.PrincetonWordNet(source)
    words = ["film", "good", "hot", "quickly", "take", "dark horse", "dull", "lead"]
    for lemma in words:
        for part in "nvar":
            theirs = [
                synset
                for synset in reader.synsets(lemma.replace(" ", "_"), part)
                if lemma in [m.name().replace("_", " ") for m in synset.lemmas()]
            ]
            members = [
                [member.name().replace("_", " ") for member in synset.lemmas()]
                for synset in theirs
            ]
            assert ours.senses(lemma, part, 99) == members
            opposed = {
                antonym.name().replace("_", " ")
                for synset in theirs
                for member in synset.lemmas()
                if member.name().replace("_", " ") == lemma
                for antonym in member.antonyms()
            }
            assert ours.antonyms(lemma, part) == opposed

"""Reduce tables of Open English WordNet to the file that WordNetSynonyms reads.

``python -m sklearn_ext.augmentation.build_wordnet SENSES SYNSETS -o oewn.npz``
"""

import argparse
import gzip
import sys
from pathlib import Path

import numpy as np

from ._wordnet import FORMAT_VERSION, PARTS, is_usable

__all__ = ["build_wordnet", "main"]

N_SENSES = 4


def read_rows(path, n_columns):
    """Return the rows of a table of tab separated columns, gzip or plain."""
    opener = gzip.open if str(path).endswith(".gz") else open
    with opener(path, "rt", encoding="utf8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    for number, row in enumerate(rows, start=1):
        if len(row) != n_columns:
            raise ValueError(
                f"line {number} of {path} has {len(row)} columns instead of {n_columns}"
            )
    return rows


def read_entries(rows):
    """Return {(lemma, part): (synset ids, irregular forms, antonyms)}."""
    entries: dict = {}
    for lemma, part, synsets, forms, antonyms in rows:
        entry = entries.setdefault((lemma, part[:1]), ([], [], []))
        entry[0].extend(synsets.split())
        entry[1].extend(form for form in forms.split("|") if form)
        entry[2].extend(name.replace("_", " ") for name in antonyms.split())
    for _, part in entries:
        if part not in PARTS:
            raise ValueError(
                f"part of speech must begin with one of nvar, got {part!r}"
            )
    return entries


def build_wordnet(senses, synsets):
    """Return the arrays of a reduced WordNet.

    Parameters
    ----------
    senses, synsets : path-like
        Tables of tab separated columns without header, plain or gzip. Senses: lemma,
        part of speech, synset ids in sense order, irregular forms (joined with a bar),
        antonyms (blanks between them, underscores inside). Synsets: id, part of
        speech, members (joined with a bar), and two columns that are not used.

    Returns
    -------
    arrays : dict of str to ndarray
        What :class:`~sklearn_ext.augmentation.WordNetSynonyms` reads from an npz.

    Raises
    ------
    ValueError
        If a row has the wrong number of columns or an unknown part of speech.
    """
    entries = read_entries(read_rows(senses, 5))
    wanted = {name for names, *_ in entries.values() for name in names[:N_SENSES]}
    members_of = {}
    for name, _, members, _, _ in read_rows(synsets, 5):
        if name in wanted and "|" in members:
            usable = [member for member in members.split("|") if is_usable(member)]
            if len(usable) > 1:
                members_of[name] = usable
    kept, needed = [], set()
    for key, (names, forms, antonyms) in sorted(entries.items()):
        first = [name if name in members_of else None for name in names[:N_SENSES]]
        while first and first[-1] is None:
            first.pop()
        if first or forms:
            antonyms = sorted(set(antonyms)) if first else []
            kept.append((key, first, sorted(set(forms)), antonyms))
            needed.update(name for name in first if name is not None)
    order = sorted(needed)
    return _arrays(kept, order, members_of)


def _arrays(entries, synsets, members_of):
    """Return entries and synsets as flat arrays over one table of strings."""
    strings = {lemma for (lemma, _), *_ in entries}
    for _, _, forms, antonyms in entries:
        strings.update(forms, antonyms)
    for name in synsets:
        strings.update(members_of[name])
    table = sorted(strings)
    number = {string: i for i, string in enumerate(table)}
    place = {name: i for i, name in enumerate(synsets)}
    place[None] = -1

    def flat(name, lists):
        return {
            f"n_{name}": np.array([len(some) for some in lists], dtype=np.uint8),
            name: np.array([i for some in lists for i in some], dtype=np.int32),
        }

    parts = "".join(part for (_, part), *_ in entries)
    return {
        "wordnet_format": np.int64(FORMAT_VERSION),
        "strings": np.frombuffer("\n".join(table).encode(), dtype=np.uint8),
        "entry_lemma": np.array(
            [number[lemma] for (lemma, _), *_ in entries], dtype=np.int32
        ),
        "entry_part": np.frombuffer(parts.encode(), dtype=np.uint8),
        **flat("senses", [[place[name] for name in entry[1]] for entry in entries]),
        **flat("members", [[number[m] for m in members_of[name]] for name in synsets]),
        **flat("antonyms", [[number[a] for a in entry[3]] for entry in entries]),
        "irregular_form": np.array(
            [number[form] for entry in entries for form in entry[2]], dtype=np.int32
        ),
        "irregular_entry": np.repeat(
            np.arange(len(entries), dtype=np.int32),
            [len(entry[2]) for entry in entries],
        ),
    }


def main(arguments=None):
    """Read the command line and write the file.

    Parameters
    ----------
    arguments : list of str, default=None
        Arguments of the command line; None takes those of the process.
    """
    parser = argparse.ArgumentParser(
        prog="python -m sklearn_ext.augmentation.build_wordnet",
        description="Reduce tables of Open English WordNet to the file that "
        "WordNetSynonyms reads. The licences of the tables hold for the file too.",
    )
    parser.add_argument("senses", metavar="SENSES", help="table of lemmas")
    parser.add_argument("synsets", metavar="SYNSETS", help="table of synsets")
    parser.add_argument("-o", "--output", required=True, help="npz file to write")
    given = parser.parse_args(arguments)
    for path in (given.senses, given.synsets):
        if not Path(path).is_file():
            parser.error(f"there is no file {path}")
    if not Path(given.output).resolve().parent.is_dir():
        parser.error(f"there is no folder for {given.output}")
    arrays = build_wordnet(given.senses, given.synsets)
    with open(given.output, "wb") as file:
        np.savez_compressed(file, **arrays)
    sys.stdout.write(
        f"{given.output}: {len(arrays['entry_part'])} entries, "
        f"{len(arrays['n_members'])} synsets, "
        f"{Path(given.output).stat().st_size} bytes\n"
    )


if __name__ == "__main__":
    main()

"""Command line: a grammar for the parser, counted on treebanks.

``python -m sklearn_ext.augmentation.build_grammar TREEBANK[:WEIGHT]... -o grammar.npz``
"""

import argparse
import csv
import gzip
from pathlib import Path

import numpy as np

from ._parser import LexicalizedPCFGParser
from ._treebank import clean_tree, read_tree, read_trees, tree_tokens, write_tree

__all__ = ["main", "read_treebank"]

WEIGHTS = 1, 2, 4, 8  # what "auto" chooses from
SCORED = range(3, 41)  # lengths, in tokens, of the sentences that are scored

NOTICES = {
    "gum": "GUM, the Georgetown University Multilayer corpus, "
    "https://github.com/amir-zeldes/gum: annotations CC BY 4.0 by Amir Zeldes and the "
    "contributors whom its LICENSE.txt names; the texts under the licences below.",
    "craft": "CRAFT, the Colorado Richly Annotated Full-Text corpus, "
    "https://github.com/UCDenver-ccp/CRAFT: annotations CC BY 3.0 by the Center for "
    "Computational Pharmacology, University of Colorado; the articles under the "
    "licences below.",
}


def read_treebank(path):
    """Return the trees of a file as cleaned brackets.

    Parameters
    ----------
    path : str or path
        One tree to a line or over many; a name that ends in .gz is unpacked.

    Returns
    -------
    trees : list of str
        Trees without words are left out.
    """
    path = Path(path)
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf8") as file:
        text = file.read()
    trees = []
    for tree in read_trees(text):
        try:
            trees.append(write_tree(clean_tree(tree)))
        except ValueError:  # nothing but traces
            continue
    return trees


def split_argument(argument):
    """Split TREEBANK:WEIGHT; the weight is a number or "auto"."""
    path, _, weight = argument.rpartition(":")
    if path and weight == "auto":
        return path, weight
    try:
        return (path, float(weight)) if path else (argument, 1.0)
    except ValueError:  # the colon is part of the name
        return argument, 1.0


def scored(parser, trees):
    """Return how many trees are neither long nor short, and what `evaluate` says."""
    some = [tree for tree in trees if len(tree_tokens(read_tree(tree))) in SCORED]
    return len(some), parser.evaluate(some)


def report(parser, name, trees):
    """Print how well a parser does on trees."""
    n, scores = scored(parser, trees)
    print(  # noqa: T201
        f"{name}: {n} sentences of {SCORED[0]} to {SCORED[-1]} tokens, "
        f"F1 {scores['f1']:.4f}, precision {scores['precision']:.4f}, "
        f"recall {scores['recall']:.4f}, tags {scores['tag_accuracy']:.4f}, "
        f"{scores['n_failed']} without a parse"
    )


def best_weight(treebanks, chosen, parser):
    """Return the weight of a treebank that parses every tenth of its trees best."""
    held_out = treebanks[chosen][0][::10]
    rest = [tree for i, tree in enumerate(treebanks[chosen][0]) if i % 10]
    scores = {}
    for weight in WEIGHTS:
        parts = list(treebanks)
        parts[chosen] = rest, weight
        trees, weights = joined(parts)
        fitted = parser.set_params(lexical_weight=0.0).fit(trees, sample_weight=weights)
        n, found = scored(fitted, held_out)
        scores[weight] = found["f1"]
        print(f"  weight {weight}: F1 {found['f1']:.4f} on {n}")  # noqa: T201
    return max(WEIGHTS, key=scores.get)


def joined(treebanks):
    """Return the trees of all treebanks, and the weight of each; "auto" is 1."""
    trees = [tree for some, _ in treebanks for tree in some]
    weights = [1 if weight == "auto" else weight for _, weight in treebanks]
    return trees, np.repeat(weights, [len(some) for some, _ in treebanks])


def write_attribution(path, treebanks):
    """Write which documents the counts come from, by documents.tsv beside them."""
    lines = [
        "# Attribution",
        "",
        "The grammar was derived by counting over parse trees. It holds how often",
        "rules, tags of words and pairs of head words occur, and no sentence of the",
        "documents that are listed here.",
        "",
    ]
    for treebank in map(Path, treebanks):
        name = treebank.name.removesuffix(".gz").removesuffix(".mrg")
        lines += [f"## {name}", ""]
        for notice in NOTICES:
            if notice in name:
                lines += [NOTICES[notice], ""]
        table = treebank.parent / "documents.tsv"
        if table.is_file():
            with table.open(encoding="utf8") as file:
                rows = csv.DictReader(file, delimiter="\t")
                documents = [
                    (r["document"], r["licence"]) for r in rows if r["file"] == name
                ]
            lines += [f"- {document}: {licence}" for document, licence in documents]
            lines.append("")
    Path(path).write_text("\n".join(lines), encoding="utf8")


def check_arguments(command, options, given):
    """End with a message before minutes of work are lost."""
    files = [path for path, _ in given] + [options.dev, options.test]
    for path in filter(None, files):
        if not Path(path).is_file():
            command.error(f"there is no file {path}")
    for path in filter(None, (options.output, options.attribution)):
        if not Path(path).resolve().parent.is_dir():
            command.error(f"there is no folder for {path}")
    for path, weight in given:
        if weight != "auto" and not 0 < weight < np.inf:
            command.error(f"the weight of {path} must be above 0, got {weight:g}")
    if options.markov_order < 0:
        command.error("--markov-order must be at least 0")
    if options.min_lexical_count < 1:
        command.error("--min-lexical-count must be at least 1")


def main(arguments=None):
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, default=None
        None takes those of the process.
    """
    command = argparse.ArgumentParser(
        prog="python -m sklearn_ext.augmentation.build_grammar",
        description="Count a grammar for LexicalizedPCFGParser on treebanks.",
    )
    command.add_argument(
        "treebanks",
        nargs="+",
        metavar="TREEBANK[:WEIGHT]",
        help="file of bracketed trees, .gz too; WEIGHT multiplies its counts, and auto "
        f"takes the one of {WEIGHTS} that parses every tenth of its trees best",
    )
    command.add_argument("-o", "--output", required=True, help="npz file to write")
    command.add_argument("--dev", help="trees to report the F1 on")
    command.add_argument("--test", help="more trees to report the F1 on")
    command.add_argument("--markov-order", type=int, default=1)
    command.add_argument(
        "--min-lexical-count",
        type=int,
        default=2,
        help="contexts with a head word are kept if seen that often",
    )
    command.add_argument(
        "--attribution",
        help="file to write with the documents that documents.tsv names",
    )
    options = command.parse_args(arguments)
    given = [split_argument(argument) for argument in options.treebanks]
    check_arguments(command, options, given)

    treebanks = []
    for path, weight in given:
        try:
            treebanks.append((read_treebank(path), weight))
        except ValueError as error:
            command.error(f"{path}: {error}")
    for i, (path, weight) in enumerate(given):
        if weight == "auto":
            print(f"{path}:")  # noqa: T201
            parser = LexicalizedPCFGParser(markov_order=options.markov_order)
            treebanks[i] = treebanks[i][0], best_weight(treebanks, i, parser)
    for (path, _), (trees, weight) in zip(given, treebanks, strict=True):
        n_tokens = sum(len(tree_tokens(read_tree(tree))) for tree in trees)
        print(  # noqa: T201
            f"{path}: {len(trees)} trees, {n_tokens} tokens, weight {weight:g}"
        )
    trees, weights = joined(treebanks)
    parser = LexicalizedPCFGParser(markov_order=options.markov_order, verbose=1)
    parser._fit(trees, weights, options.min_lexical_count)
    parser.set_params(verbose=0).save(options.output)
    size = Path(options.output).stat().st_size
    print(f"{options.output}: {size / 1e6:.2f} MB")  # noqa: T201
    for name in filter(None, (options.dev, options.test)):
        report(parser, name, read_treebank(name))
    if options.attribution:
        write_attribution(options.attribution, [path for path, _ in given])


if __name__ == "__main__":
    main()

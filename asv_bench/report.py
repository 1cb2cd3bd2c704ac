"""Print the ratios of the newest results beside those aimed at.

A ratio is the time (or memory) of ours over that of the peer: less is better.
"""

import itertools
import json
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
# The first entry that fits: benchmark, and parts of the parameters that must occur.
TARGETS = [
    ("augmentation.NltkRatio", (), 1 / 1000),
    ("augmentation.Threads", (), 1 / 1.7),
    ("fold_se.FitRatio", ("DecisionTree depth 6", " x 20"), 1 / 5),
    ("fold_se.FitRatio", ("DecisionTree", " x 20"), 1 / 20),
    ("fold_se.FitRatio", ("XGBoost", "256 values"), 1 / 10),
    ("fold_se.FitRatio", ("XGBoost", "x 20, distinct"), 1 / 4),
    ("fold_se.FitRatio", ("foldrpp", "adult"), 1 / 100),
    ("fold_se.FitRatio", ("DecisionTree,", "adult"), 1),
    ("fold_se.FitRatio", ("DecisionTree,", "300 x 10"), 3),
    ("fold_se.LearnRatio", ("DecisionTree",), 1 / 5),
    ("fold_se.LearnRatio", ("foldrpp",), 1 / 300),
    ("fold_se.EncodeRatio", ("256 values",), 1 / 3),
    ("fold_se.EncodeRatio", ("distinct",), 1 / 1.5),
    ("fold_se.EncodeRatio", ("adult",), 1 / 5),
    ("fold_se.PredictRatio", ("1e6",), 1),
    ("fold_se.RulePath", (), 2),
    ("fold_se.Threads", (), 1 / 1.6),
    ("fold_se.Memory.track_memory_ratio", (), 3),
    ("tsetlin.FitRatio", ("pyTsetlinMachine, epoch 1",), 1 / 7),
    ("tsetlin.FitRatio", ("pyTsetlinMachine, epochs 2",), 1 / 4),
    ("tsetlin.FitRatio", ("green_tsetlin",), 1),
    ("tsetlin.PredictRatio", ("pyTsetlinMachine, short",), 1 / 50),
    ("tsetlin.PredictRatio", ("pyTsetlinMachine, long",), 1 / 15),
    ("tsetlin.Threads", (), 1 / 1.7),
    ("tsetlin.Memory.track_memory_ratio", (), 1.5),
    ("probes.FitRatio.track_ratio", ("GaussianNB, 100, 768",), 1 / 14),
    ("probes.FitRatio.track_ratio", ("GaussianNB, 1000, 768",), 1 / 18),
    ("probes.PredictRatio.track_ratio", ("GaussianNB, 100, 768",), 1 / 30),
    ("probes.PredictRatio.track_ratio", ("GaussianNB, 1000, 768",), 1 / 30),
    ("probes.LeaveOneOutRatio", ("temperature",), 3),
    ("probes.CurveRatio", (), 1.5),
    ("probes.Memory.track_memory_ratio", (), 1),
    ("heads.FitRatio", ("TunedThresholdClassifierCV",), 1),
    ("heads.PredictRatio", (), 1.2),
    ("heads.SearchRatio", ("30000",), None),
    ("heads.SearchRatio", ("3000",), 1 / 2),
    ("heads.CutRatio", (), 2),
    ("label_space.PredictRatio", ("tree, 50000 x 1000",), 1 / 4),
    ("label_space.PredictRatio", ("ImageNet",), 1),
    ("label_space.PredictRatio", ("embeddings", ", predict"), 1 / 10),
    ("label_space.LargeTree", (), 1),
    ("label_space.LargeEmbedding", (), 1),
    ("label_space.Memory", (), 1),
    ("label_shift.FitRatio", (), 2),
    ("label_shift.AdjustRatio", (), 1 / 3),
    ("label_shift.Memory", (), 3),
    ("separability.SphereRatio", ("ripser",), 1 / 40),
    ("separability.SphereRatio", ("AgglomerativeClustering",), 1 / 15),
    ("separability.SphereRatio", ("linkage(pdist)",), 1 / 10),
    ("separability.SphereRatio", ("giotto-ph",), 1 / 8),
    ("separability.PlaneRatio", ("fast_hdbscan",), 1),
    ("separability.PlaneRatio", ("sklearn HDBSCAN",), 1 / 5),
    # A kd-tree would save milliseconds there, and cost seconds of compilation.
    ("separability.Choice", ("10000",), 4),
    ("separability.Choice", (), 1.5),
    ("separability.Memory.track_memory_ratio", ("20000",), 1),
    ("separability.FirstFit", (), 1),
    ("text.PackageRatio", ("texts to predictions",), 1 / 15),
    ("text.PackageRatio", ("predictions",), 1 / 200),
    ("text.LsaRatio", (), 2),
    ("text.RefitRatio", (), 1 / 10),
    ("text.TransformRatio", (), 1.2),
    ("text.Doc2VecRatio", (), 1.1),
    ("text.Memory.track_memory_ratio", (), 1),
    ("text.Memory.track_pickle_ratio", (), 1.1),
    ("imports.ImportRatio", (), 1.15),
]


def target(benchmark, case):
    """Return the largest ratio aimed at, None where there is no target."""
    for name, parts, limit in TARGETS:
        if benchmark.startswith(name) and all(part in case for part in parts):
            return limit
    return None


def ratios(results):
    """Yield benchmark, parameters and value of each ratio that was measured."""
    for benchmark, row in results["results"].items():
        if "_ratio" not in benchmark:
            continue
        entry = dict(zip(results["result_columns"], row, strict=False))
        cases = itertools.product(*entry["params"])
        for case, value in zip(cases, entry["result"] or [], strict=False):
            if value is not None and value == value:  # neither failed nor skipped
                yield benchmark, ", ".join(case).replace("'", ""), value


def main():
    """Print one line per ratio."""
    files = sorted(RESULTS.glob("*/*-*.json"), key=lambda file: file.stat().st_mtime)
    if not files:
        raise SystemExit("no results: run asv with --set-commit-hash first")
    for benchmark, case, value in ratios(json.loads(files[-1].read_text())):
        limit = target(benchmark, case)
        aim = "" if limit is None else f"aim {limit:.4g}"
        verdict = "" if limit is None or value <= limit else "missed"
        line = f"{value:8.4f}  {aim:12}{verdict:8}{benchmark}  {case}"
        print(line.rstrip())  # noqa: T201


if __name__ == "__main__":
    main()

"""What imports cost, in fresh interpreters."""

from functools import partial

from ._common import cpu_of_children, ratio_in_turns, run_fresh

PACKAGE, ESTIMATOR = "import sklearn_ext", "from sklearn_ext import FoldSE"
SCIKIT_LEARN = "import sklearn.base"


class Import:
    params = [PACKAGE, ESTIMATOR, SCIKIT_LEARN]
    param_names = ["statement"]
    timeout = 60
    rounds = 1
    number = 1
    warmup_time = 0

    def timeraw_import(self, statement):
        return statement

    def track_cpu_seconds(self, statement):
        """Of the whole interpreter, an idle one included."""
        run_fresh(f"{statement}\nprint(0)")  # reads the files from the disk
        start = cpu_of_children()
        run_fresh(f"{statement}\nprint(0)")
        return cpu_of_children() - start

    track_cpu_seconds.unit = "seconds"


class ImportRatio:
    timeout = 60

    def track_ratio(self):
        calls = [
            partial(run_fresh, f"{s}\nprint(0)") for s in (ESTIMATOR, SCIKIT_LEARN)
        ]
        return ratio_in_turns(*calls, cpu_of_children)

    track_ratio.unit = "of import sklearn.base"

"""Benchmarks of sklearn_ext beside its peers: equal data, one thread each."""

import os

# Before anything loads an OpenMP or BLAS library. FoldSE takes its threads from n_jobs.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

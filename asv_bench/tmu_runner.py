"""Fit or load a tmu model and print what it took, as JSON.

tmu needs numpy < 2, so it has an environment of its own: the benchmarks run this
file with the interpreter that TMU_PYTHON names. The argument is an .npz file of the
data, the settings, and either the number of epochs or the clauses to predict with.
"""

import json
import logging
import sys
import time
from contextlib import redirect_stdout
from statistics import median

import numpy as np
from scipy.sparse import csr_array

logging.disable()  # tmu logs a traceback where there is no GPU


def make_model(given):
    from tmu.models.classification.vanilla_classifier import TMClassifier

    return TMClassifier(
        int(given["n_clauses"]),
        int(given["threshold"]),
        float(given["specificity"]),
        boost_true_positive_feedback=int(given["boost"]),
        weighted_clauses=bool(given["weighted"]),
        seed=1,  # its generator never ends a draw with seed 0
    )


def fit(given, X):
    """Return the CPU seconds of the epochs; a call of its `fit` is one epoch."""
    model = make_model(given)
    dense, y = X.toarray().astype(np.uint32), given["y"].astype(np.uint32)
    start = time.process_time()
    for _ in range(int(given["epochs"])):
        model.fit(dense, y)
    return {"seconds": time.process_time() - start}


def load(given, n_features):
    """Return a model with the clauses given; it has those in favour first."""
    include, votes = given["include"], given["votes"]
    model = make_model(given)
    labels = np.arange(len(include), dtype=np.uint32)
    model.init(np.zeros((len(include), n_features), np.uint32), labels)
    for c in range(len(include)):
        order = np.argsort(votes[c] < 0, kind="stable")
        bank = model.clause_banks[c]
        states = bank.clause_bank.reshape(*include.shape[1:], -1)
        states[..., -1] = include[c, order]  # the highest bit of a state is inclusion
        model.weight_banks[c].get_weights()[:] = votes[c, order]
    return model


def predict(given, X):
    """Return the labels and the median CPU seconds of calls that see X anew."""
    model = load(given, X.shape[1])
    seconds = []
    for _ in range(5):
        model.test_encoder_cache.array_hash = None
        for bank in model.clause_banks:
            model.clause_banks[bank].incremental_clause_evaluation_initialized = False
        start = time.process_time()
        labels = model.predict(X.toarray().astype(np.uint32))
        seconds.append(time.process_time() - start)
    return {"seconds": median(seconds), "labels": labels.tolist()}


def main():
    given = dict(np.load(sys.argv[1]))
    X = csr_array(
        (np.ones(len(given["indices"]), np.uint8), given["indices"], given["indptr"]),
        shape=tuple(given["shape"]),
    )
    with redirect_stdout(sys.stderr):
        result = fit(given, X) if "epochs" in given else predict(given, X)
    print(json.dumps(result))  # noqa: T201


if __name__ == "__main__":
    main()

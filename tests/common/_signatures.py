"""Assert that `warm_up` compiles all there is to compile, whatever the input is like.

For a fresh interpreter: elsewhere, other tests have compiled what is missing here.
"""

import sys
from itertools import product

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.utils import get_tags

import sklearn_ext
from tests.common._instances import instances, texts_for
from tests.common.test_estimators import numbers, outputs, weighted
from tests.text._corpus import made_corpus


def signatures():
    """Compiled signatures of each kernel that is loaded."""
    return {
        f"{module}.{name}": set(kernel.signatures)
        for module in sorted(sys.modules)
        if module.startswith("sklearn_ext.") and "_kernels" in module
        for name, kernel in vars(sys.modules[module]).items()
        if hasattr(kernel, "signatures") and kernel.__module__ == module
    }


def without_layout(signature):
    """A signature that forgets how its arrays lie in memory."""
    return tuple(
        (argument.ndim, argument.dtype) if hasattr(argument, "layout") else argument
        for argument in signature
    )


def tables():
    """Tables of every kind: few and many distinct values, each dtype and layout."""
    few, _ = numbers()
    many = np.random.default_rng(0).normal(size=(3000, 3))
    for X in (few, few.astype(np.float32), many, many.astype(np.float32)):
        read_only = X.copy()
        read_only.flags.writeable = False
        yield from (X, np.asfortranarray(X), read_only, np.repeat(X, 2, axis=1)[:, ::2])
    yield from (few.astype(np.int32), few.astype(object), few > 4)
    yield from (sp.csr_array(few), sp.csc_array(few.astype(np.float32)))
    text = np.char.add("t", few[:, 1].astype(str))
    yield pd.DataFrame({"number": few[:, 0], "text": text})
    yield pd.DataFrame({"number": few[:, 0], "category": pd.Categorical(text)})
    yield pd.DataFrame(few).convert_dtypes()


def fit_everything():
    """Fit and ask every estimator of the package on every table or text it takes."""
    for estimator, X in product(instances(), tables()):
        tags = get_tags(estimator).input_tags
        if not tags.two_d_array:
            continue
        is_mixed = isinstance(X, pd.DataFrame) and "number" in X
        if (sp.issparse(X) and not tags.sparse) or (is_mixed and not tags.string):
            continue
        n_samples = X.shape[0]
        weights = (None, np.ones(n_samples, int), np.linspace(0.5, 2, n_samples))
        for n_classes, weight in product((2, 3), weights):
            y = np.arange(n_samples) % n_classes
            outputs(clone(estimator).fit(X, y, **weighted(estimator, weight)), X)
    corpus = made_corpus(sizes=(40, 40, 40, 40))[0]
    for estimator in instances():
        if not get_tags(estimator).input_tags.two_d_array:
            X, y = texts_for(estimator)
            for extra in ("", " naïve 北京"):
                texts = [text + extra for text in corpus]
                fitted = clone(estimator).fit(X if y is None else texts, y)
                if hasattr(fitted, "sample"):
                    fitted.sample()
                else:
                    outputs(fitted, texts[:3])


def main():
    sklearn_ext.warm_up()
    before = signatures()
    assert before, "no kernel is loaded after warm_up"
    fit_everything()
    for kernel, known in signatures().items():
        new = known - before.get(kernel, set())
        assert not new, f"{kernel} was compiled again, for {new}"
        assert len(set(map(without_layout, known))) == len(known), (
            f"{kernel} was compiled for one dtype in two layouts: {known}"
        )


if __name__ == "__main__":
    main()

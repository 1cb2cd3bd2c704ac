"""Implementations behind one interface; an absent one raises NotImplementedError.

Each takes its data in the form that suits it, prepared outside of the measured time.
"""

import importlib
import os
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ._common import run_fresh

OURS = "sklearn_ext"
TREE = "DecisionTree"
SHALLOW = "DecisionTree depth 6"
SAME_SIZE = "DecisionTree of our size"
XGBOOST = "XGBoost 100"
HIST = "HistGradientBoosting 100"
FOLDRPP = "foldrpp"
RIPPER = "RIPPER"
UNIQUE = "np.unique"
PYTSETLIN = "pyTsetlinMachine"
PYTSETLIN_SCAN = "pyTsetlinMachine, not indexed"
GREEN = "green_tsetlin"
TMU = "tmu"


def load_module(module):
    """Return a module; NotImplementedError where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise NotImplementedError(f"{module} is not installed") from error


class _Sklearn:
    """An estimator that is fitted to the matrix of numbers."""

    def __init__(self, make, leaves):
        self._make = make
        self._leaves = leaves

    def data(self, part):
        return part.matrix, part.y

    def fit(self, data):
        self.model = self._make().fit(*data)

    def predict(self, data):
        return self.model.predict(data[0])

    def size(self):
        return self._leaves(self.model)


class _FoldSE(_Sklearn):
    """Ours takes the frame; encoding is part of `fit`."""

    def __init__(self, part):
        from sklearn_ext import FoldSE

        super().__init__(
            lambda: FoldSE(categorical_features=part.categorical or "from_dtype"),
            lambda model: model.n_rules_,
        )

    def data(self, part):
        return part.frame, part.y


class _FoldRpp:
    """foldrpp takes a list of dicts; an absent key is a missing cell."""

    def __init__(self, part):
        module = load_module("foldrpp.foldrpp")
        names = list(part.frame.columns)
        self._numerical = [c for c in names if c not in part.categorical]
        self._flatten = module.flatten_rules
        self.model = module.Foldrpp(part.categorical, self._numerical, "label", "1")

    def _cell(self, name, text):
        if name in self._numerical:
            try:
                return float(text)
            except ValueError:
                return text
        return text

    def data(self, part):
        keys = [name.lower().replace(" ", "_") for name in part.frame.columns]
        names = list(part.frame.columns)
        return [
            {
                key: self._cell(name, text)
                for key, name, text in zip(keys, names, cells, strict=True)
                if text
            }
            | {"label": label}
            for cells, label in zip(
                part.frame.itertuples(index=False), part.y.tolist(), strict=True
            )
        ]

    def fit(self, data):
        self.model.fit(data)

    def predict(self, data):
        return self.model.predict(data)

    def size(self):
        return len(self._flatten(self.model.rules, self.model.rule_head))


class _Ripper:
    """RIPPER of wittgenstein takes a frame with numbers and strings."""

    def __init__(self):
        self.model = load_module("wittgenstein").RIPPER(random_state=0)

    def data(self, part):
        frame = part.frame.astype(object)
        for j, name in enumerate(frame.columns):
            if name not in part.categorical:
                frame[name] = part.matrix[:, j]
        return frame.assign(target=part.y)

    def fit(self, data):
        self.model.fit(data, class_feat="target", pos_class=1)

    def predict(self, data):
        return self.model.predict(data.drop(columns="target"))

    def size(self):
        return len(self.model.ruleset_)


def _tree(**parameters):
    from sklearn.tree import DecisionTreeClassifier

    return _Sklearn(
        lambda: DecisionTreeClassifier(random_state=0, **parameters),
        lambda model: model.get_n_leaves(),
    )


def _same_size_tree(part):
    """Return a tree with as many tests as our rules have literals."""
    ours = _FoldSE(part)
    ours.fit(ours.data(part))
    return _tree(max_leaf_nodes=max(2, ours.model.n_literals_ + 1))


def _xgboost():
    make = load_module("xgboost").XGBClassifier
    return _Sklearn(
        lambda: make(n_estimators=100, tree_method="hist", n_jobs=1),
        lambda model: int(
            (model.get_booster().trees_to_dataframe()["Feature"] == "Leaf").sum()
        ),
    )


def _hist():
    from sklearn.ensemble import HistGradientBoostingClassifier

    return _Sklearn(
        lambda: HistGradientBoostingClassifier(
            max_iter=100, early_stopping=False, random_state=0
        ),
        lambda model: sum(t.get_n_leaf_nodes() for (t,) in model._predictors),
    )


def make(name, part):
    """Return an implementation for the columns of `part`."""
    if name == OURS:
        return _FoldSE(part)
    if name == TREE:
        return _tree()
    if name == SHALLOW:
        return _tree(max_depth=6)
    if name == SAME_SIZE:
        return _same_size_tree(part)
    if name == XGBOOST:
        return _xgboost()
    if name == HIST:
        return _hist()
    if name == FOLDRPP:
        return _FoldRpp(part)
    return _Ripper()


def fit_call(name, part):
    """Return a call that fits to `part`, with everything imported and compiled."""
    peer = make(name, part)
    peer.fit(peer.data(part.take(slice(0, 2_000))))
    return partial(peer.fit, peer.data(part))


def predict_call(name, part):
    """Return a call that predicts `part` by a model of its first rows."""
    peer = make(name, part)
    few = peer.data(part.take(slice(0, 20_000)))
    peer.fit(few)
    peer.predict(few)
    return partial(peer.predict, peer.data(part))


def encode_call(name, part):
    """Return a call that ranks the values of each column, or of those of strings."""
    frame = part.frame[part.categorical] if part.categorical else part.frame
    if name == UNIQUE:
        columns = [frame[c] for c in frame] if part.categorical else list(frame.T)
        return lambda: [np.unique(column, return_inverse=True) for column in columns]

    from sklearn_ext._core._encoding import Table
    from sklearn_ext._core._numba import Workers
    from sklearn_ext.rules._encoding import encode

    table = Table(frame)
    is_categorical = np.full(table.n_columns, bool(part.categorical))
    call = partial(encode, table, is_categorical, Workers(1))
    encode(Table(frame[:2_000]), is_categorical, Workers(1))
    return call


def learn_call(part):
    """Return a call of all that `FoldSE.fit` does after validation and encoding."""
    from sklearn_ext import FoldSE
    from sklearn_ext._core._numba import Workers
    from sklearn_ext.rules._training import Training

    model = FoldSE(categorical_features=part.categorical).fit(part.frame, part.y)
    training = Training(model, part.frame, part.y, None, Workers(1))
    return lambda: training.fitted_attributes(model, list(training.learn(model)))


def _quality(name, train, test):
    """Return the test accuracy and the number of rules or leaves."""
    peer = make(name, train)
    peer.fit(peer.data(train))
    accuracy = (peer.predict(peer.data(test)) == test.y).mean()
    return float(accuracy), int(peer.size())


def quality_of_all(names, tables, load_both):
    """Return accuracy and size by (name, table), without what is absent or slow."""
    results = {}
    for table in tables:
        with suppress(NotImplementedError):
            parts = load_both(table)
            for name in names:
                if (name, table) == (RIPPER, "adult"):
                    continue  # half a minute
                with suppress(NotImplementedError):
                    results[name, table] = _quality(name, *parts)
    return results


@dataclass(frozen=True)
class TsetlinSettings:
    """What all Tsetlin machines can do: no budget of literals, 8 bits a state."""

    n_clauses: int = 2_000
    threshold: int = 80
    specificity: float = 10.0
    boost: bool = True
    weighted: bool = False


def _cpu_seconds(call):
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


def _include_words(model):
    """Return the clauses of ours as bits in the 32-bit words of the C codes."""
    literals = model.clauses_.toarray().astype(bool)
    words = -(-literals.shape[1] // 32)
    literals = np.pad(literals, ((0, 0), (0, 32 * words - literals.shape[1])))
    bits = np.packbits(literals, axis=1, bitorder="little").view("<u4")
    return bits.reshape(len(model.classes_), -1, words)


class _OurTsetlin:
    """Ours; the interface of all Tsetlin machines.

    `fit` gives CPU seconds, `predict` these and labels, from CSR. `load` takes the
    clauses of a fitted model of ours. `machines` counts the clause banks that learn
    from a sample.
    """

    machines = 2

    def __init__(self, settings):
        from sklearn_ext import TsetlinMachineClassifier

        self.model = TsetlinMachineClassifier(
            settings.n_clauses,
            threshold=settings.threshold,
            specificity=settings.specificity,
            boost_true_positive=settings.boost,
            weighted=settings.weighted,
            max_literals=None,
            device="cpu",
            random_state=0,
        )

    def fit(self, X, y, epochs):
        self.model.set_params(max_iter=epochs)
        return _cpu_seconds(lambda: self.model.fit(X, y))[0]

    def load(self, model):
        self.model = model

    def predict(self, X):
        return _cpu_seconds(lambda: self.model.predict(X))


class _PyTsetlin:
    machines = 2

    def __init__(self, settings, indexed=True):
        make = load_module("pyTsetlinMachine.tm").MultiClassTsetlinMachine
        self._make = partial(
            make,
            settings.n_clauses,
            s=settings.specificity,
            boost_true_positive_feedback=int(settings.boost),
            weighted_clauses=settings.weighted,
            indexed=indexed,
        )
        self._threshold = settings.threshold

    def fit(self, X, y, epochs):
        self.model = self._make(T=self._threshold)
        dense, y = X.toarray(), y.astype(np.uint32)
        return _cpu_seconds(lambda: self.model.fit(dense, y, epochs))[0]

    def load(self, model):
        include = _include_words(model)
        n_classes = len(include)
        votes = np.abs(model.clause_votes_).reshape(n_classes, -1).astype(np.uint32)
        states = np.zeros((*include.shape, 8), np.uint32)
        states[..., 7] = include
        self.model = self._make(T=10**6)  # it clips the votes when it predicts, too
        nothing = np.zeros((n_classes, model.n_features_in_), np.uint8)
        self.model.fit(nothing, np.arange(n_classes), epochs=0)
        self.model.set_state([(votes[c], states[c].ravel()) for c in range(n_classes)])

    def predict(self, X):
        return _cpu_seconds(lambda: self.model.predict(X.toarray()))


class _GreenTsetlin:
    """It shares the clauses over the classes and always has weights."""

    machines = 1

    def __init__(self, settings):
        self._module = load_module("green_tsetlin")
        self._settings = settings

    def fit(self, X, y, epochs):
        settings = self._settings
        machine = self._module.TsetlinMachine(
            X.shape[1],
            settings.n_clauses,
            len(np.unique(y)),
            float(settings.specificity),
            settings.threshold,
            boost_true_positives=settings.boost,
        )
        trainer = self._module.Trainer(
            machine, n_epochs=epochs, seed=1, early_exit_acc=2.0, progress_bar=False
        )
        dense, y = X.toarray().astype(np.uint8), y.astype(np.uint32)
        trainer.set_train_data(dense, y)
        trainer.set_eval_data(dense[:1], y[:1])
        return _cpu_seconds(trainer.train)[0]

    def load(self, model):
        n_rules, n_literals = model.clauses_.shape
        n_classes = len(model.classes_)
        state = self._module.DenseState(n_literals // 2, n_rules, n_classes)
        state.c[:] = np.where(model.clauses_.toarray(), 0, -1)
        state.w[np.arange(n_rules), model.clause_class_] = model.clause_votes_
        rules = self._module.RuleSet(is_multi_label=False)
        rules.compile_from_dense_state(state)
        self.model = self._module.Predictor.from_ruleset(rules)

    def predict(self, X):
        """It takes one row a call."""
        return _cpu_seconds(
            lambda: list(map(self.model.predict, X.toarray().astype(np.uint8)))
        )


class _Tmu:
    """tmu in the environment whose interpreter TMU_PYTHON names."""

    machines = 2
    _runner = Path(__file__).parents[1] / "tmu_runner.py"

    def __init__(self, settings):
        self._python = os.environ.get("TMU_PYTHON")
        if not self._python:
            raise NotImplementedError("TMU_PYTHON names no interpreter that has tmu")
        self._settings = settings

    def _run(self, X, **given):
        rows = {"indptr": X.indptr, "indices": X.indices, "shape": X.shape}
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "given.npz")
            np.savez(file, **asdict(self._settings), **rows, **given)
            return run_fresh(self._runner.read_text(), file, python=self._python)

    def fit(self, X, y, epochs):
        return self._run(X, y=y, epochs=epochs)["seconds"]

    def load(self, model):
        include = _include_words(model)
        votes = model.clause_votes_.reshape(len(include), -1)
        self._clauses = {"include": include, "votes": votes}

    def predict(self, X):
        done = self._run(X, **self._clauses)
        return done["seconds"], done["labels"]


def make_tsetlin(name, settings):
    """Return a Tsetlin machine."""
    if name == OURS:
        return _OurTsetlin(settings)
    if name == PYTSETLIN:
        return _PyTsetlin(settings)
    if name == PYTSETLIN_SCAN:
        return _PyTsetlin(settings, indexed=False)
    if name == GREEN:
        return _GreenTsetlin(settings)
    return _Tmu(settings)

"""Implementations behind one interface; an absent one raises NotImplementedError.

Each takes its data in the form that suits it, prepared outside of the measured time.
"""

import importlib

OURS = "sklearn_ext"
TREE = "DecisionTree"
SHALLOW = "DecisionTree depth 6"
SAME_SIZE = "DecisionTree of our size"
XGBOOST = "XGBoost 100"
HIST = "HistGradientBoosting 100"
FOLDRPP = "foldrpp"
RIPPER = "RIPPER"


def _load(module):
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
        module = _load("foldrpp.foldrpp")
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
        self.model = _load("wittgenstein").RIPPER(random_state=0)

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
    make = _load("xgboost").XGBClassifier
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


def warm(name, part):
    """Return an implementation and its data, everything compiled and imported."""
    peer = make(name, part)
    few = part.take(slice(0, 2_000))
    peer.fit(peer.data(few))
    peer.predict(peer.data(few))
    return peer, peer.data(part)


def quality(name, train, test):
    """Return the test accuracy and the number of rules or leaves."""
    peer = make(name, train)
    peer.fit(peer.data(train))
    accuracy = (peer.predict(peer.data(test)) == test.y).mean()
    return float(accuracy), int(peer.size())

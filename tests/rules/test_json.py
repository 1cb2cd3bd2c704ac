import json
import re

import numpy as np
import pandas as pd
import pytest

from sklearn_ext import FoldSE
from sklearn_ext.rules import Literal
from sklearn_ext.rules._json import model_from_dict, model_to_dict
from tests.rules._tables import random_table


def frame(n_classes=2, seed=0):
    rows, _, y = random_table(seed, n_classes=n_classes)
    X = pd.DataFrame(
        rows, columns=["x", "colour", "it's", "digit", "größe", "constant"]
    )
    return X, np.array(y)


def equal(a, b):
    """Compare attributes, their types and dtypes included."""
    if isinstance(a, np.ndarray):
        return type(b) is np.ndarray and a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(equal, a, b))
    return type(a) is type(b) and a == b


def assert_same_model(model, copy):
    assert type(copy) is type(model)
    assert vars(copy).keys() == vars(model).keys()
    for name, value in vars(model).items():
        assert equal(value, vars(copy)[name]), name


@pytest.mark.parametrize("n_classes", [1, 2, 3])
@pytest.mark.parametrize("tail", [0.005, 3])
def test_round_trip_restores_every_attribute(n_classes, tail):
    X, y = frame(max(n_classes, 2))
    y = y if n_classes > 1 else np.zeros_like(y)
    model = FoldSE(tail=tail).fit(X, y)
    copy = FoldSE.from_json(model.to_json())
    assert_same_model(model, copy)
    assert copy.to_json() == model.to_json()
    unseen = X.assign(colour="unseen", x=np.nan)
    for table in (X, unseen):
        assert equal(model.predict(table), copy.predict(table))
        assert equal(model.predict_proba(table), copy.predict_proba(table))
        assert model.explain(table) == copy.explain(table)


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["no", "it's"]),
        np.array(["no", "yes"], dtype=object),
        np.array([False, True]),
        np.array([-1, 1], dtype=np.int8),
        np.array([2**60, 2**60 + 1]),
        np.array([0.0, 1.0], dtype=np.float32),
    ],
    ids=lambda labels: f"{labels.dtype}-{labels[0]}",
)
def test_round_trip_keeps_the_type_of_the_labels(labels):
    X, y = frame()
    model = FoldSE(pos_label=labels.tolist()[0]).fit(X, labels[y])
    copy = FoldSE.from_json(model.to_json())
    assert_same_model(model, copy)
    assert equal(model.predict(X), copy.predict(X))


@pytest.mark.parametrize(
    "params",
    [
        {"categorical_features": None},
        {"categorical_features": ["colour", "digit"]},
        {"categorical_features": (1, 3)},
        {"categorical_features": np.array([1, 3])},
        {"categorical_features": np.array([False, True, False, True, False, False])},
        {"categorical_features": np.array(["colour", "digit"])},
        {"categorical_features": np.array(["colour", "digit"], dtype=object)},
        {"class_weight": {0: 1, 1: 2.5}},
        {"class_weight": "balanced", "pos_label": 0, "max_rules": 2},
        {"ratio": 1, "tail": 0, "heuristic": "gini", "max_depth": 0},
        {"min_confidence": 0.1, "max_literals": 2, "n_jobs": 1},
    ],
    ids=str,
)
def test_round_trip_keeps_the_parameters(params):
    X, y = frame()
    model = FoldSE(**params).fit(X, y)
    assert_same_model(model, FoldSE.from_json(model.to_json()))


def test_parameters_of_numpy_and_pandas_types_come_back_as_plain_ones():
    X, y = frame()
    model = FoldSE(
        ratio=np.float32(0.5),
        tail=np.int64(2),
        categorical_features=pd.Index(["colour", "digit"]),
        class_weight={np.int64(0): np.float64(1), np.int64(1): np.float64(2)},
    ).fit(X, y)
    params = FoldSE.from_json(model.to_json()).get_params()
    assert [type(params[name]) for name in ("ratio", "tail")] == [float, int]
    assert params["categorical_features"].tolist() == ["colour", "digit"]
    assert params["class_weight"] == {0: 1.0, 1: 2.0}


def test_round_trip_without_feature_names_and_with_odd_tokens():
    rows = [["a\x00", 0.1], ["new\nline", "?"], ["'", None], ["", 1e-300]] * 10
    y = [0, 1, 1, 0] * 10
    model = FoldSE(tail=0).fit(np.array(rows, dtype=object), y)
    assert model.rules_
    copy = FoldSE.from_json(model.to_json())
    assert_same_model(model, copy)
    assert not hasattr(copy, "feature_names_in_")


def test_thresholds_are_exact():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 1)) * 10.0 ** rng.integers(-300, 300, (200, 1))
    model = FoldSE(tail=0).fit(X, X[:, 0] > np.median(X))
    values = [lit.value for rule in model.rules_ for lit in rule.literals]
    copy = FoldSE.from_json(model.to_json())
    assert [lit.value for rule in copy.rules_ for lit in rule.literals] == values
    assert set(values) <= set(X[:, 0].tolist())


def test_document_is_readable():
    X, y = frame()
    model = FoldSE().fit(X, np.array(["no", "yes"])[y])
    data = json.loads(model.to_json())
    assert (data["format"], data["version"]) == ("sklearn_ext.FoldSE", 1)
    assert data["classes"] == {"dtype": "<U3", "values": ["no", "yes"]}
    assert data["feature_names"] == X.columns.tolist()
    rule = data["rules"][0]
    assert data["classes"]["values"][rule["head"]] == model.rules_[0].head
    assert Literal(**rule["literals"][0]) == model.rules_[0].literals[0]
    assert [e["head"] for e in rule["exceptions"]] == [None] * len(rule["exceptions"])


def test_files(tmp_path):
    X, y = frame()
    model = FoldSE().fit(X, y)
    path = tmp_path / "model.json"
    text = model.to_json(path)
    assert path.read_text(encoding="utf-8") == text
    for source in (path, str(path), text, f"\n {text}"):
        assert_same_model(model, FoldSE.from_json(source))
    with pytest.raises(FileNotFoundError):
        FoldSE.from_json(tmp_path / "absent.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, "format 'sklearn_ext.FoldSE', found 'other'"),
        ({"format": None}, "found None"),
        ({"version": 2}, "Expected version 1 .* found 2"),
        ({"version": None}, "found None"),
    ],
)
def test_other_formats_and_versions_are_refused(change, message):
    X, y = frame()
    text = json.dumps(json.loads(FoldSE().fit(X, y).to_json()) | change)
    with pytest.raises(ValueError, match=message):
        FoldSE.from_json(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [("[1, 2]", "found 'list'"), ("{}", "found None"), ("{no json", "Expecting")],
)
def test_other_texts_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        FoldSE.from_json(text)


def test_what_json_cannot_store_is_refused():
    X, y = frame()
    model = FoldSE().fit(X, y)
    data = model_to_dict(model)
    model.set_params(pos_label=object())
    with pytest.raises(TypeError, match="Parameter 'pos_label' holds <object"):
        model.to_json()
    model = model_from_dict(FoldSE, data)
    model.classes_ = np.array([("a", 1), ("b", 2), None], dtype=object)[:2]
    with pytest.raises(TypeError, match=r"classes_ holds \('a', 1\) of type tuple"):
        model.to_json()


def damaged(change):
    """A model as JSON text after `change` was applied to its data."""
    X = [[0.0, "a"], [1.0, "a"], [2.0, "b"], [3.0, "b"]] * 5
    data = json.loads(FoldSE().fit(X, ["n", "n", "y", "y"] * 5).to_json())
    change(data)
    return json.dumps(data)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda d: d.pop("rules"), "rules"),
        (lambda d: d["params"].update(tail=-5), "tail"),
        (lambda d: d["params"].update(tale=5), "tale"),
        (lambda d: d["rules"][0].update(head=2), "head 2"),
        (lambda d: d["rules"][0].update(head=-1), "head -1"),
        (lambda d: d["rules"][0].update(literals=[]), "without literals"),
        (lambda d: d["rules"][0]["literals"][0].update(feature=9), "feature 9"),
        (lambda d: d["rules"][0]["literals"][0].update(feature=-1), "feature -1"),
        (lambda d: d["rules"][0]["literals"][0].update(value=None), "None"),
        (lambda d: d["rules"][0]["literals"][0].update(op="!="), "'!='"),
        (lambda d: d["rules"][0]["literals"][0].update(negated="no"), "'no'"),
        (lambda d: d["rules"][0]["literals"][0].update(colour=1), "colour"),
        (lambda d: d.update(rule_counts=[[1, 2]]), "rule counts"),
        (lambda d: d.update(rule_counts=[[-9, 1], [1, 1]]), "negative"),
        (lambda d: d.update(default_class=5), "default class 5"),
        (lambda d: d["classes"].update(dtype="<U100000000"), "U100000000"),
        (lambda d: d["classes"].update(dtype="V8"), "V8"),
        (lambda d: d.update(feature_names=["a"]), "names"),
    ],
)
def test_damaged_data_is_refused(change, named):
    with pytest.raises(ValueError, match=re.escape(named)):
        FoldSE.from_json(damaged(change))


def test_deep_nesting_is_refused():
    text = damaged(lambda d: d["rules"][0].update(exceptions="@"))
    rule = '{"head": null, "literals": [{"feature": 0, "op": ">", "value": 1.0,'
    rule += ' "negated": false}], "support": 1, "confidence": 1, "exceptions": ['
    nested = "[" + rule * 3000 + "]}" * 3000 + "]"
    with pytest.raises(ValueError, match="deep"):
        FoldSE.from_json(text.replace('"@"', nested))


def test_a_byte_order_mark_is_skipped(tmp_path):
    text = damaged(lambda d: None)
    (tmp_path / "model.json").write_text(text, encoding="utf-8-sig")
    for source in ("\ufeff" + text, tmp_path / "model.json"):
        assert FoldSE.from_json(source).predict([[3.0, "b"]]) == ["y"]

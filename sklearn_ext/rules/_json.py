"""A fitted rule learner as JSON: plain data, safe to read, exact to the last bit."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ._rule import Literal, Rule, distinct_rules

__all__ = ["model_from_dict", "model_to_dict", "read_json", "write_json"]

FORMAT = "sklearn_ext.FoldSE"
VERSION = 1
WIDEST_LABEL = 2**16  # bytes


def _pack_scalar(value: object, what: str) -> bool | int | float | str:
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, bool | int | float | str):
        raise TypeError(
            f"{what} holds {value!r} of type {type(value).__name__}, which JSON cannot "
            f"store. Supported are str, bool, int and float."
        )
    return value


def _pack_array(array: np.ndarray, what: str) -> dict:
    values = [_pack_scalar(value, what) for value in array.tolist()]
    return {"dtype": array.dtype.str, "values": values}


def _unpack_array(packed: dict) -> np.ndarray:
    dtype = np.dtype(packed["dtype"])
    # A forged width of text would take all the memory.
    sound = dtype.kind in "biufOU" and dtype.itemsize <= WIDEST_LABEL
    _require(sound, f"an array of dtype {packed['dtype']!r}")
    return np.array(packed["values"], dtype=dtype)


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise ValueError(f"found {what}")


def _pack_parameter(value: object, name: str) -> object:
    """Encode a constructor parameter; one-key objects stand for what JSON lacks."""
    what = f"Parameter {name!r}"
    if value is None:
        return None
    if isinstance(value, list):
        return [_pack_parameter(item, name) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [_pack_parameter(item, name) for item in value]}
    if isinstance(value, dict):  # its keys are labels, which need not be strings
        pairs = [[_pack_scalar(key, what), value[key]] for key in value]
        return {"dict": [[key, _pack_scalar(item, what)] for key, item in pairs]}
    if hasattr(value, "__array__") and not isinstance(value, np.generic):
        return {"array": _pack_array(np.asarray(value), what)}
    return _pack_scalar(value, what)


def _unpack_parameter(packed: object) -> object:
    if isinstance(packed, list):
        return [_unpack_parameter(item) for item in packed]
    if not isinstance(packed, dict):
        return packed
    [(kind, content)] = packed.items()
    if kind == "tuple":
        return tuple(_unpack_parameter(item) for item in content)
    return dict(content) if kind == "dict" else _unpack_array(content)


def _pack_rule(rule: Rule, class_of: dict) -> dict:
    return {
        "head": None if rule.head is None else class_of[rule.head],
        "literals": [
            {
                "feature": int(literal.feature),
                "op": literal.op,
                "value": literal.value,
                "negated": bool(literal.negated),
            }
            for literal in rule.literals
        ],
        "exceptions": [_pack_rule(child, class_of) for child in rule.exceptions],
        "support": float(rule.support),
        "confidence": float(rule.confidence),
    }


def _unpack_literal(packed: dict, is_categorical: Sequence[bool]) -> Literal:
    literal = Literal(**packed)
    feature, value = literal.feature, literal.value
    _require(type(feature) is int, f"the feature {feature!r}")
    _require(0 <= feature < len(is_categorical), f"the feature {feature!r}")
    is_token = literal.op == "==" and isinstance(value, str)
    is_bound = literal.op in ("<=", ">") and type(value) in (int, float)
    _require(is_token or is_bound, f"the operator {literal.op!r} with {value!r}")
    _require(isinstance(literal.negated, bool), f"negated={literal.negated!r}")
    return literal


def _unpack_rule(packed: dict, labels: Sequence, is_categorical: Sequence) -> Rule:
    head = packed["head"]
    _require(head is None or head in range(len(labels)), f"the head {head!r}")
    _require(len(packed["literals"]) > 0, "a rule without literals")
    return Rule(
        head=None if head is None else labels[head],
        literals=tuple(
            _unpack_literal(literal, is_categorical) for literal in packed["literals"]
        ),
        exceptions=tuple(
            _unpack_rule(child, labels, is_categorical)
            for child in packed["exceptions"]
        ),
        support=float(packed["support"]),
        confidence=float(packed["confidence"]),
    )


def model_to_dict(model) -> dict:
    """Return a fitted model as data that JSON can hold; classes go by position."""
    class_of = {label: k for k, label in enumerate(model.classes_.tolist())}
    names = getattr(model, "feature_names_in_", None)
    return {
        "format": FORMAT,
        "version": VERSION,
        "params": {
            name: _pack_parameter(value, name)
            for name, value in model.get_params(deep=False).items()
        },
        "classes": _pack_array(model.classes_, "classes_"),
        "feature_names": None if names is None else list(map(str, names)),
        "is_categorical": model.is_categorical_.tolist(),
        "categories": [tokens.tolist() for tokens in model.categories_],
        "rules": [_pack_rule(rule, class_of) for rule in model.rules_],
        "raw_rules": [_pack_rule(rule, class_of) for rule in model.raw_rules_],
        "rule_counts": model.rule_counts_.tolist(),
        "default_class": class_of[model.default_class_],
        "tail_count": float(model.tail_count_),
        "feature_importances": model.feature_importances_.tolist(),
    }


def _check_format(data: object) -> None:
    found = data.get("format") if isinstance(data, dict) else type(data).__name__
    if found != FORMAT:
        raise ValueError(f"Expected JSON of the format {FORMAT!r}, found {found!r}.")
    if data.get("version") != VERSION:
        raise ValueError(
            f"Expected version {VERSION} of the format {FORMAT!r}, found "
            f"{data.get('version')!r}. Read it with the release that wrote it."
        )


def model_from_dict(cls, data: dict):
    """Return the fitted model that `model_to_dict` described.

    Raises ValueError for another format or version, and for damaged data.
    """
    _check_format(data)
    try:
        return _unpack_model(cls, data)
    except RecursionError:
        reason = "found exceptions that are nested too deep"
    except KeyError as error:
        reason = f"found no entry {error}"
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        reason = str(error)
    raise ValueError(f"The data of the format {FORMAT!r} are damaged: {reason}.")


def _unpack_model(cls, data):
    params = data["params"].items()
    model = cls(**{name: _unpack_parameter(value) for name, value in params})
    model._validate_params()
    model.classes_ = _unpack_array(data["classes"])
    labels = model.classes_.tolist()
    is_categorical = data["is_categorical"]
    model.n_features_in_ = len(is_categorical)
    if data["feature_names"] is not None:
        _require(len(data["feature_names"]) == len(is_categorical), "missing names")
        model.feature_names_in_ = np.array(data["feature_names"], dtype=object)
    model.is_categorical_ = np.array(is_categorical, dtype=bool)
    model.categories_ = [np.array(tokens, object) for tokens in data["categories"]]
    for name in ("rules", "raw_rules"):
        rules = (_unpack_rule(rule, labels, is_categorical) for rule in data[name])
        setattr(model, f"{name}_", tuple(rules))
    counts = np.array(data["rule_counts"], dtype=np.float64)
    _require(counts.shape == (len(model.rules_) + 1, len(labels)), "other rule counts")
    _require(bool((counts >= 0).all()), "negative rule counts")
    model.rule_counts_ = counts
    lines = distinct_rules(model.rules_)
    model.n_rules_ = len(lines)
    model.n_literals_ = sum(len(rule.literals) for rule in lines)
    default = data["default_class"]
    _require(default in range(len(labels)), f"the default class {default!r}")
    model.default_class_ = labels[default]
    model.tail_count_ = float(data["tail_count"])
    importances = data["feature_importances"]
    model.feature_importances_ = np.array(importances, dtype=np.float64)
    return model


def write_json(model, path: str | os.PathLike | None = None) -> str:
    """Return a fitted model as JSON text, and write it to `path` if that is given."""
    text = json.dumps(model_to_dict(model), allow_nan=False)
    if path is not None:
        Path(path).write_text(text, encoding="utf-8")
    return text


def read_json(cls, source: str | os.PathLike):
    """Return the fitted model from JSON text or from the file that holds it."""
    if not (isinstance(source, str) and source.lstrip("\ufeff \n\r\t")[:1] in "{["):
        source = Path(source).read_text(encoding="utf-8")
    try:
        data = json.loads(source.lstrip("\ufeff"))
    except RecursionError:
        raise ValueError("The JSON text is nested too deep.") from None
    return model_from_dict(cls, data)

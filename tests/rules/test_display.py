"""The picture of a rule set: what its lines say, and that nothing overlaps."""

import sys
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from sklearn_ext import FoldSE
from sklearn_ext.rules import Literal, Rule, RuleSetDisplay

pytest.importorskip("matplotlib")


@pytest.fixture(autouse=True)
def _close_figures():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def with_rules(rules, *, names, classes=("no", "yes"), tokens=None, counts=None):
    """Return a fitted FoldSE that holds the given rules."""
    X = pd.DataFrame(np.zeros((len(classes), len(names))), columns=names)
    model = FoldSE().fit(X, list(classes))
    model.rules_ = tuple(rules)
    model.categories_ = tokens or [[] for _ in names]
    if counts is None:
        counts = np.full((len(rules) + 1, len(classes)), 5.0)
    model.rule_counts_ = np.asarray(counts, float)
    model.default_class_ = model.classes_[0]
    return model


def sentences(display):
    return [f"{line['word']} {line['body']}".strip() for line in display.lines]


def drawn_texts(display):
    return [text for text in display.ax_.texts if text.get_text()]


def assert_tidy(display):
    """No two texts overlap, and none leaves the axes."""
    figure, ax = display.figure_, display.ax_
    figure.canvas.draw()
    outer = ax.get_window_extent()
    boxes = [(text, text.get_window_extent()) for text in drawn_texts(display)]
    for text, box in boxes:
        assert box.x0 >= outer.x0 - 1, text
        assert box.x1 <= outer.x1 + 1, text
        assert box.y0 >= outer.y0 - 1, text
        assert box.y1 <= outer.y1 + 1, text
    bars = [(bar, bar.get_window_extent()) for bar in ax.patches]
    for (one, first), (other, second) in combinations(boxes, 2):
        # Boxes of neighbouring lines may touch: they hold room for accents.
        width = min(first.x1, second.x1) - max(first.x0, second.x0)
        height = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert width < 1 or height < 2, (one, other)
    for (text, box), (bar, patch) in ((t, b) for t in boxes for b in bars):
        width = min(box.x1, patch.x1) - max(box.x0, patch.x0)
        height = min(box.y1, patch.y1) - max(box.y0, patch.y0)
        assert width < 1 or height < 1, (text, bar)


def test_lines_of_a_binary_model():
    deepest = Rule(None, (Literal(0, ">", 2.0, True),), (), 2.0, 0.5)
    exception = Rule(None, (Literal(1, "==", "b"),), (deepest,), 4.0, 0.5)
    rules = [
        Rule("yes", (Literal(0, "<=", 1.5), Literal(1, "==", "a", True)), (exception,)),
        Rule("yes", (Literal(0, "<=", 7.0, True),)),
    ]
    model = with_rules(rules, names=["age", "kind"])
    display = RuleSetDisplay.from_estimator(model)
    assert sentences(display) == [
        "if age ≤ 1.5 and kind is not 'a'",
        "unless kind is 'b'",
        "unless age ≤ 2",
        "or if age > 7",
        "otherwise",
    ]
    assert [line["depth"] for line in display.lines] == [0, 1, 2, 0, 0]
    assert [line["head"] for line in display.lines] == [1, None, None, 1, 0]
    assert_tidy(display)


@pytest.mark.parametrize(
    ("literals", "tokens", "text"),
    [
        ([Literal(0, ">", 0.25), Literal(0, "<=", 3.0)], [""], "0.25 < a ≤ 3"),
        ([Literal(0, "<=", 0.25, True)], [], "a > 0.25"),
        ([Literal(0, "<=", 0.25, True)], [""], "(a > 0.25 or missing)"),
        ([Literal(0, ">", 0.25, True)], ["?", ""], "(a ≤ 0.25 or no number)"),
        (
            [Literal(0, "<=", 1.0, True), Literal(0, ">", 2.0, True)],
            ["?"],
            "(1 < a ≤ 2 or no number)",
        ),
        ([Literal(0, "==", "")], [""], "a is missing"),
        ([Literal(0, "==", "", True)], [""], "a is not missing"),
        ([Literal(0, "==", "x  y\nz")], ["x"], "a is 'x y z'"),
        ([Literal(0, "==", "long" * 40)], ["x"], f"a is '{'long' * 14}lon…'"),
        ([Literal(0, "<=", 1234567.0)], [], "a ≤ 1234567"),
        ([Literal(0, "<=", np.float64(np.float32(0.1)).item())], [], "a ≤ 0.1"),
    ],
)
def test_literals_are_read_as_sentences(literals, tokens, text):
    model = with_rules([Rule("yes", tuple(literals))], names=["a"], tokens=[tokens])
    display = RuleSetDisplay.from_estimator(model)
    assert sentences(display)[0] == f"if {text}"


@pytest.mark.parametrize("load", [load_breast_cancer, load_wine])
def test_bars_are_the_rows_that_each_rule_decides(load):
    X, y = load(return_X_y=True, as_frame=True)
    model = FoldSE().fit(X, y)
    display = RuleSetDisplay.from_estimator(model)
    top = [line for line in display.lines if line["depth"] == 0]
    np.testing.assert_array_equal(
        [line["counts"][:-1] for line in top], model.rule_counts_
    )
    frame = model.rules_frame().set_index("name")["confidence"]
    names = [*(f"rule{k + 1}" for k in range(len(model.rules_))), "default"]
    np.testing.assert_allclose([line["confidence"] for line in top], frame[names])

    supports, pending = [], list(model.rules_)
    while pending:
        rule = pending.pop(0)
        supports += [child.support for child in rule.exceptions]
        pending += rule.exceptions
    nested = [line["counts"].sum() for line in display.lines if line["depth"]]
    assert sorted(nested) == sorted(supports)

    bars = [bar for bar in display.ax_.patches if bar.get_height() > 0]
    shares = np.array([bar.get_width() for bar in bars])
    counts = np.concatenate([line["counts"] for line in display.lines])
    assert len(shares) == np.count_nonzero(counts)
    np.testing.assert_allclose(shares.sum() / shares.max(), counts.sum() / counts.max())
    assert_tidy(display)


def test_rows_of_exceptions_by_class():
    """An exception argues for other classes, and its own exception for the head."""
    X = pd.DataFrame({"a": [0, 0, 0, 0, 0, 0, 1, 1], "b": [0, 0, 0, 0, 1, 1, 0, 1]})
    exception = Rule(
        None, (Literal(1, ">", 0.5),), (), 5.0, (4 + 1.9208) / (5 + 3.8416)
    )
    nested = Rule(
        None, (Literal(1, ">", 0.5),), (exception,), 5.0, exception.confidence
    )
    rule = Rule("c", (Literal(0, "<=", 0.5),), (nested,))
    for classes, expected in (
        ("bc", [[4, 1, 0], [1, 4, 0]]),
        ("bcd", [[0, 1, 0, 4], [0, 4, 0, 1]]),
    ):
        model = with_rules([rule], names=list(X), classes=classes)
        display = RuleSetDisplay.from_estimator(model)
        counts = [line["counts"].tolist() for line in display.lines if line["depth"]]
        np.testing.assert_allclose(counts, expected)


def test_no_rules():
    model = FoldSE(tail=9).fit([[1.0]] * 4, [0, 1, 1, 1])
    display = RuleSetDisplay.from_estimator(model)
    assert sentences(display) == ["always"]
    assert_tidy(display)
    display = RuleSetDisplay.from_estimator(FoldSE().fit([[1.0]] * 4, ["a"] * 4))
    assert sentences(display) == ["always"]
    assert_tidy(display)


def test_many_rules_and_classes():
    X, y = load_digits(return_X_y=True, as_frame=True)
    model = FoldSE(tail=0).fit(X, y)
    n_rules = len(model.rules_)
    display = RuleSetDisplay.from_estimator(model, max_rules=None)
    assert sum(line["depth"] == 0 for line in display.lines) == n_rules + 1
    assert_tidy(display)
    names = [text.get_text() for text in drawn_texts(display)]
    assert "other classes" in names

    short = RuleSetDisplay.from_estimator(model, max_rules=n_rules - 2)
    assert "… 2 more rules" in sentences(short)
    hidden = short.lines[-2]
    assert hidden["head"] is None
    assert hidden["confidence"] is None
    np.testing.assert_array_equal(
        hidden["counts"][:-1], model.rule_counts_[-3:-1].sum(axis=0)
    )
    one = RuleSetDisplay.from_estimator(model, max_rules=n_rules - 1)
    assert "… 1 more rule" in sentences(one)
    assert_tidy(one)


def test_the_lightest_of_many_classes_are_grey():
    classes = [f"class {letter}" for letter in "abcdefghijkl"]
    counts = np.vstack([np.arange(12.0), np.zeros(12)])
    rule = Rule(classes[0], (Literal(0, "<=", 0.5),))
    model = with_rules([rule], names=["x"], classes=classes, counts=counts)
    display = RuleSetDisplay.from_estimator(model)
    names = [text.get_text() for text in drawn_texts(display)]
    in_legend = [name for name in (*classes, "other classes") if name in names]
    assert in_legend == ["class a", *classes[2:], "other classes"]  # "a" labels lines
    assert_tidy(display)


AWKWARD = [
    "price in $ and tax in $",
    "under_score and a\nline break",
    "W" * 150,
    "many words " * 20,
    r"\frac{1}{2} %s {}",
]


def test_awkward_names_are_wrapped():
    literals = tuple(Literal(j, "<=", 0.5 + j) for j in range(len(AWKWARD)))
    rules = [Rule("yes " * 30, literals, (Rule(None, literals[2:], (), 1.0),))] * 2
    model = with_rules(rules, names=AWKWARD, classes=["no$a$" * 90, "yes " * 30])
    display = RuleSetDisplay.from_estimator(model)
    assert_tidy(display)
    width, _ = display.figure_.get_size_inches()
    assert width < 14
    words = " ".join(text.get_text() for text in drawn_texts(display))
    assert "price in $ and tax in $ ≤ 0.5" in words


@pytest.mark.parametrize("size", [(9, 4), (6, 4), (5, 6)])
def test_text_fits_into_given_axes(size):
    import matplotlib.pyplot as plt

    data = load_breast_cancer(as_frame=True)
    model = FoldSE(tail=0).fit(data.data, data.target_names[data.target])
    figure, (above, below) = plt.subplots(2, figsize=size)
    display = RuleSetDisplay.from_estimator(model, ax=below)
    assert display.ax_ is below
    assert display.figure_ is figure
    assert_tidy(display)
    assert display.plot(ax=above) is display
    assert display.ax_ is above
    assert_tidy(display)


def test_a_tiny_axes_is_no_error():
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(figsize=(1, 0.5))
    X, y = load_breast_cancer(return_X_y=True)
    assert RuleSetDisplay.from_estimator(FoldSE().fit(X, y), ax=ax).ax_ is ax


def test_saved_at_another_resolution():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    display = RuleSetDisplay.from_estimator(FoldSE().fit(X, y))
    for dpi in (72, 150, 300):
        display.figure_.set_dpi(dpi)
        assert_tidy(display)


def test_keywords_reach_the_bars():
    X, y = load_wine(return_X_y=True)
    display = RuleSetDisplay.from_estimator(FoldSE().fit(X, y), hatch="//", alpha=0.25)
    hatched = [bar for bar in display.ax_.patches if bar.get_hatch() == "//"]
    assert hatched
    assert all(bar.get_alpha() == 0.25 for bar in hatched)


def test_weights_are_called_weights():
    X, y = load_wine(return_X_y=True)
    weighted = FoldSE().fit(X, y, sample_weight=np.full(len(y), 0.3))
    texts = [
        text.get_text() for text in drawn_texts(RuleSetDisplay.from_estimator(weighted))
    ]
    assert "training weight" in texts
    unweighted = RuleSetDisplay.from_estimator(FoldSE().fit(X, y))
    assert "training rows" in [text.get_text() for text in drawn_texts(unweighted)]


def test_global_state_is_left_alone():
    import matplotlib as mpl

    X, y = load_wine(return_X_y=True)
    model = FoldSE().fit(X, y)
    state, settings = dict(vars(model)), dict(mpl.rcParams)
    RuleSetDisplay.from_estimator(model)
    assert dict(mpl.rcParams) == settings
    assert vars(model).keys() == state.keys()
    assert all(vars(model)[name] is value for name, value in state.items())


@pytest.mark.parametrize(
    "estimator", [DecisionTreeClassifier(), make_pipeline(FoldSE()), FoldSE, None]
)
def test_other_objects_are_refused(estimator):
    with pytest.raises(TypeError, match=f"got {type(estimator).__name__}"):
        RuleSetDisplay.from_estimator(estimator)


def test_an_unfitted_estimator_is_refused():
    with pytest.raises(NotFittedError, match="FoldSE"):
        RuleSetDisplay.from_estimator(FoldSE())


def test_max_rules_is_checked():
    model = FoldSE().fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(ValueError, match=r"max_rules must be None .* got 0"):
        RuleSetDisplay.from_estimator(model, max_rules=0)


def test_a_missing_matplotlib_is_named(monkeypatch):
    model = FoldSE().fit([[0.0], [1.0]], [0, 1])
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"sklearn-ext\[plot\]"):
        RuleSetDisplay.from_estimator(model)

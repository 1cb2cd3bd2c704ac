"""The picture of the words for and against a class."""

import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from sklearn.exceptions import NotFittedError
from sklearn.naive_bayes import BernoulliNB
from sklearn.pipeline import make_pipeline

from sklearn_ext import TsetlinMachineClassifier
from sklearn_ext.tsetlin import ClauseDisplay
from tests.tsetlin._rule_models import fitted, machine, machines

pytest.importorskip("matplotlib")

RULES = [
    (1, 6, [0, 1]),
    (1, 4, [1]),
    (1, -8, [4, 5]),
    (1, -3, [0]),
    (1, -2, [2, 4]),
    (1, 5, [5]),
    (1, 9, [2, 5]),
    (1, 7, []),
    (0, 50, [0]),
]
NAMES = ["refund", "thanks", "please"]


@pytest.fixture(autouse=True)
def _close_figures():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def display_of(rules=RULES, **options):
    model = machine(rules, n_features=3)
    return ClauseDisplay.from_estimator(model, feature_names=NAMES, **options)


def bars(display):
    """Return (text, votes) of each bar from above, as drawn."""
    texts = [label.get_text() for label in display.ax_.get_yticklabels()]
    widths = [bar.get_width() for bar in display.ax_.patches]
    places = [bar.get_y() + bar.get_height() / 2 for bar in display.ax_.patches]
    np.testing.assert_allclose(places, display.ax_.get_yticks())
    return list(zip(texts, widths, strict=True))


def test_each_clause_divides_its_vote():
    display = display_of()
    assert display.class_label == "bee"
    frame = display.frame()
    assert list(frame) == ["literal", "votes", "n_clauses"]
    assert list(frame.itertuples(index=False, name=None)) == [
        ("thanks", 3.0 + 4.0 + 4.0, 3),
        ("refund", 3.0 - 3.0, 2),
        ("not thanks", -1.0, 1),
        ("please", 4.0 - 1.0 - 5.0, 3),
    ]
    assert bars(display) == [
        ("thanks", 11.0),
        ("not thanks", -1.0),
        ("please", -2.0),
    ]


def assert_as_divided_by_hand(model, label):
    """The table of a picture is what the texts of the rules say."""
    shares, counts = {}, {}
    for rule in model.get_rules(class_label=label).itertuples():
        words = [*rule.present, *(f"not {name}" for name in rule.absent)]
        share = rule.vote / rule.n_literals
        if not rule.present:
            words, share = rule.absent, -share
        for word in words:
            shares[word] = shares.get(word, 0) + share
            counts[word] = counts.get(word, 0) + 1
    display = ClauseDisplay.from_estimator(model, class_label=label)
    frame = display.frame().set_index("literal")
    assert frame["n_clauses"].to_dict() == counts
    assert frame["votes"].is_monotonic_decreasing
    for literal, total in frame["votes"].items():
        np.testing.assert_allclose(total, shares[literal], atol=1e-9)
    drawn = [votes for _, votes in bars(display)]
    expected = frame["votes"][frame["votes"] != 0]
    n_against = (expected < 0).sum()
    expected = [
        *expected[: -n_against or None][:10],
        *expected[-n_against or len(expected) :][-10:],
    ]
    np.testing.assert_array_equal(drawn, expected)


@settings(max_examples=10)
@given(machines())
def test_any_rules_are_divided(model):
    assert_as_divided_by_hand(model, model.classes_[-1])


def test_a_fitted_machine_is_divided():
    model, _ = fitted()
    for label in model.classes_:
        assert_as_divided_by_hand(model, label)


@pytest.mark.parametrize("top", [1, 2, 3, None])
def test_top_counts_on_either_side(top):
    rules = [(4, [0]), (3, [1]), (-6, [2, 4]), (-1, [2]), (2, [0, 5])]
    display = display_of([(1, *rule) for rule in rules], top=top)
    speak_for = [("refund", 5.0), ("thanks", 3.0), ("not please", 1.0)]
    against = [("not thanks", -3.0), ("please", -4.0)]
    assert bars(display) == speak_for[:top] + (against[1:] if top == 1 else against)
    frame = display.frame()[["literal", "votes"]]
    assert list(frame.itertuples(index=False, name=None)) == speak_for + against


def test_one_side_only():
    assert bars(display_of([(1, 2, [0]), (1, 1, [1])], top=1)) == [("refund", 2.0)]
    against = display_of([(1, -2, [0]), (1, -1, [1])], top=1)
    assert bars(against) == [("refund", -2.0)]
    assert bars(display_of(class_label="ant")) == [("refund", 50.0)]


def test_shares_that_cancel_are_not_drawn():
    rules = [(1, vote, range(10)) for vote in (1, 1, 1, -3)]
    display = ClauseDisplay.from_estimator(machine(rules, n_features=10))
    assert 0.1 + 0.1 + 0.1 - 0.3 != 0
    assert display.frame()["votes"].tolist() == [0] * 10
    assert bars(display) == []


def test_nothing_to_draw():
    display = display_of([])
    assert bars(display) == []
    assert display.frame().empty
    display.figure_.canvas.draw()


def test_colours_tell_the_sides_apart():
    colours = {
        bar.get_width() > 0: bar.get_facecolor() for bar in display_of().ax_.patches
    }
    assert colours[True] != colours[False]


def test_plot_draws_again_where_it_is_told():
    import matplotlib.pyplot as plt

    display = display_of()
    own = display.figure_
    figure, ax = plt.subplots()
    assert display.plot(ax=ax, hatch="//", color="black") is display
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert own is not figure
    assert all(bar.get_hatch() == "//" for bar in ax.patches)
    assert {bar.get_facecolor() for bar in ax.patches} == {(0.0, 0.0, 0.0, 1.0)}
    assert ClauseDisplay.from_estimator(fitted()[0], class_label="bee", ax=ax).ax_ is ax


def test_awkward_names_fit():
    names = ["in $ and tax in $", "W" * 150, "two\nlines \\frac{1}{2}"]
    model = machine(RULES, n_features=3)
    display = ClauseDisplay.from_estimator(model, feature_names=names)
    figure, ax = display.figure_, display.ax_
    figure.canvas.draw()
    _, height = figure.canvas.get_width_height()
    for label in ax.get_yticklabels():
        box = label.get_window_extent()
        assert box.x0 >= 0, label
        assert box.y0 >= 0, label
        assert box.y1 <= height, label
    assert ax.get_window_extent().width > figure.dpi  # an inch
    texts = [text for text, _ in bars(display)]
    assert "W" * 39 + "…" in texts
    assert "two lines \\frac{1}{2}" in texts
    assert names[1] in set(display.frame()["literal"])


def test_labels_of_many_bars_do_not_overlap():
    rules = [(1, vote if vote % 3 else -vote, [vote]) for vote in range(1, 60)]
    model = machine(rules, n_features=60)
    display = ClauseDisplay.from_estimator(model, top=None)
    display.figure_.canvas.draw()
    boxes = [label.get_window_extent() for label in display.ax_.get_yticklabels()]
    assert len(boxes) == 59
    for above, below in pairwise(boxes):
        assert below.y1 <= above.y0 + 1


def test_global_state_is_left_alone():
    import matplotlib as mpl

    model, _ = fitted()
    state, settings_ = dict(vars(model)), dict(mpl.rcParams)
    ClauseDisplay.from_estimator(model, class_label="ant")
    assert dict(mpl.rcParams) == settings_
    assert vars(model).keys() == state.keys()
    assert all(vars(model)[name] is value for name, value in state.items())


@pytest.mark.parametrize(
    "estimator",
    [BernoulliNB(), make_pipeline(TsetlinMachineClassifier()), None],
)
def test_other_objects_are_refused(estimator):
    with pytest.raises(TypeError, match=f"got {type(estimator).__name__}"):
        ClauseDisplay.from_estimator(estimator)


def test_an_unfitted_estimator_is_refused():
    with pytest.raises(NotFittedError, match="TsetlinMachineClassifier"):
        ClauseDisplay.from_estimator(TsetlinMachineClassifier())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"class_label is needed, one of classes_: \['ant', 'bee', 'cow'\]"),
        ({"class_label": "elk"}, "'elk' is not a class"),
        ({"class_label": "ant", "feature_names": ["a"]}, "feature_names has 1 names"),
        ({"class_label": "ant", "top": 0}, r"top must be None or .* got 0"),
    ],
)
def test_bad_options_are_refused(options, message):
    model, _ = fitted()
    with pytest.raises(ValueError, match=message):
        ClauseDisplay.from_estimator(model, **options)


def test_a_missing_matplotlib_is_named(monkeypatch):
    model = machine(RULES, n_features=3)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"sklearn-ext\[plot\]"):
        ClauseDisplay.from_estimator(model)

"""The pictures of documents among labels, and of labels that overlap."""

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sklearn_ext.text import Lbl2Vec, Lbl2VecDisplay
from tests.text._corpus import made_corpus

pytest.importorskip("matplotlib")

KINDS = ["map", "labels"]
# Three labels in a plane, and a fourth direction that only documents have.
CLASSES = np.array(["a", "b", "c"])
VECTORS = np.array([[1.0, 0.0, 0.0], [-0.6, 0.8, 0.0], [-0.6, -0.8, 0.0]])
DOCUMENTS = np.array(
    [[0.8, 0.6, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [-1.0, 0.0, 0.0]]
)
LABELS = np.array(["a", "b", "a", "a"])


@pytest.fixture(autouse=True)
def _close_figures():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


@pytest.fixture(scope="module")
def corpus():
    return made_corpus(sizes=(30, 30, 30, 30))


@pytest.fixture(scope="module")
def fitted(corpus):
    texts, _, keywords = corpus
    return Lbl2Vec(keywords, min_df=2, n_components=10, random_state=0).fit(texts)


def made_labels(n_labels, seed=0):
    """A display of random labels and documents."""
    rng = np.random.default_rng(seed)
    vectors, documents = rng.normal(size=(n_labels, 8)), rng.normal(size=(200, 8))
    classes = np.array([f"label {code:02}" for code in range(n_labels)])
    return Lbl2VecDisplay(classes, vectors, documents, rng.choice(classes, 200))


def legend(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def documents_drawn(display):
    """Colour and places of each group of documents, without the empty ones."""
    groups = [drawn for drawn in display.ax_.collections if drawn.get_zorder() == 1]
    found = []
    for group in groups:
        places = np.ma.filled(group.get_offsets(), np.nan)
        places = places[np.isfinite(places).all(axis=1)]
        if len(places):
            found.append((tuple(group.get_facecolor()[0][:3]), places))
    return found


def labels_drawn(display):
    """Colour, marker and place of each label vector."""
    groups = [drawn for drawn in display.ax_.collections if drawn.get_zorder() == 3]
    return [
        (
            tuple(group.get_facecolor()[0]),
            group.get_paths()[0].vertices.tobytes(),
            np.asarray(group.get_offsets())[0],
        )
        for group in groups
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_drawn_and_can_be_saved(fitted, kind, tmp_path):
    display = Lbl2VecDisplay.from_estimator(fitted, kind=kind)
    display.figure_.savefig(tmp_path / "picture.png")
    assert display.ax_.figure is display.figure_
    assert display.kind == kind


def test_the_plane_is_that_of_the_label_vectors():
    frame = Lbl2VecDisplay(CLASSES, VECTORS, DOCUMENTS, LABELS).frame()
    # Their mean is (-1/15, 0, 0); of the axes each has its largest entry positive.
    is_document = frame["is_document"].to_numpy()
    shifted = VECTORS[:, :2] - [-1 / 15, 0]
    drawn = frame.loc[~is_document, ["first", "second"]].to_numpy()
    np.testing.assert_allclose(drawn, shifted[:, [0, 1]], atol=1e-6)
    shifted = DOCUMENTS[[0, 1, 3], :2] - [-1 / 15, 0]
    drawn = frame.loc[is_document, ["first", "second"]].to_numpy()
    np.testing.assert_allclose(drawn[[0, 1, 3]], shifted, atol=1e-6)
    assert np.isnan(drawn[2]).all()
    assert frame.index.tolist() == [0, 1, 2, 3, 0, 1, 2]
    assert frame["label"].tolist() == [*LABELS, *CLASSES]


@pytest.mark.parametrize("n_labels", [1, 2, 3, 30])
def test_the_plane_is_that_of_principal_components(n_labels, global_random_seed):
    display = made_labels(n_labels, global_random_seed)
    of = display.label_vectors if n_labels >= 3 else display.documents
    expected = PCA(2, svd_solver="full").fit(of.astype(np.float32).astype(float))
    frame = display.frame()
    for rows, kind in ((display.documents, True), (display.label_vectors, False)):
        drawn = frame.loc[frame["is_document"] == kind, ["first", "second"]]
        found = expected.transform(rows)
        found *= np.sign((found * drawn.to_numpy()).sum(axis=0))  # either will do
        np.testing.assert_allclose(drawn, found, atol=1e-5)


def test_documents_without_information_do_not_move_the_plane():
    display = made_labels(2)
    before = display.frame()
    blank = np.zeros((50, 8))
    more = Lbl2VecDisplay(
        display.classes,
        display.label_vectors,
        np.concatenate([blank, display.documents]),
        np.concatenate([np.repeat(display.classes, 25), display.labels]),
    ).frame()
    pd.testing.assert_frame_equal(
        more.iloc[50:].reset_index(drop=True), before.reset_index(drop=True)
    )


def test_map(fitted):
    display = Lbl2VecDisplay.from_estimator(fitted)
    frame = display.frame()
    assert frame["is_document"].sum() == 120
    assert frame.loc[frame["is_document"], "label"].tolist() == fitted.labels_.tolist()
    assert legend(display) == fitted.classes_.tolist()
    colours = [colour[:3] for colour, _, _ in labels_drawn(display)]
    assert len(set(colours)) == 4
    groups = documents_drawn(display)
    assert [colour for colour, _ in groups] == colours
    for (_, places), label in zip(groups, fitted.classes_, strict=True):
        own = frame[frame["is_document"] & (frame["label"] == label)]
        np.testing.assert_allclose(places, own[["first", "second"]])
    assert display.ax_.get_xlabel() == "first principal component of the label vectors"


def test_the_map_of_other_documents(fitted, corpus):
    texts, truth, _ = corpus
    new = [*texts[:40], "zzz"]
    by_prediction = Lbl2VecDisplay.from_estimator(fitted, new).frame()
    with pytest.warns(UserWarning, match="1 of 41"):
        predicted = fitted.predict(new)
    assert by_prediction["label"].tolist()[:41] == predicted.tolist()
    assert by_prediction[["first", "second"]].isna().sum().tolist() == [1, 1]
    known = Lbl2VecDisplay.from_estimator(fitted).frame()
    pd.testing.assert_frame_equal(by_prediction.iloc[:40], known.iloc[:40])
    by_truth = Lbl2VecDisplay.from_estimator(fitted, texts[:40], truth[:40]).frame()
    assert by_truth["label"].tolist()[:40] == truth[:40].tolist()
    of_training = Lbl2VecDisplay.from_estimator(fitted, y=pd.Series(truth)).frame()
    assert of_training["label"].tolist()[:120] == truth.tolist()


def test_the_rejected_are_grey(corpus):
    texts, _, keywords = corpus
    strict = Lbl2Vec(
        keywords, min_df=2, n_components=10, reject_threshold=0.5, random_state=0
    ).fit(texts)
    n_rejected = np.count_nonzero(strict.labels_ == "outlier")
    assert 0 < n_rejected < 120
    for X in (None, texts):
        display = Lbl2VecDisplay.from_estimator(strict, X)
        assert legend(display) == [*strict.classes_, "outlier"]
        (red, green, blue), places = documents_drawn(display)[0]
        assert red == green == blue
        assert len(places) == n_rejected


def test_labels_without_keywords_are_grey():
    labels = np.array(["a", "x", "y", "b"], dtype=object)
    display = Lbl2VecDisplay(CLASSES, VECTORS, DOCUMENTS[[0, 1, 3, 3]], labels).plot()
    assert legend(display) == ["a", "b", "c", "other labels"]
    (red, green, blue), places = documents_drawn(display)[0]
    assert red == green == blue
    assert len(places) == 2
    labels[2] = np.nan  # not labelled
    labels[1] = "x" * 100
    display = Lbl2VecDisplay(CLASSES, VECTORS, DOCUMENTS[[0, 1, 3, 3]], labels).plot()
    assert legend(display)[-1] == "other labels"


def test_int_labels(corpus):
    texts, _, keywords = corpus
    fitted = Lbl2Vec(list(keywords.values()), min_df=2, random_state=0).fit(texts)
    display = Lbl2VecDisplay.from_estimator(fitted)
    assert legend(display) == ["0", "1", "2", "3"]
    assert len(documents_drawn(display)) == 4


@pytest.mark.parametrize("n_labels", [20, 40])
def test_many_labels_are_told_apart_and_have_room(n_labels):
    display = made_labels(n_labels).plot()
    display.figure_.canvas.draw()
    looks = {(colour, marker) for colour, marker, _ in labels_drawn(display)}
    assert len(looks) == n_labels
    assert len({colour for colour, _ in looks}) == 7
    assert len(legend(display)) == n_labels
    box = display.ax_.get_legend().get_window_extent()
    figure = display.figure_.bbox
    assert box.y0 >= 0
    assert box.x1 <= figure.x1
    assert box.x0 >= display.ax_.get_window_extent().x1 - 1
    boxes = [text.get_window_extent() for text in display.ax_.get_legend().get_texts()]
    assert not any(
        one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i]
    )


def test_long_names_are_cut():
    classes = np.array(["a\nb", "x" * 100, "c"])
    display = Lbl2VecDisplay(classes, VECTORS, DOCUMENTS[:1], classes[:1]).plot()
    assert legend(display) == ["a b", "x" * 29 + "…", "c"]
    display = Lbl2VecDisplay(classes, VECTORS, kind="labels").plot()
    ticks = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert ticks == ["a b", "x" * 29 + "…", "c"]


def test_heat_map():
    display = Lbl2VecDisplay(CLASSES, VECTORS, kind="labels").plot()
    expected = VECTORS @ VECTORS.T
    frame = display.frame()
    np.testing.assert_allclose(frame, expected, atol=1e-6)
    assert frame.index.tolist() == frame.columns.tolist() == CLASSES.tolist()
    (image,) = display.ax_.get_images()
    np.testing.assert_allclose(image.get_array(), expected, atol=1e-6)
    assert image.get_clim() == (-1, 1)
    numbers = [text.get_text() for text in display.ax_.texts]
    assert numbers == [f"{cosine:.2f}" for cosine in frame.to_numpy().ravel()]
    assert numbers[1] == "-0.60"
    for axis in (display.ax_.get_xticklabels(), display.ax_.get_yticklabels()):
        assert [text.get_text() for text in axis] == CLASSES.tolist()


def test_a_heat_map_of_many_labels_has_no_numbers():
    few, many = made_labels(12), made_labels(13)
    few.kind = many.kind = "labels"
    assert len(few.plot().ax_.texts) == 144
    assert not many.plot().ax_.texts


def test_colours_of_the_heat_map_have_a_middle():
    display = Lbl2VecDisplay(CLASSES, VECTORS, kind="labels").plot()
    (image,) = display.ax_.get_images()
    low, middle, high = image.cmap(image.norm([-1, 0, 1]))[:, :3]
    assert middle.min() > 0.98
    assert low[0] > low[2]
    assert high[2] > high[0]


@pytest.mark.parametrize("kind", KINDS)
def test_degenerate_labels(kind, tmp_path):
    for vectors in (np.ones((1, 1)), np.ones((4, 1)), np.ones((3, 5)), np.eye(2)):
        documents = np.ones((1, vectors.shape[1]))
        classes = np.arange(len(vectors))
        display = Lbl2VecDisplay(classes, vectors, documents, [0], kind=kind).plot()
        display.figure_.savefig(tmp_path / "picture.png")
        assert np.isfinite(display.frame().to_numpy(dtype=float)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_plot_draws_again_where_it_is_told(fitted, kind):
    import matplotlib.pyplot as plt

    display = Lbl2VecDisplay.from_estimator(fitted, kind=kind)
    own = display.figure_
    figure, axes = plt.subplots(1, 2)
    assert display.plot(axes[0]) is display
    assert display.ax_ is axes[0]
    assert display.figure_ is figure is not own
    given = Lbl2VecDisplay.from_estimator(fitted, kind=kind, ax=axes[1])
    assert given.ax_ is axes[1]


def test_keywords_are_passed_on(fitted):
    from matplotlib.colors import same_color

    display = Lbl2VecDisplay.from_estimator(fitted, s=3, alpha=1.0, color="red")
    groups = [drawn for drawn in display.ax_.collections if drawn.get_zorder() == 1]
    assert {group.get_sizes()[0] for group in groups} == {3}
    assert all(same_color(group.get_facecolor()[0], "red") for group in groups)
    assert len({colour for colour, _, _ in labels_drawn(display)}) == 4
    display = Lbl2VecDisplay.from_estimator(fitted, kind="labels", cmap="PuOr", vmin=0)
    (image,) = display.ax_.get_images()
    assert image.cmap.name == "PuOr"
    assert image.get_clim() == (0, 1)


@pytest.mark.parametrize("kind", ["heatmap", None, ""])
def test_unknown_kinds(fitted, kind):
    with pytest.raises(ValueError, match=f"kind={kind!r} is not known"):
        Lbl2VecDisplay.from_estimator(fitted, kind=kind)


def test_parts_that_are_missing_or_do_not_fit(fitted, corpus):
    texts, truth, _ = corpus
    with pytest.raises(ValueError, match=r"120 documents, and labels of shape \(7,\)"):
        Lbl2VecDisplay.from_estimator(fitted, y=truth[:7])
    with pytest.raises(ValueError, match=r"7 documents, and labels of shape \(120,\)"):
        Lbl2VecDisplay.from_estimator(fitted, texts[:7], truth)
    with pytest.raises(ValueError, match='kind="map" needs documents'):
        Lbl2VecDisplay(CLASSES, VECTORS).plot()
    with pytest.raises(ValueError, match="raw text documents expected"):
        Lbl2VecDisplay.from_estimator(fitted, "one text")


def test_other_objects_are_refused(fitted):
    with pytest.raises(TypeError, match=r"a Lbl2Vec, got Pipeline"):
        Lbl2VecDisplay.from_estimator(make_pipeline(fitted))
    with pytest.raises(NotFittedError):
        Lbl2VecDisplay.from_estimator(Lbl2Vec({"a": ["b"]}))


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_matplotlib_is_named(monkeypatch, fitted, kind):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'Lbl2VecDisplay.*"sklearn-ext\[plot\]"'):
        Lbl2VecDisplay.from_estimator(fitted, kind=kind)


def test_nothing_else_is_changed(fitted):
    import matplotlib as mpl

    before = dict(mpl.rcParams), sorted(vars(fitted)), fitted.embedding_.copy()
    for kind in KINDS:
        Lbl2VecDisplay.from_estimator(fitted, kind=kind)
    assert (dict(mpl.rcParams), sorted(vars(fitted))) == before[:2]
    np.testing.assert_array_equal(fitted.embedding_, before[2])

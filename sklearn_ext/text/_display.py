"""Pictures of documents among labels, and of labels that overlap."""

from itertools import product

import numpy as np
import pandas as pd

from sklearn_ext._core._optional import import_optional
from sklearn_ext._core._sklearn import check_is_fitted

from ._label_vectors import similarities
from ._lbl2vec import Lbl2Vec

__all__ = ["Lbl2VecDisplay"]

KINDS = ("map", "labels")
# Okabe and Ito's colours but black: told apart with any kind of colour vision.
COLOURS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#F0E442",
)
MARKERS = "o^sDvP"  # the next one when the colours are used up
OTHER = "#BBBBBB"
COSINES = ("#D55E00", "#FFFFFF", "#0072B2")  # -1, 0, 1
SMALL = "small"  # font size
LONGEST_NAME = 30
LEGEND_ROWS = 24
MOST_NUMBERS = 12  # labels; in more cells than theirs numbers would be too small
DARK = 0.6  # the size of a cosine from which its cell needs white letters


def _one_line(name):
    """Write a name on one line, the end of a long one cut off."""
    text = " ".join(str(name).split())
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"


def _axes_of_most_spread(rows):
    """Return the mean of rows, and their first two principal axes as columns."""
    mean = rows.mean(axis=0, dtype=np.float64)
    triangle = np.linalg.qr(rows - mean, mode="r")
    axes = np.linalg.svd(triangle, full_matrices=False)[2][:2]
    largest = np.abs(axes).argmax(axis=1)  # is made positive: either sign would do
    axes *= np.sign(axes[np.arange(len(axes)), largest])[:, None]
    return mean, np.pad(axes, ((0, 2 - len(axes)), (0, 0))).T


def _style(code):
    """Return the colour and the marker of a label."""
    styles = list(product(MARKERS, COLOURS))
    marker, colour = styles[code % len(styles)]
    return {"marker": marker, "color": colour}


def _codes(labels, classes):
    """Return the place of each label among the classes, -1 for others."""
    places = {label: code for code, label in enumerate(classes.tolist())}
    return np.array([places.get(label, -1) for label in labels.tolist()])


def _draw_map(ax, table, classes, is_of_labels, style):
    """Draw documents as small markers and label vectors as large ones."""
    documents = table[table["is_document"]]
    vectors = table[~table["is_document"]]
    labels = documents["label"].to_numpy(dtype=object)
    codes = _codes(labels, classes)
    common = {
        "s": np.clip(20_000 / max(1, len(documents)), 5, 24),
        "alpha": 0.55,
        "linewidths": 0,
        "zorder": 1,
    }
    others = list(dict.fromkeys(map(str, labels[codes == -1])))
    other_name = others[0] if len(others) == 1 else "other labels"
    for code in range(-1 if others else 0, len(classes)):
        own = documents[codes == code]
        look = _style(code) if code >= 0 else {"marker": ".", "color": OTHER}
        ax.scatter(own["first"], own["second"], **(common | look | style))
    handles = [
        ax.scatter(
            *vectors[["first", "second"]].iloc[code],
            **_style(code),
            s=110,
            edgecolors="black",
            linewidths=1.2,
            zorder=3,
            label=_one_line(label),
        )
        for code, label in enumerate(classes)
    ]
    if others:
        name = _one_line(other_name)
        handles.append(ax.scatter([], [], s=60, marker=".", color=OTHER, label=name))
    ax.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        ncols=-(-len(handles) // LEGEND_ROWS),
        markerscale=0.65,
        handletextpad=0.3,
        labelspacing=0.35,
        columnspacing=1.0,
        borderaxespad=0.3,
        fontsize=SMALL,
        frameon=False,
    )
    of = "label vectors" if is_of_labels else "documents"
    ax.set(
        xlabel=f"first principal component of the {of}",
        ylabel="second",
        xticks=[],
        yticks=[],
    )
    ax.set_aspect("equal", adjustable="datalim")
    ax.spines[["top", "right"]].set_visible(False)


def _draw_labels(ax, table, style):
    """Draw the cosines between label vectors as a heat map."""
    from matplotlib.colors import LinearSegmentedColormap

    style = {
        "cmap": LinearSegmentedColormap.from_list("cosine", COSINES),
        "vmin": -1.0,
        "vmax": 1.0,
    } | style
    image = ax.imshow(table, **style)
    names = [_one_line(label) for label in table.index]
    places = np.arange(len(names))
    ax.set_xticks(places, names, rotation=90, fontsize=SMALL)
    ax.set_yticks(places, names, fontsize=SMALL)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    if len(names) <= MOST_NUMBERS:
        for (row, column), cosine in np.ndenumerate(table.to_numpy()):
            colour = "white" if abs(cosine) > DARK else "black"
            text = f"{cosine:.2f}"
            ax.text(column, row, text, ha="center", va="center", size=8, color=colour)
    bar = ax.figure.colorbar(image, ax=ax, label="cosine", shrink=0.7, aspect=25)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=SMALL)


class Lbl2VecDisplay:
    """Pictures of documents among labels, and of labels that overlap.

    The map shows documents as small markers and label vectors as large ones, in the
    plane in which the label vectors differ most. The heat map shows the cosine of each
    two label vectors: two labels that are nearly alike share their keywords, or
    keywords that stand in the same documents.

    Use :meth:`from_estimator` to make one.

    Parameters
    ----------
    classes : array-like of shape (n_labels,)
        The labels.

    label_vectors : array-like of shape (n_labels, n_components)
        Their vectors, of unit length.

    documents : array-like of shape (n_documents, n_components), default=None
        Vectors of documents, for the map; rows of zeros are not drawn.

    labels : array-like of shape (n_documents,), default=None
        The label that gives each document its colour. Those that are none of `classes`
        are grey.

    kind : {"map", "labels"}, default="map"
        What to draw.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the picture.

    figure_ : matplotlib Figure
        The figure that holds it.

    See Also
    --------
    Lbl2Vec : Finds the labels of documents by keywords.
    Lbl2Vec.keyword_report : Tells which keyword is nearer to another label.
    SeparabilityDisplay : Shows whether documents fall into groups, without keywords.

    Notes
    -----
    The plane is that of the first two principal components of the label vectors, or of
    the documents if there are fewer than three labels. What is apart in the picture is
    apart; what lies together may differ in the other directions.

    The colours are those of Okabe and Ito. After seven labels they come again with
    another marker.

    Examples
    --------
    >>> from sklearn_ext import Lbl2Vec, Lbl2VecDisplay
    >>> texts = ["the cat purrs", "a dog barks", "cat and kitten", "dog and puppy"]
    >>> keywords = {"cats": ["cat"], "dogs": ["dog"]}
    >>> model = Lbl2Vec(keywords, min_df=1, n_components=2, random_state=0).fit(texts)
    >>> display = Lbl2VecDisplay.from_estimator(model)
    >>> display.frame().loc[:, ["is_document", "label"]]
       is_document label
    0         True  cats
    1         True  dogs
    2         True  cats
    3         True  dogs
    0        False  cats
    1        False  dogs
    >>> Lbl2VecDisplay.from_estimator(model, kind="labels").frame().shape
    (2, 2)
    >>> display.figure_.savefig("animals.png")  # doctest: +SKIP
    """

    def __init__(
        self, classes, label_vectors, documents=None, labels=None, *, kind="map"
    ):
        self.classes = classes
        self.label_vectors = label_vectors
        self.documents = documents
        self.labels = labels
        self.kind = kind

    @classmethod
    def from_estimator(
        cls, estimator, X=None, y=None, *, kind="map", ax=None, **kwargs
    ):
        """Draw the labels of a fitted estimator, and documents among them.

        Parameters
        ----------
        estimator : Lbl2Vec
            A fitted estimator. Of a pipeline, pass the last step.

        X : list of str, or another container of texts, default=None
            The documents of the map. None: those of the training.

        y : array-like of shape (n_samples,), default=None
            What to colour the documents by, such as their true labels. None: what is
            predicted for them.

        kind : {"map", "labels"}, default="map"
            Documents among label vectors, or the cosines between label vectors, for
            which X and y are not needed.

        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a figure.

        **kwargs : dict
            Passed to ``ax.scatter`` of the documents, or to ``ax.imshow``.

        Returns
        -------
        display : Lbl2VecDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If `estimator` is not a Lbl2Vec.
        ValueError
            If `kind` is unknown, or y and the documents differ in number.
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ImportError
            If matplotlib is not installed.
        """
        if not isinstance(estimator, Lbl2Vec):
            raise TypeError(
                f"Lbl2VecDisplay draws a Lbl2Vec, got {type(estimator).__name__}. Of a "
                f"pipeline or a search, pass the Lbl2Vec inside."
            )
        check_is_fitted(estimator)
        documents = labels = None
        if kind == "map":
            documents = estimator.embedding_ if X is None else estimator.embed(X)
            labels = y
            if y is None and X is None:
                labels = estimator.labels_
            elif y is None:  # `predict` would encode the documents once more
                similarity = similarities(documents, estimator.label_vectors_)
                is_blank = ~documents.any(axis=1)
                labels = estimator._decide(similarity, is_blank)
        display = cls(
            estimator.classes_, estimator.label_vectors_, documents, labels, kind=kind
        )
        return display.plot(ax=ax, **kwargs)

    def frame(self):
        """Return what is drawn as a table.

        Returns
        -------
        frame : DataFrame
            Of the map, a row for each document and then one for each label, with the
            columns `is_document`, `label`, and the coordinates `first` and `second`,
            nan for documents that are not drawn. Of the heat map, the cosines, labels
            by labels.

        Raises
        ------
        ValueError
            If `kind` is unknown, or a part of the picture is missing or does not fit.
        """
        if self.kind not in KINDS:
            choices = " or ".join(map(repr, KINDS))
            raise ValueError(f"kind={self.kind!r} is not known. Use {choices}.")
        classes = np.asarray(self.classes)
        vectors = np.asarray(self.label_vectors, dtype=np.float32)
        if self.kind == "labels":
            cosine = similarities(vectors, vectors)
            return pd.DataFrame(cosine, index=classes, columns=classes)
        if self.documents is None or self.labels is None:
            raise ValueError('kind="map" needs documents and their labels.')
        documents = np.asarray(self.documents, dtype=np.float32)
        labels = np.asarray(self.labels)
        if labels.shape != (len(documents),):
            raise ValueError(
                f"There are {len(documents)} documents, and labels of shape "
                f"{labels.shape} to colour them: give one for each."
            )
        has_information = documents.any(axis=1)
        is_of_labels = len(vectors) >= 3
        mean, axes = _axes_of_most_spread(
            vectors if is_of_labels else documents[has_information]
        )
        place = (documents - mean) @ axes
        place[~has_information] = np.nan
        place = np.concatenate([place, (vectors - mean) @ axes])
        numbers = [*range(len(documents)), *range(len(vectors))]
        return pd.DataFrame(
            {
                "is_document": np.arange(len(numbers)) < len(documents),
                "label": [*labels.tolist(), *classes.tolist()],
                "first": place[:, 0],
                "second": place[:, 1],
            },
            index=numbers,
        )

    def plot(self, ax=None, **kwargs):
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a figure.

        **kwargs : dict
            Passed to ``ax.scatter`` of the documents, or to ``ax.imshow``.

        Returns
        -------
        self : Lbl2VecDisplay
            The display, with `ax_` and `figure_`.

        Raises
        ------
        ValueError
            If `kind` is unknown, or a part of the picture is missing or does not fit.
        ImportError
            If matplotlib is not installed.
        """
        table = self.frame()
        plt = import_optional(
            "matplotlib.pyplot", extra="plot", purpose="Lbl2VecDisplay"
        )
        n_labels = len(self.label_vectors)
        if ax is None:
            size = 7.5, 4.8
            if self.kind == "labels":
                width = 3.4 + 0.24 * max(n_labels, 6)
                size = width, 0.85 * width
            _, ax = plt.subplots(figsize=size, layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        if self.kind == "map":
            classes = np.asarray(self.classes)
            _draw_map(ax, table, classes, n_labels >= 3, kwargs)
        else:
            _draw_labels(ax, table, kwargs)
        return self

"""The same rows and domains in any container give the same classes."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from sklearn_ext import LatentLabelShift, clustering_accuracy
from tests.label_shift import _naive as naive
from tests.label_shift._naive import NaiveShift
from tests.label_shift._tables import PRIOR, gaussian

pytestmark = pytest.mark.usefixtures("one_thread")

X, Y, DOMAINS = gaussian(300)
IDS = np.array(["clinic", "forum", "home", "shop", "ward"])
NAMED = IDS[DOMAINS]
close = np.testing.assert_allclose


def model_of(**options):
    return LatentLabelShift(**{"n_classes": 3, "random_state": 0} | options)


EXPECTED = model_of().fit(X, DOMAINS)
DENSE = {
    "Fortran": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "list": lambda X: X.tolist(),
    "pandas": lambda X: pd.DataFrame(X, columns=["height", "weight"]),
    "polars": lambda X: pl.DataFrame({"height": X[:, 0], "weight": X[:, 1]}),
    "object": lambda X: X.astype(object),
}


def same(model, given, domains, exact=True, rows=X):
    """The model of `given` is that of the plain array."""
    tolerance = {} if exact else {"rtol": 1e-6, "atol": 1e-8}
    equal = np.testing.assert_array_equal if exact else close
    equal(model.p_y_given_d_, EXPECTED.p_y_given_d_, **tolerance)
    np.testing.assert_array_equal(model.labels_, EXPECTED.labels_)
    proba = EXPECTED.predict_proba(rows, DOMAINS)
    equal(model.predict_proba(given, domains), proba, **tolerance)
    equal(model.transform(given), EXPECTED.transform(rows), **tolerance)
    equal(model.adapt(given), EXPECTED.adapt(rows), **tolerance)
    assert model.score(given, domains) == pytest.approx(EXPECTED.score(rows, DOMAINS))


@pytest.mark.parametrize("name", DENSE)
def test_dense_containers(name):
    given = DENSE[name](X)
    copy = pickle.dumps(given)
    model = model_of().fit(given, DOMAINS)
    same(model, given, DOMAINS, exact=False)
    assert pickle.dumps(given) == copy


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_names_of_features(name):
    given = DENSE[name](X)
    model = model_of().fit(given, DOMAINS)
    assert model.feature_names_in_.tolist() == ["height", "weight"]
    assert model.n_features_in_ == 2
    other = given[["weight", "height"]]
    for method in (model.predict, model.transform, model.adapt):
        with pytest.raises(ValueError, match="feature names"):
            method(other)
    assert not hasattr(EXPECTED, "feature_names_in_")
    assert EXPECTED.n_features_in_ == 2


IDS_IN = {
    "str": NAMED,
    "object": NAMED.astype(object),
    "list": NAMED.tolist(),
    "tuple": tuple(NAMED.tolist()),
    "Series": pd.Series(NAMED, index=np.arange(300)[::-1]),
    "Categorical": pd.Series(pd.Categorical(NAMED, categories=IDS[::-1])),
    "Index": pd.Index(NAMED),
    "polars": pl.Series(NAMED),
    "int8": DOMAINS.astype(np.int8),
    "uint64": DOMAINS.astype(np.uint64),
    "float": DOMAINS.astype(float),
    "nullable": pd.Series(DOMAINS, dtype="Int64"),
    "wide": np.array(["a", "b", "c", "d", "e" * 40])[DOMAINS],
}


@pytest.mark.parametrize("as_y", [True, False])
@pytest.mark.parametrize("name", IDS_IN)
def test_domain_ids(name, as_y):
    ids = IDS_IN[name]
    model = model_of().fit(X, **{"y" if as_y else "domains": ids})
    same(model, X, ids)
    flat = np.asarray(ids)
    assert model.domains_.tolist() == sorted(set(flat.tolist()))
    some = flat[7:30]
    np.testing.assert_array_equal(
        model.predict(X[7:30], some), EXPECTED.predict(X[7:30], DOMAINS[7:30])
    )
    one = [flat[7]]
    np.testing.assert_array_equal(
        model.predict_proba(X[7:8], one), EXPECTED.predict_proba(X[7:8], DOMAINS[7:8])
    )


def test_known_ids_of_another_kind_of_string():
    """A longer or shorter string type, or objects, are the same ids."""
    model = model_of().fit(X, NAMED)
    for ids in (NAMED.astype("U60"), NAMED.astype(object), pd.Series(NAMED)):
        np.testing.assert_array_equal(
            model.predict(X, ids), EXPECTED.predict(X, DOMAINS)
        )


def test_ids_cut_by_a_short_string_type_are_unknown():
    """ "clinics" is not "clinic", whatever the width of the known ids."""
    model = model_of().fit(X, NAMED)
    with pytest.raises(ValueError, match="clinics"):
        model.predict(X[:1], ["clinics"])
    ints = model_of().fit(X, DOMAINS)
    with pytest.raises(ValueError, match=r"0\.5"):
        ints.predict(X[:1], [0.5])


def test_read_only(tmp_path):
    np.save(tmp_path / "X.npy", X)
    given = np.load(tmp_path / "X.npy", mmap_mode="r")
    domains, prior = DOMAINS.copy(), np.array([0.2, 0.3, 0.5])
    for array in (domains, prior):
        array.flags.writeable = False
    model = model_of().fit(given, domains)
    same(model, given, domains)
    np.testing.assert_array_equal(
        model.predict_proba(given, class_prior=prior),
        EXPECTED.predict_proba(X, class_prior=[0.2, 0.3, 0.5]),
    )


@pytest.mark.parametrize("adjustment", ["em", "pinv"])
def test_single_precision(adjustment):
    single = X.astype(np.float32)
    model = model_of(adjustment=adjustment).fit(single, DOMAINS)
    double = model_of(adjustment=adjustment).fit(single.astype(float), DOMAINS)
    assert model.p_y_given_d_.dtype == np.float64
    close(model.p_y_given_d_, double.p_y_given_d_, atol=1e-3)
    proba = model.predict_proba(single)
    close(proba, double.predict_proba(single.astype(float)), atol=2e-3)
    close(proba.sum(axis=1), 1, atol=1e-6)
    close(model.adapt(single), double.adapt(single.astype(float)), atol=1e-3)


def word_counts():
    """Counts of thirty words, which the domains mix as classes do."""
    rng = np.random.default_rng(0)
    words = rng.dirichlet(np.full(30, 0.2), 3)
    _, y, domains = gaussian(400)
    return (
        np.array([rng.multinomial(25, words[c]) for c in y]).astype(float),
        y,
        domains,
    )


@pytest.fixture(scope="module")
def sparse_twin():
    """The naive twin, with a discriminator that does not centre the features."""
    counts, _, domains = word_counts()
    discriminator = naive.default_discriminator(with_mean=False)
    twin = NaiveShift(3, discriminator=discriminator, random_state=0)
    with threadpool_limits(1):
        return twin.fit(sp.csr_array(counts), domains)


@pytest.mark.parametrize(
    "container", [sp.csr_array, sp.csr_matrix, sp.csc_array, sp.coo_array]
)
def test_sparse(container, sparse_twin):
    counts, y, domains = word_counts()
    given, rows = container(counts), sp.csr_array(counts[:60])
    model = model_of().fit(given, domains)
    close(model.p_y_given_d_, sparse_twin.prior, rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(model.labels_, sparse_twin.labels)
    few = container(counts[:60])
    proba = sparse_twin.predict_proba(rows, domains[:60])
    close(model.predict_proba(few, domains[:60]), proba, rtol=1e-5, atol=1e-7)
    close(model.adapt(few), sparse_twin.adapt(rows), atol=1e-6)
    score = sparse_twin.score(rows, domains[:60])
    assert model.score(few, domains[:60]) == pytest.approx(score)
    np.testing.assert_array_equal(given.toarray(), counts)
    own = model_of(discriminator=LogisticRegression(C=0.01)).fit(given, domains)
    assert clustering_accuracy(y, own.predict(given, domains)) > 0.9


def documents(n=300):
    """Short texts of three topics in five forums."""
    _, y, domains = gaussian(n, PRIOR)
    topics = [
        "match goal team player season coach",
        "bread oven flour salt butter dough",
        "kernel memory thread cache driver disk",
    ]
    rng = np.random.default_rng(0)
    common = ["the", "and", "of", "with", "again", "today"]
    texts = [
        " ".join(
            rng.choice(topics[c].split(), 4).tolist() + rng.choice(common, 3).tolist()
        )
        for c in y
    ]
    return texts, y, IDS[domains]


@pytest.mark.parametrize(
    "container",
    [list, np.array, pd.Series, lambda texts: np.array(texts, dtype=object)],
    ids=["list", "array", "Series", "object"],
)
def test_texts(container):
    texts, y, domains = documents()
    reader = make_pipeline(TfidfVectorizer(), LogisticRegression())
    model = model_of(discriminator=reader).fit(container(texts), domains)
    said = model.predict(container(texts), domains)
    assert clustering_accuracy(y, said) > 0.85
    expected = model_of(discriminator=reader).fit(list(texts), domains)
    np.testing.assert_array_equal(said, expected.predict(texts, domains))
    np.testing.assert_array_equal(model.labels_, expected.labels_)
    assert model.score(container(texts), domains) > -np.log(5)
    close(model.adapt(container(texts)[:80]).sum(), 1)
    with pytest.raises(ValueError, match="attic"):
        model.predict(container(texts)[:1], ["attic"])
    with pytest.raises(ValueError, match=r"300.*10|10.*300"):
        model.fit(container(texts), domains[:10])
    with pytest.raises(ValueError, match=r"n_samples|0 sample"):
        model.adapt(container(texts)[:0])


def test_mixed_frame():
    """Words and numbers: the discriminator alone decides what it takes."""
    rng = np.random.default_rng(0)
    colour = np.array(["red", "green", "blue"])[(Y + (rng.random(300) < 0.1)) % 3]
    frame = pd.DataFrame({"height": X[:, 0], "weight": X[:, 1], "colour": colour})
    discriminator = make_pipeline(
        make_column_transformer(
            (StandardScaler(), ["height", "weight"]), (OneHotEncoder(), ["colour"])
        ),
        LogisticRegression(),
    )
    model = model_of(discriminator=discriminator).fit(frame, NAMED)
    assert clustering_accuracy(Y, model.predict(frame, NAMED)) > 0.93
    assert model.feature_names_in_.tolist() == ["height", "weight", "colour"]


def test_frozen_discriminator_sees_frames():
    frame = pd.DataFrame(X, columns=["height", "weight"])
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(frame, NAMED)
    model = model_of(discriminator=FrozenEstimator(fitted)).fit(frame, NAMED)
    share = np.unique(NAMED, return_counts=True)[1] / 300
    P = naive.uniform(fitted.predict_proba(frame), share)
    close(model.transform(frame), P, rtol=1e-12)
    in_fold = model_of(
        discriminator=make_pipeline(StandardScaler(), LogisticRegression()), cv=None
    ).fit(frame, NAMED)
    np.testing.assert_array_equal(model.labels_, in_fold.labels_)


def test_one_row():
    for method in (EXPECTED.predict_proba, EXPECTED.transform):
        close(method(X[:1]).sum(), 1)
    one = EXPECTED.adapt(X[:1])
    assert one.argmax() == EXPECTED.predict(X[:1])[0]

"""partial_fit = the steps of fit, chunk by chunk; early stopping keeps the best."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import expit, logit
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import f1_score

from sklearn_ext import AnyLossClassifier, DiceLossClassifier, TorchLossClassifier
from tests.heads._naive import Adam, any_loss_f1
from tests.heads._tables import table

STILL = {"max_iter": 1, "learning_rate": 1e-13}
L2 = 1e-4
CLASSES = [0, 1]


def chunks(n=300, n_chunks=3, **options):
    X, codes = table(n, **options)
    return [(X[rows], codes[rows]) for rows in np.array_split(np.arange(n), n_chunks)]


def stream(model, parts, **options):
    for X, y in parts:
        model.partial_fit(X, y, classes=CLASSES, **options)
    return model


def numpy_stream(theta, parts, loss_of, rule):
    """One step per chunk; the moments of Adam go on."""
    for X, y in parts:
        _, g = loss_of(X @ theta[:-1] + theta[-1], y)
        ridge = 2 * L2 * np.append(theta[:-1], 0)
        theta = rule.step(theta, np.append(X.T @ g, g.sum()) + ridge)
    return theta


def log_loss(z, y):
    return None, (expit(z) - y) / len(y)


def f1_loss(z, y):
    return any_loss_f1(z, y, np.ones(len(y)), 10)


def theta_of(model):
    return np.append(model.coef_[0], model.intercept_)


def test_a_stream_from_zero():
    parts = chunks(n_chunks=10)
    model = stream(TorchLossClassifier(), parts)
    theta = numpy_stream(np.zeros(5), parts, log_loss, Adam(0.01))
    np.testing.assert_allclose(theta_of(model), theta, rtol=1e-8)


@pytest.mark.parametrize("share", [0.0, 0.6, "auto"])
def test_a_stream_from_the_warm_start_of_the_first_chunk(share):
    """The cut of the first chunk stays; the automatic share counts all rows so far."""
    parts = chunks(n_chunks=5)
    start = AnyLossClassifier(**STILL).fit(*parts[0])
    model = stream(AnyLossClassifier(log_loss_share=share), parts)
    n_seen = iter(np.cumsum([len(y) for _, y in parts]))

    def loss_of(z, y):
        s = 3500 / (3500 + next(n_seen)) if share == "auto" else share
        _, g = f1_loss(z, y)
        _, kept = log_loss(z + logit(start.threshold_), y)
        return None, (1 - s) * g + s * kept

    theta = numpy_stream(theta_of(start), parts, loss_of, Adam(0.02))
    np.testing.assert_allclose(theta_of(model), theta, rtol=1e-8)
    score = f1_score(parts[-1][1], model.predict(parts[-1][0]))
    assert model.metric_score_ == pytest.approx(score, rel=1e-12)


def test_a_stream_whose_first_chunk_lacks_a_class():
    X, codes = table()
    order = np.argsort(codes, kind="stable")  # class 0 first
    parts = [(X[rows], codes[rows]) for rows in np.array_split(order, 6)]
    assert len(np.unique(parts[0][1])) == 1
    model = stream(AnyLossClassifier(), parts)
    moved = np.zeros(5)
    rule = Adam(0.02)
    for X_part, y_part in parts:
        if y_part.any():  # without positives loss and gradient are 0
            _, g = f1_loss(X_part @ moved[:-1] + moved[-1], y_part)
        else:
            g = np.zeros(len(y_part))
        gradient = np.append(X_part.T @ g, g.sum())
        gradient += 2 * L2 * np.append(moved[:-1], 0)
        moved = rule.step(moved, gradient)
    np.testing.assert_allclose(theta_of(model), moved, rtol=1e-7, atol=1e-9)


def test_a_call_is_one_pass_in_batches():
    """Ten batches in one call = the first epoch of a fit from zero."""
    X, codes = table(500)
    parameters = {"batch_size": 50, "random_state": 0, "init": "zeros", "tol": 0}
    once = TorchLossClassifier(**parameters, max_iter=1).fit(X, codes)
    call = TorchLossClassifier(**parameters, max_iter=77)
    call.partial_fit(X, codes, classes=CLASSES)
    np.testing.assert_array_equal(theta_of(call), theta_of(once))
    full = TorchLossClassifier(init="zeros").partial_fit(X, codes, classes=CLASSES)
    assert np.abs(theta_of(call)).max() > 5 * np.abs(theta_of(full)).max()


def test_calls_on_all_rows_are_the_epochs_of_fit():
    X, codes = table()
    parameters = {"init": "zeros", "tol": 0, "max_iter": 7}
    fitted = TorchLossClassifier(**parameters).fit(X, codes)
    called = TorchLossClassifier(**parameters)
    for _ in range(7):
        called.partial_fit(X, codes, classes=CLASSES)
    np.testing.assert_allclose(theta_of(called), theta_of(fitted), rtol=1e-12)
    assert called.n_iter_ == 7
    np.testing.assert_allclose(called.loss_curve_, fitted.loss_curve_, rtol=1e-12)


@pytest.mark.parametrize(
    "estimator", [AnyLossClassifier, DiceLossClassifier, TorchLossClassifier]
)
@pytest.mark.parametrize("hidden", [(), (4,)])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_stream_learns(estimator, hidden, n_classes):
    X, codes = table(1500, n_classes=n_classes, share=0.6, noise=1.0)
    y = np.array(["a", "b", "c"])[codes]
    model = estimator(
        hidden_layer_sizes=hidden, batch_size=50, learning_rate=0.03, random_state=0
    )
    for rows in np.array_split(np.arange(1200), 6):
        model.partial_fit(X[rows], y[rows], classes=np.unique(y))
    plain = (y[1200:] == "a").mean()
    assert model.score(X[1200:], y[1200:]) > plain + 0.05


def test_going_on_after_fit():
    X, codes = table()
    fitted = AnyLossClassifier().fit(X, codes)
    before = theta_of(fitted)
    kept = fitted.coef_
    copy = kept.copy()
    fitted.partial_fit(X[:100], codes[:100])
    step = np.abs(theta_of(fitted) - before)
    assert 0 < step.max() < 0.05  # a step of Adam, not a new start
    np.testing.assert_array_equal(kept, copy)  # older arrays stay as they were


def test_fit_after_a_stream_starts_anew():
    X, codes = table()
    model = stream(AnyLossClassifier(), chunks())
    np.testing.assert_array_equal(
        theta_of(model.fit(X, codes)), theta_of(AnyLossClassifier().fit(X, codes))
    )


def test_a_stream_survives_pickling():
    parts = chunks(n_chunks=4)
    straight = stream(AnyLossClassifier(), parts)
    broken = stream(AnyLossClassifier(), parts[:2])
    broken = stream(pickle.loads(pickle.dumps(broken)), parts[2:])
    np.testing.assert_array_equal(theta_of(broken), theta_of(straight))


def test_weights_in_a_stream():
    X, codes = table()
    weight = np.random.default_rng(0).integers(0, 3, 300)
    rows = np.repeat(np.arange(300), weight)
    weighted, repeated = AnyLossClassifier(), AnyLossClassifier()
    for _ in range(3):
        weighted.partial_fit(X, codes, CLASSES, sample_weight=weight)
        repeated.partial_fit(X[rows], codes[rows], CLASSES)
    np.testing.assert_allclose(theta_of(weighted), theta_of(repeated), rtol=1e-6)
    factors = {0: 0.5, 1: 3.0}
    by_class = stream(AnyLossClassifier(class_weight=factors), chunks())
    by_row = AnyLossClassifier()
    for X, y in chunks():
        by_row.partial_fit(X, y, CLASSES, sample_weight=np.where(y == 1, 3.0, 0.5))
    np.testing.assert_allclose(theta_of(by_class), theta_of(by_row), rtol=1e-9)


def test_sparse_and_single_precision_chunks():
    parts = chunks()
    dense = stream(AnyLossClassifier(), parts)
    sparse = stream(AnyLossClassifier(), [(sp.csr_array(X), y) for X, y in parts])
    np.testing.assert_allclose(theta_of(sparse), theta_of(dense), rtol=1e-6)
    single = stream(AnyLossClassifier(), [(X.astype(np.float32), y) for X, y in parts])
    assert single.coef_.dtype == np.float32
    single.partial_fit(*parts[0])  # float64 rows do not change the dtype
    assert single.coef_.dtype == np.float32


def test_bad_streams():
    X, codes = table(60)
    y = np.array(["no", "yes"])[codes]
    with pytest.raises(ValueError, match="first call of partial_fit needs classes"):
        AnyLossClassifier().partial_fit(X, y)
    with pytest.raises(ValueError, match="at least 2"):
        AnyLossClassifier().partial_fit(X, y, classes=["no"])
    model = AnyLossClassifier().partial_fit(X, y, classes=["yes", "no"])
    assert model.classes_.tolist() == ["no", "yes"]
    with pytest.raises(ValueError, match="'maybe'"):
        model.partial_fit(X[:2], ["no", "maybe"])
    with pytest.raises(ValueError, match="4 features"):
        model.partial_fit(X[:, :3], y)
    with pytest.raises(ValueError, match="first call"):
        model.partial_fit(X, y, classes=["no", "yes", "maybe"])
    model.partial_fit(X[:5], ["no"] * 5)  # a chunk of one class is fine
    before = dict(vars(model))
    state = pickle.dumps(before)
    bad = X.copy()
    bad[3, 2] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        model.partial_fit(bad, y)
    assert vars(model).keys() == before.keys()
    assert pickle.dumps(dict(vars(model))) == state
    fresh = AnyLossClassifier()
    with pytest.raises(ValueError, match="NaN"):
        fresh.partial_fit(bad, y, classes=["no", "yes"])
    assert not [name for name in vars(fresh) if name.endswith("_")]


@pytest.mark.parametrize(
    ("name", "value"),
    [("optimizer", "lbfgs"), ("class_weight", "balanced"), ("n_iter_no_change", 5)],
)
def test_parameters_that_need_all_rows(name, value):
    X, codes = table(60)
    with pytest.raises(ValueError, match=name):
        AnyLossClassifier(**{name: value}).partial_fit(X, codes, classes=CLASSES)


# --- early stopping -------------------------------------------------------------------


def test_a_stratified_tenth_is_held_out():
    """Rows that move nothing: found by moving each of them a little."""
    X, codes = table(60, share=0.66)
    parameters = {"n_iter_no_change": 5, "max_iter": 3, "init": "zeros"}
    model = TorchLossClassifier(random_state=0, **parameters)
    curve = model.fit(X, codes).loss_curve_
    silent = []
    for i in range(60):
        moved = X.copy()
        moved[i] += 1
        if model.fit(moved, codes).loss_curve_ == curve:
            silent.append(i)
    assert len(silent) == 6
    assert abs(codes[silent].sum() - 6 * codes.mean()) < 1
    other = TorchLossClassifier(random_state=1, **parameters).fit(X, codes)
    assert other.loss_curve_ != curve


@pytest.mark.parametrize(
    "model",
    [
        AnyLossClassifier(max_iter=300, learning_rate=0.1),
        DiceLossClassifier(max_iter=300, learning_rate=0.1),
        TorchLossClassifier("any", init="zeros", learning_rate=0.3, max_iter=300),
        TorchLossClassifier(hidden_layer_sizes=(30,), learning_rate=0.1, max_iter=300),
    ],
    ids=["any", "dice", "torch", "hidden"],
)
def test_the_best_epoch_is_kept(model):
    """Its parameters are those of a fit that ends there."""
    X, codes = table(200, seed=1)
    model.set_params(n_iter_no_change=8, random_state=0).fit(X, codes)
    assert model.n_iter_ < 300
    best = model.n_iter_ - 8
    if best == 0:
        assert model.selected_ == "warm_start"
        return
    assert model.selected_ == "best"
    kept = model.coefs_ if model.hidden_layer_sizes else [model.coef_]
    model.set_params(n_iter_no_change=1000, max_iter=best).fit(X, codes)
    assert model.selected_ == "last"
    again = model.coefs_ if model.hidden_layer_sizes else [model.coef_]
    for W, V in zip(kept, again, strict=True):
        np.testing.assert_array_equal(W, V)


def test_early_stopping_needs_rows_to_hold_out():
    X, codes = table(40)
    codes[:] = 0
    codes[0] = 1
    with pytest.raises(ValueError, match="n_iter_no_change"):
        AnyLossClassifier(n_iter_no_change=3).fit(X, codes)


def test_going_on_after_a_cut_that_rounds_to_one():
    """The shift is kept itself: the logit of its probability is infinite."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 1))
    y = (X[:, 0] + rng.normal(size=100) > 0).astype(int)
    X[0], y[0] = 60, 1
    model = AnyLossClassifier("specificity").fit(X, y)
    assert model.threshold_ > 1 - 1e-12
    model.partial_fit(X, y)
    assert np.isfinite(model.loss_curve_[-1])
    assert np.isfinite(model.coef_).all()


def test_a_pass_to_what_is_not_finite_is_undone():
    X, y = np.eye(4), [0, 1, 0, 1]
    model = TorchLossClassifier(learning_rate=1e300)
    model.partial_fit(X, y, classes=[0, 1])
    with pytest.warns(ConvergenceWarning, match="was not finite"):
        model.partial_fit(X, y)
    assert np.isfinite(model.coef_).all()

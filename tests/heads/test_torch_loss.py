"""TorchLossClassifier: any loss, its optimizers and mini-batches, against twins."""

import copy

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, matthews_corrcoef

from sklearn_ext import AnyLossClassifier, DiceLossClassifier, TorchLossClassifier
from tests.heads._naive import (
    Adam,
    GradientDescent,
    any_loss_f1,
    fine_tune,
    metric_at,
)
from tests.heads._tables import table
from tests.heads._torch_twin import differentiated, torch

L2 = 1e-4
ZEROS = np.zeros((1, 4)), np.zeros(1)


def mean_log_loss(z, y, weight):
    share = weight / weight.sum()
    loss = share @ (np.logaddexp(0, z) - y * z)
    return loss, share * (expit(z) - y)


def steps(loss_of, X, codes, rule, max_iter, start=ZEROS):
    """All steps, no choice among them."""
    W, b, _, _, losses = fine_tune(
        *start, X, loss_of, lambda z: 0.0, L2, rule, max_iter
    )
    return W, b, losses[:-1]


def assert_same_fit(model, expected, tolerance=1e-8):
    W, b, losses = expected
    np.testing.assert_allclose(model.loss_curve_, losses, rtol=1e-7)
    np.testing.assert_allclose(model.coef_, W, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(model.intercept_, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("optimizer", ["adam", "gd"])
def test_log_loss_from_zero(optimizer):
    X, codes = table()
    weight = np.random.default_rng(0).uniform(0.2, 3, 300)
    model = TorchLossClassifier(init="zeros", optimizer=optimizer, max_iter=50, tol=0)
    model.fit(X, codes, sample_weight=weight)
    rule = {"adam": Adam, "gd": GradientDescent}[optimizer](0.01)
    loss_of = lambda z: mean_log_loss(z, codes, weight)  # noqa: E731
    assert_same_fit(model, steps(loss_of, X, codes, rule, 50))
    assert model.n_iter_ == 50
    assert model.best_loss_ == min(model.loss_curve_)


def test_init_is_automatic():
    """Zeros for a linear head, random for hidden layers."""
    X, codes = table(100)
    auto, zeros = (
        TorchLossClassifier(init=init, max_iter=5).fit(X, codes)
        for init in ("auto", "zeros")
    )
    np.testing.assert_array_equal(auto.coef_, zeros.coef_)
    deep = {"hidden_layer_sizes": (3,), "max_iter": 5, "random_state": 0}
    auto, he = (
        TorchLossClassifier(init=init, **deep).fit(X, codes) for init in ("auto", "he")
    )
    np.testing.assert_array_equal(auto.coefs_[0], he.coefs_[0])


@pytest.mark.parametrize("n_classes", [2, 3])
def test_lbfgs_on_the_log_loss_is_logistic_regression(n_classes):
    X, codes = table(n_classes=n_classes)
    model = TorchLossClassifier(optimizer="lbfgs", init="zeros", tol=1e-9).fit(X, codes)
    peer = LogisticRegression(C=1 / (2 * L2 * 300), tol=1e-10, solver="newton-cg")
    peer.fit(X, codes)
    np.testing.assert_allclose(model.coef_, peer.coef_, rtol=1e-4, atol=1e-5)
    shift = (model.intercept_ - peer.intercept_).mean() if n_classes > 2 else 0
    np.testing.assert_allclose(
        model.intercept_ - shift, peer.intercept_, rtol=1e-4, atol=1e-5
    )


def test_lbfgs_on_any_loss_is_scipy():
    """Both go down to the same optimum from the same start."""
    X, codes = table(seed=1)
    weight = np.ones(300)

    def objective(theta):
        z = X @ theta[:4] + theta[4]
        loss, g = any_loss_f1(z, codes, weight, 10)
        gradient = np.append(X.T @ g + 2 * L2 * theta[:4], g.sum())
        return loss + L2 * theta[:4] @ theta[:4], gradient

    best = minimize(
        objective,
        np.zeros(5),
        jac=True,
        method="L-BFGS-B",
        options={"gtol": 1e-9, "ftol": 0, "maxiter": 500},
    )
    model = TorchLossClassifier(
        "any", optimizer="lbfgs", init="zeros", tol=1e-9, max_iter=500
    ).fit(X, codes)
    assert model.best_loss_ == pytest.approx(best.fun, rel=1e-6)
    loss, gradient = objective(np.append(model.coef_[0], model.intercept_))
    assert loss == pytest.approx(best.fun, rel=1e-6)
    assert np.abs(gradient).max() < 1e-5


@pytest.mark.parametrize("estimator", [AnyLossClassifier, DiceLossClassifier])
def test_lbfgs_of_the_other_classifiers(estimator):
    """They have no tolerance; the steps go down."""
    X, codes = table(seed=1)
    model = estimator(optimizer="lbfgs", max_iter=50).fit(X, codes)
    assert 1 <= model.n_iter_ <= 50
    assert (np.diff(model.loss_curve_) <= 0).all()
    assert model.metric_score_ >= model.warm_start_score_


def focal(z, codes, weight, gamma=2.0):
    signed = torch.where(codes == 1, z, -z)
    log_p = torch.nn.functional.logsigmoid(signed)
    each = -((1 - log_p.exp()) ** gamma) * log_p
    return (each * weight).sum() / weight.sum()


def tversky(z, codes, weight):
    p, y = z.sigmoid(), codes.to(z.dtype)
    above = (weight * p * y).sum() + 1
    wrong = (weight * (p * (1 - y) + (1 - p) * y)).sum()
    return 1 - above / (above + wrong / 2)


def soft_f1(z, codes, weight):
    p, y = z.sigmoid(), codes.to(z.dtype)
    return 1 - 2 * (weight * p * y).sum() / (weight * (p + y)).sum()


def dice(z, codes, weight):
    p, y = z.sigmoid(), codes.to(z.dtype)
    return 1 - (2 * (weight * p * y).sum() + 1) / ((weight * (p + y)).sum() + 1)


def any_loss(z, codes, weight):
    a, y = (10 * (z.sigmoid() - 0.5)).sigmoid(), codes.to(z.dtype)
    return 1 - 2 * (weight * a * y).sum() / (weight * (a + y)).sum()


NAMED = {
    "focal": focal,
    "tversky": tversky,
    "score_oriented": soft_f1,
    "dice": dice,
    "any": any_loss,
}


@pytest.mark.parametrize("name", NAMED)
def test_named_losses(name):
    """Each name is the loss with its defaults."""
    X, codes = table()
    weight = np.random.default_rng(0).uniform(0.2, 3, 300)
    model = TorchLossClassifier(name, init="zeros", max_iter=30, tol=0)
    model.fit(X, codes, sample_weight=weight)
    loss_of = differentiated(NAMED[name], codes, weight)
    assert_same_fit(model, steps(loss_of, X, codes, Adam(0.01), 30), 1e-7)


# --- own losses -----------------------------------------------------------------------


def exponential(input, target, sample_weight):
    each = torch.exp(-(2 * target - 1) * input)
    if sample_weight is None:
        return each.mean()
    return (each * sample_weight).sum() / sample_weight.sum()


class Exponential(torch.nn.Module):
    """A loss with a parameter, a buffer that it moves, and no sample_weight."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(1.0, dtype=torch.float64))
        self.register_buffer("n_calls", torch.tensor(0))

    def forward(self, input, target):
        self.n_calls += 1
        return (torch.exp(-(2 * target - 1) * input) * self.scale).mean()


def numpy_exponential(z, y):
    signs = 2 * y - 1
    each = np.exp(-signs * z) / len(z)
    return each.sum(), -signs * each


def test_loss_is_a_callable_or_a_module():
    X, codes = table(noise=2.5)
    expected = steps(lambda z: numpy_exponential(z, codes), X, codes, Adam(0.01), 40)
    for loss in (exponential, Exponential()):
        model = TorchLossClassifier(loss, init="zeros", max_iter=40, tol=0)
        assert_same_fit(model.fit(X, codes), expected)


def test_callable_takes_the_weights():
    X, codes = table(noise=2.5)
    double = np.where(codes == 1, 2.0, 1.0)
    repeated = np.repeat(np.arange(300), double.astype(int))
    parameters = {"loss": exponential, "init": "zeros", "max_iter": 20, "tol": 0}
    weighted = TorchLossClassifier(**parameters).fit(X, codes, sample_weight=double)
    by_class = TorchLossClassifier(class_weight={0: 1, 1: 2}, **parameters)
    by_class.fit(X, codes)
    rows = TorchLossClassifier(**parameters).fit(X[repeated], codes[repeated])
    np.testing.assert_allclose(weighted.coef_, rows.coef_, rtol=1e-7)
    np.testing.assert_allclose(by_class.coef_, rows.coef_, rtol=1e-7)


def test_module_is_never_modified():
    X, codes = table()
    loss = Exponential()
    before = copy.deepcopy(loss.state_dict())
    model = TorchLossClassifier(loss, max_iter=5)
    assert model.fit(X, codes).loss is loss
    assert loss.training
    for name, value in loss.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(each.grad is None for each in loss.parameters())
    copied = clone(model)
    assert copied.loss is not loss
    np.testing.assert_array_equal(copied.fit(X, codes).coef_, model.coef_)


def test_module_of_several_classes():
    X, codes = table(n_classes=3)
    by_module, by_name = (
        TorchLossClassifier(loss, max_iter=20).fit(X, codes)
        for loss in (torch.nn.CrossEntropyLoss(), "log_loss")
    )
    np.testing.assert_allclose(by_module.coef_, by_name.coef_, rtol=1e-6)


def test_loss_of_our_own_modules():
    from sklearn_ext import AnyLoss, CombinedLoss, DiceLoss

    X, codes = table()
    named = TorchLossClassifier("dice", max_iter=20).fit(X, codes)
    module = TorchLossClassifier(DiceLoss(), max_iter=20).fit(X, codes)
    np.testing.assert_array_equal(named.coef_, module.coef_)
    mixture = CombinedLoss([(0.5, AnyLoss("mcc")), (0.5, torch.nn.BCEWithLogitsLoss())])
    model = TorchLossClassifier(mixture, max_iter=20).fit(X, codes)
    assert model.loss_curve_[-1] < model.loss_curve_[0]


@pytest.mark.parametrize("loss", [lambda z, y, w: 3.0, lambda z, y, w: z])
def test_a_loss_must_be_a_scalar_tensor(loss):
    with pytest.raises(TypeError, match="scalar tensor"):
        TorchLossClassifier(loss).fit(*table(50))


def test_weights_for_a_loss_that_takes_none():
    X, codes = table(50)
    model = TorchLossClassifier(Exponential(), max_iter=2)
    with pytest.raises(TypeError, match="sample_weight"):
        model.fit(X, codes, sample_weight=np.arange(1.0, 51))


# --- threshold, tolerance, batches ----------------------------------------------------


@pytest.mark.parametrize("metric", ["f1", "mcc"])
def test_threshold_is_searched_at_the_end(metric):
    X, codes = table()
    plain = TorchLossClassifier(max_iter=50).fit(X, codes)
    model = TorchLossClassifier(threshold=metric, max_iter=50).fit(X, codes)
    np.testing.assert_array_equal(model.coef_, plain.coef_)
    score = {"f1": f1_score, "mcc": matthews_corrcoef}[metric]
    z = plain.decision_function(X)
    best = max(score(codes, z > cut) for cut in np.unique(z))
    assert score(codes, model.predict(X)) == pytest.approx(best, rel=1e-12)
    real = metric_at(metric, model.decision_function(X), codes, np.ones(300))
    assert real == pytest.approx(best, rel=1e-12)


def test_threshold_of_several_classes():
    X, codes = table(n_classes=3)
    plain = TorchLossClassifier(max_iter=50).fit(X, codes)
    model = TorchLossClassifier(threshold="f1", max_iter=50).fit(X, codes)
    before, after = (
        f1_score(codes, each.predict(X), average="macro") for each in (plain, model)
    )
    assert after > before


def test_tolerance_ends_the_steps():
    X, codes = table()
    short = TorchLossClassifier(tol=0.05, max_iter=200).fit(X, codes)
    assert short.n_iter_ < 200
    assert len(short.loss_curve_) == short.n_iter_
    same = TorchLossClassifier(tol=0, max_iter=short.n_iter_).fit(X, codes)
    np.testing.assert_array_equal(short.coef_, same.coef_)


def test_tolerance_is_patient_for_ten_epochs():
    """No fall of the loss is ten: the first epoch sets the mark, ten more miss it."""
    X, codes = table(60)
    assert TorchLossClassifier(tol=10.0).fit(X, codes).n_iter_ == 11


def test_full_batch_is_any_batch_that_holds_all():
    X, codes = table(100)
    full = TorchLossClassifier(max_iter=5).fit(X, codes)
    for size in (100, 1000):
        model = TorchLossClassifier(max_iter=5, batch_size=size).fit(X, codes)
        np.testing.assert_array_equal(model.coef_, full.coef_)


class Watch(torch.nn.Module):
    """Log loss that notes the targets of each batch."""

    batches: list = []

    def forward(self, input, target):
        type(self).batches.append(target.clone())
        return torch.nn.functional.binary_cross_entropy_with_logits(input, target)


def test_automatic_batches():
    """Hidden layers of many rows are trained in batches, linear heads on all rows."""
    X, codes = table(70_000, 1)
    for hidden, n_batches, largest in (((), 1, 70_000), ((2,), 18, 4096)):
        Watch.batches.clear()
        TorchLossClassifier(
            Watch(), hidden_layer_sizes=hidden, max_iter=1, random_state=0
        ).fit(X, codes)
        sizes = [len(batch) for batch in Watch.batches]
        assert len(sizes) == n_batches
        assert sum(sizes) == 70_000
        assert max(sizes) <= largest


def test_batches_are_stratified_and_cover_all_rows():
    X, codes = table(1000, share=0.9)
    n_positive = codes.sum()
    Watch.batches.clear()
    model = TorchLossClassifier(
        Watch(), batch_size=100, max_iter=3, tol=0, random_state=0, init="zeros"
    ).fit(X, codes)
    sizes = [len(batch) for batch in Watch.batches]
    assert sum(sizes) == 3 * 1000
    assert len(sizes) == 30
    assert max(sizes) <= 100
    for batch in Watch.batches:
        share = n_positive * len(batch) / 1000
        assert abs(batch.sum().item() - share) <= 1.5
    for epoch in range(3):
        seen = torch.cat(Watch.batches[10 * epoch : 10 * epoch + 10])
        assert seen.sum() == n_positive
    assert model.n_iter_ == 3
    first, second = (torch.cat(Watch.batches[start : start + 10]) for start in (0, 10))
    assert (first != second).any()


def test_batches_reach_what_the_full_batch_reaches():
    X, codes = table(2000)
    optimum = TorchLossClassifier(optimizer="lbfgs", tol=1e-8).fit(X, codes)
    model = TorchLossClassifier(
        batch_size=200, max_iter=60, tol=0, random_state=0, learning_rate=0.01
    ).fit(X, codes)
    losses = [
        mean_log_loss(each.decision_function(X), codes, np.ones(2000))[0]
        for each in (optimum, model)
    ]
    assert losses[0] <= losses[1] + 1e-6
    assert losses[1] < losses[0] + 0.01


def test_batches_depend_on_the_seed_alone():
    X, codes = table(300)
    parameters = {"batch_size": 32, "max_iter": 3}
    same, again, other = (
        TorchLossClassifier(**parameters, random_state=seed).fit(X, codes)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(same.coef_, again.coef_)
    assert (same.coef_ != other.coef_).any()
    generator = np.random.RandomState(0)
    by_generator = TorchLossClassifier(**parameters, random_state=generator)
    np.testing.assert_array_equal(by_generator.fit(X, codes).coef_, same.coef_)


def test_hidden_layers_gradient():
    """One step of gradient descent = autograd through the module of the start."""
    X, codes = table(60)
    parameters = {"hidden_layer_sizes": (5, 3), "random_state": 0, "optimizer": "gd"}
    start = TorchLossClassifier(**parameters, learning_rate=1e-300, max_iter=1)
    start.fit(X, codes)
    module = start.to_torch().double()
    z = module(torch.from_numpy(X)).reshape(-1)
    y = torch.from_numpy(codes).double()
    loss = torch.nn.functional.binary_cross_entropy_with_logits(z, y)
    weights = [p for p in module.parameters() if p.ndim == 2]
    loss = loss + L2 * sum((p**2).sum() for p in weights)
    loss.backward()
    moved = TorchLossClassifier(**parameters, learning_rate=0.5, max_iter=1)
    moved.fit(X, codes)
    assert start.loss_curve_[0] == pytest.approx(loss.item(), rel=1e-12)
    biases = [p for p in module.parameters() if p.ndim == 1]
    for before, after, p in zip(start.coefs_, moved.coefs_, weights, strict=True):
        gradient = p.grad.numpy()
        gradient = gradient if gradient.shape == before.shape else gradient.T
        np.testing.assert_allclose(after, before - 0.5 * gradient, rtol=1e-9)
    for before, after, p in zip(
        start.intercepts_, moved.intercepts_, biases, strict=True
    ):
        np.testing.assert_allclose(
            after, before - 0.5 * p.grad.numpy(), rtol=1e-9, atol=1e-15
        )


def test_verbose(capfd):
    X, codes = table(60)
    for verbose in (0, 1):
        TorchLossClassifier(max_iter=3, verbose=verbose).fit(X, codes)
        captured = capfd.readouterr()
        assert len((captured.out + captured.err).splitlines()) == 3 * verbose

"""The heads once more, as plainly as NumPy allows: metrics, cuts, warm start, steps."""

from itertools import pairwise

import numpy as np
from scipy.special import expit, log_softmax, logit, softmax

OF_A_CLASS = [
    *("f1", "fbeta", "fowlkes_mallows", "jaccard", "markedness"),
    *("precision", "recall", "specificity"),
]
OF_ALL = ["accuracy", "balanced_accuracy", "gmean", "informedness", "kappa", "mcc"]


def ratio(above, below):
    return above / below if below > 0 else 0.0


def confusion(codes, predicted, weight, n_classes):
    matrix = np.zeros((n_classes, n_classes))
    np.add.at(matrix, (codes, predicted), weight)
    return matrix


def of_counts(name, tp, fp, fn, tn, beta=1.0):
    """A metric of one class against the rest."""
    if name in ("f1", "fbeta"):
        b = beta**2 if name == "fbeta" else 1
        return ratio((1 + b) * tp, (1 + b) * tp + b * fn + fp)
    if name == "markedness":
        return ratio(tp, tp + fp) + ratio(tn, tn + fn) - 1
    return {
        "precision": ratio(tp, tp + fp),
        "recall": ratio(tp, tp + fn),
        "specificity": ratio(tn, tn + fp),
        "jaccard": ratio(tp, tp + fp + fn),
        "fowlkes_mallows": ratio(tp, np.sqrt((tp + fp) * (tp + fn))),
    }[name]


def counts_of(matrix, c):
    rest = np.delete(np.arange(len(matrix)), c)
    return (
        matrix[c, c],
        matrix[rest, c].sum(),
        matrix[c, rest].sum(),
        matrix[np.ix_(rest, rest)].sum(),
    )


def of_matrix(name, matrix, *, beta=1.0, average="auto", pos_label=1, cost=None):
    """An exact metric of a confusion matrix whose classes all occur."""
    total = matrix.sum()
    t, q, hits = matrix.sum(axis=1), matrix.sum(axis=0), matrix.trace()
    if name == "cost":
        return 1 - (matrix * cost).sum() / total
    if name in OF_ALL:
        recalls = matrix.diagonal() / t
        chance = (t * q).sum() / total**2
        share = 1 / len(matrix)
        spread = np.sqrt((1 - (q**2).sum() / total**2) * (1 - (t**2).sum() / total**2))
        one_column = (q > 0).sum() == 1
        return {
            "accuracy": hits / total,
            "balanced_accuracy": recalls.mean(),
            "gmean": recalls.prod() ** share,
            "informedness": (recalls.mean() - share) / (1 - share),
            "kappa": ratio(hits / total - chance, 1 - chance),
            "mcc": 0.0 if one_column else ratio(hits / total - chance, spread),
        }[name]
    if average == "binary" or (average == "auto" and len(matrix) == 2):
        return of_counts(name, *counts_of(matrix, pos_label), beta)
    each = [counts_of(matrix, c) for c in range(len(matrix))]
    if average == "micro":
        return of_counts(name, *np.sum(each, axis=0), beta)
    values = np.array([of_counts(name, *four, beta) for four in each])
    return np.average(values, weights=t if average == "weighted" else None)


def score_of(name, codes, predicted, weight, n_classes, **parameters):
    matrix = confusion(codes, predicted, weight, n_classes)
    return of_matrix(name, matrix, **parameters)


def decide(logits):
    """Rule of prediction: class 1 above 0, or the first largest of several columns."""
    if logits.ndim == 1:
        return (logits > 0).astype(int)
    return logits.argmax(axis=1)


def metric_at(name, logits, codes, weight, **parameters):
    """Exact metric of logits, (n,) or (n, C)."""
    n_classes = 2 if logits.ndim == 1 else logits.shape[1]
    return score_of(name, codes, decide(logits), weight, n_classes, **parameters)


def brute_force_cut(name, logits, positive, weight, **parameters):
    """Try each cut, highest first; return the best cut's probability and its score."""
    logits = np.clip(logits, -30, 30)
    levels = np.unique(logits)[::-1]
    p = expit(levels)
    cuts = [(1 + p[0]) / 2, *((high + low) / 2 for high, low in pairwise(p)), p[-1] / 2]
    scores = []
    for n_above in range(len(cuts)):
        said = np.isin(logits, levels[:n_above]).astype(int)
        scores.append(
            score_of(name, positive.astype(int), said, weight, 2, **parameters)
        )
    best = next(i for i, score in enumerate(scores) if score >= max(scores) - 1e-12)
    return cuts[best], scores[best]


def balanced(codes, weight, n_classes):
    """Weights with which each class has the same total."""
    totals = np.bincount(codes, weight, n_classes)
    return weight * (weight.sum() / (n_classes * totals))[codes]


def logistic(X, codes, weight, l2, n_classes=2):
    """Newton's method on the mean logistic loss + l2 * |W|^2; biases are free.

    Returns W (1, d) or (C, d) and b; of several equivalent b the one with mean 0.
    """
    n, d = X.shape
    rows = np.column_stack([X, np.ones(n)]).astype(float)
    share = weight / weight.sum()
    n_outputs = 1 if n_classes == 2 else n_classes
    W = np.zeros((n_outputs, d + 1))
    ridge = np.tile(np.append(np.full(d, 2 * l2), 0.0), n_outputs)

    def loss(W):
        z = rows @ W.T
        z = np.column_stack([np.zeros(n), z]) if n_outputs == 1 else z
        fit = -share @ log_softmax(z, axis=1)[np.arange(n), codes]
        return fit + l2 * (W[:, :-1] ** 2).sum()

    for _ in range(60):
        z = rows @ W.T
        p = expit(z) if n_outputs == 1 else softmax(z, axis=1)
        target = codes[:, None] == (1 if n_outputs == 1 else np.arange(n_classes))
        gradient = ((p - target) * share[:, None]).T @ rows + 0.0
        gradient = gradient.ravel() + ridge * W.ravel()
        hessian = np.zeros((n_outputs, d + 1, n_outputs, d + 1))
        for j in range(n_outputs):
            for k in range(n_outputs):
                h = share * p[:, j] * ((j == k) - p[:, k])
                hessian[j, :, k] = rows.T @ (h[:, None] * rows)
        hessian = hessian.reshape(len(gradient), -1) + np.diag(ridge)
        step = (np.linalg.pinv(hessian, hermitian=True) @ gradient).reshape(W.shape)
        if np.abs(gradient).max() < 1e-15:
            break
        size = 1.0
        while loss(W - size * step) > loss(W) + 1e-14 and size > 1e-10:
            size /= 2
        W = W - size * step
    b = W[:, -1]
    return W[:, :-1], b - (0 if n_outputs == 1 else b.mean())


def any_loss_f1(z, y, weight, amplification, beta=1.0):
    """1 - soft F_beta of binary logits, and its gradient, by the formulas of the paper.

    sigma(x)(1 - sigma(x)) is written without cancellation.
    """
    p = expit(z)
    a = expit(amplification * (p - 0.5))
    b = beta**2
    P, S, T = weight @ y, weight @ a, weight @ (a * y)
    below = b * P + S
    slope = amplification * a * expit(-amplification * (p - 0.5)) * p * expit(-z)
    gradient = -(1 + b) * (y * below - T) * weight * slope / below**2
    return 1 - (1 + b) * T / below, gradient


def log_loss(z, codes, weight):
    """Weighted mean of the logistic loss of (n,) or (n, C) logits, and its gradient."""
    share = weight / weight.sum()
    if z.ndim == 1:
        return share @ (np.logaddexp(0, z) - codes * z), share * (expit(z) - codes)
    rows = np.arange(len(z))
    gradient = softmax(z, axis=1)
    gradient[rows, codes] -= 1
    loss = -share @ log_softmax(z, axis=1)[rows, codes]
    return loss, share[:, None] * gradient


def kept_near(loss_of, model, codes, weight):
    """Mix the logistic loss of the scores before the cut of a model into a loss."""
    share = model.log_loss_share
    if share == "auto":
        share = 3500 / (3500 + weight.sum())
    if not share or model.init == "zeros" or model.threshold is None:
        return loss_of
    fitted = vars(model)
    shift = fitted.get("class_offsets_", -logit(fitted.get("threshold_", 0.5)))

    def mixed(z):
        loss, gradient = loss_of(z)
        kept, kept_gradient = log_loss(z - shift, codes, weight)
        return (
            (1 - share) * loss + share * kept,
            (1 - share) * gradient + share * kept_gradient,
        )

    return mixed


class Adam:
    """Adam of Kingma and Ba with its usual constants."""

    def __init__(self, learning_rate):
        self.learning_rate = learning_rate
        self.n_steps = 0
        self.m = self.v = 0.0

    def step(self, theta, gradient):
        self.n_steps += 1
        self.m = 0.9 * self.m + 0.1 * gradient
        self.v = 0.999 * self.v + 0.001 * gradient**2
        m = self.m / (1 - 0.9**self.n_steps)
        v = self.v / (1 - 0.999**self.n_steps)
        return theta - self.learning_rate * m / (np.sqrt(v) + 1e-8)


class GradientDescent:
    def __init__(self, learning_rate):
        self.learning_rate = learning_rate

    def step(self, theta, gradient):
        return theta - self.learning_rate * gradient


def fine_tune(W, b, X, loss_of, score, l2, rule, max_iter):
    """Full-batch steps on a loss of logits, then the choice among the iterates.

    `loss_of` returns loss and gradient of the logits, `score` their exact metric.
    Returns the chosen W and b, what the choice is called, its score and the losses.
    """
    theta = np.column_stack([W, b])
    iterates, scores, losses = [], [], []
    for n in range(max_iter + 1):
        Z = X @ theta[:, :-1].T + theta[:, -1]
        Z = Z[:, 0] if len(theta) == 1 else Z
        iterates.append(theta)
        scores.append(score(Z))
        loss, G = loss_of(Z)
        losses.append(loss + l2 * (theta[:, :-1] ** 2).sum())
        G = G[:, None] if G.ndim == 1 else G
        gradient = np.column_stack([G.T @ X + 2 * l2 * theta[:, :-1], G.sum(axis=0)])
        if n < max_iter:
            theta = rule.step(theta, gradient)
    chosen = max_iter
    if scores[-1] < scores[0] - 1e-12:  # equal counts, added in another order, tie
        best = max(scores) - 1e-12
        chosen = max(n for n, value in enumerate(scores) if value >= best)
    name = {0: "warm_start", max_iter: "last"}.get(chosen, "best")
    theta = iterates[chosen]
    return theta[:, :-1], theta[:, -1], name, scores[chosen], losses


def cut_out(b, cut):
    """Fold the probability of a cut into an intercept."""
    return b - logit(cut)

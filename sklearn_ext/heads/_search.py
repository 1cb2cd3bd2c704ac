"""Cross-validation of a grid of heads that are trained at once."""

from itertools import product

import numpy as np
from scipy.stats import rankdata

from ._batched import BatchedHeads
from ._threshold import find_cut
from ._warm_start import log_loss_share, logistic_start

__all__ = ["search_grid"]

USUAL_AMPLIFICATION = 10.0


def _start(part, penalty, metric, init):
    """Return the start of one fold.

    Parameters (n_outputs, d + 1), biases last; what the cut has added to the biases;
    and the cut.
    """
    n_outputs = 1 if part.n_classes == 2 else part.n_classes
    d = part.X.shape[1]
    if init == "zeros":
        shift = np.zeros(n_outputs)
        cut = 0.5 if n_outputs == 1 else shift
        return np.zeros((n_outputs, d + 1), part.X.dtype), shift, cut
    flat = logistic_start(part.X, part.codes, part.weight, part.n_classes, penalty)
    coef, intercept = flat[: n_outputs * d].reshape(n_outputs, d), flat[n_outputs * d :]
    scores = part.X @ coef.T + intercept
    shift, cut = find_cut(scores, part.codes, part.weight, metric)
    start = np.column_stack([coef, intercept + shift]).astype(part.X.dtype)
    return start, shift, cut


def _choose(scores, grid):
    """Return the setting whose amplification is nearest to the usual one.

    Of those within one standard error of the best mean; ties to the better mean.
    """
    mean = scores.mean(axis=0)
    best = int(mean.argmax())
    error = 0.0
    if len(scores) > 1:
        error = scores[:, best].std(ddof=1) / np.sqrt(len(scores))
    near = np.flatnonzero(mean >= mean[best] - error)
    distance = [
        abs(np.log(grid[setting]["amplification"] / USUAL_AMPLIFICATION))
        for setting in near
    ]
    return int(near[np.lexsort((-mean[near], distance))[0]])


def _results(scores, grid):
    """Return the table of `GridSearchCV`; scores are (n_folds, n_settings)."""
    mean = scores.mean(axis=0)
    return {
        "params": list(grid),
        **{f"param_{name}": np.array([s[name] for s in grid]) for name in grid[0]},
        **{f"split{fold}_test_score": row for fold, row in enumerate(scores)},
        "mean_test_score": mean,
        "std_test_score": scores.std(axis=0),
        "rank_test_score": rankdata(-mean, method="min").astype(np.int32),
    }


def search_grid(
    data,
    folds,
    grid,
    metric,
    *,
    class_weight,
    init,
    steps,
    device,
    judge,
):
    """Train the heads of all folds and settings and choose a setting.

    Parameters
    ----------
    data : TrainingRows
        All rows, classes weighing 1.
    folds : list of (ndarray, ndarray)
        Positions of the rows to train on and to hold out.
    grid : list of dict
        With "amplification" and "l2_regularization".
    metric : ConfusionMetric
    class_weight : as the user gave it
    init : {"logistic", "zeros"}
    steps : (int, float)
        Number and size of the steps.
    device : str
    judge : callable or None
        Returns the score of (coef, intercept, held-out rows); None is the metric.

    Returns
    -------
    found : dict
        "best", a position in the grid, and fitted attributes.
    """
    parts = [data.take(train).with_class_weight(class_weight) for train, _ in folds]
    penalties = sorted({setting["l2_regularization"] for setting in grid})
    starts = {
        (fold, penalty): _start(parts[fold], penalty, metric, init)
        for fold, penalty in product(range(len(folds)), penalties)
    }
    heads = list(product(range(len(folds)), grid))
    weight = np.zeros((len(data.codes), len(heads)))
    of_heads = [starts[fold, setting["l2_regularization"]] for fold, setting in heads]
    for head, (fold, _) in enumerate(heads):
        weight[folds[fold][0], head] = parts[fold].weight
    anchor = None
    if init == "logistic":
        shares = [log_loss_share("auto", total) for total in weight.sum(axis=0)]
        anchor = np.array(shares), np.stack([shift for _, shift, _ in of_heads])
    batched = BatchedHeads(
        data.X,
        data.codes,
        weight,
        np.stack([start for start, _, _ in of_heads]),
        metric,
        np.array([s["amplification"] for _, s in heads]),
        np.array([s["l2_regularization"] for _, s in heads]),
        anchor,
        device,
    )
    batched.run(*steps)

    logits = batched.logits()
    held_out = np.zeros_like(weight)
    for head, (fold, _) in enumerate(heads):
        test = folds[fold][1]
        held_out[test, head] = data.take(test).with_class_weight(class_weight).weight
    shape = len(folds), len(grid)
    if judge is None:
        scores = batched.exact(logits, held_out).reshape(shape)
    else:
        parameters = batched.parameters.cpu().numpy()
        scores = np.array(
            [
                judge(coef[:, :-1], coef[:, -1], data.take(folds[fold][1]))
                for coef, (fold, _) in zip(parameters, heads, strict=True)
            ]
        ).reshape(shape)

    if not np.isfinite(scores).all():
        raise ValueError(
            f"scoring gives {scores[~np.isfinite(scores)][0]} for a fold; it must "
            f"return a finite number."
        )
    best = _choose(scores, grid)
    oof = np.full((len(data.codes), logits.shape[2]), np.nan)
    for fold, (_, test) in enumerate(folds):
        oof[test] = logits[test, fold * len(grid) + best].cpu().numpy()
    seen = np.flatnonzero(np.isfinite(oof).all(axis=1))
    whole = data.with_class_weight(class_weight)
    _, threshold = find_cut(oof[seen], data.codes[seen], whole.weight[seen], metric)
    cuts = [starts[f, grid[best]["l2_regularization"]][2] for f in range(len(folds))]
    return {
        "best": best,
        "cv_results_": _results(scores, grid),
        "oof_scores_": oof[:, 0] if oof.shape[1] == 1 else oof,
        "oof_threshold_": threshold,
        "threshold_std_": np.std(cuts, axis=0),
    }

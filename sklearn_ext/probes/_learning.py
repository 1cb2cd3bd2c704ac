"""How a probe learns: from rows to statistics, and from statistics to attributes."""

import numpy as np

from sklearn_ext._core._arrays import as_host, is_tensor
from sklearn_ext._core._sklearn import BaseEstimator, check_sample_weight

from ._arrays import open_rows
from ._labels import code_labels, positions
from ._leave_one_out import Batch, loss_table
from ._model import fit_statistics, linear_rows
from ._prediction import LinearPrediction
from ._statistics import first_shift
from ._sums import LARGE, n_threads, statistics_of

__all__ = ["StatisticsLearner"]

# What shrinkage="auto" chooses from.
SHRINKAGES = (0.0, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0)


class StatisticsLearner(LinearPrediction, BaseEstimator):
    """The private half of `NaiveBayesProbe`."""

    def _open(self, X, y, sample_weight, *, reset=False):
        """Return `Rows`, the labels, codes into them, and weights (None if none)."""
        rows, y = open_rows(
            self, X, y, device=self._device(X), with_y=True, reset=reset
        )
        labels, codes = code_labels(y)
        if sample_weight is None:
            return rows, labels, codes, None
        weight = check_sample_weight(
            as_host(sample_weight), codes, dtype=np.float64, ensure_non_negative=True
        )
        return rows, labels, codes, weight

    def _places(self, labels, message):
        """Return where the labels stand in `classes_`; refuse unknown ones."""
        places = positions(self.classes_, labels)
        unknown = labels[places < 0].tolist()
        if unknown:
            raise ValueError(
                f"{message} the label {unknown[0]!r}, which is not one of the classes "
                f"{self.classes_.tolist()}."
            )
        return places

    def _check_priors(self, known, grown):
        """Refuse new classes where the priors are fixed."""
        is_fixed = self.priors is not None and not isinstance(self.priors, str)
        if is_fixed and known is not None and len(grown) > len(known):
            raise ValueError(
                f"priors is fixed for the {len(known)} classes {known.tolist()}, so it "
                f"cannot be extended to {grown.tolist()}. Use None or 'uniform'."
            )

    def _check_same_features(self, other):
        for name in ("n_features_in_", "feature_names_in_"):
            ours, theirs = getattr(self, name, None), getattr(other, name, None)
            if not np.array_equal(ours, theirs):
                raise ValueError(
                    f"merge() needs the same features on both sides, but {name} is "
                    f"{ours} here and {theirs} there."
                )

    def _statistics(self, rows, codes, weight, n_classes, before=None):
        """Return the statistics of rows, about the shift of those before."""
        allow_nan = self.missing == "marginalize"
        shift = None
        if before is not None:
            shift = before.shift
            unseen = before.entries().sum(axis=0) == 0
            if unseen.any() and not hasattr(rows.X, "indptr"):
                shift = np.where(unseen, first_shift(rows.X, allow_nan), shift)
        if rows.device is not None:
            from ._torch import statistics_in_torch

            return statistics_in_torch(
                rows.X,
                codes,
                weight,
                n_classes,
                shift=first_shift(rows.X, allow_nan) if shift is None else shift,
                allow_nan=allow_nan,
                device=rows.device,
            )
        return statistics_of(
            rows.X,
            codes,
            weight,
            n_classes,
            shift=shift,
            allow_nan=allow_nan,
            n_jobs=self.n_jobs,
        )

    def _spread(self, classes):
        """Return the statistics with a row for each of `classes`."""
        return self._statistics_.spread(positions(classes, self.classes_), len(classes))

    def _batch(self, rows, codes, weight):
        """Return the rows to leave out in turn; few are not worth threads."""
        is_large = rows.X.shape[0] * rows.X.shape[1] >= LARGE
        return Batch.of(rows, codes, weight, n_threads(self.n_jobs) if is_large else 1)

    def _settle(self, statistics, batch=None, table=None):
        """Set the fitted attributes from statistics.

        Parameters
        ----------
        statistics : Statistics
        batch : tuple of (Rows, codes, weight), or None
            New rows among them, for the leave-one-out losses.
        table : LossTable or None
            The losses of earlier rows.
        """
        fit = fit_statistics(
            statistics, priors=self.priors, var_smoothing=self.var_smoothing
        )
        is_auto, is_loo = self.shrinkage == "auto", self.temperature == "loo"
        shrinkages = SHRINKAGES if is_auto else (float(self.shrinkage or 0),)
        fixed = None if is_loo else float(self.temperature or 1)
        for name in ("loo_score_", "loo_log_loss_", "n_loo_", "_losses_"):
            vars(self).pop(name, None)
        chosen = {"shrinkage": shrinkages[0], "temperature": fixed or 1.0}
        if is_auto or is_loo:
            if table is not None and not table.fits(shrinkages, fixed):
                table = None
            if batch is not None:
                models = [fit.model(each) for each in shrinkages]
                units = self._batch(*batch)
                added = loss_table(models, shrinkages, statistics, units, fixed)
                table = added.plus(table)
            if table is not None:
                chosen = table.choose()
                self._losses_ = table
        shrinkage, temperature = chosen.pop("shrinkage"), chosen.pop("temperature")
        vars(self).update(fit.attributes(shrinkage) | chosen)
        self.temperature_ = temperature
        self.coef_, self.intercept_ = linear_rows(*fit.rows(shrinkage))
        self._statistics_ = statistics

    def _device(self, X):
        """Return where torch computes, None for NumPy."""
        if self._computes_in_torch:
            return "cpu"
        if self.device == "auto" and is_tensor(X) and X.is_cuda:
            return X.device
        if self.device != "cuda":
            return None
        from sklearn_ext._core._torch import resolve_device

        return resolve_device(
            "cuda", is_worth_it=True, purpose="NaiveBayesProbe(device='cuda')"
        )

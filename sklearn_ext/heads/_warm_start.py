"""The converged logistic regression that a linear head starts from and stays near."""

import warnings

import numpy as np
from scipy import sparse
from scipy.linalg import LinAlgWarning
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

__all__ = ["log_loss_share", "logistic_start"]

TOLERANCE = {np.dtype("f4"): 1e-5, np.dtype("f8"): 1e-10}
# Above so many coefficients a Hessian costs more than conjugate gradients do.
MOST_FOR_HESSIAN = 300
MAX_ITER = 200
# So many rows say as much about the metric of new rows as the warm start does.
EQUAL_ROWS = 3_500


def log_loss_share(given, n_samples):
    """Return the share of the logistic loss in fine-tuning, for so many rows."""
    return EQUAL_ROWS / (EQUAL_ROWS + n_samples) if given == "auto" else given


def logistic_start(X, codes, weight, n_classes, l2_regularization):
    """Minimise the mean logistic loss plus the penalty of the weights.

    Parameters
    ----------
    X : ndarray or CSR of shape (n, d), float32 or float64
    codes : ndarray of int of shape (n,)
    weight : ndarray of float64 of shape (n,)
    n_classes : int
    l2_regularization : float

    Returns
    -------
    parameters : ndarray of the dtype of X
        Weights, row by row, then biases.
    """
    total = weight.sum()
    n_outputs = 1 if n_classes == 2 else n_classes
    n_coefficients = n_outputs * (X.shape[1] + 1)
    is_small = not sparse.issparse(X) and n_coefficients <= MOST_FOR_HESSIAN
    penalty = 2 * l2_regularization * total
    model = LogisticRegression(
        C=1 / penalty if penalty > 0 else np.inf,
        solver="newton-cholesky" if is_small else "newton-cg",
        tol=TOLERANCE[X.dtype],
        max_iter=MAX_ITER,
    )
    with warnings.catch_warnings(record=True) as caught:
        # A line search that cannot gain more has arrived, as far as the dtype allows.
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", ConvergenceWarning)
        warnings.simplefilter("ignore", LinAlgWarning)
        model.fit(X, codes, sample_weight=weight)
    if caught and max(model.n_iter_) >= MAX_ITER:
        warnings.warn(
            f"The logistic warm start did not converge in {MAX_ITER} iterations. "
            f"Scale the features, or raise l2_regularization.",
            ConvergenceWarning,
            stacklevel=5,
        )
    return np.concatenate([model.coef_.ravel(), model.intercept_]).astype(X.dtype)

"""Domains of any size weigh the same, in each step."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import KFold

from sklearn_ext import LatentLabelShift, class_prior_error, clustering_accuracy
from tests.label_shift._tables import gaussian

pytestmark = pytest.mark.usefixtures("one_thread")

# Class 2 is at home in the last domain.
PRIOR = np.array([[0.70, 0.10, 0.05], [0.295, 0.88, 0.05], [0.005, 0.02, 0.90]])


@pytest.mark.parametrize("sizes", [[700, 700, 700], [4000, 200, 200], [200, 200, 4000]])
def test_a_class_at_home_in_a_small_domain_is_found(sizes):
    for seed in range(3):
        X, y, domains = gaussian(sum(sizes), PRIOR, seed, shares=sizes)
        model = LatentLabelShift(3, random_state=0).fit(X, domains)
        accuracy, permutation = clustering_accuracy(
            y, model.labels_, return_permutation=True
        )
        assert accuracy > 0.9
        error = class_prior_error(PRIOR, model.p_y_given_d_, permutation=permutation)
        assert error < 0.15


def test_held_out_posteriors_know_the_shares_of_their_fold():
    """A discriminator that knows nothing gives 1 / n_domains, whatever its rows."""
    domains = np.repeat([0, 1], [40, 10])
    X = np.random.default_rng(0).normal(size=(50, 2))
    with pytest.warns(UserWarning, match="Weak label shift"):
        model = LatentLabelShift(
            2,
            discriminator=DummyClassifier(),
            factorization="nmf",
            n_bins=2,
            cv=KFold(3, shuffle=True, random_state=0),
        ).fit(X, domains)
    assert model.discriminator_log_loss_ == pytest.approx(np.log(2), rel=1e-12)
    assert not model.shift_detected_

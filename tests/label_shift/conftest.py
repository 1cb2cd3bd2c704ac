"""Fixtures of the tests of label shift."""

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture
def one_thread():
    """More threads only slow scikit-learn down on tables of this size."""
    with threadpool_limits(1):
        yield

"""The checks of texts, for every estimator that takes them."""

import pytest
from sklearn.base import clone
from sklearn.utils import get_tags

from tests.common._instances import instances
from tests.common._text_checks import text_checks
from tests.text._corpus import made_corpus

TEXTS, LABELS, _ = made_corpus(sizes=(40, 40, 40, 40))
# The parser fits trees, and what only makes rows has checks of its own.
ON_TEXTS = [
    each
    for each in instances()
    if get_tags(each).input_tags.one_d_array
    and hasattr(each, "predict")
    and not hasattr(each, "parse")
]


@pytest.mark.parametrize("check", list(text_checks()), ids=lambda check: check.__name__)
@pytest.mark.parametrize("estimator", ON_TEXTS, ids=repr)
def test_text_check(estimator, check, tmp_path):
    keywords = {"tmp_path": tmp_path} if "pickle" in check.__name__ else {}
    check(clone(estimator), TEXTS, LABELS, **keywords)

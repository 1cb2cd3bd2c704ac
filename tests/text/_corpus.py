"""Documents made of known topics, for tests that need to know the truth."""

from itertools import product

import numpy as np

TOPICS = "east", "north", "south", "west"
WORDS_OF_A_TOPIC = 40
BACKGROUND = 400
LENGTH = 40
SHARE_OF_TOPIC = 0.3
N_KEYWORDS = 3


def made_corpus(seed=0, sizes=(200, 200, 200, 200)):
    """Return texts, their topics, and keywords for each topic.

    A word of a document is one of its topic's 40 words with probability 0.3, otherwise
    one of 400 words of all topics, whose frequencies follow Zipf's law.
    """
    rng = np.random.default_rng(seed)
    syllables = [a + b for a, b in product("bdfgklmnprstvz", "aeiou")]
    words = np.array(["".join(pair) for pair in product(syllables, syllables)])
    words = rng.permutation(words)
    names = TOPICS[: len(sizes)]
    background, others = words[:BACKGROUND], words[BACKGROUND:]
    topics = [others[i * WORDS_OF_A_TOPIC :][:WORDS_OF_A_TOPIC] for i in range(4)]
    zipf = 1 / np.arange(1, BACKGROUND + 1)

    texts, labels = [], []
    for name, size, topic in zip(names, sizes, topics, strict=False):
        for _ in range(size):
            text = rng.choice(background, LENGTH, p=zipf / zipf.sum())
            from_topic = rng.random(LENGTH) < SHARE_OF_TOPIC
            text[from_topic] = rng.choice(topic, from_topic.sum())
            texts.append(" ".join(text))
            labels.append(name)
    order = rng.permutation(len(texts)).tolist()
    keywords = {
        name: topic[:N_KEYWORDS].tolist()
        for name, topic in zip(names, topics, strict=False)
    }
    return [texts[i] for i in order], np.array(labels)[order], keywords

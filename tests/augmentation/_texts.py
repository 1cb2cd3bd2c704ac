"""Twenty hand-written sentences of two classes, as people write reviews."""

__all__ = ["CLASSES", "TEXTS"]

_PRAISE = [
    "The young actress gives a warm and honest performance.",
    "I loved every minute of this funny, tender little film.",
    "It's a clever thriller that never loses its sense of humour.",
    "The director tells an old story with remarkable patience.",
    "You won't find a more charming comedy this year.",
    "Great music, sharp dialogue and a truly beautiful ending!",
    "The children in the audience laughed and clapped for an hour.",
    "Her second novel is even better than the first one.",
    "What a lovely surprise: the quiet scenes are the best of all.",
    "The hotel staff were friendly, and the rooms had been cleaned carefully.",
]
_BLAME = [
    "The plot is thin and the jokes are painfully old.",
    "I did not believe a single word of this dull, noisy film.",
    "It doesn't help that the hero sleeps through half of the story.",
    "The camera crashes after a week and the battery dies quickly.",
    "Why would anyone pay for such a lazy, ugly sequel?",
    "The actors, who look bored, can't save a hopeless script.",
    "He talks too much, she says nothing, and nobody cares.",
    "A terrible waste of time (and of a very good cast).",
    "The service was slow; our food arrived cold and tasted of nothing.",
    'My brother called it "the worst meal of my life".',
]
TEXTS = [*_PRAISE, *_BLAME]
CLASSES = ["praise"] * len(_PRAISE) + ["blame"] * len(_BLAME)

"""Short film reviews for the examples: forty by hand, and published ones if there."""

import csv
import gzip

import numpy as np
from _data import published_folder

from sklearn_ext.augmentation import WordNetSynonyms

GOOD = """
The young actress gives a warm and honest performance.
I laughed at every joke, and I loved the ending.
The director tells a touching story with great charm.
This is a clever comedy with a wonderful cast.
The songs are lovely, and the dancing is superb.
My children loved the brave little robot.
A beautiful film about an old painter and his daughter.
The photography is gorgeous and the music is lovely.
She plays the lonely queen with warmth and humor.
We enjoyed the gentle humor of this charming picture.
The warm friendship of the two women is a delight.
A funny and touching adventure for the whole family!
The cast is superb, and the young hero is a great find.
Few comedies have such a big heart.
It is a rich and beautiful portrait of a small town.
You will enjoy this clever thriller.
The great actor has never been better.
This delightful film made me smile for hours.
His tender love story is honest and moving.
I would gladly see this wonderful film again.
"""
BAD = """
The slow plot never finds a point.
I did not believe a single word of this dull story.
The jokes are tired, and the ending makes no sense.
This lazy sequel wastes a good budget on a weak script.
The editing is a mess and the sound is terrible.
My friends left the cinema after an hour of boredom.
A boring film about cars, guns and money.
The dialogue is flat, and the actors look bored.
He has no charm, and she cannot act.
We hated the cheap effects and the stupid plot.
A dull and predictable mess without a single good joke.
The script is terrible, so nobody cares who dies.
It is too long, too loud and completely pointless.
Why would anyone pay for this boring sequel?
The villain is a cheap joke.
What a waste of money and talent!
The weak plot has been copied from a bad television show.
I wanted to sleep through the last hour.
Nothing in this empty and tedious script makes sense.
The worst film of the year is slow, ugly and stupid.
"""


def reviews():
    """Return forty reviews and whether they are "good" or "bad", in turns."""
    pairs = zip(GOOD.split("\n")[1:-1], BAD.split("\n")[1:-1], strict=True)
    texts = np.array([text for pair in pairs for text in pair], dtype=object)
    return texts, np.tile(["good", "bad"], len(texts) // 2)


def published_reviews(part):
    """Return texts and labels of a part of SST-2, or None where it is not."""
    path = published_folder("sentences") / f"sst2.{part}.tsv.gz"
    if not path.is_file():
        return None
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    labels, texts = zip(*rows, strict=True)
    names = np.where(np.array(labels) == "1", "good", "bad")
    return np.array(texts, dtype=object), names


def wordnet():
    """Return the synonyms of the WordNet on this machine, or None without one."""
    try:
        return WordNetSynonyms()
    except FileNotFoundError:
        return None

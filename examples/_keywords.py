"""Texts for the examples, and keywords for their topics.

The texts are the posts of 20 Newsgroups without their headers, if the published data
are there, and otherwise docstrings of the installed packages.
"""

import numpy as np
from _data import docstrings, newsgroups

POSTS = {
    "alt.atheism": ["atheism", "atheists", "agnostic"],
    "comp.graphics": ["graphics", "images", "gif", "jpeg"],
    "comp.os.ms-windows.misc": ["windows", "microsoft", "apps", "dll"],
    "comp.sys.ibm.pc.hardware": ["pc", "ibm", "motherboard", "irq"],
    "comp.sys.mac.hardware": ["mac", "macintosh", "powerbook", "apple"],
    "comp.windows.x": ["motif", "xterm", "widget", "x server"],
    "misc.forsale": ["forsale", "sale", "offer", "shipping"],
    "rec.autos": ["autos", "car", "engine", "tires"],
    "rec.motorcycles": ["motorcycles", "bike", "ride", "riders"],
    "rec.sport.baseball": ["baseball", "pitcher", "innings"],
    "rec.sport.hockey": ["hockey", "nhl", "playoff", "goalie"],
    "sci.crypt": ["encryption", "cryptography", "rsa", "crypt"],
    "sci.electronics": ["electronics", "circuit", "voltage", "resistors"],
    "sci.med": ["medicine", "medical", "patients", "disease"],
    "sci.space": ["space", "orbit", "shuttle", "lunar"],
    "soc.religion.christian": ["christian", "christianity", "church", "christ"],
    "talk.politics.guns": ["guns", "gun", "firearms", "nra"],
    "talk.politics.mideast": ["mideast", "israel", "arab", "palestinian"],
    "talk.politics.misc": ["politics", "president", "congress", "taxes"],
    "talk.religion.misc": ["religion", "religious", "beliefs", "morality"],
}
DOCSTRINGS = {
    "numpy.ma": ["masked", "mask"],
    "pandas.core.groupby": ["groupby", "groups", "grouping"],
    "pandas.core.indexes": ["index", "indexer", "multiindex", "levels"],
    "pandas.io": ["file", "reading", "parser", "csv"],
    "scipy.interpolate": ["interpolation", "spline", "knots", "cubic"],
    "scipy.linalg": ["decomposition", "eigenvalues", "triangular", "hermitian"],
    "scipy.optimize": ["optimization", "minimize", "constraints", "objective"],
    "scipy.signal": ["signal", "filter", "frequency", "window"],
    "scipy.sparse": ["sparse", "csr", "csc"],
    "scipy.spatial": ["euclidean", "distances", "rotation", "kd-tree"],
    "scipy.stats": ["distribution", "statistic", "hypothesis", "test"],
    "sklearn.cluster": ["cluster", "clusters", "clustering"],
    "sklearn.ensemble": ["ensemble", "trees", "estimators"],
    "sklearn.linear_model": ["linear model", "regression", "intercept"],
    "sklearn.metrics": ["metrics", "score", "classification", "multilabel"],
    "sklearn.preprocessing": ["preprocessing", "scaling", "encoded", "categories"],
}


def archive():
    """Return texts, their true topics, which are for testing, and keywords."""
    parts = newsgroups(*POSTS)
    if parts is not None:
        texts, truth = parts[0] + parts[2], np.concatenate([parts[1], parts[3]])
        is_test = np.arange(len(texts)) >= len(parts[0])  # as published
        is_long = np.array([len(text.split()) >= 10 for text in texts])
        texts = [texts[i] for i in np.flatnonzero(is_long)]
        truth, is_test = truth[is_long], is_test[is_long]
        print(f"20 Newsgroups: {len(texts):,} posts of ten words or more")
        return texts, truth, is_test, POSTS
    texts, truth = docstrings()
    is_test = np.random.default_rng(0).random(len(texts)) < 0.4
    print(f"20 Newsgroups is not here: {len(texts):,} docstrings of packages")
    return texts, truth, is_test, DOCSTRINGS

"""
=============================
Rules from a table of numbers
=============================

A Tsetlin machine works on bits. :class:`~sklearn_ext.ThermometerEncoder` makes them of
numbers: each bit says that a number reaches a threshold, as mercury passes the marks of
a thermometer. The names of the bits become the words of the rules.

The table holds the measurements of 569 breast tumours.
"""

import matplotlib.pyplot as plt
from sklearn.callback import ScoringMonitor
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ext import ThermometerEncoder, TsetlinMachineClassifier
from sklearn_ext.tsetlin import ClauseDisplay

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
y = y.map({0: "malignant", 1: "benign"})
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)

# %%
# A thermometer per column
# ------------------------
# The thresholds are values of the column, and by default they spread the rows evenly
# over the bits: they lie close where the rows do.

column = X_train[["worst area"]]
encoder = ThermometerEncoder(max_bits=10).set_output(transform="pandas")
bits = encoder.fit_transform(column)
figure, ax = plt.subplots(figsize=(7, 3), layout="constrained")
ax.hist(column["worst area"], bins=60, color="#BBBBBB")
for threshold in encoder.thresholds_[0]:
    ax.axvline(threshold, color="#0072B2")
ax.set(xlabel="worst area", ylabel="tumours", title="Ten thresholds")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# The bits of four tumours, one in each column:

bits.head(4).transpose()

# %%
# In a pipeline and a grid search
# -------------------------------
# With ``set_output`` the machine sees the names of the bits. ``specificity`` and
# ``max_literals`` decide how long the rules get.

pipeline = make_pipeline(
    ThermometerEncoder(max_bits=10),
    TsetlinMachineClassifier(100, random_state=0),
).set_output(transform="pandas")
search = GridSearchCV(
    pipeline,
    {
        "tsetlinmachineclassifier__specificity": [1.5, 3, 10],
        "tsetlinmachineclassifier__max_literals": [4, 16, None],
    },
)
search.fit(X_train, y_train)
linear = make_pipeline(StandardScaler(), LogisticRegression()).fit(X_train, y_train)
print(search.best_params_)
print(f"accuracy on new tumours    {search.score(X_test, y_test):.3f}")
print(f"logistic regression        {linear.score(X_test, y_test):.3f}")

# %%
# One of the 143 new tumours is 0.7 points, so small differences mean little, and a
# person who reads the rules may prefer other settings than the search does. These make
# rules of about four tests that are seldom wrong on the training data; the budget is a
# soft one, and some rules are a few tests longer.

pipeline.set_params(
    tsetlinmachineclassifier__specificity=10, tsetlinmachineclassifier__max_literals=4
)
pipeline.fit(X_train, y_train)
encoder, machine = pipeline
rules = machine.get_rules(encoder.transform(X_train), y_train)
print(f"accuracy on new tumours    {pipeline.score(X_test, y_test):.3f}")
print(f"literals of the rules      {rules['n_literals'].value_counts().to_dict()}")
columns = ["class_label", "vote", "support", "precision", "rule"]
rules[rules["vote"] > 0].groupby("class_label").head(4)[columns].round(3)

# %%
# Which thresholds speak for "malignant"
# --------------------------------------

ClauseDisplay.from_estimator(machine, class_label="malignant", top=9)
plt.show()

# %%
# Watching a fit
# --------------
# A callback of scikit-learn sees the machine after each epoch, here to score it on the
# training data. ``history_`` has more at no cost. "online_accuracy" tells how often a
# row had more votes for its class than for another one, just before the machine learned
# from it. "feedback_rate" is the share of the clauses that got feedback: it falls as
# the votes come near the threshold.

monitor = ScoringMonitor(scoring="accuracy")
watched = TsetlinMachineClassifier(100, specificity=10, max_literals=4, random_state=0)
watched.set_callbacks(monitor).fit(encoder.transform(X_train), y_train)
log = monitor.get_logs().data_as_pandas
scores = log.loc[log["task_name"] == "epoch", "accuracy"]

figure, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
epochs = range(1, watched.n_iter_ + 1)
ax.plot(epochs, scores, color="#0072B2", label="training accuracy")
ax.plot(epochs, watched.history_["online_accuracy"], color="#56B4E9", label="online")
ax.plot(epochs, watched.history_["feedback_rate"], color="#D55E00", label="feedback")
ax.set(xlabel="epoch", ylim=(0, 1.02), title="After each epoch")
ax.legend(loc="center right", frameon=False)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

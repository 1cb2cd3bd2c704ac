"""
=================================================
In a pipeline, a grid search, and under callbacks
=================================================

``FoldSE`` is a scikit-learn classifier like any other: it works behind transformers
that return frames, in a grid search over its two dials, and it reports to callbacks
after each rule.
"""

import matplotlib.pyplot as plt
from sklearn.callback import ScoringMonitor
from sklearn.datasets import load_digits
from sklearn.feature_selection import VarianceThreshold
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_ext import FoldSE
from sklearn_ext.rules import RuleSetDisplay

X, y = load_digits(return_X_y=True, as_frame=True)
is_eight = y.eq(8).map({True: "eight", False: "other"})
X_train, X_test, y_train, y_test = train_test_split(
    X, is_eight, test_size=0.3, random_state=0, stratify=y
)

# %%
# Names survive the pipeline
# --------------------------
# With ``set_output(transform="pandas")`` the rules name the columns that the
# transformers made. The question is which pixels make an eight. Only a tenth of the
# digits are eights, so the classes are balanced: a rare class that is hard to describe
# may otherwise get no rule at all.


def with_halves(X):
    """Add the ink in each half of the picture."""
    rows = X.columns.str.split("_").str[1].astype(int)
    upper, lower = X.loc[:, rows < 4].sum(axis=1), X.loc[:, rows >= 4].sum(axis=1)
    return X.assign(upper_ink=upper, lower_ink=lower)


pipeline = make_pipeline(
    FunctionTransformer(with_halves),
    VarianceThreshold(1.0),
    FoldSE(pos_label="eight", class_weight="balanced"),
).set_output(transform="pandas")

# %%
# Grid search over the two dials
# ------------------------------
# ``ratio`` says how impure the default part of a rule may be before its exceptions are
# learned, ``tail`` how many rows a rule has to cover.

search = GridSearchCV(
    pipeline,
    {"foldse__ratio": [0.2, 0.5, 0.8], "foldse__tail": [0.02, 0.01, 0.005, 0.0]},
    scoring="balanced_accuracy",
    cv=5,
)
search.fit(X_train, y_train)
best = search.best_estimator_
print(search.best_params_)
print(f"balanced accuracy on new digits: {search.score(X_test, y_test):.3f}")
RuleSetDisplay.from_estimator(best[-1])
plt.show()

# %%
# Watching a fit
# --------------
# A callback of scikit-learn sees the model after each rule. ``ScoringMonitor`` keeps
# its scores on the training data, here for a list of rules about all ten digits.

monitor = ScoringMonitor(scoring="accuracy")
digits = FoldSE(tail=0).set_callbacks(monitor).fit(X, y)
log = monitor.get_logs().data_as_pandas
scores = log.loc[log["task_name"] == "rule", "accuracy"].to_numpy()

figure, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
ax.step(range(1, len(scores) + 1), scores, where="mid", color="#0072B2")
ax.set(xlabel="rules so far", ylabel="training accuracy", title="After each rule")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# Stopping a fit
# --------------
# A callback of a few lines may end it: the rules so far are kept. This one stops when a
# rule no longer adds half a percent.


class StopWhenFlat:
    def __init__(self, gain):
        self.gain = gain

    def setup(self, estimator, context):
        self.score = 0.0

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        if context.task_name == "rule":
            before, self.score = self.score, fitted_estimator.score(X, y)
            return self.score - before < self.gain


short = FoldSE(tail=0).set_callbacks(StopWhenFlat(gain=0.005)).fit(X, y)
for name, model in {"to the end": digits, "stopped": short}.items():
    print(f"{name}: {len(model.rules_)} rules, accuracy {model.score(X, y):.3f}")

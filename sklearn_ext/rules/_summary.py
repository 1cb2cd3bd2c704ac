"""Rule sets as lines of text and as the data frame that users look at."""

from ._rule import Z_SQUARED, name_exceptions, rule_body, wilson_centre

__all__ = ["body_text", "literal_text", "rules_frame"]


def literal_text(literal, feature_names):
    """Write a literal as people read it: `age <= 40.0`, `colour != 'red'`."""
    name = feature_names[literal.feature]
    if literal.op == "==":
        if literal.value == "":
            return f"{name} is {'not ' * literal.negated}missing"
        return f"{name} {'!=' if literal.negated else '=='} {literal.value!r}"
    text = f"{name} {literal.op} {literal.value!r}"
    return f"not ({text})" if literal.negated else text


def body_text(rule, feature_names, exception_names):
    """Write the body of a rule: its literals, and `unless` its exceptions.

    `exception_names` is what `name_exceptions` returns for the whole rule set.
    """
    body = " and ".join(literal_text(lit, feature_names) for lit in rule.literals)
    names = [exception_names[rule_body(child)][0] for child in rule.exceptions]
    return f"{body} unless {' or '.join(names)}" if names else body


def _all_exceptions(rules):
    for rule in rules:
        yield from rule.exceptions
        yield from _all_exceptions(rule.exceptions)


def _pooled(rule, rules):
    """Return support and confidence of all places where an exception occurs."""
    body = rule_body(rule)
    same = [other for other in _all_exceptions(rules) if rule_body(other) == body]
    if len(same) == 1:
        return rule.support, rule.confidence
    support = sum(other.support for other in same)
    right = sum(
        other.confidence * (other.support + Z_SQUARED) - Z_SQUARED / 2 for other in same
    )
    return support, wilson_centre(right, support)


def rules_frame(rules, rule_counts, *, feature_names, default_class, default_index):
    """Return one row per top rule, then per distinct exception, then the default."""
    import pandas as pd

    exceptions = name_exceptions(rules)
    listed = [
        (f"rule{i}", "rule", rule, rule.support, rule.confidence)
        for i, rule in enumerate(rules, start=1)
    ] + [
        (name, "exception", rule, *_pooled(rule, rules))
        for name, rule in exceptions.values()
    ]
    rows = [
        {
            "name": name,
            "kind": kind,
            "label": rule.head,
            "body": body_text(rule, feature_names, exceptions),
            "n_literals": len(rule.literals),
            "n_exceptions": len(rule.exceptions),
            "support": support,
            "confidence": confidence,
        }
        for name, kind, rule, support, confidence in listed
    ]
    undecided = rule_counts[-1]
    rows.append(
        {
            "name": "default",
            "kind": "default",
            "label": default_class,
            "body": "",
            "n_literals": 0,
            "n_exceptions": 0,
            "support": undecided.sum(),
            "confidence": wilson_centre(undecided[default_index], undecided.sum()),
        }
    )
    frame = pd.DataFrame(rows)
    labels = [row["label"] for row in rows]
    # As objects, so that None stays None and an int label an int.
    frame["label"] = pd.Series(labels, dtype=object)
    return frame

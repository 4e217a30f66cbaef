"""Decide a condition step from its evaluated conditions."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline_code.local.errors import UnknownExpressionError

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}


def all_hold(conditions: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether every condition of a condition step holds.

    Raises:
        UnknownExpressionError: if a condition is unknown, or compares what has no order.
    """
    return all(_holds(condition) for condition in conditions)


def _holds(condition: Mapping[str, Any]) -> bool:
    kind = condition["Type"]
    if kind == "Not":
        return not _holds(condition["Condition"])
    if kind == "Or":
        return any(_holds(one) for one in condition["Conditions"])
    if kind == "In":
        return condition["QueryValue"] in condition["Values"]
    if kind not in _COMPARISONS:
        raise UnknownExpressionError(f"condition {kind}", "it is unknown")
    left, right = condition["LeftValue"], condition["RightValue"]
    try:
        return _COMPARISONS[kind](left, right)
    except TypeError as error:
        raise UnknownExpressionError(f"{left!r} {kind} {right!r}", "they have no order") from error

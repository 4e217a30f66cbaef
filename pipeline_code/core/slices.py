"""Measure a model on parts of the rows: what is good on average may be bad for a region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.bootstrap import Interval, Plan, Sample, intervals
from pipeline_code.core.metrics import COST
from pipeline_code.core.scored_sums import Weights
from pipeline_code.core.thresholds import Scores

SUMS: Final = frozenset({COST})
"""Metrics that grow with the number of rows."""


class Sliceable(Sample, Protocol):
    """A sample of which parts can be measured by themselves."""

    def subset(self, rows: NDArray[np.bool_]) -> Sample:
        """Keep some rows, shape (n,); at least one."""
        ...


@dataclass(frozen=True)
class Slice:
    """The rows with one value of a column, and what was measured on them.

    A metric that these rows do not define is None: one class has no ROC area. ``metrics`` is
    empty for a slice that is too small. ``reason`` says why ``interval``, or one of its ends,
    is missing. ``rest`` is the metric of all other rows, ``difference`` the slice minus them;
    None where either is undefined.
    """

    name: str
    rows: int
    metrics: dict[str, float | None]
    interval: Interval | None
    reason: str = ""
    rest: float | None = None
    difference: Interval | None = None


def measure_slices(
    sample: Sliceable,
    codes: NDArray[np.int64],
    names: Sequence[str],
    *,
    metric: str,
    plan: Plan,
    minimum_rows: int,
    overall: Interval | None = None,
) -> tuple[Slice, ...]:
    """Measure each slice, with the bootstrap interval of one metric: the gate's.

    Args:
        sample: all rows under one model.
        codes: the slice of each row, as its place in ``names``, shape (n,).
        names: what the slices are called.
        metric: the metric that gets an interval.
        plan: how all rows are resampled; a slice is by the same groups, as far as it has them.
        minimum_rows: a slice of fewer rows is named, not measured; at least 1.
        overall: the metric of all rows; without it a slice is not compared with the others.
    """
    found = tuple(
        _measure(sample, codes == at, name, metric, plan, minimum_rows)
        for at, name in enumerate(names)
    )
    # A sum over rows says of two sets of different size only which is larger.
    if overall is None or metric in SUMS or not any(one.interval for one in found):
        return found
    # A slice is a group that is drawn every time but in one sample: nothing is sorted anew.
    rest = sample.under(1 - np.eye(len(names)), codes)[metric]
    return tuple(
        _compared(one, found[:at] + found[at + 1 :], float(rest[at]), overall, len(codes))
        for at, one in enumerate(found)
    )


def difference_of(one: Interval, other: Interval) -> Interval:
    """Compute the interval of ``one`` minus ``other``, two values of different rows.

    The distances to their ends add up by squares, on each side by itself; unknown ends stay so.

    Source: Zou and Donner, *Construction of confidence limits about effect measures: a general
    approach*, Statistics in Medicine 27 (2008), the method of variance estimates recovery.
    """
    value = one.value - other.value
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return Interval(value, None, None)
    below = np.hypot(one.value - one.low, other.high - other.value)
    above = np.hypot(one.high - one.value, other.value - other.low)
    return Interval(value, value - float(below), value + float(above))


def _compared(
    one: Slice, others: Sequence[Slice], value: float, overall: Interval, rows: int
) -> Slice:
    """Compare a slice with all rows outside it, whose metric is ``value``."""
    if one.interval is None or np.isnan(value):
        return one
    if len(others) == 1 and others[0].interval is not None:
        rest = others[0].interval
    else:
        rest = _as_sure(value, overall, rows / (rows - one.rows))
    return replace(one, rest=rest.value, difference=difference_of(one.interval, rest))


def _as_sure(value: float, overall: Interval, share: float) -> Interval:
    """Take the interval of all rows for fewer of them: an error goes with the root of their number.

    To resample the other rows of each slice would take longer than all else.
    """
    if overall.low is None or overall.high is None:
        return Interval(value, None, None)
    wider = float(np.sqrt(share))
    return Interval(
        value,
        value + wider * (overall.low - overall.value),
        value + wider * (overall.high - overall.value),
    )


@dataclass(frozen=True)
class _Part:
    """A slice as a sample whose metrics may be undefined instead of an error."""

    values: dict[str, float]
    sample: Sample

    def under(self, weights: Weights, group: NDArray[np.int64]) -> dict[str, Scores]:
        return self.sample.under(weights, group)


def _measure(
    sample: Sliceable,
    inside: NDArray[np.bool_],
    name: str,
    metric: str,
    plan: Plan,
    minimum_rows: int,
) -> Slice:
    rows = int(inside.sum())
    if rows < minimum_rows:
        reason = f"too small: {rows:,} rows, and a slice is measured from {minimum_rows:,} on"
        return Slice(name, rows, {}, None, reason)
    present, group = np.unique(plan.group[inside], return_inverse=True)
    part = sample.subset(inside)
    found = part.under(np.ones((1, len(present))), group)
    values = {one: float(value[0]) for one, value in found.items()}
    metrics = {one: None if np.isnan(value) else value for one, value in values.items()}
    if metrics.get(metric) is None:
        return Slice(name, rows, metrics, None, f"{metric} is undefined on these rows")
    if len(present) == 1:
        reason = "all rows belong together, so nothing says how sure the value is"
        return Slice(name, rows, metrics, Interval(values[metric], None, None), reason)
    resampled = intervals(_Part(values, part), replace(plan, group=group))
    return Slice(name, rows, metrics, resampled[metric])

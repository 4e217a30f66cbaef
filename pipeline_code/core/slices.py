"""Measure a model on parts of the rows: what is good on average may be bad for a region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.bootstrap import Interval, Plan, Sample, intervals
from pipeline_code.core.scored_sums import Weights
from pipeline_code.core.thresholds import Scores


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
    is missing.
    """

    name: str
    rows: int
    metrics: dict[str, float | None]
    interval: Interval | None
    reason: str = ""


def measure_slices(
    sample: Sliceable,
    codes: NDArray[np.int64],
    names: Sequence[str],
    *,
    metric: str,
    plan: Plan,
    minimum_rows: int,
) -> tuple[Slice, ...]:
    """Measure each slice, with the bootstrap interval of one metric: the gate's.

    Args:
        sample: all rows under one model.
        codes: the slice of each row, as its place in ``names``, shape (n,).
        names: what the slices are called.
        metric: the metric that gets an interval.
        plan: how all rows are resampled; a slice is by the same groups, as far as it has them.
        minimum_rows: a slice of fewer rows is named, not measured; at least 1.
    """
    return tuple(
        _measure(sample, codes == at, name, metric, plan, minimum_rows)
        for at, name in enumerate(names)
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

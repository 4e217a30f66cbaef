"""How differently groups are decided on, in figures and in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pipeline_code.steps.report.formats import number, percent, signed
from pipeline_code.steps.report.reading import Found, number_at, part

FOUR_FIFTHS: Final = 0.8
"""Below it, or above its inverse, a ratio of selection rates is worth a look.

Source: *Uniform Guidelines on Employee Selection Procedures*, 29 CFR 1607.4 D (1978).
"""
NOTEWORTHY: Final = 0.1
"""From which difference of shares on a group is pointed out: ten rows in a hundred."""


@dataclass(frozen=True)
class Difference:
    """One figure in words, from where to where it may lie, and whether it is worth a look."""

    text: str
    interval: str = ""
    is_noteworthy: bool = False


@dataclass(frozen=True)
class FairnessRow:
    """How one group is decided on, beside the difference to all other rows."""

    value: str
    rows: int
    figures: tuple[tuple[str, str], ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class BiasMetric:
    """One way to measure how differently a group is treated, in plain words."""

    key: str
    title: str
    meaning: str
    is_ratio: bool = False

    def is_noteworthy(
        self, value: float, low: float | None = None, high: float | None = None
    ) -> bool:
        """Say whether a value is far enough from parity to be pointed out, and no chance."""
        parity = 1.0 if self.is_ratio else 0.0
        if low is not None and high is not None and low <= parity <= high:
            return False
        if self.is_ratio:
            return not FOUR_FIFTHS <= value <= 1 / FOUR_FIFTHS
        return abs(value) >= NOTEWORTHY

    def written(self, value: float) -> str:
        """Write a value: a ratio as it is, a difference in points of a hundred."""
        return number(value, 2) if self.is_ratio else signed(100 * value, 1)


BIAS: Final = (
    BiasMetric(
        "label_difference",
        "Difference in truth",
        "how much more often the other rows are positive in truth, whatever the model says; a "
        "model can only be as even as the data. 0 is parity, above 0 the group is positive less "
        "often.",
    ),
    BiasMetric(
        "selection_difference",
        "Difference in decisions",
        "how much more often the model calls the other rows positive. 0 is parity, above 0 the "
        "group is called positive less often.",
    ),
    BiasMetric(
        "disparate_impact",
        "Ratio of decisions",
        "how often the group is called positive for each time that the others are, in "
        "proportion. 1 is parity; below 0.8 or above 1.25 is worth a look (the four-fifths rule).",
        is_ratio=True,
    ),
    BiasMetric(
        "opportunity_difference",
        "Difference in what is found",
        "of the rows that are positive in truth, how much more often the others are found. 0 is "
        "parity, above 0 the model overlooks more of the group.",
    ),
)
RATES: Final = (
    ("positive_share", "Positive in truth"),
    ("selection_rate", "Called positive"),
    ("true_positive_rate", "Of positives, found"),
    ("false_positive_rate", "Of negatives, called positive"),
    ("precision", "Of those called, right"),
)


def fairness_row(one: Found) -> FairnessRow:
    """Compare one group with all other rows."""
    others = part(one, "others")
    return FairnessRow(
        value=str(one.get("value")),
        rows=int(number_at(one, "rows") or 0),
        figures=tuple(
            (percent(number_at(one, key)), percent(number_at(others, key))) for key, _ in RATES
        ),
        differences=tuple(_bias(one, metric) for metric in BIAS),
    )


def _bias(one: Found, metric: BiasMetric) -> Difference:
    value = number_at(one, metric.key)
    if value is None:
        return Difference(str(part(one, "reasons").get(metric.key) or "n/a"))
    low, high = _ends(one, metric)
    interval = ""
    if low is not None and high is not None:
        interval = f"{metric.written(low)} to {metric.written(high)}"
    return Difference(
        metric.written(value) if metric.is_ratio else f"{metric.written(value)} points",
        interval,
        metric.is_noteworthy(value, low, high),
    )


def _ends(one: Found, metric: BiasMetric) -> tuple[float | None, float | None]:
    low, high = (number_at(one, "intervals", metric.key, end) for end in ("low", "high"))
    return low, high


def noteworthy(fairness: Sequence[Any]) -> Iterable[str]:
    """Say in words where a group is decided on far more or less often than all other rows."""
    ratio = next(one for one in BIAS if one.is_ratio)
    for one in fairness:
        value = number_at(one, ratio.key)
        if value is None or not ratio.is_noteworthy(value, *_ends(one, ratio)):
            continue
        own, others = (
            percent(number_at(side, "selection_rate")) for side in (one, part(one, "others"))
        )
        yield (
            f"{one.get('column')} {one.get('value')}: {own} of its rows are called positive, "
            f"{others} of all others."
        )

"""Choose how rows are split: by time where they have one, by group where asked, else by chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.problem_types import REGRESSION
from pipeline_code.steps.discovery.strength import Answers

TEST_SHARE: Final = 0.2
VALIDATION_SHARE: Final = 0.15
_MOST_GAP: Final = 7
_SPAN_OF_A_GAP_DAY: Final = 20


@dataclass(frozen=True)
class SplitPlan:
    """A split and why it is this one; the days belong to a split by time."""

    method: Literal["time", "stratified", "random", "grouped"]
    why: str
    event_time: str | None = None
    group: str | None = None
    validation_days: int = 0
    gap_days: int = 0
    test_days: int = 0


def plan_split(
    answers: Answers,
    *,
    event_time: str | None,
    why_time: str,
    days: NDArray[np.int64] | None,
    group: str | None,
) -> SplitPlan:
    """Choose the split.

    Args:
        answers: the target of the drawn rows.
        event_time: the column that says when; None where there is none.
        why_time: what spoke for it, or against there being one.
        days: the day of each drawn row, a number; None without an event time.
        group: the column whose rows stay together.
    """
    if group is not None:
        why = f"as you said: no {group} is both learned from and tested on"
        return SplitPlan("grouped", why, event_time=event_time, group=group)
    if event_time is not None and days is not None:
        plan = _by_time(answers, event_time, why_time, days)
        if plan:
            return plan
        why_time = f"the days of {event_time} are too few, or the last ones have one label only"
    if answers.type == REGRESSION:
        return SplitPlan("random", f"{why_time}, so by chance", event_time)
    why = f"{why_time}, so by chance, with equal shares of the labels in every part"
    return SplitPlan("stratified", why, event_time)


def _by_time(
    answers: Answers, event_time: str, why: str, days: NDArray[np.int64]
) -> SplitPlan | None:
    """Lay out the days so that the last fifth of the rows tests; None where that cannot be."""
    first, last = int(days.min()), int(days.max())
    gap = min(_MOST_GAP, (last - first + 1) // _SPAN_OF_A_GAP_DAY)
    test_first = int(np.quantile(days, 1 - TEST_SHARE, method="lower")) + 1
    test_first = min(test_first, last)
    before = days[days < test_first - gap]
    if not len(before):
        return None
    share = VALIDATION_SHARE / (1 - TEST_SHARE)
    validation_last = test_first - gap - 1
    validation_first = int(np.quantile(before, 1 - share, method="lower")) + 1
    validation_first = min(validation_first, validation_last)
    parts = (
        days < validation_first,
        (days >= validation_first) & (days <= validation_last),
        days >= test_first,
    )
    if not all(part.any() for part in parts):
        return None
    if answers.type != REGRESSION and any(
        len(np.unique(answers.values[part])) == 1 for part in parts
    ):
        return None
    return SplitPlan(
        "time",
        f"{why}: tomorrow's rows are predicted from yesterday's, so they are tested that way",
        event_time=event_time,
        validation_days=validation_last - validation_first + 1,
        gap_days=gap,
        test_days=last - test_first + 1,
    )

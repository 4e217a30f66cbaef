"""Turn a split by time into days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from pipeline_code.core.errors import PipelineError
from pipeline_code.core.usecase import Split


class EmptySplitError(PipelineError, ValueError):
    """A part of the split has no rows."""

    def __init__(self, part: str, days: Days, available: Days) -> None:
        where = f"would lie from {days.first} to {days.last}" if len(days) else "have no days left"
        super().__init__(
            f"the {part} split has no rows: they {where}, the data reach from {available.first} "
            f"to {available.last}; change the days under split in usecase.yaml"
        )


@dataclass(frozen=True)
class Days:
    """Calendar days in UTC from ``first`` to ``last``, both included; none if last is earlier."""

    first: date
    last: date

    def __len__(self) -> int:
        return max(0, (self.last - self.first).days + 1)


@dataclass(frozen=True)
class SplitDays:
    """The days of each part."""

    train: Days
    validation: Days
    test: Days


def split_days(split: Split, available: Days) -> SplitDays:
    """Lay the parts out backwards from the last test day: test, gap, validation, train.

    Args:
        split: the lengths; ``train_days`` 0 takes everything before validation.
        available: the days of the data; ``split.end`` may end the test earlier.
    """
    last = available.last if split.end == "latest" else split.end
    test = _ending(last, split.test_days)
    validation = _ending(test.first - timedelta(split.gap_days + 1), split.validation_days)
    train_last = validation.first - timedelta(1)
    train = (
        _ending(train_last, split.train_days)
        if split.train_days
        else Days(available.first, train_last)
    )
    return SplitDays(train, validation, test)


def _ending(last: date, days: int) -> Days:
    return Days(last - timedelta(days - 1), last)

"""Lay out the parts of a split: days of a split by time, rows or groups of one by chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.errors import PipelineError
from pipeline_code.core.usecase import Split

TRAIN: Final = 0
VALIDATION: Final = 1
TEST: Final = 2
"""Numbers of the parts."""

_MOST_STRATA: Final = 10


class EmptySplitError(PipelineError, ValueError):
    """A part of a split by time has no rows."""

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


@dataclass(frozen=True)
class Shares:
    """How large validation and test are, as shares of all rows; the rest trains."""

    validation: float
    test: float

    @classmethod
    def of(cls, split: Split) -> Shares:
        """Read them from the settings."""
        return cls(split.validation_share, split.test_share)

    @property
    def parts(self) -> int:
        """How many parts have rows: validation may have none."""
        return 3 if self.validation else 2

    def rows(self, rows: int) -> tuple[int, int]:
        """Count the validation and the test rows of a stratum, each to the nearest whole row.

        Every part that should have rows has one, as long as there are as many rows as parts.
        """
        validation, test = (_nearest(rows, share) for share in (self.validation, self.test))
        while rows >= self.parts and validation + test >= rows:
            validation, test = (
                (validation - 1, test) if validation > test else (validation, test - 1)
            )
        return validation, test


def cut_points(draws: NDArray[np.uint64], shares: Shares) -> tuple[int, int]:
    """Find below which draw a row of a stratum is tested, and below which one it validates.

    Rows with one draw, as equal rows have, are on one side of each point, wherever it lies.

    Args:
        draws: a number for each row, shape (n,), n at least 1.
        shares: how large the parts are.

    Returns:
        Draws d: a row is a test row below the first, a validation row from there to below the
        second, and a training row from the second on.
    """
    validation, test = shares.rows(len(draws))
    last = len(draws) - 1
    places = (min(test, last), min(test + validation, last))
    ordered = np.partition(draws, sorted(set(places)))
    return int(ordered[places[0]]), int(ordered[places[1]])


def strata_count(rows: int, shares: Shares) -> int:
    """Say into how many strata a number is cut: ten, or fewer where a part would miss some."""
    smallest = min(share for share in (shares.validation, shares.test) if share)
    return max(1, min(_MOST_STRATA, math.floor(rows * smallest)))


def assign_groups(rows: NDArray[np.int64], shares: Shares) -> NDArray[np.int8]:
    """Give whole groups to the parts, so that the parts' sizes come near to what they should be.

    Each group goes to the part that lacks most of what it should have, as a share of that. Groups
    that are larger than the test part come first, so that they train.

    Args:
        rows: how many rows each group has, in the order that was drawn, shape (groups,).
        shares: how large the parts are.

    Returns:
        The number of each group's part, shape (groups,).
    """
    sizes = rows.tolist()
    total = sum(sizes)
    wanted = {
        TRAIN: total * (1 - shares.validation - shares.test),
        TEST: total * shares.test,
        VALIDATION: total * shares.validation,
    }
    lacking = {part: 1.0 for part, size in wanted.items() if size}
    parts = np.empty(len(sizes), dtype=np.int8)
    for place in sorted(range(len(sizes)), key=lambda one: sizes[one] <= wanted[TEST]):
        part = max(lacking, key=lacking.__getitem__)
        parts[place] = part
        lacking[part] -= sizes[place] / wanted[part]
    return parts


def _nearest(rows: int, share: float) -> int:
    return max(1, math.floor(rows * share + 0.5)) if share else 0


def _ending(last: date, days: int) -> Days:
    return Days(last - timedelta(days - 1), last)

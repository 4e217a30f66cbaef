"""Split rows by time, so that a model is tested on days that it could not have seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_code import contract
from pipeline_code.core.errors import SingleClassError
from pipeline_code.core.splits import Days, EmptySplitError, split_days
from pipeline_code.core.tables import Connection, literal, quoted
from pipeline_code.core.usecase import UseCase


@dataclass(frozen=True)
class Part:
    """One part of the split: its days, and SQL that selects its rows of the split table."""

    name: str
    days: Days
    rows: int
    positives: int
    condition: str

    def figures(self) -> dict[str, Any]:
        """Say what the part holds, for the profile; a part of no days has neither from nor to."""
        return {
            "rows": self.rows,
            "positives": self.positives,
            "from": self.days.first.isoformat() if len(self.days) else None,
            "to": self.days.last.isoformat() if len(self.days) else None,
        }


def split_rows(database: Connection, table: str, usecase: UseCase) -> tuple[Part, ...]:
    """Split the rows of ``table`` into train, validation and test.

    Test rows of an entity whose positive label was known by then are left out, as it would be
    blocked: on test day d a label is known if its own day is at most ``lookback_days`` before
    the test and more than ``gap_days`` before d, in calendar days.

    Raises:
        EmptySplitError: if a part that should have rows has none.
        SingleClassError: if train or test holds only one class.
    """
    day = f"cast({quoted(usecase.split.time_column)} as date)"
    first, last = _one(database, f"select min({day}), max({day}) from {table}")  # noqa: S608
    days = split_days(usecase.split, Days(first, last))
    unknown = _unknown(database, table, usecase, day, days.test)
    parts = tuple(
        _count(database, table, usecase, name, span, condition)
        for name, span, condition in (
            (contract.TRAIN_CHANNEL, days.train, _within(day, days.train)),
            (contract.VALIDATION, days.validation, _within(day, days.validation)),
            (contract.TEST, days.test, f"{_within(day, days.test)} and {unknown}"),
        )
    )
    for part in parts:
        if not part.rows and (part.name != contract.VALIDATION or len(part.days)):
            raise EmptySplitError(part.name, part.days, Days(first, last))
        if part.name != contract.VALIDATION and part.positives in (0, part.rows):
            value = 1 if part.positives else 0
            raise SingleClassError(f"the {part.name} split", usecase.problem.target, value)
    return parts


def write_part(
    database: Connection, table: str, part: Part, columns: Sequence[str], order: str, file: Path
) -> None:
    """Write the rows of one part as Parquet, in a fixed order: equal input gives equal bytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    names = ", ".join(quoted(name) for name in columns)
    database.execute(
        f"copy (select {names} from {table} where {part.condition} order by {order}) "  # noqa: S608
        f"to {literal(file)} (format parquet)"
    )


def _within(day: str, days: Days) -> str:
    return f"{day} between date '{days.first}' and date '{days.last}'"


def _unknown(database: Connection, table: str, usecase: UseCase, day: str, test: Days) -> str:
    """Write SQL that is true where no positive label of the row's entity was known on its day."""
    known = usecase.split.known_positives
    if known is None:
        return "true"
    key = quoted(known.key)
    database.execute(
        f"create or replace temp table known_positives as "  # noqa: S608
        f"select {key} as entity, min({day}) as first_day from {table} "
        f"where {_positive(usecase)} and {day} >= date '{test.first}' - {known.lookback_days} "
        "group by entity"
    )
    return (
        f"not exists (select 1 from known_positives where entity = {key} "  # noqa: S608
        f"and first_day < {day} - {usecase.split.gap_days})"
    )


def _positive(usecase: UseCase) -> str:
    return f"cast({quoted(usecase.problem.target)} as integer) = 1"


def _count(
    database: Connection, table: str, usecase: UseCase, name: str, days: Days, condition: str
) -> Part:
    rows, positives = _one(
        database,
        f"select count(*), count(*) filter ({_positive(usecase)}) from {table} where {condition}",  # noqa: S608
    )
    return Part(name, days, int(rows), int(positives), condition)


def _one(database: Connection, query: str) -> tuple[Any, ...]:
    row = database.execute(query).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always has a row
    return row

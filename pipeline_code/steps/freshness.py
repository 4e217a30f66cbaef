"""Refuse data whose newest event is older than the contract allows."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pipeline_code.core.errors import PipelineError
from pipeline_code.core.tables import Connection, quoted


class StaleDataError(PipelineError, ValueError):
    """The newest event of a source is too old."""

    def __init__(self, dataset: Path, column: str, newest: date, as_of: date, days: int) -> None:
        super().__init__(
            f"{dataset}: the newest {column} is of {newest}, {(as_of - newest).days} days before "
            f"{as_of}; contract.freshness_days allows {days}; deliver newer rows, or raise it in "
            "usecase.yaml"
        )


class UnreadableDayError(PipelineError, ValueError):
    """The day of an execution is no day."""

    def __init__(self, given: str) -> None:
        super().__init__(f"--as-of is {given!r}; give a day as 2026-01-31, or unknown")


def parse_day(text: str) -> date:
    """Read the day on which an execution looks at its data.

    Raises:
        UnreadableDayError: if it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UnreadableDayError(text) from error


def check_freshness(
    database: Connection, table: str, column: str, *, as_of: date, days: int, dataset: Path
) -> None:
    """Compare the newest event with the day of the execution, in calendar days of UTC.

    Args:
        database: holds the table of accepted rows.
        table: its name.
        column: the event time.
        as_of: the day of the execution.
        days: how many days before that the newest event may be.
        dataset: names the source in the message.

    Raises:
        StaleDataError: if it is older.
    """
    query = f"select cast(max({quoted(column)}) as date) from {table}"  # noqa: S608
    newest = database.execute(query).fetchall()[0][0]
    if newest is not None and (as_of - newest).days > days:
        raise StaleDataError(dataset, column, newest, as_of, days)

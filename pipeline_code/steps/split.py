"""Split rows so that a model is tested on what it could not have seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_code import contract
from pipeline_code.core.errors import SingleClassError
from pipeline_code.core.problem_types import BINARY, MULTICLASS
from pipeline_code.core.splits import Days, EmptySplitError, split_days
from pipeline_code.core.tables import Connection, literal, quoted
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.drawn_split import (
    EmptyPartError,
    RareClassError,
    part_by_chance,
    part_by_groups,
    part_by_strata,
)
from pipeline_code.steps.target_figures import describe_target, describe_targets

PARTS = (contract.TRAIN_CHANNEL, contract.VALIDATION, contract.TEST)
"""The names of the parts, in the order of the numbers that `core.splits` gives them."""

_DICTIONARY = 1_000  # values: numbers have more, and looking for them takes a fifth of the time
_DRAWN = {"stratified": part_by_strata, "random": part_by_chance, "grouped": part_by_groups}


@dataclass(frozen=True)
class Part:
    """One part of the split, and SQL that selects its rows of the split table.

    Attributes:
        name: as its channel is called.
        rows: how many it has.
        target: how the target is distributed; see `steps.target_figures`.
        condition: the SQL.
        days: of a split by time.
    """

    name: str
    rows: int
    target: dict[str, Any]
    condition: str
    days: Days | None = None

    @property
    def positives(self) -> int:
        """How many rows of a binary problem are positive."""
        return int(self.target.get("positives", 0))

    def figures(self) -> dict[str, Any]:
        """Say what the part holds, for the profile; a part of no days has neither from nor to."""
        figures: dict[str, Any] = {"rows": self.rows, "target": self.target}
        if "positives" in self.target:
            figures["positives"] = self.positives
        if self.days is not None:
            figures["from"] = self.days.first.isoformat() if len(self.days) else None
            figures["to"] = self.days.last.isoformat() if len(self.days) else None
        return figures


def split_rows(database: Connection, table: str, usecase: UseCase) -> tuple[Part, ...]:
    """Split the rows of ``table`` into train, validation and test.

    Raises:
        EmptySplitError: if a part of a split by time that should have rows has none.
        EmptyPartError: the same of another split.
        SingleClassError: if train or test holds only one class.
        RareClassError: if a class is missing in train or test.
    """
    if usecase.split.method == "time":
        parts = _by_time(database, table, usecase)
    else:
        parts = _by_chance(database, table, usecase)
    for part in parts:
        if part.name != contract.VALIDATION:
            _require_classes(part, usecase)
    return parts


def write_part(
    database: Connection, table: str, part: Part, columns: Sequence[str], order: str, file: Path
) -> None:
    """Write the rows of one part as Parquet, in a fixed order: equal input gives equal bytes.

    They are sorted even where they lie in that order: what a filter or a join leaves of them
    comes in pieces whose sizes depend on the threads, and so would the bytes.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    names = ", ".join(quoted(name) for name in columns)
    database.execute(
        f"copy (select {names} from {table} where {part.condition} order by {order}) "  # noqa: S608
        f"to {literal(file)} (format parquet, dictionary_size_limit {_DICTIONARY})"
    )


def _by_time(database: Connection, table: str, usecase: UseCase) -> tuple[Part, ...]:
    """Split by days.

    Test rows of an entity whose positive label was known by then are left out, as it would be
    blocked: on test day d a label is known if its own day is at most ``lookback_days`` before
    the test and more than ``gap_days`` before d, in calendar days.
    """
    day = f"cast({quoted(usecase.split.time_column)} as date)"
    first, last = _one(database, f"select min({day}), max({day}) from {table}")  # noqa: S608
    available = Days(first, last)
    days = split_days(usecase.split, available)
    unknown = _unknown(database, table, usecase, day, days.test)
    parts = tuple(
        _part(database, table, usecase, name, condition, span)
        for name, span, condition in (
            (contract.TRAIN_CHANNEL, days.train, _within(day, days.train)),
            (contract.VALIDATION, days.validation, _within(day, days.validation)),
            (contract.TEST, days.test, f"{_within(day, days.test)} and {unknown}"),
        )
    )
    for part, span in zip(parts, (days.train, days.validation, days.test), strict=True):
        if not part.rows and (part.name != contract.VALIDATION or len(span)):
            raise EmptySplitError(part.name, span, available)
    return parts


def _by_chance(database: Connection, table: str, usecase: UseCase) -> tuple[Part, ...]:
    number = _DRAWN[usecase.split.method](database, table, usecase)
    described = describe_targets(database, table, usecase.problem, number, len(PARTS))
    parts = tuple(
        Part(name, rows, target, f"{number} = {place}")
        for place, (name, (rows, target)) in enumerate(zip(PARTS, described, strict=True))
    )
    for part in parts:
        if not part.rows and (part.name != contract.VALIDATION or usecase.split.validation_share):
            raise EmptyPartError(part.name, usecase, [one.rows for one in parts])
    return parts


def _within(day: str, days: Days) -> str:
    return f"{day} between date '{days.first}' and date '{days.last}'"


def _unknown(database: Connection, table: str, usecase: UseCase, day: str, test: Days) -> str:
    """Write SQL that is true where no positive label of the row's entity was known on its day."""
    known = usecase.split.known_positives
    if known is None:
        return "true"
    key, target = quoted(known.key), quoted(usecase.problem.target)
    database.execute(
        f"create or replace table known_positives as "  # noqa: S608
        f"select {key} as entity, min({day}) as first_day from {table} "
        f"where {target} = 1 and {day} >= date '{test.first}' - {known.lookback_days} "
        "group by entity"
    )
    return (
        f"not exists (select 1 from known_positives where entity = {key} "  # noqa: S608
        f"and first_day < {day} - {usecase.split.gap_days})"
    )


def _part(
    database: Connection,
    table: str,
    usecase: UseCase,
    name: str,
    condition: str,
    days: Days,
) -> Part:
    rows, target = describe_target(database, table, usecase.problem, condition)
    return Part(name, rows, target, condition, days)


def _require_classes(part: Part, usecase: UseCase) -> None:
    if usecase.problem.type == BINARY and part.positives in (0, part.rows):
        value = 1 if part.positives else 0
        raise SingleClassError(f"the {part.name} split", usecase.problem.target, value)
    if usecase.problem.type == MULTICLASS:
        for label, rows in part.target["classes"].items():
            if not rows:
                raise RareClassError.missing(usecase, label, part.name)


def _one(database: Connection, query: str) -> tuple[Any, ...]:
    row = database.execute(query).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always has a row
    return row

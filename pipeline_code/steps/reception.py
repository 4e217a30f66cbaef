"""Let the rows of a use case in, with what is joined to them, or stop and say why."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pipeline_code.core.data_contract import Contract
from pipeline_code.core.data_hash import ROW, combine_hashes, hash_rows
from pipeline_code.core.tables import Connection
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.freshness import check_freshness
from pipeline_code.steps.joins import count_matches, join_sources, join_table, take_in_joins
from pipeline_code.steps.quarantine import (
    ACCEPTED,
    Intake,
    check_budget,
    take_in,
)
from pipeline_code.steps.quarantine_table import write_quarantine


@dataclass(frozen=True)
class Reception:
    """What became of all rows that came.

    Attributes:
        intake: the rows that are learned from.
        joins: the records of each join.
        matches: how many rows found a record, by join.
        data_hash: what all of them say.
    """

    intake: Intake
    data_hash: str
    joins: dict[str, Intake] = field(default_factory=dict)
    matches: dict[str, int] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """Say for the profile what came of joins; nothing where there are none."""
        return {
            name: {**intake.figures(), "matched": self.matches[name]}
            for name, intake in self.joins.items()
        }

    def reasons(self) -> dict[str, int]:
        """Count the quarantined rows of each reason; those of a join begin with its name."""
        return self.intake.reasons | {
            f"{name}: {reason}": rows
            for name, intake in self.joins.items()
            for reason, rows in intake.reasons.items()
        }


def receive(
    database: Connection,
    source: Path,
    usecase: UseCase,
    *,
    quarantine: Path | None = None,
    as_of: date | None = None,
) -> Reception:
    """Read the source into the table `ACCEPTED`, with the columns of all joins.

    Args:
        database: where tables are made.
        source: a file or folder; the files of a join lie in a folder below.
        usecase: names the contracts.
        quarantine: the file for the rows that are put aside; written also when the run stops.
        as_of: the day of the execution, which tells how old the data are; None does not ask.

    Raises:
        PipelineError: if there is nothing to read, too many rows break a contract, or all are
            too old.
    """
    promised, joins = usecase.contract, usecase.features.joins
    as_they_are = not joins and not usecase.features.sql
    intake = take_in(
        database,
        source,
        promised,
        written=usecase.source,
        problem=usecase.problem,
        without=[join.name for join in joins],
        # SQL of a use case compares texts, and may tell equals apart by the order of rows.
        coded=usecase.features.inputs if as_they_are else (),
        ordered=not as_they_are,
    )
    records = take_in_joins(database, source, usecase)
    if quarantine is not None:
        write_quarantine(database, quarantine)
    check_budget(source, intake, promised.error_budget)
    _check_age(database, source, ACCEPTED, usecase.split.event_time, promised, as_of)
    for join in joins:
        check_budget(source / join.name, records[join.name], join.contract.error_budget)
        _check_age(
            database, source / join.name, join_table(join), join.event_time, join.contract, as_of
        )
    hashes = [hash_rows(database, ACCEPTED, ROW, intake.columns)]
    hashes += [
        hash_rows(database, join_table(join), ROW, records[join.name].columns) for join in joins
    ]
    join_sources(database, usecase)
    return Reception(intake, combine_hashes(hashes), records, count_matches(database, usecase))


def _check_age(
    database: Connection,
    dataset: Path,
    table: str,
    column: str | None,
    promised: Contract,
    as_of: date | None,
) -> None:
    if as_of is not None and promised.freshness_days is not None and column is not None:
        check_freshness(
            database, table, column, as_of=as_of, days=promised.freshness_days, dataset=dataset
        )

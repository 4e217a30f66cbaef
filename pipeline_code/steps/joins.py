"""Join other sources to each row as they were known at its time."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pipeline_code.core.contract_check import sql_type
from pipeline_code.core.data_hash import ROW
from pipeline_code.core.tables import Connection, quoted
from pipeline_code.core.usecase import Join, UseCase
from pipeline_code.steps.quarantine import ACCEPTED, Intake, take_in
from pipeline_code.steps.source import SourceError

UNJOINED: Final = "unjoined_transactions"
"""The table of the accepted rows before anything is joined to them, where anything is."""


def join_table(join: Join) -> str:
    """Name the table of a join's records, one for each key and time."""
    return f"joined_{join.name}"


def take_in_joins(database: Connection, source: Path, usecase: UseCase) -> dict[str, Intake]:
    """Read the records of every join into a table of its own; see `join_table`.

    Records of one key and one time are one record: the one with the largest digest, whatever
    the order of the files.

    Returns:
        What became of the records, by the join's name.

    Raises:
        SourceError: if there is no folder of a join.
        PipelineError: as `steps.quarantine.take_in`.
    """
    return {join.name: _take_in(database, source, join, usecase) for join in usecase.features.joins}


def join_sources(database: Connection, usecase: UseCase) -> None:
    """Put a table with the columns of all joins in the place of the accepted rows."""
    if usecase.features.joins:
        database.execute(f"alter table {ACCEPTED} rename to {UNJOINED}")
        database.execute(f"create table {ACCEPTED} as {joined(usecase, UNJOINED)}")


def joined(usecase: UseCase, rows: str, until: str = "true") -> str:
    """Write the query that gives each row the latest records that were known at its time.

    Args:
        usecase: names the joins.
        rows: SQL of the table of rows.
        until: SQL that is true for the records that there are, by ``event_time``.
    """
    time = quoted(usecase.split.time_column)
    columns, tables = ["rows.*"], [f"{rows} as rows"]
    for join in usecase.features.joins:
        columns += [
            f"{join.name}.{quoted(name)} as {quoted(f'{join.name}_{name}')}"
            for name in join.contract.columns
        ]
        records = f"(select *, {quoted(join.event_time)} as event_time from {join_table(join)})"  # noqa: S608
        tables.append(
            f"asof left join (select * from {records} where {until}) as {join.name} "  # noqa: S608
            f"on rows.{quoted(join.key)} = {join.name}.{quoted(join.key)} "
            f"and rows.{time} >= {join.name}.event_time"
        )
    return f"select {', '.join(columns)} from {' '.join(tables)}"  # noqa: S608


def count_matches(database: Connection, usecase: UseCase) -> dict[str, int]:
    """Count the rows that found a record, by the join's name."""
    counts = {}
    for join in usecase.features.joins:
        column = quoted(f"{join.name}_{join.event_time}")
        query = f"select count({column}) from {ACCEPTED}"  # noqa: S608
        counts[join.name] = int(database.execute(query).fetchall()[0][0])
    return counts


def _take_in(database: Connection, source: Path, join: Join, usecase: UseCase) -> Intake:
    folder = source / join.name
    if not folder.is_dir():
        raise SourceError(
            folder,
            f"is no folder; the files of features.joins.{join.name} lie there, below the source",
        )
    arrived = f"arrived_{join.name}"
    intake = take_in(
        database, folder, join.contract, written=usecase.source, table=arrived, root=source
    )
    key, time = quoted(join.key), quoted(join.event_time)
    # A column that no file has is NULL in every row.
    absent = "".join(
        f", cast(null as {sql_type(column)}) as {quoted(name)}"
        for name, column in join.contract.columns.items()
        if name not in intake.columns
    )
    database.execute(
        f"create table {join_table(join)} as select *{absent} from {arrived} "  # noqa: S608
        f"where {key} is not null and {time} is not null "
        f"qualify row_number() over (partition by {key}, {time} order by {ROW} desc) = 1"
    )
    return intake

"""Let in the rows that keep the contract; put the others aside, each with its reasons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline_code.core.contract_check import (
    CheckedColumn,
    absent_column,
    check_column,
    sql_type,
)
from pipeline_code.core.errors import ErrorBudgetExceededError, MissingColumnsError
from pipeline_code.core.tables import Connection, literal, quoted
from pipeline_code.core.usecase import Column, Contract
from pipeline_code.steps.source import FILE, Source, SourceError
from pipeline_code.steps.sources import find_damaged, list_files, open_sources

ACCEPTED = "transactions"
"""The table of accepted rows, in the contract's types: what a use case's SQL reads."""
QUARANTINED = "quarantined"
"""The table of refused rows: ``source`` (file), ``reasons`` (text), ``record`` (as it came)."""

_REASONS, _RECORD = "acequia_reasons", "acequia_record"
_REJECTS = "reject_errors join reject_scans using (scan_id, file_id)"
_UNREADABLE = "line cannot be read: "


@dataclass(frozen=True)
class Intake:
    """What became of every row that was read: ``rows_in`` is the sum of the other three."""

    rows_in: int
    rows_out: int
    quarantined: int
    deduplicated: int
    reasons: dict[str, int]
    columns: tuple[str, ...]


def take_in(database: Connection, path: Path, contract: Contract) -> Intake:
    """Read all files under ``path`` into the tables `ACCEPTED` and `QUARANTINED`.

    A row that was delivered twice, equal in every column of the contract, is let in once and
    counted as deduplicated. Rows that share the contract's unique key but differ contradict
    each other: nobody can say which is right, so all of them are quarantined.

    Raises:
        SourceError: if there is nothing to read, or a file is damaged or of no known kind.
        MissingColumnsError: if a file lacks a required column.
        UnreadableTypeError: if a column has a type that cannot hold what is promised.
    """
    sources = open_sources(database, list_files(path))
    present = _present(sources, contract)
    fields = ", ".join(f"{quoted(name)} {sql_type(contract.columns[name])}" for name in present)
    database.execute(f"create table {ACCEPTED} ({fields})")
    database.execute(f"create table {QUARANTINED} (source text, reasons text, record text)")
    for source in sources:
        try:
            _check(database, source, contract, present, root=path)
        except duckdb.Error as error:
            raise find_damaged(database, source, error) from error
    rows_in = _count(database, ACCEPTED) + _count(database, QUARANTINED)
    if rows_in == 0:
        raise SourceError(path, "has a header but no rows; deliver the transactions")
    deduplicated = _deduplicate(database, contract.unique, present)
    return Intake(
        rows_in=rows_in,
        rows_out=_count(database, ACCEPTED),
        quarantined=_count(database, QUARANTINED),
        deduplicated=deduplicated,
        reasons=_reasons(database),
        columns=present,
    )


def check_budget(path: Path, intake: Intake, budget: float) -> None:
    """Stop where more rows were quarantined than the use case allows.

    Raises:
        ErrorBudgetExceededError: with the most frequent reason.
    """
    if intake.quarantined > budget * intake.rows_in or intake.rows_out == 0:
        reason, rows = next(iter(intake.reasons.items()))
        raise ErrorBudgetExceededError(
            str(path),
            broken=intake.quarantined,
            rows=intake.rows_in,
            budget=budget,
            most_often=f"{reason} ({rows:,} rows)",
        )


def write_quarantine(database: Connection, file: Path) -> None:
    """Write the quarantined rows, ordered by content: equal input gives equal bytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    database.execute(f"copy (from {QUARANTINED} order by all) to {literal(file)} (format parquet)")


def _present(sources: Sequence[Source], contract: Contract) -> tuple[str, ...]:
    """Name the columns of the contract that the source has, in the contract's order."""
    for source in sources:
        required = {name for name, column in contract.columns.items() if column.required}
        missing = required - source.columns.keys()
        if missing and source.columns:  # a JSON file without one readable object has no columns
            raise MissingColumnsError(source.name, missing, source.columns)
    return tuple(
        name
        for name, column in contract.columns.items()
        if column.required or any(name in source.columns for source in sources)
    )


def _check(
    database: Connection, source: Source, contract: Contract, present: Iterable[str], *, root: Path
) -> None:
    columns = [_checked(name, contract.columns[name], source) for name in present]
    values = ", ".join(f"{column.value} as {quoted(column.name)}" for column in columns)
    reasons = f"nullif(concat_ws('; ', {', '.join(column.reason for column in columns)}), '')"
    if source.problem:
        reasons = f"case when {source.condition} then {reasons} else {literal(source.problem)} end"
    database.execute(
        f"create or replace temp table checked as select {values}, {reasons} as {_REASONS}, "  # noqa: S608
        f"case when {_REASONS} is not null then {FILE} end as {FILE}, "
        f"case when {_REASONS} is not null then {source.record} end as {_RECORD} "
        f"from {source.relation}"
    )
    names = ", ".join(quoted(column.name) for column in columns)
    database.execute(
        f"insert into {ACCEPTED} select {names} from checked where {_REASONS} is null"  # noqa: S608
    )
    database.execute(
        f"insert into {QUARANTINED} select {_relative(root, FILE)}, {_REASONS}, {_RECORD} "  # noqa: S608
        f"from checked where {_REASONS} is not null"
    )
    database.execute("drop table checked")
    if source.rejects:
        _quarantine_rejects(database, root)


def _checked(name: str, column: Column, source: Source) -> CheckedColumn:
    found = source.columns.get(name)
    if found is None:
        return absent_column(name, column)
    return check_column(name, column, raw=found.sql, found=found.type, dataset=source.name)


def _quarantine_rejects(database: Connection, root: Path) -> None:
    """Quarantine the lines that the reader refused: too few columns, no UTF-8, too long.

    Raises:
        SourceError: if a quotation mark takes other lines along: nobody knows how many rows
            they were, and a row must not disappear uncounted.
    """
    swallowed = database.execute(
        f"select file_path, min(line) from {_REJECTS} where error_type::text = 'UNQUOTED VALUE' "  # noqa: S608
        "and contains(rtrim(csv_line, chr(13) || chr(10)), chr(10)) group by all order by all"
    ).fetchone()
    if swallowed:
        file, line = swallowed
        raise SourceError(
            Path(file), f"line {line} opens a quotation mark that nothing closes; close it there"
        )
    database.execute(
        f"insert into {QUARANTINED} "  # noqa: S608
        f"select {_relative(root, 'file_path')}, "
        f"min({literal(_UNREADABLE)} || lower(error_type::text)), any_value(csv_line) "
        f"from {_REJECTS} group by scan_id, file_id, file_path, line"
    )
    database.execute("drop table reject_errors; drop table reject_scans")


def _relative(root: Path, file: str) -> str:
    """Write the SQL of a file's path below the source, the same wherever the source lies."""
    folder = root if root.is_dir() else root.parent
    return f"substr({file}, {len(str(folder)) + 2})"


def _deduplicate(database: Connection, unique: Sequence[str], columns: Sequence[str]) -> int:
    """Keep one of equal rows, quarantine rows that contradict each other; return how many went."""
    if not unique:
        return 0
    key = ", ".join(quoted(name) for name in unique)
    names = ", ".join(quoted(name) for name in columns)
    database.execute(
        f"create or replace temp table twice as select {key} from {ACCEPTED} "  # noqa: S608
        "group by all having count(*) > 1"
    )
    if not _count(database, "twice"):
        return 0
    database.execute(
        f"create or replace temp table versions as select distinct {names}, "  # noqa: S608
        f"count(*) over (partition by {key}) as versions from "
        f"(select distinct {names} from {ACCEPTED} semi join twice using ({key}))"
    )
    before = _count(database, ACCEPTED)
    matches = " and ".join(f"{ACCEPTED}.{quoted(name)} = twice.{quoted(name)}" for name in unique)
    database.execute(f"delete from {ACCEPTED} using twice where {matches}")  # noqa: S608
    database.execute(
        f"insert into {ACCEPTED} select {names} from versions where versions = 1"  # noqa: S608
    )
    reason = f"{', '.join(unique)} occurs with different contents"
    fields = ", ".join(f"{literal(name)}: {quoted(name)}" for name in columns)
    database.execute(
        f"insert into {QUARANTINED} select '', {literal(reason)}, "  # noqa: S608
        f"cast(to_json({{{fields}}}) as varchar) from versions where versions > 1"
    )
    contradicting = _count(database, "versions where versions > 1")
    return before - _count(database, ACCEPTED) - contradicting


def _reasons(database: Connection) -> dict[str, int]:
    rows = database.execute(
        "select reason, count(*) as n from "  # noqa: S608
        f"(select unnest(string_split(reasons, '; ')) as reason from {QUARANTINED}) "
        "group by reason order by n desc, reason"
    ).fetchall()
    return {str(reason): int(rows) for reason, rows in rows}


def _count(database: Connection, table: str) -> int:
    row = database.execute(f"select count(*) from {table}").fetchone()  # noqa: S608
    return int(row[0]) if row else 0

"""Let in the rows that keep the contract; put the others aside, each with its reasons."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline_code.core.contract_check import (
    CheckedColumn,
    absent_column,
    check_column,
    is_broken,
    sql_type,
    straight_type,
    straight_value,
)
from pipeline_code.core.data_contract import Column, Contract, SourceFormat
from pipeline_code.core.data_hash import row_digest
from pipeline_code.core.errors import ErrorBudgetExceededError, MissingColumnsError
from pipeline_code.core.problem import Problem
from pipeline_code.core.tables import Connection, literal, quoted
from pipeline_code.core.target_sql import labels_of
from pipeline_code.steps.encodings import in_utf8
from pipeline_code.steps.source import FILE, Source, SourceError
from pipeline_code.steps.sources import find_damaged, list_files, open_sources

ACCEPTED = "transactions"
"""The table of accepted rows, in the contract's types: what a use case's SQL reads."""
QUARANTINED = "quarantined"
"""The table of refused rows: ``source`` (file), ``reasons`` (text), ``record`` (as it came)."""

ROW = "acequia_row"
"""The column of the accepted rows with the digest of what a row says; see `core.data_hash`."""

_AS_USUAL = SourceFormat()
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

    def figures(self) -> dict[str, int]:
        """Say what became of the rows, for the profile."""
        return {
            "in": self.rows_in,
            "out": self.rows_out,
            "quarantined": self.quarantined,
            "deduplicated": self.deduplicated,
        }


def take_in(
    database: Connection,
    path: Path,
    contract: Contract,
    *,
    written: SourceFormat = _AS_USUAL,
    problem: Problem | None = None,
    table: str = ACCEPTED,
    without: Collection[str] = (),
    root: Path | None = None,
    order: str | None = None,
) -> Intake:
    """Read all files under ``path`` into ``table`` and the table `QUARANTINED`.

    A row that was delivered twice, equal in every column of the contract, is let in once and
    counted as deduplicated. Rows that share the contract's unique key but differ contradict
    each other: nobody can say which is right, so all of them are quarantined.

    Args:
        database: where the tables are made.
        path: a file or a folder.
        contract: what its rows promise.
        written: how text files are written.
        problem: if the rows have its target, a label that it does not know breaks the contract.
        table: the table of the accepted rows, in the contract's types; the column `ROW` is new.
        without: folders below the source that are sources of their own.
        root: below which the quarantine names files; the source itself by default.
        order: SQL by which rows will be sorted: where it is cheap they are put in that order on
            the way, for what is sorted is sorted again in no time.

    Raises:
        SourceError: if there is nothing to read, or a file is damaged or of no known kind.
        MissingColumnsError: if a file lacks a required column.
        UnreadableTypeError: if a column has a type that cannot hold what is promised.
    """
    database.execute(
        f"create table if not exists {QUARANTINED} (source text, reasons text, record text)"
    )
    earlier = _count(database, QUARANTINED)
    contract = contract.written(written)
    files, root = list_files(path, without=without), root or path
    with tempfile.TemporaryDirectory() as scratch:
        readable = list(in_utf8(files, written.encoding, root, Path(scratch)))
        sources = open_sources(database, readable, written)
        delivery = _Delivery(database, root, Path(scratch), contract, problem, table)
        for source in sources:
            delivery.require_columns(source)
        present = delivery.present(sources)
        if not delivery.read_straight(sources, present, order):
            delivery.create(present)
            for source in sources:
                try:
                    delivery.check(source, present)
                except duckdb.Error as error:
                    raise find_damaged(database, source, written, error) from error
    rows_in = _count(database, table) + _count(database, QUARANTINED) - earlier
    if rows_in == 0:
        raise SourceError(path, "has a header but no rows; deliver rows")
    deduplicated = _deduplicate(database, table, contract.unique, present)
    return Intake(
        rows_in=rows_in,
        rows_out=_count(database, table),
        quarantined=_count(database, QUARANTINED) - earlier,
        deduplicated=deduplicated,
        reasons=_reasons(database, earlier),
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


@dataclass(frozen=True)
class _Delivery:
    """The files of one source on their way into a table."""

    database: Connection
    root: Path
    scratch: Path
    contract: Contract
    problem: Problem | None
    table: str

    def require_columns(self, source: Source) -> None:
        """Refuse files that lack a column of the contract."""
        required = {name for name, column in self.contract.columns.items() if column.required}
        missing = required - source.columns.keys()
        if missing and source.columns:  # a JSON file without one readable object has no columns
            raise MissingColumnsError(source.name, missing, source.columns)

    def present(self, sources: Sequence[Source]) -> tuple[str, ...]:
        """Name the columns of the contract that the source has, in the contract's order."""
        return tuple(
            name
            for name, column in self.contract.columns.items()
            if column.required or any(name in source.columns for source in sources)
        )

    def create(self, present: Iterable[str]) -> None:
        """Make the table."""
        fields = [f"{quoted(name)} {sql_type(self.contract.columns[name])}" for name in present]
        self.database.execute(f"create table {self.table} ({', '.join(fields)}, {ROW} ubigint)")

    def read_straight(
        self, sources: Sequence[Source], present: Sequence[str], order: str | None
    ) -> bool:
        """Make the table straight from files in which every row keeps the contract.

        Values are read in the contract's types at once, and the contract is held against whole
        columns. Where anything is wrong, nothing was done: then rows are read one by one.
        """
        if len(sources) != 1 or sources[0].typed is None or not sources[0].columns:
            return False
        columns = {name: self.contract.columns[name] for name in present}
        source = sources[0].typed({name: straight_type(one) for name, one in columns.items()})
        if source is None:
            return False
        found = {name: source.columns[name] for name in columns}
        values = ", ".join(
            f"{straight_value(one, found[name].sql, found[name].type)} as {quoted(name)}"
            for name, one in columns.items()
        )
        broken = " or ".join(is_broken(name, *self._promise(name)) for name in present)
        try:
            self.database.execute(
                f"create table {self.table} as select *, {row_digest(present)} as {ROW} "  # noqa: S608
                f"from (select {values} from {source.relation})"
                + (f" order by {order}" if order else "")
            )
            query = f"select {broken} from {self.table}"  # noqa: S608
            is_wrong = bool(self.database.execute(query).fetchall()[0][0])
        except duckdb.Error:
            is_wrong = True
        if is_wrong:
            self.database.execute(f"drop table if exists {self.table}")
        return not is_wrong

    def check(self, source: Source, present: Iterable[str]) -> None:
        """Let in the rows of some files, or put them aside."""
        columns = [self._checked(name, source) for name in present]
        values = ", ".join(f"{column.value} as {quoted(column.name)}" for column in columns)
        reasons = f"nullif(concat_ws('; ', {', '.join(column.reason for column in columns)}), '')"
        if source.problem:
            reasons = (
                f"case when {source.condition} then {reasons} else {literal(source.problem)} end"
            )
        self.database.execute(
            f"create or replace temp table checked as select {values}, {reasons} as {_REASONS}, "  # noqa: S608
            f"case when {_REASONS} is not null then {FILE} end as {FILE}, "
            f"case when {_REASONS} is not null then {source.record} end as {_RECORD} "
            f"from {source.relation}"
        )
        names = ", ".join(quoted(column.name) for column in columns)
        digest = row_digest([column.name for column in columns])
        self.database.execute(
            f"insert into {self.table} select {names}, {digest} "  # noqa: S608
            f"from checked where {_REASONS} is null"
        )
        self.database.execute(
            f"insert into {QUARANTINED} select {self._relative(source, FILE)}, {_REASONS}, "  # noqa: S608
            f"{_RECORD} from checked where {_REASONS} is not null"
        )
        self.database.execute("drop table checked")
        if source.rejects:
            self._quarantine_rejects(source)

    def _promise(self, name: str) -> tuple[Column, tuple[str, ...] | None]:
        """Say what a column must be; the target must be there, whatever the contract allows."""
        column = self.contract.columns[name]
        if self.problem is None or name != self.problem.target:
            return column, None
        return column.model_copy(update={"nullable": False}), labels_of(self.problem, column)

    def _checked(self, name: str, source: Source) -> CheckedColumn:
        column, labels = self._promise(name)
        found = source.columns.get(name)
        if found is None:
            return absent_column(name, column)
        return check_column(
            name, column, raw=found.sql, found=found.type, dataset=source.name, labels=labels
        )

    def _quarantine_rejects(self, source: Source) -> None:
        """Quarantine the lines that the reader refused: too few columns, no UTF-8, too long.

        Raises:
            SourceError: if a quotation mark takes other lines along: nobody knows how many rows
                they were, and a row must not disappear uncounted.
        """
        swallowed = self.database.execute(
            f"select file_path, min(line) from {_REJECTS} "  # noqa: S608
            "where error_type::text = 'UNQUOTED VALUE' "
            "and contains(rtrim(csv_line, chr(13) || chr(10)), chr(10)) "
            "group by all order by all"
        ).fetchone()
        if swallowed:
            file, line = swallowed
            raise SourceError(
                source.delivered(file),
                f"line {line} opens a quotation mark that nothing closes; close it there",
            )
        self.database.execute(
            f"insert into {QUARANTINED} "  # noqa: S608
            f"select {self._relative(source, 'file_path')}, "
            f"min({literal(_UNREADABLE)} || lower(error_type::text)), any_value(csv_line) "
            f"from {_REJECTS} group by scan_id, file_id, file_path, line"
        )
        self.database.execute("drop table reject_errors; drop table reject_scans")

    def _relative(self, source: Source, file: str) -> str:
        """Write the SQL of a file's path below the source, the same wherever the source lies."""
        folder = self.root if self.root.is_dir() else self.root.parent
        if source.files[0].is_copy:
            folder = self.scratch
        return f"substr({file}, {len(str(folder)) + 2})"


def _deduplicate(
    database: Connection, table: str, unique: Sequence[str], columns: Sequence[str]
) -> int:
    """Keep one of equal rows, quarantine rows that contradict each other; return how many went."""
    if not unique:
        return 0
    key = ", ".join(quoted(name) for name in unique)
    names = ", ".join([*(quoted(name) for name in columns), ROW])
    database.execute(
        f"create or replace temp table twice as select {key} from {table} "  # noqa: S608
        "group by all having count(*) > 1"
    )
    if not _count(database, "twice"):
        return 0
    database.execute(
        f"create or replace temp table versions as select distinct {names}, "  # noqa: S608
        f"count(*) over (partition by {key}) as versions from "
        f"(select distinct {names} from {table} semi join twice using ({key}))"
    )
    before = _count(database, table)
    matches = " and ".join(f"{table}.{quoted(name)} = twice.{quoted(name)}" for name in unique)
    database.execute(f"delete from {table} using twice where {matches}")  # noqa: S608
    database.execute(
        f"insert into {table} select {names} from versions where versions = 1"  # noqa: S608
    )
    reason = f"{', '.join(unique)} occurs with different contents"
    fields = ", ".join(f"{literal(name)}: {quoted(name)}" for name in columns)
    database.execute(
        f"insert into {QUARANTINED} select '', {literal(reason)}, "  # noqa: S608
        f"cast(to_json({{{fields}}}) as varchar) from versions where versions > 1"
    )
    contradicting = _count(database, "versions where versions > 1")
    return before - _count(database, table) - contradicting


def _reasons(database: Connection, earlier: int) -> dict[str, int]:
    """Count the rows of each reason, without those that were quarantined ``earlier``."""
    rows = database.execute(
        "select reason, count(*) as n from "  # noqa: S608
        f"(select unnest(string_split(reasons, '; ')) as reason from {QUARANTINED} "
        f"where rowid >= {earlier}) group by reason order by n desc, reason"
    ).fetchall()
    return {str(reason): int(rows) for reason, rows in rows}


def _count(database: Connection, table: str) -> int:
    row = database.execute(f"select count(*) from {table}").fetchone()  # noqa: S608
    return int(row[0]) if row else 0

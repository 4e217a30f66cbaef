"""Read files row by row: each keeps the contract, or is put aside with its reasons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline_code.core.contract_check import (
    CheckedColumn,
    absent_column,
    check_column,
    promise,
    sql_type,
)
from pipeline_code.core.data_contract import Contract, SourceFormat
from pipeline_code.core.data_hash import ROW, row_digest
from pipeline_code.core.errors import MissingColumnsError
from pipeline_code.core.problem import Problem
from pipeline_code.core.tables import Connection, literal, quoted
from pipeline_code.steps.quarantine_table import QUARANTINED
from pipeline_code.steps.source import FILE, Source, SourceError
from pipeline_code.steps.sources import find_damaged

_REASONS, _RECORD = "acequia_reasons", "acequia_record"
_REJECTS = "reject_errors join reject_scans using (scan_id, file_id)"
_UNREADABLE = "line cannot be read: "


@dataclass(frozen=True)
class RowReading:
    """The files of one source on their way into a table.

    Attributes:
        database: where the table is made.
        root: below which the quarantine names files.
        scratch: where copies of files lie.
        contract: what the rows promise.
        problem: the target that they have, if they have one.
        table: the name of the table of the accepted rows.
    """

    database: Connection
    root: Path
    scratch: Path
    contract: Contract
    problem: Problem | None
    table: str

    def present(self, sources: Sequence[Source]) -> tuple[str, ...]:
        """Name the columns of the contract that the source has, in the contract's order.

        Raises:
            MissingColumnsError: if a file lacks one that is required.
        """
        columns = self.contract.columns
        required = {name for name, column in columns.items() if column.required}
        for source in sources:
            missing = required - source.columns.keys()
            if missing and source.columns:  # without one readable object JSON has no columns
                raise MissingColumnsError(source.name, missing, source.columns)
        return tuple(
            name
            for name in columns
            if name in required or any(name in source.columns for source in sources)
        )

    def read(
        self, sources: Sequence[Source], present: Sequence[str], written: SourceFormat
    ) -> None:
        """Make the table, row by row.

        Raises:
            SourceError: if a file is damaged; it is named.
        """
        fields = [f"{quoted(name)} {sql_type(self.contract.columns[name])}" for name in present]
        self.database.execute(f"create table {self.table} ({', '.join(fields)}, {ROW} ubigint)")
        for source in sources:
            try:
                self._check(source, present)
            except duckdb.Error as error:
                raise find_damaged(self.database, source, written, error) from error

    def _check(self, source: Source, present: Iterable[str]) -> None:
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

    def _checked(self, name: str, source: Source) -> CheckedColumn:
        column, labels = promise(self.contract, self.problem, name)
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

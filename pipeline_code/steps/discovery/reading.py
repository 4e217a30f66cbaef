"""Open a table of any allowed kind as Prepare reads it, and draw rows from all over it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from pipeline_code.core.data_contract import SourceFormat
from pipeline_code.core.tables import Connection
from pipeline_code.steps.discovery.dialect import Dialect, detect_dialect
from pipeline_code.steps.discovery.encoding import detect_encoding, open_bytes
from pipeline_code.steps.discovery.errors import DiscoveryError
from pipeline_code.steps.encodings import in_utf8
from pipeline_code.steps.source import Source, SourceError, path_list
from pipeline_code.steps.sources import find_damaged, list_files, open_sources

SAMPLE: Final = "sample"
"""The table of rows that were drawn; its columns are called c0, c1, ... in the source's order."""
PLACE: Final = "place"
"""The column of `SAMPLE` that numbers its rows in the order of the source."""

_SAMPLE_ROWS: Final = 100_000
_SAMPLE_CELLS: Final = 10_000_000
_FEWEST_SAMPLE_ROWS: Final = 2_000
_HEAD: Final = 1 << 20
_PACKED: Final = 5
"""How much smaller gzip makes tables, about; it only sets how many rows are drawn."""
_KINDS: Final = {".csv": "CSV", ".parquet": "Parquet"}
_UNREADABLE: Final = 0.01


@dataclass(frozen=True)
class Column:
    """One column of a table: its name, its place in `SAMPLE`, how SQL reads it, its type."""

    name: str
    place: int
    sql: str
    type: str

    @property
    def drawn(self) -> str:
        """Its name in the table of drawn rows."""
        return f"c{self.place}"


@dataclass(frozen=True)
class Table:
    """A table as it lies in its files.

    Attributes:
        path: what was named: a file or a folder.
        kind: CSV, JSON or Parquet.
        source: its rows, as Prepare reads them.
        written: how text is written, as Prepare is told.
        columns: in the order of the file.
        dialect: how CSV is written; None for the other kinds.
    """

    path: Path
    kind: str
    source: Source
    written: SourceFormat
    columns: tuple[Column, ...]
    dialect: Dialect | None = None

    @property
    def size(self) -> int:
        """How many bytes its files have."""
        return sum(file.at.stat().st_size for file in self.source.files)

    @property
    def names(self) -> list[str]:
        """The names of its columns."""
        return [column.name for column in self.columns]


@dataclass(frozen=True)
class Drawn:
    """What drawing rows has shown: how many rows there are, and the lines that are none."""

    rows: int
    unreadable: int = 0
    unreadable_why: str = ""


def open_table(
    database: Connection, path: Path, *, header: bool | None, named: Collection[str], scratch: Path
) -> Table:
    """Open a file, or a folder of files of one kind and one set of columns.

    Args:
        database: what reads it.
        path: the file or folder.
        header: whether the first line of CSV names the columns; None judges it.
        named: columns that were named.
        scratch: a folder for copies in UTF-8 of files that are written otherwise.

    Raises:
        SourceError: if there is nothing, or a file is damaged or of no known kind.
        DiscoveryError: if the files are no table, or not all the same one.
    """
    files = list_files(path)
    kinds = {_kind(file) for file in files}
    if len(kinds) > 1:
        raise DiscoveryError(
            f"{path} holds {' and '.join(sorted(kinds))} files; give a folder of one kind"
        )
    kind = kinds.pop()
    dialect = _common_dialect(files, header, named) if kind == "CSV" else None
    written = SourceFormat()
    if dialect:
        written = SourceFormat(
            delimiter=dialect.delimiter, header=dialect.header, encoding=dialect.encoding
        )
    if kind == "JSON":
        for file in files:
            _check_json(file)
    readable = list(in_utf8(files, written.encoding, path, scratch))
    source = _only_one(path, open_sources(database, readable, written))
    return Table(path, kind, source, written, _columns(source), dialect)


def draw_rows(database: Connection, table: Table) -> Drawn:
    """Fill `SAMPLE` with rows from all over the table, the same ones every time.

    Raises:
        DiscoveryError: if there are no rows, or too many lines are none.
    """
    fields = ", ".join(f"{column.sql} as {column.drawn}" for column in table.columns)
    every = max(1, round(_estimated_rows(database, table) / _wanted_rows(len(table.columns))))
    relation = f"(select {fields} from {table.source.relation} where {table.source.condition})"  # noqa: S608
    try:
        database.execute(
            f"create or replace table {SAMPLE} as select * from (select *, row_number() over () "  # noqa: S608
            f"as {PLACE} from {relation}) where hash({PLACE}) % {every} = 0"
        )
    except duckdb.Error as error:
        raise failed(database, table, error) from error
    rows = database.execute(f"select count(*) from {SAMPLE}").fetchall()[0][0]  # noqa: S608
    unreadable, why = _unreadable(database, table.source) if table.source.rejects else (0, "")
    if not rows:
        lost = f"{unreadable:,} lines that cannot be read: {why}" if unreadable else "no rows"
        raise DiscoveryError(f"{table.path} has {lost}; give a file with a header and rows")
    if unreadable > _UNREADABLE * (rows * every + unreadable):
        raise DiscoveryError(
            f"{table.path}: {unreadable:,} lines cannot be read: {why}; correct them: Prepare "
            "stops where more than 1% of the rows are broken"
        )
    return Drawn(int(rows), unreadable, why)


def failed(database: Connection, table: Table, error: duckdb.Error) -> SourceError:
    """Turn an error of the reader into one that names the damaged file."""
    return find_damaged(database, table.source, table.written, error)


def _kind(file: Path) -> str:
    return _KINDS.get(Path(file.name.lower().removesuffix(".gz")).suffix, "JSON")


def _common_dialect(files: Sequence[Path], header: bool | None, named: Collection[str]) -> Dialect:
    """Find how CSV files are written, all of them alike."""
    dialects = [
        detect_dialect(file, detect_encoding(file), header=header, named=named) for file in files
    ]
    first = dialects[0]
    for file, other in zip(files, dialects, strict=True):
        for what in ("names", "delimiter", "header", "encoding"):
            if getattr(other, what) != getattr(first, what):
                raise DiscoveryError(
                    f"{file} differs from {files[0].name} in its {what}: "
                    f"{_brief(getattr(other, what))} instead of {_brief(getattr(first, what))}; "
                    "give files of one table, written alike"
                )
    return first


def _columns(source: Source) -> tuple[Column, ...]:
    return tuple(
        Column(name, place, column.sql, column.type)
        for place, (name, column) in enumerate(source.columns.items())
    )


def _only_one(path: Path, sources: Sequence[Source]) -> Source:
    """Refuse files of different columns, and columns that SQL does not tell apart."""
    first = sources[0]
    for other in sources[1:]:
        different = sorted(
            name
            for name in {*first.columns, *other.columns}
            if first.columns.get(name) != other.columns.get(name)
        )
        raise DiscoveryError(
            f"{path} holds files of different columns: {other.name} and {first.name} differ in "
            f"{', '.join(different[:5]) or 'their order'}; give files of one table"
        )
    if not first.columns:
        raise DiscoveryError(
            f"{first.name} holds no JSON objects; give one object a line, "
            'like {"age": 56, "churn": "no"}'
        )
    lower = Counter(name.lower() for name in first.columns)
    if twice := [name for name in first.columns if lower[name.lower()] > 1]:
        raise DiscoveryError(
            f"{first.name} has columns that differ in capitals only: {', '.join(twice)}; rename one"
        )
    return first


def _check_json(file: Path) -> None:
    """Refuse text that is no UTF-8, and a document that is neither lines nor a list of objects."""
    encoding, _ = detect_encoding(file)
    if encoding != "utf-8":
        raise DiscoveryError(f"{file} is no UTF-8, as JSON must be; write it anew as UTF-8")
    with open_bytes(file) as stream:
        head = stream.read(_HEAD).decode("utf-8-sig", errors="replace").lstrip()
    inner = head.removeprefix("[").lstrip()
    if head[:1] not in {"{", "["} or inner[:1] not in {"{", "]", ""}:
        example = inner[:20].partition("\n")[0]
        raise DiscoveryError(
            f"{file} holds values like {example} instead of JSON objects; give one object a line, "
            'like {"age": 56, "churn": "no"}'
        )
    if head[:1] == "{" and not _is_object(head.partition("\n")[0]):
        raise DiscoveryError(
            f"{file}: its first line is no JSON object of its own; give one object a line"
        )


def _is_object(line: str) -> bool:
    if len(line) >= _HEAD // 2:  # cut off by the head
        return True
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _estimated_rows(database: Connection, table: Table) -> float:
    if table.kind == "Parquet":
        files = path_list(table.source.files)
        query = f"select sum(num_rows) from parquet_file_metadata({files})"  # noqa: S608
        return float(database.execute(query).fetchall()[0][0] or 0)
    file = table.source.files[0]
    with file.at.open("rb") if file.is_copy else open_bytes(file.path) as stream:
        head = stream.read(_HEAD)
    packed = _PACKED if file.path.suffix == ".gz" and not file.is_copy else 1
    separators = head.count(b"\n") if table.kind == "CSV" or head[:1] != b"[" else head.count(b"}")
    return table.size * packed * max(1, separators) / max(1, len(head))


def _wanted_rows(columns: int) -> int:
    return max(_FEWEST_SAMPLE_ROWS, min(_SAMPLE_ROWS, _SAMPLE_CELLS // columns))


def _unreadable(database: Connection, source: Source) -> tuple[int, str]:
    """Count the lines that the reader refused, and say what is wrong with the first one.

    Raises:
        DiscoveryError: if a quotation mark takes other lines along, as Prepare would refuse it.
    """
    lines = database.execute(
        "select file_path, line, min(lower(error_type::text)), "
        "bool_or(contains(rtrim(csv_line, chr(13) || chr(10)), chr(10))) "
        "from reject_errors join reject_scans using (scan_id, file_id) "
        "group by scan_id, file_id, file_path, line order by file_path, line"
    ).fetchall()
    database.execute("drop table reject_errors; drop table reject_scans")
    for file, line, why, is_long in lines:
        if is_long and why == "unquoted value":
            raise DiscoveryError(
                f"{source.delivered(file)} line {line} opens a quotation mark that nothing closes; "
                "close it there"
            )
    return (len(lines), f"line {lines[0][1]} has {lines[0][2]}") if lines else (0, "")


def _brief(value: object) -> str:
    text = ", ".join(value) if isinstance(value, tuple) else repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."

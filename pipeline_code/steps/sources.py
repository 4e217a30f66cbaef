"""Open a folder of CSV, JSON and Parquet files as text-tolerant tables, or say what is wrong."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipeline_code.core.errors import PipelineError
from pipeline_code.core.tables import Connection, literal, quoted

FILE = "acequia_file"
"""The column that names the file of a row."""
LINE = "acequia_line"
"""The column that holds a line of JSON as it is."""

_DELIMITERS = (",", ";", "\t", "|")
_HEADER_BYTES = 1 << 20
_JSON_SAMPLE = 1_000  # objects whose keys are read to learn the columns
_READERS = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class SourceError(PipelineError, ValueError):
    """A source is absent, empty, damaged or of no known kind."""

    def __init__(self, path: Path, problem: object) -> None:
        super().__init__(f"{path} {' '.join(str(problem).split())}")


@dataclass(frozen=True)
class SourceColumn:
    """How one column of a source is written in SQL, and its DuckDB type."""

    sql: str
    type: str


@dataclass(frozen=True)
class Source:
    """Files that are read alike: the same kind, the same columns.

    Attributes:
        relation: SQL of their rows; the column `FILE` names each row's file.
        columns: by their name in the files.
        record: SQL of a whole row as JSON text, for the quarantine.
        files: what is read.
        rejects: whether lines that the reader refuses come to DuckDB's table of rejects.
        condition: SQL that is false where a row is no record at all; `problem` says why.
    """

    relation: str
    columns: dict[str, SourceColumn]
    record: str
    files: tuple[Path, ...]
    rejects: bool = False
    condition: str = "true"
    problem: str = ""

    @property
    def name(self) -> str:
        """Name the source in a message: its file, or its first one of many."""
        return str(self.files[0])


def list_files(path: Path) -> list[Path]:
    """List the files of a source, sorted; names that begin with a dot or underscore are skipped.

    Raises:
        SourceError: if nothing is there, or a file has no known ending or no content.
    """
    if not path.exists():
        raise SourceError(path, "does not exist; give the path of a file or folder of transactions")
    files = [path] if path.is_file() else sorted(_visible(path))
    if not files:
        raise SourceError(path, f"holds no files; put {', '.join(_READERS)} files there")
    for file in files:
        if _reader(file) is None:
            raise SourceError(
                file, f"is of no known kind; allowed: {', '.join(_READERS)}, and .gz of text files"
            )
        if file.stat().st_size == 0:
            raise SourceError(file, "is empty (0 bytes); write it anew or remove it")
    return files


def open_sources(database: Connection, files: Iterable[Path]) -> list[Source]:
    """Group files that are read alike; the order of the groups is that of their first files.

    Raises:
        SourceError: if a file is damaged; it is named.
    """
    groups: dict[tuple[str, ...], list[Path]] = {}
    for file in files:
        if file.suffix == ".gz":
            _check_gzip(file)
        groups.setdefault(_signature(database, file), []).append(file)
    return [_open(database, signature, paths) for signature, paths in groups.items()]


def find_damaged(database: Connection, source: Source, error: duckdb.Error) -> SourceError:
    """Turn an error of the reader into one that names the file: the first that fails alone."""
    signature = _signature(database, source.files[0])
    for file in source.files:
        alone = _open(database, signature, [file])
        try:
            query = f"select max(hash(t)) from {alone.relation} as t"  # noqa: S608
            database.execute(query).fetchall()
        except duckdb.Error as problem:
            return _damaged(file, problem)
    return _damaged(source.files[0], error)


def _visible(folder: Path) -> Iterable[Path]:
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith((".", "_")) for part in parts):
            yield path


def _reader(file: Path) -> str | None:
    name = file.name.lower()
    if name.endswith(".gz"):
        reader = _READERS.get(Path(name[:-3]).suffix)
        return None if reader == "parquet" else reader
    return _READERS.get(Path(name).suffix)


def _signature(database: Connection, file: Path) -> tuple[str, ...]:
    """Say how a file is read: kind, then what that kind needs to know."""
    kind = _reader(file)
    if kind == "parquet":
        return ("parquet", *_parquet_columns(database, file))
    head = _head(file)
    if kind == "csv":
        return ("csv", *_csv_header(file, head))
    return ("json", "array" if head.lstrip()[:1] == "[" else "lines")


def _open(database: Connection, signature: tuple[str, ...], files: Sequence[Path]) -> Source:
    kind, *details = signature
    if kind == "parquet":
        return _parquet(details, files)
    return _csv(details, files) if kind == "csv" else _json(database, details[0], files)


def _parquet_columns(database: Connection, file: Path) -> list[str]:
    query = f"describe from read_parquet({_list([file])}, hive_partitioning = false)"
    try:
        rows = database.execute(query).fetchall()
    except duckdb.Error as error:
        raise _damaged(file, error) from error
    return [part for row in rows for part in (str(row[0]), str(row[1]))]


def _parquet(details: Sequence[str], files: Sequence[Path]) -> Source:
    names, types = details[::2], details[1::2]
    fields = ", ".join(f"{literal(name)}: {quoted(name)}" for name in names)
    return Source(
        relation=f"read_parquet({_list(files)}, hive_partitioning = false, filename = '{FILE}')",
        columns={
            name: SourceColumn(quoted(name), found)
            for name, found in zip(names, types, strict=True)
        },
        record=f"cast(to_json({{{fields}}}) as varchar)",
        files=tuple(files),
    )


def _csv_header(file: Path, head: str) -> list[str]:
    headers = {
        delimiter: next(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter), [])
        for delimiter in _DELIMITERS
    }
    delimiter = max(headers, key=lambda one: len(headers[one]))
    names = headers[delimiter]
    if not any(name.strip() for name in names):
        raise SourceError(file, "has no header line; its first line must name the columns")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise SourceError(file, f"names {', '.join(twice)} twice in its header; rename one")
    return [delimiter, *names]


def _csv(details: Sequence[str], files: Sequence[Path]) -> Source:
    delimiter, *names = details
    # Columns go by position: a header may hold names that differ only in case.
    columns = {name: SourceColumn(f"c{place}", "VARCHAR") for place, name in enumerate(names)}
    declared = ", ".join(f"{column.sql}: 'VARCHAR'" for column in columns.values())
    fields = ", ".join(f"{literal(name)}: {column.sql}" for name, column in columns.items())
    return Source(
        relation=(
            f"read_csv({_list(files)}, columns = {{{declared}}}, header = true, "
            f"auto_detect = false, delim = {literal(delimiter)}, quote = '\"', escape = '\"', "
            f"hive_partitioning = false, filename = '{FILE}', store_rejects = true, "
            "rejects_limit = 0)"
        ),
        columns=columns,
        record=f"cast(to_json({{{fields}}}) as varchar)",
        files=tuple(files),
        rejects=True,
    )


def _json(database: Connection, layout: str, files: Sequence[Path]) -> Source:
    if layout == "array":
        relation = (
            f"(select cast(json as varchar) as {LINE}, filename as {FILE} "  # noqa: S608
            f"from read_json_objects({_list(files)}, format = 'array', filename = true))"
        )
    else:  # read as lines of text, so that a broken line is one broken row and keeps its text
        relation = (
            f"read_csv({_list(files)}, columns = {{{LINE}: 'VARCHAR'}}, header = false, "
            "auto_detect = false, delim = '\x01', quote = '', escape = '', "
            f"hive_partitioning = false, filename = '{FILE}', store_rejects = true, "
            "rejects_limit = 0)"
        )
    source = f"(select * from {relation} where trim({LINE}) <> '')"  # noqa: S608
    # A case, not an `and`: the parts of an `and` may run in any order, and a broken line fails.
    is_object = f"(case when json_valid({LINE}) then json_type({LINE}) else '' end = 'OBJECT')"
    whole = f"case when {is_object} then {LINE} end"
    names = _json_keys(database, source, whole, files)
    return Source(
        relation=source,
        columns={
            name: SourceColumn(f"json_extract_string({whole}, {_pointer(name)})", "VARCHAR")
            for name in names
        },
        record=LINE,
        files=tuple(files),
        rejects=layout == "lines",
        condition=is_object,
        problem="is no JSON object",
    )


def _json_keys(database: Connection, relation: str, whole: str, files: Sequence[Path]) -> list[str]:
    objects = f"select json_keys({whole}) as keys from {relation} limit {_JSON_SAMPLE}"  # noqa: S608
    try:
        rows = database.execute(
            "select key, min(place) as place from (select unnest(keys) as key, "  # noqa: S608
            f"generate_subscripts(keys, 1) as place from ({objects})) "
            "group by key order by place, key"
        ).fetchall()
    except duckdb.Error as error:
        raise _damaged(files[0], error) from error
    return [str(row[0]) for row in rows]


def _pointer(name: str) -> str:
    return literal("/" + name.replace("~", "~0").replace("/", "~1"))


def _head(file: Path) -> str:
    """Read the beginning of a text file as UTF-8, without its byte order mark."""
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
            head = stream.read(_HEADER_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(file, error) from error
    if head.startswith(_UTF16) or b"\0" in head[:4]:
        raise SourceError(file, "is UTF-16 or binary, not text; save it as UTF-8")
    return head.decode("utf-8-sig", errors="replace")


def _check_gzip(file: Path) -> None:
    """Read to the checksum at the end: DuckDB does not look at it."""
    try:
        with gzip.open(file) as stream:
            while stream.read(1 << 20):
                pass
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(file, error) from error


def _damaged(file: Path, problem: object) -> SourceError:
    # DuckDB goes on with the statement that it was given, from "LINE 1:".
    reason = " ".join(str(problem).partition("LINE 1:")[0].split())[:300].removesuffix(".")
    return SourceError(file, f"cannot be read: {reason}; write it anew or remove it")


def _list(files: Iterable[Path]) -> str:
    """Write paths for DuckDB, which would take brackets and stars as patterns."""
    plain = str.maketrans({"[": "[[]", "*": "[*]", "?": "[?]"})
    return f"[{', '.join(literal(str(file).translate(plain)) for file in files)}]"

"""Open a folder of CSV, JSON and Parquet files as text-tolerant tables, or say what is wrong."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import duckdb

from pipeline_code.core.data_contract import SourceFormat
from pipeline_code.core.tables import Connection
from pipeline_code.steps.source import Source, SourceError, SourceFile, damaged
from pipeline_code.steps.source_kinds import (
    csv_header,
    csv_source,
    json_source,
    parquet_columns,
    parquet_source,
)

_HEADER_BYTES = 1 << 20
_READERS = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def list_files(path: Path, *, without: Collection[str] = ()) -> list[Path]:
    """List the files of a source, sorted; names that begin with a dot or underscore are skipped.

    Args:
        path: a file or a folder.
        without: names of folders in it that are sources of their own.

    Raises:
        SourceError: if nothing is there, or a file has no known ending or no content.
    """
    if not path.exists():
        raise SourceError(path, "does not exist; give the path of a file or folder of transactions")
    files = [path] if path.is_file() else sorted(_visible(path, without))
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


def open_sources(
    database: Connection, files: Iterable[SourceFile], written: SourceFormat
) -> list[Source]:
    """Group files that are read alike; the order of the groups is that of their first files.

    Args:
        database: what reads them.
        files: what was delivered, and where it is read.
        written: how text files are written.

    Raises:
        SourceError: if a file is damaged; it is named.
    """
    groups: dict[tuple[str, ...], list[SourceFile]] = {}
    for file in files:
        if file.path.suffix == ".gz" and not file.is_copy:
            _check_gzip(file.path)
        groups.setdefault(_signature(database, file, written), []).append(file)
    return [_open(database, signature, paths, written) for signature, paths in groups.items()]


def find_damaged(
    database: Connection, source: Source, written: SourceFormat, error: duckdb.Error
) -> SourceError:
    """Turn an error of the reader into one that names the file: the first that fails alone."""
    signature = _signature(database, source.files[0], written)
    for file in source.files:
        alone = _open(database, signature, [file], written)
        try:
            query = f"select max(hash(t)) from {alone.relation} as t"  # noqa: S608
            database.execute(query).fetchall()
        except duckdb.Error as problem:
            return damaged(file.path, problem)
    return damaged(source.files[0].path, error)


def _visible(folder: Path, without: Collection[str]) -> Iterable[Path]:
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith((".", "_")) for part in parts) or parts[0] in without
        if path.is_file() and not hidden:
            yield path


def _reader(file: Path) -> str | None:
    name = file.name.lower()
    if name.endswith(".gz"):
        reader = _READERS.get(Path(name[:-3]).suffix)
        return None if reader == "parquet" else reader
    return _READERS.get(Path(name).suffix)


def _signature(database: Connection, file: SourceFile, written: SourceFormat) -> tuple[str, ...]:
    """Say how a file is read: kind, then what that kind needs to know."""
    kind = _reader(file.path)
    if kind == "parquet":
        return ("parquet", *parquet_columns(database, file))
    head = _head(file)
    if kind == "csv":
        return ("csv", *csv_header(file.path, head, written))
    return ("json", "array" if head.lstrip()[:1] == "[" else "lines")


def _open(
    database: Connection,
    signature: tuple[str, ...],
    files: Sequence[SourceFile],
    written: SourceFormat,
) -> Source:
    kind, *details = signature
    if kind == "parquet":
        return parquet_source(details, files)
    if kind == "csv":
        return csv_source(details, files, written)
    return json_source(database, details[0], files, written)


def _head(file: SourceFile) -> str:
    """Read the beginning of a text file as UTF-8, without its byte order mark."""
    packed = file.path.suffix == ".gz" and not file.is_copy
    try:
        with gzip.open(file.at) if packed else file.at.open("rb") as stream:
            head = stream.read(_HEADER_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(file.path, error) from error
    if head.startswith(_UTF16) or b"\0" in head[:4]:
        raise SourceError(
            file.path,
            "is UTF-16 or binary, not text in UTF-8; save it as UTF-8, "
            "or set source.encoding: utf-16 in usecase.yaml",
        )
    return head.decode("utf-8-sig", errors="replace")


def _check_gzip(file: Path) -> None:
    """Read to the checksum at the end: DuckDB does not look at it."""
    try:
        with gzip.open(file) as stream:
            while stream.read(1 << 20):
                pass
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(file, error) from error

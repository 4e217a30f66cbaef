"""Bring a CSV, JSON or Parquet file into a database and take a result out, row by row alike."""

from __future__ import annotations

import csv
import glob
import io
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import duckdb

from pipeline_code.core.errors import PipelineError
from pipeline_code.core.tables import Connection, literal, quoted
from pipeline_code.core.usecase import UseCase
from pipeline_code.steps.encodings import in_utf8
from pipeline_code.steps.source import SourceFile
from pipeline_code.steps.source_kinds import csv_header

SOURCE: Final = "source"
"""Name of the table that `load_source` makes; its ``rowid`` is the row in the file, from 0."""

_WRITTEN: Final = {
    ".csv": "format csv, header",
    ".json": "format json, array true",
    ".jsonl": "format json",
    ".ndjson": "format json",
    ".parquet": "format parquet",
}
_HEAD_BYTES: Final = 1 << 20
_JSON: Final = frozenset((".json", ".jsonl", ".ndjson"))
# A folder called A=1 is a folder, no column.
_PATH: Final = "hive_partitioning = false"
# Nothing is sniffed: a sniffed type loses the zeros of 007, a sniffed dialect loses rows.
_CSV: Final = "auto_detect = false, quote = '\"', escape = '\"'"
NUMBER_TYPE: Final = re.compile(
    r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|BOOLEAN|DECIMAL\(.*\)"
)


class UnscorableFileError(PipelineError, ValueError):
    """A file cannot be scored, or its result cannot be written."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")


def check_format(path: Path) -> None:
    """Refuse a file whose suffix names no format of ours.

    Raises:
        UnscorableFileError: with the suffixes that do.
    """
    if path.suffix.lower() not in _WRITTEN:
        raise UnscorableFileError(
            path, f"is of no known format; use a name that ends in {', '.join(_WRITTEN)}"
        )


def load_source(database: Connection, path: Path, usecase: UseCase | None = None) -> dict[str, str]:
    """Read ``path`` into the table `SOURCE`, every value as it stands; return its types by name.

    Cells of CSV stay text and values of JSON stay JSON, so that ids come out as they went in.

    Args:
        database: where the table is made.
        path: the file.
        usecase: says how text files of its source are written; else they are as usual.

    Raises:
        UnscorableFileError: if it is missing, empty, truncated or not what its suffix says.
    """
    check_format(path)
    if not path.is_file():
        raise UnscorableFileError(path, "is no file; check the path")
    try:
        with tempfile.TemporaryDirectory() as scratch:
            encoding = usecase.source.encoding if usecase else "utf-8"
            (file,) = in_utf8([path], encoding, path, Path(scratch))
            reader = _reader(database, file, usecase)
            database.execute(f"create table {SOURCE} as from {reader}")
        count = database.execute(f"select count(*) from {SOURCE}").fetchone()  # noqa: S608
        types = database.execute(f"describe {SOURCE}").fetchall()
    except (duckdb.Error, UnicodeDecodeError, csv.Error) as error:
        raise UnscorableFileError(path, f"cannot be read: {_first_line(error)}") from error
    if count == (0,):
        raise UnscorableFileError(path, "has no rows; check how it was written")
    return {str(row[0]): str(row[1]) for row in types}


def write_result(
    database: Connection,
    destination: Path,
    columns: Mapping[str, str],
    *,
    added: Sequence[str],
    numbers: Sequence[str],
    like_source: bool,
    header: bool = True,
) -> None:
    """Write `SOURCE` beside the table ``scores`` and publish the file in one move.

    Args:
        database: holds both tables, row by row alike.
        destination: what is there is replaced.
        columns: the source's columns with their types.
        added: the columns of ``scores``.
        numbers: columns that become numbers where the formats differ.
        like_source: whether the destination has the source's format.
        header: whether CSV begins with the names of the columns.
    """
    kept = carried(columns, numbers=numbers, like_source=like_source)
    new = ", ".join(quoted(name) for name in added)
    query = f"select {kept}, {new} from {SOURCE} positional join scores"  # noqa: S608
    write_query(database, query, destination, header=header)


def carried(columns: Mapping[str, str], *, numbers: Sequence[str] = (), like_source: bool) -> str:
    """Write the SQL of the source's columns as they go to a result; see `write_result`."""
    return ", ".join(
        quoted(name) if like_source else _portable(name, kind, name in numbers)
        for name, kind in columns.items()
    )


def write_query(
    database: Connection, query: str, destination: Path, *, header: bool = True
) -> None:
    """Write what a query finds and publish the file in one move, in the format of its suffix."""
    part = destination.with_name(f".{destination.name}.part")
    try:
        database.execute(
            f"copy ({query}) to {literal(part)} ({_WRITTEN[destination.suffix.lower()]}"
            f"{'' if header else ' false'})"
        )
        part.replace(destination)
    except (duckdb.Error, OSError) as error:
        raise UnscorableFileError(
            destination, f"cannot be written: {_first_line(error)}"
        ) from error
    finally:
        part.unlink(missing_ok=True)


def is_same_format(one: Path, other: Path) -> bool:
    """Tell whether two files are written alike."""
    suffixes = {one.suffix.lower(), other.suffix.lower()}
    return len(suffixes) == 1 or suffixes <= _JSON


def as_number(name: str, kind: str) -> str:
    """Write the SQL of a column as FLOAT; NULL where it is missing or no number."""
    return f"try_cast({_plain(name, kind)} as float)"


def no_number(name: str, kind: str) -> str:
    """Write the SQL of a reason, NULL unless a value is there that no 32-bit float can hold."""
    column, value = quoted(name), as_number(name, kind)
    if kind == "JSON":
        given = f"coalesce(json_type({column}), 'NULL') != 'NULL'"
        odd = f"json_type({column}) not in ('UBIGINT', 'BIGINT', 'DOUBLE')"
    elif kind == "VARCHAR":
        given, odd = f"{_plain(name, kind)} is not null", f"contains({column}, '_')"
    elif NUMBER_TYPE.fullmatch(kind):
        # A table of numbers writes a missing one as NaN.
        given, odd = f"not isnan(cast({column} as double))", "false"
    else:
        given, odd = f"{column} is not null", "true"
    broken = f"{given} and ({odd} or {value} is null or not isfinite({value}))"
    return f"case when {broken} then {literal(f'{name} is not a finite number')} end"


def plain_text(name: str, kind: str) -> str:
    """Write the SQL of a cell as text, without the quotes of JSON; NULL where it is empty."""
    return f"cast({_plain(name, kind)} as varchar)"


def _plain(name: str, kind: str) -> str:
    if kind == "VARCHAR":
        return f"nullif(trim({quoted(name)}), '')"
    return f"({quoted(name)} ->> '$')" if kind == "JSON" else quoted(name)


def _portable(name: str, kind: str, is_number: bool) -> str:
    """Write the SQL of a column for another format: no quotes of JSON, features as numbers."""
    if kind not in ("VARCHAR", "JSON"):
        return quoted(name)
    value = f"try_cast({_plain(name, kind)} as double)" if is_number else _plain(name, kind)
    return f"{value} as {quoted(name)}"


def _reader(database: Connection, file: SourceFile, usecase: UseCase | None) -> str:
    # A name with [, * or ? must not be taken for a pattern: it would read other files.
    path = file.at
    name = literal(glob.escape(str(path)))
    suffix = file.path.suffix.lower()
    if suffix == ".parquet":
        return f"read_parquet({name}, {_PATH})"
    if suffix == ".csv":
        if usecase:
            return _described_csv(file, usecase)
        return csv_reader(path, dict.fromkeys(read_header(path), "VARCHAR"))
    found = database.execute(
        f"describe from read_json({name}, {_PATH}, sample_size = -1, map_inference_threshold = -1)"
    ).fetchall()
    return f"read_json({name}, {_PATH}, columns = {{{_typed([row[0] for row in found], 'JSON')}}})"


def _described_csv(file: SourceFile, usecase: UseCase) -> str:
    """Read a CSV file as the use case describes its source; a header is one in any case."""
    with file.at.open("rb") as stream:
        head = stream.read(_HEAD_BYTES).decode("utf-8-sig", errors="replace")
    delimiter, *places = csv_header(
        file.path, head, usecase.source.model_copy(update={"header": False})
    )
    first = next(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter))
    is_named = usecase.source.header or not usecase.contract.columns.keys().isdisjoint(first)
    if is_named:
        names = read_header(file.at, delimiter, file.path)
    else:
        names = places
        _check_places(file.path, places, usecase)
    columns = dict.fromkeys(names, "VARCHAR")
    return csv_reader(file.at, columns, delimiter=delimiter, header=is_named)


def _check_places(path: Path, places: Sequence[str], usecase: UseCase) -> None:
    """Refuse a file whose columns have no names and may stand at other places.

    Raises:
        UnscorableFileError: unless it has all columns of the contract, but for a target at the end.
    """
    lacking = usecase.contract.columns.keys() - set(places)
    target = usecase.problem.target
    if lacking and (lacking != {target} or target != f"column_{len(places) + 1}"):
        raise UnscorableFileError(
            path,
            f"has {len(places)} columns without names, but not {', '.join(sorted(lacking))}; "
            "give it a header that names its columns",
        )


def csv_reader(
    path: Path, columns: Mapping[str, str], *, delimiter: str = ",", header: bool = True
) -> str:
    """Write the SQL that reads one CSV file with columns of these types."""
    fields = ", ".join(f"{quoted(name)}: '{kind}'" for name, kind in columns.items())
    name = literal(glob.escape(str(path)))
    written = f"{_CSV}, delim = {literal(delimiter)}, header = {str(header).lower()}"
    return f"read_csv({name}, {_PATH}, {written}, columns = {{{fields}}})"


def _typed(names: Sequence[str], kind: str) -> str:
    return ", ".join(f"{quoted(name)}: '{kind}'" for name in names)


def read_header(path: Path, delimiter: str = ",", named: Path | None = None) -> list[str]:
    """Return the names of a CSV file's columns; ``named`` is the file in messages.

    Raises:
        UnscorableFileError: if there are none, or one is empty or there twice.
    """
    with path.open(encoding="utf-8-sig", newline="") as lines:
        header = next(csv.reader(lines, delimiter=delimiter), [])
    path = named or path
    if not header:
        raise UnscorableFileError(path, "is empty; check how it was written")
    seen: set[str] = set()
    for name in header:
        if not name.strip() or name.lower() in seen:
            raise UnscorableFileError(
                path, f"its header has the name {name!r} empty or twice; give each column its own"
            )
        seen.add(name.lower())
    return header


def _first_line(error: Exception) -> str:
    """Keep what happened and where; DuckDB adds pages of advice about its own options."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = lines[0] if lines else type(error).__name__
    more = [line for line in lines[1:4] if line.startswith(("Expected Number", "Value with"))]
    return ", ".join([told.removeprefix("Invalid Input Error: "), *more]).rstrip(".:")

"""Read and write tables: Parquet files on one side, NumPy columns or SQL on the other."""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from pipeline_code.core.errors import MissingColumnsError, PipelineError
from pipeline_code.core.texts import Column, Texts

Connection = duckdb.DuckDBPyConnection
Columns = dict[str, NDArray[Any]]

_ALIKE = "set TimeZone = 'UTC'; set enable_progress_bar = false"


class UnreadableTableError(PipelineError, ValueError):
    """A file is not the table that it claims to be."""

    def __init__(self, path: Path, why: object) -> None:
        reason = " ".join(str(why).split()).removesuffix(".")
        super().__init__(f"{path} cannot be read: {reason}; write the file anew")


def connect(*, memory_gib: float = 2.0, spill: Path | None = None) -> Connection:
    """Open a database in memory that behaves alike everywhere.

    It never fetches an extension, and it reads and prints times in UTC whatever the machine's
    zone is.

    Args:
        memory_gib: where DuckDB begins to spill.
        spill: the folder to spill to; None forbids spilling, so no stray files are left.
    """
    database = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": f"{memory_gib}GiB",
            "temp_directory": str(spill) if spill else "",
        }
    )
    database.execute(_ALIKE)
    return database


def another(database: Connection) -> Connection:
    """Open one more connection to a database, for another thread; temporary tables are not seen."""
    other = database.cursor()
    other.execute(_ALIKE)
    return other


def read_columns(path: Path, columns: Sequence[str] | None = None) -> Columns:
    """Read columns of a Parquet file, all of them by default, in the order of its rows.

    A missing number is NaN (so integers with gaps become float64), a missing time NaT,
    a missing text None; text has dtype object.

    Raises:
        UnreadableTableError: if there is no such file, or it is truncated or no Parquet.
        MissingColumnsError: if a column is not there.
    """
    with connect() as database:
        found = _types(database, path)
        missing = set(columns or ()) - set(found)
        if missing:
            raise MissingColumnsError(path.name, missing, found)
        wanted = ", ".join(quoted(name) for name in columns or found)
        try:
            result = database.execute(
                f"select {wanted} from {_parquet(path)}"  # noqa: S608 - names are quoted
            ).fetchnumpy()
        except duckdb.Error as error:
            raise UnreadableTableError(path, error) from error
    return {name: _filled(values) for name, values in result.items()}


def read_coded(
    path: Path, columns: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, Column]:
    """Read columns of a Parquet file as `read_columns` does, but texts by their codes.

    A million rows of twenty columns of text take half a second, written out three times as much
    and twenty million look-ups more to turn them into numbers. ``optional`` columns are left out
    where the file has none.

    Raises:
        UnreadableTableError, MissingColumnsError: as `read_columns`.
    """
    with connect() as database:
        types = _types(database, path)
        missing = set(columns) - types.keys()
        if missing:
            raise MissingColumnsError(path.name, missing, types)
        wanted = [*columns, *(name for name in optional if name in types and name not in columns)]
        try:
            known = {
                name: _distinct(database, path, name) for name in wanted if types[name] == "VARCHAR"
            }
            for place, texts in enumerate(known.values()):
                spelled = ", ".join(map(literal, texts))
                database.execute(f"create type texts_{place} as enum ({spelled})")
            found = _select(database, path, wanted, list(known))
        except duckdb.Error as error:
            raise UnreadableTableError(path, error) from error
    return {
        name: Texts(np.asarray(found[name], dtype=np.int32), known[name])
        if name in known
        else _filled(found[name])
        for name in wanted
    }


def write_columns(path: Path, columns: Mapping[str, NDArray[Any]]) -> Path:
    """Write columns of one length as a Parquet file; the same columns give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = {
        name: values.astype(object) if values.dtype.kind == "U" else values
        for name, values in columns.items()
    }
    with connect() as database:
        database.register("columns_to_write", plain)
        database.execute(f"copy (from columns_to_write) to {literal(path)} (format parquet)")
    return path


def count_rows(path: Path) -> int:
    """Count the rows of a Parquet file from its footer.

    Raises:
        UnreadableTableError: if there is no such file, or it is truncated or no Parquet.
    """
    with connect() as database:
        try:
            row = database.execute(
                "select coalesce(sum(num_rows), 0) from parquet_file_metadata(?)",
                [glob.escape(str(path))],
            ).fetchone()
        except duckdb.Error as error:
            raise UnreadableTableError(path, error) from error
    assert row is not None  # noqa: S101 - an aggregate always has a row
    return int(row[0])


def quoted(name: str) -> str:
    """Write a column's name so that SQL takes it as it is."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """Write a value as an SQL text literal, for the statements that take no parameters."""
    return "'" + str(value).replace("'", "''") + "'"


def _parquet(path: Path) -> str:
    """Write the SQL that reads one file, whose path is neither a pattern nor a partition."""
    return f"read_parquet({literal(glob.escape(str(path)))}, hive_partitioning = false)"


def _types(database: Connection, path: Path) -> dict[str, str]:
    """Return each column's name and SQL type, in the order of the file."""
    try:
        rows = database.execute(f"describe from {_parquet(path)}").fetchall()
    except duckdb.Error as error:
        raise UnreadableTableError(path, error) from error
    return {str(row[0]): str(row[1]) for row in rows}


def _distinct(database: Connection, path: Path, name: str) -> tuple[str, ...]:
    column = quoted(name)
    rows = database.execute(
        f"select distinct {column} from {_parquet(path)} where {column} is not null order by 1"  # noqa: S608
    ).fetchall()
    return tuple(row[0] for row in rows)


def _select(
    database: Connection, path: Path, wanted: Sequence[str], texts: list[str]
) -> dict[str, NDArray[Any]]:
    """Read columns; of the ``texts`` the codes of their enumerations, -1 where missing."""
    terms = [
        f"coalesce(enum_code({quoted(name)}::texts_{texts.index(name)})::int, -1) as {quoted(name)}"
        if name in texts
        else quoted(name)
        for name in wanted
    ]
    found: dict[str, NDArray[Any]] = database.execute(
        f"select {', '.join(terms)} from {_parquet(path)}"  # noqa: S608 - names are quoted
    ).fetchnumpy()
    return found


def _filled(values: NDArray[Any]) -> NDArray[Any]:
    if not isinstance(values, np.ma.MaskedArray):
        return values
    gaps = np.ma.getmaskarray(values)
    whole = np.asarray(np.ma.getdata(values))
    kind = whole.dtype.kind
    filled = whole.astype(np.float64 if kind in "iub" else whole.dtype)
    filled[gaps] = np.nan if kind in "iubf" else np.datetime64("NaT") if kind == "M" else None
    return filled

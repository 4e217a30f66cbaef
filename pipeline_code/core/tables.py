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

Connection = duckdb.DuckDBPyConnection
Columns = dict[str, NDArray[Any]]


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
    database.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
    return database


def read_columns(path: Path, columns: Sequence[str] | None = None) -> Columns:
    """Read columns of a Parquet file, all of them by default, in the order of its rows.

    A missing number is NaN (so integers with gaps become float64), a missing time NaT,
    a missing text None; text has dtype object.

    Raises:
        UnreadableTableError: if there is no such file, or it is truncated or no Parquet.
        MissingColumnsError: if a column is not there.
    """
    with connect() as database:
        found = _names(database, path)
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


def _names(database: Connection, path: Path) -> list[str]:
    try:
        rows = database.execute(f"describe from {_parquet(path)}").fetchall()
    except duckdb.Error as error:
        raise UnreadableTableError(path, error) from error
    return [str(row[0]) for row in rows]


def _filled(values: NDArray[Any]) -> NDArray[Any]:
    if not isinstance(values, np.ma.MaskedArray):
        return values
    gaps = np.ma.getmaskarray(values)
    whole = np.asarray(np.ma.getdata(values))
    kind = whole.dtype.kind
    filled = whole.astype(np.float64 if kind in "iub" else whole.dtype)
    filled[gaps] = np.nan if kind in "iubf" else np.datetime64("NaT") if kind == "M" else None
    return filled

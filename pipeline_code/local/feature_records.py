"""Files of feature records: what they must hold, and how they are told apart."""

from __future__ import annotations

import glob
import hashlib
import json
import math
from pathlib import Path
from typing import Any

import duckdb

from pipeline_code import contract
from pipeline_code.core.feature_sql import SERVICE_COLUMNS
from pipeline_code.core.tables import connect, literal, quoted
from pipeline_code.local.errors import LocalError

_ISO_TIME = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z"


class FeatureRecordsError(LocalError, ValueError):
    """A file holds no records of a feature group."""

    def __init__(self, group: str, path: Path, why: str) -> None:
        super().__init__(
            f"{path.name} holds no records of feature group {group}: {why}; expected: the key, "
            f"{contract.EVENT_TIME} (YYYY-MM-DDTHH:MM:SSZ), then the features"
        )


def check_records(group: str, path: Path) -> tuple[str, int]:
    """Return the name of the key column, which is the first one, and the number of rows.

    Raises:
        FeatureRecordsError: if the file is no Parquet of key, event time and features.
    """
    time = contract.EVENT_TIME
    try:
        with connect() as database:
            columns = database.read_parquet(glob.escape(str(path))).columns
            taken = [name for name in columns if name.lower() in SERVICE_COLUMNS]
            if time not in columns or columns[0] == time or taken:
                raise FeatureRecordsError(group, path, f"its columns are {', '.join(columns)}")
            rows, wrong = database.execute(
                f"select count(*), count(*) filter (where {quoted(columns[0])} is null or not "  # noqa: S608
                f"coalesce(regexp_full_match(cast({quoted(time)} as varchar), '{_ISO_TIME}'), "
                f"false)) from {parquet(path)}"
            ).fetchall()[0]
    except duckdb.Error as error:
        raise FeatureRecordsError(group, path, str(error).splitlines()[0]) from error
    if wrong:
        raise FeatureRecordsError(group, path, f"{wrong} rows lack a key or an event time")
    return columns[0], int(rows)


def parquet(*paths: Path) -> str:
    """Write the SQL that reads files whose paths are neither patterns nor partitions."""
    names = ", ".join(literal(glob.escape(str(path))) for path in paths)
    return f"read_parquet([{names}], union_by_name = true, hive_partitioning = false)"


def digest(records: Path) -> str:
    """Hash the content of a file of records, which is its name in the offline store."""
    with records.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_record(text: str) -> dict[str, Any]:
    """Read a record that DuckDB wrote as JSON; what is no number is missing, as in the cloud."""
    record: dict[str, Any] = json.loads(text)
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in record.items()
    }

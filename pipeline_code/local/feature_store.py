"""The feature store of the local twin: the latest record online, all records offline."""

from __future__ import annotations

import glob
import hashlib
import json
from pathlib import Path
from typing import Any

import duckdb

from pipeline_code import contract
from pipeline_code.local.database import Database
from pipeline_code.local.errors import LocalError
from pipeline_code.local.home import Home
from pipeline_code.local.objects import copy_whole

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    feature_group TEXT NOT NULL, key TEXT NOT NULL, event_time TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (feature_group, key)
) WITHOUT ROWID;
"""
# A record of the same moment takes the place of the one before, so a second write of the same
# file changes nothing, and a corrected one corrects.
_UPSERT = """
INSERT INTO records VALUES (?, ?, ?, ?)
ON CONFLICT (feature_group, key) DO UPDATE SET
    event_time = excluded.event_time, record = excluded.record
WHERE excluded.event_time >= records.event_time
"""
_ISO_TIME = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z"


class FeatureRecordsError(LocalError, ValueError):
    """A file holds no records of a feature group."""

    def __init__(self, group: str, path: Path, why: str) -> None:
        super().__init__(
            f"{path.name} holds no records of feature group {group}: {why}; expected: the key, "
            f"{contract.EVENT_TIME} (YYYY-MM-DDTHH:MM:SSZ), then the features"
        )


class FeatureStore:
    """Feature groups by their physical name; the first column of a file is the key."""

    def __init__(self, home: Home) -> None:
        self._offline = home.features / "offline"
        self._online = Database(home.features / "online.sqlite", _SCHEMA)

    def put_online(self, group: str, records: Path) -> int:
        """Keep the latest record of each key, by event time; return the rows of the file.

        Raises:
            FeatureRecordsError: if the file is no Parquet of key, event time and features.
        """
        key, rows = _check(group, records)
        with duckdb.connect() as connection:
            latest = connection.execute(
                f'SELECT CAST("{key}" AS VARCHAR), "{contract.EVENT_TIME}", to_json(t)'  # noqa: S608
                f" FROM read_parquet(?) AS t QUALIFY row_number() OVER"
                f' (PARTITION BY "{key}" ORDER BY "{contract.EVENT_TIME}" DESC) = 1',
                [glob.escape(str(records))],
            ).fetchall()
        with self._online.transaction() as database:
            database.executemany(_UPSERT, ((group, *row) for row in latest))
        return rows

    def append_offline(self, group: str, records: Path) -> int:
        """Add the file to the history; return its rows.

        Files are named by their content, so the same batch twice is one file.

        Raises:
            FeatureRecordsError: if the file is no Parquet of key, event time and features.
        """
        _, rows = _check(group, records)
        with records.open("rb") as file:
            name = hashlib.file_digest(file, "sha256").hexdigest()
        target = self._offline / group / f"{name}.parquet"
        if not target.exists():
            copy_whole(records, target)
        return rows

    def get(self, group: str, key: object) -> dict[str, Any] | None:
        """Return the latest record of one key; None where there is none."""
        with self._online.reading() as database:
            row = database.execute(
                "SELECT record FROM records WHERE feature_group = ? AND key = ?", (group, str(key))
            ).fetchone()
        return None if row is None else dict(json.loads(row["record"]))

    def history(self, group: str, key: object) -> tuple[dict[str, Any], ...]:
        """Return all records of one key, the oldest first, each once."""
        files = sorted((self._offline / group).glob("*.parquet"))
        if not files:
            return ()
        name, _ = _check(group, files[0])
        with duckdb.connect() as connection:
            rows = connection.execute(
                "SELECT DISTINCT to_json(t) FROM read_parquet(?, union_by_name = true) AS t"  # noqa: S608
                f' WHERE CAST("{name}" AS VARCHAR) = ?',
                [[glob.escape(str(file)) for file in files], str(key)],
            ).fetchall()
        records = [dict(json.loads(row[0])) for row in rows]
        return tuple(sorted(records, key=lambda record: record[contract.EVENT_TIME]))

    def count(self, group: str) -> int:
        """Return how many keys the online store knows of a group."""
        with self._online.reading() as database:
            (rows,) = database.execute(
                "SELECT count(*) FROM records WHERE feature_group = ?", (group,)
            ).fetchone()
        return int(rows)


def _check(group: str, path: Path) -> tuple[str, int]:
    """Return the name of the key column and the number of rows."""
    time = contract.EVENT_TIME
    try:
        with duckdb.connect() as connection:
            relation = connection.read_parquet(glob.escape(str(path)))
            columns = relation.columns
            if time not in columns or columns[0] == time:
                raise FeatureRecordsError(group, path, f"its columns are {', '.join(columns)}")
            key = columns[0].replace('"', '""')
            rows, wrong = connection.execute(
                f'SELECT count(*), count(*) FILTER (WHERE "{key}" IS NULL OR NOT coalesce('  # noqa: S608
                f"regexp_full_match(CAST(\"{time}\" AS VARCHAR), '{_ISO_TIME}'), false))"
                " FROM read_parquet(?)",
                [glob.escape(str(path))],
            ).fetchall()[0]
    except duckdb.Error as error:
        raise FeatureRecordsError(group, path, str(error).splitlines()[0]) from error
    if wrong:
        raise FeatureRecordsError(group, path, f"{wrong} rows lack a key or an event time")
    return key, int(rows)

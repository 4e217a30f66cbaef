"""The feature store of the local twin: the latest record online, all records offline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline_code import contract
from pipeline_code.core.services import Store
from pipeline_code.core.tables import connect, quoted
from pipeline_code.local.database import Database
from pipeline_code.local.feature_records import (
    FeatureRecordsError,
    check_records,
    digest,
    parquet,
    read_record,
)
from pipeline_code.local.home import Home
from pipeline_code.local.offline_store import OfflineStore

__all__ = ["FeatureRecordsError", "FeatureStore", "GroupSummary"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    feature_group TEXT NOT NULL, key TEXT NOT NULL, event_time TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (feature_group, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS writes (
    feature_group TEXT NOT NULL, sha256 TEXT NOT NULL,
    PRIMARY KEY (feature_group, sha256)
) WITHOUT ROWID;
"""
# "If a new record's EventTime is greater, the new record is written to both the OnlineStore and
# OfflineStore. Otherwise, the record is a historic record and it is written only to the
# OfflineStore." Source: Amazon SageMaker API, PutRecord.
_UPSERT = """
INSERT INTO records VALUES (?, ?, ?, ?)
ON CONFLICT (feature_group, key) DO UPDATE SET
    event_time = excluded.event_time, record = excluded.record
WHERE excluded.event_time > records.event_time
"""


@dataclass(frozen=True)
class GroupSummary:
    """What is there of one feature group."""

    name: str
    key: str
    features: tuple[str, ...]
    entities: int
    records: int
    oldest: str | None
    latest: str | None


class FeatureStore:
    """Feature groups by their physical name; the first column of a file is the key."""

    def __init__(self, home: Home, *, clock: Callable[[], datetime] | None = None) -> None:
        self._offline = OfflineStore(home, clock or (lambda: datetime.now(UTC)))
        self._online = Database(home.features / "online.sqlite", _SCHEMA)

    def put_online(self, group: str, records: Path) -> int:
        """Keep the latest record of each key, by event time; return the rows of the file.

        A record that is not newer than the one that is there changes nothing.

        Raises:
            FeatureRecordsError: if the file is no Parquet of key, event time and features.
        """
        key, rows = check_records(group, records)
        name, time = quoted(key), quoted(contract.EVENT_TIME)
        with connect() as database:
            latest = database.execute(
                f"select cast({name} as varchar), {time}, record from (select {name}, {time}, "  # noqa: S608
                f"to_json(t) as record, row_number() over () as row from {parquet(records)} as t)"
                # Of two records of one moment the later one of the file, as offline.
                f" qualify row_number() over (partition by {name} order by {time} desc, row desc)"
                " = 1"
            ).fetchall()
        with self._online.transaction() as writing:
            writing.executemany(_UPSERT, ((group, *row) for row in latest))
            writing.execute("INSERT OR IGNORE INTO writes VALUES (?, ?)", (group, digest(records)))
        return rows

    def append_offline(self, group: str, records: Path) -> int:
        """Add the file to the history; return its rows.

        Files are named by their content, so the same batch twice is one file.

        Raises:
            FeatureRecordsError: if the file is no Parquet of key, event time and features.
        """
        return self._offline.append(group, records)

    def holds(self, group: str, sha256: str, store: Store) -> bool:
        """Tell whether a batch, by its digest, was written to a store and is still there."""
        if store == "OfflineStore":
            return self._offline.holds(group, sha256)
        with self._online.reading() as reading:
            query = "SELECT 1 FROM writes WHERE feature_group = ? AND sha256 = ?"
            return reading.execute(query, (group, sha256)).fetchone() is not None

    def get(self, group: str, key: object) -> dict[str, Any] | None:
        """Return the latest record of one key; None where there is none."""
        return self.get_all(group, [str(key)]).get(str(key))

    def get_all(self, group: str, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return the latest records of several keys; unknown keys are left out."""
        query = "SELECT record FROM records WHERE feature_group = ? AND key = ?"
        with self._online.reading() as reading:
            rows = {key: reading.execute(query, (group, key)).fetchone() for key in keys}
        return {key: read_record(row["record"]) for key, row in rows.items() if row is not None}

    def history(
        self, group: str, key: object, begin: str | None = None, end: str | None = None
    ) -> tuple[dict[str, Any], ...]:
        """Return all records of one key, the oldest first, one a moment; both bounds count."""
        return self._offline.history(group, str(key), begin, end)

    def as_of(self, group: str, moments: Path, destination: Path) -> int:
        """Write what was known of entities at moments; see `Services.records_as_of`."""
        return self._offline.as_of(group, moments, destination)

    def count(self, group: str) -> int:
        """Return how many keys the online store knows of a group."""
        with self._online.reading() as reading:
            (rows,) = reading.execute(
                "SELECT count(*) FROM records WHERE feature_group = ?", (group,)
            ).fetchone()
        return int(rows)

    def groups(self) -> tuple[str, ...]:
        """Return the names of the groups of which either store holds anything."""
        with self._online.reading() as reading:
            rows = reading.execute("SELECT DISTINCT feature_group FROM records").fetchall()
        return tuple(sorted({*self._offline.groups(), *(row[0] for row in rows)}))

    def summary(self, group: str) -> GroupSummary:
        """Say what is there of a group: its columns, how many records, from when to when.

        Raises:
            UnknownFeatureGroupError: if the offline store has nothing of it.
        """
        with self._offline.opened(group) as (database, table):
            time = quoted(table.event_time)
            records, oldest, latest = database.execute(
                f"select count(distinct ({quoted(table.key)}, {time})), min({time}), max({time}) "  # noqa: S608
                f"from {table.relation}"
            ).fetchall()[0]
        return GroupSummary(
            group, table.key, table.features, self.count(group), int(records), oldest, latest
        )

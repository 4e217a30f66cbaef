"""The offline store of the local twin: every record that was written, with SageMaker's columns."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipeline_code import contract
from pipeline_code.core import feature_sql
from pipeline_code.core.feature_sql import OfflineTable
from pipeline_code.core.tables import Connection, connect, literal, quoted
from pipeline_code.local.errors import LocalError
from pipeline_code.local.feature_records import (
    check_records,
    digest,
    parquet,
    read_record,
)
from pipeline_code.local.home import Home

_RECORDS = "offline_records"


class UnknownFeatureGroupError(LocalError, LookupError):
    """No record of a feature group was ever written to the offline store."""

    def __init__(self, group: str, known: tuple[str, ...]) -> None:
        super().__init__(
            f"there are no records of feature group {group}; there are records of "
            f"{', '.join(known) or 'no group'}; write them with `acequia run`"
        )


class UnreadableStoreError(LocalError, ValueError):
    """The files of a feature group cannot be read together."""

    def __init__(self, folder: Path, error: Exception) -> None:
        super().__init__(
            f"the records in {folder} cannot be read: {' '.join(str(error).split())}; "
            "delete the folder and run again, which fills it anew"
        )


@dataclass(frozen=True)
class OfflineStore:
    """A folder a feature group, in it a file a batch, named by its content.

    ``clock`` says when a batch was written: of two records of one key and moment the last
    written one counts, as in the cloud.
    """

    home: Home
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def append(self, group: str, records: Path) -> int:
        """Add the rows of a file; return how many there are.

        The same batch twice is one file, with the time of the last write.

        Raises:
            FeatureRecordsError: if the file is no Parquet of key, event time and features.
        """
        _, rows = check_records(group, records)
        target = self._file(group, digest(records))
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=target.parent, prefix=".draft-")
        os.close(descriptor)
        now = literal(self.clock().astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"))
        try:
            with connect() as database:
                # Each row as if it were a call of its own: a later row of the file wins.
                database.execute(
                    f"copy (select *, cast({now} as timestamp) + to_microseconds("  # noqa: S608
                    f"row_number() over ()) as {feature_sql.INVOKED}, "
                    f"cast({now} as timestamp) as {feature_sql.WRITTEN}, "
                    f"false as {feature_sql.DELETED} from {parquet(records)}) "
                    f"to {literal(draft)} (format parquet)"
                )
            Path(draft).replace(target)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        return rows

    def holds(self, group: str, name: str) -> bool:
        """Tell whether the batch with this digest is still there."""
        return self._file(group, name).is_file()

    def groups(self) -> tuple[str, ...]:
        """Return the names of the groups of which there are records."""
        folders = self._folder.glob("*/*.parquet")
        return tuple(sorted({path.parent.name for path in folders}))

    def history(
        self, group: str, key: str, begin: str | None = None, end: str | None = None
    ) -> tuple[dict[str, object], ...]:
        """Return the records of one key, the oldest first, one a moment."""
        if group not in self.groups():
            return ()
        with self.opened(group) as (database, table):
            query = feature_sql.history_sql(table, key, begin, end)
            rows = database.execute(f"select to_json(t) from ({query}) as t").fetchall()  # noqa: S608
        return tuple(read_record(row[0]) for row in rows)

    def as_of(self, group: str, moments: Path, destination: Path) -> int:
        """Write what was known of the entities at the moments; return of how many anything was.

        Raises:
            UnknownFeatureGroupError: if there are no records of the group at all.
        """
        pairs = f"select {feature_sql.ENTITY}, {feature_sql.MOMENT} from {parquet(moments)}"  # noqa: S608
        with self.opened(group) as (database, table):
            query = feature_sql.as_of_sql(table, pairs)
            database.execute(
                f"copy (from ({query}) order by {feature_sql.ENTITY}, {feature_sql.MOMENT}) "
                f"to {literal(destination)} (format parquet)"
            )
            found = database.execute(
                f"select count({quoted(table.event_time)}) from {parquet(destination)}"  # noqa: S608
            ).fetchall()
        return int(found[0][0])

    @contextmanager
    def opened(self, group: str) -> Iterator[tuple[Connection, OfflineTable]]:
        """Open the records of a group as the table that queries of the offline store ask.

        Raises:
            UnknownFeatureGroupError: if there are none.
            UnreadableStoreError: if a file is damaged or no batch of this group.
        """
        folder = self._folder / group
        files = sorted(folder.glob("*.parquet"))
        if not files:
            raise UnknownFeatureGroupError(group, self.groups())
        scratch = tempfile.TemporaryDirectory(prefix="acequia-features-")
        with scratch as spill, connect(spill=Path(spill)) as database:
            try:
                yield database, _defined(database, files)
            except duckdb.Error as error:
                raise UnreadableStoreError(folder, error) from error

    @property
    def _folder(self) -> Path:
        return self.home.features / "offline"

    def _file(self, group: str, name: str) -> Path:
        return self._folder / group / f"{name}.parquet"


def _defined(database: Connection, files: list[Path]) -> OfflineTable:
    """Define the view of all files; what an earlier version wrote lacks SageMaker's columns."""
    columns = [row[0] for row in database.execute(f"describe from {parquet(*files)}").fetchall()]
    types = {feature_sql.DELETED: "boolean"}
    added = "".join(
        f", cast(null as {types.get(name, 'timestamp')}) as {name}"
        for name in feature_sql.SERVICE_COLUMNS
        if name not in columns
    )
    database.execute(
        f"create view {_RECORDS} as select *{added} from {parquet(*files)}"  # noqa: S608
    )
    key, *rest = columns
    others = (contract.EVENT_TIME, *feature_sql.SERVICE_COLUMNS)
    return OfflineTable(_RECORDS, key, tuple(name for name in rest if name not in others))

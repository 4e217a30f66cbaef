"""SQLite as the local twin uses it: several processes, short transactions, nothing half written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pipeline_code.local.locks import held

_WAIT_SEC = 60.0


class Database:
    """One SQLite file; ``schema`` is run when it is opened and says IF NOT EXISTS throughout."""

    def __init__(self, path: Path, schema: str) -> None:
        self._path = path
        # Turning WAL on can fail while another process does the same, whatever the timeout.
        with held(path.with_suffix(".lock")), self.reading() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(schema)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all or nothing.

        The lock for writing is taken at once, so what is read inside holds until the commit.
        """
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read; writers do not wait for it, nor it for them."""
        connection = sqlite3.connect(self._path, timeout=_WAIT_SEC, isolation_level=None)
        with closing(connection):
            connection.row_factory = sqlite3.Row
            # WAL keeps the file sound whatever happens; a power cut may lose the last commits.
            connection.execute("PRAGMA synchronous = NORMAL")
            yield connection

"""Remember what a job made, by everything that its outcome depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pipeline_code.definition.duration import parse_duration
from pipeline_code.local.database import Database
from pipeline_code.local.hashes import Hashes
from pipeline_code.local.home import Home
from pipeline_code.local.records import StepRecord
from pipeline_code.local.writes import are_kept

_SCHEMA = """
CREATE TABLE IF NOT EXISTS cache (
    key TEXT PRIMARY KEY, created TEXT NOT NULL, execution TEXT NOT NULL, record TEXT NOT NULL
) WITHOUT ROWID;
"""


def cache_key(kind: str, identity: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """Hash what a job's outcome depends on: its request, and its inputs by content."""
    document = {"type": kind, "request": identity, "inputs": inputs}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


class StepCache:
    """The outcomes of jobs that went well, in the state database."""

    def __init__(self, home: Home, hashes: Hashes) -> None:
        self._home = home
        self._hashes = hashes
        self._database = Database(home.state, _SCHEMA)

    def find(self, key: str, expire_after: str | None, now: datetime) -> StepRecord | None:
        """Return the latest outcome, if it is young enough and its outputs are still there."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT * FROM cache WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        age = now - datetime.fromisoformat(row["created"])
        if expire_after and age > parse_duration(expire_after):
            return None
        record = replace(StepRecord.of(json.loads(row["record"])), cached_from=row["execution"])
        return record if self.is_intact(record) else None

    def keep(self, key: str, execution_id: str, record: StepRecord, now: datetime) -> None:
        """Remember an outcome; a later one with the same key takes its place."""
        row = (key, now.isoformat(), execution_id, json.dumps(record.document()))
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO cache VALUES (?, ?, ?, ?)", row)

    def is_intact(self, record: StepRecord) -> bool:
        """Tell whether all that a step made is still there.

        That is every output, with the same content, and what it wrote to the feature store.
        """
        for name, uri in record.outputs.items():
            path = self._home.path(uri)
            expected = record.output_hashes.get(name)
            if expected and (not path.exists() or self._hashes.tree(path) != expected):
                return False
        return are_kept(record.writes, self._home)

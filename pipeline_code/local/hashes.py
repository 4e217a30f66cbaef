"""Hash files by content, and remember it as long as a file looks untouched."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

from pipeline_code.local.database import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS hashes (
    path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, inode INTEGER, sha256 TEXT NOT NULL
) WITHOUT ROWID;
"""
# A file that changed this short a time ago may change again within the same clock tick.
_SETTLED_NS = 100_000_000

Stamp = tuple[int, int, int]


def stamp(path: Path) -> Stamp:
    """Return what tells an untouched file: size, time of change (ns) and inode."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


def files_under(path: Path) -> list[tuple[str, Path]]:
    """List a file, or all files of a folder, by the name under which a job sees them."""
    if path.is_file():
        return [(path.name, path)]
    found = []
    for folder, _, names in os.walk(path, followlinks=True):
        found += [Path(folder, name) for name in names]
    return sorted((one.relative_to(path).as_posix(), one) for one in found)


class Hashes:
    """Content hashes with a memory in ``database``."""

    def __init__(self, database: Path) -> None:
        self._database = Database(database, _SCHEMA)

    def tree(self, path: Path) -> str:
        """Hash the names and contents of a file or of all files in a folder."""
        files = files_under(path)
        digest = hashlib.sha256()
        for (name, _), value in zip(files, self._files(one for _, one in files), strict=True):
            digest.update(f"{name}\0{value}\n".encode())
        return f"sha256:{digest.hexdigest()}"

    def file(self, path: Path) -> str:
        """Hash the content of one file."""
        (value,) = self._files([path])
        return f"sha256:{value}"

    def _files(self, paths: Iterable[Path]) -> list[str]:
        fresh: list[tuple[str, int, int, int, str]] = []
        values = []
        for path, stamped, value in self._known([path.resolve() for path in paths]):
            if value is None:
                with path.open("rb") as file:
                    value = hashlib.file_digest(file, "sha256").hexdigest()
                if stamp(path) == stamped and time.time_ns() - stamped[1] > _SETTLED_NS:
                    fresh.append((str(path), *stamped, value))
            values.append(value)
        if fresh:
            with self._database.transaction() as connection:
                connection.executemany(
                    "INSERT OR REPLACE INTO hashes VALUES (?, ?, ?, ?, ?)", fresh
                )
        return values

    def _known(self, paths: list[Path]) -> list[tuple[Path, Stamp, str | None]]:
        known: list[tuple[Path, Stamp, str | None]] = []
        query = "SELECT sha256 FROM hashes WHERE (path, size, mtime_ns, inode) = (?, ?, ?, ?)"
        with self._database.reading() as connection:
            for path in paths:
                stamped = stamp(path)
                row = connection.execute(query, (str(path), *stamped)).fetchone()
                known.append((path, stamped, row["sha256"] if row else None))
        return known

"""The model registry of the local twin: versions, their statuses, one champion a group."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime

from pipeline_code import contract
from pipeline_code.local.database import Database
from pipeline_code.local.hashes import Hashes
from pipeline_code.local.home import Home
from pipeline_code.local.registry_schema import SCHEMA
from pipeline_code.local.versions import (
    Change,
    ModelVersion,
    NewVersion,
    RegistryError,
    check_transition,
    facts,
    find_champion,
    find_version,
    insert_version,
    read_version,
)

__all__ = ["Change", "ModelVersion", "NewVersion", "Registry", "RegistryError"]


class Registry:
    """Versions of models in ``registry.sqlite``; the artifacts stay in the object store."""

    def __init__(self, home: Home, *, clock: Callable[[], datetime] | None = None) -> None:
        self._home = home
        self._hashes = Hashes(home.state)
        self._database = Database(home.registry, SCHEMA)
        self._clock = clock or (lambda: datetime.now(UTC))

    def register(self, new: NewVersion, *, status: str = contract.PENDING) -> ModelVersion:
        """Add a version, or return the one that already holds this very model.

        The same artifact, byte for byte, trained on the same data is the same version, unless
        that one was rejected or archived: then a new one asks for a new decision.

        Raises:
            RegistryError: if the artifact does not exist or the status is unknown.
        """
        if status not in (contract.PENDING, contract.REJECTED):
            raise RegistryError(
                f"a version cannot be registered as {status!r}; register it, then approve it"
            )
        model_hash = self._hash(new.model_uri)
        if model_hash is None:
            raise RegistryError(f"there is no model at {new.model_uri}; train one first")
        with self._database.transaction() as connection:
            same = connection.execute(
                "SELECT * FROM versions WHERE model_group = ? AND model_hash = ? AND data_hash = ?"
                " AND status IN (?, ?) ORDER BY version LIMIT 1",
                (new.group, model_hash, new.data_hash, contract.PENDING, contract.APPROVED),
            ).fetchone()
            if same is not None:
                return read_version(same)
            (last,) = connection.execute(
                "SELECT coalesce(max(version), 0) FROM versions WHERE model_group = ?",
                (new.group,),
            ).fetchone()
            created = self._clock().isoformat(timespec="seconds")
            made = ModelVersion(
                **facts(new),
                version=last + 1,
                status=status,
                model_hash=model_hash,
                created=created,
            )
            insert_version(connection, made)
            self._note(connection, made, None, status, new.author, "registered")
        return made

    def adopt(self, version: ModelVersion) -> None:
        """Copy a version of another registry as it stands, with its number and status."""
        with self._database.transaction() as connection:
            insert_version(connection, version)
            self._note(connection, version, None, version.status, version.author, "adopted")

    def groups(self) -> tuple[str, ...]:
        """Return the names of all groups."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT DISTINCT model_group FROM versions ORDER BY model_group"
            ).fetchall()
        return tuple(row["model_group"] for row in rows)

    def list(self, group: str | None = None) -> tuple[ModelVersion, ...]:
        """Return the versions of a group, or of all groups, the newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM versions WHERE ? IS NULL OR model_group = ?"
                " ORDER BY model_group, version DESC",
                (group, group),
            ).fetchall()
        return tuple(read_version(row) for row in rows)

    def get(self, group: str, version: int) -> ModelVersion:
        """Return one version.

        Raises:
            RegistryError: if the group has no such version.
        """
        with self._database.reading() as connection:
            return find_version(connection, group, version)

    def champion(self, group: str) -> ModelVersion | None:
        """Return the approved version of a group; None where none is approved."""
        with self._database.reading() as connection:
            return find_champion(connection, group)

    def history(self, group: str, version: int | None = None) -> tuple[Change, ...]:
        """Return who changed which status when, the oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT version, at, from_status, to_status, who, note FROM history"
                " WHERE model_group = ? AND (? IS NULL OR version = ?) ORDER BY id",
                (group, version, version),
            ).fetchall()
        return tuple(Change(*row) for row in rows)

    def approve(self, group: str, version: int, *, who: str, note: str = "") -> ModelVersion:
        """Make a version the champion; the one before is archived in the same transaction.

        Raises:
            RegistryError: if the status does not allow it, or the artifact is missing or is
                not the one that was registered and evaluated.
        """
        chosen = self.get(group, version)
        found = self._hash(chosen.model_uri)
        if found != chosen.model_hash:
            state = "is missing" if found is None else "was altered after its registration"
            raise RegistryError(
                f"version {version} of {group} cannot be approved: its model {state} "
                f"({chosen.model_uri}); train and register it again"
            )
        with self._database.transaction() as connection:
            before = find_champion(connection, group)
            # Checked first, so that a refused approval leaves the champion where it is.
            check_transition(find_version(connection, group, version), contract.APPROVED)
            if before is not None:
                words = f"replaced by version {version}"
                self._move(connection, before, contract.ARCHIVED, who, words)
            return self._move(
                connection, find_version(connection, group, version), contract.APPROVED, who, note
            )

    def reject(self, group: str, version: int, *, who: str, note: str = "") -> ModelVersion:
        """Decide that a version will not serve."""
        with self._database.transaction() as connection:
            chosen = find_version(connection, group, version)
            return self._move(connection, chosen, contract.REJECTED, who, note)

    def archive(self, group: str, version: int, *, who: str, note: str = "") -> ModelVersion:
        """Take a version out of service, or out of sight."""
        with self._database.transaction() as connection:
            chosen = find_version(connection, group, version)
            return self._move(connection, chosen, contract.ARCHIVED, who, note)

    def _move(
        self,
        connection: sqlite3.Connection,
        chosen: ModelVersion,
        status: str,
        who: str,
        note: str,
    ) -> ModelVersion:
        check_transition(chosen, status)
        connection.execute(
            "UPDATE versions SET status = ? WHERE model_group = ? AND version = ?",
            (status, chosen.group, chosen.version),
        )
        self._note(connection, chosen, chosen.status, status, who, note)
        return find_version(connection, chosen.group, chosen.version)

    def _note(
        self,
        connection: sqlite3.Connection,
        chosen: ModelVersion,
        before: str | None,
        after: str,
        who: str,
        note: str,
    ) -> None:
        at = self._clock().isoformat(timespec="seconds")
        connection.execute(
            "INSERT INTO history (model_group, version, at, from_status, to_status, who, note)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (chosen.group, chosen.version, at, before, after, who, note),
        )

    def _hash(self, uri: str) -> str | None:
        path = self._home.path(uri)
        return self._hashes.file(path) if path.is_file() else None

"""The schemas of the feature groups that were deployed, on record beside the use case.

Synthesis holds a use case's groups to the record; `acequia compile` renews the record where a
change is allowed, and refuses where it is not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline_code.definition.feature_schemas import (
    GroupSchema,
    breaking_changes,
    duplicates,
    schema_of,
)
from pipeline_code.definition.lock import LockedFeatureGroup, LockError

SCHEMA_LOCK_FILE = "features.lock.json"
SCHEMA_LOCK_VERSION = 1
RUNBOOK = "docs/runbooks/feature-group-version.md"

Schemas = Mapping[str, GroupSchema]
"""By versioned name (``customers-v1``)."""


class BreakingSchemaChangeError(LockError, ValueError):
    """A feature group changed in a way that only a new version of it can."""

    def __init__(self, changes: Mapping[str, Iterable[str]]) -> None:
        self.changes = {name: tuple(each) for name, each in changes.items()}
        what = "; ".join(f"{name}: {', '.join(each)}" for name, each in self.changes.items())
        super().__init__(
            f"a deployed feature group takes new features at its end only ({what}); undo the "
            "change, or raise the group's version in usecase.yaml and fill the new group: "
            f"{RUNBOOK}"
        )


class StaleSchemaLockError(LockError, ValueError):
    """The use case has features or groups that the schema lock does not record yet."""

    def __init__(self, path: Path, names: Iterable[str]) -> None:
        super().__init__(
            f"{path} does not record the schema of {', '.join(names)} yet; "
            "run `acequia compile` and commit the file"
        )


class UnreadableSchemaLockError(LockError, ValueError):
    """The schema lock is broken; compiling anew would forget what is deployed."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} {why}; restore it from version control, for it is the only record"
        )


def check_schemas(folder: Path, groups: Iterable[LockedFeatureGroup]) -> None:
    """Hold the groups of a pipeline lock to the schema lock in ``folder``.

    Raises:
        BreakingSchemaChangeError: if a recorded group changed other than at its end.
        StaleSchemaLockError: if the change is allowed, but not recorded.
    """
    locked = read_schema_lock(folder)
    wanted = {group.versioned_name: schema_of(group) for group in groups}
    _refuse_breaking(locked, wanted)
    stale = [name for name, schema in wanted.items() if locked.get(name) != schema]
    if stale:
        raise StaleSchemaLockError(folder / SCHEMA_LOCK_FILE, stale)


def renew_schema_lock(folder: Path, groups: Iterable[LockedFeatureGroup]) -> Path:
    """Record new groups and appended features; groups of before stay on record.

    Raises:
        BreakingSchemaChangeError: and the file stays as it was.
    """
    path = folder / SCHEMA_LOCK_FILE
    locked = read_schema_lock(folder)
    wanted = {group.versioned_name: schema_of(group) for group in groups}
    _refuse_breaking(locked, wanted)
    document = {
        "lock_version": SCHEMA_LOCK_VERSION,
        "groups": {
            name: _document(schema) for name, schema in sorted({**locked, **wanted}.items())
        },
    }
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)
    return path


def read_schema_lock(folder: Path) -> dict[str, GroupSchema]:
    """Read the schemas on record; a use case that was never compiled has none.

    Raises:
        UnreadableSchemaLockError: if the file is broken or of another lock version.
    """
    path = folder / SCHEMA_LOCK_FILE
    if not path.exists():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["lock_version"] != SCHEMA_LOCK_VERSION:
            raise UnreadableSchemaLockError(path, f"is not of version {SCHEMA_LOCK_VERSION}")
        return {name: _schema(each) for name, each in document["groups"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, LockError):
            raise
        raise UnreadableSchemaLockError(path, f"cannot be read ({error})") from error


def _refuse_breaking(locked: Schemas, wanted: Schemas) -> None:
    changes = {
        name: found for name, schema in wanted.items() if (found := _breaking(name, schema, locked))
    }
    if changes:
        raise BreakingSchemaChangeError(changes)


def _breaking(name: str, schema: GroupSchema, locked: Schemas) -> list[str]:
    if name in locked:
        return breaking_changes(locked[name], schema)
    return duplicates(schema)


def _document(schema: GroupSchema) -> dict[str, Any]:
    return {
        "record_identifier": schema.record_identifier,
        "event_time": schema.event_time,
        # A list, not an object: the order is part of the schema.
        "features": [f"{name}: {kind}" for name, kind in schema.features],
    }


def _schema(document: Mapping[str, Any]) -> GroupSchema:
    pairs = [feature.split(": ") for feature in document["features"]]
    return GroupSchema(
        record_identifier=document["record_identifier"],
        event_time=document["event_time"],
        features=tuple((name, kind) for name, kind in pairs),
    )

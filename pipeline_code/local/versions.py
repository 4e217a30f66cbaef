"""One version of a model as the registry keeps it: its facts, its statuses, its row."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from pipeline_code import contract
from pipeline_code.local.errors import LocalError

# A rejected model stays rejected; an archived one may come back, for that is a rollback.
TRANSITIONS: Mapping[str, tuple[str, ...]] = {
    contract.PENDING: (contract.APPROVED, contract.REJECTED, contract.ARCHIVED),
    contract.APPROVED: (contract.ARCHIVED,),
    contract.REJECTED: (contract.ARCHIVED,),
    contract.ARCHIVED: (contract.APPROVED,),
}


class RegistryError(LocalError, ValueError):
    """The registry refuses what it was asked."""


@dataclass(frozen=True)
class NewVersion:
    """What is registered: the model, and all that is known of how it was made.

    ``card`` is the model card, in SageMaker's shape.
    """

    group: str
    model_uri: str
    data_hash: str = ""
    author: str = "unknown"
    code_commit: str = "unknown"
    image: str = ""
    execution: str = ""
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    lineage: Mapping[str, Any] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelVersion(NewVersion):
    """One version of a group; ``evaluation`` is the document of the job that measured it."""

    version: int = 0
    status: str = contract.PENDING
    model_hash: str = ""
    created: str = ""

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The metrics by name, each with value and interval."""
        metrics: Mapping[str, Any] = self.evaluation.get("metrics", {})
        return metrics

    @property
    def arn(self) -> str:
        """The name by which jobs speak of this version."""
        return f"arn:local:sagemaker:::model-package/{self.group}/{self.version}"


@dataclass(frozen=True)
class Change:
    """One entry of the history: who moved a version from one status to another, and why."""

    version: int
    at: str
    from_status: str | None
    to_status: str
    who: str
    note: str


def check_transition(chosen: ModelVersion, status: str) -> None:
    """Refuse a change of status that is not legal."""
    if status in TRANSITIONS[chosen.status]:
        return
    allowed = ", ".join(TRANSITIONS[chosen.status])
    raise RegistryError(
        f"version {chosen.version} of {chosen.group} is {chosen.status} and cannot become "
        f"{status}; it may become {allowed}"
    )


def find_champion(connection: sqlite3.Connection, group: str) -> ModelVersion | None:
    """Return the approved version of a group, if there is one."""
    row = connection.execute(
        "SELECT * FROM versions WHERE model_group = ? AND status = ?", (group, contract.APPROVED)
    ).fetchone()
    return None if row is None else read_version(row)


def find_version(connection: sqlite3.Connection, group: str, version: int) -> ModelVersion:
    """Return one version.

    Raises:
        RegistryError: if the group has no such version.
    """
    row = connection.execute(
        "SELECT * FROM versions WHERE model_group = ? AND version = ?", (group, version)
    ).fetchone()
    if row is not None:
        return read_version(row)
    rows = connection.execute(
        "SELECT version FROM versions WHERE model_group = ? ORDER BY version", (group,)
    ).fetchall()
    known = ", ".join(str(one["version"]) for one in rows) or "none"
    raise RegistryError(f"{group} has no version {version}; it has: {known}")


def insert_version(connection: sqlite3.Connection, made: ModelVersion) -> None:
    """Write a new version."""
    connection.execute(
        "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            made.group,
            made.version,
            made.status,
            made.model_uri,
            made.model_hash,
            made.data_hash,
            made.created,
            json.dumps(asdict(made)),
        ),
    )


def read_version(row: sqlite3.Row) -> ModelVersion:
    """Turn a row into a version, also one that another version of the code wrote."""
    document = {**json.loads(row["document"]), "status": row["status"]}
    known = {one.name for one in fields(ModelVersion)}
    return ModelVersion(**{name: value for name, value in document.items() if name in known})


def facts(new: NewVersion) -> dict[str, Any]:
    """Return the fields of a new version by name."""
    return {one.name: getattr(new, one.name) for one in fields(NewVersion)}

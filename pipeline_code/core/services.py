"""What a job may ask of the world outside its container: the registry and the feature store.

Two things answer: AWS (``entrypoints.aws_services``) and the local twin
(``local.services``). A job never knows which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

Store = Literal["OnlineStore", "OfflineStore"]


@dataclass(frozen=True)
class Champion:
    """The approved version of a model package group."""

    version: int
    arn: str
    model_uri: str


@dataclass(frozen=True)
class Trial:
    """One training job of a tuning job; ``value`` is the objective that it reached, if any."""

    name: str
    status: str
    value: float | None
    seconds: float
    hyperparameters: Mapping[str, str]


class Services(Protocol):
    """The calls that jobs make; every one may be retried without harm."""

    def champion(self, model_package_group: str) -> Champion | None:
        """Return the newest approved version of the group, or None where there is none yet."""
        ...

    def fetch(self, uri: str, destination: Path) -> Path:
        """Copy the object at ``uri`` to the file ``destination`` and return that path."""
        ...

    def trials(self, tuning_job: str) -> list[Trial]:
        """Return what a tuning job tried, in the order in which the trials began."""
        ...

    def put_records(self, feature_group: str, records: Path, store: Store) -> int:
        """Write the rows of a Parquet file to one store of a feature group.

        The online store keeps the row with the latest event time of each entity; the offline
        store appends. Writing the same file twice changes nothing.

        Returns:
            The number of rows of the file.
        """
        ...

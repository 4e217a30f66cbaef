"""What a job may ask of the world outside its container: the registry and the feature store.

Two things answer: AWS (``entrypoints.aws_services``) and the local twin
(``local.services``). A job never knows which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

Store = Literal["OnlineStore", "OfflineStore"]
Value = str | int | float | None
Record = Mapping[str, Value]
"""One record of a feature group: the key, the event time, then each feature; None is missing."""


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

        The online store keeps the row with the latest event time of each entity: a row that is
        not newer than what it holds changes nothing. The offline store appends; of two rows of
        one entity and event time the one that was written last counts. So writing the same file
        twice changes nothing.

        Returns:
            The number of rows of the file.
        """
        ...

    def get_records(self, feature_group: str, keys: Sequence[str]) -> Mapping[str, Record]:
        """Return the latest record of each key from the online store; unknown keys are left out."""
        ...

    def history(
        self, feature_group: str, key: str, begin: str | None = None, end: str | None = None
    ) -> tuple[Record, ...]:
        """Return the records of one key from the offline store, the oldest first, one a moment.

        ``begin`` and ``end`` are instants in UTC (``2026-01-31T12:00:00Z``); both count.
        """
        ...

    def records_as_of(self, feature_group: str, moments: Path, destination: Path) -> int:
        """Look up what was known of entities at moments, and never what came later.

        Args:
            feature_group: the physical name.
            moments: a Parquet file of two columns of text, ``entity`` and ``moment``: a key and
                an instant in UTC; no pair is there twice.
            destination: the Parquet file to write: those two columns, the event time of the
                record (null where none was known), and the features.

        Returns:
            The number of pairs for which a record was known.
        """
        ...

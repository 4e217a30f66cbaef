"""What stands for AWS when a job runs in the local twin."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline_code import contract
from pipeline_code.core.services import Champion, Record, Services, Store, Trial
from pipeline_code.local.errors import LocalError, NoObjectsError
from pipeline_code.local.feature_records import digest
from pipeline_code.local.feature_store import FeatureStore
from pipeline_code.local.home import Home
from pipeline_code.local.objects import copy_whole
from pipeline_code.local.registry import Registry
from pipeline_code.local.tuning_record import read_tuning
from pipeline_code.local.writes import WRITES_FILE, Write


class NoHomeError(LocalError, LookupError):
    """A job was told to use the local twin, but not where that is."""

    def __init__(self) -> None:
        super().__init__(
            f"{contract.SERVICES_ROOT_VARIABLE} is not set; start jobs with `acequia run`"
        )


class LocalServices:
    """The registry and the feature store under one home."""

    def __init__(self, home: Home | None = None) -> None:
        self._home = home or _home()

    def champion(self, model_package_group: str) -> Champion | None:
        """Return the approved version of the group, or None where there is none yet."""
        found = Registry(self._home).champion(model_package_group)
        return None if found is None else Champion(found.version, found.arn, found.model_uri)

    def fetch(self, uri: str, destination: Path) -> Path:
        """Copy the object at ``uri`` to the file ``destination`` and return that path."""
        source = self._home.path(uri)
        if not source.is_file():
            raise NoObjectsError(uri, source)
        copy_whole(source, destination)
        return destination

    def trials(self, tuning_job: str) -> list[Trial]:
        """Return what a tuning job tried, in the order in which the trials began."""
        return [
            Trial(one["name"], one["status"], one["value"], one["seconds"], one["hyperparameters"])
            for one in read_tuning(self._home, tuning_job)["trials"]
        ]

    def put_records(self, feature_group: str, records: Path, store: Store) -> int:
        """Write the rows of a Parquet file to one store of a feature group."""
        features = FeatureStore(self._home)
        put = features.put_online if store == "OnlineStore" else features.append_offline
        rows = put(feature_group, records)
        _note(Write(feature_group, store, digest(records)))
        return rows

    def get_records(self, feature_group: str, keys: Sequence[str]) -> Mapping[str, Record]:
        """Return the latest record of each key; unknown keys are left out."""
        return FeatureStore(self._home).get_all(feature_group, keys)

    def history(
        self, feature_group: str, key: str, begin: str | None = None, end: str | None = None
    ) -> tuple[Record, ...]:
        """Return the records of one key, the oldest first, one a moment."""
        return FeatureStore(self._home).history(feature_group, key, begin, end)

    def records_as_of(self, feature_group: str, moments: Path, destination: Path) -> int:
        """Look up what was known of entities at moments, and never what came later."""
        return FeatureStore(self._home).as_of(feature_group, moments, destination)


def _note(write: Write) -> None:
    """Tell the runner what this job wrote to a store, which no output of it shows."""
    root = os.environ.get(contract.ML_ROOT_VARIABLE)
    if root:
        with (Path(root) / WRITES_FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(write._asdict()) + "\n")


def _home() -> Home:
    root = os.environ.get(contract.SERVICES_ROOT_VARIABLE)
    if not root:
        raise NoHomeError
    return Home(Path(root))


# The type checker proves here that the twin offers what jobs ask for.
_: type[Services] = LocalServices

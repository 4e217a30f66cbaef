"""What stands for AWS when a job runs in the local twin."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline_code import contract
from pipeline_code.core.services import Champion, Services, Store, Trial
from pipeline_code.local.errors import LocalError, NoObjectsError
from pipeline_code.local.feature_store import FeatureStore
from pipeline_code.local.home import Home
from pipeline_code.local.objects import copy_whole
from pipeline_code.local.registry import Registry
from pipeline_code.local.tuning_record import read_tuning


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
        if store == "OnlineStore":
            return features.put_online(feature_group, records)
        return features.append_offline(feature_group, records)


def _home() -> Home:
    root = os.environ.get(contract.SERVICES_ROOT_VARIABLE)
    if not root:
        raise NoHomeError
    return Home(Path(root))


# The type checker proves here that the twin offers what jobs ask for.
_: type[Services] = LocalServices

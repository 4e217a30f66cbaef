"""IngestFeatures hands each file to its store, under the group's physical name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline_code import contract
from pipeline_code.core.services import Champion, Services, Store
from pipeline_code.core.tables import count_rows, write_columns
from pipeline_code.entrypoints.ingest_features import UnnamedFeatureGroupError, main
from pipeline_code.entrypoints.job import Job

ARGUMENTS = ["--usecase", "fraud", "--feature-group.customers", "c-1", "--feature-group.terminals"]


class Recorder:
    """Services that remember what was put where."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, Store]] = []

    def champion(self, model_package_group: str) -> Champion | None:
        """Not asked for."""
        raise AssertionError(model_package_group)

    def fetch(self, uri: str, destination: Path) -> Path:
        """Not asked for."""
        raise AssertionError(uri, destination)

    def put_records(self, feature_group: str, records: Path, store: Store) -> int:
        """Remember the call."""
        self.calls.append((feature_group, records.name, store))
        return count_rows(records)


class RecordingJob(Job):
    """A job whose services are a recorder."""

    recorder = Recorder()

    def services(self) -> Services:
        """Return the recorder."""
        return self.recorder


@pytest.fixture
def job(tmp_path: Path) -> RecordingJob:
    """A job whose features channel holds two rows latest and three of history a group."""
    job = RecordingJob(tmp_path)
    job.__class__.recorder = Recorder()
    for group in ("customers", "terminals"):
        for name, rows in (
            (contract.features_latest_file(group), 2),
            (contract.features_history_file(group), 3),
        ):
            write_columns(job.input(contract.FEATURES) / name, {"KEY": np.arange(rows)})
    return job


def test_latest_goes_online_and_history_offline(
    job: RecordingJob, capsys: pytest.CaptureFixture[str]
) -> None:
    """The wrong way round, the online store would be asked to keep a week of records."""
    main(job, [*ARGUMENTS, "t-1"])

    assert job.recorder.calls == [
        ("c-1", "customers-latest.parquet", "OnlineStore"),
        ("c-1", "customers-history.parquet", "OfflineStore"),
        ("t-1", "terminals-latest.parquet", "OnlineStore"),
        ("t-1", "terminals-history.parquet", "OfflineStore"),
    ]
    written = json.loads(
        (job.output(contract.INGESTION) / contract.INGESTION_FILE).read_text(encoding="utf-8")
    )
    assert written["feature_groups"]["customers"] == {
        "feature_group": "c-1",
        "version": "customers-v1",
        "online": 2,
        "offline": 3,
    }
    assert '"rows_in": 10, "rows_out": 10' in capsys.readouterr().out


def test_a_group_without_a_name_stops_before_anything_is_written(job: RecordingJob) -> None:
    """Half an ingestion is worse than none."""
    with pytest.raises(UnnamedFeatureGroupError, match="terminals; given: customers"):
        main(job, ARGUMENTS[:4])
    assert job.recorder.calls == []

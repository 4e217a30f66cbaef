"""What a job writes to the feature store is part of its outcome: a cached step brings it back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline_code.local.feature_store import FeatureStore
from pipeline_code.local.home import Home
from pipeline_code.local.records import CACHED, SUCCEEDED
from pipeline_code.local.runner import Runner

INGEST = """
import os, pathlib
from pipeline_code.local.services import LocalServices
records = pathlib.Path(os.environ["ACEQUIA_ML_ROOT"]) / "processing/input/records/r.parquet"
for store in ("OnlineStore", "OfflineStore"):
    LocalServices().put_records("g", records, store)
"""


@pytest.fixture
def ingest(build: Any, runner: Runner, home: Home) -> Callable[[], str]:
    """Run a cached step that writes one record to both stores; return how it ended."""
    source = home.path("s3://raw/records/r.parquet")
    source.parent.mkdir(parents=True)
    query = "SELECT 1 AS K, '2026-01-01T00:00:00Z' AS EventTime, 5 AS F"
    duckdb.execute(f"COPY ({query}) TO '{source}' (FORMAT parquet)")
    step = build.processing(
        "Ingest", INGEST, inputs={"records": "s3://raw/records"}, outputs=(), **build.CACHE
    )

    def run() -> str:
        result = runner.run(build.definition(step), {}, pipeline_name="small")
        assert result.succeeded, result.reason
        return result.steps[0].status

    return run


def test_a_step_whose_records_are_there_comes_from_the_cache(
    ingest: Callable[[], str], home: Home
) -> None:
    """Nothing is written twice."""
    assert [ingest(), ingest()] == [SUCCEEDED, CACHED]
    assert FeatureStore(home).count("g") == 1


@pytest.mark.parametrize("lost", ["", "offline", "offline/g", "online.sqlite"])
def test_a_deleted_store_is_filled_again(ingest: Callable[[], str], home: Home, lost: str) -> None:
    """Whoever deletes the store, or a part of it, gets it back with the next run."""
    ingest()
    path: Path = home.features / lost
    if path.is_dir():
        shutil.rmtree(path)
    else:
        for file in path.parent.glob(f"{path.name}*"):
            file.unlink()

    assert ingest() == SUCCEEDED

    store = FeatureStore(home)
    assert (store.get("g", 1) or {})["F"] == 5
    assert [record["F"] for record in store.history("g", 1)] == [5]

"""The feature store: the latest record online, every record offline, nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipeline_code.local.feature_store import FeatureRecordsError, FeatureStore
from pipeline_code.local.home import Home

Write = Callable[[str], Path]


@pytest.fixture
def store(home: Home) -> FeatureStore:
    """An empty feature store."""
    return FeatureStore(home)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the rows of a query to a Parquet file."""

    def write(query: str) -> Path:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.parquet"
        with duckdb.connect() as connection:
            connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
        return path

    return write


def row(key: int, day: int, value: float) -> str:
    """Write one record as SQL."""
    return f"SELECT {key} AS K, '2026-01-{day:02}T00:00:00Z' AS EventTime, {value} AS F"


def test_the_latest_record_wins_whatever_the_order(store: FeatureStore, write: Write) -> None:
    """Late data do not take a newer record's place, within one file or across files."""
    store.put_online("g", write(f"{row(1, 3, 0.3)} UNION ALL {row(1, 2, 0.2)}"))
    store.put_online("g", write(row(1, 1, 0.1)))

    assert store.get("g", 1) == {"K": 1, "EventTime": "2026-01-03T00:00:00Z", "F": 0.3}
    assert store.get("g", 2) is None
    assert store.get("other", 1) is None


def test_a_correction_of_the_same_moment_replaces(store: FeatureStore, write: Write) -> None:
    """The last word on one moment counts."""
    store.put_online("g", write(row(1, 1, 0.1)))
    store.put_online("g", write(row(1, 1, 0.9)))

    record = store.get("g", 1)
    assert record is not None
    assert record["F"] == 0.9


def test_the_same_batch_twice_changes_nothing(
    store: FeatureStore, write: Write, home: Home
) -> None:
    """A job that is retried after its write leaves one record, not two."""
    batch = write(f"{row(1, 1, 0.1)} UNION ALL {row(1, 2, 0.2)}")

    for _ in range(2):
        assert store.put_online("g", batch) == 2
        assert store.append_offline("g", batch) == 2

    assert store.count("g") == 1
    assert [record["F"] for record in store.history("g", 1)] == [0.1, 0.2]
    assert len(list((home.features / "offline" / "g").iterdir())) == 1


def test_history_joins_batches_that_overlap(store: FeatureStore, write: Write) -> None:
    """The days that two executions both wrote are there once, in order."""
    store.append_offline("g", write(f"{row(1, 2, 0.2)} UNION ALL {row(1, 3, 0.3)}"))
    store.append_offline("g", write(f"{row(1, 1, 0.1)} UNION ALL {row(1, 2, 0.2)}"))

    assert [record["F"] for record in store.history("g", 1)] == [0.1, 0.2, 0.3]
    assert store.history("g", 9) == ()
    assert store.history("other", 1) == ()


def test_keys_may_be_text(store: FeatureStore, write: Write) -> None:
    """A key is looked up by how it is written."""
    store.put_online("g", write("SELECT 'ab' AS K, '2026-01-01T00:00:00Z' AS EventTime, 1 AS F"))

    assert (store.get("g", "ab") or {})["F"] == 1


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 AS K, 2 AS F",
        "SELECT '2026-01-01T00:00:00Z' AS EventTime, 1 AS K",
        "SELECT 1 AS K, '01.02.2026' AS EventTime",
        "SELECT 1 AS K, NULL::VARCHAR AS EventTime",
        "SELECT NULL::INTEGER AS K, '2026-01-01T00:00:00Z' AS EventTime",
    ],
)
def test_what_holds_no_records_is_refused_whole(
    store: FeatureStore, write: Write, query: str
) -> None:
    """Times that do not sort as text would let an old record win."""
    batch = write(query)

    for put in (store.put_online, store.append_offline):
        with pytest.raises(FeatureRecordsError, match="holds no records of feature group g"):
            put("g", batch)
    assert store.count("g") == 0


def test_a_truncated_file_is_refused_in_one_line(store: FeatureStore, tmp_path: Path) -> None:
    """The message says what was expected."""
    batch = tmp_path / "cut.parquet"
    batch.write_bytes(b"PAR1")

    with pytest.raises(FeatureRecordsError) as caught:
        store.put_online("g", batch)
    assert "\n" not in str(caught.value)


def test_a_folder_may_be_named_like_a_pattern(tmp_path: Path, write: Write) -> None:
    """DuckDB reads brackets as a pattern; a checkout may lie in such a folder."""
    store = FeatureStore(Home(tmp_path / "home [2]"))
    records = write(row(1, 1, 0.1))
    odd = tmp_path / "batch [1].parquet"
    records.rename(odd)

    assert store.put_online("g", odd) == store.append_offline("g", odd) == 1
    assert len(store.history("g", 1)) == 1

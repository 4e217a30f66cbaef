"""The feature store: the latest record online, every record offline, nothing twice."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from pipeline_code.local.feature_records import digest
from pipeline_code.local.feature_store import FeatureRecordsError, FeatureStore
from pipeline_code.local.home import Home
from pipeline_code.local.offline_store import UnknownFeatureGroupError, UnreadableStoreError

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


def test_a_correction_of_the_same_moment_counts_offline_only(
    store: FeatureStore, write: Write
) -> None:
    """As PutRecord has it: what is not newer is history, and the last word on history counts."""
    for value in (0.1, 0.9):
        batch = write(row(1, 1, value))
        store.put_online("g", batch)
        store.append_offline("g", batch)

    assert (store.get("g", 1) or {})["F"] == 0.1
    assert [record["F"] for record in store.history("g", 1)] == [0.9]


def test_an_old_batch_that_is_written_again_is_the_last_word(home: Home, write: Write) -> None:
    """The offline store of the cloud goes by when a write was asked for; the file keeps it."""
    times = iter(datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (1, 2, 3))
    store = FeatureStore(home, clock=lambda: next(times))
    old, new = write(row(1, 1, 0.1)), write(row(1, 1, 0.9))

    found = []
    for batch in (old, new, old):
        store.append_offline("g", batch)
        found += [record["F"] for record in store.history("g", 1)]

    assert found == [0.1, 0.9, 0.1]


def test_the_later_row_of_a_file_wins_in_both_stores(store: FeatureStore, write: Write) -> None:
    """Two payments of one card in one second: the answer must not be chance."""
    batch = write(f"{row(1, 1, 0.9)} UNION ALL {row(1, 1, 0.1)}")

    store.put_online("g", batch)
    store.append_offline("g", batch)

    assert (store.get("g", 1) or {})["F"] == 0.1
    assert [record["F"] for record in store.history("g", 1)] == [0.1]


def test_history_heeds_both_bounds(store: FeatureStore, write: Write) -> None:
    """Both instants are inside."""
    store.append_offline("g", write(" UNION ALL ".join(row(1, day, day) for day in (1, 2, 3, 4))))

    found = store.history("g", 1, "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z")

    assert [record["F"] for record in found] == [2, 3]


def test_records_of_an_earlier_version_of_the_store_are_read(
    store: FeatureStore, write: Write, home: Home
) -> None:
    """They lack SageMaker's columns; any later write of the same moment counts instead."""
    folder = home.features / "offline" / "g"
    folder.mkdir(parents=True)
    write(f"{row(1, 1, 0.1)} UNION ALL {row(1, 2, 0.2)}").rename(folder / "old.parquet")
    assert [record["F"] for record in store.history("g", 1)] == [0.1, 0.2]

    store.append_offline("g", write(row(1, 2, 0.9)))

    assert [record["F"] for record in store.history("g", 1)] == [0.1, 0.9]


def test_a_damaged_file_of_the_store_is_named(store: FeatureStore, home: Home) -> None:
    """One line, with the folder and what to do."""
    folder = home.features / "offline" / "g"
    folder.mkdir(parents=True)
    (folder / "cut.parquet").write_bytes(b"PAR1")

    with pytest.raises(UnreadableStoreError, match=r"offline/g cannot be read: .*delete the fold"):
        store.history("g", 1)


def test_what_is_no_number_is_missing(store: FeatureStore, write: Write) -> None:
    """The cloud leaves NaN out of a record; JSON has no word for it."""
    store.put_online("g", write(row(1, 1, 0).replace("0 AS F", "'NaN'::DOUBLE AS F")))

    assert (store.get("g", 1) or {})["F"] is None


def test_a_summary_counts_moments_once(store: FeatureStore, write: Write) -> None:
    """A correction is a second write of one record."""
    for value in (0.1, 0.9):
        batch = write(f"{row(1, 1, value)} UNION ALL {row(2, 3, value)}")
        store.append_offline("g", batch)
        store.put_online("g", batch)

    found = store.summary("g")

    assert (found.records, found.entities, found.key, found.features) == (2, 2, "K", ("F",))
    assert (found.oldest, found.latest) == ("2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z")
    assert store.groups() == ("g",)
    with pytest.raises(UnknownFeatureGroupError, match="there are records of g"):
        store.summary("h")


def test_a_store_knows_which_batches_it_holds(
    store: FeatureStore, write: Write, home: Home
) -> None:
    """The step cache asks before it trusts a step that wrote here."""
    batch = write(row(1, 1, 0.1))
    name = digest(batch)
    assert not store.holds("g", name, "OnlineStore")
    store.put_online("g", batch)
    store.append_offline("g", batch)

    assert store.holds("g", name, "OnlineStore")
    assert store.holds("g", name, "OfflineStore")
    shutil.rmtree(home.features / "offline")
    assert not store.holds("g", name, "OfflineStore")


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
        "SELECT 1 AS K, '2026-01-01T00:00:00Z' AS EventTime, true AS is_deleted",
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

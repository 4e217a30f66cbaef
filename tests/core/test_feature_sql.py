"""The SQL of the offline store: what was known then, and nothing that came later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.core.feature_sql import (
    MomentError,
    OfflineTable,
    as_of_sql,
    history_sql,
    instant,
    moments_values,
)

TABLE = OfflineTable("store", "KEY", ("F",))


@dataclass(frozen=True)
class Write:
    """One row of an offline store; hours of one day stand for all times."""

    key: int
    hour: int
    value: int | None
    invoked: int
    written: int = 0
    deleted: bool = False


def at(hour: int) -> str:
    """Write an hour as an event time."""
    return f"2026-01-01T{hour:02}:00:00Z"


def clock(hour: int) -> datetime:
    """Write an hour as a time of the service."""
    return datetime(2026, 2, 1, hour)  # noqa: DTZ001 - Athena's timestamps have no zone


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine that reads what Trino reads."""
    with duckdb.connect() as connection:
        connection.execute(
            "create table store (KEY bigint, EventTime varchar, F integer, "
            "api_invocation_time timestamp, write_time timestamp, is_deleted boolean)"
        )
        yield connection


def fill(database: duckdb.DuckDBPyConnection, writes: Sequence[Write]) -> None:
    """Put these rows in the place of those that are there."""
    database.execute("delete from store")
    rows = [
        (e.key, at(e.hour), e.value, clock(e.invoked), clock(e.written), e.deleted) for e in writes
    ]
    if rows:
        marks = ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(rows))
        database.execute(
            f"insert into store values {marks}",  # noqa: S608 - only question marks
            [cell for row in rows for cell in row],
        )


def as_of(database: duckdb.DuckDBPyConnection, *moments: tuple[str, str]) -> list[Any]:
    """Return key, moment, event time and feature of each moment."""
    query = as_of_sql(TABLE, moments_values(moments))
    return database.execute(f"{query} order by entity, moment").fetchall()


def expected(writes: Sequence[Write], key: int, hour: int) -> tuple[str | None, int | None]:
    """Find by hand what was known: of the latest moment the write that was asked for last."""
    known = [each for each in writes if each.key == key and each.hour <= hour]
    if not known:
        return None, None
    last = max(known, key=lambda each: (each.hour, each.invoked, each.written))
    return (None, None) if last.deleted else (at(last.hour), last.value)


WRITES = st.lists(
    st.builds(
        Write,
        key=st.integers(1, 3),
        hour=st.integers(0, 5),
        value=st.one_of(st.none(), st.integers(0, 9)),
        invoked=st.integers(0, 9),
        written=st.integers(0, 3),
        deleted=st.booleans(),
    ),
    max_size=15,
    # Where even the times of the service are equal, nothing says which write counts.
    unique_by=lambda each: (each.key, each.hour, each.invoked, each.written),
)


@settings(max_examples=30, deadline=None)
@given(writes=WRITES)
def test_each_moment_gets_the_latest_record_not_after_it(
    database: duckdb.DuckDBPyConnection, writes: list[Write]
) -> None:
    """Whatever was written in whatever order, twice, too late, or deleted."""
    fill(database, writes)
    moments = [(str(key), at(hour)) for key in (1, 2, 3, 4) for hour in range(6)]

    assert as_of(database, *moments) == [
        (str(key), at(hour), *expected(writes, key, hour))
        for key in (1, 2, 3, 4)
        for hour in range(6)
    ]


@settings(max_examples=30, deadline=None)
@given(writes=WRITES, begin=st.integers(0, 5), end=st.integers(0, 5))
def test_history_has_one_record_a_moment(
    database: duckdb.DuckDBPyConnection, writes: list[Write], begin: int, end: int
) -> None:
    """The last write of each moment, the oldest moment first, no deletions, bounds included."""
    fill(database, writes)
    wanted = {}
    for each in sorted(writes, key=lambda each: (each.hour, each.invoked, each.written)):
        if each.key == 1 and begin <= each.hour <= end:
            wanted[each.hour] = each

    found = database.execute(history_sql(TABLE, "1", at(begin), at(end))).fetchall()

    assert found == [(1, at(each.hour), each.value) for each in wanted.values() if not each.deleted]


def test_a_record_of_the_very_moment_was_known(database: duckdb.DuckDBPyConnection) -> None:
    """Not after the moment includes the moment; one second later is too late."""
    fill(database, [Write(1, 3, 7, invoked=0)])

    (exactly,) = as_of(database, ("1", "2026-01-01T03:00:00Z"))
    (before,) = as_of(database, ("1", "2026-01-01T02:59:59Z"))

    assert exactly[2:] == (at(3), 7)
    assert before[2:] == (None, None)


def test_a_later_write_of_an_old_moment_corrects_it(database: duckdb.DuckDBPyConnection) -> None:
    """First by when the write was asked for, then by when it was done."""
    fill(database, [Write(1, 3, 1, 5, 1), Write(1, 3, 2, 6, 0), Write(1, 3, 3, 6, 2)])

    (found,) = as_of(database, ("1", at(4)))

    assert found[3] == 3


def test_a_deletion_leaves_nothing_until_the_next_record(
    database: duckdb.DuckDBPyConnection,
) -> None:
    """The record before the deletion must not shine through."""
    fill(
        database,
        [Write(1, 1, 1, 0), Write(1, 2, None, 0, deleted=True), Write(1, 4, 4, 0)],
    )

    found = [row[3] for row in as_of(database, *(("1", at(hour)) for hour in range(1, 5)))]

    assert found == [1, None, None, 4]


def test_an_empty_store_knows_nothing(database: duckdb.DuckDBPyConnection) -> None:
    """Every moment comes back, with nulls."""
    fill(database, [])

    assert as_of(database, ("1", at(1))) == [("1", at(1), None, None)]


def test_names_and_keys_are_quoted(database: duckdb.DuckDBPyConnection) -> None:
    """A key with a quotation mark is data, and a feature may be called like a word of SQL."""
    database.execute(
        "create or replace table odd as select 'a''b' as \"select\", "
        '\'2026-01-01T00:00:00Z\' as "EventTime", 5 as "from", '
        "now() as api_invocation_time, now() as write_time, false as is_deleted"
    )
    table = OfflineTable("odd", "select", ("from",))

    query = as_of_sql(table, moments_values([("a'b", at(1))]))

    assert database.execute(query).fetchall() == [("a'b", at(1), "2026-01-01T00:00:00Z", 5)]
    assert database.execute(history_sql(table, "a'b")).fetchall()[0][2] == 5


@pytest.mark.parametrize(
    ("text", "is_end", "expected"),
    [
        ("2026-01-31", False, "2026-01-31T00:00:00Z"),
        ("2026-01-31", True, "2026-01-31T23:59:59Z"),
        ("2026-01-31T12:00:00Z", True, "2026-01-31T12:00:00Z"),
        ("2026-01-31 12:00:00", False, "2026-01-31T12:00:00Z"),
        ("2026-01-31T12:00:00+02:00", False, "2026-01-31T10:00:00Z"),
        ("2026-01-31T12:00:00.9", False, "2026-01-31T12:00:00Z"),
    ],
)
def test_a_time_is_written_as_event_times_are(text: str, is_end: bool, expected: str) -> None:
    """They are compared as text, so there is one way to write each."""
    assert instant(text, "--from", is_end=is_end) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "31.01.2026", "2026-02-30", "2026-13-01"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """The message names the option and how to write it."""
    with pytest.raises(MomentError, match=r"--from: .* is no time; write a day as 2026-01-31"):
        instant(text, "--from")

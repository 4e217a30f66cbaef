"""The saved questions run, and answer what their first line says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from ml_constructs.lake_queries import lake_queries

NAMES: dict[str, Any] = {
    "database_name": "lake",
    "table": "raw",
    "quarantine": "quarantine",
    "event_time": "TX_DATETIME",
    "target": "TX_FRAUD",
}
QUERIES = lake_queries(**NAMES, unique=["TRANSACTION_ID"])


@pytest.fixture
def lake() -> Iterator[duckdb.DuckDBPyConnection]:
    """Three days of rows, of which one came twice; the newest day has no label yet."""
    with duckdb.connect() as database:
        database.execute("create schema lake")
        database.execute(
            """create table lake.raw as from (values
            (1, timestamp '2027-03-01 10:00', 1, 'a'), (2, timestamp '2027-03-01 11:00', 0, 'a'),
            (3, timestamp '2027-03-02 10:00', 1, 'a'), (4, timestamp '2027-03-03 10:00', 0, 'b'),
            (4, timestamp '2027-03-03 10:00', 0, 'b'))
            as _(transaction_id, tx_datetime, tx_fraud, "$path")"""
        )
        database.execute(
            """create table lake.quarantine as from (values
            ('x', 'A is missing', 'f'), ('x', 'A is missing', 'f'), ('y', 'B is missing', 'f'))
            as _(execution, acequia_reasons, acequia_file)"""
        )
        yield database


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_query_says_what_it_answers(name: str) -> None:
    """The first line is what people see in the list of saved queries."""
    first = QUERIES[name].splitlines()[0]

    assert first.startswith("-- ")
    assert first.endswith(".")
    assert "$" not in QUERIES[name].replace('"$path"', "")


def test_rows_by_day(lake: duckdb.DuckDBPyConnection) -> None:
    """A day without rows, or with too few positives, is seen at once."""
    rows = lake.execute(QUERIES["rows_by_day"]).fetchall()

    assert [(str(day), count, share) for day, count, share in rows] == [
        ("2027-03-03", 2, 0.0),
        ("2027-03-02", 1, 1.0),
        ("2027-03-01", 2, 0.5),
    ]


def test_newest_file(lake: duckdb.DuckDBPyConnection) -> None:
    """The file with the newest event is first."""
    rows = lake.execute(QUERIES["newest_file"]).fetchall()

    assert [(file, count) for file, count, *_ in rows] == [("b", 2), ("a", 3)]


def test_label_delay(lake: duckdb.DuckDBPyConnection) -> None:
    """Days are counted back from the newest one."""
    rows = lake.execute(QUERIES["label_delay"]).fetchall()

    assert rows == [(0, 2, 0.0), (1, 1, 1.0), (2, 2, 0.5)]


def test_repeated_keys(lake: duckdb.DuckDBPyConnection) -> None:
    """Only what came more than once."""
    assert lake.execute(QUERIES["repeated_keys"]).fetchall() == [(4, 2)]


def test_without_a_unique_key_nothing_can_be_repeated() -> None:
    """The question would have no columns to ask about."""
    assert "repeated_keys" not in lake_queries(**NAMES, unique=[])


def test_quarantine_by_reason(lake: duckdb.DuckDBPyConnection) -> None:
    """One execution, whose id is asked for: the table has no other way in."""
    rows = lake.execute(QUERIES["quarantine_by_reason"], ["x"]).fetchall()

    assert rows == [("A is missing", "f", 2)]


def test_questions_about_what_is_not_there_are_left_out() -> None:
    """A saved query that fails for every table without times is worse than none."""
    bare = lake_queries(**{**NAMES, "event_time": None, "target": None}, unique=[])

    assert bare.keys() < QUERIES.keys()
    assert "repeated_keys" not in bare
    assert all("tx_datetime" not in sql and "tx_fraud" not in sql for sql in bare.values())
    assert bare

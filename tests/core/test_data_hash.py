"""A row is what it says; a table's hash is the same however its rows came."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline_code.core.data_hash import draw, hash_rows, row_digest
from pipeline_code.core.tables import Connection, connect

COLUMNS = ("a", "b", "c")


@pytest.fixture
def database() -> Iterator[Connection]:
    """Rows of every type, with gaps."""
    with connect() as database:
        database.execute(
            "create table t as select i::bigint as a, "
            "case when i % 3 > 0 then i / 7 end as b, "
            "case when i % 5 > 0 then 'x' || i end as c from range(1000) as r(i)"
        )
        yield database


def of(database: Connection, query: str) -> str:
    """Hash the rows of a query."""
    return hash_rows(database, f"({query})", row_digest(COLUMNS), COLUMNS)


def test_the_order_of_rows_does_not_count(database: Connection) -> None:
    """Files come in any order."""
    assert of(database, "from t order by a desc") == of(database, "from t order by c")


@pytest.mark.parametrize(
    "change",
    [
        "select a, b, case when a = 7 then 'y' else c end as c from t",
        "select a, case when a = 7 then b + 1e-12 else b end as b, c from t",
        "select a, coalesce(b, 0) as b, c from t",
        "select a, b, coalesce(c, '') as c from t",
        "from t where a > 0",
        "from t union all from t where a = 1",
        "select a, b, case a when 1 then 'x2' when 2 then 'x1' else c end as c from t",
    ],
)
def test_what_is_said_counts(database: Connection, change: str) -> None:
    """One value, a gap instead of nothing, one row less, one twice, two values swapped."""
    assert of(database, change) != of(database, "from t")


def test_where_a_value_ends_counts(database: Connection) -> None:
    """``ab`` beside ``c`` is not ``a`` beside ``bc``."""
    one = "select 1::bigint as a, 'ab' as b, 'c' as c"
    other = "select 1::bigint as a, 'a' as b, 'bc' as c"

    assert of(database, one) != of(database, other)


def test_no_rows_have_a_hash(database: Connection) -> None:
    """An empty join is data, too."""
    assert of(database, "from t where false").startswith("rows2:")


def test_digests_and_draws_stay_what_they_were() -> None:
    """A new version of the database must not draw another test set from the same rows."""
    with connect() as database:
        found = database.execute(
            f"select digest, {draw('digest', 0)}, {draw('digest', 7)} from (select "  # noqa: S608
            f"{row_digest(['i', 'x', 's', 'm', 'f', 'e'])} as digest from (select 7::bigint as i, "
            "2.5::double as x, 'é' as s, timestamp '2026-01-31 12:00:00.000001' as m, "
            "true as f, null::double as e))"
        ).fetchall()

    assert found == [(5303652359756327560, 13194048344204729592, 16318369914091741016)]


def test_draws_are_spread_evenly(database: Connection) -> None:
    """Half of the rows draw less than half, whatever the seed, and other rows each time."""
    halves = [
        {
            row
            for (row,) in database.execute(
                f"select a from t where {draw(row_digest(COLUMNS), seed)} "  # noqa: S608
                "< (1::uhugeint << 63)"
            ).fetchall()
        }
        for seed in (0, 1)
    ]

    assert all(430 < len(half) < 570 for half in halves)
    assert 200 < len(halves[0] & halves[1]) < 300

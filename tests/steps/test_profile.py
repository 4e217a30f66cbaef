"""A profile says what the columns hold, and says the same every time."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest

from pipeline_code.core.problem import Problem
from pipeline_code.core.tables import Connection, connect
from pipeline_code.steps.profile import MOST_ROWS, InfiniteValuesError, profile_columns

PROBLEM = Problem(type="binary", target="LABEL")


@pytest.fixture
def database() -> Iterator[Connection]:
    """A thousand rows of every kind of column."""
    with connect() as database:
        database.execute(
            """
            create table t as select
                i as ID,
                timestamp '2020-02-28' + to_days(cast(i % 3 as integer)) as AT,
                case when i % 10 <> 0 then cast(i as double) end as AMOUNT,
                i % 4 as FEW,
                7 as SAME,
                cast(null as double) as NOTHING,
                case i % 2 when 0 then 'even' else 'odd' end as NAME,
                'text ' || i as MANY,
                i % 5 = 0 as FLAG,
                cast(i >= 900 as integer) as LABEL,
                hash(i) as acequia_row
            from range(1000) as r(i) order by i
            """
        )
        yield database


def describe(
    database: Connection, *columns: str, problem: Problem = PROBLEM
) -> list[dict[str, object]]:
    """Profile some columns."""
    profile = profile_columns(database, "t", columns, identifiers=["ID"], problem=problem)
    assert json.loads(json.dumps(profile, allow_nan=False)) == profile
    return [profile[name] for name in columns]


def test_numbers_by_hand(database: Connection) -> None:
    """Gaps are counted and left out of everything else."""
    (amount,) = describe(database, "AMOUNT")
    values = np.array([i for i in range(1000) if i % 10], dtype=float)

    assert (amount["missing"], amount["distinct"]) == (100, 900)
    assert (amount["min"], amount["max"]) == (1, 999)
    assert amount["mean"] == pytest.approx(values.mean())
    assert amount["std"] == pytest.approx(values.std(ddof=1))
    assert amount["quantiles"]["0.5"] == pytest.approx(np.median(values))  # type: ignore[index]
    assert amount["outliers"] == 0


def test_a_histogram_counts_every_row_once(database: Connection) -> None:
    """Bins reach from minimum to maximum; positives lie where they are."""
    (amount,) = describe(database, "AMOUNT")
    histogram = amount["histogram"]
    assert isinstance(histogram, dict)

    assert sum(histogram["counts"]) == 900
    assert sum(histogram["positives"]) == 90
    assert len(histogram["edges"]) == len(histogram["counts"]) + 1
    assert histogram["edges"] == sorted(histogram["edges"])
    assert (histogram["edges"][0], histogram["edges"][-1]) == (1, 999)
    assert histogram["positives"][0] == 0


def test_few_values_are_bars_of_their_own(database: Connection) -> None:
    """A count of payments is no continuum."""
    few, flag, name, at = (
        column["histogram"] for column in describe(database, "FEW", "FLAG", "NAME", "AT")
    )

    assert few == {"values": [0, 1, 2, 3], "counts": [250] * 4, "positives": [25] * 4}
    assert flag == {"values": [False, True], "counts": [800, 200], "positives": [80, 20]}
    assert name == {"values": ["even", "odd"], "counts": [500, 500], "positives": [50, 50]}
    assert at == {
        "values": ["2020-02-28", "2020-02-29", "2020-03-01"],
        "counts": [334, 333, 333],
        "positives": [34, 33, 33],
    }


def test_rare_texts_are_one_bar(database: Connection) -> None:
    """A thousand names do not fill the report."""
    (many,) = describe(database, "MANY")
    histogram = many["histogram"]
    assert isinstance(histogram, dict)

    assert len(histogram["values"]) == 21
    assert sum(histogram["counts"]) == 1000
    assert "(other)" in histogram["values"]


def test_degenerate_columns(database: Connection) -> None:
    """A constant and an empty column have a profile too, without a division by nought."""
    same, nothing, number = describe(database, "SAME", "NOTHING", "ID")

    assert (same["std"], same["outliers"], same["distinct"]) == (0, 0, 1)
    assert nothing == {
        "type": "double",
        "missing": 1000,
        "distinct": 0,
        "min": None,
        "max": None,
    }
    assert "mean" not in number, "an identifier has no mean"


def test_nearly_constant_numbers_keep_their_extremes(database: Connection) -> None:
    """First and last percentile are equal; the one other value is still counted."""
    database.execute(
        "create or replace table t as select 0 as LABEL, hash(i) as acequia_row, "
        "case when i = 3 then 3000.0::double "
        "when i < 50 then 1 + i / 1e9 else 1 end as SPIKE from range(10000) as r(i)"
    )
    (spike,) = describe(database, "SPIKE")
    histogram = spike["histogram"]
    assert isinstance(histogram, dict)

    assert sum(histogram["counts"]) == 10_000
    assert histogram["counts"][-1] + histogram["counts"][-2] == 1


def test_classes_and_means_relate_bars_to_the_target(database: Connection) -> None:
    """A class is counted in each bar, a number averaged."""
    classes = Problem(type="multiclass", target="FEW", classes=("a", "b", "c", "d"))
    number = Problem(type="regression", target="AMOUNT")
    database.execute("update t set AMOUNT = coalesce(AMOUNT, 0)")

    (named,) = describe(database, "NAME", problem=classes)
    (averaged,) = describe(database, "NAME", problem=number)

    assert named["histogram"]["classes"] == [[250, 0, 250, 0], [0, 250, 0, 250]]  # type: ignore[index]
    even = np.mean([i if i % 10 else 0 for i in range(0, 1000, 2)])
    assert averaged["histogram"]["means"][0] == pytest.approx(even)  # type: ignore[index]


def test_figures_do_not_depend_on_the_order_of_rows(database: Connection) -> None:
    """Floats add up to other last digits in another order; threads decide which."""
    database.execute(
        "update t set AMOUNT = sqrt(i) from (select * from range(1000) as r(i)) where i = t.ID"
    )
    number = Problem(type="regression", target="AMOUNT")
    first = describe(database, "AMOUNT", "FEW", problem=number)
    database.execute("create or replace table t as from t order by hash(ID)")

    assert describe(database, "AMOUNT", "FEW", problem=number) == first


def test_many_rows_are_estimated_where_it_is_said(database: Connection) -> None:
    """Quantiles and many distinct values of a sample; counts, means and extremes of all rows."""
    count = 3 * MOST_ROWS
    database.execute(
        "create or replace table t as select i % 2 as LABEL, hash(i) as acequia_row, "  # noqa: S608
        f"i / 1000 as SIZE, i % 7 as FEW from range({count}) as r(i)"
    )
    size, few = describe(database, "SIZE", "FEW")

    assert size["mean"] == pytest.approx((count - 1) / 2000)
    assert sum(size["histogram"]["counts"]) == count  # type: ignore[index]
    assert size["quantiles"]["0.5"] == pytest.approx(count / 2000, rel=0.02)  # type: ignore[index]
    assert size["distinct"] == pytest.approx(count, rel=0.1)
    assert few["distinct"] == 7


@pytest.mark.parametrize(
    "values", ["1.7e308 else -1.7e308", "1e999 else 1", "'nan'::double else 1"]
)
def test_what_is_not_finite_is_one_line(database: Connection, values: str) -> None:
    """A division by nought in the SQL, or a range that no float holds: no figure is invented."""
    database.execute(
        "create or replace table t as select i % 2 as LABEL, hash(i) as acequia_row, "  # noqa: S608
        f"case i % 2 when 0 then {values} end::double as HUGE from range(10) as r(i)"
    )

    with pytest.raises(InfiniteValuesError, match="HUGE reaches from"):
        describe(database, "HUGE")


def test_one_row_is_described(database: Connection) -> None:
    """No spread, no division by nought."""
    database.execute("create or replace table t as from t limit 1")
    (few,) = describe(database, "FEW")

    assert (few["mean"], few["std"], few["distinct"]) == (0, None, 1)

"""A feature knows what was known at its moment: nothing later, no label younger than a week."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_code.contract import usecase_folder
from pipeline_code.core.tables import connect
from pipeline_code.core.usecase import load_usecase

FOLDER = usecase_folder("fraud")
SQL = (FOLDER / "features.sql").read_text(encoding="utf-8")
INPUTS = load_usecase(FOLDER).features.inputs
MONDAY = datetime.fromisoformat("2018-04-02")
DELAY = timedelta(days=7)

Payment = tuple[datetime, int, int, float, int]


def features(payments: list[Payment]) -> list[dict[str, Any]]:
    """Run the SQL over payments (time, card, terminal, amount, fraud); one record for each."""
    with connect() as database:
        database.execute(
            "create table transactions (TRANSACTION_ID bigint, TX_DATETIME timestamp, "
            "CUSTOMER_ID bigint, TERMINAL_ID bigint, TX_AMOUNT double, TX_FRAUD bigint)"
        )
        database.executemany(
            "insert into transactions values (?, ?, ?, ?, ?, ?)",
            [(number, *payment) for number, payment in enumerate(payments)],
        )
        names = ", ".join(INPUTS)
        rows = database.execute(
            f"select {names} from (\n{SQL}\n) order by TRANSACTION_ID"  # noqa: S608
        ).fetchall()
    return [dict(zip(INPUTS, row, strict=True)) for row in rows]


def naive(payments: list[Payment], number: int) -> dict[str, float]:
    """Compute the same record by looking at every payment: slow, and short enough to believe."""
    time, customer, terminal, amount, _ = payments[number]
    record: dict[str, float] = {
        "TX_AMOUNT": amount,
        "TX_DURING_WEEKEND": int(time.weekday() >= 5),
        "TX_DURING_NIGHT": int(time.hour <= 6),
    }
    for days in (1, 7, 30):
        window = timedelta(days=days)
        mine = [p[3] for p in payments if p[1] == customer and time - window <= p[0] <= time]
        record[f"CUSTOMER_ID_NB_TX_{days}DAY_WINDOW"] = len(mine)
        record[f"CUSTOMER_ID_AVG_AMOUNT_{days}DAY_WINDOW"] = sum(mine) / len(mine)
        known = [
            p[4]
            for p in payments
            if p[2] == terminal and time - DELAY - window <= p[0] <= time - DELAY
        ]
        record[f"TERMINAL_ID_NB_TX_{days}DAY_WINDOW"] = len(known)
        record[f"TERMINAL_ID_RISK_{days}DAY_WINDOW"] = sum(known) / len(known) if known else 0
    return record


@st.composite
def histories(draw: st.DrawFn) -> list[Payment]:
    """Draw payments of few cards and terminals, dense enough to tie and to touch the edges."""
    moments = st.integers(0, 24 * 50).map(lambda hours: MONDAY + timedelta(hours=hours))
    cents = st.integers(0, 30_000).map(lambda amount: amount / 100)
    payment = st.tuples(moments, st.integers(0, 2), st.integers(0, 2), cents, st.integers(0, 1))
    return draw(st.lists(payment, min_size=1, max_size=40))


@settings(max_examples=40, deadline=None)
@given(histories())
def test_equal_to_a_naive_computation_row_by_row(payments: list[Payment]) -> None:
    """Edges and ties included."""
    for number, record in enumerate(features(payments)):
        expected = naive(payments, number)
        assert {name: float(value) for name, value in record.items()} == pytest.approx(expected)


@settings(max_examples=25, deadline=None)
@given(histories(), st.integers(0, 39))
def test_the_future_changes_no_earlier_row(payments: list[Payment], cut: int) -> None:
    """To the last bit: rows up to a moment are the same whether later ones exist or not."""
    payments = sorted(payments)
    moment = payments[min(cut, len(payments) - 1)][0]
    past = [payment for payment in payments if payment[0] <= moment]

    assert features(past) == features(payments)[: len(past)]


@settings(max_examples=25, deadline=None)
@given(histories(), st.data())
def test_a_label_younger_than_seven_days_changes_nothing(
    payments: list[Payment], data: st.DataObject
) -> None:
    """Seen from a row, all younger labels may be anything, its own included."""
    number = data.draw(st.integers(0, len(payments) - 1))
    moment = payments[number][0]
    flipped = [
        (*payment[:4], 1 - payment[4]) if payment[0] > moment - DELAY else payment
        for payment in payments
    ]

    assert features(flipped)[number] == features(payments)[number]


def test_the_order_of_rows_changes_nothing() -> None:
    """Ties are no exception: both payments of an instant see each other."""
    payments: list[Payment] = [(MONDAY, 1, 1, 10.0, 0), (MONDAY, 1, 1, 20.0, 0)]

    one, other = features(payments)
    reverse = features(payments[::-1])[::-1]

    assert [one, other] == reverse
    assert one["CUSTOMER_ID_NB_TX_1DAY_WINDOW"] == 2
    assert one["CUSTOMER_ID_AVG_AMOUNT_1DAY_WINDOW"] == 15


def test_known_values_by_hand() -> None:
    """Three payments of a card in ten days; a fraud becomes known after exactly seven."""
    payments: list[Payment] = [
        (MONDAY, 1, 5, 10.0, 1),
        (MONDAY + timedelta(days=6, hours=23), 1, 5, 20.0, 0),
        (MONDAY + timedelta(days=7), 1, 5, 60.0, 0),
        (MONDAY + timedelta(days=8, microseconds=1), 2, 5, 1.0, 0),
    ]

    first, second, third, fourth = features(payments)

    assert first["CUSTOMER_ID_NB_TX_30DAY_WINDOW"] == 1
    assert second["CUSTOMER_ID_NB_TX_1DAY_WINDOW"] == 1
    assert third["CUSTOMER_ID_NB_TX_1DAY_WINDOW"] == 2
    assert third["CUSTOMER_ID_NB_TX_7DAY_WINDOW"] == 3
    assert third["CUSTOMER_ID_AVG_AMOUNT_7DAY_WINDOW"] == 30
    assert second["TERMINAL_ID_NB_TX_7DAY_WINDOW"] == 0
    assert second["TERMINAL_ID_RISK_7DAY_WINDOW"] == 0
    assert third["TERMINAL_ID_RISK_1DAY_WINDOW"] == 1
    assert fourth["TERMINAL_ID_NB_TX_1DAY_WINDOW"] == 0
    assert fourth["TERMINAL_ID_NB_TX_7DAY_WINDOW"] == 1


@pytest.mark.parametrize(
    ("moment", "weekend", "night"),
    [
        ("2020-02-28T06:59:59.999999", 0, 1),
        ("2020-02-29T00:00:00", 1, 1),
        ("2020-02-29T23:59:59", 1, 0),
        ("2020-03-01T07:00:00", 1, 0),
        ("2020-03-02T07:00:00", 0, 0),
        ("1969-12-28T12:00:00", 1, 0),
        ("2018-03-25T02:30:00", 1, 1),
    ],
)
def test_calendar_flags(moment: str, weekend: int, night: int) -> None:
    """Leap day, the days around it, before 1970, and an hour that Europe's clocks skip."""
    (record,) = features([(datetime.fromisoformat(moment), 1, 1, 1.0, 0)])

    assert (record["TX_DURING_WEEKEND"], record["TX_DURING_NIGHT"]) == (weekend, night)


def test_a_window_over_the_leap_day_has_thirty_days() -> None:
    """From 31 January to 1 March 2020 are thirty days, not a month."""
    payments: list[Payment] = [
        (datetime.fromisoformat("2020-01-31"), 1, 1, 1.0, 0),
        (datetime.fromisoformat("2020-03-01"), 1, 1, 1.0, 0),
        (datetime.fromisoformat("2020-03-01T00:00:01"), 1, 1, 1.0, 0),
    ]

    _, on_edge, beyond = features(payments)

    assert on_edge["CUSTOMER_ID_NB_TX_30DAY_WINDOW"] == 2
    assert beyond["CUSTOMER_ID_NB_TX_30DAY_WINDOW"] == 2


def test_a_mean_does_not_depend_on_how_the_sum_was_made() -> None:
    """Ten times ten cents are a mean of ten cents exactly, in windows of any history."""
    payments: list[Payment] = [(MONDAY + timedelta(hours=n), 1, 1, 0.1, 0) for n in range(40)]

    means = {record["CUSTOMER_ID_AVG_AMOUNT_30DAY_WINDOW"] for record in features(payments)}

    assert means == {0.1}


def test_only_functions_that_mean_the_same_on_every_engine() -> None:
    """``dayofweek`` begins at another day on Spark; nothing may read the clock."""
    code = "\n".join(line.partition("--")[0] for line in SQL.lower().splitlines())

    for word in ("dayofweek", "weekday", "now(", "current_date", "current_timestamp", "random("):
        assert word not in code


def test_the_machine_s_time_zone_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Midnight is midnight in UTC, wherever the job runs."""
    payments: list[Payment] = [(datetime.fromisoformat("2018-04-07T00:30:00"), 1, 1, 1.0, 0)]
    here = features(payments)

    monkeypatch.setenv("TZ", "America/Los_Angeles")

    assert features(payments) == here
    assert here[0]["TX_DURING_WEEKEND"] == 1


def test_the_sql_lies_where_the_use_case_says() -> None:
    """And its inputs are fifteen numbers."""
    assert Path(FOLDER / load_usecase(FOLDER).features.sql).is_file()
    assert len(INPUTS) == 15
    assert all(np.isfinite(float(v)) for v in features([(MONDAY, 1, 1, 1.0, 0)])[0].values())

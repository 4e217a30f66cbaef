"""Simulate card transactions with known frauds.

Source: Le Borgne, Siblini, Lebichot and Bontempi, *Reproducible Machine Learning for Credit Card
Fraud Detection: Practical Handbook* (2022), chapter 3: its distributions and its three fraud
scenarios, written anew for whole columns at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from pipeline_code.core.tables import write_columns

TRANSACTIONS_FILE = "transactions.parquet"

_SECONDS_PER_DAY = 86_400
_SIDE = 100.0  # of the square on which cards and terminals live
_RADIUS = 5.0  # within which a card is used
_ALWAYS_FRAUD_ABOVE = 220.0  # scenario 1: so obvious that any detector must find it
_TERMINALS_A_DAY, _TERMINAL_DAYS = 2, 28  # scenario 2: terminals under a thief's control
_CUSTOMERS_A_DAY, _CUSTOMER_DAYS = 3, 14  # scenario 3: stolen card numbers
_STOLEN_SHARE, _STOLEN_FACTOR = 3, 5.0  # every third payment, five times as high

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Customers:
    """The habits of every card: what it spends, how often, and at which terminals."""

    mean_amount: Floats
    payments_a_day: Floats
    terminals: Integers
    first_terminal: Integers
    terminal_count: Integers


@dataclass
class _Payments:
    """Payments as columns, ordered by customer, then day."""

    customer: Integers
    day: Integers
    second: Integers
    terminal: Integers
    amount: Floats
    scenario: Integers


def write_transactions(
    folder: Path,
    *,
    seed: int = 0,
    customers: int = 5_000,
    terminals: int = 10_000,
    days: int = 183,
    start: str | date = "2018-04-01",
) -> Path:
    """Write simulated transactions as one Parquet file, ordered by time.

    The defaults give about 1.77 million rows, 0.8 % of them frauds. Same arguments, same bytes.

    Args:
        folder: where ``transactions.parquet`` is written; made where it is not there.
        seed: of every random number.
        customers: cards; some pay so seldom that they never appear.
        terminals: places to pay.
        days: length of the simulation; frauds of scenarios 2 and 3 begin on all days but the last.
        start: the first day.

    Raises:
        ValueError: if a size is not positive.
    """
    for name, size in (("customers", customers), ("terminals", terminals), ("days", days)):
        if size < 1:
            raise ValueError(f"{name} must be at least 1, got {size}")
    random = np.random.default_rng(seed)
    habits = _customers(random, customers, terminals)
    payments = _payments(random, habits, days)
    _defraud(random, payments, customers, terminals, days)
    return write_columns(folder / TRANSACTIONS_FILE, _columns(payments, np.datetime64(start, "D")))


def _customers(random: np.random.Generator, customers: int, terminals: int) -> _Customers:
    places = random.uniform(0, _SIDE, (customers, 2))
    mean_amount = random.uniform(5, 100, customers)
    payments_a_day = random.uniform(0, 4, customers)
    near = cKDTree(random.uniform(0, _SIDE, (terminals, 2))).query_ball_point(
        places, _RADIUS, return_sorted=True
    )
    count = np.array([len(terminals_of_one) for terminals_of_one in near], dtype=np.int64)
    return _Customers(
        mean_amount=mean_amount,
        payments_a_day=np.where(count > 0, payments_a_day, 0.0),  # nowhere to pay
        terminals=np.concatenate([np.asarray(one, dtype=np.int64) for one in near]),
        first_terminal=np.cumsum(count) - count,
        terminal_count=count,
    )


def _payments(random: np.random.Generator, habits: _Customers, days: int) -> _Payments:
    customers = len(habits.mean_amount)
    counts = random.poisson(habits.payments_a_day[:, None], (customers, days)).ravel()
    second = random.normal(_SECONDS_PER_DAY / 2, 20_000, int(counts.sum())).astype(np.int64)
    # A payment that falls outside its day does not take place, as in the published design.
    kept = (second > 0) & (second < _SECONDS_PER_DAY)
    cell = np.repeat(np.arange(customers * days), counts)[kept]
    customer, day = cell // days, cell % days
    mean = habits.mean_amount[customer]
    amount = random.normal(mean, mean / 2)
    amount = np.where(amount < 0, random.uniform(0, 2 * mean), amount)
    choice = (random.random(len(cell)) * habits.terminal_count[customer]).astype(np.int64)
    return _Payments(
        customer=customer,
        day=day,
        second=second[kept],
        terminal=habits.terminals[habits.first_terminal[customer] + choice],
        amount=np.round(amount, 2),
        scenario=np.zeros(len(cell), dtype=np.int64),
    )


def _defraud(
    random: np.random.Generator, payments: _Payments, customers: int, terminals: int, days: int
) -> None:
    """Mark the three scenarios in place; a later one takes over a payment from an earlier one."""
    payments.scenario[payments.amount > _ALWAYS_FRAUD_ABOVE] = 1

    compromised = np.zeros((terminals, days), dtype=bool)
    for day in range(days - 1):
        taken = random.choice(terminals, min(_TERMINALS_A_DAY, terminals), replace=False)
        compromised[taken, day : day + _TERMINAL_DAYS] = True
    payments.scenario[compromised[payments.terminal, payments.day]] = 2

    bounds = np.searchsorted(payments.customer, np.arange(customers + 1))
    for day in range(days - 1):
        stolen = random.choice(customers, min(_CUSTOMERS_A_DAY, customers), replace=False)
        rows = np.concatenate([np.arange(bounds[one], bounds[one + 1]) for one in stolen])
        rows = rows[(payments.day[rows] >= day) & (payments.day[rows] < day + _CUSTOMER_DAYS)]
        rows = random.choice(rows, len(rows) // _STOLEN_SHARE, replace=False)
        payments.amount[rows] *= _STOLEN_FACTOR
        payments.scenario[rows] = 3


def _columns(payments: _Payments, start: np.datetime64) -> dict[str, NDArray[Any]]:
    seconds = payments.day * _SECONDS_PER_DAY + payments.second
    order = np.argsort(seconds, kind="stable")
    time = start.astype("M8[us]") + (seconds[order] * 1_000_000).astype("m8[us]")
    scenario = payments.scenario[order]
    return {
        "TRANSACTION_ID": np.arange(len(order)),
        "TX_DATETIME": time,
        "CUSTOMER_ID": payments.customer[order],
        "TERMINAL_ID": payments.terminal[order],
        "TX_AMOUNT": np.round(payments.amount[order], 2),
        "TX_FRAUD": (scenario > 0).astype(np.int64),
        "TX_FRAUD_SCENARIO": scenario,
    }

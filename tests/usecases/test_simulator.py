"""Simulated payments are reproducible and have the marginal rates of the published data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline_code.core.tables import Columns, count_rows, read_columns
from pipeline_code.usecases.fraud.simulator import write_transactions


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Columns:
    """Sixty days of a fifth of the published population."""
    folder = tmp_path_factory.mktemp("month")
    return read_columns(
        write_transactions(folder, seed=3, customers=1_000, terminals=10_000, days=60)
    )


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    """A run of yesterday can be repeated, and the step cache recognises its input."""
    one = write_transactions(tmp_path / "1", seed=5, customers=50, terminals=200, days=10)
    two = write_transactions(tmp_path / "2", seed=5, customers=50, terminals=200, days=10)
    other = write_transactions(tmp_path / "3", seed=6, customers=50, terminals=200, days=10)

    assert one.read_bytes() == two.read_bytes()
    assert one.read_bytes() != other.read_bytes()


def test_defaults_give_the_published_rates(tmp_path: Path) -> None:
    """1.7 million rows and 0.8 % frauds; the published data have 973, 9,077 and 4,631 of them."""
    path = write_transactions(tmp_path)
    columns = read_columns(path, ["TX_AMOUNT", "TX_FRAUD", "TX_FRAUD_SCENARIO", "CUSTOMER_ID"])

    assert count_rows(path) > 1_700_000
    assert columns["TX_FRAUD"].mean() == pytest.approx(0.0084, abs=0.0006)
    assert columns["TX_AMOUNT"].mean() == pytest.approx(53.6, abs=2.5)
    assert len(np.unique(columns["CUSTOMER_ID"])) == pytest.approx(4_990, abs=9)
    counts = np.bincount(columns["TX_FRAUD_SCENARIO"])
    assert counts[1:] == pytest.approx([973, 9_077, 4_631], rel=0.25)


def test_rows_are_ordered_by_time_and_numbered(month: Columns) -> None:
    """The identifier grows with time, to the second, within the days asked for."""
    time = month["TX_DATETIME"]

    assert time.dtype == np.dtype("M8[us]")
    assert np.all(np.diff(time) >= np.timedelta64(0))
    assert np.array_equal(month["TRANSACTION_ID"], np.arange(len(time)))
    assert time[0] >= np.datetime64("2018-04-01")
    assert time[-1] < np.datetime64("2018-05-31")


def test_amounts_are_whole_positive_cents(month: Columns) -> None:
    """The contract's minimum is nought, and a negative draw is drawn anew."""
    cents = month["TX_AMOUNT"] * 100

    assert month["TX_AMOUNT"].min() >= 0
    assert np.allclose(cents, np.round(cents))


def test_scenarios_do_what_they_say(month: Columns) -> None:
    """Scenario 1 is large amounts, 2 takes whole terminals, 3 multiplies amounts by five."""
    amount, scenario = month["TX_AMOUNT"], month["TX_FRAUD_SCENARIO"]

    assert np.array_equal(month["TX_FRAUD"], scenario > 0)
    assert amount[scenario == 1].min() > 220
    assert amount[scenario == 0].max() <= 220
    assert amount[scenario == 3].mean() > 3.5 * amount[scenario == 0].mean()


def test_a_compromised_terminal_makes_only_frauds(month: Columns) -> None:
    """Between its first and last fraud of four weeks no honest payment passes a terminal."""
    second = month["TX_FRAUD_SCENARIO"] == 2
    terminal = month["TERMINAL_ID"][second][0]
    there = month["TERMINAL_ID"] == terminal
    frauds = month["TX_DATETIME"][there & second]
    first = frauds.min()
    within = there & (month["TX_DATETIME"] >= first)
    within &= month["TX_DATETIME"] < first.astype("M8[D]") + np.timedelta64(27, "D")

    assert month["TX_FRAUD"][within].all()


@pytest.mark.parametrize("size", [{"customers": 1}, {"terminals": 1}, {"days": 1}])
def test_the_smallest_sizes_work(tmp_path: Path, size: dict[str, int]) -> None:
    """One card, one terminal or one day may give no payments, but gives a table."""
    sizes = {"customers": 20, "terminals": 20, "days": 3} | size

    path = write_transactions(tmp_path, **sizes)  # type: ignore[arg-type]

    assert count_rows(path) >= 0


def test_no_size_is_refused(tmp_path: Path) -> None:
    """Nought customers are a slip of the caller."""
    with pytest.raises(ValueError, match="customers must be at least 1, got 0"):
        write_transactions(tmp_path, customers=0)

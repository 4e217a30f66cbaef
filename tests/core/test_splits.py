"""The parts of a split by time follow each other without overlap."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.core.splits import Days, split_days
from pipeline_code.core.usecase import Split

DATA = Days(date(2018, 4, 1), date(2018, 9, 30))


def test_the_published_split() -> None:
    """Train 25 to 31 July, a week of delay, test 8 to 14 August."""
    split = Split(
        event_time="AT",
        train_days=7,
        validation_days=0,
        gap_days=7,
        test_days=7,
        end=date(2018, 8, 14),
    )

    days = split_days(split, DATA)

    assert days.train == Days(date(2018, 7, 25), date(2018, 7, 31))
    assert len(days.validation) == 0
    assert days.test == Days(date(2018, 8, 8), date(2018, 8, 14))


def test_no_number_of_days_trains_on_everything_before() -> None:
    """And without an end the test rows are the last ones."""
    days = split_days(Split(event_time="AT", train_days=0), DATA)

    assert days.train.first == DATA.first
    assert days.test.last == DATA.last


@given(st.integers(0, 60), st.integers(0, 30), st.integers(0, 30), st.integers(1, 30))
def test_parts_never_overlap_and_keep_the_gap(
    train: int, validation: int, gap: int, test: int
) -> None:
    """Between the last day that is learned from and the first tested day lies exactly the gap."""
    split = Split(
        event_time="AT",
        train_days=train,
        validation_days=validation,
        gap_days=gap,
        test_days=test,
    )

    days = split_days(split, DATA)

    learned = days.validation if validation else days.train
    assert days.test.first - learned.last == timedelta(gap + 1)
    assert days.validation.first - days.train.last == timedelta(1)
    assert (len(days.validation), len(days.test)) == (validation, test)
    assert not train or len(days.train) == train

"""Parts do not overlap: neither days, nor rows that were drawn, nor groups."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_code.core.splits import (
    TEST,
    TRAIN,
    VALIDATION,
    Days,
    Shares,
    assign_groups,
    cut_points,
    split_days,
    strata_count,
)
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


SHARES = st.builds(
    Shares, validation=st.sampled_from([0.0, 0.1, 0.15, 0.3]), test=st.sampled_from([0.1, 0.2, 0.5])
)


@given(st.integers(1, 10_000), SHARES)
def test_shares_are_met_to_the_row(rows: int, shares: Shares) -> None:
    """A part is off by half a row, or by what keeps another part from being empty."""
    validation, test = shares.rows(rows)

    assert abs(test - rows * shares.test) <= 1
    assert abs(validation - rows * shares.validation) <= 1
    if rows >= shares.parts:
        assert test >= 1
        assert (validation >= 1) == bool(shares.validation)
        assert rows - validation - test >= 1


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=60, unique=True), SHARES)
def test_different_draws_are_cut_exactly(draws: list[int], shares: Shares) -> None:
    """As many rows on either side as the shares say."""
    values = np.array(draws, dtype=np.uint64)
    validation, test = shares.rows(len(draws))

    first, second = cut_points(values, shares)

    if len(draws) >= shares.parts:
        assert (values < first).sum() == test
        assert ((values >= first) & (values < second)).sum() == validation
    assert first <= second <= values.max()


def test_equal_draws_stay_together() -> None:
    """A row that is there a hundred times is not learned and tested."""
    draws = np.array([5] * 100 + [1] * 3 + [9] * 97, dtype=np.uint64)

    first, second = cut_points(draws, Shares(0.0, 0.2))

    assert first == second == 5
    assert (draws < first).sum() == 3


def test_all_rows_equal_train() -> None:
    """They cannot be parted, so the test part is empty and its reader says so."""
    first, _ = cut_points(np.full(10, 7, dtype=np.uint64), Shares(0.15, 0.2))

    assert first == 7


@pytest.mark.parametrize(("rows", "strata"), [(1, 1), (9, 1), (20, 3), (66, 9), (10_000, 10)])
def test_strata_are_never_smaller_than_a_part_needs(rows: int, strata: int) -> None:
    """Ten strata of two rows each would leave the test part to rounding."""
    assert strata_count(rows, Shares(0.15, 0.2)) == strata


@given(st.lists(st.integers(1, 40), min_size=30, max_size=80), SHARES)
def test_groups_come_near_to_the_shares(sizes: list[int], shares: Shares) -> None:
    """No part is off by more than the largest group."""
    rows = np.array(sizes)

    parts = assign_groups(rows, shares)

    for part, share in ((VALIDATION, shares.validation), (TEST, shares.test)):
        assert abs(rows[parts == part].sum() - share * rows.sum()) <= rows.max()


@pytest.mark.parametrize(
    ("sizes", "parts"),
    [
        ([10, 90], [TEST, TRAIN]),
        ([90, 10], [TRAIN, TEST]),
        ([5, 5, 5], [TRAIN, TEST, VALIDATION]),
        ([7], [TRAIN]),
    ],
)
def test_few_groups_train_first(sizes: list[int], parts: list[int]) -> None:
    """A group that is most of the data is learned from, not tested on."""
    assert assign_groups(np.array(sizes), Shares(0.15, 0.2)).tolist() == parts
